// JPEG by libjpeg-turbo.

#include <csetjmp>
#include <cstdio>

#include <jpeglib.h>
// After jpeglib.h.
#include <jerror.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <new>
#include <vector>

#include "images/codecs.h"

namespace images {

namespace {

// A progressive picture may have any number of scans, each of which costs as much as the whole picture. Cameras and encoders
// make ten.
constexpr int most_scans = 100;

// libjpeg's functions do not return from an error.
struct Errors {
    jpeg_error_mgr manager{};
    std::jmp_buf leave{};

    template <class Codec>
    void watch(Codec& codec) {
        codec.err = jpeg_std_error(&manager);
        manager.error_exit = [](j_common_ptr any) { std::longjmp(of(any).leave, 1); };
        manager.output_message = [](j_common_ptr) {};
        manager.emit_message = [](j_common_ptr, int) {};
    }
    static Errors& of(j_common_ptr any) { return *reinterpret_cast<Errors*>(any->err); }
};

struct Reading {
    Errors errors;
    jpeg_decompress_struct codec{};
    jpeg_source_mgr source{};
    jpeg_progress_mgr progress{};
    std::vector<std::uint8_t> row{};
    std::vector<std::uint8_t> rgba{};

    explicit Reading(std::string_view bytes) {
        source.next_input_byte = reinterpret_cast<const JOCTET*>(bytes.data());
        source.bytes_in_buffer = bytes.size();
        source.init_source = [](j_decompress_ptr) {};
        source.term_source = [](j_decompress_ptr) {};
        source.resync_to_restart = jpeg_resync_to_restart;
        // What is missing is not made up.
        source.fill_input_buffer = [](j_decompress_ptr at) -> boolean {
            ERREXIT(at, JERR_INPUT_EOF);
            return FALSE;
        };
        source.skip_input_data = [](j_decompress_ptr at, long count) {
            if (count <= 0) return;
            const auto size = static_cast<std::size_t>(count);
            if (size > at->src->bytes_in_buffer) ERREXIT(at, JERR_INPUT_EOF);
            at->src->next_input_byte += size;
            at->src->bytes_in_buffer -= size;
        };
        progress.progress_monitor = [](j_common_ptr any) {
            if (reinterpret_cast<j_decompress_ptr>(any)->input_scan_number > most_scans)
                ERREXIT(any, JERR_BAD_PROGRESSION);
        };
    }
    ~Reading() { jpeg_destroy_decompress(&codec); }
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;

    void start(std::uint32_t least_side) {
        const bool is_cmyk = codec.jpeg_color_space == JCS_CMYK || codec.jpeg_color_space == JCS_YCCK;
        codec.out_color_space = is_cmyk ? JCS_CMYK : JCS_EXT_RGBA;
        // Halves, as the DCT gives them nearly for nothing.
        const auto longer = std::max(codec.image_width, codec.image_height);
        while (codec.scale_denom < 8 && longer / (2 * codec.scale_denom) >= least_side) codec.scale_denom *= 2;
        jpeg_start_decompress(&codec);
    }
};

// Adobe's programs store the inks inverted, and nobody else stores any.
void cmyk_to_rgba(std::span<const std::uint8_t> cmyk, bool is_inverted, std::vector<std::uint8_t>& rgba) {
    for (std::size_t i = 0; i < cmyk.size(); i += 4) {
        const auto paper = [&](std::size_t channel) {
            return static_cast<unsigned>(is_inverted ? cmyk[i + channel] : 255 - cmyk[i + channel]);
        };
        for (std::size_t channel = 0; channel < 3; ++channel)
            rgba[i + channel] = static_cast<std::uint8_t>((paper(channel) * paper(3) + 127) / 255);
        rgba[i + 3] = 255;
    }
}

void give_row(Reading& reading, RowSink& sink) {
    if (reading.codec.out_color_space != JCS_CMYK) return sink.add_row(reading.row);
    cmyk_to_rgba(reading.row, reading.codec.saw_Adobe_marker == TRUE, reading.rgba);
    sink.add_row(reading.rgba);
}

// Nothing of this frame needs a destructor: libjpeg's errors leave it by longjmp.
bool read(Reading& reading, const Source& source, RowSink& sink) {
    auto& codec = reading.codec;
    if (setjmp(reading.errors.leave) != 0) return false;  // NOLINT(cert-err52-cpp): libjpeg's way
    reading.errors.watch(codec);
    jpeg_create_decompress(&codec);
    codec.src = &reading.source;
    codec.progress = &reading.progress;
    jpeg_read_header(&codec, TRUE);
    if (codec.image_width != source.header.width || codec.image_height != source.header.height) return false;
    reading.start(source.least_side);
    sink.begin({codec.output_width, codec.output_height});
    reading.row.resize(std::size_t{4} * codec.output_width);
    reading.rgba.resize(reading.row.size());
    JSAMPROW row = reading.row.data();
    while (codec.output_scanline < codec.output_height) {
        jpeg_read_scanlines(&codec, &row, 1);
        give_row(reading, sink);
    }
    return true;
}

struct Writing {
    Errors errors;
    jpeg_compress_struct codec{};
    std::vector<std::uint8_t> row{};
    unsigned char* bytes = nullptr;
    unsigned long size = 0;

    Writing() = default;
    ~Writing() {
        jpeg_destroy_compress(&codec);
        std::free(bytes);  // NOLINT(cppcoreguidelines-no-malloc): libjpeg allocated it
    }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

    void fill_row(const Raster& raster) {
        const auto* from = raster.at(0, codec.next_scanline);
        for (auto* to = row.data(); to != row.data() + row.size(); from += 4) {
            const unsigned alpha = from[3];
            for (std::size_t channel = 0; channel < 3; ++channel)
                *to++ = static_cast<std::uint8_t>((from[channel] * alpha + 255 * (255 - alpha) + 127) / 255);
        }
    }
};

bool write(Writing& writing, const Raster& raster, int quality) {
    auto& codec = writing.codec;
    if (setjmp(writing.errors.leave) != 0) return false;  // NOLINT(cert-err52-cpp): libjpeg's way
    writing.errors.watch(codec);
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, &writing.bytes, &writing.size);
    codec.image_width = raster.width;
    codec.image_height = raster.height;
    codec.input_components = 3;
    codec.in_color_space = JCS_RGB;
    jpeg_set_defaults(&codec);
    jpeg_set_quality(&codec, quality, TRUE);
    codec.optimize_coding = TRUE;
    jpeg_start_compress(&codec, TRUE);
    JSAMPROW row = writing.row.data();
    while (codec.next_scanline < codec.image_height) {
        writing.fill_row(raster);
        jpeg_write_scanlines(&codec, &row, 1);
    }
    jpeg_finish_compress(&codec);
    return true;
}

}  // namespace

bool decode_jpeg(const Source& source, RowSink& sink) {
    Reading reading(source.bytes);
    return read(reading, source, sink);
}

std::string encode_jpeg(const Raster& raster, int quality) {
    Writing writing;
    writing.row.resize(std::size_t{3} * raster.width);
    if (!write(writing, raster, quality)) throw std::bad_alloc();
    return {reinterpret_cast<const char*>(writing.bytes), writing.size};
}

}  // namespace images
