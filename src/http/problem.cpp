#include "http/problem.h"

#include <algorithm>
#include <span>

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

// What a sender wrote (the name of a member, a media type) may be as long as the request; a reply repeats this much of it, in bytes.
constexpr std::size_t longest_text = 1'000;

std::string shown(std::string_view text) {
    if (text.size() <= longest_text) return std::string(text);
    auto end = longest_text;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    if (end > 0 && text[end - 1] == '~') --end;  // half of a pointer's escape
    return std::string(text.substr(0, end)).append("…");
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

// Whoever mends the first hundred hears of the next: a body can break a rule as often as it has members.
constexpr std::size_t most_findings = 100;

// A constraint of the database knows the column, not where in the request it came from. Its finding has the failure's own code.
std::vector<std::string> pointers_of(const base::Failure& failure, std::size_t count, const ProblemPlace& place) {
    const auto issues = std::span(failure.issues()).first(count);
    std::vector<schema::Pointer> in_body;
    for (const auto& issue : issues) {
        const bool is_sent = issue.code == failure.code().code;
        in_body.push_back({issue.in == "body" ? issue.pointer : "", is_sent});
    }
    std::vector<std::string> fitted;
    if (place.body.type != nullptr) fitted = schema::fit_pointers(*place.body.type, place.body.text, in_body);
    std::vector<std::string> pointers;
    for (std::size_t i = 0; i < count; ++i) {
        const bool fits = issues[i].in == "body" && !fitted.empty();
        pointers.push_back(fits ? std::string(place.body_at).append(fitted[i]) : issues[i].pointer);
    }
    return pointers;
}

void append_issues(std::string& json, const base::Failure& failure, const ProblemPlace& place) {
    const auto count = std::min(failure.issues().size(), most_findings);
    const auto pointers = pointers_of(failure, count, place);
    json += ",\"errors\":[";
    for (std::size_t i = 0; i < count; ++i) {
        const auto& issue = failure.issues()[i];
        if (i > 0) json += ',';
        json += "{\"in\":";
        logging::append_json_string(json, issue.in);
        append_text(json, "pointer", shown(pointers[i]));
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

std::string detail_of(const base::Failure& failure) {
    auto detail = shown(failure.detail());
    const auto count = failure.issues().size();
    if (count <= most_findings) return detail;
    if (!detail.empty()) detail += "; ";
    return detail.append("and ").append(std::to_string(count - most_findings)).append(" more findings");
}

// 429 and 503 say when to come again (RFC 6585 §4, RFC 9110 §15.6.4): in a second, unless who refused knows better. Where no repetition
// helps, they say nothing.
std::optional<std::int64_t> delay_of(const base::Failure& failure) {
    const auto status = failure.code().status;
    const bool says_when = (status == 429 || status == 503) && failure.code().retriable;
    if (failure.retry_after_ms() || !says_when) return failure.retry_after_ms();
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
    if (const auto detail = detail_of(failure); !detail.empty()) append_text(json, "detail", detail);
    if (!place.instance.empty()) append_text(json, "instance", place.instance);
    append_text(json, "code", code.code);
    append_what_to_do(json, failure);
    if (!place.request_id.empty()) append_text(json, "requestId", place.request_id);
    if (!failure.issues().empty()) append_issues(json, failure, place);
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
    // A 401 says how to authenticate, whoever refused (RFC 9110 §15.5.2).
    if (failure.code().status == 401 && !response.headers().has("WWW-Authenticate"))
        response.header("WWW-Authenticate", "Bearer");
    response.body(problem_json(failure, place_of(context)));
}

void write_wire_problem(Context& context, const base::Failure& failure) {
    if (context.request_id().empty()) context.set_request_id(new_request_id().to_string());
    write_problem(context, failure);
    context.response().headers().set("X-Request-Id", context.request_id());
}

}  // namespace http
