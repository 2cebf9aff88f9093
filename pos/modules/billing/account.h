#pragma once
// SubscriptionAccount: a shop's subscription in a transaction that has locked it, with the invoice that is open and what the shop has
// paid beyond its invoices. All that happens to a subscription is done on one, and written by save(): payments, the clock, the owner.
//
//     auto account = co_await billing::SubscriptionAccount::open_live(in);        // locked until the end of the transaction
//     account->book({CreditReason::payment, intent.amount, intent.currency, intent.id});
//     account->settle(intent.id);                                                 // the open invoice, if the credit is enough for it
//     account->save();                                                            // into in.batch
//
// Money is booked as credit, and invoices take from it: so a second payment of one invoice is credit, and never a second period.

#include "base/time_zone.h"
#include "pos/modules/billing/lifecycle.h"
#include "pos/modules/payments/effects.h"

namespace pos::errors {
inline constexpr auto unknown_plan = base::invalid("plan.unknown", "There is no such plan to choose");
inline constexpr auto plan_currency =
    base::conflict("plan.currency", "The plan has another currency than the subscription: cancel it first");
inline constexpr auto no_subscription =
    base::conflict("subscription.none", "The shop has no subscription: choose a plan first");
inline constexpr auto paid_ahead =
    base::conflict("subscription.paid_ahead", "The next period is paid already, and no further one is taken");
}  // namespace pos::errors

namespace pos::billing {

[[nodiscard]] PlanTerms terms_of(const Plan& plan);
// What the payer reads.
[[nodiscard]] std::string reference_of(InvoiceId invoice);
// The range of the keys of an invoice's mails.
[[nodiscard]] std::string notice_keys(InvoiceId invoice);

struct Booking {
    CreditReason reason{};
    base::Money amount;
    std::string currency;
    std::optional<IntentId> intent{};
    std::optional<InvoiceId> invoice{};
};

class SubscriptionAccount {
public:
    // The one that has not ended; nullopt: there is none.
    [[nodiscard]] static async::Task<std::optional<SubscriptionAccount>> open_live(EffectsIn in);
    // One by its id, whatever its state.
    [[nodiscard]] static async::Task<std::optional<SubscriptionAccount>> open(EffectsIn in, SubscriptionId id);
    // A new one, which the shop's earlier ones make no first one.
    [[nodiscard]] static async::Task<SubscriptionAccount> begin(EffectsIn in, PlanTerms terms, std::int32_t trial_days);

    Subscription row;
    std::optional<SubscriptionInvoice> invoice;  // the open one
    base::Money credit;                          // in the currency of the subscription
    base::Date today;                            // of the shop

    // The invoice of the next period. There is no other open one.
    void bill(PlanTerms terms);
    // What is to be paid of the open invoice.
    [[nodiscard]] base::Money due() const;
    void book(Booking booking);
    // Pays the open invoice by the credit, if that is enough: the period grows, the shop is open. `by`: of the payment that did it.
    bool settle(std::optional<IntentId> by);
    // Other terms, at once or from the next period on.
    void change_plan(const Plan& plan);
    // Takes back a cancellation that waits.
    void keep();
    void cancel();
    // Nothing is left to be said of the open invoice: mails that have not left do not leave.
    void withdraw_notices();
    void save();

private:
    SubscriptionAccount(EffectsIn in, Subscription row, bool is_new);
    [[nodiscard]] static async::Task<SubscriptionAccount> filled(EffectsIn in, Subscription row);
    void save_invoice();
    void save_status(bool was_shut);

    EffectsIn in_;
    Subscription before_;
    bool is_new_ = false;
    bool invoice_is_new_ = false;
    std::optional<SubscriptionInvoice> invoice_before_;
};

[[nodiscard]] async::Task<base::TimeZone> zone_of(db::Db db);
// Today by the clock of the shop's wall.
[[nodiscard]] async::Task<base::Date> today_of(db::Db db, base::Timestamp now);

[[nodiscard]] std::vector<db::StatementView> account_statements();

// What others read.
inline constexpr auto invoice_by_id = db::find<tables::subscription_invoices>("billing.invoice_by_id");
inline constexpr db::Query<base::Money(std::string)> credit_of{
    {"billing.credit_of",
     "select coalesce(sum(amount), 0)::bigint as credit from subscription_credits where tenant_id = $1 and currency = "
     "$2",
     db::Kind::point}};
inline constexpr auto newest_subscription =
    db::select<tables::subscriptions>().order_by_descending<&Subscription::created_at, &Subscription::id>().page(
        "billing.newest", "billing.newest_after");
inline constexpr db::Query<bool()> had_subscription{
    {"billing.had_subscription", "select exists (select from subscriptions where tenant_id = $1)", db::Kind::point}};
inline constexpr auto open_invoice = db::select<tables::subscription_invoices>()
                                         .where<&SubscriptionInvoice::subscription_id>()
                                         .where<&SubscriptionInvoice::state>()
                                         .named("billing.open_invoice");

}  // namespace pos::billing
