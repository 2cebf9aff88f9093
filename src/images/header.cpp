#include "images/header.h"

#include <algorithm>
#include <array>
#include <optional>

namespace images {

namespace {

using Result = std::expected<Header, HeaderError>;

constexpr std::string_view exif_prefix{"Exif\0\0", 6};

// Of segments, chunks and blocks, and of the bytes around a JPEG's markers. A file of 20 MB may have millions, which would hold up
// whoever looks; pictures have thousands.
constexpr std::size_t most_parts = 200'000;

// Bytes with a position. Reading beyond the end gives nothing, and is remembered.
class Reader {
public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    [[nodiscard]] std::size_t position() const { return position_; }
    [[nodiscard]] std::size_t left() const { return bytes_.size() - position_; }
    [[nodiscard]] bool has_failed() const { return has_failed_; }

    std::uint32_t big(std::size_t count) {
        std::uint32_t value = 0;
        for (const char c : take(count)) value = value << 8U | static_cast<std::uint8_t>(c);
        return value;
    }
    std::uint32_t little(std::size_t count) {
        std::uint32_t value = 0;
        unsigned shift = 0;
        for (const char c : take(count)) {
            value |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(c)) << shift;
            shift += 8;
        }
        return value;
    }
    std::string_view take(std::size_t count) {
        if (count > left()) {
            has_failed_ = true;
            position_ = bytes_.size();
            return {};
        }
        const auto part = bytes_.substr(position_, count);
        position_ += count;
        return part;
    }
    void skip(std::size_t count) { take(count); }
    // False at the end, and after too many of them.
    bool begin_part() {
        ++parts_;
        return !has_failed_ && !has_too_many_parts() && left() > 0;
    }
    [[nodiscard]] bool has_too_many_parts() const { return parts_ > most_parts; }

private:
    std::string_view bytes_;
    std::size_t position_ = 0;
    std::size_t parts_ = 0;
    bool has_failed_ = false;
};

Result damaged() { return std::unexpected(HeaderError::damaged); }

Result with_size(const Header& header) { return header.width == 0 || header.height == 0 ? damaged() : Result(header); }

// ---- JPEG

// A marker's code; what stands before it is passed over, as libjpeg does. Nothing at the end.
std::optional<std::uint8_t> next_marker(Reader& reader) {
    bool is_marker = false;
    while (reader.begin_part()) {
        const auto byte = reader.big(1);
        if (is_marker && byte != 0 && byte != 0xFF) return static_cast<std::uint8_t>(byte);
        is_marker = byte == 0xFF;
    }
    return std::nullopt;
}

bool is_frame_marker(std::uint8_t marker) {
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

bool stands_alone(std::uint8_t marker) { return marker == 0x01 || (marker >= 0xD0 && marker <= 0xD7); }

void read_frame_header(std::string_view segment, Header& header) {
    Reader frame(segment);
    frame.skip(1);
    header.height = frame.big(2);
    header.width = frame.big(2);
}

Result read_jpeg(std::string_view bytes) {
    constexpr std::uint8_t start_of_scan = 0xDA;
    constexpr std::uint8_t end_of_image = 0xD9;
    constexpr std::uint8_t app1 = 0xE1;
    Header header{.type = Type::jpeg};
    bool has_frame = false;
    bool has_exif = false;
    Reader reader(bytes);
    reader.skip(2);
    while (const auto marker = next_marker(reader)) {
        if (stands_alone(*marker)) continue;
        if (*marker == end_of_image) return damaged();
        if (*marker == start_of_scan) return has_frame ? with_size(header) : damaged();
        const auto length = reader.big(2);
        if (length < 2) return damaged();
        const auto segment = reader.take(length - 2);
        if (reader.has_failed()) return damaged();
        if (is_frame_marker(*marker)) {
            if (has_frame) return damaged();
            has_frame = true;
            read_frame_header(segment, header);
        }
        if (*marker == app1 && !has_exif && segment.starts_with(exif_prefix)) {
            has_exif = true;
            header.orientation = orientation_of(segment.substr(exif_prefix.size()));
        }
    }
    return damaged();
}

// ---- PNG

constexpr std::string_view png_signature{"\x89PNG\r\n\x1a\n", 8};

std::string_view without_exif_prefix(std::string_view tiff) {
    return tiff.starts_with(exif_prefix) ? tiff.substr(exif_prefix.size()) : tiff;
}

// The most bytes that the pixels of a size can need, deflated by the worst of encoders: what is beyond has no end, or another
// purpose.
std::uint64_t most_pixel_bytes(const Header& header, std::uint32_t bits, std::uint32_t colour) {
    constexpr std::array<std::uint64_t, 7> channels{1, 1, 3, 1, 2, 1, 4};
    constexpr std::uint64_t most_for_little = 16'384;
    if (header.width > longest_side || header.height > longest_side || bits > 16 || colour >= channels.size())
        return ~std::uint64_t{0};  // refused for another reason
    // Rows have a byte for their filter and part of one at their end; interlaced, there are not quite twice as many.
    const auto raw = (std::uint64_t{header.width} * header.height * channels[colour] * bits) / 8 + 4ULL * header.height;
    return raw + raw / 8 + most_for_little;
}

Result read_png(std::string_view bytes) {
    Header header{.type = Type::png};
    Reader reader(bytes);
    reader.skip(png_signature.size());
    if (reader.big(4) != 13 || reader.take(4) != "IHDR") return damaged();
    header.width = reader.big(4);
    header.height = reader.big(4);
    const auto bits = reader.big(1);
    const auto colour = reader.big(1);
    constexpr std::size_t rest_and_crc = 3 + 4;
    reader.skip(rest_and_crc);
    if (reader.has_failed()) return damaged();
    std::uint64_t pixel_bytes = 0;
    while (reader.left() >= 12 && reader.begin_part()) {
        const auto length = reader.big(4);
        const auto name = reader.take(4);
        const auto content = reader.take(length);
        reader.skip(4);
        if (name == "IDAT") pixel_bytes += length;
        if (reader.has_failed() || name == "IEND") break;  // cut short: what is missing is missed by the decoder
        if (name == "eXIf") header.orientation = orientation_of(without_exif_prefix(content));
        if (name == "acTL") header.frames = std::max(1U, Reader(content).big(4));
    }
    if (reader.has_too_many_parts() || pixel_bytes > most_pixel_bytes(header, bits, colour)) return damaged();
    return with_size(header);
}

// ---- WebP

// Of a VP8 key frame (RFC 6386 section 9.1).
bool read_lossy_size(std::string_view content, Header& header) {
    Reader reader(content);
    reader.skip(3);
    if (reader.take(3) != "\x9d\x01\x2a") return false;
    header.width = reader.little(2) & 0x3FFFU;
    header.height = reader.little(2) & 0x3FFFU;
    return !reader.has_failed();
}

bool read_lossless_size(std::string_view content, Header& header) {
    Reader reader(content);
    if (reader.big(1) != 0x2F) return false;
    const auto bits = reader.little(4);
    header.width = (bits & 0x3FFFU) + 1;
    header.height = (bits >> 14U & 0x3FFFU) + 1;
    return !reader.has_failed();
}

bool read_canvas(std::string_view content, Header& header) {
    Reader reader(content);
    reader.skip(4);
    header.width = reader.little(3) + 1;
    header.height = reader.little(3) + 1;
    return !reader.has_failed();
}

bool read_animation_frame(std::string_view content, std::size_t offset, Header& header, std::uint32_t& frames) {
    constexpr std::size_t head = 16;
    if (++frames > 1) return true;
    Reader reader(content);
    Fragment frame{.offset = offset + head};
    frame.x = 2 * reader.little(3);
    frame.y = 2 * reader.little(3);
    frame.width = reader.little(3) + 1;
    frame.height = reader.little(3) + 1;
    if (content.size() <= head) return false;
    frame.size = content.size() - head;
    header.first_frame = frame;
    return frame.x + frame.width <= header.width && frame.y + frame.height <= header.height;
}

struct WebpChunk {
    std::string_view name;
    std::string_view content;
    std::size_t offset;
};

bool read_webp_chunk(const WebpChunk& chunk, Header& header, std::uint32_t& frames) {
    const bool has_size = header.width != 0;  // VP8X comes first, and has the last word
    if (chunk.name == "VP8X") return !has_size && read_canvas(chunk.content, header);
    if (chunk.name == "VP8 ") return has_size || read_lossy_size(chunk.content, header);
    if (chunk.name == "VP8L") return has_size || read_lossless_size(chunk.content, header);
    if (chunk.name == "ANMF") return has_size && read_animation_frame(chunk.content, chunk.offset, header, frames);
    if (chunk.name == "EXIF") header.orientation = orientation_of(without_exif_prefix(chunk.content));
    return true;
}

Result read_webp(std::string_view bytes) {
    Header header{.type = Type::webp};
    std::uint32_t frames = 0;
    Reader head(bytes);
    head.skip(4);
    const std::size_t size = head.little(4);
    if (size < 4 || size > bytes.size() - 8) return damaged();
    constexpr std::size_t before_chunks = 12;
    Reader reader(bytes.substr(0, 8 + size));
    reader.skip(before_chunks);
    while (reader.left() >= 8) {
        if (!reader.begin_part()) return damaged();
        WebpChunk chunk{.name = reader.take(4), .content = {}, .offset = 0};
        const auto length = reader.little(4);
        chunk.offset = reader.position();
        chunk.content = reader.take(length);
        if (reader.has_failed() || !read_webp_chunk(chunk, header, frames)) return damaged();
        if (length % 2 == 1 && reader.left() > 0) reader.skip(1);
    }
    header.frames = std::max(1U, frames);
    return with_size(header);
}

// ---- GIF

std::size_t colour_table_size(std::uint32_t flags) {
    return (flags & 0x80U) == 0 ? 0 : std::size_t{3} << ((flags & 7U) + 1);
}

void skip_blocks(Reader& reader) {
    while (reader.begin_part()) {
        const auto length = reader.big(1);
        if (length == 0) return;
        reader.skip(length);
    }
}

// The canvas grows to the first frame, as browsers have it.
void read_gif_frame(Reader& reader, Header& header, std::uint32_t& frames) {
    const auto x = reader.little(2);
    const auto y = reader.little(2);
    const auto width = reader.little(2);
    const auto height = reader.little(2);
    if (reader.has_failed()) return;
    if (++frames == 1) {
        header.width = std::max(header.width, x + width);
        header.height = std::max(header.height, y + height);
    }
    reader.skip(colour_table_size(reader.big(1)));
    reader.skip(1);
    skip_blocks(reader);
}

Result read_gif(std::string_view bytes) {
    Header header{.type = Type::gif};
    std::uint32_t frames = 0;
    Reader reader(bytes);
    reader.skip(6);
    header.width = reader.little(2);
    header.height = reader.little(2);
    const auto flags = reader.big(1);
    reader.skip(2 + colour_table_size(flags));
    while (reader.begin_part()) {
        const auto block = reader.big(1);
        if (block == ',') {
            read_gif_frame(reader, header, frames);
        } else if (block == '!') {
            reader.skip(1);
            skip_blocks(reader);
        } else {
            break;  // the trailer, or what no GIF has
        }
    }
    if (frames == 0 || reader.has_too_many_parts()) return damaged();
    header.frames = frames;
    return with_size(header);
}

}  // namespace

std::string_view mime_of(Type type) {
    constexpr std::array<std::string_view, 4> names{"image/jpeg", "image/png", "image/webp", "image/gif"};
    return names[static_cast<std::size_t>(type)];
}

std::uint64_t Header::pixels() const { return std::uint64_t{width} * height; }

std::string_view other_kind(std::string_view bytes) {
    struct Mark {
        std::size_t at;
        std::string_view bytes;
        std::string_view kind;
    };
    // Brands of ISO/IEC 23008-12 (HEIF) and AVIF behind "ftyp"; magic numbers of the others.
    constexpr std::array<Mark, 21> marks{{{4, "ftypheic", "HEIC"},
                                          {4, "ftypheix", "HEIC"},
                                          {4, "ftypheim", "HEIC"},
                                          {4, "ftypheis", "HEIC"},
                                          {4, "ftyphevc", "HEIC"},
                                          {4, "ftyphevx", "HEIC"},
                                          {4, "ftypmif1", "HEIF"},
                                          {4, "ftypmsf1", "HEIF"},
                                          {4, "ftypavif", "AVIF"},
                                          {4, "ftypavis", "AVIF"},
                                          {4, "ftyp", "a video"},
                                          {0, std::string_view("II*\0", 4), "TIFF, or a camera's raw picture"},
                                          {0, std::string_view("MM\0*", 4), "TIFF, or a camera's raw picture"},
                                          {0, "BM", "BMP"},
                                          {0, "8BPS", "a Photoshop file"},
                                          {0, "%PDF-", "a PDF"},
                                          {0, "\xFF\x0A", "JPEG XL"},
                                          {0, std::string_view("\0\0\0\x0CJXL ", 8), "JPEG XL"},
                                          {0, std::string_view("\0\0\1\0", 4), "an icon"},
                                          {0, "<", "text (SVG, HTML)"},
                                          {0, "data:", "a data URL, and not the bytes of a file"}}};
    const auto* const found = std::ranges::find_if(marks, [&](const Mark& mark) {
        return bytes.size() >= mark.at && bytes.substr(mark.at).starts_with(mark.bytes);
    });
    return found == marks.end() ? std::string_view() : found->kind;
}

std::expected<Type, HeaderError> sniff(std::string_view bytes) {
    if (bytes.starts_with("\xFF\xD8\xFF")) return Type::jpeg;
    if (bytes.starts_with(png_signature)) return Type::png;
    if (bytes.starts_with("GIF87a") || bytes.starts_with("GIF89a")) return Type::gif;
    if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP") return Type::webp;
    return std::unexpected(HeaderError::unsupported);
}

std::expected<Header, HeaderError> read_header(std::string_view bytes) {
    const auto type = sniff(bytes);
    if (!type) return std::unexpected(type.error());
    switch (*type) {
        case Type::jpeg: return read_jpeg(bytes);
        case Type::png: return read_png(bytes);
        case Type::webp: return read_webp(bytes);
        case Type::gif: return read_gif(bytes);
    }
    return damaged();
}

std::uint8_t orientation_of(std::string_view tiff) {
    constexpr std::uint32_t orientation_tag = 0x0112;
    constexpr std::uint32_t short_type = 3;
    const bool is_little = tiff.starts_with("II");
    if (!is_little && !tiff.starts_with("MM")) return 1;
    const auto number = [is_little](Reader& from, std::size_t size) {
        return is_little ? from.little(size) : from.big(size);
    };
    Reader reader(tiff);
    reader.skip(2);
    if (number(reader, 2) != 42) return 1;
    const auto directory = number(reader, 4);
    if (reader.has_failed() || directory > tiff.size()) return 1;
    Reader entries(tiff.substr(directory));
    for (auto count = number(entries, 2); count > 0 && entries.left() >= 12; --count) {
        const auto tag = number(entries, 2);
        const auto type = number(entries, 2);
        const auto values = number(entries, 4);
        const auto value = number(entries, 2);
        entries.skip(2);
        if (tag == orientation_tag)
            return type == short_type && values == 1 && value >= 1 && value <= 8 ? static_cast<std::uint8_t>(value) : 1;
    }
    return 1;
}

}  // namespace images
