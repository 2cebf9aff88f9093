// From a committed sale to its effect: outbox, relay, queue, worker, roll-up; what happens when Redis is away, a job is delivered
// twice, or nobody can deliver it; schedules and their trigger.

#include <gmock/gmock.h>

#include "jobs/outbox_relay.h"
#include "observe/memory_tracer_for_test.h"
#include "pos/modules/reports/tables.h"
#include "pos/testing/background.h"

namespace {

using namespace pos;
using namespace pos::testing;
using ::testing::HasSubstr;

constexpr std::string_view scheduler_token = "a token of the external scheduler, long enough";

class ReportsTest : public BackgroundTest {
protected:
    static void SetUpTestSuite() {
        auto traced = definition();
        traced.tracer = &tracer;
        set_up(std::move(traced), [](app::Settings& settings) { settings.scheduler_token = scheduler_token; });
    }

    static std::string waiting(std::string_view queue) {
        return redis->command({"LLEN", fmt::format("bull:{}:wait", queue)});
    }

    static auto trigger(std::string_view name, std::string_view token, Headers headers = {}) {
        if (!token.empty()) headers.emplace_back("Authorization", fmt::format("Bearer {}", token));
        return app->send(http::Method::post, fmt::format("/internal/schedules/{}/trigger", name), "",
                         {.headers = std::move(headers)});
    }

    static constexpr std::string_view counted =
        "select coalesce(sum(sales), 0) || ' ' || coalesce(sum(total), 0) from daily_sales";
    static inline observe::MemoryTracer tracer;
};

// The caller's traceparent, the request, its statements, the job that the outbox carried, the job's statements: one trace.
TEST_F(ReportsTest, ATraceGoesFromTheRequestThroughTheOutboxToTheJobsStatements) {
    const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    const auto reply = post("/v1/sales", sale_json(location(), 100), owner,
                            {{"traceparent", "00-" + trace + "-00f067aa0ba902b7-01"}, {"tracestate", "till=7"}});
    ASSERT_EQ(reply.status, 201) << reply.body;
    const auto background = start();
    ASSERT_TRUE(becomes(counted, "1 100"));
    stop(*background);

    std::map<std::string, observe::KeptSpan> spans;
    for (auto& span : tracer.spans()) {
        EXPECT_TRUE(span.trace != trace || span.state == "till=7") << span.name;
        if (span.trace == trace) spans.emplace(span.id, span);
    }
    const auto only = [&](observe::SpanKind kind) {
        std::vector<observe::KeptSpan> found;
        for (const auto& [id, span] : spans) {
            if (span.kind == kind) found.push_back(span);
        }
        if (found.size() != 1) throw std::runtime_error(fmt::format("{} spans of that kind", found.size()));
        return found.front();
    };
    const auto is_below = [&](const observe::KeptSpan& span, const std::string& ancestor) {
        auto parent = span.parent;
        while (parent != ancestor && spans.contains(parent)) parent = spans.at(parent).parent;
        return parent == ancestor;
    };
    const auto request = only(observe::SpanKind::server);
    const auto created = only(observe::SpanKind::producer);
    const auto run = only(observe::SpanKind::consumer);
    EXPECT_EQ(request.name, "POST /v1/sales");
    EXPECT_EQ(request.parent, "00f067aa0ba902b7");
    ASSERT_TRUE(created.name.starts_with("create "));
    EXPECT_TRUE(is_below(created, request.id));
    EXPECT_EQ(run.name, "process " + created.name.substr(7));
    EXPECT_EQ(run.parent, created.id);
    EXPECT_TRUE(run.parent_is_remote);
    int statements_of_the_request = 0;
    int statements_of_the_job = 0;
    for (const auto& [id, span] : spans) {
        if (!span.attributes.contains("db.query.summary")) continue;
        (is_below(span, created.id) ? statements_of_the_job : statements_of_the_request) += 1;
        EXPECT_TRUE(is_below(span, request.id)) << span.name;
    }
    EXPECT_GE(statements_of_the_request, 1);
    EXPECT_GE(statements_of_the_job, 1);
}

TEST_F(ReportsTest, ASaleIsInTheSummaryOfItsShopAlone) {
    const auto background = start();
    sell(100);
    sell(250);
    ASSERT_TRUE(becomes(counted, "2 350"));
    EXPECT_TRUE(becomes(rows_left, "0"));

    const auto page = body<db::Page<DailySales>>(get("/v1/reports/sales-summary?from=2026-11-01&to=2026-11-30"));
    ASSERT_EQ(page.data.size(), 1U);
    EXPECT_EQ(page.data[0].sales, 2);
    EXPECT_EQ(page.data[0].total.minor, 350);
    EXPECT_TRUE(body<db::Page<DailySales>>(get("/v1/reports/sales-summary?from=2026-11-21")).data.empty());
    EXPECT_TRUE(body<db::Page<DailySales>>(get("/v1/reports/sales-summary", other)).data.empty());
    EXPECT_EQ(get("/v1/reports/sales-summary?locationId=" + location(), other).status, 200);
    EXPECT_TRUE(
        body<db::Page<DailySales>>(get("/v1/reports/sales-summary?locationId=" + location(), other)).data.empty());
    EXPECT_EQ(get("/v1/reports/sales-summary", "").status, 401);
    stop(*background);
}

// The next sale is counted all the same, and the sum says what a JSON number can.
TEST_F(ReportsTest, ASumStopsAtWhatANumberHolds) {
    const auto background = start();
    sell(100);
    ASSERT_TRUE(becomes(counted, "1 100"));
    app->database().execute("update daily_sales set total = 9223372036854775807");
    sell(50);
    EXPECT_TRUE(becomes(counted, "2 9007199254740991"));
    stop(*background);
}

TEST_F(ReportsTest, ACashierSeesNoReports) {
    EXPECT_EQ(get("/v1/reports/sales-summary", member("cashier.reports@duka.example", "cashier")).status, 403);
}

// Not by the look that it has every few seconds.
TEST_F(ReportsTest, TheRelayIsWokenByACommitAlone) {
    int woken = 0;
    app->app().outbox.listen([&] { ++woken; });
    EXPECT_EQ(post("/v1/sales", R"({"clientRequestId":"0197f0c2-0000-7000-8000-999999999998"})").status, 422);
    EXPECT_EQ(woken, 0);
    sell(100);
    EXPECT_EQ(woken, 1);
    sell(100);
    EXPECT_EQ(woken, 1) << "it has been told, and has not looked yet";
    app->app().outbox.rearm();
    sell(100);
    EXPECT_EQ(woken, 2);
    app->app().outbox.listen(nullptr);
}

// Rings the relay all the time, as the commits of a busy day do, until the outbox is empty or five seconds have passed.
async::Task<void> ring_until_empty(async::Loop* loop, jobs::OutboxRelay* relay, jobs::Outbox* outbox,
                                   ::testing::ScratchDatabase* database, const ::testing::RedisServer* redis) {
    relay->start();
    for (int i = 0; i < 100; ++i) {
        outbox->rearm();
        outbox->wake();
        co_await async::sleep(loop, std::chrono::milliseconds(50));
        if (i == 10) redis->command({"DEL", "bull:events:wait"});
        if (i > 10 && database->value("select count(*) from outbox_jobs") == "0") break;
    }
    co_await relay->stop();
}

TEST_F(ReportsTest, AQueueThatWasFullGetsItsJobsOnABusyDayToo) {
    sell(100);
    redis->command({"LPUSH", "bull:events:wait", "somebody", "else"});
    jobs::OutboxRelay relay(
        {app->host().databases(), *app->host().redis(), app->app().outbox, app->app().log.logger(), app->app().metrics},
        {.max_waiting = 2, .look_every = async::Milliseconds(300)});
    app->run(ring_until_empty(&app->host().loop(), &relay, &app->app().outbox, &app->database(), redis));
    EXPECT_EQ(app->database().value(rows_left), "0");
    EXPECT_THAT(waiting("events"), HasSubstr("1"));
}

TEST_F(ReportsTest, ARefusedSaleLeavesNothing) {
    // Refused by the last of its statements: all before it were run, the outbox's too.
    app->database().execute("alter table tenant_counters add constraint no_room check (change_seq < 0) not valid");
    const auto at = location();
    const auto reply = post("/v1/sales", sale_json(at, 100), owner);
    app->database().execute("alter table tenant_counters drop constraint no_room");
    EXPECT_GE(reply.status, 400) << reply.body;
    EXPECT_EQ(app->database().value(rows_left), "0");
}

TEST_F(ReportsTest, ASaleIsTakenWhileRedisIsAwayAndItsJobFollows) {
    redis->kill();
    const auto background = start();
    sell(100);
    EXPECT_EQ(app->database().value(rows_left), "1");
    redis->start();
    EXPECT_TRUE(becomes(counted, "1 100"));
    EXPECT_TRUE(becomes(rows_left, "0"));
    stop(*background);
}

// A relay that is killed between Redis and the end of its transaction moves the row again.
TEST_F(ReportsTest, ARowThatIsMovedTwiceIsOneJob) {
    sell(100);
    app->database().execute("create table kept as select * from outbox_jobs");
    const auto background = start();
    ASSERT_TRUE(becomes(counted, "1 100"));
    ASSERT_TRUE(becomes(rows_left, "0"));
    app->database().execute("insert into outbox_jobs select * from kept; drop table kept; notify outbox");
    ASSERT_TRUE(becomes(rows_left, "0"));
    // Another one behind it: the first has been dealt with.
    sell(30);
    EXPECT_TRUE(becomes(counted, "2 130"));
    stop(*background);
}

// A worker that is killed between its effect and the word that the job is done.
TEST_F(ReportsTest, AJobThatRunsTwiceHasItsEffectOnce) {
    sell(100);
    app->database().execute("create table kept as select * from outbox_jobs");
    const auto background = start();
    ASSERT_TRUE(becomes(counted, "1 100"));
    // The queue has forgotten the job, so that it runs again under its id.
    redis->command({"FLUSHALL"});
    app->database().execute("insert into outbox_jobs select * from kept; drop table kept; notify outbox");
    sell(30);
    EXPECT_TRUE(becomes(counted, "2 130"));
    EXPECT_TRUE(becomes(rows_left, "0"));
    stop(*background);
}

TEST_F(ReportsTest, AJobWithoutHandlerStaysInItsQueue) {
    app->database().execute(
        "insert into outbox_jobs (tenant_id, id, position, queue, name, data, options, created_at) "
        "values (gen_random_uuid(), gen_random_uuid(), nextval('outbox_position'), 'letters', 'letters.welcome', '{}', "
        "'{}', "
        "now())");
    const auto background = start();
    EXPECT_TRUE(becomes(rows_left, "0"));
    EXPECT_THAT(waiting("letters"), HasSubstr("1"));
    stop(*background);
}

TEST_F(ReportsTest, ARowThatNoQueueTakesIsPutAsideAndHoldsNothingUp) {
    app->database().execute(
        "insert into outbox_jobs (tenant_id, id, position, queue, name, data, options, created_at) "
        "values (gen_random_uuid(), gen_random_uuid(), nextval('outbox_position'), 'events', 'sale.created', '{}', "
        "'{\"attempts\":-1}', now())");
    const auto background = start();
    sell(100);
    EXPECT_TRUE(becomes(counted, "1 100"));
    EXPECT_TRUE(becomes("select count(*) from outbox_jobs where failure is not null", "1"));
    stop(*background);
}

TEST_F(ReportsTest, AnUnknownQueueIsRefusedAtTheStart) {
    EXPECT_THROW(app::Background(app->app(), {.queues = {"no-such-queue"}}), std::runtime_error);
}

TEST_F(ReportsTest, ExpiredRowsAreRemovedByTheClockAndOnDemand) {
    app->database().execute("update idempotency_keys set expires_at = now() - interval '1 day'");
    ASSERT_NE(app->database().value("select count(*) from idempotency_keys"), "0");
    const auto background = start();
    EXPECT_EQ(trigger("maintenance.clean_up", "").status, 401);
    EXPECT_EQ(trigger("maintenance.clean_up", "another token of the same length, or nearly").status, 401);
    EXPECT_EQ(trigger("maintenance.no_such", scheduler_token).status, 404);
    EXPECT_EQ(trigger("maintenance.clean_up", scheduler_token, {{"Idempotency-Key", std::string(256, 'k')}}).status,
              422);
    const auto reply = trigger("maintenance.clean_up", scheduler_token, {{"Idempotency-Key", "today"}});
    EXPECT_EQ(reply.status, 202) << reply.body;
    EXPECT_EQ(trigger("maintenance.clean_up", scheduler_token, {{"Idempotency-Key", "today"}}).body, reply.body);
    EXPECT_TRUE(becomes("select count(*) from idempotency_keys", "0"));
    // Each scheduler once, however many instances put it there.
    const auto second = start();
    stop(*second);
    std::size_t schedulers = 0;
    for (const auto& module : definition().modules) {
        for (const auto& schedule : module.schedules) schedulers += schedule.queue == "maintenance" ? 1 : 0;
    }
    EXPECT_EQ(redis->command({"ZCARD", "bull:maintenance:repeat"}), fmt::format(":{}\r\n", schedulers));
    stop(*background);
}

// A flushed Redis, one without persistence, a fail-over: the sale is there, and its job is not.
TEST_F(ReportsTest, ASaleWhoseJobIsLostIsCountedOnceAllTheSame) {
    app->database().execute("update sales set recorded_at = now() - interval '30 days'");
    const auto background = start();
    sell(100);
    ASSERT_TRUE(becomes("select sales || ' ' || total from daily_sales", "1 100"));
    stop(*background);
    sell(20);
    sell(3, other);
    app->database().execute("truncate outbox_jobs");
    const auto count_missed = [] {
        redis->command({"FLUSHALL"});
        const auto worker = start();
        const auto reply = trigger("reports.count_missed", scheduler_token);
        EXPECT_EQ(reply.status / 100, 2) << reply.body;
        // Others of the queue may have run as well.
        EXPECT_TRUE(becomes(
            [] {
                return redis->command({"EVAL",
                                       "for _, id in ipairs(redis.call('zrange', 'bull:maintenance:completed', 0, -1)) "
                                       "do if redis.call('hget', 'bull:maintenance:' .. id, 'name') == ARGV[1] then "
                                       "return 1 end end return 0",
                                       "0", "reports.count_missed"});
            },
            ":1\r\n"));
        stop(*worker);
    };
    count_missed();
    EXPECT_EQ(rows("select sum(sales) from daily_sales"), "1") << "too young: its job may be on its way";
    app->database().execute(
        "update sales set recorded_at = now() - interval '1 hour' where recorded_at > now() - interval '1 day'");
    for (int i = 0; i < 2; ++i) {
        count_missed();
        EXPECT_EQ(rows("select string_agg(sales || ' ' || total, ', ' order by total) from daily_sales"), "1 3, 2 120");
    }
}

}  // namespace
