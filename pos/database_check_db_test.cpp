// What a process makes of the database that it is given: roles, walls and migrations (app/database_check.h).

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <sstream>

#include "db/migrate/apply.h"
#include "http/handler.h"
#include "testing/app/test_app.h"

namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Thing {
    base::Uuid id;
    friend constexpr auto describe(Thing*) { return schema::object<Thing>("Thing", schema::field<&Thing::id>("id")); }
};
constexpr auto things = db::tenant_table<Thing>("things", db::primary_key<&Thing::id>());

async::Task<http::NoContent> look() { co_return http::NoContent{}; }
void routes(http::Routes routes) { routes.get("/things", look, {.id = "lookAtThings", .summary = "Look"}); }

constexpr std::string_view init =
    "create table things (tenant_id uuid not null, id uuid not null, primary key (tenant_id, id));"
    "alter table things enable row level security; alter table things force row level security;"
    "create policy own on things to {{app}} using (tenant_id = nullif(current_setting('app.tenant', true), '')::uuid);";
constexpr std::array<base::EmbeddedFile, 2> migrations{
    {{"20260101000000_init/migration.sql", init}, {"20260101000000_init/snapshot.json", "{}"}}};

app::Definition definition() {
    app::Definition definition;
    definition.name = "things";
    definition.modules.push_back({.name = "things", .tables = {things.view()}, .routes = routes});
    definition.migrations = migrations;
    return definition;
}

// A process on the database: its faults, or what it answers.
struct Started {
    std::vector<std::string> faults{};
    int things = 0;
    int ready = 0;
    std::string why{};
};

class DatabaseCheckTest : public testing::Test {
protected:
    DatabaseCheckTest() { migrate(); }

    void migrate() {
        std::ostringstream progress;
        db::migrate::apply(db::migrate::load_migrations(migrations),
                           {.owner_url = database_.url(), .roles = {app_, system_}}, progress);
    }
    Started start(const std::string& url, const std::string& system_url) {
        app::Settings settings;
        settings.environment = app::Environment::test;
        settings.database_url = url;
        settings.database_system_url = system_url;
        settings.secret = "a secret of the tests alone, 32 bytes or more";
        app::App app(definition_, {definition_, std::move(settings)}, log_);
        app::LoopHost host(app);
        Started started;
        try {
            async::run_until_done(host.loop(), host.start());
            const auto ready = async::run_until_done(host.loop(), host.inject({.target = "/ready"}));
            started.ready = ready.status;
            started.why = ready.body;
            started.things = async::run_until_done(host.loop(), host.inject({.target = "/v1/things"})).status;
        } catch (const config::Faults& faults) {
            for (const auto& fault : faults.issues()) started.faults.push_back(fault.pointer + " " + fault.message);
        }
        async::run_until_done(host.loop(), host.stop(async::Loop::now() + 5s));
        return started;
    }
    Started start() { return start(database_.url_as(app_), database_.url_as(system_)); }

    testing::ScratchDatabase database_;
    const std::string app_ = database_.create_role("app");
    const std::string system_ = database_.create_role("system");
    const app::Definition definition_ = definition();
    const std::shared_ptr<logging::MemorySink> log_ = std::make_shared<logging::MemorySink>();
};

TEST_F(DatabaseCheckTest, OfTwoBoundRolesAndForcedWallsIsWell) {
    const auto started = start();
    EXPECT_THAT(started.faults, IsEmpty());
    EXPECT_EQ(started.ready, 200) << started.why;
    EXPECT_THAT(started.why, HasSubstr(R"("migrations":{"status":"ok")"));
    EXPECT_EQ(started.things, 204);
}

TEST_F(DatabaseCheckTest, RefusesRolesThatNoWallBinds) {
    EXPECT_THAT(start(database_.url(), database_.url()).faults,
                ElementsAre(AllOf(HasSubstr("/DATABASE_URL "), HasSubstr("is a superuser")),
                            AllOf(HasSubstr("/DATABASE_SYSTEM_URL "), HasSubstr("is a superuser"))));
    database_.execute(fmt::format("alter role {} bypassrls", app_));
    EXPECT_THAT(start().faults, ElementsAre(AllOf(HasSubstr("/DATABASE_URL "), HasSubstr("has BYPASSRLS"))));
    database_.execute(fmt::format("alter role {} nobypassrls; alter table things owner to {}", app_, app_));
    EXPECT_THAT(start().faults, ElementsAre(AllOf(HasSubstr("/DATABASE_URL "), HasSubstr("owns the database or its"))));
    database_.execute(fmt::format("alter table things owner to current_user; grant {} to {}", system_, app_));
    EXPECT_THAT(start().faults, ElementsAre(AllOf(HasSubstr("/DATABASE_URL "), HasSubstr("a member of it"))));
    EXPECT_THAT(start(database_.url_as(system_), database_.url_as(system_)).faults,
                ElementsAre(AllOf(HasSubstr("/DATABASE_URL "), HasSubstr("are apart"))));
}

// Two logins of one role: neither is a member of the other, and both see everything.
TEST_F(DatabaseCheckTest, RefusesARoleThatAPolicyWithoutAConditionLetsThrough) {
    database_.execute(fmt::format("create policy every on things to {} using (true)", system_));
    EXPECT_THAT(start().faults, IsEmpty()) << "it is for the other role";
    const auto first = database_.create_role("first");
    const auto second = database_.create_role("second");
    database_.execute(fmt::format("grant {} to {}, {}", system_, first, second));
    EXPECT_THAT(start(database_.url_as(first), database_.url_as(second)).faults,
                ElementsAre(AllOf(HasSubstr("/DATABASE_URL "), HasSubstr(first + " sees the rows of all tenants"))));
    database_.execute(fmt::format("create policy oops on things to {} using (true)", app_));
    EXPECT_THAT(start().faults, ElementsAre(HasSubstr(app_ + " sees the rows of all tenants in the table things")));
}

TEST_F(DatabaseCheckTest, RefusesWhoMayBecomeARoleThatNoWallBinds) {
    const auto strong = database_.create_role("strong");
    database_.execute(fmt::format("alter role {} bypassrls; grant {} to {}", strong, strong, app_));
    EXPECT_THAT(start().faults, ElementsAre(AllOf(HasSubstr("/DATABASE_URL "), HasSubstr("BYPASSRLS"))));
}

TEST_F(DatabaseCheckTest, SaysWhichRoleMayNotReadTheLedger) {
    const auto swapped = start(database_.url_as(system_), database_.url_as(app_));
    EXPECT_EQ(swapped.ready, 503);
    EXPECT_THAT(swapped.why, HasSubstr("the role of DATABASE_SYSTEM_URL may not read schema_migrations"));
}

TEST_F(DatabaseCheckTest, RefusesATenantsTableWithoutItsWall) {
    database_.execute("alter table things no force row level security");
    EXPECT_THAT(start().faults, ElementsAre(HasSubstr("The table things does not force row level security")));
    database_.execute("alter table things force row level security; drop policy own on things");
    EXPECT_THAT(start().faults, ElementsAre(HasSubstr("The table things has no policy for the role " + app_)));
}

TEST_F(DatabaseCheckTest, WaitsForItsMigrations) {
    for (const std::string_view older : {"delete from schema_migrations", "drop table schema_migrations, things"}) {
        database_.execute(older);
        const auto started = start();
        EXPECT_THAT(started.faults, IsEmpty()) << older;
        EXPECT_EQ(started.ready, 503) << started.why;
        EXPECT_THAT(started.why, HasSubstr("things db migrate")) << older;
        EXPECT_EQ(started.things, 503) << "no row is touched";
        EXPECT_TRUE(log_->contains("the database is not ready for this release"));
    }
    migrate();
    EXPECT_EQ(start().ready, 200);
}

// Of a release before the marks: the column and the grant come with the next migration.
TEST_F(DatabaseCheckTest, WaitsForALedgerThatItCanRead) {
    database_.execute("alter table schema_migrations drop column stops_older");
    EXPECT_THAT(start().why, HasSubstr("things db migrate"));
    migrate();
    EXPECT_EQ(start().ready, 200);
    database_.execute(fmt::format("revoke all on schema_migrations from {}", system_));
    EXPECT_THAT(start().why, HasSubstr("things db migrate"));
    migrate();
    EXPECT_EQ(start().ready, 200);
}

TEST_F(DatabaseCheckTest, AMigrationOfAnotherReleaseStopsItWhenThatSaysSo) {
    const auto later = [](std::string_view sql) {
        return std::vector<db::migrate::Migration>{{"20270101000000_later", std::string(sql), "{}"}};
    };
    std::ostringstream progress;
    const db::migrate::ApplyOptions options{.owner_url = database_.url(), .roles = {app_, system_}};
    db::migrate::apply(later("create table other (a integer);"), options, progress);
    EXPECT_EQ(start().ready, 200) << "it knows nothing of that table";

    database_.execute("drop table other; delete from schema_migrations where name like '%later'");
    db::migrate::apply(later("-- stops-older-releases\ncreate table other (a integer);"), options, progress);
    const auto stopped = start();
    EXPECT_EQ(stopped.ready, 503);
    EXPECT_THAT(stopped.why, HasSubstr("a migration of another release stops this one"));
    EXPECT_EQ(stopped.things, 503);
}

}  // namespace
