#include "app/dev/secrets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "app/dev/data_directory.h"
#include "auth/jwk.h"
#include "auth/signed_value.h"
#include "base/random.h"
#include "base/strings.h"

namespace app::dev {

namespace fs = std::filesystem;

namespace {

// Whole or not at all: a start that is killed here leaves no half key behind.
void write_private(const fs::path& file, std::string_view content) {
    const fs::path draft = file.string() + ".new";
    fs::remove(draft);
    const Descriptor out(open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!out || write(out.get(), content.data(), content.size()) != static_cast<ssize_t>(content.size()) ||
        fsync(out.get()) != 0) {
        throw StartFailure(fmt::format("{}: {}", draft.string(), std::strerror(errno)));
    }
    fs::rename(draft, file);
}

std::string read(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

[[noreturn]] void damaged(const fs::path& file, std::string_view why) {
    throw StartFailure(fmt::format("{} is damaged ({}): delete it, a new one is made", file.string(), why));
}

void ensure_key(const fs::path& file) {
    if (!fs::exists(file)) write_private(file, auth::Key::generate(auth::Algorithm::eddsa).private_pem().value());
    const auto key = auth::Key::from_pem(read(file));
    if (!key) damaged(file, auth::explain(key.error()));
    if (!key->can_sign()) damaged(file, "no private key");
}

std::string ensure_secret(const fs::path& file, base::RandomSource& random) {
    if (!fs::exists(file)) {
        std::array<std::uint8_t, auth::SignedValues::min_secret_bytes> bytes{};
        random.fill(bytes);
        write_private(file, base::base64url_encode(base::as_chars(bytes)));
    }
    std::string secret = read(file);
    if (secret.size() < auth::SignedValues::min_secret_bytes) damaged(file, "too short");
    return secret;
}

}  // namespace

Secrets load_or_create_secrets(const fs::path& directory, base::RandomSource& random) {
    ensure_directory(directory, {geteuid(), getegid()}, 0700);
    const fs::path key_file = directory / "jwt-ed25519.pem";
    ensure_key(key_file);
    return {.jwt_key_file = key_file, .app_secret = ensure_secret(directory / "app-secret", random)};
}

}  // namespace app::dev
