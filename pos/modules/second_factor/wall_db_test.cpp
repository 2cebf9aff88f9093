// Every route of the program, asked by a member whom the tenant asks for a second factor and who has none.

#include <set>

#include "http/operation.h"
#include "http/router.h"
#include "pos/modules/second_factor/factor_for_test.h"
#include "pos/plumbing/second_factor_wall.h"

namespace {

using namespace pos::people_test;

// Setting one up, which takes a proven address; leaving; who one is; what a till has sold; the invitation of another tenant.
constexpr std::string_view outside[] = {
    "GET /v1/auth/me",      "GET /v1/auth/totp",       "POST /v1/auth/email/verify/send",
    "POST /v1/auth/logout", "POST /v1/auth/totp",      "POST /v1/auth/totp/confirm",
    "POST /v1/sales",       "POST /v1/invites/accept",
};

class WallTest : public FactorTest {
protected:
    static std::string name_of(const http::RouteEntry& route) {
        return fmt::format("{} {}", http::to_string(route.method), route.pattern);
    }
    // Any id for each parameter.
    static std::string path_of(const http::RouteEntry& route) {
        std::string path = route.pattern;
        for (auto at = path.find('{'); at != std::string::npos; at = path.find('{'))
            path.replace(at, path.find('}') - at + 1, "0197f0c2-7a5e-7c3b-9d10-2f6f8f1f0a01");
        return path;
    }
    static InjectedResponse ask_route(const http::RouteEntry& route, const AppUser& person) {
        const auto method = route.method == http::Method::head ? http::Method::get : route.method;
        return app->send(method, path_of(route), method == http::Method::get ? "" : "{}", {.token = person.token()});
    }
    // A manager of a tenant that asks everyone.
    static AppUser behind_the_wall() {
        const auto owner = set_up();
        AppUser person;
        person.email = email();
        EXPECT_EQ(add_member(owner.session, person.email, role(owner.session, "manager")).status, 201);
        EXPECT_EQ(ask(owner, "/v1/tenant/second-factor", R"({"everyone":true})").status, 200);
        person.session = login(person.email);
        return person;
    }
};

TEST_F(WallTest, EveryRouteIsBehindItButThoseOfTheList) {
    const auto person = behind_the_wall();
    std::set<std::string_view> unseen(std::begin(outside), std::end(outside));
    std::size_t asked = 0;
    for (const auto& route : app->app().router.routes()) {
        const auto name = name_of(route);
        EXPECT_EQ(route.options.outside_wall, unseen.erase(name) > 0)
            << name << ": what is outside of the wall is listed in this test";
        if (!route.operation || route.operation->security.empty() || route.options.outside_wall) continue;
        if (!route.pattern.starts_with("/v1/")) continue;  // by a token of whoever runs the service
        ++asked;
        const auto reply = ask_route(route, person);
        EXPECT_EQ(reply.status, 403) << name << ": " << reply.body;
        EXPECT_THAT(reply.body, HasSubstr("auth.second_factor_needed")) << name;
        EXPECT_THAT(route.operation->errors, ::testing::Contains(pos::errors::second_factor_needed)) << name;
    }
    EXPECT_THAT(unseen, ::testing::IsEmpty());
    EXPECT_GT(asked, 120U);
}

TEST_F(WallTest, WhatIsOutsideAnswers) {
    const auto person = behind_the_wall();
    for (const auto& route : app->app().router.routes()) {
        if (!route.options.outside_wall || route.pattern == "/v1/auth/logout") continue;
        const auto reply = ask_route(route, person);
        EXPECT_THAT(reply.body, ::testing::Not(HasSubstr("auth.second_factor_needed"))) << name_of(route);
        EXPECT_LT(reply.status, 500) << reply.body;
    }
    EXPECT_EQ(ask(person, "/v1/auth/logout", "").status, 204);
}

TEST_F(WallTest, ASessionInATenantThatDoesNotAskIsNotBehindIt) {
    const auto person = behind_the_wall();
    auto at_home = person;
    at_home.session = sign_up(person.email);
    EXPECT_EQ(app->get("/v1/products", {.token = at_home.token()}).status, 200);
    EXPECT_EQ(app->get("/v1/products", {.token = person.token()}).status, 403);
}

}  // namespace
