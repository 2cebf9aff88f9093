#pragma once
// WorkerHost: the workers of one loop and the one LockKeeper that they share. Made, used and destroyed on the loop's thread; await
// close() before it goes away.
//
//     jobs::WorkerHost host(loop, redis_options, logger, metrics);
//     auto& mail = host.add("mail", {.concurrency = 8});
//     mail.on(send_invite, ...);
//     host.start();
//     ...
//     co_await host.close(async::Loop::now() + 20s);

#include <memory>
#include <string_view>
#include <vector>

#include "jobs/worker.h"

namespace jobs {

class WorkerHost {
public:
    WorkerHost(async::Loop& loop, redis::Options redis, logging::Logger logger, observe::Metrics& metrics,
               const base::Clock& clock = base::system_clock(), observe::Tracer* tracer = nullptr);

    Worker& add(std::string_view queue, WorkerOptions options = {});
    void start();
    // All at once; true when every job had ended by the deadline, none was given back.
    [[nodiscard]] async::Task<bool> close(async::SteadyTime deadline);
    [[nodiscard]] std::size_t running() const noexcept;

private:
    async::Loop& loop_;
    redis::Options redis_;
    logging::Logger logger_;
    observe::Metrics& metrics_;
    const base::Clock& clock_;
    observe::Tracer* tracer_;
    LockKeeper locks_;
    std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace jobs
