#pragma once
// Pictures for tests, made in code: every format, turned as cameras turn them, and the hostile ones.

#include <gtest/gtest.h>

#include <gif_lib.h>
#include <spng.h>
#include <webp/encode.h>
#include <zlib.h>

#include <cstdio>

#include <jpeglib.h>

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "images/resample.h"

namespace images::test {

inline std::string big(std::uint32_t value, std::size_t size = 4) {
    std::string bytes;
    while (size-- > 0) bytes.push_back(static_cast<char>(value >> (8 * size)));
    return bytes;
}
inline std::string little(std::uint32_t value, std::size_t size = 4) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(value >> (8 * i)));
    return bytes;
}

// ---- What is on them

// Smooth colours, with a dark corner at the top left and a red one at the top right: no turn looks like another.
inline Raster scene(std::uint32_t width, std::uint32_t height) {
    Raster raster{width, height, {}};
    raster.pixels.reserve(std::size_t{4} * width * height);
    for (std::uint32_t y = 0; y < height; ++y) {
        for (std::uint32_t x = 0; x < width; ++x) {
            const bool is_top = y < height / 3;
            const bool is_dark = is_top && x < width / 3;
            const bool is_red = is_top && x >= width - width / 3;
            const auto red = is_dark ? 20U : is_red ? 220U : 60 + 120 * x / width;
            const auto green = is_dark ? 30U : is_red ? 30U : 80 + 100 * y / height;
            const auto blue = is_dark ? 40U : is_red ? 40U : 200 - 100 * x / width;
            for (const auto value : {red, green, blue, 255U}) raster.pixels.push_back(static_cast<std::uint8_t>(value));
        }
    }
    return raster;
}

// Left half transparent.
inline Raster half_transparent(std::uint32_t width, std::uint32_t height) {
    auto raster = scene(width, height);
    for (std::size_t i = 0; i < raster.pixels.size(); i += 4) {
        if (i / 4 % width < width / 2) raster.pixels[i + 3] = 0;
    }
    return raster;
}

// Stored so that `orientation` makes it upright: the inverse of images::upright.
inline Raster stored_as(const Raster& upright_one, std::uint8_t orientation) {
    constexpr std::uint8_t inverse[] = {1, 1, 2, 3, 4, 5, 8, 7, 6};
    return upright(upright_one, inverse[orientation]);
}

// ---- Metadata

// A TIFF block with the orientation, and where the picture was taken.
inline std::string tiff(std::uint16_t orientation, bool is_little = true) {
    const auto number = is_little ? little : big;
    std::string block = is_little ? "II" : "MM";
    block += number(42, 2) + number(8, 4) + number(2, 2);
    block += number(0x0112, 2) + number(3, 2) + number(1, 4) + number(orientation, 2) + number(0, 2);
    const auto position = static_cast<std::uint32_t>(block.size() + 12 + 4);
    block += number(0x8825, 2) + number(4, 2) + number(1, 4) + number(position, 4) + number(0, 4);
    // GPSLatitudeRef and GPSLatitude.
    block += number(2, 2) + number(1, 2) + number(2, 2) + number(2, 4) + std::string("S\0\0\0", 4);
    block += number(2, 2) + number(5, 2) + number(3, 4) + number(position + 30, 4) + number(0, 4);
    for (const std::uint32_t part : {1U, 1U, 17U, 1U, 3123U, 100U}) block += number(part, 4);
    return block + "GPS-SECRET-PLACE";
}

inline std::string exif(std::uint16_t orientation, bool is_little = true) {
    return std::string("Exif\0\0", 6) + tiff(orientation, is_little);
}

// ---- JPEG

struct JpegOptions {
    int quality = 90;
    bool is_progressive = false;
    bool is_grey = false;
    bool is_cmyk = false;         // of Adobe: stored as YCCK, inverted
    bool is_full_colour = false;  // a colour for each pixel
    std::string exif{};
};

inline std::string jpeg(const Raster& raster, const JpegOptions& options = {}) {
    jpeg_compress_struct codec{};
    jpeg_error_mgr errors{};
    codec.err = jpeg_std_error(&errors);
    jpeg_create_compress(&codec);
    unsigned char* bytes = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&codec, &bytes, &size);
    codec.image_width = raster.width;
    codec.image_height = raster.height;
    codec.input_components = 4;
    codec.in_color_space = options.is_cmyk ? JCS_CMYK : JCS_EXT_RGBX;
    jpeg_set_defaults(&codec);
    if (options.is_cmyk) jpeg_set_colorspace(&codec, JCS_YCCK);
    if (options.is_grey) jpeg_set_colorspace(&codec, JCS_GRAYSCALE);
    if (options.is_full_colour) codec.comp_info[0].h_samp_factor = codec.comp_info[0].v_samp_factor = 1;
    jpeg_set_quality(&codec, options.quality, TRUE);
    if (options.is_progressive) jpeg_simple_progression(&codec);
    jpeg_start_compress(&codec, TRUE);
    if (!options.exif.empty()) {
        jpeg_write_marker(&codec, JPEG_APP0 + 1, reinterpret_cast<const JOCTET*>(options.exif.data()),
                          static_cast<unsigned>(options.exif.size()));
    }
    std::vector<std::uint8_t> row(std::size_t{4} * raster.width);
    while (codec.next_scanline < codec.image_height) {
        const auto* from = raster.at(0, codec.next_scanline);
        std::copy_n(from, row.size(), row.data());
        // Without black ink: cyan, magenta and yellow alone, each as Adobe stores it, inverted.
        for (std::size_t i = 3; options.is_cmyk && i < row.size(); i += 4) row[i] = 255;
        JSAMPROW at = row.data();
        jpeg_write_scanlines(&codec, &at, 1);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    std::string file(reinterpret_cast<const char*>(bytes), size);
    std::free(bytes);
    return file;
}

// A header that says so, and hardly anything behind it.
inline std::string jpeg_of_size(std::uint16_t width, std::uint16_t height) {
    auto file = jpeg(scene(16, 16));
    const auto frame = file.find("\xFF\xC0");
    file.replace(frame + 5, 4, big(height, 2) + big(width, 2));
    return file;
}

// ---- PNG

inline std::string png_chunk(std::string_view name, std::string_view content) {
    std::string body = std::string(name) + std::string(content);
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
    return big(static_cast<std::uint32_t>(content.size())) + body + big(static_cast<std::uint32_t>(sum));
}

inline std::string deflated(std::string_view bytes, int level = 6) {
    uLongf size = compressBound(bytes.size());
    std::string out(size, '\0');
    compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(),
              level);
    out.resize(size);
    return out;
}

constexpr std::string_view png_signature{"\x89PNG\r\n\x1a\n", 8};

inline std::string png_head(std::uint32_t width, std::uint32_t height, int bits = 8, int colour = 6,
                            int interlaced = 0) {
    const std::string rest{static_cast<char>(bits), static_cast<char>(colour), 0, 0, static_cast<char>(interlaced)};
    return std::string(png_signature) + png_chunk("IHDR", big(width) + big(height) + rest);
}

struct PngOptions {
    int bits = 8;  // 8 or 16
    bool has_palette = false;
    bool is_grey = false;
    bool is_interlaced = false;
    std::string exif{};  // as a TIFF block
    std::string text{};
};

// Samples of a row from x on, each `step` pixels.
inline std::string png_row(const Raster& raster, const PngOptions& options, std::uint32_t y, std::uint32_t x,
                           std::uint32_t step) {
    std::string row(1, '\0');  // no filter
    for (; x < raster.width; x += step) {
        const auto* pixel = raster.at(x, y);
        if (options.has_palette) {
            row.push_back(static_cast<char>((pixel[0] & 0xE0U) | (pixel[1] & 0xE0U) >> 3U | pixel[2] >> 6U));
            continue;
        }
        for (int channel = 0; channel < (options.is_grey ? 1 : 4); ++channel) {
            row.push_back(static_cast<char>(pixel[channel]));
            if (options.bits == 16) row.push_back(static_cast<char>(pixel[channel]));
        }
    }
    return row;
}

inline std::string png_pixels(const Raster& raster, const PngOptions& options) {
    struct Pass {
        std::uint32_t x, y, across, down;
    };
    const std::vector<Pass> adam7{{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                  {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    std::string pixels;
    for (const auto& pass : options.is_interlaced ? adam7 : std::vector<Pass>{{0, 0, 1, 1}}) {
        if (pass.x >= raster.width) continue;
        for (auto y = pass.y; y < raster.height; y += pass.down)
            pixels += png_row(raster, options, y, pass.x, pass.across);
    }
    return pixels;
}

inline std::string png_palette() {
    std::string palette;
    for (unsigned i = 0; i < 256; ++i) {
        palette.push_back(static_cast<char>((i & 0xE0U) | 0x10U));
        palette.push_back(static_cast<char>((i & 0x1CU) << 3U | 0x10U));
        palette.push_back(static_cast<char>((i & 3U) << 6U | 0x20U));
    }
    return png_chunk("PLTE", palette);
}

inline std::string png(const Raster& raster, const PngOptions& options = {}) {
    const int colour = options.has_palette ? 3 : options.is_grey ? 0 : 6;
    auto file = png_head(raster.width, raster.height, options.bits, colour, options.is_interlaced ? 1 : 0);
    if (!options.exif.empty()) file += png_chunk("eXIf", options.exif);
    if (!options.text.empty()) file += png_chunk("tEXt", std::string("Comment\0", 8) + options.text);
    if (options.has_palette) file += png_palette();
    return file + png_chunk("IDAT", deflated(png_pixels(raster, options))) + png_chunk("IEND", "");
}

// ---- WebP

inline std::string riff_chunk(std::string_view name, std::string_view content) {
    return std::string(name) + little(static_cast<std::uint32_t>(content.size())) + std::string(content) +
           (content.size() % 2 == 1 ? std::string(1, '\0') : std::string());
}

// What stands behind "RIFF size WEBP".
inline std::string webp_chunks(const Raster& raster, bool is_lossless = true) {
    std::uint8_t* bytes = nullptr;
    const auto width = static_cast<int>(raster.width);
    const auto height = static_cast<int>(raster.height);
    const auto size = is_lossless ? WebPEncodeLosslessRGBA(raster.pixels.data(), width, height, 4 * width, &bytes)
                                  : WebPEncodeRGBA(raster.pixels.data(), width, height, 4 * width, 90, &bytes);
    std::string file(reinterpret_cast<const char*>(bytes), size);
    WebPFree(bytes);
    return file.substr(12);
}

inline std::string riff(std::string_view chunks) {
    return "RIFF" + little(static_cast<std::uint32_t>(chunks.size() + 4)) + "WEBP" + std::string(chunks);
}

inline std::string webp_canvas(std::uint32_t width, std::uint32_t height, std::uint8_t flags) {
    return riff_chunk("VP8X", std::string(1, static_cast<char>(flags)) + std::string(3, '\0') + little(width - 1, 3) +
                                  little(height - 1, 3));
}

inline std::string webp(const Raster& raster, bool is_lossless = true, std::string_view exif_block = {}) {
    if (exif_block.empty()) return riff(webp_chunks(raster, is_lossless));
    constexpr std::uint8_t has_exif = 8;
    return riff(webp_canvas(raster.width, raster.height, has_exif) + webp_chunks(raster, is_lossless) +
                riff_chunk("EXIF", exif_block));
}

// Frames of `raster` at (x, y) of a canvas.
inline std::string animated_webp(const Raster& raster, Size canvas, std::uint32_t x, std::uint32_t y, int frames) {
    constexpr std::uint8_t has_animation_and_alpha = 0x12;
    auto chunks =
        webp_canvas(canvas.width, canvas.height, has_animation_and_alpha) + riff_chunk("ANIM", std::string(6, '\0'));
    for (int i = 0; i < frames; ++i) {
        chunks += riff_chunk("ANMF", little(x / 2, 3) + little(y / 2, 3) + little(raster.width - 1, 3) +
                                         little(raster.height - 1, 3) + little(100, 3) + std::string(1, '\0') +
                                         webp_chunks(raster));
    }
    return riff(chunks);
}

// ---- GIF

struct GifOptions {
    int frames = 1;
    bool is_interlaced = false;
    int transparent = NO_TRANSPARENT_COLOR;
    int x = 0;
    int y = 0;
    Size canvas{};  // none: the picture's
};

// In the 256 colours of the PNG palette.
inline std::string gif(const Raster& raster, const GifOptions& options = {}) {
    std::string file;
    int error = 0;
    auto* out = EGifOpen(
        &file,
        [](GifFileType* to, const GifByteType* bytes, int size) {
            static_cast<std::string*>(to->UserData)
                ->append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
            return size;
        },
        &error);
    auto* map = GifMakeMapObject(256, nullptr);
    for (unsigned i = 0; i < 256; ++i)
        map->Colors[i] = {static_cast<GifByteType>((i & 0xE0U) | 0x10U),
                          static_cast<GifByteType>((i & 0x1CU) << 3U | 0x10U),
                          static_cast<GifByteType>((i & 3U) << 6U | 0x20U)};
    const auto canvas = options.canvas.width == 0 ? Size{raster.width, raster.height} : options.canvas;
    const auto width = static_cast<int>(raster.width);
    const auto height = static_cast<int>(raster.height);
    EGifSetGifVersion(out, true);
    EGifPutScreenDesc(out, static_cast<int>(canvas.width), static_cast<int>(canvas.height), 8, 0, map);
    for (int frame = 0; frame < options.frames; ++frame) {
        if (options.transparent != NO_TRANSPARENT_COLOR) {
            const GraphicsControlBlock control{0, false, 0, options.transparent};
            GifByteType block[4];
            EGifGCBToExtension(&control, block);
            EGifPutExtension(out, GRAPHICS_EXT_FUNC_CODE, sizeof block, block);
        }
        EGifPutImageDesc(out, options.x, options.y, width, height, options.is_interlaced, nullptr);
        std::vector<GifPixelType> row(raster.width);
        const std::vector<std::pair<int, int>> passes =
            options.is_interlaced ? std::vector<std::pair<int, int>>{{0, 8}, {4, 8}, {2, 4}, {1, 2}}
                                  : std::vector<std::pair<int, int>>{{0, 1}};
        for (const auto& [first, step] : passes) {
            for (int y = first; y < height; y += step) {
                for (std::uint32_t x = 0; x < raster.width; ++x) {
                    const auto* pixel = raster.at(x, static_cast<std::uint32_t>(y));
                    row[x] = static_cast<GifPixelType>((pixel[0] & 0xE0U) | (pixel[1] & 0xE0U) >> 3U | pixel[2] >> 6U);
                }
                EGifPutLine(out, row.data(), width);
            }
        }
    }
    GifFreeMapObject(map);
    EGifCloseFile(out, &error);
    return file;
}

}  // namespace images::test
