// Object storage as others know it: what src/storage signs is what Amazon's presigner signs; a simulator that believes nothing,
// and a third
// party's server, take what it sends; answers are lost, clocks are wrong, processes are killed.
import { S3RequestPresigner } from '@aws-sdk/s3-request-presigner';
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash, createHmac } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer as createTlsServer, request as tlsRequest } from 'node:https';
import { createRequire } from 'node:module';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refusal, type S3, start as startS3 } from '../simulators/s3.mjs';
import { exampleEnvironment, repository } from './support/environment.js';

// ---- src/storage, by a program that answers lines of JSON (fuzz/storage_probe.cpp)
// ---------------------------------------------------

const program = (() => {
  const env = exampleEnvironment();
  const root = process.env.BACKEND_API_BUILD_ROOT ?? path.join(repository, 'build');
  return path.join(root, env.EXAMPLE_PRESET!, 'fuzz/storage_probe');
})();

// A disk of one megabyte, in a namespace of its own: where the system lets us have one.
const smallDisk = (directory: string) => [
  '-rm',
  'sh',
  '-c',
  'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$1"',
  directory,
];
const hasSmallDisks = spawnSync('unshare', [...smallDisk('/tmp'), 'true'], { stdio: 'ignore' }).status === 0;

class Probe {
  readonly told: any[] = [];
  private readonly child: ChildProcess;
  private readonly waiting: ((line: any) => void)[] = [];
  private readonly listeners: ((line: any) => void)[] = [];

  constructor(command = program, args: string[] = []) {
    this.child = spawn(command, args, { env: exampleEnvironment(), stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.child.stdout! }).on('line', (text) => {
      const line = JSON.parse(text);
      if ('ok' in line) return this.waiting.shift()?.(line);
      this.told.push(line);
      for (const listener of this.listeners) listener(line);
    });
    this.child.once('close', () => this.waiting.splice(0).forEach((resolve) => resolve({ ok: false, ended: true })));
  }
  ask(order: Record<string, unknown>): Promise<any> {
    this.child.stdin!.write(`${JSON.stringify(order)}\n`);
    return new Promise((resolve) => this.waiting.push(resolve));
  }
  // The next that it says by itself.
  next(name: string): Promise<any> {
    return new Promise((resolve) => this.listeners.push((line) => name in line && resolve(line)));
  }
  async end(signal?: NodeJS.Signals): Promise<void> {
    const closed = new Promise((resolve) => this.child.once('close', resolve));
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    if (signal) this.child.kill(signal);
    else this.child.stdin!.end();
    await closed;
  }
}

let probes: Probe[] = [];
async function open(order: Record<string, unknown>, probe = new Probe()): Promise<Probe> {
  probes.push(probe);
  expect(await probe.ask({ do: 'open', ...order })).toEqual({ ok: true });
  return probe;
}
const urlOf = (s3: S3, more = '') =>
  `s3://${s3.accessKey}:${encodeURIComponent(s3.secretKey)}@${s3.bucket}?endpoint=${s3.url}&region=${s3.region}${more}`;

let s3: S3;
beforeEach(async () => {
  s3 = await startS3();
});
afterEach(async () => {
  await Promise.all(probes.map((probe) => probe.end()));
  probes = [];
  await s3.close();
});

// The same each time, so that a failure can be looked at.
class Random {
  private state = 7;
  below(limit: number): number {
    this.state = (this.state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((this.state / 2_147_483_648) * limit);
  }
  of<T>(all: readonly T[]): T {
    return all[this.below(all.length)]!;
  }
}
const pieces = [...'aZ09-_.~!$&\'()*+,;=:@ %#?"<>[]^`{|}', 'é', '🙏', '%20', '%2F', 'a b', '${x}', 'ÿ', 'ن'];
function someKey(random: Random): string {
  const part = () => 'k' + Array.from({ length: 1 + random.below(8) }, () => random.of(pieces)).join('');
  return Array.from({ length: 1 + random.below(4) }, part).join('/');
}

interface Sent {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}
// fetch() would say a Content-Length of its own.
function send(method: string, url: string, headers: Record<string, string | number> = {}, body = '', ca?: Buffer) {
  return new Promise<Sent>((resolve, reject) => {
    const make = url.startsWith('https:') ? tlsRequest : httpRequest;
    const outgoing = make(url, { method, headers, ca, agent: false }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on('data', (chunk: Buffer) => chunks.push(chunk));
      reply.on('end', () =>
        resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

// ---- Signatures ----------------------------------------------------------------------------------------------------

describe('signed URLs', () => {
  test("are those of Amazon's presigner, for keys made at random", async () => {
    const now = '2026-01-02T03:04:05Z';
    const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
    const presigner = new S3RequestPresigner({
      region: 'eu-west-1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: secret },
      sha256: class {
        private readonly hash;
        constructor(key?: Uint8Array) {
          this.hash = key ? createHmac('sha256', key) : createHash('sha256');
        }
        update(data: Uint8Array) {
          this.hash.update(data);
        }
        async digest() {
          return this.hash.digest();
        }
        reset() {}
      } as never,
    });
    const random = new Random();
    const url = `s3://AKIDEXAMPLE:${encodeURIComponent(secret)}@bucket?region=eu-west-1`;
    const probe = await open({ url, now });
    for (let i = 0; i < 200; ++i) {
      const key = someKey(random);
      const lifetime = 1 + random.below(604_800);
      const type = random.of(['image/png', 'text/html; charset=utf-8', 'x/y']);
      const isPut = i % 2 === 0;
      const disposition = random.of(['', `attachment; filename="a${random.below(99)}&b.jpg"`]);
      const length = random.below(5_000_000);
      const ours = await probe.ask(
        isPut ? { do: 'sign_put', key, type, length, lifetime } : { do: 'sign_get', key, disposition, lifetime },
      );
      expect(ours.ok).toBe(true);
      const headers: Record<string, string> = isPut ? { 'content-type': type, 'content-length': String(length) } : {};
      const query: Record<string, string> =
        !isPut && disposition ? { 'response-content-disposition': disposition } : {};
      const hostname = 'bucket.s3.eu-west-1.amazonaws.com';
      const request: any = {
        method: isPut ? 'PUT' : 'GET',
        protocol: 'https:',
        hostname,
        path: `/${key.split('/').map(encodeKey).join('/')}`,
        query,
        headers,
      };
      request.clone = () => ({ ...request, headers: { ...request.headers }, query: { ...request.query } });
      const theirs = await presigner.presign(request, {
        // They would have the payload's hash in the URL.
        unhoistableHeaders: new Set(['x-amz-content-sha256']),
        unsignableHeaders: new Set(['x-amz-content-sha256']),
        expiresIn: lifetime,
        signingDate: new Date(now),
        signableHeaders: new Set(['host', 'content-type', 'content-length']),
      });
      const read = new URL(ours.url);
      expect(read.origin).toBe(`https://${hostname}`);
      const members = Object.fromEntries(read.searchParams);
      expect(members).toEqual(theirs.query);
    }
  });

  test('are good for what was signed, and for nothing else', async () => {
    const probe = await open({ url: urlOf(s3) });
    const put = await probe.ask({ do: 'sign_put', key: 'p/7', type: 'image/png', length: 5, lifetime: 60 });
    const type = { 'Content-Type': 'image/png' };
    expect(put.headers).toEqual(type);
    expect((await send('PUT', put.url, { ...type, 'Content-Length': 6 }, '123456')).status).toBe(403);
    expect((await send('PUT', put.url, { ...type, 'Content-Length': 4 }, '1234')).status).toBe(403);
    expect((await send('PUT', put.url, { 'Content-Type': 'text/html', 'Content-Length': 5 }, '12345')).status).toBe(
      403,
    );
    expect((await send('PUT', put.url, { 'Content-Length': 5 }, '12345')).status).toBe(403);
    expect((await send('PUT', put.url.replace('p/7', 'p/8'), { ...type, 'Content-Length': 5 }, '12345')).status).toBe(
      403,
    );
    expect(
      (await send('PUT', put.url, { ...type, 'Content-Length': 5, 'x-amz-acl': 'public-read' }, '12345')).status,
    ).toBe(403);
    expect((await send('GET', put.url)).status).toBe(403);
    expect(s3.objects.size).toBe(0);
    expect((await send('PUT', put.url, { ...type, 'Content-Length': 5 }, '12345')).status).toBe(200);

    const get = await probe.ask({
      do: 'sign_get',
      key: 'p/7',
      lifetime: 60,
      disposition: 'attachment; filename="a.png"',
    });
    const got = await send('GET', get.url);
    expect([got.status, got.body, got.headers['content-disposition']]).toEqual([
      200,
      '12345',
      'attachment; filename="a.png"',
    ]);
    expect((await send('GET', get.url, { Range: 'bytes=1-2' })).body).toBe('23');
    expect((await send('GET', get.url.replace('attachment', 'inline'))).status).toBe(403);
    s3.clockOffset = 61_000;
    expect((await send('GET', get.url)).status).toBe(403);
    expect((await send('PUT', put.url, { ...type, 'Content-Length': 5 }, '12345')).status).toBe(403);
  });

  test('forms take a file of the size and the type that were signed', async () => {
    const probe = await open({ url: urlOf(s3) });
    const form = await probe.ask({ do: 'sign_post', key: 'p/"7', type: 'image/png', max: 10, lifetime: 60 });
    const post = async (bytes: string, change: Record<string, string> = {}) => {
      const data = new FormData();
      for (const [name, value] of Object.entries({ ...form.fields, ...change })) data.append(name, value as string);
      data.append('file', new Blob([bytes]));
      return (await fetch(form.url, { method: 'POST', body: data })).status;
    };
    expect(await post('12345678901')).toBe(400);
    expect(await post('')).toBe(400);
    expect(await post('12345', { 'Content-Type': 'text/html' })).toBe(403);
    expect(await post('12345', { key: 'p/8' })).toBe(403);
    expect(await post('12345', { acl: 'public-read' })).toBe(403);
    expect(await post('12345', { 'x-amz-signature': '0'.repeat(64) })).toBe(403);
    expect(s3.objects.size).toBe(0);
    expect(await post('12345')).toBe(204);
    expect(s3.objects.get('p/"7')?.bytes.toString()).toBe('12345');
  });

  test('are of the public address, through a proxy with another host, another port and TLS', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'storage-proxy-'));
    const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '1',
        '-keyout',
        key!,
      ].concat(['-out', cert!, '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']),
      { stdio: 'ignore' },
    );
    const ca = readFileSync(cert!);
    const proxy = createTlsServer({ key: readFileSync(key!), cert: ca }, (request, response) => {
      const onward = httpRequest(
        s3.url + request.url,
        { method: request.method, headers: request.headers },
        (reply) => {
          response.writeHead(reply.statusCode ?? 502, reply.headers);
          reply.pipe(response);
        },
      );
      request.pipe(onward);
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const origin = `https://localhost:${(proxy.address() as AddressInfo).port}`;
    const probe = await open({ url: urlOf(s3), public: origin });
    const put = await probe.ask({ do: 'sign_put', key: 'a b/é.png', type: 'image/png', length: 10 });
    const get = await probe.ask({ do: 'sign_get', key: 'a b/é.png' });
    const inner = new URL(s3.url).host;
    for (const { url } of [put, get]) {
      expect(url.startsWith(`${origin}/`)).toBe(true);
      expect(url).not.toContain(inner);
    }
    const sent = await send('PUT', put.url, { 'Content-Type': 'image/png', 'Content-Length': 10 }, '0123456789', ca);
    const whole = await send('GET', get.url, {}, '', ca);
    const part = await send('GET', get.url, { Range: 'bytes=2-4' }, '', ca);
    expect([sent.status, whole.status, whole.body, part.status, part.body]).toEqual([
      200,
      200,
      '0123456789',
      206,
      '234',
    ]);
    for (const reply of [sent, whole, part]) expect(JSON.stringify(reply)).not.toContain(inner);
    // The service itself goes the short way.
    expect((await probe.ask({ do: 'get', key: 'a b/é.png' })).text).toBe('0123456789');
    expect(s3.requests.at(-1)?.headers.host).toBe(inner);
    proxy.closeAllConnections();
    proxy.close();
    rmSync(folder, { recursive: true });
  });
});

function encodeKey(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

// ---- Calls ---------------------------------------------------------------------------------------------------------

describe('a server that believes nothing', () => {
  test('takes all that is sent, with keys made at random, by path and by host', async () => {
    const random = new Random();
    const probe = await open({ url: urlOf(s3) });
    const keys = new Set<string>();
    for (let i = 0; i < 40; ++i) {
      const key = someKey(random);
      keys.add(key);
      expect(await probe.ask({ do: 'put', key, text: `of ${key}`, type: 'text/plain' })).toMatchObject({ ok: true });
      expect(await probe.ask({ do: 'get', key })).toMatchObject({ ok: true, text: `of ${key}` });
      expect(await probe.ask({ do: 'head', key })).toMatchObject({ ok: true, type: 'text/plain' });
    }
    const seen: string[] = [];
    for (let after = ''; ;) {
      const page = await probe.ask({ do: 'list', limit: 7, after });
      seen.push(...page.keys);
      if (!(after = page.next)) break;
    }
    const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect(seen).toEqual(sorted);
    for (const key of sorted.slice(0, 5)) {
      const { etag } = await probe.ask({ do: 'head', key });
      expect(await probe.ask({ do: 'copy', from: key, to: `copy/${key}`, match: etag })).toMatchObject({
        ok: true,
        etag,
      });
      expect(await probe.ask({ do: 'copy', from: key, to: 'x', match: '"0"' })).toMatchObject({
        fault: 'precondition_failed',
      });
      expect(await probe.ask({ do: 'remove', key })).toEqual({ ok: true });
      expect(await probe.ask({ do: 'head', key })).toMatchObject({ fault: 'not_found' });
    }
    expect(s3.requests.filter(({ status }) => status === 403)).toEqual([]);
    expect((await send('GET', `${s3.url}/files/copy/${sorted[0]}`)).status).toBe(403);
  });

  test('a wrong secret is refused, and the secret is in no answer', async () => {
    const probe = await open({ url: urlOf(s3).replace('simulator@', 'other@') });
    const answer = await probe.ask({ do: 'put', key: 'a', text: 'x' });
    expect(answer).toMatchObject({ fault: 'denied', code: 'storage.denied', provider: 'SignatureDoesNotMatch' });
    expect(JSON.stringify(answer)).not.toContain('other');
  });

  test('a wrong region and a wrong clock are learned, once', async () => {
    await s3.close();
    s3 = await startS3({ region: 'eu-central-1' });
    s3.clockOffset = 3 * 3600 * 1000;
    const probe = await open({ url: urlOf(s3).replace('eu-central-1', 'us-east-1') });
    expect(await probe.ask({ do: 'put', key: 'a', text: 'x' })).toMatchObject({ ok: true });
    expect(s3.requests).toHaveLength(3);
    expect(await probe.ask({ do: 'get', key: 'a' })).toMatchObject({ ok: true });
    expect(s3.requests).toHaveLength(4);
    const { url } = await probe.ask({ do: 'sign_get', key: 'a', lifetime: 60 });
    expect((await send('GET', url)).status).toBe(200);
  });

  test('a server that is busy is asked again, and one that cuts every answer is given up in the end', async () => {
    const probe = await open({ url: urlOf(s3) });
    let asked = 0;
    s3.fault = () => (++asked === 1 ? refusal(503, 'SlowDown') : asked === 2 ? 'cut' : undefined);
    expect(await probe.ask({ do: 'put', key: 'a', text: 'x' })).toMatchObject({ ok: true });
    s3.fault = () => 'cut';
    expect(await probe.ask({ do: 'head', key: 'a' })).toMatchObject({ code: 'storage.unavailable' });
    expect(await probe.ask({ do: 'remove', key: 'a' })).toMatchObject({ code: 'storage.outcome_unknown' });
  });
});

// ---- Uploads in parts -----------------------------------------------------------------------------------------------

const large = 11 * 1024 * 1024; // of three parts of 5 MiB
const inParts = '&part-size=5';

describe('uploads in parts', () => {
  test('arrive as they were', async () => {
    const probe = await open({ url: urlOf(s3, inParts) });
    const stored = await probe.ask({ do: 'put', key: 'large', size: large });
    expect(stored).toMatchObject({ ok: true, size: large });
    const object = s3.objects.get('large')!;
    expect(createHash('sha256').update(object.bytes).digest('hex')).toBe(stored.sha256);
    expect(stored.etag).toBe(object.etag);
    expect(await probe.ask({ do: 'get', key: 'large' })).toMatchObject({ size: large, sha256: stored.sha256 });
    expect(probe.told.map((line) => Object.keys(line)[0])).toEqual(['began', 'ended']);
  });

  test.each([
    ['its answer is lost', (act: () => unknown) => (act(), 'cut' as const), true],
    ['200 with an error inside', () => ({ ...refusal(500, 'InternalError'), status: 200 }), true],
    ['it is aborted while an older object is there', () => (s3.uploads.clear(), undefined), false],
  ])('the end: %s', async (_, first, succeeds) => {
    const probe = await open({ url: urlOf(s3, inParts) });
    expect(await probe.ask({ do: 'put', key: 'large', text: 'older' })).toMatchObject({ ok: true });
    let asked = 0;
    s3.fault = ({ method, query, act }) => {
      if (method !== 'POST' || !query.some(([name]) => name === 'uploadId') || ++asked > 1) return undefined;
      return first(act) as never;
    };
    const stored = await probe.ask({ do: 'put', key: 'large', size: large });
    expect(stored.ok).toBe(succeeds);
    expect(s3.objects.get('large')!.bytes.length).toBe(succeeds ? large : 5);
    if (succeeds) expect(stored.etag).toBe(s3.objects.get('large')!.etag);
    expect(s3.uploads.size).toBe(0);
  });

  test('a process that is killed leaves what it has told of, and a later one aborts it', async () => {
    const probe = await open({ url: urlOf(s3, inParts) });
    const began = probe.next('began');
    const reached = new Promise<void>((resolve) => {
      s3.fault = async ({ get }) => {
        if (get('partNumber') !== '3') return undefined;
        resolve();
        return new Promise(() => {});
      };
    });
    void probe.ask({ do: 'put', key: 'large', size: large });
    const upload = await began;
    expect(s3.requests.some(({ method }) => method === 'PUT')).toBe(false);
    await reached;
    await probe.end('SIGKILL');
    expect(s3.uploads.size).toBe(1);

    s3.fault = () => 'cut'; // the network is down
    const later = await open({ url: urlOf(s3, inParts) });
    const order = { do: 'abort', bucket: 'files', key: upload.key, id: upload.began };
    expect((await later.ask(order)).ok).toBe(false);
    s3.fault = undefined;
    expect(await later.ask({ do: 'uploads' })).toEqual({ ok: true, ids: [upload.began] });
    expect(await later.ask(order)).toEqual({ ok: true });
    expect(await later.ask(order)).toEqual({ ok: true });
    expect(await later.ask({ do: 'uploads' })).toEqual({ ok: true, ids: [] });
    expect(s3.uploads.size).toBe(0);
  });
});

// ---- What was looked at is what is served ------------------------------------------------------------------------------

test('a file that is put again by the same URL does not change the copy that was made of it', async () => {
  const probe = await open({ url: urlOf(s3) });
  const { url } = await probe.ask({ do: 'sign_put', key: 'pending/1', type: 'image/png', length: 4 });
  const put = (bytes: string) => send('PUT', url, { 'Content-Type': 'image/png', 'Content-Length': 4 }, bytes);
  await put('good');
  const looked = await probe.ask({ do: 'head', key: 'pending/1' });
  await put('evil');
  const order = { do: 'copy', from: 'pending/1', to: 'final/good', match: looked.etag };
  expect(await probe.ask(order)).toMatchObject({ fault: 'precondition_failed', code: 'storage.precondition_failed' });
  await put('good');
  expect(await probe.ask(order)).toMatchObject({ ok: true, etag: looked.etag });
  await put('evil');
  expect((await probe.ask({ do: 'get', key: 'final/good' })).text).toBe('good');
});

// ---- A third party's server ---------------------------------------------------------------------------------------------

test("s3rver, which is nobody's of ours, takes what is signed", async () => {
  const S3rver = createRequire(import.meta.url)('@20minutes/s3rver');
  const directory = mkdtempSync(path.join(tmpdir(), 's3rver-'));
  const server = new S3rver({
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory,
    vhostBuckets: false,
    configureBuckets: [{ name: 'files' }],
  });
  const { port } = await server.run();
  const url = `s3://S3RVER:S3RVER@files?endpoint=http://127.0.0.1:${port}${inParts}`;
  const probe = await open({ url });
  const key = 't/42/a b é.jpg'; // it reads no %2B in the source of a copy
  expect(await probe.ask({ do: 'put', key, text: 'hello', type: 'text/plain' })).toMatchObject({ ok: true });
  expect(await probe.ask({ do: 'get', key, first: 1, last: 3 })).toMatchObject({ ok: true, text: 'ell' });
  expect(await probe.ask({ do: 'list', prefix: 't/42/' })).toMatchObject({ ok: true, keys: [key] });
  expect(await probe.ask({ do: 'copy', from: key, to: 'copy' })).toMatchObject({ ok: true, size: 5 });
  expect(await probe.ask({ do: 'put', key: 'large', size: large })).toMatchObject({ ok: true, size: large });
  expect(await probe.ask({ do: 'head', key: 'large' })).toMatchObject({ ok: true, size: large });
  expect(await probe.ask({ do: 'head', key: 'none' })).toMatchObject({ fault: 'not_found' });
  const signed = await probe.ask({ do: 'sign_get', key, lifetime: 60 });
  expect((await send('GET', signed.url)).body).toBe('hello');
  expect((await send('GET', signed.url.replace(/a%20b/, 'a%20c'))).status).toBe(403);
  const wrong = await open({ url: url.replace(':S3RVER@', ':wrong@') });
  expect(await wrong.ask({ do: 'get', key })).toMatchObject({ fault: 'denied' });
  await server.close();
  rmSync(directory, { recursive: true });
});

// ---- A directory ----------------------------------------------------------------------------------------------------------

test('a process that is killed while it stores a file leaves the old one whole', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'storage-'));
  const drafts = path.join(directory, '.part');
  // A draft may have become the file since it was listed.
  const sizeOf = (at: string) => statSync(at, { throwIfNoEntry: false })?.size ?? 0;
  const written = () => readdirSync(drafts).reduce((sum, name) => sum + sizeOf(path.join(drafts, name)), 0);
  let left = 0; // drafts of those that were killed
  for (let i = 0; i < 8; ++i) {
    const probe = await open({ url: `file://${directory}` });
    if (i === 0) expect(await probe.ask({ do: 'put', key: 'a/b', text: 'old' })).toMatchObject({ ok: true });
    let hasEnded = false;
    void probe.ask({ do: 'put', key: 'a/b', size: 20_000_000 }).then(() => (hasEnded = true));
    while (!hasEnded && written() - left < i * 2_800_000) await new Promise(setImmediate);
    await probe.end('SIGKILL');
    left = written();
    const later = await open({ url: `file://${directory}` });
    const read = await later.ask({ do: 'get', key: 'a/b' });
    expect(read.ok).toBe(true);
    expect([3, 20_000_000]).toContain(read.size);
    expect(await later.ask({ do: 'list' })).toMatchObject({ keys: ['a/b'] });
    await later.end();
  }
  rmSync(directory, { recursive: true });
});

test.runIf(hasSmallDisks)('a full disk says so, and loses nothing', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'storage-full-'));
  const probe = await open(
    { url: `file://${directory}/files` },
    new Probe('unshare', [...smallDisk(directory), program]),
  );
  expect(await probe.ask({ do: 'put', key: 'a', text: 'old' })).toMatchObject({ ok: true });
  for (let i = 0; i < 3; ++i) {
    const put = await probe.ask({ do: 'put', key: 'a', size: 2_000_000 });
    expect(put).toMatchObject({ fault: 'disk_full', code: 'storage.disk_full', provider: 'ENOSPC' });
  }
  expect(await probe.ask({ do: 'get', key: 'a' })).toMatchObject({ text: 'old' });
  expect(await probe.ask({ do: 'put', key: 'b', size: 500_000 })).toMatchObject({ ok: true });
  await probe.end();
  rmSync(directory, { recursive: true });
});
