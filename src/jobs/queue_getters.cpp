// Queue: many jobs at once, counts and figures.
#include <array>

#include "base/strings.h"
#include "bullmq_scripts.h"
#include "jobs/errors.h"
#include "jobs/queue.h"

namespace jobs {

async::Task<JobCounts> Queue::counts() {
    constexpr std::array states{JobState::waiting,     JobState::active,           JobState::delayed,
                                JobState::prioritized, JobState::waiting_children, JobState::completed,
                                JobState::failed};
    std::vector<std::string> words;
    for (const auto state : states) words.emplace_back(key_suffix(state));
    const auto reply = co_await client_->eval(bullmq::get_counts(), {keys_.base}, std::move(words), true);
    const auto at = [&](std::size_t i) { return reply->at(i).integer(); };
    co_return JobCounts{at(0), at(1), at(2), at(3), at(4), at(5), at(6)};
}

async::Task<std::map<std::int32_t, std::int64_t>> Queue::counts_per_priority(std::vector<std::int32_t> priorities) {
    std::vector<std::string> words;
    for (const auto priority : priorities) words.push_back(std::to_string(priority));
    const auto reply = co_await client_->eval(bullmq::get_counts_per_priority(), {keys_.wait, keys_.prioritized},
                                              std::move(words), true);
    std::map<std::int32_t, std::int64_t> counts;
    std::size_t i = 0;
    for (const auto count : *reply) counts[priorities[i++]] = count.integer();
    co_return counts;
}

async::Task<std::vector<JobRecord>> Queue::jobs(std::vector<JobState> states, Page page) {
    // Ids whose job has gone meanwhile are made up for by so many further looks.
    constexpr std::string_view more_looks = "5";
    std::vector<std::string> arguments{std::to_string(page.start), std::to_string(page.end), page.ascending ? "1" : "0",
                                       std::string(more_looks)};
    for (const auto state : states) arguments.emplace_back(key_suffix(state));
    const auto reply = co_await client_->eval(bullmq::get_jobs(), {keys_.base}, std::move(arguments), true);
    std::vector<JobRecord> records;
    for (const auto group : *reply) {
        for (const auto entry : group) records.push_back(read_job(std::string(entry.at(0).text()), entry.at(1)));
    }
    co_return records;
}

async::Task<MinuteMetrics> Queue::metrics(JobState ended, Page page) {
    const auto key = keys_.of("metrics:").append(key_suffix(ended));
    const auto reply = co_await client_->eval(bullmq::get_metrics(), {key, key + ":data"},
                                              {std::to_string(page.start), std::to_string(page.end)}, true);
    MinuteMetrics metrics;
    const auto total = reply->at(0).at(0);
    if (!total.is_null()) metrics.total = total.integer();
    for (const auto point : reply->at(1)) metrics.points.push_back(point.integer());
    co_return metrics;
}

async::Task<std::vector<std::string>> Queue::workers() {
    const auto reply = co_await client_->run(redis::Command("CLIENT").add("LIST").repeatable());
    const auto wanted = worker_connection_name(keys_, "");
    std::vector<std::string> names;
    for (const auto line : base::split(reply->text(), '\n')) {
        for (const auto field : base::split(line, ' ')) {
            if (!field.starts_with("name=")) continue;
            const auto name = field.substr(5);
            if (name == wanted || name.starts_with(wanted + ":w:")) names.emplace_back(name);
        }
    }
    co_return names;
}

}  // namespace jobs
