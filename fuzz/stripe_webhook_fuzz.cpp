// Events of Stripe as a stranger, or a Stripe that has changed, sends them. The first line is the Stripe-Signature header, the rest the
// body. As it came it is never believed; signed by us, it proves a payment only with an amount, a receipt and a currency, and what is
// kept of it is short, whole UTF-8.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/strings.h"
#include "payments/stripe/webhook.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

const payments::stripe::Credentials& credentials() {
    static const payments::stripe::Credentials one{.secret_key = "sk_test_fuzz",
                                                   .webhook_secrets = {"whsec_c7a1f0b6d3e24958", "whsec_rolled"}};
    return one;
}

bool is_short(std::string_view text, std::size_t most) { return text.size() <= most && base::is_utf8(text); }

void check(const payments::Claim& claim) {
    const auto& evidence = claim.evidence;
    require(claim.dedupe_key.starts_with("evt_") && is_short(claim.dedupe_key, 255));
    require(evidence.source == payments::Source::callback);
    require(claim.attempt || !evidence.provider_id.empty() || !evidence.second_id.empty());
    if (payments::is_proof(evidence)) require(evidence.amount && !evidence.receipt.empty());
    for (const auto* id : {&evidence.provider_id, &evidence.second_id, &evidence.receipt})
        require(is_short(*id, 255) && id->find_first_of("/?#% \r\n") == std::string::npos);
    require(is_short(evidence.code, 80) && is_short(evidence.text, 500) && is_short(evidence.currency, 8));
    require(is_short(claim.note, 1'000));
    if (claim.refund) require(is_short(claim.refund->refunded.code, 80));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto line = std::min(input.find('\n'), input.size());
    const auto header = input.substr(0, line);
    const auto body = input.substr(std::min(line + 1, input.size()));
    const base::Timestamp now{std::chrono::seconds(1'705'300'000)};
    require(!payments::stripe::verify_event(credentials(), body, header, now));

    const auto digest = base::hmac_sha256(credentials().webhook_secrets.front(), "1705300000." + std::string(body));
    const auto ours = "t=1705300000,v1=" + base::hex_encode(base::as_chars(digest));
    const auto verified = payments::stripe::verify_event(credentials(), body, ours, now);
    if (!verified) return 0;
    require(verified->claims.size() <= 1);
    for (const auto& claim : verified->claims) check(claim);
    return 0;
}
