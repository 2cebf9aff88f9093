#include "client/outcome.h"

#include <fmt/format.h>

namespace client {

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::not_sent: return "not_sent";
        case Outcome::refused: return "refused";
        case Outcome::unknown: return "unknown";
    }
    return "unknown";
}

std::string_view to_string(Cause cause) {
    switch (cause) {
        case Cause::bad_call: return "bad_call";
        case Cause::forbidden: return "forbidden";
        case Cause::queue_full: return "queue_full";
        case Cause::breaker_open: return "breaker_open";
        case Cause::name: return "name";
        case Cause::connect: return "connect";
        case Cause::tls: return "tls";
        case Cause::timeout: return "timeout";
        case Cause::cancelled: return "cancelled";
        case Cause::connection_lost: return "connection_lost";
        case Cause::malformed_reply: return "malformed_reply";
        case Cause::reply_too_large: return "reply_too_large";
        case Cause::bad_encoding: return "bad_encoding";
        case Cause::unexpected_content: return "unexpected_content";
        case Cause::unreadable: return "unreadable";
        case Cause::status: return "status";
    }
    return "unknown";
}

base::Failure failure(const Error& error) {
    const auto& code = error.outcome == Outcome::not_sent  ? errors::unavailable
                       : error.outcome == Outcome::refused ? errors::refused
                                                           : errors::outcome_unknown;
    auto thrown = base::Failure(code).cause(fmt::format("{}: {}", to_string(error.cause), error.detail));
    if (error.outcome == Outcome::not_sent)
        return std::move(thrown).retry_after(error.retry_after.value_or(std::chrono::seconds(1)).count());
    return thrown;
}

}  // namespace client
