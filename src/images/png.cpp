// PNG by libspng.

#include <spng.h>

#include <memory>
#include <vector>

#include "images/codecs.h"

namespace images {

namespace {

// Of each chunk beside the pixels, and of all of them: an ICC profile has 3 MB at most, and is not looked at.
constexpr std::size_t most_chunk_bytes = 8'000'000;
constexpr std::size_t most_chunks_bytes = 16'000'000;

using Context = std::unique_ptr<spng_ctx, decltype(&spng_ctx_free)>;

bool prepare(spng_ctx* context, const Source& source) {
    return spng_set_image_limits(context, longest_side, longest_side) == 0 &&
           spng_set_chunk_limits(context, most_chunk_bytes, most_chunks_bytes) == 0 &&
           spng_set_crc_action(context, SPNG_CRC_ERROR, SPNG_CRC_DISCARD) == 0 &&
           spng_set_png_buffer(context, source.bytes.data(), source.bytes.size()) == 0;
}

bool decode_rows(spng_ctx* context, Size size, RowSink& sink) {
    std::vector<std::uint8_t> row(std::size_t{4} * size.width);
    if (spng_decode_image(context, nullptr, 0, SPNG_FMT_RGBA8, SPNG_DECODE_TRNS | SPNG_DECODE_PROGRESSIVE) != 0)
        return false;
    for (std::uint32_t y = 0; y < size.height; ++y) {
        const int outcome = spng_decode_row(context, row.data(), row.size());
        if (outcome != 0 && outcome != SPNG_EOI) return false;
        sink.add_row(row);
    }
    return true;
}

// Interlaced: rows are complete at the end alone.
bool decode_whole(spng_ctx* context, Size size, RowSink& sink) {
    const auto row = std::size_t{4} * size.width;
    std::vector<std::uint8_t> pixels(row * size.height);
    if (spng_decode_image(context, pixels.data(), pixels.size(), SPNG_FMT_RGBA8, SPNG_DECODE_TRNS) != 0) return false;
    for (std::uint32_t y = 0; y < size.height; ++y) sink.add_row(std::span(pixels).subspan(y * row, row));
    return true;
}

}  // namespace

bool decode_png(const Source& source, RowSink& sink) {
    const Context context(spng_ctx_new(0), spng_ctx_free);
    spng_ihdr head{};
    if (context == nullptr || !prepare(context.get(), source) || spng_get_ihdr(context.get(), &head) != 0) return false;
    const Size size{head.width, head.height};
    if (size != Size{source.header.width, source.header.height}) return false;
    sink.begin(size);
    return head.interlace_method == SPNG_INTERLACE_NONE ? decode_rows(context.get(), size, sink)
                                                        : decode_whole(context.get(), size, sink);
}

}  // namespace images
