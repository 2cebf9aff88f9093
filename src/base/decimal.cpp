#include "base/decimal.h"

#include "base/strings.h"

namespace base {

std::optional<Quantity> Quantity::from_string(std::string_view text) {
    constexpr std::size_t max_integer_digits = 14;
    constexpr std::size_t max_decimals = 4;

    const bool negative = text.starts_with('-');
    if (negative) text.remove_prefix(1);
    const std::size_t point = text.find('.');
    const std::string_view integer = text.substr(0, point);
    const std::string_view decimals = point == std::string_view::npos ? std::string_view{} : text.substr(point + 1);
    if (integer.empty() || integer.size() > max_integer_digits || (integer.size() > 1 && integer.front() == '0'))
        return std::nullopt;
    if (point != std::string_view::npos && (decimals.empty() || decimals.size() > max_decimals)) return std::nullopt;

    std::int64_t value = 0;
    const auto append_digits = [&value](std::string_view digits) {
        for (const char c : digits) {
            if (!is_ascii_digit(c)) return false;
            value = value * 10 + (c - '0');
        }
        return true;
    };
    if (!append_digits(integer) || !append_digits(decimals)) return std::nullopt;
    for (std::size_t i = decimals.size(); i < max_decimals; ++i) value *= 10;
    return Quantity{negative ? -value : value};
}

void Quantity::append_to(std::string& out) const {
    // Unsigned, because the smallest int64 has no positive counterpart.
    const bool negative = ten_thousandths < 0;
    const auto magnitude =
        negative ? 0 - static_cast<std::uint64_t>(ten_thousandths) : static_cast<std::uint64_t>(ten_thousandths);
    if (negative) out.push_back('-');
    append_integer(out, magnitude / scale);
    auto decimals = magnitude % scale;
    if (decimals == 0) return;
    out.push_back('.');
    for (std::uint64_t place = scale / 10; decimals != 0; place /= 10) {
        out.push_back(static_cast<char>('0' + decimals / place));
        decimals %= place;
    }
}

std::string Quantity::to_string() const {
    std::string out;
    append_to(out);
    return out;
}

}  // namespace base
