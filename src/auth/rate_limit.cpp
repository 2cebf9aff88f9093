#include "auth/rate_limit.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "auth/caller.h"
#include "auth/jwt.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/context.h"
#include "http/middleware/ip_network.h"
#include "http/operation.h"
#include "http/router.h"

namespace auth {

namespace {

struct Policy {
    RatePolicy rule;
    std::string header;  // RateLimit-Policy
    observe::Counter allowed;
    observe::Counter refused;
};

struct Policies {
    std::vector<Policy> all;
    bool need_caller = false;
};

// What charge() finds the class of the request's route by.
struct Gate {
    const Policies* policies;
};

// Who asks: a caller, the token of one whose time has passed, or nobody who proves anything.
struct Asking {
    std::optional<Caller> caller;
    std::optional<std::string> spent_token;
};

std::optional<std::string> id_of(RateKey key, const http::Context& context, const Asking& asking) {
    if (key == RateKey::named) return std::nullopt;
    if (key == RateKey::address) {
        if (asking.caller || asking.spent_token) return std::nullopt;
        return rate_key_of(context.request().client_address());
    }
    if (asking.spent_token && key == RateKey::user) return asking.spent_token;
    const auto& caller = asking.caller;
    if (!caller) return std::nullopt;
    switch (key) {
        case RateKey::user: return caller->user_id.to_string();
        case RateKey::tenant: return caller->tenant_id.to_string();
        default: return caller->device_id ? std::optional(caller->device_id->to_string()) : std::nullopt;
    }
}

std::optional<std::string> spent_token_of(const http::Context& context) {
    const auto token = bearer_token(context.request().header("authorization").value_or(""));
    if (!token) return std::nullopt;
    const auto digest = base::sha256(*token);
    return "token:" + base::hex_encode(base::as_chars(digest).substr(0, 16));
}

std::int64_t whole_seconds(async::Milliseconds time) { return std::chrono::ceil<std::chrono::seconds>(time).count(); }

// Small enough for std::function to keep without an allocation.
struct Headers {
    const Policy* policy;
    std::uint32_t remaining;
    std::uint32_t reset;

    void operator()(http::Context& context) const {
        context.response()
            .header("RateLimit-Policy", policy->header)
            .header("RateLimit", fmt::format(R"("{}";r={};t={})", policy->rule.name, remaining, reset));
    }
};

redis::RateCheck check_of(const Policy& policy, std::string_view id) {
    return {.key = fmt::format("{}:{}", policy.rule.name, id), .limit = policy.rule.limit};
}

async::Task<void> settle(http::Context& context, std::vector<redis::RateCheck> checks,
                         std::vector<const Policy*> asked) {
    if (checks.empty()) co_return;
    const auto verdict = co_await context.services().use<redis::RateLimiter>().take(std::move(checks));
    const auto* policy = asked[verdict.check];
    context.response().before_send(Headers{policy, static_cast<std::uint32_t>(verdict.remaining),
                                           static_cast<std::uint32_t>(whole_seconds(verdict.reset))});
    (verdict.allowed ? policy->allowed : policy->refused).increment();
    if (verdict.allowed) co_return;
    throw base::Failure(
        base::Failure(errors::rate_limited,
                      fmt::format("{} requests in {} s are the limit of \"{}\"", policy->rule.limit.count,
                                  whole_seconds(policy->rule.limit.window), policy->rule.name))
            .retry_after(verdict.retry_after.count()));
}

class RateLimitLink {
public:
    RateLimitLink(const RateLimitOptions& options, observe::Metrics& metrics) {
        const auto family = metrics.counter_family("rate_limit_requests_total",
                                                   "Requests by the policy closest to its end.", {"policy", "outcome"});
        default_ = policies_of(options.policies, family);
        for (const auto& [name, policies] : options.classes) classes_.emplace(name, policies_of(policies, family));
    }

    async::Task<void> operator()(http::Context& context, http::Next next) const {
        const auto& policies = policies_for(context);
        if (policies.all.empty() || !context.services().has<redis::RateLimiter>()) return next(context);
        context.set(Gate{&policies});
        if (std::ranges::all_of(policies.all, [](const Policy& policy) { return policy.rule.key == RateKey::named; }))
            return next(context);
        return guard(context, next, &policies);
    }

private:
    static Policies policies_of(const std::vector<RatePolicy>& rules, const observe::CounterFamily& family) {
        Policies policies;
        for (const auto& rule : rules) {
            policies.need_caller |= rule.key != RateKey::named;
            policies.all.push_back({.rule = rule,
                                    .header = fmt::format(R"("{}";q={};w={})", rule.name, rule.limit.count,
                                                          whole_seconds(rule.limit.window)),
                                    .allowed = family.with({rule.name, "allowed"}),
                                    .refused = family.with({rule.name, "refused"})});
        }
        return policies;
    }

    const Policies& policies_for(const http::Context& context) const {
        const auto* route = context.route();
        const auto found = classes_.find(route == nullptr ? std::string_view() : route->options.rate_class);
        return found == classes_.end() ? default_ : found->second;
    }

    static bool needs_caller(const http::Context& context) {
        const auto* route = context.route();
        return route != nullptr && route->operation && !route->operation->security.empty();
    }

    static async::Task<void> guard(http::Context& context, http::Next next, const Policies* policies) {
        Asking asking;
        std::exception_ptr refused_caller;
        if (policies->need_caller && needs_caller(context)) {
            try {
                http::Findings findings;
                asking.caller = co_await Caller::read(context, findings);
            } catch (const base::Failure& failure) {
                // Counts for its address all the same: bad tokens are no way around a limit. One that we signed counts for
                // itself: a client behind a flooded address is to be told that it has to refresh.
                if (failure.code() == errors::token_expired || failure.code() == errors::session_revoked)
                    asking.spent_token = spent_token_of(context);
                refused_caller = std::current_exception();
            } catch (...) {
                refused_caller = std::current_exception();
            }
        }
        co_await take(context, policies, asking);
        if (refused_caller) std::rethrow_exception(refused_caller);
        co_await next(context);
    }

    static async::Task<void> take(http::Context& context, const Policies* policies, const Asking& asking) {
        std::vector<redis::RateCheck> checks;
        std::vector<const Policy*> asked;
        for (const auto& policy : policies->all) {
            const auto id = id_of(policy.rule.key, context, asking);
            if (!id) continue;
            checks.push_back(check_of(policy, *id));
            asked.push_back(&policy);
        }
        return settle(context, std::move(checks), std::move(asked));
    }

    Policies default_;
    std::map<std::string, Policies, std::less<>> classes_;
};

}  // namespace

std::string rate_key_of(std::string_view address) {
    const auto parsed = http::IPAddress::parse(address);
    if (!parsed) return std::string(address);
    if (parsed->is_v4()) return parsed->to_string();
    const auto& bytes = parsed->bytes();
    const auto group = [&](std::size_t at) { return bytes[2 * at] << 8U | bytes[2 * at + 1]; };
    return fmt::format("{:x}:{:x}:{:x}:{:x}::/64", group(0), group(1), group(2), group(3));
}

http::Middleware rate_limits(const RateLimitOptions& options, observe::Metrics& metrics) {
    return RateLimitLink(options, metrics);
}

async::Task<void> charge(http::Context& context, std::vector<RateCharge> charges) {
    const auto* gate = context.get<Gate>();
    if (gate == nullptr) co_return;
    std::vector<redis::RateCheck> checks;
    std::vector<const Policy*> asked;
    for (const auto& [name, id] : charges) {
        for (const auto& policy : gate->policies->all) {
            if (policy.rule.key != RateKey::named || policy.rule.name != name) continue;
            checks.push_back(check_of(policy, id));
            asked.push_back(&policy);
        }
    }
    co_await settle(context, std::move(checks), std::move(asked));
}

}  // namespace auth
