#pragma once
// What becomes of a call: a reply, or an Error that says whether the request may have been carried out. Values, not exceptions.
//
//     const auto reply = co_await http->post<Charge>(payments, "/charges", client::form(order), {.idempotency_key = id});
//     if (reply) co_return reply->body.id;
//     switch (reply.error().outcome) {
//         case client::Outcome::not_sent: ...      // it has not happened, and may be tried again
//         case client::Outcome::refused: ...       // status, headers and body of the refusal
//         case client::Outcome::unknown: ...       // it may have happened: ask, or repeat it under the same key
//     }
//
// Where a handler's client is to be told: throw client::failure(reply.error()).

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "http/headers.h"
#include "schema/schema.h"

namespace client {

namespace errors {
inline constexpr base::ErrorCode unavailable{"client.unavailable", 503, true, base::Action::retry,
                                             "Another service that is needed cannot be reached at present"};
inline constexpr base::ErrorCode refused{"client.refused", 502, false, base::Action::contact,
                                         "Another service that is needed refused what was asked of it"};
inline constexpr base::ErrorCode outcome_unknown{"client.outcome_unknown", 504, true, base::Action::retry,
                                                 "Another service that is needed gave no usable answer"};
}  // namespace errors

enum class Outcome : std::uint8_t {
    not_sent,  // nothing reached the server
    refused,   // the server answered with a status other than 2xx
    unknown,   // sent, and no answer that says what became of it
};

// Why; the label `kind` of http_client_failures_total.
enum class Cause : std::uint8_t {
    bad_call,            // no URL, a header that is none
    forbidden,           // by the Gatekeeper
    queue_full,          // more calls wait than may
    breaker_open,        // too many failed lately
    name,                // no address
    connect,             // no connection
    tls,                 // a certificate or a handshake
    timeout,             // a deadline
    cancelled,           // the caller has gone, or the process ends
    connection_lost,     // without a whole reply
    malformed_reply,     // no HTTP
    reply_too_large,     // more than max_reply_bytes
    bad_encoding,        // a Content-Encoding that is not taken
    unexpected_content,  // not the content type that was asked for
    unreadable,          // not what its type says
    status,              // not 2xx
};

[[nodiscard]] std::string_view to_string(Outcome outcome);
[[nodiscard]] std::string_view to_string(Cause cause);

struct Error {
    Outcome outcome = Outcome::not_sent;
    Cause cause = Cause::bad_call;
    std::string detail;  // for people and logs: holds no secret of ours, no query and no body
    int status = 0;      // 0: there was none
    http::Headers headers{};
    std::string body{};  // its first 64 KiB; never logged as it is
    std::optional<std::chrono::milliseconds> retry_after{};
    std::uint32_t attempts = 0;

    // `unknown`, and refusals after which nobody knows what the server had done: 5xx, 408.
    [[nodiscard]] bool may_have_happened() const noexcept {
        return outcome == Outcome::unknown || (outcome == Outcome::refused && (status >= 500 || status == 408));
    }
    // The body as JSON; nullopt when it is something else.
    template <class T>
    [[nodiscard]] std::optional<T> body_as() const {
        auto read = schema::parse<T>(body, {.lenient = true});
        if (!read) return std::nullopt;
        return *std::move(read);
    }
};

// Of a caller that cannot do without: 503 not_sent, 502 refused, 504 unknown. The detail is for the log alone.
[[nodiscard]] base::Failure failure(const Error& error);

// T: a described struct (JSON), std::string (the bytes, whatever they are), or Nothing.
struct Nothing {};

template <class T>
struct Reply {
    int status = 0;
    http::Headers headers{};
    T body{};
};

template <class T>
using Result = std::expected<Reply<T>, Error>;

}  // namespace client
