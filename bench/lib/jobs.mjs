// The works jobs-*: src/jobs (bench/jobs/ours.cpp) and Node's BullMQ (bench/jobs/node.mjs) in turn on one Redis.
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { cpuMicroseconds } from './processes.mjs';
import { figuresOf, median, rounded, Side, weighed } from './side.mjs';

// Adds awaited at once, as many as bin/bench has connections; jobs of one bulk.
const inFlight = 64;
const bulkSize = 1_000;

// At least this many times the peer's rate.
export const jobWorks = {
  'jobs-add': { goal: 1 },
  'jobs-add-bulk': { goal: 1 },
  'jobs-process-1': { goal: 1, concurrency: 1 },
  'jobs-process-8': { goal: 1, concurrency: 8 },
  'jobs-process-32': { goal: 1, concurrency: 32 },
};

const invite = {
  email: 'amina.odhiambo@duka.example',
  shop: 'Duka la Amina, Kenyatta Avenue',
  role: 'cashier',
  language: 'sw-KE',
  expiresAt: 1_795_346_722_180,
};
const queueName = 'bench';

const digits = { rps: 0, cpu_us: 1, redis_cpu_us: 1, rss_mb: 1 };

// Gives one object a work, in the form of bench/results.json.
export async function measureJobs({ works, program, rounds, seconds, quick, say }) {
  const url = new URL(process.env.TEST_REDIS_URL);
  url.pathname = '/1'; // emptied between rounds
  const redis = new Redis(url.href, { maxRetriesPerRequest: null });
  const queue = new Queue(queueName, { connection: redis });
  const redisPid = Number(/process_id:(\d+)/.exec(await redis.info('server'))[1]);
  const environment = { REDIS_URL: url.href, QUEUE: queueName };
  const sides = [
    new Side('ours', [resolve(program)], environment),
    new Side('node', [process.execPath, 'bench/jobs/node.mjs'], environment),
  ];

  async function fill(jobs) {
    for (let left = jobs; left > 0; left -= bulkSize) {
      const bulk = Array.from({ length: Math.min(left, bulkSize) }, () => ({
        name: 'invite',
        data: invite,
        opts: { removeOnComplete: true },
      }));
      await queue.addBulk(bulk);
    }
  }

  // `size` jobs of a worker; seconds of adding.
  async function measure(side, work, size) {
    const { concurrency } = jobWorks[work];
    await redis.flushdb();
    if (concurrency) await fill(size);
    const pids = [side.child.pid, redisPid];
    const before = pids.map(cpuMicroseconds);
    const result = await weighed(side, () => {
      if (concurrency) return side.run('process', size, concurrency);
      return work === 'jobs-add' ? side.run('add', size, inFlight) : side.run('bulk', size, bulkSize);
    });
    const [cpu, redisCpu] = pids.map((pid, i) => (cpuMicroseconds(pid) - before[i]) / result.jobs);
    await expectAllThere(work, result.jobs);
    return {
      rps: result.jobs / (result.microseconds / 1e6),
      cpu_us: cpu,
      redis_cpu_us: redisCpu,
      rss_mb: result.rss_mb,
    };
  }

  // What was counted is what Redis has.
  async function expectAllThere(work, jobs) {
    const left = await queue.getJobCountByTypes('waiting', 'active', 'delayed', 'failed');
    const expected = jobWorks[work].concurrency ? 0 : jobs;
    if (left !== expected) throw new Error(`${work}: ${left} jobs are in the queue, not ${expected}`);
  }

  async function measureWork(work) {
    const samples = { ours: [], node: [] };
    const sizes = {};
    for (const side of sides) {
      // The peer's code is compiled while it runs: it gets the time for it. What a worker then gets to do lasts `seconds`.
      const warm = await measure(side, work, jobWorks[work].concurrency ? 20_000 : quick ? 1 : 3);
      sizes[side.name] = jobWorks[work].concurrency ? Math.ceil(warm.rps * seconds) : seconds;
    }
    for (let round = 0; round < rounds; ++round) {
      for (const side of round % 2 === 0 ? sides : sides.toReversed())
        samples[side.name].push(await measure(side, work, sizes[side.name]));
    }
    const result = { work, ...figuresOf(samples, digits) };
    for (const [name, list] of Object.entries(samples)) {
      // Redis works on one core: at 1 nothing but Redis limits the rate.
      result[`${name}_redis_load`] = rounded(median(list.map((sample) => (sample.rps * sample.redis_cpu_us) / 1e6)), 2);
    }
    result.ratio = rounded(result.ours_rps / result.node_rps, 2);
    say(`${work}: ours ${result.ours_rps}/s, Node ${result.node_rps}/s, ${result.ratio} times`);
    return result;
  }

  try {
    const results = [];
    for (const work of works) results.push(await measureWork(work));
    return results;
  } finally {
    await Promise.race([Promise.all(sides.map((side) => side.stop())), sleep(10_000)]);
    for (const { child } of sides) child.kill('SIGKILL');
    await queue.close();
    redis.disconnect();
  }
}

export const jobColumns = [
  ['work', (r) => r.work],
  ['ours/s', (r) => r.ours_rps],
  ['Node/s', (r) => r.node_rps],
  ['times', (r) => r.ratio.toFixed(2)],
  ['goal', (r) => `${jobWorks[r.work].goal} ${r.ratio >= jobWorks[r.work].goal ? 'met' : 'MISSED'}`],
  ['CPU µs', (r) => `${r.ours_cpu_us} / ${r.node_cpu_us}`],
  ['Redis µs', (r) => `${r.ours_redis_cpu_us} / ${r.node_redis_cpu_us}`],
  ['Redis load', (r) => `${r.ours_redis_load} / ${r.node_redis_load}`],
  ['RSS MB', (r) => `${r.ours_rss_mb} / ${r.node_rss_mb}`],
];
