// The contract of the last release (docs/openapi-released.json) against the server of now: a client that was generated from it compiles,
// and what it gets has everything that it was promised. bin/lint.d/openapi_changes.py compares the documents; this sends requests.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { transform } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { repository } from './support/environment.js';
import { type Service, startService } from './support/service.js';
import { openShop, type Shop, saleFor } from './support/shop.js';

const run = promisify(execFile);
const contract = path.join(repository, 'docs/openapi-released.json');
const program = `
import createClient from 'openapi-fetch';
import type { components, paths } from './released';

export async function sell(baseUrl: string, accessToken: string, sale: components['schemas']['NewSale']) {
  const client = createClient<paths>({ baseUrl, headers: { Authorization: \`Bearer \${accessToken}\` } });
  const sold = await client.POST('/v1/sales', { body: sale });
  const again = await client.POST('/v1/sales', { body: sale });
  const listed = await client.GET('/v1/sales', { params: { query: { limit: 5 } } });
  const refused = await client.POST('/v1/sales', { body: { ...sale, total: -1 } });
  const action: string | undefined = refused.error?.action;
  return { sold: sold.data?.id, again: again.data?.id, listed: listed.data?.data.map(({ id }) => id), action };
}
`;

let directory: string;
let service: Service;
let shop: Shop;
let released: any;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'e2e-released-'));
  await symlink(path.join(repository, 'node_modules'), path.join(directory, 'node_modules'));
  released = JSON.parse(await readFile(contract, 'utf8'));
  service = await startService();
  shop = await openShop(service);
});

afterAll(async () => {
  await service?.stop();
  if (directory) await rm(directory, { recursive: true });
});

test('a client that was generated for the last release sells', async () => {
  const tool = (name: string, ...args: string[]) =>
    run(path.join(repository, 'node_modules/.bin', name), args, { cwd: directory, maxBuffer: 64 << 20 });
  await tool('openapi-typescript', contract, '--output', 'released.d.ts');
  await writeFile(path.join(directory, 'sell.ts'), program);
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2022', 'dom'],
    module: 'esnext',
    moduleResolution: 'bundler',
    skipLibCheck: true,
    types: [],
  };
  await writeFile(path.join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['sell.ts'] }));
  await tool('tsc', '--project', 'tsconfig.json');
  const { code } = await transform(program, { loader: 'ts', format: 'esm' });
  await writeFile(path.join(directory, 'sell.mjs'), code);
  await writeFile(
    path.join(directory, 'run.mjs'),
    `import { sell } from './sell.mjs';\nconst [url, token, sale] = process.argv.slice(2);\nconsole.log(JSON.stringify(await sell(url, token, JSON.parse(sale))));\n`,
  );
  const sold = await run(process.execPath, ['run.mjs', service.url, shop.token, JSON.stringify(saleFor(shop))], {
    cwd: directory,
  });
  const got = JSON.parse(sold.stdout);
  expect(got).toMatchObject({ again: got.sold, action: 'fix' });
  expect(got.sold).toMatch(/^[0-9a-f-]{36}$/);
  expect(got.listed).toContain(got.sold);
});

// Lists need nothing to be there: each answers, and as it was promised.
test('every list of the last release is answered as it promised', async () => {
  const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'released', ...released });
  const escape = (text: string) => text.replace(/~/g, '~0').replace(/\//g, '~1');
  let lists = 0;
  for (const [at, item] of Object.entries<any>(released.paths)) {
    const operation = item.get;
    const json = operation?.responses['200']?.content?.['application/json'];
    if (!json?.schema || at.includes('{') || operation.parameters?.some(({ required }: any) => required)) continue;
    const { status, body, text } = await service.api('GET', at, { token: shop.token });
    if (status !== 200) {
      expect(Object.keys(released['x-problems']), `${at}: ${text}`).toContain(body.code);
      continue;
    }
    const valid = ajv.validate(
      { $ref: `released#/paths/${escape(at)}/get/responses/200/content/application~1json/schema` },
      body,
    );
    expect(valid, `${at}: ${JSON.stringify(ajv.errors?.slice(0, 3))}`).toBe(true);
    lists += 1;
  }
  expect(lists).toBeGreaterThan(20);
});
