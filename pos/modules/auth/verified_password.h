#pragma once
// The proof that somebody gave the right password, with the hash that it was judged by. AuthService alone makes one, and
// what needs a password takes one: a session is stored, and a password changed, only where the row still holds that hash.
// So whatever was changed between judging and storing wins (docs/security.md, "What was proved is what is stored against").
//
//     const auto proof = co_await auth->authenticate(db, origin, password);
//     co_await auth->store_session(db, auth->open_session(proof, {.tenant = tenant}, context.request()));

#include <optional>
#include <string>
#include <utility>

#include "pos/modules/auth/contract.h"

namespace pos {

class VerifiedPassword {
public:
    [[nodiscard]] const Person& person() const noexcept { return person_; }
    [[nodiscard]] UserId user() const noexcept { return person_.id; }
    [[nodiscard]] const std::string& hash() const noexcept { return hash_; }
    [[nodiscard]] const std::optional<TenantId>& default_tenant() const noexcept { return default_tenant_; }
    // The password alone opens no session: AuthService::second_factor_required(), and a session with `second_factor_at`.
    [[nodiscard]] bool needs_second_factor() const noexcept { return needs_second_factor_; }

private:
    friend class AuthService;
    VerifiedPassword(Person person, std::string hash, std::optional<TenantId> default_tenant, bool needs_second_factor)
        : person_(std::move(person)),
          hash_(std::move(hash)),
          default_tenant_(default_tenant),
          needs_second_factor_(needs_second_factor) {}

    Person person_;
    std::string hash_;
    std::optional<TenantId> default_tenant_;
    bool needs_second_factor_ = false;
};

}  // namespace pos
