#pragma once
// Resolver: host names to addresses without holding up a loop. getaddrinfo() blocks for as long as the name servers like, and
// knows no deadline: each look-up has a thread of its own, which nobody waits for. Callers of one name share a look-up; an
// answer is good for five seconds more, so that what came too late for one attempt serves the next. Owned by a loop's thread;
// the loop outlives it.
//
//     async::Resolver resolver(loop);
//     resolver.resolve("db.internal", [](const async::Resolution& found) { ... found.addresses ... });    // in a later turn
//     const auto found = co_await resolver.resolve_by("db.internal", async::Loop::now() + 2s);
//
// At most one thread a name, and `Limits::at_once` threads in all. Names that others choose have a Resolver of their own: name
// servers of theirs that keep silent take up its threads, and those of the configuration go on.

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/loop.h"

namespace async {

struct Resolution {
    std::vector<std::string> addresses;  // numeric, IPv4 and IPv6, in the order to be tried
    std::string failure;                 // why there are none
    bool may_pass = false;               // of a failure: no name server answered, or there was no room
};

// Blocks. Called on threads of the resolver's.
using Lookup = std::function<Resolution(const std::string& host)>;

[[nodiscard]] Resolution system_lookup(const std::string& host);
// The same for what is an address already; nullopt for a name. Never blocks.
[[nodiscard]] std::optional<std::string> numeric_address(const std::string& host);

class Resolver {
public:
    using Done = std::move_only_function<void(const Resolution& found)>;
    struct Limits {
        std::size_t at_once = 64;    // look-ups, a thread each
        std::size_t waiting = 1024;  // names that wait for one of them; more are a failure at once
        std::size_t kept = 1024;     // answers
    };

    // `lookup`: none is system_lookup.
    explicit Resolver(Loop& loop, Lookup lookup = {}) : Resolver(loop, std::move(lookup), Limits{}) {}
    Resolver(Loop& loop, Lookup lookup, Limits limits);
    // Forgets the callbacks. A look-up that still blocks ends by itself and is heard by nobody.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    void resolve(const std::string& host, Done done);
    // What there is by `deadline`. A look-up that takes longer goes on, and serves the next attempt.
    [[nodiscard]] Task<Resolution> resolve_by(std::string host, SteadyTime deadline);
    // Names that are asked for now, or whose answers are kept.
    [[nodiscard]] std::size_t names() const noexcept { return names_.size(); }

private:
    struct Mailbox;
    struct Name {
        std::vector<Done> waiting;
        Resolution last;
        SteadyTime good_until{};
    };
    void start(const std::string& host);
    void end(const std::string& host, Resolution found);
    void finish(const std::string& host, Resolution found);
    void forget_old();

    Loop& loop_;
    Lookup lookup_;
    Limits limits_;
    std::map<std::string, Name> names_;
    std::size_t running_ = 0;
    std::deque<std::string> queue_;
    std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace async
