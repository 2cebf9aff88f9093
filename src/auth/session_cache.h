#pragma once
// What is known of sessions, for a few seconds: a bounded table by the credential's digest. One per loop; no lock. Entries leave in
// the order in which they were read, which is also the order in which they grow too old: a full table loses what would be read
// again soonest anyway.
//
//     SessionCache cache({.capacity = 20'000, .max_age = 5s});
//     if (const auto* known = cache.find(key, now)) use(*known);         // a null pointer inside: there is no such session
//     cache.insert(key, state, started_reading_at);
//     cache.erase_tenant(tenant_id);

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "async/loop.h"
#include "auth/caller.h"
#include "base/hash.h"
#include "base/time.h"
#include "base/uuid.h"

namespace auth {

// A live session and what its user may do, as the database said.
struct SessionState {
    base::Uuid session_id;
    base::Uuid user_id;
    base::Uuid tenant_id;
    std::optional<base::Uuid> device_id;
    std::shared_ptr<const Grants> grants;
    base::Timestamp expires_at;
    std::int32_t member_version = 0;  // of the membership: whoever changes the grants counts it up
};

// A session's id followed by zeros, or the SHA-256 of a cookie's text: no text has a digest that ends in sixteen zeros.
class SessionKey {
public:
    [[nodiscard]] static SessionKey of_session(const base::Uuid& id);
    [[nodiscard]] static SessionKey of_cookie(const base::Digest256& digest) { return SessionKey(digest, true); }

    [[nodiscard]] bool is_cookie() const noexcept { return cookie_; }
    [[nodiscard]] const base::Digest256& bytes() const noexcept { return bytes_; }
    [[nodiscard]] base::Uuid session_id() const;

    friend bool operator==(const SessionKey&, const SessionKey&) = default;

private:
    SessionKey(const base::Digest256& bytes, bool cookie) : bytes_(bytes), cookie_(cookie) {}

    base::Digest256 bytes_;
    bool cookie_;
};

struct SessionKeyHash {
    std::size_t operator()(const SessionKey& key) const noexcept;
};

class SessionCache {
public:
    struct Options {
        std::size_t capacity = 20'000;
        std::chrono::milliseconds max_age{5'000};  // of what a request is told, since the read began
    };
    using Entry = std::shared_ptr<const SessionState>;

    explicit SessionCache(Options options) : options_(options) {}

    // Null when unknown or too old.
    [[nodiscard]] const Entry* find(const SessionKey& key, async::SteadyTime now) const;
    // `read_at`: when the read began, since what was changed later may not be in it.
    void insert(const SessionKey& key, Entry entry, async::SteadyTime read_at);

    void erase_session(const base::Uuid& id);
    void erase_user(const base::Uuid& id);
    void erase_tenant(const base::Uuid& id);
    void clear();
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

private:
    struct Slot {
        Entry entry;
        async::SteadyTime read_at;
    };
    struct Age {
        SessionKey key;
        async::SteadyTime read_at;
    };
    [[nodiscard]] bool is_fresh(async::SteadyTime read_at, async::SteadyTime now) const {
        return now - read_at < options_.max_age;
    }
    void make_room(async::SteadyTime now);
    template <class Match>
    void erase_where(Match match);

    Options options_;
    std::unordered_map<SessionKey, Slot, SessionKeyHash> entries_;
    std::deque<Age> ages_;  // oldest first; one that was replaced or erased since stays until its turn
};

}  // namespace auth
