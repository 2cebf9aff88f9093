#pragma once
// The series of http_request_duration_seconds by route, method and status, so that a request finds its histogram without the
// registry's lock and without rendering labels. Filled as replies happen, never emptied: routes live as long as the chain.
// Lock-free, any thread.
//
//     histograms.of(context.route(), context.request().method(), 200).observe(0.0021);

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "http/method.h"
#include "observe/metrics.h"

namespace http {

struct RouteEntry;

class RouteHistograms {
public:
    explicit RouteHistograms(observe::HistogramFamily family) : family_(family) {}
    [[nodiscard]] observe::Histogram of(const RouteEntry* route, Method method, std::uint16_t status);

private:
    struct Slot {
        std::atomic<std::uint64_t> key{0};
        std::atomic<observe::Histogram> histogram{};
        std::atomic<bool> ready{false};
    };
    [[nodiscard]] observe::Histogram look_up(const RouteEntry* route, Method method, std::uint16_t status) const;

    static constexpr std::size_t slot_count = 1024;
    static constexpr std::size_t longest_probe = 16;  // then the registry is asked each time

    observe::HistogramFamily family_;
    std::array<Slot, slot_count> slots_{};
};

}  // namespace http
