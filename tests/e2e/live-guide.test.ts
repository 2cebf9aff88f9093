// docs/guides/live.md as a reader would follow it: its blocks that begin with a file's name are programs, each run beside the packages that it
// imports, while somebody sells.
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repository } from './support/environment.js';
import { Process } from './support/process.js';
import { type Service, startService } from './support/service.js';
import { ok, openShop, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const app = {
  REALTIME_APP_ID: 'shop',
  REALTIME_APP_KEY: randomBytes(10).toString('hex'),
  REALTIME_APP_SECRET: randomBytes(20).toString('hex'),
};
// Node 20 has no WebSocket; browsers have.
const browser = "import WebSocket from 'ws';\n";

let service: Service;
let shop: Shop;
let folder: string;
let programs: Map<string, string>;

beforeAll(async () => {
  service = await startService({ env: { ...app, JOB_QUEUES: 'all', ACCESS_TOKEN_SECONDS: '3600' } });
  shop = await openShop(service);
  folder = await mkdtemp(path.join(tmpdir(), 'e2e-live-'));
  await symlink(path.join(repository, 'node_modules'), path.join(folder, 'node_modules'));
  const page = await readFile(path.join(repository, 'docs/guides/live.md'), 'utf8');
  programs = new Map(
    [...page.matchAll(/^```js\n\/\/ (\w+\.mjs)\n([\s\S]*?)^```$/gm)].map(([, name, text]) => [name!, text!]),
  );
});
afterAll(async () => {
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
});

const running: Process[] = [];
async function start(name: string): Promise<Process> {
  const text = programs.get(name)!;
  await writeFile(path.join(folder, name), name === 'page.mjs' ? browser + text : text);
  const env = {
    PATH: process.env.PATH,
    ...app,
    BASE_URL: service.url,
    TOKEN: shop.token,
    SHOP: shop.location.id,
    TENANT: shop.tenantId,
  };
  const child = new Process('node', [path.join(folder, name)], env);
  running.push(child);
  return child;
}

test('names the programs that this test runs', () => {
  expect([...programs.keys()].sort()).toEqual(['echo.mjs', 'page.mjs', 'pusher.mjs', 'server.mjs', 'till.mjs']);
});

test('two terminals: one sells, and every program that listens moves', async () => {
  const listening = await Promise.all(['till.mjs', 'page.mjs', 'pusher.mjs', 'echo.mjs'].map(start));
  try {
    for (const child of listening)
      await until(async () => {
        if (!child.running) throw new Error(child.output);
        return child.output.includes('subscribed');
      });
    await ok(shop.sell(saleFor(shop)), 201);
    for (const child of listening) await until(async () => child.output.includes('pull'));
    const [till, , pusher] = listening;
    await until(async () => /^dashboard: [1-9]\d* sales today$/m.test(till!.output));
    expect(pusher!.output).toMatch(/^pull: the feed is at \d+$/m);
  } finally {
    await Promise.all(listening.map((child) => child.kill()));
  }
});

test('a server tells', async () => {
  const server = await start('server.mjs');
  expect(await server.exited, server.output).toEqual({ code: 0, signal: null });
  expect(server.output).toContain('told');
});

test('the table of close codes is that of the sources', async () => {
  const page = await readFile(path.join(repository, 'docs/guides/live.md'), 'utf8');
  const source = await readFile(path.join(repository, 'src/realtime/frame.h'), 'utf8');
  const ours = [...source.matchAll(/ = (4\d{3}),/g)].map(([, code]) => code);
  expect(ours.length).toBeGreaterThan(3);
  for (const code of ours) expect(page).toContain(`| ${code} |`);
});
