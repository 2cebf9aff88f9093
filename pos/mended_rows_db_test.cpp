// What a migration mends by hand is told to those who follow the feed: a new version, and an entry.

#include <gmock/gmock.h>

#include <algorithm>

#include "embedded/migrations.h"
#include "pos/testing/samples.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

class MendedRowsTest : public SampledTest {
protected:
    static std::string text_of(std::string_view migration) {
        const auto files = embedded::migrations();
        const auto file = std::ranges::find_if(files, [&](const base::EmbeddedFile& one) {
            return one.path.starts_with(migration) && one.path.ends_with(".sql");
        });
        return std::string(file->bytes);
    }
    static std::string value(const std::string& sql) { return app->database().value(sql).value_or(""); }
};

TEST_F(MendedRowsTest, ValuesThatCouldNotBeReadAreInTheFeed) {
    auto& database = app->database();
    const auto sale = id_of("/v1/sales/{id}");
    const auto variant = id_of("/v1/variants/{id}");
    const auto barcode = id_of("/v1/variants/{id}/barcodes/{barcodeId}");
    std::ignore = id_of("/v1/stock-adjustments/{id}");
    const auto level = value(fmt::format("select id from stock_levels where variant_id = '{}'", variant));
    const auto untouched = text(made<ProductDetails>(post("/v1/products", R"({"name":"Rice","variants":[
        {"name":"Rice 1kg","price":1}]})"))
                                    .variants->at(0)
                                    .variant.id);
    const auto entry_of_untouched = feed("variants", untouched);
    database.execute(
        "alter table roles drop constraint roles_permission_names;"
        "alter table sales drop constraint sales_flag_names;"
        "alter table stock_levels drop constraint stock_levels_numbers;"
        "alter table variant_barcodes drop constraint variant_barcodes_numbers;"
        "alter table variants drop constraint variants_numbers");
    database.execute(fmt::format("update sales set flags = '{{clock_ahead,NULL}}', version = 1 where id = '{}'", sale));
    database.execute(fmt::format("update stock_levels set on_hand = 'NaN', version = 7 where id = '{}'", level));
    database.execute(fmt::format(
        "update variant_barcodes set pack_quantity = 'NaN', version = 2147483647 where id = '{}'", barcode));
    database.execute(fmt::format("update variants set reorder_level = 'NaN', version = 3 where id = '{}'", variant));
    const auto before = std::stoll(value(fmt::format(
        "select change_seq from tenant_counters where tenant_id = (select tenant_id from sales where id = '{}')",
        sale)));

    const auto sql = text_of("20261126170000");
    database.execute(sql.substr(sql.find("-- By hand")));

    EXPECT_EQ(value(fmt::format("select flags::text || version from sales where id = '{}'", sale)), "{clock_ahead}2");
    EXPECT_EQ(value(fmt::format("select on_hand || ' ' || version from stock_levels where id = '{}'", level)),
              "0.0000 8");
    EXPECT_EQ(
        value(fmt::format("select pack_quantity || ' ' || version from variant_barcodes where id = '{}'", barcode)),
        "1.0000 1");
    EXPECT_EQ(
        value(fmt::format("select (reorder_level is null) || ' ' || version from variants where id = '{}'", variant)),
        "true 4");
    for (const auto& [collection, id] : std::map<std::string, std::string>{
             {"sales", sale}, {"stock_levels", level}, {"variant_barcodes", barcode}, {"variants", variant}}) {
        const auto entry = feed(collection, id);
        EXPECT_GT(std::stoll(entry), before) << collection;
        EXPECT_THAT(entry, HasSubstr(" u")) << collection;
    }
    EXPECT_EQ(
        value(fmt::format("select count(*) from change_pointers where seq > {} and location_id = '{}'", before, here)),
        "2")
        << "the sale and the level name their shop";
    EXPECT_EQ(feed("variants", untouched), entry_of_untouched);
}

}  // namespace
