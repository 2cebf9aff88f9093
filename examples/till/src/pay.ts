// Cash, and M-Pesa: the customer's phone is asked while there is a network; without one, the code of the customer's message is typed.
import { newId, type NewPayment, type PaymentIntentReply, type Problem } from 'backend-api-client';
import type { SaleTotals } from 'backend-api-client/arithmetic';
import { type Basket, baskets, sell, totalsOf } from './basket.js';
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

const wordsOf = (problem: Problem): string => problem.detail ?? problem.title;

// Also what was put off: the same words may be sent later, and who else has them is not known.
const mayHaveArrived = ({ code, retriable }: Problem): boolean => retriable || code.startsWith('client.');

const isOver = ({ state }: PaymentIntentReply): boolean => !['created', 'sent', 'pending'].includes(state);

export function payMpesa(): void {
  const basket = baskets.present;
  const totals = totalsOf(basket);
  if (!totals) return;
  const dialog = openDialog('M-Pesa', h('div', {}));
  if (basket.intent) void watch({ dialog, basket, totals });
  else ask({ dialog, basket, totals });
}

// M-Pesa moves whole shillings; what is below one is paid in coins.
function split(total: number, more: Partial<NewPayment>): NewPayment[] {
  const unit = parseMoney('1') ?? 1;
  const rest = total % unit;
  const payments: NewPayment[] = [{ method: 'mpesa', amount: total - rest, ...more }];
  if (rest > 0) payments.push({ method: 'cash', amount: rest });
  return payments;
}

function ask(paying: Paying, said = ''): void {
  const { dialog, basket, totals } = paying;
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
    // Kept before it leaves: were its answer lost, another key would make the phone ring a second time.
    basket.asking ??= { clientRequestId: newId(), phone: phone.value.trim(), amount };
    baskets.save();
    const { locationId } = till.setup!;
    const asked = { ...basket.asking, provider: 'mpesa' as const, subjectId: basket.saleId, locationId };
    const reply = await till.api.post('/v1/payment-intents', { body: asked });
    if (reply.ok) basket.intent = { id: reply.data.id, amount };
    if (reply.ok || !mayHaveArrived(reply.error)) delete basket.asking;
    baskets.save();
    if (reply.ok) return void watch(paying);
    const why = reply.error.code === 'client.no_answer' ? 'There is no connection.' : wordsOf(reply.error);
    // Drawn anew: it has another button while nobody knows.
    if (basket.asking) ask(paying, `${why} ${basket.asking.phone} may have been asked all the same.`);
    else return why;
  };
  const forget = async (): Promise<void> => {
    delete basket.asking;
    baskets.save();
    ask(paying);
  };
  const typed = async (): Promise<string | void> => {
    const reference = code.value.trim().toUpperCase();
    if (!/^[A-Z0-9]{8,20}$/.test(reference)) return "Type the code of the customer's message, such as TAF7RT61SV.";
    await finish(paying, split(totals.total, { reference }));
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

async function watch(paying: Paying): Promise<void> {
  const { dialog, basket, totals } = paying;
  const { id, amount } = basket.intent!;
  const sellIt = (): Promise<void> => finish(paying, split(totals.total, { intentId: id }));
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
  while (dialog.open) {
    const reply = await till.api.get('/v1/payment-intents/{id}', { path: { id }, query: { wait: 20 }, attempts: 1 });
    if (!dialog.open) return;
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
    delete basket.intent;
    baskets.save();
    return ask(paying, reply.data.message);
  }
}
