// The servers that are measured: ours, the peers in bench/peers, and those that --peer names. bench/README.md has the contract.
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { urlOfPeer, urlsOf } from './database.mjs';
import { Server } from './processes.mjs';

export const secret = randomBytes(48).toString('base64');

const environment = {
  JWT_SECRET: secret,
  APP_SECRET: randomBytes(48).toString('base64'),
  REDIS_URL: process.env.TEST_REDIS_URL,
  CORS_ORIGINS: 'https://shop.example',
  LOG_LEVEL: 'info',
  // One address sends it all, and the peers have none. RATE_LIMITS=on measures what they cost.
  RATE_LIMITS: process.env.RATE_LIMITS ?? 'off',
};

// Other settings may be tried by the environment; the defaults are what is compared.
const passedOn = (...names) =>
  Object.fromEntries(names.filter((name) => process.env[name]).map((name) => [name, process.env[name]]));

const makeOurs = ({ program, preload, directory, name = 'ours', title = name, database = name, more = {} }) =>
  new Server({
    name,
    title,
    command: [resolve(program), 'serve'],
    environment: {
      ...environment,
      DATABASE_URL: urlsOf(database).app,
      DATABASE_SYSTEM_URL: urlsOf(database).system,
      STORAGE_URL: `file://${join(directory, 'files')}`,
      // The peers leave their rows there, too. OUTBOX_RELAY=true measures what moving them to Redis costs.
      OUTBOX_RELAY: process.env.OUTBOX_RELAY ?? 'false',
      ...(preload ? { LD_PRELOAD: resolve(preload) } : {}),
      ...passedOn(
        'THREADS',
        'DATABASE_WRITE_CONNECTIONS',
        'DATABASE_POINT_CONNECTIONS',
        'DATABASE_READ_CONNECTIONS',
        'DATABASE_BULK_CONNECTIONS',
        'DATABASE_TENANT_SHARE',
        'JOB_CONCURRENCY',
        'LOAD_SHEDDING',
      ),
      ...more,
    },
    log: join(directory, `${name}.log`),
  });

const makePeer = (directory, { name, title, command, database = name, ...rest }) =>
  Object.assign(
    new Server({
      name,
      title,
      command,
      environment: {
        ...environment,
        DATABASE_URL: urlOfPeer(database),
        NODE_ENV: 'production',
        ...passedOn('WORKERS', 'DATABASE_CONNECTIONS'),
      },
      log: join(directory, `${name}.log`),
    }),
    rest,
  );

const inTree = (name) => [process.execPath, `bench/peers/${name}/src/server.js`];

// `needs`: what it must answer as we do; the works that need other things leave it out.
const builtIn = [
  { name: 'koa', title: 'Koa', needs: ['health', 'product-by-id', 'product-page', 'sale'], fails: true, deep: true },
  { name: 'fastify', title: 'Fastify', needs: ['health', 'product-by-id', 'product-page'], fails: true, deep: false },
];

function readOutside(text) {
  const [, name, program] = /^([a-z][a-z0-9_]*)=(.+)$/.exec(text) ?? [];
  if (!name) throw new Error(`--peer takes NAME=PROGRAM, NAME of small letters, digits and _: ${text}`);
  if (name === 'ours' || builtIn.some((peer) => peer.name === name)) throw new Error(`--peer: ${name} is taken`);
  return { name, title: name, command: [resolve(program)], needs: [...builtIn[0].needs], fails: false, deep: true };
}

// Ours first. A peer has `needs`, and `reasons`: why a need, or everything (`all`), is not measured.
// `alone`: without any peer of the tree. `preload`: a library that ours is started with.
export function makeServers({ program, outside, alone, preload, directory }) {
  const inside = alone ? [] : builtIn;
  const peers = [...inside.map((peer) => ({ ...peer, command: inTree(peer.name) })), ...outside.map(readOutside)];
  const names = peers.map(({ name }) => name);
  if (new Set(names).size < names.length) throw new Error('--peer: two have the same name');
  return [
    makeOurs({ program, preload, directory }),
    ...peers.map((peer) => makePeer(directory, { ...peer, reasons: {} })),
  ];
}

// Of the works payment-*: ours as it runs, with its jobs; ours with nothing but its routes, which stores callbacks and answers; and Koa, which
// does the same. Each has a database of its own.
export function makePaymentServers({ program, alone, preload, directory, daraja }) {
  const more = {
    CREDENTIALS_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    MPESA_BASE_URL: daraja,
    PAYMENT_CALLBACK_URL: 'https://bench.example', // of which daraja.mjs takes the path
  };
  const own = { program, preload, directory };
  const jobs = { OUTBOX_RELAY: 'true', JOB_QUEUES: 'all', JOB_PREFIX: 'bench-payments' };
  const [koa] = builtIn;
  const servers = {
    ours: makeOurs({ ...own, database: 'payments', more: { ...more, ...jobs } }),
    storing: makeOurs({ ...own, name: 'storing', title: 'ours, storing', database: 'payments_storing', more }),
  };
  if (!alone) servers.koa = makePeer(directory, { ...koa, command: inTree('koa'), database: 'payments_koa' });
  return servers;
}

// What it must answer for a work, and whether it is meant to take part.
export const takesPart = (peer, { need, deep = false }) => peer.needs.includes(need) && (!deep || peer.deep);

// Undefined: it is measured.
export const reasonAgainst = (peer, need) => peer.reasons.all ?? peer.reasons[need];

// What goes wrong with a peer of the tree is a fault of ours and ends the run; another one is left out.
export function leaveOut(peer, need, error, say) {
  if (peer.fails) throw error;
  const [reason] = error.message.split('\n');
  peer.reasons[need] = reason;
  say(`${peer.title}: ${need === 'all' ? '' : `${need} `}not measured: ${error.message}`);
}
