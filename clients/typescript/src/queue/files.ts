// A queue in a folder, for Node: an entry is a file, which is complete or not there (written aside, synced, then linked or renamed, and the
// folder synced). Nothing is locked: exclusive creation of a name decides who was first.
import { constants } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, statfs, unlink } from 'node:fs/promises';
import path from 'node:path';
import { type Entry, type EntryState, type NewEntry, QueueError, type QueueStore, type Turn } from './entry.js';

const folders = ['waiting', 'parked', 'done', 'dismissed'] as const;
// An entry that a crash left in two of them: the later state is the true one.
const latest: EntryState[] = ['done', 'dismissed', 'parked', 'waiting'];
const digits = 12;

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
  for (const name of [...folders, 'counts', 'turns', 'writing'])
    await mkdir(path.join(folder, name), { recursive: true });
  const store = new FileStore(folder);
  await store.recover();
  return store;
}

class FileStore implements QueueStore {
  private readonly places = new Map<string, Place>();
  private files = 0;
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

  // What a crash has left: halves of files, and entries in two folders.
  async recover(): Promise<void> {
    for (const name of await readdir(this.at('writing'))) {
      const owner = Number(name.split('-')[0]);
      if (owner === process.pid || !isAlive(owner)) await unlink(this.at('writing', name)).catch(() => {});
    }
    const seen = new Set<string>();
    for (const state of latest) {
      for (const { id, place } of await this.look(state)) {
        if (seen.has(id)) await unlink(this.fileOf(id, place));
        else this.places.set(id, place);
        seen.add(id);
      }
    }
  }

  // What is in a folder, by its names alone.
  private async look(state: EntryState): Promise<{ id: string; place: Place }[]> {
    const found = (await readdir(this.at(state))).flatMap((name) => {
      const [, number, id] = /^(\d+)-(.+)\.json$/.exec(name) ?? [];
      return number && id ? [{ id: decodeURIComponent(id), place: { state, number: Number(number) } }] : [];
    });
    found.sort((one, other) => one.place.number - other.place.number);
    this.lastNumber = Math.max(this.lastNumber, found.at(-1)?.place.number ?? 0);
    return found;
  }

  private async read(id: string, place: Place): Promise<Entry | undefined> {
    try {
      return JSON.parse(await readFile(this.fileOf(id, place), 'utf8')) as Entry;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw storageError(error);
    }
  }

  // Written aside and synced; gives its name.
  private async aside(content: string): Promise<string> {
    const name = this.at('writing', `${process.pid}-${++this.files}`);
    try {
      const handle = await open(name, 'w', 0o600);
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (error) {
      await unlink(name).catch(() => {});
      throw storageError(error);
    }
    return name;
  }

  // False when the name is taken.
  private async create(target: string, content: string): Promise<boolean> {
    const name = await this.aside(content);
    try {
      await link(name, target);
      await syncFolder(path.dirname(target));
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw storageError(error);
    } finally {
      await unlink(name).catch(() => {});
    }
  }

  private async replace(target: string, content: string): Promise<void> {
    const name = await this.aside(content);
    try {
      await rename(name, target);
      await syncFolder(path.dirname(target));
    } catch (error) {
      throw storageError(error);
    }
  }

  async add(entry: NewEntry): Promise<Entry> {
    const known = await this.get(entry.id);
    if (known) return known;
    const made: Entry = { ...entry, number: ++this.lastNumber, state: 'waiting', attempts: 0 };
    const place: Place = { state: 'waiting', number: made.number };
    await this.create(this.fileOf(made.id, place), JSON.stringify(made));
    this.places.set(made.id, place);
    return made;
  }

  async get(id: string): Promise<Entry | undefined> {
    const place = this.places.get(id);
    if (!place) return undefined;
    for (const state of [place.state, ...latest]) {
      const entry = await this.read(id, { ...place, state });
      if (entry) return entry;
    }
    return undefined;
  }

  async list(state: EntryState, limit = Infinity): Promise<Entry[]> {
    const found: Entry[] = [];
    for (const { id, place } of await this.look(state)) {
      if (found.length >= limit) break;
      const entry = await this.read(id, place);
      if (entry) found.push(entry);
      // Added or moved by another process, perhaps.
      if (entry) this.places.set(id, place);
    }
    return found;
  }

  async count(state: EntryState): Promise<number> {
    return (await this.look(state)).length;
  }

  async put(entry: Entry, fence?: number): Promise<boolean> {
    if (fence !== undefined && (await this.turn()).fence !== fence) return false;
    const place: Place = { state: entry.state, number: entry.number };
    const former = this.places.get(entry.id);
    await this.replace(this.fileOf(entry.id, place), JSON.stringify(entry));
    // From here a crash leaves both, of which the later state is taken.
    if (former && former.state !== place.state) {
      await unlink(this.fileOf(entry.id, former)).catch(() => {});
      if (place.state === 'waiting') await syncFolder(this.at(former.state));
    }
    this.places.set(entry.id, place);
    return true;
  }

  async prune(keep: number): Promise<void> {
    const settled = [...(await this.look('done')), ...(await this.look('dismissed'))];
    settled.sort((one, other) => one.place.number - other.place.number);
    for (const { id, place } of settled.slice(0, Math.max(0, settled.length - keep))) {
      await unlink(this.fileOf(id, place)).catch(() => {});
      this.places.delete(id);
    }
  }

  // The highest file of turns/ is the fence; what is in `beat` counts only when it is of that fence.
  async turn(): Promise<Turn> {
    const fence = Math.max(0, ...(await readdir(this.at('turns'))).filter((name) => /^\d+$/.test(name)).map(Number));
    try {
      const beat = JSON.parse(await readFile(this.at('turns', 'beat'), 'utf8')) as Turn;
      if (beat.fence === fence) return beat;
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
    for (const name of await readdir(this.at('turns')))
      if (/^\d+$/.test(name) && Number(name) < seen) await unlink(this.at('turns', name)).catch(() => {});
    return seen + 1;
  }

  async beat(fence: number, released = false): Promise<boolean> {
    const { fence: present, beats } = await this.turn();
    if (present !== fence) return false;
    const name = this.at('writing', `${process.pid}-beat-${++this.files}`);
    const handle = await open(name, 'w', 0o600);
    await handle.writeFile(JSON.stringify({ fence, beats: beats + 1, released }));
    await handle.close();
    await rename(name, this.at('turns', 'beat'));
    return true;
  }

  // A count is the highest name in its folder.
  async last(count: string): Promise<number> {
    const folder = this.at('counts', encodeURIComponent(count));
    try {
      return Math.max(0, ...(await readdir(folder)).map(Number));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 0;
      throw storageError(error);
    }
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
      for (const name of await readdir(folder))
        if (Number(name) < number) await unlink(path.join(folder, name)).catch(() => {});
      return number;
    }
  }

  async storage(): Promise<{ persisted: boolean; quotaBytes: number; usedBytes: number }> {
    const { blocks, bavail, bsize } = await statfs(this.folder);
    return { persisted: true, quotaBytes: blocks * bsize, usedBytes: (blocks - bavail) * bsize };
  }

  async close(): Promise<void> {}
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}
