#include "payments/paystack/signature.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <stdexcept>

#include "base/strings.h"

namespace payments::paystack {

std::string signature_of(std::string_view bytes, std::string_view secret_key) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    if (HMAC(EVP_sha512(), secret_key.data(), static_cast<int>(secret_key.size()), data, bytes.size(), digest.data(),
             &size) == nullptr) {
        // lint: allow(thrown-type) memory has run out
        throw std::runtime_error("HMAC-SHA512 failed");
    }
    return base::hex_encode(std::string_view(reinterpret_cast<const char*>(digest.data()), size));
}

bool is_signed(std::string_view header, std::string_view bytes, std::string_view secret_key) {
    return !secret_key.empty() && base::constant_time_equal(header, signature_of(bytes, secret_key));
}

}  // namespace payments::paystack
