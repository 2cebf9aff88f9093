// docs/getting-started.md as a reader would follow it (support/page.ts).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScratchDatabase } from './support/database.js';
import { follow, readPage, type Told } from './support/page.js';
import { demoDatabase, type Service, startService } from './support/service.js';

const page = 'docs/getting-started.md';
const blocks = await readPage(page);

let database: ScratchDatabase;
let service: Service;
let told: Told;

beforeAll(async () => {
  database = await demoDatabase();
  service = await startService({ database });
  told = await follow(blocks, service.url);
});

afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

test('the page has something to run', () => {
  expect(blocks.length).toBeGreaterThan(5);
  for (const block of blocks) expect(block.expected.length, block.commands).toBeGreaterThan(0);
});

describe(page, () => {
  test.each(blocks.map((block, index) => [index + 1, block.heading, block] as const))(
    'block %i: %s',
    (number, _, block) => {
      expect(told.outputs.length, `an earlier block failed:\n${told.output}`).toBeGreaterThanOrEqual(number);
      for (const line of block.expected) expect(told.outputs[number - 1], block.commands).toContain(line);
    },
  );

  test('every command succeeded', () => {
    expect(told.code, told.output).toBe(0);
  });
});
