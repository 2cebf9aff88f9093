// docs/guides/webhooks.md as a reader would follow it: its commands (support/page.ts), and its functions that verify, in each language.
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ScratchDatabase } from './support/database.js';
import { repository } from './support/environment.js';
import { follow, readPage, type Told } from './support/page.js';
import { run } from './support/process.js';
import { demoDatabase, type Service, startService } from './support/service.js';

const page = 'docs/guides/webhooks.md';
const blocks = await readPage(page);
const markdown = await readFile(path.join(repository, page), 'utf8');
const verifyBlock = (language: string): string =>
  markdown.match(new RegExp(`^\`\`\`${language} verify\\n([\\s\\S]*?)^\`\`\`$`, 'm'))![1]!;

let database: ScratchDatabase;
let service: Service;
let told: Told;
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'e2e-webhooks-'));
  database = await demoDatabase();
  service = await startService({ database, env: { APP_ENV: 'development', JOB_QUEUES: 'all' } });
  told = await follow(blocks, service.url);
});

afterAll(async () => {
  await service?.stop();
  await database?.drop();
  await rm(directory, { recursive: true });
});

describe(page, () => {
  test('has something to run, and every command succeeds', () => {
    expect(blocks.length).toBe(3);
    expect(told.code, told.output).toBe(0);
  });

  test.each(blocks.map((block, index) => [index + 1, block] as const))('block %i', (number, block) => {
    expect(block.expected.length).toBeGreaterThan(0);
    for (const line of block.expected) expect(told.outputs[number - 1], block.commands).toContain(line);
  });
});

interface Case {
  name: string;
  secret: string;
  headers: Record<string, string>;
  body: string;
  good: boolean;
}

function cases(): Case[] {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const id = randomUUID();
  const body = '{"name":"Sukari 🍬","total":22500}';
  const signed = (at: Date): Record<string, string> => ({
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  });
  const now = signed(new Date());
  const of = (name: string, good: boolean, more: Partial<Case>): Case => ({
    name,
    secret,
    headers: now,
    body,
    good,
    ...more,
  });
  return [
    of('as it was sent', true, {}),
    of('with a second signature', true, {
      headers: { ...now, 'webhook-signature': `v1a,AAAA v1,AAAA ${now['webhook-signature']}` },
    }),
    of('another body', false, { body: `${body} ` }),
    of('another id', false, { headers: { ...now, 'webhook-id': randomUUID() } }),
    of('another secret', false, { secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }),
    of('old', false, { headers: signed(new Date(Date.now() - 600_000)) }),
    of('from the future', false, { headers: signed(new Date(Date.now() + 600_000)) }),
    of('no time', false, { headers: { ...now, 'webhook-timestamp': 'soon' } }),
    of('no signature', false, { headers: { ...now, 'webhook-signature': '' } }),
    of('no headers', false, { headers: {} }),
  ];
}

const expected = (): string =>
  cases()
    .map(({ good }) => (good ? '1' : '0'))
    .join('');

// Runs a program that reads the cases and says 1 or 0 for each.
async function judge(command: string, file: string, program: string): Promise<string> {
  await writeFile(path.join(directory, 'cases.json'), JSON.stringify(cases()));
  await writeFile(path.join(directory, file), program);
  const { code, output } = await run(
    command,
    [path.join(directory, file), path.join(directory, 'cases.json')],
    process.env,
  );
  expect(code, output).toBe(0);
  return output.trim();
}

describe('its functions take what is genuine, and nothing else', () => {
  test('TypeScript', async () => {
    const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(verifyBlock('ts'), { compilerOptions: options });
    const program = `${outputText}
import { readFileSync } from 'node:fs';
const cases = JSON.parse(readFileSync(process.argv[2], 'utf8'));
console.log(cases.map((one) => (verify(one.secret, one.headers, one.body) ? '1' : '0')).join(''));
`;
    expect(await judge('node', 'verify.mjs', program)).toBe(expected());
  });

  test('PHP', async () => {
    const program = `<?php\n${verifyBlock('php')}
foreach (json_decode(file_get_contents($argv[1]), true) as $one) {
    echo verify($one['secret'], $one['headers'], $one['body']) ? '1' : '0';
}\n`;
    expect(await judge('php', 'verify.php', program)).toBe(expected());
  });

  test('Python', async () => {
    const program = `${verifyBlock('python')}
import json, sys

for one in json.load(open(sys.argv[1])):
    print("1" if verify(one["secret"], one["headers"], one["body"].encode()) else "0", end="")
`;
    expect(await judge('python3', 'verify.py', program)).toBe(expected());
  });
});
