import { randomUUID } from 'node:crypto';
import { bodyParser } from '@koa/bodyparser';
import cors from '@koa/cors';
import Router from '@koa/router';
import { sql } from 'drizzle-orm';
import Koa from 'koa';
import helmet from 'koa-helmet';
import logger from 'koa-pino-logger';
import pino from 'pino';
import { callbackRoutes } from './callbacks.js';
import { db } from './database.js';
import { problems } from './problem.js';
import { productRoutes } from './products.js';
import { saleRoutes } from './sales.js';

const quietRoutes = new Set(['/health', '/ready']);

function requestId(request, response) {
  const given = request.headers['x-request-id'];
  const id = given && /^[\w.-]{1,128}$/.test(given) ? given : randomUUID();
  response.setHeader('X-Request-Id', id);
  return id;
}

const accessLog = () =>
  logger({
    // Buffered and written off the event loop: what Pino's documentation advises for throughput.
    logger: pino(
      { level: process.env.LOG_LEVEL ?? 'info', redact: ['req.headers.authorization', 'req.headers.cookie'] },
      pino.destination({ fd: 1, sync: false, minLength: 4096 }),
    ),
    genReqId: requestId,
    autoLogging: { ignore: (request) => quietRoutes.has(request.url) },
  });

export function createApp() {
  const router = new Router();
  router.get('/health', (ctx) => {
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { status: 'ok' };
  });
  router.get('/ready', async (ctx) => {
    await db.execute(sql`select 1`);
    ctx.body = { status: 'ok' };
  });
  productRoutes(router);
  saleRoutes(router);
  callbackRoutes(router);

  const origins = new Set((process.env.CORS_ORIGINS ?? '').split(','));
  const app = new Koa();
  app.use(accessLog());
  app.use(problems());
  app.use(helmet());
  app.use(cors({ origin: (ctx) => (origins.has(ctx.get('Origin')) ? ctx.get('Origin') : ''), credentials: true }));
  app.use(bodyParser({ enableTypes: ['json'], jsonLimit: '1mb' }));
  app.use(router.routes());
  app.use(router.allowedMethods());
  return app;
}
