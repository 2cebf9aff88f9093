// Bearer tokens by fast-jwt, which remembers what it has verified; the session's permissions from a cache that is at most
// five seconds old.
import { Buffer } from 'node:buffer';
import { createVerifier } from 'fast-jwt';
import { prepared } from './database.js';
import { Problem } from './problem.js';

const maxAge = 5_000;
const maxSessions = 20_000;

const verify = createVerifier({
  key: Buffer.from(process.env.JWT_SECRET),
  algorithms: ['HS256'],
  checkTyp: 'at+jwt',
  allowedIss: process.env.JWT_ISSUER ?? 'backend-api',
  allowedAud: process.env.JWT_AUDIENCE ?? 'backend-api',
  requiredClaims: ['exp', 'sid'],
  cache: maxSessions,
  cacheTTL: 60_000,
  cacheKeyBuilder: (token) => token, // hashing it would cost as much as verifying it
});

const grantsOfSession = prepared(
  'grants_of_session',
  `select s.user_id as "userId", s.tenant_id as "tenantId", s.device_id as "deviceId", s.expires_at as "expiresAt",
          r.permissions, mr.location_id as "locationId"
   from sessions s
   join users u on u.id = s.user_id and u.disabled_at is null
   join tenants t on t.id = s.tenant_id and t.status <> 'closed'
   join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.user_id and m.status = 'active' and m.deleted_at is null
   left join membership_roles mr on mr.tenant_id = m.tenant_id and mr.membership_id = m.id
   left join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id and r.deleted_at is null
   left join devices d on d.tenant_id = s.tenant_id and d.id = s.device_id
   where s.id = $1 and s.revoked_at is null
     and (s.device_id is null or (d.status = 'active' and d.deleted_at is null))
   limit 200`,
);

async function load(id) {
  const rows = await grantsOfSession([id]);
  if (rows.length === 0) return null;
  const { userId, tenantId, deviceId, expiresAt } = rows[0];
  const grants = rows.map((row) => ({ locationId: row.locationId, permissions: new Set(row.permissions ?? []) }));
  return { userId, tenantId, deviceId, expiresAt: Date.parse(expiresAt), grants };
}

const cache = new Map();

function sessionOf(id) {
  const known = cache.get(id);
  if (known && Date.now() - known.readAt < maxAge) return known.session;
  if (cache.size >= maxSessions) cache.delete(cache.keys().next().value);
  const session = load(id);
  cache.delete(id);
  cache.set(id, { readAt: Date.now(), session });
  session.catch(() => cache.delete(id));
  return session;
}

const unauthorized = () => new Problem(401, 'auth.unauthorized', 'This needs a valid access token');

function claimsOf(request) {
  const [, token] = /^Bearer ([\w.~+/-]+=*)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (!token) throw unauthorized();
  try {
    return verify(token);
  } catch {
    throw unauthorized();
  }
}

// A hook: { onRequest: permitted('products.read') }, for callers who may do this at one location at least.
export function permitted(permission) {
  return async (request) => {
    const claims = claimsOf(request);
    const session = await sessionOf(claims.sid);
    if (!session || session.expiresAt <= Date.now()) throw unauthorized();
    const sameCaller =
      session.userId === claims.sub && session.tenantId === claims.tid && session.deviceId === (claims.did ?? null);
    if (!sameCaller) throw unauthorized();
    if (!session.grants.some((grant) => grant.permissions.has(permission))) {
      throw new Problem(403, 'auth.forbidden', 'You may not do this');
    }
    request.caller = session;
  };
}
