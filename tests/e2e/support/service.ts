// The real binary: migrated scratch database, free port, captured log.
//
//     const service = await startService();
//     const { status, body } = await service.api('POST', '/v1/auth/login', { body: { email, password } });
//     await service.stop();
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Contract, type Exchange, learnContract, noteFaultsOf } from './contract.js';
import { type ScratchDatabase, scratchDatabase } from './database.js';
import { environment } from './environment.js';
import { freePort } from './postgres.js';
import { type Exit, Process, run } from './process.js';
import { patienceMs } from './until.js';

export interface ServiceOptions {
  // Share a database between two instances; without it the service gets its own and drops it when it stops.
  database?: ScratchDatabase;
  // Added to, or replacing, the settings below.
  env?: Record<string, string>;
}

export interface CallOptions {
  token?: string;
  headers?: Record<string, string>;
  // Text and bytes are sent as they are, the rest as JSON.
  body?: unknown;
  // Aborts the call: a client that went away.
  signal?: AbortSignal;
}

export interface Reply<Body> {
  status: number;
  headers: Headers;
  // Parsed when the reply is JSON, otherwise undefined.
  body: Body;
  // The bytes as they came (decoded from Content-Encoding), for comparing replays.
  text: string;
}

export class Service {
  private constructor(
    readonly database: ScratchDatabase,
    private readonly ownsDatabase: boolean,
    private readonly env: NodeJS.ProcessEnv,
    private process_: Process,
    private port_: number,
    private readonly contract: Contract | undefined,
  ) {}

  static async start(options: ServiceOptions = {}): Promise<Service> {
    const database = options.database ?? (await scratchDatabase());
    // A port that it can have again after a crash.
    const env = serviceEnvironment(database, { PORT: String(await freePort()), ...options.env });
    try {
      if (!options.database) await migrate(env);
      const { child, port, contract } = await serve(env);
      return new Service(database, !options.database, env, child, port, contract);
    } catch (error) {
      if (!options.database) await database.drop();
      throw error;
    }
  }

  get port(): number {
    return this.port_;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port_}`;
  }

  // What a second instance must share with this one.
  get secrets(): Record<string, string> {
    return Object.fromEntries(
      Object.entries(this.env).filter(([name]) => /^(APP_SECRET|JWT_.*)$/.test(name)),
    ) as Record<string, string>;
  }

  // The directory of its files.
  get storageUrl(): string {
    return this.env.STORAGE_URL!;
  }

  get process(): Process {
    return this.process_;
  }

  // Compares a reply of this service with its document. For clients that are not fetch(), of which it is done anyway.
  readonly check = (exchange: Exchange): void => this.contract?.check(exchange);

  async api<Body = any>(method: string, path: string, options: CallOptions = {}): Promise<Reply<Body>> {
    const headers = new Headers(options.headers);
    // fetch would ask for gzip, and tags differ between codings.
    if (!headers.has('accept-encoding')) headers.set('accept-encoding', 'identity');
    if (options.token) headers.set('authorization', `Bearer ${options.token}`);
    const hasBody = options.body !== undefined;
    if (hasBody && !headers.has('content-type')) headers.set('content-type', 'application/json');
    const response = await fetch(this.url + path, {
      method,
      headers,
      redirect: 'manual',
      body: hasBody ? bytesOf(options.body) : undefined,
      signal: options.signal ?? AbortSignal.timeout(patienceMs),
    });
    const text = await response.text();
    // What the client is not told stands in the log: at hand when the test fails.
    if (response.status === 500) console.error(this.process_.log.filter((line) => (line.level ?? 0) >= 50).at(-2));
    const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '') && text !== '';
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson ? JSON.parse(text) : undefined) as Body,
      text,
    };
  }

  // After a crash: the same settings and the same port, as a supervisor would do it.
  async restart(): Promise<void> {
    if (this.process_.running) await this.process_.stop();
    noteFaultsOf(this.process_);
    const { child, port } = await serve({ ...this.env, PORT: String(this.port_) });
    this.process_ = child;
    this.port_ = port;
  }

  async stop(): Promise<Exit> {
    try {
      return this.process_.running ? await this.process_.stop() : await this.process_.exited;
    } finally {
      noteFaultsOf(this.process_);
      if (this.ownsDatabase) await this.database.drop();
    }
  }
}

export const startService = (options?: ServiceOptions): Promise<Service> => Service.start(options);

function bytesOf(body: unknown): BodyInit {
  // The DOM's types, of which TypeScript 5.9 believes that they take no Uint8Array.
  return typeof body === 'string' || body instanceof Uint8Array ? (body as BodyInit) : JSON.stringify(body);
}

// The settings of one instance. Nothing is inherited but what a program needs to run and what the sanitizers read.
export function serviceEnvironment(database: ScratchDatabase, more: Record<string, string>): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => /^(PATH|HOME|TZ|LANG|TMPDIR|.*SAN_.*)$/.test(name));
  return {
    ...Object.fromEntries(inherited),
    APP_ENV: 'test',
    HOST: '127.0.0.1',
    DATABASE_URL: database.appUrl,
    DATABASE_SYSTEM_URL: database.systemUrl,
    DATABASE_OWNER_URL: database.ownerUrl,
    REDIS_URL: environment.redisUrl,
    JOB_PREFIX: database.name, // the queues of each database are its own
    PORT: '0',
    APP_SECRET: randomBytes(48).toString('base64url'),
    // Files of a database are beside nobody else's.
    STORAGE_URL: `file://${path.join(tmpdir(), `${database.name}-files`)}`,
    UPLOADS_DIRECTORY: path.join(tmpdir(), `${database.name}-pieces`),
    UPLOADS_KEEP_FREE_MB: '0',
    // A key file takes the secret's place; both together are a fault.
    ...('JWT_PRIVATE_KEY_FILE' in more ? {} : { JWT_SECRET: randomBytes(48).toString('base64url') }),
    ...more,
  };
}

export async function migrate(env: NodeJS.ProcessEnv): Promise<void> {
  const { code, signal, output } = await run(environment.binary, ['db', 'migrate'], env);
  if (code !== 0) throw new Error(`backend-api db migrate ended with ${signal ?? code}:\n${output}`);
}

// What the seed seals, the server opens; where the seed says that callbacks lead, the server listens.
export async function settingsOfDemo(): Promise<Record<string, string>> {
  return {
    APP_SECRET: randomBytes(48).toString('base64url'),
    JWT_SECRET: randomBytes(48).toString('base64url'),
    PORT: String(await freePort()),
    JOB_QUEUES: 'all',
  };
}

// A database with the demo's shop in it. `more`: what the seed seals with, as the service gets it.
export async function demoDatabase(more: Record<string, string> = {}): Promise<ScratchDatabase> {
  const database = await scratchDatabase();
  const env = serviceEnvironment(database, more);
  await migrate(env);
  const { code, signal, output } = await run(environment.binary, ['seed'], env);
  if (code !== 0) throw new Error(`backend-api seed ended with ${signal ?? code}:\n${output}`);
  return database;
}

async function serve(
  env: NodeJS.ProcessEnv,
): Promise<{ child: Process; port: number; contract: Contract | undefined }> {
  const child = new Process(environment.binary, ['serve'], env);
  try {
    const listening = await child.line((line) => line.msg === 'listening');
    const port = Number(listening.port);
    return { child, port, contract: await learnContract(`http://127.0.0.1:${port}`) };
  } catch (error) {
    await child.kill();
    throw error;
  }
}
