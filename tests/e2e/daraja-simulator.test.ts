// The simulator of Daraja does what its table says: whoever tests against it leans on that. Needs no service.
import { spawn } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Daraja, start } from '../simulators/daraja.mjs';
import { badManners, numbers } from '../simulators/daraja-numbers.mjs';
import { until } from './support/until.js';

const speed = 400;
let daraja: Daraja;
let receiver: Server;
let received: { path: string; text: string; body: any }[] = [];
let answers: (path: string) => { status: number; body: unknown } = () => ({ status: 200, body: { ResultCode: 0 } });
let here: string;

beforeAll(async () => {
  daraja = await start({ port: 0, speed, queryLimit: 1000 });
  receiver = createServer((request, response) => {
    let text = '';
    request.on('data', (piece) => (text += piece));
    request.on('end', () => {
      let body: any;
      try {
        body = JSON.parse(text);
      } catch {
        body = undefined;
      }
      received.push({ path: request.url ?? '', text, body });
      const answer = answers(request.url ?? '');
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  here = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await daraja.close();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});
beforeEach(() => {
  daraja.script({ reset: true, speed, queryLimit: 1000 });
  received = [];
});
afterEach(() => {
  answers = () => ({ status: 200, body: { ResultCode: 0 } });
});

interface Said {
  status: number;
  body: any;
  text: string;
}
async function call(path: string, body?: unknown, authorization?: string): Promise<Said> {
  const reply = await fetch(daraja.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await reply.text();
  const isJson = reply.headers.get('content-type')?.startsWith('application/json');
  return { status: reply.status, text, body: isJson ? JSON.parse(text) : undefined };
}
const basic = (key = 'key') => `Basic ${Buffer.from(`${key}:secret`).toString('base64')}`;
async function token(key = 'key'): Promise<string> {
  const said = await call('/oauth/v1/generate?grant_type=client_credentials', undefined, basic(key));
  return `Bearer ${said.body.access_token}`;
}

const timestamp = '20240115103000';
const password = Buffer.from(`174379testpasskey${timestamp}`).toString('base64');
function prompt(phone: string, changes: Record<string, unknown> = {}) {
  return {
    BusinessShortCode: '174379',
    Password: password,
    Timestamp: timestamp,
    TransactionType: 'CustomerPayBillOnline',
    Amount: '150',
    PartyA: phone,
    PartyB: '174379',
    PhoneNumber: phone,
    CallBackURL: `${here}/stk`,
    AccountReference: 'ORD-1',
    TransactionDesc: 'Order 1',
    ...changes,
  };
}
const push = async (phone: string, changes = {}) =>
  call('/mpesa/stkpush/v1/processrequest', prompt(phone, changes), await token());
// At once, with one token: a second one would end it.
async function pushAll(phones: string[]) {
  const one = await token();
  return Promise.allSettled(phones.map((phone) => call('/mpesa/stkpush/v1/processrequest', prompt(phone), one)));
}
const query = async (id: string) =>
  call(
    '/mpesa/stkpushquery/v1/query',
    { BusinessShortCode: '174379', Password: password, Timestamp: timestamp, CheckoutRequestID: id },
    await token(),
  );
const phoneOf = (name: string) => numbers.find((number) => number.name === name)!.phone;
const callbacks = () => received.filter(({ path }) => path === '/stk');
const results = () => callbacks().map(({ body }) => body?.Body?.stkCallback);
const moved = () => daraja.ledger().moved;

describe('tokens', () => {
  test('say when they end as a text, and a new one ends the old one', async () => {
    const said = await call('/oauth/v1/generate?grant_type=client_credentials', undefined, basic());
    expect(said.body.expires_in).toBe('3599');
    const old = `Bearer ${said.body.access_token}`;
    expect((await call('/mpesa/stkpush/v1/processrequest', prompt('254708374149'), old)).status).toBe(200);
    const other = await token();
    const refused = await call('/mpesa/stkpush/v1/processrequest', prompt('254708374149'), old);
    expect(refused.status).toBe(404);
    expect(refused.body.errorCode).toBe('404.001.03');
    await token('another key');
    expect((await call('/mpesa/stkpush/v1/processrequest', prompt('254708374150'), other)).status).toBe(200);
  });

  test('are refused for wrong keys, and to those that have none', async () => {
    const of = (path: string, authorization: string) => call(path, undefined, authorization);
    const path = '/oauth/v1/generate?grant_type=client_credentials';
    expect((await of(path, basic('bad'))).body.errorCode).toBe('400.008.01');
    expect(await of(path, basic('elsewhere'))).toMatchObject({ status: 400, text: '' });
    expect((await of('/oauth/v1/generate', basic())).body.errorCode).toBe('400.008.02');
    const ask = (authorization?: string) =>
      call('/mpesa/stkpush/v1/processrequest', prompt('254708374149'), authorization);
    expect((await ask()).body.errorCode).toBe('404.001.04');
    expect((await ask('Bearer none')).body.errorCode).toBe('404.001.03');
    expect((await ask(await token('noproduct'))).status).toBe(401);
    daraja.script({ token: { expiresIn: null } });
    expect((await of(path, basic())).body).not.toHaveProperty('expires_in');
    daraja.script({ token: { down: 503 } });
    expect((await of(path, basic())).status).toBe(503);
  });
});

describe('prompts', () => {
  test('that are paid call back with numbers, and are in the ledger', async () => {
    const said = await push('254708374149');
    expect(said.body).toMatchObject({ ResponseCode: '0', CheckoutRequestID: expect.stringMatching(/^ws_CO_\d+$/) });
    await until(async () => results().length === 1);
    const [callback] = results();
    const [entry] = moved();
    expect(callback).toMatchObject({ CheckoutRequestID: said.body.CheckoutRequestID, ResultCode: 0 });
    expect(callback.CallbackMetadata.Item).toContainEqual({ Name: 'Amount', Value: 150 });
    expect(callback.CallbackMetadata.Item).toContainEqual({ Name: 'MpesaReceiptNumber', Value: entry!.receipt });
    expect(callback.CallbackMetadata.Item).toContainEqual({ Name: 'Balance' });
    expect(entry).toMatchObject({
      amount: 150,
      phone: '254708374149',
      reference: 'ORD-1',
      account: '174379',
      by: 'stk',
    });
    expect(entry!.receipt).toMatch(/^[A-Z0-9]{6,20}$/);
    expect((await query(said.body.CheckoutRequestID)).body).toMatchObject({ ResponseCode: '0', ResultCode: '0' });
  });

  test('are refused for a wrong field, and nothing rings', async () => {
    const wrong: [string, unknown, string][] = [
      ['Amount', '1.50', 'Amount'],
      ['PhoneNumber', '0712345678', 'PhoneNumber'],
      ['CallBackURL', 'https://mysql.example/stk', 'CallBackURL'],
      ['AccountReference', 'A#1', 'AccountReference'],
      ['TransactionDesc', undefined, 'Remarks'],
    ];
    for (const [field, value, name] of wrong) {
      const said = await push('254708374149', { [field]: value });
      expect(said.body, field).toMatchObject({
        errorCode: '400.002.02',
        errorMessage: `Bad Request - Invalid ${name}`,
      });
    }
    const said = await push('254708374149', { Password: 'eA==' });
    expect(said.body).toMatchObject({ errorCode: '500.001.1001', errorMessage: 'Wrong credentials' });
    expect(daraja.attempts()).toEqual([]);
  });

  test('end with each ResultCode, and no money moves', async () => {
    const ends = numbers.filter(({ name }) => name.startsWith('code-'));
    await pushAll(ends.map(({ phone }) => phone));
    await until(async () => results().length === ends.length);
    for (const { phone, scenario } of ends) {
      const attempt = daraja.attempts().find((one) => one.phone === phone)!;
      const callback = results().find((one) => one.CheckoutRequestID === attempt.checkoutId);
      expect(callback.ResultCode).toBe(scenario.payer);
      expect(callback).not.toHaveProperty('CallbackMetadata');
    }
    expect(moved()).toEqual([]);
  });

  test('ring one at a time on a phone', async () => {
    daraja.script({ phone: '254708374149', scenario: { after: 10_000 } });
    await push('254708374149');
    const said = await push('254708374149');
    expect(said.status).toBe(500);
    expect(said.body.errorMessage).toContain('Unable to lock subscriber');
  });

  test.each([
    ['html-503', 503, 0],
    ['wall', 403, 0],
    ['apigee-429', 429, 0],
    ['locked', 500, 0],
    ['merchant', 500, 0],
    ['credentials', 500, 0],
    ['internal', 500, 0],
    ['maintenance', 500, 0],
    ['quota', 500, 0],
    ['soap', 500, 0],
    ['no-product', 401, 0],
    ['html-503-paid', 503, 1],
  ])('of %s are answered %i', async (name, status, payments) => {
    expect((await push(phoneOf(name))).status).toBe(status);
    await until(async () => daraja.attempts().every((attempt) => attempt.callbackStatuses.length > 0));
    expect(moved().length).toBe(payments);
  });

  test.each(['busy-once', 'token-dies'])('of %s are taken the second time', async (name) => {
    expect((await push(phoneOf(name))).status).not.toBe(200);
    expect((await push(phoneOf(name))).status).toBe(200);
  });

  test('whose answer is lost are paid all the same', async () => {
    await expect(push(phoneOf('cut'))).rejects.toThrow();
    await expect(push(phoneOf('lost'))).rejects.toThrow();
    await until(async () => moved().length === 2 && results().length === 1);
    expect(results()[0].CheckoutRequestID).toBe(moved().find(({ phone }) => phone === phoneOf('cut'))!.checkoutId);
  });

  test('may be told before they are answered, twice, at once, or after what means nothing', async () => {
    const first = await push(phoneOf('callback-first'));
    expect(results().map((one) => one.CheckoutRequestID)).toEqual([first.body.CheckoutRequestID]);
    await pushAll(['twice', 'parallel', 'garbage'].map(phoneOf));
    await until(async () => callbacks().length === 1 + 3 + 3 + 5);
    expect(moved().length).toBe(4);
    expect(
      callbacks()
        .filter(({ body }) => body === undefined)
        .map(({ text }) => text),
    ).toEqual(['', '<html></html>']);
  });

  test('have callbacks that are not whole, or in other types', async () => {
    const told = async (name: string) => {
      received = [];
      await push(phoneOf(name));
      await until(async () => results().length === 1);
      return results()[0];
    };
    expect(await told('bare-success')).not.toHaveProperty('CallbackMetadata');
    expect(JSON.stringify(await told('no-receipt'))).not.toContain('MpesaReceiptNumber');
    expect(await told('strings')).toMatchObject({ ResultCode: '0' });
    const wrong = await told('wrong-amount');
    expect(wrong.CallbackMetadata.Item).toContainEqual({ Name: 'Amount', Value: 149 });
    expect(moved().at(-1)!.amount).toBe(149);
    await push(phoneOf('cancels-then-pays'));
    await until(async () => results().length === 3);
    expect(
      results()
        .slice(1)
        .map((one) => one.ResultCode),
    ).toEqual([1032, 0]);
  });

  test('are called back for again until somebody answers', async () => {
    let refusals = 2;
    answers = () => ({ status: refusals-- > 0 ? 500 : 200, body: {} });
    await push('254708374149');
    await until(async () => daraja.attempts()[0]!.callbackStatuses.length === 1);
    expect(callbacks().length).toBe(3);
    expect(daraja.attempts()[0]!.callbackStatuses).toEqual([200]);
  });
});

describe('queries', () => {
  test('say in two ways that the payer has not decided', async () => {
    daraja.script({ phone: '254700000901', scenario: { after: 100_000 } });
    daraja.script({ phone: '254700000902', scenario: { after: 100_000, query: '500' } });
    const one = await query((await push('254700000901')).body.CheckoutRequestID);
    expect(one).toMatchObject({ status: 200, body: { ResultCode: '4999' } });
    const other = await query((await push('254700000902')).body.CheckoutRequestID);
    expect(other.status).toBe(500);
    expect(other.body).toMatchObject({ errorCode: '500.001.1001', errorMessage: 'The transaction is being processed' });
    expect((await query('ws_CO_none')).body.errorCode).toBe('400.002.02');
  });

  test('know what no callback told, and may say the opposite of it', async () => {
    const { body } = await push(phoneOf('no-callback'));
    await until(async () => moved().length === 1);
    expect((await query(body.CheckoutRequestID)).body.ResultCode).toBe('0');
    expect(callbacks()).toEqual([]);
    daraja.script({ speed: 20 }); // two seconds until the callback
    const lied = await push(phoneOf('query-lies'));
    expect((await query(lied.body.CheckoutRequestID)).body.ResultCode).toBe('1037');
    await until(async () => results().length === 1);
    expect(results()[0].ResultCode).toBe(0);
  });

  test('are as many as may be', async () => {
    daraja.script({ speed: 1, queryLimit: 5 });
    const statuses = [];
    for (let i = 0; i < 7; ++i) statuses.push((await query('ws_CO_none')).status);
    expect(statuses).toEqual([400, 400, 400, 400, 400, 429, 429]);
  });
});

describe('money that comes by itself', () => {
  const urls = () => ({
    ShortCode: '174379',
    ResponseType: 'Completed',
    ConfirmationURL: `${here}/confirm`,
    ValidationURL: `${here}/validate`,
  });
  const register = async (changes = {}) => call('/mpesa/c2b/v2/registerurl', { ...urls(), ...changes }, await token());
  const simulate = async (reference: string) =>
    call(
      '/mpesa/c2b/v2/simulate',
      {
        ShortCode: 174379,
        CommandID: 'CustomerPayBillOnline',
        Amount: 5,
        Msisdn: 254708374149,
        BillRefNumber: reference,
      },
      await token(),
    );
  const confirmations = () => received.filter(({ path }) => path === '/confirm').map(({ body }) => body);

  test('is validated, and confirmed where the URLs are', async () => {
    expect((await register({ ResponseType: 'completed' })).body.errorCode).toBe('400.002.02');
    expect((await register({ ConfirmationURL: 'https://x.example/query' })).body.errorCode).toBe('400.002.02');
    expect((await register()).body).toMatchObject({ ResponseCode: '0' });
    await simulate('inv-10 27');
    await until(async () => confirmations().length === 1);
    expect(received.map(({ path }) => path)).toEqual(['/validate', '/confirm']);
    expect(confirmations()[0]).toMatchObject({
      TransID: moved()[0]!.receipt,
      TransAmount: '5.00',
      BusinessShortCode: '174379',
      BillRefNumber: 'inv-10 27',
      MSISDN: '2547 ***** 149',
    });
    answers = (path) => ({ status: 200, body: { ResultCode: path === '/validate' ? 'C2B00012' : '0' } });
    await simulate('other');
    expect(moved().length).toBe(1);
  });

  test('is also what a prompt brings: one receipt, told in two ways', async () => {
    await register();
    await push(phoneOf('confirmation-first'));
    await until(async () => results().length === 1 && confirmations().length === 1);
    expect(received.map(({ path }) => path)).toEqual(['/confirm', '/stk']);
    expect(confirmations()[0]).toMatchObject({ TransID: moved()[0]!.receipt, BillRefNumber: 'ORD-1' });
  });

  test('is on the list of the last days', async () => {
    await simulate('a');
    await simulate('b');
    await until(async () => moved().length === 2);
    const ask = async (offset: string) =>
      call(
        '/pulltransactions/v1/query',
        { ShortCode: '174379', StartDate: '2000-01-01 00:00:00', EndDate: '2999-01-01 00:00:00', OffSetValue: offset },
        await token(),
      );
    const listed = await ask('0');
    expect(listed.body.ResponseCode).toBe('1000');
    expect(listed.body.Response[0].map((one: any) => one.transactionId)).toEqual(moved().map(({ receipt }) => receipt));
    expect((await ask('2')).body.ResponseCode).toBe('1001');
  });
});

describe('manners', () => {
  test('are the same for the same seed, and differ', () => {
    const of = (seed: number, number: number) =>
      badManners(seed, {
        PhoneNumber: `25470000${String(number).padStart(4, '0')}`,
        Amount: '1',
        AccountReference: 'A',
      });
    expect(of(7, 1)).toEqual(of(7, 1));
    const names = new Set(Array.from({ length: 200 }, (_, i) => JSON.stringify(of(7, i))));
    expect(names.size).toBeGreaterThan(50);
  });

  test('leave a ledger of what moved and nothing else', async () => {
    daraja.script({ manners: 7, speed: 4000 });
    const phones = Array.from({ length: 60 }, (_, i) => `2547110${String(i).padStart(5, '0')}`);
    await pushAll(phones);
    expect(daraja.attempts().length).toBeGreaterThan(30);
    await until(async () =>
      daraja
        .attempts()
        .every(
          ({ isOver, scenario, callbackStatuses }) =>
            isOver && (scenario.callbacks === 'none' || callbackStatuses.length > 0),
        ),
    );
    for (const attempt of daraja.attempts()) {
      const entries = moved().filter(({ checkoutId }) => checkoutId === attempt.checkoutId);
      expect(entries.length).toBe(attempt.receipt ? 1 : 0);
      if (attempt.scenario.payer === 0) expect(entries.length).toBe(1);
    }
    expect(daraja.ledger().total).toBe(moved().reduce((sum, { amount }) => sum + amount, 0));
  });
});

test('the page lists every number, and pays without a prompt', async () => {
  const page = await (await fetch(daraja.url)).text();
  expect(page).toContain('width=device-width');
  for (const { phone, name } of numbers) {
    expect(page).toContain(`0${phone.slice(3, 6)} ${phone.slice(6, 9)} ${phone.slice(9)}`);
    expect(page).toContain(name);
  }
  const form = new URLSearchParams({ shortCode: '174379', amount: '7', phone: '254708374149', reference: '<b>' });
  expect((await fetch(`${daraja.url}/_pay`, { method: 'POST', body: form })).status).toBe(200);
  const after = await (await fetch(daraja.url)).text();
  expect(after).toContain('&lt;b&gt;');
  expect(await (await fetch(`${daraja.url}/_ledger`)).json()).toMatchObject({ total: 7 });
});

test('it says where it listens when it is started as a program', async () => {
  const program = spawn(process.execPath, ['tests/simulators/daraja.mjs', '--port', '0', '--speed', '10']);
  try {
    const line = await new Promise<string>((resolve) => program.stdout.once('data', (bytes) => resolve(String(bytes))));
    const { listening } = JSON.parse(line);
    expect((await fetch(`http://127.0.0.1:${listening}/_ledger`)).status).toBe(200);
  } finally {
    program.kill();
  }
});
