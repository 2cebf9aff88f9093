#pragma once
// Headers as bytes (RFC 5322, 2047, 2231): folded between words at 76 columns, encoded where they are not ASCII. Internal.
//
//     HeaderWriter headers;
//     headers.add_text("Subject", message.subject);
//     headers.add_addresses("To", message.to);
//     headers.add_words("Content-Type", {"text/plain;", "charset=utf-8"});
//     out += headers.bytes();

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mail/address.h"

namespace mail {

inline constexpr std::size_t max_columns = 76;

class HeaderWriter {
public:
    // Free text; no header at all when it is empty.
    void add_text(std::string_view name, std::string_view text);
    void add_addresses(std::string_view name, std::span<const Address> addresses);
    // Words of ASCII, each as it is, that may stand on lines of their own.
    void add_words(std::string_view name, const std::vector<std::string>& words);

    [[nodiscard]] const std::string& bytes() const { return bytes_; }

private:
    std::string bytes_;
};

// RFC 2047 words of at most `room` columns (the first one: `first_room`), none of which splits a character.
[[nodiscard]] std::vector<std::string> encoded_words(std::string_view text, std::size_t first_room, std::size_t room);

// Words that give a filename to a Content-Disposition (`filename`, RFC 2231 where it has to be) and to a Content-Type, for
// programs that know the older `name` alone. Each but the last ends in ';'.
[[nodiscard]] std::vector<std::string> disposition_filename(std::string_view filename);
[[nodiscard]] std::vector<std::string> legacy_filename(std::string_view filename);

}  // namespace mail
