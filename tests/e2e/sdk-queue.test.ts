// The SDK's queue of files under a network that does everything wrong, in a till that is killed again and again: every operation is on the
// service once, or parked with a reason. Then its rules, one by one.
//
//     SDK_QUEUE=10000 bin/with-servers npx vitest run tests/e2e/sdk-queue.test.ts
//     bin/test --long       the same with 10,000; writes down the run
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createClient, memorySession, type Session } from '../../clients/typescript/src/index.js';
import { fileSession, fileStore } from '../../clients/typescript/src/queue/files.js';
import {
  type Entry,
  memoryStore,
  type NewEntry,
  OfflineQueue,
  QueueError,
  type QueueOptions,
  type QueueStatus,
  type QueueStore,
} from '../../clients/typescript/src/queue/index.js';
import { environment, repository } from './support/environment.js';
import { FaultProxy, faults } from './support/fault-proxy.js';
import { newSeed, recordRun, seeded } from './support/runs.js';
import { type Act, answer, installSdk, type InstalledSdk, problem, ScriptedService, taken } from './support/sdk.js';
import { type Service, startService } from './support/service.js';
import { openShop, password, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const plan = {
  operations: Number(process.env.SDK_QUEUE ?? (environment.long ? 10_000 : 80)),
  kills: Number(process.env.SDK_QUEUE_KILLS ?? (environment.long ? 200 : 4)),
};

describe('a till on a bad network, killed again and again', () => {
  let service: Service;
  let shop: Shop;
  let sdk: InstalledSdk;
  let proxy: FaultProxy;
  let folder: string;
  const seed = newSeed();
  const random = seeded(seed);
  let kills = 0;

  beforeAll(async () => {
    // The session is refreshed for real, too.
    service = await startService({ env: { ACCESS_TOKEN_SECONDS: '60', LOG_LEVEL: 'info' } });
    shop = await openShop(service, { variants: 6, devices: 1 });
    sdk = await installSdk();
    folder = await mkdtemp(path.join(tmpdir(), 'e2e-sdk-queue-'));
    // Two requests of five meet a fault; a refresh is dropped, cut or doubled as well.
    proxy = await FaultProxy.start(service.url, (route) => {
      const fault = random(5) < 2 ? faults[random(faults.length)] : undefined;
      return fault === 'expired' && route.startsWith('/v1/auth/') ? 'cut' : fault;
    });
  });

  afterAll(async () => {
    await proxy?.stop();
    await service?.stop();
    await sdk?.remove();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  function till(): ChildProcess {
    const [device] = shop.devices;
    const { id: locationId, code } = shop.location;
    const own = {
      deviceId: device!.id,
      deviceNumber: device!.number,
      email: shop.email,
      password,
      operations: plan.operations,
    };
    const variants = shop.variants.map(({ id, name, price, taxCode, taxRatePpm }) => ({
      id,
      name,
      price,
      taxCode,
      taxRatePpm,
    }));
    const env = {
      ...process.env,
      TILL: JSON.stringify({ sdk: sdk.root, url: proxy.url, folder, locationId, code, variants, ...own }),
    };
    return spawn('node', [path.join(repository, 'tests/e2e/support/sdk-till.mjs')], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }

  const progress = async (): Promise<number> =>
    Number(await readFile(path.join(folder, 'progress'), 'utf8').catch(() => '0'));

  // Kills spread over the operations; gives the exit code of the last life.
  async function live(): Promise<number | null> {
    for (;;) {
      const child = till();
      const over = new Promise<number | null>((resolve) => child.once('exit', resolve));
      if (kills < plan.kills) {
        const share = (plan.operations * (kills + 0.5)) / plan.kills;
        let ended = false;
        void over.then(() => (ended = true));
        while (!ended && (await progress()) < share) await sleep(5);
        await sleep(random(120));
        if (child.exitCode === null && child.kill('SIGKILL')) kills++;
      }
      const code = await over;
      if (child.signalCode !== 'SIGKILL') return code;
    }
  }

  test(
    'every operation is on the service once, or parked with a reason',
    async () => {
      const began = Date.now();
      expect(await live()).toBe(0);
      const seconds = (Date.now() - began) / 1000;

      const store = await fileStore(path.join(folder, 'queue'));
      const of = async (state: Entry['state']): Promise<Entry[]> => store.list(state);
      const [done, parked, waiting] = [await of('done'), await of('parked'), await of('waiting')];
      const ids = [...done, ...parked, ...waiting].map(({ id }) => id);
      expect(new Set(ids).size, 'none lost, none twice').toBe(plan.operations);
      expect(ids).toHaveLength(plan.operations);
      // What contradicts itself is parked with its reason, and only that; what depends on it would wait.
      const wrong = Array.from({ length: plan.operations }, (_, index) => index).filter(
        (index) => index % 10 !== 9 && index % 50 === 7,
      );
      expect(parked.map(({ problem: why }) => why?.code)).toEqual(wrong.map(() => 'sale.total_mismatch'));
      expect(waiting).toEqual([]);

      const rows = await service.database.query<{ key: string; id: string; device_seq: string | null }>(
        `select client_request_id as key, id, device_seq from sales where tenant_id = $1
         union all select source_id, source_id, null from stock_movements
          where tenant_id = $1 and source_type = 'stock_adjustment' and source_id::text like '00000000-%'`,
        [shop.tenantId],
      );
      expect(rows).toHaveLength(done.length);
      const stored = new Map(rows.map((row) => [row.key, row.id]));
      for (const entry of done) expect((entry.answer!.data as any).id, entry.id).toBe(stored.get(entry.id));
      const numbers = rows.flatMap((row) => (row.device_seq === null ? [] : [row.device_seq]));
      expect(new Set(numbers).size, 'each receipt number once').toBe(numbers.length);
      expect((await readFile(path.join(folder, 'log-ins'), 'utf8')).length, 'the session survives').toBe(1);
      expect(kills).toBe(plan.kills);
      // Of each write that was under way: a sale, its number, an answer, and whose turn it is.
      expect((await readdir(path.join(folder, 'queue/writing'))).length, 'halves').toBeLessThanOrEqual(4 * plan.kills);

      const attempts = done.reduce((sum, entry) => sum + entry.attempts, 0);
      const figures = {
        seed,
        operations: plan.operations,
        kills,
        seconds,
        requests: proxy.requests,
        attempts,
        faults: proxy.met,
      };
      const result = {
        ...figures,
        applied: done.length,
        replayed: done.filter((entry) => entry.answer!.replayed).length,
        parked: parked.length,
      };
      console.log(JSON.stringify(result));
      if (environment.long) await recordRun('sdk-queue', result);
    },
    Math.max(600_000, plan.operations * 1_000),
  );
});

describe.each<[string, () => Promise<QueueStore>]>([
  ['memory', async () => memoryStore()],
  ['files', async () => fileStore(await mkdtemp(path.join(tmpdir(), 'e2e-sdk-store-')))],
])('the rules, with a store in %s', (kind, newStore) => {
  let service: ScriptedService;
  let store: QueueStore;
  let now = 1_795_328_043_120;
  let steady = 0;
  const session = memorySession();
  const amina: Session = { userId: 'amina', tenantId: 'duka', accessToken: 'a', refreshToken: 'ra' };
  const brian: Session = { userId: 'brian', tenantId: 'duka', accessToken: 'b', refreshToken: 'rb' };
  const queues: OfflineQueue[] = [];

  beforeAll(async () => {
    service = await ScriptedService.start((_, response) => taken(response));
  });
  beforeEach(async () => {
    store = await newStore();
    await session.save(amina);
    service.plays((_, response) => taken(response));
  });
  afterEach(async () => {
    for (const queue of queues.splice(0)) await queue.stop();
  });
  afterAll(() => service.stop());

  function newQueue(more: Partial<QueueOptions> = {}): OfflineQueue {
    const client = createClient({ baseUrl: service.url, session, attempts: 1 });
    const times = { now: () => now, steadyNow: () => steady };
    const queue = new OfflineQueue({ client, store, pauseMs: 1_000, random: () => 1, ...times, ...more });
    queues.push(queue);
    return queue;
  }
  const product = (name: string): { body: { name: string } } => ({ body: { name } });
  const sent = (): string[] =>
    service.seen.filter(({ path }) => path === '/v1/products').map(({ body }) => JSON.parse(body.toString()).name);

  test('the order is kept, and one that fails holds up the others until it was put off five times', async () => {
    const queue = newQueue();
    for (const name of ['one', 'two', 'three']) await queue.add('/v1/products', product(name));
    service.plays((seen, response) =>
      JSON.parse(seen.body.toString()).name === 'one'
        ? problem(response, 409, 'db.serialization', { retriable: true, action: 'retry' })
        : taken(response),
    );
    for (let round = 1; round <= 4; ++round) {
      expect(await queue.flush()).toMatchObject({ waiting: 3, stopped: 'put_off' });
      now += 60_000;
    }
    expect(sent()).toEqual(['one', 'one', 'one', 'one']);
    expect(await queue.flush()).toMatchObject({ waiting: 1 });
    expect(sent()).toEqual(['one', 'one', 'one', 'one', 'one', 'two', 'three']);
    await queue.add('/v1/products', product('four'));
    await queue.flush();
    expect(sent().at(-1)).toBe('four');
  });

  test('what depends waits for what is parked, goes when that is mended, and is parked when that is dismissed', async () => {
    const queue = newQueue();
    service.plays((seen, response) =>
      JSON.parse(seen.body.toString()).name === 'bad' ? problem(response, 422, 'request.invalid') : taken(response),
    );
    const bad = await queue.add('/v1/products', product('bad'));
    const next = await queue.add('/v1/products', { ...product('next'), dependsOn: [bad.id] });
    await queue.add('/v1/products', product('free'));
    expect(await queue.flush()).toMatchObject({ waiting: 1, parked: 1, blocked: 1 });
    expect(sent()).toEqual(['bad', 'free']);
    expect((await queue.parked())[0]).toMatchObject({
      id: bad.id,
      problem: { code: 'request.invalid', action: 'fix' },
    });
    await queue.requeue(bad.id, { body: { name: 'mended' } });
    await queue.flush();
    expect(sent()).toEqual(['bad', 'free', 'mended', 'next']);
    expect(service.seen[2]!.headers['idempotency-key']).toBe(bad.id);
    expect(await queue.settled(next.id)).toMatchObject({ state: 'done', answer: { status: 201 } });

    const worse = await queue.add('/v1/products', product('bad'));
    const lost = await queue.add('/v1/products', { ...product('lost'), dependsOn: [worse.id] });
    await queue.flush();
    await queue.dismiss(worse.id, 'rung up twice');
    expect(await queue.flush()).toMatchObject({ waiting: 0, parked: 1 });
    expect((await queue.get(lost.id))?.problem).toMatchObject({
      code: 'queue.dependency_dismissed',
      detail: 'rung up twice',
    });
    expect((await queue.get(worse.id))?.note).toBe('rung up twice');
    await expect(queue.dismiss(worse.id, 'again')).rejects.toThrow(QueueError);
  });

  test("another user's entries wait for him, and nothing of a session is stored", async () => {
    const queue = newQueue();
    const hers = await queue.add('/v1/products', product('hers'));
    await session.save(brian);
    await queue.add('/v1/products', product('his'));
    expect(await queue.flush()).toMatchObject({ waiting: 1, ofOthers: 1, stopped: 'others' });
    expect(sent()).toEqual(['his']);
    expect(service.seen[0]!.headers.authorization).toBe('Bearer b');
    expect(JSON.stringify(await store.get(hers.id))).not.toMatch(/Bearer|"ra"|authorization/i);
    await session.save(null);
    expect(await queue.flush()).toMatchObject({ waiting: 1, stopped: 'signed_out' });
    await expect(queue.add('/v1/products', product('nobody'))).rejects.toThrow('queue.signed_out');
    await session.save(amina);
    expect(await queue.flush()).toMatchObject({ waiting: 0 });
    expect(service.seen[1]!.headers.authorization).toBe('Bearer a');
  });

  test("nobody is shown what another one's attempt has come to", async () => {
    const queue = newQueue();
    service.plays((seen, response) =>
      JSON.parse(seen.body.toString()).name === 'bad'
        ? problem(response, 422, 'request.invalid')
        : problem(response, 402, 'billing.overdue', { action: 'pay' }),
    );
    const bad = await queue.add('/v1/products', product('bad'));
    await queue.add('/v1/products', { ...product('its child'), dependsOn: [bad.id] });
    await queue.add('/v1/products', product('hers'));
    const shown = { stopped: 'pay', blocked: 1, nextAttemptAt: now + 300_000, problem: { code: 'billing.overdue' } };
    expect(await queue.flush()).toMatchObject(shown);
    const nothing = { stopped: undefined, blocked: 0, nextAttemptAt: undefined, problem: undefined };
    const told = async (): Promise<object> => ({ ...nothing, ...(await queue.status()) });
    await session.save(brian);
    expect(await told()).toMatchObject({ ...nothing, stopped: 'others' });
    await queue.add('/v1/products', product('his'));
    expect(await told()).toMatchObject({ ...nothing, waiting: 3, ofOthers: 2 });
    await session.save(null);
    expect(await told()).toMatchObject({ ...nothing, stopped: 'signed_out' });
    await session.save(amina);
    expect(await told()).toMatchObject(shown);
    // Nor after he has sent.
    await session.save(brian);
    service.plays((_, response) => taken(response));
    await queue.flush();
    expect(await told()).toMatchObject({ ...nothing, waiting: 2, ofOthers: 2, stopped: 'others' });
  });

  test('a session that has ended stops it, and nothing is lost', async () => {
    const queue = newQueue();
    service.plays((_, response) => problem(response, 401, 'auth.session_revoked', { action: 'refresh_auth' }));
    await queue.add('/v1/products', product('one'));
    expect(await queue.flush()).toMatchObject({ waiting: 1, parked: 0, stopped: 'signed_out' });
    service.plays((_, response) => taken(response));
    expect(await queue.flush()).toMatchObject({ waiting: 0 });
  });

  test.each([60, 400])('%i days later all are there, with their age, and are sent', async (days) => {
    const queue = newQueue();
    service.plays((_, response) => void response.destroy());
    const added = now;
    for (let index = 0; index < 20; ++index) await queue.add('/v1/products', product(String(index)));
    await queue.flush();
    now += days * 86_400_000;
    expect(await queue.status()).toMatchObject({ waiting: 20, oldestAddedAt: added, oldestMs: days * 86_400_000 });
    service.plays((_, response) => taken(response));
    expect(await queue.flush()).toMatchObject({ waiting: 0, parked: 0 });
    expect(sent()).toHaveLength(20);
  });

  test('a pause is kept, grows, and ends when the clock was set back', async () => {
    const queue = newQueue();
    const other = newQueue();
    service.plays((_, response) =>
      problem(response, 503, 'db.unavailable', { retriable: true, action: 'retry', retryAfterMs: 90_000 }),
    );
    await queue.add('/v1/products', product('one'));
    expect(await queue.flush()).toMatchObject({ nextAttemptAt: now + 90_000, problem: { code: 'db.unavailable' } });
    now += 89_000;
    await queue.flush();
    await other.flush();
    expect(sent()).toHaveLength(1);
    now -= 86_400_000;
    await other.flush();
    expect(sent()).toHaveLength(2);
  });

  test('a payment that is due and an app that is too old stop it for a while', async () => {
    const queue = newQueue();
    await queue.add('/v1/products', product('one'));
    for (const [status, code, action] of [
      [402, 'subscription.suspended', 'pay'],
      [426, 'client.too_old', 'upgrade'],
    ] as const) {
      service.plays((_, response) => problem(response, status, code, { action }));
      expect(await queue.flush()).toMatchObject({ waiting: 1, parked: 0, stopped: action });
    }
  });

  test.each([
    [404, '<h1>Not here</h1>', 'waiting'],
    [403, '<h1>Room number?</h1>', 'waiting'],
    [503, '<h1>Soon</h1>', 'waiting'],
    [200, '<h1>Accept our terms</h1>', 'waiting'],
  ] as const)('what somebody else answers with %i is %s → %s', async (status, page, state) => {
    const queue = newQueue();
    service.plays((_, response) => void response.writeHead(status, { 'content-type': 'text/html' }).end(page));
    const { id } = await queue.add('/v1/products', product('one'));
    await queue.flush();
    expect((await queue.get(id))?.state).toBe(state);
  });

  test.each<[string, number, Record<string, string>, string | undefined]>([
    ['JSON of nobody', 200, { 'content-type': 'application/json' }, '{}'],
    ['a log-in in JSON', 200, { 'content-type': 'application/json' }, '{"login":"required"}'],
    ['null', 200, { 'content-type': 'application/json', 'x-request-id': 'mesh' }, 'null'],
    ['JSON of a mesh', 200, { 'content-type': 'application/json', 'x-request-id': 'mesh' }, '{"id":"7","ok":true}'],
    ['no content', 204, {}, undefined],
    ['no content of a mesh', 204, { 'x-request-id': 'mesh' }, undefined],
    ['a page of a mesh', 200, { 'content-type': 'text/html', 'x-request-id': 'mesh' }, '<h1>Maintenance</h1>'],
    ['nothing', 200, { 'x-request-id': 'mesh' }, undefined],
    ['half of it', 201, { 'content-type': 'application/json', 'x-request-id': 'mesh' }, '{"id":'],
  ])('a yes that is not of the service leaves it waiting: %s', async (_, status, headers, body) => {
    const queue = newQueue();
    service.plays((__, response) => void response.writeHead(status, headers).end(body));
    await queue.add('/v1/products', product('one'));
    expect(await queue.flush()).toMatchObject({
      waiting: 1,
      stopped: 'no_answer',
      problem: { code: 'client.foreign_answer' },
    });
    service.plays((__, response) => taken(response));
    expect(await queue.flush()).toMatchObject({ waiting: 0, parked: 0 });
  });

  test('a yes to another sale, and one from where it was led to, are none', async () => {
    const queue = newQueue();
    const body = { locationId: 'l', occurredAt: '', lines: [], payments: [], total: 0, taxTotal: 0 };
    const { id } = await queue.add('/v1/sales', { body });
    service.plays((_, response) => answer(response, 201, { id: randomUUID(), clientRequestId: randomUUID() }));
    expect(await queue.flush()).toMatchObject({ waiting: 1, stopped: 'no_answer' });
    service.plays((seen, response) => {
      if (seen.method === 'POST') response.writeHead(302, { location: '/log-in' }).end();
      else answer(response, 200, { id: randomUUID(), clientRequestId: id });
    });
    expect(await queue.flush()).toMatchObject({ waiting: 1, stopped: 'no_answer' });
    service.plays((seen, response) => taken(response, seen));
    expect(await queue.flush()).toMatchObject({ waiting: 0 });
  });

  test('what somebody between will not pass parks nothing, and after five times the others go on', async () => {
    const queue = newQueue();
    for (const name of ['large', 'two', 'three']) await queue.add('/v1/products', product(name));
    service.plays((seen, response) =>
      seen.body.includes('large')
        ? void response.writeHead(413, { 'content-type': 'text/html' }).end('<h1>Too large</h1>')
        : taken(response),
    );
    for (let round = 1; round <= 4; ++round)
      expect(await queue.flush()).toMatchObject({ waiting: 3, parked: 0, stopped: 'no_answer' });
    expect(await queue.flush()).toMatchObject({ waiting: 1, parked: 0, stopped: 'no_answer' });
    expect(sent().slice(-2)).toEqual(['two', 'three']);
  });

  test.each<[string, Act]>([
    ['a header', (_, response) => void response.writeHead(503, { 'retry-after': '1000000000' }).end()],
    [
      'a problem',
      (_, response) =>
        problem(response, 429, 'request.rate_limited', { retriable: true, action: 'retry', retryAfterMs: 1e12 }),
    ],
    [
      'a date, on a device whose clock is a day behind',
      (_, response) => {
        const at = (ms: number): string => new Date(Date.now() + 86_400_000 + ms).toUTCString();
        response.writeHead(503, { date: at(0), 'retry-after': at(5_000) }).end();
      },
    ],
    [
      'a word',
      (_, response) =>
        problem(response, 429, 'request.rate_limited', {
          retriable: true,
          action: 'retry',
          retryAfterMs: 'soon' as unknown as number,
        }),
    ],
  ])('no answer holds it up for more than five minutes: %s', async (_, act) => {
    const queue = newQueue();
    service.plays(act);
    await queue.add('/v1/products', product('one'));
    const { nextAttemptAt } = await queue.flush();
    expect(nextAttemptAt! - now).toBeGreaterThanOrEqual(500);
    expect(nextAttemptAt! - now).toBeLessThanOrEqual(300_000);
    service.plays((__, response) => taken(response));
    now = nextAttemptAt!;
    expect(await queue.flush()).toMatchObject({ waiting: 0 });
  });

  test('a sale is mended in the form that it was added in', async () => {
    const queue = newQueue();
    service.plays((_, response) => problem(response, 422, 'request.invalid'));
    const body = { locationId: 'l', occurredAt: '', lines: [], payments: [], total: 0, taxTotal: 0 };
    const { id } = await queue.add('/v1/sales', { body });
    await queue.flush();
    service.plays((seen, response) => taken(response, seen));
    await queue.requeue(id, { body: { ...body, total: 5 } });
    expect(await queue.flush()).toMatchObject({ waiting: 0, parked: 0 });
    expect(JSON.parse(service.seen[0]!.body.toString())).toMatchObject({ clientRequestId: id, total: 5 });
  });

  test('one call sends what a sender that was killed has left', async () => {
    const queue = newQueue({ silenceMs: 300, steadyNow: () => performance.now() });
    await queue.add('/v1/products', product('one'));
    const { fence } = await store.turn();
    expect(await store.takeTurn(fence)).toBe(fence + 1);
    await store.beat(fence + 1);
    expect(await queue.flush()).toMatchObject({ waiting: 0 });
  });

  test('what is on a full disk can leave it', async () => {
    const queue = newQueue();
    await queue.add('/v1/products', product('one'));
    store.beat = () => Promise.reject(new QueueError('queue.storage_full', 'full'));
    const put = store.put.bind(store);
    store.put = (entry, fence) =>
      entry.state === 'waiting' ? Promise.reject(new QueueError('queue.storage_full', 'full')) : put(entry, fence);
    service.plays((_, response) => void response.destroy());
    expect(await queue.flush()).toMatchObject({ waiting: 1, stopped: 'no_answer' });
    service.plays((_, response) => taken(response));
    const other = newQueue({ silenceMs: 100, steadyNow: () => performance.now() });
    expect(await other.flush()).toMatchObject({ waiting: 0 });
  });

  test('on a disk that is full for everything else, what is refused holds up nobody', async () => {
    const queue = newQueue();
    for (const name of ['a', 'wrong', 'b']) await queue.add('/v1/products', product(name));
    const full = (): Promise<never> => Promise.reject(new QueueError('queue.storage_full', 'full'));
    store.takeTurn = full;
    const put = store.put.bind(store);
    store.put = (entry, fence) => (entry.state === 'done' ? put(entry, fence) : full());
    service.plays(({ body }, response) =>
      body.includes('wrong') ? problem(response, 422, 'request.invalid') : taken(response),
    );
    expect(await queue.flush()).toMatchObject({ waiting: 1 });
    // It cannot be said that it was refused, so it is asked once more.
    expect(sent()).toEqual(['a', 'wrong', 'b', 'wrong']);
  });

  test('what waits leaves a full disk that has no room for a new session, too', async () => {
    const queue = newQueue();
    for (const name of ['a', 'b']) await queue.add('/v1/products', product(name));
    const { save } = session;
    session.save = () => {
      throw new Error('ENOSPC');
    };
    service.plays((seen, response) => {
      if (seen.path === '/v1/auth/refresh') answer(response, 200, { accessToken: 'next', refreshToken: 'r-next' });
      else if (seen.headers.authorization === 'Bearer a')
        problem(response, 401, 'auth.token_expired', { retriable: true, action: 'refresh_auth' });
      else taken(response);
    });
    expect(await queue.flush()).toMatchObject({ waiting: 0, parked: 0 });
    session.save = save;
  });

  test('what depends on a dismissed entry is parked, also after history made room', async () => {
    const queue = newQueue();
    service.plays((_, response) => problem(response, 422, 'request.invalid'));
    const parent = await queue.add('/v1/products', product('parent'));
    const child = await queue.add('/v1/products', { ...product('child'), dependsOn: [parent.id] });
    await queue.flush();
    service.plays((_, response) => taken(response));
    await queue.dismiss(parent.id, 'rung up again');
    await store.prune(0);
    await queue.flush();
    const parked = { state: 'parked', problem: { code: 'queue.dependency_dismissed', detail: 'rung up again' } };
    expect(await queue.get(child.id)).toMatchObject(parked);
    await queue.dismiss(child.id, 'this one, too');
    // Nothing is open, and the child that comes now makes its own room.
    const storeAdd = store.add.bind(store);
    let full = 1;
    store.add = (entry) =>
      full-- > 0 ? Promise.reject(new QueueError('queue.storage_full', 'full')) : storeAdd(entry);
    const late = await queue.add('/v1/products', { ...product('late'), dependsOn: [parent.id] });
    await queue.flush();
    expect(await queue.get(late.id)).toMatchObject(parked);
    expect(sent()).toEqual([]);
  });

  test('of many that were dismissed the oldest lose their body, and still decide', async () => {
    const queue = newQueue({ keep: 2 });
    service.plays((_, response) => problem(response, 422, 'request.invalid'));
    const ids: string[] = [];
    for (const name of ['a', 'b', 'c', 'd']) {
      const { id } = await queue.add('/v1/products', product(name));
      await queue.flush();
      await queue.dismiss(id, name);
      ids.push(id);
    }
    service.plays((_, response) => taken(response));
    await queue.add('/v1/products', product('e'));
    await queue.flush();
    expect((await store.list('dismissed')).map(({ note, body }) => [note, body])).toEqual([
      ['a', undefined],
      ['b', undefined],
      ['c', '{"name":"c"}'],
      ['d', '{"name":"d"}'],
    ]);
    const child = await queue.add('/v1/products', { ...product('child'), dependsOn: [ids[0]!] });
    await queue.flush();
    expect(await queue.get(child.id)).toMatchObject({ state: 'parked', problem: { detail: 'a' } });
    expect(sent()).toEqual(['e']);
  });

  test('on a full disk a child of what was dismissed holds up nobody, and is parked when there is room', async () => {
    const queue = newQueue();
    service.plays((_, response) => problem(response, 422, 'request.invalid'));
    const parent = await queue.add('/v1/products', product('parent'));
    const child = await queue.add('/v1/products', { ...product('child'), dependsOn: [parent.id] });
    await queue.flush();
    await queue.dismiss(parent.id, 'rung up again');
    for (const name of ['a', 'b']) await queue.add('/v1/products', product(name));
    const put = store.put.bind(store);
    store.put = (entry, fence) =>
      entry.state === 'done' ? put(entry, fence) : Promise.reject(new QueueError('queue.storage_full', 'full'));
    service.plays((_, response) => taken(response));
    expect(await queue.flush()).toMatchObject({ waiting: 1, blocked: 1 });
    expect(sent()).toEqual(['a', 'b']);
    store.put = put;
    expect(await queue.flush()).toMatchObject({ waiting: 0, parked: 1 });
    expect(sent()).toEqual(['a', 'b']);
    expect((await queue.get(child.id))?.state).toBe('parked');
  });

  test('an entry whose dependency cannot be looked up holds up nobody, and the storage is named', async () => {
    const queue = newQueue();
    const child = await queue.add('/v1/products', { ...product('child'), dependsOn: ['broken'] });
    for (const name of ['a', 'b']) await queue.add('/v1/products', product(name));
    const get = store.get.bind(store);
    store.get = (id) => (id === 'broken' ? Promise.reject(new QueueError('queue.storage_failed', 'EMFILE')) : get(id));
    expect(await queue.flush()).toMatchObject({ waiting: 1, blocked: 1, stopped: 'storage' });
    expect(sent()).toEqual(['a', 'b']);
    store.get = get;
    expect(await queue.flush()).toMatchObject({ waiting: 0 });
    expect((await queue.get(child.id))?.state).toBe('done');
  });

  test('a child is parked when its parent is dismissed, without another event', async () => {
    const queue = newQueue();
    service.plays((_, response) => problem(response, 422, 'request.invalid'));
    const parent = await queue.add('/v1/products', product('parent'));
    const child = await queue.add('/v1/products', { ...product('child'), dependsOn: [parent.id] });
    queue.start();
    expect((await queue.settled(parent.id)).state).toBe('parked');
    await queue.dismiss(parent.id, 'rung up again');
    expect(await queue.settled(child.id)).toMatchObject({ state: 'parked' });
  });

  test('history makes room for what a person decides, who is told when there is none', async () => {
    const queue = newQueue();
    service.plays((_, response) => problem(response, 422, 'request.invalid'));
    const { id } = await queue.add('/v1/products', product('bad'));
    await queue.flush();
    const put = store.put.bind(store);
    let full = 2;
    store.put = (entry, fence) =>
      full-- > 0 ? Promise.reject(new QueueError('queue.storage_full', 'full')) : put(entry, fence);
    await expect(queue.dismiss(id, 'no room')).rejects.toThrow('queue.storage_full');
    expect((await queue.get(id))?.state).toBe('parked');
    full = 1;
    await queue.dismiss(id, 'room');
    expect(await queue.get(id)).toMatchObject({ state: 'dismissed', note: 'room' });
  });

  test('two persons at once: what was sent by then is not dismissed', async () => {
    const queue = newQueue();
    service.plays((_, response) => problem(response, 422, 'request.invalid'));
    const { id } = await queue.add('/v1/products', product('bad'));
    await queue.flush();
    service.plays((_, response) => taken(response));
    const other = newQueue();
    const get = store.get.bind(store);
    store.get = async (asked) => {
      const entry = await get(asked);
      store.get = get;
      // Between the look and the decision of the first one.
      await other.requeue(id);
      await other.flush();
      return entry;
    };
    await expect(queue.dismiss(id, 'rung up again')).rejects.toThrow(`queue.not_parked: ${id} is done`);
    expect((await queue.get(id))?.state).toBe('done');
  });

  test('what is dismissed while others are sent is not sent', async () => {
    const queue = newQueue();
    const [first, second] = [
      await queue.add('/v1/products', product('a')),
      await queue.add('/v1/products', product('b')),
    ];
    service.plays(async (_, response) => {
      // It could not be read at that moment.
      await store.put({ ...second, state: 'dismissed', note: 'rung up again' });
      taken(response);
    });
    expect(await queue.flush()).toMatchObject({ waiting: 0 });
    expect(sent()).toEqual(['a']);
    expect([(await queue.get(first.id))?.state, (await queue.get(second.id))?.state]).toEqual(['done', 'dismissed']);
  });

  test('whoever waits for an entry is told that it was sent, also when it is forgotten at once', async () => {
    const queue = newQueue({ keep: 0 });
    const { id } = await queue.add('/v1/products', product('a'));
    const settled = queue.settled(id);
    await until(async () => (await store.count('waiting')) === 1);
    queue.start();
    const { state, answer: none, body } = await settled;
    expect([state, none, body, await queue.get(id)]).toEqual(['done', undefined, '{"name":"a"}', undefined]);
    await expect(queue.settled(id)).rejects.toThrow(RangeError);
  });

  test('of a store that was emptied nobody is told that it was sent', async () => {
    const queue = newQueue();
    await queue.add('/v1/products', product('before'));
    await queue.flush();
    const { id } = await queue.add('/v1/products', product('a'));
    const settled = queue.settled(id);
    settled.catch(() => {});
    const get = store.get.bind(store);
    await get(id);
    Object.assign(store, await newStore());
    await expect(settled).rejects.toThrow(RangeError);
  });

  test('whoever waits may stop at once', async () => {
    const queue = newQueue();
    const { id } = await queue.add('/v1/products', product('a'));
    const controller = new AbortController();
    const settled = queue.settled(id, controller.signal);
    const stopped = expect(settled).rejects.toThrow('enough');
    await sleep(50);
    const began = performance.now();
    controller.abort(new Error('enough'));
    await stopped;
    expect(performance.now() - began).toBeLessThan(900);
    // React Native's has no reason.
    const plain = {
      aborted: true,
      addEventListener: () => {},
      removeEventListener: () => {},
    } as unknown as AbortSignal;
    await expect(queue.settled(id, plain)).rejects.toThrow('aborted');
  });

  test('a listener that throws silences no other, and its error is shown', async () => {
    const queue = newQueue();
    const shown = vi.spyOn(console, 'error').mockImplementation(() => {});
    let told = 0;
    queue.subscribe(() => {
      throw new Error('of the app');
    });
    queue.subscribe(({ waiting }) => (told = waiting));
    await queue.add('/v1/products', product('a'));
    await until(async () => told === 1);
    expect(String(shown.mock.calls[0]![0])).toBe('Error: of the app');
    shown.mockRestore();
  });

  test('an entry cannot depend on what is no id', async () => {
    const queue = newQueue();
    for (const wrong of [undefined, null, 7, '', 'a/b', 'x'.repeat(300)])
      await expect(queue.add('/v1/products', { ...product('a'), dependsOn: [wrong as string] })).rejects.toThrow(
        TypeError,
      );
    expect(await store.count('waiting')).toBe(0);
  });

  test('two senders: one sends, the other takes over when it is silent, and the first one sends nothing more', async () => {
    const [one, two] = [newQueue({ silenceMs: 400 }), newQueue({ silenceMs: 400 })];
    const held: ((go: void) => void)[] = [];
    service.plays(async (_, response) => {
      if (service.seen.length === 1) await new Promise<void>((go) => held.push(go));
      taken(response);
    });
    for (const name of ['a', 'b', 'c']) await one.add('/v1/products', product(name));
    const first = one.flush();
    await until(async () => held.length === 1);
    await two.flush();
    expect(sent(), 'somebody else sends').toEqual(['a']);
    // The one is frozen: its beats stand still. Steady time decides, and not the clock that a person may set.
    const fence = (await store.turn()).fence;
    const beat = store.beat.bind(store);
    store.beat = (given, released) => (given === fence ? Promise.resolve(false) : beat(given, released));
    await two.flush();
    now += 86_400_000;
    await two.flush();
    expect(sent()).toEqual(['a']);
    steady += 400;
    await two.flush();
    expect(sent()).toEqual(['a', 'a', 'b', 'c']);
    store.beat = beat;
    held[0]!();
    await first;
    expect(sent(), 'the first one sends nothing').toEqual(['a', 'a', 'b', 'c']);
    expect(await one.status()).toMatchObject({ waiting: 0 });
    expect(await store.count('done')).toBe(3);
  });

  test('triggers all at once make one sender, and no spinning', async () => {
    const tabs = [newQueue(), newQueue(), newQueue()];
    for (let index = 0; index < 30; ++index) await tabs[index % 3]!.add('/v1/products', product(String(index)));
    for (const tab of tabs) tab.start();
    await Promise.all(tabs.flatMap((tab) => [tab.flush(), tab.flush(), tab.flush()]));
    await until(async () => (await store.count('waiting')) === 0);
    expect(sent()).toEqual(Array.from({ length: 30 }, (_, index) => String(index)));
    const bad = await tabs[0]!.add('/v1/products', product('bad'));
    service.plays((_, response) => problem(response, 422, 'request.invalid'));
    await tabs[0]!.add('/v1/products', { ...product('waits'), dependsOn: [bad.id] });
    await until(async () => (await store.count('parked')) === 1);
    const { fence } = await store.turn();
    await sleep(300);
    expect((await store.turn()).fence - fence).toBeLessThan(10);
  });

  test('changes are told after a stop as well, and the last one always', async () => {
    const queue = newQueue();
    let told: QueueStatus | undefined;
    queue.subscribe((status) => (told = status));
    await queue.add('/v1/products', product('a'));
    queue.start();
    await queue.stop();
    told = undefined;
    await queue.add('/v1/products', product('b'));
    queue.start();
    await until(async () => told?.waiting === 0 && sent().length === 2);
    await queue.stop();
  });

  test('a status that takes long is told seldom', async () => {
    const queue = newQueue({ steadyNow: () => performance.now() });
    let [asked, told] = [0, 0];
    const list = store.list.bind(store);
    store.list = async (state, limit) => {
      asked++;
      await sleep(100);
      return list(state, limit);
    };
    queue.subscribe(({ waiting }) => (told = waiting));
    service.plays((_, response) => problem(response, 422, 'request.invalid'));
    const parked = await queue.add('/v1/products', product('parked'));
    await queue.flush();
    asked = 0;
    const began = performance.now();
    for (let index = 0; index < 20; ++index) {
      await queue.add('/v1/products', { ...product(String(index)), dependsOn: [parked.id] });
      await sleep(30);
    }
    expect(asked).toBeLessThanOrEqual(2 + (performance.now() - began) / 900);
    await until(async () => told === 20);
    store.list = list;
  });

  test('numbers are given once, and not at all by a store that has lost them', async () => {
    const queue = newQueue();
    await expect(queue.nextNumber('till')).rejects.toThrow('queue.number_lost');
    expect(await queue.startNumbers('till', 0)).toBe('started');
    const given = await Promise.all(Array.from({ length: 50 }, () => queue.nextNumber('till')));
    expect(given.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    expect(await queue.startNumbers('till', 48)).toBe('continued');
    // Emptied: the service has seen more than this store knows.
    store = await newStore();
    const emptied = newQueue();
    expect(await emptied.startNumbers('till', 48)).toBe('lost');
    await expect(emptied.nextNumber('till')).rejects.toThrow('queue.number_lost');
    // Restored from a backup: it knows some.
    expect(await queue.startNumbers('till', 51)).toBe('lost');
    await expect(queue.nextNumber('till')).rejects.toThrow('queue.number_lost');
  });

  test('an operation without a key is refused, and one that is added again is there once', async () => {
    const queue = newQueue();
    await expect(queue.add('/v1/auth/logout' as any, {})).rejects.toThrow(/has no key/);
    const once = await queue.add('/v1/products', { ...product('one'), id: 'my-id' });
    expect(await queue.add('/v1/products', { ...product('other'), id: 'my-id' })).toEqual(once);
    await queue.flush();
    expect(sent()).toEqual(['one']);
    const { entries } = JSON.parse(await queue.export());
    expect(entries).toMatchObject([{ id: 'my-id', state: 'done', body: '{"name":"one"}' }]);
  });

  test('what is settled is forgotten above a number, and nothing else', async () => {
    const queue = newQueue({ keep: 5 });
    service.plays((seen, response) =>
      JSON.parse(seen.body.toString()).name === '3' ? problem(response, 422, 'request.invalid') : taken(response),
    );
    for (let index = 0; index < 12; ++index) await queue.add('/v1/products', product(String(index)));
    await queue.flush();
    expect([await store.count('done'), await store.count('parked'), await store.count('waiting')]).toEqual([5, 1, 0]);
  });

  test.runIf(kind === 'files')('a full disk refuses the sale aloud, after history has made room', async () => {
    const queue = newQueue();
    const add = store.add.bind(store);
    let full = 1;
    store.add = (entry) => (full-- > 0 ? Promise.reject(new QueueError('queue.storage_full', 'full')) : add(entry));
    await queue.add('/v1/products', product('fits after all'));
    full = 2;
    await expect(queue.add('/v1/products', product('no room'))).rejects.toThrow('queue.storage_full');
    expect(await store.count('waiting')).toBe(1);
  });
});

test('a folder after crashes: halves of files, and entries in two places', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'e2e-sdk-store-'));
  const store = await fileStore(folder);
  const owner = { userId: 'amina', tenantId: 'duka' };
  const added = await store.add({ id: 'a', owner, target: '/v1/products', body: '{}', dependsOn: [], addedAt: 1 });
  const [name] = await readdir(path.join(folder, 'waiting'));
  const waiting = await readFile(path.join(folder, 'waiting', name!), 'utf8');
  await store.put({ ...added, state: 'done', answer: { status: 201, data: {}, replayed: false } });
  // Killed after the answer was stored, and before the old place was cleared.
  await writeFile(path.join(folder, 'waiting', name!), waiting);
  // A half of long ago, and one that is being written.
  for (const [half, age] of [
    ['new.old', 3_600],
    ['new.fresh', 1],
  ] as const) {
    const at = path.join(folder, 'writing', half);
    await writeFile(at, '{"id":');
    await utimes(at, Date.now() / 1000 - age, Date.now() / 1000 - age);
  }
  const again = await fileStore(folder);
  expect([await again.count('waiting'), await again.count('done')]).toEqual([0, 1]);
  expect(await again.add({ id: 'a', owner, target: '/v1/products', dependsOn: [], addedAt: 2 })).toMatchObject({
    state: 'done',
  });
  expect(await readdir(path.join(folder, 'writing'))).toEqual(['new.fresh']);
  await rm(folder, { recursive: true });
});

describe('a folder that several have open', () => {
  let folder: string;
  const owner = { userId: 'amina', tenantId: 'duka' };
  const entry = (id: string, body = '{}'): NewEntry => ({
    id,
    owner,
    target: '/v1/products',
    body,
    dependsOn: [],
    addedAt: 1,
  });
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'e2e-sdk-store-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('at once: each entry is there once with its own bytes, each number is given once', async () => {
    const stores = await Promise.all([fileStore(folder), fileStore(folder), fileStore(folder)]);
    const names = ['a', 'b', 'c'];
    const bodyOf = (id: string): string => JSON.stringify({ of: id.repeat(id.startsWith('a') ? 400 : 9) });
    const numbers: number[] = [];
    await Promise.all(
      stores.map(async (store, index) => {
        for (let count = 0; count < 30; ++count) {
          const id = `${names[index]}-${count}`;
          await store.add(entry(id, bodyOf(id)));
          await store.add(entry(`shared-${count}`, bodyOf(`shared-${count}`)));
          numbers.push(await store.next('device till'));
          // Whoever comes later takes nothing away.
          if (count % 10 === 0) await fileStore(folder);
        }
      }),
    );
    const listed = await (await fileStore(folder)).list('waiting');
    expect(listed).toHaveLength(120);
    expect(new Set(listed.map(({ id }) => id)).size).toBe(120);
    for (const { id, body } of listed) expect(body).toBe(bodyOf(id));
    expect(new Set(numbers).size).toBe(90);
    expect(await readdir(path.join(folder, 'writing'))).toEqual([]);
  });

  test('what is sent leaves a full disk, also without its answer', async () => {
    const store = await fileStore(folder);
    const [old, sent, refused] = [
      await store.add(entry('old')),
      await store.add(entry('a')),
      await store.add(entry('b')),
    ];
    await store.put({ ...old, state: 'done' });
    Object.assign(store, { replace: () => Promise.reject(new QueueError('queue.storage_full', 'full')) });
    expect(await store.put({ ...sent, state: 'done' })).toBe(true);
    expect((await store.list('done')).map(({ id }) => id)).toEqual(['a']);
    expect(await store.put({ ...refused, state: 'parked' })).toBe(true);
    const parked = await fileStore(folder);
    expect(await parked.count('waiting')).toBe(0);
    expect(await parked.list('parked')).toMatchObject([{ id: 'b', state: 'parked' }]);
    // A person can clear it away, without the note.
    expect(await store.put({ ...refused, state: 'dismissed', note: 'x' })).toBe(true);
    const again = await fileStore(folder);
    expect([await again.count('waiting'), await again.count('parked')]).toEqual([0, 0]);
    expect(await again.list('dismissed')).toMatchObject([{ id: 'b', body: '{}' }]);
  });

  test('order, ids and what is parked are known to all', async () => {
    const [one, two] = [await fileStore(folder), await fileStore(folder)];
    for (const id of ['a1', 'a2', 'a3']) await one.add(entry(id));
    await two.add(entry('b1'));
    await one.add(entry('a4'));
    expect((await two.list('waiting')).map(({ id }) => id)).toEqual(['a1', 'a2', 'a3', 'b1', 'a4']);
    const again = await two.add(entry('a1', '{"v":2}'));
    expect(again).toMatchObject({ number: 1, body: '{}' });
    expect(await one.count('waiting')).toBe(5);
    const parent = (await one.get('a2'))!;
    await one.put({ ...parent, state: 'parked' });
    expect(await two.get('a2')).toMatchObject({ state: 'parked' });
    // Back again by the other one; who comes then finds it once, where it belongs.
    await two.put({ ...parent, state: 'waiting' });
    const three = await fileStore(folder);
    expect([await three.count('waiting'), await three.count('parked')]).toEqual([5, 0]);
    expect((await one.get('a2'))?.state).toBe('waiting');
    await one.put({ ...parent, state: 'done' });
    await one.prune(0);
    expect([await two.get('a2'), await three.get('a2')]).toEqual([undefined, undefined]);
  });

  test('in a process that came before, a child waits for its parked parent', async () => {
    const service = await ScriptedService.start((seen, response) =>
      seen.path === '/v1/products' ? problem(response, 422, 'request.invalid') : taken(response),
    );
    const session = memorySession();
    await session.save({ ...owner, accessToken: 'a' });
    const queueOf = (store: QueueStore): OfflineQueue =>
      new OfflineQueue({ store, client: createClient({ baseUrl: service.url, session, attempts: 1 }) });
    const [before, other] = [queueOf(await fileStore(folder)), queueOf(await fileStore(folder))];
    await other.add('/v1/products', { body: { name: 'x' }, id: 'parent' });
    expect(await other.flush()).toMatchObject({ parked: 1 });
    await before.add('/v1/categories', { body: { name: 'y' }, id: 'child', dependsOn: ['parent'] });
    expect(await before.flush()).toMatchObject({ waiting: 1, blocked: 1 });
    expect((await before.settled('parent')).state).toBe('parked');
    await service.stop();
  });

  test('one file that cannot be read is parked with its bytes; the others are sent, and all is exported', async () => {
    const service = await ScriptedService.start((_, response) => taken(response));
    const session = memorySession();
    await session.save({ ...owner, accessToken: 'a' });
    const client = createClient({ baseUrl: service.url, session });
    const filled = new OfflineQueue({ client, store: await fileStore(folder) });
    for (const id of ['one', 'empty', 'half', 'swapped', 'five'])
      await filled.add('/v1/products', { body: { name: id }, id });
    const at = (name: string): string => path.join(folder, 'waiting', name);
    const [first, empty, half, swapped] = (await readdir(at('.'))).sort();
    await truncate(at(empty!), 0);
    await truncate(at(half!), 40);
    await writeFile(at(swapped!), await readFile(at(first!)));
    // What others leave there.
    for (const name of ['.DS_Store', '000000000009-%E0%A4%A.json', '.nfs0001']) await writeFile(at(name), '');
    const queue = new OfflineQueue({ client, store: await fileStore(folder) });
    expect(await queue.flush()).toMatchObject({ waiting: 0, parked: 3 });
    expect(service.seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['one', 'five']);
    const parked = await queue.parked();
    expect(parked.map(({ id, problem: why }) => [id, why?.code])).toEqual(
      ['empty', 'half', 'swapped'].map((id) => [id, 'queue.unreadable']),
    );
    expect(parked[1]!.body).toHaveLength(40);
    await expect(queue.requeue('half')).rejects.toThrow('queue.unreadable');
    expect(JSON.parse(await queue.export()).entries).toHaveLength(5);
    await queue.dismiss('half', 'rung up again');
    expect(await readdir(path.join(folder, 'unreadable'))).toHaveLength(3);
    await service.stop();
  });

  // A virus scanner has it open, or root has written it.
  test('a file that cannot be opened for a moment is shown, and sent when it can', async () => {
    const store = await fileStore(folder);
    const service = await ScriptedService.start((_, response) => taken(response));
    const session = memorySession();
    await session.save({ ...owner, accessToken: 'a', refreshToken: 'r' });
    const queue = new OfflineQueue({ client: createClient({ baseUrl: service.url, session, attempts: 1 }), store });
    for (const id of ['a1', 'a2']) await store.add(entry(id));
    await store.add({ ...entry('a3'), dependsOn: ['a1'] });
    const [name] = (await readdir(path.join(folder, 'waiting'))).filter((one) => one.includes('a1'));
    const [file, aside] = [path.join(folder, 'waiting', name!), path.join(folder, 'aside')];
    // Reading it is EIO, also for root.
    await rename(file, aside);
    await symlink('/proc/self/mem', file);
    expect(await queue.status()).toMatchObject({ waiting: 2, parked: 1, unreadable: 1 });
    // Nobody waits for ever for what may never be readable; what is for a moment is waited for.
    expect(await queue.settled('a1')).toMatchObject({ id: 'a1', problem: { code: 'queue.unreadable' } });
    expect(await queue.flush()).toMatchObject({ waiting: 1, parked: 1 });
    expect(await queue.parked()).toMatchObject([{ id: 'a1', problem: { code: 'queue.unreadable' } }]);
    await expect(queue.add('/v1/products', { id: 'a1', body: { name: 'again' } })).rejects.toThrow('queue.unreadable');
    const settled = queue.settled('a1');
    await rename(aside, file);
    await queue.flush();
    expect(await settled).toMatchObject({ id: 'a1', state: 'done' });
    expect(await queue.status()).toMatchObject({ waiting: 0, parked: 0, unreadable: 0 });
    expect(service.seen.map(({ headers }) => headers['idempotency-key'])).toEqual(['a2', 'a1', 'a3']);
    await service.stop();
  });

  const filled = async (service: ScriptedService): Promise<{ store: QueueStore; queue: OfflineQueue }> => {
    const store = await fileStore(folder);
    const session = memorySession();
    await session.save({ ...owner, accessToken: 'a', refreshToken: 'r' });
    const client = createClient({ baseUrl: service.url, session, attempts: 1 });
    return { store, queue: new OfflineQueue({ client, store, pauseMs: 1, silenceMs: 300 }) };
  };
  const fileOf = async (state: string, id: string): Promise<string> => {
    const name = (await readdir(path.join(folder, state))).find((one) => one.endsWith(`-${id}.json`));
    return path.join(folder, state, name!);
  };
  // Reading it is EIO then, also for root. Gives what makes it readable again, wherever it is by then.
  async function hide(file: string): Promise<(state: string) => Promise<void>> {
    const aside = path.join(folder, `aside-${path.basename(file)}`);
    await rename(file, aside);
    await symlink('/proc/self/mem', file);
    return (state) => rename(aside, path.join(folder, state, path.basename(file)));
  }
  const keys = (service: ScriptedService): unknown[] => service.seen.map(({ headers }) => headers['idempotency-key']);

  test('of a settled entry whose file cannot be read the state is known, and nothing is sent a second time', async () => {
    const service = await ScriptedService.start((seen, response) =>
      seen.body.includes('bad') ? problem(response, 422, 'request.invalid') : taken(response),
    );
    const { queue } = await filled(service);
    for (const name of ['sent', 'torn', 'bad']) await queue.add('/v1/products', { id: name, body: { name } });
    await queue.flush();
    await queue.dismiss('bad', 'rung up again');
    await hide(await fileOf('done', 'sent'));
    await truncate(await fileOf('done', 'torn'), 0);
    await truncate(await fileOf('dismissed', 'bad'), 20);
    const again = (await filled(service)).queue;
    for (const id of ['sent', 'torn'])
      expect(await again.add('/v1/products', { id, body: { name: id } })).toMatchObject({ id, state: 'done' });
    expect(await again.settled('sent')).toMatchObject({ state: 'done' });
    await again.add('/v1/products', { id: 'child', body: { name: 'child' }, dependsOn: ['bad'] });
    await again.add('/v1/products', { id: 'other', body: { name: 'other' }, dependsOn: ['sent', 'torn'] });
    expect(await again.flush()).toMatchObject({ waiting: 0, parked: 1 });
    expect(await again.get('child')).toMatchObject({ problem: { code: 'queue.dependency_dismissed' } });
    expect(keys(service)).toEqual(['sent', 'torn', 'bad', 'other']);
    await service.stop();
  });

  test('what is dismissed while it cannot be read keeps its bytes and has its note, and is never sent', async () => {
    const service = await ScriptedService.start((_, response) => taken(response));
    const { queue } = await filled(service);
    await queue.add('/v1/products', { id: 'hidden', body: { name: 'the bytes' } });
    await queue.add('/v1/products', { id: 'child', body: { name: 'child' }, dependsOn: ['hidden'] });
    const show = await hide(await fileOf('waiting', 'hidden'));
    await queue.dismiss('hidden', 'rung up again');
    const hidden = { state: 'dismissed', note: 'rung up again', problem: { code: 'queue.unreadable' } };
    expect(await queue.get('hidden')).toMatchObject(hidden);
    expect(await queue.flush()).toMatchObject({ waiting: 0, parked: 1, unreadable: 0 });
    await show('dismissed');
    for (const each of [queue, (await filled(service)).queue]) {
      const { problem: none, ...whole } = (await each.get('hidden'))!;
      expect(whole).toMatchObject({ state: 'dismissed', note: 'rung up again', body: '{"name":"the bytes"}' });
      expect([none, Number.isFinite(whole.settledAt)]).toEqual([undefined, true]);
      expect(await each.add('/v1/products', { id: 'hidden', body: { name: 'x' } })).toMatchObject({ id: 'hidden' });
      expect(await each.flush()).toMatchObject({ waiting: 0, parked: 1 });
    }
    expect((await queue.get('child'))?.problem).toMatchObject({ detail: 'rung up again' });
    expect(keys(service)).toEqual([]);
    await service.stop();
  });

  test('what one process cannot read and dismisses, another one that has it does not bring back', async () => {
    const service = await ScriptedService.start((_, response) => taken(response));
    const { store } = await filled(service);
    const other = await fileStore(folder);
    const fence = (await store.takeTurn(0))!;
    const known = await store.add(entry('a'));
    const placeholder = {
      ...known,
      problem: { code: 'queue.unreadable', title: '', status: 0, action: 'contact', retriable: false },
    };
    expect(await other.put({ ...placeholder, state: 'dismissed', note: 'n' })).toBe(true);
    for (const state of ['waiting', 'parked'] as const) expect(await store.put({ ...known, state }, fence)).toBe(false);
    expect([await store.count('waiting'), await store.count('parked')]).toEqual([0, 0]);
    expect(await store.get('a')).toMatchObject({ state: 'dismissed', note: 'n' });
    // Sent after all: it had left before.
    expect(await store.put({ ...known, state: 'done' }, fence)).toBe(true);
    expect((await (await fileStore(folder)).get('a'))?.state).toBe('done');
    // A sender that was frozen, and a person, come too late.
    for (const late of [fence, undefined]) expect(await other.put({ ...known, state: 'parked' }, late)).toBe(false);
    expect([await other.count('waiting'), await other.count('parked')]).toEqual([0, 0]);
    expect((await other.get('a'))?.state).toBe('done');
    await service.stop();
  });

  const form = { owner, target: '/v1/products', dependsOn: [], addedAt: 1, attempts: 0, body: '{"name":"bad"}' };
  test.each<[string, object]>([
    ['a body that is no text', { body: { name: 'x' } }],
    ['a target that is no path', { target: 'nonsense' }],
    ['a target elsewhere', { target: '//elsewhere/v1/products' }],
    ['a target of a whole address', { target: 'http://127.0.0.1:9/v1/products' }],
    ['a dependency that is a number', { dependsOn: [1] }],
    ['a pause that is a text', { pause: 'x' }],
    ['a pause without its times', { pause: {} }],
    ['attempts that are a text', { attempts: 'x' }],
    ['a problem that is a text', { problem: 'x', attempts: 9 }],
    ['an owner without a tenant', { owner: { userId: 'u' } }],
    ['a time that is a text', { addedAt: 'x' }],
  ])('a file of another form is parked with its bytes, and the others are sent: %s', async (_, more) => {
    const service = await ScriptedService.start((__, response) => taken(response));
    const { queue } = await filled(service);
    const text = JSON.stringify({ id: 'bad', number: 1, state: 'waiting', ...form, ...more });
    await writeFile(path.join(folder, 'waiting/000000000001-bad.json'), text);
    await queue.add('/v1/products', { id: 'good', body: { name: 'good' } });
    expect(await queue.flush()).toMatchObject({ waiting: 0, parked: 1 });
    expect(await queue.parked()).toMatchObject([{ id: 'bad', body: text, problem: { code: 'queue.unreadable' } }]);
    expect(keys(service)).toEqual(['good']);
    await service.stop();
  });

  test('a pipe, a socket, a device and a folder in the place of files hold up nothing', async () => {
    const service = await ScriptedService.start((_, response) => taken(response));
    const { queue } = await filled(service);
    const at = (name: string): string => path.join(folder, 'waiting', `00000000000${name}.json`);
    const pipes = ['1-pipe', '2-other'].map(at);
    await promisify(execFile)('mkfifo', [...pipes, path.join(folder, 'turns/beat'), path.join(folder, 'session')]);
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(at('3-socket'), resolve));
    await symlink('/dev/zero', at('4-zero'));
    await mkdir(at('5-folder'));
    expect(await fileSession(path.join(folder, 'session')).load()).toBeNull();
    await queue.add('/v1/products', { id: 'good', body: { name: 'good' } });
    expect(await queue.flush()).toMatchObject({ waiting: 0, parked: 5 });
    expect(keys(service)).toEqual(['good']);
    expect((await queue.parked()).map(({ id }) => id)).toEqual(['pipe', 'other', 'socket', 'zero', 'folder']);
    await new Promise((resolve) => socket.close(resolve));
    await service.stop();
  });

  test.each(['999999999999999', '999999999999998', '900000000000001', '999999999999', '9007199254740993'])(
    'a name of %s leaves the others their numbers, and all are sent',
    async (number) => {
      const service = await ScriptedService.start((_, response) => taken(response));
      const text = JSON.stringify({ ...form, id: 'x', state: 'waiting' });
      await filled(service);
      await writeFile(path.join(folder, `waiting/${number}-x.json`), text);
      for (const name of ['numbers', 'turns', 'counts/device%20till']) {
        await mkdir(path.join(folder, name), { recursive: true });
        await writeFile(path.join(folder, name, number), '');
      }
      const { queue, store } = await filled(service);
      for (const id of ['a', 'b', 'c']) await queue.add('/v1/products', { id, body: { name: id } });
      const numbers = (await store.list('waiting')).filter(({ id }) => id !== 'x').map((one) => one.number);
      expect(numbers).toHaveLength(3);
      expect(numbers.every(Number.isSafeInteger)).toBe(true);
      const given = [await store.next('device till'), await store.next('device till')];
      expect(given[1]).toBe(given[0]! + 1);
      expect(await queue.flush()).toMatchObject({ waiting: 0, parked: 0 });
      expect(keys(service).filter((key) => key !== 'x')).toEqual(['a', 'b', 'c']);
      await service.stop();
    },
  );

  test('where no number is left above a name, whoever adds is told, and what waits is sent', async () => {
    const service = await ScriptedService.start((_, response) => taken(response));
    const text = JSON.stringify({ ...form, id: 'x', state: 'waiting' });
    await filled(service);
    await writeFile(path.join(folder, 'waiting/900000000000000-x.json'), text);
    const { queue } = await filled(service);
    await expect(queue.add('/v1/products', { id: 'a', body: { name: 'a' } })).rejects.toThrow('queue.storage_failed');
    expect(await queue.flush()).toMatchObject({ waiting: 0 });
    expect(keys(service)).toEqual(['x']);
    await service.stop();
  });

  test.each(['1.5', 'Infinity', '-3', '1e3', '9999999999999999', 'elsewhere'])(
    'an id whose link says %s gets a number that is seen',
    async (target) => {
      const store = await fileStore(folder);
      await symlink(target, path.join(folder, 'ids/a'));
      const { number } = await store.add(entry('a'));
      expect(await store.list('waiting')).toMatchObject([{ id: 'a', number }]);
    },
  );

  test('on a full disk a broken file is shown where it is, once, and the others are sent', async () => {
    const service = await ScriptedService.start((_, response) => taken(response));
    const { queue, store } = await filled(service);
    for (const id of ['torn', 'good']) await queue.add('/v1/products', { id, body: { name: id } });
    const file = await fileOf('waiting', 'torn');
    await truncate(file, 9);
    const real = (store as any).replace;
    Object.assign(store, { replace: () => Promise.reject(new QueueError('queue.storage_full', 'full')) });
    for (let look = 0; look < 3; ++look) expect(await queue.status()).toMatchObject({ parked: 1 });
    expect(await queue.flush()).toMatchObject({ waiting: 0, parked: 1, unreadable: 1 });
    expect(keys(service)).toEqual(['good']);
    expect([await readdir(path.join(folder, 'unreadable')), await fileOf('waiting', 'torn')]).toEqual([[], file]);
    Object.assign(store, { replace: real });
    expect(await queue.parked()).toMatchObject([{ id: 'torn', state: 'parked', body: '{"id":"to' }]);
    expect(await readdir(path.join(folder, 'unreadable'))).toHaveLength(1);
    await service.stop();
  });

  test('an id of dots is one as any other, for all', async () => {
    for (const id of ['.', '..', '...']) {
      const added = await (await fileStore(folder)).add(entry(id));
      expect(await (await fileStore(folder)).add(entry(id, '{"v":2}'))).toEqual(added);
    }
  });

  test("a file of somebody else's among the counts is passed over", async () => {
    const store = await fileStore(folder);
    expect(await store.next('device till')).toBe(1);
    for (const place of ['counts/device%20till', 'turns', 'numbers', 'ids'])
      for (const name of ['.DS_Store', 'NaN', '1e9', '7 (conflict)'])
        await writeFile(path.join(folder, place, name), '');
    await mkdir(path.join(folder, 'numbers/.stfolder'));
    const again = await fileStore(folder);
    expect([await again.next('device till'), await again.last('device till')]).toEqual([2, 2]);
    expect(await again.takeTurn(0)).toBe(1);
    expect(await again.add(entry('a'))).toMatchObject({ number: 1 });
  });

  test('a session in a file outlives the process', async () => {
    const file = path.join(folder, 'session.json');
    expect(await fileSession(file).load()).toBeNull();
    await fileSession(file).save({ ...owner, accessToken: 'a' });
    expect(await fileSession(file).load()).toEqual({ ...owner, accessToken: 'a' });
    await fileSession(file).save(null);
    expect(await fileSession(file).load()).toBeNull();
  });
});
