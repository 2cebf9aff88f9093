import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { permitted } from './auth.js';
import { prepared } from './database.js';
import { Problem, notFound } from './problem.js';

const select = `select id, name, description, category_id as "categoryId", brand, sold_by as "soldBy", tax_class_id as "taxClassId",
  track_stock as "trackStock", active, image_id as "imageId", image_url as "imageUrl", version, created_at as "createdAt", updated_at as "updatedAt"
  from products where tenant_id = $1 and deleted_at is null`;

const byId = prepared('product_by_id', `${select} and id = $2`);
const firstPage = prepared('product_page', `${select} order by name, id limit $2`);
const nextPage = prepared(
  'product_page_after',
  `${select} and (name, id) > ($3::text, $4::uuid) order by name, id limit $2`,
);

const text = { type: 'string' };
const optional = { type: 'string', nullable: true };
const flag = { type: 'boolean' };
const members = {
  id: text,
  name: text,
  description: optional,
  categoryId: optional,
  brand: optional,
  soldBy: text,
  taxClassId: optional,
  trackStock: flag,
  active: flag,
  imageId: optional,
  imageUrl: optional,
  version: { type: 'integer' },
  createdAt: text,
  updatedAt: text,
};
const Product = { type: 'object', properties: members, required: Object.keys(members) };
const Page = {
  type: 'object',
  properties: { data: { type: 'array', items: Product }, nextCursor: optional },
  required: ['data', 'nextCursor'],
};
const Id = { type: 'object', properties: { id: { type: 'string', format: 'uuid' } }, required: ['id'] };
const PageQuery = {
  type: 'object',
  properties: {
    limit: { type: 'integer', minimum: 1, maximum: 500, default: 50 },
    cursor: { type: 'string', maxLength: 2000 },
  },
  additionalProperties: false,
};

const sign = (payload) => createHmac('sha256', process.env.APP_SECRET).update(payload).digest('base64url');

function sealCursor(tenantId, row) {
  const payload = Buffer.from(JSON.stringify([tenantId, row.name, row.id])).toString('base64url');
  return `${payload}.${sign(payload)}`;
}

function openCursor(tenantId, cursor) {
  const [payload, signature = ''] = cursor.split('.');
  const given = Buffer.from(signature);
  const wanted = Buffer.from(sign(payload));
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) {
    const [owner, name, id] = JSON.parse(Buffer.from(payload, 'base64url').toString());
    if (owner === tenantId) return [name, id];
  }
  throw new Problem(422, 'invalid_cursor', 'The cursor is not one of this list');
}

const isFresh = (request, etag) =>
  (request.headers['if-none-match'] ?? '')
    .split(',')
    .some((tag) => [etag, '*'].includes(tag.trim().replace(/^W\//, '')));

export async function productRoutes(app) {
  const onRequest = permitted('products.read');

  app.get(
    '/products/:id',
    { onRequest, schema: { params: Id, response: { 200: Product } } },
    async (request, reply) => {
      const [product] = await byId([request.caller.tenantId, request.params.id]);
      if (!product) throw notFound();
      const etag = `"${product.version}"`;
      reply.header('ETag', etag);
      if (isFresh(request, etag)) return reply.code(304).send();
      return product;
    },
  );

  app.get('/products', { onRequest, schema: { querystring: PageQuery, response: { 200: Page } } }, async (request) => {
    const { limit, cursor } = request.query;
    const { tenantId } = request.caller;
    // One row more tells whether there is a next page.
    const rows = cursor
      ? await nextPage([tenantId, limit + 1, ...openCursor(tenantId, cursor)])
      : await firstPage([tenantId, limit + 1]);
    if (rows.length <= limit) return { data: rows, nextCursor: null };
    rows.pop();
    return { data: rows, nextCursor: sealCursor(tenantId, rows.at(-1)) };
  });
}
