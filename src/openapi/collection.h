#pragma once
// The API as requests to send by hand: files for Postman, Insomnia and Bruno, all out of the OpenAPI document. Each request has the
// document's example, tests of its reply, and a key of its own where it is repeated safely. Same document, same bytes. Pure.
//
//     const auto document = openapi::document(router, info);
//     const auto collection = openapi::collection_of(document, openapi::operations_of(router), {.login = "login"});
//     write("shop.postman_collection.json", openapi::postman_collection(collection));
//
// An operation that needs a value of another one's reply gets it from the document's links, and what works on `/things/{id}` from
// the 201 of `POST /things`: its `id`, or the end of its Location where it has no body. Before anything was made, it has the
// example. One that cannot succeed by itself says so by `x-needs`.
// Texts that one row alone may have (an error code `thing.code_taken`: `code`; addresses) are new in each request, times are the
// present.
// What only streams events is left out: such a request does not end.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace http {
class Router;
}

namespace openapi {

struct CollectionVariable {
    std::string name;
    std::string value;
    bool is_secret = false;
    bool is_of_scripts = false;  // they set it before each request
};

// What the document does not say.
struct CollectionOptions {
    std::string login{};                       // the operation whose reply has the token
    std::string token_member = "accessToken";  // there
    std::vector<CollectionVariable>
        account{};  // texts of the log-in's body that are variables: {"email", "owner@demo.example"}
    std::vector<std::string> ends_login{};  // operations after which the token is none: sent last
    std::string base_url = "http://localhost:3000";
};

struct CollectionValue {
    std::string name;
    std::string value;  // may hold {{variables}}
    std::string doc{};
    bool is_sent = true;  // else it is there to be switched on
};

// What later requests use of the reply.
struct CollectionKept {
    std::string variable;
    std::string member;  // "data[0].id"; "": the last part of its Location
};

struct CollectionRequest {
    std::string id;  // the operationId
    std::string tag{};
    std::string summary{};
    std::string description{};  // Markdown
    std::string method;         // "POST"
    std::string path;           // "/v1/products/{id}"
    std::vector<CollectionValue> path_values{};
    std::vector<CollectionValue> query{};
    std::vector<CollectionValue> headers{};
    std::string media_type{};             // of the body; "": none
    std::string body{};                   // JSON, indented
    std::vector<CollectionValue> form{};  // of multipart/form-data: files that somebody chooses
    bool is_public = false;
    std::string needs{};  // why it cannot succeed as it is
    std::vector<std::uint16_t> success{};
    std::vector<std::uint16_t> documented{};  // all statuses below 500
    std::vector<std::string> reply_types{};
    std::vector<std::string> reply_members{};  // which a JSON reply always has
    std::string reply{};                       // an example, JSON, indented
    std::vector<CollectionKept> keeps{};
    // Variables of what was made, as they were before: to set back once this request has deleted it, or was told that it
    // is not there.
    std::vector<CollectionVariable> ended{};
    std::vector<CollectionVariable> missed{};
};

struct CollectionFolder {
    std::string name;
    std::string description{};
    std::vector<CollectionRequest> requests{};
};

struct Collection {
    std::string title;
    std::string version;
    std::string description;
    std::vector<CollectionFolder> folders;      // by tag; in them the order in which requests can be sent
    std::vector<CollectionVariable> account;    // base URL and log-in: what an environment sets
    std::vector<CollectionVariable> variables;  // what scripts set, with what is there before they do
    std::vector<CollectionVariable> seeded;     // of those, the values of examples that what was made replaces
    CollectionOptions options;
};

struct CollectionFile {
    std::string path;
    std::string text;
};

// Ids in order of registration, which the document's readers may lose.
[[nodiscard]] std::vector<std::string> operations_of(const http::Router& router);

// Throws std::invalid_argument for a text that is no such document.
[[nodiscard]] Collection collection_of(std::string_view document, const std::vector<std::string>& order,
                                       CollectionOptions options);

// Format v2.1, and the environment beside it.
[[nodiscard]] std::string postman_collection(const Collection& collection);
[[nodiscard]] std::string postman_environment(const Collection& collection);
// Of such an environment that somebody may have edited; nullopt where it has none that is in effect.
[[nodiscard]] std::optional<std::string> postman_base_url(std::string_view environment);
// Format v5, YAML: collection.insomnia.rest/5.0
[[nodiscard]] std::string insomnia_collection(const Collection& collection);
// A folder: bruno.json, collection.bru, environments/, and a folder with a file a request.
[[nodiscard]] std::vector<CollectionFile> bruno_collection(const Collection& collection);
// Of environments/local.bru, as postman_base_url().
[[nodiscard]] std::optional<std::string> bruno_base_url(std::string_view environment);
// Whose a file of such a folder is: as bruno_collection() wrote it at this path, written so and edited since, or somebody's
// own. Environments and bruno.json have no mark.
enum class BrunoFile : std::uint8_t { written, edited, own };
[[nodiscard]] BrunoFile bruno_file_of(std::string_view path, std::string text);
// A text as it was before Git checked it out on Windows.
[[nodiscard]] std::string without_crlf(std::string text);

}  // namespace openapi
