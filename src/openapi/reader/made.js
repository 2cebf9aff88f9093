// What earlier replies gave, until the page is closed or who called signs out: the id of what was made, for the operations that read and change it, and the
// ETag of what was read. No page of its own.

import { decoded } from './dom.js';

const ids = new Map(); // "/v1/sales/{id}" → "0197…"
const tags = new Map(); // "/v1/sales/0197…" → "\"3\""

// "/v1/sales/{id}" of "/v1/sales/{id}/void", where a parameter is asked for.
const upTo = (path, name) => path.slice(0, path.indexOf(`{${name}}`) + name.length + 2);

// The operation that reads an address, with its parameters: the one with the fewest of these.
export function readerOf(operations, pathname) {
  const found = operations
    .filter(({ method, event }) => method === 'get' && !event)
    .flatMap((entry) => {
      const names = [...entry.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const form = entry.path.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
      const values = new RegExp(`^${form.join('([^/]+)')}$`).exec(pathname)?.slice(1);
      return values ? [{ entry, values: names.map((name, at) => [name, decoded(values[at])]) }] : [];
    });
  return found.sort((one, other) => one.values.length - other.values.length)[0];
}

// A page of another origin may see neither header: then the row says it.
function seen(entry, url, { location, etag, body }, operations) {
  const id =
    entry.method === 'post' && typeof body?.id === 'string' ? `${url}/${encodeURIComponent(body.id)}` : undefined;
  const version = Number.isInteger(body?.version) ? `"${body.version}"` : undefined;
  return { location: location ?? (id && readerOf(operations, id) ? id : undefined), etag: etag ?? version };
}

// reply: { location, etag, body }; location and url as paths; body parsed, or undefined. Gives the location.
export function remember(entry, url, reply, operations) {
  const { location, etag } = seen(entry, url, reply, operations);
  if (entry.method === 'delete') {
    for (const [path, id] of ids) if (url.includes(encodeURIComponent(id))) ids.delete(path);
    return undefined;
  }
  if (etag) tags.set(location ?? url, etag);
  if (!location) return undefined;
  const reader = readerOf(operations, location);
  for (const [name, value] of reader?.values ?? []) ids.set(upTo(reader.entry.path, name), value);
  // Rows that are read by the id that the client made.
  if (typeof reply.body?.clientRequestId !== 'string') return location;
  for (const { path, operation } of operations)
    for (const { name, in: place, description } of operation.parameters ?? [])
      if (place === 'path' && path.startsWith(`${entry.path}/`) && description?.includes('`clientRequestId`'))
        ids.set(upTo(path, name), reply.body.clientRequestId);
  return location;
}

export function forget() {
  ids.clear();
  tags.clear();
}

export const idFor = (path, name) => ids.get(upTo(path, name));
export const tagFor = (pathname) => tags.get(pathname);
