#pragma once
// ReplyReader: RESP2 and RESP3 out of bytes as they arrive (redis.io, "Redis serialization protocol specification"). What is no
// RESP, or beyond a bound, is a fault, and a fault is final: where the next reply begins is no longer known.
//
//     auto room = reader.prepare();
//     reader.commit(read(socket, room.data(), room.size()));
//     while (auto reply = reader.next()) take(std::move(*reply));        // a push frame has Kind::push
//     if (!reader.fault().empty()) close(reader.fault());
//
// Maps and sets read as flat arrays, attributes are skipped, streamed strings and aggregates (which no server sends) are refused.

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "redis/value.h"

namespace redis::detail {

struct ReplyLimits {
    std::size_t bytes = 64U << 20;  // of one reply, as sent
    std::size_t nodes = 1U << 20;   // values in one reply
    std::size_t depth = 32;
};

class ReplyReader {
public:
    explicit ReplyReader(ReplyLimits limits = {}) : limits_(limits) {}

    // Where the next bytes go, never empty; then how many came.
    [[nodiscard]] std::span<char> prepare();
    void commit(std::size_t size) { filled_ += size; }

    // The next whole reply; nothing when it takes more bytes, or after a fault.
    [[nodiscard]] std::optional<Reply> next();
    [[nodiscard]] const std::string& fault() const noexcept { return fault_; }

private:
    struct Open {
        std::size_t node;
        std::size_t left;  // elements to come
        bool is_attribute;
    };

    bool read_node();
    std::optional<std::string_view> read_line();
    bool read_scalar(char type, std::string_view line);
    bool read_bulk(char type, std::string_view line);
    bool read_aggregate(char type, std::string_view line);
    bool add(Kind kind, std::string_view text, std::int64_t integer = 0);
    void finish_node();
    bool fail(std::string_view fault);
    Reply take();

    ReplyLimits limits_;
    std::string buffer_;  // its size is the room, filled_ of which holds bytes
    std::size_t filled_ = 0;
    std::size_t begin_ = 0;    // of the reply being read
    std::size_t at_ = 0;       // of the value being read
    std::size_t scanned_ = 0;  // no end of line before it
    std::size_t needed_ = 0;   // filled_ at which going on makes sense
    std::vector<Node> nodes_;
    std::vector<Open> open_;
    bool whole_ = false;
    std::string fault_;
};

}  // namespace redis::detail
