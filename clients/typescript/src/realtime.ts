// A poke says that something is new; what it is comes by a pull. A message that is lost costs nothing, since the next pull has it. The tabs of
// an origin share one connection: a browser opens six to a host on HTTP/1.1, and a page that finds them taken does not load.
import type { Client } from './client.js';

/** What the service says on a connection. */
export type LiveMessage =
  /** Something is new: where, or (without `changed`, or an empty one) anywhere. */
  | { t: 'poke'; seq?: number; changed?: { c: string; locationId?: string | null }[] }
  | { t: 'ev'; topic: string; event?: string; d: unknown }
  /** Something may have been missed. */
  | { t: 'resync'; reason?: string }
  /** The caller may not, or no longer, follow this topic. */
  | { t: 'refused'; topic: string; code: string };

/** An open connection, to be closed. */
export interface Connection {
  close(): void;
}

export interface Hearing {
  /** The connection is there; messages of before may have been missed. */
  opened(): void;
  message(message: LiveMessage): void;
  /** It has ended. `retry: false`: for good, such as for a session that is over. */
  closed(retry: boolean): void;
}

/** How messages come; WebSocket and EventSource are below, and tests have their own. */
export type Transport = (hearing: Hearing) => Connection | Promise<Connection>;

export interface LiveOptions {
  transport: Transport;
  /** Reads what is new (`followChanges` of `backend-api-client/feed`): when the connection is there, after pokes, and now and then. One at a time. */
  pull: () => Promise<void>;
  /** `event`: `changed` of what the service says itself; a server of the app's may publish others there. */
  onEvent?: (topic: string, data: unknown, event: string) => void;
  /**
   * Events may have been missed, also between two connections: read again by their routes what they tell of. A pull follows, which says by
   * itself whether it is enough.
   */
  onResync?: () => Promise<void> | void;
  onRefused?: (topic: string, code: string) => void;
  /** Tabs with the same name share a connection; `false`: this tab has its own. */
  share?: string | false;
  /** Pulls without a poke, for connections that are open and dead; 60 s when missing. */
  idleMs?: number;
  /** The first pause before a new connection, doubled up to 30 s; 1 s when missing. */
  pauseMs?: number;
  /** How long the tab with the connection may be silent before another one opens its own; 15 s when missing. */
  silenceMs?: number;
  random?: () => number;
}

export class Live {
  private ended = false;
  private pulling = false;
  private connected = false;
  private pullAgain = false;
  private idle: ReturnType<typeof setTimeout> | undefined;
  private readonly source: { close(): void };

  constructor(private readonly options: LiveOptions) {
    const hear = (message: LiveMessage | 'opened'): void => this.hear(message);
    // A tab that came later has not heard of the first one.
    this.connected = Boolean(options.share) && canShare();
    this.source =
      options.share && canShare() ? new SharedSource(options, options.share, hear) : new OwnSource(options, hear);
    this.poked();
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.idle);
    this.source.close();
  }

  private hear(message: LiveMessage | 'opened'): void {
    if (this.ended) return;
    if (message === 'opened') {
      const again = this.connected;
      this.connected = true;
      // What was said between two connections is lost.
      return again ? this.resync() : this.poked();
    }
    if (message.t === 'ev') this.options.onEvent?.(message.topic, message.d, message.event ?? 'changed');
    else if (message.t === 'poke') this.poked();
    else if (message.t === 'refused') this.options.onRefused?.(message.topic, message.code);
    else if (message.t === 'resync') this.resync();
  }

  // A reading that fails does not keep from pulling; the app knows of it by itself.
  private resync(): void {
    const told = async (): Promise<void> => this.options.onResync?.();
    void told()
      .catch(() => {})
      .then(() => this.poked());
  }

  // Pokes that come during a pull make one more of it.
  private poked(): void {
    this.pullAgain = true;
    if (!this.pulling) void this.pullAll();
  }

  private async pullAll(): Promise<void> {
    this.pulling = true;
    clearTimeout(this.idle);
    while (this.pullAgain && !this.ended) {
      this.pullAgain = false;
      try {
        await this.options.pull();
      } catch {
        // Tried again by the timer.
      }
    }
    this.pulling = false;
    if (!this.ended) this.idle = setTimeout(() => this.poked(), this.options.idleMs ?? 60_000);
  }
}

const steadyNow = (): number => (typeof performance === 'undefined' ? Date.now() : performance.now());

const canShare = (): boolean =>
  typeof BroadcastChannel !== 'undefined' && (globalThis.navigator as Navigator | undefined)?.locks !== undefined;

// A connection that stood as long as this was a good one.
const goodMs = 10_000;

// A connection that is opened again when it ends.
class OwnSource {
  private ended = false;
  private connection: Connection | undefined;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly options: LiveOptions,
    private readonly hear: (message: LiveMessage | 'opened') => void,
  ) {
    void this.open();
  }

  close(): void {
    this.ended = true;
    clearTimeout(this.timer);
    this.connection?.close();
  }

  private async open(): Promise<void> {
    let over = false;
    let openedAt: number | undefined;
    const closed = (retry: boolean): void => {
      if (over || this.ended) return;
      over = true;
      this.connection = undefined;
      if (!retry) return;
      // One that lets in and breaks at once is not asked again and again at the same pace.
      if (openedAt !== undefined && steadyNow() - openedAt >= goodMs) this.failures = 0;
      const growing = Math.min(30_000, (this.options.pauseMs ?? 1_000) * 2 ** Math.min(this.failures++, 10));
      this.timer = setTimeout(() => void this.open(), growing * (0.5 + (this.options.random ?? Math.random)() / 2));
    };
    const hearing: Hearing = {
      opened: () => {
        openedAt = steadyNow();
        this.hear('opened');
      },
      message: (message) => this.hear(message),
      closed,
    };
    try {
      const connection = await this.options.transport(hearing);
      if (this.ended || over) connection.close();
      else this.connection = connection;
    } catch {
      closed(true);
    }
  }
}

// The tab that holds the lock has the connection and tells the others. The lock spares connections and decides nothing: a tab that hears
// nothing for a while opens its own.
class SharedSource {
  private readonly channel: BroadcastChannel;
  private readonly controller = new AbortController();
  private own: OwnSource | undefined;
  private leads = false;
  private release = (): void => {};
  private timer: ReturnType<typeof setInterval>;
  private heardAt = performance.now();

  constructor(
    private readonly options: LiveOptions,
    name: string,
    private readonly hear: (message: LiveMessage | 'opened') => void,
  ) {
    this.channel = new BroadcastChannel(`backend-api-live ${name}`);
    this.channel.onmessage = ({ data }) => this.heard(data as LiveMessage | 'opened' | 'alive');
    const silence = options.silenceMs ?? 15_000;
    this.timer = setInterval(() => this.look(silence), silence / 3);
    const held = new Promise<void>((resolve) => (this.release = resolve));
    const lead = (): Promise<void> => {
      this.leads = true;
      this.open();
      return held;
    };
    navigator.locks.request(`backend-api-live ${name}`, { signal: this.controller.signal }, lead).catch(() => {});
  }

  close(): void {
    clearInterval(this.timer);
    this.controller.abort();
    this.own?.close();
    this.release();
    this.channel.close();
  }

  private open(): void {
    this.own ??= new OwnSource(this.options, (message) => {
      if (this.leads) this.channel.postMessage(message);
      this.hear(message);
    });
  }

  private heard(message: LiveMessage | 'opened' | 'alive'): void {
    this.heardAt = performance.now();
    // The one with the lock is back.
    if (!this.leads && this.own) {
      this.own.close();
      this.own = undefined;
    }
    if (message !== 'alive') this.hear(message);
  }

  private look(silence: number): void {
    if (this.leads) this.channel.postMessage('alive');
    else if (performance.now() - this.heardAt > silence) this.open();
  }
}

export interface WebSocketOptions {
  /** `wss://api.example/v1/ws` */
  url: string;
  /** `changes`, `dashboard.{locationId}`, `intent.{id}`, `notifications`. */
  topics: string[];
  WebSocket?: typeof WebSocket;
  /** How often it asks whether the other end is still there; what does not answer for as long again is closed. 30 s when missing. */
  pingMs?: number;
}

/**
 * `GET /v1/ws`, with a ticket that serves once (`POST /v1/auth/ws-ticket`). The socket ends with the token that the ticket was asked with;
 * the next one is opened by itself.
 */
export function webSocketTransport(client: Client, options: WebSocketOptions): Transport {
  return async (hearing) => {
    const ticket = await client.call('POST', '/v1/auth/ws-ticket');
    if (!ticket.ok) {
      const { code, retriable } = ticket.error;
      // Only the service itself says that it is over; and whoever is signed out may sign in again.
      hearing.closed(retriable || code.startsWith('client.'));
      return { close: () => {} };
    }
    const Socket = options.WebSocket ?? WebSocket;
    const socket = new Socket(`${options.url}?ticket=${encodeURIComponent(String(ticket.data.ticket))}`);
    const { pingMs = 30_000 } = options;
    const numbers = new Map<string, number>();
    let begun = false;
    let isSilent = false;
    const patience = setInterval(() => {
      if (isSilent) return ended();
      isSilent = true;
      if (socket.readyState === 1) socket.send('{"t":"ping"}');
    }, pingMs);
    // `close()` of a dead connection waits for its other end.
    const ended = (): void => {
      clearInterval(patience);
      socket.close();
      hearing.closed(true);
    };
    socket.onopen = () => socket.send(JSON.stringify({ t: 'sub', topics: options.topics }));
    socket.onclose = ended;
    socket.onmessage = ({ data }) => {
      isSilent = false;
      const said = parsed(data);
      switch (said?.t) {
        case 'subscribed':
          for (const [topic, number] of Object.entries(said.topics ?? {})) numbers.set(topic, number as number);
          // Whoever was let in and has nothing to follow is no success: the next attempt has a longer pause.
          if (!begun && numbers.size > 0) {
            begun = true;
            hearing.opened();
          }
          break;
        case 'poke':
        case 'ev': {
          const { topic, n } = said;
          const before = numbers.get(topic);
          if (typeof n === 'number') numbers.set(topic, n);
          if (before !== undefined && typeof n === 'number' && n !== before + 1) hearing.message({ t: 'resync' });
          hearing.message(said);
          break;
        }
        case 'resync':
          hearing.message(said);
          break;
        case 'unsubscribed':
          for (const topic of said.code ? (said.topics ?? []) : [])
            hearing.message({ t: 'refused', topic, code: said.code });
          break;
        case 'error':
          if (said.topic) hearing.message({ t: 'refused', topic: said.topic, code: said.code });
      }
    };
    return {
      close: () => {
        clearInterval(patience);
        socket.close();
      },
    };
  };
}

export interface EventSourceOptions {
  /** `/v1/events?topics=changes`. Of each connection. */
  url: () => string | Promise<string>;
  /** A browser's own sends the cookie of a session; that of the package `eventsource` takes a `fetch` that sends a token. */
  EventSource?: typeof EventSource;
  init?: EventSourceInit & Record<string, unknown>;
}

/** `GET /v1/events`, the same by server-sent events. */
export function eventSourceTransport(options: EventSourceOptions): Transport {
  return async (hearing) => {
    const Source = options.EventSource ?? EventSource;
    const source = new Source(await options.url(), { withCredentials: true, ...options.init });
    const on = (name: string, act: (said: any) => void): void =>
      source.addEventListener(name, (event) => {
        const said = parsed((event as MessageEvent).data);
        if (said) act(said);
      });
    on('ready', () => hearing.opened());
    on('poke', (said) => hearing.message({ ...said, t: 'poke' }));
    on('ev', (said) => hearing.message({ ...said, t: 'ev' }));
    on('reset', (said) => hearing.message({ ...said, t: 'resync' }));
    source.onerror = () => {
      // Its own repetition knows no growing pauses, and gives up at a 503.
      source.close();
      hearing.closed(true);
    };
    return { close: () => source.close() };
  };
}

// What is no message is of a later version, or of somebody else.
function parsed(data: unknown): any {
  try {
    const said: unknown = JSON.parse(String(data));
    return typeof said === 'object' && said !== null ? said : undefined;
  } catch {
    return undefined;
  }
}
