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

BodyBudget::Shares::value_type& BodyBudget::share_of(const BodyCaller& caller) {
    if (shares_.size() >= most_idle_shares) {
        std::erase_if(shares_, [](const auto& share) { return share.second == 0; });
    }
    return *shares_.try_emplace(caller, 0).first;
}

void BodyBudget::take(Shares::value_type& share, std::size_t bytes) {
    const bool all_full = bytes > limits_.total - std::min<std::size_t>(held(), limits_.total);
    const bool share_full = bytes > limits_.per_caller - std::min(share.second, limits_.per_caller);
    if (all_full || share_full) {
        set(refused_, refused() + 1);
        throw base::Failure(errors::bodies_full, share_full ? "the bodies of this caller" : "the bodies of all callers")
            .retry_after(retry_after_ms);
    }
    set(held_, held() + bytes);
    share.second += bytes;
}

void BodyBudget::give_back(Shares::value_type& share, std::size_t bytes) {
    set(held_, held() - bytes);
    share.second -= bytes;
}

void BodyLease::grow(BodyBudget& budget, const BodyCaller& caller, std::size_t bytes) {
    // A share with something in it is never erased, so the pointer stays good as long as it is held.
    auto& share = bytes_ == 0 ? budget.share_of(caller) : *share_;
    budget.take(share, bytes);
    budget_ = &budget;
    share_ = &share;
    bytes_ += bytes;
}

void BodyLease::release() {
    if (bytes_ == 0) return;
    budget_->give_back(*share_, std::exchange(bytes_, 0));
}

}  // namespace http
