// Each event reaches each endpoint that lives, at least once and under one id: 10,000 events to 20 endpoints (fast, slow, away for an
// hour, one answer in three a 500, without an end, and some that hang), while workers and Redis are killed at random moments. Redis keeps
// nothing.
//
//     WEBHOOKS_CHAOS=2000 bin/with-servers npx vitest run tests/e2e/webhooks-chaos.test.ts
//     bin/test --long       with 10,000 events; writes a file of docs/runs
import { randomBytes, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scratchDatabase, type ScratchDatabase } from './support/database.js';
import { environment } from './support/environment.js';
import { Process } from './support/process.js';
import { type RedisServer, startRedis } from './support/redis.js';
import { newSeed, percentile, recordRun, seeded } from './support/runs.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';
import { ok, openShop, type Shop } from './support/shop.js';
import { type Answer, endless, hanging, type Receiver, saying, startReceiver, verified } from './support/webhooks.js';

const events = Number(process.env.WEBHOOKS_CHAOS ?? (environment.long ? 10_000 : 200));
const plan = {
  events,
  portion: environment.long ? 100 : 20, // of one request
  endpoints: environment.long
    ? { fast: 8, slow: 4, away: 2, flaky: 3, endless: 1, hanging: 2 }
    : { fast: 2, slow: 1, away: 1, flaky: 1, endless: 1, hanging: 1 },
  workerKills: environment.long ? 12 : 2,
  redisCrashes: environment.long ? 6 : 1,
};
const figures = {
  seed: newSeed(),
  requests: 0,
  deliveries: 0, // arrived
  exhausted: 0, // given up after nine attempts, and asked for again
  twice: 0, // requests beyond the first that was answered with 2xx
  kills: { worker: 0, redis: 0 },
  seconds: 0,
  deliveriesPerSecond: 0,
  workerCpuMsPerDelivery: 0,
  // From the event to its arrival at the fast endpoints, kills and all.
  fastP50Ms: 0,
  fastP99Ms: 0,
};
const random = seeded(figures.seed);
const schedulerToken = randomBytes(32).toString('base64url');

let redis: RedisServer;
let database: ScratchDatabase;
let service: Service;
let worker: Process;
let workerEnvironment: NodeJS.ProcessEnv;
let receiver: Receiver;
let shop: Shop;
let isAway = true;
let cpuMs = 0;

interface Endpoint {
  kind: string;
  path: string;
  id: string;
  secret: string;
  taken: Set<string>;
}
const endpoints: Endpoint[] = [];

const answers: Record<string, Answer> = {
  fast: saying(204),
  slow: (response) => void setTimeout(() => response.writeHead(200).end('done'), 100 + random(150)),
  away: (response) => (isAway ? response.destroy() : response.writeHead(200).end()),
  flaky: (response) => response.writeHead(random(3) === 0 ? 500 : 200).end(),
  endless,
  hanging,
};

beforeAll(async () => {
  [redis, receiver, database] = await Promise.all([startRedis(), startReceiver(), scratchDatabase()]);
  const env = {
    APP_SECRET: randomBytes(48).toString('base64url'),
    JWT_SECRET: randomBytes(48).toString('base64url'),
    ACCESS_TOKEN_SECONDS: '3600',
    CLIENT_ALLOW_LOOPBACK: 'true',
    CREDENTIALS_KEYS: `chaos:${randomBytes(32).toString('base64')}`,
    JOB_LOCK_SECONDS: '3',
    LOG_LEVEL: 'warn',
    REDIS_URL: redis.url,
    SCHEDULER_TOKEN: schedulerToken,
    WEBHOOK_TIMEOUT_SECONDS: '2',
  };
  await migrate(serviceEnvironment(database, env));
  service = await startService({ database, env: { ...env, LOG_LEVEL: 'info' } });
  workerEnvironment = serviceEnvironment(database, env);
  worker = startWorker();
  shop = await openShop(service, { variants: 0, devices: 0 });
  for (const [kind, count] of Object.entries(plan.endpoints)) {
    for (let i = 0; i < count; ++i) await listen(kind, `/${kind}-${i}`);
  }
});

afterAll(async () => {
  await worker?.stop();
  await service?.stop();
  await database?.drop();
  await Promise.all([redis?.remove(), receiver?.close()]);
});

const startWorker = (): Process => new Process(environment.binary, ['worker'], workerEnvironment);

async function listen(kind: string, path: string): Promise<void> {
  const hook = await shop.create('/v1/webhooks', { url: receiver.url(path), eventTypes: ['product.created'] });
  const endpoint = { kind, path, id: hook.id, secret: hook.secret, taken: new Set<string>() };
  endpoints.push(endpoint);
  receiver.on(path, (response, received) => {
    response.on('finish', () => {
      if (response.statusCode >= 300) return;
      if (endpoint.taken.has(received.headers['webhook-id']!)) figures.twice++;
      endpoint.taken.add(received.headers['webhook-id']!);
    });
    answers[kind]!(response, received);
    // Of a body without an end the head is what counts.
    if (kind === 'endless') endpoint.taken.add(received.headers['webhook-id']!);
  });
}

// ---- What happens ----------------------------------------------------------------------------------------------------

let happened = 0;
async function happen(): Promise<void> {
  while (happened < plan.events) {
    const items = Array.from({ length: Math.min(plan.portion, plan.events - happened) }, () => ({
      key: randomUUID(),
      op: 'create',
      data: { name: `Product ${randomUUID()}` },
    }));
    const headers = { 'idempotency-key': `"${randomUUID()}"` };
    await ok(shop.api('POST', '/v1/products/batch', { body: { onError: 'abort', items }, headers }), 200);
    happened += items.length;
  }
}

// User and system time so far, in clock ticks of 10 ms (proc(5)).
async function noteCpu(): Promise<void> {
  const stat = await readFile(`/proc/${worker.pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields.length > 12) cpuMs += 10 * (Number(fields[11]) + Number(fields[12]));
}

async function disturb(): Promise<void> {
  const faults = [
    ...Array.from({ length: plan.workerKills }, () => killWorker),
    ...Array.from({ length: plan.redisCrashes }, () => crashRedis),
  ].sort(() => random(3) - 1);
  const all = plan.events * endpoints.filter(({ kind }) => kind !== 'hanging' && kind !== 'away').length;
  for (const [index, fault] of faults.entries()) {
    const share = (all * (index + 0.5)) / (faults.length + 1);
    const deadline = Date.now() + 60_000;
    while (arrived() < share && Date.now() < deadline) await sleep(20);
    await fault();
  }
}

async function killWorker(): Promise<void> {
  await noteCpu();
  await worker.kill();
  // A minute has passed: the leases of the dead have ended.
  await database.query('update webhook_queues set leased_until = null');
  worker = startWorker();
  figures.kills.worker++;
}

async function crashRedis(): Promise<void> {
  await redis.crash();
  await sleep(random(300));
  await redis.start();
  figures.kills.redis++;
}

// ---- Afterwards --------------------------------------------------------------------------------------------------------

const arrived = (): number => endpoints.reduce((sum, { taken }) => sum + taken.size, 0);

// A clock that does not wait: an hour has passed.
async function hurry(): Promise<void> {
  await database.query(
    `update webhook_events set recorded_at = recorded_at - interval '1 hour' where fanned_out_at is null`,
  );
  await database.query(
    `update webhook_deliveries set next_attempt_at = now() - interval '1 second' where state = 'pending'
     and next_attempt_at > now()`,
  );
  await database.query(
    `update webhook_queues set next_due_at = now() - interval '1 hour', wake_at = null where pending > 0`,
  );
  const headers = { authorization: `Bearer ${schedulerToken}`, 'idempotency-key': randomUUID() };
  await service.api('POST', '/internal/schedules/webhooks.sweep/trigger', { headers });
  // Who answers 500 one time in three does so nine times in a row, once in 20,000.
  const [given] = await database.query<{ up: string }>(
    `select count(*) as up from webhook_deliveries d join webhook_endpoints p on p.id = d.endpoint_id
     where d.state = 'exhausted' and p.url not like '%/hanging%'`,
  );
  figures.exhausted += Number(given!.up);
  if (given!.up === '0') return;
  for (const { kind, id } of endpoints) {
    if (kind === 'hanging') continue;
    await ok(shop.api('POST', `/v1/webhooks/${id}/redeliver`, { body: { since: '2020-01-01T00:00:00Z' } }), 200);
  }
}

const missing = (): string[] =>
  endpoints
    .filter(({ kind, taken }) => kind !== 'hanging' && taken.size < plan.events)
    .map(({ path, taken }) => `${path}: ${taken.size} of ${plan.events}`);

async function untilAllHasArrived(deadline: number): Promise<string[]> {
  for (let before = -1; Date.now() < deadline; before = arrived()) {
    if (missing().length === 0) return [];
    // While it goes on by itself nothing is hastened.
    if (arrived() === before) await hurry().catch(() => {});
    await sleep(environment.long ? 3_000 : 500);
  }
  return missing();
}

function latenciesOfFast(): number[] {
  const first = new Map<string, number>();
  for (const { path, headers, body, at } of receiver.received) {
    const key = `${path} ${headers['webhook-id']}`;
    if (path.startsWith('/fast') && !first.has(key)) first.set(key, at - Date.parse(JSON.parse(body).occurredAt));
  }
  return [...first.values()];
}

test(
  'each event reaches each endpoint that lives, under one id',
  async () => {
    const began = Date.now();
    console.log(`${plan.events} events to ${endpoints.length} endpoints, seed ${figures.seed}`);
    await Promise.all([happen(), disturb()]);
    isAway = false;
    expect(await untilAllHasArrived(Date.now() + (environment.long ? 1_500_000 : 180_000))).toEqual([]);
    figures.seconds = (Date.now() - began) / 1000;
    await noteCpu();

    const [stored] = await database.query<{ events: string }>('select count(*) as events from webhook_events');
    expect(Number(stored!.events)).toBe(plan.events);
    for (const { kind, path, secret, taken } of endpoints) {
      const received = receiver.at(path);
      // One id an event for ever, and the same bytes under it.
      const bodies = new Map<string, string>();
      for (const { headers, body } of received) {
        const id = headers['webhook-id']!;
        expect(bodies.get(id) ?? body).toBe(body);
        bodies.set(id, body);
      }
      const subjects = new Set([...bodies.values()].map((body) => JSON.parse(body).data.id));
      expect(subjects.size).toBe(bodies.size);
      if (kind !== 'hanging') expect(taken.size).toBe(plan.events);
      // Those whose requests we end ourselves see the end later than we do: the next eight may be there before it.
      const seesItsEndLate = kind === 'hanging' || kind === 'endless';
      expect(receiver.most.get(path), path).toBeLessThanOrEqual(seesItsEndLate ? 16 : 8);
      if (Date.now() - received.at(-1)!.at < 240_000) verified(secret, received.at(-1)!);
    }
    const fast = latenciesOfFast();
    figures.fastP50Ms = percentile(fast, 0.5);
    figures.fastP99Ms = percentile(fast, 0.99);
    figures.requests = receiver.received.length;
    figures.deliveries = arrived();
    figures.deliveriesPerSecond = Math.round(figures.deliveries / figures.seconds);
    figures.workerCpuMsPerDelivery = Number((cpuMs / figures.deliveries).toFixed(3));
    console.log(JSON.stringify(figures));
    if (environment.long) await recordRun('webhooks-chaos', { plan, ...figures });
  },
  environment.long ? 1_800_000 : 600_000,
);
