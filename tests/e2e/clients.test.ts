// What client generators make of the document with their default commands, and a small program of each that signs in and sells,
// compiled by `tsc --strict`. Nothing but compiling: that requests do what the document says is the other tests' affair.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment, repository } from './support/environment.js';

const run = promisify(execFile);
// orval's command line needs it.
const hasNode20 = Number(process.versions.node.split('.')[0]) >= 20;

// As a till sends it: everything that has a value when it is left out is left out.
const sale = `{
  clientRequestId: '0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091',
  locationId: '0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8092',
  occurredAt: new Date().toISOString(),
  lines: [{ lineNumber: 1, name: 'Sugar 1kg', quantity: '2', unitPrice: 15_000, taxCode: 'VAT16', taxRatePpm: 160_000 }],
  taxTotal: 4_138,
  total: 30_000,
  payments: [{ method: 'cash', amount: 30_000 }],
}`;

const programs = {
  'openapi-typescript.ts': `
import createClient from 'openapi-fetch';
import type { components, paths } from './schema';

const client = createClient<paths>({ baseUrl: 'http://localhost:3000' });
export async function sell(email: string, password: string): Promise<string | undefined> {
  const login = await client.POST('/v1/auth/login', { body: { email, password } });
  const body: components['schemas']['NewSale'] = ${sale};
  const headers = { Authorization: \`Bearer \${login.data?.accessToken}\` };
  const sold = await client.POST('/v1/sales', { body, headers });
  const listed = await client.GET('/v1/sales', { params: { query: { limit: 5 } }, headers });
  return sold.data?.receiptNumber ?? listed.data?.data[0]?.receiptNumber;
}
`,
  'hey-api.ts': `
import { createSale, listSales, login } from './hey';
import { client } from './hey/client.gen';

export async function sell(email: string, password: string): Promise<string | undefined> {
  client.setConfig({ baseUrl: 'http://localhost:3000' });
  const session = await login({ body: { email, password } });
  client.setConfig({ auth: () => session.data?.accessToken });
  const sold = await createSale({ body: ${sale} });
  const listed = await listSales({ query: { limit: 5 } });
  return sold.data?.receiptNumber ?? listed.data?.data[0]?.receiptNumber;
}
`,
};

// A generator of its own names for what a function takes: the first parameter, whatever it is called.
const orvalProgram = `
import { createSale, login } from './orval';

const person: Parameters<typeof login>[0] = { email: 'amina@duka.example', password: 'kahawa-ya-asubuhi' };
const body: Parameters<typeof createSale>[0] = ${sale};
export const sell = async () => [await login(person), await createSale(body)];
`;

const compilerOptions = {
  strict: true,
  noEmit: true,
  target: 'es2022',
  lib: ['es2022', 'dom', 'dom.iterable'],
  module: 'esnext',
  moduleResolution: 'bundler',
  skipLibCheck: true,
  types: [],
};

let directory: string;
let document: any;

// Its output is what a failure is explained by.
async function tool(name: string, ...args: string[]): Promise<void> {
  const program = path.join(repository, 'node_modules/.bin', name);
  await run(program, args, { cwd: directory, maxBuffer: 64 << 20 }).catch((error) => {
    throw new Error(`${name} ${args.join(' ')}\n${error.stdout}\n${error.stderr}`);
  });
}

async function compile(file: string, text: string): Promise<void> {
  await writeFile(path.join(directory, file), text);
  await writeFile(path.join(directory, `tsconfig.${file}.json`), JSON.stringify({ compilerOptions, files: [file] }));
  await tool('tsc', '--project', `tsconfig.${file}.json`);
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'e2e-clients-'));
  await symlink(path.join(repository, 'node_modules'), path.join(directory, 'node_modules'));
  const { stdout } = await run(environment.binary, ['openapi'], { maxBuffer: 64 << 20 });
  document = JSON.parse(stdout);
  await writeFile(path.join(directory, 'openapi.json'), stdout);
  // Generators look for it, to see how imports are written.
  await writeFile(path.join(directory, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
  await tool('openapi-typescript', 'openapi.json', '--output', 'schema.d.ts');
});

afterAll(async () => {
  if (directory) await rm(directory, { recursive: true });
});

describe('generated clients sign in and sell under tsc --strict', () => {
  test('openapi-typescript', async () => {
    await compile('openapi-typescript.ts', programs['openapi-typescript.ts']);
  });

  test('hey-api', async () => {
    await tool('openapi-ts', '--input', 'openapi.json', '--output', 'hey');
    await compile('hey-api.ts', programs['hey-api.ts']);
  });

  test.skipIf(!hasNode20)('orval', async () => {
    await tool('orval', '--input', 'openapi.json', '--output', 'orval.ts', '--client', 'fetch');
    await compile('orval-program.ts', orvalProgram);
  });

  test('a program that leaves out what is required does not compile', async () => {
    const wrong = programs['openapi-typescript.ts'].replace('total: 30_000,', '');
    await expect(compile('wrong.ts', wrong)).rejects.toThrow(/'total' is missing/);
  });
});

// What makes members required of whoever writes a request.
test('no schema has a default', () => {
  for (const [name, schema] of Object.entries<any>(document.components.schemas)) {
    for (const [member, rules] of Object.entries<any>(schema.properties ?? {}))
      expect(rules, `${name}.${member}`).not.toHaveProperty('default');
  }
});
