#pragma once
// The amounts of a line that comes back, wholly or in part. Pure function: any thread.
//
//     ReturnInput input{.original = line, .original_quantity = 30'000, .tax_inclusive = true, .quantity = 10'000};
//     const auto first = return_line(input);      // a third of a line of 1000: 333
//     input.returned = *first;                    // what came back so far: the sum of the line's earlier returns
//     input.returned_quantity = 10'000;
//     const auto second = return_line(input);     // 333; the one that exhausts the line takes the rest: 334

#include <cstdint>

#include "pos/arithmetic/result.h"
#include "pos/arithmetic/sale.h"

namespace pos::arithmetic {

struct ReturnInput {
    LineAmounts original;
    std::int64_t original_quantity = 0;  // ten-thousandths
    bool tax_inclusive = false;          // of the original line
    LineAmounts returned;                // sum of earlier returns, positive
    std::int64_t returned_quantity = 0;
    std::int64_t quantity = 0;  // coming back now, above zero
};

// Amounts are positive, as on the original; whoever books them gives them their sign. What the customer is given back
// is rounded first; the discounts follow; gross and net are what these leave, so that every rule of LineAmounts holds
// for each return, no amount is negative, and all returns of a line add up to the original in every member.
Result<LineAmounts> return_line(const ReturnInput& input);

}  // namespace pos::arithmetic
