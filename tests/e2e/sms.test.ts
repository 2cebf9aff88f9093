// Messages to phones as a shop meets them: the real server and its jobs, and providers that report
// (tests/simulators/{africastalking,twilio,whatsapp}.mjs). What becomes of a message is said by its number.
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type AfricasTalking, start as startAfricasTalking } from '../simulators/africastalking.mjs';
import type { Fate, MessageSimulator } from '../simulators/messages/simulator.mjs';
import { signatureOf as twilioSignatureOf, start as startTwilio, type Twilio } from '../simulators/twilio.mjs';
import { start as startWhatsapp, type Whatsapp } from '../simulators/whatsapp.mjs';
import { environment } from './support/environment.js';
import { run } from './support/process.js';
import { type Service, serviceEnvironment, startService } from './support/service.js';
import { expectProblem, ok, openShop, saleFor, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const secret = () => randomBytes(24).toString('base64url');
const callbackToken = secret();
const appSecret = secret();
const verifyToken = secret();
const authToken = randomBytes(16).toString('hex');
const schedulerToken = secret();
const ends = ['delivered', 'read', 'failed', 'unknown'];

let africasTalking: AfricasTalking;
let twilio: Twilio;
let whatsapp: Whatsapp;
let service: Service;
let shop: Shop;
let saleId: string;

beforeAll(async () => {
  [africasTalking, twilio, whatsapp] = await Promise.all([
    startAfricasTalking(),
    startTwilio({ authToken }),
    startWhatsapp({ appSecret }),
  ]);
  service = await startService({
    env: {
      ACCESS_TOKEN_SECONDS: '3600',
      JOB_QUEUES: 'all',
      LOG_LEVEL: 'debug',
      SCHEDULER_TOKEN: schedulerToken,
      SMS_PROVIDER: 'africastalking',
      AFRICASTALKING_USERNAME: 'sandbox',
      AFRICASTALKING_API_KEY: `atsk_${secret()}`,
      AFRICASTALKING_CALLBACK_TOKEN: callbackToken,
      AFRICASTALKING_BASE_URL: africasTalking.url,
      TWILIO_BASE_URL: twilio.url,
      WHATSAPP_PHONE_NUMBER_ID: '106540352242922',
      WHATSAPP_TOKEN: secret(),
      WHATSAPP_APP_SECRET: appSecret,
      WHATSAPP_VERIFY_TOKEN: verifyToken,
      WHATSAPP_BASE_URL: whatsapp.url,
    },
  });
  africasTalking.callBackTo({ url: `${service.url}/v1/callbacks/sms/sms/${callbackToken}` });
  const url = `${service.url}/v1/callbacks/sms/whatsapp`;
  expect(await whatsapp.callBackTo({ url, appSecret, verifyToken: 'somebody else' })).toMatchObject({ isOurs: false });
  expect(await whatsapp.callBackTo({ url, appSecret, verifyToken })).toMatchObject({ isOurs: true });
  shop = await openShop(service, { variants: 1 });
  saleId = (await ok(shop.sell(saleFor(shop)), 201)).id;
});

beforeEach(() => {
  for (const one of [africasTalking, twilio, whatsapp]) one.script({ reset: true });
});

afterAll(async () => {
  expect(await service?.stop()).toEqual({ code: 0, signal: null });
  await Promise.all([africasTalking?.close(), twilio?.close(), whatsapp?.close()]);
});

let numbers = 0;
const nextPhone = () => `+2547110${String(++numbers).padStart(5, '0')}`;
const sentTo = (provider: MessageSimulator, phone: string) => provider.messages().filter(({ to }) => to === phone);

interface Order {
  channel?: 'sms' | 'whatsapp';
  key?: string;
  by?: Shop;
  sale?: string;
}
function sendReceipt(phone: string, { channel = 'sms', key = randomUUID(), by = shop, sale = saleId }: Order = {}) {
  return by.api('POST', `/v1/sales/${sale}/receipt`, {
    body: { phone, channel },
    headers: { 'idempotency-key': `"${key}"` },
  });
}
async function messagesOf(phone: string, by = shop): Promise<any[]> {
  const { data } = await ok(by.api('GET', '/v1/notifications?limit=100'), 200);
  return data.filter(({ recipient }: any) => recipient === phone).reverse();
}
// Once every message to the number has come to its end.
async function ended(phone: string, by = shop): Promise<any[]> {
  return until(async () => {
    const all = await messagesOf(phone, by);
    return all.length > 0 && all.every(({ state }) => ends.includes(state)) && all;
  });
}
async function receipt(phone: string, order: Order = {}): Promise<any> {
  await ok(sendReceipt(phone, order), 202);
  return (await ended(phone, order.by)).at(-1);
}
const chainOf = (messages: any[]) =>
  messages.map(({ channel, form, state }) => [channel, form, state].filter(Boolean).join(' '));
const parked = async (id?: string) => {
  const rows = await service.database.query<{ provider_id: string }>('select provider_id from parked_reports');
  return rows.filter(({ provider_id }) => id === undefined || provider_id === id).length;
};
async function trigger(schedule: string): Promise<void> {
  const reply = await fetch(`${service.url}/internal/schedules/${schedule}/trigger`, {
    method: 'POST',
    headers: { authorization: `Bearer ${schedulerToken}` },
  });
  expect(reply.status, await reply.text()).toBeLessThan(300);
}

describe('a receipt by SMS', () => {
  test('arrives, in any spelling of the number, and says what it costs', async () => {
    const phone = nextPhone();
    const typed = `0${phone.slice(4, 7)} ${phone.slice(7, 10)}-${phone.slice(10)}`;
    const asked = await ok(sendReceipt(typed), 202);
    expect(asked).toMatchObject({ recipient: phone, channel: 'sms', parts: 1, costMillionths: 800_000 });
    const [message] = await ended(phone);
    expect(message).toMatchObject({ id: asked.id, state: 'delivered', provider: 'africastalking' });
    const [taken] = sentTo(africasTalking, phone);
    expect(taken).toMatchObject({ id: message.providerId, parts: 1 });
    expect(taken!.text).toMatch(/^Duka la Amani: receipt .* Thank you\.$/);
  });

  test('is sent once for each key, whichever way it went', async () => {
    const phone = nextPhone();
    const key = randomUUID();
    const replies = await Promise.all(Array.from({ length: 5 }, () => ok(sendReceipt(phone, { key }), 202)));
    await ended(phone);
    expect(new Set(replies.map(({ id }) => id)).size).toBe(1);
    expect(sentTo(africasTalking, phone)).toHaveLength(1);
    expectProblem(await sendReceipt(nextPhone(), { key }), 422, 'idempotency.key_reused');
    expectProblem(await sendReceipt(phone, { key, channel: 'whatsapp' }), 422, 'idempotency.key_reused');
  });

  test.each<[string, Fate['report']]>([
    ['before its own reply', 'first'],
    ['twice', 'twice'],
    ['in disorder', 'disorder'],
  ])('whose report comes %s is delivered', async (_, report) => {
    const phone = nextPhone();
    africasTalking.script({ to: phone, fate: { report } });
    const { state, providerId } = await receipt(phone);
    await africasTalking.idle();
    expect(state).toBe('delivered');
    expect((await messagesOf(phone))[0].state).toBe('delivered');
    expect(await parked(providerId)).toBe(0);
  });

  test('that was taken without an answer is unknown, and nobody sends it again', async () => {
    const phone = nextPhone();
    africasTalking.script({ to: phone, fate: { reply: 'cut' } });
    const key = randomUUID();
    const asked = await ok(sendReceipt(phone, { key }), 202);
    const [message] = await ended(phone);
    expect(message).toMatchObject({ state: 'unknown', failure: 'outcome_unknown' });
    expect(await ok(sendReceipt(phone, { key }), 202)).toMatchObject({ id: asked.id, state: 'unknown' });
    await africasTalking.idle();
    expect(sentTo(africasTalking, phone)).toHaveLength(1);

    // Its report names nothing of ours, but nothing else explains it.
    const [taken] = sentTo(africasTalking, phone);
    expect(await parked(taken!.id)).toBeGreaterThan(0);
    await service.database.query(
      `update parked_reports set received_at = received_at - interval '20 seconds';
       update notifications set created_at = created_at - interval '30 seconds'`,
    );
    await trigger('sms.match_reports');
    await until(async () => (await messagesOf(phone))[0].state === 'delivered');
    expect(await parked(taken!.id)).toBe(0);
  });

  test.each<[string, Fate, Record<string, unknown>]>([
    ['no such number', { refuse: 'number' }, { failure: 'refused_recipient', costMillionths: 0 }],
    ['a sender that is refused', { refuse: 'sender' }, { failure: 'refused_sender', costMillionths: 0 }],
    ['a number that failed later', { report: 'failed' }, { failure: 'undelivered', costMillionths: 800_000 }],
    ['a number that is switched off', { report: 'absent' }, { failure: 'undelivered', costMillionths: 800_000 }],
  ])('to %s has failed, and says why', async (_, fate, expected) => {
    const phone = nextPhone();
    africasTalking.script({ to: phone, fate });
    expect(await receipt(phone)).toMatchObject({ state: 'failed', ...expected });
  });

  test('is tried again when the provider cannot take it now', async () => {
    const phone = nextPhone();
    africasTalking.script({ to: phone, fate: { reply: 'down', times: 1 } });
    expect(await receipt(phone)).toMatchObject({ state: 'delivered', attempts: 2 });
    expect(sentTo(africasTalking, phone)).toHaveLength(1);
  });
});

describe('who said STOP', () => {
  test('gets no more, until they say START', async () => {
    const phone = nextPhone();
    expect(await africasTalking.receive({ from: phone, text: 'Stop' })).toEqual({ status: 200 });
    expect(await receipt(phone)).toMatchObject({ state: 'failed', failure: 'opted_out', attempts: 1 });
    expect(sentTo(africasTalking, phone)).toHaveLength(0);
    expect(await africasTalking.receive({ from: phone, text: 'START' })).toEqual({ status: 200 });
    expect(await receipt(phone)).toMatchObject({ state: 'delivered' });
  });

  test('is remembered when only the provider was told', async () => {
    const phone = nextPhone();
    africasTalking.script({ to: phone, fate: { refuse: 'stop' } });
    expect(await receipt(phone)).toMatchObject({ state: 'failed', failure: 'opted_out' });
    africasTalking.script({ reset: true });
    expect(await receipt(phone)).toMatchObject({ state: 'failed', failure: 'opted_out' });
    expect(sentTo(africasTalking, phone)).toHaveLength(0);
  });

  test('said it to us, by a sender who proves it', async () => {
    const phone = nextPhone();
    const form = new URLSearchParams({ senderId: '22384', phoneNumber: phone });
    for (const path of ['sms', `sms/${secret()}`, 'whatsapp', `${randomUUID()}`, `${randomUUID()}/${callbackToken}`]) {
      const reply = await fetch(`${service.url}/v1/callbacks/sms/${path}`, { method: 'POST', body: form });
      expect(reply.status, path).toBe(403);
    }
    expect(await receipt(phone)).toMatchObject({ state: 'delivered' });
  });
});

describe('WhatsApp', () => {
  test('is written to by template, and by text for a day after it wrote', async () => {
    const phone = nextPhone();
    expect(await receipt(phone, { channel: 'whatsapp' })).toMatchObject({ form: 'template', state: 'delivered' });
    expect(sentTo(whatsapp, phone).at(-1)).toMatchObject({ template: 'receipt', language: 'en' });
    expect(await whatsapp.receive({ from: phone, text: 'Habari' })).toEqual({ status: 200 });
    expect(await receipt(phone, { channel: 'whatsapp' })).toMatchObject({ form: 'text', state: 'delivered' });
    expect(sentTo(whatsapp, phone).map(({ type }) => type)).toEqual(['template', 'text']);
  });

  // Meta's day is over although ours is not, and it says so in one of three ways.
  test.each(['131047', '100', 'late'] as const)('refuses a text by %s, and gets one template', async (how) => {
    const phone = nextPhone();
    await whatsapp.receive({ from: phone, text: 'Habari' });
    whatsapp.advance(25);
    whatsapp.refuse(how);
    await ok(sendReceipt(phone, { channel: 'whatsapp' }), 202);
    await until(async () => (await messagesOf(phone)).length === 2);
    const messages = await ended(phone);
    await whatsapp.idle();
    expect(chainOf(messages)).toEqual(['whatsapp text failed', 'whatsapp template delivered']);
    expect(messages[1].follows).toBe(messages[0].id);
    expect(sentTo(whatsapp, phone).filter(({ type }) => type === 'template')).toHaveLength(1);
    expect(sentTo(africasTalking, phone)).toHaveLength(0);
  });

  test.each<[string, Fate]>([
    ['at once', { refuse: 'number' }],
    ['later, and again and again', { report: 'failed', code: 131_026 }],
  ])('that a number has not leads to one SMS, be it said %s', async (_, fate) => {
    const phone = nextPhone();
    whatsapp.script({ to: phone, fate });
    await ok(sendReceipt(phone, { channel: 'whatsapp' }), 202);
    await until(async () => (await messagesOf(phone)).length === 2);
    const messages = await ended(phone);
    expect(chainOf(messages)).toEqual(['whatsapp template failed', 'sms delivered']);
    await whatsapp.idle();
    for (const { id } of sentTo(whatsapp, phone)) await whatsapp.report(id, 'failed', 131_026);
    expect(await messagesOf(phone)).toHaveLength(2);
    expect(sentTo(africasTalking, phone)).toHaveLength(1);
  });

  test('that does not answer leads to nothing else', async () => {
    const phone = nextPhone();
    whatsapp.script({ to: phone, fate: { reply: 'cut', report: 'none' } });
    expect(await receipt(phone, { channel: 'whatsapp' })).toMatchObject({ state: 'unknown' });
    expect(await messagesOf(phone)).toHaveLength(1);
    expect(sentTo(africasTalking, phone)).toHaveLength(0);
  });
});

describe("a shop's own account", () => {
  let own: Shop;
  let sale: string;
  let path: string;

  beforeAll(async () => {
    own = await openShop(service, { variants: 1 });
    sale = (await ok(own.sell(saleFor(own)), 201)).id;
    const credentials = { accountSid: `AC${randomBytes(16).toString('hex')}`, authToken, sender: '+12025550123' };
    const body = { provider: 'twilio', credentials };
    const view = await ok(own.api('POST', '/v1/messaging/accounts', { body }), 200);
    expect(JSON.stringify(view)).not.toContain(authToken);
    const channel = view.channels.find((one: any) => one.channel === 'sms');
    expect(channel).toMatchObject({ isOn: true, isOwn: true, provider: 'twilio' });
    path = new URL(channel.callbackUrl).pathname;
  });

  test('sends, and its signed reports are believed', async () => {
    const phone = nextPhone();
    expect(await receipt(phone, { by: own, sale })).toMatchObject({ state: 'delivered', provider: 'twilio' });
    expect(sentTo(africasTalking, phone)).toHaveLength(0);
    const [taken] = sentTo(twilio, phone);
    expect(new URL(taken!.callback!).pathname).toMatch(new RegExp(`^${path}/[0-9a-f-]{36}$`));
  });

  test('finds a message again whose reply was lost', async () => {
    const phone = nextPhone();
    twilio.script({ to: phone, fate: { reply: 'cut' } });
    await ok(sendReceipt(phone, { by: own, sale }), 202);
    await until(async () => (await messagesOf(phone, own))[0]?.state === 'delivered');
    expect(sentTo(twilio, phone)).toHaveLength(1);
  });

  test('is told by nobody else', async () => {
    const phone = nextPhone();
    twilio.script({ to: phone, fate: { report: 'none' } });
    await ok(sendReceipt(phone, { by: own, sale }), 202);
    const sent = await until(async () => (await messagesOf(phone, own)).find(({ state }) => state === 'sent'));
    const fields = { MessageSid: sent.providerId, MessageStatus: 'delivered', To: phone };
    const url = `http://localhost:${service.port}${path}/${sent.id}`;
    const forged: Record<string, string>[] = [
      {},
      { 'X-Twilio-Signature': twilioSignatureOf(randomBytes(16).toString('hex'), url, fields) },
      { 'X-Twilio-Signature': twilioSignatureOf(authToken, url, { ...fields, MessageStatus: 'failed' }) },
      {
        'X-Twilio-Signature': twilioSignatureOf(authToken, `https://evil.example${path}/${sent.id}`, fields),
        'X-Forwarded-Host': 'evil.example',
        'X-Forwarded-Proto': 'https',
      },
    ];
    const tell = (headers: Record<string, string>) =>
      fetch(`${service.url}${path}/${sent.id}`, { method: 'POST', body: new URLSearchParams(fields), headers });
    for (const headers of forged) expect((await tell(headers)).status).toBe(403);
    expect((await messagesOf(phone, own))[0].state).toBe('sent');
    expect((await tell({ 'X-Twilio-Signature': twilioSignatureOf(authToken, url, fields) })).status).toBe(200);
    expect((await messagesOf(phone, own))[0].state).toBe('delivered');
  });

  test('has its own STOP', async () => {
    const phone = nextPhone();
    twilio.callBackTo({ url: `http://localhost:${service.port}${path}` });
    expect(await twilio.receive({ from: phone, text: 'STOP', optOutType: 'STOP' })).toEqual({ status: 200 });
    expect(await receipt(phone, { by: own, sale })).toMatchObject({ state: 'failed', failure: 'opted_out' });
    expect(await receipt(phone)).toMatchObject({ state: 'delivered' });
  });

  test('is put away again', async () => {
    await ok(own.api('DELETE', '/v1/messaging/accounts?channel=sms'), 200);
    const { state, provider } = await receipt(nextPhone(), { by: own, sale });
    expect([state, provider]).toEqual(['delivered', 'africastalking']);
  });
});

describe('what may be spent', () => {
  test('holds under two hundred at once, and stops nobody else', async () => {
    const poor = await openShop(service, { variants: 1 });
    const sale = (await ok(poor.sell(saleFor(poor)), 201)).id;
    await ok(poor.api('POST', '/v1/messaging/limit', { body: { dailyLimit: 800 } }), 200);
    const phones = Array.from({ length: 200 }, nextPhone);
    const replies = await Promise.all(phones.map((phone) => sendReceipt(phone, { by: poor, sale })));
    const written = phones.filter((_, index) => replies[index]!.status === 202);
    expect(written).toHaveLength(10);
    for (const reply of replies.filter(({ status }) => status !== 202)) expectProblem(reply, 429, 'sms.spending_limit');
    expect(await receipt(nextPhone())).toMatchObject({ state: 'delivered' });
    for (const phone of written) await ended(phone, poor);
    expect(phones.flatMap((phone) => sentTo(africasTalking, phone))).toHaveLength(10);
    const view = await ok(poor.api('GET', '/v1/messaging'), 200);
    expect(view).toMatchObject({ currency: 'KES', dailyLimit: 800, spentToday: 800, messagesToday: 10 });
  });

  test('is spent on numbers with a price alone', async () => {
    for (const phone of ['+882100000001', '+44 20 7946 0018', '+253 77 83 10 00'])
      expectProblem(await sendReceipt(phone), 422, 'sms.not_sent_there');
  });

  test('is five messages a day for each number, of one shop', async () => {
    const phone = nextPhone();
    for (let sent = 0; sent < 5; ++sent) await ok(sendReceipt(phone), 202);
    expectProblem(await sendReceipt(phone), 429, 'sms.number_limit');
  });
});

describe('an invitation by SMS', () => {
  test('brings a person in', async () => {
    const phone = nextPhone();
    const roles = await ok(shop.api('GET', '/v1/roles'), 200);
    const roleId = roles.data.find(({ builtIn }: any) => builtIn === 'cashier').id;
    const invite = await shop.create('/v1/invites', { phone, roleId, locationId: shop.location.id });
    expect(invite).toMatchObject({ phone, channel: 'sms' });
    const text = await until(async () => sentTo(africasTalking, phone)[0]?.text);
    expect(text).toMatch(/^Amani Otieno invites you to work at Duka la Amani: http/);
    const token = /token=([^ ]+)/.exec(text)![1]!;
    const page = await fetch(`${service.url}/account/accept-invite?token=${token}`);
    expect(await page.text()).toContain(phone);
    const email = `juma-${randomBytes(4).toString('hex')}@duka.example`;
    const person = { token, email, name: 'Juma Kamau', password: 'chai-ya-tangawizi-saa-nne' };
    expect(await ok(service.api('POST', '/v1/invites/accept', { body: person }), 200)).toMatchObject({ email });
    await ok(service.api('POST', '/v1/auth/login', { body: { email, password: person.password } }), 200);
    // A number that is written down is no login: its code proves it.
    const byPhone = { phone: `0${phone.slice(4)}`, password: person.password };
    expectProblem(await service.api('POST', '/v1/auth/login', { body: byPhone }), 401, 'auth.invalid_credentials');
  });
});

describe('a provider without its secret', () => {
  test.each([
    [
      'AFRICASTALKING_CALLBACK_TOKEN',
      { SMS_PROVIDER: 'africastalking', AFRICASTALKING_USERNAME: 'sandbox', AFRICASTALKING_API_KEY: 'k' },
    ],
    [
      'TWILIO_AUTH_TOKEN',
      { SMS_PROVIDER: 'twilio', TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`, TWILIO_SENDER: '+12025550123' },
    ],
    [
      'WHATSAPP_APP_SECRET',
      { WHATSAPP_PHONE_NUMBER_ID: '106540352242922', WHATSAPP_TOKEN: 't', WHATSAPP_VERIFY_TOKEN: verifyToken },
    ],
  ] as [string, Record<string, string>][])('stops the start, by the name of %s', async (name, env) => {
    const { code, output } = await run(environment.binary, ['serve'], serviceEnvironment(service.database, env));
    expect(code).not.toBe(0);
    expect(output).toContain(name);
  });
});
