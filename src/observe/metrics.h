#pragma once
// The process's metrics. One Metrics per process (or per test), passed by reference; it outlives its handles. Creating a handle
// takes a lock: do it once, at start, and keep it. Using a handle is lock-free (relaxed atomics, sharded by thread) and may be
// done from any thread. Names and labels follow prom-client; misuse (bad name, other labels than before) throws
// std::invalid_argument.
//
//     observe::Counter sales = metrics.counter("pos_sales_total", "Sales recorded.", {{"channel", "till"}});
//     sales.increment();
//     auto durations = metrics.histogram_family("http_request_duration_seconds", "Time to reply.", {"method", "route", "status"});
//     durations.with({"GET", "/v1/products/{id}", "200"}).observe(0.0021);
//     std::string page = metrics.render();  // Content-Type: observe::text_content_type
//
// A family holds at most `max_series_per_family` label sets. Further ones are folded into the set whose every value is "other",
// and counted in metrics_series_folded_total{metric=…}: a path used as a label must not eat the memory.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace observe {

using Labels = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::string_view text_content_type = "text/plain; version=0.0.4; charset=utf-8";

// In seconds: some of prom-client's.
[[nodiscard]] std::span<const double> default_latency_buckets();

namespace detail {
struct CounterCell;
struct GaugeCell;
struct HistogramCell;
struct Family;
struct Registry;
}  // namespace detail

// Handles are one pointer. A default handle ignores what it is told, so a component may run without metrics.
class Counter {
public:
    Counter() = default;
    explicit Counter(detail::CounterCell* cell) : cell_(cell) {}
    void increment(double by = 1) const noexcept;  // a negative or NaN `by` is ignored
    [[nodiscard]] double value() const noexcept;

private:
    detail::CounterCell* cell_ = nullptr;
};

class Gauge {
public:
    Gauge() = default;
    explicit Gauge(detail::GaugeCell* cell) : cell_(cell) {}
    void set(double value) const noexcept;
    void add(double by) const noexcept;
    [[nodiscard]] double value() const noexcept;

private:
    detail::GaugeCell* cell_ = nullptr;
};

class Histogram {
public:
    Histogram() = default;
    explicit Histogram(detail::HistogramCell* cell) : cell_(cell) {}
    void observe(double value) const noexcept;
    [[nodiscard]] std::uint64_t count() const noexcept;
    [[nodiscard]] double sum() const noexcept;

private:
    detail::HistogramCell* cell_ = nullptr;
};

// The series of one name by the values of its labels, in the order the names were given. with() takes a shared lock and does not
// allocate for a set it knows.
template <typename Handle>
class Family {
public:
    Family() = default;
    Family(detail::Registry* registry, detail::Family* family) : registry_(registry), family_(family) {}
    [[nodiscard]] Handle with(std::initializer_list<std::string_view> values) const {
        return with(std::span<const std::string_view>(values.begin(), values.size()));
    }
    [[nodiscard]] Handle with(std::span<const std::string_view> values) const;

private:
    detail::Registry* registry_ = nullptr;
    detail::Family* family_ = nullptr;
};

template <>
Counter Family<Counter>::with(std::span<const std::string_view> values) const;
template <>
Gauge Family<Gauge>::with(std::span<const std::string_view> values) const;
template <>
Histogram Family<Histogram>::with(std::span<const std::string_view> values) const;

using CounterFamily = Family<Counter>;
using GaugeFamily = Family<Gauge>;
using HistogramFamily = Family<Histogram>;

// What a collector may say. Equal names and labels from several collectors are added up (one pool per thread, one gauge).
class Samples {
public:
    virtual ~Samples() = default;
    virtual void gauge(std::string_view name, std::string_view help, double value, const Labels& labels = {}) = 0;
    virtual void counter(std::string_view name, std::string_view help, double value, const Labels& labels = {}) = 0;
};

// Keeps a collector registered; must not outlive its Metrics. Its destructor waits for a render that is under way.
class Registration {
public:
    Registration() = default;
    Registration(detail::Registry* registry, std::uint64_t id) : registry_(registry), id_(id) {}
    Registration(Registration&& other) noexcept : registry_(std::exchange(other.registry_, nullptr)), id_(other.id_) {}
    Registration& operator=(Registration&& other) noexcept;
    ~Registration() { reset(); }
    void reset() noexcept;

private:
    detail::Registry* registry_ = nullptr;
    std::uint64_t id_ = 0;
};

struct MetricsOptions {
    std::size_t max_series_per_family = 2000;
    std::size_t shards = 0;  // 0: as many as hardware threads, a power of two, at most 8
};

class Metrics {
public:
    explicit Metrics(const MetricsOptions& options = {});
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;
    ~Metrics();

    // The same name and labels give the same series.
    [[nodiscard]] Counter counter(std::string_view name, std::string_view help, const Labels& labels = {});
    [[nodiscard]] Gauge gauge(std::string_view name, std::string_view help, const Labels& labels = {});
    // `buckets`: ascending upper bounds, seven at most; +Inf is added.
    [[nodiscard]] Histogram histogram(std::string_view name, std::string_view help, std::span<const double> buckets,
                                      const Labels& labels = {});
    [[nodiscard]] Histogram histogram(std::string_view name, std::string_view help, const Labels& labels = {}) {
        return histogram(name, help, default_latency_buckets(), labels);
    }

    [[nodiscard]] CounterFamily counter_family(std::string_view name, std::string_view help,
                                               std::initializer_list<std::string_view> label_names);
    [[nodiscard]] GaugeFamily gauge_family(std::string_view name, std::string_view help,
                                           std::initializer_list<std::string_view> label_names);
    [[nodiscard]] HistogramFamily histogram_family(std::string_view name, std::string_view help,
                                                   std::initializer_list<std::string_view> label_names,
                                                   std::span<const double> buckets = default_latency_buckets());

    // Called at each render(), on the rendering thread: read only what is safe to read there, and be quick.
    [[nodiscard]] Registration collect(std::function<void(Samples&)> collector);
    [[nodiscard]] Registration gauge_from(std::string name, std::string help, std::function<double()> read,
                                          Labels labels = {});

    // The Prometheus text format, version 0.0.4.
    [[nodiscard]] std::string render() const;
    // Every gauge as it is now: `name{label=value,…}` and its value. For a dump of what waits.
    [[nodiscard]] std::vector<std::pair<std::string, double>> gauges() const;

private:
    std::unique_ptr<detail::Registry> registry_;
};

}  // namespace observe
