#pragma once
// The descriptors (schema/type.h) out of C++ types and of what describe() says. Module authors read schema/schema.h instead.

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/decimal.h"
#include "base/money.h"
#include "base/time.h"
#include "base/uuid.h"
#include "schema/detail/spec.h"
#include "schema/member_types.h"
#include "schema/type.h"

namespace schema {

template <class T>
class Patch;

namespace detail {

template <class E>
inline constexpr EnumType enum_of{
    spec_of<E>.name, spec_of<E>.values,
    [](const void* value) { return static_cast<std::int64_t>(*static_cast<const E*>(value)); },
    [](void* value, std::int64_t to) { *static_cast<E*>(value) = static_cast<E>(to); }};

template <class T>
struct IsId : std::false_type {};
template <class Tag>
struct IsId<base::Id<Tag>> : std::true_type {};
template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {
    using Element = T;
    static constexpr Kind kind = Kind::optional;
};
template <class T>
struct IsOptional<Maybe<T>> : std::true_type {
    using Element = T;
    static constexpr Kind kind = Kind::maybe;
};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {
    using Element = T;
};
template <class T>
struct IsMap : std::false_type {};
template <class T>
struct IsMap<std::map<std::string, T>> : std::true_type {
    using Element = T;
};
template <class T>
struct IsPatch : std::false_type {};
template <class T>
struct IsPatch<Patch<T>> : std::true_type {
    using Element = T;
};

template <class T>
constexpr Type make_optional_type() {
    Type type{IsOptional<T>::kind, &type_of<typename IsOptional<T>::Element>};
    type.peek = [](const void* value) -> const void* {
        const auto& held = *static_cast<const T*>(value);
        return held.has_value() ? &*held : nullptr;
    };
    type.emplace = [](void* value) -> void* { return &static_cast<T*>(value)->emplace(); };
    type.reset = [](void* value) { static_cast<T*>(value)->reset(); };
    return type;
}

template <class T>
constexpr Type make_array_type() {
    using Element = typename IsVector<T>::Element;
    static_assert(!std::same_as<T, std::vector<bool>>, "schema: std::vector<bool> has no elements to point at");
    static_assert(!IsVector<Element>::value && !IsMap<Element>::value,
                  "schema: put the inner array or map into a struct, so that it has rules of its own");
    Type type{Kind::array, &type_of<typename IsVector<T>::Element>};
    type.size = [](const void* value) { return static_cast<const T*>(value)->size(); };
    type.at = [](const void* value, std::size_t index) -> const void* {
        return &(*static_cast<const T*>(value))[index];
    };
    type.append = [](void* value) -> void* { return &static_cast<T*>(value)->emplace_back(); };
    type.clear = [](void* value) { static_cast<T*>(value)->clear(); };
    return type;
}

template <class T>
constexpr Type make_map_type() {
    using Element = typename IsMap<T>::Element;
    static_assert(!IsVector<Element>::value && !IsMap<Element>::value,
                  "schema: put the inner array or map into a struct, so that it has rules of its own");
    Type type{Kind::map, &type_of<typename IsMap<T>::Element>};
    type.size = [](const void* value) { return static_cast<const T*>(value)->size(); };
    type.clear = [](void* value) { static_cast<T*>(value)->clear(); };
    type.insert = [](void* value, std::string key) -> void* { return &(*static_cast<T*>(value))[std::move(key)]; };
    type.each = [](const void* value, void* state, void (*visit)(void*, std::string_view, const void*)) {
        for (const auto& [key, item] : *static_cast<const T*>(value)) visit(state, key, &item);
    };
    return type;
}

template <class T>
constexpr Type make_type() {
    if constexpr (std::same_as<T, bool>) {
        return {Kind::boolean};
    } else if constexpr (std::same_as<T, std::int16_t>) {
        return {Kind::int16};
    } else if constexpr (std::same_as<T, std::int32_t>) {
        return {Kind::int32};
    } else if constexpr (std::same_as<T, std::int64_t>) {
        return {Kind::int64};
    } else if constexpr (std::same_as<T, double>) {
        return {Kind::number};
    } else if constexpr (std::same_as<T, std::string>) {
        return {Kind::string};
    } else if constexpr (std::same_as<T, base::Uuid> || IsId<T>::value) {
        static_assert(sizeof(T) == sizeof(base::Uuid) && std::is_standard_layout_v<T>);
        return {Kind::uuid};
    } else if constexpr (std::same_as<T, base::Timestamp>) {
        return {Kind::timestamp};
    } else if constexpr (std::same_as<T, base::Date>) {
        return {Kind::date};
    } else if constexpr (std::same_as<T, base::Money>) {
        return {Kind::money};
    } else if constexpr (std::same_as<T, base::Quantity>) {
        return {Kind::quantity};
    } else if constexpr (std::same_as<T, base::Rate>) {
        return {Kind::rate};
    } else if constexpr (std::same_as<T, Json>) {
        return {Kind::json};
    } else if constexpr (std::same_as<T, Bytes>) {
        return {Kind::bytes};
    } else if constexpr (IsOptional<T>::value) {
        return make_optional_type<T>();
    } else if constexpr (IsVector<T>::value) {
        return make_array_type<T>();
    } else if constexpr (IsMap<T>::value) {
        return make_map_type<T>();
    } else if constexpr (IsPatch<T>::value) {
        Type type{Kind::object, nullptr, &object_of<typename IsPatch<T>::Element>};
        type.patch = true;
        type.present = [](void* value) { return &static_cast<T*>(value)->present_; };
        type.emplace = [](void* value) -> void* { return &static_cast<T*>(value)->value_; };
        return type;
    } else if constexpr (std::is_enum_v<T>) {
        static_assert(Described<T>, "schema: this enum has no `constexpr auto describe(E*)` beside it");
        return {Kind::enumeration, nullptr, nullptr, &enum_of<T>};
    } else {
        static_assert(Described<T>,
                      "schema: this type is no schema type and has no `friend constexpr auto describe(T*)`");
        return {Kind::object, nullptr, &object_of<T>};
    }
}

template <class T>
constexpr ObjectType make_object() {
    static_assert(std::is_aggregate_v<T>,
                  "schema::object: the struct must be an aggregate (no constructors, no private members)");
    static_assert(has_members<T, spec_of<T>.members>,
                  "schema::object: describe() must list every member of the struct exactly once");
    const auto& spec = spec_of<T>;
    return {spec.name,
            spec.fields,
            spec.refinements,
            spec.unknown_keys,
            spec.unknown_member,
            spec.doc,
            [](void* state, void (*visit)(void*, const void*)) {
                const T value{};
                visit(state, &value);
            }};
}

// Position of a member pointer among T's fields, flattened ones included.
template <class T, auto M>
consteval std::size_t field_index() {
    const auto& fields = spec_of<T>.fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (fields[i].key == &access_member<M>) return i;
    }
    return fields.size();
}

}  // namespace detail

}  // namespace schema
