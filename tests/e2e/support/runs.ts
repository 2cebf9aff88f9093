// What a long run measured, for docs/runs/: written by the program that measured it, and committed with the change it speaks of.
//
//     const random = seeded(figures.seed);
//     if (environment.long) await recordRun('exactly-once', { seed, sales: 10_000, ... });
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { repository } from './environment.js';

const execute = promisify(execFile);

export async function recordRun(name: string, figures: Record<string, unknown>): Promise<void> {
  const git = async (...args: string[]) => (await execute('git', args, { cwd: repository })).stdout.trim();
  const run = {
    commit: await git('rev-parse', '--short=12', 'HEAD'),
    changedSince: (await git('status', '--porcelain', '--untracked-files=no')) !== '',
    date: new Date().toISOString().slice(0, 10),
    cores: availableParallelism(),
    ...figures,
  };
  const directory = path.join(repository, 'docs/runs');
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, `${name}.json`), `${JSON.stringify(run, null, 2)}\n`);
}

export const newSeed = (): number => Number(process.env.TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

// Whole numbers from 0 to below `most`, the same for a seed (mulberry32).
export function seeded(seed: number): (most: number) => number {
  let state = seed | 0;
  return (most) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * most);
  };
}

// The value below which `share` (0.5, 0.99) of the measurements lie.
export function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}
