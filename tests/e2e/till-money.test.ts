// examples/till and money that could be taken twice, or not at all: two windows of one till, answers that come late or never, a full disk, and
// somebody who may not sell. One Chromium for all.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { noBrowser } from './support/browser.js';
import { ean13 } from './support/shop.js';
import { type OpenTill, openTill } from './support/till.js';
import { until } from './support/until.js';

const password = 'demo-shop-2026';
const asked = '**/v1/payment-intents';
const listed = /\/v1\/payment-intents\?/;
// Of the simulator: it pays at once.
const pays = '0700000001';
// Rings and never answers; of each test its own, as a phone has one prompt at a time.
let rings = '';
let phones = 200;

let opened: OpenTill;
let browser: BrowserContext;
let page: Page;

describe.skipIf(noBrowser)('examples/till and money', () => {
  beforeAll(async () => {
    opened = await openTill();
    ({ browser, page } = opened);
    // A window that is deaf has not heard yet what another one has stored.
    await browser.addInitScript(() => {
      addEventListener('storage', (event) => (globalThis as any).isDeaf && event.stopImmediatePropagation(), true);
    });
    await page.goto(opened.address);
    await logIn('owner');
    await page.getByLabel('Name of this till').fill('Counter');
    await page.getByRole('button', { name: 'Set up' }).click();
    await page.locator('.tile').first().waitFor();
  });
  beforeEach(() => {
    rings = `0733000${++phones}`;
    opened.daraja.script({ phone: `254${rings.slice(1)}`, scenario: { payer: 1037, after: 6_000, callbacks: 'none' } });
  });
  // The next one begins with an empty basket, in one window.
  afterEach(async () => {
    await browser.unrouteAll({ behavior: 'ignoreErrors' });
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    for (const other of browser.pages()) if (other !== page) await other.close();
    await page.evaluate(forget);
    await page.reload();
    await page.locator('.tile').first().waitFor();
  });
  afterAll(() => opened?.close());

  test('another window adds an article: a dialog is drawn anew, and sells nothing before it is', async () => {
    const other = await secondWindow();
    await scan(1, page);
    await page.bringToFront();
    await press('Cash');
    expect(await due()).toBe(15_000);
    await scan(2, other);
    await page.bringToFront();
    await expect.poll(() => due()).toBe(await totalIn(other));

    await hear(page, false);
    await scan(3, other);
    const all = await totalIn(other);
    await page.bringToFront();
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    await page.getByRole('alert').filter({ hasText: 'look at it again' }).waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await press('M-Pesa');
    await page.getByLabel("Code of the customer's message").fill('TAF7RT61SV');
    await page.getByRole('button', { name: 'Sell with this code' }).click();
    await page.getByRole('alert').filter({ hasText: 'look at it again' }).waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    expect((await basketIn(page)).lines).toHaveLength(3);

    await hear(page, true);
    await press('Cash');
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    expect(await saleOnReceipt()).toMatchObject({ total: all, lines: 3 });
  });

  test('what another window adds while it is sold begins the next basket', async () => {
    await scan(1, page);
    await press('Cash');
    // Between the check and the end of the sale: it is numbered then.
    await page.evaluate(() => {
      const put = IDBObjectStore.prototype.put;
      IDBObjectStore.prototype.put = function (...given: Parameters<typeof put>) {
        if (String(given[1]).startsWith('count ')) {
          IDBObjectStore.prototype.put = put;
          const basket = JSON.parse(localStorage.getItem('till.basket')!);
          basket.lines.push({ ...basket.lines[0], article: { ...basket.lines[0].article, variantId: 'another' } });
          basket.lines[0].quantity = '3';
          localStorage.setItem('till.basket', JSON.stringify(basket));
        }
        return put.apply(this, given);
      };
    });
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    expect(await saleOnReceipt()).toMatchObject({ total: 15_000, lines: 1 });
    expect((await basketIn(page)).lines.map(({ quantity }) => quantity)).toEqual(['2', '1']);
  });

  test.each<[string, boolean]>([
    ['whose payment is known there already', true],
    ['that nobody could ask about', false],
  ])('a prompt that was given up before its answer came, %s: no cash beside it', async (_, isListed) => {
    const answer = await holdAnswers();
    if (!isListed) await page.route(listed, (route) => route.abort());
    await askAndGiveUp(answer);
    if (!isListed) {
      await page.getByRole('button', { name: 'Ask the phone' }).waitFor();
      answer.release();
    }
    // M-Pesa takes no prompt back.
    await page.locator('.toast', { hasText: rings.slice(1) }).waitFor();
    await page.getByRole('button', { name: 'Cancel the request' }).waitFor();
    answer.release();
    await expect.poll(async () => (await basketIn(page)).intent).toBeDefined();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await expect.poll(() => payButton('Cash').isDisabled()).toBe(true);
  });

  test.each<[string, boolean, RegExp]>([
    ['is told', true, /was asked for .* as well/],
    ['may be of a sale that cannot be read', false, /may be what this basket was sold with/],
  ])('a prompt whose basket was sold for cash before its answer came %s', async (_, isReadable, told) => {
    const answer = await holdAnswers();
    await page.route(listed, (route) => route.abort());
    await askAndGiveUp(answer);
    await page.getByRole('button', { name: 'Ask the phone' }).waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await press('Cash');
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    await page.locator('.receipt').waitFor();
    if (!isReadable) await page.evaluate(unreadable);
    answer.release();
    await alertOfPhone(told).waitFor();
  });

  // The customer shows the message before the till has its answer.
  test.each<[string, { isPaid: boolean; isLost?: boolean; other?: string; told?: RegExp }]>([
    ['of this payment: nothing is told', { isPaid: true }],
    ['of this payment, whose answer is lost: nothing is told', { isPaid: true, isLost: true }],
    [
      'of another payment: it is told',
      { isPaid: true, other: 'TAF7RT62SV', told: /has paid .* as well, [A-Z0-9]{8,}: it is owed back/ },
    ],
    [
      'that may be of this payment: so it is told',
      { isPaid: false, other: 'TAF7RT63SV', told: /may be what this basket was sold with/ },
    ],
  ])('sold in the same dialog with a code %s', async (_, { isPaid, isLost, other, told }) => {
    if (isPaid) opened.daraja.script({ phone: `254${rings.slice(1)}`, scenario: { payer: 0, after: 3 } });
    const answer = await holdAnswers();
    await scan(1, page);
    const { saleId } = await basketIn(page);
    await press('M-Pesa');
    await ask(rings);
    await answer.isThere;
    if (isPaid) await until(async () => (await receiptOf(saleId)) !== null);
    await page.getByLabel("Code of the customer's message").fill(other ?? (await receiptOf(saleId))!);
    await page.getByRole('button', { name: 'Sell with this code' }).click();
    await page.locator('.receipt').waitFor();
    const looked = page.waitForResponse(/\/v1\/payment-intents\/[^/?]+$/);
    answer.release(isLost);
    await (await looked).finished();
    if (told) return alertOfPhone(told).waitFor();
    // As long as it would take.
    await sleep(250);
    expect(await alertOfPhone().count()).toBe(0);
  });

  test('a call that fails takes nothing from who is typing a code', async () => {
    let fail = (): void => {};
    const held = new Promise<void>((resolve) => (fail = resolve));
    await page.route(asked, async (route) => {
      await held;
      await route.abort();
    });
    await scan(1, page);
    await press('M-Pesa');
    await ask(rings);
    const code = page.getByLabel("Code of the customer's message");
    await code.pressSequentially('TAF7RT');
    fail();
    await page.getByText(`${rings} may have been asked all the same.`).waitFor();
    await page.keyboard.type('64SV');
    expect(await code.inputValue()).toBe('TAF7RT64SV');
    await page.keyboard.press('Enter');
    expect(await saleOnReceipt()).toMatchObject({ total: 15_000, lines: 1 });
  });

  test('two windows ask two phones in the same second: one of them rings', async () => {
    const other = await secondWindow();
    await scan(1, page);
    await other.locator('.lines .gross').waitFor();
    for (const [window, phone] of [
      [page, '0733000101'],
      [other, '0733000102'],
    ] as const) {
      await press('M-Pesa', window);
      await window.getByLabel("Customer's phone").fill(phone);
    }
    const { saleId } = await basketIn(page);
    const at = Date.now() + 3_000;
    const clickAt = (window: Page): Promise<void> =>
      window.evaluate(async (moment) => {
        const button = [...document.querySelectorAll('dialog button')].find(
          ({ textContent }) => textContent === 'Ask the phone',
        ) as HTMLElement;
        await new Promise((resolve) => setTimeout(resolve, moment - Date.now()));
        button.click();
      }, at);
    await Promise.all([page, other].map(clickAt));
    await Promise.any([page, other].map((window) => window.locator('.receipt').waitFor()));
    await until(async () => (await page.locator('dialog:not(.with-receipt)').count()) === 0);
    expect(await statesOf(saleId)).toEqual(['succeeded']);
  });

  test('a refusal says nothing of an earlier attempt without an answer: the phone stays asked', async () => {
    let attempts = 0;
    await page.route(asked, async (route) => {
      if (++attempts > 1) return refuse(route, 422, 'payment.account_missing');
      await route.fetch();
      await route.abort();
    });
    await scan(1, page);
    await press('M-Pesa');
    await ask(rings);
    await page.getByText(`${rings} may have been asked all the same.`).waitFor();
    await expect.poll(() => attempts).toBe(2);
    await expect.poll(async () => (await basketIn(page)).asking).toBeDefined();
    await expect.poll(() => payButton('Cash').isDisabled()).toBe(true);
  });

  test('without room to store the question nothing is asked; with room it is', async () => {
    await scan(1, page);
    await press('M-Pesa');
    await page.evaluate(() => {
      for (let size = 1 << 20, index = 0; size > 0;) {
        try {
          localStorage.setItem(`full-${index++}`, 'a'.repeat(size));
        } catch {
          size >>= 1;
        }
      }
    });
    await ask(pays);
    await page.locator('dialog .wrong:not(:empty)').waitFor();
    await expect.poll(() => payButton('Cash').isDisabled()).toBe(false);
    await page.evaluate(() => {
      for (const name of Object.keys(localStorage)) if (name.startsWith('full-')) localStorage.removeItem(name);
    });
    // The number is still there.
    await page.getByRole('button', { name: 'Ask the phone' }).click();
    await page.locator('.receipt').waitFor();
  });

  test('what nobody knows is given up by a person, who sees that', async () => {
    let state = 'unknown';
    await page.route(/\/v1\/payment-intents\/[^/?]+(\/cancel|\?.*)?$/, async (route) => {
      const isCancel = route.request().method() === 'POST';
      if (isCancel) state = 'cancelled';
      const message = isCancel ? 'The request was called off. No money moved.' : 'It is not known yet.';
      await answerAs(route, { state, message });
    });
    await scan(1, page);
    await press('M-Pesa');
    await ask(rings);
    await page.getByText('It is not known yet.').waitFor();
    await page.getByRole('button', { name: 'The customer has not paid' }).click();
    await page.getByRole('button', { name: 'Ask the phone' }).waitFor();
    const told = await page.locator('.body > .wrong:not(:empty)').innerText();
    expect(told).toMatch(/owed back/);
    expect(told).not.toMatch(/No money moved/);
    await expect.poll(() => payButton('Cash').isDisabled()).toBe(false);
  });

  test('money that is on its way back sells nothing', async () => {
    const back = { state: 'succeeded', refundHeld: 15_000 };
    await page.route(/\/v1\/payment-intents\/[^/?]+\?/, (route) => answerAs(route, back));
    await scan(1, page);
    await press('M-Pesa');
    await ask(rings);
    await page.locator('.body > .wrong', { hasText: 'back to the customer' }).waitFor();
    expect(await page.locator('.receipt').count()).toBe(0);
  });

  test('a phone that is busy with another payment was not asked: another one can be', async () => {
    await page.route(asked, (route) => refuse(route, 409, 'payment.prompt_open', { retriable: true, action: 'retry' }));
    await scan(1, page);
    await press('M-Pesa');
    await ask(rings);
    await page.locator('.body > .wrong', { hasText: 'busy with another payment' }).waitFor();
    await expect.poll(() => page.getByLabel("Customer's phone").getAttribute('readonly')).toBeNull();
    await expect.poll(async () => (await basketIn(page)).asking).toBeUndefined();
  });

  test.each<[string, boolean]>([
    ['is waited for when another one is asked', true],
    ['is told when another one is asked for what the basket is now', false],
  ])('a phone that was given up without a network, and rings, %s', async (_, isTheSame) => {
    await page.route(asked, async (route) => {
      await route.fetch();
      await route.abort();
    });
    await page.route(listed, (route) => route.abort());
    await scan(1, page);
    await press('M-Pesa');
    await ask(rings);
    await page.getByText(`${rings} may have been asked all the same.`).waitFor();
    await page.getByRole('button', { name: 'The customer does not pay this' }).click();
    await page.getByRole('button', { name: 'Ask the phone' }).waitFor();
    await page.unroute(listed);
    await page.unroute(asked);
    // Without the pauses of five seconds between attempts.
    await page.route(asked, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, json: { ...(await response.json()), retriable: false, action: 'fix' } });
    });
    if (!isTheSame) {
      await page.getByRole('button', { name: 'Close', exact: true }).click();
      await scan(2, page);
      await press('M-Pesa');
    }
    await ask(`0734000${phones}`);
    if (isTheSame) {
      await page.locator('.toast', { hasText: rings.slice(1) }).waitFor();
      await page.getByRole('button', { name: 'Cancel the request' }).waitFor();
    } else {
      const told = page.locator('.body > .wrong', { hasText: 'This basket has changed.' });
      await told.filter({ hasText: rings.slice(1) }).waitFor();
    }
    await expect.poll(async () => (await basketIn(page)).intent !== undefined).toBe(isTheSame);
    await expect.poll(async () => (await basketIn(page)).asking).toBeUndefined();
    await expect.poll(() => payButton('Cash').isDisabled()).toBe(isTheSame);
  });

  test('what was asked before a refusal stays asked, also for another cashier', async () => {
    await page.route(asked, async (route) => {
      await route.fetch();
      await route.abort();
    });
    await scan(1, page);
    await press('M-Pesa');
    await ask(rings);
    await page.getByText(`${rings} may have been asked all the same.`).waitFor();
    await page.unroute(asked);
    await page.route(asked, (route) => refuse(route, 403, 'auth.forbidden'));
    await page.reload();
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.getByText(`${rings} may have been asked all the same.`).waitFor();
    await expect.poll(() => payButton('Cash').isDisabled()).toBe(true);
    // The service knows it.
    await page.getByRole('button', { name: 'The customer does not pay this' }).click();
    await page.getByRole('button', { name: 'Cancel the request' }).waitFor();
  });

  // What is on the disk after a crash may be a minute old.
  test('a phone that was asked before a crash is not forgotten', async () => {
    await scan(1, page);
    const before = await page.evaluate(() => localStorage.getItem('till.basket')!);
    await press('M-Pesa');
    await ask(rings);
    await page.getByRole('button', { name: 'Cancel the request' }).waitFor();
    await page.evaluate((basket) => localStorage.setItem('till.basket', basket), before);
    await page.reload();
    await page.getByRole('button', { name: /Ask again|Cancel the request/ }).waitFor();
    await expect.poll(() => payButton('Cash').isDisabled()).toBe(true);
    expect((await basketIn(page)).lines).toHaveLength(1);
  });

  test('a basket that was sold before a crash is empty after it, and which till this is is known', async () => {
    await scan(1, page);
    const before = await page.evaluate(() => localStorage.getItem('till.basket')!);
    await press('Cash');
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    await page.locator('.receipt').waitFor();
    const crash = (): Promise<void> => page.evaluate((old) => localStorage.setItem('till.basket', old), before);
    await crash();
    await page.evaluate(() => localStorage.removeItem('till.setup'));
    await page.reload();
    await page.locator('.tile').first().waitFor();
    expect((await basketIn(page)).lines).toEqual([]);
    expect(await page.locator('.lines .gross').count()).toBe(0);
    // Nor does a window sell it again that has not looked.
    await crash();
    await hear(page, true);
    await press('Cash');
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    await page
      .locator('dialog[open]')
      .getByText(/This basket was sold before, as NRB1-/)
      .waitFor();
    expect(await page.locator('.receipt').count()).toBe(0);
  });

  test('a sale that cannot be read for a moment is not given up', async () => {
    await page.route('**/v1/sales', (route) => route.abort());
    await scan(1, page);
    await press('Cash');
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    await page.getByRole('button', { name: 'Next customer' }).click();
    await page.evaluate(unreadable);
    await page.locator('.indicator').click();
    await page.locator('.problem', { hasText: 'cannot be read at the moment' }).waitFor();
    expect(await page.getByRole('button', { name: 'Do not send' }).count()).toBe(0);
    await page.locator('.entry').first().click();
    await page.locator('.toast', { hasText: 'cannot be read' }).waitFor();
  });

  test('somebody who may not sell sells nothing, also what is paid already', async () => {
    await opened.daraja.script({ phone: '254733000999', scenario: { payer: 0, after: 900 } });
    // What waits for a colleague hides nothing.
    await page.route('**/v1/sales', (route) => route.abort());
    await scan(1, page);
    await press('Cash');
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    await page.getByRole('button', { name: 'Next customer' }).click();
    await scan(1, page);
    await press('M-Pesa');
    await ask('0733000999');
    await page.getByRole('button', { name: 'Cancel the request' }).waitFor();
    const { saleId } = await basketIn(page);
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await logOut();
    await logIn('viewer');
    await page.locator('.banner', { hasText: /may not sell at/ }).waitFor();
    expect([await payButton('Cash').isDisabled(), await payButton('M-Pesa').isDisabled()]).toEqual([true, true]);
    await until(async () => (await statesOf(saleId))[0] === 'succeeded');
    // A window that was open before knows it, too.
    await page.reload();
    await page.locator('.banner', { hasText: /may not sell at/ }).waitFor();
    expect(await page.locator('dialog').count()).toBe(0);
    await page.locator('.banner').getByRole('button', { name: 'Log out' }).click();
    await logIn('cashier');
    expect(await saleOnReceipt()).toMatchObject({ total: 15_000, lines: 1 });
    await page.getByText('Served by David Kiprop.').waitFor();
  });

  test('whose right is taken while they sell is told when the first sale comes back', async () => {
    await scan(1, page);
    const { saleId } = await basketIn(page);
    let isRefused = false;
    // Of an earlier test one may still be on its way.
    await page.route('**/v1/sales', (route) => {
      if (!route.request().postData()?.includes(saleId)) return route.continue();
      isRefused = true;
      return refuse(route, 403, 'auth.forbidden');
    });
    await page.route('**/v1/auth/me', async (route) => {
      const reply = await route.fetch();
      const me = await reply.json();
      await route.fulfill({ response: reply, json: isRefused ? { ...me, permissions: ['sales.read'] } : me });
    });
    await press('Cash');
    await page.getByRole('button', { name: 'Sell', exact: true }).click();
    await page.locator('.receipt').waitFor();
    await page.locator('.banner', { hasText: /may not sell at/ }).waitFor();
    expect(opened.said).toEqual([]);
  });

  test('whose session has ended is told before anybody pays, and logs in again', async () => {
    await page.route('**/v1/**', (route) => refuse(route, 401, 'auth.session_revoked', { action: 'refresh_auth' }));
    await page.reload();
    await page.locator('.banner', { hasText: 'You are signed out.' }).waitFor();
    await page.unroute('**/v1/**');
    await page.locator('.banner').getByRole('button', { name: 'Log in' }).click();
    await page.getByLabel('E-mail').fill('owner@demo.example');
    await page.getByLabel('Password').fill(password);
    await page.locator('dialog').getByRole('button', { name: 'Log in' }).click();
    await page.locator('.banner:empty').waitFor({ state: 'attached' });
    await scan(1, page);
    await expect.poll(() => payButton('Cash').isDisabled()).toBe(false);
  });
});

// ---- What a cashier does ----------------------------------------------------------------------------------------

async function logIn(who: string): Promise<void> {
  await page.getByLabel('E-mail').fill(`${who}@demo.example`);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

async function logOut(): Promise<void> {
  await page.getByRole('button', { name: 'Menu' }).click();
  await page.getByRole('button', { name: 'Log out' }).click();
}

async function scan(number: number, window: Page): Promise<void> {
  const field = window.getByLabel('Barcode or name');
  await field.fill(ean13(616_000_000_000 + number));
  await field.press('Enter');
  await expect.poll(() => field.inputValue()).toBe('');
}

async function secondWindow(): Promise<Page> {
  const other = await browser.newPage();
  await other.goto(opened.address);
  await other.locator('.tile').first().waitFor();
  return other;
}

const payButton = (name: string, window = page) => window.locator('.pay').getByRole('button', { name });
const press = (name: string, window = page): Promise<void> => payButton(name, window).click();

async function ask(phone: string): Promise<void> {
  await page.getByLabel("Customer's phone").fill(phone);
  await page.getByRole('button', { name: 'Ask the phone' }).click();
}

// ---- What is between --------------------------------------------------------------------------------------------

// The question arrives; its answer waits.
async function holdAnswers(): Promise<{ isThere: Promise<void>; release: (isLost?: boolean) => void }> {
  let release = (_isLost?: boolean): void => {};
  let arrived = (): void => {};
  const held = new Promise<boolean>((resolve) => (release = (isLost = false) => resolve(isLost)));
  const isThere = new Promise<void>((resolve) => (arrived = resolve));
  await page.route(asked, async (route) => {
    if (route.request().method() !== 'POST') return route.fallback();
    const response = await route.fetch();
    arrived();
    await ((await held) ? route.abort() : route.fulfill({ response })).catch(() => {});
  });
  return { isThere, release };
}

// The payment as it is, at once, and what is said of it.
async function answerAs(route: Route, more: Record<string, unknown>): Promise<void> {
  const url = route
    .request()
    .url()
    .replace(/(\/cancel|\?.*)$/, '');
  const { authorization } = route.request().headers();
  const reply = await fetch(url, { headers: { authorization: authorization! } });
  const headers = { 'x-request-id': 'r-1', 'content-type': 'application/json' };
  await route.fulfill({ status: 200, headers, body: JSON.stringify({ ...(await reply.json()), ...more }) });
}

// The one entry that waits.
function unreadable(): void {
  const fail = (): never => {
    throw new DOMException('Internal error', 'UnknownError');
  };
  const all = IDBIndex.prototype.getAll;
  const one = IDBIndex.prototype.get;
  const byKey = IDBObjectStore.prototype.get;
  IDBIndex.prototype.getAll = function (range, ...more) {
    return (range as IDBKeyRange)?.lower?.[0] === 'waiting' ? fail() : all.call(this, range, ...more);
  };
  IDBIndex.prototype.get = function (key) {
    return this.objectStore.name === 'entries' ? fail() : one.call(this, key);
  };
  IDBObjectStore.prototype.get = function (key) {
    return this.name === 'entries' ? fail() : byKey.call(this, key);
  };
}

const refuse = (route: Route, status: number, code: string, more: Record<string, unknown> = {}): Promise<void> => {
  const body = { type: `/problems/${code}`, title: code, status, code, retriable: false, action: 'fix', ...more };
  const headers = { 'x-request-id': 'r-1', 'content-type': 'application/problem+json' };
  return route.fulfill({ status, headers, body: JSON.stringify({ ...body, retryAfterMs: null }) });
};

async function hear(window: Page, hears: boolean): Promise<void> {
  await window.evaluate((is) => {
    (globalThis as any).isDeaf = !is;
    if (is) dispatchEvent(new StorageEvent('storage', { key: 'till.basket' }));
  }, hears);
}

// ---- What is known ----------------------------------------------------------------------------------------------

interface Stored {
  saleId: string;
  lines: { quantity: string }[];
  asking?: unknown;
  intent?: unknown;
}
const basketIn = (window: Page): Promise<Stored> =>
  window.evaluate(() => JSON.parse(localStorage.getItem('till.basket')!));

const valueOf = async (window: Page, selector: string): Promise<number> =>
  Number(await window.locator(selector).getAttribute('value'));
const due = (): Promise<number> => valueOf(page, 'dialog .due data');
const totalIn = (window: Page): Promise<number> => valueOf(window, '.basket output.total data');

async function saleOnReceipt(): Promise<{ total: number; lines: number }> {
  await page.locator('.receipt').waitFor();
  return {
    total: await valueOf(page, '.receipt .total data'),
    lines: await page.locator('.receipt tbody tr:not(.sub)').count(),
  };
}

const alertOfPhone = (told: RegExp | string = '') =>
  page
    .getByRole('alert')
    .filter({ hasText: rings.slice(1) })
    .filter({ hasText: told });

// Nothing is in the basket, and nobody was asked.
async function forget(): Promise<void> {
  localStorage.removeItem('till.basket');
  const database = await new Promise<IDBDatabase>((resolve) => {
    const request = indexedDB.open('till-durable');
    request.onsuccess = () => resolve(request.result);
  });
  const transaction = database.transaction('kept', 'readwrite');
  transaction.objectStore('kept').delete('asked');
  await new Promise((resolve) => (transaction.oncomplete = resolve));
  database.close();
}

// Before the service has answered.
async function askAndGiveUp(answer: Awaited<ReturnType<typeof holdAnswers>>) {
  await scan(1, page);
  await press('M-Pesa');
  await ask(rings);
  await answer.isThere;
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await press('M-Pesa');
  await page.getByRole('button', { name: 'The customer does not pay this' }).click();
}

// Of all that M-Pesa was asked for this sale.
async function statesOf(saleId: string): Promise<string[]> {
  const rows = await opened.database.query<{ state: string }>(
    'select state from payment_intents where subject_id = $1',
    [saleId],
  );
  return rows.map(({ state }) => state);
}

// Of the one payment that was asked for.
async function receiptOf(saleId: string): Promise<string | null> {
  const [row] = await opened.database.query<{ receipt_code: string | null }>(
    'select receipt_code from payment_intents where subject_id = $1',
    [saleId],
  );
  return row?.receipt_code ?? null;
}
