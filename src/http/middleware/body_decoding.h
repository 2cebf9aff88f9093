#pragma once
// Request bodies with Content-Encoding gzip, deflate (zlib, RFC 9110 §8.4.1.2) or br arrive decoded. Any other coding, and a
// list of several, is 415 with Accept-Encoding. May be shared by loops.
//
//     http::Chain app({..., http::body_decoding()}, router.handler());
//
// Guards against bombs: the route's body limit holds for the decoded bytes (Request counts them) and for the encoded ones;
// above `ratio_floor` bytes a body may unpack to `max_ratio` times its size at most (413); a decoder's memory is bounded
// (6 MiB, so a br window of 16 MiB is refused). Bytes after the end, or an end that is missing, are 400.

#include <cstddef>
#include <cstdint>

#include "http/middleware.h"

namespace http {

struct BodyDecodingOptions {
    std::uint64_t max_ratio = 200;
    std::uint64_t ratio_floor = 1'048'576;
};
[[nodiscard]] Middleware body_decoding(BodyDecodingOptions options = {});

}  // namespace http
