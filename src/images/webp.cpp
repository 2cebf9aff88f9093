// WebP by libwebp.

#include <webp/decode.h>
#include <webp/encode.h>

#include <algorithm>
#include <memory>
#include <new>
#include <vector>

#include "images/codecs.h"

namespace images {

namespace {

// Decoded pictures, freed however it ends.
struct Decoded {
    WebPDecoderConfig config{};
    bool is_ready = WebPInitDecoderConfig(&config) != 0;

    Decoded() = default;
    ~Decoded() {
        if (is_ready) WebPFreeDecBuffer(&config.output);
    }
    Decoded(const Decoded&) = delete;
    Decoded& operator=(const Decoded&) = delete;

    [[nodiscard]] std::span<const std::uint8_t> row(std::uint32_t y) const {
        const auto& buffer = config.output.u.RGBA;
        return {buffer.rgba + std::size_t{y} * static_cast<std::size_t>(buffer.stride),
                std::size_t{4} * static_cast<std::size_t>(config.output.width)};
    }
};

Size decoded_size(const Decoded& decoded) {
    return {static_cast<std::uint32_t>(decoded.config.input.width),
            static_cast<std::uint32_t>(decoded.config.input.height)};
}

bool decode(Decoded& decoded, std::string_view bytes, Size size, std::uint32_t side) {
    const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
    if (!decoded.is_ready || WebPGetFeatures(data, bytes.size(), &decoded.config.input) != VP8_STATUS_OK) return false;
    if (decoded_size(decoded) != size) return false;
    decoded.config.output.colorspace = MODE_RGBA;
    if (const auto smaller = fit(size, side); smaller != size) {
        decoded.config.options.use_scaling = 1;
        decoded.config.options.scaled_width = static_cast<int>(smaller.width);
        decoded.config.options.scaled_height = static_cast<int>(smaller.height);
    }
    return WebPDecode(data, bytes.size(), &decoded.config) == VP8_STATUS_OK;
}

bool give_rows(const Decoded& decoded, RowSink& sink) {
    const Size size{static_cast<std::uint32_t>(decoded.config.output.width),
                    static_cast<std::uint32_t>(decoded.config.output.height)};
    sink.begin(size);
    for (std::uint32_t y = 0; y < size.height; ++y) sink.add_row(decoded.row(y));
    return true;
}

// The first frame of an animation, on a canvas that is transparent around it.
bool decode_frame(const Source& source, RowSink& sink) {
    const auto& frame = source.header.first_frame;
    Decoded decoded;
    const auto bytes = source.bytes.substr(frame.offset, frame.size);
    if (!decode(decoded, bytes, {frame.width, frame.height}, longest_side)) return false;
    sink.begin({source.header.width, source.header.height});
    std::vector<std::uint8_t> row(std::size_t{4} * source.header.width);
    for (std::uint32_t y = 0; y < source.header.height; ++y) {
        std::ranges::fill(row, std::uint8_t{0});
        if (y >= frame.y && y - frame.y < frame.height)
            std::ranges::copy(decoded.row(y - frame.y), row.begin() + std::ptrdiff_t{4} * frame.x);
        sink.add_row(row);
    }
    return true;
}

struct Encoding {
    WebPPicture picture{};
    WebPMemoryWriter writer{};
    bool is_ready = WebPPictureInit(&picture) != 0;

    Encoding() { WebPMemoryWriterInit(&writer); }
    ~Encoding() {
        if (is_ready) WebPPictureFree(&picture);
        WebPMemoryWriterClear(&writer);
    }
    Encoding(const Encoding&) = delete;
    Encoding& operator=(const Encoding&) = delete;
};

}  // namespace

bool decode_webp(const Source& source, RowSink& sink) {
    if (source.header.first_frame.size > 0) return decode_frame(source, sink);
    Decoded decoded;
    const Size size{source.header.width, source.header.height};
    return decode(decoded, source.bytes, size, source.least_side) && give_rows(decoded, sink);
}

std::string encode_webp(const Raster& raster, bool has_alpha, int quality) {
    Encoding encoding;
    WebPConfig config;
    if (!encoding.is_ready || WebPConfigPreset(&config, WEBP_PRESET_PHOTO, static_cast<float>(quality)) == 0)
        throw std::bad_alloc();
    config.method = 2;  // a third of the time of 4, for one byte more in a hundred
    auto& picture = encoding.picture;
    picture.width = static_cast<int>(raster.width);
    picture.height = static_cast<int>(raster.height);
    picture.writer = WebPMemoryWrite;
    picture.custom_ptr = &encoding.writer;
    const int stride = picture.width * 4;
    const auto* pixels = raster.pixels.data();
    const int is_imported =
        has_alpha ? WebPPictureImportRGBA(&picture, pixels, stride) : WebPPictureImportRGBX(&picture, pixels, stride);
    if (is_imported == 0 || WebPEncode(&config, &picture) == 0) throw std::bad_alloc();
    return {reinterpret_cast<const char*>(encoding.writer.mem), encoding.writer.size};
}

}  // namespace images
