#include "http/middleware/access_log.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "http/middleware/chain_for_test.h"
#include "http/middleware/log_fields.h"
#include "http/middleware/problems.h"
#include "http/middleware/request_id.h"
#include "http/router.h"
#include "observe/metrics.h"

namespace http {
namespace {

struct LogCase {
    const char* name;
    std::uint16_t status;
    AccessLogOptions options;
    int level;
    const char* message;
};

TEST(AccessLog, LevelAndMessageFollowTheStatus) {
    const std::vector<LogCase> cases{
        {"ok", 200, {}, 30, "request completed"},
        {"client error", 404, {}, 30, "request completed"},
        {"client error, warned", 404, {.warn_client_errors = true}, 40, "request completed"},
        {"server error", 503, {}, 50, "request errored"}};
    for (const auto& test : cases) {
        ChainForTest chain;
        chain.run({access_log(test.options)}, Replies{.status = test.status});
        ASSERT_EQ(chain.sink->lines().size(), 1U) << test.name;
        EXPECT_TRUE(chain.log_contains("{\"level\":" + std::to_string(test.level) + ",")) << test.name;
        EXPECT_TRUE(chain.log_contains(std::string("\"msg\":\"") + test.message + "\"")) << test.name;
    }
}

TEST(AccessLog, LineHasPinosShape) {
    ChainForTest chain;
    Router router;
    router.add(Method::get, "/v1/products/{id}", {.handler = [](Context& context) {
                   log_fields(context).add("userId", "u-1").add("tenantId", "t-0").add("tenantId", "t-1");
                   context.request().set_client_address("203.0.113.9");
                   return reply_ok(context);
               }});
    chain.run({request_id(), access_log()}, router.handler(),
              {.target = "/v1/products/7?limit=5&token=abc",
               .headers = {{"X-Request-Id", "till-0001"}, {"Cookie", "sid=1"}}});
    const auto line = chain.sink->lines().at(0);
    EXPECT_TRUE(line.starts_with(
        R"({"level":30,"time":0,"pid":1,"hostname":"test","reqId":"till-0001","req":{"id":"till-0001","method":"GET",)"
        R"("url":"/v1/products/7?limit=5&token=[Redacted]","remoteAddress":"127.0.0.1","remotePort":0},"res":{"statusCode":200},)"
        R"("route":"/v1/products/{id}","clientAddress":"203.0.113.9","userId":"u-1","tenantId":"t-1","responseTime":)"))
        << line;
    EXPECT_TRUE(line.ends_with(R"("msg":"request completed"})")) << line;
}

TEST(AccessLog, LeavesOutWhatARouteNamesAsSecretInItsPath) {
    Router router;
    router.add(Method::post, "/v1/callbacks/{token}", {.handler = reply_ok});
    for (const auto method : {Method::post, Method::get}) {
        ChainForTest chain;
        chain.run({request_id(), access_log({.router = &router}), problems()}, router.handler(),
                  {.method = method, .target = "/v1/callbacks/dcU-c2Wi-Atee6WyM6YzruxY?x=1"});
        EXPECT_TRUE(chain.log_contains(R"("url":"/v1/callbacks/[Redacted]?x=1")")) << to_string(method);
        EXPECT_FALSE(chain.log_contains("dcU-c2Wi"));
    }
}

TEST(AccessLog, SaysWhichProblemWasSentAndCanShowHeaders) {
    ChainForTest chain;
    Router router;
    chain.run({access_log({.log_headers = true}), problems()}, router.handler(),
              {.target = "/nothing", .headers = {{"Authorization", "Bearer x"}, {"X-Till", "3"}}});
    EXPECT_TRUE(chain.log_contains("\"code\":\"http.not_found\""));
    EXPECT_TRUE(chain.log_contains("\"Authorization\":\"[Redacted]\""));
    EXPECT_TRUE(chain.log_contains("\"X-Till\":\"3\""));
}

TEST(AccessLog, StreamThatFailsIsAborted) {
    ChainForTest chain;
    const auto handler = [](Context& context) -> async::Task<void> {
        context.response().stream([](BodyWriter& out) -> async::Task<void> {
            (void)co_await out.write("half");
            throw std::runtime_error("disk");
        });
        co_return;
    };
    chain.run({access_log({.quiet_routes = {""}})}, handler);
    EXPECT_TRUE(chain.log_contains("request aborted"));
}

TEST(AccessLog, QuietRoutesSpeakOnlyOfFailures) {
    ChainForTest chain;
    Router router;
    router.add(Method::get, "/health", {.handler = Replies{}});
    router.add(Method::get, "/ready", {.handler = Replies{.status = 503}});
    for (const auto* target : {"/health", "/ready"})
        chain.run({access_log({.quiet_routes = {"/health", "/ready"}})}, router.handler(), {.target = target});
    ASSERT_EQ(chain.sink->lines().size(), 1U);
    EXPECT_TRUE(chain.log_contains("\"statusCode\":503"));
    EXPECT_FALSE(chain.log_contains("\"level\":50")) << "a process that drains is no fault";
}

TEST(AccessLog, CountsByRouteNotByPath) {
    observe::Metrics metrics;
    ChainForTest chain;
    Router router;
    router.add(Method::get, "/v1/products/{id}", {.handler = Replies{}});
    const auto link = access_log({.metrics = &metrics});
    for (const auto* target : {"/v1/products/1", "/v1/products/2", "/nowhere"})
        chain.run({link, problems()}, router.handler(), {.target = target});
    const auto page = metrics.render();
    EXPECT_TRUE(page.contains(R"(http_request_duration_seconds_count{method="GET",route="/v1/products/{id}"} 2)"))
        << page;
    EXPECT_TRUE(page.contains(R"(http_responses_total{method="GET",route="/v1/products/{id}",status="200"} 2)"))
        << page;
    EXPECT_TRUE(page.contains(R"(http_responses_total{method="GET",route="unmatched",status="404"} 1)")) << page;
    EXPECT_FALSE(page.contains("/v1/products/1"));
}

TEST(AccessLog, CountsMethodsOfStrangersTogether) {
    observe::Metrics metrics;
    ChainForTest chain;
    Router router;
    for (int i = 0; i < 2; ++i)
        chain.run({access_log({.metrics = &metrics}), problems()}, router.handler(),
                  {.method = Method::other, .target = "/nowhere"});
    const auto page = metrics.render();
    EXPECT_TRUE(page.contains(R"(http_request_duration_seconds_count{method="_OTHER",route="unmatched"} 2)")) << page;
}

TEST(LogFields, AreBounded) {
    LogFields fields;
    fields.add("first", std::string(300, 'x')).add("second", std::string(21, 'y')).add("third", "z");
    EXPECT_EQ(fields.size(), 2U);
    for (const char* key : {"a", "b", "c", "d", "e", "f", "g"}) fields.add(key, "1");
    EXPECT_EQ(fields.size(), LogFields::most_fields);
    EXPECT_EQ(fields[1].key, "third");
}

}  // namespace
}  // namespace http
