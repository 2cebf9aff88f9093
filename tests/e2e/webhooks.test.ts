// Webhooks as an integrator meets them: a receiver of their own, the package that verifies, and endpoints with bad manners.
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scratchDatabase, type ScratchDatabase } from './support/database.js';
import { environment } from './support/environment.js';
import { Process } from './support/process.js';
import { type RedisServer, startRedis } from './support/redis.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';
import { expectProblem, ok, openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';
import { endless, hanging, type Receiver, saying, startReceiver, verified } from './support/webhooks.js';

const schedulerToken = randomBytes(32).toString('base64url');

let redis: RedisServer;
let database: ScratchDatabase;
let service: Service;
let worker: Process;
let workerEnvironment: NodeJS.ProcessEnv;
let receiver: Receiver;
let shop: Shop;

beforeAll(async () => {
  [redis, receiver, database] = await Promise.all([startRedis(), startReceiver(), scratchDatabase()]);
  const env = {
    APP_SECRET: randomBytes(48).toString('base64url'),
    JWT_SECRET: randomBytes(48).toString('base64url'),
    ACCESS_TOKEN_SECONDS: '3600',
    CLIENT_ALLOW_LOOPBACK: 'true',
    CREDENTIALS_KEYS: `test:${randomBytes(32).toString('base64')}`,
    JOB_LOCK_SECONDS: '3',
    REDIS_URL: redis.url,
    SCHEDULER_TOKEN: schedulerToken,
    WEBHOOK_TIMEOUT_SECONDS: '4',
  };
  await migrate(serviceEnvironment(database, env));
  service = await startService({ database, env });
  workerEnvironment = serviceEnvironment(database, env);
  worker = startWorker();
  shop = await openShop(service, { variants: 0, devices: 0 });
});

afterAll(async () => {
  const output = `${service?.process.output}${worker?.output}`;
  await worker?.stop();
  await service?.stop();
  await database?.drop();
  await Promise.all([redis?.remove(), receiver?.close()]);
  expect(output).not.toContain('whsec_');
});

const startWorker = (): Process => new Process(environment.binary, ['worker'], workerEnvironment);

let paths = 0;
const newPath = (): string => `/hook-${++paths}`;
function listen(path: string, more: Record<string, unknown> = {}): Promise<any> {
  return shop.create('/v1/webhooks', { url: receiver.url(path), eventTypes: ['product.created'], ...more });
}
const happen = (name = `Product ${randomUUID()}`): Promise<any> => shop.create('/v1/products', { name });
const deliveries = async (id: string): Promise<any[]> =>
  (await ok(shop.api('GET', `/v1/webhooks/${id}/deliveries`), 200)).data;
const delivery = (id: string, state: string): Promise<any> =>
  until(async () => (await deliveries(id)).find((one) => one.state === state));
const attempted = (id: string): Promise<any> =>
  until(async () => (await deliveries(id)).find((one) => one.lastOutcome !== null));
async function drop(id: string): Promise<void> {
  expect((await shop.api('DELETE', `/v1/webhooks/${id}`, { headers: { 'if-match': '*' } })).status).toBe(204);
}
// A clock that does not wait: what is due later is due now, and no job is on its way.
async function hurry(): Promise<void> {
  await database.query(
    `update webhook_deliveries set next_attempt_at = now() - interval '1 hour' where state = 'pending' and next_attempt_at is not null`,
  );
  await database.query(
    `update webhook_queues set next_due_at = now() - interval '1 hour', wake_at = null where pending > 0`,
  );
  const headers = { authorization: `Bearer ${schedulerToken}`, 'idempotency-key': randomUUID() };
  await service.api('POST', '/internal/schedules/webhooks.sweep/trigger', { headers });
}

test('an event arrives, is verified by the package, and what it speaks of is there', async () => {
  const path = newPath();
  const asked: Promise<number>[] = [];
  receiver.on(path, (response, { body }) => {
    asked.push(shop.api('GET', `/v1/products/${JSON.parse(body).data.id}`).then(({ status }) => status));
    response.writeHead(200).end('thanks');
  });
  const hook = await listen(path);
  expect(hook.secret).toMatch(/^whsec_/);
  const product = await happen('Sukari ya Mumias 🍬');
  const received = await receiver.next(path);
  const event = verified(hook.secret, received);
  expect(event).toMatchObject({ type: 'product.created', data: { id: product.id, name: 'Sukari ya Mumias 🍬' } });
  expect(event.id).toBe(received.headers['webhook-id']);
  expect(await Promise.all(asked)).toEqual([200]);
  expect(() => verified(hook.secret, { ...received, body: `${received.body} ` })).toThrow();
  expect(await delivery(hook.id, 'succeeded')).toMatchObject({ attempts: 1, lastStatus: 200 });
  await drop(hook.id);
});

test('both secrets sign while they live, and a redelivery has the same bytes under the same id', async () => {
  const path = newPath();
  const hook = await listen(path);
  const rotated = await ok(shop.api('POST', `/v1/webhooks/${hook.id}/rotate-secret`, { body: {} }), 200);
  await happen();
  const first = await receiver.next(path);
  for (const secret of [hook.secret, rotated.secret]) verified(secret, first);
  const last = await ok(shop.api('POST', `/v1/webhooks/${hook.id}/rotate-secret`, { body: { overlapHours: 0 } }), 200);
  const { id } = await delivery(hook.id, 'succeeded');
  await ok(shop.api('POST', `/v1/webhooks/${hook.id}/redeliver`, { body: { deliveryId: id } }), 200);
  const second = await receiver.next(path, 2);
  expect(second.body).toBe(first.body);
  expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
  verified(last.secret, second);
  for (const former of [hook.secret, rotated.secret]) expect(() => verified(former, second)).toThrow();
  const details = await ok(shop.api('GET', `/v1/webhooks/${hook.id}/deliveries/${id}`), 200);
  expect(details.payload).toBe(first.body);
  expect(details.tries).toHaveLength(2);
  await drop(hook.id);
});

describe('an endpoint with bad manners', () => {
  const cases: [string, Parameters<Receiver['on']>[1], Record<string, unknown>][] = [
    ['hangs', hanging, { lastOutcome: 'timed_out', lastStatus: null }],
    ['answers without an end', endless, { lastOutcome: 'succeeded', lastStatus: 200 }],
    ['redirects', saying(302, { location: 'http://127.0.0.1:1/' }), { lastOutcome: 'redirected', lastStatus: 302 }],
    ['is overloaded', saying(429, { 'retry-after': '3600' }), { lastOutcome: 'throttled', lastStatus: 429 }],
    ['cuts the connection', (response) => response.destroy(), { lastOutcome: 'unreachable', lastStatus: null }],
    ['says bytes', saying(500, {}, '\u0000\u001b[2J<b>&'), { lastOutcome: 'failed', lastStatus: 500 }],
  ];
  test.each(cases)('%s', async (_, answer, expected) => {
    const path = newPath();
    receiver.on(path, answer);
    const hook = await listen(path);
    await happen();
    const tried = await attempted(hook.id);
    expect(tried).toMatchObject(expected);
    const { tries } = await ok(shop.api('GET', `/v1/webhooks/${hook.id}/deliveries/${tried.id}`), 200);
    expect(Buffer.byteLength(tries[0].reply ?? '')).toBeLessThanOrEqual(1024);
    for (const control of ['\u0000', '\u001b']) expect(tries[0].reply ?? '').not.toContain(control);
    if (expected.lastOutcome === 'throttled') {
      expect(Date.parse(tried.nextAttemptAt) - Date.now()).toBeGreaterThan(3_500_000);
    }
    await drop(hook.id);
  });

  test('wants no more', async () => {
    const path = newPath();
    receiver.on(path, saying(410));
    const hook = await listen(path);
    await happen();
    const disabled = await until(async () => {
      const now = await ok(shop.api('GET', `/v1/webhooks/${hook.id}`), 200);
      return !now.enabled && now;
    });
    expect(disabled).toMatchObject({ disabledReason: 'gone', pending: 1 });
    await happen();
    await hurry();
    await until(async () => (await ok(shop.api('GET', `/v1/webhooks/${hook.id}`), 200)).missed === 1);
    expect(receiver.at(path)).toHaveLength(1);
    receiver.on(path, saying(200));
    await ok(
      shop.api('PATCH', `/v1/webhooks/${hook.id}`, { body: { enabled: true }, headers: { 'if-match': '*' } }),
      200,
    );
    await receiver.next(path, 2);
    const since = { since: '2020-01-01T00:00:00Z' };
    expect((await ok(shop.api('POST', `/v1/webhooks/${hook.id}/redeliver`, { body: since }), 200)).count).toBe(1);
    await receiver.next(path, 3);
    await drop(hook.id);
  });
});

test('a URL may not lead into our network', async () => {
  for (const url of [
    'https://10.0.0.1/',
    'https://169.254.169.254/latest',
    'https://[fd00::1]/',
    'ftp://example.com/',
  ]) {
    const reply = await shop.api('POST', '/v1/webhooks', { body: { url, eventTypes: ['*'] } });
    expect(reply.status, url).toBe(422);
  }
  // A row that was written when it led elsewhere is refused when it is called.
  const hook = await listen(newPath());
  await database.query('update webhook_endpoints set url = $1 where id = $2', ['https://169.254.169.254/', hook.id]);
  await happen();
  expect(await attempted(hook.id)).toMatchObject({ lastOutcome: 'address_refused', lastStatus: null });
  await drop(hook.id);
});

test('endpoints that hang delay no other one', async () => {
  const hung = await Promise.all(
    Array.from({ length: 6 }, () => {
      const path = newPath();
      receiver.on(path, hanging);
      return listen(path);
    }),
  );
  const path = newPath();
  const hook = await listen(path);
  for (let i = 0; i < 4; ++i) await happen();
  await receiver.next(path, 4);
  await hurry();
  const took: number[] = [];
  for (let i = 5; i <= 14; ++i) {
    const began = Date.now();
    await happen();
    await receiver.next(path, i);
    took.push(Date.now() - began);
  }
  // Each of the six hangs for four seconds.
  expect(took.sort((one, other) => one - other)[5]).toBeLessThan(4_000);
  for (const { id } of [...hung, hook]) await drop(id);
});

test('one that waits for its order gets it', async () => {
  const path = newPath();
  let refusals = 1;
  receiver.on(path, (response) => response.writeHead(refusals-- > 0 ? 503 : 200).end());
  const hook = await listen(path, { ordered: true, eventTypes: ['product.*'] });
  const product = await happen();
  for (const name of ['One', 'Two', 'Three']) {
    const headers = { 'if-match': '*' };
    await ok(shop.api('PATCH', `/v1/products/${product.id}`, { body: { name }, headers }), 200);
  }
  await receiver.next(path);
  await until(async () => (await attempted(hook.id)).lastOutcome === 'failed');
  await hurry();
  await receiver.next(path, 5);
  const versions = receiver.at(path).map(({ body }) => JSON.parse(body).data.version);
  expect(versions).toEqual([1, 1, 2, 3, 4]);
  await drop(hook.id);
});

test('a worker that is killed, and a Redis that comes back empty, lose nothing', async () => {
  const path = newPath();
  receiver.on(path, (response) => void setTimeout(() => response.writeHead(200).end(), 20));
  const hook = await listen(path);
  const products: string[] = [];
  for (let i = 0; i < 60; ++i) {
    products.push((await happen()).id);
    if (i === 20) {
      await worker.kill();
      // What it held is nobody's: its leases would end by themselves in a minute.
      await database.query('update webhook_queues set leased_until = now()');
      worker = startWorker();
    }
    if (i === 40) await redis.crash();
  }
  await redis.start(); // it keeps nothing
  await until(async () => {
    await database.query(
      `update webhook_events set recorded_at = now() - interval '1 minute' where fanned_out_at is null`,
    );
    await hurry();
    await sleep(500);
    return new Set(receiver.at(path).map(({ body }) => JSON.parse(body).data.id)).size === 60;
  });
  const seen = receiver.at(path).map(({ body }) => JSON.parse(body));
  for (const id of products) {
    expect(new Set(seen.filter(({ data }) => data.id === id).map((event) => event.id)).size).toBe(1);
  }
  expect(receiver.most.get(path)).toBeLessThanOrEqual(8);
  await until(async () => (await ok(shop.api('GET', `/v1/webhooks/${hook.id}`), 200)).pending === 0);
  await drop(hook.id);
});

test('as many endpoints as may be', async () => {
  const made: string[] = [];
  for (let i = 0; i < 20; ++i) made.push((await listen(newPath())).id);
  expectProblem(
    await shop.api('POST', '/v1/webhooks', { body: { url: receiver.url('/more'), eventTypes: ['*'] } }),
    409,
    'webhook.too_many',
  );
  for (const id of made) await drop(id);
});

test('the document has the events', async () => {
  const document = await ok(service.api('GET', '/openapi.json'), 200);
  expect(Object.keys(document.webhooks)).toEqual(
    expect.arrayContaining([
      ...['sale.created', 'payment.succeeded', 'refund.created', 'refund.succeeded', 'refund.failed'],
      ...['product.created', 'product.changed', 'variant.changed', 'stock.low', 'webhook.ping'],
    ]),
  );
  const { example, schema } = document.webhooks['sale.created'].post.requestBody.content['application/json'];
  expect(schema.properties.data.$ref).toContain('SaleCreated');
  expect(example.data).toHaveProperty('receiptNumber');
});
