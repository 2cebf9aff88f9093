#include "db/driver/targets.h"

#include <algorithm>

#include "async/resolver.h"
#include "base/strings.h"

namespace db::detail {

namespace {

std::string* find(ConnectParameters& parameters, std::string_view keyword) {
    const auto found = std::ranges::find(parameters, keyword, &ConnectParameters::value_type::first);
    return found == parameters.end() ? nullptr : &found->second;
}

std::vector<std::string> split_list(const std::string* text) {
    std::vector<std::string> parts;
    if (text == nullptr || text->empty()) return parts;
    for (const auto part : base::split(*text, ',')) parts.emplace_back(part);
    return parts;
}

}  // namespace

bool HostTarget::needs_lookup() const {
    return address.empty() && !host.empty() && !host.starts_with('/') && !host.starts_with('@');
}

std::vector<HostTarget> targets_of(ConnectParameters& parameters) {
    const auto hosts = split_list(find(parameters, "host"));
    const auto addresses = split_list(find(parameters, "hostaddr"));
    const auto ports = split_list(find(parameters, "port"));
    const auto count = hosts.size();
    const bool lists_match =
        (addresses.empty() || addresses.size() == count) && (ports.size() <= 1 || ports.size() == count);
    if (count == 0 || !lists_match) return {};
    std::vector<HostTarget> targets;
    for (std::size_t i = 0; i < count; ++i) {
        targets.push_back({.host = hosts[i],
                           .address = addresses.empty() ? std::string() : addresses[i],
                           .port = ports.empty() ? std::string() : ports[ports.size() == 1 ? 0 : i]});
    }
    std::erase_if(parameters, [](const auto& parameter) {
        return parameter.first == "host" || parameter.first == "hostaddr" || parameter.first == "port";
    });
    return targets;
}

std::vector<HostTarget> at_addresses(const HostTarget& target, const std::vector<std::string>& addresses) {
    std::vector<HostTarget> targets;
    for (const auto& address : addresses) targets.push_back({target.host, address, target.port});
    return targets;
}

}  // namespace db::detail
