#pragma once
// Inside the library: the rules, in the one place that the JSON reader, the text reader and check() share. Every function
// adds its findings at the current path of `issues`. Pure functions: any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "schema/schema.h"
#include "schema/shown_name.h"
#include "schema/type.h"

namespace schema::detail {

// Text out of the JSON parser is UTF-8 already.
enum class Encoding : std::uint8_t { verified, unverified };

// What a value should have been, as in JSON: "integer", "string", "array".
[[nodiscard]] std::string_view json_type_of(Kind kind);

void add_invalid_type(Issues& issues, Kind expected, std::string_view received);
void add_not_null(Issues& issues, Kind expected);
void add_required(Issues& issues, std::string_view name);
// `shown`: the name as it may be repeated.
void add_unknown_key(Issues& issues, const ObjectType& object, std::string_view shown);
// Whether a secret stands in a value of the type: a write-only field, a password. What is no name of a member may then be a piece of it.
[[nodiscard]] bool holds_secret(const ObjectType& object);
[[nodiscard]] bool holds_secret(const Type& type);

// The scope of a member that only the caller names; of what is around it when the name is hidden.
class NamedScope {
public:
    NamedScope(Issues& issues, std::string_view shown) {
        if (shown != hidden_name) scope_.emplace(issues, shown);
    }

private:
    std::optional<Issues::Scope> scope_;
};
void add_read_only(Issues& issues, std::string_view name);
void add_nul_character(Issues& issues);
void add_invalid_format(Issues& issues, std::string_view format, std::string_view hint);

// What the field does to a string before it is checked.
void normalise_string(std::string& text, const Rules& rules);
void check_string(std::string_view text, const Rules& rules, Encoding encoding, Issues& issues);
// int16, int32, int64, money and rate.
void check_integer(std::int64_t value, Kind kind, const Rules& rules, Issues& issues);
void add_integer_too_big(bool negative, Kind kind, const Rules& rules, Issues& issues);
void check_number(double value, const Rules& rules, Issues& issues);
void check_quantity(base::Quantity value, const Rules& rules, Issues& issues);
// False when the items had better not be looked at: there are too many.
[[nodiscard]] bool check_count(std::size_t count, const Rules& rules, Issues& issues);
void check_unique(const Type& array, const void* value, Issues& issues);
void run_refinements(const ObjectType& object, const void* value, Issues& issues);

// A value cast from elsewhere may be none of the declared ones.
void check_enumeration(const EnumType& enumeration, const void* value, Issues& issues);

// Stores an integer that check_integer passed.
void store_integer(Kind kind, void* out, std::int64_t value);
[[nodiscard]] std::int64_t load_integer(Kind kind, const void* value);
// Kinds whose JSON is a string: string, uuid, timestamp, date, quantity, enumeration.
void read_string_like(const Type& type, void* out, std::string_view text, const Rules& rules, Encoding encoding,
                      Issues& issues);

}  // namespace schema::detail
