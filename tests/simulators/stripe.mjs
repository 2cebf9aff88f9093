// A simulator of Stripe's API: payment intents, Checkout with a page, refunds, search, events that are signed and sent again, keys of
// idempotency, error bodies. It moves no money but keeps a ledger of what it would have moved. For tests and development.
//
//     node tests/simulators/stripe.mjs --port 12111 [--webhook-url URL --webhook-secret whsec_x] [--callback-ca FILE] [--seed 7 --worst]
//     {"listening":12111}
//
// `GET /` shows what each amount and each card does. `GET /_ledger`: what moved. `POST /_pay {payment_intent|session|attempt_id, card}`:
// the payer pays. `POST /_settle`, `/_dispute`, `/_advance {seconds}`, `/_webhook {url, secret}`; `GET /_requests`, `/_events`, `/_idle`.
// Keys: any sk_test_… or rk_test_… is an account of its own; sk_test_wrong… is unknown (401), rk_test_readonly… may not write (403).
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { argv } from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { Events } from './stripe/events.mjs';
import { parseForm } from './stripe/form.mjs';
import { byAmount, mannersOf, Random, worst } from './stripe/manners.mjs';
import { Account, ApiError, cards } from './stripe/model.mjs';

const longestBody = 256 * 1024;

async function read(request) {
  let body = '';
  for await (const piece of request.setEncoding('utf8')) {
    body += piece;
    if (body.length > longestBody) throw new ApiError(413, { type: 'invalid_request_error', message: 'Too long.' });
  }
  return body;
}

const list = (url, data, hasMore = false) => ({ object: 'list', url, data, has_more: hasMore });
const escaped = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]);

class Simulator {
  constructor({ webhookUrl, webhookSecret, ca, seed = 0, rates = {}, retryMs, searchLagSeconds = 0 }) {
    this.random = new Random(seed, rates);
    this.events = new Events({ ca, retryMs, random: this.random });
    this.accounts = new Map();
    this.keys = new Map(); // of idempotency: "account key" → {fingerprint, status, body}
    this.misbehaved = new Set();
    // For orders of events: replies that wait for release(), and what questions are answered whatever is true; both by attempt_id.
    this.holds = false;
    this.held = new Map();
    this.says = new Map(); // "pending", "declined"
    this.requests = [];
    this.searchLagSeconds = searchLagSeconds;
    this.base = '';
    if (webhookUrl) this.events.addEndpoint({ url: webhookUrl, secret: webhookSecret });
  }

  account(key) {
    let account = this.accounts.get(key);
    if (!account) {
      account = new Account({ key, publicUrl: () => this.base, emit: (type, object) => this.emit(key, type, object) });
      account.apiVersion = null;
      this.accounts.set(key, account);
    }
    return account;
  }
  emit(key, type, object) {
    const account = this.accounts.get(key);
    const { livemode, apiVersion } = account;
    const record = this.events.make({ account: key, type, object, livemode, apiVersion, created: account.now() });
    const amount = object.object === 'refund' ? undefined : (object.amount_total ?? object.amount);
    this.events.announce(record, byAmount[amount % 100]?.events);
  }

  // ---- The API ----

  async api(request, url, text) {
    const call = {
      method: request.method,
      path: url.pathname,
      query: parseForm(url.search.slice(1)),
      fields: request.method === 'POST' ? parseForm(text) : {},
      headers: request.headers,
      raw: text,
    };
    this.requests.push({ ...call, headers: { ...request.headers, authorization: undefined } });
    const key = this.keyOf(call);
    const account = this.account(key);
    account.apiVersion = call.headers['stripe-version'] ?? account.apiVersion;
    account.expireOld();
    const idempotency = call.method === 'POST' ? call.headers['idempotency-key'] : undefined;
    if (!idempotency) return { status: 200, body: this.carryOut(account, key, call) };
    return this.once(`${key} ${idempotency}`, call, (slot) => this.misbehave(slot, account, key, call));
  }
  keyOf({ headers, method }) {
    const given = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
    if (!/^(sk|rk)_(test|live)_\w+$/.test(given) || /_wrong/.test(given))
      throw new ApiError(401, {
        type: 'invalid_request_error',
        message: given ? `Invalid API Key provided: ${given.slice(0, 8)}****` : 'You did not provide an API key.',
      });
    if (/_readonly/.test(given) && method !== 'GET')
      throw new ApiError(403, { type: 'invalid_request_error', message: 'The key does not have the permissions.' });
    if (headers['stripe-version'] && !/^\d{4}-\d\d-\d\d(\.\w+)?$/.test(headers['stripe-version']))
      throw new ApiError(400, { type: 'invalid_request_error', message: 'Invalid Stripe API version' });
    return given;
  }
  // Status and body of the first execution are kept, of card errors and 500s too; what was refused before is not.
  async once(name, call, execute) {
    const fingerprint = `${call.method} ${call.path} ${JSON.stringify(call.fields)}`;
    const kept = this.keys.get(name);
    if (kept && kept.fingerprint !== fingerprint)
      throw new ApiError(400, {
        type: 'idempotency_error',
        message: 'Keys for idempotent requests can only be used with the same parameters they were first used with.',
      });
    if (kept && !kept.body)
      throw new ApiError(409, {
        type: 'idempotency_error',
        code: 'idempotency_key_in_use',
        message: 'There is currently another in-progress request using this Idempotent Key.',
      });
    if (kept) return { ...kept, headers: { 'Idempotent-Replayed': 'true' } };
    const slot = { fingerprint, name };
    this.keys.set(name, slot);
    try {
      const reply = await execute(slot);
      Object.assign(slot, { status: reply.status, body: reply.body });
      return reply;
    } catch (error) {
      const wasExecuted = error instanceof ApiError && error.status === 402;
      if (wasExecuted) Object.assign(slot, { status: 402, body: { error: error.error } });
      else this.keys.delete(name);
      throw error;
    }
  }

  // Once for each key: what is tried again is to work in the end.
  async misbehave(slot, account, key, call) {
    const units = call.fields.amount ?? call.fields.line_items?.[0]?.price_data?.unit_amount;
    const manners = mannersOf(Number(units ?? 0), this.random);
    const isFirst = !this.misbehaved.has(slot.name);
    this.misbehaved.add(slot.name);
    const manner = isFirst ? manners.reply : undefined;
    const error = { error: { type: 'api_error', message: 'Something went wrong on our side.' } };
    if (manner === 'error_before') throw new ApiError(500, error.error);
    if (manner === 'rate_limit')
      throw new ApiError(429, { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests.' });
    if (manner === 'conflict')
      throw new ApiError(409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message: 'In progress.' });
    const body = JSON.parse(JSON.stringify(this.carryOut(account, key, call)));
    if (this.holds && isFirst && body.object === 'payment_intent') {
      const how = await new Promise((resolve) => this.held.set(body.metadata.attempt_id, resolve));
      return { status: 200, body, wire: how === 'lose' ? 'lost' : undefined };
    }
    if (manner === 'event_first') await this.events.idle();
    if (manner === 'slow') await wait(3_000);
    if (manner === 'error_after') return { status: 500, body: error };
    return { status: 200, body, wire: manner === 'lost' || manner === 'html' ? manner : undefined };
  }

  release(attempt, how) {
    this.held.get(attempt)?.(how);
    this.held.delete(attempt);
  }

  carryOut(account, key, call) {
    const { method, path, fields, query } = call;
    const parts = path.split('/').slice(2);
    const route = `${method} ${parts.map((part) => (/^(pi|cs|re|ch|evt|we)_/.test(part) ? ':id' : part)).join('/')}`;
    const id = parts.find((part) => /^(pi|cs|re|ch|evt|we)_/.test(part));
    const routes = {
      'POST payment_intents': () => account.makeIntent(fields),
      'GET payment_intents': () => this.page(path, account.intents, query),
      'GET payment_intents/search': () => this.search(account, query),
      'GET payment_intents/:id': () => this.expanded(account, account.intent(id), query),
      'POST payment_intents/:id/confirm': () => account.confirm(id, fields),
      'POST payment_intents/:id/cancel': () => account.cancel(id, fields.cancellation_reason),
      'POST checkout/sessions': () => account.makeSession(fields),
      'GET checkout/sessions': () => this.page(path, account.sessions, query),
      'GET checkout/sessions/:id': () => this.expanded(account, account.session(id), query),
      'POST checkout/sessions/:id/expire': () => account.expire(id),
      'POST refunds': () => account.makeRefund(fields),
      'GET refunds': () => this.page(path, account.refunds, query),
      'GET refunds/:id': () => account.refunds.get(id),
      'GET charges/:id': () => account.charges.get(id),
      'GET events': () =>
        list(
          path,
          this.events.events
            .filter((one) => one.account === key)
            .map((one) => one.event)
            .reverse(),
        ),
      'POST webhook_endpoints': () => this.addEndpoint(key, fields),
    };
    const found = routes[route]?.();
    if (found) return found;
    throw new ApiError(404, {
      type: 'invalid_request_error',
      message: `Unrecognized request URL (${method}: ${path}).`,
    });
  }
  addEndpoint(key, { url }) {
    const endpoint = this.events.addEndpoint({ url, account: key });
    return { id: endpoint.id, object: 'webhook_endpoint', url, secret: endpoint.secrets[0], enabled_events: ['*'] };
  }
  // The newest first, as Stripe's lists are.
  page(path, map, { limit = '10', starting_after: after, created = {}, payment_intent: intent, charge }) {
    let all = [...map.values()].reverse();
    if (created.gte) all = all.filter((one) => one.created >= Number(created.gte));
    if (created.lte) all = all.filter((one) => one.created <= Number(created.lte));
    if (intent) all = all.filter((one) => one.payment_intent === intent);
    if (charge) all = all.filter((one) => one.charge === charge);
    if (after) all = all.slice(all.findIndex((one) => one.id === after) + 1);
    return list(path, all.slice(0, Number(limit)), all.length > Number(limit));
  }
  search(account, { query = '', limit = '10' }) {
    const terms = [...query.matchAll(/(?:metadata\[(["'])(.*?)\1\]|(status)):(["'])(.*?)\4/g)];
    if (terms.length === 0)
      throw new ApiError(400, { type: 'invalid_request_error', message: 'The query cannot be read.', param: 'query' });
    const upTo = account.now() - this.searchLagSeconds;
    const fits = (one) =>
      terms.every(([, , name, status, , value]) => (status ? one.status : one.metadata[name]) === value);
    const all = [...account.intents.values()].filter((one) => one.created <= upTo && fits(one));
    const data = all.slice(0, Number(limit)).map((one) => this.expanded(account, one, { expand: ['latest_charge'] }));
    return { object: 'search_result', url: '/v1/payment_intents/search', data, has_more: all.length > Number(limit) };
  }
  expanded(account, object, { expand = [] }) {
    const wanted = Array.isArray(expand) ? expand : [expand];
    const copy = { ...object };
    if (wanted.some((path) => path.startsWith('payment_intent')) && copy.payment_intent)
      copy.payment_intent = { ...account.intent(copy.payment_intent) };
    const holder = copy.object === 'payment_intent' ? copy : copy.payment_intent;
    if (wanted.some((path) => path.endsWith('latest_charge')) && holder?.latest_charge)
      holder.latest_charge = account.charges.get(holder.latest_charge);
    const said = { pending: 'processing', declined: 'canceled' }[this.says.get(copy.metadata?.attempt_id)];
    return said ? { ...copy, status: said, latest_charge: null, amount_received: 0 } : copy;
  }

  // ---- The payer, and whoever tests ----

  find({ payment_intent: intent, session, attempt_id: attempt, client_secret: secret }) {
    for (const account of this.accounts.values()) {
      const all = [...account.intents.values()];
      const found =
        account.sessions.get(session) ??
        account.intents.get(intent) ??
        [...account.sessions.values()].find((one) => attempt && one.metadata.attempt_id === attempt) ??
        all.find((one) => (attempt && one.metadata.attempt_id === attempt) || (secret && one.client_secret === secret));
      if (found) return { account, found };
    }
    throw new ApiError(404, { type: 'invalid_request_error', code: 'resource_missing', message: 'There is none.' });
  }
  pay(order) {
    const { account, found } = this.find(order);
    return found.object === 'checkout.session'
      ? account.paySession(found.id, order.card)
      : account.confirm(found.id, { payment_method: order.card });
  }
  control(method, path, order) {
    const all = [...this.accounts.values()];
    const does = {
      'GET /_ledger': () => this.ledger(),
      'GET /_requests': () => this.requests,
      'GET /_events': () => ({
        events: this.events.events.map((one) => one.event),
        deliveries: this.events.deliveries,
      }),
      'GET /_idle': async () => (await this.events.idle(), {}),
      'POST /_pay': () => this.pay(order),
      'POST /_settle': () => {
        for (const account of all) {
          if (order.refund && account.refunds.has(order.refund)) return account.settleRefund(order.refund);
          if (account.intents.has(order.payment_intent)) return account.settle(order.payment_intent);
        }
        throw new ApiError(404, { type: 'invalid_request_error', message: 'There is none.' });
      },
      'POST /_dispute': () => {
        const { account, found } = this.find(order);
        return account.dispute(found.payment_intent ?? found.id);
      },
      'POST /_advance': () => {
        for (const account of all) account.clockAhead += order.seconds;
        for (const account of all) account.expireOld();
        return {};
      },
      'POST /_webhook': () => this.events.addEndpoint(order),
      'POST /_manners': () =>
        Object.assign(this.random, { state: order.seed >>> 0, rates: order.worst ? worst : (order.rates ?? {}) }),
    };
    return does[`${method} ${path}`]?.();
  }
  ledger() {
    const entries = [];
    for (const account of this.accounts.values())
      for (const { intent, charge } of account.ledger)
        entries.push({
          payment_intent: intent.id,
          attempt_id: intent.metadata.attempt_id ?? null,
          reference: intent.metadata.reference ?? null,
          receipt: charge.id,
          amount: charge.amount_captured,
          refunded: charge.amount_refunded,
          currency: charge.currency,
        });
    return { entries };
  }

  // ---- Pages ----

  manual() {
    const rows = (object, says) =>
      Object.entries(object)
        .map(([name, value]) => `<tr><td><code>${name}</code></td><td>${escaped(says(value))}</td></tr>`)
        .join('\n');
    return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Stripe, simulated</title>
<h1>Stripe, simulated</h1><p>No money moves. <a href="/_ledger">What would have moved</a>.</p>
<h2>Amounts that end with these two digits</h2><table>${rows(byAmount, (one) => one.says)}</table>
<p>A refund of …31 is pending until <code>POST /_settle {"refund": "re_…"}</code>, one of …32 fails then.</p>
<h2>Cards</h2><table>${rows(cards, (one) => one.does + (one.decline_code ? `: ${one.decline_code}` : ''))}</table></html>`;
  }
  checkout(session, message = '') {
    const button = (does, text) => `<button name="does" value="${does}">${text}</button>`;
    const options = Object.keys(cards).map((card) => `<option>${card}</option>`);
    return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Checkout, simulated</title>
<h1>${escaped(session.currency.toUpperCase())} ${session.amount_total}</h1><p>${escaped(message)}</p>
<form method="post">${button('pay', 'Pay')} ${button('fail', 'Pay with a card that is refused')}
${button('leave', 'Leave')} <select name="card">${options.join('')}</select></form></html>`;
  }
  press(session, { does, card }) {
    if (does === 'leave') return { location: session.cancel_url ?? session.success_url };
    const account = [...this.accounts.values()].find((one) => one.sessions.has(session.id));
    try {
      account.paySession(session.id, does === 'fail' ? 'pm_card_chargeDeclined' : card);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { page: this.checkout(session, error.message) };
    }
    return { location: session.success_url.replaceAll('{CHECKOUT_SESSION_ID}', session.id) };
  }
  page_of(request, url, text) {
    if (url.pathname === '/') return { page: this.manual() };
    const { found } = this.find({ session: url.pathname.slice('/c/pay/'.length) });
    if (found.status !== 'open') return { page: `<p>This session is ${found.status}.</p>` };
    return request.method === 'POST' ? this.press(found, parseForm(text)) : { page: this.checkout(found) };
  }

  // ---- HTTP ----

  async answer(request, reply) {
    const url = new URL(request.url, 'http://simulator');
    const send = (status, headers, body) =>
      reply.writeHead(status, { 'Request-Id': `req_${randomBytes(7).toString('hex')}`, ...headers }).end(body);
    const json = (status, body, headers = {}) =>
      send(status, { 'Content-Type': 'application/json', ...headers }, JSON.stringify(body));
    try {
      const text = await read(request);
      if (url.pathname === '/' || url.pathname.startsWith('/c/pay/')) {
        const { page, location } = this.page_of(request, url, text);
        return location ? send(303, { Location: location }) : send(200, { 'Content-Type': 'text/html' }, page);
      }
      if (url.pathname.startsWith('/_')) {
        const done = await this.control(request.method, url.pathname, text ? JSON.parse(text) : {});
        return done ? json(200, done) : json(404, {});
      }
      const { status, body, headers, wire } = await this.api(request, url, text);
      if (wire === 'lost') return request.socket.destroy();
      if (wire === 'html') return send(502, { 'Content-Type': 'text/html' }, '<html>Bad gateway</html>');
      return json(status, body, headers);
    } catch (error) {
      if (error instanceof ApiError) return json(error.status, { error: error.error });
      return json(500, { error: { type: 'api_error', message: String(error) } });
    }
  }
}

// {port, stop(), simulator}. `port` 0: any free one.
export async function start({ port = 0, ...options } = {}) {
  const simulator = new Simulator(options);
  const server = createServer((request, reply) => simulator.answer(request, reply));
  await new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  simulator.base = `http://127.0.0.1:${server.address().port}`;
  return {
    port: server.address().port,
    url: simulator.base,
    simulator,
    stop: async () => {
      simulator.events.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'webhook-url': { type: 'string' },
      'webhook-secret': { type: 'string' },
      'callback-ca': { type: 'string' },
      seed: { type: 'string', default: '0' },
      worst: { type: 'boolean', default: false },
    },
  });
  const started = await start({
    port: Number(values.port),
    webhookUrl: values['webhook-url'],
    webhookSecret: values['webhook-secret'],
    ca: values['callback-ca'] ? readFileSync(values['callback-ca']) : undefined,
    seed: Number(values.seed),
    rates: values.worst ? worst : {},
  });
  console.log(JSON.stringify({ listening: started.port }));
}
