#include "jobs/queue.h"

#include <algorithm>
#include <span>

#include "jobs/add_job.h"
#include "jobs/errors.h"
#include "jobs/telemetry.h"
#include "redis/errors.h"

namespace jobs {

JobOptions with_defaults(JobOptions options, const JobDefaults& defaults) {
    if (options.attempts == 0) options.attempts = defaults.attempts;
    if (options.priority == 0) options.priority = defaults.priority;
    if (!options.backoff && !defaults.backoff.type.empty()) {
        options.backoff = Backoff{std::string(defaults.backoff.type), defaults.backoff.delay, defaults.backoff.jitter};
    }
    if (!options.remove_on_complete) options.remove_on_complete = defaults.remove_on_complete;
    if (!options.remove_on_fail) options.remove_on_fail = defaults.remove_on_fail;
    return options;
}

Queue::Queue(redis::Client& client, std::string_view name, QueueOptions options)
    : client_(&client), keys_(options.prefix, name), options_(std::move(options)) {}

std::int64_t Queue::now() const {
    return std::chrono::duration_cast<milliseconds>(options_.clock->now().time_since_epoch()).count();
}

void Queue::require_own(std::string_view queue) const {
    if (queue != keys_.name) {
        throw base::Failure(errors::bad_queue, "a job of queue " + std::string(queue) + " was added to " + keys_.name);
    }
}

async::Task<std::string> Queue::add_job(NewJob job) {
    detail::carry_trace(job.options, keys_.name, options_.span);
    auto call = detail::add_call(keys_, job, {.now = now(), .max_data_bytes = options_.max_data_bytes});
    // With an own id a second try finds the first one's job.
    const bool repeatable = !job.options.job_id.empty();
    auto script = *call.script;
    script.span = options_.span;
    const auto reply =
        co_await client_->eval(std::move(script), std::move(call.keys), std::move(call.arguments), repeatable);
    co_return detail::added_id(*reply, job.name);
}

namespace {

// Commands of one write: a share of what the client holds.
constexpr std::size_t bulk_size = 1'000;

}  // namespace

async::Task<std::vector<std::string>> Queue::add_bulk(std::vector<NewJob> jobs) {
    // All are checked before one is sent.
    std::vector<detail::ScriptCall> calls;
    calls.reserve(jobs.size());
    for (auto& job : jobs) {
        detail::carry_trace(job.options, keys_.name, options_.span);
        calls.push_back(detail::add_call(keys_, job, {.now = now(), .max_data_bytes = options_.max_data_bytes}));
    }
    std::vector<std::string> ids;
    ids.reserve(jobs.size());
    for (std::size_t first = 0; first < calls.size(); first += bulk_size) {
        const auto count = std::min(bulk_size, calls.size() - first);
        const auto replies = co_await detail::send_calls(client_, {calls.data() + first, count},
                                                         async::Loop::now() + client_->options().command_timeout);
        for (std::size_t i = 0; i < count; ++i) ids.push_back(detail::added_id(*replies[i], jobs[first + i].name));
    }
    co_return ids;
}

}  // namespace jobs
