// Cash, and M-Pesa: the customer's phone is asked while there is a network; without one, the code of the customer's message is typed.
import { newId, type NewPayment, type PaymentIntent, type PaymentIntentReply, type Problem } from 'backend-api-client';
import type { SaleTotals } from 'backend-api-client/arithmetic';
import { alone, type Basket, baskets, isAsked, saleIn, sell, stateOf, totalsOf } from './basket.js';
import { form, h, openDialog, put, toast } from './dom.js';
import { money, parseMoney, plain } from './money.js';
import { showReceipt } from './receipt.js';
import { till } from './till.js';

// Notes of the till's customers, as whole units of the currency.
const notes = [50, 100, 200, 500, 1_000];

/** A dialog that pays a basket. */
interface Paying {
  dialog: HTMLDialogElement;
  saleId: string;
  /** The state of the basket that it shows. */
  drawn: string;
}
type Draw = (paying: Paying, said?: string) => void;

// The basket may change under an open dialog: by another window, or by an answer to a dialog that was closed.
function pay(title: string, draw: Draw): void {
  const { saleId } = baskets.present;
  if (!totalsOf(baskets.present)) return;
  const dialog = openDialog(title, h('div', {}));
  const paying: Paying = { dialog, saleId, drawn: '' };
  const look = (): void => {
    const basket = baskets.of(saleId);
    if (!basket || stateOf(basket) !== paying.drawn) draw(paying);
  };
  baskets.changed.addEventListener('change', look);
  dialog.addEventListener('close', () => baskets.changed.removeEventListener('change', look));
  draw(paying);
}

async function finish({ dialog }: Paying, basket: Basket, totals: SaleTotals, payments: NewPayment[]): Promise<void> {
  const wasOpen = dialog.open;
  try {
    const id = await sell(basket, totals, payments);
    dialog.close();
    await showReceipt(id, true);
  } catch (error) {
    // Where its form shows nothing any more.
    if (wasOpen && !dialog.open) tell(String((error as Error).message ?? error));
    throw error;
  }
}

const tell = (text: string): void => void openDialog('Look at this', h('p', { role: 'alert' }, text));

const amountDue = (total: number): HTMLElement =>
  h('p', { class: 'due' }, 'To pay ', h('data', { value: total }, money(total)));

export const payCash = (): void => pay('Cash', drawCash);

function drawCash(paying: Paying): void {
  const { dialog, saleId, drawn } = paying;
  const basket = baskets.of(saleId);
  const totals = basket && totalsOf(basket, 'all');
  if (!basket || !totals || isAsked(basket)) {
    dialog.close();
    return basket && isAsked(basket) ? toast('M-Pesa was asked for this basket.') : undefined;
  }
  paying.drawn = stateOf(basket);
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
  const take = async (): Promise<string | void> => {
    const amount = tendered();
    if (amount === undefined) return 'That is no amount.';
    if (amount < total) return 'That is too little.';
    await finish(paying, basket, totals, [{ method: 'cash', amount: total, tendered: amount }]);
  };
  put(
    dialog.querySelector('.body')!,
    drawn !== '' && h('p', { class: 'wrong', role: 'status' }, 'The basket has changed.'),
    form(
      take,
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

const isOver = ({ state }: PaymentIntent): boolean => !['created', 'sent', 'pending'].includes(state);
// Money that goes back, has gone, or that its payer disputes, pays nothing.
const isPaid = ({ state, refunded, refundHeld, concern }: PaymentIntent): boolean =>
  state === 'succeeded' && refunded + refundHeld === 0 && concern !== 'disputed';
const mayBePaid = (intent: PaymentIntent): boolean => !isOver(intent) || isPaid(intent) || intent.state === 'unknown';

const wordsOf = ({ code, detail, title }: Problem): string => {
  if (code === 'client.no_answer') return 'There is no connection.';
  // Its details are for programs.
  if (code === 'payment.prompt_open')
    return 'This phone is busy with another payment: wait for its end, or ask another one.';
  return detail ?? title;
};

export const payMpesa = (): void => pay('M-Pesa', drawMpesa);

function drawMpesa(paying: Paying, said = ''): void {
  const basket = baskets.of(paying.saleId);
  const totals = basket && totalsOf(basket);
  if (!basket || !totals) return paying.dialog.close();
  paying.drawn = stateOf(basket);
  if (basket.intent) void watch(paying, basket, totals);
  else ask(paying, basket, totals, said);
}

const mpesaPart = (total: number): number => total - (total % (parseMoney('1') ?? 1));

// M-Pesa moves whole shillings; what is below one is paid in coins.
function split(total: number, more: Partial<NewPayment>): NewPayment[] {
  const amount = mpesaPart(total);
  const rest = total - amount;
  const payments: NewPayment[] = [{ method: 'mpesa', amount, ...more }];
  if (rest > 0) payments.push({ method: 'cash', amount: rest });
  return payments;
}

type Asking = NonNullable<Basket['asking']>;

// Undefined where nobody can tell: what was sold cannot be read, or a code was typed that may be of this payment.
async function isSoldBy(saleId: string, { id, receiptCode }: PaymentIntent): Promise<boolean | undefined> {
  const entry = await till.queue.get(saleId).catch(() => null);
  if (entry === undefined) return false;
  const payments = entry && saleIn(entry)?.payments;
  if (!payments) return undefined;
  if (payments.some(({ intentId }) => intentId === id)) return true;
  const codes = payments.flatMap(({ reference }) => reference ?? []);
  if (codes.length === 0) return false;
  return receiptCode === null ? undefined : codes.includes(receiptCode);
}

// What the service has of this sale that a phone may still pay, or has. Undefined where nobody says.
async function askedFor(saleId: string): Promise<PaymentIntent[] | undefined> {
  const settings = { query: { subjectId: saleId }, attempts: 1, timeoutMs: 5_000 };
  const reply = await till.api.get('/v1/payment-intents', settings);
  return reply.ok ? reply.data.data.filter(mayBePaid) : undefined;
}

// A question may have been answered with the payment of one before it.
const answerTo = ({ clientRequestId, amount }: Asking, intents: PaymentIntent[] = []): PaymentIntent | undefined => {
  const found = intents.filter((intent) => intent.amount === amount);
  return found.find((intent) => intent.clientRequestId === clientRequestId) ?? found[0];
};

// Of a question whose answer did not come.
const arrived = async (saleId: string, asking: Asking): Promise<PaymentIntent | undefined> =>
  answerTo(asking, await askedFor(saleId));

// Kept before it leaves: were its answer lost, another key would make the phone ring a second time. Undefined: the basket is another one, or
// another window was faster.
const decide = (
  paying: Paying,
  phone: string,
  amount: number,
): Promise<{ asking: Asking; isNew: boolean } | undefined> =>
  alone(paying.saleId, async (stored, sold) => {
    const { saleId, drawn } = paying;
    if (sold || !stored || stateOf(stored) !== drawn) return undefined;
    if (stored.asking) return { asking: stored.asking, isNew: false };
    const asking = { clientRequestId: newId(), phone, amount };
    paying.drawn = stateOf({ ...stored, asking });
    try {
      baskets.changeOf(saleId, (basket) => void (basket.asking = asking));
      await baskets.written;
    } catch (error) {
      paying.drawn = drawn;
      baskets.changeOf(saleId, (basket) => void delete basket.asking);
      throw error;
    }
    return { asking, isNew: true };
  });

// Gives what went wrong, if it is no matter of the whole dialog.
async function askPhone(paying: Paying, phone: string, amount: number): Promise<string | void> {
  const { saleId } = paying;
  const refusal = await till.refusal();
  if (refusal) return refusal;
  const decided = await decide(paying, phone, amount);
  if (!decided) return baskets.heard();
  const { asking, isNew } = decided;
  const isAskedStill = (): boolean => baskets.of(saleId)?.asking?.clientRequestId === asking.clientRequestId;
  const body = { ...asking, provider: 'mpesa' as const, subjectId: saleId, locationId: till.setup!.locationId };
  const reply = await till.api.post('/v1/payment-intents', { body, maySend: async () => isAskedStill() });
  const isBusy = !reply.ok && reply.error.code === 'payment.prompt_open';
  // Perhaps with this very basket: what was given up while nobody could say whether it had arrived.
  const others = isBusy ? await askedFor(saleId) : undefined;
  const intent = reply.ok ? reply.data : answerTo(asking, others);
  let isWanted = false;
  baskets.changeOf(saleId, (basket) => {
    isWanted = basket.asking?.clientRequestId === asking.clientRequestId;
    if (!isWanted) return;
    if (intent) basket.intent = { id: intent.id, amount: asking.amount };
    // A refusal says nothing of an attempt before it, of this call or of an earlier one.
    if (reply.ok || intent || (isNew && !reply.error.mayHaveArrived)) delete basket.asking;
  });
  if (!isWanted) {
    const known = intent ?? (!reply.ok && reply.error.mayHaveArrived && (await arrived(saleId, asking)));
    return known ? late(saleId, asking, known) : undefined;
  }
  if (reply.ok) return;
  if (intent) return toast(standing(intent));
  const other = others?.find((one) => !isOver(one));
  const why = other ? `This basket has changed. ${standing(other)}` : wordsOf(reply.error);
  const isOpen = baskets.of(saleId)?.asking !== undefined;
  drawMpesa(paying, isOpen ? `${why} ${asking.phone} may have been asked all the same.` : why);
}

// The customer does not pay what may have been asked. With a connection it is known whether it was.
async function giveUp(saleId: string, asking: Asking): Promise<void> {
  const intent = await arrived(saleId, asking);
  let isGivenUp = false;
  baskets.changeOf(saleId, (basket) => {
    isGivenUp = basket.asking?.clientRequestId === asking.clientRequestId;
    if (!isGivenUp) return;
    delete basket.asking;
    if (intent) basket.intent = { id: intent.id, amount: asking.amount };
  });
  if (isGivenUp && intent) await callOff(saleId, intent);
}

// The answer to what was given up. Another window may count on this very payment, or have sold by it.
async function late(saleId: string, asking: Asking, intent: PaymentIntent): Promise<void> {
  let isCounted = false;
  baskets.changeOf(saleId, (basket) => {
    isCounted = basket.intent?.id === intent.id;
    const isTheSame = mpesaPart(totalsOf(basket)?.total ?? 0) === asking.amount;
    if (!isAsked(basket) && isTheSame) basket.intent = { id: intent.id, amount: asking.amount };
  });
  if (!isCounted) await callOff(saleId, intent);
}

const standing = (intent: PaymentIntent): string =>
  isPaid(intent)
    ? `${intent.phone} has paid.`
    : `${intent.phone} was asked already, and may still pay ${money(intent.amount)}: wait for its end.`;

// Until it is called off the phone may pay it, and nothing else is taken for this basket, if there is still one.
async function callOff(saleId: string, intent: PaymentIntent): Promise<void> {
  const { id } = intent;
  const isLeft = isPaid(intent) || (await isSoldBy(saleId, intent)) !== false;
  // Once: that it rings is said to be tried again, after a pause that a cashier does not wait for.
  const settings = { path: { id }, attempts: 1, timeoutMs: 5_000 };
  if (!isLeft && (await till.api.post('/v1/payment-intents/{id}/cancel', settings)).ok)
    return baskets.changeOf(saleId, (basket) => void (basket.intent?.id === id && delete basket.intent));
  // This answer may be old by now: its payer has decided.
  const reply = await till.api.get('/v1/payment-intents/{id}', settings);
  const now = reply.ok ? reply.data : intent;
  if (!mayBePaid(now)) return;
  if (baskets.of(saleId)?.intent?.id === id) return toast(standing(now));
  const isSold = await isSoldBy(saleId, now);
  if (isSold) return;
  const asked = `${now.phone} ${isPaid(now) ? 'has paid' : 'was asked for'} ${money(now.amount)}`;
  if (isSold === undefined)
    return tell(
      `${asked}. It may be what this basket was sold with: read the customer's message before you give money back.`,
    );
  tell(
    isPaid(now)
      ? `${asked} as well${now.receiptCode ? `, ${now.receiptCode}` : ''}: it is owed back.`
      : `${asked} as well: tell the customer to enter no PIN. What is paid all the same is owed back.`,
  );
}

function ask(paying: Paying, basket: Basket, totals: SaleTotals, said: string): void {
  const { dialog, saleId } = paying;
  const { asking } = basket;
  const phone = h('input', {
    id: 'phone',
    type: 'tel',
    inputmode: 'tel',
    autocomplete: 'off',
    placeholder: '0712 345 678',
    value: asking?.phone ?? dialog.querySelector<HTMLInputElement>('#phone:not([readonly])')?.value ?? '',
    readonly: asking !== undefined,
  });
  // It stays when this is drawn anew: somebody may be typing.
  const code =
    dialog.querySelector<HTMLInputElement>('#code') ??
    h('input', { id: 'code', autocomplete: 'off', autocapitalize: 'characters', maxlength: 20 });
  const isTyping = document.activeElement === code;
  const amount = mpesaPart(totals.total);
  const rest = totals.total - amount;
  const prompt = async (): Promise<string | void> => {
    if (phone.value.trim() === '') return "Type the customer's number.";
    if (amount === 0) return 'M-Pesa takes whole amounts only. Take cash.';
    return askPhone(paying, phone.value.trim(), amount);
  };
  const typed = async (): Promise<string | void> => {
    const reference = code.value.trim().toUpperCase();
    if (!/^[A-Z0-9]{8,20}$/.test(reference)) return "Type the code of the customer's message, such as TAF7RT61SV.";
    // By now its phone may be asked; that is not drawn, so that nobody is disturbed.
    const present = baskets.of(saleId);
    const shown = present && stateOf(present) === paying.drawn ? present : basket;
    await finish(paying, shown, totals, split(totals.total, { reference }));
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
    asking && form(() => giveUp(saleId, asking), h('button', { class: 'plain' }, 'The customer does not pay this')),
    h('p', { class: 'or' }, 'or, when there is no connection'),
    form(
      typed,
      h('label', { for: 'code' }, "Code of the customer's message"),
      code,
      h('button', {}, 'Sell with this code'),
    ),
  );
  (isTyping ? code : phone).focus();
}

async function watch(paying: Paying, basket: Basket, totals: SaleTotals): Promise<void> {
  const { dialog, saleId, drawn } = paying;
  const { id, amount } = basket.intent!;
  const isShown = (): boolean => dialog.open && paying.drawn === drawn;
  const message = h('p', { role: 'status', class: 'waiting' }, "Waiting for the customer's phone …");
  const button = h('button', {}, 'Cancel the request');
  let isUnknown = false;
  let isGivenUp = false;
  const cancel = form(async () => {
    isGivenUp = isUnknown;
    const reply = await till.api.post('/v1/payment-intents/{id}/cancel', { path: { id }, attempts: 1 });
    if (!reply.ok) return wordsOf(reply.error);
    learn(reply.data);
  }, button);
  const sellIt = (): Promise<void> => finish(paying, basket, totals, split(totals.total, { intentId: id }));
  const early = form(sellIt, h('button', { class: 'plain' }, 'Sell before it is paid'));
  const due = h('p', { class: 'due' }, 'M-Pesa ', h('data', { value: amount }, money(amount)));
  put(dialog.querySelector('.body')!, due, message, cancel, early);

  // True: it has come to its end.
  function learn(intent: PaymentIntentReply): boolean {
    if (!isShown()) return true;
    message.textContent = intent.message;
    // Nobody can tell whether it was paid: a person looks at the customer's phone, and decides, or the money is seen after all.
    isUnknown ||= intent.state === 'unknown';
    if (isUnknown) button.textContent = 'The customer has not paid';
    if (!isOver(intent) || intent.state === 'unknown') return false;
    // It may throw, which the form shows; the payment waits for its sale.
    if (isPaid(intent)) early.requestSubmit();
    else end(intent);
    return true;
  }

  function end({ state, concern, message: words }: PaymentIntentReply): void {
    paying.drawn = '';
    baskets.changeOf(saleId, (present) => void (present.intent?.id === id && delete present.intent));
    const isBack =
      state === 'succeeded' && concern !== 'disputed' && 'This payment goes back to the customer, or has gone.';
    const isLeft = isGivenUp && state === 'cancelled' && 'Given up. If it was paid all the same, it is owed back.';
    drawMpesa(paying, isBack || isLeft || words);
  }

  while (isShown()) {
    const reply = await till.api.get('/v1/payment-intents/{id}', { path: { id }, query: { wait: 20 }, attempts: 1 });
    if (reply.ok ? learn(reply.data) : !isShown()) return;
    if (!reply.ok) message.textContent = 'There is no connection; the request is still there.';
    // Who waits for what nobody knows is answered at once.
    if (!reply.ok || isUnknown) await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
}
