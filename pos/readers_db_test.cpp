// What one reader has got does not serve another: ETags, and what caches are told.

#include <gmock/gmock.h>

#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class ReadersTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        ShopTest::SetUpTestSuite();
        cashier = member("cashier@duka.example", "cashier");
        manager = member("manager@duka.example", "manager");
        variant = text(made<ProductDetails>(post("/v1/products", R"({"name":"Sugar","variants":[{"name":"Sugar 1kg",
            "price":15000,"cost":12000,"barcodes":[{"barcode":"6161100000018"}]}]})"))
                           .variants->at(0)
                           .variant.id);
    }

    static std::string tag(const std::string& target, const std::string& token = owner) {
        return std::string(get(target, token).header("ETag").value_or(""));
    }
    static InjectedResponse revalidate(const std::string& target, const std::string& token, const std::string& known) {
        return send(http::Method::get, target, {}, token, {{"If-None-Match", known}});
    }

    static inline std::string cashier;  // sees no costs
    static inline std::string manager;  // sees all that the owner sees of a variant
    static inline std::string variant;
};

TEST_F(ReadersTest, WhoSeesLessHasAnotherTag) {
    const auto path = "/v1/variants/" + variant;
    const auto owners = tag(path);
    EXPECT_THAT(owners, MatchesRegex("\"1\\.[a-z2-7]+\""));
    EXPECT_EQ(tag(path), owners);
    EXPECT_EQ(tag(path, manager), owners) << "who sees the same has the same tag";
    EXPECT_EQ(tag(path, viewer), tag(path, cashier));

    const auto reply = revalidate(path, cashier, owners);
    EXPECT_EQ(reply.status, 200);
    EXPECT_THAT(reply.body, Not(HasSubstr("cost")));
    EXPECT_NE(reply.header("ETag"), owners);
    EXPECT_EQ(revalidate(path, cashier, tag(path, cashier)).status, 304);
    EXPECT_EQ(revalidate(path, owner, tag(path, cashier)).status, 200);
    EXPECT_EQ(revalidate(path, owner, owners).status, 304);
    EXPECT_EQ(revalidate(path, owner, "\"1\"").status, 200) << "a version alone says nothing about what was seen";
}

TEST_F(ReadersTest, AnotherTenantsTagIsAnother) {
    EXPECT_NE(tag("/v1/tenant"), tag("/v1/tenant", other));
    EXPECT_EQ(revalidate("/v1/tenant", owner, tag("/v1/tenant", other)).status, 200);
    EXPECT_EQ(revalidate("/v1/tenant", owner, tag("/v1/tenant")).status, 304);
}

TEST_F(ReadersTest, FormsOfARowHaveTagsOfTheirOwn) {
    const auto product =
        "/v1/products/" + text(body<VariantDetails>(get("/v1/variants/" + variant)).variant.product_id);
    const std::vector targets{product, product + "?include=variants"};
    for (const auto& target : targets) {
        for (const auto& known : targets)
            EXPECT_EQ(revalidate(target, owner, tag(known)).status, target == known ? 304 : 200) << target << known;
    }
    // A change is based on the version, whatever was read of it, by whom and in which coding.
    auto known = tag(product + "?include=variants", viewer);
    known.insert(known.size() - 1, "-br");
    EXPECT_EQ(send(http::Method::patch, product, R"({"brand":"Mumias"})", owner, {{"If-Match", known}}).status, 200);
    EXPECT_EQ(send(http::Method::patch, product, R"({"brand":"Kabras"})", owner, {{"If-Match", known}}).status, 412);
}

// The product's name and the tax of the day are in this reply, and no version of the variant's counts their changes.
TEST_F(ReadersTest, WhatIsPutTogetherIsNotTakenForUnchanged) {
    const std::string scan = "/v1/variants/lookup?barcode=6161100000018";
    const auto known = tag(scan);
    EXPECT_EQ(revalidate(scan, owner, known).status, 304);
    const auto product =
        "/v1/products/" + text(body<VariantDetails>(get("/v1/variants/" + variant)).variant.product_id);
    EXPECT_EQ(send(http::Method::patch, product, R"({"name":"White sugar"})", owner, {{"If-Match", "*"}}).status, 200);
    const auto reply = revalidate(scan, owner, known);
    EXPECT_EQ(reply.status, 200);
    EXPECT_THAT(reply.body, HasSubstr("White sugar"));
}

TEST_F(ReadersTest, RepliesToACallerArePrivate) {
    const auto vary = [](const InjectedResponse& reply) { return std::string(reply.header("Vary").value_or("")); };
    const auto whole = get("/v1/tenant");
    for (const auto& reply : {whole, revalidate("/v1/tenant", owner, std::string(*whole.header("ETag"))),
                              get("/v1/products"), get("/v1/roles")}) {
        EXPECT_EQ(reply.header("Cache-Control"), "private, no-cache") << reply.status;
        EXPECT_THAT(vary(reply), HasSubstr("Authorization, Cookie")) << reply.status;
    }
    for (const auto& reply : {get("/v1/tenant", ""), get("/v1/tenant?x=1"), get("/v1/users", cashier),
                              get("/v1/auth/me"), get("/v1/auth/sessions")}) {
        EXPECT_EQ(reply.header("Cache-Control"), "no-store") << reply.status;
        EXPECT_THAT(vary(reply), HasSubstr("Authorization, Cookie")) << reply.status;
    }
    EXPECT_THAT(vary(get("/openapi.json", "")), Not(HasSubstr("Authorization")));
}

}  // namespace
