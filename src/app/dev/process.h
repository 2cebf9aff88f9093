#pragma once
// A child process that cannot outlive us: owned by one object, killed by its destructor, and by the kernel when we die
// without one (PR_SET_PDEATHSIG, prctl(2)). For single-threaded programs: the kernel takes the death of the *thread* that
// started the child for the parent's. Reaps its own children by id and never anybody else's.
//
//     Process server = Process::start({.arguments = {"/usr/bin/redis-server", "--port", "0"}, .death_signal = SIGTERM});
//     server.signal(SIGTERM);
//     if (!server.wait(5s, sleep_pause)) server.kill();
//     say(server.how_it_ended());                       // "exit status 0", "signal 9 (Killed)"

#include <sys/types.h>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/descriptor.h"

namespace app::dev {

// How a wait passes its time: at most so long, sooner when something may have happened. False: stop waiting, be quick.
using Pause = std::function<bool(std::chrono::milliseconds)>;

// The plain one: sleeps, never hurries.
[[nodiscard]] bool sleep_pause(std::chrono::milliseconds time);

// What a person can mend; the text says how.
class StartFailure : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// A wait while starting was given up because Pause said so.
class Interrupted : public std::exception {
public:
    [[nodiscard]] const char* what() const noexcept override { return "interrupted"; }
};

using base::Descriptor;

struct User {
    uid_t user = 0;
    gid_t group = 0;
    friend bool operator==(const User&, const User&) = default;
};

struct Command {
    std::vector<std::string> arguments;            // the first is the program's path; PATH is not searched
    std::vector<std::string> environment;          // KEY=value; nothing is added
    std::optional<User> user = {};                 // nullopt: as we are; otherwise we must be root
    int death_signal = SIGTERM;                    // what it gets when we die
    int input = -1;                                // -1: /dev/null
    int output = -1;                               // -1: ours
    int errors = -1;                               // -1: ours
    std::filesystem::path working_directory = {};  // empty: ours
};

class Process {
public:
    Process() = default;
    // In a process group of its own, so that the terminal's Ctrl-C reaches us alone and we decide the order of the end.
    // Throws std::system_error when it cannot be executed.
    [[nodiscard]] static Process start(const Command& command);
    ~Process() { kill(); }
    Process(Process&& other) noexcept;
    Process& operator=(Process&& other) noexcept;

    [[nodiscard]] pid_t id() const noexcept { return id_; }
    // False as well for one that was never started.
    [[nodiscard]] bool running();
    // True when it has ended; false at the deadline or when `pause` says so.
    [[nodiscard]] bool wait(std::chrono::milliseconds patience, const Pause& pause);
    void signal(int number) noexcept;
    // SIGKILL, and waits until it is gone.
    void kill() noexcept;

    [[nodiscard]] bool succeeded() const noexcept;
    [[nodiscard]] std::string how_it_ended() const;

private:
    explicit Process(pid_t id) : id_(id) {}

    pid_t id_ = -1;
    int status_ = 0;
    bool ended_ = true;
};

// This process's own environment with `changes` set over it.
[[nodiscard]] std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& changes);

}  // namespace app::dev
