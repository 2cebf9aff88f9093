// Both servers must do the same work: the same status and the same JSON, but for what each makes up itself.
import { isDeepStrictEqual } from 'node:util';
import { randomUUID } from 'node:crypto';
import { saleOf } from './requests.mjs';

const ask = async (server, { path, token, body }) => {
  const reply = await fetch(server.url + path, {
    method: body ? 'POST' : 'GET',
    headers: {
      'Accept-Encoding': 'identity', // wrk asks for none either
      Origin: 'https://shop.example',
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(body && { 'Content-Type': 'application/json' }),
    },
    body: body && JSON.stringify(body),
  });
  const text = await reply.text();
  const json = text && JSON.parse(text);
  // Ours goes on with what tells readers apart; the version is what both say.
  const etag = reply.headers.get('etag')?.replace(/\.[a-z2-7]{6}/, '') ?? null;
  return { status: reply.status, etag, text, json };
};

function differences(ours, theirs, path = '') {
  if (isDeepStrictEqual(ours, theirs)) return [];
  const isObject = (value) => value !== null && typeof value === 'object';
  if (!isObject(ours) || !isObject(theirs)) {
    return [`${path || '/'}: ours ${JSON.stringify(ours)}, Koa's ${JSON.stringify(theirs)}`];
  }
  const names = new Set([...Object.keys(ours), ...Object.keys(theirs)]);
  return [...names].flatMap((name) => differences(ours[name], theirs[name], `${path}/${name}`));
}

const without = (value, ...names) =>
  Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name)));

function withoutOwn(json) {
  if (json?.payments) {
    return { ...without(json, 'id', 'recordedAt'), payments: json.payments.map((payment) => without(payment, 'id')) };
  }
  if (json && 'nextCursor' in json) return { ...json, nextCursor: json.nextCursor !== null };
  return json;
}

async function compare(servers, title, request) {
  const [ours, theirs] = await Promise.all(servers.map((server) => ask(server, request)));
  const faults = differences(
    { status: ours.status, etag: ours.status === 201 || ours.json?.version ? ours.etag : null },
    { status: theirs.status, etag: theirs.status === 201 || theirs.json?.version ? theirs.etag : null },
  );
  // A problem's words are each server's own, its code is not.
  if (ours.status < 400) faults.push(...differences(withoutOwn(ours.json), withoutOwn(theirs.json)));
  if (faults.length > 0) {
    throw new Error(
      `${title}: the servers differ\n  ${faults.slice(0, 20).join('\n  ')}\n  ours: ${ours.text.slice(0, 600)}\n  Koa's: ${theirs.text.slice(0, 600)}`,
    );
  }
  return [ours, theirs];
}

// Throws at the first difference. Gives the number of requests compared.
export async function compareServers(servers, { shops, deep }) {
  let compared = 0;
  const same = (title, request) => {
    ++compared;
    return compare(servers, title, request);
  };
  await same('health', { path: '/health' });
  for (const shop of [shops[0], shops[7], shops.at(-1)]) {
    for (const id of shop.product_ids.slice(0, 5))
      await same('product', { path: `/v1/products/${id}`, token: shop.token });
    await same('page', { path: '/v1/products?limit=20', token: shop.token });
    for (let number = 0; number < 8; ++number) {
      const body = saleOf(shop, number, number + 1, randomUUID());
      const first = await same('sale', { path: '/v1/sales', token: shop.token, body });
      const again = await same('sale again', { path: '/v1/sales', token: shop.token, body });
      if (first[0].status !== 201) throw new Error(`sale: ${first[0].text}`);
      if (first.some(({ text }, i) => text !== again[i].text)) throw new Error('a repeated sale has another reply');
    }
    const wrong = { ...saleOf(shop, 0, 99, randomUUID()), total: 1 };
    await same('sale with a wrong total', { path: '/v1/sales', token: shop.token, body: wrong });
  }
  await same('page of many', { path: '/v1/products?limit=500', token: deep.token });
  await same("another tenant's product", { path: `/v1/products/${shops[0].product_ids[0]}`, token: shops[1].token });
  await same('no token', { path: '/v1/products?limit=20' });
  await same('no such limit', { path: '/v1/products?limit=0', token: shops[0].token });
  return compared;
}

// The cursor of the page some 20 rows before the last: reached as a client would, page by page.
export async function walkToTheEnd(server, { token, products }) {
  let cursor = null;
  for (let seen = 0; seen + 500 < products; seen += 500) {
    const after = cursor ? `&cursor=${encodeURIComponent(cursor)}` : '';
    const reply = await ask(server, { path: `/v1/products?limit=500${after}`, token });
    if (reply.status !== 200) throw new Error(`page of many: ${reply.text}`);
    cursor = reply.json.nextCursor;
  }
  return cursor;
}
