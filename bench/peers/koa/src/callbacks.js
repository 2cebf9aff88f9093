// POST /v1/callbacks/m/{token}/stk/{attempt}: what M-Pesa tells is stored as it came, once, and answered. Nothing is made of it here.
import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import { eq, sql } from 'drizzle-orm';
import { db } from './database.js';
import { newId } from './ids.js';
import { Problem } from './problem.js';
import { paymentAccounts, providerEvents } from './schema.js';

const { placeholder } = sql;

const accountOfToken = db
  .select({ tenantId: paymentAccounts.tenantId, id: paymentAccounts.id })
  .from(paymentAccounts)
  .where(eq(paymentAccounts.callbackTokenHash, placeholder('hash')))
  .limit(1)
  .prepare('callback_account');

const storeEvent = db
  .insert(providerEvents)
  .values({
    tenantId: placeholder('tenantId'),
    id: placeholder('id'),
    accountId: placeholder('accountId'),
    provider: 'mpesa',
    kind: 'stk',
    dedupeKey: placeholder('dedupeKey'),
    body: placeholder('body'),
    headers: { fields: [] },
    trusted: true,
    attemptRef: placeholder('attemptRef'),
    receivedAt: placeholder('receivedAt'),
    intentId: placeholder('intentId'),
    dueAt: placeholder('dueAt'),
    deliveries: 1,
  })
  .onConflictDoNothing()
  .prepare('callback_store');

const sha256 = (bytes) => createHash('sha256').update(bytes).digest();

export function callbackRoutes(router) {
  router.post('/v1/callbacks/m/:token/stk/:attempt', async (ctx) => {
    const [account] = await accountOfToken.execute({ hash: sha256(ctx.params.token) });
    if (!account) throw new Problem(403, 'auth.callback_refused', 'The sender of the callback is not known');
    const body = Buffer.from(ctx.request.rawBody);
    const now = Date.now();
    await storeEvent.execute({
      tenantId: account.tenantId,
      id: newId(),
      accountId: account.id,
      dedupeKey: `stk:${sha256(body).toString('hex')}`,
      body,
      attemptRef: ctx.request.body?.Body?.stkCallback?.CheckoutRequestID ?? null,
      receivedAt: new Date(now),
      intentId: ctx.params.attempt,
      dueAt: new Date(now + 60_000),
    });
    ctx.body = { ResultCode: 0, ResultDesc: 'Accepted' };
  });
}
