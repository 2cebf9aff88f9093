// Paying through Pesapal, as a shop meets it: the real server and its jobs, and a simulator whose page the payer opens. What goes wrong is
// said by the amount (tests/simulators/pesapal.mjs).
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Order, type Pesapal, start } from '../simulators/pesapal.mjs';
import { type Service, startService } from './support/service.js';
import { ok, openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const credentials = {
  environment: 'sandbox',
  consumerKey: `key-${randomBytes(12).toString('hex')}`,
  consumerSecret: `secret-${randomBytes(12).toString('hex')}`,
};
const schedulerToken = randomBytes(32).toString('base64url');
const returnUrl = 'https://app.example/paid';

let pesapal: Pesapal;
let service: Service;
let shop: Shop;
let payers = 0;

beforeAll(async () => {
  pesapal = await start({ speed: 20 });
  service = await startService({
    env: {
      ACCESS_TOKEN_SECONDS: '3600',
      JOB_QUEUES: 'all',
      LOG_LEVEL: 'trace',
      PESAPAL_BASE_URL: pesapal.url,
      SCHEDULER_TOKEN: schedulerToken,
    },
  });
  shop = await openShop(service, { variants: 0, devices: 0 });
  const account = await shop.create('/v1/payment-accounts', { provider: 'pesapal', name: 'Pesapal', credentials });
  expect(account.shown).toMatch(/^key-….{4}$/);
  const told = await ok(shop.api('GET', `/v1/payment-accounts/${account.id}/callback-url`), 200);
  expect(told.kinds).toEqual(['ipn']);
  expect(told.url).toMatch(/\/v1\/callbacks\/pesapal\/[0-9a-f]{32}$/);
  await ok(shop.api('POST', `/v1/payment-accounts/${account.id}/register-callbacks`), 200);
});

afterAll(async () => {
  if (service) {
    const log = service.process.output;
    expect((await service.stop()).code).toBe(0);
    for (const secret of [credentials.consumerKey, credentials.consumerSecret]) expect(log).not.toContain(secret);
  }
  await pesapal?.close();
});

function begin(amount = 15_000, more: Record<string, unknown> = {}) {
  const body = {
    clientRequestId: randomUUID(),
    provider: 'pesapal',
    purpose: 'sale',
    subjectId: randomUUID(),
    locationId: shop.location.id,
    reference: 'INV-1027',
    phone: `2547${String(10_000_000 + ++payers)}`,
    amount,
    returnUrl,
    ...more,
  };
  return shop.api('POST', '/v1/payment-intents', { body });
}
const look = (id: string) => ok(shop.api('GET', `/v1/payment-intents/${id}`), 200);
const becomes = (id: string, state: string) => until(async () => (await look(id)).state === state);
const orderOf = (id: string): Order => pesapal.orders().find((one) => one.reference === id)!;
const movedFor = (id: string) => pesapal.ledger().moved.filter((entry) => entry.reference === id);
const press = (url: string, does: string) =>
  fetch(url, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ does }) });
async function sweepNow(id: string, older = '0 seconds'): Promise<void> {
  await service.database.query(
    `update payment_intents set next_query_at = now(), created_at = created_at - $2::interval,
       expires_at = expires_at - $2::interval where id = $1`,
    [id, older],
  );
  const headers = { authorization: `Bearer ${schedulerToken}`, 'idempotency-key': randomUUID() };
  await service.api('POST', '/internal/schedules/payments.sweep/trigger', { headers });
}

test('the payer is sent to a page, pays, and it is credited once', async () => {
  const { id, state, redirectUrl } = await ok(begin(), 202);
  expect(state).toBe('pending');
  const back = await press(redirectUrl, 'pay');
  expect(back.status).toBe(303);
  expect(back.headers.get('location')).toContain(`${returnUrl}?OrderTrackingId=${orderOf(id).trackingId}`);
  await becomes(id, 'succeeded');
  expect(await look(id)).toMatchObject({ receiptCode: movedFor(id)[0]!.receipt, redirectUrl: null });
  await expect.poll(() => orderOf(id).told).toEqual([200]);
  for (let i = 0; i < 5; ++i) await pesapal.control('ipn', { reference: id });
  expect(movedFor(id)).toHaveLength(1);
});

test('a page is needed', async () => {
  const refused = await ok(begin(15_000, { returnUrl: undefined }), 202);
  expect(refused).toMatchObject({ state: 'failed', resultCode: 'return_url_missing' });
  expect(refused.message).toContain('returnUrl');
});

test('it fails on the page, and is paid on the same page afterwards', async () => {
  const { id, redirectUrl } = await ok(begin(), 202);
  await press(redirectUrl, 'fail');
  await becomes(id, 'failed');
  await press(redirectUrl, 'pay');
  await becomes(id, 'succeeded');
  // The sale was not waiting any more: that is for people, and the money is kept.
  expect((await look(id)).concern).toBe('paid_after_end');
});

describe('whatever goes wrong, it is credited once', () => {
  test.each([5, 7, 8, 9, 11, 12])('amount …%i', async (hundredths) => {
    const amount = 20_000 + hundredths;
    const { id, redirectUrl } = await ok(begin(amount), 202);
    if (hundredths !== 5 && hundredths !== 12) await press(redirectUrl, 'pay');
    await becomes(id, 'succeeded');
    expect(movedFor(id)).toHaveLength(1);
    expect((await look(id)).receiptCode).toBe(movedFor(id)[0]!.receipt);
  });

  test('no notification comes: it is asked', async () => {
    const { id, redirectUrl } = await ok(begin(20_006), 202);
    await press(redirectUrl, 'pay');
    expect((await look(id)).state).toBe('pending');
    await sweepNow(id);
    await becomes(id, 'succeeded');
  });

  test('the reply is lost, and nobody is shown the page', async () => {
    const { id, state } = await ok(begin(20_001), 202);
    expect(state).toBe('sent');
    await sweepNow(id, '2 hours');
    await becomes(id, 'failed');
    expect((await look(id)).resultCode).toBe('never_shown');
    expect(pesapal.orders().filter((one) => one.reference === id)).toHaveLength(1);
  });

  test('… or somebody was, all the same', async () => {
    const { id } = await ok(begin(20_001), 202);
    await sweepNow(id, '2 hours');
    await becomes(id, 'failed');
    await pesapal.control('pay', { reference: id });
    await becomes(id, 'succeeded');
  });

  test('a page of a proxy instead of an answer: nobody knows, and nothing is ordered again', async () => {
    const { id, state } = await ok(begin(20_003), 202);
    expect(state).toBe('sent');
    await sweepNow(id);
    expect(pesapal.orders().filter((one) => one.reference === id)).toHaveLength(1);
  });

  test('another amount credits nothing', async () => {
    const { id, redirectUrl } = await ok(begin(20_010), 202);
    await press(redirectUrl, 'pay');
    await becomes(id, 'unknown');
    expect((await look(id)).concern).toBe('amount_differs');
  });

  test.each([15, 16, 17])('amount …%i: a status that proves nothing credits nothing', async (hundredths) => {
    const { id, redirectUrl } = await ok(begin(20_000 + hundredths), 202);
    await press(redirectUrl, 'pay');
    await until(async () => orderOf(id).told.includes(200));
    await shop.api('POST', `/v1/payment-intents/${id}/query`);
    expect((await look(id)).state).toBe('pending');
  });

  test('a dead token is replaced', async () => {
    pesapal.script({ killTokens: true });
    const { id, redirectUrl } = await ok(begin(), 202);
    await press(redirectUrl, 'pay');
    await becomes(id, 'succeeded');
  });
});

test('an order is called off, and one that is paid is not', async () => {
  const open = await ok(begin(), 202);
  await ok(shop.api('POST', `/v1/payment-intents/${open.id}/cancel`), 200);
  expect((await look(open.id)).state).toBe('cancelled');
  expect(orderOf(open.id).state).toBe('cancelled');
  const paid = await ok(begin(20_006), 202);
  await press(paid.redirectUrl, 'pay');
  await shop.api('POST', `/v1/payment-intents/${paid.id}/cancel`);
  expect((await look(paid.id)).state).toBe('succeeded');
});

test('what goes back at Pesapal is learnt of', async () => {
  const { id, redirectUrl } = await ok(begin(), 202);
  await press(redirectUrl, 'pay');
  await becomes(id, 'succeeded');
  await pesapal.control('pay', { reference: id, outcome: 'reversed' });
  await becomes(id, 'refunded');
  const refused = await shop.api('POST', `/v1/payment-intents/${id}/refund`, {
    body: { clientRequestId: randomUUID(), amount: 100, reason: 'x' },
  });
  expect(refused.status).toBe(422);
  expect(refused.body.code).toBe('payment.refund_by_hand');
});

test('the address for notifications was registered once', () => {
  expect(pesapal.requests().register).toBe(1);
});
