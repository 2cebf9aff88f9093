// examples/bull-board on queues that our worker serves, looked at and pressed in headless Chromium.
import path from 'node:path';
import { afterEach, expect } from 'vitest';
import { closeBrowser, noBrowser, openBrowser } from '../support/browser.js';
import { repository } from '../support/environment.js';
import { test, type TestQueue } from '../support/jobs.js';
import { Process } from '../support/process.js';

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
  cleanups.push(() => board.endPeer());
  const line = await board.line(({ text }) => String(text).startsWith('bull-board: '));
  return String(line.text).slice('bull-board: '.length);
}

test.skipIf(noBrowser)('counts, the stack of a failed job, and a retry that runs it again', async ({ q }) => {
  await q.startWorker({ WORKER_NAME: 'till-7' });
  const jobs = await q.queue.addBulk([1, 2, 3].map((data) => ({ name: 'echo', data })));
  const failing = await q.queue.add('flaky', { succeedOn: 1, why: 'to be seen' });
  for (const { id } of [...jobs, failing]) await q.settled(id);
  await q.queue.add('echo', 'later', { delay: 3_600_000 });
  const { stacktrace } = await q.job(failing.id);

  const browser = await openBrowser();
  cleanups.push(() => closeBrowser(browser));
  const page = await browser.newPage();
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
