#pragma once
// Fixture of tests of background work: the whole service with a Redis of its own, which every test finds empty, and the background
// of another process, so to speak (outbox relay, queues and schedules), which a test starts and stops. One thread.
//
//     class EventsTest : public BackgroundTest {
//         static void SetUpTestSuite() { set_up(definition()); }
//     };
//     TEST_F(EventsTest, CountsASale) {
//         const auto background = start({"events"});
//         sell(100);
//         EXPECT_TRUE(becomes([] { return rows("select sales from daily_sales"); }, "1"));
//         stop(*background);
//     }

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>

#include "app/background.h"
#include "pos/testing/shop.h"
#include "testing/redis_server.h"

namespace pos::testing {

class BackgroundTest : public ShopTest {
protected:
    // `adjust` may change further settings.
    static void set_up(app::Definition service, const std::function<void(app::Settings&)>& adjust = {}) {
        redis = new ::testing::RedisServer();
        app = new ::testing::TestApp(std::move(service), [&](app::Settings& settings) {
            settings.redis_url = redis->url();
            if (adjust) adjust(settings);
        });
        owner = sign_up("owner@duka.example");
        other = sign_up("owner@elsewhere.example");
    }
    static void TearDownTestSuite() {
        ShopTest::TearDownTestSuite();
        delete redis;
        redis = nullptr;
    }
    void SetUp() override {
        redis->command({"FLUSHALL"});
        app->database().execute("truncate outbox_jobs, daily_sales, handled_jobs");
    }

    static std::unique_ptr<app::Background> start(std::vector<std::string> queues = {"all"}) {
        auto background =
            std::make_unique<app::Background>(app->app(), app::BackgroundOptions{.queues = std::move(queues)});
        std::promise<void> promise;
        auto started = promise.get_future();
        background->begin_start([promise = std::move(promise)](const std::exception_ptr& error) mutable {
            error ? promise.set_exception(error) : promise.set_value();
        });
        started.get();
        return background;
    }
    static void stop(app::Background& background) {
        background.begin_stop(async::Loop::now() + std::chrono::seconds(5));
        background.join();
    }

    static std::string sale_json(const std::string& at, std::int64_t price) {
        static int number = 0;
        return fmt::format(
            R"({{"clientRequestId":"0197f0c2-0000-7000-8000-{:012}","locationId":"{}","occurredAt":"2026-11-20T09:00:00Z",)"
            R"("lines":[{{"lineNumber":1,"name":"Sugar","quantity":"1","unitPrice":{},"taxInclusive":true,"taxCode":"ZERO","taxRatePpm":0}}],)"
            R"("taxTotal":0,"total":{},"payments":[{{"method":"cash","amount":{},"tendered":{}}}]}})",
            ++number, at, price, price, price, price);
    }
    // Gives the shop that sold.
    static std::string sell(std::int64_t price, const std::string& token = owner) {
        const auto at = text(body<db::Page<Location>>(get("/v1/locations", token)).data.at(0).id);
        const auto reply = post("/v1/sales", sale_json(at, price), token);
        EXPECT_EQ(reply.status, 201) << reply.body;
        return at;
    }

    // The first value of a query; "" for none.
    static std::string rows(std::string_view query) { return app->database().value(query).value_or(""); }
    // Whether it is `wanted` within ten seconds.
    static ::testing::AssertionResult becomes(const std::function<std::string()>& value, std::string_view wanted) {
        std::string last;
        for (int i = 0; i < 1'000; ++i) {
            last = value();
            if (last == wanted) return ::testing::AssertionSuccess();
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        return ::testing::AssertionFailure() << "it is " << last << ", not " << wanted;
    }
    static ::testing::AssertionResult becomes(std::string_view query, std::string_view wanted) {
        return becomes([query] { return rows(query); }, wanted) << " of " << query;
    }

    static constexpr std::string_view rows_left = "select count(*) from outbox_jobs";
    static inline ::testing::RedisServer* redis = nullptr;
};

}  // namespace pos::testing
