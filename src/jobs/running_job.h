#pragma once
// Inside the library: a job in the hands of a worker.

#include <memory>
#include <string>

#include "async/stopped.h"
#include "jobs/job.h"
#include "jobs/lock_keeper.h"
#include "observe/span.h"

namespace jobs::detail {

struct RunningJob {
    Queue* queue;
    JobRecord record;
    std::string token;
    logging::Logger logger;
    std::unique_ptr<observe::EntrySpan> trace{};  // of this run; null: none
    std::shared_ptr<Cancellation> cancellation = std::make_shared<Cancellation>();
    async::Stop stop{queue->client().loop()};
    LockKeeper::Lease lease{};
    bool moved = false;      // by its handler
    bool finishing = false;  // the handler has ended: a lock that goes now is no loss
    bool lost = false;       // the lock went while it ran
    bool released = false;   // given back by a worker that closes

    void cancel(std::string reason) {
        if (cancellation->request(std::move(reason))) stop.request();
    }
};

}  // namespace jobs::detail
