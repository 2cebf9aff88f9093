// docs/guides/mail.md as a reader would follow it: every ```sh run block, in order, in one bash -e, against a service in development.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScratchDatabase, scratchDatabase } from './support/database.js';
import { environment, repository } from './support/environment.js';
import { blocksOf } from './support/page.js';
import { run } from './support/process.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';

const marker = '----- end of block';
const blocks = blocksOf(await readFile(path.join(repository, 'docs/guides/mail.md'), 'utf8'));

let database: ScratchDatabase;
let service: Service;
let script: { code: number | null; output: string };

beforeAll(async () => {
  database = await scratchDatabase();
  const env = serviceEnvironment(database, {});
  await migrate(env);
  const seeded = await run(environment.binary, ['seed'], env);
  expect(seeded.code, seeded.output).toBe(0);
  service = await startService({ database, env: { APP_ENV: 'development', JOB_QUEUES: 'all' } });
  const commands = blocks.map(({ commands }) => `${commands}\necho; echo '${marker}'`).join('\n');
  script = await run('bash', ['-e', '-c', `exec 2>&1\n${commands}`], { ...process.env, BASE_URL: service.url });
});

afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

describe('docs/guides/mail.md', () => {
  test('has something to run, and every command succeeds', () => {
    expect(blocks.length).toBeGreaterThan(3);
    expect(script.code, script.output).toBe(0);
  });

  test.each(blocks.map((block, index) => [index, block] as const))('block %i', (index, block) => {
    expect(block.expected.length).toBeGreaterThan(0);
    for (const line of block.expected) expect(script.output.split(marker)[index], block.commands).toContain(line);
  });
});
