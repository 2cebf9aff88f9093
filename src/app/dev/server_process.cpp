#include "app/dev/server_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "app/dev/data_directory.h"

namespace app::dev {

namespace {
constexpr std::chrono::seconds leftover_deadline{5};
constexpr std::chrono::milliseconds look_interval{10};
}  // namespace

void end_leftover(const Leftover& leftover, const Pause& pause) {
    const auto id = read_pid_file(leftover.pid_file);
    if (!id) return;
    // Its death signal has reached it already, so the first wait is nearly always enough.
    for (const int harder : {0, leftover.signals[0], leftover.signals[1]}) {
        if (harder != 0 && works_in(*id, leftover.directory)) kill(*id, harder);
        const auto deadline = std::chrono::steady_clock::now() + leftover_deadline;
        while (works_in(*id, leftover.directory) && std::chrono::steady_clock::now() < deadline) {
            if (!pause(look_interval)) throw Interrupted();
        }
    }
    if (works_in(*id, leftover.directory)) {
        throw StartFailure(
            fmt::format("{} (process {}) still runs in {}: kill it", leftover.name, *id, leftover.directory.string()));
    }
    // PostgreSQL would take any process of its user that has got this id meanwhile for itself.
    std::filesystem::remove(leftover.pid_file);
}

Descriptor open_log(const std::filesystem::path& file, int extra_flags) {
    Descriptor log(open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | extra_flags, 0600));
    if (!log) throw StartFailure(fmt::format("{}: {}", file.string(), std::strerror(errno)));
    return log;
}

bool wait_until_ready(Process& process, const Readiness& readiness, const std::function<bool()>& answers,
                      const Pause& pause) {
    const auto deadline = std::chrono::steady_clock::now() + readiness.deadline;
    while (process.running()) {
        if (answers()) return true;
        if (std::chrono::steady_clock::now() >= deadline) {
            throw StartFailure(fmt::format("{} was not ready within {} s; see {}", readiness.name,
                                           readiness.deadline.count(), readiness.log_file.string()));
        }
        if (!pause(look_interval)) throw Interrupted();
    }
    return false;
}

}  // namespace app::dev
