// A simulator of Twilio's Messages: one message a call, signed status callbacks to the URL that each message names, incoming messages.
// For tests and development.
//
//     node tests/simulators/twilio.mjs --port 12122 [--auth-token TOKEN] [--inbound-url URL] [--callback-ca FILE]
//     {"listening":12122}
//
// `GET /` shows the numbers with a fate, and what was taken. `POST /_script {to, fate}`, `POST /_receive {from, text, optOutType}`,
// `POST /_report {id, step, code}`, `POST /_callback {url, authToken}`; `GET /_messages`, `/_requests`, `/_told`, `/_idle`. Twilio's own magic numbers
// work as well. A password with "wrong" in it is wrong. Callbacks are signed with the auth token: the one given, or the one that a message
// came with.
import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { argv } from 'node:process';
import { pathToFileURL, URLSearchParams } from 'node:url';
import { parseArgs } from 'node:util';

import { measure } from './messages/parts.mjs';
import { digits, MessageSimulator, newId, outage, serve } from './messages/simulator.mjs';

// Code, HTTP status, words.
const refusals = {
  number: [21211, 400, "The 'To' number is not a valid phone number."],
  sender: [21606, 400, "The 'From' number is not a Twilio number that sends SMS."],
  balance: [20003, 401, 'Authenticate: account suspended'],
  stop: [21610, 400, 'Attempt to send to unsubscribed recipient'],
  busy: [20500, 500, 'Internal Server Error'],
  region: [21408, 400, 'Permission to send an SMS has not been enabled for the region'],
  queue: [21611, 400, "This 'From' number has exceeded the maximum number of queued messages"],
  landline: [21614, 400, "'To' number is not a valid mobile number"],
};
const magic = { 15005550001: 'number', 15005550004: 'stop', 15005550009: 'landline', 15005550002: 'region' };
const statuses = { sent: 'sent', delivered: 'delivered', failed: 'undelivered', absent: 'undelivered' };

// Twilio's: the URL, then each parameter's name and value, sorted by name; HMAC-SHA1, base64.
export function signatureOf(authToken, url, parameters) {
  const data = Object.keys(parameters)
    .sort()
    .reduce((text, name) => text + name + parameters[name], url);
  return createHmac('sha1', authToken).update(Buffer.from(data, 'utf8')).digest('base64');
}

class Twilio extends MessageSimulator {
  title = 'Twilio';

  constructor({ authToken, inboundUrl, ...options }) {
    super(options);
    Object.assign(this, { authToken, inboundUrl });
  }
  callBackTo({ url, authToken }) {
    if (url) this.inboundUrl = url;
    if (authToken) this.authToken = authToken;
    return {};
  }
  moreControls() {
    return { 'POST /_callback': (order) => this.callBackTo(order) };
  }

  error([code, status, message], headers) {
    return {
      status,
      headers,
      body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
    };
  }
  api({ method, url, text, authorization }) {
    const path = /^\/2010-04-01\/Accounts\/(AC[0-9a-fA-F]{32})\/Messages\.json$/.exec(url.pathname);
    if (method !== 'POST' || !path)
      return this.error([20404, 404, `The requested resource ${url.pathname} was not found`]);
    const [user = '', password = ''] = Buffer.from((authorization ?? '').replace(/^Basic /, ''), 'base64')
      .toString()
      .split(':');
    if (!/^(AC|SK)[0-9a-fA-F]{32}$/.test(user) || !password || /wrong/.test(password))
      return this.error([20003, 401, 'Authenticate']);
    if (user.startsWith('AC')) this.authToken ??= password;
    return this.send(path[1], new URLSearchParams(text));
  }
  send(account, form) {
    const to = form.get('To') ?? '';
    const sender = form.get('From') ?? form.get('MessagingServiceSid');
    if (!/^\+[1-9]\d{6,14}$/.test(to)) return this.error(refusals.number);
    if (!sender) return this.error([21212, 400, "A 'From' number or a messaging service is required."]);
    if (!form.get('Body')) return this.error([21602, 400, 'Message body is required.']);
    if ([...form.get('Body')].length > 1_600)
      return this.error([21617, 400, 'The concatenated message body is too long.']);
    const period = Number(form.get('ValidityPeriod') ?? 36_000);
    if (!(period >= 1 && period <= 36_000)) return this.error([21624, 400, 'The ValidityPeriod is out of range.']);
    const fate = this.fateOf(to);
    const out = outage(fate.reply);
    if (out) return out;
    if (fate.reply === 'limited') return this.error([20429, 429, 'Too Many Requests'], { 'Retry-After': '1' });
    const refused = fate.refuse ?? magic[digits(to)];
    if (refused) return this.error(refusals[refused] ?? [Number(refused), 400, 'Refused.']);
    const message = this.take({
      id: newId('SM'),
      account,
      to,
      from: sender,
      text: form.get('Body'),
      parts: measure(form.get('Body')).parts,
      callback: form.get('StatusCallback') ?? undefined,
    });
    return { status: 201, body: this.resource(message), taken: [{ message, fate }], wire: fate.reply };
  }
  resource({ id, account, to, from, text, parts }) {
    const isService = from.startsWith('MG');
    return {
      sid: id,
      account_sid: account,
      messaging_service_sid: isService ? from : null,
      status: isService ? 'accepted' : 'queued',
      to,
      from: isService ? null : from,
      body: text,
      num_segments: String(parts),
      num_media: '0',
      direction: 'outbound-api',
      price: null,
      price_unit: 'USD',
      error_code: null,
      error_message: null,
      date_created: new Date().toUTCString().replace('GMT', '+0000'),
      date_sent: null,
      api_version: '2010-04-01',
      uri: `/2010-04-01/Accounts/${account}/Messages/${id}.json`,
      subresource_uris: {},
    };
  }

  signed(url, fields) {
    const parameters = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
    return {
      url,
      body: new URLSearchParams(parameters).toString(),
      headers: {
        'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8',
        'X-Twilio-Signature': signatureOf(this.authToken ?? '', url, parameters),
      },
    };
  }
  reportOf(message, step, code) {
    if (!message.callback) return undefined;
    const status = statuses[step] ?? step;
    const isService = message.from.startsWith('MG');
    return this.signed(message.callback, {
      MessageSid: message.id,
      SmsSid: message.id,
      AccountSid: message.account,
      MessageStatus: status,
      SmsStatus: status,
      To: message.to,
      From: isService ? undefined : message.from,
      MessagingServiceSid: isService ? message.from : undefined,
      ErrorCode: status === 'undelivered' || status === 'failed' ? String(code ?? 30003) : undefined,
      ApiVersion: '2010-04-01',
    });
  }
  async receive({ from, text = '', to = '+15005550006', optOutType }) {
    const id = newId('SM');
    const told = this.signed(this.inboundUrl, {
      ToCountry: 'US',
      MessageSid: id,
      SmsSid: id,
      SmsMessageSid: id,
      SmsStatus: 'received',
      AccountSid: newId('AC'),
      From: `+${digits(from)}`,
      To: to,
      Body: text,
      NumMedia: '0',
      NumSegments: '1',
      FromCountry: 'KE',
      OptOutType: optOutType,
      ApiVersion: '2010-04-01',
    });
    return { status: await this.deliver(told) };
  }
}

export const start = ({ port = 0, ...options } = {}) => serve(new Twilio(options), port);

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'auth-token': { type: 'string' },
      'inbound-url': { type: 'string' },
      'callback-ca': { type: 'string' },
      'report-after': { type: 'string', default: '1000' },
    },
  });
  const started = await start({
    port: Number(values.port),
    authToken: values['auth-token'],
    inboundUrl: values['inbound-url'],
    ca: values['callback-ca'] ? readFileSync(values['callback-ca']) : undefined,
    reportAfter: Number(values['report-after']),
  });
  console.log(JSON.stringify({ listening: started.port }));
}
