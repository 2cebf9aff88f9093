#pragma once
// How many bytes of request bodies the requests of one loop may hold in memory: all together, and those of one caller, so that
// one of them cannot fill it for all. What is held is counted before it is allocated. Loop's thread only, but for the counters.
//
//     BodyBudget budget({.total = 64 << 20, .per_caller = 16 << 20});
//     BodyLease lease;
//     lease.grow(budget, BodyCaller::of_address("192.0.2.1"), 16384);      // throws http.bodies_full (503, Retry-After)
//     lease.release();                                                     // also when destroyed
//
// A caller is an address (of IPv6 a /64, which is what one subscriber has), or an identity once somebody has proved one: many
// shops share an address behind a carrier's NAT, and those that have signed in do not share its part.

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/uuid.h"

namespace http {

struct BodyCaller {
    std::array<std::uint8_t, 17> key{};  // what it is, and which one

    [[nodiscard]] static BodyCaller of_address(std::string_view address);
    [[nodiscard]] static BodyCaller of_identity(base::Uuid id);
    friend bool operator==(const BodyCaller&, const BodyCaller&) = default;

    struct Hash {
        std::size_t operator()(const BodyCaller& caller) const;
    };
};

class BodyBudget {
public:
    struct Limits {
        std::size_t total = std::size_t{64} * 1024 * 1024;
        std::size_t per_caller = std::size_t{16} * 1024 * 1024;
    };
    explicit BodyBudget(const Limits& limits) : limits_(limits) {}

    // Readable from any thread.
    [[nodiscard]] std::uint64_t held() const { return held_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

private:
    friend class BodyLease;
    using Shares = std::unordered_map<BodyCaller, std::size_t, BodyCaller::Hash>;

    Shares::value_type& share_of(const BodyCaller& caller);
    void take(Shares::value_type& share, std::size_t bytes);
    void give_back(Shares::value_type& share, std::size_t bytes);

    Limits limits_;
    Shares shares_;  // also of callers that hold nothing, until there are many of them
    std::atomic<std::uint64_t> held_ = 0;
    std::atomic<std::uint64_t> refused_ = 0;
};

// What one request holds.
class BodyLease {
public:
    BodyLease() = default;
    BodyLease(const BodyLease&) = delete;
    BodyLease& operator=(const BodyLease&) = delete;
    ~BodyLease() { release(); }

    // The first call says whose it is.
    void grow(BodyBudget& budget, const BodyCaller& caller, std::size_t bytes);
    void release();
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    BodyBudget* budget_ = nullptr;
    BodyBudget::Shares::value_type* share_ = nullptr;
    std::size_t bytes_ = 0;
};

}  // namespace http
