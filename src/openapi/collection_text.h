#pragma once
// Inside the library: texts that the writers of collections share. Pure.
//
//     body = indented(R"({"name":"Sugar"})");
//     script = tests_of(request, postman_words);

#include <string>
#include <string_view>

#include "openapi/collection.h"

namespace openapi {

// JSON with a member a line; what is no JSON comes out as something else that is none.
[[nodiscard]] std::string indented(std::string_view json);
// A JavaScript string.
[[nodiscard]] std::string js_string(std::string_view text);
// The end of the JSON string that begins at `at`.
[[nodiscard]] std::size_t end_of_string(std::string_view json, std::size_t at);
// "/v1/products/{id}": "/v1/products/:id".
[[nodiscard]] std::string with_colons(std::string_view path);
// "?limit=20&sort=name" of what is sent, or nothing.
[[nodiscard]] std::string query_of(const CollectionRequest& request);
// "{{name}}" as `open` + name + `close`.
[[nodiscard]] std::string with_variables(std::string_view text, std::string_view open, std::string_view close);

// How a tool's scripts say it.
struct ScriptWords {
    std::string_view test;     // "pm.test"
    std::string_view expect;   // "pm.expect"
    std::string_view status;   // "pm.response.code"
    std::string_view type;     // "pm.response.headers.get('Content-Type')"
    std::string_view place;    // "pm.response.headers.get('Location')"
    std::string_view json;     // "pm.response.json()"
    std::string_view set;      // "pm.collectionVariables.set"
    std::string_view get;      // "pm.variables.get": of what was set
    std::string_view run_set;  // "pm.variables.set": of what no export has, and the run's end forgets
    std::string_view uuid;     // an expression: a new one
};
// Runs before each request: `key`, and what else is new in it.
[[nodiscard]] std::vector<std::string> fresh_lines(const Collection& collection, const ScriptWords& words);
// Sets these variables to these values.
[[nodiscard]] std::string set_line(const std::vector<CollectionVariable>& variables, const ScriptWords& words);
// "/v1/things/{{createThingId}}"
[[nodiscard]] std::string path_with_values(const CollectionRequest& request);
// Runs after the reply, a statement a line: what it must be, and what of it is kept.
[[nodiscard]] std::vector<std::string> tests_of(const CollectionRequest& request, const CollectionOptions& options,
                                                const ScriptWords& words);

// The whole text that stands beside a request: Markdown.
[[nodiscard]] std::string text_of(const CollectionRequest& request);

[[nodiscard]] const CollectionRequest* find_login(const Collection& collection);

inline constexpr std::string_view batch_end = "/batch";  // of many rows of what stands in front of it
// JavaScript: whether what was sent to `path` may have changed the version of the row at `known`.
inline constexpr std::string_view may_change =
    "(path.startsWith(known + '/') || (path.endsWith('/batch') && known.startsWith(path.slice(0, -5))))";

// The variable of CollectionOptions::base_url.
inline constexpr std::string_view base_url_name = "baseUrl";
// The names of what an environment sets, as a JavaScript array.
[[nodiscard]] std::string account_names(const Collection& collection);
// JavaScript: `whose`, the address and the account without its secrets, which is kept; and `account`, with them, for what ends
// with the run. `value`: an expression of what the variable `name` is, other variables in it resolved.
[[nodiscard]] std::vector<std::string> whose_lines(const Collection& collection, std::string_view value);
// JavaScript, of a log-in's status: a server that is busy or broken has refused nobody.
[[nodiscard]] std::string is_refusal(std::string_view status);

}  // namespace openapi
