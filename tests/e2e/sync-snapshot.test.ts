// A large catalogue as a snapshot: whole, cut in the middle and gone on with, its bytes on the line, and what the server holds meanwhile.
// 5,000 variants; 100,000 with BACKEND_API_LONG=1, which records the run.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { createGunzip } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from './support/environment.js';
import { recordRun } from './support/runs.js';
import { type Service, startService } from './support/service.js';
import { openShop, type Shop } from './support/shop.js';

const variants = environment.long ? 100_000 : 5_000;
let service: Service;
let shop: Shop;

beforeAll(async () => {
  service = await startService();
  shop = await openShop(service, { variants: 1 });
  await service.database.query(
    `insert into variants (tenant_id, id, product_id, name, sku, unit, price, cost, reorder_level, active, version, created_at, updated_at)
     select $1, gen_random_uuid(), $2, 'Variant number ' || n, 'SKU-' || n, 'piece', 100 * n, 60 * n, 5, true, 1, now(), now()
     from generate_series(1, $3::int) n`,
    [shop.tenantId, shop.variants[0]!.productId, variants],
  );
});
afterAll(async () => {
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

interface Taken {
  text: Buffer;
  wireBytes: number;
  milliseconds: number;
}
// As a device takes it: gzip, undone as it comes. `cut`: the connection is broken after so many compressed bytes.
function take(query: string, cut = Infinity): Promise<Taken> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${shop.token}`, 'Accept-Encoding': 'gzip' };
    const request = http.get(`${service.url}/v1/sync/snapshot${query}`, { headers }, (reply) => {
      expect(reply.statusCode).toBe(200);
      const pieces: Buffer[] = [];
      let wireBytes = 0;
      const gunzip = createGunzip();
      const done = () => resolve({ text: Buffer.concat(pieces), wireBytes, milliseconds: performance.now() - start });
      gunzip.on('data', (piece: Buffer) => pieces.push(piece));
      gunzip.on('end', done);
      gunzip.on('error', () => (wireBytes >= cut ? done() : reject(new Error('not gzip'))));
      reply.on('data', (piece: Buffer) => {
        wireBytes += piece.length;
        if (wireBytes < cut) return void gunzip.write(piece);
        request.destroy();
        gunzip.flush(() => done());
      });
      reply.on('end', () => gunzip.end());
      reply.on('error', () => {});
    });
    request.on('error', (error) => (cut === Infinity ? reject(error) : undefined));
  });
}
async function residentMegabytes(): Promise<number> {
  const status = await readFile(`/proc/${service.process.pid}/status`, 'utf8');
  return Number(status.match(/^VmRSS:\s+(\d+) kB$/m)![1]) / 1024;
}

test('is whole, and the same when it was cut', async () => {
  const before = await residentMegabytes();
  const query = '?collections=products,variants';
  const whole = await take(query);
  const lines = whole.text.toString().split('\n');
  const head = JSON.parse(lines[0]!);
  const end = JSON.parse(lines.at(-2)!);
  expect(head.counts.variants).toBe(variants + 1);
  const between = lines.slice(1, -2).map((line) => `${line}\n`);
  const sha256 = createHash('sha256').update(between.join('')).digest('hex');
  expect(end).toEqual({ end: true, rows: variants + 2, sha256 });
  expect(new Set(between.map((line) => JSON.parse(line).id)).size).toBe(variants + 2);

  const part = await take(query, whole.wireBytes / 2);
  const kept = part.text.subarray(0, part.text.lastIndexOf(0x0a) + 1);
  expect(kept.length).toBeGreaterThan(0);
  expect(kept.length).toBeLessThan(whole.text.length);
  const rest = await take(`?collections=products,variants&after=${head.snapshot}:${kept.length}`);
  expect(Buffer.concat([kept, rest.text]).equals(whole.text)).toBe(true);

  const after = await residentMegabytes();
  expect(after - before).toBeLessThan(64);
  if (environment.long)
    await recordRun('sync-snapshot', {
      variants,
      bytes: whole.text.length,
      gzipBytes: whole.wireBytes,
      milliseconds: Math.round(whole.milliseconds),
      rssMegabytesBefore: Math.round(before),
      rssMegabytesAfter: Math.round(after),
    });
});
