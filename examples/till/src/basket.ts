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

type SaleLine = NewSale['lines'][number];

const fresh = (lines: Line[] = []): Basket => ({ saleId: newId(), lines });

/** A phone was asked to pay it, or may have been. */
export const isAsked = ({ asking, intent }: Basket): boolean => asking !== undefined || intent !== undefined;

const isSame = (one: Line, other: Line): boolean =>
  one.article.variantId === other.article.variantId && one.article.price === other.article.price;

// What is left of the lines when these were sold.
function without(lines: Line[], sold: SaleLine[]): Line[] {
  const left = sold.map((line) => ({ ...line, quantity: parseQuantity(line.quantity) ?? 0 }));
  return lines.flatMap((line) => {
    const { variantId, price } = line.article;
    const same = left.find((one) => one.variantId === variantId && one.unitPrice === price);
    const quantity = parseQuantity(line.quantity);
    if (!same || quantity === undefined) return [line];
    const taken = Math.min(quantity, same.quantity);
    same.quantity -= taken;
    return taken < quantity ? [{ ...line, quantity: quantityOf(quantity - taken) }] : [];
  });
}

/** Undefined where it cannot be read at the moment. */
export const saleIn = ({ body, problem }: Entry): NewSale | undefined =>
  body && problem?.code !== 'queue.unreadable' ? (JSON.parse(body) as NewSale) : undefined;

/** Every change is made to what the store has: another window of this till may have changed it a moment ago. */
export class Baskets {
  present: Basket = kept<Basket>('till.basket') ?? fresh();
  readonly changed = new EventTarget();
  /** What this window has begun to sell. */
  readonly tried = new Set<string>();
  /** The last change of what M-Pesa is asked is on the disk. */
  written: Promise<void> = Promise.resolve();

  constructor() {
    // Two windows show one basket.
    addEventListener('storage', ({ key }) => {
      if (key !== 'till.basket') return;
      this.heard();
    });
  }

  private change(work: (basket: Basket) => Basket | void): void {
    const basket = kept<Basket>('till.basket') ?? structuredClone(this.present);
    const wasAsked = isAsked(basket);
    const next = work(basket) ?? basket;
    // Where there is no room for it nothing has changed.
    keep('till.basket', next);
    if (wasAsked || isAsked(next)) this.write(next);
    this.present = next;
    this.changed.dispatchEvent(new Event('change'));
  }

  // That a phone was asked outlives a crash.
  private write(basket: Basket): void {
    this.written = till.durable.put('asked', isAsked(basket) ? basket : undefined);
    this.written.catch(() => {});
  }

  /** At the start, before the basket is shown: after a crash localStorage may have the one of a minute ago. */
  async recover(): Promise<void> {
    const asked = await till.durable.get<Basket>('asked');
    if (asked && (await till.queue.get(asked.saleId))) await till.durable.put('asked', undefined);
    else if (asked) this.change((basket) => (basket.saleId === asked.saleId && isAsked(basket) ? basket : asked));
    const sold = await till.queue.get(this.present.saleId);
    if (sold) this.sold(sold);
  }

  /** The basket of this sale, unless it was sold or emptied. */
  of(saleId: string): Basket | undefined {
    return this.present.saleId === saleId ? this.present : undefined;
  }

  /** As the store has it this moment; what another window has stored may not have been heard of yet. */
  storedOf(saleId: string): Basket | undefined {
    const stored = kept<Basket>('till.basket') ?? this.present;
    return stored.saleId === saleId ? stored : undefined;
  }

  /** What another window has stored is shown now. */
  heard(): void {
    this.present = kept<Basket>('till.basket') ?? this.present;
    this.changed.dispatchEvent(new Event('change'));
  }

  /** Nothing when this sale's basket was sold or emptied. */
  changeOf(saleId: string, work: (basket: Basket) => void): void {
    this.change((basket) => void (basket.saleId === saleId && work(basket)));
  }

  /** Nothing while M-Pesa is asked for it. */
  clear(): void {
    this.change((basket) => (isAsked(basket) ? basket : fresh()));
  }

  /** What another window added while it was sold begins the next basket; all of it, where nobody can read what was sold. */
  sold(entry: Entry): void {
    const lines = saleIn(entry)?.lines ?? [];
    this.change((basket) => (basket.saleId === entry.id ? fresh(without(basket.lines, lines)) : basket));
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

/** Differs when anything differs that somebody decides by: what is sold, and who was asked to pay it. */
export const stateOf = (basket: Basket): string =>
  JSON.stringify([basket.intent?.id, basket.asking?.clientRequestId, linesOf(basket)]);

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
 * `work` in one window of this till at a time: it gets the basket as the store has it, and the entry of its sale, if it is sold. Asking the
 * database takes longer than what another window has just stored needs to get here.
 */
export const alone = <T>(
  saleId: string,
  work: (stored: Basket | undefined, sold: Entry | undefined) => Promise<T>,
): Promise<T> =>
  navigator.locks.request('till.sell', async () => {
    const sold = await till.queue.get(saleId);
    return work(baskets.storedOf(saleId), sold);
  }) as Promise<T>;

// What makes two sales of one basket the same.
const factsOf = ({ total, lines, payments }: NewSale): string =>
  JSON.stringify([
    total,
    lines,
    payments.map(({ method, amount, reference, intentId }) => [method, amount, reference, intentId]),
  ]);

/**
 * Numbers the sale and stores it; then it may be printed, and the basket is empty. Gives its entry. Throws a QueueError, or says that the
 * basket is not this one any more: nothing was sold, and the basket is as it was. Two windows that sell one basket at once make one sale.
 */
export async function sell(basket: Basket, totals: SaleTotals, payments: NewPayment[]): Promise<string> {
  return alone(basket.saleId, async (stored, known) => {
    const { queue, setup } = till;
    // Known already: another window has sold this basket, or an attempt of before has come through after all.
    const entry = known ?? (await number());
    baskets.sold(entry);
    const meant = JSON.parse(JSON.stringify(saleOf(basket, totals, payments, 0))) as NewSale;
    // Of cash that another window took, or that was taken before a crash, nobody can tell whether it was this customer's.
    const sale = saleIn(entry);
    const isTheSame = sale !== undefined && factsOf(sale) === factsOf(meant);
    const isOfOne =
      baskets.tried.has(basket.saleId) || payments.some(({ intentId, reference }) => intentId ?? reference);
    if (known && !(isTheSame && isOfOne))
      throw new Error(`This basket was sold before, as ${entry.label ?? 'a sale that cannot be read now'}.`);
    return entry.id;

    async function number(): Promise<Entry> {
      if (!stored || stateOf(stored) !== stateOf(basket)) throw new Error('The basket has changed: look at it again.');
      const refusal = await till.refusal();
      if (refusal) throw new Error(refusal);
      const body = saleOf(basket, totals, payments, await queue.nextNumber(setup!.deviceId));
      baskets.tried.add(basket.saleId);
      return queue.add('/v1/sales', { body, label: body.receiptNumber! });
    }
  });
}
