#pragma once
// Providers' JSON and words, read leniently: what we do not know is passed over, what is missing is "". Pure.
//
//     const auto transaction = payments::read<Transaction>(reply.body);
//     payments::scalar(transaction->id);                        // "4193428" of 4193428 and of "4193428"
//     payments::from_major(transaction->amount, "KES");         // base::Money{15000} of 150, 150.00 and "150.0"

#include <optional>
#include <string>
#include <string_view>

#include "base/money.h"
#include "schema/schema.h"

namespace payments {

// Of what providers write for people, bytes.
inline constexpr std::size_t longest_words = 300;

// nullopt: it is something else.
template <class T>
[[nodiscard]] std::optional<T> read(std::string_view json) {
    auto value = schema::parse<T>(json, {.max_bytes = json.size(), .lenient = true});
    if (!value) return std::nullopt;
    return *std::move(value);
}

// Of a member that is a text or a number; "" of anything else.
[[nodiscard]] std::string scalar(const schema::Json& member);
// Not longer than that many bytes, and whole characters.
[[nodiscard]] std::string cut(std::string_view text, std::size_t most);
// For logs and people: cut, numbers of phones masked.
[[nodiscard]] std::string words(std::string_view text);
// Small letters, digits, "_", "-" and "."; "": it is no code.
[[nodiscard]] std::string code(std::string_view text);
// Digits alone, of which the first is not 0: what may stand in a path.
[[nodiscard]] bool is_number(std::string_view text);

// "150" and "150.50": what may stand in JSON as a number. Decimals are those of ISO 4217; of a currency that is unknown, two.
[[nodiscard]] std::string to_major(base::Money amount, std::string_view currency);
// Exact: nullopt of what is no plain decimal, is below zero, or has more decimals than the currency.
[[nodiscard]] std::optional<base::Money> from_major(const schema::Json& member, std::string_view currency);

// What words for people say of a payment that failed: "insufficient_funds", "cancelled_by_payer", "payer_timeout", "wrong_pin",
// "limit_reached"; "": nothing of these.
[[nodiscard]] std::string_view reason_of(std::string_view text);

}  // namespace payments
