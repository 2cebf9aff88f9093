// HTTP by hand: what a well-behaved client library would never send.
import { connect } from 'node:net';
import { patienceMs } from './until.js';

export interface RawReply {
  status: number;
  headers: Record<string, string>;
  body: string;
  // Everything that came until the server closed or the time was over.
  text: string;
  closed: boolean;
}

export function exchange(port: number, request: string | Uint8Array, timeoutMs = patienceMs): Promise<RawReply> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    const chunks: Buffer[] = [];
    const finish = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(parse(Buffer.concat(chunks).toString('latin1'), closed));
    };
    const timer = setTimeout(() => finish(false), timeoutMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('end', () => finish(true));
    // A server may reset a connection whose bytes it did not read; what it said before counts.
    socket.on('error', (error) => (chunks.length > 0 ? finish(true) : reject(error)));
  });
}

function parse(text: string, closed: boolean): RawReply {
  const end = text.indexOf('\r\n\r\n');
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1] ?? 0),
    headers,
    body: text.slice(end + 4),
    text,
    closed,
  };
}
