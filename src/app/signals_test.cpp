#include "app/signals.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace app {
namespace {

// Each in a process of its own: what is asked is whether it lives.
class SignalsTest : public testing::Test {
protected:
    SignalsTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

[[noreturn]] void end_with(int signal, bool from_within) {
    {
        Signals signals;
        if (from_within) {
            signals.end();
        } else {
            std::raise(SIGTERM);
        }
        signals.wait();
    }
    std::raise(signal);
    std::_Exit(0);
}

TEST_F(SignalsTest, TheFirstTermBehindAnEndFromWithinIsNoSecondOne) {
    for (const int signal : {SIGTERM, SIGINT}) EXPECT_EXIT(end_with(signal, true), testing::ExitedWithCode(0), "");
}

TEST_F(SignalsTest, HangUpAndQuitNeverEndAProcessThatTakesItselfApart) {
    for (const bool from_within : {false, true})
        for (const int signal : {SIGHUP, SIGQUIT})
            EXPECT_EXIT(end_with(signal, from_within), testing::ExitedWithCode(0), "");
}

[[noreturn]] void write_past_the_limit() {
    const Signals signals;
    const struct rlimit none{.rlim_cur = 0, .rlim_max = 0};
    std::FILE* file = std::tmpfile();
    if (file == nullptr || ::setrlimit(RLIMIT_FSIZE, &none) != 0) std::_Exit(2);
    std::_Exit(::write(::fileno(file), "x", 1) < 0 && errno == EFBIG ? 0 : 3);
}

TEST_F(SignalsTest, AFileThatMayGrowNoMoreIsAWriteThatFails) {
    EXPECT_EXIT(write_past_the_limit(), testing::ExitedWithCode(0), "");
}

TEST_F(SignalsTest, ASecondSignalStillEndsIt) {
    EXPECT_EXIT(end_with(SIGTERM, false), testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace app
