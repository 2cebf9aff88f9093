#include "http/content_disposition.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace http {

namespace {

constexpr std::size_t most_bytes = 255;  // what file systems take

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
// Behind the first byte of a code point.
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

std::string harmless(std::string_view name) {
    if (!base::is_utf8(name)) return {};
    std::string safe(name);
    std::ranges::replace_if(safe, [](char c) { return is_control(c) || c == '/' || c == '\\'; }, '_');
    safe.erase(0, std::min(safe.find_first_not_of(". "), safe.size()));
    auto end = std::min(safe.size(), most_bytes);
    while (end < safe.size() && end > 0 && is_continuation(safe[end])) --end;
    safe.resize(end);
    return safe;
}

// For clients that know no filename*: whoever reads a "%" there may decode it.
std::string ascii_form(std::string_view name) {
    std::string text;
    for (const char c : name) {
        if (is_continuation(c)) continue;
        text += is_ascii(c) && c != '"' && c != '%' ? c : '_';
    }
    return text;
}

}  // namespace

std::string content_disposition(std::string_view type, std::string_view file_name) {
    const auto name = harmless(file_name);
    if (name.empty()) return std::string(type);
    const auto ascii = ascii_form(name);
    auto header = fmt::format("{}; filename=\"{}\"", type, ascii);
    if (ascii != name) header += "; filename*=UTF-8''" + base::percent_encode(name);
    return header;
}

}  // namespace http
