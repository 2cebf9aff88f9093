// Stripe as npm's `stripe` knows it: the simulator is one to it; it makes the signatures that the service verifies, and says the same
// as our driver in other words. Then payments through the service: each is credited once, whatever the wire does.
import { randomBytes, randomUUID } from 'node:crypto';
import Stripe from 'stripe';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { start } from '../simulators/stripe.mjs';
import { type Service, startService } from './support/service.js';
import { ok, openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';

type Started = Awaited<ReturnType<typeof start>>;

const newKey = () => `sk_test_${randomBytes(12).toString('hex')}`;

const clientOf = (simulator: Started, key: string, maxNetworkRetries = 0) =>
  new Stripe(key, { host: '127.0.0.1', port: simulator.port, protocol: 'http', maxNetworkRetries, telemetry: false });

async function post(url: string, body: unknown): Promise<any> {
  const reply = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  return reply.json();
}

async function ledgerOf(simulator: Started): Promise<any[]> {
  return ((await (await fetch(`${simulator.url}/_ledger`)).json()) as { entries: any[] }).entries;
}

describe('the simulator', () => {
  let simulator: Started;
  let stripe: Stripe;
  beforeEach(async () => {
    simulator = await start();
    stripe = clientOf(simulator, newKey());
  });
  afterEach(() => simulator.stop());

  const newIntent = (amount = 15_000, options?: Stripe.RequestOptions) =>
    stripe.paymentIntents.create({ amount, currency: 'kes', metadata: { attempt_id: randomUUID() } }, options);

  test('payment intents: made, declined, confirmed, and not cancelled any more', async () => {
    const { id } = await newIntent();
    const declined = stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_chargeDeclinedInsufficientFunds' });
    await expect(declined).rejects.toMatchObject({ type: 'StripeCardError', decline_code: 'insufficient_funds' });
    expect((await stripe.paymentIntents.retrieve(id)).status).toBe('requires_payment_method');
    const paid = await stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' });
    expect(paid).toMatchObject({ status: 'succeeded', amount_received: 15_000 });
    await expect(stripe.paymentIntents.cancel(id)).rejects.toMatchObject({ code: 'payment_intent_unexpected_state' });
    const expanded = await stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] });
    expect(expanded.latest_charge).toMatchObject({ object: 'charge', paid: true });
    expect(await ledgerOf(simulator)).toHaveLength(1);
  });

  test('keys of idempotency: the first reply again, and no other parameters', async () => {
    const idempotencyKey = randomUUID();
    const first = await newIntent(20_000, { idempotencyKey }).catch((error) => error);
    const other = newIntent(30_000, { idempotencyKey });
    await expect(other).rejects.toMatchObject({ type: 'StripeIdempotencyError' });
    const again = await stripe.paymentIntents.create(
      { amount: 20_000, currency: 'kes', metadata: first.metadata },
      { idempotencyKey },
    );
    expect(again.id).toBe(first.id);
    expect(again.lastResponse.headers['idempotent-replayed']).toBe('true');
  });

  test.each([15_001, 15_002, 15_003, 15_004, 15_005, 15_006])(
    '%i: one payment intent, whatever goes wrong',
    async (amount) => {
      const patient = clientOf(simulator, newKey(), 3);
      const params = { amount, currency: 'kes', metadata: { attempt_id: randomUUID() } };
      const idempotencyKey = randomUUID();
      const create = () => patient.paymentIntents.create(params, { idempotencyKey });
      const made = await create().catch(() => create().catch((error) => error));
      const { data } = await patient.paymentIntents.list();
      expect(data).toHaveLength(1);
      // What failed after it was carried out fails for ever under that key, as at Stripe.
      if (amount % 100 === 3) expect(made.type).toBe('StripeAPIError');
      else expect(made.id).toBe(data[0]!.id);
    },
  );

  test('errors are what stripe-node takes them for', async () => {
    const wrong = clientOf(simulator, 'sk_test_wrong').balance.retrieve();
    await expect(wrong).rejects.toMatchObject({ type: 'StripeAuthenticationError' });
    const readonly = clientOf(simulator, 'rk_test_readonly');
    const refused = readonly.paymentIntents.create({ amount: 100, currency: 'kes' });
    await expect(refused).rejects.toMatchObject({ type: 'StripePermissionError' });
    await expect(newIntent(1)).rejects.toMatchObject({ code: 'amount_too_small' });
    await expect(stripe.paymentIntents.retrieve('pi_none')).rejects.toMatchObject({ code: 'resource_missing' });
    const odd = stripe.paymentIntents.create({ amount: 100, currency: 'kes', colour: 'red' } as never);
    await expect(odd).rejects.toMatchObject({ code: 'parameter_unknown' });
  });

  test('search, refunds and disputes', async () => {
    const made = await newIntent();
    const query = `metadata['attempt_id']:'${made.metadata.attempt_id}'`;
    expect((await stripe.paymentIntents.search({ query })).data.map(({ id }) => id)).toEqual([made.id]);
    await stripe.paymentIntents.confirm(made.id, { payment_method: 'pm_card_visa' });
    const [one, other] = await Promise.allSettled(
      [9_000, 9_001].map((amount) => stripe.refunds.create({ payment_intent: made.id, amount })),
    );
    expect([one!.status, other!.status].sort()).toEqual(['fulfilled', 'rejected']);
    await stripe.refunds.create({ payment_intent: made.id });
    const none = stripe.refunds.create({ payment_intent: made.id });
    await expect(none).rejects.toMatchObject({ code: 'charge_already_refunded' });
    expect((await ledgerOf(simulator))[0]).toMatchObject({ amount: 15_000, refunded: 15_000 });
    const next = await newIntent();
    await stripe.paymentIntents.confirm(next.id, { payment_method: 'pm_card_visa' });
    await post(`${simulator.url}/_dispute`, { payment_intent: next.id });
    const disputed = stripe.refunds.create({ payment_intent: next.id });
    await expect(disputed).rejects.toMatchObject({ code: 'charge_disputed' });
  });

  test('a page to pay at, which ends', async () => {
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      success_url: 'https://app.example/paid?session={CHECKOUT_SESSION_ID}',
      cancel_url: 'https://app.example/left',
      line_items: [{ quantity: 1, price_data: { currency: 'kes', unit_amount: 700, product_data: { name: 'Chai' } } }],
    });
    expect(await (await fetch(session.url!)).text()).toContain('KES 700');
    const press = (does: string) =>
      fetch(session.url!, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ does, card: 'pm_card_visa' }),
      });
    expect(await (await press('fail')).text()).toContain('declined');
    expect((await press('leave')).headers.get('location')).toBe('https://app.example/left');
    const paid = await press('pay');
    expect(paid.status).toBe(303);
    expect(paid.headers.get('location')).toBe(`https://app.example/paid?session=${session.id}`);
    const after = await stripe.checkout.sessions.retrieve(session.id, { expand: ['payment_intent.latest_charge'] });
    expect(after).toMatchObject({
      status: 'complete',
      payment_status: 'paid',
      payment_intent: { status: 'succeeded' },
    });
    await expect(stripe.checkout.sessions.expire(session.id)).rejects.toThrow('open');
  });

  test('events are signed anew at each delivery, and stripe-node verifies them', async () => {
    const received: Stripe.Event[] = [];
    const refusals = [503, 302];
    const { createServer } = await import('node:http');
    const server = createServer(async (request, reply) => {
      let body = '';
      for await (const piece of request) body += piece;
      const event = stripe.webhooks.constructEvent(body, request.headers['stripe-signature']!, endpoint.secret!);
      const status = refusals.pop() ?? 200;
      if (status === 200) received.push(event);
      reply.writeHead(status).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const endpoint = await stripe.webhookEndpoints.create({ url: `http://127.0.0.1:${port}/`, enabled_events: ['*'] });
    const { id } = await newIntent(15_009);
    await stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' });
    await fetch(`${simulator.url}/_idle`);
    server.close();
    const types = received.map(({ type }) => type);
    expect(new Set(types)).toEqual(new Set(['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded']));
    // …09: each of them twice.
    expect(types).toHaveLength(6);
  });
});

describe('through the service', () => {
  let simulator: Started;
  let service: Service;
  let shop: Shop;
  let secret: string;
  let callbackUrl: string;
  let accountId: string;
  let stripe: Stripe;
  const key = newKey();
  const rolled = 'whsec_rolled0123456789';

  beforeAll(async () => {
    simulator = await start();
    stripe = clientOf(simulator, key);
    service = await startService({ env: { JOB_QUEUES: 'all', STRIPE_BASE_URL: simulator.url, LOG_LEVEL: 'trace' } });
    shop = await openShop(service, { variants: 0, devices: 0 });
    ({ callbackUrl, accountId } = await openAccount(shop, key));
  });
  afterAll(async () => {
    await simulator?.stop();
    if (service) expect((await service.stop()).code).toBe(0);
  });

  // The endpoint is made at Stripe with the account's own URL, and its secret is brought back.
  async function openAccount(owner: Shop, secretKey: string) {
    const account = await owner.create('/v1/payment-accounts', {
      provider: 'stripe',
      name: 'Cards',
      credentials: { secretKey },
    });
    const { url } = await ok(owner.api('GET', `/v1/payment-accounts/${account.id}/callback-url`), 200);
    const ours = `${service.url}${new URL(url).pathname}/events`;
    const endpoint = await clientOf(simulator, secretKey).webhookEndpoints.create({ url: ours, enabled_events: ['*'] });
    const known = await owner.api('GET', `/v1/payment-accounts/${account.id}`);
    const credentials = { secretKey, webhookSecrets: [endpoint.secret, rolled] };
    const headers = { 'if-match': known.headers.get('etag') ?? '' };
    await ok(owner.api('PATCH', `/v1/payment-accounts/${account.id}`, { headers, body: { credentials } }), 200);
    secret = endpoint.secret!;
    return { callbackUrl: ours, accountId: account.id as string };
  }

  const begin = (more: Record<string, unknown> = {}, owner = shop) =>
    ok(
      owner.api('POST', '/v1/payment-intents', {
        body: {
          clientRequestId: randomUUID(),
          provider: 'stripe',
          amount: 15_000,
          purpose: 'sale',
          subjectId: randomUUID(),
          locationId: owner.location.id,
          reference: 'INV-1027',
          ...more,
        },
      }),
      202,
    );
  const look = (id: string, query = '') => ok(shop.api('GET', `/v1/payment-intents/${id}${query}`), 200);
  const becomes = (id: string, state: string) => until(async () => (await look(id)).state === state);
  const pay = (order: Record<string, unknown>) => post(`${simulator.url}/_pay`, order);
  const moved = async (id: string) => (await ledgerOf(simulator)).filter((entry) => entry.attempt_id === id);
  const madeFor = (id: string) =>
    simulator.simulator.requests.filter(
      (one: any) => one.method === 'POST' && one.fields.metadata?.attempt_id === id && !one.path.endsWith('/refunds'),
    );

  function eventOf(object: Record<string, unknown>, more: Record<string, unknown> = {}): string {
    return JSON.stringify({
      id: `evt_${randomBytes(8).toString('hex')}`,
      object: 'event',
      type: 'payment_intent.succeeded',
      created: Math.floor(Date.now() / 1000),
      livemode: false,
      data: { object },
      ...more,
    });
  }
  const success = ({ id, providerId }: { id: string; providerId: string }, more: Record<string, unknown> = {}) => ({
    id: providerId,
    object: 'payment_intent',
    status: 'succeeded',
    amount: 15_000,
    amount_received: 15_000,
    currency: 'kes',
    latest_charge: `ch_${randomBytes(8).toString('hex')}`,
    metadata: { attempt_id: id },
    ...more,
  });
  const deliver = (body: string, signature: string, url = callbackUrl) =>
    fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', 'stripe-signature': signature },
    });
  const signed = (payload: string, options: { secret?: string; timestamp?: number } = {}) =>
    stripe.webhooks.generateTestHeaderString({ payload, secret, ...options });

  test('what the driver sends is what stripe-node sends', async () => {
    const returnUrl = 'https://app.example/paid';
    const [plain, hosted] = [await begin({ description: 'Chai & sukari' }), await begin({ returnUrl })];
    const [intent, session] = [madeFor(plain.id)[0], madeFor(hosted.id)[0]];
    const forget = simulator.simulator.requests.length;
    await stripe.paymentIntents.create({
      amount: 15_000,
      currency: 'kes',
      automatic_payment_methods: { enabled: true },
      description: 'Chai & sukari',
      metadata: { attempt_id: plain.id, reference: 'INV-1027' },
    });
    await stripe.checkout.sessions.create({
      mode: 'payment',
      success_url: returnUrl,
      cancel_url: returnUrl,
      client_reference_id: hosted.id,
      line_items: [
        { quantity: 1, price_data: { currency: 'kes', unit_amount: 15_000, product_data: { name: 'INV-1027' } } },
      ],
      metadata: { attempt_id: hosted.id, reference: 'INV-1027' },
      payment_intent_data: {
        description: 'INV-1027',
        metadata: { attempt_id: hosted.id, reference: 'INV-1027' },
      },
      expires_at: Number(session.fields.expires_at),
    });
    // The service may ask after its own at this moment.
    const made = simulator.simulator.requests.slice(forget).filter((one: any) => one.method === 'POST');
    const [theirs, theirSession] = made;
    expect(intent.fields).toEqual(theirs.fields);
    expect(session.fields).toEqual(theirSession.fields);
    expect(intent.headers['stripe-version']).toBe(theirs.headers['stripe-version']);
    expect(intent.headers['content-type']).toBe(theirs.headers['content-type']);
    expect(intent.headers['idempotency-key']).toBe(plain.id);
  });

  test('a payment intent: the browser gets its secret, the payer pays, and it is credited once', async () => {
    const begun = await begin();
    expect(begun).toMatchObject({ state: 'pending', provider: 'stripe', currency: 'KES' });
    expect(begun.clientSecret).toMatch(/^pi_\w+_secret_\w+$/);
    const waiting = look(begun.id, '?wait=25');
    await pay({ client_secret: begun.clientSecret });
    await waiting;
    await becomes(begun.id, 'succeeded');
    const [entry] = await moved(begun.id);
    expect(await look(begun.id)).toMatchObject({ receiptCode: entry.receipt, amount: entry.amount });
    await pay({ client_secret: begun.clientSecret });
    expect(await moved(begun.id)).toHaveLength(1);
  });

  test('a page: a refused card leaves it open, another one pays', async () => {
    const begun = await begin({ returnUrl: 'https://app.example/paid' });
    const press = (does: string) =>
      fetch(begun.redirectUrl, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams({ does, card: 'pm_card_visa' }),
      });
    await press('fail');
    await fetch(`${simulator.url}/_idle`);
    expect((await look(begun.id)).state).toBe('pending');
    expect((await press('pay')).headers.get('location')).toBe('https://app.example/paid');
    await becomes(begun.id, 'succeeded');
    expect(await moved(begun.id)).toHaveLength(1);
  });

  // By the last two digits: see the simulator's page.
  test.each([15_001, 15_002, 15_003, 15_004, 15_005, 15_006, 15_007, 15_008, 15_009])(
    '%i cents: whatever the wire does, one key, one payment, one credit',
    async (amount) => {
      const begun = await begin({ amount });
      await pay({ attempt_id: begun.id });
      const asked = () => shop.api('POST', `/v1/payment-intents/${begun.id}/query`);
      await until(async () => (await asked()).body.state === 'succeeded');
      expect(await moved(begun.id)).toEqual([expect.objectContaining({ amount })]);
      const keys = new Set(madeFor(begun.id).map((one: any) => one.headers['idempotency-key']));
      expect([...keys]).toEqual([begun.id]);
    },
  );

  test('slow payments settle by their events', async () => {
    const [good, bad] = [
      await begin({ returnUrl: 'https://app.example/' }),
      await begin({ returnUrl: 'https://app.example/' }),
    ];
    for (const [begun, card] of [
      [good, 'pm_slow_success'],
      [bad, 'pm_slow_failure'],
    ]) {
      const session = await pay({ attempt_id: begun.id, card });
      expect(session).toMatchObject({ status: 'complete', payment_status: 'unpaid' });
      await fetch(`${simulator.url}/_idle`);
      expect((await look(begun.id)).state).toBe('pending');
      await post(`${simulator.url}/_settle`, { payment_intent: session.payment_intent });
    }
    await becomes(good.id, 'succeeded');
    await until(async () => {
      await shop.api('POST', `/v1/payment-intents/${bad.id}/query`);
      return (await look(bad.id)).state === 'failed';
    });
  });

  test('called off: nobody can pay any more', async () => {
    const begun = await begin();
    expect((await ok(shop.api('POST', `/v1/payment-intents/${begun.id}/cancel`), 200)).state).toBe('cancelled');
    expect((await pay({ attempt_id: begun.id })).error.code).toBe('payment_intent_unexpected_state');
    const late = await begin();
    await pay({ attempt_id: late.id });
    const reply = await shop.api('POST', `/v1/payment-intents/${late.id}/cancel`);
    expect([200, 409]).toContain(reply.status);
    await becomes(late.id, 'succeeded');
  });

  test('refunds: done, pending, failed, too much, made elsewhere', async () => {
    const begun = await begin({ amount: 30_000 });
    await pay({ attempt_id: begun.id });
    await becomes(begun.id, 'succeeded');
    const refund = (amount: number) =>
      shop.api('POST', `/v1/payment-intents/${begun.id}/refund`, {
        body: { clientRequestId: randomUUID(), amount, reason: 'broken' },
      });
    expect((await ok(refund(6_000), 201)).state).toBe('succeeded');
    expect((await refund(24_001)).status).toBe(409);
    const failing = await ok(refund(1_032), 201);
    expect(failing.state).toBe('pending');
    expect((await look(begun.id)).refundHeld).toBe(1_032);
    await post(`${simulator.url}/_settle`, { refund: failing.providerId });
    await until(async () => (await look(begun.id)).refundHeld === 0);
    expect((await look(begun.id)).refunded).toBe(6_000);
    const parallel = await Promise.all(Array.from({ length: 5 }, () => refund(14_000)));
    expect(parallel.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409]);
    const { provider_id: intent } = (
      await service.database.query<{ provider_id: string }>('select provider_id from payment_intents where id = $1', [
        begun.id,
      ])
    )[0]!;
    await stripe.refunds.create({ payment_intent: intent, amount: 10_000 });
    await becomes(begun.id, 'refunded');
    expect((await moved(begun.id))[0]).toMatchObject({ amount: 30_000, refunded: 30_000 });
  });

  test('stripe-node signs, the service verifies', async () => {
    const payload = eventOf({ object: 'invoice', id: 'in_1' });
    const now = Math.floor(Date.now() / 1000);
    const good = [signed(payload), signed(payload, { secret: rolled }), signed(payload, { timestamp: now - 290 })];
    good.push(`${signed(payload, { secret: 'whsec_gone' })},${signed(payload).split(',')[1]}`);
    for (const header of good) {
      const reply = await deliver(payload, header);
      expect(reply.status, header).toBe(200);
      expect(await reply.json()).toEqual({ received: true });
    }
    const live = eventOf({ object: 'invoice', id: 'in_1' }, { livemode: true });
    const bad: [string, string][] = [
      [payload, signed(payload, { secret: 'whsec_other' })],
      [payload, signed(payload, { timestamp: now - 310 })],
      [payload, signed(payload, { timestamp: now + 310 })],
      [`${payload} `, signed(payload)],
      [payload, ''],
      [payload, 't=,v1='],
      [payload, signed(payload).replace('v1=', 'v0=')],
      [live, signed(live)],
    ];
    for (const [body, header] of bad) expect((await deliver(body, header)).status, header).toBe(403);
    const nowhere = callbackUrl.replace(/[0-9a-f]{32}/, '0'.repeat(32));
    expect((await deliver(payload, signed(payload), nowhere)).status).toBe(403);
  });

  test('events that are forged, or of somebody else, credit nothing', async () => {
    const begun = await begin();
    const stranger = await openShop(service, { variants: 0, devices: 0 });
    const ours = secret;
    const theirs = await openAccount(stranger, newKey());
    const theirSecret = secret;
    secret = ours;
    // Signed by another shop's account, and of another amount or currency by ours.
    const sent: [string, string, string][] = [
      [eventOf(success(begun)), theirSecret, theirs.callbackUrl],
      [eventOf(success(begun)), theirSecret, callbackUrl],
      [eventOf(success({ ...begun, id: randomUUID() })), ours, callbackUrl],
      [eventOf({ ...success(begun), latest_charge: null }), ours, callbackUrl],
      [eventOf({ ...success(begun), amount_received: undefined }), ours, callbackUrl],
    ];
    for (const [payload, key, url] of sent) await deliver(payload, signed(payload, { secret: key }), url);
    await until(async () => {
      const open = 'select 1 from provider_events where account_id = $1 and processed_at is null and outcome is null';
      return (await service.database.query(open, [accountId])).length === 0;
    });
    expect((await look(begun.id)).state).toBe('pending');
    const other = eventOf(success(begun, { amount_received: 1_500, amount: 1_500 }));
    await deliver(other, signed(other));
    await until(async () => (await look(begun.id)).concern === 'amount_differs');
    expect((await look(begun.id)).state).not.toBe('succeeded');
  });

  test('the same event fifty times at once is one credit', async () => {
    const begun = await begin();
    const payload = eventOf(success(begun));
    const replies = await Promise.all(Array.from({ length: 50 }, () => deliver(payload, signed(payload))));
    for (const reply of replies) expect(reply.status).toBe(200);
    await becomes(begun.id, 'succeeded');
    const { id } = JSON.parse(payload);
    const rows = await service.database.query('select deliveries from provider_events where dedupe_key = $1', [id]);
    expect(rows).toEqual([{ deliveries: 50 }]);
  });

  test('a dispute is for people to look at', async () => {
    const begun = await begin();
    await pay({ attempt_id: begun.id });
    await becomes(begun.id, 'succeeded');
    await post(`${simulator.url}/_dispute`, { attempt_id: begun.id });
    await until(async () => (await look(begun.id)).concern === 'disputed');
  });

  test('a page that nobody paid at ends by itself', async () => {
    const begun = await begin({ returnUrl: 'https://app.example/' });
    await post(`${simulator.url}/_advance`, { seconds: 3_700 });
    await becomes(begun.id, 'expired');
  });

  test('nothing secret is in the log', () => {
    const log = service.process.log.map((line) => JSON.stringify(line)).join('\n');
    expect(log).toContain('listening');
    for (const word of ['_secret_', 'whsec_', key]) expect(log).not.toContain(word);
  });
});
