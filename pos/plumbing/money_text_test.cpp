#include "pos/plumbing/money_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace {

TEST(MoneyText, AsPeopleReadIt) {
    const struct {
        std::int64_t minor;
        const char* currency;
        const char* text;
    } cases[] = {{123'450, "KES", "KES 1,234.50"},
                 {5, "KES", "KES 0.05"},
                 {0, "KES", "KES 0.00"},
                 {-100'000'000, "KES", "KES -1,000,000.00"},
                 {1'500, "UGX", "UGX 1,500"},
                 {1'234'567, "TND", "TND 1,234.567"},
                 {std::numeric_limits<std::int64_t>::min(), "KES", "KES -92,233,720,368,547,758.08"}};
    for (const auto& one : cases) EXPECT_EQ(pos::money_text(base::Money{one.minor}, one.currency), one.text);
}

TEST(MoneyText, MomentsAreThoseOfTheShop) {
    const auto at = *base::parse_timestamp("2026-11-21T22:05:00Z");
    EXPECT_EQ(pos::local_text(at, "Africa/Nairobi"), "2026-11-22 01:05");
    EXPECT_EQ(pos::local_text(at, "Nowhere/At_All"), "2026-11-21 22:05");
}

}  // namespace
