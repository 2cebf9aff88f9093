// Stands between a service and PostgreSQL, knows each statement that passes, and stops at one of them: before PostgreSQL has it, or when
// PostgreSQL is done with it and the service does not know. For tests that kill a service at a chosen statement.
//
//     const proxy = await startPostgresProxy(database.appUrl);
//     const service = await startService({ database, env: { DATABASE_URL: proxy.urlOf(database.appUrl), … } });
//     proxy.seen                                            // the statements of each round trip, in their order
//     const stopped = proxy.stopAt(proxy.seen[3]!, 'after', () => service.process.signal('SIGKILL'));
//
// Reads the protocol's version 3 as far as that needs: what stands in a round trip, and where it ends (PostgreSQL's manual, "Message
// Formats"). Without TLS.
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export type When = 'before' | 'after';

interface Stop {
  text: string;
  when: When;
  fire: () => void;
}

const sslRequest = 80877103;
const gssRequest = 80877104;
const held = new Set(['P', 'B', 'D', 'E', 'C']); // parts of a round trip, up to its Sync

const textAt = (message: Buffer, at: number): string => message.toString('utf8', at, message.indexOf(0, at));

class Connection {
  private fromClient = Buffer.alloc(0);
  private fromServer = Buffer.alloc(0);
  private hasStarted = false;
  private isStopped = false;
  private readonly statements = new Map<string, string>();
  private parts: Buffer[] = [];
  private names: string[] = [];
  private last = '';
  // Round trips whose end has not come; the first is the start of the connection.
  private readonly running: string[] = [''];

  constructor(
    private readonly proxy: PostgresProxy,
    private readonly client: Socket,
    private readonly server: Socket,
  ) {
    const end = () => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) socket.on('error', end).on('close', end).setNoDelay(true);
    client.on('data', (data: Buffer) => this.takeFromClient(data));
    server.on('data', (data: Buffer) => this.takeFromServer(data));
  }

  private takeFromClient(data: Buffer): void {
    this.fromClient = Buffer.concat([this.fromClient, data]);
    while (!this.isStopped) {
      const head = this.hasStarted ? 1 : 0;
      if (this.fromClient.length < head + 4) return;
      const length = head + this.fromClient.readInt32BE(head);
      if (this.fromClient.length < length) return;
      const message = this.fromClient.subarray(0, length);
      this.fromClient = this.fromClient.subarray(length);
      if (this.hasStarted) this.takeMessage(String.fromCharCode(message[0]!), message);
      else this.takeStart(message);
    }
  }

  private takeStart(message: Buffer): void {
    if ([sslRequest, gssRequest].includes(message.readInt32BE(4))) {
      this.client.write('N');
      return;
    }
    this.hasStarted = true;
    this.server.write(message);
  }

  private takeMessage(type: string, message: Buffer): void {
    if (type === 'P') this.statements.set(textAt(message, 5), textAt(message, message.indexOf(0, 5) + 1));
    if (type === 'B') this.names.push(this.statements.get(textAt(message, message.indexOf(0, 5) + 1)) ?? '');
    if (type === 'Q') this.names.push(textAt(message, 5));
    this.parts.push(message);
    if (held.has(type)) return;
    if ((type === 'S' || type === 'Q') && !this.mayGo()) return;
    this.server.write(Buffer.concat(this.parts));
    this.parts = [];
  }

  // What a transaction begins and ends with is told apart by what it is about.
  private mayGo(): boolean {
    const own = this.names.join(';\n');
    const text = /^(begin|commit|rollback)\b/i.test(own) ? `${this.last};\n${own}` : own;
    if (own !== '') this.last = own;
    this.names = [];
    if (this.proxy.takes(text, 'before')) {
      this.isStopped = true;
      return false;
    }
    this.running.push(text);
    return true;
  }

  private takeFromServer(data: Buffer): void {
    if (this.isStopped) return;
    this.fromServer = Buffer.concat([this.fromServer, data]);
    let at = 0;
    while (this.fromServer.length >= at + 5) {
      const length = 1 + this.fromServer.readInt32BE(at + 1);
      if (this.fromServer.length < at + length) break;
      const isEnd = this.fromServer[at] === 'Z'.charCodeAt(0);
      if (isEnd && this.proxy.takes(this.running.shift() ?? '', 'after')) {
        this.isStopped = true;
        return;
      }
      at += length;
    }
    this.client.write(this.fromServer.subarray(0, at));
    this.fromServer = this.fromServer.subarray(at);
  }
}

export class PostgresProxy {
  seen: string[] = [];
  private stop: Stop | undefined;

  private constructor(
    private readonly target: URL,
    private readonly server: Server,
    private readonly sockets = new Set<Socket>(),
  ) {}

  static async start(url: string): Promise<PostgresProxy> {
    const server = createServer();
    const proxy = new PostgresProxy(new URL(url), server);
    server.on('connection', (client) => {
      const upstream = connect(Number(proxy.target.port || 5432), proxy.target.hostname);
      proxy.sockets.add(client);
      client.on('close', () => proxy.sockets.delete(client));
      new Connection(proxy, client, upstream);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  // The same database, by this proxy.
  urlOf(url: string): string {
    const changed = new URL(url);
    changed.hostname = '127.0.0.1';
    changed.port = String((this.server.address() as AddressInfo).port);
    return changed.toString();
  }

  // The next round trip of this text goes no further, and `fire` is called; resolves then.
  stopAt(text: string, when: When, fire: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.stop = {
        text,
        when,
        fire: () => {
          fire();
          resolve();
        },
      };
    });
  }
  goOn(): void {
    this.stop = undefined;
  }

  // For the connections.
  takes(text: string, when: When): boolean {
    if (when === 'before' && text !== '') this.seen.push(text);
    if (this.stop?.text !== text || this.stop.when !== when) return false;
    const { fire } = this.stop;
    this.stop = undefined;
    fire();
    return true;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

export const startPostgresProxy = (url: string): Promise<PostgresProxy> => PostgresProxy.start(url);
