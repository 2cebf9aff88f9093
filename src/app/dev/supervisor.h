#pragma once
// `backend-api dev`: the service beside its own PostgreSQL and Redis, for one developer on one machine. Starts both, migrates,
// seeds, serves, says where everything is, and stops it all in order on Ctrl-C (a second one hurries). SIGUSR1, sent after
// a build, migrates, seeds and starts the server anew; the databases stay. Blocks; call it before any other thread exists.
//
//     return app::dev::run({.port = port, .data_directory = ".data", .fresh = fresh, .executable = "/proc/self/exe's target",
//                           .demo_logins = {{"owner", "owner@duka.example", "demo-password"}}}, std::cout);
//
// The executable is run as `<it> db diff` (a table without its migration stops the restart), `<it> db migrate`, `<it> seed` and
// `<it> serve`, with the environment that README.md lists. `serve` says over NOTIFY_SOCKET (sd_notify(3)) that it is ready,
// where it listens (app/addresses.h), and how long it takes to stop.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace app::dev {

struct DemoLogin {
    std::string role;
    std::string login;
    std::string password;
};

struct Options {
    std::uint16_t port = 3000;  // 0: a free one
    std::string host = {};      // where the server will listen by its settings; empty: at all addresses
    std::filesystem::path data_directory = ".data";
    bool fresh = false;
    std::filesystem::path executable;  // a path that a build replaces, hence not /proc/self/exe
    std::vector<std::pair<std::string, std::string>> environment = {};  // for the executable, over everything else
    std::vector<DemoLogin> demo_logins = {};
    // Renders the server's log on a terminal when it exists; elsewhere the log stays JSON.
    std::filesystem::path pretty_printer = "src/app/dev/pretty_log.mjs";
    std::chrono::milliseconds ready_deadline{30'000};
    std::chrono::milliseconds drain_deadline{30'000};  // of a server that does not say how long it takes to stop
};

// The exit status: 0 after a requested stop, 1 when the environment could not be started or one of its servers died. A server
// of ours that fails is no reason to end: it says so and waits for the next SIGUSR1.
[[nodiscard]] int run(Options options, std::ostream& out);

}  // namespace app::dev
