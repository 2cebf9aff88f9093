#include "http/content_disposition.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/strings.h"

namespace http {

namespace {

constexpr std::size_t most_name_bytes = 255;  // what file systems take
constexpr std::size_t most_ending_bytes = 16;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }
// Behind the first byte of a code point.
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0U) == 0x80; }

// Where the ending begins, with its dot; the end of the name when there is none.
std::size_t ending_of(std::string_view name) {
    const auto dot = name.rfind('.');
    const bool has_ending = dot != std::string_view::npos && dot > 0 && name.size() - dot <= most_ending_bytes &&
                            std::ranges::all_of(name.substr(dot), is_ascii);
    return has_ending ? dot : name.size();
}

// The last one in front of the ending.
void drop_letter(std::string& name) {
    const auto end = ending_of(name);
    auto begin = end - 1;
    while (begin > 0 && is_continuation(name[begin])) --begin;
    name.erase(begin, end - begin);
}

std::string harmless(std::string_view name) {
    if (!base::is_utf8(name)) return {};
    std::string safe(name);
    std::ranges::replace_if(safe, [](char c) { return is_control(c) || c == '/' || c == '\\'; }, '_');
    safe.erase(0, std::min(safe.find_first_not_of(". "), safe.size()));
    while (safe.size() > most_name_bytes) drop_letter(safe);
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

std::string content_disposition(std::string_view type, std::string_view file_name, std::size_t most_bytes) {
    for (auto name = harmless(file_name); !name.empty() && name.front() != '.'; drop_letter(name)) {
        const auto ascii = ascii_form(name);
        auto header = fmt::format("{}; filename=\"{}\"", type, ascii);
        if (ascii != name) header += "; filename*=UTF-8''" + base::percent_encode(name);
        if (header.size() <= most_bytes) return header;
    }
    return std::string(type);
}

}  // namespace http
