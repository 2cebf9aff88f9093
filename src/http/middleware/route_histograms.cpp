#include "http/middleware/route_histograms.h"

#include <charconv>

#include "http/router.h"

namespace http {

namespace {

// Exact, not a hash: user-space addresses have 47 bits on x86-64 and at most 48 on AArch64 (without tagging), a status ten.
std::uint64_t key_of(const RouteEntry* route, Method method, std::uint16_t status) {
    const auto address = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(route));
    return (address << 16U) | (std::uint64_t{1} << 15U) | (static_cast<std::uint64_t>(method) << 10U) |
           (status & 1023U);
}

}  // namespace

observe::Histogram RouteHistograms::of(const RouteEntry* route, Method method, std::uint16_t status) {
    const auto key = key_of(route, method, status);
    const auto start = (key * 0x9E3779B97F4A7C15U) >> 54U;
    for (std::size_t step = 0; step < longest_probe; ++step) {
        auto& slot = slots_[(start + step) % slot_count];
        auto found = slot.key.load(std::memory_order_acquire);
        if (found == key) {
            // Not ready: another thread is between its stores.
            return slot.ready.load(std::memory_order_acquire) ? slot.histogram.load(std::memory_order_relaxed)
                                                              : look_up(route, method, status);
        }
        if (found == 0 && slot.key.compare_exchange_strong(found, key, std::memory_order_acq_rel)) {
            const auto histogram = look_up(route, method, status);
            slot.histogram.store(histogram, std::memory_order_relaxed);
            slot.ready.store(true, std::memory_order_release);
            return histogram;
        }
        if (found == key) return look_up(route, method, status);
    }
    return look_up(route, method, status);
}

observe::Histogram RouteHistograms::look_up(const RouteEntry* route, Method method, std::uint16_t status) const {
    std::array<char, 8> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), status).ptr;
    const std::string_view status_text(digits.data(), static_cast<std::size_t>(end - digits.data()));
    return family_.with({to_string(method),
                         route == nullptr ? std::string_view("unmatched") : std::string_view(route->pattern),
                         status_text});
}

}  // namespace http
