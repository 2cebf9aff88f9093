// No job lost, none run twice without a word: two workers of ours and two of Node's serve one queue while they are killed
// with SIGKILL and Redis (appendonly, appendfsync always) is killed and restarted. Afterwards every job has ended once, and
// each run beyond its attempts is accounted for by a stall.
//
//     JOBS_CHAOS=2000 bin/with-servers npx vitest run tests/e2e/jobs/chaos.test.ts
//     bin/test --long       with 10,000 jobs; writes docs/jobs-chaos.md
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { environment, repository } from '../support/environment.js';
import { peerIsNode, test, type TestQueue } from '../support/jobs.js';
import type { Process } from '../support/process.js';
import type { RedisServer } from '../support/redis.js';
import { until } from '../support/until.js';

const jobs = Number(process.env.JOBS_CHAOS ?? (environment.long ? 10_000 : 400));
const plan = {
  jobs,
  workerKills: Math.max(6, Math.round(jobs / 150)),
  redisCrashes: Math.max(2, Math.round(jobs / 1_000)),
};

const settings = { CONCURRENCY: '8', LOCK_DURATION_MS: '2000', STALLED_INTERVAL_MS: '500', MAX_STALLED_COUNT: '1' };
const stalledTooOften = 'job stalled more than allowable limit';

const random = (most: number): number => Math.floor(Math.random() * most);

// What is added under a number of its own, and what must become of it.
interface Order {
  name: string;
  data: any;
  opts: any;
  value?: unknown; // of a job that completes; the others fail with boom
}

function orderOf(index: number): Order {
  const opts: any = { jobId: `order-${index}` };
  if (index % 7 === 0) opts.priority = 1 + random(20);
  if (index % 11 === 0) opts.delay = random(2_000);
  switch (index % 10) {
    case 0:
      return { name: 'fail', data: {}, opts: { ...opts, attempts: 2, backoff: 20 } };
    case 1:
    case 2:
      return { name: 'flaky', data: { succeedOn: 1 }, opts: { ...opts, attempts: 3, backoff: random(2) * 30 } };
    case 3:
    case 4:
      return { name: 'log', data: { lines: ['an effect'] }, opts, value: 1 };
    case 5:
      return { name: 'echo', data: { index }, opts, value: { index } };
    default: {
      const ms = 20 + random(180);
      return { name: 'sleep', data: { ms }, opts, value: ms };
    }
  }
}

// Every hundredth order is the parent of five children, which may fail.
const childOf = (index: number, child: number): Order => ({
  ...orderOf(index * 10 + child),
  opts: { jobId: `child-${index}-${child}`, ignoreDependencyOnFailure: true, attempts: 3 },
});

const figures = { addsRepeated: 0, ourKills: 0, nodeKills: 0, redisCrashes: 0, seconds: 0, peersKilled: 0 };

test(
  'every job ends once, whatever dies',
  async ({ own: q, redis }) => {
    const began = Date.now();
    const orders = new Map<string, Order>();
    const producer = q.startProducer();
    const acknowledged = async (add: () => Promise<unknown>): Promise<void> => {
      // Without an answer it is not known whether the job is there. Its id makes a second try harmless.
      while (!(await add().then(...answered))) figures.addsRepeated++;
    };
    const answered = [() => true, () => sleep(50).then(() => false)] as const;

    // A lane of its own for each eighth.
    async function produce(lane: number): Promise<void> {
      for (let index = lane; index < plan.jobs; index += 8) {
        const order = orderOf(index);
        orders.set(order.opts.jobId, order);
        if (index % 100 === 99) {
          const children = [0, 1, 2, 3, 4].map((child) => childOf(index, child));
          for (const child of children) orders.set(child.opts.jobId, child);
          const flow = { ...order, children };
          const placed = { ...flow, queueName: q.name, children: children.map((c) => ({ ...c, queueName: q.name })) };
          await acknowledged(() => (index % 200 === 99 ? producer.call('flow', { flow }) : q.flows.add(placed)));
        } else {
          const { name, data, opts } = order;
          await acknowledged(() => (index % 2 ? producer.add(name, data, opts) : q.queue.add(name, data, opts)));
        }
        // Not far ahead of the workers, so that the accidents meet adding as well as working.
        if (index % 40 === lane) await until(async () => index - (await ended(q)) < 300, 120_000);
      }
    }

    const slots = await Promise.all(
      [0, 1, 2, 3].map(async (index) => {
        const env = { ...settings, WORKER_NAME: `${index < 2 ? 'ours' : 'node'}-${index}` };
        const start = () => (index < 2 ? q.startWorker(env) : q.startNodeWorker(env));
        return { start, worker: await start(), kills: index < 2 ? ('ourKills' as const) : ('nodeKills' as const) };
      }),
    );
    await Promise.all([...Array.from({ length: 8 }, (_, lane) => produce(lane)), disturb(q, redis, slots)]);
    await until(async () => (await ended(q)) === orders.size, 120_000);
    figures.seconds = (Date.now() - began) / 1_000;

    const books = await audit(q, orders);
    expect(books.wrong, 'jobs whose end, runs or effects do not add up').toEqual([]);
    expect(await q.queue.getJobCountByTypes('waiting', 'active', 'delayed', 'prioritized', 'waiting-children')).toBe(0);
    // A reply may be lost after the command was done; sent again it is done again. Only where Redis itself died.
    expect(books.repeatedCommands).toBeLessThanOrEqual(figures.redisCrashes * 4 * Number(settings.CONCURRENCY));

    // Ours end by themselves, whatever Redis did to them; Node's may have to be killed.
    figures.peersKilled = await q.stopPrograms();
    console.log(summary(orders.size, books));
    if (environment.long && !peerIsNode)
      await writeFile(path.join(repository, 'docs/jobs-chaos.md'), page(orders.size, books));
  },
  Math.max(600_000, plan.jobs * 100),
);

const ended = async (q: TestQueue): Promise<number> => q.queue.getJobCountByTypes('completed', 'failed');

interface Slot {
  start(): Promise<Process>;
  worker: Process;
  kills: 'ourKills' | 'nodeKills';
}

// Spread over the work; each accident waits for its share and then a random moment more.
async function disturb(q: TestQueue, redis: RedisServer, slots: Slot[]): Promise<void> {
  const accidents = [
    ...Array.from({ length: plan.workerKills }, (_, index) => slots[index % slots.length]!),
    ...Array.from({ length: plan.redisCrashes }, () => 'redis' as const),
  ].sort(() => Math.random() - 0.5);
  for (const [index, accident] of accidents.entries()) {
    const share = (plan.jobs * (index + 0.5)) / (accidents.length + 2);
    await until(async () => (await ended(q)) >= share, 120_000);
    await sleep(random(200));
    if (accident === 'redis') {
      await redis.crash();
      await sleep(random(500));
      await redis.start();
      figures.redisCrashes++;
    } else {
      await accident.worker.kill();
      await sleep(random(100));
      accident.worker = await accident.start();
      figures[accident.kills]++;
    }
  }
}

interface Books {
  completed: number;
  failed: number;
  stalledTooOften: number;
  runs: number;
  attempts: number;
  stalls: number;
  runAgain: number; // jobs that a stall made run again
  effects: number;
  effectJobs: number;
  repeatedCommands: number;
  byOurs: number;
  byNode: number;
  wrong: string[];
}

// Each job against its order: ended once, as it must, and every run of it explained.
async function audit(q: TestQueue, orders: Map<string, Order>): Promise<Books> {
  const books: Books = {
    ...{ completed: 0, failed: 0, stalledTooOften: 0, runs: 0, attempts: 0, stalls: 0, runAgain: 0 },
    ...{ effects: 0, effectJobs: 0, repeatedCommands: 0, byOurs: 0, byNode: 0, wrong: [] },
  };
  const [completed, failed] = await Promise.all([
    q.queue.getRanges(['completed'], 0, -1),
    q.queue.getRanges(['failed'], 0, -1),
  ]);
  const states = new Map([
    ...completed.map((id) => [id, 'completed'] as const),
    ...failed.map((id) => [id, 'failed'] as const),
  ]);
  const endings = new Map<string, number>();
  await q.trail.when(() => q.trail.count('completed') + q.trail.count('failed') >= orders.size);
  for (const event of ['completed', 'failed']) {
    for (const id of q.trail.ids(event)) endings.set(id, (endings.get(id) ?? 0) + 1);
  }
  if (completed.length + failed.length !== orders.size)
    books.wrong.push(`${completed.length} + ${failed.length} jobs ended`);

  for (const [id, order] of orders) {
    const job = await q.queue.getJob(id);
    const state = states.get(id);
    if (!job || !state) {
      books.wrong.push(`${id} (${order.name}): lost, ${job ? 'its hash is there' : 'without a trace'}`);
      continue;
    }
    const { attemptsStarted: started, attemptsMade: made, stalledCounter: stalls, failedReason, processedBy } = job;
    const complain = (what: string) => books.wrong.push(`${id} (${order.name}): ${what}; ${started} ${made} ${stalls}`);
    books[state]++;
    books.runs += started;
    books.attempts += made;
    books.stalls += stalls;
    if (stalls > 0) books.runAgain++;
    books[processedBy?.startsWith('ours') ? 'byOurs' : 'byNode']++;

    if (endings.get(id) !== 1) complain(`ended ${endings.get(id) ?? 0} times`);
    if (started !== made + stalls) complain('runs that neither an attempt nor a stall explains');
    if (state === 'failed' && failedReason === stalledTooOften) {
      books.stalledTooOften++;
      if (stalls !== 2) complain('called stalled too often');
    } else if (state === 'failed') {
      if (order.name !== 'fail' || failedReason !== 'boom') complain(`failed: ${failedReason}`);
      if (made !== Math.max(1, order.opts.attempts)) complain('failed before its last attempt');
    } else {
      if (order.name === 'fail') complain('completed');
      if ('value' in order && JSON.stringify(job.returnvalue) !== JSON.stringify(order.value))
        complain(`returned ${JSON.stringify(job.returnvalue)}`);
      if (order.name === 'flaky' && made !== 2) complain('took another number of attempts');
    }
    if (order.name === 'log') {
      const { count } = await q.queue.getJobLogs(id, 0, 0);
      books.effects += count;
      books.effectJobs++;
      if (state === 'completed' && count < 1) complain('completed without its effect');
      books.repeatedCommands += Math.max(0, count - started);
    }
  }
  return books;
}

function summary(total: number, books: Books): string {
  return [
    `${total} jobs in ${figures.seconds.toFixed(1)} s: ${books.completed} completed, ${books.failed} failed, of these ${books.stalledTooOften} because their workers died twice;`,
    `${books.runs} runs for ${books.attempts} attempts and ${books.stalls} stalls (${books.runAgain} jobs); ${books.byOurs} ended by ours, ${books.byNode} by Node;`,
    `log rows: ${books.effects} of ${books.effectJobs} jobs, ${books.repeatedCommands} by a repeated command; ${figures.addsRepeated} adds repeated;`,
    `SIGKILL: ours ${figures.ourKills}, Node ${figures.nodeKills}, Redis ${figures.redisCrashes}. Every job ended once.`,
    `SIGTERM at the end: ours ended by themselves; ${figures.peersKilled} of Node's 2 had to be killed.`,
  ].join('\n');
}

function page(total: number, books: Books): string {
  return `# Jobs in chaos, tried

\`bin/test --long\` runs \`tests/e2e/jobs/chaos.test.ts\`: two workers of ours and two of Node's BullMQ, ${settings.CONCURRENCY} jobs each at once, serve one queue to which our producer
and Node's add jobs in turn, while workers and Redis (\`appendfsync always\`) are killed with SIGKILL at random moments. Locks last ${settings.LOCK_DURATION_MS} ms, a job may
stall once. The last run, ${new Date().toISOString().slice(0, 10)}, on ${availableParallelism()} cores:

| | |
|---|---|
| Jobs, with ${Math.floor(plan.jobs / 100)} flows of five children | ${total} |
| Workers killed and restarted: ours, Node's | ${figures.ourKills}, ${figures.nodeKills} |
| Redis killed and restarted | ${figures.redisCrashes} |
| Completed | ${books.completed} |
| Failed: these jobs are made to fail | ${books.failed - books.stalledTooOften} |
| Failed with \`${stalledTooOften}\` | ${books.stalledTooOften} |
| Lost, or ended twice | 0 |
| Runs of handlers | ${books.runs} |
| … that came to an end (attempts) | ${books.attempts} |
| … that ended because their worker was killed (event \`stalled\`) | ${books.stalls}, of ${books.runAgain} jobs |
| Jobs ended by our workers, by Node's | ${books.byOurs}, ${books.byNode} |
| Effects (log rows), of jobs that have one each | ${books.effects} of ${books.effectJobs} |
| Effects that are there twice, as a command was sent again | ${books.repeatedCommands} |
| Adds without an answer, repeated under the same id | ${figures.addsRepeated} |
| Workers that did not end by themselves on SIGTERM afterwards: ours, Node's | 0, ${figures.peersKilled} of 2 |
| Time | ${figures.seconds.toFixed(0)} s |

Compared job by job with what was added:

- every job is completed or failed, once: it has one \`completed\` or \`failed\` event, is in one list, and has the right result or reason;
- runs = attempts + stalls: each repeated run has its event;
- only jobs that stalled twice failed with that reason; failing jobs used all their attempts.

The effects of a handler happen at least once: when a worker is killed, the next run does again what the killed one had done. A handler that must not repeat an
effect uses the job's id as its key.
`;
}
