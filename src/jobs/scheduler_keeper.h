#pragma once
// SchedulerKeeper: sees to it that job schedulers are in Redis: puts them at the start, and again when Redis has lost them (it was
// emptied, restarted without its data, or another server took its place). It looks after each reconnect, every minute, and tries
// again after failures; one that cannot be put does not hold up the others. Any number of processes may keep the same ones. Made,
// used and destroyed on its loop's thread.
//
//     jobs::SchedulerKeeper keeper(client, {{"maintenance", "maintenance.clean_up", {.pattern = "17 * * * *"}, job}}, logger);
//     keeper.start();
//     co_await keeper.stop();

#include <string>
#include <vector>

#include "async/sync.h"
#include "jobs/alarm.h"
#include "jobs/scheduler.h"
#include "log/logger.h"
#include "redis/client.h"

namespace jobs {

struct KeptScheduler {
    std::string queue;
    std::string id;
    Repeat repeat;
    NewJob job;
};

struct SchedulerKeeperOptions {
    std::string prefix = "bull";
    async::Milliseconds look_every{60'000};
    async::Milliseconds retry_minimum{100};
    async::Milliseconds retry_maximum{5'000};
};

class SchedulerKeeper {
public:
    // `client`: its on_reconnect() is the keeper's from start() to stop().
    SchedulerKeeper(redis::Client& client, std::vector<KeptScheduler> kept, logging::Logger logger,
                    SchedulerKeeperOptions options = {});
    ~SchedulerKeeper();
    SchedulerKeeper(const SchedulerKeeper&) = delete;
    SchedulerKeeper& operator=(const SchedulerKeeper&) = delete;

    void start();
    [[nodiscard]] async::Task<void> stop();

private:
    async::Task<void> run();
    async::Task<bool> put_all();
    async::Task<void> put(const KeptScheduler* kept);

    redis::Client& client_;
    std::vector<KeptScheduler> kept_;
    logging::Logger logger_;
    SchedulerKeeperOptions options_;
    detail::Alarm alarm_;
    async::TaskGroup tasks_;
    bool stopping_ = false;
};

}  // namespace jobs
