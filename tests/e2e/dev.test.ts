// `backend-api dev` with settings that move its server: it waits until the server is ready, names where it listens, and stops it in time.
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request as plain } from 'node:http';
import { request as secure } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { environment } from './support/environment.js';
import { freePort } from './support/postgres.js';
import { Process, run } from './support/process.js';

let directory: string;
let started: Process | undefined;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'dev-'));
  await chmod(directory, 0o755); // PostgreSQL's user passes through it
  const files = ['-keyout', path.join(directory, 'tls.key'), '-out', path.join(directory, 'tls.crt')];
  const kind = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=localhost',
  ];
  execFileSync('openssl', ['req', '-x509', ...kind, ...files], { stdio: 'ignore' });
});
afterEach(async () => {
  await started?.kill();
});
afterAll(() => rm(directory, { recursive: true }));

// In a folder of its own: a `.env` there is read too. One data directory serves all, one after the other.
async function dev(port: number, settings: NodeJS.ProcessEnv): Promise<Process> {
  const { PATH, HOME, LANG } = process.env;
  const args = ['dev', '--port', String(port), '--data-dir', path.join(directory, 'data')];
  const child = new Process(environment.binary, args, { PATH, HOME, LANG, ...settings }, { cwd: directory });
  started = child;
  await child.line(() => /^ {2}Stop|mend it and build|^stopped/m.test(child.output), 180_000);
  expect(child.output).toContain('  ready in ');
  return child;
}

// As a container asks it: by the settings that the server has.
const health = (port: number, settings: NodeJS.ProcessEnv) =>
  run(environment.binary, ['health'], { ...process.env, ...settings, PORT: String(port) }, { cwd: directory });
const addresses = (child: Process) => [...child.output.matchAll(/https?:\/\/\S+/g)].map(([url]) => url);
const status = (url: string) =>
  new Promise<number>((resolve, reject) => {
    const ask = url.startsWith('https:') ? secure : plain;
    const asked = ask(url, { rejectUnauthorized: false, agent: false }, (reply) => {
      reply.resume();
      resolve(reply.statusCode ?? 0);
    });
    asked.on('error', reject).end();
  });

test('with TLS at an address of its own: every address that it names answers', async () => {
  const port = await freePort();
  const settings = {
    HOST: '127.0.0.2',
    TLS_CERTIFICATE: path.join(directory, 'tls.crt'),
    TLS_KEY: path.join(directory, 'tls.key'),
  };
  const child = await dev(port, settings);
  const named = addresses(child).filter((url) => url.includes(`:${port}`));
  expect(named).toContain(`https://127.0.0.2:${port}/ready`);
  for (const url of named) expect(await status(url), url).toBe(200);
  expect(await health(port, settings)).toMatchObject({ code: 0, output: '' });
  expect(await child.stop()).toEqual({ code: 0, signal: null });
});

test('with the PROXY protocol: what it is asked for is at the management port', async () => {
  const [port, management] = [await freePort(), await freePort()];
  // Of a service elsewhere: `dev` has a database of its own.
  const elsewhere = 'DATABASE_POOLER=transaction\nDATABASE_DIRECT_URL=postgresql://app@127.0.0.1:1/x\n';
  const settings = `PROXY_PROTOCOL_FROM=loopback\nMANAGEMENT_PORT=${management}\n${elsewhere}`;
  await writeFile(path.join(directory, '.env'), settings);
  const child = await dev(port, { DOCS: 'management' });
  const named = addresses(child).filter((url) => url.includes(`:${management}`));
  for (const page of ['health', 'ready', 'metrics', 'docs', 'openapi.json'])
    expect(named).toContain(`http://localhost:${management}/${page}`);
  for (const url of named) expect(await status(url.replace('localhost', '127.0.0.1')), url).toBe(200);
  expect(await health(port, {})).toMatchObject({ code: 0, output: '' });
  // Past the management port: with a header, as a balancer on this machine has it.
  expect(await health(port, { MANAGEMENT_PORT: '' })).toMatchObject({ code: 0, output: '' });
  expect(child.output).not.toContain('without the PROXY header');
  expect(child.output).not.toContain('listen connection lost');
  expect(await child.stop()).toEqual({ code: 0, signal: null });
  expect((await health(port, {})).code).toBe(1);
  await rm(path.join(directory, '.env'));
});
