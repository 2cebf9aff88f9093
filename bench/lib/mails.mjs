// The work mail-smtp: src/mail (bench/mail/ours.cpp) and nodemailer (bench/mail/node.mjs) in turn, each over a pool of connections to one
// server that takes everything (bench/mail/sink.mjs).
import { resolve } from 'node:path';
import { cpuMicroseconds } from './processes.mjs';
import { figuresOf, rounded, Side, weighed } from './side.mjs';

const connections = 5; // nodemailer's default

// At least this many times the peer's rate.
export const mailWorks = { 'mail-smtp': { goal: 1 } };

export async function measureMails({ program, rounds, seconds, quick, say }) {
  const sink = new Side('sink', [process.execPath, 'bench/mail/sink.mjs'], {});
  const { value: port } = await sink.lines.next();
  const environment = { SMTP_PORT: port, CONNECTIONS: String(connections) };
  const sides = [
    new Side('ours', [resolve(program)], environment),
    new Side('node', [process.execPath, 'bench/mail/node.mjs'], environment),
  ];

  async function measure(side, mails) {
    const taken = await sink.run('count');
    const before = cpuMicroseconds(side.child.pid);
    const result = await weighed(side, () => side.run(mails));
    const arrived = (await sink.run('count')) - taken;
    if (arrived !== mails) throw new Error(`mail-smtp: ${side.name} sent ${mails}, and ${arrived} arrived`);
    const cpu = (cpuMicroseconds(side.child.pid) - before) / mails;
    return { rps: mails / (result.microseconds / 1e6), cpu_us: cpu, rss_mb: result.rss_mb };
  }

  try {
    const samples = { ours: [], node: [] };
    const sizes = {};
    // The peer's code is compiled while it runs: it gets the time for it.
    for (const side of sides) sizes[side.name] = Math.ceil((await measure(side, quick ? 500 : 5_000)).rps * seconds);
    for (let round = 0; round < rounds; ++round) {
      for (const side of round % 2 === 0 ? sides : sides.toReversed())
        samples[side.name].push(await measure(side, sizes[side.name]));
    }
    const result = { work: 'mail-smtp', ...figuresOf(samples, { rps: 0, cpu_us: 1, rss_mb: 1 }) };
    result.ratio = rounded(result.ours_rps / result.node_rps, 2);
    say(`mail-smtp: ours ${result.ours_rps}/s, nodemailer ${result.node_rps}/s, ${result.ratio} times`);
    return [result];
  } finally {
    for (const side of [...sides, sink]) side.child.kill('SIGKILL');
  }
}

export const mailColumns = [
  ['work', (r) => r.work],
  ['ours/s', (r) => r.ours_rps],
  ['nodemailer/s', (r) => r.node_rps],
  ['times', (r) => r.ratio.toFixed(2)],
  ['goal', (r) => `${mailWorks[r.work].goal} ${r.ratio >= mailWorks[r.work].goal ? 'met' : 'MISSED'}`],
  ['CPU µs', (r) => `${r.ours_cpu_us} / ${r.node_cpu_us}`],
  ['RSS MB', (r) => `${r.ours_rss_mb} / ${r.node_rss_mb}`],
];
