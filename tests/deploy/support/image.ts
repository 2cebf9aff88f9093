// The image as the Dockerfile makes it, by Debian's buildah in a chroot, on a base of Debian's packages. The base is made from the
// sources that apt has on this machine, and has the name that the Dockerfile asks for; nothing is pulled.
//
//     const store = await openStore();
//     await store.base();
//     const image = await store.build({ program });        // around a program that is compiled already
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repository } from '../../e2e/support/environment.js';

const execute = promisify(execFile);
const gigabyte = 2 ** 30;

export const baseName = 'docker.io/library/debian:bookworm-slim';
// Any day, the same each time.
export const epoch = 1_700_000_000;

export interface ImageConfig {
  User: string;
  Env: string[];
  Entrypoint: string[];
  Cmd: string[];
  WorkingDir: string;
  Labels: Record<string, string>;
  Healthcheck?: { Test: string[]; Interval: number; StartPeriod: number };
  Volumes?: Record<string, unknown>;
  ExposedPorts: Record<string, unknown>;
}

export class Store {
  constructor(readonly directory: string) {}

  buildah(...args: string[]): Promise<string> {
    const places = ['--root', path.join(this.directory, 'store'), '--runroot', path.join(this.directory, 'run')];
    return program('buildah', [...places, '--storage-driver', 'vfs', ...args], { TMPDIR: this.directory });
  }

  async base(): Promise<void> {
    const context = path.join(this.directory, 'base');
    await mkdir(context);
    await cp(await baseArchive(this.directory), path.join(context, 'base.tar'));
    await writeFile(path.join(context, 'Dockerfile'), 'FROM scratch\nADD base.tar /\nCMD ["bash"]\n');
    await this.make(['--tag', baseName, context]);
    await rm(context, { recursive: true });
  }

  // `program`: instead of the stage `compile`. Without it that stage is built.
  async build(options: { program?: string; tag: string; target?: string; volumes?: string[] }): Promise<void> {
    const { program: compiled, tag, target, volumes = [] } = options;
    const args = [
      '--tag',
      tag,
      '--build-arg',
      `SOURCE_DATE_EPOCH=${epoch}`,
      '--build-arg',
      'REVISION=0123456789abcdef',
    ];
    if (target) args.push('--target', target);
    for (const volume of volumes) args.push('--volume', volume);
    if (compiled) {
      const context = path.join(this.directory, 'compile');
      await mkdir(path.join(context, 'out'), { recursive: true });
      await execute('strip', ['--strip-debug', '-o', path.join(context, 'out/backend-api'), compiled]);
      args.push('--build-context', `compile=${context}`);
    }
    await this.make([...args, repository]);
  }

  async config(tag: string): Promise<ImageConfig> {
    return (await this.inspect(tag)).Docker.config;
  }

  // The digests of its layers, uncompressed.
  async layers(tag: string): Promise<string[]> {
    return (await this.inspect(tag)).Docker.rootfs.diff_ids;
  }

  // Its files; a copy of nothing, since vfs has whole folders.
  async root(tag: string): Promise<string> {
    const container = (await this.buildah('from', '--pull-never', tag)).trim();
    return (await this.buildah('mount', container)).trim();
  }

  async remove(): Promise<void> {
    await this.buildah('umount', '--all').catch(() => {});
    await rm(this.directory, { recursive: true, force: true });
  }

  private async inspect(tag: string): Promise<any> {
    return JSON.parse(await this.buildah('inspect', '--type', 'image', tag));
  }

  private make(args: string[]): Promise<string> {
    const how = [
      '--isolation',
      'chroot',
      '--pull-never',
      '--format',
      'docker',
      '--timestamp',
      String(epoch),
      '--no-cache',
    ];
    return this.buildah('build', ...how, ...args);
  }
}

// In memory where there is enough of it: dpkg waits for the disk after each file.
export async function openStore(): Promise<Store> {
  const memory = await statfs('/dev/shm').then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  return new Store(await mkdtemp(path.join(memory > 6 * gigabyte ? '/dev/shm' : tmpdir(), 'backend-api-image-')));
}

// Kept for a day, since packages change: of what the sources say and of how it is made.
async function baseArchive(directory: string): Promise<string> {
  const sources = await aptSources();
  const texts = await Promise.all(sources.map((file) => readFile(file, 'utf8')));
  const day = new Date().toISOString().slice(0, 10);
  const digest = createHash('sha256')
    .update([day, ...texts].join('\n'))
    .digest('hex')
    .slice(0, 16);
  const kept = path.join(repository, '.cache/deploy', `base-${digest}.tar`);
  if (await stat(kept).catch(() => undefined)) return kept;
  const folder = path.dirname(kept);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const made = path.join(directory, 'base.tar');
  // As the official image leaves out what nobody reads in a container.
  const without = ['/usr/share/man/*', '/usr/share/locale/*', '/usr/share/doc/*'].map((what) => `path-exclude=${what}`);
  const options = ['force-unsafe-io', ...without, 'path-include=/usr/share/doc/*/copyright'];
  await program(
    'mmdebstrap',
    ['--quiet', '--variant=minbase', ...options.map((option) => `--dpkgopt=${option}`), 'bookworm', made, ...sources],
    { TMPDIR: directory, SOURCE_DATE_EPOCH: String(epoch) },
  );
  await cp(made, `${kept}.new`);
  await rename(`${kept}.new`, kept);
  await rm(made);
  return kept;
}

async function aptSources(): Promise<string[]> {
  const folder = '/etc/apt/sources.list.d';
  const names = await readdir(folder).catch(() => []);
  const found = names.filter((name) => /\.(sources|list)$/.test(name)).map((name) => path.join(folder, name));
  const list = await readFile('/etc/apt/sources.list', 'utf8').catch(() => '');
  const all = /^\s*deb /m.test(list) ? ['/etc/apt/sources.list', ...found] : found;
  // Debian's own alone: other archives have no base system.
  const texts = await Promise.all(all.map((file) => readFile(file, 'utf8')));
  return all.filter((_, at) => /\bbookworm\b/.test(texts[at]!) && /debian-archive-keyring|^\s*deb /m.test(texts[at]!));
}

async function program(name: string, args: string[], more: Record<string, string>): Promise<string> {
  try {
    const { stdout } = await execute(name, args, { env: { ...process.env, ...more }, maxBuffer: 64 * 2 ** 20 });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(
      `${name} ${args.join(' ')}:\n${`${stdout ?? ''}${stderr ?? (error as Error).message}`.slice(-4000)}`,
    );
  }
}
