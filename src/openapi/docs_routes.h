#pragma once
// GET /openapi.json, and the documentation page over it: /docs and /docs/{asset...}. The page is Swagger UI out of the binary:
// nothing is fetched from elsewhere, and no script is inline. Call it after every other route has been added; the document is
// made once, here. The routes may be shared by loops.
//
//     openapi::mount(router, {.info = {.title = "Shop", .version = "1.4.0"}});
//
// GET / and GET /favicon.ico: what answers here, with links to those of these paths that the router has. Last of all, so that
// a service may have a page of its own at "/".
//
//     openapi::mount_start_page(router, {.title = "Shop", .version = "1.4.0", .links = {{"/health", "Is it alive?"}}});

#include <string>
#include <vector>

#include "openapi/document.h"

namespace openapi {

struct DocsOptions {
    Info info;
    bool page = true;                  // false: the document alone
    const http::Router* of = nullptr;  // whose routes the document has; none: those of the router that it is mounted on
};

// Throws what document() throws.
void mount(http::Router& router, const DocsOptions& options);

struct StartPage {
    std::string title;
    std::string version{};  // "": is not said
    struct Link {
        std::string path;
        std::string text;
    };
    std::vector<Link> links{};
};

void mount_start_page(http::Router& router, const StartPage& page);

// The page's Content-Security-Policy: scripts, styles and requests of this origin; requests to the servers of the document too,
// as that is what "Try it out" sends.
[[nodiscard]] std::string docs_policy(const Info& info);

}  // namespace openapi
