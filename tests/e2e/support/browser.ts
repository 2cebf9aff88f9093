// Headless Chromium with a profile of its own.
//
//     test.skipIf(noBrowser)('the page', async () => {
//       const browser = await openBrowser();
//       const page = await browser.newPage();
//       await closeBrowser(browser);          // in afterEach
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BrowserContext } from 'playwright-core';

const nodeIsOld = Number(process.versions.node.split('.')[0]) < 20;
if (nodeIsOld) console.warn(`skipped: playwright-core needs Node 20, this is ${process.version}`);
// CI has no excuse.
export const noBrowser = nodeIsOld && !process.env.CI;

const profiles = new WeakMap<BrowserContext, string>();

// `more`: arguments of Chromium. `reused`: the profile of one that was closed.
export async function openBrowser(more: string[] = [], reused?: string): Promise<BrowserContext> {
  const { chromium } = await import('playwright-core');
  const profile = reused ?? (await mkdtemp(path.join(tmpdir(), 'e2e-chromium-')));
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: '/usr/bin/chromium',
    headless: true,
    timeout: 120_000,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ].concat(['--disable-component-update', '--disable-sync'], more),
    viewport: { width: 1400, height: 900 },
  });
  // Drawing hundreds of operations takes a busy machine its time.
  browser.setDefaultTimeout(90_000);
  profiles.set(browser, profile);
  return browser;
}

export const profileOf = (browser: BrowserContext): string => profiles.get(browser)!;

export async function closeBrowser(browser: BrowserContext): Promise<void> {
  await browser.close();
  await rm(profileOf(browser), { recursive: true, force: true });
}
