#pragma once
// The tokens of links in mails. A token serves for its kind alone, once, until it expires; asking again ends the one before. Which
// others end with what (docs/security.md, "Links in mails"):
//
//   what happens            | password_reset | email_verify | email_change_*
//   asked for again         | ends           | ends         | ends            (of its own kind)
//   one is used             | ends           | stays        | ends
//   the password changes    | ends           | stays        | ends
//   the address changes     | ends           | ends         | ends
//   the address is proven   | stays          | none works   | stays
//   the user is disabled    | none of them works
//
//     const auto token = new_account_token(auth, runtime, {.kind = AccountTokenKind::password_reset, .user = id, .email = email, .life = 30min});
//     system.add(account::end_tokens, id, {"password_reset"}, now);
//     system.add(account::add_token, token.row);
//     notifier.add(batch, PasswordResetMail{…}, {…, .secret = token.text});

#include <chrono>

#include "db/query.h"
#include "pos/modules/auth/service.h"

namespace pos {

namespace errors {
inline constexpr base::ErrorCode link_dead{"auth.link_dead", 410, false, base::Action::fix,
                                           "This link does not work any more: ask for a new one"};
}  // namespace errors

struct NewAccountToken {
    AccountToken row;
    std::string text;
};

struct TokenSubject {
    AccountTokenKind kind{};
    UserId user;
    std::string email;
    std::optional<std::string> new_email{};
    std::optional<base::Uuid> change{};
    std::chrono::seconds life{};
};

inline constexpr std::chrono::minutes reset_life{30};
inline constexpr std::chrono::days verify_life{3};
inline constexpr std::chrono::hours change_life{24};
// A browser that sends its form again, as the answer was slow, gets the first one's answer.
inline constexpr std::chrono::seconds repeat_grace{60};

[[nodiscard]] NewAccountToken new_account_token(AuthService& auth, Runtime& runtime, TokenSubject subject);
// nullopt: not even the form of one.
[[nodiscard]] std::optional<schema::Bytes> account_token_hash(AccountTokenKind kind, std::string_view text);

namespace account {

using db::Kind;
using db::SystemQuery;

inline constexpr auto add_token = db::insert<tables::account_tokens>("account.add_token");

inline constexpr SystemQuery<void(UserId, std::vector<std::string>, base::Timestamp)> end_tokens{
    {"account.end_tokens",
     "update account_tokens set revoked_at = $3 where user_id = $1 and kind = any($2) and used_at is null "
     "and revoked_at is null",
     Kind::write}};

// A token with its user, if that one may act and has the address still.
struct TokenRow {
    base::Uuid id;
    AccountTokenKind kind{};
    std::optional<std::string> new_email;
    std::optional<base::Uuid> change_id;
    base::Timestamp expires_at;
    std::optional<base::Timestamp> used_at;
    std::optional<std::string> used_by;
    bool is_dead = false;  // ended, or the address is not the account's any more
    Person person;
    Locale locale = Locale::english;

    friend constexpr auto describe(TokenRow*) {
        return schema::object<TokenRow>(
            "TokenRow", schema::field<&TokenRow::id>("tokenId"), schema::field<&TokenRow::kind>("kind"),
            schema::field<&TokenRow::new_email>("newEmail"), schema::field<&TokenRow::change_id>("changeId"),
            schema::field<&TokenRow::expires_at>("expiresAt"), schema::field<&TokenRow::used_at>("usedAt"),
            schema::field<&TokenRow::used_by>("usedBy"), schema::field<&TokenRow::is_dead>("isDead"),
            schema::flatten<&TokenRow::person>(), schema::field<&TokenRow::locale>("locale"));
    }
};

#define POS_TOKEN_SQL                                                                                                 \
    "select t.id as token_id, t.kind, t.new_email, t.change_id, t.expires_at, t.used_at, t.used_by, "                 \
    "t.revoked_at is not null or u.disabled_at is not null "                                                          \
    "or (t.used_at is null and (u.email <> t.email "                                                                  \
    "or (t.kind = 'email_verify' and u.email_verified_at is not null))) as is_dead, u.id, u.email, u.phone, u.name, " \
    "u.locale "                                                                                                       \
    "from account_tokens t join users u on u.id = t.user_id where t.token_hash = $1"
inline constexpr SystemQuery<TokenRow(schema::Bytes)> token{{"account.token", POS_TOKEN_SQL, Kind::point}};
inline constexpr SystemQuery<TokenRow(schema::Bytes)> lock_token{
    {"account.lock_token", POS_TOKEN_SQL " for no key update of t, u", Kind::write}};
#undef POS_TOKEN_SQL

inline constexpr SystemQuery<void(base::Uuid, base::Timestamp, std::string)> use_token{
    {"account.use_token", "update account_tokens set used_at = $2, used_by = $3 where id = $1", Kind::write}};

inline constexpr SystemQuery<bool(base::Uuid)> token_is_there{
    {"account.token_is_there", "select exists (select from account_tokens where id = $1)", Kind::point}};

inline constexpr SystemQuery<std::int64_t(UserId, AccountTokenKind, base::Timestamp)> tokens_since{
    {"account.tokens_since",
     "select count(*) as tokens from account_tokens where user_id = $1 and kind = $2 and created_at >= $3",
     Kind::point}};

// The other half of a change of the address was agreed to.
inline constexpr SystemQuery<bool(base::Uuid, base::Uuid)> other_half_is_used{
    {"account.other_half_is_used",
     "select exists (select from account_tokens where change_id = $1 and id <> $2 and used_at is not null "
     "and revoked_at is null)",
     Kind::point}};

// Whoever reads the mails: a new password, and the address is proven. A number that somebody else has proven before that goes.
inline constexpr SystemQuery<void(UserId, std::string, std::string, base::Timestamp)> claim_user{
    {"account.claim_user",
     "update users set password_hash = $3, password_changed_at = $4, "
     "phone = case when email_verified_at is null and phone_verified_at is not null then null else phone end, "
     "phone_verified_at = case when email_verified_at is null then null else phone_verified_at end, "
     "email_verified_at = coalesce(email_verified_at, $4), updated_at = $4, "
     "version = " POS_NEXT_VERSION("version") " where id = $1 and email = $2 and disabled_at is null",
     Kind::write}};
// Whoever reads the mails and knows the password, judged by this hash.
inline constexpr SystemQuery<void(UserId, std::string, std::string, base::Timestamp)> verify_user{
    {"account.verify_user",
     "update users set email_verified_at = coalesce(email_verified_at, $4), updated_at = $4, "
     "version = " POS_NEXT_VERSION(
         "version") " where id = $1 and email = $2 and password_hash = $3 and disabled_at is null",
     Kind::write}};
inline constexpr SystemQuery<void(UserId, base::Timestamp, std::string)> end_all_sessions{
    {"account.end_all_sessions",
     "update sessions set revoked_at = $2, revoke_reason = $3 where user_id = $1 and revoked_at is null", Kind::write}};

}  // namespace account

}  // namespace pos
