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

}  // namespace

RangeRequest parse_range(std::string_view header, std::uint64_t size) {
    constexpr std::string_view unit = "bytes=";
    if (header.size() < unit.size() || !base::iequals(header.substr(0, unit.size()), unit)) return {};
    const auto spec = base::trim(header.substr(unit.size()));
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

std::optional<ByteRange> begin_file(Context& context, const FileVersion& file) {
    auto& response = context.response();
    const auto& request = context.request();
    if (is_not_modified(request, file.etag, file.last_modified)) {
        response.status(304);
        return std::nullopt;
    }
    response.header("Accept-Ranges", "bytes");
    const auto header = request.method() == Method::get ? request.header("range") : std::nullopt;
    if (!header || !if_range_holds(request, file)) return ByteRange{0, file.size};
    const auto wanted = parse_range(*header, file.size);
    if (wanted.kind == RangeKind::none) return ByteRange{0, file.size};
    if (wanted.kind == RangeKind::unsatisfiable) refuse_range(file.size);
    const auto last = wanted.range.first + wanted.range.length - 1;
    response.status(206).header("Content-Range", fmt::format("bytes {}-{}/{}", wanted.range.first, last, file.size));
    return wanted.range;
}

}  // namespace http
