#include "http/middleware/conditional.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "base/time.h"
#include "http/context.h"
#include "http/middleware/errors.h"
#include "http/operation.h"
#include "http/problem.h"
#include "http/router.h"

namespace http {

namespace {

constexpr std::array<std::string_view, 3> coding_suffixes{"-br", "-gzip", "-zstd"};

// RFC 9110 §8.8.3: etagc.
bool is_tag_character(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

// One entity tag at the start of `rest`, cut off it.
std::optional<EntityTag> take_tag(std::string_view& rest) {
    EntityTag tag{.weak = rest.starts_with("W/"), .quoted = {}};
    if (tag.weak) rest.remove_prefix(2);
    if (!rest.starts_with('"')) return std::nullopt;
    const auto end = rest.find('"', 1);
    if (end == std::string_view::npos || !std::ranges::all_of(rest.substr(1, end - 1), is_tag_character))
        return std::nullopt;
    tag.quoted = rest.substr(0, end + 1);
    rest.remove_prefix(end + 1);
    return tag;
}

EntityTag tag_of(std::string_view etag) {
    const bool weak = etag.starts_with("W/");
    return {weak, weak ? etag.substr(2) : etag};
}

bool is_read(const Request& request) { return request.method() == Method::get || request.method() == Method::head; }

// §13.1.1: strong comparison; coding and reader change the bytes, not the version that a change is based on.
bool is_same_version(std::string_view quoted, std::string_view own) {
    if (uncoded_tag(quoted) == uncoded_tag(own)) return true;
    const auto version = version_of(own);
    return version && version == version_of(quoted);
}

bool if_match_holds(std::string_view list, std::string_view etag) {
    if (base::trim(list) == "*") return true;
    const auto own = tag_of(etag);
    const auto tags = parse_entity_tags(list);
    return tags && !own.weak && std::ranges::any_of(*tags, [&](const EntityTag& tag) {
               return !tag.weak && is_same_version(tag.quoted, own.quoted);
           });
}

// Steps 1 and 2 of §13.2.2.
bool precondition_failed(const Request& request, std::string_view etag, std::string_view last_modified) {
    if (request.headers().get(KnownHeader::if_match))
        return !etag.empty() && !if_match_holds(request.headers().joined("if-match"), etag);
    const auto since = request.header("if-unmodified-since");
    if (!since) return false;
    const auto limit = base::parse_http_date(*since);
    const auto changed = base::parse_http_date(last_modified);
    return limit && changed && *changed > *limit;
}

// The tag of the client's that means our version: what a 200 would have been sent with (§15.4.5), since the client's
// Accept-Encoding made it.
std::string_view matching_tag(std::string_view list, std::string_view etag) {
    const auto own = uncoded_tag(tag_of(etag).quoted);
    std::string_view rest = list;
    while (!rest.empty()) {
        const auto start = rest;
        const auto tag = take_tag(rest);
        if (!tag) return etag;
        if (uncoded_tag(tag->quoted) == own) return start.substr(0, start.size() - rest.size());
        while (!rest.empty() && (rest[0] == ',' || rest[0] == ' ' || rest[0] == '\t')) rest.remove_prefix(1);
    }
    return etag;
}

void become_not_modified(Context& context, std::string_view etag) {
    auto& response = context.response();
    const auto list = context.request().headers().joined("if-none-match");
    if (!list.empty() && !etag.empty())
        response.headers().set("ETag", std::string(matching_tag(base::trim(list), etag)));
    response.status(304).body({});
    for (const std::string_view name :
         {"Content-Type", "Content-Encoding", "Content-Language", "Content-Range", "Accept-Ranges"}) {
        response.headers().remove(name);
    }
}

void evaluate(Context& context) {
    auto& response = context.response();
    // 206: If-Match is asked before Range (§13.2.2).
    if ((response.status() != 200 && response.status() != 206) || !is_read(context.request())) return;
    const auto etag = response.headers().get("ETag").value_or("");
    const auto last_modified = response.headers().get("Last-Modified").value_or("");
    if (etag.empty() && last_modified.empty()) return;
    if (precondition_failed(context.request(), etag, last_modified))
        return write_problem(context, base::Failure(errors::version_conflict));
    if (is_not_modified(context.request(), etag, last_modified)) become_not_modified(context, etag);
}

// What a caller gets is theirs: a cache that others share must not keep it, and one of their own asks again each time.
void mark_private(Context& context) {
    const auto* route = context.route();
    if (route == nullptr || !route->operation || route->operation->security.empty()) return;
    auto& headers = context.response().headers();
    headers.vary("Authorization");
    headers.vary("Cookie");
    if (!headers.has("Cache-Control")) headers.append("Cache-Control", "private, no-cache");
}

void finish(Context& context) {
    evaluate(context);
    mark_private(context);
}

async::Task<void> conditional_link(Context& context, Next next) {
    context.response().before_send(&finish);
    return next(context);
}

async::Task<void> no_store_link(Context& context, Next next) {
    context.response().header("Cache-Control", "no-store");
    return next(context);
}

}  // namespace

std::string etag_for(std::int64_t version, std::string_view readers_part) {
    std::string etag = "\"";
    base::append_integer(etag, version);
    if (!readers_part.empty()) etag.append(".").append(readers_part);
    return etag += '"';
}

std::optional<std::int64_t> version_of(std::string_view quoted) {
    const auto opaque = uncoded_tag(quoted);
    return base::parse_integer<std::int64_t>(opaque.substr(0, opaque.find('.')));
}

std::string_view uncoded_tag(std::string_view quoted) {
    auto opaque = quoted.size() >= 2 ? quoted.substr(1, quoted.size() - 2) : std::string_view();
    for (const auto suffix : coding_suffixes) {
        if (opaque.ends_with(suffix)) return opaque.substr(0, opaque.size() - suffix.size());
    }
    return opaque;
}

std::optional<std::vector<EntityTag>> parse_entity_tags(std::string_view list) {
    std::vector<EntityTag> tags;
    auto rest = base::trim(list);
    while (!rest.empty()) {
        const auto tag = take_tag(rest);
        if (!tag) return std::nullopt;
        tags.push_back(*tag);
        rest = base::trim(rest);
        if (rest.empty()) break;
        if (rest[0] != ',') return std::nullopt;
        // Empty elements are allowed in a list (§5.6.1.2).
        while (!rest.empty() && (rest[0] == ',' || base::is_ascii_space(rest[0]))) rest.remove_prefix(1);
    }
    if (tags.empty()) return std::nullopt;
    return tags;
}

bool VersionMatch::matches(std::int64_t version) const {
    return any || std::ranges::find(versions, version) != versions.end();
}

std::optional<std::int64_t> VersionMatch::single() const {
    return !any && versions.size() == 1 ? std::optional<std::int64_t>(versions[0]) : std::nullopt;
}

std::optional<VersionMatch> if_match(const Context& context) {
    if (!context.request().headers().get(KnownHeader::if_match)) return std::nullopt;
    const auto list = context.request().headers().joined("if-match");
    VersionMatch match;
    match.any = base::trim(list) == "*";
    if (match.any) return match;
    const auto tags = parse_entity_tags(list);
    if (!tags) {
        throw base::Failure(
            errors::if_match_malformed,
            {{"header", "/If-Match", "invalid_format", "An entity tag is written with quotes: \"7\".", {}}});
    }
    for (const auto& tag : *tags) {
        const auto version = version_of(tag.quoted);
        if (!tag.weak && version) match.versions.push_back(*version);
        match.has_weak = match.has_weak || tag.weak;
    }
    return match;
}

VersionMatch require_if_match(const Context& context) {
    auto match = if_match(context);
    if (!match) throw base::Failure(errors::if_match_missing);
    return *std::move(match);
}

base::Failure VersionMatch::conflict(std::string current) const {
    auto failure =
        has_weak ? base::Failure(errors::version_conflict,
                                 "A weak tag (W/) matches no version: something on the way compresses replies. Send "
                                 "the member version, in quotes.")
                 : base::Failure(errors::version_conflict);
    if (current.empty()) return failure;
    return std::move(failure).member("current", std::move(current));
}

bool is_not_modified(const Request& request, std::string_view etag, std::string_view last_modified) {
    if (request.headers().get(KnownHeader::if_none_match)) {
        const auto list = request.headers().joined("if-none-match");
        if (base::trim(list) == "*") return true;
        const auto own = uncoded_tag(tag_of(etag).quoted);
        const auto tags = parse_entity_tags(list);
        return !etag.empty() && tags &&
               std::ranges::any_of(*tags, [&](const EntityTag& tag) { return uncoded_tag(tag.quoted) == own; });
    }
    const auto since = request.header("if-modified-since");
    if (!since || last_modified.empty()) return false;
    const auto limit = base::parse_http_date(*since);
    const auto changed = base::parse_http_date(last_modified);
    return limit && changed && *changed <= *limit;
}

Middleware conditional_get() { return &conditional_link; }
Middleware no_store() { return &no_store_link; }

}  // namespace http
