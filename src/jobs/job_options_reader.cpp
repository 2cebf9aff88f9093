// Reading options from JSON: a producer's, strictly, and those of a job's hash, whatever another producer has put there.
#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include "base/time.h"
#include "jobs/errors.h"
#include "jobs/job_options.h"
#include "jobs/json.h"

namespace jobs {
namespace {

namespace dom = simdjson::dom;
using detail::Element;

// Each reader returns false when the value is not what the member holds.
bool read(Element from, std::optional<std::int64_t>& to) {
    to = detail::whole_number(from);
    return to.has_value();
}

bool read(Element from, std::int32_t& to) {
    const auto number = detail::whole_number(from);
    if (!number || *number < std::numeric_limits<std::int32_t>::min() ||
        *number > std::numeric_limits<std::int32_t>::max()) {
        return false;
    }
    to = static_cast<std::int32_t>(*number);
    return true;
}

bool read(Element from, milliseconds& to) {
    const auto number = detail::truncated_number(from);
    if (number) to = milliseconds(*number);
    return number.has_value();
}

bool read(Element from, std::optional<milliseconds>& to) { return read(from, to.emplace()); }

bool read(Element from, bool& to) { return from.get(to) == simdjson::SUCCESS; }

bool read(Element from, std::string& to) {
    std::string_view text;
    if (from.get(text) != simdjson::SUCCESS) return false;
    to = text;
    return true;
}

// Runs `member(key, value)`, which returns false for values it cannot read, over an object without its nulls.
template <class Member>
bool read_object(Element from, Member member) {
    dom::object object;
    if (from.get(object) != simdjson::SUCCESS) return false;
    return std::ranges::all_of(
        object, [&](const auto& field) { return field.value.is_null() || member(field.key, field.value); });
}

bool read(Element from, std::optional<KeepJobs>& to) {
    bool none = false;
    if (from.get(none) == simdjson::SUCCESS) {
        to = none ? KeepJobs::none() : KeepJobs::all();
        return true;
    }
    auto& keep = to.emplace();
    if (!from.is_object()) return read(from, keep.count);
    return read_object(from, [&](std::string_view key, Element value) {
        if (key == "count") return read(value, keep.count);
        if (key == "age") return read(value, keep.age_seconds);
        if (key == "limit") return read(value, keep.limit);
        return true;
    });
}

bool read(Element from, std::optional<Backoff>& to) {
    auto& backoff = to.emplace();
    if (!from.is_object()) return read(from, backoff.delay);
    return read_object(from, [&](std::string_view key, Element value) {
        if (key == "type") return read(value, backoff.type);
        if (key == "delay") return read(value, backoff.delay);
        if (key == "jitter") return value.get(backoff.jitter) == simdjson::SUCCESS;
        return true;
    });
}

bool read(Element from, std::optional<Deduplication>& to) {
    auto& deduplication = to.emplace();
    return read_object(from, [&](std::string_view key, Element value) {
        if (key == "id") return read(value, deduplication.id);
        if (key == "ttl") return read(value, deduplication.ttl);
        if (key == "extend") return read(value, deduplication.extend);
        if (key == "replace") return read(value, deduplication.replace);
        if (key == "reschedule") return read(value, deduplication.reschedule);
        if (key == "keepLastIfActive") return read(value, deduplication.keep_last_if_active);
        return true;
    });
}

bool read(Element from, std::optional<ParentReference>& to) {
    auto& parent = to.emplace();
    return read_object(from, [&](std::string_view key, Element value) {
        if (key == "id") return read(value, parent.id);
        if (key == "queue") return read(value, parent.queue);
        return true;
    });
}

// Milliseconds since 1970, or the text of a date, which JSON makes of JavaScript's.
bool read_instant(Element from, std::optional<std::int64_t>& to) {
    std::string_view text;
    if (from.get(text) != simdjson::SUCCESS) return read(from, to);
    const auto time = base::parse_timestamp(text);
    if (time) to = std::chrono::floor<milliseconds>(*time).time_since_epoch().count();
    return time.has_value();
}

bool read(Element from, Repeat& repeat) {
    return read_object(from, [&](std::string_view key, Element value) {
        std::optional<std::int64_t> count;
        if (key == "every") return read(value, repeat.every);
        if (key == "pattern") return read(value, repeat.pattern);
        if (key == "tz") return read(value, repeat.time_zone);
        if (key == "limit") return read(value, repeat.limit);
        if (key == "startDate") return read_instant(value, repeat.start_date);
        if (key == "endDate") return read_instant(value, repeat.end_date);
        if (key == "offset") return read(value, repeat.offset);
        if (key == "immediately") return read(value, repeat.immediately);
        if (key == "count" && read(value, count)) repeat.count = *count;
        return true;
    });
}

template <ChildFailure Kind>
bool read_child_failure(JobOptions& options, Element value) {
    bool set = false;
    if (!read(value, set)) return false;
    // At most one of the four.
    if (set && options.child_failure != ChildFailure::holds_parent) return false;
    if (set) options.child_failure = Kind;
    return true;
}

bool read_telemetry(JobOptions& options, Element value) {
    return read_object(value, [&](std::string_view key, Element member) {
        if (key == "metadata") return read(member, options.telemetry_metadata);
        if (key == "omitContext") return read(member, options.omit_context);
        return true;
    });
}

struct Member {
    std::string_view name;
    std::string_view short_name;
    bool (*read)(JobOptions& options, Element value);
};

template <auto Field>
bool read_member(JobOptions& options, Element value) {
    return read(value, options.*Field);
}
bool read_repeat(JobOptions& options, Element value) { return read(value, options.repeat.emplace()); }

constexpr std::array members{
    Member{"attempts", "", read_member<&JobOptions::attempts>},
    Member{"delay", "", read_member<&JobOptions::delay>},
    Member{"priority", "", read_member<&JobOptions::priority>},
    Member{"backoff", "", read_member<&JobOptions::backoff>},
    Member{"lifo", "", read_member<&JobOptions::lifo>},
    Member{"jobId", "", read_member<&JobOptions::job_id>},
    Member{"timestamp", "", read_member<&JobOptions::timestamp>},
    Member{"removeOnComplete", "", read_member<&JobOptions::remove_on_complete>},
    Member{"removeOnFail", "", read_member<&JobOptions::remove_on_fail>},
    Member{"keepLogs", "kl", read_member<&JobOptions::keep_logs>},
    Member{"stackTraceLimit", "", read_member<&JobOptions::stack_trace_limit>},
    Member{"sizeLimit", "", read_member<&JobOptions::size_limit>},
    Member{"deduplication", "de", read_member<&JobOptions::deduplication>},
    Member{"parent", "", read_member<&JobOptions::parent>},
    Member{"failParentOnFailure", "fpof", read_child_failure<ChildFailure::fails_parent>},
    Member{"continueParentOnFailure", "cpof", read_child_failure<ChildFailure::continues_parent>},
    Member{"ignoreDependencyOnFailure", "idof", read_child_failure<ChildFailure::is_ignored>},
    Member{"removeDependencyOnFailure", "rdof", read_child_failure<ChildFailure::removes_dependency>},
    Member{"telemetry", "", read_telemetry},
    Member{"tm", "", read_member<&JobOptions::telemetry_metadata>},
    Member{"omc", "", read_member<&JobOptions::omit_context>},
    Member{"repeat", "", read_repeat},
    Member{"repeatJobKey", "", read_member<&JobOptions::scheduler_id>},
    Member{"prevMillis", "", read_member<&JobOptions::previous_run>},
};

// Returns the first member that could not be read, or nothing.
std::string_view read_options(dom::object from, JobOptions& options) {
    std::string_view unreadable;
    std::string unknown;
    for (const auto [key, value] : from) {
        if (value.is_null()) continue;
        const auto* member = std::ranges::find_if(members, [&](const Member& one) {
            return key == one.name || (!one.short_name.empty() && key == one.short_name);
        });
        if (member != members.end()) {
            JobOptions before = options;
            if (member->read(options, value)) continue;
            options = std::move(before);
            if (unreadable.empty()) unreadable = member->name;
        } else {
            detail::append_member(unknown, key, value);
        }
    }
    if (!unknown.empty()) options.unknown = "{" + unknown + "}";
    return unreadable;
}

[[noreturn]] void refuse(std::string pointer, std::string message) {
    std::string detail = pointer + ": " + message;
    std::vector<base::Issue> issues{{"options", std::move(pointer), "invalid_type", std::move(message), {}}};
    throw base::Failure(errors::bad_options, std::move(issues), std::move(detail));
}

}  // namespace

JobOptions parse_options(std::string_view text) {
    const detail::Json json(text);
    const auto object = json.object();
    if (!object) refuse("", "options are a JSON object");
    JobOptions options;
    if (const auto unreadable = read_options(*object, options); !unreadable.empty()) {
        refuse("/" + std::string(unreadable),
               "the value is of the wrong type, out of range, or excludes another option");
    }
    return options;
}

JobOptions read_stored_options(std::string_view text) {
    JobOptions options;
    const detail::Json json(text);
    if (const auto object = json.object()) read_options(*object, options);
    return options;
}

Repeat parse_repeat(std::string_view text) {
    const detail::Json json(text);
    Repeat repeat;
    if (!json.valid() || !read(*json.root(), repeat))
        refuse("/repeat", "a schedule is a JSON object of numbers and texts");
    return repeat;
}

std::string encode_next_run(std::string_view stored_options, const NextRun& next) {
    constexpr std::array<std::string_view, 6> replaced{"repeat", "repeatJobKey", "timestamp",
                                                       "jobId",  "delay",        "prevMillis"};
    const detail::Json json(stored_options);
    msgpack::Map options;
    msgpack::Map repeat;
    if (const auto object = json.object()) {
        for (const auto [key, value] : *object) {
            dom::object inner;
            if (key == "repeat" && value.get(inner) == simdjson::SUCCESS) {
                for (const auto [name, item] : inner) {
                    if (name != "count") detail::write_msgpack(item, repeat.add(name));
                }
            }
            if (std::ranges::find(replaced, key) == replaced.end()) detail::write_msgpack(value, options.add(key));
        }
    }
    repeat.add("count").integer(next.count);
    std::move(repeat).write(options.add("repeat"));
    options.add("repeatJobKey").text(next.scheduler_id);
    options.add("timestamp").integer(next.now);
    if (next.at) {
        options.add("prevMillis").integer(*next.at);
        options.add("delay").integer(std::max<std::int64_t>(0, *next.at - next.now));
        options.add("jobId").text("repeat:" + std::string(next.scheduler_id) + ":" + std::to_string(*next.at));
    }
    return std::move(options).take();
}

}  // namespace jobs
