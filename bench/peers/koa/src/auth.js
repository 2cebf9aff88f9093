// Bearer tokens by jose; the session's permissions from a cache that is at most five seconds old.
import { Buffer } from 'node:buffer';
import { webcrypto } from 'node:crypto';
import { and, eq, isNull, or, sql } from 'drizzle-orm';
import { jwtVerify } from 'jose';
import { db } from './database.js';
import { Problem } from './problem.js';
import { devices, membershipRoles, memberships, roles, sessions, tenants, users } from './schema.js';

const maxAge = 5_000;
const maxSessions = 20_000;

// Imported once: jose imports raw bytes anew for every token.
const key = await webcrypto.subtle.importKey(
  'raw',
  Buffer.from(process.env.JWT_SECRET),
  { name: 'HMAC', hash: 'SHA-256' },
  false,
  ['verify'],
);
const rules = {
  algorithms: ['HS256'],
  typ: 'at+jwt',
  issuer: process.env.JWT_ISSUER ?? 'backend-api',
  audience: process.env.JWT_AUDIENCE ?? 'backend-api',
};

const grantsOfSession = db
  .select({
    userId: sessions.userId,
    tenantId: sessions.tenantId,
    deviceId: sessions.deviceId,
    expiresAt: sessions.expiresAt,
    permissions: roles.permissions,
    locationId: membershipRoles.locationId,
  })
  .from(sessions)
  .innerJoin(users, and(eq(users.id, sessions.userId), isNull(users.disabledAt)))
  .innerJoin(tenants, and(eq(tenants.id, sessions.tenantId), sql`${tenants.status} <> 'closed'`))
  .innerJoin(
    memberships,
    and(
      eq(memberships.tenantId, sessions.tenantId),
      eq(memberships.userId, sessions.userId),
      eq(memberships.status, 'active'),
      isNull(memberships.deletedAt),
    ),
  )
  .leftJoin(
    membershipRoles,
    and(eq(membershipRoles.tenantId, memberships.tenantId), eq(membershipRoles.membershipId, memberships.id)),
  )
  .leftJoin(
    roles,
    and(eq(roles.tenantId, membershipRoles.tenantId), eq(roles.id, membershipRoles.roleId), isNull(roles.deletedAt)),
  )
  .leftJoin(devices, and(eq(devices.tenantId, sessions.tenantId), eq(devices.id, sessions.deviceId)))
  .where(
    and(
      eq(sessions.id, sql.placeholder('id')),
      isNull(sessions.revokedAt),
      or(isNull(sessions.deviceId), and(eq(devices.status, 'active'), isNull(devices.deletedAt))),
    ),
  )
  .limit(200)
  .prepare('grants_of_session');

async function load(id) {
  const rows = await grantsOfSession.execute({ id });
  if (rows.length === 0) return null;
  const { userId, tenantId, deviceId, expiresAt } = rows[0];
  const grants = rows.map((row) => ({ locationId: row.locationId, permissions: new Set(row.permissions ?? []) }));
  return { userId, tenantId, deviceId, expiresAt, grants };
}

const cache = new Map();

function sessionOf(id) {
  const known = cache.get(id);
  if (known && Date.now() - known.readAt < maxAge) return known.session;
  if (cache.size >= maxSessions) cache.delete(cache.keys().next().value);
  const session = load(id);
  const entry = { readAt: Date.now(), session };
  cache.delete(id);
  cache.set(id, entry);
  session.catch(() => cache.delete(id));
  return session;
}

const unauthorized = () => new Problem(401, 'auth.unauthorized', 'This needs a valid access token');

async function claimsOf(ctx) {
  const [, token] = /^Bearer ([\w.~+/-]+=*)$/i.exec(ctx.get('Authorization')) ?? [];
  if (!token) throw unauthorized();
  try {
    return (await jwtVerify(token, key, rules)).payload;
  } catch {
    throw unauthorized();
  }
}

// permitted('sales.create'): a caller who may do this at one location at least.
export function permitted(permission) {
  return async (ctx, next) => {
    const claims = await claimsOf(ctx);
    const session = await sessionOf(claims.sid);
    if (!session || session.expiresAt <= new Date()) throw unauthorized();
    const sameCaller =
      session.userId === claims.sub && session.tenantId === claims.tid && session.deviceId === (claims.did ?? null);
    if (!sameCaller) throw unauthorized();
    ctx.state.caller = {
      ...session,
      mayAt: (wanted, location) =>
        session.grants.some(
          (grant) => (grant.locationId === null || grant.locationId === location) && grant.permissions.has(wanted),
        ),
    };
    if (!session.grants.some((grant) => grant.permissions.has(permission))) throw forbidden();
    await next();
  };
}

export const forbidden = () => new Problem(403, 'auth.forbidden', 'You may not do this');
