// wrk and its scripts, which print their result as one line of JSON.
import { execFile } from 'node:child_process';
import { cpus } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const connections = 64;
export const clientThreads = Math.max(1, Math.min(4, Math.floor(cpus().length / 4)));

let nextSequence = 1_000_000; // of devices: each run takes a range of its own

// { requests, microseconds, p50_us, p99_us, refused, broken } of the requests in `file`, asked for `seconds`.
export async function wrk(server, { script, file, seconds, open = connections, timeout = 10 }) {
  const first = nextSequence;
  nextSequence += 10_000_000;
  const threads = Math.min(clientThreads, open);
  const options = ['-t', threads, '-c', open, '-d', `${seconds}s`, '--timeout', `${timeout}s`];
  const { stdout } = await run('wrk', [
    ...options.map(String),
    ...['-s', `bench/wrk/${script}.lua`, server.url, '--', file, String(first)],
  ]);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

// Throws when one was refused or broken.
export async function wrkAllAnswered(server, work, options) {
  const result = await wrk(server, options);
  if (result.refused + result.broken > 0) {
    throw new Error(
      `${work}: ${server.title} refused ${result.refused} and broke ${result.broken} of ${result.requests} requests; log: ${server.log}`,
    );
  }
  return result;
}
