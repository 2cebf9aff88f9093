#include "payments/mpesa/security_credential.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <memory>

#include "base/strings.h"

namespace payments::mpesa {

namespace {

constexpr std::size_t longest_pem = 16'384;
constexpr int padding_size = 11;  // at least (RFC 8017, section 7.2)

struct Free {
    void operator()(BIO* bio) const noexcept { BIO_free(bio); }
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(EVP_PKEY_CTX* context) const noexcept { EVP_PKEY_CTX_free(context); }
};
template <class T>
using Handle = std::unique_ptr<T, Free>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

// Nobody types a passphrase in here.
int no_passphrase(char* /*into*/, int /*size*/, int /*writing*/, void* /*own*/) { return 0; }

Handle<EVP_PKEY> key_of(std::string_view pem) {
    if (pem.size() > longest_pem) return nullptr;
    const Handle<BIO> of_certificate(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const Handle<X509> certificate(PEM_read_bio_X509(of_certificate.get(), nullptr, no_passphrase, nullptr));
    if (certificate) return Handle<EVP_PKEY>(X509_get_pubkey(certificate.get()));
    const Handle<BIO> of_key(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    return Handle<EVP_PKEY>(PEM_read_bio_PUBKEY(of_key.get(), nullptr, no_passphrase, nullptr));
}

}  // namespace

std::optional<std::size_t> longest_password(std::string_view pem) {
    const auto key = key_of(pem);
    if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return std::nullopt;
    const int size = EVP_PKEY_get_size(key.get());
    if (size < 128) return std::nullopt;  // 1,024 bits
    return static_cast<std::size_t>(size - padding_size);
}

std::optional<std::string> security_credential(std::string_view password, std::string_view pem) {
    const auto most = longest_password(pem);
    if (!most || password.empty() || password.size() > *most) return std::nullopt;
    const auto key = key_of(pem);
    const Handle<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(key.get(), nullptr));
    const bool is_ready = context && EVP_PKEY_encrypt_init(context.get()) == 1 &&
                          EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1;
    if (!is_ready) return std::nullopt;
    std::string hidden(*most + padding_size, '\0');
    std::size_t size = hidden.size();
    auto* const into = reinterpret_cast<unsigned char*>(hidden.data());
    if (EVP_PKEY_encrypt(context.get(), into, &size, bytes_of(password), password.size()) != 1) return std::nullopt;
    hidden.resize(size);
    return base::base64_encode(hidden);
}

}  // namespace payments::mpesa
