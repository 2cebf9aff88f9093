#pragma once
// Sessions, their refresh tokens, and the memory of failed logins. All of it is looked up before a tenant is known, hence
// system tables.

#include "pos/modules/users/tables.h"

namespace pos {

enum class SessionKind : std::uint8_t { token, cookie };
constexpr auto describe(SessionKind*) {
    return schema::enumeration<SessionKind>("SessionKind",
                                            {{SessionKind::token, "token"}, {SessionKind::cookie, "cookie"}});
}

struct Session {
    SessionId id;
    UserId user_id;
    TenantId tenant_id;
    std::optional<DeviceId> device_id;
    SessionKind kind = SessionKind::token;
    std::optional<schema::Bytes> cookie_hash;  // SHA-256 of a cookie session's token
    std::string user_agent;
    std::string ip_address;
    base::Timestamp created_at;
    base::Timestamp last_seen_at;
    base::Timestamp expires_at;
    std::optional<base::Timestamp> revoked_at;
    std::optional<std::string> revoke_reason;
    std::optional<base::Timestamp> second_factor_at{};  // when it was proved last, by whoever has the session

    friend constexpr auto describe(Session*) {
        return schema::object<Session>(
            "Session", schema::field<&Session::id>("id"), schema::field<&Session::user_id>("userId"),
            schema::field<&Session::tenant_id>("tenantId"), schema::field<&Session::device_id>("deviceId"),
            schema::field<&Session::kind>("kind"),
            schema::field<&Session::cookie_hash>("cookieHash", {.internal = true}),
            schema::field<&Session::user_agent>("userAgent", {.max_length = 400}),
            schema::field<&Session::ip_address>("ipAddress", {.max_length = 64}),
            schema::field<&Session::created_at>("createdAt"), schema::field<&Session::last_seen_at>("lastSeenAt"),
            schema::field<&Session::expires_at>("expiresAt"), schema::field<&Session::revoked_at>("revokedAt"),
            schema::field<&Session::revoke_reason>("revokeReason", {.internal = true}),
            schema::field<&Session::second_factor_at>("secondFactorAt", {.internal = true}));
    }
};

// Single use (refresh_token.h). A session has two rows: its newest token, and the one that was used for it.
struct RefreshToken {
    base::Uuid id;
    SessionId session_id;
    schema::Bytes token_hash;
    base::Timestamp issued_at;
    base::Timestamp expires_at;
    std::optional<base::Timestamp> used_at;
    std::optional<base::Uuid> replaced_by;

    friend constexpr auto describe(RefreshToken*) {
        return schema::object<RefreshToken>(
            "RefreshToken", schema::field<&RefreshToken::id>("id"),
            schema::field<&RefreshToken::session_id>("sessionId"),
            schema::field<&RefreshToken::token_hash>("tokenHash"), schema::field<&RefreshToken::issued_at>("issuedAt"),
            schema::field<&RefreshToken::expires_at>("expiresAt"), schema::field<&RefreshToken::used_at>("usedAt"),
            schema::field<&RefreshToken::replaced_by>("replacedBy"));
    }
};

enum class AccountTokenKind : std::uint8_t { email_change_new, email_change_old, email_verify, password_reset };
constexpr auto describe(AccountTokenKind*) {
    return schema::enumeration<AccountTokenKind>("AccountTokenKind",
                                                 {{AccountTokenKind::email_change_new, "email_change_new"},
                                                  {AccountTokenKind::email_change_old, "email_change_old"},
                                                  {AccountTokenKind::email_verify, "email_verify"},
                                                  {AccountTokenKind::password_reset, "password_reset"}});
}

// A link in a mail, for one thing and once (account_tokens.h). `email`: where it was sent, which has to be the account's still.
struct AccountToken {
    base::Uuid id;
    AccountTokenKind kind{};
    UserId user_id;
    std::string email;
    std::optional<std::string> new_email;
    std::optional<base::Uuid> change_id;  // the two tokens of one change of the address
    schema::Bytes token_hash;
    base::Timestamp created_at;
    base::Timestamp expires_at;
    std::optional<base::Timestamp> used_at;
    std::optional<std::string> used_by;  // a tag of the request that used it
    std::optional<base::Timestamp> revoked_at;

    friend constexpr auto describe(AccountToken*) {
        return schema::object<AccountToken>(
            "AccountToken", schema::field<&AccountToken::id>("id"), schema::field<&AccountToken::kind>("kind"),
            schema::field<&AccountToken::user_id>("userId"),
            schema::field<&AccountToken::email>("email", {.format = schema::Format::email}),
            schema::field<&AccountToken::new_email>("newEmail", {.format = schema::Format::email}),
            schema::field<&AccountToken::change_id>("changeId"), schema::field<&AccountToken::token_hash>("tokenHash"),
            schema::field<&AccountToken::created_at>("createdAt"),
            schema::field<&AccountToken::expires_at>("expiresAt"), schema::field<&AccountToken::used_at>("usedAt"),
            schema::field<&AccountToken::used_by>("usedBy"), schema::field<&AccountToken::revoked_at>("revokedAt"));
    }
};

// A leaky bucket of wrong passwords per subject ("ip:…", "account+ip:…", "account:…"; logins as digests): it held `failures` at
// `updated_at`. See throttle.h.
struct LoginThrottle {
    std::string subject;
    std::int32_t failures = 0;
    base::Timestamp blocked_until;
    base::Timestamp updated_at;

    friend constexpr auto describe(LoginThrottle*) {
        return schema::object<LoginThrottle>(
            "LoginThrottle", schema::field<&LoginThrottle::subject>("subject", {.text = schema::Text::raw}),
            schema::field<&LoginThrottle::failures>("failures"),
            schema::field<&LoginThrottle::blocked_until>("blockedUntil"),
            schema::field<&LoginThrottle::updated_at>("updatedAt"));
    }
};

namespace tables {
inline constexpr auto sessions = db::system_table<Session>(
    "sessions", db::primary_key<&Session::id>(),
    db::unique<&Session::cookie_hash>("sessions_cookie", base::ErrorCode{}),
    db::references<&Session::user_id>("sessions_user", users, errors::unknown_user),
    db::index<&Session::user_id, &Session::created_at>("sessions_of_user"),
    db::index<&Session::user_id, &Session::last_seen_at>("sessions_that_live").where("revoked_at is null"));
inline constexpr auto refresh_tokens = db::system_table<RefreshToken>(
    "refresh_tokens", db::primary_key<&RefreshToken::id>(),
    db::unique<&RefreshToken::token_hash>("refresh_tokens_hash", base::ErrorCode{}),
    db::references<&RefreshToken::session_id>("refresh_tokens_session", sessions, base::ErrorCode{}),
    db::index<&RefreshToken::session_id>("refresh_tokens_of_session"));
inline constexpr auto account_tokens = db::system_table<AccountToken>(
    "account_tokens", db::primary_key<&AccountToken::id>(),
    db::unique<&AccountToken::token_hash>("account_tokens_hash", base::ErrorCode{}),
    db::references<&AccountToken::user_id>("account_tokens_user", users, errors::unknown_user),
    db::index<&AccountToken::user_id, &AccountToken::created_at>("account_tokens_of_user"),
    db::index<&AccountToken::expires_at>("account_tokens_age"));
inline constexpr auto login_throttles =
    db::system_table<LoginThrottle>("login_throttles", db::primary_key<&LoginThrottle::subject>(),
                                    db::index<&LoginThrottle::updated_at>("login_throttles_age"));
}  // namespace tables

}  // namespace pos
