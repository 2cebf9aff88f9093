#include "storage/digests.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/strings.h"

namespace storage {

namespace {

void require(int result) {
    if (result != 1) throw std::runtime_error("OpenSSL cannot hash");
}

}  // namespace

struct Sha256Stream::State {
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
    require(EVP_DigestInit_ex(state_->context.get(), EVP_sha256(), nullptr));
}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::add(std::string_view bytes) {
    require(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()));
}

base::Digest256 Sha256Stream::finish() {
    base::Digest256 digest{};
    require(EVP_DigestFinal_ex(state_->context.get(), digest.data(), nullptr));
    return digest;
}

std::string md5_hex(std::string_view bytes) {
    std::array<std::uint8_t, 16> digest{};
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_md5(), nullptr) != 1) return {};
    return base::hex_encode(base::as_chars(digest));
}

std::string sha1(std::string_view bytes) {
    std::array<std::uint8_t, 20> digest{};
    require(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha1(), nullptr));
    return std::string(base::as_chars(digest));
}

std::string hex_of(const base::Digest256& digest) { return base::hex_encode(base::as_chars(digest)); }

bool parse_hex(std::string_view text, base::Digest256& into) {
    const auto bytes = base::hex_decode(text);
    if (!bytes || bytes->size() != into.size()) return false;
    std::ranges::transform(*bytes, into.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
    return true;
}

}  // namespace storage
