#pragma once
// Publisher: what is published goes to a hosted service, Pusher or Ably, whose clients our clients then are. One interface; which one, by
// settings. It is called by a job of the outbox, so a message leaves for a transaction that was committed, at least once.
//
//     const auto outcome = co_await publisher.publish(messages, deadline);
//     if (outcome.verdict == Verdict::retry) …         // after outcome.retry_after
//
// Data that is larger than the service takes is replaced by {"tooLarge":true}: the event then says "pull", as any poke does. Queries
// hold signatures, so they are never logged. Loop's thread.

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "client/client.h"
#include "realtime/hub.h"
#include "realtime/pusher/signature.h"

namespace realtime::hosted {

enum class Verdict : std::uint8_t {
    published,
    retry,          // 429, 5xx, the network: the same again, later
    misconfigured,  // 401, 403, 40160: no message will pass until a person has looked
    refused,        // this one never will
};
struct Outcome {
    Verdict verdict = Verdict::published;
    std::string detail{};  // for logs: no secret
    std::optional<std::chrono::milliseconds> retry_after{};
};
// Of a status and, of Ably, the code in the body; 0: none.
[[nodiscard]] Verdict verdict_of(int status, int code = 0);

class Publisher {
public:
    Publisher() = default;
    Publisher(const Publisher&) = delete;
    Publisher& operator=(const Publisher&) = delete;
    virtual ~Publisher() = default;

    // At most `most_at_once`; in order. `id`: of these messages: a service that knows ids drops what comes under it again.
    [[nodiscard]] virtual async::Task<Outcome> publish(std::vector<Message> messages, std::string id,
                                                       async::SteadyTime deadline) = 0;
    [[nodiscard]] virtual std::size_t most_at_once() const = 0;
};

struct PusherAccount {
    pusher::AppKeys app;
    std::string cluster = "mt1";
    std::string base_url{};  // instead of the cluster's: Ably's adapter, Reverb, soketi, ourselves
    std::size_t longest_data = 10'240;
};
[[nodiscard]] std::unique_ptr<Publisher> make_pusher_publisher(client::Client& http, PusherAccount account,
                                                               const base::Clock& clock);

struct AblyAccount {
    std::string key;  // "appId.keyId:secret"
    std::string base_url = "https://main.realtime.ably.net";
    std::size_t longest_data = std::size_t{60} * 1024;  // 64 KiB with what is around it
};
[[nodiscard]] std::unique_ptr<Publisher> make_ably_publisher(client::Client& http, AblyAccount account);

// What a browser's Ably client is given by our auth endpoint: a JWT (HS256) of the key, for these channels alone.
struct AblyGrant {
    std::string client_id;
    std::vector<std::string> channels;
    base::Timestamp now;
    std::chrono::seconds life{3'600};
};
[[nodiscard]] std::string ably_token(std::string_view key, const AblyGrant& grant);

}  // namespace realtime::hosted
