#include "pos/modules/maintenance/module.h"

#include "app/jobs.h"
#include "pos/modules/maintenance/retention.h"

namespace pos {

namespace {

struct CleanUp {
    friend constexpr auto describe(CleanUp*) { return schema::object<CleanUp>("CleanUp"); }
};

constexpr jobs::JobType<CleanUp> clean_up{"maintenance", "maintenance.clean_up", app::scheduled_job_defaults};

async::Task<CleanedUp> remove_what_expired(jobs::Job<CleanUp>& job, app::JobScope scope) {
    const auto done = co_await remove_expired([scope] { return scope.system_db(); });
    job.logger().info("cleaned up", {{"idempotencyKeys", done.idempotency_keys}, {"sessions", done.sessions}});
    co_return done;
}

void handle_jobs(app::JobHandlers handlers) { handlers.on_system(clean_up, remove_what_expired); }

}  // namespace

app::Module maintenance_module() {
    return {.name = "maintenance",
            .statements = retention_statements(),
            .jobs = handle_jobs,
            .schedules = {app::schedule(clean_up, CleanUp{}, {.pattern = "17 * * * *", .time_zone = "UTC"},
                                        "Removes expired idempotency keys, tokens, sessions and marks.")}};
}

}  // namespace pos
