// Uploads when things go wrong around them: a process that dies behind the last byte, a disk that is full, a cache between.
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from './support/postgres.js';
import { Process } from './support/process.js';
import { type Reply, type Service, startService } from './support/service.js';
import { ok, openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const schedulerToken = randomBytes(32).toString('base64url');
let folder: string;
let service: Service;
let shop: Shop;
let other: Shop;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'e2e-upload-faults-'));
  service = await startService({
    env: {
      ACCESS_TOKEN_SECONDS: '3600',
      JOB_QUEUES: 'maintenance',
      SCHEDULER_TOKEN: schedulerToken,
      STORAGE_URL: `file://${path.join(folder, 'files')}`,
      UPLOADS_DIRECTORY: path.join(folder, 'pieces'),
    },
  });
  shop = await openShop(service, { variants: 0, devices: 0 });
  other = await openShop(service, { variants: 0, devices: 0 });
});

afterAll(async () => {
  expect(await service?.stop()).toEqual({ code: 0, signal: null });
  await rm(folder, { recursive: true, force: true });
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const csv = (bytes: number) => Buffer.from(`${randomBytes(bytes).toString('base64')}\n`.slice(0, bytes));
const base64 = (text: string) => Buffer.from(text).toString('base64');

const tus = (method: string, target: string, headers: Record<string, string> = {}, body?: Buffer): Promise<Response> =>
  fetch(new URL(target, service.url), {
    method,
    headers: {
      authorization: `Bearer ${shop.token}`,
      'tus-resumable': '1.0.0',
      ...(body ? { 'content-type': 'application/offset+octet-stream' } : {}),
      ...headers,
    },
    body: body && new Blob([new Uint8Array(body)]),
  });

const create = (length: number): Promise<Response> =>
  tus('POST', '/v1/uploads/tus', {
    'upload-length': String(length),
    'upload-metadata': `purpose ${base64('document')},filename ${base64('a.csv')},filetype ${base64('text/csv')}`,
  });
const begun = async (length: number): Promise<string> => {
  const reply = await create(length);
  expect(reply.status).toBe(201);
  return reply.headers.get('location')!;
};
const idOf = (location: string) => location.slice(location.lastIndexOf('/') + 1);

const addDocument = (bytes: Buffer): Promise<Reply<any>> =>
  shop.api('POST', '/v1/documents', { body: bytes, headers: { 'content-type': 'text/csv' } });

async function files(below: string): Promise<string[]> {
  const root = path.join(folder, below);
  for (;;) {
    // Undefined: a folder in it went away meanwhile, which says nothing of the others.
    const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => undefined);
    if (entries)
      return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
    if (!existsSync(root)) return [];
  }
}

// ---- Killed behind the last byte -----------------------------------------------------------------------------------

interface UploadRow {
  state: string;
  received: string;
  bytes: string;
}
async function rowOf(location: string): Promise<UploadRow> {
  const [row] = await service.database.query<UploadRow>(
    `select state, received::text, bytes::text from uploads where id = '${idOf(location)}'`,
  );
  return row!;
}

// The minutes for which whole uploads are left to their requests are over.
async function finishWhatIsWhole(): Promise<void> {
  await service.database.query(
    `update uploads set updated_at = now() - interval '3 minutes' where state = 'open' and received = bytes`,
  );
  await trigger('files.find_whole');
}

async function trigger(schedule: string): Promise<void> {
  const headers = { authorization: `Bearer ${schedulerToken}`, 'idempotency-key': randomUUID() };
  const reply = await service.api('POST', `/internal/schedules/${schedule}/trigger`, { headers });
  expect(reply.status, reply.text).toBeLessThan(300);
}

// What an upload was made of, and has no use any more.
async function leftOf(location: string): Promise<string[]> {
  const all = [...(await files('pieces')), ...(await files('files')).filter((file) => file.includes('pending'))];
  return all.filter((file) => file.includes(idOf(location)));
}

async function expectFinished(location: string, bytes: Buffer): Promise<void> {
  // Killed between the row and the removal: no row has what is left, and the sweep takes it a day later. Else whoever finishes removes it.
  const isForTheSweep = (await rowOf(location)).state === 'completed';
  await finishWhatIsWhole();
  await until(async () => (await rowOf(location)).state === 'completed');
  const upload = await ok(shop.api('GET', `/v1/uploads/${idOf(location)}`), 200);
  expect(upload).toMatchObject({ state: 'completed', document: { sha256: sha256(bytes), status: 'ready' } });
  const left = await leftOf(location);
  if (isForTheSweep && left.length > 0) {
    const aDayAgo = new Date(Date.now() - 25 * 3_600_000);
    for (const file of left) for (const aged of [file, path.dirname(file)]) await utimes(aged, aDayAgo, aDayAgo);
    await trigger('files.sweep');
  }
  await until(async () => (await leftOf(location)).length === 0);
}

describe('a server that is killed behind the last byte of an upload', () => {
  // Whoever completes waits for the tenant's storage, and that is held here: so the moment is certain.
  test('has its upload finished by a job, and the client never asks', async () => {
    const bytes = csv(300_000);
    const location = await begun(bytes.length);
    const holder = new pg.Client({ connectionString: service.database.ownerUrl });
    await holder.connect();
    try {
      await holder.query('begin');
      await holder.query(`select pg_advisory_xact_lock(hashtextextended('files ' || $1::uuid::text, 0))`, [
        shop.tenantId,
      ]);
      const last = tus('PATCH', location, { 'upload-offset': '0' }, bytes).catch(() => undefined);
      await until(async () => (await rowOf(location)).received === String(bytes.length));
      await until(async () => (await files('files')).some((file) => file.includes(idOf(location))));
      await service.process.kill();
      await last;
    } finally {
      await holder.end();
    }
    expect(await rowOf(location)).toMatchObject({ state: 'open', received: String(bytes.length) });
    await service.restart();
    await expectFinished(location, bytes);
  });

  test.each([0, 10, 30, 80])('%i ms into the last request', async (milliseconds) => {
    const bytes = csv(600_000);
    const location = await begun(bytes.length);
    const half = bytes.subarray(0, 500_000);
    expect((await tus('PATCH', location, { 'upload-offset': '0' }, half)).status).toBe(204);
    const last = tus('PATCH', location, { 'upload-offset': '500000' }, bytes.subarray(500_000)).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    await service.process.kill();
    await last;
    await service.restart();
    const row = await rowOf(location);
    if (row.received !== row.bytes) {
      // Not whole: no job touches it, and the client goes on.
      await finishWhatIsWhole();
      const offset = Number((await tus('HEAD', location)).headers.get('upload-offset'));
      expect(offset).toBeGreaterThanOrEqual(500_000);
      const rest = await tus('PATCH', location, { 'upload-offset': String(offset) }, bytes.subarray(offset));
      expect(rest.status).toBe(204);
    }
    await expectFinished(location, bytes);
  });
});

// ---- A full disk -----------------------------------------------------------------------------------------------------

// No file may grow beyond so many bytes: what a full disk is to whoever writes, for this process alone. "unlimited": there is room.
const room = (bytes: number | 'unlimited') =>
  execFileSync('prlimit', ['--pid', String(service.process.pid), `--fsize=${bytes}:`]);

describe('a full disk', () => {
  const large = csv(400_000);
  const small = csv(2_000);

  test.each<[string, () => Promise<{ status: number; text: string }>]>([
    ['a document', async () => addDocument(large)],
    [
      'a form',
      async () => {
        const body = new FormData();
        body.append('file', new Blob([new Uint8Array(large)], { type: 'text/csv' }), 'a.csv');
        const headers = { authorization: `Bearer ${shop.token}` };
        const reply = await fetch(`${service.url}/v1/documents`, { method: 'POST', headers, body });
        return { status: reply.status, text: await reply.text() };
      },
    ],
    [
      'a PUT to a signed URL',
      async () => {
        const body = { purpose: 'document', contentType: 'text/csv', bytes: large.length };
        const upload = await ok(
          shop.api('POST', '/v1/uploads', { body, headers: { 'idempotency-key': randomUUID() } }),
          201,
        );
        const { url, method, headers } = upload.target;
        const reply = await fetch(url, { method, headers, body: new Blob([new Uint8Array(large)]) });
        return { status: reply.status, text: await reply.text() };
      },
    ],
    [
      'the creation of an upload in pieces',
      async () => {
        const reply = await create(large.length);
        return { status: reply.status, text: await reply.text() };
      },
    ],
  ])('is said to whoever sends %s, and leaves nothing', async (_, send) => {
    const before = [await files('files'), await files('pieces')];
    room(50_000);
    try {
      const reply = await send();
      expect(reply.status, reply.text).toBe(507);
      expect(reply.text).toMatch(/"(storage|uploads)\.disk_full"/);
      await expect.poll(async () => [await files('files'), await files('pieces')]).toEqual(before);
      // What needs less room, and what needs none, goes on.
      await ok(addDocument(small), 201);
      await ok(shop.api('GET', '/v1/products'), 200);
    } finally {
      room('unlimited');
    }
    const again = await send();
    expect(again.status, again.text).toBeLessThan(300);
  });

  test('in the middle of an upload in pieces keeps what was there, and it goes on', async () => {
    const location = await begun(large.length);
    const first = await tus('PATCH', location, { 'upload-offset': '0' }, large.subarray(0, 100_000));
    expect(first.status).toBe(204);
    room(50_000);
    try {
      const full = await tus('PATCH', location, { 'upload-offset': '100000' }, large.subarray(100_000));
      const text = await full.text();
      expect(full.status, text).toBe(507);
      expect(text).toContain('uploads.disk_full');
      const offset = await tus('HEAD', location);
      expect(offset.headers.get('upload-offset')).toBe('100000');
    } finally {
      room('unlimited');
    }
    const rest = await tus('PATCH', location, { 'upload-offset': '100000' }, large.subarray(100_000));
    expect(rest.status, await rest.text()).toBe(204);
    const upload = await ok(shop.api('GET', `/v1/uploads/${idOf(location)}`), 200);
    expect(upload).toMatchObject({ state: 'completed', document: { sha256: sha256(large) } });
  });

  test('of the storage alone leaves the upload whole, and a job finishes it when there is room', async () => {
    const location = await begun(large.length);
    for (let offset = 0; offset < 350_000; offset += 50_000) {
      const piece = large.subarray(offset, offset + 50_000);
      expect((await tus('PATCH', location, { 'upload-offset': String(offset) }, piece)).status).toBe(204);
    }
    room(100_000);
    try {
      const last = await tus('PATCH', location, { 'upload-offset': '350000' }, large.subarray(350_000));
      const text = await last.text();
      expect(last.status, text).toBe(507);
      expect(text).toContain('storage.disk_full');
      expect((await rowOf(location)).state).toBe('open');
      expect((await files('files')).filter((file) => file.includes(idOf(location)))).toEqual([]);
    } finally {
      room('unlimited');
    }
    await expectFinished(location, large);
  });
});

// ---- A cache between -------------------------------------------------------------------------------------------------

// An eager one: what says nothing is kept for an hour, and that a request has a token is nothing to it.
async function startCache(target: number): Promise<{ url: string; process: Process }> {
  const port = await freePort();
  const prefix = path.join(folder, 'nginx');
  await mkdir(prefix);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    path.join(prefix, 'nginx.conf'),
    `${userInfo().uid === 0 ? 'user root;' : ''}
daemon off; worker_processes 1; pid ${prefix}/pid; error_log stderr notice;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${prefix}/${name};`).join(' ')}
  proxy_cache_path ${prefix}/cache keys_zone=files:1m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${target};
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_cache files;
      proxy_cache_valid 200 206 301 302 1h;
      add_header X-Cache $upstream_cache_status always;
    }
  }
}
`,
  );
  const nginx = new Process('/usr/sbin/nginx', ['-e', 'stderr', '-p', prefix, '-c', 'nginx.conf'], process.env);
  await until(async () => nginx.output.includes('start worker process '));
  return { url: `http://127.0.0.1:${port}`, process: nginx };
}

describe('a caching proxy', () => {
  let cache: { url: string; process: Process };
  beforeAll(async () => {
    cache = await startCache(service.port);
  });
  afterAll(async () => {
    await cache?.process.stop();
  });

  // 1 by 1.
  const picture = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  const through = (url: string, headers: Record<string, string> = {}) => {
    const { pathname, search } = new URL(url, cache.url);
    return fetch(cache.url + pathname + search, { headers });
  };
  const seen = async (reply: Response) => [reply.status, reply.headers.get('x-cache')];
  const by = (who: Shop) => ({ authorization: `Bearer ${who.token}` });

  test('keeps public pictures, whole and in parts, and asks once', async () => {
    const headers = { 'content-type': 'image/png', 'idempotency-key': randomUUID() };
    const image = await ok(shop.api('POST', '/v1/images', { body: picture, headers }), 201);
    const first = await through(image.url);
    expect(await seen(first)).toEqual([200, 'MISS']);
    const bytes = Buffer.from(await first.arrayBuffer());
    // Who asks, and with what, makes no difference.
    for (const more of [{}, by(shop), by(other), { 'accept-encoding': 'br' }, { origin: 'https://a.example' }]) {
      const again = await through(image.url, more as Record<string, string>);
      expect(await seen(again), JSON.stringify(more)).toEqual([200, 'HIT']);
      expect(Buffer.from(await again.arrayBuffer())).toEqual(bytes);
      expect(again.headers.get('set-cookie')).toBeNull();
      expect(again.headers.get('cache-control')).toContain('immutable');
      expect(again.headers.get('content-security-policy')).toBe('sandbox');
    }
    const part = await through(image.url, { range: 'bytes=0-3' });
    expect([part.status, await part.text()]).toEqual([206, 'RIFF']);
    const unchanged = await through(image.url, { 'if-none-match': first.headers.get('etag')! });
    expect(unchanged.status).toBe(304);
  });

  test('keeps no signed URL, and nothing of what they lead to', async () => {
    const bytes = csv(1_000);
    const document = await ok(addDocument(bytes), 201);
    const target = `/v1/documents/${document.id}`;
    const shown = await through(target, by(shop));
    expect(await seen(shown)).toEqual([200, 'MISS']);
    const { url } = (await shown.json()) as { url: string };
    // The next one asks for itself: another shop, nobody, and the same one, who gets a fresh URL.
    expect((await through(target, by(other))).status).toBe(404);
    expect((await through(target)).status).toBe(401);
    expect(await seen(await through(target, by(shop)))).toEqual([200, 'MISS']);
    for (let i = 0; i < 2; ++i) {
      const file = await through(url);
      expect(await seen(file)).toEqual([200, 'MISS']);
      expect(Buffer.from(await file.arrayBuffer())).toEqual(bytes);
      const age = /^private, max-age=(\d+)$/.exec(file.headers.get('cache-control')!);
      expect(Number(age![1])).toBeLessThanOrEqual(15 * 60);
    }
    expect(await seen(await through(url, { range: 'bytes=0-3' }))).toEqual([200, 'MISS']); // nginx asks for all of it
    // It is deleted: its URL, which nobody has to forget, leads nowhere.
    const tag = (await through(target, by(shop))).headers.get('etag')!;
    await ok(shop.api('DELETE', target, { headers: { 'if-match': tag } }), 204);
    expect((await through(url)).status).toBe(404);
  });

  test('keeps nothing of a shop for another one', async () => {
    const body = { purpose: 'document', contentType: 'text/csv', bytes: 10 };
    const headers = { 'idempotency-key': randomUUID() };
    const upload = await ok(shop.api('POST', '/v1/uploads', { body, headers }), 201);
    await shop.create('/v1/products', { name: 'Only here' });
    for (const target of ['/v1/products', '/v1/images', '/v1/documents', '/v1/uploads', `/v1/uploads/${upload.id}`]) {
      const mine = await through(target, by(shop));
      expect(await seen(mine), target).toEqual([200, 'MISS']);
      const text = await mine.text();
      const theirs = await through(target, by(other));
      expect(theirs.headers.get('x-cache'), target).not.toBe('HIT');
      expect(await theirs.text(), target).not.toBe(text);
      expect((await through(target)).status, target).toBe(401);
    }
  });
});
