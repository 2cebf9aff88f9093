#pragma once
// Members of Daraja's JSON, which are strings in one message and numbers in the next, and its two ways of writing a time. Pure.
//
//     mpesa::scalar(reply.result_code);             // "0" of 0 and of "0"; nullopt of anything that is neither string nor number
//     mpesa::money_of("150.00");                    // base::Money{15000}
//     mpesa::time_of("20240115103021");             // in Nairobi

#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"
#include "base/time.h"
#include "schema/schema.h"

namespace payments::mpesa {

inline constexpr std::size_t longest_text = 300;

[[nodiscard]] std::optional<std::string> scalar(const schema::Json& member);
// "" for anything else.
[[nodiscard]] std::string scalar_or_empty(const schema::Json& member);
// Of text from outside, for logs and people: phones masked, cut, whole characters.
[[nodiscard]] std::string shown_text(std::string_view text);

// Digits, and at most two decimals that are not 0; up to nine digits before the point. nullopt: no amount, or a negative one.
[[nodiscard]] std::optional<base::Money> money_of(std::string_view text);
// YYYYMMDDHHmmss, or "YYYY-MM-DD HH:MM:SS", in Nairobi (UTC+3, no summer time); or RFC 3339.
[[nodiscard]] std::optional<base::Timestamp> time_of(std::string_view text);
// "20240115103000", in Nairobi.
[[nodiscard]] std::string compact_time(base::Timestamp time);
// "2024-01-15 10:30:00", in Nairobi.
[[nodiscard]] std::string spaced_time(base::Timestamp time);

// An M-Pesa receipt (transaction id): 6 to 20 capital letters and digits.
[[nodiscard]] bool is_receipt(std::string_view text);
// What Daraja calls an attempt: letters, digits, "_" and "-".
[[nodiscard]] bool is_checkout_id(std::string_view text);
// "0", "1032", "SFC_IC0003"
[[nodiscard]] bool is_result_code(std::string_view text);

// Lenient; nullopt: it is no such JSON.
template <class T>
[[nodiscard]] std::optional<T> read(std::string_view json) {
    auto value = schema::parse<T>(json, {.max_bytes = json.size(), .lenient = true});
    if (!value) return std::nullopt;
    return *std::move(value);
}

}  // namespace payments::mpesa
