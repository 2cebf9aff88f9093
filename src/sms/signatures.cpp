#include "sms/signatures.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>
#include <vector>

#include "base/hash.h"
#include "base/strings.h"

namespace sms {

namespace {

constexpr std::size_t sha1_size = 20;

std::string hmac_sha1(std::string_view key, std::string_view message) {
    std::array<std::uint8_t, sha1_size> digest{};
    unsigned size = sha1_size;
    if (key.size() > static_cast<std::size_t>(std::numeric_limits<int>::max()) ||
        HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(), &size) == nullptr)
        throw std::runtime_error("sms: HMAC-SHA1 failed");
    return std::string(base::as_chars(digest));
}

// The URL, and the URL with its port said or left out.
std::vector<std::string> spellings_of(std::string_view url) {
    std::vector<std::string> all{std::string(url)};
    const auto scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos) return all;
    const auto host = scheme_end + 3;
    const auto path = std::min(url.find_first_of("/?#", host), url.size());
    const std::string port = url.starts_with("https:") ? ":443" : ":80";
    const auto authority = url.substr(host, path - host);
    const auto rest = url.substr(path);
    const auto colon = authority.find(':', authority.find(']') == std::string_view::npos ? 0 : authority.find(']'));
    const auto name = authority.substr(0, colon);
    const auto before = std::string(url.substr(0, host)) + std::string(name);
    if (colon == std::string_view::npos) {
        all.push_back(before + port + std::string(rest));
    } else {
        all.push_back(before + std::string(rest));
    }
    return all;
}

}  // namespace

std::string twilio_signature(std::string_view auth_token, std::string_view url, const schema::FormPairs& parameters) {
    // Of a name that is repeated, its different values, sorted.
    auto sorted = parameters;
    std::ranges::sort(sorted);
    const auto repeated = std::ranges::unique(sorted);
    sorted.erase(repeated.begin(), repeated.end());
    std::string data(url);
    for (const auto& [name, value] : sorted) data.append(name).append(value);
    return base::base64_encode(hmac_sha1(auth_token, data));
}

bool is_signed_by_twilio(std::string_view auth_token, std::string_view url, const schema::FormPairs& parameters,
                         std::string_view signature) {
    if (auth_token.empty() || signature.empty()) return false;
    bool is_signed = false;
    for (const auto& spelling : spellings_of(url))
        is_signed |= base::constant_time_equal(twilio_signature(auth_token, spelling, parameters), signature);
    return is_signed;
}

bool is_signed_by_meta(std::string_view app_secret, std::string_view bytes, std::string_view signature) {
    constexpr std::string_view prefix = "sha256=";
    if (app_secret.empty() || !signature.starts_with(prefix)) return false;
    const auto expected = base::hex_encode(base::as_chars(base::hmac_sha256(app_secret, bytes)));
    return base::constant_time_equal(expected, base::ascii_lower(signature.substr(prefix.size())));
}

}  // namespace sms
