// What the author of a module forgets, and what they are told: what to write, and where.

#include <gmock/gmock.h>

#include "auth/caller.h"
#include "http/handler.h"
#include "pos/testing/shop.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct Lamp {
    base::Uuid id;
    std::string name;

    friend constexpr auto describe(Lamp*) {
        return schema::object<Lamp>("Lamp", schema::field<&Lamp::id>("id"),
                                    schema::field<&Lamp::name>("name", {.max_length = 80}));
    }
};
constexpr auto lamps = db::system_table<Lamp>("lamps", db::primary_key<&Lamp::id>());
constexpr db::Query<std::int64_t()> unlisted{
    {"lamps.count", "select count(*) as lamps from products where tenant_id = $1", db::Kind::point}};

class Workshop {};

async::Task<http::NoContent> count(auth::PermittedSomewhere<"products.read"> /*caller*/, db::Db db) {
    std::ignore = co_await db.only(unlisted);
    co_return http::NoContent{};
}
async::Task<http::NoContent> mend(http::Service<Workshop> /*workshop*/) { co_return http::NoContent{}; }
async::Task<http::NoContent> light(auth::PermittedSomewhere<"lamps.light"> /*caller*/) { co_return http::NoContent{}; }

// Of a service with this module, the sentence with which it does not start.
std::string refusal(app::Module module) {
    auto service = definition();
    service.modules.push_back(std::move(module));
    try {
        const ::testing::TestApp app(std::move(service));
    } catch (const std::exception& error) {
        return error.what();
    }
    return "";
}

TEST(Mistakes, ATableWithoutItsMigration) {
    EXPECT_THAT(refusal({.name = "lamps", .tables = {lamps.view()}}),
                AllOf(HasSubstr("backend-api db generate NAME"), HasSubstr("create table lamps")));
}

TEST(Mistakes, AServiceThatNobodyMakes) {
    EXPECT_THAT(refusal({.name = "lamps",
                         .routes = [](http::Routes routes) { routes.get("/lamps/mend", mend, {.id = "mendLamps"}); }}),
                AllOf(HasSubstr("GET /v1/lamps/mend uses"), HasSubstr("Workshop"), HasSubstr("app::services<")));
}

TEST(Mistakes, APermissionThatIsNotListed) {
    EXPECT_THAT(
        refusal({.name = "lamps",
                 .routes = [](http::Routes routes) { routes.get("/lamps/light", light, {.id = "lightLamps"}); }}),
        AllOf(HasSubstr("GET /v1/lamps/light"), HasSubstr(R"("lamps.light", into permission_names)"),
              HasSubstr("pos/permissions.h")));
}

class UnlistedStatementTest : public ShopTest {
protected:
    static void SetUpTestSuite() {
        auto service = definition();
        service.modules.push_back({.name = "lamps", .routes = [](http::Routes routes) {
                                       routes.get("/lamps/count", count, {.id = "countLamps"});
                                   }});
        app = new ::testing::TestApp(std::move(service));
        owner = sign_up("owner@duka.example");
    }
};

TEST_F(UnlistedStatementTest, IsNamedBesideTheReply) {
    ::testing::internal::CaptureStderr();
    const auto reply = get("/v1/lamps/count");
    const auto said = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(reply.status, 500);
    EXPECT_THAT(said, AllOf(HasSubstr("GET /v1/lamps/count"), HasSubstr("lamps.count"), HasSubstr("db::statements")));
}

}  // namespace
