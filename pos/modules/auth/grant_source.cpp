#include "pos/modules/auth/grant_source.h"

#include <algorithm>

#include "base/strings.h"
#include "pos/permissions.h"
#include "pos/plumbing/second_factor_wall.h"
#include "pos/plumbing/suspension.h"

namespace pos {

namespace {

// What a role at a deleted location still counts for: goods have left, and what its tills have not sent yet is to be kept.
constexpr std::string_view late_permission = "sales.create";

// A request does not wait for longer on account of the time that its session was seen.
constexpr std::chrono::milliseconds seen_patience{500};

}  // namespace

DatabaseGrants::DatabaseGrants(const db::Databases& databases, const auth::Permissions& permissions,
                               const base::Clock& clock)
    : databases_(databases), permissions_(permissions), clock_(clock) {
    for (const auto name : permissions.names()) {
        if (!is_kept_when_suspended(name)) withheld_.set(*permissions.find(name));
    }
}

auth::Grants DatabaseGrants::grants_of(const std::vector<sign_in::SessionGrant>& rows) const {
    auth::Grants grants;
    if (rows.front().lacks_second_factor) grants.wall = &errors::second_factor_needed;
    if (rows.front().is_suspended) {
        grants.withheld = withheld_;
        grants.withheld_by = &errors::subscription_suspended;
    }
    for (const auto& row : rows) {
        auto set = permissions_.set_of(
            permissions_of(row.built_in.value_or(""), row.permissions.value_or(std::vector<std::string>())));
        if (row.is_late) set &= permissions_.set_of({std::string(late_permission)});
        if (!row.location_id) {
            grants.everywhere |= set;
            continue;
        }
        const auto location = row.location_id->uuid();
        const auto known = std::ranges::find(grants.by_place, location, [](const auto& grant) { return grant.first; });
        if (known == grants.by_place.end()) {
            grants.by_place.emplace_back(location, set);
        } else {
            known->second |= set;
        }
    }
    return grants;
}

// A session whose time could not be written is as good as another one.
async::Task<void> DatabaseGrants::note_use(SessionId session, base::Timestamp last_seen, async::SteadyTime deadline) {
    const auto now = clock_.now();
    if (now - last_seen < seen_every) co_return;
    const auto until = std::min(deadline, async::Loop::now() + seen_patience);
    try {
        co_await db::system_db(databases_, until).run(sign_in::note_use, session, now, now - seen_every);
    } catch (const base::Failure&) {
        // The next one who asks tries again.
    }
}

async::Task<std::optional<auth::SessionState>> DatabaseGrants::load_by_session(base::Uuid session_id,
                                                                               async::SteadyTime deadline) {
    const auto rows =
        co_await db::system_db(databases_, deadline).all(sign_in::grants_of_session, SessionId(session_id));
    if (rows.empty()) co_return std::nullopt;
    const auto& first = rows.front();
    co_await note_use(SessionId(session_id), first.last_seen_at, deadline);
    std::optional<base::Uuid> device;
    if (first.device_id) device = first.device_id->uuid();
    co_return auth::SessionState{session_id,
                                 first.user_id.uuid(),
                                 first.tenant_id.uuid(),
                                 device,
                                 std::make_shared<const auth::Grants>(grants_of(rows)),
                                 first.expires_at,
                                 first.member_version};
}

async::Task<std::optional<auth::SessionState>> DatabaseGrants::load_by_cookie(base::Digest256 digest,
                                                                              async::SteadyTime deadline) {
    const schema::Bytes hash{std::string(base::as_chars(digest))};
    const auto session = co_await db::system_db(databases_, deadline).one(sign_in::session_of_cookie, hash);
    if (!session) co_return std::nullopt;
    co_return co_await load_by_session(session->uuid(), deadline);
}

}  // namespace pos
