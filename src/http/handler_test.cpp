// What typed handlers make of a query. What they take and answer otherwise is tested where it is used: openapi/, auth/, pos/.

#include "http/handler.h"

#include <gmock/gmock.h>

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

struct Items {
    std::vector<Item> data{{}};

    friend constexpr auto describe(Items*) {
        return schema::object<Items>("Items", schema::field<&Items::data>("data"));
    }
};

async::Task<Item> show() { co_return Item{}; }
async::Task<Items> list() { co_return Items{}; }
async::Task<Items> search(http::Query<Filter>) { co_return Items{}; }
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
        routes.get("/list", list);
        routes.get("/search", search);
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
        {get, "/show?fields=name", R"("pointer":"/fields","code":"unknown_key")"},
        {get, "/find?fields=name", R"("pointer":"/fields","code":"unknown_key")"},
        {get, "/stored?fields=name", R"("pointer":"/fields")"},
        {get, "/list?fields=colour",
         R"("pointer":"/fields","code":"invalid_value","message":"there is no \"colour\"")"},
        {get, "/list?fields=colour", R"("allowed":["name","size"])"},
        {get, "/list?fields=", R"("pointer":"/fields","code":"invalid_value","message":"a name is missing: )"},
        {get, "/list?fields", R"("message":"a name is missing: )"},
        {get, "/list?fields=name,", R"("allowed":["name","size"])"},
        {get, "/list?fields=,name", R"("message":"a name is missing: )"},
        {get, "/list?fields=name%20", R"(there is no)"},
        {get, "/list?fields=NAME", R"(there is no)"},
        {get, "/list?fields=name,name", R"("code":"not_unique","message":"\"name\" is named twice")"},
        {get, "/list?fields=name&fields=size,name", R"("code":"not_unique")"},
        {get, "/search?fields=name,name", R"("code":"not_unique")"},
        {head, "/list?fields=name,name", ""},
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
        {get, "/show?", 200},
        {get, "/list?fields=name", 200},
        {get, "/list?fields=size&fields=name", 200},
        {get, "/search?name=x&fields=size", 200},
        {get, "/stored", 200},
        {put, "/change/1", 200},
        {del, "/remove", 204},
        {get, "/raw?v=3&v=4", 204},
        {post, "/take-all?new=%zz", 204},
    };
    for (const auto& [method, target, status] : passed) EXPECT_EQ(send(method, target).status, status) << target;
    EXPECT_EQ(send(get, "/list?fields=name").body, R"({"data":[{"name":"Sugar"}]})");
}

// So that the document lists the 422.
TEST_F(QueryTest, routes_say_that_they_refuse) {
    for (const auto& route : router.routes()) {
        const bool raw = route.pattern == "/raw" || route.pattern == "/take-all";
        EXPECT_NE(std::ranges::count(route.operation->errors, http::errors::invalid) > 0, raw) << route.pattern;
    }
}

// ---- Routes that go ----------------------------------------------------------------------------------------------------

TEST(Deprecation, EachReplySaysSinceWhenAndUntilWhen) {
    http::Router router;
    const auto no_stranger = [](http::Context& context, http::Next next) -> async::Task<void> {
        if (!context.request().header("authorization")) throw base::Failure(http::errors::not_found);
        co_await next(context);
    };
    http::Routes routes(router.group("", {no_stranger}), "test");
    routes.get("/old", show, {.deprecation = http::Deprecation{.since = "2026-12-01", .sunset = "2027-07-01"}});
    routes.get("/new", show);
    http::ChainForTest chain;
    const std::vector<std::pair<std::string, std::string>> known{{"Authorization", "Bearer x"}};
    const auto replies = {chain.run({http::problems()}, router.handler(), {.target = "/old", .headers = known}),
                          chain.run({http::problems()}, router.handler(), {.target = "/old?size=x", .headers = known}),
                          chain.run({http::problems()}, router.handler(), {.target = "/old"})};
    std::vector<int> statuses;
    for (const auto& old : replies) {
        statuses.push_back(old.status);
        EXPECT_EQ(old.header("Deprecation"), "@1796083200") << old.status;
        EXPECT_EQ(old.header("Sunset"), "Thu, 01 Jul 2027 00:00:00 GMT") << old.status;
    }
    EXPECT_EQ(statuses, (std::vector<int>{200, 422, 404}));
    const auto fresh_one = chain.run({http::problems()}, router.handler(), {.target = "/new", .headers = known});
    EXPECT_EQ(fresh_one.status, 200);
    const auto fresh = chain.run({http::problems()}, router.handler(), {.target = "/new"});
    EXPECT_FALSE(fresh.header("Deprecation") || fresh.header("Sunset"));
    EXPECT_FALSE(router.routes().back().operation->deprecation);
}

TEST(Deprecation, NobodyIsLeftWithoutNotice) {
    for (const auto& dates : {http::Deprecation{.since = "2026-12-01", .sunset = "2027-05-29"},
                              http::Deprecation{.since = "2026-12-01", .sunset = "2026-01-01"},
                              http::Deprecation{.since = "1 December", .sunset = "2027-07-01"},
                              http::Deprecation{.since = "2026-12-01", .sunset = "2027-02-30"}}) {
        http::Router router;
        http::Routes routes(router.group(""), "test");
        EXPECT_THROW(routes.get("/old", show, {.deprecation = dates}), std::invalid_argument)
            << dates.since << " " << dates.sunset;
    }
    http::Router router;
    http::Routes routes(router.group(""), "test");
    EXPECT_NO_THROW(
        routes.get("/old", show, {.deprecation = http::Deprecation{.since = "2026-12-01", .sunset = "2027-05-30"}}));
}

// ---- What a body is ------------------------------------------------------------------------------------------------

struct Login {
    std::string user;
    std::string password;

    friend constexpr auto describe(Login*) {
        return schema::object<Login>(
            "Login", schema::field<&Login::user>("user"),
            schema::field<&Login::password>("password", {.min_length = 8, .write_only = true}));
    }
};

async::Task<http::NoContent> sign_in(http::Body<Login>) { co_return http::NoContent{}; }

class BodyTest : public testing::Test {
protected:
    BodyTest() { http::Routes(router.group(""), "test").post("/login", sign_in); }
    http::InjectedResponse send(std::string body, const std::string& type) {
        http::InjectedRequest request{
            .method = http::Method::post, .target = "/login", .headers = {}, .body = std::move(body)};
        if (!type.empty()) request.headers.emplace_back("Content-Type", type);
        return chain.run({http::problems()}, router.handler(), std::move(request));
    }

    http::ChainForTest chain;
    http::Router router;
};

TEST_F(BodyTest, IsNotGuessed) {
    const std::string json = R"({"user":"amina","password":"hunter2-hunter2"})";
    const std::string form = "application/x-www-form-urlencoded";
    EXPECT_EQ(send(json, "application/json").status, 204);
    EXPECT_EQ(send(json, "application/merge-patch+json").status, 204);
    EXPECT_EQ(send("user=amina&password=hunter2-hunter2", form).status, 204);
    for (const auto& [body, type] :
         std::vector<std::pair<std::string, std::string>>{{json, ""},
                                                          {json, form},
                                                          {" \n" + json, form},
                                                          {"[]", form},
                                                          {json, "text/plain"},
                                                          {json, "application/json-patch+json"}}) {
        const auto reply = send(body, type);
        EXPECT_EQ(reply.status, 415) << body << type;
        EXPECT_TRUE(reply.body.contains("send Content-Type: application/json")) << reply.body;
    }
    EXPECT_EQ(send("", "").status, 400) << "where there is no body, nothing is said of its type";
}

// Whatever of it stands where a name should.
TEST_F(BodyTest, NoPieceOfASecretComesBack) {
    const std::string form = "application/x-www-form-urlencoded";
    for (const auto& [body, type] : std::vector<std::pair<std::string, std::string>>{
             {R"({"user":"amina","password":"hunter2-hunter2"})", ""},
             {R"({"user":"amina","password":"hunter2-hunter2"})", form},
             {R"('{"user":"amina","password":"hunter2-hunter2"}')", form},
             {"user=amina&password=&hunter2", form},
             {"hunter2", form},
             {"user=amina&password=hunter2", form},
             {R"({"user":"amina","password":"hunter2"})", "application/json"},
             {R"({"user":"amina","hunter2":""})", "application/json"},
             {R"({"user":"amina","password":{"hunter2":1}})", "application/json"},
             {R"({"hunter2":1,"hunter2":2})", "application/json"},
             {R"({"user":"amina","password":"hunter2)", "application/json"},
             {"{}", "hunter2{}/" + std::string(100, 'x')}}) {
        const auto reply = send(body, type);
        EXPECT_GE(reply.status, 400) << body;
        EXPECT_FALSE(reply.body.contains("hunter2")) << body << ": " << reply.body;
        EXPECT_FALSE(chain.log_contains("hunter2")) << body;
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
        routes.post("/again", again, {.headers = {"Set-Cookie"}});
        routes.put("/stored", stored);
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
    std::vector<std::string_view> headers(std::string_view pattern) {
        for (const auto& route : router.routes()) {
            if (route.pattern == pattern) return route.operation->replies.front().headers;
        }
        return {};
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

TEST_F(ResultTest, headers_that_come_at_times_are_described) {
    using testing::Contains;
    EXPECT_THAT(headers("/again"), testing::IsSupersetOf({"Location", "Idempotent-Replayed", "Set-Cookie"}));
    EXPECT_THAT(headers("/stored"), Contains("Idempotent-Replayed"));
    EXPECT_THAT(headers("/sum"), testing::Not(Contains("Set-Cookie")));
}

}  // namespace
