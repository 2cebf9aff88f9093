// What a Redis server, or whoever stands in its place, may send. The first two bytes are the seed of the pieces in which the rest
// arrives: replies and fault must not depend on them.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/random.h"
#include "redis/errors.h"
#include "redis/reply_reader.h"

namespace {

using redis::detail::ReplyLimits;
using redis::detail::ReplyReader;

constexpr ReplyLimits limits{.bytes = 1U << 16, .nodes = 1U << 12, .depth = 32};

void require(bool condition) {
    if (!condition) std::abort();
}

// Walks all of a value, in every way there is, into a text that another walk must give too.
void show(const redis::Value& value, std::string& out, std::size_t depth) {
    require(depth <= limits.depth + 1);
    out += static_cast<char>('a' + static_cast<int>(value.kind()));
    try {
        out += value.text();
        static_cast<void>(value.number());
        static_cast<void>(value.integer());
    } catch (const base::Failure&) {
        out += '!';
    }
    std::size_t elements = 0;
    for (const auto element : value) {
        ++elements;
        show(element, out, depth + 1);
    }
    require(elements == value.size());
    out += ';';
}

std::string read(std::string_view bytes, base::SeededRandom* pieces) {
    ReplyReader reader(limits);
    std::string out;
    while (!bytes.empty()) {
        const auto room = reader.prepare();
        require(!room.empty());
        auto size = std::min(room.size(), bytes.size());
        if (pieces != nullptr) size = std::min<std::size_t>(size, 1 + pieces->below(9));
        std::ranges::copy(bytes.substr(0, size), room.begin());
        reader.commit(size);
        bytes.remove_prefix(size);
        while (const auto reply = reader.next()) {
            show(reply->value(), out, 0);
            std::string again;
            const auto copy = reply->value().to_reply();
            show(copy.value(), again, 0);
            require(out.ends_with(again));
        }
        if (!reader.fault().empty()) return out + reader.fault();
    }
    return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    base::SeededRandom pieces(data[0] | static_cast<std::uint64_t>(data[1]) << 8U);
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
    require(read(bytes, nullptr) == read(bytes, &pieces));
    return 0;
}
