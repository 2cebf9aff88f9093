#pragma once
// Tokens as they lie in Redis: AES-256-GCM under a key of the consumer secret that they were given for. Whoever reads Redis alone gets
// none; whoever has the secret could ask Daraja for one. Pure but for the random nonce; any thread.
//
//     const std::string kept = mpesa::seal(secret, id, token);
//     mpesa::unseal(secret, id, kept);                             // nullopt: altered, of another id or another secret

#include <optional>
#include <string>
#include <string_view>

namespace payments::mpesa {

// A byte of format, 12 of nonce, the text, 16 of tag.
[[nodiscard]] std::string seal(std::string_view secret, std::string_view id, std::string_view text);
[[nodiscard]] std::optional<std::string> unseal(std::string_view secret, std::string_view id, std::string_view sealed);

}  // namespace payments::mpesa
