#include "realtime/handshake.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/hasher.h"
#include "base/strings.h"

namespace realtime {

namespace {

constexpr std::string_view guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3
constexpr std::string_view version = "13";
constexpr std::size_t key_bytes = 16;

std::string_view unquoted(std::string_view text) {
    if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"')) return text.substr(1, text.size() - 2);
    return text;
}

// 8 to 15 without a leading zero (RFC 7692 §7.1.2.1).
std::optional<int> window_bits(std::string_view text) {
    const auto bits = text.size() <= 2 && !text.starts_with('0') ? base::parse_integer<int>(text) : std::nullopt;
    return bits && *bits >= 8 && *bits <= 15 ? bits : std::nullopt;
}

struct Parameters {
    Deflate deflate;
    std::vector<std::string> seen;

    // False: this offer cannot be met, as any with a parameter that is unknown, repeated or wrong (§7.1).
    bool take(std::string_view parameter) {
        const auto equals = parameter.find('=');
        const auto name = base::ascii_lower(base::trim(parameter.substr(0, equals)));
        std::optional<std::string_view> value;
        if (equals != std::string_view::npos) value = unquoted(base::trim(parameter.substr(equals + 1)));
        if (std::ranges::find(seen, name) != seen.end()) return false;
        seen.push_back(name);
        if (name == "server_no_context_takeover" || name == "client_no_context_takeover") return !value;
        if (name == "client_max_window_bits") return !value || window_bits(*value);
        if (name != "server_max_window_bits" || !value) return false;
        const auto bits = window_bits(*value);
        if (bits) deflate = {.window_bits = *bits, .names_window = true};
        return bits.has_value();
    }
};

}  // namespace

std::string accept_key(std::string_view key) {
    base::Hasher hasher(base::Hasher::Algorithm::sha1);
    hasher.add(key);
    hasher.add(guid);
    return base::base64_encode(hasher.finish());
}

bool is_key(std::string_view key) {
    const auto decoded = base::base64_decode(key);
    return decoded && decoded->size() == key_bytes;
}

std::optional<Deflate> choose_deflate(std::string_view extensions) {
    for (const auto offer : base::split(extensions, ',')) {
        const auto parts = base::split(offer, ';');
        if (!base::iequals(base::trim(parts.front()), "permessage-deflate")) continue;
        Parameters parameters;
        if (std::ranges::all_of(parts.begin() + 1, parts.end(), [&](auto part) { return parameters.take(part); }))
            return parameters.deflate;
    }
    return std::nullopt;
}

std::string to_header(const Deflate& deflate) {
    std::string text = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
    if (deflate.names_window) text += fmt::format("; server_max_window_bits={}", deflate.window_bits);
    return text;
}

std::string_view Handshake::choose(std::initializer_list<std::string_view> ours) const {
    for (const auto offered : base::split(protocols_, ',')) {
        const auto* const found = std::ranges::find(ours, base::trim(offered));
        if (found != ours.end()) return *found;
    }
    return {};
}

void Handshake::accept(http::Upgrade& upgrade, const Answer& answer) const {
    upgrade.header("Sec-WebSocket-Accept", accept_);
    if (!answer.protocol.empty()) upgrade.header("Sec-WebSocket-Protocol", std::string(answer.protocol));
    if (answer.deflate) upgrade.header("Sec-WebSocket-Extensions", to_header(*answer.deflate));
}

Handshake Handshake::read(http::Context& context, http::Findings& /*findings*/) {
    const auto& headers = context.request().headers();
    const auto asked = context.request().header("sec-websocket-version");
    if (!asked || *asked != version || headers.count("sec-websocket-version") != 1) {
        throw base::Failure(errors::unknown_version, "send Sec-WebSocket-Version: 13")
            .header("Sec-WebSocket-Version", std::string(version));
    }
    const auto key = context.request().header("sec-websocket-key");
    if (!key || !is_key(*key) || headers.count("sec-websocket-key") != 1)
        throw base::Failure(errors::bad_handshake, "send one Sec-WebSocket-Key: 16 bytes in base64");
    Handshake handshake;
    handshake.accept_ = accept_key(*key);
    handshake.protocols_ = headers.joined("sec-websocket-protocol");
    handshake.extensions_ = headers.joined("sec-websocket-extensions");
    return handshake;
}

void Handshake::describe(http::Operation& operation) {
    operation.can_fail(errors::bad_handshake);
    operation.can_fail(errors::unknown_version);
}

}  // namespace realtime
