#include "app/dev/signals.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <system_error>

namespace app::dev {

Signals::Signals() {
    sigset_t ours;
    sigemptyset(&ours);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGCHLD}) sigaddset(&ours, number);
    if (const int error = pthread_sigmask(SIG_BLOCK, &ours, &before_); error != 0) {
        throw std::system_error(error, std::generic_category(), "pthread_sigmask");
    }
    descriptor_ = Descriptor(signalfd(-1, &ours, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!descriptor_) throw std::system_error(errno, std::generic_category(), "signalfd");
}

Signals::~Signals() {
    // What is still pending would strike at the moment it is unblocked.
    read_pending();
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void Signals::pause(std::chrono::milliseconds time) {
    pollfd waited{.fd = descriptor_.get(), .events = POLLIN, .revents = 0};
    if (poll(&waited, 1, static_cast<int>(time.count())) > 0) read_pending();
}

void Signals::read_pending() {
    signalfd_siginfo signal{};
    while (read(descriptor_.get(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal)) {
        switch (signal.ssi_signo) {
            case SIGINT:
            case SIGTERM:
            case SIGHUP: ++stop_requests_; break;
            case SIGUSR1: restart_requested_ = true; break;
            default: break;  // SIGCHLD: whoever waits looks at its own child
        }
    }
}

}  // namespace app::dev
