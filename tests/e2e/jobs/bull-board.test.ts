// examples/bull-board on queues that our worker serves, looked at and pressed in headless Chromium.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BrowserContext } from 'playwright-core';
import { afterEach, expect } from 'vitest';
import { repository } from '../support/environment.js';
import { test, type TestQueue } from '../support/jobs.js';
import { Process } from '../support/process.js';

const nodeIsOld = Number(process.versions.node.split('.')[0]) < 20;
if (nodeIsOld) console.warn(`skipped: playwright-core needs Node 20, this is ${process.version}`);
// CI has no excuse.
const testOnNode20 = test.skipIf(nodeIsOld && !process.env.CI);

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startBoard(q: TestQueue): Promise<string> {
  const board = new Process(process.execPath, [path.join(repository, 'examples/bull-board/server.mjs')], {
    PATH: process.env.PATH,
    REDIS_URL: q.redisUrl,
    QUEUES: q.name,
    PORT: '0',
  });
  cleanups.push(() => board.stop());
  const line = await board.line(({ text }) => String(text).startsWith('bull-board: '));
  return String(line.text).slice('bull-board: '.length);
}

async function openBrowser(): Promise<BrowserContext> {
  const { chromium } = await import('playwright-core');
  const profile = await mkdtemp(path.join(tmpdir(), 'e2e-chromium-'));
  cleanups.push(() => rm(profile, { recursive: true, force: true }));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ].concat(['--disable-component-update', '--disable-sync']),
    viewport: { width: 1400, height: 900 },
  });
  cleanups.push(() => browser.close());
  return browser;
}

testOnNode20('counts, the stack of a failed job, and a retry that runs it again', async ({ q }) => {
  await q.startWorker({ WORKER_NAME: 'till-7' });
  const jobs = await q.queue.addBulk([1, 2, 3].map((data) => ({ name: 'echo', data })));
  const failing = await q.queue.add('flaky', { succeedOn: 1, why: 'to be seen' });
  for (const { id } of [...jobs, failing]) await q.settled(id);
  await q.queue.add('echo', 'later', { delay: 3_600_000 });
  const { stacktrace } = await q.job(failing.id);

  const page = await (await openBrowser()).newPage();
  await page.goto(`${await startBoard(q)}queue/${q.name}?status=failed`);
  const main = page.getByRole('main');
  for (const tab of ['COMPLETED 3', 'FAILED 1', 'DELAYED 1']) await main.getByRole('link', { name: tab }).waitFor();

  await main.getByRole('link', { name: `#${failing.id} flaky` }).waitFor();
  await main.getByText('by till-7').waitFor();
  const shown = await main.getByRole('tabpanel', { name: 'Error' }).innerText();
  expect(shown.replace(/\s+/g, '')).toContain(stacktrace![0]!.replace(/\s+/g, ''));
  await main.getByRole('tab', { name: 'Data' }).click();
  await main.getByText('to be seen').waitFor();

  // The button of the job has a picture and no words, unlike that of all jobs.
  const retry = main.getByRole('button', { name: /^$/ }).filter({ has: page.locator('svg.lucide-refresh-cw') });
  await retry.click();
  await page.getByRole('button', { name: 'Confirm' }).click();
  expect((await q.settled(failing.id, { nth: 2 })).state).toBe('completed');
  await main.getByRole('link', { name: 'COMPLETED 4' }).waitFor();
  await main.getByRole('link', { name: /^FAILED$/ }).waitFor();
});
