// How the service starts in an operator's hands: faults of the configuration, the port, the roles, the migrations, and a hand-over.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ScratchDatabase, scratchDatabase } from './support/database.js';
import { environment, repository } from './support/environment.js';
import { freePort, startPostgres } from './support/postgres.js';
import { Process, run } from './support/process.js';
import { migrate, serviceEnvironment } from './support/service.js';
import { until } from './support/until.js';

let database: ScratchDatabase;
let env: NodeJS.ProcessEnv;
let url: string;
const started: Process[] = [];

beforeAll(async () => {
  database = await scratchDatabase();
  const port = await freePort();
  // Two loops share the port, as no two processes may.
  env = serviceEnvironment(database, { PORT: String(port), THREADS: '2' });
  url = `http://127.0.0.1:${port}`;
  await migrate(env);
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.kill()));
});
afterAll(() => database.drop());

function begin(args: string[] = [], changed: NodeJS.ProcessEnv = {}): Process {
  const process_ = new Process(environment.binary, ['serve', ...args], { ...env, ...changed });
  started.push(process_);
  return process_;
}
async function serving(args: string[] = []): Promise<Process> {
  const process_ = begin(args);
  await process_.line((line) => line.msg === 'listening');
  return process_;
}
const serve = (changed: NodeJS.ProcessEnv) => run(environment.binary, ['serve'], { ...env, ...changed });
const ready = async (at = url) => {
  const reply = await fetch(`${at}/ready`);
  return { status: reply.status, body: (await reply.json()) as { checks: Record<string, { reason?: string }> } };
};

test('production without REDIS_URL is told so at the start and by /ready', async () => {
  const process_ = begin([], { APP_ENV: 'production', REDIS_URL: undefined, CREDENTIALS_KEYS: undefined });
  await process_.line((line) => line.msg === 'listening');
  expect(process_.log.find((line) => line.level === 40)?.msg).toContain('REDIS_URL is not set');
  const { status, body } = await ready();
  expect(status).toBe(200);
  expect(body).toMatchObject({ status: 'degraded', checks: { redis: { status: 'error' } } });
  expect(body.checks.redis!.reason).toContain('set REDIS_URL');
});

describe('the port', () => {
  test('is of one process: a second one is told which, and ends with 78', async () => {
    const first = await serving();
    for (const host of ['127.0.0.1', '']) {
      const second = await serve({ HOST: host });
      expect(second.code, second.output).toBe(78);
      expect(second.output).toContain(`served by process ${first.pid}`);
    }
    expect((await ready()).status).toBe(200);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    const next = await serving();
    expect(await next.stop()).toEqual({ code: 0, signal: null });
  });

  test('passes from one process to the next without a refused request', async () => {
    const first = await serving();
    let asking = true;
    const faults: unknown[] = [];
    let answered = 0;
    const client = async () => {
      while (asking) {
        try {
          // A connection of its own each: a kept one would go on with the process that has it.
          const reply = await fetch(`${url}/health`, { headers: { connection: 'close' } });
          if (reply.status !== 200) faults.push(reply.status);
          answered += 1;
        } catch (error) {
          faults.push(error);
        }
      }
    };
    const clients = Array.from({ length: 8 }, client);
    await until(async () => answered > 20);
    const second = await serving(['--take-over']);
    // Whoever deploys ends it, too: that is no second signal.
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    const before = answered;
    await until(async () => answered > before + 20);
    asking = false;
    await Promise.all(clients);
    expect(faults).toEqual([]);
    const third = await serve({});
    expect(third.output).toContain(`served by process ${second.pid}`);
    expect(await second.stop()).toEqual({ code: 0, signal: null });
    await expect(fetch(`${url}/health`)).rejects.toThrow();
  });

  test('stays where it is when the one that takes over does not serve', async () => {
    const first = await serving();
    const refused = await run(environment.binary, ['serve', '--take-over'], {
      ...env,
      DATABASE_URL: database.ownerUrl,
    });
    expect(refused.code, refused.output).toBe(78);
    await first.line((line) => String(line.msg).startsWith('it ended before it served'));
    const empty = await scratchDatabase();
    const behind = await run(environment.binary, ['serve', '--take-over'], {
      ...env,
      DATABASE_URL: empty.appUrl,
      DATABASE_SYSTEM_URL: empty.systemUrl,
    });
    await empty.drop();
    expect(behind.code, behind.output).toBe(1);
    expect(behind.output).toContain('the other process goes on');
    for (let i = 0; i < 20; ++i) expect((await ready()).status).toBe(200);
    expect(await first.stop()).toEqual({ code: 0, signal: null });
  });

  test('is taken as usual where nobody serves', async () => {
    const only = await serving(['--take-over']);
    expect((await ready()).status).toBe(200);
    expect(await only.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('the database', () => {
  test('that is not migrated is not served, and is as soon as it is', async () => {
    const empty = await scratchDatabase();
    const own = begin([], {
      DATABASE_URL: empty.appUrl,
      DATABASE_SYSTEM_URL: empty.systemUrl,
      DATABASE_OWNER_URL: empty.ownerUrl,
    });
    try {
      const waiting = await own.line((line) => String(line.msg).startsWith('the database is not ready'));
      expect(waiting.reason).toContain('backend-api db migrate');
      await own.line((line) => line.msg === 'listening');
      const before = await ready();
      expect(before.status).toBe(503);
      expect(before.body.checks.migrations?.reason).toContain('backend-api db migrate');
      expect((await fetch(`${url}/health`)).status).toBe(200);
      const login = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
      expect((await fetch(`${url}/v1/auth/login`, login)).status).toBe(503);
      await migrate({ ...env, DATABASE_OWNER_URL: empty.ownerUrl });
      await until(async () => (await ready()).status === 200);
      expect((await fetch(`${url}/v1/auth/login`, login)).status).toBe(422);
      expect(await own.stop()).toEqual({ code: 0, signal: null });
    } finally {
      await own.kill();
      await empty.drop();
    }
  });

  test('whose roles are those of docs/operations/install.md, and no more, is migrated, checked and served', async () => {
    const page = await readFile(path.join(repository, 'docs/operations/install.md'), 'utf8');
    const [, sql] = /```sql\n([\s\S]*?)```/.exec(page) ?? [];
    expect(sql).toContain('create role shop_owner');
    const postgres = await startPostgres();
    try {
      const administrator = new pg.Client({ connectionString: postgres.url });
      await administrator.connect();
      for (const statement of sql!.split(';').filter((text) => text.trim() !== ''))
        await administrator.query(statement);
      await administrator.end();
      const urlOf = (user: string) => postgres.url.replace('postgres@', `${user}@`).replace(/\/postgres$/, '/shop');
      const urls = {
        DATABASE_OWNER_URL: urlOf('shop_owner'),
        DATABASE_URL: urlOf('app'),
        DATABASE_SYSTEM_URL: urlOf('app_system'),
      };
      const migrated = await run(environment.binary, ['db', 'migrate'], { ...env, ...urls });
      expect(migrated.code, migrated.output).toBe(0);
      const own = begin([], urls);
      await own.line((line) => line.msg === 'listening');
      expect((await ready()).status).toBe(200);
      expect(await own.stop()).toEqual({ code: 0, signal: null });
    } finally {
      await postgres.remove();
    }
  });

  test('that is not migrated runs no jobs, and does as soon as it is', async () => {
    const empty = await scratchDatabase();
    const urls = { DATABASE_URL: empty.appUrl, DATABASE_SYSTEM_URL: empty.systemUrl };
    const worker = new Process(environment.binary, ['worker'], { ...env, ...urls });
    try {
      await worker.line((line) => String(line.msg).startsWith('the database is not ready'));
      expect(worker.output).not.toContain('running jobs');
      await migrate({ ...env, ...urls, DATABASE_OWNER_URL: empty.ownerUrl });
      await worker.line((line) => line.msg === 'the database is ready for this release');
      await worker.line((line) => line.msg === 'running jobs');
      expect(await worker.stop()).toEqual({ code: 0, signal: null });
    } finally {
      await worker.kill();
      await empty.drop();
    }
  });

  test('is not served as its owner', async () => {
    const owner = new URL(database.ownerUrl);
    owner.password = 'hunter2-of-the-owner';
    for (const command of ['serve', 'worker']) {
      const refused = await run(environment.binary, [command], { ...env, DATABASE_URL: owner.toString() });
      expect(refused.code, refused.output).toBe(78);
      expect(refused.output).toMatch(/DATABASE_URL .*is a superuser/);
      expect(refused.output).not.toContain('hunter2');
    }
  });
});

describe('the configuration', () => {
  test('has all its faults told at once, those of form and those of sense, and no value with them', async () => {
    const faults = {
      APP_ENV: 'production',
      PORT: '70000',
      LOG_LEVEL: 'loud',
      APP_SECRET: 'changeme-changeme-changeme-changeme-1',
      JWT_SECRET: '0123456789abcdef0123456789abcdef0123456789abcdef',
      CORS_ORIGINS: 'notaurl',
      TRUSTED_PROXIES: '10.0.0.0/99',
      JOB_QUEUES: 'nobodys',
      JWT_NEXT_KEY_FILE: '/nonexistent/next.pem',
      CLIENT_CA_FILE: '/etc/passwd',
      DATABASE_URL: 'mysql://app:hunter2@db/shop',
    };
    const refused = await serve(faults);
    expect(refused.code, refused.output).toBe(78);
    for (const name of Object.keys(faults).slice(1)) expect(refused.output).toMatch(new RegExp(`^ +${name} `, 'm'));
    expect(refused.output).toContain('The configuration has 10 faults');
    for (const secret of ['hunter2', 'changeme', '0123456789', '/nonexistent'])
      expect(refused.output).not.toContain(secret);
  });

  test('names an address that is not this machine', async () => {
    const refused = await serve({ HOST: '192.0.2.1' });
    expect(refused.code, refused.output).toBe(78);
    expect(refused.output).toMatch(/^ +HOST +This machine has no such address/m);
  });
});
