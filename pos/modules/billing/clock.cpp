#include "pos/modules/billing/clock.h"

#include <fmt/format.h>

#include "pos/modules/billing/plans.h"
#include "pos/modules/notifications/notifier.h"
#include "pos/plumbing/money_text.h"

namespace pos {

namespace {

using billing::SubscriptionAccount;
using db::Kind;

constexpr std::int64_t at_once = 500;

struct RunBilling {
    friend constexpr auto describe(RunBilling*) { return schema::object<RunBilling>("RunBilling"); }
};
constexpr jobs::JobType<RunBilling> run_job{"maintenance",
                                            "billing.run",
                                            {.attempts = 3,
                                             .backoff = {"exponential", std::chrono::seconds(30)},
                                             .remove_on_complete = jobs::KeepJobs::last(100),
                                             .remove_on_fail = jobs::KeepJobs::last(100)}};

// ---- Statements --------------------------------------------------------------------------------------------------

// Where a day of the plan may have come. Days are the shops' own: one more is looked at.
constexpr db::SystemQuery<TenantId(TenantId, base::Timestamp, std::int64_t)> due_after{
    {"billing.due_after",
     "select s.tenant_id from subscriptions s join tenants t on t.id = s.tenant_id and t.status <> 'closed' "
     "where s.state not in ('suspended', 'cancelled') and s.period_end <= ($2::timestamptz at time zone 'UTC')::date + "
     "8 "
     "and s.tenant_id > $1 order by s.tenant_id limit $3",
     Kind::read}};
constexpr db::SystemQuery<TenantId(TenantId, std::int64_t)> without_one_after{
    {"billing.without_one_after",
     "select t.id from tenants t where t.status = 'active' and t.id > $1 "
     "and not exists (select from subscriptions s where s.tenant_id = t.id) order by t.id limit $2",
     Kind::read}};

// Somebody may be paying it now, or nobody knows whether they have.
// What is begun when the shop is to be shut keeps it open no longer.
constexpr db::Query<bool(InvoiceId, base::Date)> is_undecided{
    {"billing.is_undecided",
     "select exists (select from payment_intents where tenant_id = $1 and purpose = 'subscription' and subject_id = $2 "
     "and state in ('created', 'sent', 'pending', 'unknown') and created_at < $3::date::timestamptz)",
     Kind::point}};

struct Owner {
    UserId id;
    std::string email;
    Locale locale = Locale::english;
    std::string shop;

    friend constexpr auto describe(Owner*) {
        return schema::object<Owner>("BillingOwner", schema::field<&Owner::id>("id"),
                                     schema::field<&Owner::email>("email"), schema::field<&Owner::locale>("locale"),
                                     schema::field<&Owner::shop>("shop"));
    }
};
constexpr db::Query<Owner()> owners{
    {.name = "billing.owners",
     .sql = "select u.id, u.email, u.locale, t.name as shop from memberships m "
            "join tenants t on t.id = m.tenant_id "
            "join users u on u.id = m.user_id and u.disabled_at is null "
            "where m.tenant_id = $1 and m.status = 'active' and m.deleted_at is null and exists ("
            "  select from membership_roles mr join roles r on r.tenant_id = mr.tenant_id and r.id = mr.role_id "
            "  where mr.tenant_id = m.tenant_id and mr.membership_id = m.id and r.built_in = 'owner' "
            "  and r.deleted_at is null) order by u.id limit 20",
     .kind = Kind::point,
     .as_system = true}};

// ---- One shop ----------------------------------------------------------------------------------------------------

struct Clock {
    app::JobScope scope;
    std::vector<Plan> plans;
    BillingRun done;
};

const Plan* plan_of(const Clock& clock, std::string_view code) {
    const auto found = std::ranges::find(clock.plans, code, &Plan::code);
    return found == clock.plans.end() ? nullptr : &*found;
}

const Plan* default_plan(const Clock& clock) {
    const auto found = std::ranges::find_if(clock.plans, [](const Plan& plan) { return plan.is_default; });
    return found == clock.plans.end() ? nullptr : &*found;
}

// A plan's present price; that of a plan that is no longer there stays.
PlanTerms next_terms(const Clock& clock, const Subscription& row) {
    const auto* plan = plan_of(clock, row.next_plan_code.value_or(row.terms.plan_code));
    return plan != nullptr && plan->currency == row.terms.currency ? billing::terms_of(*plan) : row.terms;
}

void add_mail(db::Batch& batch, const Notifier& notifier, const SubscriptionAccount& account, std::size_t step,
              const Owner& owner) {
    static_assert(static_cast<std::size_t>(SubscriptionNotice::suspended) + 1 == billing::dunning_plan.size());
    const auto& invoice = *account.invoice;
    const SubscriptionMail mail{.notice = static_cast<SubscriptionNotice>(step),
                                .shop = owner.shop,
                                .plan = invoice.terms.plan_name,
                                .amount = money_text(account.due(), invoice.terms.currency),
                                .due_on = base::format_date(invoice.due_on),
                                .suspended_on = base::format_date(account.row.grace_until)};
    const auto name = billing::dunning_plan.at(step).name;
    notifier.add(batch, mail,
                 {.key = fmt::format("{}{}:{}", billing::notice_keys(invoice.id), name, owner.id.to_string()),
                  .recipient = owner.email,
                  .locale = owner.locale,
                  .user = owner.id});
}

async::Task<billing::Standing> standing_of(db::Db tx, const SubscriptionAccount* account) {
    const auto& row = account->row;
    billing::Standing standing{.state = row.state,
                               .period_end = row.period_end,
                               .grace_until = row.grace_until,
                               .cancels_at_end = row.cancels_at_end,
                               .has_open_invoice = account->invoice.has_value()};
    if (account->invoice) {
        standing.notices = account->invoice->notices;
        standing.is_undecided = co_await tx.only(is_undecided, account->invoice->id, row.grace_until);
    }
    co_return standing;
}

struct Step {
    std::optional<SubscriptionAccount> account;
    BillingRun done;
};

async::Task<void> move_on(db::ActingDb tx, db::Batch* batch, const Clock* clock, Step* step) {
    auto& account = *step->account;
    auto next = billing::next_of(co_await standing_of(tx, &account), account.today);
    if (next.bills) {
        account.bill(next_terms(*clock, account.row));
        ++step->done.invoices;
        if (account.settle(std::nullopt)) co_return;
        next = billing::next_of(co_await standing_of(tx, &account), account.today);
    }
    if (next.state != account.row.state) {
        if (next.state == SubscriptionState::suspended) ++step->done.suspended;
        if (next.state == SubscriptionState::cancelled) ++step->done.ended;
        account.row.state = next.state;
    }
    if (!next.notice) co_return;
    account.invoice->notices = static_cast<std::int32_t>(*next.notice) + 1;
    ++step->done.notices;
    const auto& notifier = clock->scope.use<Notifier>();
    if (!notifier.is_on()) co_return;
    for (const auto& owner : co_await tx.all(owners)) add_mail(*batch, notifier, account, *next.notice, owner);
}

// In one transaction, which may run again.
async::Task<BillingRun> step_of(db::ActingDb tx, const Clock* clock, bool may_begin) {
    auto batch = tx.batch();
    std::vector<Change> changes;
    const EffectsIn in{tx, &batch, &changes, &clock->scope.use<Runtime>()};
    Step step;
    step.account = co_await SubscriptionAccount::open_live(in);
    if (!step.account && may_begin) {
        const auto* plan = default_plan(*clock);
        // Somebody may have begun and ended one since the list was read.
        if (plan == nullptr || co_await tx.only(billing::had_subscription)) co_return step.done;
        step.account = co_await SubscriptionAccount::begin(in, billing::terms_of(*plan), plan->trial_days);
        ++step.done.begun;
    }
    if (!step.account) co_return step.done;
    co_await move_on(tx, &batch, clock, &step);
    step.account->save();
    if (!changes.empty()) record_changes(batch, changes, std::nullopt);
    if (batch.size() > 0) co_await batch.commit();
    co_return step.done;
}

async::Task<void> do_shop(Clock* clock, TenantId tenant, bool may_begin) {
    const auto db = clock->scope.system_db().as_tenant(tenant.uuid());
    BillingRun done;
    try {
        done = co_await db.transaction([clock, may_begin](db::ActingDb tx) { return step_of(tx, clock, may_begin); });
    } catch (const base::Failure& failure) {
        // Another run has begun the same at this moment.
        if (failure.code() != errors::subscription_live) throw;
    }
    clock->done.begun += done.begun;
    clock->done.invoices += done.invoices;
    clock->done.notices += done.notices;
    clock->done.suspended += done.suspended;
    clock->done.ended += done.ended;
}

async::Task<std::vector<TenantId>> portion_after(const Clock* clock, TenantId last, bool may_begin) {
    const auto db = clock->scope.system_db();
    if (may_begin) co_return co_await db.all(without_one_after, last, at_once);
    co_return co_await db.all(due_after, last, clock->scope.use<Runtime>().now(), at_once);
}

// The others have theirs; those that failed are tried again by the job.
async::Task<std::exception_ptr> do_all(Clock* clock, bool may_begin) {
    std::exception_ptr failure;
    TenantId last;
    for (;;) {
        const auto portion = co_await portion_after(clock, last, may_begin);
        for (const auto tenant : portion) {
            try {
                co_await do_shop(clock, tenant, may_begin);
            } catch (...) {
                failure = std::current_exception();
            }
        }
        if (std::ssize(portion) < at_once) break;
        last = portion.back();
    }
    co_return failure;
}

async::Task<BillingRun> run(jobs::Job<RunBilling>& job, app::JobScope scope) {
    const auto done = co_await run_billing(scope);
    job.logger().info("billed", {{"begun", done.begun},
                                 {"invoices", done.invoices},
                                 {"notices", done.notices},
                                 {"suspended", done.suspended},
                                 {"ended", done.ended}});
    co_return done;
}

}  // namespace

async::Task<BillingRun> run_billing(app::JobScope scope) {
    Clock clock{scope, co_await scope.system_db().all(billing::every_plan), {}};
    auto failure = co_await do_all(&clock, false);
    if (default_plan(clock) != nullptr) {
        auto beginning = co_await do_all(&clock, true);
        if (!failure) failure = std::move(beginning);
    }
    if (failure) std::rethrow_exception(failure);
    co_return clock.done;
}

void handle_billing_jobs(app::JobHandlers handlers) { handlers.on_system(run_job, run); }

std::vector<app::Schedule> billing_schedules() {
    return {app::schedule(run_job, RunBilling{}, {.pattern = "23 * * * *", .time_zone = "UTC"},
                          "Makes the invoices of subscriptions, moves their states and writes the reminders.")};
}

std::vector<db::StatementView> clock_statements() {
    return db::statements(due_after, without_one_after, is_undecided, owners);
}

}  // namespace pos
