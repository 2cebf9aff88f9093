#include "redis/rate_limiter.h"

#include <algorithm>
#include <stdexcept>

namespace redis {

namespace {

// KEYS: the limits' keys. ARGV, three a key: count, window in ms, cost. Answers four integers a key: allowed, remaining, ms until
// a retry can succeed, ms until all is free. Looks at all keys before it charges any.
constexpr std::string_view gcra = R"lua(
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local answers, charged, allowed = {}, {}, true
for i, key in ipairs(KEYS) do
    local count, window, cost = tonumber(ARGV[3 * i - 2]), ARGV[3 * i - 1] * 1000, tonumber(ARGV[3 * i])
    local emission = window / count
    local tat = math.max(tonumber(redis.call('GET', key) or now), now)
    charged[i] = tat + emission * cost
    local room = now + window - charged[i]
    local ok = room >= 0
    allowed = allowed and ok
    local after = ok and charged[i] or tat
    answers[4 * i - 3] = ok and 1 or 0
    answers[4 * i - 2] = math.floor((now + window - after) / emission + 0.000001)
    answers[4 * i - 1] = ok and 0 or math.ceil(-room / 1000)
    answers[4 * i] = math.ceil((after - now) / 1000)
end
if allowed then
    for i, key in ipairs(KEYS) do
        local left = math.max(1, math.ceil((charged[i] - now) / 1000))
        redis.call('SET', key, string.format('%.0f', charged[i]), 'PX', left)
    end
end
return answers
)lua";

// Which of two verdicts a client has to know of.
bool decides(const RateVerdict& left, const RateLimit& left_limit, const RateVerdict& right,
             const RateLimit& right_limit) {
    if (left.allowed != right.allowed) return !left.allowed;
    if (!left.allowed) return left.retry_after > right.retry_after;
    return left.remaining * right_limit.count < right.remaining * left_limit.count;
}

RateVerdict decisive(const std::vector<RateCheck>& checks, const std::vector<RateVerdict>& verdicts) {
    std::size_t best = 0;
    for (std::size_t i = 1; i < verdicts.size(); ++i) {
        if (decides(verdicts[i], checks[i].limit, verdicts[best], checks[best].limit)) best = i;
    }
    auto verdict = verdicts[best];
    verdict.check = best;
    return verdict;
}

void check_limits(const std::vector<RateCheck>& checks) {
    for (const auto& [key, limit, cost] : checks) {
        if (limit.count < 1 || limit.window.count() < 1 || cost < 0)
            throw std::invalid_argument("the rate limit of " + key + " allows nothing");
    }
}

}  // namespace

namespace detail {

RateStep rate_step(std::int64_t tat, std::int64_t now, const RateLimit& limit, std::int64_t cost) {
    const auto window = static_cast<double>(limit.window.count()) * 1000;
    const auto emission = window / static_cast<double>(limit.count);
    const auto start = std::max(tat, now);
    const auto charged = start + static_cast<std::int64_t>(emission * static_cast<double>(cost));
    const auto room = now + static_cast<std::int64_t>(window) - charged;
    const auto after = room >= 0 ? charged : start;
    const auto milliseconds = [](std::int64_t time) { return async::Milliseconds((time + 999) / 1000); };
    const auto left = (static_cast<double>(now - after) + window) / emission;
    return {.verdict = {.allowed = room >= 0,
                        .remaining = static_cast<std::int64_t>(left + 0.000001),
                        .retry_after = room >= 0 ? async::Milliseconds(0) : milliseconds(-room),
                        .reset = milliseconds(after - now)},
            .tat = after};
}

}  // namespace detail

RateLimiter::RateLimiter(async::Loop& /*loop*/, Client* client, Options options, observe::Metrics& metrics)
    : client_(client),
      options_(std::move(options)),
      script_(script_of("rate_limit", gcra, 0)),
      local_(options_.max_local_keys),
      refused_(options_.max_local_keys),
      fallbacks_(
          metrics.counter("rate_limit_fallbacks_total", "Requests whose limits this process kept without Redis.")) {}

async::Task<RateVerdict> RateLimiter::take(std::vector<RateCheck> checks) {
    check_limits(checks);
    if (checks.empty()) co_return RateVerdict{};
    if (const auto refusal = known_refusal(checks)) co_return *refusal;
    if (client_ != nullptr && !options_.patience.is_worn_out()) {
        std::optional<RateVerdict> verdict;
        try {
            verdict = co_await ask_redis(checks);
        } catch (const base::Failure&) {
            options_.patience.wear_out();
        }
        if (verdict) {
            remember(checks, *verdict);
            co_return *verdict;
        }
    }
    fallbacks_.increment();
    co_return take_locally(checks);
}

async::Task<RateVerdict> RateLimiter::ask_redis(std::vector<RateCheck> checks) {
    std::vector<std::string> keys;
    std::vector<std::string> arguments;
    for (const auto& check : checks) {
        keys.push_back(options_.prefix + check.key);
        arguments.push_back(std::to_string(check.limit.count));
        arguments.push_back(std::to_string(check.limit.window.count()));
        arguments.push_back(std::to_string(check.cost));
    }
    const auto reply =
        co_await client_->eval(script_, std::move(keys), std::move(arguments), false, options_.patience.deadline());
    if (reply->size() != 4 * checks.size()) throw base::Failure(errors::unexpected_reply);
    std::vector<RateVerdict> verdicts;
    for (auto at = reply->begin(); at != reply->end();) {
        RateVerdict verdict;
        verdict.allowed = (*at++).integer() == 1;
        verdict.remaining = (*at++).integer();
        verdict.retry_after = async::Milliseconds((*at++).integer());
        verdict.reset = async::Milliseconds((*at++).integer());
        verdicts.push_back(verdict);
    }
    co_return decisive(checks, verdicts);
}

RateVerdict RateLimiter::take_locally(const std::vector<RateCheck>& checks) {
    const auto now =
        std::chrono::duration_cast<std::chrono::microseconds>(async::Loop::now().time_since_epoch()).count();
    std::vector<detail::RateStep> steps;
    std::vector<RateVerdict> verdicts;
    for (const auto& check : checks) {
        const auto* tat = local_.find(check.key);
        steps.push_back(detail::rate_step(tat == nullptr ? now : *tat, now, check.limit, check.cost));
        verdicts.push_back(steps.back().verdict);
    }
    const auto verdict = decisive(checks, verdicts);
    if (!verdict.allowed) return verdict;
    for (std::size_t i = 0; i < checks.size(); ++i) local_.put(checks[i].key, steps[i].tat);
    return verdict;
}

std::optional<RateVerdict> RateLimiter::known_refusal(const std::vector<RateCheck>& checks) {
    const auto now = async::Loop::now();
    for (std::size_t i = 0; i < checks.size(); ++i) {
        const auto* refusal = refused_.size() == 0 || checks[i].cost == 0 ? nullptr : refused_.find(checks[i].key);
        if (refusal == nullptr || refusal->until <= now) continue;
        return RateVerdict{.allowed = false,
                           .check = i,
                           .retry_after = std::chrono::ceil<async::Milliseconds>(refusal->until - now),
                           .reset = std::chrono::ceil<async::Milliseconds>(refusal->reset - now)};
    }
    return std::nullopt;
}

void RateLimiter::remember(const std::vector<RateCheck>& checks, const RateVerdict& verdict) {
    const auto& check = checks[verdict.check];
    // What is refused to one unit is refused to more; the reverse does not hold.
    if (verdict.allowed || check.cost != 1) return;
    const auto now = async::Loop::now();
    refused_.put(check.key, {now + verdict.retry_after, now + verdict.reset});
}

}  // namespace redis
