// Whatever happens to a payment by Flutterwave, Paystack, Pesapal or Stripe, in whatever order, and whenever the server dies: money that moved is
// credited once, and money that did not is not. Orders of up to three of ten events, each for a payment of its own, many at once, while
// the server is killed. payments-orders.test.ts does the same with M-Pesa.
//
//     PAYMENT_ORDERS=820 PAYMENT_PROVIDER=paystack bin/with-servers npx vitest run tests/e2e/payments-orders-providers.test.ts
//     PAYMENT_ORDER='query_declined, success' …        that one alone, without a kill
//     bin/test --long       all 820 of each; writes a file of docs/runs
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment } from './support/environment.js';
import { type Hand, hands, type Said } from './support/hands.js';
import { newSeed, recordRun, seeded } from './support/runs.js';
import { type Service, startService } from './support/service.js';
import { openShop, type Shop } from './support/shop.js';

const events = [
  'reply', // the provider takes the request
  'loss', // its answer is lost
  'success', // the payer pays, and the provider tells
  'duplicate', // the same three times at once, once in other bytes
  'late', // the same, when the payment is three days old
  'early', // the same, and nobody waits for its being read
  'query_pending',
  'query_paid',
  'query_declined', // also where money moved
  'expiry', // our time is over
] as const;
type Event = (typeof events)[number];
const isCallback = (event: string): boolean => ['success', 'duplicate', 'late', 'early'].includes(event);

function everyOrder(most: number): Event[][] {
  let ofLength: Event[][] = [[]];
  const all: Event[][] = [];
  for (let length = 1; length <= most; ++length) {
    ofLength = ofLength.flatMap((order) => events.filter((one) => !order.includes(one)).map((one) => [...order, one]));
    all.push(...ofLength);
  }
  return all;
}

const only = process.env.PAYMENT_ORDER?.split(',').map((name) => name.trim() as Event);
const plan = {
  orders: only ? 1 : Number(process.env.PAYMENT_ORDERS ?? (environment.long ? 820 : 60)),
  // Replies are held back: fewer than the calls that the service makes at once.
  atOnce: 24,
  serverKills: only ? 0 : environment.long ? 10 : 2,
};
const chosen = process.env.PAYMENT_PROVIDER ? [process.env.PAYMENT_PROVIDER] : Object.keys(hands);
const seed = newSeed();
const figures: Record<string, unknown> = { seed };

afterAll(async () => {
  if (environment.long) await recordRun('payments-orders-providers', { plan, ...figures });
});

class Final extends Error {}

interface Row {
  id: string;
  state: string;
  provider_id: string | null;
  receipt_code: string | null;
}
const isOpen = ({ state }: Row): boolean => ['created', 'sent', 'pending', 'unknown'].includes(state);
const isPaid = ({ state }: Row): boolean => state === 'succeeded' || state === 'refunded';

// One payment, and what happens to it.
interface Case {
  key: string;
  id: string; // "" until it is stored
  order: Event[];
  index: number;
  began: boolean;
  // Before it had ended.
  replied: boolean;
  told: Set<string>;
}

describe.each(chosen)('%s', (name) => {
  const random = seeded(seed);
  const schedulerToken = randomBytes(32).toString('base64url');
  let hand: Hand;
  let service: Service;
  let shop: Shop;
  let accountId: string;
  let callbackUrl: string;
  let settled = 0;
  let serverKills = 0;
  let over = false;

  beforeAll(async () => {
    hand = await hands[name]!();
    service = await startService({
      env: {
        ACCESS_TOKEN_SECONDS: '3600',
        JOB_QUEUES: 'all',
        JOB_LOCK_SECONDS: '3',
        SCHEDULER_TOKEN: schedulerToken,
        ...hand.env,
      },
    });
    shop = await openShop(service, { variants: 0, devices: 0 });
    const { credentials } = hand;
    const account = await shop.create('/v1/payment-accounts', { provider: name, name: 'Orders', credentials });
    accountId = account.id;
    const { body } = await shop.api('GET', `/v1/payment-accounts/${accountId}/callback-url`);
    callbackUrl = `${service.url}${new URL(body.url).pathname}/${hand.kind}`;
  });
  afterAll(async () => {
    over = true;
    await service?.stop();
    await hand?.stop();
  });

  function chosenOrders(): Event[][] {
    if (only) return [only];
    const all = everyOrder(3).map((order) => ({ order, place: random(2 ** 30) }));
    expect(all).toHaveLength(820);
    return all
      .sort((one, other) => one.place - other.place)
      .slice(0, plan.orders)
      .map(({ order }) => order);
  }

  async function inLanes<In>(items: In[], work: (item: In) => Promise<unknown>): Promise<void> {
    let next = 0;
    const lane = async () => {
      for (let index = next++; index < items.length; index = next++) await work(items[index]!);
    };
    await Promise.all(Array.from({ length: plan.atOnce }, lane));
  }

  // Until there is an answer that is no refusal for now.
  async function insist(method: string, path: string, body?: unknown): Promise<any> {
    for (;;) {
      try {
        const reply = await shop.api(method, path, { body, signal: AbortSignal.timeout(60_000) });
        if (reply.status < 300) return reply.body;
        if (reply.body?.retriable !== true) throw new Final(`${method} ${path}: ${reply.status} ${reply.text}`);
      } catch (error) {
        if (error instanceof Final) throw error;
      }
      await sleep(50);
    }
  }
  async function rowOf({ key }: Case): Promise<Row | undefined> {
    const [row] = await service.database.query<Row>(
      'select id, state, provider_id, receipt_code from payment_intents where tenant_id = $1 and client_request_id = $2',
      [shop.tenantId, key],
    );
    return row;
  }
  const sooner = ({ id }: Case, set: string) =>
    service.database.query(`update payment_intents set ${set} where tenant_id = $1 and id = $2`, [shop.tenantId, id]);

  // Whose question found no answer is asked after by the plan: sooner here.
  const askSooner = (one: Case) =>
    service.database.query(
      'update payment_intents set next_query_at = now() where tenant_id = $1 and id = $2 and next_query_at > now()',
      [shop.tenantId, one.id],
    );

  // An event whose job was cut off by a kill is read a minute later: sooner here.
  const readSooner = ({ id }: Case) =>
    service.database.query(
      `update provider_events set due_at = now() where tenant_id = $1 and account_id = $2 and due_at > now()
         and position($3 in convert_from(body, 'UTF8')) > 0`,
      [shop.tenantId, accountId, id],
    );

  async function until(what: string, one: Case, look: () => Promise<unknown>): Promise<void> {
    // A job that a kill cut off is taken up by the second look after stalled jobs, of which there is one each half minute.
    const deadline = Date.now() + 180_000;
    while (!(await look())) {
      if (Date.now() > deadline)
        throw new Error(`[${one.order.join(', ')}]: not ${what}: ${JSON.stringify(await rowOf(one))}`);
      await sleep(30);
    }
  }
  async function undone({ id }: Case): Promise<number> {
    const [row] = await service.database.query<{ open: string }>(
      `select count(*) as open from provider_events where tenant_id = $1 and account_id = $2 and processed_at is null
         and position($3 in convert_from(body, 'UTF8')) > 0`,
      [shop.tenantId, accountId, id],
    );
    return Number(row!.open);
  }

  // ---- What happens ----

  async function ask(one: Case, said: Said): Promise<void> {
    const row = await rowOf(one);
    if (hand.needsName && !row?.provider_id) return; // nobody can ask after what has no name
    const hasMoved = said === 'paid' && hand.move(one.id);
    if (said !== 'paid') hand.say(one.id, said);
    const before = hand.asked(one.id);
    // An answer may be lost, to a kill or to a deadline: one that ends the payment is asked for until the row knows of it.
    await until('asked', one, async () => {
      await insist('POST', `/v1/payment-intents/${one.id}/query`);
      if (hand.asked(one.id) === before) return false;
      if (said === 'paid') return !hasMoved || isPaid((await rowOf(one))!);
      return said !== 'declined' || !row?.provider_id || !isOpen((await rowOf(one))!);
    });
    hand.say(one.id, undefined);
    if (said !== 'paid' || hasMoved) one.told.add(`query_${said}`);
    // Of a prompt that is known as one, the end.
    if (said === 'declined' && row?.provider_id) one.told.add('declined');
  }

  // What was called off at the provider cannot be paid any more.
  async function tell(one: Case, event: Event, options = {}, waits = true): Promise<void> {
    if (!hand.move(one.id)) return;
    one.told.add(event);
    await hand.tell(one.id, callbackUrl, options);
    if (!waits) return;
    let looks = 0;
    await until('read', one, async () => {
      if (++looks % 100 === 0) await readSooner(one);
      return (await undone(one)) === 0;
    });
    // What proves nothing has us ask, by a job: whatever the provider says next, that question comes first.
    looks = 0;
    await until('credited', one, async () => {
      if (++looks % 100 === 0) await askSooner(one);
      return hand.believesEvents || isPaid((await rowOf(one))!);
    });
  }

  async function happen(one: Case, event: Event): Promise<void> {
    const server = service.process.pid;
    let looks = 0;
    switch (event) {
      case 'reply':
        if (!hand.has(one.id)) break;
        one.replied = isOpen((await rowOf(one))!);
        hand.reply(one.id);
        // Unless the server dies and never reads it.
        await until('answered', one, async () => {
          const row = await rowOf(one);
          return (row && row.state !== 'sent') || server !== service.process.pid;
        });
        break;
      case 'loss':
        hand.lose(one.id);
        break;
      case 'early':
        await tell(one, event, {}, false);
        break;
      case 'late':
        await sooner(one, "created_at = created_at - interval '3 days', expires_at = expires_at - interval '3 days'");
        await tell(one, event);
        break;
      case 'success':
        await tell(one, event);
        break;
      case 'duplicate':
        await tell(one, event, { times: 3, inOtherBytes: true });
        break;
      case 'query_pending':
        await ask(one, 'pending');
        break;
      case 'query_paid':
        await ask(one, 'paid');
        break;
      case 'query_declined':
        await ask(one, 'declined');
        break;
      case 'expiry':
        await sooner(
          one,
          `created_at = created_at - interval '${hand.over}', expires_at = expires_at - interval '${hand.over}', next_query_at = now()`,
        );
        await until('expired', one, async () => {
          const row = await rowOf(one);
          const isOver = row && !['created', 'sent', 'pending'].includes(row.state);
          // What was learnt meanwhile, or a server that died after its question, goes on by the plan, a day later: sooner here.
          if (!isOver && ++looks % 100 === 0) await sooner(one, 'next_query_at = now()');
          return isOver;
        });
        break;
    }
  }

  async function play(one: Case): Promise<void> {
    const asking = insist('POST', '/v1/payment-intents', {
      clientRequestId: one.key,
      provider: name,
      accountId,
      purpose: 'sale',
      subjectId: randomUUID(),
      reference: `ORD-${one.index}`,
      amount: 100 * (1 + one.index),
      ...hand.ask(one.index),
    });
    await until('stored', one, async () => (one.id = (await rowOf(one))?.id ?? ''));
    one.began = await hasBegun(one);
    if (one.began) {
      for (const event of one.order) await happen(one, event);
      hand.lose(one.id); // where nobody has answered it
    }
    await asking;
    settled++;
  }

  // A crash may come between the row and the request: what was not sent is sent by the reconciler, half a minute later; sooner here. Where
  // it came between the note that it is being sent and the request, none comes: it is not sent again.
  async function hasBegun(one: Case): Promise<boolean> {
    const deadline = Date.now() + 90_000;
    let sentBy: number | undefined;
    for (let tries = 1; !hand.has(one.id); ++tries) {
      if (Date.now() > deadline) return false;
      await sleep(20);
      if (tries % 50 !== 0) continue;
      const row = await rowOf(one);
      if (row?.state === 'created') await sooner(one, 'next_query_at = now()');
      if (row?.state !== 'sent') continue;
      if (sentBy !== undefined && sentBy !== service.process.pid) return hand.has(one.id);
      sentBy = service.process.pid;
    }
    return true;
  }

  // The reconciler runs every 15 s by itself.
  async function sweep(): Promise<void> {
    while (!over) {
      const headers = { authorization: `Bearer ${schedulerToken}`, 'idempotency-key': randomUUID() };
      await service.api('POST', '/internal/schedules/payments.sweep/trigger', { headers }).catch(() => {});
      await sleep(500);
    }
  }
  async function disturb(): Promise<void> {
    for (let kill = 0; kill < plan.serverKills; ++kill) {
      const share = (plan.orders * (kill + 0.5)) / (plan.serverKills + 1);
      while (settled < share) await sleep(5);
      await sleep(random(200));
      await service.process.kill();
      await sleep(random(100));
      await service.restart();
      serverKills++;
    }
  }

  // ---- What must have become of it ----

  // "": as it must be.
  async function faultOf(one: Case): Promise<string> {
    const row = (await rowOf(one))!;
    const [{ tasks }] = (await service.database.query<{ tasks: string }>(
      'select count(*) as tasks from payment_refund_tasks where tenant_id = $1 and intent_id = $2',
      [shop.tenantId, one.id],
    )) as [{ tasks: string }];
    const open = await undone(one);
    const moved = [...one.told].some((event) => isCallback(event) || event === 'query_paid');
    if (Number(tasks) > 1) return `${tasks} refund tasks`;
    if (hand.requests(one.id) > 1) return `sent ${hand.requests(one.id)} times`;
    if (!moved) {
      if (row.state === 'succeeded') return 'credited, and no money moved';
      // Its time was over first, and it was called off at the provider.
      const wasCalledOff = hand.callsOff && one.order.indexOf('expiry') < one.order.indexOf('query_declined');
      if (one.told.has('declined') && one.order.includes('expiry') && wasCalledOff && row.state === 'expired')
        return '';
      if (one.told.has('declined'))
        return hand.declined.includes(row.state) ? '' : `${row.state} instead of ${hand.declined.join()}`;
      if (one.told.has('query_declined')) return '';
      // Its time was over, and it was called off at the provider.
      if (one.order.includes('expiry') && row.state === 'cancelled' && hand.declined.includes('cancelled')) return '';
      // The server died before it had read the page's address: nobody was shown it.
      if (hand.needsName && row.state === 'failed' && row.provider_id === null) return '';
      return isOpen(row) || row.state === 'expired' || !one.replied ? '' : `${row.state}, and nobody said so`;
    }
    if (open > 0) return `${open} events are not read`;
    if (row.state !== 'succeeded') {
      // An event that proves nothing has us ask: while the provider lies, it is believed.
      const wasLiedTo = !hand.believesEvents && one.told.has('query_declined') && one.told.has('early');
      return wasLiedTo ? '' : `${row.state}, and the money came`;
    }
    return row.receipt_code === hand.receipt(one.id) ? '' : `its receipt is ${row.receipt_code}`;
  }

  test(
    'in every order the money is credited once',
    async () => {
      const began = Date.now();
      const cases = chosenOrders().map((order, index): Case => ({
        key: randomUUID(),
        id: '',
        order,
        index,
        began: false,
        replied: false,
        told: new Set(),
      }));
      console.log(`${name}: ${plan.orders} orders of events, seed ${seed}`);
      const sweeping = sweep();
      await Promise.all([inLanes(cases, play), disturb()]);

      // What nobody has told of is asked after by the plan: sooner here.
      await service.database.query(
        `update payment_intents set next_query_at = now() where tenant_id = $1
           and state in ('created', 'sent', 'pending', 'unknown')`,
        [shop.tenantId],
      );
      // What waited for an answer of ours that a kill has cut off is read again.
      await service.database.query(
        'update provider_events set due_at = now() where tenant_id = $1 and processed_at is null and due_at is not null',
        [shop.tenantId],
      );
      const faults: string[] = [];
      await inLanes(cases, async (one) => {
        let fault = '';
        const deadline = Date.now() + 90_000;
        for (let looks = 1; ; ++looks) {
          fault = await faultOf(one);
          if (!fault || Date.now() > deadline) break;
          if (looks % 50 === 0) await askSooner(one);
          await sleep(100);
        }
        if (fault) faults.push(`[${one.order.join(', ')}]: ${fault}; told: ${[...one.told].join(', ')}`);
      });
      over = true;
      await sweeping;
      const seconds = (Date.now() - began) / 1000;
      const unsent = cases.filter(({ began: has }) => !has).length;
      figures[name] = { seconds, serverKills, unsent };
      console.log(`${name}: ${seconds.toFixed(1)} s, ${serverKills} x SIGKILL, ${unsent} never sent`);

      expect(faults).toEqual([]);
      expect(serverKills).toBe(plan.serverKills);
      expect(unsent).toBeLessThanOrEqual(plan.atOnce * plan.serverKills);
    },
    environment.long ? 900_000 : 600_000,
  );
});
