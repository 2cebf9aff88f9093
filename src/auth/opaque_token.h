#pragma once
// Random tokens that mean nothing by themselves: refresh tokens, password resets, invites. The client holds the text, the
// database the SHA-256 of it (256 random bits need no slow hash). Pure functions: any thread.
//
//     const auth::OpaqueToken token = auth::make_opaque_token("rt", random);   // token.text: "rt_" + 43 characters
//     insert(token.digest);
//     const auto digest = auth::opaque_token_digest("rt", given);              // nullopt: not such a token, no look-up
//     if (digest) find_by(*digest);

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/hash.h"

namespace base {
class RandomSource;
}

namespace auth {

inline constexpr std::size_t opaque_token_random_bytes = 32;

struct OpaqueToken {
    std::string text;        // never stored, never logged
    base::Digest256 digest;  // of the whole text, so that a token of one type never passes for another
};

// `type` is 1 to 16 lower-case letters; secret scanners find leaked tokens by it.
[[nodiscard]] OpaqueToken make_opaque_token(std::string_view type, base::RandomSource& random);

// Checks the form alone: type, length, alphabet, unused bits zero.
[[nodiscard]] std::optional<base::Digest256> opaque_token_digest(std::string_view type, std::string_view text);

// In constant time; for digests that were fetched by another key than themselves.
[[nodiscard]] bool digests_equal(const base::Digest256& left, const base::Digest256& right);

}  // namespace auth
