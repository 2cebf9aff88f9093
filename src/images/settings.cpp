#include "images/settings.h"

#include <fmt/format.h>

namespace images {

void check(const Settings& settings, schema::Issues& issues) {
    // Of a progressive JPEG in inks; and what all pictures need.
    constexpr std::int64_t most_bytes_a_pixel = 8;
    constexpr std::int64_t of_any_picture = 32;
    const auto needed = settings.max_pixels * most_bytes_a_pixel / 1'000'000 + of_any_picture;
    if (settings.memory_mb < needed)
        issues.add("/IMAGES_MEMORY_MB", "too_small",
                   fmt::format("{} at least, for IMAGES_MAX_PIXELS={}", needed, settings.max_pixels));
}

}  // namespace images
