// A till whose service was restored from a backup: it is told to begin anew, by pulls and by events, and nothing that it has sold is lost:
// what waits, and what the backup did not have yet.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ScratchDatabase, scratchDatabase } from './support/database.js';
import { environment } from './support/environment.js';
import { run } from './support/process.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';
import { expectLevelsToEqualMovements, ok, openShop, saleFor, type Shop } from './support/shop.js';
import { EventStream } from './support/stream.js';

const secrets = {
  APP_SECRET: randomBytes(48).toString('base64url'),
  JWT_SECRET: randomBytes(48).toString('base64url'),
};
const env = { ...secrets, ACCESS_TOKEN_SECONDS: '3600' };
let database: ScratchDatabase;
let service: Service;
let shop: Shop;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'e2e-restore-'));
  database = await scratchDatabase();
  await migrate(serviceEnvironment(database, env));
  service = await startService({ database, env });
  shop = await openShop(service, { variants: 2, devices: 1 });
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
  await rm(directory, { recursive: true, force: true });
});

async function program(name: string, ...args: string[]): Promise<void> {
  const { code, output } = await run(path.join(environment.postgresBin, name), args, process.env);
  expect(code, output).toBe(0);
}
const backup = (): string => path.join(directory, 'backup');
async function restore(): Promise<void> {
  const server = new pg.Client({ connectionString: environment.postgresUrl });
  await server.connect();
  await server.query(`drop database ${database.name} with (force)`);
  await server.query(`create database ${database.name} template template0`);
  await server.end();
  await program('pg_restore', '--exit-on-error', '--dbname', database.ownerUrl, backup());
}

const authorized = () => ({ authorization: `Bearer ${shop.token}` });
async function snapshotCursor(): Promise<string> {
  const reply = await fetch(`${service.url}/v1/sync/snapshot`, { headers: authorized() });
  expect(reply.status).toBe(200);
  return JSON.parse((await reply.text()).split('\n')[0]!).cursor;
}
const pull = (cursor: string) => shop.api('GET', `/v1/sync/changes?since=${cursor}`);
const reasonOf = async (cursor: string) => {
  const { status, body } = await pull(cursor);
  return [status, body.code, body.reason];
};
const heartbeat = (pending: number, lastDeviceSeq: number) =>
  ok(shop.api('POST', '/v1/sync/heartbeat', { body: { deviceId: shop.devices[0]!.id, pending, lastDeviceSeq } }), 200);

test('a restored database loses nothing that its tills still have', async () => {
  const device = shop.devices[0]!;
  const sold: any[] = [];
  const sell = async (): Promise<void> => {
    const sale = saleFor(shop, { device });
    sold.push(sale);
    await ok(shop.sell(sale), 201);
  };
  for (let count = 0; count < 3; ++count) await sell();
  await program('pg_dump', '--format=custom', '--file', backup(), database.ownerUrl);

  // The rest of the day: two sales more, which the till hears of, and two that it makes behind a cut line.
  const morning = await snapshotCursor();
  for (let count = 0; count < 2; ++count) await sell();
  const evening = (await ok(pull(morning), 200)).cursor;
  for (let count = 0; count < 2; ++count) sold.push(saleFor(shop, { device }));
  expect(await service.stop()).toEqual({ code: 0, signal: null });
  await restore();
  service = await startService({ database, env });
  shop.service = service;
  shop.api = (method, at, options = {}) => service.api(method, at, { token: shop.token, ...options });

  // Nobody has said that this is another database: numbers behind the cursor do.
  const told = [410, 'sync.resync_required', 'epoch'];
  expect(await reasonOf(evening)).toEqual(told);
  // Somebody says it, and the numbers have caught up.
  const renewed = await run(environment.binary, ['sync', 'renew-feed'], serviceEnvironment(database, env));
  expect(renewed.code, renewed.output).toBe(0);
  for (let count = 0; count < 100; ++count)
    await database.query('update tenant_counters set change_seq = change_seq + 1 where tenant_id = $1', [
      shop.tenantId,
    ]);
  for (const cursor of [morning, evening]) {
    expect(await reasonOf(cursor)).toEqual(told);
    const stream = await EventStream.open(service, shop.token, '?topics=changes', { 'last-event-id': cursor });
    stream.close();
    expect(stream.events.slice(0, 2)).toMatchObject([{ type: 'reset', data: { reason: 'epoch' } }, { type: 'ready' }]);
  }

  const fresh = await snapshotCursor();
  const said = await heartbeat(2, 7);
  expect(said.missingDeviceSeqs).toEqual([4, 5, 6, 7]);
  for (const number of said.missingDeviceSeqs) await ok(shop.sell(sold[number - 1]), 201);
  expect((await heartbeat(0, 7)).missing).toBe(0);
  const sales = await database.query<{ device_seq: string }>(
    'select device_seq from sales where tenant_id = $1 order by device_seq',
    [shop.tenantId],
  );
  expect(sales.map(({ device_seq }) => Number(device_seq))).toEqual([1, 2, 3, 4, 5, 6, 7]);
  await expectLevelsToEqualMovements(shop);
  const page = await ok(pull(fresh), 200);
  expect(page.changes.filter((one: any) => one.c === 'sales')).toHaveLength(4);
});
