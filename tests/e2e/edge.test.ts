// What stands before HTTP: TLS, a renewed certificate, the PROXY protocol, and a supervisor's socket.
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type ScratchDatabase, scratchDatabase } from './support/database.js';
import { environment, repository } from './support/environment.js';
import { freePort } from './support/postgres.js';
import { Process, run } from './support/process.js';
import { migrate, serviceEnvironment } from './support/service.js';
import { until } from './support/until.js';

let database: ScratchDatabase;
let directory: string;
let port: number;
let env: NodeJS.ProcessEnv;
const started: Process[] = [];

// The folder has a pair as Kubernetes mounts a secret: behind two links.
const folder = () => path.join(directory, 'mounted');
const certificate = () => path.join(folder(), 'tls.crt');
const key = () => path.join(folder(), 'tls.key');

async function makePair(name: string): Promise<string> {
  const into = path.join(folder(), `..${name}`);
  await mkdir(into, { recursive: true });
  const files = ['-keyout', path.join(into, 'tls.key'), '-out', path.join(into, 'tls.crt')];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '30'];
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...names, ...files], { stdio: 'ignore' });
  return into;
}
async function swapTo(name: string): Promise<void> {
  await symlink(`..${name}`, path.join(folder(), '..data_tmp'));
  await rename(path.join(folder(), '..data_tmp'), path.join(folder(), '..data'));
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'edge-'));
  await makePair('one');
  await symlink('..one', path.join(folder(), '..data'));
  await symlink('..data/tls.crt', certificate());
  await symlink('..data/tls.key', key());
  database = await scratchDatabase();
  port = await freePort();
  env = serviceEnvironment(database, { PORT: String(port), TLS_CERTIFICATE: certificate(), TLS_KEY: key() });
  await migrate(env);
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((one) => one.kill()));
});
afterAll(async () => {
  await database.drop();
  await rm(directory, { recursive: true });
});

async function serving(changed: NodeJS.ProcessEnv = {}): Promise<Process> {
  const process_ = new Process(environment.binary, ['serve'], { ...env, ...changed });
  started.push(process_);
  await process_.line((line) => line.msg === 'listening');
  return process_;
}

// What a handshake comes to: the socket, or the code of its failure.
function handshake(options: ConnectionOptions = {}): Promise<TLSSocket | string> {
  return new Promise((resolve) => {
    const socket: TLSSocket = connect(
      { port, host: '127.0.0.1', servername: 'localhost', rejectUnauthorized: false, ...options },
      () => resolve(socket),
    );
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
async function servedName(): Promise<string> {
  const socket = (await handshake()) as TLSSocket;
  const name = String(socket.getPeerCertificate().subject.CN);
  socket.destroy();
  return name;
}
function get(agent: Agent, route: string): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ agent, host: '127.0.0.1', port, path: route, rejectUnauthorized: false }, (reply) => {
      let body = '';
      reply.on('data', (piece) => (body += piece));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe('TLS', () => {
  test('is of versions 1.2 and 1.3, with forward secrecy, and HTTP/1.1 alone', async () => {
    const server = await serving();
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const socket = (await handshake({ minVersion: version, maxVersion: version })) as TLSSocket;
      expect(socket.getProtocol()).toBe(version);
      expect(socket.getCipher().standardName).toMatch(/^TLS_(ECDHE_ECDSA_WITH_)?(AES|CHACHA20).*(GCM|POLY1305)_SHA/);
      expect(socket.getEphemeralKeyInfo()).toMatchObject({ type: 'ECDH' });
      socket.destroy();
    }
    const old: ConnectionOptions = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' };
    expect(await handshake(old)).toEqual(expect.any(String));
    for (const ciphers of ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES128-SHA256'])
      expect(await handshake({ maxVersion: 'TLSv1.2', ciphers })).toEqual(expect.any(String));
    const agreed = (await handshake({ ALPNProtocols: ['h2', 'http/1.1'] })) as TLSSocket;
    expect(agreed.alpnProtocol).toBe('http/1.1');
    agreed.destroy();
    expect(await handshake({ ALPNProtocols: ['h2'] })).toEqual(expect.any(String));

    const agent = new Agent({ keepAlive: true });
    const health = await get(agent, '/health');
    expect(health.status).toBe(200);
    expect(health.headers).toHaveProperty('strict-transport-security');
    agent.destroy();
    await expect(fetch(`http://127.0.0.1:${port}/health`).then((reply) => reply.status)).resolves.toBe(400);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  test('takes a renewed certificate without a dropped connection, and keeps the old one while the new is none', async () => {
    await makePair('two');
    const server = await serving();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let asking = true;
    let answered = 0;
    const faults: unknown[] = [];
    const client = (async () => {
      while (asking) {
        const reply = await get(agent, '/health').catch((error: unknown) => error);
        if ((reply as { status?: number }).status === 200) answered += 1;
        else faults.push(reply);
      }
    })();
    expect(await servedName()).toBe('one');

    await swapTo('two');
    await server.line((line) => line.msg === 'a new TLS certificate is served');
    expect(await servedName()).toBe('two');

    // Half of a pair, left so.
    const half = path.join(folder(), '..half');
    await mkdir(half);
    await writeFile(path.join(half, 'tls.crt'), (await readFile(certificate(), 'utf8')).slice(0, 200));
    await writeFile(path.join(half, 'tls.key'), await readFile(key()));
    await swapTo('half');
    const refused = await server.line(
      (line) => line.msg === 'the new TLS certificate is not served; the one before goes on',
    );
    expect(String(refused.reason)).toContain('no whole PEM file');
    expect(await servedName()).toBe('two');
    await swapTo('one');

    asking = false;
    await client;
    agent.destroy();
    expect(faults).toEqual([]);
    expect(answered).toBeGreaterThan(10);
    expect(await server.stop()).toEqual({ code: 0, signal: null });
  });

  test('without a pair there is no start, and the operator is told why', async () => {
    const missing = await run(environment.binary, ['serve'], { ...env, TLS_CERTIFICATE: '/nowhere/tls.crt' });
    expect(missing.code, missing.output).toBe(78);
    expect(missing.output).toContain('/nowhere/tls.crt cannot be read');
    for (const [TLS_KEY, why] of [
      ['/nowhere/tls.key', 'cannot be read: No such file or directory'],
      ['/etc', 'is a folder, not a file'],
      ['/dev/zero', 'is a device, not a file'],
      ['/etc/passwd', 'is no whole PEM file of a key without a passphrase'],
    ]) {
      const refused = await run(environment.binary, ['serve'], { ...env, TLS_KEY });
      expect(refused.code, refused.output).toBe(78);
      expect(refused.output).toMatch(new RegExp(`TLS_KEY +${TLS_KEY} ${why}`));
    }
    const alone = await run(environment.binary, ['serve'], { ...env, TLS_KEY: '' });
    expect(alone.code, alone.output).toBe(78);
    expect(alone.output).toContain('TLS_KEY');
  });
});

test('the PROXY protocol says who the client is', async () => {
  const plain = { TLS_CERTIFICATE: '', TLS_KEY: '', PROXY_PROTOCOL_FROM: 'loopback' };
  const server = await serving(plain);
  const exchange = (bytes: string) =>
    new Promise<string>((resolve) => {
      let all = '';
      const socket = connectPlain(port, '127.0.0.1', () => socket.end(bytes));
      socket.on('data', (piece) => (all += piece));
      socket.on('error', () => {});
      socket.on('close', () => resolve(all));
    });
  const asked = 'GET /v1/nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
  expect(await exchange(`PROXY TCP4 192.0.2.77 198.51.100.1 4711 443\r\n${asked}`)).toMatch(/^HTTP\/1\.1 404 /);
  await until(async () => server.output.includes('192.0.2.77'));
  expect(await exchange(asked)).toBe('');
  await server.line((line) => String(line.msg).startsWith('a connection without the PROXY header'));
  expect(await server.stop()).toEqual({ code: 0, signal: null });
});

test('a supervisor that holds the socket restarts the service without a refused connection', async () => {
  const program = path.join(repository, 'tests/e2e/support/socket_supervisor.py');
  const plain = { ...env, TLS_CERTIFICATE: '', TLS_KEY: '', HOST: '::1', PORT: '1' }; // the socket counts
  const supervisor = new Process(
    '/usr/bin/env',
    ['python3', program, String(port), environment.binary, 'serve'],
    plain,
  );
  started.push(supervisor);
  const listening = await supervisor.line((line) => line.msg === 'listening');
  expect(listening.port).toBe(port);
  const elsewhere = await supervisor.line((line) => String(line.msg).startsWith('a listener of the supervisor'));
  expect(elsewhere).toMatchObject({ level: 40, listensAt: `127.0.0.1:${port}`, settings: 'HOST=::1 PORT=1' });
  const faults: unknown[] = [];
  let asking = true;
  let answered = 0;
  const client = async () => {
    while (asking) {
      const reply = await fetch(`http://127.0.0.1:${port}/health`, { headers: { connection: 'close' } }).catch(
        (error: unknown) => ({ status: error }),
      );
      if (reply.status === 200) answered += 1;
      else faults.push(reply.status);
    }
  };
  const clients = Array.from({ length: 4 }, client);
  const starts = () => supervisor.log.filter((line) => line.msg === 'listening');
  for (let restart = 1; restart <= 3; ++restart) {
    const before = answered;
    await until(async () => answered > before + 20);
    process.kill(Number(starts().at(-1)!.pid), 'SIGTERM');
    await until(async () => starts().length === restart + 1);
  }
  const before = answered;
  await until(async () => answered > before + 20);
  asking = false;
  await Promise.all(clients);
  expect(faults).toEqual([]);
  expect(await supervisor.stop()).toEqual({ code: 0, signal: null });
});
