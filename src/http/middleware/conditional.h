#pragma once
// Conditional requests (RFC 9110 §13) by row version: a row of version 7 has the ETag "7.k3f9qa", whose second part tells
// apart what different readers see of it (TagKey), and "7.k3f9qa-br", "-gzip", "-zstd" when compressed. If-Match compares the
// version alone, and takes a bare "7"; If-None-Match compares all but the coding. Functions are pure; the link may be shared by
// loops.
//
//     context.response().header("ETag", http::etag_for(product.version, key.part(tenant, body)));
//     const auto expected = http::require_if_match(context);                 // 428 request.if_match_missing
//     if (!expected.matches(row.version)) throw expected.conflict(row_as_json);     // 412 with the current row
//
// conditional_get() answers GET and HEAD whose reply (status 200 or 206) has an ETag or Last-Modified: If-Match before
// If-Unmodified-Since (412), then If-None-Match before If-Modified-Since (304), in the order of §13.2.2. Every reply of a route
// that needs a caller, errors too, gets `Vary: Authorization, Cookie`, and `Cache-Control: private, no-cache` unless it has
// another; no_store() is for what should not stay on a machine that people share.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/failure.h"
#include "http/middleware.h"

namespace http {

class Request;

[[nodiscard]] std::string etag_for(std::int64_t version, std::string_view readers_part = {});
// The version of a tag: what stands before the readers' part and the coding. nullopt: no tag of a row.
[[nodiscard]] std::optional<std::int64_t> version_of(std::string_view quoted);

// What If-Match asks for: any version (`*`), or one of these. A weak tag never matches (strong comparison, §13.1.1), nor
// does one that is no version of ours; both are left out.
struct VersionMatch {
    bool any = false;
    std::vector<std::int64_t> versions = {};
    bool has_weak = false;
    [[nodiscard]] bool matches(std::int64_t version) const;
    // The one version, when exactly one was named: what an `update … where version = $2` takes.
    [[nodiscard]] std::optional<std::int64_t> single() const;
    // 412; `current` is the present row as JSON, sent as the member "current". Says so where a tag was weak: whoever pulls and sends
    // the same tag again would never get through.
    [[nodiscard]] base::Failure conflict(std::string current = {}) const;
};
// nullopt when absent; throws request.if_match_malformed (422).
[[nodiscard]] std::optional<VersionMatch> if_match(const Context& context);
// Throws request.if_match_missing (428) when absent.
[[nodiscard]] VersionMatch require_if_match(const Context& context);

// One entity tag of a list: its opaque part with the quotes, without W/.
struct EntityTag {
    bool weak = false;
    std::string_view quoted;
};
// nullopt when malformed. "*" is none of its cases.
[[nodiscard]] std::optional<std::vector<EntityTag>> parse_entity_tags(std::string_view list);
// The opaque part without quotes and without the suffix of a coding.
[[nodiscard]] std::string_view uncoded_tag(std::string_view quoted);

// True when the client has this representation: If-None-Match by weak comparison, coding suffixes dropped, or, in its
// absence, If-Modified-Since. `etag` or `last_modified` may be "".
[[nodiscard]] bool is_not_modified(const Request& request, std::string_view etag, std::string_view last_modified);

[[nodiscard]] Middleware conditional_get();
// Replies of this route are kept by nobody: `Cache-Control: no-store`.
[[nodiscard]] Middleware no_store();

}  // namespace http
