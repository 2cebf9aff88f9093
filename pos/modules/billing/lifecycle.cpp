#include "pos/modules/billing/lifecycle.h"

#include <algorithm>

namespace pos::billing {

namespace {

SubscriptionState state_on(const Standing& standing, base::Date today) {
    if (today < standing.period_end) {
        return standing.state == SubscriptionState::trialing ? SubscriptionState::trialing : SubscriptionState::active;
    }
    if (today >= standing.grace_until) return SubscriptionState::suspended;
    return days_between(standing.period_end, today) < grace_begins ? SubscriptionState::past_due
                                                                   : SubscriptionState::grace;
}

std::optional<std::size_t> notice_on(const Standing& standing, base::Date today) {
    const auto behind = days_between(standing.period_end, today);
    std::optional<std::size_t> due;
    for (std::size_t i = 0; i < dunning_plan.size(); ++i) {
        if (dunning_plan[i].behind <= behind) due = i;
    }
    if (!due || static_cast<std::int32_t>(*due) < standing.notices) return std::nullopt;
    return due;
}

}  // namespace

Next next_of(const Standing& standing, base::Date today) {
    if (standing.state == SubscriptionState::cancelled) return {standing.state};
    if (standing.cancels_at_end) {
        const bool ends = today >= standing.period_end;
        return {ends ? SubscriptionState::cancelled : standing.state};
    }
    if (!standing.has_open_invoice) {
        const bool bills = today >= plus_days(standing.period_end, -invoice_ahead);
        return {standing.state, bills};
    }
    if (standing.is_undecided) return {standing.state};
    return {state_on(standing, today), false, notice_on(standing, today)};
}

Renewal renewal_of(const Subscription& subscription, BillingPeriod length, base::Date today) {
    auto start = subscription.period_end;
    auto anchor = subscription.anchor_day;
    if (subscription.state == SubscriptionState::suspended && today > start) {
        start = today;
        anchor = anchor_of(today);
    }
    const auto period = period_from(start, anchor, length);
    return {period, anchor, plus_days(period.end, grace_ends)};
}

bool may_pay_ahead(const Subscription& subscription, base::Date today) {
    return subscription.period_end <= period_from(today, anchor_of(today), subscription.terms.period).end;
}

Beginning beginning_of(std::int32_t trial_days, bool is_first, base::Date today) {
    if (!is_first) return {SubscriptionState::suspended, {today, today}, anchor_of(today), today};
    const auto end = plus_days(today, std::chrono::days(trial_days));
    const auto state = trial_days > 0 ? SubscriptionState::trialing : SubscriptionState::past_due;
    return {state, {today, end}, anchor_of(end), plus_days(end, grace_ends)};
}

bool has_days_left(const Subscription& subscription, base::Date today) {
    return today < subscription.period_end && !is_shut(subscription.state);
}

}  // namespace pos::billing
