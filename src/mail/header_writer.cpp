#include "mail/header_writer.h"

#include <algorithm>

#include "base/strings.h"
#include "mail/one_line.h"

namespace mail {

namespace {

// RFC 5322 allows 998 octets on a line; some is left for the header's name.
constexpr std::size_t max_word = 900;
constexpr std::size_t max_encoded_word = 75;
constexpr std::size_t max_plain_phrase = 60;
constexpr std::size_t max_plain_filename = 50;
constexpr std::size_t encoding_frame = 12;  // "=?UTF-8?Q?" and "?="

bool is_alphanumeric(char c) {
    const char lower = base::ascii_lower(c);
    return base::is_ascii_digit(c) || (lower >= 'a' && lower <= 'z');
}

bool is_atom_or_space(char c) { return is_alphanumeric(c) || std::string_view(" !#$%&'*+-/=?^_`{|}~").contains(c); }

// RFC 2047 §5 (3): what may stand for itself in a phrase.
bool is_plain_in_q(char c) { return is_alphanumeric(c) || std::string_view("!*+-/").contains(c); }

// "=?" in a plain text would be taken for an encoded word, and decoded into what nobody wrote.
bool is_plain(std::string_view text) { return is_printable_ascii(text) && !text.contains("=?"); }

bool is_plain_text(std::string_view text) {
    return is_plain(text) &&
           std::ranges::all_of(base::split(text, ' '), [](auto word) { return word.size() <= max_word; });
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out += '"';
}

// The bytes of the first character of UTF-8.
std::size_t character_size(std::string_view text) {
    std::size_t size = 1;
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) ++size;
    return size;
}

void append_q(std::string& out, std::string_view bytes) {
    static constexpr char digits[] = "0123456789ABCDEF";
    for (const char c : bytes) {
        if (c == ' ') {
            out += '_';
        } else if (is_plain_in_q(c)) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.append({'=', digits[byte >> 4U], digits[byte & 0xFU]});
        }
    }
}

std::size_t base64_size(std::size_t bytes) { return (bytes + 2) / 3 * 4; }

// Takes as many characters as fit `room`, one at least.
std::string take_encoded_word(std::string_view& rest, std::size_t room, bool use_q) {
    std::string q;
    std::size_t taken = 0;
    while (taken < rest.size()) {
        const std::size_t size = character_size(rest.substr(taken));
        std::string more = q;
        append_q(more, rest.substr(taken, size));
        const std::size_t payload = use_q ? more.size() : base64_size(taken + size);
        if (taken > 0 && payload + encoding_frame > room) break;
        q = std::move(more);
        taken += size;
    }
    const std::string_view bytes = rest.substr(0, taken);
    rest.remove_prefix(taken);
    return use_q ? "=?UTF-8?Q?" + q + "?=" : "=?UTF-8?B?" + base::base64_encode(bytes) + "?=";
}

std::vector<std::string> phrase_words(std::string_view name, std::size_t column) {
    if (!is_plain(name) || name.size() > max_plain_phrase) {
        return encoded_words(name, max_columns - column - 1, max_encoded_word);
    }
    if (!std::ranges::all_of(name, is_atom_or_space)) return {quoted(name)};
    std::vector<std::string> words;
    for (const std::string_view word : base::split(name, ' ')) words.emplace_back(word);
    return words;
}

void glue(std::vector<std::string>& parameters) {
    for (std::size_t i = 0; i + 1 < parameters.size(); ++i) parameters[i] += ';';
}

}  // namespace

std::vector<std::string> encoded_words(std::string_view text, std::size_t first_room, std::size_t room) {
    // What is mostly ASCII stays legible in a log.
    const auto foreign = std::ranges::count_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
    const bool use_q = static_cast<std::size_t>(foreign) * 3 <= text.size();
    std::vector<std::string> words;
    while (!text.empty())
        words.push_back(take_encoded_word(text, words.empty() ? std::min(first_room, room) : room, use_q));
    return words;
}

void HeaderWriter::add_words(std::string_view name, const std::vector<std::string>& words) {
    bytes_.append(name).append(":");
    std::size_t column = name.size() + 1;
    for (const std::string& word : words) {
        if (column + 1 + word.size() > max_columns) {
            bytes_ += "\r\n";
            column = 0;
        }
        bytes_.append(" ").append(word);
        column += 1 + word.size();
    }
    bytes_ += "\r\n";
}

void HeaderWriter::add_text(std::string_view name, std::string_view text) {
    const std::string line = one_line(text);
    if (line.empty()) return;
    if (!is_plain_text(line))
        return add_words(name, encoded_words(line, max_columns - name.size() - 2, max_encoded_word));
    std::vector<std::string> words;
    for (const std::string_view word : base::split(line, ' ')) words.emplace_back(word);
    add_words(name, words);
}

void HeaderWriter::add_addresses(std::string_view name, std::span<const Address> addresses) {
    std::vector<std::string> words;
    for (const Address& address : addresses) {
        if (!words.empty()) words.back() += ',';
        if (address.name().empty()) {
            words.push_back(address.mailbox());
            continue;
        }
        // The first words stand behind the header's name; later ones may begin a line.
        std::ranges::move(phrase_words(address.name(), words.empty() ? name.size() + 1 : 0), std::back_inserter(words));
        words.push_back("<" + address.mailbox() + ">");
    }
    add_words(name, words);
}

std::vector<std::string> disposition_filename(std::string_view filename) {
    if (is_plain(filename) && filename.size() <= max_plain_filename) return {"filename=" + quoted(filename)};
    constexpr std::size_t room = max_columns - std::string_view(" filename*99*=utf-8'';").size();
    std::vector<std::string> segments(1);
    for (std::string_view rest = filename; !rest.empty();) {
        const std::string character = base::percent_encode(rest.substr(0, character_size(rest)));
        rest.remove_prefix(character_size(rest));
        if (segments.back().size() + character.size() > room) segments.emplace_back();
        segments.back() += character;
    }
    if (segments.size() == 1) return {"filename*=utf-8''" + segments.front()};
    for (std::size_t i = 0; i < segments.size(); ++i) {
        segments[i] = "filename*" + std::to_string(i) + (i == 0 ? "*=utf-8''" : "*=") + segments[i];
    }
    glue(segments);
    return segments;
}

std::vector<std::string> legacy_filename(std::string_view filename) {
    if (is_plain(filename) && filename.size() <= max_plain_filename) return {"name=" + quoted(filename)};
    constexpr std::size_t room = max_columns - std::string_view(" name=\"\"").size();
    std::vector<std::string> words = encoded_words(filename, room, room);
    words.front().insert(0, "name=\"");
    words.back() += '"';
    return words;
}

}  // namespace mail
