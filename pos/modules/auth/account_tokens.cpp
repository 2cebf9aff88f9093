#include "pos/modules/auth/account_tokens.h"

#include "auth/opaque_token.h"
#include "base/strings.h"

namespace pos {

namespace {

// Scanners for leaked secrets tell them apart by it; so does the digest.
std::string_view type_of(AccountTokenKind kind) {
    switch (kind) {
        case AccountTokenKind::password_reset: return "reset";
        case AccountTokenKind::email_verify: return "verify";
        case AccountTokenKind::email_change_old: return "oldmail";
        case AccountTokenKind::email_change_new: return "newmail";
    }
    return {};
}

}  // namespace

NewAccountToken new_account_token(AuthService& auth, Runtime& runtime, TokenSubject subject) {
    auto made = auth.new_token(type_of(subject.kind));
    const auto now = runtime.now();
    NewAccountToken token{.row = {}, .text = std::move(made.text)};
    token.row.id = runtime.new_id<base::Id<struct AccountTokenTag>>().uuid();
    token.row.kind = subject.kind;
    token.row.user_id = subject.user;
    token.row.email = std::move(subject.email);
    token.row.new_email = std::move(subject.new_email);
    token.row.change_id = subject.change;
    token.row.token_hash = {std::string(base::as_chars(made.digest))};
    token.row.created_at = now;
    token.row.expires_at = now + subject.life;
    return token;
}

std::optional<schema::Bytes> account_token_hash(AccountTokenKind kind, std::string_view text) {
    const auto digest = auth::opaque_token_digest(type_of(kind), text);
    if (!digest) return std::nullopt;
    return schema::Bytes{std::string(base::as_chars(*digest))};
}

}  // namespace pos
