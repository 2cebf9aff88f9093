#pragma once
// What operators are told of money that nobody knows the end of, over all tenants: payments_undecided{kind,provider}, and how long the
// oldest of them is known (payments_undecided_oldest_seconds). Kinds are "payment", "refund" and, of another module, "payout".
//
//     .measure = measure_payments
//     tell_undecided(*metrics, "payout", co_await db.all(undecided));      // providers without a row: 0

#include <string>
#include <string_view>
#include <vector>

#include "db/db.h"
#include "observe/metrics.h"

namespace pos {

struct UndecidedMoney {
    std::string provider;
    std::int64_t rows = 0;
    double oldest_seconds = 0;

    friend constexpr auto describe(UndecidedMoney*) {
        return schema::object<UndecidedMoney>("UndecidedMoney", schema::field<&UndecidedMoney::provider>("provider"),
                                              schema::field<&UndecidedMoney::rows>("rows"),
                                              schema::field<&UndecidedMoney::oldest_seconds>("oldestSeconds"));
    }
};

// Counts end at so many rows.
inline constexpr std::int64_t most_undecided = 100'000;

void tell_undecided(observe::Metrics& metrics, std::string_view kind, const std::vector<UndecidedMoney>& found);

[[nodiscard]] async::Task<void> measure_payments(db::SystemDb db, observe::Metrics* metrics);
[[nodiscard]] std::vector<db::StatementView> measure_statements();

}  // namespace pos
