// The servers that are measured: ours, the peers in bench/peers, and those that --peer names. bench/README.md has the contract.
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { urlOfPeer, urls } from './database.mjs';
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

const makeOurs = ({ program, preload, directory }) =>
  new Server({
    name: 'ours',
    title: 'ours',
    command: [resolve(program), 'serve'],
    environment: {
      ...environment,
      DATABASE_URL: urls.app,
      DATABASE_SYSTEM_URL: urls.system,
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
      ),
    },
    log: join(directory, 'ours.log'),
  });

const makePeer = (directory, { name, title, command, ...rest }) =>
  Object.assign(
    new Server({
      name,
      title,
      command,
      environment: {
        ...environment,
        DATABASE_URL: urlOfPeer(name),
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
