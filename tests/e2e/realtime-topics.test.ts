// What the topics of a socket say, how soon after a commit, and to whom it stops being said; who reads too slowly; an instance that dies.
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import PusherServer from 'pusher';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type Daraja, start as startDaraja } from '../simulators/daraja.mjs';
import { type Service, startService } from './support/service.js';
import { mpesaCredentials, ok, openShop, password, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const app = { appId: '7', key: randomBytes(10).toString('hex'), secret: randomBytes(20).toString('hex') };
const credentials = mpesaCredentials();

let daraja: Daraja;
let first: Service;
let second: Service;
let shop: Shop;
let stranger: Shop;

beforeAll(async () => {
  daraja = await startDaraja({ port: 0, speed: 20, queryLimit: 1_000 });
  const env = {
    ACCESS_TOKEN_SECONDS: '3600',
    JOB_QUEUES: 'all',
    MPESA_BASE_URL: daraja.url,
    REALTIME_APP_ID: app.appId,
    REALTIME_APP_KEY: app.key,
    REALTIME_APP_SECRET: app.secret,
    REALTIME_MESSAGES_PER_SECOND: '1000',
  };
  first = await startService({ env });
  second = await startService({ database: first.database, env: { ...env, ...first.secrets } });
  shop = await openShop(first);
  stranger = await openShop(first, { variants: 1 });
  for (const one of [shop, stranger])
    await one.create('/v1/payment-accounts', { provider: 'mpesa', name: 'Paybill', credentials });
});
afterAll(async () => {
  await second?.stop();
  await first?.stop();
  await daraja?.close();
});

const open: WebSocket[] = [];
afterEach(() => {
  for (const socket of open.splice(0)) socket.terminate();
});

interface Heard {
  at: number;
  t: string;
  topic?: string;
  event?: string;
  seq?: number;
  n?: number;
  d?: any;
  code?: string;
  topics?: any;
}
class Listener {
  readonly heard: Heard[] = [];
  closed: number | undefined;
  private constructor(readonly socket: WebSocket) {
    open.push(socket);
    socket.on('message', (text) => this.heard.push({ at: performance.now(), ...JSON.parse(String(text)) }));
    socket.on('close', (code) => (this.closed = code));
    socket.on('error', () => {});
  }
  static async of(service: Service, token: string, ...topics: string[]): Promise<Listener> {
    const socket = new WebSocket(`ws://127.0.0.1:${service.port}/v1/ws`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const listener = new Listener(socket);
    await once(socket, 'open');
    socket.send(JSON.stringify({ t: 'sub', topics }));
    await listener.next(({ t }) => t === 'subscribed');
    return listener;
  }
  next(wanted: (one: Heard) => boolean, timeoutMs?: number): Promise<Heard> {
    return until(async () => this.heard.find(wanted), timeoutMs);
  }
  of(topic: string): Heard[] {
    return this.heard.filter((one) => one.topic === topic && one.t !== 'error');
  }
}

const startPayment = (who: Shop, phone = '0700000001'): Promise<any> =>
  ok(
    who.api('POST', '/v1/payment-intents', {
      body: {
        clientRequestId: randomUUID(),
        provider: 'mpesa',
        purpose: 'sale',
        subjectId: randomUUID(),
        amount: 15_000,
        phone,
      },
    }),
    202,
  );

// By the quickest of some, since others use the machine as well: what is looked for every few seconds would take longer.
test('what was committed is announced at once, whichever instance has done it', async () => {
  for (const at of [first, second]) {
    const listener = await Listener.of(at, shop.token, 'changes');
    const delays: number[] = [];
    for (let index = 0; index < 12; ++index) {
      const count = listener.of('changes').length;
      await shop.create('/v1/categories', { name: `Tea ${randomUUID()}` });
      const replied = performance.now();
      await until(async () => listener.of('changes').length > count);
      delays.push(listener.of('changes')[count]!.at - replied);
    }
    expect(Math.min(...delays)).toBeLessThan(250);
  }
});

test('the states of a payment come until it is decided, and what is said is what the route says', async () => {
  // Paid some seconds after it was asked for.
  const intent = await startPayment(shop, '0700000005');
  const topic = `intent.${intent.id}`;
  const [here, there] = [await Listener.of(first, shop.token, topic), await Listener.of(second, shop.token, topic)];
  for (const listener of [here, there]) {
    const last = await listener.next((one) => one.topic === topic && one.d?.state === 'succeeded');
    const now = await ok(shop.api('GET', `/v1/payment-intents/${intent.id}`), 200);
    expect(last.d).toEqual({ id: intent.id, state: 'succeeded', receiptCode: now.receiptCode, version: now.version });
    const numbers = listener.of(topic).map(({ n }) => n!);
    expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
  }
});

test("a dashboard's totals come at most once a second, and the last ones are those of now", async () => {
  const topic = `dashboard.${shop.location.id}`;
  const listener = await Listener.of(second, shop.token, topic);
  const began = performance.now();
  for (let index = 0; index < 10; ++index) await ok(shop.sell(saleFor(shop)), 201);
  await until(async () => {
    const { locations } = await ok(shop.api('GET', '/v1/dashboard'), 200);
    const now = locations.find((one: any) => one.locationId === shop.location.id);
    return now.sales >= 10 && listener.of(topic).some(({ d }) => d.sales === now.sales);
  });
  const seconds = (performance.now() - began) / 1_000;
  expect(listener.of(topic).length).toBeLessThanOrEqual(Math.ceil(seconds) + 1);
  expect(listener.of(topic).at(-1)).toMatchObject({ t: 'ev', event: 'changed' });
});

test('who has read their notifications on one device hears of it on another', async () => {
  const listener = await Listener.of(second, shop.token, 'notifications');
  await ok(shop.api('POST', '/v1/notifications/read'), 204);
  await listener.next(({ t, topic }) => t === 'poke' && topic === 'notifications');
});

// Each row: what a member of the other shop asks for, in whichever way, and that nothing of it comes.
test("no topic, name or signature brings another tenant's messages", async () => {
  const intent = await startPayment(shop);
  const id = shop.tenantId;
  const spellings = (topic: string): string[] => [
    topic,
    `t.${id}.${topic}`,
    `private-t.${id}.${topic}`,
    `presence-t.${id}.${topic}`,
    `private-cache-t.${id}.${topic}`,
    `private-encrypted-t.${id}.${topic}`,
    `${id}.${topic}`,
    `${topic.toUpperCase()}`,
    `${topic}\u0000`,
    `${topic}/../${topic}`,
    ` ${topic}`,
    `${topic},changes`,
  ];
  const topics = ['changes', 'notifications', `dashboard.${shop.location.id}`, `intent.${intent.id}`].flatMap(
    spellings,
  );
  const [bad, readable] = [topics.filter((name) => name.includes('\0')), topics.filter((name) => !name.includes('\0'))];
  const own = await Listener.of(second, stranger.token, ...readable.slice(0, 22));
  own.socket.send(JSON.stringify({ t: 'sub', topics: readable.slice(22) }));
  await until(async () => own.heard.filter(({ t }) => t === 'subscribed').length === 2);
  // A text with a NUL makes the whole message unreadable.
  for (const name of bad) own.socket.send(JSON.stringify({ t: 'sub', topics: ['changes', name] }));
  await until(async () => own.heard.filter(({ code }) => code === 'realtime.bad_message').length === bad.length);
  const followed = own.heard.flatMap(({ t, topics: names }) => (t === 'subscribed' ? Object.keys(names) : []));
  expect(followed.sort()).toEqual(['changes', 'notifications']);

  const raw = new WebSocket(`ws://127.0.0.1:${first.port}/app/${app.key}?protocol=7`);
  open.push(raw);
  const frames: any[] = [];
  raw.on('message', (text) => frames.push(JSON.parse(String(text))));
  const socket_id = await until(async () => frames[0] && JSON.parse(frames[0].data).socket_id);
  const sign = (channel_name: string) =>
    stranger.api('POST', '/v1/realtime/auth', { body: { socket_id, channel_name } });
  const mine = await ok(sign(`private-t.${stranger.tenantId}.changes`), 200);
  const vendor = new PusherServer({
    ...app,
    secret: 'guessed',
    host: '127.0.0.1',
    encryptionMasterKeyBase64: randomBytes(32).toString('base64'),
  });
  for (const topic of topics) {
    const name = topic.startsWith('p') ? topic : `private-t.${id}.${topic}`;
    expect((await sign(name)).status, name).toBeGreaterThanOrEqual(400);
    const [, signature] = mine.auth.split(':');
    const forged = /^[\w=@,.;-]+$/.test(name) ? vendor.authorizeChannel(socket_id, name).auth : '';
    for (const auth of [mine.auth, `${app.key}:${signature}`, forged, '', `${app.key}:`, undefined]) {
      raw.send(JSON.stringify({ event: 'pusher:subscribe', data: { auth, channel: name } }));
    }
  }
  // Behind all of them.
  raw.send(JSON.stringify({ event: 'pusher:ping', data: {} }));
  await until(async () => frames.some(({ event }) => event === 'pusher:pong'));
  expect(frames.filter(({ event }) => event === 'pusher_internal:subscription_succeeded')).toEqual([]);
  const watcher = await Listener.of(first, shop.token, 'changes', `intent.${intent.id}`);
  await shop.create('/v1/categories', { name: 'Secret' });
  await ok(shop.sell(saleFor(shop)), 201);
  await ok(shop.api('POST', '/v1/notifications/read'), 204);
  await watcher.next(({ t }) => t === 'poke');
  await stranger.create('/v1/categories', { name: 'Their own' });
  await own.next(({ t, topic }) => t === 'poke' && topic === 'changes');
  const { change_seq } = (
    await first.database.query<{ change_seq: string }>(
      `select change_seq from tenant_counters where tenant_id = '${stranger.tenantId}'`,
    )
  )[0]!;
  for (const { seq, topic } of own.heard) {
    if (seq !== undefined) expect(seq).toBeLessThanOrEqual(Number(change_seq));
    expect([undefined, ...topics]).toContain(topic);
  }
  expect(own.heard.filter(({ t }) => t === 'ev')).toEqual([]);
  expect(frames.filter(({ event }) => !String(event).startsWith('pusher'))).toEqual([]);
});

test('a role that is narrowed ends what it was let follow, within five seconds at both instances', async () => {
  const roles: any[] = (await ok(shop.api('GET', '/v1/roles'), 200)).data;
  const role = (name: string) => [{ roleId: roles.find((one) => one.builtIn === name).id }];
  const email = `juma-${randomUUID()}@duka.example`;
  const created = await shop.api('POST', '/v1/users', {
    body: { name: 'Juma', email, password, roles: role('manager') },
    headers: { 'idempotency-key': randomUUID() },
  });
  expect(created.status, created.text).toBe(201);
  const { accessToken } = await ok(first.api('POST', '/v1/auth/login', { body: { email, password } }), 200);
  const topic = `dashboard.${shop.location.id}`;
  const listeners = [
    await Listener.of(first, accessToken, topic, 'changes'),
    await Listener.of(second, accessToken, topic, 'changes'),
  ];
  const changed = await shop.api('PATCH', `/v1/users/${created.body.id}`, {
    body: { roles: role('cashier') },
    headers: { 'if-match': created.headers.get('etag')! },
  });
  expect(changed.status, changed.text).toBe(200);
  for (const listener of listeners) {
    const told = await listener.next(({ t }) => t === 'unsubscribed');
    expect(told).toMatchObject({ topics: [topic], code: 'auth.forbidden' });
    expect(listener.closed).toBeUndefined();
  }
});

// What is published with the app's secret to a tenant's topic comes to our dialect as well: enough of it to fill every buffer on the way.
test('who reads too slowly is closed with 4409, and nobody else is', async () => {
  const slow = await Listener.of(first, shop.token, 'changes');
  const quick = await Listener.of(first, shop.token, 'changes');
  slow.socket.pause();
  const server = new PusherServer({ ...app, host: '127.0.0.1', port: String(first.port), useTLS: false });
  const channel = `private-t.${shop.tenantId}.changes`;
  const event = { channel, name: 'note', data: JSON.stringify({ text: 'x'.repeat(9_000) }) };
  const closedSlow = async (): Promise<number> => {
    const text = await (await fetch(`${first.url}/metrics`)).text();
    return Number(/^realtime_closed_total\{code="4409"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  let batches = 0;
  for (; batches < 400 && (await closedSlow()) === 0; ++batches)
    await server.triggerBatch(Array.from({ length: 10 }, () => event));
  expect(await closedSlow()).toBe(1);
  // Who does not read for two seconds more does not read the close frame either.
  slow.socket.resume();
  await until(async () => slow.closed !== undefined);
  expect([4409, 1006]).toContain(slow.closed);
  // No gap in what it was given.
  const numbers = slow.of('changes').map(({ n }) => n!);
  expect(numbers).toEqual(numbers.map((_, index) => numbers[0]! + index));
  await until(async () => quick.of('changes').length >= batches * 10);
  expect(quick.closed).toBeUndefined();
});

test('an instance that dies takes its members along, once each, and presence is right again', async () => {
  const third = await startService({
    database: first.database,
    env: { ...first.secrets, REALTIME_APP_ID: app.appId, REALTIME_APP_KEY: app.key, REALTIME_APP_SECRET: app.secret },
  });
  const join = async (at: Service, userId: string): Promise<any[]> => {
    const socket = new WebSocket(`ws://127.0.0.1:${at.port}/app/${app.key}?protocol=7`);
    open.push(socket);
    socket.on('error', () => {});
    const frames: any[] = [];
    socket.on('message', (text) => frames.push(JSON.parse(String(text))));
    const socketId = await until(async () => frames[0] && JSON.parse(frames[0].data).socket_id);
    const vendor = new PusherServer({ ...app, host: '127.0.0.1' });
    const data = vendor.authorizeChannel(socketId, 'presence-floor', { user_id: userId });
    socket.send(JSON.stringify({ event: 'pusher:subscribe', data: { ...data, channel: 'presence-floor' } }));
    await until(async () => frames.some(({ event }) => event === 'pusher_internal:subscription_succeeded'));
    return frames;
  };
  const watcher = await join(first, 'watcher');
  const members = Array.from({ length: 20 }, (_, index) => `member-${index}`);
  await Promise.all(members.map((member) => join(third, member)));
  const said = (event: string): string[] =>
    watcher
      .filter((one) => one.event === event)
      .map(({ data }) => JSON.parse(data).user_id)
      .sort();
  await until(async () => said('pusher_internal:member_added').length === 20);
  await third.process.kill();
  await until(async () => said('pusher_internal:member_removed').length === 20, 120_000);
  expect(said('pusher_internal:member_added')).toEqual([...members].sort());
  expect(said('pusher_internal:member_removed')).toEqual([...members].sort());
});

// A till that pulls whenever it is told, and once more after each new connection.
test('a socket that is cut again and again during many changes leads to the same rows', async () => {
  const each = process.env.BACKEND_API_LONG === '1' ? 125 : 30;
  const token = shop.token;
  const begin = await fetch(`${first.url}/v1/sync/snapshot?collections=categories`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const lines = (await begin.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const held = new Map<string, unknown>(lines.filter(({ c }) => c).map(({ id, d }) => [id, d]));
  let { cursor } = lines[0] as { cursor: string };
  const pull = async (at: Service): Promise<void> => {
    for (let hasMore = true; hasMore;) {
      const page = await ok(at.api('GET', `/v1/sync/changes?since=${cursor}&collections=categories`, { token }), 200);
      for (const { op, id, d } of page.changes)
        if (op === 'u') held.set(id, d);
        else held.delete(id);
      ({ cursor, hasMore } = page);
    }
  };
  let isOver = false;
  const till = (async () => {
    for (let turn = 0; !isOver; ++turn) {
      const at = turn % 2 === 0 ? first : second;
      const listener = await Listener.of(at, token, 'changes');
      await pull(at);
      for (let pokes = 0; pokes < 5 && !isOver; ++pokes) {
        const count = listener.heard.length;
        await until(async () => isOver || listener.heard.length > count);
        await pull(at);
      }
      listener.socket.terminate();
    }
  })();
  const created: string[] = [];
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      for (let index = 0; index < each; ++index)
        created.push((await shop.create('/v1/categories', { name: `Cut ${randomUUID()}` })).id);
    }),
  );
  isOver = true;
  await till;
  await pull(first);
  expect(created).toHaveLength(8 * each);
  for (const id of created) expect(held.has(id)).toBe(true);
});
