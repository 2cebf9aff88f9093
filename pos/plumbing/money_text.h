#pragma once
// Amounts and moments as people read them. Pure functions: any thread.
//
//     money_text(base::Money{123450}, "KES")        // "KES 1,234.50"
//     local_text(sale.occurred_at, "Africa/Nairobi") // "2026-11-22 09:14"

#include <string>
#include <string_view>

#include "base/money.h"
#include "base/time.h"

namespace pos {

[[nodiscard]] std::string money_text(base::Money amount, std::string_view currency);
[[nodiscard]] std::string local_text(base::Timestamp at, std::string_view time_zone);

}  // namespace pos
