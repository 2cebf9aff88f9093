#pragma once
// What the routes of this module take and answer.

#include "pos/modules/auth/contract.h"
#include "pos/modules/second_factor/tables.h"

namespace pos {

// What proves the second factor: a code of the app, two of them, or a recovery code.
struct GivenCode {
    std::optional<std::string> code;
    std::optional<std::string> next_code;
    std::optional<std::string> recovery_code;

    friend constexpr auto describe(GivenCode*) {
        return schema::object<GivenCode>(
            "GivenCode",
            schema::field<&GivenCode::code>("code", {.max_length = 7,
                                                     .pattern = "[0-9]{3} ?[0-9]{3}",
                                                     .text = schema::Text::raw,
                                                     .write_only = true,
                                                     .doc = "What the authenticator app shows.",
                                                     .example = R"("492039")"}),
            schema::field<&GivenCode::next_code>(
                "nextCode", {.max_length = 7,
                             .pattern = "[0-9]{3} ?[0-9]{3}",
                             .text = schema::Text::raw,
                             .write_only = true,
                             .doc = "What it shows after that one: asked for by `auth.codes_needed`.",
                             .example = R"("118724")"}),
            schema::field<&GivenCode::recovery_code>("recoveryCode", {.min_length = 1,
                                                                      .max_length = 40,
                                                                      .text = schema::Text::raw,
                                                                      .write_only = true,
                                                                      .doc = "Instead of a code: one of the ten, once.",
                                                                      .example = R"("7K2M-QX4P-9RTV-H3DN")"}),
            schema::refine<&GivenCode::check>());
    }
    static void check(const GivenCode& given, schema::Issues& issues) {
        if (given.code.has_value() == given.recovery_code.has_value())
            issues.add("/code", "one_of", "give either code or recoveryCode");
        if (given.next_code && !given.code) issues.add("/nextCode", "needs_code", "give code, too");
    }
};

struct TotpStart {
    std::string password;

    friend constexpr auto describe(TotpStart*) {
        return schema::object<TotpStart>(
            "TotpStart", schema::field<&TotpStart::password>("password", {.min_length = 1,
                                                                          .max_length = 1024,
                                                                          .format = schema::Format::password,
                                                                          .write_only = true,
                                                                          .doc = "Of the account."}));
    }
};

struct TotpSecret {
    std::string secret;
    std::string uri;
    base::Timestamp expires_at;

    friend constexpr auto describe(TotpSecret*) {
        return schema::object<TotpSecret>(
            "TotpSecret",
            schema::field<&TotpSecret::secret>("secret", {.doc = "For people who type it into their app: base32."}),
            schema::field<&TotpSecret::uri>("uri", {.doc = "`otpauth://…`: show it as a QR code."}),
            schema::field<&TotpSecret::expires_at>("expiresAt", {.doc = "Confirm it until then."}));
    }
};

struct TotpConfirmation {
    std::string code;

    friend constexpr auto describe(TotpConfirmation*) {
        return schema::object<TotpConfirmation>(
            "TotpConfirmation", schema::field<&TotpConfirmation::code>("code", {.max_length = 7,
                                                                                .pattern = "[0-9]{3} ?[0-9]{3}",
                                                                                .text = schema::Text::raw,
                                                                                .write_only = true,
                                                                                .doc = "What the app shows now.",
                                                                                .example = R"("492039")"}));
    }
};

struct RecoveryCodes {
    std::vector<std::string> recovery_codes;

    friend constexpr auto describe(RecoveryCodes*) {
        return schema::object<RecoveryCodes>(
            "RecoveryCodes",
            schema::field<&RecoveryCodes::recovery_codes>(
                "recoveryCodes", {.doc = "Ten, shown this once: print them. Each serves once, in place of a code."}));
    }
};

struct TotpLogin {
    std::string challenge;
    GivenCode given;

    friend constexpr auto describe(TotpLogin*) {
        return schema::object<TotpLogin>(
            "TotpLogin",
            schema::field<&TotpLogin::challenge>("challenge", {.min_length = 1,
                                                               .max_length = 2'000,
                                                               .text = schema::Text::raw,
                                                               .write_only = true,
                                                               .doc = "Of the answer to POST /auth/login."}),
            schema::flatten<&TotpLogin::given>());
    }
};

struct TotpRemoval {
    std::string password;
    GivenCode given;

    friend constexpr auto describe(TotpRemoval*) {
        return schema::object<TotpRemoval>(
            "TotpRemoval",
            schema::field<&TotpRemoval::password>("password", {.min_length = 1,
                                                               .max_length = 1024,
                                                               .format = schema::Format::password,
                                                               .write_only = true,
                                                               .doc = "Of the account."}),
            schema::flatten<&TotpRemoval::given>());
    }
};

struct SecondFactorState {
    bool is_enabled = false;
    std::optional<base::Timestamp> since;
    std::int64_t recovery_codes_left = 0;
    bool is_asked_for = false;
    bool is_email_proven = false;

    friend constexpr auto describe(SecondFactorState*) {
        return schema::object<SecondFactorState>(
            "SecondFactorState", schema::field<&SecondFactorState::is_enabled>("enabled"),
            schema::field<&SecondFactorState::since>("since"),
            schema::field<&SecondFactorState::recovery_codes_left>("recoveryCodesLeft"),
            schema::field<&SecondFactorState::is_asked_for>("askedFor", {.doc = "By the tenant of this session."}),
            schema::field<&SecondFactorState::is_email_proven>("emailProven",
                                                               {.doc = "Without it none can be set up."}));
    }
};

struct SecondFactorRules {
    bool is_for_everyone = false;
    std::vector<RoleId> role_ids;

    friend constexpr auto describe(SecondFactorRules*) {
        return schema::object<SecondFactorRules>(
            "SecondFactorRules",
            schema::field<&SecondFactorRules::is_for_everyone>("everyone", {.doc = "Each member of the tenant."}),
            schema::field<&SecondFactorRules::role_ids>(
                "roleIds", {.max_items = 100,
                            .unique_items = true,
                            .defaulted = true,
                            .doc = "Members who have one of these roles, at whichever location."}));
    }
};

struct PhoneCodeRequest {
    std::optional<std::string> phone;
    std::optional<std::string> password;

    friend constexpr auto describe(PhoneCodeRequest*) {
        return schema::object<PhoneCodeRequest>(
            "PhoneCodeRequest",
            schema::field<&PhoneCodeRequest::phone>(
                "phone", {.format = schema::Format::phone, .doc = "Missing: the account's present number."}),
            schema::field<&PhoneCodeRequest::password>(
                "password", {.min_length = 1,
                             .max_length = 1024,
                             .format = schema::Format::password,
                             .write_only = true,
                             .doc = "Of the account; needed for another number than the present one."}));
    }
};

struct PhoneCodeSent {
    std::string phone;
    base::Timestamp expires_at;

    friend constexpr auto describe(PhoneCodeSent*) {
        return schema::object<PhoneCodeSent>(
            "PhoneCodeSent", schema::field<&PhoneCodeSent::phone>("phone", {.format = schema::Format::phone}),
            schema::field<&PhoneCodeSent::expires_at>("expiresAt"));
    }
};

struct PhoneProof {
    std::optional<std::string> phone;
    std::string code;

    friend constexpr auto describe(PhoneProof*) {
        return schema::object<PhoneProof>(
            "PhoneProof",
            schema::field<&PhoneProof::phone>(
                "phone", {.format = schema::Format::phone, .doc = "Missing: the account's present number."}),
            schema::field<&PhoneProof::code>("code", {.max_length = 7,
                                                      .pattern = "[0-9]{3} ?[0-9]{3}",
                                                      .text = schema::Text::raw,
                                                      .write_only = true,
                                                      .doc = "Of the SMS.",
                                                      .example = R"("730516")"}));
    }
};

struct ProvenPhone {
    std::string phone;
    base::Timestamp proven_at;

    friend constexpr auto describe(ProvenPhone*) {
        return schema::object<ProvenPhone>(
            "ProvenPhone", schema::field<&ProvenPhone::phone>("phone", {.format = schema::Format::phone}),
            schema::field<&ProvenPhone::proven_at>("provenAt"));
    }
};

}  // namespace pos
