#pragma once
// Frames of WebSocket (RFC 6455 §5): what comes in, piece by piece and strictly, and what goes out. Nothing is held between messages,
// so that an idle socket costs the few bytes of a reader. Pure: no I/O, one thread.
//
//     MessageReader reader({.max_message = 64 * 1024});
//     std::string_view bytes = what_was_read;
//     for (MessageReader::Item item; reader.next(bytes, item) == MessageReader::Result::item;) use(item);    // item.payload: until the next call
//     if (reader.fault()) close_with(reader.fault()->code);
//
// Turned down with 1002: reserved bits and opcodes, a frame that is not masked, control frames that are fragmented or longer than
// 125 bytes, a length that is not the shortest, a continuation of nothing, a new message within one, close codes that nobody may
// send (§7.4). 1007: text that is no UTF-8, at the first byte that cannot be. 1009: a message longer than max_message, judged by what
// the head says, before its bytes come. 1008: a message in more frames than max_frames.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace realtime {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

// RFC 6455 §7.4.1, and ours: 4000 to 4999 are an application's.
enum class CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001,
    protocol_error = 1002,
    unsupported_data = 1003,
    no_status = 1005,  // a close frame without a code; never on the wire
    invalid_payload = 1007,
    policy_violation = 1008,
    message_too_big = 1009,
    server_error = 1011,
    service_restart = 1012,
    try_again_later = 1013,
    unauthorised = 4401,   // the session or its token has ended
    forbidden = 4403,      // the tenant's or the address's sockets are as many as may be
    idle = 4408,           // no first message in time, or no pong
    slow_consumer = 4409,  // more waits for it than may; what comes next was not sent
    too_fast = 4429,       // more messages a second than may be
};

// Whether UTF-8 (RFC 3629) goes on to be that, by pieces.
class Utf8Checker {
public:
    // False from the first byte on that cannot stand there.
    [[nodiscard]] bool add(std::string_view bytes);
    // No code point is half there.
    [[nodiscard]] bool is_whole() const noexcept { return missing_ == 0; }
    void reset() noexcept { missing_ = 0; }

private:
    [[nodiscard]] bool begin(unsigned char byte);

    std::uint8_t missing_ = 0;
    std::uint8_t least_ = 0x80;
    std::uint8_t most_ = 0xBF;
};

class MessageReader {
public:
    struct Options {
        std::size_t max_message = std::size_t{64} * 1024;
        std::size_t max_frames = 3'072;  // of one message, empty ones too
        bool masked = true;              // of a client's frames; false: a server's
        bool compressed = false;         // permessage-deflate (RFC 7692): the first reserved bit has a meaning
    };
    struct Item {
        Opcode opcode = Opcode::text;  // text, binary, ping, pong, close
        bool is_compressed = false;
        std::string_view payload;               // of a close: the reason
        CloseCode code = CloseCode::no_status;  // of a close
    };
    struct Fault {
        CloseCode code;
        std::string_view why;
    };
    enum class Result : std::uint8_t { more, item, failed };

    explicit MessageReader(Options options) : options_(options) {}

    // Takes bytes from the front of `bytes` until something is whole. Nothing comes behind a failure or a close.
    [[nodiscard]] Result next(std::string_view& bytes, Item& item);
    [[nodiscard]] const std::optional<Fault>& fault() const noexcept { return fault_; }

private:
    [[nodiscard]] bool take_head(std::string_view& bytes);
    [[nodiscard]] bool judge_first(unsigned char byte);
    [[nodiscard]] bool judge_length(std::uint64_t length);
    [[nodiscard]] bool take_payload(std::string_view& bytes);
    [[nodiscard]] Result finish_frame(Item& item);
    [[nodiscard]] Result finish_control(Item& item);
    [[nodiscard]] Result finish_close(Item& item);
    Result fail(CloseCode code, std::string_view why);
    [[nodiscard]] bool is_control() const noexcept { return (opcode_ & 8U) != 0; }

    Options options_;
    std::optional<Fault> fault_;
    std::uint64_t left_ = 0;  // of this frame's payload
    std::string message_;     // of the frames so far
    std::string control_;     // of a control frame, which may stand between them
    std::size_t frames_ = 0;
    std::array<char, 14> head_{};
    std::uint8_t head_size_ = 0;
    std::uint8_t head_needs_ = 2;
    std::uint8_t opcode_ = 0;
    std::uint8_t mask_at_ = 0;
    std::uint8_t message_opcode_ = 0;  // 0: no message has begun
    bool fin_ = false;
    bool in_payload_ = false;
    bool is_compressed_ = false;
    bool given_ = false;  // message_ was handed out and goes with the next call
    bool closed_ = false;
    Utf8Checker utf8_;
};

// Appends one whole frame of a server: final, not masked. `compressed` sets the first reserved bit.
void append_frame(std::string& out, Opcode opcode, std::string_view payload, bool compressed = false);
// A close frame; the reason is cut to 123 bytes, on a boundary of UTF-8. no_status has neither.
void append_close(std::string& out, CloseCode code, std::string_view reason);
// Of a code that a peer sends (§7.4).
[[nodiscard]] bool may_be_sent(std::uint16_t code);

}  // namespace realtime
