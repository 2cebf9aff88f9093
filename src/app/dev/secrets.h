#pragma once
// Secrets of a development environment: made once, kept in its data directory (mode 0600), so that tokens survive a
// restart. Never for production, which takes its secrets from its environment.
//
//     const Secrets secrets = load_or_create_secrets(directory.path() / "secrets", random);
//     environment.emplace_back("JWT_PRIVATE_KEY_FILE", secrets.jwt_key_file.string());
//     environment.emplace_back("APP_SECRET", secrets.app_secret);

#include <filesystem>
#include <string>

namespace base {
class RandomSource;
}

namespace app::dev {

struct Secrets {
    std::filesystem::path jwt_key_file;  // Ed25519, PKCS #8 PEM
    std::string app_secret;              // HMAC of cursors, tickets and CSRF tokens: 43 characters, 256 bits
};

// Throws StartFailure when the directory cannot be written or a file in it is damaged.
[[nodiscard]] Secrets load_or_create_secrets(const std::filesystem::path& directory, base::RandomSource& random);

}  // namespace app::dev
