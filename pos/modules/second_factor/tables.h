#pragma once
// Second factors of people, what proves a phone number, and which members a tenant asks for one. But for these rules all of it belongs
// to accounts, hence system tables.

#include "pos/modules/users/tables.h"

namespace pos {

// One a person: from when it is begun on. It counts once it is confirmed, which users.second_factor_since says, too.
struct SecondFactor {
    UserId user_id;
    schema::Bytes secret;        // sealed
    std::int64_t last_step = 0;  // of the newest code that was taken: neither it nor an older one works again
    base::Timestamp created_at;
    std::optional<base::Timestamp> confirmed_at;

    friend constexpr auto describe(SecondFactor*) {
        return schema::object<SecondFactor>("SecondFactor", schema::field<&SecondFactor::user_id>("userId"),
                                            schema::field<&SecondFactor::secret>("secret"),
                                            schema::field<&SecondFactor::last_step>("lastStep"),
                                            schema::field<&SecondFactor::created_at>("createdAt"),
                                            schema::field<&SecondFactor::confirmed_at>("confirmedAt"));
    }
};

struct RecoveryCode {
    base::Uuid id;
    UserId user_id;
    schema::Bytes code_hash;
    base::Timestamp created_at;
    std::optional<base::Timestamp> used_at;

    friend constexpr auto describe(RecoveryCode*) {
        return schema::object<RecoveryCode>(
            "RecoveryCode", schema::field<&RecoveryCode::id>("id"), schema::field<&RecoveryCode::user_id>("userId"),
            schema::field<&RecoveryCode::code_hash>("codeHash"), schema::field<&RecoveryCode::created_at>("createdAt"),
            schema::field<&RecoveryCode::used_at>("usedAt"));
    }
};

// What is limited for an account over a day, whoever does it and from wherever.
enum class CodeAttemptKind : std::uint8_t { phone_code_sent, phone_guess, totp_guess };
constexpr auto describe(CodeAttemptKind*) {
    return schema::enumeration<CodeAttemptKind>("CodeAttemptKind",
                                                {{CodeAttemptKind::phone_code_sent, "phone_code_sent"},
                                                 {CodeAttemptKind::phone_guess, "phone_guess"},
                                                 {CodeAttemptKind::totp_guess, "totp_guess"}});
}

struct CodeAttempt {
    base::Uuid id;
    UserId user_id;
    CodeAttemptKind kind{};
    base::Timestamp at;

    friend constexpr auto describe(CodeAttempt*) {
        return schema::object<CodeAttempt>(
            "CodeAttempt", schema::field<&CodeAttempt::id>("id"), schema::field<&CodeAttempt::user_id>("userId"),
            schema::field<&CodeAttempt::kind>("kind"), schema::field<&CodeAttempt::at>("at"));
    }
};

// The number that a person is proving, one at a time. The code is an HMAC of `code_id`: it stands nowhere.
struct PhoneVerification {
    UserId user_id;
    std::string phone;
    base::Uuid code_id;
    base::Timestamp created_at;
    base::Timestamp sent_at;  // the last time
    base::Timestamp expires_at;
    std::optional<base::Timestamp> used_at;

    friend constexpr auto describe(PhoneVerification*) {
        return schema::object<PhoneVerification>(
            "PhoneVerification", schema::field<&PhoneVerification::user_id>("userId"),
            schema::field<&PhoneVerification::phone>("phone", {.format = schema::Format::phone}),
            schema::field<&PhoneVerification::code_id>("codeId"),
            schema::field<&PhoneVerification::created_at>("createdAt"),
            schema::field<&PhoneVerification::sent_at>("sentAt"),
            schema::field<&PhoneVerification::expires_at>("expiresAt"),
            schema::field<&PhoneVerification::used_at>("usedAt"));
    }
};

// Whom the tenant asks for a second factor: who has this role, or everybody.
struct SecondFactorRule {
    base::Uuid id;
    std::optional<RoleId> role_id;

    friend constexpr auto describe(SecondFactorRule*) {
        return schema::object<SecondFactorRule>("SecondFactorRule", schema::field<&SecondFactorRule::id>("id"),
                                                schema::field<&SecondFactorRule::role_id>("roleId"));
    }
};

namespace tables {
inline constexpr auto second_factors = db::system_table<SecondFactor>(
    "second_factors", db::primary_key<&SecondFactor::user_id>(),
    db::references<&SecondFactor::user_id>("second_factors_user", users, errors::unknown_user));
inline constexpr auto recovery_codes = db::system_table<RecoveryCode>(
    "recovery_codes", db::primary_key<&RecoveryCode::id>(),
    db::unique<&RecoveryCode::user_id, &RecoveryCode::code_hash>("recovery_codes_once", base::ErrorCode{}),
    db::references<&RecoveryCode::user_id>("recovery_codes_user", users, errors::unknown_user));
inline constexpr auto code_attempts = db::system_table<CodeAttempt>(
    "code_attempts", db::primary_key<&CodeAttempt::id>(),
    db::references<&CodeAttempt::user_id>("code_attempts_user", users, errors::unknown_user),
    db::index<&CodeAttempt::user_id, &CodeAttempt::kind, &CodeAttempt::at>("code_attempts_newest"),
    db::index<&CodeAttempt::at>("code_attempts_age"));
inline constexpr auto phone_verifications = db::system_table<PhoneVerification>(
    "phone_verifications", db::primary_key<&PhoneVerification::user_id>(),
    db::references<&PhoneVerification::user_id>("phone_verifications_user", users, errors::unknown_user),
    db::index<&PhoneVerification::expires_at>("phone_verifications_age"));
inline constexpr auto second_factor_rules = db::tenant_table<SecondFactorRule>(
    "second_factor_rules", db::primary_key<&SecondFactorRule::id>(),
    db::references<&SecondFactorRule::role_id>("second_factor_rules_role", roles, errors::unknown_role),
    db::index<&SecondFactorRule::role_id>("second_factor_rules_of_role"));
}  // namespace tables

}  // namespace pos
