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

// ---- Results that this library does not know -----------------------------------------------------------------------

// Elsewhere, or here as text.
struct Found {
    std::string elsewhere;

    static void send(http::Context& context, Found&& result) {
        if (result.elsewhere.empty()) {
            context.response().content_type("text/csv").header("Content-Disposition", "attachment").body("a,b");
        } else {
            context.response().status(303).header("Location", result.elsewhere);
        }
    }
    static void describe(http::Operation& operation) {
        operation.can_answer({.status = 200, .media_type = "text/csv", .headers = {"Content-Disposition"}});
        operation.can_answer({.status = 303, .headers = {"Location"}});
    }
};

async::Task<std::string> text_of_slow() { co_return "slow"; }

// Has to wait for what it sends.
struct Slow {
    static async::Task<void> send(http::Context& context, Slow) {
        context.response().status(202).body(co_await text_of_slow());
    }
    static void describe(http::Operation& operation) {
        operation.can_answer({.status = 202, .media_type = "text/plain"});
    }
};

// Of a type that is not ours to change.
using Pair = std::pair<int, int>;

}  // namespace

template <>
struct http::Result<Pair> {
    static void send(Context& context, Pair pair) { context.response().body(std::to_string(pair.first + pair.second)); }
    static void describe(Operation& operation) { operation.can_answer({.status = 200, .media_type = "text/plain"}); }
};

namespace {

async::Task<Found> csv() { co_return Found{}; }
async::Task<Found> redirect() { co_return Found{"/there"}; }
async::Task<Slow> slow() { co_return Slow{}; }
async::Task<Pair> sum() { co_return Pair{2, 3}; }
async::Task<http::JsonBytes<Item, 201>> first() { co_return http::JsonBytes<Item, 201>{"{}", 201, {}}; }
async::Task<http::JsonBytes<Item, 201, 200>> again() { co_return co_await first(); }

class ResultTest : public testing::Test {
protected:
    ResultTest() {
        http::Routes routes(router.group(""), "test");
        routes.get("/csv", csv);
        routes.get("/redirect", redirect);
        routes.get("/slow", slow);
        routes.get("/sum", sum);
        routes.post("/again", again);
    }
    http::InjectedResponse send(http::Method method, std::string target) {
        return chain.run({http::problems()}, router.handler(), {.method = method, .target = std::move(target)});
    }
    std::vector<std::uint16_t> described(std::string_view pattern) {
        std::vector<std::uint16_t> statuses;
        for (const auto& route : router.routes()) {
            if (route.pattern != pattern) continue;
            for (const auto& reply : route.operation->replies) statuses.push_back(reply.status);
        }
        return statuses;
    }

    http::ChainForTest chain;
    http::Router router;
};

TEST_F(ResultTest, a_type_says_how_it_is_sent_and_what_that_can_be) {
    const auto file = send(http::Method::get, "/csv");
    EXPECT_EQ(file.status, 200);
    EXPECT_EQ(file.header("Content-Type"), "text/csv");
    EXPECT_EQ(file.body, "a,b");
    const auto moved = send(http::Method::get, "/redirect");
    EXPECT_EQ(moved.status, 303);
    EXPECT_EQ(moved.header("Location"), "/there");
    EXPECT_EQ(described("/csv"), (std::vector<std::uint16_t>{200, 303}));
    EXPECT_EQ(send(http::Method::get, "/csv?fields=name").status, 422) << "no members to choose of";
}

TEST_F(ResultTest, sending_may_wait) {
    EXPECT_EQ(send(http::Method::get, "/slow").status, 202);
    EXPECT_EQ(send(http::Method::get, "/slow").body, "slow");
}

TEST_F(ResultTest, types_of_others_are_specialised_for) { EXPECT_EQ(send(http::Method::get, "/sum").body, "5"); }

TEST_F(ResultTest, each_status_of_stored_bytes_is_described) {
    EXPECT_EQ(described("/again"), (std::vector<std::uint16_t>{201, 200}));
    EXPECT_EQ(send(http::Method::post, "/again").status, 201);
}

}  // namespace
