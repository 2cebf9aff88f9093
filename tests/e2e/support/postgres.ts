// A PostgreSQL server of one's own, for tests that stop it. With fsync: what it acknowledged survives.
//
//     const postgres = await startPostgres();
//     await postgres.crash();      // pg_ctl stop -m immediate: no checkpoint, recovery at the next start
//     await postgres.start();
//     await postgres.readOnly(true);   // as a standby, or a primary that was demoted, would answer: 25006
//     await postgres.remove();
import { execFile } from 'node:child_process';
import { appendFile, chmod, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { environment } from './environment.js';

const execute = promisify(execFile);

export class PostgresServer {
  private constructor(
    private readonly directory: string,
    private readonly port: number,
  ) {}

  static async create(): Promise<PostgresServer> {
    const directory = await mkdtemp(path.join(tmpdir(), 'e2e-postgres-'));
    await chmod(directory, 0o755);
    if (process.getuid?.() === 0) await execute('chown', ['postgres:', directory]);
    const server = new PostgresServer(directory, await freePort());
    await server.program(
      'initdb',
      '-D',
      server.data,
      '-U',
      'postgres',
      '-A',
      'trust',
      '-E',
      'UTF8',
      '--locale=C.UTF-8',
      '--no-sync',
    );
    await appendFile(
      path.join(server.data, 'postgresql.conf'),
      [
        "listen_addresses = '127.0.0.1'",
        `port = ${server.port}`,
        `unix_socket_directories = '${directory}'`,
        'max_connections = 100',
        'shared_buffers = 32MB',
        'fsync = on',
        'full_page_writes = on',
        'synchronous_commit = on',
        '',
      ].join('\n'),
    );
    await server.start();
    return server;
  }

  // The superuser's.
  get url(): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/postgres`;
  }

  async start(): Promise<void> {
    await this.program('pg_ctl', '-D', this.data, '-l', path.join(this.directory, 'log'), '-t', '60', '-w', 'start');
  }

  async crash(): Promise<void> {
    await this.program('pg_ctl', '-D', this.data, '-m', 'immediate', '-t', '60', '-w', 'stop');
  }

  // Every transaction of every session, those that are open now too, is a read-only one from its next statement on.
  async readOnly(on: boolean): Promise<void> {
    await this.program(
      'psql',
      ...['-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', this.url],
      ...['-c', `alter system set default_transaction_read_only = ${on ? 'on' : 'off'}`],
      ...['-c', 'select pg_reload_conf()'],
    );
  }

  async remove(): Promise<void> {
    await this.crash().catch(() => {}); // it may be stopped already
    await rm(this.directory, { recursive: true, force: true });
  }

  private get data(): string {
    return path.join(this.directory, 'data');
  }

  // PostgreSQL refuses to run as root; the working directory must be one that its user may enter.
  private async program(name: string, ...args: string[]): Promise<void> {
    const command = [path.join(environment.postgresBin, name), ...args];
    if (process.getuid?.() === 0) command.unshift('runuser', '-u', 'postgres', '--');
    await execute(command[0]!, command.slice(1), { cwd: '/', env: { PATH: process.env.PATH, LANG: 'C.UTF-8' } });
  }
}

export const startPostgres = (): Promise<PostgresServer> => PostgresServer.create();

// For servers that are stopped and started again on their port. Below the range from which the kernel takes the ports of
// outgoing connections (32768 on Linux): while the server is down nobody may get its port by chance, least of all a client of its
// own that tries to reach it, which TCP would connect to itself. For the same reason no port is given twice: the two processes that
// run test files at the same time have half of the range each.
export async function freePort(): Promise<number> {
  const half = Number(process.env.VITEST_POOL_ID ?? 1) % 2;
  for (let attempt = 0; attempt < 100; ++attempt) {
    const port = 12_000 + half * 10_000 + Math.floor(Math.random() * 10_000);
    if (given.has(port)) continue;
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    given.add(port);
    return port;
  }
  throw new Error('no free port');
}

const given = new Set<number>();
