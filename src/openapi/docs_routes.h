#pragma once
// GET /openapi.json, and the documentation page over it: /docs and /docs/{asset...}. The page is Swagger UI out of the binary:
// nothing is fetched from elsewhere, and no script is inline. Call it after every other route has been added; the document is
// made once, here. The routes may be shared by loops.
//
//     openapi::mount(router, {.info = {.title = "Shop", .version = "1.4.0"}});

#include <string>

#include "openapi/document.h"

namespace openapi {

struct DocsOptions {
    Info info;
    bool page = true;  // false: the document alone
};

// Throws what document() throws.
void mount(http::Router& router, const DocsOptions& options);

// The page's Content-Security-Policy: scripts, styles and requests of this origin; requests to the servers of the document too,
// as that is what "Try it out" sends.
[[nodiscard]] std::string docs_policy(const Info& info);

}  // namespace openapi
