// docs/guides/offline.md as a reader would follow it: its ```js blocks are one program, beside the installed package.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScratchDatabase } from './support/database.js';
import { repository } from './support/environment.js';
import { installSdk, type InstalledSdk, sdkCommands } from './support/sdk.js';
import { demoDatabase, type Service, startService } from './support/service.js';

let database: ScratchDatabase;
let service: Service;
let sdk: InstalledSdk;

beforeAll(async () => {
  database = await demoDatabase();
  service = await startService({ database });
  sdk = await installSdk();
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
  await sdk?.remove();
});

test('docs/guides/offline.md', async () => {
  const page = await readFile(path.join(repository, 'docs/guides/offline.md'), 'utf8');
  const blocks = (language: string): string[] =>
    [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, content]) => content!);
  expect(blocks('js').length).toBeGreaterThan(5);
  const output = await sdk.run('guide.mjs', blocks('js').join('\n'), { BASE_URL: service.url });
  for (const line of blocks('text expect')
    .flatMap((block) => block.split('\n'))
    .filter(Boolean))
    expect(output).toContain(line);
  const stored = await database.query<{ flags: string; total: string; tax: string }>(
    "select s.flags::text, s.total::text, s.tax_total::text as tax from sales s join devices d on d.id = s.device_id where d.name = 'Till of the guide' order by s.device_seq",
  );
  expect(stored.map(({ flags, total, tax }) => [flags, total, tax])).toEqual([
    ['{}', '15000', '2069'],
    ...Array.from({ length: 3 }, () => ['{}', '30000', '4138']),
  ]);
  const [counted] = await database.query<{ device: string; sales: string }>(
    "select d.id as device, count(*) as sales from sales s join devices d on d.id = s.device_id where d.name = 'Till of the guide' group by d.id",
  );
  expect(Number(counted!.sales)).toBe(4);
  // What a till asks for at each start.
  const body = { email: 'owner@demo.example', password: 'demo-shop-2026' };
  const token = (await service.api('POST', '/v1/auth/login', { body })).body.accessToken;
  const device = await service.api('GET', `/v1/devices/${counted!.device}`, { token });
  expect(device.body.lastSeqSeen).toBe(4);
});

test.each(['docs/guides/offline.md', 'clients/typescript/README.md'])(
  '%s builds and packs as the tests do',
  async (page) => {
    const text = await readFile(path.join(repository, page), 'utf8');
    const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block]) => block!).join('');
    const commands = blocks.split('\n').map((line) => line.replace(/\s+#.*$/, ''));
    const at = commands.indexOf(sdkCommands.build);
    expect(at).toBeGreaterThan(0);
    expect(commands.slice(at - 1, at + 2)).toEqual(['bin/setup test', sdkCommands.build, sdkCommands.pack]);
    const { version } = JSON.parse(await readFile(path.join(repository, 'clients/typescript/package.json'), 'utf8'));
    expect(commands).toContain(`npm install ./backend-api-client-${version}.tgz`);
  },
);
