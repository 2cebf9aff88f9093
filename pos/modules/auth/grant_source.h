#pragma once
// Sessions and permissions out of our tables, for auth::Authenticator. One per loop.

#include "auth/authenticator.h"
#include "db/db.h"
#include "pos/modules/auth/statements.h"

namespace pos {

class DatabaseGrants final : public auth::GrantSource {
public:
    DatabaseGrants(const db::Databases& databases, const auth::Permissions& permissions)
        : databases_(databases), permissions_(permissions) {}

    async::Task<std::optional<auth::SessionState>> load_by_session(base::Uuid session_id,
                                                                   async::SteadyTime deadline) override;
    async::Task<std::optional<auth::SessionState>> load_by_cookie(base::Digest256 digest,
                                                                  async::SteadyTime deadline) override;

private:
    [[nodiscard]] auth::Grants grants_of(const std::vector<sign_in::SessionGrant>& rows) const;

    const db::Databases& databases_;
    const auth::Permissions& permissions_;
};

}  // namespace pos
