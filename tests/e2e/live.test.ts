// How a till keeps up to date, over real connections: waiting requests, events with the `eventsource` package, snapshots that break off,
// and what several processes tell each other.
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { EventSource } from 'eventsource';
import { fetch as streamed } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type Service, startService } from './support/service.js';
import { ok, openShop, password, saleFor, type Shop } from './support/shop.js';

let service: Service;
let second: Service; // another process on the same database and Redis
let shop: Shop;

beforeAll(async () => {
  service = await startService({ env: { JOB_QUEUES: 'all' } });
  second = await startService({ database: service.database, env: service.secrets });
  shop = await openShop(service);
});
afterAll(async () => {
  expect(await second.stop()).toEqual({ code: 0, signal: null });
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

interface Change {
  seq: number;
  c: string;
  op: 'u' | 'd';
  id: string;
  v?: number;
  d?: unknown;
}
interface ChangePage {
  cursor: string;
  hasMore: boolean;
  changes: Change[];
}

const authorized = (): Record<string, string> => ({ Authorization: `Bearer ${shop.token}` });

async function snapshot(query = '', at: Service = service): Promise<{ text: string; cursor: string; id: string }> {
  const reply = await fetch(`${at.url}/v1/sync/snapshot${query}`, { headers: authorized() });
  expect(reply.status).toBe(200);
  const text = await reply.text();
  const head = text.startsWith('{"snapshot"') ? JSON.parse(text.slice(0, text.indexOf('\n'))) : {};
  return { text, cursor: head.cursor, id: head.snapshot };
}
async function pull(cursor: string, query: string, at: Service = service): Promise<ChangePage> {
  const reply = await fetch(`${at.url}/v1/sync/changes?since=${cursor}${query}`, { headers: authorized() });
  expect(reply.status, await reply.clone().text()).toBe(200);
  return (await reply.json()) as ChangePage;
}
async function addCategory(name: string, at: Service = service): Promise<string> {
  const headers = { 'Idempotency-Key': randomUUID() };
  return (await ok(at.api('POST', '/v1/categories', { token: shop.token, headers, body: { name } }), 201)).id;
}

// How many requests and streams wait for changes there.
async function waitersOf(at: Service): Promise<number> {
  const text = await (await fetch(`${at.url}/metrics`)).text();
  return Number(text.match(/^sync_waiters (\d+)$/m)?.[1] ?? -1);
}

interface Heard {
  type: string;
  data: any;
  id: string;
}
// A stream whose events are kept, and can be waited for.
function listen(at: Service, query: string, lastEventId?: string) {
  const events: Heard[] = [];
  const source = new EventSource(`${at.url}/v1/events${query}`, {
    fetch: (input, init) =>
      streamed(input.toString(), {
        ...init,
        headers: { ...init.headers, ...authorized(), ...(lastEventId ? { 'Last-Event-ID': lastEventId } : {}) },
      } as never) as never,
  });
  for (const type of ['ready', 'poke', 'ev', 'reset'])
    source.addEventListener(type, (event) =>
      events.push({ type, data: JSON.parse(event.data), id: event.lastEventId }),
    );
  const next = async (wanted: (event: Heard) => boolean): Promise<Heard> => {
    await expect.poll(() => events.some(wanted), { interval: 20 }).toBe(true);
    return events.find(wanted)!;
  };
  return { events, source, next, close: () => source.close() };
}

describe('a snapshot', () => {
  test('has the digest that it says, compressed or not', async () => {
    const { text } = await snapshot();
    const lines = text.split('\n');
    const end = JSON.parse(lines.at(-2)!);
    const between = lines.slice(1, -2).map((line) => `${line}\n`);
    expect(end).toEqual({
      end: true,
      rows: between.length,
      sha256: createHash('sha256').update(between.join('')).digest('hex'),
    });
    const plain = await fetch(`${service.url}/v1/sync/snapshot`, {
      headers: { ...authorized(), 'Accept-Encoding': 'identity' },
    });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.text()).toBe(text);
    const gzip = await fetch(`${service.url}/v1/sync/snapshot`, {
      headers: { ...authorized(), 'Accept-Encoding': 'gzip' },
    });
    expect(gzip.headers.get('content-encoding')).toBe('gzip');
    expect(await gzip.text()).toBe(text);
  });

  test('goes on where it broke off, and elsewhere begins again', async () => {
    const { text, id } = await snapshot();
    const at = Buffer.from(text).length >> 1;
    const rest = await snapshot(`?after=${id}:${at}`);
    expect(rest.text).toBe(Buffer.from(text).subarray(at).toString());
    const other = await fetch(`${second.url}/v1/sync/snapshot?after=${id}:${at}`, { headers: authorized() });
    expect(other.status).toBe(410);
    expect(await other.json()).toMatchObject({ code: 'sync.resync_required', reason: 'snapshot_gone' });
  });
});

describe('a request that waits', () => {
  const query = '&collections=categories&live=25';

  test.each([
    ['this process', () => service],
    ['another one', () => second],
  ])('is answered by what %s commits', async (_, committing) => {
    const { cursor } = await snapshot('?collections=categories');
    const waiting = pull(cursor, query);
    const name = `Committed ${randomUUID()}`;
    const id = await addCategory(name, committing());
    const start = performance.now();
    const page = await waiting;
    expect(page.changes).toMatchObject([{ c: 'categories', op: 'u', id, v: 1 }]);
    expect(performance.now() - start).toBeLessThan(20_000); // it would wait for 25 s
  });

  test('ends at once when the process stops', async () => {
    const stopping = await startService({ database: service.database, env: service.secrets });
    const { cursor } = await snapshot('?collections=categories', stopping);
    const waiting = pull(cursor, query, stopping);
    await expect.poll(() => waitersOf(stopping)).toBe(1);
    const start = performance.now();
    const stopped = stopping.stop();
    expect((await waiting).changes).toEqual([]);
    expect(await stopped).toEqual({ code: 0, signal: null });
    expect(performance.now() - start).toBeLessThan(15_000);
  });
});

describe('events', () => {
  test('say that the feed has moved, whichever process has moved it', async () => {
    const heard = listen(service, '?topics=changes&collections=categories');
    await heard.next((event) => event.type === 'ready');
    await addCategory(`Here ${randomUUID()}`);
    const first = await heard.next((event) => event.type === 'poke');
    expect(first.data.changed).toEqual([{ c: 'categories' }]);
    await addCategory(`There ${randomUUID()}`, second);
    await heard.next((event) => event.type === 'poke' && event.data.seq > first.data.seq);
    heard.close();
  });

  test('say to who comes again what was missed, and when a pull cannot make it good', async () => {
    const before = listen(service, '?topics=changes&collections=categories');
    const { id } = await before.next((event) => event.type === 'ready');
    before.close();
    await addCategory(`Missed ${randomUUID()}`);
    const again = listen(service, '?topics=changes&collections=categories', id);
    expect((await again.next((event) => event.type === 'poke')).data.changed).toEqual([{ c: 'categories' }]);
    again.close();
    const elsewhere = listen(service, '?topics=changes&collections=products', id);
    expect((await elsewhere.next((event) => event.type === 'reset')).data).toEqual({ reason: 'scope_changed' });
    elsewhere.close();
  });

  test('show today at a location while it sells', async () => {
    const heard = listen(service, `?topics=dashboard.${shop.location.id}`);
    const before = await heard.next((event) => event.type === 'ev');
    await ok(shop.sell(saleFor(shop)), 201);
    const after = await heard.next((event) => event.type === 'ev' && event.data.d.sales > before.data.d.sales);
    expect(after.data.topic).toBe(`dashboard.${shop.location.id}`);
    heard.close();
  });

  test('end with the session', async () => {
    const mine = listen(service, '?topics=changes');
    await mine.next((event) => event.type === 'ready');
    mine.close();
    const login = await ok(service.api('POST', '/v1/auth/login', { body: { email: shop.email, password } }), 200);
    const reply = await streamed(`${service.url}/v1/events`, {
      headers: { Authorization: `Bearer ${login.accessToken}` },
    });
    expect(reply.status).toBe(200);
    const ended = (async () => {
      const reader = reply.body!.getReader();
      while (!(await reader.read()).done);
      return true;
    })();
    await ok(service.api('POST', '/v1/auth/logout', { token: login.accessToken }), 204);
    expect(await ended).toBe(true);
    expect((await fetch(`${service.url}/v1/events?topics=nothing`, { headers: authorized() })).status).toBe(422);
  });
});

// Cut in the middle of what it hears, a device comes again and pulls.
describe('cut during 1,000 changes', () => {
  interface Link {
    cut(): void;
  }
  const byEvents = async (heard: () => void): Promise<Link> => {
    const stream = listen(service, '?topics=changes&collections=categories');
    stream.source.addEventListener('poke', heard);
    await stream.next((event) => event.type === 'ready');
    return { cut: stream.close };
  };
  const bySocket = async (heard: () => void): Promise<Link> => {
    const socket = new WebSocket(`ws://127.0.0.1:${service.port}/v1/ws`, { headers: authorized() });
    socket.on('error', () => {});
    const subscribed = new Promise<void>((resolve, reject) => {
      socket.on('close', () => reject(new Error('closed')));
      socket.on('message', (data) => {
        const { t } = JSON.parse(String(data));
        if (t === 'poke') heard();
        if (t === 'subscribed') resolve();
      });
    });
    await once(socket, 'open');
    socket.send(JSON.stringify({ t: 'sub', topics: ['changes'] }));
    await subscribed;
    return { cut: () => socket.terminate() };
  };

  test.each([
    ['a stream of events', byEvents],
    ['a socket', bySocket],
  ])('%s leads to the same rows', async (_, connect) => {
    const begin = await snapshot('?collections=categories');
    const held = new Map<string, unknown>(rowsOf(begin.text));
    let { cursor } = begin;
    let pulling = Promise.resolve();
    let pulls = 0;
    const pullAll = async () => {
      for (let hasMore = true; hasMore;) {
        const page = await pull(cursor, '&collections=categories&limit=300');
        for (const change of page.changes) {
          if (change.op === 'u') held.set(change.id, change.d);
          else held.delete(change.id);
        }
        ({ cursor, hasMore } = page);
        ++pulls;
      }
    };
    const heard = () => void (pulling = pulling.then(pullAll));

    let link = await connect(heard);
    for (let group = 0; group < 8; ++group) {
      const names = Array.from({ length: 125 }, () => `Many ${randomUUID()}`);
      const adding = names.map((name) => addCategory(name, group % 2 === 0 ? service : second));
      if (group === 2 || group === 5) link.cut();
      await Promise.all(adding);
      if (group === 3) {
        link = await connect(heard);
        heard();
      }
    }
    expect(pulls, 'it was told of changes while it was there').toBeGreaterThan(1);
    link = await connect(heard);
    heard();
    await pulling;
    link.cut();
    await pulling;
    const end = await snapshot('?collections=categories');
    expect(held).toEqual(new Map(rowsOf(end.text)));
    expect(held.size).toBeGreaterThanOrEqual(1_000);
  });
});

const rowsOf = (text: string): [string, unknown][] =>
  text
    .split('\n')
    .slice(1, -2)
    .map((line) => JSON.parse(line))
    .map((row) => [row.id, row.d]);
