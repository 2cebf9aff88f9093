// The catalogue's routes on the whole service.

#include <gmock/gmock.h>

#include <algorithm>

#include "pos/modules/catalogue/model.h"
#include "pos/plumbing/bulk.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class CatalogueTest : public ShopTest {
protected:
    static ProductDetails sugar(std::string_view barcode, std::string_view more = "") {
        return made<ProductDetails>(post(
            "/v1/products",
            fmt::format(
                R"({{"name":"Sugar"{},"variants":[{{"name":"Sugar 1kg","price":15000,"barcodes":[{{"barcode":"{}","packQuantity":"1"}}]}}]}})",
                more, barcode)));
    }
    static std::vector<std::string> names(const std::string& target, const std::string& token = owner) {
        std::vector<std::string> all;
        for (const auto& product : body<db::Page<Product>>(get(target, token)).data) all.push_back(product.fields.name);
        return all;
    }
};

TEST_F(CatalogueTest, MakesAProductWhole) {
    const auto reply = post("/v1/products", R"({"id":"0197f0c2-0000-7000-8000-000000000001","name":"Rice","variants":[
        {"name":"Rice 1kg","sku":"RICE1","price":20000,"barcodes":[{"barcode":"6161100000018"},{"barcode":"6161100000025","packQuantity":"12"}]},
        {"name":"Rice 5kg","price":90000}]})");
    const auto product = made<ProductDetails>(reply);
    EXPECT_EQ(reply.header("Location"), "/v1/products/0197f0c2-0000-7000-8000-000000000001");
    EXPECT_EQ(reply.header("ETag"), "\"1\"");

    const auto read = get("/v1/products/0197f0c2-0000-7000-8000-000000000001?include=variants");
    EXPECT_EQ(read.status, 200);
    EXPECT_EQ(read.body, reply.body);
    EXPECT_FALSE(body<ProductDetails>(get("/v1/products/" + text(product.product.id))).variants.has_value());
    EXPECT_EQ(names("/v1/products", other), std::vector<std::string>{});

    const auto& variants = *product.variants;
    EXPECT_THAT(feed("products", text(product.product.id)), HasSubstr(" u"));
    EXPECT_THAT(feed("variants", text(variants[1].variant.id)), HasSubstr(" u"));
    EXPECT_THAT(feed("variant_barcodes", text(variants[0].barcodes[1].id)), HasSubstr(" u"));
    EXPECT_EQ(body<db::Page<Variant>>(get("/v1/variants?productId=" + text(product.product.id))).data.size(), 2U);
}

TEST_F(CatalogueTest, RepeatsTheFirstReplyOfAKey) {
    const std::string json =
        R"({"name":"Milk","variants":[{"name":"Milk 500ml","price":6000,"barcodes":[{"barcode":"6161100000032"}]}]})";
    const Headers key{{"Idempotency-Key", "milk-once"}};
    const auto first = post("/v1/products", json, owner, key);
    const auto second = post("/v1/products", json, owner, key);
    EXPECT_EQ(second.status, 201);
    EXPECT_EQ(second.body, first.body);
    EXPECT_EQ(second.header("Location"), first.header("Location"));
    EXPECT_EQ(second.header("Idempotent-Replayed"), "true");
    EXPECT_THAT(post("/v1/products", R"({"name":"Cream"})", owner, key).body, HasSubstr("idempotency.key_reused"));
    EXPECT_THAT(names("/v1/products?search=milk"), ElementsAre("Milk"));
    // The key is the tenant's own.
    EXPECT_EQ(post("/v1/products", R"({"name":"Cream"})", other, key).status, 201);
    // A UUID is one key, however it is written.
    const auto once = [&](std::string_view uuid) {
        return post("/v1/products", R"({"name":"Ghee"})", owner, {{"Idempotency-Key", std::string(uuid)}});
    };
    EXPECT_EQ(once("0197A3B4-0000-7000-8000-0000000000AB").status, 201);
    EXPECT_EQ(once("\"0197a3b4-0000-7000-8000-0000000000ab\"").header("Idempotent-Replayed"), "true");
}

// Whatever has become of what a row refers to.
TEST_F(CatalogueTest, RepeatsTheFirstReplyAfterTheParentIsGone) {
    const auto product = sugar("6161100000223");
    const auto variant = "/v1/variants/" + text(product.variants->at(0).variant.id);
    const auto parent = text(made<Category>(post("/v1/categories", R"({"name":"Above"})")).id);
    const std::vector<std::pair<std::string, std::string>> creations{
        {variant + "/barcodes", R"({"barcode":"6161100000230"})"},
        {"/v1/variants", fmt::format(R"({{"productId":"{}","name":"Sugar 2kg","price":1}})", text(product.product.id))},
        {"/v1/products", fmt::format(R"({{"name":"Salt","categoryId":"{}"}})", parent)},
        {"/v1/categories", fmt::format(R"({{"name":"Below","parentId":"{}"}})", parent)},
    };
    std::vector<InjectedResponse> first;
    for (std::size_t i = 0; i < creations.size(); ++i) {
        first.push_back(
            post(creations[i].first, creations[i].second, owner, {{"Idempotency-Key", fmt::format("gone-{}", i)}}));
        ASSERT_EQ(first.back().status, 201) << first.back().body;
    }
    ASSERT_EQ(
        send(http::Method::del, "/v1/products/" + text(product.product.id), "", owner, {{"If-Match", "*"}}).status,
        204);
    app->database().execute("update categories set deleted_at = now() where id = '" + parent + "'");
    for (std::size_t i = 0; i < creations.size(); ++i) {
        const auto& [path, json] = creations[i];
        const auto again = post(path, json, owner, {{"Idempotency-Key", fmt::format("gone-{}", i)}});
        EXPECT_EQ(again.status, 201) << path << again.body;
        EXPECT_EQ(again.body, first[i].body) << path;
        EXPECT_EQ(again.header("Idempotent-Replayed"), "true") << path;
        const auto anew = post(path, json, owner, {{"Idempotency-Key", fmt::format("anew-{}", i)}});
        EXPECT_EQ(anew.status, i == 0 ? 404 : 422) << path << anew.body;
    }
}

TEST_F(CatalogueTest, RefusesWhatContradicts) {
    const auto product = sugar("6161100000049", R"(,"id":"0197f0c2-0000-7000-8000-0000000000aa")");
    const auto gone = made<Category>(post("/v1/categories", R"({"name":"Gone"})"));
    ASSERT_EQ(del("/v1/categories/" + text(gone.id), 1).status, 204);
    const struct {
        std::string_view name;
        std::string target;
        std::string json;
        int status;
        std::string_view says;
    } cases[] = {
        {"no name", "/v1/products", R"({})", 422, R"("/name")"},
        {"negative price", "/v1/variants",
         fmt::format(R"({{"productId":"{}","name":"x","price":-1}})", text(product.product.id)), 422, R"("/price")"},
        {"unknown member", "/v1/products", R"({"name":"x","colour":"red"})", 422, R"("/colour")"},
        {"id taken", "/v1/products", R"({"id":"0197f0c2-0000-7000-8000-0000000000aa","name":"x"})", 409,
         "row.id_taken"},
        {"barcode taken", "/v1/products",
         R"({"name":"x","variants":[{"name":"x","price":1,"barcodes":[{"barcode":"6161100000049"}]}]})", 409,
         "variant.barcode_taken"},
        {"barcode twice", "/v1/products",
         R"({"name":"x","variants":[{"name":"x","price":1,"barcodes":[{"barcode":"6161100000056"},{"barcode":"6161100000056"}]}]})",
         422, "/variants/0/barcodes/1/barcode"},
        {"no such category", "/v1/products", R"({"name":"x","categoryId":"0197f0c2-0000-7000-8000-0000000000bb"})", 422,
         "category.unknown"},
        {"deleted category", "/v1/products", fmt::format(R"({{"name":"x","categoryId":"{}"}})", text(gone.id)), 422,
         "category.unknown"},
        {"no such tax class", "/v1/products", R"({"name":"x","taxClassId":"0197f0c2-0000-7000-8000-0000000000bb"})",
         422, "tax_class.unknown"},
        {"no such product", "/v1/variants",
         R"({"productId":"0197f0c2-0000-7000-8000-0000000000bb","name":"x","price":1})", 422, "product.unknown"},
        {"no such parent", "/v1/categories", R"({"name":"x","parentId":"0197f0c2-0000-7000-8000-0000000000bb"})", 422,
         "category.unknown"},
    };
    for (const auto& one : cases) {
        const auto reply = post(one.target, one.json);
        EXPECT_EQ(reply.status, one.status) << one.name << ": " << reply.body;
        EXPECT_THAT(reply.body, HasSubstr(std::string(one.says))) << one.name;
    }
}

TEST_F(CatalogueTest, IsWalled) {
    const auto product = sugar("6161100000063");
    const auto category = made<Category>(post("/v1/categories", R"({"name":"Dry goods"})"));
    const auto& variant = product.variants->at(0);
    const auto product_path = "/v1/products/" + text(product.product.id);
    const auto category_path = "/v1/categories/" + text(category.id);
    const auto variant_path = "/v1/variants/" + text(variant.variant.id);
    const auto barcode_path = variant_path + "/barcodes/" + text(variant.barcodes[0].id);
    const struct {
        http::Method method;
        std::string target;
        std::string json;
        bool by_reader;
    } routes[] = {
        {http::Method::get, product_path, "", true},
        {http::Method::get, product_path + "?include=variants", "", true},
        {http::Method::patch, product_path, R"({"name":"Taken"})", false},
        {http::Method::del, product_path, "", false},
        {http::Method::get, category_path, "", true},
        {http::Method::patch, category_path, R"({"name":"Taken"})", false},
        {http::Method::del, category_path, "", false},
        {http::Method::get, variant_path, "", true},
        {http::Method::get, "/v1/variants/lookup?barcode=6161100000063", "", true},
        {http::Method::patch, variant_path, R"({"price":1})", false},
        {http::Method::del, variant_path, "", false},
        {http::Method::post, variant_path + "/barcodes", R"({"barcode":"6161100009998"})", false},
        {http::Method::del, barcode_path, "", false},
    };
    for (const auto& route : routes) {
        const auto name = fmt::format("{} {}", http::to_string(route.method), route.target);
        EXPECT_EQ(send(route.method, route.target, route.json, "", if_match(1)).status, 401) << name;
        EXPECT_EQ(send(route.method, route.target, route.json, other, if_match(1)).status, 404) << name;
        EXPECT_EQ(send(route.method, route.target, route.json, viewer, if_match(1)).status, route.by_reader ? 200 : 403)
            << name;
    }
    // Another tenant's product cannot be given a variant, nor a product another tenant's category.
    EXPECT_EQ(post("/v1/variants",
                   fmt::format(R"({{"productId":"{}","name":"x","price":1}})", text(product.product.id)), other)
                  .status,
              422);
    EXPECT_EQ(post("/v1/products", fmt::format(R"({{"name":"x","categoryId":"{}"}})", text(category.id)), other).status,
              422);
}

TEST_F(CatalogueTest, ChangesByVersion) {
    const auto product = sugar("6161100000070");
    const auto path = "/v1/products/" + text(product.product.id);
    EXPECT_EQ(send(http::Method::patch, path, R"({"brand":"Mumias"})", owner).status, 428);
    const auto changed = patch(path, R"({"brand":"Mumias"})", 1);
    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_EQ(version_in(changed), 2);
    EXPECT_EQ(body<Product>(changed).fields.brand, "Mumias");
    const auto stale = patch(path, R"({"brand":"Kabras"})", 1);
    EXPECT_EQ(stale.status, 412);
    EXPECT_THAT(stale.body, HasSubstr(R"("brand":"Mumias")"));
    EXPECT_EQ(patch(path, R"({"name":""})", 2).status, 422);
    EXPECT_EQ(patch(path, R"({"brand":null})", 2).status, 200);
    EXPECT_EQ(body<ProductDetails>(get(path)).product.meta.version, 3);
}

TEST_F(CatalogueTest, ParentsChangeWithTheirChildren) {
    const auto product = sugar("6161100000087");
    const auto path = "/v1/products/" + text(product.product.id);
    const auto variant = "/v1/variants/" + text(product.variants->at(0).variant.id);
    const auto version = [](const std::string& of) { return version_in(get(of)); };
    EXPECT_EQ(patch(variant, R"({"price":15500})", 1).status, 200);
    EXPECT_EQ(version(path), 2);
    const auto barcode = made<Barcode>(post(variant + "/barcodes", R"({"barcode":"6161100000094"})"));
    EXPECT_EQ(version(variant), 3);
    EXPECT_EQ(version(path), 3);
    EXPECT_EQ(del(variant + "/barcodes/" + text(barcode.id), 1).status, 204);
    EXPECT_EQ(version(variant), 4);
    EXPECT_EQ(version(path), 4);
    EXPECT_EQ(get("/v1/variants/lookup?barcode=6161100000094").status, 404);
    EXPECT_THAT(feed("variant_barcodes", text(barcode.id)), HasSubstr(" d"));
}

// The last version that the column holds: what changes a row along with another one goes round to the first, as an edit does.
TEST_F(CatalogueTest, VersionsGoRoundAtTheirEdge) {
    const auto product = sugar("6161100000926");
    const auto id = text(product.product.id);
    const auto variant = text(product.variants->at(0).variant.id);
    const auto put_at_the_edge = [&] {
        for (const std::string_view table : {"products", "variants", "variant_barcodes"})
            app->database().execute(fmt::format("update {} set version = 2147483647", table));
    };
    put_at_the_edge();
    EXPECT_EQ(post("/v1/variants", fmt::format(R"({{"productId":"{}","name":"2 kg","price":1}})", id)).status, 201);
    EXPECT_EQ(post("/v1/variants/" + variant + "/barcodes", R"({"barcode":"6161100000933"})").status, 201);
    EXPECT_EQ(version_in(get("/v1/products/" + id)), 2) << "round, and changed once more";
    EXPECT_EQ(version_in(get("/v1/variants/" + variant)), 1);
    put_at_the_edge();
    EXPECT_EQ(del("/v1/products/" + id, 2'147'483'647).status, 204);
    EXPECT_EQ(app->database().value(fmt::format(
                  "select string_agg(distinct version::text, ',') from variants where product_id = '{}'", id)),
              "1");
}

TEST_F(CatalogueTest, DeletesAProductWithAllOfIt) {
    const auto product = sugar("6161100000100");
    const auto path = "/v1/products/" + text(product.product.id);
    const auto& variant = product.variants->at(0);
    EXPECT_EQ(del(path, 7).status, 412);
    EXPECT_EQ(del(path, 1).status, 204);
    EXPECT_EQ(get(path).status, 404);
    EXPECT_EQ(del(path, 2).status, 404);
    EXPECT_EQ(get("/v1/variants/" + text(variant.variant.id)).status, 404);
    EXPECT_EQ(get("/v1/variants/lookup?barcode=6161100000100").status, 404);
    EXPECT_THAT(feed("products", text(product.product.id)), HasSubstr(" d"));
    EXPECT_THAT(feed("variants", text(variant.variant.id)), HasSubstr(" d"));
    EXPECT_THAT(feed("variant_barcodes", text(variant.barcodes[0].id)), HasSubstr(" d"));
    sugar("6161100000100");  // the barcode is free again
}

TEST_F(CatalogueTest, ScansABarcode) {
    const auto classes = body<db::Page<TaxClass>>(get("/v1/tax-classes")).data;
    const auto standard = std::ranges::find(classes, "VAT16", [](const TaxClass& one) { return one.fields.code; });
    ASSERT_NE(standard, classes.end());
    sugar("6161100000117", fmt::format(R"(,"taxClassId":"{}")", text(standard->id)));
    const auto scanned = body<ScannedVariant>(get("/v1/variants/lookup?barcode=6161100000117"));
    EXPECT_EQ(scanned.product_name, "Sugar");
    EXPECT_EQ(scanned.variant.fields.price.minor, 15000);
    EXPECT_EQ(scanned.tax_code, "VAT16");
    EXPECT_EQ(scanned.tax_rate_ppm->ppm, 160000);
    EXPECT_EQ(get("/v1/variants/lookup").status, 422);
}

TEST_F(CatalogueTest, ListsByPagesAndFilters) {
    const auto shop = sign_up("lists@duka.example");
    const auto category = made<Category>(post("/v1/categories", R"({"name":"Tea"})", shop));
    for (const auto* name : {"Tea leaves", "Ketepa tea bags", "Coffee", "TV cable", "100% honey"}) {
        const auto tea = std::string_view(name).find("ea") != std::string_view::npos;
        const auto json = fmt::format(R"({{"name":"{}","active":{}{}}})", name, std::string_view(name) != "Coffee",
                                      tea ? fmt::format(R"(,"categoryId":"{}")", text(category.id)) : "");
        ASSERT_EQ(post("/v1/products", json, shop).status, 201);
    }
    EXPECT_THAT(names("/v1/products", shop),
                ElementsAre("100% honey", "Coffee", "Ketepa tea bags", "TV cable", "Tea leaves"));
    EXPECT_THAT(names("/v1/products?active=false", shop), ElementsAre("Coffee"));
    EXPECT_THAT(names("/v1/products?categoryId=" + text(category.id), shop),
                ElementsAre("Ketepa tea bags", "Tea leaves"));
    EXPECT_THAT(names("/v1/products?search=TEA", shop), ElementsAre("Ketepa tea bags", "Tea leaves"));
    EXPECT_THAT(names("/v1/products?search=tea&categoryId=" + text(category.id) + "&active=false", shop),
                ElementsAre());
    EXPECT_THAT(names("/v1/products?search=tv", shop), ElementsAre("TV cable"));
    EXPECT_THAT(names("/v1/products?search=0%25", shop), ElementsAre());
    EXPECT_THAT(names("/v1/products?search=00%25", shop), ElementsAre("100% honey"));
    EXPECT_THAT(names("/v1/products?search=tea&limit=500", other), ElementsAre());
    EXPECT_THAT(names("/v1/products?updatedSince=2999-01-01T00:00:00Z", shop), ElementsAre());
    EXPECT_EQ(names("/v1/products?updatedSince=2020-01-01T00:00:00Z", shop).size(), 5U);

    const auto since = std::string("&updatedSince=2020-01-01T00:00:00Z");
    const auto of_category = "&categoryId=" + text(category.id);
    EXPECT_THAT(names("/v1/products?limit=500" + of_category + since, shop),
                ElementsAre("Tea leaves", "Ketepa tea bags"))
        << "the earliest change first";
    EXPECT_THAT(names("/v1/products?active=false" + of_category + since, shop), ElementsAre());

    for (const auto& filter :
         {std::string(), std::string("&search=ea"), std::string("&active=true"), since, of_category,
          of_category + "&active=true", of_category + since, "&active=true" + since}) {
        const auto target = "/v1/products?limit=1" + filter;
        std::vector<std::string> walked;
        std::string cursor;
        do {
            const auto page = body<db::Page<Product>>(get(target + cursor, shop));
            for (const auto& product : page.data) walked.push_back(product.fields.name);
            cursor = page.next_cursor ? "&cursor=" + *page.next_cursor : "";
        } while (!cursor.empty() && walked.size() < 10);
        EXPECT_EQ(walked, names("/v1/products?limit=500" + filter, shop)) << filter;
    }
    const auto page = body<db::Page<Product>>(get("/v1/products?limit=1", shop));
    EXPECT_THAT(get("/v1/products?limit=1&active=true&cursor=" + *page.next_cursor, shop).body,
                HasSubstr("request.invalid_cursor"));
    EXPECT_THAT(get("/v1/products?limit=1&cursor=" + *page.next_cursor).body, HasSubstr("request.invalid_cursor"));
    EXPECT_EQ(get("/v1/products?limit=501").status, 422);
}

TEST_F(CatalogueTest, CategoriesAreATree) {
    const auto food = made<Category>(post("/v1/categories", R"({"name":"Food"})"));
    const auto fruit =
        made<Category>(post("/v1/categories", fmt::format(R"({{"name":"Fruit","parentId":"{}"}})", text(food.id))));
    const auto apples =
        made<Category>(post("/v1/categories", fmt::format(R"({{"name":"Apples","parentId":"{}"}})", text(fruit.id))));
    const auto below = [](const Category& parent) { return fmt::format(R"({{"parentId":"{}"}})", text(parent.id)); };
    EXPECT_THAT(patch("/v1/categories/" + text(food.id), below(apples), 1).body, HasSubstr("category.cycle"));
    EXPECT_THAT(patch("/v1/categories/" + text(food.id), below(food), 1).body, HasSubstr("category.cycle"));
    EXPECT_EQ(patch("/v1/categories/" + text(apples.id), below(food), 1).status, 200);
    EXPECT_EQ(patch("/v1/categories/" + text(apples.id), R"({"parentId":null})", 2).status, 200);
    EXPECT_EQ(del("/v1/categories/" + text(food.id), 1).status, 409);
    EXPECT_EQ(del("/v1/categories/" + text(fruit.id), 1).status, 204);
    EXPECT_EQ(del("/v1/categories/" + text(food.id), 1).status, 204);
    ASSERT_EQ(post("/v1/products", fmt::format(R"({{"name":"Braeburn","categoryId":"{}"}})", text(apples.id))).status,
              201);
    EXPECT_THAT(del("/v1/categories/" + text(apples.id), 3).body, HasSubstr("category.in_use"));
}

// ---- Parts of rows, and how many --------------------------------------------------------------------------------

TEST_F(CatalogueTest, SendsTheMembersThatAreAskedFor) {
    const auto made_product = made<ProductDetails>(post("/v1/products", R"({"name":"Fields","brand":"Kilimo"})"));
    const auto id = text(made_product.product.id);
    EXPECT_EQ(get("/v1/products?search=fields&fields=name,brand").body,
              R"({"data":[{"name":"Fields","brand":"Kilimo"}],"nextCursor":null})");
    EXPECT_EQ(get("/v1/products?search=fields&fields=id&fields=version").body,
              fmt::format(R"({{"data":[{{"id":"{}","version":1}}],"nextCursor":null}})", id));

    const auto unknown = get("/v1/products?fields=name,colour&limit=0");
    EXPECT_EQ(unknown.status, 422);
    EXPECT_THAT(unknown.body, HasSubstr(R"("pointer":"/fields")"));
    EXPECT_THAT(unknown.body, HasSubstr(R"("allowed":["id","name",)"));
    EXPECT_THAT(unknown.body, HasSubstr(R"("pointer":"/limit")")) << "all findings come at once";
    EXPECT_EQ(get("/v1/products?fields=deletedAt").status, 422) << "not even the name of what is never sent";
    EXPECT_EQ(get("/v1/products?fields=").status, 422);
    // One row is sent whole, with every member that the document requires, read or written.
    EXPECT_THAT(get("/v1/products/" + id + "?fields=name").body,
                HasSubstr(R"("pointer":"/fields","code":"unknown_key")"));
    EXPECT_EQ(
        send(http::Method::patch, "/v1/products/" + id + "?fields=id", R"({"brand":"Shamba"})", owner, if_match(1))
            .status,
        422);
}

TEST_F(CatalogueTest, CountsAListWhenAsked) {
    for (int i = 0; i < 3; ++i)
        ASSERT_EQ(post("/v1/products", fmt::format(R"({{"name":"Counted {}"}})", i)).status, 201);
    EXPECT_THAT(get("/v1/products?search=counted").body, ::testing::Not(HasSubstr("count\"")));
    const auto first = get("/v1/products?search=counted&limit=2&count=true");
    EXPECT_THAT(first.body, HasSubstr(R"("count":{"value":3,"exact":true})"));
    const auto cursor = body<db::Page<Product>>(first).next_cursor.value();
    EXPECT_THAT(get("/v1/products?search=counted&limit=2&count=true&cursor=" + cursor).body,
                HasSubstr(R"("count":{"value":3,"exact":true})"))
        << "of all pages, whichever is read";
    for (const auto* target :
         {"/v1/products?count=true", "/v1/products?active=true&count=true", "/v1/variants?count=true",
          "/v1/users?count=true", "/v1/sales?count=true", "/v1/stock-levels?count=true",
          "/v1/products?updatedSince=2020-01-01T00:00:00Z&count=true"}) {
        const auto reply = get(target);
        EXPECT_EQ(reply.status, 200) << target << reply.body;
        EXPECT_THAT(reply.body, HasSubstr(R"("exact":true})")) << target;
    }
    EXPECT_THAT(get("/v1/categories?count=true", other).body, HasSubstr(R"("count":{"value":0,"exact":true})"));
}

TEST_F(CatalogueTest, StopsCountingSomewhere) {
    ASSERT_EQ(post("/v1/categories", R"({"name":"Many"})", other).status, 201);
    app->database().execute(
        "insert into categories (tenant_id, id, name, sort, version, created_at, updated_at) "
        "select tenant_id, gen_random_uuid(), 'c' || n, 0, 1, now(), now() "
        "from categories, generate_series(1, 10000) n where name = 'Many'");
    const auto reply = get("/v1/categories?limit=1&count=true&fields=name", other);
    EXPECT_THAT(reply.body, HasSubstr(R"("count":{"value":10000,"exact":false})"));
}

// ---- Costs ------------------------------------------------------------------------------------------------------

TEST_F(CatalogueTest, ShowsCostsToThoseWhoMayReadThem) {
    const auto json =
        R"({"name":"Costly","variants":[{"name":"Costly 1kg","price":300,"cost":200,"barcodes":[{"barcode":"6161100000155"}]}]})";
    const auto product = made<ProductDetails>(post("/v1/products", json));
    const auto variant = text(product.variants->at(0).variant.id);
    const auto path = "/v1/products/" + text(product.product.id) + "?include=variants";
    const struct {
        std::string_view role;
        bool sees;
    } cases[] = {{"owner", true},       {"admin", true},      {"manager", true}, {"cashier", false},
                 {"stock_clerk", true}, {"accountant", true}, {"viewer", false}};
    for (const auto& [role, sees] : cases) {
        const auto token = role == "owner" ? owner : member(fmt::format("{}.costs@duka.example", role), role);
        for (const auto& target :
             {path, "/v1/variants/" + variant, std::string("/v1/variants?limit=500&fields=name,cost"),
              std::string("/v1/variants?limit=500"), std::string("/v1/variants/lookup?barcode=6161100000155")}) {
            const auto reply = get(target, token);
            EXPECT_EQ(reply.status, 200) << role << ' ' << target << reply.body;
            EXPECT_EQ(reply.body.contains(R"("cost":200)"), sees) << role << ' ' << target << reply.body;
            EXPECT_EQ(reply.body.contains(R"("cost")"), sees) << role << ' ' << target << reply.body;
        }
    }
}

// A tenant's own role that may change products and not read what they cost.
TEST_F(CatalogueTest, RepliesToWritesHideCostsToo) {
    constexpr std::string_view role = "0197f0c2-0000-7000-8000-0000000000b1";
    app->database().execute(
        fmt::format("insert into roles (tenant_id, id, name, permissions, version, created_at, updated_at) "
                    "select m.tenant_id, '{}', 'Blind', '{{products.read,products.write}}', 1, now(), now() "
                    "from memberships m join users u on u.id = m.user_id where u.email = 'owner@duka.example'",
                    role));
    const auto person =
        fmt::format(R"({{"name":"Juma","email":"blind@duka.example","password":"{}","roles":[{{"roleId":"{}"}}]}})",
                    password, role);
    ASSERT_EQ(post("/v1/users", person, owner, {{"Idempotency-Key", "blind-user"}}).status, 201);
    const auto token = log_in("blind@duka.example");
    const auto reply = post("/v1/products", R"({"name":"Blind","variants":[{"name":"Blind","price":300,"cost":200}]})",
                            token, {{"Idempotency-Key", "blind"}});
    ASSERT_EQ(reply.status, 201) << reply.body;
    EXPECT_FALSE(reply.body.contains("cost")) << reply.body;
    const auto path = "/v1/variants/" + text(body<ProductDetails>(reply).variants->at(0).variant.id);
    const auto stale = patch(path, R"({"price":1})", 7, token);
    EXPECT_EQ(stale.status, 412);
    EXPECT_FALSE(stale.body.contains("cost")) << stale.body;
    EXPECT_FALSE(patch(path, R"({"price":1})", 1, token).body.contains("cost"));
    EXPECT_TRUE(get(path).body.contains(R"("cost":200)"));
}

// ---- Batches ----------------------------------------------------------------------------------------------------

class BatchTest : public CatalogueTest {
protected:
    static InjectedResponse batch(std::string_view on_error, std::string_view items, Headers headers = {}) {
        return post("/v1/products/batch", fmt::format(R"({{"onError":"{}","items":[{}]}})", on_error, items), owner,
                    std::move(headers));
    }
    static std::string product(std::string_view name) {
        return text(made<ProductDetails>(post("/v1/products", fmt::format(R"({{"name":"{}"}})", name))).product.id);
    }
};

TEST_F(BatchTest, ContinueKeepsWhatWentWell) {
    const auto changed = product("Batch changed");
    const auto stale = product("Batch stale");
    const auto deleted = product("Batch deleted");
    const auto reply = batch(
        "continue",
        fmt::format(
            R"({{"key":"a","op":"create","data":{{"name":"Batch new","variants":[{{"name":"v","price":1,"cost":1}}]}}}},)"
            R"({{"key":"b","op":"update","id":"{}","version":1,"data":{{"brand":"B"}}}},)"
            R"({{"key":"c","op":"update","id":"{}","version":9,"data":{{"brand":"B"}}}},)"
            R"({{"key":"d","op":"delete","id":"{}","version":1}},)"
            R"({{"key":"e","op":"create","data":{{"name":"","colour":"red"}}}},)"
            R"({{"key":"f","op":"update","id":"0197f0c2-0000-7000-8000-0000000000ff","version":1,"data":{{}}}},)"
            R"({{"op":"update"}},)"
            R"({{"key":"g","op":"create","id":"0197f0c2-0000-7000-8000-00000000ba01","data":{{"name":"Batch own id"}}}},)"
            R"({{"key":"h","op":"create","id":"0197f0c2-0000-7000-8000-00000000ba01","data":{{"name":"Batch again"}}}})",
            changed, stale, deleted));
    ASSERT_EQ(reply.status, 200) << reply.body;
    const auto answers = body<BulkReply>(reply);
    std::vector<int> statuses;
    for (const auto& result : answers.results) statuses.push_back(result.status);
    EXPECT_THAT(statuses, ElementsAre(201, 200, 412, 204, 422, 404, 422, 201, 409)) << reply.body;
    EXPECT_EQ(answers.summary.ok, 4);
    EXPECT_EQ(answers.summary.failed, 5);
    EXPECT_EQ(answers.results[0].key.value(), "a");
    EXPECT_THAT(answers.results[0].data->text, HasSubstr(R"("variants":[{)"));
    EXPECT_THAT(answers.results[1].data->text, HasSubstr(R"("version":2)"));
    EXPECT_THAT(answers.results[2].problem->text, HasSubstr(R"("current":{)"));
    EXPECT_FALSE(answers.results[3].data);
    EXPECT_THAT(answers.results[4].problem->text, HasSubstr(R"("pointer":"/items/4/data/colour")"));
    EXPECT_THAT(answers.results[4].problem->text, HasSubstr(R"("requestId":")"));
    EXPECT_THAT(answers.results[6].problem->text, HasSubstr(R"("pointer":"/items/6/version")"));
    EXPECT_THAT(answers.results[8].problem->text, HasSubstr("row.id_taken"));
    EXPECT_EQ(get("/v1/products/" + deleted).status, 404);
    EXPECT_EQ(body<Product>(get("/v1/products/" + stale)).meta.version, 1);
    // Rows and feed are one transaction, numbered without a hole.
    EXPECT_THAT(feed("products", changed), HasSubstr(" u"));
    EXPECT_THAT(feed("products", deleted), HasSubstr(" d"));
    EXPECT_EQ(feed("products", "0197f0c2-0000-7000-8000-0000000000ff"), "");
}

TEST_F(BatchTest, AbortKeepsAllOrNone) {
    const auto changed = product("Abort changed");
    const auto items = [&](std::string_view price) {
        return fmt::format(
            R"({{"key":"a","op":"update","id":"{}","version":1,"data":{{"brand":"B"}}}},)"
            R"({{"key":"b","op":"create","data":{{"name":"Abort new","variants":[{{"name":"v","price":{}}}]}}}})",
            changed, price);
    };
    const auto refused = batch("abort", items("-1"), {{"Idempotency-Key", "abort-1"}});
    EXPECT_EQ(refused.status, 200);
    auto answers = body<BulkReply>(refused);
    EXPECT_EQ(answers.results[0].status, 424);
    EXPECT_THAT(answers.results[0].problem->text, HasSubstr("batch.aborted"));
    EXPECT_EQ(answers.results[1].status, 422);
    EXPECT_EQ(answers.summary.ok, 0);
    EXPECT_EQ(answers.summary.failed, 2);
    EXPECT_EQ(body<Product>(get("/v1/products/" + changed)).meta.version, 1);
    EXPECT_THAT(names("/v1/products?search=abort%20new"), ElementsAre());

    // Nothing was kept, nor is the key: the mended request may use it.
    const auto kept = batch("abort", items("1"), {{"Idempotency-Key", "abort-1"}});
    answers = body<BulkReply>(kept);
    EXPECT_EQ(answers.summary.ok, 2) << kept.body;
    EXPECT_THAT(names("/v1/products?search=abort%20new"), ElementsAre("Abort new"));
}

TEST_F(BatchTest, CleansTheDescriptionHoweverItIsWritten) {
    const auto description = [](std::string_view id) {
        return body<ProductDetails>(get(fmt::format("/v1/products/{}", id))).product.fields.description;
    };
    const auto made_one = made<ProductDetails>(post(
        "/v1/products",
        R"({"name":"<b>Plain</b>","description":" <p onclick=x()>Sifted <b>twice</b><script>x()</script><img src=x onerror=x()> "})"));
    const auto id = text(made_one.product.id);
    EXPECT_EQ(made_one.product.fields.description, "<p>Sifted <b>twice</b></p>");
    EXPECT_EQ(description(id), "<p>Sifted <b>twice</b></p>");
    EXPECT_EQ(made_one.product.fields.name, "<b>Plain</b>");

    EXPECT_EQ(
        patch("/v1/products/" + id, R"({"description":"5 < 6 <svg onload=x()>& <a href=javascript:x()>more</a>"})", 1)
            .status,
        200);
    EXPECT_EQ(description(id), "5 &lt; 6 &amp; <a>more</a>");
    EXPECT_EQ(patch("/v1/products/" + id, R"({"brand":"Jogoo"})", 2).status, 200);
    EXPECT_EQ(description(id), "5 &lt; 6 &amp; <a>more</a>");

    const auto reply =
        batch("continue",
              fmt::format(R"({{"op":"update","id":"{}","version":3,"data":{{"description":"<i>a<iframe src=//x>b"}}}},)"
                          R"({{"op":"create","data":{{"name":"Rich two","description":"<style>x</style><u>c"}}}})",
                          id));
    EXPECT_EQ(reply.status, 200) << reply.body;
    EXPECT_EQ(description(id), "<i>a</i>");
    EXPECT_THAT(reply.body, HasSubstr(R"("description":"<u>c</u>")"));
}

TEST_F(BatchTest, RefusesADescriptionThatIsTooMuchForTheParser) {
    std::string deep;
    for (int i = 0; i < 33; ++i) deep += "<div>";
    const auto refused = post("/v1/products", fmt::format(R"({{"name":"Deep","description":"{}"}})", deep));
    EXPECT_EQ(refused.status, 422);
    EXPECT_THAT(refused.body, HasSubstr(R"("pointer":"/description")"));
    EXPECT_THAT(refused.body, HasSubstr(R"("format":"html")"));
    const auto long_one =
        post("/v1/products", fmt::format(R"({{"name":"Long","description":"{}"}})", std::string(4'001, 'x')));
    EXPECT_EQ(long_one.status, 422);
    EXPECT_THAT(long_one.body, HasSubstr("too_long"));
    // What goes is not counted: a word processor sends much of it.
    const auto heavy = post("/v1/products", fmt::format(R"({{"name":"Heavy","description":"<style>{}</style><p>x"}})",
                                                        std::string(30'000, 'x')));
    EXPECT_EQ(made<ProductDetails>(heavy).product.fields.description, "<p>x</p>");
}

TEST_F(BatchTest, IsRepeatedToTheByte) {
    const Headers key{{"Idempotency-Key", "batch-once"}};
    const auto items = R"({"op":"create","data":{"name":"Batch once"}},{"op":"create","data":{"name":""}})";
    const auto first = batch("continue", items, key);
    const auto second = batch("continue", items, key);
    EXPECT_EQ(second.status, 200);
    EXPECT_EQ(second.body, first.body);
    EXPECT_EQ(second.header("Idempotent-Replayed"), "true");
    EXPECT_THAT(names("/v1/products?search=batch%20once"), ElementsAre("Batch once"));
    EXPECT_THAT(batch("continue", R"({"op":"create","data":{"name":"Other"}})", key).body,
                HasSubstr("idempotency.key_reused"));
}

TEST_F(BatchTest, IsRepeatedToTheByteWhateverItsSize) {
    const std::string description(4'000, 'x');
    std::string items;
    for (int i = 0; i < 400; ++i)
        items += fmt::format(R"(,{{"op":"create","data":{{"name":"Long {}","description":"{}"}}}})", i, description);
    const Headers key{{"Idempotency-Key", "batch-long"}};
    const auto first = batch("continue", items.substr(1), key);
    ASSERT_EQ(first.status, 200) << first.body.substr(0, 1'000);
    ASSERT_GT(first.body.size(), schema::ReadOptions{}.max_bytes);
    const auto second = batch("continue", items.substr(1), key);
    EXPECT_EQ(second.status, 200) << second.body.substr(0, 1'000);
    EXPECT_TRUE(second.body == first.body);
    EXPECT_EQ(second.header("Idempotent-Replayed"), "true");
}

TEST_F(BatchTest, TheFaultOfAnItemIsItsOwn) {
    const auto deleted = product("Batch null");
    const auto faulty = [&](std::string_view version) {
        return fmt::format(R"({{"key":null,"op":"create","data":{{"name":"Batch sound"}}}},)"
                           R"({{"op":"delete","id":"{0}","version":1,"data":null}},)"
                           R"({{"op":"update","id":"{0}","version":{1},"data":{{}}}},)"
                           R"({{"op":"update","id":"{0}","version":2147483648,"data":{{}}}},)"
                           R"({{"op":"update","id":"none","version":1,"data":{{}}}},)"
                           R"({{"op":"upsert","data":{{}}}},)"
                           R"({{"op":"create","data":{{"name":"a\u0000"}}}},)"
                           R"({{"op":"create","data":{{"name":"x"}},"colour":"red"}},)"
                           R"({{"op":"create","data":null}},)"
                           R"(7)",
                           deleted, version);
    };
    const Headers key{{"Idempotency-Key", "batch-faults"}};
    const auto reply = batch("continue", faulty("-1"), key);
    ASSERT_EQ(reply.status, 200) << reply.body;
    const auto answers = body<BulkReply>(reply);
    EXPECT_EQ(answers.results[0].status, 201);
    EXPECT_EQ(answers.results[1].status, 204);
    const std::vector<std::string> pointers{"/items/2/version", "/items/3/version", "/items/4/id",   "/items/5/op",
                                            "/items/6/data",    "/items/7/colour",  "/items/8/data", "/items/9"};
    for (std::size_t i = 0; i < pointers.size(); ++i) {
        EXPECT_EQ(answers.results[i + 2].status, 422);
        EXPECT_THAT(answers.results[i + 2].problem->text, HasSubstr(fmt::format(R"("pointer":"{}")", pointers[i])));
    }
    EXPECT_EQ(answers.summary.failed, 8);
    EXPECT_EQ(batch("continue", faulty("-1"), key).body, reply.body) << "repeated";
    EXPECT_THAT(batch("continue", faulty("-2"), key).body, HasSubstr("idempotency.key_reused"));
    EXPECT_EQ(body<BulkReply>(batch("abort", faulty("-1"))).results[0].status, 424);
    std::string many;
    for (int i = 0; i < 101; ++i) many += R"({"op":"none"},)";
    EXPECT_EQ(batch("continue", many + R"({"op":"create","data":{"name":"Batch behind"}})").status, 422);
}

TEST_F(BatchTest, WallsHold) {
    const auto mine = product("Batch mine");
    const auto json =
        fmt::format(R"({{"items":[{{"op":"update","id":"{}","version":1,"data":{{"brand":"Theirs"}}}}]}})", mine);
    EXPECT_EQ(body<BulkReply>(post("/v1/products/batch", json, other)).results[0].status, 404);
    EXPECT_EQ(post("/v1/products/batch", json, viewer).status, 403);
    EXPECT_EQ(post("/v1/products/batch", json, "").status, 401);
    EXPECT_EQ(body<Product>(get("/v1/products/" + mine)).meta.version, 1);
}

TEST_F(BatchTest, IsBounded) {
    std::string items;
    for (int i = 0; i < 500; ++i) items += fmt::format(R"(,{{"op":"create","data":{{"name":"Bounded {}"}}}})", i);
    const auto full = batch("abort", items.substr(1));
    EXPECT_EQ(body<BulkReply>(full).summary.ok, 500);
    EXPECT_EQ(batch("abort", items.substr(1) + R"(,{"op":"create","data":{"name":"x"}})").status, 422);
    EXPECT_EQ(batch("abort", "").status, 422);
    EXPECT_EQ(batch("whatever", R"({"op":"create","data":{"name":"x"}})").status, 422);
}

// Whoever follows the feed sees what became of a row, not what was done to it first.
TEST_F(CatalogueTest, ABatchLeavesTheLastChangeOfEachRowInTheFeed) {
    const auto id = "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0e11";
    const auto update = fmt::format(R"({{"op":"update","id":"{}","version":1,"data":{{"name":"Salt, fine"}}}})", id);
    const auto reply =
        post("/v1/products/batch",
             fmt::format(R"({{"onError":"continue","items":[{{"op":"create","id":"{0}","data":{{"name":"Salt",)"
                         R"("variants":[{{"name":"Salt 1kg","price":1}}]}}}},{1},)"
                         R"({{"op":"delete","id":"{0}","version":2}}]}})",
                         id, update));
    EXPECT_THAT(reply.body, HasSubstr(R"("summary":{"ok":3,"failed":0})")) << reply.body;
    EXPECT_THAT(feed("products", id), HasSubstr(" d"));
    const auto variant = app->database().value(fmt::format("select id from variants where product_id = '{}'", id));
    EXPECT_THAT(feed("variants", *variant), HasSubstr(" d"));
}

}  // namespace
