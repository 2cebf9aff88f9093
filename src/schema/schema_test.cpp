#include "schema/schema.h"

#include <gtest/gtest.h>

namespace {

enum class Status : std::uint8_t { open, closed };
constexpr auto describe(Status*) {
    return schema::enumeration<Status>("Status", {{Status::open, "open"}, {Status::closed, "closed"}});
}

struct Line {
    std::string sku;
    base::Quantity quantity;
    base::Money price;

    friend constexpr auto describe(Line*) {
        return schema::object<Line>("Line", schema::field<&Line::sku>("sku", {.min_length = 1, .max_length = 8}),
                                    schema::field<&Line::quantity>("quantity", {.min = 0, .not_zero = true}),
                                    schema::field<&Line::price>("price", {.min = 0}));
    }
};

TEST(Smoke, RoundTrip) {
    const auto line = schema::parse<Line>(R"({"sku":"A","quantity":"1.5","price":100})");
    ASSERT_TRUE(line.has_value());
    EXPECT_EQ(schema::to_json(*line), R"({"sku":"A","quantity":"1.5","price":100})");
    EXPECT_EQ(schema::name_of(Status::closed), "closed");
}

}  // namespace
