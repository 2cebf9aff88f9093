// Frames of a WebSocket: whatever comes, in whatever pieces, is the same; what is held is bounded.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "realtime/deflate.h"
#include "realtime/frame.h"

namespace {

using realtime::MessageReader;

constexpr std::size_t most = 4'096;

std::string read(std::string_view bytes, std::size_t piece, bool compressed) {
    MessageReader reader({.max_message = most, .max_frames = 64, .compressed = compressed});
    std::string seen;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        auto part = bytes.substr(at, piece);
        MessageReader::Item item;
        while (reader.next(part, item) == MessageReader::Result::item) {
            if (item.payload.size() > most) std::abort();
            seen += static_cast<char>(item.opcode);
            seen += item.payload;
        }
    }
    if (reader.fault()) seen += std::to_string(static_cast<unsigned>(reader.fault()->code));
    return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    for (const bool compressed : {false, true}) {
        const auto whole = read(bytes, size + 1, compressed);
        if (read(bytes, 1, compressed) != whole || read(bytes, 5, compressed) != whole) std::abort();
    }
    realtime::MessageInflater inflater;
    const auto inflated = inflater.inflate(bytes, most);
    if (inflated && inflated->size() > most) std::abort();
    return 0;
}
