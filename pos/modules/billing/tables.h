#pragma once
// What shops pay for this service: plans of the whole installation, a shop's subscription with its invoices, and the account of what it
// has paid. See README.md.

#include "db/error.h"
#include "pos/modules/payments/tables.h"

namespace pos {

using SubscriptionId = base::Id<struct SubscriptionTag>;
using InvoiceId = base::Id<struct InvoiceTag>;
using CreditId = base::Id<struct CreditTag>;

namespace errors {
inline constexpr auto default_plan_taken = base::conflict("plan.default_taken", "Another plan is the default");
inline constexpr auto subscription_live =
    base::conflict("subscription.live", "The shop has a subscription that has not ended");
inline constexpr auto unknown_subscription = base::invalid("subscription.unknown", "There is no such subscription");
inline constexpr auto invoice_known =
    base::conflict("subscription.invoice_known", "This period has an invoice already");
inline constexpr auto unknown_invoice = base::invalid("subscription.unknown_invoice", "There is no such invoice");
inline constexpr base::ErrorCode plan_seats{"plan.seats", 409, false, base::Action::contact,
                                            "The shop's plan has no seat left: an owner takes a larger plan, or "
                                            "disables a member"};
inline constexpr base::ErrorCode plan_locations{
    "plan.locations", 409, false, base::Action::contact,
    "The shop's plan has no further location: an owner takes a larger plan"};
inline constexpr base::ErrorCode plan_storage{
    "plan.storage", 409, false, base::Action::contact,
    "The shop's plan has no room left for files: an owner takes a larger plan, or deletes some"};
inline constexpr auto credit_known = base::conflict("subscription.credit_known", "This payment is booked already");
}  // namespace errors

// What a plan costs and allows. A subscription and its invoices keep a copy, so that a plan may change under them.
enum class BillingPeriod : std::uint8_t { month, year };
constexpr auto describe(BillingPeriod*) {
    return schema::enumeration<BillingPeriod>("BillingPeriod",
                                              {{BillingPeriod::month, "month"}, {BillingPeriod::year, "year"}});
}

// Null: as many as the shop likes.
struct PlanLimits {
    std::optional<std::int32_t> seats;
    std::optional<std::int32_t> locations;
    std::optional<std::int64_t> storage_bytes;

    friend bool operator==(const PlanLimits&, const PlanLimits&) = default;
    friend constexpr auto describe(PlanLimits*) {
        return schema::object<PlanLimits>(
            "PlanLimits",
            schema::field<&PlanLimits::seats>("seats", {.min = 1, .max = 100'000, .doc = "Active members."}),
            schema::field<&PlanLimits::locations>("locations", {.min = 1, .max = 100'000}),
            schema::field<&PlanLimits::storage_bytes>(
                "storageBytes", {.min = 1'000'000,
                                 .max = 1'000'000'000'000'000,
                                 .doc = "Of images, documents and uploads under way. Null: what the service allows."}));
    }
};

struct PlanTerms {
    std::string plan_code;
    std::string plan_name;
    base::Money price;
    std::string currency;
    BillingPeriod period = BillingPeriod::month;
    PlanLimits limits;

    friend bool operator==(const PlanTerms&, const PlanTerms&) = default;
    friend constexpr auto describe(PlanTerms*) {
        return schema::object<PlanTerms>(
            "PlanTerms", schema::field<&PlanTerms::plan_code>("planCode", {.format = schema::Format::code}),
            schema::field<&PlanTerms::plan_name>("planName",
                                                 {.min_length = 1, .max_length = 120, .text = schema::Text::name}),
            schema::field<&PlanTerms::price>("price", {.min = 0, .doc = "Of a period, in minor units."}),
            schema::field<&PlanTerms::currency>("currency", {.format = schema::Format::currency}),
            schema::field<&PlanTerms::period>("period"), schema::field<&PlanTerms::limits>("limits"));
    }
};

// What shops may choose. Made by whoever runs the service (`backend-api plans set`).
struct Plan {
    std::string code;
    std::string name;
    base::Money price;
    std::string currency;
    BillingPeriod period = BillingPeriod::month;
    PlanLimits limits;
    std::int32_t trial_days = 0;
    bool is_default = false;
    bool is_offered = true;
    base::Timestamp created_at;
    base::Timestamp updated_at;

    friend constexpr auto describe(Plan*) {
        using schema::field;
        return schema::object<Plan>(
            "Plan", field<&Plan::code>("code", {.format = schema::Format::code}),
            field<&Plan::name>("name", {.min_length = 1, .max_length = 120, .text = schema::Text::name}),
            field<&Plan::price>("price", {.min = 0, .doc = "Of a period, in minor units."}),
            field<&Plan::currency>("currency", {.format = schema::Format::currency}), field<&Plan::period>("period"),
            field<&Plan::limits>("limits"),
            field<&Plan::trial_days>(
                "trialDays", {.min = 0, .max = 3'650, .doc = "How long a shop's first subscription costs nothing."}),
            field<&Plan::is_default>("isDefault", {.doc = "Shops without a subscription get one of this plan."}),
            field<&Plan::is_offered>("isOffered", {.internal = true}),
            field<&Plan::created_at>("createdAt", {.internal = true}),
            field<&Plan::updated_at>("updatedAt", {.internal = true}));
    }
};

enum class SubscriptionState : std::uint8_t { trialing, active, past_due, grace, suspended, cancelled };
constexpr auto describe(SubscriptionState*) {
    return schema::enumeration<SubscriptionState>("SubscriptionState", {{SubscriptionState::trialing, "trialing"},
                                                                        {SubscriptionState::active, "active"},
                                                                        {SubscriptionState::past_due, "past_due"},
                                                                        {SubscriptionState::grace, "grace"},
                                                                        {SubscriptionState::suspended, "suspended"},
                                                                        {SubscriptionState::cancelled, "cancelled"}});
}

// Days are those of the shop's time zone.
struct Subscription {
    SubscriptionId id;
    PlanTerms terms;
    std::optional<std::string> next_plan_code;
    SubscriptionState state = SubscriptionState::trialing;
    std::int32_t anchor_day = 1;
    base::Date period_start;
    base::Date period_end;
    base::Date grace_until;
    bool cancels_at_end = false;
    std::optional<base::Timestamp> cancelled_at;
    std::optional<std::string> phone;
    base::Timestamp created_at;
    base::Timestamp updated_at;
    std::int32_t version = 1;

    friend constexpr auto describe(Subscription*) {
        using schema::field;
        return schema::object<Subscription>(
            "Subscription", field<&Subscription::id>("id"), schema::flatten<&Subscription::terms>(),
            field<&Subscription::next_plan_code>(
                "nextPlanCode", {.format = schema::Format::code, .doc = "What the next period is of; null: the same."}),
            field<&Subscription::state>("state"),
            field<&Subscription::anchor_day>(
                "anchorDay", {.min = 1, .max = 31, .doc = "The day of the month that periods begin with."}),
            field<&Subscription::period_start>("periodStart"),
            field<&Subscription::period_end>("periodEnd", {.doc = "The first day that is not paid."}),
            field<&Subscription::grace_until>("graceUntil",
                                              {.doc = "The day on which the shop is suspended, unless it has paid."}),
            field<&Subscription::cancels_at_end>("cancelsAtEnd", {.doc = "It ends with the period that is paid."}),
            field<&Subscription::cancelled_at>("cancelledAt"),
            field<&Subscription::phone>(
                "phone", {.format = schema::Format::phone, .doc = "Prompted when a payment names no other number."}),
            field<&Subscription::created_at>("createdAt"), field<&Subscription::updated_at>("updatedAt"),
            field<&Subscription::version>("version"));
    }
};

enum class InvoiceState : std::uint8_t { open, paid, voided };
constexpr auto describe(InvoiceState*) {
    return schema::enumeration<InvoiceState>(
        "SubscriptionInvoiceState",
        {{InvoiceState::open, "open"}, {InvoiceState::paid, "paid"}, {InvoiceState::voided, "void"}});
}

// What an invoice is for.
enum class InvoiceReason : std::uint8_t { period };
constexpr auto describe(InvoiceReason*) {
    return schema::enumeration<InvoiceReason>("SubscriptionInvoiceReason", {{InvoiceReason::period, "period"}});
}

struct SubscriptionInvoice {
    InvoiceId id;
    SubscriptionId subscription_id;
    InvoiceReason reason = InvoiceReason::period;
    PlanTerms terms;
    base::Date period_start;
    base::Date period_end;
    base::Date due_on;
    InvoiceState state = InvoiceState::open;
    std::optional<IntentId> intent_id;
    std::optional<base::Timestamp> paid_at;
    std::int32_t notices = 0;  // steps of the dunning plan that were taken
    base::Timestamp created_at;
    base::Timestamp updated_at;
    std::int32_t version = 1;

    friend constexpr auto describe(SubscriptionInvoice*) {
        using schema::field;
        return schema::object<SubscriptionInvoice>(
            "SubscriptionInvoice", field<&SubscriptionInvoice::id>("id"),
            field<&SubscriptionInvoice::subscription_id>("subscriptionId"),
            field<&SubscriptionInvoice::reason>("reason"), schema::flatten<&SubscriptionInvoice::terms>(),
            field<&SubscriptionInvoice::period_start>(
                "periodStart", {.doc = "Of what it pays. When a suspended shop pays, the day of the payment."}),
            field<&SubscriptionInvoice::period_end>("periodEnd", {.doc = "The first day of the next period."}),
            field<&SubscriptionInvoice::due_on>("dueOn"), field<&SubscriptionInvoice::state>("state"),
            field<&SubscriptionInvoice::intent_id>(
                "intentId", {.doc = "The payment that it was paid by; null: by credit, or not yet."}),
            field<&SubscriptionInvoice::paid_at>("paidAt"),
            field<&SubscriptionInvoice::notices>("notices", {.internal = true}),
            field<&SubscriptionInvoice::created_at>("createdAt"), field<&SubscriptionInvoice::updated_at>("updatedAt"),
            field<&SubscriptionInvoice::version>("version"));
    }
};

enum class CreditReason : std::uint8_t { payment, invoice, refund };
constexpr auto describe(CreditReason*) {
    return schema::enumeration<CreditReason>(
        "SubscriptionCreditReason",
        {{CreditReason::payment, "payment"}, {CreditReason::invoice, "invoice"}, {CreditReason::refund, "refund"}});
}

// The shop's account: what it paid (plus), what invoices took and what went back (minus). The sum is its credit.
struct SubscriptionCredit {
    CreditId id;
    CreditReason reason{};
    base::Money amount;
    std::string currency;
    std::optional<IntentId> intent_id;
    std::optional<InvoiceId> invoice_id;
    base::Timestamp created_at;

    friend constexpr auto describe(SubscriptionCredit*) {
        using schema::field;
        return schema::object<SubscriptionCredit>(
            "SubscriptionCredit", field<&SubscriptionCredit::id>("id"), field<&SubscriptionCredit::reason>("reason"),
            field<&SubscriptionCredit::amount>("amount"), field<&SubscriptionCredit::currency>("currency"),
            field<&SubscriptionCredit::intent_id>("intentId"), field<&SubscriptionCredit::invoice_id>("invoiceId"),
            field<&SubscriptionCredit::created_at>("createdAt"));
    }
};

namespace tables {
inline constexpr auto plans = db::system_table<Plan>(
    "plans", db::primary_key<&Plan::code>(), db::no_delete(),
    db::unique<&Plan::is_default>("plans_default", errors::default_plan_taken).where("is_default"),
    db::check("plans_price", "price >= 0 and trial_days >= 0", db::errors::value_refused));

inline constexpr auto subscriptions = db::tenant_table<Subscription>(
    "subscriptions", db::primary_key<&Subscription::id>(), db::no_delete(),
    // One that has not ended, a shop.
    db::unique<>("subscriptions_live", errors::subscription_live).where("state <> 'cancelled'"),
    db::check("subscriptions_period", "period_start <= period_end and anchor_day between 1 and 31",
              db::errors::value_refused),
    // What pos/plumbing/plan_limits.h refuses.
    db::check("subscriptions_seats", "limits is not null", errors::plan_seats),
    db::check("subscriptions_locations", "limits is not null", errors::plan_locations),
    db::check("subscriptions_storage", "limits is not null", errors::plan_storage),
    db::index<&Subscription::created_at, &Subscription::id>("subscriptions_newest"),
    // Across tenants: where the billing clock has something to do.
    db::expression_index("subscriptions_due", "btree", "tenant_id, period_end")
        .where("state not in ('suspended', 'cancelled')"));

inline constexpr auto subscription_invoices = db::tenant_table<SubscriptionInvoice>(
    "subscription_invoices", db::primary_key<&SubscriptionInvoice::id>(), db::no_delete(),
    db::unique<&SubscriptionInvoice::subscription_id, &SubscriptionInvoice::period_start, &SubscriptionInvoice::reason>(
        "subscription_invoices_period", errors::invoice_known)
        .where("state <> 'void'"),
    db::unique<&SubscriptionInvoice::subscription_id, &SubscriptionInvoice::reason>("subscription_invoices_open",
                                                                                    errors::invoice_known)
        .where("state = 'open'"),
    db::references<&SubscriptionInvoice::subscription_id>("subscription_invoices_subscription", subscriptions,
                                                          errors::unknown_subscription),
    db::references<&SubscriptionInvoice::intent_id>("subscription_invoices_intent", payment_intents,
                                                    errors::unknown_intent),
    db::index<&SubscriptionInvoice::created_at, &SubscriptionInvoice::id>("subscription_invoices_newest"));

inline constexpr auto subscription_credits = db::tenant_table<SubscriptionCredit>(
    "subscription_credits", db::primary_key<&SubscriptionCredit::id>(), db::append_only(),
    // A refund may fail after it was done, and be done again.
    db::unique<&SubscriptionCredit::intent_id, &SubscriptionCredit::reason>("subscription_credits_intent",
                                                                            errors::credit_known)
        .where("reason = 'payment'"),
    db::unique<&SubscriptionCredit::invoice_id>("subscription_credits_invoice", errors::credit_known)
        .where("invoice_id is not null"),
    db::references<&SubscriptionCredit::intent_id>("subscription_credits_intents", payment_intents,
                                                   errors::unknown_intent),
    db::references<&SubscriptionCredit::invoice_id>("subscription_credits_invoices", subscription_invoices,
                                                    errors::unknown_invoice),
    db::index<&SubscriptionCredit::created_at, &SubscriptionCredit::id>("subscription_credits_newest"));
}  // namespace tables

}  // namespace pos
