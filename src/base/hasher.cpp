#include "base/hasher.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace base {

namespace {

// Fetched once, as in hash.cpp.
const EVP_MD* algorithm_of(Hasher::Algorithm algorithm) {
    static const EVP_MD* const sha1 = EVP_MD_fetch(nullptr, "SHA1", nullptr);
    static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    static const EVP_MD* const sha512 = EVP_MD_fetch(nullptr, "SHA512", nullptr);
    switch (algorithm) {
        case Hasher::Algorithm::sha1: return sha1;
        case Hasher::Algorithm::sha256: return sha256;
        case Hasher::Algorithm::sha512: break;
    }
    return sha512;
}

struct FreeContext {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

struct Hasher::State {
    std::unique_ptr<EVP_MD_CTX, FreeContext> context{EVP_MD_CTX_new()};
};

Hasher::Hasher(Algorithm algorithm) : state_(std::make_unique<State>()) {
    const auto* digest = algorithm_of(algorithm);
    if (digest == nullptr || !state_->context || EVP_DigestInit_ex2(state_->context.get(), digest, nullptr) != 1)
        throw std::runtime_error("a digest is not available");
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&& other) noexcept = default;
Hasher& Hasher::operator=(Hasher&& other) noexcept = default;

void Hasher::add(std::string_view bytes) {
    if (EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) != 1)
        throw std::runtime_error("a digest failed");
}

std::string Hasher::finish() {
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned int size = 0;
    if (EVP_DigestFinal_ex(state_->context.get(), reinterpret_cast<unsigned char*>(digest.data()), &size) != 1)
        throw std::runtime_error("a digest failed");
    digest.resize(size);
    return digest;
}

std::size_t Hasher::size_of(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::sha1: return 20;
        case Algorithm::sha256: return 32;
        case Algorithm::sha512: break;
    }
    return 64;
}

}  // namespace base
