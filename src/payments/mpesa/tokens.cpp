#include "payments/mpesa/tokens.h"

#include <algorithm>
#include <array>
#include <utility>

#include "async/stopped.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/strings.h"
#include "payments/mpesa/seal.h"
#include "payments/mpesa/values.h"

namespace payments::mpesa {

using namespace std::chrono_literals;

namespace {

// Of asking for a token; the lock outlives it, so that nobody asks meanwhile, and ends soon after a crash.
constexpr std::chrono::milliseconds fetch_time = 10s;
constexpr std::chrono::milliseconds lock_time = 15s;
// Of waiting for whoever asks.
constexpr std::chrono::milliseconds longest_wait = 20s;
constexpr std::chrono::milliseconds poll_interval = 50ms;

constexpr std::chrono::seconds early = 60s;
constexpr std::chrono::seconds longest_life = 1h;
constexpr std::size_t longest_token = 4096;
constexpr std::size_t most_local = 10'000;

struct TokenReply {
    schema::Json token;
    schema::Json expires_in;

    friend constexpr auto describe(TokenReply*) {
        return schema::object<TokenReply>("MpesaToken", schema::field<&TokenReply::token>("access_token"),
                                          schema::field<&TokenReply::expires_in>("expires_in", {.defaulted = true}));
    }
};

// Of one consumer key and its secret at one host: it shows none of them. Who has another secret has another token, and its own failures.
std::string id_of(const Tokens::Owner& owner) {
    return base::hex_encode(
        base::as_chars(base::sha256(owner.host + "\n" + owner.consumer_key + "\n" + owner.consumer_secret)));
}
std::string token_key(const std::string& id) { return "mpesa-token:" + id; }
std::string lock_key(const std::string& id) { return "mpesa-token-lock:" + id; }

std::string new_lease() {
    std::array<std::uint8_t, 9> bytes{};
    base::SecureRandom().fill(bytes);
    return base::base64url_encode(base::as_chars(bytes));
}

bool is_token(std::string_view text) {
    return !text.empty() && text.size() <= longest_token &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

// Nothing of what the token was for has been sent.
std::unexpected<Problem> without_token(Problem problem) {
    const bool is_refused = finding_of_prompt(problem) == Finding::refused;
    if (!is_refused) problem.code.insert(0, "no_token:");
    problem.was_sent = is_refused;
    return std::unexpected(std::move(problem));
}

}  // namespace

std::chrono::seconds kept_for(const schema::Json& expires_in) {
    const auto text = scalar_or_empty(expires_in);
    const auto said = base::parse_integer<std::int64_t>(std::string_view(text).substr(0, text.find('.')));
    if (!said || *said <= 0) return early;
    const auto life = std::chrono::seconds(std::min<std::int64_t>(*said, longest_life.count()));
    return std::max({life - early, life / 2, std::chrono::seconds(1)});
}

// Whoever asks Daraja, in this loop; ends however its task ends.
class Tokens::Fetching {
public:
    Fetching(Tokens& owner, std::string id) : owner_(owner), id_(std::move(id)) {
        owner_.local_of(id_).is_fetching = true;
    }
    Fetching(const Fetching&) = delete;
    Fetching& operator=(const Fetching&) = delete;
    ~Fetching() { owner_.local_of(id_).is_fetching = false; }

private:
    Tokens& owner_;
    std::string id_;
};

Tokens::Tokens(client::Client& http, async::Loop& loop, redis::Client* redis, observe::Metrics& metrics)
    : http_(http), loop_(loop), redis_(redis) {
    const auto tokens =
        metrics.counter_family("mpesa_tokens_total", "Access tokens of M-Pesa: fetched, failed, dropped.", {"event"});
    fetched_ = tokens.with({"fetched"});
    failed_ = tokens.with({"failed"});
    dropped_ = tokens.with({"dropped"});
}

Tokens::Local& Tokens::local_of(const std::string& id) {
    if (local_.size() > most_local)
        std::erase_if(local_, [&](const auto& entry) { return !entry.second.is_fetching && entry.first != id; });
    return local_[id];
}

async::Task<Tokens::Result> Tokens::get(const Owner* owner, const client::Call* call) {
    const auto id = id_of(*owner);
    const auto failures = local_of(id).failures;
    const auto end = std::min(call->deadline, async::Loop::now() + longest_wait);
    while (true) {
        if (!local_of(id).is_fetching) {
            const auto found = co_await find(owner, &id);
            if (found.token) co_return *found.token;
            const auto& ours = local_of(id);
            if (!found.is_reached && ours.until > async::Loop::now()) co_return Token{.value = ours.value};
            if (!ours.is_fetching && ours.failures == failures) {
                if (auto led = co_await lead(owner, call, &id)) co_return *std::move(led);
            }
        }
        // Those who waited for the same are told the same.
        if (local_of(id).failures != failures) co_return without_token(local_of(id).last_failure);
        const auto next = std::min(end, async::Loop::now() + poll_interval);
        if (async::Loop::now() >= end) co_return without_token({.was_sent = false, .code = "timeout"});
        if (co_await async::stopped(&loop_, call->stop, next))
            co_return without_token({.was_sent = false, .code = "cancelled"});
    }
}

// nullopt: another instance asks, and is to be waited for.
async::Task<std::optional<Tokens::Result>> Tokens::lead(const Owner* owner, const client::Call* call,
                                                        const std::string* id) {
    const Fetching fetching(*this, *id);
    const auto lease = new_lease();
    const auto locked = co_await lock(id, &lease);
    if (locked == Lock::others) co_return std::nullopt;
    // Who held the lock before may have kept one since it was looked for.
    const auto found = locked == Lock::ours ? co_await find(owner, id) : Found{};
    auto result = found.token ? Result(*found.token) : co_await fetch(owner, call, id);
    if (locked == Lock::ours) co_await delete_if(lock_key(*id), lease);
    co_return result;
}

async::Task<Tokens::Result> Tokens::fetch(const Owner* owner, const client::Call* call, const std::string* id) {
    const auto basic = base::base64_encode(owner->consumer_key + ":" + owner->consumer_secret);
    const auto reply = co_await http_.get<std::string>(*owner->target, "/oauth/v1/generate",
                                                       {.headers = {{"Authorization", "Basic " + basic}},
                                                        .query = {{"grant_type", "client_credentials"}},
                                                        .within = fetch_time,
                                                        .deadline = call->deadline,
                                                        .stop = call->stop,
                                                        .span = call->span,
                                                        .accept = "application/json"});
    const auto read = reply ? mpesa::read<TokenReply>(reply->body) : std::nullopt;
    Token token{.value = read ? scalar_or_empty(read->token) : ""};
    if (!is_token(token.value)) {
        failed_.increment();
        auto problem = reply ? Problem{.status = reply->status, .code = "unreadable"} : problem_of(reply.error());
        // A caller who had no time left says nothing to others.
        const bool is_own = call->stop.stop_requested() || async::Loop::now() >= call->deadline;
        if (!is_own) {
            auto& local = local_of(*id);
            ++local.failures;
            local.last_failure = problem;
        }
        co_return without_token(std::move(problem));
    }
    fetched_.increment();
    co_await keep(owner, id, &token, kept_for(read->expires_in));
    co_return token;
}

async::Task<void> Tokens::keep(const Owner* owner, const std::string* id, Token* token, std::chrono::seconds time) {
    auto& local = local_of(*id);
    local.value = token->value;
    local.until = async::Loop::now() + time;
    if (!is_reachable()) co_return;
    token->kept = seal(owner->consumer_secret, *id, token->value);
    try {
        auto command = redis::Command("SET").add(token_key(*id)).add(token->kept);
        co_await redis_->run(std::move(command).add("PX").add(std::chrono::milliseconds(time).count()).repeatable(),
                             patience_.deadline());
    } catch (const base::Failure&) {
        patience_.wear_out();
    }
}

async::Task<Tokens::Found> Tokens::find(const Owner* owner, const std::string* id) {
    if (!is_reachable()) co_return Found{};
    try {
        const auto reply =
            co_await redis_->run(redis::Command("GET").add(token_key(*id)).repeatable(), patience_.deadline());
        if (reply->is_null()) co_return Found{.is_reached = true};
        std::string kept(reply->text());
        // Of another secret, or altered: as if there were none.
        auto value = unseal(owner->consumer_secret, *id, kept);
        if (!value) co_return Found{.is_reached = true};
        auto& local = local_of(*id);
        local.value = *value;
        local.until = async::Loop::now() + early;
        co_return Found{.token = Token{.value = *std::move(value), .kept = std::move(kept)}, .is_reached = true};
    } catch (const base::Failure&) {
        patience_.wear_out();
    }
    co_return Found{};
}

async::Task<Tokens::Lock> Tokens::lock(const std::string* id, const std::string* lease) {
    if (!is_reachable()) co_return Lock::unreachable;
    try {
        auto command = redis::Command("SET").add(lock_key(*id)).add(*lease).add("NX").add("PX").add(lock_time.count());
        const auto reply = co_await redis_->run(std::move(command), patience_.deadline());
        co_return reply->is_null() ? Lock::others : Lock::ours;
    } catch (const base::Failure&) {
        patience_.wear_out();
    }
    co_return Lock::unreachable;
}

async::Task<void> Tokens::delete_if(std::string key, std::string value) {
    constexpr std::string_view script =
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";
    if (!is_reachable()) co_return;
    try {
        auto command = redis::Command("EVAL").add(script).add(1).add(key).add(value);
        co_await redis_->run(std::move(command).labelled("mpesa_delete_if").repeatable(), patience_.deadline());
    } catch (const base::Failure&) {
        patience_.wear_out();
    }
}

async::Task<void> Tokens::drop(const Owner* owner, const Token* token) {
    const auto id = id_of(*owner);
    auto& local = local_of(id);
    if (local.value == token->value) local.until = {};
    dropped_.increment();
    if (!token->kept.empty()) co_await delete_if(token_key(id), token->kept);
}

}  // namespace payments::mpesa
