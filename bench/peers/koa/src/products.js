import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import { and, asc, eq, isNull, sql } from 'drizzle-orm';
import { z } from 'zod';
import { permitted } from './auth.js';
import { db } from './database.js';
import { Problem, invalid, notFound } from './problem.js';
import { products } from './schema.js';

const columns = {
  id: products.id,
  name: products.name,
  description: products.description,
  categoryId: products.categoryId,
  brand: products.brand,
  soldBy: products.soldBy,
  taxClassId: products.taxClassId,
  trackStock: products.trackStock,
  active: products.active,
  imageId: products.imageId,
  imageUrl: products.imageUrl,
  version: products.version,
  createdAt: products.createdAt,
  updatedAt: products.updatedAt,
};

const tenant = sql.placeholder('tenant');
const live = and(eq(products.tenantId, tenant), isNull(products.deletedAt));

const byId = db
  .select(columns)
  .from(products)
  .where(and(live, eq(products.id, sql.placeholder('id'))))
  .prepare('product_by_id');

const firstPage = db
  .select(columns)
  .from(products)
  .where(live)
  .orderBy(asc(products.name), asc(products.id))
  .limit(sql.placeholder('limit'))
  .prepare('product_page');

const nextPage = db
  .select(columns)
  .from(products)
  .where(
    and(
      live,
      sql`(${products.name}, ${products.id}) > (${sql.placeholder('afterName')}::text, ${sql.placeholder('afterId')}::uuid)`,
    ),
  )
  .orderBy(asc(products.name), asc(products.id))
  .limit(sql.placeholder('limit'))
  .prepare('product_page_after');

const Id = z.object({ id: z.uuid() });
const Page = z.strictObject({
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(2000).optional(),
});

const sign = (text) => createHmac('sha256', process.env.APP_SECRET).update(text).digest('base64url');

function sealCursor(tenantId, row) {
  const text = Buffer.from(JSON.stringify([tenantId, row.name, row.id])).toString('base64url');
  return `${text}.${sign(text)}`;
}

function openCursor(tenantId, cursor) {
  const [text, signature = ''] = cursor.split('.');
  const given = Buffer.from(signature);
  const wanted = Buffer.from(sign(text));
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) {
    const [owner, afterName, afterId] = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (owner === tenantId) return { afterName, afterId };
  }
  throw new Problem(422, 'invalid_cursor', 'The cursor is not one of this list');
}

export function productRoutes(router) {
  router.get('/v1/products/:id', permitted('products.read'), async (ctx) => {
    const params = Id.safeParse(ctx.params);
    if (!params.success) throw invalid(params.error, 'path');
    const [product] = await byId.execute({ tenant: ctx.state.caller.tenantId, id: params.data.id });
    if (!product) throw notFound();
    ctx.set('ETag', `"${product.version}"`);
    if (ctx.fresh) {
      ctx.status = 304;
      return;
    }
    ctx.body = product;
  });

  router.get('/v1/products', permitted('products.read'), async (ctx) => {
    const query = Page.safeParse(ctx.query);
    if (!query.success) throw invalid(query.error, 'query');
    const { limit, cursor } = query.data;
    const { tenantId } = ctx.state.caller;
    // One row more tells whether there is a next page.
    const rows = cursor
      ? await nextPage.execute({ tenant: tenantId, limit: limit + 1, ...openCursor(tenantId, cursor) })
      : await firstPage.execute({ tenant: tenantId, limit: limit + 1 });
    const data = rows.slice(0, limit);
    ctx.body = { data, nextCursor: rows.length > limit ? sealCursor(tenantId, data.at(-1)) : null };
  });
}
