// A Daraja (M-Pesa Kenya) for tests and development: real HTTP, real callbacks, a ledger of the money that moved. The payer's number says
// what happens (see daraja-numbers.mjs, or GET / in a browser). Node 18 or newer, nothing to install.
//
//     node tests/simulators/daraja.mjs --port 0 [--host 127.0.0.1] [--speed 20] [--manners 7] [--query-limit 5]
//                                      [--callback-ca FILE] [--production]
//
// It prints one line, {"listening":PORT}. --speed divides every time; --manners SEED gives numbers that are not in the table random bad
// manners, the same ones for the same seed, number, amount and reference. In tests: const daraja = await start({port: 0, speed: 100}).
//
//     GET  /            the numbers, what was asked, what was paid; a form to pay a paybill or till without a prompt
//     GET  /_ledger     {"moved":[{checkoutId, receipt, amount, phone, reference, account, at, by}], "total"}
//     GET  /_attempts   every prompt: scenario, code, callbacks that were answered
//     GET  /_payouts    what an initiator asked for (daraja-initiator.mjs), and how often; what is left in the utility account
//     GET  /_certificate  what an initiator's password is encrypted for, in PEM. Any password but "wrong…" is right
//     POST /_script     {"phone":"2547…", "scenario":{…}} or {"phone", "name"}; "phone":"*" for all others; {"speed"}, {"manners"},
//                       {"token":{"expiresIn", "kill", "down"}}, {"queryLimit"}, {"utility"}, {"reset":true}
//     POST /_pay        {"shortCode", "amount", "phone", "reference"}: money that comes by itself

import { Buffer } from 'node:buffer';
import { readFileSync, realpathSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { randomBytes } from 'node:crypto';
import { clearTimeout, setTimeout } from 'node:timers';
import { fileURLToPath, URLSearchParams } from 'node:url';
import { badManners, descriptionOf, isPaid, scenarioOf } from './daraja-numbers.mjs';
import { error, html, invalid, refusals, requestId, spikeArrest } from './daraja-errors.mjs';
import { balance, Initiator, payOut, reverse, status } from './daraja-initiator.mjs';
import { page } from './daraja-page.mjs';

const forbidden = /m-?pesa|safaricom|exec?|cmd|sql|query/i;
const phonePattern = /^254[17]\d{8}$/;
const callbackTries = 3;

// ---- Times and ids ----------------------------------------------------------------------------------------------

const two = (number) => String(number).padStart(2, '0');
// The parts of a moment in Nairobi.
function nairobi(time = Date.now()) {
  const at = new Date(time + 3 * 3600_000);
  return [
    at.getUTCFullYear(),
    two(at.getUTCMonth() + 1),
    two(at.getUTCDate()),
    two(at.getUTCHours()),
    two(at.getUTCMinutes()),
    two(at.getUTCSeconds()),
  ];
}
const compactTime = (time) => nairobi(time).join('');

// ---- The state of one simulator ---------------------------------------------------------------------------------

class Daraja {
  constructor(options) {
    this.options = options;
    this.reset();
  }

  reset() {
    this.speed = this.options.speed ?? 1;
    this.manners = this.options.manners;
    this.queryLimit = this.options.queryLimit ?? 5;
    this.token = { expiresIn: '3599', down: 0 };
    this.apps = new Map(); // consumer key -> its only living token
    this.owners = new Map(); // token -> consumer key
    this.attempts = new Map(); // checkout id -> attempt
    this.scripts = new Map();
    this.seen = new Map(); // phone -> prompts so far: some scenarios are about the first one
    this.urls = new Map(); // short code -> C2B URLs
    this.queries = new Map(); // short code -> times
    this.moved = [];
    this.requests = { token: 0, push: 0, query: 0 };
    this.counter = 0;
    this.initiator = new Initiator();
    for (const timer of this.timers ?? []) clearTimeout(timer);
    this.timers = new Set();
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

  newReceipt() {
    return (BigInt(Date.now()) * 1296n + BigInt(this.counter++ % 1296)).toString(36).toUpperCase();
  }
  newCheckoutId(phone) {
    const [year, month, day, ...clock] = nairobi();
    const number = String(this.counter++ % 10000).padStart(4, '0');
    return `ws_CO_${day}${month}${year}${clock.join('')}${number}${phone.slice(3)}`;
  }

  // What a number does: what a test said of it, else the table, else the manners, else what was said of "*".
  scenario(push) {
    const scripted = this.scripts.get(push.PhoneNumber);
    const scenario =
      scripted ??
      scenarioOf(push.PhoneNumber) ??
      this.scripts.get('*') ??
      (this.manners === undefined ? undefined : badManners(this.manners, push));
    return scenario ?? { name: 'success', payer: 0 };
  }

  move(entry) {
    const receipt = this.newReceipt();
    this.moved.push({ ...entry, receipt, at: new Date().toISOString() });
    return receipt;
  }
  ledger() {
    return { moved: this.moved, total: this.moved.reduce((sum, entry) => sum + entry.amount, 0) };
  }
}

// ---- Callbacks --------------------------------------------------------------------------------------------------

function deliver(daraja, url, body, contentType = 'application/json') {
  return new Promise((resolve) => {
    const { callbackCa } = daraja.options;
    const call = (url.startsWith('https:') ? https : http).request(
      url,
      {
        method: 'POST',
        ca: callbackCa,
        timeout: 8_000,
        headers: {
          'content-type': contentType,
          'content-length': Buffer.byteLength(body),
          'user-agent': 'daraja-simulator',
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

// Tried a few times: a service that was killed is up again by then, or it has to ask.
async function callBack(daraja, url, body, contentType) {
  for (let tries = 1; ; ++tries) {
    const reply = await deliver(daraja, url, body, contentType).catch(() => ({ status: 0 }));
    if (reply.status === 200 || tries === callbackTries) return reply;
    await daraja.wait(2_000 * tries * tries);
  }
}

function stkBody(attempt) {
  const { scenario, code } = attempt;
  const callback = {
    MerchantRequestID: attempt.merchantId,
    CheckoutRequestID: attempt.checkoutId,
    ResultCode: code,
    ResultDesc: descriptionOf(code),
  };
  if (code === 0 && scenario.metadata !== 'none') {
    const items = [
      { Name: 'Amount', Value: attempt.paid },
      { Name: 'MpesaReceiptNumber', Value: attempt.receipt },
      { Name: 'Balance' },
      { Name: 'TransactionDate', Value: Number(compactTime()) },
      { Name: 'PhoneNumber', Value: Number(attempt.phone) },
    ];
    if (scenario.metadata === 'noreceipt') items.splice(1, 1);
    if (scenario.metadata === 'strings') {
      callback.ResultCode = String(code);
      for (const item of items)
        if ('Value' in item) item.Value = item.Name === 'Amount' ? item.Value.toFixed(2) : String(item.Value);
      items.reverse();
    }
    callback.CallbackMetadata = { Item: items };
  }
  return JSON.stringify({ Body: { stkCallback: callback } });
}

async function sendCallbacks(daraja, attempt) {
  const { callbacks = 'once' } = attempt.scenario;
  const body = stkBody(attempt);
  const send = async (text = body, type) => {
    const reply = await callBack(daraja, attempt.callbackUrl, text, type);
    attempt.callbackStatuses.push(reply.status);
  };
  if (callbacks === 'none') return;
  if (callbacks === 'garbage') {
    for (const [text, type] of [
      ['', undefined],
      ['{}', undefined],
      ['null', undefined],
      ['<html></html>', 'text/html'],
    ])
      await send(text, type);
  }
  if (callbacks === 'parallel') return void (await Promise.all([send(), send(), send()]));
  await send();
  if (callbacks === 'twice') {
    await send();
    daraja.later(20_000, () => void send());
  }
}

// What came, announced as money that comes by itself: a prompt's payment is announced like any other.
async function confirm(daraja, shortCode, entry, receipt, type) {
  const urls = daraja.urls.get(shortCode);
  if (!urls) return;
  await callBack(daraja, urls.ConfirmationURL, JSON.stringify(c2bBody(shortCode, entry, receipt, type)));
}

function c2bBody(shortCode, entry, receipt, type = 'Pay Bill') {
  return {
    TransactionType: type,
    TransID: receipt,
    TransTime: compactTime(),
    TransAmount: entry.amount.toFixed(2),
    BusinessShortCode: shortCode,
    BillRefNumber: entry.reference,
    InvoiceNumber: '',
    OrgAccountBalance: '49197.00',
    ThirdPartyTransID: '',
    MSISDN: `${entry.phone.slice(0, 4)} ***** ${entry.phone.slice(-3)}`,
    FirstName: 'JANE',
    MiddleName: '',
    LastName: null,
  };
}

// ---- Prompts ----------------------------------------------------------------------------------------------------

function faultOfUrl(url, production) {
  if (!/^https?:\/\/[^/]+/.test(url ?? '')) return true;
  return forbidden.test(url) || (production && !url.startsWith('https:'));
}

function faultOfPassword({ BusinessShortCode, Password, Timestamp }) {
  if (!/^\d{14}$/.test(Timestamp ?? '')) return invalid('Timestamp');
  const opened = Buffer.from(String(Password ?? ''), 'base64').toString();
  const passkey = opened.slice(String(BusinessShortCode).length, -14);
  const fits =
    opened.startsWith(String(BusinessShortCode)) &&
    opened.endsWith(Timestamp) &&
    passkey !== '' &&
    !passkey.startsWith('wrong');
  return fits ? undefined : refusals.credentials();
}

function faultOfPush(daraja, push) {
  if (!/^\d{5,7}$/.test(String(push.BusinessShortCode ?? ''))) return invalid('BusinessShortCode');
  if (!['CustomerPayBillOnline', 'CustomerBuyGoodsOnline'].includes(push.TransactionType))
    return invalid('TransactionType');
  if (!/^[1-9]\d*$/.test(String(push.Amount ?? ''))) return invalid('Amount');
  for (const name of ['PartyA', 'PhoneNumber']) if (!phonePattern.test(String(push[name] ?? ''))) return invalid(name);
  if (!/^\d{5,9}$/.test(String(push.PartyB ?? ''))) return invalid('PartyB');
  if (faultOfUrl(push.CallBackURL, daraja.options.production)) return invalid('CallBackURL');
  if (!/^[\w .-]{1,12}$/.test(push.AccountReference ?? '')) return invalid('AccountReference');
  if (!/^[\w .-]{1,13}$/.test(push.TransactionDesc ?? '')) return invalid('Remarks');
  return faultOfPassword(push);
}

function newAttempt(daraja, push, scenario) {
  const amount = Number(push.Amount);
  const limit = amount > 250_000 ? 3 : undefined;
  const isPaybill = push.TransactionType === 'CustomerPayBillOnline';
  const isWrongKind = isPaybill !== (String(push.PartyB) === String(push.BusinessShortCode));
  const attempt = {
    checkoutId: daraja.newCheckoutId(String(push.PhoneNumber)),
    merchantId: `${randomBytes(2).toString('hex')}-${randomBytes(2).toString('hex')}-${randomBytes(8).toString('hex')}`,
    phone: String(push.PhoneNumber),
    amount,
    reference: push.AccountReference,
    shortCode: String(push.BusinessShortCode),
    account: String(push.PartyB),
    type: isPaybill ? 'Pay Bill' : 'Buy Goods',
    callbackUrl: push.CallBackURL,
    scenario,
    outcome: limit ?? (isWrongKind ? 2028 : (scenario.payer ?? 0)),
    isOver: false,
    callbackStatuses: [],
    startedAt: Date.now(),
  };
  daraja.attempts.set(attempt.checkoutId, attempt);
  return attempt;
}

// The payer has decided, or has not in time.
async function settle(daraja, attempt, outcome = attempt.outcome) {
  if (attempt.receipt) return;
  const { scenario } = attempt;
  attempt.isOver = true;
  attempt.code = outcome;
  if (isPaid(outcome)) {
    attempt.paid = scenario.paysAmount === 'less' ? Math.max(1, attempt.amount - 1) : attempt.amount;
    attempt.receipt = daraja.move({
      checkoutId: attempt.checkoutId,
      amount: attempt.paid,
      phone: attempt.phone,
      reference: attempt.reference,
      account: attempt.account,
      by: 'stk',
    });
    const entry = { amount: attempt.paid, phone: attempt.phone, reference: attempt.reference };
    const confirmed = confirm(daraja, attempt.shortCode, entry, attempt.receipt, attempt.type);
    if (scenario.confirmsFirst) await confirmed;
  }
  const late = (scenario.callbackAfter ?? 0) * 1000;
  if (late > 0) await daraja.wait(late);
  await sendCallbacks(daraja, attempt);
  if (scenario.thenPays) daraja.later(scenario.thenPays * 1000, () => void settle(daraja, attempt, 0));
}

function accepted(attempt) {
  const text = 'Success. Request accepted for processing';
  return {
    status: 200,
    json: {
      MerchantRequestID: attempt.merchantId,
      CheckoutRequestID: attempt.checkoutId,
      ResponseCode: '0',
      ResponseDescription: text,
      CustomerMessage: text,
    },
  };
}

async function push(daraja, body) {
  ++daraja.requests.push;
  const fault = faultOfPush(daraja, body);
  if (fault) return fault;
  const phone = String(body.PhoneNumber);
  const scenario = daraja.scenario({ ...body, PhoneNumber: phone });
  const times = (daraja.seen.get(phone) ?? 0) + 1;
  daraja.seen.set(phone, times);
  const refuses = scenario.refuse && (!scenario.refuseTimes || times <= scenario.refuseTimes);
  if (refuses && !scenario.acts) return refusals[scenario.refuse]();
  const rings = [...daraja.attempts.values()].some((attempt) => attempt.phone === phone && !attempt.isOver);
  if (rings) return refusals.locked();

  const attempt = newAttempt(daraja, body, scenario);
  if (scenario.reply === 'aftercallback') {
    await settle(daraja, attempt);
    return accepted(attempt);
  }
  daraja.later((scenario.after ?? 3) * 1000, () => void settle(daraja, attempt));
  if (refuses) return refusals[scenario.refuse]();
  if (scenario.reply === 'cut') return { cut: true };
  if (scenario.reply === 'hang') await daraja.wait(30_000);
  return accepted(attempt);
}

// ---- Queries ----------------------------------------------------------------------------------------------------

function isOverLimit(daraja, shortCode) {
  const now = Date.now();
  const times = (daraja.queries.get(shortCode) ?? []).filter((time) => now - time < 60_000 / daraja.speed);
  const isOver = times.length >= daraja.queryLimit;
  if (!isOver) times.push(now);
  daraja.queries.set(shortCode, times);
  return isOver;
}

function queried(attempt) {
  const { scenario } = attempt;
  const answer = (code) => ({
    status: 200,
    json: {
      ResponseCode: '0',
      ResponseDescription: 'The service request has been accepted successfully',
      MerchantRequestID: attempt.merchantId,
      CheckoutRequestID: attempt.checkoutId,
      ResultCode: String(code),
      ResultDesc: descriptionOf(code),
    },
  });
  if (scenario.query === 'fails') return answer(1037);
  if (scenario.query === 'html') return html(503);
  const isToldLate = scenario.query === '4999' && attempt.callbackStatuses.length === 0;
  if (attempt.isOver && !isToldLate) return answer(attempt.code);
  if (scenario.query === '500') return error(500, '500.001.1001', 'The transaction is being processed');
  return answer(4999);
}

function query(daraja, body) {
  ++daraja.requests.query;
  if (isOverLimit(daraja, String(body.BusinessShortCode))) return spikeArrest(daraja.queryLimit);
  const fault = faultOfPassword(body);
  if (fault) return fault;
  const attempt = daraja.attempts.get(body.CheckoutRequestID);
  return attempt ? queried(attempt) : invalid('CheckoutRequestID');
}

// ---- Money that comes by itself ---------------------------------------------------------------------------------

function registerUrls(daraja, body) {
  if (!/^\d{5,7}$/.test(String(body.ShortCode ?? ''))) return invalid('ShortCode');
  if (!['Completed', 'Cancelled'].includes(body.ResponseType)) return invalid('ResponseType');
  for (const name of ['ConfirmationURL', 'ValidationURL']) {
    if (faultOfUrl(body[name], daraja.options.production)) return invalid(name);
  }
  if (daraja.options.production && daraja.urls.has(String(body.ShortCode)))
    return error(500, '500.003.1001', 'Urls are already registered.');
  daraja.urls.set(String(body.ShortCode), body);
  return {
    status: 200,
    json: { OriginatorCoversationID: requestId(), ResponseCode: '0', ResponseDescription: 'Success' },
  };
}

// Asked first whether it may come; no answer: as was registered.
async function isTaken(daraja, urls, shortCode, entry) {
  const reply = await deliver(
    daraja,
    urls.ValidationURL,
    JSON.stringify({ ...c2bBody(shortCode, entry, 'VALIDATION0'), OrgAccountBalance: '' }),
  );
  if (reply.status !== 200) return urls.ResponseType === 'Completed';
  try {
    return String(JSON.parse(reply.text).ResultCode) === '0';
  } catch {
    return urls.ResponseType === 'Completed';
  }
}

async function pay(daraja, { shortCode, amount, phone, reference, type }) {
  const entry = { amount: Number(amount), phone: String(phone), reference: String(reference ?? '') };
  if (!(entry.amount > 0) || !phonePattern.test(entry.phone)) return invalid('Amount or Msisdn');
  const urls = daraja.urls.get(String(shortCode));
  if (urls && !(await isTaken(daraja, urls, String(shortCode), entry)))
    return { status: 200, json: { ResponseCode: '1', ResponseDescription: 'Rejected by the receiver' } };
  const receipt = daraja.move({ ...entry, account: String(shortCode), by: 'c2b' });
  daraja.later(500, () => void confirm(daraja, String(shortCode), entry, receipt, type));
  return {
    status: 200,
    json: {
      OriginatorCoversationID: requestId(),
      ResponseCode: '0',
      receipt,
      ResponseDescription: 'Accept the service request successfully.',
    },
  };
}

const simulate = (daraja, body) =>
  pay(daraja, {
    shortCode: body.ShortCode,
    amount: body.Amount,
    phone: body.Msisdn,
    reference: body.BillRefNumber,
    type: body.CommandID === 'CustomerBuyGoodsOnline' ? 'Buy Goods' : 'Pay Bill',
  });

function pull(daraja, body) {
  const shortCode = String(body.ShortCode);
  const offset = Number(body.OffSetValue ?? 0);
  const isWithin = ({ at }) => {
    const time = nairobi(Date.parse(at));
    const text = `${time.slice(0, 3).join('-')} ${time.slice(3).join(':')}`;
    return text >= body.StartDate && text <= body.EndDate && Date.now() - Date.parse(at) < 48 * 3600_000;
  };
  const isOf = (entry) => entry.account === shortCode || daraja.attempts.get(entry.checkoutId)?.shortCode === shortCode;
  const list = daraja.moved.filter((entry) => isOf(entry) && isWithin(entry)).slice(offset, offset + 100);
  if (list.length === 0)
    return {
      status: 200,
      json: { ResponseRefID: requestId(), ResponseCode: '1001', ResponseMessage: 'No transactions', Response: [[]] },
    };
  return {
    status: 200,
    json: {
      ResponseRefID: requestId(),
      ResponseCode: '1000',
      ResponseMessage: 'Success',
      Response: [
        list.map((entry) => ({
          transactionId: entry.receipt,
          trxDate: entry.at,
          msisdn: Number(entry.phone),
          sender: 'UAT',
          transactiontype: 'c2b-pay-bill-debit',
          billreference: entry.reference,
          amount: entry.amount.toFixed(2),
          organizationname: 'Simulator',
        })),
      ],
    },
  };
}

// ---- Tokens -----------------------------------------------------------------------------------------------------

function giveToken(daraja, request, url) {
  ++daraja.requests.token;
  if (daraja.token.down) return html(daraja.token.down);
  if (url.searchParams.get('grant_type') !== 'client_credentials')
    return error(400, '400.008.02', 'Invalid grant type passed');
  const [kind, encoded] = (request.headers.authorization ?? '').split(' ');
  const [key, secret] = Buffer.from(encoded ?? '', 'base64')
    .toString()
    .split(':');
  if (kind !== 'Basic' || !key || !secret || key.startsWith('bad'))
    return error(400, '400.008.01', 'Invalid Authentication passed');
  if (key.startsWith('elsewhere')) return { status: 400, html: '' };
  const token = randomBytes(18).toString('base64url');
  // The one before is no token any more.
  daraja.owners.delete(daraja.apps.get(key));
  daraja.apps.set(key, token);
  daraja.owners.set(token, key);
  const { expiresIn } = daraja.token;
  return {
    status: 200,
    json: expiresIn === null ? { access_token: token } : { access_token: token, expires_in: expiresIn },
  };
}

function faultOfToken(daraja, request) {
  const [kind, token] = (request.headers.authorization ?? '').split(' ');
  if (kind !== 'Bearer') return error(404, '404.001.04', 'Invalid Authentication Header');
  const key = daraja.owners.get(token);
  if (key === undefined || key.startsWith('unapproved')) return refusals.token();
  return key.startsWith('noproduct') ? refusals.noproduct() : undefined;
}

// ---- HTTP -------------------------------------------------------------------------------------------------------

const tools = (daraja) => ({
  callBack,
  phonePattern,
  faultOfUrl: (url) => faultOfUrl(url, daraja.options.production),
});
const apis = {
  '/mpesa/b2c/v3/paymentrequest': (daraja, body) => payOut(daraja, body, tools(daraja)),
  '/mpesa/reversal/v1/request': (daraja, body) => reverse(daraja, body, tools(daraja)),
  '/mpesa/transactionstatus/v1/query': (daraja, body) => status(daraja, body, tools(daraja)),
  '/mpesa/accountbalance/v1/query': (daraja, body) => balance(daraja, body, tools(daraja)),
  '/mpesa/stkpush/v1/processrequest': push,
  '/mpesa/stkpushquery/v1/query': query,
  '/mpesa/c2b/v1/registerurl': registerUrls,
  '/mpesa/c2b/v2/registerurl': registerUrls,
  '/mpesa/c2b/v2/simulate': simulate,
  '/pulltransactions/v1/register': (daraja, body) => ({
    status: 200,
    json: {
      ResponseRefID: requestId(),
      ResponseStatus: '1000',
      ShortCode: body.ShortCode,
      ResponseDescription: 'ShortCode registered successfully',
    },
  }),
  '/pulltransactions/v1/query': pull,
};

function script(daraja, order) {
  if (order.reset) daraja.reset();
  if (order.speed) daraja.speed = order.speed;
  if ('manners' in order) daraja.manners = order.manners ?? undefined;
  if (order.queryLimit) daraja.queryLimit = order.queryLimit;
  if ('utility' in order) daraja.initiator.utility = order.utility;
  if (order.token) {
    if ('expiresIn' in order.token) daraja.token.expiresIn = order.token.expiresIn;
    if ('down' in order.token) daraja.token.down = order.token.down;
    if (order.token.kill) {
      daraja.apps.clear();
      daraja.owners.clear();
    }
  }
  if (order.phone) {
    const scenario = order.scenario ?? scenarioOf(order.name ?? '') ?? undefined;
    if (scenario) daraja.scripts.set(String(order.phone), { name: 'scripted', ...scenario });
    else daraja.scripts.delete(String(order.phone));
  }
  return { status: 200, json: { ok: true } };
}

// Not with its URL, which holds a secret.
const shownAttempt = (attempt) => ({ ...attempt, callbackUrl: undefined });
const shownPayout = (request) => ({ ...request, resultUrl: undefined, timeoutUrl: undefined });
const shownPayouts = ({ initiator }) => ({
  payouts: [...initiator.requests.values()].map(shownPayout),
  requests: initiator.counts,
  utility: initiator.utility,
});

async function route(daraja, request, text) {
  const url = new URL(request.url, 'http://daraja');
  const { pathname } = url;
  const own = {
    'GET /': () => ({ status: 200, html: page(daraja) }),
    'GET /_ledger': () => ({ status: 200, json: daraja.ledger() }),
    'GET /_attempts': () => ({
      status: 200,
      json: { attempts: [...daraja.attempts.values()].map(shownAttempt), requests: daraja.requests },
    }),
    'GET /_payouts': () => ({ status: 200, json: shownPayouts(daraja) }),
    'GET /_certificate': () => ({ status: 200, html: daraja.initiator.certificate() }),
    'GET /oauth/v1/generate': () => giveToken(daraja, request, url),
  }[`${request.method} ${pathname}`];
  if (own) return own();
  const isForm = (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  const read = () => (isForm ? Object.fromEntries(new URLSearchParams(text)) : JSON.parse(text));
  if (request.method === 'POST' && pathname === '/_script') return script(daraja, read());
  if (request.method === 'POST' && pathname === '/_pay') return pay(daraja, read());
  const api = apis[pathname];
  if (!api) return error(404, '404.001.01', 'Resource not found');
  if (request.method !== 'POST') return error(405, '405.001', 'Method Not Allowed');
  const fault = faultOfToken(daraja, request);
  if (fault) return fault;
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) return invalid('BusinessShortCode');
  return api(daraja, read());
}

function answer(response, { status, json, html: markup, cut }) {
  if (cut) return void response.socket?.destroy();
  const body = json === undefined ? markup : JSON.stringify(json);
  const type = json === undefined ? 'text/html; charset=utf-8' : 'application/json;charset=UTF-8';
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

async function serve(daraja, request, response) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  let outcome;
  try {
    outcome = await route(daraja, request, Buffer.concat(pieces).toString());
  } catch (fault) {
    outcome =
      fault instanceof SyntaxError
        ? error(400, '400.002.05', 'Invalid Request Payload')
        : error(500, '500.003.1001', 'Internal Server Error');
    if (!(fault instanceof SyntaxError)) console.error(fault);
  }
  if (!response.destroyed) answer(response, outcome);
}

export async function start(options = {}) {
  const daraja = new Daraja(options);
  const server = http.createServer(
    (request, response) => void serve(daraja, request, response).catch(() => response.destroy()),
  );
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve);
  });
  const { port } = server.address();
  return {
    port,
    url: `http://${options.host ?? '127.0.0.1'}:${port}`,
    ledger: () => daraja.ledger(),
    attempts: () => [...daraja.attempts.values()],
    requests: () => ({ ...daraja.requests }),
    payouts: () => shownPayouts(daraja),
    certificate: () => daraja.initiator.certificate(),
    script: (order) => script(daraja, order),
    pay: (order) => pay(daraja, order),
    close: () =>
      new Promise((resolve) => {
        for (const timer of daraja.timers) clearTimeout(timer);
        server.close(resolve);
        server.closeAllConnections?.();
      }),
  };
}

function optionsOf(words) {
  const options = {};
  for (let i = 0; i < words.length; ++i) {
    const name = words[i].replace(/^--/, '');
    if (name === 'production') options.production = true;
    else if (name === 'host') options.host = words[++i];
    else if (name === 'callback-ca') options.callbackCa = readFileSync(words[++i]);
    else if (['port', 'speed', 'manners', 'query-limit'].includes(name))
      options[name.replace(/-./, (dash) => dash[1].toUpperCase())] = Number(words[++i]);
    else throw new Error(`unknown option ${words[i]}; see the head of ${fileURLToPath(import.meta.url)}`);
  }
  return options;
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { port } = await start(optionsOf(process.argv.slice(2)));
  console.log(JSON.stringify({ listening: port }));
}
