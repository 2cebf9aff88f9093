// Tenants are walls. Generated from the service's own OpenAPI document, so that no route can be forgotten. Rows of a collection
// that this test does not know are made by its POST as the document has it; a parameter that gives none fails the test.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { png } from './support/pictures.js';
import { type Service, startService } from './support/service.js';
import { addStock, expectProblem, ok, openShop, saleFor, type Shop } from './support/shop.js';

interface Operation {
  method: string;
  path: string;
  parameters: string[];
  secured: boolean;
  // Events, for as long as somebody listens: live-faults.test.ts has its walls.
  endless: boolean;
  body: any;
}

let service: Service;
let alice: Shop;
let bob: Shop;
let document: any;
let operations: Operation[];
// Ids of Alice's rows: by the collection that a path begins with, or by collection and parameter.
let ids: Record<string, string>;

beforeAll(async () => {
  // One loop: what it did itself it knows at once; others learn of it moments later.
  // Nothing listens at port 9: prompts are not sent.
  service = await startService({
    env: { THREADS: '1', MPESA_BASE_URL: 'http://127.0.0.1:9', CLIENT_ALLOW_LOOPBACK: 'true' },
  });
  alice = await openShop(service);
  bob = await openShop(service);
  document = await ok(service.api('GET', '/openapi.json'), 200);
  operations = operationsOf(document);
  // Nobody listens there, and no name is looked up.
  for (const { path, body } of operations)
    if (path.startsWith('/v1/webhooks') && body) (body as any).url &&= 'http://127.0.0.1:9/';
  const sale = await ok(alice.sell(saleFor(alice, { device: alice.devices[0] })), 201);
  const category = await alice.create('/v1/categories', { name: 'Staples' });
  const member = (await ok(alice.api('GET', '/v1/users'), 200)).data[0];
  const role = (await ok(alice.api('GET', '/v1/roles'), 200)).data[0];
  const variant = alice.variants[0]!;
  const barcode = (await ok(alice.api('GET', `/v1/variants/${variant.id}`), 200)).barcodes?.[0];
  const account = await alice.create('/v1/payment-accounts', {
    provider: 'mpesa',
    name: 'Paybill',
    credentials: {
      environment: 'sandbox',
      kind: 'paybill',
      shortCode: '174379',
      consumerKey: 'key',
      consumerSecret: 'secret',
      passkey: 'passkey',
      initiatorName: 'operator',
      initiatorPassword: 'password',
      certificate: generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
        type: 'spki',
        format: 'pem',
      }),
    },
  });
  const prompt = { amount: 100, subjectId: randomUUID(), phone: '0712345678', locationId: alice.location.id };
  const intent = await ok(
    alice.api('POST', '/v1/payment-intents', { body: { clientRequestId: randomUUID(), ...prompt } }),
    202,
  );
  const payout = { clientRequestId: randomUUID(), amount: 100_000, phone: '0712345678', reason: 'Wages' };
  const sent = await ok(alice.api('POST', '/v1/payouts', { body: payout }), 202);
  const picture = await alice.create('/v1/uploads', { purpose: 'image', contentType: 'image/png', bytes: 100 });
  const stored = async (to: string, type: string, body: Buffer | string) => {
    const headers = { 'content-type': type, 'idempotency-key': randomUUID() };
    return ok(alice.api('POST', to, { headers, body }), 201);
  };
  const image = await stored('/v1/images', 'image/png', png(8, 8, 1));
  const paper = await stored('/v1/documents?name=prices', 'text/csv', 'item,price\nSugar,5\n');
  const pieces = await alice.api('POST', '/v1/uploads/tus', {
    headers: { 'tus-resumable': '1.0.0', 'upload-length': '100', 'upload-metadata': `purpose ${btoa('image')}` },
  });
  expect(pieces.status, pieces.text).toBe(201);
  const invite = await alice.create('/v1/invites', { email: 'juma@duka.example', roleId: role.id });
  const [notification] = await service.database.query<{ id: string }>(
    'select id from notifications where tenant_id = $1',
    [alice.tenantId],
  );
  ids = {
    'auth/sessions': (await ok(alice.api('GET', '/v1/auth/sessions'), 200)).data[0].id,
    'c2b-payments': randomUUID(), // M-Pesa alone makes them
    categories: category.id,
    devices: alice.devices[0]!.id,
    documents: paper.id,
    images: image.id,
    invites: invite.id,
    locations: alice.location.id,
    notifications: notification!.id,
    'payment-accounts': account.id,
    'payment-intents': intent.id,
    'payment-refund-tasks': intent.id,
    payouts: sent.id,
    products: variant.productId,
    roles: role.id,
    sales: sale.id,
    'sales/by-client-request': sale.clientRequestId,
    'stock-adjustments': await addStock(alice, alice.variants, '1'),
    'tax-classes': alice.taxClasses[0]!.id,
    'tax-classes rateId': alice.taxClasses[0]!.rateId,
    uploads: picture.id,
    'uploads/tus': pieces.headers.get('location')!.split('/').at(-1)!,
    users: member.id,
    variants: variant.id,
    'variants barcodeId': barcode?.id,
  };
  for (const operation of operations.filter((one) => one.path.startsWith('/v1/') && one.parameters.includes('id'))) {
    const collection = collectionOf(operation);
    ids[collection] ??= await madeByItsPost(collection);
  }
  ids['webhooks deliveryId'] = (await ok(alice.api('POST', `/v1/webhooks/${ids.webhooks}/ping`), 200)).deliveryId;
});

const collectionOf = (operation: Operation): string =>
  operation.path.slice('/v1/'.length, operation.path.indexOf('/{'));

// A row of Alice's: the smallest body, in which `locationId` is the id of one of her locations.
async function madeByItsPost(collection: string): Promise<string> {
  const operation = operations.find((one) => one.method === 'POST' && one.path === `/v1/${collection}`);
  if (!operation) throw new Error(`no POST /v1/${collection}: tell walls.test.ts an id for it`);
  const body = Object.fromEntries(
    Object.entries<any>(operation.body ?? {}).map(([name, value]) => [name, idFor(name) ?? value]),
  );
  const reply = await call(alice, { ...operation, body }, operation.path);
  if (reply.status !== 201)
    throw new Error(
      `POST ${operation.path} as its own document has it: ${reply.status} ${reply.text}. Give its fields an example that ` +
        'is taken, or tell walls.test.ts an id',
    );
  return reply.body.id;
}

// "taxClassId": that of tax-classes.
function idFor(member: string): string | undefined {
  if (!member.endsWith('Id')) return undefined;
  const name = member.slice(0, -2).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return [`${name}s`, `${name}es`, name.replace(/y$/, 'ies')].map((one) => ids[one]).find(Boolean);
}

afterAll(async () => {
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

function operationsOf(openapi: any): Operation[] {
  const found: Operation[] = [];
  for (const [path, item] of Object.entries<any>(openapi.paths)) {
    for (const method of ['get', 'put', 'post', 'patch', 'delete']) {
      const operation = item[method];
      if (!operation) continue;
      const security: any[] = operation.security ?? openapi.security ?? [];
      const schema = operation.requestBody?.content?.['application/json']?.schema;
      found.push({
        method: method.toUpperCase(),
        path,
        parameters: [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]!),
        secured: security.length > 0 && security.every((one) => Object.keys(one).length > 0),
        endless: Boolean(operation.responses?.['200']?.content?.['text/event-stream']),
        body: schema && exampleOf(schema, openapi),
      });
    }
  }
  return found;
}

// The smallest value that a schema takes: what is required, nothing else. A patch gets its first member.
function exampleOf(schema: any, openapi: any): any {
  if (schema.$ref) return exampleOf(at(openapi, schema.$ref), openapi);
  if (schema.example !== undefined) return schema.example;
  if (schema.examples?.length) return schema.examples[0];
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum.find((one: unknown) => one !== null);
  const choice = (schema.oneOf ?? schema.anyOf)?.find((one: any) => one.type !== 'null');
  if (choice) return exampleOf(choice, openapi);
  const merged = schema.allOf
    ? Object.assign({}, ...schema.allOf.map((one: any) => resolved(one, openapi)), schema)
    : schema;
  const type = Array.isArray(merged.type) ? merged.type.find((one: string) => one !== 'null') : merged.type;
  switch (type) {
    case 'object': {
      const required: string[] = merged.required ?? [];
      const names = required.length > 0 ? required : Object.keys(merged.properties ?? {}).slice(0, 1);
      return Object.fromEntries(names.map((name) => [name, exampleOf(merged.properties[name], openapi)]));
    }
    case 'array':
      return Array.from({ length: merged.minItems ?? 0 }, () => exampleOf(merged.items, openapi));
    case 'integer':
    case 'number':
      return Math.max(merged.minimum ?? 0, 1);
    case 'boolean':
      return true;
    default:
      return textOf(merged);
  }
}

function textOf(schema: any): string {
  switch (schema.format) {
    case 'uuid':
      return randomUUID();
    case 'email':
      return `someone-${randomUUID()}@duka.example`;
    case 'date':
      return '2026-01-01';
    case 'date-time':
      return '2026-01-01T00:00:00Z';
    default:
      return 'ABCDEFGH12'.slice(0, Math.min(10, schema.maxLength ?? 10)).padEnd(schema.minLength ?? 0, 'x');
  }
}

const resolved = (schema: any, openapi: any): any => (schema.$ref ? at(openapi, schema.$ref) : schema);
const at = (openapi: any, reference: string): any =>
  reference
    .slice(2)
    .split('/')
    .reduce((value, name) => value[name.replaceAll('~1', '/').replaceAll('~0', '~')], openapi);

// The path with Alice's ids in it.
function filled(operation: Operation): string {
  const collection = collectionOf(operation);
  return operation.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const id = ids[name === 'id' ? collection : `${collection} ${name}`];
    if (!id) throw new Error(`${operation.method} ${operation.path}: tell walls.test.ts an id for {${name}}`);
    return id;
  });
}

const call = (shop: Shop | undefined, operation: Operation, path: string, token?: string) =>
  service.api(operation.method, path, {
    token: token ?? shop?.token,
    body: operation.body,
    headers: {
      'idempotency-key': randomUUID(),
      'if-match': '*',
      'content-type': 'application/json',
      ...(operation.path.startsWith('/v1/uploads/tus') ? ofTus : {}),
    },
  });
// What its clients send.
const ofTus = {
  'tus-resumable': '1.0.0',
  'upload-offset': '0',
  'content-type': 'application/offset+octet-stream',
  'x-http-method-override': 'PATCH',
};

describe('another tenant’s ids', () => {
  test('are 404 on every route that takes one', async () => {
    const withIds = operations.filter((one) => one.secured && one.parameters.length > 0);
    expect(withIds.length).toBeGreaterThan(15);
    for (const operation of withIds) {
      const reply = await call(bob, operation, filled(operation));
      expect.soft(reply.status, `${operation.method} ${operation.path}: ${reply.text}`).toBe(404);
      expect.soft(reply.headers.get('content-type')).toMatch(/^application\/problem\+json/);
    }
  });

  test('and changed nothing: the owner still finds every row', async () => {
    for (const operation of operations.filter(
      (one) => one.method === 'GET' && one.parameters.length > 0 && one.secured,
    )) {
      const reply = await call(alice, operation, filled(operation));
      expect.soft([200, 204], `${operation.path}: ${reply.text}`).toContain(reply.status);
    }
  });

  test('are in no list of his', async () => {
    const foreign = new Set(Object.values(ids));
    // The built-in roles are the same everywhere, as are their permissions.
    const roles = JSON.parse(
      (
        await call(
          bob,
          operations.find((one) => one.path === '/v1/roles')!,
          '/v1/roles',
        )
      ).text,
    );
    for (const role of roles.data) if (role.builtIn) foreign.delete(role.id);
    for (const operation of operations.filter(
      (one) => one.method === 'GET' && one.secured && one.parameters.length === 0 && !one.endless,
    )) {
      const reply = await call(bob, operation, operation.path);
      if (reply.status !== 200) continue; // a required query parameter is missing
      for (const id of foreign) expect.soft(reply.text, operation.path).not.toContain(id);
    }
  });

  test('and his rows cannot point at hers', async () => {
    const product = await bob.api('POST', '/v1/products', {
      body: { name: 'Borrowed tax', taxClassId: alice.taxClasses[0]!.id },
      headers: { 'idempotency-key': randomUUID() },
    });
    expectProblem(product, 422, 'tax_class.unknown');
    const device = await bob.api('POST', '/v1/devices', {
      body: { locationId: alice.location.id, name: 'Spy' },
      headers: { 'idempotency-key': randomUUID() },
    });
    expectProblem(device, 422, 'location.unknown');
  });

  test('nor does PostgreSQL show a row to the service’s role without a tenant', async () => {
    const tables = await service.database.query<{ name: string }>(
      `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
       where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace`,
    );
    expect(tables.length).toBeGreaterThan(15);
    const app = await service.database.connectAs('app');
    try {
      for (const { name } of tables) {
        const rows = await app.query(`select count(*) as count from ${name}`).catch((error: Error) => error.message);
        if (typeof rows === 'string') expect.soft(rows).toMatch(/permission denied/);
        else expect.soft(Number(rows.rows[0].count), name).toBe(0);
      }
    } finally {
      await app.end();
    }
  });
});

describe('without a caller', () => {
  test('every route that needs one answers 401', async () => {
    const secured = operations.filter((one) => one.secured);
    expect(secured.length).toBeGreaterThan(30);
    for (const operation of secured) {
      const path = operation.path.replace(/\{\w+\}/g, randomUUID());
      const bare = await call(undefined, operation, path);
      expect
        .soft([bare.status, bare.body?.code], `${operation.method} ${operation.path}`)
        .toEqual([401, 'auth.missing_credentials']);
      expect.soft(bare.headers.get('www-authenticate')).toMatch(/^Bearer/);
      const forged = await call(undefined, operation, path, 'eyJhbGciOiJub25lIn0.e30.');
      expect
        .soft([forged.status, forged.body?.code], `${operation.method} ${operation.path}`)
        .toEqual([401, 'auth.invalid_token']);
    }
  });

  test('only these routes need none', () => {
    const open = operations
      .filter((one) => !one.secured && one.path.startsWith('/v1/'))
      .map((one) => `${one.method} ${one.path}`);
    expect(open.sort()).toEqual([
      'GET /v1/callbacks/sms/{account}',
      'GET /v1/files/{tenantId}/{imageId}/{file}',
      'GET /v1/storage/{key}',
      'GET /v1/ws', // a ticket, a header, a cookie or the first message says who it is: realtime.test.ts
      'POST /v1/auth/email/confirm',
      'POST /v1/auth/email/verify',
      'POST /v1/auth/login',
      'POST /v1/auth/password/forgot',
      'POST /v1/auth/password/reset',
      'POST /v1/auth/refresh',
      'POST /v1/auth/totp/login',
      'POST /v1/callbacks/flutterwave/{token}/events',
      'POST /v1/callbacks/m/{token}/balance',
      'POST /v1/callbacks/m/{token}/confirm',
      'POST /v1/callbacks/m/{token}/result/{payout}',
      'POST /v1/callbacks/m/{token}/status/{payout}',
      'POST /v1/callbacks/m/{token}/stk',
      'POST /v1/callbacks/m/{token}/stk/{attempt}',
      'POST /v1/callbacks/m/{token}/timeout',
      'POST /v1/callbacks/m/{token}/timeout/{payout}',
      'POST /v1/callbacks/m/{token}/validate',
      'POST /v1/callbacks/mail/mailgun',
      'POST /v1/callbacks/mail/sendgrid',
      'POST /v1/callbacks/paystack/{token}/events',
      'POST /v1/callbacks/pesapal/{token}/ipn',
      'POST /v1/callbacks/s/{token}/events',
      'POST /v1/callbacks/sms/{account}',
      'POST /v1/callbacks/sms/{account}/{token}',
      'POST /v1/invites/accept',
      'POST /v1/tenants',
      'PUT /v1/storage/{key}',
    ]);
  });

  test('a token ends with its session', async () => {
    const shop = await openShop(service, { variants: 0, devices: 0 });
    await ok(shop.api('POST', '/v1/auth/logout'), 204);
    expectProblem(await shop.api('GET', '/v1/auth/me'), 401, 'auth.session_revoked');
  });
});

// docs/decisions/0031-etags.md. Walks the document, so that a new route cannot forget it.
describe('what caches are told', () => {
  const list = (value: string | null): string[] => (value ?? '').toLowerCase().split(/\s*,\s*/);

  const expectPrivate = (reply: { status: number; headers: Headers }, what: string): void => {
    const kept = reply.status >= 400 ? ['no-store'] : ['private, no-cache', 'no-store'];
    expect.soft(kept, `${what}: ${reply.status}`).toContain(reply.headers.get('cache-control'));
    expect.soft(list(reply.headers.get('vary')), what).toEqual(expect.arrayContaining(['authorization', 'cookie']));
  };

  test('every reply of a route that needs a caller is theirs alone', async () => {
    const secured = operations.filter((one) => one.secured && !one.endless && one.path !== '/v1/auth/logout');
    for (const operation of secured) {
      const what = `${operation.method} ${operation.path}`;
      expectPrivate(await call(undefined, operation, operation.path.replace(/\{\w+\}/g, randomUUID())), what);
      if (operation.method === 'GET') expectPrivate(await call(alice, operation, filled(operation)), what);
    }
    for (const path of ['/v1/auth/me', '/v1/auth/sessions'])
      expect.soft((await alice.api('GET', path)).headers.get('cache-control'), path).toBe('no-store');
  });

  test('a tag serves its tenant alone, and stays with a 304', async () => {
    for (const operation of operations.filter((one) => one.method === 'GET' && one.secured && !one.endless)) {
      const path = filled(operation);
      const first = await call(alice, operation, path);
      const tag = first.headers.get('etag');
      if (!tag) continue;
      expect.soft(tag, path).toMatch(/^"\d+\.[a-z2-7]{6}"$/);
      const again = await alice.api('GET', path, { headers: { 'if-none-match': tag } });
      expect.soft([again.status, again.headers.get('etag'), again.text], path).toEqual([304, tag, '']);
      expectPrivate(again, path);
      if (operation.parameters.length > 0) continue;
      const his = await bob.api('GET', path, { headers: { 'if-none-match': tag } });
      expect.soft(his.status, path).toBe(200);
      expect.soft(his.headers.get('etag'), path).not.toBe(tag);
    }
  });
});
