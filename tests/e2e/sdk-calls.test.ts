// The SDK's calls against a service that answers as each test says: what is repeated, with which key, body and token, and what is not.
import { createHash, createHmac, generateKeyPairSync, randomBytes, randomUUID, sign } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  ApiError,
  type Client,
  type ClientOptions,
  Clock,
  createClient,
  memorySession,
  newId,
  retryAfter,
  type Session,
  storedSession,
  unwrap,
} from '../../clients/typescript/src/index.js';
import { Live, type LiveMessage, type Transport } from '../../clients/typescript/src/realtime.js';
import { uploadResumable } from '../../clients/typescript/src/uploads.js';
import { verifyWebhook, WebhookError } from '../../clients/typescript/src/webhooks.js';
import { type Act, answer, problem, ScriptedService, taken } from './support/sdk.js';
import { until } from './support/until.js';

let service: ScriptedService;
const quick = { pauseMs: 1, random: () => 0 };

beforeAll(async () => {
  service = await ScriptedService.start((_, response) => answer(response, 200, {}));
});
beforeEach(() => service.plays((_, response) => answer(response, 200, {})));
afterAll(() => service.stop());

const amina: Session = { userId: 'amina', tenantId: 'duka', accessToken: 'old', refreshToken: 'first' };
async function signedIn(more: Partial<ClientOptions> = {}, session = memorySession()): Promise<Client> {
  await session.save(amina);
  return createClient({ baseUrl: service.url, session, ...quick, ...more });
}
const sale = {
  locationId: randomUUID(),
  occurredAt: new Date().toISOString(),
  lines: [],
  payments: [],
  taxTotal: 0,
  total: 0,
};
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

// A service whose access token has expired; a refresh gives another one.
function expired(): { refreshes: () => number } {
  let refreshes = 0;
  service.plays((seen, response) => {
    if (seen.path === '/v1/auth/refresh') {
      refreshes++;
      return answer(response, 200, { accessToken: 'new', refreshToken: 'second' });
    }
    if (seen.headers.authorization === 'Bearer new')
      return answer(response, 200, { id: randomUUID(), data: [], nextCursor: null });
    return problem(response, 401, 'auth.token_expired', { retriable: true, action: 'refresh_auth' });
  });
  return { refreshes: () => refreshes };
}

describe('a token that has expired', () => {
  test('is refreshed once for 50 calls at the same time', async () => {
    const { refreshes } = expired();
    const api = await signedIn();
    const results = await Promise.all(Array.from({ length: 50 }, () => api.get('/v1/products')));
    expect(results.every((result) => result.ok)).toBe(true);
    expect(refreshes()).toBe(1);
    expect(await api.session.load()).toMatchObject({ accessToken: 'new', refreshToken: 'second' });
  });

  test('is refreshed by each of two tabs at most once, and both go on', async () => {
    const { refreshes } = expired();
    const kept = new Map<string, string>();
    const storage = {
      getItem: (name: string) => kept.get(name) ?? null,
      setItem: (name: string, value: string) => void kept.set(name, value),
      removeItem: (name: string) => void kept.delete(name),
    };
    const tabs = await Promise.all([signedIn({}, storedSession(storage)), signedIn({}, storedSession(storage))]);
    const results = await Promise.all(tabs.map((tab) => tab.get('/v1/products')));
    expect(results.map((result) => result.ok)).toEqual([true, true]);
    expect(refreshes()).toBeLessThanOrEqual(2);
    expect(storedSession(storage).load()).toMatchObject({ refreshToken: 'second' });
    // Who comes later finds it done.
    const before = refreshes();
    const late = createClient({ baseUrl: service.url, session: storedSession(storage), ...quick });
    expect((await late.get('/v1/products')).ok).toBe(true);
    expect(refreshes()).toBe(before);
  });

  test.each<[string, unknown]>([
    ['JSON', { name: 'Sukari', variants: [] }],
    [
      'a form with a file',
      (() => {
        const form = new FormData();
        form.set('file', new Blob(['sugar'], { type: 'image/png' }), 'sugar.png');
        return form;
      })(),
    ],
    ['a Blob', new Blob([new Uint8Array(100_000).fill(7)], { type: 'image/png' })],
  ])('the repetition sends the same body: %s', async (kind, body) => {
    expired();
    const api = await signedIn();
    expect((await api.call('POST', kind === 'JSON' ? '/v1/products' : '/v1/images', { body })).ok).toBe(true);
    const [first, , second] = service.seen;
    const plain = ({ body: bytes, headers }: typeof first & object): string => {
      const boundary = /boundary=(.*)$/.exec(String(headers['content-type']))?.[1];
      return digest(boundary ? Buffer.from(bytes.toString('latin1').replaceAll(boundary, '-'), 'latin1') : bytes);
    };
    expect(first!.body.length).toBeGreaterThan(4);
    expect(plain(second!)).toBe(plain(first!));
    expect(second!.headers['idempotency-key']).toBe(first!.headers['idempotency-key']);
  });

  test('a stream is refused before anything is sent', async () => {
    const api = await signedIn();
    const stream = new Blob(['x']).stream();
    await expect(api.call('POST', '/v1/images', { body: stream })).rejects.toThrow(/cannot be sent twice/);
    expect(service.seen).toEqual([]);
  });

  test('a second 401 ends it', async () => {
    service.plays((seen, response) =>
      seen.path === '/v1/auth/refresh'
        ? answer(response, 200, { accessToken: 'new', refreshToken: 'second' })
        : problem(response, 401, 'auth.token_expired', { retriable: true, action: 'refresh_auth' }),
    );
    const result = await (await signedIn()).get('/v1/products');
    expect(result).toMatchObject({ ok: false, status: 401, error: { code: 'auth.token_expired' } });
    expect(service.seen.map((seen) => seen.path)).toEqual(['/v1/products', '/v1/auth/refresh', '/v1/products']);
  });

  test('a refused refresh says so, and keeps the session for the queue', async () => {
    let told = 0;
    service.plays((_, response) => problem(response, 401, 'auth.invalid_refresh_token', { action: 'refresh_auth' }));
    const api = await signedIn({ onSignedOut: () => told++ });
    expect(await api.get('/v1/products')).toMatchObject({ ok: false, error: { code: 'client.signed_out' } });
    expect(told).toBe(1);
    expect(await api.session.load()).toMatchObject({ userId: 'amina' });
  });

  test('a log-out or another log-in while it is refreshed wins', async () => {
    const api = await signedIn();
    const other = { userId: 'brian', tenantId: 'duka', accessToken: 'b', refreshToken: 'b' };
    service.plays(async (seen, response) => {
      if (seen.path !== '/v1/auth/refresh')
        return problem(response, 401, 'auth.token_expired', { action: 'refresh_auth' });
      await api.session.save(other);
      answer(response, 200, { accessToken: 'new', refreshToken: 'second' });
    });
    expect(await api.get('/v1/products')).toMatchObject({ ok: false, error: { code: 'client.wrong_caller' } });
    expect(await api.session.load()).toEqual(other);
  });
});

describe('a session and those who lie', () => {
  const expiredThen = (act: Act): void =>
    service.plays((seen, response, request) =>
      seen.path === '/v1/auth/refresh'
        ? act(seen, response, request)
        : problem(response, 401, 'auth.token_expired', { retriable: true, action: 'refresh_auth' }),
    );

  test.each<[string, Act]>([
    ['an empty object', (_, response) => answer(response, 200, {})],
    ['nothing', (_, response) => answer(response, 204)],
    ['nothing, of nobody', (_, response) => void response.writeHead(204).end()],
    ["a portal's 403", (_, response) => void response.writeHead(403, { 'content-type': 'text/html' }).end('<h1>')],
    ["a portal's 401", (_, response) => void response.writeHead(401, { 'content-type': 'text/html' }).end('<h1>')],
  ])('a refresh that is answered by %s ends nothing', async (_, act) => {
    let told = 0;
    expiredThen(act);
    const api = await signedIn({ onSignedOut: () => told++ });
    expect(await api.get('/v1/products')).toMatchObject({ ok: false, error: { code: 'client.foreign_answer' } });
    expect([told, await api.session.load()]).toEqual([0, amina]);
  });

  test.each([{}, null, { user: {}, tenant: {} }, undefined])(
    'a log-in that is answered by %j is none',
    async (body) => {
      service.plays((_, response) => answer(response, body === undefined ? 204 : 200, body));
      const api = await signedIn();
      expect(await api.logIn({ email: 'a@b.example', password: 'p' })).toMatchObject({
        ok: false,
        error: { code: 'client.foreign_answer' },
      });
      expect(await api.session.load()).toEqual(amina);
    },
  );

  test('a log-out that is slow leaves the next one signed in, and ends its own', async () => {
    let let_go = (): void => {};
    const held = new Promise<void>((resolve) => (let_go = resolve));
    service.plays(async (seen, response) => {
      if (seen.path === '/v1/auth/refresh')
        return answer(response, 200, { accessToken: 'new', refreshToken: 'second' });
      if (seen.headers.authorization !== 'Bearer new')
        return problem(response, 401, 'auth.token_expired', { retriable: true, action: 'refresh_auth' });
      await held;
      answer(response, 204);
    });
    const api = await signedIn();
    const leaving = api.logOut();
    await until(async () => service.seen.length === 3);
    expect(await api.session.load()).toBeNull();
    const brian = { userId: 'brian', tenantId: 'duka', accessToken: 'b', refreshToken: 'b' };
    await api.session.save(brian);
    let_go();
    await leaving;
    expect(await api.session.load()).toEqual(brian);
    expect(service.seen.at(-1)!.path).toBe('/v1/auth/logout');
  });
});

describe('what is sent again', () => {
  const after = (times: number, fail: (response: any) => void): void =>
    service.plays((seen, response) => {
      if (service.seen.length <= times) fail(response);
      else taken(response, seen);
    });

  test.each<[string, (response: any) => void]>([
    [
      'a retriable problem',
      (response) => problem(response, 503, 'db.unavailable', { retriable: true, action: 'retry' }),
    ],
    [
      'a busy key',
      (response) => problem(response, 409, 'idempotency.in_progress', { retriable: true, action: 'retry' }),
    ],
    ['a cut connection', (response) => response.destroy()],
    [
      'a cut body',
      (response) => {
        response.writeHead(201, { 'content-type': 'application/json', 'content-length': '100' });
        response.write('{"id"');
        setTimeout(() => response.destroy(), 5);
      },
    ],
    ['a proxy', (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>')],
    [
      "the log-in page of a hotel's Wi-Fi",
      (response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Room?</h1>'),
    ],
    [
      'JSON that is broken',
      (response) => response.writeHead(201, { 'content-type': 'application/json' }).end('{"id":'),
    ],
  ])('%s: the same key and bytes', async (_, fail) => {
    after(2, fail);
    const result = await (await signedIn()).post('/v1/sales', { body: sale });
    expect(result).toMatchObject({ ok: true, status: 201 });
    const keys = service.seen.map((seen) => seen.headers['idempotency-key']);
    expect(keys).toHaveLength(3);
    expect(new Set([...keys, result.key])).toHaveProperty('size', 1);
    expect(new Set(service.seen.map((seen) => digest(seen.body))).size).toBe(1);
    expect(JSON.parse(service.seen[0]!.body.toString()).clientRequestId).toBe(result.key);
  });

  test('the caller sets the key', async () => {
    service.plays((seen, response) => taken(response, seen));
    const api = await signedIn();
    const inBody = randomUUID();
    await api.post('/v1/products', { body: { name: 'Sukari' }, key: 'my-key' });
    await api.post('/v1/sales', { body: { ...sale, clientRequestId: inBody } });
    expect(service.seen.map((seen) => seen.headers['idempotency-key'])).toEqual(['my-key', inBody]);
  });

  test.each([
    ['422', 422, 'sale.total_mismatch'],
    ['a final 500', 500, 'server.internal'],
    ['403', 403, 'auth.forbidden'],
  ])('%s is told at once', async (_, status, code) => {
    service.plays((__, response) => problem(response, status, code));
    const result = await (await signedIn()).post('/v1/sales', { body: sale });
    expect(result).toMatchObject({ ok: false, status, error: { code, retriable: false } });
    expect(service.seen).toHaveLength(1);
  });

  // What the attempts are answered with, one after the other.
  const plays = (acts: ((response: any) => void)[]): void =>
    service.plays((seen, response) => {
      if (seen.path === '/v1/auth/refresh')
        return answer(response, 200, { accessToken: 'new', refreshToken: 'second' });
      acts.shift()!(response);
    });
  const lost = (response: any): void => response.destroy();
  const portal = (response: any): void => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>');
  const says =
    (status: number, code: string, action?: string) =>
    (response: any): void =>
      problem(response, status, code, { retriable: action !== undefined, ...(action && { action }) });
  const refused = says(422, 'sale.total_mismatch');
  test.each<[string, ((response: any) => void)[], string, true | undefined]>([
    ['a refusal at once', [refused], 'sale.total_mismatch', undefined],
    ['a refusal after a lost answer', [lost, refused], 'sale.total_mismatch', true],
    ['a refusal after two', [lost, says(429, 'request.rate_limited', 'retry'), refused], 'sale.total_mismatch', true],
    ["a refusal after a proxy's answer", [portal, refused], 'sale.total_mismatch', true],
    [
      'a refusal after an outcome that nobody knows',
      [says(503, 'db.outcome_unknown', 'retry'), refused],
      'sale.total_mismatch',
      true,
    ],
    [
      'a refusal while the key was busy',
      [says(409, 'idempotency.in_progress', 'retry'), refused],
      'sale.total_mismatch',
      true,
    ],
    [
      'a refusal after too many requests',
      [says(429, 'request.rate_limited', 'retry'), refused],
      'sale.total_mismatch',
      undefined,
    ],
    [
      'a refusal after a refresh',
      [says(401, 'auth.token_expired', 'refresh_auth'), refused],
      'sale.total_mismatch',
      undefined,
    ],
    [
      'a refusal after a lost answer and a refresh',
      [lost, says(401, 'auth.token_expired', 'refresh_auth'), refused],
      'sale.total_mismatch',
      true,
    ],
    ['no answer at all', [lost, lost, lost], 'client.no_answer', true],
    ['a final error of the service', [says(503, 'payment.off')], 'payment.off', undefined],
  ])('%s says whether an attempt may have arrived', async (_, acts, code, mayHaveArrived) => {
    plays(acts);
    const result = await (await signedIn()).post('/v1/sales', { body: sale });
    expect([!result.ok && result.error.code, !result.ok && result.error.mayHaveArrived]).toEqual([
      code,
      mayHaveArrived,
    ]);
  });

  test('a call that is ended says whether it may have arrived', async () => {
    const ending = new AbortController();
    service.plays(() => ending.abort());
    const api = await signedIn();
    const first = await api.post('/v1/sales', { body: sale, signal: ending.signal });
    expect(!first.ok && first.error).toMatchObject({ code: 'client.aborted', mayHaveArrived: true });
    const second = await api.post('/v1/sales', { body: sale, signal: ending.signal });
    expect(!second.ok && second.error.mayHaveArrived).toBe(undefined);
    // Its turn has gone between two attempts.
    plays([lost]);
    const target = '/v1/sales';
    const caller = { userId: 'amina', tenantId: 'duka' };
    const sending = api.send({
      method: 'POST',
      target,
      body: sale,
      repeatable: true,
      caller,
      maySend: async () => service.seen.length === 0,
    });
    expect(await sending).toMatchObject({ ok: false, error: { code: 'client.aborted', mayHaveArrived: true } });
  });

  test('a change without a key is not repeated when nobody knows whether it was made', async () => {
    service.plays((_, response) => void response.destroy());
    const api = await signedIn();
    const result = await api.patch('/v1/products/{id}', { path: { id: 'p' }, version: 7, body: { name: 'Sukari' } });
    expect(result).toMatchObject({ ok: false, status: 0, error: { code: 'client.no_answer', action: 'retry' } });
    expect(service.seen).toHaveLength(1);
    expect(service.seen[0]!.headers['if-match']).toBe('"7"');
  });

  test('Retry-After is waited for, and one that is too long is told', async () => {
    service.plays((_, response) =>
      service.seen.length === 1
        ? problem(response, 429, 'request.rate_limited', { retriable: true, action: 'retry', retryAfterMs: 300 })
        : answer(response, 200, {}),
    );
    const api = await signedIn();
    const began = performance.now();
    expect((await api.get('/v1/products')).ok).toBe(true);
    expect(performance.now() - began).toBeGreaterThanOrEqual(295);
    service.plays((_, response) => void response.writeHead(429, { 'retry-after': '3600' }).end());
    expect(await api.get('/v1/products')).toMatchObject({
      ok: false,
      error: { code: 'client.foreign_answer', retryAfterMs: 3_600_000 },
    });
    expect(service.seen).toHaveLength(1);
    expect(retryAfter('Fri, 27 Nov 2026 10:00:10 GMT', Date.UTC(2026, 10, 27, 10))).toBe(10_000);
    expect(retryAfter('soon', 0)).toBeNull();
  });

  test.each<[string, Act]>([
    [
      'JSON without a name',
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{}'),
    ],
    ['a page of a mesh', (_, response) => answer(response, 200, {}, { 'content-type': 'text/html' })],
    ['nothing of a mesh', (_, response) => answer(response, 200)],
    ['null of a mesh', (_, response) => answer(response, 200, null)],
  ])('what is no answer of the service is told: %s', async (_, act) => {
    service.plays(act);
    const result = await (await signedIn({ attempts: 1 })).get('/v1/products');
    expect(result).toMatchObject({ ok: false, error: { code: 'client.foreign_answer' } });
  });

  test('a date is taken by the clock of the answer', async () => {
    const tomorrow = Date.now() + 86_400_000;
    const at = (ms: number): string => new Date(tomorrow + ms).toUTCString();
    service.plays((_, response) => void response.writeHead(503, { date: at(0), 'retry-after': at(30_000) }).end());
    const result = await (await signedIn()).get('/v1/products');
    expect(!result.ok && result.error.retryAfterMs).toBe(30_000);
  });

  test('why there is no answer is said, and a mistake of the program is thrown', async () => {
    const refused = new Error('connect ECONNREFUSED 127.0.0.1:3000');
    const dead = createClient({
      baseUrl: service.url,
      attempts: 1,
      fetch: () => Promise.reject(Object.assign(new TypeError('fetch failed'), { cause: refused })),
    });
    const result = await dead.get('/health');
    expect(!result.ok && result.error).toMatchObject({ code: 'client.no_answer', detail: refused.message });
    for (const baseUrl of ['localhost:3717', 'api.example', 'ftp://api.example'])
      expect(() => createClient({ baseUrl })).toThrow(TypeError);
    expect(() => createClient({ baseUrl: '', headers: { 'X-Till': 'Käse №1' } })).toThrow(/X-Till/);
    const product = { body: { name: 'Sukari' }, key: 'a\nb' };
    await expect(dead.post('/v1/products', product)).rejects.toThrow(/Idempotency-Key/);
    const slash = createClient({ baseUrl: `${service.url}/`, attempts: 1 });
    await slash.get('/health');
    expect(service.seen.at(-1)!.path).toBe('/health');
  });

  test('a caller that gives up, and a service that hangs', async () => {
    service.plays(() => {});
    const api = await signedIn({ attempts: 1 });
    const controller = new AbortController();
    const call = api.get('/v1/products', { signal: controller.signal });
    await until(async () => service.seen.length > 0);
    controller.abort();
    expect(await call).toMatchObject({ ok: false, error: { code: 'client.aborted' } });
    expect(await api.get('/v1/products', { timeoutMs: 50 })).toMatchObject({
      ok: false,
      error: { code: 'client.no_answer' },
    });
  });
});

describe('values', () => {
  test('the largest amount passes, a larger one is an error before it is sent', async () => {
    service.plays((seen, response) => answer(response, 201, { id: randomUUID(), ...JSON.parse(seen.body.toString()) }));
    const api = await signedIn();
    const largest = await unwrap(api.post('/v1/sales', { body: { ...sale, total: 9_007_199_254_740_991 } }));
    expect(largest.total).toBe(9_007_199_254_740_991);
    for (const total of [2 ** 53, NaN, Infinity])
      await expect(api.post('/v1/sales', { body: { ...sale, total } })).rejects.toThrow(RangeError);
    expect(service.seen).toHaveLength(1);
  });

  test('states, members and events of a later service are shown as they come', async () => {
    service.plays((_, response) =>
      answer(response, 200, { id: 's', status: 'floating', moon: { phase: 3 }, total: 1 }),
    );
    const api = await signedIn();
    const later = await unwrap(api.get('/v1/sales/{id}', { path: { id: 's' } }));
    expect(later).toMatchObject({ status: 'floating', moon: { phase: 3 } });
    // An open choice compiles with a default.
    const shown = ((status: (typeof later)['status']) => (status === 'completed' ? 'done' : String(status)))(
      later.status,
    );
    expect(shown).toBe('floating');
    service.plays((_, response) => problem(response, 418, 'tea.cold', { retriable: false, action: 'stir' }));
    expect(await api.get('/v1/products')).toMatchObject({ ok: false, error: { code: 'tea.cold', action: 'stir' } });
  });

  test('codes narrow', async () => {
    service.plays((_, response) =>
      problem(response, 401, 'auth.second_factor_required', { challenge: 'c-1', expiresAt: new Date().toISOString() }),
    );
    const api = createClient({ baseUrl: service.url, ...quick });
    const result = await api.logIn({ email: 'amina@duka.example', password: 'kahawa' });
    if (result.ok) throw new Error('signed in');
    const challenge = result.error.code === 'auth.second_factor_required' ? result.error.challenge : undefined;
    expect(challenge).toBe('c-1');
    expect(service.seen[0]!.headers.authorization).toBeUndefined();
  });

  test('paths and queries are encoded, lists have commas', async () => {
    const api = await signedIn();
    await api.get('/v1/variants/lookup', { query: { barcode: 'a b&c=€' } });
    await api.get('/v1/sales/{id}', { path: { id: 'zz/€' } });
    await api.get('/v1/sales', { query: { fields: ['id', 'total'], limit: 5 } });
    expect(service.seen.map((seen) => seen.path)).toEqual([
      '/v1/variants/lookup?barcode=a%20b%26c%3D%E2%82%AC',
      '/v1/sales/zz%2F%E2%82%AC',
      '/v1/sales?fields=id%2Ctotal&limit=5',
    ]);
    await expect(api.get('/v1/sales/{id}', { path: { id: '' } })).rejects.toThrow(/needs a value/);
  });

  test('a list is read page by page, as far as it is asked for', async () => {
    service.plays((seen, response) => {
      const cursor = new URL(seen.path, service.url).searchParams.get('cursor') ?? '0';
      const next = Number(cursor) + 1;
      answer(response, 200, {
        data: [{ id: `${cursor}-a` }, { id: `${cursor}-b` }],
        nextCursor: next < 3 ? String(next) : null,
      });
    });
    const api = await signedIn();
    const ids: string[] = [];
    for await (const product of api.list('/v1/products', { query: { limit: 2 } })) ids.push(product.id);
    expect(ids).toEqual(['0-a', '0-b', '1-a', '1-b', '2-a', '2-b']);
    expect(service.seen[1]!.path).toBe('/v1/products?limit=2&cursor=1');
    service.plays((_, response) => problem(response, 403, 'auth.forbidden', { action: 'contact' }));
    await expect(api.list('/v1/products').next()).rejects.toThrow(ApiError);
  });

  test.each<[string, unknown]>([
    ['without a cursor', { data: [{ id: 'a' }] }],
    ['that leads back to itself', { data: [{ id: 'a' }], nextCursor: 'same' }],
    ['without rows', { data: null, nextCursor: null }],
  ])('a list ends with an error at a page %s', async (_, page) => {
    service.plays((__, response) => answer(response, 200, page));
    const api = await signedIn();
    const readAll = async (): Promise<void> => {
      for await (const product of api.list('/v1/products')) product.name?.trim();
    };
    await expect(readAll()).rejects.toThrow(/client.foreign_answer/);
    expect(service.seen.length).toBeLessThanOrEqual(2);
  });

  test('ids are of version 7, in the order of time', () => {
    const ids = Array.from({ length: 1_000 }, (_, index) => newId(1_795_328_043_120 + index));
    expect(new Set(ids).size).toBe(1_000);
    expect([...ids].sort()).toEqual(ids);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('the clock', () => {
  test.each([-3 * 86_400_000, -41_200, 0, 59_999, 400 * 86_400_000])(
    'is measured as %i ms off, within what it says',
    (off) => {
      let device = 1_795_328_043_120;
      let steady = 0;
      const clock = new Clock(
        () => device,
        () => steady,
      );
      for (const [there, back] of [
        [80, 900],
        [20, 30],
        [600, 10],
      ] as const) {
        const sentAt = device;
        const serverTime = Math.floor((device + off + there) / 1_000) * 1_000;
        device += there + back;
        steady += there + back;
        clock.sample(serverTime, sentAt, device, 1_000);
      }
      expect(Math.abs(clock.skew!.ms - off)).toBeLessThanOrEqual(clock.skew!.uncertaintyMs);
      expect(clock.skew!.uncertaintyMs).toBeLessThanOrEqual(525);
    },
  );

  test('that was set is measured again', () => {
    let device = 1_000_000;
    let steady = 0;
    const clock = new Clock(
      () => device,
      () => steady,
    );
    clock.sample(2_000_000, device, device + 10, 1);
    device += 10 + 86_400_000;
    steady += 10;
    clock.sample(2_000_010, device, device + 4_000, 1);
    expect(clock.serverNow() - 2_000_010).toBeLessThan(4_010);
  });

  test('replies are samples', async () => {
    const api = await signedIn();
    expect(api.clock.skew).toBeUndefined();
    await api.get('/v1/products');
    expect(Math.abs(api.clock.skew!.ms)).toBeLessThanOrEqual(api.clock.skew!.uncertaintyMs);
  });
});

describe('webhooks', () => {
  const secret = `whsec_${randomBytes(24).toString('base64')}`;
  const body = JSON.stringify({
    id: randomUUID(),
    type: 'sale.created',
    occurredAt: '2026-11-22T06:14:03Z',
    data: { id: 's', note: '🍬' },
  });
  const at = new Date();
  const id = 'msg_1';
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };

  test('what the package of Standard Webhooks signs is believed, in each form of headers and body', () => {
    const other = `whsec_${randomBytes(24).toString('base64')}`;
    const capitals = {
      'Webhook-Id': id,
      'Webhook-Timestamp': [headers['webhook-timestamp']],
      'WEBHOOK-SIGNATURE': headers['webhook-signature'],
    };
    for (const given of [headers, new Headers(headers), capitals])
      for (const bytes of [body, Buffer.from(body), new Uint8Array(Buffer.from(body))])
        for (const secrets of [secret, [other, secret]]) {
          const event = verifyWebhook({ secrets, headers: given, body: bytes });
          expect(event.type === 'sale.created' && event.data.id).toBe('s');
        }
  });

  test('Ed25519', () => {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = `whpk_${publicKey.export({ format: 'der', type: 'spki' }).subarray(12).toString('base64')}`;
    const signature = sign(null, Buffer.from(`${id}.${headers['webhook-timestamp']}.${body}`), privateKey).toString(
      'base64',
    );
    const signed = { ...headers, 'webhook-signature': `v1,AAAA v1a,${signature}` };
    expect(verifyWebhook({ secrets: key, headers: signed, body }).type).toBe('sale.created');
    expect(() => verifyWebhook({ secrets: key, headers: signed, body: `${body} ` })).toThrow(WebhookError);
  });

  test.each<[string, object]>([
    ['another secret', { secrets: `whsec_${randomBytes(24).toString('base64')}` }],
    ['no secret', { secrets: '' }],
    ['no secrets', { secrets: [] }],
    ['a changed body', { body: body.replace('🍬', '🍭') }],
    ['another id', { headers: { ...headers, 'webhook-id': 'msg_2' } }],
    ['another time', { headers: { ...headers, 'webhook-timestamp': String(Math.floor(at.getTime() / 1000) - 1) } }],
    ['too late', { now: () => at.getTime() + 301_000 }],
    ['too early', { now: () => at.getTime() - 302_000 }],
    ['a time that is none', { headers: { ...headers, 'webhook-timestamp': 'NaN' } }],
    ['no signature', { headers: { ...headers, 'webhook-signature': '' } }],
    [
      'another form',
      { headers: { ...headers, 'webhook-signature': headers['webhook-signature'].replace('v1,', 'v1a,') } },
    ],
    ['half a signature', { headers: { ...headers, 'webhook-signature': headers['webhook-signature'].slice(0, 20) } }],
    ['no headers', { headers: {} }],
    ['no tolerance', { toleranceSeconds: NaN, now: () => at.getTime() + 3_600_000 }],
    ['secrets that are not set', { secrets: undefined }],
    ['a body that was parsed', { body: JSON.parse(body) }],
  ])('refused: %s', (_, more) => {
    expect(() => verifyWebhook({ secrets: secret, headers, body, ...more })).toThrow(WebhookError);
  });

  test.each(['whsec_', 'whsec_%%%', 'whsec_undefined'])('nobody signs with %s', (unset) => {
    const key = Buffer.from(unset.replace('whsec_', ''), 'base64');
    const mac = createHmac('sha256', key).update(`${id}.${headers['webhook-timestamp']}.${body}`).digest('base64');
    const signed = { ...headers, 'webhook-signature': `v1,${mac}` };
    expect(() => verifyWebhook({ secrets: unset, headers: signed, body })).toThrow(WebhookError);
  });

  test('of several fields of one name each is looked at', () => {
    const several = { ...headers, 'webhook-signature': ['v1,AAAA', headers['webhook-signature']] };
    expect(verifyWebhook({ secrets: secret, headers: several, body }).type).toBe('sale.created');
  });
});

describe('uploads', () => {
  const file = new Blob(['0123456789']);
  const begun = (act: Act): void =>
    service.plays((seen, response, request) => {
      if (seen.method === 'POST') return answer(response, 201, undefined, { location: '/v1/uploads/tus/1' });
      if (seen.method === 'PATCH') return act(seen, response, request);
      answer(response, 200, undefined, { 'upload-offset': '0' });
    });

  test('a pause ends with the signal, and a long one is a pause', async () => {
    for (const seconds of ['60', '3000000']) {
      begun((_, response) => void response.writeHead(503, { 'retry-after': seconds }).end());
      const controller = new AbortController();
      const options = { purpose: 'image', signal: controller.signal } as const;
      const sending = uploadResumable(await signedIn(), file, options);
      await until(async () => service.seen.length === 2);
      controller.abort();
      await expect(sending).rejects.toThrow(/client.aborted/);
      expect(service.seen).toHaveLength(2);
    }
  });

  test.each(['0', '999999'])('an offset that cannot be ends it: %s', async (offset) => {
    begun((_, response) => answer(response, 204, undefined, { 'upload-offset': offset }));
    await expect(uploadResumable(await signedIn(), file, { purpose: 'image' })).rejects.toThrow(/have arrived/);
    expect(service.seen).toHaveLength(2);
  });

  test.each(['@evil.example/up', '.evil.example/up', '//evil.example/up', '', 'up'])(
    'nothing goes to where it does not belong: %j',
    async (location) => {
      const sent: string[] = [];
      const api = await signedIn({
        fetch: async (target, init) => {
          sent.push(String(target));
          return fetch(`${service.url}/v1/uploads/tus`, init);
        },
      });
      service.plays((_, response) => answer(response, 201, undefined, location === '' ? {} : { location }));
      await expect(uploadResumable(api, file, { purpose: 'image' })).rejects.toThrow(/Location/);
      expect(sent).toEqual([`${service.url}/v1/uploads/tus`]);
    },
  );
});

describe('live', () => {
  // Connections that the test plays.
  function played(): { transport: Transport; hearings: Parameters<Transport>[0][]; open: () => number } {
    const hearings: Parameters<Transport>[0][] = [];
    let closed = 0;
    const transport: Transport = (hearing) => {
      hearings.push(hearing);
      return { close: () => void closed++ };
    };
    return { transport, hearings, open: () => hearings.length - closed };
  }

  test('a poke leads to a pull, many pokes during one to one more, and a lost connection is replaced', async () => {
    const { transport, hearings } = played();
    const pulls: (() => void)[] = [];
    const events: unknown[] = [];
    const resyncs: number[] = [];
    const live = new Live({
      transport,
      pull: () => new Promise((resolve) => pulls.push(resolve)),
      onEvent: (...event) => events.push(event),
      onResync: () => void resyncs.push(1),
      pauseMs: 1,
    });
    await until(async () => pulls.length === 1 && hearings.length === 1);
    hearings[0]!.opened();
    for (let seq = 1; seq <= 10; ++seq) hearings[0]!.message({ t: 'poke', seq });
    pulls[0]!();
    await until(async () => pulls.length === 2);
    pulls[1]!();
    hearings[0]!.message({ t: 'ev', topic: 'intent.1', d: { state: 'succeeded' } });
    hearings[0]!.message({ t: 'ev', topic: 'intent.1', event: 'note', d: 'hello' });
    expect(events).toEqual([
      ['intent.1', { state: 'succeeded' }, 'changed'],
      ['intent.1', 'hello', 'note'],
    ]);
    hearings[0]!.closed(true);
    await until(async () => hearings.length === 2);
    hearings[1]!.opened();
    await until(async () => pulls.length === 3);
    pulls[2]!();
    hearings[1]!.message({ t: 'resync' });
    await until(async () => pulls.length === 4);
    // Of the second connection, since nobody knows what was said before it; and of what it said itself.
    expect(resyncs).toEqual([1, 1]);
    live.close();
    hearings[1]!.message({ t: 'poke', seq: 99 } satisfies LiveMessage);
    pulls[3]!();
    expect(pulls).toHaveLength(4);
  });

  const fails = (): never => {
    throw new Error('no network');
  };
  test.each<[string, () => Promise<void>]>([
    ['later', async () => fails()],
    ['at once', fails],
  ])('a pull that fails %s is tried again without a poke', async (_, fail) => {
    const { transport } = played();
    let pulls = 0;
    const live = new Live({ transport, pull: () => (++pulls < 3 ? fail() : Promise.resolve()), idleMs: 5 });
    await until(async () => pulls >= 3);
    live.close();
  });

  test.each<[string, () => Promise<void> | void]>([
    ['later', async () => fails()],
    ['at once', fails],
  ])('an onResync that fails %s keeps nothing from pulling', async (_, onResync) => {
    const { transport, hearings } = played();
    let pulls = 0;
    const live = new Live({ transport, pull: async () => void pulls++, onResync });
    await until(async () => pulls === 1 && hearings.length === 1);
    hearings[0]!.message({ t: 'resync' });
    await until(async () => pulls === 2);
    live.close();
  });

  test('a service that lets in and closes is asked at growing pauses', async () => {
    let asked = 0;
    const transport: Transport = (hearing) => {
      asked++;
      setTimeout(() => {
        hearing.opened();
        hearing.closed(true);
      });
      return { close: () => {} };
    };
    const live = new Live({ transport, pull: async () => {}, pauseMs: 20, random: () => 0.99 });
    await until(async () => asked >= 4);
    await new Promise((resolve) => setTimeout(resolve, 600));
    live.close();
    expect(asked).toBeLessThan(8);
  });
});
