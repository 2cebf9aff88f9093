#pragma once
// Authenticator: who sends this request. A service of each loop, used by Caller::read: a bearer token or a session cookie is
// proved without I/O, and the session behind it looked up in a cache that is at most 5 s old, that NOTIFY empties at once, and
// that asks the database once for any number of requests that wait for the same answer.
//
//     auth::Authenticator authenticator(options, {.loop = loop, .keys = keys, .cookies = cookies, .source = grants,
//                                                 .permissions = permissions, .clock = base::system_clock(), .metrics = metrics});
//     authenticator.listen(*databases.system);
//     services.add(authenticator);
//
// Writers tell all instances with `select pg_notify('auth_changes', 'tenant:<uuid>')` (session:, user:) in the transaction of
// the change. It must outlive the requests; what Parts refers to outlives it.

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "async/sync.h"
#include "auth/caller.h"
#include "auth/jwt.h"
#include "auth/session_cache.h"
#include "auth/session_cookies.h"
#include "db/database.h"
#include "http/tag_key.h"
#include "observe/metrics.h"

namespace auth {

inline constexpr std::string_view changes_channel = "auth_changes";

// Where sessions are kept. nullopt: no such session, or it has ended, or its user may not act for its tenant any more.
class GrantSource {
public:
    virtual ~GrantSource() = default;
    virtual async::Task<std::optional<SessionState>> load_by_session(base::Uuid session_id,
                                                                     async::SteadyTime deadline) = 0;
    virtual async::Task<std::optional<SessionState>> load_by_cookie(base::Digest256 digest,
                                                                    async::SteadyTime deadline) = 0;
};

class Authenticator {
public:
    struct Options {
        std::string realm = "api";
        std::string tag_secret;  // of the readers' part of ETags (http::TagKey)
        JwtVerifierOptions tokens;
        VerifiedTokenCache::Options verified_tokens;
        SessionCache::Options sessions;
    };
    struct Parts {
        async::Loop& loop;
        const KeySet& keys;
        const SessionCookies& cookies;
        GrantSource& source;
        const Permissions& permissions;
        const base::Clock& clock;
        observe::Metrics& metrics;
    };

    Authenticator(Options options, const Parts& parts);
    ~Authenticator();
    Authenticator(const Authenticator&) = delete;
    Authenticator& operator=(const Authenticator&) = delete;

    // What a request claims, proved but for the session.
    struct Proof {
        SessionKey key;
        std::shared_ptr<const Claims> claims;  // of a bearer token; null for a cookie
    };
    // Throws 401 when there is nothing, or nothing good. An Authorization header is judged alone: cookies count without it only.
    [[nodiscard]] Proof prove(const http::Context& context);
    // The session if it is known well enough; null inside means that there is none.
    [[nodiscard]] const SessionCache::Entry* find(const Proof& proof) const {
        return cache_.find(proof.key, async::Loop::now());
    }
    // Asks the source, together with whoever asks for the same.
    [[nodiscard]] async::Task<SessionCache::Entry> load(SessionKey key, async::SteadyTime deadline);
    // The caller, or 401 (no session, or another than the token says), or 403 (a cookie without its CSRF token).
    [[nodiscard]] Caller admit(http::Context& context, const Proof& proof, const SessionState* state) const;

    // Of a token that comes in another way than by a request's header (the first message of a WebSocket): what stands behind "Bearer ".
    [[nodiscard]] Proof prove_bearer(std::string_view token);
    [[nodiscard]] Caller admit_bearer(const Proof& proof, const SessionState* state) const;
    [[nodiscard]] Caller caller_of(const SessionState& state) const;
    [[nodiscard]] const Permissions& permissions() const noexcept { return permissions_; }

    void invalidate_session(const base::Uuid& id);
    void invalidate_user(const base::Uuid& id);
    void invalidate_tenant(const base::Uuid& id);
    void invalidate_all();
    // "tenant:<uuid>", "session:<uuid>", "user:<uuid>"; anything else invalidates all.
    void on_change(std::string_view payload);
    // Follows changes_channel until destroyed; `database` must outlive it.
    void listen(db::Database& database);

    // Run at start. Throws std::logic_error naming the first route that asks for what is no permission of the program.
    void require_known_permissions(const http::Router& router) const;

    [[nodiscard]] http::TagKey& tag_key() noexcept { return tag_key_; }
    // application/jwk-set+json of the public keys.
    [[nodiscard]] std::string_view public_keys() const noexcept { return public_keys_; }

private:
    struct Flight;
    class Lead;

    [[nodiscard]] Proof prove_token(std::string_view authorization);
    [[nodiscard]] Proof prove_cookie(std::string_view credential) const;
    async::Task<SessionCache::Entry> lead(SessionKey key, async::SteadyTime deadline);
    void forget_flights();
    [[nodiscard]] base::Failure refuse(const base::ErrorCode& code, std::string_view why) const;

    Options options_;
    async::Loop& loop_;
    const SessionCookies& cookies_;
    GrantSource& source_;
    const Permissions& permissions_;
    const base::Clock& clock_;
    http::TagKey tag_key_;
    JwtVerifier verifier_;
    VerifiedTokenCache tokens_;
    SessionCache cache_;
    std::unordered_map<SessionKey, std::shared_ptr<Flight>, SessionKeyHash> flights_;
    std::string public_keys_;
    observe::Counter loads_;
    observe::CounterFamily refusals_;
    db::Listening subscription_;
};

}  // namespace auth
