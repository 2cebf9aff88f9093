// Background work as an operator runs it: `serve` enqueues and relays, `worker` runs the jobs; Node's own BullMQ on the same queues.
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment } from './support/environment.js';
import { Process, run } from './support/process.js';
import { startRedis } from './support/redis.js';
import { type Service, serviceEnvironment, startService } from './support/service.js';
import { openShop, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

let service: Service;
let shop: Shop;
let env: NodeJS.ProcessEnv;
const connection = { url: environment.redisUrl, maxRetriesPerRequest: null };

beforeAll(async () => {
  service = await startService();
  shop = await openShop(service);
  env = serviceEnvironment(service.database, { ...service.secrets });
});
afterAll(() => service?.stop());

const prefix = () => service.database.name;
const sell = async () => {
  const reply = await shop.sell(saleFor(shop));
  expect(reply.status, reply.text).toBe(201);
  return reply.body;
};
const counted = async (): Promise<number> => {
  const { body } = await shop.api('GET', '/v1/reports/sales-summary');
  return body.data.reduce((sum: number, day: { sales: number }) => sum + day.sales, 0);
};

// Each hour, at this minute; undefined: each minute; null: by seconds.
const schedules: [string, (number | string | null)?][] = [
  ['alerts.check', 47],
  ['alerts.send', 7],
  ['billing.run', 23],
  ['files.clean_up', '*/10'],
  ['files.find_whole', undefined],
  ['files.sweep', 23],
  ['maintenance.clean_up', 17],
  ['notifications.requeue', 37],
  ['reports.clean_up', 27],
  ['reports.count_missed', 41],
  ['reports.sweep', undefined],
  ['sms.match_reports', undefined],
  ['sms.tell_unexplained', 43],
  ['webhooks.give_up', 27],
  ['webhooks.sweep', null],
];

describe('backend-api worker', () => {
  test('runs what the server has left in the outbox, and ends on SIGTERM', async () => {
    const before = await counted();
    await sell();
    await sell();
    const worker = new Process(environment.binary, ['worker', '--concurrency', '2'], env);
    await worker.line((line) => line.msg === 'running jobs');
    await expect.poll(counted).toBe(before + 2);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  });

  test('says what is wrong with its start', async () => {
    const unknown = await run(environment.binary, ['worker', '--queues', 'no-such-queue'], env);
    expect(unknown.code).toBe(78);
    expect(unknown.output).toMatch(/--queues .*"no-such-queue".*events.*maintenance/);
    const unknownSetting = await run(environment.binary, ['serve'], { ...env, JOB_QUEUES: 'events,nope' });
    expect(unknownSetting.code).toBe(78);
    expect(unknownSetting.output).toMatch(/JOB_QUEUES .*"nope".*events.*maintenance/);
    const nowhere = await run(environment.binary, ['worker'], { ...env, REDIS_URL: undefined });
    expect(nowhere.code).toBe(78);
    expect(nowhere.output).toContain('REDIS_URL');
  });

  test.each(['serve', 'worker'])('%s hears SIGTERM while it waits for PostgreSQL', async (command) => {
    const nowhere = 'postgresql://app@127.0.0.1:1/nowhere';
    const waiting = new Process(environment.binary, [command], {
      ...env,
      DATABASE_URL: nowhere,
      DATABASE_SYSTEM_URL: nowhere,
    });
    await waiting.line((line) => line.msg === 'database connection failed');
    expect(await waiting.stop()).toEqual({ code: 0, signal: null });
    const said = waiting.log.map((line) => line.msg);
    expect(said.at(-1)).toBe('stopped');
    expect(said).not.toContain('PostgreSQL cannot be reached; trying on');
  });

  test('keeps one scheduler for all instances, which Node sees', async () => {
    const workers = [0, 1].map(() => new Process(environment.binary, ['worker', '--queues', 'maintenance'], env));
    await Promise.all(workers.map((worker) => worker.line((line) => line.msg === 'running jobs')));
    const queue = new Queue('maintenance', { connection, prefix: prefix() });
    try {
      await expect.poll(() => queue.getJobSchedulersCount()).toBe(schedules.length);
      const schedulers = (await queue.getJobSchedulers()).sort((a, b) => a.key.localeCompare(b.key));
      expect(schedulers).toMatchObject(
        schedules.map(([key, minute]) =>
          minute === null ? { key } : { key, pattern: `${minute ?? '*'} * * * *`, tz: 'UTC' },
        ),
      );
      const minutes = schedulers.map(({ next }) => new Date(next!).getUTCMinutes());
      expect(minutes).toEqual(
        schedules.map(([, minute], index) => (typeof minute === 'number' ? minute : minutes[index])),
      );
    } finally {
      await queue.close();
      await Promise.all(workers.map((worker) => worker.stop()));
    }
  });
});

test('schedules come back when Redis was emptied, restarted without its data, or fails over', async () => {
  const redis = await startRedis();
  const worker = new Process(environment.binary, ['worker'], { ...env, REDIS_URL: redis.url });
  const admin = new Redis(redis.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  admin.on('error', () => {});
  const scheduled = () => admin.zrange(`${prefix()}:maintenance:repeat`, 0, -1);
  const comeBack = () => until(async () => (await scheduled()).includes('maintenance.clean_up'));
  const cut = () => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  try {
    await worker.line((line) => line.msg === 'running jobs');
    await comeBack();
    await admin.flushall();
    await admin.script('FLUSH');
    await cut();
    await comeBack();
    await admin.flushall(); // its file too
    await redis.crash();
    await redis.start();
    await comeBack();
    // A replica for a while, and empty when it is made the first.
    await admin.flushall();
    await admin.replicaof('127.0.0.1', '1');
    await cut();
    await admin.replicaof('NO', 'ONE');
    await cut();
    await comeBack();
    // And the worker still takes what they make.
    const queue = new Queue('maintenance', {
      connection: { url: redis.url, maxRetriesPerRequest: null },
      prefix: prefix(),
    });
    // The last to come: the first may be taken meanwhile.
    const job = (await queue.getDelayed()).at(-1);
    await job!.promote();
    await until(async () => (await queue.getCompletedCount()) >= 1);
    await until(async () => (await queue.getDelayedCount()) === schedules.length);
    await queue.close();
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  } finally {
    admin.disconnect();
    if (worker.running) await worker.kill();
    await redis.remove();
  }
});

test("a Node worker takes the service's events", async () => {
  const events = new Queue('events', { connection, prefix: prefix() });
  await events.drain();
  const seen: any[] = [];
  const worker = new Worker('events', async (job) => void seen.push({ name: job.name, ...job.data }), {
    connection,
    prefix: prefix(),
  });
  try {
    const sale = await sell();
    await expect.poll(() => seen.length).toBeGreaterThan(0);
    expect(seen).toEqual([
      {
        name: 'sale.created',
        tenantId: shop.tenantId,
        id: sale.id,
        locationId: shop.location.id,
        receiptNumber: sale.receiptNumber,
        businessDay: sale.businessDay,
        total: sale.total,
        taxTotal: sale.taxTotal,
        discountTotal: sale.discountTotal,
        occurredAt: sale.occurredAt,
      },
    ]);
  } finally {
    // Without waiting for what Node's worker waits for.
    await worker.close(true);
    await events.close();
  }
});

test('an external scheduler triggers a job over HTTP, with its token alone', async () => {
  const token = randomBytes(32).toString('base64url');
  const own = await startService({
    database: service.database,
    env: { ...service.secrets, SCHEDULER_TOKEN: token, JOB_QUEUES: 'maintenance' },
  });
  const trigger = (headers: Record<string, string>, name = 'maintenance.clean_up') =>
    own.api('POST', `/internal/schedules/${name}/trigger`, { headers });
  const queue = new Queue('maintenance', { connection, prefix: prefix() });
  try {
    const reply = await trigger({ authorization: `Bearer ${token}`, 'idempotency-key': 'once' });
    expect(reply.status, reply.text).toBe(202);
    const job = await expect
      .poll(() => queue.getJob(reply.body.jobId))
      .toBeDefined()
      .then(() => queue.getJob(reply.body.jobId));
    await expect.poll(() => job!.getState()).toBe('completed');
    // The scheme in any spelling, the key quoted or bare.
    expect((await trigger({ authorization: `bearer ${token}`, 'idempotency-key': '"once"' })).body).toEqual(reply.body);
    for (const key of ['', '""', 'two words', 'k'.repeat(256)])
      expect((await trigger({ authorization: `Bearer ${token}`, 'idempotency-key': key })).status, key).toBe(422);
    expect((await trigger({})).status).toBe(401);
    expect((await trigger({ authorization: `Bearer ${shop.token}` })).status).toBe(401);
    expect((await trigger({ authorization: `Bearer ${token}` }, 'no.such')).status).toBe(404);
    // Without the setting there is no such route.
    expect((await service.api('POST', '/internal/schedules/maintenance.clean_up/trigger')).status).toBe(404);
  } finally {
    await queue.close();
    await own.stop();
  }
});
