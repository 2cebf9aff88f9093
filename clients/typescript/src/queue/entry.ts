// What a queue keeps, and what a place to keep it must be able to do.
import type { Caller } from '../session.js';

/**
 * - `waiting`: will be sent.
 * - `done`: its final answer, which is good, is stored beside it.
 * - `parked`: refused for good. A person decides; `problem` says why.
 * - `dismissed`: a person has decided that it is not to be sent. `problem` and `note` say why.
 */
export type EntryState = 'waiting' | 'done' | 'parked' | 'dismissed';

export interface StoredProblem {
  code: string;
  title: string;
  status: number;
  action: string;
  retriable: boolean;
  detail?: string;
  requestId?: string;
  errors?: unknown[];
  [member: string]: unknown;
}

export interface Entry {
  /** The operation's id, which is its `Idempotency-Key` for ever. */
  id: string;
  /** Its place in the queue. */
  number: number;
  state: EntryState;
  owner: Caller;
  /** Path and query of a POST. No header is kept: what is in them expires. */
  target: string;
  /** The bytes that are sent each time; absent where there is no body, and of what was dismissed long ago. */
  body?: string;
  /** Ids of entries that must be done before. */
  dependsOn: string[];
  /** For the app's screens, such as a receipt number. */
  label?: string;
  /** `Date.now()`. */
  addedAt: number;
  /** How often the service was asked. */
  attempts: number;
  /** Not before `at` (`Date.now()`), which was `ms` away: by that a clock that was set is noticed. */
  pause?: { at: number; ms: number };
  /** Of the last answer that was not good. */
  problem?: StoredProblem;
  /** Of what was dismissed; missing where the disk had no room for it. */
  note?: string;
  /** The final answer; missing where the disk had no room for it. */
  answer?: { status: number; data: unknown; replayed: boolean };
  settledAt?: number;
}

export type NewEntry = Omit<Entry, 'number' | 'state' | 'attempts'>;

/** Whose turn it is to send. `beats` counts; one that stands still has a sender that is gone, or frozen. */
export interface Turn {
  fence: number;
  beats: number;
  /** Given back: nobody need wait for it to go stale. */
  released: boolean;
}

export interface StorageReport {
  /** Whether the platform promised to keep it. */
  persisted: boolean | 'unknown';
  quotaBytes?: number;
  usedBytes?: number;
}

/**
 * Each promise resolves when the change is on the disk, and rejects when it is not. An operation that is tried again does nothing twice.
 * Several queues may use one store, in several tabs or processes. An entry that cannot be read is given with `queue.unreadable`, and is not
 * touched: it may be readable the next time. What is there and is no entry is parked.
 */
export interface QueueStore {
  /** The same for all that share it. */
  readonly name: string;
  /** Gives the entry that is there when its id is known. */
  add(entry: NewEntry): Promise<Entry>;
  get(id: string): Promise<Entry | undefined>;
  /** In the order of their numbers. */
  list(state: EntryState, limit?: number): Promise<Entry[]>;
  count(state: EntryState): Promise<number>;
  /**
   * Replaces an entry; false, and nothing, when `fence` is not the present one. Without one a person asks: false, and nothing, when it is done
   * by now. One that is dismissed while it cannot be read keeps what it has.
   */
  put(entry: Entry, fence?: number): Promise<boolean>;
  /** Forgets the oldest `done` entries above this many. What depends on a `dismissed` one may still come. */
  prune(keep: number): Promise<void>;
  turn(): Promise<Turn>;
  /** The next fence, if `seen` is still the present one. */
  takeTurn(seen: number): Promise<number | undefined>;
  /** One beat more; false when `fence` is not the present one. */
  beat(fence: number, released?: boolean): Promise<boolean>;
  /** The next number of a count, from 1; never the same twice. `above`: at least one more than this. */
  next(count: string, above?: number): Promise<number>;
  /** The last number that `next` gave; 0 before the first. */
  last(count: string): Promise<number>;
  storage(): Promise<StorageReport>;
  /** Calls back when another tab may have changed something. */
  watch?(changed: () => void): () => void;
  close(): Promise<void>;
}

export type QueueCode =
  | 'queue.storage_full'
  | 'queue.storage_failed'
  | 'queue.storage_blocked'
  | 'queue.storage_newer'
  | 'queue.signed_out'
  | 'queue.not_parked'
  | 'queue.unreadable'
  | 'queue.number_lost';

/** Thrown by `add` and its like: nothing was stored, and nothing may be printed. */
export class QueueError extends Error {
  override readonly name = 'QueueError';
  constructor(
    readonly code: QueueCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(`${code}: ${message}`);
    if (options?.cause !== undefined) (this as { cause?: unknown }).cause = options.cause;
  }
}

/** Of an entry whose store cannot read it: without its owner and path; `body` is what is left of its text. */
export const unreadable: StoredProblem = {
  code: 'queue.unreadable',
  title: 'The device cannot read this operation any more',
  status: 0,
  action: 'contact',
  retriable: false,
};

/** What a store gives in place of an entry that it cannot read; it is where it was. */
export function unreadableEntry(id: string, number: number, state: EntryState, detail: string, body = ''): Entry {
  const owner = { userId: '', tenantId: '' };
  const problem = { ...unreadable, detail };
  return { id, number, state, owner, target: '', body, dependsOn: [], addedAt: Date.now(), attempts: 0, problem };
}

/** Whether it has no end yet. */
export const isOpen = (state: EntryState): boolean => state === 'waiting' || state === 'parked';

/** It is the name of a file, and goes into a header. */
export const isId = (id: unknown): boolean => typeof id === 'string' && /^[\w.-]{1,100}$/.test(id);

export const isUnreadable = ({ problem }: Entry): boolean => problem?.code === unreadable.code;

export function without<T extends object, Key extends keyof T>(from: T, ...names: Key[]): Omit<T, Key> {
  const copy = { ...from };
  for (const name of names) delete copy[name];
  return copy;
}

export const isFull = (error: unknown): boolean => error instanceof QueueError && error.code === 'queue.storage_full';
