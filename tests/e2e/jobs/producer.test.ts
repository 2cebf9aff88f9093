// Jobs of our producer (examples/producer), run by Node's Worker.
import { Worker } from 'bullmq';
import { describe, expect } from 'vitest';
import { peerIsNode, type Producer, test, type TestQueue } from '../support/jobs.js';
import { keyspaceOf } from '../support/keyspace.js';
import { until } from '../support/until.js';

const hour = 3_600_000;
const day = 24 * hour;

// A worker in this process, to see what a Node handler sees.
async function withHandler<T>(
  q: TestQueue,
  handler: (job: any) => Promise<T>,
  task: () => Promise<void>,
): Promise<void> {
  const worker = new Worker(q.name, handler, { connection: { url: q.redisUrl } });
  try {
    await worker.waitUntilReady();
    await task();
  } finally {
    await worker.close();
  }
}

type Operation = { op: string; [parameter: string]: unknown };
const add = (data: unknown, opts?: object): Operation => ({ op: 'add', name: 'echo', data, ...(opts ? { opts } : {}) });
const duplicate = (deduplication: object, data: unknown, opts: object = {}): Operation =>
  add(data, { deduplication, ...opts });

describe('leaves in Redis what Node leaves', () => {
  const scenarios: Record<string, Operation[]> = {
    'data of every kind': [
      ...[{ a: 1, s: 'é 漢 🧾 \u0000 / \\ "' }, {}, [], [1, [2]], null, 0, -1.5, true, '', 'text'].map((data) =>
        add(data),
      ),
      { op: 'add', name: 'echo' },
      { op: 'add', name: 'Näme mit Ümlaut', data: 1 },
      add({ long: 'x'.repeat(70_000) }),
    ],
    'options of every kind': [
      add(1, {}),
      add(1, { attempts: 3, backoff: 1_000 }),
      add(1, { attempts: 3, backoff: { type: 'exponential', delay: 1_000 } }),
      add(1, { attempts: 70_000, backoff: { type: 'fixed', delay: 2 ** 40, jitter: 0.25 } }),
      add(1, { delay: hour }),
      add(1, { delay: hour, priority: 3 }),
      add(1, { delay: 0, priority: 0, lifo: false }),
      add(1, { priority: 1 }),
      add(1, { priority: 2_097_151 }),
      add(1, { priority: 1 }),
      add(1, { lifo: true }),
      add(1, { jobId: 'custom' }),
      add(2, { jobId: 'custom' }),
      add(1, { jobId: 'three:part:id' }),
      add(1, { removeOnComplete: true, removeOnFail: false }),
      add(1, { removeOnComplete: 5, removeOnFail: { age: 60, count: 3, limit: 7 } }),
      add(1, { keepLogs: 3, stackTraceLimit: 2, sizeLimit: 1_000 }),
      add(1, { timestamp: Date.now() - day }),
      add(1, { 'x-of-another-library': { nested: [1, 'two', null] } }),
      { op: 'add', name: 'echo', data: 1, opts: null },
    ],
    'a bulk': [
      { op: 'bulk', jobs: [] },
      {
        op: 'bulk',
        jobs: [
          { name: 'echo', data: 1 },
          { name: 'fail', data: { a: 1 }, opts: { attempts: 2 } },
          { name: 'echo', data: 2, opts: { delay: hour } },
          { name: 'echo', data: 3, opts: { priority: 4 } },
          { name: 'echo', data: 4, opts: { jobId: 'mine' } },
          { name: 'echo', data: 5, opts: { jobId: 'mine' } },
          { name: 'echo', data: 6, opts: { deduplication: { id: 'd' } } },
          { name: 'echo', data: 7, opts: { deduplication: { id: 'd' } } },
        ],
      },
    ],
    deduplication: [
      duplicate({ id: 'simple' }, 1),
      duplicate({ id: 'simple' }, 2),
      duplicate({ id: 'ttl', ttl: hour }, 1),
      duplicate({ id: 'ttl', ttl: hour }, 2),
      duplicate({ id: 'extend', ttl: hour, extend: true }, 1),
      duplicate({ id: 'extend', ttl: hour, extend: true }, 2),
      duplicate({ id: 'debounce', ttl: hour, extend: true, replace: true }, 1, { delay: hour }),
      duplicate({ id: 'debounce', ttl: hour, extend: true, replace: true }, 2, { delay: hour }),
      duplicate({ id: 'reschedule', reschedule: true }, 1, { delay: hour }),
      duplicate({ id: 'reschedule', reschedule: true }, 2, { delay: 2 * hour }),
      duplicate({ id: 'last', keepLastIfActive: true }, 1),
      duplicate({ id: 'last', keepLastIfActive: true }, 2),
    ],
    flows: [
      { op: 'flow', flow: { name: 'echo', data: 'alone' } },
      {
        op: 'flow',
        flow: {
          name: 'echo',
          data: 'parent',
          opts: { attempts: 2, jobId: 'top' },
          children: [
            { name: 'echo', data: 1 },
            { name: 'echo', data: 2, opts: { failParentOnFailure: true } },
            { name: 'echo', data: 3, opts: { continueParentOnFailure: true, priority: 2 } },
            { name: 'echo', data: 4, opts: { ignoreDependencyOnFailure: true, delay: hour } },
            { name: 'echo', data: 5, opts: { removeDependencyOnFailure: true, jobId: 'leaf' } },
            { name: 'echo', data: 6, children: [{ name: 'echo', data: 7, children: [{ name: 'echo', data: 8 }] }] },
          ],
        },
      },
    ],
    schedulers: [
      { op: 'scheduler', id: 'every', repeat: { every: hour } },
      {
        op: 'scheduler',
        id: 'later',
        repeat: { every: hour, startDate: Date.now() + day, limit: 3 },
        template: { name: 'echo' },
      },
      {
        op: 'scheduler',
        id: 'offset',
        repeat: { every: day, offset: hour },
        template: { name: 'echo', data: { a: 1 } },
      },
      {
        op: 'scheduler',
        id: 'cron',
        repeat: { pattern: '0 3 * * *', tz: 'Africa/Nairobi', limit: 10 },
        template: {
          name: 'echo',
          data: { a: [1] },
          opts: { attempts: 3, backoff: 1_000, removeOnComplete: true, priority: 2 },
        },
      },
      {
        op: 'scheduler',
        id: 'season',
        repeat: {
          pattern: '0 3 * * *',
          tz: 'UTC',
          startDate: new Date(Date.now() + 30 * day).toISOString(),
          endDate: Date.now() + 60 * day,
        },
        template: { name: 'echo' },
      },
      { op: 'scheduler', id: 'changed', repeat: { every: hour }, template: { name: 'echo', data: 1 } },
      { op: 'scheduler', id: 'changed', repeat: { every: 2 * hour }, template: { name: 'echo', data: 2 } },
      { op: 'scheduler', id: 'turned', repeat: { every: hour }, template: { name: 'echo' } },
      { op: 'scheduler', id: 'turned', repeat: { pattern: '5 5 * * *', tz: 'UTC' }, template: { name: 'echo' } },
      { op: 'scheduler', id: 'gone', repeat: { every: hour, startDate: Date.now() + day }, template: { name: 'echo' } },
      { op: 'removeScheduler', id: 'gone' },
      { op: 'removeScheduler', id: 'unknown' },
    ],
    administration: [
      { op: 'pause' },
      { op: 'pause' },
      ...[1, 2, 3].map((data) => add(data, { jobId: `job-${data}` })),
      add(4, { jobId: 'job-4', delay: hour }),
      add(5, { jobId: 'job-5', delay: hour, priority: 7 }),
      add(6, { jobId: 'job-6', priority: 7 }),
      { op: 'remove', id: 'job-2' },
      { op: 'promote', id: 'job-4' },
      { op: 'promote', id: 'job-5' },
      { op: 'counts' },
      ...['job-1', 'job-2', 'job-4', 'job-5', 'job-6'].map((id) => ({ op: 'state', id })),
      { op: 'resume' },
      { op: 'resume' },
      { op: 'remove', id: 'job-6' },
      { op: 'counts' },
    ],
  };

  test.for(Object.entries(scenarios))('%s', async ([, operations], { q, beside }) => {
    const replies = async (producer: Producer) => {
      const all = [];
      for (const operation of operations) all.push(await producer.send(JSON.stringify(operation)));
      return JSON.parse(
        JSON.stringify(all)
          .replace(/[0-9a-f-]{36}/g, 'UUID')
          .replace(/\b1\d{12}\b/g, 'T'),
      );
    };
    const ours = await replies(q.startProducer());
    const node = await replies(beside.startNodeProducer());
    expect(ours).toEqual(node);
    expect(await keyspaceOf(q.redis, q.name)).toEqual(await keyspaceOf(beside.redis, beside.name));
  });
});

describe('works with Node', () => {
  test('a handler sees data, options and name', async ({ q }) => {
    const producer = q.startProducer();
    await withHandler(
      q,
      async ({ name, data, opts, timestamp, attemptsMade }) => ({
        name,
        data,
        attempts: opts.attempts,
        attemptsMade,
        timestamp,
      }),
      async () => {
        const began = Date.now();
        const id = await producer.add('anything', { text: 'Ünïcödé 漢字 🧾' }, { attempts: 3 });
        const seen = await q.value(id);
        expect(seen).toMatchObject({
          name: 'anything',
          data: { text: 'Ünïcödé 漢字 🧾' },
          attempts: 3,
          attemptsMade: 0,
        });
        expect(seen.timestamp).toBeGreaterThanOrEqual(began);
        expect(seen.timestamp).toBeLessThanOrEqual(Date.now());
      },
    );
  });

  test('an idle worker wakes for a plain, a prioritized, a delayed job and a bulk', async ({ q }) => {
    await q.startNodeWorker();
    const producer = q.startProducer();
    expect(await q.value(await producer.add('echo', 'plain'))).toBe('plain');
    expect(await q.value(await producer.add('echo', 'prioritized', { priority: 3 }))).toBe('prioritized');
    expect(await q.value(await producer.add('echo', 'delayed', { delay: 200 }))).toBe('delayed');
    const { ids } = await producer.call('bulk', { jobs: [1, 2, 3].map((data) => ({ name: 'echo', data })) });
    for (const [index, id] of ids.entries()) expect(await q.value(id)).toBe(index + 1);
  });

  test('a bulk of ten thousand', async ({ q }) => {
    const jobs = Array.from({ length: 10_000 }, (_, data) => ({ name: 'echo', data }));
    const { ids } = await q.startProducer().call('bulk', { jobs });
    expect(new Set(ids).size).toBe(10_000);
    expect(await q.queue.getWaitingCount()).toBe(10_000);
    expect((await q.job(ids[9_999])).data).toBe(9_999);
  });

  test('attempts, back-off, retention, logs', async ({ q }) => {
    await q.startNodeWorker();
    const producer = q.startProducer();
    const flaky = await producer.add(
      'flaky',
      { succeedOn: 2 },
      { attempts: 3, backoff: { type: 'exponential', delay: 50 } },
    );
    expect((await q.settled(flaky)).state).toBe('completed');
    expect(q.trail.of(flaky).filter((event) => event === 'delayed')).toHaveLength(2);
    const failed = await producer.add('fail', {}, { attempts: 3, stackTraceLimit: 2 });
    expect(await q.settled(failed)).toEqual({ state: 'failed', reason: 'boom' });
    expect((await q.job(failed)).stacktrace).toHaveLength(2);
    const gone = await producer.add('echo', {}, { removeOnComplete: true });
    await q.settled(gone);
    expect(await producer.call('state', { id: gone })).toEqual({ state: 'unknown' });
    const logged = await producer.add('log', { lines: ['a', 'b', 'c'] }, { keepLogs: 1 });
    await q.settled(logged);
    expect((await q.queue.getJobLogs(logged)).logs).toEqual(['c']);
  });

  test('a parent sees the results of its children', async ({ q }) => {
    const producer = q.startProducer();
    await withHandler(
      q,
      async (job) => (job.data === 'parent' ? Object.values(await job.getChildrenValues()).sort() : job.data),
      async () => {
        const children = [1, 2, 3].map((data) => ({ name: 'echo', data }));
        const { id } = await producer.call('flow', { flow: { name: 'echo', data: 'parent', children } });
        expect(await q.value(id)).toEqual([1, 2, 3]);
      },
    );
  });

  test.for([
    ['failParentOnFailure', 'failed'],
    ['continueParentOnFailure', 'completed'],
    ['ignoreDependencyOnFailure', 'completed'],
    ['removeDependencyOnFailure', 'completed'],
  ])('a child that fails with %s: the parent has %s', async ([flag, state], { q }) => {
    await q.startNodeWorker();
    const children = [{ name: 'fail', data: {}, opts: { [flag!]: true } }];
    const { id } = await q.startProducer().call('flow', { flow: { name: 'echo', data: 1, children } });
    expect((await q.settled(id)).state).toBe(state);
  });

  test('schedulers run, change and end', async ({ q }) => {
    await q.startNodeWorker();
    const producer = q.startProducer();
    const schedule = (id: string, repeat: object, data: unknown) =>
      producer.call('scheduler', { id, repeat, template: { name: 'echo', data } });
    await schedule('every', { every: 100, limit: 3 }, 1);
    await q.trail.when(() => q.trail.count('completed') === 3);
    await schedule('seconds', { pattern: '* * * * * *', tz: 'UTC', limit: 2 }, 2);
    await q.trail.when(() => q.trail.count('completed') === 5);
    await schedule('endless', { every: 100 }, 3);
    await q.trail.when(() => q.trail.count('completed') >= 7);
    expect(await producer.call('removeScheduler', { id: 'endless' })).toEqual({ removed: true });
    await until(async () => (await q.queue.getJobCountByTypes('delayed', 'waiting', 'active')) === 0);
  });

  test('the next run of a pattern is the one that Node reckons', async ({ q, beside }) => {
    const patterns = ['* * * * *', '*/15 * * * *', '0 0 * * *', '0 3 29 2 *', '0 12 * * MON', '0 0 13 * 5', '0 0 L * *']
      .concat(['0 9 * * 1-5', '5,10-20/5 8-18/2 * JAN-MAR *', '0 0 * * 5L', '0 0 * * 1#2', '0 0 * * 7', '30 5 3 * * *'])
      .concat([
        '@hourly',
        '@daily',
        '@weekly',
        '@monthly',
        '@yearly',
        '@weekdays',
        '@weekends',
        '5 3',
        '? ? ? ? ?'.replace('? ', '0 '),
      ])
      .concat(['30 2 29 3 *', '30 2 25 10 *', '0 0 1 */3 *']);
    const zones = [
      'UTC',
      'Africa/Nairobi',
      'Europe/Berlin',
      'America/New_York',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
    ];
    const producer = q.startProducer();
    for (const tz of zones) {
      for (const pattern of patterns) {
        const id = `${tz}-${pattern}`;
        // A minute may turn between the two: then both are asked again.
        await until(async () => {
          await producer.call('scheduler', { id, repeat: { pattern, tz } });
          await beside.queue.upsertJobScheduler(id, { pattern, tz });
          const [ours, node] = await Promise.all([q.queue.getJobScheduler(id), beside.queue.getJobScheduler(id)]);
          expect(new Date(ours!.next!), id).toEqual(new Date(node!.next!));
          return true;
        });
      }
    }
  });

  test('pause, resume, promote, retry, remove, counts, state', async ({ q }) => {
    await q.startNodeWorker();
    const producer = q.startProducer();
    await producer.call('pause');
    const waiting = await producer.add('flaky', { succeedOn: 1 });
    const delayed = await producer.add('echo', 1, { delay: hour });
    const prioritized = await producer.add('echo', 2, { priority: 9 });
    const removed = await producer.add('echo', 3);
    expect(await producer.call('remove', { id: removed })).toEqual({});
    expect(await producer.call('counts')).toEqual({
      counts: { waiting: 1, active: 0, delayed: 1, prioritized: 1, completed: 0, failed: 0 },
    });
    expect(await producer.call('state', { id: waiting })).toEqual({ state: 'waiting' });
    expect(await producer.call('state', { id: delayed })).toEqual({ state: 'delayed' });
    expect(await producer.call('state', { id: prioritized })).toEqual({ state: 'prioritized' });
    expect(await producer.call('resume')).toEqual({});
    expect((await q.settled(waiting)).state).toBe('failed');
    expect(await producer.call('state', { id: waiting })).toEqual({ state: 'failed' });
    expect(await producer.call('retry', { id: waiting })).toEqual({});
    expect((await q.settled(waiting, { nth: 2 })).state).toBe('completed');
    expect(await producer.call('promote', { id: delayed })).toEqual({});
    expect(await q.value(delayed)).toBe(1);
    expect(await q.value(prioritized)).toBe(2);
    expect(await producer.call('counts')).toEqual({
      counts: { waiting: 0, active: 0, delayed: 0, prioritized: 0, completed: 3, failed: 0 },
    });
  });
});

describe('what it refuses', () => {
  const job = (opts: object): Operation => ({ op: 'add', name: 'echo', data: 'some text', opts });
  const repeat = (options: object): Operation => ({
    op: 'scheduler',
    id: 's',
    repeat: options,
    template: { name: 'echo' },
  });
  const both = { failParentOnFailure: true, removeDependencyOnFailure: true };

  const refused: [string, string][] = [
    ['an integer as custom id', job({ jobId: '12' })],
    ['a custom id with a colon', job({ jobId: 'a:b' })],
    ['a priority above 2^21 - 1', job({ priority: 2_097_152 })],
    ['half a priority', job({ priority: 1.5 })],
    ['more bytes than sizeLimit', job({ sizeLimit: 10 })],
    ['an empty deduplication id', job({ deduplication: { id: '' } })],
    ['a jitter above one', job({ attempts: 2, backoff: { type: 'fixed', delay: 1, jitter: 2 } })],
    ['two answers to a failed child', job(both)],
    ['a parent that does not exist', job({ parent: { id: 'nobody', queue: 'bull:nowhere' } })],
    ['a job without a name', { op: 'add', data: 1 }],
    ['a bulk without jobs', { op: 'bulk' }],
    ['a flow without a job', { op: 'flow' }],
    [
      'two answers in a flow',
      { op: 'flow', flow: { name: 'a', data: 1, children: [{ name: 'b', data: 1, opts: both }] } },
    ],
    ['a pattern of words', repeat({ pattern: 'every morning' })],
    ['a minute 61', repeat({ pattern: '61 * * * *' })],
    ['the 30th of February', repeat({ pattern: '0 0 30 2 *' })],
    ['a range that falls', repeat({ pattern: '0 22-2 * * *' })],
    ['an unknown time zone', repeat({ pattern: '0 0 * * *', tz: 'Mars/Olympus' })],
    ['pattern and every', repeat({ pattern: '0 0 * * *', every: 1_000 })],
    ['neither pattern nor every', repeat({})],
    ['a schedule that has ended', repeat({ every: 1_000, endDate: 1_000 })],
    ['an unknown job: remove', { op: 'remove', id: 'nobody' }],
    ['an unknown job: retry', { op: 'retry', id: 'nobody' }],
    ['an unknown job: promote', { op: 'promote', id: 'nobody' }],
    ['an unknown operation', { op: 'explode' }],
    ['no operation', {}],
  ].map(([what, request]) => [what as string, JSON.stringify(request)]);
  refused.push(
    ['half a line', '{"op":"add","name":'],
    ['a list', '[]'],
    ['null', 'null'],
    ['no JSON', 'hello'],
    ['an empty line', ''],
    ['NaN', '{"op":"add","name":"echo","data":NaN}'],
  );
  // Node takes these and leaves a job that no worker runs, or another one than was meant.
  const refusedByOurs: [string, string][] = [
    ['a negative priority', job({ priority: -1 })],
    ['a delay of words', job({ delay: 'soon' })],
    ['attempts of words', job({ attempts: 'many' })],
    ['a period of less than nothing', repeat({ every: -5 })],
  ].map(([what, request]) => [what as string, JSON.stringify(request)]);

  test.for(peerIsNode ? refused : [...refused, ...refusedByOurs])('%s', async ([, line], { q }) => {
    const producer = q.startProducer();
    const reply = await producer.send(line!);
    expect(reply).toEqual({ error: expect.stringMatching(/\S/) });
    // Nothing was left, and the next line is answered.
    expect(await producer.add('echo', 'after', { jobId: 'after' })).toBe('after');
    expect(
      (await q.queue.getJobs(['waiting', 'delayed', 'prioritized', 'waiting-children'])).map(({ id }) => id),
    ).toEqual(['after']);
    expect(await q.queue.getJobSchedulersCount()).toBe(0);
  });

  test('a retry or a promotion of a job that is not there for it', async ({ q }) => {
    const producer = q.startProducer();
    const id = await producer.add('echo', 1, { jobId: 'waiting' });
    for (const op of ['retry', 'promote'])
      expect(await producer.send(JSON.stringify({ op, id }))).toEqual({ error: expect.stringMatching(/\S/) });
    expect(await q.queue.getJobState(id)).toBe('waiting');
  });

  test('the removal of a job that runs', async ({ q }) => {
    await q.startNodeWorker();
    const producer = q.startProducer();
    const id = await producer.add('sleep', { ms: 5_000 });
    await q.active(id);
    expect(await producer.send(JSON.stringify({ op: 'remove', id }))).toEqual({
      error: expect.stringMatching(/locked/),
    });
    expect(await q.value(id)).toBe(5_000);
  });
});
