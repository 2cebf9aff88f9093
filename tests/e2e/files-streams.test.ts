// Large files pass through in flat memory, and slow senders are nobody's business but their own.
//
//     npx vitest run tests/e2e/files-streams.test.ts             64 MiB, 20 slow senders
//     bin/test --long                                            1 GiB beside busboy and @aws-sdk/lib-storage, 100 slow senders;
//                                                                writes a file of docs/runs
import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment, repository } from './support/environment.js';
import { Process } from './support/process.js';
import { percentile, recordRun } from './support/runs.js';
import { type Service, startService } from './support/service.js';
import { ok, openShop, type Shop } from './support/shop.js';
import { until } from './support/until.js';

const mebibytes = environment.long ? 1024 : 64;
const size = mebibytes * 1024 * 1024;
const senders = environment.long ? 100 : 20;
// Parts that are under way to S3, buffers of the sockets, a page of the heap or two. What is kept whole is more than this.
const roomMegabytes = 40;
const bucket = 'files';

let directory: string;
let s3: { url: string; process: Process };
let local: Service;
let remote: Service;
let localShop: Shop;
let remoteShop: Shop;
const figures: Record<string, unknown> = {};

// A third party's S3, which keeps files on the disk, in a process of its own.
async function startS3(): Promise<{ url: string; process: Process }> {
  const options = {
    port: 0,
    address: '127.0.0.1',
    silent: true,
    directory: path.join(directory, 's3'),
    vhostBuckets: false,
  };
  const script = `const S3rver = require('@20minutes/s3rver');
    new S3rver(${JSON.stringify({ ...options, configureBuckets: [{ name: bucket }] })}).run()
      .then(({ port }) => console.log(JSON.stringify({ msg: 'listening', port })));`;
  const child = new Process(process.execPath, ['-e', script], process.env, { cwd: repository });
  const { port } = await child.line(({ msg }) => msg === 'listening');
  return { url: `http://127.0.0.1:${port as number}`, process: child };
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'files-streams-'));
  s3 = await startS3();
  const env = {
    ACCESS_TOKEN_SECONDS: '3600',
    DOCUMENTS_MAX_MB: '2000',
    FILES_QUOTA_MB: '100000',
    UPLOADS_DIRECTORY: path.join(directory, 'pieces'),
    // What AddressSanitizer keeps of freed memory would be all that is seen.
    ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=1`,
  };
  local = await startService({ env: { ...env, STORAGE_URL: `file://${path.join(directory, 'files')}` } });
  const url = `s3://S3RVER:S3RVER@${bucket}?endpoint=${s3.url}&region=us-east-1`;
  remote = await startService({ env: { ...env, STORAGE_URL: url } });
  localShop = await openShop(local, { variants: 0, devices: 0 });
  remoteShop = await openShop(remote, { variants: 0, devices: 0 });
});
afterAll(async () => {
  await local?.stop();
  await remote?.stop();
  await s3?.process.stop();
  await rm(directory, { recursive: true, force: true });
});

// ---- Memory ----------------------------------------------------------------------------------------------------------

const megabytes = (pid: number, name: string): number => {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)![1]) / 102.4) / 10;
};

interface Measured {
  seconds: number;
  megabytesPerSecond: number;
  rssMegabytes: { before: number; most: number };
}

// The peak of what `work` takes, and its time.
async function measure(pid: number, work: () => Promise<void>): Promise<Measured> {
  writeFileSync(`/proc/${pid}/clear_refs`, '5'); // VmHWM begins anew
  const before = megabytes(pid, 'VmRSS');
  const began = performance.now();
  await work();
  const seconds = Math.round(performance.now() - began) / 1_000;
  return {
    seconds,
    megabytesPerSecond: Math.round(size / seconds / 1e5) / 10,
    rssMegabytes: { before, most: megabytes(pid, 'VmHWM') },
  };
}

function expectFlat(name: string, measured: Measured): void {
  figures[name] = measured;
  const { seconds, rssMegabytes } = measured;
  console.log(
    `${name}: ${mebibytes} MiB in ${seconds} s; ${rssMegabytes.before} MB before, ${rssMegabytes.most} MB at most`,
  );
  expect(rssMegabytes.most - rssMegabytes.before, name).toBeLessThan(roomMegabytes);
}

// ---- Sending ---------------------------------------------------------------------------------------------------------

const block = Buffer.from('sku-000001,150,Sugar\n'.padEnd(64, ' ').slice(0, 63) + '\n');
const blocks = Buffer.concat(Array.from({ length: 4096 }, () => block)); // 256 KiB

interface Part {
  before?: string;
  after?: string;
}

// Bytes of no file, as fast as they are taken.
function send(method: string, url: string, headers: Record<string, string>, bytes: number, part: Part = {}) {
  const before = Buffer.from(part.before ?? '');
  const after = Buffer.from(part.after ?? '');
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    const length = String(before.length + bytes + after.length);
    const request = http.request(url, { method, headers: { ...headers, 'content-length': length } }, (reply) => {
      let text = '';
      reply.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      reply.on('end', () => resolve({ status: reply.statusCode ?? 0, text }));
      reply.on('error', reject);
    });
    request.on('error', reject);
    request.write(before);
    let left = bytes;
    const go = () => {
      while (left > 0) {
        const piece = blocks.subarray(0, Math.min(left, blocks.length));
        left -= piece.length;
        if (!request.write(piece)) return request.once('drain', go);
      }
      request.end(after);
      return undefined;
    };
    go();
  });
}

const boundary = 'streams';
const form: Part = {
  before: `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="stock.csv"\r\nContent-Type: text/csv\r\n\r\n`,
  after: `\r\n--${boundary}--\r\n`,
};
const formHeaders = (shop?: Shop): Record<string, string> => ({
  'content-type': `multipart/form-data; boundary=${boundary}`,
  ...(shop ? { authorization: `Bearer ${shop.token}`, 'idempotency-key': randomUUID() } : {}),
});

async function sendForm(service: Service, shop: Shop, bytes = size): Promise<void> {
  const reply = await send('POST', `${service.url}/v1/documents`, formHeaders(shop), bytes, form);
  expect(reply.status, reply.text).toBe(201);
  expect(JSON.parse(reply.text)).toMatchObject({ bytes, status: 'ready' });
}

async function sendRaw(shop: Shop, bytes = size): Promise<void> {
  const body = { purpose: 'document', contentType: 'text/csv', bytes };
  const headers = { 'idempotency-key': randomUUID() };
  const upload = await ok(shop.api('POST', '/v1/uploads', { body, headers }), 201);
  const { url, method, headers: signed } = upload.target;
  const sent = await send(method, url, signed, bytes);
  expect(sent.status, sent.text).toBe(200);
  // Its file is read and copied: the client asks until there is an answer.
  await until(async () => {
    const signal = AbortSignal.timeout(100_000);
    const done = await shop.api('POST', `/v1/uploads/${upload.id}/complete`, { signal });
    return done.status === 200 && done.body.state === 'completed';
  }, 300_000);
}

test('a form, and raw bytes, in a directory', { timeout: 900_000 }, async () => {
  await sendForm(local, localShop, 1 << 20);
  expectFlat('multipart', await measure(local.process.pid, () => sendForm(local, localShop)));
  await sendRaw(localShop, 1 << 20);
  expectFlat('put', await measure(local.process.pid, () => sendRaw(localShop)));
});

test('a form, to S3', { timeout: 900_000 }, async () => {
  // One first, with as many parts at once as there ever are.
  await sendForm(remote, remoteShop, 32 << 20);
  expectFlat('multipartToS3', await measure(remote.process.pid, () => sendForm(remote, remoteShop)));
});

test.runIf(environment.long)('beside Node', { timeout: 900_000 }, async () => {
  const program = path.join(repository, 'bench/peers/uploads/server.mjs');
  const peer = new Process(process.execPath, [program, s3.url, 'S3RVER', 'S3RVER', bucket], process.env);
  try {
    const { listening } = await peer.line((line) => 'listening' in line);
    const sendToPeer = async (bytes: number) => {
      const reply = await send('POST', `http://127.0.0.1:${listening as number}/`, formHeaders(), bytes, form);
      expect([reply.status, reply.text]).toEqual([201, JSON.stringify({ bytes })]);
    };
    await sendToPeer(32 << 20);
    const measured = await measure(peer.pid, () => sendToPeer(size));
    figures.busboyAndLibStorage = measured;
    console.log(`busboy and lib-storage: ${JSON.stringify(measured)}`);
  } finally {
    await peer.stop();
  }
});

// ---- Slow senders ----------------------------------------------------------------------------------------------------

// A form that comes a few bytes at a time.
function sendSlowly(): net.Socket {
  const socket = net.connect(local.port, '127.0.0.1');
  socket.on('error', () => undefined);
  const headers = Object.entries(formHeaders(localShop)).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(
    `POST /v1/documents HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n${headers.join('')}\r\n${form.before!}`,
  );
  const timer = setInterval(() => socket.write(block), 100);
  socket.on('close', () => {
    clearInterval(timer);
  });
  return socket;
}

// Four clients, one request after the other; milliseconds of each.
async function askForProducts(milliseconds: number): Promise<number[]> {
  const taken: number[] = [];
  const until = performance.now() + milliseconds;
  const client = async () => {
    while (performance.now() < until) {
      const began = performance.now();
      await ok(localShop.api('GET', '/v1/products'), 200);
      taken.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: 4 }, client));
  return taken;
}

test('slow senders leave everybody else alone', async () => {
  const time = environment.long ? 15_000 : 1_000;
  await askForProducts(500);
  const without = await askForProducts(time);
  const before = megabytes(local.process.pid, 'VmRSS');
  const sockets = Array.from({ length: senders }, sendSlowly);
  const ended: net.Socket[] = [];
  for (const socket of sockets) socket.on('end', () => ended.push(socket));
  try {
    await sleep(500);
    writeFileSync(`/proc/${local.process.pid}/clear_refs`, '5');
    const among = await askForProducts(time);
    const most = megabytes(local.process.pid, 'VmHWM');
    expect(ended).toHaveLength(0);
    const round = (milliseconds: number) => Math.round(milliseconds * 10) / 10;
    const p99 = { without: round(percentile(without, 0.99)), among: round(percentile(among, 0.99)) };
    console.log(
      `${senders} slow senders: p99 ${p99.without} ms without, ${p99.among} ms among them; ${before} MB, ${most} MB`,
    );
    figures.slowSenders = { senders, p99Milliseconds: p99, rssMegabytes: { before, most } };
    expect(among.length).toBeGreaterThan(0);
    // A connection, and a piece of its body.
    expect(most - before).toBeLessThan(senders * 0.5 + 10);
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  if (environment.long) await recordRun('files-streams', { mebibytes, ...figures });
});
