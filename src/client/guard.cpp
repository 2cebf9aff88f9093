#include "client/guard.h"

#include <algorithm>
#include <optional>

#include "client/special_range.h"

namespace client {

namespace {

using Refused = std::unexpected<UrlRefusal>;

std::optional<UrlRefusal> judge_port(const PlainUrl& url, const UrlRules& rules) {
    const auto& ports = url.scheme == "https" ? rules.https_ports : rules.http_ports;
    if (ports.empty()) return UrlRefusal{errors::url_scheme, "The URL begins with https://.", {}};
    if (std::ranges::find(ports, url.port) != ports.end()) return std::nullopt;
    return UrlRefusal{errors::url_port, "Port " + std::to_string(url.port) + " is not called.", {}};
}

bool is_loopback(const std::string& address) {
    const auto* range = special_range(address);
    return range != nullptr && range->loopback;
}

// Who wrote an address, or localhost, learns what it is; whoever wrote a name learns nothing of where it leads.
UrlRefusal refuse_address(const PlainUrl& url, const std::string& address, const SpecialRange& range) {
    const auto meaning = std::string(range.meaning);
    auto cause = url.host + " is at " + address + ": " + meaning;
    if (url.address)
        return {errors::url_private_address, address + " is not on the public internet: " + meaning, cause};
    if (url.is_localhost) return {errors::url_private_address, url.host + " is the server itself.", cause};
    return {errors::url_no_public_address, url.host + " has no address on the public internet.", cause};
}

std::optional<UrlRefusal> judge_addresses(const PlainUrl& url, const std::vector<std::string>& addresses,
                                          const UrlRules& rules) {
    for (const auto& address : addresses) {
        const auto* range = special_range(address);
        if (range == nullptr || (range->loopback && rules.allow_loopback)) continue;
        return refuse_address(url, address, *range);
    }
    return std::nullopt;
}

UrlRefusal refuse_name(const PlainUrl& url, const async::Resolution& found) {
    if (found.may_pass) return {errors::url_lookup_failed, "Nothing is known of " + url.host + " yet.", found.failure};
    return {errors::url_no_public_address, url.host + " has no address on the public internet.", found.failure};
}

}  // namespace

bool CheckedUrl::leads_to(std::string_view peer) const {
    const auto address = canonical_address(peer);
    return address && std::ranges::find(addresses_, *address) != addresses_.end();
}

async::Task<UrlGuard::Verdict> UrlGuard::check(std::string url, async::SteadyTime deadline) const {
    auto plain = plain_url(url);
    if (!plain) co_return Refused(std::move(plain.error()));
    co_return co_await judge(std::move(*plain), deadline);
}

async::Task<UrlGuard::Verdict> UrlGuard::check_redirect(CheckedUrl from, std::string location,
                                                        async::SteadyTime deadline) const {
    auto plain = plain_location(from.url(), location);
    if (!plain) co_return Refused(std::move(plain.error()));
    if (plain->scheme != "https" && from.url().starts_with("https:")) {
        co_return Refused({errors::url_scheme, "The redirect leads from https to http.", {}});
    }
    co_return co_await judge(std::move(*plain), deadline);
}

async::Task<UrlGuard::Verdict> UrlGuard::judge(PlainUrl url, async::SteadyTime deadline) const {
    // Where loopback is allowed, what counts is whether it is loopback in the end.
    auto bad_port = judge_port(url, rules_);
    if (bad_port && !rules_.allow_loopback) co_return Refused(std::move(*bad_port));
    std::vector<std::string> addresses;
    if (url.address) {
        addresses = {*url.address};
    } else if (url.is_localhost) {
        addresses = {"127.0.0.1", "::1"};
    } else {
        auto found = co_await resolver_.resolve_by(url.host + ".", deadline);
        if (found.addresses.empty()) co_return Refused(refuse_name(url, found));
        addresses = std::move(found.addresses);
    }
    if (auto refusal = judge_addresses(url, addresses, rules_)) co_return Refused(std::move(*refusal));
    if (bad_port && !std::ranges::all_of(addresses, is_loopback)) co_return Refused(std::move(*bad_port));
    for (auto& address : addresses) address = canonical_address(address).value();
    co_return CheckedUrl(std::move(url.url), std::move(url.host), url.port, std::move(addresses));
}

}  // namespace client
