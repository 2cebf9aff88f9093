#pragma once
// The lines of a message as DATA carries them (RFC 5321, section 4.5.2): a dot at the beginning of a line is sent twice. Internal.
//
//     DotStuffing stuffing;
//     stuffing.append(buffer, piece); ...
//     stuffing.finish(buffer);                          // "\r\n" when the last line has none, and the final dot

#include <string>
#include <string_view>

namespace mail {

class DotStuffing {
public:
    void append(std::string& out, std::string_view piece) {
        while (!piece.empty()) {
            if (at_line_start_ && piece.front() == '.') out += '.';
            const auto end = piece.find("\n.");
            const auto line = piece.substr(0, end == std::string_view::npos ? piece.size() : end + 1);
            out += line;
            at_line_start_ = line.back() == '\n';
            piece.remove_prefix(line.size());
        }
    }
    void finish(std::string& out) const { out += at_line_start_ ? ".\r\n" : "\r\n.\r\n"; }

private:
    bool at_line_start_ = true;
};

}  // namespace mail
