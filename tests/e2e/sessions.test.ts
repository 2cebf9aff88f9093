// Sessions as clients hold them: a browser's cookies with CSRF, and a till's refresh tokens on a bad link.
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Reply, type Service, startService } from './support/service.js';
import {
  addDevice,
  expectProblem,
  logIn,
  ok,
  openShop,
  password,
  type Shop,
  signUp,
  signUpBody,
} from './support/shop.js';
import { until } from './support/until.js';

const ourPages = 'https://duka.example';

let service: Service;
let shop: Shop;

beforeAll(async () => {
  // One loop: what it did itself it knows at once.
  service = await startService({ env: { THREADS: '1', CORS_ORIGINS: ourPages } });
  shop = await openShop(service, { variants: 1, devices: 1 });
});

afterAll(async () => {
  expect(await service.stop()).toEqual({ code: 0, signal: null });
});

describe('a browser', () => {
  interface Browser {
    cookie: string;
    csrf: string;
    setCookies: string[];
  }

  const cookiesOf = (reply: Reply<any>): Browser => {
    const setCookies = reply.headers.getSetCookie();
    const pairs = setCookies.map((line) => line.split(';')[0]!);
    return { cookie: pairs.join('; '), csrf: reply.body.csrfToken, setCookies };
  };
  const open = async (): Promise<Browser> => {
    const reply = await service.api('POST', '/v1/auth/login', {
      body: { email: shop.email, password, session: 'cookie' },
    });
    expect(reply.status, reply.text).toBe(200);
    return cookiesOf(reply);
  };
  const add = (browser: Browser, headers: Record<string, string>) =>
    service.api('POST', '/v1/categories', {
      body: { name: `Category ${randomUUID()}` },
      headers: { cookie: browser.cookie, ...headers },
    });

  test('is not signed in by a page of strangers', async () => {
    const form = new URLSearchParams({ email: shop.email, password, session: 'cookie' }).toString();
    const strangers: Record<string, string>[] = [
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
    ];
    for (const headers of strangers) {
      const reply = await service.api('POST', '/v1/auth/login', {
        body: form,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      });
      expect(reply.status, reply.text).toBe(403);
      expect(reply.body.code).toMatch(/^(auth\.csrf_failed|request\.origin_not_allowed)$/);
      expect(reply.headers.getSetCookie()).toEqual([]);
    }
  });

  test('gets two cookies and no token', async () => {
    const reply = await service.api('POST', '/v1/auth/login', {
      body: { email: shop.email, password, session: 'cookie' },
    });
    expect(reply.body).not.toHaveProperty('accessToken');
    expect(reply.body).not.toHaveProperty('refreshToken');
    expect(reply.headers.get('cache-control')).toBe('no-store');
    const { setCookies, csrf } = cookiesOf(reply);
    const [session, token] = ['sid', 'csrf'].map((name) => setCookies.find((one) => one.includes(`${name}=`))!);
    expect(setCookies).toHaveLength(2);
    for (const cookie of setCookies) expect(cookie).toMatch(/; Path=\/(;|$)/);
    for (const cookie of setCookies) expect(cookie).toMatch(/; SameSite=(Lax|Strict)(;|$)/);
    expect(session).toMatch(/; HttpOnly(;|$)/);
    expect(token, 'scripts read it').not.toMatch(/HttpOnly/);
    expect(token).toContain(csrf);
  });

  test('reads with the cookie alone', async () => {
    const browser = await open();
    const me = await ok(service.api('GET', '/v1/auth/me', { headers: { cookie: browser.cookie } }), 200);
    expect(me.user.email).toBe(shop.email);
  });

  test('changes with cookie and CSRF token, from our pages, from an allowed origin and from no page', async () => {
    const browser = await open();
    await ok(add(browser, { 'x-csrf-token': browser.csrf }), 201);
    await ok(add(browser, { 'x-csrf-token': browser.csrf, origin: service.url }), 201);
    await ok(add(browser, { 'x-csrf-token': browser.csrf, origin: ourPages }), 201);
    await ok(add(browser, { 'x-csrf-token': browser.csrf, 'sec-fetch-site': 'same-origin' }), 201);
  });

  test('is refused without the token, with a wrong one, and with that of another session', async () => {
    const browser = await open();
    const other = await open();
    const forged = browser.csrf.slice(0, -2) + (browser.csrf.endsWith('AA') ? 'BB' : 'AA');
    for (const headers of [{}, { 'x-csrf-token': '' }, { 'x-csrf-token': forged }, { 'x-csrf-token': other.csrf }])
      expectProblem(await add(browser, headers as Record<string, string>), 403, 'auth.csrf_failed');
    // The cookie is no proof: a page of a stranger has the browser send it.
    const forgedCookie = { ...browser, cookie: browser.cookie.replace(browser.csrf, forged) };
    expectProblem(await add(forgedCookie, { 'x-csrf-token': forged }), 403, 'auth.csrf_failed');
  });

  test('is refused from a foreign origin, whatever else it sends', async () => {
    const browser = await open();
    const before = (await ok(shop.api('GET', '/v1/categories?count=true'), 200)).count.value;
    for (const headers of [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: `${ourPages}.evil.example` },
      { 'sec-fetch-site': 'cross-site' },
    ]) {
      const reply = await add(browser, {
        'x-csrf-token': browser.csrf,
        ...(headers as unknown as Record<string, string>),
      });
      expect(reply.status, JSON.stringify(headers)).toBe(403);
      expect(reply.body.code).toMatch(/^(auth\.csrf_failed|request\.origin_not_allowed)$/);
    }
    expect((await ok(shop.api('GET', '/v1/categories?count=true'), 200)).count.value).toBe(before);
  });

  test('signs out: the cookies go, and what is left of them serves no more', async () => {
    const browser = await open();
    const headers = { cookie: browser.cookie, 'x-csrf-token': browser.csrf };
    expectProblem(
      await service.api('POST', '/v1/auth/logout', { headers: { cookie: browser.cookie } }),
      403,
      'auth.csrf_failed',
    );
    const reply = await service.api('POST', '/v1/auth/logout', { headers });
    expect(reply.status, reply.text).toBe(204);
    expect(reply.headers.getSetCookie()).toHaveLength(2);
    for (const cookie of reply.headers.getSetCookie()) expect(cookie).toMatch(/Max-Age=0|Expires=Thu, 01 Jan 1970/);
    const after = await service.api('GET', '/v1/auth/me', { headers: { cookie: browser.cookie } });
    expect(after.status).toBe(401);
  });
});

describe('a till on a bad link', () => {
  const refresh = (refreshToken: string, more: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
    service.api('POST', '/v1/auth/refresh', { body: { refreshToken, ...more }, headers });
  const open = async (deviceId?: string) =>
    ok(service.api('POST', '/v1/auth/login', { body: { email: shop.email, password, deviceId } }), 200);
  const me = (token: string) => service.api('GET', '/v1/auth/me', { token });

  test('a lost reply gives the same successor once more, and the session goes on', async () => {
    const first = await open();
    const lost = await ok(refresh(first.refreshToken), 200);
    const again = await ok(refresh(first.refreshToken), 200);
    expect(again.refreshToken).toBe(lost.refreshToken);
    expect(again.sessionId).toBe(first.sessionId);
    const next = await ok(refresh(again.refreshToken), 200);
    expect(next.refreshToken).not.toBe(again.refreshToken);
    expect((await me(next.accessToken)).status).toBe(200);
  });

  test('twenty at once get one successor', async () => {
    const first = await open();
    const replies = await Promise.all(Array.from({ length: 20 }, () => refresh(first.refreshToken)));
    for (const reply of replies) expect(reply.status, reply.text).toBe(200);
    expect(new Set(replies.map((reply) => reply.body.refreshToken)).size).toBe(1);
  });

  test('a token whose successor was used is a theft: the session ends for both', async () => {
    const robbed = await open();
    const second = await ok(refresh(robbed.refreshToken), 200);
    const third = await ok(refresh(second.refreshToken), 200);
    expectProblem(await refresh(robbed.refreshToken), 401, 'auth.refresh_reused');
    expectProblem(await refresh(third.refreshToken), 401, 'auth.invalid_refresh_token');
    await until(async () => (await me(third.accessToken)).status === 401);
    expectProblem(await me(third.accessToken), 401, 'auth.session_revoked');
  });

  test('so is one that comes from another device after it was used', async () => {
    const device = await addDevice(shop, `Till ${randomUUID()}`);
    const stranger = await addDevice(shop, `Till ${randomUUID()}`);
    const bound = await open(device.id);
    const used = await ok(refresh(bound.refreshToken, { deviceId: device.id }), 200);
    expectProblem(await refresh(bound.refreshToken, { deviceId: stranger.id }), 401, 'auth.refresh_reused');
    expectProblem(await refresh(used.refreshToken, { deviceId: device.id }), 401, 'auth.invalid_refresh_token');
  });

  test('an update of the app is no theft: the lost reply is given again to its new version', async () => {
    const ours = await open();
    const lost = await ok(refresh(ours.refreshToken, {}, { 'user-agent': 'till/1.0' }), 200);
    const again = await ok(refresh(ours.refreshToken, {}, { 'user-agent': 'till/2.0' }), 200);
    expect(again.refreshToken).toBe(lost.refreshToken);
  });

  test('a made-up token is refused and ends nothing', async () => {
    const session = await open();
    expectProblem(await refresh(`rt_${'a'.repeat(43)}`), 401, 'auth.invalid_refresh_token');
    expectProblem(await refresh('nonsense'), 401, 'auth.invalid_refresh_token');
    await ok(refresh(session.refreshToken), 200);
  });

  test('signing out ends access and refresh tokens of this session, and of no other', async () => {
    const here = await open();
    const there = await open();
    await ok(service.api('POST', '/v1/auth/logout', { token: here.accessToken }), 204);
    expectProblem(await me(here.accessToken), 401, 'auth.session_revoked');
    expectProblem(await refresh(here.refreshToken), 401, 'auth.invalid_refresh_token');
    expect((await me(there.accessToken)).status).toBe(200);
    await ok(refresh(there.refreshToken), 200);
  });

  test('survives a restart of the service', async () => {
    const session = await open();
    const used = await ok(refresh(session.refreshToken), 200);
    await service.restart();
    expect((await ok(refresh(session.refreshToken), 200)).refreshToken).toBe(used.refreshToken);
    await logIn(shop);
  });
});

describe('a repeated sign-up', () => {
  test('gets the first reply to the byte, also after a restart, and nothing of it is readable in the table', async () => {
    const email = `owner-${randomUUID()}@duka.example`;
    const key = randomUUID();
    const send = (body = signUpBody(email)) =>
      service.api('POST', '/v1/tenants', { body, headers: { 'idempotency-key': key } });
    const first = await send();
    expect(first.status, first.text).toBe(201);
    await service.restart();
    const again = await send();
    expect([again.status, again.text]).toEqual([201, first.text]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect((await service.api('GET', '/v1/auth/me', { token: again.body.accessToken })).status).toBe(200);
    expectProblem(await send({ ...signUpBody(email), location: { code: 'NRB2' } }), 422, 'idempotency.key_reused');
    const [row] = await service.database.query<{ response: Buffer }>(
      'select response from idempotency_keys where key = $1',
      [key],
    );
    for (const secret of [first.body.accessToken, first.body.refreshToken, email])
      expect(row!.response.includes(Buffer.from(secret))).toBe(false);
    const hash = createHash('sha256').update(first.body.refreshToken).digest();
    expect(row!.response.includes(hash)).toBe(false);
    await logIn(shop);
  });

  test('one without a key is refused', async () => {
    const reply = await service.api('POST', '/v1/tenants', { body: signUpBody('nobody@duka.example') });
    expectProblem(reply, 400, 'idempotency.key_missing');
    await signUp(service);
  });
});
