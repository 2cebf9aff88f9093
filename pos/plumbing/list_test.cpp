#include "pos/plumbing/list.h"

#include <gmock/gmock.h>

#include "pos/modules/devices/tables.h"
#include "pos/modules/stock/tables.h"

namespace {

using namespace pos;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr List<tables::devices, By<&DeviceFields::name>, AnyOf<&DeviceFields::location_id>> devices;
constexpr List<tables::stock_levels, By<&StockLevel::location_id, &StockLevel::variant_id>,
               Where<&StockLevel::location_id>, Where<&StockLevel::variant_id>>
    levels;

template <class L>
std::vector<std::string> names_of(const L& list) {
    std::vector<std::string> names;
    for (const auto& statement : list.statements()) {
        if (!statement.counts) names.push_back(statement.full_name());
    }
    return names;
}

template <class L>
std::string sql_of(const L& list, std::string_view name) {
    for (const auto& statement : list.statements()) {
        if (statement.full_name() == name) return db::render(statement);
    }
    return "";
}

TEST(List, HasAStatementForEveryCombinationOfItsFilters) {
    EXPECT_THAT(names_of(devices),
                ElementsAre("devices.page", "devices.page_after", "devices.page_location",
                            "devices.page_location_after", "devices.page_updated", "devices.page_updated_after",
                            "devices.page_updated_location", "devices.page_updated_location_after"));
    EXPECT_EQ(devices.statements().size(), 12U) << "each can be counted";
}

TEST(List, RowsWithoutVersionsHaveOneOrder) {
    EXPECT_THAT(
        names_of(levels),
        ElementsAre("stock_levels.page", "stock_levels.page_after", "stock_levels.page_location",
                    "stock_levels.page_location_after", "stock_levels.page_variant", "stock_levels.page_variant_after",
                    "stock_levels.page_location_variant", "stock_levels.page_location_variant_after"));
}

TEST(List, TheIdEndsAnOrderThatLeavesRowsEqual) {
    EXPECT_THAT(sql_of(devices, "devices.page"), HasSubstr("order by name, id"));
    EXPECT_THAT(sql_of(devices, "devices.page_updated_location"), HasSubstr("order by updated_at, id"));
    EXPECT_THAT(sql_of(devices, "devices.page"), HasSubstr("deleted_at is null"));
    EXPECT_THAT(sql_of(levels, "stock_levels.page"), HasSubstr("order by location_id, variant_id limit"));
    EXPECT_THAT(sql_of(levels, "stock_levels.page"), Not(HasSubstr("deleted_at is null")));
}

}  // namespace
