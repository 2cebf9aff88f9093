#include "log/json_writer.h"

#include "log/exception_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>

namespace logging {
namespace {

constexpr std::string_view replacement_character = "\xEF\xBF\xBD";
constexpr std::string_view hex_digits = "0123456789abcdef";

// True for bytes that are copied as they are: printable ASCII but the quote and the backslash.
constexpr std::array<bool, 256> plain = [] {
    std::array<bool, 256> table{};
    for (std::size_t byte = 0x20; byte < 0x7F; ++byte) table[byte] = byte != '"' && byte != '\\';
    return table;
}();

// Eight bytes at once: is any of them not plain? (The classic "has a byte less than / equal to" tricks; a false alarm costs only time.)
bool eight_plain(const char* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    constexpr std::uint64_t ones = 0x0101010101010101U;
    constexpr std::uint64_t tops = 0x8080808080808080U;
    const std::uint64_t quote = word ^ (ones * '"');
    const std::uint64_t backslash = word ^ (ones * '\\');
    const std::uint64_t deletes = word ^ (ones * 0x7F);
    const std::uint64_t found = (word - ones * 0x20) | (quote - ones) | (backslash - ones) | (deletes - ones) | word;
    return (found & tops) == 0;
}

// Length of the well-formed UTF-8 sequence at the start of `text`, or minus the length of its maximal ill-formed part
// (Unicode 15, table 3-7).
int utf8_length(std::string_view text) {
    const auto byte = [&](std::size_t index) {
        return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
    };
    const unsigned first = byte(0);
    if (first < 0x80) return 1;
    if (first < 0xC2 || first > 0xF4) return -1;
    const int length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    const unsigned low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (byte(1) < low || byte(1) > high) return -1;
    for (int index = 2; index < length; ++index) {
        if ((byte(static_cast<std::size_t>(index)) & 0xC0U) != 0x80U) return -index;
    }
    return length;
}

void append_escape(std::string& out, unsigned character) {
    switch (character) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\r': out += "\\r"; return;
        case '\t': out += "\\t"; return;
        case '\b': out += "\\b"; return;
        case '\f': out += "\\f"; return;
        default: break;
    }
    out += "\\u00";
    out += hex_digits[character >> 4U];
    out += hex_digits[character & 15U];
}

// Appends the character at the start of `text`, which is not plain; returns its length.
std::size_t append_special(std::string& out, std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    if (first < 0x80) {
        append_escape(out, first);
        return 1;
    }
    const int length = utf8_length(text);
    if (length < 0) {
        out += replacement_character;
        return static_cast<std::size_t>(-length);
    }
    const auto second = static_cast<unsigned char>(text[1]);
    if (first == 0xC2 && second < 0xA0) {
        append_escape(out, second);
    } else {
        out.append(text.substr(0, static_cast<std::size_t>(length)));
    }
    return static_cast<std::size_t>(length);
}

void append_escaped(std::string& out, std::string_view text) {
    std::size_t copied = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        if (at + 8 <= text.size() && eight_plain(text.data() + at)) {
            at += 8;
        } else if (plain[static_cast<unsigned char>(text[at])]) {
            ++at;
        } else {
            out.append(text, copied, at - copied);
            at += append_special(out, text.substr(at));
            copied = at;
        }
    }
    out.append(text, copied, text.size() - copied);
}

template <typename Number>
void append_number(std::string& out, Number number) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    out.append(digits.data(), static_cast<std::size_t>(end - digits.data()));
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    append_escaped(out, text);
    out += '"';
}

namespace {

// Of a bindings text, which begins with a comma: where its next member begins.
std::size_t end_of_member(std::string_view text) {
    bool quoted = false;
    int depth = 0;
    for (std::size_t at = 1; at < text.size(); ++at) {
        const char c = text[at];
        if (quoted) {
            if (c == '\\') ++at;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            --depth;
        } else if (c == ',' && depth == 0) {
            return at;
        }
    }
    return text.size();
}

// `,"key":` stands in it, at whatever depth; a quote inside of a text has a backslash before it.
bool may_name(std::string_view bindings, std::string_view key) {
    for (auto at = bindings.find(key); at != std::string_view::npos; at = bindings.find(key, at + 1)) {
        if (bindings.substr(0, at).ends_with(",\"") && bindings.substr(at + key.size()).starts_with("\":")) return true;
    }
    return false;
}

std::string_view name_of(const Field& field) { return field.key; }
std::string_view name_of(const Header& header) { return header.first; }

template <class Item>
bool comes_again(std::span<const Item> items, std::size_t index) {
    return std::ranges::any_of(items.subspan(index + 1),
                               [&](const Item& later) { return name_of(later) == name_of(items[index]); });
}

bool is_of_the_line(std::string_view key) { return key == "level" || key == "time" || key == "msg"; }

}  // namespace

void append_bindings(std::string& out, std::string_view bindings, Fields fields) {
    if (std::ranges::none_of(fields, [&](const Field& field) { return may_name(bindings, field.key); })) {
        out += bindings;
        return;
    }
    while (!bindings.empty()) {
        const auto member = bindings.substr(0, end_of_member(bindings));
        bindings.remove_prefix(member.size());
        const auto key = member.substr(2, member.find('"', 2) - 2);
        if (std::ranges::none_of(fields, [&](const Field& field) { return field.key == key; })) out += member;
    }
}

void JSONWriter::fields(Fields fields) {
    const std::span<const Field> all(fields.begin(), fields.end());
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Field& field = all[i];
        if (is_of_the_line(field.key) || comes_again(all, i)) continue;
        if (out_.size() > longest_line) {
            out_ += ",\"truncated\":true";
            return;
        }
        out_ += ',';
        member(field.key, field.value);
    }
}

bool JSONWriter::redacted(std::string_view key) {
    if (redaction_.matches(key)) return true;
    // Names with a structure of their own: "user[password]", "db.password".
    if (key.find_first_of(".[%+ ") != std::string_view::npos && redaction_.matches_encoded(key, false)) return true;
    if (!redaction_.has_paths() || depth_ >= deepest_path) return false;
    path_[depth_] = key;
    return redaction_.matches_path(std::span(path_).first(depth_ + 1));
}

void JSONWriter::member(std::string_view name, const Value& content) {
    key(name);
    if (redacted(name)) {
        text(Redaction::replacement);
        return;
    }
    if (depth_ < deepest_path) path_[depth_] = name;
    ++depth_;
    value(content);
    --depth_;
}

void JSONWriter::key(std::string_view name) {
    append_json_string(out_, name);
    out_ += ':';
}

void JSONWriter::value(const Value& value) {
    switch (value.kind()) {
        case Value::Kind::null: out_ += "null"; return;
        case Value::Kind::boolean: out_ += value.boolean() ? "true" : "false"; return;
        case Value::Kind::integer: append_number(out_, value.integer()); return;
        case Value::Kind::natural: append_number(out_, value.natural()); return;
        case Value::Kind::real:
            // As JSON.stringify does with what JSON has no number for.
            if (std::isfinite(value.real()))
                append_number(out_, value.real());
            else
                out_ += "null";
            return;
        case Value::Kind::text: text(value.text()); return;
        case Value::Kind::raw:
            if (value.size() > longest_line)
                text("[Truncated]");
            else
                out_.append(value.text());
            return;
        case Value::Kind::object:
            object(Fields(std::span(static_cast<const Field*>(value.pointer()), value.size())));
            return;
        case Value::Kind::array: array(std::span(static_cast<const Value*>(value.pointer()), value.size())); return;
        case Value::Kind::error:
        case Value::Kind::unknown_error: error(value); return;
        case Value::Kind::request: request(*static_cast<const RequestShape*>(value.pointer())); return;
        case Value::Kind::response: response(*static_cast<const ResponseShape*>(value.pointer())); return;
    }
}

void JSONWriter::text(std::string_view text) {
    const auto shown = text.substr(0, longest_text);
    const auto scrubbed = redaction_.scrub(shown);
    out_ += '"';
    append_escaped(out_, scrubbed ? std::string_view(*scrubbed) : shown);
    out_ += shown.size() < text.size() ? "[Truncated]\"" : "\"";
}

void JSONWriter::separate() {
    if (out_.back() != '{' && out_.back() != '[') out_ += ',';
}

void JSONWriter::object(Fields fields) {
    out_ += '{';
    const std::span<const Field> all(fields.begin(), fields.end());
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (comes_again(all, i)) continue;
        separate();
        if (out_.size() > longest_line) {
            out_ += "\"truncated\":true";
            break;
        }
        member(all[i].key, all[i].value);
    }
    out_ += '}';
}

void JSONWriter::array(std::span<const Value> items) {
    out_ += '[';
    for (const Value& item : items) {
        separate();
        if (out_.size() > longest_line) {
            text("[Truncated]");
            break;
        }
        value(item);
    }
    out_ += ']';
}

void JSONWriter::error(const Value& value) {
    const ExceptionText described =
        value.kind() == Value::Kind::error
            ? describe(*static_cast<const std::exception*>(value.pointer()))
            : ExceptionText{.type = "unknown", .message = "not a std::exception", .stack = "unknown", .code = {}};
    const std::array<Field, 4> members{Field{"type", described.type}, Field{"message", described.message},
                                       Field{"stack", described.stack}, Field{"code", described.code}};
    object(Fields(std::span(members).first(described.code.empty() ? 3 : 4)));
}

void JSONWriter::request(const RequestShape& shape) {
    out_ += '{';
    if (!shape.id.empty()) {
        member("id", shape.id);
        out_ += ',';
    }
    member("method", shape.method);
    out_ += ",\"url\":";
    url(shape.url);
    if (!shape.headers.empty()) headers(shape.headers);
    if (!shape.remote_address.empty()) {
        out_ += ',';
        member("remoteAddress", shape.remote_address);
        out_ += ',';
        member("remotePort", shape.remote_port);
    }
    out_ += '}';
}

void JSONWriter::response(const ResponseShape& shape) {
    out_ += '{';
    member("statusCode", shape.status_code);
    if (!shape.headers.empty()) headers(shape.headers);
    out_ += '}';
}

void JSONWriter::headers(std::span<const Header> headers) {
    out_ += ",\"headers\":{";
    if (depth_ < deepest_path) path_[depth_] = "headers";
    ++depth_;
    for (std::size_t i = 0; i < headers.size(); ++i) {
        if (comes_again(headers, i)) continue;
        separate();
        if (out_.size() > longest_line) {
            out_ += "\"truncated\":true";
            break;
        }
        member(headers[i].first, headers[i].second);
    }
    --depth_;
    out_ += '}';
}

// A token in a query (a WebSocket's, a signed link's) is as secret as one in a header.
void JSONWriter::url(std::string_view url) {
    const auto shown = url.size() > longest_text ? url.substr(0, url.find('?')) : url;
    const auto scrubbed = redaction_.scrub_url(shown.substr(0, longest_text));
    append_json_string(out_, scrubbed ? std::string_view(*scrubbed) : shown.substr(0, longest_text));
}

}  // namespace logging
