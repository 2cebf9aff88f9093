#include "jobs/errors.h"

#include <fmt/format.h>

namespace jobs {
namespace {

struct Meaning {
    const base::ErrorCode& error;
    std::string_view text;
};

Meaning meaning_of(std::int64_t reply) {
    switch (reply) {
        case -1: return {errors::missing, "there is no such job"};
        case -2: return {errors::lock_lost, "its lock is gone"};
        case -3: return {errors::wrong_state, "the job is in another state"};
        case -4: return {errors::has_children, "the job has pending dependencies"};
        case -5: return {errors::parent_missing, "its parent is missing"};
        case -6: return {errors::lock_lost, "another worker holds its lock"};
        case -7: return {errors::parent_missing, "it has another parent already"};
        case -8: return {errors::scheduled, "it is the next job of a scheduler"};
        case -9: return {errors::has_children, "the job has failed children"};
        case -10: return {errors::scheduled, "the job of that time is there already"};
        case -11: return {errors::scheduled, "no slot of the schedule is free"};
        default: return {errors::wrong_state, "refused"};
    }
}

}  // namespace

base::Failure failure_of(std::int64_t code, std::string_view what) {
    const auto [error, text] = meaning_of(code);
    return base::Failure(error, fmt::format("{}: {}", what, text));
}

}  // namespace jobs
