#pragma once
// What a caller may do is known from a cache of at most five seconds. Routes that decide who may do what (members, devices, the
// tenant's settings) do not write by it alone: a statement of the write's own transaction demands that the session is alive, the
// user enabled, and the membership the very version that the permissions were read with. Otherwise 409 auth.caller_changed,
// and sending the request again is judged anew.
//
//     creation.batch().add(caller_is_current, SessionId(caller.session_id), caller.member_version);
//
// Whoever changes a member's roles counts the membership's version up.

#include "db/query.h"
#include "pos/ids.h"

namespace pos {

inline constexpr db::Query<void(SessionId, std::int32_t)> caller_is_current{
    {"users.caller_is_current", "select from require_current_caller($2, $3) where $1 is not null", db::Kind::write}};

// Whoever changes what a user may do, or ends all sessions, takes this ahead of every row. From then on no write of that user's
// begins: rows that are locked `for share` again and again would else keep the change waiting for as long as its victim likes,
// and two that lock the same rows in another order would end each other.
inline constexpr db::Query<void(UserId)> hold_off{
    {"users.hold_off", "select from pg_advisory_xact_lock(hashtextextended(($2::uuid)::text, 1)) where $1 is not null",
     db::Kind::write}};
inline constexpr db::SystemQuery<void(UserId)> hold_off_everywhere{
    {"users.hold_off_everywhere", "select from pg_advisory_xact_lock(hashtextextended(($1::uuid)::text, 1))",
     db::Kind::write}};

// app_system's, since the app role cannot see sessions and users. A change that waits or is under way is not waited for.
inline constexpr std::string_view require_current_caller_sql =
    "create or replace function require_current_caller(session uuid, member_version integer) returns void\n"
    "language plpgsql security definer set search_path = public as $$\n"
    "begin\n"
    "  if not (select pg_try_advisory_xact_lock_shared(hashtextextended(user_id::text, 1)) from sessions\n"
    "    where id = session) then\n"
    "    perform violate('memberships_current');\n"
    "  end if;\n"
    "  perform from sessions s join users u on u.id = s.user_id and u.disabled_at is null\n"
    "  join memberships m on m.tenant_id = s.tenant_id and m.user_id = s.user_id and m.status = 'active'\n"
    "    and m.deleted_at is null and m.version = member_version\n"
    "  where s.id = session and s.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid\n"
    "    and s.revoked_at is null for share of s, u, m;\n"
    "  if not found then\n"
    "    perform violate('memberships_current');\n"
    "  end if;\n"
    "end $$;\n"
    "grant create on schema public to {{app_system}};\n"
    "alter function require_current_caller(uuid, integer) owner to {{app_system}};\n"
    "revoke create on schema public from {{app_system}};\n";

}  // namespace pos
