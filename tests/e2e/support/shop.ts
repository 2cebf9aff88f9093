// A shop that is ready to sell, made over the API alone, and sales for it.
//
//     const shop = await openShop(service);
//     const reply = await shop.sell(saleFor(shop, { lines: [{ variant: shop.variants[0], quantity: '1.5' }] }));
import { randomBytes, randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type BasketLine, ringUp, type Variant } from '../../demo-day/till.mjs';
import type { CallOptions, Reply, Service } from './service.js';

export { grossOf, ringUp, totalsOf } from '../../demo-day/till.mjs';

export const password = 'correct horse battery staple';

export interface Device {
  id: string;
  number: number;
  // The last number that saleFor() gave.
  seq: number;
}

export interface ShopVariant extends Variant {
  productId: string;
  barcode: string;
}

export interface Shop {
  service: Service;
  email: string;
  tenantId: string;
  userId: string;
  token: string;
  refreshToken: string;
  location: { id: string; code: string };
  taxClasses: { id: string; code: string; ratePpm: number; rateId: string }[];
  devices: Device[];
  variants: ShopVariant[];
  api<Body = any>(method: string, path: string, options?: CallOptions): Promise<Reply<Body>>;
  // POST of something new, with a key of its own; fails the test unless it is 201.
  create<Body = any>(path: string, body: unknown): Promise<Body>;
  sell(sale: unknown, options?: CallOptions): Promise<Reply<any>>;
}

export interface ShopOptions {
  variants?: number;
  devices?: number;
  settings?: Record<string, unknown>;
}

// Standard, reduced and zero-rated, as in Kenya.
const taxes = [
  { code: 'VAT16', ratePpm: 160_000, kind: 'standard' },
  { code: 'VAT8', ratePpm: 80_000, kind: 'reduced' },
  { code: 'ZERO', ratePpm: 0, kind: 'zero' },
];

export async function openShop(
  service: Service,
  { variants = 4, devices = 1, settings }: ShopOptions = {},
): Promise<Shop> {
  const shop = await signUp(service);
  if (settings) await changeSettings(shop, settings);
  const locations = await ok(shop.api('GET', '/v1/locations'), 200);
  shop.location = locations.data[0];
  shop.taxClasses = await makeTaxes(shop);
  for (let index = 1; index <= devices; ++index) shop.devices.push(await addDevice(shop, `Till ${index}`));
  for (let index = 1; index <= variants; ++index) shop.variants.push(await addProduct(shop, index));
  if (variants > 0) await addStock(shop, shop.variants, '100000');
  return shop;
}

export async function signUp(service: Service): Promise<Shop> {
  const email = `owner-${randomBytes(6).toString('hex')}@duka.example`;
  const shop: Shop = {
    service,
    email,
    tenantId: '',
    userId: '',
    token: '',
    refreshToken: '',
    location: { id: '', code: '' },
    taxClasses: [],
    devices: [],
    variants: [],
    api: (method, path, options = {}) => service.api(method, path, { token: shop.token, ...options }),
    create: async (path, body) =>
      ok(shop.api('POST', path, { body, headers: { 'idempotency-key': `"${randomUUID()}"` } }), 201),
    sell: (sale, options = {}) => shop.api('POST', '/v1/sales', { body: sale, ...options }),
  };
  await ok(
    service.api('POST', '/v1/tenants', {
      body: signUpBody(email),
      headers: { 'idempotency-key': `"${randomUUID()}"` },
    }),
    201,
  );
  await logIn(shop);
  return shop;
}

export const signUpBody = (email: string): Record<string, unknown> => ({
  tenant: { name: 'Duka la Amani' },
  owner: { name: 'Amani Otieno', email, password },
  location: { code: 'NRB1', name: 'Moi Avenue' },
});

export async function logIn(shop: Shop): Promise<void> {
  const session = await ok(shop.service.api('POST', '/v1/auth/login', { body: { email: shop.email, password } }), 200);
  shop.token = session.accessToken;
  shop.refreshToken = session.refreshToken;
  shop.tenantId = session.tenant.id;
  shop.userId = session.user.id;
}

export async function changeSettings(shop: Shop, settings: Record<string, unknown>): Promise<void> {
  const present = await shop.api('GET', '/v1/tenant');
  await ok(
    shop.api('PATCH', '/v1/tenant', { body: settings, headers: { 'if-match': present.headers.get('etag') ?? '' } }),
    200,
  );
}

// What sign-up brought along is taken, the rest is made.
async function makeTaxes(shop: Shop): Promise<Shop['taxClasses']> {
  const present: any[] = (await ok(shop.api('GET', '/v1/tax-classes?limit=100'), 200)).data;
  const made: Shop['taxClasses'] = [];
  for (const tax of taxes) {
    const known = present.find((one) => one.code === tax.code);
    const { id } = known ?? (await shop.create('/v1/tax-classes', { code: tax.code, name: tax.code }));
    const rates: any[] = (await ok(shop.api('GET', `/v1/tax-classes/${id}/rates`), 200)).data;
    const rate =
      rates[0] ??
      (await shop.create(`/v1/tax-classes/${id}/rates`, {
        name: tax.code,
        ratePpm: tax.ratePpm,
        kind: tax.kind,
        inclusive: true,
        validFrom: '2020-01-01',
      }));
    expect(rate.ratePpm, tax.code).toBe(tax.ratePpm);
    made.push({ id, code: tax.code, ratePpm: tax.ratePpm, rateId: rate.id });
  }
  return made;
}

// Gives the adjustment's id.
export async function addStock(shop: Shop, variants: Variant[], quantity: string): Promise<string> {
  const lines = variants.map(({ id }) => ({ variantId: id, quantityDelta: quantity }));
  const body = { clientRequestId: randomUUID(), locationId: shop.location.id, reason: 'opening', lines };
  return (await ok(shop.api('POST', '/v1/stock-adjustments', { body }), 201)).id;
}

export async function addDevice(shop: Shop, name: string): Promise<Device> {
  const device = await shop.create('/v1/devices', { locationId: shop.location.id, name });
  return { id: device.id, number: device.deviceNumber, seq: 0 };
}

let products = 0;

export async function addProduct(shop: Shop, index: number): Promise<ShopVariant> {
  const tax = shop.taxClasses[index % shop.taxClasses.length]!;
  const name = `Product ${index}`;
  const price = 1_005 * index;
  const barcode = ean13(610_000_000_000 + ++products);
  const { id } = await shop.create('/v1/products', {
    name,
    taxClassId: tax.id,
    variants: [{ name, price, cost: Math.floor(price / 2), barcodes: [{ barcode }] }],
  });
  const product = await ok(shop.api('GET', `/v1/products/${id}?include=variants`), 200);
  const [variant] = product.variants;
  return {
    id: variant.id,
    productId: product.id,
    name,
    price,
    barcode,
    taxCode: tax.code,
    taxRatePpm: tax.ratePpm,
  };
}

// Twelve digits and their check digit.
export function ean13(twelve: number): string {
  const digits = String(twelve).padStart(12, '0');
  const sum = [...digits].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0);
  return digits + ((10 - (sum % 10)) % 10);
}

export interface SaleOptions {
  // One of each when missing.
  lines?: BasketLine[];
  // Numbers the sale; without one the server does. `seq` overrides the device's count.
  device?: Device;
  seq?: number;
  occurredAt?: Date;
  // How the total is split; all cash when missing.
  payments?: (total: number) => Record<string, unknown>[];
  // Put over the finished body.
  more?: Record<string, unknown>;
}

export function saleFor(shop: Shop, options: SaleOptions = {}): any {
  const lines = options.lines ?? shop.variants.map((variant) => ({ variant }));
  const sale = ringUp({
    locationId: shop.location.id,
    lines,
    occurredAt: (options.occurredAt ?? new Date()).toISOString(),
  });
  const payments = options.payments ?? ((total) => [{ method: 'cash', amount: total }]);
  return { ...sale, payments: payments(sale.total), ...numbering(shop, options), ...options.more };
}

function numbering(shop: Shop, { device, seq }: SaleOptions): Record<string, unknown> {
  if (!device) return {};
  const number = seq ?? ++device.seq;
  return {
    deviceId: device.id,
    deviceSeq: number,
    receiptNumber: `${shop.location.code}-${String(device.number).padStart(2, '0')}-${String(number).padStart(6, '0')}`,
  };
}

// The body, if the status is the expected one; otherwise the test fails with what came instead.
export async function ok<Body = any>(call: Promise<Reply<Body>>, status: number): Promise<Body> {
  const reply = await call;
  expect(reply.status, reply.text).toBe(status);
  return reply.body;
}

// A problem document as every client may rely on (RFC 9457 and four members).
export function expectProblem(reply: Reply<any>, status: number, code: string): void {
  expect(reply.status, reply.text).toBe(status);
  expect(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(reply.body).toMatchObject({
    type: expect.stringMatching(new RegExp(`/problems/${code.replaceAll('.', '\\.')}$`)),
    title: expect.any(String),
    status,
    instance: expect.any(String),
    code,
    retriable: expect.any(Boolean),
    action: expect.stringMatching(/^(retry|refresh_auth|fix|pull_first|upgrade|pay|contact)$/),
    requestId: reply.headers.get('x-request-id'),
  });
  expect(reply.headers.get('x-retriable')).toBe(String(reply.body.retriable));
}

// Levels against the ledger, behind the service's back; gives the number of levels compared.
export async function expectLevelsToEqualMovements(shop: Shop): Promise<number> {
  const rows = await shop.service.database.query<{ variant_id: string; on_hand: string; moved: string }>(
    `select coalesce(l.variant_id, m.variant_id) as variant_id, l.on_hand, m.moved
       from (select location_id, variant_id, on_hand from stock_levels where tenant_id = $1) l
       full join (select location_id, variant_id, sum(quantity_delta) as moved
                    from stock_movements where tenant_id = $1 group by 1, 2) m using (location_id, variant_id)`,
    [shop.tenantId],
  );
  for (const row of rows)
    expect(Number(row.on_hand ?? NaN), `level of ${row.variant_id}`).toBe(Number(row.moved ?? NaN));
  return rows.length;
}

// A till's, as the simulator of Daraja takes them. Each call has secrets of its own, so that a leak of one is found.
export const mpesaCredentials = () => ({
  environment: 'sandbox',
  kind: 'paybill',
  shortCode: '174379',
  consumerKey: 'key-of-the-tests',
  consumerSecret: `secret-${randomBytes(12).toString('hex')}`,
  passkey: `passkey-${randomBytes(12).toString('hex')}`,
});
