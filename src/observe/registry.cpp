#include "observe/registry.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace observe::detail {
namespace {

constexpr std::string_view other = "other";
constexpr std::string_view folded_name = "metrics_series_folded_total";
constexpr std::size_t most_shards = 8;
constexpr std::size_t longest_label_value = 256;
constexpr std::size_t most_bounds = 7;  // and +Inf

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

// https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels
bool valid_metric_name(std::string_view name) {
    return !name.empty() && !digit(name.front()) &&
           std::ranges::all_of(name, [](char c) { return letter(c) || digit(c) || c == ':'; });
}

bool valid_label_name(std::string_view name) {
    return !name.empty() && !digit(name.front()) && !name.starts_with("__") && name != "le" && name != "quantile" &&
           std::ranges::all_of(name, [](char c) { return letter(c) || digit(c); });
}

void check(const FamilyDeclaration& declaration) {
    if (!valid_metric_name(declaration.name))
        throw std::invalid_argument("metric name: " + std::string(declaration.name));
    for (const std::string& label : declaration.label_names) {
        if (!valid_label_name(label)) throw std::invalid_argument("label name: " + label);
        if (std::ranges::count(declaration.label_names, label) > 1)
            throw std::invalid_argument("label twice: " + label);
    }
    const auto buckets = declaration.buckets;
    // A series for each, of each label set: the page is scraped, sent and kept every few seconds.
    if (buckets.size() > most_bounds) throw std::invalid_argument("too many buckets: " + std::string(declaration.name));
    const bool finite = std::ranges::all_of(buckets, [](double bound) { return std::isfinite(bound); });
    if (!finite || std::ranges::adjacent_find(buckets, std::greater_equal<>{}) != buckets.end()) {
        throw std::invalid_argument("buckets must be finite and ascend: " + std::string(declaration.name));
    }
}

bool same(const Family& family, const FamilyDeclaration& declaration) {
    return family.type == declaration.type && family.label_names == declaration.label_names &&
           std::ranges::equal(family.buckets, declaration.buckets);
}

std::size_t shard_count(std::size_t wanted) {
    if (wanted == 0) wanted = std::thread::hardware_concurrency();
    return std::bit_ceil(std::clamp<std::size_t>(wanted, 1, most_shards));
}

// Lengths in front of the values, so that no two lists give the same key.
void append_key(std::string& key, std::span<const std::string_view> values) {
    for (const std::string_view value : values) {
        const auto size = static_cast<std::uint32_t>(std::min(value.size(), longest_label_value));
        key.append(std::bit_cast<std::array<char, sizeof size>>(size).data(), sizeof size);
        key.append(value.substr(0, size));
    }
}

std::unique_ptr<Series> make_series(const Family& family, std::span<const std::string_view> values,
                                    std::size_t shards) {
    std::vector<std::string> owned;
    for (const std::string_view value : values) owned.emplace_back(value.substr(0, longest_label_value));
    switch (family.type) {
        case Type::counter: return std::make_unique<Series>(std::move(owned), std::in_place_type<CounterCell>, shards);
        case Type::gauge: return std::make_unique<Series>(std::move(owned), std::in_place_type<GaugeCell>);
        case Type::histogram: break;
    }
    return std::make_unique<Series>(std::move(owned), std::in_place_type<HistogramCell>, family.buckets, shards);
}

prometheus::ClientMetric::Histogram snapshot(const HistogramCell& cell) {
    prometheus::ClientMetric::Histogram result;
    for (std::size_t bucket = 0; bucket <= cell.bounds.size(); ++bucket) {
        for (std::size_t shard = 0; shard <= cell.shard_mask; ++shard)
            result.sample_count += cell.slot(shard, bucket).load(std::memory_order_relaxed);
        if (bucket < cell.bounds.size()) result.bucket.push_back({result.sample_count, cell.bounds[bucket]});
    }
    result.bucket.push_back({result.sample_count, std::numeric_limits<double>::infinity()});
    for (std::size_t shard = 0; shard <= cell.shard_mask; ++shard) {
        result.sample_sum +=
            std::bit_cast<double>(cell.slot(shard, cell.bounds.size() + 1).load(std::memory_order_relaxed));
    }
    return result;
}

prometheus::ClientMetric snapshot(const Family& family, Series& series) {
    prometheus::ClientMetric metric;
    for (std::size_t index = 0; index < series.values.size(); ++index)
        metric.label.push_back({family.label_names[index], series.values[index]});
    switch (family.type) {
        case Type::counter: metric.counter.value = Counter(&std::get<CounterCell>(series.cell)).value(); break;
        case Type::gauge:
            metric.gauge.value = std::get<GaugeCell>(series.cell).value.load(std::memory_order_relaxed);
            break;
        case Type::histogram: metric.histogram = snapshot(std::get<HistogramCell>(series.cell)); break;
    }
    return metric;
}

prometheus::MetricType library_type(Type type) {
    switch (type) {
        case Type::counter: return prometheus::MetricType::Counter;
        case Type::gauge: return prometheus::MetricType::Gauge;
        case Type::histogram: break;
    }
    return prometheus::MetricType::Histogram;
}

// Of label values that are known at start, most may never come: as with prom-client, they are on the page once they have.
bool has_moved(const Family& family, Series& series) {
    if (family.label_names.empty()) return true;
    switch (family.type) {
        case Type::counter: return Counter(&std::get<CounterCell>(series.cell)).value() != 0;
        case Type::histogram: return Histogram(&std::get<HistogramCell>(series.cell)).count() != 0;
        case Type::gauge: break;
    }
    return true;
}

prometheus::MetricFamily snapshot(const Family& family) {
    prometheus::MetricFamily result{family.name, family.help, library_type(family.type), {}};
    const std::shared_lock lock(family.mutex);
    result.metric.reserve(family.series.size());
    for (const auto& [key, series] : family.series) {
        if (has_moved(family, *series)) result.metric.push_back(snapshot(family, *series));
    }
    std::ranges::sort(result.metric, {}, &prometheus::ClientMetric::label);
    return result;
}

// Adds what collectors say to the families, summing equal series.
class CollectedSamples final : public Samples {
public:
    explicit CollectedSamples(std::map<std::string, prometheus::MetricFamily, std::less<>>& families)
        : families_(families) {}

    void gauge(std::string_view name, std::string_view help, double value, const Labels& labels) override {
        if (auto* metric = find({name, help, Type::gauge, {}}, labels)) metric->gauge.value += value;
    }
    void counter(std::string_view name, std::string_view help, double value, const Labels& labels) override {
        if (auto* metric = find({name, help, Type::counter, {}}, labels)) metric->counter.value += value;
    }

private:
    prometheus::ClientMetric* find(const FamilyDeclaration& declaration, const Labels& labels) {
        auto found = families_.find(declaration.name);
        if (found == families_.end()) {
            check(declaration);
            prometheus::MetricFamily family{
                std::string(declaration.name), std::string(declaration.help), library_type(declaration.type), {}};
            found = families_.emplace(family.name, std::move(family)).first;
        }
        prometheus::MetricFamily& family = found->second;
        if (family.type != library_type(declaration.type)) return nullptr;
        std::vector<prometheus::ClientMetric::Label> wanted;
        for (const auto& [name, value] : labels) wanted.push_back({name, value});
        const auto same_labels = std::ranges::find(family.metric, wanted, &prometheus::ClientMetric::label);
        if (same_labels != family.metric.end()) return &*same_labels;
        family.metric.emplace_back().label = std::move(wanted);
        return &family.metric.back();
    }

    std::map<std::string, prometheus::MetricFamily, std::less<>>& families_;
};

std::vector<prometheus::MetricFamily> page_of(const Registry& registry) {
    std::map<std::string, prometheus::MetricFamily, std::less<>> page;
    {
        const std::scoped_lock lock(registry.families_mutex);
        for (const auto& [name, family] : registry.families) page.emplace(name, snapshot(*family));
        CollectedSamples samples(page);
        for (const auto& [name, family] : registry.families) {
            const auto folded = static_cast<double>(family->folded.load(std::memory_order_relaxed));
            if (folded > 0)
                samples.counter(folded_name,
                                "Look-ups of a label set beyond the bound of its metric, counted under \"other\".",
                                folded, {{"metric", name}});
        }
    }
    {
        const std::scoped_lock lock(registry.collectors_mutex);
        CollectedSamples samples(page);
        for (const auto& [id, collector] : registry.collectors) collector(samples);
    }
    std::vector<prometheus::MetricFamily> families_in_order;
    for (auto& [name, family] : page) {
        if (!family.metric.empty()) families_in_order.push_back(std::move(family));
    }
    return families_in_order;
}

}  // namespace

HistogramCell::HistogramCell(std::span<const double> upper_bounds, std::size_t shards)
    : bounds(upper_bounds),
      shard_mask(shards - 1),
      stride((upper_bounds.size() + 2 + 7) / 8 * 8),
      lines(std::make_unique<Line[]>(stride / 8 * shards)) {}

Registry::Registry(const MetricsOptions& options)
    : max_series(std::max<std::size_t>(options.max_series_per_family, 1)), shards(shard_count(options.shards)) {}

Family& Registry::family(const FamilyDeclaration& declaration) {
    const std::scoped_lock lock(families_mutex);
    if (const auto found = families.find(declaration.name); found != families.end()) {
        if (!same(*found->second, declaration))
            throw std::invalid_argument("metric declared before with another type, labels or buckets: " + found->first);
        return *found->second;
    }
    check(declaration);
    auto made = std::make_unique<Family>();
    made->name = declaration.name;
    made->help = declaration.help;
    made->type = declaration.type;
    made->label_names = declaration.label_names;
    made->buckets.assign(declaration.buckets.begin(), declaration.buckets.end());
    Family& result = *made;
    families.emplace(result.name, std::move(made));
    return result;
}

Series& Registry::series(Family& family, std::span<const std::string_view> values) {
    if (values.size() != family.label_names.size())
        throw std::invalid_argument("label values do not match the names of " + family.name);
    thread_local std::string key;
    key.clear();
    append_key(key, values);
    {
        const std::shared_lock lock(family.mutex);
        if (const auto found = family.series.find(key); found != family.series.end()) return *found->second;
    }
    const std::scoped_lock lock(family.mutex);
    const std::vector<std::string_view> others(values.size(), other);
    std::span<const std::string_view> kept = values;
    if (!family.series.contains(key) && family.series.size() >= max_series) {
        family.folded.fetch_add(1, std::memory_order_relaxed);
        kept = others;
        key.clear();
        append_key(key, kept);
    }
    auto& series = family.series[key];
    if (series == nullptr) series = make_series(family, kept, shards);
    return *series;
}

std::string Registry::render() const { return prometheus::TextSerializer().Serialize(page_of(*this)); }

std::vector<std::pair<std::string, double>> Registry::gauges() const {
    std::vector<std::pair<std::string, double>> gauges;
    for (const auto& family : page_of(*this)) {
        if (family.type != prometheus::MetricType::Gauge) continue;
        for (const auto& metric : family.metric) {
            auto name = family.name;
            for (const auto& label : metric.label)
                name.append(name.size() == family.name.size() ? "{" : ",")
                    .append(label.name)
                    .append("=")
                    .append(label.value);
            if (!metric.label.empty()) name += '}';
            gauges.emplace_back(std::move(name), metric.gauge.value);
        }
    }
    return gauges;
}

}  // namespace observe::detail
