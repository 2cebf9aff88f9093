#include "http/router.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "async/loop.h"
#include "http/context.h"
#include "http/inject.h"

namespace http {
namespace {

Handler echo(std::string name) {
    return [name = std::move(name)](this auto, Context& context) -> async::Task<void> {
        std::string text = name;
        for (std::size_t i = 0; i < context.param_count(); ++i) {
            const auto [key, value] = context.param_at(i);
            text.append(" ").append(key).append("=").append(value);
        }
        context.response().body(text);
        co_return;
    };
}

Middleware tag(std::string name) {
    return [name = std::move(name)](Context& context, Next next) -> async::Task<void> {
        context.response().headers().append("X-Tag", name);
        return next(context);
    };
}

struct RouterTest : testing::Test {
    async::Loop loop;
    Services services;
    Router router;

    InjectedResponse send(Method method, std::string target) {
        return async::run_until_done(
            loop, Injector(loop, router.handler(), services).run({.method = method, .target = std::move(target)}));
    }
    std::string get(std::string target) {
        const auto reply = send(Method::get, std::move(target));
        return reply.status == 200 ? reply.body : std::to_string(reply.status);
    }
};

TEST_F(RouterTest, FindsTheMostExactRoute) {
    router.add(Method::get, "/", {.handler = echo("root")});
    router.add(Method::get, "/v1/products", {.handler = echo("list")});
    router.add(Method::get, "/v1/products/{id}", {.handler = echo("one")});
    router.add(Method::get, "/v1/products/search", {.handler = echo("search")});
    router.add(Method::get, "/v1/products/{id}/variants/{variant}", {.handler = echo("variant")});
    router.add(Method::get, "/v1/products/search/deep", {.handler = echo("deep")});
    router.add(Method::get, "/files/{path...}", {.handler = echo("file")});
    EXPECT_EQ(get("/"), "root");
    EXPECT_EQ(get("/v1/products?x=/y"), "list");
    EXPECT_EQ(get("/v1/products/7"), "one id=7");
    EXPECT_EQ(get("/v1/products/a%20b"), "one id=a b");
    EXPECT_EQ(get("/v1/products/search"), "search");
    EXPECT_EQ(get("/v1/products/search/variants/2"), "variant id=search variant=2");
    EXPECT_EQ(get("/files/a/b.css"), "file path=a/b.css");
    for (const auto* missing : {"/v1", "/v1/", "//v1/products", "/v1//products", "/files", "/files/", "/V1/products",
                                "/v1/products/7/variants"}) {
        EXPECT_EQ(get(missing), "404") << missing;
    }
}

// One rule for every path and method: a slash at the end, where the path without it is known, is a redirect that keeps both.
struct ScrubCase {
    const char* target;
    const char* shown;  // "": it has no secret
};

// By the name that a route gives a parameter, whatever stands there, and whether a route takes the request or not.
TEST_F(RouterTest, ScrubsWhatRoutesNameAsSecret) {
    EXPECT_EQ(router.scrub("/a/dcU-c2Wi"), std::nullopt);
    router.add(Method::post, "/a/{account}/{token}", {.handler = echo("a")});
    router.add(Method::post, "/a/{account}/{token}/events", {.handler = echo("events")});
    router.add(Method::get, "/a/own/list", {.handler = echo("list")});
    router.add(Method::get, "/b/{id}", {.handler = echo("b")});
    router.add(Method::get, "/c/{secret...}", {.handler = echo("c")});
    for (const auto& [target, shown] : std::initializer_list<ScrubCase>{
             {"/a/sms/dcU-c2Wi", "/a/sms/[Redacted]"},
             {"/a/sms/dcU-c2Wi?x=1", "/a/sms/[Redacted]?x=1"},
             {"/a/sms/dcU-c2Wi/", "/a/sms/[Redacted]/"},
             {"/a/sms/dcU-c2Wi/events", "/a/sms/[Redacted]/events"},
             {"/a/sms/dcU-c2Wi/no/such/route", "/a/sms/[Redacted]/no/such/route"},
             {"/a/s%6Ds/dcU%2Dc2Wi", "/a/s%6Ds/[Redacted]"},
             {"/%61/sms/dcU%2Fc2Wi", "/%61/sms/[Redacted]"},
             {"/a/own/list", "/a/own/[Redacted]"},
             {"/c/one/two", "/c/[Redacted]"},
             {"/a/sms", ""},
             {"/a/sms/", ""},
             {"/b/7", ""},
             {"/", ""},
             {"*", ""},
             {"/d/sms/dcU-c2Wi", ""},
         })
        EXPECT_EQ(router.scrub(target).value_or(""), shown) << target;
}

// Whoever mistypes the address mends the address, and the token stays the same.
TEST_F(RouterTest, ScrubsWhatStandsBesideARouteWithASecret) {
    router.add(Method::post, "/v1/callbacks/sms/{account}", {.handler = echo("account")});
    router.add(Method::post, "/v1/callbacks/sms/{account}/{token}", {.handler = echo("sms")});
    router.add(Method::post, "/v1/callbacks/m/{token}/confirm", {.handler = echo("m")});
    router.add(Method::get, "/v1/callbacks/list/{name}", {.handler = echo("list")});
    router.add(Method::get, "/v1/products/{id}", {.handler = echo("product")});
    const std::string token = "dcU-c2Wi0123456789ab";
    const auto shown = [&](std::string target) {
        for (auto at = target.find('T'); at != std::string::npos; at = target.find('T', at + token.size()))
            target.replace(at, 1, token);
        return router.scrub(target).value_or(target);
    };
    for (const auto* target : {"//v1/callbacks/sms/sms/T",
                               "/v1//callbacks/sms/sms/T",
                               "/v1/callbacks//sms/sms/T",
                               "/v1/callbacks/sms/sms//T",
                               "/V1/callbacks/sms/sms/T",
                               "/v1/Callbacks/sms/sms/T",
                               "/v1/callbacks/SMS/sms/T",
                               "/v1/callbacks/M/T/confirm",
                               "/api/v1/callbacks/sms/sms/T",
                               "/v1/./callbacks/sms/sms/T",
                               "/v1/callbacks/sms/sms%2FT",
                               "/v1/%2563allbacks/sms/sms/T",
                               "/v1/%252563allbacks/sms/sms/T",
                               "/v1%2Fcallbacks%2Fsms%2Fsms%2FT",
                               "/v1/callbacks/sms/T",
                               "/v1/callbacks/sms/T/",
                               "/v1/callbacks/sms/sms/x/T",
                               "/v1/callbacks/x/T?a=b",
                               "/callbacks/sms/T",
                               "/v1/callbacks/list/a/T"}) {
        EXPECT_FALSE(shown(target).contains(token)) << shown(target);
        EXPECT_TRUE(shown(target).contains("[Redacted]")) << shown(target);
    }
    // What a route has is its own, and so is what has nothing to do with one that has a secret.
    for (const auto* target :
         {"/v1/callbacks/list/T", "/v1/products/T", "/v1/prodcts/T", "/v2/T", "/T", "/v1/callbacks/sms/sms",
          "/v1/callbacks/sms/0197f0c2-0000-7000-8000-000000000001", "/v1/callbacks/nobody/here"})
        EXPECT_FALSE(shown(target).contains("[Redacted]")) << shown(target);
    EXPECT_EQ(shown("/v1/callbacks/x/T/y/T?a=T"), "/v1/callbacks/x/[Redacted]/y/[Redacted]?a=" + token);
}

TEST_F(RouterTest, RedirectsFromASlashAtTheEnd) {
    router.add(Method::get, "/", {.handler = echo("root")});
    router.add(Method::get, "/docs", {.handler = echo("docs")});
    router.add(Method::post, "/v1/orders", {.handler = echo("ordered")});
    router.add(Method::get, "/v1/items/{id}", {.handler = echo("item")});
    router.add(Method::get, "/files/{path...}", {.handler = echo("file")});
    struct Case {
        Method method;
        std::string target;
        std::string_view location;
    };
    const Case cases[] = {
        {Method::get, "/docs/", "../docs"},
        {Method::head, "/docs/", "../docs"},
        {Method::put, "/docs/", "../docs"},
        {Method::options, "/docs/", "../docs"},
        {Method::post, "/v1/orders/", "../orders"},
        {Method::get, "/docs/?tag=a%2Fb&next=//evil.example/", "../docs?tag=a%2Fb&next=//evil.example/"},
        {Method::get, "/v1/items/a%5Cb%3F%C3%A9/", "../a%5Cb%3F%C3%A9"},
    };
    for (const auto& [method, target, location] : cases) {
        const auto reply = send(method, target);
        EXPECT_EQ(reply.status, 308) << target;
        EXPECT_EQ(reply.header("Location"), location) << target;
        EXPECT_EQ(reply.body, "");
    }
    EXPECT_EQ(get("/files/a/"), "file path=a/") << "what a route takes is not redirected";
}

// No path makes the Location of another host: what begins with two slashes is no path of a route, and the Location is relative.
TEST_F(RouterTest, NeverRedirectsToAnotherHost) {
    router.add(Method::get, "/", {.handler = echo("root")});
    router.add(Method::get, "/{name}", {.handler = echo("one")});
    router.add(Method::get, "/{name}/{other}", {.handler = echo("two")});
    for (const auto* target :
         {"//evil.example/", "//evil.example//", "///evil.example/", "/docs//", "//", "/%5C/evil.example//"})
        EXPECT_EQ(get(target), "404") << target;
    EXPECT_EQ(send(Method::get, "/%5Cevil.example/").header("Location"), "../%5Cevil.example");
    EXPECT_EQ(send(Method::get, "/https:evil.example/").header("Location"), "../https%3Aevil.example");
}

TEST_F(RouterTest, KnowsTheMethodsOfAPath) {
    router.add(Method::get, "/items/{id}", {.handler = echo("get")});
    router.add(Method::del, "/items/{item}", {.handler = echo("delete")});
    router.add(Method::post, "/items/all", {.handler = echo("all")});
    EXPECT_EQ(send(Method::head, "/items/1").status, 200);
    EXPECT_EQ(send(Method::head, "/items/1").header("Content-Length"), "8");
    EXPECT_EQ(send(Method::head, "/items/1").body, "");
    EXPECT_EQ(send(Method::del, "/items/1").body, "delete item=1");
    EXPECT_EQ(send(Method::del, "/items/all").body, "delete item=all");
    const auto refused = send(Method::put, "/items/1");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.header("allow"), "GET, HEAD, DELETE, OPTIONS");
    const auto options = send(Method::options, "/items/all");
    EXPECT_EQ(options.status, 204);
    EXPECT_EQ(options.header("Allow"), "GET, HEAD, POST, DELETE, OPTIONS");
    EXPECT_EQ(send(Method::options, "/nowhere").status, 404);
    EXPECT_EQ(send(Method::options, "*").status, 204);
}

TEST_F(RouterTest, FlattensTheLinksOfGroups) {
    auto api = router.group("/v1", {tag("v1")});
    auto shop = api.group("/shop", {tag("shop")});
    shop.add(Method::get, "/{id}",
             {.handler = echo("shop"), .middleware = {tag("route")}, .options = {.body_limit = 7}});
    const auto reply = send(Method::get, "/v1/shop/3");
    EXPECT_EQ(reply.body, "shop id=3");
    std::string tags;
    for (const auto& [name, value] : reply.headers) {
        if (name == "X-Tag") tags += value + " ";
    }
    EXPECT_EQ(tags, "v1 shop route ");
    ASSERT_EQ(router.routes().size(), 1U);
    EXPECT_EQ(router.routes()[0].pattern, "/v1/shop/{id}");
    EXPECT_EQ(router.routes()[0].options.body_limit, 7U);
}

TEST_F(RouterTest, RefusesBadPatterns) {
    router.add(Method::get, "/a/{id}", {.handler = echo("")});
    for (const auto* pattern : {"", "a", "/a/", "//", "/{}", "/{id", "/x{id}", "/{id}x", "/{a}/{a}", "/{rest...}/x",
                                "/{a-b}", "/a/{other}", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}"}) {
        EXPECT_THROW(router.add(Method::get, pattern, {.handler = echo("")}), std::invalid_argument) << pattern;
    }
    EXPECT_THROW(router.add(Method::get, "/b", {}), std::invalid_argument);
}

}  // namespace
}  // namespace http
