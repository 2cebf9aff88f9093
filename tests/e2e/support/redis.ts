// A Redis server of one's own, for tests that stop it, kill connections or count commands. It appends to its file before
// it answers (appendfsync always): what it acknowledged survives SIGKILL.
//
//     const redis = await startRedis();
//     await redis.crash();      // SIGKILL
//     await redis.start();
//     await redis.remove();
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './postgres.js';
import { until } from './until.js';

export class RedisServer {
  private child: ChildProcess | undefined;
  private exited: Promise<void> = Promise.resolve();

  private constructor(
    private readonly directory: string,
    private readonly port: number,
  ) {}

  static async create(): Promise<RedisServer> {
    const server = new RedisServer(await mkdtemp(path.join(tmpdir(), 'e2e-redis-')), await freePort());
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  get pid(): number {
    return this.child?.pid ?? -1;
  }

  async start(): Promise<void> {
    const child = spawn(
      'redis-server',
      ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.directory, '--save', ''].concat(
        ['--appendonly', 'yes', '--appendfsync', 'always'],
        ['--logfile', path.join(this.directory, 'log')],
      ),
      { stdio: 'ignore' },
    );
    this.child = child;
    this.exited = new Promise((resolve) => child.once('close', () => resolve()));
    const probe = new Redis(this.url, { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
    probe.on('error', () => {});
    try {
      // It answers LOADING until it has read its file.
      await until(async () => {
        if (child.exitCode !== null) throw new Error(await readFile(path.join(this.directory, 'log'), 'utf8'));
        if (probe.status !== 'ready') await probe.connect();
        return (await probe.ping()) === 'PONG';
      });
    } finally {
      probe.disconnect();
    }
  }

  async crash(): Promise<void> {
    this.child?.kill('SIGKILL');
    await this.exited;
  }

  async remove(): Promise<void> {
    await this.crash();
    await rm(this.directory, { recursive: true, force: true });
  }
}

export const startRedis = (): Promise<RedisServer> => RedisServer.create();
