// What may go wrong between a commit and who listens to events: Redis that cuts its subscribers or is away, sessions and rights that end,
// other tenants, a position that says nothing, a server that stops under a thousand streams.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import { type RedisServer, startRedis } from './support/redis.js';
import { type Service, startService } from './support/service.js';
import { ok, openShop, password, saleFor, type Shop } from './support/shop.js';
import { EventStream } from './support/stream.js';
import { until } from './support/until.js';

let redis: RedisServer;
let first: Service;
let second: Service;
let shop: Shop;
let stranger: Shop;

beforeAll(async () => {
  redis = await startRedis();
  const env = {
    REDIS_URL: redis.url,
    JOB_QUEUES: 'all',
    ACCESS_TOKEN_SECONDS: '3600',
    MPESA_BASE_URL: 'http://127.0.0.1:9',
    CLIENT_ALLOW_LOOPBACK: 'true',
    // What AddressSanitizer keeps of freed memory would be all that is seen of what a socket costs.
    ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=1`,
  };
  first = await startService({ env });
  second = await startService({ database: first.database, env: { ...env, ...first.secrets } });
  shop = await openShop(first);
  stranger = await openShop(first, { variants: 0, devices: 0 });
});
afterAll(async () => {
  await second?.stop();
  await first?.stop();
  await redis?.remove();
});

const opened: EventStream[] = [];
afterEach(() => {
  for (const stream of opened.splice(0)) stream.close();
});
async function follow(...args: Parameters<typeof EventStream.open>): Promise<EventStream> {
  const stream = await EventStream.open(...args);
  opened.push(stream);
  return stream;
}

// Nothing listens there: prompts are stored, and not sent.
const account = {
  provider: 'mpesa',
  name: 'Paybill',
  credentials: {
    environment: 'sandbox',
    kind: 'paybill',
    shortCode: '174379',
    consumerKey: 'key',
    consumerSecret: 'secret',
    passkey: 'passkey',
  },
};
const categories = '?topics=changes&collections=categories';
async function addCategory(at: Service): Promise<void> {
  const headers = { 'idempotency-key': randomUUID() };
  await ok(at.api('POST', '/v1/categories', { token: shop.token, headers, body: { name: randomUUID() } }), 201);
}
const feedPlace = async (): Promise<number> =>
  Number(
    (
      await first.database.query<{ change_seq: string }>(
        'select change_seq from tenant_counters where tenant_id = $1',
        [shop.tenantId],
      )
    )[0]!.change_seq,
  );

describe('another tenant', () => {
  test('hears nothing, whatever it asks for', async () => {
    await shop.create('/v1/payment-accounts', account);
    const prompt = { amount: 100, subjectId: randomUUID(), phone: '0712345678', locationId: shop.location.id };
    const body = { clientRequestId: randomUUID(), ...prompt };
    const intent = await ok(shop.api('POST', '/v1/payment-intents', { body }), 202);
    for (const topic of [`intent.${intent.id}`, `dashboard.${shop.location.id}`]) {
      const asked = await stranger.api('GET', `/v1/events?topics=${topic}`);
      expect([asked.status, asked.body.code]).toEqual([404, 'row.not_found']);
    }
    const streams = await Promise.all(
      [first, second].map((at) => follow(at, stranger.token, '?topics=changes,notifications')),
    );
    const own = await follow(second, shop.token, `?topics=changes,dashboard.${shop.location.id}`);
    await ok(shop.sell(saleFor(shop)), 201);
    await addCategory(second);
    await own.heard('poke', ({ changed }) => changed.length === 0 || changed.some((one: any) => one.c === 'sales'));
    await own.heard('ev', ({ d }) => d.sales > 0);
    // What the stranger does itself comes behind all of that.
    const headers = { 'idempotency-key': randomUUID() };
    await ok(stranger.api('POST', '/v1/categories', { headers, body: { name: 'Own' } }), 201);
    for (const stream of streams) {
      await stream.heard('poke');
      expect(stream.types()).toEqual(['ready', 'poke']);
      expect(stream.events[1]!.data.changed).toEqual([{ c: 'categories' }]);
    }
  });
});

describe('Redis', () => {
  test('cuts its subscribers: what was missed is heard, and they are back', async () => {
    const heard = await follow(second, shop.token, categories);
    const admin = new Redis(redis.url);
    await admin.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await addCategory(first);
    const missed = await feedPlace();
    await heard.heard('poke', ({ seq }) => seq >= missed);
    await until(
      async () => Number((await admin.pubsub('NUMSUB', `${first.database.name}:changes:${shop.tenantId}`))[1]) >= 1,
    );
    await addCategory(first);
    const after = await feedPlace();
    await heard.heard('poke', ({ seq }) => seq >= after);
    admin.disconnect();
  });

  const ways: [string, () => Promise<void>, () => Promise<void>][] = [
    ['is away', () => redis.crash(), () => redis.start()],
    ['hangs', async () => void process.kill(redis.pid, 'SIGSTOP'), async () => void process.kill(redis.pid, 'SIGCONT')],
  ];
  test.each(ways)('%s: changes are found, a sale is sold, a session ends its stream', async (_, begin, end) => {
    const heard = await follow(second, shop.token, categories);
    const { accessToken } = await ok(
      first.api('POST', '/v1/auth/login', { body: { email: shop.email, password } }),
      200,
    );
    const leaving = await follow(second, accessToken);
    await begin();
    try {
      await addCategory(first);
      const place = await feedPlace();
      await heard.heard('poke', ({ seq }) => seq >= place);
      await ok(shop.sell(saleFor(shop)), 201);
      await ok(first.api('POST', '/v1/auth/logout', { token: accessToken }), 204);
      await leaving.ended();
      expect(heard.endedAt).toBeUndefined();
    } finally {
      await end();
    }
    await until(async () => (await first.api('GET', '/ready')).body.status === 'ok');
  });

  test('has forgotten everything: a position is of the feed, and says what was missed', async () => {
    const before = await follow(second, shop.token, categories);
    const { id } = await before.heard('ready');
    before.close();
    const admin = new Redis(redis.url);
    await admin.flushall();
    admin.disconnect();
    await addCategory(first);
    const again = await follow(second, shop.token, categories, { 'last-event-id': id! });
    expect((await again.heard('poke')).data.changed).toEqual([{ c: 'categories' }]);
    expect(again.types()).not.toContain('reset');
  });
});

// Each of these topics is refused in a line of its own that says it back, until the buffers of the kernel are full as well.
test('a socket whose client does not read is closed with 4409, and costs no more than its bound', async () => {
  const residentMegabytes = async () =>
    Number((await readFile(`/proc/${first.process.pid}/status`, 'utf8')).match(/^VmRSS:\s+(\d+) kB$/m)![1]) / 1024;
  const slow = async () =>
    Number(
      (await (await fetch(`${first.url}/metrics`)).text()).match(
        /^realtime_closed_total\{code="4409"\} (\d+)$/m,
      )?.[1] ?? 0,
    );
  const before = await residentMegabytes();
  const topics = Array.from({ length: 100 }, () => 'x'.repeat(600));
  const open = async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${first.port}/v1/ws`, {
      headers: { authorization: `Bearer ${shop.token}` },
    });
    socket.on('error', () => {});
    await once(socket, 'open');
    return socket;
  };
  for (let count = 1; count <= 3; ++count) {
    const socket = await open();
    socket.pause();
    for (let message = 0; message < 95; ++message) socket.send(JSON.stringify({ t: 'sub', topics }));
    await until(async () => (await slow()) >= count);
    socket.resume();
    await once(socket, 'close');
  }
  // Who was closed three times within a minute is not let in for half a minute.
  const [code] = await once(await open(), 'close');
  expect(code).toBe(4403);
  expect((await residentMegabytes()) - before).toBeLessThan(64);
});

describe('a position', () => {
  test.each([
    ['of nobody', async () => 'made-up'],
    ['of another tenant', async () => (await (await follow(first, stranger.token)).heard('ready')).id!],
    ['of other collections', async () => (await (await follow(first, shop.token, categories)).heard('ready')).id!],
    ['of another reader', async () => (await (await follow(first, await member('cashier'))).heard('ready')).id!],
  ])('%s leads to a reset and never to a plain beginning', async (_, position) => {
    const stream = await follow(first, shop.token, '?topics=changes', { 'last-event-id': await position() });
    expect(stream.types().slice(0, 2)).toEqual(['reset', 'ready']);
  });
});

async function roleId(name: string): Promise<string> {
  const roles = (await ok(shop.api('GET', '/v1/roles'), 200)).data;
  return roles.find((one: any) => one.builtIn === name).id;
}
const people = new Map<string, string>(); // ids by token
async function member(role: string, locationId?: string): Promise<string> {
  const email = `${role}-${randomUUID()}@duka.example`;
  const roles = [{ roleId: await roleId(role), locationId }];
  const { id } = await shop.create('/v1/users', { name: 'Juma', email, password, roles });
  const { accessToken } = await ok(first.api('POST', '/v1/auth/login', { body: { email, password } }), 200);
  people.set(accessToken, id);
  return accessToken;
}
const change = (token: string, fields: object) =>
  ok(shop.api('PATCH', `/v1/users/${people.get(token)}`, { body: fields, headers: { 'if-match': '*' } }), 200);

describe('a stream', () => {
  test('ends within seconds of what it was opened by, at every instance, and no other does', async () => {
    const stall = await shop.create('/v1/locations', { code: 'STALL', name: 'Stall' });
    const login = await ok(first.api('POST', '/v1/auth/login', { body: { email: shop.email, password } }), 200);
    const [left, disabled, narrowed, placed] = await Promise.all([
      member('manager'),
      member('manager'),
      member('manager'),
      member('manager', stall.id),
    ]);
    const at = (token: string) => Promise.all([first, second].map((instance) => follow(instance, token)));
    const ending = {
      left: await at(left),
      disabled: await at(disabled),
      narrowed: await at(narrowed),
      placed: await at(placed),
    };
    const staying = await at(login.accessToken);

    const start = performance.now();
    await ok(first.api('POST', '/v1/auth/logout', { token: left }), 204);
    await change(disabled, { status: 'disabled' });
    await change(narrowed, { roles: [{ roleId: await roleId('viewer') }] });
    await ok(shop.api('DELETE', `/v1/locations/${stall.id}`, { headers: { 'if-match': '*' } }), 204);
    await ok(first.api('POST', '/v1/auth/refresh', { body: { refreshToken: login.refreshToken } }), 200);
    const done = performance.now();
    for (const [why, streams] of Object.entries(ending)) {
      for (const stream of streams) {
        const ended = await stream.ended().catch(() => Infinity);
        expect.soft(ended - start, why).toBeLessThan(done - start + 20_000);
        expect.soft(stream.types().includes('reset'), why).toBe(why === 'narrowed' || why === 'placed');
      }
    }
    // Whose refresh token was rotated goes on.
    await addCategory(second);
    const place = await feedPlace();
    for (const stream of staying) await stream.heard('poke', ({ seq }) => seq >= place);
    for (const token of [left, disabled]) await expect(EventStream.open(second, token)).rejects.toThrow(/^(401|403) /);
  });

  test('whose client has gone is no more', async () => {
    const waiting = async () =>
      Number((await (await fetch(`${first.url}/metrics`)).text()).match(/^sync_waiters (\d+)$/m)?.[1]);
    const streams = await Promise.all(Array.from({ length: 20 }, () => follow(first, shop.token)));
    await until(async () => (await waiting()) >= 20);
    for (const stream of streams) stream.close();
    await until(async () => (await waiting()) === 0);
  });

  test('does not keep the server from stopping, nor do a thousand of them', async () => {
    const env = { ...first.secrets, REDIS_URL: redis.url, SYNC_TENANT_WAITERS: '2000' };
    const stopping = await startService({ database: first.database, env });
    const sockets: net.Socket[] = [];
    let ready = 0;
    let ended = 0;
    const open = () => {
      const socket = net.connect(stopping.port, '127.0.0.1');
      sockets.push(socket);
      let text = '';
      socket.on('error', () => {});
      socket.on('close', () => ++ended);
      socket.on('data', (piece) => {
        if (text.includes('event: ready')) return;
        text += piece;
        if (text.includes('event: ready')) ++ready;
      });
      socket.write(`GET /v1/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${shop.token}\r\n\r\n`);
    };
    for (let group = 0; group < 10; ++group) {
      for (let index = 0; index < 100; ++index) open();
      await until(async () => ready === sockets.length, 120_000);
    }
    const start = performance.now();
    const stopped = await stopping.stop();
    const milliseconds = performance.now() - start;
    expect(stopped).toEqual({ code: 0, signal: null });
    // A second of them is for connections that wait for a last request (drain_idle); sanitizers take some, too.
    expect(milliseconds).toBeLessThan(15_000);
    await until(async () => ended === sockets.length);
  });
});
