#include "http/body_budget.h"

#include <algorithm>
#include <functional>

#include "http/errors.h"
#include "http/middleware/ip_network.h"

namespace http {

namespace {

constexpr std::size_t most_idle_shares = 1024;
constexpr std::size_t subscriber_bytes = 8;  // of an IPv6 address
constexpr int retry_after_ms = 1'000;

void set(std::atomic<std::uint64_t>& value, std::uint64_t to) { value.store(to, std::memory_order_relaxed); }

}  // namespace

BodyCaller BodyCaller::of_address(std::string_view text) {
    BodyCaller caller;
    caller.key[0] = 'a';
    const auto address = IPAddress::parse(text);
    if (!address) return caller;
    const auto size = address->is_v4() ? address->bytes().size() : subscriber_bytes;
    std::copy_n(address->bytes().begin(), size, caller.key.begin() + 1);
    return caller;
}

BodyCaller BodyCaller::of_identity(base::Uuid id) {
    BodyCaller caller;
    caller.key[0] = 'i';
    std::ranges::copy(id.bytes(), caller.key.begin() + 1);
    return caller;
}

std::size_t BodyCaller::Hash::operator()(const BodyCaller& caller) const {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(caller.key.data()), caller.key.size()});
}

namespace {

std::size_t& share_of(std::unordered_map<BodyCaller, std::size_t, BodyCaller::Hash>& shares, const BodyCaller& caller) {
    if (shares.size() >= most_idle_shares) {
        std::erase_if(shares, [](const auto& share) { return share.second == 0; });
    }
    return shares.try_emplace(caller, 0).first->second;
}

bool exceeds(std::size_t held, std::size_t bytes, std::size_t limit) { return bytes > limit - std::min(held, limit); }

}  // namespace

BodyBudget::Held BodyBudget::held_by(const BodyOwner& owner) {
    return {.of_caller = &share_of(callers_, owner.caller), .of_address = &share_of(addresses_, owner.address)};
}

const char* BodyBudget::full(const Held& held, std::size_t bytes) const {
    if (exceeds(*held.of_caller, bytes, limits_.per_caller)) return "the bodies of this caller";
    const auto kept = limits_.total / 8;
    const bool small = !exceeds(*held.of_caller, bytes, limits_.small_caller);
    const auto of_address = std::max(limits_.total / 2, limits_.per_caller) + (small ? kept : 0);
    if (exceeds(*held.of_address, bytes, of_address)) return "the bodies of this address";
    const auto of_all = limits_.total - (small ? 0 : kept);
    return exceeds(held_.load(std::memory_order_relaxed), bytes, of_all) ? "the bodies of all callers" : nullptr;
}

void BodyBudget::take(const Held& held, std::size_t bytes) {
    if (const auto* what = full(held, bytes)) {
        set(refused_, refused() + 1);
        throw base::Failure(errors::bodies_full, what).retry_after(retry_after_ms);
    }
    set(held_, this->held() + bytes);
    *held.of_caller += bytes;
    *held.of_address += bytes;
}

void BodyBudget::give_back(const Held& held, std::size_t bytes) {
    set(held_, this->held() - bytes);
    *held.of_caller -= bytes;
    *held.of_address -= bytes;
}

void BodyLease::grow(BodyBudget& budget, const BodyOwner& owner, std::size_t bytes) {
    const auto held = bytes_ == 0 ? budget.held_by(owner) : held_;
    budget.take(held, bytes);
    budget_ = &budget;
    held_ = held;
    bytes_ += bytes;
}

void BodyLease::release() {
    if (bytes_ == 0) return;
    budget_->give_back(held_, std::exchange(bytes_, 0));
}

}  // namespace http
