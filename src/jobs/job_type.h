#pragma once
// JobType: what a kind of job is called, which queue it goes to, what its data is and how it is tried: one constant that
// producers and workers share.
//
//     struct Invite { base::Uuid user_id; std::string email;  friend constexpr auto describe(Invite*) { ... } };
//     inline constexpr jobs::JobType<Invite> send_invite{"mail", "invite.send", {.attempts = 5, .backoff = {"exponential", 1s}}};
//
//     co_await queue.add(send_invite, Invite{id, email});          // producer
//     worker.on(send_invite, handle_invite);                       // async::Task<void> handle_invite(jobs::Job<Invite>& job)
//
// JobType<schema::Json> takes any JSON.

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/failure.h"
#include "jobs/errors.h"
#include "jobs/job_options.h"
#include "jobs/queue_keys.h"
#include "schema/schema.h"

namespace jobs {

// Stands for what JobOptions leaves unsaid.
struct JobDefaults {
    struct BackoffDefault {
        std::string_view type;  // empty: no back-off
        milliseconds delay{0};
        double jitter = 0;
    };
    std::int32_t attempts = 0;
    BackoffDefault backoff{};
    std::int32_t priority = 0;
    std::optional<KeepJobs> remove_on_complete{};
    std::optional<KeepJobs> remove_on_fail{};
    milliseconds timeout{0};  // of one run, at the worker; zero: the worker's
};

template <class Data>
struct JobType {
    QueueName queue;
    std::string_view name;
    JobDefaults defaults{};
};

// A job to be added; `data` is JSON text.
struct NewJob {
    std::string name;
    std::string data = "{}";
    JobOptions options{};
};

[[nodiscard]] JobOptions with_defaults(JobOptions options, const JobDefaults& defaults);

// Throws jobs.bad_data with the issues when the data breaks its own rules.
template <class Data>
[[nodiscard]] NewJob make_job(const JobType<Data>& type, const Data& data, JobOptions options = {}) {
    if (auto issues = schema::check(data, "data"); !issues.empty()) {
        throw base::Failure(errors::bad_data, std::move(issues));
    }
    return {std::string(type.name), schema::to_json(data), with_defaults(std::move(options), type.defaults)};
}

}  // namespace jobs
