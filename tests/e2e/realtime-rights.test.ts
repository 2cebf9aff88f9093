// What is open is judged by the rights of now, in both dialects and on streams: a location that is lost, a tenant that has to pay, a second
// factor that is asked for, a session that has ended; who speaks on a tenant's topics; and what a poke tells to whom.
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import PusherServer from 'pusher';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type Daraja, start as startDaraja } from '../simulators/daraja.mjs';
import { type Service, startService } from './support/service.js';
import { mpesaCredentials, ok, openShop, password, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const app = { appId: '7', key: randomBytes(10).toString('hex'), secret: randomBytes(20).toString('hex') };
const credentials = mpesaCredentials();

let daraja: Daraja;
let service: Service;
let shop: Shop;
let branch: string;

beforeAll(async () => {
  daraja = await startDaraja({ port: 0, speed: 20, queryLimit: 1_000 });
  service = await startService({
    env: {
      ACCESS_TOKEN_SECONDS: '3600',
      JOB_QUEUES: 'all',
      MPESA_BASE_URL: daraja.url,
      REALTIME_APP_ID: app.appId,
      REALTIME_APP_KEY: app.key,
      REALTIME_APP_SECRET: app.secret,
      REALTIME_CLIENT_EVENTS: 'true',
    },
  });
  shop = await openShop(service);
  branch = (await shop.create('/v1/locations', { code: 'NRB2', name: 'Second' })).id;
  await shop.create('/v1/payment-accounts', { provider: 'mpesa', name: 'Paybill', credentials });
});
afterAll(async () => {
  await service?.stop();
  await daraja?.close();
});

const open: { end(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.end();
});

class Listener {
  readonly heard: any[] = [];
  closed: number | undefined;
  socketId = '';
  constructor(readonly socket: WebSocket) {
    open.push({ end: () => socket.terminate() });
    socket.on('message', (text) => this.heard.push(JSON.parse(String(text))));
    socket.on('close', (code) => (this.closed = code));
    socket.on('error', () => {});
  }
  static async own(token: string, ...topics: string[]): Promise<Listener> {
    const headers = { authorization: `Bearer ${token}` };
    const listener = new Listener(new WebSocket(`ws://127.0.0.1:${service.port}/v1/ws`, { headers }));
    await once(listener.socket, 'open');
    listener.say({ t: 'sub', topics });
    await listener.next(({ t }) => t === 'subscribed');
    return listener;
  }
  static async pusher(): Promise<Listener> {
    const listener = new Listener(new WebSocket(`ws://127.0.0.1:${service.port}/app/${app.key}?protocol=7`));
    const { data } = await listener.next(({ event }) => event === 'pusher:connection_established');
    listener.socketId = JSON.parse(data).socket_id;
    return listener;
  }
  static async follows(token: string, channel: string): Promise<Listener> {
    const listener = await Listener.pusher();
    listener.subscribe(channel, (await listener.authorised(token, channel)).auth);
    await listener.next(({ event }) => event === 'pusher_internal:subscription_succeeded');
    return listener;
  }
  authorised(token: string, channel_name: string): Promise<any> {
    const body = { socket_id: this.socketId, channel_name };
    return ok(service.api('POST', '/v1/realtime/auth', { token, body }), 200);
  }
  subscribe(channel: string, auth?: string): void {
    this.say({ event: 'pusher:subscribe', data: { channel, auth } });
  }
  say(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }
  next(wanted: (one: any) => boolean, timeoutMs?: number): Promise<any> {
    return until(async () => this.heard.find(wanted), timeoutMs);
  }
  // All that was sent to it until now is there.
  async settled(): Promise<void> {
    const isOwn = this.socketId === '';
    const pongs = (): number =>
      this.heard.filter(({ t, event }) => (isOwn ? t === 'pong' : event === 'pusher:pong')).length;
    const before = pongs();
    this.say(isOwn ? { t: 'ping' } : { event: 'pusher:ping', data: {} });
    await until(async () => pongs() > before);
  }
}

interface Member {
  id: string;
  etag: string;
  token: string;
}
const roleOf = async (who: Shop, name: string, locationId?: string): Promise<any> => {
  const roles: any[] = (await ok(who.api('GET', '/v1/roles'), 200)).data;
  return { roleId: roles.find(({ builtIn }) => builtIn === name).id, ...(locationId && { locationId }) };
};
const hire = async (who: Shop, ...roles: any[]): Promise<Member> => {
  const email = `juma-${randomUUID()}@duka.example`;
  const created = await who.api('POST', '/v1/users', {
    body: { name: 'Juma', email, password, roles },
    headers: { 'idempotency-key': randomUUID() },
  });
  expect(created.status, created.text).toBe(201);
  const { accessToken } = await ok(service.api('POST', '/v1/auth/login', { body: { email, password } }), 200);
  return { id: created.body.id, etag: created.headers.get('etag')!, token: accessToken };
};
// Stays pending for some seconds.
const startPayment = (token: string, phone: string): Promise<any> =>
  ok(
    service.api('POST', '/v1/payment-intents', {
      token,
      body: {
        clientRequestId: randomUUID(),
        provider: 'mpesa',
        purpose: 'sale',
        subjectId: randomUUID(),
        amount: 15_000,
        phone,
        locationId: shop.location.id,
      },
    }),
    202,
  );
const channelOf = (topic: string, who = shop): string => `private-t.${who.tenantId}.${topic}`;

test('who loses a location hears no more of its payments, in either dialect', async () => {
  const both = await Promise.all([roleOf(shop, 'manager', shop.location.id), roleOf(shop, 'manager', branch)]);
  const member = await hire(shop, ...both);
  const topic = `intent.${(await startPayment(shop.token, '0700000003')).id}`;
  const own = await Listener.own(member.token, topic);
  const theirs = await Listener.follows(member.token, channelOf(topic));
  const changed = await shop.api('PATCH', `/v1/users/${member.id}`, {
    body: { roles: [both[1]] },
    headers: { 'if-match': member.etag },
  });
  expect(changed.status, changed.text).toBe(200);
  const told = await own.next(({ t }) => t === 'unsubscribed');
  expect(told).toMatchObject({ topics: [topic], code: 'auth.forbidden' });
  const refused = await theirs.next(({ event }) => event === 'pusher:subscription_error');
  expect(refused).toMatchObject({ channel: channelOf(topic), data: { status: 403 } });
  expect([own.closed, theirs.closed]).toEqual([undefined, undefined]);
});

test('who has a role at a location that ends hears no more of it', async () => {
  const location = await shop.api('POST', '/v1/locations', {
    body: { code: 'NRB3', name: 'Third' },
    headers: { 'idempotency-key': randomUUID() },
  });
  expect(location.status, location.text).toBe(201);
  const member = await hire(shop, await roleOf(shop, 'manager', location.body.id));
  const topic = `dashboard.${location.body.id}`;
  const own = await Listener.own(member.token, topic, 'notifications');
  const ended = await shop.api('DELETE', `/v1/locations/${location.body.id}`, {
    headers: { 'if-match': location.headers.get('etag')! },
  });
  expect(ended.status, ended.text).toBe(204);
  const told = await own.next(({ t }) => t === 'unsubscribed');
  expect(told).toMatchObject({ topics: [topic], code: 'auth.forbidden' });
  expect(own.closed).toBeUndefined();
});

test("no client speaks on a tenant's topics, however they are spelt", async () => {
  const cashiers = await roleOf(shop, 'cashier', shop.location.id);
  const [till, liar] = [await hire(shop, cashiers), await hire(shop, cashiers)];
  const intent = await startPayment(till.token, '0700000103');
  const topic = `intent.${intent.id}`;
  const own = await Listener.own(till.token, topic, 'changes');
  const server = new PusherServer({ ...app, host: '127.0.0.1', port: String(service.port), useTLS: false });
  for (const prefix of ['private-t.', 'private-cache-t.', 'presence-t.', 'presence-cache-t.']) {
    const channel = `${prefix}${shop.tenantId}.${topic}`;
    const pusher = await Listener.pusher();
    const { auth, channel_data } = await pusher.authorised(liar.token, channel);
    pusher.say({ event: 'pusher:subscribe', data: { channel, auth, ...(channel_data && { channel_data }) } });
    await pusher.next(({ event }) => event === 'pusher_internal:subscription_succeeded');
    const data = { id: intent.id, state: 'succeeded', receiptCode: 'SJK4H7L9QZ', version: 9 };
    pusher.say({ event: 'client-changed', channel, data });
    const { data: error } = await pusher.next(({ event }) => event === 'pusher:error');
    expect(error.code, prefix).toBe(4301);
    await expect(server.trigger(channel, 'client-changed', data), prefix).rejects.toMatchObject({ status: 400 });
  }
  await own.settled();
  expect(own.heard.filter(({ event }) => String(event).startsWith('client-'))).toEqual([]);
  expect(own.heard.filter(({ d }) => d?.receiptCode === 'SJK4H7L9QZ')).toEqual([]);
});

test("a poke goes to those who may know what has changed, and numbers stay each reader's own", async () => {
  const there = await hire(shop, await roleOf(shop, 'cashier', branch));
  const own = await Listener.own(there.token, 'changes');
  const theirs = await Listener.follows(there.token, channelOf('changes'));
  const owners = await Listener.own(shop.token, 'changes');
  const addDevice = (name: string, locationId: string) => shop.create('/v1/devices', { name, locationId });
  const pokes = (listener: Listener): any[] =>
    listener.heard
      .filter(({ t, event }) => t === 'poke' || event === 'poke')
      .map((one) => ({ n: one.n, ...(one.event ? JSON.parse(one.data) : one) }));
  const isToldOf = (listener: Listener, place: string) => (): Promise<boolean> =>
    Promise.resolve(pokes(listener).some(({ changed }) => changed?.some((one: any) => one.locationId === place)));
  // What lies before is about anything, to everybody.
  await shop.create('/v1/categories', { name: randomUUID() });
  for (const listener of [own, theirs, owners]) await until(async () => pokes(listener).length > 0);
  await addDevice('Till at the first', shop.location.id);
  await until(isToldOf(owners, shop.location.id));
  await ok(shop.sell(saleFor(shop)), 201);
  await addDevice('Till at the second', branch);
  const seen = await Promise.all([own, theirs].map((one) => until(async () => pokes(one).find(mentionsBranch))));
  expect(seen).toHaveLength(2);
  for (const listener of [own, theirs]) expect(await isToldOf(listener, shop.location.id)()).toBe(false);
  for (const listener of [own, owners]) {
    const numbers = pokes(listener).map(({ n }) => n);
    expect(numbers).toEqual(numbers.map((_, index) => numbers[0] + index));
  }
});
const mentionsBranch = ({ changed }: any): boolean => changed?.some(({ locationId }: any) => locationId === branch);

test('a poke of notifications goes to the member whose they are', async () => {
  const member = await hire(shop, await roleOf(shop, 'manager'));
  const [own, owners] = [
    await Listener.own(member.token, 'notifications'),
    await Listener.own(shop.token, 'notifications'),
  ];
  const pokes = (listener: Listener): number => listener.heard.filter(({ t }) => t === 'poke').length;
  // The first is about anything, to everybody.
  await shop.create('/v1/categories', { name: randomUUID() });
  for (const listener of [own, owners]) await until(async () => pokes(listener) > 0);
  const [before, ofOwner] = [pokes(own), pokes(owners)];
  await ok(shop.api('POST', '/v1/notifications/read'), 204);
  await until(async () => pokes(owners) > ofOwner);
  await own.settled();
  expect(pokes(own)).toBe(before);
});

test('a grant of a session that has ended opens nothing', async () => {
  const member = await hire(shop, await roleOf(shop, 'manager'));
  const pusher = await Listener.pusher();
  const channel = channelOf(`dashboard.${shop.location.id}`);
  const { auth } = await pusher.authorised(member.token, channel);
  await ok(service.api('POST', '/v1/auth/logout', { token: member.token, body: {} }), 204);
  pusher.subscribe(channel, auth);
  const refused = await pusher.next(({ event }) => event === 'pusher:subscription_error');
  expect(refused).toMatchObject({ channel, data: { status: 401 } });
  expect(pusher.heard.filter(({ event }) => event === 'pusher_internal:subscription_succeeded')).toEqual([]);
});

test('whatever the app publishes, our dialect is JSON', async () => {
  const own = await Listener.own(shop.token, 'notifications');
  const bad: string[] = [];
  own.socket.on('message', (text) => {
    try {
      JSON.parse(String(text));
    } catch {
      bad.push(String(text));
    }
  });
  const server = new PusherServer({ ...app, host: '127.0.0.1', port: String(service.port), useTLS: false });
  for (const [name, data] of [
    ['note', 'just text'],
    ['poke', '{"seq":1'],
    ['poke', '{ }'],
    ['note', '1,"t":"poke"'],
    ['last', '{"a":1}'],
  ] as const)
    await server.trigger(channelOf('notifications'), name, data as any);
  await own.next(({ event }) => event === 'last');
  expect(bad).toEqual([]);
  for (const id of ['', `\n${'x'.repeat(30)}`, 'x'.repeat(129), 'a/b']) {
    const body = { name: 'hello', channel: `#server-to-user-${id}`, data: '{}' };
    await expect(server.post({ path: '/events', body: body as any }), id).rejects.toMatchObject({ status: 400 });
  }
});

interface Stream {
  readonly events: string[];
  isOver: boolean;
}
const stream = async (token: string, query: string): Promise<Stream> => {
  const controller = new AbortController();
  open.push({ end: () => controller.abort() });
  const reply = await fetch(`${service.url}/v1/events?${query}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: controller.signal,
  });
  expect(reply.status).toBe(200);
  const found: Stream = { events: [], isOver: false };
  void (async () => {
    for await (const bytes of reply.body as unknown as AsyncIterable<Uint8Array>)
      found.events.push(Buffer.from(bytes).toString());
  })()
    .catch(() => {})
    .finally(() => (found.isOver = true));
  return found;
};

describe.each([
  [
    'a tenant that has to pay',
    402,
    'subscription.suspended',
    (id: string) => `update tenants set status = 'suspended' where id = '${id}'`,
  ],
  [
    'a second factor that is asked for',
    403,
    'auth.second_factor_needed',
    (id: string) => `insert into second_factor_rules (tenant_id, id) values ('${id}', gen_random_uuid())`,
  ],
])('%s', (_, status, code, sql) => {
  test('ends what is open, and opens nothing', async () => {
    const own = await openShop(service, { variants: 0, devices: 0 });
    const member = await hire(own, await roleOf(own, 'manager'));
    const topic = `dashboard.${own.location.id}`;
    const socket = await Listener.own(member.token, topic, 'changes');
    const pusher = await Listener.follows(member.token, channelOf(topic, own));
    const streamed = await stream(member.token, `topics=changes,${topic}`);
    const begin = await fetch(`${service.url}/v1/sync/snapshot?collections=products`, {
      headers: { authorization: `Bearer ${member.token}` },
    });
    const { cursor } = JSON.parse((await begin.text()).split('\n')[0]!);
    const since = `/v1/sync/changes?since=${cursor}&collections=products`;
    const waiting = service.api('GET', `${since}&live=15`, { token: member.token });
    await service.database.query(sql(own.tenantId));
    const told = await until(async () => {
      const gone = socket.heard.filter(({ t }) => t === 'unsubscribed');
      return gone.flatMap(({ topics }) => topics).length === 2 && gone;
    });
    for (const one of told) expect(one.code).toBe(code);
    await pusher.next(({ event, data }) => event === 'pusher:subscription_error' && data.status === status);
    await until(async () => streamed.isOver);
    const waited = await waiting;
    expect([waited.status, waited.body.code]).toEqual([status, code]);
    // By now no cache holds anything else.
    for (const path of ['/v1/dashboard', `/v1/events?topics=${topic}`, '/v1/events', since]) {
      const reply = await service.api('GET', path, { token: member.token });
      expect([reply.status, reply.body.code], path).toEqual([status, code]);
    }
    socket.say({ t: 'sub', topics: [topic] });
    expect((await socket.next(({ t }) => t === 'error')).code).toBe(code);
    const channel = channelOf(topic, own);
    const body = { socket_id: (await Listener.pusher()).socketId, channel_name: channel };
    const asked = await service.api('POST', '/v1/realtime/auth', { token: member.token, body });
    expect([asked.status, asked.body.code]).toEqual([status, code]);
  });
});

test('a request that waits hears that its rights have shrunk', async () => {
  const member = await hire(shop, await roleOf(shop, 'manager'));
  const begin = await fetch(`${service.url}/v1/sync/snapshot?collections=products`, {
    headers: { authorization: `Bearer ${member.token}` },
  });
  const { cursor } = JSON.parse((await begin.text()).split('\n')[0]!);
  const waiting = service.api('GET', `/v1/sync/changes?since=${cursor}&collections=products&live=8`, {
    token: member.token,
  });
  const changed = await shop.api('PATCH', `/v1/users/${member.id}`, {
    body: { roles: [await roleOf(shop, 'cashier', branch)] },
    headers: { 'if-match': member.etag },
  });
  expect(changed.status, changed.text).toBe(200);
  const { status, body } = await waiting;
  expect([status, body.reason]).toEqual([410, 'scope_changed']);
});

test('a logout in many tabs holds nobody off', async () => {
  const member = await hire(shop, await roleOf(shop, 'manager'));
  const tabs: Listener[] = [];
  for (let index = 0; index < 4; ++index) tabs.push(await Listener.follows(member.token, channelOf('changes')));
  await ok(service.api('POST', '/v1/auth/logout', { token: member.token, body: {} }), 204);
  await until(async () => tabs.every(({ closed }) => closed === 4100));
  await Listener.own(shop.token, 'changes');
  await Listener.follows(shop.token, channelOf('changes'));
});

test('a client may repeat all that it follows at once, and is told what is too much', async () => {
  const pusher = await Listener.pusher();
  for (let index = 0; index < 130; ++index) pusher.subscribe(`news-${index}`);
  await until(async () => pusher.heard.filter(({ event }) => event === 'pusher:subscription_error').length === 30);
  pusher.subscribe(`x${'y'.repeat(300)}`);
  await until(
    async () => pusher.heard.filter(({ data }) => data?.status === 400 || data?.status === 429).length === 31,
  );
  expect(pusher.closed).toBeUndefined();
});

test('a location that there is not has no dashboard', async () => {
  const topic = `dashboard.${randomUUID()}`;
  const own = await Listener.own(shop.token, topic);
  expect(await own.next(({ t }) => t === 'error')).toMatchObject({ code: 'auth.forbidden', topic });
  const streamed = await shop.api('GET', `/v1/events?topics=${topic}`);
  expect([streamed.status, streamed.body.code]).toEqual([404, 'row.not_found']);
});

describe('who signs in', () => {
  const server = new PusherServer({ ...app, host: '127.0.0.1' });
  const signIn = async (id: string, watchlist: string[] = []): Promise<Listener> => {
    const pusher = await Listener.pusher();
    const data = server.authenticateUser(pusher.socketId, { id, watchlist } as any);
    pusher.say({ event: 'pusher:signin', data });
    return pusher;
  };

  test('has an id of up to 128 characters that can stand in a path', async () => {
    for (const id of ['asha', 'ü'.repeat(128), 'a:b|c@d'])
      await (await signIn(id)).next(({ event }) => event === 'pusher:signin_success');
    for (const id of ['a/b', 'a%2Fb', 'a?b', 'a\nb', 'ü'.repeat(129)]) {
      const pusher = await signIn(id);
      await until(async () => pusher.closed === 4009);
    }
  });

  test('and names somebody twice in a watchlist hears of them once', async () => {
    const name = `bob-${randomUUID()}`;
    const watcher = await signIn(`w-${randomUUID()}`, [name, name, name]);
    await watcher.next(({ event }) => event === 'pusher:signin_success');
    await (await signIn(name)).next(({ event }) => event === 'pusher:signin_success');
    const told = (): any[] => watcher.heard.filter(({ event }) => event === 'pusher_internal:watchlist_events');
    await until(async () =>
      told().some(({ data }) => JSON.parse(data.events ? JSON.stringify(data) : data).events[0].name === 'online'),
    );
    await watcher.settled();
    expect(told()).toHaveLength(2);
  });
});
