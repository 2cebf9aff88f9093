// Pictures, documents and uploads of a shop: the real server, its storage in a directory, its decoder in processes of its own.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { png } from './support/pictures.js';
import { type Reply, type Service, startService } from './support/service.js';
import { expectProblem, ok, openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';

let service: Service;
let shop: Shop;
let other: Shop;

beforeAll(async () => {
  service = await startService({ env: { ACCESS_TOKEN_SECONDS: '3600', FILES_QUOTA_MB: '20' } });
  shop = await openShop(service, { variants: 0, devices: 0 });
  other = await openShop(service, { variants: 0, devices: 0 });
});

afterAll(async () => {
  expect((await service.stop()).code).toBe(0);
});

// ---- What is sent ------------------------------------------------------------------------------------------------

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const addImage = (bytes: Buffer, headers: Record<string, string> = {}, who = shop): Promise<Reply<any>> =>
  who.api('POST', '/v1/images', { body: bytes, headers: { 'content-type': 'image/png', ...headers } });

const begin = (body: object, headers: Record<string, string> = {}, who = shop): Promise<Reply<any>> =>
  who.api('POST', '/v1/uploads', { body, headers: { 'idempotency-key': randomUUID(), ...headers } });

const beginImage = async (bytes: Buffer): Promise<any> =>
  ok(begin({ purpose: 'image', contentType: 'image/png', bytes: bytes.length, sha256: sha256(bytes) }), 201);

const put = (target: any, bytes: Uint8Array): Promise<Response> =>
  fetch(target.url, { method: target.method, headers: target.headers, body: new Blob([new Uint8Array(bytes)]) });

const complete = (id: string, who = shop): Promise<Reply<any>> => who.api('POST', `/v1/uploads/${id}/complete`);

// Everything in the storage's directory.
async function stored(): Promise<string[]> {
  const directory = fileURLToPath(service.storageUrl);
  if (!existsSync(directory)) return [];
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name));
}

// ---- Pictures ------------------------------------------------------------------------------------------------------

describe('a product photo', () => {
  test('is seen by everybody in three sizes', async () => {
    const image = await ok(addImage(png(1200, 600)), 201);
    expect([image.status, image.width, image.height]).toEqual(['ready', 1200, 600]);
    const sizes = image.files.map((file: any) => [file.name, file.width, file.height]);
    expect(sizes).toEqual([
      ['96.webp', 96, 48],
      ['96.jpg', 96, 48],
      ['320.webp', 320, 160],
      ['320.jpg', 320, 160],
      ['960.webp', 960, 480],
      ['960.jpg', 960, 480],
    ]);
    for (const file of image.files) {
      const reply = await fetch(file.url);
      const bytes = new Uint8Array(await reply.arrayBuffer());
      expect(reply.status, file.name).toBe(200);
      expect(sha256(bytes), file.name).toBe(file.etag);
      expect(reply.headers.get('content-type')).toBe(file.contentType);
      expect(reply.headers.get('cache-control')).toContain('immutable');
      expect(reply.headers.get('content-security-policy')).toBe('sandbox');
      expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
      const again = await fetch(file.url, { headers: { 'if-none-match': reply.headers.get('etag')! } });
      expect(again.status).toBe(304);
    }
    const product = await shop.create('/v1/products', { name: 'Sugar', imageId: image.id });
    expect(product.imageUrl).toBe(image.url);
    const part = await fetch(product.imageUrl, { headers: { range: 'bytes=0-3' } });
    expect([part.status, await part.text()]).toEqual([206, 'RIFF']);
  });

  test('is once what is sent ten times at once', async () => {
    const bytes = png(300, 200, 1);
    const key = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(Array.from({ length: 10 }, () => addImage(bytes, key)));
    expect(replies.map(({ status }) => status).filter((status) => status !== 201 && status !== 409)).toEqual([]);
    const ids = new Set(replies.filter(({ status }) => status === 201).map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    const [row] = await service.database.query<{ count: string }>(
      'select count(*) from images where request_key = $1',
      [key['idempotency-key']],
    );
    expect(Number(row!.count)).toBe(1);
  });

  test('is of its shop', async () => {
    const image = await ok(addImage(png(20, 20, 2)), 201);
    expect((await other.api('GET', `/v1/images/${image.id}`)).status).toBe(404);
    const stolen = await other.api('POST', '/v1/products', {
      body: { name: 'Sugar', imageId: image.id },
      headers: { 'idempotency-key': randomUUID() },
    });
    expectProblem(stolen, 422, 'image.unknown');
    expect((await fetch(image.url.replace(shop.tenantId, other.tenantId))).status).toBe(404);
  });

  test('that is none leaves nothing', async () => {
    const before = await stored();
    expectProblem(await addImage(Buffer.from('<svg onload=alert(1)>')), 415, 'image.unsupported_type');
    expectProblem(await addImage(png(30, 30).subarray(0, 70)), 422, 'image.unreadable');
    expect(await stored()).toEqual(before);
  });
});

// ---- Straight into the storage -----------------------------------------------------------------------------------------

describe('an upload by a signed URL', () => {
  test('becomes an image once, however often it is completed', async () => {
    const bytes = png(400, 300, 3);
    const upload = await beginImage(bytes);
    expectProblem(await complete(upload.id), 409, 'upload.missing');
    expect((await put(upload.target, bytes)).status).toBe(200);
    const replies = await Promise.all(Array.from({ length: 5 }, () => complete(upload.id)));
    for (const reply of replies) {
      expect(reply.status, reply.text).toBe(200);
      expect([reply.body.state, reply.body.image.status]).toEqual(['completed', 'ready']);
      expect(reply.headers.get('cache-control')).toBe('no-store');
    }
    expect((await fetch(replies[0]!.body.image.url)).status).toBe(200);
    expect((await stored()).filter((file) => file.includes(upload.id))).toEqual([]);
  });

  test('takes nothing but what was announced', async () => {
    const bytes = png(40, 40, 4);
    const { target } = await beginImage(bytes);
    const statuses = [
      await put(target, Buffer.concat([bytes, Buffer.from('x')])),
      await put(target, bytes.subarray(1)),
      await put({ ...target, headers: { ...target.headers, 'Content-Type': 'text/html' } }, bytes),
      await put({ ...target, url: `${target.url}0` }, bytes),
      await put({ ...target, url: target.url.replace(shop.tenantId, other.tenantId) }, bytes),
    ].map(({ status }) => status);
    for (const status of statuses) expect([403, 413, 422]).toContain(status);
  });

  test('shows for ever what was looked at, whatever is put there before, during and after', async () => {
    const bytes = png(200, 200, 5);
    const swapped = Buffer.alloc(bytes.length, 60);
    const upload = await beginImage(bytes);
    await put(upload.target, swapped);
    await put(upload.target, bytes);
    const during = complete(upload.id);
    await put(upload.target, swapped);
    const first = await during;
    // What was inspected last decides; a file that changed under it is told so.
    if (first.status !== 200) expect([409, 415, 422]).toContain(first.status);
    const row = await ok(shop.api('GET', `/v1/uploads/${upload.id}`), 200);
    if (row.state !== 'completed') return;
    const served = await (await fetch(row.image.url)).text();
    await put(upload.target, swapped);
    expect((await complete(upload.id)).status).toBe(200);
    expect(await (await fetch(row.image.url)).text()).toBe(served);
  });

  test('of a document that is something else is refused', async () => {
    const html = Buffer.from('<html><script>alert(1)</script></html>');
    const upload = await ok(begin({ purpose: 'document', contentType: 'text/csv', bytes: html.length }), 201);
    expect((await put(upload.target, html)).status).toBe(200);
    expectProblem(await complete(upload.id), 415, 'document.unsupported_type');
    expect((await ok(shop.api('GET', `/v1/uploads/${upload.id}`), 200)).state).toBe('refused');
    expect((await stored()).filter((file) => file.includes(upload.id))).toEqual([]);
  });

  test('is nobody else’s', async () => {
    const upload = await beginImage(png(20, 20, 6));
    expect((await complete(upload.id, other)).status).toBe(404);
    expect((await other.api('GET', `/v1/uploads/${upload.id}`)).status).toBe(404);
  });

  test('takes its room when it begins', async () => {
    const large = { purpose: 'image', contentType: 'image/png', bytes: 15_000_000 };
    const first = await ok(begin(large, {}, other), 201);
    expectProblem(await begin(large, {}, other), 409, 'plan.storage');
    await ok(other.api('DELETE', `/v1/uploads/${first.id}`), 204);
    const again = await ok(begin(large, {}, other), 201);
    await ok(other.api('DELETE', `/v1/uploads/${again.id}`), 204);
  });
});

// ---- In pieces -----------------------------------------------------------------------------------------------------------

const tus = (method: string, url: string, headers: Record<string, string> = {}, body?: Uint8Array): Promise<Response> =>
  fetch(new URL(url, service.url), {
    method,
    headers: {
      authorization: `Bearer ${shop.token}`,
      'tus-resumable': '1.0.0',
      ...(body ? { 'content-type': 'application/offset+octet-stream' } : {}),
      ...headers,
    },
    body: body && new Blob([new Uint8Array(body)]),
  });

async function beginPieces(length: number): Promise<string> {
  const reply = await tus('POST', '/v1/uploads/tus', {
    'upload-length': String(length),
    'upload-metadata': `purpose ${btoa('image')},filetype ${btoa('image/png')}`,
  });
  expect(reply.status).toBe(201);
  return reply.headers.get('location')!;
}

describe('an upload in pieces', () => {
  test('goes on where it stopped, over a server that was killed', async () => {
    const bytes = png(500, 300, 7);
    const half = bytes.length >> 1;
    const location = await beginPieces(bytes.length);
    expect((await tus('PATCH', location, { 'upload-offset': '0' }, bytes.subarray(0, half))).status).toBe(204);
    await service.process.kill();
    await service.restart();
    const offset = Number((await tus('HEAD', location)).headers.get('upload-offset'));
    expect(offset).toBe(half);
    const last = await tus('PATCH', location, { 'upload-offset': String(offset) }, bytes.subarray(offset));
    expect(last.status, await last.text()).toBe(204);
    const upload = await ok(shop.api('GET', `/v1/uploads/${location.split('/').at(-1)}`), 200);
    expect([upload.state, upload.image.sha256]).toEqual(['completed', sha256(bytes)]);
  });
});

// ---- Documents -------------------------------------------------------------------------------------------------------------

describe('a document', () => {
  test('is downloaded by a URL that is signed, as it came', async () => {
    const csv = 'sku,price\nA-1,150\n';
    const form = new FormData();
    form.set('file', new Blob([csv], { type: 'text/csv' }), 'Bei za café.csv');
    const added = await fetch(`${service.url}/v1/documents`, {
      method: 'POST',
      headers: { authorization: `Bearer ${shop.token}`, 'idempotency-key': randomUUID() },
      body: form,
    });
    const document = (await added.json()) as any;
    expect([added.status, document.name, document.contentType]).toEqual([201, 'Bei za café.csv', 'text/csv']);
    const shown = await shop.api('GET', `/v1/documents/${document.id}`);
    expect(shown.headers.get('cache-control')).toBe('no-store');
    const file = await fetch(shown.body.url);
    expect(await file.text()).toBe(csv);
    expect(file.headers.get('content-disposition')).toMatch(/^attachment/);
    expect(file.headers.get('cache-control')).toMatch(/^private, max-age=\d+$/);
    expect((await other.api('GET', `/v1/documents/${document.id}`)).status).toBe(404);
    await ok(
      shop.api('DELETE', `/v1/documents/${document.id}`, { headers: { 'if-match': shown.headers.get('etag')! } }),
      204,
    );
    expect((await fetch(shown.body.url)).status).toBe(404);
  });
});

// ---- Killed at any moment --------------------------------------------------------------------------------------------------

// The server dies some milliseconds into the work, which is elsewhere each time; the client sends the same again.
describe('a server that is killed', () => {
  const moments = [0, 5, 20, 60, 150];

  test.each(moments)('%i ms into a picture, shows it whole or not at all', async (milliseconds) => {
    const bytes = png(1500, 1500, 8 + milliseconds);
    const key = { 'idempotency-key': randomUUID() };
    const first = addImage(bytes, key).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await service.process.kill();
    await first;
    await service.restart();
    const list = await ok(shop.api('GET', '/v1/images?limit=500'), 200);
    for (const image of list.data.filter((one: any) => one.status === 'ready'))
      expect((await fetch(image.url)).status, image.id).toBe(200);
    const image = await until(async () => {
      const reply = await addImage(bytes, key);
      return reply.status === 201 && reply.body;
    });
    expect([image.status, image.sha256]).toEqual(['ready', sha256(bytes)]);
    for (const file of image.files) expect((await fetch(file.url)).status).toBe(200);
    const [row] = await service.database.query<{ count: string }>(
      'select count(*) from images where request_key = $1',
      [key['idempotency-key']],
    );
    expect(Number(row!.count)).toBe(1);
  });

  test.each(moments)(
    '%i ms into the completion of an upload, completes it when it is asked again',
    async (milliseconds) => {
      const bytes = png(1200, 1200, 40 + milliseconds);
      const upload = await beginImage(bytes);
      expect((await put(upload.target, bytes)).status).toBe(200);
      const first = complete(upload.id).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      await service.process.kill();
      await first;
      await service.restart();
      const done = await until(async () => {
        const reply = await complete(upload.id);
        return reply.status === 200 && reply.body;
      });
      expect([done.state, done.image.sha256]).toEqual(['completed', sha256(bytes)]);
      expect((await fetch(done.image.url)).status).toBe(200);
    },
  );
});
