#pragma once
// How an initiator proves itself to Daraja: the password of the initiator, encrypted for Safaricom (RSA, PKCS#1 v1.5). Pure but for the
// random padding; any thread.
//
//     const auto credential = mpesa::security_credential(password, certificate_pem);     // base64; nullopt: no such certificate

#include <optional>
#include <string>
#include <string_view>

namespace payments::mpesa {

// Of a certificate or a public key, in PEM. How long a password it can hide, in bytes; nullopt: it is none of RSA.
[[nodiscard]] std::optional<std::size_t> longest_password(std::string_view pem);

[[nodiscard]] std::optional<std::string> security_credential(std::string_view password, std::string_view pem);

}  // namespace payments::mpesa
