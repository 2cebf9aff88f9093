// Names with text → value: query, path parameters, forms, environment. Text has no types, so each field's type decides
// how its text is read.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/strings.h"
#include "schema/rules.h"
#include "schema/schema.h"

namespace schema {

namespace detail {

namespace {

class TextReader {
public:
    TextReader(Issues& issues, const ReadOptions& options) : issues_(issues), options_(options) {}

    void read_fields(const ObjectType& object, void* out, std::span<const TextField> fields);

private:
    void read_field(const Field& field, void* object, std::string_view text, bool is_repeated);
    void read(const Type& type, void* out, std::string_view text, const Rules& rules);
    void read_scalar(const Type& type, void* out, std::string_view text, const Rules& rules);
    void read_boolean(void* out, std::string_view text);
    void read_integer(Kind kind, void* out, std::string_view text, const Rules& rules);
    void read_number(void* out, std::string_view text, const Rules& rules);
    void read_embedded_json(const Type& type, void* out, std::string_view text);
    void append_items(const Type& array, void* out, std::string_view text, const Rules& rules);
    void finish_field(const Field& field, void* object, bool is_present, bool is_faulty);

    Issues& issues_;
    const ReadOptions& options_;
};

// The array of a field, made if it is optional and still empty.
std::pair<const Type*, void*> array_of(const Field& field, void* object) {
    const Type* type = field.type;
    void* target = field.get_mutable(object);
    if (type->kind == Kind::optional || type->kind == Kind::maybe) {
        const void* held = type->peek(target);
        target = held == nullptr ? type->emplace(target) : const_cast<void*>(held);
        type = type->element;
    }
    return {type, target};
}

bool is_array(const Field& field) {
    const Type* type = field.type;
    if (type->kind == Kind::optional || type->kind == Kind::maybe) type = type->element;
    return type->kind == Kind::array;
}

void TextReader::read_boolean(void* out, std::string_view text) {
    if (text == "true" || text == "1") {
        *static_cast<bool*>(out) = true;
    } else if (text == "false" || text == "0") {
        *static_cast<bool*>(out) = false;
    } else {
        issues_.add("", "invalid_type", "Give true or false.",
                    {{"expected", "\"boolean\""}, {"received", "\"string\""}});
    }
}

void TextReader::read_integer(Kind kind, void* out, std::string_view text, const Rules& rules) {
    std::int64_t value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    if (result.ptr != text.data() + text.size() || text.empty() || result.ec == std::errc::invalid_argument) {
        return add_invalid_type(issues_, kind, "string");
    }
    if (result.ec != std::errc{}) return add_integer_too_big(text.front() == '-', kind, rules, issues_);
    check_integer(value, kind, rules, issues_);
    store_integer(kind, out, value);
}

void TextReader::read_number(void* out, std::string_view text, const Rules& rules) {
    double value = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
    // from_chars also takes "inf" and "nan", which are no numbers of ours.
    if (result.ec != std::errc{} || result.ptr != text.data() + text.size() || !std::isfinite(value)) {
        return add_invalid_type(issues_, Kind::number, "string");
    }
    check_number(value, rules, issues_);
    *static_cast<double*>(out) = value;
}

// A JSON member may be given as JSON text; anything else that is structured cannot be written as text.
void TextReader::read_embedded_json(const Type& type, void* out, std::string_view text) {
    if (type.kind != Kind::json) return add_invalid_type(issues_, type.kind, "string");
    auto error = read_json(type, out, text, options_);
    if (!error) return;
    if (error->malformed != Malformed::none) return add_invalid_format(issues_, "json", "JSON text (RFC 8259)");
    for (auto& issue : error->issues) {
        issues_.add(issue.pointer, issue.code, std::move(issue.message), std::move(issue.params));
    }
}

void TextReader::read_scalar(const Type& type, void* out, std::string_view text, const Rules& rules) {
    switch (type.kind) {
        case Kind::boolean: return read_boolean(out, text);
        case Kind::int16:
        case Kind::int32:
        case Kind::int64:
        case Kind::money:
        case Kind::rate: return read_integer(type.kind, out, text, rules);
        case Kind::number: return read_number(out, text, rules);
        case Kind::string:
        case Kind::uuid:
        case Kind::timestamp:
        case Kind::date:
        case Kind::quantity:
        case Kind::enumeration: return read_string_like(type, out, text, rules, Encoding::unverified, issues_);
        default: return read_embedded_json(type, out, text);
    }
}

void TextReader::read(const Type& type, void* out, std::string_view text, const Rules& rules) {
    const bool holds_one = type.kind == Kind::optional || type.kind == Kind::maybe;
    if (holds_one) return read(*type.element, type.emplace(out), text, rules);
    read_scalar(type, out, text, rules);
}

// "a,b" is two items; nothing at all is none.
void TextReader::append_items(const Type& array, void* out, std::string_view text, const Rules& rules) {
    while (!text.empty()) {
        const std::size_t index = array.size(out);
        // One more than allowed is enough to know.
        if (index > rules.max_items || issues_.full()) return;
        const std::size_t comma = text.find(',');
        const Issues::Scope scope(issues_, index);
        read(*array.element, array.append(out), text.substr(0, comma), rules);
        if (comma == std::string_view::npos) return;
        text.remove_prefix(comma + 1);
    }
}

void TextReader::read_field(const Field& field, void* object, std::string_view text, bool is_repeated) {
    const Issues::Scope scope(issues_, field.name);
    if (field.rules.read_only) return add_read_only(issues_, field.name);
    if (is_array(field)) {
        const auto [type, target] = array_of(field, object);
        if (!is_repeated) type->clear(target);
        return append_items(*type, target, text, field.rules);
    }
    if (is_repeated) return issues_.add("", "duplicate", "Give this once: it takes a single value.");
    read(*field.type, field.get_mutable(object), text, field.rules);
}

void TextReader::finish_field(const Field& field, void* object, bool is_present, bool is_faulty) {
    if (field.rules.internal || field.rules.read_only) return;
    const Issues::Scope scope(issues_, field.name);
    if (!is_present) {
        if (field.required()) add_required(issues_, field.name);
        return;
    }
    if (!is_array(field)) return;
    const auto [type, target] = array_of(field, object);
    if (check_count(type->size(target), field.rules, issues_) && field.rules.unique_items && !is_faulty) {
        check_unique(*type, target, issues_);
    }
}

void TextReader::read_fields(const ObjectType& object, void* out, std::span<const TextField> fields) {
    std::uint64_t seen = 0;
    std::uint64_t faulty = 0;
    for (const TextField& one : fields) {
        if (issues_.full()) return;
        const Field* field = object.find(one.name);
        if (field == nullptr || field->rules.internal) {
            if (object.unknown_keys == UnknownKeys::keep) continue;
            const auto shown = holds_secret(object) ? hidden_name : shown_name(one.name);
            const NamedScope scope(issues_, shown);
            add_unknown_key(issues_, object, shown);
            continue;
        }
        const std::uint64_t bit = std::uint64_t{1} << static_cast<std::size_t>(field - object.fields.data());
        const std::size_t issues_before = issues_.list().size();
        read_field(*field, out, one.value, (seen & bit) != 0);
        seen |= bit;
        if (issues_.list().size() != issues_before) faulty |= bit;
    }
    for (std::size_t i = 0; i < object.fields.size(); ++i) {
        finish_field(object.fields[i], out, (seen >> i & 1U) != 0, (faulty >> i & 1U) != 0);
    }
    if (issues_.empty()) run_refinements(object, out, issues_);
}

}  // namespace

}  // namespace detail

std::optional<ReadError> read_text(const ObjectType& type, void* out, std::span<const TextField> fields,
                                   const ReadOptions& options) {
    std::size_t bytes = 0;
    for (const TextField& field : fields) bytes += field.name.size() + field.value.size();
    if (bytes > options.max_bytes) {
        return ReadError{Malformed::too_big, "more than " + std::to_string(options.max_bytes) + " bytes", {}};
    }
    Issues issues(options.in, options.max_issues);
    detail::TextReader(issues, options).read_fields(type, out, fields);
    if (issues.empty()) return std::nullopt;
    return ReadError{Malformed::none, {}, std::move(issues).take()};
}

}  // namespace schema
