#pragma once
// The states of a payment attempt, and the one function that moves them. Pure: no clock, no network, no database. Whoever stores an
// attempt asks decide() and writes the answer with a compare-and-set on the state that it was asked about.
//
//     const payments::Decision decision = payments::decide(attempt, evidence);
//     if (decision.credits) …                  // money came: exactly once for each attempt, because the move is a compare-and-set
//
// Rules: a proven success also replaces failed, cancelled and expired; nothing replaces a success but a refund; what nobody knows is
// never called failed.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/time.h"
#include "schema/schema.h"

namespace payments {

enum class State : std::uint8_t {
    created,    // stored, nothing sent
    sent,       // the request is on its way, or its reply was lost
    pending,    // the provider took it, the payer has not decided
    succeeded,  // the money came
    failed,     // it did not, and will not
    cancelled,  // the payer refused, or it was called off here
    expired,    // the payer did not answer in time
    unknown,    // nobody could say: people look at it, queries go on once a day
    refunded,   // all of the money went back
};
constexpr auto describe(State*) {
    return schema::enumeration<State>("PaymentIntentState", {{State::created, "created"},
                                                             {State::sent, "sent"},
                                                             {State::pending, "pending"},
                                                             {State::succeeded, "succeeded"},
                                                             {State::failed, "failed"},
                                                             {State::cancelled, "cancelled"},
                                                             {State::expired, "expired"},
                                                             {State::unknown, "unknown"},
                                                             {State::refunded, "refunded"}});
}
// Of these, no query and no clock expects a change any more.
[[nodiscard]] constexpr bool is_final(State state) noexcept {
    return state != State::created && state != State::sent && state != State::pending && state != State::unknown;
}

// Who says so.
enum class Source : std::uint8_t { reply, callback, query, confirmation, pull, person, clock };

enum class Finding : std::uint8_t {
    not_sent,  // the request did not reach the provider: it may be sent again. Of a repeat of one that was lost, say `lost`
    accepted,    // the provider took the request; `provider_id` says what it calls it
    refused,     // the provider refused the request itself: no prompt, no money
    lost,        // the request may have reached the provider
    processing,  // the payer has not decided; also: somebody says something that has to be asked after
    paid,        // money moved; see is_proof()
    declined,    // this attempt ended without money
    cancelled,   // the payer said no; or called off here before anything was sent
    timed_out,   // the payer did not answer in time, says the provider
    overdue,     // our own clock: the time for an answer is over
    refunded,    // money went back: `amount` of it in all
};

struct Evidence {
    Source source = Source::reply;
    Finding finding = Finding::processing;
    std::string provider_id{};  // CheckoutRequestID, pi_…
    std::string second_id{};    // MerchantRequestID, cs_…
    std::optional<base::Money> amount{};
    std::string currency{};  // "": not said
    std::string receipt{};   // what the payer holds in hand: unique for the provider and the account
    std::string code{};      // the provider's own, verbatim
    std::string text{};      // the provider's own, for logs and people; never a secret, never a whole number of a phone
    std::optional<base::Timestamp> at{};  // when it happened, by the provider's clock
};

// What is stored of an attempt, as far as decide() asks.
struct Attempt {
    State state = State::created;
    base::Money amount;
    std::string currency;
    std::string receipt{};  // "": not known yet
    base::Money refunded{};
    bool differs = false;  // money of another amount or currency came for it: what names no amount proves nothing more
};

struct Decision {
    State next = State::created;
    bool changes = false;  // the state, or what is known of a success (its receipt)
    bool credits = false;  // the attempt becomes a success by this
    bool was_over =
        false;  // it became one after it had been failed, cancelled or expired: is somebody owed the money back?
    bool learns_receipt = false;  // also where the money differs: its receipt pays for nothing else
    bool ask = false;             // query soon: something was said that does not prove itself
    // For people: "" or why. "amount_differs", "receipt_differs", "currency_differs", "paid_after_end"
    std::string_view concern{};
};

// A claim of payment that decide() believes: of a reply or a query (the provider was asked about this very attempt, over TLS), a
// confirmation, a pull or a person by itself; of a callback, only with the receipt and the amount; of the clock, never.
[[nodiscard]] bool is_proof(const Evidence& evidence) noexcept;

[[nodiscard]] Decision decide(const Attempt& attempt, const Evidence& evidence);

}  // namespace payments
