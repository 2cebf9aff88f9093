// A sale is recorded exactly once: many tills send every sale several times at once, while the server is killed and
// PostgreSQL crashes under it. Afterwards the books must agree with what the tills were told, to the byte.
//
//     EXACTLY_ONCE_SALES=10000 bin/with-servers npx vitest run tests/e2e/exactly-once.test.ts
//     bin/test --long       the same with 10,000 sales; writes docs/exactly-once.md
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scratchDatabase, type ScratchDatabase } from './support/database.js';
import { environment, repository } from './support/environment.js';
import { type PostgresServer, startPostgres } from './support/postgres.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';
import { addDevice, type Device, expectLevelsToEqualMovements, openShop, saleFor, type Shop } from './support/shop.js';

const plan = {
  sales: Number(process.env.EXACTLY_ONCE_SALES ?? (environment.long ? 10_000 : 600)),
  devices: 20,
  serverKills: Number(process.env.EXACTLY_ONCE_KILLS ?? (environment.long ? 40 : 6)),
  postgresCrashes: Number(process.env.EXACTLY_ONCE_CRASHES ?? (environment.long ? 6 : 1)),
};

let postgres: PostgresServer;
let database: ScratchDatabase;
let service: Service;
let shop: Shop;

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
});

afterAll(async () => {
  await service?.stop();
  await database?.drop();
  await postgres?.remove();
});

const figures = {
  requests: 0,
  lost: 0, // no reply: the connection was refused or cut
  recorded: 0, // 201, the first
  replayed: 0,
  refused: {} as Record<string, number>, // problems that said "retry"
  serverKills: 0,
  postgresCrashes: 0,
  seconds: 0,
};

// What the tills were told: for each key the digest of every good reply.
const replies = new Map<string, { digests: Set<string>; text: string; first: number }>();
const permanent: string[] = [];
let settled = 0;

const random = (most: number): number => Math.floor(Math.random() * most);

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
    await Promise.all(Array.from({ length: 1 + random(5) }, () => deliver(sale)));
    settled++;
  }
  return keys;
}

// Kills and crashes, spread over the sales; each waits for its share to be settled and then a random moment more.
async function disturb(): Promise<void> {
  const events = [
    ...Array.from({ length: plan.serverKills }, () => 'kill' as const),
    ...Array.from({ length: plan.postgresCrashes }, () => 'crash' as const),
  ].sort(() => Math.random() - 0.5);
  for (const [index, event] of events.entries()) {
    const share = (plan.sales * (index + 0.5)) / (events.length + 1);
    while (settled < share) await sleep(5);
    await sleep(random(150));
    if (event === 'kill') await killServer();
    else await crashPostgres();
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

async function one(sql: string): Promise<Record<string, number>> {
  const [row] = await database.query<Record<string, string>>(sql, [shop.tenantId]);
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
    ]);
    figures.seconds = (Date.now() - started) / 1000;
    const sent = keys.flat();

    expect(permanent, 'replies that told a till to give up').toEqual([]);
    expect(figures.serverKills).toBe(plan.serverKills);
    expect(figures.postgresCrashes).toBe(plan.postgresCrashes);

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
      .poll(counted, { timeout: 60_000, interval: 200 })
      .toEqual({ left_behind: 0, sales: plan.sales, total: money.total });

    console.log(summary());
    if (environment.long) await writeFile(path.join(repository, 'docs/exactly-once.md'), page());
  },
  Math.max(120_000, plan.sales * 200),
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
    `${figures.serverKills} x SIGKILL, PostgreSQL crashed ${figures.postgresCrashes} times. Every sale exists once.`,
  ].join('\n');
}

function page(): string {
  const refused = Object.entries(figures.refused).sort(([, one], [, other]) => other - one);
  return `# Exactly once, tried

\`bin/test --long\` runs \`tests/e2e/exactly-once.test.ts\`: tills send every sale one to five times at once and again until they have a good reply,
while the server is killed with SIGKILL and PostgreSQL (fsync on) is stopped in immediate mode, at random moments. The last run, ${new Date().toISOString().slice(0, 10)}, on ${availableParallelism()} cores:

| | |
|---|---|
| Devices | ${plan.devices} |
| Sales | ${plan.sales} |
| Requests | ${figures.requests} |
| Server killed and restarted | ${figures.serverKills} |
| PostgreSQL crashed and restarted | ${figures.postgresCrashes} |
| Requests without a reply | ${figures.lost} |
| First replies that arrived | ${figures.recorded} |
| Replays | ${figures.replayed} |
${refused.map(([code, times]) => `| Told to try again: \`${code}\` | ${times} |`).join('\n')}
| Time | ${figures.seconds.toFixed(0)} s |

Afterwards, compared row by row with what the tills were told:

- every sale exists once, with the id, receipt number and total of its reply; none besides;
- every reply of a key is the same bytes, which are the stored ones;
- payments equal totals, tax rows equal the sales' tax, every stock level is the sum of its movements, and those are the goods of the sales;
- feed numbers are unique and not above the tenant's counter; the outbox is empty, and the job that left it for each sale was counted once in the summary of its day.

Sales whose first reply was lost: ${plan.sales - figures.recorded}. Their tills learned the outcome from a replay.
`;
}
