#pragma once
// The signals of a program that supervises others, read from a descriptor instead of handled: SIGINT, SIGTERM and SIGHUP ask
// it to stop, SIGUSR1 to restart its child, SIGCHLD wakes it. One object, made before any other thread exists (threads inherit
// the blocked signals).
//
//     Signals signals;
//     while (signals.stop_requests() == 0) {
//         signals.pause(1s);                              // back at once when one arrives
//         if (signals.take_restart()) restart();
//     }

#include <chrono>
#include <csignal>

#include "app/dev/process.h"

namespace app::dev {

class Signals {
public:
    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    void pause(std::chrono::milliseconds time);
    [[nodiscard]] int stop_requests() const noexcept { return stop_requests_; }
    // Once per request; several that came together are one.
    [[nodiscard]] bool take_restart() noexcept { return std::exchange(restart_requested_, false); }

private:
    void read_pending();

    sigset_t before_{};
    Descriptor descriptor_;
    int stop_requests_ = 0;
    bool restart_requested_ = false;
};

}  // namespace app::dev
