#pragma once
// The connections of one loop that wait for their client: for the rest of a head or of a body, or for a reply to be taken. In a
// full house one of them makes room, which bounds those who send just fast enough for ever:
// - of the address that has the most of them, the one that is under way longest; where two have as many, of the one with more half
//   heads, as a body has been asked for and a half head has cost its client nothing;
// - while no address has more than sixteen, which is nobody's flood but many addresses, or an office behind one: the youngest
//   half head of all. A flood of half heads drives out its own, and a body that keeps its pace ends.
// Private to the library; loop's thread only.
//
//     slow.add({address, since, &connection, sends_head});
//     if (auto* connection = slow.first_to_go()) connection->abort();      // which removes it

#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "async/loop.h"
#include "http/body_budget.h"

namespace http {

class Connection;

class SlowClients {
public:
    static constexpr std::size_t few = 16;  // of one address

    struct Client {
        BodyCaller address;
        async::SteadyTime since;
        Connection* connection = nullptr;
        bool sends_head = false;
    };

    // All in time that grows with the logarithm of how many there are.
    void add(const Client& client);
    void remove(const Client& client);
    [[nodiscard]] Connection* first_to_go() const;

private:
    using ByAge = std::set<std::pair<async::SteadyTime, Connection*>>;
    struct Address {
        ByAge all;
        std::size_t heads = 0;
        [[nodiscard]] std::tuple<std::size_t, std::size_t, const Address*> rank() const {
            return {all.size(), heads, this};
        }
    };

    std::unordered_map<BodyCaller, Address, BodyCaller::Hash> addresses_;
    std::set<std::tuple<std::size_t, std::size_t, const Address*>> ranks_;
    ByAge heads_;
};

}  // namespace http
