// The TypeScript SDK as an app gets it, and a service that answers as a test says.
//
//     const sdk = await installSdk();          // built and packed by the guide's commands, installed in an empty folder
//     await sdk.run('sale.mjs', text);         // output of a program beside it
//     await sdk.remove();
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repository } from './environment.js';

const execute = promisify(execFile);
export const sdkSource = path.join(repository, 'clients/typescript');

// As the pages say them, at the root of the repository. A test runs them with a folder of its own in the place of dist/ and of the package,
// as others use those at the same time.
export const sdkCommands = {
  build: 'node clients/typescript/build.mjs',
  pack: 'npm pack --ignore-scripts ./clients/typescript',
};

export interface InstalledSdk {
  folder: string;
  // The package's own folder.
  root: string;
  run(file: string, text: string, env?: Record<string, string>, flags?: string[]): Promise<string>;
  remove(): Promise<void>;
}

export async function installSdk(): Promise<InstalledSdk> {
  const folder = await mkdtemp(path.join(tmpdir(), 'e2e-sdk-'));
  const packing = path.join(folder, 'packing');
  const app = path.join(folder, 'app');
  for (const name of [packing, app]) await mkdir(name);
  const [node, ...build] = sdkCommands.build.split(' ');
  await execute(node!, [...build, path.join(packing, 'dist')], { cwd: repository });
  for (const name of ['package.json', 'README.md']) await cp(path.join(sdkSource, name), path.join(packing, name));
  const [npm, ...pack] = sdkCommands.pack.replace('./clients/typescript', packing).split(' ');
  await execute(npm!, [...pack, '--pack-destination', folder], { cwd: repository });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz'))!;
  await writeFile(path.join(app, 'package.json'), '{ "private": true }\n');
  const quiet = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts'];
  await execute('npm', ['install', ...quiet, path.join(folder, tarball)], { cwd: app });
  return {
    folder: app,
    root: path.join(app, 'node_modules/backend-api-client'),
    run: async (file, text, env = {}, flags = []) => {
      await writeFile(path.join(app, file), text);
      const options = { cwd: app, env: { ...process.env, ...env }, maxBuffer: 64 << 20 };
      return (await execute('node', [...flags, file], options)).stdout;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export interface Seen {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

export type Act = (seen: Seen, response: ServerResponse, request: IncomingMessage) => void | Promise<void>;

export class ScriptedService {
  readonly seen: Seen[] = [];
  private constructor(
    private readonly server: Server,
    private act: Act,
  ) {}

  static async start(act: Act): Promise<ScriptedService> {
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('error', () => {});
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        const seen: Seen = { method, path: url, headers, body: Buffer.concat(pieces) };
        service.seen.push(seen);
        void service.act(seen, response, request);
      });
    });
    const service: ScriptedService = new ScriptedService(server, act);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  // From now on.
  plays(act: Act): void {
    this.act = act;
    this.seen.length = 0;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export const answer = (
  response: ServerResponse,
  status: number,
  body?: unknown,
  headers: Record<string, string> = {},
): void => {
  const type = status >= 400 ? 'application/problem+json' : 'application/json';
  const own = { 'x-request-id': 'r-1', ...(body !== undefined && { 'content-type': type }) };
  response.writeHead(status, { ...own, ...headers }).end(body === undefined ? undefined : JSON.stringify(body));
};

// The yes to an operation, as the service gives it: with an id, and with the key where the operation has one in its body.
export const taken = (response: ServerResponse, seen?: Seen): void => {
  const { clientRequestId } = seen ? JSON.parse(seen.body.toString() || '{}') : {};
  answer(response, 201, { id: randomUUID(), ...(clientRequestId && { clientRequestId }) });
};

export const problem = (
  response: ServerResponse,
  status: number,
  code: string,
  more: { retriable?: boolean; action?: string; retryAfterMs?: number } & Record<string, unknown> = {},
): void =>
  answer(response, status, {
    type: `/problems/${code}`,
    title: code,
    status,
    code,
    retriable: false,
    action: 'fix',
    retryAfterMs: null,
    ...more,
  });
