#include "pos/modules/notifications/day_limits.h"

#include <chrono>

#include "http/context.h"
#include "pos/modules/sms/tables.h"
#include "pos/plumbing/runtime.h"

namespace pos {

namespace {

bool is_of_the_day(const base::ErrorCode& code) {
    return code == errors::sms_number_limit || code == errors::sms_source_limit || code == errors::sms_spending_limit;
}

std::int64_t until_midnight(base::Timestamp now) {
    const auto midnight = std::chrono::floor<std::chrono::days>(now) + std::chrono::days(1);
    return std::chrono::ceil<std::chrono::milliseconds>(midnight - now).count();
}

async::Task<void> follow_day(http::Context& context, http::Next next) {
    try {
        co_await next(context);
    } catch (const base::Failure& failure) {
        if (!is_of_the_day(failure.code())) throw;
        const auto now = context.services().use<Runtime>().now();
        throw base::Failure(base::Failure(failure).retry_after(until_midnight(now)));
    }
}

}  // namespace

http::Middleware say_when_the_day_ends() { return follow_day; }

}  // namespace pos
