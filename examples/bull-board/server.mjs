// bull-board on the queues that backend-api and Node share. The page can retry and remove jobs and asks for no password:
// it listens on this machine only; put a proxy that does before it.
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { HonoAdapter } from '@bull-board/hono';
import { serve } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Queue } from 'bullmq';
import { Hono } from 'hono';

const connection = { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379/0' };
const queues = (process.env.QUEUES ?? 'conformance').split(',').map((name) => new Queue(name, { connection }));

const board = new HonoAdapter(serveStatic);
createBullBoard({ queues: queues.map((queue) => new BullMQAdapter(queue)), serverAdapter: board });

const app = new Hono();
app.route('/', board.registerPlugin());
const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3002) }, ({ port }) =>
  console.log(`bull-board: http://127.0.0.1:${port}/`),
);

process.once('SIGTERM', async () => {
  server.close();
  server.closeAllConnections();
  await Promise.all(queues.map((queue) => queue.close()));
});
