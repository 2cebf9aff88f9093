// The pages of the payment providers as a reader would follow them (support/page.ts), with the demo shop and the simulators. M-Pesa's is
// longer, and has a test of its own.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { start as startFlutterwave } from '../simulators/flutterwave.mjs';
import { start as startPaystack } from '../simulators/paystack.mjs';
import { start as startPesapal } from '../simulators/pesapal.mjs';
import { start as startStripe } from '../simulators/stripe.mjs';
import { type ScratchDatabase, scratchDatabase } from './support/database.js';
import { environment } from './support/environment.js';
import { follow, readPage } from './support/page.js';
import { freePort } from './support/postgres.js';
import { run } from './support/process.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';

const starts = { flutterwave: startFlutterwave, paystack: startPaystack, pesapal: startPesapal, stripe: startStripe };
type Provider = keyof typeof starts;
const providers = Object.keys(starts) as Provider[];

const addresses: Partial<Record<Provider, string>> = {};
const ends: (() => Promise<unknown>)[] = [];
let database: ScratchDatabase;
let service: Service;

beforeAll(async () => {
  for (const provider of providers) {
    const simulator: any = await starts[provider]({ speed: 20 } as any);
    addresses[provider] = simulator.url;
    ends.push(() => (simulator.stop ?? simulator.close).call(simulator));
  }
  database = await scratchDatabase();
  const more = {
    ...Object.fromEntries(providers.map((one) => [`${one.toUpperCase()}_BASE_URL`, addresses[one]!])),
    // What the seed seals, the server opens; where the callbacks lead, the server listens.
    APP_SECRET: randomBytes(48).toString('base64url'),
    JWT_SECRET: randomBytes(48).toString('base64url'),
    PORT: String(await freePort()),
    JOB_QUEUES: 'all',
  };
  const env = serviceEnvironment(database, more);
  await migrate(env);
  const seeded = await run(environment.binary, ['seed'], env);
  expect(seeded.code, seeded.output).toBe(0);
  service = await startService({ database, env: more });
});

afterAll(async () => {
  await service?.stop();
  await database?.drop();
  for (const end of ends) await end();
});

describe.each(providers)('the page of %s', (provider) => {
  test('can be followed', async () => {
    const blocks = await readPage(`docs/guides/${provider}.md`);
    expect(blocks.length).toBeGreaterThan(1);
    const told = await follow(blocks, service.url, { SIMULATOR: addresses[provider]! });
    expect(told.code, told.output).toBe(0);
    for (const [at, block] of blocks.entries())
      for (const line of block.expected) expect(told.outputs[at], `${block.commands}\n${told.output}`).toContain(line);
  });
});
