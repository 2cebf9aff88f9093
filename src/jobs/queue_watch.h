#pragma once
// QueueWatch: how many jobs wait in queues, for how long, and how many have died, as gauges by queue: jobs_waiting,
// jobs_oldest_waiting_seconds, jobs_dead. It looks every 15 s, also at queues that no worker serves. Any number of processes may look at
// the same ones. Made, used and destroyed on its loop's thread.
//
//     jobs::QueueWatch watch({client, logger, metrics}, {"mail", "payments"});
//     watch.start();
//     co_await watch.stop();
//
// A job waits from when it was added, or was due: it counts from the end of its delay. One that has run before, and is tried again,
// counts from its last run, and only where none waits for its first: how long it was to pause is not kept by Redis.

#include <string>
#include <vector>

#include "async/stopped.h"
#include "async/sync.h"
#include "base/time.h"
#include "jobs/queue_keys.h"
#include "log/logger.h"
#include "log/news.h"
#include "observe/metrics.h"
#include "redis/client.h"

namespace jobs {

struct QueueWatchParts {
    redis::Client& client;
    logging::Logger logger;
    observe::Metrics& metrics;
    const base::Clock& clock = base::system_clock();
};

struct QueueWatchOptions {
    std::string prefix = "bull";
    async::Milliseconds look_every{15'000};
};

class QueueWatch {
public:
    QueueWatch(QueueWatchParts parts, const std::vector<std::string>& queues, QueueWatchOptions options = {});

    void start();
    [[nodiscard]] async::Task<void> stop();
    // One look. Throws what the client throws; gauges of queues behind the failure stay as they were.
    [[nodiscard]] async::Task<void> look();

private:
    struct Watched {
        QueueKeys keys;
        observe::Gauge waiting;
        observe::Gauge oldest;
        observe::Gauge dead;
    };

    async::Task<void> run();

    QueueWatchParts parts_;
    QueueWatchOptions options_;
    std::vector<Watched> queues_;
    logging::News news_;  // not for each look while Redis is away
    async::Stop stop_;
    async::TaskGroup tasks_;
};

}  // namespace jobs
