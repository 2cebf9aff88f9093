// A child process whose output is kept, that is always stopped, and whose log is at hand when a test fails.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { patienceMs } from './until.js';

// One line of the Pino log, or a line that is none (a sanitizer's report, a crash).
export interface LogLine {
  level?: number;
  msg?: string;
  [field: string]: unknown;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface ProcessOptions {
  cwd?: string;
  // What it reads on its standard input; nothing unless given.
  input?: string;
}

export class Process {
  readonly log: LogLine[] = [];
  readonly exited: Promise<Exit>;
  private readonly lines: string[] = [];
  private readonly doubled: string[] = [];
  private readonly child: ChildProcess;
  private readonly watchers = new Set<(line: LogLine) => void>();
  private ended: Exit | undefined;

  constructor(program: string, args: string[], env: NodeJS.ProcessEnv, options: ProcessOptions = {}) {
    const { cwd, input } = options;
    this.child = spawn(program, args, { env, cwd, stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
    this.child.stdin?.end(input);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', (text) => this.record(text));
    }
    this.exited = new Promise((resolve) => {
      const end = (exit: Exit) => {
        this.ended ??= exit;
        resolve(this.ended);
      };
      this.child.once('error', (error) => {
        this.record(`cannot run ${program}: ${error.message}`);
        end({ code: 127, signal: null });
      });
      // 'close', not 'exit': by then the whole output has been read.
      this.child.once('close', (code, signal) => end({ code, signal }));
    });
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get running(): boolean {
    return this.ended === undefined;
  }

  // All that it wrote, as it wrote it.
  get output(): string {
    return this.lines.join('\n');
  }

  // The first line, past or to come, that matches.
  async line(matches: (line: LogLine) => boolean, timeoutMs = patienceMs): Promise<LogLine> {
    const past = this.log.find(matches);
    if (past) return past;
    let timer: NodeJS.Timeout | undefined;
    let watch: ((line: LogLine) => void) | undefined;
    const fail = (why: string): never => {
      throw new Error(`${why}; its output:\n${this.output}`);
    };
    try {
      return await Promise.race([
        new Promise<LogLine>((resolve) => {
          watch = (line) => {
            if (matches(line)) resolve(line);
          };
          this.watchers.add(watch);
        }),
        this.exited.then(({ code, signal }) => fail(`the process ended (${signal ?? code}) before the line came`)),
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => {
            try {
              fail(`no such line within ${timeoutMs} ms`);
            } catch (error) {
              reject(error as Error);
            }
          }, timeoutMs);
        }),
      ]);
    } finally {
      clearTimeout(timer);
      if (watch) this.watchers.delete(watch);
    }
  }

  signal(signal: NodeJS.Signals): void {
    if (this.running) this.child.kill(signal);
  }

  // As an operator stops it; after `graceMs` it is killed and that is an error.
  async stop(graceMs = patienceMs): Promise<Exit> {
    this.signal('SIGTERM');
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), graceMs);
    });
    const outcome = await Promise.race([this.exited, late]);
    clearTimeout(timer);
    if (outcome !== 'late') {
      if (this.doubled.length > 0) throw new Error(`lines that say a member twice:\n${this.doubled.join('\n')}`);
      return outcome;
    }
    await this.kill();
    throw new Error(`the process did not stop within ${graceMs} ms of SIGTERM; its output:\n${this.output}`);
  }

  // For a program that is not ours, whose way of ending is its own affair: killed after `graceMs`. Whether it ended by itself.
  async endPeer(graceMs = 5_000): Promise<boolean> {
    this.signal('SIGTERM');
    const timer = setTimeout(() => this.signal('SIGKILL'), graceMs);
    const { signal } = await this.exited;
    clearTimeout(timer);
    return signal === null;
  }

  async kill(): Promise<Exit> {
    this.signal('SIGKILL');
    return this.exited;
  }

  private record(text: string): void {
    this.lines.push(text);
    const line = parse(text);
    if (line.msg !== undefined && saysTwice(text)) this.doubled.push(text);
    this.log.push(line);
    for (const watch of [...this.watchers]) watch(line);
  }
}

// Whether an object of the JSON text has a member twice: readers differ in which they take, and JSON.parse tells nothing.
function saysTwice(text: string): boolean {
  const objects: (Set<string> | undefined)[] = [];
  for (const [token, name, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(:)?|[{}[\]]/g)) {
    if (token === '{') objects.push(new Set());
    else if (token === '[') objects.push(undefined);
    else if (token === '}' || token === ']') objects.pop();
    else if (colon && name) {
      if (objects.at(-1)?.has(name)) return true;
      objects.at(-1)?.add(name);
    }
  }
  return false;
}

function parse(text: string): LogLine {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as LogLine;
  } catch {
    // Not JSON: kept as text below.
  }
  return { text };
}

// Runs a program to its end.
export async function run(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  options: ProcessOptions = {},
): Promise<Exit & { output: string }> {
  const process_ = new Process(program, args, env, options);
  const exit = await process_.exited;
  return { ...exit, output: process_.output };
}
