// The products as a file.

#include <gmock/gmock.h>

#include <algorithm>

#include "pos/modules/catalogue/model.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ProductExportTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        ShopTest::SetUpTestSuite();
        for (const auto* name : {"Sugar, brown", "Rice", R"(=HYPERLINK(\"http://a\"))"})
            ids.push_back(made_product(fmt::format(R"({{"name":"{}"}})", name)));
        made_product(R"({"name":"Chai","active":false})");
        const auto gone = made_product(R"({"name":"Gone"})");
        EXPECT_EQ(del("/v1/products/" + gone, 1).status, 204);
        made_product(R"({"name":"Theirs"})", other);
    }
    static std::string made_product(const std::string& json, const std::string& who = owner) {
        return text(made<ProductDetails>(post("/v1/products", json, who)).product.id);
    }
    static inline std::vector<std::string> ids;
};

TEST_F(ProductExportTest, IsAFileOfAllProducts) {
    const auto reply = get("/v1/products/export");
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.complete);
    EXPECT_EQ(reply.header("Content-Type"), "text/csv; charset=utf-8; header=present");
    EXPECT_EQ(reply.header("Content-Disposition"), R"(attachment; filename="products.csv")");
    EXPECT_THAT(
        reply.body,
        StartsWith(
            "id,name,description,categoryId,brand,soldBy,taxClassId,trackStock,active,imageId,imageUrl,version,"));
    EXPECT_THAT(reply.body, HasSubstr("\r\n" + ids[1] + ",Rice,,,,unit,,true,true,,,1,"));
    const auto names = get("/v1/products/export?fields=name").body;
    EXPECT_THAT(names, StartsWith("name\r\n"));
    EXPECT_THAT(names, HasSubstr("Chai\r\n"));
    EXPECT_THAT(names, HasSubstr("Rice\r\n\"Sugar, brown\"\r\n")) << "by name";
    EXPECT_THAT(names, HasSubstr("\r\n\"'=HYPERLINK(\"\"http://a\"\")\"\r\n")) << "and no formula";
    EXPECT_EQ(std::ranges::count(names, '\n'), 5);
    EXPECT_EQ(get("/v1/products/export?fields=name&active=false").body, "name\r\nChai\r\n");
    EXPECT_EQ(get("/v1/products/export?fields=name&updatedSince=2100-01-01T00:00:00Z").body, "name\r\n");
    EXPECT_EQ(send(http::Method::head, "/v1/products/export", {}, owner).body, "");
}

TEST_F(ProductExportTest, IsWalled) {
    const auto theirs = get("/v1/products/export", other).body;
    EXPECT_THAT(theirs, HasSubstr(",Theirs,"));
    for (const auto& id : ids) EXPECT_THAT(theirs, Not(HasSubstr(id)));
    EXPECT_THAT(get("/v1/products/export").body, Not(HasSubstr("Theirs")));
    EXPECT_EQ(get("/v1/products/export", viewer).body, get("/v1/products/export").body);
    EXPECT_EQ(get("/v1/products/export", "").status, 401);
    EXPECT_EQ(get("/v1/products/export?search=rice").status, 422);
}

TEST_F(ProductExportTest, GivesItsConnectionBack) {
    for (int i = 0; i < 20; ++i) EXPECT_EQ(get("/v1/products/export").status, 200);
}

TEST_F(ProductExportTest, IsInTheDocument) {
    const auto document = get("/openapi.json", "").body;
    const auto operation = document.substr(document.find(R"("operationId":"exportProducts")"));
    EXPECT_THAT(operation.substr(0, operation.find("operationId", 20)), HasSubstr(R"("text/csv")"));
}

}  // namespace
