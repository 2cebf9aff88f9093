#include "http/middleware/inflate.h"

#include <brotli/decode.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#include "base/strings.h"

namespace http {

namespace {

// zlib's manual: about 44 KB for inflate.
constexpr std::size_t zlib_memory = std::size_t{48} * 1024;

class ZlibInflate final : public Inflate {
public:
    // zlib's manual: 15 is the largest window, 16 more reads gzip alone.
    explicit ZlibInflate(bool is_gzip) : is_gzip_(is_gzip) {
        if (inflateInit2(&stream_, is_gzip ? 15 + 16 : 15) != Z_OK) throw std::bad_alloc();
    }
    ~ZlibInflate() override { inflateEnd(&stream_); }
    ZlibInflate(const ZlibInflate&) = delete;
    ZlibInflate& operator=(const ZlibInflate&) = delete;

    [[nodiscard]] std::size_t memory() const override { return zlib_memory; }

private:
    Result decode_some(std::string_view& input, std::span<char> output) override {
        stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(input.data()));
        stream_.avail_in = static_cast<uInt>(input.size());
        stream_.next_out = reinterpret_cast<Bytef*>(output.data());
        stream_.avail_out = static_cast<uInt>(output.size());
        int result = Z_OK;
        while (result == Z_OK && (!finished_ || stream_.avail_in > 0)) {
            // RFC 1952 §2.2: a gzip file may have several members.
            if (finished_ && (!is_gzip_ || inflateReset(&stream_) != Z_OK)) return Result::failed;
            finished_ = false;
            result = ::inflate(&stream_, Z_NO_FLUSH);
            finished_ = result == Z_STREAM_END;
            if (finished_) result = Z_OK;
        }
        room_ = stream_.avail_out;
        input.remove_prefix(input.size() - stream_.avail_in);
        // Z_BUF_ERROR: no input or no room, which is no error.
        return result == Z_OK || result == Z_BUF_ERROR ? Result::progressed : Result::failed;
    }
    [[nodiscard]] bool is_at_end() const override { return finished_; }

    z_stream stream_{};
    bool is_gzip_;
    bool finished_ = false;
};

// The window of br may be 16 MiB, which one small request could claim; encoders use 4 MiB unless told otherwise.
struct MemoryBudget {
    static constexpr std::size_t most = std::size_t{6} * 1024 * 1024;
    std::size_t used = 0;

    static constexpr std::size_t header = alignof(std::max_align_t);
    static void* allocate(void* opaque, std::size_t size) {
        auto& budget = *static_cast<MemoryBudget*>(opaque);
        if (size > most - budget.used) return nullptr;
        auto* block = static_cast<char*>(std::malloc(size + header));
        if (block == nullptr) return nullptr;
        new (block) std::size_t(size);
        budget.used += size;
        return block + header;
    }
    static void release(void* opaque, void* address) {
        if (address == nullptr) return;
        auto* block = static_cast<char*>(address) - header;
        static_cast<MemoryBudget*>(opaque)->used -= *std::launder(reinterpret_cast<std::size_t*>(block));
        std::free(block);
    }
};

class BrotliInflate final : public Inflate {
public:
    BrotliInflate() : state_(BrotliDecoderCreateInstance(&MemoryBudget::allocate, &MemoryBudget::release, &budget_)) {
        if (state_ == nullptr) throw std::bad_alloc();
    }
    ~BrotliInflate() override { BrotliDecoderDestroyInstance(state_); }
    BrotliInflate(const BrotliInflate&) = delete;
    BrotliInflate& operator=(const BrotliInflate&) = delete;

    [[nodiscard]] std::size_t memory() const override { return budget_.used; }

private:
    Result decode_some(std::string_view& input, std::span<char> output) override {
        const auto* next_in = reinterpret_cast<const std::uint8_t*>(input.data());
        auto available_in = input.size();
        auto* next_out = reinterpret_cast<std::uint8_t*>(output.data());
        room_ = output.size();
        if (is_at_end()) return input.empty() ? Result::progressed : Result::failed;
        const auto result = BrotliDecoderDecompressStream(state_, &available_in, &next_in, &room_, &next_out, nullptr);
        input.remove_prefix(input.size() - available_in);
        const bool trailing = result == BROTLI_DECODER_RESULT_SUCCESS && available_in > 0;
        return result == BROTLI_DECODER_RESULT_ERROR || trailing ? Result::failed : Result::progressed;
    }
    [[nodiscard]] bool is_at_end() const override { return BrotliDecoderIsFinished(state_) == BROTLI_TRUE; }

    MemoryBudget budget_;
    BrotliDecoderState* state_;
};

}  // namespace

std::optional<BodyCoding> body_coding(std::string_view name) {
    // RFC 9110 §8.4.1.3: x-gzip is gzip.
    if (base::iequals(name, "gzip") || base::iequals(name, "x-gzip")) return BodyCoding::gzip;
    if (base::iequals(name, "deflate")) return BodyCoding::deflate;
    if (base::iequals(name, "br")) return BodyCoding::br;
    return std::nullopt;
}

std::unique_ptr<Inflate> make_inflate(BodyCoding coding) {
    if (coding == BodyCoding::br) return std::make_unique<BrotliInflate>();
    return std::make_unique<ZlibInflate>(coding == BodyCoding::gzip);
}

}  // namespace http
