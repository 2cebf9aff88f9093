// What bin/bench measures with and bin/build --pgo learns from, for a second each: that it starts, seeds, asks and writes. Its figures
// are worth nothing here.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment, repository } from './support/environment.js';

const works = ['health', 'product-by-id', 'product-page', 'sale', 'noisy-neighbour'];
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'bench-'));
});
afterAll(() => rm(directory, { recursive: true }));

test('each work of the service is measured, and what was sold is in the stock', async () => {
  const output = path.join(directory, 'results.json');
  const sizes = ['--seconds', '1', '--depth', '100', '--bulks', '2', '--bulk-items', '20', '--tills', '2'];
  // Servers of its own, as it makes roles.
  const measuring = ['node', 'bench/run.mjs', '--alone', '--quick', ...sizes, '--works', works.join()];
  await promisify(execFile)('bin/with-servers', [...measuring, '--program', environment.binary, '--output', output], {
    cwd: repository,
    // A program with sanitizers would refuse a part of it.
    env: { ...process.env, LOAD_SHEDDING: 'off' },
    timeout: 600_000,
    maxBuffer: 64 * 2 ** 20,
  });

  const results = JSON.parse(await readFile(output, 'utf8')) as { work: string; ours_rps: number }[];
  expect(results.map(({ work }) => work)).toEqual(works);
  for (const { work, ours_rps } of results) expect(ours_rps, work).toBeGreaterThan(0);
});
