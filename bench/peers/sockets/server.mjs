// A text to all who are connected, as it is written with `ws` and with Socket.IO. A yardstick of tests/e2e/realtime-load.test.ts, not a
// product: it asks nobody who they are, and POST /publish sends its body to all.
//
//     node bench/peers/sockets/server.mjs ws|socket.io      prints {"listening":PORT}
import { Buffer } from 'node:buffer';
import http from 'node:http';
import { argv } from 'node:process';
import { Server as SocketIo } from 'socket.io';
import { WebSocketServer } from 'ws';

const server = http.createServer(async (request, response) => {
  if (request.method !== 'POST' || request.url !== '/publish') return response.writeHead(404).end();
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  broadcast(Buffer.concat(pieces));
  return response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
});

const kinds = {
  ws: () => {
    const sockets = new WebSocketServer({ server });
    return (bytes) => {
      for (const socket of sockets.clients) socket.send(bytes, { binary: false });
    };
  },
  'socket.io': () => {
    const sockets = new SocketIo(server, { transports: ['websocket'], serveClient: false });
    return (bytes) => sockets.emit('message', bytes.toString());
  },
};
const broadcast = kinds[argv[2]]();

server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () =>
  console.log(JSON.stringify({ listening: server.address().port })),
);
