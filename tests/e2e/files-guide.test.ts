// docs/guides/files.md as a reader would follow it (support/page.ts), against a service in development.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScratchDatabase } from './support/database.js';
import { follow, readPage, type Told } from './support/page.js';
import { demoDatabase, type Service, startService } from './support/service.js';

const page = 'docs/guides/files.md';
const blocks = await readPage(page);

let database: ScratchDatabase;
let service: Service;
let told: Told;

beforeAll(async () => {
  database = await demoDatabase();
  service = await startService({ database, env: { APP_ENV: 'development' } });
  told = await follow(blocks, service.url);
});

afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

describe(page, () => {
  test('has something to run, and every command succeeds', () => {
    expect(blocks.length).toBe(6);
    expect(told.code, told.output).toBe(0);
  });

  test.each(blocks.map((block, index) => [index + 1, block] as const))('block %i', (number, block) => {
    expect(block.expected.length).toBeGreaterThan(0);
    for (const line of block.expected) expect(told.outputs[number - 1], block.commands).toContain(line);
  });
});
