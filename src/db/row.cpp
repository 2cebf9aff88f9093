#include "db/row.h"

#include <fmt/format.h>

#include "schema/schema.h"

namespace db {

namespace {

using schema::Kind;
using schema::Type;

template <class T>
const T& as(const void* value) {
    return *static_cast<const T*>(value);
}
template <class T>
T& as_mutable(void* value) {
    return *static_cast<T*>(value);
}

// ---- Writing -----------------------------------------------------------------------------------------------------

// Calls `use(const T&)` with the value behind a scalar kind.
template <class Use>
void visit_scalar(const Type& type, const void* value, Use use) {
    switch (type.kind) {
        case Kind::boolean: return use(as<bool>(value));
        case Kind::int16: return use(as<std::int16_t>(value));
        case Kind::int32: return use(as<std::int32_t>(value));
        case Kind::int64: return use(as<std::int64_t>(value));
        case Kind::number: return use(as<double>(value));
        case Kind::string: return use(std::string_view(as<std::string>(value)));
        case Kind::uuid: return use(as<base::Uuid>(value));
        case Kind::timestamp: return use(as<base::Timestamp>(value));
        case Kind::date: return use(as<base::Date>(value));
        case Kind::money: return use(as<base::Money>(value).minor);
        case Kind::quantity: return use(as<base::Quantity>(value));
        case Kind::rate: return use(as<base::Rate>(value).ppm);
        case Kind::enumeration: return use(type.enumeration->name_of(value));
        case Kind::bytes: return use(std::as_bytes(std::span<const char>(as<schema::Bytes>(value).value)));
        default: throw std::logic_error("db: this kind is no scalar column");
    }
}

// As sql_type() has it: an array of objects is one jsonb value.
bool is_jsonb(const Type& type) {
    if (type.kind == Kind::array) {
        const auto* element = type.element;
        while (element->kind == Kind::optional || element->kind == Kind::maybe) element = element->element;
        return element->kind == Kind::array || is_jsonb(*element);
    }
    return type.kind == Kind::json || type.kind == Kind::object || type.kind == Kind::map;
}

std::string json_text(const Type& type, const void* value) {
    if (type.kind == Kind::json) {
        const auto& text = as<schema::Json>(value).text;
        return text.empty() ? "null" : text;
    }
    return [&] {
        std::string out;
        schema::write_json(type, value, out);
        return out;
    }();
}

const void* through_optional(const Type*& type, const void* value) {
    while (value != nullptr && (type->kind == Kind::optional || type->kind == Kind::maybe)) {
        value = type->peek(value);
        type = type->element;
    }
    return value;
}

const Type* plain_type(const Type* type) {
    while (type->kind == Kind::optional || type->kind == Kind::maybe) type = type->element;
    return type;
}

// An array parameter out of `count` values that `value_at` gives (nullptr: null).
template <class ValueAt>
void append_array(Parameters& parameters, const Type& element, std::size_t count, ValueAt value_at) {
    if (is_jsonb(element)) {
        std::vector<std::optional<std::string>> texts(count);
        for (std::size_t i = 0; i < count; ++i) {
            if (const auto* value = value_at(i)) texts[i] = json_text(element, value);
        }
        parameters.append_jsonb_array(texts);
        return;
    }
    const auto gather = [&]<class T>(std::type_identity<T>) {
        std::vector<std::optional<T>> values(count);
        for (std::size_t i = 0; i < count; ++i) {
            const auto* value = value_at(i);
            if (value == nullptr) continue;
            visit_scalar(element, value, [&](const auto& scalar) {
                if constexpr (std::constructible_from<T, decltype(scalar)>) values[i].emplace(scalar);
            });
        }
        parameters.append(values);
    };
    switch (element.kind) {
        case Kind::boolean: return gather(std::type_identity<bool>{});
        case Kind::int16: return gather(std::type_identity<std::int16_t>{});
        case Kind::int32:
        case Kind::rate: return gather(std::type_identity<std::int32_t>{});
        case Kind::int64:
        case Kind::money: return gather(std::type_identity<std::int64_t>{});
        case Kind::number: return gather(std::type_identity<double>{});
        case Kind::string:
        case Kind::enumeration: return gather(std::type_identity<std::string_view>{});
        case Kind::uuid: return gather(std::type_identity<base::Uuid>{});
        case Kind::timestamp: return gather(std::type_identity<base::Timestamp>{});
        case Kind::date: return gather(std::type_identity<base::Date>{});
        case Kind::quantity: return gather(std::type_identity<base::Quantity>{});
        case Kind::bytes: return gather(std::type_identity<std::span<const std::byte>>{});
        default: throw std::logic_error("db: arrays of this kind are no column");
    }
}

void append_value(Parameters& parameters, const Type& declared, const void* value) {
    const auto* type = &declared;
    value = through_optional(type, value);
    if (value == nullptr) {
        parameters.append_null();
    } else if (is_jsonb(*type)) {
        parameters.append_jsonb(json_text(*type, value));
    } else if (type->kind == Kind::array) {
        append_array(parameters, *plain_type(type->element), type->size(value), [&](std::size_t i) -> const void* {
            const auto* element = type->element;
            return through_optional(element, type->at(value, i));
        });
    } else {
        visit_scalar(*type, value, [&](const auto& scalar) { parameters.append(scalar); });
    }
}

// ---- Reading -----------------------------------------------------------------------------------------------------

[[noreturn]] void refuse(const Result& result, std::size_t column, std::string_view why) {
    throw DecodeError(fmt::format("column \"{}\": {}", result.column_name(column), why));
}

void read_enum(const Type& type, Bytes bytes, void* out) {
    std::string_view name;
    decode(bytes, name);
    for (const auto& value : type.enumeration->values) {
        if (value.name == name) return type.enumeration->set(out, value.value);
    }
    throw DecodeError(fmt::format("\"{}\" is no {}", name, type.enumeration->name));
}

void read_jsonb(const Type& type, Bytes bytes, void* out) {
    const auto text = decode_jsonb(bytes);
    if (type.kind == Kind::json) {
        as_mutable<schema::Json>(out).text = text;
        return;
    }
    if (schema::read_json(type, out, text)) throw DecodeError("the stored JSON is not what its declaration says");
}

void read_plain(const Type& type, Bytes bytes, void* out) {
    switch (type.kind) {
        case Kind::boolean: return decode(bytes, as_mutable<bool>(out));
        case Kind::int16: return decode(bytes, as_mutable<std::int16_t>(out));
        case Kind::int32: return decode(bytes, as_mutable<std::int32_t>(out));
        case Kind::int64: return decode(bytes, as_mutable<std::int64_t>(out));
        case Kind::number: return decode(bytes, as_mutable<double>(out));
        case Kind::string: return decode(bytes, as_mutable<std::string>(out));
        case Kind::uuid: return decode(bytes, as_mutable<base::Uuid>(out));
        case Kind::timestamp: return decode(bytes, as_mutable<base::Timestamp>(out));
        case Kind::date: return decode(bytes, as_mutable<base::Date>(out));
        case Kind::money: return decode(bytes, as_mutable<base::Money>(out).minor);
        case Kind::quantity: return decode(bytes, as_mutable<base::Quantity>(out));
        case Kind::rate: return decode(bytes, as_mutable<base::Rate>(out).ppm);
        case Kind::enumeration: return read_enum(type, bytes, out);
        case Kind::json:
        case Kind::object:
        case Kind::map:
        case Kind::array: return read_jsonb(type, bytes, out);
        case Kind::bytes:
            as_mutable<schema::Bytes>(out).value.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
            return;
        case Kind::optional:
        case Kind::maybe: break;
    }
    throw std::logic_error("db: this kind is no plain column");
}

void read_value(const Type& type, const std::optional<Bytes>& bytes, void* out) {
    if (type.kind == Kind::optional || type.kind == Kind::maybe) {
        if (!bytes) return type.reset(out);
        return read_value(*type.element, bytes, type.emplace(out));
    }
    if (!bytes) throw DecodeError("null, where the declaration allows none");
    if (type.kind == Kind::array && !is_jsonb(type)) {
        type.clear(out);
        for (const auto& element : decode_array(*bytes).elements) read_value(*type.element, element, type.append(out));
        return;
    }
    read_plain(type, *bytes, out);
}

void read_column(const Result& result, std::size_t row, std::size_t column, const Type& type, void* out) {
    try {
        read_value(type, result.value(row, column), out);
    } catch (const DecodeError& error) {
        refuse(result, column, error.what());
    }
}

}  // namespace

void append_argument(Parameters& parameters, const Type& type, const void* value) {
    if (type.kind == Kind::object && !type.patch) {
        for (const auto& field : type.object->fields) append_value(parameters, *field.type, field.get(value));
        return;
    }
    if (type.kind == Kind::array && type.element->kind == Kind::object) {
        // One array per column, for unnest.
        for (const auto& field : type.element->object->fields) {
            append_array(parameters, *plain_type(field.type), type.size(value), [&](std::size_t i) -> const void* {
                const auto* column = field.type;
                return through_optional(column, field.get(type.at(value, i)));
            });
        }
        return;
    }
    append_value(parameters, type, value);
}

void read_row(const Result& result, std::size_t row, const Type& type, void* out) {
    if (type.kind != Kind::object) return read_column(result, row, 0, type, out);
    const auto fields = type.object->fields;
    if (result.columns() != fields.size()) {
        throw DecodeError(
            fmt::format("{} columns, but {} has {} fields", result.columns(), type.object->name, fields.size()));
    }
    for (std::size_t i = 0; i < fields.size(); ++i)
        read_column(result, row, i, *fields[i].type, fields[i].get_mutable(out));
}

}  // namespace db
