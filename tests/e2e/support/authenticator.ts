// What an authenticator app does with the address that a person scans (RFC 6238, RFC 4226), written by the RFCs and not by our server.
//
//     const app = new Authenticator(begun.uri);
//     app.code();      // of now
//     app.code(1);     // of the 30 seconds behind, which counts as well
import { createHmac } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function readBase32(text: string): Buffer {
  const bits = [...text].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

export class Authenticator {
  readonly account: string;
  readonly issuer: string;
  readonly #secret: Buffer;
  readonly #digits: number;
  readonly #period: number;
  readonly #hash: string;

  constructor(uri: string) {
    const url = new URL(uri);
    if (url.protocol !== 'otpauth:' || url.host !== 'totp') throw new Error(`no address of an app: ${uri}`);
    const label = decodeURIComponent(url.pathname.slice(1));
    this.issuer = label.slice(0, label.indexOf(':'));
    this.account = label.slice(label.indexOf(':') + 1);
    if (url.searchParams.get('issuer') !== this.issuer) throw new Error('two issuers');
    this.#secret = readBase32(url.searchParams.get('secret') ?? '');
    this.#digits = Number(url.searchParams.get('digits') ?? 6);
    this.#period = Number(url.searchParams.get('period') ?? 30);
    this.#hash = (url.searchParams.get('algorithm') ?? 'SHA1').toLowerCase();
  }

  code(drift = 0, now = Date.now()): string {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(Math.floor(now / 1000 / this.#period) + drift));
    const mac = createHmac(this.#hash, this.#secret).update(counter).digest();
    const offset = mac[mac.length - 1]! & 15;
    const number = (mac.readUInt32BE(offset) & 0x7fffffff) % 10 ** this.#digits;
    return String(number).padStart(this.#digits, '0');
  }

  // A code that is none of those that count now.
  wrong(): string {
    const right = [-2, -1, 0, 1, 2].map((drift) => this.code(drift));
    for (let number = 0; ; ++number) {
      const code = String(number).padStart(this.#digits, '0');
      if (!right.includes(code)) return code;
    }
  }
}
