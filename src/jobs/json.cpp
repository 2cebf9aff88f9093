#include "jobs/json.h"

#include <cmath>

#include "schema/schema.h"

namespace jobs::detail {

namespace dom = simdjson::dom;

std::optional<std::int64_t> truncated_number(Element element) {
    std::int64_t whole = 0;
    if (element.get(whole) == simdjson::SUCCESS) return whole;
    double number = 0;
    if (element.get(number) != simdjson::SUCCESS || std::abs(number) > static_cast<double>(schema::max_safe_integer)) {
        return std::nullopt;
    }
    return static_cast<std::int64_t>(number);
}

std::optional<std::int64_t> whole_number(Element element) {
    double number = 0;
    if (element.is_double() && element.get(number) == simdjson::SUCCESS && number != std::trunc(number)) {
        return std::nullopt;
    }
    return truncated_number(element);
}

void write_msgpack(Element element, msgpack::Writer& out) {
    switch (element.type()) {
        case dom::element_type::NULL_VALUE: out.nil(); break;
        case dom::element_type::BOOL: out.boolean(bool(element)); break;
        case dom::element_type::INT64: out.integer(std::int64_t(element)); break;
        case dom::element_type::UINT64: out.number(static_cast<double>(std::uint64_t(element))); break;
        case dom::element_type::DOUBLE: out.number(double(element)); break;
        case dom::element_type::STRING: out.text(std::string_view(element)); break;
        case dom::element_type::ARRAY: {
            const dom::array items = element;
            out.array(items.size());
            for (const Element item : items) write_msgpack(item, out);
            break;
        }
        case dom::element_type::OBJECT: {
            const dom::object members = element;
            out.map(members.size());
            for (const auto [key, value] : members) {
                out.text(key);
                write_msgpack(value, out);
            }
            break;
        }
        default: out.nil(); break;
    }
}

void append_member(std::string& object, std::string_view key, Element value) {
    if (!object.empty()) object.push_back(',');
    schema::write_json_string(key, object);
    object.push_back(':');
    object += simdjson::minify(value);
}

}  // namespace jobs::detail
