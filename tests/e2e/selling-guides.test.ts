// docs/guides/errors-and-retries.md, idempotency.md and receipts.md as a reader would follow them (support/page.ts): each is one program.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScratchDatabase } from './support/database.js';
import { type Block, follow, readPage, type Told } from './support/page.js';
import { demoDatabase, type Service, startService } from './support/service.js';

const names = ['errors-and-retries', 'idempotency', 'receipts'];
const pages: [string, Block[]][] = [];
for (const name of names) pages.push([name, await readPage(`docs/guides/${name}.md`)]);

let database: ScratchDatabase;
let service: Service;
const told: Record<string, Told> = {};

beforeAll(async () => {
  database = await demoDatabase();
  service = await startService({ database });
  for (const [name, blocks] of pages) told[name] = await follow(blocks, service.url);
});

afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

describe.each(pages)('the guide %s', (name, blocks) => {
  test('has something to run, and every command succeeds', () => {
    expect(blocks.length).toBeGreaterThan(5);
    expect(told[name]!.code, told[name]!.output).toBe(0);
  });

  test.each(blocks.map((block, index) => [index + 1, block.heading, block] as const))(
    'block %i: %s',
    (number, _, block) => {
      expect(block.expected.length).toBeGreaterThan(0);
      for (const line of block.expected) expect(told[name]!.outputs[number - 1], block.commands).toContain(line);
    },
  );
});
