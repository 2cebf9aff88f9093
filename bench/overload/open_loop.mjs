// How much of what comes is answered in time, when more comes than can be. An open loop: requests are sent when they are due, however many have no
// answer yet, as strangers do; a closed one (wrk) asks less when it is answered late, and never sees an overload.
//
//   taskset -c 0 node bench/overload/open_loop.mjs --url http://127.0.0.1:8080/v1/cost --peak 300 --times 1,2,5,10 --seconds 20
//
//   --peak N       requests a second that the server can just answer; measured first when it is not given
//   --times A,B    multiples of it that are offered, one after the other
//   --mix H,N,L    shares of high, normal and low priority (0.3,0.5,0.2)
//   --patience MS  how long a client waits; what comes later is no good (1000)
//   --rest S       between two of the multiples (2)
//
// A line of JSON for each: goodput is what was answered by 200 in time, a second; what comes in the first quarter does not count.
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    url: { type: 'string' },
    peak: { type: 'string' },
    times: { type: 'string', default: '1,2,5,10' },
    seconds: { type: 'string', default: '20' },
    mix: { type: 'string', default: '0.3,0.5,0.2' },
    patience: { type: 'string', default: '1000' },
    rest: { type: 'string', default: '2' },
  },
});
const url = new URL(values.url);
const seconds = Number(values.seconds);
const patience = Number(values.patience);
const mix = values.mix.split(',').map(Number);
const priorities = ['high', 'normal', 'low'];
const agent = new Agent({ keepAlive: true, maxSockets: 4000, scheduling: 'fifo' });

// The milliseconds that it took, and the status; 0 for none in time.
function ask(priority) {
  const began = performance.now();
  return new Promise((resolve) => {
    const end = (status, saysWhen = true) => resolve({ priority, status, saysWhen, took: performance.now() - began });
    const asked = request(
      `${url.href}/${priority}`,
      { agent, headers: { 'request-timeout': String(patience / 1000) }, timeout: patience },
      (reply) => {
        reply.resume();
        reply.on('end', () =>
          end(performance.now() - began > patience ? 0 : reply.statusCode, 'retry-after' in reply.headers),
        );
        reply.on('error', () => end(0));
      },
    );
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => end(0));
    asked.end();
  });
}

// By shares, evenly: no luck is in the figures.
function* inTurn() {
  const credit = [0, 0, 0];
  for (;;) {
    for (let i = 0; i < 3; ++i) credit[i] += mix[i];
    const next = credit.indexOf(Math.max(...credit));
    credit[next] -= 1;
    yield priorities[next];
  }
}

async function offer(rate) {
  const outcomes = [];
  const turn = inTurn();
  const began = performance.now();
  const open = new Set();
  for (let sent = 0; sent < rate * seconds;) {
    const due = Math.min(rate * seconds, Math.floor(((performance.now() - began) / 1000) * rate));
    for (; sent < due; ++sent) {
      const one = ask(turn.next().value).then((outcome) => {
        // The first quarter is the time that it takes to notice.
        if (performance.now() - began > seconds * 250) outcomes.push(outcome);
        open.delete(one);
      });
      open.add(one);
    }
    await sleep(2);
  }
  await Promise.all(open);
  return outcomes;
}

async function closedLoop() {
  const until = performance.now() + 5000;
  let answered = 0;
  const client = async () => {
    while (performance.now() < until) if ((await ask('high')).status === 200) answered += 1;
  };
  await Promise.all(Array.from({ length: 4 }, client));
  return answered / 5;
}

const quantile = (sorted, q) =>
  sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

const peak = values.peak ? Number(values.peak) : await closedLoop();
const measured = seconds * 0.75;
console.log(`peak ${Math.round(peak)}/s, ${seconds} s each`);
for (const times of values.times.split(',').map(Number)) {
  const outcomes = await offer(peak * times);
  const good = outcomes.filter(({ status }) => status === 200);
  const took = good.map((one) => one.took).sort((a, b) => a - b);
  const of = (priority) => {
    const all = outcomes.filter((one) => one.priority === priority);
    return Math.round((100 * all.filter(({ status }) => status === 200).length) / Math.max(1, all.length));
  };
  console.log(
    JSON.stringify({
      times,
      peak: Math.round(peak),
      offered: Math.round(outcomes.length / measured),
      goodput: Math.round(good.length / measured),
      goodputOfPeak: Number((good.length / measured / peak).toFixed(2)),
      shed: outcomes.filter(({ status }) => status === 503).length,
      shedWithoutRetryAfter: outcomes.filter(({ status, saysWhen }) => status === 503 && !saysWhen).length,
      late: outcomes.filter(({ status }) => status === 0).length,
      other: outcomes.filter(({ status }) => ![0, 200, 503].includes(status)).length,
      p50: Math.round(quantile(took, 0.5)),
      p99: Math.round(quantile(took, 0.99)),
      answeredPercent: Object.fromEntries(priorities.map((priority) => [priority, of(priority)])),
    }),
  );
  await sleep(Number(values.rest) * 1000);
}
agent.destroy();
