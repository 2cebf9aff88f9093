#include "sms/africastalking_transport.h"

#include <algorithm>
#include <utility>

#include "schema/phone.h"
#include "sms/json.h"
#include "sms/provider_target.h"
#include "sms/verdicts.h"

namespace sms {

namespace {

using schema::field;
using schema::Json;

struct Recipient {
    Json status_code;
    Json number;
    Json status;
    Json cost;
    Json message_id;

    friend constexpr auto describe(Recipient*) {
        return schema::object<Recipient>(
            "AfricasTalkingRecipient", field<&Recipient::status_code>("statusCode", any_json),
            field<&Recipient::number>("number", any_json), field<&Recipient::status>("status", any_json),
            field<&Recipient::cost>("cost", any_json), field<&Recipient::message_id>("messageId", any_json));
    }
};

struct Data {
    Json message;
    Json recipients;

    friend constexpr auto describe(Data*) {
        return schema::object<Data>("AfricasTalkingData", field<&Data::message>("Message", any_json),
                                    field<&Data::recipients>("Recipients", any_json));
    }
};

struct Reply {
    Data data;

    friend constexpr auto describe(Reply*) {
        return schema::object<Reply>("AfricasTalkingReply", field<&Reply::data>("SMSMessageData"));
    }
};

SendResult read_recipient(const Recipient& recipient) {
    const auto code = id_of(text_of(recipient.status_code));
    auto id = id_of(text_of(recipient.message_id));
    if (id == "None") id.clear();
    const auto verdict = africastalking_verdict(code);
    // A code that is new: with an id it was taken into something, without one it was not.
    const Verdict unheard_of{.outcome = id.empty() ? Outcome::refused : Outcome::unknown,
                             .whose = id.empty() ? Reason::sender : Reason::none};
    auto result = result_of(verdict.value_or(unheard_of), code, for_people(text_of(recipient.status)));
    if (result.outcome == Outcome::accepted && id.empty()) result.outcome = Outcome::unknown;
    if (result.outcome == Outcome::accepted) result.cost = Cost::parse(text_of(recipient.cost));
    result.provider_id = std::move(id);
    return result;
}

// "InvalidSenderId", "The supplied authentication is invalid": nobody was sent anything.
std::vector<SendResult> all_refused(std::string_view message, std::size_t count) {
    const bool is_word = message.find(' ') == std::string_view::npos;
    return std::vector<SendResult>(
        count,
        result_of({.outcome = Outcome::refused, .whose = Reason::sender},
                  is_word && !message.empty() ? id_of(message.substr(0, 80)) : "no_recipients", for_people(message)));
}

}  // namespace

std::vector<SendResult> read_africastalking_reply(std::string_view body, const std::vector<std::string>& to) {
    const auto reply = read<Reply>(body);
    if (!reply || !reply->data.recipients.text.starts_with('['))
        return std::vector<SendResult>(to.size(), {.outcome = Outcome::unknown, .code = "unreadable"});
    const auto items = list_of(reply->data.recipients);
    if (!items) return std::vector<SendResult>(to.size(), {.outcome = Outcome::unknown, .code = "unreadable"});
    const auto message = text_of(reply->data.message);
    if (items->empty()) return all_refused(message, to.size());
    // Whoever is not named may have been sent it or not.
    std::vector<SendResult> results(to.size(), {.outcome = Outcome::unknown, .code = "not_named"});
    for (const auto& item : *items) {
        const auto recipient = read<Recipient>(item.text);
        if (!recipient) continue;
        const auto number = schema::normalise_phone(text_of(recipient->number));
        const auto at = number ? std::ranges::find(to, *number) : to.end();
        if (at != to.end()) results[static_cast<std::size_t>(at - to.begin())] = read_recipient(*recipient);
    }
    return results;
}

AfricasTalkingTransport::AfricasTalkingTransport(Parts parts, AfricasTalkingAccount account)
    : Transport(parts.loop, std::move(parts.pace)),
      http_(parts.http),
      account_(std::move(account)),
      target_(provider_target(
          "africastalking", parts.base_url,
          account_.is_sandbox() ? africastalking_sandbox : std::string_view("https://api.africastalking.com"),
          client::SecretHeader{"apiKey", account_.api_key})) {}

async::Task<std::vector<SendResult>> AfricasTalkingTransport::deliver(const OutgoingMessage* message,
                                                                      std::vector<std::string> to,
                                                                      async::SteadyTime deadline) {
    std::string numbers;
    for (const auto& number : to) numbers += (numbers.empty() ? "" : ",") + number;
    client::FormFields fields{
        {"username", account_.username}, {"to", std::move(numbers)}, {"message", message->text}, {"bulkSMSMode", "1"}};
    if (!account_.sender.empty()) fields.emplace_back("from", account_.sender);
    const auto reply = co_await http_->post<std::string>(target_, "/version1/messaging", client::form(fields),
                                                         {.deadline = deadline, .accept = "application/json"});
    if (!reply) co_return std::vector<SendResult>(to.size(), judge(reply.error()));
    co_return read_africastalking_reply(reply->body, to);
}

}  // namespace sms
