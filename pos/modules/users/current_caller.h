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
#include "pos/modules/users/tables.h"

namespace pos {

inline constexpr db::Query<void(SessionId, std::int32_t)> caller_is_current{
    {"users.caller_is_current", "select from require_current_caller($2, $3) where $1 is not null", db::Kind::write}};

// app_system's, since the app role cannot see sessions and users. `for share`: a change that is under way is waited for.
inline constexpr std::string_view require_current_caller_sql =
    "create or replace function require_current_caller(session uuid, member_version integer) returns void\n"
    "language plpgsql security definer set search_path = public as $$\n"
    "begin\n"
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
