#include "app/dev/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "app/dev/dev_test_support.h"

namespace app::dev {
namespace {

using namespace std::chrono_literals;

TEST(Process, TellsHowItEnded) {
    Process good = Process::start({.arguments = {"/bin/sh", "-c", "exit 0"}});
    ASSERT_TRUE(good.wait(10s, sleep_pause));
    EXPECT_TRUE(good.succeeded());
    Process bad = Process::start({.arguments = {"/bin/sh", "-c", "exit 3"}});
    ASSERT_TRUE(bad.wait(10s, sleep_pause));
    EXPECT_FALSE(bad.succeeded());
    EXPECT_EQ(bad.how_it_ended(), "exit status 3");
    Process killed = Process::start({.arguments = {"/bin/sleep", "60"}});
    killed.kill();
    EXPECT_EQ(killed.how_it_ended(), "signal 9 (Killed)");
}

TEST(Process, AProgramThatCannotBeRunIsAnError) {
    EXPECT_THROW(static_cast<void>(Process::start({.arguments = {"/no/such/program"}})), std::system_error);
}

TEST(Process, WaitingEndsAtTheDeadlineOrWhenHurried) {
    Process process = Process::start({.arguments = {"/bin/sleep", "60"}});
    EXPECT_FALSE(process.wait(20ms, sleep_pause));
    EXPECT_FALSE(process.wait(60s, [](std::chrono::milliseconds) { return false; }));
    EXPECT_TRUE(process.running());
}

TEST(Process, TheChildStartsWithPlainSignals) {
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto previous = std::signal(SIGINT, SIG_IGN);
    Process process = Process::start({.arguments = {"/bin/sleep", "60"}});
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    process.signal(SIGTERM);
    EXPECT_TRUE(process.wait(10s, sleep_pause));
    Process other = Process::start({.arguments = {"/bin/sleep", "60"}});
    std::signal(SIGINT, previous);
    other.signal(SIGINT);
    EXPECT_TRUE(other.wait(10s, sleep_pause));
}

TEST(Process, DoesNotOutliveAParentThatIsKilled) {
    const TemporaryDirectory scratch;
    const auto file = scratch.path() / "id";
    const pid_t parent = fork();
    if (parent == 0) {
        const Process child = Process::start({.arguments = {"/bin/sleep", "60"}});
        std::ofstream(file) << child.id() << std::endl;
        pause();
        _exit(0);
    }
    ASSERT_TRUE(eventually([&] { return read_text(file).ends_with('\n'); }));
    const auto child = "/proc/" + std::to_string(std::stoi(read_text(file))) + "/exe";
    std::error_code error;
    EXPECT_EQ(std::filesystem::read_symlink(child, error).filename(), "sleep");
    kill(parent, SIGKILL);
    waitpid(parent, nullptr, 0);
    EXPECT_TRUE(eventually([&] { return std::filesystem::read_symlink(child, error).empty(); }));
}

TEST(Process, EnvironmentChangesWin) {
    setenv("DEV_TEST_VARIABLE", "before", 1);
    const auto environment = environment_with({{"DEV_TEST_VARIABLE", "after"}});
    EXPECT_EQ(std::count(environment.begin(), environment.end(), "DEV_TEST_VARIABLE=after"), 1);
    EXPECT_EQ(std::count(environment.begin(), environment.end(), "DEV_TEST_VARIABLE=before"), 0);
}

}  // namespace
}  // namespace app::dev
