// support/contract.ts itself: each way in which a reply can differ from the document is found, and no more.
import { describe, expect, test } from 'vitest';
import { Contract, type Exchange } from './support/contract.js';

const header = (schema: object, required = false) => ({ required, schema });
const json = (schema: object, more: object = {}) => ({ 'application/json': { schema, ...more } });
const problem = (...codes: string[]) => ({
  headers: { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' }, 'WWW-Authenticate': header({}) },
  content: {
    'application/problem+json': {
      schema: { $ref: '#/components/schemas/Problem' },
      examples: Object.fromEntries(codes.map((code) => [code, {}])),
    },
  },
});

const document = {
  'x-problems': { 'request.not_found': { status: 404 }, 'request.method_not_allowed': { status: 405 } },
  paths: {
    '/v1/items': {
      get: {
        responses: {
          200: {
            headers: { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' }, RateLimit: header({}) },
            content: json(
              { $ref: '#/components/schemas/Page' },
              { 'x-with-fields': { type: 'object', properties: { id: {} }, additionalProperties: false } },
            ),
          },
          401: problem('auth.missing_credentials'),
          429: { ...problem('rate.limited'), headers: { 'Retry-After': header({ type: 'integer' }, true) } },
        },
      },
      post: { responses: { 201: { headers: { Location: header({}) }, content: json({}) } } },
    },
    '/v1/items/{id}': {
      get: { responses: { 200: { content: json({ $ref: '#/components/schemas/Item' }) } } },
      delete: { responses: { 204: {} } },
    },
    '/v1/items/export': { get: { responses: { 200: { content: { 'text/csv': {} } } } } },
  },
  components: {
    headers: { 'X-Request-Id': header({ type: 'string' }, true) },
    schemas: {
      Item: {
        type: 'object',
        properties: { id: { type: 'string', format: 'uuid' }, price: { type: 'integer', format: 'int64' } },
        required: ['id', 'price'],
        additionalProperties: false,
      },
      Page: {
        type: 'object',
        properties: { data: { type: 'array', items: { $ref: '#/components/schemas/Item' } } },
        required: ['data'],
      },
      Problem: { type: 'object', properties: { code: { type: 'string' } }, required: ['code'] },
    },
  },
};
const contract = new Contract(document);

const item = { id: '0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091', price: 15_000 };
const sent = { 'content-type': 'application/json', 'x-request-id': 'r' };
const failed = { ...sent, 'content-type': 'application/problem+json', 'www-authenticate': 'Bearer' };

function found(method: string, path: string, status: number, body: unknown, headers: Record<string, string> = sent) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const exchange: Exchange = { method, path, status, headers: Object.entries(headers), text };
  return contract.differencesOf(exchange);
}

describe('what fits', () => {
  test.each([
    ['GET', '/v1/items?limit=1', 200, { data: [item] }, { ...sent, Date: 'now', Vary: 'Origin', ratelimit: '"a";r=1' }],
    ['GET', '/v1/items?fields=id', 200, { data: [{ id: item.id }] }],
    ['GET', '/v1/items/export', 200, 'id\n', { 'content-type': 'text/csv; charset=utf-8' }],
    ['HEAD', `/v1/items/${item.id}`, 200, '', { 'content-type': 'application/json' }],
    ['DELETE', `/v1/items/${item.id}`, 204, '', {}],
    ['GET', '/v1/items', 401, { code: 'auth.missing_credentials' }, failed],
    ['GET', '/docs/init.js', 200, 'x', { 'content-type': 'text/javascript' }],
    ['GET', '/nowhere', 404, { code: 'request.not_found' }, failed],
    ['PATCH', '/v1/items', 405, { code: 'request.method_not_allowed' }, failed],
    ['OPTIONS', '/v1/items', 204, '', {}],
  ] as const)('%s %s %i', (method, path, status, body, headers = sent) => {
    expect(found(method, path, status, body, headers)).toEqual([]);
  });
});

describe('what does not', () => {
  const one = `/v1/items/${item.id}`;
  test.each([
    ['a status', ['GET', one, 418, { code: 'teapot' }], 'the status is not documented (200 are), teapot'],
    ['a code', ['GET', '/v1/items', 401, { code: 'other' }, failed], 'the code other is not among those'],
    [
      'a type',
      ['GET', one, 200, 'x', { 'content-type': 'text/plain' }],
      'the content type text/plain is not documented',
    ],
    ['a member', ['GET', one, 200, { ...item, cost: 1 }, plain()], 'Item: / must NOT have additional properties cost'],
    ['a missing member', ['GET', one, 200, { id: item.id }, plain()], "Item: / must have required property 'price'"],
    ['a value', ['GET', one, 200, { ...item, id: 'x' }, plain()], 'Item: /id must match format "uuid"'],
    ['a fraction', ['GET', one, 200, { ...item, price: 1.5 }, plain()], '/price must be integer'],
    ['no JSON', ['GET', one, 200, '{', plain()], 'the body is no JSON'],
    ['a body', ['DELETE', one, 204, 'x', {}], 'a body where none is documented'],
    ['a row of another list', ['GET', '/v1/items?fields=id', 200, { data: [item] }], 'additional properties price'],
    ['a promised header', ['GET', '/v1/items', 200, { data: [] }, plain()], 'the header x-request-id is missing'],
    ['no Location', ['POST', '/v1/items', 201, {}, plain()], 'the header location is missing'],
    [
      'no challenge',
      ['GET', '/v1/items', 401, { code: 'auth.missing_credentials' }, problemOnly()],
      'www-authenticate is',
    ],
    ['a header', ['GET', one, 200, item, { ...plain(), ETag: '"1"' }], 'the header etag is sent and not documented'],
    ['limits elsewhere', ['GET', one, 200, item, { ...plain(), RateLimit: 'x' }], 'the header ratelimit is sent'],
    ['a header’s value', ['GET', '/v1/items', 429, { code: 'rate.limited' }, soon()], 'the header retry-after: soon'],
    ['a path', ['GET', '/v2/items', 200, {}], 'the document has no such path or method'],
    ['a code of nobody', ['GET', '/v2/items', 404, { code: 'other' }, problemOnly()], 'the code other is not among'],
    ['a failure that is no problem', ['GET', '/v2/items', 404, 'no', { 'content-type': 'text/html' }], 'is no problem'],
  ] as [string, Parameters<typeof found>, string][])('%s', (_, exchange, difference) => {
    expect(found(...exchange).join('\n')).toContain(difference);
  });
});

function plain(): Record<string, string> {
  return { 'content-type': 'application/json' };
}
function problemOnly(): Record<string, string> {
  return { 'content-type': 'application/problem+json', 'x-request-id': 'r' };
}
function soon(): Record<string, string> {
  return { ...problemOnly(), 'retry-after': 'soon' };
}
