// What quicktype makes of the API's document for other languages: amounts are integers, choices are texts, and in Python (the others are not
// run) what an app reads it writes back.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { environment } from './support/environment.js';

const execute = promisify(execFile);
const models: Record<string, string> = {};
let document: any;
let folder: string;

beforeAll(async () => {
  const { modelsOf } = await import('../../clients/models/generate.mjs');
  const { stdout } = await execute(environment.binary, ['openapi'], { maxBuffer: 64 << 20 });
  document = JSON.parse(stdout);
  for (const language of ['kotlin', 'swift', 'dart', 'python']) models[language] = await modelsOf(document, language);
  folder = await mkdtemp(path.join(tmpdir(), 'e2e-models-'));
}, 600_000);
afterAll(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
});

test.each([
  ['kotlin', /class NewSale\b/, /val clientRequestID: String/, /val total: Long/],
  ['swift', /struct NewSale\b/, /let clientRequestID: String/, /let total: Int/],
  ['dart', /class NewSale\b/, /String clientRequestId;/, /int total;/, /String\? cashierId;/],
  ['python', /class NewSale:/, /client_request_id: str/, /total: int/],
])('%s: amounts are integers, choices are texts', (language, ...expected) => {
  for (const one of expected) expect(models[language]).toMatch(one);
  // A later service may know another state.
  expect(models[language]).not.toMatch(
    /^\s*(public )?enum (class )?(SaleStatus|SaleKind|PaymentMethod)\b|class (SaleStatus|SaleKind)\b/m,
  );
});

const sale = (): any => {
  const { example } = document.paths['/v1/sales'].post.requestBody.content['application/json'];
  return { ...example, kind: 'a kind of a later service' };
};

test('Python: an example of a sale is read and written back', async () => {
  await writeFile(path.join(folder, 'models.py'), models.python!);
  const program = `import json, models; print(json.dumps(models.NewSale.from_dict(json.load(open('sale.json'))).to_dict()))`;
  const given = sale();
  await writeFile(path.join(folder, 'sale.json'), JSON.stringify(given));
  const { stdout } = await execute('python3', ['-c', program], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual(given);
});
