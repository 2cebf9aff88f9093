// The driver against a real server: what the README promises, one test each.

#include "db/driver/driver_for_test.h"

#include <atomic>
#include <ctime>
#include <iostream>
#include <set>
#include <thread>

#include "testing/postgres_proxy.h"

namespace {

using namespace db_test;

[[maybe_unused]] const auto* const world = testing::AddGlobalTestEnvironment(new World);

TEST_F(DriverTest, ConnectFailsWithinItsDeadline) {
    database.emplace(loop, db::Options{.url = "postgresql:///x?host=/nonexistent"}, statements, logging::Logger(),
                     metrics);
    EXPECT_THROW(run(database->connect(soon(100ms))), base::Failure);
    EXPECT_FALSE(run(database->ready(soon(50ms))).is_well());
}

TEST_F(DriverTest, AUrlThatIsNoneDoesNotLeakThePassword) {
    try {
        database.emplace(loop, db::Options{.url = "postgresql://u:secret@h/x?nonsense=1"}, statements,
                         logging::Logger(), metrics);
        FAIL();
    } catch (const std::invalid_argument& error) {
        EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos);
    }
}

TEST_F(DriverTest, EveryTypeIsReadByPostgresqlAsMeant) {
    const Statement types{
        .name = "test.types",
        .sql =
            "select $1::boolean::text, $2::smallint::text, $3::integer::text, $4::bigint::text, $5::float8::text, "
            "$6::text, "
            "$7::bytea::text, $8::uuid::text, $9::timestamptz at time zone 'UTC' || '', $10::date::text, "
            "$11::numeric(18,4)::text, "
            "$12::text[]::text, $13::bigint[]::text, $14::jsonb::text, $15::text, $16::numeric[]::text",
        .kind = Kind::point};
    const Statement echo{.name = "test.echo",
                         .sql =
                             "select -1234.5678::numeric(18,4), array[1.5, null]::numeric[], '{\"a\": 1}'::jsonb, "
                             "99999999999999.9999::numeric(18,4)",
                         .kind = Kind::point};
    statements.add(types);
    statements.add(echo);
    open();
    const std::vector<std::byte> raw{std::byte{0}, std::byte{255}};
    Parameters parameters;
    parameters.append(true)
        .append(std::int16_t{-2})
        .append(std::int32_t{3})
        .append(std::int64_t{-4})
        .append(0.25)
        .append("text");
    parameters.append(std::span<const std::byte>(raw))
        .append(tenant_a)
        .append(*base::parse_timestamp("2026-11-22T09:14:03.120001Z"));
    parameters.append(*base::parse_date("1999-12-31")).append(base::Quantity{-12'345'678});
    parameters.append(std::vector<std::optional<std::string>>{"a", std::nullopt}).append(std::vector<std::int64_t>{});
    parameters.append_jsonb(R"({"a":1})")
        .append_null()
        .append(std::vector<base::Quantity>{{1}, {10'000}, {-100'000'000}});
    const auto outcome = try_query(types, std::move(parameters));
    ASSERT_EQ(outcome.code, "ok") << outcome.sqlstate;
    const std::vector<std::optional<std::string>> expected{"true",
                                                           "-2",
                                                           "3",
                                                           "-4",
                                                           "0.25",
                                                           "text",
                                                           "\\x00ff",
                                                           tenant_a.to_string(),
                                                           "2026-11-22 09:14:03.120001",
                                                           "1999-12-31",
                                                           "-1234.5678",
                                                           "{a,NULL}",
                                                           "{}",
                                                           "{\"a\": 1}",
                                                           std::nullopt,
                                                           "{0.0001,1.0000,-10000.0000}"};
    for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_EQ(outcome.result.get<std::optional<std::string>>(0, i), expected[i]) << i;

    const auto echoed = try_query(echo);
    EXPECT_EQ(echoed.result.get<base::Quantity>(0, 0), base::Quantity{-12'345'678});
    EXPECT_EQ((echoed.result.get<std::vector<std::optional<base::Quantity>>>(0, 1)),
              (std::vector<std::optional<base::Quantity>>{base::Quantity{15'000}, std::nullopt}));
    EXPECT_EQ(db::decode_jsonb(*echoed.result.value(0, 2)), "{\"a\": 1}");
    EXPECT_EQ(echoed.result.get<base::Quantity>(0, 3), base::Quantity{base::Quantity::max_ten_thousandths});
    EXPECT_EQ(echoed.result.column_type(0), db::type::numeric);
}

TEST_F(DriverTest, ReadsOfOneTurnShareATransaction) {
    open();
    auto both = [&] {
        std::vector<async::Task<Result>> tasks;
        for (int i = 0; i < 2; ++i) tasks.push_back(database->query(transaction_time, {}, {}, soon()));
        return tasks;
    };
    const auto together = run([](std::vector<async::Task<Result>> tasks) -> async::Task<std::vector<Result>> {
        co_return co_await async::when_all(std::move(tasks));
    }(both()));
    EXPECT_EQ(together[0].get<base::Timestamp>(0, 0), together[1].get<base::Timestamp>(0, 0));
    EXPECT_NE(try_query(transaction_time).result.get<base::Timestamp>(0, 0), together[0].get<base::Timestamp>(0, 0));
}

TEST_F(DriverTest, TenantsInOneGroupWithAFailingNeighbour) {
    open({.point_connections = 1});
    for (const auto& tenant : {tenant_a, tenant_b}) {
        std::vector<Call> calls;
        for (std::int64_t id = 1; id <= 50; ++id) {
            Parameters parameters;
            parameters.append(tenant).append(id).append(std::string_view(tenant == tenant_a ? "a" : "b"));
            calls.push_back({&insert_item, std::move(parameters)});
        }
        ASSERT_EQ(try_batch(std::move(calls), {tenant}).code, "ok");
    }
    for (int round = 0; round < 20; ++round) {
        std::vector<async::Task<Outcome>> tasks;
        for (std::int64_t i = 0; i < 48; ++i) {
            const Scope scope{i % 3 == 0 ? std::optional<base::Uuid>()
                                         : std::optional(i % 2 == 0 ? tenant_a : tenant_b)};
            const bool fails = i % 11 == round % 11;
            tasks.push_back(outcome_of(fails ? database->query(divide, one(0), scope, soon())
                                             : database->query(item_by_id, one(1 + i), scope, soon())));
        }
        const auto outcomes = run(all_of(std::move(tasks)));
        for (std::int64_t i = 0; i < 48; ++i) {
            const auto& outcome = outcomes[static_cast<std::size_t>(i)];
            if (i % 11 == round % 11) {
                EXPECT_EQ(outcome.sqlstate, "22012");
                continue;
            }
            ASSERT_EQ(outcome.code, "ok") << outcome.sqlstate;
            if (i % 3 == 0) {
                EXPECT_EQ(outcome.result.rows(), 0U) << "no tenant, no rows";
            } else {
                ASSERT_EQ(outcome.result.rows(), 1U);
                EXPECT_EQ(outcome.result.get<base::Uuid>(0, 0), i % 2 == 0 ? tenant_a : tenant_b);
            }
        }
    }
}

TEST_F(DriverTest, PreparedStatementsSurviveAbortedGroups) {
    open({.point_connections = 1});
    const auto process = pid(point_pid);
    for (int round = 0; round < 4; ++round) {
        std::vector<async::Task<Outcome>> tasks;
        // A Parse ahead of the error stands; one behind it is skipped; a broken one fails for each of its callers.
        tasks.push_back(outcome_of(database->query(divide, one(5), {}, soon())));
        tasks.push_back(outcome_of(database->query(divide, one(0), {}, soon())));
        tasks.push_back(outcome_of(database->query(skipped_parse, one(1), {}, soon())));
        tasks.push_back(outcome_of(database->query(broken, {}, {}, soon())));
        tasks.push_back(outcome_of(database->query(broken, {}, {}, soon())));
        tasks.push_back(outcome_of(database->query(skipped_parse, one(2), {}, soon())));
        const auto outcomes = run(all_of(std::move(tasks)));
        EXPECT_EQ(outcomes[0].code, "ok");
        EXPECT_EQ(outcomes[1].sqlstate, "22012");
        EXPECT_EQ(outcomes[2].code, "ok") << outcomes[2].sqlstate;
        EXPECT_EQ(outcomes[3].sqlstate, "42P01");
        EXPECT_EQ(outcomes[4].sqlstate, "42P01");
        EXPECT_EQ(outcomes[5].result.get<std::int64_t>(0, 0), 3);
    }
    EXPECT_EQ(try_query(skipped_parse, one(3)).result.get<std::int64_t>(0, 0), 4);
    EXPECT_EQ(pid(point_pid), process);
}

TEST_F(DriverTest, StalePreparedStatementsAreParsedAnew) {
    open({.point_connections = 1, .write_connections = 1});
    const auto point_process = pid(point_pid);
    const auto write_process = pid(write_pid);
    EXPECT_EQ(try_query(all_wide).result.columns(), 2U);
    EXPECT_EQ(try_query(all_wide_write).result.columns(), 2U);
    scratch->execute("alter table wide add column more text");
    EXPECT_EQ(try_query(all_wide).result.columns(), 3U) << "0A000";
    EXPECT_EQ(try_query(all_wide_write).result.columns(), 3U);
    EXPECT_EQ(try_query(all_wide).result.columns(), 3U);

    ASSERT_EQ(try_query(discard_point).code, "ok");
    ASSERT_EQ(try_query(discard_write).code, "ok");
    EXPECT_EQ(try_query(all_wide, {}, {tenant_a}).code, "ok") << "26000";
    EXPECT_EQ(try_batch({{&all_wide_write, {}}, {&write_pid, {}}}, {tenant_a}).code, "ok");
    EXPECT_EQ(try_query(all_wide, {}, {tenant_a}).code, "ok");
    EXPECT_EQ(pid(point_pid), point_process);
    EXPECT_EQ(pid(write_pid), write_process);
}

// A release's migration beside the former release: columns come, get wider and go while sixty-four read and write. Nobody is told.
TEST_F(DriverTest, ATableThatChangesWhileItIsReadFailsNobody) {
    open({.point_connections = 2, .write_connections = 4});
    std::atomic<bool> is_over = false;
    int changes = 0;
    std::jthread migrator([&] {
        for (; changes < 12; ++changes) {
            scratch->execute("alter table wide add column wider integer");
            scratch->execute("alter table wide alter column wider type bigint");
            scratch->execute("alter table wide drop column wider");
        }
        is_over = true;
    });
    int asked = 0;
    do {
        std::vector<async::Task<Outcome>> tasks;
        for (int i = 0; i < 64; ++i) {
            const auto& statement = i % 2 == 0 ? all_wide : all_wide_write;
            tasks.push_back(outcome_of(database->query(statement, {}, {tenant_a}, soon(20s))));
        }
        for (const auto& outcome : run(all_of(std::move(tasks))))
            ASSERT_EQ(outcome.code, "ok") << outcome.sqlstate << " after " << changes;
        asked += 64;
    } while (!is_over);
    EXPECT_GE(asked, 64);
}

TEST_F(DriverTest, DeferredConstraintsFailTheBatch) {
    open();
    Parameters orphan;
    orphan.append(std::int64_t{1}).append(std::int64_t{404});
    const auto single = try_query(insert_child, orphan);
    EXPECT_EQ(single.sqlstate, "23503");
    EXPECT_EQ(single.index, db::Error::at_commit);
    const auto batch = try_batch({{&insert_child, orphan}, {&insert_note, note(1, "deferred")}});
    EXPECT_EQ(batch.sqlstate, "23503");
    EXPECT_EQ(batch.index, db::Error::at_commit);
    EXPECT_EQ(batch.partial, 2U);
    auto work = [&](Transaction& transaction) -> async::Task<Result> {
        return transaction.query(insert_child, orphan);
    };
    EXPECT_EQ(run(outcome_of(database->transaction<Result>({.deadline = soon()}, work))).sqlstate, "23503");
    EXPECT_EQ(count("select count(*) from children"), "0");
    EXPECT_EQ(count("select count(*) from notes where text = 'deferred'"), "0");
    EXPECT_EQ(try_query(write_pid).code, "ok");
}

TEST_F(DriverTest, ABatchIsAllOrNothingAndSaysWhatFailed) {
    open();
    const auto outcome = try_batch(
        {{&insert_note, note(10, "batch")}, {&insert_note, note(10, "batch")}, {&insert_note, note(11, "batch")}});
    EXPECT_EQ(outcome.sqlstate, "23505");
    EXPECT_EQ(outcome.index, 1U);
    EXPECT_EQ(outcome.partial, 1U);
    EXPECT_EQ(count("select count(*) from notes where text = 'batch'"), "0");
    EXPECT_EQ(try_batch({{&insert_note, note(10, "batch")}, {&insert_note, note(11, "batch")}}).code, "ok");
    EXPECT_EQ(count("select count(*) from notes where text = 'batch'"), "2");
}

TEST_F(DriverTest, ReadConnectionsRefuseToWrite) {
    if (testing::ScratchDatabase::goes_through_pooler()) GTEST_SKIP() << "of sessions, which a pooler lends to anybody";
    open();
    const auto process = pid(read_pid);
    const auto outcome = try_query(read_write);
    EXPECT_EQ(outcome.sqlstate, "25006");
    EXPECT_EQ(outcome.code, "db.failed") << "a statement that was declared wrongly: nothing that passes";
    EXPECT_EQ(pid(read_pid), process);
    const auto in_transaction = run(
        outcome_of(database->transaction<Result>({.deadline = soon(), .read_only = true}, [](Transaction& transaction) {
            return transaction.query(insert_note, note(-2, ""));
        })));
    EXPECT_EQ(in_transaction.code, "db.failed");
}

TEST_F(DriverTest, LargeParametersAndResultsPassThroughPartialWrites) {
    const Statement echo{.name = "test.echo_text", .sql = "select $1::text", .kind = Kind::read};
    statements.add(echo);
    open();
    const std::string large(24'000'000, 'x');
    Parameters parameters;
    parameters.append(large);
    EXPECT_EQ(try_query(echo, std::move(parameters), {}, 20s).result.get<std::string_view>(0, 0), large);
}

// ---- Connections that break --------------------------------------------------------------------------------------

class BrokenConnectionTest : public DriverTest {
protected:
    void open_through_proxy(db::Options options = {}) {
        options.url = scratch->url_through("127.0.0.1", proxy.port(), app_role) + "&sslmode=disable";
        open(std::move(options));
    }
    testing::PostgresProxy proxy{scratch->host(), scratch->port()};
};

TEST_F(BrokenConnectionTest, CutBeforeReadyForQueryLeavesAWriteUnknown) {
    open_through_proxy();
    ASSERT_EQ(try_query(write_pid).code, "ok");
    proxy.cut_before_ready(1);
    EXPECT_EQ(try_batch({{&insert_note, note(20, "cut")}}).code, "db.outcome_unknown");
    // PostgreSQL had committed: the results alone would have been the truth this time, and a lie the next.
    EXPECT_EQ(count("select count(*) from notes where text = 'cut'"), "1");
    EXPECT_EQ(try_query(insert_note, note(21, "cut")).code, "ok");
}

TEST_F(BrokenConnectionTest, CutReadsAreRepeated) {
    open_through_proxy({.point_connections = 1, .read_connections = 1});
    ASSERT_EQ(try_query(read_pid).code, "ok");
    proxy.cut_all();
    EXPECT_EQ(try_query(point_pid).code, "ok");
    EXPECT_EQ(try_query(read_pid).code, "ok");
    proxy.cut_before_ready(1);
    EXPECT_EQ(try_query(read_pid).code, "ok");
}

TEST_F(BrokenConnectionTest, CutTransactionsKnowWhereTheyStood) {
    open_through_proxy({.write_connections = 1});
    ASSERT_EQ(try_query(write_pid).code, "ok");
    auto work = [&](Transaction& transaction) -> async::Task<Result> {
        return transaction.query(insert_note, note(30, "transaction cut"));
    };
    proxy.cut_before_ready(1);
    EXPECT_EQ(run(outcome_of(database->transaction<Result>({.deadline = soon()}, work))).code, "db.unavailable");
    EXPECT_EQ(count("select count(*) from notes where text = 'transaction cut'"), "0");
    ASSERT_EQ(try_query(write_pid).code, "ok");
    proxy.cut_before_ready(2);
    EXPECT_EQ(run(outcome_of(database->transaction<Result>({.deadline = soon()}, work))).code, "db.outcome_unknown");
    EXPECT_EQ(count("select count(*) from notes where text = 'transaction cut'"), "1");
}

TEST_F(BrokenConnectionTest, AServerThatIsAwayIsRefusedFastAndFoundAgain) {
    open_through_proxy({.reconnect_maximum = 100ms, .fail_fast_after = 100ms});
    ASSERT_EQ(try_query(point_pid).code, "ok");
    ASSERT_EQ(try_query(write_pid).code, "ok");
    proxy.refuse(true);
    proxy.cut_all();
    EXPECT_EQ(try_query(point_pid, {}, {}, 300ms).code, "db.unavailable");
    EXPECT_EQ(try_query(write_pid, {}, {}, 300ms).code, "db.unavailable");
    const auto before = async::Loop::now();
    EXPECT_EQ(try_query(point_pid).code, "db.unavailable");
    EXPECT_LT(async::Loop::now() - before, 2s) << "without waiting for its deadline";
    EXPECT_FALSE(run(database->ready(soon())).is_well());
    proxy.refuse(false);
    turn(400ms);
    EXPECT_TRUE(run(database->ready(soon())).answers);
    EXPECT_EQ(try_query(write_pid).code, "ok");
}

TEST_F(BrokenConnectionTest, WorkOfMinutesDoesNotWaitMinutesForAConnection) {
    open_through_proxy({.read_timeout = 1s, .reconnect_maximum = 50ms, .fail_fast_after = 60s});
    proxy.refuse(true);
    proxy.cut_all();
    auto work = [](Transaction& transaction) { return transaction.query(write_pid, {}); };
    const auto before = async::Loop::now();
    EXPECT_EQ(run(outcome_of(database->transaction<Result>({.deadline = soon(20s), .bulk = true}, work))).code,
              "db.unavailable");
    EXPECT_LT(async::Loop::now() - before, 5s);
    proxy.refuse(false);
    EXPECT_EQ(run(outcome_of(database->transaction<Result>({.deadline = soon(20s), .bulk = true}, work))).code, "ok");
}

TEST_F(BrokenConnectionTest, RepliesThatNeverComeCostTheConnection) {
    open_through_proxy({.write_connections = 1, .drain_grace = 100ms});
    const auto first = pid(write_pid);
    proxy.hold(true);
    EXPECT_EQ(try_query(write_pid, {}, {}, 100ms).code, "db.outcome_unknown");
    EXPECT_EQ(try_query(point_pid, {}, {}, 100ms).code, "db.timeout");
    turn(300ms);
    proxy.hold(false);
    EXPECT_NE(pid(write_pid), first);
}

TEST_F(DriverTest, TerminatedBackendsAreReplaced) {
    open();
    const auto point = pid(point_pid);
    const auto write = pid(write_pid);
    scratch->execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = '" + app_role + "'");
    EXPECT_NE(pid(point_pid), point);
    turn(50ms);
    EXPECT_NE(pid(write_pid), write);

    Outcome interrupted;
    const auto running =
        run_in_background(outcome_of(database->query(write_sleep, seconds(10), {}, soon())), &interrupted);
    turn(100ms);
    scratch->execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = '" + app_role + "'");
    turn(100ms);
    EXPECT_TRUE(running.done());
    EXPECT_EQ(interrupted.code, "db.outcome_unknown");
}

// ---- Deadlines, bounds, tasks that go away -----------------------------------------------------------------------

TEST_F(DriverTest, DeadlinesInTheQueueAndInFlight) {
    if (testing::ScratchDatabase::goes_through_pooler()) GTEST_SKIP() << "of sessions, which a pooler lends to anybody";
    open({.point_connections = 1, .write_connections = 1});
    const auto process = pid(write_pid);
    const auto point_process = pid(point_pid);
    EXPECT_EQ(try_query(write_sleep, seconds(0.3), {}, 50ms).code, "db.outcome_unknown");
    EXPECT_EQ(try_query(write_pid, {}, {}, 50ms).code, "db.timeout") << "queued behind the abandoned one";
    EXPECT_EQ(try_query(read_sleep, seconds(0.3), {}, 50ms).code, "db.timeout");
    EXPECT_EQ(try_query(point_sleep, seconds(0.2), {}, 50ms).code, "db.timeout");
    EXPECT_EQ(pid(write_pid), process) << "drained and used again";
    EXPECT_EQ(pid(point_pid), point_process);
    EXPECT_EQ(try_query(write_pid, {}, {}, -1ms).code, "db.timeout") << "known not to have run";
    EXPECT_EQ(try_query(point_pid, {}, {}, -1ms).code, "db.timeout");
}

TEST_F(DriverTest, TheServerGivesUpToo) {
    if (testing::ScratchDatabase::goes_through_pooler()) GTEST_SKIP() << "of sessions, which a pooler lends to anybody";
    open({.read_timeout = 100ms});
    const Statement patient{.name = "test.patient", .sql = "select pg_sleep(5)", .kind = Kind::read, .timeout = 3s};
    statements.add(patient);
    EXPECT_EQ(try_query(patient).sqlstate, "57014");
}

TEST_F(DriverTest, AFullQueueRefuses) {
    open({.write_connections = 1, .max_waiting = 2});
    std::vector<async::Task<Outcome>> tasks;
    tasks.push_back(outcome_of(database->query(write_sleep, seconds(0.1), {}, soon())));
    for (int i = 0; i < 4; ++i) tasks.push_back(outcome_of(database->query(write_pid, {}, {}, soon())));
    ASSERT_EQ(try_query(write_pid).code, "ok");
    const auto outcomes = run(all_of(std::move(tasks)));
    EXPECT_EQ(outcomes[0].code, "ok");
    EXPECT_EQ(outcomes[1].code, "ok");
    EXPECT_EQ(outcomes[2].code, "ok");
    EXPECT_EQ(outcomes[3].code, "db.overloaded");
    EXPECT_EQ(outcomes[4].code, "db.overloaded");
}

TEST_F(DriverTest, TasksDestroyedWhileTheyWaitLeaveConnectionsUsable) {
    if (testing::ScratchDatabase::goes_through_pooler()) GTEST_SKIP() << "of sessions, which a pooler lends to anybody";
    open({.point_connections = 1, .read_connections = 1, .write_connections = 1});
    const auto point = pid(point_pid);
    const auto read = pid(read_pid);
    const auto write = pid(write_pid);
    for (const auto delay : {0ms, 20ms}) {
        std::vector<Running> running;
        for (int i = 0; i < 3; ++i) {
            running.push_back(
                run_in_background(outcome_of(database->query(point_sleep, seconds(0.05), {tenant_a}, soon()))));
            running.push_back(
                run_in_background(outcome_of(database->query(read_sleep, seconds(0.05), {tenant_a}, soon()))));
            running.push_back(
                run_in_background(outcome_of(database->query(write_sleep, seconds(0.05), {tenant_a}, soon()))));
        }
        if (delay > 0ms) turn(delay);
        running.clear();
        EXPECT_EQ(pid(point_pid), point);
        EXPECT_EQ(pid(read_pid), read);
        EXPECT_EQ(pid(write_pid), write);
    }
    EXPECT_EQ(database->counts(Kind::write).leased, 0U);
    EXPECT_EQ(database->counts(Kind::write).waiting, 0U);
}

async::Task<Result> insert_and_wait(Transaction* transaction) {
    co_await transaction->query(insert_note, note(40, "dropped"));
    co_return co_await transaction->query(write_sleep, seconds(0.1));
}

TEST_F(DriverTest, ADroppedTransactionIsRolledBack) {
    open({.write_connections = 1});
    const auto process = pid(write_pid);
    for (const auto delay : {5ms, 60ms}) {
        auto running = run_in_background(outcome_of(
            database->transaction<Result>({.scope = {tenant_a}, .deadline = soon()},
                                          [](Transaction& transaction) { return insert_and_wait(&transaction); })));
        turn(delay);
        running.destroy();
        EXPECT_EQ(pid(write_pid), process);
        EXPECT_EQ(count("select count(*) from notes where text = 'dropped'"), "0");
    }
}

TEST_F(DriverTest, CloseLetsWorkFinish) {
    open();
    Outcome slow;
    const auto running = run_in_background(outcome_of(database->query(write_sleep, seconds(0.1), {}, soon())), &slow);
    turn(20ms);
    run(database->close(soon()));
    EXPECT_TRUE(running.done());
    EXPECT_EQ(slow.code, "ok");
    EXPECT_EQ(try_query(point_pid).code, "db.unavailable");
}

// ---- LISTEN ------------------------------------------------------------------------------------------------------

TEST_F(DriverTest, NotificationsComeAlsoAfterAReconnect) {
    open({.reconnect_maximum = 50ms});
    std::vector<std::string> payloads;
    int reconnects = 0;
    auto subscription =
        database->listen("Cache Drop", {.on_notify = [&](std::string_view payload) { payloads.emplace_back(payload); },
                                        .on_reconnect = [&] { ++reconnects; }});
    auto other = database->listen("other", {.on_notify = [&](std::string_view) { payloads.emplace_back("other"); }});
    turn(150ms);
    const auto arrive = [&](std::size_t count) {
        for (int i = 0; i < 200 && payloads.size() < count; ++i) turn(20ms);
    };
    scratch->execute("select pg_notify('Cache Drop', 'one'), pg_notify('other', '')");
    arrive(2);
    EXPECT_EQ(payloads, (std::vector<std::string>{"one", "other"}));
    EXPECT_EQ(reconnects, 0);
    scratch->execute(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'app/listen' and datname = "
        "current_database()");
    for (int i = 0; i < 200 && reconnects == 0; ++i) turn(20ms);
    EXPECT_EQ(reconnects, 1);
    other = db::Listening();
    scratch->execute("select pg_notify('Cache Drop', 'two'), pg_notify('other', '')");
    arrive(3);
    EXPECT_EQ(payloads, (std::vector<std::string>{"one", "other", "two"}));
}

// How fast: --gtest_also_run_disabled_tests --gtest_filter='*PointReadRate' in a release build; docs/decisions/0007 has figures.
async::Task<Outcome> read_for_a_while(Database* database, std::int64_t seed, async::SteadyTime until,
                                      std::int64_t* reads) {
    Outcome last;
    for (std::int64_t i = seed; async::Loop::now() < until;
         i = (i * 6364136223846793005 + 1442695040888963407) & 0x7fffffff) {
        Parameters parameters;
        parameters.append(tenant_a).append(1'000'000 + i % 10'000);
        last.result =
            co_await database->query(item_of_tenant, std::move(parameters), {tenant_a}, async::Loop::now() + 2s);
        if (last.result.rows() != 1) throw std::logic_error("row missing");
        ++*reads;
    }
    co_return std::move(last);
}

TEST_F(DriverTest, DISABLED_PointReadRate) {
    scratch->execute(
        "insert into items select '" + tenant_a.to_string() +
        "', 1000000 + i, 'item ' || i from generate_series(0, 9999) i on conflict do nothing; analyze items");
    for (const std::size_t connections : {1, 2}) {
        open({.point_connections = connections});
        std::int64_t reads = 0;
        std::vector<async::Task<Outcome>> tasks;
        const auto processor = std::clock();
        const auto start = async::Loop::now();
        for (std::int64_t i = 0; i < 64; ++i) tasks.push_back(read_for_a_while(&*database, i, start + 4s, &reads));
        (void)run(all_of(std::move(tasks)));
        const auto elapsed = std::chrono::duration<double>(async::Loop::now() - start).count();
        const auto used = static_cast<double>(std::clock() - processor) / CLOCKS_PER_SEC;
        std::cout << connections << " connections: " << static_cast<double>(reads) / elapsed << " reads/s, "
                  << used / static_cast<double>(reads) * 1e6 << " us of this thread per read\n";
        database.reset();
    }
}

TEST_F(DriverTest, StatementsAreCounted) {
    open();
    (void)try_query(divide, one(0));
    (void)try_query(divide, one(5));
    const auto page = metrics.render();
    EXPECT_NE(page.find(R"(db_statement_errors_total{statement="test.divide",class="22"} 1)"), std::string::npos)
        << page;
    EXPECT_NE(page.find(R"(db_statements_total{statement="test.divide"} 1)"), std::string::npos);
    EXPECT_NE(page.find(R"(db_connections{role="app",pool="point"} 1)"), std::string::npos);
}

}  // namespace
