#include "mail/mailgun_transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "log/exception_text.h"
#include "mail/http_provider.h"
#include "mail/prepare.h"

namespace mail {

namespace {

using namespace std::chrono_literals;
using schema::field;

constexpr auto list_call_time = 5s;

struct Reply {
    schema::Maybe<std::string> id;
    schema::Maybe<std::string> message;

    friend constexpr auto describe(Reply*) {
        return schema::object<Reply>("Reply", field<&Reply::id>("id"), field<&Reply::message>("message"));
    }
};

// "to parameter is not a valid address. please check documentation": of 400, which has nothing but words.
ProviderFault fault_of(const client::Error& error) {
    const auto reply = error.body_as<Reply>();
    ProviderFault fault{.text = reply && reply->message ? *reply->message : error.body.substr(0, 200)};
    const auto words = base::ascii_lower(fault.text);
    if (words.starts_with("'to'") || words.starts_with("to parameter") || words.find("recipient") != std::string::npos)
        fault.whose = Reason::recipient;
    if (words.starts_with("'from'") || words.starts_with("from parameter") || words.find("domain") != std::string::npos)
        fault.whose = Reason::sender;
    return fault;
}

// multipart/form-data: fields, and the message as a file, which is read while it is sent.
class Form {
public:
    Form(base::Uuid id, const std::vector<Address>& recipients, RenderedMessage& message) : message_(message) {
        std::string digits = id.to_string();
        std::erase(digits, '-');
        boundary_ = "=_" + digits;
        for (const auto& recipient : recipients) add("to", recipient.mailbox());
        add("o:tracking", "no");
        add("o:tracking-clicks", "no");
        add("o:tracking-opens", "no");
        head_ += fmt::format(
            "--{}\r\nContent-Disposition: form-data; name=\"message\"; filename=\"message.eml\"\r\n"
            "Content-Type: message/rfc822\r\n\r\n",
            boundary_);
        tail_ = fmt::format("\r\n--{}--\r\n", boundary_);
    }
    [[nodiscard]] std::uint64_t size() const { return head_.size() + message_.size() + tail_.size(); }
    [[nodiscard]] std::string type() const { return fmt::format("multipart/form-data; boundary=\"{}\"", boundary_); }

    async::Task<std::string> next() {
        if (!head_.empty()) co_return std::exchange(head_, {});
        const auto piece = co_await message_.next();
        if (!piece.empty()) co_return std::string(piece);
        co_return std::exchange(tail_, {});
    }

private:
    void add(std::string_view name, std::string_view value) {
        head_ +=
            fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", boundary_, name, value);
    }

    RenderedMessage& message_;
    std::string boundary_;
    std::string head_;
    std::string tail_;
};

struct Answer {
    std::optional<client::Result<std::string>> reply{};
    std::string fault{};
};

async::Task<Answer> post(client::Client* http, const client::Target* target, std::string path, Form* form,
                         async::SteadyTime deadline) {
    std::exception_ptr thrown;
    try {
        auto source = client::stream([form] { return form->next(); }, form->type(), form->size());
        co_return Answer{.reply = co_await http->post<std::string>(*target, std::move(path), std::move(source),
                                                                   {.deadline = deadline})};
    } catch (...) {
        thrown = std::current_exception();
    }
    co_return Answer{.fault = logging::message_of(thrown)};
}

SendResult accepted(const std::string& body) {
    SendResult result{.outcome = Outcome::accepted};
    const auto reply = schema::parse<Reply>(body, {.lenient = true});
    if (!reply) return result;
    if (reply->message) result.reply = *reply->message;
    std::string_view id = reply->id ? std::string_view(*reply->id) : std::string_view();
    if (id.starts_with('<') && id.ends_with('>')) id = id.substr(1, id.size() - 2);
    result.provider_id = id;
    return result;
}

}  // namespace

MailgunTransport::MailgunTransport(client::Client& http, MailgunOptions options, std::vector<DkimKey> keys)
    : http_(http),
      domain_(base::percent_encode(options.domain)),
      target_{.name = "mailgun",
              .base_url = options.base_url,
              .auth = client::Basic{.user = "api", .password = options.key},
              .deadlines = {.first_byte = 30s, .whole = std::chrono::minutes(5)},
              .concurrency = provider_concurrency,
              .retry = {.attempts = 1}},
      lists_{.name = "mailgun_lists",
             .base_url = std::move(options.base_url),
             .auth = client::Basic{.user = "api", .password = std::move(options.key)},
             .deadlines = {.whole = list_call_time},
             .concurrency = provider_concurrency,
             .breaker = {.failing = 2},
             .hides_path = true},
      keys_(std::move(keys)) {}

async::Task<void> MailgunTransport::take_off_lists(std::vector<Address> recipients, async::SteadyTime deadline) {
    for (const auto& recipient : recipients) {
        for (const std::string_view list : {"bounces", "unsubscribes", "complaints"}) {
            // 404: it is not on that list. Whatever else goes wrong, the mail is tried.
            static_cast<void>(co_await http_.send<std::string>(
                "DELETE", lists_, fmt::format("/v3/{}/{}/{}", domain_, list, base::percent_encode(recipient.mailbox())),
                {}, {.repeatable = true, .deadline = deadline}));
        }
    }
}

async::Task<SendResult> MailgunTransport::send(OutgoingMail mail, async::SteadyTime deadline) {
    const auto id = mail.message.id;
    const auto to = recipients(mail.message);
    auto prepared = co_await prepare(std::move(mail.message), keys_);
    if (!prepared.rendered) co_return std::move(prepared.refusal);
    if (mail.is_security) {
        const auto now = async::Loop::now();
        co_await take_off_lists(to, now + (deadline - now) / 2);
    }
    if (!co_await may_go(&mail)) co_return SendResult{.outcome = Outcome::withdrawn};
    Form form(id, to, *prepared.rendered);
    const auto answer = co_await post(&http_, &target_, fmt::format("/v3/{}/messages.mime", domain_), &form, deadline);
    // The body was not whole, so nothing has been sent.
    if (!answer.reply)
        co_return SendResult{.outcome = Outcome::refused_for_now, .whose = Reason::message, .reply = answer.fault};
    const auto& reply = *answer.reply;
    if (!reply) co_return judge(reply.error(), fault_of(reply.error()));
    co_return accepted(reply->body);
}

}  // namespace mail
