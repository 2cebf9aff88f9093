// Requests and replies of the module, as pos/arithmetic/packed.h has them.
import type { ArithmeticCode, ArithmeticError, Basket, LineAmounts, LineReturn, SaleTotals } from './index.js';

export const mostLines = 10_000;
const scale = 10_000;
// What the service keeps of a tax code, in characters.
const keptOfTaxCode = 64;

const codes: ArithmeticCode[] = [
  'overflow',
  'no_lines',
  'duplicate_line_number',
  'quantity_not_positive',
  'unit_price_negative',
  'rate_negative',
  'discount_out_of_range',
  'order_discount_out_of_range',
  'total_negative',
  'cash_unit_not_positive',
  'weights_out_of_range',
  'return_quantity_out_of_range',
  'return_amounts_inconsistent',
];
const ofLines: ArithmeticCode[] = codes.slice(2, 7);

/** Ends a calculation with its error. */
export class Refused extends Error {
  constructor(readonly error: ArithmeticError) {
    super(error.code);
  }
}

export const refuse = (code: ArithmeticCode, lineNumber?: number): never => {
  throw new Refused({ code, ...(lineNumber !== undefined && { lineNumber }) });
};

/** Of a decimal: '1.5' is 15000. */
function tenThousandths(text: string, lineNumber?: number): number {
  const parts = typeof text === 'string' ? /^(-?)(0|[1-9]\d{0,13})(?:\.(\d{1,4}))?$/.exec(text) : null;
  if (!parts) return refuse('malformed', lineNumber);
  const value = Number(parts[2]) * scale + Number((parts[3] ?? '').padEnd(4, '0'));
  if (!Number.isSafeInteger(value)) return refuse('malformed', lineNumber);
  return parts[1] && value !== 0 ? -value : value;
}

class Writer {
  private bytes = new Uint8Array(1024);
  private view = new DataView(this.bytes.buffer);
  private at = 0;

  private room(bytes: number): number {
    const at = this.at;
    this.at += bytes;
    if (this.at > this.bytes.length) {
      const larger = new Uint8Array(this.at * 2);
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }

  i32(value: number, lineNumber?: number): void {
    if (!Number.isInteger(value) || value < -0x8000_0000 || value > 0x7fff_ffff) refuse('malformed', lineNumber);
    const at = this.room(4);
    this.view.setInt32(at, value, true);
  }

  i64(value: number, lineNumber?: number): void {
    if (!Number.isSafeInteger(value)) refuse('malformed', lineNumber);
    const at = this.room(8);
    // The lower half modulo 2^32.
    this.view.setInt32(at, value, true);
    this.view.setInt32(at + 4, Math.floor(value / 0x1_0000_0000), true);
  }

  text(value: string): void {
    const bytes = new TextEncoder().encode(value);
    this.i32(bytes.length);
    const at = this.room(bytes.length);
    this.bytes.set(bytes, at);
  }

  amounts(line: LineAmounts | undefined): void {
    for (const name of amountNames) this.i64(line?.[name] ?? 0);
  }

  taken(): Uint8Array {
    return this.bytes.subarray(0, this.at);
  }
}

const amountNames = ['gross', 'discount', 'orderDiscountShare', 'net', 'tax', 'total'] as const;

export function packSale(basket: Basket): Uint8Array {
  const { lines } = basket;
  if (!Array.isArray(lines) || lines.some((line) => typeof line !== 'object' || line === null)) refuse('malformed');
  if (lines.length > mostLines) refuse('too_many_lines');
  const to = new Writer();
  to.i32(1);
  to.i64(basket.orderDiscount ?? 0);
  to.i64(basket.cashRounding ?? 0);
  if (basket.taxRounding !== 'line' && basket.taxRounding !== 'rate_group') refuse('malformed');
  to.i32(basket.taxRounding === 'line' ? 1 : 0);
  to.i32(lines.length);
  for (const line of lines) {
    const number = line.lineNumber;
    to.i64(tenThousandths(line.quantity, number), number);
    to.i64(line.unitPrice, number);
    to.i64(line.discount ?? 0, number);
    to.i32(number, number);
    to.i32(line.taxRatePpm ?? 0, number);
    to.i32((line.taxInclusive ?? true) ? 1 : 0);
    const code = line.taxCode ?? '';
    to.text(code.length > keptOfTaxCode ? [...code].slice(0, keptOfTaxCode).join('') : code);
  }
  return to.taken();
}

export function packReturn(input: LineReturn): Uint8Array {
  const to = new Writer();
  to.i32(2);
  to.amounts(input.original);
  to.i64(tenThousandths(input.originalQuantity));
  to.amounts(input.returned);
  to.i64(tenThousandths(input.returnedQuantity ?? '0'));
  to.i64(tenThousandths(input.quantity));
  to.i32(input.taxInclusive ? 1 : 0);
  return to.taken();
}

export function packCash(amount: number, unit: number): Uint8Array {
  const to = new Writer();
  to.i32(3);
  to.i64(amount);
  to.i64(unit);
  return to.taken();
}

/** Reads a reply; it begins behind the status. */
export class Reader {
  private at = 0;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const status = this.u32();
    const line = this.i32();
    if (status === 0) return;
    const code = codes[status - 1];
    if (!code) throw new Error('the module did not understand the request');
    refuse(code, line !== 0 || ofLines.includes(code) ? line : undefined);
  }

  u32(): number {
    return this.view.getUint32((this.at += 4) - 4, true);
  }
  i32(): number {
    return this.view.getInt32((this.at += 4) - 4, true);
  }
  // What a number cannot hold, the service refuses as well.
  i64(): number {
    const low = this.u32();
    const value = this.i32() * 0x1_0000_0000 + low;
    return Number.isSafeInteger(value) ? value : refuse('overflow');
  }
  text(): string {
    const size = this.u32();
    return new TextDecoder().decode(this.bytes.subarray(this.at, (this.at += size)));
  }
  amounts(): LineAmounts {
    return {
      gross: this.i64(),
      discount: this.i64(),
      orderDiscountShare: this.i64(),
      net: this.i64(),
      tax: this.i64(),
      total: this.i64(),
    };
  }

  sale(): SaleTotals {
    const totals: SaleTotals = {
      lines: [],
      taxGroups: [],
      subtotal: this.i64(),
      discountTotal: this.i64(),
      inclusiveTaxTotal: this.i64(),
      exclusiveTaxTotal: this.i64(),
      taxTotal: this.i64(),
      cashRounding: this.i64(),
      total: this.i64(),
    };
    for (let left = this.u32(); left > 0; --left) totals.lines.push({ ...this.amounts(), lineNumber: this.i32() });
    for (let left = this.u32(); left > 0; --left)
      totals.taxGroups.push({
        taxableNet: this.i64(),
        tax: this.i64(),
        taxRatePpm: this.i32(),
        taxInclusive: this.u32() !== 0,
        taxCode: this.text(),
      });
    return totals;
  }
}
