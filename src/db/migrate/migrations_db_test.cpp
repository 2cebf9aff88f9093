#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "db/check.h"
#include "db/migrate/commands.h"
#include "db/migrate/diff.h"
#include "db/migrate/inspect.h"
#include "db/migrate/migrations_for_test.h"
#include "db/migrate/scratch.h"
#include "db/migrate/shop_schema.h"

namespace db::migrate {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* tenant_a = "00000000-0000-0000-0000-00000000000a";
constexpr const char* tenant_b = "00000000-0000-0000-0000-00000000000b";

// Of the snapshots alone: what `generate` would write.
Migration migration_of(std::string name, std::vector<std::string> previous, const Snapshot& before, Snapshot now) {
    now.id = name;
    now.previous = std::move(previous);
    std::string sql;
    for (const auto& statement : diff(before, now, {.allow_drops = true}).statements) sql += statement + ";\n";
    return {std::move(name), sql, to_text(now)};
}

Migration shop_migration() { return migration_of("20260101000000_init", {}, {}, build_snapshot(shop::tables(), {})); }

class Migrations : public testing::Test {
protected:
    static void SetUpTestSuite() { make_owner(); }
    void SetUp() override {
        Connection(server_url()).execute("alter database " + scratch_.name() + " owner to " + owner);
    }

    std::string url_as(const std::string& user) const { return scratch_.url() + " user=" + user; }
    ApplyOptions options() const { return {.owner_url = url_as(owner), .roles = roles}; }
    int migrate_all(const std::vector<Migration>& migrations) {
        out_.str("");
        return migrate(migrations, options(), out_);
    }
    std::string output() const { return out_.str(); }

    ScratchDatabase scratch_{server_url()};
    std::ostringstream out_;
};

TEST_F(Migrations, AreAppliedOnce) {
    const std::vector<Migration> migrations{shop_migration()};
    ASSERT_EQ(migrate_all(migrations), 0) << output();
    EXPECT_THAT(output(), HasSubstr("1 applied"));
    ASSERT_EQ(migrate_all(migrations), 0) << output();
    EXPECT_THAT(output(), HasSubstr("nothing to do"));
    EXPECT_EQ(status(migrations, url_as(owner), out_), 0);
}

TEST_F(Migrations, OfALateMergedBranchAreAppliedToo) {
    const Migration first{"20260101000000_first", "create table one (a int);", ""};
    const Migration late{"20260102000000_late", "create table two (a int);", ""};
    const Migration last{"20260103000000_last", "create table three (a int);", ""};
    ASSERT_EQ(migrate_all({first, last}), 0) << output();
    EXPECT_EQ(status(std::vector{first, late, last}, url_as(owner), out_), 1);
    EXPECT_THAT(output(), HasSubstr("pending  20260102000000_late"));
    ASSERT_EQ(migrate_all({first, late, last}), 0) << output();
    EXPECT_THAT(output(), HasSubstr("applying 20260102000000_late"));
    EXPECT_THAT(output(), Not(HasSubstr("applying 20260103000000_last")));
}

TEST_F(Migrations, ThatWereEditedAreRefused) {
    Migration migration{"20260101000000_first", "create table one (a int);\n", ""};
    ASSERT_EQ(migrate_all({migration}), 0) << output();
    migration.sql = "create table one (a int);\r\n";
    EXPECT_EQ(migrate_all({migration}), 0) << "line endings are no edit";
    migration.sql = "create table one (a bigint);\n";
    EXPECT_EQ(migrate_all({migration}), 1);
    EXPECT_THAT(output(), HasSubstr("edited after they had been applied:\n  20260101000000_first"));
}

TEST_F(Migrations, ThatFailLeaveNothingAndSayWhere) {
    const Migration broken{"20260101000000_broken",
                           "create table one (a int);\n\n-- why\ninsert into one\nvalues (1),\n('x');\n", ""};
    EXPECT_EQ(migrate_all({broken}), 1);
    EXPECT_THAT(output(), HasSubstr("20260101000000_broken/migration.sql line 6: invalid input syntax"));
    EXPECT_THAT(output(), HasSubstr("(SQLSTATE 22P02)"));
    EXPECT_THAT(output(), HasSubstr("Nothing of this migration was kept."));
    Connection connection(url_as(owner));
    EXPECT_FALSE(connection.query("select to_regclass('one')")[0][0].has_value());
    EXPECT_TRUE(read_ledger(connection).empty());
}

TEST_F(Migrations, MayNotEndTheirTransaction) {
    for (const auto* ending : {"commit", "commit\nand chain", "commit/**/", "COMMIT\twork", "-- no\nrollback", "end",
                               "prepare transaction 'x'", "start\ntransaction"}) {
        const auto sql = fmt::format("create table one (a int); {}; select 1/0", ending);
        EXPECT_EQ(migrate_all({{"20260101000000_first", sql, ""}}), 1);
        EXPECT_THAT(output(), HasSubstr("no-transaction")) << ending;
        EXPECT_FALSE(Connection(url_as(owner)).query("select to_regclass('one')")[0][0].has_value()) << ending;
    }
}

// A new database, which runs them all at once, is the same as one that got them release by release.
TEST_F(Migrations, ThatSetSomethingSetItForThemselves) {
    const std::vector<Migration> migrations{
        {"20260101000000_first",
         "create schema elsewhere; set search_path = elsewhere; set timezone = 'Africa/Nairobi'; set lock_timeout = 0;",
         ""},
        {"20260102000000_second",
         "create table two as select current_setting('timezone') as zone, "
         "current_setting('lock_timeout') as locks, timestamptz '2026-01-01' as at;",
         ""}};
    Connection(url_as(owner)).execute("alter role " + std::string(owner) + " set timezone = 'Asia/Tokyo'");
    const auto code = migrate_all(migrations);
    Connection(url_as(owner)).execute("alter role " + std::string(owner) + " reset timezone");
    ASSERT_EQ(code, 0) << output();
    const auto row = Connection(url_as(owner)).query("select zone, locks, at = '2026-01-01Z' from public.two").at(0);
    EXPECT_EQ(row[0], "UTC");
    EXPECT_NE(row[1], "0");
    EXPECT_EQ(row[2], "t");
}

TEST_F(Migrations, AnIndexThatIsHalfBuiltIsNoIndex) {
    const Migration first{"20260101000000_first", "create table one (a int); insert into one values (1), (1);", ""};
    const Migration index{"20260102000000_index",
                          "-- no-transaction\ncreate unique index concurrently if not exists one_a on one (a);\n", ""};
    EXPECT_EQ(migrate_all({first, index}), 1);
    EXPECT_EQ(migrate_all({first, index}), 1) << "the repetition does not take what the failure has left for the index";
    EXPECT_THAT(output(), HasSubstr("could not create unique index"));
    Connection connection(url_as(owner));
    connection.execute("delete from one");
    EXPECT_EQ(migrate_all({first, index}), 0) << output();
    EXPECT_THAT(output(), HasSubstr("the index one_a had been left half built: anew"));
    EXPECT_EQ(connection.query("select indisvalid from pg_index where indexrelid = 'one_a'::regclass")[0][0], "t");
    EXPECT_EQ(migrate_all({first, index}), 0);
    EXPECT_THAT(output(), HasSubstr("nothing to do"));
}

TEST_F(Migrations, AHalfBuiltIndexThatNoMigrationNamesIsTheOperatorsToMend) {
    const Migration first{"20260101000000_first", "create table one (a int); insert into one values (1), (1);", ""};
    const Migration other{"20260102000000_other", "-- no-transaction\ncreate index concurrently one_b on one (a);\n",
                          ""};
    ASSERT_EQ(migrate_all({first}), 0) << output();
    EXPECT_THROW(Connection(url_as(owner)).execute("create unique index concurrently one_a on one (a)"), SqlError);
    EXPECT_EQ(migrate_all({first, other}), 1);
    EXPECT_THAT(output(), HasSubstr("has not finished building one_a. Drop it"));
}

// The client is killed: its server process notices when it has something to say. The next one finds what it left.
TEST_F(Migrations, AMigratorThatIsKilledIsFollowedByTheNext) {
    const Migration first{"20260101000000_first", "create table one (a int);", ""};
    const Migration index{"20260102000000_index",
                          "-- no-transaction\ncreate index concurrently if not exists \"One_a\" on public.one (a);\n",
                          ""};
    ASSERT_EQ(migrate_all({first}), 0) << output();
    Connection old(url_as(owner));
    old.execute(
        "begin isolation level repeatable read; select * from one");  // an old transaction: the build waits for it
    std::ostringstream killed;
    int killed_code = 0;
    std::jthread migrator([&] { killed_code = migrate(std::vector{first, index}, options(), killed); });
    const auto* builds =
        "select pid from pg_stat_activity where query like '%index concurrently%' and wait_event_type = 'Lock' and pid "
        "<> "
        "pg_backend_pid()";
    Connection admin(server_url());
    while (admin.query(builds).empty()) std::this_thread::yield();
    std::ostringstream outputs[3];
    int codes[3] = {-1, -1, -1};
    std::vector<std::jthread> others;
    for (int i = 0; i < 3; ++i)
        others.emplace_back([&, i] { codes[i] = migrate(std::vector{first, index}, options(), outputs[i]); });
    while (outputs[0].str().empty()) std::this_thread::yield();
    admin.query("select pg_terminate_backend($1::integer)", {*admin.query(builds)[0][0]});
    migrator.join();
    EXPECT_EQ(killed_code, 1);
    while (admin.query(builds).empty()) std::this_thread::yield();  // one of the three has its turn
    old.execute("commit");
    others.clear();
    std::string all;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(codes[i], 0) << outputs[i].str();
        all += outputs[i].str();
    }
    EXPECT_THAT(all, HasSubstr("half built: anew"));
    EXPECT_EQ(old.query("select indisvalid from pg_index where indexrelid = '\"One_a\"'::regclass")[0][0], "t");
}

TEST_F(Migrations, ThatWaitTooLongSayForWhom) {
    const Migration first{"20260101000000_first", "create table one (a int);", ""};
    const Migration index{"20260102000000_index", "-- no-transaction\ncreate index concurrently one_a on one (a);\n",
                          ""};
    ASSERT_EQ(migrate_all({first}), 0) << output();
    Connection old(url_as(owner));
    old.execute("begin isolation level repeatable read; select * from one");
    auto hasty = options();
    hasty.concurrent_timeout = std::chrono::milliseconds(100);
    EXPECT_EQ(migrate(std::vector{first, index}, hasty, out_), 1);
    EXPECT_THAT(output(), HasSubstr("The oldest transaction: process "));
    EXPECT_THAT(output(), HasSubstr("idle in transaction: begin isolation level"));
    old.execute("commit");
    EXPECT_EQ(migrate_all({first, index}), 0) << output();
}

TEST_F(Migrations, WithoutATransactionRunStatementByStatement) {
    const Migration first{"20260101000000_first", "create table one (a int);", ""};
    const Migration index{"20260102000000_index", "-- no-transaction\ncreate index concurrently one_a on one (a);\n",
                          ""};
    EXPECT_EQ(migrate_all({first, index}), 0) << output();
}

TEST_F(Migrations, OfTwoInstancesAtOnceTakeTurns) {
    // The index build waits for every older snapshot: it would never end if the other instance held one while it waits.
    const std::vector<Migration> migrations{
        {"20260101000000_first", "create table one (a int); select pg_sleep(0.3);", ""},
        {"20260102000000_index", "-- no-transaction\ncreate index concurrently one_a on one (a);\n", ""}};
    std::ostringstream outputs[2];
    int codes[2] = {-1, -1};
    {
        std::jthread one([&] { codes[0] = migrate(migrations, options(), outputs[0]); });
        std::jthread two([&] { codes[1] = migrate(migrations, options(), outputs[1]); });
    }
    EXPECT_EQ(codes[0], 0) << outputs[0].str();
    EXPECT_EQ(codes[1], 0) << outputs[1].str();
    const auto both = outputs[0].str() + outputs[1].str();
    EXPECT_THAT(both, HasSubstr("2 applied"));
    EXPECT_THAT(both, HasSubstr("waiting for another instance"));
    EXPECT_THAT(both, HasSubstr("nothing to do"));
}

TEST_F(Migrations, LetOthersThroughWhileTheirTablesAreBusy) {
    const Migration first{"20260101000000_first", "create table one (a int);", ""};
    const Migration second{"20260102000000_second", "alter table one add column b int;", ""};
    ASSERT_EQ(migrate_all({first}), 0) << output();
    Connection seller(url_as(owner));
    seller.execute("begin; lock table one in row exclusive mode");
    int code = -1;
    {
        std::jthread migrator([&] { code = migrate_all({first, second}); });
        const auto* waits = "select 1 from pg_locks where relation = 'one'::regclass and not granted";
        while (seller.query(waits).empty()) std::this_thread::yield();
        while (!seller.query(waits).empty()) std::this_thread::yield();
        // Whoever comes now does not stand behind it.
        Connection(url_as(owner)).execute("set lock_timeout = 50; insert into one values (1)");
        seller.execute("commit");
    }
    EXPECT_EQ(code, 0) << output();
    EXPECT_THAT(output(), HasSubstr("busy"));
}

// A report reads for long, a migration wants the table, and nobody who sells waits behind the two of them.
TEST_F(Migrations, BehindALongReadHoldUpNoWriter) {
    const Migration first{"20260101000000_first", "create table one (a int);", ""};
    const Migration second{"20260102000000_second", "alter table one add column b int;", ""};
    ASSERT_EQ(migrate_all({first}), 0) << output();
    Connection reader(url_as(owner));
    reader.execute("begin; select count(*) from one");
    int code = -1;
    std::chrono::milliseconds longest{0};
    int written = 0;
    {
        std::jthread migrator([&] { code = migrate_all({first, second}); });
        Connection seller(url_as(owner));
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(4);
        while (std::chrono::steady_clock::now() < end) {
            const auto began = std::chrono::steady_clock::now();
            seller.execute("insert into one (a) values (1)");
            longest = std::max(longest, std::chrono::duration_cast<std::chrono::milliseconds>(
                                            std::chrono::steady_clock::now() - began));
            ++written;
        }
        EXPECT_EQ(seller.query("select 1 from pg_attribute where attrelid = 'one'::regclass and attname = 'b'").size(),
                  0U)
            << "the migration waits still";
        reader.execute("commit");
    }
    EXPECT_EQ(code, 0) << output();
    EXPECT_THAT(output(), HasSubstr("busy"));
    EXPECT_GT(written, 20);
    EXPECT_LT(longest, std::chrono::seconds(3));
}

TEST_F(Migrations, GiveUpWaitingInTime) {
    Connection other(url_as(owner));
    std::ostringstream ignored;
    const std::vector<Migration> slow{{"20260101000000_slow", "select pg_sleep(1);", ""}};
    std::jthread holder([&] { migrate(slow, options(), ignored); });
    while (
        other
            .query(
                "select 1 from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where "
                "datname = current_database())")
            .empty()) {
        std::this_thread::yield();
    }
    auto hasty = options();
    hasty.wait_for_turn = std::chrono::milliseconds(0);
    EXPECT_EQ(migrate(slow, hasty, out_), 1);
    EXPECT_THAT(output(), HasSubstr("another instance has been migrating"));
}

TEST_F(Migrations, RefuseRolesThatRowSecurityWouldNotBind) {
    auto wrong = options();
    wrong.roles.app = "postgres";
    EXPECT_EQ(migrate({}, wrong, out_), 1);
    EXPECT_THAT(output(), HasSubstr("row level security would not bind it"));
    wrong.roles.app = owner;
    EXPECT_EQ(migrate({}, wrong, out_), 1);
    EXPECT_THAT(output(), HasSubstr("must not own the tables"));
}

// ---- The walls ----

class Walls : public Migrations {
protected:
    void SetUp() override {
        Migrations::SetUp();
        ASSERT_EQ(migrate_all({shop_migration()}), 0) << output();
        Connection system(url_as(roles.system));
        system.execute(add_category(tenant_a, 1) + add_category(tenant_b, 2));
    }

    static std::string add_category(const std::string& tenant, int number) {
        return "insert into categories (tenant_id, id, name) values ('" + tenant + "', '" + id(number) + "', 'n');";
    }
    static std::string id(int number) { return "00000000-0000-0000-0001-00000000000" + std::to_string(number); }
    static void act_for(Connection& connection, const char* tenant) {
        connection.query("select set_config('app.tenant', $1, false)", {tenant});
    }
    static std::string sqlstate_of(Connection& connection, const std::string& sql) {
        try {
            connection.execute(sql);
            return "00000";
        } catch (const SqlError& error) {
            return error.sqlstate();
        }
    }

    static std::string add_product(const std::string& tenant, int number, int category) {
        return "insert into products (tenant_id, id, sku, name, category_id, price, sold_by, tags, labels, extra) "
               "values ('" +
               tenant + "', '" + id(number) + "', 's" + std::to_string(number) + "', 'n', '" + id(category) +
               "', 1, 'unit', '{}', '[]', 'null')";
    }
};

TEST_F(Walls, HideOtherTenantsRows) {
    Connection app(url_as(roles.app));
    EXPECT_EQ(app.query("select * from categories").size(), 0U) << "no tenant";
    act_for(app, "");
    EXPECT_EQ(app.query("select * from categories").size(), 0U) << "what the setting reads as after a transaction";
    act_for(app, tenant_a);
    const auto rows = app.query("select tenant_id from categories");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0][0], tenant_a);
    EXPECT_EQ(app.query("select * from categories where tenant_id = $1", {tenant_b}).size(), 0U);
    EXPECT_EQ(app.query("update categories set name = 'x' where tenant_id = $1 returning id", {tenant_b}).size(), 0U);
    EXPECT_EQ(app.query("delete from categories where tenant_id = $1 returning id", {tenant_b}).size(), 0U);
    EXPECT_EQ(Connection(url_as(roles.system)).query("select * from categories").size(), 2U);
    EXPECT_EQ(Connection(url_as(owner)).query("select * from categories").size(), 2U)
        << "migrations of data see all rows";
}

TEST_F(Walls, RefuseRowsOfAnotherTenant) {
    Connection app(url_as(roles.app));
    EXPECT_EQ(sqlstate_of(app, add_category(tenant_a, 3)), "42501") << "no tenant";
    act_for(app, tenant_a);
    EXPECT_EQ(sqlstate_of(app, add_category(tenant_b, 3)), "42501");
    EXPECT_EQ(sqlstate_of(app, std::string("update categories set tenant_id = '") + tenant_b + "'"), "42501");
    EXPECT_EQ(sqlstate_of(app, "delete from categories; " + add_category(tenant_a, 3)), "00000");
}

TEST_F(Walls, RefuseReferencesAcrossTenantsEvenToTheSystemRole) {
    Connection system(url_as(roles.system));
    EXPECT_EQ(sqlstate_of(system, add_product(tenant_a, 5, 2)), "23503");
    EXPECT_EQ(sqlstate_of(system, add_product(tenant_a, 5, 1)), "00000");
}

TEST_F(Walls, KeepTenantsFromTheSystemsTables) {
    Connection app(url_as(roles.app));
    act_for(app, tenant_a);
    EXPECT_EQ(sqlstate_of(app, "select * from users"), "42501");
    EXPECT_EQ(sqlstate_of(app, "select * from schema_migrations"), "42501");
    EXPECT_EQ(sqlstate_of(app, "create table mine (a int)"), "42501");
    EXPECT_EQ(sqlstate_of(app, "alter table categories disable row level security"), "42501");
}

TEST_F(Walls, LetTenantsSeeTheirOwnRowOfTenantsAlone) {
    Connection system(url_as(roles.system));
    system.execute(std::string("insert into tenants (id, name) values ('") + tenant_a + "', 'A'), ('" + tenant_b +
                   "', 'B')");
    Connection app(url_as(roles.app));
    EXPECT_EQ(app.query("select * from tenants").size(), 0U);
    act_for(app, tenant_b);
    const auto rows = app.query("select name from tenants");
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0][0], "B");
}

TEST_F(Walls, KeepAppendOnlyTablesAppendOnly) {
    Connection(url_as(roles.system)).execute(add_product(tenant_a, 5, 1));
    Connection app(url_as(roles.app));
    act_for(app, tenant_a);
    EXPECT_EQ(
        sqlstate_of(app, std::string("insert into movements (tenant_id, id, product_id, delta, day, note) values ('") +
                             tenant_a + "', '" + id(7) + "', '" + id(5) + "', 1.5, '2026-01-01', '')"),
        "00000");
    EXPECT_EQ(sqlstate_of(app, "update movements set note = 'x'"), "00000");
    EXPECT_EQ(sqlstate_of(app, "update movements set delta = 2"), "42501");
    EXPECT_EQ(sqlstate_of(app, "delete from movements"), "42501");
}

TEST_F(Walls, CheckEnumsAndUniqueKeys) {
    Connection system(url_as(roles.system));
    auto wrong = add_product(tenant_a, 5, 1);
    wrong.replace(wrong.find("'unit'"), 6, "'gram'");
    EXPECT_EQ(sqlstate_of(system, wrong), "23514");
    // Deferred: both orders of a swap are fine until the commit.
    EXPECT_EQ(sqlstate_of(system, "begin; " + add_category(tenant_a, 3)), "00000");
    EXPECT_EQ(sqlstate_of(system, "commit"), "23505");
}

// ---- check ----

struct NameRow {
    std::string name;
    std::string category_name;

    friend constexpr auto describe(NameRow*) {
        return schema::object<NameRow>("NameRow", schema::field<&NameRow::name>("name"),
                                       schema::field<&NameRow::category_name>("categoryName"));
    }
};
struct OptionalNameRow {
    std::string name;
    std::optional<std::string> category_name;

    friend constexpr auto describe(OptionalNameRow*) {
        return schema::object<OptionalNameRow>("OptionalNameRow", schema::field<&OptionalNameRow::name>("name"),
                                               schema::field<&OptionalNameRow::category_name>("categoryName"));
    }
};

constexpr std::string_view outer_join =
    "select p.name, c.name as category_name from products p "
    "left join categories c on c.tenant_id = p.tenant_id and c.id = p.category_id where p.tenant_id = $1";

class Check : public Migrations {
protected:
    std::vector<std::string> findings(const StatementView& statement) {
        if (!checker_) {
            EXPECT_EQ(migrate_all({shop_migration()}), 0) << output();
            connection_.emplace(scratch_.url());
            checker_.emplace(*connection_, roles);
        }
        return checker_->check(statement);
    }

    std::optional<Connection> connection_;
    std::optional<StatementChecker> checker_;
};

TEST_F(Check, AcceptsEveryStatementOfTheBuilder) {
    static constexpr auto page = db::select<shop::products>()
                                     .where<&shop::ProductFields::category_id>()
                                     .order_by<&shop::ProductFields::name, &shop::Product::id>()
                                     .page("p.page", "p.page_after");
    static constexpr auto find_product = db::find_for_update<shop::products>("p.find");
    static constexpr auto find_tenant = db::find<shop::tenants>("t.find");
    static constexpr auto any_of =
        db::select<shop::movements>().where<&shop::Movement::delta, Compare::any>().named("m.any");
    static constexpr auto joined =
        db::select_joined<shop::products, shop::categories, &shop::ProductFields::category_id>()
            .where<&shop::ProductFields::sold_by>()
            .named("p.category");
    static constexpr auto add_product = db::insert<shop::products>("p.add");
    static constexpr auto add_tenant = db::insert<shop::tenants>("t.add");
    static constexpr auto add_user = db::insert<shop::users>("u.add");
    static constexpr auto add_movements = db::insert_all<shop::movements>("m.add");
    static constexpr auto put_category = db::upsert<shop::categories>("c.put");
    static constexpr auto rename = db::update<shop::categories, &shop::Category::name, &shop::Category::parent_id>()
                                       .where<&shop::Category::id>()
                                       .returning()
                                       .named("c.rename");
    static constexpr auto replace = db::replace<shop::products>("p.replace");
    static constexpr auto remove = db::remove<shop::products>().where<&shop::Product::id>().named("p.remove");
    static constexpr auto count = db::count<shop::users>().named("u.count");
    for (const auto& statement :
         {page.first.view(), page.after.view(), find_product.view(), find_tenant.view(), any_of.view(), joined.view(),
          add_product.view(), add_tenant.view(), add_user.view(), add_movements.view(), put_category.view(),
          rename.view(), replace.view(), remove.view(), count.view()}) {
        EXPECT_THAT(findings(statement), testing::IsEmpty()) << statement.name << ": " << render(statement);
    }
}

struct Refused {
    StatementView statement;
    const char* finding;
};

std::vector<Refused> refused() {
    static constexpr Query<std::int64_t()> syntax{"a", "selec 1"};
    static constexpr Query<std::int32_t()> column_type{"a", "select price from products where tenant_id = $1"};
    static constexpr Query<base::Money()> sum{"a", "select sum(price) from products where tenant_id = $1"};
    static constexpr Query<std::string(std::int32_t)> parameter_type{
        "a", "select name from products where tenant_id = $1 and price = $2"};
    static constexpr Query<std::string(shop::ProductId)> parameter_count{
        "a", "select name from products where tenant_id = $1"};
    static constexpr Query<shop::CategoryId()> nullable{"a", "select category_id from products where tenant_id = $1"};
    static constexpr Query<NameRow()> outer{"a", outer_join};
    static constexpr Query<NameRow()> names{"a", "select name, sku from products where tenant_id = $1"};
    static constexpr Query<NameRow()> too_few{"a", "select name from products where tenant_id = $1"};
    static constexpr Query<void()> rows{"a", "select name from products where tenant_id = $1"};
    static constexpr Query<void()> privilege{"a", "update movements set delta = 0 where tenant_id = $1"};
    static constexpr Query<std::string()> hidden{"a", "select email from users where $1::uuid is not null"};
    static constexpr auto plan = db::remove<shop::products>().named("a");
    return {
        {syntax.view(), "PostgreSQL refuses it: syntax error"},
        {column_type.view(), "column price: the declaration reads integer, the statement gives bigint"},
        {sum.view(), "column sum: the declaration reads bigint, the statement gives numeric"},
        {parameter_type.view(), "parameter $2 (argument 1): the declaration gives integer, PostgreSQL takes bigint"},
        {parameter_count.view(), "the declaration gives 2 parameters (the tenant is $1), the statement uses 1"},
        {nullable.view(), "products.category_id may be null"},
        {outer.view(), "column category_name: categories is outer joined"},
        {names.view(), "column sku: the row type has category_name in this place"},
        {too_few.view(), "the row type has 2 columns, the statement gives 1 (name)"},
        {rows.view(), "the declaration is void, the statement gives 1 columns"},
        {privilege.view(), "the role migrate_test_app cannot run it: permission denied for table movements"},
        {hidden.view(), "permission denied for table users"},
        {plan.view(), "would change every row"}};
}

TEST_F(Check, FindsWhatDoesNotFit) {
    for (const auto& [statement, finding] : refused()) {
        EXPECT_THAT(findings(statement), testing::Contains(HasSubstr(finding))) << statement.sql;
    }
}

TEST_F(Check, AcceptsOptionalMembersAndSilentFunctions) {
    static constexpr Query<OptionalNameRow()> outer{"a", outer_join};
    static constexpr Query<void(std::string)> notify{"b", "select pg_notify('changes', $2)", Kind::write};
    static constexpr SystemQuery<std::int64_t()> coalesced{"c", "select coalesce(sum(price), 0)::bigint from products"};
    for (const auto& statement : {outer.view(), notify.view(), coalesced.view()}) {
        EXPECT_THAT(findings(statement), testing::IsEmpty()) << statement.sql;
    }
}

TEST_F(Check, RefusesReadsThatWrite) {
    static constexpr Query<void()> update{"a", "update products set name = 'x' where tenant_id = $1", Kind::point};
    static constexpr Query<std::int64_t()> with{
        "a", "with gone as (delete from products where tenant_id = $1 returning 1) select count(*) from gone",
        Kind::read};
    static constexpr Query<std::string()> lock{"a", "select name from products where tenant_id = $1 for share",
                                               Kind::read};
    static constexpr SystemQuery<void(std::string)> notify{"a", "select pg_notify('changes', $1)", Kind::point};
    static constexpr SystemQuery<std::int64_t()> number{"a", "select 1 + nextval('numbers')", Kind::read};
    static constexpr SystemQuery<void()> exclusive{"a", "select pg_advisory_xact_lock(7)", Kind::read};
    static constexpr SystemQuery<void(std::string)> own{
        "a", "select from tenants where id = (select remembered(id, $1) from tenants limit 1)", Kind::read};
    static constexpr SystemQuery<void()> behind_a_comment{"a", "select pg_advisory_xact_lock(8) -- waits", Kind::read};
    static constexpr SystemQuery<void()> truncate{"a", "truncate movements", Kind::point};
    static constexpr SystemQuery<void()> tell{"a", "notify changes", Kind::point};
    static constexpr SystemQuery<void()> lock_table{"a", "lock table movements", Kind::read};
    EXPECT_THAT(findings(number.view()), testing::Contains(HasSubstr("numbers")));
    connection_->execute(
        "create sequence numbers; grant usage on sequence numbers to public;"
        "create function remembered(uuid, text) returns uuid language sql as 'select $1'");
    const std::vector<Refused> writing{
        {update.view(), "the statement changes rows, but it is declared as a read; give it db::Kind::write"},
        {with.view(), "the statement changes rows"},
        {lock.view(), "the statement locks rows"},
        {notify.view(), "the statement calls pg_notify(text,text), which is volatile"},
        {number.view(), "the statement calls nextval(regclass), which is volatile"},
        {exclusive.view(), "the statement calls pg_advisory_xact_lock(bigint), which is volatile"},
        {own.view(), "the statement calls remembered(uuid,text), which is volatile"},
        {behind_a_comment.view(), "the statement calls pg_advisory_xact_lock(bigint), which is volatile"},
        {truncate.view(), "the statement has no plan, and is no `show`, but it is declared as a read"},
        {tell.view(), "the statement has no plan"},
        {lock_table.view(), "the statement has no plan"}};
    for (auto [statement, finding] : writing) {
        EXPECT_THAT(findings(statement), testing::Contains(HasSubstr(finding))) << statement.sql;
        statement.kind = Kind::write;
        for (const auto& other : findings(statement)) EXPECT_THAT(other, testing::Not(HasSubstr("as a read")));
    }
}

TEST_F(Check, LetsReadsShowASetting) {
    static constexpr SystemQuery<std::string()> setting{"a", "show server_version -- of the server", Kind::point};
    EXPECT_THAT(findings(setting.view()), testing::IsEmpty());
}

TEST_F(Check, LetsReadsCallWhatOnlyReads) {
    static constexpr SystemQuery<base::Uuid(std::string)> found{
        "a", "select looked_up($1) as id where random() < 2 and clock_timestamp() > now() - interval '1 day'",
        Kind::read};
    EXPECT_THAT(findings(found.view()), testing::Not(testing::IsEmpty())) << "it is not there yet";
    connection_->execute(
        "create function looked_up(text) returns uuid language sql stable as 'select id from tenants limit 1'");
    EXPECT_THAT(findings(found.view()), testing::IsEmpty());
}

}  // namespace
}  // namespace db::migrate
