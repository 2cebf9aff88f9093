// Events of Paystack as a stranger, or a Paystack that has changed, sends them. The first line is the x-paystack-signature header, the rest
// the body. As it came it is never believed; signed by us, it proves a payment only with an amount, a receipt and a currency, and what is
// kept of it is short, whole UTF-8.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/strings.h"
#include "payments/paystack/signature.h"
#include "payments/paystack/webhook.h"
#include "payments/state.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

bool is_short(std::string_view text, std::size_t most) { return text.size() <= most && base::is_utf8(text); }

void check(const payments::Claim& claim) {
    const auto& evidence = claim.evidence;
    require(claim.attempt.has_value() && !claim.dedupe_key.empty() && is_short(claim.dedupe_key, 255));
    require(evidence.source == payments::Source::callback);
    if (payments::is_proof(evidence))
        require(evidence.amount && evidence.amount->minor >= 0 && !evidence.currency.empty());
    require(is_short(evidence.receipt, 20) && evidence.receipt.find_first_not_of("0123456789") == std::string::npos);
    require(is_short(evidence.code, 120) && is_short(evidence.text, 500) && is_short(evidence.currency, 8));
    require(is_short(claim.note, 1'000));
    if (!claim.refund) return;
    // News without a name have a text.
    require(!claim.refund->id && !claim.refund->refunded.text.empty() && is_short(claim.refund->refunded.text, 300));
    require(claim.refund->amount.minor >= 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const payments::paystack::Credentials credentials{.secret_key = "sk_test_c7a1f0b6d3e24958", .email = ""};
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto line = std::min(input.find('\n'), input.size());
    const auto body = input.substr(std::min(line + 1, input.size()));
    require(!payments::paystack::verify_event(credentials, body, input.substr(0, line)));

    const auto ours = payments::paystack::signature_of(body, credentials.secret_key);
    const auto verified = payments::paystack::verify_event(credentials, body, ours);
    if (!verified) return 0;
    require(verified->claims.size() <= 1);
    for (const auto& claim : verified->claims) check(claim);
    return 0;
}
