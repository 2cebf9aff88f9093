#include "http/redirect.h"

#include <gtest/gtest.h>

#include "http/middleware/chain_for_test.h"
#include "http/middleware/problems.h"

namespace http {
namespace {

async::Task<Redirect<303>> sign_in() {
    co_return Redirect<303>::to_url("https://accounts.example/authorize?scope=a%20b&state=x#top");
}
async::Task<Redirect<307>> download(Path<"id", std::int32_t> id) {
    co_return Redirect<307>::to_path("/files/" + std::to_string(*id) + "?page=2");
}
async::Task<Redirect<308>> follow(HeaderValue<"X-Next", std::string> next) { co_return Redirect<308>::to_path(*next); }

class RedirectTest : public testing::Test {
protected:
    RedirectTest() {
        Routes routes(router.group(""), "test");
        routes.get("/sign-in", sign_in);
        routes.post("/downloads/{id}", download);
        routes.get("/follow", follow);
    }
    InjectedResponse send(Method method, std::string target, std::string next = "/there") {
        return chain.run({problems()}, router.handler(),
                         {.method = method, .target = std::move(target), .headers = {{"X-Next", std::move(next)}}});
    }

    ChainForTest chain;
    Router router;
};

TEST_F(RedirectTest, SaysWhereToGoOn) {
    const auto away = send(Method::get, "/sign-in");
    EXPECT_EQ(away.status, 303);
    EXPECT_EQ(away.header("Location"), "https://accounts.example/authorize?scope=a%20b&state=x#top");
    EXPECT_EQ(away.body, "");
    const auto again = send(Method::post, "/downloads/7");
    EXPECT_EQ(again.status, 307);
    EXPECT_EQ(again.header("Location"), "/files/7?page=2");
    EXPECT_EQ(send(Method::get, "/follow").status, 308);
}

TEST_F(RedirectTest, IsDescribed) {
    for (const auto& route : router.routes()) {
        ASSERT_EQ(route.operation->replies.size(), 1U);
        const auto& reply = route.operation->replies.front();
        EXPECT_EQ(reply.status, route.pattern == "/sign-in" ? 303 : route.pattern == "/follow" ? 308 : 307);
        EXPECT_EQ(reply.headers, std::vector<std::string_view>{"Location"});
        EXPECT_EQ(reply.media_type, "");
    }
}

TEST_F(RedirectTest, APathStaysOnThisHost) {
    for (const auto& text :
         std::vector<std::string>{"//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example",
                                  "evil.example", "", "/a b", "/caf\xc3\xa9", "/<script>"}) {
        EXPECT_THROW((void)Redirect<303>::to_path(text), std::invalid_argument) << text;
    }
    const auto refused = send(Method::get, "/follow", "//evil.example");
    EXPECT_EQ(refused.status, 500);
    EXPECT_FALSE(refused.header("Location"));
}

TEST_F(RedirectTest, NoTextBecomesAnotherHeader) {
    for (const auto& text :
         std::vector<std::string>{"/a\r\nSet-Cookie: x=1", "/a\nb", "/a\rb", std::string("/a\0b", 4), "/a\tb"}) {
        EXPECT_THROW((void)Redirect<303>::to_path(text), std::invalid_argument);
        EXPECT_THROW((void)Redirect<303>::to_url("https://a.example" + text), std::invalid_argument);
    }
}

TEST_F(RedirectTest, AUrlIsAbsolute) {
    for (const auto& text : std::vector<std::string>{"https://a.example", "http://[::1]:3000/x",
                                                     "com.example.app:/signed-in", "myapp://done?code=1"}) {
        EXPECT_NO_THROW((void)Redirect<303>::to_url(text)) << text;
    }
    for (const auto& text :
         std::vector<std::string>{"/there", "//a.example", "a.example", "https:", "https://", "https:///x", "https:a",
                                  "javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", ":x", "1a:x", ""}) {
        EXPECT_THROW((void)Redirect<303>::to_url(text), std::invalid_argument) << text;
    }
}

}  // namespace
}  // namespace http
