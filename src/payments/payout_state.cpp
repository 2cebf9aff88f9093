#include "payments/payout_state.h"

#include <array>

namespace payments {

namespace {

using Finding = PayoutFinding;
using Source = PayoutSource;
using State = PayoutState;

PayoutDecision stay(const Payout& payout) { return {.next = payout.state}; }
PayoutDecision ask_again(const Payout& payout) { return {.next = payout.state, .ask = !is_final(payout.state)}; }
PayoutDecision move(const Payout& payout, State next) { return {.next = next, .changes = next != payout.state}; }

bool is_under_way(State state) { return state == State::created || state == State::sent; }

// The provider's word counts with what proves that it is about this money; a person's is theirs to give.
bool is_whole(const PayoutEvidence& evidence) {
    if (evidence.source == Source::person) return true;
    const bool is_told = evidence.source == Source::result || evidence.source == Source::answer;
    return is_told && evidence.amount && !evidence.receipt.empty();
}

PayoutDecision paid(const Payout& payout, const PayoutEvidence& evidence) {
    if (!is_whole(evidence)) return ask_again(payout);
    if (payout.state == State::succeeded) {
        auto decision = stay(payout);
        if (!evidence.receipt.empty() && !payout.receipt.empty() && evidence.receipt != payout.receipt)
            decision.concern = "receipt_differs";
        return decision;
    }
    if (evidence.amount && *evidence.amount != payout.amount) {
        // Some money went out, so that it may not be called failed.
        auto decision = move(payout, State::unknown);
        decision.concern = "amount_differs";
        return decision;
    }
    auto decision = move(payout, State::succeeded);
    if (payout.state == State::failed) decision.concern = "paid_after_failed";
    return decision;
}

// It may be said of another sending than the newest: of one that may be there, or of one that was over before this one left.
bool is_of_one_of_several(const Payout& payout, const PayoutEvidence& evidence) {
    const bool is_of_sending = evidence.source == Source::result || evidence.source == Source::reply;
    if (!is_of_sending || payout.sends <= 1) return false;
    if (payout.may_be_there) return true;
    if (evidence.source == Source::reply) return evidence.sending != payout.sends;
    return payout.conversation_id.empty() || evidence.conversation_id != payout.conversation_id;
}

PayoutDecision failed(const Payout& payout, const PayoutEvidence& evidence) {
    if (payout.state == State::succeeded) return {.next = payout.state, .concern = "failed_after_paid"};
    if (payout.state == State::failed) return stay(payout);
    if (is_of_one_of_several(payout, evidence)) return ask_again(payout);
    // What a person ends is what was not sent, or what nobody knows: the provider may still carry out the rest.
    const bool may_end = payout.state == State::created || payout.state == State::unknown;
    if (evidence.source == Source::person && !may_end) return ask_again(payout);
    return move(payout, State::failed);
}

PayoutDecision once_more(const Payout& payout, const PayoutEvidence& evidence) {
    if (is_final(payout.state)) return stay(payout);
    if (is_of_one_of_several(payout, evidence)) return ask_again(payout);
    if (payout.sends >= most_payout_sends) return move(payout, State::failed);
    return move(payout, State::created);
}

// What is said of this sending says nothing of one that may be there, nor of one that the provider took before.
PayoutDecision refused(const Payout& payout, const PayoutEvidence& evidence) {
    const bool is_all = !payout.may_be_there && !is_of_one_of_several(payout, evidence);
    return is_under_way(payout.state) && is_all ? move(payout, State::failed) : ask_again(payout);
}
PayoutDecision not_sent(const Payout& payout, const PayoutEvidence& evidence) {
    if (payout.state != State::sent) return stay(payout);
    const bool is_all = !payout.may_be_there && !is_of_one_of_several(payout, evidence);
    return is_all ? move(payout, State::created) : ask_again(payout);
}

PayoutDecision accepted(const Payout& payout, const PayoutEvidence& evidence) {
    if (!is_under_way(payout.state)) return stay(payout);
    const bool is_of_earlier = evidence.sending != 0 && evidence.sending != payout.sends;
    return is_of_earlier ? ask_again(payout) : move(payout, State::pending);
}

// A question that was lost sends nothing.
PayoutDecision lost(const Payout& payout, const PayoutEvidence& evidence) {
    const bool may_have_left = evidence.source == Source::reply && payout.state == State::created;
    return may_have_left ? move(payout, State::sent) : stay(payout);
}

PayoutDecision overdue(const Payout& payout) {
    if (is_final(payout.state) || payout.state == State::unknown) return stay(payout);
    const bool never_left = payout.state == State::created && !payout.may_be_there;
    return move(payout, never_left ? State::failed : State::unknown);
}

}  // namespace

PayoutDecision decide(const Payout& payout, const PayoutEvidence& evidence) {
    switch (evidence.finding) {
        case Finding::paid: return paid(payout, evidence);
        case Finding::failed: return failed(payout, evidence);
        case Finding::busy: return once_more(payout, evidence);
        case Finding::accepted: return accepted(payout, evidence);
        case Finding::refused: return refused(payout, evidence);
        case Finding::not_sent: return not_sent(payout, evidence);
        case Finding::lost: return lost(payout, evidence);
        case Finding::processing: return ask_again(payout);
        case Finding::overdue: return overdue(payout);
    }
    return stay(payout);
}

base::Timestamp next_payout_query(base::Timestamp sent_at, base::Timestamp now) {
    using namespace std::chrono_literals;
    static constexpr std::array<std::chrono::minutes, 4> after{1min, 5min, 15min, 60min};
    for (const auto step : after) {
        if (sent_at + step > now) return sent_at + step;
    }
    return now + std::chrono::days(1);
}

}  // namespace payments
