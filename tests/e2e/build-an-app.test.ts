// docs/build-an-app.md as an app team would take it: its ```js blocks are one module, which signs in, sells without a network,
// loses replies and sends its queue, against the real service.
import { webcrypto } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { closeBrowser, noBrowser, openBrowser } from './support/browser.js';
import { repository } from './support/environment.js';
import { seeded } from './support/runs.js';
import { type Service, startService } from './support/service.js';
import { ean13, ok, openShop, password, saleFor, type Shop } from './support/shop.js';

const origin = 'http://localhost:5173'; // of a Vite app
const real = { fetch: globalThis.fetch };
const navigatorBefore = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
// localStorage: its items are members of it, and it holds `most` characters.
let most = Infinity;
const used = () => Object.entries(kept).reduce((sum, [name, value]) => sum + name.length + value.length, 0);
const kept: Record<string, string> = Object.create({
  getItem: (name: string) => (Object.hasOwn(kept, name) ? kept[name]! : null),
  setItem(name: string, value: string) {
    const more = Object.hasOwn(kept, name) ? value.length - kept[name]!.length : name.length + value.length;
    if (more > 0 && used() + more > most) throw new DOMException('exceeded the quota', 'QuotaExceededError');
    kept[name] = value;
  },
  removeItem: (name: string) => void delete kept[name],
});

type Locks = { request(name: string, use: () => Promise<unknown>): Promise<unknown> };
// As a browser has them for all its tabs: who asks first has it first.
const inTurn = (): Locks => {
  const ends = new Map<string, Promise<unknown>>();
  return {
    request(name, use) {
      const done = (ends.get(name) ?? Promise.resolve()).then(use);
      ends.set(
        name,
        done.catch(() => undefined),
      );
      return done;
    },
  };
};
// Everybody has it at once.
const none: Locks = { request: (_, use) => Promise.resolve().then(use) };

let service: Service;
let shop: Shop;
let directory: string;
let source: string; // the page's module
let site: Server;
const siteUrl = () => `http://localhost:${(site.address() as AddressInfo).port}`;
let app: any;
let secondTab: any;
let locks: Locks = inTurn();

beforeAll(async () => {
  // A page that has the module.
  site = createServer((request, reply) => {
    const isModule = request.url === '/app.mjs';
    reply.setHeader('Content-Type', isModule ? 'text/javascript' : 'text/html');
    reply.end(isModule ? source : '<script type="module">globalThis.app = await import("/app.mjs");</script>');
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  service = await startService({ env: { CORS_ORIGINS: `${origin},${siteUrl()}` } });
  shop = await openShop(service, { variants: 1, devices: 1 });
  const page = await readFile(path.join(repository, 'docs/build-an-app.md'), 'utf8');
  const blocks = [...page.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
  expect(blocks.length).toBeGreaterThan(4);
  const module = blocks.join('\n');
  expect(module).toContain("'http://localhost:3000'");
  // Within the checkout, as vitest loads no module from elsewhere.
  await mkdir(path.join(repository, '.cache'), { recursive: true });
  directory = await mkdtemp(path.join(repository, '.cache/build-an-app-'));
  source = module.replace('http://localhost:3000', service.url);
  const load = async (name: string) => {
    const file = path.join(directory, name);
    await writeFile(file, source);
    return import(/* @vite-ignore */ pathToFileURL(file).href);
  };
  // What a browser has.
  if (!('crypto' in globalThis)) Object.defineProperty(globalThis, 'crypto', { value: webcrypto });
  Object.defineProperty(globalThis, 'localStorage', { configurable: true, value: kept });
  Object.defineProperty(globalThis, 'navigator', { configurable: true, get: () => ({ locks }) });
  app = await load('app.mjs');
  secondTab = await load('second-tab.mjs');
  expect((await app.logIn(shop.email, password, shop.devices[0]!.id)).status).toBe(200);
  expect(await app.setUpTill(shop.devices[0]!.id)).toBe(true);
});

afterEach(() => {
  globalThis.fetch = real.fetch;
  locks = inTurn();
  most = Infinity;
});

afterAll(async () => {
  Reflect.deleteProperty(globalThis, 'localStorage');
  if (navigatorBefore) Object.defineProperty(globalThis, 'navigator', navigatorBefore);
  else Reflect.deleteProperty(globalThis, 'navigator');
  if (directory) await rm(directory, { recursive: true });
  await service?.stop();
  site?.close();
});

const withoutNetwork = () => {
  globalThis.fetch = () => Promise.reject(new TypeError('fetch failed'));
};

// The next request of this path arrives; its reply does not.
const losingTheReplyOf = (lost: string) => {
  globalThis.fetch = async (target, options) => {
    const reply = await real.fetch(target, options);
    if (!String(target).endsWith(lost)) return reply;
    globalThis.fetch = real.fetch;
    await reply.arrayBuffer();
    throw new TypeError('terminated');
  };
};

const sellOne = async (amount?: number) => {
  const found = await app.request('GET', `/v1/variants/lookup?barcode=${shop.variants[0]!.barcode}`);
  expect(found.status).toBe(200);
  const lines = [app.lineOf(found.body, '1.5', 1)];
  return () => app.sell(lines, [{ method: 'cash', amount: amount ?? app.totalOf(lines) }]);
};

const queued = () => app.store.names('queue:');
const parked = (): any[] => app.store.names('parked:').map((name: string) => app.store.get(name));

const salesOf = async (clientRequestId: string) =>
  (await service.database.query('select receipt_number from sales where client_request_id = $1', [clientRequestId]))
    .length;

describe('docs/build-an-app.md', () => {
  test('sells without a network, and sends the sale later, under the number that was printed', async () => {
    const sell = await sellOne();
    withoutNetwork();
    const sale = sell();
    expect(await app.flush()).toBeGreaterThan(0);
    expect(queued()).toHaveLength(1);
    globalThis.fetch = real.fetch;
    expect(await app.flush()).toBeNull();
    expect(queued()).toEqual([]);
    expect(parked()).toEqual([]);
    const stored = await ok(shop.api('GET', `/v1/sales/by-client-request/${sale.clientRequestId}`), 200);
    expect(stored.receiptNumber).toBe(sale.receiptNumber);
    expect(stored.total).toBe(sale.total);
    expect(stored.flags).toEqual([]);
  });

  test('sells an article without a tax class', async () => {
    const barcode = ean13(600_988_000_001);
    const product = {
      name: 'Newspaper',
      trackStock: false,
      variants: [{ name: 'Daily', sku: 'NEWS-1', price: 6_000, barcodes: [{ barcode }] }],
    };
    await shop.create('/v1/products', product);
    const found = await app.request('GET', `/v1/variants/lookup?barcode=${barcode}`);
    expect(found.body).toMatchObject({ taxCode: null, taxRatePpm: null });
    const lines = [app.lineOf(found.body, '1', 1)];
    const sale = app.sell(lines, [{ method: 'cash', amount: app.totalOf(lines) }]);
    expect(await app.flush()).toBeNull();
    expect(parked()).toEqual([]);
    const stored = await ok(shop.api('GET', `/v1/sales/by-client-request/${sale.clientRequestId}`), 200);
    expect([stored.total, stored.taxTotal, stored.flags]).toEqual([6_000, 0, []]);
  });

  test('repeats a sale whose reply was lost: it is there once', async () => {
    const sale = (await sellOne())();
    losingTheReplyOf('/v1/sales');
    expect(await app.flush()).toBeGreaterThan(0);
    expect(await salesOf(sale.clientRequestId)).toBe(1);
    expect(await app.flush()).toBeNull();
    expect(await salesOf(sale.clientRequestId)).toBe(1);
    expect(queued()).toEqual([]);
  });

  test('parks what is refused for good, and goes on', async () => {
    const refused = (await sellOne(999_999_999))();
    const good = (await sellOne())();
    expect(await app.flush()).toBeNull();
    expect(parked()).toMatchObject([
      { key: refused.clientRequestId, problem: { code: 'sale.payments_mismatch', retriable: false } },
    ]);
    expect(await salesOf(refused.clientRequestId)).toBe(0);
    expect(await salesOf(good.clientRequestId)).toBe(1);
    app.store.remove(`parked:${refused.clientRequestId}`);
  });

  test('on a full device nothing is sold, and what is refused stays in the queue while the others are sent', async () => {
    const refused = [(await sellOne(999_999_999))(), (await sellOne(999_999_998))()].map(
      (sale) => sale.clientRequestId,
    );
    const good = (await sellOne())();
    const session = app.store.get('session');
    app.store.set('session', { ...session, accessToken: 'x'.repeat(session.accessToken.length) });
    most = used();
    expect(() => app.sell([], [])).toThrow('exceeded the quota');
    expect(await app.flush()).toBeGreaterThan(0);
    expect(await salesOf(good.clientRequestId)).toBe(1);
    expect(queued().map((name: string) => app.store.get(name).key)).toEqual(refused);
    expect(parked()).toEqual([]);
    most = Infinity;
    expect(await app.flush()).toBeNull();
    expect(queued()).toEqual([]);
    expect(
      parked()
        .map(({ key }) => key)
        .sort(),
    ).toEqual(refused.sort());
    for (const key of refused) app.store.remove(`parked:${key}`);
  });

  // What comes when somebody mends a sale whose first attempt had arrived: it is not there twice.
  test('a sale that was sent, and is sent again as another one, is refused', async () => {
    const sale = (await sellOne())();
    expect(await app.flush()).toBeNull();
    app.enqueue('/v1/sales', { ...sale, occurredAt: new Date(0).toISOString() }, sale.clientRequestId);
    expect(await app.flush()).toBeNull();
    expect(parked()).toMatchObject([{ key: sale.clientRequestId, problem: { code: 'idempotency.key_reused' } }]);
    expect(await salesOf(sale.clientRequestId)).toBe(1);
    app.store.remove(`parked:${sale.clientRequestId}`);
  });

  // Also where a flush runs beside another one, as in a browser that has lost a lock.
  test.each([
    ['one sends at a time', inTurn()],
    ['both send', none],
  ])('two tabs that sell and flush over a bad network lose nothing: %s', async (_, given) => {
    locks = given;
    const tabs = [app, secondTab];
    const found = await app.request('GET', `/v1/variants/lookup?barcode=${shop.variants[0]!.barcode}`);
    const lines = [app.lineOf(found.body, '1', 1)];
    const random = seeded(34);
    const pause = () => new Promise((resolve) => setTimeout(resolve, random(30)));
    let [under, most, lost] = [0, 0, 0];
    globalThis.fetch = async (target, options) => {
      most = Math.max(most, ++under);
      try {
        await pause();
        if (random(100) < 20) throw new TypeError('fetch failed');
        const reply = await real.fetch(target, options);
        await pause();
        if (random(100) >= 20) return reply;
        ++lost;
        await reply.arrayBuffer();
        throw new TypeError('terminated');
      } finally {
        --under;
      }
    };
    const sold: string[] = [];
    const refused: string[] = [];
    const flushes: Promise<number | null>[] = [];
    for (let count = 0; count < 40; ++count) {
      const tab = tabs[count % 2];
      const amount = count % 10 === 3 ? 999_999_999 : tab.totalOf(lines);
      const sale = tab.sell(lines, [{ method: 'cash', amount }]);
      (count % 10 === 3 ? refused : sold).push(sale.clientRequestId);
      flushes.push(tab.flush());
      if (count % 7 === 0) flushes.push(...tabs.map((one) => one.flush()));
      await pause();
    }
    await Promise.all(flushes);
    const flushAll = () => Promise.all(tabs.map((one) => one.flush()));
    for (let tries = 0; tries < 8; ++tries) await flushAll();
    globalThis.fetch = real.fetch;
    for (let tries = 0; tries < 20 && (await flushAll()).some(Boolean); ++tries);
    expect(most, 'requests at once').toBe(given === none ? 2 : 1);
    expect(lost, 'replies that were lost').toBeGreaterThan(1);
    expect(queued()).toEqual([]);
    const stored = await service.database.query(
      'select client_request_id from sales where client_request_id = any($1)',
      [[...sold, ...refused]],
    );
    expect(stored.map((row) => row.client_request_id).sort()).toEqual([...sold].sort());
    const aside = parked();
    expect(aside.map(({ key }) => key).sort()).toEqual([...refused].sort());
    for (const { key } of aside) app.store.remove(`parked:${key}`);
  });

  test('what is sold in the moment in which a flush ends is sent by the next one', async () => {
    (await sellOne())();
    const sell = await sellOne();
    const names = app.store.names;
    let sale: any;
    let next: Promise<number | null> | undefined;
    const looks = vi.spyOn(app.store, 'names').mockImplementation((prefix) => {
      const found = names(prefix);
      if (found.length === 0)
        next ??= Promise.resolve().then(() => {
          sale = sell();
          return app.flush();
        });
      return found;
    });
    expect(await app.flush()).toBeNull();
    expect(await next).toBeNull();
    looks.mockRestore();
    expect(await salesOf(sale.clientRequestId)).toBe(1);
    expect(queued()).toEqual([]);
  });

  test('one tab is the till, until it is closed', async () => {
    let close!: () => void;
    const closed = new Promise<void>((resolve) => (close = resolve));
    const own = inTurn();
    locks = { request: (name, use) => own.request(name, () => Promise.race([use(), closed])) };
    const became: string[] = [];
    await app.toBeTheTill().then(() => became.push('first'));
    const second = secondTab.toBeTheTill().then(() => became.push('second'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(became).toEqual(['first']);
    close();
    await second;
  });

  test('refreshes by itself, also when the reply of a refresh was lost', async () => {
    const sale = (await sellOne())();
    const before = app.store.get('session');
    app.store.set('session', { ...before, accessToken: `${before.accessToken}x` });
    losingTheReplyOf('/v1/auth/refresh');
    expect(await app.flush(), 'no answer to the refresh').toBeGreaterThan(0);
    expect(app.store.get('session').refreshToken).toBe(before.refreshToken);
    expect(await app.flush()).toBeNull();
    expect(app.store.get('session').refreshToken).not.toBe(before.refreshToken);
    expect(await salesOf(sale.clientRequestId)).toBe(1);
  });

  test('a refresh that is answered late puts back nobody who was there before', async () => {
    const sale = (await sellOne())();
    const before = app.store.get('session');
    const whileRefreshing = async (meanwhile: () => unknown) => {
      app.store.set('session', { ...app.store.get('session'), accessToken: 'x' });
      let asked!: () => void;
      let answer!: () => void;
      const isAsked = new Promise<void>((resolve) => (asked = resolve));
      const isAnswered = new Promise<void>((resolve) => (answer = resolve));
      globalThis.fetch = async (target, options) => {
        const reply = await real.fetch(target, options);
        if (!String(target).endsWith('/v1/auth/refresh')) return reply;
        asked();
        await isAnswered;
        return reply;
      };
      const flushed = app.flush();
      await isAsked;
      await meanwhile();
      answer();
      expect(await flushed).toBeNull();
    };
    // Somebody else: the answer is the first one's, and the sale waits.
    const other = { ...before, userId: 'another', refreshToken: 'x' };
    await whileRefreshing(() => app.store.set('session', other));
    expect(app.store.get('session')).toEqual(other);
    expect(queued()).toHaveLength(1);
    // The same person, in another tab.
    app.store.set('session', before);
    let after: unknown;
    await whileRefreshing(async () => {
      expect((await secondTab.logIn(shop.email, password, shop.devices[0]!.id)).status).toBe(200);
      after = app.store.get('session');
    });
    expect(app.store.get('session')).toEqual(after);
    expect(await salesOf(sale.clientRequestId)).toBe(1);
  });

  test.each([
    ['204', 204, null, {}],
    ['{}', 200, '{}', {}],
    ['{} of a mesh', 200, '{}', { 'X-Request-Id': 'of the mesh' }],
    ['a page', 200, '<p>Sign in to the Wi-Fi', {}],
  ])(
    'an answer that is not of the service takes no sale away, and no session: %s',
    async (_, status, body, headers) => {
      const sale = (await sellOne())();
      const session = app.store.get('session');
      globalThis.fetch = async () => new Response(body, { status, headers: headers as Record<string, string> });
      expect(await app.flush()).toBeGreaterThan(0);
      expect(queued()).toHaveLength(1);
      app.store.set('session', { ...session, accessToken: 'x' });
      globalThis.fetch = async (target, options) =>
        String(target).endsWith('/v1/auth/refresh')
          ? new Response(body, { status, headers: headers as Record<string, string> })
          : real.fetch(target, options);
      expect(await app.flush()).toBeGreaterThan(0);
      expect(app.store.get('session').refreshToken).toBe(session.refreshToken);
      globalThis.fetch = real.fetch;
      expect(await app.flush()).toBeNull();
      expect(await salesOf(sale.clientRequestId)).toBe(1);
    },
  );

  test('stops when the session is over, and keeps the queue', async () => {
    const sale = (await sellOne())();
    const before = app.store.get('session');
    app.store.set('session', { ...before, accessToken: 'x', refreshToken: 'x' });
    expect(await app.flush()).toBeNull();
    expect(queued()).toHaveLength(1);
    expect((await app.logIn(shop.email, password, shop.devices[0]!.id)).status).toBe(200);
    expect(await app.flush()).toBeNull();
    expect(await salesOf(sale.clientRequestId)).toBe(1);
  });

  test.skipIf(noBrowser)('in two tabs of a browser nothing is lost, and one of them is the till', async () => {
    const browser = await openBrowser();
    try {
      const random = seeded(35);
      await browser.route(`${service.url}/v1/sales`, async (route) => {
        if (random(100) < 20) return route.abort();
        const response = await route.fetch();
        return random(100) < 20 ? route.abort() : route.fulfill({ response });
      });
      const [till, other] = await Promise.all(
        [1, 2].map(async () => {
          const tab = await browser.newPage();
          await tab.goto(siteUrl());
          // The page has loaded before its module has.
          await tab.waitForFunction(() => 'app' in globalThis);
          return tab;
        }),
      );
      const device = { email: shop.email, password, deviceId: shop.devices[0]!.id, seq: app.store.get('deviceSeq') };
      await till!.evaluate(async ({ email, password, deviceId, seq }) => {
        const { app } = globalThis as any;
        await app.toBeTheTill();
        await app.logIn(email, password, deviceId);
        await app.setUpTill(deviceId);
        app.store.set('deviceSeq', seq);
      }, device);
      await other!.evaluate(() => {
        const all = globalThis as any;
        all.isTill = false;
        all.app.toBeTheTill().then(() => (all.isTill = true));
      });
      const flushing = other!.evaluate(async () => {
        for (let count = 0; count < 60; ++count) {
          await (globalThis as any).app.flush();
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      });
      const sold = await till!.evaluate(async (barcode) => {
        const { app } = globalThis as any;
        const { body } = await app.request('GET', `/v1/variants/lookup?barcode=${barcode}`);
        const lines = [app.lineOf(body, '1', 1)];
        const keys: string[] = [];
        const flushes: unknown[] = [];
        for (let count = 0; count < 20; ++count) {
          keys.push(app.sell(lines, [{ method: 'cash', amount: app.totalOf(lines) }]).clientRequestId);
          flushes.push(app.flush());
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        await Promise.all(flushes);
        return keys;
      }, shop.variants[0]!.barcode);
      await flushing;
      expect(await other!.evaluate(() => (globalThis as any).isTill)).toBe(false);
      await till!.close();
      await expect.poll(() => other!.evaluate(() => (globalThis as any).isTill)).toBe(true);
      const left = async () =>
        other!.evaluate(async () => {
          const { app } = globalThis as any;
          await app.flush();
          return app.store.names('queue:').length + app.store.names('parked:').length;
        });
      await expect.poll(left).toBe(0);
      const stored = await service.database.query(
        'select client_request_id from sales where client_request_id = any($1)',
        [sold],
      );
      expect(stored.map((row) => row.client_request_id).sort()).toEqual([...sold].sort());
    } finally {
      await closeBrowser(browser);
    }
  });

  test('reads a list to its end', async () => {
    const products = await app.all('/v1/products');
    expect(products).toHaveLength(shop.variants.length + 1);
  });

  test('a slash too many costs a round trip, and no sale', async () => {
    const sale = saleFor(shop);
    const reply = await real.fetch(`${service.url}/v1/sales/?from=till`, {
      method: 'POST',
      headers: { authorization: `Bearer ${shop.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(sale),
    });
    expect([reply.status, reply.redirected, reply.url]).toEqual([201, true, `${service.url}/v1/sales?from=till`]);
    expect(await salesOf(sale.clientRequestId)).toBe(1);
  });

  test('is reached from a page of Vite, whose scripts may read what the page says', async () => {
    const asked = await real.fetch(`${service.url}/v1/sales`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,idempotency-key',
      },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers.get('access-control-allow-origin')).toBe(origin);
    const page = await readFile(path.join(repository, 'docs/build-an-app.md'), 'utf8');
    const reply = await real.fetch(`${service.url}/v1/locations`, { headers: { origin } });
    for (const name of (reply.headers.get('access-control-expose-headers') ?? 'none').split(','))
      expect(page).toContain(`\`${name}\``);
  });
});
