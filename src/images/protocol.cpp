#include "images/protocol.h"

#include <algorithm>

namespace images {

namespace {

// The most that an encoder makes of a pixel, and of a picture that has hardly any.
constexpr std::uint64_t most_bytes_a_pixel = 6;
constexpr std::uint64_t most_other_bytes = 65'536;

bool is_possible(const Entry& entry, std::uint32_t side, bool is_jpeg, Size source) {
    const Size size{entry.width, entry.height};
    return entry.side == side && (entry.is_jpeg == 1) == is_jpeg && size == fit(source, side) && entry.size > 0 &&
           entry.size <= std::uint64_t{size.width} * size.height * most_bytes_a_pixel + most_other_bytes;
}

}  // namespace

std::string_view reply_fault(const Reply& reply, const Request& request) {
    if (reply.mark != reply_mark) return "no reply";
    if (reply.status != Status::rendered) return reply.status <= Status::unreadable ? "" : "an unknown status";
    const auto& plan = request.plan;
    if (reply.type > static_cast<std::uint32_t>(Type::gif) || reply.colour > 0xFFFFFF || reply.has_alpha > 1)
        return "an unknown value";
    if (reply.width == 0 || reply.height == 0 || reply.width > longest_side || reply.height > longest_side ||
        std::uint64_t{reply.width} * reply.height > request.max_pixels)
        return "an impossible size";
    std::size_t at = 0;
    for (std::size_t i = 0; i < plan.side_count; ++i) {
        for (const bool is_jpeg : {false, true}) {
            if ((is_jpeg ? plan.is_jpeg : plan.is_webp) == 0) continue;
            if (at >= reply.count ||
                !is_possible(reply.entries[at++], plan.sides[i], is_jpeg, {reply.width, reply.height}))
                return "an impossible rendition";
        }
    }
    return at == reply.count ? "" : "too many renditions";
}

bool is_rendition(const Entry& entry, std::string_view bytes) {
    const auto header = read_header(bytes);
    const auto type = entry.is_jpeg == 1 ? Type::jpeg : Type::webp;
    return header && header->type == type && header->width == entry.width && header->height == entry.height &&
           header->frames == 1 && header->orientation == 1;
}

}  // namespace images
