#include "http/problem.h"

#include "base/strings.h"
#include "http/context.h"
#include "http/errors.h"
#include "http/middleware/request_id.h"
#include "log/json_writer.h"
#include "schema/pointer.h"

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

// A constraint of the database knows the column, not where in the request it came from.
std::string pointer_of(const base::Issue& issue, const ProblemPlace& place) {
    if (issue.in != "body" || place.body.type == nullptr) return issue.pointer;
    return std::string(place.body_at).append(schema::fit_pointer(*place.body.type, place.body.text, issue.pointer));
}

void append_issues(std::string& json, const std::vector<base::Issue>& issues, const ProblemPlace& place) {
    json += ",\"errors\":[";
    for (const auto& issue : issues) {
        if (json.back() != '[') json += ',';
        json += "{\"in\":";
        logging::append_json_string(json, issue.in);
        append_text(json, "pointer", pointer_of(issue, place));
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

// 429 and 503 always say when to come again (RFC 6585 §4, RFC 9110 §15.6.4): in a second, unless who refused knows better.
std::optional<std::int64_t> delay_of(const base::Failure& failure) {
    const auto status = failure.code().status;
    if (failure.retry_after_ms() || (status != 429 && status != 503)) return failure.retry_after_ms();
    return 1'000;
}

void append_what_to_do(std::string& json, const base::Failure& failure) {
    json += failure.code().retriable ? ",\"retriable\":true" : ",\"retriable\":false";
    append_text(json, "action", base::to_string(failure.code().action));
    json += ",\"retryAfterMs\":";
    if (const auto delay = delay_of(failure)) {
        base::append_integer(json, *delay);
    } else {
        json += "null";
    }
}

std::string whole_seconds(std::int64_t milliseconds) {
    return milliseconds <= 0 ? "0" : std::to_string(((milliseconds - 1) / 1000) + 1);
}

}  // namespace

std::string_view problem_type_base(const Services& services) {
    const auto* types = services.find<ProblemTypes>();
    return types != nullptr ? std::string_view(types->base) : ProblemPlace{}.type_base;
}

ProblemPlace place_of(const Context& context) {
    return {.instance = context.request().path(),
            .request_id = context.request_id(),
            .type_base = problem_type_base(context.services()),
            .body = context.get<ReadBody>() != nullptr ? *context.get<ReadBody>() : ReadBody{}};
}

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
    if (!failure.issues().empty()) {
        // The place of each is looked up in the body: as many as a reader of JSON lists (docs/security.md).
        constexpr std::size_t most_findings = 100;
        auto listed = failure.issues();
        if (listed.size() > most_findings) listed.erase(listed.begin() + most_findings, listed.end());
        append_issues(json, listed, place);
    }
    for (const auto& member : failure.members()) {
        json += ',';
        logging::append_json_string(json, member.name);
        json.append(":").append(member.json);
    }
    json += '}';
    return json;
}

base::Failure failure_of(const std::exception_ptr& error) {
    try {
        std::rethrow_exception(error);
    } catch (const base::Failure& failure) {
        return failure;
    } catch (const std::exception& other) {
        const bool passes = base::outlook_of(other) == base::Outlook::passes;
        return base::Failure(passes ? errors::exhausted : errors::internal);
    } catch (...) {
        return base::Failure(errors::internal);
    }
}

void write_problem(Context& context, const base::Failure& failure) {
    auto& response = context.response();
    response.reset();
    response.status(failure.code().status).content_type("application/problem+json");
    // 404, 405, 410, 414 and 501 may be cached without being asked to (RFC 9110 §15.1).
    response.header("Cache-Control", "no-store");
    response.header("X-Retriable", failure.code().retriable ? "true" : "false");
    if (const auto delay = delay_of(failure)) response.header("Retry-After", whole_seconds(*delay));
    for (const auto& [name, value] : failure.headers()) response.headers().append(name, value);
    response.body(problem_json(failure, place_of(context)));
}

void write_wire_problem(Context& context, const base::Failure& failure) {
    if (context.request_id().empty()) context.set_request_id(new_request_id().to_string());
    write_problem(context, failure);
    context.response().headers().set("X-Request-Id", context.request_id());
}

}  // namespace http
