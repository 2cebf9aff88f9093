// Evidence becomes a move: decided once, under the row's lock, with its effect in the same transaction.
#include "pos/modules/payments/events.h"
#include "pos/modules/payments/move.h"
#include "pos/modules/payments/provider_events.h"
#include "pos/payment_subjects.h"

namespace pos {

namespace {

::payments::Attempt judged(const PaymentIntent& intent) {
    return {.state = intent.state,
            .amount = intent.amount,
            .currency = intent.currency,
            .receipt = intent.receipt_code.value_or(""),
            .refunded = intent.refunded};
}

// Words of payments/state.h, which are those of the enumeration.
std::optional<IntentConcern> concern_of(std::string_view word) {
    for (const auto concern :
         {IntentConcern::amount_differs, IntentConcern::currency_differs, IntentConcern::paid_after_end,
          IntentConcern::receipt_differs, IntentConcern::receipt_used}) {
        if (schema::name_of(concern) == word) return concern;
    }
    return std::nullopt;
}

void learn(std::optional<std::string>& known, const std::string& said) {
    if (!known && !said.empty()) known = said;
}

// The same receipt has paid for something else: no credit, and nothing that looks like one.
::payments::Decision without_value(const PaymentIntent& intent) {
    ::payments::Decision decision{.next = intent.state, .concern = "receipt_used"};
    if (is_open(intent.state)) decision.next = IntentState::unknown;
    decision.changes = decision.next != intent.state;
    return decision;
}

PaymentMoved moved(const PaymentIntent& intent) {
    return {intent.id,       intent.state,  intent.purpose, intent.subject_id,
            intent.provider, intent.amount, intent.currency};
}

// Who could not be asked is asked again, while somebody may be waiting for the answer.
constexpr std::chrono::seconds ask_again{20};
constexpr std::chrono::hours somebody_waits{1};

// Whether a code says what became of the attempt, and not that nobody could be asked.
bool is_news(const ::payments::Evidence& evidence, bool moves) {
    if (evidence.code.empty()) return false;
    const bool says_nothing =
        evidence.finding == ::payments::Finding::lost || evidence.finding == ::payments::Finding::processing;
    return moves || !says_nothing;
}

// Where the plan's short steps are over long before the payer's time is.
constexpr std::chrono::minutes short_steps{15};
// So long after the end of a page, its provider says that it is over.
constexpr std::chrono::minutes behind_the_end{16};

// Who was to pay on a page, and did not, is told of by nobody: its end is asked for, too.
base::Timestamp planned_query(const PaymentIntent& intent, base::Timestamp now) {
    const auto planned = ::payments::next_query(intent.created_at, now);
    const auto end = intent.expires_at + behind_the_end;
    const bool has_page = intent.expires_at > intent.created_at + short_steps;
    return has_page && end > now ? std::min(planned, end) : planned;
}

std::optional<base::Timestamp> next_query_of(const PaymentIntent& intent, const ::payments::Decision& decision,
                                             const ::payments::Evidence& evidence, bool moves, base::Timestamp now) {
    if (evidence.source == ::payments::Source::query) {
        const auto planned = planned_query(intent, now);
        // Of what is over nobody asks, unless something was told of it and the question had no answer.
        const bool has_no_answer = evidence.finding == ::payments::Finding::lost && intent.next_query_at;
        if (!is_open(intent.state)) return has_no_answer ? std::optional(planned) : std::nullopt;
        // Without a name there nobody can be asked: that is no reason to ask more often.
        const bool was_asked = evidence.finding != ::payments::Finding::lost || !intent.provider_id;
        return was_asked || now > intent.created_at + somebody_waits ? planned : std::min(planned, now + ask_again);
    }
    if (decision.ask) return now;
    // Its time is over; whom we could not ask, we ask all the same.
    const bool is_clock = evidence.source == ::payments::Source::clock;
    if (is_clock && is_open(intent.state) && intent.next_query_at > now) return intent.next_query_at;
    if (!is_open(intent.state)) return std::nullopt;
    if (moves || !intent.next_query_at) return planned_query(intent, now);
    return intent.next_query_at;
}

}  // namespace

// What the row keeps of the evidence, besides what money does.
void PaymentIntents::note_evidence(Move& move) const {
    auto& intent = move.intent;
    const auto& evidence = move.evidence;
    const auto& decision = move.decision;
    const bool was_paid = is_paid(intent.state);
    const auto now = parts_.runtime.now();
    learn(intent.provider_id, evidence.provider_id);
    learn(intent.second_id, evidence.second_id);
    if (decision.learns_receipt) intent.receipt_code = evidence.receipt;
    if (const auto concern = concern_of(decision.concern)) intent.concern = concern;
    intent.state = decision.next;
    // What a success was told with stays, whatever is said afterwards.
    if (is_news(evidence, decision.changes) && (!was_paid || decision.credits)) {
        intent.result_code = evidence.code;
        intent.result_text = evidence.text;
    }
    if (evidence.source == ::payments::Source::query) ++intent.queries;
    intent.next_query_at = next_query_of(intent, decision, evidence, move.before.state != intent.state, now);
    if (!is_open(intent.state) && !intent.finished_at) intent.finished_at = now;
    if (is_open(intent.state)) return;
    intent.redirect_url.reset();
    intent.sealed_client_secret.reset();
}

async::Task<bool> PaymentIntents::is_receipt_spent(Move* move) {
    const auto& receipt = move->evidence.receipt;
    if (receipt.empty()) co_return false;
    co_await move->tx.run(intents::lock_receipt, move->intent.provider, receipt);
    co_return co_await move->tx.only(intents::is_spent, move->intent.provider, receipt, move->intent.id);
}

// The money is the intent's from here on: its subject hears of it, and what nobody wants is owed back.
async::Task<void> PaymentIntents::credit(Move* move) {
    auto& intent = move->intent;
    const auto now = parts_.runtime.now();
    intent.paid_at = move->evidence.at.value_or(now);
    const auto* effects = subject_effects(intent.purpose);
    const auto settled = effects == nullptr ? Settlement{Settlement::Use::unwanted, IntentConcern::subject_unfit}
                                            : co_await effects->succeeded(move->effects(parts_.runtime), intent,
                                                                          move->decision.was_over);
    if (settled.concern) intent.concern = settled.concern;
    const bool too_late = move->decision.was_over && settled.use == Settlement::Use::waits;
    if (settled.use == Settlement::Use::taken && intent.concern == IntentConcern::paid_after_end)
        intent.concern.reset();  // it came late, and found what it was for
    if (too_late || settled.use == Settlement::Use::unwanted) {
        const auto reason = intent.concern.value_or(IntentConcern::subject_unfit);
        move->batch.add(refunds::add_task, intent.id, reason, intent.amount, now);
    }
    parts_.runtime.outbox().emit(move->batch, payment_succeeded, moved(intent));
}

// It ended now, and without money.
void PaymentIntents::add_end(Move& move) const {
    if (is_open(move.intent.state) || !is_open(move.before.state) || is_paid(move.intent.state)) return;
    parts_.runtime.outbox().emit(move.batch, payment_failed, moved(move.intent));
}

async::Task<void> PaymentIntents::commit(Move* move) {
    auto& intent = move->intent;
    intent.updated_at = parts_.runtime.now();
    intent.version = next_version(move->before.version);
    if (intent.state == IntentState::refunded && move->before.state != IntentState::refunded)
        parts_.runtime.outbox().emit(move->batch, payment_refunded, moved(intent));
    move->batch.add(intents::replace, intent, move->before.version);
    if (!move->changes.empty()) record_changes(move->batch, move->changes, std::nullopt);
    move->batch.after_commit([this, id = intent.id] { wake(id); });
    co_await move->batch.commit();
}

async::Task<std::optional<Applied>> PaymentIntents::apply(db::Db tx, IntentId id, ::payments::Evidence evidence) {
    auto row = co_await tx.one(intents::lock, id);
    if (!row) co_return std::nullopt;
    Move move(tx, *std::move(row), std::move(evidence));
    move.decision = ::payments::decide(judged(move.intent), move.evidence);
    const bool takes_receipt = move.decision.credits || move.decision.learns_receipt;
    if (takes_receipt && co_await is_receipt_spent(&move)) move.decision = without_value(move.intent);
    note_evidence(move);
    if (move.decision.credits) co_await credit(&move);
    if (move.decision.learns_receipt) {
        move.batch.add(intents::claim_c2b, move.intent.provider, move.evidence.receipt, move.intent.id,
                       parts_.runtime.now());
        const auto* effects = subject_effects(move.intent.purpose);
        if (!move.decision.credits && effects != nullptr)
            co_await effects->receipt_learnt(move.effects(parts_.runtime), move.intent);
    }
    if (move.evidence.finding == ::payments::Finding::refunded && move.decision.changes) co_await write_refunds(&move);
    add_end(move);
    if (!move.before.provider_id && move.intent.provider_id) {
        co_await wake_events(move.tx, &move.batch, &parts_.runtime, move.intent.account_id, *move.intent.provider_id);
    }
    if (schema::to_json(move.intent) != schema::to_json(move.before) || move.decision.changes ||
        move.intent.next_query_at != move.before.next_query_at || move.intent.queries != move.before.queries ||
        move.intent.second_id != move.before.second_id) {
        co_await commit(&move);
    }
    co_return Applied{std::move(move.intent), move.decision};
}

async::Task<std::optional<Applied>> PaymentIntents::apply_now(db::Db db, IntentId id, ::payments::Evidence evidence) {
    co_return co_await db.transaction([&](db::Db tx) { return apply(tx, id, evidence); });
}

async::Task<void> PaymentIntents::raise(db::Db tx, IntentId id, IntentConcern concern) {
    auto row = co_await tx.one(intents::lock, id);
    if (!row || row->concern == concern) co_return;
    Move move(tx, *std::move(row), {});
    move.intent.concern = concern;
    co_await commit(&move);
}

}  // namespace pos
