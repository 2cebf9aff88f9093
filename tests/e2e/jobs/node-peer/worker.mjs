// examples/worker on Node's own BullMQ: the same environment, handlers and lines. It stands in for ours (JOBS_PEER=node),
// so that the suite itself is tried against the real thing, and works beside ours where both serve one queue.
import { setTimeout as sleep } from 'node:timers/promises';
import { DelayedError, UnrecoverableError, Worker } from 'bullmq';

const number = (name, fallback) => Number(process.env[name] ?? fallback);

// Data of another shape will not improve by trying again.
function checked(data, member, fits) {
  if (!fits(data?.[member])) throw new UnrecoverableError(`invalid data: ${member}`);
  return data[member];
}
const isCount = (value) => Number.isInteger(value) && value >= 0 && value < 2 ** 31;
const areLines = (value) => Array.isArray(value) && value.every((line) => typeof line === 'string');

const handlers = {
  echo: (job) => job.data,
  fail() {
    throw new Error('boom');
  },
  flaky(job) {
    const succeedOn = checked(job.data, 'succeedOn', isCount);
    if (job.attemptsMade < succeedOn) throw new Error('not yet');
    return 'done';
  },
  async progress(job) {
    for (const percent of [25, 50, 75, 100]) await job.updateProgress(percent);
    return 'done';
  },
  async sleep(job) {
    const ms = checked(job.data, 'ms', isCount);
    if (job.data.announce) await job.updateProgress(0);
    await sleep(ms);
    return ms;
  },
  burn(job) {
    const until = Date.now() + checked(job.data, 'ms', isCount);
    while (Date.now() < until);
    return job.data.ms;
  },
  async log(job) {
    const lines = checked(job.data, 'lines', areLines);
    for (const line of lines) await job.log(line);
    return lines.length;
  },
};

const worker = new Worker(
  process.env.QUEUE ?? 'conformance',
  async (job, token) => {
    if (Object.hasOwn(handlers, job.name)) return handlers[job.name](job);
    // Another worker may know it; it stays in the queue and can be seen there.
    await job.moveToDelayed(Date.now() + 30_000, token);
    throw new DelayedError();
  },
  {
    connection: { url: process.env.REDIS_URL },
    concurrency: number('CONCURRENCY', 1),
    lockDuration: number('LOCK_DURATION_MS', 30_000),
    stalledInterval: number('STALLED_INTERVAL_MS', 30_000),
    maxStalledCount: number('MAX_STALLED_COUNT', 1),
    ...(process.env.WORKER_NAME ? { name: process.env.WORKER_NAME } : {}),
  },
);
worker.on('error', (error) => console.error(String(error)));

process.once('SIGTERM', async () => {
  await worker.close();
  process.exit(0);
});

await worker.waitUntilReady();
console.log('ready');
