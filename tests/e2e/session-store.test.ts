// Cookie sessions in Redis: two instances of examples/sessions behind one address, and a browser.
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { closeBrowser, noBrowser, openBrowser } from './support/browser.js';
import { exampleEnvironment, repository } from './support/environment.js';
import { Process } from './support/process.js';
import { type RedisServer, startRedis } from './support/redis.js';
import { until } from './support/until.js';

const ourPages = 'https://basket.example';

class Instance {
  private constructor(
    readonly process: Process,
    readonly url: string,
  ) {}

  static async start(redisUrl: string, publicUrl = ourPages): Promise<Instance> {
    const process = new Process(path.join(repository, 'bin/example-sessions'), [], {
      ...exampleEnvironment(),
      REDIS_URL: redisUrl,
      APP_SECRET: 'the same on all instances, of 32 bytes',
      PUBLIC_URL: publicUrl,
      PORT: '0',
    });
    const line = await process.line(({ text }) => String(text).startsWith('sessions: '), 120_000);
    return new Instance(process, String(line.text).slice('sessions: '.length));
  }
}

interface Reply {
  status: number;
  headers: Headers;
  body: any;
}

// Keeps cookies and repeats the CSRF token, as a page would.
class Browser {
  private readonly cookies = new Map<string, string>();

  get cookie(): string {
    return [...this.cookies].map((pair) => pair.join('=')).join('; ');
  }
  get csrf(): string {
    return this.cookies.get('__Host-csrf') ?? '';
  }
  static holding(cookie: string): Browser {
    const browser = new Browser();
    for (const pair of cookie.split('; ')) browser.cookies.set(pair.split('=')[0]!, pair.split('=')[1]!);
    return browser;
  }

  async send(
    on: Instance,
    method: string,
    target: string,
    body: object = {},
    headers: Record<string, string> = {},
  ): Promise<Reply> {
    const changes = method !== 'GET';
    const reply = await fetch(new URL(target, on.url), {
      method,
      headers: {
        cookie: this.cookie,
        ...(changes ? { 'content-type': 'application/json', 'x-csrf-token': this.csrf } : {}),
        ...headers,
      },
      ...(changes ? { body: JSON.stringify(body) } : {}),
    });
    for (const line of reply.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0]!.split('=') as [string, string];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    const text = await reply.text();
    return { status: reply.status, headers: reply.headers, body: text === '' ? undefined : JSON.parse(text) };
  }
  show = (on: Instance) => this.send(on, 'GET', '/v1/session');
  put = (on: Instance, name: string) => this.send(on, 'POST', '/v1/basket', { name });
  signIn = (on: Instance, name: string) => this.send(on, 'POST', '/v1/sign-in', { name });
}

let redis: RedisServer;
let first: Instance;
let second: Instance;

beforeAll(async () => {
  redis = await startRedis();
  // The first call builds the program if it is not there.
  first = await Instance.start(redis.url);
  second = await Instance.start(redis.url);
}, 180_000);

afterAll(async () => {
  for (const instance of [first, second]) expect(await instance.process.stop()).toEqual({ code: 0, signal: null });
  await redis.remove();
});

const expectProblem = (reply: Reply, status: number, code: string) => {
  expect({ status: reply.status, code: reply.body?.code }).toEqual({ status, code });
};
const signedIn = async (name: string): Promise<Browser> => {
  const browser = new Browser();
  expect((await browser.signIn(first, name)).status).toBe(200);
  return browser;
};

describe('a session', () => {
  test('comes in two cookies that no other host and no plain connection sees', async () => {
    const reply = await new Browser().signIn(first, 'Ann');
    expect(reply.body).toEqual({ name: 'Ann', items: [] });
    expect(reply.headers.get('cache-control')).toBe('no-store');
    const cookies = reply.headers.getSetCookie();
    const attributes = (name: string) => {
      const line = cookies.find((one) => one.startsWith(`${name}=`));
      return new Set(line?.split('; ').slice(1));
    };
    expect(cookies).toHaveLength(2);
    const shared = ['Path=/', 'Max-Age=43200', 'Secure', 'SameSite=Lax'];
    expect(attributes('__Host-sid')).toEqual(new Set([...shared, 'HttpOnly']));
    expect(attributes('__Host-csrf'), 'scripts read it').toEqual(new Set(shared));
  });

  test('begins with the first thing put in, and is shared by all instances', async () => {
    const browser = new Browser();
    expectProblem(await browser.show(first), 401, 'session.missing');
    expect((await browser.put(first, 'tea')).body).toEqual({ name: '', items: ['tea'] });
    expect((await browser.put(second, 'milk')).body.items).toEqual(['tea', 'milk']);
    expect((await browser.show(first)).body.items).toEqual(['tea', 'milk']);
  });

  test('loses nothing of what comes at once', async () => {
    const browser = new Browser();
    await browser.put(first, 'item 0');
    const names = Array.from({ length: 20 }, (_, i) => `item ${i + 1}`);
    const replies = await Promise.all(names.map((name, i) => browser.put(i % 2 ? first : second, name)));
    for (const reply of replies) expect(reply.status).toBe(200);
    expect(new Set((await browser.show(first)).body.items)).toEqual(new Set(['item 0', ...names]));
  });

  test('gets another token at sign-in and keeps what it holds', async () => {
    const browser = new Browser();
    await browser.put(first, 'tea');
    const planted = Browser.holding(browser.cookie);
    expect((await browser.signIn(second, 'Ann')).body).toEqual({ name: 'Ann', items: ['tea'] });
    expect((await browser.show(first)).body).toEqual({ name: 'Ann', items: ['tea'] });
    expectProblem(await planted.show(first), 401, 'session.missing');
    // The old CSRF token went with it.
    const mixed = await browser.send(first, 'POST', '/v1/basket', { name: 'x' }, { 'x-csrf-token': planted.csrf });
    expectProblem(mixed, 403, 'auth.csrf_failed');
  });

  test('is not changed by pages of strangers', async () => {
    const browser = await signedIn('Ann');
    const other = await signedIn('Ann');
    const attempts: Record<string, string>[] = [
      { 'x-csrf-token': '' },
      { 'x-csrf-token': other.csrf },
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of attempts) {
      const put = await browser.send(first, 'POST', '/v1/basket', { name: 'bait' }, headers);
      expectProblem(put, 403, 'auth.csrf_failed');
    }
    expect((await browser.show(first)).body.items).toEqual([]);
    const fromOurs = await browser.send(first, 'POST', '/v1/basket', { name: 'tea' }, { origin: ourPages });
    expect(fromOurs.status).toBe(200);
    const forced = await new Browser().send(first, 'POST', '/v1/sign-in', { name: 'Eve' }, { origin: 'null' });
    expectProblem(forced, 403, 'auth.csrf_failed');
    expect(forced.headers.getSetCookie()).toEqual([]);
  });

  test('is dead everywhere once signed out', async () => {
    const browser = await signedIn('Ann');
    const stolen = Browser.holding(browser.cookie);
    expect((await browser.send(second, 'POST', '/v1/sign-out')).status).toBe(204);
    expect(browser.cookie).toBe('');
    for (const instance of [first, second]) expectProblem(await stolen.show(instance), 401, 'session.missing');
  });

  test('ends with all of its owner, and with nobody else', async () => {
    const [laptop, phone, bob] = [await signedIn('Cecil'), await signedIn('Cecil'), await signedIn('Bob')];
    expect((await laptop.send(first, 'POST', '/v1/sign-out-everywhere')).status).toBe(204);
    expectProblem(await phone.show(second), 401, 'session.missing');
    expect((await bob.show(second)).status).toBe(200);
  });

  test('holds no more than it may', async () => {
    const browser = await signedIn('Ann');
    const long = '🥖'.repeat(80); // 320 bytes of UTF-8
    let reply = await browser.put(first, long);
    for (let i = 0; i < 300 && reply.status === 200; ++i) reply = await browser.put(first, long);
    expectProblem(reply, 413, 'session.too_large');
    expect((await browser.show(first)).status).toBe(200);
  });

  // Last, as it takes Redis away.
  test('outlives its instance and its Redis; without Redis nobody is signed out', async () => {
    const browser = await signedIn('Ann');
    await browser.put(first, 'tea');
    await redis.crash();
    for (const reply of [await browser.show(second), await browser.send(second, 'POST', '/v1/sign-out')]) {
      expectProblem(reply, 503, 'session.unavailable');
      expect(reply.headers.get('retry-after')).toBe('1');
      expect(reply.headers.getSetCookie()).toEqual([]);
    }
    await redis.start();
    await until(async () => (await browser.show(second)).status === 200);
    expect(await first.process.stop()).toEqual({ code: 0, signal: null });
    first = await Instance.start(redis.url);
    expect((await browser.show(first)).body).toEqual({ name: 'Ann', items: ['tea'] });
  });
});

describe('the page', () => {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  test.skipIf(noBrowser)('fills a basket, signs in and out', async () => {
    const plain = await Instance.start(redis.url, 'http://localhost');
    cleanups.push(() => plain.process.stop());
    const browser = await openBrowser();
    cleanups.push(() => closeBrowser(browser));
    const page = await browser.newPage();
    await page.goto(plain.url);
    await page.getByText('Not signed in.').waitFor();
    await page.getByLabel('Item').fill('tea');
    await page.getByRole('button', { name: 'Put in' }).click();
    await page.getByRole('listitem').getByText('tea').waitFor();
    await page.getByLabel('Name').fill('Ann');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Signed in as Ann.').waitFor();
    await page.reload();
    await page.getByText('Signed in as Ann.').waitFor();
    await page.getByRole('listitem').getByText('tea').waitFor();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByText('Not signed in.').waitFor();
    await expect.poll(() => page.getByRole('listitem').count()).toBe(0);
    expect(await page.getByRole('alert').innerText()).toBe('');
  });
});
