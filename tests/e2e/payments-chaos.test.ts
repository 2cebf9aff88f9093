// To the cent: customers pay by M-Pesa, the simulator has the worst manners of Daraja (lost answers, callbacks twice, late, mangled or
// never, queries that lie), and server, worker, Redis and PostgreSQL are killed at random moments. Afterwards its ledger and ours agree:
// each payment that moved is one succeeded intent, with its receipt and its amount, and nothing else is.
//
//     PAYMENTS_CHAOS=2000 bin/with-servers npx vitest run tests/e2e/payments-chaos.test.ts
//     bin/test --long       with 2,000 payments; writes docs/runs/payments-chaos.json
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Daraja, start as startDaraja } from '../simulators/daraja.mjs';
import { scratchDatabase, type ScratchDatabase } from './support/database.js';
import { environment } from './support/environment.js';
import { freePort, type PostgresServer, startPostgres } from './support/postgres.js';
import { Process } from './support/process.js';
import { type RedisServer, startRedis } from './support/redis.js';
import { newSeed, percentile, recordRun, seeded } from './support/runs.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';
import { openShop, type Shop } from './support/shop.js';

const payments = Number(process.env.PAYMENTS_CHAOS ?? (environment.long ? 2_000 : 120));
const plan = {
  payments,
  // M-Pesa takes few queries a minute of one short code: so there are many.
  accounts: Math.ceil(payments / 5),
  atOnce: environment.long ? 24 : 16,
  serverKills: environment.long ? 12 : 1,
  workerKills: environment.long ? 12 : 2,
  redisCrashes: environment.long ? 6 : 1,
  postgresCrashes: environment.long ? 6 : 1,
  // The simulator's seconds in one of ours.
  speed: environment.long ? 10 : 40,
};
const figures = {
  seed: newSeed(),
  prompts: 0,
  moved: 0,
  total: 0, // minor units
  afterTheEnd: 0, // credited after they had failed, been cancelled or expired
  kills: { server: 0, worker: 0, redis: 0, postgres: 0 },
  requestsRepeated: 0,
  seconds: 0,
  milliseconds: { p50: 0, p99: 0 }, // of one request for a prompt, with its repetitions
};
const random = seeded(figures.seed);

const secrets = {
  APP_SECRET: randomBytes(48).toString('base64url'),
  JWT_SECRET: randomBytes(48).toString('base64url'),
  SCHEDULER_TOKEN: randomBytes(32).toString('base64url'),
  CREDENTIALS_KEYS: `chaos:${randomBytes(32).toString('base64')}`,
};

let daraja: Daraja;
let postgres: PostgresServer;
let redis: RedisServer;
let database: ScratchDatabase;
let service: Service;
let worker: Process;
let workerEnvironment: NodeJS.ProcessEnv;
let shop: Shop;
let accounts: string[];

beforeAll(async () => {
  daraja = await startDaraja({ port: 0, speed: plan.speed, manners: figures.seed });
  [postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
  database = await scratchDatabase(postgres.url);
  const port = await freePort();
  const env = {
    ...secrets,
    REDIS_URL: redis.url,
    MPESA_BASE_URL: daraja.url,
    // The worker sends prompts, too, and is called back at the server.
    PAYMENT_CALLBACK_URL: `http://127.0.0.1:${port}`,
    ACCESS_TOKEN_SECONDS: '3600',
    JOB_LOCK_SECONDS: '3',
  };
  await migrate(serviceEnvironment(database, { ...env, LOG_LEVEL: 'warn' }));
  service = await startService({ database, env: { ...env, PORT: String(port) } });
  workerEnvironment = serviceEnvironment(database, env);
  worker = startWorker();
  shop = await openShop(service, { variants: 0, devices: 0 });
  accounts = await inLanes(Array.from({ length: plan.accounts }), addAccount);
});

afterAll(async () => {
  await worker?.stop();
  await service?.stop();
  await database?.drop();
  await Promise.all([postgres?.remove(), redis?.remove(), daraja?.close()]);
});

const startWorker = (): Process => new Process(environment.binary, ['worker'], workerEnvironment);

async function addAccount(_: unknown, index: number): Promise<string> {
  const shortCode = String(100_000 + index);
  const { id } = await shop.create('/v1/payment-accounts', {
    provider: 'mpesa',
    name: `Account ${index}`,
    credentials: {
      environment: 'sandbox',
      kind: 'paybill',
      shortCode,
      consumerKey: `key-${shortCode}`,
      consumerSecret: `secret-${shortCode}`,
      passkey: `passkey-${shortCode}`,
      nominatedNumber: '254722000000',
    },
  });
  const registered = await shop.api('POST', `/v1/payment-accounts/${id}/register-callbacks`);
  expect(registered.status, registered.text).toBe(200);
  return id;
}

async function inLanes<In, Out>(items: In[], work: (item: In, index: number) => Promise<Out>): Promise<Out[]> {
  const done: Out[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) done[index] = await work(items[index]!, index);
  };
  await Promise.all(Array.from({ length: plan.atOnce }, lane));
  return done;
}

// ---- Customers -----------------------------------------------------------------------------------------------------

interface Wanted {
  clientRequestId: string;
  amount: number;
}
const permanent: string[] = [];
const took: number[] = [];
let settled = 0;

async function pay(_: unknown, index: number): Promise<Wanted> {
  const wanted = { clientRequestId: randomUUID(), amount: 100 * (1 + random(2_000)) };
  const body = {
    ...wanted,
    provider: 'mpesa',
    accountId: accounts[index % accounts.length],
    purpose: 'sale',
    subjectId: randomUUID(),
    reference: `ORD-${index}`,
    // None of those that the simulator knows.
    phone: `25471${String(1_000_000 + index)}`,
  };
  const began = Date.now();
  for (; ; figures.requestsRepeated++) {
    try {
      const reply = await shop.api('POST', '/v1/payment-intents', { body, signal: AbortSignal.timeout(45_000) });
      if (reply.status === 202 || reply.status === 200) break;
      if (reply.body?.retriable !== true) {
        permanent.push(`${reply.status} ${reply.text}`);
        break;
      }
    } catch {
      // No answer: the same request again.
    }
    await sleep(30 + random(100));
  }
  took.push(Date.now() - began);
  settled++;
  return wanted;
}

// ---- Faults --------------------------------------------------------------------------------------------------------

async function disturb(): Promise<void> {
  const events = [
    ...Array.from({ length: plan.serverKills }, () => killServer),
    ...Array.from({ length: plan.workerKills }, () => killWorker),
    ...Array.from({ length: plan.redisCrashes }, () => crashRedis),
    ...Array.from({ length: plan.postgresCrashes }, () => crashPostgres),
  ]
    .map((event) => ({ event, order: random(2 ** 30) }))
    .sort((one, other) => one.order - other.order);
  for (const [index, { event }] of events.entries()) {
    const share = (plan.payments * (index + 0.5)) / (events.length + 1);
    while (settled < share) await sleep(5);
    await sleep(random(150));
    await event();
  }
}

async function killServer(): Promise<void> {
  await service.process.kill();
  await sleep(random(100));
  await service.restart();
  figures.kills.server++;
}

async function killWorker(): Promise<void> {
  await worker.kill();
  worker = startWorker();
  figures.kills.worker++;
}

async function crashRedis(): Promise<void> {
  await redis.crash();
  await sleep(random(300));
  await redis.start();
  figures.kills.redis++;
}

async function crashPostgres(): Promise<void> {
  await postgres.crash();
  await sleep(random(300));
  await postgres.start();
  figures.kills.postgres++;
}

// ---- Afterwards ------------------------------------------------------------------------------------------------------

// A clock that does not wait: what is due in half a minute, or in an hour, is due now.
async function hurry(): Promise<void> {
  await database.query(
    `update payment_intents set next_query_at = now() where tenant_id = $1 and state in ('created', 'sent', 'pending', 'unknown')`,
    [shop.tenantId],
  );
  await database.query('update provider_events set due_at = now() where tenant_id = $1 and due_at is not null', [
    shop.tenantId,
  ]);
  for (const schedule of ['payments.sweep', 'payments.find_unexplained']) {
    const headers = { authorization: `Bearer ${secrets.SCHEDULER_TOKEN}`, 'idempotency-key': randomUUID() };
    await service.api('POST', `/internal/schedules/${schedule}/trigger`, { headers });
  }
}

interface Row {
  reference: string;
  state: string;
  amount: string;
  receipt_code: string | null;
  was_over: boolean;
  c2b: string | null;
}

// Where the books differ; empty: they agree.
async function differences(): Promise<string[]> {
  const rows = await database.query<Row>(
    `select i.reference, i.state, i.amount, i.receipt_code, i.finished_at < i.paid_at as was_over, c.matched_id::text as c2b
       from payment_intents i left join c2b_payments c
         on c.tenant_id = i.tenant_id and c.provider = i.provider and c.receipt = i.receipt_code
      where i.tenant_id = $1`,
    [shop.tenantId],
  );
  const { moved } = daraja.ledger();
  const paid = new Map(moved.map((entry) => [entry.reference, entry]));
  const found: string[] = [];
  if (paid.size !== moved.length) found.push('a customer has paid twice for one reference');
  figures.afterTheEnd = rows.filter((row) => row.state === 'succeeded' && row.was_over).length;
  for (const row of rows) {
    const entry = paid.get(row.reference);
    paid.delete(row.reference);
    if (!entry && row.state === 'succeeded') found.push(`${row.reference}: credited, and no money moved`);
    if (!entry) continue;
    if (row.state !== 'succeeded') found.push(`${row.reference}: ${row.state}, and ${entry.receipt} moved`);
    else if (row.receipt_code !== entry.receipt) found.push(`${row.reference}: receipt ${row.receipt_code}`);
    else if (Number(row.amount) !== 100 * entry.amount) found.push(`${row.reference}: ${row.amount} minor units`);
  }
  for (const [reference, { receipt }] of paid) found.push(`${reference}: no intent, and ${receipt} moved`);
  const [left] = await database.query<{ unmatched: string; twice: string; tasks: string }>(
    `select (select count(*) from c2b_payments where tenant_id = $1 and state = 'unmatched') as unmatched,
            (select count(*) from c2b_payments c join payment_intents i on i.tenant_id = c.tenant_id and i.receipt_code = c.receipt
              where c.tenant_id = $1 and c.matched_id is distinct from i.id) as twice,
            (select count(*) from payment_refund_tasks t join payment_intents i on i.tenant_id = t.tenant_id and i.id = t.intent_id
              where t.tenant_id = $1 and i.state <> 'succeeded') as tasks`,
    [shop.tenantId],
  );
  if (left!.unmatched !== '0') found.push(`${left!.unmatched} payments of the account match nothing`);
  if (left!.twice !== '0') found.push(`${left!.twice} receipts pay for something else as well`);
  if (left!.tasks !== '0') found.push(`${left!.tasks} refund tasks of what was not paid`);
  return found;
}

// The simulator's customers take their time: no more comes when every prompt is over, and who pays after it has paid.
async function untilTheyAgree(deadline: number): Promise<string[]> {
  for (let before = -1; ;) {
    await hurry().catch(() => {}); // a connection of the pool may be one that a crash has cut
    await sleep(1_000);
    const { moved } = daraja.ledger();
    const allOver = daraja
      .attempts()
      .every(({ isOver, scenario, receipt }) => isOver && (!scenario.thenPays || receipt));
    const found = await differences().catch((error: unknown) => [String(error)]);
    if (allOver && moved.length === before && found.length === 0) return [];
    if (Date.now() > deadline) return allOver ? found : [...found, 'some prompts still ring'];
    before = moved.length;
  }
}

test(
  'the books of M-Pesa and ours agree to the cent, whatever dies',
  async () => {
    const began = Date.now();
    console.log(`${plan.payments} payments, seed ${figures.seed}`);
    const [wanted] = await Promise.all([inLanes(Array.from({ length: plan.payments }), pay), disturb()]);
    const found = await untilTheyAgree(Date.now() + (environment.long ? 600_000 : 180_000));
    figures.seconds = (Date.now() - began) / 1000;
    figures.milliseconds = { p50: percentile(took, 0.5), p99: percentile(took, 0.99) };

    expect(permanent, 'replies that told a till to give up').toEqual([]);
    expect(found).toEqual([]);
    const { server, worker: workers, redis: ofRedis, postgres: ofPostgres } = figures.kills;
    expect([server, workers, ofRedis, ofPostgres]).toEqual([
      plan.serverKills,
      plan.workerKills,
      plan.redisCrashes,
      plan.postgresCrashes,
    ]);

    // No customer was prompted twice for one request.
    const phones = daraja.attempts().map(({ phone }) => phone);
    expect(new Set(phones).size).toBe(phones.length);
    const [sums] = await database.query<{ intents: string; credited: string; receipts: string }>(
      `select count(*) as intents, coalesce(sum(amount) filter (where state = 'succeeded'), 0) as credited,
              count(distinct receipt_code) as receipts from payment_intents where tenant_id = $1`,
      [shop.tenantId],
    );
    const { moved, total } = daraja.ledger();
    figures.prompts = phones.length;
    figures.moved = moved.length;
    figures.total = 100 * total;
    expect(Number(sums!.intents)).toBe(wanted.length);
    expect(Number(sums!.credited)).toBe(100 * total);
    expect(Number(sums!.receipts)).toBe(moved.length);
    console.log(summary());
    if (environment.long) await recordRun('payments-chaos', { plan, ...figures });
  },
  environment.long ? 1_800_000 : 600_000,
);

const summary = (): string =>
  [
    `${plan.payments} payments in ${figures.seconds.toFixed(1)} s, ${figures.requestsRepeated} requests repeated:`,
    `${figures.prompts} prompts, ${figures.moved} paid with ${(figures.total / 100).toFixed(2)} shillings, each credited once,`,
    `${figures.afterTheEnd} of them after their end; killed: server ${figures.kills.server}, worker ${figures.kills.worker},`,
    `Redis ${figures.kills.redis}, PostgreSQL ${figures.kills.postgres}; p50 ${figures.milliseconds.p50} ms,`,
    `p99 ${figures.milliseconds.p99} ms, seed ${figures.seed}.`,
  ].join('\n');
