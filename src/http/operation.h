#pragma once
// What a typed route says about itself: made once at registration by its parts and its result, read by openapi/ and by the
// checks at start. Plain data.

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/failure.h"
#include "http/services.h"
#include "schema/type.h"

namespace http {

struct ServiceNeed {
    bool (*is_there)(const Services& services);
    const std::type_info* type;
};

struct ParameterDoc {
    std::string_view in;  // path, query, header
    const schema::Field* field;
    bool required = true;
    const schema::ObjectType* object = nullptr;   // whose initialisers hold the default; of a query
    const schema::ObjectType* members = nullptr;  // takes names of this object's members, comma-separated
};

struct ReplyDoc {
    std::uint16_t status = 200;
    const schema::Type* body = nullptr;  // nullptr: none, or not JSON
    std::string_view media_type = "application/json";
    std::string_view doc{};
    std::vector<std::string_view> headers{};  // Location, ETag, …
};

// A file of a multipart/form-data body.
struct FormFileDoc {
    std::string_view name;
    std::string_view media_type;  // "": any
    std::string_view doc;
    std::size_t most = 1;
    bool required = false;
};

// Of a route that goes (docs/api-changes.md). Dates as "2026-11-22", midnight UTC.
struct Deprecation {
    std::string_view since;      // answered in the header Deprecation (RFC 9745)
    std::string_view sunset;     // the first day on which it may be gone: the header Sunset (RFC 8594)
    std::string_view instead{};  // the operationId of what does it now
};
// How long a route answers at least once it is deprecated.
inline constexpr std::chrono::days least_notice{180};

struct Operation {
    std::string id;
    std::string summary;
    std::string description;
    std::string tag;
    std::vector<ParameterDoc> parameters;
    const schema::Type* body = nullptr;
    std::vector<std::string_view> body_media_types;
    const schema::ObjectType* form = nullptr;  // fields of a multipart/form-data body, beside its files
    std::vector<FormFileDoc> form_files;
    std::vector<ReplyDoc> replies;           // of each status that is none of a problem
    std::vector<base::ErrorCode> errors;     // every problem that this route can answer
    std::vector<std::string_view> security;  // schemes, any of which suffices; empty: public
    std::string_view permission;
    bool permission_everywhere = false;  // a role limited to places does not do
    bool outside_wall = false;           // RouteOptions'
    std::optional<Deprecation> deprecation;
    std::vector<ServiceNeed> needs;  // what must be there at start

    // A service of this type.
    template <class T>
    void need() {
        needs.push_back({[](const Services& services) { return services.has<T>(); }, &typeid(T)});
    }
    void can_answer(ReplyDoc reply) { replies.push_back(std::move(reply)); }
    void can_fail(const base::ErrorCode& error) {
        for (const auto& known : errors) {
            if (known == error) return;
        }
        errors.push_back(error);
    }
};

}  // namespace http
