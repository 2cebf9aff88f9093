#pragma once
// Cross-origin requests of browsers (the Fetch standard's CORS protocol). A preflight is answered here with 204; one of an
// origin that is not allowed with 403; any other request goes on, and without the headers its reply is unreadable to that
// origin. Headers are set on errors too. A reply whose handler has set Access-Control-Allow-Origin is left as it is: what is public
// is the same for every origin, and a cache keeps it once. May be shared by loops.
//
//     http::cors({.origins = {"https://shop.example"}, .credentials = true});
//     http::cors({.is_allowed = [](std::string_view origin) { return origin.ends_with(".shop.example"); }});
//
// Throws std::invalid_argument when made with credentials for any origin: that would hand every site its visitors' session.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "http/middleware.h"

namespace http {

struct CORSOptions {
    // Exact, as browsers send them: scheme, host, port, no path. {"*"}: any. "null" only when listed.
    std::vector<std::string> origins = {"*"};
    // Asked when no entry matches. Thread-safe.
    std::function<bool(std::string_view origin)> is_allowed = {};
    bool credentials = false;
    std::string methods = "GET,HEAD,PUT,POST,DELETE,PATCH";
    std::vector<std::string> request_headers = {};  // empty: those the preflight asks for
    // With those of resumable uploads (src/uploads), whose clients run in pages. By Date a page measures the device's clock.
    std::vector<std::string> exposed_headers = {"Date",
                                                "ETag",
                                                "Location",
                                                "Content-Disposition",
                                                "Content-Range",
                                                "Accept-Ranges",
                                                "WWW-Authenticate",
                                                "Retry-After",
                                                "Deprecation",
                                                "Sunset",
                                                "X-Request-Id",
                                                "X-Retriable",
                                                "Idempotent-Replayed",
                                                "RateLimit",
                                                "RateLimit-Policy",
                                                "Tus-Resumable",
                                                "Tus-Version",
                                                "Tus-Extension",
                                                "Tus-Max-Size",
                                                "Tus-Checksum-Algorithm",
                                                "Upload-Offset",
                                                "Upload-Length",
                                                "Upload-Metadata",
                                                "Upload-Expires"};
    std::uint32_t max_age_seconds = 600;  // 0: not sent. Chromium keeps a preflight for 2 hours at most
    bool private_network = false;
};
// Whether a browser would ever send this as the Origin of a page: scheme://host[:port] in lower case, without the scheme's own
// port.
[[nodiscard]] bool is_origin(std::string_view text);
[[nodiscard]] Middleware cors(CORSOptions options = {});

}  // namespace http
