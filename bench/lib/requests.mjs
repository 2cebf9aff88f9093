// What is asked for: files that wrk's scripts read.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const basketsOfShop = 8;

// Three lines with a fraction among them, tax inside the prices, cash with change.
function basket(shop, number) {
  const lines = [0, 1, 2].map((i) => {
    const variant = shop.variants[(number * 5 + i * 17) % shop.variants.length];
    const [quantity, tenths] = [
      ['1', 10],
      ['2', 20],
      ['1.5', 15],
    ][i];
    const gross = Math.round((variant.price * tenths) / 10);
    return { variant, quantity, gross, lineNumber: i + 1 };
  });
  const total = lines.reduce((sum, { gross }) => sum + gross, 0);
  const taxed = lines.filter(({ variant }) => variant.tax_rate_ppm > 0).reduce((sum, { gross }) => sum + gross, 0);
  return {
    locationId: shop.location_id,
    deviceId: shop.device_id,
    lines: lines.map(({ variant, quantity, lineNumber }) => ({
      lineNumber,
      variantId: variant.id,
      name: variant.name,
      sku: variant.sku,
      quantity,
      unitPrice: variant.price,
      taxInclusive: true,
      taxCode: variant.tax_code,
      taxRatePpm: variant.tax_rate_ppm,
    })),
    taxTotal: Math.round((taxed * 160_000) / 1_160_000),
    total,
    payments: [{ method: 'cash', amount: total, tendered: Math.ceil(total / 10_000) * 10_000 }],
  };
}

export const receiptPrefix = (shop) => `${shop.code}-0${shop.device_number}-`;

export const saleOf = (shop, number, sequence, clientRequestId) => ({
  clientRequestId,
  deviceSeq: sequence,
  receiptNumber: `${receiptPrefix(shop)}${sequence}`,
  occurredAt: new Date().toISOString(),
  ...basket(shop, number),
});

const interleaved = (lists) => lists[0].flatMap((_, i) => lists.map((list) => list[i]));

function writeRows(directory, name, rows) {
  const path = join(directory, `${name}.txt`);
  writeFileSync(path, rows.map((row) => row.join('\t')).join('\n') + '\n');
  return path;
}

const baskets = (shop) =>
  Array.from({ length: basketsOfShop }, (_, i) => [
    shop.token,
    receiptPrefix(shop),
    JSON.stringify(basket(shop, i)).slice(1),
  ]);

// A line for each basket of one shop: token, receipt prefix and the body's end.
export const writeSales = (directory, name, shop) => writeRows(directory, name, baskets(shop));

// A line for each: path and token; or as writeSales().
export function writeRequests(directory, { shops, deep }, lastCursor) {
  const write = (name, rows) => writeRows(directory, name, rows);
  const pageAt = (cursor) => `/v1/products?limit=20${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
  return {
    health: () => write('health', [['/health']]),
    'product-by-id': () =>
      write(
        'product-by-id',
        interleaved(shops.map((shop) => shop.product_ids.map((id) => [`/v1/products/${id}`, shop.token]))),
      ),
    'product-page': () =>
      write(
        'product-page',
        shops.map((shop) => [pageAt(), shop.token]),
      ),
    sale: () => write('sale', interleaved(shops.map(baskets))),
    'sale-hot-tenant': () => writeSales(directory, 'sale-hot-tenant', shops[0]),
    'page-first-of-many': () => write('page-first-of-many', [[pageAt(), deep.token]]),
    'page-last-of-many': (server) => write(`page-last-${server}`, [[pageAt(lastCursor[server]), deep.token]]),
  };
}
