#include "http/middleware/trusted_proxies.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "base/strings.h"
#include "http/context.h"
#include "http/middleware/ip_network.h"

namespace http {

namespace {

// What one hop has said, right to left: index 0 is what the nearest proxy added.
struct Hop {
    std::string_view address;
    std::string_view scheme;
};

std::string_view unquoted(std::string_view text) {
    return text.size() >= 2 && text.front() == '"' && text.back() == '"' ? text.substr(1, text.size() - 2) : text;
}

// The last element of a comma-separated list, cut off it. Commas in quotes need no care: no address or scheme has one, and
// an element broken by one ends the walk as malformed.
std::string_view pop_last(std::string_view& list) {
    const auto comma = list.rfind(',');
    const auto element = base::trim(comma == std::string_view::npos ? list : list.substr(comma + 1));
    list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
    return element;
}

// RFC 7239 §4: for=192.0.2.60;proto=https;by=203.0.113.43
Hop parse_forwarded(std::string_view element) {
    Hop hop;
    for (const auto pair : base::split(element, ';')) {
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        const auto name = base::trim(pair.substr(0, equals));
        const auto value = unquoted(base::trim(pair.substr(equals + 1)));
        if (base::iequals(name, "for")) hop.address = value;
        if (base::iequals(name, "proto")) hop.scheme = value;
    }
    return hop;
}

class TrustedProxiesLink {
public:
    explicit TrustedProxiesLink(const TrustedProxiesOptions& options)
        : header_(options.header), max_hops_(options.max_hops) {
        for (const auto& text : options.networks) {
            if (!is_trusted_network(text))
                throw std::invalid_argument("trusted proxies: \"" + text + "\" is no address and no CIDR block");
            std::ranges::copy(networks_of(text), std::back_inserter(networks_));
        }
    }

    async::Task<void> operator()(Context& context, Next next) const {
        if (!networks_.empty()) judge(context.request());
        return next(context);
    }

private:
    [[nodiscard]] bool is_trusted(const IPAddress& address) const {
        return std::ranges::any_of(networks_, [&](const IPNetwork& network) { return network.contains(address); });
    }

    void judge(Request& request) const {
        const auto peer = IPAddress::parse(request.remote_address());
        if (!peer || !is_trusted(*peer)) return;
        const bool is_forwarded = header_ == ForwardingHeader::forwarded;
        const auto addresses = request.headers().joined(is_forwarded ? "forwarded" : "x-forwarded-for");
        const auto schemes = is_forwarded ? std::string() : request.headers().joined("x-forwarded-proto");
        walk(request, addresses, schemes);
    }

    void walk(Request& request, std::string_view addresses, std::string_view schemes) const {
        std::optional<IPAddress> client;
        std::string_view scheme;
        for (std::size_t hop = 0; hop < max_hops_ && !addresses.empty(); ++hop) {
            const auto element = pop_last(addresses);
            const auto said = header_ == ForwardingHeader::forwarded ? parse_forwarded(element)
                                                                     : Hop{element, next_scheme(schemes, scheme)};
            // Whoever added this element is trusted, or the walk would have ended.
            if (!said.scheme.empty()) scheme = said.scheme;
            const auto address = IPAddress::parse_with_port(said.address);
            if (!address) break;
            client = address;
            if (!is_trusted(*address)) break;
        }
        if (scheme.empty() && !schemes.empty()) scheme = pop_last(schemes);
        if (client) request.set_client_address(client->to_string());
        if (!scheme.empty()) request.set_secure(base::iequals(scheme, "https"));
    }

    // Most proxies send one scheme for the whole way; where each adds its own, the one of the hop counts.
    static std::string_view next_scheme(std::string_view& schemes, std::string_view present) {
        return schemes.empty() ? present : pop_last(schemes);
    }

    std::vector<IPNetwork> networks_;
    ForwardingHeader header_;
    std::size_t max_hops_;
};

}  // namespace

bool is_trusted_network(std::string_view text) { return !networks_of(text).empty(); }

Middleware trusted_proxies(const TrustedProxiesOptions& options) { return TrustedProxiesLink(options); }

}  // namespace http
