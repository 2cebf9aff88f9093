#include "auth/sealed_value.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "auth/openssl_handles.h"
#include "auth/signed_value.h"
#include "base/hash.h"
#include "base/random.h"
#include "base/strings.h"

namespace auth {

namespace {

constexpr char format = 1;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t head_size = 1 + nonce_size;

base::Digest256 key_of(std::string_view secret, std::string_view purpose, std::string_view salt) {
    return base::hkdf_sha256(secret, salt, "seal " + std::string(purpose));
}

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

void require(int outcome) {
    if (outcome != 1) throw std::runtime_error("AES-256-GCM failed");
}

// `sealed` is whole but for the tag.
bool decrypt(const base::Digest256& key, std::string_view sealed, std::string_view tag, std::string& text) {
    const CipherContextHandle context(EVP_CIPHER_CTX_new());
    const auto nonce = sealed.substr(1, nonce_size);
    const auto body = sealed.substr(head_size);
    int size = 0;
    require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes_of(nonce)));
    require(EVP_DecryptUpdate(context.get(), bytes_of(text), &size, bytes_of(body), static_cast<int>(body.size())));
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_size, const_cast<char*>(tag.data())));
    return EVP_DecryptFinal_ex(context.get(), bytes_of(text) + size, &size) == 1;
}

}  // namespace

SealedValues::SealedValues(Options options, base::RandomSource& random)
    : secrets_(std::move(options.previous_secrets)), random_(&random) {
    secrets_.insert(secrets_.begin(), std::move(options.secret));
    if (std::ranges::any_of(secrets_, [](const auto& one) { return one.size() < SignedValues::min_secret_bytes; }))
        throw std::invalid_argument("a sealing secret needs 32 bytes or more");
}

std::string SealedValues::seal(std::string_view purpose, std::string_view salt, std::string_view text) const {
    std::array<std::uint8_t, nonce_size> nonce;
    random_->fill(nonce);
    std::string sealed(1, format);
    sealed.append(base::as_chars(nonce));
    sealed.resize(head_size + text.size() + tag_size);
    const auto key = key_of(secrets_.front(), purpose, salt);
    const CipherContextHandle context(EVP_CIPHER_CTX_new());
    int size = 0;
    auto* const body = bytes_of(sealed) + head_size;
    require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key.data(), nonce.data()));
    require(EVP_EncryptUpdate(context.get(), body, &size, bytes_of(text), static_cast<int>(text.size())));
    require(EVP_EncryptFinal_ex(context.get(), body + size, &size));
    require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_size, body + text.size()));
    return sealed;
}

std::optional<std::string> SealedValues::open(std::string_view purpose, std::string_view salt,
                                              std::string_view sealed) const {
    if (sealed.size() < head_size + tag_size || sealed.front() != format) return std::nullopt;
    const auto tag = sealed.substr(sealed.size() - tag_size);
    sealed.remove_suffix(tag_size);
    std::string text(sealed.size() - head_size, '\0');
    for (const auto& secret : secrets_) {
        if (decrypt(key_of(secret, purpose, salt), sealed, tag, text)) return text;
    }
    return std::nullopt;
}

}  // namespace auth
