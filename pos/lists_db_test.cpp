// `updatedSince`, on every list that has it, and the indexes behind all lists.

#include <gmock/gmock.h>

#include <algorithm>

#include "db/sql.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct Seen {
    std::string id;
    std::int32_t version = 1;
    base::Timestamp updated_at;
    schema::Json rest;

    friend constexpr auto describe(Seen*) {
        return schema::object<Seen>("Seen", schema::field<&Seen::id>("id"), schema::field<&Seen::version>("version"),
                                    schema::field<&Seen::updated_at>("updatedAt"), schema::keep_unknown<&Seen::rest>());
    }
};

struct Recorded {
    std::string id;
    base::Timestamp recorded_at;
    schema::Json rest;

    friend constexpr auto describe(Recorded*) {
        return schema::object<Recorded>("Recorded", schema::field<&Recorded::id>("id"),
                                        schema::field<&Recorded::recorded_at>("recordedAt"),
                                        schema::keep_unknown<&Recorded::rest>());
    }
};

class ListsTest : public ShopTest {
protected:
    template <class Row>
    static std::vector<Row> rows(const std::string& target, const std::string& token = owner) {
        return body<db::Page<Row>>(get(target, token)).data;
    }
    template <class Row = Seen>
    static std::vector<std::string> ids(const std::string& target, const std::string& token = owner) {
        std::vector<std::string> ids;
        for (const auto& row : rows<Row>(target, token)) ids.push_back(row.id);
        return ids;
    }
    // All pages of one row each.
    template <class Row = Seen>
    static std::vector<std::string> walk(const std::string& target) {
        std::vector<std::string> ids;
        std::string cursor;
        do {
            const auto page = body<db::Page<Row>>(get(target + "&limit=1" + cursor));
            for (const auto& row : page.data) ids.push_back(row.id);
            cursor = page.next_cursor ? "&cursor=" + *page.next_cursor : "";
        } while (!cursor.empty() && ids.size() < 100);
        return ids;
    }
    static std::string since(const std::string& path, base::Timestamp time) {
        return path + (path.contains('?') ? "&" : "?") + "updatedSince=" + base::format_timestamp(time);
    }
    static std::string made_id(const std::string& path, const std::string& json) {
        return made<Seen>(post(path, json)).id;
    }

    // `path` lists two rows at least, one of which `change` touches.
    static void follows_changes(const std::string& path, const std::string& change) {
        SCOPED_TRACE(path);
        const auto before = rows<Seen>(path);
        ASSERT_GE(before.size(), 2U);
        const auto& touched = before.front();
        const auto row_path = path.substr(0, path.find('?')) + "/" + touched.id;
        const auto reply = patch(row_path, change, touched.version);
        ASSERT_EQ(reply.status, 200) << reply.body;
        const auto changed_at = body<Seen>(get(row_path)).updated_at;

        EXPECT_THAT(ids(since(path, changed_at)), ElementsAre(touched.id));
        EXPECT_THAT(ids(since(path, changed_at + std::chrono::hours(1))), IsEmpty());
        const auto all = rows<Seen>(since(path, base::Timestamp{}));
        EXPECT_EQ(all.size(), before.size());
        EXPECT_TRUE(std::ranges::is_sorted(all, {}, &Seen::updated_at));
        EXPECT_EQ(all.back().id, touched.id);
        EXPECT_EQ(walk(since(path + (path.contains('?') ? "&" : "?") + "count=false", base::Timestamp{})),
                  ids(since(path, base::Timestamp{})));
    }
};

TEST_F(ListsTest, ShowWhatHasChanged) {
    for (const auto* name : {"Tea", "Coffee", "Milk"})
        made_id("/v1/categories", fmt::format(R"({{"name":"{}"}})", name));
    follows_changes("/v1/categories", R"({"name":"Aromatic tea"})");
    for (const auto* code : {"NRB8", "NRB9"})
        made_id("/v1/locations", fmt::format(R"({{"code":"{0}","name":"{0}"}})", code));
    follows_changes("/v1/locations", R"({"address":"Ring Road"})");
    for (const auto* name : {"Till A", "Till B"})
        made_id("/v1/devices", fmt::format(R"({{"name":"{}","locationId":"{}"}})", name, location()));
    follows_changes("/v1/devices", R"({"name":"Front till"})");
    made_id("/v1/tax-classes", R"({"code":"LUX","name":"Luxury"})");
    follows_changes("/v1/tax-classes", R"({"name":"Renamed"})");
    follows_changes("/v1/users", fmt::format(R"({{"defaultLocationId":"{}"}})", location()));
    const auto product =
        made_id("/v1/products", R"({"name":"Soap","variants":[{"name":"Bar","price":1},{"name":"Cube","price":2}]})");
    made_id("/v1/products", R"({"name":"Salt","variants":[{"name":"Bag","price":1}]})");
    follows_changes("/v1/products", R"({"brand":"Kensalt"})");
    follows_changes("/v1/variants", R"({"price":3})");
    follows_changes("/v1/variants?productId=" + product, R"({"price":4})");
    EXPECT_THAT(ids(since("/v1/categories", base::Timestamp{}), other), IsEmpty()) << "of the tenant alone";
    EXPECT_EQ(get("/v1/categories?updatedSince=yesterday").status, 422);
}

TEST_F(ListsTest, ShowThePlacesOfARole) {
    const auto branch = made_id("/v1/locations", R"({"code":"MSA1","name":"Mombasa"})");
    made_id("/v1/devices", fmt::format(R"({{"name":"Coast till","locationId":"{}"}})", branch));
    std::string role;
    for (const auto& one : body<RoleList>(get("/v1/roles")).data) {
        if (one.built_in == "manager") role = text(one.id);
    }
    ASSERT_EQ(post("/v1/users",
                   fmt::format(R"({{"name":"Asha","email":"asha@duka.example","password":"{}",)"
                               R"("roles":[{{"roleId":"{}","locationId":"{}"}}]}})",
                               password, role, branch),
                   owner, {{"Idempotency-Key", "asha"}})
                  .status,
              201);
    const auto manager = log_in("asha@duka.example");
    EXPECT_THAT(ids(since("/v1/locations", base::Timestamp{}), manager), ElementsAre(branch));
    EXPECT_EQ(ids(since("/v1/devices", base::Timestamp{}), manager), ids("/v1/devices", manager));
    EXPECT_EQ(ids("/v1/devices", manager).size(), 1U);
}

TEST_F(ListsTest, ShowWhatWasRecorded) {
    const auto at = location();
    for (int i = 1; i <= 3; ++i) {
        const auto id = fmt::format("0197f0c2-0000-7000-8000-{:012}", i);
        const auto sale = fmt::format(
            R"({{"clientRequestId":"{}","locationId":"{}","occurredAt":"2026-11-20T09:00:00Z",)"
            R"("lines":[{{"lineNumber":1,"name":"Sugar","quantity":"1","unitPrice":100,"taxInclusive":true,"taxCode":"ZERO","taxRatePpm":0}}],)"
            R"("taxTotal":0,"total":100,"payments":[{{"method":"cash","amount":100,"tendered":100}}]}})",
            id, at);
        ASSERT_EQ(post("/v1/sales", sale).status, 201);
    }
    const auto variant =
        text(made<ProductDetails>(post("/v1/products", R"({"name":"Rice","variants":[{"name":"Bag","price":1}]})"))
                 .variants->at(0)
                 .variant.id);
    for (int i = 11; i <= 13; ++i) {
        const auto adjustment =
            fmt::format(R"({{"clientRequestId":"0197f0c2-0000-7000-8000-{:012}","locationId":"{}","reason":"opening",)"
                        R"("lines":[{{"variantId":"{}","quantityDelta":"1"}}]}})",
                        i, at, variant);
        ASSERT_EQ(post("/v1/stock-adjustments", adjustment).status, 201);
    }
    for (const auto& path : std::vector<std::string>{
             "/v1/sales?count=false", "/v1/sales?locationId=" + at, "/v1/stock-movements?count=false",
             "/v1/stock-movements?locationId=" + at, "/v1/stock-movements?variantId=" + variant,
             fmt::format("/v1/stock-movements?variantId={}&locationId={}", variant, at)}) {
        SCOPED_TRACE(path);
        const auto all = rows<Recorded>(path);
        ASSERT_EQ(all.size(), 3U);
        EXPECT_THAT(ids<Recorded>(since(path, all[0].recorded_at)), ElementsAre(all[0].id));
        EXPECT_THAT(ids<Recorded>(since(path, all[1].recorded_at)), ElementsAre(all[0].id, all[1].id));
        EXPECT_THAT(walk<Recorded>(since(path, all[1].recorded_at)), ElementsAre(all[0].id, all[1].id));
        EXPECT_EQ(ids<Recorded>(since(path, base::Timestamp{})), ids<Recorded>(path));
    }
}

// Whatever the tables hold, a page is read in the order of an index and never sorted as a whole: PostgreSQL is made to say so by
// costing it everything else. (Incremental Sort: rows that are equal by a unique column, and so one.)
TEST_F(ListsTest, WalkAnIndex) {
    constexpr std::string_view settings =
        "set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off; set enable_hashjoin = off; "
        "set enable_mergejoin = off; set plan_cache_mode = force_generic_plan; ";
    std::size_t updated = 0;
    for (const auto& statement : app::statements_of(definition())) {
        // A search is bounded by what it finds; tests/e2e/sharp-edges.test.ts reads its plan.
        if (!statement.name.contains("page") || statement.counts || statement.name.contains("search")) continue;
        const std::vector<std::string_view> arguments(db::parameters_of(statement).size(), "null");
        const auto plan =
            app->database()
                .value(fmt::format("{}prepare page as {}; explain (costs off, format json) execute page({})", settings,
                                   db::render(statement), fmt::join(arguments, ", ")))
                .value_or("");
        EXPECT_THAT(plan, HasSubstr("Index")) << statement.name;
        EXPECT_THAT(plan, Not(HasSubstr(R"("Node Type": "Sort")"))) << statement.name << plan;
        if (!statement.name.contains("updated")) continue;
        ++updated;
        EXPECT_THAT(plan, HasSubstr("_updated\"")) << statement.name << plan;
    }
    EXPECT_GE(updated, 20U);
}

}  // namespace
