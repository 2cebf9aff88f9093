// Server-sent events as they come over the wire, kept.
//
//     const stream = await EventStream.open(service, shop.token, '?topics=changes', { 'last-event-id': id });
//     await stream.heard('poke', (data) => data.seq > 7);
//     expect(stream.types()).toEqual(['ready', 'poke']);
//     stream.close();
import { fetch } from 'undici';
import type { Service } from './service.js';
import { patienceMs, until } from './until.js';

export interface StreamEvent {
  type: string;
  data: any;
  id?: string;
}

export class EventStream {
  private text = '';
  // When it ended, of performance.now(): by the service, or by close().
  endedAt: number | undefined;
  private readonly abort = new AbortController();

  static async open(
    service: Service,
    token: string,
    query = '?topics=changes',
    headers: Record<string, string> = {},
  ): Promise<EventStream> {
    const stream = new EventStream();
    const reply = await fetch(`${service.url}/v1/events${query}`, {
      headers: { authorization: `Bearer ${token}`, accept: 'text/event-stream', ...headers },
      signal: stream.abort.signal,
    });
    if (reply.status !== 200) throw new Error(`${reply.status} ${await reply.text()}`);
    void stream.read(reply.body!.getReader());
    await stream.heard('ready');
    return stream;
  }

  get events(): StreamEvent[] {
    const whole = this.text.slice(0, this.text.lastIndexOf('\n\n') + 1);
    return whole.split('\n\n').flatMap((block) => {
      const field = (name: string) => block.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1];
      const type = field('event');
      return type ? [{ type, data: JSON.parse(field('data')!), id: field('id') }] : [];
    });
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }

  heard(type: string, matches: (data: any) => boolean = () => true, timeoutMs = patienceMs): Promise<StreamEvent> {
    return until(async () => this.events.find((event) => event.type === type && matches(event.data)), timeoutMs);
  }

  ended(timeoutMs = patienceMs): Promise<number> {
    return until(async () => this.endedAt, timeoutMs);
  }

  close(): void {
    this.abort.abort();
  }

  private async read(reader: { read(): Promise<{ done: boolean; value?: Uint8Array }> }): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        this.text += decoder.decode(value, { stream: true });
      }
    } catch {
      // Cut, by either side.
    }
    this.endedAt = performance.now();
  }
}
