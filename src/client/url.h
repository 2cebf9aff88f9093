#pragma once
// Url: an http or https URL in its parts, as libcurl reads it. Pure functions.
//
//     const auto url = Url::parse("https://api.example.com/v1/charges?limit=3");       // std::expected, with why not
//     url->host;  url->port;  url->text;

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace client {

struct Url {
    std::string text;    // the whole, its host in ASCII
    std::string scheme;  // "http", "https"
    std::string host;    // a name, or an address without brackets
    std::uint16_t port = 0;
    std::string path;  // without the query

    // Credentials in it are refused. What it says of a bad URL does not repeat it.
    [[nodiscard]] static std::expected<Url, std::string> parse(std::string_view text);
    // What a Location of this one's reply means.
    [[nodiscard]] std::expected<Url, std::string> follow(std::string_view location) const;
    [[nodiscard]] bool is_tls() const noexcept { return scheme == "https"; }
    [[nodiscard]] std::string origin() const;
};

}  // namespace client
