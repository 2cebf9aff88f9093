// The SDK's queue in Chromium, as its tabs have it: one tab frozen, one killed, connections closed underneath, a transaction that aborts at
// commit, a full disk, a store that was wiped, a newer app; and the stream that tabs share.
import { build } from 'esbuild';
import { readdir, rename } from 'node:fs/promises';
import path from 'node:path';
import type { BrowserContext, CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { closeBrowser, noBrowser, openBrowser, profileOf } from './support/browser.js';
import { environment } from './support/environment.js';
import { problem, ScriptedService, sdkSource, type Seen, taken } from './support/sdk.js';
import { until } from './support/until.js';

// What the page's script has as `sdk`, and a till in it.
const app = `
import { createClient, storedSession } from './index.js';
import { OfflineQueue } from './queue/index.js';
import { indexedDbStore } from './queue/indexeddb.js';
import { eventSourceTransport, Live } from './realtime.js';

const session = storedSession(localStorage);
if (!session.load()) session.save({ userId: 'amina', tenantId: 'duka', accessToken: 'a', refreshToken: 'r' });
const client = createClient({ baseUrl: '', session });
async function till(options = {}) {
  const store = await indexedDbStore(options.store);
  const queue = new OfflineQueue({ client, store, pauseMs: 200, ...options.queue });
  return { store, queue };
}
Object.assign(window, { sdk: { till, client, Live, eventSourceTransport } });
`;

describe.skipIf(noBrowser)('in Chromium', () => {
  let service: ScriptedService;
  let script: string;
  let browser: BrowserContext;
  // What the service does with an operation.
  let act: (seen: Seen, response: any) => void;
  const streams = new Set<any>();
  let streamsOpened = 0;

  beforeAll(async () => {
    const stdin = {
      contents: app,
      resolveDir: path.join(sdkSource, 'src'),
      sourcefile: 'till.ts',
      loader: 'ts' as const,
    };
    const built = await build({ stdin, bundle: true, write: false, format: 'iife', target: 'chrome110' });
    script = built.outputFiles[0]!.text;
    browser = await openBrowser();
    service = await ScriptedService.start((seen, response) => {
      if (seen.path.startsWith('/page'))
        return void response.writeHead(200, { 'content-type': 'text/html' }).end('<script src="/till.js"></script>');
      if (seen.path === '/till.js')
        return void response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
      if (seen.path === '/v1/events') {
        streamsOpened++;
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: ready\ndata: {"seq":0}\n\n');
        streams.add(response);
        response.on('close', () => streams.delete(response));
        return;
      }
      if (seen.method !== 'POST') return void response.writeHead(404).end();
      act(seen, response);
    });
  });
  beforeEach(async () => {
    service.seen.length = 0;
    act = (_, response) => taken(response);
  });
  // One browser for all, since it takes seconds to start; each test finds it as new.
  afterEach(async () => {
    const empty = await browser.newPage();
    for (const page of browser.pages()) if (page !== empty) await page.close();
    const debug = await browser.newCDPSession(empty);
    await debug.send('Storage.overrideQuotaForOrigin', { origin: service.url });
    await debug.send('Storage.clearDataForOrigin', { origin: service.url, storageTypes: 'all' });
  });
  afterAll(async () => {
    if (browser) await closeBrowser(browser);
    await service?.stop();
  });

  const open = async (): Promise<Page> => {
    const page = await browser.newPage();
    await page.goto(`${service.url}/page`);
    return page;
  };
  // Runs a function of text in the page, with `sdk`; `t` and `q` are kept on the window.
  const inPage = <T = any>(page: Page, code: string): Promise<T> =>
    page.evaluate(`(async () => { ${code} })()`) as Promise<T>;
  const openTill = (page: Page, options = '{}'): Promise<void> =>
    inPage(page, `window.t = await sdk.till(${options}); window.q = t.queue;`);
  const add = (page: Page, name: string): Promise<string> =>
    inPage(page, `return (await q.add('/v1/products', { body: { name: ${JSON.stringify(name)} } })).id;`);
  const sent = (): string[] =>
    service.seen.filter(({ path: at }) => at === '/v1/products').map(({ body }) => JSON.parse(body.toString()).name);
  const byKey = (): Map<string, number> => {
    const times = new Map<string, number>();
    for (const { path: at, headers } of service.seen)
      if (at === '/v1/products')
        times.set(String(headers['idempotency-key']), (times.get(String(headers['idempotency-key'])) ?? 0) + 1);
    return times;
  };
  const cdp = (page: Page): Promise<CDPSession> => browser.newCDPSession(page);

  test('two tabs, one sender, the order kept; the sender is closed, and the other goes on at once', async () => {
    const [one, two] = [await open(), await open()];
    for (const page of [one, two]) await openTill(page, '{ queue: { silenceMs: 600000 } }');
    let held: any;
    act = (_, response) => {
      if (sent().length === 3 && !held) held = response;
      else taken(response);
    };
    await inPage(one, 'q.start();');
    await inPage(two, 'q.start();');
    for (let index = 0; index < 6; ++index) await add(index % 2 ? two : one, String(index));
    await until(async () => held !== undefined);
    expect(sent()).toEqual(['0', '1', '2']);
    // Whoever sends holds the turn; its tab is closed in the middle.
    const first: boolean = (await inPage(one, 'return (await q.status()).sending;')) as boolean;
    await (first ? one : two).close({ runBeforeUnload: false });
    const left = first ? two : one;
    await until(async () => (await inPage(left, 'return (await q.status()).waiting;')) === 0);
    expect(sent()).toEqual(['0', '1', '2', '2', '3', '4', '5']);
    expect(await inPage(left, "return (await t.store.list('done')).length;")).toBe(6);
  });

  test('the sender is frozen: the other one sends within seconds; thawed, the first sends nothing', async () => {
    const [one, two] = [await open(), await open()];
    await openTill(one);
    await openTill(two);
    let held: any;
    act = (_, response) => {
      if (!held) held = response;
      else taken(response);
    };
    await inPage(one, 'q.start();');
    for (const name of ['a', 'b', 'c']) await add(one, name);
    await until(async () => held !== undefined);
    await inPage(two, 'q.start();');
    const debug = await cdp(one);
    await debug.send('Debugger.enable');
    await debug.send('Debugger.pause');
    const began = Date.now();
    await until(async () => sent().length === 4);
    expect(Date.now() - began).toBeLessThan(20_000);
    expect(sent()).toEqual(['a', 'a', 'b', 'c']);
    taken(held);
    await debug.send('Debugger.resume').catch(() => {});
    await debug.send('Debugger.disable');
    await until(async () => (await inPage(one, 'return (await q.status()).sending;')) === false);
    await inPage(one, 'await q.flush();');
    expect(sent()).toEqual(['a', 'a', 'b', 'c']);
    expect(await inPage(one, "return [(await t.store.list('done')).length, await t.store.count('waiting')];")).toEqual([
      3, 0,
    ]);
  });

  test('a page that is killed at any step: every operation is there, or was sent', async () => {
    const page = await open();
    await openTill(page);
    let kills = 0;
    const ids: string[] = [];
    for (let round = 0; round < (environment.long ? 12 : 6); ++round) {
      // Killed before, in and after adding and sending, by turns.
      act = (_, response) => (round % 3 === 1 ? response.destroy() : taken(response));
      const working = inPage(
        page,
        `q.start(); for (let index = 0; index < 10; ++index) { const { id } = await q.add('/v1/products', { body: { name: '${round}-' + index } }); window.name = (window.name || '') + ' ' + id; }`,
      ).catch(() => {});
      const kept = async (): Promise<string[]> =>
        ((await page.evaluate('window.name')) as string).split(' ').filter((id) => id !== '');
      await until(async () => sent().length > round && (await kept()).length > 1);
      ids.push(...(await kept()));
      await page.goto(`${service.url}/page?${round}`);
      kills++;
      await working;
      await openTill(page);
      await page.evaluate("window.name = ''");
    }
    act = (_, response) => taken(response);
    await inPage(page, 'q.start(); await q.flush();');
    await until(async () => (await inPage(page, 'return (await q.status()).waiting;')) === 0);
    const done: string[] = await inPage(page, "return (await t.store.list('done')).map(({ id }) => id);");
    // What was reported as stored is done.
    expect(ids.filter((id) => !done.includes(id))).toEqual([]);
    expect(ids.length).toBeGreaterThan(kills);
    expect(new Set(done).size).toBe(done.length);
    for (const key of byKey().keys()) expect(done).toContain(key);
  });

  test('connections closed underneath before, in and after operations: opened again, nothing lost or doubled', async () => {
    const count = environment.long ? 100 : 30;
    const page = await open();
    await inPage(
      page,
      `const real = IDBFactory.prototype.open; window.handles = [];
       IDBFactory.prototype.open = function (...args) { const request = real.apply(this, args); request.addEventListener('success', () => handles.push(request.result)); return request; };
       const close = () => handles.splice(0).forEach((handle) => handle.close());
       window.t = await sdk.till({}); window.q = t.queue;
       for (let index = 0; index < ${count}; ++index) {
         if (index % 3 === 0) close();
         const adding = q.add('/v1/products', { body: { name: String(index) } });
         if (index % 3 === 1) close();
         await adding;
         if (index % 3 === 2) close();
       }
       const sending = q.flush();
       const closing = setInterval(close, 20);
       await sending; clearInterval(closing); await q.flush();`,
    );
    expect(await inPage(page, "return [(await t.store.list('done')).length, await t.store.count('waiting')];")).toEqual(
      [count, 0],
    );
    expect([...new Set(sent())]).toEqual(Array.from({ length: count }, (_, index) => String(index)));
  });

  test('a transaction that aborts at commit is an error at once, and strict durability is asked for', async () => {
    const page = await open();
    const told = await inPage(
      page,
      `window.t = await sdk.till({}); window.q = t.queue;
       const asked = []; const real = IDBDatabase.prototype.transaction;
       IDBDatabase.prototype.transaction = function (stores, mode, options) {
         const transaction = real.call(this, stores, mode, options);
         if (mode === 'readwrite') { asked.push(options.durability); queueMicrotask(() => transaction.objectStore('meta').count().onsuccess = () => setTimeout(() => { try { transaction.abort(); } catch {} })); transaction.objectStore('meta').count().onsuccess = function again() { try { transaction.objectStore('meta').count().onsuccess = again; } catch {} }; }
         return transaction;
       };
       const began = performance.now();
       const error = await q.add('/v1/products', { body: { name: 'x' } }).catch((error) => error.code);
       IDBDatabase.prototype.transaction = real;
       return { error, ms: performance.now() - began, asked, waiting: await t.store.count('waiting') };`,
    );
    expect(told).toMatchObject({ error: 'queue.storage_failed', waiting: 0 });
    expect(told.ms).toBeLessThan(10_000);
    expect(new Set(told.asked)).toEqual(new Set(['strict']));
  });

  test('a full device refuses the sale aloud', async () => {
    const page = await open();
    const debug = await cdp(page);
    // Before the first write, since Chromium remembers for a while how much room there is.
    await debug.send('Storage.overrideQuotaForOrigin', { origin: service.url, quotaSize: 2048 });
    const told = await inPage(
      page,
      `const errors = [];
       const sell = async () => { window.t ??= await sdk.till({}); window.q = t.queue; return q.add('/v1/products', { body: { name: 'x'.repeat(200000) } }); };
       for (let index = 0; index < 3; ++index) await sell().then(() => errors.push('sold'), (error) => errors.push(error.code));
       return errors;`,
    );
    expect(new Set(told)).toEqual(new Set(['queue.storage_full']));
    await debug.send('Storage.overrideQuotaForOrigin', { origin: service.url });
  });

  // Chromium keeps what is large in files of its own; one may be gone after a crash, and reading it fails then.
  test('one entry that the browser cannot read is parked; the others are sent, and all is exported', async () => {
    let own = await openBrowser();
    const profile = profileOf(own);
    const openOwn = async (): Promise<Page> => {
      const page = await own.newPage();
      await page.goto(`${service.url}/page`);
      await openTill(page);
      return page;
    };
    try {
      let page = await openOwn();
      await add(page, 'before');
      const large = await inPage(
        page,
        `const noise = Array.from(crypto.getRandomValues(new Uint8Array(60000)), (byte) => String.fromCharCode(0x4e00 + byte * 64));
         return (await q.add('/v1/products', { body: { name: noise.join('') } })).id;`,
      );
      await add(page, 'after');
      await own.close();
      const folder = path.join(profile, 'Default/IndexedDB');
      const blobs = (await readdir(folder)).filter((name) => name.endsWith('.blob'));
      expect(blobs).toHaveLength(1);
      const [there, aside] = [path.join(folder, blobs[0]!), path.join(profile, 'aside')];
      await rename(there, aside);
      own = await openBrowser([], profile);
      page = await openOwn();
      await inPage(page, 'await q.flush();');
      expect(sent()).toEqual(['before', 'after']);
      const parked = await inPage(page, 'return q.parked();');
      expect(parked).toMatchObject([{ id: large, problem: { code: 'queue.unreadable' } }]);
      const status = await inPage(page, 'return q.status();');
      expect([status.waiting, status.parked, status.stopped]).toEqual([0, 1, undefined]);
      const twice = `return q.add('/v1/products', { id: '${large}', body: { name: 'again' } }).catch((error) => error.code);`;
      expect(await inPage(page, twice)).toBe('queue.unreadable');
      expect(JSON.parse(await inPage(page, 'return q.export();')).entries).toHaveLength(3);
      await inPage(page, `await q.dismiss('${large}', 'typed in again');`);
      expect((await inPage(page, 'return q.status();')).parked).toBe(0);
      // An id stays its own.
      const again = await inPage(page, `return q.add('/v1/products', { id: '${large}', body: { name: 'new' } });`);
      expect(again).toMatchObject({ state: 'dismissed', note: 'typed in again', body: '' });
      const child = `return q.add('/v1/products', { dependsOn: ['${large}'], body: { name: 'child' } });`;
      const { id } = await inPage(page, child);
      await add(page, 'free');
      await inPage(page, 'await q.flush();');
      const { problem: why } = await inPage(page, `return q.get('${id}');`);
      expect(why).toMatchObject({ code: 'queue.dependency_dismissed', detail: 'typed in again' });
      await own.close();
      // It can be read again: its bytes were left as they were, and so was the decision.
      await rename(aside, there);
      own = await openBrowser([], profile);
      page = await openOwn();
      const { body, ...kept } = await inPage(page, `await q.flush(); return q.get('${large}');`);
      expect(kept).toMatchObject({ state: 'dismissed', note: 'typed in again' });
      expect(JSON.parse(body).name).toHaveLength(60_000);
      expect(sent()).toEqual(['before', 'after', 'free']);
      const counts =
        "return [await t.store.count('waiting'), await t.store.count('parked'), await t.store.count('done')];";
      expect(await inPage(page, counts)).toEqual([0, 1, 3]);
      expect((await inPage(page, "return t.store.list('dismissed');"))[0].id).toBe(large);
    } finally {
      await closeBrowser(own);
    }
  });

  test('a reading that fails once takes nothing away', async () => {
    const page = await open();
    await openTill(page);
    for (const name of ['a', 'b']) await add(page, name);
    const seen = await inPage(
      page,
      `const [all, one] = [IDBIndex.prototype.getAll, IDBObjectStore.prototype.get];
       const fail = () => { throw new DOMException('Internal error.', 'UnknownError'); };
       let times = 2;
       IDBIndex.prototype.getAll = function (...given) { return times-- > 0 ? fail() : all.apply(this, given); };
       IDBObjectStore.prototype.get = function (key) { return times > 0 && typeof key === 'number' ? fail() : one.call(this, key); };
       const during = await q.status();
       return [during.waiting + during.parked, (await q.parked()).length, (await q.waiting()).map(({ body }) => body)];`,
    );
    expect(seen).toEqual([2, 0, ['{"name":"a"}', '{"name":"b"}']]);
    await inPage(page, 'await q.flush();');
    expect(sent()).toEqual(['a', 'b']);
  });

  // No turn can be taken then, which is a write.
  test('what waits leaves a disk that is full', async () => {
    const page = await open();
    await openTill(page);
    // A child of what was dismissed cannot be parked then, which is a write, too.
    act = (_, response) => problem(response, 422, 'request.invalid');
    const parent = await add(page, 'parent');
    await inPage(page, `await q.add('/v1/products', { dependsOn: ['${parent}'], body: { name: 'child' } });`);
    await inPage(page, `await q.flush(); await q.dismiss('${parent}', 'rung up again');`);
    act = (_, response) => taken(response);
    service.seen.length = 0;
    for (const name of ['a', 'b', 'c']) await add(page, name);
    await inPage(
      page,
      `for (const name of ['put', 'add'])
         IDBObjectStore.prototype[name] = () => { throw new DOMException('full', 'QuotaExceededError'); };
       await q.flush();`,
    );
    expect(sent()).toEqual(['a', 'b', 'c']);
    const left = 'return [(await q.waiting()).map(({ body }) => body), (await q.status()).stopped ?? null];';
    expect(await inPage(page, left)).toEqual([['{"name":"child"}'], null]);
    expect(
      await inPage(page, "return q.add('/v1/products', { body: { name: 'd' } }).catch((error) => error.code);"),
    ).toBe('queue.storage_full');
  });

  test('two persons at once: what was sent by then is not dismissed', async () => {
    const page = await open();
    await openTill(page);
    act = (_, response) => problem(response, 422, 'request.invalid');
    const id = await add(page, 'bad');
    await inPage(page, 'await q.flush();');
    act = (_, response) => taken(response);
    const told = await inPage(
      page,
      `const other = (await sdk.till()).queue; const get = t.store.get.bind(t.store);
       t.store.get = async (asked) => {
         const entry = await get(asked);
         t.store.get = get;
         await other.requeue(asked); await other.flush();
         return entry;
       };
       return q.dismiss('${id}', 'rung up again').catch((error) => error.message);`,
    );
    expect(told).toBe(`queue.not_parked: ${id} is done`);
    expect((await inPage(page, `return q.get('${id}');`)).answer.status).toBe(201);
  });

  test('what the browser promised is said', async () => {
    const page = await open();
    await openTill(page);
    const status = await inPage(page, 'return q.status();');
    expect([true, false]).toContain(status.storage.persisted);
    expect(status.storage.quotaBytes).toBeGreaterThan(status.storage.usedBytes);
  });

  test('a store that was wiped is noticed, and gives no number twice', async () => {
    const page = await open();
    await openTill(page);
    const numbers = await inPage(
      page,
      "await q.startNumbers('till', 0); return [await q.nextNumber('till'), await q.nextNumber('till')];",
    );
    expect(numbers).toEqual([1, 2]);
    const debug = await cdp(page);
    await page.goto('about:blank');
    await debug.send('Storage.clearDataForOrigin', { origin: service.url, storageTypes: 'indexeddb' });
    await page.goto(`${service.url}/page`);
    await openTill(page);
    expect(await inPage(page, "return q.startNumbers('till', 2);")).toBe('lost');
    expect(await inPage(page, "return q.nextNumber('till').catch((error) => error.code);")).toBe('queue.number_lost');
  });

  test('a newer app upgrades past an open old tab, whose queue still works and can be exported', async () => {
    const [old, newer] = [await open(), await open()];
    await openTill(old);
    await add(old, 'kept');
    const upgraded = await inPage(
      newer,
      `return new Promise((resolve, reject) => { const request = indexedDB.open('backend-api-queue', 2);
         request.onupgradeneeded = () => request.transaction.objectStore('entries').createIndex('label', 'label');
         request.onblocked = () => reject('blocked'); request.onsuccess = () => { request.result.close(); resolve('upgraded'); }; });`,
    );
    expect(upgraded).toBe('upgraded');
    await add(old, 'later');
    expect(JSON.parse(await inPage(old, 'return q.export();')).entries).toHaveLength(2);
    await inPage(old, 'await q.flush();');
    expect(sent()).toEqual(['kept', 'later']);
    // One that holds on is said in three seconds.
    await inPage(
      newer,
      "await new Promise((resolve) => { indexedDB.open('other', 1).onsuccess = ({ target }) => { window.hold = target.result; resolve(); }; });",
    );
    await inPage(
      old,
      "window.deleting = indexedDB.deleteDatabase('other'); await new Promise((resolve) => { deleting.onblocked = resolve; });",
    );
    const began = Date.now();
    expect(await inPage(old, "return sdk.till({ store: { name: 'other' } }).catch((error) => error.code);")).toBe(
      'queue.storage_blocked',
    );
    expect(Date.now() - began).toBeLessThan(20_000);
  });

  test('without triggers of the browser it is sent when the network is back', async () => {
    const page = await open();
    await page.addInitScript(
      'delete window.SyncManager; Object.defineProperty(navigator, "onLine", { get: () => false });',
    );
    await page.reload();
    await openTill(page, '{ queue: { mostPauseMs: 1000 } }');
    act = (_, response) => response.destroy();
    await inPage(page, 'q.start();');
    await add(page, 'offline');
    await until(async () => sent().length >= 3);
    act = (_, response) => taken(response);
    await until(async () => (await inPage(page, 'return (await q.status()).waiting;')) === 0);
  });

  test('eight tabs share one stream, a ninth page loads, and another tab takes it over', async () => {
    streamsOpened = 0;
    const live = `window.pulls = 0; window.live = new sdk.Live({ share: 'till', silenceMs: 600000, pauseMs: 50, idleMs: 600000,
      transport: sdk.eventSourceTransport({ url: () => '/v1/events' }), pull: async () => { pulls++; } });`;
    const tabs: Page[] = [];
    for (let index = 0; index < 8; ++index) {
      const page = await open();
      await inPage(page, live);
      tabs.push(page);
    }
    await until(async () => streams.size > 0);
    const ninth = await open();
    expect(await ninth.evaluate('typeof sdk')).toBe('object');
    expect([streams.size, streamsOpened]).toEqual([1, 1]);
    const pulls = (): Promise<number[]> => Promise.all(tabs.map((page) => page.evaluate('pulls') as Promise<number>));
    const before = await pulls();
    for (const stream of streams) stream.write('event: poke\ndata: {"seq":1,"changed":[]}\n\n');
    await until(async () => (await pulls()).every((count, index) => count > before[index]!));
    await tabs.shift()!.close();
    await until(async () => streams.size === 1 && streamsOpened === 2);
    const then = await pulls();
    for (const stream of streams) stream.write('event: poke\ndata: {"seq":2,"changed":[]}\n\n');
    await until(async () => (await pulls()).every((count, index) => count > then[index]!));
  });

  test('a refused operation is parked and shown', async () => {
    const page = await open();
    await openTill(page);
    act = (_, response) => problem(response, 422, 'request.invalid');
    await add(page, 'bad');
    await inPage(page, 'await q.flush();');
    expect(await inPage(page, 'return q.parked();')).toMatchObject([
      { problem: { code: 'request.invalid', action: 'fix' } },
    ]);
  });
});
