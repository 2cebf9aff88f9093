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
//                 schema::field<&NewVariant::barcode>("barcode", {.format = barcode_format}),    // schema::OwnFormat
//                 schema::field<&NewVariant::price>("price", {.min = 0, .doc = "Minor units, tax included."}));
//         }
//     };
//
//     auto variant = schema::parse<NewVariant>(R"({"sku":"SUGAR-1KG","price":15000})");   // std::expected
//     std::string text = schema::to_json(*variant);
//
// The options are chosen by the member's type: a length on an integer does not compile. A member that the list leaves
// out, or one of another struct, does not compile either. Lifetime: everything here is constexpr; any thread.

#include <concepts>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "schema/detail/descriptor.h"
#include "schema/detail/spec.h"
#include "schema/member_types.h"
#include "schema/options.h"
#include "schema/type.h"

namespace schema {

// ---- The declaration ---------------------------------------------------------------------------------------------

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

// schema::enumeration<Status>("OrderStatus", {{Status::completed, "completed"}, {Status::cancelled, "cancelled"}})
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
    // Of JSON: members that we do not know are passed over, and what can be understood is read, as of a type with keep_unknown.
    bool lenient = false;
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
