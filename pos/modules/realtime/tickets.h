#pragma once
// Tickets: how a browser, which sends no header with a WebSocket, says who it is: a text in the address, good once and for 30 s. Kept
// under their digest, in Redis where there is one, else in the process. Of the process; thread-safe.
//
//     const std::string ticket = co_await tickets.give(redis, identity, clock.now());
//     auto identity = co_await tickets.take(redis, ticket, clock.now());        // nullopt: there is no such ticket (any more)

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "async/task.h"
#include "base/random.h"
#include "base/time.h"
#include "base/uuid.h"
#include "redis/client.h"

namespace pos {

struct TicketHolder {
    base::Uuid session_id;
    base::Timestamp expires_at;  // of the token that it was asked with: then the socket ends
};

class SocketTickets {
public:
    static constexpr std::chrono::seconds life{30};
    static constexpr std::size_t most_kept = 100'000;  // without Redis

    explicit SocketTickets(base::RandomSource& random) : random_(random) {}

    [[nodiscard]] async::Task<std::string> give(redis::Client* redis, TicketHolder holder, base::Timestamp now);
    [[nodiscard]] async::Task<std::optional<TicketHolder>> take(redis::Client* redis, std::string ticket,
                                                                base::Timestamp now);

private:
    struct Kept {
        TicketHolder holder;
        base::Timestamp until;
    };
    void keep(std::string key, const Kept& kept, base::Timestamp now);
    [[nodiscard]] std::optional<TicketHolder> take_kept(const std::string& key, base::Timestamp now);

    base::RandomSource& random_;
    std::mutex mutex_;
    std::unordered_map<std::string, Kept> kept_;
};

[[nodiscard]] std::unique_ptr<SocketTickets> make_socket_tickets(base::SecureRandom& random);

}  // namespace pos
