// What a till does before it sends a sale: prices a basket by the service's rules (pos/arithmetic/README.md) and writes
// the body of POST /v1/sales. Shared by the end-to-end tests and bin/demo-day.
import { randomUUID } from 'node:crypto';

/**
 * @typedef {object} Variant What a till knows of something it sells.
 * @property {string} id
 * @property {string} name
 * @property {number} price Minor units of one unit.
 * @property {string} taxCode
 * @property {number} taxRatePpm
 * @property {boolean} [taxInclusive] True when missing.
 */

/**
 * @typedef {object} BasketLine
 * @property {Variant} variant
 * @property {string} [quantity] Decimal, at most four places; "1" when missing.
 * @property {number} [unitPrice] The catalogue's when missing.
 */

/** a / b, halves away from zero; both positive. @param {bigint} a @param {bigint} b */
export const divideRounded = (a, b) => (2n * a + b) / (2n * b);

/** "1.5" as 15000n. @param {string} quantity */
export function tenThousandths(quantity) {
  const match = /^(\d+)(?:\.(\d{1,4}))?$/.exec(quantity);
  if (!match) throw new Error(`not a quantity: ${quantity}`);
  return BigInt(match[1] ?? '') * 10_000n + BigInt((match[2] ?? '').padEnd(4, '0'));
}

/** @param {number} unitPrice @param {string} quantity */
export const grossOf = (unitPrice, quantity) =>
  Number(divideRounded(BigInt(unitPrice) * tenThousandths(quantity), 10_000n));

/**
 * Tax is computed and rounded once for each group of code, rate and inclusive.
 * @param {{taxCode: string, taxRatePpm: number, taxInclusive: boolean, gross: number}[]} lines
 */
export function totalsOf(lines) {
  /** @type {Map<string, {rate: bigint, inclusive: boolean, gross: bigint}>} */
  const groups = new Map();
  for (const line of lines) {
    const key = `${line.taxCode} ${line.taxRatePpm} ${line.taxInclusive}`;
    const group = groups.get(key) ?? { rate: BigInt(line.taxRatePpm), inclusive: line.taxInclusive, gross: 0n };
    group.gross += BigInt(line.gross);
    groups.set(key, group);
  }
  let total = 0n;
  let taxTotal = 0n;
  for (const { rate, inclusive, gross } of groups.values()) {
    const tax = divideRounded(gross * rate, inclusive ? 1_000_000n + rate : 1_000_000n);
    taxTotal += tax;
    total += inclusive ? gross : gross + tax;
  }
  return { total: Number(total), taxTotal: Number(taxTotal) };
}

/**
 * The body of POST /v1/sales, without payments and numbering.
 * @param {{locationId: string, lines: BasketLine[], occurredAt?: string}} sale
 */
export function ringUp({ locationId, lines, occurredAt = new Date().toISOString() }) {
  const rungUp = lines.map(({ variant, quantity = '1', unitPrice = variant.price }, index) => ({
    lineNumber: index + 1,
    variantId: variant.id,
    name: variant.name,
    quantity,
    unitPrice,
    taxInclusive: variant.taxInclusive ?? true,
    taxCode: variant.taxCode,
    taxRatePpm: variant.taxRatePpm,
    gross: grossOf(unitPrice, quantity),
  }));
  return {
    clientRequestId: randomUUID(),
    id: randomUUID(),
    locationId,
    occurredAt,
    lines: rungUp,
    ...totalsOf(rungUp),
  };
}
