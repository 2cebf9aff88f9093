// The driver behind a pooler that lends a connection for a transaction. bin/with-servers starts PgBouncer.

#include "db/driver/driver_for_test.h"

namespace db_test {
namespace {

class PoolerTest : public DriverTest {
protected:
    void SetUp() override {
        if (!scratch->url_through_pooler(app_role)) GTEST_SKIP() << "PgBouncer is not installed";
    }
    void open_pooled(db::Options options = {}) {
        go_through_pooler(options);
        database.emplace(loop, std::move(options), statements, logging::Logger(), metrics);
        run(database->connect(soon()));
    }
    void TearDown() override {
        if (database) run(database->close(soon()));
    }
};

TEST_F(PoolerTest, NamesNothingAndSetsNothing) {
    open_pooled();
    scratch->execute("truncate notes");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(try_query(divide, one(4)).code, "ok");
        EXPECT_EQ(try_query(read_pid).code, "ok");
        EXPECT_EQ(try_query(insert_note, note(i, "pooled")).code, "ok");
    }
    EXPECT_EQ(count("select count(*) from notes where text = 'pooled'"), "3");
}

async::Task<std::vector<std::string>> all_names(std::vector<async::Task<std::string>> tasks) {
    co_return co_await async::when_all(std::move(tasks));
}

async::Task<std::string> name_of_item(Database* database, base::Uuid tenant) {
    auto result = co_await database->query(item_by_id, one(1), {tenant}, soon());
    co_return result.rows() == 0 ? std::string("none") : std::string(result.get<std::string>(0, 1));
}

TEST_F(PoolerTest, TenantsMeetNobodyElsesRows) {
    open_pooled({.point_connections = 8, .write_connections = 8});
    scratch->execute("truncate items; insert into items values ('" + tenant_a.to_string() + "', 1, 'a'), ('" +
                     tenant_b.to_string() + "', 1, 'b')");
    // BACKEND_API_LONG: ten minutes, which bin/test has with three connections of the pooler.
    const char* wish = std::getenv("BACKEND_API_LONG");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    const auto end = async::Loop::now() + (wish == nullptr ? 0min : 10min);
    for (int round = 0; round < 20 || async::Loop::now() < end; ++round) {
        std::vector<async::Task<std::string>> tasks;
        for (int i = 0; i < 64; ++i) tasks.push_back(name_of_item(&*database, i % 2 == 0 ? tenant_a : tenant_b));
        const auto names = run(all_names(std::move(tasks)));
        for (std::size_t i = 0; i < names.size(); ++i) ASSERT_EQ(names[i], i % 2 == 0 ? "a" : "b");
    }
    // Nothing of a tenant stays behind in a session.
    EXPECT_EQ(try_query(item_by_id, one(1)).result.rows(), 0U);
    scratch->execute("truncate items");
}

TEST_F(PoolerTest, AnErrorLeavesTheOthersAlone) {
    open_pooled();
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(try_query(divide, one(0)).sqlstate, "22012");
        EXPECT_EQ(try_query(divide, one(4)).code, "ok");
    }
    std::vector<async::Task<Outcome>> tasks;
    for (int i = 0; i < 20; ++i) tasks.push_back(outcome_of(database->query(divide, one(i % 5), {}, soon())));
    const auto outcomes = run(all_of(std::move(tasks)));
    for (std::size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(outcomes[i].sqlstate, i % 5 == 0 ? "22012" : "");
}

TEST_F(PoolerTest, ATableThatChangesUnderAStatementFailsNobody) {
    open_pooled();
    scratch->execute("truncate wide; insert into wide values (1, 'one')");
    const auto before = try_query(all_wide).result.columns();
    scratch->execute("alter table wide add column another text");
    const auto after = try_query(all_wide);
    EXPECT_EQ(after.code, "ok");
    EXPECT_EQ(after.result.columns(), before + 1);
    scratch->execute("alter table wide drop column another");
}

async::Task<void> write_twice(Transaction* transaction) {
    co_await transaction->query(insert_note, note(100, "in"));
    co_await transaction->query(insert_note, note(101, "in"));
}

TEST_F(PoolerTest, TransactionsAreWhole) {
    open_pooled();
    scratch->execute("truncate notes");
    run(database->transaction<void>({.deadline = soon()},
                                    [](Transaction& transaction) { return write_twice(&transaction); }));
    EXPECT_EQ(count("select count(*) from notes where text = 'in'"), "2");
    EXPECT_EQ(try_batch({{&insert_note, note(102, "in")}, {&insert_note, note(100, "in")}}).sqlstate, "23505");
    EXPECT_EQ(count("select count(*) from notes where text = 'in'"), "2");
}

TEST_F(PoolerTest, NotificationsComePastIt) {
    open_pooled();
    std::string heard;
    const auto listening =
        database->listen("pooler_test", {.on_notify = [&heard](std::string_view payload) { heard = payload; }});
    for (int i = 0; i < 200 && heard.empty(); ++i) {
        scratch->execute("notify pooler_test, 'here'");
        turn(10ms);
    }
    EXPECT_EQ(heard, "here");
}

TEST_F(PoolerTest, AWriteThatTakesTooLongIsUnknown) {
    open_pooled();
    EXPECT_EQ(try_query(write_sleep, seconds(1), {}, 100ms).code, "db.outcome_unknown");
    EXPECT_EQ(try_query(write_pid).code, "ok");
}

}  // namespace
}  // namespace db_test
