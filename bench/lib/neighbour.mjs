// The work noisy-neighbour: how long one shop's sales take while another shop sends bulks.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeSales } from './requests.mjs';
import { wrk, wrkAllAnswered } from './wrk.mjs';

export const neighbourWork = 'noisy-neighbour';

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rounded = (number, digits = 0) => Number(number.toFixed(digits));

const bulkOf = (items) => ({
  onError: 'abort',
  items: Array.from({ length: items }, (_, i) => ({
    op: 'create',
    data: { name: `Bulk ${i}`, soldBy: 'unit', variants: [{ name: `Bulk ${i}`, price: 10_000 + i }] },
  })),
});

const sendBulk = (server, token) =>
  fetch(`${server.url}/v1/products/batch`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(bulkOf(3)),
  });

// Undefined when the server has bulks: a route that takes one and makes every row of it.
async function whyWithoutBulks(server, token) {
  let reply = await sendBulk(server, token);
  // The work before this one was more than it could do, and bulks are the first to wait: once more when it says so.
  for (let asked = 1; reply.status === 503 && asked < 10; ++asked) {
    await sleep(1_000 * Number(reply.headers.get('Retry-After') ?? 1));
    reply = await sendBulk(server, token);
  }
  const text = await reply.text();
  if ([404, 405, 501].includes(reply.status)) return 'it has no bulks';
  const rows = reply.status === 200 ? (JSON.parse(text).results ?? []) : [];
  if (rows.length === 3 && rows.every(({ status }) => status === 201)) return undefined;
  throw new Error(`${neighbourWork}: ${server.title} refused a bulk with ${reply.status}: ${text.slice(0, 300)}`);
}

async function measure(server, { sales, bulk }, { seconds, tills, bulks }) {
  const sell = (duration) =>
    wrkAllAnswered(server, neighbourWork, { script: 'sale', file: sales, seconds: duration, open: tills });
  await sell(1); // caches and pools are warm
  const alone = await sell(seconds);
  const bulking = wrk(server, { script: 'bulk', file: bulk, seconds: seconds + 3, open: bulks, timeout: 60 });
  await sleep(1_500);
  const [beside, others] = await Promise.all([sell(seconds), bulking]);
  if (others.broken > 0) throw new Error(`${neighbourWork}: ${server.title} broke ${others.broken} bulks`);
  return {
    p50_ms: beside.p50_us / 1000,
    p99_ms: beside.p99_us / 1000,
    rps: beside.requests / (beside.microseconds / 1e6),
    alone_p50_ms: alone.p50_us / 1000,
    alone_p99_ms: alone.p99_us / 1000,
    alone_rps: alone.requests / (alone.microseconds / 1e6),
    bulks_per_s: (others.requests - others.refused) / (others.microseconds / 1e6),
    bulks_refused: others.refused,
  };
}

const digits = { rps: 0, alone_rps: 0, bulks_refused: 0 };

// One object in the form of bench/results.json. The shop that sends bulks may write products (bench/seed.sql).
export async function measureNeighbour({ servers, shops: [quiet, noisy], directory, rounds, options, say }) {
  const bulk = join(directory, 'bulk.txt');
  writeFileSync(bulk, `${noisy.token}\t${JSON.stringify(bulkOf(options.items))}\n`);
  const files = { sales: writeSales(directory, 'neighbour', quiet), bulk };
  const result = { work: neighbourWork, bulks: options.bulks, bulk_items: options.items, tills: options.tills };
  for (const server of servers) {
    const samples = [];
    let reason = server.reasons?.all ?? server.reasons?.sale;
    try {
      reason ??= await whyWithoutBulks(server, noisy.token);
      for (let round = 0; !reason && round < rounds; ++round) samples.push(await measure(server, files, options));
    } catch (error) {
      if (server.fails !== false) throw error; // only a peer from outside may
      [reason] = error.message.split('\n');
    }
    if (reason) {
      Object.assign(result, { [`${server.name}_p50_ms`]: 'not measured', [`${server.name}_reason`]: reason });
      continue;
    }
    for (const figure of Object.keys(samples[0]))
      result[`${server.name}_${figure}`] = rounded(
        median(samples.map((sample) => sample[figure])),
        digits[figure] ?? 2,
      );
    say(
      `${neighbourWork}: ${server.title} ${result[`${server.name}_p99_ms`]} ms at p99, ${result[`${server.name}_alone_p99_ms`]} alone`,
    );
  }
  return result;
}

const columns = [
  ['p50 ms', 'p50_ms'],
  ['p99 ms', 'p99_ms'],
  ['sales/s', 'rps'],
  ['alone p50', 'alone_p50_ms'],
  ['alone p99', 'alone_p99_ms'],
  ['alone sales/s', 'alone_rps'],
  ['bulks/s', 'bulks_per_s'],
  ['bulks refused', 'bulks_refused'],
];
export const neighbourColumns = [
  ['sales of one shop', ({ server }) => server.title],
  ...columns.map(([title, figure]) => [title, ({ result, server }) => result[`${server.name}_${figure}`] ?? '']),
];
