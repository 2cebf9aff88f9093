#pragma once
// Bodies as lines that every server carries unchanged: ASCII, at most 76 columns (RFC 2045). Internal.

#include <cstdint>
#include <string>
#include <string_view>

namespace mail {

struct EncodedText {
    std::string_view encoding;  // for Content-Transfer-Encoding
    std::string bytes;          // ends with CRLF, unless it is empty
};

// 7bit where the text is like that already, else the shorter of quoted-printable and base64. Line breaks of all kinds (CR, LF,
// CRLF) become CRLF, and the last line gets one.
[[nodiscard]] EncodedText encode_text(std::string_view text);

// Of one piece of a content, all but the last of which are multiples of this.
inline constexpr std::size_t base64_line_bytes = 57;
void append_base64_lines(std::string& out, std::string_view bytes);
[[nodiscard]] std::uint64_t base64_lines_size(std::uint64_t bytes);

}  // namespace mail
