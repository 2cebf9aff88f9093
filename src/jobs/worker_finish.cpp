// How a job's end is told to Redis: completed, failed, to be tried again. Redis may be away meanwhile.
#include <algorithm>
#include <span>

#include "jobs/errors.h"
#include "jobs/json.h"
#include "jobs/worker_state.h"
#include "redis/errors.h"
#include "schema/schema.h"

namespace jobs::detail {
namespace {

constexpr milliseconds first_retry_delay{100};

// Redis will take the same command later on.
bool is_passing(const base::Failure& failure) {
    return failure.code() == redis::errors::unavailable || failure.code() == redis::errors::timeout ||
           failure.code() == redis::errors::overloaded || failure.code() == redis::errors::outcome_unknown;
}

// The job's array of stacks with one more: the last `limit` of them.
std::string add_stack(const JobRecord& job, const std::string& stack) {
    auto stacks = stack_traces(job);
    stacks.push_back(stack);
    std::span<const std::string> kept(stacks);
    if (const auto limit = job.options.stack_trace_limit; limit && *limit >= 0) {
        kept = kept.last(std::min(kept.size(), static_cast<std::size_t>(*limit)));
    }
    std::string json = "[";
    for (const auto& text : kept) {
        if (json.size() > 1) json.push_back(',');
        schema::write_json_string(text, json);
    }
    return json + "]";
}

}  // namespace

WorkerState::JobMetrics& WorkerState::metrics_of(const std::string& name) {
    // A producer may invent names: those that nobody here knows share one.
    const std::string& label = handlers_.contains(name) ? name : std::string("other");
    const auto known = job_metrics_.find(label);
    if (known != job_metrics_.end()) return known->second;
    const auto& queue = keys().name;
    return job_metrics_
        .emplace(label, JobMetrics{.completed = processed_.with({queue, label, "completed"}),
                                   .failed = processed_.with({queue, label, "failed"}),
                                   .retried = processed_.with({queue, label, "retried"}),
                                   .lost = processed_.with({queue, label, "lost"}),
                                   .released = processed_.with({queue, label, "released"}),
                                   .duration = durations_.with({queue, label})})
        .first->second;
}

FinishDetails WorkerState::details(const RunningJob& running) const {
    return {.job = &running.record, .token = running.token, .now = queue_.now(), .fetch_next = fetches_next()};
}

async::Task<FetchReply> WorkerState::persist(RunningJobPtr running, ScriptCall call) {
    auto delay = first_retry_delay;
    for (bool repeated = false;; repeated = true) {
        try {
            const auto reply = co_await client_.eval(*call.script, call.keys, call.arguments);
            auto answer = read_fetch(*reply);
            // An earlier try got through, and its answer was lost: the job has gone on.
            if (repeated && answer.code >= -3 && answer.code <= -1) answer.code = 0;
            co_return answer;
        } catch (const base::Failure& failure) {
            if (!is_passing(failure) || (give_up_ && async::Loop::now() >= *give_up_)) throw;
            running->logger.warn("the end of a job could not be told to Redis", {{"err", logging::error(failure)}});
        }
        co_await gave_up_.sleep(delay);
        delay = std::min(delay * 2, options_.retry_delay);
    }
}

async::Task<std::optional<JobRecord>> WorkerState::finish(RunningJobPtr running, Outcome outcome) {
    if (running->released || running->moved) co_return std::nullopt;
    if (running->lost) {
        metrics_of(running->record.name).lost.increment();
        running->logger.warn("a job's lock was lost while it ran: its outcome is left to whoever has the job now");
        co_return std::nullopt;
    }
    try {
        if (outcome.failed) co_return co_await fail(running, std::move(*outcome.failed));
        co_return co_await complete(running, std::move(outcome.result));
    } catch (const std::exception& failure) {
        running->logger.error("the end of a job was not recorded: it will be found stalled",
                              {{"err", logging::error(failure)}});
    }
    co_return std::nullopt;
}

async::Task<std::optional<JobRecord>> WorkerState::complete(RunningJobPtr running, std::string result) {
    // Readers of the event stream stop at text that is no JSON.
    if (!Json(result).valid()) {
        Outcome::Failed failed{.reason = "the result is not JSON", .stack = "the result is not JSON"};
        co_return co_await fail(running, std::move(failed));
    }
    auto answer = co_await persist(running, scripts_.complete(details(*running), std::move(result)));
    if (answer.code == -4 || answer.code == -9) {
        Outcome::Failed failed{.reason = failure_of(answer.code, "completing job " + running->record.id).what(),
                               .stack = {}};
        failed.stack = failed.reason;
        failed.unrecoverable = answer.code == -9;
        co_return co_await fail(running, std::move(failed));
    }
    auto& metrics = metrics_of(running->record.name);
    if (answer.code < 0) {
        metrics.lost.increment();
        throw failure_of(answer.code, "completing job " + running->record.id);
    }
    metrics.completed.increment();
    running->logger.debug("job completed");
    co_return take(std::move(answer));
}

std::optional<milliseconds> WorkerState::delay_before_retry(const RunningJob& running, Outcome::Failed& failed) {
    const auto& job = running.record;
    const auto attempt = job.attempts_made + 1;
    if (failed.unrecoverable || attempt >= job.options.attempts) return std::nullopt;
    try {
        return backoff_delay(job, attempt, failed.reason, options_.backoff_strategies, random_);
    } catch (const std::exception& error) {
        failed.reason += std::string(" (not tried again: ") + error.what() + ")";
        return std::nullopt;
    }
}

async::Task<std::optional<JobRecord>> WorkerState::fail(RunningJobPtr running, Outcome::Failed failed) {
    const auto delay = delay_before_retry(*running, failed);
    if (!delay && options_.on_failed) co_await options_.on_failed(&running->record);
    FailureText text{.reason = failed.reason, .stack_trace = add_stack(running->record, failed.stack)};
    ScriptCall call = !delay               ? scripts_.fail(details(*running), text)
                      : delay->count() > 0 ? scripts_.retry_later(details(*running), text, *delay)
                                           : scripts_.retry_now(details(*running), text);
    auto answer = co_await persist(running, std::move(call));
    auto& metrics = metrics_of(running->record.name);
    if (answer.code < 0) {
        metrics.lost.increment();
        throw failure_of(answer.code, "failing job " + running->record.id);
    }
    if (delay) {
        metrics.retried.increment();
        running->logger.warn("job failed and will be tried again", {{"reason", failed.reason},
                                                                    {"attempt", running->record.attempts_made + 1},
                                                                    {"attempts", running->record.options.attempts},
                                                                    {"delayMs", delay->count()}});
    } else {
        metrics.failed.increment();
        running->logger.error("job failed", {{"reason", failed.reason}, {"stack", failed.stack}});
    }
    co_return take(std::move(answer));
}

async::Task<std::optional<JobRecord>> WorkerState::postpone(RunningJobPtr running) {
    running->logger.error("no handler for this job: it is put off", {{"delayMs", options_.unknown_job_delay.count()}});
    try {
        auto answer = co_await persist(running, scripts_.postpone(details(*running), options_.unknown_job_delay));
        co_return take(std::move(answer));
    } catch (const base::Failure& failure) {
        running->logger.error("a job could not be put off", {{"err", logging::error(failure)}});
    }
    co_return std::nullopt;
}

}  // namespace jobs::detail
