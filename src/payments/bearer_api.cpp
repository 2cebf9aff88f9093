#include "payments/bearer_api.h"

#include <fmt/format.h>

#include <utility>

namespace payments {

namespace {

using Kind = ApiAnswer::Kind;

Kind kind_of(int status) {
    switch (status) {
        case 400:
        case 402:
        case 404:
        case 409:
        case 422: return Kind::refused;
        case 401:
        case 403: return Kind::forbidden;
        case 429: return Kind::not_taken;
        default: return Kind::lost;  // 408 and 5xx: nobody knows how far it came
    }
}

std::string code_of(int status, const std::string& said) {
    if (status == 401) return "authentication_error";
    if (status == 403) return "permission_error";
    if (status == 429) return "rate_limit";
    if (status >= 500) return fmt::format("http_{}", status);
    return said.empty() ? "refused" : said;
}

ApiAnswer of_refusal(const client::Error& error, std::optional<ApiEnvelope> said) {
    ApiAnswer answer{.status = error.status, .code = fmt::format("http_{}", error.status)};
    if (!said || said->is_success) return answer;
    answer.kind = kind_of(error.status);
    answer.code = code_of(error.status, said->code);
    answer.text = std::move(said->text);
    answer.data = std::move(said->data);
    return answer;
}

ApiAnswer of_reply(int status, std::optional<ApiEnvelope> said) {
    if (!said) return {.status = status, .code = "unreadable", .text = "a reply that is not the provider's"};
    ApiAnswer answer{.kind = said->is_success ? Kind::done : Kind::refused, .status = status};
    if (!said->is_success) answer.code = said->code.empty() ? "refused" : std::move(said->code);
    answer.text = std::move(said->text);
    answer.data = std::move(said->data);
    answer.meta = std::move(said->meta);
    return answer;
}

bool is_definite(const ApiAnswer& answer) {
    return answer.kind == Kind::refused || answer.kind == Kind::forbidden || answer.kind == Kind::not_taken;
}

}  // namespace

async::Task<ApiAnswer> BearerApi::send(std::string method, std::string path, client::Body body,
                                       client::FormFields query) {
    client::Call call{.headers = {{"Authorization", "Bearer " + parts_.secret_key}},
                      .query = std::move(query),
                      .within = parts_.call.within,
                      .deadline = parts_.call.deadline,
                      .stop = parts_.call.stop,
                      .span = parts_.call.span,
                      .accept = "application/json"};
    const auto reply = co_await parts_.http->send<std::string>(std::move(method), *parts_.target, std::move(path),
                                                               std::move(body), std::move(call));
    if (reply) co_return of_reply(reply->status, parts_.envelope(reply->body));
    const auto& error = reply.error();
    if (error.outcome == client::Outcome::refused) co_return of_refusal(error, parts_.envelope(error.body));
    const auto kind = error.outcome == client::Outcome::not_sent ? Kind::not_taken : Kind::lost;
    co_return ApiAnswer{.kind = kind, .code = std::string(client::to_string(error.cause)), .text = error.detail};
}

async::Task<ApiAnswer> BearerApi::get(std::string path, client::FormFields query) {
    co_return co_await send("GET", std::move(path), {}, std::move(query));
}

async::Task<ApiAnswer> BearerApi::post(std::string path, std::string json, client::FormFields query) {
    co_return co_await send("POST", std::move(path), client::json_text(std::move(json)), std::move(query));
}

Evidence no_answer(const ApiAnswer& answer) {
    return {.source = Source::query, .finding = Finding::lost, .code = answer.code, .text = answer.text};
}

Evidence no_answer(std::string code) {
    return {.source = Source::query, .finding = Finding::lost, .code = std::move(code)};
}

Evidence not_started(const ApiAnswer& answer) {
    Evidence evidence{.source = Source::reply, .finding = Finding::lost, .code = answer.code, .text = answer.text};
    if (answer.kind == Kind::refused || answer.kind == Kind::forbidden) evidence.finding = Finding::refused;
    if (answer.kind == Kind::not_taken) evidence.finding = Finding::not_sent;
    // Something was made under this reference before: by a request of ours whose reply was lost.
    if (answer.code == "duplicate_reference") evidence.finding = Finding::lost;
    return evidence;
}

Refunded not_refunded(const ApiAnswer& answer) {
    return {.outcome = is_definite(answer) ? Refunded::Outcome::refused : Refunded::Outcome::unknown,
            .code = answer.code,
            .text = answer.text};
}

}  // namespace payments
