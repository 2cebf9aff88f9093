#include "client/plain_url.h"

#include <curl/curl.h>
#include <idn2.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "base/strings.h"
#include "client/special_range.h"

namespace client {

namespace {

using Judged = std::expected<PlainUrl, UrlRefusal>;
using Refused = std::unexpected<UrlRefusal>;

// RFC 1035: of a name without its last dot, and of one part of it.
constexpr std::size_t max_name = 253;
constexpr std::size_t max_label = 63;

Refused refuse(const base::ErrorCode& code, std::string detail, std::string cause = {}) {
    return Refused({code, std::move(detail), std::move(cause)});
}

// ---- libcurl's URL API -------------------------------------------------------------------------------------------------

class CurlUrl {
public:
    // Absolute, or relative to what is there.
    [[nodiscard]] CURLUcode read(const std::string& url) {
        return ::curl_url_set(handle_.get(), CURLUPART_URL, url.c_str(), CURLU_URLENCODE | CURLU_DISALLOW_USER);
    }
    [[nodiscard]] CURLUcode set_host(const std::string& host) {
        return ::curl_url_set(handle_.get(), CURLUPART_HOST, host.c_str(), 0);
    }
    // nullopt: the URL has no such part.
    [[nodiscard]] std::optional<std::string> get(CURLUPart part, unsigned flags = 0) const {
        char* text = nullptr;
        if (::curl_url_get(handle_.get(), part, &text, flags) != CURLUE_OK) return std::nullopt;
        const std::unique_ptr<char, decltype(&::curl_free)> owner(text, &::curl_free);
        return std::string(text);
    }
    [[nodiscard]] std::optional<std::string> whole() const { return get(CURLUPART_URL, CURLU_NO_DEFAULT_PORT); }

private:
    std::unique_ptr<CURLU, decltype(&::curl_url_cleanup)> handle_{::curl_url(), &::curl_url_cleanup};
};

Refused refuse(CURLUcode code) {
    const std::string cause = ::curl_url_strerror(code);
    switch (code) {
        case CURLUE_BAD_PORT_NUMBER: return refuse(errors::url_port, "The port is not a number up to 65535.", cause);
        case CURLUE_USER_NOT_ALLOWED: return refuse(errors::url_credentials, "Leave out what is before @.", cause);
        case CURLUE_BAD_HOSTNAME:
        case CURLUE_BAD_IPV6:
        case CURLUE_NO_HOST: return refuse(errors::url_host, "The host is not written as one.", cause);
        default: return refuse(errors::url_malformed, "The URL cannot be read.", cause);
    }
}

// ---- The text, before anybody reads it ---------------------------------------------------------------------------------

std::optional<Refused> judge_text(std::string_view text) {
    if (text.size() > max_url_bytes) {
        return refuse(errors::url_too_long, "2,048 bytes at most, with all but ASCII written as %XX.");
    }
    if (!base::is_utf8(text)) return refuse(errors::url_malformed, "The URL is not UTF-8.");
    const auto unclear = [](unsigned char byte) { return byte <= ' ' || byte == 0x7f || byte == '\\'; };
    if (std::ranges::any_of(text, unclear)) {
        return refuse(errors::url_malformed, "Write spaces, control characters and \\ as %XX.");
    }
    return std::nullopt;
}

// "HTTPS" of "HTTPS://host"; nullopt for a relative reference.
std::optional<std::string_view> scheme_of(std::string_view text) {
    const auto end = text.find_first_of(":/?#");
    if (end == std::string_view::npos || text[end] != ':') return std::nullopt;
    return text.substr(0, end);
}

// Only refuses: the parts are libcurl's. Between the two slashes and the first of / ? # all readers see the same.
std::optional<Refused> judge_authority(std::string_view text) {
    const auto scheme = scheme_of(text);
    if (!scheme || scheme->empty()) return refuse(errors::url_malformed, "The URL begins with https://.");
    if (!base::iequals(*scheme, "https") && !base::iequals(*scheme, "http")) {
        return refuse(errors::url_scheme, "The URL begins with https://.");
    }
    auto authority = text.substr(scheme->size() + 1);
    if (!authority.starts_with("//") || authority.starts_with("///")) {
        return refuse(errors::url_malformed, "Two slashes stand before the host.");
    }
    authority.remove_prefix(2);
    authority = authority.substr(0, authority.find_first_of("/?#"));
    if (authority.empty()) return refuse(errors::url_host, "The URL has no host.");
    if (authority.contains('@')) return refuse(errors::url_credentials, "Leave out what is before @.");
    if (authority.contains('%')) return refuse(errors::url_host, "Write the host without %.");
    if (text.contains('#')) return refuse(errors::url_fragment, "Leave out # and what is behind it.");
    return std::nullopt;
}

// ---- The host ----------------------------------------------------------------------------------------------------------

// IDNA 2008 with the mapping of UTS #46: other digits, dots and widths become ASCII. Not libcurl's own, which takes the text for
// one in the locale's encoding.
std::optional<std::string> to_ascii(const std::string& host) {
    std::uint8_t* text = nullptr;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(host.c_str());
    if (::idn2_lookup_u8(bytes, &text, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) != IDN2_OK) return std::nullopt;
    const std::unique_ptr<std::uint8_t, decltype(&::idn2_free)> owner(text, &::idn2_free);
    return reinterpret_cast<const char*>(text);
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || base::is_ascii_digit(c) || c == '-' || c == '_' || c == '.';
}

std::expected<std::string, UrlRefusal> plain_host(const std::string& written) {
    if (written.starts_with('[')) {
        const auto address = canonical_address(std::string_view(written).substr(1, written.size() - 2));
        if (!address) return refuse(errors::url_host, "The host is not an IPv6 address.");
        return "[" + *address + "]";
    }
    auto host = base::ascii_lower(written);
    const bool is_ascii = std::ranges::all_of(host, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (!is_ascii || host.contains("xn--")) {
        const auto ascii = to_ascii(host);
        if (!ascii) return refuse(errors::url_host, "The host is not a name by the rules of IDNA 2008.");
        host = base::ascii_lower(*ascii);
    }
    // Some letters become / @ : and the like: these make no other host of it.
    if (!std::ranges::all_of(host, is_name_character)) {
        return refuse(errors::url_host, "Host names have letters, digits, hyphens and dots.");
    }
    return host;
}

bool is_number(std::string_view label) {
    if (label.starts_with("0x")) {
        return std::ranges::all_of(label.substr(2),
                                   [](char c) { return base::is_ascii_digit(c) || (c >= 'a' && c <= 'f'); });
    }
    return std::ranges::all_of(label, base::is_ascii_digit);
}

// Of a host that libcurl has nothing left to change in.
std::optional<Refused> judge_name(PlainUrl& url) {
    const auto labels = base::split(url.host, '.');
    const auto is_label = [](std::string_view label) { return !label.empty() && label.size() <= max_label; };
    if (url.host.size() > max_name || !std::ranges::all_of(labels, is_label)) {
        return refuse(errors::url_host, "Between the dots of a host are 1 to 63 characters, and 253 in all.");
    }
    if (is_number(labels.back())) {
        url.address = canonical_address(url.host);
        if (url.address != url.host) return refuse(errors::url_host, "The host is not an IPv4 address.");
        return std::nullopt;
    }
    url.is_localhost = labels.back() == "localhost";
    if (labels.size() == 1 && !url.is_localhost) return refuse(errors::url_host, "A public host name has a dot.");
    return std::nullopt;
}

// ---- All of it ---------------------------------------------------------------------------------------------------------

// The host in its plain form, which may be one that libcurl, asked again, reads as an address.
Judged read_once(const std::string& text) {
    if (auto refusal = judge_text(text)) return *refusal;
    if (auto refusal = judge_authority(text)) return *refusal;
    CurlUrl parts;
    if (const auto code = parts.read(text); code != CURLUE_OK) return refuse(code);
    const auto host = plain_host(parts.get(CURLUPART_HOST).value_or(""));
    if (!host) return Refused(host.error());
    if (const auto code = parts.set_host(*host); code != CURLUE_OK) return refuse(code);
    const auto port = base::parse_integer<std::uint16_t>(parts.get(CURLUPART_PORT, CURLU_DEFAULT_PORT).value_or(""));
    const auto scheme = parts.get(CURLUPART_SCHEME);
    auto whole = parts.whole();
    if (!port || !scheme || !whole) return refuse(errors::url_malformed, "The URL cannot be read.");
    return PlainUrl{.url = std::move(*whole), .scheme = *scheme, .host = *host, .port = *port};
}

}  // namespace

Judged plain_url(std::string_view written) {
    std::string text(written);
    // The first reading makes the host plain, the second makes an address of numbers; the third finds nothing to do.
    for (int reading = 0; reading < 4; ++reading) {
        auto url = read_once(text);
        if (!url) return url;
        if (url->url != text) {
            text = std::move(url->url);
            continue;
        }
        if (url->host.starts_with('[')) {
            url->address = url->host.substr(1, url->host.size() - 2);
        } else if (auto refusal = judge_name(*url)) {
            return *refusal;
        }
        return url;
    }
    return refuse(errors::url_malformed, "The URL cannot be brought into one form.");
}

Judged plain_location(const std::string& from, std::string_view location) {
    if (auto refusal = judge_text(location)) return *refusal;
    const auto place = location.substr(0, location.find('#'));
    if (place.empty()) return refuse(errors::url_malformed, "The redirect leads nowhere.");
    if (scheme_of(place)) return plain_url(place);
    if (place.starts_with("//")) return plain_url(std::string(*scheme_of(from)) + ":" + std::string(place));
    // A path: libcurl finds its place, and the host stays.
    CurlUrl parts;
    if (const auto code = parts.read(from); code != CURLUE_OK) return refuse(code);
    const auto host = parts.get(CURLUPART_HOST);
    if (const auto code = parts.read(std::string(place)); code != CURLUE_OK) return refuse(code);
    if (parts.get(CURLUPART_HOST) != host) return refuse(errors::url_malformed, "The redirect cannot be read.");
    return plain_url(parts.whole().value_or(""));
}

}  // namespace client
