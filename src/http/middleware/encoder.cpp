#include "http/middleware/encoder.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <new>
#include <stdexcept>

namespace http {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{16} * 1024;
// Of streams, which may be many: 256 KiB of window instead of the 2 to 4 MiB that the levels would take.
constexpr int stream_window_bits = 18;

[[noreturn]] void fail(const char* what) { throw std::runtime_error(what); }

// ---- gzip ----------------------------------------------------------------------------------------------------------

class GzipEncoder final : public Encoder {
public:
    explicit GzipEncoder(int level) : level_(level) {
        // zlib's manual: 16 more than the window bits writes gzip; memory level 8 is its default.
        if (deflateInit2(&stream_, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) throw std::bad_alloc();
    }
    ~GzipEncoder() override { deflateEnd(&stream_); }
    GzipEncoder(const GzipEncoder&) = delete;
    GzipEncoder& operator=(const GzipEncoder&) = delete;

    void append(std::string& out, std::string_view input, Step step) override {
        const int mode = step == Step::finish ? Z_FINISH : step == Step::flush ? Z_SYNC_FLUSH : Z_NO_FLUSH;
        std::array<char, chunk_bytes> chunk;
        set_input(input);
        do {
            stream_.next_out = reinterpret_cast<Bytef*>(chunk.data());
            stream_.avail_out = chunk.size();
            if (::deflate(&stream_, mode) == Z_STREAM_ERROR) fail("deflate");
            out.append(chunk.data(), chunk.size() - stream_.avail_out);
        } while (stream_.avail_out == 0);
    }

    // The whole body in one call.
    std::string compress(std::string_view body, int level) {
        deflateReset(&stream_);
        if (level != level_) deflateParams(&stream_, level_ = level, Z_DEFAULT_STRATEGY);
        set_input(body);
        std::string out(deflateBound(&stream_, body.size()), '\0');
        stream_.next_out = reinterpret_cast<Bytef*>(out.data());
        stream_.avail_out = static_cast<uInt>(out.size());
        if (::deflate(&stream_, Z_FINISH) != Z_STREAM_END) fail("deflate");
        out.resize(out.size() - stream_.avail_out);
        return out;
    }

private:
    void set_input(std::string_view input) {
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
        stream_.avail_in = static_cast<uInt>(input.size());
    }

    z_stream stream_{};
    int level_;
};

// ---- zstd ----------------------------------------------------------------------------------------------------------

std::size_t checked(std::size_t result) {
    if (ZSTD_isError(result) != 0) fail(ZSTD_getErrorName(result));
    return result;
}

class ZstdEncoder final : public Encoder {
public:
    ZstdEncoder() : context_(ZSTD_createCCtx()) {
        if (context_ == nullptr) throw std::bad_alloc();
    }
    ~ZstdEncoder() override { ZSTD_freeCCtx(context_); }
    ZstdEncoder(const ZstdEncoder&) = delete;
    ZstdEncoder& operator=(const ZstdEncoder&) = delete;

    void begin_stream(int level) {
        checked(ZSTD_CCtx_setParameter(context_, ZSTD_c_compressionLevel, level));
        // RFC 9659 caps the window at 8 MiB; ours is far below.
        checked(ZSTD_CCtx_setParameter(context_, ZSTD_c_windowLog, stream_window_bits));
    }

    void append(std::string& out, std::string_view input, Step step) override {
        const auto mode = step == Step::finish ? ZSTD_e_end : step == Step::flush ? ZSTD_e_flush : ZSTD_e_continue;
        std::array<char, chunk_bytes> chunk;
        ZSTD_inBuffer source{input.data(), input.size(), 0};
        while (true) {
            ZSTD_outBuffer target{chunk.data(), chunk.size(), 0};
            const auto left = checked(ZSTD_compressStream2(context_, &target, &source, mode));
            out.append(chunk.data(), target.pos);
            if (mode == ZSTD_e_continue ? source.pos == source.size : left == 0) return;
        }
    }

    std::string compress(std::string_view body, int level) {
        std::string out(ZSTD_compressBound(body.size()), '\0');
        out.resize(checked(ZSTD_compressCCtx(context_, out.data(), out.size(), body.data(), body.size(), level)));
        return out;
    }

private:
    ZSTD_CCtx* context_;
};

// ---- br ------------------------------------------------------------------------------------------------------------

class BrotliEncoder final : public Encoder {
public:
    explicit BrotliEncoder(int quality) : state_(BrotliEncoderCreateInstance(nullptr, nullptr, nullptr)) {
        if (state_ == nullptr) throw std::bad_alloc();
        BrotliEncoderSetParameter(state_, BROTLI_PARAM_QUALITY, static_cast<std::uint32_t>(quality));
        BrotliEncoderSetParameter(state_, BROTLI_PARAM_LGWIN, stream_window_bits);
    }
    ~BrotliEncoder() override { BrotliEncoderDestroyInstance(state_); }
    BrotliEncoder(const BrotliEncoder&) = delete;
    BrotliEncoder& operator=(const BrotliEncoder&) = delete;

    void append(std::string& out, std::string_view input, Step step) override {
        const auto mode = step == Step::finish  ? BROTLI_OPERATION_FINISH
                          : step == Step::flush ? BROTLI_OPERATION_FLUSH
                                                : BROTLI_OPERATION_PROCESS;
        auto available_in = input.size();
        const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
        std::size_t no_room = 0;
        do {
            if (BrotliEncoderCompressStream(state_, mode, &available_in, &next_in, &no_room, nullptr, nullptr) ==
                BROTLI_FALSE)
                fail("brotli");
            std::size_t size = 0;
            const auto* bytes = BrotliEncoderTakeOutput(state_, &size);
            out.append(reinterpret_cast<const char*>(bytes), size);
        } while (available_in > 0 || BrotliEncoderHasMoreOutput(state_) == BROTLI_TRUE);
    }

private:
    BrotliEncoderState* state_;
};

std::string compress_brotli(std::string_view body, int quality) {
    // A window above the body's size buys nothing and is allocated for each body.
    const int window =
        std::clamp(static_cast<int>(std::bit_width(body.size())), BROTLI_MIN_WINDOW_BITS, BROTLI_DEFAULT_WINDOW);
    auto size = BrotliEncoderMaxCompressedSize(body.size());
    std::string out(size, '\0');
    if (BrotliEncoderCompress(quality, window, BROTLI_MODE_TEXT, body.size(),
                              reinterpret_cast<const std::uint8_t*>(body.data()), &size,
                              reinterpret_cast<std::uint8_t*>(out.data())) == BROTLI_FALSE) {
        fail("brotli");
    }
    out.resize(size);
    return out;
}

}  // namespace

std::unique_ptr<Encoder> make_encoder(Coding coding, const CompressionOptions& options) {
    if (coding == Coding::gzip) return std::make_unique<GzipEncoder>(options.gzip_level);
    if (coding == Coding::br) return std::make_unique<BrotliEncoder>(options.brotli_quality);
    auto encoder = std::make_unique<ZstdEncoder>();
    encoder->begin_stream(options.zstd_level);
    return encoder;
}

// One context of each library per thread: making one costs more than compressing a page (docs/decisions/0008-middleware.md).
std::string compress_whole(Coding coding, std::string_view body, const CompressionOptions& options) {
    if (coding == Coding::br) return compress_brotli(body, options.brotli_quality);
    if (coding == Coding::gzip) {
        thread_local GzipEncoder gzip(options.gzip_level);
        return gzip.compress(body, options.gzip_level);
    }
    thread_local ZstdEncoder zstd;
    return zstd.compress(body, options.zstd_level);
}

}  // namespace http
