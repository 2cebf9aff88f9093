#pragma once
// Values that only we may read again, kept where others look: in a table, a backup. AES-256-GCM under a key of our secret
// (HKDF-SHA-256) and of a salt that whoever wants the value back must bring: without the secret, the table gives nothing
// away, and with both of them it gives nothing to those who do not know the salt. Immutable after construction; as
// thread-safe as its random source.
//
//     const auth::SealedValues sealed({.secret = secret}, random);
//     const std::string kept = sealed.seal("sign-up-reply", fingerprint, reply);
//     const std::optional<std::string> back = sealed.open("sign-up-reply", fingerprint, kept);

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {
class RandomSource;
}

namespace auth {

class SealedValues {
public:
    struct Options {
        std::string secret;
        std::vector<std::string> previous_secrets;  // still open what they sealed
    };

    // Throws std::invalid_argument for a secret under 32 bytes. `random` outlives it.
    SealedValues(Options options, base::RandomSource& random);

    // A byte of format, 12 of nonce, the text, 16 of tag (NIST SP 800-38D).
    [[nodiscard]] std::string seal(std::string_view purpose, std::string_view salt, std::string_view text) const;
    // nullopt: altered, cut, of another purpose, salt or secret.
    [[nodiscard]] std::optional<std::string> open(std::string_view purpose, std::string_view salt,
                                                  std::string_view sealed) const;

private:
    std::vector<std::string> secrets_;  // the current one first
    base::RandomSource* random_;
};

}  // namespace auth
