#pragma once
// C2B: money that customers sent to the shop's account, as the provider tells it: by itself, or beside the prompt that it answers. Each
// receipt is one row; what it pays is found by the receipt, else by the account number that was typed (reference.h), and only where
// exactly one open document fits. Everything else stays on the list for people.
//
//     co_await record_received(tx, intents, &from);                 // a callback's or a pulled claim, inside a transaction
//     co_await match_again(db, intents, "mpesa", receipt);          // something came that may bear this receipt
//
// Locks in one order: the intent's row, the receipt, the C2B row.

#include "pos/modules/payments/provider_events.h"

namespace pos {

namespace errors {
inline constexpr auto c2b_matched = base::conflict("payment.c2b_matched", "This money pays for something else already");
inline constexpr auto c2b_unfit =
    base::conflict("payment.c2b_unfit", "The amount or the currency is not what is to be paid");
inline constexpr auto match_target =
    base::invalid("payment.match_target", "Say what it pays: intentId, or purpose and subjectId");
}  // namespace errors

// Inside a transaction; `from->claim.received` is there. What is known already is recorded once.
[[nodiscard]] async::Task<void> record_received(db::Db tx, PaymentIntents* intents, const ClaimFrom* from);

// Whether there is something that it could pay, as far as can be told at once; true where that fails. Writes nothing.
[[nodiscard]] async::Task<bool> could_match(db::Db db, PaymentIntents* intents, PaymentAccount account,
                                            ::payments::Claim claim);

// Tries once more what is on the list under this receipt.
[[nodiscard]] async::Task<void> match_again(db::Db db, PaymentIntents* intents, std::string provider,
                                            std::string receipt);

}  // namespace pos
