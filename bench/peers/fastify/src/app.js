import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import fastify from 'fastify';
import pino from 'pino';
import { pool } from './database.js';
import { answerWithProblem, notFound } from './problem.js';
import { productRoutes } from './products.js';

function requestId(request) {
  const given = request.headers['x-request-id'];
  return given && /^[\w.-]{1,128}$/.test(given) ? given : randomUUID();
}

const Status = { type: 'object', properties: { status: { type: 'string' } } };

// One line a request, of all but /health and /ready: Fastify's own would be two.
async function v1(app) {
  app.addHook('onResponse', (request, reply, done) => {
    request.log.info({ req: request, res: reply, responseTime: reply.elapsedTime }, 'request completed');
    done();
  });
  await app.register(productRoutes);
}

export async function createApp() {
  const app = fastify({
    genReqId: requestId,
    disableRequestLogging: true,
    // Buffered and written off the event loop: what Pino's documentation advises for throughput.
    logger: {
      level: process.env.LOG_LEVEL ?? 'info',
      stream: pino.destination({ fd: 1, sync: false, minLength: 4096 }),
    },
    // A query parameter that is not known is refused, not dropped.
    ajv: { customOptions: { removeAdditional: false } },
  });
  app.decorateRequest('caller', null);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('X-Request-Id', request.id);
    done();
  });
  app.setErrorHandler(answerWithProblem);
  app.setNotFoundHandler(() => {
    throw notFound();
  });
  await app.register(helmet);
  await app.register(cors, { origin: (process.env.CORS_ORIGINS ?? '').split(','), credentials: true });

  app.get('/health', { schema: { response: { 200: Status } } }, async (request, reply) => {
    reply.header('Cache-Control', 'no-store');
    return { status: 'ok' };
  });
  app.get('/ready', { schema: { response: { 200: Status } } }, async () => {
    await pool.query('select 1');
    return { status: 'ok' };
  });
  await app.register(v1, { prefix: '/v1' });
  return app;
}
