// docs/build-an-app.md as an app team would take it: its ```js blocks are one module, which signs in, sells without a network,
// loses replies and sends its queue, against the real service.
import { webcrypto } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { repository } from './support/environment.js';
import { type Service, startService } from './support/service.js';
import { ean13, ok, openShop, password, saleFor, type Shop } from './support/shop.js';

const origin = 'http://localhost:5173'; // of a Vite app
const real = { fetch: globalThis.fetch };
const kept = new Map<string, string>();

let service: Service;
let shop: Shop;
let directory: string;
let app: any;

beforeAll(async () => {
  service = await startService({ env: { CORS_ORIGINS: origin } });
  shop = await openShop(service, { variants: 1, devices: 1 });
  const page = await readFile(path.join(repository, 'docs/build-an-app.md'), 'utf8');
  const blocks = [...page.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
  expect(blocks.length).toBeGreaterThan(4);
  const module = blocks.join('\n');
  expect(module).toContain("'http://localhost:3000'");
  // Within the checkout, as vitest loads no module from elsewhere.
  await mkdir(path.join(repository, '.cache'), { recursive: true });
  directory = await mkdtemp(path.join(repository, '.cache/build-an-app-'));
  const file = path.join(directory, 'app.mjs');
  await writeFile(file, module.replace('http://localhost:3000', service.url));
  // What a browser has.
  if (!('crypto' in globalThis)) Object.defineProperty(globalThis, 'crypto', { value: webcrypto });
  Object.defineProperty(globalThis, 'localStorage', {
    configurable: true,
    value: {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => kept.set(name, value),
    },
  });
  app = await import(/* @vite-ignore */ pathToFileURL(file).href);
  expect((await app.logIn(shop.email, password, shop.devices[0]!.id)).status).toBe(200);
  expect(await app.setUpTill(shop.devices[0]!.id)).toBe(true);
});

afterEach(() => {
  globalThis.fetch = real.fetch;
});

afterAll(async () => {
  Reflect.deleteProperty(globalThis, 'localStorage');
  if (directory) await rm(directory, { recursive: true });
  await service?.stop();
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

const salesOf = async (clientRequestId: string) =>
  (await service.database.query('select receipt_number from sales where client_request_id = $1', [clientRequestId]))
    .length;

describe('docs/build-an-app.md', () => {
  test('sells without a network, and sends the sale later, under the number that was printed', async () => {
    const sell = await sellOne();
    withoutNetwork();
    const sale = sell();
    expect(await app.flush()).toBeGreaterThan(0);
    expect(app.store.get('queue')).toHaveLength(1);
    globalThis.fetch = real.fetch;
    expect(await app.flush()).toBeNull();
    expect(app.store.get('queue')).toEqual([]);
    expect(app.store.get('parked', [])).toEqual([]);
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
    expect(app.store.get('parked', [])).toEqual([]);
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
    expect(app.store.get('queue')).toEqual([]);
  });

  test('parks what is refused for good, and goes on', async () => {
    const refused = (await sellOne(999_999_999))();
    const good = (await sellOne())();
    expect(await app.flush()).toBeNull();
    expect(app.store.get('parked')).toMatchObject([
      { key: refused.clientRequestId, problem: { code: 'sale.payments_mismatch', retriable: false } },
    ]);
    expect(await salesOf(refused.clientRequestId)).toBe(0);
    expect(await salesOf(good.clientRequestId)).toBe(1);
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

  test('stops when the session is over, and keeps the queue', async () => {
    const sale = (await sellOne())();
    const before = app.store.get('session');
    app.store.set('session', { ...before, accessToken: 'x', refreshToken: 'x' });
    expect(await app.flush()).toBeNull();
    expect(app.store.get('queue')).toHaveLength(1);
    expect((await app.logIn(shop.email, password, shop.devices[0]!.id)).status).toBe(200);
    expect(await app.flush()).toBeNull();
    expect(await salesOf(sale.clientRequestId)).toBe(1);
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
