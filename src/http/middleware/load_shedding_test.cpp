#include "http/middleware/load_shedding.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "http/load_shedder.h"
#include "http/middleware/access_log.h"
#include "http/middleware/chain_for_test.h"
#include "http/middleware/problems.h"
#include "http/problem.h"
#include "http/router.h"

namespace http {
namespace {

using namespace std::chrono_literals;

struct LoadSheddingTest : testing::Test {
    ChainForTest chain;
    observe::Metrics metrics;
    ProblemTypes types{"https://api.example/problems/"};
    LoadShedder shedder;
    Router router;

    LoadSheddingTest() {
        chain.services.add(types);
        auto api = router.group("/v1", {load_shedding(metrics)});
        api.add(Method::get, "/sale", {.handler = Replies{}, .options = {.priority = Priority::high}});
        api.add(Method::get, "/page", {.handler = Replies{}});
        api.add(Method::get, "/report", {.handler = Replies{}, .options = {.priority = Priority::low}});
        router.add(Method::get, "/health", {.handler = Replies{}});
    }
    InjectedResponse get(std::string target) {
        return chain.run({problems()}, router.handler(), {.target = std::move(target)});
    }
    void wait(std::chrono::milliseconds delay, int intervals) {
        auto now = async::Loop::now() - intervals * 100ms;
        for (int i = 0; i <= intervals; ++i, now += 100ms) shedder.waited(LoadShedder::Queue::loop, delay, now);
    }
};

TEST_F(LoadSheddingTest, RefusesWhatMayWaitBeforeTheRest) {
    chain.services.add(shedder);
    wait(80ms, 4);
    const auto refused = get("/v1/report");
    EXPECT_EQ(refused.status, 503);
    EXPECT_NE(refused.body.find("http.load_shed"), std::string::npos);
    EXPECT_EQ(refused.header("Retry-After"), "5");
    EXPECT_EQ(get("/v1/page").status, 200);
    EXPECT_EQ(get("/v1/sale").status, 200);
    EXPECT_NE(metrics.render().find("http_requests_shed_total{priority=\"low\"} 1"), std::string::npos);
}

// Thousands a second would drown what went wrong, and a line costs as much as the refusal.
TEST_F(LoadSheddingTest, ManyRefusalsAreOneWarning) {
    chain.services.add(shedder);
    wait(80ms, 4);
    int refused = 0;
    for (int i = 0; i < 50; ++i)
        refused += chain.run({access_log(), problems()}, router.handler(), {.target = "/v1/report"}).status == 503;
    EXPECT_GT(refused, 10);
    const auto is_warning = [](const std::string& line) { return line.starts_with(R"({"level":40,)"); };
    EXPECT_EQ(std::ranges::count_if(chain.sink->lines(), is_warning), 1);
    EXPECT_TRUE(chain.log_contains("more requests come than can be answered"));
    EXPECT_FALSE(chain.log_contains("http.load_shed"));
}

TEST_F(LoadSheddingTest, RefusesNoProbe) {
    chain.services.add(shedder);
    wait(1s, 8);
    EXPECT_EQ(get("/v1/sale").header("Retry-After"), "1");
    EXPECT_EQ(get("/health").status, 200);
}

TEST_F(LoadSheddingTest, WithoutAShedderNobodyIsRefused) { EXPECT_EQ(get("/v1/report").status, 200); }

}  // namespace
}  // namespace http
