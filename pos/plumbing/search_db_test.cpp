// Text search over several columns, on the whole service with one more module: locations by their name or address.

#include "pos/plumbing/search.h"

#include <gmock/gmock.h>

#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto searched =
    db::tenant_table<Location>("locations", db::primary_key<&Location::id>(),
                               db::text_index<&LocationFields::name, &LocationFields::address>("locations_search"));
constexpr TextSearch<searched, By<&LocationFields::name>, AnyOf<&Location::id>> search;

async::Task<db::Page<Location>> find(auth::PermittedSomewhere<"locations.read"> caller,
                                     http::Query<SearchFilter> filter, db::Db db) {
    return search.page(db, filter->list, filter->search.value_or(""), locations_with<"locations.read">(caller));
}
void routes(http::Routes routes) { routes.get("/found-locations", find, {.id = "findLocations", .summary = "Found"}); }

class SearchTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        auto with_search = definition();
        with_search.modules.push_back({.name = "search", .statements = db::statements(search), .routes = routes});
        app = new ::testing::TestApp(std::move(with_search));
        const auto system =
            app->database().value("select proowner::regrole from pg_proc where proname = 'search_products'");
        auto function = std::string(search.objects()[1].create_sql);
        constexpr std::string_view role = "{{app_system}}";
        for (auto at = function.find(role); at != std::string::npos; at = function.find(role))
            function.replace(at, role.size(), system.value());
        app->database().execute(function);
        owner = sign_up("owner@duka.example");
        other = sign_up("owner@elsewhere.example");
        for (const auto* json :
             {R"({"code":"A1","name":"Kariakoo","address":"Ring Road 7"})", R"({"code":"A2","name":"Ringo's 100%"})",
              R"({"code":"A3","name":"École","address":"Rue du Marché"})", R"({"code":"A4","name":"Spring store"})"})
            EXPECT_EQ(post("/v1/locations", json).status, 201);
    }

    static std::vector<std::string> names(const std::string& query, const std::string& token = owner) {
        std::vector<std::string> names;
        for (const auto& row : body<db::Page<Location>>(get("/v1/found-locations?" + query, token)).data)
            names.push_back(row.fields.name);
        return names;
    }
};

TEST_F(SearchTest, FindsInWhicheverTextHoldsIt) {
    EXPECT_THAT(names("search=RING"), ElementsAre("Kariakoo", "Ringo's 100%", "Spring store"));
    EXPECT_THAT(names("search=ring%20road"), ElementsAre("Kariakoo"));
    EXPECT_THAT(names("search=ri"), ElementsAre("Kariakoo", "Ringo's 100%")) << "two letters begin a word";
    EXPECT_THAT(names("search=%C3%A9COLE"), ElementsAre("École")) << "letters are Unicode's";
    EXPECT_THAT(names("search=march%C3%89"), ElementsAre("École"));
    EXPECT_THAT(names("search=00%25"), ElementsAre("Ringo's 100%")) << "what was typed is no pattern";
    EXPECT_THAT(names("search=r_ng"), IsEmpty());
    EXPECT_THAT(names("search=ring", other), IsEmpty()) << "another tenant's";
}

TEST_F(SearchTest, IsAListLikeAnyOther) {
    const auto first = body<db::Page<Location>>(get("/v1/found-locations?search=ring&limit=2&count=true"));
    ASSERT_EQ(first.data.size(), 2U);
    EXPECT_EQ(first.count->value, 3);
    EXPECT_THAT(names("search=ring&limit=2&cursor=" + first.next_cursor.value()), ElementsAre("Spring store"));
    EXPECT_EQ(get("/v1/found-locations?search=road&limit=2&cursor=" + *first.next_cursor).status, 422)
        << "a cursor is of one search";
    EXPECT_THAT(names("search=ring&updatedSince=2999-01-01T00:00:00Z"), IsEmpty());
    const auto gone = text(first.data[1].id);
    ASSERT_EQ(del("/v1/locations/" + gone, 1).status, 204);
    EXPECT_THAT(names("search=ring"), ElementsAre("Kariakoo", "Spring store"));
}

}  // namespace
