// The pages of the payment providers and of payouts as a reader would follow them (support/page.ts), with the demo shop and the simulators.
// M-Pesa's is longer, and has a test of its own.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { start as startDaraja } from '../simulators/daraja.mjs';
import { start as startFlutterwave } from '../simulators/flutterwave.mjs';
import { start as startPaystack } from '../simulators/paystack.mjs';
import { start as startPesapal } from '../simulators/pesapal.mjs';
import { start as startStripe } from '../simulators/stripe.mjs';
import { type ScratchDatabase } from './support/database.js';
import { follow, readPage } from './support/page.js';
import { demoDatabase, type Service, settingsOfDemo, startService } from './support/service.js';

// By the page's name.
const starts = {
  flutterwave: startFlutterwave,
  paystack: startPaystack,
  payouts: startDaraja,
  pesapal: startPesapal,
  stripe: startStripe,
};
const settingOf = (page: string): string => (page === 'payouts' ? 'MPESA_BASE_URL' : `${page.toUpperCase()}_BASE_URL`);
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
  const more = {
    ...Object.fromEntries(providers.map((one) => [settingOf(one), addresses[one]!])),
    ...(await settingsOfDemo()),
  };
  database = await demoDatabase(more);
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
