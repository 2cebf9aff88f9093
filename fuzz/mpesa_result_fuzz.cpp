// Results of M-Pesa's payouts as a stranger, or an M-Pesa that has changed, sends them. The first byte says which kind it is. A payout is out
// only by its amount and a receipt, and has failed only by a code that is known; what is kept is short, whole UTF-8.

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "payments/mpesa/results.h"

namespace {

using payments::PayoutState;

void require(bool condition) {
    if (!condition) std::abort();
}

bool is_short(std::string_view text, std::size_t most) { return text.size() <= most && base::is_utf8(text); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    static constexpr std::array<std::string_view, 3> kinds{"result", "status", "timeout"};
    const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
    const payments::PayoutRef payout{.id = {}, .is_reversal = (data[0] & 4U) != 0, .amount = {15'000}};
    const auto evidence = payments::mpesa::read_result(kinds.at(data[0] % kinds.size()), bytes, payout);
    const auto decision = payments::decide({.state = PayoutState::pending, .amount = {15'000}}, evidence);
    if (decision.next == PayoutState::succeeded) require(evidence.amount == payout.amount && !evidence.receipt.empty());
    if (decision.next == PayoutState::failed) require(!evidence.code.empty());
    require(is_short(evidence.code, 80) && is_short(evidence.text, 600) && is_short(evidence.recipient, 100));
    require(is_short(evidence.receipt, 20) && is_short(evidence.conversation_id, 100));
    if (const auto purses = payments::mpesa::read_balance(bytes)) {
        require(!purses->empty() && purses->size() <= 20);
        for (const auto& purse : *purses) require(is_short(purse.name, 100) && purse.currency.size() == 3);
    }
    return 0;
}
