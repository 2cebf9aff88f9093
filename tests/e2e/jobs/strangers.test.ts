// What other producers, other versions and faulty tools leave in Redis: our worker says clearly what is wrong with a job
// and goes on with the next. Each test writes past every library, straight into the job's hash.
import { describe, expect } from 'vitest';
import { peerIsNode, test, type TestQueue } from '../support/jobs.js';
import { until } from '../support/until.js';

const binary = Buffer.from([0x22, 0xff, 0xfe, 0x80, 0x00, 0xc3, 0x28, 0x22]); // in quotes, and no UTF-8

// The job as it waits, spoilt, then offered.
async function spoilt(
  q: TestQueue,
  fields: Record<string, string | Buffer>,
  { without = [] as string[], opts = {} } = {},
) {
  await q.queue.pause();
  const job = await q.queue.add('echo', { a: 1 }, opts);
  const key = q.key(job.id!);
  for (const [field, value] of Object.entries(fields)) await q.redis.hset(key, field, value);
  if (without.length > 0) await q.redis.hdel(key, ...without);
  await q.queue.resume();
  return job.id!;
}

async function goesOn(q: TestQueue): Promise<void> {
  expect(await q.value((await q.queue.add('echo', 'after')).id)).toBe('after');
  expect(q.workers.every((worker) => worker.running)).toBe(true);
}

// BullMQ's own worker throws over these while it takes the job, which then stays active until it counts as stalled.
describe.skipIf(peerIsNode)('data that is no JSON fails the job at once', () => {
  test.for([
    ['half an object', '{"a":'],
    ['words', 'hello'],
    ['NaN', '{"ms":NaN}'],
    ['Infinity', '[Infinity]'],
    ['undefined', 'undefined'],
    ['two values', '{} {}'],
    ['bytes that are no UTF-8', binary],
    ['bytes that are no UTF-8 in a member', Buffer.concat([Buffer.from('{"a":'), binary, Buffer.from('}')])],
    ['half a surrogate pair', '"\\ud800"'],
    ['a bare control character', '"\u0001"'],
    ['100,000 brackets', '['.repeat(100_000)],
    ['100,000 nested lists', '['.repeat(100_000) + ']'.repeat(100_000)],
    ['MessagePack', Buffer.from([0x81, 0xa1, 0x61, 0x01])],
  ] as [string, string | Buffer][])('%s', async ([, data], { q }) => {
    await q.startWorker();
    const id = await spoilt(q, { data }, { opts: { attempts: 5, backoff: 1_000 } });
    const outcome = await q.settled(id);
    expect(outcome.state).toBe('failed');
    expect((outcome as { reason: string }).reason).toMatch(/data|JSON|UTF-8/i);
    expect(q.trail.of(id).filter((event) => event === 'active')).toHaveLength(1);
    await goesOn(q);
  });
});

describe('data of the wrong type', () => {
  test.for([
    ['sleep', '{"ms":"100"}'],
    ['sleep', '{"ms":-1}'],
    ['sleep', '{"ms":1e300}'],
    ['sleep', '{"ms":null}'],
    ['sleep', '[]'],
    ['sleep', 'null'],
    ['sleep', '"text"'],
    ['log', '{"lines":{"0":"a"}}'],
    ['log', '{"lines":[null]}'],
    ['flaky', '{"succeedOn":[1]}'],
  ])('%s of %s', async ([name, data], { q }) => {
    await q.startWorker();
    const id = await spoilt(q, { name: name!, data: data! }, { opts: { attempts: 3, backoff: 1_000 } });
    expect((await q.settled(id)).state).toBe('failed');
    expect(await q.runs(id)).toEqual({ started: 1, made: 1, stalled: 0 });
    await goesOn(q);
  });
});

describe.skipIf(peerIsNode)('a job with parts missing or odd', () => {
  test.for([
    ['no name', {}, ['name']],
    ['a name that is no UTF-8', { name: Buffer.from([0xff, 0xfe, 0x00]) }, []],
  ] as [string, Record<string, Buffer>, string[]][])('%s: stays in the queue', async ([, fields, without], { q }) => {
    await q.startWorker();
    const id = await spoilt(q, fields, { without });
    await q.trail.find(({ event, jobId }) => event === 'delayed' && jobId === id);
    expect(await q.queue.getJobState(id)).toBe('delayed');
    await goesOn(q);
  });

  test('no data: as an empty object, as Node has it', async ({ q }) => {
    await q.startWorker();
    const id = await spoilt(q, {}, { without: ['data'] });
    expect(await q.value(id)).toEqual({});
  });

  test.for([
    ['no options', {}, ['opts']],
    ['options that are no JSON', { opts: '{"attempts":' }, []],
    ['options that are a list', { opts: '[]' }, []],
    [
      'options of wrong types',
      { opts: '{"attempts":"three","backoff":7,"removeOnComplete":"yes","kl":[],"stackTraceLimit":{}}' },
      [],
    ],
    ['a timestamp of words', { timestamp: 'yesterday' }, []],
    ['a priority of words', { priority: 'high' }, []],
    ['a stacktrace that is no JSON', { stacktrace: 'at line 7' }, []],
    ['counters of an old version', { attemptsMade: '1' }, []],
    ['a progress that is no JSON', { progress: '{' }, []],
    ['unknown fields', { 'x-new': '1', tm: 'trace', nothing: '' }, []],
  ] as [string, Record<string, string>, string[]][])(
    '%s: settled, one way or the other',
    async ([, fields, without], { q }) => {
      await q.startWorker();
      const id = await spoilt(q, fields, { without });
      await q.settled(id);
      await goesOn(q);
      expect(await q.queue.getActiveCount()).toBe(0);
    },
  );

  // The scripts themselves fail over these: nobody can run or end such a job.
  test.for(['ats', 'atm'])('a counter (%s) of words', async (field, { q }) => {
    await q.startWorker();
    await spoilt(q, { [field]: 'x' });
    await goesOn(q);
  });

  test('a failing job with odd options fails', async ({ q }) => {
    await q.startWorker();
    const id = await spoilt(q, {
      name: 'fail',
      opts: '{"attempts":2,"backoff":{"type":"of my own","delay":5}}',
      stacktrace: '{}',
    });
    expect((await q.settled(id)).state).toBe('failed');
    await goesOn(q);
    expect(await q.queue.getActiveCount()).toBe(0);
  });

  test('a deferred failure is not run', async ({ q }) => {
    await q.startWorker();
    const id = await spoilt(q, { defa: 'no longer wanted' }, { opts: { attempts: 5 } });
    expect(await q.settled(id)).toEqual({ state: 'failed', reason: 'no longer wanted' });
    expect(await q.queue.getJobLogs(id)).toMatchObject({ count: 0 });
    expect((await q.job(id)).returnvalue).toBeNull();
  });

  test('an iteration of a schedule whose repeat options are broken', async ({ q }) => {
    await q.startWorker();
    await q.queue.pause();
    await q.queue.upsertJobScheduler('s', { pattern: '0 0 1 1 *', tz: 'UTC' }, { name: 'echo', data: 1 });
    const [job] = await q.queue.getDelayed();
    await q.redis.hset(q.key(job!.id!), 'opts', '{"repeat":{"pattern":"no pattern","count":"x"}}');
    await job!.promote();
    await q.queue.resume();
    expect(await q.value(job!.id)).toBe(1);
    await goesOn(q);
  });
});

describe('ids without a job', () => {
  test('in wait, prioritized and delayed', async ({ q }) => {
    await q.startWorker();
    await q.redis.lpush(q.key('wait'), 'ghost-1');
    await q.redis.zadd(q.key('prioritized'), 1, 'ghost-2');
    await q.redis.zadd(q.key('delayed'), Date.now() * 4096, 'ghost-3');
    await q.redis.zadd(q.key('marker'), 0, '0');
    await goesOn(q);
    await until(async () => (await q.queue.getJobCountByTypes('waiting', 'prioritized')) === 0);
    await goesOn(q);
  });

  test('the hash vanishes while the job runs', async ({ q }) => {
    await q.startWorker();
    const { id } = await q.queue.add('sleep', { ms: 4_000 });
    await q.active(id);
    await q.redis.del(q.key(id!), q.key(`${id}:lock`));
    await goesOn(q);
  });
});

describe.skipIf(peerIsNode)('keys of another type', () => {
  test.for(['wait', 'marker', 'delayed', 'prioritized', 'meta', 'stalled'])(
    '%s: the worker says so, and works when it is repaired',
    async (suffix, { q }) => {
      const worker = await q.startWorker();
      await q.redis.del(q.key(suffix));
      await q.redis.set(q.key(suffix), 'text');
      await q.queue.add('echo', 'blocked').catch(() => {});
      await worker.line((line) => JSON.stringify(line).includes('WRONGTYPE'));
      await q.redis.del(q.key(suffix));
      const job = await q.queue.add('echo', 'after', { jobId: 'after' });
      await until(async () => (await job.getState()) === 'completed');
    },
  );
});

test('results and reasons of any text reach QueueEvents', async ({ q }) => {
  const values: unknown[] = [];
  q.events.on('completed', ({ returnvalue }) => values.push(returnvalue));
  await q.startWorker();
  const data = ['\u2028', '"', '\\', '\u0000', '🧾', '', '\ufffd', '{"a":1}'];
  for (const text of data) await q.value((await q.queue.add('echo', text)).id);
  await until(async () => values.length === data.length);
  expect(values).toEqual(data);
});
