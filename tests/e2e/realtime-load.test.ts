// Many sockets: what an idle one costs, how soon a message is with all who follow it, and that all come back when the service has died.
//
//     bin/test                    200 idle ones, 50 subscribers, 100 that come back: what happens, and no figures
//     bin/test --long             10,000; 1,000 beside `ws` and Socket.IO; 1,000. On an idle machine, with a release; writes
//                                 docs/runs/realtime.json
import { execFile } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { environment, repository } from './support/environment.js';
import { ManySockets, type OpenOptions, type Status } from './support/many-sockets.js';
import { Process } from './support/process.js';
import { percentile, recordRun } from './support/runs.js';
import { type Service, startService } from './support/service.js';
import { openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const sizes = environment.long
  ? { idle: 10_000, subscribers: 1_000, rounds: 5, alone: 50, inARow: 100, returning: 1_000 }
  : { idle: 200, subscribers: 50, rounds: 1, alone: 10, inARow: 50, returning: 100 };
const app = { id: '7', key: randomBytes(10).toString('hex'), secret: randomBytes(20).toString('hex') };

const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

let service: Service;
let shop: Shop;
let crowd: ManySockets;
// Of all tests, or none are recorded.
const figures: Record<string, unknown> = { loadOfTheMachineBefore: round(os.loadavg()[0]!) };

beforeAll(async () => {
  const env = {
    THREADS: '1',
    RATE_LIMITS: 'off',
    LOAD_SHEDDING: 'off',
    ACCESS_TOKEN_SECONDS: '3600',
    MAX_CONNECTIONS: '20000',
    REALTIME_MAX_SOCKETS_PER_ADDRESS: '20000',
    REALTIME_MAX_SOCKETS_PER_TENANT: '20000',
    REALTIME_DRAIN_SECONDS: '1',
    REALTIME_APP_ID: app.id,
    REALTIME_APP_KEY: app.key,
    REALTIME_APP_SECRET: app.secret,
  };
  service = await startService({ env });
  shop = await openShop(service, { variants: 0, devices: 0 });
  crowd = new ManySockets();
});
afterEach(() => crowd.leave());
afterAll(async () => {
  crowd?.end();
  const exit = await service?.stop();
  if (Object.keys(figures).length === 5 && environment.long) await recordRun('realtime', figures);
  expect(exit).toEqual({ code: 0, signal: null });
});

// Tokens of so many sessions of the owner, each its own. That they have logged in is written into the database: passwords take their time.
async function sessions(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  await service.database.query(
    `insert into sessions
     select copy.*
     from (select * from sessions where user_id = $1 limit 1) one,
          unnest($2::uuid[]) as new_id,
          jsonb_populate_record(null::sessions, to_jsonb(one) || jsonb_build_object('id', new_id)) copy`,
    [shop.userId, ids],
  );
  const key = Buffer.from(service.secrets.JWT_SECRET!);
  const sign = (sid: string) =>
    new SignJWT({ tid: shop.tenantId, sid })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
      .setSubject(shop.userId)
      .setIssuer('backend-api')
      .setAudience('backend-api')
      .setIssuedAt()
      .setExpirationTime('1h')
      .sign(key);
  return Promise.all(ids.map(sign));
}

// Who was refused has asked again.
function expectServed(status: Status, count: number): void {
  expect({ served: status.served, closed: status.closed }, JSON.stringify(status)).toEqual({
    served: count,
    closed: {},
  });
}
const number = (file: string, pattern: RegExp): number => Number(pattern.exec(readFileSync(file, 'utf8'))![1]);

// ---- Idle sockets ----------------------------------------------------------------------------------------------------

interface Memory {
  service: number;
  tcpBuffers: number;
  slab: number;
}
// kB. What the kernel has is that of the whole machine, and of both ends.
async function memory(): Promise<Memory> {
  if (environment.long) await sleep(5_000);
  return {
    service: number(`/proc/${service.process.pid}/status`, /VmRSS:\s+(\d+)/),
    tcpBuffers: 4 * number('/proc/net/sockstat', /TCP:.* mem (\d+)/),
    slab: number('/proc/meminfo', /Slab:\s+(\d+)/),
  };
}

test('idle sockets: each is served, and holds little', { timeout: 300_000 }, async () => {
  const { idle } = sizes;
  const tokens = await sessions(idle + 100);
  const options: OpenOptions = { port: service.port, dialect: 'own', count: 100, tokens: tokens.slice(idle) };
  // What the first ones bring with them is nobody's.
  await crowd.open(options);
  const before = await memory();
  const { refused } = await crowd.open({ ...options, count: idle, tokens });
  const opened = await memory();
  await crowd.follow(['changes']);
  const following = await memory();
  expectServed(await crowd.status(), idle + 100);
  const each = (after: Memory, name: keyof Memory) => round((after[name] - before[name]) / idle);
  const kilobytes = {
    service: each(opened, 'service'),
    serviceWhenFollowing: each(following, 'service'),
    kernelBothEnds: { tcpBuffers: each(following, 'tcpBuffers'), slab: each(following, 'slab') },
  };
  figures.idle = { sockets: idle, sessions: idle, refused, kilobytesOfEach: kilobytes };
  if (!environment.long) return;
  console.info(`idle: ${JSON.stringify(figures.idle)}`);
  expect(kilobytes.serviceWhenFollowing).toBeLessThan(10);
});

// ---- One message to all ----------------------------------------------------------------------------------------------

interface Server {
  pid: number;
  open: OpenOptions;
}
interface Round {
  p50Milliseconds: number;
  p99Milliseconds: number;
  messagesPerSecond: number;
  cpuMicroseconds: number; // for one socket's message, the kernel's part included
  cpuMicrosecondsOfUser: number;
  readerBusy: number; // 1: the process that reads limits the rate
}

// Microseconds of the processor that a process has had (proc(5): hundredths of a second).
function cpu(pid: number): { user: number; all: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const [user, system] = [Number(fields[11]) * 1e4, Number(fields[12]) * 1e4];
  return { user, all: user + system };
}

// First one message at a time, then as fast as they are taken.
async function publishTo({ pid, open }: Server): Promise<Round> {
  const { subscribers, alone, inARow } = sizes;
  expectServed(await crowd.open(open), subscribers);
  await crowd.publish({ messages: alone, window: 1 });
  const single = await crowd.publish({ messages: alone, window: 1 });
  expect(single).toMatchObject({ received: alone * subscribers, outOfOrder: 0 });
  const [before, readerBefore] = [cpu(pid), cpu(crowd.pid)];
  const many = await crowd.publish({ messages: inARow, window: 16 });
  const [after, readerAfter] = [cpu(pid), cpu(crowd.pid)];
  expect(many).toMatchObject({ received: inARow * subscribers, outOfOrder: 0 });
  expectServed(await crowd.status(), subscribers);
  await crowd.leave();
  return {
    p50Milliseconds: single.p50,
    p99Milliseconds: single.p99,
    messagesPerSecond: many.received / many.seconds,
    cpuMicroseconds: (after.all - before.all) / many.received,
    cpuMicrosecondsOfUser: (after.user - before.user) / many.received,
    readerBusy: (readerAfter.all - readerBefore.all) / 1e6 / many.seconds,
  };
}

const medians = (rounds: Round[]): Record<string, number> =>
  Object.fromEntries(
    (Object.keys(rounds[0]!) as (keyof Round)[]).map((name) => [
      name,
      round(
        percentile(
          rounds.map((one) => one[name]),
          0.5,
        ),
      ),
    ]),
  );

async function startPeer(kind: 'ws' | 'socket.io'): Promise<{ process: Process; server: Server }> {
  const program = path.join(repository, 'bench/peers/sockets/server.mjs');
  const peer = new Process(process.execPath, [program, kind], { ...process.env, NODE_ENV: 'production' });
  const { listening } = await peer.line((line) => 'listening' in line);
  return {
    process: peer,
    server: { pid: peer.pid, open: { port: Number(listening), dialect: kind, count: sizes.subscribers } },
  };
}

test('a message to all: each has it once, in order', { timeout: 600_000 }, async () => {
  const peers: Awaited<ReturnType<typeof startPeer>>[] = [];
  if (environment.long) {
    const folder = path.join(repository, 'bench/peers/sockets');
    if (!existsSync(path.join(folder, 'node_modules')))
      await promisify(execFile)('npm', ['ci', '--prefix', folder, '--no-audit', '--no-fund']);
    for (const kind of ['ws', 'socket.io'] as const) peers.push(await startPeer(kind));
  }
  const ours: Server = {
    pid: service.process.pid,
    open: { port: service.port, dialect: 'pusher', count: sizes.subscribers, app },
  };
  const rounds: Record<string, Round[]> = {};
  try {
    for (let turn = 0; turn < sizes.rounds; ++turn)
      for (const server of [ours, ...peers.map((peer) => peer.server)])
        (rounds[server.open.dialect] ??= []).push(await publishTo(server));
  } finally {
    for (const peer of peers) await peer.process.endPeer();
  }
  const measured = Object.entries(rounds).map(([kind, all]) => [kind === 'pusher' ? 'ours' : kind, medians(all)]);
  const { subscribers, inARow: messages } = sizes;
  figures.fanOut = { subscribers, messages, rounds: sizes.rounds, ...Object.fromEntries(measured) };
  if (environment.long) console.info(`to ${subscribers}: ${JSON.stringify(figures.fanOut)}`);
});

// ---- All come back ---------------------------------------------------------------------------------------------------

// The service's to PostgreSQL.
async function connectionsNow(): Promise<number> {
  const [row] = await service.database.query<{ count: number }>(
    `select count(*)::integer from pg_stat_activity where datname = $1 and usename in ('app', 'app_system')`,
    [service.database.name],
  );
  return row!.count;
}

// At most, while `work` is done.
async function mostConnections(work: () => Promise<void>): Promise<number> {
  let most = 0;
  let isOver = false;
  const looking = (async () => {
    while (!isOver) {
      most = Math.max(most, await connectionsNow());
      await sleep(20);
    }
  })();
  try {
    await work();
  } finally {
    isOver = true;
    await looking;
  }
  return most;
}
// Of one loop: 8 for writes, 2 for points, 2 for reads, 2 for bulks and 2 for streams, by each of two roles; and one that listens.
const mostAllowed = 2 * 16 + 1;

test.each(['SIGKILL', 'SIGTERM'] as const)('all come back after %s, and hear what they missed', async (signal) => {
  const { returning } = sizes;
  const tokens = await sessions(returning);
  const options: OpenOptions = { port: service.port, dialect: 'own', count: returning, tokens, topics: ['changes'] };
  expectServed(await crowd.open(options), returning);
  const { text } = await shop.api('GET', '/v1/sync/snapshot?collections=categories');
  const since: string = JSON.parse(text.split('\n', 1)[0]!).cursor;
  await shop.create('/v1/categories', { name: `Missed after ${signal}` });
  service.process.signal(signal);
  const { closed } = await crowd.closed();
  expect(Object.values(closed).reduce((sum, count) => sum + count, 0)).toBe(returning);
  if (signal === 'SIGTERM') expect(closed).toEqual({ 1012: returning });
  await service.process.exited;
  await until(async () => (await connectionsNow()) === 0); // PostgreSQL has seen it too
  await service.restart();
  let milliseconds = 0;
  let refused: Record<string, number> = {}; // and let in when they asked again
  const connections = await mostConnections(async () => {
    const back = await crowd.reopen(since);
    expect(back).toMatchObject({ served: returning, told: { poke: returning } });
    expect(back.closed).toEqual(closed);
    ({ milliseconds, refused } = back);
  });
  expect(connections).toBeLessThanOrEqual(mostAllowed);
  const measured = {
    sockets: returning,
    sessions: returning,
    milliseconds: Math.round(milliseconds),
    refused,
    connections,
    mostAllowed,
  };
  figures[`after${signal}`] = measured;
  if (environment.long) console.info(`back after ${signal}: ${JSON.stringify(measured)}`);
});
