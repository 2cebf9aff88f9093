#include "jobs/worker_host.h"

#include <algorithm>
#include <utility>

#include "async/sync.h"

namespace jobs {

WorkerHost::WorkerHost(async::Loop& loop, redis::Options redis, logging::Logger logger, observe::Metrics& metrics,
                       const base::Clock& clock, observe::Tracer* tracer)
    : loop_(loop),
      redis_(std::move(redis)),
      logger_(std::move(logger)),
      metrics_(metrics),
      clock_(clock),
      tracer_(tracer),
      locks_(redis_, logger_, metrics_) {}

Worker& WorkerHost::add(std::string_view queue, WorkerOptions options) {
    const WorkerServices services{loop_, redis_, locks_, logger_, metrics_, clock_, tracer_};
    return *workers_.emplace_back(std::make_unique<Worker>(services, queue, std::move(options)));
}

void WorkerHost::start() {
    for (const auto& worker : workers_) worker->start();
}

async::Task<bool> WorkerHost::close(async::SteadyTime deadline) {
    std::vector<async::Task<bool>> closing;
    closing.reserve(workers_.size());
    for (const auto& worker : workers_) closing.push_back(worker->close(deadline));
    const auto ended = co_await async::when_all(std::move(closing));
    co_return std::ranges::all_of(ended, [](bool all) { return all; });
}

std::size_t WorkerHost::running() const noexcept {
    std::size_t count = 0;
    for (const auto& worker : workers_) count += worker->running();
    return count;
}

}  // namespace jobs
