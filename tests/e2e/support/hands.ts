// Providers that do what the test says, when it says so: their simulators with every reply held back and nobody who pays or tells by
// itself. For orders of events.
//
//     const hand = await hands.flutterwave();
//     hand.has(id);                        // its request has come; the reply is held back
//     hand.reply(id);                      // or hand.lose(id)
//     hand.move(id);                       // the payer pays, and nobody is told; false: it was called off, and cannot be paid
//     await hand.tell(id, callbackUrl);    // until somebody answers 200
//     hand.say(id, 'declined');            // to questions from now on; undefined: what is true
import { createHmac, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { start as startFlutterwave } from '../../simulators/flutterwave.mjs';
import { start as startPaystack } from '../../simulators/paystack.mjs';
import { type Order, start as startPesapal } from '../../simulators/pesapal.mjs';
import { start as startStripe } from '../../simulators/stripe.mjs';
import { signatureOf } from '../../simulators/stripe/events.mjs';

export type Said = 'pending' | 'paid' | 'declined';

export interface Hand {
  provider: string;
  env: Record<string, string>;
  credentials: Record<string, unknown>;
  // The last part of the address that events go to.
  kind: string;
  // Members of a request, by its number: each payer once.
  ask(index: number): Record<string, unknown>;
  // An event alone proves that money moved.
  believesEvents: boolean;
  // What an attempt may become that is said to be declined.
  declined: string[];
  // Whose time is over is called off at the provider.
  callsOff?: boolean;
  // A time after which it is called off, or asked after no more.
  over: string;
  // Without the provider's own name of it nobody can ask, or be told "declined".
  needsName: boolean;
  has(id: string): boolean;
  reply(id: string): void;
  lose(id: string): void;
  move(id: string): boolean;
  tell(id: string, callbackUrl: string, options?: { times?: number; inOtherBytes?: boolean }): Promise<void>;
  say(id: string, said: Said | undefined): void;
  asked(id: string): number;
  requests(id: string): number;
  receipt(id: string): string | undefined;
  stop(): Promise<void>;
}

async function deliver(url: string, body: string, headers: Record<string, string>): Promise<void> {
  for (;;) {
    try {
      const reply = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close', ...headers },
        body,
        signal: AbortSignal.timeout(10_000),
      });
      await reply.text();
      if (reply.status === 200) return;
      if (reply.status < 500) throw new Refused(`${url} answered ${reply.status}`);
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
    await sleep(50);
  }
}
class Refused extends Error {}

const manyTimes = (body: string, { times = 1, inOtherBytes = false }): string[] =>
  Array.from({ length: times }, (_, index) => (inOtherBytes && index > 0 ? `${body}${' '.repeat(index)}` : body));

interface Both {
  provider: 'flutterwave' | 'paystack';
  sim: Awaited<ReturnType<typeof startFlutterwave | typeof startPaystack>>;
  credentials: Record<string, unknown>;
  startPath: string;
  isQuestion(request: any, id: string): boolean;
  headersOf(body: string): Record<string, string>;
}

function handOf({ provider, sim, credentials, startPath, isQuestion, headersOf }: Both): Hand {
  const { simulator } = sim;
  simulator.scripts.set('*', { reply: 'held', events: 'silent', outcome: 'never' });
  const words = { pending: 'pending', paid: 'paid', declined: 'failed' };
  const paymentOf = (id: string) => simulator.payments.get(id);
  return {
    provider,
    env: { [`${provider.toUpperCase()}_BASE_URL`]: sim.url },
    credentials,
    kind: 'events',
    ask: (index) => ({ phone: `2547${String(10_000_000 + index)}` }),
    believesEvents: provider === 'paystack',
    declined: ['failed'],
    over: '2 hours',
    needsName: false,
    has: (id) => simulator.held.has(id),
    reply: (id) => void simulator.release({ reference: id, how: 'reply' }),
    lose: (id) => void simulator.release({ reference: id, how: 'lose' }),
    move: (id) => Boolean(simulator.decide(paymentOf(id), 'pays')),
    tell: async (id, callbackUrl, options = {}) => {
      const payment = paymentOf(id);
      const event = simulator.eventOf(payment, simulator.transactionOf(payment), 'paid');
      const bodies = manyTimes(JSON.stringify(event), options);
      await Promise.all(bodies.map((body) => deliver(callbackUrl, body, headersOf(body))));
    },
    say: (id, said) => void (paymentOf(id).said = said ? words[said] : null),
    asked: (id) => simulator.requests.filter((one: any) => isQuestion(one, id)).length,
    requests: (id) => simulator.requests.filter((one: any) => one.path === startPath && one.body.includes(id)).length,
    receipt: (id) => {
      const paid = paymentOf(id)?.transactions.find(({ status }: { status: string }) => status === 'paid');
      return paid && String(paid.id);
    },
    stop: () => sim.stop(),
  };
}

const email = 'till@duka.example';

export const hands: Record<string, () => Promise<Hand>> = {
  flutterwave: async () => {
    const secret = randomBytes(16).toString('hex');
    return handOf({
      provider: 'flutterwave',
      sim: await startFlutterwave(),
      credentials: { secretKey: 'FLWSECK_TEST-orders-X', secretHashes: [secret], email },
      startPath: '/v3/charges',
      isQuestion: ({ path, query }, id) => path.endsWith('/verify_by_reference') && query.tx_ref === id,
      headersOf: () => ({ 'verif-hash': secret }),
    });
  },
  paystack: async () =>
    handOf({
      provider: 'paystack',
      sim: await startPaystack(),
      credentials: { secretKey: 'sk_test_orders', email },
      startPath: '/charge',
      isQuestion: ({ path }, id) => path === `/transaction/verify/${id}`,
      headersOf: (body) => ({
        'x-paystack-signature': createHmac('sha512', 'sk_test_orders').update(body).digest('hex'),
      }),
    }),
  pesapal: async () => {
    const sim = await startPesapal({ speed: 100 });
    sim.script({ reference: '*', scenario: { reply: 'held', ipn: 'none' } });
    const says = { pending: 'pending', paid: 'completed', declined: 'failed' } as const;
    const orderOf = (id: string): Order | undefined => sim.orders().find(({ reference }) => reference === id);
    return {
      provider: 'pesapal',
      env: { PESAPAL_BASE_URL: sim.url },
      credentials: { environment: 'sandbox', consumerKey: 'orders', consumerSecret: 'secret' },
      kind: 'ipn',
      ask: (index) => ({ phone: `2547${String(10_000_000 + index)}`, returnUrl: 'https://app.example/paid' }),
      believesEvents: false,
      declined: ['failed'],
      callsOff: true,
      over: '2 hours',
      needsName: true,
      has: (id) => orderOf(id)?.release !== undefined,
      reply: (id) => orderOf(id)?.release?.(false),
      lose: (id) => orderOf(id)?.release?.(true),
      move: (id) => {
        sim.control('pay', { reference: id, outcome: 'paid', ipn: false });
        return true;
      },
      tell: async (id, callbackUrl, options = {}) => {
        const { trackingId } = orderOf(id)!;
        const body = JSON.stringify({
          OrderNotificationType: 'IPNCHANGE',
          OrderTrackingId: trackingId,
          OrderMerchantReference: id,
        });
        await Promise.all(manyTimes(body, options).map((one) => deliver(callbackUrl, one, {})));
      },
      say: (id, said) => void sim.control('says', { reference: id, says: said ? says[said] : null }),
      asked: (id) => orderOf(id)?.asked ?? 0,
      requests: (id) => sim.orders().filter(({ reference }) => reference === id).length,
      receipt: (id) => orderOf(id)?.receipt,
      stop: () => sim.close(),
    };
  },
  // Through the library in the browser; a page is one of several objects, and another test's.
  stripe: async () => {
    const { simulator, url, stop } = await startStripe();
    simulator.holds = true;
    const [secretKey, secret] = ['sk_test_orders', 'whsec_orders'];
    const account = simulator.account(secretKey);
    const all = (id: string): any[] => [...account.intents.values()].filter((one) => one.metadata.attempt_id === id);
    return {
      provider: 'stripe',
      env: { STRIPE_BASE_URL: url },
      credentials: { secretKey, webhookSecrets: [secret] },
      kind: 'events',
      ask: () => ({}),
      believesEvents: true,
      declined: ['cancelled', 'expired'], // it was called off there before
      over: '26 hours',
      needsName: false,
      has: (id) => simulator.held.has(id),
      reply: (id) => simulator.release(id, 'reply'),
      lose: (id) => simulator.release(id, 'lose'),
      move: (id) => {
        const [intent] = all(id);
        if (intent.status === 'requires_payment_method') account.confirm(intent.id, {});
        return intent.status === 'succeeded';
      },
      tell: async (id, callbackUrl, options = {}) => {
        const [object] = all(id);
        const { livemode, apiVersion } = account;
        const type = 'payment_intent.succeeded';
        const event = { account: secretKey, type, object, livemode, apiVersion, created: account.now() };
        const bodies = manyTimes(simulator.events.make(event).body, options);
        const signed = (body: string) => ({ 'stripe-signature': signatureOf(body, [secret]) });
        await Promise.all(bodies.map((body) => deliver(callbackUrl, body, signed(body))));
      },
      say: (id, said) => void (said && said !== 'paid' ? simulator.says.set(id, said) : simulator.says.delete(id)),
      asked: (id) =>
        simulator.requests.filter(
          ({ method, path, query }: any) =>
            method === 'GET' && (all(id).some((one) => path.endsWith(one.id)) || String(query.query).includes(id)),
        ).length,
      requests: (id) => all(id).length,
      receipt: (id) => all(id)[0]?.latest_charge ?? undefined,
      stop,
    };
  },
};
