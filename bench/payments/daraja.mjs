// Safaricom as far as a prompt goes, and a payer who always pays: what the works payment-* are measured against. tests/simulators/daraja.mjs
// plays whole customers and looks through all of them at each prompt; this one answers, and remembers whom to call back.
//
// Says its port, then an answer of JSON for each line that it reads:
//     service URL         what is called back
//     prompts             {asked, waiting}: so far, and those that were not called back yet
//     invent COUNT FILE   as if it had been asked so often, by the accounts whose callback tokens are the file's lines, in turn
//     call_back COUNT     all who wait, so many at a time: {calls, microseconds, p50_us, p99_us}
//     follow MS           from now on it calls back by itself, so long after each prompt
//     told                what follow has made since it was asked last: {calls, p50_us, p99_us}
//     unfollow            {}, once all of them are answered
// A callback that is not answered with 200 ends it.
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { performance } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers';

let asked = 0;
let waiting = [];
let service; // {url, idle}: where callbacks go, and the connections that are kept
let following; // milliseconds; undefined: callbacks wait for a command
let told = [];
let open = 0;
let onIdle;

// ---- What is answered ----

const run = randomBytes(2).toString('hex').toUpperCase();
const reply = (json) => {
  const body = JSON.stringify(json);
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};
const tokenReply = reply({ access_token: randomBytes(18).toString('base64url'), expires_in: '3599' });

// The path's last part is the attempt's id.
const remember = (path, phone, amount) => ({ number: ++asked, path, phone, amount });
const merchantId = ({ number }) => `29115-34620561-${number}`;
const checkoutId = ({ number, phone }) => `ws_CO_27112026${run}${String(number).padStart(9, '0')}${phone}`;

function prompted(push) {
  const prompt = remember(new URL(push.CallBackURL).pathname, push.PhoneNumber, Number(push.Amount));
  if (following === undefined) waiting.push(prompt);
  else follow(prompt);
  const text = 'Success. Request accepted for processing';
  return reply({
    MerchantRequestID: merchantId(prompt),
    CheckoutRequestID: checkoutId(prompt),
    ResponseCode: '0',
    ResponseDescription: text,
    CustomerMessage: text,
  });
}

function serve(socket) {
  let unread = '';
  socket.setNoDelay(true).setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('data', (text) => {
    unread += text;
    for (;;) {
      const head = unread.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(unread.slice(0, head))?.[1] ?? 0);
      const end = head + 4 + length;
      if (unread.length < end) return;
      const isToken = unread.startsWith('GET /oauth/');
      socket.write(isToken ? tokenReply : prompted(JSON.parse(unread.slice(head + 4, end))));
      unread = unread.slice(end);
    }
  });
}

// ---- What is told ----

const bodyOf = (prompt) =>
  JSON.stringify({
    Body: {
      stkCallback: {
        MerchantRequestID: merchantId(prompt),
        CheckoutRequestID: checkoutId(prompt),
        ResultCode: 0,
        ResultDesc: 'The service request is processed successfully.',
        CallbackMetadata: {
          Item: [
            { Name: 'Amount', Value: prompt.amount },
            {
              Name: 'MpesaReceiptNumber',
              Value: `S${run}${prompt.number.toString(36).toUpperCase().padStart(5, '0')}`,
            },
            { Name: 'Balance' },
            { Name: 'TransactionDate', Value: 20261127103021 },
            { Name: 'PhoneNumber', Value: Number(prompt.phone) },
          ],
        },
      },
    },
  });

// One call at a time. Connections are kept; so few lines take half of undici's CPU.
class Connection {
  constructor({ hostname, port }) {
    let unread = '';
    this.socket = connect(Number(port), hostname).setNoDelay(true).setEncoding('latin1');
    this.socket.on('error', (error) => this.answered?.reject(error));
    this.socket.on('close', () =>
      this.answered?.reject(new Error('a connection was closed in the middle of a callback')),
    );
    this.socket.on('data', (text) => {
      unread += text;
      const head = unread.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(unread.slice(0, head))?.[1] ?? 0);
      if (unread.length < head + 4 + length) return;
      const reply = unread;
      unread = '';
      this.answered.resolve(reply);
    });
  }

  ask(request) {
    return new Promise((resolve, reject) => {
      this.answered = { resolve, reject };
      this.socket.write(request);
    }).finally(() => (this.answered = undefined));
  }
}

// Gives the microseconds until the answer.
async function callBack(prompt) {
  const { url, idle } = service;
  const began = performance.now();
  const connection = idle.pop() ?? new Connection(url);
  const body = bodyOf(prompt);
  const head = `POST ${prompt.path} HTTP/1.1\r\nHost: ${url.host}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;
  const reply = await connection.ask(`${head}\r\n\r\n${body}`);
  const took = (performance.now() - began) * 1_000;
  if (!reply.startsWith('HTTP/1.1 200 ')) throw new Error(`a callback was answered with ${reply}`);
  idle.push(connection);
  return took;
}

function follow(prompt) {
  ++open;
  setTimeout(async () => {
    told.push(await callBack(prompt));
    if (--open === 0) onIdle?.();
  }, following);
}

function figuresOf(times) {
  const sorted = Float64Array.from(times).sort();
  const at = (part) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0);
  return { calls: sorted.length, p50_us: at(0.5), p99_us: at(0.99) };
}

// ---- Commands ----

const commands = {
  service(url) {
    for (const { socket } of service?.idle ?? []) socket.destroy();
    service = { url: new URL(url), idle: [] };
    return {};
  },
  prompts: () => ({ asked, waiting: waiting.length }),
  invent(count, file) {
    const tokens = readFileSync(file, 'utf8').trim().split('\n');
    for (let i = 0; i < Number(count); ++i) {
      const path = `/v1/callbacks/m/${tokens[i % tokens.length]}/stk/${randomUUID()}`;
      waiting.push(remember(path, String(254_700_000_000 + (asked % 1e8)), 250));
    }
    return {};
  },
  async call_back(count) {
    const prompts = waiting;
    waiting = [];
    const times = [];
    let next = 0;
    const began = performance.now();
    const lane = async () => {
      while (next < prompts.length) times.push(await callBack(prompts[next++]));
    };
    await Promise.all(Array.from({ length: Number(count) }, lane));
    return { ...figuresOf(times), microseconds: Math.round((performance.now() - began) * 1_000) };
  },
  follow(milliseconds) {
    following = Number(milliseconds);
    return {};
  },
  told() {
    const times = told;
    told = [];
    return figuresOf(times);
  },
  async unfollow() {
    following = undefined;
    if (open > 0) await new Promise((resolve) => (onIdle = resolve));
    onIdle = undefined;
    return {};
  },
};

const server = createServer(serve).listen(0, '127.0.0.1', () => console.log(JSON.stringify(server.address().port)));
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...words] = line.split(' ');
  console.log(JSON.stringify(await commands[command](...words)));
}
process.exit(0);
