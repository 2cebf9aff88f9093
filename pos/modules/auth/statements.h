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
    std::vector<std::string> addresses;  // that are known to the account
    std::vector<DeviceId> devices;       // that it has signed in on
    bool has_second_factor = false;

    friend constexpr auto describe(LoginUser*) {
        return schema::object<LoginUser>("LoginUser", schema::flatten<&LoginUser::person>(),
                                         schema::field<&LoginUser::password_hash>("passwordHash", {.internal = true}),
                                         schema::field<&LoginUser::disabled_at>("disabledAt"),
                                         schema::field<&LoginUser::default_tenant_id>("defaultTenantId"),
                                         schema::field<&LoginUser::addresses>("addresses"),
                                         schema::field<&LoginUser::devices>("devices"),
                                         schema::field<&LoginUser::has_second_factor>("hasSecondFactor"));
    }
};

// A phone number is a login once it is proven: one that is written down may be anybody's, and goes to who reads its messages.
// An address is known by the newest 1,000 sessions: those that live, or lived to their end, or were left by logout since the
// password was changed last. What was ended otherwise may have been a thief's, who would have logged out as well.
inline constexpr SystemQuery<LoginUser(std::string)> user_by_login{
    {"auth.user_by_login",
     "select u.id, u.email, u.phone, u.name, u.password_hash, u.disabled_at, u.default_tenant_id, array("
     "  select distinct n.ip_address from ("
     "    select s.ip_address, s.revoked_at, s.revoke_reason from sessions s where s.user_id = u.id "
     "    order by s.created_at desc limit 1000) n "
     "  where n.revoked_at is null or (n.revoke_reason = 'logout' and n.revoked_at >= u.password_changed_at)"
     "  ) as addresses, array("
     "  select distinct n.device_id from ("
     "    select s.device_id, s.revoked_at, s.revoke_reason from sessions s where s.user_id = u.id "
     "    order by s.created_at desc limit 1000) n "
     "  where n.device_id is not null and (n.revoked_at is null or "
     "    (n.revoke_reason = 'logout' and n.revoked_at >= u.password_changed_at))"
     "  ) as devices, u.second_factor_since is not null as has_second_factor "
     "from users u where u.email = $1 or (u.phone = $1 and u.phone_verified_at is not null)",
     Kind::point}};

inline constexpr SystemQuery<Person(UserId)> person{
    {"auth.person", "select id, email, phone, name from users where id = $1 and disabled_at is null", Kind::point}};

// Whose sign-in waits for the second factor.
struct ChallengedUser {
    Person person;
    std::string password_hash;
    std::optional<TenantId> default_tenant_id;

    friend constexpr auto describe(ChallengedUser*) {
        return schema::object<ChallengedUser>(
            "ChallengedUser", schema::flatten<&ChallengedUser::person>(),
            schema::field<&ChallengedUser::password_hash>("passwordHash", {.internal = true}),
            schema::field<&ChallengedUser::default_tenant_id>("defaultTenantId"));
    }
};
inline constexpr SystemQuery<ChallengedUser(UserId)> challenged_user{
    {"auth.challenged_user",
     "select id, email, phone, name, password_hash, default_tenant_id from users "
     "where id = $1 and disabled_at is null and second_factor_since is not null",
     Kind::point}};

inline constexpr SystemQuery<Locale(UserId)> locale_of_user{
    {"auth.locale_of", "select locale from users where id = $1", Kind::point}};

// The language of a user who has signed in before, and neither at this address nor with this client or device. No row: known, or
// new altogether.
inline constexpr SystemQuery<Locale(UserId, std::string, std::string, std::optional<DeviceId>)> new_login_of{
    {"auth.new_login_of",
     "select u.locale from users u where u.id = $1 and exists (select from sessions s where s.user_id = u.id) "
     "and not exists (select from ("
     "  select s.ip_address, s.user_agent, s.device_id from sessions s where s.user_id = u.id "
     "  order by s.created_at desc limit 1000) n "
     "  where n.ip_address = $2 or (n.user_agent = $3 and $3 <> '') or n.device_id = $4::uuid)",
     Kind::point}};

struct MembershipRow {
    TenantSummary tenant;
    std::vector<std::string> roles;

    friend constexpr auto describe(MembershipRow*) {
        return schema::object<MembershipRow>("MembershipRow", schema::flatten<&MembershipRow::tenant>(),
                                             schema::field<&MembershipRow::roles>("roles"));
    }
};

// 200 at most, and among them the tenant that is asked for, if the user is a member of it.
inline constexpr SystemQuery<MembershipRow(UserId, std::optional<TenantId>)> memberships_of{
    {"auth.memberships_of",
     "select t.id, t.name, t.country, t.currency, t.time_zone, array("
     "  select distinct r.name from membership_roles mr "
     "  join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id and r.deleted_at is null "
     "  where mr.tenant_id = m.tenant_id and mr.membership_id = m.id order by r.name) as roles "
     "from memberships m join tenants t on t.id = m.tenant_id "
     "where m.user_id = $1 and m.status = 'active' and m.deleted_at is null and t.status <> 'closed' "
     "order by t.id is not distinct from $2::uuid desc, t.name, t.id limit 200",
     Kind::point}};

// The device `d` lives, and stands where the user of `s` may work: they have a role there, or everywhere. Also where the
// location was deleted: what its tills have sold is still to come. Asked at sign-in alone: who is signed in on a till that is moved
// away still sends what it has sold (sales/record.cpp, judge_till).
#define POS_OPEN_DEVICE                                                                                               \
    "d.status = 'active' and d.deleted_at is null and exists ("                                                       \
    "  select from memberships w join membership_roles wr on wr.tenant_id = w.tenant_id and wr.membership_id = w.id " \
    "  where w.tenant_id = d.tenant_id and w.user_id = s.user_id "                                                    \
    "  and (wr.location_id is null or wr.location_id = d.location_id)) "

inline constexpr SystemQuery<bool(TenantId, DeviceId, UserId)> device_is_open_to{
    {"auth.device_is_open_to",
     "select exists (select from devices d, (select $3::uuid as user_id) s "
     "  where d.tenant_id = $1 and d.id = $2 and " POS_OPEN_DEVICE ")",
     Kind::point}};

inline constexpr SystemQuery<void(UserId, std::string, std::string)> rehash{
    {"auth.rehash", "update users set password_hash = $3 where id = $1 and password_hash = $2", Kind::write}};

// Nothing, unless the hash is still the one that the password was judged by, and the session that asks has not ended.
inline constexpr SystemQuery<void(UserId, std::string, std::string, base::Timestamp, SessionId)> set_password{
    {"auth.set_password",
     "update users set password_hash = $3, password_changed_at = $4, updated_at = $4, "
     "version = " POS_NEXT_VERSION(
         "version") " where id = $1 and password_hash = $2 and disabled_at is null "
                    "and exists (select from sessions where id = $5 and user_id = $1 and revoked_at is null)",
     Kind::write}};

// ---- Sessions ----------------------------------------------------------------------------------------------------

// A session, with its first refresh token if it has one, stored against what was verified: the password's hash is still that
// one ($15), the user and the membership are alive, the second factor was proved by who has one ($14), and the device is active
// and stands where the member has a role. No row: something of it was changed meanwhile.
// `for share` makes a change that is under way and this statement wait for each other; who changes those rows ends the
// sessions afterwards, in a statement of its own, and so finds this one.
inline constexpr SystemQuery<SessionId(Session, std::string, std::optional<base::Uuid>, std::optional<schema::Bytes>)>
    add_session{
        {"auth.add_session",
         "with person as ("
         "  select u.id from users u "
         "  join memberships m on m.user_id = u.id and m.tenant_id = $3::uuid and m.status = 'active' and m.deleted_at "
         "is null "
         "  join tenants t on t.id = m.tenant_id and t.status <> 'closed' "
         "  where u.id = $2::uuid and u.password_hash = $15::text and u.disabled_at is null "
         "  and (u.second_factor_since is null or $14::timestamptz is not null) for share of u, m), "
         "till as ("
         "  select d.id from devices d, (select $2::uuid as user_id) s "
         "  where d.tenant_id = $3::uuid and d.id = $4::uuid and " POS_OPEN_DEVICE "for share of d), "
         "session as ("
         "  insert into sessions (id, user_id, tenant_id, device_id, kind, cookie_hash, user_agent, ip_address, "
         "    created_at, last_seen_at, expires_at, revoked_at, revoke_reason, second_factor_at) "
         "  select $1::uuid, person.id, $3::uuid, $4::uuid, $5::text, $6::bytea, $7::text, $8::text, $9::timestamptz, "
         "    $10::timestamptz, $11::timestamptz, $12::timestamptz, $13::text, $14::timestamptz from person "
         "  where $4::uuid is null or exists (select from till) returning id), "
         "token as ("
         "  insert into refresh_tokens (id, session_id, token_hash, issued_at, expires_at) "
         "  select $16::uuid, session.id, $17::bytea, $9::timestamptz, $11::timestamptz from session "
         "  where $16::uuid is not null) "
         "select id from session",
         Kind::write}};
inline constexpr auto add_refresh_token = db::insert<tables::refresh_tokens>("auth.add_refresh_token");

// One row for each role, or one with nulls for a member without any. The device is asked what it is asked at sign-in.
struct SessionGrant {
    UserId user_id;
    TenantId tenant_id;
    std::optional<DeviceId> device_id;
    base::Timestamp expires_at;
    base::Timestamp last_seen_at;
    std::int32_t member_version = 0;
    std::optional<std::string> built_in;
    std::optional<std::vector<std::string>> permissions;
    std::optional<LocationId> location_id;
    bool is_late = false;              // the location was deleted
    bool is_suspended = false;         // the tenant is
    bool lacks_second_factor = false;  // which the tenant asks this member for

    friend constexpr auto describe(SessionGrant*) {
        return schema::object<SessionGrant>(
            "SessionGrant", schema::field<&SessionGrant::user_id>("userId"),
            schema::field<&SessionGrant::tenant_id>("tenantId"), schema::field<&SessionGrant::device_id>("deviceId"),
            schema::field<&SessionGrant::expires_at>("expiresAt"),
            schema::field<&SessionGrant::last_seen_at>("lastSeenAt"),
            schema::field<&SessionGrant::member_version>("memberVersion"),
            schema::field<&SessionGrant::built_in>("builtIn"), schema::field<&SessionGrant::permissions>("permissions"),
            schema::field<&SessionGrant::location_id>("locationId"), schema::field<&SessionGrant::is_late>("isLate"),
            schema::field<&SessionGrant::is_suspended>("isSuspended"),
            schema::field<&SessionGrant::lacks_second_factor>("lacksSecondFactor"));
    }
};

inline constexpr SystemQuery<SessionGrant(SessionId)> grants_of_session{
    {"auth.grants_of_session",
     "select s.user_id, s.tenant_id, s.device_id, s.expires_at, s.last_seen_at, m.version as member_version, "
     "r.built_in, r.permissions, mr.location_id, l.deleted_at is not null as is_late, "
     "t.status = 'suspended' as is_suspended, u.second_factor_since is null and exists ("
     "  select from second_factor_rules f where f.tenant_id = s.tenant_id and (f.role_id is null or exists ("
     "    select from membership_roles x where x.tenant_id = m.tenant_id and x.membership_id = m.id "
     "    and x.role_id = f.role_id))) as lacks_second_factor "
     "from sessions s "
     "join users u on u.id = s.user_id and u.disabled_at is null "
     "join tenants t on t.id = s.tenant_id and t.status <> 'closed' "
     "join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.user_id and m.status = 'active' and "
     "m.deleted_at is null "
     "left join membership_roles mr on mr.tenant_id = m.tenant_id and mr.membership_id = m.id "
     "left join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id and r.deleted_at is null "
     "left join locations l on l.tenant_id = mr.tenant_id and l.id = mr.location_id "
     "where s.id = $1 and s.revoked_at is null and (s.device_id is null or exists ("
     "  select from devices d where d.tenant_id = s.tenant_id and d.id = s.device_id and d.status = 'active' "
     "  and d.deleted_at is null)) "
     "limit 200",
     Kind::point}};

// The session was used at $2, if it was not seen since $3. One that is locked is left to the next.
inline constexpr SystemQuery<void(SessionId, base::Timestamp, base::Timestamp)> note_use{
    {"auth.note_use",
     "update sessions set last_seen_at = $2 where ctid = any(array("
     "  select ctid from sessions where id = $1 and revoked_at is null and last_seen_at <= $3 "
     "  for no key update skip locked))",
     Kind::write}};

// The user has a second factor, and the session has not proved it since $2.
inline constexpr SystemQuery<bool(SessionId, base::Timestamp)> step_up_is_due{
    {"auth.step_up_is_due",
     "select exists (select from sessions s join users u on u.id = s.user_id where s.id = $1 "
     "and u.second_factor_since is not null and (s.second_factor_at is null or s.second_factor_at < $2))",
     Kind::point}};

inline constexpr SystemQuery<std::optional<base::Timestamp>(SessionId)> second_factor_of_session{
    {"auth.second_factor_of_session", "select second_factor_at from sessions where id = $1", Kind::point}};

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

// Beyond the most that a user may have, those that were unused the longest: the user, now, how many at once. By ctid, of rows
// that are locked already: an `id in (…)` is a seq scan for each id when the plan was made for a small table.
inline constexpr SystemQuery<void(UserId, base::Timestamp, std::int64_t)> end_surplus_sessions{
    {"auth.end_surplus_sessions",
     "update sessions set revoked_at = $2, revoke_reason = 'too many sessions' where revoked_at is null and ctid = "
     "any(array("
     "  select ctid from sessions where user_id = $1 and revoked_at is null "
     "  order by last_seen_at desc, created_at desc offset 200 limit $3::bigint for update skip locked))",
     Kind::write}};

inline constexpr SystemQuery<void(UserId, SessionId, base::Timestamp, std::string)> end_other_sessions{
    {"auth.end_other_sessions",
     "update sessions set revoked_at = $3, revoke_reason = $4 where user_id = $1 and id <> $2 and revoked_at is null",
     Kind::write}};

// So many at once.
inline constexpr SystemQuery<void(UserId, TenantId, base::Timestamp, std::string, std::int64_t)> end_sessions_of_member{
    {"auth.end_sessions_of_member",
     "update sessions set revoked_at = $3, revoke_reason = $4 where revoked_at is null and ctid = any(array("
     "  select ctid from sessions where user_id = $1 and tenant_id = $2 and revoked_at is null limit $5::bigint "
     "  for update))",
     Kind::write}};

// Tells every instance that what it knows is old ("session:<uuid>", "user:<uuid>", "tenant:<uuid>"), when the transaction commits.
inline constexpr SystemQuery<std::string(std::string)> announce{
    {"auth.announce", "select pg_notify('auth_changes', $1)::text", Kind::write}};

// ---- Refresh tokens ----------------------------------------------------------------------------------------------

// The session's row is the lock of its family of tokens: by the id in the token, or by the token's row. A statement of its own:
// what comes after it sees what was committed while it waited.
struct Family {
    SessionId id;
    UserId user_id;
    base::Timestamp expires_at;
    std::optional<base::Timestamp> revoked_at;

    friend constexpr auto describe(Family*) {
        return schema::object<Family>(
            "Family", schema::field<&Family::id>("id"), schema::field<&Family::user_id>("userId"),
            schema::field<&Family::expires_at>("expiresAt"), schema::field<&Family::revoked_at>("revokedAt"));
    }
};

inline constexpr SystemQuery<Family(schema::Bytes, std::optional<SessionId>)> lock_family{
    {"auth.lock_family",
     "select id, user_id, expires_at, revoked_at from sessions "
     "where id = coalesce((select session_id from refresh_tokens where token_hash = $1), $2) "
     "for no key update",
     Kind::write}};

struct RefreshRow {
    base::Uuid id;
    base::Timestamp expires_at;
    std::optional<base::Timestamp> used_at;
    SessionId session_id;
    UserId user_id;
    TenantId tenant_id;
    std::optional<DeviceId> device_id;
    bool is_disabled = false;  // the user
    bool may_act = false;      // member of the tenant still, with a device that is open to them
    std::optional<schema::Bytes> successor_hash;
    std::optional<base::Timestamp> successor_used_at;

    friend constexpr auto describe(RefreshRow*) {
        return schema::object<RefreshRow>(
            "RefreshRow", schema::field<&RefreshRow::id>("id"), schema::field<&RefreshRow::expires_at>("expiresAt"),
            schema::field<&RefreshRow::used_at>("usedAt"), schema::field<&RefreshRow::session_id>("sessionId"),
            schema::field<&RefreshRow::user_id>("userId"), schema::field<&RefreshRow::tenant_id>("tenantId"),
            schema::field<&RefreshRow::device_id>("deviceId"), schema::field<&RefreshRow::is_disabled>("isDisabled"),
            schema::field<&RefreshRow::may_act>("mayAct"), schema::field<&RefreshRow::successor_hash>("successorHash"),
            schema::field<&RefreshRow::successor_used_at>("successorUsedAt"));
    }
};

// Under the family's lock: whoever shuts the user or the device out waits to end this session, and so ends it after this.
inline constexpr SystemQuery<RefreshRow(schema::Bytes)> refresh_token{
    {"auth.refresh_token",
     "select t.id, t.expires_at, t.used_at, s.id as session_id, s.user_id, s.tenant_id, s.device_id, "
     "  u.disabled_at is not null as is_disabled, "
     "  exists (select from memberships m join tenants o on o.id = m.tenant_id and o.status <> 'closed' "
     "    where m.tenant_id = s.tenant_id and m.user_id = s.user_id and m.status = 'active' and m.deleted_at is null) "
     "  and (s.device_id is null or exists (select from devices d where d.tenant_id = s.tenant_id "
     "    and d.id = s.device_id and d.status = 'active' and d.deleted_at is null)) as may_act, "
     "  n.token_hash as successor_hash, n.used_at as successor_used_at "
     "from refresh_tokens t join sessions s on s.id = t.session_id join users u on u.id = s.user_id "
     "left join refresh_tokens n on n.id = t.replaced_by "
     "where t.token_hash = $1",
     Kind::point}};
#undef POS_OPEN_DEVICE

inline constexpr SystemQuery<void(base::Uuid, base::Uuid, base::Timestamp)> use_refresh_token{
    {"auth.use_refresh_token", "update refresh_tokens set used_at = $3, replaced_by = $2 where id = $1", Kind::write}};

// All but the one that was used just now: a spent token that comes back is told by its own tag.
inline constexpr SystemQuery<void(SessionId, base::Uuid)> drop_spent_tokens{
    {"auth.drop_spent_tokens", "delete from refresh_tokens where session_id = $1 and id <> $2 and used_at is not null",
     Kind::write}};

inline constexpr SystemQuery<void(SessionId, base::Timestamp, base::Timestamp)> prolong_session{
    {"auth.prolong_session", "update sessions set last_seen_at = $2, expires_at = $3 where id = $1", Kind::write}};

// ---- Throttling --------------------------------------------------------------------------------------------------

struct ThrottleCount {
    std::string subject;
    std::int32_t failures = 0;
    base::Timestamp blocked_until;

    friend constexpr auto describe(ThrottleCount*) {
        return schema::object<ThrottleCount>("ThrottleCount", schema::field<&ThrottleCount::subject>("subject"),
                                             schema::field<&ThrottleCount::failures>("failures"),
                                             schema::field<&ThrottleCount::blocked_until>("blockedUntil"));
    }
};

// Counts a failure into leaky buckets, creating them. Arguments: subjects; failures that are free; further ones that double the
// wait; ms in which one leaks; the most a bucket holds; the longest wait in ms; now; the gates. If a gate has to wait, nothing
// is counted and nothing returned; without gates it counts whatever happens. `updated_at` moves on by whole leaks, so that
// what has leaked in part is not lost.
inline constexpr SystemQuery<ThrottleCount(
    std::vector<std::string>, std::vector<std::int32_t>, std::vector<std::int32_t>, std::vector<std::int64_t>,
    std::vector<std::int32_t>, std::vector<std::int64_t>, base::Timestamp, std::vector<std::string>)>
    count_failure{
        {"auth.count_failure",
         "insert into login_throttles as t (subject, failures, blocked_until, updated_at) "
         "select p.subject, 1, $7::timestamptz, $7::timestamptz from unnest($1::text[]) as p (subject) "
         "where not exists (select from login_throttles b where b.subject = any($8::text[]) and b.blocked_until > "
         "$7::timestamptz) "
         "order by p.subject "
         "on conflict (subject) do update set (failures, updated_at, blocked_until) = ("
         "  select f.failures, f.since, $7::timestamptz + interval '1 millisecond' * "
         "    case when f.failures <= p.free then 0 "
         "    else least(p.longest, 1000 * power(2, least(30, (f.failures - p.free - 1) / p.step))) end "
         "  from unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[], $5::integer[], $6::bigint[]) "
         "    as p (subject, free, step, leak, most, longest), "
         "    lateral (select greatest(0, floor(extract(epoch from ($7::timestamptz - t.updated_at)) * 1000 / "
         "p.leak))::bigint as leaked) l, "
         "    lateral (select least(greatest(t.failures - l.leaked, 0) + 1, p.most)::integer as failures, "
         "      case when t.failures <= l.leaked then $7::timestamptz "
         "      else t.updated_at + interval '1 millisecond' * (l.leaked * p.leak) end as since) f "
         "  where p.subject = t.subject) "
         "where t.blocked_until <= $7::timestamptz or cardinality($8::text[]) = 0 "
         "returning t.subject, t.failures, t.blocked_until",
         Kind::write}};

// What is in a bucket now: subject, ms in which one leaks, now.
inline constexpr SystemQuery<std::int64_t(std::string, std::int64_t, base::Timestamp)> failures_of{
    {"auth.failures_of",
     "select coalesce(max(greatest(0, failures - floor(extract(epoch from ($3::timestamptz - updated_at)) * 1000 / "
     "$2::bigint))), 0)::bigint as failures from login_throttles where subject = $1",
     Kind::point}};

inline constexpr SystemQuery<std::optional<base::Timestamp>(std::vector<std::string>)> blocked_until{
    {"auth.blocked_until", "select max(blocked_until) from login_throttles where subject = any($1)", Kind::point}};

inline constexpr SystemQuery<void(std::string)> forget_failures{
    {"auth.forget_failures", "delete from login_throttles where subject = $1", Kind::write}};

// The attempt was not judged after all. What it leaves empty goes: such rows come as fast as requests do.
inline constexpr SystemQuery<void(std::string, base::Timestamp)> uncount_attempt{
    {"auth.uncount_attempt",
     "update login_throttles set failures = greatest(failures - 1, 0), blocked_until = $2 where subject = $1",
     Kind::write}};
inline constexpr SystemQuery<void(std::string)> forget_empty{
    {"auth.forget_empty", "delete from login_throttles where subject = $1 and failures = 0", Kind::write}};

// Buckets that have run dry; and the oldest ones beyond so many rows, by the planner's estimate.
inline constexpr SystemQuery<void(base::Timestamp, std::int64_t)> purge_throttles{
    {"auth.purge_throttles",
     "delete from login_throttles where subject in (select subject from login_throttles where updated_at < $1 or "
     "(select reltuples from pg_class where oid = 'login_throttles'::regclass) > $2::bigint "
     "order by updated_at limit 500)",
     Kind::write}};

}  // namespace pos::sign_in
