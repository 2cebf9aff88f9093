#pragma once
// Reason phrases of RFC 9110 §15 and the codes we send besides. Pure, any thread.
//
//     http::reason_phrase(404);                            // "Not Found"
//     http::reason_phrase(299);                            // "" for a code without a name
//     http::has_no_body(304);                              // true: neither body nor Content-Length

#include <cstdint>
#include <string_view>

namespace http {

[[nodiscard]] std::string_view reason_phrase(std::uint16_t status);

// RFC 9110 §6.4.1: 1xx, 204 and 304 never carry content.
[[nodiscard]] constexpr bool has_no_body(std::uint16_t status) {
    return status < 200 || status == 204 || status == 304;
}

}  // namespace http
