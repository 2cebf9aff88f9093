// Streams of rows: whose they are, how much of them is held, and when their connection comes back.

#include "db/row_stream.h"

#include <algorithm>
#include <stdexcept>

#include "db/db.h"
#include "db/driver/driver_for_test.h"

namespace {

using namespace db_test;

struct Item {
    std::int64_t id = 0;
    std::string name;

    friend constexpr auto describe(Item*) {
        return schema::object<Item>("StreamedItem", schema::field<&Item::id>("id"), schema::field<&Item::name>("name"));
    }
};

inline constexpr db::Query<Item(std::int64_t)> items_from{
    {"stream.items_from", "select id, name from streamed_items where tenant_id = $1 and id >= $2 order by id",
     Kind::read}};
// Forgets the tenant: row level security does not.
inline constexpr db::Query<Item()> items_of_all{
    {"stream.items_of_all", "select id, name from streamed_items where $1::uuid is not null order by id", Kind::read}};
// Fails at the row of this id.
inline constexpr db::Query<Item(std::int64_t)> items_until{
    {"stream.items_until",
     "select id, (1 / (id - $2))::text || name from ("
     "  select id, name from streamed_items where tenant_id = $1 order by id offset 0) i",
     Kind::read}};
inline constexpr db::Query<Item()> sleeping{
    {"stream.sleeping", "select 1::bigint, pg_sleep(60)::text where $1::uuid is not null", Kind::read}};
inline constexpr db::Query<Item()> sleeping_a_moment{
    {"stream.sleeping_a_moment", "select 1::bigint, pg_sleep(0.2)::text where $1::uuid is not null", Kind::read}};
inline constexpr db::Query<Item()> writing{
    {"stream.writing", "insert into streamed_items values ($1, -1, '') returning id, name", Kind::write}};
// Says that it reads.
inline constexpr db::Query<Item()> lying{
    {"stream.lying", "insert into streamed_items values ($1, -1, '') returning id, name", Kind::read}};

struct Read {
    std::size_t rows = 0;
    std::size_t longest_piece = 0;
    std::size_t pieces = 0;
    bool in_order = true;
    std::string code = "ok";
};

async::Task<Read> read_all(db::RowStream<Item> stream, std::size_t at_most = ~std::size_t{0}) {
    Read read;
    std::int64_t last = 0;
    try {
        while (read.pieces < at_most) {
            const auto rows = co_await stream.next_rows();
            if (rows.empty()) break;
            ++read.pieces;
            read.rows += rows.size();
            read.longest_piece = std::max(read.longest_piece, rows.size());
            for (const auto& row : rows) read.in_order = read.in_order && std::exchange(last, row.id) < row.id;
        }
    } catch (const base::Failure& failure) {
        read.code = failure.code().code;
    }
    co_return read;
}

async::Task<std::vector<Item>> next_of(db::RowStream<Item>* stream) { co_return co_await stream->next_rows(); }

async::Task<std::string> stream_inside(db::Db tx) {
    try {
        static_cast<void>(tx.stream(items_of_all));
    } catch (const std::logic_error& error) {
        co_return error.what();
    }
    co_return "";
}

async::Task<std::size_t> rows_inside(db::Db tx) { co_return (co_await tx.all(items_from, 99'999)).size(); }

async::Task<std::string> code_of_bulk(db::Db db) {
    try {
        static_cast<void>(co_await db.bulk_transaction(&rows_inside));
    } catch (const base::Failure& failure) {
        co_return std::string(failure.code().code);
    }
    co_return "ok";
}

Parameters tenant_parameter() {
    Parameters parameters;
    parameters.append(tenant_a);
    return parameters;
}

class RowStreamTest : public testing::Test {
protected:
    static void SetUpTestSuite() {
        scratch->execute(
            "create table streamed_items (tenant_id uuid not null, id bigint not null, name text not null, "
            "primary key (tenant_id, id));"
            "alter table streamed_items enable row level security; alter table streamed_items force row level security;"
            "create policy tenant on streamed_items using "
            "(tenant_id = nullif(current_setting('app.tenant', true), '')::uuid)");
        scratch->execute("grant select, insert on streamed_items to \"" + app_role + "\"");
        scratch->execute("insert into streamed_items select '" + tenant_a.to_string() +
                         "', n, 'a' from generate_series(1, 100000) n");
        scratch->execute("insert into streamed_items select '" + tenant_b.to_string() +
                         "', n, repeat('b', 10000) from generate_series(200001, 201000) n");
    }
    static void TearDownTestSuite() { scratch->execute("drop table streamed_items"); }

    void open(db::Options options = {}, std::string_view more = "") {
        options.url = scratch->url_as(app_role).append(more);
        database.emplace(loop, std::move(options), catalogue.registry(), logging::Logger(), metrics);
        databases = {&*database, &*database, &catalogue};
    }
    [[nodiscard]] db::Db db_of(base::Uuid tenant, async::Milliseconds within = 20s) const {
        return db::tenant_db(databases, tenant, soon(within));
    }
    template <class T>
    T run(async::Task<T> task) {
        return async::run_until_done(loop, std::move(task));
    }
    void expect_given_back() {
        for (int i = 0; i < 2'000 && database->bulk_counts().leased > 0; ++i) run(async::sleep(&loop, 1ms));
        EXPECT_EQ(database->bulk_counts().leased, 0U);
        EXPECT_EQ(database->bulk_counts().open, 1U);
    }

    async::Loop loop;
    observe::Metrics metrics;
    db::Catalogue catalogue{metrics,
                            {.tables = {},
                             .statements = db::statements(items_from, items_of_all, items_until, sleeping,
                                                          sleeping_a_moment, writing, lying),
                             .cursor_secret = "a secret of the tests, 32 bytes or more"}};
    std::optional<Database> database;
    db::Databases databases{};
};

TEST_F(RowStreamTest, GivesAllRowsAPieceAtATime) {
    open();
    const auto read = run(read_all(db_of(tenant_a).stream(items_from, 1)));
    EXPECT_EQ(read.code, "ok");
    EXPECT_EQ(read.rows, 100'000U);
    EXPECT_TRUE(read.in_order);
    EXPECT_LE(read.longest_piece, 1'000U);
    expect_given_back();
    EXPECT_EQ(run(read_all(db_of(tenant_a).stream(items_from, 99'951))).rows, 50U);
    EXPECT_EQ(run(read_all(db_of(tenant_a).stream(items_from, 100'001))).rows, 0U);
    // 99,901 to the end: exactly a piece, and the next one is empty.
    EXPECT_EQ(run(read_all(db_of(tenant_a).stream(items_from, 99'901))).rows, 100U);
}

TEST_F(RowStreamTest, WideRowsComeInSmallerPieces) {
    open();
    const auto read = run(read_all(db_of(tenant_b).stream(items_from, 0)));
    EXPECT_EQ(read.rows, 1'000U);
    EXPECT_LE(read.longest_piece, 100U);
    // 10 kB a row: about 25 in 256 KiB.
    EXPECT_GE(read.pieces, 1 + 900 / 26U);
}

TEST_F(RowStreamTest, AnotherTenantsRowsAreNeverInIt) {
    open({.bulk_connections = 1});
    EXPECT_EQ(run(read_all(db_of(tenant_a).stream(items_of_all))).rows, 100'000U);
    EXPECT_EQ(run(read_all(db_of(tenant_b).stream(items_of_all))).rows, 1'000U);
    const auto nobody = *base::Uuid::from_string("0197f0c2-7a5e-7c3b-9d10-0000000000ff");
    EXPECT_EQ(run(read_all(db_of(nobody).stream(items_of_all))).rows, 0U);
}

TEST_F(RowStreamTest, GivesItsConnectionBackWhenItIsLeft) {
    open({.bulk_connections = 1});
    EXPECT_EQ(run(read_all(db_of(tenant_a).stream(items_of_all), 3)).pieces, 3U);
    expect_given_back();
    {
        // The task is destroyed while it waits for a piece.
        auto running = run_in_background(read_all(db_of(tenant_a).stream(items_of_all)));
        for (int i = 0; i < 2'000 && database->bulk_counts().leased == 0; ++i) run(async::sleep(&loop, 1ms));
    }
    expect_given_back();
    EXPECT_EQ(run(read_all(db_of(tenant_b).stream(items_of_all))).rows, 1'000U);
    EXPECT_EQ(database->bulk_counts().open, 1U);
}

TEST_F(RowStreamTest, AsksNothingBeforeItIsRead) {
    open();
    { const auto stream = db_of(tenant_a).stream(items_of_all); }
    EXPECT_EQ(database->bulk_counts().open, 0U);
}

TEST_F(RowStreamTest, AFailureIsFinal) {
    open({.bulk_connections = 1});
    auto stream = db_of(tenant_a).stream(items_until, 50'000);
    std::size_t rows = 0;
    const auto next = [&] {
        try {
            rows += run(next_of(&stream)).size();
        } catch (const db::Error& error) {
            return std::string(error.sqlstate());
        }
        return std::string("ok");
    };
    std::string outcome = "ok";
    while (outcome == "ok" && rows < 100'000) outcome = next();
    EXPECT_EQ(outcome, "22012");
    EXPECT_GT(rows, 40'000U);
    EXPECT_EQ(next(), "22012");
    expect_given_back();
}

TEST_F(RowStreamTest, HasTheDeadlineOfItsDb) {
    open();
    EXPECT_EQ(run(read_all(db_of(tenant_a).with_deadline(async::Loop::now()).stream(items_of_all))).code, "db.timeout");
    EXPECT_EQ(run(read_all(db_of(tenant_a).with_deadline(soon(50ms)).stream(sleeping))).code, "db.timeout");
    // More than the Db had, and at most an hour.
    const auto longer = db_of(tenant_b, 0ms).with_deadline(soon(20s));
    EXPECT_EQ(run(read_all(longer.stream(items_from, 0))).rows, 1'000U);
    EXPECT_LE(longer.with_deadline(async::SteadyTime::max()).deadline(), async::Loop::now() + 1h);
}

TEST_F(RowStreamTest, IsLetGoOfAtItsDeadlineThoughNobodyAsks) {
    open({.bulk_connections = 1});
    auto stream = db_of(tenant_a).with_deadline(soon(2s)).stream(items_of_all);
    EXPECT_EQ(run(next_of(&stream)).size(), 100U);
    EXPECT_EQ(database->bulk_counts().leased, 1U);
    // Its reader asks for nothing more, and another tenant has the connection: the same one.
    EXPECT_EQ(run(read_all(db_of(tenant_b).stream(items_of_all))).rows, 1'000U);
    EXPECT_EQ(database->bulk_counts().open, 1U);
    EXPECT_EQ(run(read_all(std::move(stream))).code, "db.timeout");
}

TEST_F(RowStreamTest, EachPieceHasItsTime) {
    open({.bulk_connections = 1, .read_timeout = 500ms});
    EXPECT_EQ(run(read_all(db_of(tenant_a).stream(sleeping))).code, "db.timeout");
}

TEST_F(RowStreamTest, OutlivesTheIdleTimeOfItsSession) {
    open({.bulk_connections = 1, .idle_in_transaction_timeout = 20ms});
    auto stream = db_of(tenant_a).stream(items_of_all);
    EXPECT_EQ(run(next_of(&stream)).size(), 100U);
    // Its reader does something else for ten times as long.
    const auto& moment = catalogue.statement(&sleeping_a_moment, sleeping_a_moment.name);
    EXPECT_EQ(run(database->query(moment, tenant_parameter(), {tenant_a}, soon())).rows(), 1U);
    EXPECT_EQ(run(next_of(&stream)).size(), 1'000U);
}

TEST_F(RowStreamTest, WaitsForAConnectionAsLongAsForAPiece) {
    open({.bulk_connections = 1, .read_timeout = 500ms});
    auto first = db_of(tenant_a).stream(items_of_all);
    EXPECT_FALSE(run(next_of(&first)).empty());
    EXPECT_EQ(run(read_all(db_of(tenant_b).stream(items_of_all))).code, "db.timeout");
}

TEST_F(RowStreamTest, TakesNoConnectionFromBulks) {
    open({.bulk_connections = 1});
    auto stream = db_of(tenant_a).stream(items_of_all);
    EXPECT_EQ(run(next_of(&stream)).size(), 100U);
    EXPECT_EQ(run(db_of(tenant_a).bulk_transaction(&rows_inside)), 2U);
    EXPECT_EQ(run(next_of(&stream)).size(), 1'000U);
    EXPECT_EQ(database->bulk_counts().open, 2U);
}

// As with several hosts, while none takes writes: a replica, or a primary that was demoted.
TEST_F(RowStreamTest, IsServedByAServerThatTakesNoWrites) {
    scratch->execute("alter role " + app_role + " set default_transaction_read_only = on");
    open({}, "&target_session_attrs=read-write");
    EXPECT_EQ(run(read_all(db_of(tenant_b).stream(items_of_all))).rows, 1'000U);
    EXPECT_EQ(run(code_of_bulk(db_of(tenant_b, 500ms))), "db.unavailable");
    scratch->execute("alter role " + app_role + " reset default_transaction_read_only");
}

TEST_F(RowStreamTest, OnlyReads) {
    open();
    EXPECT_THROW(static_cast<void>(db_of(tenant_a).stream(writing)), std::logic_error);
    EXPECT_NE(run(read_all(db_of(tenant_a).stream(lying))).code, "ok");
    EXPECT_EQ(*scratch->value("select count(*) from streamed_items where id = -1"), "0");
    EXPECT_EQ(run(db_of(tenant_a).transaction(&stream_inside)), "db: a stream has a transaction of its own");
}

}  // namespace
