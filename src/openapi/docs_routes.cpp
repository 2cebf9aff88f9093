#include "openapi/docs_routes.h"

#include <fmt/format.h>

#include <algorithm>

#include "embedded/docs_site.h"
#include "http/context.h"
#include "http/middleware/static_files.h"
#include "http/router.h"
#include "openapi/document_reply.h"
#include "openapi/fixed_reply.h"
#include "openapi/html_page.h"

namespace openapi {

namespace {

// Sets the page's own policy, which security_headers() then leaves alone.
class PolicyLink {
public:
    explicit PolicyLink(std::string policy) : policy_(std::move(policy)) {}
    async::Task<void> operator()(http::Context& context, http::Next next) const {
        context.response().header("Content-Security-Policy", policy_);
        return next(context);
    }

private:
    std::string policy_;
};

// "" when there is no such file.
std::string_view bytes_of(const std::string& path) {
    const auto files = embedded::docs_site();
    const auto found = std::ranges::find(files, path, &base::EmbeddedFile::path);
    return found == files.end() ? std::string_view() : found->bytes;
}

// Compressed forms stand beside their file.
std::vector<http::EmbeddedAsset> assets() {
    std::vector<http::EmbeddedAsset> all;
    for (const auto& file : embedded::docs_site()) {
        if (file.path.ends_with(".br") || file.path.ends_with(".gz")) continue;
        const std::string path(file.path);
        all.push_back({file.path, file.bytes, bytes_of(path + ".br"), bytes_of(path + ".gz")});
    }
    return all;
}

// "https://api.example" of "https://api.example/v1"; "" of a relative one.
std::string_view origin_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos || !url.starts_with("http")) return {};
    return url.substr(0, url.find('/', scheme + 3));
}

bool has_page(const http::Router& router, std::string_view path) {
    return std::ranges::any_of(router.routes(), [path](const http::RouteEntry& route) {
        return route.method == http::Method::get && route.pattern == path;
    });
}

std::string start_page_html(const http::Router& router, const StartPage& page) {
    std::string main = fmt::format("<h1>{}</h1>\n", escaped(page.title));
    if (!page.version.empty()) main += fmt::format("<p>Version {}</p>\n", escaped(page.version));
    main += "<ul>\n";
    for (const auto& [path, text] : page.links) {
        if (!has_page(router, path)) continue;
        main += fmt::format("<li><a href=\"{0}\"><code>{0}</code></a><br>{1}</li>\n", escaped(path), escaped(text));
    }
    return html_page(page.title, main + "</ul>\n");
}

}  // namespace

std::string docs_policy(const Info& info) {
    // Swagger UI sets style attributes, and draws its icons from data: URLs.
    std::string policy =
        "default-src 'none';script-src 'self';style-src 'self' 'unsafe-inline';img-src 'self' data:;font-src 'self';"
        "base-uri 'none';form-action 'none';frame-ancestors 'none';connect-src 'self'";
    for (const auto& server : info.servers) {
        if (const auto origin = origin_of(server.url); !origin.empty()) policy.append(" ").append(origin);
    }
    return policy;
}

void mount(http::Router& router, const DocsOptions& options) {
    router.add(http::Method::get, "/openapi.json",
               {.handler = DocumentReply(options.of == nullptr ? router : *options.of, options.info)});
    if (!options.page) return;
    const std::vector<http::Middleware> links{PolicyLink(docs_policy(options.info))};
    router.add(
        http::Method::get, "/docs",
        {.handler = FixedReply(std::string(bytes_of("index.html")), "text/html; charset=utf-8"), .middleware = links});
    router.add(http::Method::get, "/docs/{asset...}",
               {.handler = http::static_handler({.prefix = "/docs", .assets = assets()}), .middleware = links});
}

void mount_start_page(http::Router& router, const StartPage& page) {
    if (has_page(router, "/")) return;
    router.add(
        http::Method::get, "/",
        {.handler = FixedReply(start_page_html(router, page), html_type), .middleware = {PolicyLink(html_policy())}});
    // Browsers ask for it by themselves, whatever page they show.
    router.add(http::Method::get, "/favicon.ico",
               {.handler = FixedReply(std::string(bytes_of("favicon-32x32.png")), "image/png")});
}

}  // namespace openapi
