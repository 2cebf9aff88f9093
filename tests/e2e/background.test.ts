// Background work as an operator runs it: `serve` enqueues and relays, `worker` runs the jobs; Node's own BullMQ on the same queues.
import { Queue, Worker } from 'bullmq';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment } from './support/environment.js';
import { Process, run } from './support/process.js';
import { type Service, serviceEnvironment, startService } from './support/service.js';
import { openShop, saleFor, type Shop } from './support/shop.js';

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

describe('backend-api worker', () => {
  test('runs what the server has left in the outbox, and ends on SIGTERM', async () => {
    const before = await counted();
    await sell();
    await sell();
    const worker = new Process(environment.binary, ['worker', '--concurrency', '2'], env);
    await worker.line((line) => line.msg === 'running jobs');
    await expect.poll(counted, { timeout: 20_000 }).toBe(before + 2);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  });

  test('says what is wrong with its start', async () => {
    const unknown = await run(environment.binary, ['worker', '--queues', 'no-such-queue'], env);
    expect(unknown.code).toBe(1);
    expect(unknown.output).toContain('no-such-queue');
    const nowhere = await run(environment.binary, ['worker'], { ...env, REDIS_URL: undefined });
    expect(nowhere.code).toBe(78);
    expect(nowhere.output).toContain('REDIS_URL');
  });

  test('keeps one scheduler for all instances, which Node sees', async () => {
    const workers = [0, 1].map(() => new Process(environment.binary, ['worker', '--queues', 'maintenance'], env));
    await Promise.all(workers.map((worker) => worker.line((line) => line.msg === 'running jobs')));
    const queue = new Queue('maintenance', { connection, prefix: prefix() });
    try {
      await expect.poll(() => queue.getJobSchedulersCount(), { timeout: 10_000 }).toBe(1);
      const [scheduler] = await queue.getJobSchedulers();
      expect(scheduler).toMatchObject({ key: 'maintenance.clean_up', pattern: '17 * * * *', tz: 'UTC' });
      expect(new Date(scheduler!.next!).getUTCMinutes()).toBe(17);
    } finally {
      await queue.close();
      await Promise.all(workers.map((worker) => worker.stop()));
    }
  });
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
    await expect.poll(() => seen.length, { timeout: 10_000 }).toBeGreaterThan(0);
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
    await worker.close();
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
      .poll(() => queue.getJob(reply.body.jobId), { timeout: 10_000 })
      .toBeDefined()
      .then(() => queue.getJob(reply.body.jobId));
    await expect.poll(() => job!.getState(), { timeout: 10_000 }).toBe('completed');
    expect((await trigger({ authorization: `Bearer ${token}`, 'idempotency-key': 'once' })).body).toEqual(reply.body);
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
