#include "pos/modules/billing/account.h"

#include <fmt/format.h>

#include <algorithm>

#include "pos/modules/tenants/module.h"

namespace pos::billing {

namespace {

using db::Kind;

constexpr auto lock_live =
    db::select<tables::subscriptions>().where<&Subscription::state, db::Compare::not_equal>().for_update().named(
        "billing.lock_live");
constexpr auto lock = db::find_for_update<tables::subscriptions>("billing.lock");
constexpr db::Query<std::string()> time_zone{
    {"billing.time_zone", "select time_zone from tenants where id = $1", Kind::point}};

constexpr auto add_subscription = db::insert<tables::subscriptions>("billing.add_subscription");
constexpr auto replace_subscription = db::replace<tables::subscriptions>("billing.replace_subscription");
constexpr auto add_invoice = db::insert<tables::subscription_invoices>("billing.add_invoice");
constexpr auto replace_invoice = db::replace<tables::subscription_invoices>("billing.replace_invoice");
constexpr auto add_credit = db::insert<tables::subscription_credits>("billing.add_credit");

// Sessions are told: what they may do is read again.
constexpr db::Query<void(TenantStatus, base::Timestamp)> set_status{
    {"billing.set_status",
     "update tenants set status = $2::text, updated_at = $3, version = " POS_NEXT_VERSION(
         "version") " where id = $1 and status not in ('closed', $2::text)",
     Kind::write}};
constexpr db::Query<void()> announce{
    {"billing.announce", "select from pg_notify('auth_changes', 'tenant:' || $1::text)", Kind::write}};
// A mail that has not left leaves no more: it has expired.
constexpr db::Query<void(std::string, std::string, base::Timestamp)> expire_notices{
    {"billing.expire_notices",
     "update notifications set expires_at = $4 where tenant_id = $1 and idempotency_key >= $2 "
     "and idempotency_key < $3 and state = 'queued'",
     Kind::write}};

}  // namespace

PlanTerms terms_of(const Plan& plan) {
    return {plan.code, plan.name, plan.price, plan.currency, plan.period, plan.limits};
}

// M-Pesa shows twelve characters. The end of an id is its random part.
std::string reference_of(InvoiceId invoice) {
    auto text = invoice.to_string();
    text = "SUB" + text.substr(text.size() - 8);
    std::ranges::transform(text, text.begin(),
                           [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
    return text;
}

std::string notice_keys(InvoiceId invoice) { return fmt::format("subscription:{}:", invoice.to_string()); }

async::Task<base::TimeZone> zone_of(db::Db db) {
    co_return base::TimeZone::load(co_await db.only(time_zone)).value_or(base::TimeZone::utc());
}

async::Task<base::Date> today_of(db::Db db, base::Timestamp now) {
    const auto zone = co_await zone_of(db);
    co_return zone.local_date(now);
}

// ---- Opening -----------------------------------------------------------------------------------------------------

SubscriptionAccount::SubscriptionAccount(EffectsIn in, Subscription opened, bool is_new)
    : row(std::move(opened)), in_(in), before_(row), is_new_(is_new) {}

async::Task<SubscriptionAccount> SubscriptionAccount::filled(EffectsIn in, Subscription row) {
    SubscriptionAccount account(in, std::move(row), false);
    account.invoice = co_await in.tx.one(open_invoice, account.row.id, InvoiceState::open);
    account.invoice_before_ = account.invoice;
    account.credit = co_await in.tx.only(credit_of, account.row.terms.currency);
    account.today = co_await today_of(in.tx, in.runtime->now());
    co_return account;
}

async::Task<std::optional<SubscriptionAccount>> SubscriptionAccount::open_live(EffectsIn in) {
    auto row = co_await in.tx.one(lock_live, SubscriptionState::cancelled);
    if (!row) co_return std::nullopt;
    co_return co_await filled(in, *std::move(row));
}

async::Task<std::optional<SubscriptionAccount>> SubscriptionAccount::open(EffectsIn in, SubscriptionId id) {
    auto row = co_await in.tx.one(lock, id);
    if (!row) co_return std::nullopt;
    co_return co_await filled(in, *std::move(row));
}

async::Task<SubscriptionAccount> SubscriptionAccount::begin(EffectsIn in, PlanTerms terms, std::int32_t trial_days) {
    const bool is_first = !co_await in.tx.only(had_subscription);
    const auto now = in.runtime->now();
    const auto today = co_await today_of(in.tx, now);
    const auto beginning = beginning_of(trial_days, is_first, today);
    Subscription row;
    row.id = in.runtime->new_id<SubscriptionId>();
    row.terms = std::move(terms);
    row.state = beginning.state;
    row.anchor_day = beginning.anchor;
    row.period_start = beginning.period.start;
    row.period_end = beginning.period.end;
    row.grace_until = beginning.grace_until;
    row.created_at = now;
    row.updated_at = now;
    SubscriptionAccount account(in, std::move(row), true);
    account.credit = co_await in.tx.only(credit_of, account.row.terms.currency);
    account.today = today;
    co_return account;
}

// ---- What happens to it ------------------------------------------------------------------------------------------

void SubscriptionAccount::bill(PlanTerms terms) {
    const auto period = period_from(row.period_end, row.anchor_day, terms.period);
    SubscriptionInvoice made;
    made.id = in_.runtime->new_id<InvoiceId>();
    made.subscription_id = row.id;
    made.terms = std::move(terms);
    made.period_start = period.start;
    made.period_end = period.end;
    made.due_on = row.period_end;
    // Whoever has just chosen it knows.
    if (is_new_) made.notices = every_notice;
    made.created_at = in_.runtime->now();
    made.updated_at = made.created_at;
    invoice = std::move(made);
    invoice_is_new_ = true;
}

base::Money SubscriptionAccount::due() const {
    if (!invoice) return {};
    const auto left = invoice->terms.currency == row.terms.currency ? credit : base::Money{};
    return std::max(base::Money{}, invoice->terms.price - left);
}

void SubscriptionAccount::book(Booking booking) {
    if (booking.currency == row.terms.currency) credit += booking.amount;
    in_.batch->add(add_credit, SubscriptionCredit{in_.runtime->new_id<CreditId>(), booking.reason, booking.amount,
                                                  std::move(booking.currency), booking.intent, booking.invoice,
                                                  in_.runtime->now()});
}

bool SubscriptionAccount::settle(std::optional<IntentId> by) {
    if (!invoice || due() > base::Money{}) return false;
    const auto renewal = renewal_of(row, invoice->terms.period, today);
    const auto price = invoice->terms.price;
    withdraw_notices();
    invoice->state = InvoiceState::paid;
    invoice->period_start = renewal.period.start;
    invoice->period_end = renewal.period.end;
    invoice->intent_id = by;
    invoice->paid_at = in_.runtime->now();
    save_invoice();
    if (price > base::Money{}) book({CreditReason::invoice, -price, invoice->terms.currency, {}, invoice->id});
    row.terms = invoice->terms;
    if (row.next_plan_code == row.terms.plan_code) row.next_plan_code.reset();
    row.state = SubscriptionState::active;
    row.anchor_day = renewal.anchor;
    row.period_start = renewal.period.start;
    row.period_end = renewal.period.end;
    row.grace_until = renewal.grace_until;
    keep();
    invoice.reset();
    return true;
}

void SubscriptionAccount::keep() {
    row.cancels_at_end = false;
    row.cancelled_at.reset();
}

// Of a period that is paid the plan stays as it is.
void SubscriptionAccount::change_plan(const Plan& plan) {
    const auto terms = terms_of(plan);
    if (invoice) {
        const auto period = period_from(invoice->period_start, row.anchor_day, terms.period);
        invoice->terms = terms;
        invoice->period_end = period.end;
    }
    if (row.state == SubscriptionState::active) {
        row.next_plan_code = plan.code == row.terms.plan_code ? std::nullopt : std::optional(plan.code);
        return;
    }
    row.terms = terms;
    row.next_plan_code.reset();
}

void SubscriptionAccount::cancel() {
    if (invoice) {
        withdraw_notices();
        invoice->state = InvoiceState::voided;
        save_invoice();
        invoice.reset();
    }
    row.next_plan_code.reset();
    if (!row.cancelled_at) row.cancelled_at = in_.runtime->now();
    row.cancels_at_end = true;
    if (!has_days_left(row, today)) row.state = SubscriptionState::cancelled;
}

void SubscriptionAccount::withdraw_notices() {
    if (!invoice || invoice_is_new_) return;
    const auto from = notice_keys(invoice->id);
    auto behind = from;
    behind.back() = ';';  // the character behind ':'
    in_.batch->add(expire_notices, from, behind, in_.runtime->now());
}

// ---- Writing -----------------------------------------------------------------------------------------------------

void SubscriptionAccount::save_invoice() {
    if (!invoice) return;
    if (invoice_is_new_) {
        if (is_new_) {
            // Its subscription goes first.
            in_.batch->add(add_subscription, row);
            before_ = row;
            is_new_ = false;
        }
        in_.batch->add(add_invoice, *invoice);
    } else if (invoice_before_ && schema::to_json(*invoice) == schema::to_json(*invoice_before_) &&
               invoice->notices == invoice_before_->notices) {
        return;
    } else {
        const auto version = invoice->version;
        invoice->version = next_version(version);
        invoice->updated_at = in_.runtime->now();
        in_.batch->add(replace_invoice, *invoice, version);
    }
    invoice_is_new_ = false;
    invoice_before_ = invoice;
}

// Whether the shop is shut stands with the tenant, where each request's session is read from.
void SubscriptionAccount::save_status(bool was_shut) {
    const bool shut = is_shut(row.state);
    if (shut == was_shut) return;
    in_.batch->add(set_status, shut ? TenantStatus::suspended : TenantStatus::active, in_.runtime->now());
    in_.batch->add(announce);
    in_.changes->push_back(change_of(tenant_rows, TenantId(in_.tx.tenant())));
}

void SubscriptionAccount::save() {
    // A later subscription of a shop follows one that has ended.
    const bool was_shut = is_shut(before_.state);
    save_invoice();
    if (is_new_) {
        in_.batch->add(add_subscription, row);
        is_new_ = false;
    } else if (schema::to_json(row) != schema::to_json(before_)) {
        const auto version = row.version;
        row.version = next_version(version);
        row.updated_at = in_.runtime->now();
        in_.batch->add(replace_subscription, row, version);
    }
    save_status(was_shut);
    before_ = row;
}

std::vector<db::StatementView> account_statements() {
    return db::statements(lock_live, lock, time_zone, had_subscription, add_subscription, replace_subscription,
                          add_invoice, replace_invoice, add_credit, set_status, announce, expire_notices, invoice_by_id,
                          credit_of, newest_subscription, open_invoice);
}

}  // namespace pos::billing
