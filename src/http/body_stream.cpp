#include "http/body_stream.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/strings.h"
#include "http/errors.h"

namespace http::detail {

void require_media_type(const Context& context, std::span<const std::string_view> known) {
    const auto given = context.request().header("content-type").value_or("");
    const auto type = base::trim(given.substr(0, given.find(';')));
    for (const auto one : known) {
        if (base::iequals(one, type)) return;
    }
    throw base::Failure(errors::unsupported_media_type, fmt::format("\"{}\": send {}", type, fmt::join(known, " or ")));
}

void describe_body_stream(Operation& operation, std::span<const std::string_view> media_types) {
    operation.body_media_types.assign(media_types.begin(), media_types.end());
    if (media_types.empty()) operation.body_media_types.emplace_back("application/octet-stream");
    if (!media_types.empty()) operation.can_fail(errors::unsupported_media_type);
    for (const auto& error :
         {errors::body_malformed, errors::body_too_large, errors::request_timeout, errors::bodies_full}) {
        operation.can_fail(error);
    }
}

}  // namespace http::detail
