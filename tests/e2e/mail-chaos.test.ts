// Killed in the middle of sending: receipts go out to a real SMTP server while the server, the worker and Redis are killed with SIGKILL and
// connections are cut behind the final dot. Afterwards every notification is in a final state, and nobody has got a second copy but of a
// mail of whose first one no answer had come, which its row says.
//
//     TEST_SEED=7 MAIL_CHAOS_KILLS=20 bin/with-servers npx vitest run tests/e2e/mail-chaos.test.ts
//     bin/test --long       fifty kills; writes docs/runs/mail-chaos.json
import { Queue } from 'bullmq';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { SMTPServer } from 'smtp-server';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from './support/environment.js';
import { Process } from './support/process.js';
import { type RedisServer, startRedis } from './support/redis.js';
import { newSeed, recordRun, seeded } from './support/runs.js';
import { type Service, serviceEnvironment, startService } from './support/service.js';
import { ok, openShop, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const kills = Number(process.env.MAIL_CHAOS_KILLS ?? (environment.long ? 50 : 5));
const receipts = kills * (environment.long ? 12 : 8);

const seed = newSeed();
const random = seeded(seed);
const figures = {
  serverKills: 0,
  workerKills: 0,
  redisKills: 0,
  requestsRepeated: 0,
  cutBehindTheDot: 0,
  sent: 0,
  failedAsUnknown: 0,
  ofUnknownOutcome: 0, // notifications that say so
  secondCopies: 0,
  seconds: 0,
};

interface Copy {
  messageId: string;
  to: string;
  digest: string;
}

let redis: RedisServer;
let service: Service;
let shop: Shop;
let saleId: string;
let workerEnvironment: NodeJS.ProcessEnv;
let queue: Queue;
let smtp: SMTPServer;
// Whatever the server had to the final dot, answered or not.
const copies: Copy[] = [];
// Whose RCPT is not answered before the promise is kept.
const held = new Map<string, { reached: () => void; released: Promise<void> }>();

async function take(stream: NodeJS.ReadableStream, to: string, cut: () => void): Promise<void> {
  const content = await text(stream);
  const messageId = /^Message-ID: (\S+)\r$/im.exec(content)![1]!;
  const number = copies.push({ messageId, to, digest: createHash('sha256').update(content).digest('hex') });
  // A virus scanner looks at it: most kills of the worker fall into this time.
  await sleep(20 + random(80));
  if (number % 20 !== 7) return;
  figures.cutBehindTheDot++;
  cut();
}

async function startSmtp(): Promise<string> {
  smtp = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    onRcptTo({ address }, _session, done) {
      const hold = held.get(address);
      if (!hold) return done();
      held.delete(address);
      hold.reached();
      hold.released.then(() => done(), done);
    },
    onData(stream, session, done) {
      const cut = () => [...(smtp.connections as Set<any>)].find(({ id }) => id === session.id)?._socket.destroy();
      take(stream, session.envelope.rcptTo[0]!.address, cut).then(() => done(), done);
    },
  });
  smtp.on('error', () => {}); // what connections say whose client was killed
  smtp.listen(0, '127.0.0.1');
  await once(smtp.server, 'listening');
  const { port } = smtp.server.address() as AddressInfo;
  return `smtp://127.0.0.1:${port}/?opportunisticTLS=true&maxConnections=4`;
}

beforeAll(async () => {
  redis = await startRedis();
  const env = {
    MAIL_URL: await startSmtp(),
    MAIL_FROM: 'Jirani <hello@example.com>',
    REDIS_URL: redis.url,
    RATE_LIMITS: 'off',
    JOB_LOCK_SECONDS: '1',
    JOB_CONCURRENCY: '4',
    ACCESS_TOKEN_SECONDS: '3600',
  };
  service = await startService({ env });
  shop = await openShop(service);
  saleId = (await ok(shop.sell(saleFor(shop)), 201)).id;
  workerEnvironment = serviceEnvironment(service.database, { ...service.secrets, ...env });
  queue = new Queue('mail', {
    connection: { url: redis.url, maxRetriesPerRequest: null },
    prefix: service.database.name,
  });
  queue.on('error', () => {}); // Redis is killed under it
});
afterAll(async () => {
  await queue?.close();
  await service?.stop();
  await redis?.remove();
  await new Promise<void>((closed) => smtp.close(() => closed()));
});

async function startWorker(): Promise<Process> {
  const worker = new Process(environment.binary, ['worker', '--queues', 'mail'], workerEnvironment);
  await worker.line((line) => line.msg === 'running jobs');
  return worker;
}

// Asked again under the same key until it is answered.
async function askForReceipt(email: string): Promise<string> {
  const key = randomUUID();
  for (;;) {
    const reply = await shop
      .api('POST', `/v1/sales/${saleId}/receipt`, { body: { email }, headers: { 'idempotency-key': `"${key}"` } })
      .catch(() => undefined);
    if (reply?.status === 202) return reply.body.id;
    if (reply && reply.body?.retriable !== true) throw new Error(`${reply.status} ${reply.text}`);
    figures.requestsRepeated++;
    await sleep(20 + random(60));
  }
}

interface Row {
  id: string;
  recipient: string;
  state: string;
  failure: string | null;
  unknown_outcomes: number;
}
const rows = () =>
  service.database.query<Row>("select * from notifications where recipient like 'customer-%' order by recipient");
const someAreBeingSent = async () =>
  (await service.database.query('select from notifications where has_begun')).length > 0;
const unfinished = async () => (await rows()).filter(({ state }) => state === 'queued').length;

// The lease of a mail is five minutes and the pause of its job half a minute: both are over.
const letLeasesEnd = () =>
  service.database.query('update notifications set leased_until = now() where leased_until > now()');
async function promoteUntil(isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await Promise.race([queue.promoteJobs().catch(() => {}), sleep(1_000)]);
    await sleep(100);
  }
}

test(
  'every notification comes to an end, and nobody gets a second copy that is not accounted for',
  async () => {
    const began = Date.now();
    let worker = await startWorker();
    let answered = 0;
    let isOver = false;
    const ids: string[] = [];

    const ask = async (lane: number): Promise<void> => {
      for (let index = lane; index < receipts; index += 4) {
        ids.push(await askForReceipt(`customer-${index}@example.org`));
        answered++;
        // Not far ahead of the worker, so that the accidents meet asking as well as sending.
        await until(async () => (await unfinished()) < 30, 180_000);
      }
    };
    const accidents = {
      async server() {
        await service.process.kill();
        await sleep(random(100));
        await service.restart();
        figures.serverKills++;
      },
      async worker() {
        // On a slow machine all may have been sent before.
        const allIsSent = async () => answered === receipts && (await unfinished()) === 0;
        await until(async () => (await someAreBeingSent()) || (await allIsSent()), 180_000);
        await sleep(random(50));
        await worker.kill();
        await letLeasesEnd();
        await sleep(random(100));
        worker = await startWorker();
        figures.workerKills++;
      },
      async redis() {
        await redis.crash();
        await sleep(random(300));
        await redis.start();
        figures.redisKills++;
      },
    };
    const disturb = async (): Promise<void> => {
      for (let kill = 0; kill < kills; ++kill) {
        await until(async () => answered >= (receipts * (kill + 0.5)) / (kills + 1), 180_000);
        // Each at least once.
        await accidents[(['worker', 'server', 'redis', 'worker'] as const)[kill < 3 ? kill : random(4)]!]();
      }
    };
    const promoting = promoteUntil(() => isOver);
    await Promise.all([...[0, 1, 2, 3].map(ask), disturb()]);
    await until(async () => (await unfinished()) === 0, 180_000);
    isOver = true;
    await promoting;
    figures.seconds = (Date.now() - began) / 1_000;
    expect(await worker.stop()).toEqual({ code: 0, signal: null });

    expect(new Set(ids).size).toBe(receipts);
    const all = await rows();
    expect(all.map(({ id }) => id).sort()).toEqual([...ids].sort());
    const wrong: string[] = [];
    for (const row of all) {
      const own = copies.filter(({ to }) => to === row.recipient);
      const { state, failure, unknown_outcomes: unknown } = row;
      const complain = (what: string): void =>
        void wrong.push(
          `${row.recipient}: ${what}; ${state} ${failure ?? ''}, ${unknown} unknown, ${own.length} copies`,
        );
      // The one whose acceptance was written down, and one for each attempt of which nobody knows what became of it.
      if (own.length > (state === 'sent' ? 1 : 0) + unknown) complain('a copy that nothing accounts for');
      if (own.length > 2) complain('more than two copies');
      if (state === 'sent' && own.length === 0) complain('sent, and nothing came');
      if (state === 'failed' && (failure !== 'outcome_unknown' || unknown !== 2)) complain('failed for another reason');
      if (state !== 'sent' && state !== 'failed') complain('in no final state');
      if (new Set(own.map(({ messageId, digest }) => messageId + digest)).size > 1) complain('copies that differ');
      if (state === 'sent') figures.sent++;
      else figures.failedAsUnknown++;
      if (unknown > 0) figures.ofUnknownOutcome++;
      figures.secondCopies += Math.max(0, own.length - 1);
    }
    expect(wrong, `seed ${seed}`).toEqual([]);
    expect(figures.ofUnknownOutcome, `seed ${seed}`).toBeGreaterThan(0);
    expect(new Set(copies.map(({ messageId }) => messageId)).size).toBeLessThanOrEqual(receipts);
    // What cannot be known is not passed over in silence: who asks for the list is told.
    const shown = (await ok(shop.api('GET', '/v1/notifications?kind=receipt&state=failed&limit=100'), 200)).data;
    expect(shown.map(({ failure }: { failure: string }) => failure)).toEqual(
      Array.from({ length: figures.failedAsUnknown }, () => 'outcome_unknown'),
    );
    console.log(`${receipts} receipts, ${kills} kills, seed ${seed}: ${JSON.stringify(figures)}`);
    if (environment.long) await recordRun('mail-chaos', { seed, receipts, kills, ...figures });
  },
  Math.max(900_000, kills * 10_000),
);

test('a worker that slept longer than its lease sends nothing', async () => {
  const email = 'sleeper@example.org';
  let reach = (): void => {};
  let release = (): void => {};
  const reached = new Promise<void>((resolve) => (reach = resolve));
  held.set(email, { reached: reach, released: new Promise<void>((resolve) => (release = resolve)) });
  const sleeper = await startWorker();
  const id = await askForReceipt(email);
  await reached;
  sleeper.signal('SIGSTOP');
  await letLeasesEnd();
  // Its lock ends after a second: the job is another one's.
  const other = await startWorker();
  const state = async () =>
    (await service.database.query<{ state: string }>('select state from notifications where id = $1', [id]))[0]!.state;
  let isOver = false;
  const promoting = promoteUntil(() => isOver);
  await until(async () => (await state()) !== 'queued', 180_000);
  isOver = true;
  await promoting;
  const before = copies.filter(({ to }) => to === email).length;
  sleeper.signal('SIGCONT');
  release();
  // It ends when its jobs have.
  expect(await sleeper.stop()).toEqual({ code: 0, signal: null });
  expect(await other.stop()).toEqual({ code: 0, signal: null });
  expect(copies.filter(({ to }) => to === email)).toHaveLength(before);
  const [row] = await service.database.query<Row>('select * from notifications where id = $1', [id]);
  expect(before).toBeLessThanOrEqual(1 + row!.unknown_outcomes);
});
