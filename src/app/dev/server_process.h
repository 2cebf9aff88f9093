#pragma once
// What the private servers have in common: a leftover of a run that was killed, a log, the wait for the first answer.
//
//     end_leftover({.name = "Redis", .pid_file = home / "redis.pid", .directory = home, .signals = {SIGTERM, SIGKILL}}, pause);
//     const Descriptor log = open_log(file, O_TRUNC);
//     wait_until_ready(process, {.name = "Redis", .deadline = 20s, .log_file = file}, answers_ping, pause);

#include <array>
#include <chrono>
#include <filesystem>
#include <functional>
#include <string_view>

#include "app/dev/process.h"

namespace app::dev {

struct Leftover {
    std::string_view name;
    std::filesystem::path pid_file;
    std::filesystem::path directory;  // what it works in
    std::array<int, 2> signals;       // ever harder
};

// A server that lost its parent (kill -9) and has not gone yet: waits for it, then ends it, and removes its pid file.
// Throws StartFailure when it outlives that too.
void end_leftover(const Leftover& leftover, const Pause& pause);

// Throws StartFailure.
[[nodiscard]] Descriptor open_log(const std::filesystem::path& file, int extra_flags);

struct Readiness {
    std::string_view name;
    std::chrono::seconds deadline;
    std::filesystem::path log_file;
};

// True when it answers, false when it has ended first. Throws StartFailure at the deadline.
[[nodiscard]] bool wait_until_ready(Process& process, const Readiness& readiness, const std::function<bool()>& answers,
                                    const Pause& pause);

}  // namespace app::dev
