// The samples of docs/samples: current, and those of curl, TypeScript, PHP and Python send exactly what the API's document gives as the
// example of each operation. That the service takes these examples is shown by docs-page.test.ts.
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { build } from 'esbuild';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { beginningOf, languages, samplesOf } from '../../clients/samples/generate.mjs';
import { environment, repository } from './support/environment.js';
import { answer, ScriptedService, sdkSource, type Seen } from './support/sdk.js';

const execute = promisify(execFile);
const picture = Buffer.from('not even a picture');
let document: any;
let samples: ReturnType<typeof samplesOf>;
let service: ScriptedService;
let folder: string;

// A yes to whatever was asked, by what the package looks for: a portal's 200 is none to it.
function yesTo(seen: Seen): object {
  const ofBody = /"clientRequestId":\s*"([^"]+)"/.exec(seen.body.toString())?.[1];
  const clientRequestId = ofBody ?? String(seen.headers['idempotency-key']).replaceAll('"', '');
  const tokens = {
    sessionId: randomUUID(),
    user: {},
    accessToken: 'a.b.c',
    refreshToken: 'r',
    expiresAt: '2030-01-01T00:00:00Z',
  };
  const webhooks = {
    secret: 's',
    publicKey: 'p',
    deliveryId: randomUUID(),
    eventId: randomUUID(),
    count: 0,
    missed: 0,
  };
  return {
    id: randomUUID(),
    clientRequestId,
    data: [],
    nextCursor: null,
    results: [],
    summary: {},
    ...tokens,
    ...webhooks,
  };
}

beforeAll(async () => {
  const { stdout } = await execute(environment.binary, ['openapi'], { maxBuffer: 64 << 20 });
  document = JSON.parse(stdout);
  samples = samplesOf(document);
  folder = await mkdtemp(path.join(tmpdir(), 'e2e-samples-'));
  await writeFile(path.join(folder, 'picture.jpg'), picture);
  service = await ScriptedService.start((seen, response) => answer(response, 200, yesTo(seen)));
});
afterAll(async () => {
  await service?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
});

test('the pages are what the OpenAPI document says', async () => {
  const checking = execute('node', [path.join(repository, 'clients/samples/generate.mjs'), '--check']);
  checking.child.stdin!.end(JSON.stringify(document));
  await checking;
});

test('each operation has one in each language, and no word of it is missing', () => {
  expect(samples.length).toBeGreaterThan(150);
  for (const { id, code } of samples)
    for (const name of Object.keys(languages))
      expect(code[name], `${id} ${name}`).not.toMatch(/undefined|\[object|NaN/);
});

// One program a language: each sample a part of its own, in the order of the document.
const programs: Record<string, () => Promise<[command: string, ...args: string[]]>> = {
  curl: async () => {
    const parts = samples.map(({ code }) => code.curl!.replaceAll(/^curl /gm, 'curl -sS -o /dev/null '));
    await writeFile(path.join(folder, 'all.sh'), [`set -euo pipefail\n${beginningOf('curl')}`, ...parts].join('\n'));
    return ['bash', 'all.sh'];
  },
  typescript: async () => {
    const parts = samples.map(({ code }) => `{\n${code.typescript!.replace(/^import .*\n\n/, '')}\n}`);
    const contents = `import { readFile } from 'node:fs/promises';\n${beginningOf('typescript')}\n${parts.join('\n')}`;
    const stdin = { contents, resolveDir: folder, loader: 'ts' as const };
    const alias = { 'backend-api-client': path.join(sdkSource, 'src/node.ts') };
    const options = { bundle: true, write: false, format: 'esm', platform: 'node', target: 'es2022', alias } as const;
    const built = await build({ stdin, ...options });
    await writeFile(path.join(folder, 'all.mjs'), built.outputFiles[0]!.contents);
    return ['node', 'all.mjs'];
  },
  php: async () => {
    await writeFile(
      path.join(folder, 'all.php'),
      [beginningOf('php'), ...samples.map(({ code }) => code.php!)].join('\n'),
    );
    return ['php', '-d', 'error_reporting=-1', '-d', 'display_errors=stderr', 'all.php'];
  },
  python: async () => {
    const text = [beginningOf('python'), ...samples.map(({ code }) => code.python!)].join('\n');
    await writeFile(path.join(folder, 'all.py'), text);
    return ['python3', '-W', 'error', 'all.py'];
  },
};

test('what can be run is run', () => {
  const run = Object.entries(languages).filter(([, language]) => language.run);
  expect(run.map(([name]) => name).sort()).toEqual(Object.keys(programs).sort());
});

describe.each(Object.keys(programs))('%s', (language) => {
  test('sends what the document says', async () => {
    const [command, ...args] = await programs[language]!();
    service.seen.length = 0;
    const env = { PATH: process.env.PATH, HOME: folder, BASE_URL: service.url, TOKEN: 'header.payload.signature' };
    const { stderr } = await execute(command, args, { cwd: folder, env, timeout: 600_000 });
    // Node may say what is experimental in it.
    expect(stderr.replaceAll(/^.*ExperimentalWarning.*\n|^\(Use .*\n/gm, '')).toBe('');
    expect(service.seen.length).toBe(samples.length);
    const keys = new Set<unknown>();
    samples.forEach(({ id, asked }, index) => {
      const seen = service.seen[index]!;
      expect({ id, method: seen.method, path: seen.path }).toEqual({ id, method: asked.method, path: asked.target });
      expect(bodyOf(seen), id).toEqual(asked.binary ? picture.toString() : asked.body);
      const type = asked.binary ?? (asked.body === undefined ? undefined : 'application/json');
      if (type) expect(String(seen.headers['content-type']), id).toMatch(type);
      if (asked.secured) expect(seen.headers.authorization, id).toBe('Bearer header.payload.signature');
      expect(seen.headers['if-match'], id).toBe(
        asked.version === undefined ? asked.headers['If-Match'] : `"${asked.version}"`,
      );
      for (const [name, value] of Object.entries(asked.headers))
        expect(seen.headers[name.toLowerCase()], id).toBe(value);
      const key = seen.headers['idempotency-key'];
      if (!asked.keyed) return;
      expect(String(key), id).toMatch(/^[\w-]{32,36}$/);
      expect(keys.has(key), `${id}: a key for the second time`).toBe(false);
      keys.add(key);
    });
  });
});

function bodyOf({ body }: Seen): unknown {
  if (body.length === 0) return undefined;
  return body.equals(picture) ? picture.toString() : JSON.parse(body.toString());
}

test("TypeScript's types take each example", async () => {
  const parts = samples.map(
    ({ code }) => `async () => {\n${code.typescript!.replace(/^import .*\n\n/, '')}\nreturn reply;\n},`,
  );
  const text = `import { readFile } from 'node:fs/promises';\n${beginningOf('typescript')}\nexport const all = [\n${parts.join('\n')}\n];\n`;
  await mkdir(path.join(repository, '.cache'), { recursive: true });
  const folderOfTypes = await mkdtemp(path.join(repository, '.cache/samples-'));
  try {
    await writeFile(path.join(folderOfTypes, 'all.ts'), text);
    const paths = { 'backend-api-client': [path.join(sdkSource, 'src/index.ts')] };
    const options = { strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom'], types: ['node'] };
    const compilerOptions = { ...options, module: 'nodenext', moduleResolution: 'nodenext', skipLibCheck: true, paths };
    await writeFile(path.join(folderOfTypes, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['all.ts'] }));
    const tsc = path.join(repository, 'node_modules/.bin/tsc');
    const said = await execute(tsc, ['-p', folderOfTypes]).then(
      () => '',
      ({ stdout }) => String(stdout),
    );
    expect(said).toBe('');
  } finally {
    await rm(folderOfTypes, { recursive: true, force: true });
  }
});
