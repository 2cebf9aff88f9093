#pragma once
// rate_limits: how many requests an address, a user, a tenant or a device may send. A link for a group of routes, behind the
// router: a route's class (http::RouteOptions::rate_class) chooses its policies. All policies of a request are asked in one round
// trip; those of a caller count for routes that need one. May be shared by loops; each loop's RateLimiter is a service, and
// without one nothing is limited.
//
//     auto api = router.group("/v1", {auth::rate_limits({.policies = {{"device", auth::RateKey::device, {600, 60s}}},
//                                                        .classes = {{"login", {{"login", auth::RateKey::named, {30, 60s}}}}}},
//                                                       metrics)}).answering({auth::errors::rate_limited});
//     routes.post("/auth/login", login, {.options = {.rate_class = "login"}});
//     co_await auth::charge(context, {{"login", account + " " + auth::rate_key_of(address)}});   // in the handler; throws 429
//
// An address stands for whoever proves nothing: a proved caller is not charged to it, since thousands share one behind a
// carrier's address translator, and one of them must not stop the others.
//
// The reply names the policy that is closest to its end (draft-ietf-httpapi-ratelimit-headers-10): `RateLimit-Policy:
// "device";q=600;w=60`, `RateLimit: "device";r=599;t=1`, where t is when nothing of it is used. Too many: 429
// request.rate_limited with Retry-After.

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.h"
#include "http/middleware.h"
#include "observe/metrics.h"
#include "redis/rate_limiter.h"

namespace auth {

namespace errors {
inline constexpr base::ErrorCode rate_limited{"request.rate_limited", 429, true, base::Action::retry,
                                              "Too many requests"};
}

// Whose requests are counted together. An address is an IPv4 address or an IPv6 /64, which is what one subscriber has. What is
// `named`, the handler charges itself, since the body alone says whom.
enum class RateKey : std::uint8_t { address, user, tenant, device, named };

struct RatePolicy {
    std::string name;  // unique: in headers, in Redis, in metrics
    RateKey key;
    redis::RateLimit limit;  // of whole seconds
};

struct RateLimitOptions {
    std::vector<RatePolicy> policies;  // of routes without a class
    std::map<std::string, std::vector<RatePolicy>, std::less<>> classes = {};
};
[[nodiscard]] http::Middleware rate_limits(const RateLimitOptions& options, observe::Metrics& metrics);

struct RateCharge {
    std::string policy;
    std::string id;
};
// All or none of them; throws 429. Nothing is charged where nothing is limited, nor to a policy that the route's class has not.
[[nodiscard]] async::Task<void> charge(http::Context& context, std::vector<RateCharge> charges);

// "192.0.2.1", "2001:db8:0:1::/64": what requests of an address are counted under.
[[nodiscard]] std::string rate_key_of(std::string_view address);

}  // namespace auth
