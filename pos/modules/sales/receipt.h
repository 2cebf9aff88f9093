#pragma once
// Receipt numbers (docs/errors.md, "What a sale may look like"). A till prints its own: the location's code, its number, its count of sales. The server
// makes CODE-S-nnnnnn for who has no till. Whatever else a receipt says is kept as printed. Pure functions: any thread.
//
//     const TillNumber own{"NRB1", 3, 1042};
//     own.text();                        // "NRB1-03-001042"
//     own.is("NRB1-3-1042");             // true: zeros in front do not matter
//     printed_number("NRB1-03-001042\n") // "NRB1-03-001042"

#include <cstdint>
#include <string>
#include <string_view>

namespace pos {

inline constexpr std::size_t max_receipt_number = 64;  // code points

struct TillNumber {
    std::string location_code;
    std::int32_t device_number = 0;
    std::int64_t device_seq = 0;

    // At least two digits of the device's number and six of its count.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] bool is(std::string_view receipt_number) const;
};

// As much of a number or a reference is looked at, in code points: what cannot be seen does not count as kept.
inline constexpr std::size_t max_read_of_reference = 1'024;

// What can be seen of a receipt's number, on one line, and no more than max_receipt_number of it.
[[nodiscard]] std::string printed_number(std::string_view sent);

// U+FFFD stands where the reader has met a U+0000.
[[nodiscard]] std::string without_replacements(std::string_view text);

// The first `most` code points.
[[nodiscard]] std::string_view first_characters(std::string_view text, std::size_t most);

}  // namespace pos
