#include "pos/modules/stock/adjustment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using namespace pos;

VariantId variant(int number) {
    base::Uuid::Bytes bytes{};
    bytes[15] = static_cast<std::uint8_t>(number);
    return VariantId(base::Uuid(bytes));
}
LocationId location() { return *LocationId::from_string("0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01"); }
base::Quantity quantity(std::string_view text) { return base::Quantity::from_string(text).value(); }
LineMovement movement(int of, std::string_view amount) {
    return {.variant_id = variant(of), .quantity = quantity(amount)};
}

TEST(Movements, AreSummedUpByVariantInOrder) {
    MovementBatch batch{.location_id = location(),
                        .movements = {movement(2, "-1"), movement(1, "-2.5"), movement(2, "-3"), movement(2, "0.5")}};
    sum_up(batch);
    ASSERT_EQ(batch.levels.size(), 2U);
    EXPECT_EQ(batch.levels[0].variant_id, variant(1));
    EXPECT_EQ(batch.levels[0].quantity, quantity("-2.5"));
    EXPECT_EQ(batch.levels[1].quantity, quantity("-3.5"));
    EXPECT_EQ(batch.levels[1].level_id, stock_level_id(location(), variant(2)));
    // What the lines after each take from the same level: -1 stands at -3.5 - (-2.5) before the rest.
    EXPECT_EQ(batch.movements[0].later, quantity("-2.5"));
    EXPECT_EQ(batch.movements[1].later, quantity("0"));
    EXPECT_EQ(batch.movements[2].later, quantity("0.5"));
    EXPECT_EQ(batch.movements[3].later, quantity("0"));
}

TEST(Movements, ALevelsIdIsMadeOfItsKey) {
    EXPECT_EQ(stock_level_id(location(), variant(1)), stock_level_id(location(), variant(1)));
    EXPECT_NE(stock_level_id(location(), variant(1)), stock_level_id(location(), variant(2)));
    EXPECT_EQ(stock_level_id(location(), variant(1)).uuid().version(), 8);
    EXPECT_TRUE(stock_level_id(location(), variant(1)).uuid().has_rfc_variant());
}

TEST(Adjustments, TakeTheSignOfTheirReason) {
    const struct {
        AdjustmentReason reason;
        std::string_view amount;
        bool fits;
    } cases[] = {
        {AdjustmentReason::adjust, "1", true},   {AdjustmentReason::adjust, "-1", true},
        {AdjustmentReason::waste, "-0.5", true}, {AdjustmentReason::waste, "0.5", false},
        {AdjustmentReason::opening, "10", true}, {AdjustmentReason::opening, "-10", false},
        {AdjustmentReason::purchase, "3", true}, {AdjustmentReason::purchase, "-3", false},
        {AdjustmentReason::adjust, "0", false},
    };
    for (const auto& one : cases) {
        NewAdjustment input{
            .location_id = location(), .reason = one.reason, .lines = {{variant(1), quantity(one.amount), {}, {}}}};
        const auto issues = schema::check(input);
        EXPECT_EQ(issues.empty(), one.fits) << schema::name_of(one.reason) << ' ' << one.amount;
        if (!issues.empty()) EXPECT_EQ(issues.front().pointer, "/lines/0/quantityDelta");
    }
}

TEST(Adjustments, AreFoundAgainByTheirKey) {
    constexpr std::string_view uuid = "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01";
    EXPECT_EQ(adjustment_id(uuid).to_string(), uuid);
    EXPECT_EQ(adjustment_id("till-7 count 12"), adjustment_id("till-7 count 12"));
    EXPECT_NE(adjustment_id("till-7 count 12"), adjustment_id("till-7 count 13"));
    EXPECT_EQ(adjustment_id("till-7 count 12").version(), 8);
}

TEST(Adjustments, AreTheirMovements) {
    const base::Timestamp now{std::chrono::seconds(1'000'000)};
    NewAdjustment input{
        .location_id = location(),
        .reason = AdjustmentReason::purchase,
        .lines = {{variant(1), quantity("2"), base::Money{150}, "late"}, {variant(2), quantity("1"), {}, {}}}};
    input.occurred_at = now + std::chrono::hours(1);
    const auto adjustment = make_adjustment(input, adjustment_id("key"), now);
    EXPECT_EQ(adjustment.occurred_at, now) << "the future is now";

    const auto batch = movements_of(adjustment, std::nullopt);
    std::vector<StockMovement> stored;
    for (const auto& line : batch.movements) {
        stored.push_back({.location_id = batch.location_id,
                          .variant_id = line.variant_id,
                          .quantity_delta = line.quantity,
                          .reason = batch.reason,
                          .unit_cost = line.unit_cost,
                          .source_type = batch.source_type,
                          .source_id = batch.source_id,
                          .source_line = line.line_number,
                          .occurred_at = batch.occurred_at,
                          .recorded_at = batch.recorded_at,
                          .note = line.note});
    }
    EXPECT_EQ(schema::to_json(adjustment_of(stored).value()), schema::to_json(adjustment));
    EXPECT_FALSE(adjustment_of({}).has_value());
}

}  // namespace
