// What an initiator asks of the Daraja simulator: money to a phone (B2C), a payment back (reversal), what became of either (transaction
// status), the account's balance. Each is only taken at first; its result is posted to its ResultURL.
//
// The recipient's number says what happens, by the scenarios of daraja-numbers.mjs: `payer` is the ResultCode (0: paid), `payerTimes` how
// many times, `reply`, `refuse`, `callbacks`, `callbackAfter` as of prompts; `query`: "4999" (not decided until the result), "fails" (the
// question is refused), "html" (503).

import { Buffer } from 'node:buffer';
import { constants, generateKeyPairSync, privateDecrypt, randomBytes } from 'node:crypto';
import { error, html, invalid, refusals } from './daraja-errors.mjs';

const descriptions = {
  0: 'The service request is processed successfully.',
  1: 'The balance is insufficient for the transaction.',
  2: 'Declined due to limit rule: less than the minimum transaction amount.',
  3: 'Declined due to limit rule: greater than the maximum transaction amount.',
  4: 'Declined due to limit rule: would exceed daily transfer limit.',
  8: 'Declined due to limit rule: would exceed the maximum balance.',
  11: 'The DebitParty is in an invalid state.',
  15: 'Duplicate Detected.',
  17: 'Internal Failure.',
  26: 'Traffic blocking condition in place.',
  2001: 'The initiator information is invalid.',
  2040: 'Credit Party customer type (Unregistered or Registered Customer) can not be supported by the service.',
  R000001: 'The transaction has already been reversed.',
  R000002: 'The OriginalTransactionID is invalid.',
};
const descriptionOf = (code) => descriptions[code] ?? 'Request failed.';
const commands = ['BusinessPayment', 'SalaryPayment', 'PromotionPayment'];

// Of one simulator. The key is made when it is asked for first: that takes a moment.
export class Initiator {
  constructor() {
    this.requests = new Map(); // OriginatorConversationID -> request
    this.utility = 1_000_000;
    this.counts = { payout: 0, reversal: 0, status: 0, balance: 0 };
  }
  certificate() {
    this.keys ??= generateKeyPairSync('rsa', { modulusLength: 2048 });
    return this.keys.publicKey.export({ type: 'spki', format: 'pem' });
  }
  // With PKCS#1 v1.5 (00 02, eight bytes or more without a 00, 00, the password), which Node opens no more by itself. What cannot be opened
  // is a wrong password.
  proves(credential) {
    if (!this.keys) return false;
    try {
      const opened = privateDecrypt(
        { key: this.keys.privateKey, padding: constants.RSA_NO_PADDING },
        Buffer.from(String(credential ?? ''), 'base64'),
      );
      const end = opened.indexOf(0, 2);
      const isPadded = opened[0] === 0 && opened[1] === 2 && end >= 10;
      const password = opened.subarray(end + 1).toString();
      return isPadded && password !== '' && !password.startsWith('wrong');
    } catch {
      return false;
    }
  }
  // What went out, or back.
  sent() {
    return [...this.requests.values()].filter((one) => one.receipt);
  }
}

const newConversationId = () => `AG_${randomBytes(12).toString('hex')}`;
const taken = (request) => ({
  status: 200,
  json: {
    ConversationID: request.conversationId,
    OriginatorConversationID: request.originatorId,
    ResponseCode: '0',
    ResponseDescription: 'Accept the service request successfully.',
  },
});

function resultOf(request, code, parameters) {
  return JSON.stringify({
    Result: {
      ResultType: 0,
      ResultCode: code,
      ResultDesc: descriptionOf(code),
      OriginatorConversationID: request.originatorId,
      ConversationID: request.conversationId,
      TransactionID: request.receipt ?? 'NLJ0000000',
      ...(parameters && {
        ResultParameters: { ResultParameter: Object.entries(parameters).map(([Key, Value]) => ({ Key, Value })) },
      }),
      ReferenceData: { ReferenceItem: { Key: 'QueueTimeoutURL', Value: request.timeoutUrl } },
    },
  });
}

const two = (number) => String(number).padStart(2, '0');
function dotted(time = Date.now()) {
  const at = new Date(time + 3 * 3600_000);
  const clock = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds()].map(two).join(':');
  return `${two(at.getUTCDate())}.${two(at.getUTCMonth() + 1)}.${at.getUTCFullYear()} ${clock}`;
}
const compact = (time) =>
  Number(
    dotted(time)
      .replace(/(\d+)\.(\d+)\.(\d+) (.*)/, '$3$2$1$4')
      .replace(/:/g, ''),
  );

// What a request came to, as its result says it.
function parametersOf(request, utility) {
  if (request.code !== 0) return undefined;
  if (request.kind === 'reversal')
    return {
      Amount: request.amount,
      TransCompletedTime: compact(request.at),
      OriginalTransactionID: request.of,
      CreditPartyPublicName: `${request.phone} - JANE WANJIRU`,
      DebitPartyPublicName: `${request.shortCode} - Simulator`,
    };
  return {
    TransactionAmount: request.amount,
    TransactionReceipt: request.receipt,
    B2CRecipientIsRegisteredCustomer: 'Y',
    B2CChargesPaidAccountAvailableFunds: 0,
    ReceiverPartyPublicName: `${request.phone} - JANE WANJIRU`,
    TransactionCompletedDateTime: dotted(request.at),
    B2CUtilityAccountAvailableFunds: utility,
    B2CWorkingAccountAvailableFunds: 700000,
  };
}

async function tell(daraja, request, callBack) {
  const { callbacks = 'once', callbackAfter = 0 } = request.scenario;
  if (callbackAfter > 0) await daraja.wait(callbackAfter * 1_000);
  if (callbacks === 'none') return;
  const body = resultOf(request, request.code, parametersOf(request, daraja.initiator.utility));
  const send = async (text = body) => {
    const reply = await callBack(daraja, request.resultUrl, text);
    request.callbackStatuses.push(reply.status);
  };
  if (callbacks === 'garbage') for (const text of ['', '{}', 'null', '{"Result":{}}']) await send(text);
  request.isTold = true;
  if (callbacks === 'parallel') return void (await Promise.all([send(), send(), send()]));
  await send();
  if (callbacks === 'twice') await send();
}

// The same id again is the same request; a busy M-Pesa takes it anew.
function carryOut(daraja, request, callBack) {
  const { scenario } = request;
  const times = (request.times = (request.times ?? 0) + 1);
  const isEnded = scenario.payerTimes && times > scenario.payerTimes;
  const wanted = isEnded ? 0 : (scenario.payer ?? 0);
  request.code = request.fault ?? (wanted === 0 && request.amount > daraja.initiator.utility ? 1 : wanted);
  if (request.code === 0) {
    request.receipt = daraja.newReceipt();
    request.at = Date.now();
    if (request.kind === 'payout') daraja.initiator.utility -= request.amount;
    else daraja.moved.find((entry) => entry.receipt === request.of).reversedAt = new Date().toISOString();
  }
  request.isOver = true;
  return tell(daraja, request, callBack);
}

async function begin(daraja, request, callBack) {
  const { scenario } = request;
  daraja.initiator.requests.set(request.originatorId, request);
  if (scenario.reply === 'aftercallback') {
    await carryOut(daraja, request, callBack);
    return taken(request);
  }
  daraja.later((scenario.after ?? 1) * 1_000, () => void carryOut(daraja, request, callBack));
  if (scenario.refuse) return refusals[scenario.refuse]();
  if (scenario.reply === 'cut') return { cut: true };
  if (scenario.reply === 'hang') await daraja.wait(30_000);
  return taken(request);
}

const newRequest = (daraja, body, more) => ({
  conversationId: newConversationId(),
  resultUrl: body.ResultURL,
  timeoutUrl: body.QueueTimeOutURL,
  fault: daraja.initiator.proves(body.SecurityCredential) ? undefined : 2001,
  isOver: false,
  callbackStatuses: [],
  startedAt: Date.now(),
  ...more,
});

export async function payOut(daraja, body, { callBack, faultOfUrl, phonePattern }) {
  ++daraja.initiator.counts.payout;
  const id = body.OriginatorConversationID;
  if (typeof id !== 'string' || id === '') return invalid('OriginatorConversationID');
  if (!body.InitiatorName) return invalid('InitiatorName');
  if (!commands.includes(body.CommandID)) return invalid('CommandID');
  if (!/^[1-9]\d*$/.test(String(body.Amount ?? ''))) return invalid('Amount');
  if (!/^\d{5,7}$/.test(String(body.PartyA ?? ''))) return invalid('PartyA');
  if (!phonePattern.test(String(body.PartyB ?? ''))) return invalid('PartyB');
  if (!/^.{2,100}$/.test(body.Remarks ?? '')) return invalid('Remarks');
  for (const name of ['ResultURL', 'QueueTimeOutURL']) if (faultOfUrl(body[name])) return invalid(name);
  const phone = String(body.PartyB);
  const known = daraja.initiator.requests.get(id);
  const isBusy = known?.isOver && (known.code === 26 || known.code === 17);
  if (known && !isBusy) return error(500, '500.002.1001', 'Duplicate OriginatorConversationID.');
  const scenario = daraja.scenario({ PhoneNumber: phone, Amount: body.Amount, AccountReference: id });
  const times = (daraja.seen.get(`payout ${phone}`) ?? 0) + 1;
  daraja.seen.set(`payout ${phone}`, times);
  const refuses = scenario.refuse && (!scenario.refuseTimes || times <= scenario.refuseTimes);
  if (refuses && !scenario.acts) return refusals[scenario.refuse]();
  const amount = Number(body.Amount);
  const limit = amount < 10 ? 2 : amount > 250_000 ? 3 : undefined;
  const request = newRequest(daraja, body, {
    kind: 'payout',
    originatorId: id,
    amount,
    phone,
    shortCode: String(body.PartyA),
    command: body.CommandID,
    scenario: refuses ? scenario : { ...scenario, refuse: undefined },
    times: known?.times,
  });
  request.fault ??= limit;
  return begin(daraja, request, callBack);
}

export async function reverse(daraja, body, { callBack, faultOfUrl }) {
  ++daraja.initiator.counts.reversal;
  if (!body.Initiator) return invalid('Initiator');
  if (body.CommandID !== 'TransactionReversal') return invalid('CommandID');
  if (String(body.RecieverIdentifierType) !== '11') return invalid('RecieverIdentifierType');
  if (!/^[1-9]\d*$/.test(String(body.Amount ?? ''))) return invalid('Amount');
  for (const name of ['ResultURL', 'QueueTimeOutURL']) if (faultOfUrl(body[name])) return invalid(name);
  const entry = daraja.moved.find((one) => one.receipt === body.TransactionID);
  const scenario = entry ? daraja.scenario({ PhoneNumber: `reversal ${entry.phone}` }) : {};
  if (scenario.refuse && !scenario.acts) return refusals[scenario.refuse]();
  const request = newRequest(daraja, body, {
    kind: 'reversal',
    originatorId: `${randomBytes(2).toString('hex')}-${Date.now() % 100000000}-1`,
    amount: Number(body.Amount),
    of: body.TransactionID,
    phone: entry?.phone ?? '',
    shortCode: String(body.ReceiverParty),
    scenario,
  });
  if (!entry || Number(body.Amount) > entry.amount) request.fault ??= 'R000002';
  else if (entry.reversedAt) request.fault ??= 'R000001';
  return begin(daraja, request, callBack);
}

// The answer has a name of its own; whose it is stands in it.
export function status(daraja, body, { callBack, faultOfUrl }) {
  ++daraja.initiator.counts.status;
  if (body.CommandID !== 'TransactionStatusQuery') return invalid('CommandID');
  for (const name of ['ResultURL', 'QueueTimeOutURL']) if (faultOfUrl(body[name])) return invalid(name);
  const all = [...daraja.initiator.requests.values()];
  const found =
    daraja.initiator.requests.get(body.OriginalConversationID) ??
    all.find((one) => one.receipt && one.receipt === body.TransactionID);
  if (found?.scenario.query === 'html') return html(503);
  const question = newRequest(daraja, body, { originatorId: `${randomBytes(4).toString('hex')}-1`, kind: 'status' });
  const isLate = found?.scenario.query === '4999' && !found.isTold;
  const word = !found?.isOver || isLate ? 'Authorized' : found.code === 0 ? 'Completed' : 'Failed';
  const fault = question.fault ?? (found?.scenario.query === 'fails' ? 2001 : found ? 0 : 2032);
  const parameters = () => ({
    DebitPartyName: `${found.shortCode} - Simulator`,
    CreditPartyName: `${found.phone} - JANE WANJIRU`,
    OriginatorConversationID: found.originatorId,
    InitiatedTime: compact(found.startedAt),
    TransactionStatus: word,
    FinalisedTime: found.at ? compact(found.at) : '',
    Amount: String(found.amount),
    ConversationID: found.conversationId,
    ReceiptNo: found.receipt ?? '',
  });
  const text = resultOf(question, fault, fault === 0 ? parameters() : undefined);
  daraja.later(1_000, () => void callBack(daraja, question.resultUrl, text));
  return taken(question);
}

export function balance(daraja, body, { callBack, faultOfUrl }) {
  ++daraja.initiator.counts.balance;
  if (body.CommandID !== 'AccountBalance') return invalid('CommandID');
  for (const name of ['ResultURL', 'QueueTimeOutURL']) if (faultOfUrl(body[name])) return invalid(name);
  const question = newRequest(daraja, body, { originatorId: `${randomBytes(4).toString('hex')}-1`, kind: 'balance' });
  const purse = (name, amount) => `${name}|KES|${amount.toFixed(2)}|${amount.toFixed(2)}|0.00|0.00`;
  const text = resultOf(question, question.fault ?? 0, {
    AccountBalance: [purse('Working Account', 700000), purse('Utility Account', daraja.initiator.utility)].join('&'),
    BOCompletedTime: compact(),
  });
  daraja.later(1_000, () => void callBack(daraja, question.resultUrl, text));
  return taken(question);
}
