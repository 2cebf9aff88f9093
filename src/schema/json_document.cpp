#include "schema/json_document.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "base/strings.h"
#include "schema/json_writer.h"
#include "schema/shown_name.h"

namespace schema::detail {

namespace dom = simdjson::dom;

namespace {

// A parser keeps some 15 times the size of the largest text it has seen: larger ones get a parser of their own.
constexpr std::size_t kept_size = 64U << 10U;

// Stands before a big number's text: no sender writes it by chance.
constexpr std::string_view big_number_mark("\0#", 2);
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_number_character(char c) {
    return base::is_ascii_digit(c) || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E';
}

// Of a number as JSON spells it.
bool is_beyond_64_bits(std::string_view number) {
    const bool integer = number.find_first_of(".eE") == std::string_view::npos;
    if (integer) return !base::parse_integer<std::int64_t>(number) && !base::parse_integer<std::uint64_t>(number);
    double value = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    // Out of range is also what is too close to zero, which simdjson reads as zero.
    return read.ec == std::errc::result_out_of_range && std::isinf(std::strtod(std::string(number).c_str(), nullptr));
}

// The same text with strings for numbers beyond 64 bits.
std::string with_marked_numbers(std::string_view json) {
    std::string out;
    bool in_string = false;
    for (std::size_t i = 0; i < json.size();) {
        const char c = json[i];
        if (in_string || (c != '-' && !base::is_ascii_digit(c))) {
            const std::size_t length = in_string && c == '\\' ? 2 : 1;
            out += json.substr(i, length);
            i += length;
            if (c == '"') in_string = !in_string;
            continue;
        }
        std::size_t end = i;
        while (end < json.size() && is_number_character(json[end])) ++end;
        const auto number = json.substr(i, end - i);
        out += is_beyond_64_bits(number) ? std::string("\"\\u0000#").append(number).append("\"") : std::string(number);
        i = end;
    }
    return out;
}

// The code unit of an escape `\uXXXX` at `at`.
std::optional<unsigned> code_unit_at(std::string_view json, std::size_t at) {
    constexpr std::size_t escape_size = 6;
    if (json.size() - at < escape_size || json[at] != '\\' || json[at + 1] != 'u') return std::nullopt;
    const auto digits = json.substr(at + 2, 4);
    unsigned unit = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    return read.ec == std::errc() && read.ptr == digits.data() + digits.size() ? std::optional(unit) : std::nullopt;
}

// The same text with U+FFFD for each half of a surrogate pair that stands alone, as a program leaves that cuts texts by UTF-16 units.
std::string with_whole_characters(std::string_view json) {
    const auto is_high = [](std::optional<unsigned> unit) { return unit && *unit >= 0xD800 && *unit <= 0xDBFF; };
    const auto is_low = [](std::optional<unsigned> unit) { return unit && *unit >= 0xDC00 && *unit <= 0xDFFF; };
    std::string out;
    for (std::size_t i = 0; i < json.size();) {
        const auto unit = code_unit_at(json, i);
        std::size_t length = json[i] == '\\' ? 2 : 1;
        if (unit) length = 6;
        if (is_high(unit) && is_low(code_unit_at(json, std::min(i + 6, json.size())))) length = 12;
        const bool is_half = length == 6 && (is_high(unit) || is_low(unit));
        out += is_half ? std::string_view("\\uFFFD") : json.substr(i, length);
        i += length;
    }
    return out;
}

// simdjson says NUMBER_ERROR for what is no number ("01") and for what no 64 bits hold. Looks for the former.
bool has_misspelt_number(std::string_view json) {
    bool in_string = false;
    for (std::size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            if (c == '\\') ++i;
            if (c == '"') in_string = false;
            continue;
        }
        in_string = c == '"';
        if (c != '-' && !base::is_ascii_digit(c)) continue;
        const auto digits = [&] {
            const std::size_t start = i;
            while (i < json.size() && base::is_ascii_digit(json[i])) ++i;
            return i - start;
        };
        if (json[i] == '-') ++i;
        const bool zero_first = i < json.size() && json[i] == '0';
        const std::size_t whole = digits();
        if (whole == 0 || (zero_first && whole > 1)) return true;
        if (i < json.size() && json[i] == '.') {
            ++i;
            if (digits() == 0) return true;
        }
        if (i < json.size() && (json[i] == 'e' || json[i] == 'E')) {
            ++i;
            if (i < json.size() && (json[i] == '+' || json[i] == '-')) ++i;
            if (digits() == 0) return true;
        }
        if (i < json.size() && std::strchr(" \t\r\n,]}", json[i]) == nullptr) return true;
        --i;
    }
    return false;
}

Malformed malformed_of(simdjson::error_code error, std::string_view json) {
    switch (error) {
        case simdjson::SUCCESS: return Malformed::none;
        case simdjson::DEPTH_ERROR: return Malformed::too_deep;
        case simdjson::UTF8_ERROR: return Malformed::invalid_utf8;
        case simdjson::CAPACITY:
        case simdjson::MEMALLOC: return Malformed::too_big;
        case simdjson::NUMBER_ERROR:
            return has_misspelt_number(json) ? Malformed::invalid_json : Malformed::number_range;
        default: return Malformed::invalid_json;
    }
}

template <class Integer>
void append_number(std::string& out, Integer value) {
    char buffer[32];
    out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
}

void append_double(std::string& out, double value) {
    // 2^63 and 2^64 are exact doubles; below them an integral double converts without loss.
    if (value == std::trunc(value)) {
        if (value >= -0x1p63 && value < 0x1p63) return append_number(out, static_cast<std::int64_t>(value));
        if (value >= 0 && value < 0x1p64) return append_number(out, static_cast<std::uint64_t>(value));
    }
    char buffer[32];
    out.append(buffer, put_double(buffer, value));
}

void append_string(std::string_view text, KeyOrder order, std::string& out) {
    if (order != KeyOrder::storable || text.find('\0') == std::string_view::npos) return write_json_string(text, out);
    write_json_string(is_big_number(text) ? std::string(big_number_text(text)) : without_nul(text), out);
}

void append_object(dom::object object, KeyOrder order, std::string& out) {
    JSONMembers members;
    for (const auto [key, value] : object) members.emplace_back(key, value);
    if (order == KeyOrder::sorted) std::ranges::sort(members, {}, &JSONMembers::value_type::first);
    append_members(members, order, out);
}

void append_array(dom::array array, KeyOrder order, std::string& out) {
    char separator = '[';
    for (const dom::element item : array) {
        out.push_back(separator);
        separator = ',';
        append_json(item, order, out);
    }
    if (separator == '[') out.push_back('[');
    out.push_back(']');
}

}  // namespace

struct Document::Buffers {
    dom::parser parser;
    std::unique_ptr<char[]> padded;
    std::size_t capacity = 0;
    bool in_use = false;
};

Document::Buffers& Document::buffers_of_thread() {
    thread_local Buffers buffers;
    return buffers;
}

Document::Document() = default;

Document::~Document() {
    if (buffers_ != nullptr) buffers_->in_use = false;
}

Malformed Document::parse(std::string_view json, std::size_t max_depth, Reading reading) {
    if (reading == Reading::lenient && json.starts_with(byte_order_mark)) json.remove_prefix(byte_order_mark.size());
    const auto error = parse_copy(json, max_depth);
    const bool is_mendable = reading == Reading::lenient
                                 ? error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR
                                 : reading == Reading::by_member && error == simdjson::NUMBER_ERROR;
    if (!is_mendable || has_misspelt_number(json)) return malformed_of(error, json);
    const auto marked =
        with_marked_numbers(reading == Reading::lenient ? with_whole_characters(json) : std::string(json));
    buffers_->in_use = false;
    return malformed_of(parse_copy(marked, max_depth), marked);
}

simdjson::error_code Document::parse_copy(std::string_view json, std::size_t max_depth) {
    // A custom check may parse a text of its own in the middle of reading this one.
    buffers_ = &buffers_of_thread();
    if (buffers_->in_use || json.size() > kept_size) {
        own_ = std::make_unique<Buffers>();
        buffers_ = own_.get();
    }
    buffers_->in_use = true;

    // simdjson reads up to SIMDJSON_PADDING bytes beyond the end.
    if (buffers_->capacity < json.size()) {
        buffers_->capacity = std::max<std::size_t>(4096, json.size());
        buffers_->padded = std::make_unique<char[]>(buffers_->capacity + simdjson::SIMDJSON_PADDING);
    } else if (buffers_->padded == nullptr) {
        buffers_->capacity = 4096;
        buffers_->padded = std::make_unique<char[]>(buffers_->capacity + simdjson::SIMDJSON_PADDING);
    }
    if (!json.empty()) std::memcpy(buffers_->padded.get(), json.data(), json.size());
    std::memset(buffers_->padded.get() + json.size(), ' ', simdjson::SIMDJSON_PADDING);

    if (buffers_->parser.max_depth() != max_depth) {
        const auto error =
            buffers_->parser.allocate(std::max(buffers_->capacity, buffers_->parser.capacity()), max_depth);
        if (error != simdjson::SUCCESS) return simdjson::CAPACITY;
    }
    return buffers_->parser.parse(buffers_->padded.get(), json.size(), false).get(root_);
}

bool is_big_number(std::string_view text) {
    return text.size() > big_number_mark.size() && text.starts_with(big_number_mark) &&
           std::ranges::all_of(big_number_text(text), is_number_character);
}

std::string_view big_number_text(std::string_view text) { return text.substr(big_number_mark.size()); }

std::string without_nul(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) c == '\0' ? out.append("\xEF\xBF\xBD") : out.append(1, c);
    return out;
}

std::string_view describe(Malformed malformed) {
    switch (malformed) {
        case Malformed::none: return "well formed";
        case Malformed::invalid_json: return "the text is not JSON (RFC 8259)";
        case Malformed::invalid_utf8: return "the text is not UTF-8";
        case Malformed::too_deep: return "arrays and objects are nested too deeply";
        case Malformed::too_big: return "the text is too long";
        case Malformed::duplicate_key: return "a member stands twice in one object";
        case Malformed::poisoned_key: return "a member is named __proto__, or a constructor holds a prototype";
        case Malformed::number_range: return "a number is beyond 64 bits";
    }
    return "not read";
}

bool is_poisoned(std::string_view key, dom::element value) {
    if (key == "__proto__") return true;
    return key == "constructor" && value.is_object() &&
           dom::object(value).at_key("prototype").error() == simdjson::SUCCESS;
}

void inspect_keys(std::vector<std::string_view>& keys, TreeFault& fault) {
    std::ranges::sort(keys);
    const auto twice = std::ranges::adjacent_find(keys);
    if (twice == keys.end()) return;
    fault.malformed = Malformed::duplicate_key;
    fault.detail = std::string("the member ").append(shown_name(*twice)).append(" stands twice in one object");
}

void inspect(dom::element element, TreeFault& fault) {
    if (fault.malformed != Malformed::none) return;
    if (element.is_array()) {
        for (const dom::element item : dom::array(element)) inspect(item, fault);
    } else if (element.is_object()) {
        std::vector<std::string_view> keys;
        for (const auto [key, value] : dom::object(element)) {
            if (is_poisoned(key, value)) {
                fault.malformed = Malformed::poisoned_key;
                fault.detail = std::string("the member ").append(key).append(" is refused");
                return;
            }
            keys.push_back(key);
            fault.has_nul = fault.has_nul || key.find('\0') != std::string_view::npos;
            inspect(value, fault);
        }
        if (fault.malformed == Malformed::none) inspect_keys(keys, fault);
    } else if (element.is_string()) {
        const std::string_view text(element);
        const bool is_big = is_big_number(text);
        fault.has_big_number = fault.has_big_number || is_big;
        fault.has_nul = fault.has_nul || (!is_big && text.find('\0') != std::string_view::npos);
    }
}

void append_members(const JSONMembers& members, KeyOrder order, std::string& out) {
    char separator = '{';
    for (const auto& [key, value] : members) {
        out.push_back(separator);
        separator = ',';
        append_string(key, order, out);
        out.push_back(':');
        append_json(value, order, out);
    }
    if (separator == '{') out.push_back('{');
    out.push_back('}');
}

void append_json(dom::element element, KeyOrder order, std::string& out) {
    switch (element.type()) {
        case dom::element_type::ARRAY: return append_array(element, order, out);
        case dom::element_type::OBJECT: return append_object(element, order, out);
        case dom::element_type::STRING: return append_string(std::string_view(element), order, out);
        case dom::element_type::INT64: return append_number(out, std::int64_t(element));
        case dom::element_type::UINT64: return append_number(out, std::uint64_t(element));
        case dom::element_type::DOUBLE: return append_double(out, double(element));
        case dom::element_type::BOOL: out.append(bool(element) ? "true" : "false"); return;
        case dom::element_type::NULL_VALUE: out.append("null"); return;
    }
}

}  // namespace schema::detail
