#include "jobs/add_job.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/strings.h"
#include "bullmq_scripts.h"
#include "jobs/errors.h"
#include "jobs/json.h"
#include "jobs/msgpack.h"
#include "redis/client.h"
#include "redis/errors.h"

namespace jobs::detail {
namespace {

// The ten values of the scripts' first argument.
std::string pack_arguments(const QueueKeys& keys, const NewJob& job, const AddOptions& add) {
    const auto& options = job.options;
    msgpack::Writer out;
    const std::string_view id = options.job_id.empty() ? add.made_up_id : std::string_view(options.job_id);
    out.array(10).text(keys.base).text(id).text(job.name).integer(options.timestamp.value_or(add.now));
    if (options.parent) {
        const auto parent_key = options.parent->queue + ":" + options.parent->id;
        out.text(parent_key).text(parent_key + ":dependencies");
        msgpack::Map parent;
        parent.add("id").text(options.parent->id);
        parent.add("queueKey").text(options.parent->queue);
        switch (options.child_failure) {
            case ChildFailure::holds_parent: break;
            case ChildFailure::fails_parent: parent.add("fpof").boolean(true); break;
            case ChildFailure::continues_parent: parent.add("cpof").boolean(true); break;
            case ChildFailure::is_ignored: parent.add("idof").boolean(true); break;
            case ChildFailure::removes_dependency: parent.add("rdof").boolean(true); break;
        }
        std::move(parent).write(out);
    } else {
        out.nil().nil().nil();
    }
    options.scheduler_id.empty() ? out.nil() : out.text(options.scheduler_id);
    options.deduplication ? out.text(keys.of("de:" + options.deduplication->id)) : out.nil();
    add.in_transaction ? out.integer(1) : out.nil();
    return std::move(out).take();
}

ScriptCall choose_script(const QueueKeys& keys, const NewJob& job, bool has_children) {
    if (has_children) {
        return {&bullmq::add_parent_job(),
                {keys.meta, keys.id, keys.delayed, keys.waiting_children, keys.completed, keys.events},
                {}};
    }
    if (job.options.delay.count() > 0) {
        return {&bullmq::add_delayed_job(),
                {keys.marker, keys.meta, keys.id, keys.delayed, keys.completed, keys.events},
                {}};
    }
    if (job.options.priority > 0) {
        return {&bullmq::add_prioritized_job(),
                {keys.marker, keys.meta, keys.id, keys.prioritized, keys.delayed, keys.completed, keys.active,
                 keys.events, keys.priority_counter},
                {}};
    }
    return {&bullmq::add_standard_job(),
            {keys.wait, keys.paused, keys.meta, keys.id, keys.completed, keys.delayed, keys.active, keys.events,
             keys.marker},
            {}};
}

// All but the data.
void check_frame(const NewJob& job) {
    check(job.options);
    if (job.name.empty() || !base::is_utf8(job.name)) {
        throw base::Failure(errors::bad_options, "a job's name is UTF-8 and not empty");
    }
}

bool is_unknown_script(redis::Value reply) { return reply.is_error() && reply.text().starts_with("NOSCRIPT"); }

// Redis has not met the script, or has forgotten it: the first call of each brings its text.
std::vector<redis::Command> with_texts(std::span<const ScriptCall> calls, const std::vector<std::size_t>& which) {
    std::vector<redis::Command> commands;
    std::set<const redis::Script*> brought;
    for (const auto index : which) {
        const auto& call = calls[index];
        commands.push_back(brought.insert(call.script).second ? call.by_text() : call.by_digest());
    }
    return commands;
}

}  // namespace

async::Task<std::vector<redis::Reply>> send_calls(redis::Client* client, std::span<const ScriptCall> calls,
                                                  async::SteadyTime deadline) {
    std::vector<redis::Command> commands;
    commands.reserve(calls.size());
    for (const auto& call : calls) commands.push_back(call.by_digest());
    auto replies = co_await client->pipeline(std::move(commands), deadline);
    std::vector<std::size_t> unknown;
    for (std::size_t i = 0; i < replies.size(); ++i) {
        if (is_unknown_script(*replies[i])) unknown.push_back(i);
    }
    if (!unknown.empty()) {
        auto again = co_await client->pipeline(with_texts(calls, unknown), deadline);
        for (std::size_t i = 0; i < unknown.size(); ++i) replies[unknown[i]] = std::move(again[i]);
    }
    co_return replies;
}

redis::Command ScriptCall::by_digest() const { return redis::Client::eval_command(*script, keys, arguments); }

redis::Command ScriptCall::by_text() const {
    return redis::Command("EVAL").add(script->text).add(keys.size()).add_all(keys).add_all(arguments);
}

void check_job(const NewJob& job, std::size_t max_data_bytes) {
    check_frame(job);
    const auto limit = std::min<std::size_t>(max_data_bytes, job.options.size_limit.value_or(INT64_MAX));
    if (job.data.size() > limit) {
        throw base::Failure(errors::data_too_large, fmt::format("the data of {} has {} bytes, {} are allowed", job.name,
                                                                job.data.size(), limit));
    }
    if (!Json(job.data).valid()) throw base::Failure(errors::bad_data, "the data of " + job.name + " is not JSON");
}

ScriptCall add_call(const QueueKeys& keys, const NewJob& job, const AddOptions& options) {
    options.is_checked ? check_frame(job) : check_job(job, options.max_data_bytes);
    auto call = choose_script(keys, job, options.has_children);
    call.arguments = {pack_arguments(keys, job, options), job.data, encode(job.options)};
    return call;
}

std::string added_id(redis::Value reply, std::string_view name) {
    if (reply.is_error()) throw redis::Refused("EVALSHA", reply.text());
    if (reply.kind() == redis::Kind::integer) throw failure_of(reply.integer(), fmt::format("adding {}", name));
    return std::string(reply.text());
}

}  // namespace jobs::detail
