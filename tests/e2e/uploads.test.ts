// Files on their way in: resumable uploads with the unmodified tus-js-client over links that break, and forms of the clients that
// people use.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import PostmanForm from 'form-data';
import * as tus from 'tus-js-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { closeBrowser, noBrowser, openBrowser } from './support/browser.js';
import { exchange } from './support/raw.js';
import { type Service, startService } from './support/service.js';
import { ok, openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';

let folder: string;
let service: Service;
let shop: Shop;

const settings = (): Record<string, string> => ({
  ACCESS_TOKEN_SECONDS: '3600',
  UPLOADS_DIRECTORY: path.join(folder, 'pieces'),
  STORAGE_URL: `file://${path.join(folder, 'files')}`,
});

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'e2e-uploads-'));
  service = await startService({ env: settings() });
  shop = await openShop(service, { variants: 0, devices: 0 });
});

afterAll(async () => {
  expect(await service?.stop()).toEqual({ code: 0, signal: null });
  await rm(folder, { recursive: true, force: true });
});

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
// Text in UTF-8 that nothing compresses.
const csv = (bytes: number) => Buffer.from(`${randomBytes(bytes).toString('base64')}\n`.slice(0, bytes));
const authorization = () => ({ Authorization: `Bearer ${shop.token}` });
const pieceBytes = async () => {
  const directory = settings().UPLOADS_DIRECTORY!;
  const sizes = (await readdir(directory)).map((name) => statSync(path.join(directory, name)).size);
  return sizes.reduce((sum, size) => sum + size, 0);
};
const pieces = async () => (await readdir(settings().UPLOADS_DIRECTORY!)).filter((name) => name !== 'owner').length;

interface Sending extends tus.UploadOptions {
  at?: string;
  begun?: (upload: tus.Upload) => void;
}

function send(bytes: Buffer, { at = service.url, begun, ...options }: Sending = {}): Promise<tus.Upload> {
  return new Promise((resolve, reject) => {
    const upload: tus.Upload = new tus.Upload(bytes, {
      endpoint: `${at}/v1/uploads/tus`,
      headers: authorization(),
      metadata: { purpose: 'document', filename: 'stock № 7.csv', filetype: 'text/csv' },
      retryDelays: [0, 200, 1_000, 3_000, 5_000],
      onError: reject,
      onSuccess: () => {
        resolve(upload);
      },
      ...options,
    });
    begun?.(upload);
    upload.start();
  });
}

// What the upload has become: exactly these bytes.
async function expectDocument(upload: tus.Upload, bytes: Buffer): Promise<void> {
  const id = upload.url!.slice(upload.url!.lastIndexOf('/') + 1);
  const row = await ok(shop.api('GET', `/v1/uploads/${id}`), 200);
  expect(row).toMatchObject({ state: 'completed', kind: 'tus', bytes: bytes.length });
  const document = await ok(shop.api('GET', `/v1/documents/${row.documentId}`), 200);
  expect(document).toMatchObject({ sha256: sha256(bytes), bytes: bytes.length, name: 'stock № 7.csv' });
}

// A link that swallows, after so many bytes, all that is sent, and tells neither side.
async function deadLink(port: number, after: number) {
  const sockets = new Set<net.Socket>();
  let swallowed: () => void;
  const dead = new Promise<void>((resolve) => (swallowed = resolve));
  const server = net.createServer((client) => {
    const target = net.connect(port, '127.0.0.1');
    for (const one of [client, target]) {
      sockets.add(one);
      one.on('error', () => undefined);
    }
    let bytes = 0;
    client.on('data', (piece: Buffer) => {
      bytes += piece.length;
      if (bytes > after) swallowed();
      else target.write(piece);
    });
    target.on('data', (piece) => client.write(piece));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    dead,
    close: () => {
      for (const one of sockets) one.destroy();
      server.close();
    },
  };
}

describe('tus-js-client', () => {
  const bytes = csv(3_000_000);
  const ways: [string, Buffer, Sending][] = [
    ['in one request', bytes, {}],
    ['in requests of 700 kB', bytes, { chunkSize: 700_000 }],
    ['with the first bytes at the creation', bytes, { chunkSize: 700_000, uploadDataDuringCreation: true }],
    ['by POST, where PATCH does not pass', bytes, { overridePatchMethod: true }],
  ];
  test.each(ways)('an upload %s', async (_, content, options) => {
    await expectDocument(await send(content, options), content);
    await expect.poll(pieces).toBe(0);
  });

  test('an upload of no bytes is told that it is empty', async () => {
    await expect(send(Buffer.alloc(0), { retryDelays: null })).rejects.toThrow(/415.*empty/s);
    await expect.poll(pieces).toBe(0);
  });

  // Each of them finds all bytes there, and ends it: one document, whoever takes the pieces away from whom.
  test('an upload whose end many ask for at once', async () => {
    const content = csv(2_000_000);
    const upload = new tus.Upload(content, {});
    const headers = { ...authorization(), 'Tus-Resumable': '1.0.0' };
    const metadata = `purpose ${btoa('document')},filename ${Buffer.from('stock № 7.csv').toString('base64')}`;
    const created = await fetch(`${service.url}/v1/uploads/tus`, {
      method: 'POST',
      headers: { ...headers, 'Upload-Length': String(content.length), 'Upload-Metadata': metadata },
    });
    upload.url = new URL(created.headers.get('location')!, service.url).href;
    const append = (offset: number, body: Uint8Array) =>
      fetch(upload.url!, {
        method: 'PATCH',
        headers: { ...headers, 'Content-Type': 'application/offset+octet-stream', 'Upload-Offset': String(offset) },
        body: new Blob([new Uint8Array(body)]),
      });
    const last = content.length - 1;
    expect((await append(0, content.subarray(0, last))).status).toBe(204);
    const replies = await Promise.all([
      append(last, content.subarray(last)),
      ...Array.from({ length: 20 }, () => append(content.length, new Uint8Array())),
    ]);
    // Who came before the last byte is told where it goes on.
    expect(replies.map((reply) => reply.status).filter((status) => ![204, 409, 423].includes(status))).toEqual([]);
    expect((await append(content.length, new Uint8Array())).status).toBe(204);
    await expectDocument(upload, content);
    await expect.poll(pieces).toBe(0);
  });

  test('goes on when the link has died without a word, and late bytes change nothing', async () => {
    const link = await deadLink(service.port, 1_500_000);
    const first = await new Promise<tus.Upload>((resolve, reject) => {
      void send(bytes, {
        at: link.url,
        retryDelays: null,
        onError: reject,
        begun: (upload) => void link.dead.then(() => upload.abort()).then(() => resolve(upload)),
      });
    });
    const id = first.url!.slice(first.url!.lastIndexOf('/') + 1);
    // What the link has let through has arrived; the first connection stands as far as the server knows.
    await until(async () => (await pieceBytes()) > 0);
    const url = `${service.url}/v1/uploads/tus/${id}`;
    const offset = await fetch(url, { method: 'HEAD', headers: { ...authorization(), 'tus-resumable': '1.0.0' } });
    // What came in the last moments may not be counted: its bytes are sent once more.
    expect(Number(offset.headers.get('upload-offset') ?? -1)).toBeGreaterThanOrEqual(0);
    await expectDocument(await send(bytes, { uploadUrl: url }), bytes);
    link.close();
  });

  test('goes on behind a server that was killed', async () => {
    const link = await deadLink(service.port, 1_500_000);
    const first = await new Promise<tus.Upload>((resolve) => {
      void send(bytes, {
        at: link.url,
        retryDelays: null,
        begun: (upload) => void link.dead.then(() => resolve(upload)),
      }).catch(() => undefined);
    });
    await service.process.kill();
    await first.abort();
    link.close();
    await service.restart();
    const url = first.url!.replace(link.url, service.url);
    await expectDocument(await send(bytes, { uploadUrl: url }), bytes);
    await expect.poll(pieces).toBe(0);
  });

  test('is given up', async () => {
    const upload = await new Promise<tus.Upload>((resolve) => {
      let sending: tus.Upload;
      void send(bytes, {
        chunkSize: 500_000,
        begun: (one) => (sending = one),
        onChunkComplete: () => void sending.abort().then(() => resolve(sending)),
      });
    });
    await upload.abort(true);
    const gone = await fetch(upload.url!, {
      method: 'HEAD',
      headers: { ...authorization(), 'tus-resumable': '1.0.0' },
    });
    expect(gone.status).toBe(404);
    await expect.poll(pieces).toBe(0);
  });
});

describe('the protocol', () => {
  const head = (method: string, target: string, headers: string) =>
    `${method} ${target} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nAuthorization: Bearer ${shop.token}\r\nTus-Resumable: 1.0.0\r\n${headers}\r\n`;
  const metadata = `Upload-Metadata: purpose ${Buffer.from('document').toString('base64')}\r\n`;
  const create = async (length: number, headers = '') =>
    exchange(service.port, head('POST', '/v1/uploads/tus', `Upload-Length: ${length}\r\n${metadata}${headers}`));

  test('of twenty requests at one offset over two instances one wins', async () => {
    const other = await startService({ database: service.database, env: { ...settings(), ...service.secrets } });
    const target = (await create(100_000)).headers.location!;
    const bodies = Array.from({ length: 20 }, (_, index) => Buffer.alloc(100_000, 97 + index));
    const replies = await Promise.all(
      bodies.map(async (body, index) => {
        const port = index % 2 === 0 ? service.port : other.port;
        const reply = await fetch(`http://127.0.0.1:${port}${target}`, {
          method: 'PATCH',
          headers: {
            ...authorization(),
            'tus-resumable': '1.0.0',
            'upload-offset': '0',
            'content-type': 'application/offset+octet-stream',
          },
          body,
        });
        return { status: reply.status, offset: reply.headers.get('upload-offset'), body };
      }),
    );
    const winners = replies.filter(({ status }) => status === 204);
    expect(winners).toHaveLength(1);
    for (const { status, offset } of replies.filter((reply) => reply.status !== 204)) {
      expect([409, 423]).toContain(status);
      expect(['0', '100000']).toContain(offset);
    }
    const id = target.slice(target.lastIndexOf('/') + 1);
    const row = await ok(shop.api('GET', `/v1/uploads/${id}`), 200);
    const document = await ok(shop.api('GET', `/v1/documents/${row.documentId}`), 200);
    expect(document.sha256).toBe(sha256(winners[0]!.body));
    expect(await other.stop()).toEqual({ code: 0, signal: null });
  });

  test.each([
    ['nothing', ''],
    [
      'forged headers',
      'X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\nForwarded: host=evil.example\r\n',
    ],
  ])('Location is a path: %s', async (_, headers) => {
    const location = (await create(10, headers)).headers.location!;
    expect(location).toMatch(/^\/v1\/uploads\/tus\/[0-9a-f-]{36}$/);
    const gone = await exchange(service.port, head('DELETE', location, ''));
    expect(gone.status).toBe(204);
  });

  test('a full disk is said at the creation, and everything else goes on', async () => {
    const full = await startService({
      database: service.database,
      env: { ...settings(), ...service.secrets, UPLOADS_KEEP_FREE_MB: '10000000' },
    });
    const reply = await exchange(full.port, head('POST', '/v1/uploads/tus', `Upload-Length: 10\r\n${metadata}`));
    expect(reply.status).toBe(507);
    expect(reply.text).toContain('uploads.disk_full');
    expect((await fetch(`${full.url}/v1/locations`, { headers: authorization() })).status).toBe(200);
    expect(await full.stop()).toEqual({ code: 0, signal: null });
  });

  test('two hundred aborted uploads leave neither files nor descriptors', async () => {
    const descriptors = async () => (await readdir(`/proc/${service.process.pid}/fd`)).length;
    const before = { open: await descriptors(), pieces: await pieces() };
    const form = [
      'POST /v1/documents HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n',
      `Authorization: Bearer ${shop.token}\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n`,
      '--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n',
      'a,b\n'.repeat(20_000),
    ].join('');
    for (let index = 0; index < 200; ++index) {
      const socket = net.connect(service.port, '127.0.0.1');
      socket.on('error', () => undefined);
      await new Promise<void>((resolve) => socket.write(form, () => resolve()));
      if (index % 2 === 0) socket.resetAndDestroy();
      else socket.end();
    }
    await until(async () => (await descriptors()) <= before.open + 2 && (await pieces()) === before.pieces);
    const pending = async () => {
      const storage = await readdir(path.join(folder, 'files'), { recursive: true, withFileTypes: true });
      return storage.filter((entry) => entry.isFile() && entry.parentPath.includes('pending')).length;
    };
    await expect.poll(pending).toBe(0);
  });
});

describe('names of files', () => {
  // Composed and decomposed letters are one name.
  const sent = ['Bei za café № 7 🍅.csv', 'Bei za cafe\u0301 № 7 🍅.csv'];
  const kept = 'Bei za café № 7 🍅.csv';

  const expectName = async (document: any) => {
    expect(document.name).toBe(kept);
    const { url } = await ok(shop.api('GET', `/v1/documents/${document.id}`), 200);
    const download = await fetch(new URL(url, service.url));
    expect(download.headers.get('content-disposition')).toContain(`filename*=UTF-8''${encodeURIComponent(kept)}`);
  };

  test.each(sent)('fetch: %s', async (name) => {
    const form = new FormData();
    form.append('file', new Blob(['a,b\n'], { type: 'text/csv' }), name);
    const reply = await fetch(`${service.url}/v1/documents`, { method: 'POST', headers: authorization(), body: form });
    expect(reply.status).toBe(201);
    await expectName(await reply.json());
  });

  test.each(sent)("Postman's form-data: %s", async (name) => {
    const form = new PostmanForm();
    form.append('file', Buffer.from('a,b\n'), { filename: name, contentType: 'text/csv' });
    const text = await new Promise<string>((resolve, reject) => {
      const headers = { ...authorization(), ...form.getHeaders() };
      const request = http.request(`${service.url}/v1/documents`, { method: 'POST', headers }, (reply) => {
        let all = '';
        reply.on('data', (piece: Buffer) => (all += piece.toString()));
        reply.on('end', () => {
          resolve(all);
        });
      });
      request.on('error', reject);
      form.pipe(request);
    });
    await expectName(JSON.parse(text));
  });

  test.each(sent)('curl: %s', async (name) => {
    const file = path.join(folder, 'curl.csv');
    await writeFile(file, 'a,b\n');
    const { stdout } = await promisify(execFile)('curl', [
      ...['-sS', '-H', `Authorization: Bearer ${shop.token}`],
      ...['-F', `file=@${file};filename="${name}";type=text/csv`, `${service.url}/v1/documents`],
    ]);
    await expectName(JSON.parse(stdout));
  });

  test.skipIf(noBrowser)('Chromium', async () => {
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      await page.goto(`${service.url}/health`);
      for (const name of sent) {
        const document = await page.evaluate(
          async ([token, fileName]) => {
            const form = new FormData();
            form.append('file', new File(['a,b\n'], fileName!, { type: 'text/csv' }));
            const headers = { Authorization: `Bearer ${token}` };
            return (await fetch('/v1/documents', { method: 'POST', headers, body: form })).json();
          },
          [shop.token, name],
        );
        await expectName(document);
      }
    } finally {
      await closeBrowser(browser);
    }
  });
});
