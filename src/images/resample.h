#pragma once
// Makes pictures smaller, row by row: what is in memory is a few rows, however high the picture is. Colours are added up as light
// (linear, premultiplied by alpha), by a cubic filter (Catmull-Rom) as wide as the reduction asks. Internal; the decoder's
// process.
//
//     images::Shrinker shrinker({.width = 4000, .height = 3000, .sides = {960, 320, 96}});      // descending
//     for (...) shrinker.add_row(rgba);                                                        // 4,000 pixels, 8 bits a channel
//     auto shrunk = shrinker.take();                                                           // once for each side

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace images {

// Red, green, blue, alpha, 8 bits each, not premultiplied.
struct Raster {
    std::uint32_t width = 0;
    std::uint32_t height = 0;
    std::vector<std::uint8_t> pixels{};

    [[nodiscard]] const std::uint8_t* at(std::uint32_t x, std::uint32_t y) const {
        return &pixels[(std::size_t{y} * width + x) * 4];
    }
    friend bool operator==(const Raster&, const Raster&) = default;
};

struct Size {
    std::uint32_t width;
    std::uint32_t height;
    friend bool operator==(const Size&, const Size&) = default;
};

// The longer side becomes `side`, where it is longer; the shorter one at least 1.
[[nodiscard]] Size fit(Size size, std::uint32_t side);

// As EXIF's orientation says (1 to 8): how the picture has to be turned to be upright.
[[nodiscard]] Raster upright(Raster raster, std::uint8_t orientation);

class Shrinker {
public:
    struct Options {
        std::uint32_t width;
        std::uint32_t height;
        std::vector<std::uint32_t> sides;  // descending
        Size shape{};                      // of the whole picture, where rows come reduced already; none: as they come
    };

    explicit Shrinker(Options options);
    ~Shrinker();
    Shrinker(const Shrinker&) = delete;
    Shrinker& operator=(const Shrinker&) = delete;

    // width × 4 bytes; height times.
    void add_row(std::span<const std::uint8_t> rgba);
    [[nodiscard]] bool is_complete() const;
    // Whether a pixel was not opaque.
    [[nodiscard]] bool has_alpha() const;
    // "0xrrggbb", the average on white.
    [[nodiscard]] std::uint32_t colour() const;
    // One for each side.
    [[nodiscard]] std::vector<Raster> take();

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace images
