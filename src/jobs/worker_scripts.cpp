#include "jobs/worker_scripts.h"

#include "bullmq_scripts.h"
#include "jobs/msgpack.h"

namespace jobs::detail {
namespace {

std::string failure_fields(const FailureText& failure) {
    msgpack::Writer out;
    out.array(4).text("failedReason").text(failure.reason).text("stacktrace").text(failure.stack_trace);
    return std::move(out).take();
}

}  // namespace

FetchReply read_fetch(redis::Value reply) {
    if (!reply.is_array()) return {.code = reply.integer(), .looked = false, .job = {}};
    FetchReply fetch{.code = 0, .looked = true, .job = {}};
    auto at = reply.begin();
    const redis::Value hash = *at++;
    const redis::Value id = *at++;
    fetch.limited_for = (*at++).integer();
    // A due time is a score divided by 4096: it may have a fraction.
    fetch.next_delayed = static_cast<std::int64_t>((*at).number());
    if (hash.is_array()) fetch.job = read_job(std::string(id.text()), hash);
    return fetch;
}

WorkerScripts::WorkerScripts(const QueueKeys& keys, const WorkerOptions& options)
    : keys_(keys),
      name_(options.name),
      lock_duration_(options.lock_duration),
      stalled_interval_(options.stalled_interval),
      max_stalled_count_(options.max_stalled_count),
      limiter_(options.limiter),
      keep_completed_(options.remove_on_complete.value_or(KeepJobs::all())),
      keep_failed_(options.remove_on_fail.value_or(KeepJobs::all())),
      metrics_minutes_(options.metrics_minutes) {}

void WorkerScripts::write_fetch_options(msgpack::Map& map, std::string_view token) const {
    map.add("token").text(token);
    map.add("lockDuration").integer(lock_duration_.count());
    if (limiter_) {
        map.add("limiter")
            .map(2)
            .text("max")
            .integer(limiter_->max)
            .text("duration")
            .integer(limiter_->duration.count());
    }
    if (!name_.empty()) map.add("name").text(name_);
}

std::string WorkerScripts::fetch_options(std::string_view token) const {
    msgpack::Map map;
    write_fetch_options(map, token);
    return std::move(map).take();
}

ScriptCall WorkerScripts::fetch(std::string_view token, std::int64_t now) const {
    return {&bullmq::move_to_active(),
            {keys_.wait, keys_.active, keys_.prioritized, keys_.events, keys_.stalled, keys_.limiter, keys_.delayed,
             keys_.paused, keys_.meta, keys_.priority_counter, keys_.marker},
            {keys_.base, std::to_string(now), fetch_options(token)}};
}

std::string WorkerScripts::finish_options(const FinishDetails& details, bool completed) const {
    const auto& options = details.job->options;
    msgpack::Map map;
    write_fetch_options(map, details.token);
    const auto& own = completed ? options.remove_on_complete : options.remove_on_fail;
    const auto& keep = own ? *own : (completed ? keep_completed_ : keep_failed_);
    write_keep(map.add("keepJobs"), keep);
    map.add("attempts").integer(options.attempts);
    // Left out, metrics would be collected; "" is none.
    metrics_minutes_ > 0 ? map.add("maxMetricsSize").integer(metrics_minutes_) : map.add("maxMetricsSize").text("");
    const auto failure = options.child_failure;
    map.add("fpof").boolean(failure == ChildFailure::fails_parent);
    map.add("cpof").boolean(failure == ChildFailure::continues_parent);
    map.add("idof").boolean(failure == ChildFailure::is_ignored);
    map.add("rdof").boolean(failure == ChildFailure::removes_dependency);
    return std::move(map).take();
}

ScriptCall WorkerScripts::move_to_finished(const FinishDetails& details, std::string_view state,
                                           std::string value) const {
    const bool completed = state == "completed";
    const auto& id = details.job->id;
    return {&bullmq::move_to_finished(),
            {keys_.wait, keys_.active, keys_.prioritized, keys_.events, keys_.stalled, keys_.limiter, keys_.delayed,
             keys_.paused, keys_.meta, keys_.priority_counter, completed ? keys_.completed : keys_.failed,
             keys_.job(id), keys_.of("metrics:").append(state), keys_.marker},
            {id, std::to_string(details.now), completed ? "returnvalue" : "failedReason", std::move(value),
             std::string(state), details.fetch_next ? "1" : "0", keys_.base, finish_options(details, completed), ""}};
}

ScriptCall WorkerScripts::complete(const FinishDetails& details, std::string result) const {
    return move_to_finished(details, "completed", std::move(result));
}

ScriptCall WorkerScripts::fail(const FinishDetails& details, const FailureText& failure) const {
    auto call = move_to_finished(details, "failed", failure.reason);
    call.arguments.back() = failure_fields(failure);
    return call;
}

ScriptCall WorkerScripts::retry_now(const FinishDetails& details, const FailureText& failure) const {
    const auto& job = *details.job;
    return {&bullmq::retry_job(),
            {keys_.active, keys_.wait, keys_.paused, keys_.job(job.id), keys_.meta, keys_.events, keys_.delayed,
             keys_.prioritized, keys_.priority_counter, keys_.marker, keys_.stalled},
            {keys_.base, std::to_string(details.now), job.options.lifo ? "RPUSH" : "LPUSH", job.id,
             std::string(details.token), failure_fields(failure)}};
}

ScriptCall WorkerScripts::move_to_delayed(const FinishDetails& details, milliseconds delay, bool counts,
                                          std::string fields) const {
    const auto& id = details.job->id;
    return {&bullmq::move_to_delayed(),
            {keys_.marker, keys_.active, keys_.prioritized, keys_.delayed, keys_.job(id), keys_.events, keys_.meta,
             keys_.stalled, keys_.wait, keys_.limiter, keys_.priority_counter},
            {keys_.base, std::to_string(details.now), id, std::string(details.token), std::to_string(delay.count()),
             counts ? "0" : "1", std::move(fields), details.fetch_next ? "1" : "0", fetch_options(details.token)}};
}

ScriptCall WorkerScripts::retry_later(const FinishDetails& details, const FailureText& failure,
                                      milliseconds delay) const {
    return move_to_delayed(details, delay, true, failure_fields(failure));
}

ScriptCall WorkerScripts::postpone(const FinishDetails& details, milliseconds delay) const {
    return move_to_delayed(details, delay, false, "");
}

ScriptCall WorkerScripts::give_back(std::string_view job_id, std::string_view token) const {
    return {&bullmq::move_job_from_active_to_wait(),
            {keys_.active, keys_.wait, keys_.stalled, keys_.paused, keys_.meta, keys_.limiter, keys_.prioritized,
             keys_.marker, keys_.events},
            {std::string(job_id), std::string(token), keys_.job(job_id)}};
}

ScriptCall WorkerScripts::find_stalled(std::int64_t now) const {
    return {&bullmq::move_stalled_jobs_to_wait(),
            {keys_.stalled, keys_.wait, keys_.active, keys_.stalled_check, keys_.meta, keys_.paused, keys_.marker,
             keys_.events, keys_.repeat},
            {std::to_string(max_stalled_count_), keys_.base, std::to_string(now),
             std::to_string(stalled_interval_.count())}};
}

}  // namespace jobs::detail
