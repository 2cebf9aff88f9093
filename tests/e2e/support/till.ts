// examples/till as it is built, in Chromium, with the demo shop behind it and a simulator of M-Pesa.
//
//     let opened: OpenTill;
//     beforeAll(async () => void (opened = await openTill()));
//     afterAll(() => opened?.close());
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { build } from '../../../examples/till/build.mjs';
import { serve } from '../../../examples/till/serve.mjs';
import { type Daraja, start as startDaraja } from '../../simulators/daraja.mjs';
import { closeBrowser, openBrowser } from './browser.js';
import type { ScratchDatabase } from './database.js';
import { freePort } from './postgres.js';
import { demoDatabase, type Service, settingsOfDemo, startService } from './service.js';

export interface OpenTill {
  daraja: Daraja;
  database: ScratchDatabase;
  service: Service;
  browser: BrowserContext;
  page: Page;
  address: string;
  /** Errors that nobody caught, of `page`. */
  said: string[];
  /** The till's files, which come from another address than the service. */
  unserve(): Promise<void>;
  serveAgain(): Promise<void>;
  close(): Promise<void>;
}

export async function openTill(): Promise<OpenTill> {
  const ends: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const end of ends.reverse()) await end();
  };
  try {
    const daraja = await startDaraja({ port: 0, speed: 30 });
    ends.push(() => daraja.close());
    const more = { MPESA_BASE_URL: daraja.url, ...(await settingsOfDemo()) };
    const database = await demoDatabase(more);
    ends.push(() => database.drop());
    const service = await startService({ database, env: more });
    ends.push(() => service.stop());
    const directory = await mkdtemp(path.join(tmpdir(), 'e2e-till-'));
    ends.push(() => rm(directory, { recursive: true, force: true }));
    const folder = await build(directory);
    const port = await freePort();
    let server = await serve({ folder, baseUrl: service.url, port });
    ends.push(() => server.close());
    const browser = await openBrowser();
    ends.push(() => closeBrowser(browser));
    const page = await browser.newPage();
    const said: string[] = [];
    page.on('pageerror', (error) => said.push(String(error)));
    const address = `http://127.0.0.1:${port}/`;
    const unserve = () => server.close();
    const serveAgain = async () => void (server = await serve({ folder, baseUrl: service.url, port }));
    return { daraja, database, service, browser, page, address, said, unserve, serveAgain, close };
  } catch (error) {
    await close();
    throw error;
  }
}
