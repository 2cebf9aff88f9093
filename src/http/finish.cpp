#include "http/finish.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "http/access.h"
#include "http/errors.h"
#include "http/problem.h"
#include "http/status.h"
#include "log/value.h"

namespace http {

namespace {

void render_escaped(Context& context, const std::exception_ptr& error) {
    const auto failure = failure_of(error);
    write_wire_problem(context, failure);
    if (failure.code() != errors::internal && failure.code() != errors::exhausted) return;
    context.server_logger().error("an error escaped the chain",
                                  {{"reqId", context.request_id()}, {"err", logging::error(error)}});
}

}  // namespace

void finish_reply(Context& context, const std::exception_ptr& error) noexcept {
    ResponseAccess access(context.response());
    try {
        if (error) render_escaped(context, error);
        access.run_before_send(context);
        const auto status = context.response().status();
        if ((status >= 200 && status <= 999) || (status == 101 && context.response().is_upgrade())) return;
        context.server_logger().error("a handler set a status that no reply may have", {{"status", status}});
    } catch (...) {
        context.server_logger().error("a before_send hook failed", {{"err", logging::error(std::current_exception())}});
    }
    write_wire_problem(context, base::Failure(errors::internal));
}

Framing framing_of(const Context& context) {
    const auto& response = context.response();
    const bool no_body = has_no_body(response.status());
    Framing framing;
    framing.sends_body = !no_body && context.request().method() != Method::head;
    framing.length =
        response.is_stream() ? response.stream_length() : std::optional<std::uint64_t>(response.body().size());
    framing.states_length = !no_body && framing.length.has_value();
    return framing;
}

bool is_server_header(std::string_view name) {
    static constexpr std::array<std::string_view, 4> names{"content-length", "transfer-encoding", "connection", "date"};
    return std::ranges::any_of(names, [&](std::string_view own) { return base::iequals(own, name); });
}

}  // namespace http
