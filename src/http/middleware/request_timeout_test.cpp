#include "http/middleware/request_timeout.h"

#include <gtest/gtest.h>

#include "http/middleware/chain_for_test.h"
#include "http/middleware/problems.h"
#include "http/problem.h"

namespace http {
namespace {

using namespace std::chrono_literals;

TEST(RequestTimeout, IsSecondsWithAtMostThreeDigitsBehindThePoint) {
    EXPECT_EQ(parse_request_timeout("2"), 2'000ms);
    EXPECT_EQ(parse_request_timeout("2.5"), 2'500ms);
    EXPECT_EQ(parse_request_timeout("0.001"), 1ms);
    EXPECT_EQ(parse_request_timeout("00.25"), 250ms);
    EXPECT_EQ(parse_request_timeout("3600"), 3'600'000ms);
    for (const auto* text : {"", "0", "0.0", "0.0001", "3600.001", "99999", "-1", "+1", " 1", "1 ", "1.", ".5", "1e3",
                             "1,5", "2s", "1.2.3", "0x1", "18446744073709551616"})
        EXPECT_EQ(parse_request_timeout(text), std::nullopt) << text;
}

struct RequestTimeoutTest : testing::Test {
    ChainForTest chain;
    async::Milliseconds left{0};

    RequestTimeoutTest() { chain.services.add(types); }
    InjectedResponse run(std::vector<std::pair<std::string, std::string>> headers) {
        return chain.run(
            {problems(), request_timeout()},
            [this](this auto, Context& context) -> async::Task<void> {
                context.set_handler_time(10s);  // as a route does
                left = std::chrono::duration_cast<async::Milliseconds>(context.deadline() - context.started());
                context.response().body("ok");
                co_return;
            },
            {.headers = std::move(headers)});
    }
    ProblemTypes types{"https://api.example/problems/"};
};

TEST_F(RequestTimeoutTest, ShortensTheDeadlineAndNeverLengthensIt) {
    run({});
    EXPECT_EQ(left, 10s);
    run({{"Request-Timeout", "2.5"}});
    EXPECT_EQ(left, 2'500ms);
    run({{"Request-Timeout", "60"}});
    EXPECT_EQ(left, 10s);
}

TEST_F(RequestTimeoutTest, WhatIsNoneIsRefused) {
    EXPECT_EQ(run({{"Request-Timeout", "soon"}}).status, 400);
    EXPECT_EQ(run({{"Request-Timeout", "1"}, {"Request-Timeout", "2"}}).status, 400);
}

}  // namespace
}  // namespace http
