// The first quarter of an hour of somebody new: /docs of the demo shop in Chromium. Nothing is typed but the token: every
// operation is sent as the page has filled it in. BACKEND_API_PICTURES=1 writes what is seen to docs/pictures/.
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { BrowserContext, Locator, Page, Response } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { accessibilityFindings, stillness } from './support/accessibility.js';
import { closeBrowser, noBrowser, openBrowser } from './support/browser.js';
import { type ScratchDatabase } from './support/database.js';
import { environment, repository } from './support/environment.js';
import { png } from './support/pictures.js';
import { demoDatabase, type Service, startService } from './support/service.js';

// These alone cannot succeed as they are filled in, and why.
const outside: Record<string, string> = {
  refreshSession: 'a refresh token comes out of a log-in, and serves once',
  deleteSession: 'the id of a session comes out of a log-in',
  getChanges: 'a cursor comes out of a snapshot',
  readNotification: 'the id of a notification comes out of the list',
  getNotification: 'the id of a notification comes out of the list',
  connectSocket: 'a WebSocket is opened by another kind of client',
  connectPusherSocket: 'a WebSocket is opened by another kind of client',
  publishPusherEvent: "an app's server signs it",
  publishPusherEvents: "an app's server signs it",
  endPusherConnections: "an app's server signs it",
  listPusherChannels: "an app's server signs it",
  getPusherChannel: "an app's server signs it",
  listPusherMembers: "an app's server signs it",
  authoriseChannel: 'the demo has no app of the Pusher protocol',
  authoriseAtPusher: 'the demo has no app at Pusher',
  authoriseAtAbly: 'the demo has no key of Ably',
  resetPassword: 'tokens stand in mails',
  verifyEmail: 'tokens stand in mails',
  confirmEmail: 'tokens stand in mails',
  acceptInvite: 'tokens stand in mails',
  beginTotp: 'the address has to be proven',
  confirmTotp: "codes are an app's",
  loginWithTotp: 'a challenge comes out of a log-in',
  stepUp: "codes are an app's",
  renewRecoveryCodes: "codes are an app's",
  disableTotp: "codes are an app's",
  resetTotp: 'nobody has one',
  verifyPhone: 'codes stand in messages',
  getPayment: 'the id of a payment comes out of its start',
  listRefunds: 'the id of a payment comes out of its start',
  queryPayment: 'the id of a payment comes out of its start',
  cancelPayment: 'the id of a payment comes out of its start',
  refundPayment: 'nobody has paid',
  dismissRefundTask: 'nobody has paid too late',
  registerPaymentCallbacks: 'M-Pesa answers it',
  paySubscription: 'whoever runs the service has no account here',
  deletePaymentAccount: 'its id comes out of its making',
  matchC2bPayment: 'M-Pesa alone makes them',
  resolvePaymentIntent: 'its outcome is not unknown',
  takeMpesaPrompt: 'the token is of an account',
  takeMpesaPromptOf: 'the token is of an account',
  takeMpesaConfirmation: 'the token is of an account',
  takeMpesaValidation: 'the token is of an account',
  takeMpesaTimeout: 'the token is of an account',
  takeStripeEvent: 'Stripe signs it',
  takeFlutterwaveEvent: 'Flutterwave alone knows its hash',
  takePaystackEvent: 'Paystack signs it',
  takeSendGridEvents: 'SendGrid signs it',
  takeMailgunEvent: 'Mailgun signs it',
  getImage: 'the id of an image comes out of its upload',
  deleteImage: 'the id of an image comes out of its upload',
  getImageFile: 'the id of an image comes out of its upload',
  getDocument: 'the id of a document comes out of its upload',
  deleteDocument: 'the id of a document comes out of its upload',
  getUpload: 'the id of an upload comes out of its beginning',
  completeUpload: 'the id of an upload comes out of its beginning',
  deleteUpload: 'the id of an upload comes out of its beginning',
  downloadStoredFile: 'the service signs it',
  putStoredFile: 'the service signs it',
  getTusUpload: 'an upload has to be begun before',
  continueTusUpload: 'a tus client sends the bytes',
  continueTusUploadByPost: 'a tus client sends the bytes',
  deleteTusUpload: 'an upload has to be begun before',
  askPaymentAccountBalance: 'the account has no initiator',
  getPayout: 'the id of a payout comes out of its start',
  queryPayout: 'the id of a payout comes out of its start',
  resolvePayout: 'the id of a payout comes out of its start',
  reversePayment: 'the id of a payment comes out of its start',
  sendPayout: 'the account has no initiator',
  sendPayoutAgain: 'the id of a payout comes out of its start',
  takeMpesaBalance: 'the token is of an account',
  takeMpesaPayoutTimeout: 'the token is of an account',
  takeMpesaResult: 'the token is of an account',
  takeMpesaStatus: 'the token is of an account',
  takePesapalNotification: 'the token is of an account',
  takeMessageCallback: 'the provider proves it',
  takeMessageCallbackOf: 'the provider proves it',
  verifyMessageCallback: 'the provider proves it',
  getReportRun: 'the id of a run comes out of its start',
  deleteReportRun: 'the id of a run comes out of its start',
  getWebhook: 'its id comes out of its making',
  changeWebhook: 'its id comes out of its making',
  deleteWebhook: 'its id comes out of its making',
  rotateWebhookSecret: 'its id comes out of its making',
  pingWebhook: 'its id comes out of its making',
  redeliverWebhook: 'its id comes out of its making',
  listWebhookDeliveries: 'its id comes out of its making',
  getWebhookDelivery: 'its id comes out of its making',
};
// What a person chooses in the place of an example.
const files: Record<string, { name: string; mimeType: string; buffer: Buffer }> = {
  createImage: { name: 'sugar.png', mimeType: 'image/png', buffer: png(40, 20, 1) },
  createDocument: { name: 'prices.csv', mimeType: 'text/csv', buffer: Buffer.from('sku,price\nA-1,150\n') },
};
// Whether the name of a host can be looked up is the machine's affair.
const either = ['createWebhook'];
// What ends the caller's own access comes after everything else.
const last = ['changePassword', 'logout'];
// Nothing listens there: prompts are stored, and not sent. What the seed seals, the server opens.
const nobody = {
  ...Object.fromEntries(
    ['MPESA', 'STRIPE', 'FLUTTERWAVE', 'PAYSTACK'].map((name) => [`${name}_BASE_URL`, 'http://127.0.0.1:9']),
  ),
  APP_SECRET: randomBytes(48).toString('base64url'),
};

interface Operation {
  id: string;
  tag: string;
  method: string;
  path: string;
  parameters: { name: string; in: string; example?: unknown }[];
  body?: object;
  // The documented statuses of success.
  success: string[];
}

let database: ScratchDatabase;
let service: Service;
let browser: BrowserContext;
let page: Page;
let openapi: any;
const replies: Promise<void>[] = [];

// Limits count in production; here too, so that their headers are compared with the document.
beforeAll(async () => {
  if (noBrowser) return;
  database = await demoDatabase(nobody);
  service = await startService({ database, env: { RATE_LIMITS: 'on', ...nobody } });
  openapi = (await service.api('GET', '/openapi.json')).body;
  browser = await openBrowser();
  page = await browser.newPage();
  page.on('response', (response) => replies.push(compare(response)));
});

afterEach(async () => {
  await Promise.all(replies.splice(0));
});

afterAll(async () => {
  if (browser) await closeBrowser(browser);
  await service?.stop();
  await database?.drop();
});

async function compare(response: Response): Promise<void> {
  const { origin, pathname, search } = new URL(response.url());
  if (origin !== service.url || pathname.startsWith('/docs')) return;
  const headers = Object.entries(await response.allHeaders());
  // 204, 304 and redirects have none.
  const text = await response.text().catch(() => undefined);
  const method = response.request().method();
  service.check({ method, path: pathname + search, status: response.status(), headers, text });
}

async function openDocs(size = { width: 1280, height: 800 }): Promise<void> {
  await page.setViewportSize(size);
  await page.goto(`${service.url}/docs`);
  await page.locator('.opblock-tag').first().waitFor();
}

async function openTag(tag: string): Promise<void> {
  const section = page.locator(`[id="operations-tag-${tag}"]`);
  await section.waitFor();
  if ((await section.getAttribute('data-is-open')) !== 'true') await section.click();
}

const block = ({ tag, id }: { tag: string; id: string }): Locator => page.locator(`[id="operations-${tag}-${id}"]`);

// As a person does it; gives what the server answered.
async function execute(
  operation: { tag: string; id: string },
  file?: (typeof files)[string],
): Promise<{ status: number; body: any }> {
  const whole = block(operation);
  await openTag(operation.tag);
  if (!(await whole.locator('.opblock-body').isVisible())) await whole.locator('.opblock-summary-control').click();
  if (file) await whole.locator('input[type=file]').setInputFiles(file);
  const sent = page.waitForResponse((reply) => new URL(reply.url()).pathname.startsWith('/v1/'));
  await whole.getByRole('button', { name: 'Execute' }).click();
  const reply = await sent;
  await whole.locator('.live-responses-table').waitFor();
  return { status: reply.status(), body: await reply.json() };
}

async function authorize(token: string): Promise<void> {
  await page.getByRole('button', { name: 'Authorize', exact: true }).click();
  const bearer = page.locator('.auth-container').filter({ has: page.locator('#auth-bearer-value') });
  await bearer.locator('input').fill(token);
  expect(await accessibilityFindings(page, '.dialog-ux')).toEqual([]);
  await bearer.getByRole('button', { name: 'Authorize' }).click();
  await page.locator('.btn-done').first().click();
}

// What the page would send: the examples of the parameters that are filled in, and of the body.
async function send(operation: Operation, token?: string): Promise<{ status: number; text: string }> {
  const url = new URL(operation.path, service.url);
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  for (const parameter of operation.parameters) {
    if (parameter.example === undefined) continue;
    const text = String(parameter.example);
    if (parameter.in === 'path')
      url.pathname = url.pathname.replace(encodeURI(`{${parameter.name}}`), encodeURIComponent(text));
    if (parameter.in === 'query') url.searchParams.set(parameter.name, text);
    if (parameter.in === 'header') headers[parameter.name] = text;
  }
  const file = files[operation.id];
  const body = file ? new Uint8Array(file.buffer) : operation.body && JSON.stringify(operation.body);
  if (body) headers['content-type'] = file ? 'application/octet-stream' : 'application/json';
  const reply = await fetch(url, { method: operation.method.toUpperCase(), headers, body });
  if (reply.headers.get('content-type')?.startsWith('text/event-stream')) {
    await reply.body?.cancel(); // it does not end
    return { status: reply.status, text: '' };
  }
  return { status: reply.status, text: await reply.text() };
}

describe.skipIf(noBrowser)('the documentation page', () => {
  test('from the log-in to the first sale', async () => {
    await openDocs();
    await expect.poll(() => page.title()).toBe(openapi.info.title);
    const session = await execute({ tag: 'auth', id: 'login' });
    expect(session.status).toBe(200);
    await authorize(session.body.accessToken);
    await page.reload();
    await page.locator('.opblock-tag').first().waitFor();
    expect((await execute({ tag: 'auth', id: 'getMe' })).status, 'the token survives a reload').toBe(200);
    const sale = await execute({ tag: 'sales', id: 'createSale' });
    expect([sale.status, sale.body.status], JSON.stringify(sale.body)).toEqual([201, 'completed']);
    const [row] = await database.query('select total from sales where id = $1', [sale.body.id]);
    expect(Number(row!.total)).toBe(sale.body.total);
    expect(sale.body.flags, 'the time of the example is the present').not.toContain('recorded_late');

    // A clientRequestId that somebody types is the key, too.
    const own = randomUUID();
    const body = block({ tag: 'sales', id: 'createSale' }).locator('textarea.body-param__text');
    await body.fill((await body.inputValue()).replace(/("clientRequestId": )"[^"]*"/, `$1"${own}"`));
    const second = await execute({ tag: 'sales', id: 'createSale' });
    expect([second.status, second.body.clientRequestId], JSON.stringify(second.body)).toEqual([201, own]);

    await page.locator('.operation-filter-input').fill('Record a SALE');
    await expect
      .poll(() => page.locator('.opblock-tag').count(), { message: 'the filter reads what is shown' })
      .toBe(1);

    // A browser would ask for another path; nothing is sent.
    await page.locator('.operation-filter-input').fill('getSale');
    const one = block({ tag: 'sales', id: 'getSale' });
    await one.locator('.opblock-summary-control').click();
    await one.locator('[data-param-name=id] input').fill('..');
    await one.getByRole('button', { name: 'Execute' }).click();
    await one.locator('[data-param-name=id] input.invalid').waitFor();

    // The token ends with the tab.
    const kept = (storage: 'localStorage' | 'sessionStorage') =>
      page.evaluate((name) => JSON.stringify(window[name]), storage);
    expect(await kept('sessionStorage')).toContain(session.body.accessToken);
    expect(await kept('localStorage')).not.toContain('eyJ');
  });

  test('photos of a product and a document, as files that somebody chooses', async () => {
    const login = await send(operationsOf(openapi).find(({ id }) => id === 'login')!);
    const token = JSON.parse(login.text).accessToken;
    await openDocs();
    await page.evaluate(() => sessionStorage.clear());
    await openDocs();
    await authorize(token);
    // One after the other, with nothing changed but the file: each is a request of its own.
    for (const [width, name] of [
      [1200, 'Brown sugar'],
      [1100, 'White sugar'],
    ] as const) {
      const photo = { name: 'photo.png', mimeType: 'image/png', buffer: png(width, 600, width) };
      const image = await execute({ tag: 'images', id: 'createImage' }, photo);
      expect([image.status, image.body.status, image.body.width], JSON.stringify(image.body)).toEqual([
        201,
        'ready',
        width,
      ]);
      const product = await service.api('POST', '/v1/products', {
        body: { name, imageId: image.body.id },
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() },
      });
      expect(product.status, JSON.stringify(product.body)).toBe(201);
      for (const size of [96, 320, 960]) {
        const seen = await page.request.get(product.body.imageUrl.replace('320.webp', `${size}.jpg`));
        expect([seen.status(), seen.headers()['content-type']], String(size)).toEqual([200, 'image/jpeg']);
        const shown = await page.evaluate(
          async (url) => {
            const picture = new Image();
            picture.src = url;
            await picture.decode();
            return picture.naturalWidth;
          },
          new URL(product.body.imageUrl.replace('320.webp', `${size}.webp`)).pathname,
        );
        expect(shown).toBe(size);
      }
    }
    const document = await execute({ tag: 'documents', id: 'createDocument' }, files.createDocument);
    expect([document.status, document.body.contentType], JSON.stringify(document.body)).toEqual([201, 'text/csv']);
  });

  // Once only: what an example changes or deletes has another version then, or is gone.
  test.skipIf(environment.long)('every operation succeeds as its example says', async () => {
    const login = await send(operationsOf(openapi).find(({ id }) => id === 'login')!);
    const { accessToken } = JSON.parse(login.text);
    const failed: Record<string, string> = {};
    for (const operation of inOrder(operationsOf(openapi))) {
      const { status, text } = await send(operation, accessToken);
      if (!operation.success.includes(String(status))) failed[operation.id] = `${status} ${text.slice(0, 600)}`;
    }
    for (const id of either) delete failed[id];
    expect(Object.keys(failed).sort(), JSON.stringify(failed, null, 2)).toEqual(Object.keys(outside).sort());
  });

  // Pressed on the page, one after the other: two minutes. The test above sends the same without a page.
  test.runIf(environment.long)('every operation succeeds as the page fills it in', { timeout: 900_000 }, async () => {
    await openDocs();
    await page.evaluate(() => sessionStorage.clear()); // the token of the test above
    await openDocs();
    await authorize((await execute({ tag: 'auth', id: 'login' })).body.accessToken);
    const all = operationsOf(openapi);
    expect(all.length).toBeGreaterThan(60);
    for (const tag of new Set(all.map(({ tag }) => tag))) await openTag(tag);
    const failed: Record<string, string> = {};
    for (const operation of inOrder(all)) {
      if (files[operation.id]) {
        await block(operation).locator('.opblock-summary-control').click();
        await block(operation).locator('input[type=file]').setInputFiles(files[operation.id]!);
      }
      const outcome = await page.evaluate(pressExecute, `operations-${operation.tag}-${operation.id}`);
      if (!operation.success.includes(outcome.slice(0, 3))) failed[operation.id] = outcome;
    }
    for (const id of either) delete failed[id];
    expect(Object.keys(failed).sort(), JSON.stringify(failed, null, 2)).toEqual(Object.keys(outside).sort());
  });

  const sizes = [
    { width: 390, height: 844 },
    ...(environment.long || environment.pictures ? [{ width: 1280, height: 800 }] : []),
  ];
  test.each(sizes)('fits $width pixels, and everybody can read it', async (size) => {
    await openDocs(size);
    await openTag('auth');
    await block({ tag: 'auth', id: 'login' }).locator('.opblock-summary-control').click();
    await page.getByRole('button', { name: 'Execute' }).click();
    await page.locator('.live-responses-table').waitFor();
    await expectReadable('docs-page', size.width);
  });

  test.each(sizes)('so do the start page and the problem pages at $width pixels', async (size) => {
    await page.setViewportSize(size);
    for (const [name, at] of [
      ['start-page', '/'],
      ['problem-page', '/problems/sale.total_mismatch'],
      ['problems', '/problems'],
    ] as const) {
      expect((await page.goto(service.url + at))!.status(), at).toBe(200);
      await expectReadable(name, size.width);
    }
  });
});

function operationsOf(document: any): Operation[] {
  return Object.entries<any>(document.paths).flatMap(([at, item]) =>
    Object.entries<any>(item)
      .filter(([, operation]) => operation.operationId)
      .map(([method, operation]) => ({
        id: operation.operationId,
        tag: operation.tags[0],
        method,
        path: at,
        parameters: operation.parameters ?? [],
        body: operation.requestBody?.content['application/json']?.example,
        success: Object.keys(operation.responses).filter((status) => status.startsWith('2')),
      })),
  );
}

function inOrder(operations: Operation[]): Operation[] {
  const methods = ['get', 'post', 'put', 'patch', 'delete'];
  const rank = ({ id, method }: Operation) => methods.indexOf(method) + 10 * (last.indexOf(id) + 1);
  return [...operations].sort((one, other) => rank(one) - rank(other));
}

// In the page: opens an operation, presses Execute, gives its status and what came, and closes it. Not through the mouse, which
// would take a third of a second for each.
async function pressExecute(id: string): Promise<string> {
  const whole = document.getElementById(id);
  if (!whole) return `there is no ${id} on the page`;
  const appears = (selector: string, milliseconds = 30_000) =>
    new Promise<HTMLElement | null>((resolve) => {
      const look = () => {
        const found = whole.querySelector<HTMLElement>(selector);
        if (!found) return;
        observer.disconnect();
        clearTimeout(timer);
        resolve(found);
      };
      const observer = new MutationObserver(look);
      const timer = setTimeout(() => {
        observer.disconnect();
        resolve(null);
      }, milliseconds);
      observer.observe(whole, { childList: true, subtree: true, attributes: true });
      look();
    });
  const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
  const summary = whole.querySelector<HTMLElement>('.opblock-summary-control')!;
  if (!whole.classList.contains('is-open')) summary.click();
  if (!(await appears('.execute:not([disabled])'))) return 'no button Execute';
  // What is filled in is known to the page when it has been drawn; the button may be another one by then.
  await frame();
  await frame();
  whole.querySelector<HTMLElement>('.btn-clear')?.click(); // of a log-in before
  await frame();
  // A press on a button that is being drawn anew is lost.
  let shown: HTMLElement | null = null;
  for (let press = 0; press < 5 && !shown; ++press) {
    (await appears('.execute:not([disabled])'))?.click();
    shown = await appears('.live-responses-table tbody .response-col_status, .invalid', 15_000);
  }
  const row = shown?.closest<HTMLElement>('.response, [data-param-name], .opblock-section-request-body');
  const text = row?.textContent ?? 'nothing came';
  summary.click();
  return shown?.matches('.invalid') ? `not sent: ${text}` : text.slice(0, 600);
}

// ---- What is seen -----------------------------------------------------------------------------------------------

async function expectReadable(name: string, width: number): Promise<void> {
  await stillness(page);
  const [scroll, clipped] = await page.evaluate(() => {
    const hidden = [...document.querySelectorAll<HTMLElement>('body *:not(input, select, svg, svg *)')].filter(
      (one) =>
        /hidden|clip/.test(getComputedStyle(one).overflowX) &&
        one.clientWidth > 1 &&
        one.scrollWidth > one.clientWidth + 1 &&
        one.innerText.trim() !== '',
    );
    const { scrollWidth, clientWidth } = document.documentElement;
    return [scrollWidth - clientWidth, hidden.map((one) => `${one.className}: ${one.innerText.slice(0, 80)}`)] as const;
  });
  expect(clipped, `${name}: text that is cut off`).toEqual([]);
  expect(scroll, `${name}: pixels to the side`).toBeLessThanOrEqual(0);
  await takePicture(`${name}-${width}`);
  expect(await accessibilityFindings(page, 'body'), name).toEqual([]);
}

async function takePicture(name: string): Promise<void> {
  if (!environment.pictures) return;
  const directory = path.join(repository, 'docs/pictures');
  await mkdir(directory, { recursive: true });
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: path.join(directory, `${name}.png`) });
}
