#include "mail/transfer_encoding.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"
#include "mail/header_writer.h"
#include "mail/one_line.h"

namespace mail {

namespace {

// Without their ends.
std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find_first_of("\r\n");
        lines.push_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
    }
    return lines;
}

// Servers strip blanks at the end of a line, quote a "From " at its beginning, and have lost a dot there.
bool is_fragile_start(std::string_view line) { return line.starts_with("From ") || line.starts_with('.'); }

bool is_7bit(std::string_view line) {
    // Boundaries begin with "--=_".
    return line.size() <= max_columns && !is_fragile_start(line) && !line.starts_with("--=_") &&
           (line.empty() || !base::is_ascii_space(line.back())) &&
           std::ranges::all_of(line, [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7F); });
}

void append_quoted_printable(std::string& out, std::string_view line) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::size_t column = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        const bool is_last = i + 1 == line.size();
        const bool is_plain = (c > 0x20 && c < 0x7F && c != '=') || ((c == ' ' || c == '\t') && !is_last);
        // One column is kept for the '=' that joins this line to the next.
        if (column + (is_plain ? 1 : 3) > max_columns - (is_last ? 0 : 1)) {
            out += "=\r\n";
            column = 0;
        }
        if (is_plain && !(column == 0 && is_fragile_start(line.substr(i)))) {
            out += c;
            column += 1;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.append({'=', digits[byte >> 4U], digits[byte & 0xFU]});
            column += 3;
        }
    }
    out += "\r\n";
}

std::string join(const std::vector<std::string_view>& lines) {
    std::string out;
    for (const std::string_view line : lines) out.append(line).append("\r\n");
    return out;
}

}  // namespace

EncodedText encode_text(std::string_view text) {
    const std::string valid = valid_utf8(text);
    const std::vector<std::string_view> lines = lines_of(valid);
    if (std::ranges::all_of(lines, is_7bit)) return {"7bit", join(lines)};
    std::string quoted;
    for (const std::string_view line : lines) append_quoted_printable(quoted, line);
    const std::string crlf = join(lines);
    if (quoted.size() <= base64_lines_size(crlf.size())) return {"quoted-printable", std::move(quoted)};
    std::string base64;
    append_base64_lines(base64, crlf);
    return {"base64", std::move(base64)};
}

void append_base64_lines(std::string& out, std::string_view bytes) {
    const std::string encoded = base::base64_encode(bytes);
    for (std::size_t at = 0; at < encoded.size(); at += max_columns) {
        out.append(std::string_view(encoded).substr(at, max_columns)).append("\r\n");
    }
}

std::uint64_t base64_lines_size(std::uint64_t bytes) {
    const std::uint64_t characters = (bytes + 2) / 3 * 4;
    return characters + (characters + max_columns - 1) / max_columns * 2;
}

}  // namespace mail
