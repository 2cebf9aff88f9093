#pragma once
// Inside the library: the script call that adds one job. Pure functions; any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_type.h"
#include "jobs/queue_keys.h"
#include "redis/client.h"
#include "redis/command.h"
#include "redis/value.h"

namespace jobs::detail {

struct ScriptCall {
    const redis::Script* script;
    std::vector<std::string> keys;
    std::vector<std::string> arguments;

    // By its digest, or with its whole text, which Redis knows from then on.
    [[nodiscard]] redis::Command by_digest() const;
    [[nodiscard]] redis::Command by_text() const;
};

struct AddOptions {
    std::int64_t now = 0;
    std::size_t max_data_bytes = 0;
    std::string_view made_up_id = {};  // when the job has none of its own
    bool has_children = false;         // the job waits for them
    bool in_transaction = false;       // a parent is released by a later call of the same transaction
    bool is_checked = false;           // the data's size and form were, when it was written down
};

// Throw jobs.bad_options, jobs.bad_data, jobs.data_too_large.
void check_job(const NewJob& job, std::size_t max_data_bytes);
[[nodiscard]] ScriptCall add_call(const QueueKeys& keys, const NewJob& job, const AddOptions& options);
// One round trip for all, two when Redis has forgotten the scripts; the replies in their order, errors among them. `calls` belong
// to the caller, which waits.
[[nodiscard]] async::Task<std::vector<redis::Reply>> send_calls(redis::Client* client,
                                                                std::span<const ScriptCall> calls,
                                                                async::SteadyTime deadline);
// The id out of the reply; throws what a negative code or an error means.
[[nodiscard]] std::string added_id(redis::Value reply, std::string_view name);

}  // namespace jobs::detail
