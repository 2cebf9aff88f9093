#include <gtest/gtest.h>

#include "pos/modules/catalogue/model.h"
#include "schema/json_schema.h"

namespace pos {
namespace {

TEST(Barcodes, ArePrintableWithoutASpace) {
    for (const auto* good : {"6161100100015", "A-1/z~", "!"}) EXPECT_TRUE(is_barcode(good)) << good;
    EXPECT_TRUE(is_barcode(std::string(64, '1')));
    for (const auto* bad : {"", "a b", "\u00e9", "\t"}) EXPECT_FALSE(is_barcode(bad)) << bad;
    EXPECT_FALSE(is_barcode(std::string(65, '1')));
}

TEST(Barcodes, TheDocumentNamesThem) {
    schema::Components components;
    static_cast<void>(components.schema_of(schema::type_of<NewBarcode>, schema::Direction::input, {}));
    const auto& text = components.all().at("NewBarcode");
    EXPECT_NE(text.find(R"("format":"barcode")"), std::string::npos) << text;
    EXPECT_NE(text.find(R"("pattern":"^[!-~]{1,64}$")"), std::string::npos) << text;
    EXPECT_NE(text.find("Invisible characters are dropped."), std::string::npos) << text;
}

}  // namespace
}  // namespace pos
