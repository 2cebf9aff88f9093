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
#include "db/migrate/migrations_for_test.h"
#include "db/migrate/scratch.h"
#include "db/migrate/shop_schema.h"

namespace db::migrate {
namespace {

using testing::HasSubstr;
using testing::Not;

class Commands : public testing::Test {
public:
    static void SetUpTestSuite() { make_owner(); }
    Commands() : folder_(std::filesystem::temp_directory_path() / ("migrations_" + scratch_name())) {}
    ~Commands() override { std::filesystem::remove_all(folder_); }

protected:
    static std::string scratch_name() {
        return std::to_string(::getpid()) + "_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    }
    int generate_at(int second, const std::vector<TableView>& tables, std::string name, bool empty = false) {
        out_.str("");
        const base::Timestamp now{std::chrono::sys_days{std::chrono::year{2026} / 1 / 1} +
                                  std::chrono::seconds(second)};
        return generate({tables, objects_, {}},
                        {.folder = folder_,
                         .name = std::move(name),
                         .empty = empty,
                         .allow_drops = allow_drops_,
                         .now = now,
                         .server = server_},
                        out_);
    }
    int check_all(const std::vector<TableView>& tables) {
        out_.str("");
        return check({tables, objects_, {}}, load_migrations(folder_), {.server_url = server_url(), .roles = roles},
                     out_);
    }
    int diff_all(const std::vector<TableView>& tables) {
        out_.str("");
        return diff({tables, objects_, {}}, load_migrations(folder_), "build/local/pos/backend-api", out_);
    }
    std::string output() const { return out_.str(); }
    void write(const std::string& migration, const std::string& sql) const {
        std::ofstream(folder_ / migration / "migration.sql") << sql;
    }

    // The owner, who is no superuser.
    std::string server_url_ = with_database(server_url(), "postgres") + " user=" + owner;

    static std::vector<TableView> first_tables() { return {shop::tenants.view(), shop::categories.view()}; }

    std::filesystem::path folder_;
    std::vector<SqlObject> objects_;
    bool allow_drops_ = false;
    std::function<ProofOptions()> server_ = [this] { return ProofOptions{server_url_, roles}; };
    std::ostringstream out_;
};

// Runs with the rights of app_system, which must own it; to own, that role needs the right to create, for a moment.
constexpr const char* count_categories =
    "create or replace function count_categories() returns bigint language sql stable security definer\n"
    "set search_path = public as $$ select count(*) from categories; $$;\n"
    "grant create on schema public to {{app_system}};\n"
    "alter function count_categories() owner to {{app_system}};\n"
    "revoke create on schema public from {{app_system}};";

TEST_F(Commands, GenerateWhatCheckAccepts) {
    EXPECT_EQ(check_all(shop::tables()), 1);
    EXPECT_THAT(output(), HasSubstr("db generate init"));
    objects_ = {{"count_categories", count_categories, "drop function count_categories()"},
                {"trigrams", "create extension pg_trgm", "drop extension pg_trgm", SqlObject::Stage::before_tables}};
    ASSERT_EQ(generate_at(0, first_tables(), "init"), 0) << output();
    ASSERT_EQ(generate_at(1, shop::tables(), "rest"), 0) << output();
    ASSERT_EQ(generate_at(2, shop::tables(), "none"), 0);
    EXPECT_THAT(output(), HasSubstr("nothing to do"));
    EXPECT_EQ(load_migrations(folder_).size(), 2U);
    EXPECT_EQ(check_all(shop::tables()), 0) << output();
}

// They are applied in the order of their names, whatever a clock says.
TEST_F(Commands, GeneratePutsItBehindTheOthers) {
    ASSERT_EQ(generate_at(59, first_tables(), "init"), 0) << output();
    ASSERT_EQ(generate_at(7, shop::tables(), "rest"), 0) << output();
    EXPECT_EQ(load_migrations(folder_).back().name, "20260101000100_rest");
    EXPECT_EQ(check_all(shop::tables()), 0) << output();
}

TEST_F(Commands, CheckFindsDrift) {
    ASSERT_EQ(generate_at(0, first_tables(), "init"), 0) << output();
    EXPECT_EQ(check_all(shop::tables()), 1);
    EXPECT_THAT(output(), HasSubstr("the tables have changed"));
    EXPECT_THAT(output(), HasSubstr("Run: backend-api db generate NAME"));
}

TEST_F(Commands, DiffSaysWhatToType) {
    EXPECT_EQ(diff_all(first_tables()), 1);
    EXPECT_THAT(output(), HasSubstr("build/local/pos/backend-api db generate init\n"));
    ASSERT_EQ(generate_at(0, first_tables(), "init"), 0) << output();
    EXPECT_EQ(diff_all(first_tables()), 0);
    EXPECT_EQ(output(), "") << "bin/dev runs it before each restart";

    auto more = first_tables();
    more.push_back(shop::users.view());
    EXPECT_EQ(diff_all(more), 1);
    EXPECT_THAT(output(), HasSubstr("create table"));
    EXPECT_THAT(output(), HasSubstr("build/local/pos/backend-api db generate add_users\n"));
    EXPECT_EQ(load_migrations(folder_).size(), 1U) << "it only tells";
    ASSERT_EQ(generate_at(1, more, "add_users"), 0) << output();
    EXPECT_EQ(diff_all(more), 0) << output();

    EXPECT_EQ(diff_all(first_tables()), 1);
    EXPECT_THAT(output(), HasSubstr("Is a line missing in a module's .tables"));
    EXPECT_THAT(output(), HasSubstr("db generate drop_users --allow-drops\n"));
}

TEST_F(Commands, CheckFindsMigrationsThatDoNotGiveTheirSnapshot) {
    ASSERT_EQ(generate_at(0, first_tables(), "init"), 0) << output();
    auto sql = load_migrations(folder_)[0].sql;
    sql +=
        "alter table categories alter column name drop not null;\nalter table categories no force row level security;\n"
        "grant select on tenants to public;\ncreate index stray on categories (name);\n";
    write("20260101000000_init", sql);
    EXPECT_EQ(check_all(first_tables()), 1);
    EXPECT_THAT(output(), HasSubstr("column categories.name: the migrations give  text\n"));
    EXPECT_THAT(output(), HasSubstr("forced: false"));
    EXPECT_THAT(output(), HasSubstr("grant on tenants to public: no table declares it"));
    EXPECT_THAT(output(), HasSubstr("index stray: no table declares it"));
}

TEST_F(Commands, CheckFindsTwoLeavesAndAnEmptyMigrationJoinsThem) {
    ASSERT_EQ(generate_at(0, first_tables(), "init"), 0) << output();
    auto left = first_tables();
    left.push_back(shop::users.view());
    ASSERT_EQ(generate_at(1, left, "left"), 0) << output();
    const auto aside = folder_.string() + "_left";
    std::filesystem::rename(folder_ / "20260101000001_left", aside);
    auto right = first_tables();
    right.push_back(shop::products.view());
    ASSERT_EQ(generate_at(2, right, "right"), 0) << output();
    std::filesystem::rename(aside, folder_ / "20260101000001_left");

    auto merged = right;
    merged.push_back(shop::users.view());
    EXPECT_EQ(check_all(merged), 1);
    EXPECT_THAT(output(), HasSubstr("20260101000001_left and 20260101000002_right stand side by side"));
    EXPECT_EQ(generate_at(3, merged, "more"), 1);
    ASSERT_EQ(generate_at(3, merged, "merge", true), 0) << output();
    EXPECT_EQ(check_all(merged), 0) << output();
}

TEST_F(Commands, GenerateRefusesToDrop) {
    ASSERT_EQ(generate_at(0, shop::tables(), "init"), 0) << output();
    EXPECT_EQ(generate_at(1, first_tables(), "less"), 1);
    EXPECT_THAT(output(), HasSubstr("--allow-drops"));
    EXPECT_EQ(load_migrations(folder_).size(), 1U);
    EXPECT_EQ(generate_at(1, shop::tables(), "Bad Name"), 1);
}

// ---- generate tries out what it writes ----

constexpr const char* one_argument = "create or replace function f(a uuid) returns int language sql as $$ select 1 $$";
constexpr const char* two_arguments =
    "create or replace function f(a uuid, b int) returns int language sql as $$ select 1 $$";

TEST_F(Commands, GenerateSaysThatItTriedItOut) {
    objects_ = {{"f", one_argument, "drop function f(uuid)"}};
    ASSERT_EQ(generate_at(0, first_tables(), "init"), 0) << output();
    EXPECT_THAT(output(), HasSubstr("tried out on a scratch database"));
    objects_ = {{"f", two_arguments, "drop function f(uuid, int)"}};
    ASSERT_EQ(generate_at(1, first_tables(), "more"), 0) << output();
    EXPECT_THAT(load_migrations(folder_)[1].sql, HasSubstr("drop function f(uuid);\ncreate or replace function f("));
    EXPECT_EQ(check_all(first_tables()), 0) << output();
}

TEST_F(Commands, GenerateWritesNothingThatDoesNotApply) {
    ASSERT_EQ(generate_at(0, first_tables(), "init"), 0) << output();
    objects_ = {{"v", "create view v as select nothing from categories", "drop view v"}};
    EXPECT_EQ(generate_at(1, first_tables(), "broken"), 1);
    EXPECT_THAT(output(), HasSubstr("column \"nothing\" does not exist"));
    EXPECT_THAT(output(),
                HasSubstr("Nothing was written. To mend the statements by hand: the same again with --no-verify"));
    EXPECT_THAT(output(), HasSubstr("create view v as select nothing from categories;"));
    EXPECT_EQ(load_migrations(folder_).size(), 1U);
    server_ = nullptr;
    EXPECT_EQ(generate_at(1, first_tables(), "broken"), 0);
    EXPECT_THAT(output(), Not(HasSubstr("tried out")));
}

TEST_F(Commands, GenerateWritesNothingThatGivesAnotherSchema) {
    // Found nowhere in the text: the function makes the table.
    objects_ = {{"hidden", "do $$ begin execute 'create table hidden (a int)'; end $$", "drop table hidden"}};
    ASSERT_EQ(generate_at(0, first_tables(), "init"), 0) << output();
    objects_ = {{"hidden", "do $$ begin execute 'create table if not exists hidden (a int, b int)'; end $$", ""}};
    write("20260101000000_init", load_migrations(folder_)[0].sql + "alter table hidden add column c int;");
    EXPECT_EQ(generate_at(1, first_tables(), "other"), 1);
    EXPECT_THAT(output(), HasSubstr("the drop texts of the declared SQL objects leave column hidden.a"));
    objects_.clear();
    write("20260101000000_init", load_migrations(folder_)[0].sql + "create index stray on categories (name);");
    EXPECT_EQ(generate_at(1, first_tables(), "other"), 1);
    EXPECT_THAT(output(),
                HasSubstr("the migrations do not give the declared schema:\n  - index stray: no table declares it"));
    EXPECT_EQ(load_migrations(folder_).size(), 1U);
}

TEST_F(Commands, GenerateRefusesADropTextThatIsOfAnotherTime) {
    objects_ = {{"f", two_arguments, "drop function if exists f(uuid)"}};
    EXPECT_EQ(generate_at(0, first_tables(), "init"), 1);
    EXPECT_THAT(output(), HasSubstr("the drop texts of the declared SQL objects leave function f(uuid,integer)"));
    EXPECT_TRUE(load_migrations(folder_).empty());
}

TEST_F(Commands, GenerateSaysThatNoServerAnswers) {
    server_ = [] { return ProofOptions{"host=127.0.0.1 port=1 dbname=none", roles}; };
    EXPECT_EQ(generate_at(0, first_tables(), "init"), 1);
    EXPECT_THAT(output(), HasSubstr("the migration could not be tried out: "));
    EXPECT_THAT(output(), HasSubstr("--no-verify"));
    EXPECT_TRUE(load_migrations(folder_).empty());
}

TEST_F(Commands, GenerateSaysWhatTheReleaseBeforeCannotDo) {
    ASSERT_EQ(generate_at(0, shop::tables(), "init"), 0) << output();
    EXPECT_THAT(output(), Not(HasSubstr("breaks: ")));
    allow_drops_ = true;
    ASSERT_EQ(generate_at(1, first_tables(), "less"), 0) << output();
    EXPECT_THAT(output(), HasSubstr("breaks: table movements is dropped: every statement of the release before that"));
    EXPECT_THAT(load_migrations(folder_)[1].sql, HasSubstr("-- Breaks: table movements is dropped"));
}

}  // namespace
}  // namespace db::migrate
