#pragma once
// Sessions and permissions out of our tables, for auth::Authenticator. One per loop. That a session is in use is written down where it
// is read, once in seen_every: not at each request, most of which ask the authenticator's memory alone.

#include <chrono>

#include "auth/authenticator.h"
#include "base/time.h"
#include "db/db.h"
#include "pos/modules/auth/statements.h"

namespace pos {

class DatabaseGrants final : public auth::GrantSource {
public:
    static constexpr std::chrono::minutes seen_every{5};

    DatabaseGrants(const db::Databases& databases, const auth::Permissions& permissions, const base::Clock& clock);

    async::Task<std::optional<auth::SessionState>> load_by_session(base::Uuid session_id,
                                                                   async::SteadyTime deadline) override;
    async::Task<std::optional<auth::SessionState>> load_by_cookie(base::Digest256 digest,
                                                                  async::SteadyTime deadline) override;

private:
    [[nodiscard]] auth::Grants grants_of(const std::vector<sign_in::SessionGrant>& rows) const;
    async::Task<void> note_use(SessionId session, base::Timestamp last_seen, async::SteadyTime deadline);

    const db::Databases& databases_;
    const auth::Permissions& permissions_;
    const base::Clock& clock_;
    auth::PermissionSet withheld_;  // of a tenant that is suspended
};

}  // namespace pos
