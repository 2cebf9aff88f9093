// Second factors, with an authenticator of the test's own (support/authenticator.ts), on two instances of one database.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Authenticator } from './support/authenticator.js';
import { type ScratchDatabase, scratchDatabase } from './support/database.js';
import { environment } from './support/environment.js';
import { run } from './support/process.js';
import { migrate, type Service, serviceEnvironment, startService } from './support/service.js';
import { expectProblem, ok, password, signUp, type Shop } from './support/shop.js';

let database: ScratchDatabase;
let first: Service;
let second: Service;

// What the one signs, the other verifies.
const shared = {
  APP_SECRET: 'a secret that two instances of the tests share, long enough',
  JWT_SECRET: 'another secret that two instances of the tests share, long enough',
  TOTP_ISSUER: 'Duka & Co',
};

beforeAll(async () => {
  database = await scratchDatabase();
  await migrate(serviceEnvironment(database, shared));
  [first, second] = await Promise.all([
    startService({ database, env: shared }),
    startService({ database, env: shared }),
  ]);
});
afterAll(async () => {
  await first?.stop();
  await second?.stop();
  await database?.drop();
});

interface Person {
  shop: Shop;
  app: Authenticator;
  recoveryCodes: string[];
}

// Somebody whose app is set up; the code of now is spent.
async function withApp(): Promise<Person> {
  const shop = await signUp(first);
  await database.query('update users set email_verified_at = now() where email = $1', [shop.email]);
  const begun = await ok(shop.api('POST', '/v1/auth/totp', { body: { password } }), 200);
  const app = new Authenticator(begun.uri);
  expect([app.issuer, app.account]).toEqual(['Duka & Co', shop.email]);
  const { recoveryCodes } = await ok(shop.api('POST', '/v1/auth/totp/confirm', { body: { code: app.code() } }), 200);
  expect(recoveryCodes).toHaveLength(10);
  return { shop, app, recoveryCodes };
}

async function challengeOf({ shop }: Person): Promise<string> {
  const reply = await first.api('POST', '/v1/auth/login', { body: { email: shop.email, password } });
  expectProblem(reply, 401, 'auth.second_factor_required');
  expect(Date.parse(reply.body.expiresAt)).toBeGreaterThan(Date.now());
  return reply.body.challenge;
}

const secondStep = (service: Service, challenge: string, given: Record<string, string>) =>
  service.api('POST', '/v1/auth/totp/login', { body: { challenge, ...given } });

describe('a code of an authenticator app', () => {
  test('is the second step of a sign-in', async () => {
    const person = await withApp();
    const challenge = await challengeOf(person);
    expectProblem(await secondStep(first, challenge, { code: person.app.wrong() }), 422, 'auth.code_wrong');
    const session = await ok(secondStep(second, challenge, { code: person.app.code(1) }), 200);
    expect(session.user.email).toBe(person.shop.email);
    const me = await ok(first.api('GET', '/v1/auth/me', { token: session.accessToken }), 200);
    expect(me.sessionId).toBe(session.sessionId);
    await ok(first.api('POST', '/v1/auth/refresh', { body: { refreshToken: session.refreshToken } }), 200);
  });

  test('opens one session, for fifty at a time on two instances, and none after a restart', async () => {
    const person = await withApp();
    const challenge = await challengeOf(person);
    const code = person.app.code(1);
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, index) => secondStep(index % 2 ? first : second, challenge, { code })),
    );
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
    for (const reply of replies.filter((one) => one.status !== 200)) expectProblem(reply, 422, 'auth.code_used');
    await second.restart();
    expectProblem(await secondStep(second, challenge, { code }), 422, 'auth.code_used');
  });

  test('a recovery code opens one session, for fifty at a time on two instances', async () => {
    const person = await withApp();
    const challenge = await challengeOf(person);
    const recoveryCode = person.recoveryCodes[0]!;
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, index) => secondStep(index % 2 ? first : second, challenge, { recoveryCode })),
    );
    expect(replies.filter((reply) => reply.status === 200)).toHaveLength(1);
    for (const reply of replies.filter((one) => one.status !== 200)) expectProblem(reply, 422, 'auth.code_wrong');
    const state = await ok(person.shop.api('GET', '/v1/auth/totp'), 200);
    expect(state).toMatchObject({ enabled: true, recoveryCodesLeft: 9 });
  });

  test('is taken away by whoever runs the service, with all sessions', async () => {
    const person = await withApp();
    const reset = (email: string) =>
      run(environment.binary, ['users', 'reset-second-factor', '--email', email], serviceEnvironment(database, shared));
    const done = await reset(person.shop.email);
    expect(done.code, done.output).toBe(0);
    expect(done.output).toContain(`user ${person.shop.userId} ${person.shop.email}`);
    await expect.poll(async () => (await person.shop.api('GET', '/v1/auth/me')).body.code).toBe('auth.session_revoked');
    await ok(first.api('POST', '/v1/auth/login', { body: { email: person.shop.email, password } }), 200);
    const again = await reset(person.shop.email);
    expect(again.code, again.output).toBe(1);
    expect(again.output).toContain('no second factor');
    expect((await reset('nobody@duka.example')).output).toContain('nobody has this address');
  });

  test('is guessed 20 times a day, and its owner is in with two', async () => {
    const person = await withApp();
    const wrong = person.app.wrong();
    const statuses = new Map<string, number>();
    for (let round = 0; round < 4; ++round) {
      const challenge = await challengeOf(person);
      const replies = await Promise.all(
        Array.from({ length: 25 }, (_, index) => secondStep(index % 2 ? first : second, challenge, { code: wrong })),
      );
      for (const { body } of replies) statuses.set(body.code, (statuses.get(body.code) ?? 0) + 1);
    }
    expect(Object.fromEntries(statuses)).toEqual({ 'auth.code_wrong': 20, 'auth.codes_needed': 80 });
    const now = Date.now();
    const given = { code: person.app.code(0, now), nextCode: person.app.code(1, now) };
    await ok(secondStep(first, await challengeOf(person), given), 200);
  });
});
