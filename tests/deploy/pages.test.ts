// The commands of docs/operations as an operator would run them; those of install.md are run by compose.test.ts.
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScratchDatabase, scratchDatabase } from '../e2e/support/database.js';
import { environment, repository } from '../e2e/support/environment.js';
import { follow, readPage } from '../e2e/support/page.js';
import { run } from '../e2e/support/process.js';
import { migrate, serviceEnvironment } from '../e2e/support/service.js';

let database: ScratchDatabase;
let directory: string;
let env: Record<string, string>;

beforeAll(async () => {
  database = await scratchDatabase();
  directory = await mkdtemp(path.join(tmpdir(), 'pages-'));
  await symlink(environment.binary, path.join(directory, 'backend-api'));
  const settings = serviceEnvironment(database, { PATH: `${directory}:${process.env.PATH}` });
  env = settings as Record<string, string>;
  await migrate(settings);
});
afterAll(async () => {
  await run('dropdb', [`--maintenance-db=${environment.postgresUrl}`, '--if-exists', 'restored'], process.env);
  await database?.drop();
  await rm(directory, { recursive: true });
});

test.each(['configure', 'incidents'])('docs/operations/%s', async (page) => {
  const blocks = await readPage(`docs/operations/${page}.md`);
  expect(blocks.length).toBeGreaterThan(0);
  const told = await follow(blocks, '', {
    ...env,
    MAINTENANCE_URL: environment.postgresUrl,
    RESTORED_URL: environment.postgresUrl.replace(/[^/]*$/, 'restored'),
  });
  expect(told.code, told.output).toBe(0);
  for (const [at, { expected, heading }] of blocks.entries())
    for (const line of expected) expect(told.outputs[at], heading).toContain(line);
});

test('docs/configuration.md shows what the program says of wrong settings', async () => {
  const page = await readFile(path.join(repository, 'docs/configuration.md'), 'utf8');
  const [, said] = /\$ env -i PORT=70000 APP_SECRET=short backend-api serve\n([\s\S]*?)```/.exec(page)!;
  const told = await run(environment.binary, ['serve'], { PORT: '70000', APP_SECRET: 'short' });
  expect(told.code).toBe(78);
  expect(told.output.trim()).toBe(said!.trim());
});

test('the statement that shows who holds locks', async () => {
  const page = await readFile(path.join(repository, 'docs/operations/incidents.md'), 'utf8');
  const [, sql] = /```sql\n([\s\S]*?)```/.exec(page)!;
  expect((await database.query(sql!)).length).toBeGreaterThan(0);
});

test('a page whose commands no test runs says why', async () => {
  const folder = path.join(repository, 'docs/operations');
  for (const name of (await readdir(folder)).filter((one) => one.endsWith('.md') && one !== 'README.md')) {
    // A section is a heading and what is below it.
    for (const section of (await readFile(path.join(folder, name), 'utf8')).split(/^#+ /m)) {
      if (!/^```sh\n/m.test(section)) continue;
      expect(
        /\*[^*]*(not run by a test|run by `tests\/)[^*]*\*/i.test(section),
        `${name}: ${section.split('\n')[0]}`,
      ).toBe(true);
    }
  }
});
