#pragma once
// How SMS and WhatsApp messages leave, and how many.
//
//     .settings = app::settings<MessagingSettings, check_messaging_settings>()

#include "app/settings.h"
#include "sms/settings.h"

namespace pos {

struct MessagingSettings {
    sms::Settings transport;
    std::optional<std::int64_t> daily_limit;
    std::int32_t per_number = 10;
    std::int32_t per_source = 200;

    static constexpr std::int64_t daily_limit_in_shillings = 500;

    friend constexpr auto describe(MessagingSettings*) {
        using schema::field;
        return schema::object<MessagingSettings>(
            "MessagingSettings", schema::flatten<&MessagingSettings::transport>(),
            field<&MessagingSettings::daily_limit>(
                "SMS_DAILY_LIMIT",
                {.min = 0,
                 .max = 1'000'000,
                 .doc = "What SMS and WhatsApp messages of one tenant may cost a day (UTC), in units of "
                        "the currency of SMS_PRICES; a tenant may set less for itself. What belongs to "
                        "no tenant has such a limit of its own. Not set: 500, where the currency is KES; any other "
                        "one needs it."}),
            field<&MessagingSettings::per_number>(
                "SMS_PER_NUMBER",
                {.min = 1,
                 .max = 1'000,
                 .defaulted = true,
                 .doc = "How many messages one number gets a day, of all tenants together, and as many codes. "
                        "One tenant may send half of them; by an account of its own all."}),
            field<&MessagingSettings::per_source>(
                "SMS_PER_SOURCE",
                {.min = 1,
                 .max = 100'000,
                 .defaulted = true,
                 .doc = "How many codes and invitations may be asked for a day from one address, or one IPv6 /64."}));
    }
};

void check_messaging_settings(const MessagingSettings& settings, const app::Settings& app, schema::Issues& issues);

}  // namespace pos
