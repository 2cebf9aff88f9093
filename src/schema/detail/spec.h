#pragma once
// What a describe() returns, and how its parts come together: member pointers, rules without their types, flattened
// fields. detail/descriptor.h makes the descriptor out of it. Module authors read schema/schema.h instead.

#include <array>
#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

#include "schema/options.h"
#include "schema/type.h"

namespace schema {

namespace detail {

template <class Options>
constexpr void copy_scalar_rules(Rules& rules, const Options& from) {
    if constexpr (std::same_as<Options, StringRules>) {
        rules.min_length = from.min_length;
        rules.max_length = from.max_length;
        rules.pattern = from.pattern;
        rules.format = from.format.format;
        rules.own_format = from.format.own;
        const auto said = from.format.own != nullptr ? Text::identifier : text_of(from.format.format);
        rules.text = from.text == Text::unsaid ? said : from.text;
        rules.check = from.check;
        rules.one_of = from.one_of;
    } else if constexpr (std::same_as<Options, IntegerRules>) {
        rules.min = from.min;
        rules.max = from.max;
    } else if constexpr (std::same_as<Options, NumberRules>) {
        rules.min_number = from.min;
        rules.max_number = from.max;
    } else if constexpr (std::same_as<Options, QuantityRules>) {
        rules.min = from.min * base::Quantity::scale;
        rules.max = from.max * base::Quantity::scale;
        rules.not_zero = from.not_zero;
    } else if constexpr (requires { from.max_items; }) {
        rules.min_items = from.min_items;
        rules.max_items = from.max_items;
        rules.unique_items = from.unique_items;
        copy_scalar_rules(rules, from.items);
    }
}

template <class Options>
constexpr Rules erase_rules(const Options& from) {
    Rules rules;
    copy_scalar_rules(rules, from);
    rules.doc = from.doc;
    rules.example = from.example;
    rules.permission = from.permission;
    rules.defaulted = from.defaulted;
    rules.internal = from.internal;
    rules.read_only = from.read_only;
    rules.write_only = from.write_only;
    return rules;
}

template <class M>
struct MemberPointer;
template <class T, class M>
struct MemberPointer<M T::*> {
    using Owner = T;
    using Member = M;
};
template <auto M>
using OwnerOf = typename MemberPointer<decltype(M)>::Owner;
template <auto M>
using MemberOf = typename MemberPointer<decltype(M)>::Member;

template <auto M>
const void* access_member(const void* object) {
    return &(static_cast<const OwnerOf<M>*>(object)->*M);
}
template <class T>
void assign_value(void* to, const void* from) {
    *static_cast<T*>(to) = *static_cast<const T*>(from);
}

// Converts to whatever a member needs: tells how many members an aggregate has.
struct Anything {
    template <class T>
    operator T&() const& noexcept;
    template <class T>
    operator T&&() const&& noexcept;
};
template <class T, std::size_t... I>
constexpr bool initialisable_with(std::index_sequence<I...>) {
    return requires { T{((void)I, Anything{})...}; };
}
// So many initialise it, and one more does not. Counting up to them instead would try half the square of them, in every source.
template <class T, std::size_t N>
inline constexpr bool has_members =
    initialisable_with<T>(std::make_index_sequence<N>{}) && !initialisable_with<T>(std::make_index_sequence<N + 1>{});

// What one argument of schema::object() brings; T is the struct that it belongs to.
template <class T, std::size_t FieldCount, std::size_t RefinementCount = 0>
struct Part {
    using Owner = T;
    std::array<Field, FieldCount> fields;
    std::array<void (*)(const void*, Issues&), RefinementCount> refinements{};
};
template <class T>
struct Refinement {
    using Owner = T;
    void (*check)(const void* object, Issues& issues);
};
template <class T>
struct KeepUnknown {
    using Owner = T;
    Accessor member;
};
struct Documentation {
    std::string_view text;
};

template <class T>
constexpr std::size_t fields_in = 0;
template <class T, std::size_t F, std::size_t R>
constexpr std::size_t fields_in<Part<T, F, R>> = F;
template <class T>
constexpr std::size_t refinements_in = 0;
template <class T, std::size_t F, std::size_t R>
constexpr std::size_t refinements_in<Part<T, F, R>> = R;
template <class T>
constexpr std::size_t refinements_in<Refinement<T>> = 1;
template <class T>
constexpr bool is_part = false;
template <class T, std::size_t F, std::size_t R>
constexpr bool is_part<Part<T, F, R>> = true;

// Documentation belongs to no struct.
template <class T, class Part>
constexpr bool belongs_to = true;
template <class T, class Part>
    requires requires { typename Part::Owner; }
constexpr bool belongs_to<T, Part> = std::same_as<typename Part::Owner, T>;

template <class T, std::size_t FieldCount, std::size_t RefinementCount>
struct ObjectSpec {
    std::string_view name;
    std::array<Field, FieldCount> fields{};
    std::array<void (*)(const void*, Issues&), RefinementCount> refinements{};
    UnknownKeys unknown_keys = UnknownKeys::reject;
    Accessor unknown_member = nullptr;
    std::string_view doc;
    std::size_t members = 0;
};

template <class E, std::size_t N>
struct EnumSpec {
    std::string_view name;
    std::array<EnumValue, N> values;
};

template <class T>
concept Described = requires { describe(static_cast<T*>(nullptr)); };

template <class T>
inline constexpr auto spec_of = describe(static_cast<T*>(nullptr));

template <class T>
constexpr Type make_type();
template <class T>
constexpr ObjectType make_object();

}  // namespace detail

// The descriptor of T.
template <class T>
inline constexpr Type type_of = detail::make_type<T>();
template <class T>
inline constexpr ObjectType object_of = detail::make_object<T>();

namespace detail {

// Letters, digits, '_' and '-': written without escaping, and safe in a URL, an environment and a JSON Pointer.
constexpr bool is_plain_name(std::string_view name) {
    for (const char c : name) {
        const bool plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!plain) return false;
    }
    return !name.empty();
}

constexpr void refuse_repeated(std::span<const Field> fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (fields[i].name == fields[j].name) throw "schema::object: two fields have the same name";
            if (fields[i].key == fields[j].key) throw "schema::object: one member is listed twice";
        }
    }
}

template <auto M, std::size_t I>
const void* access_nested(const void* object) {
    return spec_of<MemberOf<M>>.fields[I].get(access_member<M>(object));
}

template <auto M, std::size_t... I>
constexpr auto flatten_fields(std::index_sequence<I...>) {
    auto fields = spec_of<MemberOf<M>>.fields;
    ((fields[I].get = &access_nested<M, I>), ...);
    return fields;
}

template <auto M, std::size_t I>
void check_nested(const void* object, Issues& issues) {
    spec_of<MemberOf<M>>.refinements[I](access_member<M>(object), issues);
}

template <auto M, std::size_t... I>
constexpr std::array<void (*)(const void*, Issues&), sizeof...(I)> flatten_refinements(std::index_sequence<I...>) {
    return {&check_nested<M, I>...};
}

template <class F>
struct CheckArgument;
template <class T>
struct CheckArgument<void (*)(const T&, Issues&)> {
    using type = T;
};
template <auto Check>
void run_check(const void* object, Issues& issues) {
    Check(*static_cast<const typename CheckArgument<decltype(Check)>::type*>(object), issues);
}

}  // namespace detail

}  // namespace schema
