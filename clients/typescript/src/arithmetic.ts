// The amounts of a sale as the service computes them: the service's own code (pos/arithmetic), as WebAssembly.
//
//     const arithmetic = await loadArithmetic();
//     const done = arithmetic.computeSale({ taxRounding: 'rate_group', lines: [{ lineNumber: 1, quantity: '1.5', unitPrice: 15000 }] });
//     if (done.ok) done.data.total;    // 22500
//
// It needs no network and no file. A page with a Content-Security-Policy allows it by `script-src 'wasm-unsafe-eval'`.
import type { NewSaleLine, TaxRounding } from './generated/api.js';
import { call, type Amounts, type Exports } from './arithmetic-memory.js';
import { wasmBase64 } from './arithmetic-module.js';

export type { Amounts };

/** Members that the sum depends on, as in `POST /v1/sales`: a whole line of a sale may be given. */
export type BasketLine = Pick<
  NewSaleLine,
  'lineNumber' | 'quantity' | 'unitPrice' | 'taxInclusive' | 'discount' | 'taxCode' | 'taxRatePpm'
>;

export interface Basket {
  /** 1 to 1000. */
  lines: readonly BasketLine[];
  /** The tenant's (`GET /v1/tenant`). Send it with the sale, too: the tenant may change it while the till is offline. */
  taxRounding: TaxRounding;
  /** Minor units; 0 when missing. */
  orderDiscount?: number;
  /** What `roundCash` says of the part paid in cash; 0 when missing. */
  cashRounding?: number;
}

/** Minor units of one currency. `net + tax = total`, and `gross - discount - orderDiscountShare` is the total where the price includes the tax, else the net. */
export interface LineAmounts<Amount = number> {
  /** Before discounts. */
  gross: Amount;
  discount: Amount;
  orderDiscountShare: Amount;
  net: Amount;
  tax: Amount;
  total: Amount;
}

export interface TaxGroup<Amount = number> {
  taxCode: string;
  taxRatePpm: number;
  taxInclusive: boolean;
  taxableNet: Amount;
  tax: Amount;
}

/** `taxTotal`, `total`, and a line's `gross` and `tax` go into `POST /v1/sales` as they are. */
export interface SaleTotals<Amount = number> {
  /** In the order of the basket. */
  lines: (LineAmounts<Amount> & { lineNumber: number })[];
  /** By code and rate, for the receipt. */
  taxGroups: TaxGroup<Amount>[];
  subtotal: Amount;
  discountTotal: Amount;
  inclusiveTaxTotal: Amount;
  exclusiveTaxTotal: Amount;
  taxTotal: Amount;
  cashRounding: Amount;
  total: Amount;
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

/** Compiles it once (some milliseconds). `module`: one that the app has compiled by itself, from `backend-api-client/arithmetic.wasm`. */
export declare function loadArithmetic(module?: WebAssembly.Module): Promise<Arithmetic>;
