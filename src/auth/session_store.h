#pragma once
// SessionStore: cookie sessions in Redis, for services that keep no table of them: what connect-redis is to Express. A session is a
// described struct behind an opaque token; all instances that share the Redis share it. The cookies are session_cookies.h, the
// request part is cookie_session.h.
//
//     auth::SessionStore<Basket> sessions(client, {.idle = 30min, .lifetime = 12h}, base::system_clock(), logger, metrics);
//     auto fresh = co_await sessions.create(Basket{});             // fresh.token is for the cookie, and nowhere else
//     auto session = co_await sessions.find(token);                // nullopt: there is none, or it has ended
//     session = co_await sessions.update(*session, [](Basket& basket) { ++basket.items; });
//     auto renewed = co_await sessions.regenerate(*session, user_id);     // at sign-in: the old token is worth nothing
//     co_await sessions.destroy(*session);                         // sign out
//     co_await sessions.destroy_all(user_id);                      // everywhere
//
// - A session ends `idle` after its last use and `lifetime` after it was made. A read is a write once a `refresh_every`.
// - Changes of one session at a time: update() applies the change to what others have left meanwhile, none is lost.
// - Without Redis every call throws 503 session.unavailable. That is never "no session": nobody is signed out by an outage, and
//   nobody is told they are signed out when they may not be.
// - What does not read as a T any more (an older release, a newer one, a broken entry) counts as no session; it is logged and
//   counted. Let T keep_unknown() what releases that run side by side add.
//
// What Redis cannot promise: one that evicts (any maxmemory-policy but noeviction) or restarts without AOF signs people out, and
// may lose the list by which destroy_all() finds an owner's sessions; a failover, or an AOF that is behind, may bring a destroyed
// session back until it ends by itself. Who cannot live with that keeps sessions in PostgreSQL, as pos/modules/auth does.
//
// Keys: `sess:<SHA-256 of the token>`, a hash; `sess:owner:<owner>`, its sessions by age. Scripts reach keys they do not name:
// not for Redis Cluster. Loop's thread; outlives its tasks.

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/task.h"
#include "base/failure.h"
#include "base/random.h"
#include "base/time.h"
#include "base/uuid.h"
#include "log/logger.h"
#include "observe/metrics.h"
#include "redis/client.h"
#include "schema/schema.h"

namespace auth {

namespace errors {
inline constexpr base::ErrorCode sessions_unavailable{"session.unavailable", 503, true, base::Action::retry,
                                                      "Sessions cannot be read or changed now"};
inline constexpr base::ErrorCode session_contended{"session.contended", 409, true, base::Action::retry,
                                                   "Too many requests change this session at once"};
inline constexpr base::ErrorCode session_too_large{"session.too_large", 413, false, base::Action::fix,
                                                   "The session holds more than it may"};
}  // namespace errors

// The times are those of NIST SP 800-63B for AAL2.
struct SessionStoreOptions {
    std::string prefix = "sess:";
    async::Milliseconds idle{30 * 60'000};
    async::Milliseconds lifetime{12 * 3'600'000};
    async::Milliseconds refresh_every{60'000};  // a session may end this much before `idle`; shorter than it
    std::size_t max_bytes = 16U << 10;          // of the JSON; beyond it session.too_large
    std::size_t max_per_owner = 32;             // one more ends the oldest
    async::Milliseconds timeout{2'000};         // of each command, then session.unavailable
};

struct SessionInfo {
    base::Uuid id;      // for CSRF tokens, logs and lists of one's sessions; changes with the token
    std::string owner;  // empty: nobody has signed in
    base::Timestamp created_at;
    base::Timestamp ends_at;  // at the latest
    std::string digest;       // of the token: SHA-256, base64url
    std::string version;      // of the value, as it was read
};

template <class T>
struct Session : SessionInfo {
    T value;
};

template <class T>
struct NewSession {
    std::string token;
    Session<T> session;
};

namespace detail {

struct KeptSession {
    SessionInfo info;
    std::string json;
};

struct IssuedSession {
    std::string token;
    KeptSession kept;
};

class SessionCore {
public:
    SessionCore(redis::Client& client, SessionStoreOptions options, const base::Clock& clock, logging::Logger logger,
                observe::Metrics& metrics);

    [[nodiscard]] const SessionStoreOptions& options() const noexcept { return options_; }
    async::Task<std::optional<KeptSession>> find(std::string token);
    // Of a session that `replaces` (a digest) names the value stays, and `json` is not used; nullopt when it has ended.
    async::Task<std::optional<IssuedSession>> issue(std::string json, std::string owner, std::string replaces);
    // What is there afterwards: of `version` when it was written, else what another has left; nullopt: nothing.
    async::Task<std::optional<KeptSession>> write(SessionInfo info, std::string version, std::string json);
    async::Task<void> destroy(std::string digest, std::string owner);
    async::Task<std::size_t> destroy_all(std::string owner);
    async::Task<std::vector<KeptSession>> list(std::string owner);

    [[nodiscard]] std::string new_version();
    void report_unreadable(std::string_view digest, std::string_view why);

private:
    [[nodiscard]] std::string key_of(std::string_view digest) const { return options_.prefix + std::string(digest); }
    [[nodiscard]] std::string owner_key(std::string_view owner) const;
    [[nodiscard]] async::SteadyTime deadline() const { return async::Loop::now() + options_.timeout; }
    void check_size(std::string_view json) const;
    [[nodiscard]] base::Failure unavailable(std::string cause) const;
    template <class R>
    async::Task<R> or_unavailable(async::Task<R> asked);
    async::Task<std::vector<redis::Reply>> run_all(std::vector<redis::Command> commands);
    async::Task<redis::Reply> eval(redis::Script script, std::vector<std::string> keys,
                                   std::vector<std::string> arguments);
    std::optional<KeptSession> read(std::string digest, redis::Value fields);
    async::Task<void> keep_alive(std::string digest, base::Timestamp ends_at, async::Milliseconds left);

    redis::Client& client_;
    SessionStoreOptions options_;
    const base::Clock& clock_;
    logging::Logger logger_;
    base::SecureRandom random_;
    redis::Script issue_;
    redis::Script write_;
    redis::Script destroy_all_;
    redis::Script list_;
    observe::Counter unreadable_;
    observe::Counter unavailable_;
};

template <class T>
std::optional<Session<T>> decode(SessionCore& core, std::optional<KeptSession> kept) {
    if (!kept) return std::nullopt;
    auto value = schema::parse<T>(kept->json);
    if (value) return Session<T>{std::move(kept->info), *std::move(value)};
    core.report_unreadable(kept->info.digest, "its value does not read as the type of these sessions");
    return std::nullopt;
}

template <class T>
std::optional<NewSession<T>> decode(SessionCore& core, std::optional<IssuedSession> issued) {
    if (!issued) return std::nullopt;
    auto session = decode<T>(core, std::optional(std::move(issued->kept)));
    if (!session) return std::nullopt;
    return NewSession<T>{std::move(issued->token), *std::move(session)};
}

template <class T>
async::Task<NewSession<T>> create(SessionCore* core, T value, std::string owner) {
    auto issued = co_await core->issue(schema::to_json(value), std::move(owner), {});
    co_return NewSession<T>{std::move(issued->token), {std::move(issued->kept.info), std::move(value)}};
}

template <class T>
async::Task<std::optional<Session<T>>> find(SessionCore* core, std::string token) {
    co_return decode<T>(*core, co_await core->find(std::move(token)));
}

template <class T>
async::Task<std::optional<NewSession<T>>> regenerate(SessionCore* core, std::string digest, std::string owner) {
    co_return decode<T>(*core, co_await core->issue({}, std::move(owner), std::move(digest)));
}

// Of those who write at once one is done each round, so this many may.
inline constexpr int most_rounds = 64;

template <class T, class Change>
async::Task<std::optional<Session<T>>> update(SessionCore* core, std::optional<Session<T>> session, Change change) {
    for (int round = 0; session && round < most_rounds; ++round) {
        change(session->value);
        const SessionInfo& info = *session;
        const auto version = core->new_version();
        auto kept = co_await core->write(info, version, schema::to_json(session->value));
        if (kept && kept->info.version == version) {
            session->version = version;
            co_return session;
        }
        session = decode<T>(*core, std::move(kept));
    }
    if (session) throw base::Failure(errors::session_contended).retry_after(1'000);
    co_return std::nullopt;
}

template <class T>
async::Task<std::vector<Session<T>>> list(SessionCore* core, std::string owner) {
    auto all = co_await core->list(std::move(owner));
    std::vector<Session<T>> sessions;
    for (auto& kept : all) {
        if (auto session = decode<T>(*core, std::optional(std::move(kept)))) sessions.push_back(*std::move(session));
    }
    co_return sessions;
}

}  // namespace detail

template <class T>
class SessionStore {
public:
    // Throws std::invalid_argument for options that cannot work.
    SessionStore(redis::Client& client, SessionStoreOptions options, const base::Clock& clock, logging::Logger logger,
                 observe::Metrics& metrics)
        : core_(client, std::move(options), clock, std::move(logger), metrics) {}

    // For an owner who has max_per_owner already, the oldest session ends. Throws session.too_large, as update() does.
    [[nodiscard]] async::Task<NewSession<T>> create(T value, std::string owner = {}) {
        return detail::create<T>(&core_, std::move(value), std::move(owner));
    }
    // What is no token of ours is not asked for.
    [[nodiscard]] async::Task<std::optional<Session<T>>> find(std::string token) {
        return detail::find<T>(&core_, std::move(token));
    }
    // `change(T&)` makes the change, again on a newer value when another request was first. Nullopt: the session has ended.
    template <std::invocable<T&> Change>
    [[nodiscard]] async::Task<std::optional<Session<T>>> update(Session<T> session, Change change) {
        return detail::update<T>(&core_, std::optional(std::move(session)), std::move(change));
    }
    // The same value under a new token and id, from now on the owner's, its lifetime begun anew; the old token is worth nothing.
    // Against session fixation: at every sign-in, and when the owner may do more than before. Nullopt: the session has ended.
    [[nodiscard]] async::Task<std::optional<NewSession<T>>> regenerate(const SessionInfo& session, std::string owner) {
        return detail::regenerate<T>(&core_, session.digest, std::move(owner));
    }
    [[nodiscard]] async::Task<void> destroy(const SessionInfo& session) {
        return core_.destroy(session.digest, session.owner);
    }
    // How many there were.
    [[nodiscard]] async::Task<std::size_t> destroy_all(std::string owner) {
        return core_.destroy_all(std::move(owner));
    }
    // Oldest first.
    [[nodiscard]] async::Task<std::vector<Session<T>>> list(std::string owner) {
        return detail::list<T>(&core_, std::move(owner));
    }
    [[nodiscard]] const SessionStoreOptions& options() const noexcept { return core_.options(); }

private:
    detail::SessionCore core_;
};

}  // namespace auth
