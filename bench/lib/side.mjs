// A program that is told by lines what to do, and answers by lines of JSON: one of two that are measured in turn.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { clearInterval, setInterval } from 'node:timers';
import { residentMegabytes } from './processes.mjs';

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
export const rounded = (number, digits = 0) => Number(number.toFixed(digits));

// { ours_rps: …, node_rps: …, ours_rps_min: … }: the medians of each side's samples, { ours: [{ rps: … }], node: … }.
export function figuresOf(samples, digits) {
  const figures = {};
  for (const [name, list] of Object.entries(samples)) {
    for (const [figure, places] of Object.entries(digits))
      figures[`${name}_${figure}`] = rounded(median(list.map((sample) => sample[figure])), places);
    const rates = list.map(({ rps }) => Math.round(rps));
    Object.assign(figures, { [`${name}_rps_min`]: Math.min(...rates), [`${name}_rps_max`]: Math.max(...rates) });
  }
  return figures;
}

export class Side {
  constructor(name, command, environment) {
    this.name = name;
    this.child = spawn(command[0], command.slice(1), {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async run(...words) {
    this.child.stdin.write(`${words.join(' ')}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`the program of ${this.name} ended in the middle of: ${words.join(' ')}`);
    return JSON.parse(value);
  }

  async stop() {
    this.child.stdin.end();
    if (this.child.exitCode === null) await once(this.child, 'exit');
  }
}

// Runs `task` and gives the greatest resident memory of the side meanwhile.
export async function weighed(side, task) {
  let most = 0;
  const scales = setInterval(() => (most = Math.max(most, residentMegabytes(side.child.pid))), 250);
  try {
    return { ...(await task()), rss_mb: Math.max(most, residentMegabytes(side.child.pid)) };
  } finally {
    clearInterval(scales);
  }
}
