// What the customer takes. It outlives a reload, together with the id that its sale will have, and what M-Pesa was asked for.
import { newId, type NewPayment, type NewSale } from 'backend-api-client';
import type { SaleTotals } from 'backend-api-client/arithmetic';
import type { Article } from './catalogue.js';
import { keep, kept, till } from './till.js';

export interface Line {
  article: Article;
  /** Decimal, at most four digits after the point; as it was typed. */
  quantity: string;
}

export interface Basket {
  /** The sale's `clientRequestId`, made before anything leaves this till. */
  saleId: string;
  lines: Line[];
  /** What M-Pesa was asked for, while nobody knows whether the question arrived: it is asked again in the same words, under the same key. */
  asking?: { clientRequestId: string; phone: string; amount: number };
  /** A phone was asked for this, and may still pay it. */
  intent?: { id: string; amount: number };
}

const scale = 10_000;

/** In ten-thousandths; undefined when it is no quantity that can be sold. */
export function parseQuantity(text: string): number | undefined {
  const match = /^(\d{1,9})(?:[.,](\d{1,4}))?$/.exec(text.trim());
  if (!match) return undefined;
  const value = Number(match[1]) * scale + Number((match[2] ?? '').padEnd(4, '0'));
  return value > 0 ? value : undefined;
}

export const quantityOf = (value: number): string =>
  `${Math.floor(value / scale)}.${String(value % scale).padStart(4, '0')}`.replace(/\.?0+$/, '');

const fresh = (): Basket => ({ saleId: newId(), lines: [] });

export class Baskets {
  present: Basket = kept<Basket>('till.basket') ?? fresh();
  readonly changed = new EventTarget();

  constructor() {
    // Two windows show one basket.
    addEventListener('storage', ({ key }) => {
      if (key !== 'till.basket') return;
      this.present = kept<Basket>('till.basket') ?? fresh();
      this.changed.dispatchEvent(new Event('change'));
    });
  }

  save(): void {
    keep('till.basket', this.present);
    this.changed.dispatchEvent(new Event('change'));
  }

  clear(): void {
    this.present = fresh();
    this.save();
  }

  add(article: Article, quantity: string): void {
    const { lines } = this.present;
    const same = lines.find(
      (line) => line.article.variantId === article.variantId && line.article.price === article.price,
    );
    const sum = (parseQuantity(same?.quantity ?? '') ?? 0) + (parseQuantity(quantity) ?? scale);
    if (same) same.quantity = quantityOf(sum);
    else lines.push({ article, quantity: quantityOf(sum) });
    this.save();
  }

  /** By whole units; a line that has nothing left goes. */
  step(line: Line, units: number): void {
    const value = (parseQuantity(line.quantity) ?? 0) + units * scale;
    if (value <= 0) return this.remove(line);
    line.quantity = quantityOf(value);
    this.save();
  }

  set(line: Line, quantity: string): void {
    const value = parseQuantity(quantity);
    line.quantity = value === undefined ? quantity.trim() : quantityOf(value);
    this.save();
  }

  remove(line: Line): void {
    this.present.lines = this.present.lines.filter((other) => other !== line);
    this.save();
  }
}

export const baskets = new Baskets();

/** What a phone was asked to pay, or may have been, does not change any more. */
export const isAsked = ({ asking, intent }: Basket): boolean => asking !== undefined || intent !== undefined;

const linesOf = ({ lines }: Basket) =>
  lines.map(({ article, quantity }, index) => ({
    lineNumber: index + 1,
    variantId: article.variantId,
    name: article.name,
    quantity,
    unitPrice: article.price,
    taxInclusive: article.taxInclusive,
    taxCode: article.taxCode,
    taxRatePpm: article.taxRatePpm,
  }));

const taxRounding = (): 'rate_group' | 'line' =>
  till.catalogue.tenant?.taxRounding === 'line' ? 'line' : 'rate_group';

/** `inCash`: the part that is paid in coins, which may be rounded to them. Undefined: there is nothing to sell, or a quantity is none. */
export function totalsOf(basket: Basket, inCash: 'all' | 'nothing' = 'nothing'): SaleTotals | undefined {
  const lines = linesOf(basket);
  const exact = till.arithmetic.computeSale({ lines, taxRounding: taxRounding() });
  const unit = till.catalogue.tenant?.cashRoundingUnit ?? 1;
  if (!exact.ok || inCash === 'nothing' || unit <= 1) return exact.ok ? exact.data : undefined;
  const rounding = till.arithmetic.roundCash(exact.data.total, unit);
  if (!rounding.ok) return undefined;
  const rounded = till.arithmetic.computeSale({ lines, taxRounding: taxRounding(), cashRounding: rounding.data });
  return rounded.ok ? rounded.data : undefined;
}

/**
 * Numbers the sale and stores it; then it may be printed, and the basket is empty. Gives its entry. Throws a QueueError: nothing was sold, and
 * the basket is as it was.
 */
export async function sell(basket: Basket, totals: SaleTotals, payments: NewPayment[]): Promise<string> {
  const setup = till.setup!;
  const deviceSeq = await till.queue.nextNumber(setup.deviceId);
  const pad = (number: number, digits: number): string => String(number).padStart(digits, '0');
  const receiptNumber = `${setup.locationCode}-${pad(setup.deviceNumber, 2)}-${pad(deviceSeq, 6)}`;
  const body: NewSale = {
    clientRequestId: basket.saleId,
    locationId: setup.locationId,
    deviceId: setup.deviceId,
    deviceSeq,
    receiptNumber,
    occurredAt: new Date().toISOString(),
    taxRounding: taxRounding(),
    lines: linesOf(basket).map((line, index) => ({
      ...line,
      gross: totals.lines[index]!.gross,
      taxAmount: totals.lines[index]!.tax,
    })),
    cashRounding: totals.cashRounding,
    taxTotal: totals.taxTotal,
    total: totals.total,
    payments,
  };
  const entry = await till.queue.add('/v1/sales', { body, label: receiptNumber });
  if (baskets.present.saleId === basket.saleId) baskets.clear();
  // Known already: another window has sold this basket, or an attempt of before has come through after all.
  const stored = JSON.parse(entry.body!) as NewSale;
  if (stored.total !== body.total || JSON.stringify(stored.lines) !== JSON.stringify(body.lines))
    throw new Error(`This basket was sold by another window, as ${entry.label}.`);
  return entry.id;
}
