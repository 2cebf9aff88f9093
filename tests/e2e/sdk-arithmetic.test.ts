// The till's arithmetic: WebAssembly out of pos/arithmetic gives the bits that the service's own build of it gives, for every vector of its
// tests and for random baskets, and the service accepts what it says.
//
//     bin/test --long       a million baskets; writes docs/runs/arithmetic-wasm.json
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Arithmetic, Basket, Computed, LineAmounts } from '../../clients/typescript/src/arithmetic/index.js';
import { environment } from './support/environment.js';
import { newSeed, recordRun, seeded } from './support/runs.js';
import { installSdk, type InstalledSdk } from './support/sdk.js';
import { type Service, startService } from './support/service.js';
import { openShop, type Shop } from './support/shop.js';

let sdk: InstalledSdk;
let module: WebAssembly.Module;
let bytes: Buffer;
let arithmetic: Arithmetic;

beforeAll(async () => {
  sdk = await installSdk();
  bytes = await readFile(path.join(sdk.root, 'dist/arithmetic.wasm'));
  module = await WebAssembly.compile(new Uint8Array(bytes));
  const { loadArithmetic } = await import(path.join(sdk.root, 'dist/esm/arithmetic/index.js'));
  arithmetic = await loadArithmetic();
});
afterAll(async () => {
  await sdk?.remove();
});

// What the native build says (pos/arithmetic/vectors_for_test.cpp): a request and its reply, in turn.
async function* vectors(...wanted: string[]): AsyncGenerator<[request: Buffer, reply: Buffer]> {
  const program = path.join(path.dirname(environment.binary), 'arithmetic/pos_arithmetic_vectors');
  const child = spawn(program, wanted, { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  let held: Buffer = Buffer.alloc(0);
  let request: Buffer | undefined;
  for await (const piece of child.stdout as AsyncIterable<Buffer>) {
    held = held.length === 0 ? piece : Buffer.concat([held, piece]);
    let at = 0;
    for (; held.length - at >= 4; at += 4 + held.readUInt32LE(at)) {
      const end = at + 4 + held.readUInt32LE(at);
      if (end > held.length) break;
      const frame = held.subarray(at + 4, end);
      if (request) yield [request, frame];
      request = request ? undefined : frame;
    }
    held = held.subarray(at);
  }
  expect([await ended, held.length, request]).toEqual([0, 0, undefined]);
}

function rawModule(): (request: Buffer) => Buffer {
  const { memory, reserve, release, answer, _initialize } = new WebAssembly.Instance(module).exports as any;
  _initialize();
  return (request) => {
    const from = reserve(request.length);
    Buffer.from(memory.buffer).set(request, from);
    const at = answer(from, request.length);
    const whole = Buffer.from(memory.buffer);
    const reply = Buffer.from(whole.subarray(at + 4, at + 4 + whole.readUInt32LE(at)));
    release(at);
    release(from);
    return reply;
  };
}

// A request and a reply once more, without the package's own reader; null where an amount is more than a number holds.
class Frame {
  private at = 0;
  exact = true;
  constructor(private readonly frame: Buffer) {}
  u32 = (): number => this.frame.readUInt32LE((this.at += 4) - 4);
  i32 = (): number => this.frame.readInt32LE((this.at += 4) - 4);
  i64 = (): number => {
    const value = this.frame.readBigInt64LE((this.at += 8) - 8);
    this.exact &&= Number.isSafeInteger(Number(value)) && BigInt(Number(value)) === value;
    return Number(value);
  };
  text = (): string => {
    const size = this.u32();
    return this.frame.subarray(this.at, (this.at += size)).toString();
  };
  decimal = (): string => {
    const value = this.frame.readBigInt64LE((this.at += 8) - 8);
    this.exact &&= value > -(2n ** 53n) && value < 2n ** 53n;
    const magnitude = String(value < 0n ? -value : value).padStart(5, '0');
    return `${value < 0n ? '-' : ''}${magnitude.slice(0, -4)}.${magnitude.slice(-4)}`;
  };
  amounts = (): LineAmounts => ({
    gross: this.i64(),
    discount: this.i64(),
    orderDiscountShare: this.i64(),
    net: this.i64(),
    tax: this.i64(),
    total: this.i64(),
  });
}

function asked(request: Buffer): (() => Computed<any>) | null {
  const frame = new Frame(request);
  const { u32, i32, i64, text, decimal, amounts } = frame;
  const operation = u32();
  if (operation === 3) {
    const [amount, unit] = [i64(), i64()];
    return frame.exact ? () => arithmetic.roundCash(amount, unit) : null;
  }
  if (operation === 2) {
    const [original, originalQuantity, returned] = [amounts(), decimal(), amounts()];
    const [returnedQuantity, quantity, taxInclusive] = [decimal(), decimal(), u32() === 1];
    const input = { original, originalQuantity, returned, returnedQuantity, quantity, taxInclusive };
    return frame.exact ? () => arithmetic.returnLine(input) : null;
  }
  const [orderDiscount, cashRounding, byLine] = [i64(), i64(), u32() === 1];
  const lines = Array.from({ length: u32() }, () => {
    const [quantity, unitPrice, discount] = [decimal(), i64(), i64()];
    const [lineNumber, taxRatePpm, taxInclusive, taxCode] = [i32(), i32(), u32() === 1, text()];
    return { quantity, unitPrice, discount, lineNumber, taxRatePpm, taxInclusive, taxCode };
  });
  const basket: Basket = { lines, orderDiscount, cashRounding, taxRounding: byLine ? 'line' : 'rate_group' };
  return frame.exact ? () => arithmetic.computeSale(basket) : null;
}

const codes =
  'overflow no_lines duplicate_line_number quantity_not_positive unit_price_negative rate_negative discount_out_of_range order_discount_out_of_range total_negative cash_unit_not_positive weights_out_of_range return_quantity_out_of_range return_amounts_inconsistent'.split(
    ' ',
  );

function expected(operation: number, reply: Buffer): Computed<any> {
  const frame = new Frame(reply);
  const { u32, i32, i64, text, amounts } = frame;
  const [status, lineNumber] = [u32(), i32()];
  if (status !== 0) {
    const ofLine = lineNumber !== 0 || (status >= 3 && status <= 7);
    return { ok: false, error: { code: codes[status - 1] as any, ...(ofLine && { lineNumber }) } };
  }
  const data = (): unknown => {
    if (operation === 3) return i64();
    if (operation === 2) return amounts();
    const [subtotal, discountTotal, inclusiveTaxTotal, exclusiveTaxTotal] = [i64(), i64(), i64(), i64()];
    const [taxTotal, cashRounding, total] = [i64(), i64(), i64()];
    const lines = Array.from({ length: u32() }, () => ({ ...amounts(), lineNumber: i32() }));
    const taxGroups = Array.from({ length: u32() }, () => ({
      taxableNet: i64(),
      tax: i64(),
      taxRatePpm: i32(),
      taxInclusive: u32() === 1,
      taxCode: text(),
    }));
    const sums = { subtotal, discountTotal, inclusiveTaxTotal, exclusiveTaxTotal, taxTotal, cashRounding, total };
    return { ...sums, lines, taxGroups };
  };
  const read = data();
  return frame.exact ? { ok: true, data: read } : { ok: false, error: { code: 'overflow' } };
}

// Bits by the module; each `every`th through the package's own functions as well.
async function compare(every: number, ...wanted: string[]): Promise<{ calculations: number; typed: number }> {
  const answer = rawModule();
  let [calculations, typed] = [0, 0];
  for await (const [request, reply] of vectors(...wanted)) {
    if (!answer(request).equals(reply))
      throw new Error(`not the same bits: ${wanted.join(' ')}, ${request.toString('hex')}`);
    if (calculations++ % every !== 0) continue;
    const calculate = asked(request);
    if (!calculate) continue;
    typed++;
    expect(calculate(), request.toString('hex')).toEqual(expected(request.readUInt32LE(0), reply));
  }
  return { calculations, typed };
}

test("every vector of the service's own tests", async () => {
  const { calculations, typed } = await compare(1, 'golden');
  expect(calculations).toBeGreaterThan(100);
  expect(typed).toBeGreaterThan(50);
});

test('random baskets', async () => {
  const seed = newSeed();
  const baskets = environment.long ? 1_000_000 : 4_000;
  const began = performance.now();
  const { calculations, typed } = await compare(environment.long ? 100 : 4, 'random', String(seed), String(baskets));
  const seconds = Math.round(performance.now() - began) / 1000;
  console.log(`${baskets} baskets of seed ${seed}: ${calculations} calculations, the same bits`);
  expect(calculations).toBeGreaterThan(baskets * 2);
  expect(typed).toBeGreaterThan(100);
  if (environment.long)
    await recordRun('arithmetic-wasm', { seed, baskets, calculations, typed, different: 0, seconds });
}, 3_600_000);

describe('the module', () => {
  test('imports nothing, and is small', () => {
    expect(WebAssembly.Module.imports(module)).toEqual([]);
    const gzip = gzipSync(bytes, { level: 9 }).length;
    console.log(`arithmetic.wasm: ${bytes.length} bytes, gzip ${gzip}, brotli ${brotliCompressSync(bytes).length}`);
    expect(gzip).toBeLessThan(40_000);
  });

  test('is the same from either form of modules, and from the file', async () => {
    const program = (load: string): string => `${load}
async function main() {
  for (const given of [undefined, await WebAssembly.compile(require_('fs').readFileSync(require_.resolve('backend-api-client/arithmetic.wasm')))])
    console.log(JSON.stringify((await loadArithmetic(given)).roundCash(12345, 100)));
}
main();`;
    const esm =
      "import { loadArithmetic } from 'backend-api-client/arithmetic'; import { createRequire } from 'node:module'; const require_ = createRequire(import.meta.url);";
    const cjs = "const { loadArithmetic } = require('backend-api-client/arithmetic'); const require_ = require;";
    const twice = '{"ok":true,"data":-45}\n'.repeat(2);
    expect(await sdk.run('sum.mjs', program(esm))).toBe(twice);
    expect(await sdk.run('sum.cjs', program(cjs))).toBe(twice);
  });
});

describe('what is no basket', () => {
  const line = { lineNumber: 1, quantity: '1', unitPrice: 100 };
  const sum = (changes: object, whole: object = {}): Computed<any> =>
    arithmetic.computeSale({ taxRounding: 'line', lines: [{ ...line, ...changes }], ...whole });
  const error = (code: string, lineNumber?: number): object => ({
    ok: false,
    error: { code, ...(lineNumber && { lineNumber }) },
  });

  test.each([
    ['a quantity of five decimals', { quantity: '1.00001' }],
    ['a quantity of the wrong country', { quantity: '1,5' }],
    ['an exponent', { quantity: '1e3' }],
    ['leading zeros', { quantity: '01' }],
    ['nothing behind the point', { quantity: '1.' }],
    ['a quantity as a number', { quantity: 1 }],
    ['half a cent', { unitPrice: 0.5 }],
    ['more than a number holds', { unitPrice: 2 ** 53 }],
    ['no number', { discount: Number.NaN }],
    ['a rate of 64 bits', { taxRatePpm: 2 ** 40 }],
    ['a rate beyond 31 bits', { taxRatePpm: 2 ** 32 - 1 }],
  ])('%s', (_, changes) => {
    expect(sum(changes)).toEqual(error('malformed', 1));
  });

  test('another way of rounding, too many lines, a total that no number holds', () => {
    expect(sum({}, { taxRounding: 'bankers' })).toEqual(error('malformed'));
    expect(sum({ lineNumber: 3e9 })).toEqual(error('malformed', 3e9));
    for (const lines of [undefined, null, {}, [null], ['x']]) expect(sum({}, { lines })).toEqual(error('malformed'));
    const lines = (count: number): object => ({
      lines: Array.from({ length: count }, (_, index) => ({ ...line, lineNumber: index })),
    });
    expect(sum({}, lines(10_001))).toEqual(error('too_many_lines'));
    expect(sum({}, lines(10_000))).toMatchObject({ ok: true, data: { total: 1_000_000 } });
    expect(sum({ unitPrice: Number.MAX_SAFE_INTEGER, quantity: '2' })).toEqual(error('overflow'));
    expect(sum({}).ok).toBe(true);
  });

  test('null is what the service takes it for, and a tax code counts as far as the service keeps it', () => {
    const code = '🧾'.repeat(64);
    const done = arithmetic.computeSale({
      taxRounding: 'rate_group',
      lines: [
        { ...line, taxCode: `${code}a`, taxRatePpm: 160_000, taxInclusive: true },
        { ...line, lineNumber: 2, taxCode: `${code}b`, taxRatePpm: 160_000 },
        { ...line, lineNumber: 3, taxCode: null as never, taxRatePpm: null as never, discount: undefined },
      ],
    });
    expect(done.ok && done.data.taxGroups.map((group) => group.taxCode)).toEqual(['', code]);
  });
});

describe('the service', () => {
  let service: Service;
  let shop: Shop;
  beforeAll(async () => {
    service = await startService();
    shop = await openShop(service, { variants: 3, devices: 0 });
  });
  afterAll(async () => {
    await service?.stop();
  });

  test('accepts what the till has computed, and computes the same tax for each line', async () => {
    const seed = newSeed();
    const randomInt = seeded(seed);
    for (let round = 0; round < 12; ++round) {
      const lines = Array.from({ length: 1 + randomInt(6) }, (_, index) => {
        const { id, name, taxCode, taxRatePpm } = shop.variants[randomInt(3)]!;
        const [unitPrice, taxInclusive] = [1 + randomInt(50_000), randomInt(2) === 0];
        const quantity = `${1 + randomInt(9)}.${1 + randomInt(9998)}`;
        return { lineNumber: index + 1, variantId: id, name, quantity, unitPrice, taxInclusive, taxCode, taxRatePpm };
      });
      const taxRounding = round % 2 ? ('line' as const) : ('rate_group' as const);
      const basket = { lines, taxRounding, orderDiscount: randomInt(2) };
      const before = arithmetic.computeSale(basket);
      if (!before.ok) throw new Error(before.error.code);
      const rounding = arithmetic.roundCash(before.data.total, 100);
      if (!rounding.ok) throw new Error(rounding.error.code);
      const done = arithmetic.computeSale({ ...basket, cashRounding: rounding.data });
      if (!done.ok) throw new Error(done.error.code);
      const { total, taxTotal, cashRounding } = done.data;
      const sale = {
        ...basket,
        locationId: shop.location.id,
        occurredAt: new Date().toISOString(),
        cashRounding,
        total,
        taxTotal,
        lines: lines.map((one, index) => ({
          ...one,
          gross: done.data.lines[index]!.gross,
          taxAmount: done.data.lines[index]!.tax,
        })),
        payments: total > 0 ? [{ method: 'cash', amount: total }] : [],
      };
      const clientRequestId = randomUUID();
      const headers = { 'Idempotency-Key': clientRequestId };
      const sold = await shop.api('POST', '/v1/sales', {
        token: shop.token,
        headers,
        body: { clientRequestId, ...sale },
      });
      expect(sold.status, `seed ${seed}: ${sold.text}`).toBe(201);
    }
  });
});
