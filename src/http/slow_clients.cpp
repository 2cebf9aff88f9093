#include "http/slow_clients.h"

namespace http {

void SlowClients::add(const Client& client) {
    auto& address = addresses_[client.address];
    ranks_.erase(address.rank());
    address.all.emplace(client.since, client.connection);
    if (client.sends_head) {
        ++address.heads;
        heads_.emplace(client.since, client.connection);
    }
    ranks_.insert(address.rank());
}

void SlowClients::remove(const Client& client) {
    const auto at = addresses_.find(client.address);
    if (at == addresses_.end()) return;
    auto& address = at->second;
    ranks_.erase(address.rank());
    address.all.erase({client.since, client.connection});
    if (client.sends_head) {
        --address.heads;
        heads_.erase({client.since, client.connection});
    }
    if (address.all.empty()) {
        addresses_.erase(at);
    } else {
        ranks_.insert(address.rank());
    }
}

Connection* SlowClients::first_to_go() const {
    if (ranks_.empty()) return nullptr;
    const auto& [count, heads, address] = *ranks_.rbegin();
    if (count <= few && !heads_.empty()) return heads_.rbegin()->second;
    return address->all.begin()->second;
}

}  // namespace http
