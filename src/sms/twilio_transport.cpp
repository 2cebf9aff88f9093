#include "sms/twilio_transport.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "sms/json.h"
#include "sms/provider_target.h"
#include "sms/verdicts.h"

namespace sms {

namespace {

using schema::field;
using schema::Json;

constexpr std::chrono::seconds longest_validity{36'000};

struct Message {
    Json sid;
    Json status;
    Json error_code;
    Json error_message;

    friend constexpr auto describe(Message*) {
        return schema::object<Message>("TwilioMessage", field<&Message::sid>("sid", any_json),
                                       field<&Message::status>("status", any_json),
                                       field<&Message::error_code>("error_code", any_json),
                                       field<&Message::error_message>("error_message", any_json));
    }
};

struct Refusal {
    Json code;
    Json message;

    friend constexpr auto describe(Refusal*) {
        return schema::object<Refusal>("TwilioRefusal", field<&Refusal::code>("code", any_json),
                                       field<&Refusal::message>("message", any_json));
    }
};

std::optional<Verdict> verdict_of(std::string_view code) {
    const auto number = base::parse_integer<std::int64_t>(code);
    return number ? twilio_verdict(*number) : std::nullopt;
}

SendResult read_message(std::string_view body) {
    const auto message = read<Message>(body);
    const auto id = message ? id_of(text_of(message->sid)) : std::string();
    if (id.empty()) return {.outcome = Outcome::unknown, .code = "unreadable"};
    const auto status = text_of(message->status);
    if (status != "failed" && status != "undelivered" && status != "canceled")
        return {.outcome = Outcome::accepted, .provider_id = id, .code = id_of(status)};
    const auto code = id_of(text_of(message->error_code));
    auto result = result_of(verdict_of(code).value_or(Verdict{}), code, for_people(text_of(message->error_message)));
    result.provider_id = id;
    return result;
}

SendResult read_refusal(const client::Error& error) {
    auto by_status = judge(error);
    if (error.outcome != client::Outcome::refused) return by_status;
    const auto refusal = read<Refusal>(error.body);
    const auto code = refusal ? id_of(text_of(refusal->code)) : std::string();
    // Of its own making: 5xx as well says that it was not taken.
    if (code.empty()) return by_status;
    const Verdict unheard_of{.outcome = error.status >= 500 ? Outcome::refused_for_now : by_status.outcome,
                             .whose = error.status >= 500 ? Reason::sender : by_status.whose};
    auto result = result_of(verdict_of(code).value_or(unheard_of), code, for_people(text_of(refusal->message)));
    if (result.outcome == Outcome::refused_for_now && error.retry_after) result.retry_after = error.retry_after;
    return result;
}

client::Basic login_of(const TwilioAccount& account) {
    if (account.api_key_sid.empty()) return {account.account_sid, account.auth_token};
    return {account.api_key_sid, account.api_key_secret};
}

}  // namespace

TwilioTransport::TwilioTransport(Parts parts, TwilioAccount account)
    : Transport(parts.loop, std::move(parts.pace)),
      http_(parts.http),
      account_(std::move(account)),
      target_(provider_target("twilio", parts.base_url, "https://api.twilio.com", login_of(account_))) {}

async::Task<std::vector<SendResult>> TwilioTransport::deliver(const OutgoingMessage* message,
                                                              std::vector<std::string> to, async::SteadyTime deadline) {
    const bool is_service = account_.sender.starts_with("MG") && account_.sender.size() == 34;
    client::FormFields fields{
        {"To", to.front()}, {is_service ? "MessagingServiceSid" : "From", account_.sender}, {"Body", message->text}};
    if (!message->callback_url.empty()) fields.emplace_back("StatusCallback", message->callback_url);
    if (message->valid_for.count() > 0)
        fields.emplace_back("ValidityPeriod", std::to_string(std::min(message->valid_for, longest_validity).count()));
    const auto reply =
        co_await http_->post<std::string>(target_, "/2010-04-01/Accounts/" + account_.account_sid + "/Messages.json",
                                          client::form(fields), {.deadline = deadline, .accept = "application/json"});
    std::vector<SendResult> results;
    results.push_back(reply ? read_message(reply->body) : read_refusal(reply.error()));
    co_return results;
}

}  // namespace sms
