// URLs that tenants give, and where a reply sends us: the first line is the URL, the second a Location. What is plain stays as it is
// when it is read again, and its text shows where it leads to a reader who knows nothing of URLs.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "client/plain_url.h"
#include "client/special_range.h"

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check(const client::PlainUrl& plain) {
    require(plain.url.size() <= client::max_url_bytes);
    require(std::ranges::all_of(plain.url, [](char c) { return c > ' ' && c < 0x7f && c != '\\' && c != '#'; }));
    require(plain.scheme == "https" || plain.scheme == "http");
    const bool usual = plain.port == (plain.scheme == "https" ? 443 : 80);
    const auto start = plain.scheme + "://" + plain.host + (usual ? "" : ":" + std::to_string(plain.port)) + "/";
    require(plain.url.starts_with(start));
    const auto again = client::plain_url(plain.url);
    require(again && again->url == plain.url && again->host == plain.host && again->address == plain.address);
    if (!plain.address) return require(client::special_range(plain.host) != nullptr);
    require(client::canonical_address(*plain.address) == plain.address);
    require(plain.host == *plain.address || plain.host == "[" + *plain.address + "]");
}

void check_redirect(const client::PlainUrl& from, std::string_view location) {
    const auto plain = client::plain_location(from.url, location);
    if (!plain) return;
    check(*plain);
    // A path stays on the host.
    if (location.starts_with("//") || location.substr(0, location.find_first_of("/?#")).contains(':')) return;
    require(plain->host == from.host && plain->port == from.port && plain->scheme == from.scheme);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const auto end = std::min(input.find('\n'), input.size());
    const auto plain = client::plain_url(input.substr(0, end));
    if (!plain) {
        require(!plain.error().detail.empty() && plain.error().code.code.starts_with("url."));
        return 0;
    }
    check(*plain);
    if (end < input.size()) check_redirect(*plain, input.substr(end + 1));
    return 0;
}
