// What the service bounds: memory of bodies, the kernel's memory of replies, connections; and uploads that take their time.
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exchange } from './support/raw.js';
import { startService, type Service } from './support/service.js';
import { expectProblem, openShop, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const origin = 'https://shop.example';
let service: Service;
let shop: Shop;
const open: Socket[] = [];

beforeAll(async () => {
  service = await startService({
    env: {
      BODY_MEMORY_MB: '32',
      BODY_MEMORY_PER_CALLER_MB: '8',
      MAX_CONNECTIONS: '300',
      CORS_ORIGINS: origin,
      THREADS: '1',
    },
  });
  shop = await openShop(service, { variants: 1, devices: 1 });
});

afterAll(async () => {
  for (const socket of open) socket.destroy();
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

function client(bytes: string): Socket {
  const socket = connect(service.port, '127.0.0.1', () => socket.write(bytes));
  socket.on('error', () => undefined);
  open.push(socket);
  return socket;
}

const close = (sockets: Socket[]) => sockets.forEach((socket) => socket.destroy());

async function metric(name: string): Promise<number> {
  const { text } = await service.api('GET', '/metrics');
  return Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
}

// A batch that changes nothing, padded to `size` bytes.
const batchOf = (size: number) => '{"operations":[]}'.padEnd(size, ' ');

describe('request bodies', () => {
  const upload = (path: string, size: number, sent: number, headers = '') =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${headers}Content-Length: ${size}\r\n\r\n` +
    ' '.repeat(sent);

  test('that never end hold a bounded memory, and lock out nobody who has signed in', async () => {
    const sockets = Array.from({ length: 30 }, () => client(upload('/v1/auth/login', 1_000_000, 900_000)));
    await until(async () => (await metric('http_bodies_refused_total')) > 0);
    await until(async () => (await metric('http_body_memory_bytes')) > 6_000_000);
    expect(await metric('http_body_memory_bytes')).toBeLessThanOrEqual(8_000_000);

    const refused = await exchange(service.port, upload('/v1/auth/login', 1_000_000, 900_000, `Origin: ${origin}\r\n`));
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'http.bodies_full', retriable: true, action: 'retry' });
    expect(refused.headers['retry-after']).toBe('1');
    expect(refused.headers['access-control-allow-origin']).toBe(origin);

    expect((await shop.sell(saleFor(shop))).status).toBe(201);
    const large = await shop.api('POST', '/v1/products/batch', { body: batchOf(2_000_000) });
    expect(large.status, large.text).not.toBe(503);
    close(sockets);
    await until(async () => (await metric('http_body_memory_bytes')) === 0);
  });

  test('of one tenant leave room for another', async () => {
    const other = await openShop(service, { variants: 1, devices: 1 });
    const authorization = `Authorization: Bearer ${other.token}\r\n`;
    const before = await metric('http_bodies_refused_total');
    // Two of 4 MB are more than 8 MB with the buffers that they are read through.
    const sockets = Array.from({ length: 6 }, () =>
      client(upload('/v1/products/batch', 4_000_000, 3_000_000, authorization)),
    );
    await until(async () => (await metric('http_bodies_refused_total')) >= before + 5);
    const mine = await shop.api('POST', '/v1/products/batch', { body: batchOf(2_000_000) });
    expect(mine.status, mine.text).not.toBe(503);
    const theirs = await other.api('POST', '/v1/products/batch', { body: batchOf(4_190_000) });
    expectProblem(theirs, 503, 'http.bodies_full');
    close(sockets);
    await until(async () => (await metric('http_body_memory_bytes')) === 0);
  });
});

describe('replies', () => {
  test('that nobody reads fill neither the kernel nor the loop', async () => {
    const before = await metric('http_sent_bytes_total');
    const sockets = Array.from({ length: 100 }, () => {
      const socket = client('GET /openapi.json HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(20));
      socket.pause();
      return socket;
    });
    await until(async () => (await metric('http_connections')) >= 100);
    let slowest = 0;
    for (let i = 0; i < 20; i++) {
      const start = performance.now();
      expect((await service.api('GET', '/health')).status).toBe(200);
      slowest = Math.max(slowest, performance.now() - start);
    }
    const sent = (await metric('http_sent_bytes_total')) - before;
    expect(sent / sockets.length, `slowest /health ${slowest.toFixed(0)} ms`).toBeLessThan(1_500_000);
    close(sockets);
    await until(async () => (await metric('http_connections')) < 50);
  });

  test('of the wire have the headers of every reply', async () => {
    const asking = `Origin: ${origin}\r\nX-Request-Id: till-17-0001\r\n`;
    for (const [request, status] of [
      [`GET / HTTP/1.1\r\n${asking}\r\n`, 400],
      [`OPTIONS /v1/sales HTTP/1.1\r\nHost: a:x\r\nAccess-Control-Request-Method: POST\r\n${asking}\r\n`, 400],
      [`GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n${asking}\r\n`, 414],
      [`GET / HTTP/1.1\r\nHost: a\r\n${asking}X-Long: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ] as const) {
      const reply = await exchange(service.port, request);
      expect(reply.status, reply.text).toBe(status);
      expect(reply.headers).toMatchObject({
        'access-control-allow-origin': origin,
        'x-content-type-options': 'nosniff',
        'content-security-policy': expect.stringContaining("default-src 'self'"),
        'x-request-id': 'till-17-0001',
      });
      const line = await service.process.line((one) => one.reqId === 'till-17-0001' && one.msg === 'request completed');
      expect(line).toMatchObject({ code: expect.stringMatching(/^http\./) });
    }
  });
});

describe('connections', () => {
  test('beyond the limit the oldest idle one makes room', async () => {
    const evicted = await metric('http_connections_evicted_total');
    const open = (count: number) =>
      Array.from({ length: count }, () => client('GET /health HTTP/1.1\r\nHost: a\r\n\r\n'));
    // Idle ones first: of 350 at once some would come while nobody is idle, and be told so.
    const sockets = open(280);
    await until(async () => (await metric('http_connections')) >= 280);
    sockets.push(...open(80));
    await until(async () => (await metric('http_connections_evicted_total')) >= evicted + 50);
    expect((await shop.sell(saleFor(shop))).status).toBe(201);
    close(sockets);
  });

  test('the soft limit of open files is the hard one', () => {
    const line = service.process.log.find((one) => one.msg === 'listening');
    expect(line).toMatchObject({ maxConnections: 300 });
    expect(Number(line?.openFiles)).toBeGreaterThanOrEqual(1024);
  });
});
