#include "client/authorities.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>

#include <memory>

#include "base/file.h"

namespace client {

namespace {

using Store = std::unique_ptr<X509_STORE, decltype([](X509_STORE* one) { X509_STORE_free(one); })>;

// A list of revoked certificates is read as well, and vouches for nobody.
bool has_certificate(X509_STORE* store) {
    const auto* const objects = X509_STORE_get0_objects(store);
    for (int i = 0; i < sk_X509_OBJECT_num(objects); ++i) {
        if (X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i)) != nullptr) return true;
    }
    return false;
}

}  // namespace

std::string authorities_fault(const std::string& path) {
    if (const auto pem = base::read_file(path, most_authorities_bytes); !pem) return pem.error();
    const Store store(X509_STORE_new());
    ERR_clear_error();
    const bool is_read = store && X509_STORE_load_file(store.get(), path.c_str()) == 1;
    const auto reason = ERR_GET_REASON(ERR_peek_last_error());
    ERR_clear_error();
    if (is_read && has_certificate(store.get())) return {};
    if (is_read || reason == X509_R_NO_CERTIFICATE_OR_CRL_FOUND) return "has no certificate in PEM";
    return "has a certificate in PEM that cannot be read";
}

}  // namespace client
