// JSON → value, by descriptor. A document is refused whole (Malformed) for what no schema could mend: text that is not
// JSON, duplicate keys, prototype poisoning; everything else becomes an issue, and reading goes on.

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "base/text.h"
#include "schema/json_document.h"
#include "schema/rules.h"
#include "schema/schema.h"

namespace schema {

namespace detail {

namespace dom = simdjson::dom;

namespace {

constexpr std::size_t no_field = static_cast<std::size_t>(-1);

std::string_view received_type(dom::element element) {
    switch (element.type()) {
        case dom::element_type::ARRAY: return "array";
        case dom::element_type::OBJECT: return "object";
        case dom::element_type::STRING: return "string";
        case dom::element_type::INT64:
        case dom::element_type::UINT64: return "integer";
        case dom::element_type::DOUBLE: return "number";
        case dom::element_type::BOOL: return "boolean";
        case dom::element_type::NULL_VALUE: return "null";
    }
    return "value";
}

// Members mostly come in the order of the declaration, so the search starts where the last one ended.
std::size_t find_field(std::span<const Field> fields, std::size_t expected, std::string_view key) {
    for (std::size_t i = expected; i < fields.size(); ++i) {
        if (fields[i].name == key) return fields[i].rules.internal ? no_field : i;
    }
    for (std::size_t i = 0; i < expected; ++i) {
        if (fields[i].name == key) return fields[i].rules.internal ? no_field : i;
    }
    return no_field;
}

class JSONReader {
public:
    // `root`: what the whole document is read as.
    JSONReader(Issues& issues, const Type& root, Reading reading, bool ignores_unknown)
        : issues_(issues), root_(root), lenient_(reading == Reading::lenient), ignores_unknown_(ignores_unknown) {}

    void read(const Type& type, void* out, dom::element element, const Rules& rules);
    [[nodiscard]] bool is_malformed() const { return fault_.malformed != Malformed::none; }
    [[nodiscard]] TreeFault& fault() { return fault_; }

private:
    // Members that no field wants.
    struct Unknown {
        std::vector<std::string_view> keys;
        std::string text;
    };

    void read_boolean(void* out, dom::element element);
    void read_integer(Kind kind, void* out, dom::element element, const Rules& rules);
    void read_number(void* out, dom::element element, const Rules& rules);
    void read_array(const Type& type, void* out, dom::element element, const Rules& rules);
    void read_map(const Type& type, void* out, dom::element element, const Rules& rules);
    void read_object(const Type& type, void* out, dom::element element);
    void read_field(const Field& field, void* object, dom::element element, Unknown& unknown);
    void read_string(const Type& type, void* out, std::string_view text, const Rules& rules);
    void read_optional(const Type& type, void* out, dom::element element, const Rules& rules);
    // A value of an enumeration that we do not have yet is "other", if there is one, and kept as sent.
    bool read_other(const Field& field, void* object, dom::element element, Unknown& unknown);
    void keep(std::string_view key, dom::element element, Unknown& unknown);
    void read_unknown(const ObjectType& object, std::string_view key, dom::element element, Unknown& unknown);
    void finish_unknown(const ObjectType& object, void* target, Unknown& unknown);
    void add_missing(const ObjectType& object, std::uint64_t seen);
    void read_json_text(void* out, dom::element element);
    void invalid_type(Kind expected, dom::element element);
    void add_big_number(const Type& type, std::string_view number, const Rules& rules);
    // What is not read is still looked through for faults of the whole document.
    void skip(dom::element element);
    void refuse(Malformed malformed, std::string detail);
    [[nodiscard]] std::string_view shown(std::string_view key) {
        if (!beside_secrets_) beside_secrets_ = holds_secret(root_);
        return *beside_secrets_ ? hidden_name : shown_name(key);
    }

    Issues& issues_;
    const Type& root_;
    std::optional<bool> beside_secrets_{};
    TreeFault fault_;
    bool lenient_;
    bool ignores_unknown_;
};

constexpr bool is_written_as_string(Kind kind) {
    return kind == Kind::string || kind == Kind::uuid || kind == Kind::timestamp || kind == Kind::date ||
           kind == Kind::quantity || kind == Kind::enumeration;
}

const Type& without_optional(const Type& type) {
    return type.kind == Kind::optional || type.kind == Kind::maybe ? without_optional(*type.element) : type;
}

const EnumValue* find_value(const EnumType& enumeration, std::string_view name) {
    const auto found = std::ranges::find_if(enumeration.values,
                                            [&](const EnumValue& value) { return base::iequals(value.name, name); });
    return found == enumeration.values.end() ? nullptr : &*found;
}

// 0001-01-01T00:00:00+03:00, the first moment of some platforms' calendars, lies before the first that we hold.
std::string without_offset(std::string_view time) {
    constexpr std::size_t date_and_time = std::string_view("0001-01-01T00:00:00").size();
    // A clock without a battery.
    if (time.starts_with("0000-")) return "0001-01-01T00:00:00Z";
    if (!time.starts_with("0001-01-01T") && !time.starts_with("9999-12-31T")) return std::string(time);
    const auto offset = time.find_first_of("+-", date_and_time);
    return std::string(time.substr(0, offset)) + (offset == std::string_view::npos ? "" : "Z");
}

void JSONReader::refuse(Malformed malformed, std::string detail) {
    if (is_malformed()) return;
    fault_.malformed = malformed;
    fault_.detail = std::move(detail);
}

void JSONReader::skip(dom::element element) { inspect(element, fault_); }

void JSONReader::invalid_type(Kind expected, dom::element element) {
    if (element.is_null()) {
        add_not_null(issues_, expected);
    } else {
        add_invalid_type(issues_, expected, received_type(element));
        skip(element);
    }
}

// A number that 64 bits do not hold: out of range where a number is wanted.
void JSONReader::add_big_number(const Type& type, std::string_view number, const Rules& rules) {
    const bool negative = number.starts_with('-');
    const Kind kind = without_optional(type).kind;
    switch (kind) {
        case Kind::int16:
        case Kind::int32:
        case Kind::int64:
        case Kind::money:
        case Kind::rate: return add_integer_too_big(negative, kind, rules, issues_);
        case Kind::number: return check_number(negative ? -HUGE_VAL : HUGE_VAL, rules, issues_);
        default: return add_invalid_type(issues_, kind, "number");
    }
}

void JSONReader::read_boolean(void* out, dom::element element) {
    if (!element.is_bool()) return invalid_type(Kind::boolean, element);
    *static_cast<bool*>(out) = bool(element);
}

// 1.0 and 1e2 are integers: JSON has one kind of number, and some clients write all of them with a point.
void JSONReader::read_integer(Kind kind, void* out, dom::element element, const Rules& rules) {
    std::int64_t value = 0;
    switch (element.type()) {
        case dom::element_type::INT64: value = std::int64_t(element); break;
        case dom::element_type::UINT64: return add_integer_too_big(false, kind, rules, issues_);
        case dom::element_type::DOUBLE: {
            const auto number = double(element);
            if (number != std::trunc(number)) return invalid_type(kind, element);
            if (number < -0x1p63 || number >= 0x1p63) return add_integer_too_big(number < 0, kind, rules, issues_);
            value = static_cast<std::int64_t>(number);
            break;
        }
        default: return invalid_type(kind, element);
    }
    check_integer(value, kind, rules, issues_);
    store_integer(kind, out, value);
}

void JSONReader::read_number(void* out, dom::element element, const Rules& rules) {
    if (!element.is_number()) return invalid_type(Kind::number, element);
    const auto value = double(element);
    check_number(value, rules, issues_);
    *static_cast<double*>(out) = value;
}

void JSONReader::read_array(const Type& type, void* out, dom::element element, const Rules& rules) {
    if (!element.is_array()) return invalid_type(Kind::array, element);
    const dom::array items(element);
    type.clear(out);
    // Counted before anything is made: a megabyte of "{}" would become a thousand times that in values.
    std::size_t count = 0;
    for ([[maybe_unused]] const dom::element item : items) ++count;
    if (!check_count(count, rules, issues_)) return skip(element);
    const std::size_t issues_before = issues_.list().size();
    std::size_t index = 0;
    for (const dom::element item : items) {
        if (issues_.full()) {
            skip(item);
            continue;
        }
        const Issues::Scope scope(issues_, index++);
        read(*type.element, type.append(out), item, rules);
        if (is_malformed()) return;
    }
    if (rules.unique_items && issues_.list().size() == issues_before) check_unique(type, out, issues_);
}

void JSONReader::read_map(const Type& type, void* out, dom::element element, const Rules& rules) {
    if (!element.is_object()) return invalid_type(Kind::map, element);
    const dom::object members(element);
    type.clear(out);
    std::size_t count = 0;
    for ([[maybe_unused]] const auto member : members) ++count;
    if (!check_count(count, rules, issues_)) return skip(element);
    std::vector<std::string_view> keys;
    for (const auto [key, value] : members) {
        if (is_poisoned(key, value))
            return refuse(Malformed::poisoned_key, std::string("the member ").append(key).append(" is refused"));
        keys.push_back(key);
        const auto name = shown(key);
        const NamedScope scope(issues_, name);
        if (key.find('\0') != std::string_view::npos) add_nul_character(issues_);
        if (issues_.full()) {
            skip(value);
        } else {
            read(*type.element, type.insert(out, std::string(key)), value, rules);
        }
        if (is_malformed()) return;
    }
    inspect_keys(keys, fault_);
}

void JSONReader::read_field(const Field& field, void* object, dom::element element, Unknown& unknown) {
    const Issues::Scope scope(issues_, field.name);
    if (field.rules.read_only) {
        add_read_only(issues_, field.name);
        return skip(element);
    }
    if (issues_.full()) return skip(element);
    if (lenient_ && element.is_null() && field.rules.defaulted) return;  // the member's initialiser stands
    if (lenient_ && read_other(field, object, element, unknown)) return;
    read(*field.type, field.get_mutable(object), element, field.rules);
}

bool JSONReader::read_other(const Field& field, void* object, dom::element element, Unknown& unknown) {
    const Type& type = without_optional(*field.type);
    if (type.kind != Kind::enumeration || !element.is_string()) return false;
    const auto text = base::trim(std::string_view(element));
    const auto* other = find_value(*type.enumeration, "other");
    if (other == nullptr || text.empty() || is_big_number(text) || find_value(*type.enumeration, text) != nullptr)
        return false;
    void* target = field.get_mutable(object);
    for (const Type* outer = field.type; outer != &type; outer = outer->element) target = outer->emplace(target);
    type.enumeration->set(target, other->value);
    keep(field.name, element, unknown);
    return true;
}

void JSONReader::keep(std::string_view key, dom::element element, Unknown& unknown) {
    unknown.text.push_back(unknown.text.empty() ? '{' : ',');
    write_json_string(without_nul(key), unknown.text);
    unknown.text.push_back(':');
    append_json(element, KeyOrder::storable, unknown.text);
}

void JSONReader::read_unknown(const ObjectType& object, std::string_view key, dom::element element, Unknown& unknown) {
    if (is_poisoned(key, element))
        return refuse(Malformed::poisoned_key, std::string("the member ").append(key).append(" is refused"));
    unknown.keys.push_back(key);
    const auto name = shown(key);
    const NamedScope scope(issues_, name);
    if (object.unknown_keys == UnknownKeys::reject) {
        if (ignores_unknown_) return skip(element);
        add_unknown_key(issues_, object, name);
        return skip(element);
    }
    fault_.has_nul = key.find('\0') != std::string_view::npos;
    skip(element);
    if (is_malformed()) return;
    if (fault_.has_nul && !lenient_) return add_nul_character(issues_);
    keep(key, element, unknown);
}

void JSONReader::finish_unknown(const ObjectType& object, void* target, Unknown& unknown) {
    inspect_keys(unknown.keys, fault_);
    if (unknown.text.empty()) return;
    unknown.text.push_back('}');
    static_cast<Json*>(const_cast<void*>(object.unknown_member(target)))->text = std::move(unknown.text);
}

void JSONReader::add_missing(const ObjectType& object, std::uint64_t seen) {
    for (std::size_t i = 0; i < object.fields.size(); ++i) {
        const Field& field = object.fields[i];
        if ((seen >> i & 1U) != 0 || !field.required() || field.rules.internal || field.rules.read_only) continue;
        const Issues::Scope scope(issues_, field.name);
        add_required(issues_, field.name);
    }
}

void JSONReader::read_object(const Type& type, void* out, dom::element element) {
    if (!element.is_object()) return invalid_type(Kind::object, element);
    const ObjectType& object = *type.object;
    void* const target = type.patch ? type.emplace(out) : out;
    const std::size_t issues_before = issues_.list().size();
    std::uint64_t seen = 0;
    std::size_t expected = 0;
    Unknown unknown;
    for (const auto [key, value] : dom::object(element)) {
        const std::size_t index = find_field(object.fields, expected, key);
        if (index == no_field) {
            read_unknown(object, key, value, unknown);
        } else if ((seen >> index & 1U) != 0) {
            refuse(Malformed::duplicate_key,
                   std::string("the member ").append(key).append(" stands twice in one object"));
        } else {
            seen |= std::uint64_t{1} << index;
            expected = index + 1;
            read_field(object.fields[index], target, value, unknown);
        }
        if (is_malformed()) return;
    }
    finish_unknown(object, target, unknown);
    if (type.patch) {
        *type.present(out) = seen;
        return;
    }
    add_missing(object, seen);
    if (!is_malformed() && issues_.list().size() == issues_before) run_refinements(object, target, issues_);
}

void JSONReader::read_json_text(void* out, dom::element element) {
    auto& text = static_cast<Json*>(out)->text;
    text.clear();
    fault_.has_nul = false;
    fault_.has_big_number = false;
    skip(element);
    if (is_malformed()) return;
    if (fault_.has_nul && !lenient_) return add_nul_character(issues_);
    if (fault_.has_big_number && !lenient_) return issues_.add("", "too_big", "A number in it is beyond 64 bits.");
    if (!element.is_null()) append_json(element, lenient_ ? KeyOrder::storable : KeyOrder::as_written, text);
}

void JSONReader::read_string(const Type& type, void* out, std::string_view text, const Rules& rules) {
    if (!lenient_) return read_string_like(type, out, text, rules, Encoding::verified, issues_);
    std::string mended(text);
    if (type.kind == Kind::enumeration) {
        if (const auto* value = find_value(*type.enumeration, base::trim(text))) mended = value->name;
    } else if (type.kind == Kind::timestamp) {
        if (!base::parse_timestamp(text)) mended = without_offset(text);
    } else if (type.kind == Kind::date) {
        if (text.starts_with("0000-")) mended = "0001-01-01";  // as dates before our first were written once
    } else if (text.find('\0') != std::string_view::npos) {
        mended = without_nul(text);
    }
    read_string_like(type, out, mended, rules, Encoding::verified, issues_);
}

void JSONReader::read_optional(const Type& type, void* out, dom::element element, const Rules& rules) {
    if (element.is_null()) return type.reset(out);
    // The text of nothing, where a text must say something.
    const auto inner = type.element->kind;
    if (lenient_ && element.is_string() && is_written_as_string(inner) &&
        (inner != Kind::string || rules.min_length > 0) && base::trim_unicode(std::string_view(element)).empty()) {
        return type.reset(out);
    }
    read(*type.element, type.emplace(out), element, rules);
}

void JSONReader::read(const Type& type, void* out, dom::element element, const Rules& rules) {
    if (element.is_string() && type.kind != Kind::json && is_big_number(std::string_view(element)))
        return add_big_number(type, big_number_text(std::string_view(element)), rules);
    switch (type.kind) {
        case Kind::boolean: return read_boolean(out, element);
        case Kind::int16:
        case Kind::int32:
        case Kind::int64:
        case Kind::money:
        case Kind::rate: return read_integer(type.kind, out, element, rules);
        case Kind::number: return read_number(out, element, rules);
        case Kind::string:
        case Kind::uuid:
        case Kind::timestamp:
        case Kind::date:
        case Kind::quantity:
        case Kind::enumeration:
            if (!element.is_string()) return invalid_type(type.kind, element);
            return read_string(type, out, std::string_view(element), rules);
        case Kind::optional: return read_optional(type, out, element, rules);
        case Kind::maybe:
            if (element.is_null() && type.element->kind != Kind::optional)
                return invalid_type(type.element->kind, element);
            return read(*type.element, type.emplace(out), element, rules);
        case Kind::array: return read_array(type, out, element, rules);
        case Kind::map: return read_map(type, out, element, rules);
        case Kind::object: return read_object(type, out, element);
        case Kind::json: return read_json_text(out, element);
        case Kind::bytes: return invalid_type(Kind::bytes, element);
    }
}

}  // namespace

}  // namespace detail

std::optional<ReadError> read_json(const Type& type, void* out, std::string_view json, const ReadOptions& options) {
    if (json.size() > options.max_bytes) {
        return ReadError{Malformed::too_big, "more than " + std::to_string(options.max_bytes) + " bytes", {}};
    }
    // What a newer sender may send more of, an older one may send in a form that we would not choose: it has happened all the
    // same, and is read where it can be understood.
    const bool keeps_unknown = type.kind == Kind::object && type.object->unknown_keys == UnknownKeys::keep;
    const auto reading = keeps_unknown || options.lenient ? detail::Reading::lenient : detail::Reading::by_member;
    detail::Document document;
    if (const Malformed malformed = document.parse(json, options.max_depth, reading); malformed != Malformed::none) {
        return ReadError{malformed, std::string(detail::describe(malformed)), {}};
    }
    Issues issues(options.in, options.max_issues);
    detail::JSONReader reader(issues, type, reading, options.lenient);
    reader.read(type, out, document.root(), Rules{});
    if (reader.is_malformed()) {
        auto& fault = reader.fault();
        if (detail::holds_secret(type)) fault.detail = detail::describe(fault.malformed);
        return ReadError{fault.malformed, std::move(fault.detail), {}};
    }
    if (issues.empty()) return std::nullopt;
    return ReadError{Malformed::none, {}, std::move(issues).take()};
}

}  // namespace schema
