// A simulator of Africa's Talking: messages to many numbers, an answer for each, delivery reports, incoming messages, opt-outs. For
// tests and development.
//
//     node tests/simulators/africastalking.mjs --port 12121 [--callback-url https://…/{token}] [--callback-ca FILE]
//     {"listening":12121}
//
// `GET /` shows the numbers with a fate, and what was taken. `POST /_script {to, fate}`, `POST /_receive {from, text}`, `POST /_report {id, step}`,
// `POST /_callback {url}`; `GET /_messages`, `/_requests`, `/_told`, `/_idle` (messages/simulator.mjs). An apiKey with "wrong" in it is wrong; the
// sender "UNREGISTERED" is not registered.
import { readFileSync } from 'node:fs';
import { argv } from 'node:process';
import { pathToFileURL, URLSearchParams } from 'node:url';
import { parseArgs } from 'node:util';

import { measure } from './messages/parts.mjs';
import { digits, MessageSimulator, newId, outage, serve } from './messages/simulator.mjs';

const pricePerPart = 0.8;

// Of a recipient: status codes, and the words beside them.
const refusals = {
  number: [403, 'InvalidPhoneNumber'],
  sender: [402, 'InvalidSenderId'],
  balance: [405, 'InsufficientBalance'],
  stop: [406, 'UserInBlacklist'],
  busy: [500, 'InternalServerError'],
  risk: [401, 'RiskHold'],
  type: [404, 'UnsupportedNumberType'],
  route: [407, 'CouldNotRoute'],
  dnd: [409, 'DoNotDisturbRejection'],
  gateway: [501, 'GatewayError'],
  rejected: [502, 'RejectedByGateway'],
};
const statuses = {
  sent: 'Sent',
  buffered: 'Buffered',
  delivered: 'Success',
  failed: 'Failed',
  absent: 'AbsentSubscriber',
};

class AfricasTalking extends MessageSimulator {
  title = "Africa's Talking";
  retriesRefusals = true;

  constructor({ callbackUrl, ...options }) {
    super(options);
    this.callbackUrl = callbackUrl;
  }
  callBackTo({ url }) {
    this.callbackUrl = url;
    return {};
  }
  moreControls() {
    return { 'POST /_callback': (order) => this.callBackTo(order) };
  }

  api({ method, url, text, apikey, headers }) {
    const plain = (status, body) => ({ status, type: 'text/plain', body });
    if (method !== 'POST' || url.pathname !== '/version1/messaging')
      return plain(404, 'The requested resource could not be found.');
    const form = new URLSearchParams(text);
    if (!apikey || /wrong/.test(apikey) || !form.get('username'))
      return plain(401, 'The supplied authentication is invalid');
    for (const name of ['to', 'message'])
      if (!form.get(name)) return plain(400, `Request is missing required form field '${name}'`);
    const answer = this.send(form);
    // XML is what it answers where nobody asks for JSON.
    if (!(headers.accept ?? '').includes('application/json'))
      return { ...answer, type: 'text/xml', body: '<AfricasTalkingResponse/>' };
    return answer;
  }
  send(form) {
    const numbers = form.get('to').split(',');
    const all = numbers.map((number) => ({ number, fate: this.fateOf(number) }));
    const worst = all.find(({ fate }) => fate.reply)?.fate.reply;
    const out = outage(worst);
    if (out) return out;
    if (worst === 'limited')
      return { status: 429, type: 'text/plain', body: 'Too Many Requests', headers: { 'Retry-After': '1' } };
    if (form.get('from') === 'UNREGISTERED')
      return { status: 201, body: { SMSMessageData: { Message: 'InvalidSenderId', Recipients: [] } } };
    const taken = [];
    const recipients = all.map(({ number, fate }) => this.recipient(number, fate, form, taken));
    const cost = (taken.length * pricePerPart * measure(form.get('message')).parts).toFixed(4);
    const message = `Sent to ${taken.length}/${numbers.length} Total Cost: KES ${cost}`;
    return { status: 201, body: { SMSMessageData: { Message: message, Recipients: recipients } }, taken, wire: worst };
  }
  recipient(number, fate, form, taken) {
    const [code, status] = fate.refuse ? (refusals[fate.refuse] ?? [fate.refuse, 'Refused']) : [101, 'Success'];
    if (code > 102) return { statusCode: code, number, status, cost: '0', messageId: 'None' };
    const parts = measure(form.get('message')).parts;
    const message = this.take({
      id: newId('ATXid_'),
      to: number,
      from: form.get('from') ?? 'AFRICASTKNG',
      text: form.get('message'),
      parts,
    });
    taken.push({ message, fate });
    const cost = `KES ${(pricePerPart * parts).toFixed(4)}`;
    return { statusCode: code, number, status, cost, messageId: message.id };
  }

  form(fields) {
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    return {
      url: this.callbackUrl,
      body: new URLSearchParams(given).toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    };
  }
  reportOf(message, step, code) {
    if (!this.callbackUrl) return undefined;
    const hasFailed = step === 'failed' || step === 'absent';
    return this.form({
      id: message.id,
      status: statuses[step] ?? step,
      phoneNumber: message.to,
      networkCode: '63902',
      failureReason: hasFailed ? (code ?? 'DeliveryFailure') : undefined,
      retryCount: '0',
    });
  }
  // {from, text}: a person writes. {from, optOut: true}: they opt out at the short code.
  async receive({ from, text = '', to = '22384', optOut = false }) {
    const number = `+${digits(from)}`;
    const date = new Date().toISOString().slice(0, 19).replace('T', ' ');
    const told = optOut
      ? this.form({ senderId: to, phoneNumber: number })
      : this.form({
          date,
          from: number,
          id: newId('in_'),
          linkId: newId('link_'),
          text,
          to,
          cost: 'KES 0.0000',
          networkCode: '63902',
        });
    return { status: await this.deliver(told) };
  }
}

export const start = ({ port = 0, ...options } = {}) => serve(new AfricasTalking(options), port);

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'callback-url': { type: 'string' },
      'callback-ca': { type: 'string' },
      'report-after': { type: 'string', default: '1000' },
    },
  });
  const started = await start({
    port: Number(values.port),
    callbackUrl: values['callback-url'],
    ca: values['callback-ca'] ? readFileSync(values['callback-ca']) : undefined,
    reportAfter: Number(values['report-after']),
  });
  console.log(JSON.stringify({ listening: started.port }));
}
