#include "auth/json_object.h"

namespace auth {

namespace {

// Objects here hold a dozen members, so a quadratic search beats a set; `budget` bounds it for a hostile one.
bool has_only_unique_keys(const simdjson::dom::element& value, std::size_t& budget) {
    if (simdjson::dom::array array; value.get(array) == simdjson::SUCCESS) {
        for (const auto item : array) {
            if (budget == 0) return false;
            --budget;
            if (!has_only_unique_keys(item, budget)) return false;
        }
        return true;
    }
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return true;
    std::size_t position = 0;
    for (const auto field : object) {
        if (budget == 0) return false;
        --budget;
        std::size_t earlier_position = 0;
        for (const auto earlier : object) {
            if (earlier_position++ == position) break;
            if (earlier.key == field.key) return false;
        }
        ++position;
        if (!has_only_unique_keys(field.value, budget)) return false;
    }
    return true;
}

}  // namespace

std::optional<simdjson::dom::object> JsonObjectReader::read(std::string_view text, std::size_t max_members) {
    if (text.empty() || text.size() > max_bytes) return std::nullopt;
    if (!allocated_) {
        if (parser_.allocate(max_bytes, max_depth) != simdjson::SUCCESS) return std::nullopt;
        allocated_ = true;
    }
    simdjson::dom::object object;
    // The copy into the parser's padded buffer is wanted: `text` need not have SIMDJSON_PADDING readable bytes behind it.
    simdjson::dom::element root;
    if (parser_.parse(text.data(), text.size(), true).get(root) != simdjson::SUCCESS) return std::nullopt;
    if (root.get(object) != simdjson::SUCCESS) return std::nullopt;
    std::size_t budget = max_members;
    if (!has_only_unique_keys(root, budget)) return std::nullopt;
    return object;
}

std::optional<simdjson::dom::element> member(const simdjson::dom::object& object, std::string_view name) {
    simdjson::dom::element value;
    if (object.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
    return value;
}

std::optional<std::string_view> string_member(const simdjson::dom::object& object, std::string_view name) {
    std::string_view text;
    if (object.at_key(name).get(text) != simdjson::SUCCESS) return std::nullopt;
    return text;
}

void append_json_string(std::string& out, std::string_view text) {
    static constexpr std::string_view digits = "0123456789abcdef";
    out.push_back('"');
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            out.push_back('\\');
            out.push_back(c);
        } else if (byte < 0x20) {
            out.append("\\u00");
            out.push_back(digits[byte >> 4U]);
            out.push_back(digits[byte & 0xFU]);
        } else {
            out.push_back(c);
        }
    }
    out.push_back('"');
}

}  // namespace auth
