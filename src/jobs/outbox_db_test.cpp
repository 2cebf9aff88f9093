// The outbox and its relay on a real PostgreSQL and Redis, and what may go wrong with either, or with a row.
#include "jobs/outbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include <fmt/format.h>

#include "jobs/outbox_relay.h"
#include "log/log.h"
#include "testing/redis_server.h"
#include "testing/scratch_database.h"

namespace jobs {
namespace {

using namespace std::chrono_literals;
using ::testing::AnyOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

async::Task<void> until(async::Loop* loop, std::function<bool()> condition) {
    const auto deadline = async::Loop::now() + 30s;
    while (!condition()) {
        if (async::Loop::now() > deadline) throw std::runtime_error("never came true");
        co_await async::sleep(loop, 5ms);
    }
}

std::vector<db::StatementView> all_statements() {
    auto statements = outbox_statements();
    for (const auto& statement : outbox_relay_statements()) statements.push_back(statement);
    return statements;
}

struct Row {
    std::string queue = "mail";
    std::string name = "welcome";
    std::string data = "{}";
    std::string options = "{}";
    std::string created_at = "now";
};

class OutboxTest : public ::testing::Test {
public:
    ~OutboxTest() override {
        if (server().command({"PING"}).empty()) ADD_FAILURE() << "Redis is gone";
        run(client_.close(async::Loop::now() + 1s));
        run(system_.close(async::Loop::now() + 1s));
    }

protected:
    OutboxTest() {
        server().command({"CONFIG", "SET", "maxmemory", "0"});
        server().command({"CONFIG", "SET", "proto-max-bulk-len", "536870912"});
        server().command({"FLUSHALL"});
        database().execute("truncate outbox_jobs");
    }

    // Without the rules of the table, as a script or an older release may have left rows.
    static ::testing::ScratchDatabase& database() {
        static const auto made = [] {
            auto database = std::make_unique<::testing::ScratchDatabase>();
            database->execute(
                "create sequence outbox_position; create table outbox_jobs (tenant_id uuid not null, id uuid not null, "
                "position bigint not null, queue text not null, name text not null, data jsonb not null, "
                "options jsonb not null, created_at timestamptz not null, failure text, primary key (tenant_id, id))");
            return database;
        }();
        return *made;
    }
    static ::testing::RedisServer& server() {
        static ::testing::RedisServer server;
        return server;
    }

    template <class T>
    T run(async::Task<T> task) {
        return async::run_until_done(loop_, std::move(task));
    }
    void wait_until(std::function<bool()> condition) { run(until(&loop_, std::move(condition))); }

    // The id.
    static std::string write(const Row& row) {
        return *database().value(
            fmt::format("insert into outbox_jobs select gen_random_uuid(), gen_random_uuid(), "
                        "nextval('outbox_position'), $q${}$q$, "
                        "$q${}$q$, $q${}$q$, $q${}$q$, '{}' returning id",
                        row.queue, row.name, row.data, row.options, row.created_at));
    }
    static std::vector<std::string> write(int count, const Row& row = {}) {
        std::vector<std::string> ids;
        for (int i = 0; i < count; ++i) ids.push_back(write(row));
        return ids;
    }
    static int count(std::string_view condition) {
        return std::stoi(*database().value(fmt::format("select count(*) from outbox_jobs where {}", condition)));
    }
    static int waiting() { return count("failure is null"); }
    static int parked() { return count("failure is not null"); }

    // The ids of the queue's jobs, the first to be run first.
    static std::vector<std::string> jobs_of(const std::string& queue) {
        std::vector<std::string> ids;
        const auto reply = server().command({"LRANGE", "bull:" + queue + ":wait", "0", "-1"});
        for (std::size_t at = reply.find("\r\n$36\r\n"); at != std::string::npos;
             at = reply.find("\r\n$36\r\n", at + 1))
            ids.insert(ids.begin(), reply.substr(at + 7, 36));
        return ids;
    }
    static std::size_t events(const std::string& queue, std::string_view event) {
        const auto reply = server().command({"XRANGE", "bull:" + queue + ":events", "-", "+"});
        std::size_t found = 0;
        for (std::size_t at = reply.find(event); at != std::string::npos; at = reply.find(event, at + 1)) ++found;
        return found;
    }

    static OutboxRelayOptions quick() { return {.look_every = 200ms, .retry_minimum = 10ms, .retry_maximum = 50ms}; }
    OutboxRelayParts parts() { return {store_, client_, outbox_, log_.logger(), metrics_}; }
    void relay_until(std::function<bool()> condition, OutboxRelayOptions options = quick()) {
        OutboxRelay relay(parts(), std::move(options));
        relay.start();
        wait_until(std::move(condition));
        run(relay.stop());
    }
    int lines_with(std::string_view text) {
        int found = 0;
        for (const auto& line : sink_->lines()) found += line.contains(text) ? 1 : 0;
        return found;
    }

    std::shared_ptr<logging::MemorySink> sink_ = std::make_shared<logging::MemorySink>();
    logging::Log log_{{}, sink_};
    observe::Metrics metrics_;
    async::Loop loop_;
    redis::Client client_{loop_,
                          {.endpoints = redis::fixed_endpoint(*redis::parse_url(server().url())),
                           .command_timeout = 500ms,
                           .reconnect_minimum = 5ms,
                           .reconnect_maximum = 50ms},
                          log_.logger(),
                          metrics_};
    db::Catalogue catalogue_{
        metrics_,
        {.tables = {}, .statements = all_statements(), .cursor_secret = "a secret of the tests, 32 bytes at least"}};
    db::Database system_{loop_, {.url = database().url()}, catalogue_.registry(), log_.logger(), metrics_};
    db::Databases store_{&system_, &system_, &catalogue_};
    Outbox outbox_;
};

struct Poison {
    std::string name;
    Row row;
    std::string reason;
};

// What names itself as a test's parameter.
// NOLINTNEXTLINE(readability-identifier-naming): GoogleTest calls it so.
void PrintTo(const Poison& poison, std::ostream* out) { *out << poison.name; }

class OutboxPoison : public OutboxTest, public ::testing::WithParamInterface<Poison> {};

TEST_P(OutboxPoison, IsParkedWhereverItStandsAndNobodyWaits) {
    const auto& [name, row, reason] = GetParam();
    for (const auto& [before, after] : {std::pair(0, 3), {2, 2}, {3, 0}, {1, 1}}) {
        server().command({"FLUSHALL"});
        server().command({"LPUSH", "bull:mail:de:list", "of another type"});
        database().execute("truncate outbox_jobs");
        auto ids = write(before);
        write(row);
        const auto other = write({.queue = "reports"});
        if (before == 1) write(row);
        for (const auto& id : write(after)) ids.push_back(id);
        relay_until([] { return waiting() == 0; });
        EXPECT_EQ(jobs_of("mail"), ids) << before;
        EXPECT_THAT(jobs_of("reports"), ElementsAre(other));
        EXPECT_EQ(parked(), before == 1 ? 2 : 1);
        EXPECT_THAT(*database().value("select failure from outbox_jobs limit 1"), HasSubstr(reason));
    }
}

INSTANTIATE_TEST_SUITE_P(
    every, OutboxPoison,
    ::testing::Values(
        Poison{"no_queue", {.queue = ""}, "jobs.bad_queue"},
        Poison{"colon", {.queue = "mail:welcome"}, "jobs.bad_queue"},
        Poison{"only_a_colon", {.queue = ":"}, "jobs.bad_queue"}, Poison{"no_name", {.name = ""}, "jobs.bad_options"},
        Poison{"attempts", {.options = R"({"attempts":-1})"}, "jobs.bad_options"},
        Poison{"priority", {.options = R"({"priority":3000000})"}, "jobs.bad_options"},
        Poison{"id_of_digits", {.options = R"({"jobId":"17"})"}, "jobs.bad_options"},
        Poison{"id_of_a_key_of_the_queue", {.options = R"({"jobId":"delayed"})"}, "jobs.bad_options"},
        Poison{"id_with_a_colon", {.options = R"({"jobId":"a:b"})"}, "jobs.bad_options"},
        Poison{"delay", {.options = R"({"delay":3200000000000})"}, "jobs.bad_options"},
        Poison{"no_parent", {.options = R"({"parent":{"id":"gone","queue":"bull:gone"}})"}, "jobs.parent_missing"},
        // Redis itself refuses it, and takes the others of its queue.
        Poison{"key_in_its_way", {.options = R"({"de":{"id":"list"}})"}, "WRONGTYPE"}),
    [](const auto& info) { return info.param.name; });

TEST_F(OutboxTest, RowsOfAnyFormCanBeRead) {
    write({.created_at = "infinity"});
    write({.created_at = "-infinity"});
    write({.data = R"({"a":1e300,"b":[null,true,"\u00fc"]})", .options = "[]"});
    write({.data = "null", .options = "\"text\""});
    write({.created_at = "4713-01-01 BC"});
    relay_until([] { return waiting() == 0; });
    EXPECT_EQ(parked(), 0);
    EXPECT_EQ(jobs_of("mail").size(), 5U);
}

TEST_F(OutboxTest, TwoRowsOfOnePositionAndOneIdAreTwoRows) {
    write({.data = "1"});
    write({.data = "2", .options = R"({"attempts":-1})"});
    database().execute("update outbox_jobs set position = 1, id = (select id from outbox_jobs limit 1)");
    relay_until([] { return waiting() == 0; });
    EXPECT_EQ(database().value("select data from outbox_jobs where failure is not null"), "2");
    EXPECT_EQ(jobs_of("mail").size(), 1U);
}

TEST_F(OutboxTest, ARowThatIsMendedLeaves) {
    write({.options = R"({"attempts":-1})"});
    relay_until([this] { return parked() == 1 && metrics_.render().contains("outbox_parked 1\n"); });
    database().execute("update outbox_jobs set options = '{}', failure = null");
    relay_until([] { return count("true") == 0; });
    EXPECT_EQ(jobs_of("mail").size(), 1U);
}

TEST_F(OutboxTest, ABrokenQueueWaitsAloneUntilItIsMended) {
    for (const std::string suffix : {"wait", "id", "meta"}) {
        server().command({"SET", "bull:broken:" + suffix, "text"});
        write(3, {.queue = "broken"});
        const auto mail = write(3);
        OutboxRelay relay(parts(), quick());
        relay.start();
        wait_until([&] { return jobs_of("mail").size() == 3; });
        wait_until([&] { return sink_->contains("jobs for a queue wait in the outbox"); });
        wait_until([] { return waiting() == 3; });
        EXPECT_EQ(parked(), 0) << suffix;
        server().command({"DEL", "bull:broken:" + suffix});
        wait_until([] { return waiting() == 0; });
        EXPECT_EQ(jobs_of("broken").size(), 3U) << suffix;
        run(relay.stop());
        server().command({"FLUSHALL"});
    }
}

// It is the only one of its queue that could tell: it waits, and is parked as soon as another one passes.
TEST_F(OutboxTest, ALoneRowThatRedisRefusesWaitsForAnother) {
    server().command({"LPUSH", "bull:mail:de:list", "of another type"});
    write({.options = R"({"de":{"id":"list"}})"});
    OutboxRelay relay(parts(), quick());
    relay.start();
    wait_until([this] { return lines_with("jobs for a queue wait in the outbox") >= 2; });
    EXPECT_EQ(parked(), 0);
    const auto next = write(Row{});
    wait_until([] { return parked() == 1 && waiting() == 0; });
    EXPECT_THAT(jobs_of("mail"), ElementsAre(next));
    run(relay.stop());
}

// More of them than are read at once, and than are asked for in one look.
TEST_F(OutboxTest, RefusedRowsAtTheHeadDoNotHideTheGoodOnes) {
    server().command({"LPUSH", "bull:mail:de:list", "of another type"});
    database().execute(
        "insert into outbox_jobs select gen_random_uuid(), gen_random_uuid(), nextval('outbox_position'), 'mail', 'w', "
        "'{}', "
        R"('{"de":{"id":"list"}}', now() from generate_series(1, 2600))");
    const auto good = write(20);
    relay_until([] { return waiting() == 0; });
    EXPECT_EQ(jobs_of("mail"), good);
    EXPECT_EQ(parked(), 2600);
}

TEST_F(OutboxTest, QueuesThatRefuseTheirRowsDoNotHideTheOthers) {
    for (int i = 0; i < 30; ++i) {
        server().command({"SET", fmt::format("bull:q{}:meta", i), "text"});
        write({.queue = fmt::format("q{}", i)});
    }
    const auto good = write(20);
    auto options = quick();
    options.batch = 10;
    relay_until([] { return waiting() == 30; }, options);
    EXPECT_EQ(jobs_of("mail"), good);
    EXPECT_EQ(parked(), 0);
}

// Rows that were refused because their queue was broken are not at fault when it is mended in the same look.
TEST_F(OutboxTest, RowsOfAQueueThatIsMendedGo) {
    server().command({"SET", "bull:mail:meta", "text"});
    write(3);
    auto options = quick();
    options.look_every = 1h;
    OutboxRelay relay(parts(), options);
    relay.start();
    wait_until([this] { return sink_->contains("jobs for a queue wait in the outbox"); });
    server().command({"DEL", "bull:mail:meta"});
    write(Row{});
    outbox_.wake();
    wait_until([] { return waiting() == 0; });
    EXPECT_EQ(jobs_of("mail").size(), 4U);
    EXPECT_EQ(parked(), 0);
    run(relay.stop());
}

TEST_F(OutboxTest, ARowThatEndsTheConnectionIsParkedAndTheOthersGo) {
    server().command({"CONFIG", "SET", "proto-max-bulk-len", "1048576"});
    auto ids = write(10);
    write({.data = '"' + std::string(1'500'000, 'x') + '"'});
    for (const auto& id : write(10)) ids.push_back(id);
    relay_until([] { return waiting() == 0; });
    auto moved = jobs_of("mail");
    std::ranges::sort(moved);
    std::ranges::sort(ids);
    EXPECT_EQ(moved, ids);
    // Redis' own words, where they came through ahead of the end.
    EXPECT_THAT(*database().value("select failure from outbox_jobs"),
                AnyOf(HasSubstr("redis."), HasSubstr("Protocol error")));
}

TEST_F(OutboxTest, MoreThanFitsIntoOnePieceOrOneBatch) {
    const auto large = write(20, {.data = '"' + std::string(1'000'000, 'x') + '"'});
    const auto small = write(40, {.queue = "reports"});
    auto options = quick();
    options.batch = 15;
    options.piece = 4;
    relay_until([] { return waiting() == 0; }, options);
    EXPECT_EQ(jobs_of("mail"), large);
    EXPECT_EQ(jobs_of("reports"), small);
    EXPECT_EQ(events("mail", "duplicated") + events("reports", "duplicated"), 0U);
}

// Neither is written out to be judged, nor are five hundred to read the first few.
TEST_F(OutboxTest, WhatIsTooLargeIsParkedUnread) {
    for (const int megabytes : {3, 20})
        database().execute(
            fmt::format("insert into outbox_jobs select gen_random_uuid(), gen_random_uuid(), "
                        "nextval('outbox_position'), 'big', 'w', "
                        "to_jsonb(repeat('x', {} * 1000000)), '{{}}', now()",
                        megabytes));
    // Far larger than what it is stored as, and the other way round.
    database().execute(
        "insert into outbox_jobs select gen_random_uuid(), gen_random_uuid(), nextval('outbox_position'), 'big', 'w', "
        "jsonb_agg(1e131000), '{}', now() from generate_series(1, 20); "
        "insert into outbox_jobs select gen_random_uuid(), gen_random_uuid(), nextval('outbox_position'), 'big', 'w', "
        "jsonb_agg(random()), '{}', now() from generate_series(1, 700000)");
    const auto mail = write(5);
    relay_until([] { return waiting() == 0; });
    EXPECT_EQ(jobs_of("mail"), mail);
    EXPECT_EQ(parked(), 4);
    EXPECT_EQ(count("failure like 'jobs.data_too_large: %'"), 4);
}

TEST_F(OutboxTest, ManyRowsOfTheLargestSizeKeepNobodyWaiting) {
    database().execute(
        "insert into outbox_jobs select gen_random_uuid(), gen_random_uuid(), nextval('outbox_position'), 'big', 'w', "
        "d, "
        "'{}', now() from (select jsonb_agg(i % 100000) d from generate_series(1, 140000) i) x, generate_series(1, 6)");
    const auto mail = write(3);
    relay_until([] { return waiting() == 0; });
    EXPECT_EQ(jobs_of("mail"), mail);
    EXPECT_EQ(jobs_of("big").size(), 6U);
    EXPECT_EQ(parked(), 0);
}

// What a relay leaves that is killed between Redis and PostgreSQL.
TEST_F(OutboxTest, RowsThatWereSentButNotRemovedAreOneJobEach) {
    const auto ids = write(20);
    database().execute(
        "create function refuse() returns trigger language plpgsql as $$ begin raise 'not now'; end $$; "
        "create trigger no_removal before delete on outbox_jobs execute function refuse()");
    relay_until([this] { return lines_with("the outbox waits") >= 2; });
    EXPECT_EQ(waiting(), 20);
    database().execute("drop trigger no_removal on outbox_jobs; drop function refuse");
    relay_until([] { return waiting() == 0; });
    EXPECT_EQ(jobs_of("mail"), ids);
    EXPECT_GE(events("mail", "duplicated"), 20U) << "that they were sent again";
}

TEST_F(OutboxTest, NoTransactionIsOpenOverTheTimeOfRedis) {
    write(300);
    OutboxRelay relay(parts(), quick());
    server().freeze(true);
    relay.start();
    const auto open = [] {
        return *database().value(
            "select count(*) from pg_stat_activity where datname = current_database() and "
            "pid <> pg_backend_pid() and xact_start is not null");
    };
    int looks = 0;
    wait_until([&] {
        EXPECT_EQ(open(), "0");
        return ++looks > 20 && sink_->contains("the outbox waits");
    });
    EXPECT_EQ(waiting(), 300);
    server().freeze(false);
    wait_until([] { return waiting() == 0; });
    EXPECT_EQ(jobs_of("mail").size(), 300U);
    run(relay.stop());
}

TEST_F(OutboxTest, TwoRelaysNeitherDoubleNorStarve) {
    redis::Client second(loop_, client_.options(), log_.logger(), metrics_);
    Outbox of_second;
    OutboxRelay one(parts(), quick());
    OutboxRelay two({store_, second, of_second, log_.logger(), metrics_}, quick());
    one.start();
    two.start();
    std::vector<std::string> mail;
    std::vector<std::string> reports;
    for (int turn = 0; turn < 20; ++turn) {
        for (const auto& id : write(10)) mail.push_back(id);
        for (const auto& id : write(10, {.queue = "reports"})) reports.push_back(id);
        outbox_.wake();
        of_second.wake();
        run(async::sleep(&loop_, 10ms));
    }
    wait_until([] { return waiting() == 0; });
    EXPECT_EQ(jobs_of("mail"), mail);
    EXPECT_EQ(jobs_of("reports"), reports);
    EXPECT_EQ(events("mail", "duplicated") + events("reports", "duplicated"), 0U);
    run(one.stop());
    run(two.stop());
    run(second.close(async::Loop::now() + 1s));
}

TEST_F(OutboxTest, ATurnThatWasLeftOpenEnds) {
    server().command({"SET", "bull:outbox-relay", "one that was killed", "PX", "500"});
    const auto ids = write(3);
    relay_until([] { return waiting() == 0; });
    EXPECT_EQ(jobs_of("mail"), ids);
    EXPECT_EQ(server().command({"EXISTS", "bull:outbox-relay"}), ":0\r\n");
}

TEST_F(OutboxTest, ATurnWithoutAnEndIsNobodys) {
    server().command({"SET", "bull:outbox-relay", "stranger"});
    const auto ids = write(3);
    relay_until([] { return waiting() == 0; });
    EXPECT_EQ(jobs_of("mail"), ids);
}

TEST_F(OutboxTest, TheBacklogIsToldWhileAnotherHasTheTurn) {
    server().command({"SET", "bull:outbox-relay", "another", "PX", "60000"});
    write(4);
    database().execute("update outbox_jobs set created_at = now() - interval '1 hour'");
    auto options = quick();
    options.turn = 100ms;
    relay_until(
        [this] {
            return metrics_.render().contains("outbox_pending 4\n") &&
                   !metrics_.render().contains("outbox_oldest_seconds 0\n") &&
                   sink_->contains("another process has the turn of the outbox all the time");
        },
        options);
}

TEST_F(OutboxTest, TheBacklogIsToldWhileItIsMoved) {
    write(40);
    database().execute("update outbox_jobs set created_at = now() - interval '1 hour'");
    auto options = quick();
    options.batch = 1;
    options.look_every = 1ms;
    double most = 0;
    relay_until(
        [&] {
            const auto text = metrics_.render();
            const auto at = text.find("\noutbox_pending ");
            if (at != std::string::npos) most = std::max(most, std::stod(text.substr(at + 16)));
            return waiting() == 0;
        },
        options);
    EXPECT_GT(most, 0);
}

TEST_F(OutboxTest, WhatIsParkedIsCountedApart) {
    write(5, {.options = R"({"attempts":-1})"});
    relay_until([this] { return metrics_.render().contains("outbox_parked 5\n"); });
    server().command({"SET", "bull:mail:wait", "text"});
    write(2);
    relay_until([this] {
        return metrics_.render().contains("outbox_parked 5\n") && metrics_.render().contains("outbox_pending 2\n");
    });
}

TEST_F(OutboxTest, RowsWaitWhileRedisTakesNoWrites) {
    struct State {
        std::string word;
        std::vector<std::string> begin;
        std::vector<std::string> end;
    };
    for (const auto& [word, begin, end] :
         {State{"OOM", {"CONFIG", "SET", "maxmemory", "1"}, {"CONFIG", "SET", "maxmemory", "0"}},
          State{"NOREPLICAS",
                {"CONFIG", "SET", "min-replicas-to-write", "1"},
                {"CONFIG", "SET", "min-replicas-to-write", "0"}},
          State{"READONLY", {"REPLICAOF", "127.0.0.1", "1"}, {"REPLICAOF", "NO", "ONE"}}}) {
        server().command({"FLUSHALL"});
        sink_->clear();
        server().command(begin);
        const auto ids = write(3);
        OutboxRelay relay(parts(), quick());
        relay.start();
        wait_until([this] { return lines_with("the outbox waits") >= 2; });
        EXPECT_TRUE(sink_->contains(word)) << word;
        EXPECT_EQ(waiting(), 3) << word;
        EXPECT_EQ(parked(), 0) << word;
        server().command(end);
        wait_until([] { return waiting() == 0; });
        EXPECT_EQ(jobs_of("mail"), ids) << word;
        run(relay.stop());
    }
}

TEST_F(OutboxTest, AnEmptiedRedisCostsNoRow) {
    OutboxRelay relay(parts(), quick());
    relay.start();
    for (int turn = 0; turn < 3; ++turn) {
        const auto ids = write(5);
        outbox_.wake();
        wait_until([] { return waiting() == 0; });
        EXPECT_EQ(jobs_of("mail"), ids);
        server().command({"FLUSHALL"});
        server().command({"SCRIPT", "FLUSH"});
    }
    run(relay.stop());
}

TEST_F(OutboxTest, AStopDoesNotWaitForTheNextTry) {
    server().command({"CONFIG", "SET", "maxmemory", "1"});
    OutboxRelay relay(parts(), {.retry_minimum = 1h, .retry_maximum = 1h});
    relay.start();
    wait_until([this] { return lines_with("the outbox waits") == 1; });
    run(relay.stop());
}

TEST_F(OutboxTest, WhatCannotBeSentIsNotWritten) {
    auto batch = db::tenant_db(store_, base::Uuid{}, async::Loop::now() + 5s).batch();
    const auto code_of = [&](std::string_view queue, NewJob job) -> std::string {
        try {
            outbox_.add_job(batch, queue, std::move(job));
        } catch (const base::Failure& failure) {
            return std::string(failure.code().code);
        }
        return "ok";
    };
    EXPECT_EQ(code_of("", {.name = "a"}), "jobs.bad_queue");
    EXPECT_EQ(code_of("a:b", {.name = "a"}), "jobs.bad_queue");
    EXPECT_EQ(code_of("mail", {.name = ""}), "jobs.bad_options");
    EXPECT_EQ(code_of("mail", {.name = "\xff"}), "jobs.bad_options");
    EXPECT_EQ(code_of("mail", {.name = "a", .data = "{"}), "jobs.bad_data");
    EXPECT_EQ(code_of("mail", {.name = "a", .data = '"' + std::string(2U << 20U, 'x') + '"'}), "jobs.data_too_large");
    EXPECT_EQ(code_of("mail", {.name = "a", .options = {.attempts = -1}}), "jobs.bad_options");
    EXPECT_EQ(batch.size(), 0U);
    EXPECT_EQ(code_of("mail", {.name = "a"}), "ok");
    EXPECT_EQ(batch.size(), 1U);
}

}  // namespace
}  // namespace jobs
