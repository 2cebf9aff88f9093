#pragma once
// What jobs/ throws. Clients of the API meet none of these unless a module lets them name a job: whoever enqueues decides.

#include <stdexcept>
#include <string>
#include <string_view>

#include "base/failure.h"

namespace jobs {

namespace errors {
using base::Action;
inline constexpr base::ErrorCode bad_queue{"jobs.bad_queue", 400, false, Action::fix,
                                           "A queue name is empty, holds a colon or is not this queue's"};
inline constexpr base::ErrorCode bad_options{"jobs.bad_options", 400, false, Action::fix,
                                             "The options of the job contradict the queue's rules"};
inline constexpr base::ErrorCode bad_data{"jobs.bad_data", 400, false, Action::fix,
                                          "The job's data or result is not what was declared"};
inline constexpr base::ErrorCode unsendable{
    "jobs.unsendable", 400, false, Action::fix,
    "No queue can take the job: its queue or name is wrong, or its options are"};
inline constexpr base::ErrorCode data_too_large{"jobs.data_too_large", 413, false, Action::fix,
                                                "The job's data is larger than its limit"};
inline constexpr base::ErrorCode bad_schedule{"jobs.bad_schedule", 400, false, Action::fix,
                                              "The schedule cannot be followed"};
inline constexpr base::ErrorCode missing{"jobs.missing", 404, false, Action::none, "There is no such job"};
inline constexpr base::ErrorCode locked{"jobs.locked", 409, true, Action::retry, "A worker holds the job"};
inline constexpr base::ErrorCode lock_lost{"jobs.lock_lost", 409, false, Action::none,
                                           "The worker's lock on the job is gone"};
inline constexpr base::ErrorCode wrong_state{"jobs.wrong_state", 409, false, Action::none,
                                             "The job is in another state than this needs"};
inline constexpr base::ErrorCode has_children{"jobs.has_children", 409, false, Action::none,
                                              "Children of the job stand in the way"};
inline constexpr base::ErrorCode parent_missing{"jobs.parent_missing", 409, false, Action::none,
                                                "The parent of the job is gone or another one"};
inline constexpr base::ErrorCode scheduled{"jobs.scheduled", 409, false, Action::none,
                                           "The job belongs to a scheduler, or its slot is taken"};
inline constexpr base::ErrorCode not_paused{"jobs.not_paused", 409, false, Action::none,
                                            "The queue must be paused, with no job running, for this"};
inline constexpr base::ErrorCode timeout{"jobs.timeout", 504, true, Action::retry,
                                         "The job had not ended when the wait for it did"};
inline constexpr base::ErrorCode cancelled{"jobs.cancelled", 409, true, Action::none, "The job was cancelled"};
}  // namespace errors

// What a script's negative reply means (reference: the codes of bullmq's scripts). `what` names the operation and the job.
[[nodiscard]] base::Failure failure_of(std::int64_t code, std::string_view what);

// Thrown by a handler: the job fails for good, whatever attempts are left. So does a job whose handler throws a base::Failure
// that is not retriable, or std::logic_error and its kind (base::outlook_of): no further attempt would go better.
class Unrecoverable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace jobs
