#pragma once
// What becomes of a subscription by the clock, and what its shop is told. Pure: whoever has locked the subscription asks next_of(), and
// writes the answer.
//
//     const auto next = billing::next_of(standing, today);
//     if (next.bills) …                     // the next period needs its invoice
//     if (next.notice) …                    // one mail, whatever number of days nobody looked
//
// Nothing gets worse while nobody knows whether the shop has paid (Standing::is_undecided): no notice, no suspension.

#include <array>
#include <optional>
#include <string_view>

#include "pos/modules/billing/period.h"
#include "pos/modules/billing/tables.h"

namespace pos::billing {

// The invoice of the next period is made so long ahead.
inline constexpr std::chrono::days invoice_ahead{7};
// Behind the due day: `past_due`, then `grace`, then `suspended`.
inline constexpr std::chrono::days grace_begins{7};
inline constexpr std::chrono::days grace_ends{14};

// The dunning plan: one mail a step, so many days behind the due day. The plan ends with the last one.
struct DunningStep {
    std::chrono::days behind;
    std::string_view name;
};
inline constexpr auto dunning_plan = std::to_array<DunningStep>({
    {-invoice_ahead, "upcoming"},
    {std::chrono::days(-1), "due_tomorrow"},
    {std::chrono::days(0), "due"},
    {std::chrono::days(3), "overdue"},
    {grace_begins, "grace"},
    {std::chrono::days(12), "last_days"},
    {grace_ends, "suspended"},
});
inline constexpr auto every_notice = static_cast<std::int32_t>(dunning_plan.size());

struct Standing {
    SubscriptionState state{};
    base::Date period_end;
    base::Date grace_until;
    bool cancels_at_end = false;
    bool has_open_invoice = false;
    std::int32_t notices = 0;   // steps taken for the open invoice
    bool is_undecided = false;  // a payment of the open invoice is under way, or nobody knows what became of it
};

struct Next {
    SubscriptionState state{};
    bool bills = false;                   // and is asked again, with the invoice
    std::optional<std::size_t> notice{};  // of the dunning plan; those before it are past

    friend bool operator==(const Next&, const Next&) = default;
};

[[nodiscard]] Next next_of(const Standing& standing, base::Date today);

// ---- Paid --------------------------------------------------------------------------------------------------------

// The period that an invoice pays, when it is paid today: behind the one that is paid, or, of a shop that was suspended, from today on.
struct Renewal {
    Period period;
    std::int32_t anchor = 1;
    base::Date grace_until;

    friend bool operator==(const Renewal&, const Renewal&) = default;
};
[[nodiscard]] Renewal renewal_of(const Subscription& subscription, BillingPeriod length, base::Date today);

// One period may be paid ahead: not another one behind it.
[[nodiscard]] bool may_pay_ahead(const Subscription& subscription, base::Date today);

// ---- Begun -------------------------------------------------------------------------------------------------------

// A shop's first subscription begins with the plan's trial; any later one is suspended until it is paid.
struct Beginning {
    SubscriptionState state{};
    Period period;
    std::int32_t anchor = 1;
    base::Date grace_until;
};
[[nodiscard]] Beginning beginning_of(std::int32_t trial_days, bool is_first, base::Date today);

// Whether a cancellation waits for the end of what is paid, or of the trial.
[[nodiscard]] bool has_days_left(const Subscription& subscription, base::Date today);

[[nodiscard]] constexpr bool is_shut(SubscriptionState state) {
    return state == SubscriptionState::suspended || state == SubscriptionState::cancelled;
}

}  // namespace pos::billing
