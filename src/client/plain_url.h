#pragma once
// A URL of a stranger's in its one form, or why it has none. libcurl's parser reads it, which also reads what is called, and what
// people, browsers and libraries could read in different ways is refused: user names, backslashes, fragments, encoded hosts.
// Asks nobody; where the host may lead is judged by UrlGuard (client/guard.h).
//
//     client::plain_url("HTTPS://Bücher.example:443/a b")->url      // "https://xn--bcher-kva.example/a%20b"
//     client::plain_url("https://0x7f.1/")->address                 // "127.0.0.1"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/failure.h"

namespace client {

// Rows for the `.errors` of routes that take such URLs.
namespace errors {
inline constexpr auto url_malformed =
    base::invalid("url.malformed", "The URL is not written as https://host/path, without spaces");
inline constexpr auto url_too_long = base::invalid("url.too_long", "The URL has more than 2,048 bytes");
inline constexpr auto url_scheme = base::invalid("url.scheme", "URLs of this kind are not called; use https://");
inline constexpr auto url_port = base::invalid("url.port", "This port is not called");
inline constexpr auto url_credentials = base::invalid("url.credentials", "The URL has a user name or a password in it");
inline constexpr auto url_fragment = base::invalid("url.fragment", "The URL has a part behind #, which is never sent");
inline constexpr auto url_host = base::invalid("url.host", "The host of the URL is not a public host name");
inline constexpr auto url_private_address =
    base::invalid("url.private_address", "The URL leads to an address that is not on the public internet");
inline constexpr auto url_no_public_address =
    base::invalid("url.no_public_address", "The host of the URL has no address on the public internet");
inline constexpr base::ErrorCode url_lookup_failed{"url.lookup_failed", 503, true, base::Action::retry,
                                                   "The name servers did not say where the host of the URL is"};
}  // namespace errors

struct UrlRefusal {
    base::ErrorCode code;
    std::string detail;  // for whoever gave the URL
    std::string cause;   // for the log: addresses of our own network may stand in it
};

inline constexpr std::size_t max_url_bytes = 2048;

struct PlainUrl {
    std::string url;     // reading it again gives the same
    std::string scheme;  // https or http
    std::string host;    // lower case; an IPv6 address has its brackets
    std::uint16_t port = 0;
    std::optional<std::string> address;  // the host, where it is one: without brackets
    bool is_localhost = false;           // RFC 6761: the name, and all below it
};

[[nodiscard]] std::expected<PlainUrl, UrlRefusal> plain_url(std::string_view text);

// Where a reply of `from` (of plain_url()) leads by its Location. A fragment is left out.
[[nodiscard]] std::expected<PlainUrl, UrlRefusal> plain_location(const std::string& from, std::string_view location);

}  // namespace client
