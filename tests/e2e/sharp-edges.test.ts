// What goes wrong when many meet: neighbours, running instances, large shops.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Reply, type Service, startService } from './support/service.js';
import { expectProblem, ok, openShop, password, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

let service: Service;
let alice: Shop;
let bob: Shop;

beforeAll(async () => {
  service = await startService();
  alice = await openShop(service);
  bob = await openShop(service);
});

afterAll(async () => {
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

describe('neighbours', () => {
  test('50 duplicates of a sale that waits hold nobody up', async () => {
    const sale = saleFor(alice, { device: alice.devices[0] });
    const holder = await service.database.connectAs('app_system');
    let first;
    try {
      // The last lock that a sale takes: Alice's first attempt stands in the middle of its transaction.
      await holder.query('begin');
      await holder.query('select from tenant_counters where tenant_id = $1 for update', [alice.tenantId]);
      first = alice.sell(sale);
      await until(async () => {
        const waiting = await service.database.query(
          "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
        );
        return waiting.length > 0;
      });
      const duplicates = Array.from({ length: 50 }, () => alice.sell(sale));
      const others = await Promise.all(
        Array.from({ length: 20 }, () => bob.sell(saleFor(bob, { device: bob.devices[0] }))),
      );
      for (const reply of others) expect(reply.status, reply.text).toBe(201);
      for (const reply of await Promise.all(duplicates)) {
        expectProblem(reply, 409, 'idempotency.in_progress');
        expect(reply.body).toMatchObject({ retriable: true, action: 'retry', retryAfterMs: 1_000 });
      }
    } finally {
      await holder.query('rollback');
      await holder.end();
    }
    const stored = await first;
    expect(stored.status, stored.text).toBe(201);
    expect((await alice.sell(sale)).text).toBe(stored.text);
  });

  test('a thousand requests of two tenants, good and bad, side by side: each gets its own rows', async () => {
    const sales = await Promise.all([alice, bob].map(async (shop) => (await ok(shop.sell(saleFor(shop)), 201)).id));
    // A thousand at once may be more than a busy machine answers in time; a till asks again then.
    const patient = async (ask: () => Promise<Reply<any>>): Promise<Reply<any>> => {
      const reply = await ask();
      if (reply.status !== 503) return reply;
      expect(reply.body.retriable, reply.text).toBe(true);
      await delay(reply.body.retryAfterMs);
      return patient(ask);
    };
    const asked = Array.from({ length: 1_000 }, (_, index) => {
      const [shop, other] = index % 2 === 0 ? [alice, bob] : [bob, alice];
      const own = sales[index % 2]!;
      const foreign = sales[1 - (index % 2)]!;
      switch (index % 5) {
        case 0:
          return patient(() => shop.api('GET', `/v1/sales/${own}`)).then((reply) =>
            expect([reply.status, reply.body.id]).toEqual([200, own]),
          );
        case 1:
          return patient(() => shop.api('GET', `/v1/sales/${foreign}`)).then((reply) => expect(reply.status).toBe(404));
        case 2:
          return patient(() => shop.api('GET', '/v1/variants')).then((reply) => {
            for (const variant of other!.variants) expect(reply.text).not.toContain(variant.id);
            for (const variant of shop!.variants) expect(reply.text).toContain(variant.id);
          });
        case 3: // fails in PostgreSQL, in the middle of what others have under way
          return patient(() => shop.sell(saleFor(shop!, { lines: [{ variant: other!.variants[0]! }] }))).then((reply) =>
            expectProblem(reply, 422, 'variant.unknown'),
          );
        default:
          return patient(() => shop.api('GET', '/v1/locations')).then((reply) =>
            expect(reply.body.data.map((one: any) => one.id)).toEqual([shop!.location.id]),
          );
      }
    });
    await Promise.all(asked);
  });
});

describe('several instances', () => {
  test('a change of role reaches every one within five seconds', async () => {
    const second = await startService({ database: service.database, env: service.secrets });
    try {
      const roles: any[] = (await ok(alice.api('GET', '/v1/roles'), 200)).data;
      const role = (name: string) => [{ roleId: roles.find((one) => one.builtIn === name).id }];
      const email = `david-${randomUUID()}@duka.example`;
      const created = await alice.api('POST', '/v1/users', {
        body: { name: 'David', email, password, roles: role('cashier') },
        headers: { 'idempotency-key': randomUUID() },
      });
      expect(created.status, created.text).toBe(201);
      const { accessToken } = await ok(service.api('POST', '/v1/auth/login', { body: { email, password } }), 200);
      const body = saleFor(alice);
      const sell = (at: Service) => at.api('POST', '/v1/sales/calculate', { token: accessToken, body });
      // Both know him as a cashier now.
      for (const instance of [service, second]) expect((await sell(instance)).status).toBe(200);

      const change = (fields: Record<string, unknown>, etag: string) =>
        alice.api('PATCH', `/v1/users/${created.body.id}`, { body: fields, headers: { 'if-match': etag } });
      const changed = await change({ roles: role('viewer') }, created.headers.get('etag')!);
      expect(changed.status, changed.text).toBe(200);
      for (const instance of [service, second]) {
        expectProblem(
          await until(async () => (await sell(instance).then((reply) => reply.status !== 200 && reply)) as any, 20_000),
          403,
          'auth.forbidden',
        );
      }

      const disabled = await change({ status: 'disabled' }, changed.headers.get('etag')!);
      expect(disabled.status, disabled.text).toBe(200);
      for (const instance of [service, second]) {
        await until(
          async () => (await instance.api('GET', '/v1/auth/me', { token: accessToken })).status === 401,
          20_000,
        );
      }
    } finally {
      await second.stop();
    }
  });
});

describe('a shop of 100,000 products', () => {
  beforeAll(async () => {
    await service.database.query(
      `insert into products (id, tenant_id, name, sold_by, track_stock, active, version, created_at, updated_at)
       select gen_random_uuid(), $1, (array['Sugar', 'Maize Flour', 'Milk', 'Soap', 'Batteries', 'Tea', 'Rice', 'Salt'])[1 + n % 8] || ' ' || md5(n::text),
              'unit', true, true, 1, now(), now() from generate_series(1, 100000) n`,
      [alice.tenantId],
    );
    await service.database.query(
      `insert into products (id, tenant_id, name, sold_by, track_stock, active, version, created_at, updated_at)
       values (gen_random_uuid(), $1, 'Zanzibar Cloves 50g', 'unit', true, true, 1, now(), now()),
              (gen_random_uuid(), $2, 'Zanzibar Cloves of Bob', 'unit', true, true, 1, now(), now())`,
      [alice.tenantId, bob.tenantId],
    );
    await service.database.query('analyze products');
  });

  test('finds a word in the middle of a name, and none of the neighbour’s', async () => {
    const found = await ok(alice.api('GET', '/v1/products?search=cloves'), 200);
    expect(found.data.map((product: any) => product.name)).toEqual(['Zanzibar Cloves 50g']);
  });

  test('by the trigram index, as the role that row level security binds', async () => {
    const plans: string[] = [];
    const client = await service.database.connectAs('superuser');
    client.on('notice', (notice) => plans.push(notice.message ?? ''));
    try {
      await client.query("load 'auto_explain'");
      await client.query(
        'set auto_explain.log_min_duration = 0; set auto_explain.log_nested_statements = on; set client_min_messages = log',
      );
      await client.query('begin; set local role app');
      await client.query("select set_config('app.tenant', $1, true)", [alice.tenantId]);
      const statement = await searchStatement(client);
      const { rows } = await client.query(statement);
      expect(rows).toHaveLength(1);
      await client.query('rollback');
    } finally {
      await client.end();
    }
    const plan = plans.filter((text) => text.includes('products')).join('\n');
    expect(plan).toContain('Index Scan on products_search');
    expect(plan).not.toContain('Seq Scan on products');
  });

  test('pages through all of them, each once', async () => {
    const seen = new Set<string>();
    let cursor: string | null = null;
    let pages = 0;
    do {
      const page: any = await ok(
        alice.api('GET', `/v1/products?limit=500&search=sugar${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`),
        200,
      );
      for (const product of page.data) seen.add(product.id);
      cursor = page.nextCursor;
      pages++;
    } while (cursor && pages < 40);
    expect(seen.size).toBe(12_500);
    expect(pages).toBe(25);
  });
});

// A call of the search function with the first argument set, whatever further arguments it takes.
async function searchStatement(client: { query(sql: string): Promise<{ rows: any[] }> }): Promise<string> {
  const { rows } = await client.query("select pronargs from pg_proc where proname = 'search_products'");
  const nulls = Array.from({ length: rows[0].pronargs - 2 }, () => 'null');
  return `select * from search_products(${["'cloves'", ...nulls, '50'].join(', ')})`;
}
