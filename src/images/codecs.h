#pragma once
// The libraries that read and write pictures, each behind one function. They run in the decoder's process alone. Internal.

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "images/header.h"
#include "images/resample.h"

namespace images {

// Where a picture's rows go, from the top down: RGBA, 8 bits each, not premultiplied.
class RowSink {
public:
    virtual ~RowSink() = default;
    // Once, before the rows: the size in which they come, which is the picture's or, where decoding a smaller one is cheaper,
    // less.
    virtual void begin(Size size) = 0;
    virtual void add_row(std::span<const std::uint8_t> rgba) = 0;
};

struct Source {
    std::string_view bytes;
    Header header;
    // Both sides of what is decoded may be less than the picture's, if the longer one stays at least this.
    std::uint32_t least_side;
};

// False: the file is damaged, or not what its header said.
[[nodiscard]] bool decode_jpeg(const Source& source, RowSink& sink);
[[nodiscard]] bool decode_png(const Source& source, RowSink& sink);
[[nodiscard]] bool decode_webp(const Source& source, RowSink& sink);
[[nodiscard]] bool decode_gif(const Source& source, RowSink& sink);

// Throw std::bad_alloc. Quality 1 to 100.
[[nodiscard]] std::string encode_webp(const Raster& raster, bool has_alpha, int quality);
[[nodiscard]] std::string encode_jpeg(const Raster& raster, int quality);  // on white

}  // namespace images
