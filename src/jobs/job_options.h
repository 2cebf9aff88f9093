#pragma once
// The options of one job: what bullmq calls JobsOptions, with its rules, written as its scripts expect them and read back from
// the job's hash. Values; any thread.
//
//     co_await queue.add("invoice.send", data, {.attempts = 5, .backoff = Backoff{"exponential", 1s}});
//
// Options that we do not know (of another version, of another producer) are kept as they are.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jobs {

namespace msgpack {
class Writer;
}

using std::chrono::milliseconds;

// Which ended jobs stay in Redis. BullMQ keeps all unless told otherwise.
struct KeepJobs {
    std::optional<std::int64_t> count{};        // the newest so many; 0 none, -1 all
    std::optional<std::int64_t> age_seconds{};  // none older
    std::optional<std::int64_t> limit{};        // removals at one job's end; 1000 when absent

    static constexpr KeepJobs all() { return {.count = -1}; }
    static constexpr KeepJobs none() { return {.count = 0}; }
    static constexpr KeepJobs last(std::int64_t count) { return {.count = count}; }
    friend bool operator==(const KeepJobs&, const KeepJobs&) = default;
};

struct Backoff {
    std::string type = "fixed";  // "exponential", or the name of a strategy that the worker knows
    milliseconds delay{0};
    double jitter = 0;  // 0..1: so much of the delay is left to chance
    friend bool operator==(const Backoff&, const Backoff&) = default;
};

// A second job with the same id is not added while the first one owns it: until its end, or for `ttl`.
struct Deduplication {
    std::string id;
    std::optional<milliseconds> ttl{};
    bool extend = false;               // a duplicate renews the ttl
    bool replace = false;              // a duplicate takes the place of an owner that is still delayed
    bool reschedule = false;           // a duplicate starts the delay of a delayed owner anew
    bool keep_last_if_active = false;  // the newest duplicate of a running owner becomes a job when that one ends
    friend bool operator==(const Deduplication&, const Deduplication&) = default;
};

struct ParentReference {
    std::string id;
    std::string queue;  // qualified: "bull:orders"
    friend bool operator==(const ParentReference&, const ParentReference&) = default;
};

// What the failure of a child for good means to its parent.
enum class ChildFailure : std::uint8_t {
    holds_parent,       // it waits until the child is retried or removed
    fails_parent,       // failParentOnFailure
    continues_parent,   // continueParentOnFailure: the parent runs at once
    is_ignored,         // ignoreDependencyOnFailure: like a completed child; the reason is kept
    removes_dependency  // removeDependencyOnFailure
};

// How a scheduler repeats: every so many milliseconds, or at the times of a cron pattern. Instants in ms since 1970.
struct Repeat {
    std::optional<milliseconds> every{};
    std::string pattern{};
    std::string time_zone{};  // IANA; empty: UTC
    std::optional<std::int64_t> limit{};
    std::optional<std::int64_t> start_date{};
    std::optional<std::int64_t> end_date{};
    std::optional<milliseconds> offset{};  // of `every`: from its multiples since 1970
    bool immediately = false;              // of `pattern`: the first run is now
    std::int64_t count = 0;                // runs so far
    friend bool operator==(const Repeat&, const Repeat&) = default;
};

struct JobOptions {
    milliseconds delay{0};
    std::int32_t priority = 0;  // 1 (first) to 2,097,151; 0 is served before all of these
    std::int32_t attempts = 0;  // 0 and 1 both mean once
    std::optional<Backoff> backoff{};
    bool lifo = false;
    std::string job_id{};                     // own id: adding it twice adds one job
    std::optional<std::int64_t> timestamp{};  // ms since 1970; absent: now
    std::optional<KeepJobs> remove_on_complete{};
    std::optional<KeepJobs> remove_on_fail{};
    std::optional<std::int64_t> keep_logs{};
    std::optional<std::int64_t> stack_trace_limit{};
    std::optional<std::int64_t> size_limit{};  // bytes of the data's JSON
    std::optional<Deduplication> deduplication{};
    std::optional<ParentReference> parent{};
    ChildFailure child_failure = ChildFailure::holds_parent;
    std::string telemetry_metadata{};  // whose trace it belongs to (telemetry.h)
    bool omit_context = false;         // none: it begins one of its own
    // Of jobs that a scheduler made:
    std::optional<Repeat> repeat{};
    std::string scheduler_id{};
    std::optional<std::int64_t> previous_run{};
    // Members that are none of these: a JSON object, or nothing.
    std::string unknown{};
    friend bool operator==(const JobOptions&, const JobOptions&) = default;
};

inline constexpr std::int32_t max_priority = 2'097'151;

// The rules that bullmq holds a producer to; throws jobs.bad_options with an issue for each breach.
void check(const JobOptions& options);

// MessagePack with bullmq's short names, as the scripts take them.
[[nodiscard]] std::string encode(const JobOptions& options);
// The same for what a scheduler makes jobs of, where attempts are left out when nobody has said how many.
[[nodiscard]] std::string encode_template(const JobOptions& options);
// The map that moveToFinished takes.
void write_keep(msgpack::Writer& out, const KeepJobs& keep);

// A producer's JSON (`{"attempts":3,"deduplication":{"id":"x"}}`): throws jobs.bad_options when it is no object or a member has
// the wrong type.
[[nodiscard]] JobOptions parse_options(std::string_view json);
// The `opts` field of a job's hash, long or short names. Never throws: a member that makes no sense is ignored, and so
// is text that is no JSON object.
[[nodiscard]] JobOptions read_stored_options(std::string_view json);

// The options of a scheduler's next job, made of those of the running one, unknown members and all.
struct NextRun {
    std::int64_t count = 1;
    std::string_view scheduler_id;
    std::int64_t now = 0;
    std::optional<std::int64_t> at{};  // of patterns; the script computes that of `every`
};
[[nodiscard]] std::string encode_next_run(std::string_view stored_options, const NextRun& next);

// A producer's `{"pattern":"0 9 * * *","tz":"Africa/Nairobi"}`; throws jobs.bad_options.
[[nodiscard]] Repeat parse_repeat(std::string_view json);

}  // namespace jobs
