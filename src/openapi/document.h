#pragma once
// The OpenAPI 3.1 document out of what the routes say about themselves (http::Operation) and the structs they take and
// return. Routes without an operation are left out. Same routes, same bytes. Pure; made once at start.
//
//     const std::string json = openapi::document(router, {.title = "Shop", .version = "1.4.0", .description = "..."});
//
// Problems of a status become one response with an example per code; one that is the only code of its status is shared by
// all routes as #/components/responses/<code>.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/failure.h"

namespace http {
class Router;
}
namespace schema {
struct Type;
}

namespace openapi {

struct Licence {
    std::string name;
    std::string identifier;  // SPDX
};

struct Contact {
    std::string name;
    std::string url;
    std::string email;
};

struct Server {
    std::string url = "/";
    std::string description;
};

struct TagDoc {
    std::string name;
    std::string description;
};

enum class SchemeKind : std::uint8_t { bearer, cookie };
struct SecurityScheme {
    std::string name;  // what http::Operation::security refers to
    SchemeKind kind = SchemeKind::bearer;
    std::string detail;  // the token's format, or the cookie's name
    std::string description;
};

// Where a parameter comes from, when it is of another operation's reply.
struct ExampleSource {
    std::string operation;
    std::string pointer = "/id";  // in its reply (RFC 6901)
};

// A request that works, as documentation pages and generated collections send it when nobody has typed anything. JSON texts.
//
//     {.operation = "changeProduct", .body = R"({"name":"Sugar"})", .parameters = {{"id", R"("0197…")"}, {"If-Match", R"("\"1\"")"}}}
struct Example {
    std::string operation{};  // its id; "": of every operation that has these parameters, where nothing else is said
    std::string body{};
    std::map<std::string, std::string, std::less<>> parameters{};
    // Why it does not succeed as it is: "codes are an app's". For people, and for whoever sends every example.
    std::string needs{};
    std::map<std::string, ExampleSource, std::less<>> from{};  // of parameters; the document's links
    std::string reply{};                                       // what the operation answers, the first of its successes
};

// A request that the service makes itself, to whoever has asked for it (OpenAPI 3.1, "webhooks"). `body` and `example` are the whole of
// what is sent.
struct WebhookDoc {
    std::string name;  // "order.created"
    std::string summary;
    std::string description = {};
    std::string tag = {};
    const schema::Type* data = nullptr;  // the member `data` of the body
    std::string example = {};            // of `data`, JSON
};

// `bearer`: a JWT; `session`: the cookie __Host-sid.
[[nodiscard]] std::vector<SecurityScheme> default_security_schemes();
// What any route can answer before its handler has a say: headers too large, internal, overloaded.
[[nodiscard]] std::vector<base::ErrorCode> default_common_errors();

struct Info {
    std::string title;
    std::string version;
    std::string description = {};  // Markdown
    std::optional<Licence> licence = std::nullopt;
    std::optional<Contact> contact = std::nullopt;
    std::vector<Server> servers = {{}};
    std::vector<TagDoc> tags = {};  // descriptions; the order is that of the routes
    std::vector<SecurityScheme> security_schemes = default_security_schemes();
    std::vector<base::ErrorCode> common_errors = default_common_errors();
    std::vector<base::ErrorCode> challenges = {};    // sent with WWW-Authenticate, as every 401 is
    std::vector<base::ErrorCode> known_errors = {};  // all of the service, for `x-problems`: of routes or of none
    std::string problem_type_base = "/problems/";
    std::vector<Example> examples = {};
    std::vector<WebhookDoc> webhooks = {};
};

// Which address a document that is served names first: what Info says, or that of the request.
enum class ServerOf : std::uint8_t { info, request };

// Throws std::logic_error for an operationId or a path that two routes share, a security scheme that nobody declared, an
// error code that two tables define differently, struct names that clash, and an example of nothing.
//
// Extensions: `x-permission` of an operation, and of a member that is sent to its readers alone; `x-minimum`, `x-maximum` and
// `x-not-zero` of a decimal; `x-needs`: why its example does not succeed by itself; `x-with-fields` beside the schema of a list:
// its rows when `?fields=` was given; `x-problems`: every error code with its status and what a client does.
[[nodiscard]] std::string document(const http::Router& router, const Info& info);

}  // namespace openapi
