#include "pos/modules/notifications/messaging_settings.h"

#include <gtest/gtest.h>

#include "base/fake_clock.h"
#include "pos/modules/notifications/messaging.h"

namespace pos {
namespace {

std::string faults(MessagingSettings settings, const app::Settings& app = {}) {
    schema::Issues issues;
    check_messaging_settings(settings, app, issues);
    std::string all;
    for (const auto& issue : issues.list()) all += issue.pointer + " ";
    return all;
}

// 500 of a currency that is worth a hundred times as much is no limit.
TEST(MessagingSettings, ALimitIsInTheCurrencyOfThePrices) {
    MessagingSettings dollars;
    dollars.transport.prices = "USD 254:0.09";
    EXPECT_EQ(faults({}), "");
    EXPECT_EQ(faults(dollars), "/SMS_DAILY_LIMIT ");
    dollars.daily_limit = 5;
    EXPECT_EQ(faults(dollars), "");
    dollars.transport.prices = "no prices";
    EXPECT_EQ(faults(dollars), "/SMS_PRICES ") << "said once";
}

// Of Africa's Talking the user's name says it; a simulator is asked whatever its name.
TEST(MessagingSettings, AnAppThatSendsForRealIsRefusedWithTheSandbox) {
    app::Settings staging;
    staging.provider_mode = app::ProviderMode::sandbox;
    MessagingSettings settings;
    settings.transport.provider = "africastalking";
    settings.transport.africastalking_username = "amani";
    settings.transport.africastalking_api_key = "atsk_1";
    settings.transport.africastalking_callback_token = "token-token-token-token";
    EXPECT_EQ(faults(settings), "") << "production is live";
    EXPECT_EQ(faults(settings, staging), "/AFRICASTALKING_USERNAME ");
    settings.transport.africastalking_base_url = "http://127.0.0.1:1";
    EXPECT_EQ(faults(settings, staging), "");
    settings.transport.africastalking_base_url.reset();
    settings.transport.africastalking_username = "sandbox";
    EXPECT_EQ(faults(settings, staging), "");
    base::FakeClock clock;
    EXPECT_EQ(Messaging(settings, staging, clock).endpoints().africastalking, "https://api.sandbox.africastalking.com");
    EXPECT_EQ(Messaging(settings, app::Settings{}, clock).endpoints().africastalking, "") << "by the account";
}

}  // namespace
}  // namespace pos
