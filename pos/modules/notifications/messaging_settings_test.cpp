#include "pos/modules/notifications/messaging_settings.h"

#include <gtest/gtest.h>

namespace pos {
namespace {

std::string faults(MessagingSettings settings) {
    schema::Issues issues;
    check_messaging_settings(settings, app::Settings{}, issues);
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

}  // namespace
}  // namespace pos
