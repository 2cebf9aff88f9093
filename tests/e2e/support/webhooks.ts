// A receiver of webhooks: what came to each of its paths, and how each path answers.
//
//     const receiver = await startReceiver();
//     receiver.on('/slow', (response) => setTimeout(() => response.end(), 2_000));
//     const hook = await shop.create('/v1/webhooks', { url: receiver.url('/slow'), eventTypes: ['*'] });
//     verified(hook.secret, await receiver.next('/slow'));                      // by the unmodified package
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { patienceMs, until } from './until.js';

export interface Received {
  path: string;
  headers: Record<string, string>;
  body: string;
  at: number;
}
export type Answer = (response: ServerResponse, received: Received) => void;

const taken: Answer = (response) => response.writeHead(204).end();

export class Receiver {
  readonly received: Received[] = [];
  // Requests that are being answered, by path, and the most at a time.
  readonly most = new Map<string, number>();
  private readonly running = new Map<string, number>();
  private readonly answers = new Map<string, Answer>();

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Receiver> {
    const server = createServer();
    const receiver = new Receiver(server);
    server.on('request', (request, response) => receiver.take(request, response));
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return receiver;
  }

  url(path: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}${path}`;
  }

  on(path: string, answer: Answer): void {
    this.answers.set(path, answer);
  }

  at(path: string): Received[] {
    return this.received.filter((one) => one.path === path);
  }

  // The number-th that came to this path, counted from 1; waits for it.
  async next(path: string, number = 1, timeoutMs = patienceMs): Promise<Received> {
    return until(async () => this.at(path)[number - 1], timeoutMs);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(request: IncomingMessage, response: ServerResponse): void {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const path = request.url ?? '/';
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const received = { path, headers, body: Buffer.concat(pieces).toString('utf8'), at: Date.now() };
      this.received.push(received);
      this.count(path, 1);
      response.on('close', () => this.count(path, -1));
      (this.answers.get(path) ?? taken)(response, received);
    });
    request.on('error', () => {});
    response.on('error', () => {});
  }

  private count(path: string, change: number): void {
    const running = (this.running.get(path) ?? 0) + change;
    this.running.set(path, running);
    this.most.set(path, Math.max(this.most.get(path) ?? 0, running));
  }
}

export const startReceiver = (): Promise<Receiver> => Receiver.start();

// The event, verified by the package as its users do it; throws what it throws.
export function verified(secret: string, received: Received): any {
  return new Webhook(secret).verify(received.body, received.headers);
}

// A body without an end, as fast as it is taken.
export const endless: Answer = (response) => {
  response.writeHead(200, { 'content-length': '5000000000' });
  const piece = Buffer.alloc(64 * 1024, 'x');
  const more = (): void => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
};
export const hanging: Answer = () => {};
export const saying =
  (status: number, headers: Record<string, string> = {}, body = ''): Answer =>
  (response) =>
    response.writeHead(status, headers).end(body);
