#pragma once
// GET /openapi.json, and two pages over it: Swagger UI at /docs, and at /docs/reader the reader, which has the guides, samples and a
// search besides; their files are /docs/{asset...}, and /docs/reader.json says what the reader has. /docs/reader/, /docs/guides and
// /docs/guides/ lead to the reader. All comes out of the binary: nothing is fetched from elsewhere, and no script is inline. Call it after every other route has been added; the document is
// made once, here. The routes may be shared by loops.
//
//     openapi::mount(router, {.info = {.title = "Shop", .version = "1.4.0"}});
//
// GET / and GET /favicon.ico: what answers here, with links to those of these paths that the router has. Last of all, so that
// a service may have a page of its own at "/".
//
//     openapi::mount_start_page(router, {.title = "Shop", .version = "1.4.0", .links = {{"/health", "Is it alive?"}}});

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/embedded.h"
#include "openapi/document.h"

namespace openapi {

// How the pages sign a person of the demo in: they post {login_member: …, "password": …} to `path`.
struct SignIn {
    std::string path;
    std::string login_member;
    std::string token_member;  // of the reply: the bearer token
    // {refresh_member: …}, which the reply has as well, posted there gives both anew; "": a token is not renewed.
    std::string refresh_path{};
    std::string refresh_member{};
    std::string sign_out_path{};  // ends the session of the bearer token; "": it is only forgotten
};

struct DemoPerson {
    std::string role;
    std::string login;
    std::string password;
};

struct Reader {
    std::span<const base::EmbeddedFile> guides{};  // of doc_pages() in cmake/doc_pages.cmake; none: operations alone
    std::string sdk{};                             // the npm package that TypeScript samples use; none: no such samples
    std::string sdk_page{};                        // the guide that says how to get it, as "offline"
    std::optional<SignIn> sign_in{};
    std::vector<DemoPerson> people{};  // whose passwords the page shows: in development alone
};

struct DocsOptions {
    Info info;
    bool page = true;                  // false: the document alone
    const http::Router* of = nullptr;  // whose routes the document has; none: those of the router that it is mounted on
    Reader reader{};
    // request: the document names the address that it was asked by before those of Info, and whatever is made of it calls that one. The
    // pages call the one of theirs that they were opened by.
    ServerOf server = ServerOf::info;
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

// What the licences of the pages' parts want to be said wherever the program goes, whether the pages are served or not: Swagger
// UI's notice and licence, and those of what is in its bundle.
[[nodiscard]] std::string notices();

// The pages' Content-Security-Policy: scripts, styles and requests of this origin; requests to the servers of the document too,
// as that is what "Try it out" sends.
[[nodiscard]] std::string docs_policy(const Info& info);

}  // namespace openapi
