// The SDK's live parts beside the service that they are for: pokes and pulls over WebSockets and events, connections that lie or fall silent,
// snapshots that do not arrive whole; and in Chromium tabs that share a socket, and a page of another origin that knows the service's time.
import { build } from 'esbuild';
import { EventSource as NodeEventSource } from 'eventsource';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { type Client, createClient } from '../../clients/typescript/src/index.js';
import { type FeedChange, type FeedRow, type FeedStore, followChanges } from '../../clients/typescript/src/feed.js';
import {
  eventSourceTransport,
  Live,
  type Transport,
  webSocketTransport,
} from '../../clients/typescript/src/realtime.js';
import { closeBrowser, noBrowser, openBrowser } from './support/browser.js';
import { answer, problem, ScriptedService, sdkSource } from './support/sdk.js';
import { type Service, startService } from './support/service.js';
import { openShop, password, type Shop } from './support/shop.js';
import { until } from './support/until.js';

let service: Service;
let shop: Shop;
let client: Client;
let pages: ScriptedService; // of another origin

beforeAll(async () => {
  pages = await ScriptedService.start((_, response) => answer(response, 404));
  service = await startService({ env: { CORS_ORIGINS: pages.url } });
  shop = await openShop(service, { variants: 1, devices: 0 });
  client = createClient({ baseUrl: service.url, pauseMs: 20 });
  expect((await client.logIn({ email: shop.email, password })).ok).toBe(true);
});
afterAll(async () => {
  await service?.stop();
  await pages?.stop();
});

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});
const kept = <One extends { close(): void }>(one: One): One => {
  open.push(one);
  return one;
};

class Rows implements FeedStore {
  readonly rows = new Map<string, unknown>();
  at: string | undefined;
  replaced = 0;
  cursor = async (): Promise<string | undefined> => this.at;
  async apply(changes: FeedChange[], cursor: string): Promise<void> {
    for (const { c, id, op, d } of changes) {
      if (op === 'u') this.rows.set(`${c} ${id}`, d);
      else this.rows.delete(`${c} ${id}`);
    }
    this.at = cursor;
  }
  async replace(rows: Iterable<FeedRow>, cursor: string): Promise<void> {
    this.rows.clear();
    for (const { c, id, d } of rows) this.rows.set(`${c} ${id}`, d);
    this.at = cursor;
    this.replaced++;
  }
  names(): string[] {
    return [...this.rows.values()].map((row: any) => row.name).sort();
  }
}

const addCategory = async (name: string): Promise<string> => {
  const made = await client.post('/v1/categories', { body: { name } });
  if (!made.ok) throw new Error(made.error.code);
  return made.data.id;
};
const socketUrl = (): string => `${service.url.replace('http', 'ws')}/v1/ws`;
const asNode = WebSocket as unknown as typeof globalThis.WebSocket;
const overSocket = (topics = ['changes']): Transport =>
  webSocketTransport(client, { url: socketUrl(), topics, WebSocket: asNode });
const overEvents = (topics = 'changes'): Transport =>
  eventSourceTransport({
    url: () => `${service.url}/v1/events?topics=${topics}`,
    EventSource: NodeEventSource as unknown as typeof EventSource,
    init: {
      fetch: async (input: string | URL, init: any) => {
        const session = await client.session.load();
        return fetch(input, { ...init, headers: { ...init.headers, Authorization: `Bearer ${session!.accessToken}` } });
      },
    },
  });

describe.each([
  ['a WebSocket', overSocket],
  ['events', overEvents],
])('over %s', (_, transport) => {
  test('what somebody changes is there at once, also what was changed while the service was dead', async () => {
    const store = new Rows();
    const pull = followChanges(client, { store, collections: ['categories'] });
    kept(new Live({ transport: transport(), pull, pauseMs: 20, idleMs: 600_000 }));
    await until(async () => store.at !== undefined);
    const [first, second] = [randomUUID(), randomUUID()];
    await addCategory(first);
    await until(async () => store.names().includes(first));
    service.process.kill();
    await service.restart();
    await addCategory(second);
    await until(async () => store.names().includes(second));
    expect(store.replaced).toBe(1);
  });
});

test('a topic that is not for this caller is refused, and the rest goes on', async () => {
  const topic = `intent.${randomUUID()}`;
  const refused: unknown[] = [];
  let pulls = 0;
  kept(
    new Live({
      transport: overSocket([topic, 'changes']),
      pull: async () => void pulls++,
      onRefused: (...told) => refused.push(told),
      idleMs: 600_000,
    }),
  );
  await until(async () => pulls > 1 && refused.length > 0);
  expect(refused).toEqual([[topic, 'auth.forbidden']]);
  const before = pulls;
  await addCategory(randomUUID());
  await until(async () => pulls > before);
});

describe('a connection that is not what it seems', () => {
  // The tickets are real enough; what the socket says, the test decides.
  async function played(talk: (socket: WebSocket, connection: number) => void) {
    const tickets = kept2(await ScriptedService.start((_, response) => answer(response, 200, { ticket: 't' })));
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    kept({
      close: () => {
        for (const socket of server.clients) socket.terminate();
        server.close();
      },
    });
    const connections: WebSocket[] = [];
    server.on('connection', (socket) => {
      connections.push(socket);
      socket.on('message', (data) => {
        if (JSON.parse(String(data)).t !== 'sub') return;
        socket.send('{"t":"subscribed","topics":{"changes":7,"intent.1":0}}');
        talk(socket, connections.length);
      });
    });
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const options = { url, topics: ['changes', 'intent.1'], WebSocket: asNode, pingMs: 1_000 };
    const transport = webSocketTransport(createClient({ baseUrl: tickets.url }), options);
    return { transport, connections };
  }
  const kept2 = (scripted: ScriptedService): ScriptedService => {
    kept({ close: () => void scripted.stop() });
    return scripted;
  };

  test('a number that is missing is told; what follows counts from there', async () => {
    const { transport } = await played((socket) => {
      for (const text of [
        '{"t":"ev","topic":"intent.1","n":1,"d":1}',
        '{"t":"ev","topic":"intent.1","n":3,"d":3}',
        '{"t":"ev","topic":"intent.1","n":4,"d":4}',
        '{"t":"of a later version"}',
        'no JSON',
        'null',
        '{"t":"poke","topic":"changes","n":8,"seq":1}',
      ])
        socket.send(text);
    });
    const events: unknown[] = [];
    let [resyncs, pulls] = [0, 0];
    const options = { onEvent: (_: string, d: unknown) => events.push(d), onResync: () => void resyncs++ };
    kept(new Live({ transport, pull: async () => void pulls++, ...options }));
    await until(async () => events.length === 3 && pulls > 2);
    expect([events, resyncs]).toEqual([[1, 3, 4], 1]);
  });

  test('one that has fallen silent is replaced', async () => {
    let pongs = 0;
    const { transport, connections } = await played((socket, connection) => {
      if (connection > 1) socket.on('message', () => socket.send('{"t":"pong"}', () => pongs++));
    });
    kept(new Live({ transport, pull: async () => {}, pauseMs: 1 }));
    // The second one is asked again and again, and stays.
    await until(async () => pongs > 4);
    expect(connections).toHaveLength(2);
  });

  test("a portal's 403 at the ticket ends nothing", async () => {
    let asked = 0;
    const portal = kept2(
      await ScriptedService.start((_, response) => {
        asked++;
        response.writeHead(403, { 'content-type': 'text/html' }).end('<h1>Room number?</h1>');
      }),
    );
    const transport = webSocketTransport(createClient({ baseUrl: portal.url }), {
      url: 'ws://127.0.0.1:1',
      topics: [],
    });
    kept(new Live({ transport, pull: async () => {}, pauseMs: 1 }));
    await until(async () => asked > 3);
  });

  test('a session that is over opens no more of them', async () => {
    let asked = 0;
    const over = kept2(
      await ScriptedService.start((_, response) => {
        asked++;
        problem(response, 401, 'auth.session_revoked', { action: 'refresh_auth' });
      }),
    );
    const transport = webSocketTransport(createClient({ baseUrl: over.url }), { url: 'ws://127.0.0.1:1', topics: [] });
    let pulls = 0;
    kept(new Live({ transport, pull: async () => void pulls++, pauseMs: 1, idleMs: 10 }));
    await until(async () => pulls > 5);
    expect(asked).toBe(1);
  });
});

describe('the feed', () => {
  const row = (name: string): string => `${JSON.stringify({ c: 'categories', id: name, v: 1, d: { name } })}\n`;
  const snapshotOf = (lines: string[], more: Record<string, unknown> = {}): string => {
    const sha256 = createHash('sha256').update(lines.join('')).digest('hex');
    const end = { end: true, rows: lines.length, sha256, ...more };
    return `{"snapshot":"1","cursor":"c1","schemaVersion":1}\n${lines.join('')}${JSON.stringify(end)}\n`;
  };
  const ndjson = { 'content-type': 'application/x-ndjson', 'x-request-id': '1' };

  test.each([
    ['cut behind a line', `{"snapshot":"1","cursor":"c1"}\n${row('a')}`],
    ['cut in a line', snapshotOf([row('a'), row('b')]).slice(0, 120)],
    ['of other bytes', snapshotOf([row('a')], { sha256: '0'.repeat(64) })],
    ['of another count', snapshotOf([row('a')], { rows: 2 })],
    ['empty', ''],
  ])('a snapshot %s is taken again', async (_, broken) => {
    const bodies = [broken, snapshotOf([row('a'), row('b')])];
    const scripted = await ScriptedService.start((seen, response) => {
      if (seen.path.startsWith('/v1/sync/snapshot')) response.writeHead(200, ndjson).end(bodies.shift());
      else answer(response, 200, { cursor: 'c2', hasMore: false, changes: [{ c: 'categories', op: 'd', id: 'a' }] });
    });
    const store = new Rows();
    await followChanges(createClient({ baseUrl: scripted.url }), { store })();
    expect([store.names(), store.at, store.replaced]).toEqual([['b'], 'c2', 1]);
    await scripted.stop();
  });

  test.each<[string, unknown, RegExp]>([
    ['that is empty', {}, /client.foreign_answer/],
    ['that goes nowhere', { cursor: 'c1', hasMore: true, changes: [] }, /gives nothing/],
  ])('a page %s is an error, and nothing is stored', async (_, page, error) => {
    let asked = 0;
    const scripted = await ScriptedService.start((__, response) => {
      asked++;
      answer(response, 200, page);
    });
    const store = new Rows();
    store.at = 'c1';
    await expect(followChanges(createClient({ baseUrl: scripted.url, pauseMs: 1 }), { store })()).rejects.toThrow(
      error,
    );
    expect([store.at, asked < 4]).toEqual(['c1', true]);
    await scripted.stop();
  });

  test('a cursor that is refused leads to one snapshot a pull, whatever the service says then', async () => {
    const reasons: string[] = [];
    const scripted = await ScriptedService.start((seen, response) => {
      if (seen.path.startsWith('/v1/sync/snapshot')) response.writeHead(200, ndjson).end(snapshotOf([row('a')]));
      else problem(response, 410, 'sync.resync_required', { action: 'pull_first', reason: 'epoch' });
    });
    const store = new Rows();
    store.at = 'old';
    const pull = followChanges(createClient({ baseUrl: scripted.url }), {
      store,
      onSnapshot: (reason) => reasons.push(reason),
    });
    await expect(pull()).rejects.toThrow(/sync.resync_required/);
    expect([reasons, store.at, store.names()]).toEqual([['epoch'], 'c1', ['a']]);
    await scripted.stop();
  });

  test('of the service: whole, and by pages', async () => {
    const store = new Rows();
    const pull = followChanges(client, { store, collections: ['categories', 'products'] });
    await pull();
    const name = randomUUID();
    const id = await addCategory(name);
    await pull();
    expect(store.names()).toContain(name);
    expect((await client.delete('/v1/categories/{id}', { path: { id }, version: 1 })).ok).toBe(true);
    await pull();
    expect(store.names()).not.toContain(name);
    // Other collections than before: a new snapshot.
    await followChanges(client, { store, collections: ['categories'] })();
    expect(store.replaced).toBe(2);
  });
});

describe.skipIf(noBrowser)('in Chromium, on a page of another origin', () => {
  let browser: BrowserContext;

  beforeAll(async () => {
    const contents = `
import { createClient, storedSession } from './index.js';
import { Live, webSocketTransport } from './realtime.js';
Object.assign(window, { sdk: { createClient, storedSession, Live, webSocketTransport } });`;
    const stdin = { contents, resolveDir: path.join(sdkSource, 'src'), loader: 'ts' as const };
    const built = await build({ stdin, bundle: true, write: false, format: 'iife', target: 'chrome110' });
    const script = built.outputFiles[0]!.text;
    pages.plays((seen, response) => {
      const isScript = seen.path === '/sdk.js';
      response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
      response.end(isScript ? script : '<script src="/sdk.js"></script>');
    });
    browser = await openBrowser();
  });
  afterAll(async () => {
    if (browser) await closeBrowser(browser);
  });

  const page = async (code: string): Promise<Page> => {
    const opened = await browser.newPage();
    await opened.goto(`${pages.url}/page`);
    const client = `sdk.createClient({ baseUrl: '${service.url}', session: sdk.storedSession(localStorage) })`;
    await opened.evaluate(`(async () => { window.client = ${client}; ${code} })()`);
    return opened;
  };

  test("the device's clock is measured", async () => {
    const tab = await page(`const real = Date.now; Date.now = () => real() - 3600000; await client.get('/health');`);
    const skew = (await tab.evaluate('client.clock.skew')) as { ms: number; uncertaintyMs: number };
    expect(Math.abs(skew.ms - 3_600_000)).toBeLessThan(skew.uncertaintyMs + 1_000);
    await tab.close();
  });

  test('three tabs share a socket; each pulls at a poke, also when the one that has it is closed', async () => {
    const socketsThere = async (): Promise<number> =>
      Number((await (await fetch(`${service.url}/metrics`)).text()).match(/^realtime_sockets (\d+)/m)?.[1] ?? 0);
    const live = `
      if (!client.session.load()) await client.logIn({ email: '${shop.email}', password: '${password}' });
      window.pulls = 0;
      window.live = new sdk.Live({ share: 'till', silenceMs: 600000, pauseMs: 50, idleMs: 600000, pull: async () => { pulls++; },
        transport: sdk.webSocketTransport(client, { url: '${socketUrl()}', topics: ['changes'] }) });`;
    const tabs = [await page(live), await page(live), await page(live)];
    const pulls = (): Promise<number[]> => Promise.all(tabs.map((tab) => tab.evaluate('pulls') as Promise<number>));
    const pokeReaches = async (): Promise<void> => {
      const before = await pulls();
      await until(async () => {
        await addCategory(randomUUID());
        return (await pulls()).every((count, index) => count > before[index]!);
      });
    };
    await pokeReaches();
    await until(async () => (await socketsThere()) === 1);
    await tabs.shift()!.close();
    await until(async () => (await socketsThere()) === 1);
    await pokeReaches();
    for (const tab of tabs) await tab.close();
  });
});
