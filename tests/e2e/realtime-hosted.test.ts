// Hosted services: what leaves to Pusher and to Ably, what their own packages make of what we sign, and the webhooks of our own Pusher app. The
// services are simulators that check each signature (support/hosted.ts); in one test Pusher is another instance of ours.
import { randomBytes, randomUUID } from 'node:crypto';
import Ably from 'ably';
import { jwtVerify } from 'jose';
import PusherServer from 'pusher';
import { PusherClient } from './support/pusher-client.js';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { HostedServices } from './support/hosted.js';
import { type Service, startService } from './support/service.js';
import { openShop, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const app = { appId: '1234', key: randomBytes(10).toString('hex'), secret: randomBytes(20).toString('hex') };
const ablyKey = `app1.key1:${randomBytes(16).toString('hex')}`;

let hosted: HostedServices;
let service: Service;
let shop: Shop;
let stranger: Shop;

beforeAll(async () => {
  hosted = await HostedServices.start({ ...app, ably: ablyKey });
  service = await startService({
    env: {
      JOB_QUEUES: 'all',
      ACCESS_TOKEN_SECONDS: '3600',
      PUSHER_APP_ID: app.appId,
      PUSHER_APP_KEY: app.key,
      PUSHER_APP_SECRET: app.secret,
      PUSHER_BASE_URL: hosted.url,
      ABLY_KEY: ablyKey,
      ABLY_BASE_URL: hosted.url,
    },
  });
  shop = await openShop(service);
  stranger = await openShop(service, { variants: 0, devices: 0 });
});
afterAll(async () => {
  await service?.stop();
  await hosted?.stop();
});

const open: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const channelOf = (who: Shop, topic: string): string => `private-t.${who.tenantId}.${topic}`;
const addProduct = (who: Shop): Promise<unknown> => who.create('/v1/products', { name: `Unga ${randomUUID()}` });
const seqOf = ({ data }: { data: string }): number => JSON.parse(data).seq;

// The newest number of the feed.
async function seqNow(who: Shop): Promise<number> {
  const [row] = await service.database.query<{ change_seq: string }>(
    `select change_seq from tenant_counters where tenant_id = '${who.tenantId}'`,
  );
  return Number(row!.change_seq);
}

test('what was committed is told at both, and holds where to look, not what is there', async () => {
  await addProduct(shop);
  const seq = await seqNow(shop);
  for (const name of ['pusher', 'ably'] as const) {
    const changes = await until(async () => {
      const told = hosted.told(name, channelOf(shop, 'changes'));
      return told.some((one) => seqOf(one) >= seq) && told;
    });
    for (const one of changes)
      expect({ ...one, id: undefined }).toEqual({
        channel: channelOf(shop, 'changes'),
        name: 'poke',
        data: `{"seq":${seqOf(one)}}`,
        id: undefined,
      });
  }
  await shop.sell(saleFor(shop, { lines: [{ variant: shop.variants[0]!, quantity: '1' }] }));
  const dashboard = channelOf(shop, `dashboard.${shop.location.id}`);
  for (const name of ['pusher', 'ably'] as const) {
    await until(async () => hosted.told(name, dashboard).length > 0);
    expect(hosted.told(name, dashboard)[0]).toMatchObject({ name: 'changed', data: '{}' });
    for (const { channel, data } of hosted.told(name)) {
      expect(channel).toMatch(/^private-t\.[0-9a-f-]{36}\.(changes|notifications|dashboard\.[0-9a-f-]{36})$/);
      expect(data).toMatch(/^(\{\}|\{"seq":\d+\})$/);
    }
  }
  expect(hosted.faults).toEqual([]);
});

test('many changes at once are few messages, and the last one is behind the last change', async () => {
  hosted.delayMs = 1_000;
  open.push(() => void (hosted.delayMs = 0));
  const before = hosted.told('pusher', channelOf(shop, 'changes')).length;
  await Promise.all(Array.from({ length: 60 }, () => addProduct(shop)));
  const seq = await seqNow(shop);
  const told = await until(async () => {
    const all = hosted.told('pusher', channelOf(shop, 'changes')).slice(before);
    return all.some((one) => seqOf(one) >= seq) && all;
  });
  expect(told.length).toBeLessThan(60);
});

test('a service that is busy is told later, and nothing is lost', async () => {
  hosted.next('pusher', 429, 500, 503);
  hosted.nextReply('ably', 429, { error: { code: 42_910, statusCode: 429 } });
  await addProduct(shop);
  const seq = await seqNow(shop);
  for (const name of ['pusher', 'ably'] as const)
    await until(async () => hosted.told(name, channelOf(shop, 'changes')).some((one) => seqOf(one) >= seq), 120_000);
});

test('what we sign for Pusher is what its own package signs', async () => {
  const vendor = new PusherServer({ ...app, host: 'localhost' });
  for (const topic of ['changes', 'notifications', `dashboard.${shop.location.id}`]) {
    const body = { socket_id: '123.456', channel_name: channelOf(shop, topic) };
    const reply = await shop.api('POST', '/v1/realtime/pusher/auth', { body });
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual(vendor.authorizeChannel('123.456', channelOf(shop, topic)));
  }
  const refused: [string, number][] = [
    [channelOf(stranger, 'changes'), 403],
    [channelOf(shop, 'dashboard.0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01x'), 403],
    [channelOf(shop, 'everything'), 403],
    [channelOf(shop, 'CHANGES'), 403],
    ['private-t.x', 400],
    ['private-room', 403],
    ['news', 403],
  ];
  for (const [channel_name, status] of refused) {
    const reply = await shop.api('POST', '/v1/realtime/pusher/auth', { body: { socket_id: '1.2', channel_name } });
    expect([channel_name, reply.status]).toEqual([channel_name, status]);
  }
  const body = { socket_id: '1.2:x', channel_name: channelOf(shop, 'changes') };
  expect((await shop.api('POST', '/v1/realtime/pusher/auth', { body })).status).toBe(400);
});

test('the ably package takes our token, which is good for what was asked and may be followed', async () => {
  const rest = new Ably.Rest({
    authUrl: `${service.url}/v1/realtime/ably/auth`,
    authMethod: 'POST',
    authHeaders: { authorization: `Bearer ${shop.token}` },
    authParams: { topics: `changes,dashboard.${shop.location.id}` },
  });
  const details = await rest.auth.requestToken();
  expect(details).toMatchObject({ clientId: shop.userId, token: expect.any(String) });
  expect(details.expires - Date.now()).toBeGreaterThan(800_000);
  const [keyName, secret] = ablyKey.split(':') as [string, string];
  const { payload, protectedHeader } = await jwtVerify(details.token, Buffer.from(secret));
  expect(protectedHeader).toMatchObject({ alg: 'HS256', kid: keyName });
  expect(payload['x-ably-clientId']).toBe(shop.userId);
  expect(JSON.parse(payload['x-ably-capability'] as string)).toEqual({
    [channelOf(shop, 'changes')]: ['subscribe'],
    [channelOf(shop, `dashboard.${shop.location.id}`)]: ['subscribe'],
  });
  for (const topics of [
    'everything',
    'changes,everything',
    '*',
    `changes","*":["*`,
    `t.${stranger.tenantId}.changes`,
    ',',
  ]) {
    const reply = await shop.api('POST', '/v1/realtime/ably/auth', { body: { topics } });
    expect([topics, reply.status]).toEqual([topics, 403]);
  }
  expect((await service.api('POST', '/v1/realtime/ably/auth', { body: {} })).status).toBe(401);
});

test('an installation without a service says so', async () => {
  const bare = await startService({ database: service.database, env: { ...service.secrets } });
  open.push(() => bare.stop().then(() => undefined));
  for (const [path, body] of [
    ['/v1/realtime/pusher/auth', { socket_id: '1.2', channel_name: channelOf(shop, 'changes') }],
    ['/v1/realtime/ably/auth', {}],
    ['/v1/realtime/auth', { socket_id: '1.2', channel_name: channelOf(shop, 'changes') }],
  ] as const) {
    const reply = await bare.api('POST', path, { token: shop.token, body });
    expect([path, reply.status]).toEqual([path, 404]);
  }
});

test('another installation of ours stands for Pusher, and pusher-js hears of a change there', async () => {
  const far = await startService({
    env: { REALTIME_APP_ID: app.appId, REALTIME_APP_KEY: app.key, REALTIME_APP_SECRET: app.secret },
  });
  open.push(() => far.stop().then(() => undefined));
  const near = await startService({
    env: {
      JOB_QUEUES: 'all',
      PUSHER_APP_ID: app.appId,
      PUSHER_APP_KEY: app.key,
      PUSHER_APP_SECRET: app.secret,
      PUSHER_BASE_URL: far.url,
    },
  });
  open.push(() => near.stop().then(() => undefined));
  const owner = await openShop(near, { variants: 0, devices: 0 });
  const client = new PusherClient(app.key, {
    cluster: 'any',
    wsHost: '127.0.0.1',
    wsPort: far.port,
    forceTLS: false,
    enabledTransports: ['ws'],
    authEndpoint: `${near.url}/v1/realtime/pusher/auth`,
    auth: { headers: { authorization: `Bearer ${owner.token}` } },
  } as any);
  open.push(() => client.disconnect());
  const channel = client.subscribe(channelOf(owner, 'changes'));
  await new Promise((resolve, reject) => {
    channel.bind('pusher:subscription_succeeded', resolve);
    channel.bind('pusher:subscription_error', reject);
  });
  const poked = new Promise<any>((resolve) => channel.bind('poke', resolve));
  await addProduct(owner);
  expect((await poked).seq).toEqual(expect.any(Number));
});

// ---- Webhooks of our own app -------------------------------------------------------------------------------------

test('webhooks tell what happens in channels, signed as the pusher package checks it, and again after a failure', async () => {
  const own = await startService({
    env: {
      REALTIME_APP_ID: app.appId,
      REALTIME_APP_KEY: app.key,
      REALTIME_APP_SECRET: app.secret,
      REALTIME_CLIENT_EVENTS: 'true',
      REALTIME_WEBHOOK_URL: `${hosted.url}/from-us`,
    },
  });
  open.push(() => own.stop().then(() => undefined));
  hosted.next('webhooks', 500);
  const vendor = new PusherServer({ ...app, host: '127.0.0.1', port: String(own.port), useTLS: false });
  const client = (userId: string): PusherClient => {
    const made = new PusherClient(app.key, {
      cluster: 'any',
      wsHost: '127.0.0.1',
      wsPort: own.port,
      forceTLS: false,
      enabledTransports: ['ws'],
      channelAuthorization: {
        customHandler: ({ socketId, channelName }: any, done: any) =>
          done(null, vendor.authorizeChannel(socketId, channelName, { user_id: userId })),
      },
    } as any);
    open.push(() => made.disconnect());
    return made;
  };
  const asha = client('asha');
  const room: any = asha.subscribe('presence-room');
  await new Promise((resolve) => room.bind('pusher:subscription_succeeded', resolve));
  asha.subscribe('cache-prices');
  room.trigger('client-typing', { at: 1 });
  const events = (): any[] =>
    hosted.webhooks.flatMap(({ headers, body }) => {
      const webhook = vendor.webhook({ headers: headers as any, rawBody: body });
      expect(webhook.isValid()).toBe(true);
      return webhook.getEvents();
    });
  const heard = (name: string): Promise<any> => until(async () => events().find((one) => one.name === name));
  expect(await heard('channel_occupied')).toMatchObject({ channel: expect.stringMatching(/room|prices/) });
  expect(await heard('member_added')).toEqual({ name: 'member_added', channel: 'presence-room', user_id: 'asha' });
  expect(await heard('cache_miss')).toEqual({ name: 'cache_miss', channel: 'cache-prices' });
  expect(await heard('subscription_count')).toEqual({
    name: 'subscription_count',
    channel: 'cache-prices',
    subscription_count: 1,
  });
  expect(await heard('client_event')).toEqual({
    name: 'client_event',
    channel: 'presence-room',
    event: 'client-typing',
    data: '{"at":1}',
    socket_id: asha.connection.socket_id,
    user_id: 'asha',
  });
  asha.disconnect();
  expect(await heard('member_removed')).toEqual({ name: 'member_removed', channel: 'presence-room', user_id: 'asha' });
  await until(async () => events().filter(({ name }) => name === 'channel_vacated').length === 2);
  expect(events().filter(({ name }) => name === 'member_added')).toHaveLength(1);
});

// The last one: nothing is sent for a minute.
test('a service that refuses the settings is left alone, and the other one is told', async () => {
  hosted.next('pusher', 401);
  const calls = hosted.calls.pusher;
  await addProduct(shop);
  await until(async () => hosted.calls.pusher > calls);
  for (let index = 0; index < 5; ++index) await addProduct(shop);
  const seq = await seqNow(shop);
  await until(async () => hosted.told('ably', channelOf(shop, 'changes')).some((one) => seqOf(one) >= seq));
  // One of each loop.
  expect(hosted.calls.pusher - calls).toBeLessThan(6);
  expect(hosted.faults).toEqual([]);
});
