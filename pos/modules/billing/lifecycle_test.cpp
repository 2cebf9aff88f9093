// The calendar of subscriptions: periods, states, the dunning plan. No clock but the day that is given.
#include <gtest/gtest.h>

#include "pos/modules/billing/lifecycle.h"

namespace {

using namespace pos;
using namespace pos::billing;
using State = SubscriptionState;

base::Date day(std::string_view text) { return base::parse_date(text).value(); }
std::string text(base::Date date) { return base::format_date(date); }

// ---- Periods -----------------------------------------------------------------------------------------------------

base::Date last_of(base::Date date) {
    return std::chrono::year_month_day_last(date.year(), std::chrono::month_day_last(date.month()));
}

class Anchors : public ::testing::TestWithParam<int> {};

// 48 months from 2027-01, with 29 February 2028.
TEST_P(Anchors, EachDueDayIsTheAnchorOrTheLastOfItsMonthAndPeriodsTouch) {
    const std::chrono::day anchor(static_cast<unsigned>(GetParam()));
    base::Date start(std::chrono::year(2027), std::chrono::January, anchor);
    ASSERT_EQ(anchor_of(start), GetParam());
    for (int i = 0; i < 48; ++i) {
        const auto period = period_from(start, GetParam(), BillingPeriod::month);
        EXPECT_EQ(period.start, start);
        const auto month = std::chrono::year_month(start.year(), start.month()) + std::chrono::months(1);
        EXPECT_EQ(std::chrono::year_month(period.end.year(), period.end.month()), month) << text(period.end);
        EXPECT_EQ(period.end.day(), std::min(anchor, last_of(period.end).day())) << text(period.end);
        start = period.end;
    }
    EXPECT_EQ(text(start), text({std::chrono::year(2031), std::chrono::January, anchor}));
}
INSTANTIATE_TEST_SUITE_P(Days, Anchors, ::testing::Values(1, 27, 28, 29, 30, 31));

TEST(Periods, AYearFromTheLeapDay) {
    auto start = day("2028-02-29");
    std::string dues;
    for (int i = 0; i < 5; ++i) {
        start = period_from(start, 29, BillingPeriod::year).end;
        dues += text(start) + " ";
    }
    EXPECT_EQ(dues, "2029-02-28 2030-02-28 2031-02-28 2032-02-29 2033-02-28 ");
}

TEST(Periods, YearsOfEachAnchorTouch) {
    for (const auto* from : {"2027-01-28", "2027-01-29", "2027-01-30", "2027-01-31"}) {
        auto start = day(from);
        for (int i = 0; i < 4; ++i) start = period_from(start, anchor_of(start), BillingPeriod::year).end;
        EXPECT_EQ(text(start).substr(4), std::string(from).substr(4));
    }
}

// A month, then years: February has not moved the day.
TEST(Periods, FromMonthsToYears) {
    const auto february = period_from(day("2027-01-31"), 31, BillingPeriod::month).end;
    EXPECT_EQ(text(february), "2027-02-28");
    EXPECT_EQ(text(period_from(day("2027-03-31"), 31, BillingPeriod::year).end), "2028-03-31");
    EXPECT_EQ(text(period_from(february, 31, BillingPeriod::year).end), "2028-02-29");
}

// ---- By the clock ------------------------------------------------------------------------------------------------

Standing standing(State state, bool has_open_invoice = true) {
    return {.state = state,
            .period_end = day("2027-03-10"),
            .grace_until = day("2027-03-24"),
            .has_open_invoice = has_open_invoice};
}

// As the job does it: the invoice, then what it says of it.
struct Shop {
    Standing standing = ::standing(State::active, false);
    std::string told;

    State on(std::string_view date) {
        auto next = next_of(standing, day(date));
        if (next.bills) {
            standing.has_open_invoice = true;
            standing.notices = 0;
            next = next_of(standing, day(date));
        }
        standing.state = next.state;
        if (next.notice) {
            told += std::string(date).substr(5) + " " + std::string(dunning_plan.at(*next.notice).name) + "\n";
            standing.notices = static_cast<std::int32_t>(*next.notice) + 1;
        }
        return next.state;
    }
};

TEST(Dunning, WhoNeverPaysIsToldAndSuspendedOnTheStatedDays) {
    Shop shop;
    std::string states;
    auto before = State::cancelled;
    for (auto date = day("2027-02-20"); date < day("2027-06-01"); date = plus_days(date, std::chrono::days(1))) {
        // Each day's job runs several times.
        for (int i = 0; i < 3; ++i) shop.on(text(date));
        if (shop.standing.state != before)
            states += text(date).substr(5) + " " + std::string(schema::name_of(shop.standing.state)) + "\n";
        before = shop.standing.state;
    }
    EXPECT_EQ(states, "02-20 active\n03-10 past_due\n03-17 grace\n03-24 suspended\n");
    EXPECT_EQ(shop.told,
              "03-03 upcoming\n03-09 due_tomorrow\n03-10 due\n03-13 overdue\n03-17 grace\n03-22 last_days\n"
              "03-24 suspended\n");
}

TEST(Dunning, AfterAWeekWithoutTheJobOneMailIsSent) {
    Shop shop;
    shop.on("2027-03-04");
    EXPECT_EQ(shop.on("2027-03-14"), State::past_due);
    EXPECT_EQ(shop.told, "03-04 upcoming\n03-14 overdue\n");
}

TEST(Dunning, StopsWithThePaymentAtEachStep) {
    for (const auto& step : dunning_plan) {
        Shop shop;
        const auto date = plus_days(day("2027-03-10"), step.behind);
        shop.on(text(date));
        // Paid: the invoice is no longer open, the period is a month longer.
        shop.standing = {.state = State::active, .period_end = day("2027-04-10"), .grace_until = day("2027-04-24")};
        shop.told.clear();
        for (int i = 0; i < 10; ++i) shop.on(text(plus_days(date, std::chrono::days(i))));
        EXPECT_EQ(shop.told, "") << step.name;
        EXPECT_EQ(shop.standing.state, State::active) << step.name;
    }
}

TEST(Dunning, StopsWithTheCancellation) {
    auto cancelled = standing(State::active, false);
    cancelled.cancels_at_end = true;
    EXPECT_EQ(next_of(cancelled, day("2027-03-09")), (Next{State::active}));
    EXPECT_EQ(next_of(cancelled, day("2027-03-10")), (Next{State::cancelled}));
    EXPECT_EQ(next_of(standing(State::cancelled), day("2027-03-30")), (Next{State::cancelled}));
}

TEST(Dunning, NothingGetsWorseWhileAPaymentIsUndecided) {
    for (const auto state : {State::active, State::past_due, State::grace}) {
        auto undecided = standing(state);
        undecided.is_undecided = true;
        for (const auto* date : {"2027-03-10", "2027-03-17", "2027-03-24", "2027-05-01"})
            EXPECT_EQ(next_of(undecided, day(date)), (Next{state})) << date;
        undecided.is_undecided = false;
        EXPECT_EQ(next_of(undecided, day("2027-05-01")).state, State::suspended);
    }
}

TEST(Dunning, ATrialIsBilledAheadAndEndsLikeAPeriod) {
    const auto trial = standing(State::trialing, false);
    EXPECT_EQ(next_of(trial, day("2027-03-02")), (Next{State::trialing}));
    EXPECT_TRUE(next_of(trial, day("2027-03-03")).bills);
    EXPECT_EQ(next_of(standing(State::trialing), day("2027-03-09")).state, State::trialing);
    EXPECT_EQ(next_of(standing(State::trialing), day("2027-03-10")).state, State::past_due);
}

// ---- Paid --------------------------------------------------------------------------------------------------------

Subscription subscription(State state) {
    Subscription subscription;
    subscription.state = state;
    subscription.anchor_day = 10;
    subscription.period_start = day("2027-02-10");
    subscription.period_end = day("2027-03-10");
    subscription.grace_until = day("2027-03-24");
    return subscription;
}

std::string renewed(State state, std::string_view today) {
    const auto renewal = renewal_of(subscription(state), BillingPeriod::month, day(today));
    return text(renewal.period.start) + " " + text(renewal.period.end);
}

TEST(Renewals, BeginBehindWhatIsPaid) {
    EXPECT_EQ(renewed(State::active, "2027-02-18"), "2027-03-10 2027-04-10") << "20 days early";
    EXPECT_EQ(renewed(State::active, "2027-03-10"), "2027-03-10 2027-04-10") << "on the day";
    EXPECT_EQ(renewed(State::grace, "2027-03-20"), "2027-03-10 2027-04-10") << "in grace";
    EXPECT_EQ(renewed(State::trialing, "2027-03-01"), "2027-03-10 2027-04-10") << "days of the trial are not lost";
}

TEST(Renewals, OfASuspendedShopBeginOnTheDayOfThePayment) {
    const auto renewal = renewal_of(subscription(State::suspended), BillingPeriod::month, day("2027-04-19"));
    EXPECT_EQ(renewal, (Renewal{{day("2027-04-19"), day("2027-05-19")}, 19, day("2027-06-02")}));
}

TEST(Renewals, TwiceInARowTouch) {
    auto twice = subscription(State::active);
    const auto first = renewal_of(twice, BillingPeriod::month, day("2027-02-18"));
    twice.period_start = first.period.start;
    twice.period_end = first.period.end;
    EXPECT_EQ(renewal_of(twice, BillingPeriod::month, day("2027-02-18")).period.start, first.period.end);
}

TEST(Renewals, OnePeriodMayBePaidAhead) {
    EXPECT_TRUE(may_pay_ahead(subscription(State::active), day("2027-02-10")));
    auto ahead = subscription(State::active);
    ahead.period_end = day("2027-04-10");
    EXPECT_FALSE(may_pay_ahead(ahead, day("2027-02-18")));
    EXPECT_TRUE(may_pay_ahead(ahead, day("2027-03-10")));
}

// ---- Begun and ended ---------------------------------------------------------------------------------------------

TEST(Beginnings, TheFirstHasATrialALaterOneNone) {
    const auto trial = beginning_of(14, true, day("2027-01-17"));
    EXPECT_EQ(trial.state, State::trialing);
    EXPECT_EQ(text(trial.period.end), "2027-01-31");
    EXPECT_EQ(trial.anchor, 31);
    const auto none = beginning_of(0, true, day("2027-01-17"));
    EXPECT_EQ(none.state, State::past_due);
    EXPECT_EQ(text(none.grace_until), "2027-01-31");
    const auto again = beginning_of(14, false, day("2027-01-17"));
    EXPECT_EQ(again.state, State::suspended);
    EXPECT_EQ(text(again.period.end), "2027-01-17");
    EXPECT_EQ(text(again.grace_until), "2027-01-17");
}

TEST(Cancellations, WaitForWhatIsPaid) {
    EXPECT_TRUE(has_days_left(subscription(State::active), day("2027-03-09")));
    EXPECT_TRUE(has_days_left(subscription(State::trialing), day("2027-03-09")));
    EXPECT_FALSE(has_days_left(subscription(State::past_due), day("2027-03-10")));
    EXPECT_FALSE(has_days_left(subscription(State::suspended), day("2027-04-10")));
}

}  // namespace
