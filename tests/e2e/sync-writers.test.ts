// A reader among 32 writers ends with what the database has: rows that are made, changed and deleted over the API of two processes, and
// transactions that stay open for a while, half of which are rolled back; all the while somebody else's transaction is open in another
// database of the server. A few seconds; a minute with BACKEND_API_LONG=1, which records the run.
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScratchDatabase, scratchDatabase } from './support/database.js';
import { environment } from './support/environment.js';
import { newSeed, percentile, recordRun, seeded } from './support/runs.js';
import { type Service, startService } from './support/service.js';
import { ok, openShop, type Shop } from './support/shop.js';

const seconds = environment.long ? 60 : 6;
const writersByApi = 20;
const writersBySql = 12;
const collections = 'collections=categories';

let service: Service;
let second: Service;
let shop: Shop;
let elsewhere: ScratchDatabase;
let stranger: pg.Client;

beforeAll(async () => {
  service = await startService();
  second = await startService({ database: service.database, env: service.secrets });
  shop = await openShop(service, { variants: 0, devices: 0 });
  elsewhere = await scratchDatabase();
  stranger = await elsewhere.connectAs('superuser');
});
afterAll(async () => {
  await stranger?.end();
  await elsewhere?.drop();
  expect(await second.stop()).toEqual({ code: 0, signal: null });
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

interface Change {
  op: 'u' | 'd';
  id: string;
  d?: any;
}
type Held = Map<string, any>;
interface Page {
  cursor: string;
  hasMore: boolean;
  changes: Change[];
}

const authorized = () => ({ authorization: `Bearer ${shop.token}` });

async function takeSnapshot(at: Service): Promise<{ held: Held; cursor: string }> {
  const reply = await fetch(`${at.url}/v1/sync/snapshot?${collections}`, { headers: authorized() });
  expect(reply.status).toBe(200);
  const lines = (await reply.text()).trimEnd().split('\n');
  const rows = lines.slice(1, -1).map((line) => JSON.parse(line));
  return { held: new Map(rows.map((row) => [row.id, row.d])), cursor: JSON.parse(lines[0]!).cursor };
}

// What a device does: it applies a page, keeps the cursor, asks again.
class Reader {
  pages = 0;
  changes = 0;
  // When a row of that name was seen first.
  readonly seen = new Map<string, number>();
  private constructor(
    private readonly at: Service,
    private readonly query: string,
    readonly held: Held,
    private cursor: string,
  ) {}

  static async begin(at: Service, query: string): Promise<Reader> {
    const { held, cursor } = await takeSnapshot(at);
    return new Reader(at, query, held, cursor);
  }

  async pull(query = this.query): Promise<Page> {
    const reply = await fetch(`${this.at.url}/v1/sync/changes?since=${this.cursor}&${collections}${query}`, {
      headers: authorized(),
    });
    const text = await reply.text();
    expect(reply.status, text).toBe(200);
    const page = JSON.parse(text) as Page;
    for (const { op, id, d } of page.changes) {
      if (op === 'd') this.held.delete(id);
      else this.held.set(id, d);
      if (d && !this.seen.has(d.name)) this.seen.set(d.name, performance.now());
    }
    this.cursor = page.cursor;
    this.pages++;
    this.changes += page.changes.length;
    return page;
  }

  async finish(): Promise<void> {
    while ((await this.pull('&limit=1000')).hasMore);
  }
}

interface Tally {
  made: number;
  changed: number;
  deleted: number;
  rolledBack: number;
}

async function writeByApi(at: Service, random: (most: number) => number, isOver: () => boolean, tally: Tally) {
  const mine: string[] = [];
  const call = (method: string, path: string, body?: unknown) =>
    at.api(method, path, {
      token: shop.token,
      body,
      headers: { 'idempotency-key': randomUUID(), 'if-match': '*' },
    });
  while (!isOver()) {
    const choice = mine.length === 0 ? 0 : random(4);
    const which = random(Math.max(1, mine.length));
    if (choice < 2) {
      mine.push((await ok(call('POST', '/v1/categories', { name: `Made ${randomUUID()}` }), 201)).id);
      tally.made++;
    } else if (choice === 2) {
      await ok(call('PATCH', `/v1/categories/${mine[which]}`, { name: `Changed ${randomUUID()}` }), 200);
      tally.changed++;
    } else {
      await ok(call('DELETE', `/v1/categories/${mine.splice(which, 1)[0]}`), 204);
      tally.deleted++;
    }
    await sleep(random(20));
  }
}

// The counter is taken inside of the transaction, as the service does, and held for a while.
async function writeBySql(random: (most: number) => number, isOver: () => boolean, tally: Tally) {
  const client = await service.database.connectAs('superuser');
  try {
    while (!isOver()) {
      const id = randomUUID();
      await client.query('begin');
      await client.query(
        `insert into categories (tenant_id, id, name, sort, version, created_at, updated_at)
         values ($1, $2, $3, 0, 1, now(), now())`,
        [shop.tenantId, id, `Written ${id}`],
      );
      await sleep(random(30));
      await client.query(
        `with counter as (
           update tenant_counters set change_seq = change_seq + 1 where tenant_id = $1::uuid returning change_seq)
         insert into change_pointers (tenant_id, collection, row_id, seq, op)
         select $1::uuid, 'categories', $2::uuid, change_seq, 'u' from counter`,
        [shop.tenantId, id],
      );
      await sleep(random(6));
      const isKept = random(2) === 0;
      await client.query(isKept ? 'commit' : 'rollback');
      if (isKept) tally.made++;
      else tally.rolledBack++;
    }
  } finally {
    await client.end();
  }
}

test('a reader among 32 writers misses nothing', async () => {
  const seed = newSeed();
  // It has a number of its own for as long as it is open: whoever waits for the oldest of them would wait for it.
  await stranger.query('create table held (n int)');
  await stranger.query('begin');
  await stranger.query('insert into held values (1)');

  const readers = [
    await Reader.begin(service, '&limit=50'),
    await Reader.begin(second, '&limit=7'),
    await Reader.begin(second, '&live=5'),
  ];
  const rowsBefore = readers[0]!.held.size;
  // How long it takes until what was answered is in the waiting reader's hands.
  const lags: number[] = [];
  const tally: Tally = { made: 0, changed: 0, deleted: 0, rolledBack: 0 };
  const end = performance.now() + seconds * 1_000;
  const isOver = () => performance.now() > end && lags.length > 0;
  const writers = Array.from({ length: writersByApi + writersBySql }, (_, index) => {
    const random = seeded(seed + index);
    if (index >= writersByApi) return writeBySql(random, isOver, tally);
    return writeByApi(index % 2 === 0 ? service : second, random, isOver, tally);
  });
  const probe = async () => {
    while (!isOver()) {
      const name = `Probe ${randomUUID()}`;
      await shop.create('/v1/categories', { name });
      const answered = performance.now();
      tally.made++;
      while (!readers[2]!.seen.has(name) && !isOver() && performance.now() - answered < 30_000) await sleep(5);
      if (isOver()) return; // nobody reads any more
      lags.push(Math.max(0, (readers[2]!.seen.get(name) ?? Infinity) - answered));
    }
  };
  const readAlong = async (reader: Reader) => {
    while (!isOver()) await reader.pull();
  };
  await Promise.all([...writers, probe(), ...readers.map(readAlong)]);
  for (const reader of readers) await reader.finish();

  const { held } = await takeSnapshot(service);
  for (const reader of readers) expect(reader.held, `TEST_SEED=${seed}`).toEqual(held);
  const rows = await service.database.query<{ id: string; name: string }>(
    'select id, name from categories where tenant_id = $1 and deleted_at is null',
    [shop.tenantId],
  );
  expect(new Map([...held].map(([id, row]) => [id, row.name]))).toEqual(
    new Map(rows.map(({ id, name }) => [id, name])),
  );
  expect(held.size).toBe(rowsBefore + tally.made - tally.deleted);
  expect(tally.rolledBack).toBeGreaterThan(0);
  expect(Math.max(...lags), 'a change that a reader had to wait half a minute for').toBeLessThan(30_000);
  await stranger.query('rollback');

  if (!environment.long) return;
  const lagMilliseconds = {
    p50: Math.round(percentile(lags, 0.5)),
    p99: Math.round(percentile(lags, 0.99)),
    most: Math.round(Math.max(...lags)),
    measured: lags.length,
  };
  expect(lagMilliseconds.most).toBeLessThan(1_000);
  await recordRun('sync-writers', {
    seed,
    seconds,
    writers: writersByApi + writersBySql,
    ...tally,
    rows: held.size,
    readers: readers.map(({ pages, changes }) => ({ pages, changes })),
    lagMilliseconds,
  });
});
