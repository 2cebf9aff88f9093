// bin/demo-day plays a day and balances it; and it would notice if the books were wrong.
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { playDay } from '../demo-day/demo-day.mjs';
import { repository } from './support/environment.js';
import { run } from './support/process.js';
import { type Service, startService } from './support/service.js';
import { openShop, password, type Shop } from './support/shop.js';

let service: Service;
let shop: Shop;

beforeAll(async () => {
  service = await startService();
  shop = await openShop(service, { variants: 30, devices: 0 });
});

afterAll(async () => {
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

test('a day balances to the cent', async () => {
  const args = ['--url', service.url, '--email', shop.email, '--password', password, '--sales', '90', '--minute', '2'];
  const day = await run(path.join(repository, 'bin/demo-day'), args, process.env);
  expect(day.code, day.output).toBe(0);
  expect(day.output).toMatch(/The day balances to the cent: \d+ sales, each recorded once\./);
  expect(day.output).toMatch(/Till B OFFLINE \d+ queued/);
  expect(day.output).toMatch(/takings mpesa +([\d,.]+) +\1 +0\.00/);
  expect(day.output).toContain('clock 1095 days ahead');
  const [row] = await service.database.query<{ sales: string; ahead: string }>(
    `select count(*) as sales, count(*) filter (where 'clock_ahead' = any(flags)) as ahead from sales`,
  );
  expect(Number(row!.sales)).toBeGreaterThan(50);
  expect(Number(row!.ahead)).toBeGreaterThan(5);
});

test('a shelf that somebody changed behind the books is found', async () => {
  const printed: string[] = [];
  let changed = false;
  const progress = async (line: string) => {
    if (changed || !line.startsWith('15:')) return;
    changed = true;
    await service.database.query('update stock_levels set on_hand = on_hand - 1 where variant_id = $1', [
      shop.variants[0]!.id,
    ]);
  };
  const print = (line: string) => printed.push(line);
  const onReply = service.check;
  const day = { url: service.url, email: shop.email, password, sales: 30, minuteMs: 1, progress, print, onReply };
  expect(await playDay(day), printed.join('\n')).toBe(false);
  expect(printed.join('\n')).toContain(`NOT BALANCED  article ${shop.variants[0]!.id}`);
});

test('nothing to talk to is said in one line', async () => {
  const day = await run(path.join(repository, 'bin/demo-day'), ['--url', 'http://127.0.0.1:1'], process.env);
  expect(day.code).toBe(1);
  expect(day.output).toContain('start bin/dev first');
});
