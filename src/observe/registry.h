#pragma once
// The inside of Metrics: cells that handles write to, families that hold them. Cells never move or die before the registry.
//
// Ours rather than prometheus-cpp's own cells, because its Histogram takes a mutex for each observation
// (docs/decisions/0005-metrics.md); the text format stays the library's.

#include "observe/metrics.h"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <variant>

namespace observe::detail {

enum class Type : std::uint8_t { counter, gauge, histogram };

// A cache line each, so that two event loops do not pass one to and fro.
struct alignas(64) CounterShard {
    std::atomic<double> value{0};
};

struct CounterCell {
    explicit CounterCell(std::size_t shards)
        : shard_mask(shards - 1), values(std::make_unique<CounterShard[]>(shards)) {}
    std::size_t shard_mask;
    std::unique_ptr<CounterShard[]> values;
};

struct GaugeCell {
    std::atomic<double> value{0};
};

struct HistogramCell {
    HistogramCell(std::span<const double> upper_bounds, std::size_t shards);

    std::span<const double> bounds;  // the family's
    std::size_t shard_mask;
    std::size_t stride;  // 8-byte slots of a shard: a count for each bucket and +Inf, then the sum
    struct alignas(64) Line {
        std::atomic<std::uint64_t> slots[8];
    };
    std::unique_ptr<Line[]> lines;
    [[nodiscard]] std::atomic<std::uint64_t>& slot(std::size_t shard, std::size_t index) const {
        const std::size_t at = shard * stride + index;
        return lines[at / 8].slots[at % 8];
    }
};

struct Series {
    // A cell is made in place: a gauge's cannot be moved.
    template <class Cell, class... Arguments>
    Series(std::vector<std::string> label_values, std::in_place_type_t<Cell> type, Arguments&&... arguments)
        : values(std::move(label_values)), cell(type, std::forward<Arguments>(arguments)...) {}

    std::vector<std::string> values;
    std::variant<CounterCell, GaugeCell, HistogramCell> cell;
};

struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

struct Family {
    std::string name;
    std::string help;
    Type type = Type::counter;
    std::vector<std::string> label_names;
    std::vector<double> buckets;
    mutable std::shared_mutex mutex;
    std::unordered_map<std::string, std::unique_ptr<Series>, NameHash, std::equal_to<>> series;  // by the joined values
    std::atomic<std::uint64_t> folded{0};  // look-ups that met a full family
};

struct FamilyDeclaration {
    std::string_view name;
    std::string_view help;
    Type type;
    std::vector<std::string> label_names;
    std::span<const double> buckets = {};
};

struct Registry {
    explicit Registry(const MetricsOptions& options);

    // The family of that name, made when new; std::invalid_argument when it is declared otherwise.
    Family& family(const FamilyDeclaration& declaration);
    Series& series(Family& family, std::span<const std::string_view> values);
    [[nodiscard]] std::string render() const;
    // "name{label="value"}" and its value, of every gauge.
    [[nodiscard]] std::vector<std::pair<std::string, double>> gauges() const;

    const std::size_t max_series;
    const std::size_t shards;

    mutable std::mutex families_mutex;
    std::map<std::string, std::unique_ptr<Family>, std::less<>> families;  // ordered: a stable page

    mutable std::mutex collectors_mutex;
    std::map<std::uint64_t, std::function<void(Samples&)>> collectors;
    std::uint64_t next_collector = 1;
};

}  // namespace observe::detail
