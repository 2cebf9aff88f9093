#include "observe/metrics.h"

#include "observe/registry.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace observe {
namespace {

// Threads take shards in turn; with one event loop per core each has its own.
std::size_t this_threads_number() {
    static std::atomic<std::size_t> next{0};
    thread_local const std::size_t number = next.fetch_add(1, std::memory_order_relaxed);
    return number;
}

void add_relaxed(std::atomic<double>& target, double by) { target.fetch_add(by, std::memory_order_relaxed); }

void add_relaxed_bits(std::atomic<std::uint64_t>& target, double by) {
    std::uint64_t before = target.load(std::memory_order_relaxed);
    while (!target.compare_exchange_weak(before, std::bit_cast<std::uint64_t>(std::bit_cast<double>(before) + by),
                                         std::memory_order_relaxed)) {}
}

constexpr std::array<double, 7> latency_buckets{0.005, 0.01, 0.025, 0.1, 0.25, 1, 5};

std::vector<std::string> names_of(const Labels& labels) {
    std::vector<std::string> names;
    for (const auto& [name, value] : labels) names.push_back(name);
    return names;
}

detail::Series& series_of(detail::Registry& registry, detail::FamilyDeclaration declaration, const Labels& labels) {
    declaration.label_names = names_of(labels);
    std::vector<std::string_view> values;
    for (const auto& [name, value] : labels) values.push_back(value);
    return registry.series(registry.family(declaration), values);
}

std::vector<std::string> copied(std::initializer_list<std::string_view> names) { return {names.begin(), names.end()}; }

}  // namespace

std::span<const double> default_latency_buckets() { return latency_buckets; }

void Counter::increment(double by) const noexcept {
    if (cell_ == nullptr || !(by >= 0)) return;
    add_relaxed(cell_->values[this_threads_number() & cell_->shard_mask].value, by);
}

double Counter::value() const noexcept {
    double total = 0;
    for (std::size_t shard = 0; cell_ != nullptr && shard <= cell_->shard_mask; ++shard)
        total += cell_->values[shard].value.load(std::memory_order_relaxed);
    return total;
}

void Gauge::set(double value) const noexcept {
    if (cell_ != nullptr) cell_->value.store(value, std::memory_order_relaxed);
}

void Gauge::add(double by) const noexcept {
    if (cell_ != nullptr) add_relaxed(cell_->value, by);
}

double Gauge::value() const noexcept { return cell_ == nullptr ? 0 : cell_->value.load(std::memory_order_relaxed); }

void Histogram::observe(double value) const noexcept {
    if (cell_ == nullptr || std::isnan(value)) return;
    const std::size_t shard = this_threads_number() & cell_->shard_mask;
    std::size_t bucket = 0;
    // A dozen bounds, and most values fall into the first: a scan beats a binary search.
    while (bucket < cell_->bounds.size() && value > cell_->bounds[bucket]) ++bucket;
    cell_->slot(shard, bucket).fetch_add(1, std::memory_order_relaxed);
    add_relaxed_bits(cell_->slot(shard, cell_->bounds.size() + 1), value);
}

std::uint64_t Histogram::count() const noexcept {
    std::uint64_t total = 0;
    for (std::size_t shard = 0; cell_ != nullptr && shard <= cell_->shard_mask; ++shard) {
        for (std::size_t bucket = 0; bucket <= cell_->bounds.size(); ++bucket)
            total += cell_->slot(shard, bucket).load(std::memory_order_relaxed);
    }
    return total;
}

double Histogram::sum() const noexcept {
    double total = 0;
    for (std::size_t shard = 0; cell_ != nullptr && shard <= cell_->shard_mask; ++shard) {
        total += std::bit_cast<double>(cell_->slot(shard, cell_->bounds.size() + 1).load(std::memory_order_relaxed));
    }
    return total;
}

template <>
Counter Family<Counter>::with(std::span<const std::string_view> values) const {
    return family_ == nullptr ? Counter()
                              : Counter(&std::get<detail::CounterCell>(registry_->series(*family_, values).cell));
}

template <>
Gauge Family<Gauge>::with(std::span<const std::string_view> values) const {
    return family_ == nullptr ? Gauge() : Gauge(&std::get<detail::GaugeCell>(registry_->series(*family_, values).cell));
}

template <>
Histogram Family<Histogram>::with(std::span<const std::string_view> values) const {
    return family_ == nullptr ? Histogram()
                              : Histogram(&std::get<detail::HistogramCell>(registry_->series(*family_, values).cell));
}

Registration& Registration::operator=(Registration&& other) noexcept {
    if (this != &other) {
        reset();
        registry_ = std::exchange(other.registry_, nullptr);
        id_ = other.id_;
    }
    return *this;
}

void Registration::reset() noexcept {
    if (registry_ == nullptr) return;
    const std::scoped_lock lock(registry_->collectors_mutex);
    registry_->collectors.erase(id_);
    registry_ = nullptr;
}

Metrics::Metrics(const MetricsOptions& options) : registry_(std::make_unique<detail::Registry>(options)) {}
Metrics::~Metrics() = default;

Counter Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
    return Counter(
        &std::get<detail::CounterCell>(series_of(*registry_, {name, help, detail::Type::counter, {}}, labels).cell));
}

Gauge Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
    return Gauge(
        &std::get<detail::GaugeCell>(series_of(*registry_, {name, help, detail::Type::gauge, {}}, labels).cell));
}

Histogram Metrics::histogram(std::string_view name, std::string_view help, std::span<const double> buckets,
                             const Labels& labels) {
    return Histogram(&std::get<detail::HistogramCell>(
        series_of(*registry_, {name, help, detail::Type::histogram, {}, buckets}, labels).cell));
}

CounterFamily Metrics::counter_family(std::string_view name, std::string_view help,
                                      std::initializer_list<std::string_view> label_names) {
    return {registry_.get(), &registry_->family({name, help, detail::Type::counter, copied(label_names)})};
}

GaugeFamily Metrics::gauge_family(std::string_view name, std::string_view help,
                                  std::initializer_list<std::string_view> label_names) {
    return {registry_.get(), &registry_->family({name, help, detail::Type::gauge, copied(label_names)})};
}

HistogramFamily Metrics::histogram_family(std::string_view name, std::string_view help,
                                          std::initializer_list<std::string_view> label_names,
                                          std::span<const double> buckets) {
    return {registry_.get(), &registry_->family({name, help, detail::Type::histogram, copied(label_names), buckets})};
}

Registration Metrics::collect(std::function<void(Samples&)> collector) {
    const std::scoped_lock lock(registry_->collectors_mutex);
    const std::uint64_t id = registry_->next_collector++;
    registry_->collectors.emplace(id, std::move(collector));
    return {registry_.get(), id};
}

Registration Metrics::gauge_from(std::string name, std::string help, std::function<double()> read, Labels labels) {
    return collect([name = std::move(name), help = std::move(help), read = std::move(read),
                    labels = std::move(labels)](Samples& samples) { samples.gauge(name, help, read(), labels); });
}

std::string Metrics::render() const { return registry_->render(); }

std::vector<std::pair<std::string, double>> Metrics::gauges() const { return registry_->gauges(); }

}  // namespace observe
