// A bad network and bad proxies between a client and the service: requests that are dropped, delayed, doubled, answered by somebody else, or
// whose answer is cut after the service has committed.
import {
  Agent,
  createServer,
  type IncomingMessage,
  request as send,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { problem } from './sdk.js';

export const faults = ['drop', 'delay', 'double', 'bad_gateway', 'portal', 'limited', 'expired', 'cut'] as const;
export type Fault = (typeof faults)[number];

interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

export class FaultProxy {
  readonly met: Partial<Record<Fault, number>> = {};
  requests = 0;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 16 });

  private constructor(
    private readonly server: Server,
    private readonly target: string,
    // The fault of the next request, or none.
    private readonly choose: (path: string) => Fault | undefined,
  ) {}

  static async start(target: string, choose: (path: string) => Fault | undefined): Promise<FaultProxy> {
    const server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('error', () => {});
      response.on('error', () => {});
      request.on(
        'end',
        () => void proxy.serve(request, Buffer.concat(pieces), response).catch(() => response.destroy()),
      );
    });
    const proxy: FaultProxy = new FaultProxy(server, target, choose);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.agent.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async serve(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    this.requests++;
    const fault = this.choose(request.url ?? '');
    if (fault) this.met[fault] = (this.met[fault] ?? 0) + 1;
    switch (fault) {
      case 'drop':
        return void response.destroy();
      case 'bad_gateway':
        return void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>502</h1>');
      case 'portal':
        return void response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Accept our terms</h1>');
      case 'limited':
        return problem(response, 429, 'request.rate_limited', { retriable: true, action: 'retry', retryAfterMs: 20 });
      case 'expired':
        return problem(response, 401, 'auth.token_expired', { retriable: true, action: 'refresh_auth' });
      case 'cut':
        await this.forward(request, body);
        return void response.destroy();
      case 'double': {
        const [reply] = await Promise.all([this.forward(request, body), this.forward(request, body)]);
        return give(response, reply);
      }
      case 'delay':
        await sleep(30);
    }
    give(response, await this.forward(request, body));
  }

  private forward(request: IncomingMessage, body: Buffer): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const headers = { ...request.headers, 'accept-encoding': 'identity' };
      const options = { method: request.method!, headers, agent: this.agent };
      const out = send(this.target + request.url, options, (reply) => {
        const pieces: Buffer[] = [];
        reply.on('data', (piece: Buffer) => pieces.push(piece));
        reply.on('error', reject);
        reply.on('end', () =>
          resolve({ status: reply.statusCode!, headers: reply.headers, body: Buffer.concat(pieces) }),
        );
      });
      out.on('error', reject);
      out.end(body);
    });
  }
}

function give(response: ServerResponse, { status, headers, body }: Reply): void {
  const rest = { ...headers };
  for (const name of ['connection', 'transfer-encoding']) delete rest[name];
  response.writeHead(status, { ...rest, 'content-length': body.length }).end(body);
}
