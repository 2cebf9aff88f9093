// docs/guides/from-koa/: a page for each package of the stack that this one stands for. The Node code is code, ours is what is compiled or
// tested (bin/lint compares each block with its file), and no package is left out.
import { access, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { transform } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { repository } from './support/environment.js';

const folder = 'docs/guides/from-koa';
const names = (await readdir(path.join(repository, folder))).sort();
const read = (file: string) => readFile(path.join(repository, file), 'utf8');
const texts = await Promise.all(names.map((name) => read(`${folder}/${name}`)));
const pages = names.map((name, at) => [name, texts[at]!] as const);
const headings = texts.map((text) => /^# (.+)$/m.exec(text)![1]!.toLowerCase()).join('\n');

// As the technology specification names them, and the page of what has another name here.
const packages = [
  'Koa',
  'Drizzle ORM',
  'drizzle-kit',
  'pg',
  'Zod',
  'zod-to-openapi',
  'Swagger UI',
  '@koa/cors',
  'koa-bodyparser',
  '@koa/router',
  'koa-helmet',
  'koa-compress',
  'koa-static',
  'jose',
  'koa-jwt',
  'argon2',
  '@koa/csrf',
  'permissions',
  'koa-ratelimit',
  'ioredis',
  'sanitize-html',
  'dotenv',
  'Pino',
  'koa-pino-logger',
  'uuid',
  'Error middleware',
  'prom-client',
  'BullMQ',
  'Schedulers',
  'clientRequestId',
  'Vitest',
  'Supertest',
  'ESLint',
  'Prettier',
  'Husky',
  'lint-staged',
  'tsx',
  'nodemon',
  'tsup',
  'esbuild',
  'swc',
  'Client SDK',
  'undici',
  'axios',
  'M-Pesa',
  'Stripe',
  'Flutterwave',
  'Nodemailer',
  'africastalking',
  'twilio',
  'multer',
  'busboy',
  '@aws-sdk/client-s3',
  'Cloudinary',
  'ws',
  'Socket.IO',
  'Pusher',
  'Ably',
  'Graceful shutdown',
  'health',
  'Docker',
];

test.each(packages)('%s has its page', (name) => expect(headings).toContain(name.toLowerCase()));

describe.each(pages)('%s', (_, text) => {
  const [node, ...ours] = [...text.matchAll(/^(<!-- part of: (\S+) -->\n)?```(\w+)\n([\s\S]*?)^```$/gm)];

  test('shows Node code that is TypeScript, and ours from a file that is built or run', async () => {
    expect(node![3]).toBe('ts');
    expect(node![2]).toBeUndefined();
    expect((await transform(node![4]!, { loader: 'ts', format: 'esm' })).warnings).toEqual([]);
    expect(ours.length).toBeGreaterThan(0);
    for (const [, , file] of ours) await access(path.join(repository, file!));
  });

  test('says what differs', () => {
    expect(/^## What differs\n\n((?:- .+\n)+)/m.exec(text)?.[1]!.split('\n').length).toBeGreaterThan(1);
  });
});
