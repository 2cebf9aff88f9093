#include "pos/modules/maintenance/module.h"

#include "jobs/once.h"

namespace pos {

namespace {

// Rows of one statement: few enough for its deadline and for those who wait behind it.
constexpr std::int64_t portion = 5'000;

struct CleanUp {
    friend constexpr auto describe(CleanUp*) { return schema::object<CleanUp>("CleanUp"); }
};

// What was removed.
struct CleanedUp {
    std::int64_t idempotency_keys = 0;
    std::int64_t refresh_tokens = 0;
    std::int64_t sessions = 0;
    std::int64_t login_throttles = 0;
    std::int64_t handled_jobs = 0;

    friend constexpr auto describe(CleanedUp*) {
        return schema::object<CleanedUp>("CleanedUp", schema::field<&CleanedUp::idempotency_keys>("idempotencyKeys"),
                                         schema::field<&CleanedUp::refresh_tokens>("refreshTokens"),
                                         schema::field<&CleanedUp::sessions>("sessions"),
                                         schema::field<&CleanedUp::login_throttles>("loginThrottles"),
                                         schema::field<&CleanedUp::handled_jobs>("handledJobs"));
    }
};

constexpr jobs::JobType<CleanUp> clean_up{"maintenance",
                                          "maintenance.clean_up",
                                          {.attempts = 3,
                                           .backoff = {"exponential", std::chrono::seconds(30)},
                                           .remove_on_complete = jobs::KeepJobs::last(100),
                                           .remove_on_fail = jobs::KeepJobs::last(100)}};

constexpr db::SystemQuery<void(std::int64_t)> remove_keys{
    {"maintenance.idempotency_keys",
     "delete from idempotency_keys where (tenant_id, principal_kind, route, key) in ("
     "  select tenant_id, principal_kind, route, key from idempotency_keys where expires_at < now() limit $1)",
     db::Kind::write}};
// A used token is kept as long as its session's others: its reuse is what gives a thief away.
constexpr db::SystemQuery<void(std::int64_t)> remove_tokens{
    {"maintenance.refresh_tokens",
     "delete from refresh_tokens where id in ("
     "  select t.id from refresh_tokens t join sessions s on s.id = t.session_id "
     "  where s.expires_at < now() - interval '30 days' limit $1)",
     db::Kind::write}};
constexpr db::SystemQuery<void(std::int64_t)> remove_throttles{
    {"maintenance.login_throttles",
     "delete from login_throttles where subject in ("
     "  select subject from login_throttles where updated_at < now() - interval '2 days' limit $1)",
     db::Kind::write}};
constexpr db::SystemQuery<void(std::int64_t)> remove_sessions{
    {"maintenance.sessions",
     "delete from sessions where id in ("
     "  select id from sessions s where expires_at < now() - interval '30 days' "
     "  and not exists (select from refresh_tokens t where t.session_id = s.id) limit $1)",
     db::Kind::write}};

async::Task<std::int64_t> remove_marks(app::JobScope scope) {
    std::int64_t removed = 0;
    for (std::int64_t last = portion; last == portion; removed += last)
        last = co_await jobs::remove_old_marks(scope.system_db(), portion);
    co_return removed;
}

// Portion by portion, so that no transaction is long.
async::Task<std::int64_t> remove_all(app::JobScope scope, const db::SystemQuery<void(std::int64_t)>* statement) {
    std::int64_t removed = 0;
    for (std::int64_t last = portion; last == portion; removed += last)
        last = co_await scope.system_db().run(*statement, portion);
    co_return removed;
}

async::Task<CleanedUp> remove_what_expired(jobs::Job<CleanUp>& job, app::JobScope scope) {
    CleanedUp done;
    done.idempotency_keys = co_await remove_all(scope, &remove_keys);
    done.refresh_tokens = co_await remove_all(scope, &remove_tokens);
    done.sessions = co_await remove_all(scope, &remove_sessions);
    done.login_throttles = co_await remove_all(scope, &remove_throttles);
    done.handled_jobs = co_await remove_marks(scope);
    job.logger().info("cleaned up", {{"idempotencyKeys", done.idempotency_keys}, {"sessions", done.sessions}});
    co_return done;
}

void handle_jobs(app::JobHandlers handlers) { handlers.on(clean_up, remove_what_expired); }

}  // namespace

app::Module maintenance_module() {
    return {.name = "maintenance",
            .statements = db::statements(remove_keys, remove_tokens, remove_sessions, remove_throttles),
            .jobs = handle_jobs,
            .schedules = {app::schedule(clean_up, CleanUp{}, {.pattern = "17 * * * *", .time_zone = "UTC"},
                                        "Removes expired idempotency keys, tokens, sessions and marks.")}};
}

}  // namespace pos
