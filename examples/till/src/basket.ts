// What the customer takes. It outlives a reload, together with the id that its sale will have, and what M-Pesa was asked for.
import { newId, type NewPayment, type NewSale } from 'backend-api-client';
import type { SaleTotals } from 'backend-api-client/arithmetic';
import type { Entry } from 'backend-api-client/queue';
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

/** A phone was asked to pay it, or may have been. */
export const isAsked = ({ asking, intent }: Basket): boolean => asking !== undefined || intent !== undefined;

const isSame = (one: Line, other: Line): boolean =>
  one.article.variantId === other.article.variantId && one.article.price === other.article.price;

/** Every change is made to what the store has: another window of this till may have changed it a moment ago. */
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

  private change(work: (basket: Basket) => Basket | void): void {
    const stored = kept<Basket>('till.basket') ?? this.present;
    this.present = work(stored) ?? stored;
    keep('till.basket', this.present);
    this.changed.dispatchEvent(new Event('change'));
  }

  /** The basket of this sale, unless it was sold or emptied. */
  of(saleId: string): Basket | undefined {
    return this.present.saleId === saleId ? this.present : undefined;
  }

  /** Nothing when this sale's basket was sold or emptied. */
  changeOf(saleId: string, work: (basket: Basket) => void): void {
    this.change((basket) => void (basket.saleId === saleId && work(basket)));
  }

  /** `saleId`: only while it is that sale's. */
  clear(saleId?: string): void {
    this.change((basket) => (saleId === undefined || basket.saleId === saleId ? fresh() : basket));
  }

  // What a phone was asked to pay, or may have been, does not change any more.
  private edit(work: (basket: Basket) => void): boolean {
    let isFree = true;
    this.change((basket) => {
      isFree = !isAsked(basket);
      if (isFree) work(basket);
    });
    return isFree;
  }

  /** False, and nothing, while M-Pesa is asked for it. */
  add(article: Article, quantity: string): boolean {
    const added = { article, quantity };
    return this.edit(({ lines }) => {
      const same = lines.find((line) => isSame(line, added));
      const sum = (parseQuantity(same?.quantity ?? '') ?? 0) + (parseQuantity(quantity) ?? scale);
      if (same) same.quantity = quantityOf(sum);
      else lines.push({ article, quantity: quantityOf(sum) });
    });
  }

  /** By whole units; a line that has nothing left goes. */
  step(line: Line, units: number): void {
    const value = (parseQuantity(line.quantity) ?? 0) + units * scale;
    if (value <= 0) return this.remove(line);
    this.setTo(line, quantityOf(value));
  }

  set(line: Line, quantity: string): void {
    const value = parseQuantity(quantity);
    this.setTo(line, value === undefined ? quantity.trim() : quantityOf(value));
  }

  private setTo(line: Line, quantity: string): void {
    this.edit(({ lines }) => {
      const same = lines.find((other) => isSame(line, other));
      if (same) same.quantity = quantity;
    });
  }

  remove(line: Line): void {
    this.edit((basket) => {
      basket.lines = basket.lines.filter((other) => !isSame(line, other));
    });
  }
}

export const baskets = new Baskets();

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

const saleOf = (basket: Basket, totals: SaleTotals, payments: NewPayment[], deviceSeq: number): NewSale => {
  const setup = till.setup!;
  const pad = (number: number, digits: number): string => String(number).padStart(digits, '0');
  const receiptNumber = `${setup.locationCode}-${pad(setup.deviceNumber, 2)}-${pad(deviceSeq, 6)}`;
  return {
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
};

/**
 * Numbers the sale and stores it; then it may be printed, and the basket is empty. Gives its entry. Throws a QueueError: nothing was sold, and
 * the basket is as it was. Two windows that sell one basket at once make one sale.
 */
export async function sell(basket: Basket, totals: SaleTotals, payments: NewPayment[]): Promise<string> {
  return navigator.locks.request('till.sell', async () => {
    const { queue, setup } = till;
    // Known already: another window has sold this basket, or an attempt of before has come through after all.
    const entry = (await queue.get(basket.saleId)) ?? (await number());
    baskets.clear(basket.saleId);
    const stored = JSON.parse(entry.body!) as NewSale;
    const meant = saleOf(basket, totals, payments, 0);
    if (stored.total !== meant.total || JSON.stringify(stored.lines) !== JSON.stringify(meant.lines))
      throw new Error(`This basket was sold by another window, as ${entry.label}.`);
    return entry.id;

    async function number(): Promise<Entry> {
      const body = saleOf(basket, totals, payments, await queue.nextNumber(setup!.deviceId));
      return queue.add('/v1/sales', { body, label: body.receiptNumber! });
    }
  });
}
