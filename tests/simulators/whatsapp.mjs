// A simulator of the WhatsApp Cloud API: texts inside the 24 hours after a person's last message, templates outside of them, statuses and
// messages in signed webhooks, and the question whether a URL is ours. For tests and development.
//
//     node tests/simulators/whatsapp.mjs --port 12123 [--app-secret SECRET] [--callback-url URL] [--verify-token TOKEN] [--callback-ca FILE]
//     {"listening":12123}
//
// `GET /` shows the numbers with a fate, and what was taken. `POST /_script {to, fate}`, `POST /_receive {from, text}` (opens the window),
// `POST /_report {id, step, code}`, `POST /_callback {url, appSecret, verifyToken}` (asks the URL first), `POST /_window {refuses}`, `POST /_advance {hours}`,
// `GET /_messages`, `/_requests`, `/_told`, `/_idle`. How a text outside the window is refused: `late` (accepted, then failed with 131047, as Meta
// does), `131047` or `100` at once. Templates: any name but `missing`, in `en` or `sw`; `one_value` has exactly one place. A token with "wrong"
// in it is wrong.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import { call, digits, MessageSimulator, newId, outage, serve } from './messages/simulator.mjs';

const titles = {
  1: ['API Unknown', 500],
  4: ['API Too Many Calls', 400],
  100: ['Invalid parameter', 400],
  190: ['Access token has expired', 401],
  130429: ['Rate limit hit', 429],
  131026: ['Message undeliverable', 400],
  131042: ['Business eligibility payment issue', 400],
  131047: ['Re-engagement message', 400],
  131050: ['User has stopped marketing messages', 400],
  131056: ['(Business Account, Consumer Account) pair rate limit hit', 400],
  132000: ['Template parameter count mismatch', 400],
  132001: ['Template does not exist in the translation', 404],
  132012: ['Template parameter format does not match', 400],
};
const refusals = { number: 131026, sender: 190, balance: 131042, stop: 131050, busy: 1 };
const statuses = { sent: 'sent', delivered: 'delivered', read: 'read', failed: 'failed', absent: 'failed' };
const hour = 3_600_000;

const errorOf = (code, details = 'Simulated.') => ({
  message: `(#${code}) ${titles[code]?.[0] ?? 'Refused'}`,
  type: 'OAuthException',
  code,
  error_data: { messaging_product: 'whatsapp', details },
  fbtrace_id: newId('A', 8),
});

// Over the bytes as they go out: Meta escapes what is not ASCII, and signs what it has escaped.
export const escapedJson = (value) =>
  JSON.stringify(value)
    .replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(/\//g, '\\/');
export const signatureOf = (appSecret, bytes) =>
  `sha256=${createHmac('sha256', appSecret).update(bytes).digest('hex')}`;

class Whatsapp extends MessageSimulator {
  title = 'WhatsApp Cloud API';
  retriesRefusals = true;

  constructor({
    appSecret = 'app_secret',
    callbackUrl,
    phoneNumberId = '106540352242922',
    refuses = 'late',
    ...options
  }) {
    super(options);
    Object.assign(this, { appSecret, callbackUrl, phoneNumberId, refuses, ahead: 0 });
  }
  now() {
    return Date.now() + this.ahead;
  }
  // Asks the URL as Meta does before it believes in it. {isOurs}
  async callBackTo({ url, appSecret, verifyToken }) {
    if (appSecret) this.appSecret = appSecret;
    const challenge = String(Math.floor(Math.random() * 1e9));
    if (verifyToken !== undefined) {
      const asked = new URL(url);
      asked.searchParams.set('hub.mode', 'subscribe');
      asked.searchParams.set('hub.verify_token', verifyToken);
      asked.searchParams.set('hub.challenge', challenge);
      const { status, body } = await call('GET', asked.href, undefined, {}, this.ca);
      if (status !== 200 || body !== challenge) return { isOurs: false, status };
    }
    this.callbackUrl = url;
    return { isOurs: true };
  }
  moreControls() {
    return {
      'POST /_callback': (order) => this.callBackTo(order),
      'POST /_window': ({ refuses }) => Object.assign(this, { refuses }) && {},
      'POST /_advance': ({ hours }) => Object.assign(this, { ahead: this.ahead + hours * hour }) && {},
    };
  }

  error(code, details) {
    const [, status = 400] = titles[code] ?? [];
    return { status, body: { error: errorOf(code, details) } };
  }
  api({ method, url, text, authorization }) {
    const path = /^\/v\d+\.\d\/(\d+)\/messages$/.exec(url.pathname);
    if (method !== 'POST' || !path) return this.error(100, 'Unsupported post request.');
    const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1] ?? '';
    if (!token || /wrong/.test(token)) return this.error(190);
    let body;
    try {
      body = JSON.parse(text);
    } catch {
      return this.error(100, 'The parameter messaging_product is required.');
    }
    if (body.messaging_product !== 'whatsapp' || !/^[1-9]\d{6,14}$/.test(body.to ?? '')) return this.error(100);
    this.phoneNumberId = path[1];
    return body.type === 'template' ? this.sendTemplate(body) : this.sendText(body);
  }
  sendTemplate(body) {
    const { name, language, components = [] } = body.template ?? {};
    if (!name || name === 'missing' || !['en', 'sw'].includes(language?.code)) return this.error(132001);
    const values = components.filter(({ type }) => type === 'body').flatMap(({ parameters }) => parameters);
    if (name === 'one_value' && values.length !== 1) return this.error(132000);
    const texts = components.flatMap(({ parameters }) => parameters).map(({ text }) => text);
    if (texts.some((one) => !one || /[\n\t]| {5}/.test(one))) return this.error(132012);
    return this.accept(body, [name, ...texts].join('\n'), this.fateOf(body.to));
  }
  sendText(body) {
    if (body.type !== 'text' || !body.text?.body || [...body.text.body].length > 4_096) return this.error(100);
    const since = this.people.get(body.to);
    const isOpen = since !== undefined && this.now() - since < 24 * hour;
    const fate = this.fateOf(body.to);
    if (isOpen || fate.refuse || fate.reply) return this.accept(body, body.text.body, fate);
    if (this.refuses === '131047') return this.error(131047, 'More than 24 hours have passed since the last message.');
    if (this.refuses === '100') return { status: 400, body: { error: { message: 'Invalid parameter', code: 100 } } };
    return this.accept(body, body.text.body, { report: 'failed', code: 131047 });
  }
  accept(body, text, fate) {
    const out = outage(fate.reply);
    if (out) return out;
    if (fate.reply === 'limited') return this.error(130429);
    if (fate.refuse) return this.error(refusals[fate.refuse] ?? Number(fate.refuse));
    const message = this.take({
      id: newId('wamid.', 20),
      to: `+${body.to}`,
      type: body.type,
      template: body.template?.name,
      language: body.template?.language?.code,
      text,
      body,
    });
    return {
      status: 200,
      body: {
        messaging_product: 'whatsapp',
        contacts: [{ input: body.to, wa_id: body.to }],
        messages: [{ id: message.id, message_status: 'accepted' }],
      },
      taken: [{ message, fate }],
      wire: fate.reply,
    };
  }

  webhook(value) {
    const metadata = { display_phone_number: '15550001111', phone_number_id: this.phoneNumberId };
    const changes = [{ field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } }];
    const body = escapedJson({ object: 'whatsapp_business_account', entry: [{ id: '102290129340398', changes }] });
    return {
      url: this.callbackUrl,
      body,
      headers: { 'Content-Type': 'application/json', 'X-Hub-Signature-256': signatureOf(this.appSecret, body) },
    };
  }
  reportOf(message, step, code) {
    if (!this.callbackUrl) return undefined;
    const status = statuses[step] ?? step;
    const told = {
      id: message.id,
      status,
      timestamp: String(Math.floor(this.now() / 1000)),
      recipient_id: digits(message.to),
    };
    if (status === 'failed') {
      const { message: title, error_data: data } = errorOf(Number(code ?? 131026));
      told.errors = [{ code: Number(code ?? 131026), title, message: title, error_data: { details: data.details } }];
    }
    return this.webhook({ statuses: [told] });
  }
  async receive({ from, text = '' }) {
    this.people.set(digits(from), this.now());
    const message = {
      from: digits(from),
      id: newId('wamid.', 20),
      timestamp: String(Math.floor(this.now() / 1000)),
      type: 'text',
      text: { body: text },
    };
    const contacts = [{ profile: { name: 'Amina' }, wa_id: digits(from) }];
    return { status: await this.deliver(this.webhook({ contacts, messages: [message] })) };
  }
}

export const start = async ({ port = 0, ...options } = {}) => {
  const simulator = new Whatsapp(options);
  const started = await serve(simulator, port);
  return {
    ...started,
    refuse: (refuses) => Object.assign(simulator, { refuses }),
    advance: (hours) => (simulator.ahead += hours * hour),
  };
};

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      'app-secret': { type: 'string' },
      'callback-url': { type: 'string' },
      'verify-token': { type: 'string' },
      'callback-ca': { type: 'string' },
      'report-after': { type: 'string', default: '1000' },
    },
  });
  const started = await start({
    port: Number(values.port),
    appSecret: values['app-secret'],
    callbackUrl: values['callback-url'],
    ca: values['callback-ca'] ? readFileSync(values['callback-ca']) : undefined,
    reportAfter: Number(values['report-after']),
  });
  console.log(JSON.stringify({ listening: started.port }));
}
