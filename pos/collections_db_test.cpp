// What a reader of the feed gets of each collection: every test goes over all that there are. The rows of a module that this test
// does not know are its samples (pos/testing/walls.h).
#include "pos/collections.h"

#include <gmock/gmock.h>

#include "base/strings.h"
#include "pos/permissions.h"
#include "pos/testing/samples.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;
using ::testing::Not;

class CollectionsTest : public SampledTest {
protected:
    static void SetUpTestSuite() {
        SampledTest::SetUpTestSuite();
        tenant = tenant_of("owner@duka.example");
        elsewhere = tenant_of("owner@elsewhere.example");
        first_shop = here;
        second_shop = text(made<Location>(post("/v1/locations", R"({"name":"Stall","code":"STL"})")).id);
        EXPECT_EQ(post("/v1/categories", R"({"name":"Dry goods"})").status, 201);
        const auto product =
            made<ProductDetails>(post("/v1/products", R"({"name":"Sugar","variants":[{"name":"Sugar 1kg",
            "price":15000,"cost":12000,"barcodes":[{"barcode":"6161100000018"}]}]})"));
        for (const auto& shop : {first_shop, second_shop}) {
            EXPECT_EQ(post("/v1/devices", fmt::format(R"({{"name":"Till","locationId":"{}"}})", shop)).status, 201);
            sell(shop, text(product.variants->at(0).variant.id));
        }
        make_all();
        make_all_there(second_shop);
        for (const auto& collection : synced_collections()) make_by_its_route(collection.name);
        tell_of_the_picture();
    }

    // A picture is told of when it has been read, which takes a decoder: the sample waits for its bytes.
    static void tell_of_the_picture() {
        app->database().execute(
            "insert into change_pointers (tenant_id, collection, row_id, seq, op) "
            "select i.tenant_id, 'images', i.id, (select min(seq) - 1 from change_pointers p where p.tenant_id = "
            "i.tenant_id), 'u' "
            "from images i limit 1");
    }

    // Of a module without samples: what its own rule of the POST sends.
    static void make_by_its_route(std::string_view collection) {
        if (!rows_of(collection).empty()) return;
        if (collection == "documents") {  // a file, and no JSON
            send(http::Method::post, "/v1/documents?name=prices", "item,price\nSugar,5\n", owner,
                 {{"Content-Type", "text/csv"}, {"Idempotency-Key", "documents"}});
            return;
        }
        const auto route = "POST /v1/" + replace(std::string(collection), "_", "-");
        for (const auto& rule : all_rules()) {
            if (rule.route == route)
                post(route.substr(5), filled(rule.body), owner, {{"Idempotency-Key", std::string(collection)}});
        }
    }

    static void sell(const std::string& shop, const std::string& variant) {
        const auto reply = post(
            "/v1/sales",
            fmt::format(
                R"({{"clientRequestId":"0197f0c2-0000-7000-8000-{:012}","locationId":"{}","occurredAt":"2026-11-20T09:00:00Z",)"
                R"("lines":[{{"lineNumber":1,"variantId":"{}","name":"Sugar","quantity":"1","unitPrice":15000,"taxInclusive":true,"taxCode":"ZERO","taxRatePpm":0}}],)"
                R"("taxTotal":0,"total":15000,"payments":[{{"method":"cash","amount":15000,"tendered":15000}}]}})",
                ++number, shop, variant));
        EXPECT_EQ(reply.status, 201) << reply.body;
    }

    static base::Uuid tenant_of(std::string_view email) {
        const auto id = app->database().value(fmt::format(
            "select m.tenant_id from memberships m join users u on u.id = m.user_id where u.email = '{}'", email));
        return base::Uuid::from_string(id.value()).value();
    }
    static std::string pointers(std::string_view collection, std::string_view what,
                                std::string_view condition = "true") {
        return app->database()
            .value(
                fmt::format("select {} from change_pointers where tenant_id = '{}' and collection = '{}' and op = 'u' "
                            "and {}",
                            what, tenant.to_string(), collection, condition))
            .value_or("");
    }
    static std::vector<base::Uuid> rows_of(std::string_view collection) {
        std::vector<base::Uuid> ids;
        const auto joined = pointers(collection, "string_agg(row_id::text, ',' order by seq)");
        for (const auto id : base::split(joined, ',')) {
            if (!id.empty()) ids.push_back(base::Uuid::from_string(id).value());
        }
        return ids;
    }

    static auth::PermissionSet all_but(std::string_view permission = "") {
        auto names = std::vector<std::string>(permission_names.begin(), permission_names.end());
        std::erase(names, permission);
        return permissions.set_of(names);
    }
    static auth::Caller reader(auth::Grants grants) {
        auth::Caller caller;
        caller.tenant_id = tenant;
        caller.grants = std::make_shared<const auth::Grants>(std::move(grants));
        caller.permissions = &permissions;
        return caller;
    }
    static auth::Caller reader_at(const std::string& shop) {
        return reader({{}, {{base::Uuid::from_string(shop).value(), all_but()}}});
    }

    static std::vector<LoadedRow> load(const SyncedCollection& collection, auth::Caller caller,
                                       std::vector<base::Uuid> ids, base::Uuid of = tenant) {
        const auto deadline = async::Loop::now() + std::chrono::seconds(30);
        return app->run(load_rows(db::tenant_db(app->host().databases(), of, deadline), std::move(caller), &collection,
                                  std::move(ids)));
    }
    static std::int64_t shown(const std::vector<LoadedRow>& rows) {
        return std::ranges::count_if(rows, [](const LoadedRow& row) { return row.json.has_value(); });
    }

    static inline const auth::Permissions permissions{{permission_names.begin(), permission_names.end()}};
    static inline base::Uuid tenant;
    static inline base::Uuid elsewhere;
    static inline std::string first_shop;
    static inline std::string second_shop;
};

TEST_F(CollectionsTest, EachRowIsGivenInTheOrderOfTheIds) {
    for (const auto& collection : synced_collections()) {
        auto ids = rows_of(collection.name);
        ASSERT_FALSE(ids.empty()) << "no row of " << collection.name
                                  << ": say in a test of its module how one is made, {\"/v1/…/{id}\", \"/v1/…\", "
                                     "\"{…}\"} among the rows of its Walls (pos/testing/walls.h)";
        ids.push_back(base::Uuid::from_string("0197f0c2-0000-7000-8000-00000000dead").value());
        const auto rows = load(collection, reader({all_but(), {}}), ids);
        ASSERT_EQ(rows.size(), ids.size()) << collection.name;
        for (std::size_t i = 0; i < ids.size(); ++i) {
            EXPECT_EQ(rows[i].id, ids[i]) << collection.name;
            EXPECT_EQ(rows[i].json.has_value(), i + 1 < ids.size()) << collection.name;
            if (rows[i].json)
                EXPECT_THAT(*rows[i].json, HasSubstr(fmt::format(R"("id":"{}")", ids[i].to_string())))
                    << collection.name;
        }
        EXPECT_TRUE(load(collection, reader({all_but(), {}}), {}).empty()) << collection.name;
    }
}

TEST_F(CollectionsTest, AnotherTenantsRowsAreDeletions) {
    for (const auto& collection : synced_collections())
        EXPECT_EQ(shown(load(collection, reader({all_but(), {}}), rows_of(collection.name), elsewhere)), 0)
            << collection.name;
}

TEST_F(CollectionsTest, WithoutThePermissionRowsAreDeletions) {
    for (const auto& collection : synced_collections()) {
        const auto ids = rows_of(collection.name);
        const auto without = all_but(collection.read);
        EXPECT_EQ(shown(load(collection, reader({without, {}}), ids)), 0) << collection.name;
        const auto shop = base::Uuid::from_string(first_shop).value();
        EXPECT_EQ(shown(load(collection, reader({{}, {{shop, without}}}), ids)), 0) << collection.name;
    }
}

TEST_F(CollectionsTest, WhoReadsOneShopGetsItsRowsAndWhatAllShopsShare) {
    for (const auto& collection : synced_collections()) {
        const auto ids = rows_of(collection.name);
        for (const auto& shop : {first_shop, second_shop}) {
            const auto there =
                std::stoll(pointers(collection.name, "count(*)", fmt::format("location_id = '{}'", shop)));
            if (collection.has_location)
                EXPECT_GT(there, 0) << "no row of " << collection.name
                                    << " in one of two shops: its sample names the shop as @here, and a name that is "
                                       "the tenant's own ends in @n";
            EXPECT_EQ(shown(load(collection, reader_at(shop), ids)), collection.has_location ? there : std::ssize(ids))
                << collection.name;
        }
    }
}

TEST_F(CollectionsTest, MembersThatAreHiddenFromTheReaderAreLeftOut) {
    const auto& variants = *find_collection("variants");
    const auto ids = rows_of(variants.name);
    EXPECT_THAT(*load(variants, reader({all_but(), {}}), ids).at(0).json, HasSubstr(R"("cost":12000)"));
    EXPECT_THAT(*load(variants, reader({all_but("costs.read"), {}}), ids).at(0).json, Not(HasSubstr("cost")));
    // Nor is what is for nobody: the columns of the feed itself.
    for (const auto& collection : synced_collections()) {
        for (const auto& row : load(collection, reader({all_but(), {}}), rows_of(collection.name)))
            EXPECT_THAT(*row.json, Not(HasSubstr("originDeviceId"))) << collection.name;
    }
}

TEST_F(CollectionsTest, ADeletedRowIsADeletion) {
    const auto& categories = *find_collection("categories");
    const auto category = made<Category>(post("/v1/categories", R"({"name":"Gone soon"})"));
    const std::vector ids{category.id.uuid()};
    EXPECT_EQ(shown(load(categories, reader({all_but(), {}}), ids)), 1);
    EXPECT_EQ(del("/v1/categories/" + text(category.id), 1).status, 204);
    EXPECT_EQ(shown(load(categories, reader({all_but(), {}}), ids)), 0);
}

}  // namespace
