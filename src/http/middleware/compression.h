#pragma once
// Replies compressed with zstd, br or gzip, as Accept-Encoding's weights say, ties in that order. Streams are compressed as
// they are written; BodyWriter::flush() reaches the client. A strong ETag becomes one per coding ("7" → "7-br"), which
// conditional.h reads back. `Vary: Accept-Encoding` always, but behind never_compress(). May be shared by loops.
//
//     http::Chain app({..., http::compression()}, router.handler());
//     router.add(http::Method::post, "/v1/auth/login", {.handler = login, .middleware = {http::never_compress()}});
//
// Left alone: HEAD, 204, 206, 304 and 1xx, bodies below the threshold, what has a Content-Encoding or Content-Range, types
// that do not shrink, text/event-stream, `Cache-Control: no-transform`, and routes behind never_compress(): replies that
// put a secret beside what an attacker may choose leak it through their length (BREACH).

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "http/middleware.h"

namespace http {

enum class Coding : std::uint8_t { zstd, br, gzip };
[[nodiscard]] std::string_view to_string(Coding coding);

struct CompressionOptions {
    std::size_t threshold = 1024;
    std::vector<Coding> codings = {Coding::zstd, Coding::br, Coding::gzip};  // in order of preference
    int zstd_level = 3;
    int brotli_quality = 4;
    int gzip_level = 6;
};
[[nodiscard]] Middleware compression(CompressionOptions options = {});
[[nodiscard]] Middleware never_compress();

// RFC 9110 §12.5.3; nullopt: as it is. An absent header is "".
[[nodiscard]] std::optional<Coding> negotiate_coding(std::string_view accept_encoding,
                                                     const std::vector<Coding>& preference);
[[nodiscard]] bool is_compressible(std::string_view content_type);

}  // namespace http
