#include "html/url.h"

#include <algorithm>

#include "base/strings.h"

namespace html::detail {

namespace {

bool is_c0_or_space(char c) { return static_cast<unsigned char>(c) <= 0x20; }
bool is_alpha(char c) { return base::ascii_lower(c) >= 'a' && base::ascii_lower(c) <= 'z'; }

std::string without_what_browsers_leave_out(std::string_view value) {
    while (!value.empty() && is_c0_or_space(value.front())) value.remove_prefix(1);
    while (!value.empty() && is_c0_or_space(value.back())) value.remove_suffix(1);
    std::string text(value);
    std::erase_if(text, [](char c) { return c == '\t' || c == '\n' || c == '\r'; });
    return text;
}

bool has_plain_host(std::string_view rest) {
    if (!rest.starts_with("//")) return false;
    rest.remove_prefix(2);
    const auto authority = rest.substr(0, rest.find_first_of("/?#"));
    return !authority.empty() && !authority.starts_with(':') &&
           authority.find_first_of("@\\ %<>\"'`|^") == std::string_view::npos;
}

}  // namespace

std::optional<std::string> clean_url(std::string_view value, std::span<const std::string> schemes) {
    const std::string text = without_what_browsers_leave_out(value);
    const std::size_t colon = text.find(':');
    if (colon == std::string::npos || colon == 0 || !is_alpha(text.front())) return std::nullopt;
    const std::string scheme = base::ascii_lower(std::string_view(text).substr(0, colon));
    if (std::ranges::find(schemes, scheme) == schemes.end()) return std::nullopt;
    const std::string_view rest = std::string_view(text).substr(colon + 1);
    if (rest.empty() || std::ranges::any_of(rest, [](char c) { return is_c0_or_space(c) && c != ' '; }))
        return std::nullopt;
    if (scheme.starts_with("http") && !has_plain_host(rest)) return std::nullopt;
    std::string clean = scheme + ":";
    for (const char c : rest) {
        if (c == ' ') {
            clean += "%20";
        } else {
            clean.push_back(c);
        }
    }
    return clean;
}

}  // namespace html::detail
