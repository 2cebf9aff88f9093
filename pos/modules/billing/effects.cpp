#include "pos/modules/billing/effects.h"

#include <algorithm>

#include "pos/modules/billing/account.h"
#include "pos/modules/payments/intents.h"

namespace pos {

namespace {

// What an attempt has brought, less what of it went back.
constexpr db::Query<base::Money(IntentId)> left_of{
    {"billing.left_of",
     "select coalesce(sum(amount), 0)::bigint as left_of_it from subscription_credits "
     "where tenant_id = $1 and intent_id = $2",
     db::Kind::point}};
constexpr db::Query<base::Money(IntentId)> taken_back{
    {"billing.taken_back",
     "select coalesce(-sum(amount), 0)::bigint as taken from subscription_credits "
     "where tenant_id = $1 and intent_id = $2 and reason = 'refund'",
     db::Kind::point}};

constexpr Settlement unwanted{Settlement::Use::unwanted, IntentConcern::subject_unfit};

}  // namespace

async::Task<std::vector<base::Uuid>> InvoiceEffects::subject_names(db::Db /*db*/, base::Uuid subject) const {
    co_return std::vector{subject};
}

async::Task<void> InvoiceEffects::require_payable(db::Db db, base::Uuid subject, base::Money /*amount*/) const {
    const auto invoice = co_await db.one(billing::invoice_by_id, InvoiceId(subject));
    if (!invoice || invoice->state == InvoiceState::voided) throw base::Failure(errors::unknown_invoice);
    if (invoice->state == InvoiceState::paid) throw base::Failure(errors::already_paid);
}

async::Task<Settlement> InvoiceEffects::succeeded(EffectsIn in, PaymentIntent intent, bool /*was_over*/) const {
    const auto asked = co_await in.tx.one(billing::invoice_by_id, InvoiceId(intent.subject_id));
    if (!asked) co_return unwanted;
    auto account = co_await billing::SubscriptionAccount::open(in, asked->subscription_id);
    if (!account || intent.currency != account->row.terms.currency) co_return unwanted;
    // As it is under the lock.
    const auto invoice = co_await in.tx.only(billing::invoice_by_id, asked->id);
    account->book({CreditReason::payment, intent.amount, intent.currency, intent.id});
    const bool was_open = invoice.state == InvoiceState::open;
    // What comes for a subscription that has ended is the shop's credit: the next one takes it.
    if (account->row.state != SubscriptionState::cancelled) {
        account->settle(intent.id);
        account->save();
    }
    if (was_open) co_return Settlement{Settlement::Use::taken};
    co_return Settlement{Settlement::Use::taken, IntentConcern::subject_paid};
}

async::Task<bool> InvoiceEffects::is_used(EffectsIn in, PaymentIntent intent) const {
    co_return co_await in.tx.only(left_of, intent.id) > base::Money{};
}

async::Task<void> InvoiceEffects::receipt_learnt(EffectsIn /*in*/, PaymentIntent /*intent*/) const { co_return; }

async::Task<void> InvoiceEffects::went_back(EffectsIn in, PaymentIntent intent, base::Money back) const {
    const auto asked = co_await in.tx.one(billing::invoice_by_id, InvoiceId(intent.subject_id));
    if (!asked) co_return;
    auto account = co_await billing::SubscriptionAccount::open(in, asked->subscription_id);
    if (!account) co_return;
    // As it is under the lock.
    const auto brought = co_await in.tx.only(left_of, intent.id);
    const auto credit = co_await in.tx.only(billing::credit_of, intent.currency);
    const auto amount = std::min({credit, brought, back});
    if (amount <= base::Money{}) co_return;
    account->book({CreditReason::refund, -amount, intent.currency, intent.id});
}

async::Task<std::optional<Settlement>> InvoiceEffects::came_back(EffectsIn in, PaymentIntent intent,
                                                                 base::Money back) const {
    const auto asked = co_await in.tx.one(billing::invoice_by_id, InvoiceId(intent.subject_id));
    if (!asked) co_return std::nullopt;
    auto account = co_await billing::SubscriptionAccount::open(in, asked->subscription_id);
    if (!account) co_return std::nullopt;
    const auto amount = std::min(co_await in.tx.only(taken_back, intent.id), back);
    if (amount <= base::Money{}) co_return std::nullopt;
    account->book({CreditReason::refund, amount, intent.currency, intent.id});
    account->settle(std::nullopt);
    account->save();
    co_return std::nullopt;
}

async::Task<bool> InvoiceEffects::kept(EffectsIn /*in*/, PaymentIntent /*intent*/) const { co_return false; }

async::Task<std::optional<Matched>> InvoiceEffects::match(EffectsIn /*in*/, C2bPayment /*payment*/) const {
    co_return std::nullopt;
}

async::Task<Matched> InvoiceEffects::match_to(EffectsIn /*in*/, C2bPayment /*payment*/, base::Uuid /*subject*/) const {
    throw base::Failure(errors::purpose_refused, "a subscription is paid by its own prompts");
    co_return Matched{};
}

std::vector<db::StatementView> invoice_effect_statements() { return db::statements(left_of, taken_back); }

}  // namespace pos
