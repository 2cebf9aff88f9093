// What goes wrong around a worker: it dies, its connections are cut, Redis forgets its scripts, hangs or restarts.
import { Redis } from 'ioredis';
import { describe, expect } from 'vitest';
import { environment } from '../support/environment.js';
import { millisecondsOf, openQueue, peerIsNode, test, type TestQueue } from '../support/jobs.js';
import type { Process } from '../support/process.js';
import { until } from '../support/until.js';

const hour = 3_600_000;
// Locks and checks short enough to be seen within a test, and long enough for renewals (every 1,000 ms by ours, 2,000 by Node) to come
// in time on a busy machine.
const short = { LOCK_DURATION_MS: '4000', STALLED_INTERVAL_MS: '400' };

const once = { started: 1, made: 1, stalled: 0 };

describe('locks', () => {
  test('are renewed while a job runs, whatever looks for stalled ones', async ({ q }) => {
    await q.startWorker({ ...short, CONCURRENCY: '8' });
    const jobs = await q.queue.addBulk(Array.from({ length: 8 }, () => ({ name: 'sleep', data: { ms: 7_000 } })));
    for (const { id } of jobs) await q.active(id);
    // Idle, and eager to take over.
    await Promise.all([q.startWorker(short), q.startNodeWorker(short)]);
    for (const { id } of jobs) {
      expect(await q.value(id)).toBe(7_000);
      expect(await q.runs(id)).toEqual(once);
    }
    expect(q.trail.count('stalled')).toBe(0);
  });

  // Node's worker renews on the loop that the handler holds up.
  test.runIf(environment.long && !peerIsNode)(
    'of 30 s outlast a handler that burns a core for 90 s',
    async ({ q }) => {
      await q.startWorker();
      const { id } = await q.queue.add('burn', { ms: 90_000 });
      const began = millisecondsOf(await q.active(id));
      const eager = { STALLED_INTERVAL_MS: '1000' };
      await Promise.all([q.startWorker(eager), q.startNodeWorker(eager)]);
      let least = Infinity;
      const lock = q.key(`${id}:lock`);
      const watch = setInterval(
        () => void q.redis.pttl(lock).then((left) => left > 0 && (least = Math.min(least, left))),
        100,
      );
      const outcome = await q.settled(id, { timeoutMs: 150_000 });
      clearInterval(watch);
      expect(outcome).toEqual({ state: 'completed', value: 90_000 });
      expect(await q.runs(id)).toEqual(once);
      expect(q.trail.count('stalled')).toBe(0);
      const ended = millisecondsOf(await q.trail.find(({ event }) => event === 'completed'));
      expect(ended - began).toBeGreaterThanOrEqual(90_000);
      console.log(`burnt ${ended - began} ms, run once; the lock of 30,000 ms had ${least} ms left at least`);
    },
    200_000,
  );

  type Start = (q: TestQueue) => Promise<Process>;
  const ours: Start = (q) => q.startWorker(short);
  const node: Start = (q) => q.startNodeWorker(short);

  test.for([
    ['ours', 'Node', ours, node],
    ['Node', 'ours', node, ours],
    ['ours', 'ours', ours, ours],
  ] as const)('kill -9 of %s in mid-job: %s runs the job again', async ([, , start, rescue], { q }) => {
    const victim = await start(q);
    const { id } = await q.queue.add('sleep', { ms: 1_500 });
    await q.active(id);
    await victim.kill();
    await rescue(q);
    expect(await q.value(id)).toBe(1_500);
    expect(await q.runs(id)).toEqual({ started: 2, made: 1, stalled: 1 });
    expect(q.trail.of(id)).toEqual(['added', 'waiting', 'active', 'waiting', 'stalled', 'active', 'completed']);
  });

  test('a job whose workers die again and again fails, with the reason', async ({ q }) => {
    const { id } = await q.queue.add('sleep', { ms: 20_000 }, { attempts: 5 });
    for (let deaths = 1; deaths <= 2; ++deaths) {
      const victim = await q.startWorker(short);
      await q.trail.find((entry) => entry.event === 'active' && entry.jobId === id, { skip: deaths - 1 });
      await victim.kill();
    }
    await q.startWorker(short);
    expect(await q.settled(id)).toEqual({ state: 'failed', reason: 'job stalled more than allowable limit' });
    expect((await q.job(id)).returnvalue).toBeNull();
  });

  test('MAX_STALLED_COUNT=0: one death is enough', async ({ q }) => {
    const victim = await q.startWorker(short);
    const { id } = await q.queue.add('sleep', { ms: 20_000 });
    await q.active(id);
    await victim.kill();
    await q.startWorker({ ...short, MAX_STALLED_COUNT: '0' });
    expect(await q.settled(id)).toEqual({ state: 'failed', reason: 'job stalled more than allowable limit' });
  });

  test('a job whose lock was taken away is left to its new owner', async ({ q }) => {
    const worker = await q.startWorker();
    const { id } = await q.queue.add('sleep', { ms: 5_000 });
    await q.active(id);
    await q.redis.set(q.key(`${id}:lock`), 'of somebody else', 'PX', 60_000);
    // The worker goes on with others, and leaves this one alone.
    await q.value((await q.queue.add('echo', {})).id);
    expect(await q.queue.getJobState(id!)).toBe('active');
    expect(await q.redis.get(q.key(`${id}:lock`))).toBe('of somebody else');
    expect(worker.running).toBe(true);
    await q.redis.del(q.key(`${id}:lock`));
  });
});

// The blocking connection of the worker as Redis lists it, in the moment in which it waits.
const blocked = (q: TestQueue) =>
  until(async () => (await q.queue.getWorkers()).find(({ cmd, flags }) => cmd === 'bzpopmin' && flags?.includes('b')));

describe('waking', () => {
  test('an idle worker waits for the marker, and asks for nothing meanwhile', async ({ own: q }) => {
    await q.startWorker();
    await blocked(q);
    const monitor = await q.redis.duplicate().monitor();
    const watched = 2.5; // half of the time that a worker waits in Redis before it looks by itself
    const [seconds, microseconds] = await q.redis.time();
    // By the clock of Redis: however late this process hears of it.
    const end = Number(seconds) + Number(microseconds) / 1e6 + watched;
    const seen: string[] = [];
    monitor.on('monitor', (time: string, [command, ...args]: string[]) => {
      if (Number(time) < end && /^(bzpopmin|eval|evalsha)$/i.test(command!))
        seen.push([command, ...args.slice(0, 3)].join(' '));
    });
    await new Promise((resolve) => setTimeout(resolve, watched * 1_000));
    monitor.disconnect();
    // At most the waiting ended once in that time, and the worker looked and waits again.
    expect(seen.length, seen.join('\n')).toBeLessThanOrEqual(3);
  });

  // A worker that only looks now and then would take 5 s for each of these; the deadline of the test would end it.
  test('sixty jobs one after another, each added when the worker is idle', async ({ q }) => {
    await q.startWorker();
    for (let n = 0; n < 60; ++n) await q.value((await q.queue.add('echo', n)).id);
  });

  test('eight delayed jobs one after another', async ({ q }) => {
    await q.startWorker();
    // Far in the future: it must not hide those that are due before.
    await q.queue.add('echo', 'later', { delay: hour });
    const late: number[] = [];
    for (let n = 0; n < 8; ++n) {
      const { id, timestamp, delay } = await q.queue.add('echo', n, { delay: 100 + n });
      await q.value(id);
      late.push((await q.job(id)).processedOn! - timestamp - delay);
    }
    // Most of them: any one may meet a busy machine.
    expect(late.sort((a, b) => a - b)[4], 'ms, where the next look is 5,000 away').toBeLessThan(2_500);
  });

  test('of two idle workers both wake', async ({ q }) => {
    await Promise.all([q.startWorker({ WORKER_NAME: 'one' }), q.startWorker({ WORKER_NAME: 'two' })]);
    const jobs = await q.queue.addBulk([1, 2].map(() => ({ name: 'sleep', data: { ms: 6_000 } })));
    for (const { id } of jobs) await q.active(id);
    const by = await Promise.all(jobs.map(async ({ id }) => (await q.job(id)).processedBy));
    expect(by.sort()).toEqual(['one', 'two']);
  });

  test('a job fetched with the end of another is run', async ({ q }) => {
    await q.startWorker({ CONCURRENCY: '2', ...short });
    const names = ['echo', 'fail', 'flaky', 'echo', 'progress', 'sleep'];
    const jobs = await q.queue.addBulk(
      Array.from({ length: 60 }, (_, n) => ({
        name: names[n % names.length]!,
        data: { succeedOn: 1, ms: 5 },
        opts: n % 3 ? {} : { attempts: 2, backoff: 30 },
      })),
    );
    for (const { id } of jobs) await q.settled(id);
    expect(await q.queue.getJobCountByTypes('waiting', 'active', 'delayed')).toBe(0);
    expect(q.trail.count('stalled')).toBe(0);
  });
});

describe('SIGTERM', () => {
  test('ends an idle worker at once', async ({ q }) => {
    const worker = await q.startWorker();
    // With a job in the far future it waits in Redis for ten seconds at a time.
    await q.queue.add('echo', 'later', { delay: hour });
    await q.value((await q.queue.add('echo', 1)).id);
    await blocked(q);
    expect(await worker.stop(8_000)).toEqual({ code: 0, signal: null });
    expect(await q.queue.getWorkersCount()).toBe(0);
  });

  test('lets running jobs end, keeps their locks, and takes no other', async ({ q }) => {
    const worker = await q.startWorker({ ...short, CONCURRENCY: '3', WORKER_NAME: 'stopped' });
    const running = await q.queue.addBulk(
      [1, 2, 3].map((n) => ({ name: 'sleep', data: { ms: 4_500 + 500 * n, announce: true } })),
    );
    for (const { id } of running) await q.running(id);
    const waiting = await q.queue.addBulk([1, 2, 3].map((data) => ({ name: 'echo', data })));
    const stopped = worker.stop();
    // It looks for stalled jobs as well.
    await q.startNodeWorker({ ...short, WORKER_NAME: 'other' });
    for (const { id } of waiting) {
      await q.value(id);
      expect((await q.job(id)).processedBy).toBe('other');
    }
    expect(await stopped).toEqual({ code: 0, signal: null });
    for (const { id } of running) {
      expect(await q.value(id)).toBeGreaterThan(0);
      expect(await q.runs(id)).toEqual(once);
    }
    expect(q.trail.count('stalled')).toBe(0);
  });

  test('in the middle of many short jobs leaves none behind as active', async ({ q }) => {
    const worker = await q.startWorker({ CONCURRENCY: '8' });
    await q.queue.addBulk(Array.from({ length: 5_000 }, (_, data) => ({ name: 'echo', data })));
    await q.trail.when(() => q.trail.count('completed') > 50);
    expect((await worker.stop()).code).toBe(0);
    const { active, waiting, completed } = await q.queue.getJobCounts('active', 'waiting', 'completed');
    expect(active).toBe(0);
    expect(waiting! + completed!).toBe(5_000);
    expect(waiting).toBeGreaterThan(0);
    expect((await q.redis.keys(q.key('*:lock'))).length).toBe(0);
  });

  test('while a job waits for its next attempt', async ({ q }) => {
    const worker = await q.startWorker();
    const { id } = await q.queue.add('flaky', { succeedOn: 1 }, { attempts: 2, backoff: 5_000 });
    await q.trail.find(({ event }) => event === 'delayed');
    expect((await worker.stop()).code).toBe(0);
    expect(await q.queue.getJobState(id!)).toBe('delayed');
    await q.startNodeWorker();
    expect((await q.settled(id)).state).toBe('completed');
  });
});

describe('names', () => {
  test.for([
    [undefined, 'plain'],
    ['till 7/ü', 'named'],
  ] as const)('dashboards list the worker (name: %s)', async ([workerName], { q }) => {
    await q.startWorker(workerName ? { WORKER_NAME: encodeURIComponent(workerName) } : {});
    const [worker, ...others] = await until(async () => {
      const workers = await q.queue.getWorkers();
      return workers.length > 0 && workers;
    });
    expect(others).toEqual([]);
    const base = `bull:${Buffer.from(q.name).toString('base64')}`;
    expect(worker!.rawname).toBe(workerName ? `${base}:w:${encodeURIComponent(workerName)}` : base);
  });

  test('a queue with a name in any script', async () => {
    const q = await openQueue({ name: `Kassenbücher 漢字 ?>/${Date.now()}` });
    try {
      await q.startWorker();
      const producer = q.startProducer();
      expect(await q.value(await producer.add('echo', 1))).toBe(1);
      expect(await q.queue.getWorkersCount()).toBe(1);
    } finally {
      await q.close();
    }
  });
});

describe('connections', () => {
  const killAll = (q: TestQueue) => q.redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');

  test('CLIENT KILL of an idle worker and producer: the next job is run', async ({ own: q }) => {
    await q.startWorker();
    const producer = q.startProducer();
    await q.value(await producer.add('echo', 'before'));
    for (let n = 0; n < 4; ++n) {
      await killAll(q);
      expect(await q.value(await producer.add('echo', n))).toBe(n);
    }
    await until(async () => (await q.queue.getWorkersCount()) === 1);
  });

  test('CLIENT KILL of the blocking connection alone', async ({ own: q }) => {
    await q.startWorker();
    for (let n = 0; n < 4; ++n) {
      const [worker] = await until(async () => {
        const workers = await q.queue.getWorkers();
        return workers.length === 1 && workers;
      });
      await q.redis.call('CLIENT', 'KILL', 'ID', worker!.id!);
      await q.value((await q.queue.add('echo', n, n % 2 ? { delay: 100 } : {})).id);
    }
  });

  test('CLIENT KILL while jobs run: each is finished once', async ({ own: q }) => {
    await q.startWorker({ ...short, CONCURRENCY: '4' });
    const jobs = await q.queue.addBulk(Array.from({ length: 40 }, () => ({ name: 'sleep', data: { ms: 60 } })));
    for (const done of [4, 12, 20, 28]) {
      await q.trail.when(() => q.trail.count('completed') >= done);
      await killAll(q);
    }
    for (const { id } of jobs) await q.settled(id);
    expect(await q.queue.getJobCountByTypes('active', 'waiting')).toBe(0);
    expect(new Set(q.trail.ids('completed')).size).toBe(jobs.length);
    expect(q.trail.count('completed')).toBe(jobs.length);
  });

  test('SCRIPT FLUSH: worker and producer go on', async ({ own: q }) => {
    await q.startWorker({ CONCURRENCY: '2' });
    const producer = q.startProducer();
    const flush = () => q.redis.script('FLUSH');
    const running = await producer.add('sleep', { ms: 500 });
    await q.active(running);
    await flush();
    const one = { name: 'echo', data: 1 };
    const operations: [string, object][] = [
      ['add', one],
      ['add', { ...one, opts: { delay: 50 } }],
      ['add', { ...one, opts: { priority: 1 } }],
      ['bulk', { jobs: [one, one, { ...one, opts: { priority: 2 } }] }],
      ['flow', { flow: { ...one, children: [one, one] } }],
      ['scheduler', { id: 's', repeat: { every: 50, limit: 2 }, template: { name: 'echo' } }],
      ['pause', {}],
      ['resume', {}],
      ['counts', {}],
      ['state', { id: running }],
      ['removeScheduler', { id: 's' }],
    ];
    for (const [op, parameters] of operations) {
      await flush();
      await producer.call(op, parameters);
    }
    await flush();
    expect(await q.value(running)).toBe(500);
    await until(
      async () =>
        (await q.queue.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized', 'waiting-children')) === 0,
    );
    expect(await q.queue.getFailedCount()).toBe(0);
  });
});

describe('ready', () => {
  // Without waiting for anything: as soon as it says so, all of it is there.
  test('is said of a worker that fetches', async ({ own: q }) => {
    await q.queue.add('sleep', { ms: 10_000 });
    await q.startWorker();
    expect(await q.queue.getWorkersCount()).toBe(1);
    expect(await q.queue.getActiveCount()).toBe(1);
  });

  test.skipIf(peerIsNode)(
    'is never said of a worker that was stopped before',
    async ({ own: q, redis }) => {
      await redis.crash();
      q.startWorker().catch(() => {}); // it ends before the line
      const worker = q.workers[0]!;
      await worker.line(({ msg, role }) => msg === 'connection to Redis failed' && role === 'jobs');
      expect((await worker.stop()).code, 'after what it has asked Redis has timed out').toBe(0);
      expect(worker.output).not.toMatch(/^ready$/m);
      await redis.start();
    },
    300_000,
  );
});

describe('Redis', () => {
  test('killed and restarted under an idle worker and producer', async ({ own: q, redis }) => {
    await q.startWorker();
    const producer = q.startProducer();
    await q.value(await producer.add('echo', 'before'));
    const delayed = await producer.add('echo', 'kept', { delay: 1_500 });
    await redis.crash();
    await redis.start();
    expect(await q.value(await producer.add('echo', 'after'))).toBe('after');
    expect(await q.value(delayed)).toBe('kept');
  });

  test('killed and restarted in mid-job: the job is finished once', async ({ own: q, redis }) => {
    await q.startWorker({ CONCURRENCY: '2' });
    const jobs = await q.queue.addBulk(
      [1, 2, 3].map((n) => ({ name: 'sleep', data: { ms: 800 * n, announce: true } })),
    );
    await q.running(jobs[1]!.id);
    await redis.crash();
    await redis.start();
    for (const { id } of jobs) {
      await q.value(id);
      expect((await q.runs(id)).made).toBe(1);
    }
  });

  test('down when a job ends: its result is written when Redis is back', async ({ own: q, redis }) => {
    await q.startWorker();
    const { id } = await q.queue.add('sleep', { ms: 300, announce: true });
    await q.running(id);
    await redis.crash();
    await new Promise((resolve) => setTimeout(resolve, 1_200)); // the handler has ended by then
    await redis.start();
    expect(await q.value(id)).toBe(300);
    expect(await q.runs(id)).toEqual(once);
  });

  test('down when the worker starts: it waits, and is ready when it works', async ({ own: q, redis }) => {
    await redis.crash();
    const starting = q.startWorker();
    const worker = q.workers[0]!;
    if (peerIsNode) await worker.line(({ text }) => /ECONNREFUSED/.test(String(text)));
    else await worker.line(({ msg, role }) => msg === 'connection to Redis failed' && role === 'jobs');
    expect(worker.output).not.toMatch(/^ready$/m);
    await redis.start();
    await starting;
    expect(await q.queue.getWorkersCount(), 'its blocking connection').toBe(1);
    await q.value((await q.queue.add('echo', 1)).id);
  });

  test('hanging for a while', async ({ own: q, redis }) => {
    await q.startWorker();
    const { id } = await q.queue.add('sleep', { ms: 500, announce: true });
    await q.running(id);
    process.kill(redis.pid, 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    process.kill(redis.pid, 'SIGCONT');
    expect(await q.value(id)).toBe(500);
    await q.value((await q.queue.add('echo', 1)).id);
  });

  test('read-only for a while, as in a failover', async ({ own: q, redis }) => {
    await q.startWorker();
    await q.value((await q.queue.add('echo', 1)).id);
    const { id } = await q.queue.add('sleep', { ms: 300, announce: true });
    await q.running(id);
    const admin = new Redis(redis.url);
    await admin.replicaof('127.0.0.1', '1');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    await admin.replicaof('NO', 'ONE');
    admin.disconnect();
    await q.value((await q.queue.add('echo', 2)).id);
  });

  test('emptied under a running job: the worker goes on', async ({ own: q }) => {
    const worker = await q.startWorker();
    const { id } = await q.queue.add('sleep', { ms: 300, announce: true });
    await q.running(id);
    await q.redis.flushall();
    const next = await q.queue.add('echo', 1, { jobId: 'next' });
    await until(async () => (await next.getState()) === 'completed');
    expect(worker.running).toBe(true);
  });

  test('emptied under a worker that waits for a delayed job: it takes what comes', async ({ own: q }) => {
    await q.startWorker();
    const producer = q.startProducer();
    await producer.add('echo', 'later', { delay: hour });
    await q.value(await producer.add('echo', 'before'));
    await blocked(q);
    await q.redis.flushall();
    await q.redis.script('FLUSH');
    for (const opts of [{}, { delay: 100 }, { priority: 1 }]) {
      const id = await producer.add('echo', 'after', opts);
      await until(async () => (await q.queue.getJobState(id)) === 'completed');
    }
  });

  test('restarted without its data under a running job: worker and producer go on', async ({ own: q, redis }) => {
    const worker = await q.startWorker({ ...short, CONCURRENCY: '2' });
    const producer = q.startProducer();
    await q.running(await producer.add('sleep', { ms: 2_500, announce: true }));
    await q.redis.flushall(); // its file has that too
    await redis.crash();
    await redis.start();
    const id = await producer.add('echo', 'after', { jobId: 'after' });
    await until(async () => (await q.queue.getJobState(id)) === 'completed');
    // What was running is nobody's any more, and is not brought back.
    expect(await q.queue.getJobCountByTypes('active', 'failed', 'waiting')).toBe(0);
    expect(worker.running).toBe(true);
  });

  // Redis takes no writes, and lives: the ends of jobs are kept and told again.
  test.skipIf(peerIsNode).for([
    ['out of memory', ['maxmemory', '1'], ['maxmemory', '0']],
    ['with too few replicas', ['min-replicas-to-write', '1'], ['min-replicas-to-write', '0']],
  ] as const)('%s when jobs end: each ends once', async ([, begin, end], { own: q }) => {
    const worker = await q.startWorker({ CONCURRENCY: '4' });
    const jobs = await q.queue.addBulk(
      [1, 2, 3].map((n) => ({ name: 'sleep', data: { ms: 300 * n, announce: true } })),
    );
    for (const { id } of jobs) await q.running(id);
    await q.redis.config('SET', ...begin);
    // Out of memory it still takes the ends of jobs, whose script begins by removing something.
    if (begin[0] !== 'maxmemory') {
      await worker.line(({ msg }) => msg === 'Redis refuses commands');
      await worker.line(({ msg }) => msg === 'the end of a job could not be told to Redis');
    } else await new Promise((resolve) => setTimeout(resolve, 1_200)); // all of the handlers have ended by then
    await q.redis.config('SET', ...end);
    for (const { id } of jobs) {
      await q.value(id);
      expect(await q.runs(id)).toEqual(once);
    }
    expect(q.trail.count('completed')).toBe(3);
  });
});
