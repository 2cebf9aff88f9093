// The rows that a till holds: all of them once (a snapshot), then what has changed. docs/guides/live.md has the protocol.
//
//     const pull = followChanges(client, { collections: ['products', 'variants'], location, store });
//     const live = new Live({ pull, transport: webSocketTransport(client, { url, topics: ['changes'] }), share: 'till' });
import type { Client, Result } from './client.js';
import { ApiError } from './problems.js';

export interface FeedChange {
  seq: number;
  /** The collection. */
  c: string;
  /** `u`: the row is now `d`; it may be there already. `d`: it is gone; it may be unknown. */
  op: 'u' | 'd';
  id: string;
  v?: number | null;
  /** The row, as the routes of its collection show it. */
  d?: unknown;
}

export interface FeedRow {
  c: string;
  id: string;
  v: number;
  d: unknown;
}

/** The app's own database. */
export interface FeedStore {
  /** What the last `apply` or `replace` has stored; undefined for none, or for one of other collections. */
  cursor(): Promise<string | undefined>;
  /** In their order, and the cursor, in one transaction. */
  apply(changes: FeedChange[], cursor: string): Promise<void>;
  /** These rows alone in the place of what was there, and the cursor, in one transaction. What the user has not sent yet is no part of it. */
  replace(rows: Iterable<FeedRow>, cursor: string): Promise<void>;
}

export interface FeedOptions {
  store: FeedStore;
  /** The same for each pull; all that the user may read when missing. */
  collections?: readonly string[];
  /** Rows of this location, and those that belong to none. */
  location?: string;
  /** Of one snapshot; 10 minutes when missing. */
  snapshotTimeoutMs?: number;
  /** `reason` as in docs/guides/live.md; `first` for a store without a cursor. */
  onSnapshot?: (reason: string) => void;
}

// A snapshot that did not arrive whole is taken again.
const snapshotAttempts = 3;

/** Reads what is new into the store when it is called, one page after the other. Throws an ApiError. For `Live`, whose pulls do not overlap. */
export function followChanges(client: Client, options: FeedOptions): () => Promise<void> {
  const { store, collections, location } = options;
  const query = { collections: collections?.join(','), location };
  const begin = async (reason: string): Promise<string> => {
    options.onSnapshot?.(reason);
    for (let attempt = 1; ; ++attempt) {
      const { cursor, rows } = await takeSnapshot(client, query, options.snapshotTimeoutMs ?? 600_000);
      if (rows) {
        await store.replace(rows, cursor);
        return cursor;
      }
      if (attempt >= snapshotAttempts) throw new Error('the snapshot did not arrive as the service wrote it');
    }
  };
  return async () => {
    let cursor = await store.cursor();
    let fresh = cursor === undefined;
    cursor ??= await begin('first');
    for (;;) {
      const since = cursor;
      const isReply = (page: any): boolean =>
        Array.isArray(page?.changes) && !!page.cursor && typeof page.cursor === 'string' && page.hasMore !== undefined;
      const page = await client.call('GET', '/v1/sync/changes', { query: { ...query, since }, isReply });
      if (page.ok) {
        const { changes, hasMore, cursor: next } = page.data;
        await store.apply(changes, next);
        cursor = next as string;
        if (!hasMore) return;
        if (next === since) throw new Error('the service says that there is more, and gives nothing');
        continue;
      }
      // Once a pull: a service that refuses what it has just given is not asked for ever.
      if (page.error.code !== 'sync.resync_required' || fresh) throw new ApiError(page.error);
      fresh = true;
      cursor = await begin(String((page.error as { reason?: unknown }).reason ?? ''));
    }
  };
}

async function textOf(reply: Result<any, string>): Promise<string> {
  if (!reply.ok) throw new ApiError(reply.error);
  return typeof reply.data === 'string' ? reply.data : await (reply.data as Blob).text();
}

async function takeSnapshot(
  client: Client,
  query: Record<string, unknown>,
  timeoutMs: number,
): Promise<{ cursor: string; rows?: Iterable<FeedRow> }> {
  const text = await textOf(await client.call('GET', '/v1/sync/snapshot', { query, timeoutMs }));
  const body = text.indexOf('\n') + 1;
  const tail = text.lastIndexOf('\n', text.length - 2) + 1;
  let cursor = '';
  try {
    cursor = JSON.parse(text.slice(0, body)).cursor;
    const end = JSON.parse(text.slice(tail));
    if (typeof cursor !== 'string' || !cursor) return { cursor };
    if (tail < body || end.end !== true) return { cursor };
    const between = text.slice(body, tail);
    const digest = await sha256(between);
    if (digest !== undefined && digest !== end.sha256) return { cursor };
    if (countOf(between) !== end.rows) return { cursor };
    return { cursor, rows: rowsOf(between) };
  } catch {
    return { cursor };
  }
}

function countOf(lines: string): number {
  let count = 0;
  for (let at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n', at + 1)) ++count;
  return count;
}

function* rowsOf(lines: string): Generator<FeedRow, void, undefined> {
  for (let at = 0; at < lines.length;) {
    const end = lines.indexOf('\n', at);
    yield JSON.parse(lines.slice(at, end)) as FeedRow;
    at = end + 1;
  }
}

// Undefined where the platform has no digests (a page without TLS, React Native): the count of rows still has to be right.
async function sha256(text: string): Promise<string | undefined> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle;
  if (!subtle) return undefined;
  const bytes = new Uint8Array(await subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
