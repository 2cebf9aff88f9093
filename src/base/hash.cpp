#include "base/hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "base/strings.h"

namespace base {
namespace {

// OpenSSL 3 looks an algorithm up by name under a lock at each use unless it was fetched once; kept for the life of the
// process, since a thread may still be hashing while statics are destroyed.
const EVP_MD* sha256_algorithm() {
    static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return algorithm;
}

EVP_MAC* hmac_algorithm() {
    static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    return algorithm;
}

struct FreeMac {
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

const unsigned char* bytes_of(std::string_view text) {
    // A null key would tell EVP_MAC_init to keep the former one.
    return reinterpret_cast<const unsigned char*>(text.data() == nullptr ? "" : text.data());
}

}  // namespace

Digest256 sha256(std::string_view bytes) {
    Digest256 digest;
    unsigned int size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, sha256_algorithm(), nullptr) != 1 ||
        size != digest.size()) {
        throw std::runtime_error("SHA-256 is not available");
    }
    return digest;
}

Digest256 hmac_sha256(std::string_view key, std::string_view message) {
    Digest256 digest;
    std::size_t size = 0;
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                     OSSL_PARAM_construct_end()};
    const std::unique_ptr<EVP_MAC_CTX, FreeMac> context{EVP_MAC_CTX_new(hmac_algorithm())};
    if (!context || EVP_MAC_init(context.get(), bytes_of(key), key.size(), parameters) != 1 ||
        EVP_MAC_update(context.get(), bytes_of(message), message.size()) != 1 ||
        EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) != 1 || size != digest.size()) {
        throw std::runtime_error("HMAC-SHA-256 is not available");
    }
    return digest;
}

Digest256 hkdf_sha256(std::string_view secret, std::string_view salt, std::string_view info) {
    const auto extracted = hmac_sha256(salt, secret);
    return hmac_sha256(as_chars(extracted), std::string(info) + '\x01');
}

}  // namespace base
