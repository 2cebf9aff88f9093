#include "base/money.h"

#include <gtest/gtest.h>

#include <limits>
#include <type_traits>

#include "base/failure.h"

namespace base {
namespace {

static_assert(!std::is_convertible_v<std::int64_t, Money>);
static_assert(!std::is_convertible_v<Money, std::int64_t>);
static_assert(Money{1} + Money{2} == Money{3});

constexpr Money largest{std::numeric_limits<std::int64_t>::max()};
constexpr Money smallest{std::numeric_limits<std::int64_t>::min()};

TEST(Money, AddsAndSubtracts) {
    Money total{100};
    total += Money{50};
    total -= Money{175};
    EXPECT_EQ(total, Money{-25});
    EXPECT_EQ(-total, Money{25});
    EXPECT_LT(total, Money{});
    EXPECT_EQ(largest + smallest, Money{-1});
}

TEST(Money, ThrowsRatherThanWraps) {
    EXPECT_THROW(static_cast<void>(largest + Money{1}), Failure);
    EXPECT_THROW(static_cast<void>(smallest - Money{1}), Failure);
    EXPECT_THROW(static_cast<void>(smallest + Money{-1}), Failure);
    EXPECT_THROW(static_cast<void>(-smallest), Failure);
    Money total = largest;
    EXPECT_THROW(total += Money{1}, Failure);
    EXPECT_EQ(total, largest);
}

TEST(Currency, KnowsTheDecimals) {
    const Currency cases[] = {{"KES", 2}, {"UGX", 0}, {"TZS", 2}, {"RWF", 0}, {"USD", 2}, {"EUR", 2},
                              {"KWD", 3}, {"BHD", 3}, {"TND", 3}, {"JPY", 0}, {"BIF", 0}, {"ETB", 2},
                              {"AED", 2}, {"ZWG", 2}, {"XOF", 0}, {"SSP", 2}};
    for (const auto& expected : cases) EXPECT_EQ(find_currency(expected.code), expected) << expected.code;
    for (const std::string_view code : {"", "kes", "KE", "KESX", "XXX", "XAU", "ZZZ", "AAA"})
        EXPECT_FALSE(find_currency(code)) << code;
}

}  // namespace
}  // namespace base
