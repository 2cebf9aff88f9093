// Cash, and M-Pesa: the customer's phone is asked while there is a network; without one, the code of the customer's message is typed.
import { newId, type NewPayment, type PaymentIntentReply, type Problem } from 'backend-api-client';
import type { SaleTotals } from 'backend-api-client/arithmetic';
import { type Basket, baskets, isAsked, sell, totalsOf } from './basket.js';
import { form, h, openDialog, put } from './dom.js';
import { money, parseMoney, plain } from './money.js';
import { showReceipt } from './receipt.js';
import { till } from './till.js';

// Notes of the till's customers, as whole units of the currency.
const notes = [50, 100, 200, 500, 1_000];

interface Paying {
  dialog: HTMLDialogElement;
  basket: Basket;
  totals: SaleTotals;
}

async function finish({ dialog, basket, totals }: Paying, payments: NewPayment[]): Promise<void> {
  const id = await sell(basket, totals, payments);
  dialog.close();
  await showReceipt(id, true);
}

const amountDue = (total: number): HTMLElement =>
  h('p', { class: 'due' }, 'To pay ', h('data', { value: total }, money(total)));

export function payCash(): void {
  const basket = baskets.present;
  const totals = totalsOf(basket, 'all');
  if (!totals) return;
  const { total } = totals;
  const given = h('input', { id: 'given', inputmode: 'decimal', autocomplete: 'off', placeholder: plain(total) });
  const change = h('output', { class: 'change', for: 'given' });
  const tendered = (): number | undefined => (given.value.trim() === '' ? total : parseMoney(given.value));
  const show = (): void => {
    const amount = tendered();
    put(
      change,
      amount !== undefined && amount >= total ? ['Change ', h('b', {}, money(amount - total))] : 'Too little',
    );
  };
  given.addEventListener('input', show);
  const unit = parseMoney('1') ?? 1;
  const quick = notes
    .map((note) => note * unit)
    .map((note) => Math.ceil(total / note) * note)
    .filter((amount, index, all) => amount > total && all.indexOf(amount) === index)
    .map((amount) =>
      h('button', { type: 'button', onclick: () => ((given.value = plain(amount)), show()) }, plain(amount)),
    );
  const pay = async (): Promise<string | void> => {
    const amount = tendered();
    if (amount === undefined) return 'That is no amount.';
    if (amount < total) return 'That is too little.';
    const present = baskets.of(basket.saleId);
    if (present && isAsked(present)) return 'Another window has asked M-Pesa for this basket.';
    await finish({ dialog, basket, totals }, [{ method: 'cash', amount: total, tendered: amount }]);
  };
  const dialog = openDialog(
    'Cash',
    form(
      pay,
      amountDue(total),
      h('label', { for: 'given' }, 'Cash received'),
      given,
      h('div', { class: 'quick' }, quick),
      h('p', {}, change),
      h('button', { class: 'primary' }, 'Sell'),
    ),
  );
  show();
  given.focus();
}

// ---- M-Pesa -------------------------------------------------------------------------------------------------------

interface PayingMpesa {
  dialog: HTMLDialogElement;
  saleId: string;
  /** Of the basket that the dialog shows. */
  drawn: string;
}

const isOver = ({ state }: PaymentIntentReply): boolean => !['created', 'sent', 'pending'].includes(state);

const wordsOf = (problem: Problem): string => problem.detail ?? problem.title;

// Also what was put off: the same words may be sent later, and who else has them is not known.
const mayHaveArrived = ({ code, retriable }: Problem): boolean => retriable || code.startsWith('client.');

export function payMpesa(): void {
  const { saleId } = baskets.present;
  if (!totalsOf(baskets.present)) return;
  const dialog = openDialog('M-Pesa', h('div', {}));
  const paying: PayingMpesa = { dialog, saleId, drawn: '' };
  // An answer may come to a dialog that was closed, or to another window.
  const look = (): void => {
    const basket = baskets.of(saleId);
    if (!basket || stateOf(basket) !== paying.drawn) draw(paying);
  };
  baskets.changed.addEventListener('change', look);
  dialog.addEventListener('close', () => baskets.changed.removeEventListener('change', look));
  draw(paying);
}

// What the dialog shows of a basket.
const stateOf = (basket: Basket): string =>
  [basket.intent?.id, basket.asking?.clientRequestId, totalsOf(basket)?.total].join();

function draw(paying: PayingMpesa, said = ''): void {
  const basket = baskets.of(paying.saleId);
  const totals = basket && totalsOf(basket);
  if (!basket || !totals) return paying.dialog.close();
  paying.drawn = stateOf(basket);
  if (basket.intent) void watch(paying, basket, totals);
  else ask(paying, basket, totals, said);
}

// M-Pesa moves whole shillings; what is below one is paid in coins.
function split(total: number, more: Partial<NewPayment>): NewPayment[] {
  const unit = parseMoney('1') ?? 1;
  const rest = total % unit;
  const payments: NewPayment[] = [{ method: 'mpesa', amount: total - rest, ...more }];
  if (rest > 0) payments.push({ method: 'cash', amount: rest });
  return payments;
}

const counts = async (saleId: string, intentId: string): Promise<boolean> =>
  baskets.of(saleId)?.intent?.id === intentId || ((await till.queue.get(saleId))?.body?.includes(intentId) ?? false);

// Gives what went wrong, if it is no matter of the whole dialog.
async function askPhone(paying: PayingMpesa, phone: string, amount: number): Promise<string | void> {
  const { saleId } = paying;
  // Kept before it leaves: were its answer lost, another key would make the phone ring a second time.
  baskets.changeOf(saleId, (basket) => {
    if (isAsked(basket) || stateOf(basket) !== paying.drawn) return;
    basket.asking = { clientRequestId: newId(), phone, amount };
    paying.drawn = stateOf(basket);
  });
  const asking = baskets.of(saleId)?.asking;
  if (!asking) return;
  const asked = { ...asking, provider: 'mpesa' as const, subjectId: saleId, locationId: till.setup!.locationId };
  const reply = await till.api.post('/v1/payment-intents', { body: asked });
  let isWanted = false;
  baskets.changeOf(saleId, (basket) => {
    isWanted = basket.asking?.clientRequestId === asking.clientRequestId;
    if (!isWanted) return;
    if (reply.ok) basket.intent = { id: reply.data.id, amount: asking.amount };
    if (reply.ok || !mayHaveArrived(reply.error)) delete basket.asking;
  });
  // Taken back meanwhile, or sold by something else. Another window may have sold it by this very prompt, before it is paid.
  if (reply.ok && !isWanted && !(await counts(saleId, reply.data.id)))
    await till.api.post('/v1/payment-intents/{id}/cancel', { path: { id: reply.data.id } });
  if (reply.ok || !isWanted) return;
  const why = reply.error.code === 'client.no_answer' ? 'There is no connection.' : wordsOf(reply.error);
  const isOpen = baskets.of(saleId)?.asking !== undefined;
  draw(paying, isOpen ? `${why} ${asking.phone} may have been asked all the same.` : why);
}

function ask(paying: PayingMpesa, basket: Basket, totals: SaleTotals, said: string): void {
  const { dialog, saleId } = paying;
  const { asking } = basket;
  const phone = h('input', {
    id: 'phone',
    type: 'tel',
    inputmode: 'tel',
    autocomplete: 'off',
    placeholder: '0712 345 678',
    value: asking?.phone ?? '',
    readonly: asking !== undefined,
  });
  const code = h('input', { id: 'code', autocomplete: 'off', autocapitalize: 'characters', maxlength: 20 });
  const { amount } = split(totals.total, {})[0]!;
  const rest = totals.total - amount;
  const prompt = async (): Promise<string | void> => {
    if (phone.value.trim() === '') return "Type the customer's number.";
    if (amount === 0) return 'M-Pesa takes whole amounts only. Take cash.';
    return askPhone(paying, phone.value.trim(), amount);
  };
  const forget = async (): Promise<void> => baskets.changeOf(saleId, (present) => delete present.asking);
  const typed = async (): Promise<string | void> => {
    const reference = code.value.trim().toUpperCase();
    if (!/^[A-Z0-9]{8,20}$/.test(reference)) return "Type the code of the customer's message, such as TAF7RT61SV.";
    await finish({ dialog, basket, totals }, split(totals.total, { reference }));
  };
  put(
    dialog.querySelector('.body')!,
    amountDue(totals.total),
    rest > 0 && h('p', {}, `M-Pesa takes whole amounts: ${money(amount)}, and ${money(rest)} in cash.`),
    said && h('p', { class: 'wrong', role: 'status' }, said),
    form(
      prompt,
      h('label', { for: 'phone' }, "Customer's phone"),
      phone,
      h('button', { class: 'primary' }, asking ? 'Ask again' : 'Ask the phone'),
    ),
    asking && form(forget, h('button', { class: 'plain' }, 'The customer does not pay this')),
    h('p', { class: 'or' }, 'or, when there is no connection'),
    form(
      typed,
      h('label', { for: 'code' }, "Code of the customer's message"),
      code,
      h('button', {}, 'Sell with this code'),
    ),
  );
  phone.focus();
}

async function watch(paying: PayingMpesa, basket: Basket, totals: SaleTotals): Promise<void> {
  const { dialog, saleId, drawn } = paying;
  const { id, amount } = basket.intent!;
  const sellIt = (): Promise<void> => finish({ dialog, basket, totals }, split(totals.total, { intentId: id }));
  const message = h('p', { role: 'status', class: 'waiting' }, "Waiting for the customer's phone …");
  const cancel = form(
    async () => {
      const reply = await till.api.post('/v1/payment-intents/{id}/cancel', { path: { id } });
      if (!reply.ok) return wordsOf(reply.error);
    },
    h('button', {}, 'Cancel the request'),
  );
  const early = form(sellIt, h('button', { class: 'plain' }, 'Sell before it is paid'));
  const due = h('p', { class: 'due' }, 'M-Pesa ', h('data', { value: amount }, money(amount)));
  put(dialog.querySelector('.body')!, due, message, cancel, early);
  const isShown = (): boolean => dialog.open && paying.drawn === drawn;
  while (isShown()) {
    const reply = await till.api.get('/v1/payment-intents/{id}', { path: { id }, query: { wait: 20 }, attempts: 1 });
    if (!isShown()) return;
    if (!reply.ok) {
      message.textContent = 'There is no connection; the request is still there.';
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      continue;
    }
    message.textContent = reply.data.message;
    if (!isOver(reply.data)) continue;
    // It may throw, which the form shows; the payment waits for its sale.
    if (reply.data.state === 'succeeded') return early.requestSubmit();
    // Nobody can tell whether it was paid: a person looks at the customer's phone, and decides.
    if (reply.data.state === 'unknown') return;
    paying.drawn = '';
    baskets.changeOf(saleId, (present) => {
      if (present.intent?.id === id) delete present.intent;
    });
    return draw(paying, reply.data.message);
  }
}
