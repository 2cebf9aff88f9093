#pragma once
// Request methods. Any token is a valid method on the wire (RFC 9110 §9.1); those we do not know are `other` and meet
// 405 or 501 at the router. Values are usable as bit positions of a MethodSet. Pure values, any thread.
//
//     if (request.method() == http::Method::get) { ... }
//     http::to_string(http::Method::del);                  // "DELETE"
//     http::method_from("PATCH");                          // case-sensitive, as the RFC has it

#include <cstdint>
#include <string>
#include <string_view>

namespace http {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };

inline constexpr std::size_t method_count = 8;

[[nodiscard]] std::string_view to_string(Method method);
[[nodiscard]] Method method_from(std::string_view name);

// Safe methods change nothing (RFC 9110 §9.2.1).
[[nodiscard]] constexpr bool is_safe(Method method) {
    return method == Method::get || method == Method::head || method == Method::options;
}

class MethodSet {
public:
    constexpr void insert(Method method) { bits_ = static_cast<std::uint8_t>(bits_ | bit(method)); }
    [[nodiscard]] constexpr bool contains(Method method) const { return (bits_ & bit(method)) != 0; }
    [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
    // "GET, HEAD, OPTIONS": the value of Allow.
    [[nodiscard]] std::string to_string() const;

private:
    static constexpr std::uint8_t bit(Method method) {
        return static_cast<std::uint8_t>(1U << static_cast<unsigned>(method));
    }
    std::uint8_t bits_ = 0;
};

}  // namespace http
