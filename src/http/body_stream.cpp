#include "http/body_stream.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/strings.h"
#include "http/errors.h"
#include "schema/shown_name.h"

namespace http::detail {

void require_media_type(const Context& context, std::span<const std::string_view> known) {
    const auto given = context.request().header("content-type");
    if (!given && context.request().has_body()) {
        throw base::Failure(errors::unsupported_media_type,
                            fmt::format("no Content-Type: send Content-Type: {}", fmt::join(known, " or ")));
    }
    const auto type = media_type_of_bytes(given.value_or(""));
    for (const auto one : known) {
        if (base::iequals(one, type)) return;
    }
    throw base::Failure(
        errors::unsupported_media_type,
        fmt::format("\"{}\": send Content-Type: {}", schema::shown_name(type), fmt::join(known, " or ")));
}

void describe_body_stream(Operation& operation, std::span<const std::string_view> media_types) {
    operation.body_media_types.assign(media_types.begin(), media_types.end());
    if (media_types.empty()) operation.body_media_types.emplace_back("application/octet-stream");
    if (!media_types.empty()) operation.can_fail(errors::unsupported_media_type);
    describe_body_bytes(operation);
}

}  // namespace http::detail
