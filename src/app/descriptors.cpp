#include "app/descriptors.h"

#include <sys/resource.h>

#include <algorithm>

namespace app {

namespace {

// The log, epoll, timers, jobs and their connections, files that are being sent.
constexpr std::uint64_t reserve_of_process = 128;
// Its connections, and those that it refuses.
constexpr std::uint64_t reserve_of_management = 128;
// Beside the databases: Redis, epoll, the listener, and clients that are told that there are too many.
constexpr std::uint64_t reserve_of_loop = 96;

std::uint64_t database_connections(const Settings& settings) {
    // Streams of rows have as many as bulks.
    const auto of_one = settings.database_write_connections + settings.database_point_connections +
                        settings.database_read_connections + 2 * settings.database_bulk_connections;
    return 2 * static_cast<std::uint64_t>(of_one);  // as `app`, and at most as many as `app_system`
}

}  // namespace

std::uint64_t raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    const auto soft = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : soft;
}

std::size_t connections_within(std::uint64_t limit, std::size_t loops, const Settings& settings) {
    const auto reserve = reserve_of_process + (settings.management_port ? reserve_of_management : 0) +
                         (loops * (reserve_of_loop + database_connections(settings)));
    // A limit that the reserve does not fit into is shared by half.
    const auto left = limit >= 2 * reserve ? limit - reserve : limit / 2;
    return std::clamp<std::uint64_t>(left / loops, 1, static_cast<std::uint64_t>(settings.max_connections));
}

}  // namespace app
