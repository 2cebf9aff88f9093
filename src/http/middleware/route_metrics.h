#pragma once
// What is measured of replies: http_request_duration_seconds{method,route}, and http_responses_total{method,route,status}. The status is
// no label of the histogram, which would have ten lines for each. A reply finds its series without the registry's lock and without
// rendering labels; they are made as replies happen, and never taken away: routes live as long as the chain. Lock-free, any thread.
//
//     replies.count(context.route(), context.request().method(), 200, 0.0021);

#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "http/method.h"
#include "observe/metrics.h"

namespace http {

struct RouteEntry;

class RouteMetrics {
public:
    explicit RouteMetrics(observe::Metrics& metrics);
    void count(const RouteEntry* route, Method method, std::uint16_t status, double seconds);

private:
    struct Series {
        observe::Histogram duration;
        observe::Counter replies;
    };
    struct Slot {
        std::atomic<std::uint64_t> key{0};
        std::atomic<observe::Histogram> duration{};
        std::atomic<observe::Counter> replies{};
        std::atomic<bool> ready{false};
    };
    [[nodiscard]] Series find(const RouteEntry* route, Method method, std::uint16_t status);
    [[nodiscard]] Series look_up(const RouteEntry* route, Method method, std::uint16_t status) const;

    static constexpr std::size_t slot_count = 1024;
    static constexpr std::size_t longest_probe = 16;  // then the registry is asked each time

    observe::HistogramFamily durations_;
    observe::CounterFamily replies_;
    std::array<Slot, slot_count> slots_{};
};

}  // namespace http
