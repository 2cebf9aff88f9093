#pragma once
// One attempt: a signed POST to an address that a tenant gave, and what came of it.
//
//     const auto target = webhooks::make_target({.timeout = 15s});                  // one for all endpoints; outlives the calls
//     const auto attempt = co_await webhooks::send(http, target, {.url = …, .id = …, .timestamp = now, .body = …, .keys = …});
//     if (attempt.outcome == webhooks::Outcome::succeeded) …
//
// Sent once: neither repeated nor redirected. The address is judged at this attempt (client/guard.h), whatever it was before. Of a
// reply at most 1 KiB is kept, in which control characters and what is no UTF-8 are replaced, and secrets and long numbers hidden;
// of an address that is refused nothing is. All of it ends with the deadline.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "client/client.h"
#include "schema/schema.h"
#include "webhooks/signature.h"

namespace webhooks {

// What an endpoint said, or why nothing was heard. Its words stay: they are stored.
enum class Outcome : std::uint8_t {
    succeeded,        // 2xx
    gone,             // 410: it wants no more
    redirected,       // 3xx, which is not followed
    refused,          // any other 4xx
    throttled,        // 429
    failed,           // 5xx, and statuses that are none
    timed_out,        // no whole reply in time
    unreachable,      // no name, no connection
    tls_failed,       // a certificate or a handshake
    bad_reply,        // no HTTP
    address_refused,  // the URL leads where none may
    cancelled,        // we stop; it is tried again
};

constexpr auto describe(Outcome*) {
    return schema::enumeration<Outcome>("WebhookOutcome", {{Outcome::succeeded, "succeeded"},
                                                           {Outcome::gone, "gone"},
                                                           {Outcome::redirected, "redirected"},
                                                           {Outcome::refused, "refused"},
                                                           {Outcome::throttled, "throttled"},
                                                           {Outcome::failed, "failed"},
                                                           {Outcome::timed_out, "timed_out"},
                                                           {Outcome::unreachable, "unreachable"},
                                                           {Outcome::tls_failed, "tls_failed"},
                                                           {Outcome::bad_reply, "bad_reply"},
                                                           {Outcome::address_refused, "address_refused"},
                                                           {Outcome::cancelled, "cancelled"}});
}

inline constexpr std::size_t most_reply_bytes = 1024;

[[nodiscard]] Outcome outcome_of_status(int status);
// Of a call that ended without a 2xx.
[[nodiscard]] Outcome outcome_of(const client::Error& error);
// Whether it says something of the endpoint, and counts: all but `cancelled`.
[[nodiscard]] bool counts(Outcome outcome);
// What of a reply is kept and shown: valid UTF-8, at most 1 KiB.
[[nodiscard]] std::string excerpt_of(std::string_view bytes);

struct TargetOptions {
    std::chrono::milliseconds timeout{15'000};
    std::size_t concurrency = 256;  // of a loop
    std::vector<std::uint16_t> https_ports = {443, 8443};
};
// CLIENT_ALLOW_LOOPBACK adds this machine, by http too.
[[nodiscard]] client::Target make_target(const TargetOptions& options);

struct Outgoing {
    std::string url;
    std::string id;
    base::Timestamp timestamp;
    std::string body;
    std::vector<SigningKey> keys;
    std::string content_type = "application/json";
    async::SteadyTime deadline = async::SteadyTime::max();
    std::stop_token stop{};
    const observe::SpanContext* span = nullptr;
};

struct Attempt {
    Outcome outcome = Outcome::failed;
    std::optional<std::int32_t> status{};
    std::optional<std::string> reply{};
    std::chrono::milliseconds duration{0};
    std::optional<std::chrono::seconds> retry_after{};
};

[[nodiscard]] async::Task<Attempt> send(client::Client* http, const client::Target* target, Outgoing outgoing);

}  // namespace webhooks
