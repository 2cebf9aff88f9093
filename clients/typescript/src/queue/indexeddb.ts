// A queue in IndexedDB, shared by the tabs of an origin. Writes ask for strict durability and resolve on `complete` alone: "success" of a
// request says nothing about the disk, and a transaction that fails at commit fires `abort` and nothing else.
import {
  type Entry,
  type EntryState,
  isFull,
  isOpen,
  isUnreadable,
  type NewEntry,
  QueueError,
  type QueueStore,
  type StorageReport,
  type Turn,
  unreadableEntry,
} from './entry.js';

const version = 1;

export interface IndexedDbOptions {
  /** Of the database; one for each till that shares a browser. */
  name?: string;
  indexedDB?: IDBFactory;
  /** Another tab with an older version of the app keeps the database; said after 3 s, once for each wait. */
  onBlocked?: () => void;
  blockedMs?: number;
}

/** Asks the browser to keep the data (`navigator.storage.persist()`); `storage()` reports what it said. */
export async function indexedDbStore(options: IndexedDbOptions = {}): Promise<QueueStore> {
  const store = new IndexedDbStore(options);
  await store.database();
  store.persisted = await askToPersist();
  return store;
}

async function askToPersist(): Promise<boolean | 'unknown'> {
  try {
    const { storage } = navigator;
    return (await storage.persisted()) || (await storage.persist());
  } catch {
    return 'unknown';
  }
}

function storageError(error: unknown): QueueError {
  const name = (error as DOMException | null)?.name;
  if (name === 'QuotaExceededError')
    return new QueueError('queue.storage_full', 'the device has no room left', { cause: error });
  return new QueueError('queue.storage_failed', String((error as Error | null)?.message ?? name ?? 'aborted'), {
    cause: error,
  });
}

// The connection ended under the operation: open another one, and try again.
const isDead = (error: unknown): boolean =>
  ['InvalidStateError', 'AbortError'].includes((error as DOMException | null)?.name ?? '');

// Of one value, such as a large one whose file is gone. Reading several fails as a whole then.
const ofOneValue = ['DataError', 'UnknownError', 'NotReadableError', 'NotFoundError', 'DataCloneError'];

const isOfOneValue = (error: unknown): boolean =>
  ofOneValue.includes((error as { cause?: { name?: string } } | null)?.cause?.name ?? '');

const told = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

type Work<T> = (transaction: IDBTransaction) => Promise<T>;

class IndexedDbStore implements QueueStore {
  persisted: boolean | 'unknown' = 'unknown';
  private opening: Promise<IDBDatabase> | undefined;
  readonly name: string;
  private readonly channel: BroadcastChannel | undefined;
  private readonly listeners = new Set<() => void>();

  constructor(private readonly options: IndexedDbOptions) {
    this.name = options.name ?? 'backend-api-queue';
    if (typeof BroadcastChannel === 'undefined') return;
    this.channel = new BroadcastChannel(this.name);
    this.channel.onmessage = () => this.listeners.forEach((listener) => listener());
  }

  database(): Promise<IDBDatabase> {
    this.opening ??= this.open(version).catch((error) => {
      this.opening = undefined;
      throw error;
    });
    return this.opening;
  }

  // Without a version: as it is. A newer one only adds, so that what this version knows is still in its place.
  private open(wanted: number | undefined): Promise<IDBDatabase> {
    return new Promise((resolve, reject) => {
      const request = (this.options.indexedDB ?? indexedDB).open(this.name, wanted);
      let late = false;
      const blocked = setTimeout(() => {
        late = true;
        reject(new QueueError('queue.storage_blocked', 'close the other tabs of this app, and try again'));
        this.options.onBlocked?.();
      }, this.options.blockedMs ?? 3_000);
      request.onupgradeneeded = () => upgrade(request.result);
      request.onerror = () => {
        clearTimeout(blocked);
        if (request.error?.name === 'VersionError') this.open(undefined).then(resolve, reject);
        else reject(storageError(request.error));
      };
      request.onsuccess = () => {
        clearTimeout(blocked);
        if (late) return request.result.close();
        try {
          resolve(this.adopt(request.result));
        } catch (error) {
          reject(error);
        }
      };
    });
  }

  private adopt(database: IDBDatabase): IDBDatabase {
    const forget = (): void => {
      this.opening = undefined;
    };
    // A newer app upgrades: running transactions end, and then nobody waits for this tab.
    database.onversionchange = () => {
      database.close();
      forget();
    };
    database.onclose = forget;
    if (!['entries', 'meta'].every((name) => database.objectStoreNames.contains(name))) {
      database.close();
      throw new QueueError('queue.storage_newer', 'a newer version of this app has used this queue: update the app');
    }
    return database;
  }

  private async once<T>(mode: IDBTransactionMode, durability: 'strict' | 'relaxed', work: Work<T>): Promise<T> {
    const database = await this.database();
    const transaction = database.transaction(['entries', 'meta'], mode, { durability });
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () =>
        reject(transaction.error ?? new DOMException('the transaction was aborted', 'AbortError'));
    });
    // Both are waited for; whichever fails first is told.
    const [result] = await Promise.all([work(transaction), ended]);
    return result;
  }

  private async run<T>(
    mode: IDBTransactionMode,
    work: Work<T>,
    durability: 'strict' | 'relaxed' = 'strict',
  ): Promise<T> {
    for (let attempt = 1; ; ++attempt) {
      try {
        return await this.once(mode, durability, work);
      } catch (error) {
        if (error instanceof QueueError) throw error;
        if (!isDead(error) || attempt >= 3) throw storageError(error);
        this.opening = undefined;
      }
    }
  }

  private async changed<T>(result: T): Promise<T> {
    this.channel?.postMessage(0);
    return result;
  }

  async add(entry: NewEntry): Promise<Entry> {
    const made = await this.run('readwrite', async (transaction) => {
      const entries = transaction.objectStore('entries');
      const known = await told(entries.index('id').getKey(entry.id));
      if (known !== undefined) return undefined;
      const waiting = { ...entry, state: 'waiting' as const, attempts: 0 };
      const number = (await told(entries.add(waiting))) as number;
      return { ...waiting, number };
    });
    return (made && this.changed(made)) ?? ((await this.get(entry.id)) as Entry);
  }

  get(id: string): Promise<Entry | undefined> {
    return this.byIndex<Entry | undefined>(
      (entries) => entries.index('id').get(id),
      async (keys) => {
        const known = await this.run('readonly', (transaction) =>
          told(transaction.objectStore('entries').index('id').getKey(id)),
        );
        const key = keys.find(({ number }) => number === known);
        return key && this.readOne(key);
      },
    );
  }

  list(state: EntryState, limit?: number): Promise<Entry[]> {
    return this.byIndex<Entry[]>(
      (entries) => entries.index('state').getAll(inState(state), limit),
      async (keys) => {
        const found: Entry[] = [];
        for (const key of keys) {
          if (found.length === limit) break;
          const entry = key.state === state ? await this.readOne(key) : undefined;
          if (entry) found.push(entry);
        }
        return found;
      },
    );
  }

  count(state: EntryState): Promise<number> {
    return this.byIndex(
      (entries) => entries.index('state').count(inState(state)),
      (keys) => keys.filter((key) => key.state === state).length,
    );
  }

  // Or one by one: where a value cannot be read, or could not when it was dismissed.
  private async byIndex<T>(
    find: (entries: IDBObjectStore) => IDBRequest<T>,
    slowly: (keys: Key[]) => T | Promise<T>,
  ): Promise<T> {
    try {
      const found = await this.run('readonly', async (transaction) => {
        const marks = await told(transaction.objectStore('meta').count(marked()));
        return marks === 0 && { value: await told(find(transaction.objectStore('entries'))) };
      });
      if (found) return found.value;
    } catch (error) {
      if (!isOfOneValue(error)) throw error;
    }
    return slowly(await this.run('readonly', keysIn));
  }

  // Others are sent and shown though the browser cannot read one of them.
  private async readOne({ number, state, mark }: Key): Promise<Entry | undefined> {
    const found = (transaction: IDBTransaction): Promise<Entry | undefined> =>
      told(transaction.objectStore('entries').get(number));
    const entry = await this.run('readonly', found).catch(async (error: QueueError) => {
      if (!isOfOneValue(error)) throw error;
      return unreadableEntry(await this.run('readonly', idOf(number)), number, state, error.message);
    });
    return entry && { ...entry, ...mark };
  }

  async put(entry: Entry, fence?: number): Promise<boolean> {
    const write = (change: (entries: IDBObjectStore, meta: IDBObjectStore) => IDBRequest): Promise<boolean> =>
      this.run('readwrite', async (transaction) => {
        const [entries, meta] = [transaction.objectStore('entries'), transaction.objectStore('meta')];
        const isLate =
          fence === undefined
            ? (await told(entries.index('state').count(['done', entry.number]))) > 0
            : (await turnIn(transaction)).fence !== fence;
        if (isLate) return false;
        await told(change(entries, meta));
        return true;
      });
    const put = (): Promise<boolean> =>
      write((entries, meta) => {
        const { number, state, note, settledAt } = entry;
        // What cannot be read may be there another time.
        if (state === 'dismissed' && isUnreadable(entry))
          return meta.put({ number, state, note, settledAt }, `dismissed ${number}`);
        if (!isOpen(state)) meta.delete(`dismissed ${number}`);
        return entries.put(entry);
      });
    const done = await put().catch(async (error) => {
      if (!isFull(error) || entry.state !== 'done') throw error;
      await this.prune(0);
      // What is done leaves a full disk also where there is no room for its answer: deleting needs none.
      return put().catch((still) =>
        isFull(still) ? write((entries) => entries.delete(entry.number)) : Promise.reject(still),
      );
    });
    return this.changed(done);
  }

  prune(keep: number): Promise<void> {
    return this.run('readwrite', async (transaction) => {
      const entries = transaction.objectStore('entries');
      const done = await told(entries.index('state').getAllKeys(inState('done')));
      // In the order of their numbers.
      for (const number of done.slice(0, Math.max(0, done.length - keep))) entries.delete(number);
    });
  }

  turn(): Promise<Turn> {
    return this.run('readonly', turnIn);
  }

  takeTurn(seen: number): Promise<number | undefined> {
    return this.run('readwrite', async (transaction) => {
      if ((await turnIn(transaction)).fence !== seen) return undefined;
      const turn: Turn = { fence: seen + 1, beats: 0, released: false };
      await told(transaction.objectStore('meta').put(turn, 'turn'));
      return turn.fence;
    });
  }

  beat(fence: number, released = false): Promise<boolean> {
    // A beat that is lost with the power does no harm.
    return this.run(
      'readwrite',
      async (transaction) => {
        const { fence: present, beats } = await turnIn(transaction);
        if (present !== fence) return false;
        await told(transaction.objectStore('meta').put({ fence, beats: beats + 1, released }, 'turn'));
        return true;
      },
      'relaxed',
    );
  }

  // A number may be skipped when the transaction is tried again; it is never given twice.
  next(count: string, above = 0): Promise<number> {
    return this.run('readwrite', async (transaction) => {
      const meta = transaction.objectStore('meta');
      const number = Math.max(((await told(meta.get(`count ${count}`))) as number | undefined) ?? 0, above) + 1;
      await told(meta.put(number, `count ${count}`));
      return number;
    });
  }

  last(count: string): Promise<number> {
    return this.run(
      'readonly',
      async (transaction) => (await told(transaction.objectStore('meta').get(`count ${count}`))) ?? 0,
    );
  }

  async storage(): Promise<StorageReport> {
    try {
      const { quota, usage } = await navigator.storage.estimate();
      return { persisted: this.persisted, quotaBytes: quota, usedBytes: usage };
    } catch {
      return { persisted: this.persisted };
    }
  }

  watch(changed: () => void): () => void {
    this.listeners.add(changed);
    return () => this.listeners.delete(changed);
  }

  async close(): Promise<void> {
    this.channel?.close();
    (await this.opening?.catch(() => undefined))?.close();
    this.opening = undefined;
  }
}

// The index has [state, number].
const inState = (state: EntryState): IDBKeyRange => IDBKeyRange.bound([state, 0], [state, Infinity]);

function upgrade(database: IDBDatabase): void {
  const entries = database.createObjectStore('entries', { keyPath: 'number', autoIncrement: true });
  entries.createIndex('id', 'id', { unique: true });
  entries.createIndex('state', ['state', 'number']);
  database.createObjectStore('meta');
}

// In `meta`: of entries that could not be read when they were dismissed. Their values are left as they are.
const marked = (): IDBKeyRange => IDBKeyRange.bound('dismissed ', 'dismissed!');

interface Key {
  number: number;
  state: EntryState;
  mark?: Entry;
}

// By the indexes alone, which can be read where a value cannot.
async function keysIn(transaction: IDBTransaction): Promise<Key[]> {
  const marks = (await told(transaction.objectStore('meta').getAll(marked()))) as Entry[];
  const keys: Key[] = [];
  for (const state of ['waiting', 'parked', 'dismissed', 'done'] as const) {
    const index = transaction.objectStore('entries').index('state');
    for (const number of (await told(index.getAllKeys(inState(state)))) as number[]) {
      // One that is done was on its way when it was dismissed.
      const mark = isOpen(state) ? marks.find((one) => one.number === number) : undefined;
      keys.push({ number, state: mark ? mark.state : state, mark });
    }
  }
  return keys.sort((one, other) => one.number - other.number);
}

const idOf =
  (wanted: number): Work<string> =>
  (transaction) =>
    new Promise((resolve, reject) => {
      const request = transaction.objectStore('entries').index('id').openKeyCursor();
      request.onerror = () => reject(request.error);
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor || cursor.primaryKey === wanted) resolve(String(cursor?.key));
        else cursor.continue();
      };
    });

async function turnIn(transaction: IDBTransaction): Promise<Turn> {
  const kept = (await told(transaction.objectStore('meta').get('turn'))) as Turn | undefined;
  return kept ?? { fence: 0, beats: 0, released: true };
}
