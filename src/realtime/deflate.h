#pragma once
// Messages of permessage-deflate (RFC 7692 §7.2), each by itself: one pair for a loop, whatever the number of sockets. Not
// thread-safe.
//
//     MessageDeflater deflater;
//     std::string payload = deflater.deflate(text);                  // for a frame with the first reserved bit
//     auto text = inflater.inflate(payload, 64 * 1024);              // error: no deflate, or longer than that

#include <cstddef>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "realtime/frame.h"

namespace realtime {

// Below it a message is not compressed: it would hardly become shorter.
inline constexpr std::size_t least_compressed = 1'024;
// Of what we compress. A client that wants a smaller one gets messages as they are, which it has to take as well.
inline constexpr int our_window_bits = 12;

class MessageDeflater {
public:
    MessageDeflater();
    ~MessageDeflater();
    MessageDeflater(const MessageDeflater&) = delete;
    MessageDeflater& operator=(const MessageDeflater&) = delete;

    [[nodiscard]] std::string deflate(std::string_view bytes);

private:
    struct State;
    std::unique_ptr<State> state_;
};

class MessageInflater {
public:
    MessageInflater();
    ~MessageInflater();
    MessageInflater(const MessageInflater&) = delete;
    MessageInflater& operator=(const MessageInflater&) = delete;

    // invalid_payload (1007): it is no deflate; message_too_big (1009): it holds more than `most` bytes, and was left there.
    [[nodiscard]] std::expected<std::string, CloseCode> inflate(std::string_view payload, std::size_t most);

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace realtime
