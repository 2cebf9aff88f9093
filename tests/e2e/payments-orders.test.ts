// Whatever happens to a payment, in whatever order, and whenever the server dies: money that moved is credited once, and money that
// did not is not. Orders of up to three of eleven events, each for a payment of its own, many at once, while the server is killed.
// src/payments/state_test.cpp does the same to five events with the rules alone.
//
//     PAYMENT_ORDERS=1111 bin/with-servers npx vitest run tests/e2e/payments-orders.test.ts
//     PAYMENT_ORDER='query_declined, success' …        that one alone, without a kill
//     bin/test --long       all 1,111; writes docs/runs/payments-orders.json
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { confirmationOf, DarajaByHand, type Prompt, type Said, successOf } from './support/daraja-by-hand.js';
import { environment } from './support/environment.js';
import { newSeed, recordRun, seeded } from './support/runs.js';
import { type Service, startService } from './support/service.js';
import { openShop, type Shop } from './support/shop.js';

const events = [
  'reply', // the provider takes the request
  'loss', // its answer is lost
  'success', // the callback
  'duplicate', // the callback three times at once, once in other bytes
  'late', // the callback, when the payment is three days old
  'early', // the callback, and nobody waits for its being read
  'query_pending',
  'query_paid',
  'query_declined', // also where money moved: the sandbox has been seen to say so
  'confirmation', // of the account, with the same receipt
  'expiry', // our time is over
] as const;
type Event = (typeof events)[number];
const isCallback = (event: Event): boolean => ['success', 'duplicate', 'late', 'early'].includes(event);

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
  orders: only ? 1 : Number(process.env.PAYMENT_ORDERS ?? (environment.long ? 1_111 : 200)),
  // Prompts are held back: fewer than the calls that the service makes at once.
  atOnce: 24,
  serverKills: only ? 0 : environment.long ? 30 : 4,
};
const figures = { seed: newSeed(), serverKills: 0, credited: 0, kept: 0, undecided: 0, withoutMoney: 0, seconds: 0 };
const random = seeded(figures.seed);

// One payment, and what happens to it.
interface Case {
  order: Event[];
  accountId: string;
  phone: string;
  receipt: string;
  request: Record<string, unknown>;
  intentId: string;
  prompt?: Prompt;
  // The process that sent it.
  server: number;
  // The process under which the row was seen to be sent, and no prompt had come.
  sentBy?: number;
  // What M-Pesa has said to us, and we have answered.
  told: Set<Event>;
}

const schedulerToken = randomBytes(32).toString('base64url');
let daraja: DarajaByHand;
let service: Service;
let shop: Shop;
let cases: Case[];

beforeAll(async () => {
  daraja = await DarajaByHand.start();
  service = await startService({
    env: {
      ACCESS_TOKEN_SECONDS: '3600',
      JOB_QUEUES: 'all',
      JOB_LOCK_SECONDS: '3',
      MPESA_BASE_URL: daraja.url,
      SCHEDULER_TOKEN: schedulerToken,
    },
  });
  shop = await openShop(service, { variants: 0, devices: 0 });
  cases = await inLanes(chosenOrders(), makeCase);
});

afterAll(async () => {
  await service?.stop();
  await daraja?.stop();
});

function chosenOrders(): Event[][] {
  if (only) return [only];
  const all = everyOrder(3).map((order) => ({ order, place: random(2 ** 30) }));
  expect(all).toHaveLength(1_111);
  return all
    .sort((one, other) => one.place - other.place)
    .slice(0, plan.orders)
    .map(({ order }) => order);
}

// M-Pesa takes few queries a minute of one short code: so each payment has an account of its own.
async function makeCase(order: Event[], index: number): Promise<Case> {
  const shortCode = String(100_000 + index);
  const account = await shop.create('/v1/payment-accounts', {
    provider: 'mpesa',
    name: `Account ${index}`,
    credentials: {
      environment: 'sandbox',
      kind: 'paybill',
      shortCode,
      consumerKey: `key-${shortCode}`,
      consumerSecret: 'secret',
      passkey: 'passkey',
    },
  });
  const phone = `2547${String(10_000_000 + index)}`;
  return {
    order,
    accountId: account.id,
    phone,
    receipt: `TK${String(index).padStart(8, '0')}`,
    request: {
      clientRequestId: randomUUID(),
      provider: 'mpesa',
      accountId: account.id,
      purpose: 'sale',
      subjectId: randomUUID(),
      reference: `ORD-${index}`,
      amount: 100 * (1 + index),
      phone,
    },
    intentId: '',
    server: 0,
    told: new Set(),
  };
}

async function inLanes<In, Out>(items: In[], work: (item: In, index: number) => Promise<Out>): Promise<Out[]> {
  const done: Out[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < items.length; index = next++) done[index] = await work(items[index]!, index);
  };
  await Promise.all(Array.from({ length: plan.atOnce }, lane));
  return done;
}

// ---- What happens ----------------------------------------------------------------------------------------------------

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
class Final extends Error {}

interface Row {
  id: string;
  state: string;
  provider_id: string | null;
  receipt_code: string | null;
  queries: number;
}
async function rowOf(one: Case): Promise<Row | undefined> {
  const [row] = await service.database.query<Row & { queries: string }>(
    'select id, state, provider_id, receipt_code, queries from payment_intents where tenant_id = $1 and client_request_id = $2',
    [shop.tenantId, one.request.clientRequestId],
  );
  return row && { ...row, queries: Number(row.queries) };
}
const isOpen = ({ state }: Row): boolean => ['created', 'sent', 'pending', 'unknown'].includes(state);

async function sooner(one: Case, set: string): Promise<void> {
  await service.database.query(`update payment_intents set ${set} where tenant_id = $1 and id = $2`, [
    shop.tenantId,
    one.intentId,
  ]);
}

// A clock that does not wait: what is due in half a minute is due now.
async function until<T>(what: string, one: Case, look: () => Promise<T | undefined | false>): Promise<T> {
  // A job that a kill cut off is taken up by the second look after stalled jobs, of which there is one each half minute.
  const deadline = Date.now() + 180_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > deadline)
      throw new Error(`[${one.order.join(', ')}]: not ${what}: ${JSON.stringify(await rowOf(one))}`);
    await sleep(30);
  }
}

// The event has been read, or waits for an attempt that is not known yet.
async function untilRead(one: Case): Promise<void> {
  await until('read', one, async () => {
    const [row] = await service.database.query<{ open: string }>(
      `select count(*) filter (where processed_at is null and outcome is null) as open
         from provider_events where tenant_id = $1 and account_id = $2`,
      [shop.tenantId, one.accountId],
    );
    return Number(row!.open) === 0;
  });
}

async function ask(one: Case, said: Said): Promise<void> {
  const { checkoutId } = one.prompt!;
  daraja.says.set(checkoutId, said);
  await until('asked', one, async () => {
    if (!(await rowOf(one))?.provider_id) return true; // nobody can ask after what has no name
    const before = daraja.queries.get(checkoutId) ?? 0;
    await insist('POST', `/v1/payment-intents/${one.intentId}/query`);
    if ((daraja.queries.get(checkoutId) ?? 0) === before) return sleep(1_000).then(() => false); // too many for now
    // An answer may be lost, to a kill or to a deadline: one that ends the payment is asked for until the row knows of it.
    const row = (await rowOf(one))!;
    if (said === 'paid' && row.state !== 'succeeded') return false;
    if (said === 'declined' && isOpen(row)) return false;
    one.told.add(said === 'paid' ? 'query_paid' : said === 'declined' ? 'query_declined' : 'query_pending');
    return true;
  });
  daraja.says.set(checkoutId, 'pending');
}

async function happen(one: Case, event: Event): Promise<void> {
  const prompt = one.prompt!;
  const success = successOf(prompt, one.receipt);
  switch (event) {
    case 'reply':
      if (prompt.answered !== 'held') break;
      prompt.reply();
      // Unless the server dies and never reads it.
      await until('answered', one, async () => {
        const row = await rowOf(one);
        return row?.provider_id != null || one.server !== service.process.pid;
      });
      break;
    case 'loss':
      prompt.lose();
      break;
    case 'early':
      await prompt.callBack(success);
      break;
    case 'late':
      await sooner(one, "created_at = created_at - interval '3 days', expires_at = expires_at - interval '3 days'");
      await prompt.callBack(success);
      await untilRead(one);
      break;
    case 'success':
      await prompt.callBack(success);
      await untilRead(one);
      break;
    case 'duplicate':
      await Promise.all([success, success, ` ${success}`].map((body) => prompt.callBack(body)));
      await untilRead(one);
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
    case 'confirmation':
      await prompt.callBack(confirmationOf(prompt, one.receipt), 'confirm');
      await untilRead(one);
      break;
    case 'expiry':
      await expire(one);
      break;
  }
  if (isCallback(event) || event === 'confirmation') one.told.add(event);
}

async function expire(one: Case): Promise<void> {
  await sooner(
    one,
    "created_at = created_at - interval '20 minutes', expires_at = expires_at - interval '20 minutes', next_query_at = now()",
  );
  await until('expired', one, async () => {
    const row = await rowOf(one);
    return row !== undefined && row.state !== 'created' && row.state !== 'sent' && row.state !== 'pending';
  });
}

async function play(one: Case): Promise<void> {
  // The answer comes when M-Pesa's does; whether it comes at all is one of the events.
  const asking = insist('POST', '/v1/payment-intents', one.request);
  one.prompt = await promptOf(one);
  if (one.prompt) {
    one.server = service.process.pid;
    one.intentId = (await until('stored', one, () => rowOf(one))).id;
    for (const event of one.order) await happen(one, event);
    one.prompt.lose(); // where nobody has answered it
  }
  await asking;
  settled++;
}

// A crash may come between the row and the prompt. What was not sent is sent by the reconciler, half a minute later: sooner here. Where
// it came between the note that it is being sent and the prompt, none comes: a prompt has no key, and is not sent again.
async function promptOf(one: Case): Promise<Prompt | undefined> {
  const deadline = Date.now() + 90_000;
  for (let tries = 1; !daraja.promptFor(one.phone); ++tries) {
    if (Date.now() > deadline) return undefined;
    await sleep(20);
    if (tries % 50 !== 0) continue;
    const row = await rowOf(one);
    one.intentId = row?.id ?? '';
    if (row?.state === 'created') await sooner(one, 'next_query_at = now()');
    if (row?.state === 'sent' && one.sentBy !== undefined && one.sentBy !== service.process.pid) return undefined;
    if (row?.state === 'sent') one.sentBy ??= service.process.pid;
  }
  return daraja.promptFor(one.phone);
}

let settled = 0;

// The reconciler runs every 15 s by itself.
async function sweep(): Promise<void> {
  while (settled < plan.orders) {
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
    figures.serverKills++;
  }
}

// ---- What must have become of it ---------------------------------------------------------------------------------------

interface Books {
  row: Row;
  tasks: number;
  c2b: { state: string; matched_id: string | null }[];
  undone: number;
}

async function booksOf(one: Case): Promise<Books> {
  const row = (await rowOf(one))!;
  const [count] = await service.database.query<{ tasks: string; undone: string }>(
    `select (select count(*) from payment_refund_tasks where tenant_id = $1 and intent_id = $2) as tasks,
            (select count(*) from provider_events where tenant_id = $1 and account_id = $3 and processed_at is null) as undone`,
    [shop.tenantId, row.id, one.accountId],
  );
  const c2b = await service.database.query<{ state: string; matched_id: string | null }>(
    'select state, matched_id from c2b_payments where tenant_id = $1 and receipt = $2',
    [shop.tenantId, one.receipt],
  );
  return { row, tasks: Number(count!.tasks), undone: Number(count!.undone), c2b };
}

// "": as it must be.
function faultOf(one: Case, { row, tasks, c2b, undone }: Books): string {
  const byName = [...one.told].some(isCallback) && row.provider_id !== null;
  const proven = byName || one.told.has('query_paid');
  const byAccount = one.told.has('confirmation');
  const moved = proven || byAccount || [...one.told].some(isCallback);
  if (tasks > 1) return `${tasks} refund tasks`;
  if (c2b.length > 1) return `the receipt was recorded ${c2b.length} times`;
  if (!moved) {
    if (row.state === 'succeeded') return 'credited, and no money moved';
    if (one.told.has('query_declined')) return row.state === 'failed' ? '' : `${row.state} instead of failed`;
    return isOpen(row) || row.state === 'expired' ? '' : `${row.state}, and nobody said so`;
  }
  if (proven && row.state !== 'succeeded') return `${row.state}, and the money came`;
  if (byAccount && c2b.length !== 1) return 'the confirmation is not on the list';
  const hasReceipt = byName || byAccount;
  if (row.state === 'succeeded') {
    if (hasReceipt && row.receipt_code !== one.receipt) return `its receipt is ${row.receipt_code}`;
    return c2b.every(({ matched_id }) => matched_id === row.id) ? '' : 'credited, and on the list once more';
  }
  // Nobody can tell whose it is: it is kept, and it is not called failed.
  if (!byAccount && undone === 0) return 'the callback is gone, and nothing was credited';
  return row.state === 'failed' && !one.told.has('query_declined') ? 'failed, and the money came' : '';
}

test(
  'in every order the money is credited once',
  async () => {
    const began = Date.now();
    console.log(`${plan.orders} orders of events, seed ${figures.seed}`);
    await Promise.all([inLanes(cases, play), sweep(), disturb()]);

    // What waited for an answer of ours that a kill has cut off is read again.
    await service.database.query(
      'update provider_events set due_at = now() where tenant_id = $1 and processed_at is null and due_at is not null',
      [shop.tenantId],
    );
    const faults: string[] = [];
    await inLanes(cases, async (one) => {
      let fault = '';
      const deadline = Date.now() + 90_000;
      do {
        fault = faultOf(one, await booksOf(one));
        if (fault) await sleep(100);
      } while (fault && Date.now() < deadline);
      if (fault) faults.push(`[${one.order.join(', ')}]: ${fault}; told: ${[...one.told].join(', ')}`);
      else count(one, await booksOf(one));
    });
    figures.seconds = (Date.now() - began) / 1000;

    expect(faults).toEqual([]);
    expect(daraja.promptedTwice).toEqual([]);
    expect(figures.serverKills).toBe(plan.serverKills);
    expect(figures.credited + figures.kept + figures.undecided + figures.withoutMoney).toBe(plan.orders);
    console.log(summary());
    if (environment.long) await recordRun('payments-orders', { plan, ...figures });
  },
  environment.long ? 900_000 : 600_000,
);

function count(one: Case, { row }: Books): void {
  const moved = [...one.told].some((event) => isCallback(event) || event === 'confirmation' || event === 'query_paid');
  if (row.state === 'succeeded') figures.credited++;
  else if (moved) figures.kept++;
  else if (isOpen(row)) figures.undecided++;
  else figures.withoutMoney++;
}

const summary = (): string =>
  [
    `${plan.orders} orders in ${figures.seconds.toFixed(1)} s, ${figures.serverKills} x SIGKILL:`,
    `${figures.credited} credited, ${figures.kept} kept for people because nobody could tell whose it was,`,
    `${figures.undecided} undecided without money, ${figures.withoutMoney} ended without money. Seed ${figures.seed}.`,
  ].join('\n');
