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
#include "openapi/json_text.h"

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

using Files = std::span<const base::EmbeddedFile>;

// "" when there is no such file.
std::string_view bytes_of(Files files, const std::string& path) {
    const auto found = std::ranges::find(files, path, &base::EmbeddedFile::path);
    return found == files.end() ? std::string_view() : found->bytes;
}

std::string page_of(const std::string& path) { return std::string(bytes_of(embedded::docs_site(), path)); }

// Compressed forms stand beside their file.
void add_assets(std::vector<http::EmbeddedAsset>& all, Files files) {
    for (const auto& file : files) {
        if (file.path.ends_with(".br") || file.path.ends_with(".gz")) continue;
        const std::string path(file.path);
        all.push_back({file.path, file.bytes, bytes_of(files, path + ".br"), bytes_of(files, path + ".gz")});
    }
}

std::vector<http::EmbeddedAsset> assets(Files guides) {
    std::vector<http::EmbeddedAsset> all;
    add_assets(all, embedded::docs_site());
    add_assets(all, guides);
    return all;
}

// Addresses that people write beside the reader's. The tail would take them for files.
class Assets {
public:
    explicit Assets(Files guides) : files_(http::static_handler({.prefix = "/docs", .assets = assets(guides)})) {}
    async::Task<void> operator()(http::Context& context) const {
        const auto asset = context.param("asset");
        if (asset != "reader/" && asset != "guides" && asset != "guides/") {
            co_await files_(context);
            co_return;
        }
        // Relative, as a proxy may have taken a prefix away.
        context.response().status(308).header("Location", asset.ends_with('/') ? "../reader" : "reader");
    }

private:
    http::Handler files_;
};

// What the reader asks for first.
std::string reader_json(const Reader& reader) {
    JsonObject json;
    json.flag("guides", !reader.guides.empty())
        .text_unless_empty("sdk", reader.sdk)
        .text_unless_empty("sdkPage", reader.sdk_page);
    if (!reader.sign_in || reader.people.empty()) return std::move(json).take();
    JsonObject sign_in;
    sign_in.text("path", reader.sign_in->path)
        .text("loginMember", reader.sign_in->login_member)
        .text("tokenMember", reader.sign_in->token_member)
        .text_unless_empty("refreshPath", reader.sign_in->refresh_path)
        .text_unless_empty("refreshMember", reader.sign_in->refresh_member)
        .text_unless_empty("signOutPath", reader.sign_in->sign_out_path);
    JsonArray people;
    for (const auto& person : reader.people) {
        JsonObject one;
        one.text("role", person.role).text("login", person.login).text("password", person.password);
        people.raw(std::move(one).take());
    }
    json.raw("signIn", std::move(sign_in).take()).raw("people", std::move(people).take());
    return std::move(json).take();
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
               {.handler = DocumentReply(options.of == nullptr ? router : *options.of, options.info, options.server)});
    if (!options.page) return;
    const std::vector<http::Middleware> links{PolicyLink(docs_policy(options.info))};
    router.add(http::Method::get, "/docs",
               {.handler = FixedReply(page_of("index.html"), html_type), .middleware = links});
    router.add(http::Method::get, "/docs/reader",
               {.handler = FixedReply(page_of("reader.html"), html_type), .middleware = links});
    router.add(http::Method::get, "/docs/reader.json",
               {.handler = FixedReply(reader_json(options.reader), "application/json"), .middleware = links});
    router.add(http::Method::get, "/docs/{asset...}", {.handler = Assets(options.reader.guides), .middleware = links});
}

std::string notices() {
    return fmt::format("swagger-ui-dist, which the page /docs is made with:\n\n{}\n{}\nWhat its bundle has:\n\n{}",
                       page_of("NOTICE"), page_of("LICENSE"), page_of("swagger-ui-bundle.js.LICENSE.txt"));
}

void mount_start_page(http::Router& router, const StartPage& page) {
    if (has_page(router, "/")) return;
    router.add(
        http::Method::get, "/",
        {.handler = FixedReply(start_page_html(router, page), html_type), .middleware = {PolicyLink(html_policy())}});
    // Browsers ask for it by themselves, whatever page they show.
    router.add(http::Method::get, "/favicon.ico", {.handler = FixedReply(page_of("favicon-32x32.png"), "image/png")});
}

}  // namespace openapi
