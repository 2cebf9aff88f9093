#pragma once
// What may stand in a Host field, or as the authority of an absolute target: uri-host [ ":" port ] (RFC 3986 §3.2.2), with a
// name. An IPv6 address in brackets, a port of at most 65535, no user, no white space.
//
//     http::is_host("shop.example:8080");     // true
//     http::is_host("::1");                   // false: it is written [::1]

#include <string_view>

namespace http {

[[nodiscard]] bool is_host(std::string_view text);

}  // namespace http
