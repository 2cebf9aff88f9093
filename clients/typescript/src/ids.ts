// Ids of operations: made once, kept with the operation, sent with each attempt.

type Fill = (bytes: Uint8Array) => Uint8Array;

let fill: Fill | undefined;

/** For platforms without `crypto.getRandomValues` (React Native without its polyfill). */
export function setRandomSource(source: Fill): void {
  fill = source;
}

/** A UUID of version 7 (RFC 9562 §5.7): random, and in the order of time. */
export function newId(now = Date.now()): string {
  const random = fill ?? (globalThis.crypto as Crypto | undefined)?.getRandomValues?.bind(globalThis.crypto);
  if (!random) throw new Error('no source of randomness: give one to setRandomSource()');
  const bytes = random(new Uint8Array(16)) as Uint8Array;
  for (let index = 0, rest = now; index < 6; ++index, rest = Math.floor(rest / 256)) bytes[5 - index] = rest % 256;
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
