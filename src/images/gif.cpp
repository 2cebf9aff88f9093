// The first frame of a GIF by giflib.

#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "images/codecs.h"

namespace images {

namespace {

struct Close {
    void operator()(GifFileType* file) const {
        int ignored = 0;
        DGifCloseFile(file, &ignored);
    }
};
using File = std::unique_ptr<GifFileType, Close>;

int read_bytes(GifFileType* file, GifByteType* to, int count) {
    auto& left = *static_cast<std::string_view*>(file->UserData);
    const auto size = std::min(left.size(), static_cast<std::size_t>(std::max(0, count)));
    std::memcpy(to, left.data(), size);
    left.remove_prefix(size);
    return static_cast<int>(size);
}

// An extension's blocks; of a graphics control block, the transparent colour.
bool read_extension(GifFileType* file, int& transparent) {
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(file, &code, &block) == GIF_ERROR) return false;
    while (block != nullptr) {
        GraphicsControlBlock control;
        if (code == GRAPHICS_EXT_FUNC_CODE && DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK)
            transparent = control.TransparentColor;
        if (DGifGetExtensionNext(file, &block) == GIF_ERROR) return false;
    }
    return true;
}

// To where the first frame begins.
bool find_frame(GifFileType* file, int& transparent) {
    for (;;) {
        GifRecordType type = UNDEFINED_RECORD_TYPE;
        if (DGifGetRecordType(file, &type) == GIF_ERROR) return false;
        if (type == IMAGE_DESC_RECORD_TYPE) return DGifGetImageDesc(file) != GIF_ERROR;
        if (type != EXTENSION_RECORD_TYPE || !read_extension(file, transparent)) return false;
    }
}

// Rows as they come: every eighth, every eighth from the fourth, every fourth from the second, every second from the first.
std::vector<int> row_order(int height, bool is_interlaced) {
    struct Pass {
        int first;
        int step;
    };
    constexpr std::array<Pass, 4> interlaced{{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
    constexpr std::array<Pass, 1> plain{{{0, 1}}};
    std::vector<int> rows;
    for (const auto& pass : is_interlaced ? std::span<const Pass>(interlaced) : std::span<const Pass>(plain)) {
        for (int row = pass.first; row < height; row += pass.step) rows.push_back(row);
    }
    return rows;
}

// One byte a pixel.
std::optional<std::vector<GifPixelType>> read_pixels(GifFileType* file) {
    const auto& frame = file->Image;
    const auto width = static_cast<std::size_t>(frame.Width);
    std::vector<GifPixelType> pixels(width * static_cast<std::size_t>(frame.Height));
    for (const int row : row_order(frame.Height, frame.Interlace)) {
        if (DGifGetLine(file, &pixels[static_cast<std::size_t>(row) * width], frame.Width) == GIF_ERROR)
            return std::nullopt;
    }
    return pixels;
}

// The picture's colours; what no table has, and the transparent one, are transparent.
std::array<std::array<std::uint8_t, 4>, 256> palette_of(const GifFileType* file, int transparent) {
    std::array<std::array<std::uint8_t, 4>, 256> palette{};
    const auto* map = file->Image.ColorMap != nullptr ? file->Image.ColorMap : file->SColorMap;
    const int count = map == nullptr ? 0 : std::min(map->ColorCount, 256);
    for (int i = 0; i < count; ++i) {
        const auto& colour = map->Colors[i];
        if (i != transparent) palette[static_cast<std::size_t>(i)] = {colour.Red, colour.Green, colour.Blue, 255};
    }
    return palette;
}

// Where the frame is on its canvas; none outside of it.
struct Place {
    std::uint32_t x;
    std::uint32_t y;
    std::uint32_t width;
    std::uint32_t height;
};

std::optional<Place> place_of(const GifFileType* file, Size canvas) {
    const auto& frame = file->Image;
    if (frame.Left < 0 || frame.Top < 0 || frame.Width <= 0 || frame.Height <= 0) return std::nullopt;
    const Place place{static_cast<std::uint32_t>(frame.Left), static_cast<std::uint32_t>(frame.Top),
                      static_cast<std::uint32_t>(frame.Width), static_cast<std::uint32_t>(frame.Height)};
    const bool is_inside = place.x + place.width <= canvas.width && place.y + place.height <= canvas.height;
    return is_inside ? std::optional(place) : std::nullopt;
}

}  // namespace

bool decode_gif(const Source& source, RowSink& sink) {
    auto left = source.bytes;
    int error = 0;
    const File file(DGifOpen(&left, read_bytes, &error));
    int transparent = NO_TRANSPARENT_COLOR;
    if (file == nullptr || !find_frame(file.get(), transparent)) return false;
    const Size canvas{source.header.width, source.header.height};
    const auto place = place_of(file.get(), canvas);
    if (!place) return false;
    const auto pixels = read_pixels(file.get());
    if (!pixels) return false;
    const auto palette = palette_of(file.get(), transparent);
    sink.begin(canvas);
    std::vector<std::uint8_t> row(std::size_t{4} * canvas.width);
    for (std::uint32_t y = 0; y < canvas.height; ++y) {
        std::ranges::fill(row, std::uint8_t{0});
        auto* to = &row[std::size_t{4} * place->x];
        const bool is_inside = y >= place->y && y - place->y < place->height;
        for (std::uint32_t x = 0; is_inside && x < place->width; ++x)
            to = std::ranges::copy(palette[(*pixels)[std::size_t{y - place->y} * place->width + x]], to).out;
        sink.add_row(row);
    }
    return true;
}

}  // namespace images
