#include "pos/modules/billing/pay.h"

#include <fmt/format.h>

#include "pos/modules/billing/account.h"
#include "pos/modules/billing/plans.h"

namespace pos {

namespace {

using billing::SubscriptionAccount;

// What is to be paid, and by whose phone unless the request names one.
struct Bill {
    SubscriptionInvoice invoice;
    base::Money due;
    std::optional<std::string> phone;
};

PlanTerms present_terms(const std::vector<Plan>& plans, const PlanTerms& terms,
                        const std::optional<std::string>& next) {
    const auto plan = std::ranges::find(plans, next.value_or(terms.plan_code), &Plan::code);
    return plan != plans.end() && plan->currency == terms.currency ? billing::terms_of(*plan) : terms;
}

// The live subscription; or, of a shop whose last one has ended, a new one on the same terms.
async::Task<SubscriptionAccount> account_to_pay(EffectsIn in, const std::vector<Plan>* plans) {
    auto account = co_await SubscriptionAccount::open_live(in);
    if (account) co_return *std::move(account);
    auto newest = co_await in.tx.page(billing::newest_subscription, {.limit = 1});
    if (newest.data.empty()) throw base::Failure(errors::no_subscription);
    const auto& last = newest.data.front();
    auto again = co_await SubscriptionAccount::begin(in, present_terms(*plans, last.terms, {}), 0);
    again.row.phone = last.phone;
    co_return again;
}

async::Task<Bill> bill_in(db::Db tx, const std::vector<Plan>* plans, Runtime* runtime) {
    auto batch = tx.batch();
    std::vector<Change> changes;
    const EffectsIn in{tx, &batch, &changes, runtime};
    auto account = co_await account_to_pay(in, plans);
    account.keep();
    if (!account.invoice) {
        if (!billing::may_pay_ahead(account.row, account.today)) throw base::Failure(errors::paid_ahead);
        account.bill(present_terms(*plans, account.row.terms, account.row.next_plan_code));
    }
    Bill bill{*account.invoice, account.due(), account.row.phone};
    if (account.settle(std::nullopt)) bill.invoice.state = InvoiceState::paid;
    account.save();
    if (!changes.empty()) record_changes(batch, changes, std::nullopt);
    if (batch.size() > 0) co_await batch.commit();
    co_return bill;
}

IntentRequest request_of(SubscriptionPaymentRequest&& input, const Bill& bill, const auth::Caller& caller) {
    return {.client_request_id = input.client_request_id,
            .provider = std::move(input.provider),
            .purpose = PaymentPurpose::subscription,
            .subject_id = bill.invoice.id.uuid(),
            .amount = bill.due,
            .currency = bill.invoice.terms.currency,
            .phone = input.phone ? input.phone : bill.phone,
            .reference = billing::reference_of(bill.invoice.id),
            .description = "Subscription",
            .return_url = input.return_url.value_or(""),
            .created_by = UserId(caller.user_id)};
}

client::Call call_within(http::Context& context) {
    client::Call call;
    call.deadline = context.deadline();
    call.span = context.span();
    return call;
}

}  // namespace

async::Task<http::Accepted<SubscriptionPayment>> pay_subscription(auth::Permitted<"billing.manage"> caller,
                                                                  http::Context& context,
                                                                  http::Body<SubscriptionPaymentRequest> input,
                                                                  db::SystemDb system,
                                                                  http::Service<PaymentIntents> intents) {
    const auto db = system.as_tenant(caller.tenant_id);
    // The same request again: what it made, whatever has become of the invoice.
    if (auto known = co_await PaymentIntents::of_key(db, input->client_request_id)) {
        if (known->purpose != PaymentPurpose::subscription) throw base::Failure(errors::intent_request_used);
        auto invoice = co_await db.only(billing::invoice_by_id, InvoiceId(known->subject_id));
        known->client_request_id = input->client_request_id;
        co_return http::Accepted<SubscriptionPayment>{
            {std::move(invoice), known->amount, shown_intent(*std::move(known))}};
    }
    const auto plans = co_await system.all(billing::every_plan);
    auto* runtime = &intents->runtime();
    auto bill = co_await db.transaction([&](db::ActingDb tx) { return bill_in(tx, &plans, runtime); });
    if (bill.invoice.state == InvoiceState::paid)
        co_return http::Accepted<SubscriptionPayment>{{std::move(bill.invoice), bill.due, std::nullopt}};
    auto request = request_of(std::move(*input), bill, caller);
    const auto key = request.client_request_id;
    auto started = co_await intents->start_intent(db, std::move(request), call_within(context));
    started.intent.client_request_id = key;
    co_return http::Accepted<SubscriptionPayment>{
        {std::move(bill.invoice), bill.due, shown_intent(std::move(started.intent))}};
}

std::vector<base::ErrorCode> pay_errors() {
    return {errors::no_subscription,     errors::paid_ahead,       errors::account_missing,  errors::amount_not_whole,
            errors::amount_refused,      errors::currency_refused, errors::phone_needed,     errors::phone_unfit,
            errors::prompt_open,         errors::already_paid,     errors::provider_unknown, errors::subscription_live,
            errors::intent_request_used, errors::unknown_invoice,  errors::payments_off,     errors::account_unreadable,
            errors::live_credentials};
}

}  // namespace pos
