#include "pos/plumbing/writer.h"

#include <gtest/gtest.h>

#include "pos/modules/catalogue/model.h"

namespace {

bool sees_all(const void*, std::string_view, const schema::Enclosing&) { return true; }
bool sees_nothing(const void*, std::string_view, const schema::Enclosing&) { return false; }

TEST(VisiblePart, ARepeatIsTheFirstReplyToTheLetter) {
    pos::VariantDetails row;
    row.variant.fields = {.name = "Sugar", .sku = {}, .price = {1}, .cost = base::Money{7}, .reorder_level = {}};
    // Not as we write it today.
    const auto stored = " " + schema::to_json(row, {.reader = {nullptr, &sees_all}});
    EXPECT_EQ(pos::detail::visible_part<pos::VariantDetails>(stored, {.reader = {nullptr, &sees_all}}), stored);
}

TEST(VisiblePart, WhoSeesLessGetsLess) {
    pos::ProductDetails product;
    product.product.fields.name = "Sugar";
    auto& row = product.variants.emplace().emplace_back();
    row.variant.fields = {.name = "Sugar", .sku = {}, .price = {1}, .cost = base::Money{7}, .reorder_level = {}};
    const auto stored = schema::to_json(product, {.reader = {nullptr, &sees_all}});
    ASSERT_TRUE(stored.contains(R"("cost":7)"));
    const auto shown = pos::detail::visible_part<pos::ProductDetails>(stored, {.reader = {nullptr, &sees_nothing}});
    EXPECT_EQ(shown, schema::to_json(product, {.reader = {nullptr, &sees_nothing}}));
    EXPECT_FALSE(shown.contains("cost"));
}

// A reply is kept for 30 days, and read by the rules of another release.
TEST(VisiblePart, NeitherSizeNorTodaysRulesRefuseWhatWasStored) {
    pos::ProductDetails product;
    product.product.fields.name = "Sugar";
    product.product.fields.description = std::string(2U << 20U, 'x');
    product.variants.emplace().emplace_back().variant.fields.cost = base::Money{7};
    auto stored = schema::to_json(product, {.reader = {nullptr, &sees_all}});
    EXPECT_EQ(pos::detail::visible_part<pos::ProductDetails>(stored, {.reader = {nullptr, &sees_all}}), stored);
    const auto name = stored.find(R"("name":"Sugar",)");
    ASSERT_NE(name, std::string::npos);
    stored.replace(name, std::string_view(R"("name":"Sugar",)").size(), R"("purchaseCost":7,)");
    const auto shown = pos::detail::visible_part<pos::ProductDetails>(stored, {.reader = {nullptr, &sees_nothing}});
    EXPECT_TRUE(shown.contains(*product.product.fields.description));
    EXPECT_FALSE(shown.contains("cost"));
    EXPECT_FALSE(shown.contains("purchaseCost")) << "what another release calls a cost may be one";
}

TEST(VisiblePart, WhatHidesNothingIsNotEvenRead) {
    EXPECT_FALSE(pos::detail::has_restricted_members(schema::type_of<pos::Category>));
    EXPECT_TRUE(pos::detail::has_restricted_members(schema::type_of<pos::ProductDetails>));
    EXPECT_EQ(pos::detail::visible_part<pos::Category>("as it is", {}), "as it is");
}

}  // namespace
