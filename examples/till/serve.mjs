// The till for development: builds it, gives it out, and passes /v1 on to the service, so that both have one origin.
//
//     node examples/till/serve.mjs                                 http://localhost:3004/, of the service on port 3000
//     PORT=3005 BASE_URL=http://localhost:3001 node examples/till/serve.mjs
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

async function giveFile(folder, pathname, response) {
  const name = pathname === '/' ? 'index.html' : path.basename(pathname);
  try {
    const bytes = await readFile(path.join(folder, name));
    const type = types[path.extname(name)] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' }).end(bytes);
  } catch {
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
  }
}

function passOn(service, request, response) {
  const { method, headers, url } = request;
  const options = { host: service.hostname, port: service.port || 80, method, headers, path: url };
  const out = http.request(options, (reply) => {
    response.writeHead(reply.statusCode, reply.headers);
    reply.pipe(response);
    reply.on('error', () => response.destroy());
  });
  // As a link that is dead: whether it arrived is not known.
  out.on('error', () => response.destroy());
  response.on('close', () => out.destroy());
  request.pipe(out);
}

function passSocketOn(service, request, socket, head) {
  const out = net.connect({ host: service.hostname, port: Number(service.port || 80) }, () => {
    const { rawHeaders } = request;
    let text = `${request.method} ${request.url} HTTP/1.1\r\n`;
    for (let index = 0; index < rawHeaders.length; index += 2)
      text += `${rawHeaders[index]}: ${rawHeaders[index + 1]}\r\n`;
    out.write(`${text}\r\n`);
    out.write(head);
    socket.pipe(out).pipe(socket);
  });
  for (const [one, other] of [
    [socket, out],
    [out, socket],
  ]) {
    one.on('error', () => other.destroy());
    one.on('close', () => other.destroy());
  }
}

/** @param {{ folder: string, baseUrl: string, port: number }} options 0: a free port. */
export async function serve({ folder, baseUrl, port }) {
  const service = new URL(baseUrl);
  const open = new Set();
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://till');
    if (pathname.startsWith('/v1/')) passOn(service, request, response);
    else void giveFile(folder, pathname, response);
  });
  server.on('upgrade', (request, socket, head) => passSocketOn(service, request, socket, head));
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of open) socket.destroy();
    await closed;
  };
  return { port: server.address().port, close };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const baseUrl = process.env.BASE_URL ?? 'http://127.0.0.1:3000';
  const { port } = await serve({ folder: await build(), baseUrl, port: Number(process.env.PORT ?? 3004) });
  console.log(`till: http://localhost:${port}/ (of ${baseUrl})`);
}
