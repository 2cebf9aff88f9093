// Africa's Talking: forms without a signature. One URL takes all of its kinds, which are told apart by their members.

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "base/time.h"
#include "schema/form.h"
#include "schema/phone.h"
#include "sms/json.h"
#include "sms/provider_callbacks.h"
#include "sms/verdicts.h"

namespace sms {

namespace {

constexpr auto deliveries = std::to_array<std::pair<std::string_view, Delivery>>({
    {"Sent", Delivery::sent},
    {"Submitted", Delivery::sent},
    {"Buffered", Delivery::sent},
    {"Success", Delivery::delivered},
    {"Failed", Delivery::failed},
    {"Rejected", Delivery::failed},
    {"AbsentSubscriber", Delivery::expired},
    {"Expired", Delivery::expired},
});

// "2024-01-15T10:30:21Z", or with a space and no zone, which is UTC.
std::optional<base::Timestamp> time_of(std::string_view text) {
    if (const auto time = base::parse_timestamp(text)) return time;
    std::string spelled(text);
    if (spelled.size() != 19 || spelled[10] != ' ') return std::nullopt;
    spelled[10] = 'T';
    return base::parse_timestamp(spelled + "Z");
}

std::optional<DeliveryReport> report_of(const schema::FormPairs& form) {
    const auto id = id_of(member_of(form, "id"));
    const auto* const known =
        std::ranges::find(deliveries, member_of(form, "status"), [](const auto& one) { return one.first; });
    if (id.empty() || known == deliveries.end()) return std::nullopt;
    DeliveryReport report{.provider_id = id,
                          .to = schema::normalise_phone(member_of(form, "phoneNumber")).value_or(""),
                          .delivery = known->second};
    if (report.delivery != Delivery::failed && report.delivery != Delivery::expired) return report;
    const auto reason = member_of(form, "failureReason");
    report.code = id_of(reason.substr(0, 80));
    if (report.code.empty()) report.code = known->first;
    report.text = for_people(reason.empty() ? known->first : reason);
    report.whose = reason.empty() ? Reason::recipient : africastalking_reason(reason);
    report.is_opted_out = base::iequals(reason, "UserInBlackList");
    return report;
}

// A message, or an opt-out at the short code (`senderId` and `phoneNumber` alone).
std::optional<IncomingMessage> message_of(const schema::FormPairs& form) {
    const bool is_opt_out = !member_of(form, "senderId").empty();
    auto from = schema::normalise_phone(is_opt_out ? member_of(form, "phoneNumber") : member_of(form, "from"));
    if (!from) return std::nullopt;
    IncomingMessage message{.provider_id = is_opt_out ? "" : id_of(member_of(form, "id")),
                            .from = *std::move(from),
                            .to = for_people(is_opt_out ? member_of(form, "senderId") : member_of(form, "to"), 40),
                            .text = is_opt_out ? "" : incoming_text(member_of(form, "text")),
                            .at = time_of(member_of(form, "date"))};
    message.wish = is_opt_out ? Wish::stop : wish_of(message.text);
    return message;
}

}  // namespace

ReadCallback read_africastalking_callback(const AfricasTalkingAccount& account, const CallbackRequest& request) {
    if (account.callback_token.empty() || !base::constant_time_equal(account.callback_token, request.path_token))
        return not_proven("the URL ends in another token");
    const auto read = schema::parse_urlencoded(request.bytes);
    if (!read) return not_understood("a body that is no form");
    const auto& form = *read;
    Callback callback;
    if (!member_of(form, "status").empty()) {
        if (auto report = report_of(form)) callback.reports.push_back(*std::move(report));
    } else if (auto message = message_of(form)) {
        callback.messages.push_back(*std::move(message));
    }
    // Subscriptions and whatever is new: taken, and nothing of it is ours.
    return callback;
}

}  // namespace sms
