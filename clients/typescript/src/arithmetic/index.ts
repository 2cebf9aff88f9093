// The amounts of a sale as the service computes them: the service's own code (pos/arithmetic), as WebAssembly.
//
//     const arithmetic = await loadArithmetic();
//     const done = arithmetic.computeSale({ taxRounding: 'rate_group', lines: [{ lineNumber: 1, quantity: '1.5', unitPrice: 15000 }] });
//     if (done.ok) done.data.total;    // 22500
//
// It needs no network and no file. A page with a Content-Security-Policy allows it by `script-src 'wasm-unsafe-eval'`.
import type { NewSaleLine, TaxRounding } from '../generated/api.js';
import { packCash, packReturn, packSale, Reader, Refused } from './bytes.js';
import { wasmBase64 } from './module.js';

/** Members that the sum depends on, as in `POST /v1/sales`: a whole line of a sale may be given. */
export type BasketLine = Pick<
  NewSaleLine,
  'lineNumber' | 'quantity' | 'unitPrice' | 'taxInclusive' | 'discount' | 'taxCode' | 'taxRatePpm'
>;

export interface Basket {
  /** 1 to 10,000. */
  lines: readonly BasketLine[];
  /** The tenant's (`GET /v1/tenant`). Send it with the sale, too: the tenant may change it while the till is offline. */
  taxRounding: TaxRounding;
  /** Minor units; 0 when missing. */
  orderDiscount?: number;
  /** What `roundCash` says of the part paid in cash; 0 when missing. */
  cashRounding?: number;
}

/** Minor units of one currency. `net + tax = total`, and `gross - discount - orderDiscountShare` is the total where the price includes the tax, else the net. */
export interface LineAmounts {
  /** Before discounts. */
  gross: number;
  discount: number;
  orderDiscountShare: number;
  net: number;
  tax: number;
  total: number;
}

export interface TaxGroup {
  taxCode: string;
  taxRatePpm: number;
  taxInclusive: boolean;
  taxableNet: number;
  tax: number;
}

/** `taxTotal`, `total`, and a line's `gross` and `tax` go into `POST /v1/sales` as they are. */
export interface SaleTotals {
  /** In the order of the basket. */
  lines: (LineAmounts & { lineNumber: number })[];
  /** By code and rate, for the receipt. */
  taxGroups: TaxGroup[];
  subtotal: number;
  discountTotal: number;
  inclusiveTaxTotal: number;
  exclusiveTaxTotal: number;
  taxTotal: number;
  cashRounding: number;
  total: number;
}

export interface LineReturn {
  /** Of the line as it was sold. */
  original: LineAmounts;
  /** Decimal, as in the sale. */
  originalQuantity: string;
  taxInclusive: boolean;
  /** Sum of the line's earlier returns, positive; none when missing. */
  returned?: LineAmounts;
  returnedQuantity?: string;
  /** What comes back now. */
  quantity: string;
}

/** `malformed`: an amount is no integer within 2^53 - 1, or a quantity no decimal with at most 4 digits after the point. */
export type ArithmeticCode =
  | 'overflow'
  | 'no_lines'
  | 'duplicate_line_number'
  | 'quantity_not_positive'
  | 'unit_price_negative'
  | 'rate_negative'
  | 'discount_out_of_range'
  | 'order_discount_out_of_range'
  | 'total_negative'
  | 'cash_unit_not_positive'
  | 'weights_out_of_range'
  | 'return_quantity_out_of_range'
  | 'return_amounts_inconsistent'
  | 'too_many_lines'
  | 'malformed';

export interface ArithmeticError {
  code: ArithmeticCode;
  /** The line it is about; missing when it is about the sale as a whole. */
  lineNumber?: number;
}

export type Computed<Value> = { ok: true; data: Value } | { ok: false; error: ArithmeticError };

export interface Arithmetic {
  /** What the service will compute of the same lines, to the minor unit. */
  computeSale(basket: Basket): Computed<SaleTotals>;
  /** Amounts of what comes back now, positive: all returns of a line add up to what was sold. */
  returnLine(input: LineReturn): Computed<LineAmounts>;
  /** What is added to `amount` to make it a multiple of `unit`, the smallest coin: 12345 and 100 give -45. */
  roundCash(amount: number, unit: number): Computed<number>;
}

interface Exports {
  memory: WebAssembly.Memory;
  reserve(bytes: number): number;
  release(at: number): void;
  answer(request: number, bytes: number): number;
}

// A calculation that traps (its memory was full) leaves nothing behind: the next one has a new instance.
class Instance {
  private exports: Exports | undefined;
  constructor(private readonly module: WebAssembly.Module) {}

  answer(request: Uint8Array): Uint8Array {
    const exports = (this.exports ??= this.begin());
    try {
      const from = exports.reserve(request.length);
      new Uint8Array(exports.memory.buffer).set(request, from);
      const at = exports.answer(from, request.length);
      const size = new DataView(exports.memory.buffer).getUint32(at, true);
      const reply = new Uint8Array(exports.memory.buffer).slice(at + 4, at + 4 + size);
      exports.release(at);
      exports.release(from);
      return reply;
    } catch (error) {
      this.exports = undefined;
      throw error;
    }
  }

  private begin(): Exports {
    const { exports } = new WebAssembly.Instance(this.module);
    (exports as { _initialize?: () => void })._initialize?.();
    return exports as unknown as Exports;
  }
}

function computed<Value>(calculate: () => Value): Computed<Value> {
  try {
    return { ok: true, data: calculate() };
  } catch (error) {
    if (error instanceof Refused) return { ok: false, error: error.error };
    throw error;
  }
}

function bytesOf(base64: string): BufferSource {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; ++index) bytes[index] = text.charCodeAt(index);
  return bytes;
}

/**
 * Some milliseconds, once. `module`: one that the app has compiled by itself, of `backend-api-client/arithmetic.wasm`. React Native has no
 * WebAssembly: there it throws.
 */
export async function loadArithmetic(module?: WebAssembly.Module): Promise<Arithmetic> {
  const instance = new Instance(module ?? (await WebAssembly.compile(bytesOf(wasmBase64))));
  const ask = (request: Uint8Array): Reader => new Reader(instance.answer(request));
  return {
    computeSale: (basket) => computed(() => ask(packSale(basket)).sale()),
    returnLine: (input) => computed(() => ask(packReturn(input)).amounts()),
    roundCash: (amount, unit) => computed(() => ask(packCash(amount, unit)).i64()),
  };
}
