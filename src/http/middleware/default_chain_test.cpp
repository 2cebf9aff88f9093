#include "http/middleware/default_chain.h"

#include <gtest/gtest.h>

#include "http/middleware/chain_for_test.h"
#include "http/middleware/conditional.h"
#include "http/router.h"

namespace http {
namespace {

TEST(DefaultChain, EveryReplyCarriesTheWholeSet) {
    Router router;
    router.add(
        Method::get, "/v1/products/{id}",
        {.handler = Replies{
             .body = std::string(2000, 'a'), .content_type = "application/json", .headers = {{"ETag", etag_for(7)}}}});
    for (const auto& [target, status] : {std::pair{"/v1/products/1", 200}, {"/nowhere", 404}}) {
        ChainForTest chain;
        const auto reply =
            chain.run(default_chain(), router.handler(),
                      {.target = target, .headers = {{"Origin", "https://shop.example"}, {"Accept-Encoding", "br"}}});
        EXPECT_EQ(reply.status, status);
        for (const char* name : {"X-Request-Id", "Content-Security-Policy", "Access-Control-Allow-Origin",
                                 "Access-Control-Expose-Headers"}) {
            EXPECT_TRUE(reply.header(name)) << name << ' ' << target;
        }
        EXPECT_EQ(reply.header("Vary"), "Accept-Encoding");
        EXPECT_TRUE(chain.log_contains("\"statusCode\":" + std::to_string(status)));
    }
}

TEST(DefaultChain, CompressedTagComesBackInAChange) {
    Router router;
    router.add(
        Method::get, "/row",
        {.handler = Replies{
             .body = std::string(2000, 'a'), .content_type = "application/json", .headers = {{"ETag", etag_for(7)}}}});
    router.add(Method::patch, "/row", {.handler = [](Context& context) -> async::Task<void> {
                   if (const auto match = require_if_match(context); !match.matches(7)) throw match.conflict();
                   context.response().status(204).header("ETag", etag_for(8));
                   co_return;
               }});
    ChainForTest chain;
    const auto read =
        chain.run(default_chain(), router.handler(), {.target = "/row", .headers = {{"Accept-Encoding", "gzip"}}});
    EXPECT_EQ(read.header("ETag"), "\"7-gzip\"");
    EXPECT_EQ(chain
                  .run(default_chain(), router.handler(),
                       {.target = "/row", .headers = {{"If-None-Match", std::string(*read.header("ETag"))}}})
                  .status,
              304);
    EXPECT_EQ(chain
                  .run(default_chain(), router.handler(),
                       {.method = Method::patch,
                        .target = "/row",
                        .headers = {{"If-Match", std::string(*read.header("ETag"))}}})
                  .status,
              204);
    EXPECT_EQ(chain
                  .run(default_chain(), router.handler(),
                       {.method = Method::patch, .target = "/row", .headers = {{"If-Match", "\"6\""}}})
                  .status,
              412);
    EXPECT_EQ(chain.run(default_chain(), router.handler(), {.method = Method::patch, .target = "/row"}).status, 428);
}

TEST(DefaultChain, LinksCanBeLeftOut) {
    ChainForTest chain;
    const auto reply = chain.run(default_chain({.security_headers = std::nullopt,
                                                .cors = std::nullopt,
                                                .compression = std::nullopt,
                                                .body_decoding = std::nullopt}),
                                 Replies{}, {.headers = {{"Origin", "https://shop.example"}}});
    EXPECT_FALSE(reply.header("Content-Security-Policy"));
    EXPECT_FALSE(reply.header("Access-Control-Allow-Origin"));
    EXPECT_FALSE(reply.header("Vary"));
}

}  // namespace
}  // namespace http
