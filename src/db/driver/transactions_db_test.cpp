// Transactions: savepoints, whose tenant they see, and what ends them.

#include "db/driver/driver_for_test.h"

namespace {

using namespace db_test;

struct Skew {
    Database* database;
    async::Event both_read;
    int readers = 0;
    int attempts = 0;
};

async::Task<Result> write_skew(Skew* skew, Transaction* transaction, std::int64_t id) {
    ++skew->attempts;
    Parameters text;
    text.append("skew");
    const auto seen = co_await transaction->query(count_notes, std::move(text));
    if (++skew->readers == 2) skew->both_read.set();
    co_await skew->both_read;
    co_return co_await transaction->query(insert_note, note(id, "skew"));
}

TEST_F(DriverTest, SerialisationFailuresAreRetried) {
    open();
    Skew skew{&*database, async::Event(loop)};
    std::vector<async::Task<Outcome>> tasks;
    for (const std::int64_t id : {50, 51}) {
        tasks.push_back(outcome_of(database->transaction<Result>(
            {.deadline = soon(), .isolation = Isolation::serializable},
            [&skew, id](Transaction& transaction) { return write_skew(&skew, &transaction, id); })));
    }
    const auto outcomes = run(all_of(std::move(tasks)));
    EXPECT_EQ(outcomes[0].code, "ok");
    EXPECT_EQ(outcomes[1].code, "ok");
    EXPECT_GE(skew.attempts, 3);
    EXPECT_EQ(count("select count(*) from notes where text = 'skew'"), "2");
}

async::Task<Result> with_savepoints(Transaction* transaction) {
    co_await transaction->query(insert_note, note(60, "savepoint"));
    try {
        co_await transaction->savepoint<Result>(
            [](Transaction& inner) { return inner.query(insert_note, note(60, "savepoint")); });
    } catch (const db::Error& error) {
        if (!error.is_unique_violation()) throw;
    }
    co_await transaction->savepoint<Result>(
        [](Transaction& inner) { return inner.query(insert_note, note(61, "savepoint")); });
    co_return co_await transaction->query(insert_note, note(62, "savepoint"));
}

TEST_F(DriverTest, SavepointsUndoTheirOwnPart) {
    open();
    EXPECT_EQ(run(outcome_of(database->transaction<Result>(
                      {.deadline = soon()}, [](Transaction& transaction) { return with_savepoints(&transaction); })))
                  .code,
              "ok");
    EXPECT_EQ(count("select count(*) from notes where text = 'savepoint'"), "3");
}

async::Task<Result> swallow_an_error(Transaction* transaction) {
    co_await transaction->query(insert_note, note(70, "swallowed"));
    Result result;
    try {
        result = co_await transaction->query(insert_note, note(70, "swallowed"));
    } catch (const db::Error&) {
        // Swallowed: what the test is about.
    }
    co_return std::move(result);
}

TEST_F(DriverTest, CommitAfterASwallowedErrorIsNoSuccess) {
    open();
    const auto outcome = run(outcome_of(database->transaction<Result>(
        {.deadline = soon()}, [](Transaction& transaction) { return swallow_an_error(&transaction); })));
    EXPECT_EQ(outcome.sqlstate, "25P02");
    EXPECT_EQ(count("select count(*) from notes where text = 'swallowed'"), "0");
}

async::Task<Result> read_items(Transaction* transaction) {
    (void)co_await transaction->query(item_by_id, one(1));
    co_return co_await transaction->query(item_by_id, one(1));
}

TEST_F(DriverTest, ATransactionKeepsItsTenant) {
    open({.write_connections = 1});
    Parameters parameters;
    parameters.append(tenant_b).append(std::int64_t{1}).append("b");
    (void)try_query(insert_item, parameters, {tenant_b});
    const auto scoped = run(outcome_of(database->transaction<Result>(
        {.scope = {tenant_b}, .deadline = soon()}, [](Transaction& transaction) { return read_items(&transaction); })));
    ASSERT_EQ(scoped.result.rows(), 1U);
    EXPECT_EQ(scoped.result.get<base::Uuid>(0, 0), tenant_b);
    const auto unscoped = run(outcome_of(database->transaction<Result>(
        {.deadline = soon()}, [](Transaction& transaction) { return read_items(&transaction); })));
    EXPECT_EQ(unscoped.result.rows(), 0U);
}

// Whose row it was, each time.
async::Task<Result> act_for_two(Transaction* transaction, std::string* seen) {
    const auto look = [&](const Result& result) {
        *seen += result.rows() == 0 ? "-" : result.get<base::Uuid>(0, 0) == tenant_a ? "a" : "b";
    };
    look(co_await transaction->query(item_by_id, one(1)));
    look(co_await transaction->query(item_by_id, one(1), {tenant_a}));
    look(co_await transaction->query(item_by_id, one(1), {tenant_b}));
    try {
        co_await transaction->savepoint<Result>([](Transaction& inner) {
            return last_of(inner.batch({{&item_by_id, one(1)}, {&divide, one(0)}}, {tenant_a}));
        });
    } catch (const db::Error&) {
        *seen += "!";
    }
    look(co_await transaction->query(item_by_id, one(1), {tenant_b}));
    auto last = co_await transaction->batch({{&item_by_id, one(1)}}, {tenant_a});
    look(last.front());
    co_return std::move(last.front());
}

// Functions and policies see the tenant for whom a transaction without one acts.
TEST_F(DriverTest, ATransactionActsForTenants) {
    open();
    for (const auto& tenant : {tenant_a, tenant_b}) {
        Parameters parameters;
        parameters.append(tenant).append(std::int64_t{1}).append("acted");
        (void)try_query(insert_item, parameters, {tenant});
    }
    std::string seen;
    EXPECT_EQ(
        run(outcome_of(database->transaction<Result>(
                {.deadline = soon()}, [&seen](Transaction& transaction) { return act_for_two(&transaction, &seen); })))
            .code,
        "ok");
    EXPECT_EQ(seen, "-ab!ba");
}

Parameters item(const base::Uuid& tenant, std::int64_t id) {
    Parameters parameters;
    parameters.append(tenant).append(id).append("item");
    return parameters;
}

// Every way to a savepoint that is undone: as the first thing, nested, twice, after something that stands.
async::Task<std::size_t> undo_and_look(Transaction* transaction, int depth) {
    for (int i = 0; i < 2; ++i) {
        try {
            co_await transaction->savepoint<Result>([depth](Transaction& inner) {
                return depth == 0 ? inner.query(insert_item, item(tenant_a, 1))
                                  : last_of(inner.batch({{&insert_item, item(tenant_b, 900 + depth)},
                                                         {&insert_item, item(tenant_a, 1)}}));
            });
        } catch (const db::Error&) {
            // A duplicate, or the other tenant's row: the test is about what comes after.
        }
    }
    co_return (co_await transaction->query(item_by_id, one(1))).rows();
}

async::Task<std::size_t> undo_nested(Transaction* transaction) {
    try {
        co_await transaction->savepoint<std::size_t>([](Transaction& outer) -> async::Task<std::size_t> {
            return outer.savepoint<std::size_t>([](Transaction& inner) -> async::Task<std::size_t> {
                const auto seen = co_await undo_and_look(&inner, 1);
                co_await inner.query(insert_item, item(tenant_a, 1));
                co_return seen;
            });
        });
    } catch (const db::Error&) {
        // As above.
    }
    co_return (co_await transaction->query(item_by_id, one(1))).rows();
}

TEST_F(DriverTest, ATransactionKeepsItsTenantWhenItsFirstSavepointIsUndone) {
    open({.write_connections = 1, .bulk_connections = 1});
    (void)try_query(insert_item, item(tenant_a, 1), {tenant_a});
    for (const bool bulk : {false, true}) {
        const db::TransactionOptions options{.scope = {tenant_a}, .deadline = soon(), .bulk = bulk};
        for (const int depth : {0, 1}) {
            EXPECT_EQ(run(database->transaction<std::size_t>(
                          options, [depth](Transaction& transaction) { return undo_and_look(&transaction, depth); })),
                      1U);
        }
        EXPECT_EQ(run(database->transaction<std::size_t>(
                      options, [](Transaction& transaction) { return undo_nested(&transaction); })),
                  1U);
    }
    EXPECT_EQ(count("select count(*) from items where tenant_id = '" + tenant_b.to_string() + "' and id > 900"), "0");
}

async::Task<Result> go_on_after_a_timeout(Transaction* transaction) {
    co_await transaction->query(insert_note, note(80, "timed out"));
    try {
        co_await transaction->query(write_sleep, seconds(10));
    } catch (const base::Failure& failure) {
        if (failure.code() != db::errors::timeout) throw;
    }
    co_return co_await transaction->query(insert_note, note(81, "timed out"));
}

TEST_F(DriverTest, ATransactionEndsWithTheStatementThatGaveNoAnswer) {
    open({.write_timeout = 100ms});
    EXPECT_NE(
        run(outcome_of(database->transaction<Result>(
                {.deadline = soon()}, [](Transaction& transaction) { return go_on_after_a_timeout(&transaction); })))
            .code,
        "ok");
    EXPECT_EQ(count("select count(*) from notes where text = 'timed out'"), "0");
}

}  // namespace
