#pragma once
// Entitlements: what a shop has paid for, signed, so that a till knows it without a connection. A JWT of type `entitlement+jwt` by the
// keys of /.well-known/jwks.json; no access token, and none is taken for one. A service of the loop; its thread only.
//
//     const auto entitlement = entitlements->of(tenant, subscription, zone, now);      // .token, .offline_until

#include <memory>
#include <optional>
#include <string>

#include "auth/jwk.h"
#include "base/time_zone.h"
#include "pos/modules/auth/wiring.h"
#include "pos/modules/billing/tables.h"

namespace pos {

// How long a shop without a subscription may sell without asking again.
inline constexpr std::chrono::days free_offline{90};

struct Entitlement {
    std::string token;
    base::Timestamp offline_until;
};

class Entitlements {
public:
    Entitlements(const AuthSettings& settings, const auth::KeySet& keys);

    [[nodiscard]] Entitlement of(base::Uuid tenant, const std::optional<Subscription>& subscription,
                                 const base::TimeZone& zone, base::Timestamp now);

private:
    std::string issuer_;
    auth::KeyOperations key_;
    std::string header_;
};

[[nodiscard]] std::unique_ptr<Entitlements> make_entitlements(const AuthSettings& settings, AuthShared& shared);

}  // namespace pos
