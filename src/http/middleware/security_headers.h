#pragma once
// Helmet's headers on every reply, errors too; one that a handler has set itself stays. Strict-Transport-Security and the
// policy's upgrade-insecure-requests are left out when the client spoke plain HTTP (Request::is_secure(), which
// trusted_proxies() finds out): they would break a server on somebody's own network. May be shared by loops.
//
//     http::security_headers();
//     http::security_headers({.content_security_policy = http::ContentSecurityPolicy::defaults().set("img-src", {"'self'", "https://cdn.example"}),
//                             .permissions_policy = "camera=(), geolocation=()"});

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/middleware.h"

namespace http {

// Throws std::invalid_argument for a directive that is no name, a value with `;`, `,` or white space, and a keyword, nonce
// or hash without its single quotes: browsers would read it as a host.
class ContentSecurityPolicy {
public:
    ContentSecurityPolicy() = default;
    [[nodiscard]] static ContentSecurityPolicy defaults();
    // Replaces the directive; no sources prints its name alone.
    ContentSecurityPolicy& set(std::string_view directive, std::initializer_list<std::string_view> sources = {});
    ContentSecurityPolicy& remove(std::string_view directive);
    // "default-src 'self';base-uri 'self'". Throws when there is no default-src.
    [[nodiscard]] std::string to_string() const;

private:
    std::vector<std::pair<std::string, std::string>> directives_;
};

struct StrictTransportSecurity {
    std::uint32_t max_age_seconds = 31'536'000;
    bool include_subdomains = true;
    bool preload = false;
};

// nullopt leaves a header out.
struct SecurityHeadersOptions {
    std::optional<ContentSecurityPolicy> content_security_policy = ContentSecurityPolicy::defaults();
    bool policy_report_only = false;
    std::optional<StrictTransportSecurity> strict_transport_security = StrictTransportSecurity{};
    std::optional<std::string> cross_origin_embedder_policy = std::nullopt;
    std::optional<std::string> cross_origin_opener_policy = "same-origin";
    std::optional<std::string> cross_origin_resource_policy = "same-origin";
    std::optional<std::string> origin_agent_cluster = "?1";
    std::optional<std::string> permissions_policy = std::nullopt;
    std::optional<std::string> referrer_policy = "no-referrer";
    std::optional<std::string> reporting_endpoints = std::nullopt;
    std::optional<std::string> content_type_options = "nosniff";
    std::optional<std::string> dns_prefetch_control = "off";
    std::optional<std::string> download_options = "noopen";
    std::optional<std::string> frame_options = "SAMEORIGIN";
    std::optional<std::string> permitted_cross_domain_policies = "none";
    std::optional<std::string> xss_protection = "0";
};
[[nodiscard]] Middleware security_headers(const SecurityHeadersOptions& options = {});

}  // namespace http
