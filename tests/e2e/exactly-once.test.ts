// A sale is recorded exactly once: many tills send every sale several times at once, while the server is killed, PostgreSQL
// crashes under it and is read-only for a while, and another tenant keeps sending batches. Afterwards the books must agree
// with what the tills were told, to the byte. docs/exactly-once.md says what is compared.
//
//     EXACTLY_ONCE_SALES=10000 bin/with-servers npx vitest run tests/e2e/exactly-once.test.ts
//     bin/test --long       the same with 10,000 sales; writes docs/runs/exactly-once.json
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scratchDatabase, type ScratchDatabase } from './support/database.js';
import { environment } from './support/environment.js';
import { type PostgresServer, startPostgres } from './support/postgres.js';
import { newSeed, percentile, recordRun, seeded } from './support/runs.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';
import { addDevice, type Device, expectLevelsToEqualMovements, openShop, saleFor, type Shop } from './support/shop.js';

const plan = {
  sales: Number(process.env.EXACTLY_ONCE_SALES ?? (environment.long ? 10_000 : 600)),
  devices: 20,
  serverKills: Number(process.env.EXACTLY_ONCE_KILLS ?? (environment.long ? 40 : 6)),
  postgresCrashes: Number(process.env.EXACTLY_ONCE_CRASHES ?? (environment.long ? 6 : 1)),
  readOnlySeconds: environment.long ? 60 : 1,
  neighbourBatches: environment.long ? 8 : 2, // at once
  itemsInBatch: 50,
};

let postgres: PostgresServer;
let database: ScratchDatabase;
let service: Service;
let shop: Shop;
let neighbour: Shop;

beforeAll(async () => {
  postgres = await startPostgres();
  database = await scratchDatabase(postgres.url);
  // A long run outlives a token of ten minutes.
  const env = { ACCESS_TOKEN_SECONDS: '3600', LOG_LEVEL: 'warn' };
  await migrate(serviceEnvironment(database, env));
  service = await startService({
    database,
    env: { ...env, LOG_LEVEL: 'info', JOB_QUEUES: 'all', JOB_LOCK_SECONDS: '3' },
  });
  shop = await openShop(service, { variants: 12, devices: plan.devices });
  neighbour = await openShop(service, { variants: 0, devices: 0 });
});

afterAll(async () => {
  await service?.stop();
  await database?.drop();
  await postgres?.remove();
});

const figures = {
  seed: newSeed(),
  requests: 0,
  lost: 0, // no reply: the connection was refused or cut
  recorded: 0, // 201, the first
  replayed: 0,
  refused: {} as Record<string, number>, // problems that said "retry"
  serverKills: 0,
  postgresCrashes: 0,
  readOnlySeconds: 0,
  neighbour: { batches: 0, refused: 0, lost: 0 },
  seconds: 0,
  milliseconds: { p50: 0, p99: 0 }, // from the first attempt at a sale to its good reply
};
const took: number[] = [];

// What the tills were told: for each key the digest of every good reply.
const replies = new Map<string, { digests: Set<string>; text: string; first: number }>();
const permanent: string[] = [];
let settled = 0;

const random = seeded(figures.seed);

// One attempt after another until there is a good reply. Driven by what the reply says, as a till's queue is.
async function deliver(sale: any): Promise<void> {
  for (let attempt = 0; ; ++attempt) {
    figures.requests++;
    let reply;
    try {
      reply = await shop.sell({ ...sale, attempt }, { signal: AbortSignal.timeout(15_000) });
    } catch {
      figures.lost++;
      await sleep(20 + random(60));
      continue;
    }
    if (reply.status === 201) return remember(sale.clientRequestId, reply);
    const { code, retriable } = reply.body ?? {};
    if (retriable !== true) {
      permanent.push(`${reply.status} ${reply.text}`);
      return;
    }
    figures.refused[code] = (figures.refused[code] ?? 0) + 1;
    await sleep(20 + random(60));
  }
}

function remember(key: string, reply: { text: string; headers: Headers }): void {
  const told = replies.get(key) ?? { digests: new Set(), text: reply.text, first: 0 };
  const head = ['etag', 'location'].map((name) => reply.headers.get(name)).join(' ');
  told.digests.add(createHash('sha256').update(head).update(reply.text).digest('hex'));
  if (reply.headers.get('idempotent-replayed') === 'true') figures.replayed++;
  else {
    figures.recorded++;
    told.first++;
  }
  replies.set(key, told);
}

function basket(device: Device): any {
  const lines = Array.from({ length: 1 + random(4) }, () => ({
    variant: shop.variants[random(shop.variants.length)]!,
    quantity: ['1', '2', '0.5', '1.25'][random(4)]!,
  }));
  return saleFor(shop, { device, lines });
}

// One till: its sales in order, each sent by one to five senders at once.
async function till(device: Device, sales: number): Promise<string[]> {
  const keys: string[] = [];
  for (let index = 0; index < sales; ++index) {
    const sale = basket(device);
    keys.push(sale.clientRequestId);
    const began = Date.now();
    await Promise.all(Array.from({ length: 1 + random(5) }, () => deliver(sale)));
    took.push(Date.now() - began);
    settled++;
  }
  return keys;
}

// Another tenant, for whom nothing is promised but that what was answered is there: batches, one after another.
async function sendBatches(): Promise<void> {
  const items = Array.from({ length: plan.itemsInBatch }, (_, index) => ({
    op: 'create',
    data: { name: `Batch ${index}`, taxClassId: neighbour.taxClasses[0]!.id },
  }));
  while (settled < plan.sales) {
    try {
      const options = { body: { onError: 'continue', items }, signal: AbortSignal.timeout(30_000) };
      const reply = await neighbour.api('POST', '/v1/products/batch', options);
      if (reply.status === 200) figures.neighbour.batches++;
      else if (reply.body?.retriable === true) figures.neighbour.refused++;
      else permanent.push(`batch: ${reply.status} ${reply.text}`);
    } catch {
      figures.neighbour.lost++;
    }
    await sleep(20 + random(60));
  }
}

// Faults, spread over the sales; each waits for its share to be settled and then a random moment more.
async function disturb(): Promise<void> {
  const events = [
    ...Array.from({ length: plan.serverKills }, () => killServer),
    ...Array.from({ length: plan.postgresCrashes }, () => crashPostgres),
    refuseWrites,
  ]
    .map((event) => ({ event, order: random(2 ** 30) }))
    .sort((one, other) => one.order - other.order);
  for (const [index, { event }] of events.entries()) {
    const share = (plan.sales * (index + 0.5)) / (events.length + 1);
    while (settled < share) await sleep(5);
    await sleep(random(150));
    await event();
  }
}

async function killServer(): Promise<void> {
  await service.process.kill();
  await sleep(random(100));
  await service.restart();
  figures.serverKills++;
}

async function crashPostgres(): Promise<void> {
  await postgres.crash();
  await sleep(random(300));
  await postgres.start();
  figures.postgresCrashes++;
}

// As behind a fail-over that left the service with the old primary. Within it nothing is recorded, and nothing given up.
async function refuseWrites(): Promise<void> {
  await postgres.readOnly(true);
  await sleep(plan.readOnlySeconds * 1000);
  await postgres.readOnly(false);
  figures.readOnlySeconds = plan.readOnlySeconds;
}

async function one(sql: string, tenant = shop.tenantId): Promise<Record<string, number>> {
  const [row] = await database.query<Record<string, string>>(sql, [tenant]);
  return Object.fromEntries(Object.entries(row!).map(([name, value]) => [name, Number(value)]));
}

test(
  'every sale once, every reply the same, whatever dies',
  async () => {
    const started = Date.now();
    const share = (index: number) =>
      Math.floor((plan.sales * (index + 1)) / plan.devices) - Math.floor((plan.sales * index) / plan.devices);
    const [keys] = await Promise.all([
      Promise.all(shop.devices.map((device, index) => till(device, share(index)))),
      disturb(),
      ...Array.from({ length: plan.neighbourBatches }, sendBatches),
    ]);
    figures.seconds = (Date.now() - started) / 1000;
    figures.milliseconds = { p50: percentile(took, 0.5), p99: percentile(took, 0.99) };
    const sent = keys.flat();

    expect(permanent, 'replies that told a till to give up').toEqual([]);
    for (const code of ['db.failed', 'server.internal']) expect(figures.refused).not.toHaveProperty([code]);
    expect(figures.serverKills).toBe(plan.serverKills);
    expect(figures.postgresCrashes).toBe(plan.postgresCrashes);
    expect(figures.readOnlySeconds).toBe(plan.readOnlySeconds);

    // Every key got one and the same reply, and at most once as the first.
    expect(sent).toHaveLength(plan.sales);
    for (const key of sent) {
      const told = replies.get(key);
      expect(told?.digests.size, key).toBe(1);
      expect(told!.first, key).toBeLessThanOrEqual(1);
    }

    // Each exists once, as the tills were told, and nothing else does.
    const rows = await database.query<{ client_request_id: string; id: string; total: string; receipt_number: string }>(
      'select client_request_id, id, total, receipt_number from sales where tenant_id = $1',
      [shop.tenantId],
    );
    expect(rows).toHaveLength(plan.sales);
    expect(new Set(rows.map((row) => row.client_request_id))).toEqual(new Set(sent));
    for (const row of rows) {
      const told = JSON.parse(replies.get(row.client_request_id)!.text);
      expect([told.id, told.total, told.receiptNumber]).toEqual([row.id, Number(row.total), row.receipt_number]);
    }
    const stored = await database.query<{ key: string; response: Buffer }>(
      "select key, response from idempotency_keys where tenant_id = $1 and route = 'POST /v1/sales'",
      [shop.tenantId],
    );
    expect(stored).toHaveLength(plan.sales);
    for (const { key, response } of stored) expect(response.toString(), key).toBe(replies.get(key)!.text);

    // Money, goods, feed and outbox agree with the sales.
    const money = await one(
      `select (select sum(total) from sales where tenant_id = $1) as total, (select sum(amount) from payments where tenant_id = $1) as paid,
              (select sum(tax_total) from sales where tenant_id = $1) as tax, (select sum(tax) from sale_taxes where tenant_id = $1) as tax_rows,
              (select sum(gross) from sale_lines where tenant_id = $1) as gross`,
    );
    expect(money.paid).toBe(money.total);
    expect(money.tax_rows).toBe(money.tax);
    expect(money.gross).toBe(money.total);
    expect(await expectLevelsToEqualMovements(shop)).toBe(shop.variants.length);
    const goods = await one(
      `select (select sum(quantity) from sale_lines where tenant_id = $1) as sold, (select -sum(quantity_delta) from stock_movements where tenant_id = $1 and source_type = 'sale') as moved,
              (select count(*) from sale_lines where tenant_id = $1) as lines, (select count(*) from stock_movements where tenant_id = $1 and source_type = 'sale') as movements`,
    );
    expect(goods.moved).toBe(goods.sold);
    expect(goods.movements).toBe(goods.lines);
    const feed = await one(
      `select count(*) as pointers, count(distinct seq) as numbers, max(seq) as last, (select change_seq from tenant_counters where tenant_id = $1) as counter,
              count(*) filter (where collection = 'sales') as sales from change_pointers where tenant_id = $1`,
    );
    expect(feed.numbers).toBe(feed.pointers);
    expect(feed.last).toBeLessThanOrEqual(feed.counter!);
    expect(feed.sales).toBe(plan.sales);
    // The jobs that left with the sales, and their effect: delivered at least once, counted once.
    const counted = () =>
      one(
        `select (select count(*) from outbox_jobs) as left_behind, (select sum(sales) from daily_sales where tenant_id = $1) as sales,
                (select sum(total) from daily_sales where tenant_id = $1) as total`,
      );
    await expect
      .poll(counted, { timeout: 180_000, interval: 200 })
      .toEqual({ left_behind: 0, sales: plan.sales, total: money.total });

    // The neighbour has what it was told; of batches without a reply all items or none.
    const { batches, lost, refused } = figures.neighbour;
    const { products } = await one(
      'select count(*) as products from products where tenant_id = $1',
      neighbour.tenantId,
    );
    expect(products! % plan.itemsInBatch).toBe(0);
    expect(products).toBeGreaterThanOrEqual(batches * plan.itemsInBatch);
    expect(products).toBeLessThanOrEqual((batches + lost + refused) * plan.itemsInBatch);

    console.log(summary());
    if (environment.long) await recordRun('exactly-once', { plan, ...figures });
  },
  Math.max(600_000, plan.sales * 200 + plan.readOnlySeconds * 1000),
);

// A new device of the same shop after all that: the books are open.
test('the shop goes on selling', async () => {
  const device = await addDevice(shop, 'The day after');
  expect((await shop.sell(saleFor(shop, { device }))).status).toBe(201);
});

function summary(): string {
  const refused = Object.entries(figures.refused)
    .sort(([, one], [, other]) => other - one)
    .map(([code, times]) => `${code} ${times}`)
    .join(', ');
  return [
    `${plan.sales} sales by ${plan.devices} devices in ${figures.seconds.toFixed(1)} s, ${figures.requests} requests:`,
    `${figures.recorded} first replies, ${figures.replayed} replays, ${figures.lost} without a reply, retriable refusals: ${refused || 'none'};`,
    `${figures.serverKills} x SIGKILL, PostgreSQL crashed ${figures.postgresCrashes} times and was read-only for ${figures.readOnlySeconds} s, ${figures.neighbour.batches} batches of a neighbour;`,
    `p50 ${figures.milliseconds.p50} ms, p99 ${figures.milliseconds.p99} ms, seed ${figures.seed}. Every sale exists once.`,
  ].join('\n');
}
