#include "payments/stripe/wire.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "async/stopped.h"
#include "base/random.h"
#include "base/strings.h"
#include "client/retry.h"
#include "payments/stripe/objects.h"

namespace payments::stripe {

namespace {

using Kind = Answer::Kind;

struct ErrorBody {
    ErrorDetail error;

    friend constexpr auto describe(ErrorBody*) {
        return schema::object<ErrorBody>("StripeErrorBody", schema::field<&ErrorBody::error>("error"));
    }
};

struct Fault {
    Answer answer;
    bool repeat = false;
};

bool should_retry(const client::Error& error) {
    const auto said = error.headers.get("Stripe-Should-Retry");
    if (said == "true") return true;
    if (said == "false") return false;
    return error.status == 409 || error.status == 429 || error.status >= 500;
}

Kind kind_of(int status, std::string_view type) {
    if (type == "idempotency_error" && status != 409) return Kind::reused;
    if (type == "card_error" || status == 402) return Kind::declined;
    if (status == 429) return Kind::not_taken;
    if (status == 401 || status == 403) return Kind::forbidden;
    if (status == 400 || status == 404) return Kind::refused;
    // 409: the same request still runs. 408, 424 and 5xx: nobody knows how far it came.
    return Kind::lost;
}

// An error that is not Stripe's was written by something on the way, which may have passed the request on.
Fault fault_of_refusal(const client::Error& error) {
    const auto read = error.body_as<ErrorBody>();
    Fault fault{.repeat = should_retry(error)};
    fault.answer.code = fmt::format("http_{}", error.status);
    if (!read || read->error.type.empty()) return fault;
    fault.answer.kind = kind_of(error.status, read->error.type);
    fault.answer.code = code_of(read->error);
    if (fault.answer.kind == Kind::forbidden && read->error.code.empty())
        fault.answer.code = error.status == 401 ? "authentication_error" : "permission_error";
    fault.answer.text = cut(read->error.message, longest_text);
    return fault;
}

Fault fault_of(const client::Error& error) {
    if (error.outcome == client::Outcome::refused) return fault_of_refusal(error);
    using client::Cause;
    const bool passes = error.cause == Cause::name || error.cause == Cause::connect || error.cause == Cause::timeout ||
                        error.cause == Cause::connection_lost;
    const auto kind = error.outcome == client::Outcome::not_sent ? Kind::not_taken : Kind::lost;
    return {.answer = {.kind = kind, .code = std::string(client::to_string(error.cause)), .text = error.detail},
            .repeat = passes};
}

// After a try that was lost, only what Stripe decided upon the request itself says what became of it: the key answers for both tries.
Answer settled(Answer answer, bool was_lost) {
    const bool says_little = answer.kind == Kind::not_taken || answer.kind == Kind::forbidden;
    if (was_lost && says_little) answer.kind = Kind::lost;
    return answer;
}

bool is_json(std::string_view body) { return body.starts_with('{'); }

}  // namespace

client::Call Wire::call_for(const Request& request) const {
    client::Call call{.headers = {{"Authorization", "Bearer " + parts_.secret_key}},
                      .within = parts_.call.within,
                      .deadline = parts_.call.deadline,
                      .stop = parts_.call.stop,
                      .span = parts_.call.span,
                      .accept = "application/json"};
    // As a header of ours: the client must not repeat it by itself, since it does not tell what may have come through before.
    if (!request.key.empty()) call.headers.emplace_back("Idempotency-Key", request.key);
    if (request.method == "GET") call.query = request.fields;
    return call;
}

async::Task<Answer> Wire::send(Request request) {
    base::SecureRandom random;
    bool was_lost = false;
    for (std::uint32_t tries = 1;; ++tries) {
        auto body = request.method == "POST" ? client::form(request.fields) : client::Body{};
        const auto reply = co_await parts_.http->send<std::string>(request.method, *parts_.target, request.path,
                                                                   std::move(body), call_for(request));
        if (reply && is_json(reply->body)) co_return Answer{.kind = Kind::done, .body = reply->body};
        if (reply) co_return Answer{.kind = Kind::lost, .code = "unreadable", .text = "a reply that is no JSON object"};
        auto fault = fault_of(reply.error());
        const auto wait = client::pause_before_retry(parts_.retry, tries, reply.error().retry_after, random);
        const auto next = async::Loop::now() + wait.value_or(std::chrono::milliseconds(0));
        if (!fault.repeat || tries >= parts_.retry.attempts || !wait || next >= parts_.call.deadline)
            co_return settled(std::move(fault.answer), was_lost);
        was_lost |= fault.answer.kind == Kind::lost;
        if (co_await async::stopped(parts_.loop, parts_.call.stop, next))
            co_return settled(std::move(fault.answer), was_lost);
    }
}

async::Task<Answer> Wire::get(std::string path, client::FormFields query) {
    co_return co_await send({.method = "GET", .path = std::move(path), .fields = std::move(query)});
}

async::Task<Answer> Wire::post(std::string path, client::FormFields fields, std::string key) {
    co_return co_await send(
        {.method = "POST", .path = std::move(path), .fields = std::move(fields), .key = std::move(key)});
}

Evidence no_news(const Answer& answer) {
    return {.source = Source::query, .finding = Finding::lost, .code = answer.code, .text = answer.text};
}

Evidence no_news(std::string code) {
    return {.source = Source::query, .finding = Finding::lost, .code = std::move(code)};
}

}  // namespace payments::stripe
