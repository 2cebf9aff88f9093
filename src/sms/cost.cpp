#include "sms/cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/money.h"
#include "base/strings.h"

namespace sms {

namespace {

constexpr std::int64_t unit = 1'000'000;
constexpr std::size_t decimals = 6;
constexpr std::size_t longest_prefix = 15;
constexpr std::size_t most_prices = 200;
// A million of the unit: a thousand parts of the dearest message are far from what 64 bits hold.
constexpr std::int64_t most = unit * 1'000'000;

bool are_digits(std::string_view text) { return !text.empty() && std::ranges::all_of(text, base::is_ascii_digit); }

// "0.80", "12". More digits than six behind the point are none of a price.
std::optional<std::int64_t> millionths_of(std::string_view text) {
    const auto point = text.find('.');
    const auto whole = text.substr(0, point);
    std::string fraction(point == std::string_view::npos ? "" : text.substr(point + 1));
    const bool has_fraction = point != std::string_view::npos;
    if (!are_digits(whole) || (has_fraction && !are_digits(fraction)) || whole.size() > 7) return std::nullopt;
    if (fraction.size() > decimals) return std::nullopt;
    fraction.resize(decimals, '0');
    const auto value = *base::parse_integer<std::int64_t>(whole) * unit + *base::parse_integer<std::int64_t>(fraction);
    if (value > most) return std::nullopt;
    return value;
}

std::vector<std::string_view> words_of(std::string_view text) {
    std::vector<std::string_view> words;
    for (const auto word : base::split(text, ' ')) {
        if (!word.empty()) words.push_back(word);
    }
    return words;
}

}  // namespace

std::optional<Cost> Cost::parse(std::string_view text) {
    const auto words = words_of(text);
    if (words.size() != 2 || !base::find_currency(words[0])) return std::nullopt;
    const auto millionths = millionths_of(words[1]);
    if (!millionths) return std::nullopt;
    return Cost{std::string(words[0]), *millionths};
}

std::string Cost::to_string() const {
    auto text = fmt::format("{} {}.{:06}", currency, millionths / unit, millionths % unit);
    for (int spare = 0; spare < 4 && text.ends_with('0'); ++spare) text.pop_back();
    return text;
}

std::expected<Tariff, std::string> Tariff::parse(std::string_view text) {
    const auto words = words_of(text);
    if (words.size() < 2 || !base::find_currency(words[0]))
        return std::unexpected("a currency, then prefix:price for each, such as KES 254:0.80 255:2.5");
    if (words.size() > most_prices + 1) return std::unexpected("at most 200 prices");
    Tariff tariff;
    tariff.currency_ = words[0];
    for (const auto word : std::vector(words.begin() + 1, words.end())) {
        const auto colon = std::min(word.find(':'), word.size());
        const auto prefix = word.substr(0, colon);
        const auto price = millionths_of(word.substr(std::min(colon + 1, word.size())));
        if (!are_digits(prefix) || prefix.size() > longest_prefix || prefix.front() == '0' || !price || *price == 0)
            return std::unexpected(fmt::format("{} is no prefix:price such as 254:0.80", word));
        if (std::ranges::find(tariff.prices_, prefix, [](const auto& one) { return one.first; }) !=
            tariff.prices_.end())
            return std::unexpected(fmt::format("{} has two prices", prefix));
        tariff.prices_.emplace_back(prefix, *price);
    }
    std::ranges::sort(tariff.prices_, std::greater<>(), [](const auto& one) { return one.first.size(); });
    return tariff;
}

std::optional<Cost> Tariff::cost_of(std::string_view number, std::uint32_t parts) const {
    if (!number.starts_with('+')) return std::nullopt;
    const auto found =
        std::ranges::find_if(prices_, [&](const auto& one) { return number.substr(1).starts_with(one.first); });
    if (found == prices_.end()) return std::nullopt;
    return Cost{currency_, found->second * parts};
}

}  // namespace sms
