#include "jobs/flow.h"

#include <algorithm>
#include <set>

#include "base/uuid.h"
#include "bullmq_scripts.h"
#include "jobs/add_job.h"
#include "jobs/errors.h"
#include "jobs/telemetry.h"
#include "redis/errors.h"

namespace jobs {
namespace {

constexpr int max_depth = 32;

// Turns a tree into the calls of one transaction, parents first.
class FlowCalls {
public:
    FlowCalls(const QueueOptions& options, std::int64_t now, base::RandomSource& random)
        : options_(options), now_(now), random_(random) {}

    FlowIds add(FlowJob node, std::optional<ParentReference> parent, int depth) {
        if (depth > max_depth) throw base::Failure(errors::bad_options, "a flow is nested too deeply");
        const QueueKeys keys(options_.prefix, node.queue);
        if (parent) node.job.options.parent = std::move(parent);
        FlowIds ids{node.job.options.job_id, {}};
        if (ids.id.empty()) ids.id = base::uuid_v4(random_).to_string();
        const bool has_children = !node.children.empty();
        if (has_children && node.job.options.deduplication) {
            throw base::Failure(errors::bad_options, "a job with children cannot be deduplicated");
        }
        detail::carry_trace(node.job.options, node.queue, options_.span);
        calls_.push_back(detail::add_call(keys, node.job,
                                          {.now = now_,
                                           .max_data_bytes = options_.max_data_bytes,
                                           .made_up_id = ids.id,
                                           .has_children = has_children,
                                           .in_transaction = true}));
        names_.push_back(node.job.name);
        const ParentReference self{ids.id, keys.qualified};
        for (auto& child : node.children) ids.children.push_back(add(std::move(child), self, depth + 1));
        if (has_children) parents_.push_back(self);
        return ids;
    }

    // A parent none of whose children is pending (all were there before, and done) is let go.
    void add_releases() {
        for (const auto& parent : parents_) {
            const auto key = parent.queue + ":" + parent.id;
            calls_.push_back({&bullmq::release_parent_if_no_pending_dependencies(),
                              {key, key + ":dependencies"},
                              {parent.queue, parent.id, std::to_string(now_)}});
        }
    }

    // Each script's text goes along once: in a transaction there is no second try for one that Redis has forgotten.
    [[nodiscard]] std::vector<redis::Command> commands() const {
        std::vector<redis::Command> commands;
        std::set<const redis::Script*> brought;
        for (const auto& call : calls_) {
            auto command = brought.insert(call.script).second ? call.by_text() : call.by_digest();
            commands.push_back(std::move(command).within(options_.span));
        }
        return commands;
    }

    void require_added(const std::vector<redis::Reply>& replies) const {
        for (std::size_t i = 0; i < names_.size(); ++i) static_cast<void>(detail::added_id(*replies[i], names_[i]));
    }

private:
    const QueueOptions& options_;
    std::int64_t now_;
    base::RandomSource& random_;
    std::vector<detail::ScriptCall> calls_;
    std::vector<std::string> names_;
    std::vector<ParentReference> parents_;
};

struct NodeKey {
    std::string queue;
    std::string id;
};

// "bull:mail:17"; an id may hold colons, a queue's name may not.
std::optional<NodeKey> parse_key(std::string_view key, std::string_view prefix) {
    if (!key.starts_with(prefix) || key.substr(prefix.size(), 1) != ":") return std::nullopt;
    key.remove_prefix(prefix.size() + 1);
    const auto colon = key.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    return NodeKey{std::string(key.substr(0, colon)), std::string(key.substr(colon + 1))};
}

// Keys of children, whatever became of them. A hash gives pairs, of which the keys count.
void collect(const redis::Value& reply, bool is_hash, std::int64_t limit, std::vector<std::string>& keys) {
    std::int64_t taken = 0;
    for (auto at = reply.begin(); at != reply.end() && taken < limit; ++at, ++taken) {
        keys.emplace_back((*at).text());
        if (is_hash && ++at == reply.end()) break;
    }
}

}  // namespace

FlowProducer::FlowProducer(redis::Client& client, QueueOptions options)
    : client_(&client), options_(std::move(options)) {}

async::Task<FlowIds> FlowProducer::add(FlowJob flow) {
    const auto now = std::chrono::duration_cast<milliseconds>(options_.clock->now().time_since_epoch()).count();
    FlowCalls calls(options_, now, random_);
    auto ids = calls.add(std::move(flow), std::nullopt, 0);
    calls.add_releases();
    const auto replies = co_await client_->transaction(calls.commands());
    calls.require_added(replies);
    co_return ids;
}

async::Task<std::optional<FlowRecord>> FlowProducer::find(std::string queue_name, std::string id, FlowDepth depth) {
    Queue queue(*client_, queue_name, options_);
    auto job = co_await queue.job(id);
    if (!job) co_return std::nullopt;
    FlowRecord record{std::move(queue_name), std::move(*job), {}};
    if (depth.levels <= 1) co_return record;

    const auto& keys = queue.keys();
    std::vector<redis::Command> commands;
    commands.push_back(redis::Command("HGETALL").add(keys.job(id, "processed")).repeatable());
    commands.push_back(redis::Command("SMEMBERS").add(keys.job(id, "dependencies")).repeatable());
    commands.push_back(redis::Command("HGETALL").add(keys.job(id, "failed")).repeatable());
    commands.push_back(redis::Command("ZRANGE").add(keys.job(id, "unsuccessful")).add(0).add(-1).repeatable());
    const auto replies = co_await client_->pipeline(std::move(commands));
    std::vector<std::string> children;
    for (std::size_t i = 0; i < replies.size(); ++i) collect(*replies[i], i == 0 || i == 2, depth.children, children);
    for (const auto& key : children) {
        auto node = parse_key(key, options_.prefix);
        if (!node) continue;
        auto child = co_await find(std::move(node->queue), std::move(node->id), {depth.levels - 1, depth.children});
        if (child) record.children.push_back(std::move(*child));
    }
    co_return record;
}

}  // namespace jobs
