#include "jobs/job_record.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "jobs/json.h"

namespace jobs {
namespace {

struct StateName {
    JobState state;
    std::string_view word;
    std::string_view suffix;
};
constexpr std::array states{
    StateName{JobState::waiting, "waiting", "wait"},
    StateName{JobState::active, "active", "active"},
    StateName{JobState::delayed, "delayed", "delayed"},
    StateName{JobState::prioritized, "prioritized", "prioritized"},
    StateName{JobState::waiting_children, "waiting-children", "waiting-children"},
    StateName{JobState::completed, "completed", "completed"},
    StateName{JobState::failed, "failed", "failed"},
    StateName{JobState::unknown, "unknown", "unknown"},
};

std::int64_t number(std::string_view text) { return base::parse_integer<std::int64_t>(text).value_or(0); }

using Assign = void (*)(JobRecord& job, std::string_view value);

template <auto Field>
void assign_text(JobRecord& job, std::string_view value) {
    job.*Field = std::string(value);
}
template <auto Field>
void assign_number(JobRecord& job, std::string_view value) {
    job.*Field = number(value);
}

constexpr std::array<std::pair<std::string_view, Assign>, 20> fields{{
    {"name", assign_text<&JobRecord::name>},
    {"data", assign_text<&JobRecord::data>},
    {"opts", assign_text<&JobRecord::stored_options>},
    {"timestamp", assign_number<&JobRecord::timestamp>},
    {"delay", assign_number<&JobRecord::delay>},
    {"priority", assign_number<&JobRecord::priority>},
    {"processedOn", assign_number<&JobRecord::processed_on>},
    {"finishedOn", assign_number<&JobRecord::finished_on>},
    {"ats", assign_number<&JobRecord::attempts_started>},
    {"atm", assign_number<&JobRecord::attempts_made>},
    {"stc", assign_number<&JobRecord::stalled_count>},
    {"progress", assign_text<&JobRecord::progress>},
    {"returnvalue", assign_text<&JobRecord::return_value>},
    {"failedReason", assign_text<&JobRecord::failed_reason>},
    {"stacktrace", assign_text<&JobRecord::stack_trace>},
    {"defa", assign_text<&JobRecord::deferred_failure>},
    {"parentKey", assign_text<&JobRecord::parent_key>},
    {"rjk", assign_text<&JobRecord::scheduler_id>},
    {"deid", assign_text<&JobRecord::deduplication_id>},
    {"pb", assign_text<&JobRecord::processed_by>},
}};

}  // namespace

std::string_view to_string(JobState state) { return states[static_cast<std::size_t>(state)].word; }

std::string_view key_suffix(JobState state) { return states[static_cast<std::size_t>(state)].suffix; }

JobState state_from(std::string_view word) {
    const auto* found = std::ranges::find(states, word, &StateName::word);
    return found == states.end() ? JobState::unknown : found->state;
}

JobRecord read_job(std::string id, redis::Value hash) {
    JobRecord job;
    job.id = std::move(id);
    std::int64_t attempts_of_old = 0;
    for (auto at = hash.begin(); at != hash.end(); ++at) {
        const auto key = (*at).text();
        if (++at == hash.end()) break;
        const auto value = (*at).text();
        const auto* field = std::ranges::find(fields, key, &std::pair<std::string_view, Assign>::first);
        if (field != fields.end()) field->second(job, value);
        if (key == "attemptsMade") attempts_of_old = number(value);
    }
    if (job.data.empty()) job.data = "{}";
    // Jobs of bullmq 4 and before.
    if (job.attempts_made == 0) job.attempts_made = attempts_of_old;
    job.options = read_stored_options(job.stored_options);
    return job;
}

std::vector<std::string> stack_traces(const JobRecord& job) {
    std::vector<std::string> traces;
    const detail::Json json(job.stack_trace);
    if (const auto items = json.array()) {
        for (const auto item : *items) {
            std::string_view text;
            if (item.get(text) == simdjson::SUCCESS) traces.emplace_back(text);
        }
    }
    return traces;
}

}  // namespace jobs
