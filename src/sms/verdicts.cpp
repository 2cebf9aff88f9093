#include "sms/verdicts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "sms/json.h"

namespace sms {

namespace {

using namespace std::chrono_literals;

template <class Code>
struct Row {
    Code code;
    Verdict verdict;
};

template <class Rows, class Code>
std::optional<Verdict> found(const Rows& rows, Code code) {
    const auto row = std::ranges::find(rows, code, [](const auto& one) { return one.code; });
    if (row == rows.end()) return std::nullopt;
    return row->verdict;
}

constexpr Verdict accepted{.outcome = Outcome::accepted, .whose = Reason::none};
constexpr Verdict of_sender{.outcome = Outcome::refused, .whose = Reason::sender};
constexpr Verdict of_recipient{.outcome = Outcome::refused, .whose = Reason::recipient};
constexpr Verdict of_message{.outcome = Outcome::refused, .whose = Reason::message};
constexpr Verdict opted_out{.outcome = Outcome::refused, .whose = Reason::recipient, .is_opted_out = true};
constexpr Verdict later{.outcome = Outcome::refused_for_now, .whose = Reason::sender};
constexpr Verdict much_later{.outcome = Outcome::refused_for_now, .whose = Reason::sender, .retry_after = 60s};

constexpr auto africastalking = std::to_array<Row<std::string_view>>({
    {"100", accepted},      // Processed
    {"101", accepted},      // Sent
    {"102", accepted},      // Queued
    {"401", of_sender},     // RiskHold
    {"402", of_sender},     // InvalidSenderId
    {"403", of_recipient},  // InvalidPhoneNumber
    {"404", of_recipient},  // UnsupportedNumberType
    {"405", much_later},    // InsufficientBalance: until somebody pays
    {"406", opted_out},     // UserInBlacklist
    {"407", {.outcome = Outcome::refused_for_now, .whose = Reason::recipient, .retry_after = 60s}},  // CouldNotRoute
    {"409", of_recipient},  // DoNotDisturbRejection: the country's list, not ours
    {"500", later},         // InternalServerError
    {"501", later},         // GatewayError
    {"502", of_sender},     // RejectedByGateway
});

constexpr auto twilio = std::to_array<Row<std::int64_t>>({
    {20003, of_sender},     // who we are
    {20404, of_sender},     // no such account
    {20429, later},         // too many requests
    {20500, later},         // internal error
    {20503, later},         // unavailable
    {21211, of_recipient},  // To is no number
    {21212, of_sender},     // From is none
    {21408, of_message},    // this account does not send to that country
    {21602, of_message},    // no body
    {21606, of_sender},     // From is not ours, or sends no SMS
    {21608, of_message},    // a trial account sends to verified numbers alone
    {21609, of_sender},     // the URL of reports is none that it can call
    {21610, opted_out},     // STOP
    {21611, later},         // the sender's queue is full
    {21612, of_message},    // not from this sender to that number
    {21614, of_recipient},  // no mobile number
    {21617, of_message},    // too long
    {21620, of_sender},     // the messaging service
    {21705, of_sender},     // the messaging service
    // Of delivery reports.
    {30001, of_sender},     // the queue was full
    {30002, of_sender},     // the account is suspended
    {30003, of_recipient},  // the handset cannot be reached
    {30004, of_recipient},  // blocked
    {30005, of_recipient},  // no such handset
    {30006, of_recipient},  // a landline, or a carrier that cannot be reached
    {30007, of_message},    // a carrier's filter
    {30008, of_sender},     // nobody knows
    {30034, of_sender},     // the number is not registered
});

constexpr auto whatsapp = std::to_array<Row<std::int64_t>>({
    {0, of_sender},    // the token
    {190, of_sender},  // the token has ended
    {3, of_sender},
    {10, of_sender},  // permissions
    {1, later},
    {2, later},
    {131000, later},
    {131016, later},
    {133004, later},  // for now
    {4, much_later},
    {80007, much_later},
    {130429, much_later},    // rates
    {131048, of_sender},     // a limit against spam
    {131049, of_recipient},  // too much marketing
    {131050, opted_out},     // wants no marketing
    {131056, {.outcome = Outcome::refused_for_now, .whose = Reason::recipient, .retry_after = 4s}},  // too many to one
    {33, of_message},
    {100, of_message},
    {131008, of_message},
    {131009, of_message},
    {131021, of_message},
    {131026, of_recipient},  // not on WhatsApp
    {131030, of_sender},     // a test number's list
    {131047, of_message},    // outside the window
    {131042, of_sender},
    {131031, of_sender},
    {368, of_sender},  // bill, lock, policy
    {131051, of_message},
    {131052, of_message},
    {131053, of_message},  // media
    {132000, of_message},
    {132001, of_message},
    {132005, of_message},
    {132007, of_message},  // templates
    {132012, of_message},
    {132015, of_message},
    {132016, of_message},
    {133010, of_sender},  // not registered
});

// Who gave up waiting may have passed it on before; 503 says that it was not taken.
Verdict verdict_of_status(int status) {
    if (status == 429 || status == 503) return later;
    if (status == 408 || status >= 500) return {.outcome = Outcome::unknown, .whose = Reason::none};
    if (status == 400 || status == 413 || status == 415 || status == 422) return of_message;
    return of_sender;
}

}  // namespace

std::optional<Verdict> africastalking_verdict(std::string_view status_code) {
    return found(africastalking, status_code);
}

Reason africastalking_reason(std::string_view failure_reason) {
    if (failure_reason == "InsufficientCredit" || failure_reason == "InvalidLinkId") return Reason::sender;
    return Reason::recipient;
}

std::optional<Verdict> twilio_verdict(std::int64_t code) { return found(twilio, code); }

std::optional<Verdict> whatsapp_verdict(std::int64_t code) {
    if (code >= 200 && code <= 299) return of_sender;  // permissions
    return found(whatsapp, code);
}

// A text is refused as 100 as well, with nothing but words, where the window is the reason. Whoever wants no messages gets no SMS
// instead, and what is for now is tried again as it is.
Instead whatsapp_instead(std::int64_t code, bool was_template) {
    if (!was_template && (code == 131047 || code == 100)) return Instead::whatsapp_template;
    const auto verdict = whatsapp_verdict(code);
    return verdict && verdict->is_opted_out ? Instead::nothing : Instead::sms;
}

SendResult judge(const client::Error& error) {
    if (error.outcome == client::Outcome::unknown)
        return {
            .outcome = Outcome::unknown, .code = std::string(client::to_string(error.cause)), .reply = error.detail};
    if (error.outcome == client::Outcome::not_sent)
        return {.outcome = Outcome::refused_for_now,
                .whose = Reason::sender,
                .code = std::string(client::to_string(error.cause)),
                .reply = error.detail};
    auto result = result_of(verdict_of_status(error.status), fmt::format("http_{}", error.status),
                            for_people(error.body.empty() ? error.detail : error.body));
    if (result.outcome == Outcome::refused_for_now) result.retry_after = error.retry_after;
    return result;
}

SendResult result_of(const Verdict& verdict, std::string code, std::string reply) {
    return {.outcome = verdict.outcome,
            .whose = verdict.whose,
            .is_opted_out = verdict.is_opted_out,
            .code = std::move(code),
            .reply = std::move(reply),
            .retry_after = verdict.outcome == Outcome::refused_for_now ? verdict.retry_after : std::nullopt};
}

}  // namespace sms
