#include "http/middleware/route_metrics.h"

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

RouteMetrics::RouteMetrics(observe::Metrics& metrics)
    : durations_(metrics.histogram_family("http_request_duration_seconds",
                                          "Time from the end of a request's head to the end of its reply.",
                                          {"method", "route"})),
      replies_(metrics.counter_family("http_responses_total", "Replies.", {"method", "route", "status"})) {}

void RouteMetrics::count(const RouteEntry* route, Method method, std::uint16_t status, double seconds) {
    const auto series = find(route, method, status);
    series.duration.observe(seconds);
    series.replies.increment();
}

RouteMetrics::Series RouteMetrics::find(const RouteEntry* route, Method method, std::uint16_t status) {
    const auto key = key_of(route, method, status);
    const auto start = (key * 0x9E3779B97F4A7C15U) >> 54U;
    for (std::size_t step = 0; step < longest_probe; ++step) {
        auto& slot = slots_[(start + step) % slot_count];
        auto found = slot.key.load(std::memory_order_acquire);
        if (found == key) {
            // Not ready: another thread is between its stores.
            if (!slot.ready.load(std::memory_order_acquire)) break;
            return {slot.duration.load(std::memory_order_relaxed), slot.replies.load(std::memory_order_relaxed)};
        }
        if (found == 0 && slot.key.compare_exchange_strong(found, key, std::memory_order_acq_rel)) {
            const auto series = look_up(route, method, status);
            slot.duration.store(series.duration, std::memory_order_relaxed);
            slot.replies.store(series.replies, std::memory_order_relaxed);
            slot.ready.store(true, std::memory_order_release);
            return series;
        }
        if (found == key) break;
    }
    return look_up(route, method, status);
}

RouteMetrics::Series RouteMetrics::look_up(const RouteEntry* route, Method method, std::uint16_t status) const {
    std::array<char, 8> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), status).ptr;
    const std::string_view status_text(digits.data(), static_cast<std::size_t>(end - digits.data()));
    const auto pattern = route == nullptr ? std::string_view("unmatched") : std::string_view(route->pattern);
    // One that we do not know: as the semantic conventions of OpenTelemetry have it.
    const auto name = method == Method::other ? std::string_view("_OTHER") : to_string(method);
    return {durations_.with({name, pattern}), replies_.with({name, pattern, status_text})};
}

}  // namespace http
