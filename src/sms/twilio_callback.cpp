// Twilio: forms (or JSON behind a bodySHA256) that X-Twilio-Signature proves.

#include <algorithm>
#include <array>

#include "base/hash.h"
#include "base/strings.h"
#include "schema/form.h"
#include "schema/phone.h"
#include "sms/json.h"
#include "sms/provider_callbacks.h"
#include "sms/signatures.h"
#include "sms/verdicts.h"

namespace sms {

namespace {

using schema::FormPairs;

constexpr auto deliveries = std::to_array<std::pair<std::string_view, Delivery>>({
    {"accepted", Delivery::queued},
    {"scheduled", Delivery::queued},
    {"queued", Delivery::queued},
    {"sending", Delivery::queued},
    {"sent", Delivery::sent},
    {"partially_delivered", Delivery::sent},
    {"delivered", Delivery::delivered},
    {"read", Delivery::read},
    {"undelivered", Delivery::failed},
    {"failed", Delivery::failed},
    {"canceled", Delivery::failed},
});

bool is_signed(const TwilioAccount& account, std::string_view url, const FormPairs& form, std::string_view signature) {
    const bool by_this = is_signed_by_twilio(account.auth_token, url, form, signature);
    const bool by_previous = is_signed_by_twilio(account.previous_auth_token, url, form, signature);
    return by_this || by_previous;
}

DeliveryReport report_of(const FormPairs& form, Delivery delivery) {
    DeliveryReport report{.provider_id = id_of(member_of(form, "MessageSid")),
                          .to = schema::normalise_phone(member_of(form, "To")).value_or(""),
                          .delivery = delivery};
    if (report.provider_id.empty()) report.provider_id = id_of(member_of(form, "SmsSid"));
    if (delivery != Delivery::failed) return report;
    report.code = id_of(member_of(form, "ErrorCode"));
    const auto code = base::parse_integer<std::int64_t>(report.code);
    const auto verdict = code ? twilio_verdict(*code) : std::nullopt;
    report.whose = verdict ? verdict->whose : Reason::sender;
    report.is_opted_out = verdict && verdict->is_opted_out;
    report.text = for_people(member_of(form, "ErrorMessage"));
    return report;
}

Wish wish_in(const FormPairs& form, std::string_view text) {
    const auto said = member_of(form, "OptOutType");
    if (base::iequals(said, "STOP")) return Wish::stop;
    if (base::iequals(said, "START")) return Wish::start;
    return said.empty() ? wish_of(text) : Wish::none;
}

std::optional<IncomingMessage> message_of(const FormPairs& form) {
    auto from = schema::normalise_phone(member_of(form, "From"));
    if (!from) return std::nullopt;
    IncomingMessage message{.provider_id = id_of(member_of(form, "MessageSid")),
                            .from = *std::move(from),
                            .to = for_people(member_of(form, "To"), 40),
                            .text = incoming_text(member_of(form, "Body"))};
    message.wish = wish_in(form, message.text);
    return message;
}

// Of a body that is no form the URL says the digest, and the signature is that of the URL.
bool is_whole(std::string_view url, std::string_view bytes) {
    const auto query = url.find('?');
    if (query == std::string_view::npos) return false;
    const auto pairs = schema::parse_urlencoded(url.substr(query + 1));
    if (!pairs) return false;
    const auto digest = member_of(*pairs, "bodySHA256");
    return base::constant_time_equal(base::hex_encode(base::as_chars(base::sha256(bytes))), base::ascii_lower(digest));
}

}  // namespace

ReadCallback read_twilio_callback(const TwilioAccount& account, const CallbackRequest& request) {
    const auto signature = request.headers == nullptr ? std::nullopt : request.headers->get("X-Twilio-Signature");
    if (!signature) return not_proven("no X-Twilio-Signature");
    const auto type = base::ascii_lower(request.headers->get("Content-Type").value_or(""));
    if (type.starts_with("application/json")) {
        if (!is_whole(request.url, request.bytes) || !is_signed(account, request.url, {}, *signature))
            return not_proven("X-Twilio-Signature is of another URL or body");
        return Callback{};  // events of other products
    }
    const auto form = schema::parse_urlencoded(request.bytes);
    if (!form) return not_proven("a body that is no form");
    if (!is_signed(account, request.url, *form, *signature))
        return not_proven("X-Twilio-Signature is of another URL, body or auth token");
    auto status = member_of(*form, "MessageStatus");
    if (status.empty()) status = member_of(*form, "SmsStatus");
    Callback callback;
    if (status == "received" || status == "receiving" || status.empty()) {
        if (auto message = message_of(*form)) callback.messages.push_back(*std::move(message));
        callback.reply = "<Response/>";
        callback.reply_type = "text/xml";
        return callback;
    }
    const auto* const known = std::ranges::find(deliveries, status, [](const auto& one) { return one.first; });
    if (known != deliveries.end()) {
        auto report = report_of(*form, known->second);
        if (!report.provider_id.empty()) callback.reports.push_back(std::move(report));
    }
    return callback;
}

}  // namespace sms
