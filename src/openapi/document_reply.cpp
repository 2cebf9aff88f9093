#include "openapi/document_reply.h"

#include "base/hash.h"
#include "base/strings.h"
#include "http/context.h"
#include "schema/schema.h"

namespace openapi {

namespace {

// Stands where the address comes; no part of a document says it.
constexpr std::string_view some_server = "https://server.of.the.request.invalid";

bool names_no_server(const Info& info) { return info.servers.size() == 1 && info.servers.front().url == Server{}.url; }

// "/" of a client that says no host (HTTP/1.0).
std::string server_of(const http::Request& request) {
    if (request.host().empty()) return Server{}.url;
    return std::string(request.is_secure() ? "https://" : "http://").append(request.host());
}

// As that of FixedReply.
std::string tag_of(std::string_view text) {
    const auto digest = base::sha256(text);
    return '"' + base::hex_encode(base::as_chars(digest).substr(0, 8)) + '"';
}

}  // namespace

DocumentReply::DocumentReply(const http::Router& router, const Info& info) {
    Document made{.before_server = {}, .is_of_request = names_no_server(info)};
    auto with_server = info;
    if (made.is_of_request) with_server.servers.front().url = some_server;
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
    const auto server = document_->is_of_request ? server_of(context.request()) : std::string();
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
