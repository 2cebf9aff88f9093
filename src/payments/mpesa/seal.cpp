#include "payments/mpesa/seal.h"

#include <openssl/evp.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "base/hash.h"
#include "base/random.h"
#include "base/strings.h"

namespace payments::mpesa {

namespace {

constexpr char format = 1;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t head_size = 1 + nonce_size;

struct FreeContext {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void require(int outcome) {
    if (outcome != 1) throw std::runtime_error("AES-256-GCM failed");
}

base::Digest256 key_of(std::string_view secret, std::string_view id) {
    return base::hkdf_sha256(secret, id, "mpesa access token");
}

}  // namespace

std::string seal(std::string_view secret, std::string_view id, std::string_view text) {
    base::SecureRandom random;
    std::array<std::uint8_t, nonce_size> nonce;
    random.fill(nonce);
    std::string sealed(1, format);
    sealed.append(base::as_chars(nonce));
    sealed.resize(head_size + text.size() + tag_size);
    const auto key = key_of(secret, id);
    const Context context(EVP_CIPHER_CTX_new());
    int size = 0;
    auto* const body = bytes_of(sealed) + head_size;
    require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce.data()));
    require(EVP_EncryptUpdate(context.get(), body, &size, bytes_of(text), static_cast<int>(text.size())));
    require(EVP_EncryptFinal_ex(context.get(), body + size, &size));
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_size, body + text.size()));
    return sealed;
}

std::optional<std::string> unseal(std::string_view secret, std::string_view id, std::string_view sealed) {
    if (sealed.size() < head_size + tag_size || sealed.front() != format) return std::nullopt;
    const auto body = sealed.substr(head_size, sealed.size() - head_size - tag_size);
    std::string tag(sealed.substr(sealed.size() - tag_size));
    std::string text(body.size(), '\0');
    const auto key = key_of(secret, id);
    const Context context(EVP_CIPHER_CTX_new());
    int size = 0;
    require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes_of(sealed.substr(1))));
    require(EVP_DecryptUpdate(context.get(), bytes_of(text), &size, bytes_of(body), static_cast<int>(body.size())));
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_size, tag.data()));
    if (EVP_DecryptFinal_ex(context.get(), bytes_of(text) + size, &size) != 1) return std::nullopt;
    return text;
}

}  // namespace payments::mpesa
