#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/middleware/chain_for_test.h"
#include "http/middleware/conditional.h"
#include "http/middleware/problems.h"
#include "openapi/docs_routes.h"
#include "openapi/example/shop.h"

namespace openapi {
namespace {

using testing::HasSubstr;

class DocumentReplyTest : public testing::Test {
protected:
    void serve(std::vector<Server> servers, ServerOf of = ServerOf::info) {
        example::add_routes(router);
        auto info = example::info();
        info.servers = std::move(servers);
        mount(router, {.info = info, .page = false, .server = of});
    }
    http::InjectedResponse get(const std::string& host, const std::string& known = {}) {
        http::InjectedRequest request{.method = http::Method::get, .target = "/openapi.json", .headers = {}};
        if (!host.empty()) request.headers.emplace_back("Host", host);
        if (!known.empty()) request.headers.emplace_back("If-None-Match", known);
        return chain.run({http::problems(), http::conditional_get()}, router.handler(), std::move(request));
    }

    http::ChainForTest chain;
    http::Router router;
};

// Postman, newman and generated clients send their requests to what stands here.
TEST_F(DocumentReplyTest, TheServerIsTheHostOfTheRequest) {
    serve({Server{}});
    EXPECT_THAT(get("localhost:3000").body, HasSubstr(R"("servers":[{"url":"http://localhost:3000"}])"));
    EXPECT_THAT(get("127.0.0.1:8080").body, HasSubstr(R"("servers":[{"url":"http://127.0.0.1:8080"}])"));
}

TEST_F(DocumentReplyTest, EachHostHasATagOfItsOwn) {
    serve({Server{}});
    const std::string known(get("one.example").header("ETag").value_or(""));
    ASSERT_NE(known, "");
    EXPECT_EQ(get("one.example", known).status, 304);
    EXPECT_EQ(get("two.example", known).status, 200);
}

TEST_F(DocumentReplyTest, AServerThatIsNamedStays) {
    serve({{.url = "https://api.shop.example", .description = "Production"}});
    const auto reply = get("localhost:3000");
    EXPECT_THAT(reply.body, HasSubstr(R"("servers":[{"url":"https://api.shop.example","description":"Production"}])"));
    EXPECT_EQ(reply.body.find("localhost"), std::string::npos);
}

// Of a developer's machine: http://localhost:3000 beside the address that telephones have.
TEST_F(DocumentReplyTest, TheServerOfTheRequestComesBeforeThoseThatAreNamed) {
    serve({{.url = "https://test.pos.example"}, {.url = "https://api.pos.example/pos", .description = "Production"}},
          ServerOf::request);
    const std::string test = R"({"url":"https://test.pos.example"})";
    const std::string production = R"({"url":"https://api.pos.example/pos","description":"Production"})";
    const auto expect_servers = [&](const std::string& host, const std::string& servers) {
        EXPECT_THAT(get(host).body, HasSubstr("\"servers\":[" + servers + "]")) << host;
    };
    expect_servers("localhost:3000", R"({"url":"http://localhost:3000"},)" + test + "," + production);
    // A proxy in front of it speaks TLS.
    expect_servers("API.pos.example", production + "," + test);
    expect_servers("test.pos.example", test + "," + production);
    expect_servers("api.pos.example:81", R"({"url":"http://api.pos.example:81"},)" + test + "," + production);
    EXPECT_NE(get("localhost:3000").header("ETag"), get("api.pos.example").header("ETag"));
}

TEST_F(DocumentReplyTest, AServerWithoutAnAddressKeepsItsDescription) {
    serve({{.url = "/", .description = "This one"}}, ServerOf::request);
    const auto expected = R"("servers":[{"url":"http://localhost:3000","description":"This one"}])";
    EXPECT_THAT(get("localhost:3000").body, HasSubstr(expected));
}

TEST(DocsPolicy, ThePagesCallTheServersOfTheDocument) {
    auto info = example::info();
    info.servers = {{.url = "https://api.shop.example/pos"}, {.url = "/"}};
    EXPECT_THAT(docs_policy(info), testing::EndsWith(";connect-src 'self' https://api.shop.example"));
    info.servers = {{.url = "/"}};
    EXPECT_THAT(docs_policy(info), testing::EndsWith(";connect-src 'self'"));
}

}  // namespace
}  // namespace openapi
