#include "base/decimal.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/failure.h"
#include "base/random.h"

namespace base {
namespace {

TEST(Quantity, ReadsAndWrites) {
    struct Case {
        std::string_view text;
        std::int64_t ten_thousandths;
        std::string_view shortest;
    };
    const Case cases[] = {
        {"0", 0, "0"},
        {"-0", 0, "0"},
        {"-0.0000", 0, "0"},
        {"1", 10000, "1"},
        {"1.5", 15000, "1.5"},
        {"1.5000", 15000, "1.5"},
        {"0.335", 3350, "0.335"},
        {"0.0001", 1, "0.0001"},
        {"-0.0001", -1, "-0.0001"},
        {"-1.25", -12500, "-1.25"},
        {"10.01", 100100, "10.01"},
        {"99999999999999.9999", 999999999999999999, "99999999999999.9999"},
        {"-99999999999999.9999", -999999999999999999, "-99999999999999.9999"},
    };
    for (const auto& expected : cases) {
        const auto quantity = Quantity::from_string(expected.text);
        ASSERT_TRUE(quantity) << expected.text;
        EXPECT_EQ(quantity->ten_thousandths, expected.ten_thousandths) << expected.text;
        EXPECT_EQ(quantity->to_string(), expected.shortest);
        EXPECT_TRUE(quantity->is_in_range());
    }
}

TEST(Quantity, RefusesEverythingElse) {
    for (const std::string_view text : {"",
                                        "-",
                                        ".",
                                        "-.",
                                        ".5",
                                        "5.",
                                        "-.5",
                                        "+1",
                                        "01",
                                        "00",
                                        "-01",
                                        "1.23456",
                                        "1.00000",
                                        "1e3",
                                        "1E3",
                                        "1,5",
                                        " 1",
                                        "1 ",
                                        "--1",
                                        "1-",
                                        "1..2",
                                        "1.2.3",
                                        "100000000000000",
                                        "99999999999999999999999999999999",
                                        "NaN",
                                        "Infinity",
                                        "0x10",
                                        "1.-5",
                                        "1.5-",
                                        "\xD9\xA1"}) {
        EXPECT_FALSE(Quantity::from_string(text)) << text;
    }
    EXPECT_FALSE(Quantity::from_string(std::string_view{"1\0", 2}));
}

TEST(Quantity, WritingAndReadingGivesTheSameNumber) {
    SeededRandom random{5};
    for (int i = 0; i < 50'000; ++i) {
        const auto magnitude =
            static_cast<std::int64_t>(random.below(Quantity::max_ten_thousandths) >> random.below(60));
        const Quantity quantity{i % 2 == 0 ? magnitude : -magnitude};
        ASSERT_EQ(Quantity::from_string(quantity.to_string()), quantity) << quantity.to_string();
    }
    EXPECT_EQ(Quantity{std::numeric_limits<std::int64_t>::min()}.to_string(), "-922337203685477.5808");
    EXPECT_FALSE(Quantity{std::numeric_limits<std::int64_t>::min()}.is_in_range());
}

TEST(Quantity, ArithmeticIsChecked) {
    constexpr Quantity largest{std::numeric_limits<std::int64_t>::max()};
    EXPECT_EQ(Quantity{15000} + Quantity{-5000}, Quantity{10000});
    EXPECT_EQ(-Quantity{15000}, Quantity{-15000});
    EXPECT_THROW(static_cast<void>(largest + Quantity{1}), Failure);
    EXPECT_THROW(static_cast<void>(-Quantity{std::numeric_limits<std::int64_t>::min()}), Failure);
}

}  // namespace
}  // namespace base
