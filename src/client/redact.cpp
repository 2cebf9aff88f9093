#include "client/redact.h"

#include "base/strings.h"
#include "log/redaction.h"

namespace client {

namespace {

constexpr std::size_t shown_bytes = 1024;
constexpr std::size_t shortest_number = 7;

void replace_all(std::string& text, std::string_view what) {
    if (what.size() < 4) return;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at))
        text.replace(at, what.size(), logging::Redaction::replacement);
}

}  // namespace

std::string without_numbers(std::string_view text) {
    std::string out(text);
    for (std::size_t at = 0; at < out.size();) {
        std::size_t end = at;
        while (end < out.size() && base::is_ascii_digit(out[end])) ++end;
        if (end - at >= shortest_number)
            std::fill(out.begin() + static_cast<std::ptrdiff_t>(at), out.begin() + static_cast<std::ptrdiff_t>(end - 2),
                      '*');
        at = end == at ? at + 1 : end;
    }
    return out;
}

std::string shown_path(std::string_view path, std::string_view query) {
    static const logging::Redaction redaction;
    auto shown = without_numbers(redaction.scrub_url(path).value_or(std::string(path)));
    char mark = '?';
    for (const auto pair : base::split(query, '&')) {
        if (pair.empty()) continue;
        shown += mark;
        shown.append(pair.substr(0, pair.find('=')));
        mark = '&';
    }
    return shown;
}

std::string shown_text(std::string_view text, std::span<const std::string> secrets) {
    static const logging::Redaction redaction;
    // A secret that the end cuts in two is found as well.
    std::string shown(text.substr(0, 4 * shown_bytes));
    for (const auto& secret : secrets) {
        replace_all(shown, secret);
        replace_all(shown, base::base64_encode(secret));
        replace_all(shown, base::percent_encode(secret));
    }
    if (auto scrubbed = redaction.scrub(shown)) shown = *std::move(scrubbed);
    shown = without_numbers(shown);
    if (shown.size() > shown_bytes) shown.resize(shown_bytes);
    return shown;
}

}  // namespace client
