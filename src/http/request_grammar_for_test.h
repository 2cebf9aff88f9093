#pragma once
// What RFC 9110 and 9112 make of the bytes of a connection, read as plainly as the grammar stands there and with none of
// the server's code: the judge of the tests that change requests. Where the RFCs leave a choice it is the strict one of this
// folder's README. Covers what those tests send: origin-form targets, no Connection and no Expect.
//
//     const auto reading = read_requests(bytes);       // bytes, and then the end of the connection

#include <arpa/inet.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace http::grammar {

enum class Body : std::uint8_t { whole, broken, cut, too_large };

struct Message {
    std::string method;
    std::string target;
    std::string content;  // of a whole body
    Body body = Body::whole;
};

// What comes behind the messages.
enum class Rest : std::uint8_t { nothing, no_request, beginning };

struct Reading {
    std::vector<Message> messages;
    Rest rest = Rest::nothing;
};

using View = std::string_view;

inline constexpr std::size_t body_limit = 1024 * 1024;

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
inline bool is_tchar(char c) { return is_digit(c) || is_letter(c) || (c != 0 && View("!#$%&'*+-.^_`|~").contains(c)); }
inline bool is_token(View text) { return !text.empty() && std::ranges::all_of(text, is_tchar); }
inline bool is_blank(char c) { return c == ' ' || c == '\t'; }
// field-vchar, SP and HTAB; obs-text with them.
inline bool is_value_byte(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}
inline unsigned hex_value(char c) { return static_cast<unsigned>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10); }
inline std::string lower(View text) {
    std::string result(text);
    for (char& c : result) c = is_letter(c) ? static_cast<char>(c | 0x20) : c;
    return result;
}
inline View trim(View text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

// RFC 3986 §3.2.2 and §3.2.3: an address in brackets or a name, then perhaps a port.
inline bool is_host(View text) {
    View name = text;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == View::npos) return false;
        const std::string address(text.substr(1, end - 1));
        in6_addr parsed{};
        if (::inet_pton(AF_INET6, address.c_str(), &parsed) != 1 || address.contains('\0')) return false;
        name = {};
        text.remove_prefix(end + 1);
    } else {
        name = text.substr(0, text.find(':'));
        text.remove_prefix(name.size());
        if (name.empty()) return false;
    }
    for (std::size_t i = 0; i < name.size(); ++i) {
        const char c = name[i];
        if (c == '%') {
            if (name.size() < i + 3 || !is_hex(name[i + 1]) || !is_hex(name[i + 2])) return false;
            continue;
        }
        if (c == 0 || (!is_digit(c) && !is_letter(c) && !View("-._~!$&'()*+,;=").contains(c))) return false;
    }
    if (text.empty()) return true;
    return text.front() == ':' && std::ranges::all_of(text.substr(1), is_digit);
}

// Origin-form; of the path no NUL, no encoded slash, no dot segment, and UTF-8: as escapes stand alone here, ASCII.
inline bool is_target(View target) {
    if (!target.starts_with('/')) return false;
    for (const char c : target) {
        if (c <= 0x20 || c >= 0x7f || View("\"#<>\\").contains(c)) return false;
    }
    const auto raw_path = target.substr(0, target.find('?'));
    std::string path;
    for (std::size_t i = 0; i < raw_path.size(); ++i) {
        if (raw_path[i] != '%') {
            path += raw_path[i];
            continue;
        }
        if (raw_path.size() < i + 3 || !is_hex(raw_path[i + 1]) || !is_hex(raw_path[i + 2])) return false;
        const auto byte = hex_value(raw_path[i + 1]) * 16 + hex_value(raw_path[i + 2]);
        if (byte == 0 || byte == '/' || byte >= 0x80) return false;
        path += static_cast<char>(byte);
        i += 2;
    }
    path += '/';
    return !path.contains("/./") && !path.contains("/../");
}

struct Head {
    Message message;
    bool last = false;  // HTTP/1.0: the connection ends
    bool chunked = false;
    std::size_t length = 0;
};

// CR LF between lines, neither alone anywhere.
inline std::optional<std::vector<View>> lines_of(View text) {
    std::vector<View> lines;
    while (true) {
        const auto end = text.find("\r\n");
        lines.push_back(text.substr(0, end));
        if (lines.back().find_first_of("\r\n") != View::npos) return std::nullopt;
        if (end == View::npos) return lines;
        text.remove_prefix(end + 2);
    }
}

inline bool read_request_line(View line, Head& head) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == View::npos || first == last) return false;
    const auto target = line.substr(first + 1, last - first - 1);
    head.message = {.method = std::string(line.substr(0, first)), .target = std::string(target)};
    head.last = line.substr(last + 1) == "HTTP/1.0";
    return is_token(head.message.method) && is_target(target) && (head.last || line.substr(last + 1) == "HTTP/1.1");
}

struct Field {
    std::string name;
    View value;
};
inline std::optional<Field> read_field(View line) {
    const auto colon = line.find(':');
    if (colon == View::npos || !is_token(line.substr(0, colon))) return std::nullopt;
    if (!std::ranges::all_of(line.substr(colon + 1), is_value_byte)) return std::nullopt;
    return Field{.name = lower(line.substr(0, colon)), .value = trim(line.substr(colon + 1))};
}

// RFC 9112 §6: chunked alone or one number, never both, no coding in HTTP/1.0.
inline bool read_framing(View coding, View length, bool has_coding, bool has_length, Head& head) {
    head.chunked = has_coding;
    if (has_coding) return !has_length && !head.last && lower(coding) == "chunked";
    if (!has_length) return true;
    if (length.empty() || !std::ranges::all_of(length, is_digit)) return false;
    while (length.size() > 1 && length.front() == '0') length.remove_prefix(1);
    // What fits into 64 bits is a number, though too large; what does not is malformed.
    constexpr View greatest = "18446744073709551615";
    if (length.size() > greatest.size() || (length.size() == greatest.size() && length > greatest)) return false;
    for (const char c : length) head.length = head.length * 10 + static_cast<std::size_t>(c - '0');
    return true;
}

inline std::optional<Head> read_head(View text) {
    const auto lines = lines_of(text);
    Head head;
    if (!lines || !read_request_line(lines->front(), head)) return std::nullopt;
    std::optional<View> host;
    std::optional<View> coding;
    std::optional<View> length;
    bool typed = false;
    for (const auto line : std::vector<View>(lines->begin() + 1, lines->end())) {
        const auto field = read_field(line);
        if (!field) return std::nullopt;
        if (field->name == "content-type" && std::exchange(typed, true)) return std::nullopt;
        auto* single = field->name == "host"                ? &host
                       : field->name == "transfer-encoding" ? &coding
                       : field->name == "content-length"    ? &length
                                                            : nullptr;
        if (single == nullptr) continue;
        if (*single) return std::nullopt;
        *single = field->value;
    }
    if (host ? !is_host(*host) : !head.last) return std::nullopt;
    if (!read_framing(coding.value_or(View()), length.value_or(View()), coding.has_value(), length.has_value(), head)) {
        return std::nullopt;
    }
    return head;
}

// chunk-ext without white space: what a smuggler needs is refused.
inline bool are_extensions(View text) {
    while (!text.empty()) {
        if (text.front() != ';') return false;
        text.remove_prefix(1);
        const auto name = text.substr(0, text.find_first_of(";="));
        if (!is_token(name)) return false;
        text.remove_prefix(name.size());
        if (!text.starts_with('=')) continue;
        text.remove_prefix(1);
        if (!text.starts_with('"')) {
            const auto value = text.substr(0, text.find(';'));
            if (!is_token(value)) return false;
            text.remove_prefix(value.size());
            continue;
        }
        std::size_t at = 1;
        while (at < text.size() && text[at] != '"') at += text[at] == '\\' ? 2 : 1;
        if (at >= text.size() || !std::ranges::all_of(text.substr(0, at), is_value_byte)) return false;
        text.remove_prefix(at + 1);
    }
    return true;
}

// The next line of `rest`, and takes it away. Of a body that ends in the middle of one: cut.
inline Body take_line(View& rest, View& line) {
    const auto end = rest.find('\n');
    if (end == View::npos) return Body::cut;
    if (end == 0 || rest[end - 1] != '\r') return Body::broken;
    line = rest.substr(0, end - 1);
    rest.remove_prefix(end + 1);
    return line.contains('\r') ? Body::broken : Body::whole;
}

inline Body read_chunks(View& rest, std::string& content) {
    View line;
    while (true) {
        if (const auto got = take_line(rest, line); got != Body::whole) return got;
        const auto digits = static_cast<std::size_t>(std::ranges::find_if_not(line, is_hex) - line.begin());
        if (digits == 0 || digits > 15 || !are_extensions(line.substr(digits))) return Body::broken;
        std::size_t size = 0;
        for (const char c : line.substr(0, digits)) size = size * 16 + hex_value(c);
        if (size == 0) break;
        if (content.size() + std::min(size, rest.size()) > body_limit) return Body::too_large;
        if (size > rest.size()) return Body::cut;
        content += rest.substr(0, size);
        rest.remove_prefix(size);
        if (rest.size() < 2) return rest.empty() || rest == "\r" ? Body::cut : Body::broken;
        if (!rest.starts_with("\r\n")) return Body::broken;
        rest.remove_prefix(2);
    }
    while (true) {
        if (const auto got = take_line(rest, line); got != Body::whole) return got;
        if (line.empty()) return Body::whole;
        if (!read_field(line)) return Body::broken;
    }
}

inline Body read_body(const Head& head, View& rest, std::string& content) {
    if (head.chunked) return read_chunks(rest, content);
    if (head.length > body_limit) return Body::too_large;
    if (head.length > rest.size()) return Body::cut;
    content = rest.substr(0, head.length);
    rest.remove_prefix(head.length);
    return Body::whole;
}

inline Reading read_requests(View rest) {
    Reading reading;
    while (!rest.empty()) {
        // RFC 9112 §2.2: one empty line before a request is nothing.
        if (rest.starts_with("\r\n")) rest.remove_prefix(2);
        const auto end = rest.find("\r\n\r\n");
        if (end == View::npos) {
            reading.rest = rest.empty() ? Rest::nothing : Rest::beginning;
            return reading;
        }
        auto head = read_head(rest.substr(0, end));
        if (!head) {
            reading.rest = Rest::no_request;
            return reading;
        }
        rest.remove_prefix(end + 4);
        auto& message = reading.messages.emplace_back(std::move(head->message));
        message.body = read_body(*head, rest, message.content);
        if (message.body != Body::whole || head->last) return reading;
    }
    return reading;
}

}  // namespace http::grammar
