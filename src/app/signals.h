#pragma once
// What a process is told by signals, from the making of this on, on a thread of its own: a loop that hangs keeps nobody from asking what
// hangs. TERM and INT end the process: the first wakes who waits here, a second one ends it at once, as if nobody had listened. HUP and QUIT
// never end it: they call what was given to them, and are passed over while nothing is, and after this has gone.
//
//     Signals signals;
//     const auto answers = signals.answer({.hangup = [&] { reload(app); }, .quit = [&] { log_what_waits(…); }});   // until it goes
//     const auto name = signals.wait();                                                                            // "SIGTERM"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

#include "async/loop.h"

namespace app {

class Signals {
public:
    struct Answers {
        std::function<void()> hangup;  // both on the thread of the signals
        std::function<void()> quit;
    };
    // Takes its answers back; waits for one that is being given.
    class Answering {
    public:
        explicit Answering(Signals* signals) : signals_(signals) {}
        Answering(Answering&& other) noexcept : signals_(std::exchange(other.signals_, nullptr)) {}
        Answering& operator=(Answering&&) = delete;
        ~Answering();

    private:
        Signals* signals_;
    };

    Signals();
    ~Signals();
    Signals(const Signals&) = delete;
    Signals& operator=(const Signals&) = delete;

    [[nodiscard]] Answering answer(Answers answers);

    // Whether the process has been told to end.
    [[nodiscard]] bool came() const;
    // Blocks until it is.
    std::string_view wait();
    // Tells it so from within: a TERM that comes behind it is the first one still. Any thread.
    void end();

    // Blocks until `part` has started, or has been kept from it by a signal: then it is stopping. Throws what else kept it.
    template <class Part>
    void start(Part& part, std::chrono::milliseconds stop_time) {
        bool ended = false;
        std::exception_ptr failure;
        part.begin_start([&](std::exception_ptr error) {
            const std::scoped_lock lock(mutex_);
            failure = std::move(error);
            ended = true;
            changed_.notify_all();
        });
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return ended || ending_signal_ != 0; });
        if (ending_signal_ != 0) {
            lock.unlock();
            part.begin_stop(async::Loop::now() + stop_time);
            lock.lock();
        }
        changed_.wait(lock, [&] { return ended; });
        if (failure) std::rethrow_exception(failure);
    }

private:
    struct Thread;
    void take(int signal);

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    int ending_signal_ = 0;
    bool ends_from_within_ = false;
    std::mutex answering_;
    Answers answers_;
    std::unique_ptr<Thread> thread_;
};

}  // namespace app
