#include "images/render_picture.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <optional>

#include "images/codecs.h"

namespace images {

namespace {

// Decoders may reduce to this many times the largest rendition: the filter does the rest better than they do.
constexpr std::uint32_t spare = 2;

bool is_sound(const Plan& plan) {
    const auto sides = std::span(plan.sides).first(std::min<std::size_t>(plan.side_count, most_sides));
    const auto is_side = [](std::uint32_t side) { return side >= 1 && side <= longest_rendition; };
    const auto is_quality = [](int quality) { return quality >= 1 && quality <= 100; };
    return plan.side_count >= 1 && plan.side_count <= most_sides && std::ranges::all_of(sides, is_side) &&
           is_quality(plan.webp_quality) && is_quality(plan.jpeg_quality);
}

std::vector<std::uint32_t> descending_sides(const Plan& plan) {
    std::vector<std::uint32_t> sides(plan.sides.begin(), plan.sides.begin() + plan.side_count);
    std::ranges::sort(sides, std::greater());
    sides.erase(std::ranges::unique(sides).begin(), sides.end());
    return sides;
}

class ShrinkingSink final : public RowSink {
public:
    ShrinkingSink(std::vector<std::uint32_t> sides, Size shape) : sides_(std::move(sides)), shape_(shape) {}

    void begin(Size size) override {
        shrinker_.emplace(
            Shrinker::Options{.width = size.width, .height = size.height, .sides = sides_, .shape = shape_});
    }
    void add_row(std::span<const std::uint8_t> rgba) override { shrinker_->add_row(rgba); }

    // None while rows are missing.
    [[nodiscard]] Shrinker* complete() { return shrinker_ && shrinker_->is_complete() ? &*shrinker_ : nullptr; }

private:
    std::vector<std::uint32_t> sides_;
    Size shape_;
    std::optional<Shrinker> shrinker_;
};

bool decode(const Source& source, RowSink& sink) {
    switch (source.header.type) {
        case Type::jpeg: return decode_jpeg(source, sink);
        case Type::png: return decode_png(source, sink);
        case Type::webp: return decode_webp(source, sink);
        case Type::gif: return decode_gif(source, sink);
    }
    return false;
}

void add_rendition(Rendered& rendered, const Entry& entry, std::string bytes) {
    auto& added = rendered.reply.entries[rendered.reply.count++];
    added = entry;
    added.size = bytes.size();
    rendered.renditions.push_back(std::move(bytes));
}

// In the order of the plan.
void encode_all(Rendered& rendered, const Plan& plan, const std::vector<std::uint32_t>& sides,
                const std::vector<Raster>& rasters) {
    const bool has_alpha = rendered.reply.has_alpha == 1;
    for (std::size_t i = 0; i < plan.side_count; ++i) {
        const auto at = std::ranges::find(sides, plan.sides[i]) - sides.begin();
        const auto& raster = rasters[static_cast<std::size_t>(at)];
        Entry entry{.side = plan.sides[i], .width = raster.width, .height = raster.height};
        if (plan.is_webp == 1) add_rendition(rendered, entry, encode_webp(raster, has_alpha, plan.webp_quality));
        entry.is_jpeg = 1;
        if (plan.is_jpeg == 1) add_rendition(rendered, entry, encode_jpeg(raster, plan.jpeg_quality));
    }
}

Rendered of_status(Status status) {
    Rendered rendered;
    rendered.reply.status = status;
    return rendered;
}

Rendered render(std::string_view file, const Request& request) {
    const auto header = read_header(file);
    if (const auto status = judge_header(header, request.max_pixels); status != Status::rendered)
        return of_status(status);
    if (!is_sound(request.plan)) return of_status(Status::unreadable);
    const auto sides = descending_sides(request.plan);
    ShrinkingSink sink(sides, {header->width, header->height});
    if (!decode({file, *header, spare * sides.front()}, sink)) return of_status(Status::unreadable);
    auto* shrinker = sink.complete();
    if (shrinker == nullptr) return of_status(Status::unreadable);
    auto rendered = of_status(Status::rendered);
    auto& reply = rendered.reply;
    reply.type = static_cast<std::uint32_t>(header->type);
    reply.width = header->is_turned() ? header->height : header->width;
    reply.height = header->is_turned() ? header->width : header->height;
    reply.has_alpha = shrinker->has_alpha() ? 1 : 0;
    reply.colour = shrinker->colour();
    auto rasters = shrinker->take();
    for (auto& raster : rasters) raster = upright(std::move(raster), header->orientation);
    encode_all(rendered, request.plan, sides, rasters);
    return rendered;
}

}  // namespace

Status judge_header(const std::expected<Header, HeaderError>& header, std::uint64_t max_pixels) {
    if (!header) return header.error() == HeaderError::unsupported ? Status::unsupported : Status::unreadable;
    const bool is_too_large =
        header->width > longest_side || header->height > longest_side || header->pixels() > max_pixels;
    return is_too_large ? Status::too_large : Status::rendered;
}

Rendered render_picture(std::string_view file, const Request& request) noexcept {
    try {
        return render(file, request);
    } catch (const std::exception&) {
        return of_status(Status::unreadable);
    }
}

}  // namespace images
