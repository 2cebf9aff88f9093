// What the device has done waits here until the service has it. An entry stays in the store until its final answer is stored; whoever sends it
// meanwhile, in however many tabs, sends the same bytes under the same key.
import { type Client, isYesTo, jsonOf, keyedPathOf, keyFor, pause, type PathOf, targetOf } from '../client.js';
import type { Skew } from '../clock.js';
import type { Operations } from '../generated/api.js';
import { keyed } from '../generated/tables.js';
import { type Caller, sameCaller } from '../session.js';
import {
  type Entry,
  isFull,
  isId,
  isOpen,
  isUnreadable,
  type NewEntry,
  QueueError,
  type QueueStore,
  type StorageReport,
  type StoredProblem,
  without,
} from './entry.js';

type Operation<P extends string> = Operations[`POST ${P}` & keyof Operations];
type BodyOf<P extends string> = Operation<P> extends { body: infer B } ? B : undefined;
type Adding<P extends string> = {
  /** Ids of entries that must be done before: a new customer, and the sale to him. */
  dependsOn?: string[];
  /** The operation's id; made when it is missing. With an id that is known nothing is added. */
  id?: string;
  label?: string;
} & (Operation<P> extends { path: infer Path } ? { path: Path } : unknown) &
  (BodyOf<P> extends undefined
    ? unknown
    : {
        body: BodyOf<P> extends { clientRequestId: string }
          ? Omit<BodyOf<P>, 'clientRequestId'> & { clientRequestId?: string }
          : BodyOf<P>;
      });

/** Why nothing is sent though something waits. `others`: all of it is of somebody else than who has signed in. */
export type Stop = 'signed_out' | 'others' | 'pay' | 'upgrade' | 'no_answer' | 'put_off' | 'storage';

export interface QueueStatus {
  waiting: number;
  parked: number;
  /** Of `parked`: entries that the device cannot read at present (`queue.unreadable`). */
  unreadable: number;
  /** Of `waiting`: entries of somebody else, who must sign in to send them. */
  ofOthers: number;
  /** Of `waiting`: entries of who has signed in that wait for one that is parked, as of the last attempt. */
  blocked: number;
  sending: boolean;
  /** This, `problem`, `blocked` and `nextAttemptAt` are of who has signed in, and never of somebody else's attempt. */
  stopped?: Stop;
  /** Of the last answer that was not good, while it matters. */
  problem?: StoredProblem;
  oldestAddedAt?: number;
  /** How long the oldest has waited; nothing is ever dropped for its age. */
  oldestMs?: number;
  nextAttemptAt?: number;
  storage: StorageReport;
  skew?: Skew;
}

export interface QueueOptions {
  client: Client;
  store: QueueStore;
  /** `done` entries that stay readable, and `dismissed` ones that stay whole; 1,000 when missing. */
  keep?: number;
  /** The first pause after a failure, doubled each time up to `mostPauseMs`; 1 s and 30 s when missing. */
  pauseMs?: number;
  mostPauseMs?: number;
  /** How long a sender may be silent before another one takes over; 5 s when missing. */
  silenceMs?: number;
  /** An entry that the service put off as often as this no longer holds up the others; 5 when missing. */
  attemptsInOrder?: number;
  /** Of one attempt; the client's when missing. */
  timeoutMs?: number;
  random?: () => number;
  now?: () => number;
  steadyNow?: () => number;
}

// What a network that is back, a log-in, a payment or a new version ends at once.
const mayHavePassed = (problem: StoredProblem | undefined): boolean =>
  problem !== undefined && (problem.code.startsWith('client.') || problem.action in stops);

// What the last attempt has found, and for whom.
interface Outcome {
  caller: Caller | null | undefined;
  stopped?: Stop | undefined;
  nextAttemptAt?: number | undefined;
  blocked: number;
}

// What becomes of an entry after an attempt.
type Verdict = 'done' | 'parked' | 'wait' | 'lost' | Stop;

const stops: Record<string, Stop> = { refresh_auth: 'signed_out', upgrade: 'upgrade', pay: 'pay' };
// When nobody can say how long: somebody must pay, update or sign in. Nothing waits longer, whatever an answer says.
const stopMs = 300_000;
// A burst of changes in another tab is looked at once.
const settleMs = 100;
const mostTellingMs = 3_000;

const dependencyDismissed: StoredProblem = {
  code: 'queue.dependency_dismissed',
  title: 'What this depends on was dismissed',
  status: 0,
  action: 'contact',
  retriable: false,
};

export class OfflineQueue {
  private readonly listeners = new Set<(status: QueueStatus) => void>();
  private readonly ends: (() => void)[] = [];
  private readonly now: () => number;
  private readonly steadyNow: () => number;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private draining: Promise<void> | undefined;
  private again = false;
  private hurry = false;
  // Somebody waits for the end of `flush()`.
  private flushing = 0;
  private started = false;
  // The lock was given to this tab just now: whoever had it is gone.
  private granted = false;
  private lock: 'none' | 'awaited' | 'held' = 'none';
  private watched: { fence: number; beats: number; since: number } | undefined;
  private outcome: Outcome = { caller: undefined, blocked: 0 };
  private sending = false;
  private ending = false;
  private unpruned = Infinity;
  private pauseOfTelling = settleMs;
  private untold = false;
  private telling: ReturnType<typeof setTimeout> | undefined;
  private looking: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: QueueOptions) {
    this.now = options.now ?? Date.now;
    this.steadyNow = options.steadyNow ?? (() => (typeof performance === 'undefined' ? Date.now() : performance.now()));
  }

  /** Sends from now on, until `stop()`. */
  start(): this {
    if (this.started) return this;
    this.started = true;
    this.ending = false;
    this.listen();
    this.waitForLock();
    this.wake();
    return this;
  }

  /** An attempt that is on its way ends first. */
  async stop(): Promise<void> {
    this.started = false;
    this.ending = true;
    for (const timer of [this.timer, this.telling, this.looking]) clearTimeout(timer);
    this.telling = this.looking = undefined;
    for (const end of this.ends.splice(0)) end();
    await this.draining;
  }

  /**
   * Stores an operation. When this resolves it is on the disk, and a receipt may be printed; when it rejects (QueueError) nothing is stored.
   * The path must be one that takes an `Idempotency-Key`.
   */
  async add<P extends PathOf<'POST'>>(path: P, adding: Adding<P>): Promise<Entry> {
    const { dependsOn = [], id: given, label, path: parameters, body: content } = adding as any;
    if (!keyed.includes(path)) throw new TypeError(`POST ${path} has no key: it cannot be repeated, so it cannot wait`);
    const session = await this.options.client.session.load();
    if (!session) throw new QueueError('queue.signed_out', 'nobody has signed in, so nobody could send it');
    const { key: id, body } = keyFor(path, content, given);
    if (![id, ...dependsOn].every(isId))
      throw new TypeError('an id has up to 100 letters, digits, dots, hyphens and underscores');
    const made: NewEntry = {
      id,
      owner: { userId: session.userId, tenantId: session.tenantId },
      target: targetOf(path, parameters),
      dependsOn,
      addedAt: this.now(),
      ...(body !== undefined && { body: jsonOf(body) }),
      ...(label !== undefined && { label }),
    };
    const entry = await this.withRoom(() => this.options.store.add(made));
    if (isOpen(entry.state) && isUnreadable(entry))
      throw new QueueError('queue.unreadable', `${id} is there already, and nobody knows whether it has arrived`);
    this.changed();
    this.wake();
    return entry;
  }

  /**
   * Sends what is due, and what only waits for a network, now. Resolves when nothing more can be sent at the moment. When another tab or
   * process has the turn, it stays to see whether that one is alive (`silenceMs` at most), and takes over from one that is not.
   */
  async flush(): Promise<QueueStatus> {
    this.hurry = this.again = true;
    this.ending = false;
    this.flushing++;
    try {
      await this.drainOnce();
    } finally {
      this.flushing--;
    }
    return this.status();
  }

  get(id: string): Promise<Entry | undefined> {
    return this.options.store.get(id);
  }

  /** What a person must look at: each has its `problem`. */
  async parked(): Promise<Entry[]> {
    const { store } = this.options;
    const hidden = (await store.list('waiting')).filter(isUnreadable);
    return [...(await store.list('parked')), ...hidden].sort((one, other) => one.number - other.number);
  }

  async waiting(): Promise<Entry[]> {
    return (await this.options.store.list('waiting')).filter((entry) => !isUnreadable(entry));
  }

  /**
   * The entry with its final answer, or as it was parked or dismissed. One that cannot be read, twice in succession, is given as `parked()`
   * gives it, with `queue.unreadable`: it is a person's, and no answer may ever come. One that was sent and is forgotten by now is `done`
   * without its `answer`.
   */
  async settled(id: string, signal?: AbortSignal): Promise<Entry> {
    const { store } = this.options;
    const { fence } = await store.turn();
    for (let last: Entry | undefined; ;) {
      const entry = await store.get(id);
      if (entry && (entry.state !== 'waiting' || (last && isUnreadable(last) && isUnreadable(entry)))) return entry;
      // Nothing is forgotten before it is done. Only a store that was emptied has an earlier turn, or none.
      if (last && !entry && (await store.turn()).fence >= Math.max(1, fence)) return { ...last, state: 'done' };
      if (!entry) throw new RangeError(`there is no entry ${id}`);
      if (signal?.aborted) throw signal.reason ?? new Error('aborted');
      last = entry;
      let end = (): void => {};
      const change = new Promise<unknown>((resolve) => (end = this.subscribe(resolve)));
      await Promise.race([change, pause(1_000, signal)]);
      end();
    }
  }

  /** A parked entry waits again, under its id, mended if `body` is given, in the form that `add` takes. */
  async requeue(id: string, mended: { body?: unknown } = {}): Promise<Entry> {
    const parked = await this.parkedOne(id);
    if (isUnreadable(parked))
      throw new QueueError(
        'queue.unreadable',
        `nobody knows where ${id} went, or whether it has arrived: it is sent when it can be read again`,
      );
    const entry = without(parked, 'problem', 'settledAt');
    const path = keyedPathOf(entry.target) ?? '';
    const body = mended.body === undefined ? entry.body : jsonOf(keyFor(path, mended.body, id).body);
    return this.decided({ ...entry, ...(body !== undefined && { body }), state: 'waiting', attempts: 0 });
  }

  /**
   * A person has decided that a parked entry is not to be sent. It stays, with `note`: what depends on it, and comes whenever, is parked. Above
   * `keep` of them the oldest lose their `body`.
   */
  async dismiss(id: string, note: string): Promise<void> {
    await this.decided({ ...(await this.parkedOne(id)), state: 'dismissed', note, settledAt: this.now() });
  }

  private async decided(entry: Entry): Promise<Entry> {
    // Another person was faster: this says what he has decided.
    if (!(await this.withRoom(() => this.options.store.put(entry)))) await this.parkedOne(entry.id);
    this.changed();
    this.wake();
    return entry;
  }

  private async parkedOne(id: string): Promise<Entry> {
    const entry = await this.options.store.get(id);
    const isParked = entry?.state === 'parked' || (entry?.state === 'waiting' && isUnreadable(entry));
    if (!isParked) throw new QueueError('queue.not_parked', `${id} is ${entry?.state ?? 'not known'}`);
    return entry;
  }

  /**
   * Says at each start what the service has seen of this device (`lastSeqSeen` of `GET /v1/devices/{id}`). `lost`: the numbers that this
   * store would give may have been printed already, since it was emptied or restored. Then the till must become a new device.
   */
  async startNumbers(deviceId: string, lastSeqSeen: number): Promise<'started' | 'continued' | 'lost'> {
    const { store } = this.options;
    const known = (await store.last(`started ${deviceId}`)) > 0;
    if (!known && lastSeqSeen > 0) return 'lost';
    if (!known) await store.next(`started ${deviceId}`);
    if ((await store.last(`device ${deviceId}`)) >= lastSeqSeen) return known ? 'continued' : 'started';
    await store.next(`lost ${deviceId}`);
    return 'lost';
  }

  /** The next `deviceSeq`, durable before it is given, never twice. */
  async nextNumber(deviceId: string): Promise<number> {
    const { store } = this.options;
    const started = (await store.last(`started ${deviceId}`)) > 0 && (await store.last(`lost ${deviceId}`)) === 0;
    if (!started)
      throw new QueueError('queue.number_lost', 'this store does not know which numbers were used: enrol a new device');
    return store.next(`device ${deviceId}`);
  }

  /** All entries, as text: for a repair, or another device. */
  async export(): Promise<string> {
    const states = ['waiting', 'parked', 'dismissed', 'done'] as const;
    const entries: Entry[] = [];
    // One after the other: what the first cannot read is parked.
    for (const state of states) entries.push(...(await this.options.store.list(state)));
    return JSON.stringify({ format: 'backend-api-queue/1', entries });
  }

  async status(): Promise<QueueStatus> {
    const { store, client } = this.options;
    const [session, all, storage] = await Promise.all([client.session.load(), store.list('waiting'), store.storage()]);
    const waiting = all.filter((entry) => !isUnreadable(entry));
    const unreadable = all.length - waiting.length;
    const parked = (await store.count('parked')) + unreadable;
    const oldest = waiting[0];
    const mine = waiting.filter((entry) => sameCaller(entry.owner, session));
    const problem = mine.find((entry) => entry.problem)?.problem;
    const outcome = sameCaller(this.outcome.caller, session) ? this.outcome : undefined;
    const whose = mine.length > 0 ? outcome?.stopped : session ? 'others' : 'signed_out';
    const stopped = waiting.length > 0 ? whose : undefined;
    return {
      waiting: waiting.length,
      parked,
      unreadable,
      ofOthers: waiting.length - mine.length,
      blocked: Math.min(outcome?.blocked ?? 0, mine.length),
      sending: this.sending,
      storage,
      ...(stopped && { stopped }),
      ...(problem && { problem }),
      ...(oldest && { oldestAddedAt: oldest.addedAt, oldestMs: Math.max(0, this.now() - oldest.addedAt) }),
      ...(outcome?.nextAttemptAt !== undefined && { nextAttemptAt: outcome.nextAttemptAt }),
      ...(client.clock.skew && { skew: client.clock.skew }),
    };
  }

  /** Called after each change, with the status. Gives what ends it. */
  subscribe(listener: (status: QueueStatus) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  // The status reads all that waits: of thousands, it is told the seldomer the longer it takes.
  private changed(): void {
    this.untold = true;
    if (this.listeners.size === 0 || this.telling) return;
    this.telling = setTimeout(() => void this.tell(), this.pauseOfTelling);
  }

  private async tell(): Promise<void> {
    this.untold = false;
    const began = this.steadyNow();
    // Of a store that does not answer, the next change is told.
    const status = await this.status().catch(() => undefined);
    for (const listener of status ? this.listeners : []) {
      try {
        listener(status!);
      } catch (error) {
        console.error(error);
      }
    }
    // A device that slept meanwhile has not read for hours.
    this.pauseOfTelling = Math.min(mostTellingMs, Math.max(settleMs, 9 * (this.steadyNow() - began)));
    this.telling = undefined;
    if (this.untold) this.changed();
  }

  // navigator.onLine is not asked: it is wrong in both directions.
  private listen(): void {
    const target = globalThis as unknown as Partial<EventTarget> & { document?: Document };
    const hurry = (): void => this.wakeNow();
    const on = (from: Partial<EventTarget> | undefined, name: string): void => {
      from?.addEventListener?.(name, hurry);
      this.ends.push(() => from?.removeEventListener?.(name, hurry));
    };
    if (typeof target.document !== 'undefined') for (const name of ['online', 'pageshow', 'focus']) on(target, name);
    on(target.document, 'visibilitychange');
    const end = this.options.store.watch?.(() => {
      this.changed();
      this.looking ??= setTimeout(() => {
        this.looking = undefined;
        this.wake();
      }, settleMs);
    });
    if (end) this.ends.push(end);
  }

  // The tab that has it sends, so that tabs do not take turns away from each other, and another takes over at once when it is closed. Who may
  // send is decided by the fence.
  private waitForLock(): void {
    const locks = (globalThis.navigator as Navigator | undefined)?.locks;
    if (!locks || typeof document === 'undefined') return;
    const controller = new AbortController();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    this.lock = 'awaited';
    this.ends.push(() => {
      this.lock = 'none';
      controller.abort();
      release();
    });
    const granted = (): Promise<void> => {
      this.granted = true;
      this.lock = 'held';
      this.wake();
      return held;
    };
    locks
      .request(`backend-api-queue ${this.options.store.name}`, { signal: controller.signal }, granted)
      .catch(() => {});
  }

  private wakeNow(): void {
    this.hurry = true;
    this.wake();
  }

  private wake(): void {
    if (!this.started) return;
    this.again = true;
    void this.drainOnce();
  }

  private drainOnce(): Promise<void> {
    this.draining ??= this.drainAll().finally(() => {
      this.draining = undefined;
    });
    return this.draining;
  }

  private async drainAll(): Promise<void> {
    let waitMs: number | undefined;
    clearTimeout(this.timer);
    do {
      this.again = false;
      const { hurry } = this;
      this.hurry = false;
      try {
        waitMs = await this.drain(hurry);
      } catch {
        // The store does not answer. What is in it stays there.
        this.outcome.stopped = 'storage';
        waitMs = this.options.mostPauseMs ?? 30_000;
      }
    } while (this.again && !this.ending);
    this.changed();
    if (!this.started) return;
    // Also when nothing is due: a tab that was suspended has missed its events.
    const most = (this.options.mostPauseMs ?? 30_000) * (0.8 + this.random() / 5);
    this.timer = setTimeout(() => this.wake(), Math.min(waitMs ?? most, most));
    (this.timer as { unref?: () => void }).unref?.();
  }

  // Sends in order until nothing is due. Gives the milliseconds until something is.
  private async drain(hurry: boolean): Promise<number | undefined> {
    const { store, client } = this.options;
    const session = await client.session.load();
    if (!sameCaller(this.outcome.caller, session)) this.outcome = { caller: session, blocked: 0 };
    const entries = await this.waiting();
    this.outcome.nextAttemptAt = undefined;
    let mine = entries.filter((entry) => sameCaller(entry.owner, session));
    if (mine.length === 0) {
      this.outcome = { caller: session, blocked: 0 };
      return undefined;
    }
    const first = this.firstDue(mine, hurry);
    if (first > 0) return this.putOff(first);
    let fence = await this.obtain();
    if (fence === undefined && this.flushing > 0) {
      fence = await this.outwait();
      mine = (await this.waiting()).filter((entry) => sameCaller(entry.owner, session));
    }
    // Somebody else sends: look again before it could be taken for silent.
    if (fence === undefined) return (this.options.silenceMs ?? 5_000) / 3;
    const beat = setInterval(() => void store.beat(fence).catch(() => {}), (this.options.silenceMs ?? 5_000) / 4);
    this.sending = true;
    try {
      return await this.sendAll(mine, session!, fence, hurry);
    } finally {
      clearInterval(beat);
      this.sending = false;
      await this.beat(fence, true);
      await this.forgetSome().catch(() => {});
    }
  }

  // Now and then: it reads what is there.
  private async forgetSome(): Promise<void> {
    const { keep = 1_000, store } = this.options;
    if (this.unpruned <= keep / 10) return;
    this.unpruned = 0;
    await store.prune(keep);
    const over = (await store.count('dismissed')) - keep;
    for (const entry of over > 0 ? await store.list('dismissed', over) : [])
      if (entry.body !== undefined && !isUnreadable(entry)) await store.put(without(entry, 'body'));
  }

  private putOff(ms: number): number {
    this.outcome.nextAttemptAt = this.now() + ms;
    return ms;
  }

  // Milliseconds until the entry may be sent.
  private dueIn(entry: Entry, hurry: boolean): number {
    if (!entry.pause || (hurry && mayHavePassed(entry.problem))) return 0;
    const { at, ms } = entry.pause;
    const left = at - this.now();
    // More is left than there was: the clock was set back.
    return left <= ms ? Math.max(0, left - Math.max(0, ms - stopMs)) : 0;
  }

  private standsAside(entry: Entry): boolean {
    if (entry.attempts < (this.options.attemptsInOrder ?? 5)) return false;
    const { problem } = entry;
    // A proxy that will not have this one, for its size or its words, may let others pass.
    return !problem?.code.startsWith('client.') || (problem.code === 'client.foreign_answer' && !problem.retriable);
  }

  // Of the first one that holds up the others, or the least of those that do not.
  private firstDue(entries: Entry[], hurry: boolean): number {
    let least = Infinity;
    for (const entry of entries) {
      least = Math.min(least, this.dueIn(entry, hurry));
      if (least === 0 || !this.standsAside(entry)) break;
    }
    return least;
  }

  private async sendAll(entries: Entry[], caller: Caller, fence: number, hurry: boolean): Promise<number | undefined> {
    let later: number | undefined;
    let settled = 0;
    const wait = (ms: number): void => {
      later = Math.min(later ?? Infinity, ms);
      this.putOff(later);
    };
    this.outcome = { caller, blocked: 0 };
    for (const { id } of entries) {
      if (this.ending) break;
      // What is wrong with one holds up no other.
      const entry = await this.ready(id, fence).catch(
        (error) => void (isFull(error) || (this.outcome.stopped = 'storage')),
      );
      if (!entry) {
        this.outcome.blocked++;
        continue;
      }
      const due = this.dueIn(entry, hurry);
      if (due === 0) {
        const { verdict, ms, aside } = await this.sendOne(entry, caller, fence);
        if (verdict === 'lost') return (this.options.silenceMs ?? 5_000) / 3;
        this.changed();
        if (verdict === 'done' || verdict === 'parked') {
          settled++;
          this.unpruned++;
          continue;
        }
        wait(ms);
        this.outcome.stopped = verdict === 'wait' ? 'put_off' : verdict;
        if (!aside) return later;
      } else {
        wait(due);
        if (!this.standsAside(entry)) return later;
      }
    }
    // What was added meanwhile, and what waited for one of these.
    if (settled > 0) this.again = true;
    return later;
  }

  // The entry as it is by now, if all that it depends on is done. What the store does not know was done, and forgotten.
  private async ready(id: string, fence: number): Promise<Entry | undefined> {
    const { store } = this.options;
    const entry = await store.get(id);
    if (entry?.state !== 'waiting' || isUnreadable(entry)) return undefined;
    for (const needed of entry.dependsOn) {
      const other = await store.get(needed);
      if (other?.state === 'dismissed') {
        const problem = { ...dependencyDismissed, detail: other.note ?? needed };
        await this.keep({ ...entry, state: 'parked', problem, settledAt: this.now() }, fence);
      }
      if (other && other.state !== 'done') return undefined;
    }
    return entry;
  }

  // History makes room for what is to come.
  private async keep(entry: Entry, fence: number): Promise<boolean> {
    return this.withRoom(() => this.options.store.put(entry, fence));
  }

  private async withRoom<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!isFull(error)) throw error;
      await this.options.store.prune(0);
      return write();
    }
  }

  // `aside`: the others need not wait for it.
  private async sendOne(
    entry: Entry,
    caller: Caller,
    fence: number,
  ): Promise<{ verdict: Verdict; ms: number; aside?: boolean }> {
    const { client, timeoutMs } = this.options;
    const result = await client.send({
      method: 'POST',
      target: entry.target,
      body: entry.body,
      key: entry.id,
      caller: entry.owner,
      repeatable: true,
      attempts: 1,
      isReply: (data) => isYesTo(keyedPathOf(entry.target), data, entry.id, parsed(entry.body)),
      maySend: () => this.beat(fence),
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    const attempts = entry.attempts + 1;
    if (result.ok) {
      const { status, data, replayed } = result;
      const rest = without(entry, 'problem', 'pause');
      const answer = { status, data, replayed };
      const kept = await this.keep({ ...rest, state: 'done', attempts, answer, settledAt: this.now() }, fence);
      return { verdict: kept ? 'done' : 'lost', ms: 0 };
    }
    const { error } = result;
    if (
      error.code === 'client.aborted' ||
      (error.code === 'client.wrong_caller' && !sameCaller(caller, await client.session.load()))
    )
      return { verdict: 'lost', ms: 0 };
    // A token that has expired again right after its refresh is a matter of clocks, and no end of the session.
    const stop = error.action === 'refresh_auth' && error.retriable ? undefined : stops[error.action];
    const problem = { ...error } as StoredProblem;
    // Whatever somebody between here and the service says of it: the service has not refused it.
    const isUnanswered = error.code === 'client.no_answer' || error.code === 'client.foreign_answer';
    if (!stop && !error.retriable && !isUnanswered) {
      const rest = without(entry, 'pause');
      const parked: Entry = { ...rest, state: 'parked', attempts, problem, settledAt: this.now() };
      // Without room to say so it is asked again; others make room meanwhile.
      const kept = await this.keep(parked, fence).catch((failure) =>
        isFull(failure) ? ('full' as const) : Promise.reject(failure),
      );
      if (kept === 'full') return { verdict: 'wait', ms: stopMs, aside: true };
      return { verdict: kept ? 'parked' : 'lost', ms: 0 };
    }
    const least = stop && stop !== 'signed_out' ? stopMs : this.pauseFor(attempts);
    const ms = Math.max(Math.min(error.retryAfterMs ?? 0, stopMs), least);
    const put: Entry = { ...entry, attempts, problem, pause: { at: this.now() + ms, ms } };
    // On a full disk it waits without its pause.
    const kept = await this.keep(put, fence).catch((failure) => isFull(failure) || Promise.reject(failure));
    if (!kept) return { verdict: 'lost', ms };
    return { verdict: stop ?? (isUnanswered ? 'no_answer' : 'wait'), ms, aside: !stop && this.standsAside(put) };
  }

  private pauseFor(attempts: number): number {
    const { pauseMs = 1_000, mostPauseMs = 30_000 } = this.options;
    return Math.min(mostPauseMs, pauseMs * 2 ** Math.min(attempts - 1, 20)) * (0.5 + this.random() / 2);
  }

  private random(): number {
    return (this.options.random ?? Math.random)();
  }

  // The fence of this queue's turn, or undefined while somebody else has it.
  private async obtain(): Promise<number | undefined> {
    const { store, silenceMs = 5_000 } = this.options;
    const turn = await store.turn();
    const steady = this.steadyNow();
    const { granted, watched } = this;
    this.granted = false;
    if (granted || (turn.released && this.lock !== 'awaited')) return this.take(turn.fence);
    if (watched?.fence === turn.fence && watched.beats === turn.beats) {
      if (steady - watched.since < silenceMs) return undefined;
      this.watched = undefined;
      return this.take(turn.fence);
    }
    this.watched = { fence: turn.fence, beats: turn.beats, since: steady };
    return undefined;
  }

  // On a full disk no turn can be taken, and nothing would ever leave it: whoever may take it sends in the present one.
  private async take(seen: number): Promise<number | undefined> {
    try {
      return await this.withRoom(() => this.options.store.takeTurn(seen));
    } catch (error) {
      if (!isFull(error)) throw error;
      return this.lock === 'awaited' ? undefined : seen;
    }
  }

  // What is on a full disk can leave it: the fence decides at the end, and the service takes everything once.
  private async beat(fence: number, released = false): Promise<boolean> {
    return this.options.store.beat(fence, released).catch((error) => isFull(error) || Promise.reject(error));
  }

  // Whoever has the turn is dead when it stands still for as long as it may be silent.
  private async outwait(): Promise<number | undefined> {
    const { store, silenceMs = 5_000 } = this.options;
    const seen = await store.turn();
    const step = Math.min(250, silenceMs / 4);
    for (let waited = 0; waited <= silenceMs && !this.ending; waited += step) {
      await pause(step);
      const fence = await this.obtain();
      if (fence !== undefined) return fence;
      const { fence: present, beats } = await store.turn();
      if (present !== seen.fence || beats !== seen.beats) return undefined;
    }
    return undefined;
  }
}

function parsed(body: string | undefined): unknown {
  try {
    return JSON.parse(body ?? 'null');
  } catch {
    return undefined;
  }
}
