#include "client/url.h"

#include <curl/curl.h>

#include <memory>

#include <fmt/format.h>

#include "base/strings.h"

namespace client {

namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string part(CURLU* url, CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
    const std::unique_ptr<char, decltype(&curl_free)> owner(text, &curl_free);
    return text;
}

std::expected<Url, std::string> read(CURLU* handle, CURLUcode code) {
    if (code != CURLUE_OK)
        return std::unexpected(fmt::format("this is no URL that can be called: {}", curl_url_strerror(code)));
    Url url;
    url.scheme = base::ascii_lower(part(handle, CURLUPART_SCHEME));
    if (url.scheme != "http" && url.scheme != "https")
        return std::unexpected(std::string("a URL that is called begins with https:// or http://"));
    url.host = part(handle, CURLUPART_HOST, CURLU_PUNYCODE);
    if (url.host.empty()) return std::unexpected(std::string("the URL has no host that can be looked up"));
    const auto authority = url.host;
    if (url.host.front() == '[') url.host = url.host.substr(1, url.host.find(']') - 1);
    url.port = base::parse_integer<std::uint16_t>(part(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT)).value_or(0);
    url.path = part(handle, CURLUPART_PATH);
    if (url.port == 0) return std::unexpected(std::string("the URL has no port that can be called"));
    // As curl_url_get() would write it, which takes four times as long.
    const auto port = part(handle, CURLUPART_PORT);
    const auto query = part(handle, CURLUPART_QUERY);
    url.text = url.scheme + "://" + authority + (port.empty() ? "" : ":" + port) + url.path +
               (query.empty() ? "" : "?" + query);
    return url;
}

constexpr unsigned strictly = CURLU_DISALLOW_USER | CURLU_PATH_AS_IS;

}  // namespace

std::expected<Url, std::string> Url::parse(std::string_view text) {
    const Handle handle(curl_url(), &curl_url_cleanup);
    return read(handle.get(), curl_url_set(handle.get(), CURLUPART_URL, std::string(text).c_str(), strictly));
}

std::expected<Url, std::string> Url::follow(std::string_view location) const {
    const Handle handle(curl_url(), &curl_url_cleanup);
    auto code = curl_url_set(handle.get(), CURLUPART_URL, text.c_str(), strictly);
    if (code == CURLUE_OK)
        code = curl_url_set(handle.get(), CURLUPART_URL, std::string(location).c_str(), strictly & ~CURLU_PATH_AS_IS);
    return read(handle.get(), code);
}

std::string Url::origin() const { return fmt::format("{}://{}:{}", scheme, host, port); }

}  // namespace client
