#pragma once
// Every statement of this module. They run before a tenant is known, hence as app_system.

#include "db/query.h"
#include "pos/modules/auth/contract.h"

namespace pos::sign_in {

using db::Kind;
using db::SystemQuery;

// ---- People ------------------------------------------------------------------------------------------------------

struct LoginUser {
    Person person;
    std::string password_hash;
    std::optional<base::Timestamp> disabled_at;
    std::optional<TenantId> default_tenant_id;
    bool known_address = false;  // somebody has signed in as this user from there

    friend constexpr auto describe(LoginUser*) {
        return schema::object<LoginUser>("LoginUser", schema::flatten<&LoginUser::person>(),
                                         schema::field<&LoginUser::password_hash>("passwordHash", {.internal = true}),
                                         schema::field<&LoginUser::disabled_at>("disabledAt"),
                                         schema::field<&LoginUser::default_tenant_id>("defaultTenantId"),
                                         schema::field<&LoginUser::known_address>("knownAddress"));
    }
};

inline constexpr SystemQuery<LoginUser(std::string, std::string)> user_by_login{
    {"auth.user_by_login",
     "select u.id, u.email, u.phone, u.name, u.password_hash, u.disabled_at, u.default_tenant_id, "
     "  exists (select from sessions s where s.user_id = u.id and s.ip_address = $2) as known_address "
     "from users u where u.email = $1 or u.phone = $1",
     Kind::point}};

inline constexpr SystemQuery<Person(UserId)> person{
    {"auth.person", "select id, email, phone, name from users where id = $1 and disabled_at is null", Kind::point}};

struct MembershipRow {
    TenantSummary tenant;
    std::vector<std::string> roles;

    friend constexpr auto describe(MembershipRow*) {
        return schema::object<MembershipRow>("MembershipRow", schema::flatten<&MembershipRow::tenant>(),
                                             schema::field<&MembershipRow::roles>("roles"));
    }
};

inline constexpr SystemQuery<MembershipRow(UserId)> memberships_of{
    {"auth.memberships_of",
     "select t.id, t.name, t.country, t.currency, t.time_zone, array("
     "  select distinct r.name from membership_roles mr "
     "  join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id and r.deleted_at is null "
     "  where mr.tenant_id = m.tenant_id and mr.membership_id = m.id order by r.name) as roles "
     "from memberships m join tenants t on t.id = m.tenant_id "
     "where m.user_id = $1 and m.status = 'active' and m.deleted_at is null and t.status <> 'closed' "
     "order by t.name, t.id limit 200",
     Kind::point}};

inline constexpr SystemQuery<bool(TenantId, DeviceId)> device_is_active{
    {"auth.device_is_active",
     "select exists (select from devices where tenant_id = $1 and id = $2 and status = 'active' and deleted_at is "
     "null)",
     Kind::point}};

inline constexpr SystemQuery<void(UserId, std::string, std::string)> rehash{
    {"auth.rehash", "update users set password_hash = $3 where id = $1 and password_hash = $2", Kind::write}};

inline constexpr SystemQuery<void(UserId, std::string, base::Timestamp)> set_password{
    {"auth.set_password",
     "update users set password_hash = $2, password_changed_at = $3, updated_at = $3, version = version + 1 where id = "
     "$1",
     Kind::write}};

// ---- Sessions ----------------------------------------------------------------------------------------------------

inline constexpr auto add_session = db::insert<tables::sessions>("auth.add_session");
inline constexpr auto add_refresh_token = db::insert<tables::refresh_tokens>("auth.add_refresh_token");

// One row for each role, or one with nulls for a member without any.
struct SessionGrant {
    UserId user_id;
    TenantId tenant_id;
    std::optional<DeviceId> device_id;
    base::Timestamp expires_at;
    std::optional<std::string> built_in;
    std::optional<std::vector<std::string>> permissions;
    std::optional<LocationId> location_id;

    friend constexpr auto describe(SessionGrant*) {
        return schema::object<SessionGrant>(
            "SessionGrant", schema::field<&SessionGrant::user_id>("userId"),
            schema::field<&SessionGrant::tenant_id>("tenantId"), schema::field<&SessionGrant::device_id>("deviceId"),
            schema::field<&SessionGrant::expires_at>("expiresAt"), schema::field<&SessionGrant::built_in>("builtIn"),
            schema::field<&SessionGrant::permissions>("permissions"),
            schema::field<&SessionGrant::location_id>("locationId"));
    }
};

inline constexpr SystemQuery<SessionGrant(SessionId)> grants_of_session{
    {"auth.grants_of_session",
     "select s.user_id, s.tenant_id, s.device_id, s.expires_at, r.built_in, r.permissions, mr.location_id "
     "from sessions s "
     "join users u on u.id = s.user_id and u.disabled_at is null "
     "join tenants t on t.id = s.tenant_id and t.status <> 'closed' "
     "join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.user_id and m.status = 'active' and "
     "m.deleted_at is null "
     "left join membership_roles mr on mr.tenant_id = m.tenant_id and mr.membership_id = m.id "
     "left join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id and r.deleted_at is null "
     "where s.id = $1 and s.revoked_at is null and (s.device_id is null or exists ("
     "  select from devices d where d.tenant_id = s.tenant_id and d.id = s.device_id and d.status = 'active' and "
     "d.deleted_at is null)) "
     "limit 200",
     Kind::point}};

inline constexpr SystemQuery<SessionId(schema::Bytes)> session_of_cookie{
    {"auth.session_of_cookie", "select id from sessions where cookie_hash = $1", Kind::point}};

inline constexpr SystemQuery<SessionView(UserId, SessionId, base::Timestamp)> sessions_of{
    {"auth.sessions_of",
     "select id, tenant_id, device_id, kind, user_agent, ip_address, created_at, last_seen_at, expires_at, id = $2 as "
     "\"current\" "
     "from sessions where user_id = $1 and revoked_at is null and expires_at > $3 "
     "order by created_at desc limit 200",
     Kind::point}};

inline constexpr SystemQuery<void(SessionId, UserId, base::Timestamp, std::string)> end_session{
    {"auth.end_session",
     "update sessions set revoked_at = $3, revoke_reason = $4 where id = $1 and user_id = $2 and revoked_at is null",
     Kind::write}};

inline constexpr SystemQuery<void(UserId, SessionId, base::Timestamp, std::string)> end_other_sessions{
    {"auth.end_other_sessions",
     "update sessions set revoked_at = $3, revoke_reason = $4 where user_id = $1 and id <> $2 and revoked_at is null",
     Kind::write}};

inline constexpr SystemQuery<void(UserId, TenantId, base::Timestamp, std::string)> end_sessions_of_member{
    {"auth.end_sessions_of_member",
     "update sessions set revoked_at = $3, revoke_reason = $4 where user_id = $1 and tenant_id = $2 and revoked_at is "
     "null",
     Kind::write}};

// Tells every instance that what it knows is old ("session:<uuid>", "user:<uuid>", "tenant:<uuid>"), when the transaction commits.
inline constexpr SystemQuery<std::string(std::string)> announce{
    {"auth.announce", "select pg_notify('auth_changes', $1)::text", Kind::write}};

// ---- Refresh tokens ----------------------------------------------------------------------------------------------

// The session's row is the lock of its family of tokens. A statement of its own: what comes after it sees what was committed
// while it waited.
inline constexpr SystemQuery<SessionId(schema::Bytes)> lock_family{
    {"auth.lock_family",
     "select id from sessions where id = (select session_id from refresh_tokens where token_hash = $1) for no key "
     "update",
     Kind::write}};

struct RefreshRow {
    base::Uuid id;
    base::Timestamp expires_at;
    std::optional<base::Timestamp> used_at;
    SessionId session_id;
    UserId user_id;
    TenantId tenant_id;
    std::optional<DeviceId> device_id;
    std::string user_agent;
    std::optional<base::Timestamp> revoked_at;
    std::optional<schema::Bytes> successor_hash;
    std::optional<base::Timestamp> successor_used_at;

    friend constexpr auto describe(RefreshRow*) {
        return schema::object<RefreshRow>(
            "RefreshRow", schema::field<&RefreshRow::id>("id"), schema::field<&RefreshRow::expires_at>("expiresAt"),
            schema::field<&RefreshRow::used_at>("usedAt"), schema::field<&RefreshRow::session_id>("sessionId"),
            schema::field<&RefreshRow::user_id>("userId"), schema::field<&RefreshRow::tenant_id>("tenantId"),
            schema::field<&RefreshRow::device_id>("deviceId"), schema::field<&RefreshRow::user_agent>("userAgent"),
            schema::field<&RefreshRow::revoked_at>("revokedAt"),
            schema::field<&RefreshRow::successor_hash>("successorHash"),
            schema::field<&RefreshRow::successor_used_at>("successorUsedAt"));
    }
};

inline constexpr SystemQuery<RefreshRow(schema::Bytes)> refresh_token{
    {"auth.refresh_token",
     "select t.id, t.expires_at, t.used_at, s.id as session_id, s.user_id, s.tenant_id, s.device_id, s.user_agent, "
     "s.revoked_at, "
     "  n.token_hash as successor_hash, n.used_at as successor_used_at "
     "from refresh_tokens t join sessions s on s.id = t.session_id left join refresh_tokens n on n.id = t.replaced_by "
     "where t.token_hash = $1",
     Kind::point}};

inline constexpr SystemQuery<void(base::Uuid, base::Uuid, base::Timestamp)> use_refresh_token{
    {"auth.use_refresh_token", "update refresh_tokens set used_at = $3, replaced_by = $2 where id = $1", Kind::write}};

inline constexpr SystemQuery<void(SessionId, base::Timestamp, base::Timestamp)> prolong_session{
    {"auth.prolong_session", "update sessions set last_seen_at = $2, expires_at = $3 where id = $1", Kind::write}};

// ---- Throttling --------------------------------------------------------------------------------------------------

struct ThrottleCount {
    std::string subject;
    std::int32_t failures = 0;

    friend constexpr auto describe(ThrottleCount*) {
        return schema::object<ThrottleCount>("ThrottleCount", schema::field<&ThrottleCount::subject>("subject"),
                                             schema::field<&ThrottleCount::failures>("failures"));
    }
};

// Counts an attempt as failed before it is judged, so that a hundred at once cannot all slip in: arguments are subjects, free
// failures, failures per doubling, longest wait in ms, now. Subjects that must wait are left out of the answer; if one had to
// wait from the start, none is counted. What is a day old is forgotten.
inline constexpr SystemQuery<ThrottleCount(std::vector<std::string>, std::vector<std::int32_t>,
                                           std::vector<std::int32_t>, std::vector<std::int64_t>, base::Timestamp)>
    count_attempt{
        {"auth.count_attempt",
         "insert into login_throttles as t (subject, failures, blocked_until, updated_at) "
         "select p.subject, 1, $5, $5 from unnest($1::text[]) as p (subject) "
         "where not exists (select from login_throttles b where b.subject = any($1) and b.blocked_until > $5) "
         "order by p.subject "
         "on conflict (subject) do update set updated_at = $5, (failures, blocked_until) = ("
         "  select f.failures, $5 + interval '1 millisecond' * case when f.failures <= p.free then 0 "
         "    else least(p.longest, 1000 * power(2, least(30, (f.failures - p.free - 1) / p.step))) end "
         "  from unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[]) as p (subject, free, step, longest), "
         "    (select case when t.updated_at < $5 - interval '1 day' then 1 else least(t.failures, 1000000) + 1 end as "
         "failures) f "
         "  where p.subject = t.subject) "
         "where t.blocked_until <= $5 "
         "returning t.subject, t.failures",
         Kind::write}};

inline constexpr SystemQuery<std::optional<base::Timestamp>(std::vector<std::string>)> blocked_until{
    {"auth.blocked_until", "select max(blocked_until) from login_throttles where subject = any($1)", Kind::point}};

inline constexpr SystemQuery<void(std::vector<std::string>)> forget_failures{
    {"auth.forget_failures", "delete from login_throttles where subject = any($1)", Kind::write}};

// The attempt was a good one after all.
inline constexpr SystemQuery<void(std::string, base::Timestamp)> uncount_attempt{
    {"auth.uncount_attempt",
     "update login_throttles set failures = greatest(failures - 1, 0), blocked_until = $2 where subject = $1",
     Kind::write}};

inline constexpr SystemQuery<void(base::Timestamp)> purge_throttles{
    {"auth.purge_throttles",
     "delete from login_throttles where subject in (select subject from login_throttles where updated_at < $1 order by "
     "updated_at limit 500)",
     Kind::write}};

}  // namespace pos::sign_in
