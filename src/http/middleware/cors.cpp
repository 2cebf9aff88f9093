#include "http/middleware/cors.h"

#include <algorithm>
#include <stdexcept>

#include "base/strings.h"
#include "http/context.h"
#include "http/middleware/errors.h"

namespace http {

namespace {

std::string joined(const std::vector<std::string>& items) {
    std::string list;
    for (const auto& item : items) list.append(list.empty() ? "" : ",").append(item);
    return list;
}

class CORSLink {
public:
    explicit CORSLink(CORSOptions options)
        : options_(std::move(options)),
          any_(std::ranges::find(options_.origins, "*") != options_.origins.end()),
          exposed_(joined(options_.exposed_headers)),
          request_headers_(joined(options_.request_headers)),
          max_age_(std::to_string(options_.max_age_seconds)) {
        if (any_ && options_.credentials)
            throw std::invalid_argument("CORS: credentials need a list of origins, not \"*\"");
    }

    async::Task<void> operator()(Context& context, Next next) const {
        const auto origin = context.request().headers().get(KnownHeader::origin);
        // A reply that is the same for every origin needs neither header nor Vary for those who name none.
        if (origin || !any_) context.response().before_send([this](Context& finished) { mark(finished); });
        const bool is_preflight = origin && context.request().method() == Method::options &&
                                  context.request().header("access-control-request-method");
        if (!is_preflight) return next(context);
        if (!allows(*origin)) throw base::Failure(errors::origin_not_allowed);
        return preflight(context);
    }

private:
    [[nodiscard]] bool allows(std::string_view origin) const {
        return any_ || std::ranges::find(options_.origins, origin) != options_.origins.end() ||
               (options_.is_allowed && options_.is_allowed(origin));
    }

    void mark(Context& context) const {
        auto& headers = context.response().headers();
        // The route has said who reads it: everybody.
        if (headers.has("Access-Control-Allow-Origin")) return;
        if (!any_) headers.vary("Origin");
        const auto origin = context.request().headers().get(KnownHeader::origin);
        if (!origin || !allows(*origin)) return;
        headers.set("Access-Control-Allow-Origin", any_ ? std::string_view("*") : *origin);
        if (options_.credentials) headers.set("Access-Control-Allow-Credentials", "true");
        if (!exposed_.empty() && context.request().method() != Method::options)
            headers.set("Access-Control-Expose-Headers", exposed_);
    }

    async::Task<void> preflight(Context& context) const {
        const auto& asked = context.request().headers();
        auto& headers = context.response().status(204).headers();
        headers.set("Access-Control-Allow-Methods", options_.methods);
        if (!request_headers_.empty()) {
            headers.set("Access-Control-Allow-Headers", request_headers_);
        } else if (const auto wanted = asked.joined("access-control-request-headers"); !wanted.empty()) {
            headers.set("Access-Control-Allow-Headers", wanted);
            headers.vary("Access-Control-Request-Headers");
        }
        if (options_.max_age_seconds != 0) headers.set("Access-Control-Max-Age", max_age_);
        if (options_.private_network && asked.get("access-control-request-private-network") == "true") {
            headers.set("Access-Control-Allow-Private-Network", "true");
        }
        co_return;
    }

    CORSOptions options_;
    bool any_;
    std::string exposed_;
    std::string request_headers_;
    std::string max_age_;
};

}  // namespace

bool is_origin(std::string_view text) {
    const auto is_one_of = [](std::string_view more) {
        return [more](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.contains(c); };
    };
    const auto colon = text.find("://");
    if (colon == std::string_view::npos || colon == 0) return false;
    const auto scheme = text.substr(0, colon);
    if (scheme[0] < 'a' || scheme[0] > 'z' || !std::ranges::all_of(scheme, is_one_of("+-."))) return false;
    auto host = text.substr(colon + 3);
    const auto port = host.rfind(':');
    if (port != std::string_view::npos && !host.ends_with(']')) {
        const auto number = base::parse_integer<std::uint16_t>(host.substr(port + 1));
        const bool is_own = (scheme == "http" && number == 80) || (scheme == "https" && number == 443);
        if (!number || *number == 0 || is_own || host[port + 1] == '0') return false;
        host = host.substr(0, port);
    }
    if (host.starts_with('['))
        return host.ends_with(']') && std::ranges::all_of(host.substr(1, host.size() - 2), is_one_of(":."));
    return !host.empty() && std::ranges::all_of(host, is_one_of("-._"));
}

Middleware cors(CORSOptions options) { return CORSLink(std::move(options)); }

}  // namespace http
