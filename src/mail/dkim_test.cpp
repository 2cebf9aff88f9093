#include "mail/dkim.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace {

using mail::DkimKey;
using Key = std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)>;

Key make_rsa(unsigned bits) { return {EVP_RSA_gen(bits), EVP_PKEY_free}; }
// Takes up to a second to find.
EVP_PKEY* rsa() {
    static const Key key = make_rsa(2'048);
    return key.get();
}
Key make_ed25519() { return {EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free}; }

std::string pem_of(EVP_PKEY* key) {
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
    const char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    return {data, static_cast<std::size_t>(size)};
}

bool verifies(EVP_PKEY* key, std::string_view message, std::string_view signature) {
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    const bool is_ed25519 = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;
    const auto digest = base::sha256(message);
    if (is_ed25519) message = base::as_chars(digest);
    EVP_DigestVerifyInit(context.get(), nullptr, is_ed25519 ? nullptr : EVP_sha256(), nullptr, key);
    return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                            reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1;
}

std::string body_hash(std::string_view body, std::size_t piece) {
    mail::DkimBodyHash hash;
    for (std::size_t at = 0; at < body.size(); at += piece) hash.add(body.substr(at, piece));
    return base::hex_encode(base::as_chars(hash.finish()));
}

TEST(Dkim, BodiesAreHashedInTheirRelaxedForm) {
    for (const auto& [body, relaxed] : std::vector<std::pair<std::string_view, std::string_view>>{
             {" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"},  // RFC 6376 §3.4.5
             {"", ""},
             {"\r\n", ""},
             {"\r\n\r\n \t\r\n", ""},
             {"a", "a\r\n"},
             {"a\r\n", "a\r\n"},
             {"a\r\n\r\n", "a\r\n"},
             {"\r\n\r\na\r\n", "\r\n\r\na\r\n"},
             {"a\r\n \r\nb\r\n", "a\r\n\r\nb\r\n"},
             {"\t a\t\tb \r\n", " a b\r\n"}}) {
        for (const std::size_t piece : {1U, 2U, 3U, 100U}) {
            EXPECT_EQ(body_hash(body, piece), base::hex_encode(base::as_chars(base::sha256(relaxed)))) << body;
        }
    }
}

// The header without its folds, and what it signs.
struct Signature {
    std::string header;
    std::string value;
};

Signature take_apart(std::string header) {
    for (std::size_t fold = header.find("\r\n "); fold != std::string::npos; fold = header.find("\r\n "))
        header.erase(fold, 2);
    const std::size_t b = header.find(" b=") + 3;
    std::string value;
    for (const char c : header.substr(b)) {
        if (!base::is_ascii_space(c)) value += c;
    }
    return {header.substr(0, b), base::base64_decode(value).value_or("")};
}

TEST(Dkim, SignsTheHeadersThatAreThere) {
    const std::string headers =
        "Date: Sun, 22 Nov 2026 06:14:03 +0000\r\nFrom: A\r\n\t <a@example.com>  \r\nX-Other: 1\r\nTo: "
        "b@example.com\r\n"
        "subject :  Hi \t there\r\n";
    const std::string relaxed =
        "from:A <a@example.com>\r\nto:b@example.com\r\nsubject:Hi there\r\ndate:Sun, 22 Nov 2026 06:14:03 +0000\r\n";
    const Key ed25519 = make_ed25519();
    for (EVP_PKEY* key : {rsa(), ed25519.get()}) {
        const auto signer = DkimKey::from_pem(pem_of(key), "Example.com", "mail2026");
        ASSERT_TRUE(signer) << signer.error();
        const std::string header = signer->signature_header(headers, base::sha256("Hi\r\n"));
        for (const std::string_view line : base::split(header, '\n')) EXPECT_LE(line.size(), 77U) << line;
        const bool is_rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
        const std::string unsigned_value = std::string("v=1; a=") + (is_rsa ? "rsa" : "ed25519") +
                                           "-sha256; c=relaxed/relaxed; d=example.com; s=mail2026; " +
                                           "h=from:from:to:to:subject:subject:date:date; bh=" +
                                           base::base64_encode(base::as_chars(base::sha256("Hi\r\n"))) + "; b=";
        const auto [written, signature] = take_apart(header);
        EXPECT_EQ(written, "DKIM-Signature: " + unsigned_value);
        EXPECT_TRUE(verifies(key, relaxed + "dkim-signature:" + unsigned_value, signature));
    }
}

TEST(Dkim, RecordsHoldThePublicKey) {
    const auto ed25519 = make_ed25519();
    const auto first = DkimKey::from_pem(pem_of(rsa()), "example.com", "a.b");
    EXPECT_EQ(first->record_name(), "a.b._domainkey.example.com");
    EXPECT_TRUE(first->record().starts_with("v=DKIM1; k=rsa; p=MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"));
    const std::string second = DkimKey::from_pem(pem_of(ed25519.get()), "example.com", "b")->record();
    EXPECT_TRUE(second.starts_with("v=DKIM1; k=ed25519; p="));
    EXPECT_EQ(base::base64_decode(second.substr(second.rfind("p=") + 2))->size(), 32U);
}

TEST(Dkim, RefusesOtherKeysAndNames) {
    const auto good = pem_of(make_ed25519().get());
    EXPECT_TRUE(DkimKey::from_pem(good, "example.com", "a"));
    EXPECT_FALSE(DkimKey::from_pem("", "example.com", "a"));
    EXPECT_FALSE(
        DkimKey::from_pem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "example.com", "a"));
    EXPECT_FALSE(DkimKey::from_pem(pem_of(make_rsa(1'024).get()), "example.com", "a"));
    const Key ec(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free);
    EXPECT_FALSE(DkimKey::from_pem(pem_of(ec.get()), "example.com", "a"));
    for (const std::string_view name : {"", "a b", "a;b", "a\r\nb", "a..b", "\xC3\xA9.example"}) {
        EXPECT_FALSE(DkimKey::from_pem(good, name, "a")) << name;
        EXPECT_FALSE(DkimKey::from_pem(good, "example.com", name)) << name;
    }
}

}  // namespace
