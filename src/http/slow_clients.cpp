#include "http/slow_clients.h"

namespace http {

void SlowClients::add(const Client& client) {
    auto& all = addresses_[client.address];
    by_count_.erase({all.size(), &all});
    all.emplace(client.since, client.connection);
    by_count_.emplace(all.size(), &all);
}

void SlowClients::remove(const Client& client) {
    const auto at = addresses_.find(client.address);
    if (at == addresses_.end()) return;
    auto& all = at->second;
    by_count_.erase({all.size(), &all});
    all.erase({client.since, client.connection});
    if (all.empty()) {
        addresses_.erase(at);
    } else {
        by_count_.emplace(all.size(), &all);
    }
}

Connection* SlowClients::longest() const {
    return by_count_.empty() ? nullptr : by_count_.rbegin()->second->begin()->second;
}

}  // namespace http
