// The measurement itself. Started by bin/bench, which builds, and by bin/with-servers, which brings PostgreSQL.
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { clientColumns, clientWorks, measureClients } from './lib/clients.mjs';
import { compareServers, walkToTheEnd } from './lib/compare.mjs';
import { makeDatabases, postmasterPid, query, readShops, urlOfPeer, urls } from './lib/database.mjs';
import { jobColumns, jobWorks, measureJobs } from './lib/jobs.mjs';
import { mailColumns, mailWorks, measureMails } from './lib/mails.mjs';
import { measureNeighbour, neighbourColumns, neighbourWork } from './lib/neighbour.mjs';
import { measurePayments, paymentColumns, paymentDatabase, paymentWorks } from './lib/payments.mjs';
import { leaveOut, makeServers, reasonAgainst, secret, takesPart } from './lib/peers.mjs';
import { cpuMicroseconds, residentMegabytes } from './lib/processes.mjs';
import { writeRequests } from './lib/requests.mjs';
import { clientThreads, connections, wrkAllAnswered } from './lib/wrk.mjs';

const run = promisify(execFile);

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    works: { type: 'string' },
    depth: { type: 'string' },
    peer: { type: 'string', multiple: true, default: [] },
    alone: { type: 'boolean', default: false },
    preload: { type: 'string' },
    bulks: { type: 'string', default: '16' },
    'bulk-items': { type: 'string', default: '500' },
    tills: { type: 'string', default: '4' },
    program: { type: 'string', default: 'build/release/pos/backend-api' },
    'jobs-program': { type: 'string', default: 'build/release/bench/bench_jobs' },
    'client-program': { type: 'string', default: 'build/release/bench/bench_client' },
    'mail-program': { type: 'string', default: 'build/release/bench/bench_mail' },
    output: { type: 'string' },
  },
});
const rounds = Number(options.rounds ?? (options.quick ? 1 : 5));
const seconds = Number(options.seconds ?? (options.quick ? 2 : 4));
const depth = Number(options.depth ?? (options.quick ? 20_000 : 120_000));
// Figures of another kind than the comparison's stay out of its file.
const apart = ['quick', 'alone', 'preload'].find((name) => options[name]);
const output = options.output ?? (apart ? `.cache/bench-${apart}.json` : 'bench/results.json');
if (options.preload && !existsSync(options.preload)) throw new Error(`--preload: there is no ${options.preload}`);

// `need`: what a peer must answer as we do (lib/compare.mjs). `goal`: at least this many times Koa's rate.
const works = {
  health: { script: 'get', need: 'health', goal: 2.2 },
  'product-by-id': { script: 'get', need: 'product-by-id', goal: 7 },
  'product-page': { script: 'get', need: 'product-page', goal: 6 },
  'page-first-of-many': { script: 'get', need: 'product-page', deep: true },
  'page-last-of-many': { script: 'get', need: 'product-page', deep: true },
  sale: { script: 'sale', need: 'sale', goal: 6 },
  'sale-hot-tenant': { script: 'sale', need: 'sale' },
};
// Last of the servers', as it fills one shop's catalogue.
const allWorks = [
  ...Object.keys(works),
  neighbourWork,
  ...Object.keys(paymentWorks),
  ...Object.keys(jobWorks),
  ...Object.keys(clientWorks),
  ...Object.keys(mailWorks),
];
const chosen = options.works?.split(',') ?? allWorks;
for (const name of chosen)
  if (!allWorks.includes(name)) throw new Error(`no such work: ${name} (${allWorks.join(', ')})`);
const chosenOf = (list) => chosen.filter((name) => name in list);

const say = (text) => process.stderr.write(`${text}\n`);
const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rounded = (number, digits = 0) => Number(number.toFixed(digits));

const directory = mkdtempSync(join(tmpdir(), 'backend-api-bench.'));
const servers = makeServers({
  program: options.program,
  outside: options.peer,
  alone: options.alone,
  preload: options.preload,
  directory,
});
const [ours, ...peers] = servers;
let postgresPid = 0;

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

const ask = (server, work, file, duration) =>
  wrkAllAnswered(server, work, { script: works[work].script, file, seconds: duration });

async function measure(server, work, file) {
  await ask(server, work, file, 1); // caches and pools are warm
  const before = [server.pid, postgresPid].map(cpuMicroseconds);
  const result = await weighed(server, () => ask(server, work, file, seconds));
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

function figuresOf(name, samples) {
  const figures = Object.fromEntries(
    Object.entries(digits).map(([figure, places]) => [
      `${name}_${figure}`,
      rounded(median(samples.map((sample) => sample[figure])), places),
    ]),
  );
  const rates = samples.map(({ rps }) => Math.round(rps));
  return { ...figures, [`${name}_rps_min`]: Math.min(...rates), [`${name}_rps_max`]: Math.max(...rates) };
}

// `ratio` is to Koa, whom the goals are about; to another peer it bears that one's name.
const ratioName = (peer) => (peer.name === 'koa' ? 'ratio' : `${peer.name}_ratio`);

// Runs `task` for the server; a peer from outside with which it goes wrong is not measured any more.
async function orLeaveOut(server, need, task) {
  if (server !== ours && reasonAgainst(server, need)) return;
  try {
    await task();
  } catch (error) {
    if (server === ours) throw error;
    leaveOut(server, need, error, say);
    if (need === 'all') await server.stop();
  }
}

async function measureWork(work, files) {
  const { need } = works[work];
  const asked = peers.filter((peer) => takesPart(peer, works[work]));
  const measured = [ours, ...asked.filter((peer) => !reasonAgainst(peer, need))];
  const samples = new Map(measured.map((server) => [server, []]));
  // The peers' code is compiled while it runs: it gets the time for it.
  for (const server of options.quick ? [] : measured)
    await orLeaveOut(server, need, () => ask(server, work, files[work](server.name), 5));
  for (let round = 0; round < rounds; ++round) {
    // Who begins changes, so that none always meets the disk and the caches as the same other left them.
    const first = round % measured.length;
    for (const server of [...measured.slice(first), ...measured.slice(0, first)])
      await orLeaveOut(server, need, async () =>
        samples.get(server).push(await measure(server, work, files[work](server.name))),
      );
  }
  const result = { work };
  for (const peer of asked) if (reasonAgainst(peer, need)) samples.delete(peer);
  for (const [{ name }, list] of samples) Object.assign(result, figuresOf(name, list));
  for (const peer of asked) {
    const reason = reasonAgainst(peer, need);
    if (reason) Object.assign(result, { [`${peer.name}_rps`]: 'not measured', [`${peer.name}_reason`]: reason });
    else result[ratioName(peer)] = rounded(result.ours_rps / result[`${peer.name}_rps`], 2);
  }
  say(`${work}: ${[...samples.keys()].map(({ name, title }) => `${title} ${result[`${name}_rps`]}/s`).join(', ')}`);
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

async function startOften(server) {
  const times = [];
  for (let i = 0; i < (options.quick ? 1 : 5); ++i) {
    await server.stop();
    times.push(await server.start());
  }
  return times;
}

async function measureStarts() {
  const figures = {};
  for (const server of servers) {
    await orLeaveOut(server, 'all', async () => {
      const times = await startOften(server);
      await sleep(1_000);
      figures[`${server.name}_start_ms`] = Math.round(median(times));
      figures[`${server.name}_idle_rss_mb`] = rounded(residentMegabytes(server.pid), 1);
    });
  }
  return figures;
}

// Of all peers, and of all that they are measured by.
async function compareAll(shops) {
  let compared = 0;
  for (const peer of peers.filter(({ reasons }) => !reasons.all)) {
    for (const need of peer.needs) {
      await orLeaveOut(peer, need, async () => (compared += await compareServers([ours, peer], shops, need)));
    }
  }
  return compared;
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

function goalOf({ work, ratio }) {
  const { goal } = works[work];
  return goal && ratio !== undefined ? `${goal} ${ratio >= goal ? 'met' : 'MISSED'}` : '';
}

function printTable(results, starts) {
  const all = (figure) => (r) => servers.map(({ name }) => r[`${name}_${figure}`] ?? '-').join(' / ');
  const columns = [
    ['work', (r) => r.work],
    ['ours/s', (r) => r.ours_rps],
    ...peers.flatMap((peer) => [
      [`${peer.title}/s`, (r) => r[`${peer.name}_rps`] ?? '-'],
      ['times', (r) => r[ratioName(peer)]?.toFixed(2) ?? ''],
      ...(peer.name === 'koa' ? [['goal', goalOf]] : []),
    ]),
    ['CPU µs', all('cpu_us')],
    ['PostgreSQL µs', all('postgres_cpu_us')],
    ['p99 ms', all('p99_ms')],
    ['RSS MB', all('rss_mb')],
    ['pgbench/s', (r) => r.pgbench_rps ?? ''],
  ];
  if (results.length > 0) printRows(columns, results);
  console.log(
    `\n${servers.map(({ title }) => title).join(' / ')}: idle RSS ${all('idle_rss_mb')(starts)} MB, start to ready ${all('start_ms')(starts)} ms` +
      `\n${rounds} rounds of ${seconds} s, ${connections} connections, ${cpus().length} × ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GB; CPU is user + system time a request`,
  );
}

async function measureNoise(shops) {
  const sellers = [ours, ...peers.filter((peer) => takesPart(peer, works.sale))];
  const noise = {
    bulks: Number(options.bulks),
    items: Number(options['bulk-items']),
    tills: Number(options.tills),
    seconds,
  };
  const result = await measureNeighbour({ servers: sellers, shops, directory, rounds, options: noise, say });
  printRows(
    neighbourColumns,
    sellers.map((server) => ({ server, result })),
  );
  console.log(
    `\n${noise.tills} connections sell for one shop, beside ${noise.bulks} with bulks of ${noise.items} products of another`,
  );
  return result;
}

// What was answered is there.
async function checkSales() {
  const databases = peers.filter((peer) => !peer.reasons.all).map(({ name }) => urlOfPeer(name));
  for (const url of [urls.superuser, ...databases]) {
    const [wrong] = await query(
      url,
      `select count(*)::integer as levels from stock_levels l where on_hand <> (
         select sum(quantity_delta) from stock_movements m where m.tenant_id = l.tenant_id and m.location_id = l.location_id and m.variant_id = l.variant_id)`,
    );
    if (wrong.levels > 0) throw new Error(`${wrong.levels} stock levels are not the sum of their movements: ${url}`);
  }
}

// `names`: of the copies.
async function makeShops(names, products) {
  say(`seeding 200 shops, and one of ${products} products`);
  await makeDatabases(ours.command[0], names, { depth: products, history: options.quick ? 20 : 100 });
  postgresPid = await postmasterPid();
  return readShops(secret);
}

async function measureServers(names, noisy, shops) {
  const starts = await measureStarts();
  say(`${await compareAll(shops)} requests compared: whoever is measured answers the same`);

  const lastCursor = {};
  if (names.includes('page-last-of-many')) {
    const deep = peers.filter((peer) => takesPart(peer, works['page-last-of-many']));
    for (const server of [ours, ...deep]) {
      await orLeaveOut(server, 'product-page', async () => {
        lastCursor[server.name] = await walkToTheEnd(server, shops.deep);
      });
    }
  }
  const files = writeRequests(directory, shops, lastCursor);

  const results = [];
  for (const work of names) {
    const result = await measureWork(work, files);
    if (work in references) result.pgbench_rps = await pgbench(work);
    if (work === 'health') Object.assign(result, starts);
    results.push(result);
  }
  printTable(results, starts);
  if (noisy) results.push(await measureNoise(shops.shops));
  await checkSales();
  return results;
}

async function measureQueues(names) {
  const { quick, 'jobs-program': program } = options;
  const results = await measureJobs({ works: names, program, rounds, seconds, quick, say });
  printRows(jobColumns, results);
  console.log(`\n${rounds} rounds of ${seconds} s; CPU is user + system time a job; a load of 1 is Redis' only core\n`);
  return results;
}

async function measureCalling(names) {
  const { quick, 'client-program': program } = options;
  const results = await measureClients({ works: names, program, rounds, seconds, quick, say });
  printRows(clientColumns, results);
  return results;
}

async function measureMailing() {
  const { quick, 'mail-program': program } = options;
  const results = await measureMails({ program, rounds, seconds, quick, say });
  printRows(mailColumns, results);
  return results;
}

async function measurePaying(names, { shops }) {
  const { program, alone, preload, quick } = options;
  const parts = { program, alone, preload, directory, postgresPid };
  const results = await measurePayments({ ...parts, shops, rounds, seconds, quick, say });
  printRows(paymentColumns, results);
  console.log(`\n${rounds} rounds of ${seconds} s, ${connections} connections; CPU is user + system time a payment\n`);
  return results.filter(({ work }) => names.includes(work));
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
  const [ofServers, ofQueues, ofPayments] = [chosenOf(works), chosenOf(jobWorks), chosenOf(paymentWorks)];
  const noisy = chosen.includes(neighbourWork);
  const withPeers = ofServers.length > 0 || noisy;
  const copies = [
    ...(withPeers ? peers.map(({ name }) => name) : []),
    ...(ofPayments.length > 0 ? [paymentDatabase] : []),
  ];
  const shops = withPeers || ofPayments.length > 0 ? await makeShops(copies, withPeers ? depth : 1_000) : undefined;
  const results = withPeers ? await measureServers(ofServers, noisy, shops) : [];
  for (const server of servers) await server.stop();
  if (ofPayments.length > 0) results.push(...(await measurePaying(ofPayments, shops)));
  if (ofQueues.length > 0) results.push(...(await measureQueues(ofQueues)));
  if (chosenOf(clientWorks).length > 0) results.push(...(await measureCalling(chosenOf(clientWorks))));
  if (chosenOf(mailWorks).length > 0) results.push(...(await measureMailing()));
  write(results);
}

try {
  await main();
  rmSync(directory, { recursive: true });
} finally {
  for (const server of servers) await server.stop();
}
