#pragma once
// The states of money that is sent out, and the one function that moves them. Pure: no clock, no network, no database.
//
//     const payments::PayoutDecision decision = payments::decide(payout, evidence);
//     if (decision.changes) …                             // written with a compare-and-set on the row
//
// Whoever takes "failed" for an answer sends the money again, by another payout. So failed is what the provider says by itself, in words
// that we know; whatever else is asked after, and is `unknown` in the end. What has gone out stays gone out. Where it was sent more than once and
// one of these may be there, what the provider says of a sending ends nothing: it answers first what became of the payout. Nor does
// what it says of an earlier sending, late or once more: only the newest is moved by what is said of it, by the provider's name of it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/time.h"
#include "schema/schema.h"

namespace payments {

enum class PayoutState : std::uint8_t {
    created,    // stored, nothing sent; or the provider had no time for it: it is sent once more, under the same id
    sent,       // the request is on its way, or its reply was lost
    pending,    // the provider took it
    succeeded,  // the money is out
    failed,     // it is not, and will not be
    unknown,    // nobody could say: people look at it, it is asked after once a day
};
constexpr auto describe(PayoutState*) {
    return schema::enumeration<PayoutState>("PayoutState", {{PayoutState::created, "created"},
                                                            {PayoutState::sent, "sent"},
                                                            {PayoutState::pending, "pending"},
                                                            {PayoutState::succeeded, "succeeded"},
                                                            {PayoutState::failed, "failed"},
                                                            {PayoutState::unknown, "unknown"}});
}
[[nodiscard]] constexpr bool is_final(PayoutState state) noexcept {
    return state == PayoutState::succeeded || state == PayoutState::failed;
}

enum class PayoutSource : std::uint8_t {
    reply,   // to our request
    result,  // what the provider calls back with, of the request itself
    answer,  // what it calls back with, of our question
    person,
    clock,
};
enum class PayoutFinding : std::uint8_t {
    not_sent,    // the request did not reach the provider
    busy,        // it had no time for it, and says that the same request may come again
    accepted,    // it took the request, now or before
    refused,     // it refused the request itself
    lost,        // the request, or our question, may have reached it
    processing,  // it has not decided; also: something was said that we do not understand
    paid,
    failed,
    overdue,  // our own clock: the time for an answer is over
};

struct PayoutEvidence {
    PayoutSource source = PayoutSource::reply;
    PayoutFinding finding = PayoutFinding::processing;
    std::string conversation_id{};  // what the provider calls the request
    std::int32_t sending = 0;       // of a reply: to which sending, counted from 1
    std::optional<base::Money> amount{};
    std::string receipt{};    // of what went out
    std::string recipient{};  // as the provider names it, masked
    std::string code{};       // the provider's own, verbatim
    std::string text{};       // the provider's own, for people
    std::optional<base::Timestamp> at{};
};

struct Payout {
    PayoutState state = PayoutState::created;
    base::Money amount;
    std::int32_t sends = 0;         // how often it was sent
    bool may_be_there = false;      // the reply to one of them was lost, or one was sent beside it
    std::string conversation_id{};  // what the provider calls the newest sending; "": it has not said
    std::string receipt{};
};

// After so many times a provider that has no time is believed to have none.
inline constexpr std::int32_t most_payout_sends = 5;

struct PayoutDecision {
    PayoutState next = PayoutState::created;
    bool changes = false;
    bool ask = false;  // soon: something was said that does not settle it
    // For people: "" or why. "amount_differs", "receipt_differs", "paid_after_failed", "failed_after_paid"
    std::string_view concern{};
};

[[nodiscard]] PayoutDecision decide(const Payout& payout, const PayoutEvidence& evidence);

// When one is to be asked after next: 1, 5, 15 min, 1 h after it was sent, then once a day. Always after `now`.
[[nodiscard]] base::Timestamp next_payout_query(base::Timestamp sent_at, base::Timestamp now);

}  // namespace payments
