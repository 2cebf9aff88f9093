// A queue in a folder, for Node: an entry is a file, which is complete or not there (written aside, synced, then linked or renamed, and the
// folder synced). Nothing is locked: exclusive creation of a name decides who was first. `ids/` has a link for each entry, which points at its
// number; `numbers/` the highest number so far. Neither is synced: both are made again from the entries.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, readdir, readlink, rename, stat, statfs, symlink, unlink } from 'node:fs/promises';
import path from 'node:path';
import type { Session, SessionStore } from '../session.js';
import {
  type Entry,
  type EntryState,
  isFull,
  isId,
  isOpen,
  isUnreadable,
  type NewEntry,
  QueueError,
  type QueueStore,
  type StoredProblem,
  type Turn,
  unreadable,
  unreadableEntry,
} from './entry.js';

const folders = ['waiting', 'parked', 'done', 'dismissed'] as const;
// An entry that a crash left in two of them: the later state is the true one.
const latest: EntryState[] = ['done', 'dismissed', 'parked', 'waiting'];
const digits = 12;
const readsAtOnce = 32;
// Nobody needs as long to write a file; what is older was left by a crash.
const writingMs = 600_000;
// Nobody has counted as far: a file with such a name is somebody else's, and leaves no number above it.
const mostNumber = 9e14;

interface Place {
  state: EntryState;
  number: number;
}

const nameOf = (number: number): string => String(number).padStart(digits, '0');

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code;

function storageError(error: unknown): unknown {
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new QueueError('queue.storage_full', 'the disk is full', { cause: error });
  if (code && code.startsWith('E')) return new QueueError('queue.storage_failed', String(error), { cause: error });
  return error;
}

const isCount = (name: string): boolean => /^\d{1,15}$/.test(name) && Number(name) <= mostNumber;

// The numbers that are names in a folder. Others put files there, too: a file manager, a network file system.
async function numbersIn(folder: string): Promise<number[]> {
  try {
    return (await readdir(folder)).filter(isCount).map(Number);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw storageError(error);
  }
}

const highest = async (folder: string): Promise<number> => Math.max(0, ...(await numbersIn(folder)));

function after(number: number, folder: string): number {
  if (number < mostNumber) return number + 1;
  throw new QueueError('queue.storage_failed', `a file in ${folder} has the number ${number}: there is none above it`);
}

// False when the name is taken.
async function made(making: Promise<unknown>): Promise<boolean> {
  try {
    await making;
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw storageError(error);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** `folder` is made when it is not there. One process sends at a time; others may add. */
export async function fileStore(folder: string): Promise<QueueStore> {
  for (const name of [...folders, 'counts', 'turns', 'writing', 'ids', 'numbers', 'unreadable'])
    await mkdir(path.join(folder, name), { recursive: true });
  const store = new FileStore(folder);
  await store.recover();
  return store;
}

/** A session in a file, so that a program in Node knows who it is when it starts without a network. */
export function fileSession(file: string): SessionStore {
  return {
    load: async () => {
      try {
        return JSON.parse((await textOf(file)) ?? '') as Session | null;
      } catch (error) {
        if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return null;
        throw error;
      }
    },
    save: (session) => writeAside(file, JSON.stringify(session), (name) => rename(name, file)),
  };
}

// Undefined of what is no file: a pipe would be waited for, and a device has no end.
async function textOf(file: string): Promise<string | undefined> {
  const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    return (await handle.stat()).isFile() ? await handle.readFile('utf8') : undefined;
  } finally {
    await handle.close();
  }
}

const random = (): string => randomBytes(12).toString('hex');

// Written whole under another name, and synced, before `publish` gives it its own.
async function writeAside(
  file: string,
  content: string,
  publish: (name: string) => Promise<void>,
  sync = true,
): Promise<void> {
  const name = `${file}.${random()}`;
  try {
    const handle = await open(name, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      if (sync) await handle.sync();
    } finally {
      await handle.close();
    }
    await publish(name);
  } finally {
    await unlink(name).catch(() => {});
  }
}

class FileStore implements QueueStore {
  private readonly places = new Map<string, Place>();
  private lastNumber = 0;
  private counting: Promise<unknown> = Promise.resolve();

  constructor(private readonly folder: string) {}

  get name(): string {
    return this.folder;
  }

  private at(...parts: string[]): string {
    return path.join(this.folder, ...parts);
  }

  private fileOf(id: string, { state, number }: Place): string {
    return this.at(state, `${nameOf(number)}-${encodeURIComponent(id)}.json`);
  }

  private claimOf(id: string): string {
    return this.at('ids', claimName(id));
  }

  // Beside what was dismissed as it was.
  private noteOf(id: string, number: number): string {
    return this.fileOf(id, { state: 'dismissed', number }).replace(/json$/, 'note');
  }

  // What a crash has left: halves of files, and entries in two folders.
  async recover(): Promise<void> {
    for (const name of await readdir(this.at('writing'))) {
      const file = this.at('writing', name);
      const { mtimeMs = Infinity } = await stat(file).catch(() => ({ mtimeMs: undefined }));
      if (mtimeMs < Date.now() - writingMs) await unlink(file).catch(() => {});
    }
    const claimed = new Set(await readdir(this.at('ids')));
    const seen = new Map<string, number>();
    for (const state of latest) {
      for (const { id, place } of await this.look(state)) {
        if (seen.get(id) === place.number) await unlink(this.fileOf(id, place)).catch(() => {});
        if (seen.has(id)) continue;
        seen.set(id, place.number);
        this.places.set(id, place);
        // It is only faster with it, and a full disk is opened, too.
        if (!claimed.has(claimName(id))) await symlink(String(place.number), this.claimOf(id)).catch(() => {});
      }
    }
  }

  // What is in a folder, by its names alone.
  private async look(state: EntryState): Promise<{ id: string; place: Place }[]> {
    const found = (await readdir(this.at(state))).flatMap((name) => {
      const [, number, coded] = /^(\d{1,15})-(.+)\.json$/.exec(name) ?? [];
      const id = coded && decoded(coded);
      const place = { state, number: Number(number) };
      return id && name === path.basename(this.fileOf(id, place)) ? [{ id, place }] : [];
    });
    found.sort((one, other) => one.place.number - other.place.number);
    for (const { place } of found)
      if (place.number <= mostNumber) this.lastNumber = Math.max(this.lastNumber, place.number);
    return found;
  }

  private async read(id: string, place: Place): Promise<Entry | undefined> {
    const entry = await this.readAt(id, place);
    if (entry?.state !== 'dismissed' || entry.note !== undefined) return entry;
    const text = await textOf(this.noteOf(id, place.number)).catch(() => undefined);
    return { ...entry, ...noted(text) };
  }

  private async readAt(id: string, place: Place): Promise<Entry | undefined> {
    let text: string | undefined;
    try {
      text = await textOf(this.fileOf(id, place));
      const entry = JSON.parse(text ?? '') as unknown;
      const why = place.state === 'parked' && { problem: interrupted };
      if (isEntry(entry, id)) return { ...why, ...entry, ...place };
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT') return undefined;
      if (code && notNow.includes(code)) return unreadableEntry(id, place.number, place.state, String(error));
      if (code && !noFile.includes(code)) throw storageError(error);
    }
    if (isOpen(place.state)) return this.setAside(id, place, text);
    // Its folder says what became of it.
    return unreadableEntry(id, place.number, place.state, 'its file is no entry', text);
  }

  // Others are sent and shown though one file is broken. Its bytes are kept in unreadable/, and it is parked, for a person.
  private async setAside(id: string, place: Place, body: string | undefined): Promise<Entry | undefined> {
    const file = this.fileOf(id, place);
    const kept = this.at('unreadable', `${path.basename(file)}.${random()}`);
    const parked: Place = { state: 'parked', number: place.number };
    const entry = unreadableEntry(id, place.number, 'parked', `its bytes are in ${kept}`, body);
    try {
      await link(file, kept).catch((error) => (codeOf(error) === 'EPERM' ? rename(file, kept) : Promise.reject(error)));
      await this.replace(this.fileOf(id, parked), JSON.stringify(entry));
    } catch (error) {
      // Another process was faster.
      if (codeOf(error) === 'ENOENT') return undefined;
      // Shown where it is. On a full disk others must leave before it can be moved.
      await unlink(kept)
        .catch(() => rename(kept, file))
        .catch(() => {});
      return unreadableEntry(id, place.number, place.state, String(error), body);
    }
    if (place.state === 'waiting') await unlink(file).catch(() => {});
    this.places.set(id, parked);
    return entry;
  }

  // False when the name is taken.
  private async create(target: string, content: string): Promise<boolean> {
    const published = (name: string): Promise<void> => link(name, target);
    if (!(await made(writeAside(this.at('writing', 'new'), content, published)))) return false;
    await syncFolder(path.dirname(target)).catch((error) => Promise.reject(storageError(error)));
    return true;
  }

  private async replace(target: string, content: string): Promise<void> {
    try {
      await writeAside(this.at('writing', 'new'), content, (name) => rename(name, target));
      await syncFolder(path.dirname(target));
    } catch (error) {
      throw storageError(error);
    }
  }

  // Above all that any process has used.
  private async nextPlace(): Promise<number> {
    const folder = this.at('numbers');
    for (;;) {
      const number = after(this.lastNumber, this.folder);
      this.lastNumber = number;
      const file = path.join(folder, String(number));
      if (await made(open(file, 'wx', 0o600).then((handle) => handle.close()))) {
        const numbers = await numbersIn(folder);
        const last = Math.max(number, ...numbers);
        for (const lower of numbers) if (lower < last) await unlink(path.join(folder, String(lower))).catch(() => {});
        if (last === number) return number;
        this.lastNumber = last;
      } else this.lastNumber = Math.max(number, await highest(folder));
    }
  }

  private async claimedNumber(id: string): Promise<number | undefined> {
    try {
      const target = await readlink(this.claimOf(id));
      return /^[1-9]\d{0,14}$/.test(target) ? Number(target) : undefined;
    } catch (error) {
      // EINVAL: no link, as some copies of a folder have it. ENAMETOOLONG: such an id was never added.
      if (['ENOENT', 'EINVAL', 'ENAMETOOLONG'].includes(codeOf(error) ?? '')) return undefined;
      throw storageError(error);
    }
  }

  async add(entry: NewEntry): Promise<Entry> {
    const known = await this.get(entry.id);
    if (known) return known;
    let number = await this.nextPlace();
    // Who had the id before has its number, so that at most one of them makes the entry; also after a crash in between.
    if (!(await made(symlink(String(number), this.claimOf(entry.id)))))
      number = (await this.claimedNumber(entry.id)) ?? number;
    const waiting: Entry = { ...entry, number, state: 'waiting', attempts: 0 };
    const place: Place = { state: 'waiting', number };
    const isMine = await this.create(this.fileOf(entry.id, place), JSON.stringify(waiting));
    this.places.set(entry.id, place);
    return isMine ? waiting : ((await this.get(entry.id)) ?? waiting);
  }

  async get(id: string): Promise<Entry | undefined> {
    // Again when it was moved to where this had looked already.
    for (let attempt = 1; attempt <= 3; ++attempt) {
      const known = attempt === 1 ? this.places.get(id) : undefined;
      const number = known?.number ?? (await this.claimedNumber(id));
      if (number === undefined) return undefined;
      for (const state of [known?.state ?? 'waiting', ...latest]) {
        const entry = await this.read(id, { number, state });
        if (entry) return entry;
      }
    }
    return undefined;
  }

  async list(state: EntryState, limit = Infinity): Promise<Entry[]> {
    const found: Entry[] = [];
    const places = await this.look(state);
    for (let at = 0; at < places.length && found.length < limit; at += readsAtOnce) {
      const some = places.slice(at, at + Math.min(readsAtOnce, limit - found.length));
      const entries = await Promise.all(some.map(({ id, place }) => this.read(id, place)));
      entries.forEach((entry, index) => {
        if (entry?.state !== state) return;
        found.push(entry);
        // Added or moved by another process, perhaps.
        this.places.set(entry.id, some[index]!.place);
      });
    }
    return found;
  }

  async count(state: EntryState): Promise<number> {
    return (await this.look(state)).length;
  }

  async put(entry: Entry, fence?: number): Promise<boolean> {
    if (fence !== undefined && (await this.turn()).fence !== fence) return false;
    const place: Place = { state: entry.state, number: entry.number };
    const [file, content] = [this.fileOf(entry.id, place), JSON.stringify(entry)];
    const at = (state: EntryState): string => this.fileOf(entry.id, { ...place, state });
    // A person decides about what is open.
    if (fence === undefined && place.state !== 'done' && (await isThere(at('done'))))
      return this.giveWay(entry.id, { ...place, state: 'done' });
    if (place.state === 'waiting' && fence === undefined && (await isThere(at('parked')))) {
      // Back from where it was parked: in one step, since two of them would mean that it is parked.
      await this.replace(at('parked'), content);
      await this.move(at('parked'), file);
    } else if (place.state === 'dismissed' && isUnreadable(entry)) {
      if (!(await this.dismissAsItIs(entry))) return false;
    } else {
      await this.replaceOrMove(file, content, entry, at);
      // From here a crash leaves both, of which the later state is taken.
      for (const state of latest.slice(latest.indexOf(place.state) + 1)) await unlink(at(state)).catch(() => {});
    }
    // Another process has ended it meanwhile.
    for (const state of isOpen(place.state) ? (['done', 'dismissed'] as const) : [])
      if (await isThere(at(state))) return this.giveWay(entry.id, { ...place, state });
    this.places.set(entry.id, place);
    return true;
  }

  private async giveWay(id: string, place: Place): Promise<false> {
    for (const state of ['waiting', 'parked'] as const)
      await unlink(this.fileOf(id, { ...place, state })).catch(() => {});
    this.places.set(id, place);
    return false;
  }

  private async move(from: string, to: string): Promise<void> {
    try {
      await rename(from, to);
      for (const file of [to, from]) await syncFolder(path.dirname(file));
    } catch (error) {
      throw storageError(error);
    }
  }

  // What is settled leaves its place also where there is no room for its answer or its note.
  private async replaceOrMove(
    file: string,
    content: string,
    { state }: Entry,
    at: (state: EntryState) => string,
  ): Promise<void> {
    try {
      await this.replace(file, content);
    } catch (error) {
      if (!isFull(error) || state === 'waiting') throw error;
      await this.prune(0);
      const former = state === 'dismissed' && (await isThere(at('parked'))) ? 'parked' : 'waiting';
      await this.replace(file, content).catch(() => this.move(at(former), file).catch(() => Promise.reject(error)));
    }
  }

  // What cannot be read may be there another time: the file is moved. The note before, so that no decision is without it.
  private async dismissAsItIs({ id, number, note, settledAt }: Entry): Promise<boolean> {
    const at = (state: EntryState): string => this.fileOf(id, { state, number });
    await this.replace(this.noteOf(id, number), JSON.stringify({ note, settledAt })).catch((error) =>
      isFull(error) ? undefined : Promise.reject(error),
    );
    // What a crash has left in both is parked.
    if (await isThere(at('parked'))) await unlink(at('waiting')).catch(() => {});
    for (const state of ['parked', 'waiting'] as const)
      if (await isThere(at(state))) await this.move(at(state), at('dismissed'));
    return isThere(at('dismissed'));
  }

  async prune(keep: number): Promise<void> {
    const settled = await this.look('done');
    for (const { id, place } of settled.slice(0, Math.max(0, settled.length - keep))) {
      await unlink(this.fileOf(id, place)).catch(() => {});
      if ((await this.claimedNumber(id)) === place.number) await unlink(this.claimOf(id)).catch(() => {});
      this.places.delete(id);
    }
  }

  // The highest file of turns/ is the fence; what is in `beat` counts only when it is of that fence.
  async turn(): Promise<Turn> {
    const fence = await highest(this.at('turns'));
    // Without one nobody has sent for a while, as far as this process can see.
    const text = await textOf(this.at('turns', 'beat')).catch(() => undefined);
    const beat = parsed(text) as Turn | null | undefined;
    if (beat?.fence === fence) return beat;
    return { fence, beats: 0, released: fence === 0 };
  }

  async takeTurn(seen: number): Promise<number | undefined> {
    if ((await this.turn()).fence !== seen) return undefined;
    const next = after(seen, this.at('turns'));
    if (!(await this.create(this.at('turns', String(next)), ''))) return undefined;
    // The name was free because it is long past.
    if ((await this.turn()).fence !== next) return undefined;
    await forgetBelow(seen, this.at('turns'));
    return next;
  }

  async beat(fence: number, released = false): Promise<boolean> {
    const { fence: present, beats } = await this.turn();
    if (present !== fence) return false;
    const content = JSON.stringify({ fence, beats: beats + 1, released });
    // Not synced: a beat that is lost with the power does no harm.
    const publish = (name: string): Promise<void> => rename(name, this.at('turns', 'beat'));
    try {
      await writeAside(this.at('writing', 'beat'), content, publish, false);
    } catch (error) {
      throw storageError(error);
    }
    return true;
  }

  // A count is the highest name in its folder.
  last(count: string): Promise<number> {
    return highest(this.at('counts', encodeURIComponent(count)));
  }

  // One after the other: those that come at once would see each other's numbers as taken, and leave holes.
  next(count: string, above = 0): Promise<number> {
    const next = this.counting.then(() => this.nextOf(count, above));
    this.counting = next.catch(() => {});
    return next;
  }

  private async nextOf(count: string, above: number): Promise<number> {
    const folder = this.at('counts', encodeURIComponent(count));
    await mkdir(folder, { recursive: true });
    for (;;) {
      const number = after(Math.max(await this.last(count), above), folder);
      if (!(await this.create(path.join(folder, String(number)), ''))) continue;
      // Free only because it is long past: a higher one is there.
      if ((await this.last(count)) !== number) continue;
      await forgetBelow(number, folder);
      return number;
    }
  }

  async storage(): Promise<{ persisted: boolean; quotaBytes: number; usedBytes: number }> {
    const { blocks, bavail, bsize } = await statfs(this.folder);
    return { persisted: true, quotaBytes: blocks * bsize, usedBytes: (blocks - bavail) * bsize };
  }

  async close(): Promise<void> {}
}

async function forgetBelow(number: number, folder: string): Promise<void> {
  for (const lower of await numbersIn(folder))
    if (lower < number) await unlink(path.join(folder, String(lower))).catch(() => {});
}

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}

// `.` and `..` are names of folders.
const claimName = (id: string): string =>
  encodeURIComponent(id).replace(/^\.\.?$/, (dots) => dots.replaceAll('.', '%2E'));

const isText = (value: unknown): value is string => typeof value === 'string';

function noted(text: string | undefined): Pick<Entry, 'note' | 'settledAt'> {
  const { note, settledAt } = (parsed(text) ?? {}) as Partial<Entry>;
  return { ...(isText(note) && { note }), ...(Number.isFinite(settledAt) && { settledAt }) };
}

// Whether all that is sent and shown by it has its form: a file may hold anything.
function isEntry(value: unknown, id: string): value is Entry {
  const entry = value as Partial<Entry> | null;
  const { target, body, owner, dependsOn, pause, problem } = entry ?? {};
  return (
    entry?.id === id &&
    isId(id) &&
    isText(target) &&
    (/^\/(?!\/)/.test(target) || problem?.code === unreadable.code) &&
    (body === undefined || isText(body)) &&
    isText(owner?.userId) &&
    isText(owner.tenantId) &&
    Array.isArray(dependsOn) &&
    dependsOn.every(isText) &&
    [entry.addedAt, entry.attempts].every(Number.isFinite) &&
    (!pause || [pause.at, pause.ms].every(Number.isFinite)) &&
    (!problem || isText(problem.code))
  );
}

// Of a parked entry that a crash kept from waiting again.
const interrupted: StoredProblem = {
  code: 'queue.interrupted',
  title: 'The program ended before this could wait again',
  status: 0,
  action: 'contact',
  retriable: false,
};

// What is wrong with one file says nothing of the others. It may pass: a virus scanner has it, or somebody set its rights.
const notNow = ['EACCES', 'EPERM', 'EIO', 'EBUSY'];
const noFile = ['EISDIR', 'ELOOP', 'ENXIO', 'ENODEV'];
