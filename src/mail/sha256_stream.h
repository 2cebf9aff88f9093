#pragma once
// SHA-256 of what comes piece by piece. Internal.

#include <openssl/evp.h>

#include <memory>
#include <stdexcept>
#include <string_view>

#include "base/hash.h"

namespace mail {

class Sha256Stream {
public:
    Sha256Stream() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
        require(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr));
    }
    void add(std::string_view bytes) { require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size())); }
    // Once.
    [[nodiscard]] base::Digest256 finish() {
        base::Digest256 digest{};
        require(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr));
        return digest;
    }

private:
    static void require(int result) {
        if (result != 1) throw std::runtime_error("OpenSSL cannot hash");
    }
    std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

}  // namespace mail
