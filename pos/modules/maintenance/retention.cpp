#include "pos/modules/maintenance/retention.h"

#include "jobs/once.h"

namespace pos {

namespace {

// Rows of one statement: few enough for its deadline and for those who wait behind it.
constexpr std::int64_t portion = 5'000;

using Removal = db::SystemQuery<void(std::int64_t)>;

constexpr Removal remove_keys{
    {"maintenance.idempotency_keys",
     "delete from idempotency_keys where (tenant_id, principal_kind, route, key) in ("
     "  select tenant_id, principal_kind, route, key from idempotency_keys where expires_at < now() limit $1)",
     db::Kind::write}};
// An hour longer than the predecessor of the newest may be sent again. A spent token that comes back later is told by its tag.
constexpr Removal remove_tokens{{"maintenance.refresh_tokens",
                                 "delete from refresh_tokens where id in ("
                                 "  select t.id from refresh_tokens t join sessions s on s.id = t.session_id "
                                 "  where t.used_at < now() - interval '25 hours' "
                                 "  or coalesce(s.revoked_at, s.expires_at) < now() - interval '30 days' limit $1)",
                                 db::Kind::write}};
constexpr Removal remove_throttles{{"maintenance.login_throttles",
                                    "delete from login_throttles where subject in ("
                                    "  select subject from login_throttles where updated_at < now() - interval '1 day' "
                                    "  and blocked_until < now() limit $1)",
                                    db::Kind::write}};
// They are also the memory of the addresses from which a user has signed in, so revoked ones stay as long as the others.
constexpr Removal remove_sessions{
    {"maintenance.sessions",
     "delete from sessions where id in ("
     "  select id from sessions s where expires_at < now() - interval '30 days' "
     "  and not exists (select from refresh_tokens t where t.session_id = s.id) limit $1)",
     db::Kind::write}};

constexpr Removal remove_account_tokens{
    {"maintenance.account_tokens",
     "delete from account_tokens where id in ("
     "  select id from account_tokens where expires_at < now() - interval '30 days' limit $1)",
     db::Kind::write}};
constexpr Removal remove_code_attempts{{"maintenance.code_attempts",
                                        "delete from code_attempts where id in ("
                                        "  select id from code_attempts where at < now() - interval '2 days' limit $1)",
                                        db::Kind::write}};
constexpr Removal remove_phone_verifications{
    {"maintenance.phone_verifications",
     "delete from phone_verifications where user_id in ("
     "  select user_id from phone_verifications where expires_at < now() - interval '1 day' limit $1)",
     db::Kind::write}};
constexpr Removal remove_notifications{
    {"maintenance.notifications",
     "delete from notifications where (tenant_id, id) in ("
     "  select tenant_id, id from notifications where created_at < now() - interval '90 days' limit $1)",
     db::Kind::write}};
constexpr Removal remove_failed_jobs{
    {"maintenance.failed_jobs",
     "delete from failed_jobs where (tenant_id, id) in ("
     "  select tenant_id, id from failed_jobs where failed_at < now() - interval '30 days' limit $1)",
     db::Kind::write}};
constexpr Removal remove_webhooks{
    {"maintenance.used_webhooks",
     "delete from used_webhooks where token in ("
     "  select token from used_webhooks where used_at < now() - interval '2 days' limit $1)",
     db::Kind::write}};

constexpr Removal remove_provider_events{
    {"maintenance.provider_events",
     "delete from provider_events where (tenant_id, id) in ("
     "  select tenant_id, id from provider_events where received_at < now() - interval '90 days' limit $1)",
     db::Kind::write}};

constexpr Removal remove_payout_results{
    {"maintenance.payout_results",
     "delete from payout_results where (tenant_id, id) in ("
     "  select tenant_id, id from payout_results where received_at < now() - interval '90 days' limit $1)",
     db::Kind::write}};

constexpr Removal remove_spending{
    {"maintenance.message_spending",
     "delete from message_spending where (tenant_id, day) in ("
     "  select tenant_id, day from message_spending where day < (now() - interval '90 days')::date limit $1)",
     db::Kind::write}};
constexpr Removal remove_counts{
    {"maintenance.message_counts",
     "delete from message_counts where (subject, day) in ("
     "  select subject, day from message_counts where day < (now() - interval '2 days')::date limit $1)",
     db::Kind::write}};
constexpr Removal remove_windows{
    {"maintenance.whatsapp_windows",
     "delete from whatsapp_windows where (scope, phone) in ("
     "  select scope, phone from whatsapp_windows where written_at < now() - interval '2 days' limit $1)",
     db::Kind::write}};
constexpr Removal remove_parked_reports{{"maintenance.parked_reports",
                                         "delete from parked_reports where (provider, provider_id, delivery) in ("
                                         "  select provider, provider_id, delivery from parked_reports "
                                         "  where received_at < now() - interval '30 days' limit $1)",
                                         db::Kind::write}};

// Whose files are gone.
constexpr Removal remove_report_runs{
    {"maintenance.report_runs",
     "delete from report_runs where (tenant_id, id) in ("
     "  select tenant_id, id from report_runs where created_at < now() - interval '1 year' "
     "  and not has_files and slot is null limit $1)",
     db::Kind::write}};
constexpr Removal remove_webhook_secrets{
    {"maintenance.webhook_secrets",
     "delete from webhook_secrets where (tenant_id, id) in ("
     "  select tenant_id, id from webhook_secrets where expires_at < now() - interval '30 days' limit $1)",
     db::Kind::write}};
constexpr Removal remove_webhook_attempts{
    {"maintenance.webhook_attempts",
     "delete from webhook_attempts where (tenant_id, id) in ("
     "  select tenant_id, id from webhook_attempts where started_at < now() - interval '30 days' limit $1)",
     db::Kind::write}};
constexpr Removal remove_webhook_deliveries{
    {"maintenance.webhook_deliveries",
     "delete from webhook_deliveries where (tenant_id, id) in ("
     "  select tenant_id, id from webhook_deliveries where settled_at < now() - interval '30 days' limit $1)",
     db::Kind::write}};
constexpr Removal remove_webhook_events{
    {"maintenance.webhook_events",
     "delete from webhook_events where (tenant_id, id) in ("
     "  select e.tenant_id, e.id from webhook_events e where e.recorded_at < now() - interval '30 days' "
     "  and not exists (select from webhook_deliveries d where d.tenant_id = e.tenant_id and d.event_id = e.id) "
     "  limit $1)",
     db::Kind::write}};

async::Task<std::int64_t> remove_marks(SystemDbMaker db) {
    std::int64_t removed = 0;
    for (std::int64_t last = portion; last == portion; removed += last)
        last = co_await jobs::remove_old_marks(db(), portion);
    co_return removed;
}

async::Task<std::int64_t> remove_all(SystemDbMaker db, const Removal* statement) {
    std::int64_t removed = 0;
    for (std::int64_t last = portion; last == portion; removed += last) last = co_await db().run(*statement, portion);
    co_return removed;
}

// One that fails does not keep the others from running.
async::Task<void> take_step(std::int64_t* removed, async::Task<std::int64_t> step, std::exception_ptr* failure) {
    try {
        *removed = co_await std::move(step);
    } catch (...) {
        if (!*failure) *failure = std::current_exception();
    }
}

}  // namespace

async::Task<CleanedUp> remove_expired(SystemDbMaker db) {
    CleanedUp done;
    std::exception_ptr failure;
    co_await take_step(&done.idempotency_keys, remove_all(db, &remove_keys), &failure);
    co_await take_step(&done.refresh_tokens, remove_all(db, &remove_tokens), &failure);
    co_await take_step(&done.sessions, remove_all(db, &remove_sessions), &failure);
    co_await take_step(&done.login_throttles, remove_all(db, &remove_throttles), &failure);
    co_await take_step(&done.handled_jobs, remove_marks(db), &failure);
    co_await take_step(&done.account_tokens, remove_all(db, &remove_account_tokens), &failure);
    co_await take_step(&done.code_attempts, remove_all(db, &remove_code_attempts), &failure);
    co_await take_step(&done.phone_verifications, remove_all(db, &remove_phone_verifications), &failure);
    co_await take_step(&done.notifications, remove_all(db, &remove_notifications), &failure);
    co_await take_step(&done.failed_jobs, remove_all(db, &remove_failed_jobs), &failure);
    co_await take_step(&done.used_webhooks, remove_all(db, &remove_webhooks), &failure);
    co_await take_step(&done.provider_events, remove_all(db, &remove_provider_events), &failure);
    co_await take_step(&done.payout_results, remove_all(db, &remove_payout_results), &failure);
    co_await take_step(&done.message_spending, remove_all(db, &remove_spending), &failure);
    co_await take_step(&done.message_counts, remove_all(db, &remove_counts), &failure);
    co_await take_step(&done.whatsapp_windows, remove_all(db, &remove_windows), &failure);
    co_await take_step(&done.parked_reports, remove_all(db, &remove_parked_reports), &failure);
    co_await take_step(&done.report_runs, remove_all(db, &remove_report_runs), &failure);
    co_await take_step(&done.webhook_secrets, remove_all(db, &remove_webhook_secrets), &failure);
    co_await take_step(&done.webhook_attempts, remove_all(db, &remove_webhook_attempts), &failure);
    co_await take_step(&done.webhook_deliveries, remove_all(db, &remove_webhook_deliveries), &failure);
    co_await take_step(&done.webhook_events, remove_all(db, &remove_webhook_events), &failure);
    if (failure) std::rethrow_exception(failure);
    co_return done;
}

std::vector<db::StatementView> retention_statements() {
    return db::statements(remove_keys, remove_tokens, remove_sessions, remove_throttles, remove_account_tokens,
                          remove_code_attempts, remove_phone_verifications, remove_notifications, remove_failed_jobs,
                          remove_webhooks, remove_provider_events, remove_payout_results, remove_spending,
                          remove_counts, remove_windows, remove_parked_reports, remove_report_runs,
                          remove_webhook_secrets, remove_webhook_attempts, remove_webhook_deliveries,
                          remove_webhook_events);
}

}  // namespace pos
