#include "pos/modules/auth/refresh_token.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "auth/opaque_token.h"
#include "base/strings.h"

namespace pos {

namespace {

constexpr std::string_view type = "rt";
constexpr std::string_view prefix = "rt_";
constexpr std::string_view successor_purpose = "refresh-successor";
constexpr std::string_view family_purpose = "refresh-family";
constexpr std::size_t id_size = 22;      // base64url of 16 bytes
constexpr std::size_t secret_size = 43;  // of 32
constexpr std::size_t tag_size = 43;

std::string token_of(const auth::SignedValues& values, SessionId session, std::string_view secret) {
    const auto bytes = session.uuid().bytes();
    const auto named = base::base64url_encode(base::as_chars(bytes)) + std::string(secret);
    return fmt::format("{}{}{}", prefix, named, values.tag(family_purpose, named));
}

}  // namespace

std::string first_refresh_token(const auth::SignedValues& values, SessionId session, base::RandomSource& random) {
    std::array<std::uint8_t, 32> bytes{};
    random.fill(bytes);
    return token_of(values, session, base::base64url_encode(base::as_chars(bytes)));
}

std::string next_refresh_token(const auth::SignedValues& values, SessionId session, std::string_view predecessor) {
    return token_of(values, session, values.tag(successor_purpose, predecessor));
}

std::string untagged_successor(const auth::SignedValues& values, std::string_view predecessor) {
    return std::string(prefix) + values.tag(successor_purpose, predecessor);
}

std::optional<SessionId> session_of_refresh_token(const auth::SignedValues& values, std::string_view text) {
    if (text.size() != prefix.size() + id_size + secret_size + tag_size || !text.starts_with(prefix))
        return std::nullopt;
    text.remove_prefix(prefix.size());
    const auto named = text.substr(0, id_size + secret_size);
    const auto id = base::base64url_decode(named.substr(0, id_size));
    base::Uuid::Bytes bytes{};
    if (!id || id->size() != bytes.size() || !values.check_tag(family_purpose, named, text.substr(named.size())))
        return std::nullopt;
    std::ranges::transform(*id, bytes.begin(), [](char c) { return static_cast<std::uint8_t>(c); });
    return SessionId(base::Uuid(bytes));
}

std::optional<base::Digest256> refresh_token_digest(std::string_view text) {
    if (text.size() == prefix.size() + id_size + secret_size + tag_size && text.starts_with(prefix))
        return base::sha256(text);
    return auth::opaque_token_digest(type, text);
}

}  // namespace pos
