// A report of very many lines: how long it takes, and that the worker's memory does not grow with it.
//
//     REPORT_LINES=200000 npx vitest run tests/e2e/report-runs-large.test.ts
//     bin/test --long       1,000,000 lines; writes a file of docs/runs
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from './support/environment.js';
import { Process } from './support/process.js';
import { recordRun } from './support/runs.js';
import { type Service, serviceEnvironment, startService } from './support/service.js';
import { ok, openShop, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const lines = Number(process.env.REPORT_LINES ?? (environment.long ? 1_000_000 : 20_000));
const linesOfASale = 4;
// Pieces of 256 KiB under way, and a page of the heap or two.
const roomMegabytes = 24;

let directory: string;
let service: Service;
let shop: Shop;
let worker: Process;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'report-lines-'));
  const env = { STORAGE_URL: `file://${directory}` };
  service = await startService({ env });
  shop = await openShop(service, { devices: 0, variants: linesOfASale });
  await ok(shop.sell(saleFor(shop)), 201);
  await multiply();
  const settings = serviceEnvironment(service.database, { ...service.secrets, ...env });
  // What AddressSanitizer keeps of freed memory would be all that is seen.
  settings.ASAN_OPTIONS = `${settings.ASAN_OPTIONS ?? ''}:quarantine_size_mb=1`;
  worker = new Process(environment.binary, ['worker', '--queues', 'reports'], settings);
  await worker.line(({ msg }) => msg === 'running jobs');
}, 600_000);
afterAll(async () => {
  await worker?.stop();
  await service?.stop();
  await rm(directory, { recursive: true, force: true });
});

// The sale that there is, as often as is wanted, a second apart.
async function multiply(): Promise<void> {
  const columns = async (table: string, instead: Record<string, string>): Promise<[string, string]> => {
    const rows = await service.database.query<{ column_name: string }>(
      `select column_name from information_schema.columns where table_name = $1 and table_schema = 'public'`,
      [table],
    );
    const names = rows.map((row) => row.column_name);
    return [names.join(', '), names.map((name) => instead[name] ?? `one.${name}`).join(', ')];
  };
  // One id for each number, in both tables.
  const id = `md5('sale ' || number)::uuid`;
  const sale = await columns('sales', {
    id,
    client_request_id: id,
    receipt_number: `'R-' || number`,
    recorded_at: `one.recorded_at + number * interval '1 millisecond'`,
  });
  const line = await columns('sale_lines', { sale_id: id });
  const numbers = `generate_series(1, ${Math.ceil(lines / linesOfASale) - 1}) number`;
  const first = `(select * from sales where tenant_id = '${shop.tenantId}' order by recorded_at limit 1)`;
  await service.database.query(`insert into sales (${sale[0]}) select ${sale[1]} from ${first} one, ${numbers}`);
  await service.database.query(
    `insert into sale_lines (${line[0]}) select ${line[1]} from sale_lines one, ${numbers}
     where one.tenant_id = '${shop.tenantId}'`,
  );
  await service.database.query('analyze');
}

const megabytes = (name: string): number => {
  const text = readFileSync(`/proc/${worker.pid}/status`, 'utf8');
  return Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)![1]) / 102.4) / 10;
};

test('a report of very many lines is written in bounded memory', async () => {
  // One first, so that what every run needs is there.
  const write = async (report: string): Promise<any> => {
    const headers = { 'idempotency-key': randomUUID() };
    const { id } = await ok(shop.api('POST', '/v1/report-runs', { body: { report }, headers }), 201);
    return until(async () => {
      const found = await ok(shop.api('GET', `/v1/report-runs/${id}`), 200);
      if (found.status === 'failed') throw new Error(found.failure);
      return found.status === 'succeeded' && found;
    }, 570_000);
  };
  await write('tax');
  const before = megabytes('VmRSS');
  const began = Date.now();
  const { file } = await write('sales');
  const seconds = (Date.now() - began) / 1_000;
  const peak = megabytes('VmHWM');
  console.log(`${file.rows} lines, ${file.bytes} bytes in ${seconds} s; ${before} MB before, ${peak} MB at most`);
  expect(file.rows).toBe(Math.ceil(lines / linesOfASale) * linesOfASale);
  expect(peak - before).toBeLessThan(roomMegabytes);
  if (environment.long)
    await recordRun('report-runs', {
      lines: file.rows,
      bytes: file.bytes,
      seconds,
      linesPerSecond: Math.round(file.rows / seconds),
      rssMegabytes: { before, most: peak },
    });
}, 600_000);
