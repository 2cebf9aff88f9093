// The TypeScript SDK as it is published: current, installed in an empty folder, used in ten lines, small, and where the platform gives less.
import { execFile } from 'node:child_process';
import { build } from 'esbuild';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import vm from 'node:vm';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../clients/typescript/src/index.js';
import { uploadResumable } from '../../clients/typescript/src/uploads.js';
import { environment, repository } from './support/environment.js';
import { installSdk, type InstalledSdk, sdkSource } from './support/sdk.js';
import { type Service, startService } from './support/service.js';
import { openShop, password, saleFor, type Shop } from './support/shop.js';

const execute = promisify(execFile);
let service: Service;
let shop: Shop;
let sdk: InstalledSdk;

beforeAll(async () => {
  service = await startService();
  shop = await openShop(service, { variants: 1, devices: 1 });
  sdk = await installSdk();
});
afterAll(async () => {
  await service?.stop();
  await sdk?.remove();
});

const surroundings = (): Record<string, string> => ({
  URL_: service.url,
  EMAIL: shop.email,
  PASSWORD: password,
  SALE: JSON.stringify(saleFor(shop)),
});

const sale = (load: string): string => `${load}
const { URL_: baseUrl, EMAIL: email, PASSWORD: password, SALE } = process.env;
async function main() {
  const api = createClient({ baseUrl });
  await unwrap(api.logIn({ email, password }));
  const { clientRequestId, ...body } = JSON.parse(SALE);
  const sold = await api.post('/v1/sales', { body });
  if (!sold.ok) throw new Error(sold.error.code);
  console.log(sold.data.receiptNumber, sold.key);
}
main();
`;

test('what is generated is what the OpenAPI document says', async () => {
  const { stdout } = await execute(environment.binary, ['openapi'], { maxBuffer: 64 << 20 });
  const checking = execute('node', [path.join(sdkSource, 'generate.mjs'), '--check']);
  checking.child.stdin!.end(stdout);
  await checking;
});

describe('installed in an empty folder', () => {
  test.each([
    ['sale.mjs', "import { createClient, unwrap } from 'backend-api-client';"],
    ['sale.cjs', "const { createClient, unwrap } = require('backend-api-client');"],
  ])('ten lines make a sale: %s', async (file, load) => {
    const [receipt, key] = (await sdk.run(file, sale(load), surroundings())).trim().split(' ');
    const stored = await shop.api('GET', `/v1/sales/by-client-request/${key}`);
    expect(stored.body.receiptNumber).toBe(receipt);
  });

  test('without the global crypto, as Node 18 is', async () => {
    const flags = ['--no-experimental-global-webcrypto'];
    const load =
      "import { createClient, unwrap } from 'backend-api-client'; if ('crypto' in globalThis) throw new Error('crypto is there');";
    expect(await sdk.run('old.mjs', sale(load), surroundings(), flags)).toMatch(/^NRB1-S-/);
  });

  test('it brings no dependency', async () => {
    const { dependencies, peerDependencies } = JSON.parse(await readFile(path.join(sdk.root, 'package.json'), 'utf8'));
    expect([dependencies, peerDependencies]).toEqual([undefined, undefined]);
  });

  test('its types are there for both forms of modules, and refuse what is wrong', async () => {
    const program = (body: string): string => `
import { createClient, type Sale } from 'backend-api-client';
import { OfflineQueue, memoryStore } from 'backend-api-client/queue';
const client = createClient({ baseUrl: '' });
export async function main(): Promise<Sale | string | undefined> {
  const queue = new OfflineQueue({ client, store: memoryStore() });
  ${body}
}`;
    const good = `
  const sold = await client.post('/v1/sales', { body: { locationId: 'l', occurredAt: '', lines: [], payments: [], taxTotal: 0, total: 0 } });
  for await (const product of client.list('/v1/products')) product.name.trim();
  await queue.add('/v1/products', { body: { name: 'x' } });
  if (sold.ok) return sold.data;
  switch (sold.error.code) {
    case 'sale.total_mismatch': return sold.error.detail;
    case 'client.no_answer': return undefined;
    default: return sold.error.action;
  }`;
    const wrong: [name: string, body: string, expected: RegExp][] = [
      ['path', "await client.get('/v1/nothing');", /not assignable/],
      ['body', "await client.post('/v1/sales', { body: { total: 1 } });", /missing the following|not assignable/],
      [
        'code',
        "const r = await client.get('/v1/products'); if (!r.ok && r.error.code === 'sale.exists') return '';",
        /no overlap/,
      ],
      ['version', "await client.patch('/v1/products/{id}', { path: { id: 'x' }, body: {} });", /version/],
      ['keyless', "await queue.add('/v1/nothing', { body: {} });", /not assignable/],
    ];
    const programs = [['good.mts', good], ['good.cts', good], ...wrong.map(([name, body]) => [`${name}.mts`, body])];
    for (const [name, body] of programs) await writeFile(path.join(sdk.folder, name!), program(body!));
    const flags = ['--strict', '--noEmit', '--target', 'es2022', '--lib', 'es2022,dom', '--module', 'nodenext'];
    const tsc = path.join(repository, 'node_modules/.bin/tsc');
    const said = await execute(tsc, [...flags, ...programs.map(([name]) => name!)], { cwd: sdk.folder }).then(
      () => '',
      ({ stdout }) => String(stdout),
    );
    const of = (file: string): string =>
      said
        .split(/^(?=\S)/m)
        .filter((line) => line.startsWith(`${file}(`))
        .join('');
    expect(of('good.mts') + of('good.cts')).toBe('');
    for (const [name, , expected] of wrong) expect(of(`${name}.mts`), name).toMatch(expected);
    expect(said).not.toMatch(/^node_modules/m);
  });
});

describe('what it weighs', () => {
  const bundle = async (text: string): Promise<number> => {
    const stdin = { contents: text, resolveDir: sdk.folder };
    const options = {
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      platform: 'browser',
      target: 'es2021',
      logLevel: 'error',
    } as const;
    return gzipSync((await build({ stdin, ...options })).outputFiles[0]!.contents).length;
  };

  test('only what is used comes along', async () => {
    const nothing = await bundle("import 'backend-api-client';");
    const ids = await bundle("import { newId } from 'backend-api-client'; console.log(newId());");
    const calls = await bundle("import { createClient } from 'backend-api-client'; console.log(createClient);");
    const queue = await bundle(
      "import { createClient } from 'backend-api-client'; import { OfflineQueue } from 'backend-api-client/queue'; import { indexedDbStore } from 'backend-api-client/queue/indexeddb'; console.log(createClient, OfflineQueue, indexedDbStore);",
    );
    console.log(`compressed: nothing ${nothing}, ids ${ids}, calls ${calls}, calls and queue ${queue} bytes`);
    expect(nothing).toBeLessThan(100);
    expect(ids).toBeLessThan(700);
    expect(calls).toBeLessThan(5_000);
    expect(queue).toBeLessThan(11_500);
  });

  test('a call costs little beside bare fetch', async () => {
    const rounds = 200;
    const api = createClient({ baseUrl: service.url });
    const bare = async (): Promise<void> => {
      const reply = await fetch(`${service.url}/health`);
      await reply.json();
    };
    const typed = async (): Promise<void> => {
      expect((await api.get('/health')).ok).toBe(true);
    };
    const timeOf = async (once: () => Promise<void>): Promise<number> => {
      const began = performance.now();
      await once();
      return performance.now() - began;
    };
    // By turns, since others use the machine as well.
    const times: [plain: number, ours: number][] = [];
    for (let round = -50; round < rounds; ++round) {
      const pair: [number, number] = [await timeOf(bare), await timeOf(typed)];
      if (round >= 0) times.push(pair);
    }
    const medianOf = (numbers: number[]): number => numbers.sort((one, other) => one - other)[rounds / 2]!;
    const [plain, ours] = [medianOf(times.map(([one]) => one)), medianOf(times.map(([, other]) => other))];
    console.log(`a call: fetch ${plain.toFixed(2)} ms, SDK ${ours.toFixed(2)} ms (medians of ${rounds})`);
    // A machine that is busy makes both slower.
    expect(ours - plain).toBeLessThan(Math.max(2, plain));
  });
});

// Not run on a telephone: what React Native 0.7x has, and nothing else.
test("React Native's fetch suffices: no streams, no crypto, no URL, no AbortSignal.timeout", async () => {
  const contents =
    "export { createClient, setRandomSource, unwrap } from 'backend-api-client'; export { OfflineQueue, memoryStore } from 'backend-api-client/queue';";
  const options = {
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'sdk',
    platform: 'browser',
    target: 'es2021',
  } as const;
  const built = await build({ stdin: { contents, resolveDir: sdk.folder }, ...options });
  class PlainController {
    readonly signal = { aborted: false, addEventListener: () => {}, removeEventListener: () => {} };
    abort(): void {
      this.signal.aborted = true;
    }
  }
  const plainFetch = async (target: string, { method, headers: given, body }: any): Promise<object> => {
    const reply = await fetch(target, { method, headers: given, body });
    const text = await reply.text();
    // No body, no clone, no iteration of headers.
    const headers = { get: (name: string) => reply.headers.get(name) };
    return { ok: reply.ok, status: reply.status, headers, text: async () => text, json: async () => JSON.parse(text) };
  };
  const world = vm.createContext({
    fetch: plainFetch,
    AbortController: PlainController,
    setTimeout,
    clearTimeout,
    setInterval,
    clearInterval,
  });
  vm.runInContext(`${built.outputFiles[0]!.text}; globalThis.sdk = sdk;`, world);
  const body = saleFor(shop);
  delete body.clientRequestId;
  const given = JSON.stringify({ baseUrl: service.url, email: shop.email, password, body });
  const told = await vm.runInContext(
    `(async () => {
      const { baseUrl, email, password, body } = ${given};
      const api = sdk.createClient({ baseUrl });
      await sdk.unwrap(api.logIn({ email, password }));
      const without = await api.post('/v1/sales', { body }).catch((error) => String(error));
      let seed = 1;
      sdk.setRandomSource((bytes) => bytes.map(() => (seed = (seed * 48271) % 2147483647) & 255));
      const queue = new sdk.OfflineQueue({ client: api, store: sdk.memoryStore() });
      const { id } = await queue.add('/v1/sales', { body });
      await queue.flush();
      return { without, entry: await queue.get(id) };
    })()`,
    world,
  );
  expect(told.without).toMatch(/no source of randomness/);
  expect(told.entry).toMatchObject({ state: 'done', answer: { status: 201 } });
});

test('a file in pieces, over a link that breaks after each', async () => {
  let broken = 0;
  const api = createClient({
    baseUrl: service.url,
    pauseMs: 1,
    fetch: async (target, init) => {
      const reply = await fetch(target, init);
      // The piece has arrived, its answer does not.
      if (init?.method === 'PATCH' && broken++ % 2 === 0) throw new TypeError('terminated');
      return reply;
    },
  });
  await api.logIn({ email: shop.email, password });
  const file = new Blob([`sku,price\n${'A-1,150\n'.repeat(200)}`], { type: 'text/csv' });
  let location = '';
  const options = { purpose: 'document', filename: 'bei №1.csv', pieceBytes: 500, pauseMs: 1 } as const;
  const { id } = await uploadResumable(api, file, { ...options, onLocation: (made) => void (location = made) });
  expect(broken).toBeGreaterThan(2);
  const upload = await api.get('/v1/uploads/{id}', { path: { id } });
  expect(upload.ok && upload.data.state).toBe('completed');
  expect(location.endsWith(id)).toBe(true);
});
