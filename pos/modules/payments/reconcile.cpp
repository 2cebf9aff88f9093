#include "pos/modules/payments/reconcile.h"

#include <map>

#include "client/outcome.h"
#include "pos/modules/payments/c2b.h"
#include "pos/modules/payments/c2b_statements.h"
#include "pos/modules/payments/move.h"
#include "pos/modules/payments/provider_events.h"

namespace pos {

namespace {

using namespace std::chrono_literals;

// ---- Jobs --------------------------------------------------------------------------------------------------------

struct Sweep {
    friend constexpr auto describe(Sweep*) { return schema::object<Sweep>("SweepPayments"); }
};
constexpr jobs::JobType<Sweep> sweep_payments{"payments",
                                              "payments.sweep",
                                              {.attempts = 1,
                                               .remove_on_complete = jobs::KeepJobs::last(10),
                                               .remove_on_fail = jobs::KeepJobs::last(100),
                                               .timeout = 1min}};
constexpr jobs::JobType<Sweep> find_unexplained_payments{"payments",
                                                         "payments.find_unexplained",
                                                         {.attempts = 3,
                                                          .backoff = {"exponential", 30s},
                                                          .remove_on_complete = jobs::KeepJobs::last(10),
                                                          .remove_on_fail = jobs::KeepJobs::last(100),
                                                          .timeout = 1min}};

struct AskRefund {
    RefundId id;

    friend constexpr auto describe(AskRefund*) {
        return schema::object<AskRefund>("AskRefund", schema::field<&AskRefund::id>("id"));
    }
};
constexpr jobs::JobType<AskRefund> ask_refund{
    "payments",
    "payments.ask_refund",
    {.attempts = 1,
     .remove_on_complete = jobs::KeepJobs{.count = 1'000, .age_seconds = 3'600},
     .remove_on_fail = jobs::KeepJobs{.count = 1'000, .age_seconds = 86'400},
     .timeout = 2min}};

struct SettleWaiting {
    IntentId id;

    friend constexpr auto describe(SettleWaiting*) {
        return schema::object<SettleWaiting>("SettleWaiting", schema::field<&SettleWaiting::id>("id"));
    }
};
constexpr jobs::JobType<SettleWaiting> settle_waiting{
    "payments",
    "payments.settle_waiting",
    {.attempts = 1,
     .remove_on_complete = jobs::KeepJobs{.count = 1'000, .age_seconds = 3'600},
     .remove_on_fail = jobs::KeepJobs{.count = 1'000, .age_seconds = 86'400},
     .timeout = 1min}};

struct PullAccount {
    PaymentAccountId id;

    friend constexpr auto describe(PullAccount*) {
        return schema::object<PullAccount>("PullAccount", schema::field<&PullAccount::id>("id"));
    }
};
constexpr jobs::JobType<PullAccount> pull_payments{
    "payments",
    "payments.pull",
    {.attempts = 3,
     .backoff = {"exponential", 1min, 0.3},
     .remove_on_complete = jobs::KeepJobs{.count = 1'000, .age_seconds = 86'400},
     .remove_on_fail = jobs::KeepJobs{.count = 1'000, .age_seconds = 86'400},
     .timeout = 10min}};

// ---- What is due -------------------------------------------------------------------------------------------------

constexpr std::int64_t most_at_once = 500;
constexpr std::string_view lost_pull = "the provider's list is not whole";
constexpr std::string_view lost_list = "the provider's list of refunds is not whole";

struct DueIntent {
    base::Uuid tenant_id;
    IntentId id;

    friend constexpr auto describe(DueIntent*) {
        return schema::object<DueIntent>("DueIntent", schema::field<&DueIntent::tenant_id>("tenantId"),
                                         schema::field<&DueIntent::id>("id"));
    }
};
struct DueRefund {
    base::Uuid tenant_id;
    RefundId id;

    friend constexpr auto describe(DueRefund*) {
        return schema::object<DueRefund>("DueRefund", schema::field<&DueRefund::tenant_id>("tenantId"),
                                         schema::field<&DueRefund::id>("id"));
    }
};
struct DueEvent {
    base::Uuid tenant_id;
    ProviderEventId id;

    friend constexpr auto describe(DueEvent*) {
        return schema::object<DueEvent>("DueEvent", schema::field<&DueEvent::tenant_id>("tenantId"),
                                        schema::field<&DueEvent::id>("id"));
    }
};
struct DueAccount {
    base::Uuid tenant_id;
    PaymentAccountId id;

    friend constexpr auto describe(DueAccount*) {
        return schema::object<DueAccount>("DueAccount", schema::field<&DueAccount::tenant_id>("tenantId"),
                                          schema::field<&DueAccount::id>("id"));
    }
};

// The lease is longer than the job of one may take.
constexpr db::SystemQuery<DueIntent(std::int64_t)> take_due_intents{
    {"payments.take_due_intents",
     "update payment_intents i set next_query_at = now() + interval '5 minutes' from ("
     "  select tenant_id, id from payment_intents where next_query_at <= now() order by next_query_at limit $1 "
     "  for no key update skip locked) due "
     "where i.tenant_id = due.tenant_id and i.id = due.id returning i.tenant_id, i.id",
     db::Kind::write}};
constexpr db::SystemQuery<DueEvent(std::int64_t)> take_due_events{
    {"payments.take_due_events",
     "update provider_events e set due_at = now() + interval '5 minutes' from ("
     "  select tenant_id, id from provider_events where due_at <= now() order by due_at limit $1 "
     "  for no key update skip locked) due "
     "where e.tenant_id = due.tenant_id and e.id = due.id returning e.tenant_id, e.id",
     db::Kind::write}};
// Undecided for ten minutes; the older it is, the rarer it is asked after.
constexpr db::SystemQuery<DueRefund(std::int64_t)> take_due_refunds{
    {"payments.take_due_refunds",
     "update payment_refunds r set updated_at = now() from ("
     "  select tenant_id, id from payment_refunds where state in ('pending', 'unknown') "
     "  and updated_at <= now() - interval '10 minutes' "
     "  and updated_at <= now() - least((now() - created_at) / 2, interval '1 day') order by updated_at limit $1 "
     "  for no key update skip locked) due "
     "where r.tenant_id = due.tenant_id and r.id = due.id and not r.by_hand returning r.tenant_id, r.id",
     db::Kind::write}};
// Paid, and their sale has come in the meantime, or a day is over. What is used is none of it; what is on its way back is looked at when
// that is decided, and what is left of one when the day is over.
constexpr db::SystemQuery<void()> used_wait_no_more{
    {"payments.used_wait_no_more",
     "update payment_intents i set waits = false from payments p where i.waits and p.tenant_id = i.tenant_id "
     "and p.intent_id = i.id and p.status <> 'unverified'",
     db::Kind::write}};
// On the list of what is owed back, or kept: a sale that still comes has to name it.
constexpr db::SystemQuery<void()> old_wait_no_more{
    {"payments.old_wait_no_more",
     "update payment_intents set waits = false where waits and paid_at < now() - interval '30 days' "
     "and concern in ('subject_missing', 'subject_unfit')",
     db::Kind::write}};
constexpr db::SystemQuery<DueIntent(std::int64_t)> waiting_intents{
    {"payments.waiting_intents",
     "select i.tenant_id, i.id from payment_intents i where i.waits and i.refund_held = 0 "
     "and not i.disputed and (("
     "  i.paid_at < now() - interval '24 hours' and coalesce(i.concern, '') not in ('subject_missing', "
     "'subject_unfit')) "
     "or exists (select from payments p where p.tenant_id = i.tenant_id and p.intent_id = i.id "
     "  and (i.concern is distinct from 'subject_unfit' or exists (select from payment_refund_tasks t "
     "    where t.tenant_id = i.tenant_id and t.intent_id = i.id and t.state = 'dismissed'))) or i.refunded = 0 and ("
     "  exists (select from sales s where s.tenant_id = i.tenant_id and s.client_request_id = i.subject_id) "
     "  or exists (select from sales s where s.tenant_id = i.tenant_id and s.id = i.subject_id))) "
     "order by i.paid_at limit $1",
     db::Kind::read}};
// With an attempt of which nobody knows the end, money that pays nothing yet, or a code that was typed and is not proved.
constexpr db::SystemQuery<DueAccount(std::vector<std::string>, std::int64_t)> unexplained_accounts{
    {"payments.unexplained_accounts",
     "select a.tenant_id, a.id from payment_accounts a where a.provider = any($1) and a.owner = 'tenant' "
     "and a.deleted_at is null and ("
     "  exists (select from payment_intents i where i.tenant_id = a.tenant_id and i.account_id = a.id "
     "    and i.state not in ('created', 'succeeded', 'refunded') and i.created_at > now() - interval '48 hours') "
     "  or exists (select from payment_intents i where i.tenant_id = a.tenant_id and i.account_id = a.id "
     "    and i.state = 'succeeded' and i.receipt_code is null and i.created_at > now() - interval '48 hours') "
     "  or exists (select from c2b_payments c where c.tenant_id = a.tenant_id and c.account_id = a.id "
     "    and c.state = 'unmatched' and c.received_at > now() - interval '48 hours') "
     "  or exists (select from payments p where p.tenant_id = a.tenant_id and p.status = 'unverified' "
     "    and p.recorded_at > now() - interval '48 hours')) "
     "order by a.tenant_id, a.id limit $2",
     db::Kind::read}};

constexpr db::Query<void(PaymentAccountId, base::Timestamp)> set_pulled_until{
    {"payments.set_pulled_until",
     "update payment_accounts set pulled_until = greatest(coalesce(pulled_until, $3), $3) "
     "where tenant_id = $1 and id = $2",
     db::Kind::write}};
constexpr db::Query<std::string(PaymentAccountId, std::int64_t)> unmatched_receipts{
    {"payments.unmatched_receipts",
     "select receipt from c2b_payments where tenant_id = $1 and account_id = $2 and state = 'unmatched' and proven "
     "and received_at > now() - interval '48 hours' order by received_at desc limit $3",
     db::Kind::read}};

template <class Row, class Type, class Make>
async::Task<void> make_jobs(db::SystemDb tx, std::vector<Row> rows, const Type* type, Make make, Runtime* runtime) {
    std::map<base::Uuid, std::vector<Row>> by_tenant;
    for (auto& row : rows) by_tenant[row.tenant_id].push_back(row);
    for (const auto& [tenant, due] : by_tenant) {
        auto batch = tx.as_tenant(tenant).batch();
        for (const auto& row : due) runtime->outbox().add(batch, *type, make(row));
        co_await batch.commit();
    }
}

// The lease and the jobs are one transaction. How many were taken.
async::Task<std::int64_t> take_intents(db::SystemDb tx, Runtime* runtime) {
    auto rows = co_await tx.all(take_due_intents, most_at_once);
    const auto count = std::ssize(rows);
    co_await make_jobs(
        tx, std::move(rows), &resume_payment, [](const DueIntent& due) { return ResumeIntent{due.id}; }, runtime);
    co_return count;
}
async::Task<std::int64_t> take_events(db::SystemDb tx, Runtime* runtime) {
    auto rows = co_await tx.all(take_due_events, most_at_once);
    const auto count = std::ssize(rows);
    co_await make_jobs(
        tx, std::move(rows), &read_provider_event, [](const DueEvent& due) { return ReadProviderEvent{due.id}; },
        runtime);
    co_return count;
}
async::Task<std::int64_t> take_refunds(db::SystemDb tx, Runtime* runtime) {
    auto rows = co_await tx.all(take_due_refunds, most_at_once);
    const auto count = std::ssize(rows);
    co_await make_jobs(
        tx, std::move(rows), &ask_refund, [](const DueRefund& due) { return AskRefund{due.id}; }, runtime);
    co_return count;
}
async::Task<void> take_waiting(db::SystemDb tx, Runtime* runtime) {
    co_await tx.run(used_wait_no_more);
    co_await tx.run(old_wait_no_more);
    auto rows = co_await tx.all(waiting_intents, most_at_once);
    co_await make_jobs(
        tx, std::move(rows), &settle_waiting, [](const DueIntent& due) { return SettleWaiting{due.id}; }, runtime);
}

// ---- What came in ------------------------------------------------------------------------------------------------

constexpr auto provider_remembers = 48h;
constexpr auto overlap = 2h;  // lists are not complete at once

struct Pulling {
    ClaimFrom from;
    PaymentIntents* intents = nullptr;
};
async::Task<ClaimTaken> take_pulled(db::Db tx, const Pulling* pulling) {
    return take_claim(tx, pulling->intents, &pulling->from);
}

async::Task<void> take_all_pulled(db::Db db, PaymentIntents* intents, const PaymentAccount* account,
                                  std::vector<::payments::Claim> claims) {
    const auto now = intents->runtime().now();
    for (auto& claim : claims) {
        const Pulling pulling{.from = {.account = *account, .claim = std::move(claim), .received_at = now},
                              .intents = intents};
        co_await db.transaction([&](db::Db tx) { return take_pulled(tx, &pulling); });
    }
}

// ---- Handlers ----------------------------------------------------------------------------------------------------

async::Task<void> run_sweep(jobs::Job<Sweep>& /*job*/, app::JobScope scope) {
    co_await sweep(scope.system_db(), &scope.use<PaymentIntents>());
}
async::Task<void> run_find_unexplained(jobs::Job<Sweep>& /*job*/, app::JobScope scope) {
    co_await find_unexplained(scope.system_db(), &scope.use<PaymentIntents>());
}
async::Task<void> run_event(jobs::Job<ReadProviderEvent>& job, app::TenantScope scope) {
    co_await process_event(scope.db(), &scope.use<PaymentIntents>(), job.data().id);
}
async::Task<void> run_resume(jobs::Job<ResumeIntent>& job, app::TenantScope scope) {
    constexpr auto longest = 90s;
    client::Call call;
    call.deadline = async::Loop::now() + longest;
    call.span = job.span();
    co_await resume_intent(scope.db(longest), &scope.use<PaymentIntents>(), job.data().id, std::move(call));
}
async::Task<void> run_ask_refund(jobs::Job<AskRefund>& job, app::TenantScope scope) {
    constexpr auto longest = 90s;
    client::Call call;
    call.deadline = async::Loop::now() + longest;
    call.span = job.span();
    std::ignore = co_await scope.use<PaymentIntents>().ask_refund(scope.db(longest), job.data().id, std::move(call));
}
async::Task<void> run_ask_refunds(jobs::Job<AskRefunds>& job, app::TenantScope scope) {
    constexpr auto longest = 90s;
    client::Call call;
    call.deadline = async::Loop::now() + longest;
    call.span = job.span();
    auto& intents = scope.use<PaymentIntents>();
    const auto asked = job.data();
    const bool is_answered = asked.refund
                                 ? co_await intents.ask_failed_refund(scope.db(longest), *asked.refund, std::move(call))
                                 : co_await intents.ask_refunds(scope.db(longest), asked.id, std::move(call));
    if (!is_answered) throw base::Failure(client::errors::unavailable, std::string(lost_list));
}
async::Task<void> run_settle_waiting(jobs::Job<SettleWaiting>& job, app::TenantScope scope) {
    auto* intents = &scope.use<PaymentIntents>();
    const auto id = job.data().id;
    co_await scope.db().transaction([&](db::Db tx) { return intents->settle_waiting(tx, id); });
}
async::Task<void> run_pull(jobs::Job<PullAccount>& job, app::TenantScope scope) {
    constexpr auto longest = 9min;
    client::Call call;
    call.deadline = async::Loop::now() + longest;
    call.span = job.span();
    if (!co_await pull_account(scope.db(longest), &scope.use<PaymentIntents>(), job.data().id, std::move(call)))
        throw base::Failure(client::errors::unavailable, std::string(lost_pull));
}

}  // namespace

async::Task<void> sweep(db::SystemDb db, PaymentIntents* intents) {
    auto* runtime = &intents->runtime();
    co_await db.transaction([&](db::SystemDb tx) { return take_waiting(tx, runtime); });
    // A day's backlog is not one sweep's.
    for (int portion = 0; portion < 20; ++portion) {
        const auto some = co_await db.transaction([&](db::SystemDb tx) { return take_intents(tx, runtime); });
        const auto more = co_await db.transaction([&](db::SystemDb tx) { return take_events(tx, runtime); });
        const auto back = co_await db.transaction([&](db::SystemDb tx) { return take_refunds(tx, runtime); });
        if (std::max({some, more, back}) < most_at_once) co_return;
    }
}

async::Task<void> find_unexplained(db::SystemDb db, PaymentIntents* intents) {
    std::vector<std::string> pulling;
    for (const auto& provider : intents->providers().all()) {
        if (provider->traits().pulls) pulling.emplace_back(provider->traits().name);
    }
    constexpr std::int64_t most_accounts = 5'000;
    auto accounts = co_await db.all(unexplained_accounts, pulling, most_accounts);
    co_await make_jobs(
        db, std::move(accounts), &pull_payments, [](const DueAccount& due) { return PullAccount{due.id}; },
        &intents->runtime());
}

async::Task<void> resume_intent(db::Db db, PaymentIntents* intents, IntentId id, client::Call call) {
    co_await intents->resume(db, id, std::move(call));
}

async::Task<bool> pull_account(db::Db db, PaymentIntents* intents, PaymentAccountId id, client::Call call) {
    const auto account = co_await db.one(intents::account_by_id, id);
    if (!account || account->owner != AccountOwner::tenant) co_return true;
    auto& provider = intents->provider_of(account->provider);
    if (!provider.traits().pulls) co_return true;
    const auto now = intents->runtime().now();
    auto since = now - provider_remembers;
    if (account->pulled_until) since = std::max(since, *account->pulled_until - overlap);
    auto pulled = co_await provider.pull(intents->open(db.tenant(), *account), since, std::move(call));
    co_await take_all_pulled(db, intents, &*account, std::move(pulled.claims));
    if (pulled.whole) co_await db.run(set_pulled_until, id, now);
    // Something may have come meanwhile that it pays.
    for (const auto& receipt : co_await db.all(unmatched_receipts, id, most_at_once))
        co_await match_again(db, intents, account->provider, receipt);
    co_return pulled.whole || !pulled.is_offered;
}

async::Task<void> ask_refunds_later(db::Db tx, jobs::Outbox* outbox, IntentId id, std::optional<RefundId> refund) {
    auto batch = tx.batch();
    const auto of = refund ? "refund " + refund->to_string() : "refunds " + id.to_string();
    outbox->add(batch, ask_refunds, AskRefunds{id, refund},
                {.deduplication = jobs::Deduplication{.id = of, .keep_last_if_active = true}});
    co_await batch.commit();
}

void add_reconciliation(app::JobHandlers handlers) {
    handlers.on_system(sweep_payments, run_sweep);
    handlers.on_system(find_unexplained_payments, run_find_unexplained);
    handlers.on(read_provider_event, run_event);
    handlers.on(resume_payment, run_resume);
    handlers.on(ask_refund, run_ask_refund);
    handlers.on(ask_refunds, run_ask_refunds);
    handlers.on(settle_waiting, run_settle_waiting);
    handlers.on(pull_payments, run_pull);
}

std::vector<app::Schedule> reconciliation_schedules() {
    return {app::schedule(sweep_payments, Sweep{}, {.every = 15s},
                          "Asks after payments that nobody has told of, and reads what was left unread."),
            app::schedule(find_unexplained_payments, Sweep{}, {.pattern = "23 * * * *", .time_zone = "UTC"},
                          "Has payments pulled for accounts with something unexplained.")};
}

std::vector<db::StatementView> reconciliation_statements() {
    return db::statements(take_due_intents, take_due_events, take_due_refunds, used_wait_no_more, old_wait_no_more,
                          waiting_intents, unexplained_accounts, set_pulled_until, unmatched_receipts);
}

}  // namespace pos
