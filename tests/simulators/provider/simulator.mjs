// What the simulators of Flutterwave and Paystack have in common: payments by a prompt or on a page, a payer who decides, webhooks, refunds,
// and scripts for tests. A provider says how its messages look (flutterwave.mjs, paystack.mjs).
//
//     GET  /             what each number and each amount does
//     GET  /_ledger      {"entries":[{reference, receipt, amount, refunded, currency, phone}]}: the money that moved, in minor units
//     GET  /_payments    every payment; GET /_requests, /_deliveries; GET /_idle when no webhook is on its way
//     POST /_webhook     {"url", "secret"?}: where events go, of every account
//     POST /_script      {"reference"|"phone"|"*", "reply"?, "events"?, "outcome"?, "after"?}: "held" replies wait for /_release
//     POST /_release     {"reference", "how":"reply"|"lose"}
//     POST /_pay         {"reference"|"phone", "outcome"?, "amount"?}: the payer decides now; amount: other than was asked
//     POST /_say         {"reference", "status":"paid"|"pending"|"failed"|null}: what verifications say, whatever happened
//     POST /_event       {"reference", "status"?, "times"?, "spaces"?, "forged"?}: an event of that status, whatever happened
//     POST /_settle      {"refund", "fails"?}; POST /_advance {"seconds"}
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { clearTimeout, setTimeout } from 'node:timers';
import { setTimeout as wait } from 'node:timers/promises';
import { URLSearchParams } from 'node:url';
import { parseArgs } from 'node:util';

import { Deliveries } from './deliveries.mjs';
import { byAmount, byPhone, mannersOf, outcomeOf, outcomes, Random, worst } from './payers.mjs';

const longestBody = 256 * 1024;

export class ApiError extends Error {
  constructor(status, body) {
    super(body.message);
    this.status = status;
    this.body = body;
  }
}

async function read(request) {
  let body = '';
  for await (const piece of request.setEncoding('utf8')) {
    body += piece;
    if (body.length > longestBody) throw new Error('too long');
  }
  return body;
}

export const escaped = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

const decimals = { UGX: 0, RWF: 0, XAF: 0, XOF: 0 };
export const scaleOf = (currency) => 10 ** (decimals[currency] ?? 2);

export class ProviderSimulator {
  constructor({ webhookUrl, webhookSecret, ca, seed = 0, rates = {}, retryMs, speed = 1 } = {}) {
    this.random = new Random(seed, rates);
    this.deliveries = new Deliveries({ ca, retryMs });
    this.webhooks = webhookUrl ? [{ url: webhookUrl, secret: webhookSecret }] : [];
    this.payments = new Map(); // reference → payment
    this.refunds = new Map(); // id → refund
    this.scripts = new Map();
    this.held = new Map(); // reference → (how) => …
    this.limited = new Set();
    this.requests = [];
    this.clockAhead = 0;
    this.speed = speed;
    this.timers = new Set();
    this.counter = 4_000_000 + Math.floor(Math.random() * 1_000_000) * 100;
    this.base = '';
  }

  nextId() {
    return ++this.counter;
  }
  now() {
    return Date.now() + this.clockAhead;
  }
  later(milliseconds, work) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, milliseconds / this.speed);
    this.timers.add(timer);
  }

  // ---- Payments ----

  // `amount` is minor units. Throws what the provider says to a reference that it knows.
  begin({ reference, amount, currency, phone, returnUrl, key, metadata, more = {} }) {
    if (this.payments.has(reference)) throw this.duplicate();
    const payment = {
      reference,
      amount,
      currency,
      phone,
      returnUrl,
      key,
      metadata,
      created: this.now(),
      transactions: [],
      said: null,
      ...more,
    };
    this.payments.set(reference, payment);
    if (phone) {
      this.newTransaction(payment);
      const { outcome = outcomeOf(phone), after = 1_000 } = this.scriptOf(payment);
      if (outcome !== 'never') this.later(after, () => this.decide(payment, outcome));
    }
    return payment;
  }
  newTransaction(payment) {
    const transaction = {
      id: this.nextId(),
      token: randomBytes(5).toString('hex'),
      status: 'pending',
      amount: payment.amount,
      reason: null,
      created: this.now(),
      paid: null,
      refunded: 0,
    };
    payment.transactions.push(transaction);
    return transaction;
  }
  scriptOf({ reference, phone }) {
    return { ...this.scripts.get('*'), ...this.scripts.get(phone), ...this.scripts.get(reference) };
  }
  // The last one, and a successful one before all others.
  transactionOf(payment) {
    return payment.transactions.find(({ status }) => status === 'paid') ?? payment.transactions.at(-1);
  }
  // Of a page, each try is a transaction of its own.
  decide(payment, name, amount) {
    const outcome = outcomes[name] ?? outcomes.pays;
    let transaction = payment.transactions.at(-1);
    if (transaction?.status === 'paid') return transaction;
    if (!transaction || transaction.status !== 'pending') transaction = this.newTransaction(payment);
    if (!outcome.status) return transaction;
    transaction.status = outcome.status;
    transaction.reason = outcome.reason ?? 'Approved';
    if (amount !== undefined) transaction.amount = amount;
    if (outcome.status === 'paid') transaction.paid = this.now();
    this.announce(payment, transaction);
    return transaction;
  }
  announce(payment, transaction) {
    const manners = { ...mannersOf(payment.amount, this.random), ...this.scriptOf(payment) };
    if (manners.events === 'silent') return;
    this.sendEvents(
      payment,
      this.eventOf(payment, transaction, transaction.status),
      manners.events === 'twice' ? 3 : 1,
    );
  }
  // The same bytes each time, unless `spaces` says otherwise.
  sendEvents(payment, event, times = 1, { spaces = false, forged = false } = {}) {
    const sent = [];
    for (const { url, secret } of this.webhooks)
      for (let i = 0; i < times; ++i) {
        const body = JSON.stringify(event) + (spaces ? ' '.repeat(i) : '');
        sent.push(this.deliveries.send(url, body, this.signed(body, { secret, key: payment?.key, forged })));
      }
    return Promise.all(sent);
  }
  find({ reference, phone }) {
    const found =
      this.payments.get(reference) ?? [...this.payments.values()].reverse().find((one) => phone && one.phone === phone);
    if (!found) throw new ApiError(404, { message: 'There is none.' });
    return found;
  }

  // ---- Refunds ----

  // Refunds of an amount that ends with 31 wait for /_settle, all others are done.
  makeRefund(payment, transaction, amount, note) {
    if (transaction.refunded + amount > transaction.amount) throw this.tooMuch();
    transaction.refunded += amount;
    const refund = {
      id: this.nextId(),
      payment,
      transaction,
      amount,
      note,
      state: amount % 100 === 31 ? 'pending' : 'done',
    };
    this.refunds.set(String(refund.id), refund);
    this.announceRefund(refund);
    return refund;
  }
  settleRefund({ refund: id, fails = false }) {
    const refund = this.refunds.get(String(id));
    if (!refund) throw new ApiError(404, { message: 'There is none.' });
    if (refund.state !== 'pending') return {};
    refund.state = fails ? 'failed' : 'done';
    if (fails) refund.transaction.refunded -= refund.amount;
    this.announceRefund(refund);
    return {};
  }
  announceRefund(refund) {
    const event = this.refundEventOf(refund);
    if (event) this.sendEvents(refund.payment, event);
  }

  // ---- Manners ----

  // Around a request that makes something: `make` carries it out and gives the answer.
  async misbehave(amount, reference, make) {
    const script = this.scriptOf({ reference, phone: undefined });
    const { reply } = { ...mannersOf(amount, this.random), ...script };
    if (reply === 'error_before') throw this.broken(500);
    if (reply === 'refused') throw this.refused();
    if (reply === 'rate_limit' && !this.limited.has(reference)) {
      this.limited.add(reference);
      throw this.tooMany();
    }
    const answer = make();
    const payment = this.payments.get(reference);
    // By its number, it may be known only now.
    const held = reply === 'held' || (payment && this.scriptOf(payment).reply === 'held');
    if (held) return (await this.hold(reference)) === 'lose' ? { wire: 'lost' } : answer;
    if (reply === 'event_first') {
      if (payment && payment.transactions.length > 0) this.decide(payment, 'pays');
      await this.deliveries.idle();
    }
    if (reply === 'slow') await wait(3_000);
    if (reply === 'error_after') throw this.broken(503);
    return { ...answer, wire: reply === 'lost' || reply === 'html' ? reply : undefined };
  }
  hold(reference) {
    return new Promise((resolve) => this.held.set(reference, resolve));
  }
  release({ reference, how = 'reply' }) {
    const waiting = this.held.get(reference);
    this.held.delete(reference);
    waiting?.(how);
    return { released: Boolean(waiting) };
  }

  // ---- Whoever tests ----

  control(method, path, order) {
    const does = {
      'GET /_ledger': () => this.ledger(),
      'GET /_payments': () => ({ payments: [...this.payments.values()].map((one) => ({ ...one, key: undefined })) }),
      'GET /_requests': () => this.requests,
      'GET /_deliveries': () => this.deliveries.done,
      'GET /_idle': async () => (await this.deliveries.idle(), {}),
      'POST /_webhook': () => (this.webhooks.push(order), {}),
      'POST /_script': () => {
        const { reference, phone, ...script } = order;
        this.scripts.set(reference ?? phone ?? '*', script);
        return {};
      },
      'POST /_release': () => this.release(order),
      'POST /_pay': () => {
        const payment = this.find(order);
        const transaction = this.decide(payment, order.outcome ?? 'pays', order.amount);
        return { id: transaction.id, status: transaction.status };
      },
      'POST /_say': () => {
        this.find(order).said = order.status;
        return {};
      },
      'POST /_event': async () => {
        const payment = this.find(order);
        const transaction = this.transactionOf(payment) ?? this.newTransaction(payment);
        const event = this.eventOf(payment, transaction, order.status ?? transaction.status);
        return { statuses: await this.sendEvents(payment, event, order.times, order) };
      },
      'POST /_settle': () => this.settleRefund(order),
      'POST /_advance': () => ((this.clockAhead += order.seconds * 1000), {}),
      'POST /_manners': () =>
        Object.assign(this.random, { state: order.seed >>> 0, rates: order.worst ? worst : (order.rates ?? {}) }),
    };
    return does[`${method} ${path}`]?.();
  }
  ledger() {
    const entries = [];
    for (const payment of this.payments.values())
      for (const transaction of payment.transactions)
        if (transaction.paid)
          entries.push({
            reference: payment.reference,
            receipt: String(transaction.id),
            amount: transaction.amount,
            refunded: transaction.refunded,
            currency: payment.currency,
            phone: payment.phone ?? null,
          });
    return { entries };
  }

  // ---- Pages ----

  manual() {
    const rows = (object, says) =>
      Object.entries(object)
        .map(([name, value]) => `<tr><td><code>…${name}</code></td><td>${escaped(says(value))}</td></tr>`)
        .join('\n');
    const waiting = [...this.payments.values()].filter((one) => !this.transactionOf(one)?.paid);
    const list = waiting.map(
      (one) => `<li><a href="/pay/${escaped(one.reference)}">${escaped(one.reference)}</a></li>`,
    );
    return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${this.title}, simulated</title>
<h1>${this.title}, simulated</h1><p>No money moves. <a href="/_ledger">What would have moved</a>.</p>
<h2>Numbers that end with these two digits</h2><table>${rows(byPhone, (name) => outcomes[name].says)}</table>
<p>All others pay after a second.</p>
<h2>Amounts in minor units that end with these two digits</h2><table>${rows(byAmount, (one) => one.says)}</table>
<p>A refund of …31 is pending until <code>POST /_settle {"refund": id}</code>.</p>
<h2>Not paid</h2><ul>${list.join('')}</ul></html>`;
  }
  checkout(payment, message = '') {
    const button = (does, text) => `<button name="does" value="${does}">${text}</button>`;
    const amount = payment.amount / scaleOf(payment.currency);
    return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Pay, simulated</title>
<h1>${escaped(payment.currency)} ${amount}</h1><p>${escaped(message)}</p>
<form method="post">${button('pays', 'Pay')} ${button('insufficient', 'Pay with an empty card')}
${button('leave', 'Leave')}</form></html>`;
  }
  // {page} or {location}.
  press(payment, does) {
    if (does === 'leave') return { location: this.returnOf(payment, undefined) };
    const transaction = this.decide(payment, does);
    if (transaction.status !== 'paid') return { page: this.checkout(payment, transaction.reason) };
    return { location: this.returnOf(payment, transaction) };
  }
  pageOf(request, url, text) {
    if (url.pathname === '/') return { page: this.manual() };
    const payment = this.find({ reference: decodeURIComponent(url.pathname.slice('/pay/'.length)) });
    if (this.transactionOf(payment)?.status === 'paid') return { page: '<p>Paid.</p>' };
    if (request.method !== 'POST') return { page: this.checkout(payment) };
    return this.press(payment, new URLSearchParams(text).get('does') ?? '');
  }

  // ---- HTTP ----

  async answer(request, reply) {
    const url = new URL(request.url, 'http://simulator');
    const send = (status, headers, body) => reply.writeHead(status, headers).end(body);
    const json = (status, body) => send(status, { 'Content-Type': 'application/json' }, JSON.stringify(body));
    try {
      const text = await read(request);
      if (url.pathname === '/' || url.pathname.startsWith('/pay/')) {
        const { page, location } = this.pageOf(request, url, text);
        return location ? send(303, { Location: location }) : send(200, { 'Content-Type': 'text/html' }, page);
      }
      if (url.pathname.startsWith('/_')) {
        const done = await this.control(request.method, url.pathname, text ? JSON.parse(text) : {});
        return done ? json(200, done) : json(404, {});
      }
      const headers = { ...request.headers, authorization: undefined };
      const call = { method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), headers };
      this.requests.push({ ...call, body: text });
      const key = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      const { status = 200, body, wire } = await this.api({ ...call, key, fields: text ? JSON.parse(text) : {} });
      if (wire === 'lost') return request.socket.destroy();
      if (wire === 'html') return send(502, { 'Content-Type': 'text/html' }, '<html>Bad gateway</html>');
      return json(status, body);
    } catch (error) {
      if (error instanceof ApiError) return json(error.status, error.body);
      return json(500, { message: String(error) });
    }
  }

  async listen(port = 0) {
    const server = createServer((request, reply) => void this.answer(request, reply));
    await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
    this.base = `http://127.0.0.1:${server.address().port}`;
    return {
      port: server.address().port,
      url: this.base,
      simulator: this,
      stop: async () => {
        this.deliveries.ended = true;
        for (const timer of this.timers) clearTimeout(timer);
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  }
}

// A simulator as a program: prints {"listening":PORT}.
export async function main(Simulator) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'webhook-url': { type: 'string' },
      'webhook-secret': { type: 'string' },
      'callback-ca': { type: 'string' },
      seed: { type: 'string', default: '0' },
      speed: { type: 'string', default: '1' },
      worst: { type: 'boolean', default: false },
    },
  });
  const simulator = new Simulator({
    webhookUrl: values['webhook-url'],
    webhookSecret: values['webhook-secret'],
    ca: values['callback-ca'] ? readFileSync(values['callback-ca']) : undefined,
    seed: Number(values.seed),
    speed: Number(values.speed),
    rates: values.worst ? worst : {},
  });
  const { port } = await simulator.listen(Number(values.port));
  console.log(JSON.stringify({ listening: port }));
}
