#pragma once
// QueueEvents: what happens to the jobs of a queue, out of its event stream, by a blocking reader on a connection of its own.
// Made, used and destroyed on its loop's thread; await close() before it goes away.
//
//     jobs::QueueEvents events(loop, redis_options, logger, metrics, "mail");
//     events.on_event([](const jobs::QueueEvent& event) { ... });
//     co_await events.start();                                     // from now on
//     auto ended = co_await events.wait_until_finished(queue, id, async::Loop::now() + 30s);

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/sync.h"
#include "jobs/queue.h"
#include "redis/options.h"

namespace jobs {

struct QueueEvent {
    std::string id;    // of the stream: where to go on from
    std::string name;  // "added", "active", "completed", ...
    std::string job_id;
    std::vector<std::pair<std::string, std::string>> fields;  // all of them

    // Empty when absent.
    [[nodiscard]] std::string_view field(std::string_view key) const;
};

// How a job ended: JSON of its result, or the reason.
struct JobEnd {
    bool completed = false;
    std::string result;
    std::string failed_reason;
};

namespace detail {
class EventReader;
}

class QueueEvents {
public:
    QueueEvents(async::Loop& loop, redis::Options redis, const logging::Logger& logger, observe::Metrics& metrics,
                std::string_view queue, const QueueOptions& options = {});
    ~QueueEvents();
    QueueEvents(const QueueEvents&) = delete;
    QueueEvents& operator=(const QueueEvents&) = delete;

    // On the loop, in order. Must not throw.
    void on_event(std::function<void(const QueueEvent&)> handler);
    // Reads what comes after `from`: "$" is now, "0" the oldest that is kept. Returns when the place is known.
    [[nodiscard]] async::Task<void> start(std::string from = "$");
    // nullopt when the deadline passes first. Throws jobs.missing when there is no such job.
    [[nodiscard]] async::Task<std::optional<JobEnd>> wait_until_finished(Queue queue, std::string job_id,
                                                                         async::SteadyTime deadline);
    [[nodiscard]] async::Task<void> close();

private:
    std::shared_ptr<detail::EventReader> reader_;
};

}  // namespace jobs
