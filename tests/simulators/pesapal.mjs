// A Pesapal (API 3.0) for tests and development: tokens, addresses for notifications, orders with a page to pay on, their status. No money
// moves; a ledger has what would have. Node 18 or newer, nothing to install.
//
//     node tests/simulators/pesapal.mjs --port 0 [--host 127.0.0.1] [--speed 20] [--callback-ca FILE]
//
// It prints one line, {"listening":PORT}. --speed divides every time. In tests: const pesapal = await start({port: 0, speed: 100}).
//
//     GET  /            what each amount does, what was ordered, what was paid
//     GET  /_ledger     {"moved":[{trackingId, reference, receipt, amount, currency, at}], "total"}; what went back has reversedAt
//     GET  /_orders     every order: scenario, state, answers to notifications; {"requests"}: how often what was asked
//     POST /_script     {"reference":"…", "scenario":{…}}, "*" for all others; {"speed"}, {"tokenDown":503}, {"killTokens":true},
//                       {"reset":true}
//     POST /_pay        {"reference" or "order", "outcome":"paid"|"failed"|"reversed", "ipn":false}: the payer, or the merchant, decides
//     POST /_ipn        {"reference" or "order", "body"}: tells once more, also what is no notification
//     POST /_release    {"reference", "lost":true}: the reply to an order that is held
//     POST /_says       {"reference", "says":"pending"|"completed"|"failed"|"error"|null}: what a status says, whatever happened
//
// A scenario, all of whose members may be left out:
//
//     payer: 'pays' | 'fails', after: 3    without anybody on the page, so many seconds later
//     reply: 'held' | 'lost' (carried out, no answer) | 'html' (carried out, 502 and a page) | 'down' (503, not carried out)
//            | 'refused' (200 with an error) | 'hang' (carried out, answered after 30 s) | 'ipnfirst' | 'nopage' (200 without a page)
//     replyTimes: 1                        only the first so many orders of a reference
//     ipn: 'once' | 'none' | 'twice' | 'parallel' | 'garbage' (what means nothing first)
//     ipnAfter: 90                         seconds between the payment and its notification
//     status: 'late' (pending until the notification) | 'html' (503) | 'bare' (paid, without receipt and amount) | 'other' (another's)
//     paysAmount: 'less'                   a hundredth less than was asked for
//     thenPays: 60                         it fails, and is paid all the same so many seconds later

import { Buffer } from 'node:buffer';
import { randomBytes, randomUUID } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath, URLSearchParams } from 'node:url';

const callbackTries = 3;
const longestBody = 256 * 1024;
const tokenLives = 5 * 60_000;

// By the last two digits of an amount, in hundredths.
export const byAmount = {
  1: { does: 'Carried out, and the connection is closed without an answer.', scenario: { reply: 'lost' } },
  2: { does: '503 and a page, not carried out.', scenario: { reply: 'down', replyTimes: 1 } },
  3: { does: 'Carried out, and something on the way answers with 502 and a page.', scenario: { reply: 'html' } },
  4: { does: 'Refused: 200 with an error in it.', scenario: { reply: 'refused' } },
  5: { does: 'The notification arrives before the answer; it is paid.', scenario: { reply: 'ipnfirst' } },
  6: { does: 'No notification ever comes.', scenario: { ipn: 'none' } },
  7: { does: 'Each notification twice.', scenario: { ipn: 'twice' } },
  8: { does: 'Three notifications at once.', scenario: { ipn: 'parallel' } },
  9: { does: 'Four notifications that mean nothing, then the right one.', scenario: { ipn: 'garbage' } },
  10: { does: 'A hundredth less is paid.', scenario: { paysAmount: 'less' } },
  11: {
    does: 'Asked, Pesapal says "pending" until the notification, 90 seconds later.',
    scenario: { status: 'late', ipnAfter: 90 },
  },
  12: {
    does: 'It fails, and is paid all the same a minute later.',
    scenario: { payer: 'fails', after: 3, thenPays: 60 },
  },
  13: { does: 'Paid after 3 seconds, without the page.', scenario: { payer: 'pays', after: 3 } },
  14: { does: 'Fails after 3 seconds, without the page.', scenario: { payer: 'fails', after: 3 } },
  15: { does: 'The status is 503 and a page.', scenario: { status: 'html' } },
  16: { does: 'The status says "completed" without receipt and amount.', scenario: { status: 'bare' } },
  17: { does: 'The status is that of another order.', scenario: { status: 'other' } },
  18: { does: 'The answer has no page.', scenario: { reply: 'nopage' } },
  19: { does: 'The answer takes 30 seconds.', scenario: { reply: 'hang' } },
};

const states = { pending: [0, 'INVALID'], paid: [1, 'COMPLETED'], failed: [2, 'FAILED'], reversed: [3, 'REVERSED'] };
const noError = { error_type: null, code: null, message: null };
const fault = (code, message, status = '500') => ({
  status: 200,
  json: { error: { error_type: 'api_error', code, message }, status },
});
const page = (status, markup) => ({ status, html: markup });
const blocked = (status) => page(status, '<html><body>Request unsuccessful.</body></html>');
const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const safe = (text) => String(text ?? '').replace(/[&<>"]/g, (one) => entities[one]);

class Pesapal {
  constructor(options) {
    this.options = options;
    this.base = '';
    this.reset();
  }

  reset() {
    for (const order of this.orders?.values() ?? []) order.release?.(true);
    for (const timer of this.timers ?? []) clearTimeout(timer);
    this.speed = this.options.speed ?? 1;
    this.tokenDown = 0;
    this.tokens = new Map(); // token -> {key, until}
    this.ipns = new Map(); // id -> {key, url, type}
    this.orders = new Map(); // tracking id -> order
    this.scripts = new Map(); // reference -> scenario
    this.moved = [];
    this.requests = { token: 0, list: 0, register: 0, order: 0, status: 0, cancel: 0 };
    this.timers = new Set();
    this.counter = 0;
  }

  later(milliseconds, work) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      work();
    }, milliseconds / this.speed);
    this.timers.add(timer);
  }
  wait(milliseconds) {
    return new Promise((resolve) => this.later(milliseconds, resolve));
  }

  scenario(order) {
    const hundredths = Math.round(Number(order.amount) * 100) % 100;
    return this.scripts.get(order.id) ?? byAmount[hundredths]?.scenario ?? this.scripts.get('*') ?? {};
  }
  // The newest of a reference, or by its own id.
  find({ order, reference }) {
    return this.orders.get(order) ?? [...this.orders.values()].findLast((one) => one.reference === reference);
  }
  ledger() {
    const kept = this.moved.filter((entry) => !entry.reversedAt);
    return { moved: this.moved, total: kept.reduce((sum, entry) => sum + entry.amount, 0) };
  }
}

// ---- Notifications ----------------------------------------------------------------------------------------------

function deliver(pesapal, url, body, contentType = 'application/json') {
  return new Promise((resolve) => {
    const call = (url.startsWith('https:') ? https : http).request(
      url,
      {
        method: 'POST',
        ca: pesapal.options.callbackCa,
        timeout: 8_000,
        headers: {
          'content-type': contentType,
          'content-length': Buffer.byteLength(body),
          'user-agent': 'pesapal-simulator',
        },
      },
      (reply) => {
        let text = '';
        reply.on('data', (piece) => {
          text += piece;
        });
        reply.on('end', () => resolve({ status: reply.statusCode, text }));
        reply.on('error', () => resolve({ status: 0, text: '' }));
      },
    );
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve({ status: 0, text: '' }));
    call.end(body);
  });
}

const notificationOf = (order) => ({
  OrderNotificationType: 'IPNCHANGE',
  OrderTrackingId: order.trackingId,
  OrderMerchantReference: order.reference,
});

// What must be answered, or it is told again.
function isTaken(order, { status, text }) {
  if (status !== 200) return false;
  try {
    const said = JSON.parse(text);
    return Number(said.status) === 200 && said.orderTrackingId === order.trackingId;
  } catch {
    return false;
  }
}

async function tell(pesapal, order, body = JSON.stringify(notificationOf(order)), type = 'application/json') {
  const { url } = pesapal.ipns.get(order.ipnId);
  for (let tries = 1; ; ++tries) {
    const reply = await deliver(pesapal, url, body, type);
    order.told.push(reply.status);
    if (isTaken(order, reply) || tries === callbackTries) return reply.status;
    // What means nothing is not told again.
    if (reply.status === 200 && !body.includes(order.trackingId)) return reply.status;
    await pesapal.wait(2_000 * tries * tries);
  }
}

async function announce(pesapal, order) {
  const { ipn = 'once', ipnAfter = 0 } = order.scenario;
  if (ipn === 'none') return;
  if (ipnAfter > 0) await pesapal.wait(ipnAfter * 1_000);
  order.isTold = true;
  if (ipn === 'garbage')
    for (const [body, type] of [
      ['', undefined],
      ['{}', undefined],
      ['null', undefined],
      ['<html></html>', 'text/html'],
    ])
      await tell(pesapal, order, body, type);
  if (ipn === 'parallel') return void (await Promise.all([1, 2, 3].map(() => tell(pesapal, order))));
  await tell(pesapal, order);
  if (ipn === 'twice') await tell(pesapal, order);
}

// ---- Orders -----------------------------------------------------------------------------------------------------

function faultOfOrder(pesapal, key, body) {
  if (typeof body.id !== 'string' || body.id === '' || body.id.length > 50)
    return fault('invalid_id', 'Invalid id', '400');
  if (!/^[A-Z]{3}$/.test(body.currency ?? '')) return fault('invalid_currency', 'Invalid currency', '400');
  if (typeof body.amount !== 'number' || !(body.amount > 0)) return fault('invalid_amount', 'Invalid amount', '400');
  if (!body.description || body.description.length > 100)
    return fault('invalid_description', 'Invalid description', '400');
  if (!/^https?:\/\//.test(body.callback_url ?? ''))
    return fault('invalid_callback_url', 'Invalid callback URL', '400');
  const { email_address: email, phone_number: phone } = body.billing_address ?? {};
  if (!email && !phone) return fault('missing_billing_address', 'Email or phone number is required', '400');
  if (pesapal.ipns.get(body.notification_id)?.key !== key)
    return fault('invalid_notification_id', 'Invalid notification id', '400');
  return undefined;
}

// The payer has decided, or the merchant has sent it back.
async function settle(pesapal, order, outcome, { ipn = true } = {}) {
  if (order.state === 'paid' && outcome !== 'reversed') return;
  if (outcome === 'reversed' && order.state !== 'paid') return;
  order.state = outcome;
  if (outcome === 'paid') {
    order.paid = order.scenario.paysAmount === 'less' ? Math.round(order.amount * 100 - 1) / 100 : order.amount;
    order.receipt = `PS${String(++pesapal.counter).padStart(4, '0')}${randomBytes(3).toString('hex').toUpperCase()}`;
    pesapal.moved.push({
      trackingId: order.trackingId,
      reference: order.reference,
      receipt: order.receipt,
      amount: order.paid,
      currency: order.currency,
      at: new Date().toISOString(),
    });
  }
  if (outcome === 'reversed')
    pesapal.moved.find((entry) => entry.trackingId === order.trackingId).reversedAt = new Date().toISOString();
  const { thenPays } = order.scenario;
  if (outcome === 'failed' && thenPays) pesapal.later(thenPays * 1_000, () => void settle(pesapal, order, 'paid'));
  if (ipn) await announce(pesapal, order);
}

function accepted(pesapal, order) {
  const hasPage = order.scenario.reply !== 'nopage';
  return {
    status: 200,
    json: {
      order_tracking_id: order.trackingId,
      merchant_reference: order.reference,
      redirect_url: hasPage ? `${pesapal.base}/iframe/${order.trackingId}` : undefined,
      error: noError,
      status: '200',
    },
  };
}

async function submit(pesapal, key, body) {
  ++pesapal.requests.order;
  const wrong = faultOfOrder(pesapal, key, body);
  if (wrong) return wrong;
  const scenario = { ...pesapal.scenario(body) };
  const times = [...pesapal.orders.values()].filter((one) => one.reference === body.id).length;
  if (scenario.replyTimes && times >= scenario.replyTimes) delete scenario.reply;
  if (scenario.reply === 'refused') return fault('order_refused', 'The order was refused', '400');
  const order = {
    trackingId: randomUUID(),
    reference: body.id,
    amount: body.amount,
    currency: body.currency,
    returnUrl: body.callback_url,
    cancelUrl: body.cancellation_url ?? body.callback_url,
    phone: body.billing_address.phone_number,
    description: body.description,
    ipnId: body.notification_id,
    key,
    scenario,
    state: 'pending',
    told: [],
  };
  if (scenario.reply === 'down') {
    // Counted, so that the next one is taken.
    pesapal.orders.set(order.trackingId, { ...order, state: 'refused' });
    return blocked(503);
  }
  pesapal.orders.set(order.trackingId, order);
  const outcome = { pays: 'paid', fails: 'failed' }[scenario.payer];
  if (outcome) pesapal.later((scenario.after ?? 3) * 1_000, () => void settle(pesapal, order, outcome));
  switch (scenario.reply) {
    case 'lost':
      return { cut: true };
    case 'html':
      return blocked(502);
    case 'hang':
      await pesapal.wait(30_000);
      break;
    case 'ipnfirst':
      await settle(pesapal, order, 'paid');
      break;
    case 'held': {
      const isLost = await new Promise((resolve) => {
        order.release = resolve;
      });
      delete order.release;
      if (isLost) return { cut: true };
    }
  }
  return accepted(pesapal, order);
}

// Of what says "completed" without being paid, too.
const receiptOf = (order) => order.receipt ?? `SAID${order.trackingId.slice(0, 8).toUpperCase()}`;

function statusOf(order, state) {
  const [code, word] = states[state];
  const isPaid = state === 'paid' || state === 'reversed';
  const isBare = order.scenario.status === 'bare';
  return {
    status: 200,
    json: {
      payment_method: isPaid ? 'MpesaKE' : '',
      amount: isPaid && !isBare ? (order.paid ?? order.amount) : 0,
      created_date: new Date().toISOString().slice(0, 23),
      confirmation_code: isPaid && !isBare ? receiptOf(order) : '',
      payment_status_description: word,
      description: state === 'failed' ? 'Unable to Authorize Transaction. Kindly contact your bank.' : null,
      payment_account: isPaid ? '2547xxxx678' : '',
      call_back_url: order.returnUrl,
      status_code: code,
      merchant_reference: order.scenario.status === 'other' ? randomUUID() : order.reference,
      currency: order.currency,
      error: noError,
      status: '200',
    },
  };
}

function status(pesapal, key, id) {
  ++pesapal.requests.status;
  const order = pesapal.orders.get(id);
  if (!order || order.key !== key || order.state === 'refused')
    return fault('invalid_order_tracking_id', 'No such order', '404');
  order.asked = (order.asked ?? 0) + 1;
  if (order.scenario.status === 'html') return blocked(503);
  const said = { pending: 'pending', completed: 'paid', failed: 'failed' }[order.says];
  if (order.says === 'error') return fault('internal_server_error', 'An error occurred');
  const isLate = order.scenario.status === 'late' && !order.isTold;
  const state = said ?? (isLate ? 'pending' : order.state);
  // An error that is none: nobody has paid so far. Half of them are said so, the others by a status.
  if (state === 'pending' && order.asked % 2 === 1) return fault('payment_details_not_found', 'Pending Payment');
  return statusOf(order, state === 'cancelled' ? 'failed' : state);
}

function cancel(pesapal, key, body) {
  ++pesapal.requests.cancel;
  const order = pesapal.orders.get(body.order_tracking_id);
  const isOpen = order?.key === key && (order.state === 'pending' || order.state === 'failed');
  if (!isOpen) return { status: 200, json: { status: '500', message: 'The order cannot be cancelled.' } };
  order.state = 'cancelled';
  return { status: 200, json: { status: '200', message: 'Order successfully cancelled.' } };
}

// ---- Tokens and addresses ---------------------------------------------------------------------------------------

function giveToken(pesapal, { consumer_key: key, consumer_secret: secret }) {
  ++pesapal.requests.token;
  if (pesapal.tokenDown) return blocked(pesapal.tokenDown);
  if (!key || !secret || String(key).startsWith('bad'))
    return fault('invalid_consumer_key_or_secret_provided', '', '500');
  const token = randomBytes(24).toString('base64url');
  const until = Date.now() + tokenLives / pesapal.speed;
  pesapal.tokens.set(token, { key, until });
  return {
    status: 200,
    json: {
      token,
      expiryDate: new Date(until).toISOString(),
      error: null,
      status: '200',
      message: 'Request processed successfully',
    },
  };
}

function register(pesapal, key, { url, ipn_notification_type: type }) {
  ++pesapal.requests.register;
  if (!/^https?:\/\//.test(url ?? '') || !['GET', 'POST'].includes(type))
    return fault('invalid_url', 'Invalid url', '400');
  const known = [...pesapal.ipns].find(([, one]) => one.key === key && one.url === url);
  const id = known?.[0] ?? randomUUID();
  pesapal.ipns.set(id, { key, url, type });
  return { status: 200, json: { ...shownIpn([id, { url, type }]), error: null, status: '200' } };
}
const shownIpn = ([id, { url, type }]) => ({
  url,
  created_date: new Date().toISOString(),
  ipn_id: id,
  notification_type: type === 'POST' ? 1 : 0,
  ipn_notification_type_description: type,
  ipn_status: 1,
  ipn_status_description: 'Active',
});

function list(pesapal, key) {
  ++pesapal.requests.list;
  const mine = [...pesapal.ipns].filter(([, one]) => one.key === key);
  return { status: 200, json: mine.map((one) => ({ ...shownIpn(one), error: null, status: '200' })) };
}

// ---- Pages ------------------------------------------------------------------------------------------------------

const style = `body{font:16px/1.4 system-ui,sans-serif;margin:0 auto;max-width:44rem;padding:1rem}
table{border-collapse:collapse;width:100%}td,th{border-bottom:1px solid #ccc;padding:.4rem .5rem;text-align:left}
button{font:inherit;padding:.5rem 1rem}`;
const document_ = (title, inner) => `<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><style>${style}</style></head>
<body><h1>${title}</h1>${inner}</body></html>`;
const table = (heads, rows) =>
  `<table><tr>${heads.map((one) => `<th>${one}</th>`).join('')}</tr>${rows
    .map((cells) => `<tr>${cells.map((one) => `<td>${safe(one)}</td>`).join('')}</tr>`)
    .join('')}</table>`;

function manual(pesapal) {
  const amounts = Object.entries(byAmount).map(([digits, { does }]) => [`….${String(digits).padStart(2, '0')}`, does]);
  const orders = [...pesapal.orders.values()].slice(-20).reverse();
  const rows = orders.map((one) => [one.reference, `${one.currency} ${one.amount}`, one.state, one.receipt]);
  return document_(
    'Pesapal simulator',
    `<p>No money moves here. An order is paid on its page, or by its amount:</p>
${table(['Amount', 'What happens'], amounts)}
<h2>Orders</h2>${rows.length ? table(['Reference', 'Amount', 'State', 'Receipt'], rows) : '<p>None yet.</p>'}`,
  );
}

const back = (order, url) => {
  const to = new URL(url);
  to.searchParams.set('OrderTrackingId', order.trackingId);
  to.searchParams.set('OrderMerchantReference', order.reference);
  return { status: 303, location: to.href };
};

async function orderPage(pesapal, method, id, form) {
  const order = pesapal.orders.get(id);
  if (!order) return page(404, document_('No such order', ''));
  const isOpen = order.state === 'pending' || order.state === 'failed';
  if (method === 'POST' && isOpen) {
    if (form.does === 'leave') return back(order, order.cancelUrl);
    const settled = settle(pesapal, order, form.does === 'fail' ? 'failed' : 'paid');
    // The payer is back before or after the notification: as it comes.
    settled.catch(() => {});
    return form.does === 'fail' ? page(200, orderForm(order, 'The payment failed.')) : back(order, order.returnUrl);
  }
  const ended = () => document_('Pesapal, simulated', `<p>This order is ${safe(order.state)}.</p>`);
  return page(200, isOpen ? orderForm(order) : ended());
}
const orderForm = (order, message = '') =>
  document_(
    'Pesapal, simulated',
    `<p>${safe(order.description)}: <strong>${safe(order.currency)} ${safe(order.amount)}</strong></p><p>${message}</p>
<form method="post"><button name="does" value="pay">Pay</button> <button name="does" value="fail">Pay, and fail</button>
<button name="does" value="leave">Leave</button></form>`,
  );

// ---- HTTP -------------------------------------------------------------------------------------------------------

function script(pesapal, order) {
  if (order.reset) pesapal.reset();
  if (order.speed) pesapal.speed = order.speed;
  if ('tokenDown' in order) pesapal.tokenDown = order.tokenDown;
  if (order.killTokens) pesapal.tokens.clear();
  if (order.reference && order.scenario) pesapal.scripts.set(order.reference, order.scenario);
  else if (order.reference) pesapal.scripts.delete(order.reference);
  return {};
}

async function control(pesapal, name, order) {
  if (name === 'ledger') return pesapal.ledger();
  if (name === 'orders') return { orders: [...pesapal.orders.values()].map(shownOrder), requests: pesapal.requests };
  if (name === 'script') return script(pesapal, order);
  const found = pesapal.find(order);
  if (!found) return undefined;
  if (name === 'pay') await settle(pesapal, found, order.outcome ?? 'paid', { ipn: order.ipn ?? true });
  if (name === 'ipn') await tell(pesapal, found, order.body);
  if (name === 'release') found.release?.(order.lost ?? false);
  if (name === 'says') found.says = order.says ?? undefined;
  return shownOrder(found);
}
// Not its key.
const shownOrder = (order) => ({ ...order, key: undefined, release: undefined, isHeld: order.release !== undefined });

async function api(pesapal, request, url, read) {
  const path = url.pathname.replace(/^\/(pesapal)?v3(?=\/)/, '');
  if (request.method === 'POST' && path === '/api/Auth/RequestToken') return giveToken(pesapal, read());
  const token = pesapal.tokens.get((request.headers.authorization ?? '').replace(/^Bearer /, ''));
  if (!token || token.until <= Date.now()) return { ...fault('invalid_token', 'Expired', '401'), status: 401 };
  const { key } = token;
  const found = {
    'POST /api/URLSetup/RegisterIPN': () => register(pesapal, key, read()),
    'GET /api/URLSetup/GetIpnList': () => list(pesapal, key),
    'POST /api/Transactions/SubmitOrderRequest': () => submit(pesapal, key, read()),
    'GET /api/Transactions/GetTransactionStatus': () => status(pesapal, key, url.searchParams.get('orderTrackingId')),
    'POST /api/Transactions/CancelOrder': () => cancel(pesapal, key, read()),
  }[`${request.method} ${path}`];
  return found ? found() : page(404, 'Not Found');
}

async function route(pesapal, request, text) {
  const url = new URL(request.url, 'http://pesapal');
  const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  const read = () => (isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text || '{}'));
  if (url.pathname === '/') return page(200, manual(pesapal));
  const order = /^\/iframe\/([\w-]+)$/.exec(url.pathname)?.[1];
  if (order) return orderPage(pesapal, request.method, order, read());
  if (!url.pathname.startsWith('/_')) return api(pesapal, request, url, read);
  const done = await control(pesapal, url.pathname.slice(2), read());
  return { status: done ? 200 : 404, json: done ?? {} };
}

function answer(response, { status, json, html: markup, location, cut }) {
  if (cut) return void response.socket?.destroy();
  if (location) return void response.writeHead(status, { location }).end();
  const body = json === undefined ? markup : JSON.stringify(json);
  const type = json === undefined ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8';
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

async function serve(pesapal, request, response) {
  const pieces = [];
  let length = 0;
  for await (const piece of request) {
    pieces.push(piece);
    if ((length += piece.length) > longestBody) return void request.socket.destroy();
  }
  let outcome;
  try {
    outcome = await route(pesapal, request, Buffer.concat(pieces).toString());
  } catch (error) {
    outcome = fault('invalid_request', String(error), error instanceof SyntaxError ? '400' : '500');
    if (!(error instanceof SyntaxError)) console.error(error);
  }
  if (!response.destroyed) answer(response, outcome);
}

export async function start(options = {}) {
  const pesapal = new Pesapal(options);
  const server = http.createServer(
    (request, response) => void serve(pesapal, request, response).catch(() => response.destroy()),
  );
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address();
  pesapal.base = `http://${options.host ?? '127.0.0.1'}:${port}`;
  return {
    port,
    url: pesapal.base,
    ledger: () => pesapal.ledger(),
    orders: () => [...pesapal.orders.values()],
    requests: () => ({ ...pesapal.requests }),
    script: (order) => script(pesapal, order),
    control: (name, order = {}) => control(pesapal, name, order),
    close: () =>
      new Promise((resolve) => {
        for (const timer of pesapal.timers) clearTimeout(timer);
        for (const order of pesapal.orders.values()) order.release?.(true);
        server.close(resolve);
        server.closeAllConnections?.();
      }),
  };
}

function optionsOf(words) {
  const options = {};
  for (let i = 0; i < words.length; ++i) {
    const name = words[i].replace(/^--/, '');
    if (name === 'host') options.host = words[++i];
    else if (name === 'callback-ca') options.callbackCa = readFileSync(words[++i]);
    else if (name === 'port' || name === 'speed') options[name] = Number(words[++i]);
    else throw new Error(`unknown option ${words[i]}; see the head of ${fileURLToPath(import.meta.url)}`);
  }
  return options;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { port } = await start(optionsOf(process.argv.slice(2)));
  console.log(JSON.stringify({ listening: port }));
}
