#include "mail/transport.h"

#include "mail/fallback_transport.h"

namespace mail {

std::string_view to_string(Outcome outcome) {
    switch (outcome) {
        case Outcome::accepted: return "accepted";
        case Outcome::refused_for_now: return "refused_for_now";
        case Outcome::refused: return "refused";
        case Outcome::unknown: return "unknown";
        case Outcome::withdrawn: return "withdrawn";
    }
    return "";
}

std::string_view to_string(Reason reason) {
    switch (reason) {
        case Reason::none: return "none";
        case Reason::recipient: return "recipient";
        case Reason::sender: return "sender";
        case Reason::message: return "message";
    }
    return "";
}

async::Task<bool> may_go(const OutgoingMail* mail) {
    if (!mail->confirm) co_return true;
    co_return co_await mail->confirm();
}

async::Task<SendResult> FallbackTransport::send(OutgoingMail mail, async::SteadyTime deadline) {
    // The first is to leave time for the second.
    const auto now = async::Loop::now();
    const auto half = now + (deadline - now) / 2;
    auto result = co_await first_->send(mail, half);
    const bool is_refused = result.outcome == Outcome::refused || result.outcome == Outcome::refused_for_now;
    if (!is_refused || result.whose != Reason::sender) {
        result.by = first_->name();
        co_return result;
    }
    const auto first_reply = std::move(result.reply);
    result = co_await second_->send(std::move(mail), deadline);
    result.by = second_->name();
    if (result.outcome != Outcome::accepted && !first_reply.empty())
        result.reply += " (before that, " + std::string(first_->name()) + ": " + first_reply + ")";
    co_return result;
}

}  // namespace mail
