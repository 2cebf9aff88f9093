#include "http/middleware/load_shedding.h"

#include <array>

#include "http/context.h"
#include "http/errors.h"
#include "http/load_shedder.h"
#include "http/middleware/log_fields.h"
#include "http/problem.h"
#include "log/logger.h"

namespace http {

namespace {

// Milliseconds, by priority: what may wait comes back later.
constexpr std::array<std::int64_t, priorities> retry_after{1'000, 2'000, 5'000};

class LoadShedding {
public:
    explicit LoadShedding(observe::Metrics& metrics) {
        const auto family =
            metrics.counter_family("http_requests_shed_total", "Requests refused while too many came.", {"priority"});
        shed_ = {family.with({"high"}), family.with({"normal"}), family.with({"low"})};
    }

    async::Task<void> operator()(Context& context, Next next) const {
        const auto* route = context.route();
        const auto priority = route == nullptr ? Priority::normal : route->options.priority;
        if (!context.services().has<LoadShedder>()) return next(context);
        auto& shedder = context.services().use<LoadShedder>();
        if (shedder.admits(priority, context.started())) return next(context);
        const auto of = static_cast<std::size_t>(priority);
        shed_[of].increment();
        if (const auto refused = shedder.report(context.started()))
            context.server_logger().warn("more requests come than can be answered", {{"refused", *refused}});
        return refuse(context, retry_after[of]);
    }

private:
    // Nothing is thrown: each coroutine on the way would catch it and throw it on, which costs as much as all the rest.
    static async::Task<void> refuse(Context& context, std::int64_t milliseconds) {
        context.set(Shed{});
        log_fields(context).add("code", errors::load_shed.code);
        write_problem(context, base::Failure(errors::load_shed).retry_after(milliseconds));
        co_return;
    }

    std::array<observe::Counter, priorities> shed_;
};

}  // namespace

Middleware load_shedding(observe::Metrics& metrics) { return LoadShedding(metrics); }

}  // namespace http
