#pragma once
// How short messages leave, as the environment says it.
//
//     .settings = app::settings<sms::Settings, check_sms>()       // check_sms: sms::check(settings, in_production, issues)
//     if (const auto account = settings.sms_account(in_production)) transport = sms::open_transport(*account, parts);
//     if (const auto account = settings.whatsapp_account()) …

#include <cstdint>
#include <optional>
#include <string>

#include "schema/schema.h"
#include "sms/account.h"
#include "sms/cost.h"

namespace sms {

struct Settings {
    std::string provider;
    std::string prices = "KES 254:0.80";

    std::string africastalking_username;
    std::string africastalking_api_key;
    std::string africastalking_sender;
    std::string africastalking_callback_token;
    std::optional<std::string> africastalking_base_url;

    std::string twilio_account_sid;
    std::string twilio_auth_token;
    std::string twilio_previous_auth_token;
    std::string twilio_api_key_sid;
    std::string twilio_api_key_secret;
    std::string twilio_sender;
    std::optional<std::string> twilio_base_url;

    std::string whatsapp_phone_number_id;
    std::string whatsapp_token;
    std::string whatsapp_app_secret;
    std::string whatsapp_verify_token;
    std::string whatsapp_version = "v23.0";
    std::string whatsapp_prices = "KES 254:4";
    std::optional<std::string> whatsapp_base_url;

    std::int32_t per_second = 0;

    friend constexpr auto describe(Settings*) {
        using schema::field;
        constexpr schema::StringRules name{.max_length = 255, .defaulted = true};
        constexpr schema::StringRules secret{
            .max_length = 1'000, .text = schema::Text::raw, .defaulted = true, .write_only = true};
        constexpr schema::StringRules url{
            .max_length = 500, .format = schema::Format::url, .doc = "Instead of the provider's own: a simulator."};
        constexpr auto with = [](schema::StringRules rules, std::string_view doc) {
            rules.doc = doc;
            return rules;
        };
        return schema::object<Settings>(
            "SmsSettings",
            field<&Settings::provider>(
                "SMS_PROVIDER",
                {.max_length = 20,
                 .pattern = "(capture|africastalking|twilio)?",
                 .defaulted = true,
                 .doc = "Who takes SMS: `africastalking`, `twilio`, or `capture` (kept in memory, shown at /dev/sms; "
                        "not in production). Not set: `capture`; in production no SMS is sent."}),
            field<&Settings::prices>(
                "SMS_PRICES",
                {.max_length = 4'000,
                 .defaulted = true,
                 .doc =
                     "What a part of an SMS costs, by the number's prefix: `KES 254:0.80 255:2.5`. Nothing is sent to "
                     "a number without a price."}),
            field<&Settings::africastalking_username>("AFRICASTALKING_USERNAME",
                                                      with(name, "Of the app; `sandbox` is their sandbox.")),
            field<&Settings::africastalking_api_key>("AFRICASTALKING_API_KEY", with(secret, "Of the app.")),
            field<&Settings::africastalking_sender>(
                "AFRICASTALKING_SENDER", with(name, "A registered sender id or short code. Not set: AFRICASTKNG.")),
            field<&Settings::africastalking_callback_token>(
                "AFRICASTALKING_CALLBACK_TOKEN",
                with(secret, "20 to 100 letters, digits, - and _: what the URLs of its callbacks end with.")),
            field<&Settings::africastalking_base_url>("AFRICASTALKING_BASE_URL", url),
            field<&Settings::twilio_account_sid>("TWILIO_ACCOUNT_SID", with(name, "`AC…`")),
            field<&Settings::twilio_auth_token>(
                "TWILIO_AUTH_TOKEN", with(secret, "Signs callbacks, and logs in where there is no API key.")),
            field<&Settings::twilio_previous_auth_token>(
                "TWILIO_PREVIOUS_AUTH_TOKEN", with(secret, "Its signatures are believed as well, while it is rolled.")),
            field<&Settings::twilio_api_key_sid>("TWILIO_API_KEY_SID", with(name, "`SK…`, instead of the auth token.")),
            field<&Settings::twilio_api_key_secret>("TWILIO_API_KEY_SECRET", with(secret, "Of that API key.")),
            field<&Settings::twilio_sender>(
                "TWILIO_SENDER", with(name, "A number, a short code, a sender id or a messaging service (`MG…`).")),
            field<&Settings::twilio_base_url>("TWILIO_BASE_URL", url),
            field<&Settings::whatsapp_phone_number_id>("WHATSAPP_PHONE_NUMBER_ID",
                                                       with(name, "Of the WhatsApp Cloud API. Not set: no WhatsApp.")),
            field<&Settings::whatsapp_token>("WHATSAPP_TOKEN", with(secret, "Of a system user.")),
            field<&Settings::whatsapp_app_secret>("WHATSAPP_APP_SECRET",
                                                  with(secret, "Of the app at Meta: it signs callbacks.")),
            field<&Settings::whatsapp_verify_token>(
                "WHATSAPP_VERIFY_TOKEN",
                with(secret, "20 to 100 letters, digits, - and _: what Meta says when it checks the callback URL.")),
            field<&Settings::whatsapp_version>("WHATSAPP_VERSION", with(name, "Of the Graph API.")),
            field<&Settings::whatsapp_prices>(
                "WHATSAPP_PRICES", {.max_length = 4'000,
                                    .defaulted = true,
                                    .doc = "What a template costs, as in SMS_PRICES and in the same currency."}),
            field<&Settings::whatsapp_base_url>("WHATSAPP_BASE_URL", url),
            field<&Settings::per_second>("SMS_PER_SECOND",
                                         {.min = 0,
                                          .max = 1'000,
                                          .defaulted = true,
                                          .doc = "Messages a second that each process gives to a provider. 0: 20 to "
                                                 "Africa's Talking, 10 to Twilio, 40 to WhatsApp."}));
    }

    // nullopt: no SMS is sent, no WhatsApp. They throw std::logic_error where check() would have found a fault.
    [[nodiscard]] std::optional<Account> sms_account(bool in_production) const;
    [[nodiscard]] std::optional<Account> whatsapp_account() const;
    [[nodiscard]] Tariff tariff(Channel channel) const;
    [[nodiscard]] Endpoints endpoints() const;
};

void check(const Settings& settings, bool in_production, schema::Issues& issues);

}  // namespace sms
