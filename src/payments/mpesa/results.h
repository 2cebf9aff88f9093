#pragma once
// What Daraja calls back with of an initiator's requests: what became of it, what it says when it was asked, a balance. Nothing is signed:
// a result is worth what the secret of its URL is worth, and has to fit what we asked for. Pure.
//
//     const PayoutEvidence evidence = mpesa::read_result("result", bytes, payout);

#include <optional>
#include <string_view>
#include <vector>

#include "payments/payouts.h"

namespace payments::mpesa {

// `kind`: "result", "status", "timeout". What is not understood, or is about another request, is `processing`.
[[nodiscard]] PayoutEvidence read_result(std::string_view kind, std::string_view bytes, const PayoutRef& payout);

// "Working Account|KES|700000.00|…&Utility Account|KES|…"; nullopt: there is none.
[[nodiscard]] std::optional<std::vector<Purse>> read_balance(std::string_view bytes);

// Of a ResultCode of a payout: those of prompts mean other things.
[[nodiscard]] PayoutFinding finding_of_payout(std::string_view code);
// nullopt: the code is not one of payouts.
[[nodiscard]] std::optional<Saying> payout_saying_of(std::string_view code, std::string_view language);

}  // namespace payments::mpesa
