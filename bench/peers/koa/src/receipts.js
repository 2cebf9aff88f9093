// What another sale may have already: receipt numbers and M-Pesa codes. Neither refuses a sale, whose goods have left the
// shop; both flag it. The rules are those of pos/modules/sales (docs/errors.md, "What a sale may look like").
import { and, eq, inArray, sql } from 'drizzle-orm';
import { db } from './database.js';
import { devices, locations, payments, sales } from './schema.js';

const longest = 64;
const tenantId = sql.placeholder('tenant');
const unchecked = sql`${sales.flags} && '{receipt_number_foreign,receipt_number_duplicate}'`;

const placeOfTill = db
  .select({ code: locations.code, deviceNumber: devices.deviceNumber, locationId: devices.locationId })
  .from(locations)
  .innerJoin(devices, and(eq(devices.tenantId, locations.tenantId), eq(devices.id, sql.placeholder('device'))))
  .where(and(eq(locations.tenantId, tenantId), eq(locations.id, sql.placeholder('location'))))
  .prepare('till_place');

const saleWithNumber = (condition) =>
  db
    .select({ one: sql`1` })
    .from(sales)
    .where(
      and(
        eq(sales.tenantId, tenantId),
        eq(sales.receiptNumber, sql.placeholder('number')),
        sql`${sales.clientRequestId} <> ${sql.placeholder('request')}`,
        condition,
      ),
    );

// Each half has its index.
const receiptTaken = db
  .select({
    taken: sql`exists ${saleWithNumber(sql`not (${unchecked})`)} or exists ${saleWithNumber(unchecked)}`,
  })
  .from(sql`(values (1)) as one`)
  .prepare('receipt_taken');

const usedReferences = db
  .select({ code: payments.externalRef })
  .from(payments)
  .where(
    and(
      eq(payments.tenantId, tenantId),
      inArray(payments.method, ['mpesa', 'other']),
      sql`${payments.externalRef} = any(${sql.placeholder('codes')}::text[])`,
    ),
  )
  .prepare('used_references');

const firstCharacters = (text) => (text.length > longest ? [...text].slice(0, longest).join('') : text);

// What can be seen of it, on one line.
const printedNumber = (sent) =>
  firstCharacters(
    sent
      .normalize('NFC')
      .replace(/[\p{Cc}\p{Cf}]/gu, '')
      .trim(),
  );

const textOf = ({ code, deviceNumber }, sequence) =>
  `${code}-${String(deviceNumber).padStart(2, '0')}-${String(sequence).padStart(6, '0')}`;

function isOwn(number, { code, deviceNumber }, sequence) {
  if (!number.startsWith(`${code}-`)) return false;
  const [, device, count] = /^(\d+)-(\d+)$/.exec(number.slice(code.length + 1)) ?? [];
  return Number(device) === deviceNumber && Number(count) === sequence;
}

// The code that a text is, in its one spelling: ten letters and digits.
function mpesaCode(reference) {
  const code = reference.normalize('NFKC').replace(/[ -/:-@[-`{-~]/g, '');
  return /^[0-9A-Za-z]{10}$/.test(code) ? code.toUpperCase() : null;
}

// Of other methods only with a letter and a digit, as their slips may have a number of ten.
function codeOf({ method, reference }) {
  const code = reference == null ? null : mpesaCode(reference);
  return code === null || method === 'mpesa' || (/\d/.test(code) && /[A-Z]/.test(code)) ? code : null;
}

async function findUsed(tenant, sale) {
  const codes = sale.payments.map(codeOf).filter(Boolean);
  if (codes.length === 0) return [];
  return (await usedReferences.execute({ tenant, codes })).map(({ code }) => code);
}

async function findTaken(tenant, sale, number) {
  const [{ taken }] = await receiptTaken.execute({ tenant, number, request: sale.clientRequestId });
  return taken;
}

// Read beside the catalogue: { till, isTaken, used }.
export async function lookAround(tenant, sale) {
  const printed = printedNumber(sale.receiptNumber);
  const [[till], isTaken, used] = await Promise.all([
    placeOfTill.execute({ tenant, location: sale.locationId, device: sale.deviceId }),
    printed && findTaken(tenant, sale, printed),
    findUsed(tenant, sale),
  ]);
  if (printed || !till) return { till, isTaken: Boolean(isTaken), used };
  return { till, isTaken: await findTaken(tenant, sale, textOf(till, sale.deviceSeq)), used };
}

// Another sale took it just now. True when the next attempt will know of it.
export async function learn(tenant, sale, around, constraint) {
  if (constraint === 'sales_receipt') {
    const isNews = !around.isTaken;
    around.isTaken = true;
    return isNews;
  }
  if (constraint !== 'payments_reference') return false;
  const before = around.used.length;
  around.used = await findUsed(tenant, sale);
  return around.used.length > before;
}

export function receiptOf(sale, { till, isTaken, isElsewhere }, flags) {
  let number = printedNumber(sale.receiptNumber);
  const own = till && !isElsewhere && isOwn(number, till, sale.deviceSeq);
  if (!number && till) number = textOf(till, sale.deviceSeq);
  if (number !== sale.receiptNumber) flags.add('text_changed');
  if (!own) flags.add('receipt_number_foreign');
  if (isTaken) flags.add('receipt_number_duplicate');
  return number;
}

// One code pays once. Nothing of M-Pesa is believed before it is matched.
export function judgeReferences(sale, around, flags) {
  const used = new Set(around.used);
  return sale.payments.map((payment) => {
    const code = codeOf(payment);
    const isMpesa = payment.method === 'mpesa';
    const isReused = code !== null && used.has(code);
    const paysByCode = code !== null && !isReused && (isMpesa || payment.method === 'other');
    if (isReused) flags.add('payment_reference_reused');
    if (paysByCode) used.add(code);
    const said = payment.reference?.trim() ? payment.reference : null;
    const kept = said === null ? null : firstCharacters(said);
    if (kept !== said) flags.add('text_changed');
    return {
      reference: isMpesa && code !== null ? code : kept,
      externalRef: paysByCode ? code : null,
      status: isMpesa || isReused ? 'unverified' : 'accepted',
    };
  });
}
