// The works client-*: src/client (bench/client/ours.cpp) and undici (bench/client/node.mjs) in turn, against one server that answers
// everything at once (bench/client/server.cpp).
import { dirname, join, resolve } from 'node:path';
import { cpuMicroseconds } from './processes.mjs';
import { figuresOf, rounded, Side, weighed } from './side.mjs';

const inFlight = 64;

// At least this many times the peer's rate.
export const clientWorks = { 'client-get': { goal: 1 }, 'client-post': { goal: 1 } };

export async function measureClients({ works, program, rounds, seconds, quick, say }) {
  const server = new Side('server', [join(dirname(resolve(program)), 'bench_client_server')], {});
  const { value: port } = await server.lines.next();
  const environment = { URL: `http://127.0.0.1:${port}` };
  const sides = [
    new Side('ours', [resolve(program)], environment),
    new Side('node', [process.execPath, 'bench/client/node.mjs'], environment),
  ];

  async function measure(side, work, length) {
    const pids = [side.child.pid, server.child.pid];
    const before = pids.map(cpuMicroseconds);
    const answered = await server.run('count');
    const result = await weighed(side, () => side.run(work.slice('client-'.length), length, inFlight));
    const arrived = (await server.run('count')) - answered;
    if (arrived !== result.calls)
      throw new Error(`${work}: ${side.name} made ${result.calls} calls, and ${arrived} were answered`);
    const [cpu, serverCpu] = pids.map((pid, i) => (cpuMicroseconds(pid) - before[i]) / result.calls);
    return {
      rps: result.calls / (result.microseconds / 1e6),
      cpu_us: cpu,
      server_cpu_us: serverCpu,
      rss_mb: result.rss_mb,
    };
  }

  async function measureWork(work) {
    const samples = { ours: [], node: [] };
    // The peer's code is compiled while it runs: it gets the time for it.
    for (const side of sides) await measure(side, work, quick ? 1 : 3);
    for (let round = 0; round < rounds; ++round) {
      for (const side of round % 2 === 0 ? sides : sides.toReversed())
        samples[side.name].push(await measure(side, work, seconds));
    }
    const result = { work, ...figuresOf(samples, { rps: 0, cpu_us: 1, server_cpu_us: 1, rss_mb: 1 }) };
    result.ratio = rounded(result.ours_rps / result.node_rps, 2);
    say(`${work}: ours ${result.ours_rps}/s, undici ${result.node_rps}/s, ${result.ratio} times`);
    return result;
  }

  try {
    const results = [];
    for (const work of works) results.push(await measureWork(work));
    return results;
  } finally {
    for (const side of [...sides, server]) side.child.kill('SIGKILL');
  }
}

export const clientColumns = [
  ['work', (r) => r.work],
  ['ours/s', (r) => r.ours_rps],
  ['undici/s', (r) => r.node_rps],
  ['times', (r) => r.ratio.toFixed(2)],
  ['goal', (r) => `${clientWorks[r.work].goal} ${r.ratio >= clientWorks[r.work].goal ? 'met' : 'MISSED'}`],
  ['CPU µs', (r) => `${r.ours_cpu_us} / ${r.node_cpu_us}`],
  ["server's µs", (r) => `${r.ours_server_cpu_us} / ${r.node_server_cpu_us}`],
  ['RSS MB', (r) => `${r.ours_rss_mb} / ${r.node_rss_mb}`],
];
