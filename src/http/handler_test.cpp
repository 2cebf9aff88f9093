// What typed handlers make of a query. What they take and answer otherwise is tested where it is used: openapi/, auth/, pos/.

#include "http/handler.h"

#include <gtest/gtest.h>

#include "http/middleware/chain_for_test.h"
#include "http/middleware/problems.h"

namespace {

struct Item {
    std::string name = "Sugar";
    std::int32_t size = 1;

    friend constexpr auto describe(Item*) {
        return schema::object<Item>("Item", schema::field<&Item::name>("name"), schema::field<&Item::size>("size"));
    }
};

struct Filter {
    std::optional<std::string> name;

    friend constexpr auto describe(Filter*) {
        return schema::object<Filter>("Filter", schema::field<&Filter::name>("name"));
    }
};

async::Task<Item> show() { co_return Item{}; }
async::Task<Item> find(http::Query<Filter>) { co_return Item{}; }
async::Task<Item> change(http::Context&, http::Path<"id", std::int32_t>) { co_return Item{}; }
async::Task<http::JsonBytes<Item>> stored() { co_return http::JsonBytes<Item>{"{}", 200, {}}; }
async::Task<http::NoContent> remove() { co_return http::NoContent{}; }
async::Task<http::NoContent> take_all(http::AnyQuery) { co_return http::NoContent{}; }
async::Task<void> raw(http::Context& context) {
    context.response().status(204);
    co_return;
}

class QueryTest : public testing::Test {
protected:
    QueryTest() {
        http::Routes routes(router.group(""), "test");
        routes.get("/show", show);
        routes.get("/find", find);
        routes.get("/stored", stored);
        routes.put("/change/{id}", change);
        routes.del("/remove", remove);
        routes.post("/take-all", take_all);
        routes.get("/raw", raw);
    }
    http::InjectedResponse send(http::Method method, std::string target) {
        return chain.run({http::problems()}, router.handler(), {.method = method, .target = std::move(target)});
    }

    http::ChainForTest chain;
    http::Router router;
};

TEST_F(QueryTest, parameters_that_nobody_declared_are_refused) {
    using enum http::Method;
    const std::vector<std::tuple<http::Method, std::string, std::string>> refused{
        {get, "/show?nmae=x", R"("in":"query","pointer":"/nmae","code":"unknown_key")"},
        {head, "/show?nmae=x", ""},
        {get, "/show?a=1&b", R"("pointer":"/b")"},
        {get, "/show?%6Eame=%zz", R"("in":"query","pointer":"","code":"malformed")"},
        {get, "/find?nmae=x", R"("pointer":"/nmae")"},
        {get, "/stored?fields=name", R"("pointer":"/fields")"},
        {put, "/change/1?fields=name", R"("pointer":"/fields")"},
        {put, "/change/one?force=1", R"("in":"path","pointer":"/id")"},
        {put, "/change/one?force=1", R"("pointer":"/force")"},
        {del, "/remove?force=true", R"("pointer":"/force")"},
    };
    for (const auto& [method, target, finding] : refused) {
        const auto reply = send(method, target);
        EXPECT_EQ(reply.status, 422) << target;
        EXPECT_TRUE(reply.body.contains(finding)) << target << ": " << reply.body;
    }
}

TEST_F(QueryTest, declared_ones_and_those_of_raw_handlers_pass) {
    using enum http::Method;
    const std::vector<std::tuple<http::Method, std::string, int>> passed{
        {get, "/show?", 200},       {get, "/show?fields=name", 200},  {get, "/find?name=x&fields=size", 200},
        {get, "/stored", 200},      {put, "/change/1", 200},          {del, "/remove", 204},
        {get, "/raw?v=3&v=4", 204}, {post, "/take-all?new=%zz", 204},
    };
    for (const auto& [method, target, status] : passed) EXPECT_EQ(send(method, target).status, status) << target;
    EXPECT_EQ(send(get, "/show?fields=name").body, R"({"name":"Sugar"})");
}

// So that the document lists the 422.
TEST_F(QueryTest, routes_say_that_they_refuse) {
    for (const auto& route : router.routes()) {
        const bool raw = route.pattern == "/raw" || route.pattern == "/take-all";
        EXPECT_NE(std::ranges::count(route.operation->errors, http::errors::invalid) > 0, raw) << route.pattern;
    }
}

}  // namespace
