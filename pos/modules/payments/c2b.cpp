#include "pos/modules/payments/c2b.h"

#include <algorithm>

#include "pos/modules/payments/c2b_statements.h"
#include "pos/modules/payments/effects.h"
#include "pos/modules/payments/move.h"
#include "pos/modules/payments/reference.h"

namespace pos {

namespace {

using ::payments::Evidence;
using ::payments::Finding;
using ::payments::Source;

// After a prompt that came to nothing, the customer may pay by hand, under what the prompt said.
constexpr std::chrono::hours ended_stays_open{24};
// A success that a query has told has no receipt yet: what comes under its reference is its own money.
constexpr std::chrono::hours receipt_may_come{72};

constexpr std::size_t longest_receipt = 40;
constexpr std::size_t longest_text = 120;

C2bPayment row_of(PaymentIntents& intents, const ClaimFrom& from) {
    const auto& received = *from.claim.received;
    C2bPayment row;
    row.id = intents.runtime().new_id<C2bPaymentId>();
    row.account_id = from.account.id;
    row.provider = from.account.provider;
    row.receipt = kept_text(received.receipt, longest_receipt);
    row.account_code = kept_text(received.account_code, longest_receipt);
    row.amount = received.amount;
    row.currency = from.claim.evidence.currency;
    if (row.currency.empty()) row.currency = intents.provider_of(row.provider).traits().currencies.front();
    row.reference = kept_text(received.reference, longest_text);
    row.payer_hash = kept_text(received.payer_hash, longest_text);
    row.payer_name = kept_text(received.payer_name, longest_text);
    row.paid_at = received.at;
    row.proven = from.trusted;
    row.received_at = from.received_at;
    return row;
}

// ---- Which attempt it pays ---------------------------------------------------------------------------------------

int rank_of(IntentState state) {
    if (is_open(state)) return 0;
    return is_paid(state) ? 1 : 2;
}

// One document, however often it was tried to be paid: what is open of it, else what ended. nullopt: none fits, or several do.
std::optional<IntentId> only_fit(const std::vector<c2b::Fit>& fits, const C2bPayment& money) {
    const c2b::Fit* best = nullptr;
    for (const auto& fit : fits) {
        if (fit.subject_id != fits.front().subject_id || fit.purpose != fits.front().purpose) return std::nullopt;
        if (fit.amount != money.amount || fit.currency != money.currency) continue;
        if (best == nullptr || rank_of(fit.state) < rank_of(best->state)) best = &fit;
    }
    return best == nullptr ? std::nullopt : std::optional(best->id);
}

async::Task<std::optional<IntentId>> intent_by_reference(db::Db tx, const C2bPayment* money, base::Timestamp now) {
    const auto typed = TypedReference::read(money->reference);
    if (typed.normalised.empty()) co_return std::nullopt;
    const auto fits = co_await tx.all(c2b::open_intents, money->account_id, now - ended_stays_open,
                                      now - receipt_may_come, typed.normalised, typed.number);
    if (fits.empty()) co_return std::nullopt;
    co_return only_fit(fits, *money);
}

Evidence evidence_of(const C2bPayment& money, Source source) {
    return {.source = source,
            .finding = Finding::paid,
            .amount = money.amount,
            .currency = money.currency,
            .receipt = money.receipt,
            .at = money.paid_at};
}

// ---- … or whose it is otherwise ----------------------------------------------------------------------------------

async::Task<bool> match_subject(db::Db tx, PaymentIntents* intents, const C2bPayment* money, AccountOwner owner,
                                bool keeps) {
    for (const auto* effects : payment_subjects()) {
        if (effects->owner() != owner) continue;
        auto batch = tx.batch();
        std::vector<Change> changes;
        const EffectsIn in{tx, &batch, &changes, &intents->runtime()};
        const auto matched = co_await effects->match(in, *money);
        if (!matched) continue;
        if (!keeps) co_return true;
        batch.add(c2b::mark_matched, money->id, matched->kind, matched->id, intents->runtime().now(), std::nullopt);
        if (!changes.empty()) record_changes(batch, changes, std::nullopt);
        co_await batch.commit();
        co_return true;
    }
    co_return false;
}

// Nothing, or what a prompt without a reference shows.
bool names_nothing(const C2bPayment& money) {
    return TypedReference::read(money.reference).normalised.empty() || money.reference == "Payment";
}

// `money` is as it came, or as it is stored. Gives the row as it is stored afterwards.
async::Task<void> match_money(db::Db tx, PaymentIntents* intents, C2bPayment money, AccountOwner owner, Source source) {
    const auto now = intents->runtime().now();
    std::optional<IntentId> intent;
    // What has paid already, and may be told of here.
    const auto unexplained = co_await tx.all(c2b::without_receipt, money.account_id, money.amount, money.currency,
                                             money.paid_at.value_or(money.received_at));
    if (money.proven) {
        intent = co_await tx.one(intents::by_receipt, money.provider, money.receipt);
        if (!intent) intent = co_await intent_by_reference(tx, &money, now);
        // Nothing is typed where a till is paid: what fits by amount and time is its own.
        if (!intent && unexplained.size() == 1 && names_nothing(money)) intent = unexplained.front();
        if (intent) co_await tx.one(intents::lock, *intent);
    } else if (const auto fit = co_await intent_by_reference(tx, &money, now)) {
        // Whoever says so is not believed: the provider is asked about the attempt that it would pay.
        co_await intents->apply(tx, *fit, {.source = Source::callback, .finding = Finding::processing});
    }
    co_await tx.run(intents::lock_receipt, money.provider, money.receipt);
    auto row = co_await tx.one(c2b::record, money);
    if (!row) row = co_await tx.one(c2b::lock_by_receipt, money.provider, money.receipt);
    if (!row || row->state == C2bState::matched || !row->proven) co_return;
    // Told of beside the attempt that has it.
    if (const auto paid = co_await tx.one(intents::by_receipt, row->provider, row->receipt)) {
        co_await tx.run(intents::claim_c2b, row->provider, row->receipt, *paid, now);
        co_return;
    }
    if (intent) {
        const auto applied = co_await intents->apply(tx, *intent, evidence_of(*row, source));
        if (applied && applied->intent.receipt_code == row->receipt) co_return;
    }
    // It may be the same money: then it is for people, until that attempt has its receipt.
    if (unexplained.empty()) co_await match_subject(tx, intents, &*row, owner, true);
}

async::Task<bool> look_for_match(db::Db tx, PaymentIntents* intents, const C2bPayment* money, AccountOwner owner) {
    if (co_await intent_by_reference(tx, money, intents->runtime().now())) co_return true;
    co_return co_await match_subject(tx, intents, money, owner, false);
}

async::Task<void> match_stored(db::Db tx, PaymentIntents* intents, std::string provider, std::string receipt) {
    auto row = co_await tx.one(c2b::by_receipt, provider, receipt);
    if (!row || row->state == C2bState::matched || !row->proven) co_return;
    const auto account = co_await tx.only(intents::account_by_id, row->account_id);
    co_await match_money(tx, intents, *std::move(row), account.owner, Source::confirmation);
}

}  // namespace

async::Task<void> record_received(db::Db tx, PaymentIntents* intents, const ClaimFrom* from) {
    auto money = row_of(*intents, *from);
    if (money.receipt.empty()) co_return;
    const auto source = from->claim.evidence.source == Source::pull ? Source::pull : Source::confirmation;
    co_await match_money(tx, intents, std::move(money), from->account.owner, source);
}

async::Task<bool> could_match(db::Db db, PaymentIntents* intents, PaymentAccount account, ::payments::Claim claim) {
    if (!claim.received) co_return true;
    const auto now = intents->runtime().now();
    const auto owner = account.owner;
    const ClaimFrom from{.account = std::move(account), .claim = std::move(claim), .received_at = now};
    const auto money = row_of(*intents, from);
    try {
        co_return co_await db.transaction([&](db::Db tx) { return look_for_match(tx, intents, &money, owner); });
    } catch (const std::exception&) {
        co_return true;  // who cannot look refuses nobody
    }
}

async::Task<void> match_again(db::Db db, PaymentIntents* intents, std::string provider, std::string receipt) {
    // Whoever records it at this moment is waited for.
    co_await db.run(intents::lock_receipt, provider, receipt);
    co_await db.transaction([&](db::Db tx) { return match_stored(tx, intents, provider, receipt); });
}

}  // namespace pos
