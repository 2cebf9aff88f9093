// More comes than can be answered: as much is answered in time as when just enough comes, what is refused is told when to come again, and
// who may wait is refused first. An open loop (bench/overload): strangers do not ask less because they are answered late.
//
// The service has one route of a fixed cost, some 300 requests a second; it and PostgreSQL have one core, who asks the other one.
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScratchDatabase, scratchDatabase } from './support/database.js';
import { environment, exampleEnvironment, repository } from './support/environment.js';
import { freePort } from './support/postgres.js';
import { Process, run } from './support/process.js';
import { recordRun } from './support/runs.js';
import { serviceEnvironment } from './support/service.js';
import { until } from './support/until.js';

const execute = promisify(execFile);

interface Figures {
  times: number;
  peak: number;
  offered: number;
  goodput: number;
  goodputOfPeak: number;
  shed: number;
  shedWithoutRetryAfter: number;
  late: number;
  other: number;
  p50: number;
  p99: number;
  answeredPercent: { high: number; normal: number; low: number };
}

const seconds = environment.long ? 20 : 4;
const times = environment.long ? [1, 2, 5, 10] : [3];
const program = path.join(
  process.env.BACKEND_API_BUILD_ROOT ?? path.join(repository, 'build'),
  exampleEnvironment().EXAMPLE_PRESET!,
  'bench/bench_overload',
);
// Of a machine with one core nobody has one alone.
const onCore = (core: number, command: string[]): [string, string[]] =>
  availableParallelism() > 1 ? ['taskset', ['-c', String(core), ...command]] : [command[0]!, command.slice(1)];

let database: ScratchDatabase;
let server: Process;
let url: string;
let management: string;

beforeAll(async () => {
  database = await scratchDatabase();
  const managementPort = await freePort();
  const env = serviceEnvironment(database, {
    THREADS: '1',
    LOAD_SHEDDING: 'on',
    RATE_LIMITS: 'off',
    LOG_LEVEL: 'info',
    MANAGEMENT_PORT: String(managementPort),
    WORK_US: '3300',
  });
  const migrated = await run(program, ['db', 'migrate'], env);
  expect(migrated.code, migrated.output).toBe(0);
  server = new Process(...onCore(1, [program, 'serve']), env);
  const { port } = await server.line((line) => line.msg === 'listening');
  url = `http://127.0.0.1:${Number(port)}/v1/cost`;
  management = `http://127.0.0.1:${managementPort}`;
  await until(async () => (await fetch(`${url}/high`)).status === 200);
});
afterAll(async () => {
  expect(await server?.stop()).toEqual({ code: 0, signal: null });
  await database?.drop();
});

// The slowest of the probes that are made meanwhile, ms. They are not behind the work: an orchestrator must not end who is only busy.
async function probed(work: Promise<unknown>): Promise<number> {
  let slowest = 0;
  let isOver = false;
  void work.finally(() => (isOver = true)).catch(() => {});
  while (!isOver) {
    for (const probe of ['health', 'ready']) {
      const began = performance.now();
      expect((await fetch(`${management}/${probe}`)).status, probe).toBe(200);
      slowest = Math.max(slowest, performance.now() - began);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return Math.round(slowest);
}

// Where tests run beside it, a figure may be theirs: measured up to three times.
const options = { timeout: 300_000, retry: environment.long ? 0 : 2 };
test('as much is answered in time as before, and who may wait is refused first', options, async () => {
  const loop = path.join(repository, 'bench/overload/open_loop.mjs');
  const options = ['--url', url, '--times', times.join(), '--seconds', String(seconds), '--rest', '1'];
  const [command, args] = onCore(0, [process.execPath, loop, ...options]);
  const asked = execute(command, args, { maxBuffer: 2 ** 20 });
  const slowestProbe = await probed(asked);
  const lines = (await asked).stdout.split('\n').filter((line) => line.startsWith('{'));
  const measured = lines.map((line) => JSON.parse(line) as Figures);
  console.info(lines.join('\n'), `slowest probe: ${slowestProbe} ms`);
  expect(measured.map((one) => one.times)).toEqual(times);
  for (const one of measured) {
    const said = JSON.stringify(one);
    expect(one.shedWithoutRetryAfter, said).toBe(0);
    expect(one.other, said).toBe(0);
    // Half of what the route's cost allows: what has the cores is something else, and figures say nothing of the service.
    const isStarved = one.peak < 150;
    if (environment.long) expect(isStarved, `the machine is busy: ${said}`).toBe(false);
    if (isStarved) continue;
    // The tests beside it may have one of both cores; without shedding nothing at all would come in time.
    expect(one.goodputOfPeak, said).toBeGreaterThanOrEqual(environment.long ? 0.9 : 0.3);
    // Nobody waits for nothing: who is not served is told so.
    const asked = one.offered * seconds * 0.75;
    expect(one.late / asked, said).toBeLessThan(environment.long ? 0.05 : 0.5);
    if (one.times === 1) continue;
    expect(one.shed, said).toBeGreaterThan(0);
    expect(one.answeredPercent.high, said).toBeGreaterThanOrEqual(one.answeredPercent.normal);
    expect(one.answeredPercent.normal, said).toBeGreaterThanOrEqual(one.answeredPercent.low);
    expect(one.answeredPercent.high, said).toBeGreaterThan(one.answeredPercent.low);
    if (environment.long) expect(one.p99, said).toBeLessThan(800);
  }
  // The shortest timeout of a probe in deploy/kubernetes.
  if (environment.long) expect(slowestProbe).toBeLessThan(2_000);
  // What is over is over: nobody is refused any more.
  await until(async () => {
    for (let i = 0; i < 20; ++i) if ((await fetch(`${url}/low`)).status !== 200) return false;
    return true;
  });
  const page = await (await fetch(`${management}/metrics`)).text();
  expect(page).toMatch(/^http_requests_shed_total\{priority="low"\} [1-9]/m);
  if (environment.long)
    await recordRun('overload', {
      secondsEach: seconds,
      workMicroseconds: 3300,
      slowestProbeMs: slowestProbe,
      measured,
    });
});
