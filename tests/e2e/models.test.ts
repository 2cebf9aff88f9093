// What quicktype makes of the API's document for other languages: it holds every schema, and in Python and PHP (the others are not run) what
// an app reads it writes back.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { environment } from './support/environment.js';

const execute = promisify(execFile);
const models: Record<string, string> = {};
let document: any;
let folder: string;

beforeAll(async () => {
  const { modelsOf } = await import('../../clients/models/generate.mjs');
  const { stdout } = await execute(environment.binary, ['openapi'], { maxBuffer: 64 << 20 });
  document = JSON.parse(stdout);
  for (const language of ['kotlin', 'swift', 'dart', 'php', 'python'])
    models[language] = await modelsOf(document, language);
  folder = await mkdtemp(path.join(tmpdir(), 'e2e-models-'));
}, 600_000);
afterAll(async () => {
  if (folder) await rm(folder, { recursive: true, force: true });
});

test.each([
  ['kotlin', /class NewSale\b/, /val clientRequestID: String/, /val total: Long/],
  ['swift', /struct NewSale\b/, /let clientRequestID: String/, /let total: Int/],
  ['dart', /class NewSale\b/, /final String clientRequestId/, /final int total;/],
  ['php', /class NewSale\b/, /private string \$clientRequestID/, /private int \$total;/],
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

describe('an example of a sale is read and written back', () => {
  const same = (text: string): void => {
    const written = JSON.parse(text);
    const given = sale();
    expect(written).toMatchObject(given);
    // A model says null for what is not there.
    for (const [name, value] of Object.entries(written)) if (!(name in given)) expect(value, name).toBeNull();
  };

  test('Python', async () => {
    await writeFile(path.join(folder, 'models.py'), models.python!);
    const program = `import json, models; print(json.dumps(models.NewSale.from_dict(json.loads('''${JSON.stringify(sale())}''')).to_dict()))`;
    const { stdout } = await execute('python3', ['-c', program], { cwd: folder });
    same(stdout);
  });

  test('PHP', async () => {
    await writeFile(path.join(folder, 'models.php'), models.php!);
    const program = `require 'models.php'; echo json_encode(NewSale::from(json_decode('${JSON.stringify(sale())}'))->to());`;
    const { stdout } = await execute('php', ['-d', 'error_reporting=E_ALL & ~E_DEPRECATED', '-r', program], {
      cwd: folder,
    });
    same(stdout);
  });
});
