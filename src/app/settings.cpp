#include "app/settings.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include <fmt/format.h>

#include "config/config.h"
#include "db/database_url.h"
#include "http/middleware/cors.h"
#include "http/middleware/trusted_proxies.h"
#include "redis/options.h"

namespace app {

namespace {

void check_servers(const Settings& settings, schema::Issues& issues) {
    check_database_url("DATABASE_URL", settings.database_url, issues);
    check_database_url("DATABASE_SYSTEM_URL", settings.database_system_url, issues);
    if (settings.database_owner_url) check_database_url("DATABASE_OWNER_URL", *settings.database_owner_url, issues);
    if (settings.database_direct_url) check_database_url("DATABASE_DIRECT_URL", *settings.database_direct_url, issues);
    if (settings.database_pooler == Pooler::transaction && !settings.database_direct_url)
        issues.add("/DATABASE_DIRECT_URL", "required",
                   "LISTEN does not work through the pooler of DATABASE_POOLER; give the URL past it");
    if (settings.redis_url) {
        if (const auto endpoint = redis::parse_url(*settings.redis_url); !endpoint)
            issues.add("/REDIS_URL", "format", endpoint.error());
    } else if (!settings.job_queues.empty()) {
        issues.add("/REDIS_URL", "required", "the jobs of JOB_QUEUES are in Redis; give REDIS_URL");
    }
}

// Where pages and problem types begin: what is put behind it begins with a slash.
bool is_public_url(std::string_view url) {
    if (!url.starts_with("https://") && !url.starts_with("http://")) return false;
    const auto rest = url.substr(url.find("://") + 3);
    const auto is_visible = [](char c) { return c > ' ' && c < '\x7F' && !std::string_view("?#\"<>\\").contains(c); };
    // It is published: no place for a user and a password.
    const bool names_a_user = rest.substr(0, rest.find('/')).contains('@');
    return !rest.empty() && rest[0] != '/' && !rest.ends_with('/') && !names_a_user &&
           std::ranges::all_of(rest, is_visible);
}

void check_origins(const std::vector<std::string>& origins, schema::Issues& issues) {
    for (std::size_t i = 0; i < origins.size(); ++i) {
        const auto pointer = fmt::format("/CORS_ORIGINS/{}", i);
        if (origins[i] == "*" && origins.size() > 1)
            issues.add(pointer, "conflict", fmt::format("{}. entry: `*` stands alone", i + 1));
        if (origins[i] != "*" && !http::is_origin(origins[i]))
            issues.add(
                pointer, "format",
                fmt::format("{}. entry: an origin is what browsers send: scheme://host or scheme://host:port, in "
                            "lower case, without a path or the scheme's own port",
                            i + 1));
    }
}

void check_networks(std::string_view variable, const std::vector<std::string>& networks, schema::Issues& issues) {
    for (std::size_t i = 0; i < networks.size(); ++i) {
        if (http::is_trusted_network(networks[i])) continue;
        issues.add(fmt::format("/{}/{}", variable, i), "format",
                   fmt::format("{}. entry: give an address, a block such as 10.0.0.0/8 (no bits behind its length), "
                               "loopback or private",
                               i + 1));
    }
}

void check_network(const Settings& settings, schema::Issues& issues) {
    boost::system::error_code none;
    static_cast<void>(boost::asio::ip::make_address(settings.host, none));
    if (!settings.host.empty() && none)
        issues.add("/HOST", "format", "give an IP address of this machine, such as 127.0.0.1, or nothing for all");
    static_cast<void>(boost::asio::ip::make_address(settings.management_host, none));
    if (none)
        issues.add("/MANAGEMENT_HOST", "format",
                   "give an IP address of this machine, such as 127.0.0.1, or `::` for all");
    if (settings.management_port.value_or(0) != 0 && settings.management_port == settings.port)
        issues.add("/MANAGEMENT_PORT", "conflict", "give another port than PORT");
    if (!settings.public_url.empty() && !is_public_url(settings.public_url))
        issues.add(
            "/PUBLIC_URL", "format",
            "give http:// or https:// and a host, with a path if there is one, without a slash at the end, a user or a "
            "password");
    check_origins(settings.cors_origins, issues);
    check_networks("TRUSTED_PROXIES", settings.trusted_proxies, issues);
    check_networks("PROXY_PROTOCOL_FROM", settings.proxy_protocol_from, issues);
    if (settings.tls_certificate && !settings.tls_key)
        issues.add("/TLS_KEY", "required", "give the file with the key of TLS_CERTIFICATE");
    if (settings.tls_key && !settings.tls_certificate)
        issues.add("/TLS_CERTIFICATE", "required", "give the file with the certificate of TLS_KEY");
}

}  // namespace

void check_database_url(std::string_view name, const std::string& url, schema::Issues& issues) {
    if (auto fault = db::url_fault(url); !fault.empty())
        issues.add(fmt::format("/{}", name), "format", std::move(fault));
}

void Settings::check(const Settings& settings, schema::Issues& issues) {
    check_servers(settings, issues);
    check_network(settings, issues);
    // What comes from one address may be half: strangers there leave room for who has signed in.
    if (settings.body_memory_per_caller_mb.value_or(0) > settings.body_memory_mb / 4) {
        issues.add("/BODY_MEMORY_PER_CALLER_MB", "conflict",
                   "is more than a quarter of BODY_MEMORY_MB; give that or less");
    }
    if (settings.environment != Environment::production) return;
    config::check_secret("APP_SECRET", settings.secret, issues);
    if (settings.scheduler_token) config::check_secret("SCHEDULER_TOKEN", *settings.scheduler_token, issues);
}

}  // namespace app
