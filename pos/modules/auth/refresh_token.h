#pragma once
// The text of refresh tokens: "rt_", the session's id, 32 secret bytes, and a tag over both under the server's secret. The
// successor's secret bytes are an HMAC of its predecessor, so that whoever holds the one can be given the other again though
// neither is stored. The tag tells a token that we once issued for a session from one that was made up, so that the rows of
// spent tokens need not be kept to notice that one of them comes back.
//
//     const auto first = first_refresh_token(values, session, random);
//     const auto next = next_refresh_token(values, session, first);       // the same each time
//     if (const auto session = session_of_refresh_token(values, text)) ...
//
// Tokens of releases before (43 characters after the prefix) name no session and are known by their rows alone.

#include <optional>
#include <string>
#include <string_view>

#include "auth/signed_value.h"
#include "base/hash.h"
#include "base/random.h"
#include "pos/ids.h"

namespace pos {

[[nodiscard]] std::string first_refresh_token(const auth::SignedValues& values, SessionId session,
                                              base::RandomSource& random);
[[nodiscard]] std::string next_refresh_token(const auth::SignedValues& values, SessionId session,
                                             std::string_view predecessor);
// What the release before gave for one of its own tokens.
[[nodiscard]] std::string untagged_successor(const auth::SignedValues& values, std::string_view predecessor);
// nullopt: not one that we issued, or one of a release before.
[[nodiscard]] std::optional<SessionId> session_of_refresh_token(const auth::SignedValues& values,
                                                                std::string_view text);
// What the database holds of it; nullopt for a text that is no token at all.
[[nodiscard]] std::optional<base::Digest256> refresh_token_digest(std::string_view text);

}  // namespace pos
