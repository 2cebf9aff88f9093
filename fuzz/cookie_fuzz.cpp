// The Cookie header as a stranger sends it; and Set-Cookie out of arbitrary parts, which must either be refused or read
// back as the one cookie it is.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include "http/cookie.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check_parsed(const http::Cookies& cookies) {
    require(cookies.all().size() + cookies.malformed() <= http::Cookies::max_cookies);
    std::string joined;
    for (const auto& cookie : cookies.all()) {
        require(!cookie.name.empty() && cookie.value.find_first_of("; ,\"\\\r\n") == std::string_view::npos);
        joined.append(joined.empty() ? "" : "; ").append(cookie.name).append("=").append(cookie.value);
    }
    const auto again = http::Cookies::parse(joined);
    if (!again) return;  // two blanks a pair may have been added
    require(again->malformed() == 0 && again->all().size() == cookies.all().size());
    for (const auto& cookie : cookies.all()) require(again->find(cookie.name) == cookies.find(cookie.name));
}

std::string_view take_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return line;
}

void check_written(std::string_view input) {
    http::SetCookie cookie;
    cookie.name = take_line(input);
    cookie.value = take_line(input);
    cookie.path = take_line(input);
    cookie.domain = input;
    std::string text;
    try {
        text = http::set_cookie(cookie);
    } catch (const std::invalid_argument&) {
        return;
    }
    require(text.find_first_of("\r\n") == std::string::npos);
    const std::string pair = text.substr(0, text.find(';'));
    const auto read = http::Cookies::parse(pair);
    require(read && read->find(cookie.name) == cookie.value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    if (const auto cookies = http::Cookies::parse(input)) check_parsed(*cookies);
    check_written(input);
    return 0;
}
