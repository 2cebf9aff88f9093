#include "app/signals.h"

#include <gtest/gtest.h>

#include <csignal>
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

TEST_F(SignalsTest, ASecondSignalStillEndsIt) {
    EXPECT_EXIT(end_with(SIGTERM, false), testing::KilledBySignal(SIGTERM), "");
}

}  // namespace
}  // namespace app
