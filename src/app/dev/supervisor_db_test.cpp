#include "app/dev/supervisor.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <sstream>

#include "app/dev/dev_test_support.h"
#include "app/dev/ports.h"

namespace app::dev {
namespace {

namespace fs = std::filesystem;

// The development mode in a process of its own, which is signalled as a terminal or bin/dev does.
class Supervised : public testing::Test {
protected:
    void begin() {
        supervisor_ = fork();
        if (supervisor_ != 0) return;
        std::ofstream out(output_file());
        // Nothing of gtest's may run twice, hence not return.
        _exit(run({.port = port_,
                   .data_directory = scratch_.path() / "data",
                   .executable = FAKE_SERVICE,
                   .environment = {{"FAKE_DIRECTORY", scratch_.path().string()}},
                   .demo_logins = {{"owner", "owner@duka.example", "demo-password"}},
                   .ready_deadline = ready_deadline_,
                   .drain_deadline = drain_deadline_},
                  out));
    }

    void TearDown() override {
        if (supervisor_ > 0) static_cast<void>(end(SIGTERM));
    }

    int end(int signal) {
        kill(supervisor_, signal);
        return wait_for_end();
    }

    int wait_for_end() {
        int status = 0;
        if (!eventually([&] { return waitpid(supervisor_, &status, WNOHANG) == supervisor_; })) {
            kill(supervisor_, SIGKILL);
            waitpid(supervisor_, &status, 0);
            ADD_FAILURE() << "did not end:\n" << output();
        }
        supervisor_ = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    [[nodiscard]] fs::path output_file() const { return scratch_.path() / "output"; }
    [[nodiscard]] std::string output() const { return read_text(output_file()); }
    [[nodiscard]] bool says(const std::string& text) const {
        return eventually([&] { return output().find(text) != std::string::npos; });
    }

    // The commands that the service was called with, without process ids.
    [[nodiscard]] std::string calls() const {
        std::ifstream stream(scratch_.path() / "calls");
        std::string all;
        for (std::string line; std::getline(stream, line);) all += line.substr(0, line.find(' ')) + " ";
        return all;
    }
    [[nodiscard]] pid_t server_id() const {
        std::ifstream stream(scratch_.path() / "calls");
        pid_t id = -1;
        for (std::string line; std::getline(stream, line);) {
            if (line.starts_with("serve ")) id = std::stoi(line.substr(6));
        }
        return id;
    }
    [[nodiscard]] bool listens() const { return !port_is_free({"127.0.0.1", port_}); }
    void say_addresses(const std::string& lines) const { std::ofstream(scratch_.path() / "addresses") << lines; }
    void fail(const std::string& command) const { std::ofstream(scratch_.path() / "fail") << command; }

    TemporaryDirectory scratch_;
    std::uint16_t port_ = free_port();
    std::chrono::milliseconds ready_deadline_{30'000};
    std::chrono::milliseconds drain_deadline_{30'000};
    pid_t supervisor_ = -1;
};

TEST_F(Supervised, MigratesSeedsServesAndStopsInOrder) {
    begin();
    ASSERT_TRUE(says("Ctrl-C")) << output();
    EXPECT_EQ(calls(), "db-diff db-migrate seed serve ");
    EXPECT_TRUE(listens());
    EXPECT_TRUE(says(fmt::format("http://localhost:{}/.well-known/jwks.json", port_)));
    EXPECT_TRUE(says("owner@duka.example"));
    EXPECT_NE(read_text(scratch_.path() / "environment").find("postgresql://app@localhost/backend_api?host=/"),
              std::string::npos);
    EXPECT_NE(read_text(scratch_.path() / "environment").find("development"), std::string::npos);

    EXPECT_EQ(end(SIGINT), 0);
    EXPECT_EQ(calls(), "db-diff db-migrate seed serve drained ");
    EXPECT_FALSE(listens());
    EXPECT_EQ(processes_in(scratch_.path()), std::vector<int>{});
    EXPECT_LT(output().find("stopping the server"), output().find("stopping Redis and PostgreSQL"));
}

TEST_F(Supervised, RestartsOnSignalAndKeepsTheOldServerWhenMigrationFails) {
    begin();
    ASSERT_TRUE(says("Ctrl-C")) << output();
    const pid_t first = server_id();
    fail("db-migrate");
    kill(supervisor_, SIGUSR1);
    ASSERT_TRUE(says("keeps running")) << output();
    EXPECT_EQ(server_id(), first);
    EXPECT_TRUE(listens());

    fail("");
    kill(supervisor_, SIGUSR1);
    ASSERT_TRUE(says("restarted in")) << output();
    EXPECT_NE(server_id(), first);
    EXPECT_TRUE(listens());
    EXPECT_EQ(end(SIGTERM), 0);
}

TEST_F(Supervised, ATableWithoutItsMigrationStopsTheRestartUntilTheMigrationIsThere) {
    begin();
    ASSERT_TRUE(says("Ctrl-C")) << output();
    const pid_t first = server_id();
    fail("db-diff");
    kill(supervisor_, SIGUSR1);
    ASSERT_TRUE(says("a migration is missing")) << output();
    ASSERT_TRUE(says("the server before it keeps running")) << output();
    EXPECT_EQ(calls(), "db-diff db-migrate seed serve db-diff ");
    EXPECT_EQ(server_id(), first);

    fail("");
    kill(supervisor_, SIGUSR1);
    ASSERT_TRUE(says("restarted in")) << output();
    EXPECT_NE(server_id(), first);
}

TEST_F(Supervised, WaitsForTheNextBuildWhenTheServerDoesNotStart) {
    fail("serve");
    begin();
    ASSERT_TRUE(says("mend it and build")) << output();
    fail("");
    kill(supervisor_, SIGUSR1);
    ASSERT_TRUE(says("ready in")) << output();
    EXPECT_TRUE(listens());
}

TEST_F(Supervised, AServerThatSaysNothingIsEndedThoughItsPortAnswers) {
    fail("silent");
    ready_deadline_ = std::chrono::milliseconds(500);
    begin();
    ASSERT_TRUE(says("the server was not ready within 500 ms")) << output();
    ASSERT_TRUE(says("mend it and build")) << output();
    EXPECT_FALSE(listens());
    fail("");
    kill(supervisor_, SIGUSR1);
    ASSERT_TRUE(says("ready in")) << output();
}

TEST_F(Supervised, AddressesAreTheServersOwnWords) {
    say_addresses("X_API_URL=https://[::1]:22010\nX_METRICS_URL=http://192.0.2.2:9090\n");
    begin();
    ASSERT_TRUE(says("Ctrl-C")) << output();
    EXPECT_NE(output().find("  API         https://[::1]:22010\n"), std::string::npos) << output();
    EXPECT_NE(output().find("http://192.0.2.2:9090/health  http://192.0.2.2:9090/ready  http://192.0.2.2:9090/metrics"),
              std::string::npos)
        << output();
    EXPECT_EQ(output().find("/docs"), std::string::npos) << output();
    EXPECT_EQ(output().find("localhost:"), std::string::npos) << output();

    // After a change of the settings they are others.
    say_addresses("X_API_URL=http://localhost:22011\nX_DOCS_URL=http://localhost:22011\n");
    kill(supervisor_, SIGUSR1);
    ASSERT_TRUE(says("http://localhost:22011/docs  http://localhost:22011/docs/reader")) << output();
    EXPECT_TRUE(says("http://localhost:22011/health  http://localhost:22011/ready\n")) << output();
}

TEST_F(Supervised, AServerThatAsksForTimeToStopHasIt) {
    fail("slow");
    drain_deadline_ = std::chrono::milliseconds(300);  // it takes twice as long
    begin();
    ASSERT_TRUE(says("Ctrl-C")) << output();
    EXPECT_EQ(end(SIGTERM), 0);
    EXPECT_EQ(calls(), "db-diff db-migrate seed serve drained ");
}

TEST_F(Supervised, AServerThatDiesIsReportedOnceAndNotRestarted) {
    begin();
    ASSERT_TRUE(says("Ctrl-C")) << output();
    kill(server_id(), SIGKILL);
    ASSERT_TRUE(says("the server ended by itself: signal 9")) << output();
    EXPECT_EQ(calls(), "db-diff db-migrate seed serve ");
    kill(supervisor_, SIGUSR1);
    ASSERT_TRUE(says("restarted in")) << output();
    EXPECT_TRUE(listens());
}

TEST_F(Supervised, ATakenPortIsAnErrorBeforeAnythingStarts) {
    begin();
    ASSERT_TRUE(says("Ctrl-C")) << output();
    const TemporaryDirectory other;
    std::ostringstream out;
    EXPECT_EQ(run({.port = port_, .data_directory = other.path() / "data", .executable = FAKE_SERVICE}, out), 1);
    EXPECT_NE(out.str().find(fmt::format("port {} is in use", port_)), std::string::npos) << out.str();
    EXPECT_FALSE(fs::exists(other.path() / "data" / "postgresql"));
}

TEST_F(Supervised, ASecondStartInTheSameDirectoryNamesTheFirst) {
    begin();
    ASSERT_TRUE(says("Ctrl-C")) << output();
    std::ostringstream out;
    EXPECT_EQ(run({.port = 0, .data_directory = scratch_.path() / "data", .executable = FAKE_SERVICE}, out), 1);
    EXPECT_NE(out.str().find(fmt::format("in use by process {}", supervisor_)), std::string::npos) << out.str();
}

TEST_F(Supervised, InterruptedWhileStartingLeavesNothing) {
    begin();
    ASSERT_TRUE(says("creating the database cluster")) << output();
    EXPECT_EQ(end(SIGINT), 0);
    EXPECT_EQ(calls(), "");
    EXPECT_EQ(processes_in(scratch_.path()), std::vector<int>{});
}

TEST_F(Supervised, ASecondRequestToStopHurries) {
    fail("drain");
    begin();
    ASSERT_TRUE(says("Ctrl-C")) << output();
    kill(supervisor_, SIGINT);
    ASSERT_TRUE(says("stopping the server")) << output();
    EXPECT_EQ(end(SIGINT), 0);
    EXPECT_EQ(calls(), "db-diff db-migrate seed serve ");
    EXPECT_EQ(processes_in(scratch_.path()), std::vector<int>{});
}

TEST_F(Supervised, ItsDeathEndsTheServerToo) {
    begin();
    ASSERT_TRUE(says("Ctrl-C")) << output();
    static_cast<void>(end(SIGKILL));
    EXPECT_TRUE(eventually([&] { return !listens() && processes_in(scratch_.path()).empty(); }));
}

}  // namespace
}  // namespace app::dev
