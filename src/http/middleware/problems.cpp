#include "http/middleware/problems.h"

#include "base/strings.h"
#include "http/context.h"
#include "http/errors.h"
#include "http/middleware/log_fields.h"
#include "log/json_writer.h"
#include "log/value.h"

namespace http {

namespace {

void append_text(std::string& json, std::string_view key, std::string_view text) {
    json.append(",\"").append(key).append("\":");
    logging::append_json_string(json, text);
}

void append_parameters(std::string& json, const std::vector<base::IssueParameter>& parameters) {
    char separator = '{';
    for (const auto& parameter : parameters) {
        json += separator;
        logging::append_json_string(json, parameter.name);
        json.append(":").append(parameter.json);
        separator = ',';
    }
    json += '}';
}

void append_issues(std::string& json, const std::vector<base::Issue>& issues) {
    json += ",\"errors\":[";
    for (const auto& issue : issues) {
        if (json.back() != '[') json += ',';
        json += "{\"in\":";
        logging::append_json_string(json, issue.in);
        append_text(json, "pointer", issue.pointer);
        append_text(json, "code", issue.code);
        if (!issue.message.empty()) append_text(json, "message", issue.message);
        if (!issue.params.empty()) {
            json += ",\"params\":";
            append_parameters(json, issue.params);
        }
        json += '}';
    }
    json += ']';
}

void append_what_to_do(std::string& json, const base::Failure& failure) {
    json += failure.code().retriable ? ",\"retriable\":true" : ",\"retriable\":false";
    append_text(json, "action", base::to_string(failure.code().action));
    json += ",\"retryAfterMs\":";
    if (const auto delay = failure.retry_after_ms()) {
        base::append_integer(json, *delay);
    } else {
        json += "null";
    }
}

std::string whole_seconds(std::int64_t milliseconds) {
    return milliseconds <= 0 ? "0" : std::to_string(((milliseconds - 1) / 1000) + 1);
}

void log_failure(Context& context, const base::Failure& failure) {
    log_fields(context).add("code", failure.code().code);
    if (failure.code().status >= 500) {
        context.logger().error("request failed", {{"err", logging::error(failure)}});
    } else if (!failure.cause().empty()) {
        context.logger().info("request refused", {{"err", logging::error(failure)}});
    }
}

class ProblemsLink {
public:
    explicit ProblemsLink(ProblemsOptions options) : options_(std::move(options)) {}

    async::Task<void> operator()(Context& context, Next next) const {
        try {
            co_await next(context);
        } catch (const base::Failure& failure) {
            log_failure(context, failure);
            write_problem(context, failure, options_.type_base);
        } catch (...) {
            log_fields(context).add("code", errors::internal.code);
            context.logger().error("request failed", {{"err", logging::error(std::current_exception())}});
            write_problem(context, base::Failure(errors::internal), options_.type_base);
        }
    }

private:
    ProblemsOptions options_;
};

}  // namespace

std::string problem_json(const base::Failure& failure, const ProblemPlace& place) {
    const auto& code = failure.code();
    std::string json = "{\"type\":";
    json.reserve(384);
    logging::append_json_string(json, std::string(place.type_base).append(code.code));
    append_text(json, "title", code.title);
    json += ",\"status\":";
    base::append_integer(json, code.status);
    if (!failure.detail().empty()) append_text(json, "detail", failure.detail());
    if (!place.instance.empty()) append_text(json, "instance", place.instance);
    append_text(json, "code", code.code);
    append_what_to_do(json, failure);
    if (!place.request_id.empty()) append_text(json, "requestId", place.request_id);
    if (!failure.issues().empty()) append_issues(json, failure.issues());
    for (const auto& member : failure.members()) {
        json += ',';
        logging::append_json_string(json, member.name);
        json.append(":").append(member.json);
    }
    json += '}';
    return json;
}

void write_problem(Context& context, const base::Failure& failure, std::string_view type_base) {
    auto& response = context.response();
    response.reset();
    response.status(failure.code().status).content_type("application/problem+json");
    // 404, 405, 410, 414 and 501 may be cached without being asked to (RFC 9110 §15.1).
    response.header("Cache-Control", "no-store");
    response.header("X-Retriable", failure.code().retriable ? "true" : "false");
    if (const auto delay = failure.retry_after_ms()) response.header("Retry-After", whole_seconds(*delay));
    for (const auto& [name, value] : failure.headers()) response.headers().append(name, value);
    response.body(problem_json(
        failure, {.instance = context.request().path(), .request_id = context.request_id(), .type_base = type_base}));
}

Middleware problems(ProblemsOptions options) { return ProblemsLink(std::move(options)); }

}  // namespace http
