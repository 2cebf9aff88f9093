// The tables of pos/migrations that the measured routes touch, as Drizzle sees them.
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  customType,
  date,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';

const money = (name) => bigint(name, { mode: 'number' });
const time = (name) => timestamp(name, { withTimezone: true, mode: 'date' });
const quantity = (name) => numeric(name, { precision: 18, scale: 4 });
const bytes = customType({ dataType: () => 'bytea' });

export const tenants = pgTable('tenants', {
  id: uuid('id').primaryKey(),
  timeZone: text('time_zone').notNull(),
  businessDayCutoff: integer('business_day_cutoff').notNull(),
  taxRounding: text('tax_rounding').notNull(),
  cashRoundingUnit: money('cash_rounding_unit').notNull(),
  negativeStock: text('negative_stock').notNull(),
  status: text('status').notNull(),
});

export const tenantCounters = pgTable('tenant_counters', {
  tenantId: uuid('tenant_id').primaryKey(),
  changeSeq: money('change_seq').notNull(),
});

export const users = pgTable('users', { id: uuid('id').primaryKey(), disabledAt: time('disabled_at') });

export const sessions = pgTable('sessions', {
  id: uuid('id').primaryKey(),
  userId: uuid('user_id').notNull(),
  tenantId: uuid('tenant_id').notNull(),
  deviceId: uuid('device_id'),
  expiresAt: time('expires_at').notNull(),
  revokedAt: time('revoked_at'),
});

export const memberships = pgTable('memberships', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  userId: uuid('user_id').notNull(),
  status: text('status').notNull(),
  deletedAt: time('deleted_at'),
});

export const membershipRoles = pgTable('membership_roles', {
  tenantId: uuid('tenant_id').notNull(),
  membershipId: uuid('membership_id').notNull(),
  roleId: uuid('role_id').notNull(),
  locationId: uuid('location_id'),
});

export const roles = pgTable('roles', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  permissions: text('permissions').array().notNull(),
  deletedAt: time('deleted_at'),
});

export const devices = pgTable('devices', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  locationId: uuid('location_id').notNull(),
  deviceNumber: integer('device_number').notNull(),
  status: text('status').notNull(),
  deletedAt: time('deleted_at'),
});

export const locations = pgTable('locations', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  code: text('code').notNull(),
});

export const products = pgTable('products', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  name: text('name').notNull(),
  description: text('description'),
  categoryId: uuid('category_id'),
  brand: text('brand'),
  soldBy: text('sold_by').notNull(),
  taxClassId: uuid('tax_class_id'),
  trackStock: boolean('track_stock').notNull(),
  active: boolean('active').notNull(),
  imageId: uuid('image_id'),
  imageUrl: text('image_url'),
  version: integer('version').notNull(),
  createdAt: time('created_at').notNull(),
  updatedAt: time('updated_at').notNull(),
  deletedAt: time('deleted_at'),
});

export const variants = pgTable('variants', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  productId: uuid('product_id').notNull(),
  price: money('price').notNull(),
  cost: money('cost'),
});

export const taxClasses = pgTable('tax_classes', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  code: text('code').notNull(),
});

export const taxRates = pgTable('tax_rates', {
  tenantId: uuid('tenant_id').notNull(),
  taxClassId: uuid('tax_class_id').notNull(),
  ratePpm: integer('rate_ppm').notNull(),
  inclusive: boolean('inclusive').notNull(),
  validFrom: date('valid_from').notNull(),
  validTo: date('valid_to'),
  deletedAt: time('deleted_at'),
});

export const stockLevels = pgTable(
  'stock_levels',
  {
    tenantId: uuid('tenant_id').notNull(),
    locationId: uuid('location_id').notNull(),
    variantId: uuid('variant_id').notNull(),
    id: uuid('id').notNull(),
    onHand: quantity('on_hand').notNull(),
    reserved: quantity('reserved').notNull(),
    averageCost: money('average_cost').notNull(),
    version: integer('version').notNull(),
    updatedAt: time('updated_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.locationId, table.variantId] })],
);

export const stockMovements = pgTable('stock_movements', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  locationId: uuid('location_id').notNull(),
  variantId: uuid('variant_id').notNull(),
  quantityDelta: quantity('quantity_delta').notNull(),
  reason: text('reason').notNull(),
  unitCost: money('unit_cost'),
  sourceType: text('source_type').notNull(),
  sourceId: uuid('source_id').notNull(),
  sourceLine: integer('source_line').notNull(),
  occurredAt: time('occurred_at').notNull(),
  recordedAt: time('recorded_at').notNull(),
  balanceAfter: quantity('balance_after').notNull(),
  deviceId: uuid('device_id'),
});

export const sales = pgTable('sales', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  locationId: uuid('location_id').notNull(),
  deviceId: uuid('device_id'),
  deviceSeq: money('device_seq'),
  receiptNumber: text('receipt_number').notNull(),
  clientRequestId: uuid('client_request_id').notNull(),
  kind: text('kind').notNull(),
  status: text('status').notNull(),
  cashierId: uuid('cashier_id'),
  subtotal: money('subtotal').notNull(),
  discountTotal: money('discount_total').notNull(),
  exclusiveTaxTotal: money('exclusive_tax_total').notNull(),
  taxTotal: money('tax_total').notNull(),
  cashRounding: money('cash_rounding').notNull(),
  total: money('total').notNull(),
  paidTotal: money('paid_total').notNull(),
  changeGiven: money('change_given').notNull(),
  creditTotal: money('credit_total').notNull(),
  taxRounding: text('tax_rounding').notNull(),
  flags: text('flags').array().notNull(),
  occurredAt: time('occurred_at').notNull(),
  deviceOccurredAt: time('device_occurred_at').notNull(),
  recordedAt: time('recorded_at').notNull(),
  businessDay: date('business_day').notNull(),
  late: boolean('late').notNull(),
  note: text('note'),
  payloadHash: bytes('payload_hash').notNull(),
  extra: jsonb('extra').notNull(),
  version: integer('version').notNull(),
  createdBy: uuid('created_by'),
});

export const saleLines = pgTable('sale_lines', {
  tenantId: uuid('tenant_id').notNull(),
  saleId: uuid('sale_id').notNull(),
  lineNumber: integer('line_number').notNull(),
  variantId: uuid('variant_id'),
  name: text('name').notNull(),
  sku: text('sku'),
  barcode: text('barcode'),
  quantity: quantity('quantity').notNull(),
  unitPrice: money('unit_price').notNull(),
  taxInclusive: boolean('tax_inclusive').notNull(),
  discount: money('discount').notNull(),
  orderDiscountShare: money('order_discount_share').notNull(),
  taxCode: text('tax_code').notNull(),
  taxRatePpm: integer('tax_rate_ppm').notNull(),
  taxAmount: money('tax_amount').notNull(),
  net: money('net').notNull(),
  gross: money('gross').notNull(),
  unitCost: money('unit_cost'),
  returnedQuantity: quantity('returned_quantity').notNull(),
});

export const saleTaxes = pgTable('sale_taxes', {
  tenantId: uuid('tenant_id').notNull(),
  saleId: uuid('sale_id').notNull(),
  taxCode: text('tax_code').notNull(),
  taxRatePpm: integer('tax_rate_ppm').notNull(),
  inclusive: boolean('inclusive').notNull(),
  taxableNet: money('taxable_net').notNull(),
  tax: money('tax').notNull(),
});

export const payments = pgTable('payments', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  saleId: uuid('sale_id'),
  method: text('method').notNull(),
  amount: money('amount').notNull(),
  tendered: money('tendered'),
  reference: text('reference'),
  externalRef: text('external_ref'),
  intentId: uuid('intent_id'),
  status: text('status').notNull(),
  recordedAt: time('recorded_at').notNull(),
});

export const idempotencyKeys = pgTable('idempotency_keys', {
  tenantId: uuid('tenant_id').notNull(),
  principalKind: text('principal_kind').notNull(),
  route: text('route').notNull(),
  key: text('key').notNull(),
  requestHash: bytes('request_hash').notNull(),
  status: integer('status').notNull(),
  response: bytes('response').notNull(),
  etag: text('etag'),
  location: text('location'),
  resourceType: text('resource_type'),
  resourceId: uuid('resource_id'),
  createdAt: time('created_at').notNull(),
  expiresAt: time('expires_at').notNull(),
});

export const outboxJobs = pgTable('outbox_jobs', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  position: bigint('position', { mode: 'number' })
    .notNull()
    .default(sql`nextval('outbox_position')`),
  queue: text('queue').notNull(),
  name: text('name').notNull(),
  data: jsonb('data').notNull(),
  options: jsonb('options').notNull(),
  createdAt: time('created_at').notNull(),
});

export const changePointers = pgTable(
  'change_pointers',
  {
    tenantId: uuid('tenant_id').notNull(),
    collection: text('collection').notNull(),
    rowId: uuid('row_id').notNull(),
    seq: money('seq').notNull(),
    op: text('op').notNull(),
    locationId: uuid('location_id'),
    originDeviceId: uuid('origin_device_id'),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.collection, table.rowId] })],
);

export const paymentAccounts = pgTable('payment_accounts', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  callbackTokenHash: bytes('callback_token_hash').notNull(),
});

export const providerEvents = pgTable('provider_events', {
  tenantId: uuid('tenant_id').notNull(),
  id: uuid('id').notNull(),
  accountId: uuid('account_id').notNull(),
  provider: text('provider').notNull(),
  kind: text('kind').notNull(),
  dedupeKey: text('dedupe_key').notNull(),
  body: bytes('body').notNull(),
  headers: jsonb('headers').notNull(),
  trusted: boolean('trusted').notNull(),
  attemptRef: text('attempt_ref'),
  receivedAt: time('received_at').notNull(),
  intentId: uuid('intent_id'),
  dueAt: time('due_at'),
  deliveries: integer('deliveries').notNull(),
});

// Of an upsert: the value that was to be inserted.
export const excluded = (column) => sql.raw(`excluded.${column.name}`);
