#include "jobs/errors.h"

#include <fmt/format.h>

namespace jobs {
namespace {

const base::ErrorCode& code_of(std::int64_t reply) {
    switch (reply) {
        case -1: return errors::missing;
        case -2:
        case -6: return errors::lock_lost;
        case -3: return errors::wrong_state;
        case -4:
        case -9: return errors::has_children;
        case -5:
        case -7: return errors::parent_missing;
        case -8:
        case -10:
        case -11: return errors::scheduled;
        default: return errors::wrong_state;
    }
}

}  // namespace

base::Failure failure_of(std::int64_t code, std::string_view what) {
    const auto& error = code_of(code);
    return base::Failure(error, fmt::format("{}: {} (code {})", what, error.title, code));
}

}  // namespace jobs
