#include "app/dev/local_servers.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "app/dev/data_directory.h"
#include "app/dev/dev_test_support.h"
#include "app/dev/postgres_server.h"
#include "base/hash.h"

namespace app::dev {
namespace {

namespace fs = std::filesystem;

// The first column of the first row, or PostgreSQL's message.
std::string ask(const std::string& url, const char* sql) {
    const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(url.c_str()), &PQfinish);
    if (PQstatus(connection.get()) != CONNECTION_OK) return PQerrorMessage(connection.get());
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(connection.get(), sql), &PQclear);
    if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return "done";
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : PQresultErrorMessage(result.get());
}

TEST(LocalServers, GiveADatabaseWithItsThreeRolesAndKeepItOverARestart) {
    const TemporaryDirectory scratch;
    DataDirectory directory(scratch.path() / "data");
    {
        LocalServers servers(directory, {});
        servers.start(sleep_pause);
        const Addresses& addresses = servers.addresses();
        EXPECT_EQ(ask(addresses.database_url, "select current_user || '@' || current_database()"), "app@backend_api");
        EXPECT_EQ(ask(addresses.database_system_url, "select current_user"), "app_system");
        EXPECT_EQ(ask(addresses.database_owner_url, "create table kept (id int)"), "done");
        EXPECT_EQ(ask(addresses.database_owner_url, "create extension pg_trgm"), "done");
        EXPECT_EQ(ask(addresses.database_url,
                      "select rolsuper or rolbypassrls or rolcreaterole from pg_roles where rolname = current_user"),
                  "f");
        EXPECT_EQ(ask(addresses.database_url, "show server_encoding"), "UTF8");
        EXPECT_EQ(ask(addresses.database_url, "select setting from pg_settings where name = 'listen_addresses'"), "");
        EXPECT_EQ(ask(addresses.database_url, "show fsync"), "on");
        EXPECT_FALSE(servers.failure().has_value());
        servers.stop(sleep_pause);
        EXPECT_EQ(processes_in(directory.path()), std::vector<int>{});
    }
    LocalServers servers(directory, {});
    servers.start(sleep_pause);
    EXPECT_EQ(ask(servers.addresses().database_owner_url, "select count(*) from kept"), "0");
}

TEST(LocalServers, AreFoundByAnotherProcessWhileTheyRun) {
    const TemporaryDirectory scratch;
    const auto path = scratch.path() / "data";
    EXPECT_FALSE(running_database(path)) << "there is no such directory";
    DataDirectory directory(path);
    EXPECT_FALSE(running_database(path));
    LocalServers servers(directory, {});
    servers.start(sleep_pause);
    const auto found = running_database(path);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->database_url, servers.addresses().database_url);
    EXPECT_EQ(found->database_system_url, servers.addresses().database_system_url);
    EXPECT_EQ(ask(found->database_url, "select current_user"), "app");
    servers.stop(sleep_pause);
    EXPECT_FALSE(running_database(path)) << "it has stopped";
}

TEST(LocalServers, OnlyTheOwnerOfTheSocketDirectoryReachesPostgres) {
    const TemporaryDirectory scratch;
    DataDirectory directory(scratch.path() / "data");
    LocalServers servers(directory, {});
    servers.start(sleep_pause);
    const auto run = directory.path() / "postgresql" / "run";
    EXPECT_EQ(fs::status(run).permissions(), fs::perms(0700));
    struct stat status{};
    ASSERT_EQ(stat((run / ".s.PGSQL.5432").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U);
    if (geteuid() == 0) EXPECT_NE(status.st_uid, 0U) << "PostgreSQL must not run as root";
}

TEST(LocalServers, FreshForgetsEverything) {
    const TemporaryDirectory scratch;
    DataDirectory directory(scratch.path() / "data");
    {
        LocalServers servers(directory, {});
        servers.start(sleep_pause);
        EXPECT_EQ(ask(servers.addresses().database_owner_url, "create table forgotten (id int)"), "done");
    }
    LocalServers servers(directory, {.fresh = true});
    servers.start(sleep_pause);
    EXPECT_EQ(ask(servers.addresses().database_owner_url, "select to_regclass('forgotten') is null"), "t");
}

TEST(LocalServers, ALongPathFallsBackToAShortSocketDirectory) {
    const TemporaryDirectory scratch;
    DataDirectory directory(scratch.path() / std::string(100, 'x') / "data");
    fs::path socket;
    {
        LocalServers servers(directory, {});
        servers.start(sleep_pause);
        EXPECT_EQ(ask(servers.addresses().database_url, "select 'reached'"), "reached");
        socket = servers.addresses().redis_socket;
        EXPECT_TRUE(socket.string().starts_with("/tmp/backend-api-"));
        EXPECT_EQ(fs::status(socket.parent_path()).permissions(), fs::perms(0700));
        servers.stop(sleep_pause);
    }
    EXPECT_FALSE(fs::exists(socket.parent_path()));
}

TEST(LocalServers, RootsDirectoryOutOfPostgresReachHasItsDatabaseElsewhere) {
    if (geteuid() != 0) GTEST_SKIP() << "only root's PostgreSQL runs as another user";
    const TemporaryDirectory closed(fs::perms(0700));
    DataDirectory directory(closed.path() / "data");
    LocalServers servers(directory, {});
    servers.start(sleep_pause);
    EXPECT_EQ(ask(servers.addresses().database_url, "select 'reached'"), "reached");
    const fs::path home = fs::path(servers.addresses().redis_socket).parent_path().parent_path();
    EXPECT_EQ(home.parent_path(), "/var/lib/backend-api-development");
    servers.stop(sleep_pause);
    fs::remove_all(home);
}

TEST(LocalServers, StartAfterAKillOfEverybody) {
    const TemporaryDirectory scratch;
    const pid_t parent = fork();
    if (parent == 0) {
        DataDirectory directory(scratch.path() / "data");
        LocalServers servers(directory, {});
        servers.start(sleep_pause);
        std::ofstream(scratch.path() / "ready")
            << ask(servers.addresses().database_owner_url, "create table kept (id int)") << std::flush;
        pause();
        _exit(0);
    }
    ASSERT_TRUE(eventually([&] { return read_text(scratch.path() / "ready") == "done"; }));
    const auto postmaster = read_pid_file(scratch.path() / "data/postgresql/data/postmaster.pid");
    ASSERT_TRUE(postmaster.has_value());
    // The postmaster without a chance to tidy up, then its parent: pid files of both and a dirty database remain.
    kill(*postmaster, SIGKILL);
    kill(parent, SIGKILL);
    waitpid(parent, nullptr, 0);

    DataDirectory directory(scratch.path() / "data");
    LocalServers servers(directory, {});
    servers.start(sleep_pause);
    EXPECT_EQ(ask(servers.addresses().database_owner_url, "select count(*) from kept"), "0");
}

TEST(LocalServers, LeaveNoProcessWhenTheirParentIsKilled) {
    const TemporaryDirectory scratch;
    const pid_t parent = fork();
    if (parent == 0) {
        DataDirectory directory(scratch.path() / "data");
        LocalServers servers(directory, {});
        servers.start(sleep_pause);
        std::ofstream(scratch.path() / "ready") << "yes" << std::flush;
        pause();
        _exit(0);
    }
    ASSERT_TRUE(eventually([&] { return read_text(scratch.path() / "ready") == "yes"; }));
    EXPECT_GE(processes_in(scratch.path()).size(), 2U);
    kill(parent, SIGKILL);
    waitpid(parent, nullptr, 0);
    EXPECT_TRUE(eventually([&] { return processes_in(scratch.path()).empty(); }));
}

TEST(LocalServers, APidFileThatNamesAStrangerIsNoObstacle) {
    const TemporaryDirectory scratch;
    DataDirectory directory(scratch.path() / "data");
    {
        LocalServers servers(directory, {});
        servers.start(sleep_pause);
        servers.stop(sleep_pause);
    }
    std::ofstream(directory.path() / "postgresql/data/postmaster.pid") << getppid() << "\n";
    std::ofstream(directory.path() / "redis/redis.pid") << getppid() << "\n";
    LocalServers servers(directory, {});
    servers.start(sleep_pause);
    EXPECT_EQ(ask(servers.addresses().database_url, "select 'reached'"), "reached");
}

TEST(LocalServers, AMissingPackageIsNamedWithItsRemedy) {
    const TemporaryDirectory scratch;
    DataDirectory directory(scratch.path() / "data");
    LocalServers servers(directory, {.postgres_binaries = "/no/such/bin"});
    try {
        servers.start(sleep_pause);
        FAIL() << "started";
    } catch (const StartFailure& failure) {
        EXPECT_NE(std::string(failure.what()).find("run bin/setup"), std::string::npos) << failure.what();
    }
}

TEST(LocalServers, DataOfAnotherMajorVersionAreNotTouched) {
    EXPECT_THROW(static_cast<void>(find_postgres_binaries(7)), StartFailure);
    EXPECT_NO_THROW(static_cast<void>(find_postgres_binaries(std::nullopt)));
}

TEST(LocalServers, StartingCanBeInterrupted) {
    const TemporaryDirectory scratch;
    DataDirectory directory(scratch.path() / "data");
    {
        LocalServers servers(directory, {});
        int pauses = 0;
        EXPECT_THROW(servers.start([&](std::chrono::milliseconds time) { return sleep_pause(time) && ++pauses < 5; }),
                     Interrupted);
    }
    EXPECT_TRUE(eventually([&] { return processes_in(directory.path()).empty(); }));
    LocalServers servers(directory, {});
    servers.start(sleep_pause);
    EXPECT_EQ(ask(servers.addresses().database_url, "select 'reached'"), "reached");
}

}  // namespace
}  // namespace app::dev
