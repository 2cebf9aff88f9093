#include "payments/payout_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace payments {

namespace {

using Finding = PayoutFinding;
using Source = PayoutSource;
using State = PayoutState;
using namespace std::chrono_literals;

constexpr std::array states{State::created,   State::sent,   State::pending,
                            State::succeeded, State::failed, State::unknown};
constexpr std::array sources{Source::reply, Source::result, Source::answer, Source::person, Source::clock};
constexpr std::array findings{Finding::not_sent,   Finding::busy, Finding::accepted, Finding::refused, Finding::lost,
                              Finding::processing, Finding::paid, Finding::failed,   Finding::overdue};

Payout in(State state, bool may_be_there = false, std::int32_t sends = 1) {
    return {.state = state, .amount = {10'000}, .sends = sends, .may_be_there = may_be_there, .conversation_id = "AG"};
}
PayoutEvidence said(Finding finding, Source source = Source::result, std::string name = "AG") {
    return {.source = source, .finding = finding, .conversation_id = std::move(name)};
}
PayoutEvidence paid(std::int64_t amount = 10'000, Source source = Source::result) {
    return {.source = source, .finding = Finding::paid, .amount = base::Money{amount}, .receipt = "SLK7H8J9K0"};
}

TEST(PayoutStates, WhatWentOutStaysOut) {
    for (const auto finding : findings)
        for (const auto source : sources) {
            EXPECT_EQ(decide(in(State::succeeded), said(finding, source)).next, State::succeeded);
            EXPECT_FALSE(decide(in(State::succeeded), said(finding, source)).changes);
        }
    EXPECT_EQ(decide(in(State::succeeded), said(Finding::failed)).concern, "failed_after_paid");
}

// Whoever reads "failed" sends the money by another payout.
TEST(PayoutStates, NothingFailsButByAWordThatSaysSo) {
    for (const auto state : states)
        for (const auto source : sources)
            for (const auto finding : findings) {
                const auto decision = decide(in(state, true), said(finding, source));
                const bool says_so = finding == Finding::failed && source != Source::person;
                const auto beside = decide(in(state, true, 2), said(finding, source));
                const bool is_of_sending = source == Source::result || source == Source::reply;
                if (is_of_sending && finding != Finding::overdue && state != State::failed)
                    EXPECT_NE(beside.next, State::failed) << "it may be said of the other sending";
                const bool person_may =
                    finding == Finding::failed && (state == State::created || state == State::unknown);
                if (decision.changes && decision.next == State::failed) EXPECT_TRUE(says_so || person_may);
            }
}

TEST(PayoutStates, NothingIsPaidWithoutItsAmountAndReceipt) {
    for (const auto state : {State::created, State::sent, State::pending, State::unknown, State::failed}) {
        for (const auto source : {Source::reply, Source::clock})
            EXPECT_NE(decide(in(state), paid(10'000, source)).next, State::succeeded);
        EXPECT_NE(decide(in(state), said(Finding::paid)).next, State::succeeded);
        EXPECT_EQ(decide(in(state), paid()).next, State::succeeded);
        EXPECT_EQ(decide(in(state), paid(10'000, Source::answer)).next, State::succeeded);
        EXPECT_EQ(decide(in(state), said(Finding::paid, Source::person)).next, State::succeeded);
        const auto other = decide(in(state), paid(9'900));
        EXPECT_EQ(other.next, State::unknown);
        EXPECT_EQ(other.concern, "amount_differs");
    }
    EXPECT_EQ(decide(in(State::failed), paid()).concern, "paid_after_failed");
}

TEST(PayoutStates, AReplyThatIsOvertakenChangesNothing) {
    EXPECT_EQ(decide(in(State::created), said(Finding::accepted, Source::reply)).next, State::pending);
    EXPECT_EQ(decide(in(State::sent), said(Finding::accepted, Source::reply)).next, State::pending);
    for (const auto state : {State::pending, State::succeeded, State::failed, State::unknown})
        EXPECT_FALSE(decide(in(state), said(Finding::accepted, Source::reply)).changes);
}

// What is said of one sending says nothing of another that may be there.
TEST(PayoutStates, ARefusalOfARepetitionIsNoEnd) {
    for (const auto finding : {Finding::refused, Finding::not_sent}) {
        const auto decision = decide(in(State::sent, true, 2), said(finding, Source::reply));
        EXPECT_FALSE(decision.changes);
        EXPECT_TRUE(decision.ask);
    }
    EXPECT_EQ(decide(in(State::sent), said(Finding::refused, Source::reply)).next, State::failed);
    EXPECT_EQ(decide(in(State::sent), said(Finding::not_sent, Source::reply)).next, State::created);
    EXPECT_FALSE(decide(in(State::pending), said(Finding::refused, Source::reply)).changes);
}

TEST(PayoutStates, ABusyProviderIsSentTheSameOnceMoreAndNotForEver) {
    EXPECT_EQ(decide(in(State::pending), said(Finding::busy)).next, State::created);
    EXPECT_EQ(decide(in(State::sent, true), said(Finding::busy)).next, State::created);
    EXPECT_EQ(decide(in(State::sent, false, 4), said(Finding::busy)).next, State::created);
    EXPECT_EQ(decide(in(State::pending, false, most_payout_sends), said(Finding::busy)).next, State::failed);
}

// The first was paid and its answer lost; a person had it sent once more. What becomes of the second ends nothing, by itself or repeated.
TEST(PayoutStates, AResultOfASecondSendingSaysNothingOfTheFirst) {
    for (const auto state : {State::sent, State::pending, State::unknown})
        for (const auto finding : {Finding::failed, Finding::busy})
            for (const auto sends : {2, most_payout_sends, most_payout_sends + 3}) {
                const auto decision = decide(in(state, true, sends), said(finding));
                EXPECT_FALSE(decision.changes);
                EXPECT_TRUE(decision.ask) << "what became of it is asked first";
            }
    // The answer speaks of the payout.
    EXPECT_EQ(decide(in(State::pending, true, 2), said(Finding::failed, Source::answer)).next, State::failed);
    // The only one, or the ones before it did not arrive.
    EXPECT_EQ(decide(in(State::sent, true), said(Finding::failed)).next, State::failed);
    EXPECT_EQ(decide(in(State::pending, false, 3), said(Finding::failed)).next, State::failed);
}

// Everything that can be told of the second sending, in every order, and whenever a person sends it once more: the first one's money is
// out, so that nobody may take it for failed; and it is out at the end, without a doubt.
TEST(PayoutStates, InEveryOrderAPaidFirstSendingIsNeverCalledFailed) {
    const std::array evidence{said(Finding::failed),
                              said(Finding::busy),
                              said(Finding::accepted, Source::reply),
                              said(Finding::refused, Source::reply),
                              said(Finding::not_sent, Source::reply),
                              said(Finding::lost, Source::reply),
                              said(Finding::overdue, Source::clock)};
    constexpr int send_again = 7;
    std::vector<int> order{0, 1, 2, 3, 4, 5, 6, send_again};
    do {
        Payout payout = in(State::sent, true, 2);
        for (const int which : order) {
            if (which == send_again) {
                ++payout.sends;
                payout.state = State::sent;
                continue;
            }
            const auto& told = evidence.at(static_cast<std::size_t>(which));
            payout.state = decide(payout, told).next;
            ASSERT_NE(payout.state, State::failed);
            ASSERT_NE(payout.state, State::created) << "it would be sent as if nothing were there";
        }
        const auto end = decide(payout, paid(10'000, Source::answer));
        ASSERT_EQ(end.next, State::succeeded);
        ASSERT_EQ(end.concern, "");
    } while (std::ranges::next_permutation(order).found);
}

// A provider that repeats what it said of the first sending, when the second is there.
TEST(PayoutStates, AnEarlierSendingsResultMovesNoLaterOne) {
    for (const auto state : {State::sent, State::pending, State::created})
        for (const auto sends : {2, most_payout_sends})
            for (const auto finding : {Finding::busy, Finding::failed}) {
                for (const auto* const name : {"AG_before", ""}) {
                    const auto decision = decide(in(state, false, sends), said(finding, Source::result, name));
                    EXPECT_FALSE(decision.changes);
                    EXPECT_TRUE(decision.ask);
                }
                auto unnamed = in(state, false, sends);
                unnamed.conversation_id.clear();
                EXPECT_FALSE(decide(unnamed, said(finding)).changes) << "its reply has not come";
            }
    // A late reply is of its own sending, too.
    for (const auto finding : {Finding::refused, Finding::not_sent, Finding::busy, Finding::accepted}) {
        auto late = said(finding, Source::reply);
        late.sending = 1;
        EXPECT_FALSE(decide(in(State::sent, false, 2), late).changes);
    }
    EXPECT_EQ(decide(in(State::pending, false, 2), said(Finding::busy)).next, State::created);
    EXPECT_EQ(decide(in(State::pending), said(Finding::busy, Source::result, "")).next, State::created);
}

// Busy, sent again and paid: in every order of what is said of both, each again, it is neither failed nor sent a third time.
TEST(PayoutStates, InEveryOrderTheFirstOnesBusyResultDoesNotTouchTheSecond) {
    auto accepted = said(Finding::accepted, Source::reply);
    accepted.sending = 2;
    const std::array evidence{said(Finding::busy, Source::result, "AG_1"), said(Finding::busy, Source::result, "AG_1"),
                              accepted, said(Finding::processing, Source::answer), paid()};
    std::vector<int> order{0, 1, 2, 3, 4};
    do {
        for (const auto sends : {2, most_payout_sends}) {
            Payout payout = in(State::sent, false, sends);
            payout.conversation_id = "AG_2";
            for (const int which : order) {
                payout.state = decide(payout, evidence.at(static_cast<std::size_t>(which))).next;
                ASSERT_NE(payout.state, State::failed);
                ASSERT_NE(payout.state, State::created);
            }
            ASSERT_EQ(payout.state, State::succeeded);
        }
    } while (std::ranges::next_permutation(order).found);
}

TEST(PayoutStates, TheClockEndsNothingThatMayHaveLeft) {
    EXPECT_EQ(decide(in(State::created), said(Finding::overdue, Source::clock)).next, State::failed);
    EXPECT_EQ(decide(in(State::created, true), said(Finding::overdue, Source::clock)).next, State::unknown);
    EXPECT_EQ(decide(in(State::sent), said(Finding::overdue, Source::clock)).next, State::unknown);
    EXPECT_EQ(decide(in(State::pending), said(Finding::overdue, Source::clock)).next, State::unknown);
    EXPECT_FALSE(decide(in(State::failed), said(Finding::overdue, Source::clock)).changes);
}

// Any order of what can be told of one payout, each twice: it is out at the end if it went out, and nothing takes that back.
TEST(PayoutStates, InEveryOrderWhatWentOutIsOut) {
    std::vector<int> order{0, 1, 2, 3, 4, 5};
    const std::array evidence{
        said(Finding::lost, Source::reply),    said(Finding::accepted, Source::reply), said(Finding::processing),
        said(Finding::failed, Source::answer), said(Finding::overdue, Source::clock),  paid()};
    do {
        Payout payout = in(State::sent);
        int settled = 0;
        for (int round = 0; round < 2; ++round)
            for (const int which : order) {
                const auto decision = decide(payout, evidence.at(static_cast<std::size_t>(which)));
                settled += decision.changes && decision.next == State::succeeded ? 1 : 0;
                payout.state = decision.next;
            }
        ASSERT_EQ(payout.state, State::succeeded);
        ASSERT_EQ(settled, 1);
    } while (std::ranges::next_permutation(order).found);
}

TEST(PayoutStates, QuestionsFollowAPlanAndAfterwardsADay) {
    const base::Timestamp sent{std::chrono::hours(1'000)};
    EXPECT_EQ(next_payout_query(sent, sent), sent + 1min);
    EXPECT_EQ(next_payout_query(sent, sent + 1min), sent + 5min);
    EXPECT_EQ(next_payout_query(sent, sent + 20min), sent + 60min);
    EXPECT_EQ(next_payout_query(sent, sent + 2h), sent + 26h);
}

}  // namespace

}  // namespace payments
