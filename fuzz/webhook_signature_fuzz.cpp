// Headers of a webhook that somebody sends us, and keys that somebody types: nothing crashes, and nothing is believed that was not
// signed.
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <tuple>

#include "base/strings.h"
#include "webhooks/plan.h"
#include "webhooks/signature.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(bytes), size);
    static const webhooks::VerifyingKey keys[] = {
        *webhooks::VerifyingKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        *webhooks::VerifyingKey::parse("whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=")};
    const auto now = base::Timestamp(std::chrono::seconds(1'614'265'330));
    // id, timestamp, signature, body: a line each.
    const auto lines = base::split(input, '\n');
    if (lines.size() >= 4) {
        const auto fault = webhooks::verify(keys, {lines[0], lines[1], lines[2]}, lines[3], now);
        // Of these keys only one message is known to be signed: the specification's.
        if (!fault && lines[3] != R"({"test": 2432232314})") std::abort();
    }
    std::ignore = webhooks::read_retry_after(input, now);
    if (const auto key = webhooks::SigningKey::parse(input)) {
        if (webhooks::SigningKey::parse(key->text())->text() != key->text()) std::abort();
    }
    std::ignore = webhooks::VerifyingKey::parse(input);
    return 0;
}
