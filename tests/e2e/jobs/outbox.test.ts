// The outbox and its relay where things go wrong: rows that no queue takes, broken queues, Redis that is full, frozen or emptied,
// two relays at once, a relay that is killed between Redis and PostgreSQL.
import { Redis } from 'ioredis';
import { availableParallelism } from 'node:os';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { learnContract } from '../support/contract.js';
import { environment } from '../support/environment.js';
import { Process, run } from '../support/process.js';
import { type RedisServer, startRedis } from '../support/redis.js';
import { type Service, serviceEnvironment, startService } from '../support/service.js';
import { until } from '../support/until.js';

let redis: RedisServer;
let service: Service; // relays nothing
let admin: Redis;
let env: NodeJS.ProcessEnv;
const relays: Process[] = [];

beforeAll(async () => {
  redis = await startRedis();
  admin = new Redis(redis.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  admin.on('error', () => {});
  service = await startService({ env: { REDIS_URL: redis.url, OUTBOX_RELAY: 'false' } });
  env = serviceEnvironment(service.database, { ...service.secrets, REDIS_URL: redis.url });
});
afterAll(async () => {
  await service?.stop();
  admin?.disconnect();
  await redis?.remove();
});
beforeEach(async () => {
  await admin.flushall();
  await query('truncate outbox_jobs');
});
afterEach(async () => {
  for (const relay of relays.splice(0)) if (relay.running) expect((await relay.stop()).code).toBe(0);
});

const query = (sql: string, values?: unknown[]) => service.database.query<any>(sql, values);
const key = (queue: string, suffix: string) => `${service.database.name}:${queue}:${suffix}`;

// `serve`, which relays.
async function startRelay(): Promise<Process & { port?: number }> {
  const relay = new Process(environment.binary, ['serve'], env);
  relays.push(relay);
  const { port } = await relay.line(({ msg }) => msg === 'listening');
  await learnContract(`http://127.0.0.1:${port}`);
  return Object.assign(relay, { port: Number(port) });
}

interface Row {
  queue?: string;
  name?: string;
  data?: unknown;
  options?: unknown;
  createdAt?: string;
}

// As a writer outside of the service would, in one transaction, in this order; the ids.
async function write(rows: Row[]): Promise<string[]> {
  const written = await query(
    `insert into outbox_jobs (tenant_id, id, position, queue, name, data, options, created_at)
     select gen_random_uuid(), gen_random_uuid(), nextval('outbox_position'), queue, name, data, options,
       "createdAt"::timestamptz
     from jsonb_to_recordset($1::jsonb) as row(queue text, name text, data jsonb, options jsonb, "createdAt" text)
     returning id`,
    [
      JSON.stringify(
        rows.map(({ queue = 'mail', name = 'welcome', data = {}, options = {}, createdAt = 'now' }) => ({
          ...{ queue, name, data, options, createdAt },
        })),
      ),
    ],
  );
  await query('notify outbox');
  return written.map(({ id }) => id);
}

const waiting = async (): Promise<number> => {
  const [row] = await query('select count(*) from outbox_jobs where failure is null');
  return Number(row.count);
};
const parked = (): Promise<{ queue: string; data: any; failure: string }[]> =>
  query('select queue, data, failure from outbox_jobs where failure is not null order by position');
// The ids of the jobs of a queue, the first to be run first.
const jobsOf = async (queue: string): Promise<string[]> => (await admin.lrange(key(queue, 'wait'), 0, -1)).reverse();
const events = async (queue: string, event: string): Promise<number> =>
  (await admin.xrange(key(queue, 'events'), '-', '+')).filter(([, fields]) => fields[1] === event).length;

const good = (queue: string, number: number): Row[] => Array.from({ length: number }, () => ({ queue }));

describe('rows that no queue takes', () => {
  // What an older release, or a script, may have written before the table refused it.
  let constraint: string;
  beforeAll(async () => {
    const [{ definition }] = await query(
      "select pg_get_constraintdef(oid) as definition from pg_constraint where conname = 'outbox_jobs_sendable'",
    );
    constraint = definition;
    await query('alter table outbox_jobs drop constraint outbox_jobs_sendable');
  });
  afterAll(async () => {
    await query('truncate outbox_jobs');
    await query(`alter table outbox_jobs add constraint outbox_jobs_sendable ${constraint}`);
  });

  const poison: [string, Row][] = [
    ['a queue without a name', { queue: '' }],
    ['a queue with a colon', { queue: 'mail:welcome' }],
    ['a queue that is a colon', { queue: ':' }],
    ['a job without a name', { name: '' }],
    ['attempts below zero', { options: { attempts: -1 } }],
    ['a priority that is none', { options: { priority: 3_000_000 } }],
    ['an id that is a number', { options: { jobId: '17' } }],
    ['an id with a colon', { options: { jobId: 'a:b' } }],
    ['a delay of a century', { options: { delay: 3_200_000_000_000 } }],
    ['a parent that is gone', { options: { parent: { id: 'gone', queue: 'bull:gone' } } }],
    // Of the right form: Redis itself refuses it, and takes the others of its queue.
    ['a key of another type in its way', { options: { de: { id: 'list' } } }],
  ];

  test.for([
    ['first', (bad: Row, queue: string) => [bad, ...good(queue, 3)]],
    ['in the middle', (bad: Row, queue: string) => [...good(queue, 2), bad, ...good(queue, 2)]],
    ['last', (bad: Row, queue: string) => [...good(queue, 3), bad]],
    ['twice', (bad: Row, queue: string) => [bad, bad, ...good(queue, 2), bad]],
  ] as const)('%s: parked with the reason, and nobody waits', async ([, place]) => {
    const rows: Row[] = [];
    const expected: { queue: string; rows: number }[] = [];
    for (const [index, [what, bad]] of poison.entries()) {
      const queue = `queue-${index}`;
      await admin.lpush(key(queue, 'de:list'), 'of another type');
      const own = place({ ...(bad.queue === undefined ? { queue } : {}), ...bad, data: { what } }, queue);
      rows.push(...own);
      expected.push({ queue, rows: own.filter(({ data }) => data === undefined).length });
    }
    const ids = await write(rows);
    await startRelay();
    await until(async () => (await waiting()) === 0);
    const aside = await parked();
    const bad = rows.filter(({ data }) => data !== undefined);
    expect(aside.map(({ data }) => data.what)).toEqual(bad.map(({ data }) => (data as { what: string }).what));
    for (const { failure, data } of aside) expect(failure, data.what).toMatch(/^(jobs\.\w+: .|WRONGTYPE)/);
    // All of the others, in their order.
    for (const { queue, rows: number } of expected) {
      const own = ids.filter((_, index) => rows[index]!.queue === queue && rows[index]!.data === undefined);
      expect(own).toHaveLength(number);
      expect(await jobsOf(queue)).toEqual(own);
    }
    const { body } = await metrics(relays[0]!);
    expect(body).toContain(`outbox_parked ${bad.length}`);
  });

  test('a time that is none does not keep the others from being read', async () => {
    await write([...good('mail', 2), { createdAt: 'infinity' }, { createdAt: '-infinity' }, ...good('mail', 2)]);
    await startRelay();
    await until(async () => (await waiting()) === 0);
    expect(await parked()).toEqual([]);
    expect(await jobsOf('mail')).toHaveLength(6);
  });

  test('two rows of one position and of one id are two rows', async () => {
    await write([{ data: 1 }, { data: 2, options: { attempts: -1 } }]);
    await query('update outbox_jobs set position = 1, id = (select id from outbox_jobs limit 1)');
    await startRelay();
    await until(async () => (await waiting()) === 0);
    expect(await parked()).toMatchObject([{ data: 2 }]);
    expect(await jobsOf('mail')).toHaveLength(1);
  });

  test('are listed, and sent when they are mended', async () => {
    const ids = await write([{ name: '' }, { queue: 'a:b' }, { options: { attempts: -1 } }]);
    await startRelay();
    await until(async () => (await parked()).length === 3);
    const listed = await run(environment.binary, ['outbox'], env);
    expect(listed.code, listed.output).toBe(0);
    for (const id of ids) expect(listed.output).toContain(id);
    expect(listed.output).toContain('queue "a:b"');
    expect(listed.output).toContain('3 parked');

    await query("update outbox_jobs set name = 'welcome', queue = 'mail', options = '{}' where id <> $1", [ids[2]]);
    const retried = await run(environment.binary, ['outbox', '--retry', `${ids[0]},${ids[1]}`], env);
    expect(retried.code, retried.output).toBe(0);
    await until(async () => (await jobsOf('mail')).length === 2);
    const unknown = await run(environment.binary, ['outbox', '--retry', ids[0]!], env);
    expect([unknown.code, unknown.output]).toEqual([1, expect.stringContaining('no such job is parked')]);
    // One that is as it was comes back, and keeps nobody.
    expect((await run(environment.binary, ['outbox', '--retry', 'all'], env)).code).toBe(0);
    await until(async () => (await waiting()) === 0 && (await parked()).length === 1);
  });
});

test('the table refuses what no queue takes', async () => {
  for (const row of [
    { queue: '' },
    { queue: 'a:b' },
    { name: '' },
    { options: [] },
    { options: 'text' },
    { createdAt: 'infinity' },
    { createdAt: '-infinity' },
  ])
    await expect(write([row]), JSON.stringify(row)).rejects.toThrow('outbox_jobs_sendable');
  await write(good('Kassenbücher 漢字', 1));
});

test('a row that ends the connection whenever it is sent is parked, and the others go', async () => {
  await admin.config('SET', 'proto-max-bulk-len', '1048576');
  try {
    const ids = await write([...good('mail', 10), { data: 'x'.repeat(1_500_000) }, ...good('mail', 10)]);
    await startRelay();
    await until(async () => (await waiting()) === 0, 180_000);
    expect((await parked()).map(({ failure }) => failure)).toEqual([expect.stringMatching(/redis\.|Protocol error/)]);
    expect((await jobsOf('mail')).sort()).toEqual(ids.filter((_, index) => index !== 10).sort());
  } finally {
    await admin.config('SET', 'proto-max-bulk-len', '536870912');
  }
});

test('more than fits into one reply or one request', async () => {
  const ids = await write(Array.from({ length: 24 }, (_, n) => ({ data: `${n} ${'x'.repeat(1_000_000)}` })));
  await startRelay();
  await until(async () => (await waiting()) === 0);
  expect(await jobsOf('mail')).toEqual(ids);
});

describe('broken queues', () => {
  test.for(['wait', 'id', 'meta'])('a %s of another type: its rows wait until it is mended', async (suffix) => {
    await admin.hset(key('broken', 'other'), 'a', 1);
    await (suffix === 'id' ? admin.set(key('broken', 'id'), 'text') : admin.set(key('broken', suffix), 'text'));
    await write([...good('broken', 3), ...good('mail', 3)]);
    const relay = await startRelay();
    await until(async () => (await jobsOf('mail')).length === 3);
    await relay.line(({ msg, queue }) => msg === 'jobs for a queue wait in the outbox' && queue === 'broken');
    expect(await parked()).toEqual([]);
    await until(async () => (await waiting()) === 3); // the jobs are in Redis before their rows are gone
    await write(good('mail', 1));
    await until(async () => (await jobsOf('mail')).length === 4);
    await admin.del(key('broken', suffix));
    await until(async () => (await waiting()) === 0);
    expect(await jobsOf('broken')).toHaveLength(3);
  });
});

describe('Redis', () => {
  const idle = async (): Promise<number> => {
    const [row] = await query(
      `select count(*) from pg_stat_activity
       where datname = current_database() and xact_start < clock_timestamp() - interval '1 second'
         and (state like 'idle in transaction%' or wait_event = 'ClientRead')`,
    );
    return Number(row.count);
  };

  test('frozen: no transaction is held open over its time, and all is sent afterwards', async () => {
    const relay = await startRelay();
    await write(good('mail', 1));
    await until(async () => (await waiting()) === 0);
    process.kill(redis.pid, 'SIGSTOP');
    try {
      await write(good('mail', 600));
      for (let n = 0; n < 20; ++n) {
        expect(await idle()).toBe(0);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      await relay.line(({ msg }) => msg === 'the outbox waits');
      expect(await idle()).toBe(0);
    } finally {
      process.kill(redis.pid, 'SIGCONT');
    }
    await until(async () => (await waiting()) === 0, 120_000);
    expect(new Set(await jobsOf('mail')).size).toBe(601);
    expect(await jobsOf('mail')).toHaveLength(601);
  });

  test.for([
    ['out of memory', 'OOM', ['maxmemory', '1'], ['maxmemory', '0']],
    ['with too few replicas', 'NOREPLICAS', ['min-replicas-to-write', '1'], ['min-replicas-to-write', '0']],
  ] as const)('%s: the rows wait, the log says why, /ready that it is so', async ([, word, begin, end]) => {
    const relay = await startRelay();
    await admin.config('SET', ...begin);
    try {
      await write(good('mail', 3));
      await relay.line(({ msg }) => msg === 'the outbox waits');
      const ready = await until(async () => {
        const reply = await fetch(`http://127.0.0.1:${relay.port}/ready`);
        const body: any = await reply.json();
        return body.status === 'degraded' && { status: reply.status, body };
      });
      expect(ready).toMatchObject({ status: 200, body: { checks: { redis: { status: 'error' } } } });
      expect(await parked()).toEqual([]);
      // Once for the client of each loop, not for each command.
      await relay.line(({ msg }) => msg === 'Redis refuses commands');
      const told = relay.log.filter(({ msg }) => msg === 'Redis refuses commands');
      expect(told.length).toBeLessThanOrEqual(availableParallelism() + 1);
      for (const { cause } of told) expect(cause).toMatch(new RegExp(`^${word} `));
    } finally {
      await admin.config('SET', ...end);
    }
    await until(async () => (await waiting()) === 0);
    expect(await jobsOf('mail')).toHaveLength(3);
  });

  test('emptied, its scripts too, between one job and the next', async () => {
    await startRelay();
    for (let n = 0; n < 3; ++n) {
      await write(good('mail', 5));
      await until(async () => (await waiting()) === 0);
      expect(await jobsOf('mail')).toHaveLength(5);
      await admin.flushall();
      await admin.script('FLUSH');
    }
  });
});

describe('relays', () => {
  test('two at once neither double nor starve', async () => {
    await Promise.all([startRelay(), startRelay()]);
    const ids: string[] = [];
    for (let turn = 0; turn < 10; ++turn)
      ids.push(...(await write(Array.from({ length: 200 }, (_, n) => ({ queue: `queue-${n % 4}` })))));
    await until(async () => (await waiting()) === 0, 120_000);
    const queues = ['queue-0', 'queue-1', 'queue-2', 'queue-3'];
    const sent = await Promise.all(queues.map(jobsOf));
    // Each queue's in the order in which they were written.
    for (const [index, own] of sent.entries()) expect(own).toEqual(ids.filter((_, n) => n % 4 === index));
    for (const queue of queues) expect(await events(queue, 'duplicated')).toBe(0);
  });

  test('one that is killed between Redis and PostgreSQL leaves its rows to the other, and each is one job', async () => {
    await write(good('mail', 20));
    const lock = await service.database.connectAs('superuser');
    try {
      // Reading is free, removing waits.
      await lock.query('begin; lock table outbox_jobs in share mode');
      const [{ began }] = (await lock.query('select clock_timestamp() as began')).rows;
      const victim = await startRelay();
      await until(async () => (await jobsOf('mail')).length === 20);
      await victim.kill();
      // Its statement waits in PostgreSQL, or is on its way there, which would run it when the lock goes, whoever is there to hear of it.
      await lock.query(
        `select pg_terminate_backend(pid, 10000) from pg_stat_activity
         where datname = current_database() and backend_start > $1 and pid <> pg_backend_pid()`,
        [began],
      );
    } finally {
      await lock.query('rollback');
      await lock.end();
    }
    expect(await waiting()).toBe(20);
    await startRelay();
    // When the turn of the one that was killed has run out.
    await until(async () => (await waiting()) === 0, 120_000);
    expect(await jobsOf('mail')).toHaveLength(20);
    expect(await events('mail', 'duplicated'), 'that they were sent twice').toBe(20);
  });
});

const metrics = async (relay: Process & { port?: number }): Promise<{ body: string }> => {
  // Counted when it looks, every five seconds.
  const body = await until(async () => {
    const text = await (await fetch(`http://127.0.0.1:${relay.port}/metrics`)).text();
    return /outbox_parked [1-9]/.test(text) && text;
  });
  return { body };
};
