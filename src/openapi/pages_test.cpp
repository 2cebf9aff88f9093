#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>

#include "async/loop.h"
#include "base/hash.h"
#include "base/strings.h"
#include "http/context.h"
#include "http/errors.h"
#include "http/inject.h"
#include "http/middleware/conditional.h"
#include "http/middleware/problems.h"
#include "http/middleware/security_headers.h"
#include "http/operation.h"
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

TEST(Notices, AreThoseOfThePagesParts) {
    const auto all = notices();
    for (const auto* notice :
         {"SmartBear Software Inc.", "Apache License", "END OF TERMS AND CONDITIONS", "Jed Watson"})
        EXPECT_THAT(all, HasSubstr(notice));
}

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

// The page's files, and the modules that these import.
TEST_F(DocsTest, HaveEveryModuleOfTheReader) {
    const auto page = get("/docs/reader");
    EXPECT_EQ(page.header("Content-Type"), "text/html; charset=utf-8");
    EXPECT_THAT(page.body, Not(HasSubstr("http")));
    EXPECT_THAT(std::string(*page.header("Content-Security-Policy")), HasSubstr("script-src 'self';"));
    std::vector<std::string> paths;
    const auto add = [&paths](const std::string& text, std::string_view before, std::string_view folder) {
        for (auto at = text.find(before); at != std::string::npos; at = text.find(before, at + 1)) {
            const auto begin = at + before.size();
            const auto path = std::string(folder) + text.substr(begin, text.find_first_of("\"'", begin) - begin);
            if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
        }
    };
    add(page.body, "\"/docs/", "/docs/");
    for (std::size_t at = 0; at < paths.size(); ++at) {
        const auto path = paths[at];
        const auto reply = get(path);
        EXPECT_EQ(reply.status, 200) << path;
        if (path.ends_with(".js")) add(reply.body, "from './", "/docs/");
    }
    EXPECT_EQ(paths.size(), 17U) << testing::PrintToString(paths);
    EXPECT_EQ(get("/docs/reader.json").body, R"({"guides":false})");
}

TEST_F(DocsTest, LeadToTheReaderFromBesideIt) {
    for (const auto& [path, location] : {std::pair("/docs/reader/", "../reader"), std::pair("/docs/guides", "reader"),
                                         std::pair("/docs/guides/", "../reader")}) {
        const auto reply = get(path);
        EXPECT_EQ(reply.status, 308) << path;
        EXPECT_EQ(reply.header("Location"), location) << path;
    }
    EXPECT_EQ(get("/docs/reader/x").status, 404);
}

constexpr base::EmbeddedFile guides[] = {{"guides/index.json", "[]"},
                                         {"guides/offline.html", "<h1>Offline</h1>"},
                                         {"guides/offline.html.br", "BR"},
                                         {"guides/offline.html.gz", "GZ"}};

TEST_F(PagesTest, TheReaderHasTheGuidesAndThePeopleThatItIsGiven) {
    example::add_routes(router);
    mount(router, {.info = example::info(),
                   .reader = {.guides = guides,
                              .sdk = "shop-client",
                              .sdk_page = "offline",
                              .sign_in = SignIn{.path = "/v1/log-in",
                                                .login_member = "name",
                                                .token_member = "token",
                                                .refresh_path = "/v1/renew",
                                                .refresh_member = "next",
                                                .sign_out_path = "/v1/log-out"},
                              .people = {{"owner", "o@shop.example", "a \"demo\""}}}});
    EXPECT_EQ(
        get("/docs/reader.json").body,
        R"({"guides":true,"sdk":"shop-client","sdkPage":"offline","signIn":{"path":"/v1/log-in","loginMember":"name",)"
        R"("tokenMember":"token","refreshPath":"/v1/renew","refreshMember":"next","signOutPath":"/v1/log-out"},"people":[{"role":"owner","login":"o@shop.example","password":"a \"demo\""}]})");
    const auto guide = get("/docs/guides/offline.html");
    EXPECT_EQ(guide.body, "<h1>Offline</h1>");
    EXPECT_EQ(guide.header("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(get("/docs/guides/offline.html", {{"Accept-Encoding", "br"}}).body, "BR");
    EXPECT_EQ(get("/docs/guides/none.html").status, 404);
}

TEST_F(PagesTest, TheDocumentationPageCanBeLeftOut) {
    auto info = example::info();
    info.examples.clear();
    mount(router, {.info = info, .page = false});
    EXPECT_EQ(get("/openapi.json").status, 200);
    EXPECT_EQ(get("/docs").status, 404);
    EXPECT_EQ(get("/docs/reader").status, 404);
}

constexpr ProblemNote sku_note[] = {
    {"product.sku_taken", "The SKU stands on another shelf.", "Choose <another> `sku`."}};

struct ProblemPagesTest : PagesTest {
    ProblemPagesTest() {
        example::add_routes(router);
        auto codes = error_codes(router);
        codes.push_back({"odd.markup", 409, true, base::Action::retry, "<b>Tom & \"Jerry\"</b>"});
        mount_problems(router, codes, {.type_base = "https://api.shop.example/problems/", .notes = sku_note});
    }
};

TEST_F(ProblemPagesTest, TellPeopleWhatToDo) {
    const auto reply = get("/problems/product.sku_taken");
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("Content-Type"), "text/html; charset=utf-8");
    EXPECT_EQ(reply.header("Vary"), "Accept");
    EXPECT_THAT(reply.body, HasSubstr("409 Conflict"));
    EXPECT_THAT(reply.body, HasSubstr("The SKU stands on another shelf."));
    EXPECT_THAT(reply.body, HasSubstr(advice(base::Action::fix)));
    EXPECT_THAT(reply.body, HasSubstr("Choose &lt;another&gt; <code>sku</code>."));
    EXPECT_THAT(get("/problems/odd.markup", {{"Accept", "text/html,application/json"}}).body,
                HasSubstr("<h2>Cause</h2>\n<p>&lt;b&gt;Tom &amp; &quot;Jerry&quot;&lt;/b&gt;.</p>"));
}

// The example is a reply as it is written, and the routes are those of the document.
TEST_F(ProblemPagesTest, ShowAReplyAndWhoGivesIt) {
    const auto page = get("/problems/product.sku_taken").body;
    EXPECT_THAT(page, HasSubstr("&quot;type&quot;: &quot;https://api.shop.example/problems/product.sku_taken&quot;"));
    EXPECT_THAT(page, HasSubstr("  &quot;retriable&quot;: false,\n  &quot;action&quot;: &quot;fix&quot;"));
    for (const auto& route : router.routes()) {
        if (!route.operation) continue;
        const auto listed = std::ranges::count(route.operation->errors, example::sku_taken) > 0;
        const auto line = "<code>" + std::string(http::to_string(route.method)) + " " + route.pattern + "</code>";
        EXPECT_EQ(page.contains(line), listed) << line;
    }
    EXPECT_THAT(get("/problems/server.internal").body, HasSubstr("Every route."));
    EXPECT_THAT(get("/problems/http.malformed").body, HasSubstr("before a route is chosen"));
}

TEST_F(ProblemPagesTest, TellPrograms) {
    const auto reply = get("/problems/product.sku_taken", {{"Accept", "application/json"}});
    EXPECT_EQ(reply.header("Content-Type"), "application/json");
    EXPECT_THAT(reply.body, testing::StartsWith(
                                R"({"code":"product.sku_taken","title":"Another product has this SKU","status":409,)"
                                R"("retriable":false,"action":"fix","cause":"The SKU stands on another shelf.",)"));
    EXPECT_THAT(reply.body, HasSubstr(R"("remedy":"Choose <another> `sku`.","example":{"type":"https://)"));
    EXPECT_THAT(reply.body, HasSubstr(R"("operations":[{"method":")"));
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

TEST_F(PagesTest, ANoteIsAboutACode) {
    constexpr ProblemNote notes[] = {{"nobody.has_this", "Never.", ""}};
    EXPECT_THROW(mount_problems(router, {}, {.notes = notes}), std::logic_error);
}

TEST_F(PagesTest, TheStartPageLinksToWhatIsThere) {
    example::add_routes(router);
    mount(router, {.info = example::info()});
    mount_start_page(router, {.title = "A <shop>", .links = {{"/docs", "Docs"}, {"/nowhere", "Nothing"}}});
    const auto page = get("/");
    EXPECT_EQ(page.status, 200);
    EXPECT_THAT(page.body, HasSubstr("<h1>A &lt;shop&gt;</h1>\n<ul>"));
    EXPECT_THAT(page.body, HasSubstr(R"(<a href="/docs"><code>/docs</code></a><br>Docs)"));
    EXPECT_THAT(page.body, Not(HasSubstr("/nowhere")));
    EXPECT_THAT(std::string(*page.header("Content-Security-Policy")), HasSubstr("style-src 'sha256-"));
    EXPECT_EQ(get("/", {}, http::Method::head).status, 200);
    const auto icon = get("/favicon.ico");
    EXPECT_EQ(icon.header("Content-Type"), "image/png");
    EXPECT_EQ(icon.body.substr(1, 3), "PNG");
    EXPECT_EQ(get("/docs/").header("Location"), "../docs");
    EXPECT_EQ(get("/docs/", {}, http::Method::head).status, 308);
}

TEST_F(PagesTest, AServiceMayHaveAStartPageOfItsOwn) {
    router.add(http::Method::get, "/", {.handler = [](http::Context& context) -> async::Task<void> {
                   context.response().body("mine");
                   co_return;
               }});
    mount_start_page(router, {.title = "Shop"});
    EXPECT_EQ(get("/").body, "mine");
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
