#include "app/signals.h"

#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <thread>
#include <utility>

#include "async/loop_asio.h"

namespace app {

struct Signals::Thread {
    explicit Thread(Signals& owner) : signals(owner), set(async::native(loop), SIGTERM, SIGINT, SIGHUP) {
        set.add(SIGQUIT);
        loop.keep_alive();
        listen();
        thread = std::thread([this] { loop.run(); });
    }
    ~Thread() {
        loop.post([this] { loop.stop(); });  // also where the thread has not begun to run it
        thread.join();
    }
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;

    void listen() {
        set.async_wait([this](const boost::system::error_code& error, int signal) {
            if (error) return;
            signals.take(signal);
            listen();
        });
    }

    Signals& signals;
    async::Loop loop;
    boost::asio::signal_set set;
    std::thread thread;
};

// A file that may grow no more (ulimit -f) is a write that fails, as on a full disk, and not the end of the process.
Signals::Signals() : thread_(std::make_unique<Thread>(*this)) { std::signal(SIGXFSZ, SIG_IGN); }

// What comes while the process takes itself apart must not end it by its default action: never HUP and QUIT, and of TERM and INT not
// the first one, which may come behind an end from within. (Blocked meanwhile: Asio puts the default back.)
Signals::~Signals() {
    sigset_t passed_over;
    sigemptyset(&passed_over);
    sigaddset(&passed_over, SIGHUP);
    sigaddset(&passed_over, SIGQUIT);
    if (const std::scoped_lock lock(mutex_); ends_from_within_) {
        sigaddset(&passed_over, SIGTERM);
        sigaddset(&passed_over, SIGINT);
    }
    sigset_t before;
    ::pthread_sigmask(SIG_BLOCK, &passed_over, &before);
    thread_.reset();
    for (const int signal : {SIGHUP, SIGQUIT, SIGTERM, SIGINT})
        if (sigismember(&passed_over, signal) == 1) std::signal(signal, SIG_IGN);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void Signals::take(int signal) {
    if (signal == SIGHUP || signal == SIGQUIT) {
        const std::scoped_lock lock(answering_);
        const auto& answer = signal == SIGHUP ? answers_.hangup : answers_.quit;
        if (answer) answer();
        return;
    }
    const std::scoped_lock lock(mutex_);
    if (ending_signal_ != 0 && !std::exchange(ends_from_within_, false)) {
        std::signal(signal, SIG_DFL);
        ::kill(::getpid(), signal);
        ::_exit(128 + signal);  // the first process of a container is not killed by its own
    }
    ending_signal_ = signal;
    changed_.notify_all();
}

void Signals::end() {
    const std::scoped_lock lock(mutex_);
    if (ending_signal_ != 0) return;
    ending_signal_ = SIGTERM;
    ends_from_within_ = true;
    changed_.notify_all();
}

Signals::Answering Signals::answer(Answers answers) {
    const std::scoped_lock lock(answering_);
    answers_ = std::move(answers);
    return Answering(this);
}

Signals::Answering::~Answering() {
    if (signals_ == nullptr) return;
    const std::scoped_lock lock(signals_->answering_);
    signals_->answers_ = {};
}

bool Signals::came() const {
    const std::scoped_lock lock(mutex_);
    return ending_signal_ != 0;
}

std::string_view Signals::wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ending_signal_ != 0; });
    return ending_signal_ == SIGINT ? "SIGINT" : "SIGTERM";
}

}  // namespace app
