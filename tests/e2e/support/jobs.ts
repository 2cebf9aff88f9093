// A queue of one's own, the programs that work on it, and the trail of events that it leaves.
//
//     test('an echo', async ({ q }) => {
//       await q.startWorker({ CONCURRENCY: '4' });          // ours: bin/example-worker
//       const job = await q.queue.add('echo', { a: 1 });    // the real bullmq
//       expect(await q.settled(job.id)).toEqual({ state: 'completed', value: { a: 1 } });
//     });
//
// Our programs must end by themselves, with code 0. Node's are asked, and killed when they do not end: after Redis has died under
// it, a worker of BullMQ's may wait for ever in close(). How many that were is counted (`endedPeers`) and printed.
//
// JOBS_PEER=node puts node-peer/*.mjs, the same programs on Node's BullMQ, in the place of ours: so the tests themselves
// are tried against the real thing.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { FlowProducer, type JobsOptions, Queue, QueueEvents } from 'bullmq';
import { Redis } from 'ioredis';
import { test as plainTest } from 'vitest';
import { environment, exampleEnvironment, repository } from './environment.js';
import { Process } from './process.js';
import { type RedisServer, startRedis } from './redis.js';
import { patienceMs } from './until.js';

type Program = 'worker' | 'producer';

const nodePeer = (program: Program): string[] => [
  process.execPath,
  path.join(repository, `tests/e2e/jobs/node-peer/${program}.mjs`),
];

// Tests of what Node's BullMQ itself does not withstand are skipped where it stands in for ours.
export const peerIsNode = process.env.JOBS_PEER === 'node';

const ours = (program: Program): string[] =>
  peerIsNode ? nodePeer(program) : [path.join(repository, `bin/example-${program}`)];

export interface Entry {
  // Of the stream: milliseconds of Redis' clock and a sequence, `1795346722180-0`.
  id: string;
  event: string;
  jobId?: string;
  [field: string]: string | undefined;
}

// Node's workers and producers that were told to end, over all tests of the process.
export const endedPeers = { byThemselves: 0, killed: 0 };

export const millisecondsOf = ({ id }: Entry): number => Number(id.split('-')[0]);

export type Outcome = { state: 'completed'; value: any } | { state: 'failed'; reason: string };

// The events of a queue from its beginning, kept in order.
export class Trail {
  readonly entries: Entry[] = [];
  private readonly watchers = new Set<() => void>();
  private closed = false;

  constructor(
    private readonly redis: Redis,
    private readonly key: string,
  ) {
    redis.on('error', () => {}); // a test that stops Redis breaks this connection too
    void this.read();
  }

  // The first, past or to come, that matches; `skip` leaves out the first few.
  async find(matches: (entry: Entry) => boolean, { skip = 0, timeoutMs = patienceMs } = {}): Promise<Entry> {
    return this.when(() => this.entries.filter(matches)[skip], timeoutMs);
  }

  // Waits until `look` finds something in the entries.
  async when<T>(look: () => T | undefined | false, timeoutMs = patienceMs): Promise<T> {
    const seen = look();
    if (seen !== undefined && seen !== false) return seen;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.watchers.delete(watch);
        const last = this.entries.slice(-40).map((entry) => JSON.stringify(entry));
        reject(new Error(`no such event within ${timeoutMs} ms; the last were:\n${last.join('\n')}`));
      }, timeoutMs);
      const watch = () => {
        const found = look();
        if (found === undefined || found === false) return;
        clearTimeout(timer);
        this.watchers.delete(watch);
        resolve(found);
      };
      this.watchers.add(watch);
    });
  }

  of(jobId: string | undefined): string[] {
    return this.entries.filter((entry) => entry.jobId === jobId).map(({ event }) => event);
  }

  // The ids of the jobs of one event, in order.
  ids(event: string): string[] {
    return this.entries.filter((entry) => entry.event === event).map(({ jobId }) => jobId!);
  }

  count(event: string): number {
    return this.entries.filter((entry) => entry.event === event).length;
  }

  close(): void {
    this.closed = true;
    this.redis.disconnect();
  }

  private async read(): Promise<void> {
    let last = '0-0';
    while (!this.closed) {
      try {
        const reply = await this.redis.xread('COUNT', 1000, 'BLOCK', 5000, 'STREAMS', this.key, last);
        for (const [, rows] of reply ?? []) {
          for (const [id, fields] of rows) {
            const entry = { id } as Entry;
            for (let i = 0; i < fields.length; i += 2) entry[fields[i]!] = fields[i + 1]!;
            this.entries.push(entry);
            last = id;
          }
        }
        for (const watch of [...this.watchers]) watch();
      } catch {
        // The connection was cut: ioredis makes another. One that is closed ends the loop.
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  }
}

// A line of JSON for each line of JSON.
export class Producer {
  private readonly child: ChildProcess;
  private readonly waiting: ((line: string | undefined) => void)[] = [];
  private errors = '';
  readonly exited: Promise<number | null>;

  constructor(command: string[], env: NodeJS.ProcessEnv) {
    this.child = spawn(command[0]!, command.slice(1), { env, stdio: 'pipe' });
    this.child.stderr!.on('data', (bytes) => (this.errors += bytes));
    this.child.stdin!.on('error', () => {}); // it ended: the calls that wait say so
    createInterface({ input: this.child.stdout! })
      .on('line', (line) => this.waiting.shift()?.(line))
      .on('close', () => this.waiting.splice(0).forEach((answer) => answer(undefined)));
    this.exited = new Promise((resolve) => {
      this.child.once('error', () => resolve(127));
      this.child.once('close', (code) => resolve(code));
    });
  }

  // As it stands, which need not be JSON; gives the line that came back.
  async send(line: string): Promise<any> {
    const reply = new Promise<string | undefined>((resolve) => this.waiting.push(resolve));
    this.child.stdin!.write(`${line}\n`);
    const text = await reply;
    if (text === undefined) throw new Error(`the producer ended (${await this.exited}); it said:\n${this.errors}`);
    return JSON.parse(text);
  }

  // What must succeed.
  async call(op: string, parameters: object = {}): Promise<any> {
    const reply = await this.send(JSON.stringify({ op, ...parameters }));
    if ('error' in reply) throw new Error(`${op}: ${reply.error}`);
    return reply;
  }

  async add(name: string, data: unknown, opts?: JobsOptions): Promise<string> {
    return (await this.call('add', { name, data, ...(opts ? { opts } : {}) })).id;
  }

  // Null: it had to be killed.
  async stop(graceMs = patienceMs): Promise<number | null> {
    this.child.stdin!.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), graceMs);
    const code = await this.exited;
    clearTimeout(timer);
    return code;
  }
}

// What a library of the test's own process does on close is not under test either: it may wait for a server that is gone.
async function withinReason(closing: Promise<unknown>, graceMs = 5_000): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, graceMs)));
  await Promise.race([closing.catch(() => {}), late]);
  clearTimeout(timer);
}

export class TestQueue {
  readonly queue: Queue;
  readonly flows: FlowProducer;
  readonly events: QueueEvents;
  readonly trail: Trail;
  readonly workers: Process[] = [];
  private readonly producers: Producer[] = [];
  private readonly peers = new Set<Process | Producer>();
  private closed = false;

  constructor(
    readonly name: string,
    readonly redisUrl: string,
    readonly redis: Redis,
  ) {
    // A connection that is closed while its server is down would try to reach it for ever.
    const connection = { url: redisUrl, retryStrategy: () => (this.closed ? null : 50) };
    this.queue = new Queue(name, { connection });
    this.flows = new FlowProducer({ connection });
    this.events = new QueueEvents(name, { connection });
    const reader = redis.duplicate();
    reader.on('error', () => {});
    this.trail = new Trail(reader, this.key('events'));
    // A test that cuts connections breaks these too; that is no failure of the test.
    this.queue.on('error', () => {});
    this.flows.on('error', () => {});
    this.events.on('error', () => {});
  }

  key(suffix: string): string {
    return `bull:${this.name}:${suffix}`;
  }

  // Ours; ready to work when this returns.
  startWorker(env: Record<string, string> = {}): Promise<Process> {
    return this.startProgram(ours('worker'), env, peerIsNode);
  }

  // Node's.
  startNodeWorker(env: Record<string, string> = {}): Promise<Process> {
    return this.startProgram(nodePeer('worker'), env, true);
  }

  startProducer(): Producer {
    return this.keep(new Producer(ours('producer'), this.environment({})), peerIsNode);
  }

  startNodeProducer(): Producer {
    return this.keep(new Producer(nodePeer('producer'), this.environment({})), true);
  }

  // How a job ended; of one that ends several times, because it is retried by hand, the n-th end.
  async settled(jobId: string | undefined, { nth = 1, timeoutMs = patienceMs } = {}): Promise<Outcome> {
    if (jobId === undefined) throw new Error('a job without an id');
    const ends = ({ event, jobId: id }: Entry) => id === jobId && (event === 'completed' || event === 'failed');
    const entry = await this.trail.find(ends, { skip: nth - 1, timeoutMs });
    return entry.event === 'completed'
      ? { state: 'completed', value: JSON.parse(entry.returnvalue!) }
      : { state: 'failed', reason: entry.failedReason! };
  }

  async value(jobId: string | undefined): Promise<any> {
    const outcome = await this.settled(jobId);
    if (outcome.state === 'failed') throw new Error(`job ${jobId} failed: ${outcome.reason}`);
    return outcome.value;
  }

  async job(jobId: string | undefined): Promise<NonNullable<Awaited<ReturnType<Queue['getJob']>>>> {
    const job = jobId === undefined ? undefined : await this.queue.getJob(jobId);
    if (!job) throw new Error(`no job ${jobId}`);
    return job;
  }

  // The counters of how often a job was run.
  async runs(jobId: string | undefined): Promise<{ started: number; made: number; stalled: number }> {
    const { attemptsStarted, attemptsMade, stalledCounter } = await this.job(jobId);
    return { started: attemptsStarted, made: attemptsMade, stalled: stalledCounter };
  }

  // Redis has given the job away; whether the worker has read that, nobody knows yet.
  active(jobId: string | undefined): Promise<Entry> {
    return this.trail.find((entry) => entry.event === 'active' && entry.jobId === jobId);
  }

  // The handler of a `sleep` with `announce` runs: from now on Redis may go.
  running(jobId: string | undefined): Promise<Entry> {
    return this.trail.find((entry) => entry.event === 'progress' && entry.jobId === jobId);
  }

  // Stops the programs, expecting a clean end of ours; how many of Node's had to be killed.
  async stopPrograms(): Promise<number> {
    const before = endedPeers.killed;
    const codes = await Promise.all([
      ...this.workers.filter((worker) => worker.running).map((worker) => this.stopWorker(worker)),
      ...this.producers.splice(0).map((producer) => this.stopProducer(producer)),
    ]);
    if (codes.some((code) => code !== 0)) throw new Error(`exit codes of the programs: ${codes.join(', ')}`);
    const killed = endedPeers.killed - before;
    if (killed > 0) console.log(`${killed} of Node's programs did not end by themselves and were killed`);
    return killed;
  }

  // Stops what was started and removes the queue.
  async close(): Promise<void> {
    await this.stopPrograms().finally(async () => {
      this.closed = true;
      this.trail.close();
      await withinReason(Promise.all([this.queue.obliterate({ force: true }).catch(() => {}), this.flows.close()]));
      await withinReason(Promise.all([this.queue.close(), this.events.close()]));
      this.redis.disconnect();
    });
  }

  private async stopWorker(worker: Process): Promise<number | null> {
    if (!this.peers.has(worker)) return (await worker.stop()).code;
    endedPeers[(await worker.endPeer()) ? 'byThemselves' : 'killed']++;
    return 0;
  }

  private async stopProducer(producer: Producer): Promise<number | null> {
    if (!this.peers.has(producer)) return producer.stop();
    endedPeers[(await producer.stop(5_000)) === null ? 'killed' : 'byThemselves']++;
    return 0;
  }

  private environment(more: Record<string, string>): NodeJS.ProcessEnv {
    return { ...exampleEnvironment(), REDIS_URL: this.redisUrl, QUEUE: this.name, ...more };
  }

  private async startProgram(command: string[], env: Record<string, string>, isPeer: boolean): Promise<Process> {
    const child = new Process(command[0]!, command.slice(1), this.environment(env));
    this.workers.push(child);
    if (isPeer) this.peers.add(child);
    await child.line((line) => line.text === 'ready');
    return child;
  }

  private keep(producer: Producer, isPeer: boolean): Producer {
    this.producers.push(producer);
    if (isPeer) this.peers.add(producer);
    return producer;
  }
}

export async function openQueue({ redisUrl = environment.redisUrl, name = '' } = {}): Promise<TestQueue> {
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  redis.on('error', () => {});
  const q = new TestQueue(name || `e2e-${randomBytes(6).toString('hex')}`, redisUrl, redis);
  await Promise.all([q.queue.waitUntilReady(), q.events.waitUntilReady()]);
  return q;
}

export interface Fixtures {
  // A queue on the server of TEST_REDIS_URL.
  q: TestQueue;
  // Another, to do the same on.
  beside: TestQueue;
  // A Redis of the test's own, and a queue on it.
  redis: RedisServer;
  own: TestQueue;
}

async function used(q: TestQueue, task: { result?: { state: string } }, use: (q: TestQueue) => Promise<void>) {
  await use(q);
  if (task.result?.state === 'fail') for (const worker of q.workers) console.error(worker.output);
  await q.close();
}

export const test = plainTest.extend<Fixtures>({
  q: async ({ task }, use) => used(await openQueue(), task, use),
  beside: async ({ task }, use) => used(await openQueue(), task, use),
  redis: async ({ task: _ }, use) => {
    const redis = await startRedis();
    await use(redis);
    await redis.remove();
  },
  own: async ({ task, redis }, use) => used(await openQueue({ redisUrl: redis.url }), task, use),
});
