/* global crypto */
// What an example cannot have for good: a key that nobody has used, and the present time. Pure functions, but for the first.

// Not crypto.randomUUID(), which a page at http://192.168.… does not have.
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

// A key stands quoted or bare in its header (RFC 8941), and bare in a body.
export const unquoted = (key) => key.replace(/^"(.*)"$/, '$1');

// RFC 3339 in the offset of this machine, as a till writes it: "2026-01-16T09:14:03+03:00".
export function momentOf(date, minutesEast = -date.getTimezoneOffset()) {
  const local = new Date(date.getTime() + minutesEast * 60_000).toISOString().slice(0, 19);
  const two = (number) => String(Math.trunc(number)).padStart(2, '0');
  const east = Math.abs(minutesEast);
  return `${local}${minutesEast < 0 ? '-' : '+'}${two(east / 60)}:${two(east % 60)}`;
}

// The members that are new with each request, in a text of JSON. A text that is no JSON yet, as somebody types it, has them too.
const members = {
  key: /("clientRequestId"\s*:\s*)("(?:[^"\\]|\\.)*")/,
  moment: /("occurredAt"\s*:\s*)("(?:[^"\\]|\\.)*")/,
};

// undefined: there is none.
export function memberOf(body, name) {
  const found = members[name].exec(body ?? '');
  try {
    return found ? JSON.parse(found[2]) : undefined;
  } catch {
    return undefined;
  }
}

export const withMember = (body, name, value) =>
  body.replace(members[name], (whole, before) => before + JSON.stringify(value));
