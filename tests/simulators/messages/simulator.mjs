// What the simulators of Africa's Talking, Twilio and WhatsApp have in common: the messages that they took, what becomes of each by its
// number or by a script, reports that are told and told again, and the pages for whoever tests.
//
// A fate: {refuse, reply, times, report, code}. `refuse`: the provider's code of a refusal. `reply`: `hang` (taken, never answered), `cut` (taken,
// connection closed), `html` (502 of something on the way, not taken), `down` (503), `limited` (429). `times`: so often, then it is taken.
// `report`: `none`, `first` (told before the reply), `twice`, `disorder` (the end before the middle), `failed` (with `code`), `absent`.
import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { createServer, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';

const longestBody = 256 * 1024;
const pauses = [0, 50, 100, 200, 400, 800, 1_600, 3_200];

export const digits = (number) => String(number).replace(/\D/g, '');
export const newId = (prefix, bytes = 16) => prefix + randomBytes(bytes).toString('hex');

// The same numbers mean the same at each provider.
export const fates = {
  254700000401: { says: 'no such number', refuse: 'number' },
  254700000402: { says: 'our sender is refused', refuse: 'sender' },
  254700000405: { says: 'our balance is used up', refuse: 'balance' },
  254700000406: { says: 'has told us to stop', refuse: 'stop' },
  254700000429: { says: 'too many requests, once', reply: 'limited', times: 1 },
  254700000500: { says: 'an error for now, once', refuse: 'busy', times: 1 },
  254700000502: { says: 'a gateway answers with HTML', reply: 'html' },
  254700000503: { says: 'unavailable, once', reply: 'down', times: 1 },
  254700000504: { says: 'taken, and never answered', reply: 'hang' },
  254700000505: { says: 'taken, and the connection is cut', reply: 'cut' },
  254700000601: { says: 'delivered before the reply', report: 'first' },
  254700000602: { says: 'nothing is ever told', report: 'none' },
  254700000603: { says: 'all is told twice', report: 'twice' },
  254700000604: { says: 'told in disorder', report: 'disorder' },
  254700000605: { says: 'accepted, and then it failed', report: 'failed' },
  254700000606: { says: 'accepted, and nobody could be reached', report: 'absent' },
};

// {status, body}; status 0: there was no answer within 10 s.
export function call(method, url, body, headers = {}, ca = undefined) {
  const target = new URL(url);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve) => {
    const sent = send(target, { method, ca, agent: false, timeout: 10_000, headers }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (piece) => (text += piece));
      reply.on('end', () => resolve({ status: reply.statusCode, body: text }));
      reply.on('error', () => resolve({ status: 0, body: '' }));
    });
    sent.on('timeout', () => sent.destroy());
    sent.on('error', () => resolve({ status: 0, body: '' }));
    sent.end(body);
  });
}

const escaped = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

// A provider has: title, api(request) → {status, type, body, taken: [message]}, reportOf(message, step) → {url, body, headers},
// refusal(kind) → what `refuse` means there, and receive(order).
export class MessageSimulator {
  constructor({ reportAfter = 20, ca } = {}) {
    Object.assign(this, { reportAfter, ca });
    this.messages = [];
    this.requests = [];
    this.told = []; // {url, status, body}
    this.scripts = new Map();
    this.misbehaved = new Map();
    this.underWay = new Set();
    this.people = new Map(); // number → what they wrote
    this.hung = new Set();
    this.hasEnded = false;
  }

  // ---- Fates ----

  fateOf(number) {
    const key = digits(number);
    const fate = this.scripts.get(key) ?? this.scripts.get('*') ?? fates[key] ?? {};
    if (fate.times === undefined) return fate;
    const before = this.misbehaved.get(key) ?? 0;
    this.misbehaved.set(key, before + 1);
    return before < fate.times ? fate : { report: fate.report, code: fate.code };
  }
  script({ to = '*', fate, reset = false, reportAfter }) {
    if (reset) for (const map of [this.scripts, this.misbehaved]) map.clear();
    if (reportAfter !== undefined) this.reportAfter = reportAfter;
    const key = to === '*' ? to : digits(to);
    if (fate) this.scripts.set(key, fate);
    else this.scripts.delete(key);
    this.misbehaved.delete(key);
    return {};
  }

  // ---- Reports ----

  take(message) {
    const taken = { status: 'taken', at: new Date().toISOString(), ...message };
    this.messages.push(taken);
    return taken;
  }
  stepsOf({ report = 'once', code }) {
    if (report === 'none') return [];
    if (report === 'failed') return [{ step: 'sent' }, { step: 'failed', code }];
    if (report === 'absent') return [{ step: 'absent', code }];
    if (report === 'disorder') return [{ step: 'delivered' }, { step: 'sent' }];
    if (report === 'twice') return ['sent', 'sent', 'delivered', 'delivered'].map((step) => ({ step }));
    return [{ step: 'sent' }, { step: 'delivered' }];
  }
  // One after the other, as the network tells them.
  follow(message, fate) {
    return this.run(async () => {
      for (const { step, code } of this.stepsOf(fate)) {
        await wait(this.reportAfter, undefined, { ref: false });
        if (this.hasEnded) return;
        await this.tell(message, step, code);
      }
    });
  }
  run(work) {
    const promise = work();
    this.underWay.add(promise);
    promise.finally(() => this.underWay.delete(promise));
    return promise;
  }
  async tell(message, step, code) {
    message.status = step;
    const report = this.reportOf(message, step, code);
    return report ? this.deliver(report) : 0;
  }
  // The same bytes each time, until they are taken.
  async deliver({ url, body, headers }) {
    let status = 0;
    for (const pause of pauses) {
      await wait(pause, undefined, { ref: false });
      if (this.hasEnded) return status;
      const all = { 'Content-Length': Buffer.byteLength(body), ...headers };
      ({ status } = await call('POST', url, body, all, this.ca));
      this.told.push({ url, status, body });
      if (status >= 200 && status < 300) break;
      if (status === 403 && !this.retriesRefusals) break;
    }
    return status;
  }
  async idle() {
    while (this.underWay.size > 0) await Promise.all(this.underWay);
    return {};
  }

  // ---- Pages and controls ----

  manual() {
    const rows = Object.entries(fates).map(
      ([number, { says }]) => `<tr><td>+${number}</td><td>${escaped(says)}</td></tr>`,
    );
    const taken = this.messages
      .slice(-50)
      .reverse()
      .map(
        ({ to, text, status }) =>
          `<tr><td>${escaped(to)}</td><td>${escaped(status)}</td><td>${escaped(text)}</td></tr>`,
      );
    return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${this.title}, simulated</title>
<h1>${this.title}, simulated</h1><p>Nothing leaves this machine.</p><h2>Numbers with a fate</h2><table>${rows.join('')}</table>
<h2>The last messages</h2><table>${taken.join('')}</table></html>`;
  }
  controls() {
    return {
      'GET /_messages': () => this.messages,
      'GET /_requests': () => this.requests,
      'GET /_told': () => this.told,
      'GET /_idle': () => this.idle(),
      'POST /_script': (order) => this.script(order),
      'POST /_receive': (order) => this.receive(order),
      'POST /_report': async ({ id, step, code }) => {
        const message = this.messages.find((one) => one.id === id);
        return message ? { status: await this.tell(message, step, code) } : undefined;
      },
      ...this.moreControls?.(),
    };
  }

  // ---- HTTP ----

  async answer(request, reply) {
    const url = new URL(request.url, 'http://simulator');
    const send = (status, type, body, headers = {}) =>
      reply.writeHead(status, { 'Content-Type': type, ...headers }).end(body);
    let text = '';
    for await (const piece of request.setEncoding('utf8')) {
      text += piece;
      if (text.length > longestBody) return send(413, 'text/plain', 'Too long.');
    }
    if (url.pathname === '/' && request.method === 'GET') return send(200, 'text/html', this.manual());
    if (url.pathname.startsWith('/_')) {
      const done = await this.controls()[`${request.method} ${url.pathname}`]?.(text ? JSON.parse(text) : {});
      return send(done ? 200 : 404, 'application/json', JSON.stringify(done ?? {}));
    }
    const { authorization, apikey, ...headers } = request.headers;
    this.requests.push({ method: request.method, path: url.pathname, headers, body: text });
    const answer = this.api({ method: request.method, url, text, authorization, apikey, headers });
    return this.settle(answer, request, send);
  }
  // `answer.taken`: [{message, fate}].
  async settle({ status, type = 'application/json', body, headers, taken = [], wire }, request, send) {
    const first = taken.filter(({ fate }) => fate.report === 'first');
    for (const { message } of first) await this.tell(message, 'delivered');
    for (const { message, fate } of taken) if (fate.report !== 'first') this.follow(message, fate);
    if (wire === 'cut') return request.socket.destroy();
    if (wire === 'hang') return this.hung.add(request.socket);
    return send(status, type, typeof body === 'string' ? body : JSON.stringify(body), headers);
  }
}

// What a fate's `reply` is on the wire, before the provider looks at the request; undefined: the provider answers.
export function outage(reply) {
  if (reply === 'html') return { status: 502, type: 'text/html', body: '<html><h1>502 Bad Gateway</h1></html>' };
  if (reply === 'down') return { status: 503, type: 'text/plain', body: 'Service Unavailable' };
  return undefined;
}

// {port, url, simulator, close()} and the shorthands of tests.
export async function serve(simulator, port) {
  const server = createServer((request, reply) => {
    simulator.answer(request, reply).catch((error) => {
      if (!reply.headersSent) reply.writeHead(500, { 'Content-Type': 'text/plain' }).end(String(error));
    });
  });
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    url: `http://127.0.0.1:${server.address().port}`,
    messages: () => simulator.messages,
    requests: () => simulator.requests,
    told: () => simulator.told,
    script: (order) => simulator.script(order),
    receive: (order) => simulator.receive(order),
    report: (id, step, code) =>
      simulator.tell(
        simulator.messages.find((one) => one.id === id),
        step,
        code,
      ),
    idle: () => simulator.idle(),
    callBackTo: (order) => simulator.callBackTo(order),
    close: async () => {
      simulator.hasEnded = true;
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
