#include "sms/whatsapp_transport.h"

#include <fmt/format.h>

#include <utility>

#include "base/strings.h"
#include "sms/json.h"
#include "sms/provider_target.h"
#include "sms/verdicts.h"
#include "sms/whatsapp_error.h"

namespace sms {

namespace {

using schema::field;
using schema::Json;

struct Message {
    Json id;

    friend constexpr auto describe(Message*) {
        return schema::object<Message>("WhatsappMessage", field<&Message::id>("id", any_json));
    }
};

struct Reply {
    Json messages;

    friend constexpr auto describe(Reply*) {
        return schema::object<Reply>("WhatsappReply", field<&Reply::messages>("messages", any_json));
    }
};

struct Refusal {
    Json error;

    friend constexpr auto describe(Refusal*) {
        return schema::object<Refusal>("WhatsappRefusal", field<&Refusal::error>("error", any_json));
    }
};

SendResult read_reply(std::string_view body) {
    const auto reply = read<Reply>(body);
    const auto messages = reply ? items_of(reply->messages) : std::vector<Json>();
    auto id = messages.empty() ? std::string() : id_of(text_of(part_of<Message>(messages.front()).id));
    if (id.empty()) return {.outcome = Outcome::unknown, .code = "unreadable"};
    return {.outcome = Outcome::accepted, .provider_id = std::move(id), .code = "accepted"};
}

SendResult read_refusal(const client::Error& error, bool was_template) {
    auto by_status = judge(error);
    if (error.outcome != client::Outcome::refused) return by_status;
    const auto refusal = read<Refusal>(error.body);
    const auto told = refusal ? read_whatsapp_error(refusal->error) : std::nullopt;
    if (!told) {
        if (by_status.outcome == Outcome::refused) by_status.instead = Instead::sms;
        return by_status;
    }
    const Verdict unheard_of{.outcome = error.status >= 500 ? Outcome::refused_for_now : by_status.outcome,
                             .whose = error.status >= 500 ? Reason::sender : by_status.whose};
    auto result = result_of(whatsapp_verdict(told->code).value_or(unheard_of), std::to_string(told->code), told->text);
    if (result.outcome == Outcome::refused) result.instead = whatsapp_instead(told->code, was_template);
    if (result.outcome == Outcome::refused_for_now && error.retry_after) result.retry_after = error.retry_after;
    return result;
}

std::string json_text_of(std::string_view text) {
    std::string json;
    schema::write_json_string(text, json);
    return json;
}

std::string parameter(std::string_view value) {
    return fmt::format(R"({{"type":"text","text":{}}})", json_text_of(value));
}

std::string button(std::string_view value) {
    return fmt::format(R"({{"type":"button","sub_type":"url","index":"0","parameters":[{}]}})", parameter(value));
}

std::string components_of(const Template& one) {
    std::string values;
    for (const auto& value : one.values) values += (values.empty() ? "" : ",") + parameter(value);
    std::string all;
    if (!values.empty()) all = fmt::format(R"({{"type":"body","parameters":[{}]}})", values);
    // An authentication template copies its code by a button.
    const auto& ending = one.is_code ? one.values.front() : one.button;
    if (!ending.empty()) all += (all.empty() ? "" : ",") + button(ending);
    return all;
}

std::string content_of(const OutgoingMessage& message) {
    if (!message.whatsapp_template)
        return fmt::format(R"("type":"text","text":{{"preview_url":false,"body":{}}})", json_text_of(message.text));
    const auto& one = *message.whatsapp_template;
    const auto components = components_of(one);
    return fmt::format(R"("type":"template","template":{{"name":{},"language":{{"code":{}}}{}}})",
                       json_text_of(one.name), json_text_of(one.language),
                       components.empty() ? "" : fmt::format(R"(,"components":[{}])", components));
}

}  // namespace

std::string whatsapp_request(const OutgoingMessage& message, std::string_view to) {
    return fmt::format(R"({{"messaging_product":"whatsapp","recipient_type":"individual","to":{},{}}})",
                       json_text_of(to.starts_with('+') ? to.substr(1) : to), content_of(message));
}

WhatsappTransport::WhatsappTransport(Parts parts, WhatsappAccount account)
    : Transport(parts.loop, std::move(parts.pace)),
      http_(parts.http),
      account_(std::move(account)),
      target_(
          provider_target("whatsapp", parts.base_url, "https://graph.facebook.com", client::Bearer{account_.token})) {}

async::Task<std::vector<SendResult>> WhatsappTransport::deliver(const OutgoingMessage* message,
                                                                std::vector<std::string> to,
                                                                async::SteadyTime deadline) {
    const bool is_template = message->whatsapp_template.has_value();
    const auto reply = co_await http_->post<std::string>(
        target_, fmt::format("/{}/{}/messages", account_.version, account_.phone_number_id),
        client::json_text(whatsapp_request(*message, to.front())),
        {.deadline = deadline, .accept = "application/json"});
    std::vector<SendResult> results;
    results.push_back(reply ? read_reply(reply->body) : read_refusal(reply.error(), is_template));
    co_return results;
}

}  // namespace sms
