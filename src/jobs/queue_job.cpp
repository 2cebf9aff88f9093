// Queue: what is done to one job.
#include <algorithm>

#include "bullmq_scripts.h"
#include "jobs/errors.h"
#include "jobs/json.h"
#include "jobs/queue.h"

namespace jobs {
namespace {

void require_success(redis::Value reply, std::string_view operation, const std::string& id) {
    if (reply.kind() == redis::Kind::integer && reply.integer() < 0) {
        throw failure_of(reply.integer(), std::string(operation) + " job " + id);
    }
}

void require_json(const schema::Json& value, std::string_view what) {
    if (!detail::Json(value.text).valid()) throw base::Failure(errors::bad_data, std::string(what) + " is not JSON");
}

}  // namespace

async::Task<std::optional<JobRecord>> Queue::job(std::string id) {
    const auto reply = co_await client_->run(redis::Command("HGETALL").add(keys_.job(id)).repeatable());
    if (reply->size() == 0) co_return std::nullopt;
    co_return read_job(std::move(id), *reply);
}

async::Task<JobState> Queue::state(std::string id) {
    const auto reply = co_await client_->eval(bullmq::get_state_v2(),
                                              {keys_.completed, keys_.failed, keys_.delayed, keys_.active, keys_.wait,
                                               keys_.paused, keys_.waiting_children, keys_.prioritized},
                                              {id}, true);
    co_return state_from(reply->text());
}

async::Task<JobLogs> Queue::logs(std::string id, Page page) {
    const auto key = keys_.job(id, "logs");
    const auto start = page.ascending ? page.start : (page.end == -1 ? 0 : -1 - page.end);
    const auto end = page.ascending ? page.end : -1 - page.start;
    std::vector<redis::Command> commands;
    commands.push_back(redis::Command("LRANGE").add(key).add(start).add(end).repeatable());
    commands.push_back(redis::Command("LLEN").add(key).repeatable());
    const auto replies = co_await client_->pipeline(std::move(commands));
    JobLogs logs{.rows = {}, .total = replies[1]->integer()};
    for (const auto row : *replies[0]) logs.rows.emplace_back(row.text());
    if (!page.ascending) std::ranges::reverse(logs.rows);
    co_return logs;
}

async::Task<std::int64_t> Queue::add_log(std::string id, std::string row, std::optional<std::int64_t> keep) {
    // Sent again when Redis goes before it has answered: a row that stands there twice is better than a job that failed.
    const auto reply = co_await client_->eval(bullmq::add_log(), {keys_.job(id), keys_.job(id, "logs")},
                                              {id, std::move(row), keep ? std::to_string(*keep) : ""}, true);
    require_success(*reply, "writing a log row of", id);
    co_return reply->integer();
}

async::Task<void> Queue::clear_logs(std::string id, std::int64_t keep) {
    const auto key = keys_.job(id, "logs");
    if (keep > 0) {
        co_await client_->run(redis::Command("LTRIM").add(key).add(-keep).add(-1).repeatable());
    } else {
        co_await client_->run(redis::Command("DEL").add(key).repeatable());
    }
}

async::Task<void> Queue::update_progress(std::string id, schema::Json progress) {
    require_json(progress, "progress");
    const auto reply = co_await client_->eval(bullmq::update_progress(), {keys_.job(id), keys_.events, keys_.meta},
                                              {id, std::move(progress.text)}, true);
    require_success(*reply, "telling the progress of", id);
}

async::Task<void> Queue::update_data(std::string id, schema::Json data) {
    require_json(data, "data");
    if (data.text.size() > options_.max_data_bytes) {
        throw base::Failure(errors::data_too_large, "the new data of job " + id + " is too large");
    }
    const auto reply = co_await client_->eval(bullmq::update_data(), {keys_.job(id)}, {std::move(data.text)}, true);
    require_success(*reply, "changing the data of", id);
}

async::Task<void> Queue::change_delay(std::string id, milliseconds delay) {
    check({.delay = delay});
    const auto reply =
        co_await client_->eval(bullmq::change_delay(), {keys_.delayed, keys_.meta, keys_.marker, keys_.events},
                               {std::to_string(delay.count()), std::to_string(now()), id, keys_.job(id)});
    require_success(*reply, "changing the delay of", id);
}

async::Task<void> Queue::change_priority(std::string id, std::int32_t priority, bool lifo) {
    check({.priority = priority});
    const auto reply = co_await client_->eval(
        bullmq::change_priority(),
        {keys_.wait, keys_.paused, keys_.meta, keys_.prioritized, keys_.active, keys_.priority_counter, keys_.marker},
        {std::to_string(priority), keys_.base, id, lifo ? "1" : "0"});
    require_success(*reply, "changing the priority of", id);
}

async::Task<bool> Queue::remove(std::string id, bool with_children) {
    // The script answers 1 for a job that is not there, too.
    const auto known = co_await client_->run(redis::Command("EXISTS").add(keys_.job(id)).repeatable());
    const auto reply = co_await client_->eval(bullmq::remove_job(), {keys_.job(id), keys_.repeat},
                                              {id, with_children ? "1" : "0", keys_.base});
    if (reply->integer() == 0)
        throw base::Failure(errors::locked, "job " + id + " is locked: a worker runs it, or a child of it");
    require_success(*reply, "removing", id);
    co_return known->integer() == 1;
}

async::Task<void> Queue::retry(std::string id, RetryOptions options) {
    const bool failed = options.from == JobState::failed;
    if (!failed && options.from != JobState::completed) {
        throw base::Failure(errors::wrong_state, "only failed and completed jobs are retried");
    }
    const auto record = co_await job(id);
    if (!record) throw failure_of(-1, "retrying job " + id);
    const std::string reset = options.reset_attempts ? "1" : "0";
    const auto reply =
        co_await client_->eval(bullmq::reprocess_job(),
                               {keys_.job(id), keys_.events, failed ? keys_.failed : keys_.completed, keys_.wait,
                                keys_.meta, keys_.active, keys_.marker, keys_.prioritized, keys_.priority_counter},
                               {id, record->options.lifo ? "RPUSH" : "LPUSH", failed ? "failedReason" : "returnvalue",
                                failed ? "failed" : "completed", reset, reset});
    require_success(*reply, "retrying", id);
}

async::Task<void> Queue::promote(std::string id) {
    const auto reply = co_await client_->eval(bullmq::promote(),
                                              {keys_.delayed, keys_.wait, keys_.paused, keys_.meta, keys_.prioritized,
                                               keys_.active, keys_.priority_counter, keys_.events, keys_.marker},
                                              {keys_.base, id});
    require_success(*reply, "promoting", id);
}

async::Task<std::map<std::string, std::string>> Queue::hash(std::string key) {
    const auto reply = co_await client_->run(redis::Command("HGETALL").add(key).repeatable());
    std::map<std::string, std::string> values;
    for (auto at = reply->begin(); at != reply->end(); ++at) {
        std::string field((*at).text());
        if (++at == reply->end()) break;
        values.emplace(std::move(field), (*at).text());
    }
    co_return values;
}

async::Task<std::map<std::string, std::string>> Queue::children_values(const std::string& id) {
    return hash(keys_.job(id, "processed"));
}

async::Task<std::map<std::string, std::string>> Queue::ignored_children_failures(const std::string& id) {
    return hash(keys_.job(id, "failed"));
}

async::Task<Queue::DependencyCounts> Queue::dependency_counts(std::string id) {
    const auto reply = co_await client_->eval(bullmq::get_dependency_counts(),
                                              {keys_.job(id, "processed"), keys_.job(id, "dependencies"),
                                               keys_.job(id, "failed"), keys_.job(id, "unsuccessful")},
                                              {"processed", "unprocessed", "ignored", "failed"}, true);
    co_return DependencyCounts{reply->at(0).integer(), reply->at(1).integer(), reply->at(2).integer(),
                               reply->at(3).integer()};
}

async::Task<bool> Queue::remove_child_dependency(std::string id, std::string parent_key) {
    const auto reply =
        co_await client_->eval(bullmq::remove_child_dependency(), {keys_.base}, {keys_.job(id), std::move(parent_key)});
    require_success(*reply, "freeing the parent of", id);
    co_return reply->integer() == 0;
}

async::Task<void> Queue::remove_unprocessed_children(std::string id) {
    co_await client_->eval(bullmq::remove_unprocessed_children(), {keys_.job(id), keys_.meta}, {keys_.base, id});
}

async::Task<std::optional<std::string>> Queue::deduplication_owner(std::string deduplication_id) {
    const auto reply =
        co_await client_->run(redis::Command("GET").add(keys_.of("de:" + deduplication_id)).repeatable());
    if (reply->is_null()) co_return std::nullopt;
    co_return std::string(reply->text());
}

async::Task<bool> Queue::remove_deduplication_key(std::string deduplication_id, std::string owner) {
    const auto key = keys_.of("de:" + deduplication_id);
    if (owner.empty()) {
        const auto reply = co_await client_->run(redis::Command("DEL").add(key));
        co_return reply->integer() == 1;
    }
    const auto reply = co_await client_->eval(bullmq::remove_deduplication_key(), {key}, {std::move(owner)});
    co_return reply->integer() == 1;
}

}  // namespace jobs
