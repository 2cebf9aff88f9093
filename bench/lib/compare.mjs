// Both servers must do the same work: the same status and the same JSON, but for what each makes up itself.
import { isDeepStrictEqual } from 'node:util';
import { randomUUID } from 'node:crypto';
import { receiptPrefix, saleOf } from './requests.mjs';

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
    return [`${path || '/'}: ours ${JSON.stringify(ours)}, theirs ${JSON.stringify(theirs)}`];
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
  if (ours.status !== theirs.status) {
    throw new Error(
      `${title}: ours answers ${ours.status}, ${servers[1].title} ${theirs.status}\n  ours: ${ours.text.slice(0, 600)}\n  theirs: ${theirs.text.slice(0, 600)}`,
    );
  }
  const faults = differences(
    { etag: ours.status === 201 || ours.json?.version ? ours.etag : null },
    { etag: theirs.status === 201 || theirs.json?.version ? theirs.etag : null },
  );
  // A problem's words are each server's own, its code is not.
  if (ours.status < 400) faults.push(...differences(withoutOwn(ours.json), withoutOwn(theirs.json)));
  if (faults.length > 0) {
    throw new Error(
      `${title}: ours and ${servers[1].title} differ\n  ${faults.slice(0, 20).join('\n  ')}\n  ours: ${ours.text.slice(0, 600)}\n  theirs: ${theirs.text.slice(0, 600)}`,
    );
  }
  return [ours, theirs];
}

const payByMpesa = (body, reference) => ({ ...body, payments: [{ method: 'mpesa', amount: body.total, reference }] });

// Two at once with one code: which of them comes second is left to chance, that it is flagged is not.
async function expectOneFlag(server, shop, sequence) {
  const code = `QZ${String(sequence()).padStart(8, '0')}`;
  const bodies = [0, 1].map(() => payByMpesa(saleOf(shop, 0, sequence(), randomUUID()), code));
  const replies = await Promise.all(bodies.map((body) => ask(server, { path: '/v1/sales', token: shop.token, body })));
  const flagged = replies.filter(({ json }) => json.flags?.includes('payment_reference_reused'));
  if (replies.some(({ status }) => status !== 201) || flagged.length !== 1) {
    throw new Error(
      `two sales with one code: ${server.title} answers ${replies.map(({ text }) => text).join(' and ')}`,
    );
  }
}

// What a till sends when another sale has its receipt number, and its customer's M-Pesa code, already.
async function compareTakenNumbers(same, shop, sequence) {
  const next = () => saleOf(shop, 0, sequence(), randomUUID());
  const flagged = async (title, body, ...flags) => {
    const [{ status, json, text }] = await same(title, { path: '/v1/sales', token: shop.token, body });
    if (status !== 201 || !flags.every((flag) => json.flags.includes(flag))) throw new Error(`${title}: ${text}`);
  };
  const printed = { ...next(), receiptNumber: 'Receipt 7' };
  await flagged("sale with another's receipt number", printed, 'receipt_number_foreign');
  const again = { ...next(), receiptNumber: printed.receiptNumber };
  await flagged('sale with a printed number again', again, 'receipt_number_foreign', 'receipt_number_duplicate');
  const number = sequence();
  const ahead = { ...next(), receiptNumber: receiptPrefix(shop) + number };
  await flagged('sale with the next number', ahead, 'receipt_number_foreign');
  await flagged('sale with a taken number', saleOf(shop, 0, number, randomUUID()), 'receipt_number_duplicate');
  const code = `QX${String(number).padStart(8, '0')}`;
  await flagged('sale by M-Pesa', payByMpesa(next(), code));
  await flagged('sale by the same code', payByMpesa(next(), ` ${code.toLowerCase()} `), 'payment_reference_reused');
  await flagged('sale by no code', payByMpesa(next(), 'paid'));
}

async function compareSales(same, { shops: [shop], servers }, sequence) {
  for (let number = 0; number < 8; ++number) {
    const body = saleOf(shop, number, sequence(), randomUUID());
    const first = await same('sale', { path: '/v1/sales', token: shop.token, body });
    const again = await same('sale again', { path: '/v1/sales', token: shop.token, body });
    if (first[0].status !== 201) throw new Error(`sale: ${first[0].text}`);
    if (first.some(({ text }, i) => text !== again[i].text)) throw new Error('a repeated sale has another reply');
  }
  const wrong = { ...saleOf(shop, 0, sequence(), randomUUID()), total: 1 };
  await same('sale with a wrong total', { path: '/v1/sales', token: shop.token, body: wrong });
  await compareTakenNumbers(same, shop, sequence);
  for (const server of servers) await expectOneFlag(server, shop, sequence);
}

// By what works need; each for three shops.
const comparisons = {
  health: (same) => same('health', { path: '/health' }),
  'product-by-id': async (same, { shops: [shop, other] }) => {
    for (const id of shop.product_ids.slice(0, 5))
      await same('product', { path: `/v1/products/${id}`, token: shop.token });
    await same("another tenant's product", { path: `/v1/products/${shop.product_ids[0]}`, token: other.token });
  },
  'product-page': async (same, { shops: [shop], deep }) => {
    await same('page', { path: '/v1/products?limit=20', token: shop.token });
    await same('page of many', { path: '/v1/products?limit=500', token: deep.token });
    await same('no token', { path: '/v1/products?limit=20' });
    await same('no such limit', { path: '/v1/products?limit=0', token: shop.token });
    await same('no such parameter', { path: '/v1/products?limt=20', token: shop.token });
  },
  sale: compareSales,
};

let lastSequence = 0; // of devices; ours records the sales of every comparison

// Throws at the first difference. Gives the number of requests compared.
export async function compareServers(servers, { shops, deep }, need) {
  let compared = 0;
  const same = (title, request) => {
    ++compared;
    return compare(servers, title, request);
  };
  const sequence = () => ++lastSequence;
  for (const shop of [shops[0], shops[7], shops.at(-1)]) {
    const other = shop === shops[1] ? shops[0] : shops[1];
    await comparisons[need](same, { shops: [shop, other], deep, servers }, sequence);
  }
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
