#include "pos/modules/payments/people.h"

#include "auth/caller.h"
#include "pos/modules/auth/step_up.h"
#include "pos/modules/payments/c2b.h"
#include "pos/modules/payments/c2b_statements.h"
#include "pos/modules/payments/effects.h"
#include "pos/modules/payments/move.h"
#include "pos/modules/payments/resolve.h"
#include "pos/plumbing/audit.h"

namespace pos {

namespace {

using ::payments::Evidence;
using ::payments::Finding;
using ::payments::Source;

// ---- What clients send -------------------------------------------------------------------------------------------

struct C2bFilter {
    db::PageRequest page;
    std::optional<C2bState> state;

    friend constexpr auto describe(C2bFilter*) {
        return schema::object<C2bFilter>(
            "C2bFilter", schema::flatten<&C2bFilter::page>(),
            schema::field<&C2bFilter::state>("state", {.doc = "`unmatched`: what somebody has to look at."}));
    }
};

struct MatchMoney {
    std::optional<IntentId> intent_id;
    std::optional<PaymentPurpose> purpose;
    std::optional<base::Uuid> subject_id;

    friend constexpr auto describe(MatchMoney*) {
        return schema::object<MatchMoney>(
            "MatchMoney", schema::field<&MatchMoney::intent_id>("intentId", {.doc = "It pays this attempt."}),
            schema::field<&MatchMoney::purpose>("purpose", {.doc = "Of `subjectId`; not set: `sale`."}),
            schema::field<&MatchMoney::subject_id>(
                "subjectId", {.doc = "It pays this: the id of a sale's payment that is not verified yet, of a sale "
                                     "with such a payment, or of an invoice."}));
    }
};

// ---- Money that came by itself -----------------------------------------------------------------------------------

async::Task<db::Page<C2bPayment>> list(auth::Permitted<"payments.read"> /*unused*/, http::Query<C2bFilter> filter,
                                       db::Db db) {
    return c2b::newest.page(db, filter->page, filter->state);
}

struct Matching {
    C2bPaymentId id;
    MatchMoney to;
    UserId by;
    std::string address{};
    PaymentIntents* intents = nullptr;
};

Audited matched(const Matching& matching, const C2bPayment& money) {
    return {.action = "c2b_payment.match",
            .actor = matching.by,
            .subject = matching.to.intent_id ? matching.to.intent_id->uuid() : *matching.to.subject_id,
            .address = matching.address,
            .detail = schema::to_json(Decided{money.receipt, ""})};
}

bool is_matched_to(const C2bPayment& money, const MatchMoney& to) {
    return money.state == C2bState::matched && to.intent_id && money.matched_kind == C2bMatch::intent &&
           money.matched_id == to.intent_id->uuid();
}

// Under the locks: the row as it is now, which nothing has matched.
async::Task<C2bPayment> take_money(db::Db tx, C2bPayment seen) {
    co_await tx.run(intents::lock_receipt, seen.provider, seen.receipt);
    auto row = co_await tx.only(c2b::lock, seen.id);
    if (row.state == C2bState::matched) throw base::Failure(errors::c2b_matched);
    co_return row;
}

async::Task<void> match_to_intent(db::Db tx, const Matching* matching, C2bPayment seen) {
    const auto intent = co_await tx.one(intents::lock, *matching->to.intent_id);
    if (!intent) throw base::Failure(errors::unknown_intent);
    const auto money = co_await take_money(tx, std::move(seen));
    // Money of another account is another's, also where it belongs to the same shop.
    if (intent->account_id != money.account_id || intent->amount != money.amount || intent->currency != money.currency)
        throw base::Failure(errors::c2b_unfit);
    if (intent->receipt_code && *intent->receipt_code != money.receipt) throw base::Failure(errors::already_paid);
    const Evidence evidence{.source = Source::person,
                            .finding = Finding::paid,
                            .amount = money.amount,
                            .currency = money.currency,
                            .receipt = money.receipt,
                            .at = money.paid_at};
    const auto applied = co_await matching->intents->apply(tx, intent->id, evidence);
    if (!applied || applied->intent.receipt_code != money.receipt) throw base::Failure(errors::receipt_used);
    auto& runtime = matching->intents->runtime();
    auto batch = tx.batch();
    batch.add(intents::claim_c2b, money.provider, money.receipt, intent->id, runtime.now());
    batch.add(c2b::set_matched_by, money.id, matching->by);
    audit(batch, runtime, matched(*matching, money));
    co_await batch.commit();
}

async::Task<void> match_to_subject(db::Db tx, const Matching* matching, C2bPayment seen) {
    const auto* effects = subject_effects(matching->to.purpose.value_or(PaymentPurpose::sale));
    const auto account = co_await tx.only(intents::account_by_id, seen.account_id);
    if (effects == nullptr || effects->owner() != account.owner) throw base::Failure(errors::purpose_refused);
    const auto money = co_await take_money(tx, std::move(seen));
    auto& runtime = matching->intents->runtime();
    auto batch = tx.batch();
    std::vector<Change> changes;
    const auto found =
        co_await effects->match_to(EffectsIn{tx, &batch, &changes, &runtime}, money, *matching->to.subject_id);
    batch.add(c2b::mark_matched, money.id, found.kind, found.id, runtime.now(), matching->by);
    audit(batch, runtime, matched(*matching, money));
    if (!changes.empty()) record_changes(batch, changes, std::nullopt);
    co_await batch.commit();
}

async::Task<C2bPayment> match_in(db::Db tx, const Matching* matching) {
    auto money = co_await tx.one(c2b::by_id, matching->id);
    if (!money) throw base::Failure(errors::row_not_found);
    if (matching->to.intent_id.has_value() == matching->to.subject_id.has_value())
        throw base::Failure(errors::match_target);
    // Said again.
    if (is_matched_to(*money, matching->to)) co_return *std::move(money);
    if (money->state == C2bState::matched) throw base::Failure(errors::c2b_matched);
    if (matching->to.intent_id) {
        co_await match_to_intent(tx, matching, *std::move(money));
    } else {
        co_await match_to_subject(tx, matching, *std::move(money));
    }
    co_return co_await tx.only(c2b::by_id, matching->id);
}

async::Task<C2bPayment> match(http::Context& context, auth::Permitted<"payments.settle"> caller,
                              http::Path<"id", C2bPaymentId> id, http::Body<MatchMoney> input, db::SystemDb system,
                              db::Db db, http::Service<PaymentIntents> intents) {
    co_await require_step_up(system, SessionId(caller.session_id), intents->runtime().now());
    const Matching matching{*id, *input, UserId(caller.user_id), std::string(context.request().client_address()),
                            &*intents};
    co_return co_await db.transaction([&](db::Db tx) { return match_in(tx, &matching); });
}

// ---- Attempts of unknown outcome ---------------------------------------------------------------------------------

async::Task<PaymentIntent> resolve(http::Context& context, auth::Permitted<"payments.settle"> caller,
                                   http::Path<"id", IntentId> id, http::Body<ResolveIntent> input, db::SystemDb system,
                                   db::Db db, http::Service<PaymentIntents> intents) {
    co_await require_step_up(system, SessionId(caller.session_id), intents->runtime().now());
    const Resolving resolving{.id = *id,
                              .said = *input,
                              .by = UserId(caller.user_id),
                              .address = std::string(context.request().client_address()),
                              .owner = AccountOwner::tenant,
                              .intents = &*intents};
    auto row = co_await db.transaction([&](db::Db tx) { return resolve_in(tx, &resolving); });
    co_return shown_intent(std::move(row));
}

}  // namespace

void people_routes(http::Routes routes) {
    routes.get("/c2b-payments", list,
               {.id = "listC2bPayments",
                .summary = "Money that came to the shop's account, newest first",
                .description = "Each receipt is here once. `unmatched`: nobody knows yet what it pays."});
    routes.post(
        "/c2b-payments/{id}/match", match,
        {.id = "matchC2bPayment",
         .summary = "Say what money pays",
         .description =
             "Either `intentId`, of an attempt at the account that it came to, or `subjectId`. The amounts must "
             "be equal. Saying the same of an intent again changes nothing.",
         .errors = {errors::match_target, errors::c2b_matched, errors::c2b_unfit, errors::unknown_intent,
                    errors::already_paid, errors::receipt_used, errors::purpose_refused, errors::amount_refused,
                    errors::step_up_needed}});
    routes.post("/payment-intents/{id}/resolve", resolve,
                {.id = "resolvePaymentIntent",
                 .summary = "Say what became of a payment that nobody knows of",
                 .description = "For what is `unknown` after all queries: `paid` with the receipt, or `not_paid`. Who "
                                "said so is kept. Money that comes in spite of `not_paid` is still recorded.",
                 .errors = {errors::intent_final, errors::prompt_rings, errors::receipt_used, errors::c2b_unfit,
                            errors::purpose_refused, errors::step_up_needed}});
}

std::vector<db::StatementView> people_statements() {
    return db::statements(c2b::newest, c2b::record, c2b::by_id, c2b::lock, c2b::by_receipt, c2b::lock_by_receipt,
                          c2b::mark_matched, c2b::set_matched_by, c2b::open_intents, c2b::without_receipt);
}

}  // namespace pos
