// What PostgreSQL does to requests: savepoints that are undone, values that do not fit, a server that takes no writes.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Service, startService } from './support/service.js';
import { addProduct, ok, openShop, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

let service: Service;
let shop: Shop;

beforeAll(async () => {
  service = await startService();
  shop = await openShop(service);
});

afterAll(async () => {
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

describe('a batch without a key', () => {
  const newProduct = (name: string, more: Record<string, unknown> = {}) => ({
    name,
    taxClassId: shop.taxClasses[0]!.id,
    variants: [{ name, price: 100, ...more }],
  });
  const send = async (onError: string, items: unknown[]) =>
    (await ok(shop.api('POST', '/v1/products/batch', { body: { onError, items } }), 200)).results.map(
      (result: any) => result.status,
    );

  test('sees its tenant after its first items failed in the database', async () => {
    const { productId } = await addProduct(shop, 7);
    const taken = randomUUID();
    await shop.create('/v1/products', newProduct(taken, { sku: taken }));
    const bad = { op: 'create', data: newProduct('bad', { sku: taken }) };
    const noTaxClass = { op: 'create', data: { ...newProduct('bad'), taxClassId: randomUUID() } };
    const update = (version: number) => ({ op: 'update', id: productId, version, data: { name: `v${version}` } });
    expect(
      await send('continue', [bad, noTaxClass, update(1), { op: 'create', data: newProduct('good') }, bad, update(2)]),
    ).toEqual([409, 422, 200, 201, 409, 200]);
    expect(
      await send('continue', [noTaxClass, update(2), update(3), { op: 'delete', id: productId, version: 4 }]),
    ).toEqual([422, 412, 200, 204]);
    expect((await shop.api('GET', `/v1/products/${productId}`)).status).toBe(404);
  });

  test('that aborts leaves nothing, and the connection knows its next tenant', async () => {
    const bad = { op: 'create', data: { ...newProduct('bad'), taxClassId: randomUUID() } };
    expect(await send('abort', [bad, { op: 'create', data: newProduct('good') }])).toEqual([422, 424]);
    const other = await openShop(service, { variants: 1 });
    await ok(other.sell(saleFor(other)), 201);
    await ok(shop.sell(saleFor(shop)), 201);
  });
});

describe('what can never succeed', () => {
  test('a stock level at its edge stays there: what is sold and counted is recorded', async () => {
    const [variant] = shop.variants;
    const level = () =>
      service.database
        .query('select on_hand::text from stock_levels where tenant_id = $1 and variant_id = $2', [
          shop.tenantId,
          variant!.id,
        ])
        .then((rows: any) => rows[0].on_hand);
    const put = (onHand: string) =>
      service.database.query(`update stock_levels set on_hand = ${onHand} where tenant_id = $1 and variant_id = $2`, [
        shop.tenantId,
        variant!.id,
      ]);
    await put('99999999999999.9999');
    const body = {
      clientRequestId: randomUUID(),
      locationId: shop.location.id,
      reason: 'adjust',
      lines: [{ variantId: variant!.id, quantityDelta: '5' }],
    };
    await ok(shop.api('POST', '/v1/stock-adjustments', { body }), 201);
    expect(await level()).toBe('99999999999999.9999');
    await put('-99999999999999.9999');
    await ok(shop.sell(saleFor(shop)), 201);
    expect(await level()).toBe('-99999999999999.9999');
  });
});

describe('a PostgreSQL that takes no writes', () => {
  test('is unavailable for writes alone, /ready says why, and it is found again', async () => {
    const own = await startService({ database: service.database, env: service.secrets });
    const admin = await service.database.connectAs('superuser');
    const setReadOnly = async (value: 'on' | 'off') => {
      await admin.query(`alter database ${service.database.name} set default_transaction_read_only = ${value}`);
      await admin.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename like 'app%'",
      );
    };
    const sale = saleFor(shop, { device: shop.devices[0]! });
    const sell = () => own.api('POST', '/v1/sales', { token: shop.token, body: sale });
    const ready = () => own.api('GET', '/ready');
    try {
      expect((await ready()).body).toMatchObject({ status: 'ok' });
      await setReadOnly('on');
      for (let attempt = 0; attempt < 5; ++attempt) {
        const reply = await sell();
        expect(reply.status, reply.text).toBe(503);
        expect(reply.body).toMatchObject({ retriable: true, action: 'retry' });
      }
      const said = await until(async () => {
        const reply = await ready();
        return reply.body.checks.postgres.reason && reply;
      });
      expect(said.status).toBe(503);
      expect(said.body).toMatchObject({
        status: 'error',
        checks: { postgres: { status: 'error', reason: expect.stringContaining('writes') } },
      });
      await until(async () => (await own.api('GET', '/v1/locations', { token: shop.token })).status === 200);
      await setReadOnly('off');
      const stored = await until(async () => {
        const reply = await sell();
        return reply.status === 201 && reply;
      });
      expect((await sell()).text).toBe(stored.text);
      await until(async () => (await ready()).status === 200);
    } finally {
      await admin.query(`alter database ${service.database.name} reset default_transaction_read_only`);
      await admin.end();
      await own.stop();
    }
  });
});
