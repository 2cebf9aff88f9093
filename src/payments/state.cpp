#include "payments/state.h"

#include <array>

#include "payments/provider.h"

namespace payments {

namespace {

// Nothing that was said so far ends it.
constexpr bool is_open(State state) noexcept { return !is_final(state); }
constexpr bool is_paid(State state) noexcept { return state == State::succeeded || state == State::refunded; }

Decision stay(const Attempt& attempt) { return {.next = attempt.state}; }

Decision ask_again(const Attempt& attempt) { return {.next = attempt.state, .ask = !is_paid(attempt.state)}; }

Decision move(const Attempt& attempt, State next) { return {.next = next, .changes = next != attempt.state}; }

// Why a proof is not believed to speak of this attempt's money; "": it does. What the evidence leaves out is not
// compared: a query of M-Pesa names neither amount nor receipt, and an attempt has one amount.
std::string_view difference(const Attempt& attempt, const Evidence& evidence) {
    if (!evidence.currency.empty() && evidence.currency != attempt.currency) return "currency_differs";
    if (evidence.amount && *evidence.amount != attempt.amount) return "amount_differs";
    if (!evidence.receipt.empty() && !attempt.receipt.empty() && evidence.receipt != attempt.receipt)
        return "receipt_differs";
    return {};
}

// It is a success already: a repetition, which may bring the receipt, or money that came twice.
Decision said_again(const Attempt& attempt, const Evidence& evidence, std::string_view concern) {
    Decision decision = stay(attempt);
    decision.concern = concern;
    decision.learns_receipt = concern.empty() && attempt.receipt.empty() && !evidence.receipt.empty();
    decision.changes = decision.learns_receipt;
    return decision;
}

Decision paid(const Attempt& attempt, const Evidence& evidence) {
    if (!is_proof(evidence)) return ask_again(attempt);
    const auto concern = difference(attempt, evidence);
    if (is_paid(attempt.state)) return said_again(attempt, evidence, concern);
    if (!concern.empty()) {
        // Some money moved, so that no end without money may stand; and not this attempt's, so that nothing is
        // credited.
        Decision decision = move(attempt, State::unknown);
        decision.concern = concern;
        decision.learns_receipt = attempt.receipt.empty() && !evidence.receipt.empty();
        decision.changes = decision.changes || decision.learns_receipt;
        return decision;
    }
    // M-Pesa's query says that something was paid, and not how much.
    if (attempt.differs && !evidence.amount) return stay(attempt);
    const bool was_over = is_final(attempt.state);
    return {.next = State::succeeded,
            .changes = true,
            .credits = true,
            .was_over = was_over,
            .learns_receipt = attempt.receipt.empty() && !evidence.receipt.empty(),
            .concern = was_over ? "paid_after_end" : ""};
}

// `amount` is what went back in all; without it, everything did.
Decision refunded(const Attempt& attempt, const Evidence& evidence) {
    // What went back has come before: once that is known, it is to be said again.
    if (!is_paid(attempt.state)) return ask_again(attempt);
    const base::Money back = evidence.amount.value_or(attempt.amount);
    if (attempt.state == State::refunded || back <= attempt.refunded) return stay(attempt);
    Decision decision = stay(attempt);
    decision.changes = true;
    if (back >= attempt.amount) decision.next = State::refunded;
    if (back > attempt.amount) decision.concern = "amount_differs";
    return decision;
}

// The clock knows of no money: it ends only what was never sent.
Decision overdue(const Attempt& attempt) {
    switch (attempt.state) {
        case State::created: return move(attempt, State::expired);
        case State::sent:
        case State::pending: return move(attempt, State::unknown);
        default: return stay(attempt);
    }
}

// Somebody who may know says that no money came and none will. The first end stands: which of the three it was changes
// nothing.
Decision over(const Attempt& attempt, const Evidence& evidence, State end) {
    if (!is_open(attempt.state)) return stay(attempt);
    if (evidence.source == Source::clock) return overdue(attempt);
    // A person ends what was not sent, and what nobody knows; a prompt that rings can be answered whatever they say
    // here.
    const bool rings = attempt.state == State::sent || attempt.state == State::pending;
    if (evidence.source == Source::person && rings) return ask_again(attempt);
    return move(attempt, end);
}

// Our request was refused. One that the provider took before is not meant.
Decision refused(const Attempt& attempt) {
    if (attempt.state == State::created || attempt.state == State::sent) return move(attempt, State::failed);
    return is_open(attempt.state) ? ask_again(attempt) : stay(attempt);
}

Decision under_way(const Attempt& attempt, const Evidence& evidence) {
    if (attempt.state == State::created || attempt.state == State::sent) {
        Decision decision = move(attempt, State::pending);
        decision.ask = evidence.source == Source::callback;
        return decision;
    }
    // An unknown one stays so until somebody knows more than that; but now there may be an id to ask by.
    const bool worth_asking = evidence.source == Source::callback ||
                              (evidence.finding == Finding::accepted && attempt.state == State::unknown);
    return worth_asking ? ask_again(attempt) : stay(attempt);
}

}  // namespace

bool is_proof(const Evidence& evidence) noexcept {
    if (evidence.finding != Finding::paid) return false;
    switch (evidence.source) {
        case Source::reply:
        case Source::query:
        case Source::confirmation:
        case Source::pull:
        case Source::person: return true;
        case Source::callback: return evidence.amount && !evidence.receipt.empty();
        case Source::clock: return false;
    }
    return false;
}

Decision decide(const Attempt& attempt, const Evidence& evidence) {
    switch (evidence.finding) {
        case Finding::paid: return paid(attempt, evidence);
        case Finding::refunded: return refunded(attempt, evidence);
        case Finding::accepted:
        case Finding::processing: return under_way(attempt, evidence);
        case Finding::refused: return refused(attempt);
        case Finding::declined: return over(attempt, evidence, State::failed);
        case Finding::cancelled: return over(attempt, evidence, State::cancelled);
        case Finding::timed_out: return over(attempt, evidence, State::expired);
        case Finding::overdue: return overdue(attempt);
        case Finding::lost: return attempt.state == State::created ? move(attempt, State::sent) : stay(attempt);
        case Finding::not_sent: return attempt.state == State::sent ? move(attempt, State::created) : stay(attempt);
    }
    return stay(attempt);
}

base::Timestamp next_query(base::Timestamp created_at, base::Timestamp now) {
    using namespace std::chrono_literals;
    static constexpr std::array<std::chrono::seconds, 5> after{30s, 60s, 2min, 5min, 15min};
    for (const auto step : after) {
        if (created_at + step > now) return created_at + step;
    }
    return now + std::chrono::days(1);
}

}  // namespace payments
