#include "pos/modules/billing/entitlement.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "base/strings.h"
#include "schema/schema.h"

namespace pos {

namespace {

struct Claims {
    std::string iss;
    std::string aud = "entitlement";
    std::string sub;
    std::int64_t iat = 0;
    std::int64_t exp = 0;
    std::optional<std::string> plan;
    std::optional<SubscriptionState> state;
    PlanLimits limits;
    base::Timestamp offline_until;

    friend constexpr auto describe(Claims*) {
        using schema::field;
        return schema::object<Claims>("EntitlementClaims", field<&Claims::iss>("iss"), field<&Claims::aud>("aud"),
                                      field<&Claims::sub>("sub"), field<&Claims::iat>("iat"),
                                      field<&Claims::exp>("exp"), field<&Claims::plan>("plan"),
                                      field<&Claims::state>("state"), field<&Claims::limits>("limits"),
                                      field<&Claims::offline_until>("offlineUntil"));
    }
};

std::int64_t seconds_of(base::Timestamp time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

auth::Key signing_key(const auth::KeySet& keys) {
    const auto* key = keys.signing_key();
    if (key == nullptr) throw std::logic_error("the key set has no current key to sign with");
    return *key;
}

// The first moment of a day.
base::Timestamp begin_of(base::Date day, const base::TimeZone& zone) {
    return zone.instants_of(std::chrono::local_days(day)).first;
}

}  // namespace

Entitlements::Entitlements(const AuthSettings& settings, const auth::KeySet& keys)
    : issuer_(settings.jwt_issuer),
      key_(signing_key(keys)),
      header_(base::base64url_encode(fmt::format(R"({{"alg":"{}","kid":{},"typ":"entitlement+jwt"}})",
                                                 auth::to_string(key_.key().algorithm()),
                                                 schema::to_json(key_.key().kid())))) {}

Entitlement Entitlements::of(base::Uuid tenant, const std::optional<Subscription>& subscription,
                             const base::TimeZone& zone, base::Timestamp now) {
    Claims claims;
    claims.iss = issuer_;
    claims.sub = tenant.to_string();
    claims.offline_until = now + free_offline;
    if (subscription) {
        claims.plan = subscription->terms.plan_code;
        claims.state = subscription->state;
        claims.limits = subscription->terms.limits;
        const bool ends = subscription->cancels_at_end;
        claims.offline_until = begin_of(ends ? subscription->period_end : subscription->grace_until, zone);
    }
    claims.iat = seconds_of(now);
    claims.exp = seconds_of(std::max(claims.offline_until, now + std::chrono::days(1)));
    auto token = header_ + '.' + base::base64url_encode(schema::to_json(claims));
    const auto signature = base::base64url_encode(key_.sign(token));
    return {fmt::format("{}.{}", token, signature), claims.offline_until};
}

std::unique_ptr<Entitlements> make_entitlements(const AuthSettings& settings, AuthShared& shared) {
    return std::make_unique<Entitlements>(settings, shared.keys);
}

}  // namespace pos
