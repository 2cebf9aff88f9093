// Notifications of Pesapal as a stranger, or a Pesapal that has changed, sends them: nothing in them is a payment, or an end; what is
// kept of them is short, and the answer is JSON.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "payments/pesapal/ipn.h"
#include "payments/pesapal/messages.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto verified = payments::pesapal::read_ipn({reinterpret_cast<const char*>(data), size});
    require(verified.claims.size() <= 1);
    for (const auto& claim : verified.claims) {
        require(claim.is_hint && !claim.received && !claim.refund && claim.note.empty());
        require(claim.evidence.finding == payments::Finding::processing && !claim.evidence.amount);
        require(payments::pesapal::is_id(claim.evidence.provider_id));
    }
    require(verified.reply.size() < 2'000 && base::is_utf8(verified.reply));
    require(schema::parse<payments::pesapal::Envelope>(verified.reply, {.lenient = true}).has_value());
    return 0;
}
