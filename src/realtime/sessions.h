#pragma once
// SessionWatch: what was opened by a session ends with it. Every two seconds the source says, in one statement for all, which sessions
// still live and whose rights have changed. One a loop; its thread.
//
//     auto watched = watch.add(caller, token_expires_at, {.on_end = …, .on_change = …});      // ends when it goes

#include <functional>
#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "async/loop.h"
#include "async/stopped.h"
#include "async/sync.h"
#include "auth/caller.h"
#include "base/time.h"
#include "log/logger.h"
#include "realtime/hub.h"

namespace realtime {

// A topic that somebody follows, and what the database said of it when they began.
struct Followed {
    std::string topic;
    std::optional<base::Uuid> place{};  // nullopt: it is at no place
};

// What the service knows of sessions and topics. One a loop.
class Access {
public:
    virtual ~Access() = default;
    // Of these callers' sessions, which are distinct, those that still live, with the rights of now.
    [[nodiscard]] virtual async::Task<std::vector<auth::Caller>> still_live(std::vector<auth::Caller> callers,
                                                                            async::SteadyTime deadline) = 0;
    // Asked once, when a topic of the caller's own tenant is asked for: what the database knows of it counts, too. nullopt: there is none,
    // or not for them. Throws what else is in the way.
    [[nodiscard]] virtual async::Task<std::optional<Followed>> may_begin(auth::Caller caller, std::string topic,
                                                                         async::SteadyTime deadline) = 0;
    // Asked at each look, of what has begun: why the rights of now end it; nullptr: they do not.
    [[nodiscard]] virtual const base::ErrorCode* why_not(const auth::Caller& caller,
                                                         const Followed& followed) const = 0;
    // Whom the messages of the topic see in the caller.
    [[nodiscard]] virtual Reader reader_of(const auth::Caller& caller, const Followed& followed) const = 0;
    // Of an access token as it stands behind "Bearer". Throws base::Failure (401).
    struct Identity {
        auth::Caller caller;
        base::Timestamp expires_at;
    };
    [[nodiscard]] virtual async::Task<Identity> identify(std::string token, async::SteadyTime deadline) = 0;
    // What a client who has read up to `cursor` is to be told: nothing, a poke with the newest number, or that it begins anew.
    struct Since {
        enum class Verdict : std::uint8_t { current, behind, unknown } verdict = Verdict::unknown;
        std::int64_t seq = 0;
    };
    [[nodiscard]] virtual async::Task<Since> since(auth::Caller caller, std::string cursor,
                                                   async::SteadyTime deadline) = 0;
};

class SessionWatch {
public:
    struct Callbacks {
        std::move_only_function<void(bool by_token)> on_end;
        std::move_only_function<void(const auth::Caller&)> on_change = {};
    };
    struct Entry {
        auth::Caller caller;
        base::Timestamp expires_at;
        Callbacks callbacks;
        bool is_over = false;  // set by whoever lets go of it: nothing is called any more
    };
    using Watched = std::shared_ptr<Entry>;

    SessionWatch(async::Loop& loop, Access& access, const base::Clock& clock, logging::Logger logger);

    async::Task<void> start();
    async::Task<void> stop(async::SteadyTime deadline);

    // Watched as long as somebody holds it. A renewed token moves `expires_at`.
    [[nodiscard]] Watched add(auth::Caller caller, base::Timestamp expires_at, Callbacks callbacks);
    // Once, now.
    [[nodiscard]] async::Task<void> look();

private:
    async::Task<void> run();
    [[nodiscard]] std::vector<Watched> gather();

    Access& access_;
    const base::Clock& clock_;
    logging::Logger logger_;
    std::vector<std::weak_ptr<Entry>> entries_;
    async::Stop stop_;
    async::TaskGroup tasks_;
};

}  // namespace realtime
