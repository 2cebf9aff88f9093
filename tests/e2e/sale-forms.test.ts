// Sales whose goods have left: what is accepted, what is flagged, what is refused (docs/errors.md, "What a sale may look like").
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Service, startService } from './support/service.js';
import {
  addDevice,
  addProduct,
  expectProblem,
  ok,
  openShop,
  saleFor,
  type Shop,
  type ShopVariant,
} from './support/shop.js';

let service: Service;
let shop: Shop;
let scarce: ShopVariant; // of which there is nothing on the shelf

beforeAll(async () => {
  service = await startService({ env: { OUTBOX_RELAY: 'false' } });
  shop = await openShop(service);
  scarce = await addProduct(shop, 5);
});

afterAll(async () => {
  expect(service.process.log.filter((line) => (line.level ?? 0) >= 50)).toEqual([]);
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

const sold = (sale: unknown) => ok(shop.sell(sale), 201);
const flagsOf = async (sale: unknown) => (await sold(sale)).flags;
const query = (sql: string, values: unknown[] = []) => service.database.query<any>(sql, values);
const mpesa = (reference: string) => (amount: number) => [{ method: 'mpesa', amount, reference }];
const free = (more: Record<string, unknown> = {}) => {
  const sale = saleFor(shop, { lines: [{ variant: shop.variants[0]!, unitPrice: 0 }] });
  return { ...sale, payments: [], ...more };
};

describe('receipt numbers', () => {
  test('a number that is not the till’s own is kept as printed', async () => {
    const device = await addDevice(shop, 'Prints what it likes');
    for (const receiptNumber of [`KIOSK-${randomUUID()}`, 'NRB1-S-000001', 'NRB1-99-000001', '12 😀']) {
      const sale = saleFor(shop, { device, more: { receiptNumber } });
      expect(await sold(sale), receiptNumber).toMatchObject({ receiptNumber, flags: ['receipt_number_foreign'] });
    }
    const again = saleFor(shop, { device, more: { receiptNumber: 'NRB1-S-000001' } });
    expect(await flagsOf(again)).toEqual(['receipt_number_duplicate', 'receipt_number_foreign']);
  });

  test('a till sells under another till’s number, whose own sale is taken', async () => {
    const [ours, theirs] = [await addDevice(shop, 'A'), await addDevice(shop, 'B')];
    const own = saleFor(shop, { device: theirs });
    const stolen = saleFor(shop, { device: ours, more: { receiptNumber: own.receiptNumber } });
    expect(await flagsOf(stolen)).toEqual(['receipt_number_foreign']);
    expect(await sold(own)).toMatchObject({ receiptNumber: own.receiptNumber, flags: ['receipt_number_duplicate'] });
  });

  test('a text of any form is taken, and what is kept can be read on one line', async () => {
    const device = await addDevice(shop, 'Broken printer');
    for (const text of ['', '\n', 'NRB1\r\nX', 'A\u0000B', '\u200b\u202e', 'x'.repeat(5_000), '\u0007bell']) {
      const reply = await sold(saleFor(shop, { device, more: { receiptNumber: text } }));
      expect(reply.flags).toContain('receipt_number_foreign');
      expect(reply.receiptNumber).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]{1,64}$/u);
    }
    const sale = saleFor(shop, { device });
    const spaced = await sold({ ...sale, receiptNumber: ` ${sale.receiptNumber}\u200b\n` });
    expect(spaced).toMatchObject({ receiptNumber: sale.receiptNumber, flags: ['text_changed'] });
  });

  test('the server steps over what tills have printed, and over its own numbers of a code that is used again', async () => {
    const other = await openShop(service, { variants: 1, devices: 1 });
    const claimed = saleFor(other, { device: other.devices[0], more: { receiptNumber: 'NRB1-S-000002' } });
    await ok(other.sell(claimed), 201);
    const next = async (locationId = other.location.id) =>
      (await ok(other.sell({ ...saleFor(other), locationId }), 201)).receiptNumber;
    expect([await next(), await next()]).toEqual(['NRB1-S-000001', 'NRB1-S-000003']);

    // The code goes to another location, while late sales of the first one still come.
    const rename = async (id: string, code: string) => {
      const present = await other.api('GET', `/v1/locations/${id}`);
      const headers = { 'if-match': present.headers.get('etag')! };
      await ok(other.api('PATCH', `/v1/locations/${id}`, { body: { code }, headers }), 200);
    };
    await rename(other.location.id, 'OLD1');
    const second = await other.create('/v1/locations', { code: 'NRB1', name: 'Westlands' });
    expect(await next(second.id)).toBe('NRB1-S-000004');
    expect(await next()).toBe('OLD1-S-000004');
    await rename(second.id, 'NEW1');
    await rename(other.location.id, 'NRB1');
    expect(await next()).toBe('NRB1-S-000005');

    // Deleted, and the code used again: both number at once.
    const etag = (await other.api('GET', `/v1/locations/${other.location.id}`)).headers.get('etag')!;
    const gone = await other.api('DELETE', `/v1/locations/${other.location.id}`, { headers: { 'if-match': etag } });
    expect(gone.status, gone.text).toBe(204);
    await rename(second.id, 'NRB1');
    const at = Array.from({ length: 20 }, (_, index) => (index % 2 ? second.id : other.location.id));
    const numbers = await Promise.all(at.map((id) => next(id)));
    expect(new Set(numbers).size).toBe(20);
    for (const number of numbers) expect(number).toMatch(/^NRB1-S-\d{6}$/);
  });

  test('the millionth sale has seven digits', async () => {
    const other = await openShop(service, { variants: 1, devices: 0 });
    const { receiptNumber: first } = await ok(other.sell(saleFor(other)), 201);
    expect(first).toBe('NRB1-S-000001');
    await query('update location_counters set last_receipt = 999998 where location_id = $1', [other.location.id]);
    const numbers = [];
    for (let index = 0; index < 4; ++index) numbers.push((await ok(other.sell(saleFor(other)), 201)).receiptNumber);
    expect(numbers).toEqual(['NRB1-S-999999', 'NRB1-S-1000000', 'NRB1-S-1000001', 'NRB1-S-1000002']);
    // Back to the beginning, as after a code that was used before: over all that is taken.
    await query('update location_counters set last_receipt = 0 where location_id = $1', [other.location.id]);
    expect((await ok(other.sell(saleFor(other)), 201)).receiptNumber).toBe('NRB1-S-000002');
  });

  test('two tills that print one foreign number at once are both taken', async () => {
    const devices = [];
    for (let index = 0; index < 8; ++index) devices.push(await addDevice(shop, `Same ${index}`));
    const receiptNumber = `SAME-${randomUUID()}`;
    const replies = await Promise.all(
      devices.map((device) => shop.sell(saleFor(shop, { device, more: { receiptNumber } }))),
    );
    for (const reply of replies) expect(reply.status, reply.text).toBe(201);
  });

  test('an own number that another sale has is flagged', async () => {
    const device = await addDevice(shop, 'Moved');
    const sale = saleFor(shop, { device });
    const first = await sold(sale);
    // The same device number, as no device has twice: a row of before numbers were checked.
    const twin = await addDevice(shop, 'Twin');
    await query('update sales set device_id = $1 where id = $2', [twin.id, first.id]);
    const again = { ...saleFor(shop, { device, seq: sale.deviceSeq }) };
    expect(await sold(again)).toMatchObject({
      receiptNumber: sale.receiptNumber,
      flags: ['receipt_number_duplicate'],
    });
  });
});

describe('clocks', () => {
  test.each(['0001-01-01T00:00:00Z', '0001-01-01T00:00:00+03:00', '1970-01-01T00:00:00Z', '1999-12-31T23:59:59Z'])(
    'a sale at %s is dated by us',
    async (occurredAt) => {
      const other = await openShop(service, { variants: 1, devices: 0, settings: { businessDayCutoff: 240 } });
      const reply = await ok(other.sell({ ...saleFor(other), occurredAt }), 201);
      expect(reply.flags).toEqual(['clock_behind', 'recorded_late']);
      expect(reply.occurredAt).toBe(reply.recordedAt);
      expect(Date.parse(reply.deviceOccurredAt)).toBeLessThanOrEqual(Date.parse('2000-01-01T00:00:00Z'));
      expect((await ok(other.api('GET', '/v1/sales'), 200)).data).toHaveLength(1);
    },
  );

  test('the year 9999', async () => {
    for (const occurredAt of ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59-12:00'])
      expect(await flagsOf({ ...saleFor(shop), occurredAt })).toEqual(['clock_ahead']);
  });

  test('rows with dates that we never wrote, or wrote once, are listed', async () => {
    const other = await openShop(service, { variants: 1, devices: 0 });
    const days = ["'0001-12-31 BC'", "'-infinity'", "'infinity'", "'10000-01-01'", "'4713-01-01 BC'"];
    const ids: string[] = [];
    for (const day of days) {
      const { id } = await ok(other.sell(saleFor(other)), 201);
      ids.unshift(id);
      await query(
        `update sales set business_day = ${day}, occurred_at = ${day}, device_occurred_at = ${day} where id = $1`,
        [id],
      );
    }
    const list = await ok(other.api('GET', '/v1/sales'), 200);
    expect(list.data.map((one: any) => one.id)).toEqual(ids);
    for (const one of list.data) expect(one.businessDay).toMatch(/^(0001-01-01|9999-12-31)$/);
    for (const id of ids) await ok(other.api('GET', `/v1/sales/${id}`), 200);
    const [first] = ids;
    await query('update stock_movements set occurred_at = $1 where source_id = $2', ['-infinity', first]);
    await ok(other.api('GET', '/v1/stock-movements'), 200);
    await query(
      `insert into daily_sales (tenant_id, location_id, business_day, sales, total, tax_total, discount_total, updated_at)
       values ($1, $2, '0001-12-31 BC', 1, 9223372036854775807, 0, 0, now())`,
      [other.tenantId, other.location.id],
    );
    const summary = await ok(other.api('GET', '/v1/reports/sales-summary?to=0001-01-01'), 200);
    expect(summary.data).toEqual([]); // PostgreSQL compares the day that is stored
  });

  test('the summary begins 31 business days before its end', async () => {
    const other = await openShop(service, { variants: 0, devices: 0, settings: { timeZone: 'Pacific/Kiritimati' } });
    const today = new Date(Date.now() + 14 * 3_600_000);
    const day = (daysAgo: number) => new Date(today.getTime() - daysAgo * 86_400_000).toISOString().slice(0, 10);
    for (const daysAgo of [0, 30, 31, 61])
      await query(
        `insert into daily_sales (tenant_id, location_id, business_day, sales, total, tax_total, discount_total, updated_at)
         values ($1, $2, $3, 1, 9223372036854775807, 1, 0, now())`,
        [other.tenantId, other.location.id, day(daysAgo)],
      );
    const days = async (search: string) =>
      (await ok(other.api('GET', `/v1/reports/sales-summary${search}`), 200)).data.map((one: any) => one.businessDay);
    expect(await days('')).toEqual([day(0), day(30)]);
    expect(await days(`?to=${day(31)}`)).toEqual([day(31), day(61)]);
    expect(await days('?from=1970-01-01')).toHaveLength(4);
    const { data } = await ok(other.api('GET', '/v1/reports/sales-summary'), 200);
    expect(data[0]).toMatchObject({ total: Number.MAX_SAFE_INTEGER, taxTotal: 1 });
  });
});

describe('payments', () => {
  test('one M-Pesa code in any spelling pays once; a second use is taken, and listed for the owner', async () => {
    const other = await openShop(service, { variants: 1, devices: 1 });
    const sell = async (reference: string, more = {}) =>
      ok(other.sell(saleFor(other, { payments: mpesa(reference), ...more })), 201);
    const first = await sell('SLK7ABCDE1');
    expect(first.flags).toEqual([]);
    const reused: string[] = [];
    for (const spelling of [
      'SLK7ABCDE1',
      'slk7abcde1',
      ' SLK7ABCDE1',
      'SLK7ABCDE1\u00a0',
      'SLK7\u200bABCDE1',
      'slk7 abcd e1',
      '“SLK7–ABCDE1”',
      '✅ SLK7ABCDE1\u0301',
    ]) {
      const sale = await sell(spelling, { device: reused.length % 2 ? other.devices[0] : undefined });
      expect(sale.flags, JSON.stringify(spelling)).toEqual(['payment_reference_reused']);
      expect(sale.payments[0]).toMatchObject({ status: 'unverified', reference: 'SLK7ABCDE1' });
      reused.unshift(sale.id);
    }
    const list = await ok(other.api('GET', '/v1/sales?flag=payment_reference_reused'), 200);
    expect(list.data.map((one: any) => one.id)).toEqual(reused);
    const here = await ok(
      other.api('GET', `/v1/sales?flag=payment_reference_reused&locationId=${other.location.id}&limit=2&count=true`),
      200,
    );
    expect(here.count).toEqual({ value: reused.length, exact: true });
    expect(here.nextCursor).not.toBeNull();
    const rest = await ok(
      other.api(
        'GET',
        `/v1/sales?flag=payment_reference_reused&locationId=${other.location.id}&cursor=${encodeURIComponent(here.nextCursor)}`,
      ),
      200,
    );
    expect([...here.data, ...rest.data].map((one: any) => one.id)).toEqual(reused);
    // Another tenant: its own codes, and its own list.
    expect(await flagsOf(saleFor(shop, { payments: mpesa('SLK7ABCDE1') }))).toEqual([]);
    expect((await ok(shop.api('GET', '/v1/sales?flag=payment_reference_reused'), 200)).data).toEqual([]);
    expectProblem(await shop.api('GET', '/v1/sales?flag=no_such_flag'), 422, 'request.invalid');
  });

  test('one code pays once, whatever method bore it first', async () => {
    const paid = (method: string, reference: string) =>
      sold(saleFor(shop, { payments: (amount) => [{ method, amount, reference }] }));
    for (const [index, first] of ['card', 'bank', 'cash', 'voucher', 'airtel'].entries()) {
      const code = `SLK8ABCD${first === 'airtel' ? 'A' : 'E'}${index}`;
      const before = await paid(first, code);
      expect(before.flags).not.toContain('payment_reference_reused');
      expect(before.payments[0].status).toBe(first === 'airtel' ? 'unverified' : 'accepted');
      const again = await paid('mpesa', code.toLowerCase());
      expect(again.flags, first).toContain('payment_reference_reused');
      expect(again.payments[0].status).toBe('unverified');
    }
    // Slips of two cards may have one number.
    for (let i = 0; i < 2; ++i) expect((await paid('card', 'TERM000012')).payments[0].status).toBe('accepted');
    expect((await paid('m\u200bpesa', 'SLK8ABCDF1')).payments[0]).toMatchObject({
      method: 'mpesa',
      status: 'unverified',
    });
    expect((await paid('\u041cpesa', 'SLK8ABCDF2')).payments[0]).toMatchObject({
      method: 'other',
      status: 'unverified',
    });
  });

  test('many sales with one code at once: one has it', async () => {
    const sales = Array.from({ length: 12 }, () => saleFor(shop, { payments: mpesa('RACE123456') }));
    const replies = await Promise.all(sales.map((sale) => shop.sell(sale)));
    for (const reply of replies) expect(reply.status, reply.text).toBe(201);
    expect(replies.filter((reply) => reply.body.flags.length === 0)).toHaveLength(1);
    const [held] = await query("select count(*)::int as count from payments where external_ref = 'RACE123456'");
    expect(held.count).toBe(1);
    for (const [index, sale] of sales.entries()) expect((await shop.sell(sale)).text).toBe(replies[index]!.text);
  });

  test('what is no code may be typed as often as somebody likes', async () => {
    for (const text of ['paid', 'paid', 'PAID', 'x'.repeat(70)])
      expect(await flagsOf(saleFor(shop, { payments: mpesa(text) }))).not.toContain('payment_reference_reused');
  });

  test('no payments: what is on credit must be said; some: it is understood', async () => {
    const sale = saleFor(shop);
    const none = await shop.sell({ ...sale, payments: [] });
    expectProblem(none, 422, 'sale.payments_mismatch');
    expect(none.body.errors).toContainEqual(expect.objectContaining({ pointer: '/creditTotal', code: 'required' }));
    expectProblem(await shop.sell({ ...sale, payments: [], creditTotal: null }), 422, 'sale.payments_mismatch');
    expectProblem(await shop.sell({ ...sale, payments: [], creditTotal: 1 }), 422, 'sale.payments_mismatch');
    expectProblem(await shop.sell({ ...sale, payments: [{ method: 'cash', amount: 0 }] }), 422, 'request.invalid');
    expect(await flagsOf({ ...sale, payments: [], creditTotal: sale.total })).toEqual([]);
    const partial = saleFor(shop, { payments: (total) => [{ method: 'cash', amount: total - 1 }] });
    expect(await sold(partial)).toMatchObject({ creditTotal: 1, flags: ['credit_implied'] });
  });
});

describe('forms', () => {
  const accepted: [string, () => any, string[]][] = [
    ['nothing paid for nothing', () => free(), ['price_variance']],
    [
      'a payment of nothing',
      () => free({ payments: [{ method: 'cash', amount: 0, tendered: 0 }] }),
      ['price_variance'],
    ],
    ['an empty reference', () => saleFor(shop, { payments: mpesa('') }), []],
    ['a reference of spaces', () => saleFor(shop, { payments: mpesa(' \u00a0') }), []],
    ['an upper-case method', () => saleFor(shop, { payments: (amount) => [{ method: 'CASH', amount }] }), []],
    [
      'a method that we do not know',
      () => saleFor(shop, { payments: (amount) => [{ method: 'airtel', amount }] }),
      ['unknown_members'],
    ],
    [
      'a card’s tender of 0',
      () => saleFor(shop, { payments: (amount) => [{ method: 'card', amount, tendered: 0 }] }),
      [],
    ],
    [
      'two hundred payments',
      () =>
        saleFor(shop, {
          payments: (total) => [
            ...Array.from({ length: 199 }, () => ({ method: 'cash', amount: 1 })),
            { method: 'cash', amount: total - 199 },
          ],
        }),
      [],
    ],
    ['501 lines', () => saleFor(shop, { lines: Array(501).fill({ variant: shop.variants[0] }) }), []],
    [
      'texts that are empty',
      () => saleFor(shop, { more: { note: '', customerId: '', registerId: ' ', cashierId: '' } }),
      [],
    ],
    ['a note of 2000 characters', () => saleFor(shop, { more: { note: 'é'.repeat(2_000) } }), ['text_changed']],
    [
      'sentAt and attempt of any kind',
      () => saleFor(shop, { more: { sentAt: 17, attempt: 'third', appVersion: null } }),
      [],
    ],
    ['100,000 of one thing', () => quantityOf('100000'), ['stock_variance']],
    ['100,000.0001 of one thing', () => quantityOf('100000.0001'), ['quantity_implausible', 'stock_variance']],
    ['1,000,000,000 of one thing', () => quantityOf('1000000000'), ['quantity_implausible', 'stock_variance']],
  ];
  const quantityOf = (quantity: string) => saleFor(shop, { lines: [{ variant: scarce, quantity }] });
  test.each(accepted)('%s', async (_, sale, flags) => {
    expect(await flagsOf(sale())).toEqual(flags);
  });

  test.each(['taxInclusive', 'discount', 'sku', 'barcode', 'gross', 'taxAmount', 'variantId'])(
    'null for %s of a line',
    async (member) => {
      const sale = saleFor(shop);
      sale.lines[0][member] = null;
      await sold(sale);
    },
  );
  test.each([
    'orderDiscount',
    'cashRounding',
    'change',
    'creditTotal',
    'note',
    'taxRounding',
    'customerId',
    'deviceId',
  ])('null for %s', async (member) => {
    await sold({ ...saleFor(shop), [member]: null });
  });
  test('a line’s name', async () => {
    for (const [name, kept, flags] of [
      ['', '', []],
      ['x'.repeat(300), 'x'.repeat(200), ['text_changed']],
      ['a\u0000b', 'a\ufffdb', []],
      ['a\ud83d', 'a\ufffd', []],
    ] as const) {
      const sale = saleFor(shop);
      sale.lines[0].name = name;
      const reply = await sold(sale);
      expect([reply.lines[0].name, reply.flags]).toEqual([kept, flags]);
    }
  });

  test('a byte order mark', async () => {
    await sold('\ufeff' + JSON.stringify(saleFor(shop)));
  });

  test('members that we do not know hold what they like', async () => {
    const sale = saleFor(shop);
    const json = JSON.stringify(sale).replace('{', `{"big":[1e400,{"n":-${'9'.repeat(40)}}],"nul":"\\u0000",`);
    const reply = await sold(json);
    expect(reply.flags).toEqual(['unknown_members']);
    const [row] = await query('select extra from sales where id = $1', [reply.id]);
    expect(row.extra).toEqual({ big: ['1e400', { n: `-${'9'.repeat(40)}` }], nul: '\ufffd' });
    expect((await shop.sell(json)).text).toBe(JSON.stringify(reply));
  });

  test('above a billion it is no quantity', async () => {
    for (const quantity of ['1000000000.0001', '6161100000016', '99999999999999']) {
      const sale = { ...quantityOf('1'), total: 0 };
      sale.lines[0].quantity = quantity;
      const reply = await shop.sell(sale);
      expectProblem(reply, 422, 'request.invalid');
      expect(reply.body.errors[0]).toMatchObject({ pointer: '/lines/0/quantity', code: 'too_big' });
      const adjustment = {
        locationId: shop.location.id,
        reason: 'opening',
        lines: [{ variantId: shop.variants[0]!.id, quantityDelta: quantity }],
      };
      const headers = { 'idempotency-key': randomUUID() };
      expectProblem(
        await shop.api('POST', '/v1/stock-adjustments', { body: adjustment, headers }),
        422,
        'request.invalid',
      );
    }
  });

  test('amounts that no JSON number holds are final', async () => {
    const sale = saleFor(shop, { lines: [{ variant: shop.variants[0]!, quantity: '1000000000', unitPrice: 1 }] });
    sale.lines[0].unitPrice = 1_000_000_000_000;
    delete sale.lines[0].gross;
    const reply = await shop.sell(sale);
    expectProblem(reply, 422, 'sale.inconsistent');
    expect(reply.body).toMatchObject({ retriable: false, action: 'fix' });
  });
});

describe('the same sale', () => {
  // As an updated app may write it.
  const rewritten = (sale: any): string => {
    const again = structuredClone(sale);
    again.clientRequestId = again.clientRequestId.toUpperCase();
    again.id = again.id.toUpperCase();
    again.occurredAt = again.occurredAt.replace('Z', '+00:00');
    again.note = null;
    again.orderDiscount = 0;
    again.cashRounding = null;
    again.attempt = 2;
    again.sentAt = new Date().toISOString();
    again.loyalty = { points: 3 };
    again.lines = again.lines.map(({ quantity, ...line }: any) => ({
      discount: 0,
      sku: null,
      quantity: `${quantity}.0`,
      ...line,
    }));
    again.payments[0].method = again.payments[0].method.toUpperCase();
    return JSON.stringify(Object.fromEntries(Object.entries(again).reverse())).replace(/"total":(\d+)/, '"total":$1.0');
  };

  test('written differently is a replay', async () => {
    for (const device of [undefined, shop.devices[0]]) {
      const sale = saleFor(shop, { device });
      const first = await shop.sell(sale);
      expect(first.status, first.text).toBe(201);
      const again = await shop.sell(rewritten(sale));
      expect([again.status, again.text], again.text).toEqual([201, first.text]);
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      await query('delete from idempotency_keys where key = $1', [sale.clientRequestId]);
      const late = await shop.sell(rewritten(sale));
      expect([late.status, late.headers.get('idempotent-replayed')], late.text).toEqual([200, 'resource']);
    }
  });

  test('is recorded whatever the shop has changed since', async () => {
    const other = await openShop(service, { variants: 3, devices: 1 });
    const rounding = (await ok(other.api('GET', '/v1/tenant'), 200)).taxRounding;
    // Three lines whose tax differs by a cent between the two ways of rounding.
    const lines = [1005, 1005, 1005].map((unitPrice) => ({ variant: other.variants[2]!, unitPrice }));
    const [recorded, queued] = [saleFor(other, { lines }), saleFor(other, { lines })];
    const first = await other.sell(recorded);
    expect(first.status, first.text).toBe(201);
    const settings = await other.api('GET', '/v1/tenant');
    await ok(
      other.api('PATCH', '/v1/tenant', {
        body: { taxRounding: rounding === 'line' ? 'rate_group' : 'line' },
        headers: { 'if-match': settings.headers.get('etag')! },
      }),
      200,
    );
    const again = await other.sell(recorded);
    expect([again.status, again.text]).toEqual([201, first.text]);
    const late = await ok(other.sell(queued), 201);
    expect(late).toMatchObject({ taxRounding: rounding, taxTotal: first.body.taxTotal });
    expect(late.flags).toContain('tax_variance');
    // Written otherwise by an updated app, which says what it left open before.
    const said = await other.sell({ ...recorded, note: '', taxRounding: rounding, cashierId: other.userId });
    expect([said.status, said.text]).toEqual([201, first.text]);
    await query('delete from idempotency_keys where key = $1', [recorded.clientRequestId]);
    const later = await other.sell({ ...recorded, note: '' });
    expect([later.status, later.headers.get('idempotent-replayed')], later.text).toEqual([200, 'resource']);
  });

  test('with one cent, line or name changed is another one', async () => {
    const sale = saleFor(shop, { more: { note: 'a' } });
    await sold(sale);
    for (const more of [
      { note: 'b' },
      { note: null },
      { lines: sale.lines.map((line: any) => ({ ...line, name: 'x' })) },
    ]) {
      const reply = await shop.sell({ ...sale, ...more });
      expectProblem(reply, 422, 'idempotency.key_reused');
      expect(reply.body.resourceId).toBe(sale.id);
    }
  });

  test('of a server that stored the older kind of hash', async () => {
    const sale = saleFor(shop, { more: { attempt: 1, newer: true } });
    const first = await shop.sell(sale);
    expect(first.status, first.text).toBe(201);
    const sorted = (value: any): any =>
      Array.isArray(value)
        ? value.map(sorted)
        : value !== null && typeof value === 'object'
          ? Object.fromEntries(
              Object.entries(value)
                .sort()
                .map(([key, item]) => [key, sorted(item)]),
            )
          : value;
    const old = createHash('sha256')
      .update(JSON.stringify(sorted({ ...sale, attempt: undefined })))
      .digest();
    await query('update idempotency_keys set request_hash = $1 where key = $2', [old, sale.clientRequestId]);
    await query('update sales set payload_hash = $1 where id = $2', [old, sale.id]);
    expect((await shop.sell({ ...sale, attempt: 2 })).text).toBe(first.text);
    expectProblem(await shop.sell({ ...sale, newer: false }), 422, 'idempotency.key_reused');
    await query('delete from idempotency_keys where key = $1', [sale.clientRequestId]);
    const late = await shop.sell({ ...sale, attempt: 3 });
    expect([late.status, late.headers.get('idempotent-replayed')]).toEqual([200, 'resource']);
    expectProblem(await shop.sell({ ...sale, note: 'changed' }), 422, 'idempotency.key_reused');
    // Stored by a server that read the same bytes as something else: the same bytes are the same request.
    const stored = Buffer.concat([Buffer.from([2]), Buffer.alloc(32), old]);
    await query('update sales set payload_hash = $1 where id = $2', [stored, sale.id]);
    expect((await shop.sell(sale)).status).toBe(200);
  });

  test('so with every route that takes a key', async () => {
    const key = () => ({ 'idempotency-key': randomUUID() });
    const repeated = async (path: string, first: unknown, second: unknown, other: unknown) => {
      const headers = key();
      const made = await shop.api('POST', path, { body: first, headers });
      expect(made.status, made.text).toBeLessThan(300);
      const again = await shop.api('POST', path, { body: second, headers });
      expect([again.status, again.text], path).toEqual([made.status, made.text]);
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      expectProblem(await shop.api('POST', path, { body: other, headers }), 422, 'idempotency.key_reused');
    };
    const id = randomUUID();
    await repeated('/v1/categories', { id, name: 'Dry goods' }, `{"name":"Dry goods","id":"${id.toUpperCase()}"}`, {
      id,
      name: 'x',
    });
    const product = { name: 'Salt', variants: [{ name: 'Salt 1kg', price: 100 }] };
    await repeated('/v1/products', product, JSON.stringify({ ...product, description: null }).replace('100', '1e2'), {
      ...product,
      name: 'Other',
    });
    const items = (price: string) =>
      `{"items":[{"op":"create","data":{"name":"Rice","variants":[{"name":"Rice","price":${price}}]}}]}`;
    await repeated(
      '/v1/products/batch',
      items('100'),
      items('100.0').replace('"op"', '"key":"a","op"').replace('"key":"a",', ''),
      items('101'),
    );
    const lines = [{ variantId: shop.variants[0]!.id, quantityDelta: '1' }];
    const adjustment = { locationId: shop.location.id, reason: 'adjust', lines };
    await repeated(
      '/v1/stock-adjustments',
      adjustment,
      { ...adjustment, lines: [{ variantId: lines[0]!.variantId.toUpperCase(), quantityDelta: '1.0', note: null }] },
      { ...adjustment, reason: 'opening' },
    );
  });
});

describe('pointers lead into the body as sent', () => {
  const resolve = (body: any, pointer: string) =>
    pointer
      .split('/')
      .slice(1)
      .reduce((at, token) => at?.[token.replaceAll('~1', '/').replaceAll('~0', '~')], body);
  // Every finding names something that was sent, or a missing member of something that was sent.
  const expectPointers = (errors: any[], body: any, wanted: string[]) => {
    for (const { in: where, pointer } of errors) {
      expect(where).toBe('body');
      expect(resolve(body, pointer.slice(0, Math.max(0, pointer.lastIndexOf('/')))), pointer).toBeDefined();
    }
    expect(errors.map((error) => error.pointer)).toEqual(wanted);
  };
  const unknown = randomUUID();

  test('of a sale', async () => {
    const sale = saleFor(shop);
    const numbered = (numbers: number[]) =>
      sale.lines.map((line: any, index: number) => ({ ...line, lineNumber: numbers[index] }));
    const withLine = (change: object) =>
      sale.lines.map((line: any, index: number) => (index === 2 ? { ...line, ...change } : line));
    const cases: [object, string[]][] = [
      [{ lines: numbered([40, 30, 20, 20]) }, ['/lines/3/lineNumber']],
      [{ lines: withLine({ variantId: unknown, lineNumber: 77 }) }, ['/lines/2/variantId']],
      [{ lines: withLine({ discount: 1e9, lineNumber: 77 }) }, ['/lines/2/discount']],
      [{ lines: withLine({ gross: 1, taxAmount: 1, lineNumber: 77 }) }, ['/lines/2/gross', '/lines/2/taxAmount']],
      [{ orderDiscount: 1e9 }, ['/orderDiscount']],
      [{ payments: [] }, ['/creditTotal']],
      [{ payments: [{ method: 'card', amount: 1, tendered: 2 }] }, ['/payments/0/tendered']],
      [{ cashierId: unknown }, ['/cashierId']],
      [{ locationId: unknown, lines: sale.lines }, ['/locationId']],
      [{ lines: withLine({ quantity: undefined }) }, ['/lines/2/quantity']],
    ];
    for (const [change, wanted] of cases) {
      const body = { ...sale, ...change };
      const reply = await shop.sell(body);
      expect(reply.status, reply.text).toBe(422);
      expectPointers(reply.body.errors, body, wanted);
    }
    await sold(sale);
    const [payment] = (await ok(shop.api('GET', `/v1/sales/${sale.id}`), 200)).payments;
    const taken = saleFor(shop, { payments: (amount) => [{ id: payment.id, method: 'cash', amount }] });
    const reply = await shop.sell(taken);
    expectProblem(reply, 409, 'payment.exists');
    expectPointers(reply.body.errors, taken, ['/payments/0/id']);
  });

  test('a hundred at most, however many there are', async () => {
    const line = { name: 'x', quantity: '1', unitPrice: 1, taxCode: 'T', taxRatePpm: 0, gross: 5 };
    const lines = Array.from({ length: 9000 }, (_, index) => ({ ...line, lineNumber: index + 1 }));
    const body = { ...saleFor(shop), lines, total: 1, taxTotal: 0, payments: [] };
    const reply = await shop.sell(body);
    expectProblem(reply, 422, 'sale.total_mismatch');
    expect(reply.body.errors).toHaveLength(100);
    expect(reply.body.errors[99]).toMatchObject({ pointer: '/lines/98/gross' });
    expect(reply.body.detail).toMatch(/; and 8901 more findings$/);
  });

  test('of an adjustment, a product and a batch', async () => {
    const key = () => ({ 'idempotency-key': randomUUID() });
    const variantId = shop.variants[0]!.id;
    const adjustment = {
      locationId: shop.location.id,
      reason: 'adjust',
      lines: [variantId, unknown, variantId, unknown].map((id) => ({ variantId: id, quantityDelta: '1' })),
    };
    const adjusted = await shop.api('POST', '/v1/stock-adjustments', { body: adjustment, headers: key() });
    expectProblem(adjusted, 422, 'variant.unknown');
    expectPointers(adjusted.body.errors, adjustment, ['/lines/1/variantId', '/lines/3/variantId']);

    const barcode = shop.variants[0]!.barcode;
    const product = { name: 'Copy', variants: [{ name: 'Copy', price: 1, barcodes: [{ barcode }] }] };
    const copied = await shop.api('POST', '/v1/products', { body: product, headers: key() });
    expectProblem(copied, 409, 'variant.barcode_taken');
    expectPointers(copied.body.errors, product, ['/variants/0/barcodes/0/barcode']);

    const [id, other] = [randomUUID(), randomUUID()];
    const one = (change: object) => ({ name: 'x', price: 1, ...change });
    const twice = {
      name: 'x',
      variants: [
        one({ id }),
        one({
          id,
          barcodes: [
            { id: other, barcode: '6161100000193' },
            { id: other, barcode: '6161100000209' },
          ],
        }),
      ],
    };
    const repeated = await shop.api('POST', '/v1/products', { body: twice, headers: key() });
    expectProblem(repeated, 422, 'request.invalid');
    expectPointers(repeated.body.errors, twice, ['/variants/1/id', '/variants/1/barcodes/1/id']);

    const taken: [object[], string][] = [
      [[one({}), one({ id: variantId })], '/variants/1/id'],
      [[one({ id: other }), one({ id: variantId })], '/variants'],
      [[one({ barcodes: [{ barcode: '6161100000193' }, { barcode }] })], '/variants/0/barcodes'],
      [[one({ barcodes: [{ barcode: '6161100000193' }] }), one({ barcodes: [{ barcode }] })], '/variants'],
    ];
    for (const [variants, wanted] of taken) {
      const body = { name: 'Taken', variants };
      const reply = await shop.api('POST', '/v1/products', { body, headers: key() });
      expect(reply.status, reply.text).toBe(409);
      expectPointers(reply.body.errors, body, [wanted]);
    }

    const items = [
      { op: 'create', data: { name: 'Fine' } },
      { op: 'create', data: { name: '', variants: [{ name: 'x', price: -1 }] } },
      { op: 'update', data: { name: 'y' } },
      { op: 'create', data: product },
      { op: 'create', data: { name: 'x', taxClassId: unknown } },
      { op: 'create' },
      { op: 'create', id: shop.variants[0]!.productId, data: { name: 'x' } },
    ];
    const batch = { onError: 'continue', items };
    const { results } = await ok(shop.api('POST', '/v1/products/batch', { body: batch, headers: key() }), 200);
    const pointers = results.map((one: any) => one.problem?.errors ?? []);
    expectPointers(pointers.flat(), batch, [
      '/items/1/data/name',
      '/items/1/data/variants/0/price',
      '/items/2/id',
      '/items/2/version',
      '/items/3/data/variants/0/barcodes/0/barcode',
      '/items/4/data/taxClassId',
      '/items/5/data',
      '/items/6/id',
    ]);
  });
});

test('the document says that a repetition may be answered by what is stored', async () => {
  const document = await ok(service.api('GET', '/openapi.json'), 200);
  for (const path of ['/v1/sales', '/v1/stock-adjustments'])
    expect(Object.keys(document.paths[path].post.responses)).toEqual(expect.arrayContaining(['200', '201']));
});

test('the tenant’s day decides which tax rate holds', async () => {
  const far = await openShop(service, { variants: 1, devices: 0, settings: { timeZone: 'Pacific/Kiritimati' } });
  const local = (at: Date) => new Date(at.getTime() + 14 * 3_600_000).toISOString().slice(0, 10);
  const [tax] = far.taxClasses.filter((one) => one.code === far.variants[0]!.taxCode);
  // Its day has come there, and not yet in Greenwich, for fourteen hours of each day; and at all hours the rate of there counts.
  const rates = (await ok(far.api('GET', `/v1/tax-classes/${tax!.id}/rates`), 200)).data;
  await query('update tax_rates set valid_from = $1 where id = $2', [local(new Date()), rates[0].id]);
  const variant = far.variants[0]!;
  const scanned = await ok(far.api('GET', `/v1/variants/lookup?barcode=${variant.barcode}`), 200);
  expect(scanned.taxRatePpm).toBe(variant.taxRatePpm);
  const sell = async (occurredAt: Date, taxRatePpm: number) =>
    (await ok(far.sell(saleFor(far, { occurredAt, lines: [{ variant: { ...variant, taxRatePpm } }] })), 201)).flags;
  expect(await sell(new Date(), variant.taxRatePpm)).toEqual([]);
  expect(await sell(new Date(), variant.taxRatePpm + 1)).toEqual(['tax_variance']);
});

test('a variant of a product that is not sold any more', async () => {
  const { productId, barcode } = await addProduct(shop, 1);
  const etag = (await shop.api('GET', `/v1/products/${productId}`)).headers.get('etag')!;
  const look = async () => (await ok(shop.api('GET', `/v1/variants/lookup?barcode=${barcode}`), 200)).active;
  expect(await look()).toBe(true);
  const headers = { 'if-match': etag };
  await ok(shop.api('PATCH', `/v1/products/${productId}`, { body: { active: false }, headers }), 200);
  expect(await look()).toBe(false);
});
