// Messages to phones as others know them: npm's `twilio` signs what src/sms is to believe, and talks to the simulator as to Twilio; Meta's
// webhooks over their raw bytes; parts of an SMS counted a second time; numbers of phones in spellings made at random.
import { createHmac, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import path from 'node:path';
import twilio from 'twilio';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { measure } from '../simulators/messages/parts.mjs';
import { signatureOf as twilioSignatureOf, start as startTwilio, type Twilio } from '../simulators/twilio.mjs';
import { escapedJson, start as startWhatsapp, type Whatsapp } from '../simulators/whatsapp.mjs';
import { exampleEnvironment, repository } from './support/environment.js';
import { run } from './support/process.js';

// ---- src/sms, by a program that answers lines of JSON (fuzz/sms_probe.cpp) ---------------------------------------------------

interface Answer {
  status: number;
  reply: string;
  reports: { id: string; to: string; delivery: string; code: string; instead: number }[];
  messages: { from: string; text: string; wish: number }[];
  encoding: string;
  units: number;
  parts: number;
  number: string | null;
}

const probe = (() => {
  const env = exampleEnvironment();
  const root = process.env.BACKEND_API_BUILD_ROOT ?? path.join(repository, 'build');
  return { program: path.join(root, env.EXAMPLE_PRESET!, 'fuzz/sms_probe'), env };
})();

async function ask(lines: unknown[]): Promise<Answer[]> {
  const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const { code, output } = await run(probe.program, [], probe.env, { input });
  if (code !== 0) throw new Error(`sms_probe ended with ${code}:\n${output.slice(-4000)}`);
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
}

// The same each time, so that a failure can be looked at.
class Random {
  private state = 7;
  below(limit: number): number {
    this.state = (this.state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((this.state / 2_147_483_648) * limit);
  }
  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }
}

// ---- Twilio ------------------------------------------------------------------------------------------------------------

const sid = `AC${'0'.repeat(32)}`;
const account = (authToken: string) => ({ accountSid: sid, authToken, sender: '+15005550006' });

const fromTwilio = (authToken: string, url: string, body: string, signature: string) => ({
  provider: 'twilio',
  account: account(authToken),
  method: 'POST',
  url,
  headers: { 'X-Twilio-Signature': signature, 'Content-Type': 'application/x-www-form-urlencoded' },
  body,
});

const names = ['MessageSid', 'MessageStatus', 'To', 'From', 'Body', 'ErrorCode', 'b', 'B', '_', 'aa', 'a', 'ä', 'x y'];
const values = ['', '1', 'SM1', 'sent', '+254712345678', 'a&b=c', 'é', '🙏', 'Habari  yako', '%41', '"', '\\'];

function someRequest(random: Random) {
  const host = random.of(['api.example', 'api.example:8443', 'a-b.example']);
  const query = random.of(['', '?x=1', '?foo=1&bar=2', '?id=0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01']);
  const url = `https://${host}/v1/callbacks/sms/sms${query}`;
  const parameters: Record<string, string | string[]> = {};
  for (let i = random.below(8); i > 0; --i) parameters[random.of(names)] = random.of(values);
  if (random.below(4) === 0) parameters.MediaUrl = ['2', '1', '2'];
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) for (const one of [value].flat()) body.append(name, one);
  return { url, parameters, body: body.toString() };
}

describe('signatures of Twilio', () => {
  test('what its own package signs is believed, and nothing that differs from it', async () => {
    const random = new Random();
    const lines: unknown[] = [];
    const expected: number[] = [];
    for (let i = 0; i < 300; ++i) {
      const { url, parameters, body } = someRequest(random);
      const authToken = randomBytes(16).toString('hex');
      const signature = twilio.getExpectedTwilioSignature(authToken, url, parameters);
      expect(twilio.validateRequest(authToken, signature, url, parameters)).toBe(true);
      lines.push(fromTwilio(authToken, url, body, signature));
      expected.push(200);
      lines.push(fromTwilio(`${authToken}x`, url, body, signature));
      lines.push(fromTwilio(authToken, url.replace('/sms/', '/smz/'), body, signature));
      lines.push(fromTwilio(authToken, url, `${body}${body ? '&' : ''}Novel=1`, signature));
      lines.push(
        fromTwilio(
          authToken,
          url,
          body,
          signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')),
        ),
      );
      expected.push(403, 403, 403, 403);
    }
    const answers = await ask(lines);
    expect(answers.map(({ status }) => status)).toEqual(expected);
  });

  test('the port of https may be said or not', async () => {
    const said = 'https://api.example:443/cb';
    const plain = 'https://api.example/cb';
    const parameters = { MessageSid: 'SM1', MessageStatus: 'sent' };
    const body = new URLSearchParams(parameters).toString();
    const signature = twilio.getExpectedTwilioSignature('12345', said, parameters);
    expect(twilio.validateRequest('12345', signature, plain, parameters)).toBe(true);
    const [answer] = await ask([fromTwilio('12345', plain, body, signature)]);
    expect(answer!.status).toBe(200);
  });

  test('the simulator signs as the package does', () => {
    const random = new Random();
    for (let i = 0; i < 200; ++i) {
      const { url, parameters } = someRequest(random);
      delete parameters.MediaUrl;
      const signature = twilioSignatureOf('token', url, parameters as Record<string, string>);
      expect(twilio.validateRequest('token', signature, url, parameters)).toBe(true);
    }
  });
});

describe('the simulator of Twilio, as npm’s package sees it', () => {
  let simulator: Twilio;
  let callbacks: Server;
  let told: { body: string; signature: string }[];
  let url: string;

  beforeEach(async () => {
    told = [];
    callbacks = createServer(async (request, reply) => {
      let body = '';
      for await (const piece of request.setEncoding('utf8')) body += piece;
      told.push({ body, signature: String(request.headers['x-twilio-signature']) });
      reply.writeHead(204).end();
    });
    await new Promise<void>((resolve) => callbacks.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(callbacks.address() as AddressInfo).port}/v1/callbacks/sms/sms`;
    simulator = await startTwilio({ reportAfter: 0 });
  });
  afterEach(async () => {
    await simulator.close();
    callbacks.closeAllConnections();
    await new Promise((resolve) => callbacks.close(resolve));
  });

  function client() {
    class Local extends twilio.RequestClient {
      override request<T>(options: any) {
        return super.request<T>({ ...options, uri: options.uri.replace('https://api.twilio.com', simulator.url) });
      }
    }
    return twilio(sid, 'auth-token', { httpClient: new Local() });
  }
  const message = (to: string) => ({ to, from: '+15005550006', body: 'Asante sana', statusCallback: url });

  test('takes a message and reports on it, signed', async () => {
    const taken = await client().messages.create(message('+254712345678'));
    expect(taken).toMatchObject({ status: 'queued', numSegments: '1', errorCode: null, direction: 'outbound-api' });
    await simulator.idle();
    expect(told.map(({ body }) => new URLSearchParams(body).get('MessageStatus'))).toEqual(['sent', 'delivered']);
    for (const { body, signature } of told) {
      const parameters = Object.fromEntries(new URLSearchParams(body));
      expect(twilio.validateRequest('auth-token', signature, url, parameters)).toBe(true);
    }
    const answers = await ask(told.map(({ body, signature }) => fromTwilio('auth-token', url, body, signature)));
    expect(answers.map(({ reports }) => reports.map(({ delivery }) => delivery))).toEqual([['sent'], ['delivered']]);
    expect(answers[0]!.reports[0]).toMatchObject({ id: taken.sid, to: '+254712345678' });
  });

  test('refuses as Twilio does', async () => {
    await expect(client().messages.create(message('+254700000401'))).rejects.toMatchObject({
      status: 400,
      code: 21211,
    });
    await expect(client().messages.create(message('+15005550004'))).rejects.toMatchObject({ code: 21610 });
    await expect(client().messages.create(message('+254700000429'))).rejects.toMatchObject({
      status: 429,
      code: 20429,
    });
    expect((await client().messages.create(message('+254700000429'))).sid).toMatch(/^SM/);
    expect(simulator.messages()).toHaveLength(1);
  });
});

// ---- WhatsApp ------------------------------------------------------------------------------------------------------------

const fromMeta = (secret: string, body: string, signature: string) => ({
  provider: 'whatsapp',
  account: { phoneNumberId: '106540352242922', token: 't', appSecret: secret, verifyToken: 'verify-verify-verify' },
  method: 'POST',
  url: 'https://api.example/v1/callbacks/sms/whatsapp',
  headers: { 'X-Hub-Signature-256': signature },
  body,
});
const hmac = (secret: string, bytes: string) => `sha256=${createHmac('sha256', secret).update(bytes).digest('hex')}`;

describe('webhooks of Meta', () => {
  test('the documented vector', async () => {
    const body = '{"object":"whatsapp_business_account"}';
    const signature = 'sha256=e790291ff924369c1f80c8b2cc24fb9ccd37600d883a729059d4bbfa632c882b';
    expect(hmac('app_secret', body)).toBe(signature);
    const answers = await ask([fromMeta('app_secret', body, signature), fromMeta('app_secrets', body, signature)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 403]);
  });

  test('are proven over the bytes as they are escaped, not over what they mean', async () => {
    const metadata = { display_phone_number: '1', phone_number_id: '106540352242922' };
    const messages = [
      { from: '254712345678', id: 'wamid.1', timestamp: '1705300000', type: 'text', text: { body: 'é/🙏' } },
    ];
    const event = {
      object: 'whatsapp_business_account',
      entry: [
        { id: '1', changes: [{ field: 'messages', value: { messaging_product: 'whatsapp', metadata, messages } }] },
      ],
    };
    const body = escapedJson(event);
    expect(body).toContain('\\u00e9\\/\\ud83d\\ude4f');
    const answers = await ask([
      fromMeta('app_secret', body, hmac('app_secret', body)),
      fromMeta('app_secret', JSON.stringify(event), hmac('app_secret', body)),
    ]);
    expect(answers[0]!.messages).toEqual([{ from: '+254712345678', text: 'é/🙏', wish: 0 }]);
    expect(answers[1]!.status).toBe(403);
  });
});

describe('the simulator of the WhatsApp Cloud API', () => {
  let simulator: Whatsapp;
  beforeEach(async () => {
    simulator = await startWhatsapp();
  });
  afterEach(() => simulator.close());

  const send = async (body: object) => {
    const reply = await fetch(`${simulator.url}/v23.0/106540352242922/messages`, {
      method: 'POST',
      headers: { Authorization: 'Bearer token' },
      body: JSON.stringify({ messaging_product: 'whatsapp', to: '254712345678', ...body }),
    });
    return { status: reply.status, body: (await reply.json()) as any };
  };
  const text = { type: 'text', text: { body: 'Habari' } };
  const template = (language = 'en') => ({
    type: 'template',
    template: { name: 'order_ready', language: { code: language } },
  });

  test('a text outside the window is refused in each of three ways', async () => {
    simulator.refuse('131047');
    expect((await send(text)).body.error.code).toBe(131047);
    simulator.refuse('100');
    expect((await send(text)).body).toEqual({ error: { message: 'Invalid parameter', code: 100 } });
    simulator.refuse('late');
    expect((await send(text)).status).toBe(200);
    await simulator.idle();
    expect(simulator.messages().at(-1)!.status).toBe('failed');
  });

  test('a template’s language is matched exactly', async () => {
    expect((await send(template())).status).toBe(200);
    expect((await send(template('en_US'))).body.error.code).toBe(132001);
  });
});

// ---- Parts and numbers -----------------------------------------------------------------------------------------------------

test('parts of an SMS are what a second count says', async () => {
  const random = new Random();
  const pieces = ['a', 'Habari ', '€', '{', '\n', 'é', '@', 'à', '’', '🙏', 'ж', 'ç', '\t', '0'];
  const plain = pieces.slice(0, 8);
  const texts = Array.from({ length: 500 }, (_, i) => {
    let made = '';
    const from = i % 3 === 0 ? pieces : plain;
    for (let count = random.below(i % 7 === 0 ? 700 : 180); count > 0; --count) made += random.of(from);
    return made;
  });
  const answers = await ask(texts.map((one) => ({ measure: one })));
  expect(answers).toEqual(texts.map((one) => measure(one)));
});

test('a number has one form in whatever spelling', async () => {
  const random = new Random();
  const between = ['', '', ' ', '-', '.', '\u00a0', '\u200b', '\u2011', ' (', ') '];
  const spelled = Array.from({ length: 500 }, () => {
    const national = random.of(['7', '1']) + Array.from({ length: 8 }, () => random.below(10)).join('');
    const prefix = random.of(['0', '', '254', '+254', '00254', '000254', '+254 (0)', '2540']);
    const typed =
      random.of(['', ' ', '\u202a']) + prefix + [...national].map((digit) => digit + random.of(between)).join('');
    return { typed, number: `+254${national}` };
  }).filter(({ typed }) => [...typed].length <= 40);
  const answers = await ask(spelled.map(({ typed }) => ({ phone: typed })));
  expect(answers).toEqual(spelled.map(({ number }) => ({ number })));
});
