// A release as it is rolled out: two instances behind a proxy, one after the other restarted, a migration in between, while tills sell. No
// client asks anything twice, and nothing fails.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from './support/environment.js';
import { freePort } from './support/postgres.js';
import { Process } from './support/process.js';
import { recordRun } from './support/runs.js';
import { type Service, startService } from './support/service.js';
import { openShop, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const rounds = environment.long ? 5 : 1;
const clients = environment.long ? 24 : 9;
const wanted = environment.long ? 20_000 : 300;

let first: Service;
let second: Service;
let shop: Shop;
let directory: string;
let proxy: { port: number; process: Process };

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'rolling-'));
  // Rate limits are off, as clients are all of one address and one shop.
  const env = { SHUTDOWN_IDLE_MS: '1000', SHUTDOWN_DELAY_MS: '200', RATE_LIMITS: 'off' };
  first = await startService({ env });
  second = await startService({ env: { ...env, ...first.secrets }, database: first.database });
  shop = await openShop(first, { devices: 0, variants: 2 });
  proxy = await startProxy([first.port, second.port]);
});
afterAll(async () => {
  await proxy?.process.stop();
  await second?.stop();
  await first?.stop();
  await rm(directory, { recursive: true });
});

// As it is by default, but that nobody is left out for ten seconds after a refused connection: a request that reached nobody goes to the other instance; a POST that was sent is not sent again.
async function startProxy(targets: number[]): Promise<{ port: number; process: Process }> {
  const port = await freePort();
  const prefix = path.join(directory, 'nginx');
  await mkdir(prefix);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    path.join(prefix, 'nginx.conf'),
    `${userInfo().uid === 0 ? 'user root;' : ''}
daemon off; worker_processes 1; pid ${prefix}/pid; error_log stderr notice;
events { worker_connections 512; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${prefix}/${name};`).join(' ')}
  upstream shop {
    ${targets.map((target) => `server 127.0.0.1:${target} max_fails=0;`).join(' ')}
    keepalive ${clients / 3};
  }
  server {
    listen 127.0.0.1:${port};
    keepalive_requests 100000;
    location / {
      proxy_pass http://shop;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }
  }
}
`,
  );
  const nginx = new Process('/usr/sbin/nginx', ['-e', 'stderr', '-p', prefix, '-c', 'nginx.conf'], process.env);
  await until(async () => nginx.output.includes('start worker process '));
  return { port, process: nginx };
}

interface Outcome {
  status: number | string;
  body: string;
}

function ask(agent: Agent, method: string, route: string, body?: unknown): Promise<Outcome> {
  const sent = body === undefined ? undefined : JSON.stringify(body);
  const headers: Record<string, string> = { authorization: `Bearer ${shop.token}` };
  if (sent !== undefined) {
    headers['content-type'] = 'application/json';
    headers['content-length'] = String(Buffer.byteLength(sent));
  }
  return new Promise((resolve) => {
    const options = { agent, host: '127.0.0.1', port: proxy.port, path: route, method, headers };
    const asked = request(options, (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (piece) => (text += piece));
      reply.on('error', (error) => resolve({ status: String(error), body: text }));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, body: text }));
    });
    asked.on('error', (error) => resolve({ status: String(error), body: '' }));
    asked.end(sent);
  });
}

const figures = { requests: 0, sales: 0, failures: [] as Outcome[], slowestMs: 0 };
let selling = true;

async function till(number: number): Promise<void> {
  // Every third one connects anew for each request; and the proxy keeps fewer connections than it has requests, so it does as well.
  const agent = new Agent({ keepAlive: number % 3 !== 0, maxSockets: 1 });
  for (let turn = number; selling; ++turn) {
    const sells = turn % 3 === 0;
    const began = performance.now();
    const outcome = sells
      ? await ask(agent, 'POST', '/v1/sales', saleFor(shop))
      : await ask(agent, 'GET', turn % 3 === 1 ? '/v1/products?limit=20' : '/v1/auth/me');
    figures.requests += 1;
    figures.slowestMs = Math.max(figures.slowestMs, Math.round(performance.now() - began));
    if (outcome.status === (sells ? 201 : 200)) figures.sales += sells ? 1 : 0;
    else figures.failures.push(outcome);
  }
  agent.destroy();
}

// What a release may do to tables that are in use (docs/database.md): a column, and an index that is built beside the sales.
async function migrateAsARelease(round: number): Promise<void> {
  const owner = new pg.Client({ connectionString: first.database.ownerUrl });
  await owner.connect();
  try {
    await owner.query("set lock_timeout = '500ms'");
    await until(async () => {
      await owner.query(`alter table products add column if not exists rolled_out_${round} text`);
      return true;
    });
    await owner.query(`create index concurrently if not exists sales_rolled_out_${round} on sales (tenant_id, id)`);
  } finally {
    await owner.end();
  }
}

test('a roll-out with a migration fails no request', { timeout: 900_000 }, async () => {
  const began = performance.now();
  const tills = Promise.all(Array.from({ length: clients }, (_, number) => till(number)));
  try {
    for (let round = 0; round < rounds; ++round) {
      const before = figures.requests;
      await until(async () => figures.requests > before + wanted / rounds / 3, 120_000);
      await first.restart();
      await migrateAsARelease(round);
      await until(async () => figures.requests > before + (2 * wanted) / rounds / 3, 120_000);
      await second.restart();
    }
    await until(async () => figures.requests >= wanted, 300_000);
  } finally {
    selling = false;
    await tills;
  }
  const seconds = (performance.now() - began) / 1000;
  const said = proxy.process.output.split('\n').filter((line) => /\[(error|crit|alert|emerg)\]/.test(line));
  const unexpected = said.filter((line) => !line.includes('connect() failed (111:'));
  expect(figures.failures.slice(0, 5), unexpected.slice(0, 5).join('\n')).toEqual([]);
  // Each sale once: as many as were answered.
  const owner = new pg.Client({
    connectionString: environment.postgresUrl.replace(/\/[^/]*$/, `/${first.database.name}`),
  });
  await owner.connect();
  const { rows } = await owner.query('select count(*)::int as sales from sales');
  await owner.end();
  expect(rows[0].sales).toBe(figures.sales);
  if (!environment.long) return;
  const rate = Math.round(figures.requests / seconds);
  expect(rate).toBeGreaterThanOrEqual(200);
  await recordRun('rolling-restart', {
    restarts: 2 * rounds,
    migrations: rounds,
    clients,
    requests: figures.requests,
    sales: figures.sales,
    failures: 0,
    requestsPerSecond: rate,
    slowestMs: figures.slowestMs,
  });
});
