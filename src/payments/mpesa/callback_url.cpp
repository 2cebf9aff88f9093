#include "payments/mpesa/callback_url.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace payments::mpesa {

namespace {

constexpr auto words = std::to_array<std::string_view>(
    {"mpesa", "m-pesa", "safaricom", "exec", "exe", "cmd", "sql", "query", "ngrok", "mockbin", "requestbin"});

}  // namespace

std::string_view forbidden_word(std::string_view url) {
    const auto small = base::ascii_lower(url);
    const auto* const found = std::ranges::find_if(words, [&](std::string_view word) { return small.contains(word); });
    return found == words.end() ? std::string_view() : *found;
}

}  // namespace payments::mpesa
