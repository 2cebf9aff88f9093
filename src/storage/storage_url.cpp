#include "storage/storage_url.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace storage {

namespace {

using Wrong = std::unexpected<std::string>;

constexpr std::string_view lower_and_digits = "abcdefghijklmnopqrstuvwxyz0123456789";

// "KEY:SECRET@name?query", taken apart and decoded.
struct Parts {
    std::string key;
    std::string secret;
    std::string name;
    std::vector<std::pair<std::string, std::string>> query;
};

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

std::expected<void, std::string> read_credentials(std::string_view text, Parts& into) {
    const auto colon = text.find(':');
    const auto key = base::percent_decode(text.substr(0, colon));
    const auto secret = base::percent_decode(colon == std::string_view::npos ? "" : text.substr(colon + 1));
    if (!key || !secret) return Wrong("key and secret are percent-encoded: % itself is %25");
    if (key->empty() || secret->empty() || !is_plain(*key) || !is_plain(*secret) || key->contains('/'))
        return Wrong("a key and a secret stand before the @: KEY:SECRET@");
    into.key = *key;
    into.secret = *secret;
    return {};
}

std::expected<void, std::string> read_query(std::string_view text, Parts& into) {
    for (const auto member : base::split(text, '&')) {
        const auto equals = member.find('=');
        const auto value =
            equals == std::string_view::npos ? std::nullopt : base::percent_decode(member.substr(equals + 1));
        if (!value) return Wrong("behind the ? stand names and values: ?region=eu-west-1&path-style=true");
        const auto name = member.substr(0, equals);
        if (std::ranges::any_of(into.query, [&](const auto& other) { return other.first == name; }))
            return Wrong("a member behind the ? stands there twice");
        into.query.emplace_back(name, *value);
    }
    return {};
}

std::expected<Parts, std::string> parts_of(std::string_view rest) {
    if (!rest.starts_with("//")) return Wrong("behind the scheme stands //");
    rest.remove_prefix(2);
    Parts parts;
    if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
        if (auto read = read_query(rest.substr(mark + 1), parts); !read) return Wrong(std::move(read.error()));
        rest = rest.substr(0, mark);
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    const auto at = rest.rfind('@');
    if (at == std::string_view::npos) return Wrong("a key and a secret stand before the @: KEY:SECRET@");
    if (auto read = read_credentials(rest.substr(0, at), parts); !read) return Wrong(std::move(read.error()));
    parts.name = rest.substr(at + 1);
    return parts;
}

// 3 to 63 of a-z, 0-9, - and ., a letter or a digit at both ends, and no address.
bool is_bucket(std::string_view name) {
    const auto is_edge = [](char c) { return lower_and_digits.contains(c); };
    return name.size() >= 3 && name.size() <= 63 && is_edge(name.front()) && is_edge(name.back()) &&
           !name.contains("..") &&
           std::ranges::all_of(name, [&](char c) { return is_edge(c) || c == '-' || c == '.'; }) &&
           !std::ranges::all_of(name, [](char c) { return base::is_ascii_digit(c) || c == '.'; });
}

bool is_region(std::string_view name) {
    return !name.empty() && name.size() <= 40 &&
           std::ranges::all_of(name, [](char c) { return lower_and_digits.contains(c) || c == '-'; });
}

// "" or what is wrong.
std::string read_member(const std::pair<std::string, std::string>& member, S3Url& into,
                        std::optional<bool>& path_style) {
    const auto& [name, value] = member;
    if (name == "region") {
        into.region = value;
        return is_region(value) ? "" : "region is a name: region=eu-west-1";
    }
    if (name == "endpoint") {
        auto origin = parse_origin(value);
        if (!origin) return "endpoint: " + origin.error();
        into.endpoint = *std::move(origin);
        return {};
    }
    if (name == "path-style") {
        path_style = value == "true";
        return value == "true" || value == "false" ? "" : "path-style is true or false";
    }
    if (name == "token") {
        into.credentials.session_token = value;
        return !value.empty() && is_plain(value) ? "" : "token is the session token of temporary credentials";
    }
    if (name == "part-size") {
        const auto size = base::parse_integer<std::uint32_t>(value);
        into.part_bytes = std::size_t{size.value_or(0)} << 20U;
        return size && *size >= 5 && *size <= 512 ? "" : "part-size is a number of MiB from 5 to 512";
    }
    return "known are region, endpoint, path-style, token, part-size";
}

std::expected<StorageUrl, std::string> s3_url(std::string_view rest) {
    auto parts = parts_of(rest);
    if (!parts) return Wrong(std::move(parts.error()));
    S3Url url{.bucket = std::move(parts->name),
              .credentials = {.access_key = std::move(parts->key), .secret_key = std::move(parts->secret)}};
    if (!is_bucket(url.bucket))
        return Wrong(
            "the bucket's name has 3 to 63 of a-z, 0-9, - and .; an @, a / or a ? in a secret is "
            "percent-encoded (%40, %2F, %3F)");
    std::optional<bool> path_style;
    for (const auto& member : parts->query)
        if (auto fault = read_member(member, url, path_style); !fault.empty()) return Wrong(std::move(fault));
    // Dots would be levels of the host's name, for which Amazon's certificate is not made.
    url.path_style = path_style.value_or(!url.endpoint.empty() || url.bucket.contains('.'));
    return url;
}

std::expected<StorageUrl, std::string> cloudinary_url(std::string_view rest) {
    auto parts = parts_of(rest);
    if (!parts) return Wrong(std::move(parts.error()));
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    if (parts->name.empty() || parts->name.size() > 100 || parts->name.find_first_not_of(allowed) != std::string::npos)
        return Wrong("the cloud's name stands behind the @: cloudinary://KEY:SECRET@cloud");
    CloudinaryUrl url{
        .cloud = std::move(parts->name), .api_key = std::move(parts->key), .api_secret = std::move(parts->secret)};
    for (const auto& [name, value] : parts->query) {
        if (name != "endpoint") return Wrong("known is endpoint");
        auto origin = parse_origin(value);
        if (!origin) return Wrong("endpoint: " + origin.error());
        url.endpoint = url.delivery = *std::move(origin);
    }
    return url;
}

std::expected<StorageUrl, std::string> file_url(std::string_view rest) {
    // file:/path and file:///path.
    if (rest.starts_with("///")) rest.remove_prefix(2);
    const auto path = rest.starts_with('/') && !rest.starts_with("//") ? base::percent_decode(rest) : std::nullopt;
    if (!path || path->size() < 2 || path->size() > 1'000 || path->contains('\0'))
        return Wrong("a directory: file:///var/lib/backend/files");
    return DirectoryUrl{*path};
}

}  // namespace

std::expected<std::string, std::string> parse_origin(std::string_view text) {
    const auto wrong = Wrong("an address as https://host or https://host:port, without a path");
    const bool is_tls = text.starts_with("https://");
    if (!is_tls && !text.starts_with("http://")) return wrong;
    auto host = base::ascii_lower(text.substr(is_tls ? 8 : 7));
    if (host.ends_with('/')) host.pop_back();
    std::string port;
    const auto colon = host.rfind(':');
    if (colon != std::string::npos && host.find(']', colon) == std::string::npos) {
        const auto number = base::parse_integer<std::uint16_t>(std::string_view(host).substr(colon + 1));
        if (!number || *number == 0) return wrong;
        if (*number != (is_tls ? 443 : 80)) port = ":" + std::to_string(*number);
        host.resize(colon);
    }
    const bool is_v6 = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
    const auto name = is_v6 ? std::string_view(host).substr(1, host.size() - 2) : std::string_view(host);
    const std::string_view allowed = is_v6 ? "abcdef0123456789:." : "abcdefghijklmnopqrstuvwxyz0123456789-._";
    if (name.empty() || name.size() > 253 || name.find_first_not_of(allowed) != std::string_view::npos) return wrong;
    return (is_tls ? "https://" : "http://") + host + port;
}

std::expected<StorageUrl, std::string> parse_storage_url(std::string_view text) {
    const auto colon = text.find(':');
    const auto scheme = base::ascii_lower(text.substr(0, colon));
    const auto rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    if (scheme == "file") return file_url(rest);
    if (scheme == "s3") return s3_url(rest);
    if (scheme == "cloudinary") return cloudinary_url(rest);
    return Wrong("begin with file:///, s3:// or cloudinary://");
}

}  // namespace storage
