#include "realtime/pusher/signature.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/hash.h"
#include "base/strings.h"

namespace realtime::pusher {

namespace {

std::string hex_hmac(std::string_view key, std::string_view text) {
    return base::hex_encode(base::as_chars(base::hmac_sha256(key, text)));
}

std::string md5(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr);
    return base::hex_encode({reinterpret_cast<const char*>(digest.data()), size});
}

std::string text_of(const Grant& grant) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(grant.expires_at).time_since_epoch().count();
    return fmt::format("{}.{}", grant.session_id.to_string(), seconds);
}

std::optional<Grant> read_grant(std::string_view text) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const auto session = base::Uuid::from_string(text.substr(0, dot));
    const auto seconds = base::parse_integer<std::int64_t>(text.substr(dot + 1));
    if (!session || !seconds) return std::nullopt;
    return Grant{*session, base::Timestamp(std::chrono::seconds(*seconds))};
}

std::string signed_text(std::string_view socket_id, std::string_view channel, const std::string* data) {
    auto text = fmt::format("{}:{}", socket_id, channel);
    if (data != nullptr) text += ':' + *data;
    return text;
}

std::string sign_grant(const AppKeys& app, std::string_view text, std::string_view grant) {
    const auto key = base::hkdf_sha256(app.secret, "", "realtime grant");
    return hex_hmac(base::as_chars(key), fmt::format("{}\n{}", grant, text));
}

std::string_view value_of(const Parameters& parameters, std::string_view name) {
    const auto found = std::ranges::find(parameters, name, [](const auto& one) { return std::string_view(one.first); });
    return found == parameters.end() ? std::string_view{} : std::string_view(found->second);
}

}  // namespace

bool is_socket_id(std::string_view text) {
    const auto dot = text.find('.');
    const auto digits = [](std::string_view part) {
        return !part.empty() && part.size() <= 20 && std::ranges::all_of(part, base::is_ascii_digit);
    };
    return dot != std::string_view::npos && digits(text.substr(0, dot)) && digits(text.substr(dot + 1));
}

std::string sign_channel(const AppKeys& app, std::string_view socket_id, std::string_view channel,
                         const std::string* data, const Grant* grant) {
    const auto text = signed_text(socket_id, channel, data);
    if (grant == nullptr) return app.key + ':' + hex_hmac(app.secret, text);
    const auto granted = text_of(*grant);
    return app.key + ':' + sign_grant(app, text, granted) + ':' + granted;
}

std::string sign_user(const AppKeys& app, std::string_view socket_id, std::string_view user_data) {
    return app.key + ':' + hex_hmac(app.secret, fmt::format("{}::user::{}", socket_id, user_data));
}

std::string shared_secret(std::string_view channel, std::string_view master_key) {
    std::string bytes(channel);
    bytes += master_key;
    return base::base64_encode(base::as_chars(base::sha256(bytes)));
}

std::optional<Verified> verify_channel(const AppKeys& app, std::string_view socket_id, const ChannelAuth& given) {
    const auto parts = base::split(given.auth, ':');
    if (parts.size() < 2 || parts.size() > 3 || !base::constant_time_equal(parts[0], app.key)) return std::nullopt;
    const auto text = signed_text(socket_id, given.channel, given.data);
    if (parts.size() == 2) {
        if (!base::constant_time_equal(parts[1], hex_hmac(app.secret, text))) return std::nullopt;
        return Verified{};
    }
    if (!base::constant_time_equal(parts[1], sign_grant(app, text, parts[2]))) return std::nullopt;
    const auto grant = read_grant(parts[2]);
    if (!grant) return std::nullopt;
    return Verified{*grant};
}

bool verify_user(const AppKeys& app, std::string_view socket_id, std::string_view auth, std::string_view user_data) {
    return base::constant_time_equal(auth, sign_user(app, socket_id, user_data));
}

std::string sign_request(const AppKeys& app, const SignedRequest& request) {
    Parameters sorted;
    for (const auto& [name, value] : request.parameters) {
        auto lower = base::ascii_lower(name);
        if (lower != "auth_signature") sorted.emplace_back(std::move(lower), value);
    }
    std::ranges::sort(sorted);
    std::string text = fmt::format("{}\n{}\n", request.method, request.path);
    for (std::size_t i = 0; i < sorted.size(); ++i)
        text += fmt::format("{}{}={}", i == 0 ? "" : "&", sorted[i].first, sorted[i].second);
    return hex_hmac(app.secret, text);
}

Parameters signed_parameters(const AppKeys& app, const SignedRequest& request, base::Timestamp now) {
    auto all = request.parameters;
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    all.emplace_back("auth_key", app.key);
    all.emplace_back("auth_timestamp", fmt::to_string(seconds));
    all.emplace_back("auth_version", "1.0");
    if (!request.body.empty()) all.emplace_back("body_md5", md5(request.body));
    std::ranges::sort(all);
    auto signature = sign_request(app, {request.method, request.path, all, request.body});
    all.emplace_back("auth_signature", std::move(signature));
    return all;
}

std::optional<std::string_view> fault_of_request(const AppKeys& app, const SignedRequest& request,
                                                 base::Timestamp now) {
    const auto& parameters = request.parameters;
    if (!base::constant_time_equal(value_of(parameters, "auth_key"), app.key)) return "auth_key is not this app's";
    if (value_of(parameters, "auth_version") != "1.0") return "auth_version is 1.0";
    const auto at = base::parse_integer<std::int64_t>(value_of(parameters, "auth_timestamp"));
    const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
    if (!at || *at < seconds - signature_window_seconds || *at > seconds + signature_window_seconds)
        return "auth_timestamp is not within 600 s of our clock";
    if (!request.body.empty() && !base::constant_time_equal(value_of(parameters, "body_md5"), md5(request.body)))
        return "body_md5 is not the body's";
    if (!base::constant_time_equal(value_of(parameters, "auth_signature"), sign_request(app, request)))
        return "auth_signature is wrong";
    return std::nullopt;
}

std::string sign_webhook(const AppKeys& app, std::string_view body) { return hex_hmac(app.secret, body); }

}  // namespace realtime::pusher
