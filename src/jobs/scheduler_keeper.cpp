#include "jobs/scheduler_keeper.h"

#include <algorithm>
#include <utility>

namespace jobs {

namespace {

// Whoever asks again gets the same answer: a pattern that is none, a slot that is taken.
bool is_final(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const base::Failure& error) {
        return !error.code().retriable;
    } catch (...) {
        return true;
    }
}

}  // namespace

SchedulerKeeper::SchedulerKeeper(redis::Client& client, std::vector<KeptScheduler> kept, logging::Logger logger,
                                 SchedulerKeeperOptions options)
    : client_(client),
      kept_(std::move(kept)),
      logger_(std::move(logger)),
      options_(std::move(options)),
      alarm_(client.loop()),
      tasks_(client.loop()) {}

SchedulerKeeper::~SchedulerKeeper() = default;

void SchedulerKeeper::start() {
    client_.on_reconnect([this] { alarm_.ring(); });
    tasks_.spawn(run());
}

async::Task<void> SchedulerKeeper::stop() {
    stopping_ = true;
    client_.on_reconnect(nullptr);
    alarm_.ring();
    co_await tasks_.join();
}

async::Task<void> SchedulerKeeper::run() {
    async::Milliseconds retry{0};
    while (!stopping_) {
        const bool well = co_await put_all();
        if (stopping_) break;
        retry = well ? async::Milliseconds(0) : std::clamp(retry * 2, options_.retry_minimum, options_.retry_maximum);
        co_await alarm_.wait_until(async::Loop::now() + (well ? options_.look_every : retry));
    }
}

// False when some may be put by trying again soon. What cannot be put at all is tried at the next look, as it costs nothing.
async::Task<bool> SchedulerKeeper::put_all() {
    bool well = true;
    for (const auto& kept : kept_) {
        if (stopping_) break;
        std::exception_ptr failure;
        try {
            co_await put(&kept);
        } catch (const std::exception&) {
            failure = std::current_exception();
        }
        if (!failure) continue;
        const bool final = is_final(failure);
        well = well && final;
        logger_.warn(final ? "a schedule cannot be put into Redis" : "a schedule is not in Redis yet",
                     {{"schedule", kept.id}, {"queue", kept.queue}, {"err", logging::error(failure)}});
    }
    co_return well;
}

async::Task<void> SchedulerKeeper::put(const KeptScheduler* kept) {
    JobSchedulers schedulers(Queue(client_, kept->queue, {.prefix = options_.prefix}));
    if (co_await schedulers.ensure(kept->id, kept->repeat, kept->job))
        logger_.info("put a schedule into Redis", {{"schedule", kept->id}, {"queue", kept->queue}});
}

}  // namespace jobs
