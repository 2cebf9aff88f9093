#pragma once
// What the driver's tests have in common: a scratch database with a role and tables, statements, a Database on a loop.
//
//     TEST_F(DriverTest, ...) { open({.write_connections = 1}); EXPECT_EQ(try_query(write_pid).code, "ok"); }

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "async/sync.h"
#include "db/database.h"
#include "testing/running.h"
#include "testing/scratch_database.h"

namespace db_test {

using namespace std::chrono_literals;
using db::Call;
using db::Database;
using db::Isolation;
using db::Kind;
using db::Parameters;
using db::Result;
using db::Scope;
using db::Statement;
using db::Transaction;

inline std::unique_ptr<testing::ScratchDatabase> scratch;
inline std::string app_role;

inline constexpr std::string_view tables = R"(
    create table items (tenant_id uuid not null, id bigint not null, name text not null, primary key (tenant_id, id));
    alter table items enable row level security;
    alter table items force row level security;
    create policy tenant on items using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);
    create table parents (id bigint primary key);
    create table children (id bigint primary key,
                           parent bigint not null references parents (id) deferrable initially deferred);
    create table notes (id bigint primary key, text text not null);
    create table wide (id bigint primary key, name text);
)";

class World final : public testing::Environment {
public:
    void SetUp() override {
        try {
            scratch = std::make_unique<testing::ScratchDatabase>();
        } catch (const std::exception& error) {
            FAIL() << error.what();
        }
        app_role = scratch->create_role("app");
        scratch->execute(tables);
        scratch->execute("grant select, insert, update, delete on all tables in schema public to " + app_role);
    }
    void TearDown() override { scratch.reset(); }
};

inline const Statement item_by_id{.name = "items.by_id",
                                  .sql = "select tenant_id, name from items where id = $1",
                                  .parameter_types = {20},
                                  .kind = Kind::point};
inline const Statement item_of_tenant{.name = "items.of_tenant",
                                      .sql = "select id, name from items where tenant_id = $1 and id = $2",
                                      .parameter_types = {2950, 20},
                                      .kind = Kind::point};
inline const Statement divide{.name = "test.divide", .sql = "select 100 / $1::bigint", .kind = Kind::point};
inline const Statement transaction_time{.name = "test.now", .sql = "select now()", .kind = Kind::point};
inline const Statement broken{.name = "test.broken", .sql = "select * from no_such_table", .kind = Kind::point};
inline const Statement skipped_parse{.name = "test.skipped_parse", .sql = "select $1::bigint + 1", .kind = Kind::point};
inline const Statement point_pid{.name = "test.point_pid", .sql = "select pg_backend_pid()", .kind = Kind::point};
inline const Statement point_sleep{
    .name = "test.point_sleep", .sql = "select pg_sleep($1)", .parameter_types = {701}, .kind = Kind::point};
inline const Statement read_pid{.name = "test.read_pid", .sql = "select pg_backend_pid()", .kind = Kind::read};
inline const Statement read_sleep{
    .name = "test.read_sleep", .sql = "select pg_sleep($1)", .parameter_types = {701}, .kind = Kind::read};
inline const Statement read_write{
    .name = "test.read_write", .sql = "insert into notes values (-1, '')", .kind = Kind::read};
inline const Statement write_pid{.name = "test.write_pid", .sql = "select pg_backend_pid()", .kind = Kind::write};
inline const Statement write_sleep{
    .name = "test.write_sleep", .sql = "select pg_sleep($1)", .parameter_types = {701}, .kind = Kind::write};
inline const Statement insert_item{
    .name = "items.insert", .sql = "insert into items (tenant_id, id, name) values ($1, $2, $3)", .kind = Kind::write};
inline const Statement insert_child{
    .name = "children.insert", .sql = "insert into children (id, parent) values ($1, $2)", .kind = Kind::write};
inline const Statement insert_note{
    .name = "notes.insert", .sql = "insert into notes (id, text) values ($1, $2)", .kind = Kind::write};
inline const Statement count_notes{
    .name = "notes.count", .sql = "select count(*) from notes where text = $1", .kind = Kind::read};
inline const Statement all_wide{.name = "wide.all", .sql = "select * from wide", .kind = Kind::point};
inline const Statement all_wide_write{.name = "wide.all_write", .sql = "select * from wide", .kind = Kind::write};
inline const Statement refuse_writes{
    .name = "test.refuse_writes", .sql = "set session characteristics as transaction read only", .kind = Kind::write};
inline const Statement discard_point{.name = "test.discard_point", .sql = "deallocate all", .kind = Kind::point};
inline const Statement discard_write{.name = "test.discard_write", .sql = "deallocate all", .kind = Kind::write};

inline Parameters one(std::int64_t value) {
    Parameters parameters;
    parameters.append(value);
    return parameters;
}
inline Parameters seconds(double value) {
    Parameters parameters;
    parameters.append(value);
    return parameters;
}
inline Parameters note(std::int64_t id, std::string_view text) {
    Parameters parameters;
    parameters.append(id).append(text);
    return parameters;
}

inline const base::Uuid tenant_a = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-00000000000a");
inline const base::Uuid tenant_b = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-00000000000b");

inline async::SteadyTime soon(async::Milliseconds delay = 5s) { return async::Loop::now() + delay; }

struct Outcome {
    std::string code = "ok";
    std::string sqlstate;
    std::size_t index = 0;
    std::size_t partial = 0;
    Result result;
};

inline async::Task<Outcome> outcome_of(async::Task<Result> task) {
    Outcome outcome;
    try {
        outcome.result = co_await task;
    } catch (const db::Error& error) {
        outcome.code = error.code().code;
        outcome.sqlstate = error.sqlstate();
        outcome.index = error.index();
        outcome.partial = error.partial_results().size();
    } catch (const base::Failure& failure) {
        outcome.code = failure.code().code;
    }
    co_return std::move(outcome);
}

inline async::Task<Result> last_of(async::Task<std::vector<Result>> task) {
    auto results = co_await task;
    co_return std::move(results.back());
}

using ::testing::run_in_background;
using ::testing::Running;

inline async::Task<std::vector<Outcome>> all_of(std::vector<async::Task<Outcome>> tasks) {
    co_return co_await async::when_all(std::move(tasks));
}

class DriverTest : public testing::Test {
protected:
    DriverTest() {
        for (const auto* statement :
             {&item_by_id,     &item_of_tenant, &divide,        &transaction_time, &broken,      &skipped_parse,
              &point_pid,      &point_sleep,    &read_pid,      &read_sleep,       &read_write,  &write_pid,
              &write_sleep,    &insert_item,    &insert_child,  &insert_note,      &count_notes, &all_wide,
              &all_wide_write, &discard_point,  &discard_write, &refuse_writes}) {
            statements.add(*statement);
        }
    }

    void open(db::Options options = {}) {
        if (options.url.empty()) options.url = scratch->url_as(app_role);
        if (testing::ScratchDatabase::goes_through_pooler() && options.url == scratch->url_as(app_role))
            go_through_pooler(options);
        database.emplace(loop, std::move(options), statements, logging::Logger(), metrics);
        run(database->connect(soon()));
    }

    static void go_through_pooler(db::Options& options) {
        options.pooled = true;
        options.direct_url = scratch->url_as(app_role);
        options.url = scratch->url_through_pooler(app_role).value();
    }

    template <class T>
    T run(async::Task<T> task) {
        return async::run_until_done(loop, std::move(task));
    }
    Outcome try_query(const Statement& statement, Parameters parameters = {}, Scope scope = {},
                      async::Milliseconds within = 5s) {
        return run(outcome_of(database->query(statement, std::move(parameters), scope, soon(within))));
    }
    Outcome try_batch(std::vector<Call> calls, Scope scope = {}, async::Milliseconds within = 5s) {
        return run(outcome_of(last_of(database->batch(std::move(calls), scope, soon(within)))));
    }
    std::int32_t pid(const Statement& statement) { return try_query(statement).result.get<std::int32_t>(0, 0); }
    void turn(async::Milliseconds delay) { run(async::sleep(&loop, delay)); }
    std::string count(std::string_view sql) { return *scratch->value(sql); }

    async::Loop loop;
    observe::Metrics metrics;
    db::StatementRegistry statements{metrics};
    std::optional<Database> database;
};

}  // namespace db_test
