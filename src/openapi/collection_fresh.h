#pragma once
// Inside the library: what an example cannot have for good, as variables that scripts set before each request.
// Texts that one row alone may have (codes, addresses) get {{fresh}}, times get the present. Pure.
//
//     body = with_fresh_values(example, schema, {.schemas = components.schemas, .taken = {"sku"}, .is_create = true});

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "openapi/collection.h"
#include "schema/schema.h"

namespace openapi {

inline constexpr std::uint32_t any_number = 1'000'000;

// What is read of a schema.
struct SchemaView {
    std::string format;
    std::string pattern;
    std::int64_t max_length = 0;  // 0: any
    schema::Json items;
    schema::Json default_value;
    std::vector<schema::Json> examples;
    std::map<std::string, schema::Json> properties;
    std::vector<std::string> required;
    friend constexpr auto describe(SchemaView*) {
        using schema::field;
        return schema::object<SchemaView>(
            "SchemaView", field<&SchemaView::format>("format", {.defaulted = true}),
            field<&SchemaView::pattern>("pattern", {.defaulted = true}),
            field<&SchemaView::max_length>("maxLength", {.defaulted = true}),
            field<&SchemaView::items>("items", {.defaulted = true}),
            field<&SchemaView::default_value>("default", {.defaulted = true}),
            field<&SchemaView::examples>("examples", {.max_items = any_number, .defaulted = true}),
            field<&SchemaView::properties>("properties", {.max_items = any_number, .defaulted = true}),
            field<&SchemaView::required>("required", {.max_items = any_number, .defaulted = true}));
    }
};
using Schemas = std::map<std::string, SchemaView>;

// "Thing" of {"$ref":"#/components/schemas/Thing"} and the place "schemas"; "" where it refers to nothing there.
[[nodiscard]] std::string component_of(const schema::Json& json, std::string_view place);
// The schema itself, or what it refers to; empty where it is none.
[[nodiscard]] SchemaView read_schema(const schema::Json& json, const Schemas& schemas);

struct FreshRules {
    const Schemas& schemas;
    std::set<std::string, std::less<>> taken{};      // members that no other row may have
    bool is_create = false;                          // makes a row; else only times and the account change
    const std::vector<CollectionVariable>& account;  // "newPassword" with the value of `password` is {{password}}
};
// The same JSON with variables in it; members keep their order.
[[nodiscard]] std::string with_fresh_values(std::string_view json, const schema::Json& schema, const FreshRules& rules);

// `text` with {{fresh}} in it, as far as the schema's format, pattern and length take it; else `text`.
[[nodiscard]] std::string fresh_text(std::string_view text, const SchemaView& schema);

// Of a `date` or a `date-time`, by its name: "occurredAt" is now, "from" and "updatedSince" a week ago, "to" today; "validFrom" is
// tomorrow, what ends or expires is later. "{{now}}"; "" for any other format.
[[nodiscard]] std::string time_variable(std::string_view name, std::string_view format);

// What a script sets: a moment (RFC 3339, UTC) or a day of the machine's own zone, so many days from now.
struct TimeVariable {
    std::string_view name;
    int days = 0;
    bool is_day = false;
};
inline constexpr TimeVariable time_variables[] = {{"now"},
                                                  {"aWeekAgo", -7},
                                                  {"inADay", 1},
                                                  {.name = "today", .is_day = true},
                                                  {.name = "lastWeek", .days = -7, .is_day = true},
                                                  {.name = "tomorrow", .days = 1, .is_day = true},
                                                  {.name = "nextYear", .days = 365, .is_day = true}};

}  // namespace openapi
