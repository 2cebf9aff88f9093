// docs/guides/offline.md as a reader would follow it: its ```js blocks are one program, beside the installed package.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScratchDatabase } from './support/database.js';
import { repository } from './support/environment.js';
import { installSdk, type InstalledSdk } from './support/sdk.js';
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
