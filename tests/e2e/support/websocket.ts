// A WebSocket client that can break every rule of RFC 6455: frames as they are told, and what comes back.
//
//     const socket = await RawSocket.open(port, '/dev/realtime/echo');
//     socket.send(frame({ opcode: 1, payload: 'habari' }));
//     expect(await socket.frames()).toEqual([{ opcode: 1, payload: 'habari' }, …]);      // until the server closes
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import { patienceMs } from './until.js';

export interface FrameOptions {
  opcode: number;
  payload?: string | Buffer;
  fin?: boolean;
  rsv?: number;
  masked?: boolean;
}

export interface Heard {
  opcode: number;
  payload: Buffer;
  fin: boolean;
  rsv: number;
}

export function frame({ opcode, payload = '', fin = true, rsv = 0, masked = true }: FrameOptions): Buffer {
  const bytes = Buffer.from(payload);
  const long = bytes.length > 65_535;
  const middle = !long && bytes.length > 125;
  const head = Buffer.alloc(2 + (long ? 8 : middle ? 2 : 0));
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (long ? 127 : middle ? 126 : bytes.length);
  if (middle) head.writeUInt16BE(bytes.length, 2);
  if (long) head.writeBigUInt64BE(BigInt(bytes.length), 2);
  if (!masked) return Buffer.concat([head, bytes]);
  const mask = randomBytes(4);
  const covered = Buffer.from(bytes);
  for (let index = 0; index < covered.length; ++index) covered[index]! ^= mask[index & 3]!;
  return Buffer.concat([head, mask, covered]);
}

export function closeFrame(code?: number, reason: string | Buffer = ''): Buffer {
  if (code === undefined) return frame({ opcode: 8 });
  const payload = Buffer.concat([Buffer.alloc(2), Buffer.from(reason)]);
  payload.writeUInt16BE(code, 0);
  return frame({ opcode: 8, payload });
}

export class RawSocket {
  // The reply to the handshake.
  head = '';
  private bytes = Buffer.alloc(0);
  private ended = false;
  private wake: (() => void) | undefined;

  private constructor(private readonly socket: net.Socket) {
    socket.on('data', (piece) => {
      this.bytes = Buffer.concat([this.bytes, piece]);
      this.wake?.();
    });
    const end = (): void => {
      this.ended = true;
      this.wake?.();
    };
    socket.on('end', end).on('close', end).on('error', end);
  }

  static async open(port: number, path: string, headers: Record<string, string> = {}): Promise<RawSocket> {
    const socket = net.connect(port, '127.0.0.1');
    socket.setNoDelay(true);
    const key = randomBytes(16).toString('base64');
    const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n${more.join('')}\r\n`,
    );
    const raw = new RawSocket(socket);
    await raw.until(() => raw.bytes.includes('\r\n\r\n'));
    const end = raw.bytes.indexOf('\r\n\r\n') + 4;
    const head = raw.bytes.subarray(0, end).toString('latin1');
    raw.head = head;
    raw.bytes = raw.bytes.subarray(end);
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    if (!head.startsWith('HTTP/1.1 101') || !head.includes(`Sec-WebSocket-Accept: ${accept}\r\n`)) {
      socket.destroy();
      throw new Error(`no handshake: ${head}`);
    }
    return raw;
  }

  // In one write, or in pieces of so many bytes.
  async send(bytes: Buffer, piece = bytes.length): Promise<void> {
    for (let at = 0; at < bytes.length; at += piece) {
      if (this.socket.destroyed) return;
      await new Promise<void>((resolve) => this.socket.write(bytes.subarray(at, at + piece), () => resolve()));
    }
  }

  // The next one; undefined: the server has closed the connection.
  async next(timeoutMs = patienceMs): Promise<Heard | undefined> {
    let found: Heard | undefined;
    await this.until(() => (found = this.take()) !== undefined, timeoutMs);
    return found;
  }

  // All that come until the connection ends.
  async rest(): Promise<Heard[]> {
    const all: Heard[] = [];
    for (let one = await this.next(); one; one = await this.next()) all.push(one);
    return all;
  }

  destroy(): void {
    this.socket.destroy();
  }

  private async until(done: () => boolean, timeoutMs = patienceMs): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!done() && !this.ended) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error('nothing came');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (this.ended) done();
  }

  private take(): Heard | undefined {
    const { bytes } = this;
    if (bytes.length < 2) return undefined;
    const short = bytes[1]! & 0x7f;
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < head) return undefined;
    const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
    if (bytes.length < head + length) return undefined;
    this.bytes = bytes.subarray(head + length);
    return {
      opcode: bytes[0]! & 15,
      fin: bytes[0]! >= 128,
      rsv: (bytes[0]! >> 4) & 7,
      payload: bytes.subarray(head, head + length),
    };
  }
}
