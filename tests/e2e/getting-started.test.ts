// docs/getting-started.md as a reader would follow it: every ```sh run block, in order, in one bash -e with $BASE_URL set;
// each line of the ```text expect block after it must be in its output.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScratchDatabase, scratchDatabase } from './support/database.js';
import { environment, repository } from './support/environment.js';
import { blocksOf } from './support/page.js';
import { run } from './support/process.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';

const page = path.join(repository, 'docs/getting-started.md');
const marker = '----- end of block';
const blocks = blocksOf(await readFile(page, 'utf8'));

let database: ScratchDatabase;
let service: Service;
let directory: string;
let outputs: string[];
let script: { code: number | null; output: string };

beforeAll(async () => {
  database = await scratchDatabase();
  const env = serviceEnvironment(database, {});
  await migrate(env);
  const seeded = await run(environment.binary, ['seed'], env);
  expect(seeded.code, seeded.output).toBe(0);
  service = await startService({ database });
  directory = await mkdtemp(path.join(tmpdir(), 'e2e-getting-started-'));
  const commands = blocks.map(({ commands }) => `${commands}\necho; echo '${marker}'`).join('\n');
  // Its output alone: curl and grep say what went wrong on the error stream, which is asked for too.
  script = await run('bash', ['-e', '-c', `cd ${directory}\nexec 2>&1\n${commands}`], {
    ...process.env,
    BASE_URL: service.url,
  });
  outputs = script.output.split(marker);
});

afterAll(async () => {
  await service?.stop();
  await database?.drop();
  if (directory) await rm(directory, { recursive: true });
});

test('the page has something to run', () => {
  expect(blocks.length).toBeGreaterThan(5);
  for (const block of blocks) expect(block.expected.length, block.commands).toBeGreaterThan(0);
});

describe('docs/getting-started.md', () => {
  test.each(blocks.map((block, index) => [index + 1, block.heading, block] as const))(
    'block %i: %s',
    (number, _, block) => {
      const output = outputs[number - 1];
      expect(outputs.length, `an earlier block failed:\n${script.output}`).toBeGreaterThan(number);
      for (const line of block.expected) expect(output, block.commands).toContain(line);
    },
  );

  test('every command succeeded', () => {
    expect(script.code, script.output).toBe(0);
  });
});
