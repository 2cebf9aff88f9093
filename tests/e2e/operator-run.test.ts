// The service in an operator's hands once it runs: signals, restarts under load, the management port, production.
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { environment } from './support/environment.js';
import { freePort } from './support/postgres.js';
import { type LogLine, Process, type ProcessOptions, run } from './support/process.js';
import { type Service, serviceEnvironment, startService } from './support/service.js';
import { openShop, type Shop, signUpBody } from './support/shop.js';
import { until } from './support/until.js';

let service: Service;
let shop: Shop;
let directory: string;
const started: Process[] = [];
const sockets: Socket[] = [];

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'operator-run-'));
  // The restarts are of this one.
  service = await startService({ env: { SHUTDOWN_IDLE_MS: '3000' } });
  shop = await openShop(service, { devices: 1, variants: 1 });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(started.splice(0).map((one) => one.kill()));
});
afterAll(async () => {
  await service?.stop();
  await rm(directory, { recursive: true });
});

const settings = (more: Record<string, string> = {}) =>
  serviceEnvironment(service.database, { ...service.secrets, ...more });

async function begin(
  command: string,
  env: NodeJS.ProcessEnv,
  options: ProcessOptions = {},
): Promise<[Process, LogLine]> {
  const process_ = new Process(environment.binary, [command], env, options);
  started.push(process_);
  const begun = await process_.line(({ msg }) => msg === (command === 'serve' ? 'listening' : 'running jobs'));
  return [process_, begun];
}

// A request whose body never ends: what a drain waits for.
async function hang(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => {});
  socket.write(
    'POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n' +
      'X-Request-Id: the-one-that-hangs\r\nExpect: 100-continue\r\n\r\n',
  );
  // Its handler waits for the body now.
  await new Promise((resolve) => socket.once('data', resolve));
}

describe('signals', () => {
  test('HUP reads the log level anew, QUIT says what waits, and neither ends the server', async () => {
    const dotenv = path.join(directory, '.env');
    await writeFile(dotenv, 'LOG_LEVEL=info\n');
    const [server, { port }] = await begin('serve', settings(), { cwd: directory });
    const hangUp = async (msg: string) => {
      server.signal('SIGHUP');
      return server.line((line) => line.msg === msg);
    };
    await hangUp('SIGHUP: nothing has changed');
    await writeFile(dotenv, 'LOG_LEVEL=loud\n');
    await hangUp('SIGHUP: LOG_LEVEL is none; nothing changes');
    await writeFile(dotenv, 'LOG_LEVEL=debug\n');
    expect(await hangUp('SIGHUP: log level changed')).toMatchObject({ from: 'info', to: 'debug' });

    await hang(Number(port));
    server.signal('SIGQUIT');
    expect(await server.line((line) => line.msg === 'what waits: a request')).toMatchObject({
      loop: 'loop 1',
      method: 'POST',
      route: '/v1/auth/login',
      waitsFor: 'client',
      reqId: expect.stringMatching(/./),
      ageMs: expect.any(Number),
    });
    const loop = await server.line((line) => line.msg === 'what waits: a loop' && line.loop === 'loop 1');
    expect(loop).toMatchObject({ requests: 1, connections: expect.any(Number) });
    expect(Number(loop.coroutines)).toBeGreaterThan(0);
    expect((await server.line((line) => line.msg === 'what waits: gauges')).gauges).toMatchObject({
      http_requests_in_flight: 1,
    });
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);

    // The hanging request keeps it; a second signal does not wait for it.
    server.signal('SIGTERM');
    await server.line((line) => line.msg === 'shutting down');
    server.signal('SIGTERM');
    expect(await server.exited).toEqual({ code: null, signal: 'SIGTERM' });
  });

  test('so for a worker, which has a management port too', async () => {
    const management = await freePort();
    const [worker] = await begin('worker', settings({ MANAGEMENT_PORT: String(management) }), { cwd: tmpdir() });
    worker.signal('SIGHUP');
    await worker.line((line) => line.msg === 'SIGHUP: nothing has changed');
    worker.signal('SIGQUIT');
    await worker.line((line) => line.msg === 'what waits: a loop' && line.loop === 'background');
    const at = (page: string) => fetch(`http://127.0.0.1:${management}${page}`);
    expect(await (await at('/metrics')).text()).toContain('process_cpu_seconds_total');
    await until(async () => (await at('/ready')).status === 200);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  });
});

test('a server that cannot be reached is named in the log, its password is not', async () => {
  const redis = await freePort();
  const away = 'postgresql://app:hunter2@127.0.0.1:1/nowhere';
  const server = new Process(
    environment.binary,
    ['serve'],
    settings({
      DATABASE_URL: away,
      DATABASE_SYSTEM_URL: away,
      REDIS_URL: `redis://user:hunter2@127.0.0.1:${redis}/0`,
    }),
  );
  started.push(server);
  const database = await server.line(({ msg }) => msg === 'database connection failed');
  expect(database).toMatchObject({ module: 'db', server: '127.0.0.1:1' });
  const lost = await server.line(({ msg }) => msg === 'connection to Redis failed');
  expect(lost).toMatchObject({ module: 'redis', server: `127.0.0.1:${redis}` });
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(server.output).not.toContain('hunter2');
});

// ---- Restarts under load ------------------------------------------------------------------------------------------

interface Load {
  answered: number;
  statuses: Set<number>;
  resets: unknown[];
  stop(): Promise<void>;
}

// Clients that ask as fast as they are answered, each on a kept connection of its own; where nobody listens, again.
function keepAsking(port: number, clients: number, deadStatus?: number): Load {
  let asking = true;
  const load: Load = { answered: 0, statuses: new Set(), resets: [], stop: async () => {} };
  const client = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (asking) {
      const outcome = await ask(agent, port);
      if (typeof outcome === 'number' && outcome !== deadStatus) {
        load.statuses.add(outcome);
        load.answered += 1;
      } else if (typeof outcome === 'number' || outcome.code === 'ECONNREFUSED') {
        await sleep(10); // the server is being started
      } else {
        load.resets.push(outcome);
      }
    }
    agent.destroy();
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  load.stop = async () => {
    asking = false;
    await all;
  };
  return load;
}

function ask(agent: Agent, port: number): Promise<number | NodeJS.ErrnoException> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${shop.token}` };
    const asked = request({ agent, host: '127.0.0.1', port, path: '/v1/auth/me', headers }, (reply) => {
      reply.on('error', resolve);
      reply.on('end', () => resolve(reply.statusCode ?? 0));
      reply.resume();
    });
    asked.on('error', resolve);
    asked.end();
  });
}

// nginx with kept connections to the service; it asks nothing twice. What it says of a connection that the service broke is in its log.
async function startNginx(target: number): Promise<{ port: number; process: Process }> {
  const port = await freePort();
  const prefix = path.join(directory, 'nginx');
  await mkdir(prefix);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    path.join(prefix, 'nginx.conf'),
    `${userInfo().uid === 0 ? 'user root;' : ''}
daemon off; worker_processes 1; pid ${prefix}/pid; error_log stderr notice;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${prefix}/${name};`).join(' ')}
  upstream service { server 127.0.0.1:${target} max_fails=0; keepalive 16; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://service;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_next_upstream off;
    }
  }
}
`,
  );
  const nginx = new Process('/usr/sbin/nginx', ['-e', 'stderr', '-p', prefix, '-c', 'nginx.conf'], process.env);
  started.push(nginx);
  await until(async () => nginx.output.includes('start worker process '));
  return { port, process: nginx };
}

test('a restart resets nobody, neither directly nor behind a proxy', { timeout: 900_000 }, async () => {
  const nginx = await startNginx(service.port);
  const direct = keepAsking(service.port, 16);
  const behind = keepAsking(nginx.port, 16, 502);
  try {
    for (let restart = 0; restart < (environment.long ? 100 : 4); ++restart) {
      const before = { direct: direct.answered, behind: behind.answered };
      await until(async () => direct.answered > before.direct + 100 && behind.answered > before.behind + 100);
      await service.restart();
    }
    const before = { direct: direct.answered, behind: behind.answered };
    await until(async () => direct.answered > before.direct + 100 && behind.answered > before.behind + 100);
  } finally {
    await Promise.all([direct.stop(), behind.stop()]);
    await nginx.process.stop();
  }
  expect([...direct.resets, ...behind.resets]).toEqual([]);
  const said = nginx.process.output.split('\n').filter((line) => /\[(warn|error|crit|alert|emerg)\]/.test(line));
  expect(said.filter((line) => !line.includes('connect() failed (111:'))).toEqual([]);
  expect([...new Set([...direct.statuses, ...behind.statuses])]).toEqual([200]);
});

// ---- Production ---------------------------------------------------------------------------------------------------

describe('in production', () => {
  let url: string;
  let management: string;
  let server: Process;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    const port = await freePort();
    const managementPort = await freePort();
    env = settings({ APP_ENV: 'production', PORT: String(port), MANAGEMENT_PORT: String(managementPort) });
    server = new Process(environment.binary, ['serve'], env);
    await server.line((line) => line.msg === 'listening');
    url = `http://127.0.0.1:${port}`;
    management = `http://127.0.0.1:${managementPort}`;
  });
  afterAll(async () => {
    expect(await server?.stop()).toEqual({ code: 0, signal: null });
  });

  const post = (page: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(url + page, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });

  test('what operators read is on the management port alone', async () => {
    const status = async (at: string, page: string) => (await fetch(at + page)).status;
    for (const page of ['/metrics', '/docs', '/openapi.json']) {
      expect(await status(url, page), page).toBe(404);
      expect(await status(management, page), page).toBe(200);
    }
    for (const page of ['/health', '/ready']) {
      expect(await status(url, page), page).toBe(200);
      expect(await status(management, page), page).toBe(200);
    }
    expect(await status(management, '/v1/auth/me')).toBe(404);
    const document = (await (await fetch(`${management}/openapi.json`)).json()) as { paths: object };
    expect(Object.keys(document.paths)).toContain('/v1/sales');
  });

  test('a page of metrics stays small', async () => {
    for (let i = 0; i < 50; ++i) await fetch(`${url}/v1/products/${randomUUID()}`);
    // The last one is counted when its reply has left.
    const lines = await until(async () => {
      const text = await (await fetch(`${management}/metrics`)).text();
      const isCounted = /^http_responses_total\{method="GET",route="[^"]+",status="401"\} 50$/m.test(text);
      return isCounted && text.trim().split('\n');
    });
    expect(lines.length).toBeLessThan(1_000);
    const buckets = new Map<string, number>();
    for (const line of lines) {
      const series = /^(\w+_bucket\{.*?)(?<=[,{])le="/.exec(line)?.[1];
      if (series) buckets.set(series, (buckets.get(series) ?? 0) + 1);
    }
    expect(buckets.size).toBeGreaterThan(0);
    expect([...buckets].filter(([, count]) => count > 8)).toEqual([]);
    const labels = lines.filter((line) => line.startsWith('http_request_duration_seconds_count'));
    expect(labels.length).toBeGreaterThan(0);
    for (const line of labels) expect(line).toMatch(/^\w+\{method="[A-Z]+",route="[^"]+"\} \d+$/);
  });

  test('who signed up while strangers could still gets the reply that was lost', async () => {
    const request = {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
      body: JSON.stringify(signUpBody('early@duka.example')),
    };
    const first = await fetch(`${service.url}/v1/tenants`, request);
    expect(first.status).toBe(201);
    const again = await fetch(`${url}/v1/tenants`, request);
    expect([again.status, again.headers.get('idempotent-replayed')]).toEqual([201, 'true']);
    expect(await again.json()).toEqual(await first.json());
  });

  test('strangers make no tenant; whoever runs the service does', async () => {
    const refused = await post('/v1/tenants', signUpBody('stranger@duka.example'), { 'idempotency-key': randomUUID() });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ code: 'tenant.sign_up_closed', retriable: false, action: 'contact' });

    const create = (email: string, input: string, ...more: string[]) =>
      run(
        environment.binary,
        ['tenants', 'create', '--name', 'Duka la Amani', '--owner-name', 'Amani', '--owner-email', email, ...more],
        env,
        { input },
      );
    const password = 'a password of whoever runs it';
    const made = await create('owner@production.example', `${password}\n`, '--location-name', 'Moi Avenue');
    expect(made.code, made.output).toBe(0);
    expect(made.output).toMatch(/^tenant [0-9a-f-]{36} Duka la Amani\nowner [0-9a-f-]{36} owner@production\.example$/);
    const login = await post('/v1/auth/login', { email: 'owner@production.example', password });
    expect(login.status).toBe(200);
    const { accessToken } = (await login.json()) as { accessToken: string };
    const sessions = await fetch(`${url}/v1/auth/sessions`, { headers: { authorization: `Bearer ${accessToken}` } });
    expect(((await sessions.json()) as { data: unknown[] }).data, 'that of the command has ended').toHaveLength(1);

    const generated = await create('other@production.example', '', '--generate-password');
    const shown = /^password (\S{20})$/m.exec(generated.output)?.[1];
    expect((await post('/v1/auth/login', { email: 'other@production.example', password: shown })).status).toBe(200);

    const again = await create('owner@production.example', `${password}\n`, '--location-name', '\u001b[31mMoi');
    expect(again.code, again.output).toBe(0);
    expect(again.output).toContain('mind: owner@production.example has a user already, who is now in 2 businesses');
    expect(again.output, 'the name of the first').toMatch(/before this one, in\n {2}[0-9a-f-]{36} Duka la Amani$/);

    const weak = await create('weak@production.example', 'short1\n');
    expect(weak.code, weak.output).toBe(1);
    expect(weak.output).toContain('/owner/password');
    expect(weak.output).not.toContain('short1');
  });
});
