#include "http/body_stream.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/strings.h"
#include "http/errors.h"

namespace http::detail {

void require_media_type(const Context& context, std::span<const std::string_view> known) {
    const auto type = media_type_of(context.request().header("content-type").value_or(""));
    for (const auto one : known) {
        if (base::iequals(one, type)) return;
    }
    throw base::Failure(errors::unsupported_media_type, fmt::format("\"{}\": send {}", type, fmt::join(known, " or ")));
}

void describe_body_stream(Operation& operation, std::span<const std::string_view> media_types) {
    operation.body_media_types.assign(media_types.begin(), media_types.end());
    if (media_types.empty()) operation.body_media_types.emplace_back("application/octet-stream");
    if (!media_types.empty()) operation.can_fail(errors::unsupported_media_type);
    describe_body_bytes(operation);
}

}  // namespace http::detail
