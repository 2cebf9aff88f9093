#include "mail/one_line.h"

#include <algorithm>

#include "base/strings.h"
#include "base/text.h"

namespace mail {

namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

}  // namespace

std::string valid_utf8(std::string_view text) {
    if (base::is_utf8(text)) return std::string(text);
    std::string out;
    while (!text.empty()) {
        std::size_t size = 1;
        while (size <= 4 && !base::is_utf8(text.substr(0, size))) ++size;
        if (size <= 4) {
            out.append(text.substr(0, size));
            text.remove_prefix(std::min(size, text.size()));
        } else {
            out.append("\xEF\xBF\xBD");
            text.remove_prefix(1);
        }
    }
    return out;
}

std::string one_line(std::string_view text) {
    std::string line = valid_utf8(text);
    base::normalise_name(line);
    // That no header can be injected does not rest on what base thinks a name is.
    std::erase_if(line, is_control);
    return line;
}

bool is_printable_ascii(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

}  // namespace mail
