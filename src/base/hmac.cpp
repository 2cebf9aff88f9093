#include "base/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdexcept>

namespace base {

namespace {

struct FreeMac {
    void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
    void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

[[noreturn]] void fail() { throw std::runtime_error("HMAC-SHA-256 is not available"); }

}  // namespace

struct HmacSha256::State {
    std::unique_ptr<EVP_MAC, FreeMac> mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
    std::unique_ptr<EVP_MAC_CTX, FreeMac> context;
};

HmacSha256::HmacSha256(std::string_view key) : state_(std::make_unique<State>()) {
    char name[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                                     OSSL_PARAM_construct_end()};
    if (!state_->mac) fail();
    state_->context.reset(EVP_MAC_CTX_new(state_->mac.get()));
    if (!state_->context || EVP_MAC_init(state_->context.get(), bytes_of(key), key.size(), parameters) != 1) fail();
}

HmacSha256::~HmacSha256() = default;
HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;

Digest256 HmacSha256::operator()(std::initializer_list<std::string_view> parts) {
    Digest256 digest;
    std::size_t size = 0;
    auto* const context = state_->context.get();
    // Without a key: the former one again.
    if (EVP_MAC_init(context, nullptr, 0, nullptr) != 1) fail();
    for (const auto part : parts) {
        if (!part.empty() && EVP_MAC_update(context, bytes_of(part), part.size()) != 1) fail();
    }
    if (EVP_MAC_final(context, digest.data(), &size, digest.size()) != 1 || size != digest.size()) fail();
    return digest;
}

}  // namespace base
