#pragma once
// Account: at which provider, as whom. A value; of the service by its settings (sms/settings.h), or somebody's own, as JSON.
//
//     const auto account = sms::read_account("africastalking", R"({"username":"amani","apiKey":"atsk_…","callbackToken":"…"})");
//     auto transport = sms::open_transport(*account, parts);       // sms/open_transport.h
//     sms::channel_of(*account);                                   // Channel::sms
//
// Secrets are in no log and no error. Where a provider is (Endpoints) is the service's to say, never an account's.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <variant>

#include "schema/schema.h"
#include "sms/sms.h"

namespace sms {

inline constexpr std::string_view token_pattern = "[A-Za-z0-9_-]{20,100}";

// Kept in memory and shown at a page of development.
struct CaptureAccount {};

struct AfricasTalkingAccount {
    std::string username;
    std::string api_key;
    std::string sender;
    std::string callback_token;
    std::int32_t per_second = 20;

    [[nodiscard]] bool is_sandbox() const { return username == "sandbox"; }
    friend constexpr auto describe(AfricasTalkingAccount*) {
        using schema::field;
        using Self = AfricasTalkingAccount;
        return schema::object<Self>(
            "AfricasTalkingAccount",
            field<&Self::username>("username", {.max_length = 100,
                                                .pattern = "[A-Za-z0-9._-]+",
                                                .text = schema::Text::free,
                                                .doc = "Of the app; `sandbox` is their sandbox."}),
            field<&Self::api_key>("apiKey", {.max_length = 255, .pattern = "[!-~]+", .text = schema::Text::free}),
            field<&Self::sender>("sender", {.max_length = 11,
                                            .pattern = "[A-Za-z0-9 ._-]*",
                                            .text = schema::Text::free,
                                            .defaulted = true,
                                            .doc = "A registered sender id or short code. Not given: AFRICASTKNG."}),
            field<&Self::callback_token>("callbackToken",
                                         {.max_length = 100,
                                          .pattern = token_pattern,
                                          .text = schema::Text::free,
                                          .doc = "What the URLs of its callbacks end with: their only proof."}),
            field<&Self::per_second>("perSecond", {.min = 1, .max = 1'000, .defaulted = true}));
    }
};

struct TwilioAccount {
    std::string account_sid;
    std::string auth_token;
    std::string previous_auth_token;
    std::string api_key_sid;
    std::string api_key_secret;
    std::string sender;
    std::int32_t per_second = 10;

    static void check(const TwilioAccount& account, schema::Issues& issues);
    friend constexpr auto describe(TwilioAccount*) {
        using schema::field;
        using Self = TwilioAccount;
        return schema::object<Self>(
            "TwilioAccount",
            field<&Self::account_sid>("accountSid",
                                      {.max_length = 34, .pattern = "AC[0-9a-fA-F]{32}", .text = schema::Text::free}),
            field<&Self::auth_token>("authToken", {.max_length = 255,
                                                   .pattern = "[!-~]+",
                                                   .text = schema::Text::free,
                                                   .doc = "Signs callbacks, and logs in where there is no API key."}),
            field<&Self::previous_auth_token>("previousAuthToken",
                                              {.max_length = 255,
                                               .pattern = "[!-~]*",
                                               .text = schema::Text::free,
                                               .defaulted = true,
                                               .doc = "Signatures by it are believed as well, while it is rolled."}),
            field<&Self::api_key_sid>(
                "apiKeySid",
                {.max_length = 34, .pattern = "(SK[0-9a-fA-F]{32})?", .text = schema::Text::free, .defaulted = true}),
            field<&Self::api_key_secret>(
                "apiKeySecret",
                {.max_length = 255, .pattern = "[!-~]*", .text = schema::Text::free, .defaulted = true}),
            field<&Self::sender>("sender",
                                 {.max_length = 34,
                                  .pattern = R"(\+[1-9][0-9]{6,14}|MG[0-9a-fA-F]{32}|[0-9]{3,8}|)"
                                             R"([A-Za-z0-9 ]{0,10}[A-Za-z][A-Za-z0-9 ]{0,10})",
                                  .text = schema::Text::free,
                                  .doc = "A number, a short code, a sender id or a messaging service (`MG…`)."}),
            field<&Self::per_second>("perSecond", {.min = 1, .max = 1'000, .defaulted = true}),
            schema::refine<&Self::check>());
    }
};

struct WhatsappAccount {
    std::string phone_number_id;
    std::string token;
    std::string app_secret;
    std::string verify_token;
    std::string version = "v23.0";
    std::int32_t per_second = 40;

    friend constexpr auto describe(WhatsappAccount*) {
        using schema::field;
        using Self = WhatsappAccount;
        return schema::object<Self>(
            "WhatsappAccount",
            field<&Self::phone_number_id>("phoneNumberId",
                                          {.max_length = 32, .pattern = "[0-9]{5,32}", .text = schema::Text::free}),
            field<&Self::token>("token", {.max_length = 1'000,
                                          .pattern = "[!-~]+",
                                          .text = schema::Text::free,
                                          .doc = "Of a system user, with whatsapp_business_messaging."}),
            field<&Self::app_secret>(
                "appSecret",
                {.max_length = 255, .pattern = "[!-~]+", .text = schema::Text::free, .doc = "Signs callbacks."}),
            field<&Self::verify_token>("verifyToken",
                                       {.max_length = 100,
                                        .pattern = token_pattern,
                                        .text = schema::Text::free,
                                        .doc = "What Meta says when it asks whether the callback URL is ours."}),
            field<&Self::version>(
                "version",
                {.max_length = 8, .pattern = "v[0-9]{1,3}[.][0-9]", .text = schema::Text::free, .defaulted = true}),
            field<&Self::per_second>("perSecond", {.min = 1, .max = 1'000, .defaulted = true}));
    }
};

using Account = std::variant<CaptureAccount, AfricasTalkingAccount, TwilioAccount, WhatsappAccount>;

inline constexpr std::string_view africastalking_sandbox = "https://api.sandbox.africastalking.com";

// "" of each: where the provider is. Of tests, simulators and sandboxes.
struct Endpoints {
    std::string africastalking;
    std::string twilio;
    std::string whatsapp;
};

[[nodiscard]] std::string_view provider_of(
    const Account& account);  // "capture", "africastalking", "twilio", "whatsapp"
[[nodiscard]] Channel channel_of(const Account& account);
// For people, to tell accounts apart: "amani", "AC12…9f0c", "1065…3173".
[[nodiscard]] std::string shown(const Account& account);

// Credentials as typed in, for all but capture.
[[nodiscard]] std::expected<Account, schema::ReadError> read_account(std::string_view provider, std::string_view json);
// Its JSON again, to be sealed and kept.
[[nodiscard]] std::string to_json(const Account& account);

}  // namespace sms
