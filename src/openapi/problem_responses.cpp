#include "openapi/problem_responses.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "http/handler.h"
#include "http/problem.h"
#include "http/status.h"
#include "openapi/json_text.h"

namespace openapi {

namespace {

struct HeaderDoc {
    std::string_view name;
    std::string_view description;
    std::string_view schema = R"({"type":"string"})";
    bool always = false;  // of the replies that document it; the others come when there is a reason
};

constexpr auto header_docs = std::to_array<HeaderDoc>({
    {"ETag",
     "The row's version and what this reader sees of it: `\"7.k3f9qa\"`. If-Match compares the version alone. "
     "Of a file: its bytes."},
    {"Location", "Where the new resource is, or where to go on.", R"({"type":"string","format":"uri-reference"})"},
    {"X-Request-Id", "Names this request in the logs.", R"({"type":"string"})", true},
    {"X-Retriable", "Whether the same bytes may succeed later.", R"({"type":"string","enum":["true","false"]})"},
    {"RateLimit", "What is left of the limit that is closest to its end: `\"device\";r=599;t=1`."},
    {"RateLimit-Policy", "That limit, requests in seconds: `\"device\";q=600;w=60`."},
    {"Retry-After", "Seconds to wait before the next attempt.",
     R"({"type":"integer","format":"int32","minimum":0,"maximum":2147483647})"},
    {"WWW-Authenticate", "How to authenticate, or which permission is missing (RFC 6750)."},
    {"Idempotent-Replayed", "`true`: the stored reply to an earlier request with this key."},
    {"Upgrade", "The protocol that this path speaks: `websocket` (RFC 9110 §7.8)."},
    {"Set-Cookie", "The session."},
    {"Cache-Control", "How long the reply may be kept."},
    {"Content-Disposition", "Whether the file is to be saved or shown, and its name."},
    {"Last-Modified", "When the file was changed."},
    {"Accept-Ranges", "`bytes`: a download that broke off goes on with `Range`."},
    {"Content-Range", "Which bytes of how many: `bytes 1024-2047/4096`."},
    {"Tus-Resumable", "The version of the tus protocol: `1.0.0`."},
    {"Upload-Offset", "Where the upload continues, in bytes.",
     R"({"type":"integer","format":"int64","minimum":0,"maximum":9007199254740991})"},
    {"Upload-Length", "Bytes of the whole upload.",
     R"({"type":"integer","format":"int64","minimum":0,"maximum":9007199254740991})"},
    {"Upload-Metadata", "What the client said of it when it was created."},
    {"Upload-Expires", "When it goes, unless more bytes come."},
    {"Deprecation", "Since when this operation should not be used any more (RFC 9745): `@` and Unix seconds."},
    {"Sunset", "From when on it may be gone (RFC 8594)."},
});

std::string header_definition(std::string_view name) {
    const auto* const known = std::ranges::find(header_docs, name, &HeaderDoc::name);
    JsonObject header;
    if (known == header_docs.end()) return std::move(header.raw("schema", R"({"type":"string"})")).take();
    header.text("description", known->description);
    if (known->always) header.flag("required", true);
    return std::move(header.raw("schema", known->schema)).take();
}

// 409 is there for a request that is still running under the same Idempotency-Key, 507 for a disk that is full.
bool says_when(const base::ErrorCode& code) {
    constexpr std::array statuses{409, 429, 503, 507};
    return code.retriable && std::ranges::find(statuses, int{code.status}) != statuses.end();
}

std::string description_of(std::uint16_t status, const std::vector<base::ErrorCode>& codes) {
    std::string text(http::reason_phrase(status));
    if (text.empty()) text = fmt::format("Status {}", status);
    text += codes.size() == 1 ? ": " : ":\n";
    for (const auto& code : codes)
        text += fmt::format("{}`{}` {}.", codes.size() == 1 ? "" : "\n* ", code.code, code.title);
    return text;
}

std::string reference(std::string_view kind, std::string_view name) {
    return std::move(JsonObject().text("$ref", fmt::format("#/components/{}/{}", kind, name))).take();
}

template <class Map>
std::string object_of(const Map& members) {
    JsonObject object;
    for (const auto& [name, json] : members) object.raw(name, json);
    return std::move(object).take();
}

}  // namespace

std::string example_of(const base::ErrorCode& code, std::string_view instance, std::string_view type_base) {
    std::vector<base::Issue> issues;
    if (code == http::errors::invalid) issues.push_back({"body", "/name", "required", "is required", {}});
    const base::Failure failure =
        says_when(code) ? base::Failure(code).retry_after(1000) : base::Failure(code, std::move(issues));
    return http::problem_json(
        failure, {.instance = instance, .request_id = "0197f0c2-9d3e-7c4a-b1f2-3a5d6e7f8091", .type_base = type_base});
}

void ProblemResponses::remember(const base::ErrorCode& code) {
    const auto& known = codes_.try_emplace(code.code, code).first->second;
    if (known.status != code.status || known.title != code.title || known.retriable != code.retriable ||
        known.action != code.action) {
        throw std::logic_error(fmt::format("openapi: two error tables define {} differently", code.code));
    }
}

std::string ProblemResponses::headers(const std::vector<std::string_view>& names) {
    JsonObject object;
    std::set<std::string_view> sorted(names.begin(), names.end());
    for (const auto name : sorted) {
        headers_.emplace(name);
        object.raw(name, reference("headers", name));
    }
    return std::move(object).take();
}

std::vector<std::string_view> ProblemResponses::header_names(std::uint16_t status,
                                                             const std::vector<base::ErrorCode>& codes) const {
    std::vector<std::string_view> names{"X-Request-Id", "X-Retriable"};
    if (std::ranges::any_of(codes, says_when)) names.emplace_back("Retry-After");
    if (status == 429) names.insert(names.end(), {"RateLimit", "RateLimit-Policy"});
    if (status == 426) names.emplace_back("Upgrade");
    const auto challenges = [this](const base::ErrorCode& code) { return std::ranges::count(challenges_, code) > 0; };
    // http::write_problem() gives a 401 one, whoever refused.
    if (status == 401 || std::ranges::any_of(codes, challenges)) names.emplace_back("WWW-Authenticate");
    return names;
}

std::string ProblemResponses::media(const std::vector<base::ErrorCode>& codes) {
    JsonObject examples;
    for (const auto& code : codes) {
        remember(code);
        examples.raw(code.code, reference("examples", code.code));
    }
    JsonObject media;
    media.raw("schema", reference("schemas", "Problem")).raw("examples", std::move(examples).take());
    return std::move(media).take();
}

std::string ProblemResponses::render(std::uint16_t status, const std::vector<base::ErrorCode>& codes) {
    JsonObject content;
    content.raw(problem_media_type, media(codes));
    JsonObject response;
    response.text("description", description_of(status, codes)).raw("headers", headers(header_names(status, codes)));
    return std::move(response.raw("content", std::move(content).take())).take();
}

std::string ProblemResponses::response(std::uint16_t status, const std::vector<base::ErrorCode>& codes) {
    if (codes.size() != 1) return render(status, codes);
    const auto name = codes.front().code;
    remember(codes.front());
    if (!shared_.contains(name)) shared_.emplace(name, render(status, codes));
    return reference("responses", name);
}

std::string ProblemResponses::responses() const { return object_of(shared_); }

std::string ProblemResponses::header_definitions() const {
    JsonObject object;
    for (const auto& name : headers_) object.raw(name, header_definition(name));
    return std::move(object).take();
}

std::string ProblemResponses::examples() const {
    JsonObject object;
    for (const auto& [name, code] : codes_) {
        JsonObject example;
        example.text("summary", code.title).raw("value", example_of(code, "/v1/example", type_base_));
        object.raw(name, std::move(example).take());
    }
    return std::move(object).take();
}

}  // namespace openapi
