#include "pos/modules/billing/module.h"

#include "auth/authenticator.h"
#include "auth/caller.h"
#include "http/middleware/conditional.h"
#include "pos/modules/auth/step_up.h"
#include "pos/modules/billing/account.h"
#include "pos/modules/billing/clock.h"
#include "pos/modules/billing/effects.h"
#include "pos/modules/billing/entitlement.h"
#include "pos/modules/billing/pay.h"
#include "pos/modules/billing/plans.h"
#include "pos/modules/files/settings.h"
#include "pos/modules/payments/intents.h"
#include "pos/plumbing/audit.h"
#include "pos/plumbing/plan_limits.h"

namespace pos {

namespace {

using billing::SubscriptionAccount;

// ---- What clients send and get -----------------------------------------------------------------------------------

struct PlanList {
    std::vector<Plan> data;

    friend constexpr auto describe(PlanList*) {
        return schema::object<PlanList>("PlanList", schema::field<&PlanList::data>("data"));
    }
};

struct SubscriptionView {
    std::optional<Subscription> subscription;
    std::optional<SubscriptionInvoice> open_invoice;
    base::Money credit;
    std::string entitlement;
    base::Timestamp offline_until;
    StorageUse storage;

    friend constexpr auto describe(SubscriptionView*) {
        using schema::field;
        return schema::object<SubscriptionView>(
            "SubscriptionView",
            field<&SubscriptionView::subscription>(
                "subscription", {.doc = "The newest one; null: the shop has never had one, and everything works."}),
            field<&SubscriptionView::open_invoice>("openInvoice"),
            field<&SubscriptionView::credit>("credit",
                                             {.doc = "What was paid beyond invoices: the next one takes it."}),
            field<&SubscriptionView::entitlement>(
                "entitlement",
                {.max_length = 8'000,
                 .text = schema::Text::raw,
                 .doc = "A JWT of type `entitlement+jwt` for tills, signed by the keys of /.well-known/jwks.json."}),
            field<&SubscriptionView::offline_until>("offlineUntil",
                                                    {.doc = "Until when a till sells without asking again."}),
            field<&SubscriptionView::storage>("storage",
                                              {.doc = "How much room the shop's files take, and may take."}));
    }
};

struct SubscriptionChoice {
    std::optional<std::string> plan_code;
    std::optional<std::string> phone;

    friend constexpr auto describe(SubscriptionChoice*) {
        return schema::object<SubscriptionChoice>(
            "SubscriptionChoice",
            schema::field<&SubscriptionChoice::plan_code>(
                "planCode", {.format = schema::Format::code,
                             .doc = "Missing: the plan stays, and a cancellation that waits is taken back.",
                             .example = R"("DUKA")"}),
            schema::field<&SubscriptionChoice::phone>("phone", {.format = schema::Format::phone,
                                                                .doc = "Prompted when a payment names no other number.",
                                                                .example = R"("+254712345678")"}));
    }
};

// ---- Statements --------------------------------------------------------------------------------------------------

constexpr auto invoices = db::select<tables::subscription_invoices>()
                              .order_by_descending<&SubscriptionInvoice::created_at, &SubscriptionInvoice::id>()
                              .page("billing.invoices", "billing.invoices_after");

// ---- Reading -----------------------------------------------------------------------------------------------------

async::Task<PlanList> plans(auth::PermittedSomewhere<"tenant.read"> /*caller*/, db::SystemDb db) {
    auto list = co_await db.all(billing::every_plan);
    std::erase_if(list, [](const Plan& plan) { return !plan.is_offered; });
    co_return PlanList{std::move(list)};
}

struct ViewParts {
    Entitlements* entitlements;
    std::int64_t quota;
    base::Timestamp now;
};

async::Task<SubscriptionView> view_of(db::Db db, ViewParts parts) {
    SubscriptionView view;
    auto newest = co_await db.page(billing::newest_subscription, {.limit = 1});
    if (!newest.data.empty()) {
        view.subscription = std::move(newest.data.front());
        view.open_invoice = co_await db.one(billing::open_invoice, view.subscription->id, InvoiceState::open);
        view.credit = co_await db.only(billing::credit_of, view.subscription->terms.currency);
    }
    auto entitlement = parts.entitlements->of(db.tenant(), view.subscription, co_await billing::zone_of(db), parts.now);
    view.entitlement = std::move(entitlement.token);
    view.offline_until = entitlement.offline_until;
    view.storage = co_await db.only(plan_limits::storage_use, parts.quota);
    co_return view;
}

async::Task<SubscriptionView> show(auth::PermittedSomewhere<"tenant.read"> /*caller*/, db::Db db,
                                   http::Service<Entitlements> entitlements, http::Service<Runtime> runtime,
                                   http::Service<const FileSettings> settings) {
    return view_of(db, {entitlements.service, settings->quota_bytes(), runtime->now()});
}

async::Task<db::Page<SubscriptionInvoice>> list_invoices(auth::Permitted<"billing.read"> /*caller*/,
                                                         http::Query<db::PageRequest> page, db::Db db) {
    return db.page(invoices, *page);
}

// ---- Choosing and cancelling -------------------------------------------------------------------------------------

struct Act {
    UserId user;
    std::string address;
    Runtime* runtime = nullptr;
};

Act act_of(const auth::Caller& caller, http::Context& context, Runtime& runtime) {
    return {UserId(caller.user_id), std::string(context.request().client_address()), &runtime};
}

async::Task<void> commit(EffectsIn in, SubscriptionAccount* account, const Act* act, std::string_view action) {
    account->save();
    audit(*in.batch, *act->runtime,
          {.action = action, .actor = act->user, .subject = account->row.id.uuid(), .address = act->address});
    if (!in.changes->empty()) record_changes(*in.batch, *in.changes, std::nullopt);
    co_await in.batch->commit();
}

async::Task<Plan> offered_plan(db::SystemDb db, std::string code) {
    auto plan = co_await db.one(billing::plan_by_code, code);
    if (!plan || !plan->is_offered)
        throw base::Failure(errors::unknown_plan,
                            {{"body", "/planCode", "unknown", "there is no such plan to choose", {}}});
    co_return *std::move(plan);
}

// A shop that had none begins: with the plan's trial, if it is its first one.
async::Task<void> choose_in(db::Db tx, std::shared_ptr<const SubscriptionChoice> choice, std::optional<Plan> plan,
                            const Act* act) {
    auto batch = tx.batch();
    std::vector<Change> changes;
    const EffectsIn in{tx, &batch, &changes, act->runtime};
    auto account = co_await SubscriptionAccount::open_live(in);
    if (account) {
        if (plan && plan->currency != account->row.terms.currency) throw base::Failure(errors::plan_currency);
        if (plan) account->change_plan(*plan);
        account->keep();
    } else {
        if (!plan) throw base::Failure(errors::no_subscription);
        account = co_await SubscriptionAccount::begin(in, billing::terms_of(*plan), plan->trial_days);
        if (account->row.state != SubscriptionState::trialing) account->bill(account->row.terms);
    }
    if (choice->phone) account->row.phone = choice->phone;
    account->settle(std::nullopt);
    co_await commit(in, &*account, act, "subscription.choose");
}

async::Task<SubscriptionView> choose(auth::Permitted<"billing.manage"> caller, http::Context& context,
                                     http::Body<SubscriptionChoice> input, db::SystemDb system,
                                     http::Service<Entitlements> entitlements, http::Service<Runtime> runtime,
                                     http::Service<const FileSettings> settings) {
    const auto act = act_of(caller, context, *runtime);
    std::optional<Plan> plan;
    if (input->plan_code) plan = co_await offered_plan(system, *input->plan_code);
    const auto choice = std::make_shared<const SubscriptionChoice>(*input);
    const auto db = system.as_tenant(caller.tenant_id);
    co_await db.transaction([&](db::ActingDb tx) { return choose_in(tx, choice, plan, &act); });
    context.services().use<auth::Authenticator>().invalidate_tenant(caller.tenant_id);
    co_return co_await view_of(db, {entitlements.service, settings->quota_bytes(), runtime->now()});
}

async::Task<void> cancel_in(db::Db tx, const Act* act) {
    auto batch = tx.batch();
    std::vector<Change> changes;
    const EffectsIn in{tx, &batch, &changes, act->runtime};
    auto account = co_await SubscriptionAccount::open_live(in);
    if (!account) {
        // One that has ended stays so.
        if (!co_await tx.only(billing::had_subscription)) throw base::Failure(errors::no_subscription);
        co_return;
    }
    account->cancel();
    co_await commit(in, &*account, act, "subscription.cancel");
}

async::Task<SubscriptionView> cancel(auth::Permitted<"billing.manage"> caller, http::Context& context,
                                     db::SystemDb system, db::Db db, http::Service<Entitlements> entitlements,
                                     http::Service<Runtime> runtime, http::Service<const FileSettings> settings) {
    co_await require_step_up(system, SessionId(caller.session_id), runtime->now());
    const auto act = act_of(caller, context, *runtime);
    co_await db.transaction([&](db::Db tx) { return cancel_in(tx, &act); });
    context.services().use<auth::Authenticator>().invalidate_tenant(caller.tenant_id);
    co_return co_await view_of(db, {entitlements.service, settings->quota_bytes(), runtime->now()});
}

// ---- Routes ------------------------------------------------------------------------------------------------------

void routes(http::Routes routes) {
    routes.get("/plans", plans, {.id = "listPlans", .summary = "What a shop may subscribe to, the cheapest first"});
    routes.get("/subscription", show,
               {.id = "getSubscription",
                .summary = "The shop's subscription, and its entitlement for tills",
                .middleware = {http::no_store()}});
    routes.get("/subscription/invoices", list_invoices,
               {.id = "listSubscriptionInvoices", .summary = "What the shop paid and owes, newest first"});
    routes.post(
        "/subscription", choose,
        {.id = "chooseSubscription",
         .summary = "Choose a plan, or change it",
         .description = "Twice is the same as once. While a period is paid, another plan begins with the next "
                        "one; otherwise at once. A cancellation that waits for the end is taken back.",
         .errors = {errors::unknown_plan, errors::plan_currency, errors::no_subscription, errors::subscription_live}});
    routes.post("/subscription/cancel", cancel,
                {.id = "cancelSubscription",
                 .summary = "End the subscription with what is paid",
                 .description = "What is paid, or on trial, stays until its end; an open invoice is void. Twice is the "
                                "same as once.",
                 .errors = {errors::no_subscription, errors::step_up_needed}});
    routes.post("/bv-payments/subscription-stk-push", pay_subscription,
                {.id = "paySubscription",
                 .summary = "Prompt a phone for the subscription",
                 .description = "For the open invoice; without one, for the next period, one ahead at most. A shop "
                                "whose subscription has ended begins it again. Send the same bytes again until there "
                                "is an answer: the phone rings once.",
                 .errors = pay_errors()});
}

}  // namespace

app::Module billing_module() {
    auto statements = db::statements(invoices);
    for (const auto& more :
         {billing::account_statements(), clock_statements(), plan_statements(), invoice_effect_statements()})
        statements.insert(statements.end(), more.begin(), more.end());
    return {.name = "billing",
            .doc = "What the shop pays for this service.",
            .tables = {tables::plans.view(), tables::subscriptions.view(), tables::subscription_invoices.view(),
                       tables::subscription_credits.view()},
            .statements = std::move(statements),
            .routes = routes,
            .jobs = handle_billing_jobs,
            .schedules = billing_schedules(),
            .services = app::services<make_entitlements>()};
}

}  // namespace pos
