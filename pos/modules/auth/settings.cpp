#include "pos/modules/auth/settings.h"

#include <fmt/format.h>

#include "base/file.h"
#include "config/config.h"

namespace pos {

namespace {

constexpr std::size_t most_pem_bytes = 16 * 1024;

// Or why it is none; paths are values, which are not shown.
std::expected<auth::Key, std::string> read_key(const std::string& path) {
    const auto pem = base::read_file(path, most_pem_bytes);
    if (!pem) return std::unexpected("the file " + pem.error());
    auto key = auth::Key::from_pem(*pem);
    if (!key) return std::unexpected(fmt::format("the file holds no key: {}", auth::explain(key.error())));
    return *std::move(key);
}

// Faults go to `issues`, so that all keys are looked at.
struct KeySetReader {
    schema::Issues& issues;
    std::vector<auth::KeySetEntry> entries{};
    bool failed = false;

    void fail(std::string_view setting, std::string message) {
        failed = true;
        issues.add(fmt::format("/{}", setting), "invalid_key", std::move(message));
    }

    void add(std::string_view setting, auth::Key key, auth::KeyState state) {
        if (state == auth::KeyState::current && !key.can_sign())
            return fail(setting, "the key has no private part: it cannot sign");
        for (const auto& entry : entries) {
            if (entry.key.kid() == key.kid()) return fail(setting, "the key is given twice: each one has one place");
        }
        entries.push_back({std::move(key), state});
    }

    // `place`: in a setting that lists several.
    void add_file(std::string_view setting, const std::string& path, auth::KeyState state, std::size_t place = 0) {
        auto key = read_key(path);
        if (key) return add(setting, *std::move(key), state);
        fail(setting, place == 0 ? key.error() : fmt::format("{}. entry: {}", place, key.error()));
    }
};

}  // namespace

std::optional<auth::KeySet> signing_keys(const AuthSettings& settings, schema::Issues& issues) {
    using auth::KeyState;
    KeySetReader reader{issues};
    if (settings.jwt_private_key_file)
        reader.add_file("JWT_PRIVATE_KEY_FILE", *settings.jwt_private_key_file, KeyState::current);
    if (settings.jwt_next_key_file) reader.add_file("JWT_NEXT_KEY_FILE", *settings.jwt_next_key_file, KeyState::next);
    std::size_t place = 0;
    for (const auto& path : settings.jwt_retired_key_files)
        reader.add_file("JWT_RETIRED_KEY_FILES", path, KeyState::retired, ++place);
    // A file or the secret: the check refuses both.
    if (settings.jwt_secret && !settings.jwt_private_key_file) {
        auto key = auth::Key::from_secret(*settings.jwt_secret);
        if (key) {
            reader.add("JWT_SECRET", *std::move(key), KeyState::current);
        } else {
            reader.fail("JWT_SECRET", std::string(auth::explain(key.error())));
        }
    }
    if (reader.failed) return std::nullopt;
    return auth::KeySet(std::move(reader.entries));
}

void check_auth_settings(const AuthSettings& settings, const app::Settings& app, schema::Issues& issues) {
    if (!settings.jwt_private_key_file && !settings.jwt_secret) {
        issues.add("/JWT_PRIVATE_KEY_FILE", "required",
                   "give JWT_PRIVATE_KEY_FILE (openssl genpkey -algorithm ed25519 -out jwt.pem) or JWT_SECRET");
    }
    if (settings.jwt_private_key_file && settings.jwt_secret)
        issues.add("/JWT_SECRET", "conflict", "give JWT_PRIVATE_KEY_FILE or JWT_SECRET, not both");
    static_cast<void>(signing_keys(settings, issues));
    if (app.environment == app::Environment::production && settings.jwt_secret)
        config::check_secret("JWT_SECRET", *settings.jwt_secret, issues);
}

}  // namespace pos
