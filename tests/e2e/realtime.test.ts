// WebSockets as their users meet them: `ws` for our dialect, `pusher-js`, `laravel-echo` and `pusher` for theirs, two instances, Redis
// that goes away, callers who lose their rights.
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { Redis } from 'ioredis';
import Echo from 'laravel-echo';
import PusherServer from 'pusher';
import { PusherClient } from './support/pusher-client.js';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import WebSocket from 'ws';
import { scratchDatabase, type ScratchDatabase } from './support/database.js';
import { type RedisServer, startRedis } from './support/redis.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';
import { ok, openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const app = { appId: '7', key: randomBytes(10).toString('hex'), secret: randomBytes(20).toString('hex') };

let redis: RedisServer;
let database: ScratchDatabase;
let first: Service;
let second: Service;
let shop: Shop;
let stranger: Shop;

beforeAll(async () => {
  [redis, database] = await Promise.all([startRedis(), scratchDatabase()]);
  const env = {
    APP_SECRET: randomBytes(48).toString('base64url'),
    JWT_SECRET: randomBytes(48).toString('base64url'),
    ACCESS_TOKEN_SECONDS: '3600',
    REDIS_URL: redis.url,
    REALTIME_APP_ID: app.appId,
    REALTIME_APP_KEY: app.key,
    REALTIME_APP_SECRET: app.secret,
    REALTIME_CLIENT_EVENTS: 'true',
  };
  await migrate(serviceEnvironment(database, env));
  [first, second] = await Promise.all([startService({ database, env }), startService({ database, env })]);
  [shop, stranger] = await Promise.all([openShop(first), openShop(first, { variants: 0, devices: 0 })]);
});

afterAll(async () => {
  await Promise.all([first?.stop(), second?.stop()]);
  await database?.drop();
  await redis?.remove();
});

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

class Client {
  readonly messages: any[] = [];
  closed: number | undefined;
  private constructor(readonly socket: WebSocket) {
    socket.on('message', (data) => this.messages.push(JSON.parse(String(data))));
    socket.on('close', (code) => (this.closed = code));
    socket.on('error', () => {});
    open.push({ close: () => socket.terminate() });
  }
  static async open(service: Service, query = '', headers: Record<string, string> = {}): Promise<Client> {
    const client = new Client(new WebSocket(`ws://127.0.0.1:${service.port}/v1/ws${query}`, { headers }));
    await once(client.socket, 'open');
    return client;
  }
  static async with(service: Service, token: string): Promise<Client> {
    return Client.open(service, '', { authorization: `Bearer ${token}` });
  }
  say(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }
  async heard(t: string, more: (message: any) => boolean = () => true): Promise<any> {
    return until(async () => this.messages.find((message) => message.t === t && more(message)));
  }
  async follow(...topics: string[]): Promise<any> {
    this.say({ t: 'sub', topics });
    return this.heard('subscribed');
  }
}

const ticketOf = (who: Shop): Promise<any> => ok(who.api('POST', '/v1/auth/ws-ticket', {}), 200);

test('a ticket opens one socket', async () => {
  const { ticket, expiresIn } = await ticketOf(shop);
  expect(expiresIn).toBe(30);
  const client = await Client.open(first, `?ticket=${ticket}`);
  expect((await client.heard('ready')).expiresAt).toMatch(/Z$/);
  await expect(Client.open(second, `?ticket=${ticket}`)).rejects.toThrow(/401/);
  await expect(Client.open(first, '?ticket=wst_x')).rejects.toThrow(/401/);
});

test('a first message says who it is; another one in front of it is refused', async () => {
  const client = await Client.open(first);
  client.say({ t: 'sub', topics: ['changes'] });
  expect((await client.heard('error')).code).toBe('auth.missing_credentials');
  client.say({ t: 'auth', token: shop.token });
  await client.heard('ready');
  const liar = await Client.open(first);
  liar.say({ t: 'auth', token: 'no.such.token' });
  await until(async () => liar.closed === 4401);
});

test("a cookie opens a socket for our own pages, and for nobody else's", async () => {
  const login = await first.api('POST', '/v1/auth/login', {
    body: { email: shop.email, password: 'correct horse battery staple', session: 'cookie' },
  });
  const cookie = login.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ');
  const origin = `http://127.0.0.1:${first.port}`;
  const client = await Client.open(first, '', { cookie, origin });
  await client.heard('ready');
  await expect(Client.open(first, '', { cookie, origin: 'https://evil.example' })).rejects.toThrow(/403/);
});

test('a product at one instance moves a socket at the other within a second', async () => {
  const client = await Client.with(second, shop.token);
  await client.follow('changes');
  const delays: number[] = [];
  for (let index = 0; index < 5; ++index) {
    client.messages.length = 0;
    await shop.create('/v1/products', { name: `Unga ${randomUUID()}` });
    const before = Date.now();
    const poke = await client.heard('poke');
    delays.push(Date.now() - before);
    expect(poke).toMatchObject({ topic: 'changes', seq: expect.any(Number), n: expect.any(Number) });
  }
  expect(Math.min(...delays)).toBeLessThan(1_000);
});

test('messages of a topic have numbers that follow each other', async () => {
  const client = await Client.with(first, shop.token);
  const { topics } = await client.follow('changes');
  const pokes = () => client.messages.filter(({ t }) => t === 'poke');
  for (let index = 0; index < 5; ++index) {
    await shop.create('/v1/products', { name: `Product ${randomUUID()}` });
    await until(async () => pokes().length > index); // changes that are quick together have one
  }
  const numbers = pokes().map(({ n }) => n);
  expect(numbers).toEqual(numbers.map((_, index) => topics.changes + 1 + index));
});

test('a position that this feed never had leads to a resync', async () => {
  for (const since of ['c_nonsense', '', 'null']) {
    const client = await Client.with(first, shop.token);
    client.say({ t: 'sub', topics: ['changes'], since });
    await client.heard('resync');
  }
});

// Whatever a stranger subscribes to, nothing of the shop comes.
test("no message reaches another tenant's socket", async () => {
  const { tenantId } = shop;
  const names = [
    'changes',
    `private-t.${tenantId}.changes`,
    `t.${tenantId}.changes`,
    `${tenantId}.changes`,
    `../${tenantId}`,
    `changes%00`,
    `dashboard.${shop.location.id}`,
    `notifications`,
    '*',
    '#',
    '',
    `changes\u0001`,
    'CHANGES',
  ];
  const own = await Client.with(second, stranger.token);
  own.say({ t: 'sub', topics: names });
  await own.heard('subscribed');
  // One that holds a NUL makes the whole message unreadable.
  own.say({ t: 'sub', topics: ['changes', 'changes\u0000'] });
  await own.heard('error', ({ code }) => code === 'realtime.bad_message');
  const raw = new WebSocket(`ws://127.0.0.1:${first.port}/app/${app.key}?protocol=7`);
  open.push({ close: () => raw.terminate() });
  const frames: any[] = [];
  raw.on('message', (data) => frames.push(JSON.parse(String(data))));
  const socketId = await until(async () => frames[0] && JSON.parse(frames[0].data).socket_id);
  const channel = `private-t.${tenantId}.changes`;
  const signed = await stranger.api('POST', '/v1/realtime/auth', {
    body: { socket_id: socketId, channel_name: channel },
  });
  expect(signed.status).toBe(403);
  const mine = await ok(
    stranger.api('POST', '/v1/realtime/auth', {
      body: { socket_id: socketId, channel_name: `private-t.${stranger.tenantId}.changes` },
    }),
    200,
  );
  const bare = mine.auth.split(':').slice(0, 2).join(':');
  for (const auth of [mine.auth, bare, '', `${app.key}:00`])
    for (const name of [
      channel,
      channel.toUpperCase(),
      `private-cache-t.${tenantId}.changes`,
      `presence-t.${tenantId}.changes`,
    ])
      raw.send(JSON.stringify({ event: 'pusher:subscribe', data: { auth, channel: name } }));
  const of = (wanted: string) => frames.filter(({ event }) => event === wanted);
  // Names have capital letters of their own: the second one is a public channel that is nobody's, and is followed once.
  await until(async () => of('pusher:subscription_error').length === 12);
  expect(of('pusher_internal:subscription_succeeded')).toMatchObject([{ channel: channel.toUpperCase() }]);
  const watcher = await Client.with(second, shop.token);
  await watcher.follow('changes');
  await shop.create('/v1/products', { name: `Secret ${randomUUID()}` });
  const told = await watcher.heard('poke');
  // Their own feed is looked at every few seconds: where it is may be said, and nothing else.
  const [place] = await database.query<{ change_seq: string }>(
    `select change_seq from tenant_counters where tenant_id = '${stranger.tenantId}'`,
  );
  expect(told.seq).toBeGreaterThan(Number(place!.change_seq));
  for (const { seq, changed, d } of own.messages) {
    expect(seq ?? 0).toBeLessThanOrEqual(Number(place!.change_seq));
    expect([changed ?? [], d ?? {}]).toEqual([[], {}]);
  }
  expect(frames.filter(({ event }) => !String(event).startsWith('pusher'))).toEqual([]);
});

test('a socket ends within seconds of its session, and no other does', async () => {
  const session = await ok(
    first.api('POST', '/v1/auth/login', { body: { email: shop.email, password: 'correct horse battery staple' } }),
    200,
  );
  const [gone, stays] = await Promise.all([Client.with(second, session.accessToken), Client.with(second, shop.token)]);
  await Promise.all([gone.heard('ready'), stays.heard('ready')]);
  await first.api('POST', '/v1/auth/logout', { token: session.accessToken, body: {} });
  const before = Date.now();
  await until(async () => gone.closed === 4401);
  expect(Date.now() - before).toBeLessThan(20_000);
  expect(stays.closed).toBeUndefined();
  await expect(Client.with(first, session.accessToken)).rejects.toThrow(/401/);
});

test('a client that sends too much is closed', async () => {
  const client = await Client.with(first, shop.token);
  for (let index = 0; index < 500; ++index) client.say({ t: 'ping' });
  await until(async () => client.closed === 4429);
  const large = await Client.with(first, shop.token);
  large.socket.send('x'.repeat(70_000));
  await until(async () => large.closed === 1009);
});

// ---- Pusher ------------------------------------------------------------------------------------------------------

function pusher(service: Service, who: Shop = shop, options: Record<string, unknown> = {}): PusherClient {
  const client = new PusherClient(app.key, {
    cluster: 'any',
    wsHost: '127.0.0.1',
    wsPort: service.port,
    forceTLS: false,
    enabledTransports: ['ws'],
    disableStats: true,
    authEndpoint: `${service.url}/v1/realtime/auth`,
    auth: { headers: { authorization: `Bearer ${who.token}` } },
    ...options,
  } as any);
  open.push({ close: () => client.disconnect() });
  return client;
}
const server = (service: Service): PusherServer =>
  new PusherServer({ ...app, host: '127.0.0.1', port: String(service.port), useTLS: false });
const subscribed = (channel: any): Promise<unknown> =>
  new Promise((resolve, reject) => {
    channel.bind('pusher:subscription_succeeded', resolve);
    channel.bind('pusher:subscription_error', reject);
  });
// By the app's own server, for channels that are no tenant's.
const authorizer = (userId: string) => ({
  channelAuthorization: {
    customHandler: ({ socketId, channelName }: any, done: any) =>
      done(
        null,
        server(first).authorizeChannel(socketId, channelName, { user_id: userId, user_info: { name: userId } }),
      ),
  },
  userAuthentication: {
    customHandler: ({ socketId }: any, done: any) =>
      done(null, server(first).authenticateUser(socketId, { id: userId })),
  },
});

test('pusher-js and the server SDK: public channels, batches, who is not to hear it', async () => {
  const [here, there] = [pusher(first), pusher(second)];
  const heard: [string, unknown][] = [];
  for (const [name, client] of [
    ['here', here],
    ['there', there],
  ] as const) {
    const channel = client.subscribe('news');
    channel.bind('hello', (data: unknown) => heard.push([name, data]));
    await subscribed(channel);
  }
  await server(first).trigger('news', 'hello', { at: 1 });
  await until(async () => heard.length === 2);
  await server(second).triggerBatch([{ channel: 'news', name: 'hello', data: { at: 2 } }]);
  await until(async () => heard.length === 4);
  await server(first).trigger('news', 'hello', { at: 3 }, { socket_id: here.connection.socket_id });
  await until(async () => heard.some(([name, data]: any) => name === 'there' && data.at === 3));
  expect(heard.filter(([, data]: any) => data.at === 3)).toHaveLength(1);
  const longest = 'x'.repeat(10_240);
  await server(first).trigger('news', 'hello', longest);
  for (const at of ['here', 'there'])
    await until(async () => heard.some(([name, data]) => name === at && data === longest));
  await expect(server(first).trigger('news', 'hello', 'x'.repeat(10_241))).rejects.toMatchObject({ status: 413 });
  const wrong = new PusherServer({ ...app, secret: 'another', host: '127.0.0.1', port: String(first.port) });
  await expect(wrong.trigger('news', 'hello', {})).rejects.toMatchObject({ status: 401 });
});

test("pusher-js follows a topic of its caller's tenant", async () => {
  const channel = pusher(second).subscribe(`private-t.${shop.tenantId}.changes`);
  const poked = new Promise<any>((resolve) => channel.bind('poke', resolve));
  await subscribed(channel);
  await shop.create('/v1/products', { name: `Product ${randomUUID()}` });
  expect((await poked).seq).toEqual(expect.any(Number));
  const denied = pusher(first, stranger).subscribe(`private-t.${shop.tenantId}.changes`);
  await expect(subscribed(denied)).rejects.toMatchObject({ status: 403 });
});

test('presence: one coming and one going, however many tabs, over two instances', async () => {
  const watcher: any = pusher(first, shop, authorizer('watcher')).subscribe('presence-room');
  const events: string[] = [];
  watcher.bind('pusher:member_added', ({ id }: any) => events.push(`+${id}`));
  watcher.bind('pusher:member_removed', ({ id }: any) => events.push(`-${id}`));
  await subscribed(watcher);
  const tabs = [first, second, second].map((service) => pusher(service, shop, authorizer('asha')));
  for (const tab of tabs) await subscribed(tab.subscribe('presence-room'));
  await until(async () => events.length > 0);
  const reply = await server(second).get({ path: '/channels/presence-room/users' });
  expect(((await reply.json()) as any).users.map(({ id }: any) => id).sort()).toEqual(['asha', 'watcher']);
  for (const tab of tabs) tab.disconnect();
  await until(async () => events.includes('-asha'));
  expect(events).toEqual(['+asha', '-asha']);
});

test('client events, the cache, sign-in, counts', async () => {
  const [a, b] = [pusher(first, shop, authorizer('a')), pusher(second, shop, authorizer('b'))];
  const [one, other]: any[] = [a.subscribe('private-chat'), b.subscribe('private-chat')];
  await Promise.all([subscribed(one), subscribed(other)]);
  const said = new Promise((resolve) => other.bind('client-typing', resolve));
  one.trigger('client-typing', { who: 'a' });
  expect(await said).toEqual({ who: 'a' });
  const miss = a.subscribe('cache-prices');
  await new Promise((resolve) => miss.bind('pusher:cache_miss', resolve));
  await server(first).trigger('cache-prices', 'price', { now: 5 });
  const late = b.subscribe('cache-prices');
  expect(await new Promise((resolve) => late.bind('price', resolve))).toEqual({ now: 5 });
  const { cache } = (await (
    await server(first).get({ path: '/channels/cache-prices', params: { info: 'cache' } })
  ).json()) as any;
  expect(JSON.parse(cache.data)).toEqual({ now: 5 });
  expect(cache.ttl).toBeGreaterThan(1_700);
  a.signin();
  const toUser = new Promise((resolve) => a.user.bind('note', resolve));
  await until(async () => (a as any).user.user_data?.id === 'a');
  await until(async () => {
    await server(second).sendToUser('a', 'note', { n: 1 });
    return true;
  });
  expect(await toUser).toEqual({ n: 1 });
  await until(async () => {
    const reply = await server(first).get({ path: '/channels', params: { info: 'subscription_count' } });
    return ((await reply.json()) as any).channels['private-chat']?.subscription_count === 2;
  });
});

test('laravel-echo', async () => {
  const echo = new Echo({ broadcaster: 'pusher', client: pusher(first) } as any);
  const heard = new Promise((resolve) => (echo as any).private(`t.${shop.tenantId}.changes`).listen('.poke', resolve));
  await until(async () => {
    await shop.create('/v1/products', { name: `Product ${randomUUID()}` });
    return Promise.race([heard.then(() => true), new Promise((resolve) => setTimeout(() => resolve(false), 200))]);
  });
});

// ---- Redis -------------------------------------------------------------------------------------------------------

test('a subscriber that Redis has cut is back in two seconds, and those who follow are told to pull', async () => {
  const client = await Client.with(second, shop.token);
  await client.follow('changes');
  const admin = new Redis(redis.url);
  await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
  admin.disconnect();
  await client.heard('resync');
  client.messages.length = 0;
  await shop.create('/v1/products', { name: `Product ${randomUUID()}` });
  await client.heard('poke');
});

test('while Redis hangs there is no ticket, which is said as what it is', async () => {
  process.kill(redis.pid, 'SIGSTOP');
  const reply = await shop.api('POST', '/v1/auth/ws-ticket', {}).finally(() => process.kill(redis.pid, 'SIGCONT'));
  expect([reply.status, reply.body.retriable, reply.body.code]).toEqual([503, true, 'redis.timeout']);
  await until(async () => (await shop.api('POST', '/v1/auth/ws-ticket', {})).status === 200);
});
