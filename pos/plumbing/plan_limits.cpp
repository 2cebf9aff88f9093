#include "pos/plumbing/plan_limits.h"

#include <fmt/format.h>

#include "http/problem.h"

namespace pos {

async::Task<void> rethrow_with_use(db::Db db, std::exception_ptr failure, std::int64_t without_plan) {
    const auto code = http::failure_of(failure).code();
    if (code.code != "plan.storage") std::rethrow_exception(failure);
    const auto use = co_await db.only(plan_limits::storage_use, without_plan);
    throw base::Failure(code, fmt::format("{} of {} bytes are used, and this file does not fit into the rest.",
                                          use.used_bytes, use.limit_bytes))
        .member("usedBytes", std::to_string(use.used_bytes))
        .member("limitBytes", std::to_string(use.limit_bytes));
}

}  // namespace pos
