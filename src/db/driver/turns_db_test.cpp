// Who gets a connection, and what becomes of connections to a server that takes no writes.

#include "db/driver/driver_for_test.h"

#include <algorithm>

namespace {

using namespace db_test;

async::Task<Outcome> noting(async::Task<Result> task, std::string name, std::vector<std::string>* order) {
    auto outcome = co_await outcome_of(std::move(task));
    order->push_back(outcome.code == "ok" ? name : name + " " + outcome.code);
    co_return outcome;
}

async::Task<Result> hold_until(async::Event* released, Transaction* transaction) {
    auto result = co_await transaction->query(write_pid, {});
    co_await *released;
    co_return result;
}

class TurnsTest : public DriverTest {
protected:
    void write(const Scope& scope, const std::string& name) {
        running.push_back(run_in_background(noting(database->query(write_pid, {}, scope, soon(20s)), name, &order)));
    }
    void hold(const Scope& scope, async::Event& released, bool bulk, const std::string& name) {
        running.push_back(run_in_background(
            noting(database->transaction<Result>(
                       {.scope = scope, .deadline = soon(20s), .bulk = bulk},
                       [&released](Transaction& transaction) { return hold_until(&released, &transaction); }),
                   name, &order)));
    }
    template <class Condition>
    void run_until(Condition condition) {
        for (int i = 0; i < 2'000 && !condition(); ++i) turn(1ms);
        EXPECT_TRUE(condition());
    }
    void run_until_done() {
        run_until([this] { return std::ranges::all_of(running, [](const auto& one) { return one.done(); }); });
    }
    std::vector<Running> running;
    std::vector<std::string> order;
};

const base::Uuid tenant_c = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-00000000000c");

TEST_F(TurnsTest, AnotherTenantGetsTheNextFreeConnectionThoughEightyWait) {
    open({.write_connections = 1});
    async::Event released(loop);
    hold({tenant_a}, released, false, "a0");
    run_until([this] { return database->counts(Kind::write).leased == 1; });
    for (int i = 1; i <= 80; ++i) write({tenant_a}, "a" + std::to_string(i));
    write({tenant_b}, "b1");
    write({tenant_b}, "b2");
    write({}, "none");
    write({tenant_c}, "c1");
    released.set();
    run_until_done();
    ASSERT_EQ(order.size(), 85U);
    // Who was never served first, in the order of coming; then in turn; of one tenant as they came.
    const std::vector<std::string> first{"a0", "b1", "none", "c1", "a1", "b2", "a2", "a3", "a4"};
    EXPECT_EQ(std::vector<std::string>(order.begin(), order.begin() + 9), first);
    EXPECT_EQ(order.back(), "a80");
    const auto page = metrics.render();
    EXPECT_NE(page.find(R"(db_lease_wait_seconds_count{role="app",pool="write"} 85)"), std::string::npos) << page;
    EXPECT_NE(page.find(R"(db_leases_waiting{role="app",pool="write"} 0)"), std::string::npos);
}

// More tenants than the connection remembers: nobody who waits is passed over for ever.
TEST_F(TurnsTest, EveryTenantHasItsTurnHoweverManyThereAre) {
    open({.write_connections = 1});
    async::Event released(loop);
    hold({tenant_a}, released, false, "a0");
    run_until([this] { return database->counts(Kind::write).leased == 1; });
    for (int i = 1; i <= 4; ++i) write({tenant_a}, "a" + std::to_string(i));
    for (int i = 0; i < 200; ++i) {
        auto text = tenant_b.to_string();
        text.replace(0, 4, "0" + std::to_string(100 + i % 20));
        write({*base::Uuid::from_string(text)}, "other");
    }
    released.set();
    run_until_done();
    ASSERT_EQ(order.size(), 205U);
    EXPECT_EQ(std::ranges::find(order, "a1") - order.begin(), 21) << "after each of the newcomers";
    EXPECT_EQ(std::ranges::find(order, "a4") - order.begin(), 84);
}

TEST_F(TurnsTest, NoTenantHoldsMoreThanItsShare) {
    open({.write_connections = 4, .tenant_share_percent = 75});
    async::Event released(loop);
    for (int i = 0; i < 20; ++i) hold({tenant_a}, released, false, "a");
    run_until([this] { return database->counts(Kind::write).leased == 3; });
    EXPECT_EQ(database->counts(Kind::write).waiting, 17U);
    // Beside twenty transactions that do not end.
    EXPECT_EQ(try_query(write_pid, {}, {tenant_b}).code, "ok");
    EXPECT_EQ(try_query(write_pid, {}, {tenant_c}).code, "ok");
    EXPECT_EQ(try_query(write_pid).code, "ok");
    EXPECT_EQ(database->counts(Kind::write).leased, 3U);
    EXPECT_TRUE(order.empty());
    released.set();
    run_until_done();
    EXPECT_EQ(order, std::vector<std::string>(20, "a"));
}

TEST_F(TurnsTest, ReadsAreSharedOutAsWell) {
    open({.read_connections = 2});
    std::vector<async::Task<Outcome>> tasks;
    for (int i = 0; i < 10; ++i)
        tasks.push_back(noting(database->query(read_sleep, seconds(0.01), {tenant_a}, soon()), "a", &order));
    tasks.push_back(noting(database->query(read_pid, {}, {tenant_b}, soon()), "b", &order));
    (void)run(all_of(std::move(tasks)));
    EXPECT_LE(std::ranges::find(order, "b") - order.begin(), 2);
}

TEST_F(TurnsTest, BulksHaveConnectionsOfTheirOwn) {
    open({.write_connections = 1, .bulk_connections = 2});
    async::Event released(loop);
    for (int i = 0; i < 80; ++i) hold({tenant_a}, released, true, "a");
    run_until([this] { return database->bulk_counts().leased == 1; });
    EXPECT_EQ(database->bulk_counts().waiting, 79U);
    EXPECT_EQ(database->counts(Kind::write).leased, 0U);
    EXPECT_EQ(try_query(write_pid, {}, {tenant_a}).code, "ok") << "not even the tenant itself waits for its bulks";
    hold({tenant_b}, released, true, "b");
    run_until([this] { return database->bulk_counts().leased == 2; });
    released.set();
    run_until_done();
    EXPECT_EQ(order.size(), 81U);
}

TEST_F(TurnsTest, ATenantWithTooMuchWaitingIsRefusedAndTheOthersAreNot) {
    open({.write_connections = 1, .max_waiting = 10, .max_waiting_of_a_tenant = 3});
    async::Event released(loop);
    hold({tenant_a}, released, false, "a0");
    run_until([this] { return database->counts(Kind::write).leased == 1; });
    for (int i = 1; i <= 5; ++i) write({tenant_a}, "a" + std::to_string(i));
    write({tenant_b}, "b1");
    EXPECT_EQ(order, (std::vector<std::string>{"a4 db.overloaded", "a5 db.overloaded"}));
    released.set();
    run_until_done();
    EXPECT_EQ(order.size(), 7U);
}

TEST_F(TurnsTest, WhoGivesUpLeavesNoTrace) {
    open({.write_connections = 1});
    async::Event released(loop);
    hold({tenant_a}, released, false, "a0");
    run_until([this] { return database->counts(Kind::write).leased == 1; });
    write({tenant_b}, "b1");
    write({tenant_b}, "b2");
    EXPECT_EQ(try_query(write_pid, {}, {tenant_c}, 30ms).code, "db.timeout");
    running.pop_back();
    released.set();
    run_until_done();
    EXPECT_EQ(order, (std::vector<std::string>{"a0", "b1"}));
    EXPECT_EQ(database->counts(Kind::write).waiting, 0U);
    EXPECT_NE(metrics.render().find(R"(db_leases_waiting{role="app",pool="write"} 0)"), std::string::npos);
}

// ---- A server that takes no writes -------------------------------------------------------------------------------

TEST_F(DriverTest, AReadOnlyServerCostsTheConnectionAndIsUnavailable) {
    if (testing::ScratchDatabase::goes_through_pooler()) GTEST_SKIP() << "of sessions, which a pooler lends to anybody";
    open({.write_connections = 1, .bulk_connections = 1, .reconnect_maximum = 50ms});
    for (const bool in_transaction : {false, true}) {
        const auto before = pid(write_pid);
        ASSERT_EQ(try_query(refuse_writes).code, "ok");
        const auto outcome =
            in_transaction
                ? run(outcome_of(database->transaction<Result>(
                      {.deadline = soon()},
                      [](Transaction& transaction) { return transaction.query(insert_note, note(90, "ro")); })))
                : try_query(insert_note, note(90, "ro"));
        EXPECT_EQ(outcome.sqlstate, "25006");
        EXPECT_EQ(outcome.code, "db.unavailable");
        EXPECT_NE(pid(write_pid), before) << "dropped, and another server may be found";
    }
    EXPECT_EQ(try_query(insert_note, note(91, "ro")).code, "ok");
    EXPECT_EQ(count("select count(*) from notes where text = 'ro'"), "1");
}

TEST_F(DriverTest, ReadinessKnowsAReadOnlyServer) {
    if (testing::ScratchDatabase::goes_through_pooler()) GTEST_SKIP() << "of sessions, which a pooler lends to anybody";
    open({.write_connections = 2, .reconnect_maximum = 50ms});
    EXPECT_TRUE(run(database->ready(soon())).is_well());
    scratch->execute("alter role " + app_role + " set default_transaction_read_only = on");
    ASSERT_EQ(try_query(refuse_writes).code, "ok");
    auto readiness = run(database->ready(soon()));
    EXPECT_TRUE(readiness.answers);
    EXPECT_TRUE(readiness.refusal.contains("transaction_read_only")) << readiness.refusal;
    // New connections meet the same server.
    EXPECT_EQ(try_query(insert_note, note(92, "role")).code, "db.unavailable");
    EXPECT_FALSE(run(database->ready(soon())).is_well());
    EXPECT_EQ(try_query(count_notes,
                        [] {
                            Parameters text;
                            text.append("role");
                            return text;
                        }())
                  .code,
              "ok");
    scratch->execute("alter role " + app_role + " reset default_transaction_read_only");
    // The connection that told is gone: whoever asks next finds the server as it is.
    for (int i = 0; i < 100 && !run(database->ready(soon())).is_well(); ++i) turn(10ms);
    EXPECT_TRUE(run(database->ready(soon())).is_well());
    EXPECT_EQ(try_query(insert_note, note(93, "role")).code, "ok");
}

TEST_F(DriverTest, BusyConnectionsAreNoFaultOfTheServer) {
    open({.write_connections = 1});
    ASSERT_EQ(try_query(write_pid).code, "ok");
    const auto running = run_in_background(outcome_of(database->query(write_sleep, seconds(0.3), {}, soon())));
    turn(20ms);
    EXPECT_TRUE(run(database->ready(soon(50ms))).is_well());
}

// A table that somebody has locked, or one tenant with slow reads: the instance answers for itself all the same.
TEST_F(DriverTest, AQuestionForReadinessWaitsBehindNoWork) {
    open({.point_connections = 1, .read_connections = 1, .write_connections = 1});
    EXPECT_TRUE(run(database->ready(soon())).is_well());
    std::vector<Running> running;
    for (int i = 0; i < 10; ++i) {
        running.push_back(run_in_background(outcome_of(database->query(point_sleep, seconds(1), {}, soon(20s)))));
        running.push_back(run_in_background(outcome_of(database->query(read_sleep, seconds(1), {}, soon(20s)))));
        running.push_back(run_in_background(outcome_of(database->query(write_sleep, seconds(1), {}, soon(20s)))));
    }
    turn(50ms);
    const auto began = async::Loop::now();
    EXPECT_TRUE(run(database->ready(soon(600ms))).is_well());
    EXPECT_LT(async::Loop::now() - began, 500ms);
    run(database->close(async::Loop::now()));
}

}  // namespace
