// A queue that ends with the process: for tests of apps.
import type { Entry, EntryState, NewEntry, QueueStore, Turn } from './entry.js';

export function memoryStore(): QueueStore {
  const entries = new Map<string, Entry>();
  const counts = new Map<string, number>();
  let turn: Turn = { fence: 0, beats: 0, released: true };
  let numbers = 0;
  const of = (state: EntryState): Entry[] =>
    [...entries.values()].filter((entry) => entry.state === state).sort((one, other) => one.number - other.number);
  return {
    name: 'memory',
    async add(entry: NewEntry) {
      const known = entries.get(entry.id);
      if (known) return { ...known };
      const made: Entry = { ...entry, number: ++numbers, state: 'waiting', attempts: 0 };
      entries.set(made.id, made);
      return { ...made };
    },
    get: async (id) => entries.get(id),
    list: async (state, limit = Infinity) => of(state).slice(0, limit),
    count: async (state) => of(state).length,
    async put(entry, fence) {
      if (fence === undefined ? entries.get(entry.id)?.state === 'done' : fence !== turn.fence) return false;
      entries.set(entry.id, { ...entry });
      return true;
    },
    async prune(keep) {
      const done = of('done');
      for (const { id } of done.slice(0, Math.max(0, done.length - keep))) entries.delete(id);
    },
    turn: async () => ({ ...turn }),
    async takeTurn(seen) {
      if (turn.fence !== seen) return undefined;
      turn = { fence: seen + 1, beats: 0, released: false };
      return turn.fence;
    },
    async beat(fence, released = false) {
      if (turn.fence !== fence) return false;
      turn = { fence, beats: turn.beats + 1, released };
      return true;
    },
    async next(count, above = 0) {
      const number = Math.max(counts.get(count) ?? 0, above) + 1;
      counts.set(count, number);
      return number;
    },
    last: async (count) => counts.get(count) ?? 0,
    storage: async () => ({ persisted: false }),
    close: async () => {},
  };
}
