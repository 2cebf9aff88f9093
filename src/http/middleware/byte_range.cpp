#include "http/middleware/byte_range.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/failure.h"
#include "base/strings.h"
#include "http/context.h"
#include "http/middleware/conditional.h"
#include "http/middleware/errors.h"

namespace http {

namespace {

// §13.1.5: a strong tag or a date, both compared exactly; otherwise the range is not for this file.
bool if_range_holds(const Request& request, const FileVersion& file) {
    const auto condition = request.header("if-range");
    return !condition ||
           (condition->starts_with('"') ? *condition == file.etag
                                        : !file.last_modified.empty() && *condition == file.last_modified);
}

[[noreturn]] void refuse_range(std::uint64_t size) {
    throw base::Failure(errors::range_not_satisfiable).header("Content-Range", fmt::format("bytes */{}", size));
}

std::optional<std::string_view> without_unit(std::string_view header) {
    constexpr std::string_view unit = "bytes=";
    if (header.size() < unit.size() || !base::iequals(header.substr(0, unit.size()), unit)) return std::nullopt;
    return header.substr(unit.size());
}

// One of the list: "0-99", "100-", "-5".
RangeRequest parse_spec(std::string_view spec, std::uint64_t size) {
    const auto dash = spec.find('-');
    if (dash == std::string_view::npos) return {};
    const auto first_text = spec.substr(0, dash);
    const auto last_text = spec.substr(dash + 1);
    const auto first = base::parse_integer<std::uint64_t>(first_text);
    const auto last = base::parse_integer<std::uint64_t>(last_text);
    if (first_text.empty()) {
        if (!last) return {};
        if (*last == 0 || size == 0) return {.kind = RangeKind::unsatisfiable};
        const auto length = std::min(*last, size);
        return {.kind = RangeKind::satisfiable, .range = {size - length, length}};
    }
    if (!first || (!last && !last_text.empty()) || (last && *last < *first)) return {};
    if (*first >= size) return {.kind = RangeKind::unsatisfiable};
    const auto end = last ? std::min(*last, size - 1) : size - 1;
    return {.kind = RangeKind::satisfiable, .range = {*first, end - *first + 1}};
}

bool overlap(std::vector<ByteRange> ranges) {
    std::ranges::sort(ranges, {}, &ByteRange::first);
    for (std::size_t i = 1; i < ranges.size(); ++i) {
        if (ranges[i].first < ranges[i - 1].first + ranges[i - 1].length) return true;
    }
    return false;
}

// Status and headers of what was decided.
void answer_partly(Response& response, const std::vector<ByteRange>& ranges, std::uint64_t size) {
    response.status(206);
    if (ranges.size() > 1) return;
    const auto& only = ranges.front();
    response.header("Content-Range", fmt::format("bytes {}-{}/{}", only.first, only.first + only.length - 1, size));
}

// nullopt: the client has it already. `parse` finds the ranges.
template <class Parse>
std::optional<std::vector<ByteRange>> begin_with(Context& context, const FileVersion& file, Parse parse) {
    auto& response = context.response();
    const auto& request = context.request();
    if (is_not_modified(request, file.etag, file.last_modified)) {
        response.status(304);
        return std::nullopt;
    }
    response.header("Accept-Ranges", "bytes");
    std::vector<ByteRange> whole{{0, file.size}};
    const auto header = request.method() == Method::get ? request.header("range") : std::nullopt;
    if (!header || !if_range_holds(request, file)) return whole;
    auto wanted = parse(*header);
    if (wanted.kind == RangeKind::none) return whole;
    if (wanted.kind == RangeKind::unsatisfiable) refuse_range(file.size);
    answer_partly(response, wanted.ranges, file.size);
    return std::move(wanted.ranges);
}

}  // namespace

RangeRequest parse_range(std::string_view header, std::uint64_t size) {
    const auto spec = without_unit(header);
    return spec ? parse_spec(base::trim(*spec), size) : RangeRequest{};
}

RangesRequest parse_ranges(std::string_view header, std::uint64_t size) {
    const auto list = without_unit(header);
    if (!list) return {};
    const auto specs = base::split(*list, ',');
    if (specs.size() > max_ranges) return {};
    RangesRequest request{.kind = RangeKind::unsatisfiable};
    for (const auto spec : specs) {
        const auto one = parse_spec(base::trim(spec), size);
        if (one.kind == RangeKind::none) return {};
        if (one.kind == RangeKind::satisfiable) request.ranges.push_back(one.range);
    }
    if (overlap(request.ranges)) return {};
    if (!request.ranges.empty()) request.kind = RangeKind::satisfiable;
    return request;
}

std::optional<ByteRange> begin_file(Context& context, const FileVersion& file) {
    const auto ranges = begin_with(context, file, [&](std::string_view header) {
        const auto one = parse_range(header, file.size);
        return RangesRequest{.kind = one.kind, .ranges = {one.range}};
    });
    return ranges ? std::optional(ranges->front()) : std::nullopt;
}

std::optional<std::vector<ByteRange>> begin_ranges(Context& context, const FileVersion& file) {
    return begin_with(context, file, [&](std::string_view header) { return parse_ranges(header, file.size); });
}

}  // namespace http
