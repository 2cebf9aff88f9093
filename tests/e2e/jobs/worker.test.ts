// Jobs of Node's Queue and FlowProducer, run by our worker (examples/worker).
import { randomBytes } from 'node:crypto';
import type { JobsOptions } from 'bullmq';
import { describe, expect } from 'vitest';
import { millisecondsOf, test, type TestQueue } from '../support/jobs.js';
import { keyspaceOf } from '../support/keyspace.js';
import { until } from '../support/until.js';

const hour = 3_600_000;

// Everything that is added before a worker may take it: the order in which it then starts is the queue's.
async function startsInOrder(q: TestQueue, jobs: { data: string; opts?: JobsOptions }[]): Promise<string[]> {
  await q.queue.pause();
  const label = new Map<string, string>();
  for (const { data, opts } of jobs) label.set((await q.queue.add('echo', data, opts)).id!, data);
  await q.queue.resume();
  await q.trail.when(() => q.trail.count('completed') >= jobs.length);
  return q.trail.ids('active').map((id) => label.get(id)!);
}

// What was running at once at most.
async function mostAtOnce(q: TestQueue, jobIds: (string | undefined)[]): Promise<number> {
  const jobs = await Promise.all(jobIds.map((id) => q.job(id)));
  const steps = jobs.flatMap((job) => [
    { at: job.processedOn!, step: 1 },
    { at: job.finishedOn!, step: -1 },
  ]);
  // At one millisecond an end counts before a start.
  steps.sort((one, other) => one.at - other.at || one.step - other.step);
  let running = 0;
  return steps.reduce((most, { step }) => Math.max(most, (running += step)), 0);
}

describe('handlers', () => {
  test('echo gives back what came', async ({ q }) => {
    await q.startWorker();
    const everything = [
      { a: 1, nested: { list: [1, 2.5, -3], yes: true, none: null } },
      {},
      [1, 'two', [3]],
      [],
      'plain',
      '',
      { text: 'Ünïcödé 漢字 🧾 \u0000 \u2028 "quoted" \\ /' },
      null,
      12.5,
      false,
      { greatest: Number.MAX_SAFE_INTEGER, least: Number.MIN_SAFE_INTEGER, tiny: 5e-324, huge: 1.7976931348623157e308 },
      { blob: randomBytes(500_000).toString('hex') },
    ];
    const jobs = await q.queue.addBulk(everything.map((data) => ({ name: 'echo', data })));
    for (const [index, { id }] of jobs.entries()) {
      expect(await q.value(id)).toEqual(everything[index]);
      expect((await q.job(id)).returnvalue).toEqual(everything[index]);
    }
  });

  test('echo of no data gives an empty object', async ({ q }) => {
    await q.startWorker();
    expect(await q.value((await q.queue.add('echo', undefined)).id)).toEqual({});
  });

  test('fail leaves reason and stack', async ({ q }) => {
    await q.startWorker();
    const { id } = await q.queue.add('fail', {});
    expect(await q.settled(id)).toEqual({ state: 'failed', reason: 'boom' });
    const job = await q.job(id);
    expect(job.failedReason).toBe('boom');
    expect(job.stacktrace).toEqual([expect.stringContaining('boom')]);
    expect(job.finishedOn).toBeGreaterThanOrEqual(job.processedOn!);
    expect(await q.runs(id)).toEqual({ started: 1, made: 1, stalled: 0 });
    expect(q.trail.of(id)).toEqual(['added', 'waiting', 'active', 'failed', 'retries-exhausted']);
  });

  test('progress is told by QueueEvents, step by step', async ({ q }) => {
    const told: unknown[] = [];
    q.events.on('progress', ({ data }) => told.push(data));
    const completed = new Promise((resolve) => q.events.on('completed', ({ returnvalue }) => resolve(returnvalue)));
    await q.startWorker();
    const { id } = await q.queue.add('progress', {});
    expect(await completed).toBe('done');
    expect(told).toEqual([25, 50, 75, 100]);
    expect((await q.job(id)).progress).toBe(100);
  });

  test('a producer waits for the end', async ({ q }) => {
    await q.startWorker();
    const job = await q.queue.add('sleep', { ms: 50 });
    expect(await job.waitUntilFinished(q.events)).toBe(50);
    await expect((await q.queue.add('fail', {})).waitUntilFinished(q.events)).rejects.toThrow('boom');
  });

  test('log rows are kept in order', async ({ q }) => {
    await q.startWorker();
    const lines = ['one', 'zwei', '三', ''];
    const { id } = await q.queue.add('log', { lines });
    expect(await q.value(id)).toBe(4);
    expect(await q.queue.getJobLogs(id!)).toEqual({ logs: lines, count: 4 });
  });

  test('keepLogs keeps the last rows', async ({ q }) => {
    await q.startWorker();
    const { id } = await q.queue.add('log', { lines: ['1', '2', '3', '4', '5'] }, { keepLogs: 2 });
    expect(await q.value(id)).toBe(5);
    expect(await q.queue.getJobLogs(id!)).toEqual({ logs: ['4', '5'], count: 2 });
  });

  test('a job with a name that the worker does not know stays in the queue', async ({ q }) => {
    await q.startWorker();
    const { id } = await q.queue.add('no-such-thing', {}, { attempts: 5 });
    await q.trail.find(({ event, jobId }) => event === 'delayed' && jobId === id);
    expect(await q.queue.getJobState(id!)).toBe('delayed');
    expect(await q.runs(id)).toEqual({ started: 1, made: 0, stalled: 0 });
    await q.value((await q.queue.add('echo', 'after')).id);
  });

  test('the worker that took a job is named', async ({ q }) => {
    await q.startWorker({ WORKER_NAME: 'till-7' });
    const { id } = await q.queue.add('echo', {});
    await q.settled(id);
    expect((await q.job(id)).processedBy).toBe('till-7');
  });
});

describe('order', () => {
  test('first in, first out', async ({ q }) => {
    await q.startWorker();
    const order = await startsInOrder(q, [{ data: 'a' }, { data: 'b' }, { data: 'c' }]);
    expect(order).toEqual(['a', 'b', 'c']);
  });

  test('LIFO jobs go before', async ({ q }) => {
    await q.startWorker();
    const order = await startsInOrder(q, [
      { data: 'a' },
      { data: 'b', opts: { lifo: true } },
      { data: 'c', opts: { lifo: true } },
    ]);
    expect(order).toEqual(['c', 'b', 'a']);
  });

  test('by priority, ordinary jobs first, equals as they came', async ({ q }) => {
    await q.startWorker();
    const order = await startsInOrder(q, [
      { data: 'low', opts: { priority: 2_097_151 } },
      { data: 'middle 1', opts: { priority: 10 } },
      { data: 'high', opts: { priority: 1 } },
      { data: 'middle 2', opts: { priority: 10 } },
      { data: 'ordinary' },
    ]);
    expect(order).toEqual(['ordinary', 'high', 'middle 1', 'middle 2', 'low']);
  });

  test('delayed jobs start when due, in the order of their times', async ({ q }) => {
    await q.startWorker();
    const delays = [900, 300, 600];
    const jobs = await Promise.all(delays.map((delay) => q.queue.add('echo', delay, { delay })));
    await q.trail.when(() => q.trail.count('completed') === 3);
    expect(q.trail.ids('active')).toEqual([jobs[1]!.id, jobs[2]!.id, jobs[0]!.id]);
    for (const { id, timestamp, opts } of jobs)
      expect((await q.job(id)).processedOn).toBeGreaterThanOrEqual(timestamp + opts.delay!);
  });

  test('a bulk of a thousand', async ({ q }) => {
    await q.startWorker({ CONCURRENCY: '16' });
    const jobs = await q.queue.addBulk(Array.from({ length: 1_000 }, (_, data) => ({ name: 'echo', data })));
    await q.trail.when(() => q.trail.count('completed') >= 1_000);
    expect(new Set(q.trail.ids('completed'))).toEqual(new Set(jobs.map(({ id }) => id)));
    expect(q.trail.count('active')).toBe(1_000);
    expect(await q.queue.getJobCounts('completed', 'active', 'waiting')).toEqual({
      completed: 1_000,
      active: 0,
      waiting: 0,
    });
  });
});

describe('ids', () => {
  test('a custom id runs once, however often it is added', async ({ q }) => {
    await q.startWorker();
    const first = await q.queue.add('echo', 1, { jobId: 'invoice-7' });
    expect(await q.value(first.id)).toBe(1);
    await q.queue.add('echo', 2, { jobId: 'invoice-7' });
    await q.value((await q.queue.add('echo', 'after')).id);
    expect(q.trail.of('invoice-7')).toEqual(['added', 'waiting', 'active', 'completed', 'duplicated']);
    expect((await q.job('invoice-7')).data).toBe(1);
  });

  test('a deduplication key lasts as long as its job runs', async ({ q }) => {
    await q.startWorker();
    const opts = { deduplication: { id: 'stock-count' } };
    const owner = await q.queue.add('sleep', { ms: 4_000 }, opts);
    await q.active(owner.id);
    expect((await q.queue.add('sleep', { ms: 0 }, opts)).id).toBe(owner.id);
    await q.value(owner.id);
    const next = await q.queue.add('sleep', { ms: 0 }, opts);
    expect(next.id).not.toBe(owner.id);
    expect(await q.value(next.id)).toBe(0);
    expect(q.trail.count('deduplicated')).toBe(1);
  });

  test('a failed job lets go of its deduplication key too', async ({ q }) => {
    await q.startWorker();
    const owner = await q.queue.add('fail', {}, { deduplication: { id: 'd' } });
    await q.settled(owner.id);
    expect(await q.queue.getDeduplicationJobId('d')).toBeNull();
  });

  test('keepLastIfActive runs the newest of those that came meanwhile', async ({ q }) => {
    await q.startWorker();
    const opts = { deduplication: { id: 'd', keepLastIfActive: true } };
    const owner = await q.queue.add('sleep', { ms: 4_000 }, opts);
    await q.active(owner.id);
    for (const ms of [1, 2, 3]) await q.queue.add('sleep', { ms }, opts);
    await q.trail.when(() => q.trail.count('completed') === 2);
    expect(await Promise.all(q.trail.ids('completed').map((id) => q.value(id)))).toEqual([4_000, 3]);
  });
});

describe('attempts', () => {
  test('without back-off the next attempt follows at once', async ({ q }) => {
    await q.startWorker();
    const { id } = await q.queue.add('flaky', { succeedOn: 2 }, { attempts: 5 });
    expect((await q.settled(id)).state).toBe('completed');
    expect(await q.runs(id)).toEqual({ started: 3, made: 3, stalled: 0 });
    const again = ['waiting', 'active'];
    expect(q.trail.of(id)).toEqual(['added', ...again, ...again, ...again, 'completed']);
    const job = await q.job(id);
    expect(job.stacktrace).toHaveLength(2);
    expect(job.failedReason, 'is kept after the success').toBeTruthy();
  });

  test('the last failure counts', async ({ q }) => {
    await q.startWorker();
    const { id } = await q.queue.add('fail', {}, { attempts: 3 });
    expect(await q.settled(id)).toEqual({ state: 'failed', reason: 'boom' });
    expect(await q.runs(id)).toEqual({ started: 3, made: 3, stalled: 0 });
    expect((await q.job(id)).stacktrace).toHaveLength(3);
    expect(q.trail.entries.filter(({ event }) => event === 'retries-exhausted')).toMatchObject([{ attemptsMade: '3' }]);
  });

  test.for([
    { backoff: 300, full: [300, 300, 300], jitter: 0 },
    { backoff: { type: 'fixed', delay: 300 }, full: [300, 300, 300], jitter: 0 },
    { backoff: { type: 'exponential', delay: 300 }, full: [300, 600, 1200], jitter: 0 },
    { backoff: { type: 'fixed', delay: 600, jitter: 0.5 }, full: [600, 600, 600], jitter: 0.5 },
    { backoff: { type: 'exponential', delay: 300, jitter: 0.9 }, full: [300, 600, 1200], jitter: 0.9 },
  ])('back-off $backoff', async ({ backoff, full, jitter }, { q }) => {
    await q.startWorker();
    const { id } = await q.queue.add('fail', {}, { attempts: 4, backoff });
    await q.settled(id);
    // The event tells when the job will be due; it is written in the moment in which the job is put off.
    const delays = q.trail.entries
      .filter(({ event }) => event === 'delayed')
      .map((entry) => Number(entry.delay) - millisecondsOf(entry));
    expect(delays).toHaveLength(3);
    for (const [index, delay] of delays.entries()) expect(delay).toBeLessThanOrEqual(full[index]! + 1);
    // Between the client's clock and the event lies the way to Redis, which is long on a busy machine, but not each time.
    const lags = delays.map((delay, index) => full[index]! * (1 - jitter) - delay);
    expect(Math.min(...lags)).toBeLessThanOrEqual(250);
    expect(await q.runs(id)).toEqual({ started: 4, made: 4, stalled: 0 });
  });

  test('jitter differs from job to job', async ({ q }) => {
    await q.startWorker({ CONCURRENCY: '8' });
    const opts = { attempts: 2, backoff: { type: 'fixed', delay: 100_000, jitter: 1 } };
    await q.queue.addBulk(Array.from({ length: 8 }, () => ({ name: 'fail', data: {}, opts })));
    await q.trail.when(() => q.trail.count('delayed') === 8);
    const delays = q.trail.entries
      .filter(({ event }) => event === 'delayed')
      .map((e) => Number(e.delay) - millisecondsOf(e));
    expect(Math.max(...delays) - Math.min(...delays)).toBeGreaterThan(5_000); // of 100,000: by chance in 1 of 10^9 runs
    expect(Math.max(...delays)).toBeLessThanOrEqual(100_001);
  });

  test.for([
    [undefined, 4],
    [10, 4],
    [2, 2],
    [0, 0],
  ] as const)('stackTraceLimit %s keeps %s stacks', async ([stackTraceLimit, kept], { q }) => {
    await q.startWorker();
    const { id } = await q.queue.add(
      'fail',
      {},
      { attempts: 4, ...(stackTraceLimit === undefined ? {} : { stackTraceLimit }) },
    );
    await q.settled(id);
    expect((await q.job(id)).stacktrace).toHaveLength(kept);
  });

  test('data that the handler cannot take fails at once, whatever attempts are left', async ({ q }) => {
    await q.startWorker();
    const opts = { attempts: 5, backoff: 1_000 };
    const wrong: [string, unknown][] = [
      ['sleep', { ms: 'soon' }],
      ['sleep', {}],
      ['sleep', [1]],
      ['sleep', null],
      ['log', { lines: 'one' }],
      ['log', { lines: [1] }],
      ['flaky', { succeedOn: 'never' }],
    ];
    const jobs = await q.queue.addBulk(wrong.map(([name, data]) => ({ name, data, opts })));
    for (const { id } of jobs) {
      expect((await q.settled(id)).state).toBe('failed');
      expect(await q.runs(id)).toEqual({ started: 1, made: 1, stalled: 0 });
    }
    expect(q.trail.count('delayed')).toBe(0);
  });

  test('a prioritized job that fails keeps its priority', async ({ q }) => {
    await q.startWorker();
    const { id } = await q.queue.add('flaky', { succeedOn: 1 }, { attempts: 2, priority: 5 });
    expect((await q.settled(id)).state).toBe('completed');
    expect((await q.job(id)).priority).toBe(5);
  });
});

describe('retention', () => {
  const five = (name: string, opts: JobsOptions) => Array.from({ length: 5 }, () => ({ name, data: {}, opts }));

  test.for([
    ['removeOnComplete', 'echo', 'completed'],
    ['removeOnFail', 'fail', 'failed'],
  ] as const)('%s', async ([option, name, state], { q }) => {
    await q.startWorker();
    const forms: [JobsOptions['removeOnComplete'], number][] = [
      [true, 0],
      [false, 5],
      [2, 2],
      [{ count: 3 }, 3],
      [{ age: 3_600 }, 5],
      [{ age: 3_600, count: 1 }, 1],
      [{ age: 3_600, count: 4, limit: 10 }, 4],
    ];
    for (const [form, kept] of forms) {
      const jobs = await q.queue.addBulk(five(name, { [option]: form }));
      await Promise.all(jobs.map(({ id }) => q.settled(id)));
      expect(await q.queue.getJobCountByTypes(state), JSON.stringify(form)).toBe(kept);
      await q.queue.clean(0, 0, state);
    }
  });

  test('age removes what is older', async ({ q }) => {
    await q.startWorker();
    const old = await q.queue.add('echo', 'old');
    await q.settled(old.id);
    // Of last year.
    await q.redis.zadd(q.key('completed'), Date.now() - 365 * 24 * hour, old.id!);
    const young = await q.queue.add('echo', 'young', { removeOnComplete: { age: 24 * 3_600 } });
    await q.settled(young.id);
    expect((await q.queue.getCompleted()).map(({ id }) => id)).toEqual([young.id]);
  });
});

// One after another, on both the same jobs: events, fields and lists must come out alike.
test('leaves in Redis what Node leaves', async ({ q, beside }) => {
  const work = async (on: TestQueue): Promise<unknown> => {
    await on.queue.pause();
    const jobs: [string, unknown, JobsOptions?][] = [
      ['echo', { a: 1, b: ['ü', null] }],
      ['fail', {}],
      ['fail', {}, { attempts: 3, stackTraceLimit: 2 }],
      ['flaky', { succeedOn: 2 }, { attempts: 3 }],
      ['flaky', { succeedOn: 1 }, { attempts: 2, lifo: true }],
      ['flaky', { succeedOn: 1 }, { attempts: 2, priority: 4 }],
      ['progress', {}],
      ['log', { lines: ['a', 'b', 'c'] }, { keepLogs: 2 }],
      ['echo', 'gone', { removeOnComplete: true }],
      ['fail', 'gone', { removeOnFail: true }],
      // Not by count: of two that end in one millisecond, that keeps the one with the greater id.
      ['echo', 'few', { removeOnComplete: { age: hour } }],
      ['echo', 'prioritized', { priority: 3 }],
      ['echo', 'with an id', { jobId: 'mine' }],
      ['echo', 'once', { deduplication: { id: 'd' } }],
      ['echo', 'throttled', { deduplication: { id: 't', ttl: hour } }],
    ];
    for (const [name, data, opts] of jobs) await on.queue.add(name, data, opts);
    const child = (name: string, opts: JobsOptions) => ({ name, data: {}, queueName: on.name, opts });
    for (const opts of [
      { failParentOnFailure: true },
      { continueParentOnFailure: true },
      { ignoreDependencyOnFailure: true },
      { removeDependencyOnFailure: true },
      {},
    ]) {
      // A parent that continues does so before its other children have ended: see below.
      const children = [child('fail', opts), ...('continueParentOnFailure' in opts ? [] : [child('echo', opts)])];
      await on.flows.add({ ...child('echo', { attempts: 2 }), children });
    }
    await on.queue.resume();
    await until(async () => (await on.queue.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized')) === 0);
    // The last marker is taken by the worker when it has nothing more to do.
    await until(async () => (await on.redis.exists(on.key('marker'))) === 0);
    await on.workers[0]!.stop();
    const keyspace = await keyspaceOf(on.redis, on.name);
    delete keyspace['stalled-check']; // it expires by itself
    return keyspace;
  };
  await Promise.all([q.startWorker(), beside.startNodeWorker()]);
  const [ours, node] = await Promise.all([work(q), work(beside)]);
  expect(ours).toEqual(node);
});

describe('flows', () => {
  const child = (q: TestQueue, name: string, data: unknown, opts: JobsOptions = {}) => ({
    name,
    data,
    queueName: q.name,
    opts,
  });
  const parent = (q: TestQueue, children: ReturnType<typeof child>[], opts: JobsOptions = {}) => ({
    ...child(q, 'echo', 'parent', opts),
    children,
  });

  test('the parent runs after all its children and has their results', async ({ q }) => {
    await q.startWorker({ CONCURRENCY: '4' });
    const flow = await q.flows.add(
      parent(
        q,
        [1, 2, 3].map((n) => child(q, 'echo', { n })),
      ),
    );
    expect(await q.value(flow.job.id)).toBe('parent');
    expect(q.trail.ids('completed').at(-1)).toBe(flow.job.id);
    expect(Object.values(await (await q.job(flow.job.id)).getChildrenValues())).toEqual(
      expect.arrayContaining([{ n: 1 }, { n: 2 }, { n: 3 }]),
    );
  });

  test('three generations', async ({ q }) => {
    await q.startWorker();
    const middle = { ...child(q, 'echo', 'middle'), children: [child(q, 'echo', 'grandchild')] };
    const flow = await q.flows.add({ ...child(q, 'echo', 'top'), children: [middle] });
    expect(await q.value(flow.job.id)).toBe('top');
    expect(await Promise.all(q.trail.ids('completed').map((id) => q.value(id)))).toEqual([
      'grandchild',
      'middle',
      'top',
    ]);
  });

  test('failParentOnFailure: the parent fails unrun, without a retry', async ({ q }) => {
    await q.startWorker();
    const flow = await q.flows.add(
      parent(q, [child(q, 'fail', {}, { failParentOnFailure: true })], { attempts: 5, backoff: 1_000 }),
    );
    const failed = flow.children![0]!.job;
    expect(await q.settled(flow.job.id)).toEqual({
      state: 'failed',
      reason: `child ${q.key(failed.id!)} failed`,
    });
    expect(q.trail.of(flow.job.id).filter((event) => event === 'delayed')).toEqual([]);
    expect((await q.job(flow.job.id)).deferredFailure).toBeUndefined();
    expect((await q.job(flow.job.id)).returnvalue).toBeNull();
  });

  test('failParentOnFailure rises through the generations', async ({ q }) => {
    await q.startWorker();
    const up = { failParentOnFailure: true };
    const middle = { ...child(q, 'echo', 'middle', up), children: [child(q, 'fail', {}, up)] };
    const flow = await q.flows.add({ ...child(q, 'echo', 'top'), children: [middle] });
    expect((await q.settled(flow.job.id)).state).toBe('failed');
  });

  test('ignoreDependencyOnFailure: the parent runs and knows the reason', async ({ q }) => {
    await q.startWorker();
    const flow = await q.flows.add(
      parent(q, [child(q, 'fail', {}, { ignoreDependencyOnFailure: true }), child(q, 'echo', 1)]),
    );
    expect(await q.value(flow.job.id)).toBe('parent');
    expect(Object.values(await (await q.job(flow.job.id)).getIgnoredChildrenFailures())).toEqual(['boom']);
  });

  test('removeDependencyOnFailure: the parent runs as if there were no such child', async ({ q }) => {
    await q.startWorker();
    const flow = await q.flows.add(parent(q, [child(q, 'fail', {}, { removeDependencyOnFailure: true })]));
    expect(await q.value(flow.job.id)).toBe('parent');
    expect(await (await q.job(flow.job.id)).getChildrenValues()).toEqual({});
  });

  test('continueParentOnFailure: the parent runs at once and knows the reason', async ({ q }) => {
    await q.startWorker();
    const flow = await q.flows.add(parent(q, [child(q, 'fail', {}, { continueParentOnFailure: true })]));
    expect(await q.value(flow.job.id)).toBe('parent');
    expect(Object.values(await (await q.job(flow.job.id)).getIgnoredChildrenFailures())).toEqual(['boom']);
  });

  test('a parent that ran before its other children ended cannot complete', async ({ q }) => {
    await q.startWorker();
    const flow = await q.flows.add(
      parent(q, [
        child(q, 'fail', {}, { continueParentOnFailure: true }),
        child(q, 'echo', 'late', { delay: hour, continueParentOnFailure: true }),
      ]),
    );
    expect(await q.settled(flow.job.id)).toEqual({
      state: 'failed',
      reason: expect.stringMatching(/dependencies|children/i),
    });
    await q.value((await q.queue.add('echo', 'after')).id);
  });

  test('without a flag the parent waits until the child is retried', async ({ q }) => {
    await q.startWorker();
    const flow = await q.flows.add(parent(q, [child(q, 'flaky', { succeedOn: 1 })]));
    const failed = flow.children![0]!.job.id;
    expect((await q.settled(failed)).state).toBe('failed');
    expect(await q.queue.getJobState(flow.job.id!)).toBe('waiting-children');
    await (await q.job(failed)).retry();
    expect(await q.value(flow.job.id)).toBe('parent');
  });

  test('a child with attempts left does not fail its parent', async ({ q }) => {
    await q.startWorker();
    const flow = await q.flows.add(
      parent(q, [child(q, 'flaky', { succeedOn: 2 }, { attempts: 3, failParentOnFailure: true })]),
    );
    expect(await q.value(flow.job.id)).toBe('parent');
  });

  test('a parent in another queue', async ({ q }) => {
    await q.startWorker();
    const elsewhere = `${q.name}-parents`;
    const flow = await q.flows.add({
      name: 'echo',
      queueName: elsewhere,
      data: 'parent',
      children: [child(q, 'echo', 'child')],
    });
    await q.value(flow.children![0]!.job.id);
    expect(await until(async () => (await flow.job.getState()) === 'waiting')).toBe(true);
    await flow.job.remove();
    await q.redis.del(...(await q.redis.keys(`bull:${elsewhere}:*`)));
  });
});

describe('schedulers', () => {
  test('every: the worker makes each next iteration, up to the limit', async ({ q }) => {
    await q.startWorker();
    await q.queue.upsertJobScheduler('tick', { every: 150, limit: 4 }, { name: 'echo', data: { n: 1 } });
    await q.trail.when(() => q.trail.count('completed') === 4);
    const starts = q.trail.ids('completed').map((id) => Number(id.split(':').at(-1)));
    for (const [index, at] of starts.entries()) if (index > 0) expect(at - starts[index - 1]!).toBe(150);
    expect(await q.queue.getJobCountByTypes('delayed', 'waiting')).toBe(0);
    for (const id of q.trail.ids('completed')) expect(await q.value(id)).toEqual({ n: 1 });
  });

  test('a pattern with seconds', async ({ q }) => {
    await q.startWorker();
    await q.queue.upsertJobScheduler(
      'second',
      { pattern: '* * * * * *', limit: 3, tz: 'Africa/Nairobi' },
      { name: 'echo' },
    );
    await q.trail.when(() => q.trail.count('completed') === 3);
    const ids = q.trail.ids('completed');
    const starts = ids.map((id) => Number(id.split(':').at(-1)));
    expect(starts.map((at) => at % 1_000)).toEqual([0, 0, 0]);
    for (const [index, id] of ids.slice(0, -1).entries()) {
      const { processedOn } = (await q.queue.getJob(id))!;
      const next = starts[index + 1]!;
      expect(next).toBeGreaterThan(starts[index]!);
      // The next second once a job has begun: one that has passed by then, on a slow machine, is left out.
      expect(next).toBeLessThanOrEqual(Math.max(starts[index]!, processedOn! + 50) + 1_000);
    }
  });

  // The worker that takes an iteration reckons the next; brought forward by hand it is the one after.
  test('the iteration after the next is the one that Node reckons', async ({ q, beside }) => {
    const repeats = [
      { pattern: '0 3 * * *', tz: 'Africa/Nairobi' },
      { pattern: '30 2 * * *', tz: 'Europe/Berlin' },
      { pattern: '*/7 9-17 * * MON-FRI', tz: 'America/New_York' },
      { pattern: '0 0 L * *', tz: 'Asia/Kathmandu' },
      { pattern: '0 12 * * 5L', tz: 'UTC' },
      { pattern: '15 10 13 * FRI', tz: 'Pacific/Auckland' },
      { pattern: '@monthly', tz: 'America/Sao_Paulo' },
      { pattern: '0 0 * * 1#2', tz: 'Australia/Lord_Howe' },
      { pattern: '30 5/20 1-10/3 29 2 *', tz: 'Europe/London' },
    ];
    const afterNext = async (queue: TestQueue): Promise<Date[]> => {
      for (const repeat of repeats) await queue.queue.upsertJobScheduler(repeat.pattern, repeat, { name: 'echo' });
      await queue.queue.promoteJobs();
      await queue.trail.when(() => queue.trail.count('completed') >= repeats.length);
      const next = await Promise.all(repeats.map(({ pattern }) => queue.queue.getJobScheduler(pattern)));
      return next.map((scheduler) => new Date(scheduler!.next!));
    };
    await q.startWorker();
    const ours = await afterNext(q);
    await beside.startNodeWorker();
    expect(ours).toEqual(await afterNext(beside));
  });

  test('a template with options is followed by every iteration', async ({ q }) => {
    await q.startWorker();
    await q.queue.upsertJobScheduler(
      'flaky',
      { every: 200, limit: 2 },
      { name: 'flaky', data: { succeedOn: 1 }, opts: { attempts: 2, removeOnComplete: true } },
    );
    await q.trail.when(() => q.trail.count('completed') === 2);
    expect(await q.queue.getJobCountByTypes('completed', 'failed', 'delayed', 'waiting')).toBe(0);
    expect(q.trail.count('active')).toBe(4);
  });

  // In a template Node leaves the short form of a back-off as it is.
  test('a template with a back-off in its short form', async ({ q }) => {
    await q.startWorker();
    const opts = { attempts: 2, backoff: 1_500 };
    await q.queue.upsertJobScheduler('s', { every: hour, limit: 2 }, { name: 'flaky', data: { succeedOn: 1 }, opts });
    await q.trail.when(() => q.trail.count('completed') >= 1);
    const put = q.trail.entries.find(
      ({ event, delay }) => event === 'delayed' && Number(delay) < Date.now() + hour / 2,
    );
    expect(Number(put!.delay) - millisecondsOf(put!)).toBeGreaterThan(50);
  });

  test('iterations that fail do not end the schedule', async ({ q }) => {
    await q.startWorker();
    await q.queue.upsertJobScheduler('bad', { every: 100, limit: 3 }, { name: 'fail' });
    await q.trail.when(() => q.trail.count('failed') === 3);
  });

  test('a changed scheduler goes on as changed', async ({ q }) => {
    await q.startWorker();
    await q.queue.upsertJobScheduler('s', { every: hour }, { name: 'echo', data: 'old' });
    await q.trail.when(() => q.trail.count('completed') >= 1);
    await q.queue.upsertJobScheduler('s', { every: 100, limit: 3 }, { name: 'echo', data: 'new' });
    await q.trail.when(() => q.trail.count('completed') >= 3);
    expect(await q.value(q.trail.ids('completed').at(-1))).toBe('new');
  });

  test('a removed scheduler makes no further iteration', async ({ q }) => {
    await q.startWorker();
    await q.queue.upsertJobScheduler('s', { every: 100 }, { name: 'echo' });
    await q.trail.when(() => q.trail.count('completed') >= 2);
    expect(await q.queue.removeJobScheduler('s')).toBe(true);
    await until(async () => (await q.queue.getJobCountByTypes('active', 'waiting', 'delayed')) === 0);
    expect(await q.queue.getJobSchedulersCount()).toBe(0);
  });
});

describe('limits', () => {
  test('no more at once than its concurrency, and no fewer', async ({ q }) => {
    await q.startWorker({ CONCURRENCY: '3' });
    const jobs = await q.queue.addBulk(Array.from({ length: 9 }, () => ({ name: 'sleep', data: { ms: 1_500 } })));
    await Promise.all(jobs.map(({ id }) => q.value(id)));
    expect(
      await mostAtOnce(
        q,
        jobs.map(({ id }) => id),
      ),
    ).toBe(3);
  });

  test('a paused queue gives nothing; what waits runs after it is resumed', async ({ q }) => {
    await q.startWorker();
    await q.queue.pause();
    const waiting = await q.queue.addBulk(['a', 'b'].map((data) => ({ name: 'echo', data })));
    const delayed = await q.queue.add('echo', 'c', { delay: 100 });
    const prioritized = await q.queue.add('echo', 'd', { priority: 1 });
    // Its due time passes while the queue is paused.
    await until(async () => Date.now() > delayed.timestamp + 400);
    expect(q.trail.count('active')).toBe(0);
    await q.queue.resume();
    for (const { id } of [...waiting, delayed, prioritized]) await q.value(id);
  });

  test('a running job ends although its queue is paused', async ({ q }) => {
    await q.startWorker();
    const job = await q.queue.add('sleep', { ms: 4_000 });
    const next = await q.queue.add('echo', {});
    await q.active(job.id);
    await q.queue.pause();
    expect(await q.value(job.id)).toBe(4_000);
    expect(await q.queue.getJobState(next.id!)).toBe('waiting');
    await q.queue.resume();
    await q.value(next.id);
  });

  test('global concurrency binds all workers together', async ({ q }) => {
    await q.queue.setGlobalConcurrency(2);
    await Promise.all([q.startWorker({ CONCURRENCY: '8' }), q.startWorker({ CONCURRENCY: '8' })]);
    const jobs = await q.queue.addBulk(Array.from({ length: 8 }, () => ({ name: 'sleep', data: { ms: 1_000 } })));
    for (const { id } of jobs) await q.value(id);
    expect(
      await mostAtOnce(
        q,
        jobs.map(({ id }) => id),
      ),
    ).toBe(2);
  });

  test('global rate limit', async ({ q }) => {
    await q.queue.setGlobalRateLimit(2, 600);
    await q.startWorker({ CONCURRENCY: '4' });
    const jobs = await q.queue.addBulk(Array.from({ length: 6 }, (_, data) => ({ name: 'echo', data })));
    for (const { id } of jobs) await q.value(id);
    // By Redis' clock, which keeps the window. Two in each.
    const starts = q.trail.entries.filter(({ event }) => event === 'active').map(millisecondsOf);
    for (const [index, at] of starts.entries()) if (index >= 2) expect(at - starts[index - 2]!).toBeGreaterThan(550);
  });

  test('a queue that is blocked for a while goes on by itself', async ({ q }) => {
    await q.queue.setGlobalRateLimit(1_000, 1_000);
    const [seconds, microseconds] = await q.redis.time();
    await q.queue.rateLimit(700);
    const { id } = await q.queue.add('echo', {});
    await q.startWorker();
    const began = millisecondsOf(await q.active(id));
    expect(began - (Number(seconds) * 1_000 + Number(microseconds) / 1_000)).toBeGreaterThan(650);
    await q.value(id);
  });
});

describe('administration while the worker runs', () => {
  test('promote', async ({ q }) => {
    await q.startWorker();
    const job = await q.queue.add('echo', 1, { delay: hour });
    await job.promote();
    expect(await q.value(job.id)).toBe(1);
  });

  test('promote all', async ({ q }) => {
    await q.startWorker();
    const jobs = await q.queue.addBulk([1, 2, 3].map((data) => ({ name: 'echo', data, opts: { delay: hour } })));
    await q.queue.promoteJobs();
    for (const { id } of jobs) await q.value(id);
  });

  test('a delay made shorter', async ({ q }) => {
    await q.startWorker();
    const job = await q.queue.add('echo', 1, { delay: hour });
    await job.changeDelay(50);
    expect(await q.value(job.id)).toBe(1);
  });

  test('changed data', async ({ q }) => {
    await q.startWorker();
    const job = await q.queue.add('echo', 'old', { delay: hour });
    await job.updateData('new');
    await job.promote();
    expect(await q.value(job.id)).toBe('new');
  });

  test('changed priority', async ({ q }) => {
    const jobs = await q.queue.addBulk([1, 2].map((data) => ({ name: 'echo', data, opts: { priority: 5 } })));
    await jobs[1]!.changePriority({ priority: 1 });
    await q.startWorker();
    for (const { id } of jobs) await q.value(id);
    expect(q.trail.ids('active')).toEqual([jobs[1]!.id, jobs[0]!.id]);
  });

  test('retry of a failed job, and of a completed one', async ({ q }) => {
    await q.startWorker();
    const { id } = await q.queue.add('flaky', { succeedOn: 1 });
    expect((await q.settled(id)).state).toBe('failed');
    await (await q.job(id)).retry('failed');
    expect((await q.settled(id, { nth: 2 })).state).toBe('completed');
    await (await q.job(id)).retry('completed');
    expect((await q.settled(id, { nth: 3 })).state).toBe('completed');
    expect(await q.runs(id)).toEqual({ started: 3, made: 3, stalled: 0 });
  });

  test('retry of all failed jobs', async ({ q }) => {
    await q.startWorker();
    const jobs = await q.queue.addBulk([1, 2, 3].map(() => ({ name: 'flaky', data: { succeedOn: 1 } })));
    await Promise.all(jobs.map(({ id }) => q.settled(id)));
    await q.queue.retryJobs({ state: 'failed' });
    for (const { id } of jobs) expect((await q.settled(id, { nth: 2 })).state).toBe('completed');
  });

  test('a job that runs cannot be removed, one that waits can', async ({ q }) => {
    await q.startWorker();
    const running = await q.queue.add('sleep', { ms: 4_000 });
    const waiting = await q.queue.add('echo', {});
    await q.active(running.id);
    await expect(running.remove()).rejects.toThrow(/locked/);
    await waiting.remove();
    expect(await q.value(running.id)).toBe(4_000);
    expect(await q.queue.getJobState(waiting.id!)).toBe('unknown');
    expect(q.trail.of(waiting.id)).not.toContain('active');
  });

  test('drain and clean', async ({ q }) => {
    await q.startWorker();
    const running = await q.queue.add('sleep', { ms: 4_000 });
    await q.active(running.id);
    await q.queue.addBulk([1, 2, 3].map((data) => ({ name: 'echo', data })));
    await q.queue.add('echo', 'later', { delay: hour });
    await q.queue.drain(true);
    expect(await q.value(running.id)).toBe(4_000);
    await q.value((await q.queue.add('echo', 'after')).id);
    expect(await q.queue.getJobCountByTypes('waiting', 'delayed', 'prioritized')).toBe(0);
    expect(await q.queue.clean(0, 100, 'completed')).toHaveLength(2);
  });

  test('obliterate under a running job: the worker lets go of it and works on', async ({ q }) => {
    const worker = await q.startWorker();
    const lost = await q.queue.add('sleep', { ms: 4_000 });
    await q.active(lost.id);
    await q.queue.obliterate({ force: true });
    await q.queue.resume();
    // The stream was removed with the queue: what follows is asked of the queue itself.
    const next = await q.queue.add('echo', 'after', { jobId: 'after' });
    await until(async () => (await next.getState()) === 'completed');
    expect(worker.running).toBe(true);
    expect(await q.queue.getJobCountByTypes('active', 'failed')).toBe(0);
  });
});
