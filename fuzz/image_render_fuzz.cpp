// Whole pictures as a stranger makes them, from the file to the renditions: whatever comes, the answer is one that the server takes.
// What is ours between the libraries is instrumented: canvases, palettes, turns, reductions.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "images/render_picture.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    images::Request request{.max_pixels = 40'000};
    request.plan = {
        .side_count = 2, .is_webp = 1, .is_jpeg = 1, .webp_quality = 50, .jpeg_quality = 50, .sides = {7, 24}};
    const auto rendered = images::render_picture({reinterpret_cast<const char*>(data), size}, request);
    if (!images::reply_fault(rendered.reply, request).empty()) std::abort();
    if (rendered.renditions.size() != rendered.reply.count) std::abort();
    for (std::size_t i = 0; i < rendered.renditions.size(); ++i) {
        if (!images::is_rendition(rendered.reply.entries[i], rendered.renditions[i])) std::abort();
    }
    return 0;
}
