#pragma once
// One picture, from its file to its renditions: what the decoder does between a Request and its Reply. Without processes and
// sockets, so that tests may call it. Internal.

#include <string>
#include <string_view>
#include <vector>

#include "images/protocol.h"

namespace images {

struct Rendered {
    Reply reply{};
    std::vector<std::string> renditions{};
};

// Never throws; what has no memory is unreadable.
[[nodiscard]] Rendered render_picture(std::string_view file, const Request& request) noexcept;

// What a header is refused for, before anything is decoded.
[[nodiscard]] Status judge_header(const std::expected<Header, HeaderError>& header, std::uint64_t max_pixels);

}  // namespace images
