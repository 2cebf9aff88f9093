#include "testing/test_certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace testing {

struct TestCertificate::Pair {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
    std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), &X509_free};

    explicit Pair(const std::string& names) {
        auto* x509 = certificate.get();
        X509_set_version(x509, 2);
        ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
        X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
        X509_gmtime_adj(X509_getm_notAfter(x509), 48L * 3600);
        X509_set_pubkey(x509, key.get());
        auto* subject = X509_get_subject_name(x509);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test server"),
                                   -1, -1, 0);
        X509_set_issuer_name(x509, subject);
        add(NID_basic_constraints, "critical,CA:TRUE");
        add(NID_subject_alt_name, names);
        if (X509_sign(x509, key.get(), EVP_sha256()) == 0) throw std::runtime_error("TestCertificate: not signed");
    }

private:
    void add(int kind, const std::string& value) {
        const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
            X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()), &X509_EXTENSION_free);
        if (!extension) throw std::runtime_error("TestCertificate: no extension " + value);
        X509_add_ext(certificate.get(), extension.get(), -1);
    }
};

TestCertificate::TestCertificate(const std::string& names)
    : pair_(std::make_unique<Pair>(names)), file_("/tmp/test-certificate-XXXXXX") {
    const int file = ::mkstemp(file_.data());
    auto* stream = ::fdopen(file, "w");
    PEM_write_X509(stream, pair_->certificate.get());
    std::fclose(stream);
}

TestCertificate::~TestCertificate() { std::remove(file_.c_str()); }

ssl_ctx_st* TestCertificate::server_context() const {
    auto* context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(context, pair_->certificate.get());
    SSL_CTX_use_PrivateKey(context, pair_->key.get());
    return context;
}

}  // namespace testing
