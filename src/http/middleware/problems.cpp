#include "http/middleware/problems.h"

#include "http/context.h"
#include "http/errors.h"
#include "http/middleware/log_fields.h"
#include "http/problem.h"
#include "log/value.h"

namespace http {

namespace {

void log_failure(Context& context, const base::Failure& failure) {
    log_fields(context).add("code", failure.code().code);
    const auto status = failure.code().status;
    // A coding or version that we do not speak is the client's doing.
    if (status >= 500 && status != 501 && status != 505) {
        context.logger().error("request failed", {{"err", logging::error(failure)}});
    } else if (!failure.cause().empty()) {
        context.logger().info("request refused", {{"err", logging::error(failure)}});
    }
}

async::Task<void> catch_problems(Context& context, Next next) {
    try {
        co_await next(context);
    } catch (const base::Failure& failure) {
        log_failure(context, failure);
        write_problem(context, failure);
    } catch (...) {
        const auto failure = failure_of(std::current_exception());
        log_fields(context).add("code", failure.code().code);
        context.logger().error("request failed", {{"err", logging::error(std::current_exception())}});
        write_problem(context, failure);
    }
}

}  // namespace

Middleware problems() { return &catch_problems; }

}  // namespace http
