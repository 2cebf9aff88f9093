#include "sms/cost.h"

#include <gtest/gtest.h>

namespace sms {

namespace {

TEST(Cost, IsReadAsProvidersWriteIt) {
    EXPECT_EQ(Cost::parse("KES 0.8000"), (Cost{"KES", 800'000}));
    EXPECT_EQ(Cost::parse("USD 0.00750"), (Cost{"USD", 7'500}));
    EXPECT_EQ(Cost::parse("KES 12"), (Cost{"KES", 12'000'000}));
    for (const auto* const wrong : {"", "0", "KES", "0.8", "KES -1", "KES 0,8", "KES 1.", "KES .8", "ABC 1", "KES 1e3",
                                    "KES 0.1234567", "KES 1 2", "KES 10000000", "KES 99999999999999999999"})
        EXPECT_EQ(Cost::parse(wrong), std::nullopt) << wrong;
}

TEST(Cost, IsShownWithTwoDigitsAtLeast) {
    EXPECT_EQ((Cost{"KES", 800'000}).to_string(), "KES 0.80");
    EXPECT_EQ((Cost{"USD", 7'500}).to_string(), "USD 0.0075");
    EXPECT_EQ((Cost{"KES", 12'000'001}).to_string(), "KES 12.000001");
    EXPECT_EQ((Cost{"KES", 0}).to_string(), "KES 0.00");
}

TEST(Tariff, TakesTheLongestPrefix) {
    const auto tariff = Tariff::parse("KES 254:0.80  255:2.5 2547630:1 1:9");
    ASSERT_TRUE(tariff) << tariff.error();
    EXPECT_EQ(tariff->currency(), "KES");
    EXPECT_EQ(tariff->cost_of("+254712345678", 1), (Cost{"KES", 800'000}));
    EXPECT_EQ(tariff->cost_of("+254712345678", 3), (Cost{"KES", 2'400'000}));
    EXPECT_EQ(tariff->cost_of("+254763012345", 1), (Cost{"KES", 1'000'000}));
    EXPECT_EQ(tariff->cost_of("+255712345678", 1), (Cost{"KES", 2'500'000}));
}

TEST(Tariff, HasNoPriceForOtherNumbers) {
    const auto tariff = Tariff::parse("KES 254:0.80");
    ASSERT_TRUE(tariff);
    EXPECT_EQ(tariff->cost_of("+447123456789", 1), std::nullopt);
    EXPECT_EQ(tariff->cost_of("+2547", 1).has_value(), true);
    EXPECT_EQ(tariff->cost_of("254712345678", 1), std::nullopt) << "no E.164";
    EXPECT_EQ(tariff->cost_of("", 1), std::nullopt);
}

TEST(Tariff, IsRefusedWithAReason) {
    for (const auto* const wrong :
         {"", "KES", "254:0.80", "XXQ 254:1", "KES 254", "KES 254:", "KES 254:0", "KES +254:1", "KES 0:1", "KES 254:-1",
          "KES :1", "KES 254:1 254:2", "KES 1234567890123456:1", "KES 254:1;255:2"}) {
        const auto tariff = Tariff::parse(wrong);
        ASSERT_FALSE(tariff) << wrong;
        EXPECT_FALSE(tariff.error().empty());
    }
    std::string many = "KES";
    for (int prefix = 100; prefix <= 300; ++prefix) many += " " + std::to_string(prefix) + ":1";
    EXPECT_FALSE(Tariff::parse(many));
}

}  // namespace

}  // namespace sms
