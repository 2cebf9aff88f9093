// Paying through Flutterwave and Paystack, as a shop meets it: the real server and its jobs, and the simulators of both. What becomes of
// a payment is said by the payer's number, and what goes wrong on the wire by the amount (tests/simulators/provider/payers.mjs).
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { start as startFlutterwave } from '../simulators/flutterwave.mjs';
import { start as startPaystack } from '../simulators/paystack.mjs';
import { type Service, startService } from './support/service.js';
import { ok, openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const secretHash = `hash-${randomBytes(12).toString('hex')}`;
const keyPart = randomBytes(16).toString('hex');

const providers = [
  {
    name: 'flutterwave',
    start: startFlutterwave,
    credentials: { secretKey: `FLWSECK_TEST-${keyPart}-X`, secretHashes: [secretHash], email: 'till@duka.example' },
    startPath: '/v3/charges',
    verifyPath: '/v3/transactions/verify_by_reference',
    pagePath: '/v3/payments',
    isRefund: (path: string) => path.endsWith('/refund'),
    // An event proves nothing: it is asked after.
    believesEvents: false,
    // Told of by nobody: it is done at once.
    tellsRefunds: false,
  },
  {
    name: 'paystack',
    start: startPaystack,
    credentials: { secretKey: `sk_test_${keyPart}`, email: 'till@duka.example' },
    startPath: '/charge',
    verifyPath: '/transaction/verify/',
    pagePath: '/transaction/initialize',
    isRefund: (path: string) => path === '/refund',
    believesEvents: true,
    tellsRefunds: true,
  },
];

describe.each(providers)('$name', (provider) => {
  const schedulerToken = randomBytes(32).toString('base64url');
  let sim: Awaited<ReturnType<typeof startFlutterwave | typeof startPaystack>>;
  let service: Service;
  let shop: Shop;
  let accountId: string;
  let callbackUrl: string;
  let payers = 0;

  beforeAll(async () => {
    sim = await provider.start({ speed: 20 });
    service = await startService({
      env: {
        ACCESS_TOKEN_SECONDS: '3600',
        JOB_QUEUES: 'all',
        LOG_LEVEL: 'trace',
        SCHEDULER_TOKEN: schedulerToken,
        [`${provider.name.toUpperCase()}_BASE_URL`]: sim.url,
      },
    });
    shop = await openShop(service, { variants: 0, devices: 0 });
    ({ accountId, callbackUrl } = await openAccount(shop));
    await post('/_webhook', { url: callbackUrl, secret: secretHash });
  });
  afterAll(async () => {
    if (service) expect((await service.stop()).code).toBe(0);
    await sim?.stop();
  });

  // The address is typed into the provider's dashboard.
  async function openAccount(owner: Shop) {
    const { name, credentials } = provider;
    const account = await owner.create('/v1/payment-accounts', { provider: name, name: 'Account', credentials });
    const { url, kinds } = await ok(owner.api('GET', `/v1/payment-accounts/${account.id}/callback-url`), 200);
    expect(kinds).toEqual(['events']);
    return { accountId: account.id as string, callbackUrl: `${service.url}${new URL(url).pathname}/events` };
  }

  async function post(path: string, body: unknown): Promise<any> {
    const reply = await fetch(`${sim.url}${path}`, { method: 'POST', body: JSON.stringify(body) });
    return reply.json();
  }
  // Each payer once: a phone has one prompt open. The last two digits say what becomes of it.
  const phone = (ending = '10') => `2547${String(100_000 + ++payers).padStart(6, '0')}${ending}`;

  function begin(more: Record<string, unknown> = {}) {
    const body = {
      clientRequestId: randomUUID(),
      provider: provider.name,
      amount: 15_000,
      purpose: 'sale',
      subjectId: randomUUID(),
      locationId: shop.location.id,
      reference: 'INV-1027',
      phone: phone(),
      ...more,
    };
    return ok(shop.api('POST', '/v1/payment-intents', { body }), 202);
  }
  const beginPage = (more: Record<string, unknown> = {}) =>
    begin({ phone: undefined, returnUrl: 'https://app.example/paid', ...more });
  const look = (id: string) => ok(shop.api('GET', `/v1/payment-intents/${id}`), 200);
  const ask = (id: string) => shop.api('POST', `/v1/payment-intents/${id}/query`);
  const becomes = (id: string, state: string) => until(async () => (await look(id)).state === state);
  const idle = () => fetch(`${sim.url}/_idle`);
  const press = (url: string, does: string) =>
    fetch(url, { method: 'POST', redirect: 'manual', body: new URLSearchParams({ does }) });
  const requests = (is: (request: any) => boolean) => sim.simulator.requests.filter(is);
  const startsOf = (id: string) =>
    requests((one) => (one.path === provider.startPath || one.path === provider.pagePath) && one.body.includes(id));
  async function moved(id: string): Promise<any[]> {
    const { entries } = (await (await fetch(`${sim.url}/_ledger`)).json()) as { entries: any[] };
    return entries.filter((entry) => entry.reference === id);
  }
  async function untilRead(): Promise<void> {
    await idle();
    await until(async () => {
      const open = 'select 1 from provider_events where account_id = $1 and processed_at is null and outcome is null';
      return (await service.database.query(open, [accountId])).length === 0;
    });
  }
  // The reconciler runs every 15 s by itself.
  async function sweepNow(id: string): Promise<void> {
    await service.database.query('update payment_intents set next_query_at = now() where id = $1', [id]);
    const headers = { authorization: `Bearer ${schedulerToken}`, 'idempotency-key': randomUUID() };
    await service.api('POST', '/internal/schedules/payments.sweep/trigger', { headers });
  }

  test('a phone is prompted, pays, and it is credited once', async () => {
    const begun = await begin();
    expect(begun).toMatchObject({ state: 'pending', provider: provider.name, currency: 'KES' });
    expect(begun.redirectUrl ?? null).toBeNull();
    await becomes(begun.id, 'succeeded');
    const [entry, ...others] = await moved(begun.id);
    expect(others).toEqual([]);
    expect(await look(begun.id)).toMatchObject({ receiptCode: entry.receipt, amount: entry.amount });
    expect(startsOf(begun.id)).toHaveLength(1);
  });

  test.each([
    ['91', 'failed', 'insufficient_funds'],
    ['92', 'cancelled', 'cancelled_by_payer'],
    ['93', 'expired', 'payer_timeout'],
    ['94', 'failed', 'wrong_pin'],
    ['96', 'failed', 'failed'],
  ])('a number that ends with %s: %s, %s', async (ending, state, resultCode) => {
    const begun = await begin({ phone: phone(ending) });
    await becomes(begun.id, state);
    const ended = await look(begun.id);
    expect(ended.resultCode).toBe(resultCode);
    expect(ended.message).not.toBe('');
    expect(await moved(begun.id)).toEqual([]);
  });

  test('a payer who does not answer is waited for, and may pay late', async () => {
    const begun = await begin({ phone: phone('95') });
    await ask(begun.id);
    expect((await look(begun.id)).state).toBe('pending');
    expect((await shop.api('POST', `/v1/payment-intents/${begun.id}/cancel`)).body.code).toBe('payment.prompt_rings');
    await post('/_pay', { reference: begun.id });
    await becomes(begun.id, 'succeeded');
  });

  test('a page: an empty card leaves it open, another one pays', async () => {
    const begun = await beginPage();
    expect(begun).toMatchObject({ state: 'pending' });
    await press(begun.redirectUrl, 'insufficient');
    await untilRead();
    await ask(begun.id);
    expect((await look(begun.id)).state).toBe('pending');
    const back = new URL((await press(begun.redirectUrl, 'pays')).headers.get('location')!);
    expect(back.origin + back.pathname).toBe('https://app.example/paid');
    await becomes(begun.id, 'succeeded');
    expect(await moved(begun.id)).toHaveLength(1);
  });

  test('a page that is left proves nothing', async () => {
    const begun = await beginPage();
    expect((await press(begun.redirectUrl, 'leave')).status).toBe(303);
    await ask(begun.id);
    expect((await look(begun.id)).state).toBe('pending');
  });

  // Carried out, whatever was answered: the request is not sent again, and our own reference finds it.
  test.each([15_001, 15_003, 15_006, 15_007, 15_008, 15_009, 15_010])(
    '%i cents: whatever the wire does, one request, one payment, one credit',
    async (amount) => {
      const begun = await begin({ amount });
      await until(async () => (await ask(begun.id)).body.state === 'succeeded');
      expect(await moved(begun.id)).toEqual([expect.objectContaining({ amount })]);
      expect(startsOf(begun.id)).toHaveLength(1);
    },
  );

  test('a request that was refused has failed, and one that nobody had time for is sent again', async () => {
    expect((await begin({ amount: 15_005 })).state).toBe('failed');
    const busy = await begin({ amount: 15_004 });
    expect(busy.state).toBe('created');
    await sweepNow(busy.id);
    await becomes(busy.id, 'succeeded');
    expect(await moved(busy.id)).toHaveLength(1);
  });

  test('a request that was not carried out is not called failed for a day', async () => {
    const begun = await begin({ amount: 15_002 });
    await ask(begun.id);
    expect((await look(begun.id)).state).toBe('sent');
    await service.database.query(
      "update payment_intents set created_at = created_at - interval '25 hours' where id = $1",
      [begun.id],
    );
    await ask(begun.id);
    expect(await look(begun.id)).toMatchObject({ state: 'failed', resultCode: 'not_found' });
    expect(startsOf(begun.id)).toHaveLength(1);
  });

  test('events that are forged credit nothing', async () => {
    const begun = await begin({ phone: phone('95') });
    await post('/_event', { reference: begun.id, status: 'paid', forged: true });
    const stranger = await openAccount(await openShop(service, { variants: 0, devices: 0 }));
    const body = JSON.stringify({ event: 'charge.success', data: { reference: begun.id, tx_ref: begun.id } });
    const headers = { 'content-type': 'application/json' };
    for (const url of [callbackUrl, stranger.callbackUrl, callbackUrl.replace(/[0-9a-f]{32}/, '0'.repeat(32))])
      expect((await fetch(url, { method: 'POST', headers, body })).status).toBe(403);
    await untilRead();
    expect((await look(begun.id)).state).toBe('pending');
  });

  test.runIf(!provider.believesEvents)('an event is no proof: the transaction is verified', async () => {
    const begun = await begin({ phone: phone('95') });
    const verifications = () => requests((one) => one.path === provider.verifyPath && one.query.tx_ref === begun.id);
    await post('/_event', { reference: begun.id, status: 'paid' });
    await until(async () => verifications().length > 0);
    await untilRead();
    expect((await look(begun.id)).state).toBe('pending');
    await post('/_pay', { reference: begun.id });
    await becomes(begun.id, 'succeeded');
  });

  test.runIf(!provider.believesEvents)('an event that is delivered again has it verified again', async () => {
    const begun = await begin({ phone: phone('95') });
    const verifications = () => requests((one) => one.path === provider.verifyPath && one.query.tx_ref === begun.id);
    await post('/_event', { reference: begun.id, status: 'paid' });
    await until(async () => verifications().length > 0);
    await untilRead();
    expect((await look(begun.id)).state).toBe('pending');
    const before = verifications().length;
    await post('/_say', { reference: begun.id, status: 'paid' });
    const { statuses } = await post('/_event', { reference: begun.id, status: 'paid', times: 20 });
    expect(statuses).toEqual(Array(20).fill(200));
    await becomes(begun.id, 'succeeded');
    // Twenty deliveries are not twenty questions.
    expect(verifications().length - before).toBeLessThan(6);
    const rows = await service.database.query<{ deliveries: number }>(
      'select deliveries from provider_events where account_id = $1 and position($2 in convert_from(body, $3)) > 0',
      [accountId, begun.id, 'UTF8'],
    );
    expect(rows).toEqual([{ deliveries: 21 }]);
  });

  test('the same event fifty times at once is one credit', async () => {
    const begun = await begin({ phone: phone('95'), amount: 15_008 });
    await post('/_pay', { reference: begun.id });
    const { statuses } = await post('/_event', { reference: begun.id, times: 50 });
    expect(statuses).toEqual(Array(50).fill(200));
    await becomes(begun.id, 'succeeded');
    const rows = await service.database.query<{ deliveries: number }>(
      'select deliveries from provider_events where account_id = $1 and intent_id = $2',
      [accountId, begun.id],
    );
    expect(rows).toEqual([{ deliveries: 50 }]);
    const before = await look(begun.id);
    await post('/_event', { reference: begun.id, times: 3, spaces: true });
    await untilRead();
    expect(await look(begun.id)).toEqual(before);
  });

  test('money of another amount is kept, and credits nothing', async () => {
    const begun = await begin({ phone: phone('95') });
    await post('/_pay', { reference: begun.id, amount: 14_900 });
    await until(async () => (await look(begun.id)).concern === 'amount_differs');
    expect((await look(begun.id)).state).toBe('unknown');
  });

  test('money that comes after the end is kept', async () => {
    const begun = await begin({ phone: phone('91') });
    await becomes(begun.id, 'failed');
    await post('/_pay', { reference: begun.id });
    await until(async () => {
      await ask(begun.id);
      return (await look(begun.id)).state === 'succeeded';
    });
    const tasks = await service.database.query('select 1 from payment_refund_tasks where intent_id = $1', [begun.id]);
    expect(tasks).toHaveLength(1);
  });

  // ---- Refunds ----

  const refund = (id: string, amount: number, clientRequestId = randomUUID()) =>
    shop.api('POST', `/v1/payment-intents/${id}/refund`, { body: { clientRequestId, amount, reason: 'broken' } });
  async function paid(amount = 30_000): Promise<string> {
    const { id } = await begin({ amount });
    await becomes(id, 'succeeded');
    return id;
  }

  test('refunds: done, waiting, failed, too much', async () => {
    const id = await paid();
    expect((await ok(refund(id, 6_000), 201)).state).toMatch(/succeeded|pending/);
    await until(async () => (await look(id)).refunded === 6_000);
    expect((await refund(id, 24_001)).status).toBe(409);
    const waiting = await ok(refund(id, 1_031), 201);
    expect(waiting.state).toBe('pending');
    expect((await look(id)).refundHeld).toBe(1_031);
    await post('/_settle', { refund: waiting.providerId, fails: true });
    await untilRead();
    if (!provider.tellsRefunds) await refund(id, 1_031, waiting.clientRequestId); // it is looked up
    await until(async () => (await look(id)).refundHeld === 0);
    expect((await look(id)).refunded).toBe(6_000);
    const parallel = await Promise.all(Array.from({ length: 5 }, () => refund(id, 14_000)));
    expect(parallel.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    await until(async () => (await look(id)).refunded === 20_000);
    expect((await moved(id))[0]).toMatchObject({ amount: 30_000, refunded: 20_000 });
  });

  test.each([6_001, 6_003, 6_006])('a refund of %i cents whose answer is lost is sent once', async (amount) => {
    const id = await paid();
    const key = randomUUID();
    await ok(refund(id, amount, key), 201);
    const sent = () => requests((one) => one.method === 'POST' && provider.isRefund(one.path)).length;
    const before = sent();
    const again = await Promise.all(Array.from({ length: 5 }, () => refund(id, amount, key)));
    for (const { status } of again) expect(status).toBe(200);
    await until(async () => (await look(id)).refunded === amount);
    expect(sent()).toBe(before);
    await untilRead();
    expect(await look(id)).toMatchObject({ refunded: amount, refundHeld: 0 });
    expect((await moved(id))[0]).toMatchObject({ refunded: amount });
  });

  test('a refund that was refused gives its amount back', async () => {
    const id = await paid();
    expect((await ok(refund(id, 6_005), 201)).state).toBe('failed');
    expect(await look(id)).toMatchObject({ refunded: 0, refundHeld: 0 });
    await refund(id, 30_000);
    await becomes(id, 'refunded');
  });

  test.runIf(provider.tellsRefunds)('a refund that was made elsewhere counts', async () => {
    const id = await paid();
    const headers = { authorization: `Bearer ${provider.credentials.secretKey}` };
    const body = JSON.stringify({ transaction: id, amount: 10_000 });
    await fetch(`${sim.url}/refund`, { method: 'POST', headers, body });
    await until(async () => (await look(id)).refunded === 10_000);
    expect((await refund(id, 20_001)).status).toBe(409);
  });

  describe.runIf(provider.tellsRefunds)('an event that does not say which refund it is about', () => {
    const failed = (id: string, amount: number) => tellOfRefund('failed', id, amount);
    // Signed, in the form of Paystack's, whatever has happened.
    async function tellOfRefund(status: string, id: string, amount: number, more = {}): Promise<void> {
      const asked = () => requests((one) => one.method === 'GET' && one.path === '/refund').length;
      const before = asked();
      const data = {
        status,
        transaction_reference: id,
        refund_reference: null,
        amount,
        currency: 'KES',
        domain: 'test',
      };
      const body = JSON.stringify({ event: `refund.${status}`, data: { ...data, ...more } });
      const signature = createHmac('sha512', String(provider.credentials.secretKey)).update(body).digest('hex');
      const reply = await fetch(callbackUrl, { method: 'POST', body, headers: { 'x-paystack-signature': signature } });
      expect(reply.status).toBe(200);
      await until(async () => asked() > before);
      await untilRead();
    }
    const waiting = async (id: string) => {
      const made = await ok(refund(id, 1_031), 201);
      expect(made.state).toBe('pending');
      return made.providerId as string;
    };

    test('ends no other one of its amount', async () => {
      const id = await paid();
      const first = await waiting(id);
      await post('/_settle', { refund: first, fails: true });
      await until(async () => (await look(id)).refundHeld === 0);
      const second = await waiting(id);
      for (let i = 0; i < 2; ++i) await failed(id, 1_031);
      expect(await look(id)).toMatchObject({ refunded: 0, refundHeld: 1_031 });
      await post('/_settle', { refund: second });
      await until(async () => (await look(id)).refunded === 1_031);
      expect((await moved(id))[0]).toMatchObject({ refunded: 1_031 });
    });

    test('has both asked after, where two of one amount fail', async () => {
      const id = await paid();
      const [first, second] = [await waiting(id), await waiting(id)];
      await post('/_settle', { refund: first, fails: true });
      await until(async () => (await look(id)).refundHeld === 1_031);
      await post('/_settle', { refund: second, fails: true });
      await until(async () => (await look(id)).refundHeld === 0);
    });

    test('counts nothing twice: what was told in other bytes, or a person wrote down', async () => {
      const id = await paid();
      const headers = { authorization: `Bearer ${provider.credentials.secretKey}` };
      const elsewhere = (amount: number) =>
        fetch(`${sim.url}/refund`, { method: 'POST', headers, body: JSON.stringify({ transaction: id, amount }) });
      await elsewhere(6_000);
      await until(async () => (await look(id)).refunded === 6_000);
      for (let i = 0; i < 3; ++i) await tellOfRefund('processed', id, 6_000, { told: i });
      expect((await look(id)).refunded).toBe(6_000);
      const byHand = { clientRequestId: randomUUID(), amount: 5_000, reason: 'broken', byHand: true };
      await ok(shop.api('POST', `/v1/payment-intents/${id}/refund`, { body: byHand }), 201);
      await elsewhere(5_000);
      for (let i = 0; i < 2; ++i) await tellOfRefund('processed', id, 5_000, { told: i });
      expect(await look(id)).toMatchObject({ refunded: 11_000, refundHeld: 0 });
      expect((await look(id)).concern ?? null).toBeNull();
      expect((await moved(id))[0]).toMatchObject({ refunded: 11_000 });
    });
  });

  test.runIf(provider.name === 'paystack')('a dispute is for people to look at', async () => {
    const id = await paid();
    await post('/_dispute', { reference: id });
    await until(async () => (await look(id)).concern === 'disputed');
    expect((await refund(id, 1_000)).body.code).toBe('payment.disputed');
    await post('/_dispute', { reference: id, resolution: 'declined' });
    await until(async () => (await look(id)).concern === null);
    // What is decided does not start again: the news of its start may come last.
    const early = await paid();
    await post('/_dispute', { reference: early, resolution: 'declined' });
    await post('/_dispute', { reference: early });
    const noted = 'select 1 from provider_events where intent_id = $1 and outcome = $2';
    await until(async () => (await service.database.query(noted, [early, 'dispute'])).length === 2);
    expect((await look(early)).concern).toBeNull();

    const lost = await paid();
    await post('/_dispute', { reference: lost });
    await until(async () => (await look(lost)).concern === 'disputed');
    await post('/_dispute', { reference: lost, resolution: 'merchant-accepted' });
    await until(async () => (await look(lost)).state === 'refunded');
    expect((await look(lost)).concern).toBeNull();
  });

  // ---- Secrets ----

  test('nothing secret is in the log, in replies or beside the events', async () => {
    const log = service.process.log.map((line) => JSON.stringify(line)).join('\n');
    expect(log).toContain('listening');
    const account = await shop.api('GET', `/v1/payment-accounts/${accountId}`);
    const events = await service.database.query<{ headers: unknown }>(
      'select headers from provider_events where account_id = $1',
      [accountId],
    );
    expect(events.length).toBeGreaterThan(0);
    for (const word of [keyPart, secretHash]) {
      expect(log).not.toContain(word);
      expect(account.text).not.toContain(word);
      expect(JSON.stringify(events)).not.toContain(word);
    }
  });
});
