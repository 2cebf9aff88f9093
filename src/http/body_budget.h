#pragma once
// How many bytes of request bodies the requests of one loop may hold in memory: all together, those of one caller, and those of
// one address, so that none of them can fill it for all. What is held is counted before it is allocated. Loop's thread only, but
// for the counters.
//
//     BodyBudget budget({.total = 64 << 20, .per_caller = 16 << 20});
//     BodyLease lease;
//     const auto address = BodyCaller::of_address("192.0.2.1");
//     lease.grow(budget, {.caller = BodyCaller::of_identity(tenant), .address = address}, 16384);  // throws http.bodies_full
//     lease.release();                                                                            // also when destroyed
//
// A caller is an address (of IPv6 a /64, which is what one subscriber has), or an identity once somebody has proved one: many
// tenants share an address behind a carrier's NAT. One person can sign up many tenants as well, so all that comes from an address
// has a bound too: half of the whole. Of both, address and whole, an eighth of the whole is kept for callers that hold little:
// a small write goes through while others fill the rest with uploads.

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

// Whose bytes they are, and from where they come: the same while nobody has signed in.
struct BodyOwner {
    BodyCaller caller;
    BodyCaller address;
};

class BodyBudget {
public:
    struct Limits {
        std::size_t total = std::size_t{64} * 1024 * 1024;
        std::size_t per_caller = std::size_t{16} * 1024 * 1024;
        std::size_t small_caller = std::size_t{128} * 1024;  // holds little: may use what is kept
    };
    explicit BodyBudget(const Limits& limits) : limits_(limits) {}

    // Readable from any thread.
    [[nodiscard]] std::uint64_t held() const { return held_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

private:
    friend class BodyLease;
    using Shares = std::unordered_map<BodyCaller, std::size_t, BodyCaller::Hash>;

    // Pointers stay good as long as something is held.
    struct Held {
        std::size_t* of_caller = nullptr;
        std::size_t* of_address = nullptr;
    };

    [[nodiscard]] Held held_by(const BodyOwner& owner);
    // What is full, for the refusal; nullptr when there is room.
    [[nodiscard]] const char* full(const Held& held, std::size_t bytes) const;
    void take(const Held& held, std::size_t bytes);
    void give_back(const Held& held, std::size_t bytes);

    Limits limits_;
    Shares callers_;  // both also of those that hold nothing, until there are many of them
    Shares addresses_;
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
    void grow(BodyBudget& budget, const BodyOwner& owner, std::size_t bytes);
    void release();
    [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
    BodyBudget* budget_ = nullptr;
    BodyBudget::Held held_;
    std::size_t bytes_ = 0;
};

}  // namespace http
