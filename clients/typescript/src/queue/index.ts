export { OfflineQueue } from './queue.js';
export type { QueueOptions, QueueStatus, Stop } from './queue.js';
export { QueueError } from './entry.js';
export type {
  Entry,
  EntryState,
  NewEntry,
  QueueCode,
  QueueStore,
  StorageReport,
  StoredProblem,
  Turn,
} from './entry.js';
export { memoryStore } from './memory.js';
