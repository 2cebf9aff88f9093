#include "http/finish.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "http/access.h"
#include "http/errors.h"
#include "http/status.h"
#include "log/value.h"

namespace http {

namespace {

void become_internal_error(Context& context) {
    auto& response = context.response();
    response.reset();
    response.status(500).body(wire_problem(errors::internal, "")).content_type("application/problem+json");
    response.header("Cache-Control", "no-store");
}

void render_escaped(Context& context, const std::exception_ptr& error) {
    become_internal_error(context);
    try {
        std::rethrow_exception(error);
    } catch (const base::Failure& failure) {
        auto& response = context.response();
        response.status(failure.code().status).body(wire_problem(failure.code(), failure.detail()));
        for (const auto& [name, value] : failure.headers()) response.headers().append(name, value);
    } catch (...) {
        context.server_logger().error("an error escaped the chain", {{"err", logging::error(error)}});
    }
}

}  // namespace

// The texts are ours (tables and literals), so nothing in them needs escaping but what escape() covers.
std::string wire_problem(const base::ErrorCode& code, std::string_view detail) {
    std::string json = R"({"type":"about:blank","title":")";
    const auto append = [&json](std::string_view text) {
        for (const char c : text) {
            if (c == '"' || c == '\\') json += '\\';
            json += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
        }
    };
    append(code.title);
    json += R"(","status":)";
    base::append_integer(json, code.status);
    if (!detail.empty()) {
        json += R"(,"detail":")";
        append(detail);
        json += '"';
    }
    json += R"(,"code":")";
    append(code.code);
    json += code.retriable ? R"(","retriable":true,"action":")" : R"(","retriable":false,"action":")";
    append(base::to_string(code.action));
    json += R"("})";
    return json;
}

void finish_reply(Context& context, const std::exception_ptr& error) noexcept {
    ResponseAccess access(context.response());
    try {
        if (error) render_escaped(context, error);
        access.run_before_send(context);
        const auto status = context.response().status();
        if (status >= 200 && status <= 999) return;
        context.server_logger().error("a handler set a status that no reply may have", {{"status", status}});
    } catch (...) {
        context.server_logger().error("a before_send hook failed", {{"err", logging::error(std::current_exception())}});
    }
    become_internal_error(context);
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
