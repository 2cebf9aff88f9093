#include "auth/opaque_token.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/random.h"
#include "base/strings.h"

namespace auth {

OpaqueToken make_opaque_token(std::string_view type, base::RandomSource& random) {
    const bool valid =
        !type.empty() && type.size() <= 16 && std::ranges::all_of(type, [](char c) { return c >= 'a' && c <= 'z'; });
    if (!valid) throw std::invalid_argument("a token type is 1 to 16 lower-case letters");
    std::array<std::uint8_t, opaque_token_random_bytes> bytes{};
    random.fill(bytes);
    std::string text(type);
    text.push_back('_');
    text += base::base64url_encode(base::as_chars(bytes));
    const base::Digest256 digest = base::sha256(text);
    return {std::move(text), digest};
}

std::optional<base::Digest256> opaque_token_digest(std::string_view type, std::string_view text) {
    if (!text.starts_with(type) || text.size() != type.size() + 1 + 43 || text[type.size()] != '_') return std::nullopt;
    const auto bytes = base::base64url_decode(text.substr(type.size() + 1));
    if (!bytes || bytes->size() != opaque_token_random_bytes) return std::nullopt;
    return base::sha256(text);
}

bool digests_equal(const base::Digest256& left, const base::Digest256& right) {
    return base::constant_time_equal(base::as_chars(left), base::as_chars(right));
}

}  // namespace auth
