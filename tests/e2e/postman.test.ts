// What `backend-api postman` writes, sent by those who read it: Postman's newman and Bruno's bru, each to a fresh demo shop.
// BACKEND_API_RECORD=1 writes down what the shop answers: the examples of replies in the document and in the collections.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type ScratchDatabase } from './support/database.js';
import { environment, repository } from './support/environment.js';
import insomniaSchema from './support/insomnia-v5.schema.json' with { type: 'json' };
import { run } from './support/process.js';
import { demoDatabase, type Service, startService } from './support/service.js';

const recorded = path.join(repository, 'pos/demo/replies/replies.json');
// Whether they succeed is the machine's affair: the name of a host is found or not.
const either = [
  'createWebhook',
  'getWebhook',
  'changeWebhook',
  'deleteWebhook',
  'rotateWebhookSecret',
  'pingWebhook',
  'redeliverWebhook',
  'listWebhookDeliveries',
];
// They succeed in a whole run, which makes such a row before, and not alone: the demo shop has none.
const ofWhatWasMade = [
  'getPayment',
  'listRefunds',
  'queryPayment',
  'deletePaymentAccount',
  'getUpload',
  'deleteUpload',
  'getTusUpload',
  'deleteTusUpload',
  'getReportRun',
  'deleteReportRun',
];
// A code, too, as long as the day has one.
const notAlways = [...ofWhatWasMade, 'sendPhoneCode'];
// The id of an example that is no row of the demo shop.
const noRow = '0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091';
// Nothing listens there. What the seed seals, the server opens.
const nobody = {
  ...Object.fromEntries(
    ['MPESA', 'STRIPE', 'FLUTTERWAVE', 'PAYSTACK'].map((name) => [`${name}_BASE_URL`, 'http://127.0.0.1:9']),
  ),
  APP_SECRET: randomBytes(48).toString('base64url'),
};

interface Sent {
  name: string;
  code: number;
  headers: Record<string, string>;
  text: string;
  needs: boolean;
  failed: string[];
}

let directory: string;
const shops: { database: ScratchDatabase; service: Service }[] = [];

async function freshShop(): Promise<Service> {
  const database = await demoDatabase(nobody);
  const service = await startService({ database, env: { RATE_LIMITS: 'off', ...nobody } });
  shops.push({ database, service });
  return service;
}

async function write(to: string, baseUrl?: string): Promise<string> {
  const at = path.join(directory, to);
  const more = baseUrl ? ['--base-url', baseUrl] : [];
  const { code, output } = await run(
    environment.binary,
    ['postman', '--to', at, '--format', 'all', ...more],
    process.env,
  );
  expect(code, output).toBe(0);
  return at;
}

async function newman(
  at: string,
  ...more: string[]
): Promise<{ code: number | null; output: string; sent: Sent[]; all: number[] }> {
  const report = path.join(at, 'report.json');
  const { code, output } = await run(
    'newman',
    [
      'run',
      path.join(at, 'backend-api.postman_collection.json'),
      '--environment',
      path.join(at, 'backend-api.postman_environment.json'),
      '--reporters',
      'json',
      '--reporter-json-export',
      report,
      '--timeout-request',
      '30000',
      ...more,
    ],
    process.env,
  );
  const { run: what } = JSON.parse(await readFile(report, 'utf8'));
  // A log-in that a script sends is reported under the request that it is for, before it.
  const all: number[] = what.executions.map((one: any) => one.response?.code ?? 0);
  const last = new Map(what.executions.map((one: any) => [`${one.cursor.iteration} ${one.cursor.position}`, one]));
  const sent = [...last.values()].map((one: any) => ({
    name: one.item.name,
    code: one.response?.code ?? 0,
    headers: Object.fromEntries(
      (one.response?.header ?? []).map((header: any) => [header.key.toLowerCase(), header.value]),
    ),
    text: one.response?.stream ? Buffer.from(one.response.stream.data ?? one.response.stream).toString() : '',
    needs: /Needs more than this/.test(one.item.request.description?.content ?? one.item.request.description ?? ''),
    failed: (one.assertions ?? [])
      .filter((each: any) => each.error)
      .map((each: any) => `${each.assertion}: ${each.error.message}`),
  }));
  return { code, output, sent, all };
}

// Somebody of the shop whose password is no sound text of JSON as it stands.
async function hostileAccount(service: Service, at: string) {
  const owner = { email: 'owner@demo.example', password: 'demo-shop-2026' };
  const { body: login } = await service.api('POST', '/v1/auth/login', { body: owner });
  const account = {
    email: `${randomBytes(4).toString('hex')}@demo.example`,
    password: String.raw`say "no" \ and \u0041 twice`,
  };
  const { body: roles } = await service.api('GET', '/v1/roles', { token: login.accessToken });
  const roleId = roles.data.find(({ name }: any) => /cashier/i.test(name)).id;
  const { status, text } = await service.api('POST', '/v1/users', {
    token: login.accessToken,
    headers: { 'idempotency-key': randomUUID() },
    body: { name: 'Hostile', ...account, roles: [{ roleId }] },
  });
  expect(status, text).toBe(201);
  return { account, bruno: path.join(at, 'bruno') };
}

// Logs everybody in whom `refusals` do not stop, one after the other. A token is good so many times; it is of one account here.
// Hears the e-mail address of a log-in, else the token.
async function stranger(refusals: number[] = [], uses = 100) {
  const heard: (string | undefined)[] = [];
  let host = '';
  let left = uses;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const answer = (code: number, value: unknown) =>
      response
        .writeHead(code, { 'content-type': code >= 500 ? 'text/html' : 'application/json' })
        .end(code >= 500 ? '<h1>busy</h1>' : JSON.stringify(value));
    if (request.url !== '/v1/auth/login') {
      const { authorization = '' } = request.headers;
      heard.push(authorization);
      return answer(authorization.startsWith(`Bearer ${host} `) && left-- > 0 ? 200 : 401, {});
    }
    const { email } = JSON.parse(body);
    heard.push(email);
    const refusal = refusals.shift();
    if (refusal) return answer(refusal, {});
    left = uses;
    return answer(200, { accessToken: `${host} ${email}` });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { heard, host, server };
}

// As much of Insomnia as the collection uses: one environment, its templates, requests with scripts before and behind them.
class Insomnia {
  readonly failed: string[] = [];
  private readonly local: Record<string, string> = {};
  constructor(readonly data: Record<string, string>) {}

  async send(request: any): Promise<{ code: number; text: string }> {
    await this.run(request.scripts.preRequest, request);
    let url = this.render(request.url);
    for (const { name, value } of request.pathParameters ?? []) url = url.replace(`:${name}`, this.render(value));
    const query = new URLSearchParams();
    for (const one of request.parameters ?? []) if (!one.disabled) query.append(one.name, this.render(one.value));
    const headers = new Headers({ 'accept-encoding': 'identity' });
    for (const one of request.headers ?? []) if (!one.disabled) headers.set(one.name, this.render(one.value));
    if (request.authentication.type === 'bearer') headers.set('authorization', `Bearer ${this.data.token}`);
    const body = request.body?.text === undefined ? undefined : this.render(request.body.text);
    const reply = await this.fetch(query.size > 0 ? `${url}?${query}` : url, { method: request.method, headers, body });
    await this.run(request.scripts.afterResponse, request, reply);
    return reply;
  }

  private render(text: string): string {
    return text.replace(/\{\{ _\.(\w+)( \| dump)? \}\}/g, (_, name, dump) =>
      dump ? JSON.stringify(this.data[name]) : String(this.data[name]),
    );
  }

  private async fetch(url: string, init: RequestInit) {
    const response = await fetch(url, init);
    const text = await response.text();
    return { code: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
  }

  private async run(script: string, request: any, response?: any): Promise<void> {
    const set = (name: string, value: string) => void (this.data[name] = value);
    const get = (name: string) => this.data[name];
    const replaceIn = (text: string) =>
      text.replace(/\{\{\s*([$\w]+)\s*\}\}/g, (_, name) => (name === '$randomUUID' ? randomUUID() : get(name)!));
    const insomnia = {
      baseEnvironment: { get, set },
      variables: {
        get: (name: string) => this.local[name] ?? get(name),
        set: (name: string, value: string) => void (this.local[name] = value),
        replaceIn,
      },
      response,
      expect,
      test: (name: string, check: () => void) => {
        try {
          check();
        } catch (error) {
          this.failed.push(`${request.name} ${response?.code}: ${name}: ${error} ${response?.text.slice(0, 200)}`);
        }
      },
      sendRequest: ({ url, method, header, body }: any, done: (error: unknown, reply?: unknown) => void) => {
        this.fetch(url, { method, headers: header, body: body?.raw }).then((reply) => done(null, reply), done);
      },
    };
    const silent = { log: () => undefined };
    await new Function('insomnia', 'console', `return (async () => {\n${script}\n})();`)(insomnia, silent);
  }
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'collections-'));
});

afterAll(async () => {
  for (const { service, database } of shops) {
    await service.stop();
    await database.drop();
  }
  await rm(directory, { recursive: true, force: true });
});

// The operations of the document that end.
async function operations(service: Service): Promise<string[]> {
  const { body } = await service.api('GET', '/openapi.json');
  return Object.values<any>(body.paths)
    .flatMap((item) => Object.values<any>(item))
    .filter((one) => !Object.values<any>(one.responses).some((reply) => reply.content?.['text/event-stream']))
    .filter((one) => !one.responses['101'])
    .map((one) => one.operationId)
    .sort();
}

describe('the collection for Postman', () => {
  let service: Service;
  let at: string;
  let result: Awaited<ReturnType<typeof newman>>;

  beforeAll(async () => {
    service = await freshShop();
    at = await write('postman', service.url);
    result = await newman(at);
  }, 600_000);

  test('is green against a fresh shop, and has every operation', async () => {
    const failed = result.sent.filter(({ failed: some }) => some.length > 0);
    expect(
      failed.map(({ name, code, failed: some, text }) => `${name} ${code}: ${some.join('; ')} ${text.slice(0, 300)}`),
    ).toEqual([]);
    expect(result.code, result.output).toBe(0);
    expect(result.sent.map(({ name }) => name).sort()).toEqual(await operations(service));
    const made = result.sent.filter(({ name, code }) => notAlways.includes(name) && code < 300);
    expect(made.map(({ name }) => name).sort()).toEqual([...notAlways].sort());
  });

  // The second iteration has what the first has kept, as somebody who sends it twice.
  test('is green a second and a third time on the same shop', async () => {
    const { code, sent } = await newman(at, '--iteration-count', '2');
    const failed = sent.filter(({ failed: some }) => some.length > 0);
    expect(failed.map(({ name, code: status, text }) => `${name} ${status}: ${text.slice(0, 300)}`)).toEqual([]);
    expect(code).toBe(0);
    const batches = sent.filter(({ name }) => name === 'batchProducts').map(({ text }) => JSON.parse(text).results);
    expect(batches.map((results) => results.map(({ status }: any) => status))).toEqual([
      [201, 200],
      [201, 200],
    ]);
    // A tenant may have 200 of them.
    const left = "select id from uploads where state <> 'deleted'";
    expect(await shops[0]!.database.query(left), 'uploads that no run has deleted').toEqual([]);
  });

  test('what was made is what is read', async () => {
    const { body } = await service.api('GET', '/openapi.json');
    const made = Object.keys(body.paths).flatMap((one) => {
      const get = Object.keys(body.paths).find((other) => other.startsWith(`${one}/{`) && other.endsWith('}'));
      const [maker, reader] = [body.paths[one].post, get && body.paths[get].get];
      return maker?.responses['201'] && reader ? [[maker.operationId, reader.operationId]] : [];
    });
    made.push(['createSale', 'getSaleByClientRequest']);
    const idOf = (name: string) => {
      const one = result.sent.find(({ name: other }) => other === name)!;
      return one.code < 300 && one.text ? JSON.parse(one.text).id : undefined;
    };
    const pairs = made.map(([maker, reader]) => [`${maker} ${reader}`, idOf(maker!), idOf(reader!)]);
    const read = pairs.filter(([, id]) => id);
    expect(read.length).toBeGreaterThan(12);
    for (const [name, id, other] of read) expect(other, name).toBe(id);
  });

  test('a request alone reads the demo shop, and changes what nobody has read', async () => {
    const [one] = (await newman(at, '--folder', 'getSale')).sent;
    expect([one!.code, JSON.parse(one!.text).receiptNumber]).toEqual([200, expect.stringMatching(/-0*1$/)]);
    for (const name of ['changeVariant', 'changeVariant']) {
      const { code, sent } = await newman(at, '--folder', name);
      expect(code, sent[0]?.text).toBe(0);
    }
  });

  test('what is of no row of the demo shop says that it needs one, and is green alone', async () => {
    const collection = JSON.parse(await readFile(path.join(at, 'backend-api.postman_collection.json'), 'utf8'));
    const nowhere = collection.variable.filter(({ value }: any) => value === noRow).map(({ key }: any) => `{{${key}}}`);
    const silent = collection.item
      .flatMap(({ item }: any) => item)
      .filter(({ request }: any) =>
        (request.url.variable ?? []).some(({ value }: any) => [noRow, ...nowhere].includes(value)),
      )
      .filter(({ request }: any) => !request.description.includes('Needs more than this'));
    expect(silent.map(({ name }: any) => name)).toEqual([]);
    const { code, sent } = await newman(at, ...ofWhatWasMade.flatMap((name) => ['--folder', name]));
    expect(code, JSON.stringify(sent.map(({ name, code: status }) => `${name} ${status}`))).toBe(0);
    expect(sent.map(({ name }) => name).sort()).toEqual([...ofWhatWasMade].sort());
  });

  // Codes that are sent, and wrong ones, are counted over a day.
  test('is green when the account has had all codes of the day, and tries none of them', async () => {
    const { database } = shops[0]!;
    const counted = "select count(*)::int as number from code_attempts where kind = 'phone_guess'";
    expect(await database.query(counted)).toEqual([{ number: 0 }]);
    await database.query('delete from phone_verifications');
    await database.query(
      `insert into code_attempts (id, user_id, kind, at) select gen_random_uuid(), id, 'phone_code_sent', now()
       from users, generate_series(1, 5) where email = 'owner@demo.example'`,
    );
    const { code, sent } = await newman(at, '--folder', 'second_factor');
    expect(sent.find(({ name }) => name === 'sendPhoneCode')!.code).toBe(429);
    expect(code).toBe(0);
  });

  test('times are the present', () => {
    const sale = JSON.parse(result.sent.find(({ name }) => name === 'createSale')!.text);
    expect(sale.flags).toEqual([]);
    expect(Math.abs(Date.parse(sale.occurredAt) - Date.now())).toBeLessThan(600_000);
    const report = JSON.parse(result.sent.find(({ name }) => name === 'createReportRun')!.text);
    expect(Math.abs(Date.parse(report.to) - Date.now())).toBeLessThan(2 * 86_400_000);
  });

  test('a password with a quote and a backslash logs in by hand, too', async () => {
    const { account, bruno } = await hostileAccount(service, at);
    const variables = Object.entries(account).flatMap(([name, value]) => ['--env-var', `${name}=${value}`]);
    const { sent } = await newman(at, '--folder', 'login', ...variables);
    expect([sent[0]!.code, sent[0]!.text.slice(0, 200)]).toEqual([200, expect.stringContaining('accessToken')]);
    const by = await run('bru', ['run', 'auth/login.bru', '--env', 'local', ...variables], process.env, { cwd: bruno });
    expect(by.code, by.output.slice(-2000)).toBe(0);
  });

  test('the scripts for Insomnia do the same, twice', async () => {
    const collection = parse(await readFile(path.join(at, 'backend-api.insomnia.yaml'), 'utf8'));
    const { account } = await hostileAccount(service, at);
    const { data } = collection.environments;
    const insomnia = new Insomnia({ ...data, ...account, baseUrl: `${data.baseUrl}//` });
    const login = collection.collection
      .flatMap(({ children }: any) => children)
      .find(({ name }: any) => name === 'login');
    expect((await insomnia.send(login)).code).toBe(200);
    Object.assign(insomnia.data, { email: 'owner@demo.example', password: 'demo-shop-2026' });
    const folders = collection.collection.filter(({ name }: any) =>
      ['locations', 'taxes', 'catalogue', 'sales'].includes(name),
    );
    const ids: string[] = [];
    for (const request of [...folders, ...folders].flatMap(({ children }: any) => children)) {
      const { text } = await insomnia.send(request);
      if (/^(?:createSale|getSale|getSaleByClientRequest)$/.test(request.name)) ids.push(JSON.parse(text).id);
    }
    expect(insomnia.failed).toEqual([]);
    expect(ids).toHaveLength(6);
    expect(new Set(ids).size).toBe(2);
  });

  test('what says that it needs more does not succeed by itself', () => {
    const others = [...either, ...notAlways];
    const without = result.sent.filter(({ name, code, needs }) => needs && code < 300 && !others.includes(name));
    expect(without.map(({ name }) => name)).toEqual([]);
  });

  test('the replies in the document are those of the shop', async () => {
    const replies = Object.fromEntries(
      result.sent
        .filter(
          ({ code, text, headers }) => code < 300 && text && /^application\/json/.test(headers['content-type'] ?? ''),
        )
        .map(({ name, text }) => [name, shown(JSON.parse(text))])
        .sort(([one], [other]) => (one! < other! ? -1 : 1)),
    );
    if (environment.record) await writeFile(recorded, `${JSON.stringify(replies, null, 1)}\n`);
    const written = JSON.parse(await readFile(recorded, 'utf8'));
    const stale = Object.keys(replies).filter((name) => !either.includes(name) && !fits(written[name], replies[name]));
    expect(stale, 'BACKEND_API_RECORD=1 writes them anew').toEqual([]);
  });

  test('a key that is kept is the same attempt, sent again', async () => {
    const again = await newman(at, '--folder', 'createSale', '--iteration-count', '2', '--env-var', 'keepKey=true');
    expect(again.code, again.output).toBe(0);
    expect(again.sent).toHaveLength(2);
    expect(again.sent[1]!.headers['idempotent-replayed']).toBe('true');
    expect(again.sent[1]!.text).toBe(again.sent[0]!.text);
    const other = await newman(at, '--folder', 'createSale', '--iteration-count', '2');
    expect(new Set(other.sent.map(({ text }) => JSON.parse(text).id)).size).toBe(2);
  });

  test('a token is of one account at one address', async () => {
    const { heard, host, server } = await stranger([404, 404, 404, 404]);
    const other = `http://${host}`;
    const rows = [
      { baseUrl: `${service.url}/`, email: 'owner@demo.example' },
      { baseUrl: service.url, email: 'cashier@demo.example' },
      { baseUrl: other, email: 'owner@demo.example' },
    ];
    const data = path.join(at, 'rows.json');
    await writeFile(data, JSON.stringify(rows));
    const { sent } = await newman(at, '--folder', 'getMe', '--iteration-data', data);
    const people = sent.slice(0, 2).map(({ text }) => JSON.parse(text).user?.email);
    expect(people).toEqual(['owner@demo.example', 'cashier@demo.example']);
    expect(heard.length).toBeGreaterThan(0);
    for (const one of heard) expect(one).toMatch(/^(?:Bearer)?\s*$|@demo\.example$/);
    server.close();
  });

  // Twenty of them would lock the address out.
  test('a log-in that is refused is sent once, whatever is in the password', async () => {
    const { all } = await newman(at, '--folder', 'catalogue', '--env-var', 'password=no"t \\ this');
    const [first, ...rest] = all;
    expect(first, 'no 400: its JSON is sound').toBe(401);
    expect(rest.length).toBeGreaterThan(10);
    const body = { email: 'owner@demo.example', password: 'demo-shop-2026' };
    expect((await service.api('POST', '/v1/auth/login', { body })).status).toBe(200);
  });

  test('what Bruno has of an earlier document goes, unless it was edited', async () => {
    const to = path.join(await write('stale'), 'bruno');
    const text = 'meta {\n  name: sellOnce\n}\n\ntests {\n}\n';
    const marked = (place: string) => {
      const sum = createHash('sha256').update(`${place}\n${text}`).digest('hex').slice(0, 32);
      return text.replace('tests {\n', `tests {\n  // Written by this program: ${sum}. Edited, it is yours.\n`);
    };
    await mkdir(path.join(to, 'gone'));
    const files: Record<string, string> = {
      'sales/sellOnce.bru': marked('sales/sellOnce.bru'),
      'gone/folder.bru': marked('gone/folder.bru'),
      'sales/edited.bru': `${marked('sales/edited.bru')}\nvars:pre-request {\n  a: b\n}\n`,
      'sales/copy.bru': marked('sales/sellOnce.bru'),
      'sales/own.bru': text,
    };
    for (const [name, content] of Object.entries(files)) await writeFile(path.join(to, name), content);
    const { code, output } = await run(
      environment.binary,
      ['postman', '--to', path.dirname(to), '--format', 'bruno'],
      process.env,
    );
    expect(code, output).toBe(0);
    const left = Object.keys(files).filter((name) => existsSync(path.join(to, name)));
    expect(left).toEqual(['sales/edited.bru', 'sales/copy.bru', 'sales/own.bru']);
    expect(existsSync(path.join(to, 'gone'))).toBe(false);
    expect(existsSync(path.join(to, 'sales/createSale.bru'))).toBe(true);
    expect(
      output.split('\n').filter((line) => /^(?:removed|kept) .*\.bru/.test(line) && !line.includes('environments')),
    ).toEqual([
      expect.stringContaining('gone/folder.bru'),
      expect.stringContaining('sales/copy.bru'),
      expect.stringContaining('sales/edited.bru'),
      expect.stringContaining('sales/sellOnce.bru'),
    ]);
  });

  test('what was edited in Bruno stays and is named, whatever the API has now', async () => {
    const to = path.join(await write('edited'), 'bruno');
    const names = ['bruno.json', 'collection.bru', 'sales/createSale.bru', 'sales/folder.bru', 'sales/listSales.bru'];
    const kept = names.slice(0, 4);
    const before = new Map<string, string>();
    for (const name of names) before.set(name, await readFile(path.join(to, name), 'utf8'));
    for (const name of kept) await writeFile(path.join(to, name), `${before.get(name)}\n`);
    // Nobody has edited it: Git checks it out so.
    const checkedOut = (name: string) => writeFile(path.join(to, name), before.get(name)!.replaceAll('\n', '\r\n'));
    await checkedOut('sales/listSales.bru');
    await rm(path.join(to, 'sales/getSale.bru'));
    const again = () =>
      run(environment.binary, ['postman', '--to', path.dirname(to), '--format', 'bruno'], process.env);
    const named = (output: string) =>
      [...output.matchAll(/^kept .*\/bruno\/(.*): it was edited/gm)].map(([, name]) => name).sort();
    const { code, output } = await again();
    expect(code, output).toBe(0);
    expect(named(output)).toEqual(kept);
    for (const name of kept) expect(await readFile(path.join(to, name), 'utf8')).toBe(`${before.get(name)}\n`);
    expect(await readFile(path.join(to, 'sales/listSales.bru'), 'utf8')).toBe(before.get('sales/listSales.bru'));
    expect(existsSync(path.join(to, 'sales/getSale.bru'))).toBe(true);
    for (const name of names) await checkedOut(name);
    expect(named((await again()).output)).toEqual([]);
    for (const name of names) expect(await readFile(path.join(to, name), 'utf8')).toBe(before.get(name));
    for (const name of kept) await rm(path.join(to, name));
    expect(named((await again()).output)).toEqual([]);
    for (const name of kept) expect(await readFile(path.join(to, name), 'utf8')).toBe(before.get(name));
  });

  test('is the same text each time, and prints what it does not write', async () => {
    const [one, other] = [await write('one'), await write('other')];
    for (const name of await readdir(one, { recursive: true })) {
      if (!/\.\w+$/.test(name)) continue;
      expect(await readFile(path.join(other, name), 'utf8'), name).toBe(await readFile(path.join(one, name), 'utf8'));
    }
    const collection = JSON.parse(await readFile(path.join(one, 'backend-api.postman_collection.json'), 'utf8'));
    expect(collection.info.schema).toBe('https://schema.getpostman.com/json/collection/v2.1.0/collection.json');
    expect(collection.variable.find(({ key }: any) => key === 'baseUrl').value).toBe('http://localhost:3000');
    const printed = await run(environment.binary, ['postman', '--environment'], process.env);
    expect(JSON.parse(printed.output)._postman_variable_scope).toBe('environment');
    const refused = await run(environment.binary, ['postman', '--format', 'bruno'], process.env);
    expect([refused.code, refused.output]).toEqual([1, 'backend-api: that is many files: say --to DIRECTORY']);
  });
});

describe('log-ins that the collections send', () => {
  let at: string;

  beforeAll(async () => {
    at = await write('strangers');
  });

  // As people write it who change one part of an address.
  test('an address and an account are compared with the variables in them resolved', async () => {
    const shop = await stranger();
    const other = await stranger();
    const rows = [shop, other, other].map(({ host }, at) => ({ host, who: at < 2 ? 'owner' : 'cashier' }));
    const data = path.join(at, 'composed.json');
    await writeFile(data, JSON.stringify(rows));
    const composed = ['--env-var', 'baseUrl=http://{{host}}/', '--env-var', 'email={{who}}@shop.example'];
    await newman(at, '--folder', 'getMe', '--iteration-data', data, ...composed);
    expect(shop.heard).toEqual(['owner@shop.example', `Bearer ${shop.host} owner@shop.example`]);
    expect(other.heard).toEqual([
      'owner@shop.example',
      `Bearer ${other.host} owner@shop.example`,
      'cashier@shop.example',
      `Bearer ${other.host} cashier@shop.example`,
    ]);
    for (const { server } of [shop, other]) server.close();
  });

  // What is refused is the account; a server that has no time is asked again.
  test('a log-in that met a busy server is sent again, and one by hand takes a refusal back', async () => {
    const collection = JSON.parse(await readFile(path.join(at, 'backend-api.postman_collection.json'), 'utf8'));
    const all = new Map<string, any>(
      collection.item.flatMap(({ item }: any) => item.map((one: any) => [one.name, one])),
    );
    const me = 'getMe';
    const cases: [number[], string[], number][] = [
      [[429, 408, 503], [me, me, me, me], 4],
      // The token of a log-in is good twice, and the one by hand is not the last.
      [[401], [me, me, me, 'login', me, me, me, me], 3],
    ];
    for (const [statuses, names, logins] of cases) {
      const short = path.join(at, 'short.json');
      await writeFile(short, JSON.stringify({ ...collection, item: names.map((name) => all.get(name)) }));
      const shop = await stranger([...statuses], 2);
      const its = path.join(at, 'backend-api.postman_environment.json');
      await run('newman', ['run', short, '-e', its, '--env-var', `baseUrl=http://${shop.host}`], process.env);
      const sent = shop.heard.filter((one) => one === 'owner@demo.example');
      expect(sent.length, shop.heard.join('\n')).toBe(logins);
      expect(shop.heard.at(-1)).toBe(`Bearer ${shop.host} owner@demo.example`);
      shop.server.close();
    }
  });

  test('in Bruno and Insomnia, too', { timeout: 600_000 }, async () => {
    const bruno = path.join(at, 'bruno');
    const cases: [number[], string[], number][] = [
      [[429], ['auth/getMe.bru', 'auth/listSessions.bru'], 2],
      [[401], ['auth/getMe.bru', 'auth/listSessions.bru'], 1],
    ];
    for (const [statuses, files, logins] of cases) {
      const shop = await stranger([...statuses]);
      const address = ['--env-var', `baseUrl=http://${shop.host}`];
      await run('bru', ['run', ...files, '--env', 'local', ...address], process.env, { cwd: bruno });
      expect(shop.heard.filter((one) => one === 'owner@demo.example').length, shop.heard.join('\n')).toBe(logins);
      shop.server.close();
    }
    const collection = parse(await readFile(path.join(at, 'backend-api.insomnia.yaml'), 'utf8'));
    const all = new Map<string, any>(
      collection.collection.flatMap(({ children }: any) => children).map((one: any) => [one.name, one]),
    );
    // 503 is no JSON; 401 refuses, so it is not sent again until somebody logs in; a token is good twice.
    const shop = await stranger([503, 429, 401], 2);
    const insomnia = new Insomnia({ ...collection.environments.data, baseUrl: `http://${shop.host}/` });
    const codes: number[] = [];
    for (const name of ['getMe', 'getMe', 'getMe', 'getMe', 'login', 'getMe', 'getMe', 'getMe', 'getMe'])
      codes.push((await insomnia.send(all.get(name))).code);
    expect(codes).toEqual([401, 401, 401, 401, 200, 200, 200, 401, 200]);
    expect(shop.heard.filter((one) => one === 'owner@demo.example')).toHaveLength(5);
    const kept = JSON.stringify({ ...insomnia.data, password: '' });
    expect(kept).not.toContain('demo-shop-2026');
    shop.server.close();
    // Nobody is there: the request is sent, and says so.
    insomnia.data.token = '';
    await expect(insomnia.send(all.get('listSessions'))).rejects.toThrow('fetch failed');
  });
});

test('what is written again keeps the account, and wrong addresses are refused', async () => {
  const to = await write('again');
  const own = path.join(to, 'bruno/environments/local.bru');
  await writeFile(own, 'vars {\n  email: me@shop.example\n}\n');
  await write('again');
  expect(await readFile(own, 'utf8')).toContain('me@shop.example');
  const named = await run(
    environment.binary,
    [...['postman', '--to', to, '--format', 'all', '--base-url', 'HTTP://other.example:1/api/']],
    process.env,
  );
  expect(named.output).toContain('still has the baseUrl http://localhost:3000, so requests go there');
  expect(named.output.match(/change it to http:\/\/other\.example:1\/api$/gm)).toHaveLength(1);
  const odd = ['', 'x', 'ftp://x', 'http://user:pw@x', 'http://x?a=b', 'http://x y', 'https://', 'https:///x'];
  odd.push('http://x:99999', 'http://x:0', 'http://x:', 'http://x:1a', 'http://[::1', 'http://[::g]', 'http://-');
  odd.push(
    'http://x..y',
    'http://x/../y',
    'http://x/%2e%2E/y',
    'http://x/.',
    'http://x/%zz',
    'http://x/%2',
    'http://%41',
  );
  for (const url of odd)
    expect((await run(environment.binary, ['postman', '--base-url', url], process.env)).code, url).toBe(64);
  for (const [url, wanted] of [
    ['HTTPS://x', 'https://x'],
    ['http://[::1]:3000/a%20b/', 'http://[::1]:3000/a%20b'],
    ['http://shop:65535', 'http://shop:65535'],
  ] as const) {
    const { output } = await run(environment.binary, ['postman', '--environment', '--base-url', url], process.env);
    expect(JSON.parse(output).values[0].value).toBe(wanted);
  }
});

test('the collection for Insomnia is what Insomnia reads, with the same requests', async () => {
  const at = await write('insomnia');
  const collection = parse(await readFile(path.join(at, 'backend-api.insomnia.yaml'), 'utf8'));
  const valid = new Ajv({ allErrors: true, strict: false }).compile(insomniaSchema);
  expect(valid(collection), JSON.stringify(valid.errors?.slice(0, 5))).toBe(true);
  const requests = collection.collection.flatMap(({ children }: any) => children);
  const postman = JSON.parse(await readFile(path.join(at, 'backend-api.postman_collection.json'), 'utf8'));
  const names = postman.item.flatMap(({ item }: any) => item.map(({ name }: any) => name));
  expect(requests.map(({ name }: any) => name)).toEqual(names);
  expect(new Set(requests.map(({ meta }: any) => meta.id)).size).toBe(requests.length);
  // Each variable that a request has is there.
  const { data } = collection.environments;
  const used = new Set([...JSON.stringify(requests).matchAll(/\{\{ _\.(\w+) \}\}/g)].map(([, name]) => name));
  expect([...used].filter((name) => !(name! in data))).toEqual([]);
});

test('the collection for Bruno is green against a fresh shop', { timeout: 600_000 }, async () => {
  const service = await freshShop();
  const at = path.join(await write('bruno', service.url), 'bruno');
  const report = path.join(at, '../bruno.json');
  // All of them take it two minutes.
  const folders = environment.long ? [] : ['auth', 'catalogue', 'sales'];
  const { code, output } = await run(
    'bru',
    ['run', ...folders, '-r', '--env', 'local', '--reporter-json', report, '--disable-cookies'],
    process.env,
    { cwd: at },
  );
  const [{ results }] = JSON.parse(await readFile(report, 'utf8'));
  const failed = results
    .filter((one: any) => one.error || one.testResults.some(({ status }: any) => status !== 'pass'))
    .map(
      (one: any) =>
        `${one.test.filename} ${one.response?.status} ${one.error ?? ''} ${JSON.stringify(one.testResults.filter(({ status }: any) => status !== 'pass'))}`,
    );
  expect(failed).toEqual([]);
  expect(code, output.slice(-3000)).toBe(0);
  if (environment.long) expect(results).toHaveLength((await operations(service)).length);
  else expect(results.length).toBeGreaterThan(40);
  expect(existsSync(path.join(at, 'collection.bru'))).toBe(true);
  const again = await run('bru', ['run', 'catalogue', '-r', '--env', 'local', '--disable-cookies'], process.env, {
    cwd: at,
  });
  expect(again.code, again.output.slice(-3000)).toBe(0);
  const slash = ['--env', 'local', '--env-var', `baseUrl=${service.url}/`, '--disable-cookies'];
  for (const one of ['auth/getMe.bru', 'catalogue/getProduct.bru']) {
    const { code: ended, output: said } = await run('bru', ['run', one, ...slash], process.env, { cwd: at });
    expect(ended, said.slice(-2000)).toBe(0);
  }
});

// ---- Replies as examples -----------------------------------------------------------------------------------------

// Lists are cut to two, and what opens something is left out.
function shown(value: any, name = ''): any {
  if (Array.isArray(value)) return value.slice(0, 2).map((item) => shown(item, name));
  if (value && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shown(member, key)]));
  if (typeof value !== 'string') return value;
  if (value.startsWith('eyJ') || /^(refreshToken|csrfToken)$/.test(name)) return `the ${name}`;
  if (/secret|challenge|recoveryCode/i.test(name)) return `the ${name}`;
  if (/^https?:\/\/(?:127\.0\.0\.1|localhost):\d+/.test(value))
    return value.replace(/^https?:\/\/(?:127\.0\.0\.1|localhost):\d+/, 'http://localhost:3000').replace(/[?#].*$/, '');
  return value;
}

// Whether both have the same members, as far as both have them.
function fits(one: any, other: any): boolean {
  if (Array.isArray(one) || Array.isArray(other)) {
    if (!Array.isArray(one) || !Array.isArray(other)) return one === null || other === null;
    return one.length === 0 || other.length === 0 || fits(one[0], other[0]);
  }
  if (one && other && typeof one === 'object' && typeof other === 'object') {
    const names = new Set([...Object.keys(one), ...Object.keys(other)]);
    return [...names].every((key) => key in one && key in other && fits(one[key], other[key]));
  }
  return one === null || other === null || typeof one === typeof other;
}
