// Brings the catalogue from the service and keeps it fresh (docs/guides/live.md).
import { Live, webSocketTransport } from 'backend-api-client/realtime';
import { collections, type Place, type Row } from './catalogue.js';
import { till } from './till.js';

const query = (): string => `collections=${collections.join(',')}&location=${till.setup?.locationId ?? ''}`;
// Roles and the place decide which rows there are: others have a catalogue of their own.
const whose = (): string => `${till.setup?.tenantId} ${till.setup?.locationId}`;

class Gone extends Error {}

/** Called when it has begun, with what is there of the snapshot, and when the catalogue is another. */
export interface Watching {
  onProgress(rows: number, all: number): void;
  onChange(): void;
}

export function follow(watching: Watching): Live {
  const transport = webSocketTransport(till.api, {
    url: `${till.apiUrl.replace(/^http/, 'ws')}/v1/ws`,
    topics: ['changes'],
  });
  // One tab at a time, as all write to one store.
  const pull = async (): Promise<void> => navigator.locks.request('till-catalogue', () => pullAll(watching));
  // A message that was lost costs a pull: the feed says by itself when that is not enough.
  return new Live({ transport, pull, share: 'till' });
}

async function pullAll(watching: Watching): Promise<void> {
  if (!(await till.api.session.load()) || !till.setup) return;
  const stored = await till.catalogue.storedPlace();
  if (stored && stored.set !== till.catalogue.place?.set) {
    await till.catalogue.reload();
    watching.onChange();
  }
  let place = till.catalogue.place;
  if (!place || place.of !== whose()) place = await takeSnapshot(watching);
  for (let more = true; more;) {
    const page: any = await changesSince(place.cursor);
    if (page === 'resync') {
      place = await takeSnapshot(watching);
      continue;
    }
    place = { ...place, cursor: page.cursor };
    await till.catalogue.apply(page.changes, place);
    if (page.changes.length > 0) watching.onChange();
    more = page.hasMore;
  }
}

async function changesSince(cursor: string): Promise<any> {
  const reply = await till.api.call('GET', '/v1/sync/changes', {
    query: { since: cursor, collections: collections.join(','), location: till.setup!.locationId },
  });
  if (reply.ok) return reply.data;
  if (reply.status === 410) return 'resync';
  throw new Error(reply.error.detail ?? reply.error.title);
}

// ---- The snapshot -------------------------------------------------------------------------------------------------

const rowsAtOnce = 2_000;

async function takeSnapshot(watching: Watching): Promise<Place> {
  for (let attempt = 1; ; ++attempt) {
    try {
      return await takeOnce(watching);
    } catch (error) {
      // Its bytes are kept for half an hour.
      if (!(error instanceof Gone) || attempt >= 3) throw error;
    }
  }
}

async function takeOnce(watching: Watching): Promise<Place> {
  const set = await till.catalogue.newSet();
  let head: any;
  let tail: any;
  let count = 0;
  let waiting: Row[] = [];
  const lines: Uint8Array<ArrayBuffer>[] = [];
  for await (const bytes of snapshotLines()) {
    const line = JSON.parse(new TextDecoder().decode(bytes));
    if (!head) {
      head = line;
    } else if (line.end) {
      tail = line;
    } else {
      lines.push(bytes);
      waiting.push({ c: line.c, id: line.id, d: line.d });
      if (waiting.length < rowsAtOnce) continue;
      count += waiting.length;
      await till.catalogue.addTo(set, waiting);
      waiting = [];
      watching.onProgress(count, total(head.counts));
    }
  }
  await till.catalogue.addTo(set, waiting);
  if (tail?.rows !== lines.length || tail.sha256 !== (await sha256(lines))) throw new Gone('the snapshot is not whole');
  const place = { set, cursor: head.cursor, of: whose() };
  await till.catalogue.use(place);
  watching.onChange();
  return place;
}

const total = (counts: Record<string, number>): number => Object.values(counts).reduce((sum, one) => sum + one, 0);

async function sha256(pieces: Uint8Array<ArrayBuffer>[]): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', await new Blob(pieces).arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// Line by line, line ends included; after a link that broke it goes on behind the last whole line.
async function* snapshotLines(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let id: string | undefined;
  let whole = 0;
  for (let failures = 0; failures < 8;) {
    const reply = await openSnapshot(id && `${id}:${whole}`);
    if (reply) {
      try {
        for await (const line of linesOf(reply)) {
          id ??= JSON.parse(new TextDecoder().decode(line)).snapshot as string;
          whole += line.length;
          failures = 0;
          yield line;
        }
        return;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
    }
    failures++;
    await new Promise((resolve) => setTimeout(resolve, 500 * failures));
  }
  throw new Error('there is no connection');
}

// By fetch itself, since the SDK's calls give a reply when it is whole. Undefined: no answer, or one that passes.
async function openSnapshot(after: string | undefined): Promise<Response | undefined> {
  const session = await till.api.session.load();
  const headers = { Authorization: `Bearer ${session?.accessToken}` };
  const address = `${till.apiUrl}/v1/sync/snapshot?${query()}${after ? `&after=${after}` : ''}`;
  const reply = await fetch(address, { headers }).catch(() => undefined);
  if (reply?.ok) return reply;
  if (reply?.status === 410) throw new Gone('begin again');
  if (reply && reply.status !== 401 && reply.status !== 429 && reply.status < 500)
    throw new Error(`status ${reply.status}`);
  // Refreshes the session when it has to be.
  if (reply?.status === 401 && !(await till.api.get('/v1/auth/me')).ok) throw new Error('log in first');
  return undefined;
}

async function* linesOf(reply: Response): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const reader = reply.body!.getReader();
  let kept = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const joined = new Uint8Array(kept.length + value.length);
    joined.set(kept);
    joined.set(value, kept.length);
    let from = 0;
    for (let end = joined.indexOf(10); end >= 0; end = joined.indexOf(10, from)) {
      yield joined.slice(from, end + 1);
      from = end + 1;
    }
    kept = joined.slice(from);
  }
  // It ends with a line end; something else was cut.
  if (kept.length > 0) throw new TypeError('cut');
}
