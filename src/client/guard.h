#pragma once
// UrlGuard: judges each URL that a tenant gives (webhooks, pictures), so that nobody makes the server call itself, its network
// or the metadata service of its cloud. What it lets through is a CheckedUrl, which nothing else can make: the URL in the one
// form that libcurl reads in one way, and the addresses that were judged. These are called, never the name.
//
//     client::UrlGuard guard(resolver);                                          // https, port 443
//     const auto checked = co_await guard.check(endpoint.url, async::Loop::now() + 2s);
//     if (!checked) throw base::Failure(checked.error().code, checked.error().detail).cause(checked.error().cause);
//     ... checked->url(), checked->addresses() ...
//
// A name may lead elsewhere a moment later. So a CheckedUrl is never stored: it is made when a tenant gives the URL, to tell
// them, and again before each call. Who asks learns nothing of our network: a name that does not exist and one that leads to a
// private address have one answer; `cause` says more, for the log alone.
//
// `resolver` is one of its own for such names (async/resolver.h); it is asked for "name." with a dot at the end.

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "async/loop.h"
#include "async/resolver.h"
#include "client/plain_url.h"

namespace client {

struct UrlRules {
    std::vector<std::uint16_t> https_ports = {443};
    std::vector<std::uint16_t> http_ports = {};  // none: http is refused
    // This machine's own addresses, by https or http and at any port: for development and tests. CLIENT_ALLOW_LOOPBACK.
    bool allow_loopback = false;
};

class CheckedUrl {
public:
    // For libcurl as it is: absolute, ASCII, host in lower case, no default port, no fragment.
    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    // As in the URL: a name, an IPv4 address, or an IPv6 address in brackets.
    [[nodiscard]] const std::string& host() const noexcept { return host_; }
    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
    // Numeric, without brackets, in the order to be tried; all of them were judged. Never empty.
    [[nodiscard]] const std::vector<std::string>& addresses() const noexcept { return addresses_; }
    // Whether a connection to `peer` (numeric) is one to a judged address, also when it is an older one that is used again.
    [[nodiscard]] bool leads_to(std::string_view peer) const;

private:
    friend class UrlGuard;
    CheckedUrl(std::string url, std::string host, std::uint16_t port, std::vector<std::string> addresses)
        : url_(std::move(url)), host_(std::move(host)), port_(port), addresses_(std::move(addresses)) {}

    std::string url_;
    std::string host_;
    std::uint16_t port_;
    std::vector<std::string> addresses_;
};

class UrlGuard {
public:
    using Verdict = std::expected<CheckedUrl, UrlRefusal>;

    explicit UrlGuard(async::Resolver& resolver, UrlRules rules = {}) : resolver_(resolver), rules_(std::move(rules)) {}

    // Refuses what is not plain before it asks a name server, and waits for this one until `deadline`.
    [[nodiscard]] async::Task<Verdict> check(std::string url, async::SteadyTime deadline) const;
    // A reply's Location, absolute or not. Judged like any other URL; a fragment is left out.
    // From https it leads to https alone.
    [[nodiscard]] async::Task<Verdict> check_redirect(CheckedUrl from, std::string location,
                                                      async::SteadyTime deadline) const;

private:
    [[nodiscard]] async::Task<Verdict> judge(PlainUrl url, async::SteadyTime deadline) const;

    async::Resolver& resolver_;
    UrlRules rules_;
};

}  // namespace client
