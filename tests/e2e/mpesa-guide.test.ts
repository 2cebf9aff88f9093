// docs/guides/mpesa.md as a reader would follow it (support/page.ts), with the demo shop and the simulator, whose clock runs faster.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Daraja, start as startDaraja } from '../simulators/daraja.mjs';
import { type ScratchDatabase } from './support/database.js';
import { follow, readPage, type Told } from './support/page.js';
import { demoDatabase, type Service, settingsOfDemo, startService } from './support/service.js';

const page = 'docs/guides/mpesa.md';
const blocks = await readPage(page);

let daraja: Daraja;
let database: ScratchDatabase;
let service: Service;
let told: Told;

beforeAll(async () => {
  daraja = await startDaraja({ port: 0, speed: 30 });
  // As bin/dev has them.
  const more = {
    MPESA_BASE_URL: daraja.url,
    BILLING_MPESA_CREDENTIALS: JSON.stringify({
      environment: 'sandbox',
      kind: 'paybill',
      shortCode: '174380',
      consumerKey: 'billing-key',
      consumerSecret: 'billing-secret',
      passkey: 'billing-passkey',
    }),
    ...(await settingsOfDemo()),
  };
  database = await demoDatabase(more);
  service = await startService({ database, env: more });
  told = await follow(blocks, service.url);
});

afterAll(async () => {
  await service?.stop();
  await database?.drop();
  await daraja?.close();
});

test('the page has something to run', () => {
  expect(blocks.length).toBeGreaterThan(3);
});

describe(page, () => {
  test.each(blocks.map((block, index) => [index + 1, block.heading, block] as const))(
    'block %i: %s',
    (number, _, block) => {
      expect(told.outputs.length, `an earlier block failed:\n${told.output}`).toBeGreaterThanOrEqual(number);
      for (const line of block.expected) expect(told.outputs[number - 1], block.commands).toContain(line);
    },
  );

  test('every command succeeded', () => {
    expect(told.code, told.output).toBe(0);
  });
});
