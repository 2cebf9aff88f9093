#pragma once
// What the server and a decoder say to each other over their socket: one program on both sides, so numbers are as the machine
// has them. The decoder's half is not believed: reply_fault() says what is wrong with it. Internal.
//
//     decoder → server   Ready                                once
//     server → decoder   Request, then the file (or its descriptor with the Request's first byte)
//     decoder → server   Reply, then the renditions' bytes

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "images/header.h"
#include "images/resample.h"

namespace images {

inline constexpr std::size_t most_sides = 8;
inline constexpr std::size_t format_count = 2;
inline constexpr std::size_t most_renditions = most_sides * format_count;
inline constexpr std::uint32_t longest_rendition = 4'096;

inline constexpr std::uint32_t ready_mark = 0x494D4731;
inline constexpr std::uint32_t request_mark = 0x494D4732;
inline constexpr std::uint32_t reply_mark = 0x494D4733;

struct Ready {
    std::uint32_t mark = ready_mark;
    std::uint32_t is_ready = 0;
    std::array<char, 248> reason{};  // why not, zero-terminated
};

// What is to be made.
struct Plan {
    std::uint32_t side_count = 0;
    std::uint32_t is_webp = 0;
    std::uint32_t is_jpeg = 0;
    std::int32_t webp_quality = 0;
    std::int32_t jpeg_quality = 0;
    std::array<std::uint32_t, most_sides> sides{};
};

struct Request {
    std::uint32_t mark = request_mark;
    std::uint32_t is_file = 0;
    std::uint64_t size = 0;
    std::uint64_t max_pixels = 0;
    Plan plan{};
};

enum class Status : std::uint32_t { rendered, unsupported, too_large, unreadable };

struct Entry {
    std::uint32_t side = 0;
    std::uint32_t is_jpeg = 0;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::uint64_t size = 0;
};

struct Reply {
    std::uint32_t mark = reply_mark;
    Status status = Status::unreadable;
    std::uint32_t type = 0;
    std::uint32_t width = 0;  // upright
    std::uint32_t height = 0;
    std::uint32_t has_alpha = 0;
    std::uint32_t colour = 0;  // 0xrrggbb
    std::uint32_t count = 0;
    std::array<Entry, most_renditions> entries{};

    [[nodiscard]] std::uint64_t bytes() const {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < count && i < entries.size(); ++i) sum += entries[i].size;
        return sum;
    }
};

static_assert(std::is_trivially_copyable_v<Ready> && std::is_trivially_copyable_v<Request> &&
              std::is_trivially_copyable_v<Reply>);

// What a Reply says that cannot be, before its bytes are read; "" if nothing.
[[nodiscard]] std::string_view reply_fault(const Reply& reply, const Request& request);
// Whether a rendition's bytes are what its entry says, and nothing else: a picture of the format and size that has not been
// turned.
[[nodiscard]] bool is_rendition(const Entry& entry, std::string_view bytes);

}  // namespace images
