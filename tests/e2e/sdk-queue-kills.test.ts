// The SDK's queue of files, killed between any two of its steps (from some step on nothing more reaches the disk), and on a disk that is full at
// one of them. Whoever opens the folder then finds the entry once, with its bytes, where it was or where it was to be; and where it was to be
// when that was told.
import { cp, mkdtemp, readdir, rename, rm, symlink, truncate } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { fileStore } from '../../clients/typescript/src/queue/files.js';
import { type Entry, type EntryState, type QueueStore } from '../../clients/typescript/src/queue/index.js';

// How many changes still reach the disk, and what becomes of the next one.
const disk = vi.hoisted(() => ({ left: Infinity, code: 'EKILLED' }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<Record<string, any>>();
  const step =
    (work: any) =>
    async (...given: any[]): Promise<any> => {
      const left = disk.left--;
      if (disk.code === 'EKILLED' ? left <= 0 : left === 0)
        throw Object.assign(new Error(disk.code), { code: disk.code });
      return work(...given);
    };
  const open = async (...given: any[]): Promise<any> => {
    const handle = await real.open(...given);
    const [write, sync] = [handle.writeFile.bind(handle), handle.sync.bind(handle)];
    return Object.assign(handle, { writeFile: step(write), sync: step(sync) });
  };
  const steps = ['link', 'rename', 'symlink', 'unlink'].map((name) => [name, step(real[name])]);
  return { ...real, ...Object.fromEntries(steps), open: step(open) };
});

const folders: string[] = [];
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(path.join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'e2e-sdk-kills-'));
  folders.push(folder);
  return folder;
}
afterEach(async () => {
  disk.left = Infinity;
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

const body = '{"name":"a"}';
const added = {
  id: 'a',
  owner: { userId: 'u', tenantId: 't' },
  target: '/v1/products',
  body,
  dependsOn: [],
  addedAt: 1,
};
const why = { code: 'request.invalid', title: '', status: 422, action: 'fix', retriable: false };
const states: EntryState[] = ['waiting', 'parked', 'dismissed', 'done'];
const answer = { status: 201, data: {}, replayed: false };

type Step = (store: QueueStore, folder: string) => Promise<unknown>;
const add: Step = (store) => store.add(added);
const change =
  (more: Partial<Entry>, fence?: number): Step =>
  async (store) =>
    expect(await store.put({ ...(await store.get('a'))!, ...more }, fence)).toBe(true);
const turn: Step = (store) => store.takeTurn(0);
const park = change({ state: 'parked', problem: why });
const entryFile = async (folder: string, state: EntryState): Promise<string> => {
  const name = (await readdir(path.join(folder, state))).find((one) => one.endsWith('-a.json'));
  return path.join(folder, state, name!);
};
// Reading it is EIO then.
const hide: Step = async (_, folder) => {
  const file = await entryFile(folder, 'waiting');
  await rename(file, path.join(folder, 'aside'));
  await symlink('/proc/self/mem', file);
};
const show = async (folder: string): Promise<void> => {
  for (const state of states) {
    const aside = path.join(folder, 'aside');
    const [name] = await readdir(path.join(folder, state)).then((names) =>
      names.filter((one) => one.endsWith('.json')),
    );
    if (name && existsSync(aside)) await rename(aside, path.join(folder, state, name));
  }
};
const tear: Step = async (_, folder) => truncate(await entryFile(folder, 'waiting'), 5);

const cases: [string, Step[], Step, from: EntryState | undefined, to: EntryState, bytes: string][] = [
  ['adding', [], add, undefined, 'waiting', body],
  ['a pause', [add, turn], change({ attempts: 1, pause: { at: 1, ms: 1 } }, 1), 'waiting', 'waiting', body],
  ['its answer', [add, turn], change({ state: 'done', answer }, 1), 'waiting', 'done', body],
  ['a refusal', [add, turn], change({ state: 'parked', problem: why }, 1), 'waiting', 'parked', body],
  ['sending again', [add, park], change({ state: 'waiting', problem: undefined }), 'parked', 'waiting', body],
  ['a dismissal', [add, park], change({ state: 'dismissed', note: 'n' }), 'parked', 'dismissed', body],
  ['a dismissal unread', [add, hide], change({ state: 'dismissed', note: 'n' }), 'waiting', 'dismissed', body],
  ['a broken file', [add, tear], (store) => store.list('waiting'), undefined, 'parked', '{"id"'],
];

const faults = ['EKILLED', 'ENOSPC'].flatMap((code) => cases.map((one) => [code, ...one] as const));

test.each(faults)('%s at each step: %s', async (code, _, before, act, from, to, bytes) => {
  const prepared = await newFolder();
  const first = await fileStore(prepared);
  for (const step of before) await step(first, prepared);
  for (let steps = 0, ended = false; !ended; ++steps) {
    const folder = path.join(await newFolder(), 'queue');
    await cp(prepared, folder, { recursive: true, verbatimSymlinks: true });
    const store = await fileStore(folder);
    Object.assign(disk, { left: steps, code });
    const told = await act(store, folder).then(
      () => true,
      () => false,
    );
    ended = disk.left >= 0;
    disk.left = Infinity;
    await show(folder);
    const again = await fileStore(folder);
    const found: Entry[] = [];
    for (const state of states) found.push(...(await again.list(state)));
    const at = `after ${steps} steps`;
    // A broken one is parked by whoever looks.
    const expected = told || from === undefined ? [to] : [from, to];
    if (from === undefined && to === 'waiting' && !told) expect(found.length, at).toBeLessThanOrEqual(1);
    else expect(found, at).toHaveLength(1);
    for (const entry of found) {
      expect(expected, at).toContain(entry.state);
      expect(entry.body, at).toBe(bytes);
      // A full disk may have no room for it.
      if (entry.state === 'dismissed' && code === 'EKILLED') expect(entry.note, at).toBe('n');
      if (entry.state === 'parked') expect(entry.problem, at).toBeDefined();
      expect(await again.get('a'), at).toEqual(entry);
      expect(await again.add(added), at).toEqual(entry);
    }
    expect(steps).toBeLessThan(60);
  }
});
