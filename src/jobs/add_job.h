#pragma once
// Inside the library: the script call that adds one job. Pure functions; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "jobs/job_type.h"
#include "jobs/queue_keys.h"
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
};

// Throw jobs.bad_options, jobs.bad_data, jobs.data_too_large.
void check_job(const NewJob& job, std::size_t max_data_bytes);
[[nodiscard]] ScriptCall add_call(const QueueKeys& keys, const NewJob& job, const AddOptions& options);
// The id out of the reply; throws what a negative code or an error means.
[[nodiscard]] std::string added_id(redis::Value reply, std::string_view name);

}  // namespace jobs::detail
