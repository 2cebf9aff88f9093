#include "mail/sendgrid_transport.h"

#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "log/exception_text.h"
#include "mail/http_provider.h"
#include "mail/sendgrid_body.h"

namespace mail {

namespace {

using schema::field;

struct Issue {
    schema::Maybe<std::optional<std::string>> message;
    schema::Maybe<std::optional<std::string>> where;

    friend constexpr auto describe(Issue*) {
        return schema::object<Issue>("Issue", field<&Issue::message>("message"), field<&Issue::where>("field"));
    }
};

struct Refusal {
    std::vector<Issue> errors;

    friend constexpr auto describe(Refusal*) {
        return schema::object<Refusal>("Refusal", field<&Refusal::errors>("errors"));
    }
};

std::string text_of(const schema::Maybe<std::optional<std::string>>& text) { return text ? text->value_or("") : ""; }

// "personalizations.0.to.0.email" is a recipient's, "from.email" ours.
ProviderFault fault_of(const client::Error& error) {
    const auto refusal = error.body_as<Refusal>();
    if (!refusal || refusal->errors.empty()) return {};
    const auto& first = refusal->errors.front();
    const auto at = text_of(first.where);
    ProviderFault fault{.text = text_of(first.message)};
    if (!at.empty()) fault.text += " (" + at + ")";
    const bool is_recipient = at.starts_with("personalizations") && at.find("custom_args") == std::string::npos;
    if (is_recipient) fault.whose = Reason::recipient;
    if (at.starts_with("from") || at.starts_with("reply_to")) fault.whose = Reason::sender;
    return fault;
}

struct Answer {
    std::optional<client::Result<std::string>> reply{};
    std::string fault{};
};

async::Task<Answer> post(client::Client* http, const client::Target* target, SendgridBody* body,
                         async::SteadyTime deadline) {
    std::exception_ptr thrown;
    try {
        auto source = client::stream([body] { return body->next(); }, "application/json", body->size());
        co_return Answer{.reply = co_await http->post<std::string>(*target, "/v3/mail/send", std::move(source),
                                                                   {.deadline = deadline})};
    } catch (...) {
        thrown = std::current_exception();
    }
    co_return Answer{.fault = logging::message_of(thrown)};
}

}  // namespace

SendgridTransport::SendgridTransport(client::Client& http, SendgridOptions options)
    : http_(http),
      target_{.name = "sendgrid",
              .base_url = std::move(options.base_url),
              .auth = client::Bearer{std::move(options.key)},
              .deadlines = {.first_byte = std::chrono::seconds(30), .whole = std::chrono::minutes(5)},
              .concurrency = provider_concurrency,
              .retry = {.attempts = 1}} {}

async::Task<SendResult> SendgridTransport::send(OutgoingMail mail, async::SteadyTime deadline) {
    if (mail.message.to.empty() || mail.message.id.is_nil())
        co_return SendResult{.outcome = Outcome::refused,
                             .whose = Reason::message,
                             .reply = "SendGrid takes no mail without To, and we send none without an id"};
    SendgridBody body(std::move(mail.message), mail.is_security);
    if (!co_await may_go(&mail)) co_return SendResult{.outcome = Outcome::withdrawn};
    const auto answer = co_await post(&http_, &target_, &body, deadline);
    // The body was not whole, so nothing has been sent.
    if (!answer.reply)
        co_return SendResult{.outcome = Outcome::refused_for_now, .whose = Reason::message, .reply = answer.fault};
    const auto& reply = *answer.reply;
    if (!reply) co_return judge(reply.error(), fault_of(reply.error()));
    co_return SendResult{.outcome = Outcome::accepted,
                         .provider_id = std::string(reply->headers.get("X-Message-Id").value_or("")),
                         .reply = std::to_string(reply->status)};
}

}  // namespace mail
