#include "openapi/reply_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "http/context.h"
#include "http/errors.h"
#include "http/operation.h"
#include "http/problem.h"
#include "http/router.h"
#include "openapi/document.h"
#include "openapi/problem.h"

namespace openapi {

namespace {

bool has(const std::vector<base::ErrorCode>& codes, std::string_view code) {
    return std::ranges::find(codes, code, &base::ErrorCode::code) != codes.end();
}

bool is_described(const http::Operation& operation, std::string_view code) {
    return code == http::errors::exhausted.code || has(operation.errors, code) || has(default_common_errors(), code);
}

bool is_described(const http::Operation& operation, std::uint16_t status) {
    return std::ranges::any_of(operation.replies, [status](const http::ReplyDoc& reply) {
        return reply.status == status || reply.media_type == "*/*";
    });
}

// What the document lacks, as a line for whoever wrote the route; nullopt: nothing.
std::optional<std::string> fault_of(const http::Context& context) {
    const auto* route = context.route();
    const auto& response = context.response();
    if (route == nullptr || !route->operation || response.status() == 500) return std::nullopt;
    const auto& operation = *route->operation;
    const auto name = fmt::format("{} {}", http::to_string(route->method), route->pattern);
    if (response.headers().get("Content-Type") != "application/problem+json") {
        if (is_described(operation, response.status())) return std::nullopt;
        return fmt::format("{} answers {}, which its result type does not describe", name, response.status());
    }
    // A member of it may be a row, nested as deeply as one may be sent, and as long.
    const auto problem =
        schema::parse<Problem>(response.body(), {.max_bytes = response.body().size(), .max_depth = 64});
    if (!problem) return fmt::format("{} answers a problem that is none", name);
    if (is_described(operation, problem->code)) return std::nullopt;
    return fmt::format("{} answers {} ({}), which is not among the errors of its parts, tables and .errors", name,
                       problem->code, problem->status);
}

async::Task<void> check_reply(http::Context& context, http::Next next) {
    co_await next(context);
    const auto fault = fault_of(context);
    if (!fault) co_return;
    context.logger().error("a reply that the document lacks", {{"fault", *fault}});
    http::write_problem(context, base::Failure(http::errors::internal, *fault));
}

}  // namespace

http::Middleware reply_check() { return &check_reply; }

}  // namespace openapi
