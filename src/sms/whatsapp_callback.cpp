// Meta: JSON of several changes, proven over its raw bytes, and a GET that asks whether the URL is ours.

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "base/time.h"
#include "schema/form.h"
#include "schema/phone.h"
#include "sms/json.h"
#include "sms/provider_callbacks.h"
#include "sms/signatures.h"
#include "sms/verdicts.h"
#include "sms/whatsapp_error.h"

namespace sms {

namespace {

using schema::field;
using schema::Json;

constexpr std::size_t longest_challenge = 200;

struct Body {
    Json object;
    Json entry;

    friend constexpr auto describe(Body*) {
        return schema::object<Body>("WhatsappBody", field<&Body::object>("object", any_json),
                                    field<&Body::entry>("entry", any_json));
    }
};

struct Entry {
    Json changes;

    friend constexpr auto describe(Entry*) {
        return schema::object<Entry>("WhatsappEntry", field<&Entry::changes>("changes", any_json));
    }
};

struct Change {
    Json value;

    friend constexpr auto describe(Change*) {
        return schema::object<Change>("WhatsappChange", field<&Change::value>("value", any_json));
    }
};

struct Metadata {
    Json display;
    Json id;

    friend constexpr auto describe(Metadata*) {
        return schema::object<Metadata>("WhatsappMetadata", field<&Metadata::display>("display_phone_number", any_json),
                                        field<&Metadata::id>("phone_number_id", any_json));
    }
};

struct Value {
    Json metadata;
    Json messages;
    Json statuses;

    friend constexpr auto describe(Value*) {
        return schema::object<Value>("WhatsappValue", field<&Value::metadata>("metadata", any_json),
                                     field<&Value::messages>("messages", any_json),
                                     field<&Value::statuses>("statuses", any_json));
    }
};

struct Status {
    Json id;
    Json status;
    Json timestamp;
    Json recipient;
    Json errors;

    friend constexpr auto describe(Status*) {
        return schema::object<Status>(
            "WhatsappStatus", field<&Status::id>("id", any_json), field<&Status::status>("status", any_json),
            field<&Status::timestamp>("timestamp", any_json), field<&Status::recipient>("recipient_id", any_json),
            field<&Status::errors>("errors", any_json));
    }
};

// What a person wrote, or the button that they pressed.
struct Words {
    Json body;
    Json text;
    Json title;

    friend constexpr auto describe(Words*) {
        return schema::object<Words>("WhatsappWords", field<&Words::body>("body", any_json),
                                     field<&Words::text>("text", any_json), field<&Words::title>("title", any_json));
    }
};

struct Interactive {
    Json button;
    Json list;

    friend constexpr auto describe(Interactive*) {
        return schema::object<Interactive>("WhatsappInteractive", field<&Interactive::button>("button_reply", any_json),
                                           field<&Interactive::list>("list_reply", any_json));
    }
};

struct Message {
    Json from;
    Json id;
    Json timestamp;
    Json text;
    Json button;
    Json interactive;

    friend constexpr auto describe(Message*) {
        return schema::object<Message>(
            "WhatsappIncoming", field<&Message::from>("from", any_json), field<&Message::id>("id", any_json),
            field<&Message::timestamp>("timestamp", any_json), field<&Message::text>("text", any_json),
            field<&Message::button>("button", any_json), field<&Message::interactive>("interactive", any_json));
    }
};

constexpr auto deliveries = std::to_array<std::pair<std::string_view, Delivery>>({
    {"sent", Delivery::sent},
    {"delivered", Delivery::delivered},
    {"read", Delivery::read},
    {"failed", Delivery::failed},
});

std::optional<base::Timestamp> time_of(const Json& seconds) {
    constexpr std::int64_t year_9999 = 253'370'764'800;
    const auto value = base::parse_integer<std::int64_t>(text_of(seconds));
    if (!value || *value <= 0 || *value > year_9999) return std::nullopt;
    return base::Timestamp(std::chrono::seconds(*value));
}

// "254712345678": E.164 without its plus.
std::string number_of(const Json& digits) { return schema::normalise_phone("+" + text_of(digits)).value_or(""); }

std::optional<DeliveryReport> report_of(const Status& status) {
    const auto name = text_of(status.status);
    const auto* const known = std::ranges::find(deliveries, name, [](const auto& one) { return one.first; });
    DeliveryReport report{.provider_id = id_of(text_of(status.id)),
                          .to = number_of(status.recipient),
                          .delivery = known == deliveries.end() ? Delivery::unknown : known->second,
                          .at = time_of(status.timestamp)};
    if (report.provider_id.empty() || report.delivery == Delivery::unknown) return std::nullopt;
    if (report.delivery != Delivery::failed) return report;
    const auto errors = items_of(status.errors);
    const auto error = errors.empty() ? std::nullopt : read_whatsapp_error(errors.front());
    report.instead = Instead::sms;
    report.whose = Reason::sender;
    if (!error) return report;
    // A template is never told that the window is over; of 100 it cannot be said which of the two it was.
    report.instead = whatsapp_instead(error->code, error->code != 131047);
    const auto verdict = whatsapp_verdict(error->code);
    if (verdict) report.whose = verdict->whose;
    report.is_opted_out = verdict && verdict->is_opted_out;
    report.code = std::to_string(error->code);
    report.text = error->text;
    return report;
}

std::string words_of(const Message& message) {
    const auto text = text_of(part_of<Words>(message.text).body);
    if (!text.empty()) return text;
    const auto button = text_of(part_of<Words>(message.button).text);
    if (!button.empty()) return button;
    const auto interactive = part_of<Interactive>(message.interactive);
    const auto reply = text_of(part_of<Words>(interactive.button).title);
    return reply.empty() ? text_of(part_of<Words>(interactive.list).title) : reply;
}

std::optional<IncomingMessage> message_of(const Message& from, const Metadata& metadata) {
    IncomingMessage message{.provider_id = id_of(text_of(from.id)),
                            .from = number_of(from.from),
                            .to = for_people(text_of(metadata.display), 40),
                            .text = incoming_text(words_of(from)),
                            .at = time_of(from.timestamp)};
    message.wish = wish_of(message.text);
    if (message.from.empty() || message.provider_id.empty()) return std::nullopt;
    return message;
}

// Whether it could be read: what is answered with 200, Meta does not send again.
[[nodiscard]] bool add_change(const Json& json, const WhatsappAccount& account, Callback& callback) {
    const auto value = part_of<Value>(part_of<Change>(json).value);
    const auto metadata = part_of<Metadata>(value.metadata);
    // An app at Meta has one URL for all of its numbers.
    if (text_of(metadata.id) != account.phone_number_id) return true;
    const auto statuses = list_of(value.statuses);
    const auto messages = list_of(value.messages);
    if (!statuses || !messages) return false;
    for (const auto& item : *statuses) {
        if (auto report = report_of(part_of<Status>(item))) callback.reports.push_back(*std::move(report));
    }
    for (const auto& item : *messages) {
        if (auto message = message_of(part_of<Message>(item), metadata))
            callback.messages.push_back(*std::move(message));
    }
    return true;
}

ReadCallback answer_challenge(const WhatsappAccount& account, std::string_view url) {
    const auto query = url.find('?');
    const auto pairs = schema::parse_urlencoded(query == std::string_view::npos ? "" : url.substr(query + 1));
    if (!pairs) return not_proven("a query that cannot be read");
    const bool is_ours = !account.verify_token.empty() &&
                         base::constant_time_equal(account.verify_token, member_of(*pairs, "hub.verify_token"));
    if (member_of(*pairs, "hub.mode") != "subscribe" || !is_ours) return not_proven("hub.verify_token is another");
    const auto challenge = member_of(*pairs, "hub.challenge");
    if (challenge.empty() || challenge.size() > longest_challenge) return not_understood("hub.challenge");
    return Callback{.reply = std::string(challenge)};
}

}  // namespace

ReadCallback read_whatsapp_callback(const WhatsappAccount& account, const CallbackRequest& request) {
    if (request.method == "GET") return answer_challenge(account, request.url);
    const auto signature = request.headers == nullptr ? std::nullopt : request.headers->get("X-Hub-Signature-256");
    if (!signature) return not_proven("no X-Hub-Signature-256");
    if (!is_signed_by_meta(account.app_secret, request.bytes, *signature))
        return not_proven("X-Hub-Signature-256 is of another body or app secret");
    const auto body = read<Body>(request.bytes);
    if (!body) return not_understood("a body that is no JSON object");
    Callback callback;
    if (text_of(body->object) != "whatsapp_business_account") return callback;
    const auto entries = list_of(body->entry);
    if (!entries) return not_understood("entry");
    for (const auto& entry : *entries) {
        const auto changes = list_of(part_of<Entry>(entry).changes);
        if (!changes) return not_understood("changes");
        for (const auto& change : *changes) {
            if (!add_change(change, account, callback)) return not_understood("statuses or messages");
        }
    }
    return callback;
}

}  // namespace sms
