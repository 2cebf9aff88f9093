#include "realtime/gate.h"

namespace realtime {

namespace {

template <class Map, class Key>
void count_down(Map& counts, const Key& key) {
    const auto found = counts.find(key);
    if (found != counts.end() && --found->second == 0) counts.erase(found);
}

std::string slow_key(const std::string& address, const std::optional<base::Uuid>& tenant) {
    return tenant ? address + ' ' + tenant->to_string() : address;
}

}  // namespace

SocketGate::Pass::Pass(Pass&& other) noexcept
    : gate_(std::exchange(other.gate_, nullptr)), address_(std::move(other.address_)), tenant_(other.tenant_) {}

SocketGate::Pass& SocketGate::Pass::operator=(Pass&& other) noexcept {
    std::swap(gate_, other.gate_);
    std::swap(address_, other.address_);
    std::swap(tenant_, other.tenant_);
    return *this;
}

SocketGate::Pass::~Pass() {
    if (gate_ != nullptr) gate_->leave(address_, tenant_);
}

std::optional<SocketGate::Pass> SocketGate::enter_address(std::string_view address, async::SteadyTime now) {
    const std::scoped_lock lock(mutex_);
    std::string key(address);
    if (is_held_off(slow_key(key, std::nullopt), now)) return std::nullopt;
    if (sockets_ >= options_.most_sockets) return std::nullopt;
    auto& count = of_address_[key];
    if (count >= options_.most_of_address) return std::nullopt;
    ++count;
    ++sockets_;
    return Pass(*this, std::move(key));
}

bool SocketGate::is_held_off(const std::string& key, async::SteadyTime now) {
    const auto slow = slow_.find(key);
    if (slow == slow_.end()) return false;
    const auto quiet = now - slow->second.last;
    if (slow->second.times >= options_.most_slow && quiet < options_.held_off) return true;
    if (quiet >= options_.slow_window) slow_.erase(slow);
    return false;
}

bool SocketGate::Pass::enter_tenant(const base::Uuid& tenant, async::SteadyTime now) {
    if (gate_ == nullptr || tenant_) return gate_ != nullptr && tenant_ == tenant;
    const std::scoped_lock lock(gate_->mutex_);
    if (gate_->is_held_off(slow_key(address_, tenant), now)) return false;
    auto& count = gate_->of_tenant_[tenant];
    if (count >= gate_->options_.most_of_tenant) return false;
    ++count;
    tenant_ = tenant;
    return true;
}

void SocketGate::Pass::was_slow(async::SteadyTime now) {
    if (gate_ == nullptr) return;
    const std::scoped_lock lock(gate_->mutex_);
    auto& slow = gate_->slow_;
    const auto key = slow_key(address_, tenant_);
    if (slow.size() >= gate_->options_.most_remembered && !slow.contains(key)) slow.clear();
    auto& entry = slow[key];
    if (entry.times == 0 || now - entry.first > gate_->options_.slow_window)
        entry = {.times = 0, .first = now, .last = now};
    ++entry.times;
    entry.last = now;
}

void SocketGate::leave(const std::string& address, const std::optional<base::Uuid>& tenant) {
    const std::scoped_lock lock(mutex_);
    --sockets_;
    count_down(of_address_, address);
    if (tenant) count_down(of_tenant_, *tenant);
}

std::size_t SocketGate::sockets() const {
    const std::scoped_lock lock(mutex_);
    return sockets_;
}

}  // namespace realtime
