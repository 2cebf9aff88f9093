// Money that goes back. Rows are the truth: the intent's two sums are theirs, and a check of its row holds them to what was paid.
#include <algorithm>

#include "pos/modules/payments/effects.h"
#include "pos/modules/payments/events.h"
#include "pos/modules/payments/move.h"
#include "pos/modules/payments/reconcile.h"

namespace pos {

namespace {

constexpr std::string_view made_elsewhere = "made at the provider";

RefundState state_of(::payments::Refunded::Outcome outcome) {
    using enum ::payments::Refunded::Outcome;
    switch (outcome) {
        case done: return RefundState::succeeded;
        case pending: return RefundState::pending;
        case refused: return RefundState::failed;
        case unknown: return RefundState::unknown;
    }
    return RefundState::unknown;
}

std::optional<std::string> said(std::string text) {
    return text.empty() ? std::nullopt : std::optional(std::move(text));
}

bool is_held(RefundState state) { return state == RefundState::pending || state == RefundState::unknown; }

// What a row of this state adds to the intent's sums; taken away with -1.
void count(PaymentIntent& intent, RefundState state, base::Money amount, std::int64_t sign) {
    const base::Money change{sign * amount.minor};
    if (state == RefundState::succeeded) intent.refunded += change;
    if (is_held(state)) intent.refund_held += change;
}

// What may still go back.
base::Money room_of(const PaymentIntent& intent) { return intent.amount - intent.refunded - intent.refund_held; }

PaymentRefund new_refund(const PaymentIntent& intent, const RefundOrder& order, Runtime& runtime) {
    const auto now = runtime.now();
    return {.id = runtime.new_id<RefundId>(),
            .client_request_id = order.client_request_id,
            .intent_id = intent.id,
            .amount = order.amount,
            .reason = order.reason,
            .by_hand = order.by_hand,
            .state = order.by_hand ? RefundState::succeeded : RefundState::pending,
            .provider_id = {},
            .result_code = {},
            .result_text = {},
            .created_by = order.created_by,
            .created_at = now,
            .updated_at = now,
            .told_at = {}};
}

// Nobody here has asked for it: the provider told of it. It is sent by nobody, and our id is no name of it there.
bool is_made_elsewhere(const PaymentRefund& row) { return !row.created_by; }

// How it ended, in the transaction that knows it.
void tell_end(jobs::Outbox& outbox, db::Batch& batch, const PaymentRefund& row, const PaymentIntent& intent) {
    if (row.state == RefundState::succeeded) outbox.emit(batch, refund_succeeded, RefundMoved::of(row, intent));
    if (row.state == RefundState::failed) outbox.emit(batch, refund_failed, RefundMoved::of(row, intent));
}

void add_refund(jobs::Outbox& outbox, db::Batch& batch, const PaymentRefund& row, const PaymentIntent& intent) {
    batch.add(refunds::add, row);
    outbox.emit(batch, refund_created, RefundMoved::of(row, intent));
    tell_end(outbox, batch, row, intent);
}

void require_refundable(const PaymentIntent& intent, const RefundOrder& order, bool provider_refunds) {
    if (!is_paid(intent.state)) throw base::Failure(errors::not_refundable);
    if (!order.by_hand && !order.sent_by_caller && !provider_refunds) throw base::Failure(errors::refund_by_hand);
}

}  // namespace

// Behind a change of the sums: whether all of it is back, and what follows.
async::Task<void> PaymentIntents::write_refunds(Move* move) {
    auto& intent = move->intent;
    if (move->evidence.finding == ::payments::Finding::refunded) {
        // The provider's total, which counts our own refunds too: what is above them was made elsewhere.
        const auto back = std::min(move->evidence.amount.value_or(intent.amount), intent.amount);
        const auto known = intent.refunded + intent.refund_held;
        intent.state = move->before.state;
        if (back > known) {
            auto row = new_refund(
                intent, {parts_.runtime.new_id<RefundId>().uuid(), back - known, std::string(made_elsewhere), true},
                parts_.runtime);
            row.by_hand = false;
            count(intent, row.state, row.amount, 1);
            add_refund(parts_.runtime.outbox(), move->batch, row, intent);
        }
    }
    co_await judge_disputes(move);
    const bool all_back = intent.refunded >= intent.amount;
    const bool were_all_back = move->before.state == IntentState::refunded;
    intent.state = all_back ? IntentState::refunded : IntentState::succeeded;
    const bool is_whole = room_of(intent) == intent.amount;
    const bool came_back = (!all_back && were_all_back) || (is_whole && room_of(move->before) != intent.amount);
    const auto* effects = subject_effects(intent.purpose);
    const auto more = intent.refunded - move->before.refunded;
    if (more.minor != 0) move->batch.add(refunds::count_in_task, intent.id, more, parts_.runtime.now());
    if (all_back && !were_all_back) intent.waits = false;
    if (more > base::Money{} && effects != nullptr)
        co_await effects->went_back(move->effects(parts_.runtime), intent, more);
    if (came_back || more < base::Money{}) co_await come_back(move);
}

struct PaymentIntents::PlacedRefund {
    PaymentRefund refund;
    bool is_new = false;
};

async::Task<PaymentIntents::PlacedRefund> PaymentIntents::place_refund(db::Db tx, IntentId id,
                                                                       const RefundOrder* order) {
    auto row = co_await tx.one(intents::lock, id);
    if (!row) throw base::Failure(errors::row_not_found);
    if (const auto first = co_await tx.one(refunds::by_request, order->client_request_id)) {
        if (first->intent_id != id || first->amount != order->amount)
            throw base::Failure(errors::intent_request_used, "another refund has this key");
        co_return PlacedRefund{.refund = *first};
    }
    if (order->by_hand && !is_paid(row->state)) {
        const auto refund = new_refund(*row, *order, parts_.runtime);
        if (!co_await note_sent_back(tx, *std::move(row), refund)) throw base::Failure(errors::not_refundable);
        co_return PlacedRefund{.refund = refund, .is_new = true};
    }
    // What a lost dispute has taken, somebody may write down whom the provider does not tell.
    const auto standing = row->disputed ? co_await tx.one(disputes::standing, id) : std::nullopt;
    if (row->disputed && !(order->by_hand && standing && !standing->is_open)) throw base::Failure(errors::disputed);
    require_refundable(*row, *order, provider_of(row->provider).traits().refunds);
    Move move(tx, *std::move(row), {});
    auto refund = new_refund(move.intent, *order, parts_.runtime);
    count(move.intent, refund.state, refund.amount, 1);
    add_refund(parts_.runtime.outbox(), move.batch, refund, move.intent);
    if (refund.state == RefundState::succeeded) co_await write_refunds(&move);
    co_await commit(&move);
    co_return PlacedRefund{.refund = refund, .is_new = true};
}

// Other money than was asked for is none of the attempt's, and owed back all the same. False: nothing is.
async::Task<bool> PaymentIntents::note_sent_back(db::Db tx, PaymentIntent row, PaymentRefund refund) {
    const auto owed = co_await tx.one(refunds::open_amount, row.id);
    if (!owed) co_return false;
    if (refund.amount > *owed) throw base::Failure(errors::refund_exceeds);
    Move move(tx, std::move(row), {});
    add_refund(parts_.runtime.outbox(), move.batch, refund, move.intent);
    move.batch.add(refunds::count_in_task, move.intent.id, refund.amount, parts_.runtime.now());
    co_await commit(&move);
    co_return true;
}

async::Task<PaymentRefund> PaymentIntents::hold_refund(db::Db tx, IntentId id, RefundOrder order) {
    order.sent_by_caller = true;
    const auto placed = co_await place_refund(tx, id, &order);
    co_return placed.refund;
}

async::Task<PaymentRefund> PaymentIntents::settle_refund(db::Db tx, RefundId id, ::payments::Refunded refunded) {
    // In the order of whoever places one: the intent first.
    auto refund = co_await tx.one(refunds::by_id, id);
    if (!refund) throw base::Failure(errors::row_not_found);
    auto row = co_await tx.one(intents::lock, refund->intent_id);
    refund = co_await tx.one(refunds::lock, id);
    const auto next = state_of(refunded.outcome);
    // What a person has sent is theirs to say; of the rest, a success may still fail, and nothing becomes undecided again.
    if (!row || !is_paid(row->state) || refund->by_hand || (is_held(next) && !is_held(refund->state)))
        co_return *refund;
    Move move(tx, *std::move(row), {});
    count(move.intent, refund->state, refund->amount, -1);
    if (next != RefundState::failed && refund->amount > room_of(move.intent)) {
        // It had been called failed, and others have taken its place since: more went back than was paid.
        co_await doubt_refunds(tx, refund->intent_id);
        co_return *refund;
    }
    count(move.intent, next, refund->amount, 1);
    // What was said of an answer that was lost is over with it.
    if (refund->state == RefundState::unknown && next != RefundState::unknown) refund->result_text.reset();
    const bool has_moved = refund->state != next;
    refund->state = next;
    if (auto provider_id = said(refunded.provider_id)) refund->provider_id = std::move(provider_id);
    if (auto code = said(refunded.code)) refund->result_code = std::move(code);
    if (auto text = said(refunded.text)) refund->result_text = std::move(text);
    refund->updated_at = parts_.runtime.now();
    move.batch.add(refunds::settle, refund->state, refund->provider_id, refund->result_code, refund->result_text,
                   refund->updated_at, refund->id);
    if (has_moved) tell_end(parts_.runtime.outbox(), move.batch, *refund, move.intent);
    co_await write_refunds(&move);
    co_await commit(&move);
    co_return *refund;
}

async::Task<PaymentRefund> PaymentIntents::refund(db::Db db, IntentId id, RefundOrder order, client::Call call) {
    // Whose credentials nobody can open sends nothing back, and holds nothing.
    if (const auto row = co_await db.one(intents::by_id, id); row && !order.by_hand)
        std::ignore = open(db.tenant(), co_await db.only(intents::account_by_id, row->account_id));
    auto placed = co_await db.transaction([&](db::Db tx) { return place_refund(tx, id, &order); });
    co_return co_await send_refund(db, std::move(placed), std::move(call));
}

async::Task<PaymentRefund> PaymentIntents::ask_refund(db::Db db, RefundId id, client::Call call) {
    auto row = co_await db.only(refunds::by_id, id);
    co_return co_await send_refund(db, {.refund = std::move(row)}, std::move(call));
}

// A repetition asks again where nobody knows: the provider tells it by its own name of the refund, else by the refund's id, which only what
// was sent from here has.
async::Task<PaymentRefund> PaymentIntents::send_refund(db::Db db, PlacedRefund placed, client::Call call) {
    const auto& row = placed.refund;
    if (row.by_hand || !is_held(row.state)) co_return row;
    const auto intent = co_await db.only(intents::by_id, row.intent_id);
    // Held for a caller that sends it, and asks after it.
    if (!provider_of(intent.provider).traits().refunds) co_return row;
    const auto account = co_await db.only(intents::account_by_id, intent.account_id);
    const auto later = db.with_deadline(async::Loop::now() + std::chrono::seconds(10));
    auto& provider = provider_of(intent.provider);
    if (row.provider_id || is_made_elsewhere(row)) {
        const auto known = row.provider_id.value_or("");
        ::payments::Refunded told;
        if (!known.empty()) {
            told = co_await provider.ask_refund(
                open(db.tenant(), account),
                {.attempt = attempt_of(intent), .provider_id = known, .created_at = row.created_at}, std::move(call));
        }
        co_return co_await later.transaction([&](db::Db tx) { return take_asked(tx, &row, told); });
    }
    const auto refunded = co_await provider.refund(open(db.tenant(), account),
                                                   {.attempt = attempt_of(intent),
                                                    .id = row.id.uuid(),
                                                    .amount = row.amount,
                                                    .reason = row.reason,
                                                    .repeat = !placed.is_new,
                                                    .created_at = row.created_at},
                                                   std::move(call));
    co_return co_await later.transaction([&](db::Db tx) { return settle_refund(tx, row.id, refunded); });
}

// What was answered of one by the provider's name. It stays as it is where the answer does not say, or is of another one; who cannot be
// told in an hour is for people.
async::Task<PaymentRefund> PaymentIntents::take_asked(db::Db tx, const PaymentRefund* row, ::payments::Refunded told) {
    constexpr std::chrono::hours patience{1};
    const bool is_of_it = row->provider_id && told.provider_id == *row->provider_id;
    if (is_of_it && told.outcome != ::payments::Refunded::Outcome::unknown)
        co_return co_await settle_refund(tx, row->id, std::move(told));
    if (parts_.runtime.now() - row->created_at >= patience) co_await doubt_refunds(tx, row->intent_id);
    co_return co_await tx.only(refunds::by_id, row->id);
}

// ---- What is told of them ----------------------------------------------------------------------------------------

// For people to look at, where nothing else is: what is told of refunds does not fit what is known of them.
async::Task<void> PaymentIntents::doubt_refunds(db::Db tx, IntentId id, IntentConcern concern) {
    auto row = co_await tx.one(intents::lock, id);
    if (!row || row->concern) co_return;
    Move move(tx, *std::move(row), {});
    move.intent.concern = concern;
    co_await commit(&move);
}

// Which of the attempt's refunds it is about; nullopt: of none that is known.
async::Task<std::optional<PaymentRefund>> PaymentIntents::refund_of(db::Db tx, IntentId id,
                                                                    const ::payments::Claim::RefundNews* news) {
    const auto& name = news->refunded.provider_id;
    std::optional<PaymentRefund> known;
    if (news->id) known = co_await tx.one(refunds::by_id, RefundId(*news->id));
    if (!known && !name.empty()) known = co_await tx.one(refunds::lock_by_provider_id, id, name);
    const bool has_gone = news->refunded.outcome == ::payments::Refunded::Outcome::done ||
                          news->refunded.outcome == ::payments::Refunded::Outcome::pending;
    if (!known && has_gone && news->may_be_written_down)
        known = co_await tx.one(refunds::lock_unnamed, id, news->amount);
    co_return known;
}

async::Task<void> PaymentIntents::learn_of_refund(db::Db tx, PaymentRefund known,
                                                  const ::payments::Claim::RefundNews* news) {
    const auto now = parts_.runtime.now();
    const auto& said = news->refunded;
    // Events come in any order: whether what has failed is done after all, who can be asked says.
    const bool is_told_otherwise =
        known.state == RefundState::failed && said.outcome == ::payments::Refunded::Outcome::done;
    if (is_told_otherwise && known.provider_id) {
        const auto intent = co_await tx.only(intents::by_id, known.intent_id);
        if (provider_of(intent.provider).traits().refunds)
            co_return co_await ask_refunds_later(tx, &parts_.runtime.outbox(), known.intent_id, known.id);
    }
    const bool is_unnamed = !known.provider_id && !said.provider_id.empty();
    if (known.by_hand && said.outcome == ::payments::Refunded::Outcome::refused) {
        // A person has said that it went back: whether it did is for people.
        co_await doubt_refunds(tx, known.intent_id);
    } else if (is_unnamed && known.state == RefundState::succeeded) {
        co_await tx.run(refunds::learn_name, known.id, said.provider_id, now);
    }
    std::ignore = co_await settle_refund(tx, known.id, said);
    if (said.outcome == ::payments::Refunded::Outcome::done) co_await tx.run(refunds::mark_told, known.id, now);
}

async::Task<void> PaymentIntents::add_refund_made_elsewhere(db::Db tx, PaymentIntent row,
                                                            const ::payments::Claim::RefundNews* news) {
    Move move(tx, std::move(row), {});
    auto refund =
        new_refund(move.intent, {parts_.runtime.new_id<RefundId>().uuid(), news->amount, std::string(made_elsewhere)},
                   parts_.runtime);
    refund.state = state_of(news->refunded.outcome);
    const auto left = room_of(move.intent);
    if (refund.state != RefundState::failed && refund.amount > left) {
        // More went back than was paid: people have to look.
        move.intent.concern = IntentConcern::amount_differs;
        refund.amount = left;
    }
    if (refund.state == RefundState::succeeded) refund.told_at = refund.created_at;
    refund.provider_id = said(news->refunded.provider_id);
    refund.result_text = said(news->refunded.text);
    if (refund.amount.minor > 0) {
        count(move.intent, refund.state, refund.amount, 1);
        add_refund(parts_.runtime.outbox(), move.batch, refund, move.intent);
    }
    co_await write_refunds(&move);
    co_await commit(&move);
}

// Of other money than was asked for, which is owed back.
async::Task<bool> PaymentIntents::apply_unasked_refund(db::Db tx, PaymentIntent row,
                                                       const ::payments::Claim::RefundNews* news) {
    const auto id = row.id;
    if (news->refunded.outcome != ::payments::Refunded::Outcome::done || news->refunded.provider_id.empty())
        co_return false;
    if (co_await refund_of(tx, id, news)) co_return true;
    auto refund = new_refund(row, {parts_.runtime.new_id<RefundId>().uuid(), news->amount, std::string(made_elsewhere)},
                             parts_.runtime);
    refund.state = RefundState::succeeded;
    refund.told_at = refund.created_at;
    refund.provider_id = said(news->refunded.provider_id);
    const auto owed = co_await tx.one(refunds::open_amount, id);
    co_return owed&& refund.amount <= *owed&& co_await note_sent_back(tx, std::move(row), std::move(refund));
}

async::Task<bool> PaymentIntents::apply_refund(db::Db tx, IntentId id, ::payments::Claim::RefundNews news) {
    auto row = co_await tx.one(intents::lock, id);
    if (!row) co_return true;
    if (!is_paid(row->state)) co_return co_await apply_unasked_refund(tx, *std::move(row), &news);
    if (!news.currency.empty() && news.currency != row->currency) {
        co_await doubt_refunds(tx, id, IntentConcern::currency_differs);
        co_return true;
    }
    if (!news.id && news.refunded.provider_id.empty()) {
        // Of which it is, its amount does not say; and the same may be told again. It moves nothing: the provider is asked.
        co_await ask_refunds_later(tx, &parts_.runtime.outbox(), id);
        co_return true;
    }
    if (auto known = co_await refund_of(tx, id, &news)) {
        if (known->intent_id == id) co_await learn_of_refund(tx, *std::move(known), &news);
        co_return true;
    }
    // Kept all the same, since the news that it was made may come behind.
    const bool is_refused = news.refunded.outcome == ::payments::Refunded::Outcome::refused;
    if (is_refused && (news.may_be_ours || !news.may_be_written_down)) co_return true;
    // It may be one of ours whose reply was lost, and holds its amount already.
    if (news.may_be_ours && co_await tx.only(refunds::is_one_lost, id, news.amount)) {
        co_await doubt_refunds(tx, id);
        co_return true;
    }
    co_await add_refund_made_elsewhere(tx, *std::move(row), &news);
    co_return true;
}

async::Task<bool> PaymentIntents::ask_failed_refund(db::Db db, RefundId id, client::Call call) {
    const auto row = co_await db.only(refunds::by_id, id);
    if (row.state != RefundState::failed || !row.provider_id) co_return true;
    const auto intent = co_await db.only(intents::by_id, row.intent_id);
    const auto account = co_await db.only(intents::account_by_id, intent.account_id);
    const auto told =
        co_await provider_of(intent.provider)
            .ask_refund(open(db.tenant(), account),
                        {.attempt = attempt_of(intent), .provider_id = *row.provider_id, .created_at = row.created_at},
                        std::move(call));
    if (told.provider_id != *row.provider_id || told.outcome == ::payments::Refunded::Outcome::unknown) co_return false;
    std::ignore = co_await db.transaction([&](db::Db tx) { return settle_refund(tx, id, told); });
    co_return true;
}

async::Task<bool> PaymentIntents::ask_refunds(db::Db db, IntentId id, client::Call call) {
    const auto intent = co_await db.only(intents::by_id, id);
    const auto account = co_await db.only(intents::account_by_id, intent.account_id);
    auto& provider = provider_of(intent.provider);
    auto listed = co_await provider.list_refunds(open(db.tenant(), account), attempt_of(intent), call);
    for (auto& news : listed.refunds) {
        std::ignore = co_await db.transaction([&](db::Db tx) { return apply_refund(tx, id, news); });
    }
    const auto is_listed = [&](const PaymentRefund& refund) {
        return std::ranges::any_of(listed.refunds, [&](const auto& news) {
            const auto& name = news.refunded.provider_id;
            return news.id == refund.id.uuid() || (!name.empty() && name == refund.provider_id);
        });
    };
    for (const auto& refund : co_await db.all(refunds::open_of_intent, id)) {
        if (!is_listed(refund)) std::ignore = co_await ask_refund(db, refund.id, call);
    }
    // Nobody can say what was told: people look.
    if (!listed.is_offered) co_await db.transaction([&](db::Db tx) { return doubt_refunds(tx, id); });
    // Of a dispute that is lost, the list may have the money later.
    const auto standing = co_await db.one(disputes::standing, id);
    const bool is_missing = standing && standing->is_lost && (co_await db.only(intents::by_id, id)).disputed;
    co_return !is_missing && (listed.whole || !listed.is_offered);
}

}  // namespace pos
