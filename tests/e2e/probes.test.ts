// Probes while everything that serves requests waits: an orchestrator must end nobody who is only busy, and take nobody out of service
// whose database answers.
import { performance } from 'node:perf_hooks';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Service, startService } from './support/service.js';
import { openShop, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

let service: Service;
let shop: Shop;
let blocker: pg.Client;

beforeAll(async () => {
  service = await startService({
    env: {
      THREADS: '1',
      RATE_LIMITS: 'off',
      DATABASE_WRITE_CONNECTIONS: '2',
      DATABASE_READ_CONNECTIONS: '1',
      DATABASE_POINT_CONNECTIONS: '1',
    },
  });
  shop = await openShop(service, { devices: 0, variants: 2 });
  blocker = await service.database.connectAs('superuser');
});
afterAll(async () => {
  await blocker?.end();
  await service?.stop();
});

const post = (route: string, body: unknown) =>
  fetch(`${service.url}${route}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${shop.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
const get = (route: string) => fetch(`${service.url}${route}`, { headers: { authorization: `Bearer ${shop.token}` } });

// How long it usually takes, ms. Single ones may be held up by the machine, which is no queue.
async function median(path: string, status: number): Promise<number> {
  const times: number[] = [];
  for (let ask = 0; ask < 25; ++ask) {
    const began = performance.now();
    const reply = await fetch(`${service.url}${path}`);
    times.push(performance.now() - began);
    expect(reply.status, await reply.text()).toBe(status);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return times.sort((a, b) => a - b)[12]!;
}

test('are answered at once while each connection to the database waits for a lock, and others for the connections', async () => {
  const pid = service.process.pid;
  await blocker.query('begin; lock table sales, products, variants in access exclusive mode');
  const waiting = [
    ...Array.from({ length: 40 }, () => post('/v1/sales', saleFor(shop))),
    ...Array.from({ length: 20 }, () => get('/v1/products?limit=20')),
  ].map((reply) => reply.then(({ status }) => status));
  await until(async () => {
    const page = await (await fetch(`${service.url}/metrics`)).text();
    return Number(/^http_requests_in_flight (\d+)$/m.exec(page)?.[1]) > 50;
  });
  // Ten times what a queue behind the work would need is far above; a build with sanitizers on a busy machine is far below.
  expect(await median('/health', 200)).toBeLessThan(500);
  expect(await median('/ready', 200)).toBeLessThan(1_000);
  await blocker.query('rollback');
  // Whoever had time is answered; the others were told to come again.
  const statuses = await Promise.all(waiting);
  expect(statuses.filter((status) => ![200, 201, 503].includes(status))).toEqual([]);
  await until(async () => (await post('/v1/sales', saleFor(shop))).status === 201);
  expect(service.process.pid).toBe(pid);
});
