#include "openapi/document_reply.h"

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"
#include "http/context.h"
#include "schema/schema.h"

namespace openapi {

namespace {

// Stands where the address comes; no part of a document says it.
constexpr std::string_view some_server = "https://server.of.the.request.invalid";

bool names_no_server(const Info& info) { return info.servers.size() == 1 && info.servers.front().url == Server{}.url; }

// "api.example:8080" of "https://api.example:8080/v1"; "" of a relative one.
std::string_view host_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    const auto rest = url.substr(scheme + 3);
    return rest.substr(0, rest.find('/'));
}

// "/" of a client that says no host (HTTP/1.0).
std::string server_of(const http::Request& request, const std::vector<Server>& known) {
    if (request.host().empty()) return Server{}.url;
    const auto is_it = [host = base::ascii_lower(request.host())](const Server& server) {
        return base::ascii_lower(host_of(server.url)) == host;
    };
    if (const auto found = std::ranges::find_if(known, is_it); found != known.end()) return found->url;
    return std::string(request.is_secure() ? "https://" : "http://").append(request.host());
}

// As that of FixedReply.
std::string tag_of(std::string_view text) {
    const auto digest = base::sha256(text);
    return '"' + base::hex_encode(base::as_chars(digest).substr(0, 8)) + '"';
}

}  // namespace

DocumentReply::DocumentReply(const http::Router& router, const Info& info, ServerOf of) {
    Document made{.before_server = {}, .is_of_request = of == ServerOf::request || names_no_server(info)};
    auto with_server = info;
    if (made.is_of_request) {
        made.known = info.servers;
        if (!names_no_server(info)) with_server.servers = {{}};
        with_server.servers.front().url = some_server;
    }
    auto text = document(router, with_server);
    made.digest = tag_of(text);
    if (const auto at = text.find(some_server); made.is_of_request && at != std::string::npos) {
        made.behind_server = text.substr(at + some_server.size());
        text.resize(at);
    }
    made.before_server = std::move(text);
    document_ = std::make_shared<const Document>(std::move(made));
}

async::Task<void> DocumentReply::operator()(http::Context& context) const {
    auto& response = context.response();
    const auto server = document_->is_of_request ? server_of(context.request(), document_->known) : std::string();
    // Between quotes already.
    std::string escaped;
    schema::write_json_string(server, escaped);
    const auto inside = std::string_view(escaped).substr(1, escaped.size() - 2);
    response.body(std::string(document_->before_server).append(inside).append(document_->behind_server));
    response.content_type("application/json").header("Cache-Control", "no-cache");
    response.header("ETag", tag_of(document_->digest + server));
    co_return;
}

}  // namespace openapi
