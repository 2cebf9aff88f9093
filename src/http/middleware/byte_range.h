#pragma once
// A reply of a file's bytes: whether the client has them already, and which it wants (RFC 9110 §13.1.5, §14). Inside the library,
// for static_files() and File. Pure but for the reply's head.
//
//     if (const auto range = http::begin_file(context, {etag, last_modified, size})) send(range->first, range->length);
//
// Other units and broken syntax are not ranges: the whole file is sent. Several ranges are, where they are asked for
// (begin_ranges()), up to max_ranges that do not overlap (section 14.2 leaves it to us; what is beyond is how servers are made to
// send a file many times).

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace http {

class Context;

struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t length = 0;
};
enum class RangeKind : std::uint8_t { none, satisfiable, unsatisfiable };
struct RangeRequest {
    RangeKind kind = RangeKind::none;
    ByteRange range = {};
};
[[nodiscard]] RangeRequest parse_range(std::string_view header, std::uint64_t size);

inline constexpr std::size_t max_ranges = 16;
struct RangesRequest {
    RangeKind kind = RangeKind::none;
    std::vector<ByteRange> ranges = {};  // in the order of the request, without those that lie behind the end
};
[[nodiscard]] RangesRequest parse_ranges(std::string_view header, std::uint64_t size);

// What is sent. The tag is strong and has its quotes; either may be "".
struct FileVersion {
    std::string_view etag;
    std::string_view last_modified;
    std::uint64_t size = 0;
};

// Status 200, 206 or 304, and the headers that go with it. The bytes to send; nullopt: none, the client has them.
// Throws request.range_not_satisfiable (416).
[[nodiscard]] std::optional<ByteRange> begin_file(Context& context, const FileVersion& file);

// The same with several ranges: of more than one the caller sets Content-Type multipart/byteranges, and no Content-Range.
[[nodiscard]] std::optional<std::vector<ByteRange>> begin_ranges(Context& context, const FileVersion& file);

}  // namespace http
