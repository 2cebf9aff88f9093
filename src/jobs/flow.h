#pragma once
// FlowProducer: trees of jobs. A parent runs after its children, in any queues, have ended, and finds their results by
// JobContext::children_values(). The whole tree is added by one transaction. Over a client of the same loop; one thread.
//
//     jobs::FlowProducer flows(client);
//     auto ids = co_await flows.add({.queue = "reports", .job = make_job(assemble, {}),
//                                    .children = {{.queue = "reports", .job = make_job(part, {1})}, ...}});

#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "jobs/queue.h"

namespace jobs {

struct FlowJob {
    std::string queue;
    NewJob job;
    std::vector<FlowJob> children{};
};

// Ids as they were added, in the tree's shape.
struct FlowIds {
    std::string id;
    std::vector<FlowIds> children;
};

// A tree as Redis has it.
struct FlowRecord {
    std::string queue;
    JobRecord job;
    std::vector<FlowRecord> children;
};

struct FlowDepth {
    int levels = 10;
    std::int64_t children = 20;  // of one job and kind
};

class FlowProducer {
public:
    explicit FlowProducer(redis::Client& client, QueueOptions options = {});

    // Jobs without an own id get a UUID. A job with children cannot be deduplicated. All or none are added.
    [[nodiscard]] async::Task<FlowIds> add(FlowJob flow);
    [[nodiscard]] async::Task<std::optional<FlowRecord>> find(std::string queue, std::string id, FlowDepth depth = {});

private:
    redis::Client* client_;
    QueueOptions options_;
    base::SecureRandom random_;
};

}  // namespace jobs
