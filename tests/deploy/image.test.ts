// The Dockerfile: its last stage is built around the program under test, and the image's files are then run as a container would run
// them: by an ordinary user, on a read-only root. The stage that compiles, and the size with a release in it: bin/test --long.
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScratchDatabase, scratchDatabase } from '../e2e/support/database.js';
import { environment, repository } from '../e2e/support/environment.js';
import { freePort } from '../e2e/support/postgres.js';
import { Process, run } from '../e2e/support/process.js';
import { recordRun } from '../e2e/support/runs.js';
import { serviceEnvironment } from '../e2e/support/service.js';
import { until } from '../e2e/support/until.js';
import { baseName, epoch, type ImageConfig, openStore, type Store } from './support/image.js';
import { inRoot } from './support/namespace.js';

const execute = promisify(execFile);
const tag = 'localhost/backend-api:tested';
const megabyte = 1_000_000;
// What an image may have above its base, and of it the libraries and tables around the program.
const most = 60 * megabyte;
const mostAround = 30 * megabyte;

describe.skipIf(process.getuid?.() !== 0)('the image', { timeout: 300_000 }, () => {
  let store: Store;
  let root: string;
  let config: ImageConfig;

  const packages = async (at: string) => {
    const { stdout } = await execute('dpkg-query', [
      `--admindir=${at}/var/lib/dpkg`,
      '-W',
      '-f',
      '${Package} ${Version}\n',
    ]);
    return stdout.trim().split('\n').sort();
  };
  const bytes = async (at: string) =>
    Number((await execute('du', ['-sb', '--one-file-system', at])).stdout.split('\t')[0]);

  beforeAll(async () => {
    store = await openStore();
    await store.base();
    await store.build({ program: environment.binary, tag });
    config = await store.config(tag);
    root = await store.root(tag);
  }, 600_000);
  afterAll(async () => store?.remove());

  test('says who runs it, how it is asked for its health, and what it is', () => {
    expect(config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['backend-api'],
      Cmd: ['serve'],
      WorkingDir: '/etc/backend-api',
      Healthcheck: { Test: ['CMD', 'backend-api', 'health'] },
    });
    expect(Object.keys(config.ExposedPorts).sort()).toEqual(['8080/tcp', '9090/tcp']);
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'backend-api',
      'org.opencontainers.image.version': expect.stringMatching(/^\d+\.\d+\.\d+$/),
      'org.opencontainers.image.revision': '0123456789abcdef',
      'org.opencontainers.image.base.name': baseName,
    });
    expect(config.Env.join()).not.toMatch(/SECRET|PASSWORD|DATABASE_URL/);
  });

  test('has every library that the program names, and no package that nothing needs', async () => {
    const [program, args] = inRoot({ root, env: {}, workdir: '/', user: '65532:65532' }, [
      'ldd',
      '/usr/local/bin/backend-api',
    ]);
    const { stdout } = await execute(program, args);
    expect(stdout).not.toContain('not found');
    const loaded = [...stdout.matchAll(/=> (\/\S+)/g)].map(([, file]) => file!);
    const owners = new Set<string>();
    for (const file of loaded) {
      // Debian's folders under / are links into /usr, and packages say one or the other.
      const names = [file, file.replace(/^\/usr/, ''), file.startsWith('/usr') ? file : `/usr${file}`];
      const asked = await run('dpkg-query', [`--admindir=${root}/var/lib/dpkg`, '-S', ...names], process.env);
      for (const [, name] of asked.output.matchAll(/^([\w.+-]+)(?::\w+)?: \//gm)) owners.add(name!);
    }
    const text = await readFile(path.join(repository, 'Dockerfile'), 'utf8');
    const [, list] = /AS runtime[\s\S]*?--no-install-recommends \\\n([\s\S]*?)\n {4}&&/.exec(text)!;
    const asked = list!.split(/[\s\\]+/).filter((word) => word !== '');
    const needless = asked.filter((name) => !owners.has(name) && !['ca-certificates', 'tzdata'].includes(name));
    expect(needless).toEqual([]);
    const unasked = [...owners].filter((name) => !asked.includes(name));
    const theirs = await run(
      'dpkg-query',
      [`--admindir=${root}/var/lib/dpkg`, '-W', '-f', '${Depends}\n', ...asked],
      process.env,
    );
    for (const name of unasked)
      expect(theirs.output.includes(name) || /^lib(c6|gcc-s1)$/.test(name) || unasked.includes(name)).toBe(true);
  });

  test('has little above its base', async () => {
    const base = await store.root(baseName);
    const program = (await stat(path.join(root, 'usr/local/bin/backend-api'))).size;
    const around = (await bytes(root)) - (await bytes(base)) - program;
    console.info(
      `the image: ${(around / megabyte).toFixed(1)} MB above its base, and the program of ${(program / megabyte).toFixed(1)} MB`,
    );
    expect(around).toBeLessThan(mostAround);
    expect(around).toBeGreaterThan(0);
    // The build under test carries sanitizers; that of a release is what is shipped.
    if (!environment.long) return;
    expect(around + program).toBeLessThan(most);
    await recordRun('image', {
      megabytesAboveBase: Number(((around + program) / megabyte).toFixed(1)),
      program: Number((program / megabyte).toFixed(1)),
      librariesAndTables: Number((around / megabyte).toFixed(1)),
      most: most / megabyte,
    });
  });

  test('lists in its SBOM what it has, with the licences', async () => {
    const doc = path.join(root, 'usr/share/doc');
    const sbom = JSON.parse(await readFile(path.join(doc, 'backend-api/sbom.spdx.json'), 'utf8'));
    expect(sbom).toMatchObject({
      spdxVersion: 'SPDX-2.3',
      dataLicense: 'CC0-1.0',
      SPDXID: 'SPDXRef-DOCUMENT',
      creationInfo: { created: new Date(epoch * 1000).toISOString().replace('.000', '') },
    });
    const debian = sbom.packages.filter(({ externalRefs }: any) => externalRefs);
    expect(debian.map(({ name, versionInfo }: any) => `${name} ${versionInfo}`).sort()).toEqual(await packages(root));
    const ids = sbom.packages.map(({ SPDXID }: any) => SPDXID);
    expect(new Set(ids).size).toBe(ids.length);
    for (const one of ids) expect(one).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
    const related = sbom.relationships.flatMap((one: any) => [one.spdxElementId, one.relatedSpdxElement]);
    expect(related.filter((one: string) => one !== 'SPDXRef-DOCUMENT' && !ids.includes(one))).toEqual([]);
    for (const { externalRefs } of debian)
      expect(externalRefs[0].referenceLocator).toMatch(
        /^pkg:deb\/debian\/[a-z0-9.%B-]+@[\w.%-]+\?arch=\w+&distro=debian-12$/,
      );
    for (const { name } of debian) expect((await readdir(path.join(doc, name))).join(), name).toContain('copyright');
    const own = await readFile(path.join(doc, 'backend-api/copyright'), 'utf8');
    for (const notice of ['BullForce Labs AB', 'SmartBear Software', 'Apache License', 'Jed Watson', 'Henry Schreiner'])
      expect(own).toContain(notice);
  });

  test('has nothing of the source, no compiler, and no secret', async () => {
    for (const absent of [
      'source',
      'usr/bin/clang-19',
      'usr/bin/node',
      'usr/bin/curl',
      'etc/backend-api/.env',
      'var/lib/apt/lists/lock',
    ])
      expect(await stat(path.join(root, absent)).catch(() => undefined), absent).toBeUndefined();
    const ignored = await readFile(path.join(repository, '.dockerignore'), 'utf8');
    expect(ignored).toMatch(/^\*$/m);
  });

  describe('run by an ordinary user on a read-only root', () => {
    let database: ScratchDatabase;
    let directory: string;
    let image: {
      root: string;
      env: Record<string, string>;
      workdir: string;
      user: string;
      volumes: Record<string, string>;
    };
    let url: string;
    let management: string;
    let server: Process | undefined;

    const command = (...args: string[]) => inRoot(image, args);

    beforeAll(async () => {
      database = await scratchDatabase();
      directory = await mkdtemp(path.join(tmpdir(), 'image-'));
      const [uid, gid] = config.User.split(':').map(Number);
      for (const name of ['state', 'state/files', 'state/uploads', 'settings']) {
        await mkdir(path.join(directory, name));
        await chown(path.join(directory, name), uid!, gid!);
      }
      await chmod(directory, 0o755);
      const port = await freePort();
      const managementPort = await freePort();
      [url, management] = [port, managementPort].map((one) => `http://127.0.0.1:${one}`) as [string, string];
      // Secrets as a mounted file; the rest in the environment, above what the image says.
      const settings = serviceEnvironment(database, {}) as Record<string, string>;
      const secret = [
        'DATABASE_URL',
        'DATABASE_SYSTEM_URL',
        'DATABASE_OWNER_URL',
        'REDIS_URL',
        'APP_SECRET',
        'JWT_SECRET',
      ];
      await writeFile(
        path.join(directory, 'settings/.env'),
        secret.map((name) => `${name}=${settings[name]}\n`).join(''),
        { mode: 0o444 },
      );
      const sanitizers = Object.entries(settings).filter(([name]) => /SAN_OPTIONS$/.test(name));
      image = {
        root,
        workdir: config.WorkingDir,
        user: config.User,
        volumes: {
          '/var/lib/backend-api': path.join(directory, 'state'),
          '/etc/backend-api': path.join(directory, 'settings'),
        },
        env: {
          ...Object.fromEntries(config.Env.map((line) => line.split(/=(.*)/s).slice(0, 2) as [string, string])),
          ...Object.fromEntries(sanitizers),
          APP_ENV: 'production',
          HOST: '127.0.0.1',
          PORT: String(port),
          MANAGEMENT_PORT: String(managementPort),
          JOB_PREFIX: database.name,
          STORAGE_URL: 'file:///var/lib/backend-api/files',
        },
      };
    });
    afterAll(async () => {
      await server?.kill();
      await database?.drop();
      await rm(directory, { recursive: true, force: true });
    });

    test('nothing can be written but what is a volume', async () => {
      const script =
        'id -u; for at in / /etc /usr/local/bin /var/log; do touch $at/x 2>/dev/null && echo "written: $at"; done; touch /var/lib/backend-api/x && echo kept';
      const ran = await run(...command('bash', '-c', script), process.env);
      expect(ran.output.split('\n')).toEqual(['65532', 'kept']);
    });

    test('the database is migrated, and the program serves, is healthy, and ends when asked', async () => {
      const migrated = await run(...command('backend-api', 'db', 'migrate'), process.env);
      expect(migrated.code, migrated.output).toBe(0);
      const unhealthy = await run(...command(...config.Healthcheck!.Test.slice(1)), process.env);
      expect(unhealthy.code).toBe(1);

      server = new Process(...command(...config.Entrypoint, ...config.Cmd), process.env);
      await server.line((line) => line.msg === 'listening');
      const healthy = await run(...command(...config.Healthcheck!.Test.slice(1)), process.env);
      expect(healthy.code, healthy.output).toBe(0);
      await until(async () => (await fetch(`${management}/ready`)).status === 200);

      const [email, password] = ['owner@duka.example', 'mwangaza kwa kila mtu 7'];
      const names = ['--name', 'Duka la Amani', '--owner-name', 'Amina Otieno', '--owner-email', email];
      const made = await run(...command('backend-api', 'tenants', 'create', ...names), process.env, {
        input: `${password}\n`,
      });
      expect(made.code, made.output).toBe(0);
      const headers = { 'content-type': 'application/json' };
      const login = await fetch(`${url}/v1/auth/login`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ email, password }),
      });
      expect(login.status).toBe(200);
      const { accessToken } = (await login.json()) as { accessToken: string };
      const me = await fetch(`${url}/v1/auth/me`, { headers: { authorization: `Bearer ${accessToken}` } });
      expect(me.status).toBe(200);
      expect(await server.stop()).toEqual({ code: 0, signal: null });
    });
  });

  test.runIf(environment.long)('is the same, layer by layer, when it is built again', async () => {
    const layers = await store.layers(tag);
    await store.build({ program: environment.binary, tag: `${tag}-again` });
    expect(layers.length).toBeGreaterThan(1);
    expect(await store.layers(`${tag}-again`)).toEqual(layers);
  });

  // The compiler, the libraries and the npm packages are downloaded; then two cores compile for half an hour.
  test.runIf(environment.long)('compiles the program', { timeout: 7_200_000 }, async () => {
    // From the registry that this machine has, which may have an authority of its own.
    const npm = async (name: string) => (await execute('npm', ['config', 'get', name])).stdout.trim();
    const [registry, authority] = [await npm('registry'), await npm('cafile')];
    // By npm's own file: what buildah's --env says is of the image that comes out, not of what runs within.
    const directory = await mkdtemp(path.join(tmpdir(), 'npmrc-'));
    const npmrc = path.join(directory, 'npmrc');
    const within = '/etc/ssl/npm.pem';
    const volumes = [`${npmrc}:/root/.npmrc:ro`];
    if (authority !== 'null') volumes.push(`${await realpath(authority)}:${within}:ro`);
    await writeFile(npmrc, `registry=${registry}\n${authority === 'null' ? '' : `cafile=${within}\n`}`);
    await store.build({ tag: 'localhost/backend-api:compiled', target: 'compile', volumes });
    await rm(directory, { recursive: true });
    const compiled = await store.root('localhost/backend-api:compiled');
    expect((await stat(path.join(compiled, 'out/backend-api'))).size).toBeLessThan(most - 20 * megabyte);
  });
});
