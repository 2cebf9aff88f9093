// Servers under measurement: started, waited for, weighed.
import { spawn } from 'node:child_process';
import { openSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

const ticksPerSecond = 100; // USER_HZ, which Linux shows to programs on every architecture

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// After the name, which may hold anything: state, parent, ..., user and system time as fields 14 and 15, and of children
// that have ended as 16 and 17 (proc(5)): what a connection of PostgreSQL has cost is not lost when it is closed.
function statOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), ticks: fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) };
}

export const parentOf = (pid) => statOf(pid).parent;

function allProcesses() {
  const processes = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      processes.push({ pid: Number(name), ...statOf(name) });
    } catch {
      // It ended in the meantime.
    }
  }
  return processes;
}

function treeOf(root) {
  const processes = allProcesses();
  const tree = processes.filter(({ pid }) => pid === root);
  for (let i = 0; i < tree.length; ++i) tree.push(...processes.filter(({ parent }) => parent === tree[i].pid));
  return tree;
}

// Of the process and all below it.
export const cpuMicroseconds = (root) =>
  treeOf(root).reduce((sum, { ticks }) => sum + ticks, 0) * (1_000_000 / ticksPerSecond);

export function residentMegabytes(root) {
  let kilobytes = 0;
  for (const { pid } of treeOf(root)) {
    try {
      kilobytes += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
    } catch {
      // It ended in the meantime.
    }
  }
  return kilobytes / 1024;
}

export class Server {
  constructor({ name, title, command, environment, log }) {
    Object.assign(this, { name, title, command, environment, log });
  }

  get running() {
    return this.child?.pid !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  // The access log goes to /dev/null: it is written, but no disk is measured. Gives the milliseconds until /ready.
  async start() {
    this.port = await freePort();
    this.url = `http://127.0.0.1:${this.port}`;
    const errors = openSync(this.log, 'a');
    const began = performance.now();
    this.child = spawn(this.command[0], this.command.slice(1), {
      env: { PATH: process.env.PATH, ...this.environment, PORT: String(this.port), HOST: '127.0.0.1' },
      stdio: ['ignore', 'ignore', errors],
    });
    this.pid = this.child.pid;
    this.ended = new Promise((resolve) => this.child.once('exit', resolve));
    let failure;
    this.child.once('error', (error) => (failure = error)); // there is no such program
    for (;;) {
      if (failure) throw new Error(`${this.name} cannot be started: ${failure.message}`);
      if (this.pid !== undefined && !this.running)
        throw new Error(`${this.name} ended at its start:\n${readFileSync(this.log, 'utf8')}`);
      if (performance.now() - began > 20_000) throw new Error(`${this.name} was not ready in 20 s: see ${this.log}`);
      const status = await fetch(`${this.url}/ready`).then(
        (reply) => reply.status,
        () => 0,
      );
      if (status === 200) return performance.now() - began;
      await sleep(1);
    }
  }

  async stop() {
    if (!this.running) return;
    this.child.kill('SIGTERM');
    const late = sleep(5_000, 'late', { ref: false });
    if ((await Promise.race([this.ended, late])) === 'late') this.child.kill('SIGKILL');
    await this.ended;
  }
}
