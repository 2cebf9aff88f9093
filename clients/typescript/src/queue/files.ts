// A queue in a folder, for Node: an entry is a file, which is complete or not there (written aside, synced, then linked or renamed, and the
// folder synced). Nothing is locked: exclusive creation of a name decides who was first. `ids/` has a link for each entry, which points at its
// number; `numbers/` the highest number so far. Neither is synced: both are made again from the entries.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import {
  link,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  stat,
  statfs,
  symlink,
  unlink,
} from 'node:fs/promises';
import path from 'node:path';
import type { Session, SessionStore } from '../session.js';
import {
  type Entry,
  type EntryState,
  type NewEntry,
  QueueError,
  type QueueStore,
  type Turn,
  unreadableEntry,
} from './entry.js';

const folders = ['waiting', 'parked', 'done', 'dismissed'] as const;
// An entry that a crash left in two of them: the later state is the true one.
const latest: EntryState[] = ['done', 'dismissed', 'parked', 'waiting'];
const digits = 12;
const readsAtOnce = 32;
// Nobody needs as long to write a file; what is older was left by a crash.
const writingMs = 600_000;

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

// The numbers that are names in a folder. Others put files there, too: a file manager, a network file system.
async function numbersIn(folder: string): Promise<number[]> {
  try {
    return (await readdir(folder)).filter((name) => /^\d{1,15}$/.test(name)).map(Number);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw storageError(error);
  }
}

const highest = async (folder: string): Promise<number> => Math.max(0, ...(await numbersIn(folder)));

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
        return JSON.parse(await readFile(file, 'utf8')) as Session | null;
      } catch (error) {
        if (codeOf(error) === 'ENOENT' || error instanceof SyntaxError) return null;
        throw error;
      }
    },
    save: (session) => writeAside(file, JSON.stringify(session), (name) => rename(name, file)),
  };
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
    return this.at('ids', encodeURIComponent(id));
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
        if (!claimed.has(encodeURIComponent(id))) await made(symlink(String(place.number), this.claimOf(id)));
      }
    }
  }

  // What is in a folder, by its names alone.
  private async look(state: EntryState): Promise<{ id: string; place: Place }[]> {
    const found = (await readdir(this.at(state))).flatMap((name) => {
      const [, number, coded] = /^(\d{1,15})-(.+)\.json$/.exec(name) ?? [];
      const id = coded && decoded(coded);
      return number && id ? [{ id, place: { state, number: Number(number) } }] : [];
    });
    found.sort((one, other) => one.place.number - other.place.number);
    this.lastNumber = Math.max(this.lastNumber, found.at(-1)?.place.number ?? 0);
    return found;
  }

  private async read(id: string, place: Place): Promise<Entry | undefined> {
    let text = '';
    try {
      text = await readFile(this.fileOf(id, place), 'utf8');
      const entry = JSON.parse(text) as Entry;
      if (isEntry(entry, id)) return { ...entry, ...place };
    } catch (error) {
      const code = codeOf(error);
      if (code === 'ENOENT') return undefined;
      if (code && notNow.includes(code)) return unreadableEntry(id, place.number, place.state, String(error));
      if (code && !noFile.includes(code)) throw storageError(error);
    }
    return this.setAside(id, place, text);
  }

  // Others are sent and shown though one file is broken. Its bytes are kept in unreadable/; one that waited is parked, for a person.
  private async setAside(id: string, place: Place, body: string): Promise<Entry | undefined> {
    const isOpen = place.state === 'waiting' || place.state === 'parked';
    const file = this.fileOf(id, place);
    const kept = this.at('unreadable', `${path.basename(file)}.${random()}`);
    const parked: Place = { state: 'parked', number: place.number };
    const entry = unreadableEntry(id, place.number, 'parked', `its bytes are in ${kept}`, body);
    try {
      await link(file, kept).catch((error) => (codeOf(error) === 'EPERM' ? rename(file, kept) : Promise.reject(error)));
      if (isOpen) await this.replace(this.fileOf(id, parked), JSON.stringify(entry));
      if (!isOpen || place.state === 'waiting') await unlink(file).catch(() => {});
    } catch (error) {
      // Another process was faster.
      if (codeOf(error) === 'ENOENT') return undefined;
      throw storageError(error);
    }
    if (isOpen) this.places.set(id, parked);
    return isOpen ? entry : undefined;
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
      const number = ++this.lastNumber;
      const file = path.join(folder, String(number));
      if (await made(open(file, 'wx', 0o600).then((handle) => handle.close()))) {
        const numbers = await numbersIn(folder);
        const last = Math.max(...numbers);
        for (const lower of numbers) if (lower < last) await unlink(path.join(folder, String(lower))).catch(() => {});
        if (last === number) return number;
        this.lastNumber = last;
      } else this.lastNumber = Math.max(number, await highest(folder));
    }
  }

  private async claimedNumber(id: string): Promise<number | undefined> {
    try {
      return Number(await readlink(this.claimOf(id))) || undefined;
    } catch (error) {
      // EINVAL: no link, as some copies of a folder have it.
      if (['ENOENT', 'EINVAL'].includes(codeOf(error) ?? '')) return undefined;
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
    const parked = this.fileOf(entry.id, { ...place, state: 'parked' });
    if (place.state === 'waiting' && fence === undefined && (await isThere(parked))) {
      // Back from where it was parked: in one step, since two of them would mean that it is parked.
      await this.replace(parked, content);
      await rename(parked, file).catch((error) => Promise.reject(storageError(error)));
      for (const state of ['waiting', 'parked']) await syncFolder(this.at(state));
    } else {
      await this.replaceOrMove(file, content, entry, place);
      // From here a crash leaves both, of which the later state is taken.
      for (const state of latest.slice(latest.indexOf(place.state) + 1))
        await unlink(this.fileOf(entry.id, { ...place, state })).catch(() => {});
    }
    this.places.set(entry.id, place);
    return true;
  }

  // What is settled leaves its place also where there is no room for its answer.
  private async replaceOrMove(file: string, content: string, entry: Entry, place: Place): Promise<void> {
    try {
      await this.replace(file, content);
    } catch (error) {
      if (!(error instanceof QueueError) || error.code !== 'queue.storage_full' || place.state === 'waiting')
        throw error;
      await this.prune(0);
      const former = this.fileOf(entry.id, { ...place, state: 'waiting' });
      await this.replace(file, content).catch(() => rename(former, file).catch(() => Promise.reject(error)));
      await syncFolder(this.at(place.state));
    }
  }

  async prune(keep: number): Promise<void> {
    const isOpen = (await this.count('waiting')) + (await this.count('parked')) > 0;
    const settled = [...(await this.look('done')), ...(isOpen ? [] : await this.look('dismissed'))];
    settled.sort((one, other) => one.place.number - other.place.number);
    for (const { id, place } of settled.slice(0, Math.max(0, settled.length - keep))) {
      await unlink(this.fileOf(id, place)).catch(() => {});
      if ((await this.claimedNumber(id)) === place.number) await unlink(this.claimOf(id)).catch(() => {});
      this.places.delete(id);
    }
  }

  // The highest file of turns/ is the fence; what is in `beat` counts only when it is of that fence.
  async turn(): Promise<Turn> {
    const fence = await highest(this.at('turns'));
    try {
      const beat = JSON.parse(await readFile(this.at('turns', 'beat'), 'utf8')) as Turn | null;
      if (beat?.fence === fence) return beat;
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' && !(error instanceof SyntaxError)) throw storageError(error);
    }
    return { fence, beats: 0, released: fence === 0 };
  }

  async takeTurn(seen: number): Promise<number | undefined> {
    if ((await this.turn()).fence !== seen) return undefined;
    if (!(await this.create(this.at('turns', String(seen + 1)), ''))) return undefined;
    // The name was free because it is long past.
    if ((await this.turn()).fence !== seen + 1) return undefined;
    await forgetBelow(seen, this.at('turns'));
    return seen + 1;
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
      const number = Math.max(await this.last(count), above) + 1;
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

const isEntry = (entry: Entry | null, id: string): boolean =>
  entry?.id === id &&
  typeof entry.target === 'string' &&
  typeof entry.owner?.userId === 'string' &&
  Array.isArray(entry.dependsOn);

// What is wrong with one file says nothing of the others. It may pass: a virus scanner has it, or somebody set its rights.
const notNow = ['EACCES', 'EPERM', 'EIO', 'EBUSY'];
const noFile = ['EISDIR', 'ELOOP'];
