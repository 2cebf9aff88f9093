#pragma once
// Resolver: host names to addresses without holding up a loop. getaddrinfo() blocks for as long as the name servers like, and
// knows no deadline: each look-up has a thread of its own, which nobody waits for. Callers of one name share a look-up; an
// answer is good for five seconds more, so that what came too late for one attempt serves the next. Owned by a loop's thread;
// the loop outlives it.
//
//     async::Resolver resolver(loop);
//     resolver.resolve("db.internal", [](const async::Resolution& found) { ... found.addresses ... });    // in a later turn
//
// At most one thread a name at a time; what is asked for are the few names of the configuration, never a client's.

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
};

// Blocks. Called on threads of the resolver's.
using Lookup = std::function<Resolution(const std::string& host)>;

[[nodiscard]] Resolution system_lookup(const std::string& host);
// The same for what is an address already; nullopt for a name. Never blocks.
[[nodiscard]] std::optional<std::string> numeric_address(const std::string& host);

class Resolver {
public:
    using Done = std::move_only_function<void(const Resolution& found)>;

    // `lookup`: none is system_lookup.
    explicit Resolver(Loop& loop, Lookup lookup = {});
    // Forgets the callbacks. A look-up that still blocks ends by itself and is heard by nobody.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    void resolve(const std::string& host, Done done);

private:
    struct Mailbox;
    struct Name {
        std::vector<Done> waiting;
        Resolution last;
        SteadyTime good_until{};
    };
    void start(const std::string& host);
    void finish(const std::string& host, Resolution found);

    Loop& loop_;
    Lookup lookup_;
    std::map<std::string, Name> names_;
    std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace async
