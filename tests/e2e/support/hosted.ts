// Pusher's and Ably's HTTP APIs as far as we call them, with every signature checked, and a server that Pusher's webhooks go to. What came is
// kept; what is answered next can be said.
//
//     const hosted = await HostedServices.start({ appId, key, secret, ably: 'app.key:secret' });
//     hosted.next('pusher', 429, 500);                  // of the next calls; then 200
//     await until(async () => hosted.told('pusher', channel).length > 0);
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Told {
  channel: string;
  name: string;
  data: string;
  // Of Ably's messages.
  id?: string;
}
export interface WebhookPost {
  headers: IncomingHttpHeaders;
  body: string;
}
export type ServiceName = 'pusher' | 'ably' | 'webhooks';

interface Accounts {
  appId: string;
  key: string;
  secret: string;
  ably: string;
}

export class HostedServices {
  // Between a call and its answer.
  delayMs = 0;
  // Calls that were not signed, or not as the service's documents say.
  readonly faults: string[] = [];
  readonly webhooks: WebhookPost[] = [];
  readonly calls: Record<ServiceName, number> = { pusher: 0, ably: 0, webhooks: 0 };
  private readonly messages: Record<'pusher' | 'ably', Told[]> = { pusher: [], ably: [] };
  private readonly replies: Record<ServiceName, [number, unknown][]> = { pusher: [], ably: [], webhooks: [] };

  private constructor(
    private readonly server: http.Server,
    private readonly accounts: Accounts,
  ) {}

  static async start(accounts: Accounts): Promise<HostedServices> {
    const server = http.createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (piece: string) => (body += piece));
      request.on('end', () => {
        const [status, reply] = hosted.answer(request.method ?? '', request.url ?? '', request.headers, body);
        const send = () =>
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(reply));
        setTimeout(send, hosted.delayMs);
      });
    });
    const hosted = new HostedServices(server, accounts);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return hosted;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  next(service: ServiceName, ...statuses: number[]): void {
    this.replies[service].push(...statuses.map((status): [number, unknown] => [status, {}]));
  }
  nextReply(service: ServiceName, status: number, body: unknown): void {
    this.replies[service].push([status, body]);
  }
  told(service: 'pusher' | 'ably', channel?: string): Told[] {
    return this.messages[service].filter((one) => channel === undefined || one.channel === channel);
  }
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private answer(method: string, target: string, headers: IncomingHttpHeaders, body: string): [number, unknown] {
    const url = new URL(target, this.url);
    if (url.pathname.startsWith('/apps/')) return this.pusher(method, url, body);
    if (url.pathname.startsWith('/channels/')) return this.ably(method, url, headers, body);
    this.calls.webhooks += 1;
    const reply = this.replies.webhooks.shift();
    if (reply) return reply;
    this.webhooks.push({ headers, body });
    return [200, {}];
  }

  private refuse(why: string): [number, unknown] {
    this.faults.push(why);
    return [401, {}];
  }

  private pusher(method: string, url: URL, body: string): [number, unknown] {
    this.calls.pusher += 1;
    const query = new Map([...url.searchParams].map(([name, value]) => [name.toLowerCase(), value]));
    const signature = query.get('auth_signature');
    query.delete('auth_signature');
    const sorted = [...query].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${value}`);
    const expected = createHmac('sha256', this.accounts.secret)
      .update([method, url.pathname, sorted.join('&')].join('\n'))
      .digest('hex');
    if (signature !== expected) return this.refuse(`pusher: the signature of ${url.pathname}`);
    if (query.get('auth_key') !== this.accounts.key) return this.refuse('pusher: auth_key');
    if (query.get('body_md5') !== createHash('md5').update(body).digest('hex')) return this.refuse('pusher: body_md5');
    if (Math.abs(Number(query.get('auth_timestamp')) - Date.now() / 1000) > 600) return this.refuse('pusher: time');
    if (url.pathname !== `/apps/${this.accounts.appId}/batch_events`) return this.refuse(`pusher: ${url.pathname}`);
    const reply = this.replies.pusher.shift();
    if (reply) return reply;
    const { batch } = JSON.parse(body) as { batch: Told[] };
    if (batch.length > 10) this.faults.push('pusher: more than ten events');
    if (batch.some(({ data }) => typeof data !== 'string')) this.faults.push('pusher: data is a text');
    this.messages.pusher.push(...batch);
    return [200, {}];
  }

  private ably(method: string, url: URL, headers: IncomingHttpHeaders, body: string): [number, unknown] {
    this.calls.ably += 1;
    const basic = `Basic ${Buffer.from(this.accounts.ably).toString('base64')}`;
    if (headers.authorization !== basic) return this.refuse('ably: Authorization');
    const [, channel] = /^\/channels\/([^/]+)\/messages$/.exec(url.pathname) ?? [];
    if (method !== 'POST' || !channel || !headers['x-ably-version'])
      return this.refuse(`ably: ${method} ${url.pathname}`);
    const reply = this.replies.ably.shift();
    if (reply) return reply;
    const { id, name, data, encoding } = JSON.parse(body) as Told & { encoding: string };
    if (encoding !== 'json' || typeof data !== 'string') this.faults.push('ably: data is a text of JSON');
    const told = { channel: decodeURIComponent(channel), name, data, id };
    // Ably drops what has an id that it knows.
    if (!this.messages.ably.some((one) => one.id === id)) this.messages.ably.push(told as Told);
    return [201, { channel, messageId: id }];
  }
}
