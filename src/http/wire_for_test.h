#pragma once
// For tests that judge what came over the wire, byte for byte: one exchange, and the replies in it.
//
//     const auto replies = send_and_read(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").replies();

#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/server_for_test.h"

namespace http {

struct WireReply {
    int status = 0;
    std::string head;  // with its empty line
    std::string body;

    [[nodiscard]] bool closes() const { return head.contains("\r\nConnection: close\r\n"); }
};

struct WireExchange {
    std::string bytes;
    bool closed = false;  // by the server, within five seconds

    // Whole replies in order, interim ones too; what is none comes last with status -1. A body needs a Content-Length; the
    // first reply has none when it is `to_head`.
    [[nodiscard]] std::vector<WireReply> replies(bool to_head = false) const {
        std::vector<WireReply> all;
        for (std::string_view rest = bytes; !rest.empty();) {
            const auto end = rest.find("\r\n\r\n");
            auto& reply = all.emplace_back();
            reply.head = rest.substr(0, end == std::string_view::npos ? end : end + 4);
            rest.remove_prefix(reply.head.size());
            const bool starts = reply.head.starts_with("HTTP/1.1 ") && reply.head.size() > 12;
            if (starts) std::from_chars(reply.head.data() + 9, reply.head.data() + 12, reply.status);
            std::size_t length = 0;
            if (const auto at = reply.head.find("\r\nContent-Length: ");
                at != std::string::npos && !std::exchange(to_head, false)) {
                std::from_chars(reply.head.data() + at + 18, reply.head.data() + reply.head.size(), length);
            }
            if (!starts || end == std::string_view::npos || length > rest.size()) {
                reply.status = -1;
                return all;
            }
            reply.body = rest.substr(0, length);
            rest.remove_prefix(length);
        }
        return all;
    }
};

// Sends, says that this was all, and reads to the end. With `split`, in two packets, the second of which begins there.
inline WireExchange send_and_read(std::uint16_t port, std::string_view bytes, std::size_t split = 0) {
    const Client client(port);
    client.send(bytes.substr(0, split));
    client.send(bytes.substr(split));
    client.end_sending();
    WireExchange result;
    result.bytes = client.read_all();
    result.closed = !client.timed_out();
    return result;
}

// As text that can stand in a report.
inline std::string visible(std::string_view bytes) {
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes.substr(0, 400)) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\r') {
            text += "\\r";
        } else if (c == '\n') {
            text += "\\n";
        } else if (byte < 0x20 || byte > 0x7e) {
            text += {'\\', 'x', digits[byte >> 4U], digits[byte & 15U]};
        } else {
            text += c;
        }
    }
    return text;
}

}  // namespace http
