// The works payment-*: payments by phone that are started, callbacks that tell of them, and both at once. Ours runs with its jobs, so that
// what a callback says is read and credited meanwhile, on the same cores. Safaricom is bench/payments/daraja.mjs.
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { copyDatabase, query, urlOfPeer } from './database.mjs';
import { makePaymentServers } from './peers.mjs';
import { cpuMicroseconds } from './processes.mjs';
import { figuresOf, rounded, Side, weighed } from './side.mjs';
import { wrkAllAnswered } from './wrk.mjs';

// Callbacks at a time, as many as bin/bench has connections.
const inFlight = 64;
// Between a prompt and its callback, where both come at once.
const payerThinks = 500;
const patience = 120_000;

export const paymentWorks = { 'payment-start': {}, 'payment-callback': {}, 'payment-both': {} };
// The database that is seeded for them; the others are its copies.
export const paymentDatabase = 'payments';

const money = { rps: 0, cpu_us: 1, postgres_cpu_us: 1, p50_ms: 2, p99_ms: 2, rss_mb: 1 };
const ours = { ...money, redis_cpu_us: 1, daraja_cpu_us: 1 };
const credits = { credit_rps: 0, credit_p50_ms: 1, credit_p99_ms: 1 };
const digits = {
  'payment-start': ours,
  'payment-callback': { ...ours, ...credits },
  'payment-both': { ...ours, callback_rps: 0, callback_p50_ms: 2, callback_p99_ms: 2, ...credits, behind: 0 },
};

// ---- Accounts ----

async function ask(server, { token }, path, body) {
  const reply = await fetch(server.url + path, {
    method: body ? 'POST' : 'GET',
    headers: {
      Authorization: `Bearer ${token}`,
      ...(body && { 'Content-Type': 'application/json', 'Idempotency-Key': `"${randomUUID()}"` }),
    },
    body: body && JSON.stringify(body),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${path} was answered with ${reply.status}: ${text}`);
  return JSON.parse(text);
}

const makeAll = (role) => query(urlOfPeer(paymentDatabase), 'update roles set built_in = $1', [role]);

// Each shop's owner has a paybill; its cashiers take payments. Gives the tokens of their callbacks.
async function openAccounts(server, shops) {
  await makeAll('owner');
  await server.start();
  const tokens = [];
  for (const [index, shop] of shops.entries()) {
    const credentials = {
      environment: 'production',
      kind: 'paybill',
      shortCode: String(400_000 + index),
      consumerKey: `key-${index}`,
      consumerSecret: `secret-${index}`,
      passkey: `passkey-${index}`,
    };
    const account = await ask(server, shop, '/v1/payment-accounts', {
      provider: 'mpesa',
      name: 'Paybill',
      credentials,
    });
    const { url } = await ask(server, shop, `/v1/payment-accounts/${account.id}/callback-url`);
    tokens.push(/\/m\/([0-9a-f]{32})/.exec(url)[1]);
  }
  await server.stop(); // it remembers who may what, and nobody may be connected to what is copied
  await makeAll('cashier');
  return tokens;
}

async function seedHistory(payments) {
  const client = new pg.Client(urlOfPeer(paymentDatabase));
  await client.connect();
  await client.query("select set_config('bench.payments', $1, false)", [String(payments)]);
  await client.query(readFileSync('bench/payments/history.sql', 'utf8'));
  await client.query('vacuum analyze');
  await client.query('checkpoint');
  await client.end();
}

function writeFiles(directory, shops, tokens) {
  const files = { intents: join(directory, 'intents.txt'), tokens: join(directory, 'tokens.txt') };
  const lines = shops.map(({ token, location_id: locationId }) => {
    const body = { provider: 'mpesa', purpose: 'sale', amount: 25_000, locationId };
    return `${token}\t${JSON.stringify(body).slice(1)}`;
  });
  writeFileSync(files.intents, `${lines.join('\n')}\n`);
  writeFileSync(files.tokens, `${tokens.join('\n')}\n`);
  return files;
}

// ---- What came of it ----

const countOf = async (database, text) => (await query(urlOfPeer(database), text))[0].count;

const ofToday = (time) => `${time} > now() - interval '12 hours'`; // and not of history.sql
const storedToday = `select count(*)::integer from provider_events where ${ofToday('received_at')}`;
// By an index of few rows.
const unread = 'select count(*)::integer from provider_events where due_at is not null';

async function untilAllCredited() {
  const until = Date.now() + patience;
  for (;;) {
    const open = await countOf(paymentDatabase, unread);
    if (open === 0) return;
    if (Date.now() > until) throw new Error(`payment-callback: ${open} callbacks were not read in ${patience} ms`);
    await sleep(100);
  }
}

// From the request that brought a callback to the transaction that credited it.
async function creditsSince(time) {
  const [row] = await query(
    urlOfPeer(paymentDatabase),
    `select count(*) / extract(epoch from max(processed_at) - min(received_at)) as rps,
       percentile_disc(0.5) within group (order by lag) as p50, percentile_disc(0.99) within group (order by lag) as p99
     from (select *, extract(epoch from processed_at - received_at) * 1000 as lag from provider_events
           where received_at >= $1) events`,
    [time],
  );
  return { credit_rps: Number(row.rps), credit_p50_ms: Number(row.p50), credit_p99_ms: Number(row.p99) };
}

// Each prompt was asked for once, and is paid once.
async function expectAllPaid(asked) {
  const [row] = await query(
    urlOfPeer(paymentDatabase),
    `select count(*)::integer as intents, count(*) filter (where state = 'succeeded')::integer as paid,
       count(distinct receipt_code)::integer as receipts from payment_intents where ${ofToday('created_at')}`,
  );
  if (row.intents !== asked || row.paid !== asked || row.receipts !== asked)
    throw new Error(`payments: ${asked} prompts, but ${JSON.stringify(row)}`);
}

// ---- Measuring ----

async function redisPid() {
  const redis = new Redis(process.env.TEST_REDIS_URL);
  const info = await redis.info('server');
  redis.disconnect();
  return Number(/process_id:(\d+)/.exec(info)[1]);
}

class Payments {
  invented = 0;

  constructor(parts) {
    Object.assign(this, parts);
  }

  // What `task` costs each of them, for one of the `count` that it gives.
  async costs(server, task) {
    const pids = [server.pid, this.postgresPid, this.redisPid, this.daraja.child.pid];
    const before = pids.map(cpuMicroseconds);
    const result = await weighed({ child: { pid: server.pid } }, task);
    const [cpu, postgres, redis, daraja] = pids.map((pid, i) => (cpuMicroseconds(pid) - before[i]) / result.count);
    return { ...result, cpu_us: cpu, postgres_cpu_us: postgres, redis_cpu_us: redis, daraja_cpu_us: daraja };
  }

  async ask(seconds) {
    const file = this.files.intents;
    const result = await wrkAllAnswered(this.servers.ours, 'payment-start', { script: 'intent', file, seconds });
    if (result.requests === 0) throw new Error(`payment-start: nothing was answered in ${seconds} s`);
    return ratesOf({ ...result, count: result.requests });
  }

  async tell(server) {
    await this.daraja.run('service', server.url);
    const result = await this.daraja.run('call_back', inFlight);
    return ratesOf({ ...result, count: result.calls });
  }

  // wrk goes away in the middle of its last requests; their prompts come all the same.
  async untilQuiet() {
    for (let before = -1; ;) {
      const { asked } = await this.daraja.run('prompts');
      if (asked === before) return;
      before = asked;
      await sleep(250);
    }
  }

  // Callbacks of what was asked for before, until all is credited.
  async tellOurs() {
    await this.untilQuiet();
    const began = new Date();
    const told = await this.costs(this.servers.ours, async () => {
      const result = await this.tell(this.servers.ours);
      await untilAllCredited();
      return result;
    });
    return { ...told, ...(await creditsSince(began)) };
  }

  // To whoever stores them and makes nothing of them.
  async tellOther(server, count) {
    await this.daraja.run('invent', count, this.files.tokens);
    this.invented += count;
    const result = await this.costs(server, () => this.tell(server));
    server.told = (server.told ?? 0) + result.count;
    const stored = await countOf(`payments_${server.name}`, storedToday);
    if (stored !== server.told) throw new Error(`${server.title}: ${server.told} callbacks, and ${stored} are stored`);
    return result;
  }

  async both(seconds) {
    await this.daraja.run('service', this.servers.ours.url);
    await this.daraja.run('follow', payerThinks);
    await this.ask(1);
    await this.daraja.run('told');
    const began = new Date();
    const result = await this.costs(this.servers.ours, async () => {
      const asked = await this.ask(seconds);
      const told = await this.daraja.run('told');
      return {
        ...asked,
        callback_rps: (told.calls * asked.rps) / asked.count,
        callback_p50_ms: told.p50_us / 1000,
        callback_p99_ms: told.p99_us / 1000,
      };
    });
    result.behind = await countOf(paymentDatabase, unread);
    await this.untilQuiet();
    await this.daraja.run('unfollow');
    await untilAllCredited();
    return { ...result, ...(await creditsSince(began)) };
  }

  async expectAllPaid() {
    await this.untilQuiet();
    await this.tell(this.servers.ours); // whoever was still waiting
    await untilAllCredited();
    const { asked } = await this.daraja.run('prompts');
    await expectAllPaid(asked - this.invented);
  }

  async stop() {
    for (const server of Object.values(this.servers)) await server.stop();
    this.daraja.child.kill('SIGKILL');
  }
}

const ratesOf = ({ count, microseconds, p50_us: p50, p99_us: p99 }) => ({
  count,
  rps: count / (microseconds / 1e6),
  p50_ms: p50 / 1000,
  p99_ms: p99 / 1000,
});

async function start(payments, { shops, directory, quick, say }) {
  const { ours, ...others } = payments.servers;
  payments.files = writeFiles(directory, shops, await openAccounts(ours, shops));
  await seedHistory(quick ? 20 : 200);
  for (const { name } of Object.values(others)) await copyDatabase(paymentDatabase, `payments_${name}`);
  for (const server of Object.values(payments.servers)) await server.start();
  say(`${shops.length} shops have a paybill, and payments of the days before`);
}

async function measureRounds(payments, { rounds, seconds, quick, say }) {
  const { ours, ...others } = payments.servers;
  const samples = { start: [], both: [], callback: { ours: [] } };
  // Caches and pools are warm, and the peer's code is compiled.
  await payments.ask(quick ? 1 : 3);
  const sizes = {};
  await payments.tellOurs();
  for (const server of Object.values(others)) {
    samples.callback[server.name] = [];
    sizes[server.name] = Math.ceil((await payments.tellOther(server, quick ? 500 : 3_000)).rps * seconds);
  }
  for (let round = 0; round < rounds; ++round) {
    samples.start.push(await payments.costs(ours, () => payments.ask(seconds)));
    samples.callback.ours.push(await payments.tellOurs());
    for (const server of Object.values(others))
      samples.callback[server.name].push(await payments.tellOther(server, sizes[server.name]));
    samples.both.push(await payments.both(seconds));
    await payments.expectAllPaid();
    say(`payments: round ${round + 1} of ${rounds}`);
  }
  return samples;
}

function resultsOf(samples) {
  const { ours: credited, ...stored } = samples.callback;
  const start = { work: 'payment-start', ...figuresOf({ ours: samples.start }, digits['payment-start']) };
  const callback = {
    work: 'payment-callback',
    ...figuresOf({ ours: credited }, digits['payment-callback']),
    ...figuresOf(stored, money),
  };
  if (stored.koa) callback.ratio = rounded(callback.storing_rps / callback.koa_rps, 2);
  const both = { work: 'payment-both', ...figuresOf({ ours: samples.both }, digits['payment-both']) };
  return [start, callback, both];
}

// All three works, whichever of them were asked for: one needs what another leaves.
export async function measurePayments(options) {
  const daraja = new Side('Daraja', [process.execPath, 'bench/payments/daraja.mjs'], {});
  const { value: port } = await daraja.lines.next();
  const { program, alone, preload, directory, postgresPid } = options;
  const url = `http://127.0.0.1:${port}`;
  const servers = makePaymentServers({ program, alone, preload, directory, daraja: url });
  const payments = new Payments({ daraja, servers, postgresPid, redisPid: await redisPid() });
  try {
    await start(payments, options);
    return resultsOf(await measureRounds(payments, options));
  } finally {
    await payments.stop();
  }
}

export const paymentColumns = [
  ['work', (r) => r.work],
  ['/s', (r) => r.ours_rps],
  ['p50 ms', (r) => r.ours_p50_ms],
  ['p99 ms', (r) => r.ours_p99_ms],
  ['CPU µs', (r) => r.ours_cpu_us],
  ['PostgreSQL µs', (r) => r.ours_postgres_cpu_us],
  ['Redis µs', (r) => r.ours_redis_cpu_us],
  ["Daraja's µs", (r) => r.ours_daraja_cpu_us],
  ['callbacks/s', (r) => r.ours_callback_rps ?? ''],
  ['their p99 ms', (r) => r.ours_callback_p99_ms ?? ''],
  ['credited/s', (r) => r.ours_credit_rps ?? ''],
  ['after ms (p50, p99)', (r) => (r.ours_credit_rps ? `${r.ours_credit_p50_ms}, ${r.ours_credit_p99_ms}` : '')],
  ['storing alone: ours/s', (r) => r.storing_rps ?? ''],
  ['Koa/s', (r) => r.koa_rps ?? ''],
  ['times', (r) => r.ratio?.toFixed(2) ?? ''],
];
