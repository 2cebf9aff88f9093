// POST /v1/sales: checks and computes the sale, then writes it with all that belongs to it in one transaction.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { and, desc, eq, gt, isNull, lte, or, sql } from 'drizzle-orm';
import { z } from 'zod';
import { computeSale, formatQuantity, parseQuantity } from './arithmetic.js';
import { forbidden, permitted } from './auth.js';
import { db } from './database.js';
import { newId, stockLevelId } from './ids.js';
import { Problem, invalid } from './problem.js';
import { judgeReferences, learn, lookAround, receiptOf } from './receipts.js';
import {
  changePointers,
  excluded,
  idempotencyKeys,
  outboxJobs,
  payments,
  products,
  saleLines,
  saleTaxes,
  sales,
  stockLevels,
  stockMovements,
  taxClasses,
  taxRates,
  tenantCounters,
  tenants,
  variants,
} from './schema.js';

const route = 'POST /v1/sales';
const clockTolerance = 5 * 60_000;
const earliestSale = new Date('2000-01-01T00:00:00Z');
const replyLife = 30 * 86_400_000;
const uniqueViolation = '23505';

const price = z.int().min(0).max(1_000_000_000_000);
const amount = z.int().min(0).max(1_000_000_000_000_000);

const NewSaleLine = z.looseObject({
  lineNumber: z.int().min(1).max(10_000),
  variantId: z.uuid().nullish(),
  name: z.string().min(1).max(200),
  sku: z.string().max(64).nullish(),
  barcode: z.string().max(64).nullish(),
  quantity: z.string().regex(/^(?!0+(?:\.0+)?$)\d{1,9}(?:\.\d{1,4})?$/),
  unitPrice: price,
  taxInclusive: z.boolean().default(true),
  discount: price.default(0),
  taxCode: z.string().min(1).max(16),
  taxRatePpm: z.int().min(0).max(1_000_000),
  taxAmount: z.int().nullish(),
  gross: z.int().nullish(),
});

const NewPayment = z.looseObject({
  id: z.uuid().nullish(),
  method: z.enum(['cash', 'mpesa', 'card', 'bank', 'voucher', 'other']),
  amount: amount.min(1),
  tendered: amount.nullish(),
  reference: z.string().nullish(),
  intentId: z.uuid().nullish(),
});

const NewSale = z.looseObject({
  clientRequestId: z.uuid(),
  id: z.uuid().nullish(),
  locationId: z.uuid(),
  registerId: z.uuid().nullish(),
  shiftId: z.uuid().nullish(),
  deviceId: z.uuid(),
  deviceSeq: z.int().min(1),
  receiptNumber: z.string(),
  occurredAt: z.iso.datetime({ offset: true }),
  customerId: z.uuid().nullish(),
  taxRounding: z.enum(['rate_group', 'line']).nullish(),
  lines: z.array(NewSaleLine).min(1).max(500),
  orderDiscount: amount.default(0),
  cashRounding: z.int().min(-100_000).max(100_000).default(0),
  taxTotal: z.int(),
  total: z.int(),
  payments: z.array(NewPayment).max(20),
  change: amount.nullish(),
  creditTotal: amount.nullish(),
  note: z.string().max(1_000).nullish(),
  sentAt: z.string().max(64).nullish(),
  attempt: z.int().min(0).nullish(),
  appVersion: z.string().max(64).nullish(),
});

// ---- What is known about the shop and its goods ----------------------------------------------------------------------

const tenantId = sql.placeholder('tenant');

const tenantById = db.select().from(tenants).where(eq(tenants.id, tenantId)).prepare('tenant_by_id');

// The tenant's day decides.
const day = sql`(${sql.placeholder('at')}::timestamptz at time zone ${tenants.timeZone})::date`;
const rate = db
  .select({ ratePpm: taxRates.ratePpm, inclusive: taxRates.inclusive })
  .from(taxRates)
  .where(
    and(
      eq(taxRates.tenantId, variants.tenantId),
      eq(taxRates.taxClassId, taxClasses.id),
      isNull(taxRates.deletedAt),
      lte(taxRates.validFrom, day),
      or(isNull(taxRates.validTo), gt(taxRates.validTo, day)),
    ),
  )
  .orderBy(desc(taxRates.validFrom))
  .limit(1)
  .as('rate');

const catalogue = db
  .select({
    variantId: variants.id,
    price: variants.price,
    cost: variants.cost,
    trackStock: products.trackStock,
    taxCode: taxClasses.code,
    taxRatePpm: rate.ratePpm,
    taxInclusive: rate.inclusive,
    onHand: stockLevels.onHand,
  })
  .from(variants)
  .innerJoin(tenants, eq(tenants.id, variants.tenantId))
  .innerJoin(products, and(eq(products.tenantId, variants.tenantId), eq(products.id, variants.productId)))
  .leftJoin(taxClasses, and(eq(taxClasses.tenantId, products.tenantId), eq(taxClasses.id, products.taxClassId)))
  .leftJoinLateral(rate, sql`true`)
  .leftJoin(
    stockLevels,
    and(
      eq(stockLevels.tenantId, variants.tenantId),
      eq(stockLevels.locationId, sql.placeholder('location')),
      eq(stockLevels.variantId, variants.id),
    ),
  )
  .where(and(eq(variants.tenantId, tenantId), sql`${variants.id} = any(${sql.placeholder('variants')}::uuid[])`))
  .prepare('sale_catalogue');

const keyOf = db
  .select()
  .from(idempotencyKeys)
  .where(
    and(
      eq(idempotencyKeys.tenantId, tenantId),
      eq(idempotencyKeys.principalKind, 'member'),
      eq(idempotencyKeys.route, route),
      eq(idempotencyKeys.key, sql.placeholder('key')),
    ),
  )
  .prepare('idempotency_key');

// ---- The rules -------------------------------------------------------------------------------------------------------

const calendars = new Map();

function businessDay(occurredAt, { timeZone, businessDayCutoff }) {
  let calendar = calendars.get(timeZone);
  if (!calendar) {
    calendar = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
    calendars.set(timeZone, calendar);
  }
  return calendar.format(occurredAt.getTime() - businessDayCutoff * 60_000);
}

function checkTotals(sale, totals) {
  const errors = [];
  const compare = (pointer, expected, received) => {
    if (received != null && received !== expected)
      errors.push({ in: 'body', pointer, code: 'mismatch', expected, received });
  };
  compare('/total', totals.total, sale.total);
  compare('/taxTotal', totals.taxTotal, sale.taxTotal);
  sale.lines.forEach((line, i) => {
    compare(`/lines/${i}/gross`, Number(totals.lines[i].gross), line.gross);
    compare(`/lines/${i}/taxAmount`, Number(totals.lines[i].tax), line.taxAmount);
  });
  if (errors.length > 0) {
    throw new Problem(422, 'sale.total_mismatch', 'Sale total does not match its lines', { errors });
  }
}

function checkPayments(sale, total) {
  const errors = [];
  let applied = 0;
  let change = 0;
  sale.payments.forEach((payment, i) => {
    applied += payment.amount;
    if (payment.tendered == null) return;
    const pointer = `/payments/${i}/tendered`;
    if (payment.method !== 'cash' && payment.tendered !== payment.amount) {
      errors.push({ in: 'body', pointer, code: 'change_only_from_cash' });
    } else if (payment.tendered < payment.amount) {
      errors.push({ in: 'body', pointer, code: 'mismatch' });
    } else {
      change += payment.tendered - payment.amount;
    }
  });
  const credit = total - applied;
  if (credit < 0) errors.push({ in: 'body', pointer: '/payments', code: 'overpaid' });
  if (sale.change != null && sale.change !== change) errors.push({ in: 'body', pointer: '/change', code: 'mismatch' });
  if (sale.creditTotal != null && sale.creditTotal !== credit) {
    errors.push({ in: 'body', pointer: '/creditTotal', code: 'mismatch' });
  }
  if (errors.length > 0) {
    throw new Problem(422, 'sale.payments_mismatch', 'The payments do not fit the total', { errors });
  }
  return { applied, change, credit };
}

function compareWithCatalogue(sale, entries, flags) {
  for (const line of sale.lines) {
    const entry = entries.get(line.variantId);
    if (!entry) continue;
    if (entry.price !== line.unitPrice) flags.add('price_variance');
    const sameTax =
      entry.taxCode === line.taxCode &&
      entry.taxRatePpm === line.taxRatePpm &&
      entry.taxInclusive === line.taxInclusive;
    if (entry.taxCode && !sameTax) flags.add('tax_variance');
  }
}

function judgeCashRounding(sale, tenant, flags) {
  if (sale.cashRounding === 0) return;
  const hasCash = sale.payments.some((payment) => payment.method === 'cash');
  if (!hasCash || Math.abs(sale.cashRounding) * 2 > tenant.cashRoundingUnit) flags.add('cash_rounding_variance');
}

const unknownMembers = (schema, value) =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !(name in schema.shape)));

function keptMembers(sale, around, flags) {
  const extra = unknownMembers(NewSale, sale);
  const inParts =
    sale.lines.some((line) => Object.keys(unknownMembers(NewSaleLine, line)).length > 0) ||
    sale.payments.some((payment) => Object.keys(unknownMembers(NewPayment, payment)).length > 0);
  if (inParts || Object.keys(extra).length > 0) flags.add('unknown_members');
  for (const name of ['registerId', 'shiftId', 'customerId']) {
    if (sale[name] == null) continue;
    extra[name] = sale[name];
    flags.add('unlinked_reference');
  }
  if (around.isElsewhere) {
    Object.assign(extra, { deviceId: sale.deviceId, deviceSeq: sale.deviceSeq });
    flags.add('unlinked_reference');
  }
  return extra;
}

// Lines that leave the shelf, and what each variant loses by all of them, in the order of the variants: the order of locks.
function stockOf(sale, entries, tenant, flags) {
  const moved = sale.lines
    .filter((line) => line.variantId && (entries.get(line.variantId)?.trackStock ?? true))
    .map((line) => ({ ...line, delta: -parseQuantity(line.quantity), later: 0n }));
  const sums = new Map();
  for (const line of moved.toReversed()) {
    line.later = sums.get(line.variantId) ?? 0n;
    sums.set(line.variantId, line.later + line.delta);
  }
  const levels = [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [variantId, delta] of levels) {
    const entry = entries.get(variantId);
    if (!entry || tenant.negativeStock === 'allow') continue;
    const [sign, digits] = entry.onHand?.startsWith('-') ? [-1n, entry.onHand.slice(1)] : [1n, entry.onHand ?? '0'];
    if (sign * parseQuantity(digits) + delta < 0n) flags.add('stock_variance');
  }
  return { moved, levels };
}

// The device's clock, where it can be believed; else ours.
const believedTime = (sale, now) => {
  const time = new Date(sale.occurredAt);
  return time < earliestSale || time - now > clockTolerance ? now : time;
};

function judgeClock(sale, now, flags) {
  const time = new Date(sale.occurredAt);
  if (time - now > clockTolerance) flags.add('clock_ahead');
  if (now - time > clockTolerance) flags.add('recorded_late');
  if (time < earliestSale) flags.add('clock_behind');
}

const isImplausible = (line) => parseQuantity(line.quantity) > parseQuantity('100000');

function ringUp(sale, { tenant, entries, around, caller, now, payloadHash }) {
  const taxRounding = sale.taxRounding ?? tenant.taxRounding;
  const totals = computeSale(sale, taxRounding);
  checkTotals(sale, totals);
  const paid = checkPayments(sale, totals.total);

  const flags = new Set();
  judgeClock(sale, now, flags);
  const occurredAt = believedTime(sale, now);
  const receiptNumber = receiptOf(sale, around, flags);
  const extra = keptMembers(sale, around, flags);
  compareWithCatalogue(sale, entries, flags);
  judgeCashRounding(sale, tenant, flags);
  if (sale.lines.some(isImplausible)) flags.add('quantity_implausible');
  if (paid.credit > 0 && sale.creditTotal == null) flags.add('credit_implied');
  const stock = stockOf(sale, entries, tenant, flags);
  const references = judgeReferences(sale, around, flags);

  const id = sale.id ?? newId();
  const row = {
    id,
    locationId: sale.locationId,
    // The count of a till is that till's: a sale from elsewhere does not take its next number away.
    deviceId: around.isElsewhere ? null : sale.deviceId,
    deviceSeq: around.isElsewhere ? null : sale.deviceSeq,
    receiptNumber,
    clientRequestId: sale.clientRequestId,
    kind: 'sale',
    status: 'completed',
    cashierId: caller.userId,
    subtotal: totals.subtotal,
    discountTotal: totals.discountTotal,
    exclusiveTaxTotal: totals.exclusiveTaxTotal,
    taxTotal: totals.taxTotal,
    cashRounding: sale.cashRounding,
    total: totals.total,
    paidTotal: paid.applied,
    changeGiven: paid.change,
    creditTotal: paid.credit,
    taxRounding,
    flags: [...flags].sort(),
    occurredAt,
    deviceOccurredAt: new Date(sale.occurredAt),
    recordedAt: now,
    businessDay: businessDay(occurredAt, tenant),
    late: false,
    note: sale.note ?? null,
    version: 1,
  };
  const lines = totals.lines.map((line) => ({
    lineNumber: line.lineNumber,
    variantId: line.variantId ?? null,
    name: line.name,
    sku: line.sku ?? null,
    barcode: line.barcode ?? null,
    quantity: formatQuantity(parseQuantity(line.quantity)),
    unitPrice: line.unitPrice,
    taxInclusive: line.taxInclusive,
    discount: Number(line.discount),
    orderDiscountShare: Number(line.share),
    taxCode: line.taxCode,
    taxRatePpm: line.taxRatePpm,
    taxAmount: Number(line.tax),
    net: Number(line.net),
    gross: Number(line.gross),
    returnedQuantity: '0',
  }));
  const paymentRows = sale.payments.map((payment, i) => ({
    id: payment.id ?? newId(),
    method: payment.method,
    amount: payment.amount,
    tendered: payment.tendered ?? null,
    reference: references[i].reference,
    intentId: payment.intentId ?? null,
    status: references[i].status,
  }));
  const reply = {
    ...row,
    registerId: null,
    shiftId: null,
    originalSaleId: null,
    customerId: null,
    lines,
    taxes: totals.taxGroups,
    payments: paymentRows,
  };
  return { row: { ...row, payloadHash, extra, createdBy: caller.userId }, reply, references, stock };
}

// ---- The transaction -------------------------------------------------------------------------------------------------

// Named, so that PostgreSQL plans each statement once a connection; the name tells how many rows it inserts.
const run = (query, name) => query.prepare(name).execute();

async function addLines(tx, tenant, { row, reply }, entries) {
  const rows = reply.lines.map((line) => ({
    ...line,
    tenantId: tenant,
    saleId: row.id,
    unitCost: entries.get(line.variantId)?.cost ?? null,
  }));
  await run(tx.insert(saleLines).values(rows), `add_sale_lines_${rows.length}`);
}

async function addTaxes(tx, tenant, { row, reply }) {
  if (reply.taxes.length === 0) return;
  const rows = reply.taxes.map((tax) => ({ ...tax, tenantId: tenant, saleId: row.id }));
  await run(tx.insert(saleTaxes).values(rows), `add_sale_taxes_${rows.length}`);
}

async function addPayments(tx, tenant, { row, reply, references }) {
  if (reply.payments.length === 0) return;
  const rows = reply.payments.map((payment, i) => ({
    ...payment,
    tenantId: tenant,
    saleId: row.id,
    externalRef: references[i].externalRef,
    recordedAt: row.recordedAt,
  }));
  await run(tx.insert(payments).values(rows), `add_payments_${rows.length}`);
}

async function moveStock(tx, tenant, { row, stock }, entries) {
  if (stock.moved.length === 0) return;
  const levels = await run(
    tx
      .insert(stockLevels)
      .values(
        stock.levels.map(([variantId, delta]) => ({
          tenantId: tenant,
          locationId: row.locationId,
          variantId,
          id: stockLevelId(row.locationId, variantId),
          onHand: formatQuantity(delta),
          reserved: '0',
          averageCost: 0,
          version: 1,
          updatedAt: row.recordedAt,
        })),
      )
      .onConflictDoUpdate({
        target: [stockLevels.tenantId, stockLevels.locationId, stockLevels.variantId],
        set: {
          onHand: sql`${stockLevels.onHand} + ${excluded(stockLevels.onHand)}`,
          version: sql`${stockLevels.version} + 1`,
          updatedAt: excluded(stockLevels.updatedAt),
        },
      })
      .returning({ variantId: stockLevels.variantId, onHand: stockLevels.onHand }),
    `move_levels_${stock.levels.length}`,
  );
  const onHand = new Map(levels.map((level) => [level.variantId, level.onHand]));
  const rows = stock.moved.map((line) => ({
    tenantId: tenant,
    id: newId(),
    locationId: row.locationId,
    variantId: line.variantId,
    quantityDelta: formatQuantity(line.delta),
    reason: 'sale',
    unitCost: entries.get(line.variantId)?.cost ?? null,
    sourceType: 'sale',
    sourceId: row.id,
    sourceLine: line.lineNumber,
    occurredAt: row.occurredAt,
    recordedAt: row.recordedAt,
    balanceAfter: sql`${onHand.get(line.variantId)}::numeric - ${formatQuantity(line.later)}::numeric`,
    deviceId: row.deviceId,
  }));
  await run(tx.insert(stockMovements).values(rows), `add_movements_${rows.length}`);
}

const jobOptions = {
  attempts: 20,
  backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
  removeOnComplete: { count: 10_000, age: 86_400 },
};

const addToOutbox = (tx, tenant, { row }) =>
  run(
    tx.insert(outboxJobs).values({
      tenantId: tenant,
      id: newId(),
      position: sql`nextval('outbox_position')`,
      queue: 'events',
      name: 'sale.created',
      data: {
        tenantId: tenant,
        id: row.id,
        locationId: row.locationId,
        receiptNumber: row.receiptNumber,
        businessDay: row.businessDay,
        total: row.total,
        taxTotal: row.taxTotal,
        discountTotal: row.discountTotal,
        occurredAt: row.occurredAt,
      },
      options: jobOptions,
      createdAt: row.recordedAt,
    }),
    'add_outbox_job',
  );

// Last, since the counter's row is the tenant's one bottleneck: held for as short a time as can be.
async function recordChanges(tx, tenant, { row, stock }, originDeviceId) {
  const changes = [
    ...stock.levels.map(([variantId]) => ['stock_levels', stockLevelId(row.locationId, variantId)]),
    ['sales', row.id],
  ];
  const [counter] = await run(
    tx
      .update(tenantCounters)
      .set({ changeSeq: sql`${tenantCounters.changeSeq} + ${changes.length}` })
      .where(eq(tenantCounters.tenantId, tenant))
      .returning(),
    'take_change_numbers',
  );
  await run(
    tx
      .insert(changePointers)
      .values(
        changes.map(([collection, rowId], i) => ({
          tenantId: tenant,
          collection,
          rowId,
          seq: counter.changeSeq - changes.length + i + 1,
          op: 'u',
          locationId: row.locationId,
          originDeviceId,
        })),
      )
      .onConflictDoUpdate({
        target: [changePointers.tenantId, changePointers.collection, changePointers.rowId],
        set: {
          seq: excluded(changePointers.seq),
          op: excluded(changePointers.op),
          locationId: excluded(changePointers.locationId),
          originDeviceId: excluded(changePointers.originDeviceId),
        },
      }),
    `record_changes_${changes.length}`,
  );
}

function commit(caller, rungUp, entries, stored) {
  const tenant = caller.tenantId;
  return db.transaction(async (tx) => {
    await run(tx.insert(idempotencyKeys).values(stored), 'add_idempotency_key');
    await run(tx.insert(sales).values({ tenantId: tenant, ...rungUp.row }), 'add_sale');
    await addLines(tx, tenant, rungUp, entries);
    await addTaxes(tx, tenant, rungUp);
    await addPayments(tx, tenant, rungUp);
    await moveStock(tx, tenant, rungUp, entries);
    await addToOutbox(tx, tenant, rungUp);
    await recordChanges(tx, tenant, rungUp, caller.deviceId);
  });
}

// ---- The route -------------------------------------------------------------------------------------------------------

const transportNoise = new Set(['sentAt', 'attempt', 'appVersion']);

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.keys(value)
    .filter((name) => !transportNoise.has(name))
    .sort();
  return `{${members.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

function answer(ctx, status, { response, etag, location }, replayed) {
  ctx.status = status;
  ctx.set('ETag', etag);
  ctx.set('Location', location);
  if (replayed) ctx.set('Idempotent-Replayed', 'true');
  ctx.type = 'application/json';
  ctx.body = response;
}

async function replay(ctx, stored) {
  const [known] = await keyOf.execute({ tenant: stored.tenantId, key: stored.key });
  if (!known) throw new Problem(409, 'idempotency.in_progress', 'The first request with this key is still running');
  if (!known.requestHash.equals(stored.requestHash)) {
    throw new Problem(422, 'idempotency.key_reused', 'This key belongs to another request');
  }
  answer(ctx, known.status, known, true);
}

const refusals = {
  sales_client_request: ['idempotency.key_reused', 422, 'This key belongs to another request'],
  sales_device_seq: ['device.replaced', 409, 'This device number was used for another sale'],
  sales_receipt: ['sale.receipt_taken', 409, 'Another sale took this receipt number just now'],
  sales_pkey: ['sale.exists', 409, 'A sale with this id exists'],
  payments_reference: ['payment.reference_used', 409, 'Another sale took this payment reference just now'],
  payments_pkey: ['payment.exists', 409, 'A payment with this id exists'],
};

function refusalOf(error) {
  const [code, status, title] = refusals[error.cause?.constraint] ?? [];
  return code ? new Problem(status, code, title) : error;
}

const wrongDevice = () => new Problem(403, 'sale.wrong_device', 'The sale belongs to another device');

function requireDevice(caller, sale) {
  if (caller.deviceId === sale.deviceId || caller.mayAt('sales.push_for_device', sale.locationId)) return;
  throw wrongDevice();
}

// What one may do with a till counts at the till's own location, too.
function judgeTill(caller, sale, around) {
  if (!around.till) return;
  if (caller.deviceId === sale.deviceId) {
    around.isElsewhere = !caller.mayAt('sales.create', around.till.locationId);
  } else if (!caller.mayAt('sales.push_for_device', around.till.locationId)) {
    throw wrongDevice();
  }
}

const storedReply = (caller, sale, rungUp, now) => ({
  tenantId: caller.tenantId,
  principalKind: 'member',
  route,
  key: sale.clientRequestId,
  requestHash: rungUp.row.payloadHash,
  status: 201,
  response: Buffer.from(JSON.stringify(rungUp.reply)),
  etag: `"${rungUp.row.version}"`,
  location: `/v1/sales/${rungUp.row.id}`,
  resourceType: 'sale',
  resourceId: rungUp.row.id,
  createdAt: now,
  expiresAt: new Date(now.getTime() + replyLife),
});

// What another sale has already is no reason to refuse this one: it is rung up again, with a flag.
async function record(ctx, sale, known) {
  const { caller, entries, around, now } = known;
  for (;;) {
    const rungUp = ringUp(sale, known);
    const stored = storedReply(caller, sale, rungUp, now);
    try {
      await commit(caller, rungUp, entries, stored);
      return answer(ctx, 201, stored, false);
    } catch (error) {
      if (error.cause?.code !== uniqueViolation) throw error;
      if (error.cause.constraint === 'idempotency_keys_pkey') return replay(ctx, stored);
      if (!(await learn(caller.tenantId, sale, around, error.cause.constraint))) throw refusalOf(error);
    }
  }
}

export function saleRoutes(router) {
  router.post('/v1/sales', permitted('sales.create'), async (ctx) => {
    const body = NewSale.safeParse(ctx.request.body);
    if (!body.success) throw invalid(body.error, 'body');
    const sale = body.data;
    const { caller } = ctx.state;
    if (!caller.mayAt('sales.create', sale.locationId)) throw forbidden();
    requireDevice(caller, sale);

    const now = new Date();
    const [[tenant], listed, around] = await Promise.all([
      tenantById.execute({ tenant: caller.tenantId }),
      catalogue.execute({
        tenant: caller.tenantId,
        location: sale.locationId,
        variants: sale.lines.map((line) => line.variantId).filter(Boolean),
        at: believedTime(sale, now),
      }),
      lookAround(caller.tenantId, sale),
    ]);
    judgeTill(caller, sale, around);
    const entries = new Map(listed.map((entry) => [entry.variantId, entry]));
    const payloadHash = createHash('sha256').update(canonical(ctx.request.body)).digest();
    await record(ctx, sale, { tenant, entries, around, caller, now, payloadHash });
  });
}
