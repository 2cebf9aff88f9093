#pragma once
// What happens to a reply between the end of the chain and the wire, the same for a socket and for inject().
//
//     http::finish_reply(context, error);                  // error: what escaped the chain, or nullptr
//     const auto framing = http::framing_of(context);

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "base/failure.h"
#include "http/context.h"

namespace http {

// Turns an escaped error into a problem, runs the before_send hooks, checks the status. Never throws.
void finish_reply(Context& context, const std::exception_ptr& error) noexcept;

struct Framing {
    bool sends_body = false;              // false for HEAD, 204, 304
    std::optional<std::uint64_t> length;  // of the body, or what it would be; nullopt: stream without a length
    bool states_length = false;           // false for 1xx and 204 (RFC 9110 §8.6), 304, and streams without a length
};
[[nodiscard]] Framing framing_of(const Context& context);

// Content-Length, Transfer-Encoding, Connection, Date are the server's to send.
[[nodiscard]] bool is_server_header(std::string_view name);

}  // namespace http
