#include "pos/arithmetic/packed.h"

#include <gtest/gtest.h>

#include <cstring>

#include "pos/arithmetic/random_for_test.h"

namespace pos::arithmetic {
namespace {

std::uint32_t status_of(const Bytes& reply) {
    std::uint32_t status = 0;
    std::memcpy(&status, reply.data(), sizeof status);
    return status;
}

SaleInput two_lines() {
    return {.lines = {
                {.line_number = 1, .quantity = 15'000, .unit_price = 15'000, .tax_code = "VAT16", .rate_ppm = 160'000},
                {.line_number = 2, .quantity = 10'000, .unit_price = 99, .tax_inclusive = true}}};
}

TEST(Packed, ASaleIsAnsweredByItsTotals) {
    const auto reply = answer(pack(two_lines()));
    ASSERT_EQ(status_of(reply), computed);
    std::int64_t total = 0;
    std::memcpy(&total, reply.data() + 8 + 6 * 8, sizeof total);
    EXPECT_EQ(total, compute_sale(two_lines())->total);
}

TEST(Packed, AnErrorHasItsCodeAndLine) {
    auto input = two_lines();
    input.lines[1].quantity = 0;
    const auto reply = answer(pack(input));
    ASSERT_EQ(reply.size(), 8U);
    EXPECT_EQ(status_of(reply), 1 + static_cast<std::uint32_t>(ErrorCode::quantity_not_positive));
    EXPECT_EQ(reply[4], 2);
    EXPECT_EQ(status_of(answer(pack_cash(1, 0))), 1 + static_cast<std::uint32_t>(ErrorCode::cash_unit_not_positive));
}

TEST(Packed, ARequestThatIsCutOrTooLongIsNotUnderstood) {
    for (const auto& whole : {pack(two_lines()), pack(ReturnInput{}), pack_cash(1, 1)}) {
        for (std::size_t size = 0; size < whole.size(); ++size)
            EXPECT_EQ(status_of(answer(std::span(whole).first(size))), not_understood) << size;
        auto longer = whole;
        longer.push_back(0);
        EXPECT_EQ(status_of(answer(longer)), not_understood);
    }
}

// A count that no request could hold takes no memory for it.
TEST(Packed, CountsAreBelievedAsFarAsThereAreBytes) {
    auto request = pack(SaleInput{});
    std::memset(request.data() + request.size() - 4, 0xff, 4);
    EXPECT_EQ(status_of(answer(request)), not_understood);
}

TEST(Packed, AnyBytesAreAnswered) {
    Draw draw{12};
    for (int i = 0; i < 20'000; ++i) {
        auto request = pack(draw.extreme_sale());
        for (auto changes = draw.up_to(4); changes > 0; --changes)
            request[static_cast<std::size_t>(draw.up_to(std::ssize(request) - 1))] =
                static_cast<unsigned char>(draw.up_to(255));
        EXPECT_GE(answer(request).size(), 8U);
    }
}

}  // namespace
}  // namespace pos::arithmetic
