// What operators and other programs see: the wire, the log, keys, metrics, readiness, start and stop.
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { prettyFactory } from 'pino-pretty';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { scratchDatabase } from './support/database.js';
import { environment } from './support/environment.js';
import { freePort, startPostgres } from './support/postgres.js';
import { Process, run } from './support/process.js';
import { exchange } from './support/raw.js';
import { migrate, serviceEnvironment, startService, type Service } from './support/service.js';
import { expectProblem, openShop, saleFor, type Shop, signUp } from './support/shop.js';
import { until } from './support/until.js';

let service: Service;
let shop: Shop;

beforeAll(async () => {
  service = await startService();
  shop = await openShop(service, { variants: 2, devices: 1 });
});

afterAll(async () => {
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

describe('malformed HTTP', () => {
  const get = (target = '/health', headers = 'Host: a\r\n') => `GET ${target} HTTP/1.1\r\n${headers}\r\n`;
  const post = (headers: string, body: string) =>
    `POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${headers}\r\n${body}`;

  const cases: [string, string | Uint8Array, number, string][] = [
    ['no HTTP at all', 'HELO duka.example\r\n\r\n', 400, 'http.malformed'],
    ['a TLS hello', Buffer.from('16030100c8010000c40303' + '00'.repeat(40), 'hex'), 400, 'http.malformed'],
    ['no Host', 'GET /health HTTP/1.1\r\n\r\n', 400, 'http.malformed'],
    ['two Hosts', get('/health', 'Host: a\r\nHost: b\r\n'), 400, 'http.malformed'],
    ['bare LF', 'GET /health HTTP/1.1\nHost: a\n\n', 400, 'http.malformed'],
    ['a folded header', get('/health', 'Host: a\r\nX-Fold: one\r\n two\r\n'), 400, 'http.malformed'],
    ['space before a colon', get('/health', 'Host : a\r\n'), 400, 'http.malformed'],
    ['NUL in a header', get('/health', 'Host: a\r\nX-Nul: a\0b\r\n'), 400, 'http.malformed'],
    ['bare CR in a header', get('/health', 'Host: a\r\nX-Cr: a\rb\r\n'), 400, 'http.malformed'],
    [
      'two Authorizations',
      get('/health', 'Host: a\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n'),
      400,
      'http.malformed',
    ],
    ['a space in the target', 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', 400, 'http.malformed'],
    ['a Host that is no authority', get('/health', 'Host: a:x\r\n'), 400, 'http.malformed'],
    ['an empty Host', get('/health', 'Host:\r\n'), 400, 'http.malformed'],
    ['an encoded slash', get('/v1/sales/..%2Fproducts'), 400, 'http.malformed'],
    ['an encoded NUL', get('/v1/sales/%00'), 400, 'http.malformed'],
    ['dot segments', get('/v1/../health'), 400, 'http.malformed'],
    ['a path that is not UTF-8', get('/v1/sales/%ff'), 400, 'http.malformed'],
    ['HTTP/2.0', 'GET /health HTTP/2.0\r\nHost: a\r\n\r\n', 505, 'http.version_not_supported'],
    ['a target of 9 KiB', get(`/${'x'.repeat(9_216)}`), 414, 'http.target_too_long'],
    [
      'a header of 20 KiB',
      get('/health', `Host: a\r\nX-Long: ${'x'.repeat(20_480)}\r\n`),
      431,
      'http.headers_too_large',
    ],
    [
      '101 headers',
      get('/health', 'Host: a\r\n' + Array.from({ length: 101 }, (_, i) => `X-${i}: a\r\n`).join('')),
      431,
      'http.headers_too_large',
    ],
    [
      'Content-Length beside Transfer-Encoding',
      post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
      400,
      'http.malformed',
    ],
    ['two Content-Lengths', post('Content-Length: 2\r\nContent-Length: 3\r\n', '{}'), 400, 'http.malformed'],
    ['Content-Length: +2', post('Content-Length: +2\r\n', '{}'), 400, 'http.malformed'],
    ['Content-Length of 30 digits', post(`Content-Length: ${'9'.repeat(30)}\r\n`, '{}'), 400, 'http.malformed'],
    ['a last coding that is not chunked', post('Transfer-Encoding: gzip\r\n', ''), 400, 'http.malformed'],
    [
      'another coding before chunked',
      post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'),
      501,
      'http.not_implemented',
    ],
    [
      'a chunk size that is none',
      post('Transfer-Encoding: chunked\r\n', 'two\r\n{}\r\n0\r\n\r\n'),
      400,
      'http.body_malformed',
    ],
    [
      'a chunk longer than it says',
      post('Transfer-Encoding: chunked\r\n', '1\r\n{}\r\n0\r\n\r\n'),
      400,
      'http.body_malformed',
    ],
    [
      'a body that ends in CR and another request',
      post('Transfer-Encoding: chunked\r\n', `2\r\n{}\r\n0\r\n\r${get()}`),
      400,
      'http.body_malformed',
    ],
    [
      'a trailer that is no field',
      post('Transfer-Encoding: chunked\r\n', `2\r\n{}\r\n0\r\nfoo\r\n\r\n`),
      400,
      'http.body_malformed',
    ],
    ['an expectation', post('Content-Length: 2\r\nExpect: 200-ok\r\n', '{}'), 417, 'http.expectation_failed'],
    ['Content-Length of 2 MiB', post(`Content-Length: ${2 ** 21}\r\n`, ''), 413, 'http.body_too_large'],
  ];
  test.each(cases)('%s', async (_, request, status, code) => {
    const reply = await exchange(service.port, request);
    expect(reply.status, reply.text).toBe(status);
    expect(reply.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(JSON.parse(reply.body)).toMatchObject({
      type: expect.stringMatching(new RegExp(`/problems/${code.replaceAll('.', '\\.')}$`)),
      title: expect.any(String),
      status,
      code,
      retriable: false,
      action: 'fix',
      requestId: reply.headers['x-request-id'],
    });
    // The path as it came; what is no HTTP has none.
    const asked = typeof request === 'string' ? /^[A-Z]+ (\/[^ ?]*)/.exec(request)?.[1]?.slice(0, 1_024) : undefined;
    expect(JSON.parse(reply.body).instance).toBe(asked);
    expect(reply.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(reply.headers['x-retriable']).toBe('false');
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
    expect(reply.headers['content-security-policy']).toContain("default-src 'self'");
    expect(reply.closed, 'the connection is closed').toBe(true);
    // Only one reply: what followed was not taken for another request.
    expect(reply.text.match(/HTTP\/1\.1 \d{3}/g)).toHaveLength(1);
  });

  test('a client that goes away in the middle of a body, or at once', async () => {
    await exchange(service.port, post('Content-Length: 100\r\n', '{'), 100);
    await exchange(service.port, 'GET /hea', 50);
    await Promise.all(Array.from({ length: 50 }, () => exchange(service.port, '', 20)));
  });

  test('pipelined requests are answered in order, and the bad one ends it', async () => {
    const reply = await exchange(
      service.port,
      get() + get('/nowhere') + get() + 'GET /health HTTP/1.1\r\nHost : a\r\n\r\n' + get(),
    );
    expect(reply.text.match(/HTTP\/1\.1 \d{3}/g)).toEqual([200, 404, 200, 400].map((status) => `HTTP/1.1 ${status}`));
  });

  test('afterwards the server goes on', async () => {
    expect((await service.api('GET', '/health')).body).toEqual({ status: 'ok' });
    expect((await shop.sell(saleFor(shop))).status).toBe(201);
    expect(service.process.log.filter((line) => (line.level ?? 0) >= 50)).toEqual([]);
  });
});

describe('the log', () => {
  test('pino-pretty renders it', async () => {
    const requestId = `pretty-${Date.now()}`;
    await service.api('GET', '/v1/nowhere?token=sesame', {
      token: shop.token,
      headers: { 'x-request-id': requestId, cookie: 'a=b' },
    });
    const line = await service.process.line((one) => JSON.stringify(one).includes(requestId));
    expect(line).toMatchObject({
      level: expect.any(Number),
      time: expect.any(Number),
      pid: service.process.pid,
      hostname: expect.any(String),
    });
    expect(line).toMatchObject({ req: { method: 'GET' }, res: { statusCode: 404 }, responseTime: expect.any(Number) });
    const text = JSON.stringify(line);
    expect(text).not.toContain(shop.token);
    expect(text).not.toContain('a=b');
    const rendered = prettyFactory({ colorize: false, singleLine: true })(text);
    expect(rendered).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] (INFO|WARN) \(\d+\): .+/);
    expect(rendered).toContain(requestId);
  });

  test('holds no password', async () => {
    await service.api('POST', '/v1/auth/login', { body: { email: 'nobody@duka.example', password: 'open-sesame-7' } });
    expect(service.process.output).not.toContain('open-sesame-7');
    expect(
      service.process.log.every((line) => line.level !== undefined),
      service.process.output,
    ).toBe(true);
  });
});

describe('access tokens', () => {
  test.each(['ed25519', 'P-256'])('jose verifies one signed with %s against our JWKS', async (kind) => {
    const directory = await mkdtemp(path.join(tmpdir(), 'e2e-keys-'));
    const keys =
      kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const file = path.join(directory, 'jwt.pem');
    await writeFile(file, keys.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    const signing = await startService({ env: { JWT_PRIVATE_KEY_FILE: file } });
    try {
      const { token, userId } = await signUp(signing);
      const jwks = createRemoteJWKSet(new URL(`${signing.url}/.well-known/jwks.json`));
      const { payload, protectedHeader } = await jwtVerify(token, jwks, {
        issuer: 'backend-api',
        audience: 'backend-api',
      });
      expect(protectedHeader).toMatchObject({ alg: kind === 'ed25519' ? 'EdDSA' : 'ES256', kid: expect.any(String) });
      expect(payload.sub).toBe(userId);
      expect(payload.exp! - payload.iat!).toBe(600);
      expect((await signing.api('GET', '/.well-known/jwks.json')).text).not.toContain('"d"');

      // Somebody signs with our public key as if it were an HMAC secret (RFC 8725, 2.1).
      const head = Buffer.from(JSON.stringify({ ...protectedHeader, alg: 'HS256' })).toString('base64url');
      const signed = `${head}.${token.split('.')[1]}`;
      const secret = keys.publicKey.export({ type: 'spki', format: 'pem' });
      const forged = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
      expectProblem(await signing.api('GET', '/v1/auth/me', { token: forged }), 401, 'auth.invalid_token');
    } finally {
      expect(await signing.stop()).toEqual({ code: 0, signal: null });
      await rm(directory, { recursive: true });
    }
  });

  test('an altered token is refused', async () => {
    const [head, , signature] = shop.token.split('.');
    const claims = Buffer.from(JSON.stringify({ ...decodeJwt(shop.token), exp: 9_999_999_999 })).toString('base64url');
    expectProblem(
      await service.api('GET', '/v1/auth/me', { token: `${head}.${claims}.${signature}` }),
      401,
      'auth.invalid_token',
    );
  });
});

describe('operations', () => {
  test('/metrics is Prometheus text', async () => {
    const reply = await service.api('GET', '/metrics');
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const types = new Map<string, string>();
    const samples: { name: string; labels: string; value: number }[] = [];
    for (const line of reply.text.split('\n').filter(Boolean)) {
      const type = /^# TYPE ([a-zA-Z_:][\w:]*) (counter|gauge|histogram|summary|untyped)$/.exec(line);
      if (type) types.set(type[1]!, type[2]!);
      if (line.startsWith('#')) continue;
      const sample = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*\})? (\S+)$/.exec(line);
      expect(sample, line).not.toBeNull();
      samples.push({
        name: sample![1]!,
        labels: sample![2] ?? '',
        value: sample![3] === '+Inf' ? Infinity : Number(sample![3]),
      });
    }
    for (const { name, value } of samples) {
      expect(Number.isNaN(value), name).toBe(false);
      expect(types.has(name) || types.has(name.replace(/_(bucket|sum|count)$/, '')), name).toBe(true);
    }
    for (const [name, type] of types) {
      if (type === 'counter') expect(name).toMatch(/_total$/);
    }
    const sales = samples.filter(
      (one) => one.name === 'http_request_duration_seconds_count' && /route="\/v1\/sales"/.test(one.labels),
    );
    expect(sales.length, 'a series for the route, not for each path').toBeGreaterThan(0);
    expect(reply.text).not.toMatch(/route="[^"]*[0-9a-f]{8}-[0-9a-f]{4}/);
  });

  test('/ready is 503 while PostgreSQL is away, and 200 again when it is back', async () => {
    const postgres = await startPostgres();
    const database = await scratchDatabase(postgres.url);
    await migrate(serviceEnvironment(database, {}));
    const own = await startService({ database });
    const ready = async (status: number) => {
      const reply = await own.api('GET', '/ready');
      return reply.status === status && reply;
    };
    // What alarms go by: nobody may ask /ready.
    const measured = async () =>
      /^service_ready\{process="server"\} (\d)$/m.exec(await (await fetch(`${own.url}/metrics`)).text())?.[1];
    try {
      const tenant = await signUp(own);
      await until(async () => (await measured()) === '1');
      expect((await until(() => ready(200))).body.checks).toMatchObject({
        postgres: { status: 'ok' },
        postgresSystem: { status: 'ok' },
        redis: { status: 'ok' },
      });
      await postgres.crash();
      expect((await until(() => ready(503))).body).toMatchObject({
        status: 'error',
        checks: { postgres: { status: 'error' } },
      });
      await until(async () => (await measured()) === '0');
      expect((await own.api('GET', '/health')).status).toBe(200);
      const away = await tenant.api('GET', '/v1/locations');
      expect(away.status, away.text).toBe(503);
      expect(away.body).toMatchObject({ retriable: true, action: 'retry' });
      await postgres.start();
      await until(() => ready(200));
      await until(async () => (await tenant.api('GET', '/v1/locations')).status === 200);
    } finally {
      await own.stop();
      await database.drop();
      await postgres.remove();
    }
  });

  test('without Redis the service works, and says that it is degraded', async () => {
    const own = await startService({
      database: service.database,
      env: { REDIS_URL: `redis://127.0.0.1:${await freePort()}/0` },
    });
    try {
      const ready = await until(async () => {
        const reply = await own.api('GET', '/ready');
        return reply.body.status === 'degraded' && reply;
      });
      expect(ready.status).toBe(200);
      expect(ready.body.checks).toMatchObject({ redis: { status: 'error' } });
    } finally {
      await own.stop();
    }
  });

  test('SIGTERM at once ends it as well as later', async () => {
    const env = serviceEnvironment(service.database, {});
    for (let round = 0; round < 10; ++round) {
      const own = new Process(environment.binary, ['serve'], env);
      await own.line((line) => line.msg === 'listening');
      own.signal('SIGTERM');
      expect(await own.exited).toEqual({ code: 0, signal: null });
    }
  });

  test('SIGTERM under load loses no reply', async () => {
    const own = await startService({
      database: service.database,
      env: { ...service.secrets, SHUTDOWN_DELAY_MS: '3000' },
    });
    const told = new Set<string>();
    const sent: string[] = [];
    const statuses = new Set<number>();
    let selling = true;
    const till = async () => {
      while (selling) {
        const sale = saleFor(shop);
        sent.push(sale.clientRequestId);
        try {
          const reply = await own.api('POST', '/v1/sales', { token: shop.token, body: sale });
          statuses.add(reply.status);
          if (reply.status === 201) told.add(sale.clientRequestId);
        } catch {
          return; // the listener is closed
        }
      }
    };
    const tills = Array.from({ length: 16 }, till);
    await until(async () => told.size > 50);
    own.process.signal('SIGTERM');
    const draining = await until(async () => {
      const reply = await own.api('GET', '/ready');
      return reply.status === 503 && reply;
    });
    expect(draining.body).toMatchObject({ draining: true, checks: { postgres: { status: 'ok' } } });
    expect(await own.process.exited).toEqual({ code: 0, signal: null });
    selling = false;
    await Promise.all(tills);
    expect([...statuses]).toEqual([201]);
    const rows = await service.database.query<{ key: string }>(
      'select client_request_id as key from sales where client_request_id = any($1)',
      [sent],
    );
    expect(new Set(rows.map((row) => row.key))).toEqual(told);
    expect(own.process.log.at(-1)?.msg).toBe('stopped');
  });
});

describe('the command line', () => {
  test('faults of the configuration are listed at once, with exit code 78', async () => {
    const env = serviceEnvironment(service.database, {
      PORT: 'eighty',
      APP_SECRET: 'short',
      LOG_LEVEL: 'loud',
      JWT_SECRET: 'x',
    });
    delete env.DATABASE_URL;
    const { code, output } = await run(environment.binary, ['serve'], env);
    expect(code).toBe(78);
    for (const name of ['PORT', 'APP_SECRET', 'LOG_LEVEL', 'JWT_SECRET', 'DATABASE_URL'])
      expect(output).toContain(name);
    expect(output).not.toContain('short');
  });

  test('so are its faults of sense, before anything starts', async () => {
    const faults = {
      DATABASE_URL: 'mysql://a/b',
      REDIS_URL: 'http://x',
      HOST: 'nonsense.invalid',
      PUBLIC_URL: 'nonsense',
      CORS_ORIGINS: 'x',
      TRUSTED_PROXIES: 'foo',
      JWT_NEXT_KEY_FILE: '/nope',
      JWT_RETIRED_KEY_FILES: '/nope',
      BODY_MEMORY_PER_CALLER_MB: '64',
    };
    const { code, output } = await run(environment.binary, ['serve'], serviceEnvironment(service.database, faults));
    expect(code, output).toBe(78);
    for (const name of Object.keys(faults)) expect(output).toContain(name);
    expect(output).not.toContain('/nope');

    const owner = { DATABASE_OWNER_URL: 'mysql://owner:hunter2@db/shop' };
    const migrated = await run(environment.binary, ['db', 'migrate'], owner);
    expect(migrated.code, migrated.output).toBe(78);
    expect(migrated.output).toContain('DATABASE_OWNER_URL');
    expect(migrated.output).not.toContain('hunter2');
  });

  test('production refuses published secrets', async () => {
    const env = serviceEnvironment(service.database, {
      APP_ENV: 'production',
      APP_SECRET: 'changeme-changeme-changeme-changeme-1',
    });
    const { code, output } = await run(environment.binary, ['serve'], env);
    expect(code, output).toBe(78);
    expect(output).toContain('APP_SECRET');
    expect(output).not.toContain('changeme');
  });

  test('four instances migrate at once', async () => {
    const database = await scratchDatabase();
    try {
      const env = serviceEnvironment(database, {});
      const results = await Promise.all(
        Array.from({ length: 4 }, () => run(environment.binary, ['db', 'migrate'], env)),
      );
      for (const { code, output } of results) expect(code, output).toBe(0);
      const again = await run(environment.binary, ['db', 'migrate'], env);
      expect(again.code, again.output).toBe(0);
      const started = await startService({ database });
      await signUp(started);
      expect(await started.stop()).toEqual({ code: 0, signal: null });
    } finally {
      await database.drop();
    }
  });

  test('an unknown command is exit code 64', async () => {
    expect((await run(environment.binary, ['fly'], {})).code).toBe(64);
  });
});
