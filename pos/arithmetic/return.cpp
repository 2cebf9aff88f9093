#include "pos/arithmetic/return.h"

#include <algorithm>

#include "pos/arithmetic/rounding.h"

namespace pos::arithmetic {
namespace {

bool is_consistent(const LineAmounts& line, bool tax_inclusive) {
    for (const std::int64_t amount :
         {line.gross, line.discount, line.order_discount_share, line.net, line.tax, line.total}) {
        if (amount < 0) return false;
    }
    const Wide value = Wide{line.gross} - line.discount - line.order_discount_share;
    return Wide{line.net} + line.tax == line.total && value == (tax_inclusive ? line.total : line.net);
}

LineAmounts difference(const LineAmounts& a, const LineAmounts& b) {
    return {.gross = a.gross - b.gross,
            .discount = a.discount - b.discount,
            .order_discount_share = a.order_discount_share - b.order_discount_share,
            .net = a.net - b.net,
            .tax = a.tax - b.tax,
            .total = a.total - b.total};
}

}  // namespace

Result<LineAmounts> return_line(const ReturnInput& input) {
    const Wide quantity_left = Wide{input.original_quantity} - input.returned_quantity;
    if (input.returned_quantity < 0 || input.quantity <= 0 || input.quantity > quantity_left) {
        return ArithmeticError{ErrorCode::return_quantity_out_of_range};
    }
    if (!is_consistent(input.original, input.tax_inclusive) || !is_consistent(input.returned, input.tax_inclusive)) {
        return ArithmeticError{ErrorCode::return_amounts_inconsistent};
    }
    if (input.returned_quantity == 0 && input.returned != LineAmounts{})
        return ArithmeticError{ErrorCode::return_amounts_inconsistent};
    const LineAmounts left = difference(input.original, input.returned);
    if (!is_consistent(left, input.tax_inclusive)) return ArithmeticError{ErrorCode::return_amounts_inconsistent};
    if (input.quantity == quantity_left) return left;

    // Many small returns, each rounded up, could come to more than the line: none takes more than is left.
    const auto part = [&input](std::int64_t amount, std::int64_t amount_left) {
        const Wide share = divide_rounded(Wide{amount} * input.quantity, input.original_quantity);
        return static_cast<std::int64_t>(std::min<Wide>(share, amount_left));
    };
    LineAmounts now;
    now.discount = part(input.original.discount, left.discount);
    now.order_discount_share = part(input.original.order_discount_share, left.order_discount_share);
    now.tax = part(input.original.tax, left.tax);
    if (input.tax_inclusive) {
        now.total = part(input.original.total, left.total);
        // The tax stays within its price, in this return and in what remains for the next.
        now.tax = std::clamp(now.tax, std::max<std::int64_t>(0, left.tax - (left.total - now.total)),
                             std::min(left.tax, now.total));
        now.net = now.total - now.tax;
        now.gross = now.total + now.discount + now.order_discount_share;
    } else {
        now.net = part(input.original.net, left.net);
        now.total = now.net + now.tax;
        now.gross = now.net + now.discount + now.order_discount_share;
    }
    return now;
}

}  // namespace pos::arithmetic
