// Bodies that claim to be Daraja's: of each kind, of errors, and of a pull. Whatever they are, what is believed of them is whole.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "payments/mpesa/answers.h"
#include "payments/mpesa/callbacks.h"
#include "payments/mpesa/phone.h"
#include "payments/mpesa/values.h"

namespace {

namespace mpesa = payments::mpesa;

void require(bool condition) {
    if (!condition) std::abort();
}

void check(const payments::Claim& claim) {
    const auto& evidence = claim.evidence;
    require(!claim.dedupe_key.empty() && claim.dedupe_key.size() <= 300);
    require(evidence.provider_id.empty() || mpesa::is_checkout_id(evidence.provider_id));
    require(evidence.receipt.empty() || mpesa::is_receipt(evidence.receipt));
    require(!evidence.amount || evidence.amount->minor > 0);
    require(evidence.code.empty() || mpesa::is_result_code(evidence.code));
    require(base::is_utf8(evidence.text) && evidence.text.size() <= mpesa::longest_text + 100);
    if (payments::is_proof(evidence))
        require(evidence.amount && !evidence.receipt.empty() && evidence.currency == "KES");
    if (!claim.received) return;
    require(claim.received->receipt == evidence.receipt && claim.received->amount == *evidence.amount);
    require(base::is_utf8(claim.received->reference) && base::is_utf8(claim.received->payer_name));
    require(claim.received->payer_hash.empty() || claim.received->payer_hash.size() == 64);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    for (const auto* const kind : {"stk", "confirm", "validate", "timeout"}) {
        const auto callback = mpesa::read_callback(kind, input);
        require(callback && !callback->reply.empty());
        for (const auto& claim : callback->claims) check(claim);
    }
    for (const auto& claim : mpesa::read_pulled({std::string(input)}, "174379").claims) check(claim);
    for (const int status : {200, 400, 500}) {
        const auto problem = mpesa::problem_of(status, input);
        require(!problem.code.empty() && problem.code.size() <= 200 && base::is_utf8(problem.text));
        require(!mpesa::saying_of(problem.code, "en").text.empty());
    }
    if (const auto phone = mpesa::normalise_phone(input)) require(mpesa::normalise_phone(*phone) == phone);
    return 0;
}
