#include "openapi/document_reply.h"

#include <algorithm>

#include "base/hash.h"
#include "base/strings.h"
#include "http/context.h"
#include "openapi/servers.h"

namespace openapi {

namespace {

// Stands where the addresses come; no part of a document says it.
constexpr std::string_view some_server = "https://server.of.the.request.invalid";

bool names_no_server(const std::vector<Server>& servers) {
    return servers.size() == 1 && servers.front().url == Server{}.url;
}

// "api.example:8080" of "https://api.example:8080/v1"; "" of a relative one.
std::string_view host_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    const auto rest = url.substr(scheme + 3);
    return rest.substr(0, rest.find('/'));
}

// That of the request, and behind it the others. The first is "/" of a client that says no host (HTTP/1.0).
std::vector<Server> servers_of(const http::Request& request, const std::vector<Server>& known) {
    auto servers = known;
    const auto is_it = [host = base::ascii_lower(request.host())](const Server& server) {
        return !host.empty() && base::ascii_lower(host_of(server.url)) == host;
    };
    if (const auto found = std::ranges::find_if(servers, is_it); found != servers.end()) {
        std::rotate(servers.begin(), found, found + 1);
        return servers;
    }
    if (!names_no_server(servers)) servers.insert(servers.begin(), Server{});
    if (!request.host().empty())
        servers.front().url = std::string(request.is_secure() ? "https://" : "http://").append(request.host());
    return servers;
}

// As that of FixedReply.
std::string tag_of(std::string_view text) {
    const auto digest = base::sha256(text);
    return '"' + base::hex_encode(base::as_chars(digest).substr(0, 8)) + '"';
}

}  // namespace

DocumentReply::DocumentReply(const http::Router& router, const Info& info, ServerOf of) {
    Document made{.before_servers = {}, .is_of_request = of == ServerOf::request || names_no_server(info.servers)};
    auto with_server = info;
    if (made.is_of_request) {
        made.known = info.servers;
        with_server.servers = {{.url = std::string(some_server), .description = {}}};
    }
    auto text = document(router, with_server);
    made.digest = tag_of(text);
    const auto servers = servers_array(with_server.servers);
    if (const auto at = text.find(servers); made.is_of_request && at != std::string::npos) {
        made.behind_servers = text.substr(at + servers.size());
        text.resize(at);
    }
    made.before_servers = std::move(text);
    document_ = std::make_shared<const Document>(std::move(made));
}

async::Task<void> DocumentReply::operator()(http::Context& context) const {
    auto& response = context.response();
    std::string servers;
    if (document_->is_of_request) servers = servers_array(servers_of(context.request(), document_->known));
    response.body(std::string(document_->before_servers).append(servers).append(document_->behind_servers));
    response.content_type("application/json").header("Cache-Control", "no-cache");
    response.header("ETag", tag_of(document_->digest + servers));
    co_return;
}

}  // namespace openapi
