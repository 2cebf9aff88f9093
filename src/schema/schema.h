#pragma once
// One declaration per struct: the counterpart of a Zod schema. Members are ordinary types; the field list hangs on member
// pointers and carries JSON name, rules and documentation once. Parser, JSON writer, JSON Schema, OpenAPI and database
// columns all read it.
//
//     struct NewVariant {
//         std::string sku;
//         std::optional<std::string> barcode;
//         base::Money price;
//
//         friend constexpr auto describe(NewVariant*) {
//             return schema::object<NewVariant>("NewVariant",
//                 schema::field<&NewVariant::sku>("sku", {.min_length = 1, .max_length = 64}),
//                 schema::field<&NewVariant::barcode>("barcode", {.format = schema::Format::barcode}),
//                 schema::field<&NewVariant::price>("price", {.min = 0, .doc = "Minor units, tax included."}));
//         }
//     };
//
//     auto variant = schema::parse<NewVariant>(R"({"sku":"SUGAR-1KG","price":15000})");   // std::expected
//     std::string text = schema::to_json(*variant);
//
// The options are chosen by the member's type: a length on an integer does not compile. A member that the list leaves
// out, or one of another struct, does not compile either. Lifetime: everything here is constexpr; any thread.

#include <array>
#include <concepts>
#include <expected>
#include <map>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

#include "base/decimal.h"
#include "base/money.h"
#include "base/time.h"
#include "base/uuid.h"
#include "schema/type.h"

namespace schema {

// A member that may be absent but not null; an empty one is not written. Maybe<std::optional<T>> tells absent, null and
// value apart.
template <class T>
class Maybe : public std::optional<T> {
public:
    using std::optional<T>::optional;
    using std::optional<T>::operator=;
    friend constexpr bool operator==(const Maybe& left, const Maybe& right) {
        return static_cast<const std::optional<T>&>(left) == static_cast<const std::optional<T>&>(right);
    }
};

// Any JSON value, kept as minified text; empty text is `null`.
struct Json {
    std::string text;
    friend bool operator==(const Json&, const Json&) = default;
};

// A bytea column. Never in JSON.
struct Bytes {
    std::string value;
    friend bool operator==(const Bytes&, const Bytes&) = default;
};

template <class T>
class Patch;

// ---- Rules by member type ----------------------------------------------------------------------------------------

struct StringRules {
    std::uint32_t min_length = 0;
    std::uint32_t max_length = 10'000;  // code points
    std::string_view pattern{};
    Format format = Format::none;
    bool trim = false;
    bool lower_case = false;
    StringCheck check = nullptr;
    bool defaulted = false, internal = false, read_only = false, write_only = false;
    std::string_view doc{}, example{}, permission{};
};

struct IntegerRules {
    std::int64_t min = -max_safe_integer;
    std::int64_t max = max_safe_integer;
    bool defaulted = false, internal = false, read_only = false, write_only = false;
    std::string_view doc{}, example{}, permission{};
};

struct NumberRules {
    double min = std::numeric_limits<double>::lowest();
    double max = std::numeric_limits<double>::max();
    bool defaulted = false, internal = false, read_only = false, write_only = false;
    std::string_view doc{}, example{}, permission{};
};

// Bounds of a quantity are whole units.
struct QuantityRules {
    std::int64_t min = -base::Quantity::max_ten_thousandths / base::Quantity::scale;
    std::int64_t max = base::Quantity::max_ten_thousandths / base::Quantity::scale;
    bool not_zero = false;
    bool defaulted = false, internal = false, read_only = false, write_only = false;
    std::string_view doc{}, example{}, permission{};
};

struct PlainRules {
    bool defaulted = false, internal = false, read_only = false, write_only = false;
    std::string_view doc{}, example{}, permission{};
};

template <class ItemRules>
struct ArrayRules {
    std::uint32_t min_items = 0;
    std::uint32_t max_items = 1'000;
    bool unique_items = false;
    ItemRules items{};
    bool defaulted = false, internal = false, read_only = false, write_only = false;
    std::string_view doc{}, example{}, permission{};
};

namespace detail {

template <class T>
struct RulesOf {
    using type = PlainRules;
};
template <>
struct RulesOf<std::string> {
    using type = StringRules;
};
template <std::integral T>
    requires(!std::same_as<T, bool>)
struct RulesOf<T> {
    using type = IntegerRules;
};
template <>
struct RulesOf<base::Money> {
    using type = IntegerRules;
};
template <>
struct RulesOf<base::Rate> {
    using type = IntegerRules;
};
template <>
struct RulesOf<double> {
    using type = NumberRules;
};
template <>
struct RulesOf<base::Quantity> {
    using type = QuantityRules;
};
template <class T>
struct RulesOf<std::optional<T>> : RulesOf<T> {};
template <class T>
struct RulesOf<Maybe<T>> : RulesOf<T> {};
template <class T>
struct RulesOf<std::vector<T>> {
    using type = ArrayRules<typename RulesOf<T>::type>;
};
template <class T>
struct RulesOf<std::map<std::string, T>> {
    using type = ArrayRules<typename RulesOf<T>::type>;
};

template <class Options>
constexpr void copy_scalar_rules(Rules& rules, const Options& from) {
    if constexpr (std::same_as<Options, StringRules>) {
        rules.min_length = from.min_length;
        rules.max_length = from.max_length;
        rules.pattern = from.pattern;
        rules.format = from.format;
        rules.trim = from.trim;
        rules.lower_case = from.lower_case;
        rules.check = from.check;
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

// Converts to whatever a member needs: counts the members of an aggregate.
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
template <class T, std::size_t N = 0>
constexpr std::size_t member_count() {
    if constexpr (initialisable_with<T>(std::make_index_sequence<N + 1>{})) {
        return member_count<T, N + 1>();
    } else {
        return N;
    }
}

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
concept described = requires { describe(static_cast<T*>(nullptr)); };

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

// ---- The declaration ---------------------------------------------------------------------------------------------

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

}  // namespace detail

// One member: its JSON name and its rules.
template <auto M>
constexpr detail::Part<detail::OwnerOf<M>, 1> field(std::string_view name,
                                                    typename detail::RulesOf<detail::MemberOf<M>>::type rules = {}) {
    using Member = detail::MemberOf<M>;
    if (!detail::is_plain_name(name)) throw "schema::field: a name is made of letters, digits, '_' and '-'";
    if (std::same_as<Member, Bytes> || std::same_as<Member, std::optional<Bytes>>) rules.internal = true;
    return {{Field{name, &type_of<Member>, detail::erase_rules(rules), &detail::access_member<M>,
                   &detail::access_member<M>, &detail::assign_value<Member>}}};
}

namespace detail {

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

}  // namespace detail

// The fields and refinements of a struct member, as if they were our own: one list serves the request and the stored row.
template <auto M>
constexpr auto flatten() {
    using Inner = detail::MemberOf<M>;
    constexpr auto fields = detail::spec_of<Inner>.fields.size();
    constexpr auto refinements = detail::spec_of<Inner>.refinements.size();
    return detail::Part<detail::OwnerOf<M>, fields, refinements>{
        detail::flatten_fields<M>(std::make_index_sequence<fields>{}),
        detail::flatten_refinements<M>(std::make_index_sequence<refinements>{})};
}

namespace detail {
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

// A rule over several fields: `void check(const T&, schema::Issues&)`, run when every field was fine by itself.
template <auto Check>
constexpr auto refine() {
    using T = typename detail::CheckArgument<decltype(Check)>::type;
    return detail::Refinement<T>{&detail::run_check<Check>};
}

// Unknown members are accepted and kept in this Json member instead of being an error.
template <auto M>
    requires std::same_as<detail::MemberOf<M>, Json>
constexpr detail::KeepUnknown<detail::OwnerOf<M>> keep_unknown() {
    return {&detail::access_member<M>};
}

constexpr detail::Documentation doc(std::string_view text) { return {text}; }

namespace detail {
constexpr void refuse_repeated(std::span<const Field> fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (fields[i].name == fields[j].name) throw "schema::object: two fields have the same name";
            if (fields[i].key == fields[j].key) throw "schema::object: one member is listed twice";
        }
    }
}
}  // namespace detail

template <class T, class... Parts>
constexpr auto object(std::string_view name, const Parts&... parts) {
    constexpr auto field_count = (detail::fields_in<Parts> + ... + 0);
    constexpr auto refinement_count = (detail::refinements_in<Parts> + ... + 0);
    static_assert((detail::belongs_to<T, Parts> && ...),
                  "schema::object: a field, flatten, refine or keep_unknown is not a member of the described struct");
    static_assert(field_count <= 64, "schema::object: at most 64 fields; nest the rest in an object of its own");
    detail::ObjectSpec<T, field_count, refinement_count> spec;
    spec.name = name;
    std::size_t at = 0;
    [[maybe_unused]] std::size_t check = 0;
    const auto add = [&](const auto& part) {
        if constexpr (detail::is_part<std::remove_cvref_t<decltype(part)>>) {
            for (const auto& one : part.fields) spec.fields[at++] = one;
            for (const auto one : part.refinements) spec.refinements[check++] = one;
            ++spec.members;
        } else if constexpr (requires { part.check; }) {
            spec.refinements[check++] = part.check;
        } else if constexpr (requires { part.member; }) {
            spec.unknown_keys = UnknownKeys::keep;
            spec.unknown_member = part.member;
        } else {
            spec.doc = part.text;
        }
    };
    (add(parts), ...);
    // The member that keeps unknown members may be a column (then it is a field as well) or nothing else.
    bool is_field = spec.unknown_member == nullptr;
    for (const auto& one : spec.fields) is_field = is_field || one.key == spec.unknown_member;
    if (!is_field) ++spec.members;
    detail::refuse_repeated(std::span<const Field>(spec.fields));
    return spec;
}

// schema::enumeration<Status>("SaleStatus", {{Status::completed, "completed"}, {Status::voided, "voided"}})
template <class E>
struct EnumPair {
    E value;
    std::string_view name;
};
template <class E, std::size_t N>
constexpr auto enumeration(std::string_view name, const EnumPair<E> (&pairs)[N]) {
    detail::EnumSpec<E, N> spec{name, {}};
    for (std::size_t i = 0; i < N; ++i) spec.values[i] = {static_cast<std::int64_t>(pairs[i].value), pairs[i].name};
    return spec;
}

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
        static_assert(described<T>, "schema: this enum has no `constexpr auto describe(E*)` beside it");
        return {Kind::enumeration, nullptr, nullptr, &enum_of<T>};
    } else {
        static_assert(described<T>,
                      "schema: this type is no schema type and has no `friend constexpr auto describe(T*)`");
        return {Kind::object, nullptr, &object_of<T>};
    }
}

template <class T>
constexpr ObjectType make_object() {
    static_assert(std::is_aggregate_v<T>,
                  "schema::object: the struct must be an aggregate (no constructors, no private members)");
    static_assert(spec_of<T>.members == member_count<T>(),
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

// The field that a member pointer means in T; a member of another struct does not compile.
template <class T, auto M>
constexpr const Field& field_of() {
    constexpr auto index = detail::field_index<T, M>();
    static_assert(index < detail::spec_of<T>.fields.size(),
                  "schema::field_of: this member is not among the fields of T");
    return detail::spec_of<T>.fields[index];
}

// What a PATCH body holds: some fields of T, each checked as in T. Refinements run after apply_to, by the caller's check().
template <class T>
class Patch {
public:
    // Copies the fields that were present.
    void apply_to(T& target) const {
        const auto fields = object_of<T>.fields;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if ((present_ >> i & 1U) != 0) fields[i].assign(fields[i].get_mutable(&target), fields[i].get(&value_));
        }
    }
    template <auto M>
    [[nodiscard]] bool has() const {
        constexpr auto index = detail::field_index<T, M>();
        static_assert(index < object_of<T>.fields.size(), "Patch::has: this member is not among the fields of T");
        return (present_ >> index & 1U) != 0;
    }
    [[nodiscard]] bool empty() const noexcept { return present_ == 0; }
    // Values of absent fields are T's initialisers.
    [[nodiscard]] const T& value() const noexcept { return value_; }

private:
    template <class U>
    friend constexpr Type detail::make_type();
    T value_{};
    std::uint64_t present_ = 0;
};

// ---- Reading and writing -----------------------------------------------------------------------------------------

struct ReadOptions {
    std::string_view in = "body";
    std::size_t max_bytes = 1U << 20U;
    std::size_t max_depth = 32;
    std::size_t max_issues = 100;
};

enum class Malformed : std::uint8_t {
    none,
    invalid_json,
    invalid_utf8,
    too_deep,
    too_big,
    duplicate_key,
    poisoned_key,
    number_range
};
[[nodiscard]] std::string_view to_string(Malformed malformed);

// What kept a value from being read: text that is not JSON as we take it (malformed, with where and why in `detail`), or
// issues with a readable value.
struct ReadError {
    Malformed malformed = Malformed::none;
    std::string detail;
    std::vector<base::Issue> issues;
};

// One name with its text: a query or path parameter, a form member, an environment variable.
struct TextField {
    std::string_view name;
    std::string_view value;
};

// nullopt when all was well. `out` is a T as described by `type`, freshly initialised.
[[nodiscard]] std::optional<ReadError> read_json(const Type& type, void* out, std::string_view json,
                                                 const ReadOptions& options = {});
// Arrays are read from repeated names and from comma-separated values.
[[nodiscard]] std::optional<ReadError> read_text(const ObjectType& type, void* out, std::span<const TextField> fields,
                                                 const ReadOptions& options = {});
// Checks a value that was made in the program, or completed after a Patch, by all rules and refinements.
[[nodiscard]] std::vector<base::Issue> check(const Type& type, const void* value, std::string_view in = "body");

void write_json(const Type& type, const void* value, std::string& out);
// What `view` shows of it.
void write_json(const Type& type, const void* value, std::string& out, const View& view);
// `text` as a JSON string with quotes.
void write_json_string(std::string_view text, std::string& out);

template <class T>
[[nodiscard]] std::expected<T, ReadError> parse(std::string_view json, const ReadOptions& options = {}) {
    std::expected<T, ReadError> result;
    if (auto error = read_json(type_of<T>, &*result, json, options)) return std::unexpected(std::move(*error));
    return result;
}

template <class T>
[[nodiscard]] std::expected<T, ReadError> parse_text(std::span<const TextField> fields,
                                                     const ReadOptions& options = {}) {
    std::expected<T, ReadError> result;
    if (auto error = read_text(object_of<T>, &*result, fields, options)) return std::unexpected(std::move(*error));
    return result;
}

template <class T>
[[nodiscard]] std::vector<base::Issue> check(const T& value, std::string_view in = "body") {
    return check(type_of<T>, &value, in);
}

template <class T>
void write_json(const T& value, std::string& out) {
    write_json(type_of<T>, &value, out);
}

template <class T>
[[nodiscard]] std::string to_json(const T& value) {
    std::string out;
    write_json(type_of<T>, &value, out);
    return out;
}

template <class T>
[[nodiscard]] std::string to_json(const T& value, const View& view) {
    std::string out;
    write_json(type_of<T>, &value, out, view);
    return out;
}

// The name of an enum value, as in JSON.
template <class E>
    requires std::is_enum_v<E>
[[nodiscard]] std::string_view name_of(E value) {
    return detail::enum_of<E>.name_of(&value);
}

}  // namespace schema
