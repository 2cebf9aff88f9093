// examples/till in Chromium, against the demo shop: an hour of sales without a network, M-Pesa, what is refused, a price that changes, and how
// it looks on a phone and on a counter. BACKEND_API_PICTURES=1 writes what is seen to docs/pictures/; BACKEND_API_LONG=1 sells more.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessibilityFindings, stillness } from './support/accessibility.js';
import { noBrowser } from './support/browser.js';
import { environment, repository } from './support/environment.js';
import { png } from './support/pictures.js';
import { ean13 } from './support/shop.js';
import { type OpenTill, openTill } from './support/till.js';
import { until } from './support/until.js';

const hour = 3_600_000;
const salesOfTheHour = environment.long ? 240 : 24;
const owner = { email: 'owner@demo.example', password: 'demo-shop-2026' };
const sizes = [
  { width: 390, height: 844 },
  { width: 1280, height: 800 },
] as const;
const themes = ['light', 'dark'] as const;

let opened: OpenTill;
let browser: BrowserContext;
let page: Page;

describe.skipIf(noBrowser)('examples/till', () => {
  beforeAll(async () => {
    opened = await openTill();
    ({ browser, page } = opened);
    // It ends where the service's clock is.
    await page.clock.install({ time: Date.now() - hour });
  });
  afterAll(() => opened?.close());

  test('is set up by somebody who may, and can be installed', async () => {
    await page.goto(opened.address);
    await page.getByLabel('E-mail').waitFor();
    await looksGood('log-in');
    await page.getByLabel('E-mail').fill(owner.email);
    await page.getByLabel('Password').fill('something else');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.locator('.wrong:not(:empty)').waitFor();
    await page.getByLabel('Password').fill(owner.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByLabel('Name of this till').fill('Counter');
    await looksGood('set-up');
    await page.getByRole('button', { name: 'Set up' }).click();
    await page.locator('.tile').first().waitFor();
    await page.evaluate('navigator.serviceWorker.ready');
    const debug = await browser.newCDPSession(page);
    expect((await debug.send('Page.getAppManifest')).errors).toEqual([]);
    expect((await debug.send('Page.getInstallabilityErrors')).installabilityErrors).toEqual([]);
    expect(opened.said).toEqual([]);
  });

  test('an hour without a network: each sale arrives once, to the cent', async () => {
    await opened.unserve();
    // The app itself is here.
    await page.reload();
    await page.locator('.tile').first().waitFor();
    const sold: { receipt: string; total: number }[] = [];
    for (let index = 0; index < salesOfTheHour; ++index) {
      await fillBasket(index);
      const total = Number(await page.locator('.basket output.total data').getAttribute('value'));
      if (index % 4 === 3) await payByCode(`TAF7RT${String(index).padStart(4, '0')}`);
      else await payCash(index % 2 === 0);
      const receipt = await page.locator('.receipt .number').innerText();
      const printed = Number(await page.locator('.receipt .total data').getAttribute('value'));
      expect(printed).toBe(total);
      sold.push({ receipt, total });
      await page.getByRole('button', { name: 'Next customer' }).click();
      await page.clock.fastForward(Math.floor(hour / salesOfTheHour));
      // Closed and opened again in the middle, with a customer's basket.
      if (index === salesOfTheHour / 2) await restart();
    }
    await page.locator('.indicator', { hasText: `Offline · ${salesOfTheHour} waiting` }).waitFor();
    expect(await salesHere()).toEqual([]);

    const before = await endAccess();
    await opened.serveAgain();
    // It breaks once more, while they are sent.
    await until(async () => (await sayOnline(), (await salesHere()).length > 2), 120_000);
    await opened.unserve();
    await opened.serveAgain();
    const isDone = async (): Promise<boolean> => (await page.locator('.indicator').innerText()).includes('All sent');
    await until(async () => (await sayOnline(), isDone()), 120_000);
    expect(await salesHere()).toEqual(sold);
    expect(await tokens()).not.toEqual(before);
    expect(opened.said).toEqual([]);
  });

  test("the customer's phone is asked: refused, then paid", async () => {
    await scan(1);
    await pressPay('M-Pesa');
    await page.getByLabel("Customer's phone").fill('0700101032');
    await page.getByRole('button', { name: 'Ask the phone' }).click();
    await page.locator('.body > .wrong').waitFor();
    await page.getByLabel("Customer's phone").fill('0700000001');
    await page.getByRole('button', { name: 'Ask the phone' }).click();
    await page.locator('.receipt').waitFor();
    const receipt = await page.locator('.receipt .number').innerText();
    await page.getByRole('button', { name: 'Next customer' }).click();
    await page.locator('.indicator.done').waitFor();
    const payments = () =>
      opened.database.query<{ status: string; method: string; amount: string; paid: string }>(
        `select p.status, p.method, p.amount, i.amount as paid from payments p join sales s on s.id = p.sale_id
         join payment_intents i on i.id = p.intent_id where s.receipt_number = $1`,
        [receipt],
      );
    await expect.poll(payments).toEqual([{ status: 'accepted', method: 'mpesa', amount: '15000', paid: '15000' }]);
  });

  test('whose answer is lost is asked once, however often it is pressed', async () => {
    const asked = '**/v1/payment-intents';
    const loseTheAnswer = async (route: Route): Promise<void> => {
      await route.fetch();
      await route.abort();
    };
    await page.route(asked, loseTheAnswer);
    await scan(2);
    await pressPay('M-Pesa');
    await page.getByLabel("Customer's phone").fill('0700000001');
    await page.getByRole('button', { name: 'Ask the phone' }).click();
    await page.getByText('0700000001 may have been asked all the same.').waitFor();
    await page.unroute(asked, loseTheAnswer);
    await page.reload();
    await page.getByLabel("Customer's phone").and(page.locator('[readonly]')).waitFor();
    await page.getByRole('button', { name: 'Ask again' }).click();
    await page.locator('.receipt').waitFor();
    const receipt = await page.locator('.receipt .number').innerText();
    await page.getByRole('button', { name: 'Next customer' }).click();
    await page.locator('.indicator.done').waitFor();
    await expect.poll(() => promptsOf(receipt)).toEqual(['succeeded']);
  });

  test('an answer that comes to a dialog that was closed is shown in the next one', async () => {
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const holdTheAnswer = async (route: Route): Promise<void> => {
      const response = await route.fetch();
      await held;
      await route.fulfill({ response });
    };
    await page.route('**/v1/payment-intents', holdTheAnswer);
    await scan(3);
    await pressPay('M-Pesa');
    await page.getByLabel("Customer's phone").fill('0700000001');
    await page.getByRole('button', { name: 'Ask the phone' }).click();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    // What is asked for does not change.
    await page.getByLabel('Barcode or name').fill(barcode(4));
    await page.getByLabel('Barcode or name').press('Enter');
    await page.getByText('M-Pesa was asked for this basket').waitFor();
    await pressPay('M-Pesa');
    await page.getByRole('button', { name: 'Ask again' }).waitFor();
    release();
    await page.locator('.receipt').waitFor();
    await page.unroute('**/v1/payment-intents', holdTheAnswer);
    const receipt = await page.locator('.receipt .number').innerText();
    await page.getByRole('button', { name: 'Next customer' }).click();
    await page.locator('.indicator.done').waitFor();
    await expect.poll(() => promptsOf(receipt)).toEqual(['succeeded']);
  });

  test('two windows of one till ask one phone once', async () => {
    await scan(5);
    const other = await browser.newPage();
    await other.goto(opened.address);
    await other.locator('.lines .gross').waitFor();
    await page.bringToFront();
    await pressPay('M-Pesa');
    await page.getByLabel("Customer's phone").fill('0700000001');
    const quantity = page.getByLabel(/^Quantity of/);
    await other.getByRole('button', { name: /^More of/ }).click();
    await expect.poll(() => quantity.inputValue()).toBe('2');
    await other.getByRole('button', { name: /^Less of/ }).click();
    await expect.poll(() => quantity.inputValue()).toBe('1');
    const lose = async (route: Route): Promise<void> => {
      await route.fetch();
      await route.abort();
    };
    await browser.route('**/v1/payment-intents', lose);
    await page.getByLabel("Customer's phone").fill('0700000001');
    await page.getByRole('button', { name: 'Ask the phone' }).click();
    await page.getByText('0700000001 may have been asked all the same.').waitFor();
    await browser.unroute('**/v1/payment-intents', lose);
    await expect.poll(() => other.locator('.pay').getByRole('button', { name: 'Cash' }).isDisabled()).toBe(true);
    await other.locator('.pay').getByRole('button', { name: 'M-Pesa' }).click();
    await other.getByRole('button', { name: 'Ask again' }).click();
    // Whichever hears first sells; the other one closes its dialog.
    const receiptIn = (tab: Page): Promise<void> => tab.locator('.receipt').waitFor();
    await Promise.any([receiptIn(other), receiptIn(page)]);
    const seller = (await other.locator('.receipt').count()) > 0 ? other : page;
    const receipt = await seller.locator('.receipt .number').innerText();
    await other.close();
    // A receipt of the same sale, if it heard of it at the same time.
    await until(async () => (await page.locator('dialog:not(.with-receipt)').count()) === 0);
    if ((await page.locator('.receipt').count()) > 0) {
      expect(await page.locator('.receipt .number').innerText()).toBe(receipt);
      await page.getByRole('button', { name: 'Next customer' }).click();
    }
    await page.locator('.indicator.done').waitFor();
    await expect.poll(() => promptsOf(receipt)).toEqual(['succeeded']);
  });

  test('what is refused is shown with its reason, and can be sent again', async () => {
    // Somebody on the way changes a figure.
    const spoil = async (route: Route): Promise<void> => {
      const body = JSON.parse(route.request().postData()!);
      await route.continue({ postData: JSON.stringify({ ...body, total: body.total + 1 }) });
    };
    await page.route('**/v1/sales', spoil);
    await scan(2);
    await payCash(false);
    await page.getByRole('button', { name: 'Next customer' }).click();
    await page.locator('.indicator', { hasText: '1 to look at' }).click();
    await page.locator('.problem', { hasText: 'sale.total_mismatch' }).waitFor();
    await looksGood('queue');
    await page.getByRole('button', { name: 'Do not send' }).click();
    await page.locator('.wrong', { hasText: 'Say why.' }).waitFor();
    await page.unroute('**/v1/sales', spoil);
    await page.getByRole('button', { name: 'Send again' }).click();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await page.locator('.indicator.done').waitFor();
  });

  test('another price is there by itself; what is in the basket keeps its own', async () => {
    await page.getByLabel('Barcode or name').fill('Kabras Sugar 1kg');
    const price = page.locator('.tile .price');
    await page.locator('.tile').click();
    expect(await price.innerText()).toBe('150.00');
    const token = (await opened.service.api('POST', '/v1/auth/login', { body: owner })).body.accessToken;
    const found = await opened.service.api('GET', `/v1/variants/lookup?barcode=${barcode(1)}`, { token });
    const variant = (await opened.service.api('GET', `/v1/variants/${found.body.id}`, { token })).body;
    const headers = { 'if-match': `"${variant.version}"` };
    const changed = await opened.service.api('PATCH', `/v1/variants/${variant.id}`, {
      token,
      headers,
      body: { price: 15_550 },
    });
    expect(changed.status, changed.text).toBe(200);
    await page.locator('.tile .price', { hasText: '155.50' }).waitFor();
    expect(await page.locator('.lines .gross').innerText()).toBe('150.00');
    await page.getByRole('button', { name: 'Empty' }).click();
    await page.getByLabel('Barcode or name').fill('');
  });

  test('a picture is taken, sent in pieces, and shown', async () => {
    await scan(1);
    await page.locator('.lines .name').click();
    await looksGood('article');
    await page
      .getByLabel('Change its picture')
      .setInputFiles({ name: 'sugar.png', mimeType: 'image/png', buffer: png(64, 48, 1) });
    await page.getByText('The picture is there.').waitFor();
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await page.getByRole('button', { name: 'Empty' }).click();
    await page.getByLabel('Barcode or name').fill('Kabras Sugar 1kg');
    await page.locator('.tile img').waitFor();
    await page.getByLabel('Barcode or name').fill('');
  });

  test('is readable and within reach, on a phone and on a counter, by day and by night', async () => {
    for (const number of [1, 4, 11]) await scan(number);
    await page
      .getByLabel(/^Quantity of/)
      .last()
      .fill('2.5');
    await page
      .getByLabel(/^Quantity of/)
      .last()
      .press('Enter');
    await looksGood('till');
    await page.setViewportSize(sizes[0]);
    await page.getByRole('button', { name: 'Basket (3)' }).click();
    await looksGood('basket');
    await pressPay('M-Pesa');
    await looksGood('m-pesa');
    await page.getByRole('button', { name: 'Close', exact: true }).click();
    await pressPay('Cash');
    await looksGood('cash');
    await page.locator('dialog').getByRole('button', { name: 'Sell' }).click();
    await page.locator('.receipt').waitFor();
    await looksGood('sold');
    await page.emulateMedia({ media: 'print' });
    const printed = await page.evaluate(() => document.body.innerText);
    expect(printed).toMatch(/Duka la Amani[\s\S]*NRB1-\d\d-\d{6}[\s\S]*Total KES/);
    expect(printed).not.toMatch(/Next customer|Barcode or name|Print/);
    await page.emulateMedia({ media: 'screen' });
    await page.getByRole('button', { name: 'Next customer' }).click();
    await page.getByRole('button', { name: 'Menu' }).click();
    await looksGood('menu');
  });

  test('logs out, and a cashier logs in', async () => {
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('E-mail').fill('cashier@demo.example');
    await page.getByLabel('Password').fill(owner.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.locator('.tile').first().waitFor();
    await scan(3);
    await payCash(false);
    await page.getByText('Served by David Kiprop.').waitFor();
    await page.getByRole('button', { name: 'Next customer' }).click();
    await page.locator('.indicator.done').waitFor();
    expect(opened.said).toEqual([]);
  });
});

// ---- What a cashier does ----------------------------------------------------------------------------------------

// Of the demo shop's variant of this number.
const barcode = (number: number): string => ean13(616_000_000_000 + number);

async function scan(number: number): Promise<void> {
  const field = page.getByLabel('Barcode or name');
  await field.fill(barcode(number));
  await field.press('Enter');
  await expect.poll(() => field.inputValue()).toBe('');
}

// Various taxes, a pack twice, a weight that makes cents.
async function fillBasket(index: number): Promise<void> {
  const numbers = [1 + ((index * 7) % 200), 1 + ((index * 13 + 5) % 200), 7];
  for (const number of numbers) await scan(number);
  if (index % 3 === 0) await scan(numbers[0]!);
  const quantity = page.getByLabel(/^Quantity of/).last();
  await quantity.fill(`${1 + (index % 3)}.${137 + index}`);
  await quantity.press('Enter');
  await expect.poll(() => page.locator('.lines li').count()).toBe(new Set(numbers).size);
}

const pressPay = (name: string): Promise<void> => page.locator('.pay').getByRole('button', { name }).click();

async function payCash(withChange: boolean): Promise<void> {
  await pressPay('Cash');
  if (withChange) await page.locator('.quick button').last().click();
  await page.locator('dialog').getByRole('button', { name: 'Sell' }).click();
  await page.locator('.receipt').waitFor();
}

async function payByCode(code: string): Promise<void> {
  await pressPay('M-Pesa');
  await page.getByLabel("Code of the customer's message").fill(code);
  await page.getByRole('button', { name: 'Sell with this code' }).click();
  await page.locator('.receipt').waitFor();
}

async function restart(): Promise<void> {
  await scan(9);
  await page.reload();
  await page.locator('.lines .gross').waitFor();
  await page.getByRole('button', { name: 'Empty' }).click();
}

// ---- What is known ----------------------------------------------------------------------------------------------

// The states of all that M-Pesa was asked for this sale.
async function promptsOf(receipt: string): Promise<string[]> {
  const rows = await opened.database.query<{ state: string }>(
    `select i.state from payment_intents i join sales s on i.subject_id in (s.id, s.client_request_id)
     where s.receipt_number = $1`,
    [receipt],
  );
  return rows.map(({ state }) => state);
}

// They come late, and two hundred and forty are more than the shelves have.
const usual = ['recorded_late', ...(environment.long ? ['stock_variance'] : [])];

// Of this till, as the service has them, in their order.
async function salesHere(): Promise<{ receipt: string; total: number; flags?: string[] }[]> {
  const rows = await opened.database.query<{ receipt: string; total: string; flags: string[] }>(
    `select s.receipt_number as receipt, s.total, s.flags from sales s join devices d on d.id = s.device_id
     where d.name = 'Counter' order by s.device_seq`,
  );
  // That they are late is no news.
  const shown = rows.map(({ flags, ...row }) => ({ ...row, flags: flags.filter((flag) => !usual.includes(flag)) }));
  return shown.map(({ receipt, total, flags }) => ({
    receipt,
    total: Number(total),
    ...(flags.length > 0 && { flags }),
  }));
}

// As the browser does when the network is back.
async function sayOnline(): Promise<void> {
  await page.evaluate(() => dispatchEvent(new Event('online')));
  await sleep(250);
}

const tokens = (): Promise<unknown> =>
  page.evaluate(() => {
    const { accessToken, refreshToken } = JSON.parse(localStorage.getItem('till.session')!);
    return [accessToken, refreshToken];
  });

// As after ten minutes: the access token is good no more.
async function endAccess(): Promise<unknown> {
  const before = await tokens();
  await page.evaluate(() => {
    const session = JSON.parse(localStorage.getItem('till.session')!);
    const [head, , signature] = session.accessToken.split('.');
    localStorage.setItem('till.session', JSON.stringify({ ...session, accessToken: `${head}.e30.${signature}` }));
  });
  return before;
}

// ---- What is seen -----------------------------------------------------------------------------------------------

// In both sizes and themes: nothing beyond the screen, all within reach of a finger, and nothing serious that axe-core finds. Contrast below 4.5 is
// among it.
async function looksGood(name: string): Promise<void> {
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme });
    for (const size of sizes) {
      const where = `${name}, ${size.width}, ${colorScheme}`;
      await page.setViewportSize(size);
      // What fades or moves has done so.
      await page.locator('.toast').waitFor({ state: 'detached' });
      await stillness(page);
      const { beyond, small } = await page.evaluate(measure);
      expect(beyond, `${where}: pixels to the side, and below`).toEqual([0, 0]);
      expect(small, `${where}: smaller than a finger`).toEqual([]);
      expect(await accessibilityFindings(page), where).toEqual([]);
      if (['till', 'basket', 'queue'].includes(name)) await takePicture(`till-${name}-${size.width}-${colorScheme}`);
    }
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(sizes[1]);
}

function measure(): { beyond: number[]; small: string[] } {
  const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
  const modal = document.querySelector('dialog:modal');
  const targets = [...(modal ?? document).querySelectorAll<HTMLElement>('button, input, select, a[href]')];
  const small = targets
    .filter((one) => one.checkVisibility())
    .map((one) => ({ one, box: one.getBoundingClientRect() }))
    .filter(({ box }) => box.width < 43.5 || box.height < 43.5)
    .map(({ one, box }) => `${one.outerHTML.slice(0, 80)}: ${Math.round(box.width)} × ${Math.round(box.height)}`);
  return { beyond: [scrollWidth - clientWidth, scrollHeight - clientHeight], small };
}

async function takePicture(name: string): Promise<void> {
  if (!environment.pictures) return;
  const directory = path.join(repository, 'docs/pictures');
  await mkdir(directory, { recursive: true });
  await page.screenshot({ path: path.join(directory, `${name}.png`) });
}
