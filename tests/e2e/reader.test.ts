// The reader at /docs/reader of a development server, in Chromium: found, read, tried, on a telephone too. Nothing comes from elsewhere.
// BACKEND_API_PICTURES=1 writes what is seen to docs/pictures/.
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, request as passOn, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { attempts, outcomeOf, responsesOf, serverOf } from '../../src/openapi/reader/exchange.js';
import { memberOf, momentOf, withMember } from '../../src/openapi/reader/fresh.js';
import { indented } from '../../src/openapi/reader/json_text.js';
import { literal, samples } from '../../src/openapi/reader/samples.js';
import { find, indexOf } from '../../src/openapi/reader/search.js';
import { accessibilityFindings, stillness } from './support/accessibility.js';
import { closeBrowser, noBrowser, openBrowser } from './support/browser.js';
import { type ScratchDatabase } from './support/database.js';
import { environment, repository } from './support/environment.js';
import { run } from './support/process.js';
import { installSdk } from './support/sdk.js';
import { demoDatabase, type Service, startService } from './support/service.js';

const owner = { email: 'owner@demo.example', password: 'demo-shop-2026' };

let database: ScratchDatabase;
let service: Service;
let browser: BrowserContext;
let page: Page;
const asked: string[] = [];
const complaints: string[] = [];

beforeAll(async () => {
  if (noBrowser) return;
  database = await demoDatabase();
  service = await startService({ database, env: { APP_ENV: 'development' } });
  browser = await openBrowser();
  page = await browser.newPage();
  page.on('request', (request) => asked.push(request.url()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
});

beforeEach(() => {
  asked.length = 0;
  complaints.length = 0;
});

afterAll(async () => {
  if (browser) await closeBrowser(browser);
  await service?.stop();
  await database?.drop();
});

async function open(hash = '#/', size = { width: 1280, height: 800 }): Promise<void> {
  await page.setViewportSize(size);
  await page.goto(`${service.url}/docs/reader${hash}`);
  await page.reload(); // another hash alone loads nothing
  await page.locator('#content h1').waitFor();
}

async function signOut(): Promise<void> {
  if ((await page.locator('#account').textContent()) !== 'Sign in') await page.locator('#account').click();
}

async function signIn(): Promise<void> {
  await signOut();
  await page.locator('#account').click();
  await page.getByRole('button', { name: /^As owner/ }).click();
  await page.getByRole('button', { name: 'Sign out owner' }).waitFor();
}

describe.skipIf(noBrowser)('the reader', () => {
  test('from the overview by search to a sale, without anything from elsewhere', async () => {
    await open();
    expect(await page.title()).toContain('offline-first point of sale');
    await page.keyboard.press('/');
    await page.keyboard.type('record sale once');
    await page.locator('#found a').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Record a sale, once' }).waitFor();
    expect(new URL(page.url()).hash).toBe('#/operation/createSale');
    expect(await page.evaluate(() => document.activeElement?.tagName), 'focus follows').toBe('H1');
    expect(await page.locator('#request').textContent()).toContain('sign in first');

    await signIn();
    // Twice: the key of the example stands for a new one at each press.
    const ids = new Set<string>();
    for (let count = 0; count < 2; ++count) {
      const sent = page.waitForResponse((reply) => reply.url().endsWith('/v1/sales'));
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      const reply = await sent;
      expect(reply.status()).toBe(201);
      const sale = await reply.json();
      await expect.poll(() => page.locator('.reply').textContent()).toContain(sale.id);
      ids.add(sale.id);
    }
    expect(ids.size).toBe(2);
    const [stored] = await database.query('select count(*) as found from sales where id = any($1)', [[...ids]]);
    expect(Number(stored!.found)).toBe(2);

    expect(asked.filter((url) => new URL(url).origin !== service.url)).toEqual([]);
    expect(complaints).toEqual([]);
    // The token is of this tab, and of no other.
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain('eyJ');
  });

  test('what is shown is what is sent; it can be sent again, and what it made is found', async () => {
    await open('#/operation/createSale');
    await signIn();
    const key = page.locator('[id="parameter-header-Idempotency-Key"]');
    const body = page.locator('#request-body');
    const press = async (name: string) => {
      const [reply] = await Promise.all([
        page.waitForResponse((one) => one.url().endsWith('/v1/sales')),
        page.getByRole('button', { name, exact: true }).press('Enter'),
      ]);
      const sale = await reply.json();
      await expect.poll(() => page.locator('.reply').textContent()).toContain(sale.id);
      const request = reply.request();
      expect(request.postData(), 'the body that is shown').toBe(await body.inputValue());
      expect(request.headers()['idempotency-key'], 'the key that is shown').toBe(await key.inputValue());
      await page.locator('.send[aria-disabled=false]').waitFor();
      expect(await page.evaluate(() => document.activeElement?.textContent), 'the focus stays').toBe(name);
      return { ...sale, code: reply.status(), replayed: await reply.headerValue('Idempotent-Replayed') };
    };
    const first = await press('Send');
    expect([first.code, first.clientRequestId]).toEqual([201, await key.inputValue()]);
    expect(first.flags, 'it is of today').not.toContain('recorded_late');
    const same = await press('Send the same again');
    expect([same.id, same.replayed]).toEqual([first.id, 'true']);
    expect(await page.locator('.reply').textContent()).toContain('Idempotent-Replayed');
    expect((await press('Send')).id, 'a new key').not.toBe(first.id);

    // Whoever writes an id of their own has it as the key, and sends it as often as they like.
    const own = randomUUID();
    await body.fill(withMember(await body.inputValue(), 'key', own));
    expect(await key.inputValue()).toBe(own);
    const chosen = await press('Send');
    expect([chosen.code, chosen.clientRequestId]).toEqual([201, own]);
    expect((await press('Send')).id).toBe(chosen.id);
    await key.fill('a-key-of-mine');
    expect(memberOf(await body.inputValue(), 'key'), 'and the other way round').toBe('a-key-of-mine');

    await page.locator('.reply a').click();
    await page.getByRole('heading', { name: 'One sale with lines, taxes and payments' }).waitFor();
    expect(await page.locator('#parameter-path-id').inputValue()).toBe(chosen.id);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await expect.poll(() => page.locator('.reply').textContent()).toContain(chosen.receiptNumber);
    await page.evaluate(() => (location.hash = '#/operation/getSaleByClientRequest'));
    await page.getByRole('heading', { name: 'The sale of a clientRequestId' }).waitFor();
    expect(await page.locator('#parameter-path-id').inputValue()).toBe(own);
    expect(complaints).toEqual([]);
  });

  test('a key stays until there is a reply that settles it, also over another page', async () => {
    await open('#/operation/sendPayout');
    const at = '**/v1/payouts';
    const pressed = async (answer: (route: Route) => Promise<void>) => {
      await page.route(at, answer);
      const [request] = await Promise.all([
        page.waitForRequest((one) => one.url().endsWith('/v1/payouts')),
        page.locator('.send[aria-disabled=false], .send:not([aria-disabled])').click(),
      ]);
      await page.locator('.send[aria-disabled=false]').waitFor();
      await page.unroute(at);
      const told = (await page.locator('.reply').textContent())!;
      return { key: request.headers()['idempotency-key'], body: request.postData(), told };
    };
    const problem = (status: number, retriable: boolean) => (route: Route) =>
      route.fulfill({
        status,
        contentType: 'application/problem+json',
        body: JSON.stringify({ type: 'about:blank', title: 'x', status, code: 'x', retriable, action: 'retry' }),
      });
    const other = (status: number, contentType: string) => (route: Route) =>
      route.fulfill({ status, contentType, body: '<p>Of somebody on the way' });
    const paid = (route: Route) =>
      route.fulfill({ status: 202, json: { id: randomUUID() }, headers: { 'X-Request-Id': 'r' } });
    const zeroth = await pressed(problem(429, true));
    expect(zeroth.key).toBeTruthy();
    expect(zeroth.told).toContain('This is not settled. Send keeps the key');
    const refused = await pressed(problem(409, false));
    expect([refused.key, refused.body], 'the same bytes').toEqual([zeroth.key, zeroth.body]);
    expect(refused.told).not.toContain('keeps the key');
    const first = await pressed(problem(409, true));
    expect(first.key, 'it was refused, and nothing before it may have arrived').not.toBe(zeroth.key);
    for (const answer of [
      problem(408, true),
      problem(402, true),
      other(403, 'text/html'),
      other(404, 'text/html'),
      other(200, 'text/html'),
      other(502, 'text/html'),
      (route: Route) => route.abort(),
      // What refuses the caller, or what was edited since, says nothing of what may have arrived.
      problem(401, false),
      problem(403, false),
      problem(422, false),
      problem(409, false),
      paid,
    ]) {
      const { key, body, told } = await pressed(answer);
      expect([key, body], 'the same bytes').toEqual([first.key, first.body]);
      if (answer !== paid) expect(told).toContain('Send keeps the key');
    }
    expect(await page.locator('.reply').textContent()).not.toContain('keeps the key');
    const second = await pressed(problem(402, true));
    expect(second.key, 'it was settled').not.toBe(first.key);

    // Nothing has come when another page is opened: the service may have done it.
    await page.route(at, () => undefined);
    await Promise.all([
      page.waitForRequest((one) => one.url().endsWith('/v1/payouts')),
      page.getByRole('button', { name: 'Send', exact: true }).click(),
    ]);
    await page.evaluate(() => (location.hash = '#/'));
    await page.getByRole('heading', { name: 'Begin' }).waitFor();
    await page.unroute(at);
    await page.evaluate(() => (location.hash = '#/operation/sendPayout'));
    await expect.poll(() => page.locator('.reply').textContent()).toContain('another page was opened');
    // A log-out does not undo it either: who comes back finds the key, and nothing of an answer.
    await signIn();
    await signOut();
    expect(await page.locator('.reply').textContent()).toMatch(/^This is not settled\./);
    await page.evaluate(() => (location.hash = '#/'));
    await page.getByRole('heading', { name: 'Begin' }).waitFor();
    await page.evaluate(() => (location.hash = '#/operation/sendPayout'));
    const third = await pressed(problem(422, false));
    expect([third.key, third.body]).toEqual([second.key, second.body]);
    expect(third.told).toContain('An attempt before this one may have been done all the same. Send keeps the key');
    // A key that somebody writes is another request.
    const key = page.locator('[id="parameter-header-Idempotency-Key"]');
    const [area, own] = [page.locator('#request-body'), randomUUID()];
    if (await key.count()) await key.fill(own);
    else await area.fill(withMember(await area.inputValue(), 'key', own));
    expect((await pressed(problem(422, false))).told).not.toContain('keeps the key');
    if (await key.count()) await key.fill(second.key!);
    else await area.fill(second.body!);
    expect((await pressed(paid)).key).toBe(second.key);
    await page.evaluate(() => (location.hash = '#/'));
    await page.getByRole('heading', { name: 'Begin' }).waitFor();
    await page.evaluate(() => (location.hash = '#/operation/sendPayout'));
    expect((await pressed(problem(503, true))).key).not.toBe(second.key);
    complaints.length = 0; // Chromium tells of each failure
  });

  test('events are shown as they come, until Stop or another page; connections are left for the rest', async () => {
    await open('#/operation/getEvents');
    await signIn();
    const begin = async () => {
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await expect.poll(() => page.locator('.reply').textContent()).toContain('event: ready');
    };
    await page.setViewportSize({ width: 390, height: 844 });
    await begin();
    expect(await page.locator('.send').getAttribute('aria-disabled')).toBe('true');
    await expectUsable('events', false);
    await page.getByRole('button', { name: 'Stop' }).press('Enter');
    await expect.poll(() => page.locator('.reply').textContent()).toContain('It ends here: you pressed Stop.');
    const told = await page.locator('.reply').textContent();
    expect(told).toMatch(/^200 in \d+ ms/);
    expect(told, 'what has come stays').toContain('event: ready');
    expect(await page.evaluate(() => document.activeElement?.textContent), 'the focus is not lost').toBe('Send');

    // A browser has six connections for one place.
    for (let count = 0; count < 7; ++count) {
      await begin();
      await page.evaluate(() => (location.hash = '#/operation/listLocations'));
      await page.getByRole('heading', { name: /locations/i }).waitFor();
      await page.evaluate(() => (location.hash = '#/operation/getEvents'));
      await page.locator('#parameter-query-topics').waitFor();
    }
    await page.evaluate(() => (location.hash = '#/operation/listLocations'));
    await page.getByRole('heading', { name: /locations/i }).waitFor();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await expect.poll(() => page.locator('.reply strong').allTextContents()).toEqual(['200']);
    await signOut();
    expect(complaints).toEqual([]);
  });

  test('every request has an end, and what has come by then is shown', async () => {
    const slow = await startServer((request, reply) => {
      const { pathname } = new URL(request.url!, 'http://x');
      if (pathname.endsWith('/silent')) return;
      reply.writeHead(200, { 'Content-Type': pathname.endsWith('/events') ? 'text/event-stream' : 'application/json' });
      if (pathname.endsWith('/long')) return reply.end(`"${'é'.repeat(1 << 20)}"`);
      reply.write('{"first": "half"');
      if (pathname.endsWith('/cut')) setTimeout(() => reply.destroy(), 50);
    });
    const other = await browser.newPage();
    try {
      // Here a minute is 5 s, and five are too.
      await other.addInitScript(() => {
        const real = globalThis.setTimeout;
        globalThis.setTimeout = ((use: () => void, ms: number) =>
          real(use, ms >= 300_000 ? ms / 60 : ms >= 30_000 ? ms / 12 : ms)) as typeof setTimeout;
      });
      await other.goto(`${service.url}/docs/reader#/operation/getMe`);
      await other.locator('#content h1').waitFor();
      const told = async (kind: string) => {
        await other.route('**/v1/auth/me', (route) => route.continue({ url: `${slow.url}/${kind}` }));
        await other.getByRole('button', { name: 'Send', exact: true }).click();
        await other.locator('.send[aria-disabled=false]').waitFor();
        await other.unroute('**/v1/auth/me');
        return (await other.locator('.reply').textContent())!;
      };
      expect(await told('silent')).toBe('No answer: it took more than 60 seconds');
      for (const [kind, why] of [
        ['half', 'it took more than 60 seconds'],
        ['events', 'it took more than 300 seconds'],
        ['cut', 'the connection broke'],
      ]) {
        const text = await told(kind!);
        expect(text, kind).toContain(`It ends here: ${why}`);
        expect(text, kind).toContain('{"first": "half"');
      }
      expect(await told('long')).toContain('It ends here: it is longer than 1 MiB.');
      expect((await other.locator('.reply pre').first().textContent())!.length).toBeGreaterThan(500_000);

      // The page's own, too: a sign-in, and a guide.
      await other.route('**/v1/auth/login', (route) => route.continue({ url: `${slow.url}/silent` }));
      await other.locator('#account').click();
      await other.getByRole('button', { name: /^As owner/ }).click();
      await expect.poll(() => other.locator('#signing .fault').textContent()).toContain('more than 30 seconds');
      await other.keyboard.press('Escape');
      await other.route('**/docs/guides/offline.html', (route) => route.continue({ url: `${slow.url}/silent` }));
      await other.evaluate(() => (location.hash = '#/guide/offline'));
      await other.getByRole('heading', { name: 'This did not load' }).waitFor();
      expect(await other.locator('#content').textContent()).toContain('more than 60 seconds');
      await other.unroute('**/docs/guides/offline.html');
      await other.getByRole('button', { name: 'Try again' }).click();
      await other.getByRole('heading', { name: 'Offline in ten minutes' }).waitFor();
      await other.route('**/docs/guides/search.json', (route) => route.abort());
      await other.locator('#query').fill('refund');
      await expect
        .poll(() => other.locator('#found [role=status]').textContent())
        .toMatch(/\d found: without the texts/);
      await other.unroute('**/docs/guides/search.json');
      await other.locator('#query').fill('refunds');
      await expect.poll(() => other.locator('#found [role=status]').textContent()).toMatch(/\d found$/);
    } finally {
      await other.close();
      await slow.stop();
    }
  });

  test('whoever signs out, or is somebody else, while a token is renewed stays so', async () => {
    await open('#/operation/getMe');
    const account = page.locator('#account');
    const renewing = async (meanwhile: () => Promise<void>) => {
      let release!: () => void;
      const held = new Promise<void>((resolve) => (release = resolve));
      let refused = false;
      await page.route('**/v1/auth/me', (route) => {
        if (refused) return route.continue();
        refused = true;
        return route.fulfill({
          status: 401,
          contentType: 'application/problem+json',
          body: JSON.stringify({ code: 'auth.token_expired', retriable: true, action: 'refresh_auth' }),
        });
      });
      await page.route('**/v1/auth/refresh', async (route) => {
        const response = await route.fetch();
        await held;
        await route.fulfill({ response });
      });
      await Promise.all([
        page.waitForRequest('**/v1/auth/refresh'),
        page.getByRole('button', { name: 'Send', exact: true }).click(),
      ]);
      await meanwhile();
      const left = account.textContent();
      release();
      await page.locator('.send[aria-disabled=false]').waitFor();
      await page.unrouteAll();
      return [await left, await account.textContent()];
    };
    await signIn();
    const out = page.waitForResponse((one) => one.url().endsWith('/v1/auth/logout'));
    expect(await renewing(() => account.click())).toEqual(['Sign in', 'Sign in']);
    expect((await out).status(), 'the session is ended with its new token').toBe(204);
    expect(await page.evaluate(() => sessionStorage.getItem('reader.account'))).toBeNull();

    await signIn();
    const names = await renewing(async () => {
      await account.click();
      await account.click();
      await page.getByRole('button', { name: /^As cashier/ }).click();
      await page.getByRole('button', { name: 'Sign out cashier' }).waitFor();
    });
    expect(names).toEqual(['Sign out cashier', 'Sign out cashier']);
    expect(await page.locator('.reply strong').textContent(), 'nobody else sends it').toBe('401');

    // A session that is over is said to be over.
    await signIn();
    await page.evaluate(() => {
      const account = JSON.parse(sessionStorage.getItem('reader.account')!);
      sessionStorage.setItem(
        'reader.account',
        JSON.stringify({ ...account, token: `${account.token}x`, refresh: 'x' }),
      );
    });
    await page.reload();
    await page.locator('#content h1').waitFor();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await expect.poll(() => account.textContent()).toBe('Sign in');
    expect(await page.locator('#request').textContent()).toContain('sign in first');
    complaints.length = 0; // Chromium tells of each 401
  });

  test('a reply is shown whatever its headers are', async () => {
    await open('#/operation/createCategory');
    const headers = { location: 'http://[', etag: '<b>' };
    await page.route('**/v1/categories', (route) => route.fulfill({ status: 201, json: { name: 'Shown' }, headers }));
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await expect.poll(() => page.locator('.reply').textContent()).toContain('Shown');
    await page.unroute('**/v1/categories');
  });

  test('a row that was made is changed by its id and its version', async () => {
    await open('#/operation/createCategory');
    await signIn();
    const press = async (status: number) => {
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await expect.poll(() => page.locator('.reply strong').allTextContents()).toEqual([String(status)]);
    };
    await page.locator('#request-body').fill(JSON.stringify({ name: `Read again ${randomUUID()}` }));
    await press(201);
    const id = (await page.locator('.reply a').textContent())!.split('/').at(-1);
    await page.evaluate(() => (location.hash = '#/operation/changeCategory'));
    await expect.poll(() => page.locator('#parameter-path-id').inputValue()).toBe(id);
    const version = page.locator('[id="parameter-header-If-Match"]');
    for (const expected of [1, 2]) {
      const shown = await version.inputValue();
      expect(shown).toMatch(new RegExp(`^"${expected}\\b`));
      await page.locator('#request-body').fill(JSON.stringify({ name: `Changed at ${expected} ${randomUUID()}` }));
      await press(200);
      await expect.poll(() => version.inputValue()).not.toBe(shown);
    }
    // A browser would ask for another path.
    const before = asked.length;
    await page.locator('#parameter-path-id').fill('..');
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    expect(
      await page.locator('#parameter-path-id').evaluate((one: HTMLInputElement) => one.validationMessage),
    ).toContain('cannot send');
    expect(await page.locator('.sample code').textContent()).toContain('/v1/categories/%7Bid%7D');
    expect(asked.length).toBe(before);
  });

  test('signing out ends the session at the service, also when the token has run out', async () => {
    await open('#/operation/getMe');
    await signIn();
    const tokenOf = () => page.evaluate(() => JSON.parse(sessionStorage.getItem('reader.account')!).token as string);
    const isRefused = async (token: string) => (await service.api('GET', '/v1/auth/me', { token })).status === 401;
    const leave = async () => {
      const [reply] = await Promise.all([
        page.waitForResponse((one) => one.url().endsWith('/v1/auth/logout') && one.status() !== 401),
        page.locator('#account').click(),
      ]);
      expect(reply.status()).toBe(204);
      expect(await page.evaluate(() => sessionStorage.getItem('reader.account'))).toBeNull();
    };
    const send = async () => {
      await page.getByRole('button', { name: 'Send', exact: true }).click();
      await page.locator('.send[aria-disabled=false]').waitFor();
      expect(await page.locator('.reply').textContent()).toContain(owner.email);
    };
    const token = await tokenOf();
    expect(await isRefused(token)).toBe(false);
    await send();
    await leave();
    expect(await page.locator('.reply').textContent(), 'what was shown to who has left').toBe('');
    expect(await isRefused(token)).toBe(true);

    // The tab forgets also where the service cannot be reached.
    await signIn();
    await send();
    await page.route('**/v1/auth/logout', (route) => route.abort());
    await page.locator('#account').click();
    await page.getByText('the service has not ended the session').waitFor();
    expect(await page.evaluate(() => sessionStorage.getItem('reader.account'))).toBeNull();
    expect(await page.locator('.reply').textContent()).toBe('');
    await page.unroute('**/v1/auth/logout');
    await page.getByRole('button', { name: 'Close' }).click();

    await signIn();
    const second = await tokenOf();
    const spoil = () =>
      page.evaluate(() => {
        const account = JSON.parse(sessionStorage.getItem('reader.account')!);
        sessionStorage.setItem('reader.account', JSON.stringify({ ...account, token: `${account.token}x` }));
      });
    await spoil();
    await page.reload();
    await page.locator('#content h1').waitFor();
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await expect
      .poll(() => page.locator('.reply').textContent(), { message: 'a token of its own is renewed' })
      .toContain(owner.email);
    await spoil();
    await page.reload();
    await page.locator('#content h1').waitFor();
    await leave();
    expect(await isRefused(second)).toBe(true);
    complaints.length = 0; // Chromium tells of each 401
  });

  test('odd addresses, what others wrote into the storage, and none at all leave a page that works', async () => {
    await open();
    for (const hash of ['#/%', '#/%E0%A4%A', '#/100%']) {
      await page.evaluate((to) => (location.hash = to), hash);
      await expect
        .poll(() => page.locator('#content h1').textContent(), { message: hash })
        .toBe('There is no such page');
      await page.evaluate(() => (location.hash = '#/'));
      await page.getByRole('heading', { name: 'Begin' }).waitFor();
    }
    await page.evaluate(() => (location.hash = '#/guide/offline~%'));
    await page.getByRole('heading', { name: 'Offline in ten minutes' }).waitFor();
    for (const text of ['{broken', '"text"', '{"token":7}']) {
      await page.evaluate((value) => sessionStorage.setItem('reader.account', value), text);
      await open();
      expect(await page.locator('#account').textContent(), text).toBe('Sign in');
    }
    await page.evaluate(() => sessionStorage.clear());
    expect(complaints).toEqual([]);

    const other = await browser.newPage();
    try {
      await other.addInitScript(() => {
        for (const name of ['localStorage', 'sessionStorage'])
          Object.defineProperty(globalThis, name, {
            get: () => {
              throw new DOMException('refused', 'SecurityError');
            },
          });
      });
      await other.goto(`${service.url}/docs/reader#/operation/getMe`);
      await other.locator('#content h1').waitFor();
      await other.getByRole('button', { name: 'Dark' }).click();
      expect(await other.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
      await other.locator('#account').click();
      await other.getByRole('button', { name: /^As owner/ }).click();
      await other.getByRole('button', { name: 'Sign out owner' }).waitFor();
      await other.getByRole('button', { name: 'Send', exact: true }).click();
      await expect.poll(() => other.locator('.reply').textContent()).toContain(owner.email);
    } finally {
      await other.close();
    }
  });

  test('what people look for is found, as what it is', async () => {
    await open();
    const found = async (query: string) => {
      await page.locator('#query').fill(query);
      await expect.poll(() => page.locator('#found [role=status]').textContent()).toMatch(/found/);
      return page
        .locator('#found a')
        .evaluateAll((all) => all.map((one) => [one.querySelector('small')!.textContent!, one.getAttribute('href')!]));
    };
    for (const [query, kind, href] of [
      ['websocket', 'operation', '#/operation/'],
      ['clientrequestid', 'operation', '#/operation/getSaleByClientRequest'],
      ['receiptnumber', 'guide', '#/guide/'],
      ['postman', 'guide', '#/guide/collections'],
      ['insomnia', 'guide', '#/guide/collections'],
      ['deprecation', 'guide', '#/guide/api-changes'],
      ['backend-api-client', 'guide', '#/guide/clients/typescript'],
      ['refund', 'operation', '#/operation/refundPayment'],
      ['first sale', 'guide', '#/guide/getting-started'],
      ['mpesa', 'guide', '#/guide/mpesa'],
      ['sale.total_mismatch', 'error', '/problems/sale.total_mismatch'],
    ] as const) {
      const [first] = await found(query);
      expect(first?.[0], query).toBe(kind);
      expect(first?.[1], query).toContain(href);
    }
    expect(await found('onRefundCreated')).toContainEqual(['event', '#/operation/onRefundCreated']);
    await page.evaluate(() => (location.hash = '#/guide/clients/typescript'));
    await page.getByRole('heading', { name: 'Install' }).waitFor();
    // What the reader has no page of is named by its place.
    await page.evaluate(() => (location.hash = '#/guide/getting-started'));
    await page.getByRole('heading', { name: 'And then' }).waitFor();
    expect(await page.locator('.guide').textContent()).toContain('(docs/life-of-a-request.md in the repository)');
  });

  test('a keyboard and a telephone come to the reply', async () => {
    await open('#/operation/createCategory', { width: 390, height: 844 });
    await signOut();
    const menu = page.locator('#menu');
    await menu.click();
    await page.keyboard.press('Escape');
    expect(await menu.getAttribute('aria-expanded')).toBe('false');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('menu');
    await page.getByRole('link', { name: 'Try it' }).press('Enter');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('try');
    await page.getByRole('button', { name: 'Send', exact: true }).press('Enter');
    const reply = page.locator('.reply');
    await expect.poll(() => reply.textContent()).toContain('401');
    await expect
      .poll(() => reply.evaluate((one) => one.getBoundingClientRect().top), { message: 'it is in sight' })
      .toBeLessThan(700);
    await page.locator('.languages').getByRole('button', { name: 'TypeScript' }).click();
    expect(await page.locator('.sample a').getAttribute('href')).toBe('#/guide/offline');
    await expectUsable('a reply', false);
  });

  test('Swagger UI signs people of the demo in and out; it keeps a key that is not settled, and ends events', async () => {
    await page.goto(`${service.url}/docs`);
    await page.locator('.opblock-tag').first().waitFor();
    await page.getByRole('button', { name: 'As owner' }).click();
    await expect.poll(() => page.locator('#state').textContent()).toContain('Signed in as owner');
    const token = await page.evaluate(() => JSON.parse(sessionStorage.getItem('docs.session')!).token as string);
    expect((await service.api('GET', '/v1/auth/me', { token })).status).toBe(200);

    const operation = async (tag: string, id: string) => {
      const section = page.locator(`[id="operations-tag-${tag}"]`);
      if ((await section.getAttribute('data-is-open')) !== 'true') await section.click();
      const block = page.locator(`[id="operations-${tag}-${id}"]`);
      await block.locator('.opblock-summary-control').click();
      return block;
    };
    const sale = await operation('sales', 'createSale');
    const execute = async (answer: (route: Route) => Promise<void>) => {
      let sent: string | undefined;
      await page.route('**/v1/sales', (route) => {
        const { headers, body } = { headers: route.request().headers(), body: route.request().postDataJSON() };
        sent = `${headers['idempotency-key']} ${body.clientRequestId} ${body.occurredAt}`;
        return answer(route);
      });
      const [request] = await Promise.all([
        page.waitForRequest((one) => one.url().endsWith('/v1/sales')),
        sale.getByRole('button', { name: 'Execute' }).click(),
      ]);
      await request.response();
      await sale.locator('.loading-container').waitFor({ state: 'detached' });
      await page.unroute('**/v1/sales');
      return sent!;
    };
    const filled = (status: number, contentType: string, body: string) => (route: Route) =>
      route.fulfill({ status, contentType, body, headers: { 'X-Request-Id': 'r' } });
    const problem = (status: number, retriable: boolean) =>
      filled(status, 'application/problem+json', `{"retriable":${retriable}}`);
    const lost = async (route: Route) => {
      expect((await route.fetch()).status()).toBe(201);
      await route.abort();
    };
    const refused = await execute(problem(429, true));
    expect(await execute(problem(409, false)), 'the same until it is settled').toBe(refused);
    const first = await execute(lost);
    expect(first).not.toBe(refused);
    // The token has run out meanwhile; what refuses a caller says nothing of the sale. Nor does a page on the way.
    for (const answer of [
      problem(401, false),
      filled(200, 'text/html', '<p>Sign in to the Wi-Fi'),
      (route: Route) => route.fulfill({ status: 201, json: { id: randomUUID() } }),
      filled(201, 'application/json', '{"id": "cut'),
      filled(204, '', ''),
      problem(422, false),
      (route: Route) => route.abort(),
    ]) {
      expect(await execute(answer)).toBe(first);
      await expect.poll(() => page.locator('#state').textContent()).toContain('the next Execute keeps the key');
    }
    await page.getByRole('button', { name: 'As owner' }).click();
    await expect
      .poll(() => page.evaluate(() => JSON.parse(sessionStorage.getItem('docs.session') ?? '{}').token ?? ''))
      .not.toMatch(new RegExp(`^(${token.replaceAll('.', '\\.')})?$`));
    expect(await execute((route) => route.continue()), 'whoever has signed in again').toBe(first);
    await expect.poll(() => page.locator('#state').textContent()).toBe('');
    const [stored] = await database.query('select count(*) as found from sales where client_request_id = $1', [
      first.split(' ')[1],
    ]);
    expect(Number(stored!.found)).toBe(1);
    expect(await execute(problem(429, true)), 'it is done').not.toBe(first);
    const current = await page.evaluate(() => JSON.parse(sessionStorage.getItem('docs.session')!).token as string);

    const events = await operation('sync', 'getEvents');
    await events.getByRole('button', { name: 'Execute' }).click();
    await expect
      .poll(
        () =>
          events
            .locator('.live-responses-table')
            .textContent({ timeout: 500 })
            .catch(() => ''),
        { timeout: 120_000 },
      )
      .toContain('event: ready');

    await page.getByRole('button', { name: 'Authorize', exact: true }).click();
    const bearer = page.locator('.auth-container').filter({ has: page.getByRole('button', { name: 'Logout' }) });
    const [reply] = await Promise.all([
      page.waitForResponse((one) => one.url().endsWith('/v1/auth/logout')),
      bearer.getByRole('button', { name: 'Logout' }).click(),
    ]);
    expect(reply.status()).toBe(204);
    expect((await service.api('GET', '/v1/auth/me', { token: current })).status).toBe(401);
    expect(await page.evaluate(() => JSON.stringify([sessionStorage, localStorage]))).not.toContain(current);
  }, 300_000); // a busy machine draws it slowly

  test('addresses beside the pages lead to them', async () => {
    for (const [at, location] of [
      ['/docs/reader/', '../reader'],
      ['/docs/guides', 'reader'],
      ['/docs/guides/', '../reader'],
    ] as const) {
      const reply = await fetch(service.url + at, { redirect: 'manual' });
      expect([reply.status, reply.headers.get('location')], at).toEqual([308, location]);
    }
  });

  test('every page of the guides and every operation is drawn, and links among pages lead somewhere', async () => {
    await open();
    const hrefs = await page.locator('#navigation a').evaluateAll((all) => all.map((one) => one.getAttribute('href')!));
    const openapi = (await service.api('GET', '/openapi.json')).body;
    const operations = [openapi.paths, openapi.webhooks].flatMap((all) =>
      Object.values<any>(all).flatMap((item) => Object.values<any>(item).map(({ operationId }) => operationId)),
    );
    expect(hrefs.filter((href) => href.startsWith('#/operation/')).length).toBe(operations.filter(Boolean).length);
    expect(hrefs.filter((href) => href.startsWith('#/guide/')).length).toBeGreaterThan(25);
    const broken = await page.evaluate(async (all) => {
      const faults: string[] = [];
      const links = new Set<string>();
      for (const href of all) {
        location.hash = href;
        const ready = () =>
          document.querySelector(`#navigation a[aria-current][href="${CSS.escape(href)}"]`) ?? undefined;
        for (let tries = 0; tries < 3_000 && !ready(); ++tries) await new Promise((resolve) => setTimeout(resolve, 10));
        const title = document.querySelector('#content h1')?.textContent ?? '';
        if (!ready() || /did not load|no such page/.test(title)) faults.push(`${href}: ${title}`);
        for (const link of document.querySelectorAll<HTMLAnchorElement>('.guide a[href^="#"]')) {
          const [to, anchor] = link.getAttribute('href')!.split('~');
          links.add(link.getAttribute('href')!);
          if (!all.includes(to!)) faults.push(`${href} leads to ${to}`);
          else if (to === href && anchor && !document.getElementById(anchor)) faults.push(`${href} has no ${anchor}`);
        }
      }
      return { faults, links: links.size };
    }, hrefs);
    expect(broken.faults).toEqual([]);
    expect(broken.links).toBeGreaterThan(10);
    expect(complaints).toEqual([]);
  }, 600_000);

  test('what a developer pastes runs: each language, a read and a write', async () => {
    const sdk = await installSdk();
    const { body } = await service.api('POST', '/v1/auth/login', { body: owner });
    const folder = await mkdtemp(path.join(tmpdir(), 'e2e-samples-'));
    const programs: Record<string, (text: string) => Promise<string>> = {
      curl: (text) => output('bash', ['-c', text]),
      JavaScript: (text) => program('sample.mjs', text, 'node'),
      TypeScript: (text) => sdk.run('sample.mjs', text, { TOKEN: body.accessToken }), // the types are left to the compiler of clients.test.ts
      Python: (text) => program('sample.py', text, 'python3'),
    };
    const output = async (name: string, args: string[]) => {
      const told = await run(name, args, { ...process.env, TOKEN: body.accessToken });
      expect(told.code, told.output).toBe(0);
      return told.output;
    };
    const program = async (name: string, text: string, command: string) => {
      await writeFile(path.join(folder, name), text);
      return output(command, [path.join(folder, name)]);
    };
    try {
      for (const [operation, expected] of [
        ['getMe', owner.email],
        ['createCategory', 'idOf'],
      ] as const) {
        await open(`#/operation/${operation}`);
        for (const [language, start] of Object.entries(programs)) {
          await page.locator('.languages').getByRole('button', { name: language, exact: true }).click();
          // Each language makes a row of its own.
          if (expected === 'idOf') await rename(language);
          const text = await page.locator('.sample code').textContent();
          expect(text, 'no token is written into it').not.toContain('eyJ');
          expect(await start(text!), `${operation} in ${language}:\n${text}`).toContain(
            expected === 'idOf' ? `Made by ${language}` : expected,
          );
        }
      }
    } finally {
      await rm(folder, { recursive: true });
      await sdk.remove();
    }
  });

  async function rename(language: string): Promise<void> {
    const body = page.locator('#request-body');
    await body.fill(JSON.stringify({ ...JSON.parse(await body.inputValue()), name: `Made by ${language}` }));
    for (const key of await page.locator('[id="parameter-header-Idempotency-Key"]').all())
      await key.fill(`made-by-${language}`);
  }

  const sizes = [
    { width: 390, height: 844 },
    { width: 1280, height: 800 },
  ];
  const schemes = ['light', 'dark'] as const;
  test.each(sizes.flatMap((size) => schemes.map((scheme) => ({ ...size, scheme }))))(
    'fits $width pixels in the $scheme, and everybody can read and press it',
    async ({ scheme, ...size }) => {
      await page.emulateMedia({ colorScheme: scheme });
      await open('#/', size);
      expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(scheme);
      for (const [name, hash, picture] of [
        ['overview', '#/', false],
        ['operation', '#/operation/createSale', true],
        ['guide', '#/guide/offline', true],
        ['a wide table', '#/guide/errors', false],
        ['webhook', '#/operation/onProductCreated', false],
      ] as const) {
        await open(hash, size);
        // What is folded, and what is folded in it.
        for (let level = 0; level < 2 && name === 'operation'; ++level)
          await page.evaluate(() => {
            for (const fold of [...document.querySelectorAll<HTMLDetailsElement>('#content details:not([open])')].slice(
              0,
              3,
            ))
              fold.open = true;
          });
        await expectUsable(`${name}-${size.width}-${scheme}`, picture);
      }
      if (size.width < 760) {
        await page.getByRole('button', { name: 'Menu' }).click();
        await expectUsable(`menu-${size.width}-${scheme}`, false);
      }
      await page.locator('#query').fill('refund');
      await page.locator('#found a').first().waitFor();
      await expectUsable(`search-${size.width}-${scheme}`, false);
      await page.keyboard.press('Escape');
      await signOut();
      await page.locator('#account').click();
      await expectUsable(`signing-${size.width}-${scheme}`, false);
    },
  );

  test('the theme that is chosen stays, and a telephone shows one pane', async () => {
    await page.emulateMedia({ colorScheme: 'light' });
    await open('#/operation/getMe', { width: 390, height: 844 });
    await page.getByRole('button', { name: 'Dark' }).click();
    await page.reload();
    await page.locator('#content h1').waitFor();
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe('dark');
    await page.getByRole('button', { name: 'Light' }).click();
    await page.evaluate(() => localStorage.removeItem('reader.theme'));
    expect(await page.locator('#navigation').isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Menu' }).click();
    await page.locator('#navigation a').first().click();
    await page.getByRole('heading', { name: 'Begin' }).waitFor();
    expect(await page.locator('#navigation').isVisible(), 'the menu closes').toBe(false);
  });

  // As somebody starts it whose app is on a telephone, or whose .env is of another service.
  test('the pages call the address that they were opened by, whatever PUBLIC_URL is', async () => {
    const away = 'http://api.shop.example:8080';
    const other = await startService({ database, env: { APP_ENV: 'development', PUBLIC_URL: away } });
    const own = await browser.newPage();
    const called: string[] = [];
    own.on('request', (request) => called.push(request.url()));
    try {
      const local = other.url.replace('127.0.0.1', 'localhost');
      for (const origin of [other.url, local]) {
        const { servers } = await fetch(`${origin}/openapi.json`).then((reply) => reply.json() as any);
        expect(servers).toEqual([{ url: origin }, { url: away }]);
      }
      for (const [place, who] of [
        ['/docs/reader#/operation/getMe', 'reader'],
        ['/docs', 'Swagger UI'],
      ] as const) {
        const loaded = await own.goto(`${local}${place}`);
        expect(loaded!.headers()['content-security-policy'], who).toContain(`;connect-src 'self' ${away}`);
        const begun = own.waitForResponse((reply) => reply.url().endsWith('/v1/auth/login'));
        await signInAsOwner(own);
        expect((await begun).status(), who).toBe(200);
      }
      await own.goto(`${local}/docs/reader#/operation/getMe`);
      await own.reload();
      await own.getByRole('button', { name: 'Send', exact: true }).click();
      await expect.poll(() => own.locator('.reply').textContent()).toContain('owner@demo.example');
      expect(called.filter((url) => new URL(url).origin !== local)).toEqual([]);
    } finally {
      await own.close();
      await other.stop();
    }
  });

  test('the pages call PUBLIC_URL when they were opened by it, behind a tunnel that writes another Host', async () => {
    let behind = '';
    const tunnel = await startServer((request, reply) => {
      const { host } = new URL(behind);
      const options = { method: request.method, headers: { ...request.headers, host } };
      const passed = passOn(new URL(request.url!, behind), options, (answer) => {
        reply.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(reply);
      });
      passed.on('error', () => reply.destroy());
      request.pipe(passed);
    });
    const open = tunnel.url.replace('127.0.0.1', 'localhost');
    const other = await startService({ database, env: { APP_ENV: 'development', PUBLIC_URL: open } });
    behind = other.url;
    const own = await browser.newPage();
    const called: string[] = [];
    own.on('request', (request) => called.push(request.url()));
    try {
      const { servers } = await fetch(`${open}/openapi.json`).then((reply) => reply.json() as any);
      expect(servers).toEqual([{ url: other.url }, { url: open }]);
      for (const place of ['/docs/reader#/operation/getMe', '/docs#/auth/getMe']) {
        await own.goto(`${open}${place}`);
        const begun = own.waitForResponse((reply) => reply.url().endsWith('/v1/auth/login'));
        await signInAsOwner(own);
        expect((await begun).status(), place).toBe(200);
        await own.reload();
        const got = own.waitForResponse((reply) => reply.url().endsWith('/v1/auth/me'));
        await own.getByRole('button', { name: /^(Send|Execute)$/ }).click();
        expect((await got).status(), place).toBe(200);
      }
      expect(called.filter((url) => new URL(url).origin !== open)).toEqual([]);
    } finally {
      await own.close();
      await other.stop();
      await tunnel.stop();
    }
  });

  test('passwords of the demo are shown in development alone', async () => {
    const own = await service.api('GET', '/docs/reader.json');
    expect(own.body.people.map(({ role }: { role: string }) => role)).toContain('owner');
    const other = await startService({ database });
    try {
      const told = await other.api('GET', '/docs/reader.json');
      expect([told.status, told.body.guides, told.body.people]).toEqual([200, true, undefined]);
      expect(told.text).not.toContain('demo-shop');
    } finally {
      await other.stop();
    }
  });
});

// On either page: until it has kept the token.
async function signInAsOwner(own: Page): Promise<void> {
  const isReader = new URL(own.url()).pathname === '/docs/reader';
  if (isReader) {
    await own.locator('#content h1').waitFor();
    await own.locator('#account').click();
  }
  await own.getByRole('button', { name: /^As owner/ }).click();
  if (isReader) await own.getByRole('button', { name: 'Sign out owner' }).waitFor();
  else await expect.poll(() => own.locator('#state').textContent()).toBe('Signed in as owner.');
}

// A server that answers otherwise than the service.
async function startServer(
  answer: (request: IncomingMessage, reply: ServerResponse) => unknown,
): Promise<{ url: string; stop: () => Promise<void> }> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

// ---- What is seen -----------------------------------------------------------------------------------------------

async function expectUsable(name: string, picture: boolean): Promise<void> {
  await stillness(page);
  const seen = await page.evaluate(measure);
  expect(seen.scroll, `${name}: pixels to the side`).toBeLessThanOrEqual(0);
  expect(seen.wide, `${name}: wider than the window`).toEqual([]);
  expect(seen.small, `${name}: targets below 44 pixels`).toEqual([]);
  if (picture && environment.pictures) {
    const directory = path.join(repository, 'docs/pictures');
    await mkdir(directory, { recursive: true });
    await page.screenshot({ path: path.join(directory, `reader-${name}.png`) });
  }
  expect(await accessibilityFindings(page), name).toEqual([]);
}

// In the page. Links within a text may be as small as its lines (WCAG 2.5.5, "inline").
function measure(): { scroll: number; wide: string[]; small: string[] } {
  const { scrollWidth, clientWidth } = document.documentElement;
  const told = (one: Element) => `${one.tagName}.${one.className}: ${one.textContent!.trim().slice(0, 60)}`;
  const shown = (one: HTMLElement) => one.checkVisibility() && one.getClientRects().length > 0;
  const inside = [...document.querySelectorAll<HTMLElement>('body *')].filter(shown);
  const moves = (one: Element) => one.closest('pre, .table') !== null;
  const wide = inside.filter(
    (one) => !moves(one) && !one.closest('.skip') && one.getBoundingClientRect().right > clientWidth + 1,
  );
  const pressed = inside.filter(
    (one) => one.matches('button, input, select, textarea, summary, a[href]') && !one.closest('.skip'),
  );
  const inline = (one: Element) => one.tagName === 'A' && one.closest('p, td, .guide li, article') !== null;
  const small = pressed.filter((one) => {
    const { width, height } = one.getBoundingClientRect();
    return !inline(one) && (width < 43.9 || height < 43.9);
  });
  return { scroll: scrollWidth - clientWidth, wide: wide.map(told), small: small.map(told) };
}

// ---- Its parts --------------------------------------------------------------------------------------------------

describe('search', () => {
  const index = indexOf([
    { title: 'Record a sale, once', names: ['createSale', '/v1/sales'], text: 'the same bytes again', href: 'a' },
    { title: 'List sales', names: ['listSales'], text: 'newest first', href: 'b' },
    { title: 'Café prices', text: 'sale of coffee', href: 'c' },
  ]);
  const hrefs = (query: string) => find(index, query).map(({ href }: any) => href);
  test.each([
    ['sale', ['a', 'b', 'c']],
    ['createSale', ['a']],
    ['cafe', ['c']],
    ['RECORD onc', ['a']],
    ['sale nothing', []],
    ['  ', []],
    ['/v1/sales', ['a']],
    ['(*.', []],
    ['createsale', ['a']],
    ['createsa', ['a']],
    ['recordasale', []],
    ['listsales', ['b']],
    ['coffee-shop', []],
  ])('%s', (query, expected) => expect(hrefs(query)).toEqual(expected));
});

describe('what is new with each request', () => {
  test.each([
    [0, '2026-01-16T06:14:03+00:00'],
    [180, '2026-01-16T09:14:03+03:00'],
    [-210, '2026-01-16T02:44:03-03:30'],
    [1200, '2026-01-17T02:14:03+20:00'],
  ])('a time %i minutes east', (east, expected) =>
    expect(momentOf(new Date('2026-01-16T06:14:03.999Z'), east)).toBe(expected),
  );

  test('members are found and written in a text that is no JSON yet', () => {
    const text = '{"clientRequestId" : "a\\"b", "lines": [{"name": "a"';
    expect(memberOf(text, 'key')).toBe('a"b');
    expect(withMember(text, 'key', '$& "c"')).toBe('{"clientRequestId" : "$& \\"c\\"", "lines": [{"name": "a"');
    expect(memberOf('{"other": 1}', 'key')).toBeUndefined();
    expect(memberOf(undefined, 'moment')).toBeUndefined();
  });
});

describe('JSON of a reply', () => {
  test.each([
    ['{"n":9007199254740993,"m":1.0,"e":1E400}', '{\n  "n": 9007199254740993,\n  "m": 1.0,\n  "e": 1E400\n}'],
    ['[]', '[]'],
    [' {"a" : {} , "b":[ 1,"{,\\" :}"] }', '{\n  "a": {},\n  "b": [\n    1,\n    "{,\\" :}"\n  ]\n}'],
    ['"text"', '"text"'],
    ['null', 'null'],
  ])('%s', (text, expected) => expect(indented(text)).toBe(expected));
  test('that is deep stays small', () =>
    expect(indented('['.repeat(5000) + ']'.repeat(5000)).length).toBeLessThan(3e6));
  test('that is none is refused', () => expect(() => indented('{"a":')).toThrow());
});

const documented = {
  200: { content: { 'application/json': {} } },
  201: { content: { '*/*': {} } },
  204: {},
  206: { content: { 'image/*': {} } },
};

describe('what an answer says of its request', () => {
  const body = (retriable?: unknown) => ({ retriable });
  test.each([
    [{ status: 200, type: 'application/json', body: {} }, 'done'],
    [{ status: 200, type: 'Application/JSON; charset=utf-8', body: {} }, 'done'],
    [{ status: 200, type: 'application/json', body: {}, id: null }, 'open'],
    [{ status: 200, type: 'application/json', body: null }, 'open'],
    [{ status: 200, type: 'application/json', cut: 'it took too long' }, 'open'],
    [{ status: 200, type: 'text/html' }, 'open'],
    [{ status: 201, type: '' }, 'done'],
    [{ status: 202, type: 'application/json', body: {} }, 'open'],
    [{ status: 204, type: '' }, 'done'],
    [{ status: 206, type: 'image/png' }, 'done'],
    [{ status: 206, type: 'imagery/png' }, 'open'],
    [{ status: 302, type: '' }, 'open'],
    [{ status: 401, type: 'application/problem+json', body: body(true) }, 'later'],
    [{ status: 429, type: 'application/problem+json', body: body(true) }, 'later'],
    [{ status: 409, type: 'application/problem+json', body: body(true) }, 'open'],
    [{ status: 503, type: 'application/problem+json', body: body(true) }, 'open'],
    [{ status: 409, type: 'application/problem+json', body: body(false) }, 'refused'],
    [{ status: 500, type: 'application/problem+json', body: body(false) }, 'refused'],
    [{ status: 409, type: 'application/problem+json', body: body(false), cut: 'x' }, 'open'],
    [{ status: 422, type: 'application/problem+json', body: body() }, 'open'],
    [{ status: 422, type: 'application/problem+json', body: body('false') }, 'open'],
    [{ status: 404, type: 'application/json', body: null }, 'open'],
    [{ status: 404, type: 'text/html' }, 'open'],
    [undefined, 'open'],
  ])('%o: %s', (answer, expected) => expect(outcomeOf(answer && { id: 'r', ...answer }, documented)).toBe(expected));
});

describe('what settles a key', () => {
  const answers = {
    none: undefined,
    done: { status: 200, type: 'application/json', id: 'r', body: {} },
    refused: { status: 403, type: 'application/problem+json', id: 'r', body: { retriable: false } },
    later: { status: 429, type: 'application/problem+json', id: 'r', body: { retriable: true } },
    portal: { status: 200, type: 'text/html' },
  };
  type Name = keyof typeof answers;
  test.each<[Name[], boolean[]]>([
    [['done'], [true]],
    [['refused'], [true]],
    [
      ['later', 'refused'],
      [false, true],
    ],
    [
      ['none', 'refused', 'later', 'refused'],
      [false, false, false, false],
    ],
    [
      ['portal', 'refused', 'done', 'refused'],
      [false, false, true, true],
    ],
  ])('%s, one after the other', (names, expected) => {
    const leaves = attempts();
    expect(names.map((name) => leaves('k')(answers[name], documented))).toEqual(expected);
    expect(leaves('another')(answers.refused, documented), 'a key of its own').toBe(true);
  });
  test('a refusal does not settle what is under way', () => {
    const leaves = attempts();
    const first = leaves('k');
    expect(leaves('k')(answers.refused, documented)).toBe(false);
    expect(first(answers.refused, documented)).toBe(true);
    const [one, two] = [leaves('k'), leaves('k')];
    expect(one(answers.done, documented)).toBe(true);
    expect(two(answers.none, documented)).toBe(false);
  });
  test('without a key, each answer is about itself', () => {
    const leaves = attempts();
    expect(leaves()(answers.none, documented)).toBe(false);
    expect(leaves()(answers.refused, documented)).toBe(true);
  });
});

describe('the operation that a request goes to', () => {
  const one = (name: string) => ({ post: { responses: { [name]: {} } } });
  const openapi = {
    paths: {
      '/v1/things': one('things'),
      '/v1/things/{id}': one('thing'),
      '/v1/things/search': one('search'),
      '/v1/things/{id}/undo': one('undo'),
      '/': one('root'),
    },
  };
  test.each([
    ['/v1/things', [''], 'things'],
    ['/v1/things/1%2F2', [''], 'thing'],
    ['/v1/things/search', [''], 'search'],
    ['/v1/things/7/undo', [''], 'undo'],
    ['/', [''], 'root'],
    ['/shop/v1/things', ['', '/shop'], 'things'],
    ['/shop/v1/things', [''], undefined],
    ['/v1/things/', ['/v1'], undefined],
    ['/v1/things/7/undo/more', [''], undefined],
  ])('%s under %o', (pathname, bases, expected) =>
    expect(Object.keys(responsesOf(openapi, 'POST', pathname, bases))[0]).toBe(expected),
  );
  test.each([
    [[{ url: '/' }], 'http://localhost:3000'],
    [[{ url: 'https://api.duka.example' }], 'https://api.duka.example'],
    [[{ url: 'https://api.duka.example/v' }, { url: 'http://localhost:3000/' }], 'http://localhost:3000'],
    [undefined, 'http://localhost:3000'],
  ])('of the servers %j a page at localhost asks %s', (servers, expected) =>
    expect(serverOf({ servers }, new URL('http://localhost:3000/docs'))).toBe(expected),
  );
  test('of another method', () => expect(responsesOf(openapi, 'GET', '/v1/things')).toEqual({}));
});

describe('samples', () => {
  const request = {
    method: 'POST',
    url: "http://127.0.0.1:3000/v1/x?name=O'Brien",
    path: '/v1/x',
    pathValues: {},
    query: {},
    headers: [['Content-Type', 'application/json']],
    file: false,
    authorized: true,
  };
  const of = (body: string, sdk?: string) =>
    Object.fromEntries(
      samples({ ...request, body }, { server: 'http://127.0.0.1:3000', sdk }).map(({ name, text }: any) => [
        name,
        text,
      ]),
    );

  test('quotes and lines of a text stay what they are', async () => {
    const body = JSON.stringify({ text: 'it\'s "quoted" \\ $HOME `x`\nnext' });
    const all = of(body);
    expect((await run('bash', ['-c', all.curl.replace(/^curl/, "printf '%s\\n'")], process.env)).output).toContain(
      body,
    );
    const sent = await run(
      'node',
      [
        '--input-type=module',
        '-e',
        `globalThis.fetch = async (url, { body }) => ({ ok: true, text: async () => url + body });\n${all.JavaScript}`,
      ],
      { ...process.env, TOKEN: 't' },
    );
    expect(sent.output.trim()).toBe(request.url + body);
    const parsed = await run(
      'python3',
      [
        '-c',
        `import os\nos.environ["TOKEN"] = "t"\n${all.Python.split('try:')[0]}\nprint(request.full_url + request.data.decode())`,
      ],
      process.env,
    );
    expect(parsed.output.trim()).toBe(request.url + body);
  });

  test('a number that JavaScript would round is sent as it was typed', () => {
    expect(of('{"amount": 9007199254740993}').JavaScript).toContain(`'{"amount": 9007199254740993}'`);
    expect(of('{"amount": 15000}').JavaScript).toContain('JSON.stringify({ amount: 15000 })');
  });

  test('the package is named where the service has one', () => {
    expect(of('{}').TypeScript).toBeUndefined();
    expect(of('{}', 'some-client').TypeScript).toContain("from 'some-client'");
    expect(literal({ 'x-y': [1, null, true], a: {} })).toBe("{ 'x-y': [1, null, true], a: {} }");
  });
});
