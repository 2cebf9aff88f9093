// `db console`: tenants' tables in a browser, for who develops. What it shows of whom, what never, and whom it answers.
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessibilityFindings } from './support/accessibility.js';
import { closeBrowser, noBrowser, openBrowser } from './support/browser.js';
import { environment } from './support/environment.js';
import { Process, run } from './support/process.js';
import { exchange } from './support/raw.js';
import { type Service, serviceEnvironment, startService } from './support/service.js';
import { addProduct, openShop, type Shop } from './support/shop.js';

const events = 10_000;
const hostile = `<script>alert(1)</script><img src=x onerror=alert(2)>"'&`;

let service: Service;
let alice: Shop;
let bob: Shop;
let env: NodeJS.ProcessEnv;
let everybody: Viewer;

interface Viewer {
  process: Process;
  port: number;
  get(path: string, headers?: Record<string, string>): Promise<{ status: number; headers: Headers; html: string }>;
}

async function look(args: string[] = []): Promise<Viewer> {
  const process_ = new Process(environment.binary, ['db', 'console', '--port', '0', ...args], env);
  const line = await process_.line((one) => String(one.text).startsWith('http://127.0.0.1:'));
  const port = Number(/:(\d+)\//.exec(String(line.text))![1]);
  return {
    process: process_,
    port,
    async get(path, headers = {}) {
      const reply = await fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: 'manual' });
      return { status: reply.status, headers: reply.headers, html: await reply.text() };
    },
  };
}

// What the links of a page lead to.
const links = (html: string): string[] =>
  [...html.matchAll(/href="([^"]*)"/g)].map(([, to]) => to!.replaceAll('&amp;', '&'));
const nextOf = (html: string): string | undefined =>
  /href="([^"]*)">Next page/.exec(html)?.[1]?.replaceAll('&amp;', '&');
const rowCount = (html: string): number => (html.match(/<tr><td>/g) ?? []).length;

beforeAll(async () => {
  service = await startService();
  alice = await openShop(service, { variants: 1, devices: 1 });
  bob = await openShop(service, { variants: 1, devices: 1 });
  for (const [shop, name] of [
    [alice, hostile],
    [bob, "Bob's own sugar"],
  ] as const) {
    await shop.create('/v1/products', {
      name,
      taxClassId: shop.taxClasses[0]!.id,
      variants: [{ name: 'one', price: 100 }],
    });
  }
  await service.database.query(
    `insert into audit_events (tenant_id, id, at, action, address, detail)
     select $1, gen_random_uuid(), now(), 'test.' || number, '', '{}' from generate_series(1, $2::int) number`,
    [alice.tenantId, events],
  );
  env = serviceEnvironment(service.database, { APP_ENV: 'development' });
  everybody = await look();
});

afterAll(async () => {
  expect(await everybody.process.stop()).toEqual({ code: 0, signal: null });
  await service.stop();
});

describe('who develops', () => {
  test('finds the tenants, their tables, and rows behind every link', async () => {
    const tenants = await everybody.get('/');
    expect(tenants.status).toBe(200);
    expect(links(tenants.html)).toEqual(expect.arrayContaining([`/${alice.tenantId}`, `/${bob.tenantId}`]));
    expect(tenants.html).toContain('Duka la Amani');
    const tables = await everybody.get(`/${alice.tenantId}`);
    expect(tables.html).toMatch(/products<\/a> <small>2 rows/);
    expect(tables.html).toMatch(/audit_events<\/a> <small>more than 1000 rows/);
    expect(tables.html).toContain('tax_class_id uuid');
    const lists = links(tables.html).filter((to) => to.split('/').length === 3);
    expect(lists.length).toBeGreaterThan(40);
    const seen = new Set<string>();
    for (const list of lists) {
      const { status, html } = await everybody.get(list);
      expect(status, list).toBe(200);
      // One row of each table, and each way that leads on from it.
      for (const to of links(html)
        .filter((one) => one.includes('/row'))
        .slice(0, 3))
        seen.add(to);
    }
    for (const to of seen) {
      const row = await everybody.get(to);
      expect(row.status, to).toBe(200);
      for (const back of links(row.html).filter((one) => one.includes('?column='))) {
        if (!seen.has(back)) expect((await everybody.get(back)).status, back).toBe(200);
      }
    }
  });

  test('filters by each column that the list offers, by typed values', async () => {
    const path = `/${alice.tenantId}/products`;
    const rows = await service.database.query<{ id: string }>('select id from products where tenant_id = $1', [
      alice.tenantId,
    ]);
    const found = await everybody.get(`${path}?column=id&value=${rows[0]!.id}`);
    expect(rowCount(found.html)).toBe(1);
    const names = await everybody.get(`${path}?column=name&value=${encodeURIComponent(hostile)}`);
    expect(rowCount(names.html)).toBe(1);
    const none = await everybody.get(`${path}?column=name&value=${encodeURIComponent("' or true --")}`);
    expect(none.status).toBe(200);
    expect(rowCount(none.html)).toBe(0);
    for (const column of [...names.html.matchAll(/<option[^>]*>(\w+)</g)].map(([, name]) => name)) {
      expect([200, 422], column).toContain((await everybody.get(`${path}?column=${column}&value=1`)).status);
    }
    for (const query of [
      'column=id&value=1',
      'column=version&value=99999999999',
      'column=created_at&value=soon',
      'column=name&value=%00',
      'column=name&value=%ff',
      'column=tenant_id&value=1',
      'column=id)%20or%20(true&value=1',
      'column=id',
      'after=1',
      `after=${randomUUID()}&after=${randomUUID()}`,
    ]) {
      const { status, html } = await everybody.get(`${path}?${query}`);
      expect(status, query).toBe(422);
      expect(rowCount(html), query).toBe(0);
    }
  });

  test(`pages through ${events} rows, each once`, async () => {
    const ids = new Set<string>();
    let pages = 0;
    for (let at: string | undefined = `/${alice.tenantId}/audit_events?column=address&value=`; at; pages += 1) {
      const { status, html } = await everybody.get(at);
      expect(status).toBe(200);
      for (const [, id] of html.matchAll(/row\?key=([0-9a-f-]{36})/g)) ids.add(id!);
      at = nextOf(html);
    }
    expect(ids.size).toBeGreaterThanOrEqual(events);
    expect(pages).toBeGreaterThanOrEqual(events / 50);
  });
});

describe('a tenant', () => {
  test('is all that is shown with --tenant, whatever is asked', async () => {
    const own = await look(['--tenant', alice.tenantId]);
    try {
      expect((await own.get('/')).html).not.toContain(bob.tenantId);
      for (const path of [`/${bob.tenantId}`, `/${bob.tenantId}/products`, `/${bob.tenantId.toUpperCase()}/products`])
        expect((await own.get(path)).status, path).toBe(404);
      expect((await own.get(`/${alice.tenantId}/products`)).status).toBe(200);
    } finally {
      expect(await own.process.stop()).toEqual({ code: 0, signal: null });
    }
  });

  test('is never shown in the pages of another', async () => {
    const [product] = await service.database.query<{ id: string }>(
      "select id from products where tenant_id = $1 and name like 'Bob%'",
      [bob.tenantId],
    );
    const bobs = [bob.tenantId, product!.id, 'Bob&#39;s own', bob.email];
    const path = `/${alice.tenantId}/products`;
    for (const query of [
      '',
      `?column=id&value=${product!.id}`,
      `?column=name&value=${encodeURIComponent("Bob's own sugar")}`,
      `?tenant=${bob.tenantId}&tenant_id=${bob.tenantId}`,
      `?column=name&value=${encodeURIComponent(`x' or tenant_id = '${bob.tenantId}`)}`,
      '?after=00000000-0000-0000-0000-000000000000',
    ]) {
      const { html } = await everybody.get(path + query);
      const repeated = /<main>[^]*?<\/form>/.exec(html)?.[0] ?? '';
      for (const text of bobs) expect(html.replace(repeated, ''), query).not.toContain(`>${text}`);
      expect(html.replace(repeated, ''), query).not.toContain('own sugar');
    }
    expect((await everybody.get(`${path}/row?key=${product!.id}`)).status).toBe(404);
    expect((await everybody.get(`/${bob.tenantId}/products/row?key=${product!.id}`)).status).toBe(200);
  });

  test("keeps its secrets: no bytes, no hash, no table of the installation's", async () => {
    for (const table of ['users', 'sessions', 'refresh_tokens', 'account_tokens', 'second_factors', 'pg_authid'])
      expect((await everybody.get(`/${alice.tenantId}/${table}`)).status, table).toBe(404);
    const columns = await service.database.query<{ table_name: string; column_name: string }>(
      `select table_name, column_name from information_schema.columns
       where table_schema = 'public' and data_type = 'bytea' and table_name in
         (select table_name from information_schema.columns where column_name = 'tenant_id' and table_schema = 'public')`,
    );
    expect(columns.length).toBeGreaterThan(5);
    let values = 0;
    for (const { table_name: table, column_name: column } of columns) {
      const rows = await service.database.query<{ hex: string; base64: string }>(
        `select encode(${column}, 'hex') as hex, encode(${column}, 'base64') as base64 from ${table}
         where tenant_id = $1 and octet_length(${column}) >= 16 limit 50`,
        [alice.tenantId],
      );
      const { status, html } = await everybody.get(`/${alice.tenantId}/${table}`);
      if (status === 404) continue; // its key is one
      const first = links(html).find((to) => to.includes('/row'));
      const pages = html + (first ? (await everybody.get(first)).html : '');
      for (const { hex, base64 } of rows) {
        values += 1;
        expect(pages, `${table}.${column}`).not.toContain(hex);
        expect(pages, `${table}.${column}`).not.toContain(base64.slice(0, 20));
      }
    }
    expect(values).toBeGreaterThan(0);
  });
});

describe('a value', () => {
  test('is text, whatever it is, and whole in its row', async () => {
    const long = 'ñ'.repeat(500);
    const { productId } = await addProduct(alice, 3);
    await service.database.query('update products set description = $3 where tenant_id = $1 and id = $2', [
      alice.tenantId,
      productId,
      long,
    ]);
    const list = await everybody.get(`/${alice.tenantId}/products`);
    expect(list.html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=alert(2)&gt;');
    expect(list.html).not.toMatch(/<script|<img/);
    expect(list.html).toContain(`${'ñ'.repeat(200)}… `);
    expect(list.html).not.toContain('ñ'.repeat(201));
    const row = await everybody.get(`/${alice.tenantId}/products/row?key=${productId}`);
    expect(row.html).toContain(`>${long}<`);
    const options = await fetch(`http://127.0.0.1:${everybody.port}/`, { method: 'OPTIONS' });
    for (const { headers } of [list, row, await everybody.get('/x/y/z/q'), { headers: options.headers }]) {
      expect(headers.get('content-security-policy')).toMatch(
        /^default-src 'none';style-src 'sha256-[^']+';form-action 'self';base-uri 'none';frame-ancestors 'none'$/,
      );
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
    for (const { headers } of [list, row]) expect(headers.get('cache-control')).toBe('no-store');
  });

  test('that no calendar writes is as PostgreSQL writes it, and found by that', async () => {
    const days = ['infinity', '-infinity', '0044-03-15 00:00:00 BC', '2026-02-03T04:05:06.000007Z'];
    const { productId } = await addProduct(alice, 4);
    for (const day of days) {
      await service.database.query('update products set created_at = $3 where tenant_id = $1 and id = $2', [
        alice.tenantId,
        productId,
        day.replace(' BC', '+00 BC'),
      ]);
      const row = await everybody.get(`/${alice.tenantId}/products/row?key=${productId}`);
      expect(row.html).toMatch(new RegExp(`<dt>created_at <small>[^<]*</small></dt><dd>${day}</dd>`));
    }
    const found = await everybody.get(`/${alice.tenantId}/products?column=created_at&value=${days.at(-1)}`);
    expect(rowCount(found.html)).toBe(1);
  });

  test('that says who made a row, and at which device, is shown', async () => {
    const { productId } = await addProduct(alice, 5);
    const [made] = await service.database.query<{ created_by: string }>(
      'select created_by from products where tenant_id = $1 and id = $2',
      [alice.tenantId, productId],
    );
    const row = await everybody.get(`/${alice.tenantId}/products/row?key=${productId}`);
    expect(row.html).toMatch(new RegExp(`<dt>created_by <small>uuid</small></dt><dd>${made!.created_by}</dd>`));
    expect(row.html).not.toMatch(/<dt>origin_device_id <small>uuid<\/small><\/dt><dd><span class="none">withheld/);
  });
});

describe('a table that cannot be read', () => {
  test('that is locked costs its own page alone', async () => {
    const locker = await service.database.connectAs('superuser');
    try {
      await locker.query('begin; lock table products in access exclusive mode');
      const locked = Array.from({ length: 6 }, () => everybody.get(`/${alice.tenantId}/products`));
      const other = await everybody.get(`/${alice.tenantId}/roles`);
      expect(other.status).toBe(200);
      for (const { status, html } of await Promise.all(locked)) {
        expect(status).toBe(503);
        expect(html).toContain('Another transaction has locked it (SQLSTATE 55P03)');
        expect(links(html)).toContain(`/${alice.tenantId}`);
      }
      const tables = await everybody.get(`/${alice.tenantId}`);
      expect(tables.status).toBe(200);
      expect(tables.html).toMatch(/products<\/a> <small class="fault">Another transaction has locked it/);
      expect(tables.html).toMatch(/audit_events<\/a> <small>more than 1000 rows/);
    } finally {
      await locker.end();
    }
    expect((await everybody.get(`/${alice.tenantId}/products`)).status).toBe(200);
  });

  test('that is missing leaves the others in the list', async () => {
    await service.database.query('alter table tax_classes rename to tax_classes_away');
    try {
      const tables = await everybody.get(`/${alice.tenantId}`);
      expect(tables.status).toBe(200);
      expect(tables.html).toMatch(/tax_classes<\/a> <small class="fault">It is not there as declared[^<]*42P01/);
      expect(tables.html).toMatch(/products<\/a> <small>\d+ rows/);
      const rows = await everybody.get(`/${alice.tenantId}/tax_classes`);
      expect(rows.status).toBe(503);
      expect(rows.html).toContain('Are all migrations applied?');
    } finally {
      await service.database.query('alter table tax_classes_away rename to tax_classes');
    }
    const tables = await everybody.get(`/${alice.tenantId}`);
    expect(tables.html).toMatch(/tax_classes<\/a> <small>\d+ rows?</);
  });
});

// What hinders a reader, and pixels to the side.
async function hindrances(page: Page): Promise<string[]> {
  const wide = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth');
  return [...(Number(wide) > 0 ? [`${String(wide)} pixels to the side`] : []), ...(await accessibilityFindings(page))];
}

test.skipIf(noBrowser)('reads well on a telephone and a desk, light and dark, and runs no script', async () => {
  const browser = await openBrowser();
  try {
    const page = await browser.newPage();
    const complaints: string[] = [];
    page.on('dialog', (dialog) => void dialog.dismiss().then(() => complaints.push('a script ran')));
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    const at = `http://127.0.0.1:${everybody.port}`;
    const list = `/${alice.tenantId}/products`;
    const row = links((await everybody.get(list)).html).find((to) => to.includes('/row'))!;
    for (const [colorScheme, width] of [
      ['light', 390],
      ['dark', 1280],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 844 });
      for (const path of ['/', `/${alice.tenantId}`, list, row]) {
        await page.goto(at + path);
        expect(await hindrances(page), `${path}, ${colorScheme}`).toEqual([]);
      }
    }
    await page.goto(at + list);
    await page.getByLabel('Column').selectOption('name');
    await page.getByRole('textbox', { name: 'is' }).fill(hostile);
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('link', { name: 'whole' }).click();
    await page.locator('dd', { hasText: hostile }).first().waitFor();
    expect(complaints.filter((one) => !one.includes('favicon'))).toEqual([]);
  } finally {
    await closeBrowser(browser);
  }
});

describe('it answers', () => {
  test('with a page, whatever is wrong', async () => {
    const own = `Host: 127.0.0.1:${everybody.port}\r\nConnection: close\r\n\r\n`;
    const deleted = await fetch(`http://127.0.0.1:${everybody.port}/`, { method: 'DELETE' });
    expect(deleted.headers.get('allow')).toContain('GET');
    for (const [start, status] of [
      ['GET /x/y/z/q HTTP/1.1', 404],
      ['GET /%zz HTTP/1.1', 400],
      ['DELETE / HTTP/1.1', 405],
      ['GET / HTTP/9.9', 505],
      ['GET  / HTTP/1.1', 400],
    ] as const) {
      const reply = await exchange(everybody.port, `${start}\r\n${own}`);
      expect(reply.status, start).toBe(status);
      expect(reply.headers['content-type'], start).toBe('text/html; charset=utf-8');
      expect(reply.headers['content-security-policy'], start).toMatch(/^default-src 'none';style-src 'sha256-/);
      expect(reply.body, start).toContain('<h1>');
    }
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'])('no %s', async (method) => {
    const reply = await fetch(`http://127.0.0.1:${everybody.port}/${alice.tenantId}/products`, { method });
    expect(reply.status).toBe(405);
  });

  test('to no other name than its address, and no page of another site', async () => {
    const ask = (head: string) => exchange(everybody.port, `GET / HTTP/1.1\r\n${head}Connection: close\r\n\r\n`);
    for (const host of [
      'evil.example',
      `evil.example:${everybody.port}`,
      '127.0.0.1:1',
      'localhost',
      `127.0.0.2:${everybody.port}`,
    ])
      expect((await ask(`Host: ${host}\r\n`)).status, host).toBe(403);
    for (const host of [`127.0.0.1:${everybody.port}`, `LOCALHOST:${everybody.port}`])
      expect((await ask(`Host: ${host}\r\n`)).status, host).toBe(200);
    const own = `Host: 127.0.0.1:${everybody.port}\r\n`;
    expect((await ask(`${own}Sec-Fetch-Site: cross-site\r\n`)).status).toBe(403);
    const old = await exchange(everybody.port, 'GET / HTTP/1.0\r\n\r\n');
    expect(old.status).toBe(403);
    const shared = await fetch(`http://127.0.0.1:${everybody.port}/`, { headers: { origin: 'http://evil.example' } });
    expect(shared.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('in development alone', async () => {
    const refused = async (changed: NodeJS.ProcessEnv) => {
      const args = ['db', 'console', '--port', '0', '--data-dir', '/nowhere'];
      const { code, output } = await run(environment.binary, args, { ...env, ...changed });
      expect(code, output).toBe(78);
      return output;
    };
    expect(await refused({ APP_ENV: 'production' })).toContain('APP_ENV=development alone');
    expect(await refused({ APP_ENV: 'test' })).toContain('APP_ENV=development alone');
    expect(await refused({ APP_ENV: '' })).toContain('means production');
    expect(await refused({ DATABASE_URL: '' })).toContain('no bin/dev runs');
    for (const DATABASE_URL of [service.database.ownerUrl, service.database.systemUrl])
      expect(await refused({ DATABASE_URL })).toContain('row level security does not bind');
    const usage = await run(environment.binary, ['db', 'console', '--tenant', 'alice'], env);
    expect(usage.code, usage.output).toBe(64);
  });
});
