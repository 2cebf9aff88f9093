#pragma once
// What a picture's file says of itself, read before anything is decoded: its type by content, its size, how many frames, how it
// was held. Pure and bounded: each byte is looked at twice at most, nothing is allocated.
//
//     auto header = images::read_header(bytes);
//     if (!header) ... header.error(): not a picture that we read, or a damaged one
//     if (header->pixels() > limit) ...
//
// JPEG: ITU T.81 annex B; EXIF 2.32. PNG: W3C PNG (Third Edition). WebP: RFC 9649. GIF: GIF89a.

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string_view>

namespace images {

enum class Type : std::uint8_t { jpeg, png, webp, gif };

[[nodiscard]] std::string_view mime_of(Type type);  // "image/jpeg"

// The part of an animated WebP that is its first frame: what libwebp decodes, and where it stands on the canvas.
struct Fragment {
    std::size_t offset = 0;
    std::size_t size = 0;  // 0: the file is no animation
    std::uint32_t x = 0;
    std::uint32_t y = 0;
    std::uint32_t width = 0;
    std::uint32_t height = 0;
};

// A side that is longer is too large, whatever the limit of pixels: a JPEG's longest.
inline constexpr std::uint32_t longest_side = 65'535;

struct Header {
    Type type;
    std::uint32_t width = 0;  // as stored, not upright; of GIF and animated WebP, the canvas
    std::uint32_t height = 0;
    std::uint32_t frames = 1;      // at least one
    std::uint8_t orientation = 1;  // EXIF's 1 to 8; what is not one of these is 1

    Fragment first_frame{};

    // width × height: of an animation its first frame alone is read.
    [[nodiscard]] std::uint64_t pixels() const;
    [[nodiscard]] bool is_turned() const { return orientation >= 5; }  // width and height change places
};

enum class HeaderError : std::uint8_t { unsupported, damaged };

// By its first bytes alone.
[[nodiscard]] std::expected<Type, HeaderError> sniff(std::string_view bytes);
// Of what is none of the four types: "HEIC", "TIFF", … by its first bytes; "" for what is not known.
[[nodiscard]] std::string_view other_kind(std::string_view bytes);
// `bytes` is the whole file.
[[nodiscard]] std::expected<Header, HeaderError> read_header(std::string_view bytes);

// EXIF's orientation out of a TIFF block ("II*\0…" or "MM\0*…"); 1 for whatever is not right in it.
[[nodiscard]] std::uint8_t orientation_of(std::string_view tiff);

}  // namespace images
