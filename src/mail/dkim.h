#pragma once
// DKIM (RFC 6376, 8463): a signature by which receivers see that a mail comes from the domain it says, and that nobody has
// changed it. rsa-sha256 or ed25519-sha256 by the key; relaxed/relaxed, so that servers may fold headers anew.
//
//     const auto key = mail::DkimKey::from_pem(settings.dkim_key, "example.com", "mail2026");   // std::expected
//     key->record_name();      // "mail2026._domainkey.example.com"
//     key->record();           // "v=DKIM1; k=rsa; p=MIIB…": the TXT record that the name has to have
//     auto rendered = co_await mail::render(message, {*key});
//
// Not every receiver knows Ed25519: sign by an RSA key as well. Values that share the key: any thread.

#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace mail {

class DkimKey {
public:
    // A private key without passphrase: RSA of 2048 to 4096 bits (PKCS#1 or #8), or Ed25519. The error says what is wrong.
    [[nodiscard]] static std::expected<DkimKey, std::string> from_pem(std::string_view pem, std::string_view domain,
                                                                      std::string_view selector);

    [[nodiscard]] std::string record_name() const;
    [[nodiscard]] std::string record() const;

    // The whole DKIM-Signature header over `headers` (lines that end with CRLF) and a body by its DkimBodyHash.
    [[nodiscard]] std::string signature_header(std::string_view headers, const base::Digest256& body_hash) const;

private:
    struct State;
    explicit DkimKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
    std::shared_ptr<const State> state_;
};

// SHA-256 of a body in DKIM's relaxed form, piece by piece. Line ends are CRLF.
class DkimBodyHash {
public:
    DkimBodyHash();
    ~DkimBodyHash();
    DkimBodyHash(DkimBodyHash&&) noexcept;
    DkimBodyHash& operator=(DkimBodyHash&&) = delete;

    void add(std::string_view bytes);
    [[nodiscard]] base::Digest256 finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace mail
