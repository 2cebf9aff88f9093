// Paying by phone, as a shop meets it: the real server and its jobs, and a Safaricom that calls back (tests/simulators/daraja.mjs). What
// becomes of a payment is said by the payer's number.
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Daraja, start as startDaraja } from '../simulators/daraja.mjs';
import { type Service, startService } from './support/service.js';
import { expectProblem, mpesaCredentials, ok, openShop, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const credentials = mpesaCredentials();
const schedulerToken = randomBytes(32).toString('base64url');
const final = ['succeeded', 'failed', 'cancelled', 'expired', 'refunded'];

let daraja: Daraja;
let service: Service;
let shop: Shop;
let accountId: string;
let callbackToken: string;
// Every number that was typed here.
const phones = new Set<string>();

beforeAll(async () => {
  daraja = await startDaraja({ port: 0, speed: 20, queryLimit: 1_000 });
  service = await startService({
    env: {
      ACCESS_TOKEN_SECONDS: '3600',
      JOB_QUEUES: 'all',
      LOG_LEVEL: 'debug',
      MPESA_BASE_URL: daraja.url,
      SCHEDULER_TOKEN: schedulerToken,
    },
  });
  shop = await openShop(service, { variants: 1 });
  accountId = (await shop.create('/v1/payment-accounts', { provider: 'mpesa', name: 'Paybill', credentials })).id;
  const registered = await shop.api('POST', `/v1/payment-accounts/${accountId}/register-callbacks`);
  expect(registered.status, registered.text).toBe(200);
  const { text } = await shop.api('GET', `/v1/payment-accounts/${accountId}/callback-url`);
  callbackToken = /\/m\/([0-9a-f]{32})/.exec(text)![1]!;
});

afterAll(async () => {
  expect(await service?.stop()).toEqual({ code: 0, signal: null });
  await daraja?.close();
});

interface Order {
  amount?: number;
  subjectId?: string;
  reference?: string;
  key?: string;
}
function prompt(phone: string, order: Order = {}) {
  phones.add(phone);
  return shop.api('POST', '/v1/payment-intents', {
    body: {
      clientRequestId: order.key ?? randomUUID(),
      provider: 'mpesa',
      purpose: 'sale',
      subjectId: order.subjectId ?? randomUUID(),
      amount: order.amount ?? 15_000,
      phone,
      ...(order.reference ? { reference: order.reference } : {}),
    },
  });
}
const intentOf = async (id: string): Promise<any> => ok(shop.api('GET', `/v1/payment-intents/${id}`), 200);

// As a till does it: asks, and is answered as soon as there is news.
async function decided(id: string): Promise<any> {
  return until(async () => {
    const intent = await ok(shop.api('GET', `/v1/payment-intents/${id}?wait=10`), 200);
    return final.includes(intent.state) && intent;
  });
}
async function becomes(id: string, state: string): Promise<any> {
  return until(async () => {
    const intent = await intentOf(id);
    return intent.state === state && intent;
  });
}
// A clock that does not wait: what is due later is due now.
async function sweep(id: string, older = '0 seconds'): Promise<void> {
  await service.database.query(
    `update payment_intents set next_query_at = now() - interval '1 second',
       created_at = created_at - $2::interval, expires_at = expires_at - $2::interval where id = $1`,
    [id, older],
  );
  await trigger('payments.sweep');
}
async function trigger(schedule: string): Promise<void> {
  const reply = await fetch(`${service.url}/internal/schedules/${schedule}/trigger`, {
    method: 'POST',
    headers: { authorization: `Bearer ${schedulerToken}` },
  });
  expect(reply.status, await reply.text()).toBeLessThan(300);
}

const salePaidBy = (payment: Record<string, unknown>) =>
  saleFor(shop, {
    lines: [{ variant: shop.variants[0]!, quantity: '20' }],
    payments: (total) => [{ method: 'mpesa', amount: total, ...payment }],
  });
const money = async () => {
  const [row] = await service.database.query<{ paid: string }>(
    "select coalesce(sum(amount), 0) as paid from payment_intents where state = 'succeeded'",
  );
  return Number(row!.paid);
};

describe('a sale', () => {
  test('is paid by phone, and once', async () => {
    const sale = salePaidBy({});
    const before = daraja.ledger().total;
    const asked = await prompt('0700000001', { amount: sale.total, subjectId: sale.clientRequestId });
    expect(asked.status, asked.text).toBe(202);
    expect(asked.body).toMatchObject({ state: 'pending', amount: sale.total, currency: 'KES' });
    const paid = await decided(asked.body.id);
    expect(paid.state).toBe('succeeded');
    expect(daraja.ledger().total - before).toBe(sale.total / 100);
    expect(daraja.ledger().moved.at(-1)).toMatchObject({ receipt: paid.receiptCode, by: 'stk' });

    sale.payments[0].intentId = asked.body.id;
    const sold = await ok(shop.sell(sale), 201);
    expect(sold.payments[0]).toMatchObject({ status: 'accepted', intentId: asked.body.id });
    const second = salePaidBy({ intentId: asked.body.id });
    const unpaid = await ok(shop.sell(second), 201);
    expect(unpaid.payments[0].status).toBe('unverified');
    expect(unpaid.flags).toContain('payment_intent_unfit');
  });

  test('that is recorded before the money is there is paid when it comes', async () => {
    const sale = salePaidBy({});
    daraja.script({ phone: '254700055501', scenario: { after: 200 } });
    const asked = await ok(prompt('0700055501', { amount: sale.total, subjectId: sale.clientRequestId }), 202);
    sale.payments[0].intentId = asked.id;
    const sold = await ok(shop.sell(sale), 201);
    expect(sold.payments[0].status).toBe('unverified');
    await decided(asked.id);
    const { payments } = await ok(shop.api('GET', `/v1/sales/${sold.id}`), 200);
    expect(payments[0]).toMatchObject({ status: 'accepted', intentId: asked.id });
  });

  test('whose code was typed at the till is accepted when the money is told of, whichever comes first', async () => {
    const typed = salePaidBy({});
    const receiptOf = async (amount: number) => {
      const before = daraja.ledger().moved.length;
      phones.add('254700055502');
      await daraja.pay({ shortCode: '174379', amount: amount / 100, phone: '254700055502', reference: 'hello' });
      return daraja.ledger().moved[before]!.receipt;
    };
    const receipt = await receiptOf(typed.total);
    await until(async () => {
      const { data } = await ok(shop.api('GET', '/v1/c2b-payments?state=unmatched'), 200);
      return data.some((one: any) => one.receipt === receipt);
    });
    typed.payments[0].reference = receipt;
    const sold = await ok(shop.sell(typed), 201);
    await until(async () => {
      const { payments } = await ok(shop.api('GET', `/v1/sales/${sold.id}`), 200);
      return payments[0].status === 'accepted';
    });
    const { data } = await ok(shop.api('GET', '/v1/c2b-payments?state=matched'), 200);
    expect(data.find((one: any) => one.receipt === receipt)).toMatchObject({ matchedKind: 'sale_payment' });
  });
});

describe('what the payer does', () => {
  test('cancels: the cashier is told, and may ask again', async () => {
    const { id } = await ok(prompt('0700101032'), 202);
    const intent = await decided(id);
    expect(intent).toMatchObject({ state: 'cancelled', resultCode: '1032', mayTryAgain: true });
    expect(intent.message).toMatch(/\w/);
    const swahili = await shop.api('GET', `/v1/payment-intents/${id}`, { headers: { 'accept-language': 'sw' } });
    expect(swahili.body.message).not.toBe(intent.message);
  });

  test('types a wrong PIN', async () => {
    const { id } = await ok(prompt('0700102001'), 202);
    expect(await decided(id)).toMatchObject({ state: 'failed', resultCode: '2001' });
  });

  test('cancels, and pays all the same: the money is kept, and somebody is told that it is owed', async () => {
    const { id } = await ok(prompt('0700000028', { amount: 23_000 }), 202);
    // That it was an end is in the concern.
    expect(await becomes(id, 'succeeded')).toMatchObject({ concern: 'paid_after_end' });
    const { data } = await ok(shop.api('GET', '/v1/payment-refund-tasks?state=open'), 200);
    expect(data.filter((task: any) => task.intentId === id)).toHaveLength(1);
  });

  test('pays another amount: it is no payment of this', async () => {
    const { id } = await ok(prompt('0700000013', { amount: 24_000 }), 202);
    expect(await becomes(id, 'unknown')).toMatchObject({ concern: 'amount_differs' });
  });

  test('has a prompt open: a second tap gives it back, another amount waits', async () => {
    daraja.script({ phone: '254700055503', scenario: { after: 200 } });
    const subjectId = randomUUID();
    const first = await ok(prompt('0700055503', { subjectId }), 202);
    const again = await ok(prompt('0700055503', { subjectId }), 200);
    expect(again.id).toBe(first.id);
    expectProblem(await prompt('0700055503', { subjectId, amount: 16_000 }), 409, 'payment.prompt_open');
    expect(daraja.attempts().filter((one) => one.phone === '254700055503')).toHaveLength(1);
    await decided(first.id);
  });

  test('is asked for whole shillings only', async () => {
    const before = daraja.requests().push;
    expectProblem(await prompt('0700000001', { amount: 10_050 }), 422, 'payment.amount_not_whole');
    expect(daraja.requests().push).toBe(before);
  });
});

describe('what M-Pesa does', () => {
  test('never calls back: whoever asks is told', async () => {
    const { id } = await ok(prompt('0700000002', { amount: 31_000 }), 202);
    await until(async () => daraja.ledger().moved.some((one) => one.amount === 310));
    await sweep(id);
    expect((await decided(id)).state).toBe('succeeded');
  });

  test('says late that it was paid: it is', async () => {
    daraja.script({ phone: '254700055504', scenario: { callbackAfter: 60, query: 'fails' } });
    const { id } = await ok(prompt('0700055504', { amount: 32_000 }), 202);
    await until(async () => daraja.ledger().moved.some((one) => one.amount === 320));
    await sweep(id);
    await until(async () => final.includes((await intentOf(id)).state));
    expect((await becomes(id, 'succeeded')).receiptCode).toMatch(/^[0-9A-Z]+$/);
  });

  test('calls back before it answers, twice, all at once, and after garbage', async () => {
    const before = await money();
    for (const [index, phone] of ['0700000006', '0700000004', '0700000034', '0700000027'].entries()) {
      const { id } = await ok(prompt(phone, { amount: 40_000 + 100 * index }), 202);
      expect((await decided(id)).state, phone).toBe('succeeded');
    }
    expect((await money()) - before).toBe(4 * 40_000 + 100 * (0 + 1 + 2 + 3));
  });

  test('tells of the same money as the account’s own: it is one payment', async () => {
    const { id } = await ok(prompt('0700000030', { amount: 51_000, reference: 'ORD-51' }), 202);
    const intent = await decided(id);
    expect(intent.state).toBe('succeeded');
    await until(async () => {
      const { data } = await ok(shop.api('GET', '/v1/c2b-payments?state=matched'), 200);
      return data.some((one: any) => one.receipt === intent.receiptCode && one.matchedId === id);
    });
  });

  test('loses our request’s answer: it is asked for once, unknown, and found by what came in', async () => {
    const { id } = await ok(prompt('0700000011', { amount: 52_000, reference: 'ORD-52' }), 202);
    await until(async () => daraja.ledger().moved.some((one) => one.amount === 520));
    // Its confirmation names the reference.
    const intent = await decided(id);
    expect(intent).toMatchObject({ state: 'succeeded', receiptCode: expect.stringMatching(/^[0-9A-Z]+$/) });
    expect(daraja.attempts().filter((one) => one.amount === 520)).toHaveLength(1);
  });

  test('knows nothing: it ends on the list for people, and a person decides', async () => {
    // The answer is lost, nobody pays, and nothing is told.
    daraja.script({ phone: '254700055505', scenario: { payer: 1037, callbacks: 'none', reply: 'cut' } });
    const { id } = await ok(prompt('0700055505', { amount: 53_000 }), 202);
    expect((await intentOf(id)).state).toBe('sent');
    await sweep(id, '16 minutes');
    await becomes(id, 'unknown');
    const { data } = await ok(shop.api('GET', '/v1/payment-intents?state=unknown'), 200);
    expect(data.map((one: any) => one.id)).toContain(id);
    const resolve = (body: unknown) => shop.api('POST', `/v1/payment-intents/${id}/resolve`, { body });
    expect((await ok(resolve({ outcome: 'not_paid', note: 'her phone shows nothing' }), 200)).state).toBe('failed');
  });
});

describe('forged callbacks', () => {
  const send = (token: string, body: unknown) =>
    service.api('POST', `/v1/callbacks/m/${token}/stk`, { body, headers: { 'content-type': 'application/json' } });
  const success = (checkoutId: string, amount: number, receipt: string) => ({
    Body: {
      stkCallback: {
        MerchantRequestID: 'm',
        CheckoutRequestID: checkoutId,
        ResultCode: 0,
        ResultDesc: 'ok',
        CallbackMetadata: {
          Item: [
            { Name: 'Amount', Value: amount },
            { Name: 'MpesaReceiptNumber', Value: receipt },
          ],
        },
      },
    },
  });

  test('give no value', async () => {
    daraja.script({ phone: '254700055506', scenario: { after: 6_000 } });
    const { id } = await ok(prompt('0700055506', { amount: 61_000 }), 202);
    const { checkoutId } = daraja.attempts().find((one) => one.amount === 610)!;
    const wrong = callbackToken.replace(/^./, (first) => (first === 'a' ? 'b' : 'a'));
    expectProblem(await send(wrong, success(checkoutId, 610, 'FORGED0001')), 403, 'auth.callback_refused');
    expectProblem(await send('x', success(checkoutId, 610, 'FORGED0001')), 403, 'auth.callback_refused');
    // With the token of another shop.
    const thief = await openShop(service, { variants: 0, devices: 0 });
    const account = await thief.create('/v1/payment-accounts', {
      provider: 'mpesa',
      name: 'Paybill',
      credentials: { ...credentials, shortCode: '600000' },
    });
    const url = (await thief.api('GET', `/v1/payment-accounts/${account.id}/callback-url`)).text;
    const theirs = /\/m\/([0-9a-f]{32})/.exec(url)![1]!;
    expect((await send(theirs, success(checkoutId, 610, 'FORGED0002'))).status).toBe(200);
    for (const body of ['', '{}', 'null', '<html></html>', success(checkoutId, 610, '')])
      expect((await send(callbackToken, body)).status).toBe(200);
    await until(async () => {
      const [row] = await service.database.query<{ open: string }>(
        'select count(*) as open from provider_events where processed_at is null and outcome is null',
      );
      return Number(row!.open) === 0;
    });
    expect((await intentOf(id)).state).toBe('pending');
    // A receipt that has paid already.
    const [used] = daraja.ledger().moved;
    expect((await send(callbackToken, success(checkoutId, 610, used!.receipt))).status).toBe(200);
    expect(await becomes(id, 'unknown')).toMatchObject({ concern: 'receipt_used' });
  });
});

// Last: all that this server wrote, at debug level.
test('no key, token or number is in the log', () => {
  const { output } = service.process;
  expect(output.length).toBeGreaterThan(10_000);
  for (const secret of [credentials.passkey, credentials.consumerSecret, callbackToken, schedulerToken])
    expect(output.includes(secret), secret.slice(0, 8)).toBe(false);
  for (const secret of [credentials.passkey, credentials.consumerSecret].map((text) =>
    Buffer.from(text).toString('base64').slice(0, 20),
  ))
    expect(output.includes(secret)).toBe(false);
  for (const phone of phones) {
    const digits = phone.replace(/^0|^254/, '');
    expect(output.includes(`0${digits}`) || output.includes(`254${digits}`), phone).toBe(false);
  }
  expect(output).not.toMatch(/Bearer (?!\[Redacted\])[A-Za-z0-9]/);
  expect(output).not.toMatch(/callbacks\/m\/[0-9a-f]{32}/);
});
