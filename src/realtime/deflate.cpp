#include "realtime/deflate.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include <zlib.h>

namespace realtime {

namespace {

constexpr std::string_view tail("\x00\x00\xFF\xFF", 4);  // RFC 7692 §7.2.1: left out, and put back
constexpr int memory_level = 5;                          // about 40 kB, once a loop
constexpr std::size_t piece_size = std::size_t{16} * 1024;

void set_input(z_stream& stream, std::string_view bytes) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // NOLINT: zlib writes nothing there
    stream.avail_in = static_cast<uInt>(bytes.size());
}

}  // namespace

struct MessageDeflater::State {
    z_stream stream{};
    State() {
        if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, -our_window_bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
    }
    ~State() { deflateEnd(&stream); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

MessageDeflater::MessageDeflater() : state_(std::make_unique<State>()) {}
MessageDeflater::~MessageDeflater() = default;

std::string MessageDeflater::deflate(std::string_view bytes) {
    auto& stream = state_->stream;
    deflateReset(&stream);
    set_input(stream, bytes);
    std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())) + 16, '\0');
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    ::deflate(&stream, Z_SYNC_FLUSH);
    out.resize(out.size() - stream.avail_out);
    if (out.ends_with(tail)) out.resize(out.size() - tail.size());
    return out;
}

struct MessageInflater::State {
    z_stream stream{};
    State() {
        if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    }
    ~State() { inflateEnd(&stream); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

MessageInflater::MessageInflater() : state_(std::make_unique<State>()) {}
MessageInflater::~MessageInflater() = default;

std::expected<std::string, CloseCode> MessageInflater::inflate(std::string_view payload, std::size_t most) {
    auto& stream = state_->stream;
    inflateReset(&stream);
    std::string out;
    std::array<char, piece_size> piece;  // NOLINT(cppcoreguidelines-pro-type-member-init): written to alone
    bool ended = false;
    for (const auto input : {payload, tail}) {
        set_input(stream, input);
        while (!ended) {
            stream.next_out = reinterpret_cast<Bytef*>(piece.data());
            stream.avail_out = static_cast<uInt>(piece.size());
            const auto status = ::inflate(&stream, Z_SYNC_FLUSH);
            const auto size = piece.size() - stream.avail_out;
            if (size > most - out.size()) return std::unexpected(CloseCode::message_too_big);
            out.append(piece.data(), size);
            if (status == Z_BUF_ERROR) break;  // nothing is left of the input
            if (status != Z_OK && status != Z_STREAM_END) return std::unexpected(CloseCode::invalid_payload);
            // A final block may end it (§7.2.3.4); what stands behind it means nothing to us.
            ended = status == Z_STREAM_END;
            if (stream.avail_in == 0 && stream.avail_out != 0) break;
        }
    }
    return out;
}

}  // namespace realtime
