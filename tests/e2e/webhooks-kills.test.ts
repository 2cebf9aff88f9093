// A change that is committed is told, and one that is not is told to nobody: the service is killed at each statement between the request
// and the end of its delivery, once before PostgreSQL has the statement, and once when PostgreSQL is done with it.
//
//     WEBHOOK_KILLS=10 bin/with-servers npx vitest run tests/e2e/webhooks-kills.test.ts
//     bin/test --long       at all of them
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { scratchDatabase, type ScratchDatabase } from './support/database.js';
import { environment } from './support/environment.js';
import { type PostgresProxy, startPostgresProxy, type When } from './support/postgres-proxy.js';
import { newSeed, seeded } from './support/runs.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';
import { openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';
import { type Received, type Receiver, startReceiver } from './support/webhooks.js';

const kills = Number(process.env.WEBHOOK_KILLS ?? (environment.long ? Infinity : 1));
const seed = newSeed();
const random = seeded(seed);
const schedulerToken = randomBytes(32).toString('base64url');

let database: ScratchDatabase;
let proxy: PostgresProxy;
let service: Service;
let receiver: Receiver;
let shop: Shop;
const untrue: string[] = []; // told, and not committed

beforeAll(async () => {
  [database, receiver] = await Promise.all([scratchDatabase(), startReceiver()]);
  proxy = await startPostgresProxy(database.appUrl);
  const env = {
    APP_SECRET: randomBytes(48).toString('base64url'),
    JWT_SECRET: randomBytes(48).toString('base64url'),
    ACCESS_TOKEN_SECONDS: '3600',
    CLIENT_ALLOW_LOOPBACK: 'true',
    CREDENTIALS_KEYS: `kills:${randomBytes(32).toString('base64')}`,
    JOB_LOCK_SECONDS: '3',
    JOB_QUEUES: 'all',
    SCHEDULER_TOKEN: schedulerToken,
    WEBHOOK_TIMEOUT_SECONDS: '2',
  };
  await migrate(serviceEnvironment(database, env));
  const databases = {
    DATABASE_URL: proxy.urlOf(database.appUrl),
    DATABASE_SYSTEM_URL: proxy.urlOf(database.systemUrl),
  };
  service = await startService({ database, env: { ...env, ...databases } });
  shop = await openShop(service, { variants: 0, devices: 0 });
  await shop.create('/v1/webhooks', { url: receiver.url('/hook'), eventTypes: ['product.created'] });
  receiver.on('/hook', async (response, received) => {
    const id = subjectOf(received);
    const rows = await database.query('select from products where id = $1', [id]).catch(() => [{}]);
    if (rows.length === 0) untrue.push(id);
    response.writeHead(204).end();
  });
});

afterAll(async () => {
  await service?.stop();
  await proxy?.close();
  await database?.drop();
  await receiver?.close();
});

const subjectOf = ({ body }: Received): string => JSON.parse(body).data.id;
const toldOf = (id: string): Received[] => receiver.at('/hook').filter((one) => subjectOf(one) === id);

const happen = (id: string): Promise<unknown> =>
  shop.api('POST', '/v1/products', { body: { id, name: `Product ${id}` } }).catch(() => undefined);

// Written down as arrived, and nobody is at the endpoint.
async function isSettled(id: string): Promise<boolean> {
  const rows = await database.query(
    `select from webhook_deliveries d join webhook_queues q on q.endpoint_id = d.endpoint_id
     where d.subject = $1 and d.state = 'succeeded' and (q.leased_until is null or q.leased_until < now())`,
    [id],
  );
  return rows.length > 0;
}

// A clock that does not wait: what the sweep finds in a minute, it finds now.
async function hurry(): Promise<void> {
  await database.query(
    `update webhook_events set recorded_at = recorded_at - interval '1 hour' where fanned_out_at is null`,
  );
  await database.query(
    `update webhook_deliveries set next_attempt_at = now() - interval '1 second'
     where state = 'pending' and next_attempt_at is not null`,
  );
  await database.query(
    `update webhook_queues set next_due_at = now() - interval '1 hour', wake_at = null where pending > 0`,
  );
  const headers = { authorization: `Bearer ${schedulerToken}`, 'idempotency-key': randomUUID() };
  await service.api('POST', '/internal/schedules/webhooks.sweep/trigger', { headers }).catch(() => {});
}

async function hurriedUntil(what: () => Promise<boolean>, timeoutMs = 90_000): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (let looks = 1; !(await what()); ++looks) {
    if (Date.now() > deadline) return false;
    if (looks % 10 === 5) await hurry();
    await sleep(50);
  }
  return true;
}

// Whether the statement came at all.
async function killedAt(id: string, text: string, when: When): Promise<boolean> {
  let killed = false;
  const stopped = proxy.stopAt(text, when, () => {
    killed = true;
    service.process.signal('SIGKILL');
  });
  const asking = happen(id);
  await Promise.race([stopped, until(() => isSettled(id)).catch(() => {})]);
  proxy.goOn();
  if (killed) {
    await service.process.exited;
    await service.restart();
    // A minute has passed: the lease of the dead has ended.
    await database.query('update webhook_queues set leased_until = null');
  }
  await asking;
  return killed;
}

// "": as it must be.
async function faultOf(id: string): Promise<string> {
  const [row] = await database.query<{ products: string; events: string }>(
    `select (select count(*) from products where id = $1) as products,
            (select count(*) from webhook_events where subject = $1) as events`,
    [id],
  );
  if (row!.products !== row!.events) return `${row!.products} products, ${row!.events} events`;
  if (row!.products === '0') return toldOf(id).length === 0 ? '' : 'told, and nothing is there';
  if (!(await hurriedUntil(() => isSettled(id)))) return 'never told';
  const ids = new Set(toldOf(id).map(({ headers }) => headers['webhook-id']));
  const bodies = new Set(toldOf(id).map(({ body }) => body));
  if (ids.size !== 1 || bodies.size !== 1) return `${ids.size} ids, ${bodies.size} bodies`;
  const [attempts] = await database.query<{ most: number; settled: string }>(
    `select max(sent) as most, count(*) as settled from webhook_deliveries where subject = $1`,
    [id],
  );
  return attempts!.settled === '1' && attempts!.most <= 9 ? '' : JSON.stringify(attempts);
}

// All that passes between a request and the end of its delivery; twice, as a first time prepares statements.
async function pathOfAnEvent(): Promise<string[]> {
  for (let time = 0; ; ++time) {
    proxy.seen = [];
    const id = randomUUID();
    await happen(id);
    await until(() => isSettled(id));
    if (time === 1) break;
  }
  return [...new Set(proxy.seen)].filter((text) => /webhook_|outbox_jobs|products/.test(text));
}

test(
  'what is committed is told, and nothing else, whatever statement the service dies at',
  async () => {
    const path = await pathOfAnEvent();
    for (const part of [
      'insert into webhook_events',
      'insert into webhook_deliveries',
      'insert into webhook_attempts',
      'update webhook_queues',
      'outbox_jobs',
    ])
      expect(path.join('\n')).toContain(part);
    const points = path
      .flatMap((text) => (['before', 'after'] as const).map((when) => ({ text, when, place: random(2 ** 30) })))
      .sort((one, other) => one.place - other.place);
    const faults: string[] = [];
    let killed = 0;
    let lost = 0;
    for (const { text, when } of points) {
      if (killed >= kills) break;
      const id = randomUUID();
      if (!(await killedAt(id, text, when))) continue;
      killed++;
      const fault = await faultOf(id);
      if (fault) faults.push(`killed ${when} ${text}: ${fault}`);
      if (toldOf(id).length === 0) lost++;
    }
    console.log(`${killed} x SIGKILL at ${points.length} points, ${lost} not committed, seed ${seed}`);
    expect(faults).toEqual([]);
    expect(untrue).toEqual([]);
    expect(killed).toBeGreaterThanOrEqual(Math.min(kills, points.length / 2));
  },
  environment.long ? 900_000 : 600_000,
);
