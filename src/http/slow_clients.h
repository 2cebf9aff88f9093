#pragma once
// The connections of one loop that wait for their client: for the rest of a head or of a body, or for a reply to be taken. In a
// full house one of them makes room: of the address that has the most of them, the one that is under way longest. That is what
// bounds those who send just fast enough for ever. Private to the library; loop's thread only.
//
//     slow.add({address, since, &connection});
//     if (auto* connection = slow.longest()) connection->abort();      // which removes it

#include <set>
#include <unordered_map>
#include <utility>

#include "async/loop.h"
#include "http/body_budget.h"

namespace http {

class Connection;

class SlowClients {
public:
    struct Client {
        BodyCaller address;
        async::SteadyTime since;
        Connection* connection = nullptr;
    };

    // All in time that grows with the logarithm of how many there are.
    void add(const Client& client);
    void remove(const Client& client);
    [[nodiscard]] Connection* longest() const;

private:
    using Longest = std::set<std::pair<async::SteadyTime, Connection*>>;
    using Addresses = std::unordered_map<BodyCaller, Longest, BodyCaller::Hash>;

    Addresses addresses_;
    std::set<std::pair<std::size_t, const Longest*>> by_count_;
};

}  // namespace http
