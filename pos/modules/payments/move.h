#pragma once
// One move of an intent, inside its transaction: the locked row, what was learnt, what was decided, and what commits with it. Of
// payments alone.

#include "pos/modules/payments/intents.h"

namespace pos {

struct PaymentIntents::Move {
    Move(db::Db transaction, PaymentIntent row, ::payments::Evidence learnt)
        : tx(transaction), before(row), intent(std::move(row)), evidence(std::move(learnt)), batch(tx.batch()) {}

    [[nodiscard]] EffectsIn effects(Runtime& runtime) { return {tx, &batch, &changes, &runtime}; }

    db::Db tx;
    PaymentIntent before;
    PaymentIntent intent;
    ::payments::Evidence evidence;
    ::payments::Decision decision{};
    db::Batch batch;
    std::vector<Change> changes;
};

[[nodiscard]] inline bool is_open(IntentState state) { return !::payments::is_final(state); }
[[nodiscard]] inline bool is_paid(IntentState state) {
    return state == IntentState::succeeded || state == IntentState::refunded;
}

}  // namespace pos
