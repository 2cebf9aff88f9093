#include "pos/modules/payouts/jobs.h"

#include <map>

#include "pos/modules/payments/measures.h"

namespace pos {

namespace {

using namespace std::chrono_literals;

struct Sweep {
    friend constexpr auto describe(Sweep*) { return schema::object<Sweep>("SweepPayouts"); }
};
constexpr jobs::JobType<Sweep> sweep_job{"payments",
                                         "payouts.sweep",
                                         {.attempts = 1,
                                          .remove_on_complete = jobs::KeepJobs::last(10),
                                          .remove_on_fail = jobs::KeepJobs::last(100),
                                          .timeout = 1min}};

struct ResumePayout {
    PayoutId id;

    friend constexpr auto describe(ResumePayout*) {
        return schema::object<ResumePayout>("ResumePayout", schema::field<&ResumePayout::id>("id"));
    }
};
// Once: what fails is due again by its row.
constexpr jobs::JobType<ResumePayout> resume_job{
    "payments",
    "payouts.resume",
    {.attempts = 1,
     .remove_on_complete = jobs::KeepJobs{.count = 1'000, .age_seconds = 3'600},
     .remove_on_fail = jobs::KeepJobs{.count = 1'000, .age_seconds = 86'400},
     .timeout = 2min}};

struct DuePayout {
    base::Uuid tenant_id;
    PayoutId id;

    friend constexpr auto describe(DuePayout*) {
        return schema::object<DuePayout>("DuePayout", schema::field<&DuePayout::tenant_id>("tenantId"),
                                         schema::field<&DuePayout::id>("id"));
    }
};

constexpr std::int64_t most_at_once = 500;

// The lease is longer than the job of one may take.
constexpr db::SystemQuery<DuePayout(std::int64_t)> take_due{
    {"payouts.take_due",
     "update payouts p set next_look_at = now() + interval '5 minutes' from ("
     "  select tenant_id, id from payouts where next_look_at <= now() order by next_look_at limit $1 "
     "  for no key update skip locked) due "
     "where p.tenant_id = due.tenant_id and p.id = due.id returning p.tenant_id, p.id",
     db::Kind::write}};

// Reversals are refunds, and counted as such.
constexpr db::SystemQuery<UndecidedMoney(std::int64_t)> undecided_payouts{
    {"payouts.count_undecided",
     "select provider, count(*) as rows, extract(epoch from now() - min(created_at))::double precision as "
     "oldest_seconds "
     "from (select provider, created_at from payouts "
     "  where next_look_at is not null and state = 'unknown' and kind = 'payout' limit $1) as undecided "
     "group by provider",
     db::Kind::read}};

// The lease and the jobs are one transaction. How many were taken.
async::Task<std::int64_t> take(db::SystemDb tx, Runtime* runtime) {
    const auto rows = co_await tx.all(take_due, most_at_once);
    std::map<base::Uuid, std::vector<PayoutId>> by_tenant;
    for (const auto& row : rows) by_tenant[row.tenant_id].push_back(row.id);
    for (const auto& [tenant, due] : by_tenant) {
        auto batch = tx.as_tenant(tenant).batch();
        for (const auto& id : due) runtime->outbox().add(batch, resume_job, ResumePayout{id});
        co_await batch.commit();
    }
    co_return std::ssize(rows);
}

async::Task<void> run_sweep(jobs::Job<Sweep>& /*job*/, app::JobScope scope) {
    co_await sweep_payouts(scope.system_db(), &scope.use<PayoutOrders>());
}
async::Task<void> run_resume(jobs::Job<ResumePayout>& job, app::TenantScope scope) {
    constexpr auto longest = 90s;
    client::Call call;
    call.deadline = async::Loop::now() + longest;
    call.span = job.span();
    std::ignore = co_await scope.use<PayoutOrders>().resume(scope.db(longest), job.data().id, std::move(call));
}

}  // namespace

async::Task<void> sweep_payouts(db::SystemDb db, PayoutOrders* payouts) {
    auto* runtime = &payouts->runtime();
    // A day's backlog is not one sweep's.
    for (int portion = 0; portion < 20; ++portion) {
        const auto taken = co_await db.transaction([&](db::SystemDb tx) { return take(tx, runtime); });
        if (taken < most_at_once) co_return;
    }
}

async::Task<void> measure_payouts(db::SystemDb db, observe::Metrics* metrics) {
    const auto found = co_await db.all(undecided_payouts, most_undecided);
    tell_undecided(*metrics, "payout", found);
}

void add_payout_jobs(app::JobHandlers handlers) {
    handlers.on_system(sweep_job, run_sweep);
    handlers.on(resume_job, run_resume);
}

std::vector<app::Schedule> payout_schedules() {
    return {app::schedule(sweep_job, Sweep{}, {.every = 15s}, "Sends and asks after payouts that nobody has told of.")};
}

std::vector<db::StatementView> payout_job_statements() { return db::statements(take_due, undecided_payouts); }

}  // namespace pos
