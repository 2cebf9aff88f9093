// The reader at /docs/reader of a development server, in Chromium: found, read, tried, on a telephone too. Nothing comes from elsewhere.
// BACKEND_API_PICTURES=1 writes what is seen to docs/pictures/.
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import axe from 'axe-core';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { memberOf, momentOf, withMember } from '../../src/openapi/reader/fresh.js';
import { indented } from '../../src/openapi/reader/json_text.js';
import { literal, samples } from '../../src/openapi/reader/samples.js';
import { find, indexOf } from '../../src/openapi/reader/search.js';
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
      await expect.poll(() => page.locator('.reply').textContent()).toContain(owner.email);
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

  test('Swagger UI signs people of the demo in and out', async () => {
    await page.goto(`${service.url}/docs`);
    await page.locator('.opblock-tag').first().waitFor();
    await page.getByRole('button', { name: 'As owner' }).click();
    await expect.poll(() => page.locator('#state').textContent()).toContain('Signed in as owner');
    const token = await page.evaluate(() => JSON.parse(sessionStorage.getItem('docs.session')!).token as string);
    expect((await service.api('GET', '/v1/auth/me', { token })).status).toBe(200);
    await page.getByRole('button', { name: 'Authorize', exact: true }).click();
    const bearer = page.locator('.auth-container').filter({ has: page.getByRole('button', { name: 'Logout' }) });
    const [reply] = await Promise.all([
      page.waitForResponse((one) => one.url().endsWith('/v1/auth/logout')),
      bearer.getByRole('button', { name: 'Logout' }).click(),
    ]);
    expect(reply.status()).toBe(204);
    expect((await service.api('GET', '/v1/auth/me', { token })).status).toBe(401);
    expect(await page.evaluate(() => JSON.stringify([sessionStorage, localStorage]))).not.toContain(token);
  });

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
        for (let tries = 0; tries < 300 && !ready(); ++tries) await new Promise((resolve) => setTimeout(resolve, 10));
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
  });

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

// ---- What is seen -----------------------------------------------------------------------------------------------

async function expectUsable(name: string, picture: boolean): Promise<void> {
  const seen = await page.evaluate(measure);
  expect(seen.scroll, `${name}: pixels to the side`).toBeLessThanOrEqual(0);
  expect(seen.wide, `${name}: wider than the window`).toEqual([]);
  expect(seen.small, `${name}: targets below 44 pixels`).toEqual([]);
  if (picture && environment.pictures) {
    const directory = path.join(repository, 'docs/pictures');
    await mkdir(directory, { recursive: true });
    await page.screenshot({ path: path.join(directory, `reader-${name}.png`) });
  }
  await page.evaluate(axe.source);
  const { violations, checked } = await page.evaluate(async () => {
    const { violations, passes } = await (globalThis as any).axe.run('html', { preload: false });
    const serious = violations.filter(({ impact }: any) => impact === 'serious' || impact === 'critical');
    return {
      checked: passes.some(({ id }: any) => id === 'color-contrast'),
      violations: serious.flatMap(({ id, nodes }: any) =>
        nodes.slice(0, 5).map((node: any) => `${id}: ${node.target.join(' ')}: ${node.failureSummary}`),
      ),
    };
  });
  expect(violations, name).toEqual([]);
  expect(checked, `${name}: contrast was looked at`).toBe(true);
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
  test('that is none is refused', () => expect(() => indented('{"a":')).toThrow());
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
