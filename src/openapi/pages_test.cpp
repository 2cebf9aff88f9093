#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "async/loop.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/errors.h"
#include "http/inject.h"
#include "http/middleware/conditional.h"
#include "http/middleware/problems.h"
#include "http/middleware/security_headers.h"
#include "openapi/docs_routes.h"
#include "openapi/example/shop.h"
#include "openapi/problem_pages.h"

namespace openapi {
namespace {

using testing::HasSubstr;
using testing::Not;

struct PagesTest : testing::Test {
    async::Loop loop;
    http::Services services;
    http::Router router;

    http::InjectedResponse get(std::string target, std::vector<std::pair<std::string, std::string>> headers = {},
                               http::Method method = http::Method::get) {
        const http::Chain chain({http::security_headers(), http::problems(), http::conditional_get()},
                                router.handler());
        const http::Injector injector(loop, [&chain](http::Context& context) { return chain(context); }, services);
        return async::run_until_done(
            loop, injector.run({.method = method, .target = std::move(target), .headers = std::move(headers)}));
    }
};

struct DocsTest : PagesTest {
    DocsTest() {
        example::add_routes(router);
        mount(router, {.info = example::info()});
    }
};

TEST_F(DocsTest, ServeTheDocument) {
    const auto reply = get("/openapi.json");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Content-Type"), "application/json");
    EXPECT_THAT(reply.body, HasSubstr(R"("openapi":"3.1.0")"));
    EXPECT_THAT(reply.body, Not(HasSubstr("/docs")));
    const auto etag = reply.header("ETag");
    ASSERT_TRUE(etag);
    EXPECT_TRUE(etag->starts_with('"')) << "a strong tag";
    EXPECT_EQ(get("/openapi.json", {{"If-None-Match", std::string(*etag)}}).status, 304);
}

TEST_F(DocsTest, ServeAPageWithoutInlineScriptOrForeignAddress) {
    const auto reply = get("/docs");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Content-Type"), "text/html; charset=utf-8");
    EXPECT_THAT(reply.body, Not(HasSubstr("http")));
    EXPECT_THAT(reply.body, Not(HasSubstr("<script>")));
    EXPECT_THAT(std::string(*reply.header("Content-Security-Policy")), HasSubstr("script-src 'self';"));
    EXPECT_THAT(std::string(*reply.header("Content-Security-Policy")),
                HasSubstr("connect-src 'self' https://api.shop.example"));
    EXPECT_THAT(get("/docs/init.js").body, HasSubstr("/openapi.json"));
}

// What the page refers to is there, of the right type, and compressed ahead.
TEST_F(DocsTest, HaveEveryAssetOfThePage) {
    const auto page = get("/docs").body;
    std::size_t count = 0;
    for (auto at = page.find("\"/docs/"); at != std::string::npos; at = page.find("\"/docs/", at + 1)) {
        const auto path = page.substr(at + 1, page.find('"', at + 1) - at - 1);
        const auto plain = get(path);
        EXPECT_EQ(plain.status, 200) << path;
        const auto compressed = get(path, {{"Accept-Encoding", "br"}});
        EXPECT_EQ(compressed.status, 200) << path;
        if (!path.ends_with(".png")) {
            EXPECT_EQ(compressed.header("Content-Encoding"), "br") << path;
        }
        EXPECT_THAT(std::string(*plain.header("Content-Security-Policy")), HasSubstr("default-src 'none'"));
        ++count;
    }
    EXPECT_EQ(count, 5U);
    EXPECT_GT(get("/docs/swagger-ui-bundle.js").body.size(), 1'000'000U);
    EXPECT_THAT(std::string(*get("/docs/swagger-ui-bundle.js").header("Content-Type")), HasSubstr("javascript"));
    EXPECT_EQ(get("/docs/nothing.js").status, 404);
    EXPECT_EQ(get("/docs/swagger-ui.css", {}, http::Method::head).body, "");
}

TEST_F(PagesTest, TheDocumentationPageCanBeLeftOut) {
    mount(router, {.info = example::info(), .page = false});
    EXPECT_EQ(get("/openapi.json").status, 200);
    EXPECT_EQ(get("/docs").status, 404);
}

struct ProblemPagesTest : PagesTest {
    ProblemPagesTest() {
        example::add_routes(router);
        auto codes = error_codes(router);
        codes.push_back({"odd.markup", 409, true, base::Action::retry, "<b>Tom & \"Jerry\"</b>"});
        mount_problems(router, codes);
    }
};

TEST_F(ProblemPagesTest, TellPeopleWhatToDo) {
    const auto reply = get("/problems/product.sku_taken");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(reply.header("Vary"), "Accept");
    EXPECT_THAT(reply.body, HasSubstr("Another product has this SKU."));
    EXPECT_THAT(reply.body, HasSubstr("409 Conflict"));
    EXPECT_THAT(reply.body, HasSubstr(advice(base::Action::fix)));
    EXPECT_THAT(get("/problems/odd.markup", {{"Accept", "text/html,application/json"}}).body,
                HasSubstr("&lt;b&gt;Tom &amp; &quot;Jerry&quot;&lt;/b&gt;"));
}

TEST_F(ProblemPagesTest, TellPrograms) {
    const auto reply = get("/problems/auth.invalid_token", {{"Accept", "application/json"}});
    EXPECT_EQ(reply.header("Content-Type"), "application/json");
    EXPECT_EQ(reply.body,
              R"({"code":"auth.invalid_token","title":"The access token is not valid","status":401,"retriable":false,)"
              R"("action":"refresh_auth","advice":"Get a new access token with the refresh token, or sign in again; )"
              R"(then send the request again."})");
}

// The type of every problem that the example can answer, and of those before any route, leads somewhere.
TEST_F(ProblemPagesTest, ResolveEveryType) {
    for (const auto& code : error_codes(router)) {
        EXPECT_EQ(get("/problems/" + std::string(code.code)).status, 200) << code.code;
    }
    const auto missing = get("/problems/no.such");
    EXPECT_EQ(missing.status, 404);
    EXPECT_THAT(missing.body, HasSubstr(R"("type":"/problems/http.not_found")"));
    EXPECT_THAT(get("/problems").body, HasSubstr("<a href=\"/problems/http.not_found\">"));
    EXPECT_THAT(get("/problems", {{"Accept", "application/json"}}).body, HasSubstr(R"({"data":[{"code":")"));
}

TEST_F(ProblemPagesTest, AllowTheirOwnStyleAlone) {
    const auto reply = get("/problems");
    const auto begin = reply.body.find("<style>") + 7;
    const auto digest = base::sha256(reply.body.substr(begin, reply.body.find("</style>") - begin));
    EXPECT_THAT(std::string(*reply.header("Content-Security-Policy")),
                HasSubstr("style-src 'sha256-" + base::base64_encode(base::as_chars(digest)) + "'"));
}

TEST_F(PagesTest, TwoTablesMustAgreeOnACode) {
    const base::ErrorCode codes[] = {http::errors::not_found,
                                     {"http.not_found", 410, false, base::Action::fix, "Gone"}};
    EXPECT_THROW(mount_problems(router, codes), std::logic_error);
}

TEST(Advice, IsThereForEveryAction) {
    using enum base::Action;
    for (const auto action : {retry, refresh_auth, fix, pull_first, upgrade, pay, contact}) {
        EXPECT_NE(advice(action), advice(none)) << base::to_string(action);
    }
}

}  // namespace
}  // namespace openapi
