#pragma once
// Files out of a directory or out of the binary: ETag, Last-Modified, conditional requests, one byte range (206, 416),
// If-Range, precompressed .br and .gz neighbours, content types, nosniff. GET and HEAD; what is not there goes on to the
// next link (static_files) or is 404 (static_handler). May be shared by loops when `pool` outlives them.
//
//     http::Chain app({..., http::static_files({.prefix = "/assets", .directory = "public", .pool = &pool})}, router.handler());
//     router.add(http::Method::get, "/docs/{path...}", {.handler = http::static_handler({.prefix = "/docs", .assets = swagger_ui})});
//
// No path leaves the directory, by symbolic link either (openat2 with RESOLVE_BENEATH; without that system call no symbolic
// link is followed at all). Dotfiles do not exist. "/" ends in index.html; a directory without it is redirected. The disk is read on the pool, 256 KiB at a time.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/middleware.h"

namespace async {
class BlockingPool;
}

namespace http {

// A file in the binary; the views live as long as the program. `br` and `gzip` may be empty.
struct EmbeddedAsset {
    std::string_view path;  // "js/app.js"
    std::string_view bytes;
    std::string_view br = {};
    std::string_view gzip = {};
};

struct StaticFilesOptions {
    std::string prefix = {};     // of the request path, without the last slash
    std::string directory = {};  // either this, with a pool,
    async::BlockingPool* pool = nullptr;
    std::vector<EmbeddedAsset> assets = {};  // or these
    std::uint32_t max_age_seconds = 0;
    bool immutable = false;  // names change with contents
    bool precompressed = true;
    std::string index = "index.html";  // empty: none
};
// Throw std::system_error when there is no such directory, std::invalid_argument without a pool for it.
[[nodiscard]] Middleware static_files(StaticFilesOptions options);
[[nodiscard]] Handler static_handler(StaticFilesOptions options);

// "text/html; charset=utf-8" for "index.html"; "application/octet-stream" for what is not known.
[[nodiscard]] std::string_view content_type_of(std::string_view file_name);

}  // namespace http
