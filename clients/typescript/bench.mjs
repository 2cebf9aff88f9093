// What the SDK weighs and costs: compressed bytes of what an app imports, a call beside bare `fetch`, a basket in WebAssembly. Writes
// docs/runs/sdk.json.
//
//     node clients/typescript/bench.mjs [--quick]      a minute; --quick runs it all and writes nothing
//
// Times are the processor's, of this process alone (the server is another one), so that a busy machine changes them little. Rounds of the
// two ways of calling take turns, and the median of the rounds counts.
import { build } from 'esbuild';
import { execFileSync, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

const here = path.dirname(fileURLToPath(import.meta.url));
const repository = path.resolve(here, '../..');

// A page of fifty rows, as a till reads them; with an id, to be a reply to a POST as well.
function serve() {
  const row = (number) => ({
    id: `0197f0c2-9d3e-7c4a-b1f2-${String(number).padStart(12, '0')}`,
    name: `Unga ${number}`,
    price: 15000,
    version: 1,
  });
  const data = Array.from({ length: 50 }, (_, number) => row(number));
  const text = JSON.stringify({ id: row(0).id, data, nextCursor: null });
  const headers = { 'content-type': 'application/json', 'x-request-id': 'r-1' };
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200, headers).end(text));
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
}

const median = (values) => [...values].sort((one, other) => one - other)[values.length >> 1];
const rounded = (value) => Math.round(value * 10) / 10;

// Microseconds of the processor for each of `times`.
async function cost(times, act) {
  const before = process.cpuUsage();
  for (let index = 0; index < times; ++index) await act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
}

async function weights(dist) {
  const from = (name) => JSON.stringify(path.join(dist, 'esm', name));
  const entries = {
    calls: `export { createClient } from ${from('index.js')};`,
    callsAndQueue: `export { createClient } from ${from('index.js')}; export { OfflineQueue } from ${from('queue/index.js')}; export { indexedDbStore } from ${from('queue/indexeddb.js')};`,
    realtimeAndFeed: `export { Live, webSocketTransport } from ${from('realtime.js')}; export { followChanges } from ${from('feed.js')};`,
    arithmetic: `export { loadArithmetic } from ${from('arithmetic/index.js')};`,
    all: ['index', 'queue/index', 'queue/indexeddb', 'realtime', 'feed', 'uploads', 'arithmetic/index']
      .map((name) => `export * from ${from(`${name}.js`)};`)
      .join('\n'),
  };
  const sizes = {};
  for (const [name, contents] of Object.entries(entries)) {
    const options = { bundle: true, minify: true, write: false, format: 'esm', platform: 'browser', target: 'es2021' };
    const { outputFiles } = await build({ stdin: { contents, resolveDir: dist }, ...options });
    sizes[name] = gzipSync(outputFiles[0].contents, { level: 9 }).length;
  }
  const wasm = readFileSync(path.join(dist, 'arithmetic.wasm'));
  const module = {
    bytes: wasm.length,
    gzip: gzipSync(wasm, { level: 9 }).length,
    brotli: brotliCompressSync(wasm).length,
  };
  return { gzip: sizes, 'arithmetic.wasm': module };
}

function taken(result) {
  if (!result.ok) throw new Error(result.error.code);
}

async function calls({ createClient, memorySession }, url, rounds, times) {
  const session = memorySession();
  session.save({ userId: 'u', tenantId: 't', accessToken: 'a'.repeat(300) });
  const api = createClient({ baseUrl: url, session });
  const headers = { Accept: 'application/json', Authorization: `Bearer ${'a'.repeat(300)}` };
  const body = { name: 'Unga', trackStock: true };
  const ways = {
    fetchGet: async () => (await fetch(`${url}/v1/products`, { headers })).json(),
    sdkGet: async () => taken(await api.get('/v1/products')),
    fetchPost: async () => {
      const own = { ...headers, 'Content-Type': 'application/json', 'Idempotency-Key': '0197f0c2' };
      return (await fetch(`${url}/v1/products`, { method: 'POST', headers: own, body: JSON.stringify(body) })).json();
    },
    sdkPost: async () => taken(await api.post('/v1/products', { body })),
  };
  const figures = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
  for (let round = -1; round < rounds; ++round)
    for (const [name, act] of Object.entries(ways)) {
      const used = await cost(times, act);
      // The first round warms up.
      if (round >= 0) figures[name].push(used);
    }
  return Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, rounded(median(values))]));
}

async function baskets({ loadArithmetic }, rounds) {
  const began = performance.now();
  const arithmetic = await loadArithmetic();
  const loadMs = rounded(performance.now() - began);
  const basket = (count) => ({
    taxRounding: 'rate_group',
    orderDiscount: 100,
    lines: Array.from({ length: count }, (_, index) => ({
      lineNumber: index + 1,
      quantity: index % 3 ? '1' : '2.25',
      unitPrice: 1999 + index,
      taxCode: index % 4 ? 'VAT16' : 'VAT8',
      taxRatePpm: index % 4 ? 160_000 : 80_000,
    })),
  });
  const microseconds = {};
  for (const count of [1, 8, 40, 200]) {
    const one = basket(count);
    const times = Math.ceil(20_000 / count);
    const figures = [];
    for (let round = -1; round < rounds; ++round) {
      const used = await cost(times, () => {
        if (!arithmetic.computeSale(one).ok) throw new Error('the basket was refused');
      });
      if (round >= 0) figures.push(used);
    }
    microseconds[`${count} lines`] = rounded(median(figures));
  }
  return { loadMs, microseconds };
}

async function main() {
  const quick = process.argv.includes('--quick');
  const folder = mkdtempSync(path.join(tmpdir(), 'sdk-bench-'));
  const dist = path.join(folder, 'dist');
  const server = fork(fileURLToPath(import.meta.url), ['--server'], { serialization: 'json' });
  try {
    execFileSync('node', [path.join(here, 'build.mjs'), dist], { stdio: 'inherit' });
    const port = await new Promise((resolve) => server.once('message', resolve));
    const load = (name) => import(pathToFileURL(path.join(dist, 'esm', name)).href);
    const rounds = quick ? 1 : 9;
    const git = (...args) => execFileSync('git', args, { cwd: repository }).toString().trim();
    const run = {
      commit: git('rev-parse', '--short=12', 'HEAD'),
      changedSince: git('status', '--porcelain', '--untracked-files=no') !== '',
      date: new Date().toISOString().slice(0, 10),
      node: process.version,
      cores: availableParallelism(),
      compressedBytes: await weights(dist),
      cpuMicrosecondsPerCall: await calls(await load('node.js'), `http://127.0.0.1:${port}`, rounds, quick ? 20 : 300),
      arithmetic: await baskets(await load('arithmetic/index.js'), rounds),
    };
    const text = `${JSON.stringify(run, null, 2)}\n`;
    console.log(text);
    if (!quick) writeFileSync(path.join(repository, 'docs/runs/sdk.json'), text);
  } finally {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv.includes('--server')) serve();
else await main();
