// What stands beside an endpoint that does not answer: another endpoint of the shop, another shop, and Redis.
//
//     WEBHOOKS_BESIDE=200 bin/with-servers npx vitest run tests/e2e/webhooks-beside.test.ts
//     bin/test --long       with 1,000 events a shop; writes a file of docs/runs
import { randomBytes, randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scratchDatabase, type ScratchDatabase } from './support/database.js';
import { environment } from './support/environment.js';
import { type RedisServer, startRedis } from './support/redis.js';
import { percentile, recordRun } from './support/runs.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';
import { ok, openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';
import { type Receiver, startReceiver } from './support/webhooks.js';

const events = Number(process.env.WEBHOOKS_BESIDE ?? (environment.long ? 1_000 : 10));
const waiting = environment.long ? 10_000 : 2_000; // for an endpoint that is down
const schedulerToken = randomBytes(32).toString('base64url');

let database: ScratchDatabase;
let redis: RedisServer;
let service: Service;
let receiver: Receiver;
let shop: Shop;
let neighbour: Shop;

beforeAll(async () => {
  [database, redis, receiver] = await Promise.all([scratchDatabase(), startRedis(), startReceiver()]);
  const env = {
    ACCESS_TOKEN_SECONDS: '3600',
    CLIENT_ALLOW_LOOPBACK: 'true',
    CREDENTIALS_KEYS: `beside:${randomBytes(32).toString('base64')}`,
    JOB_QUEUES: 'all',
    REDIS_URL: redis.url,
    SCHEDULER_TOKEN: schedulerToken,
    WEBHOOK_TIMEOUT_SECONDS: '30',
  };
  await migrate(serviceEnvironment(database, env));
  service = await startService({ database, env });
  [shop, neighbour] = [
    await openShop(service, { variants: 0, devices: 0 }),
    await openShop(service, { variants: 0, devices: 0 }),
  ];
});

afterAll(async () => {
  await receiver?.close();
  await service?.stop();
  await database?.drop();
  await redis?.remove();
});

const listen = (whose: Shop, path: string): Promise<any> =>
  whose.create('/v1/webhooks', { url: receiver.url(path), eventTypes: ['product.created'] });
const happen = (whose: Shop): Promise<any> => whose.create('/v1/products', { name: `Product ${randomUUID()}` });

async function sweep(): Promise<void> {
  const headers = { authorization: `Bearer ${schedulerToken}`, 'idempotency-key': randomUUID() };
  const reply = await service.api('POST', '/internal/schedules/webhooks.sweep/trigger', { headers });
  expect(reply.status, reply.text).toBeLessThan(300);
}

// From its transaction to its first arrival.
function latencies(path: string): number[] {
  const first = new Map<string, number>();
  for (const { headers, body, at } of receiver.at(path)) {
    const id = headers['webhook-id']!;
    if (!first.has(id)) first.set(id, at - Date.parse(JSON.parse(body).occurredAt));
  }
  return [...first.values()];
}

test('endpoints that hang are still hanging when the others have everything', async () => {
  // Held open until the others are done: that is what is shown, whatever the machine's speed.
  let held = 0;
  for (const path of ['/hang-1', '/hang-2']) {
    receiver.on(path, () => void held++);
    await listen(shop, path);
  }
  await happen(shop);
  await until(async () => held >= 2);
  await listen(shop, '/fast');
  await listen(neighbour, '/neighbour');
  const before = receiver.at('/hang-1').length + receiver.at('/hang-2').length;
  for (let i = 0; i < events; ++i) {
    await Promise.all([happen(shop), happen(neighbour)]);
  }
  await until(async () => receiver.at('/fast').length >= events && receiver.at('/neighbour').length >= events, 120_000);
  const asked = receiver.at('/hang-1').length + receiver.at('/hang-2').length - before;
  const figures = Object.fromEntries(
    ['/fast', '/neighbour'].map((path) => [
      path.slice(1),
      { p50Ms: percentile(latencies(path), 0.5), p99Ms: percentile(latencies(path), 0.99) },
    ]),
  );
  console.log(JSON.stringify({ events, asked, ...figures }));
  // At most eight at once while it is young, then one at a time; the former's turns are under way still.
  expect(asked).toBeLessThanOrEqual(environment.long ? 100 : 16);
  if (!environment.long) return;
  for (const one of Object.values(figures)) expect(one.p99Ms).toBeLessThan(2_000);
  await recordRun('webhooks-beside', { events, ...figures });
}, 600_000);

// One shop has as many endpoints as may be, and none of them answers in time: another shop's do not wait for it. What is held is let go
// when the others have everything, so that nothing hangs on the machine's speed.
test('a shop whose endpoints all hang holds few workers, whatever it does with them', async () => {
  const crowd = await openShop(service, { variants: 0, devices: 0 });
  const held = new Set<ServerResponse>();
  const paths = Array.from({ length: 20 }, (_, i) => `/crowd-${i}`);
  for (const path of paths) {
    receiver.on(path, (response) => {
      held.add(response);
      response.on('close', () => held.delete(response));
    });
  }
  const hooks = await Promise.all(paths.map((path) => listen(crowd, path)));
  const ping = (whose: Shop, id: string) => ok(whose.api('POST', `/v1/webhooks/${id}/ping`), 200);
  const pingAll = () => Promise.all(hooks.map(({ id }) => ping(crowd, id)));
  const alone = await openShop(service, { variants: 0, devices: 0 });
  // A new endpoint, and after its first request one that has proved itself.
  const othersArrive = async (path: string) => {
    const hook = await listen(alone, path);
    for (let number = 1; number <= 3; ++number) {
      await ping(alone, hook.id);
      await receiver.next(path, number);
    }
    // One that has timed out makes room for the next.
    await until(async () => held.size === 4);
  };
  const letGo = () => [...held].forEach((response) => response.writeHead(200).end());
  await pingAll();
  await until(async () => held.size >= 4);
  await othersArrive('/alone-1');

  // Enabled again: none of them is among the fast for that.
  await Promise.all(
    hooks.map(({ id }) =>
      ok(crowd.api('PATCH', `/v1/webhooks/${id}`, { body: { enabled: true }, headers: { 'if-match': '*' } }), 200),
    ),
  );
  await othersArrive('/alone-2');

  // A late 200 is one that held a worker.
  await sleep(2_100);
  const first = [...held];
  letGo();
  await until(async () => first.every((response) => !held.has(response)));
  await until(async () => held.size >= 4);
  await othersArrive('/alone-3');
  const slow = await database.query<{ fast: string }>(
    `select count(*) as fast from webhook_queues q join webhook_endpoints p on p.id = q.endpoint_id
     where p.url like '%/crowd-%' and q.is_fast`,
  );
  expect(Number(slow[0]!.fast)).toBe(0);
  for (const path of paths) receiver.on(path, (response) => response.writeHead(204).end());
  letGo();
});

interface Holding {
  keys: number;
  bytes: number;
  jobs: number; // that somebody is still to run
}

async function holding(client: Redis): Promise<Holding> {
  const keys = await client.keys('*');
  let bytes = 0;
  for (const key of keys) bytes += (await client.memory('USAGE', key, 'SAMPLES', 0)) ?? 0;
  let jobs = 0;
  for (const key of keys.filter((one) => /webhooks(_failing)?:(wait|active|delayed|prioritized)$/.test(one)))
    jobs += (await client.type(key)) === 'list' ? await client.llen(key) : await client.zcard(key);
  return { keys: keys.length, bytes, jobs };
}

// As they are written with a product, in one statement.
const manyEvents = (tenant: string, count: number): Promise<unknown> =>
  database.query(
    `insert into webhook_events (tenant_id, id, position, type, subject, body, thin_body, occurred_at, recorded_at)
     select $1, gen_random_uuid(), nextval('outbox_position'), 'product.created', gen_random_uuid(),
            convert_to('{"data":"' || repeat('x', 2000) || '"}', 'UTF8'), '{}', now(), now() - interval '1 hour'
     from generate_series(1, $2::int)`,
    [tenant, count],
  );

test('what waits for an endpoint that is down lies in PostgreSQL, and nothing of it in Redis', async () => {
  const path = '/down';
  receiver.on(path, (response) => response.destroy());
  const away = await openShop(service, { variants: 0, devices: 0 });
  const hook = await listen(away, path);
  const client = new Redis(redis.url);
  const pending = async () => (await ok(away.api('GET', `/v1/webhooks/${hook.id}`), 200)).pending;
  const isQuiet = async () => (await holding(client)).jobs <= 4;
  const waitFor = async (count: number) => {
    await manyEvents(away.tenantId, count - (await pending()));
    await until(async () => {
      if ((await pending()) >= count) return isQuiet();
      await sweep();
      await sleep(200);
      return false;
    });
  };
  try {
    await waitFor(100);
    const few = await holding(client);
    await waitFor(waiting);
    const many = await holding(client);
    console.log(JSON.stringify({ few, many }));
    expect(many.jobs).toBeLessThanOrEqual(few.jobs + 4);
    // Jobs that are done are kept for a while, some to each sweep: nothing to each event.
    expect(many.keys - few.keys).toBeLessThan(1_000);
    expect(many.bytes - few.bytes).toBeLessThan(100 * waiting);
  } finally {
    client.disconnect();
  }
});
