// The measurement itself. Started by bin/bench, which builds, and by bin/with-servers, which brings PostgreSQL.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { compareServers, walkToTheEnd } from './lib/compare.mjs';
import { makeDatabases, postmasterPid, query, readShops, urls } from './lib/database.mjs';
import { jobColumns, jobWorks, measureJobs } from './lib/jobs.mjs';
import { Server, cpuMicroseconds, residentMegabytes } from './lib/processes.mjs';
import { writeRequests } from './lib/requests.mjs';

const run = promisify(execFile);

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    works: { type: 'string' },
    depth: { type: 'string' },
    program: { type: 'string', default: 'build/release/pos/backend-api' },
    'jobs-program': { type: 'string', default: 'build/release/bench/bench_jobs' },
    output: { type: 'string' },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
const seconds = Number(options.seconds ?? (options.quick ? 2 : 4));
const depth = Number(options.depth ?? (options.quick ? 20_000 : 120_000));
const output = options.output ?? (options.quick ? '.cache/bench-quick.json' : 'bench/results.json');
const connections = 64;
const clientThreads = Math.max(1, Math.min(4, Math.floor(cpus().length / 4)));

// At least this many times the peer's rate.
const works = {
  health: { script: 'get', goal: 2.2 },
  'product-by-id': { script: 'get', goal: 7 },
  'product-page': { script: 'get', goal: 6 },
  'page-first-of-many': { script: 'get' },
  'page-last-of-many': { script: 'get' },
  sale: { script: 'sale', goal: 6 },
  'sale-hot-tenant': { script: 'sale' },
};
const allWorks = [...Object.keys(works), ...Object.keys(jobWorks)];
const chosen = options.works?.split(',') ?? allWorks;
for (const name of chosen)
  if (!allWorks.includes(name)) throw new Error(`no such work: ${name} (${allWorks.join(', ')})`);
const chosenOf = (list) => chosen.filter((name) => name in list);

const say = (text) => process.stderr.write(`${text}\n`);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rounded = (number, digits = 0) => Number(number.toFixed(digits));

const directory = mkdtempSync(join(tmpdir(), 'backend-api-bench.'));
const secret = randomBytes(48).toString('base64');
const environment = {
  JWT_SECRET: secret,
  APP_SECRET: randomBytes(48).toString('base64'),
  REDIS_URL: process.env.TEST_REDIS_URL,
  CORS_ORIGINS: 'https://shop.example',
  LOG_LEVEL: 'info',
  // One address sends it all, and the peer has none. RATE_LIMITS=on measures what they cost.
  RATE_LIMITS: process.env.RATE_LIMITS ?? 'off',
};
// Other settings may be tried by the environment; the defaults are what is compared.
const passedOn = (...names) =>
  Object.fromEntries(names.filter((name) => process.env[name]).map((name) => [name, process.env[name]]));
const ours = new Server({
  name: 'ours',
  command: [resolve(options.program), 'serve'],
  environment: {
    ...environment,
    DATABASE_URL: urls.app,
    DATABASE_SYSTEM_URL: urls.system,
    // The peer leaves its rows there, too. OUTBOX_RELAY=true measures what moving them to Redis costs.
    OUTBOX_RELAY: process.env.OUTBOX_RELAY ?? 'false',
    ...passedOn(
      'THREADS',
      'DATABASE_WRITE_CONNECTIONS',
      'DATABASE_POINT_CONNECTIONS',
      'DATABASE_READ_CONNECTIONS',
      'DATABASE_BULK_CONNECTIONS',
      'DATABASE_TENANT_SHARE',
    ),
  },
  log: join(directory, 'ours.log'),
});
const koa = new Server({
  name: 'koa',
  command: [process.execPath, 'bench/peers/koa/src/server.js'],
  environment: {
    ...environment,
    DATABASE_URL: urls.koa,
    NODE_ENV: 'production',
    ...passedOn('WORKERS', 'DATABASE_CONNECTIONS'),
  },
  log: join(directory, 'koa.log'),
});
const servers = [ours, koa];
let postgresPid = 0;
let nextSequence = 1_000_000; // of devices: each round takes a range of its own

// Runs `task` and gives the greatest resident memory of the server meanwhile.
async function weighed(server, task) {
  let most = 0;
  let running = true;
  const scales = (async () => {
    while (running) {
      most = Math.max(most, residentMegabytes(server.pid));
      await sleep(500);
    }
  })();
  try {
    return { ...(await task()), rss_mb: most };
  } finally {
    running = false;
    await scales;
  }
}

async function wrk(server, work, requests, duration) {
  const script = works[work].script;
  const first = nextSequence;
  nextSequence += 10_000_000;
  const { stdout } = await run('wrk', [
    ...[
      '-t',
      clientThreads,
      '-c',
      connections,
      '-d',
      `${duration}s`,
      '--timeout',
      '10s',
      '-s',
      `bench/wrk/${script}.lua`,
    ].map(String),
    ...[server.url, '--', requests, String(first)],
  ]);
  const result = JSON.parse(stdout.trim().split('\n').at(-1));
  if (result.refused + result.broken > 0) {
    throw new Error(
      `${work}: ${server.name} refused ${result.refused} and broke ${result.broken} of ${result.requests} requests; log: ${server.log}`,
    );
  }
  return result;
}

async function measure(server, work, requests) {
  await wrk(server, work, requests, 1); // caches and pools are warm
  const before = [server.pid, postgresPid].map(cpuMicroseconds);
  const result = await weighed(server, () => wrk(server, work, requests, seconds));
  const [cpu, postgresCpu] = [server.pid, postgresPid].map((pid, i) => cpuMicroseconds(pid) - before[i]);
  return {
    rps: result.requests / (result.microseconds / 1_000_000),
    cpu_us: cpu / result.requests,
    postgres_cpu_us: postgresCpu / result.requests,
    p50_ms: result.p50_us / 1000,
    p99_ms: result.p99_us / 1000,
    rss_mb: result.rss_mb,
  };
}

const digits = { rps: 0, cpu_us: 1, postgres_cpu_us: 1, p50_ms: 2, p99_ms: 2, rss_mb: 1 };

async function measureWork(work, files) {
  const samples = { ours: [], koa: [] };
  // The peer's code is compiled while it runs: it gets the time for it.
  if (!options.quick) for (const server of servers) await wrk(server, work, files[work](server.name), 5);
  for (let round = 0; round < rounds; ++round) {
    // Who begins changes, so that neither always meets the disk and the caches as the other left them.
    for (const server of round % 2 === 0 ? servers : servers.toReversed()) {
      samples[server.name].push(await measure(server, work, files[work](server.name)));
    }
  }
  const result = { work };
  for (const [name, list] of Object.entries(samples)) {
    for (const [figure, places] of Object.entries(digits)) {
      result[`${name}_${figure}`] = rounded(median(list.map((sample) => sample[figure])), places);
    }
    const rates = list.map(({ rps }) => Math.round(rps));
    Object.assign(result, { [`${name}_rps_min`]: Math.min(...rates), [`${name}_rps_max`]: Math.max(...rates) });
  }
  result.ratio = rounded(result.ours_rps / result.koa_rps, 2);
  say(`${work}: ours ${result.ours_rps}/s, Koa ${result.koa_rps}/s, ${result.ratio} times`);
  return result;
}

// PostgreSQL alone, without a service before it: what the statement costs with nothing around it.
const references = {
  'product-by-id':
    "\\set n random(0, 199)\n\\set p random(0, 49)\nselect * from products where tenant_id = ('01980001-0000-7000-8000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid" +
    " and id = ('01980010-0000-7000-8000-' || lpad(to_hex(:n * 1000::bigint + :p), 12, '0'))::uuid;\n",
  'product-page':
    "\\set n random(0, 199)\nselect * from products where tenant_id = ('01980001-0000-7000-8000-' || lpad(to_hex(:n::bigint), 12, '0'))::uuid" +
    ' and deleted_at is null order by name, id limit 21;\n',
};

async function pgbench(work) {
  const file = join(directory, `${work}.sql`);
  writeFileSync(file, references[work]);
  const program = join(process.env.TEST_POSTGRES_BIN, 'pgbench');
  const parameters = [
    '-n',
    '-M',
    'prepared',
    '-c',
    '16',
    '-j',
    String(clientThreads),
    '-T',
    String(seconds),
    '-f',
    file,
    urls.superuser,
  ];
  const { stdout } = await run(program, parameters);
  return Math.round(Number(/tps = ([\d.]+)/.exec(stdout)[1]));
}

async function measureStarts() {
  const figures = {};
  for (const server of servers) {
    const times = [];
    for (let i = 0; i < (options.quick ? 1 : 5); ++i) {
      if (server.child) await server.stop();
      times.push(await server.start());
    }
    await sleep(1_000);
    figures[`${server.name}_start_ms`] = Math.round(median(times));
    figures[`${server.name}_idle_rss_mb`] = rounded(residentMegabytes(server.pid), 1);
  }
  return figures;
}

function printRows(columns, results) {
  const rows = [
    columns.map(([title]) => title),
    ...results.map((result) => columns.map(([, cell]) => String(cell(result)))),
  ];
  const widths = columns.map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  console.log('');
  for (const row of rows) {
    console.log(row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '));
  }
}

function printTable(results, starts) {
  const columns = [
    ['work', (r) => r.work],
    ['ours/s', (r) => r.ours_rps],
    ['Koa/s', (r) => r.koa_rps],
    ['times', (r) => r.ratio.toFixed(2)],
    [
      'goal',
      (r) => (works[r.work].goal ? `${works[r.work].goal} ${r.ratio >= works[r.work].goal ? 'met' : 'MISSED'}` : ''),
    ],
    ['CPU µs', (r) => `${r.ours_cpu_us} / ${r.koa_cpu_us}`],
    ['PostgreSQL µs', (r) => `${r.ours_postgres_cpu_us} / ${r.koa_postgres_cpu_us}`],
    ['p99 ms', (r) => `${r.ours_p99_ms} / ${r.koa_p99_ms}`],
    ['RSS MB', (r) => `${r.ours_rss_mb} / ${r.koa_rss_mb}`],
    ['pgbench/s', (r) => r.pgbench_rps ?? ''],
  ];
  printRows(columns, results);
  console.log(
    `\nidle RSS ${starts.ours_idle_rss_mb} / ${starts.koa_idle_rss_mb} MB, start to ready ${starts.ours_start_ms} / ${starts.koa_start_ms} ms` +
      `\n${rounds} rounds of ${seconds} s, ${connections} connections, ${cpus().length} × ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB; CPU is user + system time a request`,
  );
}

// What was answered is there.
async function checkSales() {
  for (const url of [urls.superuser, urls.koa]) {
    const [wrong] = await query(
      url,
      `select count(*)::integer as levels from stock_levels l where on_hand <> (
         select sum(quantity_delta) from stock_movements m where m.tenant_id = l.tenant_id and m.location_id = l.location_id and m.variant_id = l.variant_id)`,
    );
    if (wrong.levels > 0) throw new Error(`${wrong.levels} stock levels are not the sum of their movements: ${url}`);
  }
}

async function measureServers(names) {
  say(`seeding 200 shops, and one of ${depth} products`);
  await makeDatabases(ours.command[0], { depth, history: options.quick ? 20 : 100 });
  const shops = await readShops(secret);
  postgresPid = await postmasterPid();
  const starts = await measureStarts();
  say(`${await compareServers(servers, shops)} requests compared: both answer the same`);

  const lastCursor = {};
  for (const server of servers) lastCursor[server.name] = await walkToTheEnd(server, shops.deep);
  const files = writeRequests(directory, shops, lastCursor);

  const results = [];
  for (const work of names) {
    const result = await measureWork(work, files);
    if (work in references) result.pgbench_rps = await pgbench(work);
    if (work === 'health') Object.assign(result, starts);
    results.push(result);
  }
  await checkSales();
  printTable(results, starts);
  return results;
}

async function measureQueues(names) {
  const { quick, 'jobs-program': program } = options;
  const results = await measureJobs({ works: names, program, rounds, seconds, quick, say });
  printRows(jobColumns, results);
  console.log(`\n${rounds} rounds of ${seconds} s; CPU is user + system time a job; a load of 1 is Redis' only core\n`);
  return results;
}

// Works that were not measured keep their figures.
function write(results) {
  const kept = existsSync(output) ? JSON.parse(readFileSync(output, 'utf8')) : [];
  const all = new Map([...kept, ...results].map((result) => [result.work, result]));
  const sorted = allWorks.flatMap((work) => all.get(work) ?? []);
  writeFileSync(output, `${JSON.stringify(sorted, null, 2)}\n`);
  say(`written to ${output}`);
}

async function main() {
  const [ofServers, ofQueues] = [chosenOf(works), chosenOf(jobWorks)];
  const results = ofServers.length > 0 ? await measureServers(ofServers) : [];
  for (const server of servers) if (server.child) await server.stop();
  if (ofQueues.length > 0) results.push(...(await measureQueues(ofQueues)));
  write(results);
}

try {
  await main();
  rmSync(directory, { recursive: true });
} finally {
  for (const server of servers) if (server.child) await server.stop();
}
