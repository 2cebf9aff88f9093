// Reports as files: asked for over HTTP, written by a worker, fetched by the URL; workers that die, shops that do not pay, and the guide.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ScratchDatabase } from './support/database.js';
import { environment } from './support/environment.js';
import { follow, readPage, type Told } from './support/page.js';
import { Process } from './support/process.js';
import { demoDatabase, type Service, serviceEnvironment, startService } from './support/service.js';
import { expectProblem, ok, openShop, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const token = randomBytes(32).toString('base64url');
let directory: string;
let service: Service;
let alice: Shop;
let bob: Shop;
const workers: Process[] = [];

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'report-runs-'));
  // The server runs what is short; reports are the workers'.
  const env = { STORAGE_URL: `file://${directory}`, SCHEDULER_TOKEN: token, JOB_QUEUES: 'maintenance,events' };
  service = await startService({ env });
  alice = await openShop(service, { devices: 0 });
  bob = await openShop(service, { devices: 0, variants: 0 });
  for (let number = 0; number < 5; ++number) await ok(alice.sell(saleFor(alice)), 201);
  await until(async () => (await summary()).sales === 5);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.kill()));
  await service.database.query(`delete from report_runs`);
});
afterAll(async () => {
  await service?.stop();
  await rm(directory, { recursive: true, force: true });
});

async function startWorker(): Promise<Process> {
  const env = serviceEnvironment(service.database, { ...service.secrets, STORAGE_URL: `file://${directory}` });
  const worker = new Process(environment.binary, ['worker', '--queues', 'reports'], env);
  workers.push(worker);
  await worker.line(({ msg }) => msg === 'running jobs');
  return worker;
}

const trigger = async (name: string): Promise<void> => {
  const headers = { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() };
  await ok(service.api('POST', `/internal/schedules/${name}/trigger`, { headers }), 202);
};

const ask = (body: unknown, shop = alice, key = randomUUID()) =>
  shop.api('POST', '/v1/report-runs', { body, headers: { 'idempotency-key': `"${key}"` } });

const read = (id: string, shop = alice) => ok(shop.api('GET', `/v1/report-runs/${id}`), 200);

const becomes = (id: string, status: string, timeout = 20_000) =>
  until(async () => {
    const found = await read(id);
    if (found.status === 'failed' && status !== 'failed') throw new Error(JSON.stringify(found));
    return found.status === status && found;
  }, timeout);

// At this server, whatever name the URL has.
const fetchFile = (url: string) => {
  const { pathname, search } = new URL(url, service.url);
  return fetch(service.url + pathname + search);
};

async function summary(): Promise<{ sales: number; total: number }> {
  const { data } = await ok(alice.api('GET', '/v1/reports/sales-summary'), 200);
  const sum = (member: string) => data.reduce((all: number, row: any) => all + row[member], 0);
  return { sales: sum('sales'), total: sum('total') };
}

// RFC 4180: rows by the names of the first line.
function parseCsv(text: string): Record<string, string>[] {
  expect(text.endsWith('\r\n')).toBe(true);
  const cells: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    cells.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end !== ',') cells.push([]);
  }
  const [names, ...rows] = cells.slice(0, -1);
  return rows.map((row) => {
    expect(row.length).toBe(names!.length);
    return Object.fromEntries(names!.map((name, index) => [name, row[index]!]));
  });
}

const minor = (text: string): number => Math.round(Number(text) * 100);

// While nobody can read the lines: a report that is under way stays so. Workers are started before, which look at every table.
async function whileLinesAreHeld(work: () => Promise<void>): Promise<void> {
  const client = await service.database.connectAs('superuser');
  client.on('error', () => {});
  try {
    await client.query('begin; lock table sale_lines in access exclusive mode');
    await work();
  } finally {
    await client.end();
  }
}

describe('a report run', () => {
  test('is written by a worker, and its numbers are those of the report', async () => {
    const key = randomUUID();
    const asked = await ok(ask({ report: 'sales' }, alice, key), 201);
    expect(asked).toMatchObject({ status: 'queued', progress: { rows: 0, percent: null }, file: null });
    expect(await ok(ask({ report: 'sales' }, alice, key), 201), 'asked once more').toEqual(asked);
    const by = await ok(ask({ report: 'sales-summary' }), 201);
    await startWorker();
    const { file, progress } = await becomes(asked.id, 'succeeded');
    expect(progress).toEqual({ rows: 20, percent: 100 });

    const reply = await fetchFile(file.url);
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(reply.headers.get('content-disposition')).toMatch(/^attachment; filename="?sales-/);
    const bytes = Buffer.from(await reply.arrayBuffer());
    expect(file).toMatchObject({ bytes: bytes.length, rows: 20 });
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(file.sha256);
    const lines = parseCsv(bytes.toString('utf8'));
    expect(lines.length).toBe(20);
    const known = await summary();
    expect(new Set(lines.map((line) => line.saleId)).size).toBe(known.sales);
    const paid = lines.reduce((sum, line) => sum + minor(line.net!) + minor(line.taxAmount!), 0);
    expect(paid).toBe(known.total);
    expect(lines[0]!.occurredAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+03:00$/);

    const days = parseCsv(await (await fetchFile((await becomes(by.id, 'succeeded')).file.url)).text());
    expect(days.reduce((sum, day) => sum + minor(day.total!), 0)).toBe(known.total);
    const shown = await alice.api('GET', `/v1/report-runs/${asked.id}`);
    expect(shown.headers.get('cache-control')).toBe('no-store');
  });

  test('is not there for another shop, nor its file without the signature', async () => {
    const { id } = await ok(ask({ report: 'tax' }), 201);
    await startWorker();
    const { file } = await becomes(id, 'succeeded');
    expectProblem(await bob.api('GET', `/v1/report-runs/${id}`), 404, 'row.not_found');
    expect((await bob.api('DELETE', `/v1/report-runs/${id}`)).status).toBe(404);
    expect((await ok(bob.api('GET', '/v1/report-runs'), 200)).data).toEqual([]);
    const url = new URL(file.url, service.url);
    expect((await fetch(service.url + url.pathname)).status).toBeGreaterThanOrEqual(400);
    expect((await fetchFile(file.url.replace(/.$/, (last: string) => (last === 'A' ? 'B' : 'A')))).status).toBe(403);
  });

  test('whose worker is killed is written by the next one, once', async () => {
    const first = await startWorker();
    let id = '';
    await whileLinesAreHeld(async () => {
      ({ id } = await ok(ask({ report: 'sales' }), 201));
      await becomes(id, 'running');
      await first.kill();
    });
    expect(await read(id)).toMatchObject({ status: 'running', file: null });
    // As if its minutes had passed.
    await service.database.query('update report_runs set lease_until = now(), next_look_at = now()');
    await startWorker();
    await trigger('reports.sweep');
    const { file, attempts } = await becomes(id, 'succeeded');
    expect(attempts).toBe(2);
    expect(parseCsv(await (await fetchFile(file.url)).text()).length).toBe(20);
    const files = (await readdir(directory, { recursive: true })).filter((name) => name.includes(id));
    expect(files.filter((name) => name.includes('1.csv'))).toEqual([]);
  });

  test('that is cancelled while it is written leaves nothing', async () => {
    await startWorker();
    let id = '';
    await whileLinesAreHeld(async () => {
      ({ id } = await ok(ask({ report: 'sales' }), 201));
      await becomes(id, 'running');
      expect((await alice.api('DELETE', `/v1/report-runs/${id}`)).status).toBe(204);
    });
    expect((await alice.api('GET', `/v1/report-runs/${id}`)).status).toBe(404);
    const next = await ok(ask({ report: 'tax' }), 201);
    await becomes(next.id, 'succeeded');
    const [row] = await service.database.query('select status, failure from report_runs where id = $1', [id]);
    expect(row).toEqual({ status: 'failed', failure: 'report.cancelled' });
  });

  test('goes after a week, and the row says so', async () => {
    const { id } = await ok(ask({ report: 'payments' }), 201);
    await startWorker();
    const { file } = await becomes(id, 'succeeded');
    await service.database.query('update report_runs set expires_at = now()');
    await trigger('reports.clean_up');
    await until(async () => {
      const [row] = await service.database.query<{ has_files: boolean }>('select has_files from report_runs');
      return row?.has_files === false;
    });
    expect(await read(id)).toMatchObject({ status: 'expired', file: null });
    expect((await fetchFile(file.url)).status).toBe(404);
  });

  test('answers in a shop that does not pay', async () => {
    const suspend = (status: string) =>
      service.database.query('update tenants set status = $1 where id = $2', [status, alice.tenantId]);
    const { id } = await ok(ask({ report: 'sales' }), 201);
    try {
      await suspend('suspended');
      await until(async () => (await alice.api('GET', '/v1/products')).status === 402);
      await startWorker();
      const { file } = await becomes(id, 'succeeded');
      expect((await fetchFile(file.url)).status).toBe(200);
      await ok(ask({ report: 'stock-valuation' }), 201);
      await ok(alice.api('GET', '/v1/report-runs'), 200);
    } finally {
      await suspend('active');
      await until(async () => (await alice.api('GET', '/v1/products')).status === 200);
    }
  });
});

const page = 'docs/guides/reports.md';
const blocks = await readPage(page);

describe(page, () => {
  let database: ScratchDatabase;
  let demo: Service;
  let told: Told;

  beforeAll(async () => {
    database = await demoDatabase();
    const env = { APP_ENV: 'development', JOB_QUEUES: 'all', STORAGE_URL: `file://${directory}` };
    demo = await startService({ database, env });
    told = await follow(blocks, demo.url);
  });
  afterAll(async () => {
    await demo?.stop();
    await database?.drop();
  });

  test.each(blocks.map((block, index) => [index + 1, block.heading, block] as const))(
    'block %i: %s',
    (number, _, block) => {
      expect(told.outputs.length, `an earlier block failed:\n${told.output}`).toBeGreaterThanOrEqual(number);
      for (const line of block.expected) expect(told.outputs[number - 1], block.commands).toContain(line);
    },
  );
  test('every command succeeded', () => {
    expect(blocks.length).toBeGreaterThan(1);
    expect(told.code, told.output).toBe(0);
  });
});
