// Money that goes out, as a shop meets it: the real server and its jobs, and a Safaricom that calls back (tests/simulators/daraja.mjs).
// What becomes of a payout is said by the recipient's number.
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Daraja, type Payout, start as startDaraja } from '../simulators/daraja.mjs';
import { type Service, startService } from './support/service.js';
import { expectProblem, ok, openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const password = `pass#${randomBytes(6).toString('hex')}`;
const schedulerToken = randomBytes(32).toString('base64url');

let daraja: Daraja;
let service: Service;
let shop: Shop;
let accountId: string;
let payees = 0;

beforeAll(async () => {
  daraja = await startDaraja({ port: 0, speed: 20, queryLimit: 1_000 });
  service = await startService({
    env: {
      ACCESS_TOKEN_SECONDS: '3600',
      JOB_QUEUES: 'all',
      LOG_LEVEL: 'trace',
      MPESA_BASE_URL: daraja.url,
      SCHEDULER_TOKEN: schedulerToken,
    },
  });
  shop = await openShop(service, { variants: 0, devices: 0 });
  accountId = await openAccount({ passkey: 'passkey' });
});

afterAll(async () => {
  if (service) {
    const { output } = service.process;
    expect((await service.stop()).code).toBe(0);
    for (const secret of [password, 'BEGIN PUBLIC KEY', '254722']) expect(output).not.toContain(secret);
  }
  await daraja?.close();
});

async function openAccount(more: Record<string, unknown> = {}, shortCode = '600999'): Promise<string> {
  const account = await shop.create('/v1/payment-accounts', {
    provider: 'mpesa',
    name: `Account ${shortCode}`,
    credentials: {
      environment: 'sandbox',
      kind: 'paybill',
      shortCode,
      consumerKey: `key-${shortCode}`,
      consumerSecret: 'secret',
      initiatorName: 'api-operator',
      initiatorPassword: password,
      certificate: daraja.certificate(),
      ...more,
    },
  });
  return account.id;
}

const newPhone = () => `2547220${String(10_000 + ++payees)}`;
function send(phone: string, more: Record<string, unknown> = {}) {
  const body = { clientRequestId: randomUUID(), accountId, amount: 150_000, phone, reason: 'Wages', ...more };
  return shop.api('POST', '/v1/payouts', { body });
}
const look = (id: string) => ok(shop.api('GET', `/v1/payouts/${id}`), 200);
const becomes = (id: string, state: string) =>
  until(async () => {
    const payout = await look(id);
    return payout.state === state && payout;
  });
const atDaraja = (id: string): Payout => daraja.payouts().payouts.find((one) => one.originatorId === id)!;
// A clock that does not wait: what is due later is due now.
async function sweepNow(id: string, older = '0 seconds'): Promise<void> {
  await service.database.query(
    `update payouts set next_look_at = now(), created_at = created_at - $2::interval, sent_at = sent_at - $2::interval
     where id = $1`,
    [id, older],
  );
  const headers = { authorization: `Bearer ${schedulerToken}`, 'idempotency-key': randomUUID() };
  await service.api('POST', '/internal/schedules/payouts.sweep/trigger', { headers });
}

// Looked at two hours later, as often as it takes: a request under way is not looked at.
async function becomesUnknown(id: string): Promise<void> {
  await until(async () => {
    if ((await look(id)).state === 'unknown') return true;
    await sweepNow(id, '2 hours');
    return false;
  });
}

test('money goes out once, and its receipt is known', async () => {
  const before = daraja.payouts().utility;
  const clientRequestId = randomUUID();
  const phone = newPhone();
  const { id } = await ok(send(phone, { clientRequestId, purpose: 'salary' }), 202);
  for (let i = 0; i < 3; ++i) {
    expect(await ok(send(phone, { clientRequestId, purpose: 'salary' }), 200)).toMatchObject({ id });
  }
  const paid = await becomes(id, 'succeeded');
  expect(paid.receiptCode).toBe(atDaraja(id).receipt);
  expect(paid.recipient).toMatch(/^2547\*+\d{4} - JANE WANJIRU$/);
  expect(paid.paidAt).toMatch(/^\d{4}-/);
  expect(daraja.payouts().utility).toBe(before - 1_500);
});

test('an account without an initiator sends nothing', async () => {
  const plain = await openAccount(
    { initiatorName: undefined, initiatorPassword: undefined, certificate: undefined, passkey: 'p' },
    '600100',
  );
  expectProblem(await send(newPhone(), { accountId: plain }), 422, 'payout.not_offered');
});

test('a wrong password of the initiator is said so', async () => {
  const wrong = await openAccount({ initiatorPassword: 'wrong-one' }, '600200');
  const { id } = await ok(send(newPhone(), { accountId: wrong }), 202);
  const failed = await becomes(id, 'failed');
  expect(failed).toMatchObject({ resultCode: '2001' });
  expect(failed.message).toContain('initiator');
});

describe('whatever goes wrong, it goes out once', () => {
  const scenarios: [string, Record<string, unknown>][] = [
    ['the answer is lost', { reply: 'cut' }],
    ['the answer comes after the result', { reply: 'aftercallback' }],
    ['503 and a page, and it is carried out', { refuse: 'html503', acts: true }],
    ['the result comes twice', { callbacks: 'twice' }],
    ['three results at once', { callbacks: 'parallel' }],
    ['results that mean nothing first', { callbacks: 'garbage' }],
    ['M-Pesa is busy at first', { payer: 26, payerTimes: 1 }],
    ['the first request is refused: system busy', { refuse: 'busy', refuseTimes: 1 }],
  ];
  test.each(scenarios)('%s', async (_, scenario) => {
    const phone = newPhone();
    daraja.script({ phone, scenario });
    const { id } = await ok(send(phone), 202);
    await until(async () => {
      const { state } = await look(id);
      if (state === 'created') await sweepNow(id);
      return state === 'succeeded';
    });
    const out = daraja.payouts().payouts.filter((one) => one.phone === phone && one.receipt);
    expect(out.map((one) => one.originatorId)).toEqual([id]);
  });

  test('no result comes: it is asked after', async () => {
    const phone = newPhone();
    daraja.script({ phone, scenario: { callbacks: 'none' } });
    const { id } = await ok(send(phone), 202);
    await until(async () => atDaraja(id)?.isOver);
    expect((await look(id)).state).toBe('pending');
    await sweepNow(id);
    expect((await becomes(id, 'succeeded')).receiptCode).toBe(atDaraja(id).receipt);
  });

  test('nobody can say: it is unknown, no other goes out, and a person settles it', async () => {
    const phone = newPhone();
    daraja.script({ phone, scenario: { reply: 'cut', callbacks: 'none', query: 'fails' } });
    const { id } = await ok(send(phone), 202);
    await becomesUnknown(id);
    expectProblem(await send(phone), 409, 'payout.open');
    // Sent again, M-Pesa knows its name.
    await ok(shop.api('POST', `/v1/payouts/${id}/send-again`), 200);
    expect(daraja.payouts().payouts.filter((one) => one.phone === phone)).toHaveLength(1);
    await becomesUnknown(id);
    const body = { outcome: 'paid', receiptCode: atDaraja(id).receipt, note: 'The portal has it' };
    await ok(shop.api('POST', `/v1/payouts/${id}/resolve`, { body }), 200);
    expect((await look(id)).state).toBe('succeeded');
  });
});

test.each([1, 8, 2040, 'SFC_IC0003'])('ResultCode %s is an end, and said in words', async (payer) => {
  const phone = newPhone();
  daraja.script({ phone, scenario: { payer } });
  const { id } = await ok(send(phone), 202);
  const failed = await becomes(id, 'failed');
  expect(failed.resultCode).toBe(String(payer));
  expect(failed.message).toBeTruthy();
  expect(atDaraja(id).receipt).toBeUndefined();
});

describe('a payment goes back', () => {
  async function paid(amount = 10_000) {
    const phone = newPhone();
    const body = {
      clientRequestId: randomUUID(),
      provider: 'mpesa',
      accountId,
      purpose: 'sale',
      subjectId: randomUUID(),
      amount,
      phone,
    };
    const { id } = await ok(shop.api('POST', '/v1/payment-intents', { body }), 202);
    const intent = await until(async () => {
      const row = await ok(shop.api('GET', `/v1/payment-intents/${id}?wait=10`), 200);
      return row.receiptCode && row;
    });
    return { ...intent, phone };
  }
  const reverse = (intentId: string, amount: number, clientRequestId: string = randomUUID()) =>
    shop.api('POST', `/v1/payment-intents/${intentId}/reverse`, {
      body: { clientRequestId, amount, reason: 'Returned' },
    });

  test('all of it, by the provider', async () => {
    const intent = await paid();
    const back = await ok(reverse(intent.id, 10_000), 202);
    expect(back).toMatchObject({ kind: 'reversal', intentId: intent.id });
    await becomes(back.id, 'succeeded');
    expect((await ok(shop.api('GET', `/v1/payment-intents/${intent.id}`), 200)).state).toBe('refunded');
    expect(daraja.ledger().moved.find((entry) => entry.receipt === intent.receiptCode)!.reversedAt).toBeTruthy();
    const { data } = await ok(shop.api('GET', `/v1/payment-intents/${intent.id}/refunds`), 200);
    expect(data).toMatchObject([{ state: 'succeeded', amount: 10_000, byHand: false }]);
    expectProblem(await reverse(intent.id, 100), 409, 'payment.refund_exceeds');
  });

  test('its result is lost: it is asked after by the name that M-Pesa gave it', async () => {
    const intent = await paid();
    daraja.script({ phone: `reversal ${intent.phone}`, scenario: { callbacks: 'none' } });
    const back = await ok(reverse(intent.id, 10_000), 202);
    await until(async () => daraja.payouts().payouts.find((one) => one.of === intent.receiptCode)?.isOver);
    await sweepNow(back.id);
    await becomes(back.id, 'succeeded');
  });

  test('its reply is lost: it is not sent again, and holds its amount', async () => {
    const intent = await paid();
    daraja.script({ phone: `reversal ${intent.phone}`, scenario: { reply: 'cut', callbacks: 'none' } });
    const back = await ok(reverse(intent.id, 10_000), 202);
    await becomesUnknown(back.id);
    expect(daraja.payouts().payouts.filter((one) => one.of === intent.receiptCode)).toHaveLength(1);
    expect((await ok(shop.api('GET', `/v1/payment-intents/${intent.id}`), 200)).refundHeld).toBe(10_000);
    const body = { outcome: 'paid', receiptCode: 'TAF7RT61SV', note: 'The portal has it' };
    await ok(shop.api('POST', `/v1/payouts/${back.id}/resolve`, { body }), 200);
    expect((await ok(shop.api('GET', `/v1/payment-intents/${intent.id}`), 200)).state).toBe('refunded');
  });
});

test('the account says what it holds', async () => {
  await ok(shop.api('POST', `/v1/payment-accounts/${accountId}/balance`), 200);
  const { purses } = await until(async () => {
    const balance = await ok(shop.api('GET', `/v1/payment-accounts/${accountId}/balance`), 200);
    return balance.toldAt ? balance : false;
  });
  expect(purses).toContainEqual({
    name: 'Utility Account',
    currency: 'KES',
    amount: daraja.payouts().utility * 100,
  });
  expectProblem(await shop.api('POST', `/v1/payment-accounts/${accountId}/balance`), 429, 'payout.balance_asked');
});
