// Our workers and producers and Node's on one queue at the same time.
import { expect } from 'vitest';
import { test, type TestQueue } from '../support/jobs.js';
import { until } from '../support/until.js';

const hour = 3_600_000;

async function startBoth(q: TestQueue, env: Record<string, string> = {}): Promise<void> {
  await Promise.all([
    q.startWorker({ CONCURRENCY: '4', WORKER_NAME: 'ours', ...env }),
    q.startNodeWorker({ CONCURRENCY: '4', WORKER_NAME: 'node', ...env }),
  ]);
}

// How many jobs each worker took.
async function shares(q: TestQueue, ids: (string | undefined)[]): Promise<Record<string, number>> {
  const shares: Record<string, number> = {};
  for (const id of ids) {
    const { processedBy } = await q.job(id);
    shares[processedBy!] = (shares[processedBy!] ?? 0) + 1;
  }
  return shares;
}

test('each job is run once, and both take their share', async ({ q }) => {
  await startBoth(q);
  const bulk = Array.from({ length: 200 }, () => ({ name: 'sleep', data: { ms: 40 } }));
  const { ids } = await q.startProducer().call('bulk', { jobs: bulk });
  const added = await q.queue.addBulk(bulk);
  const all = [...ids, ...added.map(({ id }) => id)];
  await q.trail.when(() => q.trail.count('completed') >= 400);
  expect(q.trail.ids('completed').sort()).toEqual(all.sort());
  expect(q.trail.count('active')).toBe(400);
  const { ours, node } = await shares(q, all);
  expect(ours).toBeGreaterThan(50);
  expect(node).toBeGreaterThan(50);
});

test('the attempts of one job, whoever makes them', async ({ q }) => {
  await startBoth(q, { CONCURRENCY: '1' });
  const jobs = await q.queue.addBulk(
    Array.from({ length: 10 }, () => ({ name: 'flaky', data: { succeedOn: 5 }, opts: { attempts: 6, backoff: 20 } })),
  );
  for (const { id } of jobs) {
    expect((await q.settled(id)).state).toBe('completed');
    expect(await q.runs(id)).toEqual({ started: 6, made: 6, stalled: 0 });
    expect((await q.job(id)).stacktrace).toHaveLength(5);
  }
});

test('flows whose generations are run by either', async ({ q }) => {
  await startBoth(q);
  const producer = q.startProducer();
  const children = Array.from({ length: 6 }, (_, data) => ({ name: 'echo', data }));
  const middle = Array.from({ length: 4 }, (_, data) => ({ name: 'echo', data, children }));
  const flow = { name: 'echo', data: 'top', children: middle };
  const { id } = await producer.call('flow', { flow });
  const placed = (node: any): any => ({ ...node, queueName: q.name, children: node.children?.map(placed) });
  const nodes = await q.flows.add(placed(flow));
  expect(await q.value(id)).toBe('top');
  expect(await q.value(nodes.job.id)).toBe('top');
  expect(q.trail.count('completed')).toBe(2 * (1 + 4 + 4 * 6));
});

test('a schedule has one next iteration, whoever takes the present one', async ({ q }) => {
  await startBoth(q);
  await q.startProducer().call('scheduler', { id: 'a', repeat: { every: 60, limit: 15 }, template: { name: 'echo' } });
  await q.queue.upsertJobScheduler('b', { every: 70, limit: 15 }, { name: 'echo' });
  await q.trail.when(() => q.trail.count('completed') >= 30);
  expect(new Set(q.trail.ids('completed')).size).toBe(30);
  await until(async () => (await q.queue.getJobCountByTypes('delayed', 'waiting', 'active')) === 0);
});

test('one custom id and one deduplication id, from both sides at once', async ({ q }) => {
  const producer = q.startProducer();
  const opts = { deduplication: { id: 'd', ttl: hour } };
  await Promise.all([
    ...Array.from({ length: 20 }, () => producer.add('echo', 1, { jobId: 'one' })),
    ...Array.from({ length: 20 }, () => q.queue.add('echo', 1, { jobId: 'one' })),
    ...Array.from({ length: 20 }, () => producer.add('echo', 2, opts)),
    ...Array.from({ length: 20 }, () => q.queue.add('echo', 2, opts)),
  ]);
  await startBoth(q);
  await q.trail.when(() => q.trail.count('completed') === 2);
  await until(async () => (await q.queue.getJobCountByTypes('waiting', 'active')) === 0);
  expect(q.trail.count('active')).toBe(2);
  expect(q.trail.count('duplicated')).toBe(39);
  expect(q.trail.count('deduplicated')).toBe(39);
});

test('delayed and prioritized jobs of both', async ({ q }) => {
  const producer = q.startProducer();
  const ids = await Promise.all(
    Array.from({ length: 20 }, async (_, n) => {
      const opts = n % 2 ? { delay: 20 * n, priority: n } : { priority: n + 1 };
      return n % 4 < 2 ? producer.add('echo', n, opts) : (await q.queue.add('echo', n, opts)).id!;
    }),
  );
  await startBoth(q);
  for (const [n, id] of ids.entries()) expect(await q.value(id)).toBe(n);
  expect(q.trail.count('active')).toBe(20);
});

test('pause and global concurrency bind both', async ({ q }) => {
  await startBoth(q);
  const producer = q.startProducer();
  await producer.call('pause');
  await q.queue.setGlobalConcurrency(1);
  const jobs = await q.queue.addBulk(Array.from({ length: 8 }, () => ({ name: 'sleep', data: { ms: 40 } })));
  expect(await q.queue.isPaused()).toBe(true);
  expect(q.trail.count('active')).toBe(0);
  await producer.call('resume');
  for (const { id } of jobs) await q.value(id);
  const order = q.trail.entries
    .filter(({ event }) => event === 'active' || event === 'completed')
    .map(({ event }) => event);
  expect(order).toEqual(jobs.flatMap(() => ['active', 'completed']));
});

test('workers come and go, nothing is lost', async ({ q }) => {
  const producer = q.startProducer();
  const jobs = Array.from({ length: 300 }, () => ({ name: 'sleep', data: { ms: 15 } }));
  const { ids } = await producer.call('bulk', { jobs });
  for (let turn = 0; turn < 3; ++turn) {
    const [ours, node] = await Promise.all([
      q.startWorker({ CONCURRENCY: '4' }),
      q.startNodeWorker({ CONCURRENCY: '4' }),
    ]);
    const share = 60 * (turn + 1);
    await q.trail.when(() => q.trail.count('completed') >= share);
    expect([(await ours.stop()).code, (await node.stop()).code]).toEqual([0, 0]);
    expect(await q.queue.getActiveCount()).toBe(0);
  }
  await startBoth(q);
  await q.trail.when(() => q.trail.count('completed') >= 300);
  expect(q.trail.ids('completed').sort()).toEqual(ids.sort());
  expect(q.trail.count('active')).toBe(300);
});
