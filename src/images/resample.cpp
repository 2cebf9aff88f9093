#include "images/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

namespace images {

namespace {

using Light = float __attribute__((vector_size(16)));  // red, green, blue, alpha: linear, premultiplied

constexpr std::uint32_t levels = 65'536;

// IEC 61966-2-1.
float to_light(double value) {
    return static_cast<float>(value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4));
}
double from_light(double light) {
    return light <= 0.0031308 ? light * 12.92 : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
}

struct Tables {
    std::array<float, 256> light{};
    std::array<std::uint8_t, levels> value{};

    Tables() {
        for (std::size_t i = 0; i < light.size(); ++i) light[i] = to_light(static_cast<double>(i) / 255);
        for (std::size_t i = 0; i < value.size(); ++i)
            value[i] = static_cast<std::uint8_t>(std::lround(from_light(static_cast<double>(i) / (levels - 1)) * 255));
    }
    [[nodiscard]] std::uint8_t value_of(float amount) const {
        return value[static_cast<std::size_t>(std::clamp(amount, 0.0F, 1.0F) * (levels - 1) + 0.5F)];
    }
};

const Tables& all_tables() {
    static const Tables tables;
    return tables;
}

double cubic(double x) {
    x = std::abs(x);
    if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
    if (x < 2) return ((-0.5 * x + 2.5) * x - 4) * x + 2;
    return 0;
}

// Which pixels of the source make up one of the target, with their weights, which add up to 1.
struct Taps {
    std::uint32_t first;
    std::vector<float> weights;

    [[nodiscard]] std::uint32_t end() const { return first + static_cast<std::uint32_t>(weights.size()); }
};

Taps taps_at(std::uint32_t target, double scale, std::uint32_t source_size) {
    const double radius = 2 * scale;
    const double centre = (target + 0.5) * scale;
    const auto first = static_cast<std::uint32_t>(std::max(0.0, std::floor(centre - radius)));
    const auto end = static_cast<std::uint32_t>(std::min<double>(source_size, std::ceil(centre + radius)));
    std::vector<double> weights;
    double sum = 0;
    for (auto i = first; i < end; ++i) sum += weights.emplace_back(cubic((i + 0.5 - centre) / scale));
    Taps taps{first, {}};
    for (const double weight : weights) taps.weights.push_back(static_cast<float>(weight / sum));
    return taps;
}

std::vector<Taps> taps_of(std::uint32_t source_size, std::uint32_t target_size) {
    std::vector<Taps> taps;
    taps.reserve(target_size);
    if (source_size == target_size) {
        for (std::uint32_t i = 0; i < target_size; ++i) taps.push_back({i, {1.0F}});
        return taps;
    }
    const double scale = static_cast<double>(source_size) / target_size;
    for (std::uint32_t i = 0; i < target_size; ++i) taps.push_back(taps_at(i, scale, source_size));
    return taps;
}

// One reduction: takes rows, gives rows. Those of the source that are still needed are kept, already reduced in width, in a ring.
class Reduction {
public:
    Reduction(Size from, Size to) : columns_(taps_of(from.width, to.width)), rows_(taps_of(from.height, to.height)) {
        std::size_t kept = 0;
        for (const auto& row : rows_) kept = std::max(kept, row.weights.size());
        ring_.assign(kept, std::vector<Light>(to.width));
        result_.resize(to.width);
    }

    template <class Emit>
    void add_row(std::span<const Light> row, Emit emit) {
        auto& kept = ring_[taken_ % ring_.size()];
        for (std::size_t x = 0; x < columns_.size(); ++x) {
            const auto& taps = columns_[x];
            Light sum{};
            const Light* from = &row[taps.first];
            for (const float weight : taps.weights) sum += *from++ * weight;
            kept[x] = sum;
        }
        ++taken_;
        while (given_ < rows_.size() && rows_[given_].end() <= taken_) {
            emit(reduced_row(rows_[given_]));
            ++given_;
        }
    }

private:
    std::span<const Light> reduced_row(const Taps& taps) {
        std::ranges::fill(result_, Light{});
        auto at = taps.first;
        for (const float weight : taps.weights) {
            const auto& kept = ring_[at++ % ring_.size()];
            for (std::size_t x = 0; x < result_.size(); ++x) result_[x] += kept[x] * weight;
        }
        return result_;
    }

    std::vector<Taps> columns_;
    std::vector<Taps> rows_;
    std::vector<std::vector<Light>> ring_;
    std::vector<Light> result_;
    std::uint32_t taken_ = 0;
    std::size_t given_ = 0;
};

struct Stage {
    Reduction reduction;
    Raster raster;
    std::size_t written = 0;
};

}  // namespace

struct Shrinker::Impl {
    explicit Impl(Options options) : from{options.width, options.height}, row(options.width) {
        const auto shape = options.shape.width == 0 ? from : options.shape;
        auto source = from;
        for (const auto side : options.sides) {
            auto target = fit(shape, side);
            target = {std::min(target.width, source.width), std::min(target.height, source.height)};
            Raster raster{target.width, target.height, {}};
            raster.pixels.resize(std::size_t{4} * target.width * target.height);
            stages.push_back({Reduction(source, target), std::move(raster)});
            source = target;
        }
    }

    void add(std::size_t stage, std::span<const Light> light) {
        if (stage == stages.size()) return;
        stages[stage].reduction.add_row(light, [this, stage](std::span<const Light> reduced) {
            if (stage == 0) add_to_average(reduced);
            write(stages[stage], reduced);
            add(stage + 1, reduced);
        });
    }

    void write(Stage& stage, std::span<const Light> light) const {
        std::uint8_t* to = &stage.raster.pixels[stage.written];
        stage.written += 4 * light.size();
        for (const auto& pixel : light) {
            const float alpha = std::clamp(pixel[3], 0.0F, 1.0F);
            const float factor = alpha < 1.0F / 512 ? 0.0F : 1 / alpha;
            for (int channel = 0; channel < 3; ++channel) *to++ = tables.value_of(pixel[channel] * factor);
            *to++ = static_cast<std::uint8_t>(alpha * 255 + 0.5F);
        }
    }

    void add_to_average(std::span<const Light> light) {
        Light total{};
        for (const auto& pixel : light) total += pixel;
        for (int channel = 0; channel < 4; ++channel) sum[static_cast<std::size_t>(channel)] += total[channel];
        counted += light.size();
    }

    const Tables& tables = all_tables();
    Size from;
    std::vector<Light> row;
    std::vector<Stage> stages;
    std::array<double, 4> sum{};
    std::size_t counted = 0;
    std::uint32_t taken = 0;
    bool has_alpha = false;
};

Shrinker::Shrinker(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Shrinker::~Shrinker() = default;

void Shrinker::add_row(std::span<const std::uint8_t> rgba) {
    const auto& light = impl_->tables.light;
    const std::uint8_t* from = rgba.data();
    std::uint8_t all = 255;
    for (auto& pixel : impl_->row) {
        const float alpha = static_cast<float>(from[3]) * (1.0F / 255);
        pixel = Light{light[from[0]] * alpha, light[from[1]] * alpha, light[from[2]] * alpha, alpha};
        all &= from[3];
        from += 4;
    }
    impl_->has_alpha |= all != 255;
    ++impl_->taken;
    impl_->add(0, impl_->row);
}

bool Shrinker::is_complete() const { return impl_->taken == impl_->from.height; }
bool Shrinker::has_alpha() const { return impl_->has_alpha; }

std::uint32_t Shrinker::colour() const {
    const auto count = static_cast<double>(std::max<std::size_t>(1, impl_->counted));
    const double missing = 1 - impl_->sum[3] / count;
    std::uint32_t colour = 0;
    for (std::size_t channel = 0; channel < 3; ++channel) {
        const auto light = static_cast<float>(impl_->sum[channel] / count + missing);
        colour = colour << 8U | impl_->tables.value_of(light);
    }
    return colour;
}

std::vector<Raster> Shrinker::take() {
    std::vector<Raster> rasters;
    for (auto& stage : impl_->stages) rasters.push_back(std::move(stage.raster));
    return rasters;
}

Size fit(Size size, std::uint32_t side) {
    const auto longer = std::max(size.width, size.height);
    if (longer <= side) return size;
    const auto part = [&](std::uint32_t length) {
        return static_cast<std::uint32_t>(
            std::max<std::uint64_t>(1, (std::uint64_t{length} * side + longer / 2) / longer));
    };
    return {part(size.width), part(size.height)};
}

Raster upright(Raster raster, std::uint8_t orientation) {
    if (orientation <= 1 || orientation > 8) return raster;
    const bool is_turned = orientation >= 5;
    Raster turned{is_turned ? raster.height : raster.width, is_turned ? raster.width : raster.height, {}};
    turned.pixels.resize(raster.pixels.size());
    // EXIF 2.32, Orientation: where row 0 and column 0 of what is stored are to be seen.
    const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    std::uint8_t* to = turned.pixels.data();
    for (std::uint32_t y = 0; y < turned.height; ++y) {
        for (std::uint32_t x = 0; x < turned.width; ++x) {
            const auto column = is_turned ? y : x;
            const auto row = is_turned ? x : y;
            const auto* from =
                raster.at(from_right ? raster.width - 1 - column : column, from_bottom ? raster.height - 1 - row : row);
            to = std::copy_n(from, 4, to);
        }
    }
    return turned;
}

}  // namespace images
