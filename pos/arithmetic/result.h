#pragma once
// What a calculation gives: a value, or the first rule the input breaks. Values: any thread.
//
//     const Result<SaleTotals> totals = compute_sale(input);
//     if (!totals) return report(describe(totals.error().code), totals.error().line_number);
//     use(totals->total);

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

namespace pos::arithmetic {

enum class ErrorCode : std::uint8_t {
    overflow,  // an amount leaves the range of 64 bits
    no_lines,
    duplicate_line_number,
    quantity_not_positive,
    unit_price_negative,
    rate_negative,
    discount_out_of_range,        // not within 0 and the line's gross
    order_discount_out_of_range,  // not within 0 and what the line discounts leave
    total_negative,               // the cash rounding takes more than there is
    cash_unit_not_positive,
    weights_out_of_range,          // a negative weight, or none above zero to carry a total
    return_quantity_out_of_range,  // not within 1 and what has not come back yet
    return_amounts_inconsistent,   // the original line or the sum of its returns contradicts itself
};

// A short English sentence part, for logs and problem details.
[[nodiscard]] constexpr std::string_view describe(ErrorCode code) {
    switch (code) {
        case ErrorCode::overflow: return "an amount leaves the range of 64 bits";
        case ErrorCode::no_lines: return "there are no lines";
        case ErrorCode::duplicate_line_number: return "two lines have the same number";
        case ErrorCode::quantity_not_positive: return "a quantity is not above zero";
        case ErrorCode::unit_price_negative: return "a unit price is below zero";
        case ErrorCode::rate_negative: return "a tax rate is below zero";
        case ErrorCode::discount_out_of_range: return "a line discount is below zero or above the line";
        case ErrorCode::order_discount_out_of_range: return "the order discount is below zero or above the lines";
        case ErrorCode::total_negative: return "the cash rounding makes the total negative";
        case ErrorCode::cash_unit_not_positive: return "the cash rounding unit is not above zero";
        case ErrorCode::weights_out_of_range: return "a weight is below zero, or all are zero";
        case ErrorCode::return_quantity_out_of_range:
            return "the returned quantity is not within what is left of the line";
        case ErrorCode::return_amounts_inconsistent:
            return "the amounts of the original line or of its earlier returns contradict each other";
    }
    return "unknown";
}

struct ArithmeticError {
    ErrorCode code{};
    std::int32_t line_number = 0;  // 0: about the sale as a whole

    friend constexpr bool operator==(const ArithmeticError&, const ArithmeticError&) = default;
};

// std::expected is C++23 and this library is C++20.
template <class Value>
class [[nodiscard]] Result {
public:
    Result(Value value) : content_(std::in_place_index<0>, std::move(value)) {}
    Result(ArithmeticError error) : content_(std::in_place_index<1>, error) {}

    [[nodiscard]] bool has_value() const { return content_.index() == 0; }
    explicit operator bool() const { return has_value(); }

    // Throws std::bad_variant_access when there is none.
    [[nodiscard]] const Value& value() const { return std::get<0>(content_); }
    [[nodiscard]] const Value& operator*() const { return value(); }
    [[nodiscard]] const Value* operator->() const { return &value(); }
    [[nodiscard]] const ArithmeticError& error() const { return std::get<1>(content_); }

private:
    std::variant<Value, ArithmeticError> content_;
};

}  // namespace pos::arithmetic
