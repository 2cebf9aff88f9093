// Evidence becomes a move: decided once, under the row's lock, with its effect in the same transaction.
#include "pos/modules/payments/effects.h"
#include "pos/modules/payments/events.h"
#include "pos/modules/payments/move.h"
#include "pos/modules/payments/provider_events.h"

namespace pos {

namespace {

::payments::Attempt judged(const PaymentIntent& intent) {
    return {.state = intent.state,
            .amount = intent.amount,
            .currency = intent.currency,
            .receipt = intent.receipt_code.value_or(""),
            .refunded = intent.refunded,
            .differs =
                intent.concern == IntentConcern::amount_differs || intent.concern == IntentConcern::currency_differs};
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

// Why it is owed back, which is over when it is not.
bool is_of_subject(std::optional<IntentConcern> concern) {
    using enum IntentConcern;
    return concern == paid_after_end || concern == subject_missing || concern == subject_paid ||
           concern == subject_unfit;
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

DisputeState state_of(::payments::Claim::DisputeNews::State state) {
    using enum ::payments::Claim::DisputeNews::State;
    if (state == open) return DisputeState::open;
    return state == won ? DisputeState::won : DisputeState::lost;
}

PaymentMoved moved(const PaymentIntent& intent) {
    return {intent.id,         intent.location_id, intent.state,  intent.purpose,
            intent.subject_id, intent.provider,    intent.amount, intent.currency};
}

// Who could not be asked is asked again, while somebody may be waiting for the answer.
constexpr std::chrono::seconds ask_again{20};
constexpr std::chrono::hours somebody_waits{1};
// A till that was offline sends its sales when it can; after so long somebody looks at money that no sale has come for.
constexpr std::chrono::hours subject_may_come{24};

// Whether a code says what became of the attempt, and not that nobody could be asked. That of a success goes with the credit alone.
bool is_news(const ::payments::Evidence& evidence, const ::payments::Decision& decision) {
    using enum ::payments::Finding;
    if (evidence.code.empty()) return false;
    if (evidence.finding == paid) return decision.credits;
    if (evidence.finding == lost) return decision.changes || evidence.source == ::payments::Source::reply;
    return decision.changes || evidence.finding != processing;
}

// Where the plan's short steps are over long before the payer's time is.
constexpr std::chrono::minutes short_steps{15};
// So long after the end of a page, its provider says that it is over.
constexpr std::chrono::minutes behind_the_end{16};

// A page that lives longer than the plan's first steps is asked after until it has ended, since its event may be lost, or come to nobody;
// and once more then, since nobody tells of a payer who has left it.
base::Timestamp planned_query(const PaymentIntent& intent, base::Timestamp now) {
    constexpr std::chrono::minutes between{10};
    const auto planned = ::payments::next_query(intent.created_at, now);
    const auto& page_ends = intent.expires_at;
    if (page_ends <= intent.created_at + short_steps || now >= page_ends + behind_the_end) return planned;
    return std::min(planned, now < page_ends ? now + between : page_ends + behind_the_end);
}

std::optional<base::Timestamp> next_query_of(const PaymentIntent& intent, const ::payments::Decision& decision,
                                             const ::payments::Evidence& evidence, bool moves, base::Timestamp now) {
    if (evidence.source == ::payments::Source::query) {
        // Of what is over nobody asks, unless something was told of it and the question had no answer.
        const auto planned = planned_query(intent, now);
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
    // What came, where that is other money.
    if (!was_paid && intent.concern == IntentConcern::amount_differs && evidence.amount)
        intent.received = evidence.amount;
    if (decision.credits) intent.received.reset();
    intent.state = decision.next;
    // What a success was told with stays, whatever is said afterwards.
    if (is_news(evidence, decision) && (!was_paid || decision.credits)) {
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
    intent.paid_at = move->evidence.at.value_or(parts_.runtime.now());
    const auto* effects = subject_effects(intent.purpose);
    Settlement settled{Settlement::Use::unwanted, IntentConcern::subject_unfit};
    // What is disputed pays nothing: its subject is asked when it is won.
    if (intent.disputed) {
        settled = {Settlement::Use::waits, {}};
    } else if (effects != nullptr) {
        settled = co_await effects->succeeded(move->effects(parts_.runtime), intent, move->decision.was_over);
    }
    take_settlement(*move, settled);
    // It still pays its subject if that comes; until then it is owed back.
    if (move->decision.was_over && intent.waits) owe_back(*move);
    parts_.runtime.outbox().emit(move->batch, payment_succeeded, moved(intent));
}

// What the subject says to the money, the first time and when it is asked again.
void PaymentIntents::take_settlement(Move& move, Settlement settled) const {
    auto& intent = move.intent;
    intent.waits = settled.use == Settlement::Use::waits;
    if (settled.concern) intent.concern = settled.concern;
    if (settled.use == Settlement::Use::unwanted) owe_back(move);
    if (settled.use != Settlement::Use::taken) return;
    if (settled.surplus > base::Money{}) return owe_back(move, settled.surplus);
    // It was owed back, and found what it is for.
    if (is_of_subject(intent.concern)) intent.concern = settled.concern;
    move.batch.add(refunds::finish_task, intent.id, parts_.runtime.now(), std::string("what it was for came"));
}

void PaymentIntents::owe_back(Move& move, std::optional<base::Money> part) const {
    const auto& intent = move.intent;
    const auto reason = intent.concern.value_or(IntentConcern::subject_unfit);
    move.batch.add(refunds::add_task, intent.id, reason, part.value_or(intent.amount - intent.refunded),
                   parts_.runtime.now());
}

// Of a sale that comes later it is still the money.
async::Task<void> PaymentIntents::keep(db::Db tx, IntentId id) {
    auto row = co_await tx.one(intents::lock, id);
    if (!row || !is_paid(row->state) || row->refund_held.minor > 0 || row->disputed) co_return;
    Move move(tx, *std::move(row), {});
    const auto* effects = subject_effects(move.intent.purpose);
    if (effects == nullptr || !co_await effects->kept(move.effects(parts_.runtime), move.intent)) co_return;
    move.intent.waits = false;
    move.intent.concern.reset();
    co_await commit(&move);
}

// It pays again, or a part of it: what it was for is asked.
async::Task<void> PaymentIntents::come_back(Move* move) {
    const auto* effects = subject_effects(move->intent.purpose);
    if (effects == nullptr) co_return;
    const auto more = move->before.refunded - move->intent.refunded;
    const auto settled =
        co_await effects->came_back(move->effects(parts_.runtime), move->intent, std::max(more, base::Money{}));
    if (settled) take_settlement(*move, *settled);
}

async::Task<void> PaymentIntents::settle_waiting(db::Db tx, IntentId id) {
    auto row = co_await tx.one(intents::lock, id);
    if (!row || !row->waits) co_return;
    // Pays nothing while it is on its way back, or the payer wants it back.
    if (row->refund_held.minor > 0 || row->disputed) co_return;
    Move move(tx, *std::move(row), {});
    const auto* effects = subject_effects(move.intent.purpose);
    if (move.intent.state != IntentState::succeeded || effects == nullptr ||
        co_await effects->is_used(move.effects(parts_.runtime), move.intent)) {
        move.intent.waits = false;
        co_await commit(&move);
        co_return;
    }
    // Of what is left of it nobody can say what it pays: that is for people.
    const bool is_left_over = move.intent.refunded.minor > 0;
    Settlement settled;
    if (!is_left_over) settled = co_await effects->succeeded(move.effects(parts_.runtime), move.intent, false);
    if (settled.use != Settlement::Use::waits) {
        take_settlement(move, settled);
        co_await commit(&move);
        co_return;
    }
    const bool is_named = is_left_over && co_await tx.only(intents::is_named, id);
    if (is_named && co_await tx.only(intents::is_kept, id)) co_return co_await keep(tx, id);
    const auto age = parts_.runtime.now() - move.intent.paid_at.value_or(move.intent.created_at);
    const auto concern = is_left_over ? IntentConcern::subject_unfit : IntentConcern::subject_missing;
    if ((age < subject_may_come && !is_named) || move.intent.concern == concern) co_return;
    // It still pays its subject if that comes.
    move.intent.concern = concern;
    owe_back(move);
    co_await commit(&move);
}

// Two attempts of one name would both be told of one payment.
async::Task<void> PaymentIntents::refuse_used_name(Move* move) {
    auto& said = move->evidence;
    if (said.provider_id.empty() || move->intent.provider_id) co_return;
    const auto other = co_await move->tx.one(intents::by_provider_id, move->intent.account_id, said.provider_id);
    if (!other || *other == move->intent.id) co_return;
    said = {.source = said.source, .finding = ::payments::Finding::lost, .code = "id_in_use"};
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
    move->batch.announce({.kind = std::string(payment_intents_changed),
                          .place = intent.location_id ? std::optional(intent.location_id->uuid()) : std::nullopt,
                          .row = intent.id.uuid()});
    co_await move->batch.commit();
}

async::Task<std::optional<Applied>> PaymentIntents::apply(db::Db tx, IntentId id, ::payments::Evidence evidence) {
    auto row = co_await tx.one(intents::lock, id);
    if (!row) co_return std::nullopt;
    Move move(tx, *std::move(row), std::move(evidence));
    co_await refuse_used_name(&move);
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

// Whether somebody disputes it: until that is decided, and where it was lost until the money is known to have gone back.
async::Task<void> PaymentIntents::judge_disputes(Move* move) {
    auto& intent = move->intent;
    const auto standing = co_await move->tx.one(disputes::standing, intent.id);
    if (!standing) co_return;
    const bool has_gone = intent.refunded >= std::min(standing->gone, intent.amount);
    intent.disputed = standing->is_open || (standing->is_lost && !has_gone);
    // Of releases that had it in the same column.
    if (intent.concern == IntentConcern::disputed) intent.concern.reset();
}

async::Task<bool> PaymentIntents::note_dispute(db::Db tx, IntentId id, ::payments::Claim::DisputeNews news) {
    auto row = co_await tx.one(intents::lock, id);
    if (!row) co_return false;
    const bool is_same_money = news.currency.empty() || news.currency == row->currency;
    co_await tx.run(disputes::note, id, news.provider_id, state_of(news.state),
                    is_same_money ? news.amount : base::Money{}, row->refunded, parts_.runtime.now());
    Move move(tx, *std::move(row), {});
    co_await judge_disputes(&move);
    auto& intent = move.intent;
    if (move.before.disputed && intent.pays()) {
        const auto* effects = subject_effects(intent.purpose);
        if (intent.waits && effects != nullptr) {
            take_settlement(move, co_await effects->succeeded(move.effects(parts_.runtime), intent, false));
        } else {
            co_await come_back(&move);
        }
    }
    if (intent.disputed != move.before.disputed || intent.concern != move.before.concern) co_await commit(&move);
    co_return co_await tx.one(disputes::state_of, id, news.provider_id) == state_of(news.state);
}

}  // namespace pos
