#include "redis/reply_reader.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/strings.h"

namespace redis::detail {

namespace {

constexpr std::size_t least_room = 16U << 10;
constexpr std::size_t kept_room = 1U << 20;  // a larger buffer is given back once it is empty
constexpr std::size_t longest_line = 64U << 10;
constexpr std::size_t format_size = 4;  // "txt:" ahead of a verbatim string

// ":+5" is allowed, where std::from_chars knows '-' alone.
std::optional<std::int64_t> parse_signed(std::string_view text) {
    if (text.size() > 1 && text[0] == '+' && base::is_ascii_digit(text[1])) text.remove_prefix(1);
    return base::parse_integer<std::int64_t>(text);
}

bool is_double(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    return result.ec != std::errc::invalid_argument && result.ptr == text.data() + text.size();
}

bool is_known_type(char type) { return std::strchr("+-:$*_,#!=(%~|>", type) != nullptr && type != '\0'; }

}  // namespace

std::span<char> ReplyReader::prepare() {
    if (begin_ == filled_) {
        filled_ = 0;
        if (buffer_.size() > kept_room) buffer_ = std::string();
    } else if (begin_ > 0 && buffer_.size() - filled_ < least_room) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, filled_ - begin_);
        filled_ -= begin_;
    } else {
        if (buffer_.size() - filled_ < least_room) buffer_.resize(std::max(2 * buffer_.size(), filled_ + least_room));
        return {buffer_.data() + filled_, buffer_.size() - filled_};
    }
    at_ -= begin_;
    scanned_ -= std::min(scanned_, begin_);
    needed_ -= std::min(needed_, begin_);
    begin_ = 0;
    if (buffer_.size() - filled_ < least_room) buffer_.resize(filled_ + least_room);
    return {buffer_.data() + filled_, buffer_.size() - filled_};
}

std::optional<Reply> ReplyReader::next() {
    while (fault_.empty() && read_node()) {
        if (whole_) return take();
    }
    return std::nullopt;
}

bool ReplyReader::fail(std::string_view fault) {
    fault_ = fault;
    return false;
}

Reply ReplyReader::take() {
    Reply reply(buffer_.substr(begin_, at_ - begin_), std::exchange(nodes_, {}));
    begin_ = at_;
    whole_ = false;
    return reply;
}

bool ReplyReader::read_node() {
    if (filled_ == at_ || filled_ < needed_) return false;
    const char type = buffer_[at_];
    if (!is_known_type(type)) return fail("a reply of no known type");
    const auto line = read_line();
    if (!line) return false;
    switch (type) {
        case '$':
        case '!':
        case '=': return read_bulk(type, *line);
        case '*':
        case '~':
        case '%':
        case '|':
        case '>': return read_aggregate(type, *line);
        default: return read_scalar(type, *line);
    }
}

// What stands between the type and the end of the line.
std::optional<std::string_view> ReplyReader::read_line() {
    const auto from = std::max(at_ + 1, scanned_);
    const void* found = filled_ > from ? std::memchr(buffer_.data() + from, '\r', filled_ - from) : nullptr;
    const auto end =
        found == nullptr ? filled_ : static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
    scanned_ = end;
    if (end - at_ > longest_line) fail("a line without end");
    if (end + 1 >= filled_ || !fault_.empty()) return std::nullopt;
    if (buffer_[end + 1] != '\n') {
        fail("a carriage return in the middle of a line");
        return std::nullopt;
    }
    if (end + 2 - begin_ > limits_.bytes) {
        fail("a reply of more bytes than may be");
        return std::nullopt;
    }
    return std::string_view(buffer_).substr(at_ + 1, end - at_ - 1);
}

bool ReplyReader::read_scalar(char type, std::string_view line) {
    const auto after = at_ + line.size() + 3;
    bool added = false;
    switch (type) {
        case '+':
        case '(': added = add(Kind::text, line); break;
        case '-': added = add(Kind::error, line); break;
        case ':': {
            const auto value = parse_signed(line);
            added = value ? add(Kind::integer, line, *value) : fail("an integer that is none");
            break;
        }
        case ',': added = is_double(line) ? add(Kind::number, line) : fail("a double that is none"); break;
        case '#':
            added = line == "t" || line == "f" ? add(Kind::boolean, line, line == "t" ? 1 : 0)
                                               : fail("a boolean that is none");
            break;
        default: added = line.empty() ? add(Kind::null, {}) : fail("a null that is none"); break;
    }
    if (!added) return false;
    at_ = after;
    finish_node();
    return true;
}

bool ReplyReader::read_bulk(char type, std::string_view line) {
    const auto text_begin = at_ + line.size() + 3;
    const auto length = base::parse_integer<std::int64_t>(line);
    if (!length || *length < -1) return fail(line == "?" ? "a streamed string" : "a length that is none");
    if (*length == -1) {
        if (!add(Kind::null, {})) return false;
        at_ = text_begin;
        finish_node();
        return true;
    }
    const auto size = static_cast<std::size_t>(*length);
    // Also keeps the sum below from overflowing.
    if (size > limits_.bytes || text_begin + size + 2 - begin_ > limits_.bytes)
        return fail("a reply of more bytes than may be");
    needed_ = text_begin + size + 2;
    if (filled_ < needed_) return false;
    auto text = std::string_view(buffer_).substr(text_begin, size);
    if (buffer_[text_begin + size] != '\r' || buffer_[text_begin + size + 1] != '\n')
        return fail("a string longer than was said");
    if (type == '=') {
        if (size < format_size || text[format_size - 1] != ':') return fail("a verbatim string without its format");
        text.remove_prefix(format_size);
    }
    if (!add(type == '!' ? Kind::error : Kind::text, text)) return false;
    at_ = needed_;
    finish_node();
    return true;
}

bool ReplyReader::read_aggregate(char type, std::string_view line) {
    const auto count = base::parse_integer<std::int64_t>(line);
    if (!count || *count < -1) return fail(line == "?" ? "a streamed aggregate" : "a count that is none");
    if (type == '>' && !open_.empty()) return fail("a push frame inside of a reply");
    const auto after = at_ + line.size() + 3;
    if (*count == -1) {
        if (!add(Kind::null, {})) return false;
        at_ = after;
        finish_node();
        return true;
    }
    // Before it is doubled, and before anybody believes it.
    if (static_cast<std::size_t>(*count) > limits_.nodes) return fail("a reply of more values than may be");
    const auto elements = static_cast<std::size_t>(*count) * (type == '%' || type == '|' ? 2 : 1);
    if (nodes_.size() + elements >= limits_.nodes) return fail("a reply of more values than may be");
    if (open_.size() >= limits_.depth) return fail("a reply nested deeper than may be");
    if (type != '|' || elements > 0) {
        const auto node = nodes_.size();
        if (!add(type == '>' ? Kind::push : Kind::array, {}, static_cast<std::int64_t>(elements))) return false;
        if (elements > 0) open_.push_back({node, elements, type == '|'});
    }
    at_ = after;
    if (elements == 0 && type != '|') finish_node();
    return true;
}

bool ReplyReader::add(Kind kind, std::string_view text, std::int64_t integer) {
    if (nodes_.size() >= limits_.nodes) return fail("a reply of more values than may be");
    const auto begin = text.empty() ? 0 : static_cast<std::size_t>(text.data() - buffer_.data()) - begin_;
    nodes_.push_back(
        {.kind = kind, .integer = integer, .begin = begin, .length = text.size(), .end = nodes_.size() + 1});
    return true;
}

// A value has ended, and with it those it is the last element of.
void ReplyReader::finish_node() {
    while (!open_.empty()) {
        if (--open_.back().left > 0) return;
        const auto closed = open_.back();
        open_.pop_back();
        nodes_[closed.node].end = nodes_.size();
        if (!closed.is_attribute) continue;
        // The value that it speaks of comes next.
        nodes_.resize(closed.node);
        return;
    }
    whole_ = true;
}

}  // namespace redis::detail
