#include "webhooks/plan.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace {

using namespace webhooks;
using namespace std::chrono_literals;

TEST(WebhookPlan, WaitsGrowAndEnd) {
    base::SeededRandom random(1);
    for (std::int32_t made = 1; made < most_attempts; ++made) {
        const auto planned = plan.at(static_cast<std::size_t>(made));
        for (int i = 0; i < 200; ++i) {
            const auto wait = wait_after(made, std::nullopt, random);
            ASSERT_TRUE(wait.has_value());
            EXPECT_GE(*wait, planned);
            EXPECT_LE(*wait, planned + planned / 5);
        }
    }
    EXPECT_EQ(wait_after(most_attempts, 10s, random), std::nullopt);
    EXPECT_EQ(wait_after(most_attempts + 1, std::nullopt, random), std::nullopt);
}

TEST(WebhookPlan, RetryAfterMakesItLongerWithinBounds) {
    base::SeededRandom random(2);
    EXPECT_EQ(wait_after(1, 600s, random), 600s);
    EXPECT_GE(wait_after(5, 1s, random).value_or(0s), 3'600s);
    EXPECT_EQ(wait_after(1, seconds(10'000'000), random), most_retry_after);
}

TEST(WebhookPlan, WhatARetryAfterSays) {
    const auto now = *base::parse_timestamp("2026-11-22T06:14:03Z");
    struct Case {
        std::string_view value;
        std::optional<seconds> wait;
    };
    const Case cases[] = {
        {"120", 120s},
        {" 0 ", 0s},
        {"999999999999999999999", most_retry_after},
        {"86401", most_retry_after},
        {"Sun, 22 Nov 2026 06:15:03 GMT", 60s},
        {"Sun, 22 Nov 2026 06:13:03 GMT", std::nullopt},
        {"Sun, 22 Nov 2099 06:13:03 GMT", most_retry_after},
        {"-5", std::nullopt},
        {"1.5", std::nullopt},
        {"soon", std::nullopt},
        {"", std::nullopt},
    };
    for (const auto& one : cases) EXPECT_EQ(read_retry_after(one.value, now), one.wait) << one.value;
}

}  // namespace
