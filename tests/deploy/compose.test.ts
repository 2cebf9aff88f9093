// compose.yaml: its services are started as processes, by its own commands, settings, secrets, health checks and conditions, with
// Debian's PostgreSQL, Redis and nginx in the place of the images. What differs is the addresses: each container has one of its own,
// here one of the loopback range.
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { environment, repository } from '../e2e/support/environment.js';
import { follow, readPage } from '../e2e/support/page.js';
import { type Exit, Process, run } from '../e2e/support/process.js';
import { until } from '../e2e/support/until.js';
import { withSecrets } from './support/namespace.js';

const execute = promisify(execFile);

interface Service {
  image: string;
  command?: string[];
  environment?: Record<string, string>;
  secrets?: (string | { source: string; target: string })[];
  volumes?: string[];
  depends_on?: Record<string, { condition: string }>;
  healthcheck?: { test?: string[]; disable?: boolean };
  [member: string]: any;
}

// Values as compose takes them: those of the shell, or the default that is written.
const interpolated = (text: string) => text.replace(/\$\{(\w+):-([^}]*)\}/g, '$2');

const compose = parse(interpolated(await readFile(path.join(repository, 'compose.yaml'), 'utf8')), { merge: true }) as {
  services: Record<string, Service>;
  secrets: Record<string, { file: string }>;
  volumes: Record<string, null>;
  networks: Record<string, { internal?: boolean } | null>;
};
const services = Object.entries(compose.services);
const ours = services.filter(([, { image }]) => image.startsWith('backend-api:'));

describe('compose.yaml', () => {
  // Compose and the program read the same .env: what is for one alone would be taken by the other.
  test('takes nothing of the shell or of .env by the name of a setting', async () => {
    const text = await readFile(path.join(repository, 'compose.yaml'), 'utf8');
    const taken = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    const settings = await readFile(path.join(repository, 'docs/configuration.md'), 'utf8');
    expect(settings).toContain('\n| `PUBLIC_URL` |');
    expect([...taken].filter((name) => settings.includes(`\n| \`${name}\` |`))).toEqual([]);
    expect([...taken].sort()).toEqual(['HTTPS_PORT', 'HTTPS_URL', 'VERSION']);
  });

  test('has members that the Compose specification knows, and names what is there', () => {
    const known =
      'image build read_only tmpfs cap_drop security_opt restart stop_grace_period environment secrets volumes networks depends_on command healthcheck user ports shm_size'.split(
        ' ',
      );
    const health = ['test', 'interval', 'timeout', 'start_period', 'retries', 'disable'];
    for (const [name, service] of services) {
      expect(known, name).toEqual(expect.arrayContaining(Object.keys(service)));
      expect(health, name).toEqual(expect.arrayContaining(Object.keys(service.healthcheck ?? {})));
      for (const secret of service.secrets ?? [])
        expect(compose.secrets).toHaveProperty([typeof secret === 'string' ? secret : secret.source]);
      for (const volume of service.volumes ?? []) {
        const [from] = volume.split(':');
        if (!from!.startsWith('.')) expect(compose.volumes).toHaveProperty([from!]);
      }
      for (const network of service.networks) expect(compose.networks).toHaveProperty([network]);
      for (const [other, { condition }] of Object.entries(service.depends_on ?? {})) {
        expect(compose.services, name).toHaveProperty([other]);
        if (condition === 'service_healthy' && !ours.some(([one]) => one === other))
          expect(compose.services[other]!.healthcheck?.test, other).toBeDefined();
      }
    }
  });

  test('restarts what ends, gives what stops its time, and keeps secrets out of the environment', () => {
    for (const [name, service] of services) {
      expect(service.restart, name).toBe(name === 'migrate' ? 'on-failure' : 'unless-stopped');
      expect(service.image, name).toMatch(/:[\w][\w.-]*$/);
      expect(service.image, name).not.toContain(':latest');
      expect(JSON.stringify(service.environment ?? {}), name).not.toMatch(/SECRET"|PASSWORD"|DATABASE_URL|CREDENTIALS/);
    }
    for (const [name, service] of ours) {
      expect(service, name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      });
      const { SHUTDOWN_DELAY_MS, SHUTDOWN_TIMEOUT_MS } = service.environment!;
      const needed = Number(SHUTDOWN_DELAY_MS) + 2 * Number(SHUTDOWN_TIMEOUT_MS);
      expect(Number.parseInt(service.stop_grace_period) * 1000, name).toBeGreaterThan(needed + 5_000);
    }
    expect(services.filter(([, { ports }]) => ports).map(([name]) => name)).toEqual(['nginx']);
    expect(compose.networks.inside).toEqual({ internal: true });
    for (const name of ['postgres', 'redis', 'migrate']) expect(compose.services[name]!.networks).toEqual(['inside']);
  });
});

// Whom a machine has for it, who is not root.
test('who has made the secrets writes another certificate over theirs, which the containers may read', async () => {
  const own = await mkdtemp(path.join(tmpdir(), 'secrets-'));
  try {
    const isRoot = process.getuid?.() === 0;
    if (isRoot) await chown(own, 65_534, 65_534);
    const as = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : ['env'];
    const asOperator = async (...command: string[]) => {
      const [program, ...args] = [...as, ...command];
      const ended = await run(program!, args, inherited(), { cwd: own });
      expect(ended.code, ended.output).toBe(0);
    };
    const page = await readFile(path.join(repository, 'docs/operations/install.md'), 'utf8');
    const renew = /^cat fullchain\.pem .*\ncat privkey\.pem .*$/m.exec(page)![0];
    await asOperator(path.join(repository, 'deploy/compose/make-secrets'));
    const stateOf = async () =>
      Promise.all(['tls.crt', 'tls.key'].map(async (name) => stat(path.join(own, 'secrets', name))));
    const before = await stateOf();
    // As certbot leaves them.
    await asOperator('bash', '-c', 'umask 077; echo chain >fullchain.pem; echo key >privkey.pem');
    for (let times = 0; times < 2; ++times) await asOperator('bash', '-ec', `umask 077\n${renew}`);
    expect(await readFile(path.join(own, 'secrets/tls.crt'), 'utf8')).toBe('chain\n');
    expect(await readFile(path.join(own, 'secrets/tls.key'), 'utf8')).toBe('key\n');
    const after = await stateOf();
    expect(after.map(({ ino, mode }) => [ino, mode & 0o777])).toEqual(before.map(({ ino }) => [ino, 0o644]));
    expect((await stat(path.join(own, 'secrets'))).mode & 0o777).toBe(0o700);
  } finally {
    await rm(own, { recursive: true });
  }
});

// ---- Started ------------------------------------------------------------------------------------------------------

const addresses = new Map<string, string>();
const processes = new Map<string, Process>();
let directory: string;
let hosts: string;

const secretsOf = (name: string) => path.join(directory, `${name}-secrets`);
const folderOf = (name: string) => path.join(directory, name);
const inherited = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(PATH|LANG|TMPDIR|.*SAN_.*)$/.test(name)));

// The files of /run/secrets, and those that have a place of their own.
async function laySecrets(name: string): Promise<void> {
  await mkdir(secretsOf(name), { recursive: true });
  await mkdir(folderOf(name), { recursive: true });
  for (const secret of compose.services[name]!.secrets ?? []) {
    const { source, target } =
      typeof secret === 'string' ? { source: secret, target: `/run/secrets/${secret}` } : secret;
    const content = await readFile(path.join(directory, compose.secrets[source]!.file));
    const into = target.startsWith('/run/secrets/') ? secretsOf(name) : folderOf(name);
    await writeFile(path.join(into, path.basename(target)), content, { mode: 0o444 });
  }
}

function start(name: string, command: string[], env: NodeJS.ProcessEnv = {}): Process {
  const [program, args] = withSecrets(secretsOf(name), hosts, command);
  const started = new Process(program, args, { ...inherited(), ...env }, { cwd: folderOf(name) });
  processes.set(name, started);
  return started;
}

function asService(name: string, command: string[]): [string[], NodeJS.ProcessEnv] {
  const own = addresses.get(name)!;
  const { environment: env } = compose.services[name]!;
  // The volume is a folder here; the addresses are this container's.
  const files = path.join(directory, 'files');
  const settings = Object.fromEntries(
    Object.entries(env!).map(([key, value]) => [key, value.replace('/var/lib/backend-api', files)]),
  );
  return [[environment.binary, ...command], { ...settings, HOST: own, MANAGEMENT_HOST: own }];
}

// The programs behind the images' names, with what those images do before they start.
const begin: Record<string, (name: string) => Promise<Process>> = {
  async postgres(name) {
    const { POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS } = compose.services[name]!.environment!;
    const data = path.join(folderOf(name), 'data');
    const password = path.join(secretsOf(name), 'postgres.password');
    const asPostgres = ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'];
    await execute('chown', ['-R', 'postgres:', folderOf(name)]);
    const initdb = [
      path.join(environment.postgresBin, 'initdb'),
      '-D',
      data,
      '-U',
      POSTGRES_USER!,
      '-A',
      'scram-sha-256',
    ];
    await execute(asPostgres[0]!, [
      ...asPostgres.slice(1),
      ...initdb,
      `--pwfile=${password}`,
      '--no-sync',
      ...POSTGRES_INITDB_ARGS!.split(' '),
    ]);
    const settings = { listen_addresses: addresses.get(name), unix_socket_directories: folderOf(name), fsync: 'off' };
    const options = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    const server = start(name, [...asPostgres, path.join(environment.postgresBin, 'postgres'), '-D', data, ...options]);
    const login = { PGHOST: addresses.get(name), PGPASSWORD: (await readFile(password, 'utf8')).trim() };
    const env = { ...inherited(), ...login, POSTGRES_USER, POSTGRES_DB };
    await until(async () => (await run('pg_isready', ['-q', '-h', login.PGHOST!], env)).code === 0);
    const created = await run(
      'psql',
      ['-qU', POSTGRES_USER!, '-d', 'postgres', '-c', `create database ${POSTGRES_DB}`],
      env,
    );
    expect(created.code, created.output).toBe(0);
    for (const volume of compose.services[name]!.volumes!.filter((one) =>
      one.includes('/docker-entrypoint-initdb.d/'),
    )) {
      const script = path.join(repository, volume.split(':')[0]!);
      const [program, args] = withSecrets(secretsOf(name), hosts, [script]);
      const ran = await run(program, args, env);
      expect(ran.code, ran.output).toBe(0);
    }
    return server;
  },
  async redis(name) {
    const [program, ...args] = compose.services[name]!.command!;
    return start(name, [program!, ...args, '--bind', addresses.get(name)!, '--dir', folderOf(name)]);
  },
  async nginx(name) {
    const given = compose.services[name]!.volumes!.find((volume) => volume.includes(':/etc/nginx/nginx.conf'))!;
    const text = await readFile(path.join(repository, given.split(':')[0]!), 'utf8');
    const configuration = path.join(folderOf(name), 'nginx.conf');
    const own = text
      .replace('listen 8443', `listen ${addresses.get(name)}:8443`)
      .replace('pid /tmp/', `pid ${folderOf(name)}/`);
    const bodies = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const folders = bodies.map((kind) => `${kind}_temp_path ${folderOf(name)}/${kind};`).join(' ');
    await writeFile(configuration, `daemon off; user root;\n${own.replace('http {', `http {\n${folders}`)}`);
    return start(name, ['/usr/sbin/nginx', '-e', 'stderr', '-c', configuration]);
  },
};

// Its health check, with the address of the container in the place of its `localhost`.
async function isHealthy(name: string): Promise<boolean> {
  const own = addresses.get(name)!;
  const check = compose.services[name]!.healthcheck?.test;
  if (!check) return (await fetch(`http://${own}:9090/health`)).status === 200; // that of the image: image.test.ts
  const [kind, program, ...args] = check;
  expect(kind).toBe('CMD');
  const at = args.map((argument) => argument.replace('localhost', own));
  const { code } = await run(program!, program === 'redis-cli' ? ['-h', own, ...at] : at, inherited());
  return code === 0;
}

const begun = new Map<string, Promise<void>>();
async function up(name: string): Promise<void> {
  const service = compose.services[name]!;
  const needs = Object.entries(service.depends_on ?? {});
  await Promise.all(
    needs.map(async ([other, { condition }]) => {
      await upOnce(other);
      const started = processes.get(other)!;
      if (condition === 'service_completed_successfully') {
        expect(await started.exited, started.output).toEqual({ code: 0, signal: null });
      } else {
        expect(condition).toBe('service_healthy');
        await until(() => {
          if (!started.running) throw new Error(`${other} has ended:\n${started.output}`);
          return isHealthy(other);
        });
      }
    }),
  );
  await laySecrets(name);
  const program = begin[service.image.split(':')[0]!];
  if (program) await program(name);
  else start(name, ...asService(name, service.command!));
}
const upOnce = (name: string): Promise<void> => {
  if (!begun.has(name)) begun.set(name, up(name));
  return begun.get(name)!;
};

interface Answer {
  status: number;
  body: any;
}

async function ask(method: string, at: string): Promise<Answer> {
  const ca = await readFile(path.join(directory, 'secrets/tls.crt'));
  return new Promise((resolve, reject) => {
    const headers = { host: 'localhost:8443' };
    const options = {
      method,
      host: addresses.get('nginx'),
      port: 8443,
      path: at,
      ca,
      servername: 'localhost',
      headers,
    };
    const asked = request(options, (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (part) => (text += part));
      reply.on('error', reject);
      reply.on('end', () => resolve({ status: reply.statusCode!, body: text === '' ? undefined : JSON.parse(text) }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

describe.skipIf(process.getuid?.() !== 0)('started', () => {
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'compose-'));
    await chmod(directory, 0o755);
    await mkdir(path.join(directory, 'files'));
    const made = await run(
      path.join(repository, 'deploy/compose/make-secrets'),
      [path.join(directory, 'secrets')],
      inherited(),
    );
    expect(made.code, made.output).toBe(0);
    const net = `127.${1 + Math.floor(Math.random() * 250)}.${Math.floor(Math.random() * 250)}`;
    services.forEach(([name], at) => addresses.set(name, `${net}.${at + 1}`));
    hosts = path.join(directory, 'hosts');
    await writeFile(
      hosts,
      ['127.0.0.1 localhost', ...[...addresses].map(([name, own]) => `${own} ${name}`), ''].join('\n'),
    );
    await chmod(hosts, 0o644);
    await Promise.all(services.map(([name]) => upOnce(name)));
    await until(() => isHealthy('nginx'));
  });

  afterAll(async () => {
    const order = ['nginx', 'worker', 'server-1', 'server-2', 'redis', 'postgres'];
    const exits: [string, Exit][] = [];
    for (const name of order) {
      const one = processes.get(name);
      if (!one?.running) continue;
      if (name === 'postgres') one.signal('SIGINT');
      if (ours.some(([own]) => own === name)) exits.push([name, await one.stop(45_000)]);
      else if (!(await one.endPeer(10_000))) console.error(`${name} was killed`);
    }
    await rm(directory, { recursive: true, force: true });
    for (const [name, exit] of exits) expect(exit, name).toEqual({ code: 0, signal: null });
  });

  test('migrates, then serves', async () => {
    expect(processes.get('migrate')!.output).toMatch(/./);
    for (const name of ['server-1', 'server-2', 'worker']) {
      const ready = await until(async () => {
        const reply = await fetch(`http://${addresses.get(name)}:9090/ready`);
        return reply.status === 200 && reply.json();
      });
      expect(ready, name).toMatchObject({ status: expect.any(String) });
    }
  });

  test('docs/operations/install.md leads from the first command to a sale', async () => {
    const blocks = await readPage('docs/operations/install.md');
    // What stands for Docker has the services that run here: `up` finds them, `exec` runs a command as one of them.
    const shims = path.join(directory, 'shims');
    await mkdir(shims);
    const [command, env] = asService('server-1', []);
    const [program, args] = withSecrets(secretsOf('server-1'), hosts, command);
    const quoted = [program, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const variables = Object.entries(env).map(([name, value]) => `export ${name}='${value}'`);
    const docker = [
      '#!/bin/bash',
      '[[ "$*" != "compose up --build --wait" ]] || exit 0',
      '[[ "$1 $2 $3 $4 $5" == "compose exec -T server-1 backend-api" ]] || { echo "no such command: $*"; exit 1; }',
      'shift 5',
      ...variables,
      `cd '${folderOf('server-1')}'`,
      `exec ${quoted} "$@"`,
    ];
    await writeFile(path.join(shims, 'docker'), `${docker.join('\n')}\n`, { mode: 0o755 });
    await writeFile(path.join(shims, '.curlrc'), `connect-to = "localhost:8443:${addresses.get('nginx')}:8443"\n`);
    await symlink(path.join(repository, 'deploy'), path.join(directory, 'deploy'));
    // In the checkout, which has secrets/ and deploy/.
    const inFolder = blocks.map((block, at) =>
      at === 0 ? { ...block, commands: `cd ${directory}\n${block.commands}` } : block,
    );
    const told = await follow(inFolder, '', { PATH: `${shims}:${process.env.PATH}`, CURL_HOME: shims });
    expect(told.code, told.output).toBe(0);
    for (const [at, { expected, heading }] of blocks.entries())
      for (const line of expected) expect(told.outputs[at], heading).toContain(line);
  });

  test('nothing of the management port is at the public one', async () => {
    for (const at of ['/metrics', '/docs', '/openapi.json'])
      expect(await ask('GET', at)).toMatchObject({ status: 404 });
  });

  test('nginx speaks TLS 1.2 and 1.3 and HTTP/2, and nothing older', async () => {
    const shake = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
      new Promise<string>((resolve) => {
        const socket = connect({
          host: addresses.get('nginx'),
          port: 8443,
          minVersion: version,
          maxVersion: version,
          ciphers: 'DEFAULT:@SECLEVEL=0',
          rejectUnauthorized: false,
          ALPNProtocols: ['h2', 'http/1.1'],
        });
        socket.once('secureConnect', () => {
          resolve(`${socket.getProtocol()} ${socket.alpnProtocol}`);
          socket.destroy();
        });
        socket.once('error', () => resolve('refused'));
      });
    expect([await shake('TLSv1.1'), await shake('TLSv1.2'), await shake('TLSv1.3')]).toEqual([
      'refused',
      'TLSv1.2 h2',
      'TLSv1.3 h2',
    ]);
  });

  test('a server that stops, as in an upgrade, is not noticed by clients', async () => {
    const [command, env] = asService('server-1', ['serve']);
    let asking = true;
    const statuses = new Map<number, number>();
    const client = async () => {
      while (asking) {
        const { status } = await ask('GET', '/health');
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const clients = [client(), client(), client()];
    try {
      const stopped = processes.get('server-1')!.stop(45_000);
      expect(await stopped).toEqual({ code: 0, signal: null });
      start('server-1', command, env);
      await until(() => isHealthy('server-1'));
    } finally {
      asking = false;
      await Promise.all(clients);
    }
    expect([...statuses.keys()]).toEqual([200]);
    expect(statuses.get(200)).toBeGreaterThan(20);
  });
});
