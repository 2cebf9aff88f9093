#include "jobs/job_options.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "jobs/errors.h"
#include "jobs/json.h"
#include "jobs/msgpack.h"

namespace jobs {

using msgpack::Map;
using msgpack::Writer;

void write_keep(Writer& out, const KeepJobs& keep) {
    Map map;
    if (keep.count) map.add("count").integer(*keep.count);
    if (keep.age_seconds) map.add("age").integer(*keep.age_seconds);
    if (keep.limit) map.add("limit").integer(*keep.limit);
    std::move(map).write(out);
}

namespace {

// Due times are kept as ms * 4096 in a double, which loses the order of jobs due at once somewhat later than that.
constexpr milliseconds max_delay = std::chrono::years{10};

struct Rules {
    std::vector<base::Issue> issues;
    void require(bool holds, std::string pointer, std::string message) {
        if (!holds) issues.push_back({"options", std::move(pointer), "invalid_value", std::move(message), {}});
    }
};

bool is_integer_text(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// A job's key is the queue's with its id behind: these are the queue's own.
bool is_key_of_queue(std::string_view id) {
    constexpr std::array<std::string_view, 17> keys{
        "wait", "active", "prioritized", "delayed", "completed", "failed",        "waiting-children", "paused", "meta",
        "id",   "events", "marker",      "stalled", "limiter",   "stalled-check", "repeat",           "pc"};
    constexpr std::array<std::string_view, 3> families{"de:", "dn:", "metrics:"};
    return std::ranges::find(keys, id) != keys.end() ||
           std::ranges::any_of(families, [id](std::string_view family) { return id.starts_with(family); });
}

void check_job_id(Rules& rules, std::string_view id) {
    if (id.empty()) return;
    rules.require(!is_key_of_queue(id), "/jobId", "An own id must not be the name of one of the queue's keys.");
    rules.require(!is_integer_text(id), "/jobId", "An own id must not be an integer: those are made by the queue.");
    rules.require(!id.starts_with("0:"), "/jobId", "An own id must not begin with 0:.");
    const auto colons = std::ranges::count(id, ':');
    rules.require(colons == 0 || colons == 2, "/jobId", "An own id must not hold a colon.");
}

void check_keep(Rules& rules, std::string pointer, const std::optional<KeepJobs>& keep) {
    if (!keep) return;
    rules.require(keep->count.value_or(0) >= -1 && keep->age_seconds.value_or(0) >= 0 && keep->limit.value_or(1) > 0,
                  std::move(pointer), "count is -1 or more, age is not negative, limit is positive.");
}

void check_backoff(Rules& rules, const std::optional<Backoff>& backoff) {
    if (!backoff) return;
    rules.require(!backoff->type.empty(), "/backoff/type", "A back-off has a type.");
    rules.require(backoff->delay.count() >= 0, "/backoff/delay", "A delay is not negative.");
    rules.require(backoff->jitter >= 0 && backoff->jitter <= 1, "/backoff/jitter", "Jitter lies between 0 and 1.");
}

// true keeps none, false all, a number so many: the forms that other tools show.
void write_keep_option(Writer& out, const KeepJobs& keep) {
    if (keep == KeepJobs::none() || keep == KeepJobs::all()) {
        out.boolean(keep == KeepJobs::none());
    } else if (keep.count && !keep.age_seconds && !keep.limit) {
        out.integer(*keep.count);
    } else {
        write_keep(out, keep);
    }
}

void write_backoff(Writer& out, const Backoff& backoff) {
    Map map;
    map.add("type").text(backoff.type);
    map.add("delay").integer(backoff.delay.count());
    if (backoff.jitter > 0) map.add("jitter").number(backoff.jitter);
    std::move(map).write(out);
}

void write_deduplication(Writer& out, const Deduplication& deduplication) {
    Map map;
    map.add("id").text(deduplication.id);
    if (deduplication.ttl) map.add("ttl").integer(deduplication.ttl->count());
    if (deduplication.extend) map.add("extend").boolean(true);
    if (deduplication.replace) map.add("replace").boolean(true);
    if (deduplication.reschedule) map.add("reschedule").boolean(true);
    if (deduplication.keep_last_if_active) map.add("keepLastIfActive").boolean(true);
    std::move(map).write(out);
}

void write_repeat(Writer& out, const Repeat& repeat) {
    Map map;
    if (repeat.every) map.add("every").integer(repeat.every->count());
    if (!repeat.pattern.empty()) map.add("pattern").text(repeat.pattern);
    if (!repeat.time_zone.empty()) map.add("tz").text(repeat.time_zone);
    if (repeat.limit) map.add("limit").integer(*repeat.limit);
    if (repeat.start_date) map.add("startDate").integer(*repeat.start_date);
    if (repeat.end_date) map.add("endDate").integer(*repeat.end_date);
    if (repeat.offset) map.add("offset").integer(repeat.offset->count());
    map.add("count").integer(repeat.count);
    std::move(map).write(out);
}

void write_child_failure(Map& map, ChildFailure failure) {
    constexpr std::array<std::string_view, 5> names{"", "fpof", "cpof", "idof", "rdof"};
    if (failure != ChildFailure::holds_parent) map.add(names[static_cast<std::size_t>(failure)]).boolean(true);
}

void write_scheduled(Map& map, const JobOptions& options) {
    if (options.repeat) write_repeat(map.add("repeat"), *options.repeat);
    if (!options.scheduler_id.empty()) map.add("repeatJobKey").text(options.scheduler_id);
    if (options.previous_run) map.add("prevMillis").integer(*options.previous_run);
}

void write_unknown(Map& map, const std::string& unknown) {
    if (unknown.empty()) return;
    const detail::Json json(unknown);
    const auto members = json.object();
    if (!members) return;
    for (const auto [key, value] : *members) detail::write_msgpack(value, map.add(key));
}

void write_members(Map& map, const JobOptions& options) {
    if (options.delay.count() > 0) map.add("delay").integer(options.delay.count());
    if (options.priority != 0) map.add("priority").integer(options.priority);
    if (options.backoff) write_backoff(map.add("backoff"), *options.backoff);
    if (options.lifo) map.add("lifo").boolean(true);
    if (!options.job_id.empty()) map.add("jobId").text(options.job_id);
    if (options.timestamp) map.add("timestamp").integer(*options.timestamp);
    if (options.remove_on_complete) write_keep_option(map.add("removeOnComplete"), *options.remove_on_complete);
    if (options.remove_on_fail) write_keep_option(map.add("removeOnFail"), *options.remove_on_fail);
    if (options.keep_logs) map.add("kl").integer(*options.keep_logs);
    if (options.stack_trace_limit) map.add("stackTraceLimit").integer(*options.stack_trace_limit);
    if (options.size_limit) map.add("sizeLimit").integer(*options.size_limit);
    if (options.deduplication) write_deduplication(map.add("de"), *options.deduplication);
    if (options.parent) {
        map.add("parent").map(2).text("id").text(options.parent->id).text("queue").text(options.parent->queue);
    }
    write_child_failure(map, options.child_failure);
    if (!options.telemetry_metadata.empty()) map.add("tm").text(options.telemetry_metadata);
    if (options.omit_context) map.add("omc").boolean(true);
    write_scheduled(map, options);
    write_unknown(map, options.unknown);
}

}  // namespace

void check(const JobOptions& options) {
    Rules rules;
    rules.require(options.delay.count() >= 0, "/delay", "A delay is not negative.");
    rules.require(options.delay <= max_delay, "/delay", "A delay is at most ten years.");
    rules.require(options.priority >= 0 && options.priority <= max_priority, "/priority",
                  "A priority lies between 0 and 2097151.");
    rules.require(options.attempts >= 0, "/attempts", "The number of attempts is not negative.");
    check_backoff(rules, options.backoff);
    check_job_id(rules, options.job_id);
    check_keep(rules, "/removeOnComplete", options.remove_on_complete);
    check_keep(rules, "/removeOnFail", options.remove_on_fail);
    if (options.deduplication) {
        rules.require(!options.deduplication->id.empty(), "/deduplication/id", "A deduplication id is not empty.");
        rules.require(!options.parent, "/deduplication", "A job with a parent cannot be deduplicated.");
        rules.require(options.deduplication->ttl.value_or(milliseconds{1}).count() > 0, "/deduplication/ttl",
                      "A time to live is positive.");
    }
    if (!rules.issues.empty()) {
        std::string detail = rules.issues.front().pointer + ": " + rules.issues.front().message;
        throw base::Failure(errors::bad_options, std::move(rules.issues), std::move(detail));
    }
}

std::string encode(const JobOptions& options) {
    Map map;
    map.add("attempts").integer(options.attempts);
    write_members(map, options);
    return std::move(map).take();
}

std::string encode_template(const JobOptions& options) {
    Map map;
    if (options.attempts != 0) map.add("attempts").integer(options.attempts);
    write_members(map, options);
    return std::move(map).take();
}

}  // namespace jobs
