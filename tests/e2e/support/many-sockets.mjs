// Thousands of WebSockets in a process of their own, so that what they cost is no part of what is measured: bare sockets that know as much
// of RFC 6455 as a server may send them, and read through one buffer. support/many-sockets.ts says what to do: {id, call, options}, which is
// answered with {id, result} or {id, error}.
import { Buffer } from 'node:buffer';
import { createHash, createHmac, randomBytes } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import { clearTimeout, setTimeout } from 'node:timers';

const shared = Buffer.allocUnsafe(1 << 18);

// A mask of zeros is a mask, and leaves the bytes as they are.
function frame(opcode, payload) {
  const bytes = Buffer.from(payload);
  const head = bytes.length > 125 ? Buffer.alloc(8) : Buffer.alloc(6);
  head[0] = 0x80 | opcode;
  head[1] = 0x80 | (bytes.length > 125 ? 126 : bytes.length);
  if (bytes.length > 125) head.writeUInt16BE(bytes.length, 2);
  return Buffer.concat([head, bytes]);
}

// What each server wants until a socket is served, and how a text is published to all.
const dialects = {
  own: {
    path: () => '/v1/ws',
    onText(socket, text) {
      const { t, n } = JSON.parse(text);
      const { topics, since } = crowd.options;
      if (t === 'ready') return topics ? socket.say(JSON.stringify({ t: 'sub', topics, since })) : socket.isServed();
      if (t === 'subscribed' && !since) return socket.isServed();
      // What answers `since` is no message of the topic, and has no number.
      if ((t === 'poke' && n === undefined) || t === 'resync') {
        crowd.told[t] = (crowd.told[t] ?? 0) + 1;
        socket.isServed();
      }
      return undefined;
    },
  },
  pusher: {
    path: ({ app }) => `/app/${app.key}?protocol=7`,
    onText(socket, text) {
      const { event } = JSON.parse(text);
      if (event === 'pusher:connection_established')
        socket.say(JSON.stringify({ event: 'pusher:subscribe', data: { channel: 'load' } }));
      if (event === 'pusher_internal:subscription_succeeded') socket.isServed();
    },
    publication({ app }, data) {
      const body = JSON.stringify({ name: 'message', channel: 'load', data });
      const path = `/apps/${app.id}/events`;
      const md5 = createHash('md5').update(body).digest('hex');
      const seconds = Math.floor(Date.now() / 1_000);
      const query = `auth_key=${app.key}&auth_timestamp=${seconds}&auth_version=1.0&body_md5=${md5}`;
      const signature = createHmac('sha256', app.secret).update(`POST\n${path}\n${query}`).digest('hex');
      return { path: `${path}?${query}&auth_signature=${signature}`, body };
    },
  },
  ws: {
    path: () => '/',
    onOpen: (socket) => socket.isServed(),
    publication: (_, body) => ({ path: '/publish', body }),
  },
  // Engine.IO 4 over a WebSocket: 0 opens, 2 and 3 are ping and pong, 40 connects, 42 is an event.
  'socket.io': {
    path: () => '/socket.io/?EIO=4&transport=websocket',
    onText(socket, text) {
      if (text.startsWith('40')) socket.isServed();
      else if (text.startsWith('0')) socket.say('40');
      else if (text.startsWith('2')) socket.say('3');
    },
    publication: (_, body) => ({ path: '/publish', body }),
  },
};

// Who is connected, and what became of it.
let crowd;

class Socket {
  constructor(token) {
    this.token = token;
    this.last = 0;
  }

  // Until it is served. What refuses it is counted, and asked again a tenth of a second later.
  open() {
    return new Promise((resolve) => {
      this.isServed = () => {
        this.served = true;
        resolve();
      };
      this.connect();
    });
  }

  connect() {
    const { port, dialect } = crowd.options;
    this.rest = undefined;
    this.served = this.upgraded = this.isClosed = false;
    this.code = 'cut';
    const onread = { buffer: shared, callback: (length) => this.read(shared.subarray(0, length)) };
    this.tcp = net.connect({ port, host: '127.0.0.1', noDelay: true, onread });
    this.tcp.on('error', ({ code }) => (this.code = code)).on('close', () => this.onClose());
    const more = this.token ? `Authorization: Bearer ${this.token}\r\n` : '';
    this.tcp.write(
      `GET ${dialects[dialect].path(crowd.options)} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n${more}\r\n`,
    );
  }

  onClose() {
    if (this.isLeft) return;
    this.isClosed = true;
    const counts = this.served ? crowd.closed : crowd.refused;
    counts[this.code] = (counts[this.code] ?? 0) + 1;
    if (!this.served) setTimeout(() => this.connect(), 100);
    this.served = false;
    crowd.onClose?.();
  }

  say(text) {
    this.tcp.write(frame(1, text));
  }

  read(bytes) {
    const all = this.rest ? Buffer.concat([this.rest, bytes]) : bytes;
    let at = this.upgraded ? 0 : this.readHead(all);
    for (; all.length - at >= 2 && this.upgraded;) {
      const short = all[at + 1];
      const begin = at + (short === 126 ? 4 : short === 127 ? 10 : 2);
      if (begin > all.length) break;
      const length =
        short === 126 ? all.readUInt16BE(at + 2) : short === 127 ? Number(all.readBigUInt64BE(at + 2)) : short;
      if (begin + length > all.length) break;
      this.take(all[at] & 15, all.subarray(begin, begin + length));
      at = begin + length;
    }
    this.rest = at < all.length ? Buffer.from(all.subarray(at)) : undefined;
    return true;
  }

  readHead(all) {
    const end = all.indexOf('\r\n\r\n');
    if (end < 0) return 0;
    const status = all.toString('latin1', 9, 12);
    if (status === '101') {
      this.upgraded = true;
      dialects[crowd.options.dialect].onOpen?.(this);
    } else {
      this.code = status;
      this.tcp.destroy();
    }
    return end + 4;
  }

  take(opcode, payload) {
    if (opcode === 8) {
      this.code = payload.readUInt16BE(0);
      this.tcp.end(frame(8, payload));
    }
    if (opcode === 9) this.tcp.write(frame(10, payload));
    if (opcode !== 1) return;
    // What publish() sends begins with #000123#, however the server has wrapped it.
    const mark = payload.indexOf(35);
    if (mark < 0) dialects[crowd.options.dialect].onText?.(this, payload.toString());
    else this.arrived(Number(payload.latin1Slice(mark + 1, mark + 7)));
  }

  arrived(number) {
    if (number !== this.last + 1) ++crowd.outOfOrder;
    this.last = number;
    const one = crowd.publications[number];
    crowd.waits.push(performance.now() - one.at);
    if (--one.left === 0) one.complete();
  }
}

async function inLanes(lanes, all, work) {
  const left = [...all];
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      for (let one = left.pop(); one; one = left.pop()) await work(one);
    }),
  );
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
function post({ path, body }) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = http.request({ port: crowd.options.port, method: 'POST', path, headers, agent }, (reply) => {
      reply.resume();
      reply.on('end', () =>
        reply.statusCode === 200 ? resolve() : reject(new Error(`published: ${reply.statusCode}`)),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

const within = (work, what, seconds = 120) => {
  let timer;
  const late = new Promise((_, reject) => {
    const fail = () => reject(new Error(`not within ${seconds} s: ${what}; ${JSON.stringify(calls.status())}`));
    timer = setTimeout(fail, seconds * 1_000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};
const percentile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

const calls = {
  // So many more sockets, each until it is served; the options are those of all from then on.
  async open({ count, tokens = [], atOnce = 100, ...options }) {
    crowd ??= { sockets: [], publications: [undefined], waits: [], outOfOrder: 0, closed: {}, refused: {}, told: {} };
    crowd.options = options;
    const added = Array.from({ length: count }, (_, index) => new Socket(tokens[index]));
    crowd.sockets.push(...added);
    await within(
      inLanes(atOnce, added, (socket) => socket.open()),
      'all are served',
      60 + count / 50,
    );
    return calls.status();
  },

  async follow({ topics, atOnce = 100 }) {
    crowd.options.topics = topics;
    const follow = (socket) => {
      const served = new Promise((resolve) => (socket.isServed = resolve));
      socket.say(JSON.stringify({ t: 'sub', topics }));
      return served;
    };
    await within(inLanes(atOnce, crowd.sockets, follow), 'all follow');
  },

  // One after the other, `window` of them at most not yet with everybody.
  async publish({ messages, window }) {
    const { publications, sockets, options } = crowd;
    crowd.waits = [];
    const began = performance.now();
    const first = publications.length;
    for (let number = first; number < first + messages; ++number) {
      const one = { at: 0, left: sockets.length };
      one.isComplete = new Promise((resolve) => (one.complete = resolve));
      publications.push(one);
      const text = `#${String(number).padStart(6, '0')}#`.padEnd(200, 'x');
      const request = dialects[options.dialect].publication(options, text);
      one.at = performance.now();
      await post(request);
      if (number - first >= window - 1) await within(publications[number - window + 1].isComplete, `message ${number}`);
    }
    await within(Promise.all(publications.slice(first).map((one) => one.isComplete)), 'all messages');
    const seconds = (performance.now() - began) / 1_000;
    const waits = crowd.waits.sort((one, other) => one - other);
    const { outOfOrder } = crowd;
    return { received: waits.length, outOfOrder, seconds, p50: percentile(waits, 0.5), p99: percentile(waits, 0.99) };
  },

  // When the server has closed all of them, or died.
  async closed() {
    const areClosed = new Promise((resolve) => {
      crowd.onClose = () => crowd.sockets.every(({ isClosed }) => isClosed) && resolve();
      crowd.onClose();
    });
    await within(areClosed, 'all are closed');
    return calls.status();
  },

  // All at once.
  async reopen({ since }) {
    crowd.options.since = since;
    crowd.refused = {};
    const began = performance.now();
    await within(Promise.all(crowd.sockets.map((socket) => socket.open())), 'all are back');
    return { milliseconds: performance.now() - began, ...calls.status() };
  },

  status() {
    const { sockets, refused, closed, told } = crowd;
    return { served: sockets.filter(({ served }) => served).length, refused, closed, told };
  },

  leave() {
    for (const socket of crowd?.sockets ?? []) {
      socket.isLeft = true;
      socket.tcp.destroy();
    }
    crowd = undefined;
  },
};

process.on('message', async ({ id, call, options }) => {
  try {
    process.send({ id, result: await calls[call](options) });
  } catch (error) {
    process.send({ id, error: String(error) });
  }
});
process.on('disconnect', () => process.exit());
