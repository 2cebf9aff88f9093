// The flows of docs/guides/mail.md as a new user goes through them: everything that a mail says is read at /dev/mail, links are
// followed, forms are sent as a browser sends them.
import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessibilityFindings } from './support/accessibility.js';
import { type Service, startService } from './support/service.js';
import { closeBrowser, noBrowser, openBrowser } from './support/browser.js';
import { exchange } from './support/raw.js';
import { ok, openShop, saleFor, type Shop } from './support/shop.js';

let service: Service;
let shop: Shop;

beforeAll(async () => {
  service = await startService({ env: { APP_ENV: 'development', JOB_QUEUES: 'all' } });
  shop = await openShop(service);
});
afterAll(async () => {
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

const page = async (path: string): Promise<string> => {
  const reply = await fetch(service.url + path);
  expect(reply.status, path).toBe(200);
  expect(reply.headers.get('content-type')).toMatch(/^text\/(html|plain)/);
  return reply.text();
};
const plain = (html: string): string =>
  html
    .replace(/<[^>]*>/g, '')
    .replaceAll('&amp;', '&')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'");

// The newest mail to the address with these words in its subject: its page, once it has come.
async function mailTo(address: string, subject: string): Promise<string> {
  let found: string | undefined;
  await expect
    .poll(async () => {
      const list = await page('/dev/mail');
      const item = list
        .split('<li>')
        .find((one) => plain(one).includes(`to ${address}`) && plain(one).includes(subject));
      found = item?.match(/href="(\/dev\/mail\/[^"]+)"/)?.[1];
      return found !== undefined;
    })
    .toBe(true);
  return found!;
}
// Of this service, whatever port a test gave it.
const linkIn = async (path: string): Promise<string> => {
  const link = (await page(path)).match(/<a href="(https?:[^"]+)"/)![1]!.replaceAll('&amp;', '&');
  const url = new URL(link);
  expect(url.origin).toMatch(/^http:\/\/localhost:\d+$/);
  return url.pathname + url.search;
};
// What a browser does with the form of a page: its hidden members and what a person fills in.
async function submit(path: string, filled: Record<string, string>): Promise<{ status: number; text: string }> {
  const html = await page(path);
  const form = html.slice(html.indexOf('<form'), html.indexOf('</form>'));
  const members = new URLSearchParams();
  for (const [input] of form.matchAll(/<input[^>]*>/g)) {
    const name = input.match(/name="([^"]+)"/)![1]!;
    members.set(name, filled[name] ?? input.match(/value="([^"]*)"/)?.[1] ?? '');
  }
  const reply = await fetch(service.url + path, { method: 'POST', body: members });
  return { status: reply.status, text: plain(await reply.text()) };
}
// What hinders a reader, and pixels to the side.
async function unreadable(at: Page): Promise<string[]> {
  const wide = await at.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  return [...(wide > 0 ? [`${wide} pixels to the side`] : []), ...(await accessibilityFindings(at, 'body'))];
}
const logIn = (email: string, password: string) => service.api('POST', '/v1/auth/login', { body: { email, password } });

describe('mail', () => {
  const email = `juma-${randomUUID()}@duka.example`;

  test('a cashier is invited, accepts and signs in', async () => {
    const roles = (await ok(shop.api('GET', '/v1/roles'), 200)).data;
    const cashier = roles.find((role: { builtIn: string }) => role.builtIn === 'cashier');
    await shop.create('/v1/invites', { email, roleId: cashier.id, locationId: shop.location.id });
    const mail = await mailTo(email, 'invites you');
    expect(await page(`${mail}/html`)).toContain('Accept the invitation');
    expect(await page(`${mail}/source`)).toMatch(/^Auto-Submitted: auto-generated\r?$/m);
    const path = await linkIn(mail);
    for (let i = 0; i < 3; i++) expect(await page(path)).toContain(email);
    const weak = await submit(path, { name: 'Juma', password: 'password' });
    expect(weak.status).toBe(422);
    const done = await submit(path, { name: 'Juma Kamau', password: 'chai-ya-tangawizi' });
    expect(done.status, done.text).toBe(200);
    expect((await logIn(email, 'chai-ya-tangawizi')).status).toBe(200);
    const gone = await fetch(service.url + path);
    expect(gone.status).toBe(410);
  });

  test('a forgotten password is chosen anew', async () => {
    const before = await ok(logIn(email, 'chai-ya-tangawizi'), 200);
    expect((await service.api('POST', '/v1/auth/password/forgot', { body: { email } })).status).toBe(204);
    const path = await linkIn(await mailTo(email, 'new password'));
    const done = await submit(path, { newPassword: 'mandazi-na-maharagwe' });
    expect(done.status, done.text).toBe(200);
    expect((await logIn(email, 'chai-ya-tangawizi')).status).toBe(401);
    expect((await logIn(email, 'mandazi-na-maharagwe')).status).toBe(200);
    expect((await service.api('GET', '/v1/auth/me', { token: before.accessToken })).status).toBe(401);
    await mailTo(email, 'password was changed');
  });

  // Whatever the request says of its host: as a proxy forwards it, or as an attacker writes it.
  test('links lead where the settings say', async () => {
    const body = JSON.stringify({ email });
    const ask = (target: string, ...headers: string[]) =>
      exchange(
        service.port,
        [
          `POST ${target} HTTP/1.1`,
          ...headers,
          'Content-Type: application/json',
          `Content-Length: ${body.length}`,
          'Connection: close',
          '',
          body,
        ].join('\r\n'),
      );
    const path = '/v1/auth/password/forgot';
    for (const reply of [
      await ask(path, 'Host: evil.example'),
      await ask(`http://evil.example${path}`, 'Host: evil.example'),
      await ask(
        path,
        'Host: evil.example',
        'X-Forwarded-Host: evil.example',
        'Forwarded: host=evil.example;proto=https',
      ),
    ]) {
      expect([204, 400, 403, 421], reply.text).toContain(reply.status);
    }
    expect((await ask(path, 'Host: localhost', 'Host: evil.example')).status).toBe(400);
    expect((await ask(path, 'Host: evil.example', 'Origin: https://evil.example')).status).not.toBe(500);
    expect((await ask(path, 'Host: evil.example')).status).toBe(204);
    const list = await page('/dev/mail');
    const paths = [...list.matchAll(/href="(\/dev\/mail\/[0-9a-f-]{36})"/g)].map((match) => match[1]!);
    await mailTo(email, 'new password');
    for (const mail of paths) {
      expect(await page(mail)).not.toContain('evil.example');
      expect(await page(`${mail}/source`)).not.toContain('evil.example');
    }
    await linkIn(await mailTo(email, 'new password'));
  });

  test('a receipt goes out once for each key', async () => {
    const sale = await ok(shop.sell(saleFor(shop)), 201);
    const customer = `customer-${randomUUID()}@example.com`;
    const key = randomUUID();
    const ask = (to: string) =>
      shop.api('POST', `/v1/sales/${sale.id}/receipt`, { body: { email: to }, headers: { 'idempotency-key': key } });
    const first = await ok(ask(customer), 202);
    expect((await ok(ask(customer), 202)).id).toBe(first.id);
    expect((await ask('other@example.com')).status).toBe(422);
    const mail = await mailTo(customer, sale.receiptNumber);
    expect(plain(await page(mail))).toContain('Total');
    await expect
      .poll(async () =>
        (await ok(shop.api('GET', '/v1/notifications?kind=receipt'), 200)).data.map((one: any) => one.state),
      )
      .toEqual(['sent']);
  });

  test('every template can be looked at, in both languages', async () => {
    const list = await page('/dev/mail/templates');
    const links = [...list.matchAll(/href="(\/dev\/mail\/templates\/[^"]+)"/g)].map((match) => match[1]!);
    expect(links.length).toBeGreaterThan(20);
    for (const link of links) expect((await page(link)).length).toBeGreaterThan(100);
  });

  // A browser that runs whatever a page brings, as mail scanners do: the link is as good as before.
  test.skipIf(noBrowser)('an invitation is found and accepted on a phone', async () => {
    const invited = `asha-${randomUUID()}@duka.example`;
    const roles = (await ok(shop.api('GET', '/v1/roles'), 200)).data;
    const cashier = roles.find((role: { builtIn: string }) => role.builtIn === 'cashier');
    await shop.create('/v1/invites', { email: invited, roleId: cashier.id, locationId: shop.location.id });
    const mail = await mailTo(invited, 'invites you');
    const link = await linkIn(mail);
    const browser = await openBrowser();
    try {
      const phone = await browser.newPage();
      await phone.setViewportSize({ width: 390, height: 844 });
      for (const at of ['/dev/mail', mail, '/dev/mail/templates', link, link, link]) {
        expect((await phone.goto(service.url + at))!.status(), at).toBe(200);
        expect(await unreadable(phone), at).toEqual([]);
      }
      await phone.getByLabel('Your name').fill('Asha Njeri');
      await phone.getByLabel('Password').fill('maziwa-ya-asubuhi');
      await phone.getByRole('button', { name: 'Accept' }).click();
      await phone.getByRole('heading', { name: 'Welcome' }).waitFor();
      expect(await unreadable(phone)).toEqual([]);
    } finally {
      await closeBrowser(browser);
    }
    expect((await logIn(invited, 'maziwa-ya-asubuhi')).status).toBe(200);
  });

  test('the mailbox is nowhere but in development', async () => {
    const elsewhere = await startService();
    expect((await fetch(`${elsewhere.url}/dev/mail`)).status).toBe(404);
    await elsewhere.stop();
  });
});
