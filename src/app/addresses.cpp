#include "app/addresses.h"

#include <fmt/format.h>

namespace app {

namespace {

std::string metrics_url(const Served& served, const std::string& service, const std::string& management) {
    if (served.management) return management;
    return served.settings.has_public_metrics() ? service : std::string();
}

std::string docs_url(const Served& served, const std::string& service, const std::string& management) {
    switch (served.settings.docs_place()) {
        case DocsPlace::open: return service;
        case DocsPlace::management: return management;
        case DocsPlace::off: return {};
    }
    return {};
}

}  // namespace

std::string url_of(const Place& place, bool speaks_tls) {
    const auto* const scheme = speaks_tls ? "https" : "http";
    const bool is_localhost = is_all_addresses(place.address) || place.address == "127.0.0.1";
    if (is_localhost) return fmt::format("{}://localhost:{}", scheme, place.port);
    const bool is_v6 = place.address.contains(':');
    return fmt::format("{}://{}{}{}:{}", scheme, is_v6 ? "[" : "", place.address, is_v6 ? "]" : "", place.port);
}

std::string addresses_notice(const Served& served) {
    const auto service = url_of(served.service, served.settings.tls_certificate.has_value());
    const auto management = served.management ? url_of(*served.management, false) : std::string();
    std::string text = fmt::format("X_API_URL={}\n", service);
    if (const auto docs = docs_url(served, service, management); !docs.empty())
        text += fmt::format("X_DOCS_URL={}\n", docs);
    if (const auto metrics = metrics_url(served, service, management); !metrics.empty())
        text += fmt::format("X_METRICS_URL={}\n", metrics);
    return text;
}

}  // namespace app
