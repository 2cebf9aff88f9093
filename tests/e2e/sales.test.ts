// POST /v1/sales and what surrounds it, as clients meet it: once, whatever happens to the request.
import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Service, startService } from './support/service.js';
import {
  addDevice,
  addProduct,
  addStock,
  expectLevelsToEqualMovements,
  expectProblem,
  ok,
  openShop,
  password,
  saleFor,
  type Shop,
  signUpBody,
} from './support/shop.js';

let service: Service;
let shop: Shop;

beforeAll(async () => {
  service = await startService({ env: { OUTBOX_RELAY: 'false' } }); // what is left in the outbox is counted
  shop = await openShop(service);
});

afterAll(async () => {
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

const count = async (sql: string, values: unknown[] = []): Promise<number> =>
  Number((await service.database.query<{ count: string }>(`select count(*) as count from ${sql}`, values))[0]!.count);

const onHand = async (variantId: string): Promise<number> => {
  const rows = await service.database.query<{ on_hand: string }>(
    'select on_hand from stock_levels where variant_id = $1',
    [variantId],
  );
  return Number(rows[0]?.on_hand ?? 0);
};

describe('a day at the till', () => {
  test('sign up, log in, make a product, sell it, retry, find it again', async () => {
    const email = `new-${randomUUID()}@duka.example`;
    const signedUp = await ok(
      service.api('POST', '/v1/tenants', { body: signUpBody(email), headers: { 'idempotency-key': randomUUID() } }),
      201,
    );
    const { accessToken: token, user } = await ok(
      service.api('POST', '/v1/auth/login', { body: { email, password } }),
      200,
    );
    expect(user.id).toBe(signedUp.user.id);
    const location = (await ok(service.api('GET', '/v1/locations', { token }), 200)).data[0];
    const vat = (await ok(service.api('GET', '/v1/tax-classes', { token }), 200)).data.find(
      (one: any) => one.code === 'VAT16',
    );
    const created = await service.api('POST', '/v1/products', {
      token,
      headers: { 'idempotency-key': randomUUID() },
      body: {
        name: 'Sugar',
        taxClassId: vat.id,
        variants: [{ name: 'Sugar 1kg', price: 15_000, barcodes: [{ barcode: '6161100000016' }] }],
      },
    });
    expect(created.status, created.text).toBe(201);
    expect(created.headers.get('location')).toBe(`/v1/products/${created.body.id}`);
    const scanned = await ok(service.api('GET', '/v1/variants/lookup?barcode=6161100000016', { token }), 200);
    expect(scanned).toMatchObject({
      name: 'Sugar 1kg',
      price: 15_000,
      taxCode: 'VAT16',
      taxRatePpm: 160_000,
      taxInclusive: true,
    });

    const delivery = {
      clientRequestId: randomUUID(),
      locationId: location.id,
      reason: 'opening',
      lines: [{ variantId: scanned.id, quantityDelta: '20' }],
    };
    await ok(service.api('POST', '/v1/stock-adjustments', { token, body: delivery }), 201);

    // The example of the API's documentation, to the cent.
    const sale = {
      clientRequestId: randomUUID(),
      locationId: location.id,
      occurredAt: new Date().toISOString(),
      lines: [
        {
          lineNumber: 1,
          variantId: scanned.id,
          name: 'Sugar 1kg',
          quantity: '1.5',
          unitPrice: 15_000,
          taxCode: 'VAT16',
          taxRatePpm: 160_000,
          taxAmount: 3_103,
          gross: 22_500,
        },
      ],
      taxTotal: 3_103,
      total: 22_500,
      payments: [
        { method: 'cash', amount: 12_500, tendered: 15_000 },
        { method: 'mpesa', amount: 10_000, reference: 'SLK7XXYYZZ' },
      ],
      change: 2_500,
    };
    const sold = await service.api('POST', '/v1/sales', { token, body: sale });
    expect(sold.status, sold.text).toBe(201);
    expect(sold.headers.get('location')).toBe(`/v1/sales/${sold.body.id}`);
    expect(sold.headers.get('etag')).toBe('"1"');
    expect(sold.headers.get('idempotent-replayed')).toBeNull();
    expect(sold.body).toMatchObject({
      version: 1,
      clientRequestId: sale.clientRequestId,
      cashierId: user.id,
      status: 'completed',
      subtotal: 22_500,
      taxTotal: 3_103,
      total: 22_500,
      paidTotal: 22_500,
      changeGiven: 2_500,
      creditTotal: 0,
      flags: [],
      lines: [{ lineNumber: 1, quantity: '1.5', gross: 22_500, taxAmount: 3_103, net: 19_397 }],
      taxes: [{ taxCode: 'VAT16', taxRatePpm: 160_000, inclusive: true, tax: 3_103, taxableNet: 19_397 }],
    });

    const retried = await service.api('POST', '/v1/sales', { token, body: sale });
    expect(retried.status).toBe(201);
    expect(retried.headers.get('idempotent-replayed')).toBe('true');
    expect(retried.headers.get('location')).toBe(sold.headers.get('location'));
    expect(retried.headers.get('etag')).toBe('"1"');
    expect(retried.text).toBe(sold.text);

    const read = await service.api('GET', `/v1/sales/${sold.body.id}`, { token });
    expect(read.status).toBe(200);
    expect(read.body).toEqual(sold.body);
    expect(
      (await ok(service.api('GET', `/v1/sales/by-client-request/${sale.clientRequestId}`, { token }), 200)).id,
    ).toBe(sold.body.id);
    const list = await ok(service.api('GET', '/v1/sales', { token }), 200);
    expect(list.data.map((one: any) => one.id)).toEqual([sold.body.id]);
    expect(list.nextCursor).toBeNull();
    expect(await onHand(scanned.id)).toBe(18.5);
  });

  test('the list pages through every sale once, newest first', async () => {
    const other = await openShop(service, { variants: 1, devices: 0 });
    const sold: string[] = [];
    for (let index = 0; index < 7; ++index) sold.unshift((await ok(other.sell(saleFor(other)), 201)).id);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: any = await ok(
        other.api('GET', `/v1/sales?limit=3${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`),
        200,
      );
      expect(page.data.length).toBeLessThanOrEqual(3);
      seen.push(...page.data.map((one: any) => one.id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(seen).toEqual(sold);
    const forged = await other.api('GET', '/v1/sales?cursor=forged');
    expectProblem(forged, 422, 'request.invalid_cursor');
    const page = new URL(forged.body.type, 'http://any').pathname;
    expect((await other.api('GET', page)).status, 'its type leads somewhere').toBe(200);
  });
});

describe('idempotency', () => {
  test('50 identical requests at once make one sale', async () => {
    const sale = saleFor(shop, { device: shop.devices[0] });
    const before = await onHand(shop.variants[0]!.id);
    const replies = await Promise.all(Array.from({ length: 50 }, () => shop.sell(sale)));
    const first = replies.filter((reply) => reply.status === 201 && !reply.headers.get('idempotent-replayed'));
    expect(first).toHaveLength(1);
    for (const reply of replies) {
      if (reply === first[0]) continue;
      if (reply.status === 201) {
        expect(reply.headers.get('idempotent-replayed')).toBe('true');
        expect(reply.text).toBe(first[0]!.text);
      } else {
        expectProblem(reply, 409, 'idempotency.in_progress');
        expect(reply.body).toMatchObject({ retriable: true, action: 'retry' });
        expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    }
    expect(await count('sales where client_request_id = $1', [sale.clientRequestId])).toBe(1);
    expect(await count('sale_lines where sale_id = $1', [sale.id])).toBe(sale.lines.length);
    expect(await count('payments where sale_id = $1', [sale.id])).toBe(1);
    expect(await count('stock_movements where source_id = $1', [sale.id])).toBe(sale.lines.length);
    expect(await count("outbox_jobs where data ->> 'id' = $1", [sale.id])).toBe(1);
    expect(await count('change_pointers where row_id = $1', [sale.id])).toBe(1);
    expect(await onHand(shop.variants[0]!.id)).toBe(before - 1);
  });

  test('50 identical requests at once to a till that does not number its sales', async () => {
    const sale = saleFor(shop);
    const replies = await Promise.all(Array.from({ length: 50 }, () => shop.sell(sale)));
    for (const reply of replies) expect([201, 409]).toContain(reply.status);
    expect(new Set(replies.filter((reply) => reply.status === 201).map((reply) => reply.text)).size).toBe(1);
    expect(await count('sales where client_request_id = $1', [sale.clientRequestId])).toBe(1);
  });

  test('two instances given the same request make one sale', async () => {
    const second = await startService({
      database: service.database,
      env: { ...service.secrets, OUTBOX_RELAY: 'false' },
    });
    try {
      for (let round = 0; round < 10; ++round) {
        const sale = saleFor(shop, { device: shop.devices[0] });
        const send = (to: Service) => to.api('POST', '/v1/sales', { token: shop.token, body: sale });
        const replies = await Promise.all([send(service), send(second), send(service), send(second)]);
        const good = replies.filter((reply) => reply.status === 201);
        expect(new Set(good.map((reply) => reply.text)).size).toBe(1);
        expect(good.filter((reply) => !reply.headers.get('idempotent-replayed'))).toHaveLength(1);
        for (const reply of replies.filter((one) => one.status !== 201))
          expectProblem(reply, 409, 'idempotency.in_progress');
        expect(await count('sales where client_request_id = $1', [sale.clientRequestId])).toBe(1);
      }
    } finally {
      await second.stop();
    }
  });

  test('a replay survives a restart, to the byte', async () => {
    const sale = saleFor(shop, { device: shop.devices[0] });
    const first = await shop.sell(sale);
    expect(first.status, first.text).toBe(201);
    await service.process.kill();
    await service.restart();
    const second = await shop.sell(sale);
    expect(second.status).toBe(201);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.text).toBe(first.text);
  });

  test('member order, spacing and what differs between attempts make no other request', async () => {
    const sale = saleFor(shop, { more: { sentAt: '2026-11-22T09:00:00Z', attempt: 1, appVersion: '1.0.0' } });
    const first = await shop.sell(sale);
    expect(first.status, first.text).toBe(201);
    const again = Object.fromEntries(
      Object.entries({ ...sale, sentAt: 'later', attempt: 2, appVersion: '1.0.1' }).reverse(),
    );
    const second = await shop.sell(JSON.stringify(again, null, 2));
    expect(second.status, second.text).toBe(201);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.text).toBe(first.text);
  });

  test('the same key with a changed basket is refused, and names the first sale', async () => {
    const sale = saleFor(shop, { device: shop.devices[0] });
    const { id } = await ok(shop.sell(sale), 201);
    const changed = {
      ...saleFor(shop, { lines: [{ variant: shop.variants[0]!, quantity: '2' }] }),
      clientRequestId: sale.clientRequestId,
    };
    const reply = await shop.sell(changed);
    expectProblem(reply, 422, 'idempotency.key_reused');
    expect(reply.body).toMatchObject({ retriable: false, action: 'fix', resourceId: id });
    expect(await count('sale_lines where sale_id = $1', [id])).toBe(sale.lines.length);
  });

  test('the header may say the same, quoted or bare, and nothing else', async () => {
    for (const quote of ['', '"']) {
      const sale = saleFor(shop);
      const headers = { 'idempotency-key': quote + sale.clientRequestId + quote };
      const first = await shop.sell(sale, { headers });
      expect(first.status, first.text).toBe(201);
      expect((await shop.sell(sale)).text).toBe(first.text);
    }
    // As Swift writes UUIDs.
    const upper = saleFor(shop, { more: { clientRequestId: randomUUID().toUpperCase() } });
    const shouted = await shop.sell(upper, { headers: { 'idempotency-key': upper.clientRequestId } });
    expect(shouted.status, shouted.text).toBe(201);
    expect((await shop.sell(upper)).headers.get('idempotent-replayed')).toBe('true');
    expectProblem(
      await shop.sell(saleFor(shop), { headers: { 'idempotency-key': randomUUID() } }),
      422,
      'idempotency.key_mismatch',
    );
    expectProblem(
      await shop.sell(saleFor(shop), { headers: { 'idempotency-key': 'two words' } }),
      422,
      'idempotency.key_invalid',
    );
  });

  test('a key is asked for where something is made, and makes it once', async () => {
    const body = { locationId: shop.location.id, name: 'Till with a key' };
    expectProblem(
      await service.api('POST', '/v1/tenants', { body: signUpBody('nobody@duka.example') }),
      400,
      'idempotency.key_missing',
    );
    const headers = { 'idempotency-key': randomUUID() };
    const first = await shop.api('POST', '/v1/devices', { body, headers });
    const second = await shop.api('POST', '/v1/devices', { body, headers });
    expect([first.status, second.status], first.text).toEqual([201, 201]);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    expect(second.text).toBe(first.text);
    const reused = await shop.api('POST', '/v1/devices', { body: { ...body, name: 'Another' }, headers });
    expectProblem(reused, 422, 'idempotency.key_reused');
    expect(reused.body.resourceId).toBe(first.body.id);
  });

  test('a refused sale is not stored: the mended one is accepted under the same key', async () => {
    const sale = saleFor(shop, { device: shop.devices[0] });
    expectProblem(await shop.sell({ ...sale, total: sale.total + 1 }), 422, 'sale.total_mismatch');
    expect((await shop.sell(sale)).status).toBe(201);
  });

  test('when the stored reply is gone the sale still answers for its key', async () => {
    const sale = saleFor(shop, { device: shop.devices[0] });
    const first = await shop.sell(sale);
    expect(first.status, first.text).toBe(201);
    await service.database.query('delete from idempotency_keys where key = $1', [sale.clientRequestId]);
    const again = await shop.sell(sale);
    expect(again.status, again.text).toBe(200);
    expect(again.headers.get('idempotent-replayed')).toBe('resource');
    expect(again.body).toEqual(first.body);
    const changed = await shop.sell({ ...sale, note: 'changed' });
    expectProblem(changed, 422, 'idempotency.key_reused');
    expect(changed.body.resourceId).toBe(first.body.id);
    expect(await count('sales where client_request_id = $1', [sale.clientRequestId])).toBe(1);
  });

  test('two tenants may use the same key', async () => {
    const other = await openShop(service, { variants: 1, devices: 0 });
    const sale = saleFor(shop);
    const theirs = { ...saleFor(other), clientRequestId: sale.clientRequestId, id: sale.id };
    expect((await shop.sell(sale)).status).toBe(201);
    const reply = await other.sell(theirs);
    expect(reply.status, reply.text).toBe(201);
    expect(reply.body.locationId).toBe(other.location.id);
  });
});

describe('numbering', () => {
  test('without a device the location counts, without holes under load', async () => {
    const other = await openShop(service, { variants: 1, devices: 0 });
    const replies = await Promise.all(Array.from({ length: 12 }, () => other.sell(saleFor(other))));
    const numbers = replies.map((reply) => reply.body.receiptNumber).sort();
    expect(numbers).toEqual(Array.from({ length: 12 }, (_, index) => `NRB1-S-${String(index + 1).padStart(6, '0')}`));
  });

  test('with a device its own number stands', async () => {
    const device = await addDevice(shop, 'Numbered');
    const reply = await ok(shop.sell(saleFor(shop, { device })), 201);
    expect(reply).toMatchObject({
      deviceId: device.id,
      deviceSeq: 1,
      receiptNumber: `NRB1-${String(device.number).padStart(2, '0')}-000001`,
    });
  });

  test('a device number used twice means that the device was replaced', async () => {
    const device = await addDevice(shop, 'Restored from a backup');
    await ok(shop.sell(saleFor(shop, { device, seq: 1 })), 201);
    const second = await shop.sell(saleFor(shop, { device, seq: 1 }));
    expectProblem(second, 409, 'device.replaced');
    expect(second.body).toMatchObject({ retriable: false, action: 'contact' });
  });

  test('device, number and receipt come together or not at all', async () => {
    const sale = saleFor(shop, { device: shop.devices[0] });
    for (const member of ['deviceId', 'deviceSeq', 'receiptNumber']) {
      expectProblem(await shop.sell({ ...sale, [member]: undefined }), 422, 'sale.numbering_incomplete');
    }
  });
});

describe('what a sale must agree with', () => {
  test('itself, to the cent', async () => {
    const sale = saleFor(shop);
    const short = await shop.sell({ ...sale, total: sale.total - 100 });
    expectProblem(short, 422, 'sale.total_mismatch');
    expect(short.body.errors).toContainEqual(
      expect.objectContaining({
        in: 'body',
        pointer: '/total',
        code: 'mismatch',
        params: expect.objectContaining({ expected: expect.anything() }),
      }),
    );
    expectProblem(await shop.sell({ ...sale, taxTotal: sale.taxTotal + 1 }), 422, 'sale.total_mismatch');
    expectProblem(
      await shop.sell({ ...sale, payments: [{ method: 'cash', amount: sale.total + 1 }] }),
      422,
      'sale.payments_mismatch',
    );
    expectProblem(
      await shop.sell({
        ...sale,
        payments: [{ method: 'mpesa', amount: sale.total, tendered: sale.total + 100, reference: 'TOOMUCH001' }],
      }),
      422,
      'sale.payments_mismatch',
    );
    expect(await count('sales where client_request_id = $1', [sale.clientRequestId])).toBe(0);
  });

  test('what no payment covers is credit', async () => {
    const sale = saleFor(shop, { payments: () => [] });
    expect(await ok(shop.sell({ ...sale, creditTotal: sale.total }), 201)).toMatchObject({
      creditTotal: sale.total,
      paidTotal: 0,
    });
  });

  test('one M-Pesa code pays once', async () => {
    const payments = (amount: number) => [{ method: 'mpesa', amount, reference: 'SAMECODE01' }];
    await ok(shop.sell(saleFor(shop, { payments })), 201);
    const second = await ok(shop.sell(saleFor(shop, { payments })), 201);
    expect(second.flags).toEqual(['payment_reference_reused']);
  });

  test('the tenant: its locations, variants, devices and members', async () => {
    const other = await openShop(service, { variants: 1, devices: 1 });
    const base = saleFor(shop);
    const cases: [any, string][] = [
      [{ ...base, locationId: other.location.id }, 'location.unknown'],
      [saleFor(shop, { lines: [{ variant: other.variants[0]! }] }), 'variant.unknown'],
      [
        saleFor(shop, { device: other.devices[0], more: { receiptNumber: `THEIRS-${randomUUID()}` } }),
        'device.unknown',
      ],
      [{ ...base, cashierId: other.userId }, 'sale.unknown_cashier'],
    ];
    for (const [sale, code] of cases) expectProblem(await shop.sell(sale), 422, code);
  });

  test('every level is the sum of its movements', async () => {
    expect(await expectLevelsToEqualMovements(shop)).toBeGreaterThan(0);
  });
});

describe('flags: accepted, and marked', () => {
  const flagsOf = async (sale: any) => (await ok(shop.sell(sale), 201)).flags;

  test('a price that is not the catalogue’s', async () => {
    const variant = shop.variants[0]!;
    expect(await flagsOf(saleFor(shop, { lines: [{ variant, unitPrice: variant.price - 1 }] }))).toContain(
      'price_variance',
    );
    expect(await flagsOf(saleFor(shop, { lines: [{ variant }] }))).not.toContain('price_variance');
  });

  test('a clock ahead: the server’s time counts, the device’s is kept', async () => {
    const occurredAt = new Date(Date.now() + 3_600_000);
    const sold = await ok(shop.sell(saleFor(shop, { occurredAt })), 201);
    expect(sold.flags).toContain('clock_ahead');
    expect(Date.parse(sold.deviceOccurredAt)).toBe(occurredAt.getTime());
    expect(Math.abs(Date.parse(sold.occurredAt) - Date.now())).toBeLessThan(60_000);
  });

  test('a sale from long ago', async () => {
    const occurredAt = new Date(Date.now() - 90 * 86_400_000);
    const sold = await ok(shop.sell(saleFor(shop, { occurredAt })), 201);
    expect(sold.flags).toContain('recorded_late');
    expect(Date.parse(sold.occurredAt)).toBe(occurredAt.getTime());
  });

  test('members that we do not know are kept', async () => {
    const sale = saleFor(shop, { more: { loyaltyCard: 'L-17' } });
    sale.lines[0].engraving = 'Amani';
    const sold = await ok(shop.sell(sale), 201);
    expect(sold.flags).toContain('unknown_members');
    const [row] = await service.database.query<{ extra: unknown }>('select extra from sales where id = $1', [sold.id]);
    expect(JSON.stringify(row!.extra)).toContain('L-17');
  });

  test('more than the shelf held, until it is filled', async () => {
    const variant = await addProduct(shop, 9);
    const sale = () => saleFor(shop, { lines: [{ variant, quantity: '2' }] });
    await addStock(shop, [variant], '3');
    expect(await flagsOf(sale())).toEqual([]);
    expect(await flagsOf(sale())).toEqual(['stock_variance']);
    expect(await onHand(variant.id)).toBe(-1);
    await addStock(shop, [variant], '10');
    expect(await flagsOf(sale())).toEqual([]);
  });

  test('where the tenant blocks that, a sale that happens now is refused and leaves nothing behind', async () => {
    const strict = await openShop(service, { variants: 1, devices: 1, settings: { negativeStock: 'block_online' } });
    const variant = await addProduct(strict, 2);
    await addStock(strict, [variant], '1');
    const device = strict.devices[0];
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => strict.sell(saleFor(strict, { device, lines: [{ variant }] }))),
    );
    expect(replies.filter((reply) => reply.status === 201)).toHaveLength(1);
    for (const reply of replies.filter((one) => one.status !== 201)) {
      expectProblem(reply, 409, 'stock.insufficient');
      expect(reply.body.errors).toEqual([expect.objectContaining({ in: 'body', pointer: '/lines/0/quantity' })]);
    }
    const plenty = await addProduct(strict, 3);
    await addStock(strict, [plenty], '100');
    const lines = [{ variant: plenty }, { variant, quantity: '0.5' }, { variant: plenty }, { variant }];
    const mixed = await strict.sell(saleFor(strict, { device, lines }));
    expect(mixed.body.errors.map((error: any) => error.pointer)).toEqual(['/lines/1/quantity', '/lines/3/quantity']);
    expect(await onHand(variant.id)).toBe(0);
    expect(await count('sales where tenant_id = $1', [strict.tenantId])).toBe(1);
    // The goods of a sale made offline are gone already: taken, and flagged.
    const occurredAt = new Date(Date.now() - 7_200_000);
    const late = await ok(strict.sell(saleFor(strict, { device, lines: [{ variant }], occurredAt })), 201);
    expect(late.flags).toContain('stock_variance');
    expect(await onHand(variant.id)).toBe(-1);
  });
});

describe('bad input gets its documented problem, and the server goes on', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  const good = () => JSON.stringify(saleFor(shop));
  const edited = (edit: (json: string) => string) => () => edit(good());

  const whole: [string, string, () => string | Uint8Array, number, string][] = [
    ['nothing', '/v1/sales', () => '', 400, 'request.malformed_json'],
    ['half an object', '/v1/sales', () => '{"total":', 400, 'request.malformed_json'],
    ['a second value', '/v1/sales', edited((json) => json + '{}'), 400, 'request.malformed_json'],
    ['NaN', '/v1/sales', edited((json) => json.replace(/"total":\d+/, '"total":NaN')), 400, 'request.malformed_json'],
    [
      '100 levels',
      '/v1/sales',
      edited((json) => json.replace('{', `{"deep":${nested(100)},`)),
      400,
      'request.malformed_json',
    ],
    ['100,000 levels', '/v1/sales', () => nested(100_000), 400, 'request.malformed_json'],
    [
      'more than 4 MiB',
      '/v1/sales',
      edited((json) => json.replace('{', `{"note":"${'x'.repeat(2 ** 22)}",`)),
      413,
      'http.body_too_large',
    ],
    [
      'bytes that are not UTF-8',
      '/v1/sales',
      () => Buffer.from(good().replace('Product', 'Prod\u00ffct'), 'latin1'),
      400,
      'request.malformed_json',
    ],
    [
      'half a surrogate pair, but in a sale',
      '/v1/products',
      () => '{"name":"Prod\\ud800ct"}',
      400,
      'request.malformed_json',
    ],
    [
      'an integer of 30 digits',
      '/v1/sales',
      edited((json) => json.replace(/"total":\d+/, `"total":${'9'.repeat(30)}`)),
      422,
      'request.invalid',
    ],
    ['1e400', '/v1/sales', edited((json) => json.replace(/"total":\d+/, '"total":1e400')), 422, 'request.invalid'],
    ['a member twice', '/v1/sales', edited((json) => json.replace('{', '{"total":1,')), 400, 'request.malformed_json'],
    [
      '__proto__',
      '/v1/sales',
      edited((json) => json.replace('{', '{"__proto__":{"admin":true},')),
      400,
      'request.malformed_json',
    ],
    [
      '__proto__, escaped',
      '/v1/sales',
      edited((json) => json.replace('{', '{"__pr\\u006fto__":{"admin":true},')),
      400,
      'request.malformed_json',
    ],
    [
      '__proto__ in a line',
      '/v1/sales',
      edited((json) => json.replace('"lines":[{', '"lines":[{"__proto__":{},')),
      400,
      'request.malformed_json',
    ],
    [
      'constructor.prototype',
      '/v1/sales',
      edited((json) => json.replace('{', '{"constructor":{"prototype":{}},')),
      400,
      'request.malformed_json',
    ],
    ['an array', '/v1/sales', () => '[]', 422, 'request.invalid'],
    ['null', '/v1/sales', () => 'null', 422, 'request.invalid'],
    ['no lines', '/v1/sales', () => JSON.stringify({ ...saleFor(shop), lines: [] }), 422, 'request.invalid'],
  ];
  test.each(whole)('%s', async (_, path, body, status, code) => {
    const reply = await shop.api('POST', path, { body: body(), headers: { 'content-type': 'application/json' } });
    expectProblem(reply, status, code);
    expect(reply.body).toMatchObject({ retriable: false, action: 'fix' });
  });

  const members: [string, unknown, string][] = [
    ['/total', '22500', 'invalid_type'],
    ['/total', 1.5, 'invalid_type'],
    ['/lines', {}, 'invalid_type'],
    ['/occurredAt', 'yesterday', 'invalid_format'],
    ['/occurredAt', null, 'not_null'],
    ['/clientRequestId', 'mine', 'invalid_format'],
    ['/locationId', 7, 'invalid_type'],
    ['/deviceSeq', -1, 'too_small'],
    ['/taxRounding', 'up', 'invalid_value'],
    ['/lines/0/quantity', '1.23456', 'invalid_format'],
    ['/lines/0/quantity', '0', 'not_zero'],
    ['/lines/0/quantity', '-1', 'too_small'],
    ['/lines/0/unitPrice', -1, 'too_small'],
    ['/lines/0/taxRatePpm', 1_000_001, 'too_big'],
    ['/lines/0/quantity', '1000000000.0001', 'too_big'],
    ['/payments/0/method', 7, 'invalid_type'],
    ['/payments/0/amount', 0, 'too_small'],
  ];
  test.each(members)('%s = %j', async (pointer, value, code) => {
    const sale = saleFor(shop);
    const path = pointer.slice(1).split('/');
    const last = path.pop()!;
    path.reduce((at, step) => at[step], sale)[last] = value;
    const reply = await shop.sell(sale);
    expectProblem(reply, 422, 'request.invalid');
    expect(reply.body.errors).toContainEqual(expect.objectContaining({ in: 'body', pointer, code }));
  });

  test('all faults are named at once', async () => {
    const reply = await shop.sell({ ...saleFor(shop), total: 'x', occurredAt: 'x', payments: 7 });
    expect(reply.body.errors.map((error: any) => error.pointer).sort()).toEqual(['/occurredAt', '/payments', '/total']);
  });

  test('unknown members are an error but on sales', async () => {
    const reply = await shop.api('POST', '/v1/products', {
      body: { name: 'Sugar', colour: 'white' },
      headers: { 'idempotency-key': randomUUID() },
    });
    expectProblem(reply, 422, 'request.invalid');
    expect(reply.body.errors).toContainEqual(expect.objectContaining({ pointer: '/colour', code: 'unknown_key' }));
  });

  test('paths, queries and headers', async () => {
    const path = await shop.api('GET', '/v1/sales/not-a-uuid');
    expectProblem(path, 422, 'request.invalid');
    expect(path.body.errors).toContainEqual(expect.objectContaining({ in: 'path', pointer: '/id' }));
    const query = await shop.api('GET', '/v1/sales?limit=501');
    expectProblem(query, 422, 'request.invalid');
    expect(query.body.errors).toContainEqual(
      expect.objectContaining({ in: 'query', pointer: '/limit', code: 'too_big' }),
    );
    expectProblem(await shop.api('GET', '/v1/sail'), 404, 'http.not_found');
    const method = await shop.api('DELETE', '/v1/sales');
    expectProblem(method, 405, 'http.method_not_allowed');
    expect(method.headers.get('allow')).toContain('POST');
  });

  test('media types and content codings', async () => {
    const as = (type: string) => shop.sell(saleFor(shop), { headers: { 'content-type': type } });
    expectProblem(await as('text/plain'), 415, 'request.unsupported_media_type');
    const coded = (coding: string, body: Uint8Array) =>
      shop.sell(body, { headers: { 'content-type': 'application/json', 'content-encoding': coding } });
    expectProblem(await coded('gzip', Buffer.from(good())), 400, 'request.encoding_malformed');
    expectProblem(await coded('lzma', Buffer.from(good())), 415, 'request.encoding_unsupported');
    const bomb = await coded('gzip', gzipSync(Buffer.alloc(2 ** 26)));
    expect(bomb.status, bomb.text).toBe(413);
    const small = await coded('gzip', gzipSync(good()));
    expect(small.status, small.text).toBe(201);
  });

  test('and then a good sale is taken', async () => {
    expect((await shop.sell(saleFor(shop))).status).toBe(201);
    expect(service.process.log.filter((line) => (line.level ?? 0) >= 50)).toEqual([]);
  });
});

describe('versions', () => {
  test('a change needs the version that it saw', async () => {
    const { productId } = await addProduct(shop, 20);
    const path = `/v1/products/${productId}`;
    const seen = await shop.api('GET', path);
    const etag = seen.headers.get('etag')!;
    expect(etag).toMatch(new RegExp(`^"${seen.body.version}\\.[a-z2-7]{6}"$`));
    const patch = (ifMatch: string | undefined, name: string) =>
      shop.api('PATCH', path, { body: { name }, headers: ifMatch === undefined ? {} : { 'if-match': ifMatch } });

    expectProblem(await patch(undefined, 'No version'), 428, 'request.if_match_missing');
    const changed = await patch(etag, 'Changed');
    expect(changed.status, changed.text).toBe(200);
    expect(changed.body).toMatchObject({ name: 'Changed', version: seen.body.version + 1 });
    expect(changed.headers.get('etag')).toMatch(new RegExp(`^"${seen.body.version + 1}\\.[a-z2-7]{6}"$`));

    const stale = await patch(etag, 'Too late');
    expectProblem(stale, 412, 'request.version_conflict');
    expect(stale.body.action).toBe('pull_first');
    expect(stale.body.current).toMatchObject({ id: productId, name: 'Changed', version: seen.body.version + 1 });
    expectProblem(await patch('not a tag', 'x'), 422, 'request.if_match_malformed');

    const unchanged = await shop.api('GET', path, { headers: { 'if-none-match': changed.headers.get('etag')! } });
    expect([unchanged.status, unchanged.text]).toEqual([304, '']);
  });

  test.each(['br', 'gzip', 'zstd'])('GET in %s, then PATCH with its ETag', async (coding) => {
    const { productId } = await addProduct(shop, 21);
    const path = `/v1/products/${productId}`;
    const description = 'Long enough to be worth compressing. '.repeat(60);
    const plain = await shop.api('GET', path, { headers: { 'accept-encoding': 'identity' } });
    const described = await shop.api('PATCH', path, {
      body: { description },
      headers: { 'if-match': plain.headers.get('etag')! },
    });
    expect(described.status, described.text).toBe(200);

    const response = await fetch(service.url + path, {
      headers: { authorization: `Bearer ${shop.token}`, 'accept-encoding': coding },
    });
    await response.arrayBuffer().catch(() => {}); // Node 20 cannot read zstd
    expect(response.headers.get('content-encoding')).toBe(coding);
    expect(response.headers.get('vary')).toMatch(/accept-encoding/i);
    const etag = response.headers.get('etag')!;
    expect(etag).toMatch(new RegExp(`^"${described.body.version}\\.[a-z2-7]{6}-${coding}"$`));
    const notModified = await shop.api('GET', path, { headers: { 'if-none-match': etag, 'accept-encoding': coding } });
    expect(notModified.status).toBe(304);
    const patched = await shop.api('PATCH', path, {
      body: { name: `Patched after ${coding}` },
      headers: { 'if-match': etag },
    });
    expect(patched.status, patched.text).toBe(200);
  });
});
